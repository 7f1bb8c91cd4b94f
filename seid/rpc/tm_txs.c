// Methods about transactions.
#include <inttypes.h>
#include <string.h>

#include "base/enc.h"
#include "seid/rpc/methods.h"
#include "seid/rpc/tm_json.h"
#include "seid/rpc/tm_search.h"
#include "wire/crypto/hash.h"
#include "wire/pb_arena.h"
#include "wire/proto/tendermint_abci_types.pb-c.h"
#include "wire/proto/tendermint_types_block.pb-c.h"
#include "wire/tm_merkle.h"

// ---- reading

// The inclusion proof: the root over the hashes of the block's transactions.
static int write_proof(struct rpc_call *call, struct event_place place, struct slice tx)
{
    struct err e = {0};
    Tendermint__Types__Block *block;
    if (chain_block(call->snapshot, place.height, call->arena, &block, &e) != 0)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR,
                            "block at height %" PRId64 " is not stored", place.height);
    struct tm_proof proof;
    size_t count = block->data ? block->data->n_txs : 0;
    if (place.index >= count)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR,
                            "block %" PRId64 " has no transaction %" PRIu32, place.height,
                            place.index);
    uint8_t(*digests)[TM_HASH_LEN] = arena_alloc(call->arena, count * sizeof *digests);
    struct slice *items = arena_alloc(call->arena, count * sizeof *items);
    for (size_t i = 0; i < count; i++) {
        hash_sha256(block->data->txs[i].data, block->data->txs[i].len, digests[i]);
        items[i] = slice_of(digests[i], TM_HASH_LEN);
    }
    uint8_t root[TM_HASH_LEN];
    tm_merkle_root_of(items, count, root);
    tm_merkle_prove(items, count, place.index, call->arena, &proof);
    struct jsonw *w = &call->out;
    jsonw_key(w, "proof");
    jsonw_object(w);
    jsonw_key(w, "root_hash");
    jsonw_hex(w, slice_of(root, sizeof root));
    jsonw_key(w, "data");
    jsonw_base64(w, tx);
    jsonw_key(w, "proof");
    jsonw_object(w);
    jsonw_key(w, "total");
    jsonw_int_string(w, proof.total);
    jsonw_key(w, "index");
    jsonw_int_string(w, proof.index);
    jsonw_key(w, "leaf_hash");
    jsonw_base64(w, slice_of(proof.leaf_hash, 32));
    jsonw_key(w, "aunts");
    jsonw_array(w);
    for (size_t i = 0; i < proof.aunt_count; i++)
        jsonw_base64(w, slice_of(proof.aunts[i], 32));
    jsonw_array_end(w);
    jsonw_object_end(w);
    jsonw_object_end(w);
    return 0;
}

static int write_tx(struct rpc_call *call, struct event_place place, bool prove)
{
    struct err e = {0};
    struct slice tx, encoded;
    Tendermint__Abci__ExecTxResult *result;
    int found = chain_tx(call->snapshot, place.height, place.index, &tx, &encoded, &e);
    if (found == CHAIN_NOT_FOUND)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR,
                            "transaction %" PRIu32 " of block %" PRId64 " is not stored",
                            place.index, place.height);
    if (found < 0 || chain_tx_result(encoded, call->arena, &result, &e) < 0)
        return rpc_internal(call, &e);
    uint8_t hash[32];
    hash_sha256(tx.data, tx.len, hash);
    struct jsonw *w = &call->out;
    jsonw_object(w);
    jsonw_key(w, "hash");
    jsonw_hex(w, slice_of(hash, sizeof hash));
    jsonw_key(w, "height");
    jsonw_int_string(w, place.height);
    jsonw_key(w, "index");
    jsonw_int(w, place.index);
    jsonw_key(w, "tx_result");
    tm_json_tx_result(w, result);
    jsonw_key(w, "tx");
    jsonw_base64(w, tx);
    if (prove && write_proof(call, place, tx) < 0)
        return -1;
    jsonw_object_end(w);
    return 0;
}

int rpc_tx(struct rpc_call *call)
{
    struct slice hash = call->value[0].bytes;
    struct event_place place = {0};
    int64_t tip_height = rpc_tip(call)->height;
    if (!rpc_snapshot(call))
        return -1;
    if (hash.len != CHAIN_HASH_BYTES ||
        !chain_find_tx(call->snapshot, hash.data, &place.height, &place.index) ||
        place.height > tip_height) {
        char text[2 * 64 + 1];
        enc_hex_upper(hash.data, hash.len < 64 ? hash.len : 64, text);
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR, "tx (%s) not found", text);
    }
    return write_tx(call, place, call->value[1].flag);
}

static int write_match(struct rpc_call *call, struct event_place place)
{
    return write_tx(call, place, call->value[1].flag);
}

int rpc_tx_search(struct rpc_call *call)
{
    static const struct tm_search_method method = {.kind = TM_SEARCH_TXS,
                                                   .list = "txs",
                                                   .page = 2,
                                                   .per_page = 3,
                                                   .order_by = 4,
                                                   .write = write_match};
    return tm_search_answer(call, &method);
}

// ---- sending

static int need_tx(struct rpc_call *call)
{
    return call->value[0].bytes.len > 0
               ? 0
               : jsonrpc_fail(call->error, JSONRPC_INVALID_PARAMS, "tx is missing or empty");
}

// 0 when there is a CheckTx answer; a refusal becomes the call's error.
static int accepted(struct rpc_call *call, int result, const struct engine_broadcast *broadcast,
                    const struct err *e)
{
    if (result < 0)
        return rpc_internal(call, e);
    return result > 0 ? jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR, "%s", broadcast->refusal)
                      : 0;
}

static int broadcast(struct rpc_call *call, enum engine_broadcast_mode mode)
{
    struct err e = {0};
    struct engine_broadcast result = {0};
    if (need_tx(call) < 0 || accepted(call,
                                      engine_broadcast_tx(call->node->engine, call->value[0].bytes,
                                                          mode, call->arena, &result, &e),
                                      &result, &e) < 0)
        return -1;
    struct jsonw *w = &call->out;
    jsonw_object(w);
    jsonw_key(w, "code");
    jsonw_int(w, result.check.code);
    jsonw_key(w, "data");
    jsonw_cstr(w, "");
    jsonw_key(w, "log");
    jsonw_cstr(w, result.check.log);
    jsonw_key(w, "codespace");
    jsonw_cstr(w, result.check.codespace);
    jsonw_key(w, "hash");
    jsonw_hex(w, slice_of(result.hash, sizeof result.hash));
    jsonw_object_end(w);
    return 0;
}

int rpc_broadcast_tx_sync(struct rpc_call *call)
{
    return broadcast(call, ENGINE_BROADCAST_SYNC);
}

int rpc_broadcast_tx_async(struct rpc_call *call)
{
    return broadcast(call, ENGINE_BROADCAST_ASYNC);
}

static void write_check(struct rpc_call *call, const struct app_check_result *check)
{
    struct jsonw *w = &call->out;
    jsonw_object(w);
    jsonw_key(w, "code");
    jsonw_int(w, check->code);
    jsonw_key(w, "data");
    jsonw_null(w);
    jsonw_key(w, "log");
    jsonw_cstr(w, check->log);
    jsonw_key(w, "info");
    jsonw_cstr(w, "");
    jsonw_key(w, "gas_wanted");
    jsonw_int_string(w, check->gas_wanted);
    jsonw_key(w, "gas_used");
    jsonw_int_string(w, check->gas_used);
    jsonw_key(w, "events");
    tm_json_events(w, check->events, check->event_count);
    jsonw_key(w, "codespace");
    jsonw_cstr(w, check->codespace);
    jsonw_object_end(w);
}

int rpc_check_tx(struct rpc_call *call)
{
    struct err e = {0};
    struct engine_broadcast result = {0};
    if (need_tx(call) < 0 || accepted(call,
                                      engine_check_tx(call->node->engine, call->value[0].bytes,
                                                      call->arena, &result, &e),
                                      &result, &e) < 0)
        return -1;
    write_check(call, &result.check);
    return 0;
}

static int write_committed(struct rpc_call *call, const struct engine_broadcast *broadcast)
{
    struct err e = {0};
    struct slice tx, encoded;
    Tendermint__Abci__ExecTxResult empty = TENDERMINT__ABCI__EXEC_TX_RESULT__INIT;
    Tendermint__Abci__ExecTxResult *result = &empty;
    if (broadcast->height > 0) {
        if (!rpc_snapshot(call))
            return -1;
        if (chain_tx(call->snapshot, broadcast->height, broadcast->index, &tx, &encoded, &e) != 0 ||
            chain_tx_result(encoded, call->arena, &result, &e) < 0)
            return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR,
                                "the transaction was committed at height %" PRId64
                                " but its result cannot be read",
                                broadcast->height);
    }
    jsonw_key(&call->out, "tx_result");
    tm_json_tx_result(&call->out, result);
    return 0;
}

int rpc_broadcast_tx_commit(struct rpc_call *call)
{
    struct err e = {0};
    struct engine_broadcast result = {0};
    int64_t timeout_ns = call->node->config->rpc.timeout_broadcast_tx_commit_ns;
    if (need_tx(call) < 0 ||
        accepted(call,
                 engine_broadcast_tx_commit(call->node->engine, call->value[0].bytes, timeout_ns,
                                            call->arena, &result, &e),
                 &result, &e) < 0)
        return -1;
    jsonw_object(&call->out);
    jsonw_key(&call->out, "check_tx");
    write_check(call, &result.check);
    if (write_committed(call, &result) < 0)
        return -1;
    jsonw_key(&call->out, "hash");
    jsonw_hex(&call->out, slice_of(result.hash, sizeof result.hash));
    jsonw_key(&call->out, "height");
    jsonw_int_string(&call->out, result.height);
    jsonw_object_end(&call->out);
    return 0;
}

// ---- the mempool

static int unconfirmed(struct rpc_call *call, size_t limit, bool list)
{
    struct engine_unconfirmed txs;
    engine_unconfirmed(call->node->engine, limit, call->arena, &txs);
    struct jsonw *w = &call->out;
    jsonw_object(w);
    jsonw_key(w, "n_txs");
    jsonw_int_string(w, (int64_t)(list ? txs.count : txs.total));
    jsonw_key(w, "total");
    jsonw_int_string(w, (int64_t)txs.total);
    jsonw_key(w, "total_bytes");
    jsonw_int_string(w, txs.total_bytes);
    jsonw_key(w, "txs");
    if (list) {
        jsonw_array(w);
        for (size_t i = 0; i < txs.count; i++)
            jsonw_base64(w, txs.txs[i]);
        jsonw_array_end(w);
    } else {
        jsonw_null(w);
    }
    jsonw_object_end(w);
    return 0;
}

int rpc_unconfirmed_txs(struct rpc_call *call)
{
    int64_t limit = call->value[0].present ? call->value[0].number : 30;
    return unconfirmed(call, limit < 1 ? 30 : limit > 100 ? 100 : (size_t)limit, true);
}

int rpc_num_unconfirmed_txs(struct rpc_call *call)
{
    return unconfirmed(call, 0, false);
}

int rpc_unsafe_flush_mempool(struct rpc_call *call)
{
    engine_flush_mempool(call->node->engine);
    jsonw_raw(&call->out, SLICE_LIT("{}"));
    return 0;
}

int rpc_broadcast_evidence(struct rpc_call *call)
{
    if (!call->value[0].present)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR, "no evidence was provided");
    return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR,
                        "evidence is not supported: validators are fixed by genesis");
}
