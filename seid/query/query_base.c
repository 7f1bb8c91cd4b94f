// cosmos.base.tendermint and cosmos.base.node: blocks, validators, the node itself.
#include <inttypes.h>
#include <string.h>

#include "base/enc.h"
#include "seid/query/query_impl.h"
#include "wire/proto/cosmos_base_node_v1beta1_query.pb-c.h"
#include "wire/proto/cosmos_base_tendermint_v1beta1_query.pb-c.h"
#include "wire/proto/cosmos_crypto_ed25519_keys.pb-c.h"
#include "wire/proto/google_protobuf_timestamp.pb-c.h"
#include "wire/proto/tendermint_types_block.pb-c.h"
#include "wire/proto/tendermint_types_types.pb-c.h"
#include "wire/typereg.h"

// ---- blocks

// The SDK's block: the same, but the proposer's address is text.
static Cosmos__Base__Tendermint__V1beta1__Block *sdk_block(const Tendermint__Types__Block *block,
                                                           struct arena *arena)
{
    const Tendermint__Types__Header *from = block->header;
    char proposer[ADDR_TEXT_MAX];
    QUERY_NEW(arena, h, Cosmos__Base__Tendermint__V1beta1__Header,
              cosmos__base__tendermint__v1beta1__header__init);
    QUERY_NEW(arena, b, Cosmos__Base__Tendermint__V1beta1__Block,
              cosmos__base__tendermint__v1beta1__block__init);
    h->version = from->version;
    h->chain_id = from->chain_id;
    h->height = from->height;
    h->time = from->time;
    h->last_block_id = from->last_block_id;
    h->last_commit_hash = from->last_commit_hash;
    h->data_hash = from->data_hash;
    h->validators_hash = from->validators_hash;
    h->next_validators_hash = from->next_validators_hash;
    h->consensus_hash = from->consensus_hash;
    h->app_hash = from->app_hash;
    h->last_results_hash = from->last_results_hash;
    h->evidence_hash = from->evidence_hash;
    if (from->proposer_address.len && from->proposer_address.len <= 32) {
        addr_text(ADDR_HRP_CONS, pb_slice(from->proposer_address), proposer);
        h->proposer_address = arena_strndup(arena, proposer, strlen(proposer));
    }
    b->header = h;
    b->data = block->data;
    b->evidence = block->evidence;
    b->last_commit = block->last_commit;
    return b;
}

static enum query_code block_at(const struct query_ctx *ctx, int64_t height, struct arena *arena,
                                Cosmos__Base__Tendermint__V1beta1__GetBlockByHeightResponse *ret,
                                struct query_error *error)
{
    enum query_code code = ctx->chain->ops->block(ctx->chain, height, arena, &ret->block_id,
                                                  &ret->block, &error->text);
    if (code != QUERY_OK)
        return code;
    if (!ret->block->header)
        return query_fail(error, arena, QUERY_INTERNAL, "block %" PRId64 " has no header", height);
    ret->sdk_block = sdk_block(ret->block, arena);
    return QUERY_OK;
}

QUERY_FUNCTION_BODY(query_cosmos_base_tendermint_v1beta1_service_get_block_by_height)
{
    const Cosmos__Base__Tendermint__V1beta1__GetBlockByHeightRequest *q = (const void *)request;
    QUERY_NEW(arena, m, Cosmos__Base__Tendermint__V1beta1__GetBlockByHeightResponse,
              cosmos__base__tendermint__v1beta1__get_block_by_height_response__init);
    if (q->height > ctx->latest_height)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT,
                          "requested block height is bigger then the chain length");
    enum query_code code = block_at(ctx, q->height, arena, m, error);
    if (code != QUERY_OK)
        return code;
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_base_tendermint_v1beta1_service_get_latest_block)
{
    Cosmos__Base__Tendermint__V1beta1__GetBlockByHeightResponse block =
        COSMOS__BASE__TENDERMINT__V1BETA1__GET_BLOCK_BY_HEIGHT_RESPONSE__INIT;
    QUERY_NEW(arena, m, Cosmos__Base__Tendermint__V1beta1__GetLatestBlockResponse,
              cosmos__base__tendermint__v1beta1__get_latest_block_response__init);
    enum query_code code = block_at(ctx, ctx->latest_height, arena, &block, error);
    if (code != QUERY_OK)
        return code;
    m->block_id = block.block_id;
    m->block = block.block;
    m->sdk_block = block.sdk_block;
    QUERY_RETURN(m);
}

// ---- validators

static Cosmos__Base__Tendermint__V1beta1__Validator *validator_of(const struct query_validator *v,
                                                                  struct arena *arena)
{
    Cosmos__Crypto__Ed25519__PubKey key = COSMOS__CRYPTO__ED25519__PUB_KEY__INIT;
    char address[ADDR_TEXT_MAX];
    QUERY_NEW(arena, m, Cosmos__Base__Tendermint__V1beta1__Validator,
              cosmos__base__tendermint__v1beta1__validator__init);
    addr_text(ADDR_HRP_CONS, slice_of(v->address, sizeof v->address), address);
    key.key = pb_bytes(slice_of(v->pub_key, sizeof v->pub_key));
    m->address = arena_strndup(arena, address, strlen(address));
    m->pub_key = typereg_pack(&key, arena);
    m->voting_power = v->power;
    m->proposer_priority = v->proposer_priority;
    return m;
}

static enum query_code
validators_at(const struct query_ctx *ctx, int64_t height,
              const Cosmos__Base__Query__V1beta1__PageRequest *page, struct arena *arena,
              Cosmos__Base__Tendermint__V1beta1__GetValidatorSetByHeightResponse *ret,
              struct query_error *error)
{
    struct query_validator *list;
    size_t all, first, count;
    enum query_code code =
        ctx->chain->ops->validators(ctx->chain, height, arena, &list, &all, &error->text);
    if (code == QUERY_OK)
        code = query_paginate_list(all, page, arena, &first, &count, &ret->pagination, error);
    if (code != QUERY_OK)
        return code;
    ret->block_height = height;
    ret->validators = arena_alloc(arena, (count + 1) * sizeof(void *));
    for (size_t i = 0; i < count; i++)
        ret->validators[ret->n_validators++] = validator_of(&list[first + i], arena);
    return QUERY_OK;
}

QUERY_FUNCTION_BODY(query_cosmos_base_tendermint_v1beta1_service_get_validator_set_by_height)
{
    const Cosmos__Base__Tendermint__V1beta1__GetValidatorSetByHeightRequest *q =
        (const void *)request;
    QUERY_NEW(arena, m, Cosmos__Base__Tendermint__V1beta1__GetValidatorSetByHeightResponse,
              cosmos__base__tendermint__v1beta1__get_validator_set_by_height_response__init);
    if (q->height < 1 || q->height > ctx->latest_height)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT,
                          "requested block height is bigger then the chain length");
    enum query_code code = validators_at(ctx, q->height, q->pagination, arena, m, error);
    if (code != QUERY_OK)
        return code;
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_base_tendermint_v1beta1_service_get_latest_validator_set)
{
    const Cosmos__Base__Tendermint__V1beta1__GetLatestValidatorSetRequest *q =
        (const void *)request;
    Cosmos__Base__Tendermint__V1beta1__GetValidatorSetByHeightResponse set =
        COSMOS__BASE__TENDERMINT__V1BETA1__GET_VALIDATOR_SET_BY_HEIGHT_RESPONSE__INIT;
    QUERY_NEW(arena, m, Cosmos__Base__Tendermint__V1beta1__GetLatestValidatorSetResponse,
              cosmos__base__tendermint__v1beta1__get_latest_validator_set_response__init);
    enum query_code code =
        validators_at(ctx, ctx->latest_height, q->pagination, arena, &set, error);
    if (code != QUERY_OK)
        return code;
    m->block_height = set.block_height;
    m->validators = set.validators;
    m->n_validators = set.n_validators;
    m->pagination = set.pagination;
    QUERY_RETURN(m);
}

// ---- the node

static void node_of(const struct query_ctx *ctx, struct arena *arena, struct query_node *ret)
{
    ctx->chain->ops->node(ctx->chain, arena, ret);
}

QUERY_FUNCTION_BODY(query_cosmos_base_tendermint_v1beta1_service_get_node_info)
{
    struct query_node node;
    node_of(ctx, arena, &node);
    QUERY_NEW(arena, protocol, Tendermint__P2p__ProtocolVersion,
              tendermint__p2p__protocol_version__init);
    QUERY_NEW(arena, other, Tendermint__P2p__DefaultNodeInfoOther,
              tendermint__p2p__default_node_info_other__init);
    QUERY_NEW(arena, info, Tendermint__P2p__DefaultNodeInfo,
              tendermint__p2p__default_node_info__init);
    QUERY_NEW(arena, version, Cosmos__Base__Tendermint__V1beta1__VersionInfo,
              cosmos__base__tendermint__v1beta1__version_info__init);
    QUERY_NEW(arena, m, Cosmos__Base__Tendermint__V1beta1__GetNodeInfoResponse,
              cosmos__base__tendermint__v1beta1__get_node_info_response__init);
    protocol->p2p = node.p2p_version;
    protocol->block = node.block_version;
    protocol->app = node.app_version;
    other->tx_index = pb_str("on");
    other->rpc_address = pb_str(node.rpc_address);
    info->protocol_version = protocol;
    info->default_node_id = pb_str(node.id);
    info->listen_addr = pb_str(node.listen_addr);
    info->network = pb_str(node.network);
    info->version = pb_str(node.version);
    info->moniker = pb_str(node.moniker);
    info->other = other;
    version->name = pb_str(node.app_name);
    version->app_name = pb_str(node.app_program);
    version->version = pb_str(node.app_release);
    version->git_commit = pb_str(node.git_commit);
    version->build_tags = pb_str(node.build_tags);
    m->default_node_info = info;
    m->application_version = version;
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_base_tendermint_v1beta1_service_get_syncing)
{
    struct query_node node;
    node_of(ctx, arena, &node);
    QUERY_NEW(arena, m, Cosmos__Base__Tendermint__V1beta1__GetSyncingResponse,
              cosmos__base__tendermint__v1beta1__get_syncing_response__init);
    m->syncing = node.syncing;
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_base_tendermint_v1beta1_service_abci_query)
{
    static const char self[] = "/cosmos.base.tendermint.v1beta1.Service/ABCIQuery";
    const Cosmos__Base__Tendermint__V1beta1__ABCIQueryRequest *q = (const void *)request;
    struct query_abci answer;
    if (q->prove)
        return query_fail(error, arena, QUERY_UNIMPLEMENTED,
                          "proofs are not supported: ask with prove=false");
    if (q->height && q->height != ctx->height)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT,
                          "set the height of the call (x-cosmos-block-height), not of the request");
    if (strcmp(q->path, self) == 0)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "path cannot be ABCIQuery itself");
    query_dispatch(ctx, q->path, pb_slice(q->data), arena, &answer);
    QUERY_NEW(arena, m, Cosmos__Base__Tendermint__V1beta1__ABCIQueryResponse,
              cosmos__base__tendermint__v1beta1__abciquery_response__init);
    m->code = answer.code;
    m->log = pb_str(answer.log);
    m->codespace = pb_str(answer.codespace);
    m->key = pb_bytes(answer.key);
    m->value = pb_bytes(answer.value);
    m->height = answer.height;
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_base_node_v1beta1_service_config)
{
    struct query_node node;
    node_of(ctx, arena, &node);
    QUERY_NEW(arena, m, Cosmos__Base__Node__V1beta1__ConfigResponse,
              cosmos__base__node__v1beta1__config_response__init);
    m->minimum_gas_price = pb_str(node.minimum_gas_price);
    m->pruning_keep_recent = pb_str(node.pruning_keep_recent);
    m->pruning_interval = pb_str(node.pruning_interval);
    m->halt_height = node.halt_height;
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_base_node_v1beta1_service_status)
{
    struct query_node node;
    Tendermint__Types__BlockID *id;
    Tendermint__Types__Block *block;
    const char *why;
    node_of(ctx, arena, &node);
    QUERY_NEW(arena, t, Google__Protobuf__Timestamp, google__protobuf__timestamp__init);
    QUERY_NEW(arena, m, Cosmos__Base__Node__V1beta1__StatusResponse,
              cosmos__base__node__v1beta1__status_response__init);
    t->seconds = ctx->time_ns / 1000000000;
    t->nanos = (int32_t)(ctx->time_ns % 1000000000);
    m->earliest_store_height = (uint64_t)node.earliest_height;
    m->height = (uint64_t)ctx->height;
    m->timestamp = t;
    m->app_hash = pb_bytes(arena_slice(arena, slice_of(ctx->app_hash, sizeof ctx->app_hash)));
    if (ctx->chain->ops->block(ctx->chain, ctx->height, arena, &id, &block, &why) == QUERY_OK &&
        block->header)
        m->validator_hash = block->header->validators_hash;
    QUERY_RETURN(m);
}
