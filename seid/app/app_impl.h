// app_impl: what is inside struct app; for seid/app and seid/query only.
#ifndef SEID_APP_APP_IMPL_H
#define SEID_APP_APP_IMPL_H

#include <stdint.h>

#include "seid/app/app.h"
#include "seid/app/auth.h"
#include "seid/app/ctx.h"
#include "seid/app/handlers.h"
#include "seid/app/key_cache.h"
#include "seid/app/sig_cache.h"
#include "wire/coins.h"
#include "wire/crypto/secp.h"

// Immutable after app_new, but for the cache, which locks itself.
struct app {
    const char *chain_id; // borrowed, as is what follows
    const struct app_handler_table *handlers;
    const char **handler_names; // owned, handlers->count of them
    const int64_t *skip_heights;
    size_t skip_count;
    struct arena arena; // owns the prices
    struct dec_coins min_gas_prices;
    struct sig_cache *sig_cache;
    struct key_cache *key_cache;
    struct secp *secp;
    uint8_t module_addresses[AUTH_MODULES][ADDR_LEN];
    char gov_address[ADDR_TEXT_MAX]; // the authority of upgrades, as text
};

// The version of the consensus parameters (version.app of the genesis file), which the text of a
// downgrade names. Fixed: this node's consensus parameters do not change.
enum { APP_CONSENSUS_VERSION = 0 };

// fees.c
int app_parse_min_gas_prices(struct app *a, const char *text, struct err *e);

void app_note(struct app_block_result *result, struct arena *arena, int level, const char *text);

#endif
