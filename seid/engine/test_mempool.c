#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "seid/engine/mempool.h"
#include "seid/store/kv_mem.h"
#include "wire/crypto/hash.h"

// The state machine of these tests: a transaction is "<key> <code> <gas>[ padding]". Code 0 needs
// the key to be absent and sets it; a recheck the same. Code 9 is refused always.
static void fake_check(void *ctx, struct kv *state, const struct app_block *next, struct slice tx,
                       const struct app_decoded *decoded, enum app_check_mode mode,
                       struct arena *arena, struct app_check_result *ret)
{
    int *checks = ctx;
    __atomic_fetch_add(checks, 1, __ATOMIC_RELAXED);
    char text[64] = "", key[16] = "";
    memcpy(text, tx.data, tx.len < 63 ? tx.len : 63);
    size_t key_len = strcspn(text, " ");
    memcpy(key, text, key_len < 15 ? key_len : 15);
    char *rest = text + key_len;
    long code = strtol(rest, &rest, 10), gas = strtol(rest, &rest, 10);
    struct slice old;
    if (code == 0 && kv_get(state, slice_str(key), &old))
        code = 32;
    if (code == 0)
        kv_set(state, slice_str(key), SLICE_LIT("x"));
    *ret = (struct app_check_result){.code = (uint32_t)code,
                                     .codespace = "t",
                                     .log = arena_printf(arena, "%s", key),
                                     .gas_wanted = gas};
}

struct fixture {
    struct mempool *m;
    struct kv_mem base;
    struct arena arena;
    int checks;
    const char *text;
    struct app_check_result result;
};

static const struct mempool_config standard = {
    .size = 4,
    .max_txs_bytes = 100,
    .max_tx_bytes = 40,
    .max_block_gas = -1,
    .cache_size = 3,
    .recheck = true,
};

static void update(struct fixture *f, const struct mempool_delivered *delivered)
{
    struct app_block next = {.height = 1};
    mempool_update(f->m, &f->base.kv, &next, delivered);
}

static void fixture_init(struct fixture *f, const struct mempool_config *config)
{
    memset(f, 0, sizeof *f);
    kv_mem_init(&f->base);
    struct mempool_app app = {&f->checks, fake_check};
    f->m = mempool_new(config, &app);
    struct mempool_delivered none = {0};
    update(f, &none);
}

static void fixture_deinit(struct fixture *f)
{
    mempool_free(f->m);
    kv_mem_deinit(&f->base);
    arena_deinit(&f->arena);
}

static int add(struct fixture *f, const char *tx)
{
    uint8_t hash[32];
    hash_sha256(tx, strlen(tx), hash);
    return mempool_check(f->m, slice_str(tx), hash, NULL, &f->arena, &f->result, &f->text);
}

static void deliver(struct fixture *f, const char *tx, uint32_t code)
{
    uint8_t hash[1][32];
    hash_sha256(tx, strlen(tx), hash[0]);
    char key[16] = "";
    sscanf(tx, "%15s", key);
    if (code == 0)
        kv_set(&f->base.kv, slice_str(key), SLICE_LIT("x"));
    struct mempool_delivered d = {hash, &code, 1};
    update(f, &d);
}

static void assert_pool(struct fixture *f, const char *want)
{
    struct slice *txs;
    size_t count;
    struct mempool_stats stats;
    CLEANUP_BUF struct buf got = {0};
    mempool_list(f->m, 100, &f->arena, &txs, &count, &stats);
    assert_int_equal(stats.count, count);
    int64_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        buf_append_slice(&got, txs[i]);
        buf_append_byte(&got, '|');
        bytes += (int64_t)txs[i].len;
    }
    assert_string_equal(buf_cstr(&got), want);
    assert_int_equal(stats.bytes, bytes);
}

static void test_order_and_answers(void **state)
{
    struct fixture f;
    fixture_init(&f, &standard);
    assert_int_equal(add(&f, "b 0 1"), 0);
    assert_int_equal(add(&f, "a 0 1"), 0);
    assert_int_equal(add(&f, "c 5 1"), 0);
    assert_int_equal(f.result.code, 5);
    assert_string_equal(f.result.log, "c");
    assert_pool(&f, "b 0 1|a 0 1|");
    // The check state has the effects of what waits.
    assert_int_equal(add(&f, "a 0 2"), 0);
    assert_int_equal(f.result.code, 32);
    fixture_deinit(&f);
}

static void test_limits_and_texts(void **state)
{
    struct fixture f;
    fixture_init(&f, &standard);
    assert_int_equal(add(&f, "a 0 1"), 0);
    assert_int_equal(add(&f, "a 0 1"), MEMPOOL_IN_CACHE);
    assert_string_equal(f.text, "tx already exists in cache");
    char big[64];
    memset(big, 'x', sizeof big);
    big[41] = '\0';
    assert_int_equal(add(&f, big), MEMPOOL_TOO_LARGE);
    assert_string_equal(f.text, "Tx too large. Max size is 40, but got 41");
    big[40] = '\0';
    assert_int_equal(add(&f, big), 0);
    assert_int_equal(add(&f, "b 0 1"), 0);
    assert_int_equal(add(&f, "c 0 1"), 0);
    assert_int_equal(add(&f, "d 0 1"), MEMPOOL_FULL);
    assert_string_equal(f.text, "mempool is full: number of txs 4 (max: 4), total txs bytes 55 "
                                "(max: 100)");
    // A refusal for lack of room leaves no trace in the cache.
    mempool_flush(f.m);
    assert_pool(&f, "");
    assert_int_equal(add(&f, "d 0 1"), 0);

    struct mempool_config few_bytes = standard;
    few_bytes.max_txs_bytes = 10;
    struct fixture g;
    fixture_init(&g, &few_bytes);
    assert_int_equal(add(&g, "a 0 1"), 0);
    assert_int_equal(add(&g, "b 0 1"), 0);
    assert_int_equal(add(&g, "c 0 1"), MEMPOOL_FULL);
    assert_string_equal(g.text, "mempool is full: number of txs 2 (max: 4), total txs bytes 10 "
                                "(max: 10)");
    fixture_deinit(&g);
    fixture_deinit(&f);
}

static void test_cache_keeps_the_newest(void **state)
{
    struct fixture f;
    fixture_init(&f, &standard);
    static const char *const txs[] = {"a 0 1", "b 0 1", "c 0 1", "d 0 1"};
    for (int i = 0; i < 3; i++)
        assert_int_equal(add(&f, txs[i]), 0);
    for (int i = 0; i < 3; i++)
        deliver(&f, txs[i], 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(add(&f, txs[i]), MEMPOOL_IN_CACHE);
    assert_int_equal(add(&f, txs[3]), 0); // pushes a out
    assert_int_equal(add(&f, txs[1]), MEMPOOL_IN_CACHE);
    assert_int_equal(add(&f, txs[0]), 0);
    assert_int_equal(f.result.code, 32); // not cached any more, but no longer valid
    // Out of the cache and still waiting is a duplicate too.
    assert_int_equal(add(&f, "e 0 1"), 0);
    assert_int_equal(add(&f, "f 0 1"), 0);
    assert_int_equal(add(&f, "g 0 1"), 0);
    assert_int_equal(add(&f, "d 0 1"), MEMPOOL_FULL);
    fixture_deinit(&f);

    struct mempool_config no_cache = standard;
    no_cache.cache_size = 0;
    fixture_init(&f, &no_cache);
    assert_int_equal(add(&f, "a 0 1"), 0);
    assert_int_equal(add(&f, "a 0 1"), MEMPOOL_IN_CACHE);
    assert_int_equal(add(&f, "b 9 1"), 0);
    assert_int_equal(add(&f, "b 9 1"), 0);
    fixture_deinit(&f);
}

static void test_refused_transactions_in_the_cache(void **state)
{
    for (int keep = 0; keep <= 1; keep++) {
        struct mempool_config config = standard;
        config.keep_invalid_txs_in_cache = keep;
        struct fixture f;
        fixture_init(&f, &config);
        assert_int_equal(add(&f, "a 5 1"), 0);
        assert_int_equal(add(&f, "a 5 1"), keep ? MEMPOOL_IN_CACHE : 0);
        // One that failed in a block may come again, unless it is kept.
        assert_int_equal(add(&f, "b 0 1"), 0);
        deliver(&f, "b 0 1", 7);
        assert_int_equal(add(&f, "b 0 1"), keep ? MEMPOOL_IN_CACHE : 0);
        fixture_deinit(&f);
    }
}

static void test_recheck_drops_what_became_invalid(void **state)
{
    for (int recheck = 0; recheck <= 1; recheck++) {
        struct mempool_config config = standard;
        config.recheck = recheck;
        struct fixture f;
        fixture_init(&f, &config);
        assert_int_equal(add(&f, "a 0 1"), 0);
        assert_int_equal(add(&f, "b 0 1"), 0);
        kv_set(&f.base.kv, SLICE_LIT("b"), SLICE_LIT("x")); // somebody else did it
        int before = f.checks;
        deliver(&f, "other 0 1", 0);
        assert_pool(&f, recheck ? "a 0 1|" : "a 0 1|b 0 1|");
        assert_int_equal(f.checks - before, recheck ? 2 : 0);
        fixture_deinit(&f);
    }
}

static void test_reap(void **state)
{
    struct fixture f;
    fixture_init(&f, &standard);
    assert_int_equal(add(&f, "a 0 10"), 0); // 6 bytes, 8 in a block
    assert_int_equal(add(&f, "b 0 20"), 0);
    assert_int_equal(add(&f, "c 0 5"), 0); // 5 bytes, 7 in a block
    static const struct {
        int64_t bytes, gas;
        size_t want;
    } rows[] = {
        {1000, -1, 3}, {23, -1, 3},   {22, -1, 2},   {16, -1, 2},   {15, -1, 1},
        {8, -1, 1},    {7, -1, 0},    {0, -1, 0},    {1000, 35, 3}, {1000, 34, 2},
        {1000, 30, 2}, {1000, 29, 1}, {1000, 10, 1}, {1000, 9, 0},  {1000, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice *txs;
        uint8_t(*hashes)[32], want[32];
        size_t count;
        mempool_reap(f.m, rows[i].bytes, rows[i].gas, &f.arena, &txs, &hashes, &count);
        assert_int_equal(count, rows[i].want);
        for (size_t t = 0; t < count; t++) {
            hash_sha256(txs[t].data, txs[t].len, want);
            assert_memory_equal(hashes[t], want, 32);
        }
    }
    assert_pool(&f, "a 0 10|b 0 20|c 0 5|");
    fixture_deinit(&f);
}

static void test_more_gas_than_a_block_has(void **state)
{
    struct mempool_config config = standard;
    config.max_block_gas = 100;
    struct fixture f;
    fixture_init(&f, &config);
    assert_int_equal(add(&f, "a 0 101"), 0);
    assert_int_equal(f.result.code, 41);
    assert_string_equal(f.result.log,
                        "tx gas limit 101 exceeds block max gas 100: invalid gas limit");
    assert_int_equal(add(&f, "b 0 100"), 0);
    assert_int_equal(f.result.code, 0);
    assert_pool(&f, "b 0 100|");
    fixture_deinit(&f);
}

static void test_probe_leaves_no_trace(void **state)
{
    struct fixture f;
    fixture_init(&f, &standard);
    for (int i = 0; i < 3; i++) {
        mempool_probe(f.m, SLICE_LIT("a 0 1"), &f.arena, &f.result);
        assert_int_equal(f.result.code, 0);
    }
    assert_pool(&f, "");
    assert_int_equal(add(&f, "a 0 1"), 0);
    assert_int_equal(f.result.code, 0);
    fixture_deinit(&f);
}

static void test_closed(void **state)
{
    struct fixture f;
    fixture_init(&f, &standard);
    mempool_close(f.m, "halted: why");
    assert_int_equal(add(&f, "a 0 1"), MEMPOOL_CLOSED);
    assert_string_equal(f.text, "halted: why");
    fixture_deinit(&f);
}

// ---- threads

static void *adder(void *arg)
{
    struct fixture *f = arg;
    struct arena arena = {0};
    for (int i = 0; i < 300; i++) {
        char tx[32];
        uint8_t hash[32];
        struct app_check_result result;
        const char *text;
        snprintf(tx, sizeof tx, "k%lx%d 0 1", (unsigned long)pthread_self() >> 8 & 0xffff, i);
        hash_sha256(tx, strlen(tx), hash);
        mempool_check(f->m, slice_str(tx), hash, NULL, &arena, &result, &text);
        arena_clear(&arena);
    }
    arena_deinit(&arena);
    return NULL;
}

static void test_threads(void **state)
{
    struct mempool_config config = standard;
    config.size = 100000;
    config.max_txs_bytes = 1 << 20;
    config.cache_size = 50;
    struct fixture f;
    fixture_init(&f, &config);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, adder, &f);
    size_t delivered = 0;
    for (int round = 0; round < 40; round++) {
        assert_true(mempool_wait(f.m, clock_monotonic_ns() + 100000000) || delivered > 0);
        struct slice *txs;
        uint8_t(*hashes)[32];
        size_t count;
        mempool_reap(f.m, 200, -1, &f.arena, &txs, &hashes, &count);
        uint32_t codes[64] = {0};
        struct mempool_delivered d = {(const uint8_t(*)[32])hashes, codes, count};
        update(&f, &d);
        delivered += count;
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    struct mempool_stats stats;
    mempool_stats(f.m, &stats);
    assert_int_equal(stats.count + delivered, 1200);
    fixture_deinit(&f);
}

static void *waker(void *arg)
{
    mempool_wake(arg);
    return NULL;
}

static void test_wait(void **state)
{
    struct fixture f;
    fixture_init(&f, &standard);
    int64_t before = clock_monotonic_ns();
    assert_false(mempool_wait(f.m, before + 20000000));
    assert_true(clock_monotonic_ns() - before >= 20000000);
    pthread_t thread;
    pthread_create(&thread, NULL, waker, f.m);
    assert_false(mempool_wait(f.m, 0));
    pthread_join(thread, NULL);
    assert_int_equal(add(&f, "a 0 1"), 0);
    assert_true(mempool_wait(f.m, 0));
    fixture_deinit(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_answers),
        cmocka_unit_test(test_limits_and_texts),
        cmocka_unit_test(test_cache_keeps_the_newest),
        cmocka_unit_test(test_refused_transactions_in_the_cache),
        cmocka_unit_test(test_recheck_drops_what_became_invalid),
        cmocka_unit_test(test_reap),
        cmocka_unit_test(test_more_gas_than_a_block_has),
        cmocka_unit_test(test_probe_leaves_no_trace),
        cmocka_unit_test(test_closed),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
