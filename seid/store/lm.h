// lm: what the store's files share about LMDB: errors and ordered walks.
#ifndef SEID_STORE_LM_H
#define SEID_STORE_LM_H

#include <lmdb.h>

#include "base/err.h"
#include "seid/store/kv.h"
#include "seid/store/kv_merge.h"

// Turns an LMDB result into the project's: -ENOSPC for a full map or disk, -EUCLEAN for a damaged
// file, else the negated errno or -EIO. `rc` is not MDB_SUCCESS.
int lm_error(struct err *e, int rc, const char *what);

static inline MDB_val lm_val(struct slice s)
{
    return (MDB_val){.mv_size = s.len, .mv_data = (void *)(uintptr_t)s.data};
}

static inline struct slice lm_slice(MDB_val v)
{
    return slice_of(v.mv_data, v.mv_size);
}

// 1: found; 0: not there; < 0.
int lm_get(MDB_txn *txn, MDB_dbi dbi, struct slice key, struct slice *ret, struct err *e);

// Walks start <= key < end. An error goes into `error` and ends the walk. `start` and `end` are
// borrowed. End it before the transaction.
struct kv_walk *lm_walk(MDB_txn *txn, MDB_dbi dbi, struct slice start, struct slice end,
                        bool reverse, struct err *error);

#endif
