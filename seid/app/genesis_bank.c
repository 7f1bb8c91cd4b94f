// app_state.bank
#include <stdlib.h>
#include <string.h>

#include "seid/app/app_impl.h"
#include "seid/app/bank.h"
#include "seid/app/genesis.h"
#include "seid/app/json_scan.h"
#include "wire/proto/cosmos_base_v1beta1_coin.pb-c.h"

static int add_total(struct gen *g, const struct coin *coin)
{
    for (size_t i = 0; i < g->total_count; i++)
        if (strcmp(g->totals[i].denom, coin->denom) == 0)
            return amount_add(g->totals[i].amount, coin->amount, &g->totals[i].amount)
                       ? 0
                       : gen_fail(g, "coins", "the sum does not fit into 128 bits");
    if (g->total_count == COINS_MAX)
        return gen_fail(g, "coins", "more than %d denoms", COINS_MAX);
    g->totals[g->total_count++] =
        (struct coin){arena_strndup(&g->arena, coin->denom, strlen(coin->denom)), coin->amount};
    return 0;
}

static int keep_balance(struct gen *g, const struct addr *address, struct coins coins)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < coins.count; i++) {
        const struct coin *c = &coins.items[i];
        if (bank_balance(g->ctx.kv, addr_slice(address), c->denom))
            return gen_fail(g, "address", "a second balance of this address");
        bank_set_balance(g->ctx.kv, addr_slice(address), c->denom, c->amount);
        r = add_total(g, c);
    }
    return r;
}

static int import_balance(struct gen *g, size_t index, const json_t *balance, void *arg)
{
    struct addr address;
    struct coins coins;
    int r = gen_address(g, balance, "address", ADDR_HRP_ACC, &address);
    if (r == 0)
        r = gen_coins(g, balance, "coins", &coins);
    return r < 0 ? r : keep_balance(g, &address, coins);
}

static bool plain_coin(struct slice text, struct arena *arena, Cosmos__Base__V1beta1__Coin *ret)
{
    struct json_scan s;
    struct slice key[2], value[2], more_key, more_value, denom, amount;
    if (!json_scan_begin(&s, text) || s.close != '}' ||
        json_scan_next(&s, &key[0], &value[0]) != 1 ||
        json_scan_next(&s, &key[1], &value[1]) != 1 ||
        json_scan_next(&s, &more_key, &more_value) != 0)
        return false;
    int d = slice_eq(key[0], SLICE_LIT("denom")) ? 0 : 1;
    if (!slice_eq(key[d], SLICE_LIT("denom")) || !slice_eq(key[1 - d], SLICE_LIT("amount")) ||
        !gen_plain_string(value[d], &denom) || !gen_plain_string(value[1 - d], &amount) ||
        memchr(denom.data, 0, denom.len) || memchr(amount.data, 0, amount.len))
        return false;
    cosmos__base__v1beta1__coin__init(ret);
    ret->denom = arena_strndup(arena, (const char *)denom.data, denom.len);
    ret->amount = arena_strndup(arena, (const char *)amount.data, amount.len);
    return true;
}

enum { PLAIN_COINS = 4 };

static bool plain_coins(struct slice text, struct arena *arena, struct coins *ret)
{
    Cosmos__Base__V1beta1__Coin coins[PLAIN_COINS], *list[PLAIN_COINS];
    struct json_scan s;
    struct slice key, value;
    size_t count = 0;
    int more;
    if (!json_scan_begin(&s, text) || s.close != ']')
        return false;
    while ((more = json_scan_next(&s, &key, &value)) > 0) {
        if (count == PLAIN_COINS || !plain_coin(value, arena, &coins[count]))
            return false;
        list[count] = &coins[count];
        count++;
    }
    return more == 0 && count && coins_from_pb(list, count, arena, ret, NULL) == 0;
}

// {"address": ..., "coins": [...]}, in this or the other order.
static bool plain_balance(struct slice text, struct arena *arena, struct addr *ret_address,
                          struct coins *ret_coins)
{
    struct json_scan s;
    struct slice key[2], value[2], more_key, more_value, address;
    if (!json_scan_begin(&s, text) || s.close != '}' ||
        json_scan_next(&s, &key[0], &value[0]) != 1 ||
        json_scan_next(&s, &key[1], &value[1]) != 1 ||
        json_scan_next(&s, &more_key, &more_value) != 0)
        return false;
    int a = slice_eq(key[0], SLICE_LIT("address")) ? 0 : 1;
    return slice_eq(key[a], SLICE_LIT("address")) && slice_eq(key[1 - a], SLICE_LIT("coins")) &&
           gen_plain_string(value[a], &address) &&
           addr_parse(ADDR_HRP_ACC, address, ret_address, NULL) == 0 &&
           plain_coins(value[1 - a], arena, ret_coins);
}

static int balance_element(struct gen *g, size_t index, struct slice text, void *arg)
{
    struct gen_parsed slow = {import_balance, NULL};
    struct addr address;
    struct coins coins;
    arena_clear(g->ctx.arena);
    if (plain_balance(text, g->ctx.arena, &address, &coins))
        return keep_balance(g, &address, coins);
    return gen_parse_element(g, index, text, &slow);
}

static int import_supply(struct gen *g, struct slice text)
{
    CLEANUP_JSON json_t *json = json_object();
    json_t *list = NULL;
    gen_at(g, "bank");
    int r = gen_parse(g, text, &list);
    if (r < 0)
        return r;
    json_object_set_new(json, "supply", list);
    struct coins supply;
    r = gen_coins(g, json, "supply", &supply);
    if (r < 0)
        return r;
    // Kept until all balances are known.
    struct coin *kept = arena_alloc(&g->arena, (supply.count + 1) * sizeof *kept);
    for (size_t i = 0; i < supply.count; i++) {
        const char *denom = supply.items[i].denom;
        kept[i] =
            (struct coin){arena_strndup(&g->arena, denom, strlen(denom)), supply.items[i].amount};
    }
    g->supply = (struct coins){kept, supply.count};
    return 0;
}

static int import_send_enabled(struct gen *g, const json_t *list, struct bank_params *p)
{
    size_t count = json_array_size(list);
    p->list = arena_alloc(g->ctx.arena, (count + 1) * sizeof *p->list);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        const char *denom = json_string_value(json_object_get(item, "denom"));
        if (!denom || !coins_denom_valid(denom))
            return gen_fail(g, "send_enabled", "element %zu has no denom", i);
        p->list[p->count++] =
            (struct bank_send_enabled){arena_strndup(g->ctx.arena, denom, strlen(denom)),
                                       json_is_true(json_object_get(item, "enabled"))};
    }
    return 0;
}

static int import_bank_params(struct gen *g, struct slice text, bool outer_list)
{
    CLEANUP_JSON json_t *json = NULL;
    struct bank_params p;
    gen_at(g, outer_list ? "bank" : "bank.params");
    int r = gen_parse(g, text, &json);
    if (r < 0)
        return r;
    // The SDK moved the list from the parameters to the module itself; both are read.
    bank_get_params(g->ctx.kv, g->ctx.arena, &p);
    if (!outer_list)
        p.default_send_enabled = json_is_true(json_object_get(json, "default_send_enabled"));
    const json_t *list = outer_list ? json : json_object_get(json, "send_enabled");
    if (json_array_size(list)) {
        p.count = 0;
        r = import_send_enabled(g, list, &p);
    }
    if (r == 0)
        bank_set_params(g->ctx.kv, g->ctx.arena, &p);
    return r;
}

int gen_import_bank(struct gen *g, struct slice name, struct slice value)
{
    if (slice_eq(name, SLICE_LIT("balances")))
        return gen_each_raw(g, "bank.balances", value, balance_element, NULL);
    if (slice_eq(name, SLICE_LIT("supply")))
        return import_supply(g, value);
    if (slice_eq(name, SLICE_LIT("params")))
        return import_bank_params(g, value, false);
    if (slice_eq(name, SLICE_LIT("send_enabled")))
        return import_bank_params(g, value, true);
    if (slice_eq(name, SLICE_LIT("denom_metadata")))
        return gen_import_metadata(g, value);
    return gen_fail(g, "", "unknown member");
}

static int by_denom(const void *x, const void *y)
{
    return strcmp(((const struct coin *)x)->denom, ((const struct coin *)y)->denom);
}

int gen_finish_bank(struct gen *g)
{
    if (g->total_count)
        qsort(g->totals, g->total_count, sizeof *g->totals, by_denom);
    struct coins totals = {g->totals, g->total_count};
    gen_at(g, "bank.supply");
    if (g->supply.count && !coins_equal(g->supply, totals))
        return gen_fail(g, "", "genesis supply is incorrect, expected %s, got %s",
                        coins_text(totals, &g->arena), coins_text(g->supply, &g->arena));
    for (size_t i = 0; i < g->total_count; i++)
        bank_set_supply(g->ctx.kv, g->totals[i].denom, g->totals[i].amount);
    return 0;
}
