#include "seid/rpc/rpc_params.h"

#include <errno.h>
#include <string.h>

#include "base/enc.h"

#define JSON_CONTEXT "error converting json params to arguments: "
#define HTTP_CONTEXT "error converting http params to arguments: "

static bool parse_int(struct slice text, int64_t *ret)
{
    bool negative = text.len > 0 && text.data[0] == '-';
    size_t i = negative;
    int64_t value = 0;
    if (i == text.len)
        return false;
    for (; i < text.len; i++) {
        int digit = text.data[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit, &value))
            return false;
    }
    if (!negative && __builtin_sub_overflow(0, value, &value))
        return false;
    *ret = value;
    return true;
}

static struct slice decode_hex(struct slice text, struct arena *arena, bool *ret_ok)
{
    uint8_t *bytes = arena_alloc(arena, text.len / 2 + 1);
    ssize_t n = enc_hex_decode((const char *)text.data, text.len, bytes, text.len / 2);
    *ret_ok = n >= 0;
    return slice_of(bytes, n < 0 ? 0 : (size_t)n);
}

static struct slice decode_base64(struct slice text, struct arena *arena, bool *ret_ok)
{
    CLEANUP_BUF struct buf bytes = {0};
    ssize_t n = enc_base64_decode((const char *)text.data, text.len, &bytes);
    *ret_ok = n >= 0;
    return arena_slice(arena, buf_slice(&bytes));
}

static int wrong(struct jsonrpc_error *e, const char *context, const char *name, const char *want)
{
    return jsonrpc_fail(e, JSONRPC_INVALID_PARAMS, "%s%s: expected %s", context, name, want);
}

static int json_value(const struct rpc_param *param, const json_t *in, struct arena *arena,
                      struct rpc_value *ret, struct jsonrpc_error *e)
{
    struct slice text = slice_of(json_string_value(in), json_string_length(in));
    bool ok = json_is_string(in);
    switch (param->type) {
    case RPC_INT:
        if (json_is_integer(in))
            ret->number = json_integer_value(in);
        else if (!ok || !parse_int(text, &ret->number))
            return wrong(e, JSON_CONTEXT, param->name, "a 64-bit integer in a string");
        break;
    case RPC_BOOL:
        if (!json_is_boolean(in))
            return wrong(e, JSON_CONTEXT, param->name, "true or false");
        ret->flag = json_is_true(in);
        break;
    case RPC_STRING:
        if (!ok)
            return wrong(e, JSON_CONTEXT, param->name, "a string");
        ret->bytes = text;
        break;
    case RPC_BYTES:
        if (ok)
            ret->bytes = decode_base64(text, arena, &ok);
        if (!ok)
            return wrong(e, JSON_CONTEXT, param->name, "bytes in base64");
        break;
    case RPC_HEX:
        if (ok)
            ret->bytes = decode_hex(text, arena, &ok);
        if (!ok)
            return wrong(e, JSON_CONTEXT, param->name, "bytes in hex");
        break;
    }
    ret->present = true;
    return 0;
}

static size_t param_count(const struct rpc_param *declared)
{
    size_t count = 0;
    while (count < RPC_MAX_PARAMS && declared[count].name)
        count++;
    return count;
}

int rpc_params_json(const struct rpc_param *declared, const json_t *params, struct arena *arena,
                    struct rpc_value values[RPC_MAX_PARAMS], struct jsonrpc_error *e)
{
    size_t count = param_count(declared);
    memset(values, 0, RPC_MAX_PARAMS * sizeof *values);
    if (!params)
        return 0;
    if (!json_is_object(params) && !json_is_array(params))
        return jsonrpc_fail(e, JSONRPC_INVALID_PARAMS,
                            JSON_CONTEXT "unknown type for JSON params. Expected map or array");
    if (json_is_array(params) && json_array_size(params) != count)
        return jsonrpc_fail(e, JSONRPC_INVALID_PARAMS,
                            JSON_CONTEXT "expected %zu parameters, got %zu", count,
                            json_array_size(params));
    for (size_t i = 0; i < count; i++) {
        const json_t *in = json_is_array(params) ? json_array_get(params, i)
                                                 : json_object_get(params, declared[i].name);
        if (in && !json_is_null(in) && json_value(&declared[i], in, arena, &values[i], e) < 0)
            return -1;
    }
    return 0;
}

static bool is_quoted(struct slice s)
{
    return s.len >= 2 && s.data[0] == '"' && s.data[s.len - 1] == '"';
}

static bool is_hex(struct slice s)
{
    return s.len >= 2 && s.data[0] == '0' && (s.data[1] | 0x20) == 'x';
}

// What stands between the quotes, with JSON's escapes undone.
static struct slice unquote(struct slice s, struct arena *arena, bool *ret_ok)
{
    json_t *value = json_loadb((const char *)s.data, s.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    *ret_ok = json_is_string(value);
    struct slice text = SLICE_NULL;
    if (*ret_ok)
        text = arena_slice(arena, slice_of(json_string_value(value), json_string_length(value)));
    json_decref(value);
    return text;
}

static struct slice query_bytes(struct slice in, struct arena *arena, bool *ret_ok)
{
    if (is_hex(in))
        return decode_hex(slice_of(in.data + 2, in.len - 2), arena, ret_ok);
    if (is_quoted(in))
        return unquote(in, arena, ret_ok);
    *ret_ok = false;
    return SLICE_NULL;
}

static int query_value(const struct rpc_param *param, struct slice in, struct arena *arena,
                       struct rpc_value *ret, struct jsonrpc_error *e)
{
    bool ok = true;
    switch (param->type) {
    case RPC_INT: {
        struct slice digits = is_quoted(in) ? slice_of(in.data + 1, in.len - 2) : in;
        if (!parse_int(digits, &ret->number))
            return jsonrpc_fail(e, JSONRPC_INVALID_PARAMS,
                                HTTP_CONTEXT "invalid 64-bit integer encoding \"%.*s\", "
                                             "expected string",
                                (int)(in.len < 64 ? in.len : 64), (const char *)in.data);
        break;
    }
    case RPC_BOOL:
        ret->flag = slice_eq(in, SLICE_LIT("true"));
        if (!ret->flag && !slice_eq(in, SLICE_LIT("false")))
            return wrong(e, HTTP_CONTEXT, param->name, "true or false");
        break;
    case RPC_STRING:
        ret->bytes = query_bytes(in, arena, &ok);
        if (!ok)
            return wrong(e, HTTP_CONTEXT, param->name, "a string in double quotes");
        break;
    case RPC_BYTES:
    case RPC_HEX:
        ret->bytes = query_bytes(in, arena, &ok);
        if (!ok)
            return wrong(e, HTTP_CONTEXT, param->name, "0x and hex, or a string in double quotes");
        break;
    }
    ret->present = true;
    return 0;
}

int rpc_params_query(const struct rpc_param *declared, rpc_query_fn *query, void *ctx,
                     struct arena *arena, struct rpc_value values[RPC_MAX_PARAMS],
                     struct jsonrpc_error *e)
{
    size_t count = param_count(declared);
    memset(values, 0, RPC_MAX_PARAMS * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        struct slice in;
        if (query(ctx, declared[i].name, &in) && in.len > 0 &&
            query_value(&declared[i], in, arena, &values[i], e) < 0)
            return -1;
    }
    return 0;
}
