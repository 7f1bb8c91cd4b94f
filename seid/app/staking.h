// staking: the validators, which are fixed by genesis: who they are and how many tokens they vote
// with. There are no delegations.
#ifndef SEID_APP_STAKING_H
#define SEID_APP_STAKING_H

#include <stdbool.h>
#include <stdint.h>

#include "seid/app/ctx.h"
#include "wire/coins.h"

enum { STAKING_POWER_REDUCTION = 1000000 }; // tokens a unit of voting power

struct staking_validator {
    uint8_t operator_address[ADDR_LEN];
    uint8_t pub_key[32]; // ed25519
    bool bonded;
    amount_t tokens;
    struct slice moniker; // as long as what kv_get returns
};

struct key;
void staking_key_validators(struct key *k); // prefix; the operator address follows
void staking_set(struct kv *kv, const struct staking_validator *validator);
bool staking_decode(struct slice key, struct slice value, struct staking_validator *ret);
// All of them in the order of their addresses, in the arena.
size_t staking_all(struct kv *kv, struct arena *arena, struct staking_validator **ret);

const char *staking_bond_denom(struct kv *kv, struct arena *arena); // "usei" when never set
void staking_set_bond_denom(struct kv *kv, const char *denom);

#endif
