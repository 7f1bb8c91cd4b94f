// auth: accounts, their numbers and sequences.
#ifndef SEID_APP_AUTH_H
#define SEID_APP_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "seid/app/ctx.h"
#include "wire/addr.h"

enum auth_key_type { AUTH_KEY_NONE, AUTH_KEY_SECP256K1, AUTH_KEY_ED25519 };

#define AUTH_URL_SECP256K1 "/cosmos.crypto.secp256k1.PubKey"
#define AUTH_URL_ED25519 "/cosmos.crypto.ed25519.PubKey"
#define AUTH_URL_BASE_ACCOUNT "/cosmos.auth.v1beta1.BaseAccount"
#define AUTH_URL_MODULE_ACCOUNT "/cosmos.auth.v1beta1.ModuleAccount"

struct account {
    struct addr address;
    uint64_t number;
    uint64_t sequence;
    enum auth_key_type key_type;
    uint8_t key[33]; // 33 bytes of secp256k1, 32 of ed25519
    // Of a module account: its name, then its permissions, each with a NUL behind it. Borrowed from
    // the state or the caller. Empty for an ordinary account.
    struct slice module;
};

// False when there is none. `ret->module` lives as long as what kv_get returns.
bool auth_get(struct kv *kv, struct slice address, struct account *ret);
void auth_set(struct kv *kv, const struct account *account);
// Makes an account with the next number and keeps it.
void auth_create(struct kv *kv, struct slice address, struct account *ret);
bool auth_exists(struct kv *kv, struct slice address);

// Module accounts of this chain: what may not receive transfers from users.
bool auth_is_module_address(const struct app *app, struct slice address);
// The address of a module account, made (with its permissions) when it does not exist yet.
enum auth_module { AUTH_FEE_COLLECTOR, AUTH_GOV, AUTH_MODULES };
struct slice auth_module_address(const struct app *app, enum auth_module module);
const char *auth_module_name(enum auth_module module);
void auth_ensure_module(struct app_ctx *ctx, enum auth_module module);

struct auth_params {
    uint64_t max_memo_characters;
    uint64_t tx_sig_limit;
    uint64_t tx_size_cost_per_byte;
    uint64_t sig_verify_cost_ed25519;
    uint64_t sig_verify_cost_secp256k1;
};
#define AUTH_PARAMS_DEFAULT ((struct auth_params){256, 7, 10, 590, 1000})
void auth_get_params(struct kv *kv, struct auth_params *ret); // the defaults when never set
void auth_set_params(struct kv *kv, const struct auth_params *params);

// The SDK's messages, for queries and export; in the arena.
struct Google__Protobuf__Any;
struct Cosmos__Auth__V1beta1__BaseAccount;
struct Cosmos__Auth__V1beta1__ModuleAccount;
struct Cosmos__Auth__V1beta1__BaseAccount *auth_base_message(const struct account *account,
                                                             struct arena *arena);
struct Cosmos__Auth__V1beta1__ModuleAccount *auth_module_message(const struct account *account,
                                                                 struct arena *arena);
struct Google__Protobuf__Any *auth_any(const struct account *account, struct arena *arena);

// Walks all accounts in the order of their addresses: decodes an entry of the ACC_ACCOUNT range.
bool auth_decode(struct slice key, struct slice value, struct account *ret);

#endif
