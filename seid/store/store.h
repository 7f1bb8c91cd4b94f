// store: everything a node keeps, in one LMDB environment.
//
// State (the application's key-value space), the sparse Merkle tree over it (smt.h), records of
// what each block changed, which make rollback and reads at earlier heights possible, and plain
// tables for blocks, results and indexes. One write transaction puts a whole block; a crash at any
// instant leaves the last committed one.
//
// A block's state changes go into the transaction as one record, written in sequence; their random
// places in the file, and the pages of the tree, are brought up to date for many blocks at once
// ("settling", by size and number of blocks, or when asked). Until then the changes are read from
// memory (recent.h), where opening the store puts them back. None of this shows: a snapshot sees
// the state of its height, and the app hash never depends on it.
//
// The file grows as needed, up to `map_bytes`, and its free pages are used again; it does not
// shrink. When the limit or the disk is full a commit is -ENOSPC, the committed state stays, and
// the remedy is a larger limit at the next start, or space.
//
// Threads: one writer (store_batch_* belong to the thread that began the batch); snapshots are free
// of locks and may be opened from any thread, used by one at a time. An open snapshot keeps the
// pages it reads from being used again: close it soon.
#ifndef SEID_STORE_STORE_H
#define SEID_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/slice.h"
#include "seid/store/kv.h"

struct store;
struct store_snapshot;
struct store_batch;

enum { STORE_HASH_BYTES = 32 };

// Plain tables: byte keys to byte values, not part of the app hash. What they hold is decided by
// seid/engine/chain.h.
enum store_table {
    STORE_SYS,    // small facts about the node: genesis, tip, format version
    STORE_BLOCK,  // height be64 -> block
    STORE_META,   // height be64 -> header, block id, sizes
    STORE_RESULT, // height be64 -> results of the block
    STORE_COMMIT, // height be64 -> commit for that height
    STORE_HASH,   // block hash -> height
    STORE_TX,     // tx hash -> height and index
    STORE_EVENT,  // event index
    STORE_TABLE_COUNT
};

struct store_config {
    const char *path; // folder, made when missing
    size_t map_bytes; // upper bound of the file; 0: a default that fits the machine
    int64_t
        history_blocks; // heights before the tip whose state stays readable; 0: none but the tip
    bool read_only;     // for tools beside a running node; takes no lock
};

// 0, or STORE_LOCKED when another process has the store open for writing (*ret_pid is its pid, 0 if
// unknown), or < 0 (corrupt, from a newer format version, no space, ...).
enum { STORE_LOCKED = 1 };
int store_open(const struct store_config *config, struct store **ret, pid_t *ret_pid,
               struct err *e);
void store_close(struct store *s); // null is fine; all snapshots must be closed

// The committed height (0: only genesis or nothing), as of the last commit. Any thread.
int64_t store_height(const struct store *s);

// ---- reading

int store_snapshot_open(struct store *s, struct store_snapshot **ret, struct err *e);
void store_snapshot_close(struct store_snapshot *snap); // null is fine
int64_t store_snapshot_height(const struct store_snapshot *snap);
void store_snapshot_app_hash(const struct store_snapshot *snap, uint8_t ret[STORE_HASH_BYTES]);
// Values are valid until the snapshot closes.
bool store_snapshot_get(struct store_snapshot *snap, enum store_table table, struct slice key,
                        struct slice *ret);
// A read-only kv over a plain table or over the state; owned by the snapshot.
struct kv *store_snapshot_table(struct store_snapshot *snap, enum store_table table);
struct kv *store_snapshot_state(struct store_snapshot *snap);
// State as it was after block `height`. 0, or STORE_PRUNED / STORE_FUTURE.
enum { STORE_PRUNED = 1, STORE_FUTURE = 2 };
int store_snapshot_state_at(struct store_snapshot *snap, int64_t height, struct kv **ret);

// ---- writing: one batch a block

int store_batch_begin(struct store *s, struct store_batch **ret, struct err *e);
void store_batch_abort(struct store_batch *b); // null is fine
// Plain tables. Errors are sticky and come out of store_batch_commit.
void store_batch_put(struct store_batch *b, enum store_table table, struct slice key,
                     struct slice value);
void store_batch_del(struct store_batch *b, enum store_table table, struct slice key);
// Once a batch. Applies the sorted, unique changes of block `height` (the committed one + 1; for
// genesis initial_height - 1, which may be 0, exactly once) and gives the new app hash.
int store_batch_state(struct store_batch *b, int64_t height, const struct kv_change *changes,
                      size_t count, uint8_t ret_app_hash[STORE_HASH_BYTES], struct err *e);
// Asks that this commit settles, so that the next start has nothing to put back into memory: for
// the last blocks before a planned stop. Before store_batch_state.
void store_batch_settle(struct store_batch *b);
// Makes all of it durable (fsync) and visible to snapshots opened from now on. Frees the batch in
// every case. -ENOSPC names the full disk or map.
int store_batch_commit(struct store_batch *b, struct err *e);

// Undoes the state of the newest block: height becomes one less, with the app hash it had, which is
// checked against the restored tree. Instead of store_batch_state, once a batch. Plain tables are
// the caller's matter, in the same batch. STORE_PRUNED when the history is gone.
int store_batch_undo(struct store_batch *b, uint8_t ret_app_hash[STORE_HASH_BYTES], struct err *e);

#endif
