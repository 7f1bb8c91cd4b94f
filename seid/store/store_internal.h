// store_internal: what store.c (life), store_snapshot.c (reading) and store_batch.c (writing)
// share.
//
// In the file, the state and the pages of the tree are those of height `base`; the records of
// base + 1 to `height` hold what came after. In memory, `recent` holds the same changes, and `smt`
// the tree's changed pages.
//
// Settling writes these to their places and makes base = height. It takes several transactions of
// some hundred pages each, because LMDB keeps the memory of its largest transaction for good. From
// the first to the last of them a mark stands in the file; meanwhile its state and tree are a
// mixture of both heights, which does not show: each key that differs is in `recent`, and the tree
// is only read by the writer (smt_flush tells why a mixture can be completed). A settling that was
// interrupted is completed before anything else is written.
//
// A large genesis is written in several transactions, too, under a mark of its own; without its
// last one there is no tip, and what is there is dropped.
#ifndef SEID_STORE_STORE_INTERNAL_H
#define SEID_STORE_STORE_INTERNAL_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

#include "seid/store/recent.h"
#include "seid/store/smt.h"
#include "seid/store/store.h"

enum {
    STORE_FORMAT = 1,          // of the file; a change of layout raises it
    SETTLE_BYTES = 16 << 20,   // of changes and tree pages in memory
    SETTLE_BLOCKS = 128,       // so that opening has a bounded number of records to read
    SETTLE_CHUNK = 1024,       // keys and pages a transaction
    LARGE_GENESIS_CHUNKS = 64, // from there on it takes several transactions
    GENESIS_CHUNK_FACTOR = 16, // which can be larger: keys in order share their pages
    PRUNE_HEIGHTS_A_BLOCK = 8,
    STORE_READERS = 1024, // snapshots open at the same time
};

struct store_tip {
    int64_t height, base;
    uint8_t app_hash[STORE_HASH_BYTES];
    bool has_state; // false before genesis: nothing else counts then
};

struct store {
    MDB_env *env;
    int lock_fd;
    bool read_only;
    int64_t history_blocks;
    MDB_dbi own, state, tree, record;
    MDB_dbi tables[STORE_TABLE_COUNT];
    _Atomic int64_t height;
    pthread_mutex_t recent_lock; // for the pointer, not for what it points to
    struct recent *recent;
    struct store_tip recent_tip; // read-only: what `recent` was loaded for

    // The writer's.
    struct store_tip tip;
    struct smt smt;
    bool smt_ready; // its changed pages are those of the tip
    bool broken;    // memory could not be put back after a failure
    bool unsettled; // a settling was begun and not completed
    bool filling;   // a large genesis is being written
    unsigned chunk; // SETTLE_CHUNK, or what a test wants
    unsigned chunk_used;
    int chunks_left;    // a test's: after so many the next commit fails; < 0: no such limit
    MDB_txn *write_txn; // the open one
    size_t last_page;   // of the file, as last seen
};

int store_tip_read(const struct store *s, MDB_txn *txn, struct store_tip *ret, struct err *e);
int store_tip_write(const struct store *s, MDB_txn *txn, const struct store_tip *tip,
                    struct err *e);
// A new `recent` from the records of base + 1 to height.
int store_load_recent(const struct store *s, MDB_txn *txn, const struct store_tip *tip,
                      struct recent **ret, struct err *e);
void store_swap_recent(struct store *s, struct recent *r); // owns r

// ---- store_settle.c: the writer's transaction, and what takes more than one

int store_txn_begin(struct store *s, struct err *e);
int store_txn_commit(struct store *s, struct err *e); // ends it in every case
void store_txn_abort(struct store *s);                // also without one
int store_put_state(struct store *s, const struct kv_change *change, struct err *e);
// Counts a write; commits and begins anew when the chunk is full.
int store_next_chunk(struct store *s, struct err *e);
// Brings the tree's changed pages to the tip, when a start or a failure has lost them.
int store_ready_tree(struct store *s, struct err *e);
// Brings the file up to the tip; also completes an interrupted settling. Without an open
// transaction.
int store_settle(struct store *s, struct err *e);
// The marks.
int store_mark_filling(struct store *s, bool on, struct err *e);
int store_recover(struct store *s, struct err *e); // at opening
int store_drop_unfinished_genesis(struct store *s, struct err *e);
extern const struct smt_pages store_tree_pages; // without ctx

#endif
