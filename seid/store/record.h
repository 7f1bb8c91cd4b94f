// record: what a block changed, by height: each key with its value before and after.
//
// The values after make the block durable until the state in the file is brought up to it; the
// values before answer reads at earlier heights and undo the block. Entries are packed, in key
// order, into pieces of about 1.6 kB, one LMDB value each: a block's record is written one piece
// behind another at the end of the table, and pruned as cheaply.
//
// Layout: key be64(height) alone holds the app hash before the block; keys be64(height) || first
// key hold pieces; a piece is a row of entries { le16 key length, flags, le32 lengths of old and
// new value, key, old, new }.
#ifndef SEID_STORE_RECORD_H
#define SEID_STORE_RECORD_H

#include <lmdb.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "seid/store/kv.h"
#include "seid/store/kv_merge.h"

enum { RECORD_HASH_BYTES = 32 };

struct record_entry {
    struct slice key;
    struct slice before, after;
    bool had_before, has_after;
};

struct record_writer {
    MDB_txn *txn;
    MDB_dbi dbi;
    int64_t height;
    struct buf piece;
    struct buf piece_key;
    struct err *error; // sticky
};

// Records of heights are written in ascending order, entries in key order.
void record_begin(struct record_writer *w, MDB_txn *txn, MDB_dbi dbi, int64_t height,
                  const uint8_t hash_before[RECORD_HASH_BYTES], struct err *error);
void record_add(struct record_writer *w, const struct record_entry *entry);
void record_end(struct record_writer *w); // frees; also after an error

// 1: there; 0: no record of that height; < 0.
int record_hash_before(MDB_txn *txn, MDB_dbi dbi, int64_t height, uint8_t ret[RECORD_HASH_BYTES],
                       struct err *e);
// 1: the block changed the key; 0; < 0. Slices live as long as the transaction's view.
int record_find(MDB_txn *txn, MDB_dbi dbi, int64_t height, struct slice key,
                struct record_entry *ret, struct err *e);
// The lowest height that has a record: 1 and *ret; 0: none; < 0.
int record_lowest(MDB_txn *txn, MDB_dbi dbi, int64_t *ret, struct err *e);
int record_delete(MDB_txn *txn, MDB_dbi dbi, int64_t height, struct err *e);

// Walks the entries with start <= key < end as changes: to the values before the block
// (a key that was not there: deleted), or to those after it. Borrows all; end it before the
// transaction. An error goes into `error` and ends the walk.
enum record_side { RECORD_BEFORE, RECORD_AFTER };
struct kv_walk *record_walk(MDB_txn *txn, MDB_dbi dbi, int64_t height, enum record_side side,
                            struct slice start, struct slice end, bool reverse, struct err *error);

#endif
