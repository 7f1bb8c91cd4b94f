// app_state.auth
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "seid/app/app_impl.h"
#include "seid/app/genesis.h"
#include "seid/app/json_scan.h"
#include "seid/app/keys.h"

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

// ---- the usual account, read without a parser: a genesis can have millions

static bool plain_u64(struct slice value, uint64_t *ret)
{
    struct slice digits;
    amount_t amount;
    if (!gen_plain_string(value, &digits) || amount_parse(digits, &amount, NULL) < 0 ||
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
            bit = 1, good = gen_plain_string(value, &type);
        else if (slice_eq(key, SLICE_LIT("address")))
            bit = 2, good = gen_plain_string(value, &ret->address);
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
    struct gen_parsed slow = {count_account, arg};
    if (plain_account(text, &plain))
        return add_number(g, arg, index, plain.number);
    return gen_parse_element(g, index, text, &slow);
}

static int account_element(struct gen *g, size_t index, struct slice text, void *arg)
{
    struct plain_account plain = {0};
    struct gen_parsed slow = {import_account, arg};
    struct account account = {0};
    if (!plain_account(text, &plain) ||
        addr_parse(ADDR_HRP_ACC, plain.address, &account.address, NULL) < 0)
        return gen_parse_element(g, index, text, &slow);
    account.sequence = plain.sequence;
    return keep_account(g, arg, index, &account);
}

static int import_auth_params(struct gen *g, struct slice text)
{
    CLEANUP_JSON json_t *json = NULL;
    struct auth_params p;
    gen_at(g, "auth.params");
    int r = gen_parse(g, text, &json);
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
    int r = gen_each_raw(g, "auth.accounts", list, count_element, &n);
    if (r == 0) {
        numbering_assign(&n);
        r = gen_each_raw(g, "auth.accounts", list, account_element, &n);
    }
    key_begin(&k, SPACE_AUTH, ACC_NEXT_NUMBER);
    kv_set_u64(g->ctx.kv, &k, n.next);
    numbering_deinit(&n);
    return r;
}

int gen_import_auth(struct gen *g, struct slice name, struct slice value)
{
    if (slice_eq(name, SLICE_LIT("params")))
        return import_auth_params(g, value);
    if (slice_eq(name, SLICE_LIT("accounts")))
        return import_accounts(g, value);
    return gen_fail(g, "", "unknown member");
}
