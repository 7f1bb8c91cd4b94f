#include "seid/store/recent.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/mem.h"
#include "seid/store/kv_hash.h"

enum { BUCKETS = 1 << 14, LEVELS = 12 };

struct version {
    struct version *older;
    int64_t height;
    uint32_t len;
    bool deleted;
    uint8_t value[];
};

// In a chain of the hash table, for points, and in a skip list, for order.
struct node {
    _Atomic(struct version *) newest;
    struct node *same_bucket;
    uint64_t hash;
    const uint8_t *key;
    uint32_t key_len;
    uint32_t levels;
    _Atomic(struct node *) next[];
};

struct recent {
    _Atomic unsigned refs;
    int64_t base;
    struct arena arena;
    size_t bytes;
    uint64_t seed;
    uint64_t dice; // of the skip list's levels
    _Atomic(struct node *) buckets[BUCKETS];
    struct node *head; // before all keys
};

static struct node *node_new(struct recent *r, uint32_t levels)
{
    size_t size = sizeof(struct node) + levels * sizeof(_Atomic(struct node *));
    struct node *node = arena_zalloc(&r->arena, size);
    node->levels = levels;
    r->bytes += size;
    return node;
}

struct recent *recent_new(int64_t base)
{
    struct recent *r = mem_zalloc(sizeof *r);
    r->refs = 1;
    r->base = base;
    r->seed = kv_hash_seed();
    r->dice = r->seed | 1;
    r->head = node_new(r, LEVELS);
    r->bytes = 0;
    return r;
}

struct recent *recent_ref(struct recent *r)
{
    atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
    return r;
}

void recent_unref(struct recent *r)
{
    if (!r || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
        return;
    arena_deinit(&r->arena);
    free(r);
}

int64_t recent_base(const struct recent *r)
{
    return r->base;
}

size_t recent_bytes(const struct recent *r)
{
    return r->bytes;
}

static struct slice key_of(const struct node *node)
{
    return slice_of(node->key, node->key_len);
}

static struct node *follow(const struct node *node, uint32_t level)
{
    return atomic_load_explicit(&node->next[level], memory_order_acquire);
}

static struct node *find(const struct recent *r, struct slice key, uint64_t hash)
{
    struct node *node =
        atomic_load_explicit(&r->buckets[hash & (BUCKETS - 1)], memory_order_acquire);
    while (node && (node->hash != hash || !slice_eq(key_of(node), key)))
        node = node->same_bucket;
    return node;
}

// The last node before `key`; with `ret_before`, on every level. Never null: the head is before
// every key.
static struct node *find_before(const struct recent *r, struct slice key, struct node **ret_before)
{
    struct node *at = r->head;
    for (uint32_t level = LEVELS; level-- > 0;) {
        struct node *next;
        while ((next = follow(at, level)) && slice_cmp(key_of(next), key) < 0)
            at = next;
        if (ret_before)
            ret_before[level] = at;
    }
    return at;
}

static struct node *find_last(const struct recent *r)
{
    struct node *at = r->head;
    for (uint32_t level = LEVELS; level-- > 0;)
        for (struct node *next; (next = follow(at, level));)
            at = next;
    return at;
}

// Each level has a quarter of the one below.
static uint32_t roll_levels(struct recent *r)
{
    r->dice ^= r->dice << 13;
    r->dice ^= r->dice >> 7;
    r->dice ^= r->dice << 17;
    uint32_t levels = 1 + (uint32_t)__builtin_ctzll(r->dice | UINT64_C(1) << 40) / 2;
    return levels > LEVELS ? LEVELS : levels;
}

static void insert(struct recent *r, struct slice key, uint64_t hash, struct version *version)
{
    struct node *before[LEVELS];
    find_before(r, key, before);
    struct node *node = node_new(r, roll_levels(r));
    _Atomic(struct node *) *bucket = &r->buckets[hash & (BUCKETS - 1)];
    node->hash = hash;
    node->key = arena_dup(&r->arena, key.data, key.len);
    node->key_len = (uint32_t)key.len;
    node->same_bucket = atomic_load_explicit(bucket, memory_order_relaxed);
    atomic_store_explicit(&node->newest, version, memory_order_relaxed);
    for (uint32_t level = 0; level < node->levels; level++)
        atomic_store_explicit(&node->next[level], follow(before[level], level),
                              memory_order_relaxed);
    atomic_store_explicit(bucket, node, memory_order_release);
    for (uint32_t level = 0; level < node->levels; level++)
        atomic_store_explicit(&before[level]->next[level], node, memory_order_release);
    r->bytes += key.len;
}

void recent_put(struct recent *r, int64_t height, const struct kv_change *change)
{
    uint64_t hash = kv_hash(r->seed, change->key);
    struct node *node = find(r, change->key, hash);
    struct version *older = node ? atomic_load_explicit(&node->newest, memory_order_relaxed) : NULL;
    assert(!older || older->height <= height);
    struct version *version = arena_alloc(&r->arena, sizeof *version + change->value.len);
    *version = (struct version){.older = older,
                                .height = height,
                                .len = (uint32_t)change->value.len,
                                .deleted = change->deleted};
    if (change->value.len)
        memcpy(version->value, change->value.data, change->value.len);
    r->bytes += sizeof *version + change->value.len;
    if (node)
        atomic_store_explicit(&node->newest, version, memory_order_release);
    else
        insert(r, change->key, hash, version);
}

static const struct version *version_at(const struct node *node, int64_t height)
{
    const struct version *version = atomic_load_explicit(&node->newest, memory_order_acquire);
    while (version && version->height > height)
        version = version->older;
    return version;
}

enum recent_found recent_get(const struct recent *r, int64_t height, struct slice key,
                             struct slice *ret)
{
    const struct node *node = find(r, key, kv_hash(r->seed, key));
    const struct version *version = node ? version_at(node, height) : NULL;
    if (!version)
        return RECENT_NONE;
    if (version->deleted)
        return RECENT_DELETED;
    *ret = slice_of(version->value, version->len);
    return RECENT_VALUE;
}

struct recent_walk {
    struct kv_walk walk;
    const struct recent *recent;
    int64_t height;
    struct slice start, end;
    const struct node *at; // the node returned last, or before the first; null: the end
};

// Moves to the next node in either direction, or to null outside the range.
static void step(struct recent_walk *w)
{
    w->at = follow(w->at, 0);
    if (w->at && w->end.len && slice_cmp(key_of(w->at), w->end) >= 0)
        w->at = NULL;
}

static void step_back(struct recent_walk *w)
{
    w->at = find_before(w->recent, key_of(w->at), NULL);
    if (w->at == w->recent->head || slice_cmp(key_of(w->at), w->start) < 0)
        w->at = NULL;
}

static bool take(struct recent_walk *w, struct kv_change *ret)
{
    const struct version *version = version_at(w->at, w->height);
    if (version)
        *ret = (struct kv_change){key_of(w->at), slice_of(version->value, version->len),
                                  version->deleted};
    return version != NULL;
}

static bool walk_next(struct kv_walk *walk, struct kv_change *ret)
{
    struct recent_walk *w = (struct recent_walk *)walk;
    while (w->at) {
        step(w);
        if (w->at && take(w, ret))
            return true;
    }
    return false;
}

// Backwards `at` is one ahead: the node that comes next.
static bool walk_back(struct kv_walk *walk, struct kv_change *ret)
{
    struct recent_walk *w = (struct recent_walk *)walk;
    while (w->at) {
        bool found = take(w, ret);
        step_back(w);
        if (found)
            return true;
    }
    return false;
}

static void walk_free(struct kv_walk *walk)
{
    free(walk);
}

struct kv_walk *recent_walk(const struct recent *r, int64_t height, struct slice start,
                            struct slice end, bool reverse)
{
    struct recent_walk *w = mem_alloc(sizeof *w);
    *w = (struct recent_walk){.walk = {.next = reverse ? walk_back : walk_next, .free = walk_free},
                              .recent = r,
                              .height = height,
                              .start = start,
                              .end = end};
    if (!reverse) {
        w->at = find_before(r, start, NULL);
        return &w->walk;
    }
    w->at = end.len ? find_before(r, end, NULL) : find_last(r);
    if (w->at == r->head || slice_cmp(key_of(w->at), start) < 0)
        w->at = NULL;
    return &w->walk;
}
