#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "seid/app/key_cache.h"
#include "seid/app/sig_cache.h"
#include "wire/crypto/hash.h"

static void digest_of(uint64_t n, uint8_t ret[SIG_CACHE_DIGEST])
{
    hash_sha256(&n, sizeof n, ret);
}

static void test_remembers_and_forgets(void **state)
{
    static const uint64_t ENTRIES = 1000;
    struct sig_cache *c = sig_cache_new(ENTRIES);
    uint8_t d[SIG_CACHE_DIGEST];
    size_t recent = 0, old = 0;
    for (uint64_t i = 0; i < 20 * ENTRIES; i++) {
        digest_of(i, d);
        assert_false(sig_cache_has(c, d));
        sig_cache_add(c, d);
        sig_cache_add(c, d); // twice is once
        assert_true(sig_cache_has(c, d));
    }
    for (uint64_t i = 0; i < 20 * ENTRIES; i++) {
        digest_of(i, d);
        bool has = sig_cache_has(c, d);
        recent += has && i >= 19 * ENTRIES;
        old += has && i < 10 * ENTRIES;
    }
    // The newest thousand are there but for a few; what is long gone is gone.
    assert_true(recent > ENTRIES * 9 / 10);
    assert_true(old < ENTRIES / 20);
    sig_cache_free(c);
}

static void test_without_room(void **state)
{
    struct sig_cache *c = sig_cache_new(0);
    uint8_t d[SIG_CACHE_DIGEST] = {1};
    sig_cache_add(c, d);
    assert_false(sig_cache_has(c, d));
    sig_cache_free(c);
    sig_cache_free(NULL);
}

// Any digest that differs in one bit is another.
static void test_exact(void **state)
{
    struct sig_cache *c = sig_cache_new(100);
    uint8_t d[SIG_CACHE_DIGEST];
    digest_of(7, d);
    sig_cache_add(c, d);
    for (int bit = 0; bit < 256; bit++) {
        d[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(sig_cache_has(c, d));
        d[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(sig_cache_has(c, d));
    sig_cache_free(c);
}

struct worker {
    struct sig_cache *cache;
    uint64_t first;
    unsigned lost;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    uint8_t d[SIG_CACHE_DIGEST];
    for (uint64_t i = 0; i < 2000; i++) {
        digest_of(w->first + i % 500, d);
        sig_cache_add(w->cache, d);
        w->lost += !sig_cache_has(w->cache, d);
    }
    return NULL;
}

static void test_threads(void **state)
{
    enum { THREADS = 4 };
    struct sig_cache *c = sig_cache_new(4000);
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    unsigned lost = 0;
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){c, (uint64_t)i * 250, 0}; // half in common with the next one
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        lost += workers[i].lost;
    }
    // A bucket can fill up by chance; then the oldest makes room.
    assert_true(lost < 10);
    sig_cache_free(c);
}

// ---- parsed keys

static void test_key_cache(void **state)
{
    CLEANUP_SECP struct secp *s = secp_new(NULL);
    struct key_cache *small = key_cache_new(4), *none = key_cache_new(0);
    uint8_t secret[32] = {1}, keys[20][33], bad[33] = {2};
    struct secp_pubkey want[20], got;
    for (int i = 0; i < 20; i++) {
        secret[31] = (uint8_t)(i + 1);
        assert_int_equal(secp_pubkey_of(s, secret, keys[i]), 0);
        assert_int_equal(secp_pubkey_parse(s, keys[i], &want[i]), 0);
    }
    // More keys than places, again and again: always the right one.
    for (int round = 0; round < 200; round++) {
        int i = round * 7 % 20;
        assert_int_equal(key_cache_parse(small, s, keys[i], &got), 0);
        assert_memory_equal(&got, &want[i], sizeof got);
        assert_int_equal(key_cache_parse(none, s, keys[i], &got), 0);
        assert_memory_equal(&got, &want[i], sizeof got);
    }
    memset(bad + 1, 0xff, 32); // no point
    assert_int_equal(key_cache_parse(small, s, bad, &got), SECP_BAD_PUBKEY);
    memset(bad, 0, sizeof bad); // what a free place looks like
    struct key_cache *empty = key_cache_new(1);
    assert_int_equal(key_cache_parse(empty, s, bad, &got), SECP_BAD_PUBKEY);
    key_cache_free(empty);
    key_cache_free(small);
    key_cache_free(none);
    key_cache_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_remembers_and_forgets),
        cmocka_unit_test(test_without_room),
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_key_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
