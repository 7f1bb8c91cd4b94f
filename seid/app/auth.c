#include "seid/app/auth.h"

#include <stdlib.h>
#include <string.h>

#include "seid/app/app_impl.h"
#include "seid/app/keys.h"
#include "wire/bech32.h"
#include "wire/proto/cosmos_auth_v1beta1_auth.pb-c.h"
#include "wire/proto/cosmos_crypto_secp256k1_keys.pb-c.h"

// An account as stored: key type, number, sequence, key (0, 33 or 32 bytes), module.
enum { FIXED = 1 + 8 + 8 };

static size_t key_len(enum auth_key_type type)
{
    switch (type) {
    case AUTH_KEY_NONE:
        return 0;
    case AUTH_KEY_SECP256K1:
        return 33;
    case AUTH_KEY_ED25519:
        return 32;
    }
    return 0;
}

static void account_key(struct key *k, struct slice address)
{
    key_begin(k, SPACE_AUTH, ACC_ACCOUNT);
    key_add(k, address);
}

bool auth_decode(struct slice key, struct slice value, struct account *ret)
{
    if (key.len < 3 || key.len > 2 + ADDR_MAX || value.len < FIXED ||
        value.data[0] > AUTH_KEY_ED25519)
        return false;
    enum auth_key_type type = (enum auth_key_type)value.data[0];
    size_t n = key_len(type);
    if (value.len < FIXED + n)
        return false;
    memset(ret, 0, sizeof *ret);
    ret->address.len = (uint8_t)(key.len - 2);
    memcpy(ret->address.bytes, key.data + 2, ret->address.len);
    ret->key_type = type;
    ret->number = be64_read(value.data + 1);
    ret->sequence = be64_read(value.data + 9);
    memcpy(ret->key, value.data + FIXED, n);
    ret->module = slice_of(value.data + FIXED + n, value.len - FIXED - n);
    return true;
}

bool auth_get(struct kv *kv, struct slice address, struct account *ret)
{
    struct key k;
    struct slice value;
    if (address.len == 0 || address.len > ADDR_MAX)
        return false;
    account_key(&k, address);
    return kv_get(kv, key_slice(&k), &value) && auth_decode(key_slice(&k), value, ret);
}

bool auth_exists(struct kv *kv, struct slice address)
{
    struct key k;
    account_key(&k, address);
    return kv_has(kv, key_slice(&k));
}

void auth_set(struct kv *kv, const struct account *account)
{
    struct key k;
    uint8_t value[FIXED + 33 + 512];
    size_t n = key_len(account->key_type), len = FIXED + n;
    assert(account->module.len <= 512);
    account_key(&k, addr_slice(&account->address));
    value[0] = (uint8_t)account->key_type;
    be64_write(value + 1, account->number);
    be64_write(value + 9, account->sequence);
    memcpy(value + FIXED, account->key, n);
    if (account->module.len)
        memcpy(value + len, account->module.data, account->module.len);
    kv_set(kv, key_slice(&k), slice_of(value, len + account->module.len));
}

void auth_create(struct kv *kv, struct slice address, struct account *ret)
{
    struct key k;
    key_begin(&k, SPACE_AUTH, ACC_NEXT_NUMBER);
    uint64_t number = kv_get_u64(kv, &k);
    kv_set_u64(kv, &k, number + 1);
    memset(ret, 0, sizeof *ret);
    ret->address.len = (uint8_t)address.len;
    memcpy(ret->address.bytes, address.data, address.len);
    ret->number = number;
    auth_set(kv, ret);
}

static const struct {
    const char *name;
    struct slice stored; // name and permissions
} modules[AUTH_MODULES] = {
    [AUTH_FEE_COLLECTOR] = {"fee_collector", SLICE_LIT("fee_collector\0")},
    [AUTH_GOV] = {"gov", SLICE_LIT("gov\0burner\0")},
};

bool auth_is_module_address(const struct app *app, struct slice address)
{
    for (int i = 0; i < AUTH_MODULES; i++)
        if (slice_eq(address, auth_module_address(app, (enum auth_module)i)))
            return true;
    return false;
}

struct slice auth_module_address(const struct app *app, enum auth_module module)
{
    return slice_of(app->module_addresses[module], ADDR_LEN);
}

const char *auth_module_name(enum auth_module module)
{
    return modules[module].name;
}

void auth_ensure_module(struct app_ctx *ctx, enum auth_module module)
{
    struct slice address = auth_module_address(ctx->app, module);
    struct account account;
    if (auth_exists(ctx->kv, address))
        return;
    auth_create(ctx->kv, address, &account);
    account.module = modules[module].stored;
    auth_set(ctx->kv, &account);
}

void auth_get_params(struct kv *kv, struct auth_params *ret)
{
    struct key k;
    struct slice v;
    *ret = AUTH_PARAMS_DEFAULT;
    key_begin(&k, SPACE_AUTH, ACC_PARAMS);
    if (!kv_get(kv, key_slice(&k), &v) || v.len != 40)
        return;
    ret->max_memo_characters = be64_read(v.data);
    ret->tx_sig_limit = be64_read(v.data + 8);
    ret->tx_size_cost_per_byte = be64_read(v.data + 16);
    ret->sig_verify_cost_ed25519 = be64_read(v.data + 24);
    ret->sig_verify_cost_secp256k1 = be64_read(v.data + 32);
}

void auth_set_params(struct kv *kv, const struct auth_params *p)
{
    struct key k;
    uint8_t value[40];
    be64_write(value, p->max_memo_characters);
    be64_write(value + 8, p->tx_sig_limit);
    be64_write(value + 16, p->tx_size_cost_per_byte);
    be64_write(value + 24, p->sig_verify_cost_ed25519);
    be64_write(value + 32, p->sig_verify_cost_secp256k1);
    key_begin(&k, SPACE_AUTH, ACC_PARAMS);
    kv_set(kv, key_slice(&k), slice_of(value, sizeof value));
}

// ---- messages

static char *address_text(const struct account *account, struct arena *arena)
{
    char text[BECH32_TEXT_MAX + 1];
    if (bech32_encode(ADDR_HRP_ACC, addr_slice(&account->address), text, sizeof text, NULL) < 0)
        text[0] = 0;
    return arena_strndup(arena, text, strlen(text));
}

static Google__Protobuf__Any *any_of(const char *url, struct slice value, struct arena *arena)
{
    Google__Protobuf__Any *any = arena_alloc(arena, sizeof *any);
    google__protobuf__any__init(any);
    any->type_url = pb_str(url);
    any->value = pb_bytes(value);
    return any;
}

static Google__Protobuf__Any *key_any(const struct account *account, struct arena *arena)
{
    if (account->key_type == AUTH_KEY_NONE)
        return NULL;
    // Both kinds of key are {key = 1}.
    Cosmos__Crypto__Secp256k1__PubKey key = COSMOS__CRYPTO__SECP256K1__PUB_KEY__INIT;
    key.key = pb_bytes(slice_of(account->key, key_len(account->key_type)));
    const char *url =
        account->key_type == AUTH_KEY_SECP256K1 ? AUTH_URL_SECP256K1 : AUTH_URL_ED25519;
    return any_of(url, pb_pack(&key, arena), arena);
}

Cosmos__Auth__V1beta1__BaseAccount *auth_base_message(const struct account *account,
                                                      struct arena *arena)
{
    Cosmos__Auth__V1beta1__BaseAccount *m = arena_alloc(arena, sizeof *m);
    cosmos__auth__v1beta1__base_account__init(m);
    m->address = address_text(account, arena);
    m->pub_key = key_any(account, arena);
    m->account_number = account->number;
    m->sequence = account->sequence;
    return m;
}

Cosmos__Auth__V1beta1__ModuleAccount *auth_module_message(const struct account *account,
                                                          struct arena *arena)
{
    Cosmos__Auth__V1beta1__ModuleAccount *m = arena_alloc(arena, sizeof *m);
    cosmos__auth__v1beta1__module_account__init(m);
    m->base_account = auth_base_message(account, arena);
    const char *text =
        arena_strndup(arena, (const char *)account->module.data, account->module.len);
    const char *end = text + account->module.len;
    size_t words = 0;
    for (const char *p = text; p < end; p++)
        words += *p == 0;
    m->permissions = arena_alloc(arena, (words ? words : 1) * sizeof *m->permissions);
    m->name = pb_str(text);
    for (const char *p = text + strlen(text) + 1; p < end; p += strlen(p) + 1)
        m->permissions[m->n_permissions++] = pb_str(p);
    return m;
}

Google__Protobuf__Any *auth_any(const struct account *account, struct arena *arena)
{
    if (account->module.len)
        return any_of(AUTH_URL_MODULE_ACCOUNT, pb_pack(auth_module_message(account, arena), arena),
                      arena);
    return any_of(AUTH_URL_BASE_ACCOUNT, pb_pack(auth_base_message(account, arena), arena), arena);
}
