#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "seid/store/lm.h"
#include "seid/store/record.h"
#include "seid/store/store_internal.h"

// The transaction is the store's write_txn.
struct store_batch {
    struct store *store;
    struct err error; // sticky
    struct store_tip tip;
    bool wrote;  // to a plain table
    bool used;   // by state or undo: memory no longer matches the file until the commit
    bool undone; // `recent` has a height too many
    bool settle; // wanted
};

// What an earlier failure left half done comes first.
static int complete_earlier(struct store *s, struct err *e)
{
    if (s->filling)
        return store_drop_unfinished_genesis(s, e);
    return s->unsettled ? store_settle(s, e) : 0;
}

int store_batch_begin(struct store *s, struct store_batch **ret, struct err *e)
{
    if (s->read_only)
        return err_set(e, -EROFS, "the store is open for reading only");
    if (s->broken)
        return err_set(e, -EIO, "the store cannot be written after the failure before");
    int result = complete_earlier(s, e);
    if (result == 0)
        result = store_txn_begin(s, e);
    if (result < 0)
        return result;
    struct store_batch *b = mem_zalloc(sizeof *b);
    b->store = s;
    b->tip = s->tip;
    *ret = b;
    return 0;
}

// Puts memory back to what is committed. Should even that fail, the writer cannot go on.
static void restore_memory(struct store *s)
{
    MDB_txn *txn;
    struct recent *r = NULL;
    struct err e;
    smt_forget(&s->smt);
    s->smt_ready = false;
    s->broken = true;
    if (mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn))
        return;
    if (store_load_recent(s, txn, &s->tip, &r, &e) == 0) {
        store_swap_recent(s, r);
        s->broken = false;
    }
    mdb_txn_abort(txn);
}

static void end_batch(struct store_batch *b, bool committed)
{
    if (b->used && !committed)
        restore_memory(b->store);
    free(b);
}

void store_batch_abort(struct store_batch *b)
{
    if (!b)
        return;
    store_txn_abort(b->store);
    end_batch(b, false);
}

// ---- plain tables

void store_batch_put(struct store_batch *b, enum store_table table, struct slice key,
                     struct slice value)
{
    MDB_val k = lm_val(key), v = lm_val(value);
    int rc = b->error.code ? 0 : mdb_put(b->store->write_txn, b->store->tables[table], &k, &v, 0);
    b->wrote = true;
    if (rc)
        lm_error(&b->error, rc, "cannot write the block");
}

void store_batch_del(struct store_batch *b, enum store_table table, struct slice key)
{
    MDB_val k = lm_val(key);
    int rc = b->error.code ? 0 : mdb_del(b->store->write_txn, b->store->tables[table], &k, NULL);
    if (rc && rc != MDB_NOTFOUND)
        lm_error(&b->error, rc, "cannot write the block");
}

void store_batch_settle(struct store_batch *b)
{
    b->settle = true;
}

// ---- the tree in memory

struct tree_changes {
    struct smt_change *list; // owned
    size_t count, cap;
};

static struct smt_change *add_change(struct tree_changes *t)
{
    if (t->count == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 64;
        t->list = mem_realloc_array(t->list, t->cap, sizeof *t->list);
    }
    return &t->list[t->count++];
}

static void add_value(struct tree_changes *t, struct slice key, bool present, struct slice value)
{
    struct smt_change *c = add_change(t);
    if (present)
        smt_change_set(c, key, value);
    else
        smt_change_del(c, key);
}

// ---- a block's changes

// 1: found; 0; < 0.
static int value_before(struct store_batch *b, struct slice key, struct slice *ret, struct err *e)
{
    const struct store *s = b->store;
    switch (recent_get(s->recent, s->tip.height, key, ret)) {
    case RECENT_VALUE:
        return 1;
    case RECENT_DELETED:
        return 0;
    case RECENT_NONE:
        break;
    }
    return lm_get(s->write_txn, s->state, key, ret, e);
}

// Writes the record of the block and collects what changes in the tree. A key whose value stays is
// no change.
static int record_changes(struct store_batch *b, const struct kv_change *changes, size_t count,
                          struct tree_changes *tree, struct err *e)
{
    struct record_writer w;
    struct err error = {0};
    bool genesis = !b->store->tip.has_state;
    if (!genesis)
        record_begin(&w, b->store->write_txn, b->store->record, b->tip.height,
                     b->store->tip.app_hash, &error);
    for (size_t i = 0; i < count && !error.code; i++) {
        const struct kv_change *c = &changes[i];
        struct record_entry entry = {.key = c->key, .after = c->value, .has_after = !c->deleted};
        int found = genesis ? 0 : value_before(b, c->key, &entry.before, &error);
        entry.had_before = found > 0;
        if (found < 0 || (entry.had_before == entry.has_after &&
                          (!entry.had_before || slice_eq(entry.before, entry.after))))
            continue;
        if (!genesis)
            record_add(&w, &entry);
        add_value(tree, c->key, entry.has_after, c->value);
    }
    if (!genesis)
        record_end(&w);
    return error.code ? err_set(e, error.code, "%s", error.text) : 0;
}

// A few heights a block: as many as come, and some more while there is a backlog.
static int prune(struct store_batch *b, struct err *e)
{
    const struct store *s = b->store;
    int64_t last = b->tip.height - s->history_blocks;
    if (last > b->tip.base)
        last = b->tip.base;
    for (int i = 0; i < PRUNE_HEIGHTS_A_BLOCK; i++) {
        int64_t lowest;
        int result = record_lowest(s->write_txn, s->record, &lowest, e);
        if (result <= 0 || lowest > last)
            return result < 0 ? result : 0;
        result = record_delete(s->write_txn, s->record, lowest, e);
        if (result < 0)
            return result;
    }
    return 0;
}

static int fail(struct store_batch *b, const struct err *e)
{
    b->error = *e;
    return e->code;
}

static int apply_block(struct store_batch *b, const struct kv_change *changes, size_t count,
                       struct tree_changes *tree, struct err *e)
{
    struct store *s = b->store;
    int result = store_ready_tree(s, e);
    if (result == 0)
        result = record_changes(b, changes, count, tree, e);
    for (size_t i = 0; i < count && result == 0; i++)
        recent_put(s->recent, b->tip.height, &changes[i]);
    if (result == 0)
        result = smt_update(&s->smt, tree->list, tree->count, b->tip.app_hash, e);
    return result == 0 ? prune(b, e) : result;
}

// The first state goes to its place at once.
static int apply_genesis(struct store_batch *b, const struct kv_change *changes, size_t count,
                         struct tree_changes *tree, struct err *e)
{
    struct store *s = b->store;
    bool large = count >= LARGE_GENESIS_CHUNKS * (size_t)s->chunk && !b->wrote;
    s->filling = large;
    int result = large ? store_mark_filling(s, true, e) : 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        add_value(tree, changes[i].key, !changes[i].deleted, changes[i].value);
        result = store_put_state(s, &changes[i], e);
        if (result == 0 && large)
            result = store_next_chunk(s, e);
    }
    s->smt.direct = true;
    if (result == 0)
        result = smt_update(&s->smt, tree->list, tree->count, b->tip.app_hash, e);
    s->smt.direct = false;
    b->tip.base = b->tip.height;
    b->tip.has_state = true;
    return result == 0 && large ? store_mark_filling(s, false, e) : result;
}

static int apply(struct store_batch *b, const struct kv_change *changes, size_t count,
                 struct err *e)
{
    struct tree_changes tree = {0};
    b->used = true;
    int result = (b->tip.has_state ? apply_block : apply_genesis)(b, changes, count, &tree, e);
    free(tree.list);
    return result < 0 ? result : store_tip_write(b->store, b->store->write_txn, &b->tip, e);
}

int store_batch_state(struct store_batch *b, int64_t height, const struct kv_change *changes,
                      size_t count, uint8_t ret_app_hash[STORE_HASH_BYTES], struct err *e)
{
    const struct store_tip *tip = &b->store->tip;
    if (b->used)
        return err_set(e, -EINVAL, "a batch takes the changes of one block");
    if (height < 0 || (tip->has_state && height != tip->height + 1))
        return err_set(e, -EINVAL, "changes of height %lld do not follow height %lld",
                       (long long)height, (long long)tip->height);
    struct err error;
    b->tip.height = height;
    if (apply(b, changes, count, &error) < 0) {
        if (e)
            *e = error;
        return fail(b, &error);
    }
    memcpy(ret_app_hash, b->tip.app_hash, STORE_HASH_BYTES);
    return 0;
}

// ---- undo

// Puts the values before the block into the tree and, when the file has those after it, there.
static int put_back(struct store_batch *b, struct err *e)
{
    struct store *s = b->store;
    struct tree_changes tree = {0};
    struct err error = {0};
    struct kv_change change;
    bool in_file = s->tip.base == s->tip.height;
    int result = 0;
    struct kv_walk *walk = record_walk(s->write_txn, s->record, s->tip.height, RECORD_BEFORE,
                                       SLICE_NULL, SLICE_NULL, false, &error);
    while (result == 0 && walk->next(walk, &change)) {
        add_value(&tree, change.key, !change.deleted, change.value);
        if (in_file)
            result = store_put_state(s, &change, e);
    }
    kv_walk_free(walk);
    if (result == 0 && error.code)
        result = err_set(e, error.code, "%s", error.text);
    if (result == 0)
        result = smt_update(&s->smt, tree.list, tree.count, b->tip.app_hash, e);
    if (result == 0 && in_file)
        result = smt_flush(&s->smt, e);
    free(tree.list);
    b->tip.height = s->tip.height - 1;
    b->tip.base -= in_file;
    return result;
}

static int undo(struct store_batch *b, struct err *e)
{
    struct store *s = b->store;
    uint8_t hash_before[STORE_HASH_BYTES];
    int64_t height = s->tip.height;
    int found = record_hash_before(s->write_txn, s->record, height, hash_before, e);
    if (found <= 0)
        return found < 0 ? found : STORE_PRUNED;
    b->used = true;
    int result = store_ready_tree(s, e);
    if (result == 0)
        result = put_back(b, e);
    if (result == 0 && memcmp(b->tip.app_hash, hash_before, STORE_HASH_BYTES) != 0)
        result = err_set(e, -EUCLEAN, "undoing height %lld does not give the app hash before it",
                         (long long)height);
    if (result == 0)
        result = record_delete(s->write_txn, s->record, height, e);
    return result < 0 ? result : store_tip_write(s, s->write_txn, &b->tip, e);
}

int store_batch_undo(struct store_batch *b, uint8_t ret_app_hash[STORE_HASH_BYTES], struct err *e)
{
    if (b->used)
        return err_set(e, -EINVAL, "a batch undoes one block");
    if (!b->store->tip.has_state)
        return STORE_PRUNED;
    struct err error;
    int result = undo(b, &error);
    if (result < 0) {
        if (e)
            *e = error;
        return fail(b, &error);
    }
    b->undone = result == 0;
    if (result == 0)
        memcpy(ret_app_hash, b->tip.app_hash, STORE_HASH_BYTES);
    return result;
}

// ---- commit

static void publish(struct store_batch *b)
{
    struct store *s = b->store;
    bool genesis = !s->tip.has_state && b->tip.has_state;
    s->tip = b->tip;
    s->filling = false;
    if (b->undone)
        restore_memory(s);
    else if (genesis)
        store_swap_recent(s, recent_new(s->tip.base));
    if (b->used && !b->undone)
        s->smt_ready = true;
    atomic_store_explicit(&s->height, s->tip.height, memory_order_release);
}

static bool must_settle(const struct store_batch *b)
{
    const struct store *s = b->store;
    return b->used && !b->undone && s->tip.base < s->tip.height &&
           (b->settle || s->tip.height - s->tip.base >= SETTLE_BLOCKS ||
            recent_bytes(s->recent) + smt_changed_bytes(&s->smt) > SETTLE_BYTES);
}

int store_batch_commit(struct store_batch *b, struct err *e)
{
    struct store *s = b->store;
    if (b->error.code) {
        int code = err_set(e, b->error.code, "%s", b->error.text);
        store_batch_abort(b);
        return code;
    }
    int result = store_txn_commit(s, e);
    if (result == 0)
        publish(b);
    // The block is committed: what fails now fails the next one, which tries again.
    if (result == 0 && must_settle(b))
        store_settle(s, NULL);
    end_batch(b, result == 0);
    return result;
}
