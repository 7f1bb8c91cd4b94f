#include <string.h>

#include "seid/app/auth.h"
#include "seid/query/query_impl.h"
#include "wire/proto/cosmos_auth_v1beta1_query.pb-c.h"
#include "wire/proto/google_protobuf_any.pb-c.h"

static enum query_code find_account(const struct query_ctx *ctx, const char *text,
                                    struct account *ret, struct arena *arena,
                                    struct query_error *error)
{
    struct addr address;
    if (!*text)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "Address cannot be empty");
    enum query_code code = query_address(text, &address, arena, error);
    if (code != QUERY_OK)
        return code;
    if (!auth_get(ctx->state, addr_slice(&address), ret))
        return query_fail(error, arena, QUERY_NOT_FOUND, "account %s not found", text);
    return QUERY_OK;
}

QUERY_FUNCTION_BODY(query_cosmos_auth_v1beta1_query_account)
{
    const Cosmos__Auth__V1beta1__QueryAccountRequest *q = (const void *)request;
    struct account account;
    enum query_code code = find_account(ctx, q->address, &account, arena, error);
    if (code != QUERY_OK)
        return code;
    QUERY_NEW(arena, m, Cosmos__Auth__V1beta1__QueryAccountResponse,
              cosmos__auth__v1beta1__query_account_response__init);
    m->account = auth_any(&account, arena);
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_auth_v1beta1_query_account_info)
{
    const Cosmos__Auth__V1beta1__QueryAccountInfoRequest *q = (const void *)request;
    struct account account;
    enum query_code code = find_account(ctx, q->address, &account, arena, error);
    if (code != QUERY_OK)
        return code;
    QUERY_NEW(arena, m, Cosmos__Auth__V1beta1__QueryAccountInfoResponse,
              cosmos__auth__v1beta1__query_account_info_response__init);
    m->info = auth_base_message(&account, arena);
    QUERY_RETURN(m);
}

static bool add_account(void *arg, struct slice key, struct slice value, bool take)
{
    struct query_list *list = arg;
    struct account account;
    uint8_t full[2 + ADDR_MAX];
    if (!take || key.len > ADDR_MAX)
        return true;
    memcpy(full + 2, key.data, key.len);
    if (auth_decode(slice_of(full, key.len + 2), value, &account))
        query_list_add(list, auth_any(&account, list->arena));
    return true;
}

QUERY_FUNCTION_BODY(query_cosmos_auth_v1beta1_query_accounts)
{
    const Cosmos__Auth__V1beta1__QueryAccountsRequest *q = (const void *)request;
    struct query_list list = {.arena = arena};
    struct key prefix;
    QUERY_NEW(arena, m, Cosmos__Auth__V1beta1__QueryAccountsResponse,
              cosmos__auth__v1beta1__query_accounts_response__init);
    key_begin(&prefix, SPACE_AUTH, ACC_ACCOUNT);
    enum query_code code = query_paginate(ctx->state, &prefix, q->pagination, add_account, &list,
                                          arena, &m->pagination, error);
    if (code != QUERY_OK)
        return code;
    m->accounts = (Google__Protobuf__Any **)list.items;
    m->n_accounts = list.count;
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_auth_v1beta1_query_params)
{
    struct auth_params p;
    auth_get_params(ctx->state, &p);
    QUERY_NEW(arena, params, Cosmos__Auth__V1beta1__Params, cosmos__auth__v1beta1__params__init);
    QUERY_NEW(arena, m, Cosmos__Auth__V1beta1__QueryParamsResponse,
              cosmos__auth__v1beta1__query_params_response__init);
    params->max_memo_characters = p.max_memo_characters;
    params->tx_sig_limit = p.tx_sig_limit;
    params->tx_size_cost_per_byte = p.tx_size_cost_per_byte;
    params->sig_verify_cost_ed25519 = p.sig_verify_cost_ed25519;
    params->sig_verify_cost_secp256k1 = p.sig_verify_cost_secp256k1;
    m->params = params;
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_auth_v1beta1_query_module_account_by_name)
{
    const Cosmos__Auth__V1beta1__QueryModuleAccountByNameRequest *q = (const void *)request;
    struct account account;
    uint8_t address[ADDR_LEN];
    if (!*q->name)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "module name is empty");
    addr_of_module(q->name, address);
    if (!auth_get(ctx->state, slice_of(address, sizeof address), &account) || !account.module.len)
        return query_fail(error, arena, QUERY_NOT_FOUND, "account %s not found", q->name);
    QUERY_NEW(arena, m, Cosmos__Auth__V1beta1__QueryModuleAccountByNameResponse,
              cosmos__auth__v1beta1__query_module_account_by_name_response__init);
    m->account = auth_any(&account, arena);
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_auth_v1beta1_query_bech32_prefix)
{
    QUERY_NEW(arena, m, Cosmos__Auth__V1beta1__Bech32PrefixResponse,
              cosmos__auth__v1beta1__bech32_prefix_response__init);
    m->bech32_prefix = pb_str(ADDR_HRP_ACC);
    QUERY_RETURN(m);
}
