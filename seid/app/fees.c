#include <string.h>

#include "seid/app/app_impl.h"
#include "seid/app/bank.h"
#include "seid/app/tx.h"

int app_parse_min_gas_prices(struct app *a, const char *text, struct err *e)
{
    if (!text || !*text)
        return 0;
    int r = dec_coins_parse(text, &a->arena, &a->min_gas_prices, e);
    if (r < 0)
        err_context(e, "minimum gas prices");
    return r;
}

static int fee_coins(struct app_ctx *ctx, const struct app_tx *tx, struct coins *ret)
{
    const Cosmos__Tx__V1beta1__Fee *fee = tx->raw.auth->fee;
    *ret = (struct coins){0};
    if (!fee || fee->n_amount == 0)
        return 0;
    if (coins_from_pb(fee->amount, fee->n_amount, ctx->arena, ret, NULL) < 0)
        return ctx_fail(ctx, &CODE_INSUFFICIENT_FEE, "invalid fee amount: %s",
                        bank_raw_text(fee->amount, fee->n_amount, ctx->arena));
    return 0;
}

int tx_check_fee(struct app_ctx *ctx, const struct app_tx *tx)
{
    struct coins fee;
    return fee_coins(ctx, tx, &fee);
}

// One denom that pays enough will do.
static int check_min_prices(struct app_ctx *ctx, const struct app_tx *tx, struct coins fee)
{
    const struct dec_coins *prices = &ctx->app->min_gas_prices;
    struct coin *required = arena_alloc(ctx->arena, (prices->count + 1) * sizeof *required);
    for (size_t i = 0; i < prices->count; i++) {
        const struct dec_coin *price = &prices->items[i];
        amount_t need;
        if (dec_mul_ceil(price->amount, tx->gas_limit, &need) != 0)
            need = AMOUNT_MAX;
        if (coins_amount_of(fee, price->denom) >= need)
            return 0;
        required[i] = (struct coin){price->denom, need};
    }
    if (prices->count == 0)
        return 0;
    return ctx_fail(ctx, &CODE_INSUFFICIENT_FEE, "insufficient fees; got: %s required: %s",
                    coins_text(fee, ctx->arena),
                    coins_text((struct coins){required, prices->count}, ctx->arena));
}

static int pay(struct app_ctx *ctx, const struct addr *payer, struct coins fee)
{
    auth_ensure_module(ctx, AUTH_FEE_COLLECTOR);
    if (bank_send(ctx, addr_slice(payer), auth_module_address(ctx->app, AUTH_FEE_COLLECTOR), fee))
        // The SDK wraps the error of the bank once more, so the root text stands twice.
        return ctx_fail(ctx, &CODE_INSUFFICIENT_FUNDS, "%s", ctx->fail_log);
    return 0;
}

int tx_deduct_fee(struct app_ctx *ctx, const struct app_tx *tx, enum tx_mode mode)
{
    const Cosmos__Tx__V1beta1__Fee *message = tx->raw.auth->fee;
    struct coins fee;
    struct account payer;
    int r = fee_coins(ctx, tx, &fee);
    if (r)
        return r;
    if (mode != TX_SIMULATE && ctx->height > 0 && tx->gas_limit == 0)
        return ctx_fail(ctx, &CODE_INVALID_GAS_LIMIT, "must provide positive gas");
    if (mode == TX_CHECK && (r = check_min_prices(ctx, tx, fee)) != 0)
        return r;
    if (message && *message->granter && strcmp(message->granter, message->payer) != 0)
        return ctx_fail(ctx, &CODE_INVALID_REQUEST, "fee grants are not enabled");
    const char *payer_text = ctx_addr_text(ctx, addr_slice(tx->fee_payer));
    if (!auth_get(ctx->kv, addr_slice(tx->fee_payer), &payer))
        return ctx_fail(ctx, &CODE_UNKNOWN_ADDRESS, "fee payer address: %s does not exist",
                        payer_text);
    if (fee.count && (r = pay(ctx, tx->fee_payer, fee)) != 0)
        return r;
    ctx_emit(ctx, "tx", "fee", coins_text(fee, ctx->arena), "fee_payer", payer_text, NULL);
    return 0;
}
