// Reads app_state. The two lists that can be long, accounts and balances, are walked in the text;
// only one element at a time is parsed.
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/enc.h"
#include "base/mem.h"
#include "seid/app/app_impl.h"
#include "seid/app/bank.h"
#include "seid/app/genesis.h"
#include "seid/app/gov.h"
#include "seid/app/json_scan.h"
#include "seid/app/keys.h"
#include "seid/app/staking.h"
#include "seid/app/upgrade.h"
#include "wire/proto/cosmos_base_v1beta1_coin.pb-c.h"

// ---- errors with a path, and typed members

int gen_fail(struct gen *g, const char *member, const char *fmt, ...)
{
    char detail[400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(detail, sizeof detail, fmt, args);
    va_end(args);
    return err_set(g->e, -EINVAL, "app_state.%s%s%s: %s", g->path, *member ? "." : "", member,
                   detail);
}

void gen_at(struct gen *g, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(g->path, sizeof g->path, fmt, args);
    va_end(args);
}

static void decref(json_t **json)
{
    json_decref(*json);
}
#define CLEANUP_JSON CLEANUP(decref)

static int parse(struct gen *g, struct slice text, json_t **ret)
{
    json_error_t error;
    *ret = json_loadb((const char *)text.data, text.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES,
                      &error);
    return *ret ? 0 : gen_fail(g, "", "%s", error.text);
}

int gen_string(struct gen *g, const json_t *object, const char *name, const char **ret)
{
    const json_t *value = json_object_get(object, name);
    if (!value)
        return gen_fail(g, name, "missing");
    if (!json_is_string(value))
        return gen_fail(g, name, "must be a string");
    *ret = json_string_value(value);
    return 0;
}

// A decimal in a string, as proto JSON writes 64-bit numbers, or a bare number. Missing is 0.
int gen_u64(struct gen *g, const json_t *object, const char *name, uint64_t *ret)
{
    const json_t *value = json_object_get(object, name);
    amount_t amount;
    *ret = 0;
    if (!value || json_is_null(value))
        return 0;
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        *ret = (uint64_t)json_integer_value(value);
        return 0;
    }
    if (!json_is_string(value) ||
        amount_parse(slice_str(json_string_value(value)), &amount, NULL) < 0 || amount > UINT64_MAX)
        return gen_fail(g, name, "must be a number from 0 to 2^64-1");
    *ret = (uint64_t)amount;
    return 0;
}

int gen_coins(struct gen *g, const json_t *object, const char *name, struct coins *ret)
{
    const json_t *list = json_object_get(object, name);
    struct err why;
    if (list && !json_is_array(list) && !json_is_null(list))
        return gen_fail(g, name, "must be a list");
    size_t count = json_array_size(list);
    Cosmos__Base__V1beta1__Coin **coins = arena_alloc(g->ctx.arena, (count + 1) * sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        const json_t *coin = json_array_get(list, i);
        const char *denom = json_string_value(json_object_get(coin, "denom"));
        const char *amount = json_string_value(json_object_get(coin, "amount"));
        if (!denom || !amount)
            return gen_fail(g, name, "element %zu is no coin", i);
        coins[i] = arena_alloc(g->ctx.arena, sizeof **coins);
        cosmos__base__v1beta1__coin__init(coins[i]);
        coins[i]->denom = arena_strndup(g->ctx.arena, denom, strlen(denom));
        coins[i]->amount = pb_str(amount);
    }
    *ret = (struct coins){0};
    if (count && coins_from_pb(coins, count, g->ctx.arena, ret, &why) < 0)
        return gen_fail(g, name, "%s", why.text);
    return 0;
}

static int gen_address(struct gen *g, const json_t *object, const char *name, const char *hrp,
                       struct addr *ret)
{
    const char *text;
    struct err why;
    int r = gen_string(g, object, name, &text);
    if (r < 0)
        return r;
    if (addr_parse(hrp, slice_str(text), ret, &why) < 0)
        return gen_fail(g, name, "%s", why.text);
    return 0;
}

// The key of {"@type": …, "key": base64}.
static int gen_key(struct gen *g, const json_t *object, const char *name, const char **ret_type,
                   uint8_t *ret, size_t cap, size_t *ret_len)
{
    CLEANUP_BUF struct buf key = {0};
    const json_t *value = json_object_get(object, name);
    const char *type = json_string_value(json_object_get(value, "@type"));
    const char *text = json_string_value(json_object_get(value, "key"));
    if (!type || !text)
        return gen_fail(g, name, "must be {\"@type\": ..., \"key\": base64}");
    if (enc_base64_decode(text, strlen(text), &key) < 0 || key.len > cap)
        return gen_fail(g, name, "no key in base64");
    memcpy(ret, key.data, key.len);
    *ret_len = key.len;
    *ret_type = type;
    return 0;
}

// Lists that must be empty or absent, because this chain has nothing to do with them.
static int gen_must_be_empty(struct gen *g, const char *name, struct slice value)
{
    CLEANUP_JSON json_t *json = NULL;
    int r = parse(g, value, &json);
    if (r < 0)
        return r;
    if (json_is_null(json) || (json_is_array(json) && json_array_size(json) == 0) ||
        (json_is_object(json) && json_object_size(json) == 0))
        return 0;
    return gen_fail(g, name, "must be empty: this chain does not have it");
}

// ---- auth

// Account numbers: repeated ones are made unique as the SDK does.
struct numbering {
    struct declared {
        uint64_t number;
        size_t index;
    } * declared;
    size_t count, cap;
    uint64_t *assigned; // by index
    uint64_t next;      // after the largest
};

static void numbering_deinit(struct numbering *n)
{
    free(n->declared);
    free(n->assigned);
}

static int by_number(const void *x, const void *y)
{
    const struct declared *a = x, *b = y;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

// The first with a number keeps it; the others, in order, get the lowest that nobody has.
static void numbering_assign(struct numbering *n)
{
    if (n->count)
        qsort(n->declared, n->count, sizeof *n->declared, by_number);
    n->assigned = mem_calloc(n->count + 1, sizeof *n->assigned);
    uint64_t free_number = 0;
    size_t seen = 0; // declared numbers below or at free_number
    for (size_t i = 0; i < n->count; i++) {
        const struct declared *d = &n->declared[i];
        bool duplicate = i && n->declared[i - 1].number == d->number;
        uint64_t number = d->number;
        if (duplicate) {
            while (seen < n->count && n->declared[seen].number <= free_number) {
                if (n->declared[seen].number == free_number)
                    free_number++;
                seen++;
                while (seen < n->count && n->declared[seen].number == free_number - 1)
                    seen++;
            }
            number = free_number++;
        }
        n->assigned[d->index] = number;
        if (number >= n->next)
            n->next = number + 1;
    }
}

static int add_number(struct gen *g, struct numbering *n, size_t index, uint64_t number)
{
    if (number == UINT64_MAX)
        return gen_fail(g, "account_number", "too large");
    if (n->count == n->cap) {
        n->cap = n->cap ? 2 * n->cap : 256;
        n->declared = mem_realloc_array(n->declared, n->cap, sizeof *n->declared);
    }
    n->declared[n->count++] = (struct declared){number, index};
    return 0;
}

static int keep_account(struct gen *g, const struct numbering *n, size_t index,
                        struct account *account)
{
    if (auth_exists(g->ctx.kv, addr_slice(&account->address)))
        return gen_fail(g, "address", "a second account with this address");
    account->number = n->assigned[index];
    auth_set(g->ctx.kv, account);
    return 0;
}

// The member of a module account that holds what an ordinary account is.
static const json_t *base_of(const json_t *account)
{
    const json_t *base = json_object_get(account, "base_account");
    return base ? base : account;
}

static int count_account(struct gen *g, size_t index, const json_t *account, void *arg)
{
    struct numbering *n = arg;
    uint64_t number;
    int r = gen_u64(g, base_of(account), "account_number", &number);
    if (r < 0)
        return r;
    return add_number(g, n, index, number);
}

static int account_key(struct gen *g, const json_t *base, struct account *ret)
{
    const char *type;
    size_t len;
    const json_t *value = json_object_get(base, "pub_key");
    if (!value || json_is_null(value))
        return 0;
    int r = gen_key(g, base, "pub_key", &type, ret->key, sizeof ret->key, &len);
    if (r < 0)
        return r;
    if (strcmp(type, AUTH_URL_SECP256K1) == 0 && len == 33)
        ret->key_type = AUTH_KEY_SECP256K1;
    else if (strcmp(type, AUTH_URL_ED25519) == 0 && len == 32)
        ret->key_type = AUTH_KEY_ED25519;
    else
        return gen_fail(g, "pub_key", "no key of a type that this chain knows");
    return 0;
}

static int account_module(struct gen *g, const json_t *account, struct buf *room,
                          struct account *ret)
{
    const char *name;
    const json_t *permissions = json_object_get(account, "permissions");
    int r = gen_string(g, account, "name", &name);
    if (r < 0)
        return r;
    if (!*name)
        return gen_fail(g, "name", "must not be empty");
    buf_append(room, name, strlen(name) + 1);
    for (size_t i = 0; i < json_array_size(permissions); i++) {
        const char *permission = json_string_value(json_array_get(permissions, i));
        if (!permission || !*permission)
            return gen_fail(g, "permissions", "must be a list of names");
        buf_append(room, permission, strlen(permission) + 1);
    }
    if (room->len > 512)
        return gen_fail(g, "permissions", "too long");
    ret->module = buf_slice(room);
    return 0;
}

static int import_account(struct gen *g, size_t index, const json_t *account, void *arg)
{
    const struct numbering *n = arg;
    CLEANUP_BUF struct buf room = {0};
    struct account a = {0};
    const json_t *base = base_of(account);
    const char *type = json_string_value(json_object_get(account, "@type"));
    bool module = type && strcmp(type, AUTH_URL_MODULE_ACCOUNT) == 0;
    if (!module && (!type || strcmp(type, AUTH_URL_BASE_ACCOUNT) != 0))
        return gen_fail(g, "@type", "must be %s or %s", AUTH_URL_BASE_ACCOUNT,
                        AUTH_URL_MODULE_ACCOUNT);
    if (module != (base != account))
        return gen_fail(g, "base_account", module ? "missing" : "unexpected");
    int r = gen_address(g, base, "address", ADDR_HRP_ACC, &a.address);
    if (r == 0)
        r = gen_u64(g, base, "sequence", &a.sequence);
    if (r == 0)
        r = account_key(g, base, &a);
    if (r == 0 && module)
        r = account_module(g, account, &room, &a);
    if (r < 0)
        return r;
    return keep_account(g, n, index, &a);
}

// Calls `each` for the elements of a list in the text, as they stand there.
typedef int (*raw_element_fn)(struct gen *g, size_t index, struct slice text, void *arg);
static int each_raw(struct gen *g, const char *name, struct slice list, raw_element_fn each,
                    void *arg)
{
    struct json_scan s;
    struct slice key, value;
    int more, r = 0;
    if (slice_eq(list, SLICE_LIT("null")))
        return 0;
    gen_at(g, "%s", name);
    if (!json_scan_begin(&s, list) || s.close != ']')
        return gen_fail(g, "", "must be a list");
    size_t path_len = strlen(g->path);
    for (size_t i = 0; r == 0 && (more = json_scan_next(&s, &key, &value)) != 0; i++) {
        snprintf(g->path + path_len, sizeof g->path - path_len, "[%zu]", i);
        r = more < 0 ? gen_fail(g, "", "malformed JSON") : each(g, i, value, arg);
    }
    return r;
}

struct parsed {
    gen_element_fn each;
    void *arg;
};

static int parse_element(struct gen *g, size_t index, struct slice text, void *arg)
{
    const struct parsed *p = arg;
    CLEANUP_JSON json_t *json = NULL;
    int r = parse(g, text, &json);
    if (r == 0 && !json_is_object(json))
        r = gen_fail(g, "", "must be an object");
    return r < 0 ? r : p->each(g, index, json, p->arg);
}

int gen_each(struct gen *g, const char *name, struct slice list, gen_element_fn each, void *arg)
{
    struct parsed p = {each, arg};
    return each_raw(g, name, list, parse_element, &p);
}

// ---- the usual account and balance, read without a parser: a genesis can have millions

// The text inside of a string without escapes.
static bool plain_string(struct slice value, struct slice *ret)
{
    if (value.len < 2 || value.data[0] != '"' || memchr(value.data, '\\', value.len))
        return false;
    *ret = slice_of(value.data + 1, value.len - 2);
    return true;
}

static bool plain_u64(struct slice value, uint64_t *ret)
{
    struct slice digits;
    amount_t amount;
    if (!plain_string(value, &digits) || amount_parse(digits, &amount, NULL) < 0 ||
        amount > UINT64_MAX)
        return false;
    *ret = (uint64_t)amount;
    return true;
}

struct plain_account {
    struct slice address;
    uint64_t number, sequence;
};

// False when it is not an ordinary account with these members only, each once: then the parser
// decides.
static bool plain_account(struct slice text, struct plain_account *ret)
{
    struct json_scan s;
    struct slice key, value, type = SLICE_NULL;
    unsigned seen = 0, bit;
    bool good = true;
    int more;
    if (!json_scan_begin(&s, text) || s.close != '}')
        return false;
    while (good && (more = json_scan_next(&s, &key, &value)) > 0) {
        if (slice_eq(key, SLICE_LIT("@type")))
            bit = 1, good = plain_string(value, &type);
        else if (slice_eq(key, SLICE_LIT("address")))
            bit = 2, good = plain_string(value, &ret->address);
        else if (slice_eq(key, SLICE_LIT("pub_key")))
            bit = 4, good = slice_eq(value, SLICE_LIT("null"));
        else if (slice_eq(key, SLICE_LIT("account_number")))
            bit = 8, good = plain_u64(value, &ret->number);
        else if (slice_eq(key, SLICE_LIT("sequence")))
            bit = 16, good = plain_u64(value, &ret->sequence);
        else
            return false;
        good = good && !(seen & bit);
        seen |= bit;
    }
    return good && more == 0 && seen == 31 && slice_eq(type, SLICE_LIT(AUTH_URL_BASE_ACCOUNT));
}

static int count_element(struct gen *g, size_t index, struct slice text, void *arg)
{
    struct plain_account plain = {0};
    struct parsed slow = {count_account, arg};
    if (plain_account(text, &plain))
        return add_number(g, arg, index, plain.number);
    return parse_element(g, index, text, &slow);
}

static int account_element(struct gen *g, size_t index, struct slice text, void *arg)
{
    struct plain_account plain = {0};
    struct parsed slow = {import_account, arg};
    struct account account = {0};
    if (!plain_account(text, &plain) ||
        addr_parse(ADDR_HRP_ACC, plain.address, &account.address, NULL) < 0)
        return parse_element(g, index, text, &slow);
    account.sequence = plain.sequence;
    return keep_account(g, arg, index, &account);
}

static int import_auth_params(struct gen *g, struct slice text)
{
    CLEANUP_JSON json_t *json = NULL;
    struct auth_params p;
    gen_at(g, "auth.params");
    int r = parse(g, text, &json);
    if (r == 0)
        r = gen_u64(g, json, "max_memo_characters", &p.max_memo_characters);
    if (r == 0)
        r = gen_u64(g, json, "tx_sig_limit", &p.tx_sig_limit);
    if (r == 0)
        r = gen_u64(g, json, "tx_size_cost_per_byte", &p.tx_size_cost_per_byte);
    if (r == 0)
        r = gen_u64(g, json, "sig_verify_cost_ed25519", &p.sig_verify_cost_ed25519);
    if (r == 0)
        r = gen_u64(g, json, "sig_verify_cost_secp256k1", &p.sig_verify_cost_secp256k1);
    if (r < 0)
        return r;
    if (!p.max_memo_characters || !p.tx_sig_limit || !p.tx_size_cost_per_byte ||
        !p.sig_verify_cost_ed25519 || !p.sig_verify_cost_secp256k1)
        return gen_fail(g, "", "every parameter must be positive");
    auth_set_params(g->ctx.kv, &p);
    return 0;
}

static int import_accounts(struct gen *g, struct slice list)
{
    struct key k;
    struct numbering n = {0};
    int r = each_raw(g, "auth.accounts", list, count_element, &n);
    if (r == 0) {
        numbering_assign(&n);
        r = each_raw(g, "auth.accounts", list, account_element, &n);
    }
    key_begin(&k, SPACE_AUTH, ACC_NEXT_NUMBER);
    kv_set_u64(g->ctx.kv, &k, n.next);
    numbering_deinit(&n);
    return r;
}

static int import_auth(struct gen *g, struct slice name, struct slice value)
{
    if (slice_eq(name, SLICE_LIT("params")))
        return import_auth_params(g, value);
    if (slice_eq(name, SLICE_LIT("accounts")))
        return import_accounts(g, value);
    return gen_fail(g, "", "unknown member");
}

// ---- bank

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
        !plain_string(value[d], &denom) || !plain_string(value[1 - d], &amount) ||
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
           plain_string(value[a], &address) &&
           addr_parse(ADDR_HRP_ACC, address, ret_address, NULL) == 0 &&
           plain_coins(value[1 - a], arena, ret_coins);
}

static int balance_element(struct gen *g, size_t index, struct slice text, void *arg)
{
    struct parsed slow = {import_balance, NULL};
    struct addr address;
    struct coins coins;
    arena_clear(g->ctx.arena);
    if (plain_balance(text, g->ctx.arena, &address, &coins))
        return keep_balance(g, &address, coins);
    return parse_element(g, index, text, &slow);
}

static int import_supply(struct gen *g, struct slice text)
{
    CLEANUP_JSON json_t *json = json_object();
    json_t *list = NULL;
    gen_at(g, "bank");
    int r = parse(g, text, &list);
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
    int r = parse(g, text, &json);
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

static int import_bank(struct gen *g, struct slice name, struct slice value)
{
    if (slice_eq(name, SLICE_LIT("balances")))
        return each_raw(g, "bank.balances", value, balance_element, NULL);
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

static int finish_bank(struct gen *g)
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

// ---- staking

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
    int r = parse(g, text, &json);
    if (r == 0)
        r = gen_string(g, json, "bond_denom", &denom);
    if (r < 0)
        return r;
    if (!coins_denom_valid(denom))
        return gen_fail(g, "bond_denom", "no denom");
    staking_set_bond_denom(g->ctx.kv, denom);
    return 0;
}

static int import_staking(struct gen *g, struct slice name, struct slice value)
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

static int finish_staking(struct gen *g, const struct app_genesis *genesis)
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

// ---- all of it

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
    {"auth", import_auth},       {"bank", import_bank},           {"gov", gen_import_gov},
    {"staking", import_staking}, {"upgrade", gen_import_upgrade}, {"genutil", import_nothing},
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
        r = finish_bank(&g);
    if (r == 0)
        r = finish_staking(&g, genesis);
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
