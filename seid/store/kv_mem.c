#include "seid/store/kv_mem.h"

#include <stdlib.h>

#include "base/mem.h"

struct mem_iter {
    struct kv_iter iter;
    struct slice start, end;
    size_t walked;
    bool reverse;
};

// The first entry that is not before `key`.
static size_t lower_bound(const struct kv_mem *m, struct slice key)
{
    size_t low = 0, high = m->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (slice_cmp(m->entries[mid].key, key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static struct kv_mem_entry *find(const struct kv_mem *m, struct slice key, size_t *ret_at)
{
    size_t at = lower_bound(m, key);
    *ret_at = at;
    return at < m->count && slice_eq(m->entries[at].key, key) ? &m->entries[at] : NULL;
}

static bool mem_get(struct kv *kv, struct slice key, struct slice *ret)
{
    struct kv_mem *m = (struct kv_mem *)kv;
    size_t at;
    struct kv_mem_entry *entry = find(m, key, &at);
    if (entry)
        *ret = entry->value;
    return entry != NULL;
}

static void mem_set(struct kv *kv, struct slice key, struct slice value)
{
    struct kv_mem *m = (struct kv_mem *)kv;
    if (!kv_key_ok(kv, key))
        return;
    size_t at;
    struct kv_mem_entry *entry = find(m, key, &at);
    if (!entry) {
        if (m->count == m->cap) {
            m->cap = m->cap ? 2 * m->cap : 64;
            m->entries = mem_realloc_array(m->entries, m->cap, sizeof *m->entries);
        }
        entry = &m->entries[at];
        memmove(entry + 1, entry, (m->count - at) * sizeof *entry);
        m->count++;
        entry->key = arena_slice(&m->arena, key);
    }
    entry->value = arena_slice(&m->arena, value);
}

static void mem_del(struct kv *kv, struct slice key)
{
    struct kv_mem *m = (struct kv_mem *)kv;
    size_t at;
    struct kv_mem_entry *entry = find(m, key, &at);
    if (!entry)
        return;
    m->count--;
    memmove(entry, entry + 1, (m->count - at) * sizeof *entry);
}

static struct kv_iter *mem_iter_new(struct kv *kv, struct slice start, struct slice end,
                                    bool reverse)
{
    struct mem_iter *it = mem_alloc(sizeof *it);
    *it = (struct mem_iter){.iter.kv = kv, .start = start, .end = end, .reverse = reverse};
    return &it->iter;
}

// Looks its place up each time, because writes outside the range move the entries.
static bool mem_iter_next(struct kv_iter *iter, struct slice *ret_key, struct slice *ret_value)
{
    struct mem_iter *it = (struct mem_iter *)iter;
    const struct kv_mem *m = (const struct kv_mem *)iter->kv;
    size_t low = lower_bound(m, it->start);
    size_t high = it->end.len ? lower_bound(m, it->end) : m->count;
    if (high < low || high - low <= it->walked)
        return false;
    size_t at = it->reverse ? high - 1 - it->walked : low + it->walked;
    it->walked++;
    *ret_key = m->entries[at].key;
    *ret_value = m->entries[at].value;
    return true;
}

static void mem_iter_free(struct kv_iter *iter)
{
    free(iter);
}

static const struct kv_ops mem_ops = {.get = mem_get,
                                      .set = mem_set,
                                      .del = mem_del,
                                      .iter_new = mem_iter_new,
                                      .iter_next = mem_iter_next,
                                      .iter_free = mem_iter_free};

void kv_mem_init(struct kv_mem *m)
{
    *m = (struct kv_mem){.kv.ops = &mem_ops};
}

void kv_mem_deinit(struct kv_mem *m)
{
    arena_deinit(&m->arena);
    free(m->entries);
    kv_mem_init(m);
}

void kv_mem_apply(struct kv_mem *m, const struct kv_change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (changes[i].deleted)
            kv_del(&m->kv, changes[i].key);
        else
            kv_set(&m->kv, changes[i].key, changes[i].value);
    }
}
