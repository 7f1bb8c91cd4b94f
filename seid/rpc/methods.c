#include "seid/rpc/methods.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HEIGHT                                                                                     \
    {                                                                                              \
        "height", RPC_INT                                                                          \
    }
#define TX                                                                                         \
    {                                                                                              \
        "tx", RPC_BYTES                                                                            \
    }
#define PAGES                                                                                      \
    {"page", RPC_INT},                                                                             \
    {                                                                                              \
        "per_page", RPC_INT                                                                        \
    }

// Sorted by name: the search is binary, and GET / shows them in this order.
// clang-format off
static const struct rpc_method methods[] = {
    {"abci_info", rpc_abci_info, {{0}}, 0},
    {"abci_query", rpc_abci_query,
     {{"path", RPC_STRING}, {"data", RPC_HEX}, HEIGHT, {"prove", RPC_BOOL}}, 0},
    {"block", rpc_block, {HEIGHT}, RPC_CACHEABLE},
    {"block_by_hash", rpc_block_by_hash, {{"hash", RPC_BYTES}}, RPC_CACHEABLE},
    {"block_results", rpc_block_results, {HEIGHT}, RPC_CACHEABLE},
    {"block_search", rpc_block_search, {{"query", RPC_STRING}, PAGES, {"order_by", RPC_STRING}}, 0},
    {"blockchain", rpc_blockchain, {{"minHeight", RPC_INT}, {"maxHeight", RPC_INT}}, RPC_CACHEABLE},
    {"broadcast_evidence", rpc_broadcast_evidence, {{"evidence", RPC_STRING}}, 0},
    {"broadcast_tx_async", rpc_broadcast_tx_async, {TX}, 0},
    {"broadcast_tx_commit", rpc_broadcast_tx_commit, {TX}, RPC_WAITS},
    {"broadcast_tx_sync", rpc_broadcast_tx_sync, {TX}, 0},
    {"check_tx", rpc_check_tx, {TX}, 0},
    {"commit", rpc_commit, {HEIGHT}, RPC_CACHEABLE},
    {"consensus_params", rpc_consensus_params, {HEIGHT}, RPC_CACHEABLE},
    {"consensus_state", rpc_consensus_state, {{0}}, 0},
    {"dump_consensus_state", rpc_dump_consensus_state, {{0}}, 0},
    {"genesis", rpc_genesis, {{0}}, RPC_FIXED},
    {"genesis_chunked", rpc_genesis_chunked, {{"chunk", RPC_INT}}, RPC_FIXED},
    {"header", rpc_header, {HEIGHT}, RPC_CACHEABLE},
    {"header_by_hash", rpc_header_by_hash, {{"hash", RPC_HEX}}, RPC_CACHEABLE},
    {"health", rpc_health, {{0}}, 0},
    {"lag_status", rpc_lag_status, {{0}}, 0},
    {"net_info", rpc_net_info, {{0}}, 0},
    {"num_unconfirmed_txs", rpc_num_unconfirmed_txs, {{0}}, 0},
    {"status", rpc_status, {{0}}, 0},
    {"subscribe", NULL, {{"query", RPC_STRING}}, RPC_WEBSOCKET},
    {"tx", rpc_tx, {{"hash", RPC_BYTES}, {"prove", RPC_BOOL}}, RPC_CACHEABLE},
    {"tx_search", rpc_tx_search,
     {{"query", RPC_STRING}, {"prove", RPC_BOOL}, PAGES, {"order_by", RPC_STRING}}, 0},
    {"unconfirmed_txs", rpc_unconfirmed_txs, {{"limit", RPC_INT}}, 0},
    {"unsafe_flush_mempool", rpc_unsafe_flush_mempool, {{0}}, RPC_UNSAFE},
    {"unsubscribe", NULL, {{"query", RPC_STRING}}, RPC_WEBSOCKET},
    {"unsubscribe_all", NULL, {{0}}, RPC_WEBSOCKET},
    {"validators", rpc_validators, {HEIGHT, PAGES}, RPC_CACHEABLE},
};
// clang-format on

enum { METHOD_COUNT = sizeof methods / sizeof *methods };

static int by_name(const void *name, const void *method)
{
    return strcmp(name, ((const struct rpc_method *)method)->name);
}

const struct rpc_method *rpc_method_find(const char *name)
{
    return bsearch(name, methods, METHOD_COUNT, sizeof *methods, by_name);
}

const struct rpc_method *rpc_method_at(size_t index)
{
    return index < METHOD_COUNT ? &methods[index] : NULL;
}

int rpc_method_run(const struct rpc_method *method, struct rpc_call *call)
{
    int result = method->run(call);
    store_snapshot_close(call->snapshot);
    call->snapshot = NULL;
    engine_tip_put(call->tip);
    call->tip = NULL;
    return result;
}

int rpc_internal(struct rpc_call *call, const struct err *e)
{
    return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR, "%s", e->text);
}

struct store_snapshot *rpc_snapshot(struct rpc_call *call)
{
    struct err e = {0};
    if (!call->snapshot && store_snapshot_open(call->node->store, &call->snapshot, &e) < 0) {
        call->snapshot = NULL;
        rpc_internal(call, &e);
    }
    return call->snapshot;
}

const struct engine_tip *rpc_tip(struct rpc_call *call)
{
    if (!call->tip)
        call->tip = engine_tip(call->node->engine);
    return call->tip;
}

int rpc_height(struct rpc_call *call, unsigned index, int64_t *ret)
{
    const struct engine_tip *tip = rpc_tip(call);
    int64_t height = call->value[index].present ? call->value[index].number : tip->height;
    if (call->value[index].present && height <= 0)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR,
                            "height must be greater than 0, but got %" PRId64, height);
    if (height > tip->height)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR,
                            "height %" PRId64
                            " must be less than or equal to the current blockchain height %" PRId64,
                            height, tip->height);
    if (height < tip->earliest_height)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR,
                            "height %" PRId64 " is not available, lowest height is %" PRId64,
                            height, tip->earliest_height);
    *ret = height;
    return 0;
}

int rpc_page(struct rpc_call *call, const struct rpc_value *page, const struct rpc_value *per_page,
             size_t total, size_t *ret_first, size_t *ret_count)
{
    int64_t size = per_page->present ? per_page->number : 30;
    if (size < 1)
        size = 30;
    if (size > 100)
        size = 100;
    int64_t pages = (int64_t)((total + (size_t)size - 1) / (size_t)size);
    if (pages == 0)
        pages = 1;
    int64_t wanted = page->present ? page->number : 1;
    if (wanted < 1 || wanted > pages)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR,
                            "page should be within [1, %" PRId64 "] range, given %" PRId64, pages,
                            wanted);
    *ret_first = (size_t)((wanted - 1) * size);
    *ret_count = total - *ret_first < (size_t)size ? total - *ret_first : (size_t)size;
    return 0;
}
