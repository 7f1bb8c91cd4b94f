#include "seid/store/kv_overlay.h"

#include <stdlib.h>

#include "base/mem.h"
#include "seid/store/kv_hash.h"
#include "seid/store/kv_merge.h"

enum { FIRST_SLOTS = 64 };

struct overlay_iter {
    struct kv_iter iter;
    struct kv_merge merge; // of the two:
    struct own_walk {
        struct kv_walk walk;
        struct kv_overlay *overlay;
        struct slice start, end;
        bool reverse;
        uint64_t generation; // of the order that low and high belong to
        uint32_t low, high;  // what is left: low <= i < high
        uint32_t walked;
    } own;
    struct parent_walk {
        struct kv_walk walk;
        struct kv_iter *iter; // null when the parent has an error
    } parent;
};

// ---- the hash table

static uint64_t hash_of(const struct kv_overlay *o, struct slice key)
{
    return kv_hash(o->seed, key);
}

// The slot that holds the key, or the free one where it belongs.
static uint32_t *slot_of(const struct kv_overlay *o, struct slice key, uint64_t hash)
{
    uint32_t at = (uint32_t)hash & o->slot_mask;
    for (;; at = (at + 1) & o->slot_mask) {
        uint32_t *slot = &o->slots[at];
        if (*slot == 0)
            return slot;
        const struct kv_overlay_entry *entry = &o->entries[*slot - 1];
        if (entry->hash == hash && slice_eq(entry->key, key))
            return slot;
    }
}

static struct kv_overlay_entry *find(const struct kv_overlay *o, struct slice key, uint64_t hash)
{
    if (o->count == 0)
        return NULL;
    const uint32_t *slot = slot_of(o, key, hash);
    return *slot ? &o->entries[*slot - 1] : NULL;
}

static void grow(struct kv_overlay *o)
{
    uint32_t slots = o->slots ? 2 * (o->slot_mask + 1) : FIRST_SLOTS;
    free(o->slots);
    o->slots = mem_calloc(slots, sizeof *o->slots);
    o->slot_mask = slots - 1;
    // The table is at most half full, so the entries fit when it is.
    o->cap = slots / 2;
    o->entries = mem_realloc_array(o->entries, o->cap, sizeof *o->entries);
    for (uint32_t i = 0; i < o->count; i++)
        *slot_of(o, o->entries[i].key, o->entries[i].hash) = i + 1;
}

static struct kv_overlay_entry *add(struct kv_overlay *o, struct slice key, uint64_t hash)
{
    if (o->count == o->cap)
        grow(o);
    struct kv_overlay_entry *entry = &o->entries[o->count++];
    *slot_of(o, key, hash) = o->count;
    *entry = (struct kv_overlay_entry){.key = arena_slice(&o->arena, key), .hash = hash};
    return entry;
}

static void put(struct kv_overlay *o, struct slice key, uint64_t hash, struct slice value,
                bool deleted)
{
    struct kv_overlay_entry *entry = find(o, key, hash);
    if (!entry)
        entry = add(o, key, hash);
    entry->value = deleted ? SLICE_NULL : arena_slice(&o->arena, value);
    entry->deleted = deleted;
}

// ---- order

static int compare_entries(const void *a, const void *b, void *entries)
{
    const struct kv_overlay_entry *all = entries;
    return slice_cmp(all[*(const uint32_t *)a].key, all[*(const uint32_t *)b].key);
}

// The first place in order[0..len) that is not before `key`.
static uint32_t lower_bound(const struct kv_overlay *o, uint32_t len, struct slice key)
{
    uint32_t low = 0, high = len;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (slice_cmp(o->entries[o->order[mid]].key, key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

// Brings the entries that came since the last time into the order: sorts them alone, then moves
// them in from the back, so that each of the others moves once at most.
static void make_order(struct kv_overlay *o)
{
    uint32_t fresh = o->count - o->sorted;
    if (fresh == 0)
        return;
    if (o->order_cap < 2 * o->cap) {
        o->order_cap = 2 * o->cap;
        o->order = mem_realloc_array(o->order, o->order_cap, sizeof *o->order);
    }
    // The second half of the array is the place to sort in.
    uint32_t *tail = o->order + o->order_cap - fresh;
    for (uint32_t i = 0; i < fresh; i++)
        tail[i] = o->sorted + i;
    qsort_r(tail, fresh, sizeof *tail, compare_entries, o->entries);
    for (uint32_t left = o->sorted; fresh > 0; fresh--) {
        uint32_t at = lower_bound(o, left, o->entries[tail[fresh - 1]].key);
        memmove(o->order + at + fresh, o->order + at, (left - at) * sizeof *o->order);
        o->order[at + fresh - 1] = tail[fresh - 1];
        left = at;
    }
    o->sorted = o->count;
    o->generation++;
}

// ---- kv

static void take_error(struct kv *to, const struct kv *from)
{
    if (from->error.code && !to->error.code)
        to->error = from->error;
}

static bool overlay_get(struct kv *kv, struct slice key, struct slice *ret)
{
    struct kv_overlay *o = (struct kv_overlay *)kv;
    const struct kv_overlay_entry *entry = o->count ? find(o, key, hash_of(o, key)) : NULL;
    if (entry) {
        if (!entry->deleted)
            *ret = entry->value;
        return !entry->deleted;
    }
    bool found = kv_get(o->parent, key, ret);
    take_error(kv, o->parent);
    return found;
}

static void overlay_set(struct kv *kv, struct slice key, struct slice value)
{
    struct kv_overlay *o = (struct kv_overlay *)kv;
    if (kv_key_ok(kv, key))
        put(o, key, hash_of(o, key), value, false);
}

static void overlay_del(struct kv *kv, struct slice key)
{
    struct kv_overlay *o = (struct kv_overlay *)kv;
    if (kv_key_ok(kv, key))
        put(o, key, hash_of(o, key), SLICE_NULL, true);
}

// ---- iteration: our own entries over the parent's

static void position(struct own_walk *w)
{
    const struct kv_overlay *o = w->overlay;
    w->low = lower_bound(o, o->sorted, w->start);
    w->high = w->end.len ? lower_bound(o, o->sorted, w->end) : o->sorted;
    if (w->high < w->low)
        w->high = w->low;
    // Nobody writes into the range, so that as many of it are behind us as before.
    if (w->reverse)
        w->high -= w->walked;
    else
        w->low += w->walked;
    w->generation = o->generation;
}

static bool own_next(struct kv_walk *walk, struct kv_change *ret)
{
    struct own_walk *w = (struct own_walk *)walk;
    const struct kv_overlay *o = w->overlay;
    if (w->generation != o->generation)
        position(w);
    if (w->low >= w->high)
        return false;
    const struct kv_overlay_entry *entry = &o->entries[o->order[w->reverse ? --w->high : w->low++]];
    w->walked++;
    *ret = (struct kv_change){entry->key, entry->value, entry->deleted};
    return true;
}

static bool parent_next(struct kv_walk *walk, struct kv_change *ret)
{
    struct parent_walk *w = (struct parent_walk *)walk;
    ret->deleted = false;
    return kv_iter_next(w->iter, &ret->key, &ret->value);
}

static struct kv_iter *overlay_iter_new(struct kv *kv, struct slice start, struct slice end,
                                        bool reverse)
{
    struct kv_overlay *o = (struct kv_overlay *)kv;
    struct overlay_iter *it = mem_zalloc(sizeof *it);
    it->iter.kv = kv;
    it->parent = (struct parent_walk){.walk.next = parent_next,
                                      .iter = kv_iter_new(o->parent, start, end, reverse)};
    it->own = (struct own_walk){
        .walk.next = own_next, .overlay = o, .start = start, .end = end, .reverse = reverse};
    make_order(o);
    position(&it->own);
    kv_merge_init(&it->merge, &it->own.walk, &it->parent.walk, reverse);
    return &it->iter;
}

static bool overlay_iter_next(struct kv_iter *iter, struct slice *ret_key, struct slice *ret_value)
{
    struct overlay_iter *it = (struct overlay_iter *)iter;
    struct kv_change change;
    do {
        bool more = it->merge.walk.next(&it->merge.walk, &change);
        take_error(iter->kv, ((struct kv_overlay *)iter->kv)->parent);
        if (!more || iter->kv->error.code)
            return false;
    } while (change.deleted);
    *ret_key = change.key;
    *ret_value = change.value;
    return true;
}

static void overlay_iter_free(struct kv_iter *iter)
{
    kv_iter_free(((struct overlay_iter *)iter)->parent.iter);
    free(iter);
}

static const struct kv_ops overlay_ops = {.get = overlay_get,
                                          .set = overlay_set,
                                          .del = overlay_del,
                                          .iter_new = overlay_iter_new,
                                          .iter_next = overlay_iter_next,
                                          .iter_free = overlay_iter_free};

// ---- the whole

// Overlays of a stack share a seed, so that a commit into an overlay need not hash again.
static uint64_t seed_for(const struct kv *parent)
{
    if (parent->ops == &overlay_ops)
        return ((const struct kv_overlay *)parent)->seed;
    return kv_hash_seed();
}

void kv_overlay_init(struct kv_overlay *o, struct kv *parent)
{
    *o = (struct kv_overlay){.kv.ops = &overlay_ops, .parent = parent, .seed = seed_for(parent)};
}

void kv_overlay_deinit(struct kv_overlay *o)
{
    arena_deinit(&o->arena);
    free(o->entries);
    free(o->slots);
    free(o->order);
    free(o->list);
    *o = (struct kv_overlay){.kv.ops = &overlay_ops, .parent = o->parent, .seed = o->seed};
}

// One by one when there are few: a table that was large once must not cost each small use.
static void clear_slots(struct kv_overlay *o)
{
    if (o->count > o->slot_mask / 16) {
        memset(o->slots, 0, ((size_t)o->slot_mask + 1) * sizeof *o->slots);
        return;
    }
    for (uint32_t i = 0; i < o->count; i++) {
        uint32_t at = (uint32_t)o->entries[i].hash & o->slot_mask;
        while (o->slots[at] != i + 1)
            at = (at + 1) & o->slot_mask;
        o->slots[at] = 0;
    }
}

static void forget(struct kv_overlay *o)
{
    clear_slots(o);
    o->count = 0;
    o->sorted = 0;
    o->generation++;
    o->kv.error.code = 0;
    arena_clear(&o->arena);
}

void kv_overlay_discard(struct kv_overlay *o)
{
    take_error(o->parent, &o->kv);
    forget(o);
}

void kv_overlay_reset(struct kv_overlay *o, struct kv *parent)
{
    kv_overlay_discard(o);
    o->parent = parent;
    o->seed = seed_for(parent);
}

void kv_overlay_commit(struct kv_overlay *o)
{
    bool stacked = o->parent->ops == &overlay_ops && o->parent->error.code == 0;
    for (uint32_t i = 0; i < o->count && !o->kv.error.code; i++) {
        const struct kv_overlay_entry *entry = &o->entries[i];
        if (stacked && ((struct kv_overlay *)o->parent)->seed == o->seed)
            put((struct kv_overlay *)o->parent, entry->key, entry->hash, entry->value,
                entry->deleted);
        else if (entry->deleted)
            kv_del(o->parent, entry->key);
        else
            kv_set(o->parent, entry->key, entry->value);
    }
    kv_overlay_discard(o);
}

size_t kv_overlay_changes(struct kv_overlay *o, const struct kv_change **ret)
{
    make_order(o);
    if (o->list_cap < o->count) {
        o->list_cap = o->cap;
        o->list = mem_realloc_array(o->list, o->list_cap, sizeof *o->list);
    }
    for (uint32_t i = 0; i < o->count; i++) {
        const struct kv_overlay_entry *entry = &o->entries[o->order[i]];
        o->list[i] = (struct kv_change){entry->key, entry->value, entry->deleted};
    }
    *ret = o->list;
    return o->count;
}
