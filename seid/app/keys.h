// keys: where everything lies in the key-value space. One letter a module (the SDK's stores), then
// the module's own key, as the SDK's where it has one.
//
//   auth     a 00                          params: five be64 (auth.h)
//            a 01 address                  account (auth.h)
//            a 02                          next account number, be64
//   bank     b 00 denom                    supply, decimal
//            b 01 denom                    metadata (proto)
//            b 02 len address denom        balance, decimal; absent when zero
//            b 05                          params (proto)
//   gov      g 00 id                       proposal (proto)
//            g 01 time id                  proposals in the voting period, by its end
//            g 02 time id                  proposals in the deposit period, by its end
//            g 03                          next proposal id, be64
//            g 10 id address               deposit (proto)
//            g 20 id address               vote (proto)
//            g 30                          params (proto)
//            g 31                          constitution (text)
//   staking  s 21 address                  validator's tokens and description (staking.h)
//            s 51                          params: the bond denom
//   upgrade  u 00                          plan (proto)
//            u 01 name                     height at which it was applied, be64
//            u 02 module                   its version, be64
//            u 03                          protocol version, be64
//
// Ids and times are be64; times are nanoseconds with the sign bit turned, so that they sort.
#ifndef SEID_APP_KEYS_H
#define SEID_APP_KEYS_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"
#include "seid/store/kv.h"

enum app_space {
    SPACE_AUTH = 'a',
    SPACE_BANK = 'b',
    SPACE_GOV = 'g',
    SPACE_STAKING = 's',
    SPACE_UPGRADE = 'u'
};

enum {
    ACC_PARAMS = 0x00,
    ACC_ACCOUNT = 0x01,
    ACC_NEXT_NUMBER = 0x02,
    BANK_SUPPLY = 0x00,
    BANK_METADATA = 0x01,
    BANK_BALANCE = 0x02,
    BANK_PARAMS = 0x05,
    GOV_PROPOSAL = 0x00,
    GOV_ACTIVE = 0x01,
    GOV_INACTIVE = 0x02,
    GOV_NEXT_ID = 0x03,
    GOV_DEPOSIT = 0x10,
    GOV_VOTE = 0x20,
    GOV_PARAMS = 0x30,
    GOV_CONSTITUTION = 0x31,
    STAKING_VALIDATOR = 0x21,
    STAKING_PARAMS = 0x51,
    UPGRADE_PLAN = 0x00,
    UPGRADE_DONE = 0x01,
    UPGRADE_MODULE = 0x02,
    UPGRADE_PROTOCOL = 0x03,
};

struct key {
    size_t len;
    uint8_t data[KV_KEY_MAX];
};

static inline struct slice key_slice(const struct key *k)
{
    return slice_of(k->data, k->len);
}

static inline void key_add(struct key *k, struct slice part)
{
    // Callers bound what goes in: addresses by 255, denoms by 128, names by UPGRADE_NAME_MAX.
    assert(part.len <= sizeof k->data - k->len);
    if (part.len)
        memcpy(k->data + k->len, part.data, part.len);
    k->len += part.len;
}

static inline void key_begin(struct key *k, enum app_space store, uint8_t what)
{
    k->data[0] = (uint8_t)store;
    k->data[1] = what;
    k->len = 2;
}

static inline void key_add_u64(struct key *k, uint64_t value)
{
    uint8_t be[8];
    for (int i = 0; i < 8; i++)
        be[i] = (uint8_t)(value >> (56 - 8 * i));
    key_add(k, slice_of(be, sizeof be));
}

static inline void key_add_time(struct key *k, int64_t ns)
{
    key_add_u64(k, (uint64_t)ns ^ (UINT64_C(1) << 63));
}

static inline void key_add_sized(struct key *k, struct slice part)
{
    uint8_t len = (uint8_t)part.len;
    key_add(k, slice_of(&len, 1));
    key_add(k, part);
}

static inline uint64_t be64_read(const uint8_t *p)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

static inline void be64_write(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> (56 - 8 * i));
}

static inline int64_t time_read(const uint8_t *p)
{
    return (int64_t)(be64_read(p) ^ (UINT64_C(1) << 63));
}

// A be64 value; 0 when absent.
static inline uint64_t kv_get_u64(struct kv *kv, const struct key *k)
{
    struct slice v;
    return kv_get(kv, key_slice(k), &v) && v.len == 8 ? be64_read(v.data) : 0;
}

static inline void kv_set_u64(struct kv *kv, const struct key *k, uint64_t value)
{
    uint8_t be[8];
    be64_write(be, value);
    kv_set(kv, key_slice(k), slice_of(be, sizeof be));
}

#endif
