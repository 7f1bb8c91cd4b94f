#include <string.h>

#include "seid/app/bank.h"
#include "seid/query/query_impl.h"
#include "wire/proto/cosmos_bank_v1beta1_query.pb-c.h"

static Cosmos__Base__V1beta1__Coin *coin_of(struct arena *arena, struct slice denom,
                                            struct slice amount)
{
    QUERY_NEW(arena, c, Cosmos__Base__V1beta1__Coin, cosmos__base__v1beta1__coin__init);
    c->denom = arena_strndup(arena, (const char *)denom.data, denom.len);
    c->amount = arena_strndup(arena, (const char *)amount.data, amount.len);
    return c;
}

static Cosmos__Base__V1beta1__Coin *coin_of_amount(struct arena *arena, const char *denom,
                                                   amount_t amount)
{
    char text[AMOUNT_TEXT_MAX];
    unsigned len = amount_format(amount, text);
    return coin_of(arena, slice_str(denom), slice_of(text, len));
}

static enum query_code check_denom(const char *denom, struct arena *arena,
                                   struct query_error *error)
{
    if (!coins_denom_valid(denom))
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "invalid denom: %s", denom);
    return QUERY_OK;
}

QUERY_FUNCTION_BODY(query_cosmos_bank_v1beta1_query_balance)
{
    const Cosmos__Bank__V1beta1__QueryBalanceRequest *q = (const void *)request;
    struct addr address;
    enum query_code code = check_denom(q->denom, arena, error);
    if (code == QUERY_OK)
        code = query_address(q->address, &address, arena, error);
    if (code != QUERY_OK)
        return code;
    QUERY_NEW(arena, m, Cosmos__Bank__V1beta1__QueryBalanceResponse,
              cosmos__bank__v1beta1__query_balance_response__init);
    m->balance =
        coin_of_amount(arena, q->denom, bank_balance(ctx->state, addr_slice(&address), q->denom));
    QUERY_RETURN(m);
}

static bool add_coin(void *arg, struct slice key, struct slice value, bool take)
{
    struct query_list *list = arg;
    if (take)
        query_list_add(list, coin_of(list->arena, key, value));
    return true;
}

static enum query_code balances(const struct query_ctx *ctx, const char *text,
                                const Cosmos__Base__Query__V1beta1__PageRequest *page,
                                struct query_list *list,
                                Cosmos__Base__Query__V1beta1__PageResponse **ret_page,
                                struct query_error *error)
{
    struct addr address;
    struct key prefix;
    enum query_code code = query_address(text, &address, list->arena, error);
    if (code != QUERY_OK)
        return code;
    bank_key_balances(&prefix, addr_slice(&address));
    return query_paginate(ctx->state, &prefix, page, add_coin, list, list->arena, ret_page, error);
}

QUERY_FUNCTION_BODY(query_cosmos_bank_v1beta1_query_all_balances)
{
    const Cosmos__Bank__V1beta1__QueryAllBalancesRequest *q = (const void *)request;
    struct query_list list = {.arena = arena};
    QUERY_NEW(arena, m, Cosmos__Bank__V1beta1__QueryAllBalancesResponse,
              cosmos__bank__v1beta1__query_all_balances_response__init);
    enum query_code code = balances(ctx, q->address, q->pagination, &list, &m->pagination, error);
    if (code != QUERY_OK)
        return code;
    m->balances = (Cosmos__Base__V1beta1__Coin **)list.items;
    m->n_balances = list.count;
    QUERY_RETURN(m);
}

// Nothing is ever locked here.
QUERY_FUNCTION_BODY(query_cosmos_bank_v1beta1_query_spendable_balances)
{
    const Cosmos__Bank__V1beta1__QuerySpendableBalancesRequest *q = (const void *)request;
    struct query_list list = {.arena = arena};
    QUERY_NEW(arena, m, Cosmos__Bank__V1beta1__QuerySpendableBalancesResponse,
              cosmos__bank__v1beta1__query_spendable_balances_response__init);
    enum query_code code = balances(ctx, q->address, q->pagination, &list, &m->pagination, error);
    if (code != QUERY_OK)
        return code;
    m->balances = (Cosmos__Base__V1beta1__Coin **)list.items;
    m->n_balances = list.count;
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_bank_v1beta1_query_total_supply)
{
    const Cosmos__Bank__V1beta1__QueryTotalSupplyRequest *q = (const void *)request;
    struct query_list list = {.arena = arena};
    struct key prefix;
    QUERY_NEW(arena, m, Cosmos__Bank__V1beta1__QueryTotalSupplyResponse,
              cosmos__bank__v1beta1__query_total_supply_response__init);
    bank_key_supplies(&prefix);
    enum query_code code = query_paginate(ctx->state, &prefix, q->pagination, add_coin, &list,
                                          arena, &m->pagination, error);
    if (code != QUERY_OK)
        return code;
    m->supply = (Cosmos__Base__V1beta1__Coin **)list.items;
    m->n_supply = list.count;
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_bank_v1beta1_query_supply_of)
{
    const Cosmos__Bank__V1beta1__QuerySupplyOfRequest *q = (const void *)request;
    enum query_code code = check_denom(q->denom, arena, error);
    if (code != QUERY_OK)
        return code;
    QUERY_NEW(arena, m, Cosmos__Bank__V1beta1__QuerySupplyOfResponse,
              cosmos__bank__v1beta1__query_supply_of_response__init);
    m->amount = coin_of_amount(arena, q->denom, bank_supply(ctx->state, q->denom));
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_bank_v1beta1_query_params)
{
    struct bank_params params;
    bank_get_params(ctx->state, arena, &params);
    QUERY_NEW(arena, m, Cosmos__Bank__V1beta1__QueryParamsResponse,
              cosmos__bank__v1beta1__query_params_response__init);
    m->params = bank_params_message(&params, arena);
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_bank_v1beta1_query_denom_metadata)
{
    const Cosmos__Bank__V1beta1__QueryDenomMetadataRequest *q = (const void *)request;
    struct key k;
    struct slice value;
    enum query_code code = check_denom(q->denom, arena, error);
    if (code != QUERY_OK)
        return code;
    bank_key_metadata(&k, q->denom);
    QUERY_NEW(arena, m, Cosmos__Bank__V1beta1__QueryDenomMetadataResponse,
              cosmos__bank__v1beta1__query_denom_metadata_response__init);
    if (kv_get(ctx->state, key_slice(&k), &value))
        m->metadata = pb_unpack(&cosmos__bank__v1beta1__metadata__descriptor, value, arena);
    if (!m->metadata)
        return query_fail(error, arena, QUERY_NOT_FOUND, "client metadata for denom %s", q->denom);
    QUERY_RETURN(m);
}

static bool add_metadata(void *arg, struct slice key, struct slice value, bool take)
{
    struct query_list *list = arg;
    void *m =
        take ? pb_unpack(&cosmos__bank__v1beta1__metadata__descriptor, value, list->arena) : NULL;
    if (m)
        query_list_add(list, m);
    return true;
}

QUERY_FUNCTION_BODY(query_cosmos_bank_v1beta1_query_denoms_metadata)
{
    const Cosmos__Bank__V1beta1__QueryDenomsMetadataRequest *q = (const void *)request;
    struct query_list list = {.arena = arena};
    struct key prefix;
    QUERY_NEW(arena, m, Cosmos__Bank__V1beta1__QueryDenomsMetadataResponse,
              cosmos__bank__v1beta1__query_denoms_metadata_response__init);
    bank_key_metadata(&prefix, "");
    enum query_code code = query_paginate(ctx->state, &prefix, q->pagination, add_metadata, &list,
                                          arena, &m->pagination, error);
    if (code != QUERY_OK)
        return code;
    m->metadatas = (Cosmos__Bank__V1beta1__Metadata **)list.items;
    m->n_metadatas = list.count;
    QUERY_RETURN(m);
}
