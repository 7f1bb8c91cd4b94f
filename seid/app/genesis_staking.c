// app_state.staking
#include <stdio.h>
#include <string.h>

#include "seid/app/auth.h"
#include "seid/app/genesis.h"
#include "seid/app/staking.h"

static int import_validator(struct gen *g, size_t index, const json_t *json, void *arg)
{
    struct staking_validator v = {0};
    struct addr operator_address;
    const char *type, *tokens, *status;
    size_t len;
    int r = gen_address(g, json, "operator_address", ADDR_HRP_VAL, &operator_address);
    if (r == 0)
        r = gen_key(g, json, "consensus_pubkey", &type, v.pub_key, sizeof v.pub_key, &len);
    if (r == 0)
        r = gen_string(g, json, "tokens", &tokens);
    if (r == 0)
        r = gen_string(g, json, "status", &status);
    if (r < 0)
        return r;
    if (operator_address.len != ADDR_LEN)
        return gen_fail(g, "operator_address", "must have 20 bytes");
    if (strcmp(type, AUTH_URL_ED25519) != 0 || len != 32)
        return gen_fail(g, "consensus_pubkey", "must be an ed25519 key of 32 bytes");
    if (amount_parse(slice_str(tokens), &v.tokens, NULL) < 0 || v.tokens > GEN_TOKENS_MAX)
        return gen_fail(g, "tokens", "must be a number of at most 18 digits");
    v.bonded = strcmp(status, "BOND_STATUS_BONDED") == 0;
    if (!v.bonded && strcmp(status, "BOND_STATUS_UNBONDED") != 0 &&
        strcmp(status, "BOND_STATUS_UNBONDING") != 0)
        return gen_fail(g, "status", "must be BOND_STATUS_BONDED, _UNBONDING or _UNBONDED");
    const char *moniker =
        json_string_value(json_object_get(json_object_get(json, "description"), "moniker"));
    v.moniker = slice_str(moniker);
    if (v.moniker.len > 1024)
        return gen_fail(g, "description.moniker", "longer than 1024 bytes");
    memcpy(v.operator_address, operator_address.bytes, ADDR_LEN);
    staking_set(g->ctx.kv, &v);
    return 0;
}

static int import_staking_params(struct gen *g, struct slice text)
{
    CLEANUP_JSON json_t *json = NULL;
    const char *denom;
    gen_at(g, "staking.params");
    int r = gen_parse(g, text, &json);
    if (r == 0)
        r = gen_string(g, json, "bond_denom", &denom);
    if (r < 0)
        return r;
    if (!coins_denom_valid(denom))
        return gen_fail(g, "bond_denom", "no denom");
    staking_set_bond_denom(g->ctx.kv, denom);
    return 0;
}

int gen_import_staking(struct gen *g, struct slice name, struct slice value)
{
    if (slice_eq(name, SLICE_LIT("validators")))
        return gen_each(g, "staking.validators", value, import_validator, NULL);
    if (slice_eq(name, SLICE_LIT("params")))
        return import_staking_params(g, value);
    // Facts that follow from the validators.
    if (slice_eq(name, SLICE_LIT("last_total_power")) ||
        slice_eq(name, SLICE_LIT("last_validator_powers")) || slice_eq(name, SLICE_LIT("exported")))
        return 0;
    if (slice_eq(name, SLICE_LIT("delegations")) ||
        slice_eq(name, SLICE_LIT("unbonding_delegations")) ||
        slice_eq(name, SLICE_LIT("redelegations"))) {
        char member[64];
        snprintf(member, sizeof member, "%.*s", (int)name.len, (const char *)name.data);
        return gen_must_be_empty(g, member, value);
    }
    return gen_fail(g, "", "unknown member");
}

static bool same_validator(const struct staking_validator *v,
                           const struct app_genesis_validator *genesis)
{
    return memcmp(v->pub_key, genesis->pub_key, 32) == 0 && genesis->power > 0 &&
           v->tokens / STAKING_POWER_REDUCTION == (amount_t)genesis->power;
}

int gen_finish_staking(struct gen *g, const struct app_genesis *genesis)
{
    struct staking_validator *list;
    size_t count = staking_all(g->ctx.kv, &g->arena, &list), bonded = 0;
    gen_at(g, "staking.validators");
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        if (!list[i].bonded)
            continue;
        bonded++;
        for (size_t j = 0; j < genesis->validator_count && !found; j++)
            found = same_validator(&list[i], &genesis->validators[j]);
        if (!found)
            return gen_fail(g, "",
                            "the one of %.*s is not among the genesis file's validators with the "
                            "power of its tokens divided by 1000000",
                            (int)list[i].moniker.len, (const char *)list[i].moniker.data);
    }
    if (bonded != genesis->validator_count)
        return gen_fail(g, "", "%zu are bonded, but the genesis file has %zu validators", bonded,
                        genesis->validator_count);
    return 0;
}
