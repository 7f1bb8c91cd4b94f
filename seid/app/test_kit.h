// test_kit: a whole chain in memory for the tests of the state machine: keys, genesis, blocks.
#ifndef SEID_APP_TEST_KIT_H
#define SEID_APP_TEST_KIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "seid/app/app.h"
#include "seid/app/app_impl.h"
#include "seid/app/handlers.h"
#include "seid/store/kv_mem.h"
#include "seid/store/kv_overlay.h"
#include "wire/crypto/secp.h"
#include "wire/proto/all.pb-c.h"

#define KIT_CHAIN "sei-test-1"
#define KIT_TIME INT64_C(1700000000000000000)
#define KIT_SECOND INT64_C(1000000000)
enum { KIT_KEYS = 8, KIT_TXS_MAX = 64 };

struct kit_key {
    uint8_t secret[32];
    uint8_t pub[33];
    uint8_t address[20];
    char text[ADDR_TEXT_MAX];
};

struct kit {
    struct app *app;
    struct kv_mem state;
    struct arena arena; // of everything a test looks at
    struct secp *secp;
    struct kit_key keys[KIT_KEYS]; // keys[0] is the validator's operator
    uint8_t val_pub[32];
    int64_t height; // of the last block
    int64_t time_ns;
    bool started;
    const int64_t *skip;
    size_t skip_count;
    // The block being collected.
    struct slice txs[KIT_TXS_MAX];
    size_t tx_count;
    struct app_block_result result; // of the last block
};

struct kit_options {
    const struct app_handler_table *handlers; // null: none
    const int64_t *skip_heights;
    size_t skip_count;
    const char *min_gas_prices;
    const char *gov_params; // JSON object; null: short periods
    size_t sig_cache_entries;
};
#define KIT_BALANCE UINT64_C(1000000000000)

void kit_init(struct kit *k, const struct kit_options *options); // fails the test when it cannot
void kit_deinit(struct kit *k);
// A new process with another table of handlers over the same state.
void kit_restart(struct kit *k, const struct kit_options *options);
// The app_state that kit_init starts with; owned by the arena.
const char *kit_genesis(struct kit *k, const char *gov_params);
int kit_init_chain(struct kit *k, const char *app_state, struct err *e);

// ---- transactions

struct kit_tx {
    const struct kit_key *signer; // null: keys[0]
    uint64_t account_number, sequence;
    bool numbers_given; // else both are read from the state, plus what is in this block already
    const char *fee;    // null: "2000usei"
    uint64_t gas;       // 0: 200000
    const char *memo;
    uint64_t timeout_height;
    const char *granter;
    const char *payer;
    const char *chain_id; // null: the kit's
};
// Messages are generated structs. Bytes live in the arena.
struct slice kit_tx(struct kit *k, const struct kit_tx *options, const void *const *messages,
                    size_t count);
// Signed by several, in this order; the numbers are read from the state.
struct slice kit_tx_by(struct kit *k, const struct kit_key *const *signers, size_t signer_count,
                       const char *payer, const void *const *messages, size_t count);
struct slice kit_tx1(struct kit *k, const struct kit_tx *options, const void *message);

Cosmos__Base__V1beta1__Coin *kit_coin(struct kit *k, const char *denom, const char *amount);
void *kit_send(struct kit *k, const struct kit_key *from, const char *to, const char *amount);
void *kit_text_proposal(struct kit *k, const struct kit_key *from, const char *deposit);
void *kit_upgrade_v1(struct kit *k, const struct kit_key *from, const char *name, int64_t height,
                     const char *info, const char *deposit);
void *kit_upgrade_legacy(struct kit *k, const struct kit_key *from, const char *name,
                         int64_t height, const char *info, const char *deposit);
void *kit_cancel_v1(struct kit *k, const struct kit_key *from, const char *deposit);
void *kit_vote(struct kit *k, const struct kit_key *from, uint64_t id, int option);

// ---- blocks

void kit_add(struct kit *k, struct slice tx);
// Executes the collected block, one second after the last, and keeps it. 0 or APP_HALT (then
// nothing is kept). Errors fail the test.
int kit_block(struct kit *k);
int kit_block_after(struct kit *k, int64_t seconds);
void kit_blocks(struct kit *k, int64_t to_height); // empty ones up to this height
// One transaction in a block of its own; its result.
const Tendermint__Abci__ExecTxResult *kit_deliver(struct kit *k, struct slice tx);
void kit_deliver_ok(struct kit *k, struct slice tx);
// CheckTx over the committed state.
struct app_check_result kit_check(struct kit *k, struct slice tx, enum app_check_mode mode);

uint64_t kit_balance(struct kit *k, const char *address, const char *denom);
const char *kit_attribute(Tendermint__Abci__Event **events, size_t count, const char *type,
                          const char *key); // of the first that has it; null when none
// sha256 over all keys and values.
void kit_state_hash(struct kit *k, uint8_t ret[32]);

#endif
