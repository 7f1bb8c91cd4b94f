#include "seid/store/kv_overlay.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/mem.h"

enum { FIRST_SLOTS = 64 };

struct overlay_iter {
    struct kv_iter iter;
    struct kv_iter *parent; // null when it has nothing more
    struct slice start, end;
    struct slice parent_key, parent_value; // its next pair, while `parent_ready`
    bool parent_ready;
    bool reverse;
    uint64_t generation; // of the order that low and high belong to
    uint32_t low, high;  // what is left of our own: low <= i < high
    uint32_t walked;
};

// ---- the hash table

static uint64_t mix(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load(const uint8_t *at, size_t len)
{
    uint64_t word = 0;
    if (len)
        memcpy(&word, at, len);
    return word;
}

static uint64_t hash_key(uint64_t seed, struct slice key)
{
    uint64_t h = seed ^ (key.len * UINT64_C(0x9e3779b97f4a7c15));
    const uint8_t *at = key.data;
    size_t left = key.len;
    for (; left > 16; at += 16, left -= 16)
        h = mix(load(at, 8) ^ h, load(at + 8, 8) ^ UINT64_C(0xe7037ed1a0b428db));
    uint64_t first = load(at, left < 8 ? left : 8);
    uint64_t second = left > 8 ? load(at + 8, left - 8) : 0;
    h = mix(first ^ h, second ^ UINT64_C(0x8ebc6af09c88c6e3));
    return mix(h ^ seed, UINT64_C(0x589965cc75374cc3));
}

static uint64_t hash_of(const struct kv_overlay *o, struct slice key)
{
    return hash_key(o->seed, key);
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

// ---- iteration: our own entries and the parent's, merged

static void position(struct overlay_iter *it)
{
    struct kv_overlay *o = (struct kv_overlay *)it->iter.kv;
    it->low = lower_bound(o, o->sorted, it->start);
    it->high = it->end.len ? lower_bound(o, o->sorted, it->end) : o->sorted;
    if (it->high < it->low)
        it->high = it->low;
    // Nobody writes into the range, so that as many of it are behind us as before.
    if (it->reverse)
        it->high -= it->walked;
    else
        it->low += it->walked;
    it->generation = o->generation;
}

static struct kv_iter *overlay_iter_new(struct kv *kv, struct slice start, struct slice end,
                                        bool reverse)
{
    struct kv_overlay *o = (struct kv_overlay *)kv;
    struct overlay_iter *it = mem_zalloc(sizeof *it);
    it->iter.kv = kv;
    it->start = start;
    it->end = end;
    it->reverse = reverse;
    it->parent = kv_iter_new(o->parent, start, end, reverse);
    make_order(o);
    position(it);
    return &it->iter;
}

static const struct kv_overlay_entry *own_next(struct overlay_iter *it)
{
    const struct kv_overlay *o = (const struct kv_overlay *)it->iter.kv;
    if (it->generation != o->generation)
        position(it);
    if (it->low >= it->high)
        return NULL;
    return &o->entries[o->order[it->reverse ? it->high - 1 : it->low]];
}

static void own_step(struct overlay_iter *it)
{
    it->walked++;
    if (it->reverse)
        it->high--;
    else
        it->low++;
}

static bool parent_next(struct overlay_iter *it)
{
    if (!it->parent_ready && it->parent) {
        it->parent_ready = kv_iter_next(it->parent, &it->parent_key, &it->parent_value);
        if (!it->parent_ready) {
            take_error(it->iter.kv, it->parent->kv);
            kv_iter_free(it->parent);
            it->parent = NULL;
        }
    }
    return it->parent_ready;
}

static bool overlay_iter_next(struct kv_iter *iter, struct slice *ret_key, struct slice *ret_value)
{
    struct overlay_iter *it = (struct overlay_iter *)iter;
    for (;;) {
        bool parent = parent_next(it);
        if (iter->kv->error.code)
            return false;
        const struct kv_overlay_entry *own = own_next(it);
        if (!parent && !own)
            return false;
        int order = !own ? -1 : !parent ? 1 : slice_cmp(it->parent_key, own->key);
        if (own && parent && it->reverse)
            order = -order;
        if (order < 0) {
            it->parent_ready = false;
            *ret_key = it->parent_key;
            *ret_value = it->parent_value;
            return true;
        }
        if (order == 0)
            it->parent_ready = false;
        own_step(it);
        if (own->deleted)
            continue;
        *ret_key = own->key;
        *ret_value = own->value;
        return true;
    }
}

static void overlay_iter_free(struct kv_iter *iter)
{
    kv_iter_free(((struct overlay_iter *)iter)->parent);
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
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed)
        seed = (uint64_t)(uintptr_t)parent; // the random layout of memory must do
    return seed;
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
