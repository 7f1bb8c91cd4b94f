// app: the state machine: accounts, bank, governance, upgrades.
//
// Deterministic: the same state, block and binary give the same results and changes. Knows nothing
// of processes, files, networks or clocks. A halt is a return value.
//
// Threads: `struct app` is immutable after app_new but for the signature cache, which locks itself,
// so that any thread may call app_verify_tx and app_simulate with a snapshot of its own.
#ifndef SEID_APP_APP_H
#define SEID_APP_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "seid/app/upgrade_decide.h"
#include "seid/store/kv.h"

struct app;
struct app_handler_table; // handlers.h: the upgrade handlers compiled into this binary

struct app_config {
    const char *chain_id;                     // borrowed for the app's life
    const struct app_handler_table *handlers; // borrowed for the app's life
    const char *min_gas_prices;               // "0.01usei,..." or ""; CheckTx only
    const int64_t *skip_heights;              // --unsafe-skip-upgrades; borrowed
    size_t skip_count;
    size_t sig_cache_entries; // verified transactions remembered between CheckTx and delivery
};

int app_new(const struct app_config *config, struct app **ret, struct err *e);
void app_free(struct app *a); // null is fine

// What an ABCI event, and the result of a transaction, are made of: the generated types
// Tendermint__Abci__Event and Tendermint__Abci__ExecTxResult (wire/proto), allocated in `arena`.
struct Tendermint__Abci__ExecTxResult;
struct Tendermint__Abci__Event;

struct app_block {
    int64_t height;
    int64_t time_ns; // block header time, UNIX epoch
    uint8_t proposer[20];
    const struct slice *txs; // borrowed
    size_t tx_count;
};

struct app_block_result {
    struct Tendermint__Abci__ExecTxResult **tx_results; // tx_count of them
    struct Tendermint__Abci__Event **events;            // begin-block and end-block
    size_t event_count;
    struct upgrade_halt halt; // filled when APP_HALT
    // What begin-block did that an operator should read, one line each, in order ("applying
    // upgrade ...", "UPGRADE ... SKIPPED ..."); level as in base/log.h.
    struct app_note {
        int level;
        const char *text;
    } * notes;
    size_t note_count;
};

// Genesis: fills an empty state from the app_state JSON of a genesis file (SDK's shape: auth, bank,
// gov, staking, upgrade). `validators` of the CometBFT part are checked against app_state.staking.
struct app_genesis {
    const char *chain_id;
    int64_t time_ns;
    int64_t initial_height;
    struct slice app_state_json;
    const struct app_genesis_validator {
        uint8_t pub_key[32]; // ed25519
        int64_t power;
    } * validators;
    size_t validator_count;
};
int app_init_chain(struct app *a, struct kv *state, const struct app_genesis *genesis,
                   struct err *e);

// Executes a block on `state` (a fresh overlay over the state of the block before). The upgrade
// decision comes first. `first_block`: the first since the process started (downgrade rule).
// 0; APP_HALT: ret->halt says why, nothing of the block may be kept; < 0: the block cannot be
// executed (a bug or a broken store), the node must stop.
enum { APP_HALT = 1 };
int app_finalize_block(struct app *a, struct kv *state, const struct app_block *block,
                       bool first_block, struct arena *arena, struct app_block_result *ret,
                       struct err *e);

// Stateless work of CheckTx, safe from any thread and without locks: decodes, checks signatures
// against the accounts in `snapshot`, remembers a success. Its outcome is only a head start: the
// stateful check repeats whatever was not remembered. Returns the decoded transaction, in `arena`
// and pointing into `tx`, for app_check_tx.
struct app_decoded;
const struct app_decoded *app_verify_tx(struct app *a, struct kv *snapshot, struct slice tx,
                                        struct arena *arena);

// The stateful check on the mempool's check state (an overlay over the last committed state that
// takes the effects of the ante handler). The result is an ABCI CheckTx answer in `arena`.
// `decoded`: what app_verify_tx gave for `tx`, or null.
enum app_check_mode { APP_CHECK_NEW, APP_CHECK_RECHECK };
struct app_check_result {
    uint32_t code; // 0 accepted
    const char *codespace;
    const char *log;
    int64_t gas_wanted;
    int64_t gas_used;
    struct Tendermint__Abci__Event **events;
    size_t event_count;
};
void app_check_tx(struct app *a, struct kv *check_state, const struct app_block *next,
                  struct slice tx, const struct app_decoded *decoded, enum app_check_mode mode,
                  struct arena *arena, struct app_check_result *ret);

// Runs a transaction without checking signatures (an empty one stands for its size) on a throw-away
// overlay over `snapshot`.
struct app_simulate_result {
    uint64_t gas_wanted;
    uint64_t gas_used;
    struct Tendermint__Abci__ExecTxResult *result;
};
void app_simulate(struct app *a, struct kv *snapshot, const struct app_block *next, struct slice tx,
                  struct arena *arena, struct app_simulate_result *ret);

// The height of the scheduled upgrade plan; 0 when there is none.
int64_t app_plan_height(struct kv *state, struct arena *arena);

// The whole state as app_state JSON of a genesis file; the caller frees *ret_json.
int app_export(struct app *a, struct kv *state, int64_t height, char **ret_json, struct err *e);

#endif
