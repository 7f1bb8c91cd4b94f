// What queries may ask of blocks and of the node, answered from a call's snapshot and the engine.
#include <string.h>

#include "base/cleanup.h"
#include "seid/rpc/methods.h"
#include "seid/rpc/tm_search.h"
#include "wire/crypto/hash.h"
#include "wire/proto/tendermint_abci_types.pb-c.h"
#include "wire/proto/tendermint_types_block.pb-c.h"
#include "wire/proto/tendermint_types_types.pb-c.h"

static struct rpc_call *call_of(struct query_chain *c)
{
    return ((struct rpc_query_chain *)c)->call;
}

static enum query_code broken(const char **ret_text, const struct err *e, struct arena *arena)
{
    *ret_text = arena_printf(arena, "%s", e->text);
    return QUERY_INTERNAL;
}

static enum query_code get_block(struct query_chain *c, int64_t height, struct arena *arena,
                                 Tendermint__Types__BlockID **ret_id,
                                 Tendermint__Types__Block **ret_block, const char **ret_text)
{
    struct err e = {0};
    struct rpc_call *call = call_of(c);
    Tendermint__Types__BlockMeta *meta;
    Tendermint__Types__Block *block;
    if (height > rpc_tip(call)->height) {
        *ret_text = "requested block height is bigger then the chain length";
        return QUERY_INVALID_ARGUMENT;
    }
    int result = chain_meta(call->snapshot, height, arena, &meta, &e);
    if (result == 0)
        result = chain_block(call->snapshot, height, arena, &block, &e);
    if (result < 0)
        return broken(ret_text, &e, arena);
    if (result == CHAIN_NOT_FOUND) {
        *ret_text = "block not found";
        return QUERY_NOT_FOUND;
    }
    *ret_id = meta->block_id;
    *ret_block = block;
    return QUERY_OK;
}

// Reads the transaction at a place. Its block's time comes from the header.
static enum query_code read_tx(struct rpc_call *call, struct event_place place, struct arena *arena,
                               struct query_tx *ret, const char **ret_text)
{
    struct err e = {0};
    struct slice encoded;
    Tendermint__Types__BlockMeta *meta;
    ret->height = place.height;
    ret->index = place.index;
    int result = chain_tx(call->snapshot, place.height, place.index, &ret->bytes, &encoded, &e);
    if (result == 0)
        result = chain_tx_result(encoded, arena, &ret->result, &e);
    if (result == 0)
        result = chain_meta(call->snapshot, place.height, arena, &meta, &e);
    if (result < 0)
        return broken(ret_text, &e, arena);
    if (result == CHAIN_NOT_FOUND) {
        *ret_text = "the transaction is not stored";
        return QUERY_NOT_FOUND;
    }
    ret->time_ns = meta->header->time->seconds * 1000000000 + meta->header->time->nanos;
    hash_sha256(ret->bytes.data, ret->bytes.len, ret->hash);
    return QUERY_OK;
}

static enum query_code get_tx(struct query_chain *c, const uint8_t hash[32], struct arena *arena,
                              struct query_tx *ret, const char **ret_text)
{
    struct rpc_call *call = call_of(c);
    struct event_place place;
    if (!chain_find_tx(call->snapshot, hash, &place.height, &place.index) ||
        place.height > rpc_tip(call)->height) {
        *ret_text = "tx not found";
        return QUERY_NOT_FOUND;
    }
    return read_tx(call, place, arena, ret, ret_text);
}

static enum query_code search(struct query_chain *c, const char *query, bool descending,
                              uint64_t page, uint64_t limit, struct arena *arena,
                              struct query_tx **ret, size_t *ret_count, uint64_t *ret_total,
                              const char **ret_text)
{
    struct rpc_call *call = call_of(c);
    struct event_matches matches;
    if (tm_search(call, TM_SEARCH_TXS, slice_str(query), &matches) < 0) {
        *ret_text = arena_printf(arena, "%s", call->error->data);
        return QUERY_INVALID_ARGUMENT;
    }
    uint64_t total = matches.count;
    uint64_t first = page > 1 && limit > 0 && page - 1 <= total / limit ? (page - 1) * limit : 0;
    if (page > 1 && first == 0)
        first = total;
    uint64_t count = total - first < limit ? total - first : limit;
    struct query_tx *txs = arena_zalloc(arena, count * sizeof *txs);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t at = descending ? total - 1 - (first + i) : first + i;
        enum query_code code = read_tx(call, matches.places[at], arena, &txs[i], ret_text);
        if (code != QUERY_OK)
            return code;
    }
    *ret = txs;
    *ret_count = count;
    *ret_total = total;
    return QUERY_OK;
}

static enum query_code validators(struct query_chain *c, int64_t height, struct arena *arena,
                                  struct query_validator **ret, size_t *ret_count,
                                  const char **ret_text)
{
    struct rpc_call *call = call_of(c);
    if (height > rpc_tip(call)->height + 1) {
        *ret_text = "requested block height is bigger then the chain length";
        return QUERY_INVALID_ARGUMENT;
    }
    const struct chain_genesis *genesis = engine_genesis(call->node->engine);
    struct query_validator *list = arena_zalloc(arena, genesis->validator_count * sizeof *list);
    for (size_t i = 0; i < genesis->validator_count; i++) {
        memcpy(list[i].address, genesis->validators[i].address, sizeof list[i].address);
        memcpy(list[i].pub_key, genesis->validators[i].pub_key, sizeof list[i].pub_key);
        list[i].power = genesis->validators[i].power;
    }
    *ret = list;
    *ret_count = genesis->validator_count;
    return QUERY_OK;
}

static void node(struct query_chain *c, struct arena *arena, struct query_node *ret)
{
    struct rpc_call *call = call_of(c);
    const struct node_config *config = call->node->config;
    const struct engine_tip *tip = rpc_tip(call);
    *ret = (struct query_node){
        .id = call->node->node_id,
        .listen_addr = "tcp://0.0.0.0:26656",
        .network = engine_genesis(call->node->engine)->chain_id,
        .version = RPC_COMETBFT_VERSION,
        .moniker = config->moniker,
        .rpc_address = config->rpc_listen_count ? config->rpc_listen[0].text : "",
        .p2p_version = 8,
        .block_version = 11,
        .app_version = engine_genesis(call->node->engine)->params.app_version,
        .app_name = "sei",
        .app_program = "seid",
        .app_release = SEI_VERSION,
        .git_commit = call->node->git_commit,
        .build_tags = "",
        .syncing = tip->catching_up,
        .minimum_gas_price = config->minimum_gas_prices,
        .pruning_keep_recent =
            arena_printf(arena, "%llu", (unsigned long long)config->pruning_keep_recent),
        .pruning_interval = "0",
        .halt_height = config->halt_height,
        .earliest_height = tip->earliest_height,
    };
}

static enum query_code send_tx(struct query_chain *c, struct slice tx, bool async,
                               struct arena *arena, struct query_broadcast *ret,
                               const char **ret_text)
{
    struct err e = {0};
    struct engine_broadcast result = {0};
    int outcome = engine_broadcast_tx(call_of(c)->node->engine, tx,
                                      async ? ENGINE_BROADCAST_ASYNC : ENGINE_BROADCAST_SYNC, arena,
                                      &result, &e);
    if (outcome < 0)
        return broken(ret_text, &e, arena);
    memcpy(ret->hash, result.hash, sizeof ret->hash);
    if (outcome == ENGINE_HALTED || outcome == ENGINE_STOPPING) {
        *ret_text = result.refusal;
        return QUERY_UNAVAILABLE;
    }
    // As the SDK: what the mempool refuses is an answer with the code of the root error.
    static const uint32_t codes[] = {
        [ENGINE_TX_IN_CACHE] = 19, [ENGINE_MEMPOOL_FULL] = 20, [ENGINE_TX_TOO_LARGE] = 21};
    ret->code = outcome > 0 ? codes[outcome] : result.check.code;
    ret->codespace = outcome > 0 ? "sdk" : result.check.codespace;
    ret->log = outcome > 0 ? result.refusal : result.check.log;
    return QUERY_OK;
}

static const struct query_chain_ops chain_ops = {
    .block = get_block,
    .tx = get_tx,
    .tx_search = search,
    .validators = validators,
    .node = node,
    .broadcast = send_tx,
};

void rpc_query_chain_init(struct rpc_query_chain *c, struct rpc_call *call)
{
    c->base.ops = &chain_ops;
    c->call = call;
}
