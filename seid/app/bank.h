// bank: balances, supply, transfers. Balances are kept as decimal text, a zero balance not at all.
#ifndef SEID_APP_BANK_H
#define SEID_APP_BANK_H

#include <stdbool.h>

#include "seid/app/ctx.h"
#include "wire/coins.h"

struct key;
void bank_key_balances(struct key *k, struct slice address); // prefix; the denom follows
void bank_key_supplies(struct key *k);                       // prefix; the denom follows
void bank_key_metadata(struct key *k, const char *denom);    // "" for the prefix

amount_t bank_balance(struct kv *kv, struct slice address, const char *denom);
void bank_set_balance(struct kv *kv, struct slice address, const char *denom, amount_t amount);
amount_t bank_supply(struct kv *kv, const char *denom);
void bank_set_supply(struct kv *kv, const char *denom, amount_t amount);

// Moves valid coins, with the SDK's events; makes the receiver's account when there is none.
// APP_FAILED (insufficient funds) leaves a part done: the caller drops its overlay.
int bank_send(struct app_ctx *ctx, struct slice from, struct slice to, struct coins coins);
// Destroys coins of an account; the supply falls.
int bank_burn(struct app_ctx *ctx, struct slice from, struct coins coins);

// Coins as somebody wrote them, good or not: "5usei,-1x".
struct Cosmos__Base__V1beta1__Coin;
const char *bank_raw_text(struct Cosmos__Base__V1beta1__Coin *const *list, size_t count,
                          struct arena *arena);

struct bank_params {
    bool default_send_enabled;
    struct bank_send_enabled {
        const char *denom;
        bool enabled;
    } * list;
    size_t count;
};
void bank_get_params(struct kv *kv, struct arena *arena, struct bank_params *ret);
void bank_set_params(struct kv *kv, struct arena *arena, const struct bank_params *params);
struct Cosmos__Bank__V1beta1__Params;
struct Cosmos__Bank__V1beta1__Params *bank_params_message(const struct bank_params *params,
                                                          struct arena *arena);

#endif
