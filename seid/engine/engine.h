// engine: what makes blocks: `solo` (embedded, one validator) or a real CometBFT, behind one
// interface. What RPC needs of the running chain comes from here; what is stored comes from a
// snapshot of the store (chain.h).
//
// Threads: every function but engine_start/stop/free may be called from any thread at any time
// between start and free, and none of them waits for a block unless its comment says so.
#ifndef SEID_ENGINE_ENGINE_H
#define SEID_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "base/slice.h"
#include "seid/app/app.h"
#include "seid/engine/chain.h"
#include "seid/store/store.h"

struct engine;

// ---- the published tip: immutable, counted

// Everything about the newest block that is executed, stored AND signed. Take it with engine_tip,
// give it back with engine_tip_put; it never changes in between.
struct engine_tip {
    int64_t height; // 0: no block yet; then the members of a block are 0
    uint8_t hash[CHAIN_HASH_BYTES];
    uint32_t parts_total;
    uint8_t parts_hash[CHAIN_HASH_BYTES];
    int64_t time_ns;                             // of its header
    uint8_t header_app_hash[CHAIN_HASH_BYTES];   // in its header: the state before it
    uint8_t app_hash[CHAIN_HASH_BYTES];          // the state after it
    uint8_t last_results_hash[CHAIN_HASH_BYTES]; // of its own results
    struct slice seen_commit;                    // tendermint.types.Commit for it
    int64_t commit_time_ns;                      // what the next block's time will be

    int64_t earliest_height;
    uint8_t earliest_hash[CHAIN_HASH_BYTES];
    uint8_t earliest_app_hash[CHAIN_HASH_BYTES];
    int64_t earliest_time_ns;

    bool catching_up; // stored blocks are executed again
};

const struct engine_tip *engine_tip(struct engine *e);
void engine_tip_put(const struct engine_tip *tip); // null is fine
// For engines: a counted copy (seen_commit included) that the caller gives back; one more
// reference.
const struct engine_tip *engine_tip_new(const struct engine_tip *content);
const struct engine_tip *engine_tip_take(const struct engine_tip *tip);

// Fixed for the life of the engine: what the chain began with. Params and validators are the
// genesis' ones at every height.
const struct chain_genesis *engine_genesis(struct engine *e);
// This node's validator, or -1 as its index when it is none.
const uint8_t *engine_validator_pub_key(struct engine *e);
int engine_validator_index(struct engine *e);

// ---- transactions

enum engine_broadcast_mode {
    ENGINE_BROADCAST_SYNC,  // waits for CheckTx
    ENGINE_BROADCAST_ASYNC, // answers before CheckTx has been waited for; same refusals when known
};

// Refusals, never a CheckTx answer. engine_broadcast.refusal is the text for the client.
enum {
    ENGINE_TX_IN_CACHE = 1,  // "tx already exists in cache"
    ENGINE_MEMPOOL_FULL = 2, // "mempool is full: number of txs 5000 (max: 5000), ..."
    ENGINE_TX_TOO_LARGE = 3, // "Tx too large. Max size is X, but got Y"
    ENGINE_HALTED = 4,       // names the halt
    ENGINE_STOPPING = 5,
    ENGINE_TOO_MANY_WAITERS = 6, // broadcast_tx_commit only
    ENGINE_TIMEOUT = 7,          // broadcast_tx_commit only: "timed out waiting for tx to be ..."
};

struct engine_broadcast {
    uint8_t hash[CHAIN_HASH_BYTES]; // always set
    struct app_check_result check;  // when 0 came back (async: code 0)
    const char *refusal;            // in the arena, when > 0 came back
    int64_t height;                 // broadcast_tx_commit: where it was committed; 0 when CheckTx
    uint32_t index;                 // failed
};

int engine_broadcast_tx(struct engine *e, struct slice tx, enum engine_broadcast_mode mode,
                        struct arena *arena, struct engine_broadcast *ret, struct err *err);

// As sync, then waits until the transaction is in a published block or `timeout_ns` has passed. The
// number of waiters is bounded. When 0 came back and check.code is 0, its result is at (height,
// index): chain_tx on a snapshot opened after the return.
int engine_broadcast_tx_commit(struct engine *e, struct slice tx, int64_t timeout_ns,
                               struct arena *arena, struct engine_broadcast *ret, struct err *err);

// CheckTx on the mempool's check state without adding (the RPC method check_tx).
int engine_check_tx(struct engine *e, struct slice tx, struct arena *arena,
                    struct engine_broadcast *ret, struct err *err);

struct engine_unconfirmed {
    struct slice *txs; // at most the limit, copies in the arena
    size_t count;
    size_t total; // in the mempool
    int64_t total_bytes;
};
void engine_unconfirmed(struct engine *e, size_t limit, struct arena *arena,
                        struct engine_unconfirmed *ret);
// unsafe_flush_mempool
void engine_flush_mempool(struct engine *e);

// ---- consensus_state

enum engine_phase {
    ENGINE_PHASE_STARTING,
    ENGINE_PHASE_REPLAYING,
    ENGINE_PHASE_NEW_HEIGHT, // waits: timeout_commit, or for transactions
    ENGINE_PHASE_EXECUTING,
    ENGINE_PHASE_COMMITTING,
    ENGINE_PHASE_HALTED,
    ENGINE_PHASE_STOPPED,
    ENGINE_PHASE_FAILED,
};
struct engine_consensus {
    int64_t height; // the one that is worked on
    int32_t round;
    enum engine_phase phase;
    int64_t since_ns; // UNIX epoch
};
void engine_consensus(struct engine *e, struct engine_consensus *ret);
const char *engine_phase_string(enum engine_phase phase);

// ---- life cycle (seid/cmd/start.c)

// Called on the consensus thread; must not block and must not call engine_stop.
struct engine_callbacks {
    void *ctx;
    // A block was published.
    void (*block)(void *ctx, const struct engine_tip *tip);
    // The state machine halted before block halt->height, which was begun at began_ns (UNIX epoch):
    // nothing of it is kept, no block follows.
    void (*halted)(void *ctx, const struct upgrade_halt *halt, int64_t began_ns);
    // halt_height or halt_time was reached: an ordinary stop is wanted.
    void (*stop_wanted)(void *ctx, const char *why);
    // The engine cannot go on (store, key, broken state). The last committed block is intact.
    void (*failed)(void *ctx, const struct err *err);
};

struct engine_ops {
    const char *name;
    int (*start)(struct engine *e, struct err *err);
    void (*request_stop)(struct engine *e);
    void (*join)(struct engine *e);
    void (*free)(struct engine *e);
    const struct engine_tip *(*tip)(struct engine *e);
    int (*broadcast)(struct engine *e, struct slice tx, enum engine_broadcast_mode mode,
                     struct arena *arena, struct engine_broadcast *ret, struct err *err);
    int (*broadcast_commit)(struct engine *e, struct slice tx, int64_t timeout_ns,
                            struct arena *arena, struct engine_broadcast *ret, struct err *err);
    int (*check)(struct engine *e, struct slice tx, struct arena *arena,
                 struct engine_broadcast *ret, struct err *err);
    void (*unconfirmed)(struct engine *e, size_t limit, struct arena *arena,
                        struct engine_unconfirmed *ret);
    void (*flush_mempool)(struct engine *e);
    void (*consensus)(struct engine *e, struct engine_consensus *ret);
};

// Embedded as the first member of each engine.
struct engine {
    const struct engine_ops *ops;
    const struct chain_genesis *genesis; // owned by the engine
    uint8_t validator_pub_key[32];
    int validator_index;
};

// Starts the threads. Returns as soon as they run: blocks that must be executed again are executed
// after it (engine_tip.catching_up), so that servers are open whatever the first block brings.
int engine_start(struct engine *e, struct err *err);
// Asks consensus to end after the block it is working on; returns at once; idempotent. From now on
// transactions are refused (ENGINE_STOPPING) and waiters come back.
void engine_request_stop(struct engine *e);
void engine_join(struct engine *e); // waits for the threads; idempotent
void engine_free(struct engine *e); // after engine_join; null is fine

#endif
