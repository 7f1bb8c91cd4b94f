// Any body and any query string: parsed, read as the parameters of a method, echoed as valid JSON.
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "seid/rpc/event_query.h"
#include "seid/rpc/json_plain.h"
#include "seid/rpc/jsonrpc.h"
#include "seid/rpc/rpc_params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct rpc_param declared[RPC_MAX_PARAMS + 1] = {
    {"n", RPC_INT}, {"b", RPC_BOOL}, {"s", RPC_STRING}, {"y", RPC_BYTES}, {"h", RPC_HEX}};

static bool same_for_all(void *ctx, const char *name, struct slice *ret)
{
    *ret = *(const struct slice *)ctx;
    return true;
}

static void echo(const struct jsonrpc_request *request, struct arena *arena)
{
    CLEANUP_BUF struct buf out = {0};
    struct jsonw w = jsonw_on(&out);
    struct rpc_value values[RPC_MAX_PARAMS];
    struct jsonrpc_error error = {0};
    if (rpc_params_json(declared, request->params, arena, values, &error) < 0) {
        assert(error.code == JSONRPC_INVALID_PARAMS);
        jsonrpc_error(&w, request->id, &error);
    } else {
        jsonrpc_result(&w, request->id);
        jsonw_string(&w, values[2].bytes);
        jsonrpc_end(&w);
    }
    json_t *back = json_loadb((const char *)out.data, out.len, JSON_ALLOW_NUL, NULL);
    assert(back);
    json_decref(back);
}

// What the quick reader takes, jansson takes, and both read the same.
static void compare_readers(struct slice input)
{
    json_t *plain = json_plain_load(input);
    if (!plain)
        return;
    json_t *other = json_loadb((const char *)input.data, input.len, JSON_ALLOW_NUL, NULL);
    assert(other && json_equal(plain, other));
    json_decref(plain);
    json_decref(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP_ARENA struct arena arena = {0};
    struct slice input = slice_of(data, size);
    compare_readers(input);
    struct jsonrpc_batch batch;
    struct jsonrpc_error error = {0};
    if (jsonrpc_parse(input, 10, &batch, &error) == 0) {
        assert(batch.count <= 10);
        for (size_t i = 0; i < batch.count; i++)
            echo(&batch.requests[i], &arena);
        jsonrpc_batch_deinit(&batch);
    }
    for (size_t i = 0; i < RPC_MAX_PARAMS; i++) {
        struct rpc_param one[RPC_MAX_PARAMS + 1] = {declared[i]};
        struct rpc_value values[RPC_MAX_PARAMS];
        rpc_params_query(one, same_for_all, &input, &arena, values, &error);
    }
    struct event_condition *conditions;
    size_t count;
    struct err e;
    if (event_query_parse(input, &arena, &conditions, &count, &e) == 0)
        assert(count >= 1 && count <= EVENT_CONDITIONS_MAX);
    return 0;
}
