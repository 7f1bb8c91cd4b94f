#include "seid/store/smt_table.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "seid/store/kv_hash.h"
#include "seid/store/smt.h"

enum { FIRST_SLOTS = 1024, ROUND = 64 };

struct entry {
    uint8_t key[SMT_PAGE_KEY_MAX];
    uint8_t key_len;
    uint32_t len, cap;
    uint8_t *data; // owned; null: deleted
};

struct smt_page_table {
    struct entry *entries;
    uint32_t count, cap;
    uint32_t *slots; // index of an entry + 1, or 0
    uint32_t mask;
    uint64_t seed;
    size_t bytes;
};

static void reset(struct smt_page_table *t)
{
    *t = (struct smt_page_table){.seed = t->seed, .mask = FIRST_SLOTS - 1, .cap = FIRST_SLOTS / 2};
    t->slots = mem_calloc(FIRST_SLOTS, sizeof *t->slots);
    t->entries = mem_calloc(t->cap, sizeof *t->entries);
}

struct smt_page_table *smt_table_new(void)
{
    struct smt_page_table *t = mem_zalloc(sizeof *t);
    t->seed = kv_hash_seed();
    reset(t);
    return t;
}

static void release(struct smt_page_table *t)
{
    for (uint32_t i = 0; i < t->count; i++)
        free(t->entries[i].data);
    free(t->entries);
    free(t->slots);
}

void smt_table_free(struct smt_page_table *t)
{
    if (t)
        release(t);
    free(t);
}

void smt_table_clear(struct smt_page_table *t)
{
    if (t->count == 0)
        return;
    release(t);
    reset(t);
}

size_t smt_table_bytes(const struct smt_page_table *t)
{
    return t->bytes;
}

static struct slice key_of(const struct entry *entry)
{
    return slice_of(entry->key, entry->key_len);
}

static uint32_t *slot_of(const struct smt_page_table *t, struct slice key)
{
    uint32_t at = (uint32_t)kv_hash(t->seed, key) & t->mask;
    while (t->slots[at] && !slice_eq(key_of(&t->entries[t->slots[at] - 1]), key))
        at = (at + 1) & t->mask;
    return &t->slots[at];
}

int32_t smt_table_find(const struct smt_page_table *t, struct slice key)
{
    return (int32_t)*slot_of(t, key) - 1;
}

struct slice smt_table_data(const struct smt_page_table *t, int32_t page)
{
    return slice_of(t->entries[page].data, t->entries[page].len);
}

static void grow(struct smt_page_table *t)
{
    uint32_t slots = 2 * (t->mask + 1);
    free(t->slots);
    t->slots = mem_calloc(slots, sizeof *t->slots);
    t->mask = slots - 1;
    t->cap = slots / 2;
    t->entries = mem_realloc_array(t->entries, t->cap, sizeof *t->entries);
    for (uint32_t i = 0; i < t->count; i++)
        *slot_of(t, key_of(&t->entries[i])) = i + 1;
}

int32_t smt_table_add(struct smt_page_table *t, struct slice key)
{
    if (t->count == t->cap)
        grow(t);
    uint32_t *slot = slot_of(t, key);
    assert(*slot == 0);
    struct entry *entry = &t->entries[t->count++];
    *slot = t->count;
    *entry = (struct entry){.key_len = (uint8_t)key.len};
    memcpy(entry->key, key.data, key.len);
    t->bytes += sizeof *entry + 2 * sizeof *slot;
    return (int32_t)t->count - 1;
}

void smt_table_set(struct smt_page_table *t, int32_t page, struct slice data)
{
    struct entry *entry = &t->entries[page];
    t->bytes -= entry->cap;
    if (!data.data) {
        free(entry->data);
        entry->data = NULL;
        entry->cap = 0;
    } else if (entry->cap < data.len) {
        entry->cap = ((uint32_t)data.len + ROUND - 1) / ROUND * ROUND;
        entry->data = mem_realloc(entry->data, entry->cap);
    }
    t->bytes += entry->cap;
    entry->len = (uint32_t)data.len;
    if (data.len)
        memcpy(entry->data, data.data, data.len);
}

static int compare_pages(const void *a, const void *b, void *entries)
{
    const struct entry *all = entries;
    const struct entry *x = &all[*(const uint32_t *)a], *y = &all[*(const uint32_t *)b];
    if (!x->data != !y->data)
        return x->data ? -1 : 1;
    return slice_cmp(key_of(y), key_of(x));
}

int smt_table_each(const struct smt_page_table *t,
                   int (*fn)(void *ctx, struct slice key, struct slice data), void *ctx)
{
    uint32_t *sorted = mem_calloc(t->count, sizeof *sorted);
    for (uint32_t i = 0; i < t->count; i++)
        sorted[i] = i;
    qsort_r(sorted, t->count, sizeof *sorted, compare_pages, t->entries);
    int result = 0;
    for (uint32_t i = 0; i < t->count && result == 0; i++) {
        const struct entry *entry = &t->entries[sorted[i]];
        result = fn(ctx, key_of(entry), slice_of(entry->data, entry->len));
    }
    free(sorted);
    return result;
}
