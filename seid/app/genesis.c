// Reads app_state. The two lists that can be long, accounts and balances, are walked in the text;
// only one element at a time is parsed.
#include <errno.h>
#include <string.h>

#include "seid/app/app_impl.h"
#include "seid/app/bank.h"
#include "seid/app/genesis.h"
#include "seid/app/gov.h"
#include "seid/app/json_scan.h"
#include "seid/app/keys.h"
#include "seid/app/staking.h"
#include "seid/app/upgrade.h"

static int import_members(struct gen *g, const char *module, struct slice text,
                          int (*import)(struct gen *, struct slice, struct slice))
{
    struct json_scan s;
    struct slice key, value;
    int more;
    gen_at(g, "%s", module);
    if (!json_scan_begin(&s, text) || s.close != '}')
        return gen_fail(g, "", "must be an object");
    while ((more = json_scan_next(&s, &key, &value)) > 0) {
        arena_clear(g->ctx.arena);
        gen_at(g, "%s.%.*s", module, (int)(key.len > 64 ? 64 : key.len), (const char *)key.data);
        int r = import(g, key, value);
        if (r < 0)
            return r;
    }
    gen_at(g, "%s", module);
    return more < 0 ? gen_fail(g, "", "malformed JSON") : 0;
}

static int import_nothing(struct gen *g, struct slice name, struct slice value)
{
    return gen_must_be_empty(g, "", value);
}

static const struct {
    const char *name;
    int (*import)(struct gen *, struct slice, struct slice);
} gen_modules[] = {
    {"auth", gen_import_auth},       {"bank", gen_import_bank},       {"gov", gen_import_gov},
    {"staking", gen_import_staking}, {"upgrade", gen_import_upgrade}, {"genutil", import_nothing},
};
enum { GEN_MODULES = sizeof gen_modules / sizeof *gen_modules };

static int import_module(struct gen *g, struct slice name, struct slice value, unsigned *seen)
{
    for (unsigned i = 0; i < GEN_MODULES; i++) {
        if (!slice_eq(name, slice_str(gen_modules[i].name)))
            continue;
        gen_at(g, "%s", gen_modules[i].name);
        if (*seen & 1u << i)
            return gen_fail(g, "", "twice");
        *seen |= 1u << i;
        return import_members(g, gen_modules[i].name, value, gen_modules[i].import);
    }
    gen_at(g, "%.*s", (int)(name.len > 64 ? 64 : name.len), (const char *)name.data);
    return gen_must_be_empty(g, "", value);
}

static int import_app_state(struct gen *g, struct slice text)
{
    struct json_scan s;
    struct slice key, value;
    unsigned seen = 0;
    int more;
    g->path[0] = 0;
    if (!json_scan_begin(&s, text) || s.close != '}')
        return err_set(g->e, -EINVAL, "app_state: must be an object");
    while ((more = json_scan_next(&s, &key, &value)) > 0) {
        int r = import_module(g, key, value, &seen);
        if (r < 0)
            return r;
    }
    return more < 0 ? err_set(g->e, -EINVAL, "app_state: malformed JSON") : 0;
}

// What the file does not say is stored as its default, so that an export says all of it.
static void finish_params(struct gen *g)
{
    struct app_ctx *ctx = &g->ctx;
    struct auth_params auth;
    struct bank_params bank;
    struct key k;
    auth_get_params(ctx->kv, &auth);
    auth_set_params(ctx->kv, &auth);
    bank_get_params(ctx->kv, ctx->arena, &bank);
    bank_set_params(ctx->kv, ctx->arena, &bank);
    const char *denom = staking_bond_denom(ctx->kv, ctx->arena);
    staking_set_bond_denom(ctx->kv, denom);
    key_begin(&k, SPACE_GOV, GOV_PARAMS);
    if (!kv_has(ctx->kv, key_slice(&k)))
        gov_params_set(ctx->kv, ctx->arena, gov_params_default(ctx->arena, denom));
    gov_set_next_id(ctx->kv, gov_next_id(ctx->kv));
}

static void finish_upgrade(struct gen *g)
{
    // Versions that the state brought stay.
    static const char *const names[] = {"auth", "bank", "gov", "staking", "upgrade"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (upgrade_module_version(g->ctx.kv, slice_str(names[i])) == 0)
            upgrade_set_module_version(g->ctx.kv, slice_str(names[i]), 1);
}

int app_init_chain(struct app *a, struct kv *state, const struct app_genesis *genesis,
                   struct err *e)
{
    CLEANUP_ARENA struct arena scratch = {0};
    struct gas_meter gas = {0};
    struct app_events events = {0};
    struct gen g = {.e = e};
    struct coin totals[COINS_MAX];
    g.totals = totals;
    ctx_init(&g.ctx, a, state, &scratch, &gas, &events, 0, genesis->time_ns);
    g.ctx.kv = state;

    int r = import_app_state(&g, genesis->app_state_json);
    if (r == 0)
        r = gen_finish_bank(&g);
    if (r == 0)
        r = gen_finish_staking(&g, genesis);
    if (r == 0)
        r = gen_finish_gov(&g);
    if (r == 0) {
        finish_params(&g);
        finish_upgrade(&g);
        for (int i = 0; i < AUTH_MODULES; i++)
            auth_ensure_module(&g.ctx, (enum auth_module)i);
        if (kv_error(state)) {
            r = err_set(e, state->error.code, "%s", state->error.text);
            err_context(e, "state of the genesis");
        }
    }
    arena_deinit(&g.arena);
    return r;
}
