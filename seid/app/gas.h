// gas: what a transaction consumes, counted as the Cosmos SDK counts it, so that gas limits that
// clients chose for an SDK chain fit here. No allocation. Not for two threads at once.
#ifndef SEID_APP_GAS_H
#define SEID_APP_GAS_H

#include <stdbool.h>
#include <stdint.h>

#include "seid/store/kv.h"

// The SDK's KVGasConfig.
enum {
    GAS_READ_FLAT = 1000,
    GAS_READ_BYTE = 3,
    GAS_WRITE_FLAT = 2000,
    GAS_WRITE_BYTE = 30,
    GAS_DELETE = 1000,
    GAS_ITER_NEXT = 30,
};

// Zero-initialised it has no limit.
struct gas_meter {
    uint64_t limit;
    uint64_t used; // what was asked for, beyond the limit too; saturates
    bool limited;
    const char *exceeded_at; // null until the limit was crossed; then the SDK's name of the place
};

// False once the limit was crossed, now or before.
bool gas_consume(struct gas_meter *meter, uint64_t amount, const char *place);

static inline bool gas_exceeded(const struct gas_meter *meter)
{
    return meter->exceeded_at != NULL;
}

// A kv that charges a meter for each access to another one. Once the gas is gone, reads find
// nothing and writes do nothing: whoever runs a transaction looks at the meter before anything is
// kept. Embedded in its owner, needs no deinit.
struct gas_kv {
    struct kv kv; // first
    struct kv *inner;
    struct gas_meter *meter;
};
void gas_kv_init(struct gas_kv *g, struct kv *inner, struct gas_meter *meter);

#endif
