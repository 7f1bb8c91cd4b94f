#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "seid/store/lm.h"
#include "seid/store/store_internal.h"

// ---- the writer's transaction

int store_txn_begin(struct store *s, struct err *e)
{
    int rc = mdb_txn_begin(s->env, NULL, 0, &s->write_txn);
    s->chunk_used = 0;
    if (rc == 0)
        return 0;
    s->write_txn = NULL;
    return lm_error(e, rc, "cannot write the store");
}

void store_txn_abort(struct store *s)
{
    if (s->write_txn)
        mdb_txn_abort(s->write_txn);
    s->write_txn = NULL;
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

int store_txn_commit(struct store *s, struct err *e)
{
    int rc = mdb_txn_commit(s->write_txn);
    s->write_txn = NULL;
    if (rc)
        return lm_error(e, rc == EIO ? why_eio(s) : rc, "cannot commit to the store");
    keep_length(s);
    return 0;
}

int store_next_chunk(struct store *s, struct err *e)
{
    if (++s->chunk_used < (s->filling ? GENESIS_CHUNK_FACTOR * s->chunk : s->chunk))
        return 0;
    if (s->chunks_left >= 0 && s->chunks_left-- == 0)
        return err_set(e, -EIO, "no more chunks");
    int result = store_txn_commit(s, e);
    return result < 0 ? result : store_txn_begin(s, e);
}

// ---- marks

static int set_mark(struct store *s, struct slice name, bool on, struct err *e)
{
    MDB_val k = lm_val(name), v = lm_val(SLICE_LIT("1"));
    int rc =
        on ? mdb_put(s->write_txn, s->own, &k, &v, 0) : mdb_del(s->write_txn, s->own, &k, NULL);
    return rc && rc != MDB_NOTFOUND ? lm_error(e, rc, "cannot write the store") : 0;
}

static int has_mark(const struct store *s, struct slice name, struct err *e)
{
    struct slice ignored;
    return lm_get(s->write_txn, s->own, name, &ignored, e);
}

int store_mark_filling(struct store *s, bool on, struct err *e)
{
    return set_mark(s, SLICE_LIT("filling"), on, e);
}

// ---- state and tree in the file

int store_put_state(struct store *s, const struct kv_change *c, struct err *e)
{
    MDB_val k = lm_val(c->key), v = lm_val(c->value);
    int rc = c->deleted ? mdb_del(s->write_txn, s->state, &k, NULL)
                        : mdb_put(s->write_txn, s->state, &k, &v, 0);
    return rc && rc != MDB_NOTFOUND ? lm_error(e, rc, "cannot write the state") : 0;
}

static int load_page(void *ctx, struct slice key, struct slice *ret, struct err *e)
{
    const struct store *s = ctx;
    return lm_get(s->write_txn, s->tree, key, ret, e);
}

static int store_page(void *ctx, struct slice key, struct slice data, struct err *e)
{
    struct store *s = ctx;
    MDB_val k = lm_val(key), v = lm_val(data);
    int rc = data.data ? mdb_put(s->write_txn, s->tree, &k, &v, 0)
                       : mdb_del(s->write_txn, s->tree, &k, NULL);
    if (rc && rc != MDB_NOTFOUND)
        return lm_error(e, rc, "cannot write the state tree");
    return s->unsettled || s->filling ? store_next_chunk(s, e) : 0;
}

const struct smt_pages store_tree_pages = {.load = load_page, .store = store_page};

static size_t count_of(const struct store *s)
{
    struct kv_change change;
    size_t count = 0;
    struct kv_walk *walk = recent_walk(s->recent, s->tip.height, SLICE_NULL, SLICE_NULL, false);
    while (walk->next(walk, &change))
        count++;
    kv_walk_free(walk);
    return count;
}

int store_ready_tree(struct store *s, struct err *e)
{
    if (s->smt_ready || !s->tip.has_state)
        return 0;
    struct smt_change *changes = mem_calloc(count_of(s), sizeof *changes);
    uint8_t root[STORE_HASH_BYTES];
    struct kv_change change;
    size_t count = 0;
    struct kv_walk *walk = recent_walk(s->recent, s->tip.height, SLICE_NULL, SLICE_NULL, false);
    while (walk->next(walk, &change)) {
        if (change.deleted)
            smt_change_del(&changes[count++], change.key);
        else
            smt_change_set(&changes[count++], change.key, change.value);
    }
    kv_walk_free(walk);
    smt_forget(&s->smt);
    int result = smt_update(&s->smt, changes, count, root, e);
    free(changes);
    if (result == 0 && memcmp(root, s->tip.app_hash, sizeof root) != 0)
        result = err_set(e, -EUCLEAN,
                         "the state of height %lld does not have its app hash: the store is "
                         "damaged",
                         (long long)s->tip.height);
    s->smt_ready = result == 0;
    return result;
}

// ---- settling

static int settle_state(struct store *s, struct err *e)
{
    struct kv_change change;
    struct kv_walk *walk = recent_walk(s->recent, s->tip.height, SLICE_NULL, SLICE_NULL, false);
    int result = 0;
    while (result == 0 && walk->next(walk, &change)) {
        result = store_put_state(s, &change, e);
        if (result == 0)
            result = store_next_chunk(s, e);
    }
    kv_walk_free(walk);
    return result;
}

static int settle_steps(struct store *s, struct store_tip *tip, struct err *e)
{
    int result = store_ready_tree(s, e);
    if (result == 0)
        result = set_mark(s, SLICE_LIT("settling"), true, e);
    s->unsettled = true;
    if (result == 0)
        result = settle_state(s, e);
    if (result == 0)
        result = smt_flush(&s->smt, e);
    tip->base = tip->height;
    if (result == 0)
        result = store_tip_write(s, s->write_txn, tip, e);
    if (result == 0)
        result = set_mark(s, SLICE_LIT("settling"), false, e);
    return result == 0 ? store_txn_commit(s, e) : result;
}

int store_settle(struct store *s, struct err *e)
{
    struct store_tip tip = s->tip;
    int result = store_txn_begin(s, e);
    if (result == 0)
        result = settle_steps(s, &tip, e);
    if (result < 0) {
        // The tree's pages may be gone from memory before the last commit failed.
        store_txn_abort(s);
        smt_forget(&s->smt);
        s->smt_ready = false;
        return err_context(e, "cannot bring the state up to date"), result;
    }
    s->unsettled = false;
    s->tip = tip;
    store_swap_recent(s, recent_new(tip.base));
    return 0;
}

// ---- after an interruption

static int drop_contents(struct store *s, struct err *e)
{
    int rc = mdb_drop(s->write_txn, s->state, 0);
    if (rc == 0)
        rc = mdb_drop(s->write_txn, s->tree, 0);
    if (rc)
        return lm_error(e, rc, "cannot remove an unfinished genesis");
    return store_mark_filling(s, false, e);
}

int store_drop_unfinished_genesis(struct store *s, struct err *e)
{
    int result = store_txn_begin(s, e);
    if (result == 0)
        result = drop_contents(s, e);
    if (result == 0)
        result = store_txn_commit(s, e);
    store_txn_abort(s);
    s->filling = result < 0;
    return result;
}

int store_recover(struct store *s, struct err *e)
{
    int result = store_txn_begin(s, e);
    if (result < 0)
        return result;
    int filling = has_mark(s, SLICE_LIT("filling"), e);
    int settling = filling < 0 ? filling : has_mark(s, SLICE_LIT("settling"), e);
    store_txn_abort(s);
    if (settling < 0)
        return settling;
    if (filling && (result = store_drop_unfinished_genesis(s, e)) < 0)
        return result;
    return settling ? store_settle(s, e) : 0;
}
