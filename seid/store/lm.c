#include "seid/store/lm.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"

int lm_error(struct err *e, int rc, const char *what)
{
    switch (rc) {
    case MDB_MAP_FULL:
        return err_set(e, -ENOSPC, "%s: the store has reached its size limit", what);
    case MDB_READERS_FULL:
        return err_set(e, -EAGAIN, "%s: too many snapshots at once", what);
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_NOTFOUND:
    case MDB_BAD_TXN:
        return err_set(e, -EUCLEAN, "%s: the store's file is damaged (%s)", what, mdb_strerror(rc));
    default:
        return rc > 0 ? err_errno(e, rc, "%s", what)
                      : err_set(e, -EIO, "%s: %s", what, mdb_strerror(rc));
    }
}

int lm_get(MDB_txn *txn, MDB_dbi dbi, struct slice key, struct slice *ret, struct err *e)
{
    MDB_val k = lm_val(key), v;
    int rc = mdb_get(txn, dbi, &k, &v);
    if (rc == MDB_NOTFOUND)
        return 0;
    if (rc)
        return lm_error(e, rc, "cannot read the store");
    *ret = lm_slice(v);
    return 1;
}

struct lm_walk {
    struct kv_walk walk;
    MDB_cursor *cursor; // null at the end
    struct slice start, end;
    bool reverse;
    bool started;
    struct err *error;
};

static void finish(struct lm_walk *w)
{
    if (w->cursor)
        mdb_cursor_close(w->cursor);
    w->cursor = NULL;
}

static int seek(struct lm_walk *w, MDB_val *k, MDB_val *v)
{
    struct slice to = w->reverse ? w->end : w->start;
    if (to.len == 0)
        return mdb_cursor_get(w->cursor, k, v, w->reverse ? MDB_LAST : MDB_FIRST);
    *k = lm_val(to);
    int rc = mdb_cursor_get(w->cursor, k, v, MDB_SET_RANGE);
    if (!w->reverse)
        return rc;
    if (rc == MDB_NOTFOUND)
        return mdb_cursor_get(w->cursor, k, v, MDB_LAST);
    return rc ? rc : mdb_cursor_get(w->cursor, k, v, MDB_PREV);
}

static bool lm_walk_next(struct kv_walk *walk, struct kv_change *ret)
{
    struct lm_walk *w = (struct lm_walk *)walk;
    if (!w->cursor)
        return false;
    MDB_val k, v;
    int rc = w->started ? mdb_cursor_get(w->cursor, &k, &v, w->reverse ? MDB_PREV : MDB_NEXT)
                        : seek(w, &k, &v);
    w->started = true;
    if (rc && rc != MDB_NOTFOUND)
        lm_error(w->error, rc, "cannot walk the store");
    if (rc == 0) {
        struct slice key = lm_slice(k);
        if (w->reverse ? slice_cmp(key, w->start) >= 0
                       : w->end.len == 0 || slice_cmp(key, w->end) < 0) {
            *ret = (struct kv_change){key, lm_slice(v), false};
            return true;
        }
    }
    finish(w);
    return false;
}

static void lm_walk_free(struct kv_walk *walk)
{
    finish((struct lm_walk *)walk);
    free(walk);
}

struct kv_walk *lm_walk(MDB_txn *txn, MDB_dbi dbi, struct slice start, struct slice end,
                        bool reverse, struct err *error)
{
    struct lm_walk *w = mem_alloc(sizeof *w);
    *w = (struct lm_walk){.walk = {.next = lm_walk_next, .free = lm_walk_free},
                          .start = start,
                          .end = end,
                          .reverse = reverse,
                          .error = error};
    int rc = mdb_cursor_open(txn, dbi, &w->cursor);
    if (rc) {
        w->cursor = NULL;
        lm_error(error, rc, "cannot walk the store");
    }
    return &w->walk;
}
