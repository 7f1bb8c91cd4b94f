#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "seid/store/lm.h"
#include "seid/store/record.h"
#include "seid/store/store_internal.h"

struct store_batch {
    struct store *store;
    MDB_txn *txn;
    struct err error; // sticky
    struct store_tip tip;
    bool used;    // by state or undo: memory no longer matches the file until the commit
    bool undone;  // `recent` has a height too many
    bool settle;  // wanted
    bool settled; // done: `recent` starts anew
};

int store_batch_begin(struct store *s, struct store_batch **ret, struct err *e)
{
    if (s->read_only)
        return err_set(e, -EROFS, "the store is open for reading only");
    if (s->broken)
        return err_set(e, -EIO, "the store cannot be written after the failure before");
    struct store_batch *b = mem_zalloc(sizeof *b);
    int rc = mdb_txn_begin(s->env, NULL, 0, &b->txn);
    if (rc) {
        free(b);
        return lm_error(e, rc, "cannot write the store");
    }
    b->store = s;
    b->tip = s->tip;
    s->write_txn = b->txn;
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
    struct store *s = b->store;
    s->write_txn = NULL;
    if (b->used && !committed)
        restore_memory(s);
    free(b);
}

void store_batch_abort(struct store_batch *b)
{
    if (!b)
        return;
    mdb_txn_abort(b->txn);
    end_batch(b, false);
}

// ---- plain tables

void store_batch_put(struct store_batch *b, enum store_table table, struct slice key,
                     struct slice value)
{
    MDB_val k = lm_val(key), v = lm_val(value);
    int rc = b->error.code ? 0 : mdb_put(b->txn, b->store->tables[table], &k, &v, 0);
    if (rc)
        lm_error(&b->error, rc, "cannot write the block");
}

void store_batch_del(struct store_batch *b, enum store_table table, struct slice key)
{
    MDB_val k = lm_val(key);
    int rc = b->error.code ? 0 : mdb_del(b->txn, b->store->tables[table], &k, NULL);
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

// After a start the tree in the file is that of `base`: brings it to the tip, in memory.
static int ready_tree(struct store *s, struct err *e)
{
    if (s->smt_ready || !s->tip.has_state)
        return 0;
    struct tree_changes changes = {0};
    uint8_t root[STORE_HASH_BYTES];
    struct kv_change change;
    struct kv_walk *walk = recent_walk(s->recent, s->tip.height, SLICE_NULL, SLICE_NULL, false);
    while (walk->next(walk, &change))
        add_value(&changes, change.key, !change.deleted, change.value);
    kv_walk_free(walk);
    smt_forget(&s->smt);
    int result = smt_update(&s->smt, changes.list, changes.count, root, e);
    free(changes.list);
    if (result == 0 && memcmp(root, s->tip.app_hash, sizeof root) != 0)
        result = err_set(e, -EUCLEAN,
                         "the state of height %lld does not have its app hash: "
                         "the store is damaged",
                         (long long)s->tip.height);
    s->smt_ready = result == 0;
    return result;
}

// ---- settling

static int put_state(struct store_batch *b, const struct kv_change *c, struct err *e)
{
    MDB_val k = lm_val(c->key), v = lm_val(c->value);
    int rc = c->deleted ? mdb_del(b->txn, b->store->state, &k, NULL)
                        : mdb_put(b->txn, b->store->state, &k, &v, 0);
    return rc && rc != MDB_NOTFOUND ? lm_error(e, rc, "cannot write the state") : 0;
}

static int settle_recent(struct store_batch *b, struct err *e)
{
    const struct store *s = b->store;
    if (!s->tip.has_state)
        return 0;
    struct kv_change change;
    struct kv_walk *walk = recent_walk(s->recent, s->tip.height, SLICE_NULL, SLICE_NULL, false);
    int result = 0;
    while (result == 0 && walk->next(walk, &change))
        result = put_state(b, &change, e);
    kv_walk_free(walk);
    return result;
}

static size_t bytes_of(const struct kv_change *changes, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += changes[i].key.len + changes[i].value.len;
    return bytes;
}

static bool must_settle(const struct store_batch *b, const struct kv_change *changes, size_t count)
{
    const struct store *s = b->store;
    return b->settle || !s->tip.has_state || count >= SETTLE_DIRECT_KEYS ||
           s->tip.height + 1 - s->tip.base >= SETTLE_BLOCKS ||
           recent_bytes(s->recent) + smt_changed_bytes(&s->smt) + bytes_of(changes, count) >
               SETTLE_BYTES;
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
    return lm_get(b->txn, s->state, key, ret, e);
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
        record_begin(&w, b->txn, b->store->record, b->tip.height, b->store->tip.app_hash, &error);
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

// The new values, where they are read from: the file, or memory.
static int place_changes(struct store_batch *b, const struct kv_change *changes, size_t count,
                         struct err *e)
{
    int result = b->settled ? settle_recent(b, e) : 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        if (b->settled)
            result = put_state(b, &changes[i], e);
        else
            recent_put(b->store->recent, b->tip.height, &changes[i]);
    }
    return result;
}

static int update_tree(struct store_batch *b, struct tree_changes *tree, struct err *e)
{
    struct smt *t = &b->store->smt;
    bool direct = b->settled && tree->count >= SETTLE_DIRECT_KEYS;
    int result = direct ? smt_flush(t, e) : 0;
    t->direct = direct;
    if (result == 0)
        result = smt_update(t, tree->list, tree->count, b->tip.app_hash, e);
    t->direct = false;
    if (result == 0 && b->settled)
        result = smt_flush(t, e);
    return result;
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
        int result = record_lowest(b->txn, s->record, &lowest, e);
        if (result <= 0 || lowest > last)
            return result < 0 ? result : 0;
        result = record_delete(b->txn, s->record, lowest, e);
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

static int apply(struct store_batch *b, const struct kv_change *changes, size_t count,
                 struct err *e)
{
    struct tree_changes tree = {0};
    b->used = true;
    int result = ready_tree(b->store, e);
    if (result == 0)
        result = record_changes(b, changes, count, &tree, e);
    if (result == 0) {
        b->settled = must_settle(b, changes, count);
        result = place_changes(b, changes, count, e);
    }
    if (result == 0)
        result = update_tree(b, &tree, e);
    free(tree.list);
    if (result == 0) {
        b->tip.has_state = true;
        if (b->settled)
            b->tip.base = b->tip.height;
        result = prune(b, e);
    }
    return result < 0 ? result : store_tip_write(b->store, b->txn, &b->tip, e);
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

static int undo(struct store_batch *b, struct err *e)
{
    struct store *s = b->store;
    struct tree_changes tree = {0};
    struct err error = {0};
    uint8_t hash_before[STORE_HASH_BYTES];
    int64_t height = s->tip.height;
    int found = record_hash_before(b->txn, s->record, height, hash_before, e);
    if (found <= 0)
        return found < 0 ? found : STORE_PRUNED;
    b->used = true;
    int result = ready_tree(s, e);
    b->settled = s->tip.base == height;
    struct kv_walk *walk = record_walk(b->txn, s->record, height, RECORD_BEFORE, SLICE_NULL,
                                       SLICE_NULL, false, &error);
    struct kv_change change;
    while (result == 0 && walk->next(walk, &change)) {
        add_value(&tree, change.key, !change.deleted, change.value);
        if (b->settled)
            result = put_state(b, &change, e);
    }
    kv_walk_free(walk);
    if (result == 0 && error.code)
        result = err_set(e, error.code, "%s", error.text);
    if (result == 0)
        result = update_tree(b, &tree, e);
    free(tree.list);
    if (result == 0 && memcmp(b->tip.app_hash, hash_before, STORE_HASH_BYTES) != 0)
        result = err_set(e, -EUCLEAN, "undoing height %lld does not give the app hash before it",
                         (long long)height);
    if (result == 0)
        result = record_delete(b->txn, s->record, height, e);
    b->tip.height = height - 1;
    if (b->settled)
        b->tip.base = height - 1;
    return result < 0 ? result : store_tip_write(s, b->txn, &b->tip, e);
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
    s->tip = b->tip;
    if (b->undone)
        restore_memory(s);
    else if (b->settled)
        store_swap_recent(s, recent_new(s->tip.base));
    if (b->used && !b->undone)
        s->smt_ready = true;
    atomic_store_explicit(&s->height, s->tip.height, memory_order_release);
}

// LMDB says EIO for a write that the disk took only in part. The reason is what the next one meets.
static int why_eio(const struct store *s)
{
    const char *path;
    mdb_env_get_path(s->env, &path);
    CLEANUP_CLOSE int fd = open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    int errnum = fd < 0 ? EIO : posix_fallocate(fd, 0, 1 << 20);
    return errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG ? ENOSPC : EIO;
}

// Pages at the end that one transaction took and gave back are never written. The file gets its
// length all the same, so that a shorter one is a damaged one (store.c, check_length).
static void keep_length(struct store *s)
{
    MDB_envinfo info;
    struct stat st;
    int fd;
    mdb_env_info(s->env, &info);
    if (info.me_last_pgno <= s->last_page)
        return;
    off_t whole = (off_t)((info.me_last_pgno + 1) * (size_t)sysconf(_SC_PAGESIZE));
    mdb_env_get_fd(s->env, &fd);
    if (fstat(fd, &st) == 0 && (st.st_size >= whole || ftruncate(fd, whole) == 0))
        s->last_page = info.me_last_pgno;
}

int store_batch_commit(struct store_batch *b, struct err *e)
{
    if (b->error.code) {
        int code = err_set(e, b->error.code, "%s", b->error.text);
        store_batch_abort(b);
        return code;
    }
    struct store *s = b->store;
    int rc = mdb_txn_commit(b->txn);
    if (rc == 0)
        publish(b);
    end_batch(b, rc == 0);
    if (rc)
        return lm_error(e, rc == EIO ? why_eio(s) : rc, "cannot commit to the store");
    keep_length(s);
    return 0;
}
