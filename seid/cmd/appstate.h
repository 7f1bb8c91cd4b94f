// appstate: the SDK's app_state of a genesis file, edited as JSON. Pure but for allocation.
#ifndef SEID_CMD_APPSTATE_H
#define SEID_CMD_APPSTATE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "wire/coins.h"

struct appstate_options {
    const char *denom;            // of staking and of gov deposits
    const char *voting_period;    // protobuf's JSON form: "172800s"
    const char *expedited_period; // shorter than voting_period
    const char *deposit_period;
    const char *min_deposit; // amounts
    const char *expedited_min_deposit;
};
void appstate_default_options(struct appstate_options *ret);

// The default state of auth, bank, gov, staking and upgrade. The caller owns the reference.
json_t *appstate_new(const struct appstate_options *options);

enum { APPSTATE_EXISTS = 1 };

// Account, balance and supply. APPSTATE_EXISTS fills `e`. < 0 when the state has not the shape.
int appstate_add_account(json_t *state, const char *address, const struct coins *coins,
                         struct arena *arena, struct err *e);

struct appstate_validator {
    const char *operator_address; // seivaloper1...
    const char *pubkey;           // base64 of the ed25519 consensus key
    const char *moniker;
    const char *tokens; // decimal
};
int appstate_add_validator(json_t *state, const struct appstate_validator *validator,
                           struct err *e);

// What can be said without the application: shapes, addresses, sums, and that the bonded validators
// are those of the file's own list (count pairs of base64 key and power).
struct appstate_power {
    const char *pubkey;
    int64_t power;
};
int appstate_check(const json_t *state, const struct appstate_power *validators, size_t count,
                   struct arena *arena, struct err *e);

#endif
