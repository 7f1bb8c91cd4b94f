#include "seid/app/staking.h"

#include <string.h>

#include "seid/app/keys.h"

// A validator as stored: bonded, key, length of the tokens' text, that text, moniker.
enum { FIXED = 1 + 32 + 1 };

void staking_key_validators(struct key *k)
{
    key_begin(k, SPACE_STAKING, STAKING_VALIDATOR);
}

void staking_set(struct kv *kv, const struct staking_validator *v)
{
    struct key k;
    uint8_t value[FIXED + AMOUNT_TEXT_MAX + 1024];
    char tokens[AMOUNT_TEXT_MAX];
    size_t len = amount_format(v->tokens, tokens);
    assert(v->moniker.len <= 1024);
    staking_key_validators(&k);
    key_add(&k, slice_of(v->operator_address, ADDR_LEN));
    value[0] = v->bonded;
    memcpy(value + 1, v->pub_key, 32);
    value[33] = (uint8_t)len;
    memcpy(value + FIXED, tokens, len);
    if (v->moniker.len)
        memcpy(value + FIXED + len, v->moniker.data, v->moniker.len);
    kv_set(kv, key_slice(&k), slice_of(value, FIXED + len + v->moniker.len));
}

bool staking_decode(struct slice key, struct slice value, struct staking_validator *ret)
{
    if (key.len != 2 + ADDR_LEN || value.len < FIXED)
        return false;
    size_t len = value.data[33];
    memset(ret, 0, sizeof *ret);
    if (value.len < FIXED + len ||
        amount_parse(slice_of(value.data + FIXED, len), &ret->tokens, NULL) < 0)
        return false;
    memcpy(ret->operator_address, key.data + 2, ADDR_LEN);
    memcpy(ret->pub_key, value.data + 1, 32);
    ret->bonded = value.data[0] != 0;
    ret->moniker = slice_of(value.data + FIXED + len, value.len - FIXED - len);
    return true;
}

size_t staking_all(struct kv *kv, struct arena *arena, struct staking_validator **ret)
{
    struct key prefix;
    struct kv_prefix_room room;
    struct slice key, value;
    size_t count = 0, cap = 0;
    struct staking_validator *list = NULL;

    staking_key_validators(&prefix);
    struct kv_iter *it = kv_iter_prefix(kv, key_slice(&prefix), false, &room);
    while (kv_iter_next(it, &key, &value)) {
        if (count == cap) {
            struct staking_validator *more = arena_alloc(arena, (2 * cap + 8) * sizeof *more);
            if (count)
                memcpy(more, list, count * sizeof *list);
            list = more;
            cap = 2 * cap + 8;
        }
        if (staking_decode(key, value, &list[count])) {
            list[count].moniker = arena_slice(arena, list[count].moniker);
            count++;
        }
    }
    kv_iter_free(it);
    *ret = list;
    return count;
}

const char *staking_bond_denom(struct kv *kv, struct arena *arena)
{
    struct key k;
    struct slice value;
    key_begin(&k, SPACE_STAKING, STAKING_PARAMS);
    if (!kv_get(kv, key_slice(&k), &value))
        return "usei";
    return arena_strndup(arena, (const char *)value.data, value.len);
}

void staking_set_bond_denom(struct kv *kv, const char *denom)
{
    struct key k;
    key_begin(&k, SPACE_STAKING, STAKING_PARAMS);
    kv_set(kv, key_slice(&k), slice_str(denom));
}
