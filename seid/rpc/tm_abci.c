// The application's door: abci_info and abci_query.
#include <inttypes.h>
#include <string.h>

#include "seid/rpc/methods.h"
#include "wire/proto/tendermint_abci_types.pb-c.h"
#include "wire/proto/tendermint_types_types.pb-c.h"

int rpc_abci_info(struct rpc_call *call)
{
    const struct engine_tip *tip = rpc_tip(call);
    uint64_t app_version = engine_genesis(call->node->engine)->params.app_version;
    struct jsonw *w = &call->out;
    jsonw_object(w);
    jsonw_key(w, "response");
    jsonw_object(w);
    jsonw_key(w, "data");
    jsonw_cstr(w, "seid");
    jsonw_key(w, "version");
    jsonw_cstr(w, SEI_VERSION);
    // Members that are zero are left out, as CometBFT does here and nowhere else.
    if (app_version) {
        jsonw_key(w, "app_version");
        jsonw_uint_string(w, app_version);
    }
    if (tip->height) {
        jsonw_key(w, "last_block_height");
        jsonw_int_string(w, tip->height);
        jsonw_key(w, "last_block_app_hash");
        jsonw_base64(w, slice_of(tip->app_hash, sizeof tip->app_hash));
    }
    jsonw_object_end(w);
    jsonw_object_end(w);
    return 0;
}

static void write_answer(struct rpc_call *call, const struct query_abci *answer)
{
    struct jsonw *w = &call->out;
    jsonw_object(w);
    jsonw_key(w, "response");
    jsonw_object(w);
    jsonw_key(w, "code");
    jsonw_int(w, answer->code);
    jsonw_key(w, "log");
    jsonw_cstr(w, answer->log);
    jsonw_key(w, "info");
    jsonw_cstr(w, "");
    jsonw_key(w, "index");
    jsonw_int_string(w, 0);
    jsonw_key(w, "key");
    jsonw_base64_or_null(w, answer->key);
    jsonw_key(w, "value");
    jsonw_base64_or_null(w, answer->value);
    jsonw_key(w, "proofOps");
    jsonw_null(w);
    jsonw_key(w, "height");
    jsonw_int_string(w, answer->height);
    jsonw_key(w, "codespace");
    jsonw_cstr(w, answer->codespace);
    jsonw_object_end(w);
    jsonw_object_end(w);
}

// Time and app hash of an earlier block.
static int earlier_block(struct rpc_call *call, struct query_ctx *ctx)
{
    struct err e = {0};
    Tendermint__Types__BlockMeta *meta;
    Tendermint__Abci__ResponseFinalizeBlock *results;
    if (chain_meta(call->snapshot, ctx->height, call->arena, &meta, &e) != 0 ||
        chain_results(call->snapshot, ctx->height, call->arena, &results, &e) != 0)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR,
                            "block at height %" PRId64 " is not stored", ctx->height);
    ctx->time_ns = meta->header->time->seconds * 1000000000 + meta->header->time->nanos;
    if (results->app_hash.len == sizeof ctx->app_hash)
        memcpy(ctx->app_hash, results->app_hash.data, sizeof ctx->app_hash);
    return 0;
}

// Fills `ctx` for the state at `height` (0: the newest published one).
static int prepare(struct rpc_call *call, int64_t height, struct query_ctx *ctx,
                   struct query_abci *answer)
{
    const struct engine_tip *tip = rpc_tip(call);
    struct store_snapshot *snap = rpc_snapshot(call);
    if (!snap)
        return -1;
    ctx->app = call->node->app;
    ctx->height = height > 0 ? height : tip->height;
    ctx->latest_height = tip->height;
    ctx->latest_time_ns = tip->time_ns;
    if (ctx->height > tip->height) {
        query_abci_future(answer, ctx->height);
        return 1;
    }
    int found = store_snapshot_state_at(snap, ctx->height, &ctx->state);
    if (found == STORE_PRUNED) {
        query_abci_pruned(answer, ctx->height, tip->height, call->arena);
        return 1;
    }
    if (found != 0)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR, "no state at height %" PRId64,
                            ctx->height);
    if (ctx->height != tip->height)
        return earlier_block(call, ctx);
    ctx->time_ns = tip->time_ns;
    memcpy(ctx->app_hash, tip->app_hash, sizeof ctx->app_hash);
    return 0;
}

int rpc_abci_query(struct rpc_call *call)
{
    struct query_abci answer = {.codespace = "", .log = ""};
    struct query_ctx ctx = {0};
    struct rpc_query_chain chain;
    if (call->value[2].number < 0)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR, "height must be non-negative");
    if (call->value[3].flag)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR,
                            "proofs are not supported: ask with prove=false");
    int result = prepare(call, call->value[2].number, &ctx, &answer);
    if (result < 0)
        return -1;
    if (result == 0) {
        struct slice path = call->value[0].bytes;
        rpc_query_chain_init(&chain, call);
        ctx.chain = &chain.base;
        query_dispatch(&ctx, arena_strndup(call->arena, (const char *)path.data, path.len),
                       call->value[1].bytes, call->arena, &answer);
    }
    write_answer(call, &answer);
    return 0;
}
