#include <inttypes.h>
#include <string.h>

#include "seid/app/app_impl.h"
#include "seid/app/bank.h"
#include "seid/app/gov.h"
#include "wire/proto/cosmos_base_v1beta1_coin.pb-c.h"
#include "wire/proto/cosmos_gov_v1_gov.pb-c.h"

static struct slice gov_account(struct app_ctx *ctx)
{
    return auth_module_address(ctx->app, AUTH_GOV);
}

// A ratio from the parameters; absent is 0.
static struct dec ratio_of(const char *text)
{
    struct dec ratio = dec_zero();
    if (text && *text && dec_parse(slice_str(text), &ratio, NULL) < 0)
        return dec_zero();
    return ratio;
}

static struct coins mul_ratio(struct app_ctx *ctx, struct coins coins, struct dec ratio)
{
    struct coin *out = arena_alloc(ctx->arena, (coins.count + 1) * sizeof *out);
    size_t count = 0;
    for (size_t i = 0; i < coins.count; i++) {
        amount_t part;
        if (dec_mul_amount_floor(ratio, coins.items[i].amount, &part) != 0)
            part = AMOUNT_MAX;
        if (part)
            out[count++] = (struct coin){coins.items[i].denom, part};
    }
    return (struct coins){out, count};
}

static struct coins min_deposit(struct app_ctx *ctx, const Cosmos__Gov__V1__Params *p,
                                bool expedited)
{
    struct coins coins = {0};
    if (expedited)
        coins_from_pb(p->expedited_min_deposit, p->n_expedited_min_deposit, ctx->arena, &coins,
                      NULL);
    else
        coins_from_pb(p->min_deposit, p->n_min_deposit, ctx->arena, &coins, NULL);
    return coins;
}

static int check_denoms(struct app_ctx *ctx, struct coins deposit, struct coins accepted)
{
    for (size_t i = 0; i < deposit.count; i++)
        if (coins_amount_of(accepted, deposit.items[i].denom) == 0)
            return ctx_fail(ctx, &CODE_INVALID_DEPOSIT_DENOM,
                            "deposited %s, but gov accepts only the denominations of %s",
                            coins_text(deposit, ctx->arena), coins_text(accepted, ctx->arena));
    return 0;
}

int gov_check_initial_deposit(struct app_ctx *ctx, const Cosmos__Gov__V1__Params *p,
                              Cosmos__Base__V1beta1__Coin **list, size_t count, bool expedited)
{
    struct coins deposit = {0}, min = min_deposit(ctx, p, expedited);
    struct dec ratio = ratio_of(p->min_initial_deposit_ratio);
    if (count && coins_from_pb(list, count, ctx->arena, &deposit, NULL) < 0)
        return ctx_fail(ctx, &CODE_INVALID_COINS, "%s", bank_raw_text(list, count, ctx->arena));
    int r = check_denoms(ctx, deposit, min);
    if (r || ratio.raw <= 0)
        return r;
    struct coins need = mul_ratio(ctx, min, ratio);
    if (!coins_all_gte(deposit, need))
        return ctx_fail(ctx, &CODE_MIN_DEPOSIT, "was (%s), need (%s)",
                        coins_text(deposit, ctx->arena), coins_text(need, ctx->arena));
    return 0;
}

// At least one denom must reach min_deposit_ratio of what is needed.
static int check_ratio(struct app_ctx *ctx, const Cosmos__Gov__V1__Params *p, struct coins deposit,
                       struct coins min)
{
    struct dec ratio = ratio_of(p->min_deposit_ratio);
    if (ratio.raw <= 0 || deposit.count == 0)
        return 0;
    struct coins need = mul_ratio(ctx, min, ratio);
    for (size_t i = 0; i < deposit.count; i++)
        if (deposit.items[i].amount >= coins_amount_of(need, deposit.items[i].denom))
            return 0;
    return ctx_fail(ctx, &CODE_MIN_DEPOSIT,
                    "received %s but need at least one of the following: %s",
                    coins_text(deposit, ctx->arena), coins_text(need, ctx->arena));
}

static void start_voting(struct app_ctx *ctx, const Cosmos__Gov__V1__Params *p,
                         Cosmos__Gov__V1__Proposal *proposal)
{
    int64_t period =
        gov_duration_ns(proposal->expedited ? p->expedited_voting_period : p->voting_period);
    gov_queue_remove(ctx->kv, GOV_QUEUE_INACTIVE, gov_time_ns(proposal->deposit_end_time),
                     proposal->id);
    proposal->status = COSMOS__GOV__V1__PROPOSAL_STATUS__PROPOSAL_STATUS_VOTING_PERIOD;
    proposal->voting_start_time = gov_timestamp(ctx->arena, ctx->time_ns);
    proposal->voting_end_time = gov_timestamp(ctx->arena, ctx->time_ns + period);
    gov_queue_add(ctx->kv, GOV_QUEUE_ACTIVE, ctx->time_ns + period, proposal->id);
}

// Adds to what the depositor gave before.
static int remember(struct app_ctx *ctx, uint64_t id, struct slice depositor, struct coins coins)
{
    Cosmos__Gov__V1__Deposit *deposit = gov_deposit(ctx->kv, ctx->arena, id, depositor);
    Cosmos__Gov__V1__Deposit made = COSMOS__GOV__V1__DEPOSIT__INIT;
    struct coins sum = {0};
    if (!deposit) {
        deposit = &made;
        made.proposal_id = id;
        made.depositor = pb_str(ctx_addr_text(ctx, depositor));
    } else if (deposit->n_amount) {
        coins_from_pb(deposit->amount, deposit->n_amount, ctx->arena, &sum, NULL);
    }
    if (coins_add(sum, coins, ctx->arena, &sum) != 0)
        return ctx_fail(ctx, &CODE_LOGIC, "deposit does not fit into 128 bits");
    deposit->amount = coins_to_pb(sum, ctx->arena);
    deposit->n_amount = sum.count;
    gov_deposit_set(ctx->kv, ctx->arena, depositor, deposit);
    return 0;
}

static int add_total(struct app_ctx *ctx, Cosmos__Gov__V1__Proposal *proposal, struct coins coins,
                     struct coins *ret)
{
    struct coins total = {0};
    if (proposal->n_total_deposit)
        coins_from_pb(proposal->total_deposit, proposal->n_total_deposit, ctx->arena, &total, NULL);
    if (coins_add(total, coins, ctx->arena, &total) != 0)
        return ctx_fail(ctx, &CODE_LOGIC, "deposits do not fit into 128 bits");
    proposal->total_deposit = coins_to_pb(total, ctx->arena);
    proposal->n_total_deposit = total.count;
    *ret = total;
    return 0;
}

int gov_add_deposit(struct app_ctx *ctx, uint64_t id, struct slice depositor,
                    Cosmos__Base__V1beta1__Coin **list, size_t count, bool *ret_voting_started)
{
    const Cosmos__Gov__V1__Params *p = gov_params(ctx->kv, ctx->arena);
    Cosmos__Gov__V1__Proposal *proposal = gov_proposal(ctx->kv, ctx->arena, id);
    struct coins coins = {0}, total;
    *ret_voting_started = false;
    if (!proposal)
        return ctx_fail(ctx, &CODE_UNKNOWN_PROPOSAL, "%" PRIu64, id);
    bool in_deposit_period =
        proposal->status == COSMOS__GOV__V1__PROPOSAL_STATUS__PROPOSAL_STATUS_DEPOSIT_PERIOD;
    if (!in_deposit_period &&
        proposal->status != COSMOS__GOV__V1__PROPOSAL_STATUS__PROPOSAL_STATUS_VOTING_PERIOD)
        return ctx_fail(ctx, &CODE_INACTIVE_PROPOSAL, "%" PRIu64, id);
    if (count && coins_from_pb(list, count, ctx->arena, &coins, NULL) < 0)
        return ctx_fail(ctx, &CODE_INVALID_COINS, "%s", bank_raw_text(list, count, ctx->arena));
    struct coins min = min_deposit(ctx, p, proposal->expedited);
    int r = check_denoms(ctx, coins, min);
    if (r == 0)
        r = check_ratio(ctx, p, coins, min);
    if (r == 0)
        r = bank_send(ctx, depositor, gov_account(ctx), coins);
    if (r == 0)
        r = add_total(ctx, proposal, coins, &total);
    if (r)
        return r;
    if (in_deposit_period && coins_all_gte(total, min)) {
        start_voting(ctx, p, proposal);
        *ret_voting_started = true;
    }
    gov_proposal_set(ctx->kv, ctx->arena, proposal);
    ctx_emit(ctx, "proposal_deposit", "depositor", ctx_addr_text(ctx, depositor), "amount",
             coins_text(coins, ctx->arena), "proposal_id", arena_printf(ctx->arena, "%" PRIu64, id),
             NULL);
    return remember(ctx, id, depositor, coins);
}

// ---- the end of deposits

// The gov account holds what all deposits sum up to, so these transfers cannot fail.
static void give_back(struct app_ctx *ctx, const char *depositor, struct coins coins)
{
    struct addr address;
    if (coins.count && addr_parse(ADDR_HRP_ACC, slice_str(depositor), &address, NULL) == 0)
        bank_send(ctx, gov_account(ctx), addr_slice(&address), coins);
}

void gov_refund_deposits(struct app_ctx *ctx, uint64_t id)
{
    Cosmos__Gov__V1__Deposit **list;
    size_t count = gov_deposits(ctx->kv, ctx->arena, id, &list);
    for (size_t i = 0; i < count; i++) {
        struct coins coins = {0};
        coins_from_pb(list[i]->amount, list[i]->n_amount, ctx->arena, &coins, NULL);
        give_back(ctx, list[i]->depositor, coins);
    }
    gov_deposits_delete(ctx->kv, ctx->arena, id);
}

void gov_burn_deposits(struct app_ctx *ctx, uint64_t id)
{
    Cosmos__Gov__V1__Deposit **list;
    size_t count = gov_deposits(ctx->kv, ctx->arena, id, &list);
    for (size_t i = 0; i < count; i++) {
        struct coins coins = {0};
        coins_from_pb(list[i]->amount, list[i]->n_amount, ctx->arena, &coins, NULL);
        if (coins.count)
            bank_burn(ctx, gov_account(ctx), coins);
    }
    gov_deposits_delete(ctx->kv, ctx->arena, id);
}

static int charge(struct app_ctx *ctx, const Cosmos__Gov__V1__Params *p, struct coins charges)
{
    struct addr dest;
    if (charges.count == 0)
        return 0;
    if (!*p->proposal_cancel_dest)
        return bank_burn(ctx, gov_account(ctx), charges);
    if (addr_parse(ADDR_HRP_ACC, slice_str(p->proposal_cancel_dest), &dest, NULL) < 0)
        return ctx_fail(ctx, &CODE_INVALID_ADDRESS, "proposal_cancel_dest %s",
                        p->proposal_cancel_dest);
    return bank_send(ctx, gov_account(ctx), addr_slice(&dest), charges);
}

int gov_charge_deposits(struct app_ctx *ctx, uint64_t id, const Cosmos__Gov__V1__Params *p)
{
    Cosmos__Gov__V1__Deposit **list;
    struct dec ratio = ratio_of(p->proposal_cancel_ratio);
    struct coins charges = {0};
    size_t count = gov_deposits(ctx->kv, ctx->arena, id, &list);
    for (size_t i = 0; i < count; i++) {
        struct coins coins = {0}, rest = {0};
        coins_from_pb(list[i]->amount, list[i]->n_amount, ctx->arena, &coins, NULL);
        struct coins part = mul_ratio(ctx, coins, ratio);
        if (coins_sub(coins, part, ctx->arena, &rest) != 0 ||
            coins_add(charges, part, ctx->arena, &charges) != 0)
            return ctx_fail(ctx, &CODE_LOGIC, "proposal_cancel_ratio %s", p->proposal_cancel_ratio);
        give_back(ctx, list[i]->depositor, rest);
    }
    gov_deposits_delete(ctx->kv, ctx->arena, id);
    return charge(ctx, p, charges);
}
