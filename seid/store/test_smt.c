#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/enc.h"
#include "base/mem.h"
#include "seid/store/kv_mem.h"
#include "seid/store/smt.h"
#include "seid/store/smt_hash.h"
#include "seid/store/test_random.h"

enum { HASH = SMT_HASH_BYTES };

// ---- pages in memory

static int load_mem(void *ctx, struct slice key, struct slice *ret, struct err *e)
{
    return kv_get(ctx, key, ret);
}

static int store_mem(void *ctx, struct slice key, struct slice data, struct err *e)
{
    if (data.data)
        kv_set(ctx, key, data);
    else
        kv_del(ctx, key);
    return 0;
}

static struct smt tree_over(struct kv_mem *pages)
{
    struct smt t;
    kv_mem_init(pages);
    smt_init(&t, &(struct smt_pages){load_mem, store_mem, &pages->kv});
    return t;
}

// ---- the reference: the definition, from all leaves, without a thought for speed

struct ref_leaf {
    uint8_t path[HASH];
    uint8_t hash[HASH];
};

static void reference(const struct ref_leaf *leaves, size_t count, unsigned depth,
                      uint8_t ret[HASH])
{
    if (count == 0) {
        memset(ret, 0, HASH);
        return;
    }
    if (count == 1) {
        memcpy(ret, leaves->hash, HASH);
        return;
    }
    size_t left = 0;
    while (left < count && !(leaves[left].path[depth / 8] >> (7 - depth % 8) & 1))
        left++;
    uint8_t bytes[65] = {1};
    reference(leaves, left, depth + 1, bytes + 1);
    reference(leaves + left, count - left, depth + 1, bytes + 33);
    smt_hash_bytes(slice_of(bytes, sizeof bytes), ret);
}

static int compare_leaves(const void *a, const void *b)
{
    return memcmp(a, b, HASH);
}

static void reference_root(struct kv *model, uint8_t ret[HASH])
{
    size_t count = 0, cap = 16;
    struct ref_leaf *leaves = mem_calloc(cap, sizeof *leaves);
    struct kv_iter *it = kv_iter_new(model, SLICE_NULL, SLICE_NULL, false);
    for (struct slice key, value; kv_iter_next(it, &key, &value); count++) {
        if (count == cap) {
            cap *= 2;
            leaves = mem_realloc_array(leaves, cap, sizeof *leaves);
        }
        uint8_t bytes[65] = {0};
        smt_hash_bytes(key, bytes + 1);
        smt_hash_bytes(value, bytes + 33);
        memcpy(leaves[count].path, bytes + 1, HASH);
        smt_hash_bytes(slice_of(bytes, sizeof bytes), leaves[count].hash);
    }
    kv_iter_free(it);
    qsort(leaves, count, sizeof *leaves, compare_leaves);
    reference(leaves, count, 0, ret);
    free(leaves);
}

// ---- tests

static void assert_hex(const uint8_t hash[HASH], const char *expected)
{
    char text[2 * HASH + 1];
    enc_hex_lower(hash, HASH, text);
    assert_string_equal(text, expected);
}

static void put_one(struct smt *t, const char *key, const char *value, uint8_t ret_root[HASH])
{
    struct smt_change c;
    struct err e;
    if (value)
        smt_change_set(&c, slice_str(key), slice_str(value));
    else
        smt_change_del(&c, slice_str(key));
    assert_int_equal(smt_update(t, &c, 1, ret_root, &e), 0);
}

// Values computed with another program's SHA-256, so that the format cannot drift unseen.
static void test_known_roots(void **state)
{
    struct kv_mem pages;
    struct smt t = tree_over(&pages);
    uint8_t root[HASH];
    struct err e;
    assert_int_equal(smt_root(&t, root, &e), 0);
    assert_hex(root, "0000000000000000000000000000000000000000000000000000000000000000");
    put_one(&t, "a", "1", root);
    assert_hex(root, "565388d4bc00257133f799d9366ac97f6e949c18acc53d17457f8859ba0f08d3");
    put_one(&t, "b", "2", root);
    assert_hex(root, "70a50295110313dd28320faccbee14d04dc2894e877a2e407115a2f337ed4efa");
    put_one(&t, "c", "", root);
    assert_hex(root, "5b2a708d00e40c86ca85da5d814d28201b2e9c64ecea74be56b46c5c77dd4ad3");
    put_one(&t, "a", NULL, root);
    put_one(&t, "c", NULL, root);
    put_one(&t, "nothing", NULL, root);
    assert_hex(root, "9a958649c9e8e0668b509754fd662e5e68b0a04c203a6fb7ebaf19a65d1e3e1d");
    put_one(&t, "b", NULL, root);
    assert_hex(root, "0000000000000000000000000000000000000000000000000000000000000000");
    // Nothing is left behind.
    assert_int_equal(smt_flush(&t, &e), 0);
    assert_int_equal(pages.count, 0);
    smt_deinit(&t);
    kv_mem_deinit(&pages);
}

static struct slice random_key(struct test_random *r, uint32_t space, uint8_t room[4])
{
    uint32_t n = test_random_below(r, space);
    memcpy(room, &n, sizeof n);
    return slice_of(room, sizeof n);
}

// One batch of unique keys on the tree and on the model.
static size_t random_batch(struct test_random *r, struct kv *model, uint32_t space, uint32_t most,
                           unsigned deletes_of_8, struct smt_change *changes)
{
    struct kv_mem seen;
    kv_mem_init(&seen);
    size_t count = 0;
    for (uint32_t n = test_random_below(r, most + 1); n > 0; n--) {
        uint8_t room[4];
        struct slice key = random_key(r, space, room);
        if (kv_has(&seen.kv, key))
            continue;
        kv_set(&seen.kv, key, SLICE_NULL);
        if (test_random_below(r, 8) < deletes_of_8) {
            kv_del(model, key);
            smt_change_del(&changes[count++], key);
        } else {
            uint64_t value = test_random_next(r);
            kv_set(model, key, slice_of(&value, sizeof value));
            smt_change_set(&changes[count++], key, slice_of(&value, sizeof value));
        }
    }
    kv_mem_deinit(&seen);
    return count;
}

static void check_proof(struct smt *t, const uint8_t root[HASH], struct kv *model, struct slice key,
                        struct test_random *r)
{
    CLEANUP_BUF struct buf proof = {0};
    struct slice value = SLICE_LIT("something");
    struct err e;
    assert_int_equal(smt_prove(t, key, &proof, &e), 0);
    assert_true(proof.len <= SMT_PROOF_MAX_BYTES);
    bool present = kv_get(model, key, &value);
    enum smt_verdict expected = present ? SMT_PRESENT : SMT_ABSENT;
    assert_int_equal(smt_verify(root, key, value, buf_slice(&proof)), expected);
    if (present)
        assert_int_equal(smt_verify(root, key, SLICE_LIT("another"), buf_slice(&proof)),
                         SMT_BAD_PROOF);
    // Cut short, made longer, or with any bit flipped, it proves nothing.
    assert_int_equal(smt_verify(root, key, value, slice_of(proof.data, proof.len - 1)),
                     SMT_BAD_PROOF);
    size_t bit = test_random_below(r, (uint32_t)proof.len * 8);
    proof.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    assert_int_equal(smt_verify(root, key, value, buf_slice(&proof)), SMT_BAD_PROOF);
    proof.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    uint8_t other_root[HASH];
    memcpy(other_root, root, HASH);
    other_root[bit % HASH] ^= 1;
    assert_int_equal(smt_verify(other_root, key, value, buf_slice(&proof)), SMT_BAD_PROOF);
    buf_append_byte(&proof, 0);
    assert_int_equal(smt_verify(root, key, value, buf_slice(&proof)), SMT_BAD_PROOF);
}

// The pages, too, are a function of the content: whatever came and went leaves nothing behind.
static void assert_pages_are_fresh(struct smt *t, const struct kv_mem *pages, struct kv *model)
{
    struct kv_mem fresh_pages;
    struct smt fresh = tree_over(&fresh_pages);
    uint8_t root[HASH];
    struct err e;
    struct kv_iter *it = kv_iter_new(model, SLICE_NULL, SLICE_NULL, false);
    for (struct slice key, value; kv_iter_next(it, &key, &value);) {
        struct smt_change c;
        smt_change_set(&c, key, value);
        assert_int_equal(smt_update(&fresh, &c, 1, root, &e), 0);
    }
    kv_iter_free(it);
    assert_int_equal(smt_flush(&fresh, &e), 0);
    assert_int_equal(smt_flush(t, &e), 0);
    assert_int_equal(pages->count, fresh_pages.count);
    for (size_t i = 0; i < pages->count; i++) {
        assert_true(slice_eq(pages->entries[i].key, fresh_pages.entries[i].key));
        assert_true(slice_eq(pages->entries[i].value, fresh_pages.entries[i].value));
    }
    smt_deinit(&fresh);
    kv_mem_deinit(&fresh_pages);
}

static void run_sequence(struct test_random *r, uint32_t space, uint32_t most, int batches)
{
    struct kv_mem pages, model;
    struct smt t = tree_over(&pages);
    uint8_t root[HASH], expected[HASH];
    struct err e;
    kv_mem_init(&model);
    struct smt_change *changes = mem_calloc(most, sizeof *changes);
    for (int i = 0; i < batches; i++) {
        unsigned deletes = i == batches - 1 ? 8 : test_random_below(r, 8);
        size_t count = random_batch(r, &model.kv, space, most, deletes, changes);
        t.direct = test_random_below(r, 4) == 0;
        if (t.direct)
            assert_int_equal(smt_flush(&t, &e), 0);
        assert_int_equal(smt_update(&t, changes, count, root, &e), 0);
        reference_root(&model.kv, expected);
        assert_memory_equal(root, expected, HASH);
        if (test_random_below(r, 3) == 0)
            assert_int_equal(smt_flush(&t, &e), 0);
        assert_int_equal(smt_root(&t, root, &e), 0);
        assert_memory_equal(root, expected, HASH);
        for (int k = 0; k < 8; k++) {
            uint8_t room[4];
            check_proof(&t, root, &model.kv, random_key(r, space, room), r);
        }
    }
    assert_pages_are_fresh(&t, &pages, &model.kv);
    free(changes);
    smt_deinit(&t);
    kv_mem_deinit(&pages);
    kv_mem_deinit(&model);
}

static void test_batches_equal_the_reference(void **state)
{
    struct test_random r = test_random_init((uint64_t)time(NULL));
    for (int i = 0; i < 60; i++)
        run_sequence(&r, 3, 4, 12);
    for (int i = 0; i < 20; i++)
        run_sequence(&r, 60, 40, 12);
    run_sequence(&r, 3000, 1500, 12);
}

// The tree is a function of the content: one batch, or one key at a time in any order.
static void test_order_of_batches_does_not_matter(void **state)
{
    enum { KEYS = 500 };
    struct kv_mem pages_a, pages_b;
    struct smt a = tree_over(&pages_a), b = tree_over(&pages_b);
    struct smt_change all[KEYS], one;
    uint8_t root_a[HASH], root_b[HASH];
    struct err e;
    for (uint32_t i = 0; i < KEYS; i++) {
        smt_change_set(&all[i], slice_of(&i, sizeof i), slice_of(&i, 1));
        one = all[i];
        assert_int_equal(smt_update(&a, &one, 1, root_a, &e), 0);
    }
    assert_int_equal(smt_update(&b, all, KEYS, root_b, &e), 0);
    assert_memory_equal(root_a, root_b, HASH);
    smt_deinit(&a);
    smt_deinit(&b);
    kv_mem_deinit(&pages_a);
    kv_mem_deinit(&pages_b);
}

// Damage in any byte of a page is an error or another root, never a crash.
static void test_damaged_pages(void **state)
{
    struct kv_mem pages;
    struct smt t = tree_over(&pages);
    struct smt_change changes[100], again[100];
    uint8_t root[HASH], changed[HASH];
    struct err e;
    for (uint32_t i = 0; i < 100; i++)
        smt_change_set(&changes[i], slice_of(&i, sizeof i), SLICE_LIT("v"));
    assert_int_equal(smt_update(&t, changes, 100, root, &e), 0);
    assert_int_equal(smt_flush(&t, &e), 0);
    uint8_t *first = (uint8_t *)(uintptr_t)pages.entries[0].value.data;
    for (size_t i = 0; i < pages.entries[0].value.len; i++) {
        first[i] ^= 0x55;
        memcpy(again, changes, sizeof again);
        smt_update(&t, again, 100, changed, &e);
        smt_forget(&t);
        first[i] ^= 0x55;
    }
    pages.entries[0].value.len--;
    assert_true(smt_root(&t, changed, &e) < 0);
    smt_deinit(&t);
    kv_mem_deinit(&pages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_roots),
        cmocka_unit_test(test_batches_equal_the_reference),
        cmocka_unit_test(test_order_of_batches_does_not_matter),
        cmocka_unit_test(test_damaged_pages),
    };
    return cmocka_run_group_tests_name("smt", tests, NULL, NULL);
}
