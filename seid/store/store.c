#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "seid/store/lm.h"
#include "seid/store/record.h"
#include "seid/store/store_internal.h"

enum { MAX_DBS = 16 };
static const size_t DEFAULT_MAP = (size_t)64 << 30, SMALLEST_MAP = (size_t)256 << 20;

static const char *const table_names[STORE_TABLE_COUNT] = {
    [STORE_SYS] = "sys",       [STORE_BLOCK] = "block",   [STORE_META] = "meta",
    [STORE_RESULT] = "result", [STORE_COMMIT] = "commit", [STORE_HASH] = "hash",
    [STORE_TX] = "tx",         [STORE_EVENT] = "event",
};

// ---- the tip and the format, in the table "store"

static void put_be64(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(value >> (56 - 8 * i));
}

static uint64_t get_be64(const uint8_t *at)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | at[i];
    return value;
}

int store_tip_read(const struct store *s, MDB_txn *txn, struct store_tip *ret, struct err *e)
{
    struct slice value;
    int found = lm_get(txn, s->own, SLICE_LIT("tip"), &value, e);
    if (found < 0)
        return found;
    *ret = (struct store_tip){0};
    if (!found)
        return 0;
    if (value.len != 16 + STORE_HASH_BYTES)
        return err_set(e, -EUCLEAN, "the store's record of its height is damaged");
    ret->has_state = true;
    ret->height = (int64_t)get_be64(value.data);
    ret->base = (int64_t)get_be64(value.data + 8);
    memcpy(ret->app_hash, value.data + 16, STORE_HASH_BYTES);
    return 0;
}

static int put(MDB_txn *txn, MDB_dbi dbi, struct slice key, struct slice value, struct err *e)
{
    MDB_val k = lm_val(key), v = lm_val(value);
    int rc = mdb_put(txn, dbi, &k, &v, 0);
    return rc ? lm_error(e, rc, "cannot write the store") : 0;
}

int store_tip_write(const struct store *s, MDB_txn *txn, const struct store_tip *tip, struct err *e)
{
    uint8_t value[16 + STORE_HASH_BYTES];
    put_be64(value, (uint64_t)tip->height);
    put_be64(value + 8, (uint64_t)tip->base);
    memcpy(value + 16, tip->app_hash, STORE_HASH_BYTES);
    return put(txn, s->own, SLICE_LIT("tip"), slice_of(value, sizeof value), e);
}

static int check_format(const struct store *s, MDB_txn *txn, struct err *e)
{
    struct slice value;
    int found = lm_get(txn, s->own, SLICE_LIT("format"), &value, e);
    if (found < 0)
        return found;
    if (!found || value.len != 8)
        return err_set(e, -EUCLEAN, "no format version in it");
    uint64_t format = get_be64(value.data);
    if (format > STORE_FORMAT)
        return err_set(e, -ENOTSUP,
                       "its format is version %llu and this program knows %d: it was written by a "
                       "newer version of the program",
                       (unsigned long long)format, STORE_FORMAT);
    return 0;
}

// ---- the environment

static int open_tables(struct store *s, MDB_txn *txn, unsigned flags, struct err *e)
{
    int rc = mdb_dbi_open(txn, "store", flags, &s->own);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "state", flags, &s->state);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "tree", flags, &s->tree);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "record", flags, &s->record);
    for (int i = 0; i < STORE_TABLE_COUNT && rc == 0; i++)
        rc = mdb_dbi_open(txn, table_names[i], flags, &s->tables[i]);
    return rc ? lm_error(e, rc, "cannot open its tables") : 0;
}

// 0; ENOMEM (positive): the map does not fit into the address space; < 0.
static int try_env(struct store *s, const char *path, size_t map_bytes, unsigned flags,
                   struct err *e)
{
    int rc = mdb_env_create(&s->env);
    if (rc)
        return lm_error(e, rc, "cannot set up the store");
    rc = mdb_env_set_mapsize(s->env, map_bytes);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(s->env, MAX_DBS);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(s->env, STORE_READERS);
    if (rc == 0)
        rc = mdb_env_open(s->env, path, MDB_NOTLS | flags, 0600);
    if (rc == 0)
        return 0;
    mdb_env_close(s->env);
    s->env = NULL;
    if (rc == MDB_VERSION_MISMATCH)
        return err_set(e, -ENOTSUP, "its file belongs to another version of LMDB");
    return rc == ENOMEM ? ENOMEM : lm_error(e, rc, "cannot open its file");
}

static int open_env(struct store *s, const char *path, size_t map_bytes, unsigned flags,
                    struct err *e)
{
    size_t bytes = map_bytes ? map_bytes : DEFAULT_MAP;
    int result;
    while ((result = try_env(s, path, bytes, flags, e)) == ENOMEM) {
        if (map_bytes || bytes <= SMALLEST_MAP)
            return err_set(e, -ENOMEM, "cannot map %zu bytes", bytes);
        bytes /= 2;
    }
    return result;
}

// ---- creation: under another name first, so that a file called data.mdb is always whole

static int fill_new(struct store *s, struct err *e)
{
    MDB_txn *txn;
    uint8_t format[8];
    put_be64(format, STORE_FORMAT);
    int rc = mdb_txn_begin(s->env, NULL, 0, &txn);
    if (rc)
        return lm_error(e, rc, "cannot create the store");
    int result = open_tables(s, txn, MDB_CREATE, e);
    if (result == 0)
        result = put(txn, s->own, SLICE_LIT("format"), slice_of(format, sizeof format), e);
    if (result < 0) {
        mdb_txn_abort(txn);
        return result;
    }
    rc = mdb_txn_commit(txn);
    return rc ? lm_error(e, rc, "cannot create the store") : 0;
}

static int create(struct store *s, const char *path, const char *file, size_t map_bytes,
                  struct err *e)
{
    CLEANUP_FREE char *fresh = mem_printf("%s/new.mdb", path);
    CLEANUP_FREE char *fresh_lock = mem_printf("%s/new.mdb-lock", path);
    unlink(fresh); // what a crash may have left
    unlink(fresh_lock);
    int result = open_env(s, fresh, map_bytes, MDB_NOSUBDIR, e);
    if (result == 0) {
        result = fill_new(s, e);
        mdb_env_close(s->env);
        s->env = NULL;
    }
    unlink(fresh_lock);
    if (result == 0 && rename(fresh, file) < 0)
        result = err_errno(e, errno, "cannot rename %s", fresh);
    if (result < 0) {
        unlink(fresh);
        return result;
    }
    return fs_fsync_dir(path, e);
}

// ---- a file that is too short

// LMDB does not write pages at the end that were taken and given back within one transaction, so a
// sound file can be shorter than its last page number says; then all missing pages are free ones.
static bool all_free(MDB_env *env, size_t first_missing, size_t last)
{
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_val k, v;
    size_t found = 0;
    if (mdb_txn_begin(env, NULL, MDB_RDONLY, &txn))
        return false;
    if (mdb_cursor_open(txn, 0, &cursor) == 0) { // 0: LMDB's own table of free pages
        while (mdb_cursor_get(cursor, &k, &v, MDB_NEXT) == 0) {
            const size_t *ids = v.mv_data;
            for (size_t i = 1; i <= ids[0] && i < v.mv_size / sizeof *ids; i++)
                found += ids[i] >= first_missing && ids[i] <= last;
        }
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    return found == last - first_missing + 1;
}

static int check_length(struct store *s, const char *file, struct err *e)
{
    MDB_envinfo info;
    MDB_stat stat_;
    struct stat st;
    mdb_env_info(s->env, &info);
    mdb_env_stat(s->env, &stat_);
    if (stat(file, &st) < 0)
        return err_errno(e, errno, "cannot look at %s", file);
    off_t whole = (off_t)((info.me_last_pgno + 1) * stat_.ms_psize);
    if (st.st_size >= whole)
        return 0;
    size_t missing = (size_t)st.st_size / stat_.ms_psize;
    // Reading behind the end of a mapped file is fatal, so it gets its length back first.
    bool sound =
        !s->read_only && truncate(file, whole) == 0 && all_free(s->env, missing, info.me_last_pgno);
    if (!sound && !s->read_only && truncate(file, st.st_size) < 0)
        return err_errno(e, errno, "cannot restore the length of %s", file);
    return sound ? 0
                 : err_set(e, -EUCLEAN, "%s is cut short: %lld bytes of %lld", file,
                           (long long)st.st_size, (long long)whole);
}

// ---- opening

static int load(struct store *s, struct err *e)
{
    MDB_txn *txn;
    int dead, rc = mdb_reader_check(s->env, &dead);
    if (rc == 0)
        rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn);
    if (rc)
        return lm_error(e, rc, "cannot read it");
    int result = open_tables(s, txn, 0, e);
    if (result == 0)
        result = check_format(s, txn, e);
    if (result == 0)
        result = store_tip_read(s, txn, &s->tip, e);
    if (result == 0)
        result = store_load_recent(s, txn, &s->tip, &s->recent, e);
    if (result < 0) {
        mdb_txn_abort(txn);
        return result;
    }
    s->recent_tip = s->tip;
    s->height = s->tip.height;
    rc = mdb_txn_commit(txn); // keeps the handles of the tables
    return rc ? lm_error(e, rc, "cannot read it") : 0;
}

static int lock(struct store *s, const char *path, pid_t *ret_pid, struct err *e)
{
    CLEANUP_FREE char *file = mem_printf("%s/LOCK", path);
    pid_t pid = 0;
    int result = fs_lock_pidfile(file, &s->lock_fd, &pid, e);
    if (result != FS_LOCKED)
        return result;
    if (ret_pid)
        *ret_pid = pid;
    return STORE_LOCKED;
}

// LMDB maps its file of readers sparse; on a full disk a first touch would be fatal.
static int reserve_reader_table(const char *path, struct err *e)
{
    CLEANUP_FREE char *file = mem_printf("%s/lock.mdb", path);
    CLEANUP_CLOSE int fd = open(file, O_RDWR | O_CLOEXEC);
    struct stat st;
    int errnum = fd < 0 || fstat(fd, &st) < 0 ? errno : 0;
    if (errnum == 0 && st.st_size > 0)
        errnum = posix_fallocate(fd, 0, st.st_size);
    return errnum ? err_errno(e, errnum, "cannot make room for %s", file) : 0;
}

static int open_file(struct store *s, const struct store_config *config, struct err *e)
{
    CLEANUP_FREE char *file = mem_printf("%s/data.mdb", config->path);
    struct stat st;
    if (stat(file, &st) < 0) {
        if (errno != ENOENT || s->read_only)
            return err_errno(e, errno, "cannot open %s", file);
        int result = create(s, config->path, file, config->map_bytes, e);
        if (result < 0)
            return result;
    } else if (st.st_size < 2 * (off_t)sysconf(_SC_PAGESIZE)) {
        return err_set(e, -EUCLEAN, "%s is cut short: %lld bytes", file, (long long)st.st_size);
    }
    int result = open_env(s, config->path, config->map_bytes, s->read_only ? MDB_RDONLY : 0, e);
    if (result == 0 && !s->read_only)
        result = reserve_reader_table(config->path, e);
    if (result == 0)
        result = check_length(s, file, e);
    if (result == 0)
        result = load(s, e);
    return result < 0 || s->read_only ? result : store_recover(s, e);
}

int store_open(const struct store_config *config, struct store **ret, pid_t *ret_pid, struct err *e)
{
    struct store *s = mem_zalloc(sizeof *s);
    s->lock_fd = -1;
    s->read_only = config->read_only;
    s->history_blocks = config->history_blocks > 0 ? config->history_blocks : 0;
    pthread_mutex_init(&s->recent_lock, NULL);
    s->chunk = SETTLE_CHUNK;
    s->chunks_left = -1;
    struct smt_pages pages = store_tree_pages;
    pages.ctx = s;
    smt_init(&s->smt, &pages);
    int result = s->read_only ? 0 : fs_mkdir_p(config->path, e);
    if (result == 0 && !s->read_only)
        result = lock(s, config->path, ret_pid, e);
    if (result == 0)
        result = open_file(s, config, e);
    if (result < 0)
        err_context(e, "store %s", config->path);
    if (result != 0) {
        store_close(s);
        return result;
    }
    *ret = s;
    return 0;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    recent_unref(s->recent);
    smt_deinit(&s->smt);
    if (s->env)
        mdb_env_close(s->env);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    pthread_mutex_destroy(&s->recent_lock);
    free(s);
}

int64_t store_height(const struct store *s)
{
    return atomic_load_explicit(&s->height, memory_order_acquire);
}

// ---- recent changes

int store_load_recent(const struct store *s, MDB_txn *txn, const struct store_tip *tip,
                      struct recent **ret, struct err *e)
{
    struct recent *r = recent_new(tip->base);
    struct err error = {0};
    for (int64_t height = tip->base + 1; height <= tip->height && !error.code; height++) {
        uint8_t hash_before[RECORD_HASH_BYTES];
        int found = record_hash_before(txn, s->record, height, hash_before, &error);
        if (found == 0)
            err_set(&error, -EUCLEAN, "the record of changes of height %lld is missing",
                    (long long)height);
        struct kv_walk *walk = record_walk(txn, s->record, height, RECORD_AFTER, SLICE_NULL,
                                           SLICE_NULL, false, &error);
        struct kv_change change;
        while (walk->next(walk, &change))
            recent_put(r, height, &change);
        kv_walk_free(walk);
    }
    if (error.code) {
        recent_unref(r);
        return err_set(e, error.code, "%s", error.text);
    }
    *ret = r;
    return 0;
}

void store_swap_recent(struct store *s, struct recent *r)
{
    pthread_mutex_lock(&s->recent_lock);
    struct recent *old = s->recent;
    s->recent = r;
    pthread_mutex_unlock(&s->recent_lock);
    recent_unref(old);
}
