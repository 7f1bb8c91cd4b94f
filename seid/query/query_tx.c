#include <inttypes.h>
#include <string.h>

#include "base/enc.h"
#include "base/rfc3339.h"
#include "seid/query/query_impl.h"
#include "wire/cosmostx.h"
#include "wire/pb_check.h"
#include "wire/proto/cosmos_base_query_v1beta1_pagination.pb-c.h"
#include "wire/proto/cosmos_tx_v1beta1_service.pb-c.h"
#include "wire/proto/tendermint_abci_types.pb-c.h"
#include "wire/proto/tendermint_types_block.pb-c.h"
#include "wire/proto/tendermint_types_types.pb-c.h"

static char *hex_text(struct arena *arena, struct slice bytes)
{
    char *text = arena_alloc(arena, 2 * bytes.len + 1);
    enc_hex_upper(bytes.data, bytes.len, text);
    text[2 * bytes.len] = 0;
    return text;
}

// TxRaw and Tx are the same on the wire. Null when it is no transaction.
static Cosmos__Tx__V1beta1__Tx *tx_of(struct slice bytes, struct arena *arena)
{
    if (pb_check(&cosmos__tx__v1beta1__tx__descriptor, bytes,
                 PB_CHECK_ALLOW_NON_CRITICAL | PB_CHECK_OPEN_ANY, NULL) < 0)
        return NULL;
    return pb_unpack(&cosmos__tx__v1beta1__tx__descriptor, bytes, arena);
}

static Google__Protobuf__Any *tx_any(struct slice bytes, struct arena *arena)
{
    QUERY_NEW(arena, any, Google__Protobuf__Any, google__protobuf__any__init);
    any->type_url = pb_str("/cosmos.tx.v1beta1.Tx");
    any->value = pb_bytes(bytes);
    return any;
}

// Whole seconds, as the SDK prints it.
static char *time_text(struct arena *arena, int64_t ns)
{
    CLEANUP_BUF struct buf text = {0};
    rfc3339_append(&text, ns / 1000000000, 0);
    return arena_strndup(arena, buf_cstr(&text), text.len);
}

static Cosmos__Base__Abci__V1beta1__TxResponse *response_of(const struct query_tx *tx,
                                                            struct arena *arena)
{
    const Tendermint__Abci__ExecTxResult *result = tx->result;
    QUERY_NEW(arena, m, Cosmos__Base__Abci__V1beta1__TxResponse,
              cosmos__base__abci__v1beta1__tx_response__init);
    m->height = tx->height;
    m->txhash = hex_text(arena, slice_of(tx->hash, sizeof tx->hash));
    m->codespace = result->codespace;
    m->code = result->code;
    m->data = hex_text(arena, pb_slice(result->data));
    m->raw_log = result->log;
    m->info = result->info;
    m->gas_wanted = result->gas_wanted;
    m->gas_used = result->gas_used;
    m->tx = tx_any(tx->bytes, arena);
    m->timestamp = time_text(arena, tx->time_ns);
    m->n_events = result->n_events;
    m->events = result->events;
    return m;
}

QUERY_FUNCTION_BODY(query_cosmos_tx_v1beta1_service_get_tx)
{
    const Cosmos__Tx__V1beta1__GetTxRequest *q = (const void *)request;
    struct query_tx tx = {0};
    uint8_t hash[32];
    if (!*q->hash)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "tx hash cannot be empty");
    if (enc_hex_decode(q->hash, strlen(q->hash), hash, sizeof hash) != sizeof hash)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT,
                          "tx hash must be 64 hexadecimal digits");
    enum query_code code = ctx->chain->ops->tx(ctx->chain, hash, arena, &tx, &error->text);
    if (code == QUERY_NOT_FOUND)
        return query_fail(error, arena, QUERY_NOT_FOUND, "tx not found: %s", q->hash);
    if (code != QUERY_OK)
        return code;
    QUERY_NEW(arena, m, Cosmos__Tx__V1beta1__GetTxResponse,
              cosmos__tx__v1beta1__get_tx_response__init);
    m->tx = tx_of(tx.bytes, arena);
    m->tx_response = response_of(&tx, arena);
    QUERY_RETURN(m);
}

// ---- search

static const char *search_text(const Cosmos__Tx__V1beta1__GetTxsEventRequest *q,
                               struct arena *arena)
{
    CLEANUP_BUF struct buf text = {0};
    if (*q->query)
        return q->query;
    for (size_t i = 0; i < q->n_events; i++)
        buf_printf(&text, "%s%s", i ? " AND " : "", q->events[i]);
    return arena_strndup(arena, buf_cstr(&text), text.len);
}

static void fill_search(Cosmos__Tx__V1beta1__GetTxsEventResponse *m, const struct query_tx *found,
                        size_t count, struct arena *arena)
{
    m->txs = arena_alloc(arena, (count + 1) * sizeof(void *));
    m->tx_responses = arena_alloc(arena, (count + 1) * sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        Cosmos__Tx__V1beta1__Tx *tx = tx_of(found[i].bytes, arena);
        if (tx)
            m->txs[m->n_txs++] = tx;
        m->tx_responses[m->n_tx_responses++] = response_of(&found[i], arena);
    }
}

QUERY_FUNCTION_BODY(query_cosmos_tx_v1beta1_service_get_txs_event)
{
    const Cosmos__Tx__V1beta1__GetTxsEventRequest *q = (const void *)request;
    struct query_tx *found = NULL;
    size_t count = 0;
    uint64_t total = 0, page = q->page, limit = q->limit;
    // Requests of older clients.
    if (q->pagination && !limit && !page) {
        limit = q->pagination->limit;
        page = limit ? q->pagination->offset / limit + 1 : 1;
    }
    limit = limit ? limit : QUERY_PAGE_DEFAULT;
    const char *text = search_text(q, arena);
    if (!*text)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "query cannot be empty");
    if (limit > QUERY_PAGE_DEFAULT)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "limit must be at most %d",
                          QUERY_PAGE_DEFAULT);
    enum query_code code = ctx->chain->ops->tx_search(
        ctx->chain, text, q->order_by == COSMOS__TX__V1BETA1__ORDER_BY__ORDER_BY_DESC,
        page ? page : 1, limit, arena, &found, &count, &total, &error->text);
    if (code != QUERY_OK)
        return code;
    QUERY_NEW(arena, m, Cosmos__Tx__V1beta1__GetTxsEventResponse,
              cosmos__tx__v1beta1__get_txs_event_response__init);
    fill_search(m, found, count, arena);
    m->total = total;
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_tx_v1beta1_service_get_block_with_txs)
{
    const Cosmos__Tx__V1beta1__GetBlockWithTxsRequest *q = (const void *)request;
    size_t first, count;
    if (q->height < 1 || q->height > ctx->latest_height)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT,
                          "requested height %" PRId64 " but the chain has heights 1 to %" PRId64,
                          q->height, ctx->latest_height);
    QUERY_NEW(arena, m, Cosmos__Tx__V1beta1__GetBlockWithTxsResponse,
              cosmos__tx__v1beta1__get_block_with_txs_response__init);
    enum query_code code =
        ctx->chain->ops->block(ctx->chain, q->height, arena, &m->block_id, &m->block, &error->text);
    if (code != QUERY_OK)
        return code;
    size_t all = m->block->data ? m->block->data->n_txs : 0;
    code = query_paginate_list(all, q->pagination, arena, &first, &count, &m->pagination, error);
    if (code != QUERY_OK)
        return code;
    m->txs = arena_alloc(arena, (count + 1) * sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        Cosmos__Tx__V1beta1__Tx *tx = tx_of(pb_slice(m->block->data->txs[first + i]), arena);
        if (tx)
            m->txs[m->n_txs++] = tx;
    }
    QUERY_RETURN(m);
}

// ---- execution

// The transaction of a request that carries it as a message or as bytes.
static enum query_code request_bytes(const Cosmos__Tx__V1beta1__SimulateRequest *q,
                                     struct arena *arena, struct slice *ret,
                                     struct query_error *error)
{
    *ret = pb_slice(q->tx_bytes);
    if (!ret->len && q->tx)
        *ret = pb_pack(q->tx, arena);
    if (!ret->len)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "empty txBytes is not allowed");
    return QUERY_OK;
}

QUERY_FUNCTION_BODY(query_cosmos_tx_v1beta1_service_simulate)
{
    const Cosmos__Tx__V1beta1__SimulateRequest *q = (const void *)request;
    struct app_simulate_result result;
    struct app_block next = {.height = ctx->latest_height + 1, .time_ns = ctx->latest_time_ns};
    struct slice tx;
    enum query_code code = request_bytes(q, arena, &tx, error);
    if (code != QUERY_OK)
        return code;
    app_simulate(ctx->app, ctx->state, &next, tx, arena, &result);
    if (result.result->code)
        return query_fail(error, arena, QUERY_UNKNOWN, "%s with gas used: '%" PRIu64 "'",
                          result.result->log, result.gas_used);

    QUERY_NEW(arena, m, Cosmos__Tx__V1beta1__SimulateResponse,
              cosmos__tx__v1beta1__simulate_response__init);
    QUERY_NEW(arena, gas, Cosmos__Base__Abci__V1beta1__GasInfo,
              cosmos__base__abci__v1beta1__gas_info__init);
    QUERY_NEW(arena, outcome, Cosmos__Base__Abci__V1beta1__Result,
              cosmos__base__abci__v1beta1__result__init);
    gas->gas_wanted = result.gas_wanted;
    gas->gas_used = result.gas_used;
    outcome->data = result.result->data;
    outcome->n_events = result.result->n_events;
    outcome->events = result.result->events;
    const Cosmos__Base__Abci__V1beta1__TxMsgData *data =
        pb_unpack(&cosmos__base__abci__v1beta1__tx_msg_data__descriptor,
                  pb_slice(result.result->data), arena);
    if (data) {
        outcome->n_msg_responses = data->n_msg_responses;
        outcome->msg_responses = data->msg_responses;
    }
    m->gas_info = gas;
    m->result = outcome;
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_tx_v1beta1_service_broadcast_tx)
{
    const Cosmos__Tx__V1beta1__BroadcastTxRequest *q = (const void *)request;
    struct query_broadcast answer = {.codespace = "", .log = ""};
    bool async = q->mode == COSMOS__TX__V1BETA1__BROADCAST_MODE__BROADCAST_MODE_ASYNC;
    if (q->tx_bytes.len == 0)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "invalid empty tx");
    if (!async && q->mode != COSMOS__TX__V1BETA1__BROADCAST_MODE__BROADCAST_MODE_SYNC)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT,
                          "unsupported broadcast mode %d; supported modes: BROADCAST_MODE_SYNC, "
                          "BROADCAST_MODE_ASYNC",
                          (int)q->mode);
    enum query_code code = ctx->chain->ops->broadcast(ctx->chain, pb_slice(q->tx_bytes), async,
                                                      arena, &answer, &error->text);
    if (code != QUERY_OK)
        return code;
    QUERY_NEW(arena, r, Cosmos__Base__Abci__V1beta1__TxResponse,
              cosmos__base__abci__v1beta1__tx_response__init);
    QUERY_NEW(arena, m, Cosmos__Tx__V1beta1__BroadcastTxResponse,
              cosmos__tx__v1beta1__broadcast_tx_response__init);
    r->txhash = hex_text(arena, slice_of(answer.hash, sizeof answer.hash));
    r->code = answer.code;
    r->codespace = pb_str(answer.codespace);
    r->raw_log = pb_str(answer.log);
    m->tx_response = r;
    QUERY_RETURN(m);
}

// ---- codec

QUERY_FUNCTION_BODY(query_cosmos_tx_v1beta1_service_tx_decode)
{
    const Cosmos__Tx__V1beta1__TxDecodeRequest *q = (const void *)request;
    struct cosmostx decoded;
    struct err e;
    if (q->tx_bytes.len == 0)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "invalid empty tx bytes");
    if (cosmostx_decode(pb_slice(q->tx_bytes), arena, &decoded, &e) < 0)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "%s: tx parse error", e.text);
    QUERY_NEW(arena, m, Cosmos__Tx__V1beta1__TxDecodeResponse,
              cosmos__tx__v1beta1__tx_decode_response__init);
    m->tx = tx_of(pb_slice(q->tx_bytes), arena);
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_tx_v1beta1_service_tx_encode)
{
    const Cosmos__Tx__V1beta1__TxEncodeRequest *q = (const void *)request;
    if (!q->tx)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "invalid empty tx");
    QUERY_NEW(arena, m, Cosmos__Tx__V1beta1__TxEncodeResponse,
              cosmos__tx__v1beta1__tx_encode_response__init);
    m->tx_bytes = pb_bytes(pb_pack(q->tx, arena));
    QUERY_RETURN(m);
}
