// What the parts of the genesis reader share: errors with a path, typed members, walks over lists.
#include "seid/app/genesis.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/enc.h"
#include "seid/app/json_scan.h"
#include "wire/addr.h"
#include "wire/proto/cosmos_base_v1beta1_coin.pb-c.h"

// ---- errors with a path, and typed members

int gen_fail(struct gen *g, const char *member, const char *fmt, ...)
{
    char detail[400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(detail, sizeof detail, fmt, args);
    va_end(args);
    return err_set(g->e, -EINVAL, "app_state.%s%s%s: %s", g->path, *member ? "." : "", member,
                   detail);
}

void gen_at(struct gen *g, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(g->path, sizeof g->path, fmt, args);
    va_end(args);
}

void gen_decref(json_t **json)
{
    json_decref(*json);
}

int gen_parse(struct gen *g, struct slice text, json_t **ret)
{
    json_error_t error;
    *ret = json_loadb((const char *)text.data, text.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES,
                      &error);
    return *ret ? 0 : gen_fail(g, "", "%s", error.text);
}

int gen_string(struct gen *g, const json_t *object, const char *name, const char **ret)
{
    const json_t *value = json_object_get(object, name);
    if (!value)
        return gen_fail(g, name, "missing");
    if (!json_is_string(value))
        return gen_fail(g, name, "must be a string");
    *ret = json_string_value(value);
    return 0;
}

// A decimal in a string, as proto JSON writes 64-bit numbers, or a bare number. Missing is 0.
int gen_u64(struct gen *g, const json_t *object, const char *name, uint64_t *ret)
{
    const json_t *value = json_object_get(object, name);
    amount_t amount;
    *ret = 0;
    if (!value || json_is_null(value))
        return 0;
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        *ret = (uint64_t)json_integer_value(value);
        return 0;
    }
    if (!json_is_string(value) ||
        amount_parse(slice_str(json_string_value(value)), &amount, NULL) < 0 || amount > UINT64_MAX)
        return gen_fail(g, name, "must be a number from 0 to 2^64-1");
    *ret = (uint64_t)amount;
    return 0;
}

int gen_coins(struct gen *g, const json_t *object, const char *name, struct coins *ret)
{
    const json_t *list = json_object_get(object, name);
    struct err why;
    if (list && !json_is_array(list) && !json_is_null(list))
        return gen_fail(g, name, "must be a list");
    size_t count = json_array_size(list);
    Cosmos__Base__V1beta1__Coin **coins = arena_alloc(g->ctx.arena, (count + 1) * sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        const json_t *coin = json_array_get(list, i);
        const char *denom = json_string_value(json_object_get(coin, "denom"));
        const char *amount = json_string_value(json_object_get(coin, "amount"));
        if (!denom || !amount)
            return gen_fail(g, name, "element %zu is no coin", i);
        coins[i] = arena_alloc(g->ctx.arena, sizeof **coins);
        cosmos__base__v1beta1__coin__init(coins[i]);
        coins[i]->denom = arena_strndup(g->ctx.arena, denom, strlen(denom));
        coins[i]->amount = pb_str(amount);
    }
    *ret = (struct coins){0};
    if (count && coins_from_pb(coins, count, g->ctx.arena, ret, &why) < 0)
        return gen_fail(g, name, "%s", why.text);
    return 0;
}

int gen_address(struct gen *g, const json_t *object, const char *name, const char *hrp,
                struct addr *ret)
{
    const char *text;
    struct err why;
    int r = gen_string(g, object, name, &text);
    if (r < 0)
        return r;
    if (addr_parse(hrp, slice_str(text), ret, &why) < 0)
        return gen_fail(g, name, "%s", why.text);
    return 0;
}

// The key of {"@type": …, "key": base64}.
int gen_key(struct gen *g, const json_t *object, const char *name, const char **ret_type,
            uint8_t *ret, size_t cap, size_t *ret_len)
{
    CLEANUP_BUF struct buf key = {0};
    const json_t *value = json_object_get(object, name);
    const char *type = json_string_value(json_object_get(value, "@type"));
    const char *text = json_string_value(json_object_get(value, "key"));
    if (!type || !text)
        return gen_fail(g, name, "must be {\"@type\": ..., \"key\": base64}");
    if (enc_base64_decode(text, strlen(text), &key) < 0 || key.len > cap)
        return gen_fail(g, name, "no key in base64");
    memcpy(ret, key.data, key.len);
    *ret_len = key.len;
    *ret_type = type;
    return 0;
}

// Lists that must be empty or absent, because this chain has nothing to do with them.
int gen_must_be_empty(struct gen *g, const char *name, struct slice value)
{
    CLEANUP_JSON json_t *json = NULL;
    int r = gen_parse(g, value, &json);
    if (r < 0)
        return r;
    if (json_is_null(json) || (json_is_array(json) && json_array_size(json) == 0) ||
        (json_is_object(json) && json_object_size(json) == 0))
        return 0;
    return gen_fail(g, name, "must be empty: this chain does not have it");
}

int gen_each_raw(struct gen *g, const char *name, struct slice list, gen_raw_fn each, void *arg)
{
    struct json_scan s;
    struct slice key, value;
    int more, r = 0;
    if (slice_eq(list, SLICE_LIT("null")))
        return 0;
    gen_at(g, "%s", name);
    if (!json_scan_begin(&s, list) || s.close != ']')
        return gen_fail(g, "", "must be a list");
    size_t path_len = strlen(g->path);
    for (size_t i = 0; r == 0 && (more = json_scan_next(&s, &key, &value)) != 0; i++) {
        snprintf(g->path + path_len, sizeof g->path - path_len, "[%zu]", i);
        r = more < 0 ? gen_fail(g, "", "malformed JSON") : each(g, i, value, arg);
    }
    return r;
}

int gen_parse_element(struct gen *g, size_t index, struct slice text, void *arg)
{
    const struct gen_parsed *p = arg;
    CLEANUP_JSON json_t *json = NULL;
    int r = gen_parse(g, text, &json);
    if (r == 0 && !json_is_object(json))
        r = gen_fail(g, "", "must be an object");
    return r < 0 ? r : p->each(g, index, json, p->arg);
}

int gen_each(struct gen *g, const char *name, struct slice list, gen_element_fn each, void *arg)
{
    struct gen_parsed p = {each, arg};
    return gen_each_raw(g, name, list, gen_parse_element, &p);
}

// The text inside of a string without escapes.
bool gen_plain_string(struct slice value, struct slice *ret)
{
    if (value.len < 2 || value.data[0] != '"' || memchr(value.data, '\\', value.len))
        return false;
    *ret = slice_of(value.data + 1, value.len - 2);
    return true;
}
