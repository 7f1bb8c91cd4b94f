#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "seid/store/kv_mem.h"
#include "seid/store/kv_overlay.h"
#include "seid/store/test_random.h"

// Short keys over a small alphabet, so that prefixes, neighbours and collisions happen.
static struct slice random_key(struct test_random *r, uint8_t room[8])
{
    static const uint8_t alphabet[] = {0x00, 0x01, 'a', 'b', 0xfe, 0xff};
    size_t len = 1 + test_random_below(r, 3);
    for (size_t i = 0; i < len; i++)
        room[i] = alphabet[test_random_below(r, sizeof alphabet)];
    return slice_of(room, len);
}

static void assert_slice_equal(struct slice a, struct slice b)
{
    assert_int_equal(a.len, b.len);
    if (a.len)
        assert_memory_equal(a.data, b.data, a.len);
}

// Every key of both, in both directions, over a range; and each key by itself.
static void assert_same(struct kv *model, struct kv *kv, struct slice start, struct slice end)
{
    for (int reverse = 0; reverse < 2; reverse++) {
        struct kv_iter *a = kv_iter_new(model, start, end, reverse);
        struct kv_iter *b = kv_iter_new(kv, start, end, reverse);
        struct slice key, value, key2, value2, got;
        while (kv_iter_next(a, &key, &value)) {
            assert_true(kv_iter_next(b, &key2, &value2));
            assert_slice_equal(key, key2);
            assert_slice_equal(value, value2);
            assert_true(kv_get(kv, key, &got));
            assert_slice_equal(value, got);
        }
        assert_false(kv_iter_next(b, &key2, &value2));
        assert_false(kv_iter_next(b, &key2, &value2));
        kv_iter_free(a);
        kv_iter_free(b);
    }
    assert_null(kv_error(kv));
}

static void write_both(struct test_random *r, struct kv *a, struct kv *b)
{
    uint8_t room[8];
    struct slice key = random_key(r, room);
    uint64_t word = test_random_next(r);
    if (word % 3 == 0) {
        kv_del(a, key);
        kv_del(b, key);
        return;
    }
    struct slice value = slice_of(&word, word % 9);
    kv_set(a, key, value);
    kv_set(b, key, value);
}

static void test_overlays_equal_the_model(void **state)
{
    struct test_random r = test_random_init((uint64_t)time(NULL));
    for (int round = 0; round < 200; round++) {
        struct kv_mem base, model, kept;
        struct kv_overlay block, tx;
        kv_mem_init(&base);
        kv_mem_init(&model);
        for (int i = 0; i < 60; i++)
            write_both(&r, &base.kv, &model.kv);
        kv_overlay_init(&block, &base.kv);
        kv_overlay_init(&tx, &block.kv);
        for (int t = 0; t < 8; t++) {
            kv_mem_init(&kept); // the model as it was, to go back to
            struct kv_iter *it = kv_iter_new(&model.kv, SLICE_NULL, SLICE_NULL, false);
            for (struct slice key, value; kv_iter_next(it, &key, &value);)
                kv_set(&kept.kv, key, value);
            kv_iter_free(it);
            uint32_t writes = test_random_below(&r, 40);
            for (uint32_t i = 0; i < writes; i++) {
                write_both(&r, &tx.kv, &model.kv);
                uint8_t room_a[8], room_b[8];
                if (test_random_below(&r, 4) == 0)
                    assert_same(&model.kv, &tx.kv, random_key(&r, room_a), random_key(&r, room_b));
            }
            assert_same(&model.kv, &tx.kv, SLICE_NULL, SLICE_NULL);
            if (test_random_below(&r, 3)) {
                kv_overlay_commit(&tx);
                kv_mem_deinit(&kept);
            } else {
                kv_overlay_discard(&tx);
                kv_mem_deinit(&model);
                model = kept;
            }
            assert_same(&model.kv, &tx.kv, SLICE_NULL, SLICE_NULL);
            assert_same(&model.kv, &block.kv, SLICE_NULL, SLICE_NULL);
        }
        // The list is sorted, each key once, and leads from the base to the model.
        const struct kv_change *changes;
        size_t count = kv_overlay_changes(&block, &changes);
        assert_int_equal(count, kv_overlay_count(&block));
        for (size_t i = 1; i < count; i++)
            assert_true(slice_cmp(changes[i - 1].key, changes[i].key) < 0);
        kv_mem_apply(&base, changes, count);
        assert_same(&model.kv, &base.kv, SLICE_NULL, SLICE_NULL);
        kv_overlay_deinit(&tx);
        kv_overlay_deinit(&block);
        kv_mem_deinit(&base);
        kv_mem_deinit(&model);
    }
}

// A table that was large once serves small uses, time after time, without traces of the last.
static void test_reuse_of_a_large_table(void **state)
{
    struct test_random r = {7};
    struct kv_mem base;
    struct kv_overlay o;
    kv_mem_init(&base);
    kv_overlay_init(&o, &base.kv);
    for (uint32_t i = 0; i < 2000; i++)
        kv_set(&o.kv, slice_of(&i, sizeof i), SLICE_NULL);
    for (int round = 0; round < 2000; round++) {
        kv_overlay_discard(&o);
        uint64_t keys[200];
        for (uint32_t i = 0; i < 200; i++) {
            keys[i] = test_random_next(&r);
            assert_false(kv_has(&o.kv, slice_of(&keys[i], sizeof keys[i])));
            kv_set(&o.kv, slice_of(&keys[i], sizeof keys[i]), slice_of(&i, sizeof i));
        }
        for (uint32_t i = 0; i < 200; i++) {
            struct slice value;
            assert_true(kv_get(&o.kv, slice_of(&keys[i], sizeof keys[i]), &value));
            assert_slice_equal(value, slice_of(&i, sizeof i));
        }
    }
    kv_overlay_deinit(&o);
    kv_mem_deinit(&base);
}

static void test_values_outlive_later_writes(void **state)
{
    struct kv_mem base;
    struct kv_overlay o;
    kv_mem_init(&base);
    kv_set(&base.kv, SLICE_LIT("k"), SLICE_LIT("old"));
    kv_overlay_init(&o, &base.kv);
    struct slice old, first;
    assert_true(kv_get(&o.kv, SLICE_LIT("k"), &old));
    kv_set(&o.kv, SLICE_LIT("k"), SLICE_LIT("first"));
    assert_true(kv_get(&o.kv, SLICE_LIT("k"), &first));
    for (uint32_t i = 0; i < 10000; i++) {
        kv_set(&o.kv, slice_of(&i, sizeof i), slice_of(&i, sizeof i));
        kv_set(&o.kv, SLICE_LIT("k"), slice_of(&i, sizeof i));
    }
    assert_slice_equal(old, SLICE_LIT("old"));
    assert_slice_equal(first, SLICE_LIT("first"));
    kv_overlay_deinit(&o);
    kv_mem_deinit(&base);
}

// Writes outside the range, and other iterators, leave a walk alone.
static void walk_while_writing(struct kv *kv, bool reverse)
{
    for (int i = 0; i < 10; i++) {
        char c = (char)('a' + i);
        kv_set(kv, slice_of((char[]){'m', c}, 2), slice_of(&c, 1));
    }
    struct kv_prefix_room room, other_room;
    struct kv_iter *it = kv_iter_prefix(kv, SLICE_LIT("m"), reverse, &room);
    struct slice key, value;
    uint32_t seen = 0;
    for (; kv_iter_next(it, &key, &value); seen++) {
        char expected = (char)(reverse ? 'j' - (int)seen : 'a' + (int)seen);
        assert_int_equal(key.data[1], expected);
        assert_int_equal(value.data[0], expected);
        for (uint8_t i = 0; i < 20; i++) {
            kv_set(kv, slice_of((uint8_t[]){'a', (uint8_t)seen, i}, 3), SLICE_LIT("before"));
            kv_set(kv, slice_of((uint8_t[]){'z', (uint8_t)seen, i}, 3), SLICE_LIT("after"));
        }
        struct kv_iter *other = kv_iter_prefix(kv, SLICE_LIT("a"), reverse, &other_room);
        assert_true(kv_iter_next(other, &key, &value));
        kv_iter_free(other);
    }
    assert_int_equal(seen, 10);
    kv_iter_free(it);
}

static void test_walk_while_writing_elsewhere(void **state)
{
    for (int reverse = 0; reverse < 2; reverse++) {
        struct kv_mem base;
        struct kv_overlay o;
        kv_mem_init(&base);
        kv_overlay_init(&o, &base.kv);
        walk_while_writing(&o.kv, reverse);
        kv_overlay_commit(&o);
        walk_while_writing(&base.kv, reverse);
        kv_overlay_deinit(&o);
        kv_mem_deinit(&base);
    }
}

static void test_prefix_with_high_bytes(void **state)
{
    struct kv_mem m;
    kv_mem_init(&m);
    static const char *const keys[] = {"a", "a\xff", "a\xff\xff", "a\xff\xff\x01",
                                       "b", "\xff",  "\xff\xff"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        kv_set(&m.kv, slice_str(keys[i]), SLICE_NULL);
    static const struct {
        const char *prefix;
        unsigned matches;
    } rows[] = {{"", 7}, {"a", 4}, {"a\xff", 3}, {"a\xff\xff", 2}, {"b", 1}, {"\xff", 2}, {"c", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kv_prefix_room room;
        struct slice key, value;
        unsigned seen = 0;
        struct kv_iter *it = kv_iter_prefix(&m.kv, slice_str(rows[i].prefix), i % 2, &room);
        while (kv_iter_next(it, &key, &value))
            seen++;
        kv_iter_free(it);
        assert_int_equal(seen, rows[i].matches);
    }
    kv_mem_deinit(&m);
}

static void test_errors_are_sticky_and_go_down(void **state)
{
    static const uint8_t zeros[KV_KEY_MAX + 1];
    struct kv_mem base;
    struct kv_overlay block, tx;
    kv_mem_init(&base);
    kv_set(&base.kv, SLICE_LIT("k"), SLICE_LIT("v"));
    kv_overlay_init(&block, &base.kv);
    kv_overlay_init(&tx, &block.kv);
    struct slice value;
    assert_false(kv_get(&tx.kv, SLICE_NULL, &value));
    kv_set(&tx.kv, slice_of(zeros, KV_KEY_MAX), SLICE_LIT("longest"));
    assert_null(kv_error(&tx.kv));
    kv_set(&tx.kv, slice_of(zeros, sizeof zeros), SLICE_LIT("too long"));
    assert_non_null(kv_error(&tx.kv));
    assert_int_equal(tx.kv.error.code, -EINVAL);
    assert_false(kv_get(&tx.kv, SLICE_LIT("k"), &value));
    assert_null(kv_iter_new(&tx.kv, SLICE_NULL, SLICE_NULL, false));
    kv_overlay_commit(&tx); // keeps nothing, tells the parent
    assert_null(kv_error(&tx.kv));
    assert_non_null(kv_error(&block.kv));
    assert_int_equal(kv_overlay_count(&block), 0);
    kv_overlay_discard(&block);
    assert_non_null(kv_error(&base.kv));
    // An error below comes up with the first read that meets it.
    kv_get(&tx.kv, SLICE_LIT("k"), &value);
    assert_non_null(kv_error(&tx.kv));
    assert_non_null(kv_error(&block.kv));
    kv_overlay_deinit(&tx);
    kv_overlay_deinit(&block);
    kv_mem_deinit(&base);
}

static void test_empty_value_is_a_value(void **state)
{
    struct kv_mem base;
    struct kv_overlay o;
    kv_mem_init(&base);
    kv_overlay_init(&o, &base.kv);
    kv_set(&o.kv, SLICE_LIT("k"), SLICE_NULL);
    assert_true(kv_has(&o.kv, SLICE_LIT("k")));
    kv_overlay_commit(&o);
    assert_true(kv_has(&base.kv, SLICE_LIT("k")));
    kv_overlay_deinit(&o);
    kv_overlay_deinit(&o);
    kv_mem_deinit(&base);
    kv_mem_deinit(&base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overlays_equal_the_model),
        cmocka_unit_test(test_reuse_of_a_large_table),
        cmocka_unit_test(test_values_outlive_later_writes),
        cmocka_unit_test(test_walk_while_writing_elsewhere),
        cmocka_unit_test(test_prefix_with_high_bytes),
        cmocka_unit_test(test_errors_are_sticky_and_go_down),
        cmocka_unit_test(test_empty_value_is_a_value),
    };
    return cmocka_run_group_tests_name("kv", tests, NULL, NULL);
}
