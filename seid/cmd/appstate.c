#include "seid/cmd/appstate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "wire/addr.h"

enum { POWER_REDUCTION = 1000000 };

void appstate_default_options(struct appstate_options *ret)
{
    *ret = (struct appstate_options){
        .denom = "usei",
        .voting_period = "172800s",
        .expedited_period = "86400s",
        .deposit_period = "172800s",
        .min_deposit = "10000000",
        .expedited_min_deposit = "20000000",
    };
}

static json_t *one_coin(const char *amount, const char *denom)
{
    return json_pack("[{s:s,s:s}]", "denom", denom, "amount", amount);
}

static json_t *auth_state(void)
{
    return json_pack("{s:{s:s,s:s,s:s,s:s,s:s},s:[]}", "params", "max_memo_characters", "256",
                     "tx_sig_limit", "7", "tx_size_cost_per_byte", "10", "sig_verify_cost_ed25519",
                     "590", "sig_verify_cost_secp256k1", "1000", "accounts");
}

static json_t *bank_state(void)
{
    return json_pack("{s:{s:[],s:b},s:[],s:[],s:[],s:[]}", "params", "send_enabled",
                     "default_send_enabled", 1, "balances", "supply", "denom_metadata",
                     "send_enabled");
}

static json_t *gov_params(const struct appstate_options *o)
{
    static const char *const fixed[][2] = {
        {"quorum", "0.334000000000000000"},
        {"threshold", "0.500000000000000000"},
        {"veto_threshold", "0.334000000000000000"},
        {"min_initial_deposit_ratio", "0.000000000000000000"},
        {"proposal_cancel_ratio", "0.500000000000000000"},
        {"proposal_cancel_dest", ""},
    };
    json_t *p =
        json_pack("{s:o,s:s,s:s}", "min_deposit", one_coin(o->min_deposit, o->denom),
                  "max_deposit_period", o->deposit_period, "voting_period", o->voting_period);
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        json_object_set_new(p, fixed[i][0], json_string(fixed[i][1]));
    json_object_set_new(p, "expedited_voting_period", json_string(o->expedited_period));
    json_object_set_new(p, "expedited_threshold", json_string("0.667000000000000000"));
    json_object_set_new(p, "expedited_min_deposit", one_coin(o->expedited_min_deposit, o->denom));
    json_object_set_new(p, "burn_vote_quorum", json_false());
    json_object_set_new(p, "burn_proposal_deposit_prevote", json_false());
    json_object_set_new(p, "burn_vote_veto", json_true());
    json_object_set_new(p, "min_deposit_ratio", json_string("0.010000000000000000"));
    return p;
}

static json_t *gov_state(const struct appstate_options *o)
{
    return json_pack("{s:s,s:[],s:[],s:[],s:n,s:n,s:n,s:o,s:s}", "starting_proposal_id", "1",
                     "deposits", "votes", "proposals", "deposit_params", "voting_params",
                     "tally_params", "params", gov_params(o), "constitution", "");
}

static json_t *staking_state(const struct appstate_options *o)
{
    json_t *params =
        json_pack("{s:s,s:i,s:i,s:i,s:s,s:s}", "unbonding_time", "1814400s", "max_validators", 100,
                  "max_entries", 7, "historical_entries", 10000, "bond_denom", o->denom,
                  "min_commission_rate", "0.000000000000000000");
    return json_pack("{s:o,s:s,s:[],s:[],s:[],s:[],s:[],s:b}", "params", params, "last_total_power",
                     "0", "last_validator_powers", "validators", "delegations",
                     "unbonding_delegations", "redelegations", "exported", 0);
}

json_t *appstate_new(const struct appstate_options *o)
{
    return json_pack("{s:o,s:o,s:o,s:o,s:{}}", "auth", auth_state(), "bank", bank_state(), "gov",
                     gov_state(o), "staking", staking_state(o), "upgrade");
}

// ---- reading -----------------------------------------------------------------------------------

static json_t *list_of(const json_t *state, const char *module, const char *name, struct err *e)
{
    json_t *list = json_object_get(json_object_get(state, module), name);
    if (json_is_array(list))
        return list;
    err_set(e, -EINVAL, "app_state.%s.%s: expected a list", module, name);
    return NULL;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

// The address of an account of any type.
static const char *account_address(const json_t *account)
{
    const json_t *base = json_object_get(account, "base_account");
    return text_of(base ? base : account, "address");
}

static json_t *find(const json_t *list, const char *name, const char *text)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(text_of(json_array_get(list, i), name), text) == 0)
            return json_array_get(list, i);
    return NULL;
}

// ---- accounts ----------------------------------------------------------------------------------

static const char *amount_text(amount_t amount, struct arena *arena)
{
    char text[AMOUNT_TEXT_MAX];
    unsigned len = amount_format(amount, text);
    return arena_strndup(arena, text, len);
}

static json_t *coin_json(const struct coin *coin, struct arena *arena)
{
    return json_pack("{s:s,s:s}", "denom", coin->denom, "amount", amount_text(coin->amount, arena));
}

static json_t *coins_json(const struct coins *coins, struct arena *arena)
{
    json_t *list = json_array();
    for (size_t i = 0; i < coins->count; i++)
        json_array_append_new(list, coin_json(&coins->items[i], arena));
    return list;
}

// One entry of a list of coins, as a coin.
static int read_coin(const json_t *json, struct coin *ret, struct err *e)
{
    const char *amount = text_of(json, "amount");
    ret->denom = text_of(json, "denom");
    if (!coins_denom_valid(ret->denom) || amount_parse(slice_str(amount), &ret->amount, NULL) < 0)
        return err_set(e, -EINVAL, "app_state.bank: invalid coin \"%.80s%.80s\"", amount,
                       ret->denom);
    return 0;
}

// Keeps the list sorted by denom.
static int add_supply(json_t *supply, const struct coin *coin, struct arena *arena, struct err *e)
{
    size_t i = 0;
    for (; i < json_array_size(supply); i++) {
        json_t *entry = json_array_get(supply, i);
        int order = strcmp(text_of(entry, "denom"), coin->denom);
        struct coin sum;
        if (order > 0)
            break;
        if (order < 0)
            continue;
        int r = read_coin(entry, &sum, e);
        if (r < 0)
            return r;
        if (!amount_add(sum.amount, coin->amount, &sum.amount))
            return err_set(e, -EINVAL, "the supply of %s passes 128 bits", coin->denom);
        json_object_set_new(entry, "amount", json_string(amount_text(sum.amount, arena)));
        return 0;
    }
    json_array_insert_new(supply, i, coin_json(coin, arena));
    return 0;
}

int appstate_add_account(json_t *state, const char *address, const struct coins *coins,
                         struct arena *arena, struct err *e)
{
    json_t *accounts = list_of(state, "auth", "accounts", e);
    json_t *balances = accounts ? list_of(state, "bank", "balances", e) : NULL;
    json_t *supply = balances ? list_of(state, "bank", "supply", e) : NULL;
    if (!supply)
        return -EINVAL;
    for (size_t i = 0; i < json_array_size(accounts); i++)
        if (strcmp(account_address(json_array_get(accounts, i)), address) == 0) {
            err_set(e, -EEXIST, "cannot add account at existing address %s", address);
            return APPSTATE_EXISTS;
        }
    for (size_t i = 0; i < coins->count; i++) {
        int r = add_supply(supply, &coins->items[i], arena, e);
        if (r < 0)
            return r;
    }
    json_array_append_new(
        accounts, json_pack("{s:s,s:s,s:n,s:s,s:s}", "@type", "/cosmos.auth.v1beta1.BaseAccount",
                            "address", address, "pub_key", "account_number", "0", "sequence", "0"));
    if (coins->count)
        json_array_append_new(balances, json_pack("{s:s,s:o}", "address", address, "coins",
                                                  coins_json(coins, arena)));
    return 0;
}

// ---- validators --------------------------------------------------------------------------------

int appstate_add_validator(json_t *state, const struct appstate_validator *v, struct err *e)
{
    json_t *list = list_of(state, "staking", "validators", e);
    if (!list)
        return -EINVAL;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        bool same_operator = strcmp(text_of(entry, "operator_address"), v->operator_address) == 0;
        bool same_key =
            strcmp(text_of(json_object_get(entry, "consensus_pubkey"), "key"), v->pubkey) == 0;
        if (same_operator || same_key) {
            err_set(e, -EEXIST, "a validator with %s is already there",
                    same_operator ? v->operator_address : "this consensus key");
            return APPSTATE_EXISTS;
        }
    }
    json_t *entry =
        json_pack("{s:s,s:{s:s,s:s},s:b,s:s,s:s,s:s,s:{s:s,s:s,s:s,s:s,s:s}}", "operator_address",
                  v->operator_address, "consensus_pubkey", "@type", "/cosmos.crypto.ed25519.PubKey",
                  "key", v->pubkey, "jailed", 0, "status", "BOND_STATUS_BONDED", "tokens",
                  v->tokens, "delegator_shares", v->tokens, "description", "moniker", v->moniker,
                  "identity", "", "website", "", "security_contact", "", "details", "");
    if (!entry)
        return err_set(e, -EINVAL, "the moniker is not UTF-8");
    json_array_append_new(list, entry);
    return 0;
}

// ---- checking ----------------------------------------------------------------------------------

static int check_address(const char *path, const char *hrp, const char *text, struct err *e)
{
    uint8_t ignored[20];
    if (addr_parse20(hrp, slice_str(text), ignored, e) < 0)
        return err_context(e, "app_state.%s", path);
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// None twice.
static int check_unique(const char *what, const char **texts, size_t count, struct err *e)
{
    if (count)
        qsort(texts, count, sizeof *texts, by_text);
    for (size_t i = 1; i < count; i++)
        if (strcmp(texts[i - 1], texts[i]) == 0)
            return err_set(e, -EINVAL, "app_state.%s: %s stands there twice", what, texts[i]);
    return 0;
}

static int check_accounts(const json_t *state, struct arena *arena, struct err *e)
{
    json_t *list = list_of(state, "auth", "accounts", e);
    if (!list)
        return -EINVAL;
    size_t count = json_array_size(list);
    const char **texts = arena_alloc(arena, (count + 1) * sizeof *texts);
    for (size_t i = 0; i < count; i++) {
        texts[i] = account_address(json_array_get(list, i));
        int r = check_address("auth.accounts", ADDR_HRP_ACC, texts[i], e);
        if (r < 0)
            return r;
    }
    return check_unique("auth.accounts", texts, count, e);
}

static int sum_balance(const json_t *coins, json_t *sums, struct arena *arena, struct err *e)
{
    for (size_t i = 0; i < json_array_size(coins); i++) {
        struct coin coin;
        int r = read_coin(json_array_get(coins, i), &coin, e);
        if (r == 0)
            r = add_supply(sums, &coin, arena, e);
        if (r < 0)
            return r;
    }
    return 0;
}

static int compare_supply(const json_t *supply, const json_t *sums, struct err *e)
{
    for (size_t i = 0; i < json_array_size(supply); i++) {
        struct coin coin;
        int r = read_coin(json_array_get(supply, i), &coin, e);
        if (r < 0)
            return r;
        const char *declared = text_of(json_array_get(supply, i), "amount");
        const json_t *found = find(sums, "denom", coin.denom);
        const char *sum = found ? text_of(found, "amount") : "0";
        if (strcmp(sum, declared) != 0)
            return err_set(e, -EINVAL, "app_state.bank.supply: %s of %s, but the balances hold %s",
                           declared, coin.denom, sum);
    }
    for (size_t i = 0; i < json_array_size(sums); i++) {
        const char *denom = text_of(json_array_get(sums, i), "denom");
        if (!find(supply, "denom", denom))
            return err_set(e, -EINVAL, "app_state.bank.supply: %s is missing", denom);
    }
    return 0;
}

static int check_balances(const json_t *state, struct arena *arena, struct err *e)
{
    json_t *balances = list_of(state, "bank", "balances", e);
    json_t *supply = balances ? list_of(state, "bank", "supply", e) : NULL;
    if (!supply)
        return -EINVAL;
    size_t count = json_array_size(balances);
    const char **texts = arena_alloc(arena, (count + 1) * sizeof *texts);
    json_t *sums = json_array();
    int r = 0;
    for (size_t i = 0; i < count && r == 0; i++) {
        const json_t *entry = json_array_get(balances, i);
        texts[i] = text_of(entry, "address");
        r = check_address("bank.balances", ADDR_HRP_ACC, texts[i], e);
        if (r == 0)
            r = sum_balance(json_object_get(entry, "coins"), sums, arena, e);
    }
    if (r == 0)
        r = check_unique("bank.balances", texts, count, e);
    // An empty supply is worked out by the chain, as the SDK does.
    if (r == 0 && json_array_size(supply))
        r = compare_supply(supply, sums, e);
    json_decref(sums);
    return r;
}

static int check_validators(const json_t *state, const struct appstate_power *powers, size_t count,
                            struct err *e)
{
    json_t *list = list_of(state, "staking", "validators", e);
    if (!list)
        return -EINVAL;
    size_t bonded = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *v = json_array_get(list, i);
        int r =
            check_address("staking.validators", ADDR_HRP_VAL, text_of(v, "operator_address"), e);
        if (r < 0)
            return r;
        if (strcmp(text_of(v, "status"), "BOND_STATUS_BONDED") != 0)
            continue;
        bonded++;
        const char *key = text_of(json_object_get(v, "consensus_pubkey"), "key");
        long long power = strtoll(text_of(v, "tokens"), NULL, 10) / POWER_REDUCTION;
        size_t k = 0;
        while (k < count && strcmp(powers[k].pubkey, key) != 0)
            k++;
        if (k == count)
            return err_set(e, -EINVAL, "app_state.staking.validators: %s is not in validators",
                           text_of(v, "operator_address"));
        if (powers[k].power != power)
            return err_set(e, -EINVAL,
                           "app_state.staking.validators: %s has tokens for a power of %lld, but "
                           "validators says %lld",
                           text_of(v, "operator_address"), power, (long long)powers[k].power);
    }
    if (bonded != count)
        return err_set(e, -EINVAL,
                       "validators has %zu entries, app_state.staking.validators %zu bonded ones",
                       count, bonded);
    return 0;
}

int appstate_check(const json_t *state, const struct appstate_power *validators, size_t count,
                   struct arena *arena, struct err *e)
{
    int r = check_accounts(state, arena, e);
    if (r == 0)
        r = check_balances(state, arena, e);
    return r ? r : check_validators(state, validators, count, e);
}
