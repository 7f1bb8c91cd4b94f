// store_internal: what store.c (life), store_snapshot.c (reading) and store_batch.c (writing)
// share.
//
// In the file, the state and the pages of the tree are those of height `base`; the records of
// base + 1 to `height` hold what came after. Settling writes these changes to their places and
// makes base = height. In memory, `recent` holds the same changes, and `smt` the tree's changed
// pages.
#ifndef SEID_STORE_STORE_INTERNAL_H
#define SEID_STORE_STORE_INTERNAL_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

#include "seid/store/recent.h"
#include "seid/store/smt.h"
#include "seid/store/store.h"

enum {
    STORE_FORMAT = 1,           // of the file; a change of layout raises it
    SETTLE_BYTES = 16 << 20,    // of changes and tree pages in memory
    SETTLE_BLOCKS = 128,        // so that opening has a bounded number of records to read
    SETTLE_DIRECT_KEYS = 65536, // a larger batch (genesis) goes to the file at once
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
    bool broken;        // memory could not be put back after a failure
    bool smt_ready;     // its changed pages are those of the tip
    MDB_txn *write_txn; // of the open batch
    size_t last_page;   // of the file, as last seen
};

int store_tip_read(const struct store *s, MDB_txn *txn, struct store_tip *ret, struct err *e);
int store_tip_write(const struct store *s, MDB_txn *txn, const struct store_tip *tip,
                    struct err *e);
// A new `recent` from the records of base + 1 to height.
int store_load_recent(const struct store *s, MDB_txn *txn, const struct store_tip *tip,
                      struct recent **ret, struct err *e);
void store_swap_recent(struct store *s, struct recent *r); // owns r

#endif
