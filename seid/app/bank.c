#include "seid/app/bank.h"

#include <string.h>

#include "seid/app/app_impl.h"
#include "seid/app/auth.h"
#include "seid/app/keys.h"
#include "seid/app/msgs.h"
#include "wire/proto/cosmos_bank_v1beta1_bank.pb-c.h"
#include "wire/proto/cosmos_bank_v1beta1_tx.pb-c.h"
#include "wire/proto/cosmos_base_v1beta1_coin.pb-c.h"

// ---- state

void bank_key_balances(struct key *k, struct slice address)
{
    key_begin(k, SPACE_BANK, BANK_BALANCE);
    key_add_sized(k, address);
}

void bank_key_supplies(struct key *k)
{
    key_begin(k, SPACE_BANK, BANK_SUPPLY);
}

void bank_key_metadata(struct key *k, const char *denom)
{
    key_begin(k, SPACE_BANK, BANK_METADATA);
    key_add(k, slice_str(denom));
}

static amount_t get_amount(struct kv *kv, const struct key *k)
{
    struct slice value;
    amount_t amount = 0;
    if (kv_get(kv, key_slice(k), &value))
        amount_parse(value, &amount, NULL);
    return amount;
}

static void set_amount(struct kv *kv, const struct key *k, amount_t amount)
{
    char text[AMOUNT_TEXT_MAX];
    if (amount == 0) {
        kv_del(kv, key_slice(k));
        return;
    }
    size_t len = amount_format(amount, text);
    kv_set(kv, key_slice(k), slice_of(text, len));
}

static void balance_key(struct key *k, struct slice address, const char *denom)
{
    bank_key_balances(k, address);
    key_add(k, slice_str(denom));
}

amount_t bank_balance(struct kv *kv, struct slice address, const char *denom)
{
    struct key k;
    if (strlen(denom) > COIN_DENOM_MAX)
        return 0;
    balance_key(&k, address, denom);
    return get_amount(kv, &k);
}

void bank_set_balance(struct kv *kv, struct slice address, const char *denom, amount_t amount)
{
    struct key k;
    balance_key(&k, address, denom);
    set_amount(kv, &k, amount);
}

amount_t bank_supply(struct kv *kv, const char *denom)
{
    struct key k;
    if (strlen(denom) > COIN_DENOM_MAX)
        return 0;
    bank_key_supplies(&k);
    key_add(&k, slice_str(denom));
    return get_amount(kv, &k);
}

void bank_set_supply(struct kv *kv, const char *denom, amount_t amount)
{
    struct key k;
    bank_key_supplies(&k);
    key_add(&k, slice_str(denom));
    set_amount(kv, &k, amount);
}

// ---- parameters

void bank_get_params(struct kv *kv, struct arena *arena, struct bank_params *ret)
{
    struct key k;
    struct slice value;
    *ret = (struct bank_params){.default_send_enabled = true};
    key_begin(&k, SPACE_BANK, BANK_PARAMS);
    if (!kv_get(kv, key_slice(&k), &value))
        return;
    const Cosmos__Bank__V1beta1__Params *m =
        pb_unpack(&cosmos__bank__v1beta1__params__descriptor, value, arena);
    if (!m)
        return;
    ret->default_send_enabled = m->default_send_enabled;
    ret->count = m->n_send_enabled;
    ret->list = arena_alloc(arena, (ret->count + 1) * sizeof *ret->list);
    for (size_t i = 0; i < ret->count; i++)
        ret->list[i] =
            (struct bank_send_enabled){m->send_enabled[i]->denom, m->send_enabled[i]->enabled};
}

Cosmos__Bank__V1beta1__Params *bank_params_message(const struct bank_params *params,
                                                   struct arena *arena)
{
    Cosmos__Bank__V1beta1__Params *m = arena_alloc(arena, sizeof *m);
    cosmos__bank__v1beta1__params__init(m);
    m->default_send_enabled = params->default_send_enabled;
    m->n_send_enabled = params->count;
    m->send_enabled = arena_alloc(arena, (params->count + 1) * sizeof(void *));
    for (size_t i = 0; i < params->count; i++) {
        Cosmos__Bank__V1beta1__SendEnabled *s = arena_alloc(arena, sizeof *s);
        cosmos__bank__v1beta1__send_enabled__init(s);
        s->denom = pb_str(params->list[i].denom);
        s->enabled = params->list[i].enabled;
        m->send_enabled[i] = s;
    }
    return m;
}

void bank_set_params(struct kv *kv, struct arena *arena, const struct bank_params *params)
{
    struct key k;
    key_begin(&k, SPACE_BANK, BANK_PARAMS);
    kv_set(kv, key_slice(&k), pb_pack(bank_params_message(params, arena), arena));
}

// ---- moving coins

// "0usei" too, which a set of coins would not print.
static const char *amount_denom(amount_t amount, const char *denom, struct arena *arena)
{
    char text[AMOUNT_TEXT_MAX];
    amount_format(amount, text);
    return arena_printf(arena, "%s%s", text, denom);
}

static int take(struct app_ctx *ctx, struct slice from, struct coins coins)
{
    for (size_t i = 0; i < coins.count; i++) {
        const struct coin *c = &coins.items[i];
        amount_t have = bank_balance(ctx->kv, from, c->denom);
        if (have < c->amount)
            return ctx_fail(ctx, &CODE_INSUFFICIENT_FUNDS,
                            "spendable balance %s is smaller than %s",
                            amount_denom(have, c->denom, ctx->arena),
                            amount_denom(c->amount, c->denom, ctx->arena));
        bank_set_balance(ctx->kv, from, c->denom, have - c->amount);
    }
    return 0;
}

// The sum of all balances is the supply, which fits; so does each balance.
static int give(struct app_ctx *ctx, struct slice to, struct coins coins)
{
    for (size_t i = 0; i < coins.count; i++) {
        const struct coin *c = &coins.items[i];
        amount_t balance;
        if (!amount_add(bank_balance(ctx->kv, to, c->denom), c->amount, &balance))
            return ctx_fail(ctx, &CODE_LOGIC, "balance does not fit into 128 bits");
        bank_set_balance(ctx->kv, to, c->denom, balance);
    }
    return 0;
}

int bank_send(struct app_ctx *ctx, struct slice from, struct slice to, struct coins coins)
{
    struct account made;
    const char *from_text = ctx_addr_text(ctx, from), *to_text = ctx_addr_text(ctx, to);
    const char *amount = coins_text(coins, ctx->arena);
    int r = take(ctx, from, coins);
    if (r)
        return r;
    ctx_emit(ctx, "coin_spent", "spender", from_text, "amount", amount, NULL);
    r = give(ctx, to, coins);
    if (r)
        return r;
    ctx_emit(ctx, "coin_received", "receiver", to_text, "amount", amount, NULL);
    if (!auth_exists(ctx->kv, to))
        auth_create(ctx->kv, to, &made);
    ctx_emit(ctx, "transfer", "recipient", to_text, "sender", from_text, "amount", amount, NULL);
    ctx_emit(ctx, "message", "sender", from_text, NULL);
    return 0;
}

int bank_burn(struct app_ctx *ctx, struct slice from, struct coins coins)
{
    const char *from_text = ctx_addr_text(ctx, from), *amount = coins_text(coins, ctx->arena);
    int r = take(ctx, from, coins);
    if (r)
        return r;
    ctx_emit(ctx, "coin_spent", "spender", from_text, "amount", amount, NULL);
    for (size_t i = 0; i < coins.count; i++) {
        const struct coin *c = &coins.items[i];
        amount_t supply = bank_supply(ctx->kv, c->denom);
        if (supply < c->amount)
            return ctx_fail(ctx, &CODE_LOGIC, "supply of %s is smaller than what is burned",
                            c->denom);
        bank_set_supply(ctx->kv, c->denom, supply - c->amount);
    }
    ctx_emit(ctx, "burn", "burner", from_text, "amount", amount, NULL);
    return 0;
}

// ---- messages

const char *bank_raw_text(Cosmos__Base__V1beta1__Coin *const *list, size_t count,
                          struct arena *arena)
{
    CLEANUP_BUF struct buf text = {0};
    for (size_t i = 0; i < count; i++) {
        buf_append_str(&text, i ? "," : "");
        buf_append_str(&text, list[i]->amount);
        buf_append_str(&text, list[i]->denom);
    }
    return arena_strndup(arena, buf_cstr(&text), text.len);
}

static int check_address(struct app_ctx *ctx, const char *what, const char *text, struct addr *ret)
{
    struct err e;
    if (ctx_addr_parse(ctx, text, ret, &e) < 0)
        return ctx_fail(ctx, &CODE_INVALID_ADDRESS, "invalid %s address: %s", what, e.text);
    return 0;
}

// Parsed, valid and not empty.
static int check_coins(struct app_ctx *ctx, Cosmos__Base__V1beta1__Coin *const *list, size_t count,
                       struct coins *ret)
{
    if (count == 0 || coins_from_pb(list, count, ctx->arena, ret, NULL) < 0)
        return ctx_fail(ctx, &CODE_INVALID_COINS, "%s", bank_raw_text(list, count, ctx->arena));
    return 0;
}

static int check_sendable(struct app_ctx *ctx, struct coins coins)
{
    struct bank_params params;
    bank_get_params(ctx->kv, ctx->arena, &params);
    for (size_t i = 0; i < coins.count; i++) {
        bool enabled = params.default_send_enabled;
        for (size_t j = 0; j < params.count; j++)
            if (strcmp(params.list[j].denom, coins.items[i].denom) == 0)
                enabled = params.list[j].enabled;
        if (!enabled)
            return ctx_fail(ctx, &CODE_SEND_DISABLED, "%s transfers are currently disabled",
                            coins.items[i].denom);
    }
    return 0;
}

static int check_receiver(struct app_ctx *ctx, const struct addr *to)
{
    if (auth_is_module_address(ctx->app, addr_slice(to)))
        return ctx_fail(ctx, &CODE_UNAUTHORIZED, "%s is not allowed to receive funds",
                        ctx_addr_text(ctx, addr_slice(to)));
    return 0;
}

int msg_bank_send_check(struct app_ctx *ctx, const void *message)
{
    const Cosmos__Bank__V1beta1__MsgSend *m = message;
    struct addr from, to;
    struct coins coins;
    int r = check_address(ctx, "from", m->from_address, &from);
    if (r == 0)
        r = check_address(ctx, "to", m->to_address, &to);
    return r ? r : check_coins(ctx, m->amount, m->n_amount, &coins);
}

int msg_bank_send_run(struct app_ctx *ctx, const void *message, void **ret_response)
{
    const Cosmos__Bank__V1beta1__MsgSend *m = message;
    struct addr from, to;
    struct coins coins;
    int r = check_address(ctx, "from", m->from_address, &from);
    if (r == 0)
        r = check_address(ctx, "to", m->to_address, &to);
    if (r == 0)
        r = check_coins(ctx, m->amount, m->n_amount, &coins);
    if (r == 0)
        r = check_sendable(ctx, coins);
    if (r == 0)
        r = check_receiver(ctx, &to);
    if (r == 0)
        r = bank_send(ctx, addr_slice(&from), addr_slice(&to), coins);
    if (r)
        return r;
    Cosmos__Bank__V1beta1__MsgSendResponse *response = arena_alloc(ctx->arena, sizeof *response);
    cosmos__bank__v1beta1__msg_send_response__init(response);
    *ret_response = response;
    return 0;
}

// One input, as in the SDK since 0.47; what goes out must be what comes in.
static int check_sums(struct app_ctx *ctx, const Cosmos__Bank__V1beta1__MsgMultiSend *m)
{
    struct addr address;
    struct coins in, out, sum = {0};
    int r = check_address(ctx, "input", m->inputs[0]->address, &address);
    if (r == 0)
        r = check_coins(ctx, m->inputs[0]->coins, m->inputs[0]->n_coins, &in);
    for (size_t i = 0; i < m->n_outputs && r == 0; i++) {
        r = check_address(ctx, "output", m->outputs[i]->address, &address);
        if (r == 0)
            r = check_coins(ctx, m->outputs[i]->coins, m->outputs[i]->n_coins, &out);
        if (r == 0 && coins_add(sum, out, ctx->arena, &sum))
            return ctx_fail_root(ctx, &CODE_INPUT_OUTPUT_MISMATCH);
    }
    if (r)
        return r;
    if (!coins_equal(in, sum))
        return ctx_fail_root(ctx, &CODE_INPUT_OUTPUT_MISMATCH);
    return 0;
}

int msg_bank_multi_send_check(struct app_ctx *ctx, const void *message)
{
    const Cosmos__Bank__V1beta1__MsgMultiSend *m = message;
    if (m->n_inputs == 0)
        return ctx_fail_root(ctx, &CODE_NO_INPUTS);
    if (m->n_inputs != 1)
        return ctx_fail_root(ctx, &CODE_MULTIPLE_SENDERS);
    if (m->n_outputs == 0)
        return ctx_fail_root(ctx, &CODE_NO_OUTPUTS);
    return check_sums(ctx, m);
}

// The SDK's order and events: all of the input is spent, then each output received.
static int multi_send_outputs(struct app_ctx *ctx, const Cosmos__Bank__V1beta1__MsgMultiSend *m)
{
    for (size_t i = 0; i < m->n_outputs; i++) {
        struct account made;
        struct addr to;
        struct coins coins;
        int r = check_address(ctx, "output", m->outputs[i]->address, &to);
        if (r == 0)
            r = check_coins(ctx, m->outputs[i]->coins, m->outputs[i]->n_coins, &coins);
        if (r == 0)
            r = check_receiver(ctx, &to);
        if (r == 0)
            r = give(ctx, addr_slice(&to), coins);
        if (r)
            return r;
        const char *text = coins_text(coins, ctx->arena);
        const char *receiver = ctx_addr_text(ctx, addr_slice(&to));
        ctx_emit(ctx, "coin_received", "receiver", receiver, "amount", text, NULL);
        ctx_emit(ctx, "transfer", "recipient", receiver, "amount", text, NULL);
        if (!auth_exists(ctx->kv, addr_slice(&to)))
            auth_create(ctx->kv, addr_slice(&to), &made);
    }
    return 0;
}

int msg_bank_multi_send_run(struct app_ctx *ctx, const void *message, void **ret_response)
{
    const Cosmos__Bank__V1beta1__MsgMultiSend *m = message;
    struct addr from;
    struct coins coins;
    int r = msg_bank_multi_send_check(ctx, message);
    if (r == 0)
        r = check_address(ctx, "input", m->inputs[0]->address, &from);
    if (r == 0)
        r = check_coins(ctx, m->inputs[0]->coins, m->inputs[0]->n_coins, &coins);
    if (r == 0)
        r = check_sendable(ctx, coins);
    if (r == 0)
        r = take(ctx, addr_slice(&from), coins);
    if (r)
        return r;
    const char *sender = ctx_addr_text(ctx, addr_slice(&from));
    ctx_emit(ctx, "coin_spent", "spender", sender, "amount", coins_text(coins, ctx->arena), NULL);
    ctx_emit(ctx, "message", "sender", sender, NULL);
    r = multi_send_outputs(ctx, m);
    if (r)
        return r;
    Cosmos__Bank__V1beta1__MsgMultiSendResponse *response =
        arena_alloc(ctx->arena, sizeof *response);
    cosmos__bank__v1beta1__msg_multi_send_response__init(response);
    *ret_response = response;
    return 0;
}
