#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <lmdb.h>

#include "base/clock.h"
#include "base/mem.h"
#include "seid/store/kv_mem.h"
#include "seid/store/kv_overlay.h"
#include "seid/store/smt.h"
#include "seid/store/store.h"
#include "seid/store/store_internal.h"
#include "seid/store/test_random.h"

enum { HASH = STORE_HASH_BYTES };

// ---- a folder for each test

struct folder {
    char path[64];
};

// In memory where there is room: what is tested is what survives a process, not the disk.
static struct folder folder_new(void)
{
    struct folder f = {"/dev/shm/test_store.XXXXXX"};
    struct statvfs vfs;
    if (statvfs("/dev/shm", &vfs) == 0 && vfs.f_bavail * vfs.f_frsize >= (size_t)64 << 20 &&
        mkdtemp(f.path))
        return f;
    f = (struct folder){"/tmp/test_store.XXXXXX"};
    assert_non_null(mkdtemp(f.path));
    return f;
}

static void folder_free(const struct folder *f)
{
    CLEANUP_FREE char *command = mem_printf("rm -rf %s", f->path);
    assert_int_equal(system(command), 0);
}

static struct store *open_with(const struct folder *f, struct store_config config)
{
    struct store *s = NULL;
    struct err e = {0};
    config.path = f->path;
    if (!config.map_bytes)
        config.map_bytes = (size_t)1 << 30;
    int result = store_open(&config, &s, NULL, &e);
    if (result)
        print_error("store_open: %d %s\n", result, e.text);
    assert_int_equal(result, 0);
    return s;
}

static struct store *open_plain(const struct folder *f)
{
    return open_with(f, (struct store_config){.history_blocks = 1000});
}

static struct store_batch *begin(struct store *s)
{
    struct store_batch *b;
    struct err e;
    assert_int_equal(store_batch_begin(s, &b, &e), 0);
    return b;
}

static struct store_snapshot *snapshot(struct store *s)
{
    struct store_snapshot *snap;
    struct err e;
    assert_int_equal(store_snapshot_open(s, &snap, &e), 0);
    return snap;
}

// One block with these changes; fails the test when it fails.
static void commit(struct store *s, int64_t height, const struct kv_change *changes, size_t count,
                   bool settle, uint8_t ret_hash[HASH])
{
    struct store_batch *b = begin(s);
    struct err e = {0};
    if (settle)
        store_batch_settle(b);
    store_batch_put(b, STORE_SYS, SLICE_LIT("tip"), slice_of(&height, sizeof height));
    int result = store_batch_state(b, height, changes, count, ret_hash, &e);
    if (result)
        print_error("height %lld: %s\n", (long long)height, e.text);
    assert_int_equal(result, 0);
    assert_int_equal(store_batch_commit(b, &e), 0);
}

// ---- the model: the app hash from all of the state

static int load_mem(void *ctx, struct slice key, struct slice *ret, struct err *e)
{
    return kv_get(ctx, key, ret);
}

static int store_mem(void *ctx, struct slice key, struct slice data, struct err *e)
{
    kv_set(ctx, key, data);
    return 0;
}

static void model_hash(struct kv *model, uint8_t ret[HASH])
{
    struct kv_mem pages;
    struct smt t;
    struct err e;
    struct smt_change *changes = mem_calloc(20000, sizeof *changes);
    size_t count = 0;
    kv_mem_init(&pages);
    smt_init(&t, &(struct smt_pages){load_mem, store_mem, &pages.kv});
    struct kv_iter *it = kv_iter_new(model, SLICE_NULL, SLICE_NULL, false);
    for (struct slice key, value; kv_iter_next(it, &key, &value);)
        smt_change_set(&changes[count++], key, value);
    kv_iter_free(it);
    assert_int_equal(smt_update(&t, changes, count, ret, &e), 0);
    free(changes);
    smt_deinit(&t);
    kv_mem_deinit(&pages);
}

static void assert_same(struct kv *model, struct kv *kv, struct slice start, struct slice end)
{
    for (int reverse = 0; reverse < 2; reverse++) {
        struct kv_iter *a = kv_iter_new(model, start, end, reverse);
        struct kv_iter *b = kv_iter_new(kv, start, end, reverse);
        struct slice key, value, key2, value2, got;
        while (kv_iter_next(a, &key, &value)) {
            assert_true(kv_iter_next(b, &key2, &value2));
            assert_true(slice_eq(key, key2));
            assert_true(slice_eq(value, value2));
            assert_true(kv_get(kv, key, &got));
            assert_true(slice_eq(value, got));
        }
        assert_false(kv_iter_next(b, &key2, &value2));
        kv_iter_free(a);
        kv_iter_free(b);
    }
    assert_null(kv_error(kv));
}

static void copy_model(struct kv_mem *to, struct kv *from)
{
    kv_mem_init(to);
    struct kv_iter *it = kv_iter_new(from, SLICE_NULL, SLICE_NULL, false);
    for (struct slice key, value; kv_iter_next(it, &key, &value);)
        kv_set(&to->kv, key, value);
    kv_iter_free(it);
}

// ---- the store against the model

enum { MODEL_HEIGHTS = 160, HISTORY = 30 };

struct world {
    struct test_random r;
    struct folder folder;
    struct store *store;
    struct kv_mem at[MODEL_HEIGHTS]; // the state after each height
    uint8_t hash[MODEL_HEIGHTS][HASH];
    int64_t tip, settled;
};

static struct slice random_key(struct test_random *r, uint8_t room[KV_KEY_MAX])
{
    uint32_t n = test_random_below(r, 400);
    size_t len = n % 17 == 0 ? KV_KEY_MAX : 1 + n % 3;
    memset(room, (int)(n % 5 ? n % 256 : 0xff), len);
    room[len - 1] = (uint8_t)(n / 3);
    return slice_of(room, len);
}

static void random_changes(struct test_random *r, struct kv *overlay)
{
    static uint8_t value[6000];
    for (uint32_t n = test_random_below(r, 60); n > 0; n--) {
        uint8_t room[KV_KEY_MAX];
        struct slice key = random_key(r, room);
        uint32_t kind = test_random_below(r, 10);
        size_t len = kind == 9 ? test_random_below(r, sizeof value) : test_random_below(r, 40);
        memset(value, (int)test_random_below(r, 256), len ? len : 1);
        if (kind < 3)
            kv_del(overlay, key);
        else
            kv_set(overlay, key, slice_of(value, len));
    }
}

static void model_block(struct world *w, bool abort_it)
{
    struct store_snapshot *snap = snapshot(w->store);
    struct kv_overlay block;
    kv_overlay_init(&block, store_snapshot_state(snap));
    random_changes(&w->r, &block.kv);
    const struct kv_change *changes;
    size_t count = kv_overlay_changes(&block, &changes);
    int64_t height = w->tip + 1;
    if (abort_it) {
        uint8_t hash[HASH];
        struct err e;
        struct store_batch *b = begin(w->store);
        assert_int_equal(store_batch_state(b, height, changes, count, hash, &e), 0);
        store_batch_abort(b);
    } else {
        bool settle = test_random_below(&w->r, 6) == 0;
        commit(w->store, height, changes, count, settle, w->hash[height]);
        copy_model(&w->at[height], &w->at[w->tip].kv);
        kv_mem_apply(&w->at[height], changes, count);
        uint8_t expected[HASH];
        model_hash(&w->at[height].kv, expected);
        assert_memory_equal(w->hash[height], expected, HASH);
        w->tip = height;
    }
    kv_overlay_deinit(&block);
    store_snapshot_close(snap);
}

static void model_undo(struct world *w)
{
    uint8_t hash[HASH];
    struct err e = {0};
    struct store_batch *b = begin(w->store);
    int result = store_batch_undo(b, hash, &e);
    if (result < 0)
        print_error("%s\n", e.text);
    if (result == STORE_PRUNED) { // undone back to where the history ends
        store_batch_abort(b);
        return;
    }
    assert_int_equal(result, 0);
    assert_memory_equal(hash, w->hash[w->tip - 1], HASH);
    assert_int_equal(store_batch_commit(b, &e), 0);
    kv_mem_deinit(&w->at[w->tip]);
    w->tip--;
}

static void model_check(struct world *w)
{
    struct store_snapshot *snap = snapshot(w->store);
    uint8_t hash[HASH], room_a[KV_KEY_MAX], room_b[KV_KEY_MAX];
    assert_int_equal(store_snapshot_height(snap), w->tip);
    assert_int_equal(store_height(w->store), w->tip);
    store_snapshot_app_hash(snap, hash);
    assert_memory_equal(hash, w->hash[w->tip], HASH);
    assert_same(&w->at[w->tip].kv, store_snapshot_state(snap), SLICE_NULL, SLICE_NULL);
    for (int i = 0; i < 4; i++) {
        int64_t height = (int64_t)test_random_below(&w->r, (uint32_t)w->tip + 3);
        struct kv *kv;
        int result = store_snapshot_state_at(snap, height, &kv);
        if (height > w->tip) {
            assert_int_equal(result, STORE_FUTURE);
            continue;
        }
        if (result == STORE_PRUNED) {
            assert_true(height < w->tip - HISTORY || height < w->tip - HISTORY / 2);
            continue;
        }
        assert_int_equal(result, 0);
        assert_same(&w->at[height].kv, kv, SLICE_NULL, SLICE_NULL);
        assert_same(&w->at[height].kv, kv, random_key(&w->r, room_a), random_key(&w->r, room_b));
    }
    store_snapshot_close(snap);
}

static void test_store_equals_the_model(void **state)
{
    struct world *w = mem_zalloc(sizeof *w);
    w->r = test_random_init((uint64_t)time(NULL));
    w->folder = folder_new();
    struct store_config config = {.history_blocks = HISTORY};
    w->store = open_with(&w->folder, config);
    kv_mem_init(&w->at[0]);
    kv_set(&w->at[0].kv, SLICE_LIT("genesis"), SLICE_LIT("yes"));
    struct kv_change first = {SLICE_LIT("genesis"), SLICE_LIT("yes"), false};
    commit(w->store, 0, &first, 1, false, w->hash[0]);
    while (w->tip < MODEL_HEIGHTS - 1) {
        uint32_t what = test_random_below(&w->r, 20);
        if (what == 0 && w->tip > 0) {
            model_undo(w);
        } else if (what == 1) {
            store_close(w->store);
            w->store = open_with(&w->folder, config);
        } else {
            model_block(w, what == 2);
        }
        if (what % 3 == 0)
            model_check(w);
    }
    model_check(w);
    store_close(w->store);
    for (int64_t i = 0; i <= w->tip; i++)
        kv_mem_deinit(&w->at[i]);
    folder_free(&w->folder);
    free(w);
}

static void test_history_window(void **state)
{
    struct folder f = folder_new();
    struct store *s = open_with(&f, (struct store_config){.history_blocks = 5});
    uint8_t hash[HASH];
    for (int64_t h = 100; h <= 140; h++) { // a chain that began at initial height 101
        struct kv_change c = {SLICE_LIT("h"), slice_of(&h, sizeof h), false};
        commit(s, h, &c, 1, h == 140, hash);
        if (h == 139) { // what is not settled yet outlives the window
            store_close(s);
            s = open_with(&f, (struct store_config){.history_blocks = 5});
        }
    }
    // All pruned heights go in the blocks after, some a block.
    for (int64_t h = 141; h <= 150; h++)
        commit(s, h, NULL, 0, true, hash);
    struct store_snapshot *snap = snapshot(s);
    struct kv *kv;
    assert_int_equal(store_snapshot_state_at(snap, 151, &kv), STORE_FUTURE);
    assert_int_equal(store_snapshot_state_at(snap, 150, &kv), 0);
    assert_int_equal(store_snapshot_state_at(snap, 145, &kv), 0);
    assert_int_equal(store_snapshot_state_at(snap, 144, &kv), STORE_PRUNED);
    assert_int_equal(store_snapshot_state_at(snap, 99, &kv), STORE_PRUNED);
    store_snapshot_close(snap);
    store_close(s);
    folder_free(&f);
}

static void test_misuse_is_refused(void **state)
{
    struct folder f = folder_new();
    struct store *s = open_plain(&f);
    struct err e;
    uint8_t hash[HASH];
    struct store_snapshot *snap = snapshot(s);
    struct slice value;
    struct kv *kv;
    assert_int_equal(store_snapshot_height(snap), 0);
    assert_false(kv_get(store_snapshot_state(snap), SLICE_LIT("k"), &value));
    assert_int_equal(store_snapshot_state_at(snap, 0, &kv), STORE_PRUNED);
    kv_set(store_snapshot_state(snap), SLICE_LIT("k"), SLICE_LIT("v"));
    assert_non_null(kv_error(store_snapshot_state(snap)));
    store_snapshot_close(snap);
    struct kv_change c = {SLICE_LIT("k"), SLICE_LIT("v"), false};
    struct store_batch *b = begin(s);
    assert_int_equal(store_batch_undo(b, hash, &e), STORE_PRUNED);
    assert_int_equal(store_batch_state(b, 0, &c, 1, hash, &e), 0);
    assert_int_equal(store_batch_state(b, 1, &c, 1, hash, &e), -EINVAL);
    assert_int_equal(store_batch_commit(b, &e), 0);
    static const int64_t wrong[] = {-1, 0, 2, 100};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        b = begin(s);
        assert_int_equal(store_batch_state(b, wrong[i], &c, 1, hash, &e), -EINVAL);
        store_batch_abort(b);
    }
    b = begin(s);
    assert_int_equal(store_batch_undo(b, hash, &e), STORE_PRUNED); // genesis
    store_batch_abort(b);
    store_batch_abort(NULL);
    store_snapshot_close(NULL);
    store_close(s);
    store_close(NULL);
    folder_free(&f);
}

static void test_plain_tables(void **state)
{
    struct folder f = folder_new();
    struct store *s = open_plain(&f);
    struct err e;
    struct slice value;
    struct store_batch *b = begin(s);
    store_batch_put(b, STORE_TX, SLICE_LIT("a"), SLICE_LIT("1"));
    store_batch_put(b, STORE_TX, SLICE_LIT("b"), SLICE_LIT("2"));
    store_batch_put(b, STORE_EVENT, SLICE_LIT("a"), SLICE_LIT("event"));
    store_batch_del(b, STORE_TX, SLICE_LIT("never there"));
    struct store_snapshot *before = snapshot(s);
    assert_int_equal(store_batch_commit(b, &e), 0);
    struct store_snapshot *after = snapshot(s);
    assert_false(store_snapshot_get(before, STORE_TX, SLICE_LIT("a"), &value));
    assert_true(store_snapshot_get(after, STORE_TX, SLICE_LIT("b"), &value));
    assert_true(slice_eq(value, SLICE_LIT("2")));
    struct kv_iter *it =
        kv_iter_new(store_snapshot_table(after, STORE_TX), SLICE_NULL, SLICE_NULL, true);
    struct slice key;
    assert_true(kv_iter_next(it, &key, &value) && slice_eq(key, SLICE_LIT("b")));
    assert_true(kv_iter_next(it, &key, &value) && slice_eq(key, SLICE_LIT("a")));
    assert_false(kv_iter_next(it, &key, &value));
    kv_iter_free(it);
    b = begin(s);
    store_batch_del(b, STORE_TX, SLICE_LIT("a"));
    assert_int_equal(store_batch_commit(b, &e), 0);
    assert_true(store_snapshot_get(after, STORE_TX, SLICE_LIT("a"), &value));
    // An error in a put comes out of the commit, which keeps nothing.
    static const uint8_t long_key[600];
    b = begin(s);
    store_batch_put(b, STORE_TX, slice_of(long_key, sizeof long_key), SLICE_LIT("x"));
    store_batch_put(b, STORE_TX, SLICE_LIT("c"), SLICE_LIT("3"));
    assert_true(store_batch_commit(b, &e) < 0);
    store_snapshot_close(before);
    store_snapshot_close(after);
    after = snapshot(s);
    assert_false(store_snapshot_get(after, STORE_TX, SLICE_LIT("a"), &value));
    assert_false(store_snapshot_get(after, STORE_TX, SLICE_LIT("c"), &value));
    store_snapshot_close(after);
    store_close(s);
    folder_free(&f);
}

// ---- a full map, a full disk

// Blocks of about 100 kB until one fails; the height reached.
static int64_t fill(struct store *s, int64_t height, uint8_t hash[HASH], struct err *e)
{
    static uint8_t value[1000];
    for (;; height++) {
        struct kv_change changes[100];
        uint16_t keys[100];
        uint8_t next_hash[HASH];
        memset(value, (int)(height & 0xff), sizeof value);
        for (uint16_t i = 0; i < 100; i++) {
            keys[i] = __builtin_bswap16((uint16_t)(height * 10 + i));
            changes[i] =
                (struct kv_change){slice_of(&keys[i], 2), slice_of(value, sizeof value), false};
        }
        struct store_batch *b;
        int result = store_batch_begin(s, &b, e);
        if (result < 0)
            return height - 1;
        // On failure it is either the changes or the commit that tell.
        int told = store_batch_state(b, height, changes, 100, next_hash, e);
        result = store_batch_commit(b, e);
        if (told < 0)
            assert_int_equal(result, told);
        if (result < 0)
            return height - 1;
        memcpy(hash, next_hash, HASH);
    }
}

static void check_after_full(const struct folder *f, struct store *s, int64_t height,
                             const uint8_t hash[HASH], size_t larger_map)
{
    for (int round = 0; round < 2; round++) {
        struct store_snapshot *snap = snapshot(s);
        struct kv_mem content;
        uint8_t got[HASH];
        assert_int_equal(store_snapshot_height(snap), height);
        store_snapshot_app_hash(snap, got);
        assert_memory_equal(got, hash, HASH);
        copy_model(&content, store_snapshot_state(snap));
        model_hash(&content.kv, got);
        assert_memory_equal(got, hash, HASH);
        kv_mem_deinit(&content);
        store_snapshot_close(snap);
        if (round == 0) {
            store_close(s);
            s = open_with(f,
                          (struct store_config){.history_blocks = 1000, .map_bytes = larger_map});
        }
    }
    uint8_t next[HASH];
    if (larger_map > (size_t)8 << 20)
        commit(s, height + 1, NULL, 0, false, next);
    store_close(s);
}

static void test_full_map_keeps_the_state(void **state)
{
    struct folder f = folder_new();
    struct store *s =
        open_with(&f, (struct store_config){.history_blocks = 1000, .map_bytes = 4 << 20});
    uint8_t hash[HASH];
    struct err e = {0};
    int64_t height = fill(s, 0, hash, &e);
    assert_int_equal(e.code, -ENOSPC);
    assert_non_null(strstr(e.text, "size limit"));
    assert_true(height > 3);
    check_after_full(&f, s, height, hash, (size_t)64 << 20);
    folder_free(&f);
}

static void test_full_disk_keeps_the_state(void **state)
{
    struct folder f = folder_new();
    if (mount("tmpfs", f.path, "tmpfs", 0, "size=4m") < 0) {
        print_message("# skipped: mounting a small file system needs root (%s)\n", strerror(errno));
        folder_free(&f);
        skip();
    }
    struct store *s = open_plain(&f);
    uint8_t hash[HASH];
    struct err e = {0};
    int64_t height = fill(s, 0, hash, &e);
    assert_int_equal(e.code, -ENOSPC);
    assert_true(height > 3);
    check_after_full(&f, s, height, hash, 8 << 20);
    assert_int_equal(umount(f.path), 0);
    folder_free(&f);
}

// ---- other processes

static void test_second_process_is_refused(void **state)
{
    struct folder f = folder_new();
    struct store *s = open_plain(&f);
    pid_t child = fork();
    if (child == 0) {
        struct store *other;
        struct err e;
        pid_t pid = 0;
        int result = store_open(&(struct store_config){.path = f.path}, &other, &pid, &e);
        _exit(result == STORE_LOCKED && pid == getppid() ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    store_close(s);
    store_close(open_plain(&f));
    folder_free(&f);
}

// Reads beside a writer in another process, and sees what it commits.
static int reader_process(const struct folder *f, int ask, int answer)
{
    struct store *s = NULL;
    struct store_batch *b;
    struct err e;
    struct store_config config = {.path = f->path, .read_only = true};
    if (store_open(&config, &s, NULL, &e) != 0)
        return 2;
    for (int64_t height; read(ask, &height, sizeof height) == sizeof height;) {
        struct store_snapshot *snap;
        struct slice value = SLICE_NULL;
        if (store_snapshot_open(s, &snap, &e) < 0)
            return 3;
        bool right = store_snapshot_height(snap) == height &&
                     kv_get(store_snapshot_state(snap), SLICE_LIT("h"), &value) &&
                     slice_eq(value, slice_of(&height, sizeof height));
        store_snapshot_close(snap);
        if (!right || write(answer, &height, sizeof height) != sizeof height)
            return 4;
    }
    int refused = store_batch_begin(s, &b, &e);
    store_close(s);
    return refused == -EROFS ? 0 : 5;
}

static void test_read_only_beside_a_writer(void **state)
{
    struct folder f = folder_new();
    struct store *s = NULL;
    struct err e = {0};
    struct store_config config = {.path = f.path, .read_only = true};
    assert_true(store_open(&config, &s, NULL, &e) < 0); // nothing there, nothing made
    s = open_plain(&f);
    int ask[2], answer[2], status;
    assert_int_equal(pipe(ask) + pipe(answer), 0);
    uint8_t hash[HASH];
    for (int64_t h = 0; h <= 3; h++) {
        struct kv_change c = {SLICE_LIT("h"), slice_of(&h, sizeof h), false};
        commit(s, h, &c, 1, false, hash);
    }
    pid_t child = fork();
    if (child == 0) {
        close(ask[1]);
        _exit(reader_process(&f, ask[0], answer[1]));
    }
    close(answer[1]);
    for (int64_t h = 4; h <= 30; h++) {
        struct kv_change c = {SLICE_LIT("h"), slice_of(&h, sizeof h), false};
        commit(s, h, &c, 1, h % 7 == 0, hash);
        int64_t back;
        assert_int_equal(write(ask[1], &h, sizeof h), sizeof h);
        assert_int_equal(read(answer[0], &back, sizeof back), sizeof back);
        assert_int_equal(back, h);
    }
    close(ask[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(ask[0]);
    close(answer[0]);
    store_close(s);
    folder_free(&f);
}

// ---- every point at which a settling, or a large genesis, can be interrupted

static const uint16_t MANY_KEYS = 300;

// Some keys change and some do not; the set of keys does, so that tree pages come and go.
static void many_changes(struct test_random *r, struct kv *kv, unsigned one_in)
{
    for (uint16_t i = 0; i < MANY_KEYS; i++) {
        uint64_t value = test_random_next(r);
        if (value % one_in == 0)
            kv_del(kv, slice_of(&i, sizeof i));
        else if (value % one_in == 1)
            kv_set(kv, slice_of(&i, sizeof i), slice_of(&value, sizeof value));
    }
}

static void commit_overlay(struct store *s, int64_t height, struct kv_overlay *o,
                           struct kv_mem *model, uint8_t ret_hash[HASH])
{
    const struct kv_change *changes;
    size_t count = kv_overlay_changes(o, &changes);
    commit(s, height, changes, count, false, ret_hash);
    kv_mem_apply(model, changes, count);
    kv_overlay_discard(o);
}

static void assert_state(struct store *s, int64_t height, struct kv_mem *model,
                         const uint8_t hash[HASH])
{
    struct store_snapshot *snap = snapshot(s);
    uint8_t got[HASH];
    assert_int_equal(store_snapshot_height(snap), height);
    store_snapshot_app_hash(snap, got);
    assert_memory_equal(got, hash, HASH);
    assert_same(&model->kv, store_snapshot_state(snap), SLICE_NULL, SLICE_NULL);
    store_snapshot_close(snap);
}

enum after { GO_ON, REOPEN, UNDO, AFTER_COUNT };

// Settles after height 5 in chunks of five, which fails after `chunks` of them. False when it did
// not fail: all points are through.
static bool interrupt_settling(int chunks, enum after after)
{
    struct test_random r = {(uint64_t)chunks};
    struct folder f = folder_new();
    struct store *s = open_plain(&f);
    struct kv_mem model, at_3, at_4;
    struct kv_overlay o;
    struct err e;
    uint8_t hash[HASH], hash_4[HASH], expected[HASH];
    struct kv *past;
    kv_mem_init(&model);
    kv_overlay_init(&o, &model.kv);
    for (int64_t h = 0; h <= 5; h++) {
        many_changes(&r, &o.kv, h ? 20 : 2);
        commit_overlay(s, h, &o, &model, hash);
        if (h == 3)
            copy_model(&at_3, &model.kv);
        if (h == 4) {
            copy_model(&at_4, &model.kv);
            memcpy(hash_4, hash, HASH);
        }
    }
    s->chunk = 5;
    s->chunks_left = chunks;
    bool failed = store_settle(s, &e) < 0;
    assert_state(s, 5, &model, hash);
    s->chunks_left = -1;
    if (after == REOPEN) {
        store_close(s);
        s = open_plain(&f);
        if (failed && chunks > 0) // the mark was set: opening completed it
            assert_int_equal(s->tip.base, 5);
    }
    int64_t height = 6;
    if (after == UNDO) {
        struct store_batch *b = begin(s);
        assert_int_equal(store_batch_undo(b, hash, &e), 0);
        assert_memory_equal(hash, hash_4, HASH);
        assert_int_equal(store_batch_commit(b, &e), 0);
        assert_state(s, 4, &at_4, hash_4);
        kv_mem_deinit(&model);
        copy_model(&model, &at_4.kv);
        height = 5;
    }
    struct store_snapshot *snap = snapshot(s);
    assert_int_equal(store_snapshot_state_at(snap, 3, &past), 0);
    assert_same(&at_3.kv, past, SLICE_NULL, SLICE_NULL);
    store_snapshot_close(snap);
    for (; height <= 7; height++) {
        many_changes(&r, &o.kv, 20);
        commit_overlay(s, height, &o, &model, hash);
        assert_state(s, height, &model, hash);
        model_hash(&model.kv, expected);
        assert_memory_equal(hash, expected, HASH);
    }
    kv_overlay_deinit(&o);
    kv_mem_deinit(&model);
    kv_mem_deinit(&at_3);
    kv_mem_deinit(&at_4);
    store_close(s);
    folder_free(&f);
    return failed;
}

static void test_settling_interrupted_everywhere(void **state)
{
    for (enum after after = GO_ON; after < AFTER_COUNT; after++) {
        int points = 0;
        while (interrupt_settling(points, after))
            points++;
        assert_true(points > 20);
        print_message("# %d points\n", points);
    }
}

static bool interrupt_genesis(int chunks)
{
    struct folder f = folder_new();
    struct store *s = open_plain(&f);
    struct kv_mem model;
    struct kv_overlay o;
    struct err e;
    uint8_t hash[HASH], expected[HASH];
    const struct kv_change *changes;
    kv_mem_init(&model);
    kv_overlay_init(&o, &model.kv);
    for (uint16_t i = 0; i < MANY_KEYS; i++)
        kv_set(&o.kv, slice_of(&i, sizeof i), slice_of(&i, 1));
    size_t count = kv_overlay_changes(&o, &changes);
    s->chunk = 1;
    s->chunks_left = chunks;
    struct store_batch *b = begin(s);
    bool failed = store_batch_state(b, 0, changes, count, hash, &e) < 0;
    if (failed) {
        store_batch_abort(b);
        if (chunks % 2) {
            store_close(s);
            s = open_plain(&f);
        }
        s->chunks_left = -1;
        struct store_snapshot *snap = snapshot(s);
        assert_same(&model.kv, store_snapshot_state(snap), SLICE_NULL, SLICE_NULL); // nothing
        for (uint16_t i = 0; i < MANY_KEYS; i++)
            assert_false(kv_has(store_snapshot_state(snap), slice_of(&i, sizeof i)));
        store_snapshot_close(snap);
        // Another genesis, without half of the keys of the first.
        kv_overlay_discard(&o);
        for (uint16_t i = 0; i < MANY_KEYS; i += 2)
            kv_set(&o.kv, slice_of(&i, sizeof i), SLICE_LIT("other"));
        count = kv_overlay_changes(&o, &changes);
        b = begin(s);
        assert_int_equal(store_batch_state(b, 0, changes, count, hash, &e), 0);
    }
    assert_int_equal(store_batch_commit(b, &e), 0);
    kv_mem_apply(&model, changes, count);
    assert_state(s, 0, &model, hash);
    model_hash(&model.kv, expected);
    assert_memory_equal(hash, expected, HASH);
    kv_overlay_deinit(&o);
    kv_mem_deinit(&model);
    store_close(s);
    folder_free(&f);
    return failed;
}

static void test_large_genesis_interrupted_everywhere(void **state)
{
    int points = 0;
    while (interrupt_genesis(points))
        points++;
    assert_true(points > 20);
    print_message("# %d points\n", points);
}

// ---- kill -9

// Block `height` as a function of the height alone.
static size_t block_changes(int64_t height, uint8_t keys[64][2], uint64_t values[64],
                            struct kv_change changes[64])
{
    struct test_random r = {(uint64_t)height * 77};
    struct kv_mem m;
    struct kv_overlay o;
    kv_mem_init(&m);
    kv_overlay_init(&o, &m.kv);
    for (int i = 0; i < 64; i++) {
        uint64_t word = test_random_next(&r);
        struct slice key = slice_of(&word, 1 + word % 2);
        if (test_random_below(&r, 4) == 0)
            kv_del(&o.kv, key);
        else
            kv_set(&o.kv, key, slice_of(&word, sizeof word));
    }
    const struct kv_change *list;
    size_t count = kv_overlay_changes(&o, &list);
    for (size_t i = 0; i < count; i++) {
        memcpy(keys[i], list[i].key.data, list[i].key.len);
        if (list[i].value.len)
            memcpy(&values[i], list[i].value.data, sizeof values[i]);
        changes[i] = (struct kv_change){slice_of(keys[i], list[i].key.len),
                                        slice_of(&values[i], list[i].value.len), list[i].deleted};
    }
    kv_overlay_deinit(&o);
    kv_mem_deinit(&m);
    return count;
}

static void writer_process(const struct folder *f, int report)
{
    struct store *s = open_plain(f);
    struct store_snapshot *snap = snapshot(s);
    uint8_t hash[HASH];
    struct slice ignored;
    s->chunk = 8;
    bool fresh = !store_snapshot_get(snap, STORE_SYS, SLICE_LIT("tip"), &ignored);
    store_snapshot_close(snap);
    for (int64_t height = fresh ? 0 : store_height(s) + 1;; height++) {
        uint8_t keys[64][2];
        uint64_t values[64];
        struct kv_change changes[64];
        size_t count = block_changes(height, keys, values, changes);
        commit(s, height, changes, count, height % 4 == 0, hash);
        if (write(report, &height, sizeof height) != sizeof height)
            _exit(1);
    }
}

static void test_kill_at_random_instants(void **state)
{
    struct test_random r = test_random_init((uint64_t)time(NULL));
    struct folder f = folder_new();
    struct kv_mem model;
    kv_mem_init(&model);
    int64_t modelled = -1, until = clock_monotonic_ns() + INT64_C(2500000000);
    unsigned kills = 0;
    for (; clock_monotonic_ns() < until; kills++) {
        int report[2];
        assert_int_equal(pipe(report), 0);
        pid_t child = fork();
        if (child == 0)
            writer_process(&f, report[1]);
        close(report[1]);
        usleep(test_random_below(&r, kills % 3 ? 60000 : 6000));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        int64_t reported = modelled, height;
        while (read(report[0], &height, sizeof height) == sizeof height)
            reported = height;
        close(report[0]);

        struct store *s = open_plain(&f);
        struct store_snapshot *snap = snapshot(s);
        struct slice tip;
        uint8_t hash[HASH], expected[HASH];
        if (store_snapshot_get(snap, STORE_SYS, SLICE_LIT("tip"), &tip)) {
            // What was reported is there, perhaps one block more; table and state agree.
            height = store_snapshot_height(snap);
            assert_true(height == reported || height == reported + 1);
            assert_true(slice_eq(tip, slice_of(&height, sizeof height)));
            while (modelled < height) {
                uint8_t keys[64][2];
                uint64_t values[64];
                struct kv_change changes[64];
                kv_mem_apply(&model, changes, block_changes(++modelled, keys, values, changes));
            }
            assert_same(&model.kv, store_snapshot_state(snap), SLICE_NULL, SLICE_NULL);
            store_snapshot_app_hash(snap, hash);
            model_hash(&model.kv, expected);
            assert_memory_equal(hash, expected, HASH);
        } else {
            assert_int_equal(reported, -1);
        }
        store_snapshot_close(snap);
        store_close(s);
    }
    print_message("# %u kills, height %lld\n", kills, (long long)modelled);
    assert_true(kills > 3);
    kv_mem_deinit(&model);
    folder_free(&f);
}

// ---- readers beside the writer

enum { SHARED_KEYS = 40, SHARED_HEIGHTS = 300 };

struct shared {
    struct store *store;
    atomic_bool done;
    atomic_uint reads, wrong;
};

// All keys of a height tell the same height, and so does each earlier one.
static bool consistent(struct kv *kv, int64_t height)
{
    struct kv_iter *it = kv_iter_new(kv, SLICE_NULL, SLICE_NULL, height % 2);
    struct slice key, value, got;
    unsigned seen = 0;
    bool right = true;
    for (; kv_iter_next(it, &key, &value); seen++) {
        right = right && slice_eq(value, slice_of(&height, sizeof height)) &&
                kv_get(kv, key, &got) && slice_eq(got, value);
    }
    kv_iter_free(it);
    return right && seen == SHARED_KEYS && !kv_error(kv);
}

static void *reader_thread(void *arg)
{
    struct shared *shared = arg;
    while (!atomic_load(&shared->done)) {
        struct store_snapshot *snap;
        struct err e;
        if (store_snapshot_open(shared->store, &snap, &e) < 0) {
            atomic_fetch_add(&shared->wrong, 1);
            break;
        }
        int64_t height = store_snapshot_height(snap), back = height % 50;
        struct kv *past;
        bool right = consistent(store_snapshot_state(snap), height) &&
                     store_snapshot_state_at(snap, height - back, &past) == 0 &&
                     consistent(past, height - back);
        store_snapshot_close(snap);
        atomic_fetch_add(right ? &shared->reads : &shared->wrong, 1);
    }
    return NULL;
}

static void test_snapshots_beside_the_writer(void **state)
{
    struct folder f = folder_new();
    struct shared shared = {.store = open_plain(&f)};
    pthread_t threads[3];
    uint8_t hash[HASH];
    for (int64_t height = 0; height < SHARED_HEIGHTS; height++) {
        // The set of keys moves along, so that keys come and go.
        struct kv_mem m;
        struct kv_overlay o;
        kv_mem_init(&m);
        kv_overlay_init(&o, &m.kv);
        for (int64_t i = height - 1; i < height + SHARED_KEYS; i++) {
            uint8_t key[2] = {(uint8_t)(i % 200 >= 100), (uint8_t)(i % 200)};
            if (i < height)
                kv_del(&o.kv, slice_of(key, 2));
            else
                kv_set(&o.kv, slice_of(key, 2), slice_of(&height, sizeof height));
        }
        const struct kv_change *list;
        size_t count = kv_overlay_changes(&o, &list);
        commit(shared.store, height, list, count, height % 11 == 0, hash);
        kv_overlay_deinit(&o);
        kv_mem_deinit(&m);
        for (int i = 0; height == 0 && i < 3; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, reader_thread, &shared), 0);
    }
    atomic_store(&shared.done, true);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(shared.wrong, 0);
    assert_true(shared.reads > 0);
    store_close(shared.store);
    folder_free(&f);
}

// ---- files that are not what they should be

static void make_some(const struct folder *f)
{
    struct store *s = open_plain(f);
    uint8_t hash[HASH];
    for (int64_t h = 0; h < 20; h++) {
        struct kv_change c = {SLICE_LIT("h"), slice_of(&h, sizeof h), false};
        commit(s, h, &c, 1, false, hash);
    }
    store_close(s);
}

static void assert_all_heights(struct store *s)
{
    struct store_snapshot *snap = snapshot(s);
    for (int64_t h = 0; h < 20; h++) {
        struct kv *kv;
        struct slice value;
        assert_int_equal(store_snapshot_state_at(snap, h, &kv), 0);
        assert_true(kv_get(kv, SLICE_LIT("h"), &value));
        assert_true(slice_eq(value, slice_of(&h, sizeof h)));
    }
    store_snapshot_close(snap);
}

static void assert_refused(const struct folder *f, int code, const char *text)
{
    struct store *s = NULL;
    struct err e = {0};
    struct store_config config = {.path = f->path, .map_bytes = 1 << 26};
    for (int read_only = 0; read_only < 2; read_only++) {
        config.read_only = read_only;
        int result = store_open(&config, &s, NULL, &e);
        if (result != code || !strstr(e.text, text))
            print_error("got %d: %s\n", result, e.text);
        assert_int_equal(result, code);
        assert_non_null(strstr(e.text, text));
        assert_non_null(strstr(e.text, f->path));
    }
}

// Writes a value behind the store's back.
static void tamper(const struct folder *f, const char *table, struct slice key, struct slice value)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val k = {key.len, (void *)(uintptr_t)key.data};
    MDB_val v = {value.len, (void *)(uintptr_t)value.data};
    mdb_env_create(&env);
    mdb_env_set_maxdbs(env, 16);
    assert_int_equal(mdb_env_open(env, f->path, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, table, 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

// A state that is not what its app hash says is found before a block is built on it.
static void test_damaged_content(void **state)
{
    static const struct {
        const char *table;
        uint8_t key[16];
        size_t len;
        const char *text; // null: found by undoing
    } rows[] = {
        // The piece of the newest height's record that holds the key "h": { head, "h", values }.
        {"record", {0, 0, 0, 0, 0, 0, 0, 19, 'h'}, 9, "does not have its app hash"},
        {"record", {0, 0, 0, 0, 0, 0, 0, 19}, 8, NULL},
        {"tree", {0, 0}, 1, "damaged"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct folder f = folder_new();
        struct err e = {0};
        uint8_t hash[HASH], bytes[HASH] = {1, 0, 2, 0, 0, 0, 0, 8, 0, 0, 0, 'h', 9, 9};
        make_some(&f);
        tamper(&f, rows[i].table, slice_of(rows[i].key, rows[i].len),
               slice_of(bytes, rows[i].len == 9 ? 20 : HASH));
        struct store *s = open_plain(&f);
        struct store_batch *b = begin(s);
        struct kv_change c = {SLICE_LIT("h"), SLICE_LIT("x"), false};
        int result = rows[i].text ? store_batch_state(b, 20, &c, 1, hash, &e)
                                  : store_batch_undo(b, hash, &e);
        assert_int_equal(result, -EUCLEAN);
        assert_non_null(strstr(e.text, rows[i].text ? rows[i].text : "the app hash before it"));
        assert_int_equal(store_batch_commit(b, &e), -EUCLEAN); // sticky
        assert_int_equal(store_height(s), 19);
        store_close(s);
        folder_free(&f);
    }
}

static void test_format_from_the_future(void **state)
{
    static const uint8_t format[8] = {0, 0, 0, 0, 0, 0, 0, 2};
    struct folder f = folder_new();
    make_some(&f);
    tamper(&f, "store", SLICE_LIT("format"), slice_of(format, sizeof format));
    assert_refused(&f, -ENOTSUP, "newer");
    folder_free(&f);
}

static void test_truncated_file(void **state)
{
    struct folder f = folder_new();
    char file[128];
    snprintf(file, sizeof file, "%s/data.mdb", f.path);
    make_some(&f);
    struct stat st;
    assert_int_equal(stat(file, &st), 0);
    CLEANUP_FREE uint8_t *whole = mem_alloc((size_t)st.st_size);
    int fd = open(file, O_RDONLY);
    assert_int_equal(read(fd, whole, (size_t)st.st_size), st.st_size);
    close(fd);
    off_t page = sysconf(_SC_PAGESIZE);
    // Whole but for free pages at its end, a file is sound; a writer's death can leave one so.
    off_t length = st.st_size;
    for (;; length -= page) {
        struct store *s = NULL;
        struct err e = {0};
        struct store_config config = {.path = f.path, .map_bytes = 1 << 26};
        assert_int_equal(truncate(file, length), 0);
        int result = store_open(&config, &s, NULL, &e);
        if (result < 0)
            break;
        assert_all_heights(s);
        store_close(s);
    }
    assert_true(length >= st.st_size / 2);
    for (; length >= 0; length -= page) {
        assert_int_equal(truncate(file, length), 0);
        assert_refused(&f, -EUCLEAN, "cut short");
        struct stat after;
        assert_int_equal(stat(file, &after), 0);
        assert_int_equal(after.st_size, length); // looking changes nothing
    }
    assert_int_equal(truncate(file, 100), 0);
    assert_refused(&f, -EUCLEAN, "cut short");
    // The same bytes are a sound store again.
    fd = open(file, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, whole, (size_t)st.st_size), st.st_size);
    close(fd);
    struct store *s = open_plain(&f);
    assert_all_heights(s);
    store_close(s);
    folder_free(&f);
}

static void test_not_a_store(void **state)
{
    struct folder f = folder_new();
    char file[128];
    snprintf(file, sizeof file, "%s/data.mdb", f.path);
    make_some(&f);
    // The heads of both meta pages: page flags, magic, version.
    for (int meta = 0; meta < 2; meta++) {
        for (off_t at = 8; at < 24; at++) {
            if (at >= 12 && at < 16)
                continue; // not read for a meta page
            off_t offset = meta * sysconf(_SC_PAGESIZE) + at;
            uint8_t byte, other;
            int fd = open(file, O_RDWR);
            assert_int_equal(pread(fd, &byte, 1, offset), 1);
            other = byte ^ 0x2a;
            assert_int_equal(pwrite(fd, &other, 1, offset), 1);
            struct store *s = NULL;
            struct err e = {0};
            struct store_config config = {.path = f.path, .map_bytes = 1 << 26};
            int result = store_open(&config, &s, NULL, &e);
            if (result == 0)
                store_close(s);
            else
                assert_true(result < 0 && e.text[0]);
            assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
            close(fd);
        }
    }
    int fd = open(file, O_WRONLY | O_TRUNC);
    for (int i = 0; i < 2000; i++)
        assert_int_equal(write(fd, "not a store", 11), 11);
    close(fd);
    assert_refused(&f, -EUCLEAN, "damaged");
    folder_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_equals_the_model),
        cmocka_unit_test(test_history_window),
        cmocka_unit_test(test_misuse_is_refused),
        cmocka_unit_test(test_plain_tables),
        cmocka_unit_test(test_full_map_keeps_the_state),
        cmocka_unit_test(test_full_disk_keeps_the_state),
        cmocka_unit_test(test_second_process_is_refused),
        cmocka_unit_test(test_read_only_beside_a_writer),
        cmocka_unit_test(test_settling_interrupted_everywhere),
        cmocka_unit_test(test_large_genesis_interrupted_everywhere),
        cmocka_unit_test(test_kill_at_random_instants),
        cmocka_unit_test(test_snapshots_beside_the_writer),
        cmocka_unit_test(test_damaged_content),
        cmocka_unit_test(test_format_from_the_future),
        cmocka_unit_test(test_truncated_file),
        cmocka_unit_test(test_not_a_store),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
