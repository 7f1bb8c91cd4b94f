#include "seid/app/gas.h"

#include <stdlib.h>

#include "base/mem.h"

bool gas_consume(struct gas_meter *meter, uint64_t amount, const char *place)
{
    uint64_t sum = meter->used + amount;
    meter->used = sum < amount ? UINT64_MAX : sum;
    if (meter->limited && meter->used > meter->limit && !meter->exceeded_at)
        meter->exceeded_at = place;
    return !meter->exceeded_at;
}

// Stops at the first amount that does not fit, as the SDK does: what is reported as used then is
// the sum up to there.
static bool charge(struct gas_meter *m, uint64_t amount, const char *place)
{
    return !gas_exceeded(m) && gas_consume(m, amount, place);
}

static bool get(struct kv *kv, struct slice key, struct slice *ret)
{
    struct gas_kv *g = (struct gas_kv *)kv;
    struct slice value = SLICE_NULL;
    if (!charge(g->meter, GAS_READ_FLAT, "ReadFlat"))
        return false;
    bool found = kv_get(g->inner, key, &value);
    if (!charge(g->meter, GAS_READ_BYTE * key.len, "ReadPerByte") ||
        !charge(g->meter, GAS_READ_BYTE * value.len, "ReadPerByte"))
        return false;
    if (found)
        *ret = value;
    return found;
}

static void set(struct kv *kv, struct slice key, struct slice value)
{
    struct gas_kv *g = (struct gas_kv *)kv;
    if (charge(g->meter, GAS_WRITE_FLAT, "WriteFlat") &&
        charge(g->meter, GAS_WRITE_BYTE * key.len, "WritePerByte") &&
        charge(g->meter, GAS_WRITE_BYTE * value.len, "WritePerByte"))
        kv_set(g->inner, key, value);
}

static void del(struct kv *kv, struct slice key)
{
    struct gas_kv *g = (struct gas_kv *)kv;
    if (charge(g->meter, GAS_DELETE, "Delete"))
        kv_del(g->inner, key);
}

struct gas_iter {
    struct kv_iter iter; // first
    struct kv_iter *inner;
};

static struct kv_iter *iter_new(struct kv *kv, struct slice start, struct slice end, bool reverse)
{
    struct gas_kv *g = (struct gas_kv *)kv;
    struct gas_iter *it = mem_zalloc(sizeof *it);
    it->iter.kv = kv;
    it->inner = kv_iter_new(g->inner, start, end, reverse);
    return &it->iter;
}

static bool iter_next(struct kv_iter *base, struct slice *ret_key, struct slice *ret_value)
{
    struct gas_iter *it = (struct gas_iter *)base;
    struct gas_meter *m = ((struct gas_kv *)base->kv)->meter;
    if (gas_exceeded(m) || !kv_iter_next(it->inner, ret_key, ret_value))
        return false;
    return charge(m, GAS_READ_BYTE * ret_key->len, "ValuePerByte") &&
           charge(m, GAS_READ_BYTE * ret_value->len, "ValuePerByte") &&
           charge(m, GAS_ITER_NEXT, "IterNextFlat");
}

static void iter_free(struct kv_iter *base)
{
    struct gas_iter *it = (struct gas_iter *)base;
    kv_iter_free(it->inner);
    free(it);
}

static const struct kv_ops gas_kv_ops = {get, set, del, iter_new, iter_next, iter_free};

void gas_kv_init(struct gas_kv *g, struct kv *inner, struct gas_meter *meter)
{
    *g = (struct gas_kv){.kv = {.ops = &gas_kv_ops}, .inner = inner, .meter = meter};
}
