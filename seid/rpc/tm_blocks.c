// Methods about blocks.
#include <inttypes.h>
#include <string.h>

#include "seid/engine/eventindex.h"
#include "seid/rpc/event_query.h"
#include "seid/rpc/methods.h"
#include "seid/rpc/tm_json.h"
#include "seid/rpc/tm_search.h"
#include "wire/pb_arena.h"
#include "wire/proto/tendermint_abci_types.pb-c.h"
#include "wire/proto/tendermint_types_block.pb-c.h"
#include "wire/proto/tendermint_types_types.pb-c.h"

static int missing(struct rpc_call *call, int64_t height)
{
    return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR,
                        "block at height %" PRId64 " is not stored", height);
}

// The outcomes of chain.h as those of a method.
static int loaded(struct rpc_call *call, int result, int64_t height, const struct err *e)
{
    if (result < 0)
        return rpc_internal(call, e);
    return result == CHAIN_NOT_FOUND ? missing(call, height) : 0;
}

static int load_meta(struct rpc_call *call, int64_t height, Tendermint__Types__BlockMeta **ret)
{
    struct err e = {0};
    struct store_snapshot *snap = rpc_snapshot(call);
    return snap ? loaded(call, chain_meta(snap, height, call->arena, ret, &e), height, &e) : -1;
}

// Writes {"block_id","block"}.
static int write_block(struct rpc_call *call, int64_t height)
{
    struct err e = {0};
    Tendermint__Types__BlockMeta *meta;
    Tendermint__Types__Block *block;
    if (load_meta(call, height, &meta) < 0 ||
        loaded(call, chain_block(rpc_snapshot(call), height, call->arena, &block, &e), height, &e) <
            0)
        return -1;
    jsonw_object(&call->out);
    jsonw_key(&call->out, "block_id");
    tm_json_block_id(&call->out, meta->block_id);
    jsonw_key(&call->out, "block");
    tm_json_block(&call->out, block);
    jsonw_object_end(&call->out);
    return 0;
}

int rpc_block(struct rpc_call *call)
{
    int64_t height;
    return rpc_height(call, 0, &height) < 0 ? -1 : write_block(call, height);
}

// The height of the block whose hash is the first parameter; 0 when there is none.
static int find_by_hash(struct rpc_call *call, int64_t *ret)
{
    struct slice hash = call->value[0].bytes;
    struct store_snapshot *snap = rpc_snapshot(call);
    if (!snap)
        return -1;
    *ret = 0;
    if (hash.len == CHAIN_HASH_BYTES && chain_find_block(snap, hash.data, ret) &&
        *ret > rpc_tip(call)->height)
        *ret = 0;
    return 0;
}

int rpc_block_by_hash(struct rpc_call *call)
{
    int64_t height;
    if (find_by_hash(call, &height) < 0)
        return -1;
    if (height > 0)
        return write_block(call, height);
    jsonw_object(&call->out);
    jsonw_key(&call->out, "block_id");
    tm_json_block_id(&call->out, NULL);
    jsonw_key(&call->out, "block");
    jsonw_null(&call->out);
    jsonw_object_end(&call->out);
    return 0;
}

static int write_header(struct rpc_call *call, int64_t height)
{
    Tendermint__Types__BlockMeta *meta = NULL;
    if (height > 0 && load_meta(call, height, &meta) < 0)
        return -1;
    jsonw_object(&call->out);
    jsonw_key(&call->out, "header");
    if (meta)
        tm_json_header(&call->out, meta->header);
    else
        jsonw_null(&call->out);
    jsonw_object_end(&call->out);
    return 0;
}

int rpc_header(struct rpc_call *call)
{
    int64_t height;
    return rpc_height(call, 0, &height) < 0 ? -1 : write_header(call, height);
}

int rpc_header_by_hash(struct rpc_call *call)
{
    int64_t height;
    return find_by_hash(call, &height) < 0 ? -1 : write_header(call, height);
}

int rpc_block_results(struct rpc_call *call)
{
    int64_t height;
    struct err e = {0};
    Tendermint__Abci__ResponseFinalizeBlock *results;
    if (rpc_height(call, 0, &height) < 0 || !rpc_snapshot(call))
        return -1;
    int result = chain_results(call->snapshot, height, call->arena, &results, &e);
    if (result == CHAIN_NOT_FOUND)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR,
                            "could not find results for height #%" PRId64, height);
    if (result < 0)
        return rpc_internal(call, &e);
    struct jsonw *w = &call->out;
    jsonw_object(w);
    jsonw_key(w, "height");
    jsonw_int_string(w, height);
    jsonw_key(w, "txs_results");
    if (results->n_tx_results == 0) {
        jsonw_null(w);
    } else {
        jsonw_array(w);
        for (size_t i = 0; i < results->n_tx_results; i++)
            tm_json_tx_result(w, results->tx_results[i]);
        jsonw_array_end(w);
    }
    jsonw_key(w, "finalize_block_events");
    if (results->n_events == 0)
        jsonw_null(w);
    else
        tm_json_events(w, results->events, results->n_events);
    // Validators and parameters are fixed by genesis.
    jsonw_key(w, "validator_updates");
    jsonw_null(w);
    jsonw_key(w, "consensus_param_updates");
    jsonw_null(w);
    jsonw_key(w, "app_hash");
    jsonw_base64(w, slice_of(results->app_hash.data, results->app_hash.len));
    jsonw_object_end(w);
    return 0;
}

enum { BLOCKCHAIN_MAX = 20 };

// The range of heights that `blockchain` shows, newest first.
static int blockchain_range(struct rpc_call *call, int64_t *ret_min, int64_t *ret_max)
{
    const struct engine_tip *tip = rpc_tip(call);
    int64_t min = call->value[0].number, max = call->value[1].number;
    if (min < 0 || max < 0)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR, "height must be non-negative");
    if (min == 0)
        min = 1;
    if (max == 0 || max > tip->height)
        max = tip->height;
    if (min < tip->earliest_height)
        min = tip->earliest_height;
    if (min < max - BLOCKCHAIN_MAX + 1)
        min = max - BLOCKCHAIN_MAX + 1;
    if (min > max)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR,
                            "min height %" PRId64 " can't be greater than max height %" PRId64, min,
                            max);
    *ret_min = min;
    *ret_max = max;
    return 0;
}

int rpc_blockchain(struct rpc_call *call)
{
    int64_t min, max;
    if (blockchain_range(call, &min, &max) < 0)
        return -1;
    struct jsonw *w = &call->out;
    jsonw_object(w);
    jsonw_key(w, "last_height");
    jsonw_int_string(w, rpc_tip(call)->height);
    jsonw_key(w, "block_metas");
    jsonw_array(w);
    for (int64_t height = max; height >= min && height > 0; height--) {
        Tendermint__Types__BlockMeta *meta;
        if (load_meta(call, height, &meta) < 0)
            return -1;
        tm_json_block_meta(w, meta);
    }
    jsonw_array_end(w);
    jsonw_object_end(w);
    return 0;
}

// The commit of the newest block is not in a block yet: it comes from the tip.
static int load_commit(struct rpc_call *call, int64_t height, Tendermint__Types__Commit **ret)
{
    struct err e = {0};
    const struct engine_tip *tip = rpc_tip(call);
    if (height != tip->height)
        return loaded(call, chain_commit(rpc_snapshot(call), height, call->arena, ret, &e), height,
                      &e);
    *ret = pb_unpack(&tendermint__types__commit__descriptor, tip->seen_commit, call->arena);
    return *ret ? 0 : jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR, "broken seen commit");
}

int rpc_commit(struct rpc_call *call)
{
    int64_t height;
    Tendermint__Types__BlockMeta *meta;
    Tendermint__Types__Commit *commit;
    if (rpc_height(call, 0, &height) < 0 || load_meta(call, height, &meta) < 0 ||
        load_commit(call, height, &commit) < 0)
        return -1;
    struct jsonw *w = &call->out;
    jsonw_object(w);
    jsonw_key(w, "signed_header");
    jsonw_object(w);
    jsonw_key(w, "header");
    tm_json_header(w, meta->header);
    jsonw_key(w, "commit");
    tm_json_commit(w, commit);
    jsonw_object_end(w);
    jsonw_key(w, "canonical");
    jsonw_bool(w, height != rpc_tip(call)->height);
    jsonw_object_end(w);
    return 0;
}

static int write_match(struct rpc_call *call, struct event_place place)
{
    return write_block(call, place.height);
}

int rpc_block_search(struct rpc_call *call)
{
    static const struct tm_search_method method = {.kind = TM_SEARCH_BLOCKS,
                                                   .list = "blocks",
                                                   .page = 1,
                                                   .per_page = 2,
                                                   .order_by = 3,
                                                   .newest_first = true,
                                                   .write = write_match};
    return tm_search_answer(call, &method);
}
