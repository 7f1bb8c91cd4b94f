#include "seid/query/query.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seid/app/codes.h"
#include "seid/query/query_impl.h"
#include "wire/pb_check.h"
#include "wire/pbjson.h"
#include "wire/proto/cosmos_base_abci_v1beta1_abci.pb-c.h"
#include "wire/proto/tendermint_abci_types.pb-c.h"

// ---- shared by the functions

enum query_code query_fail(struct query_error *error, struct arena *arena, enum query_code code,
                           const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    error->text = arena_strndup(arena, text, strlen(text));
    return code;
}

enum query_code query_address(const char *text, struct addr *ret, struct arena *arena,
                              struct query_error *error)
{
    struct err e;
    if (!*text)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "address cannot be empty");
    if (addr_parse(ADDR_HRP_ACC, slice_str(text), ret, &e) < 0)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "invalid address: %s", e.text);
    return QUERY_OK;
}

void query_list_add(struct query_list *list, void *item)
{
    if (list->count == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 16;
        void **items = arena_alloc(list->arena, cap * sizeof *items);
        if (list->count)
            memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
        list->cap = cap;
    }
    list->items[list->count++] = item;
}

enum query_code query_unsupported(const struct query_ctx *ctx, const ProtobufCMessage *request,
                                  struct arena *arena, ProtobufCMessage **ret,
                                  struct query_error *error)
{
    error->text = "this node does not support the method";
    return QUERY_UNIMPLEMENTED;
}

// ---- the table

static int compare_path(const void *key, const void *row)
{
    const struct slice *path = key;
    const struct query_method *method = row;
    return slice_cmp(*path, slice_str(method->path));
}

const struct query_method *query_method_find(struct slice path)
{
    return bsearch(&path, query_methods, query_method_count, sizeof *query_methods, compare_path);
}

// ---- doors

enum query_code query_run(const struct query_ctx *ctx, const struct query_method *method,
                          const ProtobufCMessage *request, struct arena *arena,
                          ProtobufCMessage **ret, struct query_error *error)
{
    *ret = NULL;
    *error = (struct query_error){""};
    enum query_code code = method->run(ctx, request, arena, ret, error);
    // A read that failed looked like an empty state to the function.
    if (kv_error(ctx->state)) {
        *ret = NULL;
        return query_fail(error, arena, QUERY_INTERNAL, "state: %s", ctx->state->error.text);
    }
    return code;
}

static ProtobufCMessage *decode(const struct query_method *method, struct slice bytes,
                                struct arena *arena, struct query_error *error)
{
    struct err e;
    ProtobufCMessage *request = NULL;
    if (pb_check(method->request, bytes, 0, &e) == 0)
        request = pb_unpack(method->request, bytes, arena);
    else
        query_fail(error, arena, QUERY_INTERNAL, "%s", e.text);
    if (!request && !*error->text)
        error->text = "malformed message";
    return request;
}

void query_call(const struct query_ctx *ctx, const struct query_method *method,
                struct slice request, struct arena *arena, struct query_reply *ret)
{
    struct query_error error = {""};
    ProtobufCMessage *response;
    *ret = (struct query_reply){.code = QUERY_OK, .text = ""};
    const ProtobufCMessage *message = decode(method, request, arena, &error);
    if (!message) {
        ret->code = QUERY_INTERNAL;
        ret->text = arena_printf(arena, "grpc: error unmarshalling request: %s", error.text);
        return;
    }
    ret->code = query_run(ctx, method, message, arena, &response, &error);
    if (ret->code == QUERY_OK)
        ret->body = pb_pack(response, arena);
    else
        ret->text = error.text;
}

// ---- abci_query

static const char *code_name(enum query_code code)
{
    static const char *const names[] = {
        "OK",
        "Canceled",
        "Unknown",
        "InvalidArgument",
        "DeadlineExceeded",
        "NotFound",
        "AlreadyExists",
        "PermissionDenied",
        "ResourceExhausted",
        "FailedPrecondition",
        "Aborted",
        "OutOfRange",
        "Unimplemented",
        "Internal",
        "Unavailable",
        "DataLoss",
        "Unauthenticated",
    };
    return (unsigned)code < sizeof names / sizeof *names ? names[code] : "Unknown";
}

static void abci_error(struct query_abci *ret, const struct app_code *code, const char *text,
                       struct arena *arena)
{
    ret->code = code->number;
    ret->codespace = code->codespace;
    ret->log = arena_printf(arena, "%s: %s", text, code->text);
}

static const struct app_code *abci_code(enum query_code code)
{
    if (code == QUERY_NOT_FOUND)
        return &CODE_KEY_NOT_FOUND;
    if (code == QUERY_INVALID_ARGUMENT || code == QUERY_FAILED_PRECONDITION)
        return &CODE_INVALID_REQUEST;
    if (code == QUERY_UNAUTHENTICATED)
        return &CODE_UNAUTHORIZED;
    return &CODE_UNKNOWN_REQUEST;
}

static void dispatch_method(const struct query_ctx *ctx, const struct query_method *method,
                            struct slice data, struct arena *arena, struct query_abci *ret)
{
    struct query_error error = {""};
    ProtobufCMessage *response;
    const ProtobufCMessage *request = decode(method, data, arena, &error);
    if (!request) {
        abci_error(ret, &CODE_INVALID_REQUEST, error.text, arena);
        return;
    }
    enum query_code code = query_run(ctx, method, request, arena, &response, &error);
    if (code == QUERY_OK) {
        ret->value = pb_pack(response, arena);
        return;
    }
    const char *text =
        arena_printf(arena, "rpc error: code = %s desc = %s", code_name(code), error.text);
    abci_error(ret, abci_code(code), text, arena);
}

// "/store/<name>/key": a value as it is stored.
static bool dispatch_store(const struct query_ctx *ctx, const char *path, struct slice data,
                           struct arena *arena, struct query_abci *ret)
{
    static const struct {
        const char *path;
        enum app_space space;
    } stores[] = {
        {"/store/acc/key", SPACE_AUTH},        {"/store/bank/key", SPACE_BANK},
        {"/store/gov/key", SPACE_GOV},         {"/store/staking/key", SPACE_STAKING},
        {"/store/upgrade/key", SPACE_UPGRADE},
    };
    for (size_t i = 0; i < sizeof stores / sizeof *stores; i++) {
        uint8_t key[KV_KEY_MAX];
        struct slice value;
        if (strcmp(path, stores[i].path) != 0)
            continue;
        if (data.len == 0 || data.len >= sizeof key) {
            abci_error(ret, &CODE_INVALID_REQUEST, "a key has 1 to 499 bytes", arena);
            return true;
        }
        key[0] = (uint8_t)stores[i].space;
        memcpy(key + 1, data.data, data.len);
        ret->key = data;
        if (kv_get(ctx->state, slice_of(key, data.len + 1), &value))
            ret->value = value;
        return true;
    }
    return false;
}

// "/app/simulate": the bytes of a transaction; JSON comes back, as from the SDK.
static void dispatch_simulate(const struct query_ctx *ctx, struct slice data, struct arena *arena,
                              struct query_abci *ret)
{
    CLEANUP_BUF struct buf json = {0};
    struct app_simulate_result result;
    struct app_block next = {.height = ctx->latest_height + 1, .time_ns = ctx->latest_time_ns};
    Cosmos__Base__Abci__V1beta1__SimulationResponse m =
        COSMOS__BASE__ABCI__V1BETA1__SIMULATION_RESPONSE__INIT;
    Cosmos__Base__Abci__V1beta1__GasInfo gas = COSMOS__BASE__ABCI__V1BETA1__GAS_INFO__INIT;
    Cosmos__Base__Abci__V1beta1__Result outcome = COSMOS__BASE__ABCI__V1BETA1__RESULT__INIT;
    struct err e;
    app_simulate(ctx->app, ctx->state, &next, data, arena, &result);
    if (result.result->code) {
        ret->code = result.result->code;
        ret->codespace = result.result->codespace;
        ret->log = result.result->log;
        return;
    }
    gas.gas_wanted = result.gas_wanted;
    gas.gas_used = result.gas_used;
    outcome.data = result.result->data;
    outcome.n_events = result.result->n_events;
    outcome.events = result.result->events;
    m.gas_info = &gas;
    m.result = &outcome;
    if (pbjson_append(&m, &json, &e) < 0)
        abci_error(ret, &CODE_LOGIC, e.text, arena);
    else
        ret->value = arena_slice(arena, buf_slice(&json));
}

void query_dispatch(const struct query_ctx *ctx, const char *path, struct slice data,
                    struct arena *arena, struct query_abci *ret)
{
    *ret = (struct query_abci){.codespace = "", .log = "", .height = ctx->height};
    const struct query_method *method = query_method_find(slice_str(path));
    if (method) {
        dispatch_method(ctx, method, data, arena, ret);
    } else if (strcmp(path, "/app/version") == 0) {
        ret->value = slice_str(SEI_VERSION);
    } else if (strcmp(path, "/app/simulate") == 0) {
        dispatch_simulate(ctx, data, arena, ret);
    } else if (!dispatch_store(ctx, path, data, arena, ret)) {
        abci_error(ret, &CODE_UNKNOWN_REQUEST, "unknown query path", arena);
    }
    if (kv_error(ctx->state) && ret->code == 0) {
        ret->value = SLICE_NULL;
        abci_error(ret, &CODE_LOGIC, "the state cannot be read", arena);
    }
}

void query_abci_future(struct query_abci *ret, int64_t height)
{
    *ret = (struct query_abci){
        .code = CODE_INVALID_HEIGHT.number,
        .codespace = CODE_INVALID_HEIGHT.codespace,
        .log = "cannot query with height in the future; please provide a valid height: invalid "
               "height",
        .height = height,
    };
}

void query_abci_pruned(struct query_abci *ret, int64_t height, int64_t latest, struct arena *arena)
{
    *ret = (struct query_abci){.height = height};
    abci_error(ret, &CODE_INVALID_REQUEST,
               arena_printf(arena,
                            "failed to load state at height %" PRId64
                            "; it was pruned (latest height: %" PRId64 ")",
                            height, latest),
               arena);
}
