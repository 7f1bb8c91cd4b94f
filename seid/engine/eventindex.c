#include "seid/engine/eventindex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "seid/engine/event_segment.h"
#include "wire/proto/tendermint_abci_types.pb-c.h"

enum { SEGMENT_MAX_ENTRIES = 16384 };

// One stored value: first height be64 is the key; last height and the number of entries, then the
// entries. Kept in memory as long as it may still be merged.
struct segment {
    int64_t first, last;
    struct event_entry *entries; // owned
    size_t count;
};

// Entries of one fingerprint, in the order in which they came, which is that of their places.
struct group {
    uint64_t fingerprint;
    uint32_t first, last; // indexes of entries
};

struct eventindex {
    struct segment *open; // owned, oldest first, each larger than the next
    size_t open_count, open_cap;

    // Of the block that is being added: what comes is grouped, so that only the distinct
    // fingerprints must be sorted.
    struct collected {
        uint32_t place;
        uint32_t next; // of the same group; 0: none (the first entry is nobody's next)
    } * entries;       // owned
    size_t count, cap;
    struct group *groups; // owned
    size_t group_count, group_cap;
    uint32_t *slots; // owned; hash table: index of a group + 1, or 0
    size_t slot_count;
};

struct eventindex *eventindex_new(void)
{
    return mem_zalloc(sizeof(struct eventindex));
}

void eventindex_free(struct eventindex *x)
{
    if (!x)
        return;
    for (size_t i = 0; i < x->open_count; i++)
        free(x->open[i].entries);
    free(x->open);
    free(x->entries);
    free(x->groups);
    free(x->slots);
    free(x);
}

static uint32_t *slot_of(const struct eventindex *x, uint64_t fingerprint)
{
    size_t at = (size_t)fingerprint & (x->slot_count - 1);
    while (x->slots[at] && x->groups[x->slots[at] - 1].fingerprint != fingerprint)
        at = (at + 1) & (x->slot_count - 1);
    return &x->slots[at];
}

static void collect_begin(struct eventindex *x)
{
    x->count = x->group_count = 0;
    if (x->slots)
        memset(x->slots, 0, x->slot_count * sizeof *x->slots);
}

// At most half full, so that look-ups stay short.
static void grow_slots(struct eventindex *x)
{
    free(x->slots);
    x->slot_count = x->slot_count ? x->slot_count * 4 : 256;
    x->slots = mem_calloc(x->slot_count, sizeof *x->slots);
    for (size_t i = 0; i < x->group_count; i++)
        *slot_of(x, x->groups[i].fingerprint) = (uint32_t)i + 1;
}

static struct group *group_of(struct eventindex *x, uint64_t fingerprint)
{
    if (2 * x->group_count >= x->slot_count)
        grow_slots(x);
    uint32_t *slot = slot_of(x, fingerprint);
    if (*slot)
        return &x->groups[*slot - 1];
    if (x->group_count == x->group_cap) {
        x->group_cap = x->group_cap ? x->group_cap * 2 : 256;
        x->groups = mem_realloc_array(x->groups, x->group_cap, sizeof *x->groups);
    }
    *slot = (uint32_t)x->group_count + 1;
    struct group *g = &x->groups[x->group_count++];
    *g = (struct group){fingerprint, UINT32_MAX, 0};
    return g;
}

static void add_entry(struct eventindex *x, uint64_t fingerprint, uint32_t place)
{
    struct group *g = group_of(x, fingerprint);
    if (g->first != UINT32_MAX && x->entries[g->last].place == place)
        return;
    if (x->count == x->cap) {
        x->cap = x->cap ? x->cap * 2 : 256;
        x->entries = mem_realloc_array(x->entries, x->cap, sizeof *x->entries);
    }
    x->entries[x->count] = (struct collected){place, 0};
    if (g->first == UINT32_MAX)
        g->first = (uint32_t)x->count;
    else
        x->entries[g->last].next = (uint32_t)x->count;
    g->last = (uint32_t)x->count++;
}

static int compare_groups(const void *a, const void *b)
{
    const struct group *x = a, *y = b;
    return (x->fingerprint > y->fingerprint) - (x->fingerprint < y->fingerprint);
}

static struct event_entry *collect_end(struct eventindex *x)
{
    struct event_entry *out = mem_calloc(x->count, sizeof *out);
    size_t n = 0;
    qsort(x->groups, x->group_count, sizeof *x->groups, compare_groups);
    for (size_t i = 0; i < x->group_count; i++)
        for (uint32_t at = x->groups[i].first;; at = x->entries[at].next) {
            out[n++] = (struct event_entry){x->groups[i].fingerprint, 0, x->entries[at].place};
            if (at == x->groups[i].last)
                break;
        }
    return out;
}

static void add_events(struct eventindex *x, Tendermint__Abci__Event *const *events, size_t count,
                       uint32_t place)
{
    uint32_t key_place = place == EVENT_PLACE_BLOCK ? EVENT_PLACE_BLOCK : EVENT_PLACE_SOME_TX;
    for (size_t i = 0; i < count; i++) {
        struct slice type = slice_str(events[i]->type);
        if (type.len == 0)
            continue;
        for (size_t a = 0; a < events[i]->n_attributes; a++) {
            const Tendermint__Abci__EventAttribute *attribute = events[i]->attributes[a];
            struct slice key = slice_str(attribute->key);
            if (!attribute->index || key.len == 0)
                continue;
            uint64_t of_key = event_fingerprint_key(type, key);
            add_entry(x, of_key, key_place);
            add_entry(x, event_fingerprint_pair(of_key, slice_str(attribute->value)), place);
        }
    }
}

// ---- segments in the store

static void put_segment(struct store_batch *batch, const struct segment *s)
{
    CLEANUP_BUF struct buf value = {0};
    uint8_t key[8], header[EVENT_SEGMENT_HEADER];
    event_segment_key(s->first, key);
    event_segment_header(s->last, s->count, header);
    buf_reserve(&value, sizeof header + s->count * EVENT_ENTRY_BYTES);
    buf_append(&value, header, sizeof header);
    buf_append(&value, s->entries, s->count * EVENT_ENTRY_BYTES);
    store_batch_put(batch, STORE_EVENT, slice_of(key, sizeof key), buf_slice(&value));
}

static void del_segment(struct store_batch *batch, const struct segment *s)
{
    uint8_t key[8];
    event_segment_key(s->first, key);
    store_batch_del(batch, STORE_EVENT, slice_of(key, sizeof key));
}

static struct segment merge(const struct segment *a, const struct segment *b)
{
    struct segment out = {a->first, b->last, NULL, 0};
    uint32_t shift = (uint32_t)(b->first - a->first);
    out.entries = mem_calloc(a->count + b->count, sizeof *out.entries);
    size_t i = 0, j = 0;
    while (i < a->count || j < b->count) {
        struct event_entry right = {0};
        if (j < b->count) {
            right = b->entries[j];
            right.height += shift;
        }
        bool left =
            j == b->count || (i < a->count && event_entry_compare(&a->entries[i], &right) < 0);
        out.entries[out.count++] = left ? a->entries[i++] : right;
        j += !left;
    }
    return out;
}

static void push_open(struct eventindex *x, struct segment s)
{
    if (x->open_count == x->open_cap) {
        x->open_cap = x->open_cap ? x->open_cap * 2 : 16;
        x->open = mem_realloc_array(x->open, x->open_cap, sizeof *x->open);
    }
    x->open[x->open_count++] = s;
}

static void forget_open(struct eventindex *x)
{
    for (size_t i = 0; i < x->open_count; i++)
        free(x->open[i].entries);
    x->open_count = 0;
}

// Segments shrink by half or more from the oldest to the newest, so an entry is rewritten about
// log2(SEGMENT_MAX_ENTRIES) times at most, and there are few open ones.
static void merge_open(struct eventindex *x, struct store_batch *batch)
{
    while (x->open_count >= 2) {
        struct segment *a = &x->open[x->open_count - 2], *b = a + 1;
        if (a->count > 2 * b->count || b->last - a->first > UINT32_MAX / 2)
            break;
        struct segment both = merge(a, b);
        del_segment(batch, b);
        free(a->entries);
        free(b->entries);
        *a = both;
        x->open_count--;
    }
}

void eventindex_add(struct eventindex *x, struct store_batch *batch, int64_t height,
                    const struct Tendermint__Abci__ResponseFinalizeBlock *results)
{
    collect_begin(x);
    for (size_t i = 0; i < results->n_tx_results; i++)
        add_events(x, results->tx_results[i]->events, results->tx_results[i]->n_events,
                   (uint32_t)i);
    add_events(x, results->events, results->n_events, EVENT_PLACE_BLOCK); // last: the highest place
    if (x->count == 0)
        return;
    struct segment s = {height, height, collect_end(x), x->count};
    push_open(x, s);
    merge_open(x, batch);
    put_segment(batch, &x->open[x->open_count - 1]);
    if (x->open[x->open_count - 1].count >= SEGMENT_MAX_ENTRIES)
        forget_open(x);
}

static int collect_open(struct eventindex *x, struct store_snapshot *snap, struct err *e)
{
    struct kv *table = store_snapshot_table(snap, STORE_EVENT);
    struct kv_iter *it = kv_iter_new(table, SLICE_NULL, SLICE_NULL, true);
    struct slice key, value;
    struct event_view v;
    size_t newest = 0;
    int result = 0;
    while (result == 0 && kv_iter_next(it, &key, &value)) {
        if (!event_view_of(key, value, &v))
            result = err_set(e, -EBADMSG, "the event index is broken");
        else if (v.count >= SEGMENT_MAX_ENTRIES || (newest && v.count <= newest))
            break;
        else
            push_open(x,
                      (struct segment){v.first, v.last,
                                       mem_dup(v.entries, v.count * EVENT_ENTRY_BYTES), v.count});
        newest = v.count;
    }
    kv_iter_free(it);
    return result;
}

int eventindex_load(struct eventindex *x, struct store_snapshot *snap, struct err *e)
{
    forget_open(x);
    int result = collect_open(x, snap, e);
    for (size_t i = 0; i < x->open_count / 2; i++) { // newest first to oldest first
        struct segment swap = x->open[i];
        x->open[i] = x->open[x->open_count - 1 - i];
        x->open[x->open_count - 1 - i] = swap;
    }
    return result;
}

int eventindex_truncate(struct store_snapshot *snap, struct store_batch *batch, int64_t height,
                        struct err *e)
{
    struct kv_iter *it =
        kv_iter_new(store_snapshot_table(snap, STORE_EVENT), SLICE_NULL, SLICE_NULL, true);
    struct slice key, value;
    struct event_view v;
    int result = 0;
    while (result == 0 && kv_iter_next(it, &key, &value)) {
        if (!event_view_of(key, value, &v)) {
            result = err_set(e, -EBADMSG, "the event index is broken");
            break;
        }
        if (v.last < height)
            break;
        struct segment kept = {v.first, height - 1, mem_calloc(v.count + 1, EVENT_ENTRY_BYTES), 0};
        for (size_t i = 0; i < v.count; i++) {
            struct event_entry entry = event_view_entry(&v, i);
            if (v.first + entry.height < height)
                kept.entries[kept.count++] = entry;
        }
        if (kept.count)
            put_segment(batch, &kept);
        else
            del_segment(batch, &kept);
        free(kept.entries);
    }
    kv_iter_free(it);
    return result;
}
