#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "seid/store/lm.h"
#include "seid/store/record.h"
#include "seid/store/store_internal.h"

// What a snapshot shows as a kv; all are in its arena.
struct view {
    struct kv kv;
    struct store_snapshot *snap;
    MDB_dbi dbi;
    int64_t height; // of views of the past
};

struct store_snapshot {
    struct store *store;
    MDB_txn *txn;
    struct store_tip tip;
    struct recent *recent; // base is the tip's
    struct arena arena;
    struct view *tables[STORE_TABLE_COUNT];
    struct view *state;
};

// ---- opening

// For a file that another process writes: the changes of its newest blocks are loaded anew when the
// tip has moved.
static int follow_writer(struct store *s, MDB_txn *txn, const struct store_tip *tip, struct err *e)
{
    int result = 0;
    pthread_mutex_lock(&s->recent_lock);
    bool same = s->recent_tip.height == tip->height && s->recent_tip.base == tip->base &&
                memcmp(s->recent_tip.app_hash, tip->app_hash, STORE_HASH_BYTES) == 0;
    if (!same) {
        struct recent *r;
        result = store_load_recent(s, txn, tip, &r, e);
        if (result == 0) {
            recent_unref(s->recent);
            s->recent = r;
            s->recent_tip = *tip;
            s->height = tip->height;
        }
    }
    pthread_mutex_unlock(&s->recent_lock);
    return result;
}

// The transaction comes first: any `recent` taken later with the same base holds all changes that
// the transaction can see.
static int attach(struct store_snapshot *snap, struct err *e)
{
    struct store *s = snap->store;
    int rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &snap->txn);
    if (rc) {
        snap->txn = NULL;
        return lm_error(e, rc, "cannot open a snapshot");
    }
    int result = store_tip_read(s, snap->txn, &snap->tip, e);
    if (result == 0 && s->read_only)
        result = follow_writer(s, snap->txn, &snap->tip, e);
    if (result < 0)
        return result;
    pthread_mutex_lock(&s->recent_lock);
    snap->recent = recent_ref(s->recent);
    pthread_mutex_unlock(&s->recent_lock);
    return 0;
}

static void detach(struct store_snapshot *snap)
{
    if (snap->txn)
        mdb_txn_abort(snap->txn);
    snap->txn = NULL;
    recent_unref(snap->recent);
    snap->recent = NULL;
}

int store_snapshot_open(struct store *s, struct store_snapshot **ret, struct err *e)
{
    struct store_snapshot *snap = mem_zalloc(sizeof *snap);
    snap->store = s;
    int result;
    while ((result = attach(snap, e)) == 0 && snap->tip.has_state &&
           recent_base(snap->recent) != snap->tip.base) {
        // Between a settling commit and the swap of `recent`, or the other way about.
        detach(snap);
        sched_yield();
    }
    if (result < 0) {
        store_snapshot_close(snap);
        return result;
    }
    *ret = snap;
    return 0;
}

void store_snapshot_close(struct store_snapshot *snap)
{
    if (!snap)
        return;
    detach(snap);
    arena_deinit(&snap->arena);
    free(snap);
}

int64_t store_snapshot_height(const struct store_snapshot *snap)
{
    return snap->tip.height;
}

void store_snapshot_app_hash(const struct store_snapshot *snap, uint8_t ret[STORE_HASH_BYTES])
{
    memcpy(ret, snap->tip.app_hash, STORE_HASH_BYTES);
}

// ---- views

static void refuse_set(struct kv *kv, struct slice key, struct slice value)
{
    err_set(&kv->error, -EROFS, "a snapshot cannot be written");
}

static void refuse_del(struct kv *kv, struct slice key)
{
    err_set(&kv->error, -EROFS, "a snapshot cannot be written");
}

static struct view *view_new(struct store_snapshot *snap, const struct kv_ops *ops, MDB_dbi dbi,
                             int64_t height)
{
    struct view *view = arena_zalloc(&snap->arena, sizeof *view);
    *view = (struct view){.kv.ops = ops, .snap = snap, .dbi = dbi, .height = height};
    return view;
}

static bool table_get(struct kv *kv, struct slice key, struct slice *ret)
{
    const struct view *view = (const struct view *)kv;
    // LMDB takes no empty key.
    return key.len > 0 && lm_get(view->snap->txn, view->dbi, key, ret, &kv->error) > 0;
}

static struct kv_iter *table_iter(struct kv *kv, struct slice start, struct slice end, bool reverse)
{
    const struct view *view = (const struct view *)kv;
    return kv_walk_iter(kv, lm_walk(view->snap->txn, view->dbi, start, end, reverse, &kv->error));
}

static const struct kv_ops table_ops = {.get = table_get,
                                        .set = refuse_set,
                                        .del = refuse_del,
                                        .iter_new = table_iter,
                                        .iter_next = kv_walk_iter_next,
                                        .iter_free = kv_walk_iter_free};

struct kv *store_snapshot_table(struct store_snapshot *snap, enum store_table table)
{
    if (!snap->tables[table])
        snap->tables[table] = view_new(snap, &table_ops, snap->store->tables[table], 0);
    return &snap->tables[table]->kv;
}

bool store_snapshot_get(struct store_snapshot *snap, enum store_table table, struct slice key,
                        struct slice *ret)
{
    return kv_get(store_snapshot_table(snap, table), key, ret);
}

// ---- state at the tip: the file, and recent changes over it

static bool state_get(struct kv *kv, struct slice key, struct slice *ret)
{
    const struct view *view = (const struct view *)kv;
    const struct store_snapshot *snap = view->snap;
    if (!snap->tip.has_state)
        return false; // what may be there is an unfinished genesis
    switch (recent_get(snap->recent, snap->tip.height, key, ret)) {
    case RECENT_VALUE:
        return true;
    case RECENT_DELETED:
        return false;
    case RECENT_NONE:
        break;
    }
    return table_get(kv, key, ret);
}

static struct kv_walk *state_walk(struct kv *kv, struct slice start, struct slice end, bool reverse)
{
    const struct view *view = (const struct view *)kv;
    const struct store_snapshot *snap = view->snap;
    if (!snap->tip.has_state)
        return NULL;
    struct kv_walk *recent = recent_walk(snap->recent, snap->tip.height, start, end, reverse);
    struct kv_walk *file = lm_walk(snap->txn, view->dbi, start, end, reverse, &kv->error);
    return kv_merge_new(recent, file, reverse);
}

static struct kv_iter *state_iter(struct kv *kv, struct slice start, struct slice end, bool reverse)
{
    return kv_walk_iter(kv, state_walk(kv, start, end, reverse));
}

static const struct kv_ops state_ops = {.get = state_get,
                                        .set = refuse_set,
                                        .del = refuse_del,
                                        .iter_new = state_iter,
                                        .iter_next = kv_walk_iter_next,
                                        .iter_free = kv_walk_iter_free};

struct kv *store_snapshot_state(struct store_snapshot *snap)
{
    if (!snap->state)
        snap->state = view_new(snap, &state_ops, snap->store->state, snap->tip.height);
    return &snap->state->kv;
}

// ---- state at earlier heights: that of the tip, and over it what the blocks since then replaced

static bool past_get(struct kv *kv, struct slice key, struct slice *ret)
{
    const struct view *view = (const struct view *)kv;
    const struct store_snapshot *snap = view->snap;
    for (int64_t height = view->height + 1; height <= snap->tip.height; height++) {
        struct record_entry entry;
        int found = record_find(snap->txn, snap->store->record, height, key, &entry, &kv->error);
        if (found < 0)
            return false;
        if (found) {
            if (entry.had_before)
                *ret = entry.before;
            return entry.had_before;
        }
    }
    return state_get(kv, key, ret);
}

struct past_range {
    struct view *view;
    struct slice start, end;
    bool reverse;
};

// Joins the walks of the heights from `first` to `last` in a balanced tree; the lowest is on top.
static struct kv_walk *past_walk(const struct past_range *p, int64_t first, int64_t last)
{
    const struct store_snapshot *snap = p->view->snap;
    if (first == last)
        return record_walk(snap->txn, snap->store->record, first, RECORD_BEFORE, p->start, p->end,
                           p->reverse, &p->view->kv.error);
    int64_t middle = first + (last - first) / 2;
    return kv_merge_new(past_walk(p, first, middle), past_walk(p, middle + 1, last), p->reverse);
}

static struct kv_iter *past_iter(struct kv *kv, struct slice start, struct slice end, bool reverse)
{
    struct view *view = (struct view *)kv;
    struct past_range p = {view, start, end, reverse};
    struct kv_walk *records = past_walk(&p, view->height + 1, view->snap->tip.height);
    return kv_walk_iter(kv, kv_merge_new(records, state_walk(kv, start, end, reverse), reverse));
}

static const struct kv_ops past_ops = {.get = past_get,
                                       .set = refuse_set,
                                       .del = refuse_del,
                                       .iter_new = past_iter,
                                       .iter_next = kv_walk_iter_next,
                                       .iter_free = kv_walk_iter_free};

int store_snapshot_state_at(struct store_snapshot *snap, int64_t height, struct kv **ret)
{
    if (height > snap->tip.height)
        return STORE_FUTURE;
    if (!snap->tip.has_state)
        return STORE_PRUNED;
    if (height == snap->tip.height) {
        *ret = store_snapshot_state(snap);
        return 0;
    }
    int64_t lowest;
    struct err e;
    int found = record_lowest(snap->txn, snap->store->record, &lowest, &e);
    if (found <= 0 || lowest > height + 1)
        return STORE_PRUNED;
    *ret = &view_new(snap, &past_ops, snap->store->state, height)->kv;
    return 0;
}
