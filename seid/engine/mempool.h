// mempool: transactions that wait for a block, in the order in which they came.
//
// The rules and texts are CometBFT 0.38's (mempool/clist_mempool.go): limits by number, bytes and
// size of one, a cache of hashes that were seen, a recheck of what remains after each block.
//
// Threads: locks itself. mempool_check may be called from any thread; the others that change it
// belong to the consensus thread. The state that transactions are checked on is an overlay over the
// last committed state and belongs to the mempool's lock.
#ifndef SEID_ENGINE_MEMPOOL_H
#define SEID_ENGINE_MEMPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "seid/app/app.h"
#include "seid/store/kv.h"

struct mempool;

struct mempool_config {
    size_t size;           // transactions
    int64_t max_txs_bytes; // of all transactions
    size_t max_tx_bytes;   // of one
    int64_t max_block_gas; // a transaction that wants more is refused; -1: no limit
    size_t cache_size;     // hashes that are remembered; 0: none
    bool recheck;
    bool keep_invalid_txs_in_cache;
};

// What the stateful check does; the app's, or a test's.
struct mempool_app {
    void *ctx;
    void (*check)(void *ctx, struct kv *check_state, const struct app_block *next, struct slice tx,
                  const struct app_decoded *decoded, enum app_check_mode mode, struct arena *arena,
                  struct app_check_result *ret);
};

struct mempool *mempool_new(const struct mempool_config *config, const struct mempool_app *app);
void mempool_free(struct mempool *m); // null is fine

// Checks and, when the answer's code is 0, adds. `hash` is sha256 of the transaction; `decoded` is
// handed to the check and may be null.
// 0: checked, *ret is the answer (its texts in `arena`); or a refusal without a check, *ret_text
// (in `arena`) is CometBFT's text for it.
enum {
    MEMPOOL_IN_CACHE = 1,
    MEMPOOL_FULL = 2,
    MEMPOOL_TOO_LARGE = 3,
    MEMPOOL_CLOSED = 4, // the node has halted or is stopping: mempool_close
};
int mempool_check(struct mempool *m, struct slice tx, const uint8_t hash[32],
                  const struct app_decoded *decoded, struct arena *arena,
                  struct app_check_result *ret, const char **ret_text);

// Checks without adding and without a trace; no limit or cache applies.
void mempool_probe(struct mempool *m, struct slice tx, struct arena *arena,
                   struct app_check_result *ret);

// Refuses everything from now on, with this text (copied).
void mempool_close(struct mempool *m, const char *text);

// The transactions of the next block, oldest first, at most `max_bytes` (in the encoding of
// Data.txs) and `max_gas` (-1: no limit) together; stops at the first that does not fit. They stay
// in the mempool until mempool_update. The slices and the array live in the arena.
void mempool_reap(struct mempool *m, int64_t max_bytes, int64_t max_gas, struct arena *arena,
                  struct slice **ret_txs, uint8_t (**ret_hashes)[32], size_t *ret_count);

// After a block: gives the mempool its new base state (a read-only kv over the committed state,
// borrowed until the next call; *ret_old is the one before, to be closed), removes what was in the
// block (code 0 stays in the cache, others leave it unless keep_invalid), and checks the rest again
// on top of it when `recheck` is set.
struct mempool_delivered {
    const uint8_t (*hashes)[32];
    const uint32_t *codes;
    size_t count;
};
void mempool_update(struct mempool *m, struct kv *base, const struct app_block *next,
                    const struct mempool_delivered *delivered);

// Waits until there is a transaction, the mempool is woken, or the (monotonic) deadline; 0: none.
// True when there is a transaction.
bool mempool_wait(struct mempool *m, int64_t deadline_ns);
void mempool_wake(struct mempool *m);

struct mempool_stats {
    size_t count;
    int64_t bytes;
};
void mempool_stats(struct mempool *m, struct mempool_stats *ret);
// The first `limit` transactions, copied into the arena.
void mempool_list(struct mempool *m, size_t limit, struct arena *arena, struct slice **ret_txs,
                  size_t *ret_count, struct mempool_stats *ret_stats);
void mempool_flush(struct mempool *m); // empties it and its cache

#endif
