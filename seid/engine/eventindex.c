#include "seid/engine/eventindex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/mem.h"
#include "base/rfc3339.h"
#include "seid/engine/chain.h"
#include "wire/pb_arena.h"
#include "wire/proto/tendermint_abci_types.pb-c.h"
#include "wire/proto/tendermint_types_types.pb-c.h"

// Places that are no transaction: the block as a whole, and "some transaction of the block has an
// event with this key", which is what ranges, CONTAINS and EXISTS start from.
enum { PLACE_BLOCK = UINT32_MAX, PLACE_SOME_TX = UINT32_MAX - 1 };

enum { ENTRY_BYTES = 16, SEGMENT_HEADER = 16, SEGMENT_MAX_ENTRIES = 16384 };

// ---- fingerprints: part of the stored format, so they never change

static uint64_t mix(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load_le(const uint8_t *at, size_t len)
{
    uint64_t word = 0;
    for (size_t i = 0; i < len; i++)
        word |= (uint64_t)at[i] << (8 * i);
    return word;
}

static uint64_t absorb(uint64_t h, struct slice s)
{
    h = mix(h ^ s.len, UINT64_C(0x9e3779b97f4a7c15));
    for (; s.len >= 8; s = slice_of(s.data + 8, s.len - 8))
        h = mix(h ^ load_le(s.data, 8), UINT64_C(0xbf58476d1ce4e5b9));
    return mix(h ^ load_le(s.data, s.len), UINT64_C(0x94d049bb133111eb));
}

static uint64_t fingerprint_key(struct slice type, struct slice key)
{
    return absorb(absorb(1, type), key);
}

static uint64_t fingerprint_pair(uint64_t of_key, struct slice value)
{
    return absorb(of_key ^ UINT64_C(0x2545f4914f6cdd1d), value);
}

// "<type>.<attribute>": a type may hold dots, an attribute key may too. The index takes the last
// dot of the composite key as the border, so that writer and reader agree.
static void split_composite(struct slice composite, struct slice *ret_type, struct slice *ret_key)
{
    size_t dot = composite.len;
    while (dot > 0 && composite.data[dot - 1] != '.')
        dot--;
    *ret_type = slice_of(composite.data, dot ? dot - 1 : 0);
    *ret_key = slice_of(composite.data + dot, composite.len - dot);
}

static uint64_t fingerprint_of_attribute(struct slice type, struct slice key)
{
    if (!memchr(key.data, '.', key.len))
        return fingerprint_key(type, key);
    CLEANUP_BUF struct buf whole = {0};
    struct slice t, k;
    buf_append_slice(&whole, type);
    buf_append_byte(&whole, '.');
    buf_append_slice(&whole, key);
    split_composite(buf_slice(&whole), &t, &k);
    return fingerprint_key(t, k);
}

// ---- entries: (fingerprint, height, place), sorted, in memory as in the store

struct entry {
    uint64_t fingerprint;
    uint32_t height; // above the segment's first height
    uint32_t place;
};
_Static_assert(sizeof(struct entry) == ENTRY_BYTES, "entries are stored as they are");
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the event index is stored in little-endian order"
#endif

static int compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->fingerprint != y->fingerprint)
        return x->fingerprint < y->fingerprint ? -1 : 1;
    if (x->height != y->height)
        return x->height < y->height ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

// One stored value: first height be64 is the key; last height and the number of entries, then the
// entries. Kept in memory as long as it may still be merged.
struct segment {
    int64_t first, last;
    struct entry *entries; // owned
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

static struct entry *collect_end(struct eventindex *x)
{
    struct entry *out = mem_calloc(x->count, sizeof *out);
    size_t n = 0;
    qsort(x->groups, x->group_count, sizeof *x->groups, compare_groups);
    for (size_t i = 0; i < x->group_count; i++)
        for (uint32_t at = x->groups[i].first;; at = x->entries[at].next) {
            out[n++] = (struct entry){x->groups[i].fingerprint, 0, x->entries[at].place};
            if (at == x->groups[i].last)
                break;
        }
    return out;
}

static void add_events(struct eventindex *x, Tendermint__Abci__Event *const *events, size_t count,
                       uint32_t place)
{
    uint32_t key_place = place == PLACE_BLOCK ? PLACE_BLOCK : PLACE_SOME_TX;
    for (size_t i = 0; i < count; i++) {
        struct slice type = slice_str(events[i]->type);
        if (type.len == 0)
            continue;
        for (size_t a = 0; a < events[i]->n_attributes; a++) {
            const Tendermint__Abci__EventAttribute *attribute = events[i]->attributes[a];
            struct slice key = slice_str(attribute->key);
            if (!attribute->index || key.len == 0)
                continue;
            uint64_t of_key = fingerprint_of_attribute(type, key);
            add_entry(x, of_key, key_place);
            add_entry(x, fingerprint_pair(of_key, slice_str(attribute->value)), place);
        }
    }
}

// ---- segments in the store

static void be64(uint8_t ret[8], int64_t value)
{
    for (int i = 0; i < 8; i++)
        ret[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
}

static int64_t from_be64(const uint8_t *at)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | at[i];
    return (int64_t)value;
}

static void put_segment(struct store_batch *batch, const struct segment *s)
{
    CLEANUP_BUF struct buf value = {0};
    uint8_t key[8], header[SEGMENT_HEADER];
    be64(key, s->first);
    be64(header, s->last);
    be64(header + 8, (int64_t)s->count);
    buf_reserve(&value, sizeof header + s->count * ENTRY_BYTES);
    buf_append(&value, header, sizeof header);
    buf_append(&value, s->entries, s->count * ENTRY_BYTES);
    store_batch_put(batch, STORE_EVENT, slice_of(key, sizeof key), buf_slice(&value));
}

static void del_segment(struct store_batch *batch, const struct segment *s)
{
    uint8_t key[8];
    be64(key, s->first);
    store_batch_del(batch, STORE_EVENT, slice_of(key, sizeof key));
}

// A segment as it lies in the store, borrowed. False when it is broken.
struct view {
    int64_t first, last;
    const uint8_t *entries;
    size_t count;
};

static bool view_of(struct slice key, struct slice value, struct view *ret)
{
    if (key.len != 8 || value.len < SEGMENT_HEADER)
        return false;
    *ret = (struct view){from_be64(key.data), from_be64(value.data), value.data + SEGMENT_HEADER,
                         (size_t)from_be64(value.data + 8)};
    return (value.len - SEGMENT_HEADER) / ENTRY_BYTES == ret->count &&
           (value.len - SEGMENT_HEADER) % ENTRY_BYTES == 0 && ret->last >= ret->first;
}

static struct entry view_entry(const struct view *v, size_t i)
{
    struct entry entry;
    memcpy(&entry, v->entries + i * ENTRY_BYTES, sizeof entry);
    return entry;
}

static struct segment merge(const struct segment *a, const struct segment *b)
{
    struct segment out = {a->first, b->last, NULL, 0};
    uint32_t shift = (uint32_t)(b->first - a->first);
    out.entries = mem_calloc(a->count + b->count, sizeof *out.entries);
    size_t i = 0, j = 0;
    while (i < a->count || j < b->count) {
        struct entry right = {0};
        if (j < b->count) {
            right = b->entries[j];
            right.height += shift;
        }
        bool left = j == b->count || (i < a->count && compare(&a->entries[i], &right) < 0);
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
    add_events(x, results->events, results->n_events, PLACE_BLOCK); // last: the highest place
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
    struct view v;
    size_t newest = 0;
    int result = 0;
    while (result == 0 && kv_iter_next(it, &key, &value)) {
        if (!view_of(key, value, &v))
            result = err_set(e, -EBADMSG, "the event index is broken");
        else if (v.count >= SEGMENT_MAX_ENTRIES || (newest && v.count <= newest))
            break;
        else
            push_open(x, (struct segment){v.first, v.last,
                                          mem_dup(v.entries, v.count * ENTRY_BYTES), v.count});
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
    struct view v;
    int result = 0;
    while (result == 0 && kv_iter_next(it, &key, &value)) {
        if (!view_of(key, value, &v)) {
            result = err_set(e, -EBADMSG, "the event index is broken");
            break;
        }
        if (v.last < height)
            break;
        struct segment kept = {v.first, height - 1, mem_calloc(v.count + 1, ENTRY_BYTES), 0};
        for (size_t i = 0; i < v.count; i++) {
            struct entry entry = view_entry(&v, i);
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

// ---- conditions

static bool is_height_key(struct slice key)
{
    return slice_eq(key, SLICE_LIT("tx.height")) || slice_eq(key, SLICE_LIT("block.height"));
}

// What the conditions on the whole say: a range of heights, perhaps one hash.
struct scope {
    int64_t low, high; // inclusive
    const struct event_condition *hash;
    const struct event_condition *events[EVENT_CONDITIONS_MAX];
    size_t event_count;
};

// The number of a condition on a height, rounded towards what can match.
static int narrow(struct scope *s, const struct event_condition *c, struct err *e)
{
    if (c->operand != EVENT_NUMBER || c->text.len == 0 || c->text.len > 18)
        return err_set(e, -EINVAL, "a height is compared with a number");
    int64_t number = 0;
    for (size_t i = 0; i < c->text.len; i++) {
        if (c->text.data[i] < '0' || c->text.data[i] > '9')
            return err_set(e, -EINVAL, "a height is compared with a whole number");
        number = number * 10 + (c->text.data[i] - '0');
    }
    int64_t low = INT64_MIN, high = INT64_MAX;
    switch (c->op) {
    case EVENT_EQ:
        low = high = number;
        break;
    case EVENT_LT:
        high = number - 1;
        break;
    case EVENT_LE:
        high = number;
        break;
    case EVENT_GT:
        low = number + 1;
        break;
    case EVENT_GE:
        low = number;
        break;
    case EVENT_CONTAINS:
    case EVENT_EXISTS:
        return err_set(e, -EINVAL, "a height is compared with = < <= > >=");
    }
    s->low = low > s->low ? low : s->low;
    s->high = high < s->high ? high : s->high;
    return 0;
}

static int check_event_condition(const struct event_condition *c, struct err *e)
{
    bool ordered = c->op == EVENT_LT || c->op == EVENT_LE || c->op == EVENT_GT || c->op == EVENT_GE;
    if (c->op == EVENT_CONTAINS && c->operand != EVENT_STRING)
        return err_set(e, -EINVAL, "CONTAINS needs a string");
    if (ordered && c->operand != EVENT_NUMBER && c->operand != EVENT_TIME)
        return err_set(e, -EINVAL, "< <= > >= need a number, a date or a time");
    return 0;
}

static int scope_of(const struct event_condition *conditions, size_t count, struct scope *s,
                    struct err *e)
{
    if (count > EVENT_CONDITIONS_MAX)
        return err_set(e, -EINVAL, "more than %d conditions", EVENT_CONDITIONS_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct event_condition *c = &conditions[i];
        int result = 0;
        if (is_height_key(c->key))
            result = narrow(s, c, e);
        else if (slice_eq(c->key, SLICE_LIT("tx.hash")) && c->op == EVENT_EQ)
            s->hash = c;
        else if ((result = check_event_condition(c, e)) == 0)
            s->events[s->event_count++] = c;
        if (result < 0)
            return result;
    }
    return 0;
}

// ---- one attribute against one condition

struct decimal {
    bool negative;
    struct slice whole, fraction; // without leading or trailing zeros
};

static bool all_digits(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
    return true;
}

static bool decimal_of(struct slice text, struct decimal *ret)
{
    ret->negative = text.len && text.data[0] == '-';
    if (ret->negative)
        text = slice_of(text.data + 1, text.len - 1);
    const uint8_t *dot = text.len ? memchr(text.data, '.', text.len) : NULL;
    size_t whole = dot ? (size_t)(dot - text.data) : text.len;
    ret->whole = slice_of(text.data, whole);
    ret->fraction = dot ? slice_of(dot + 1, text.len - whole - 1) : SLICE_NULL;
    if (whole == 0 || (dot && ret->fraction.len == 0) || !all_digits(ret->whole) ||
        !all_digits(ret->fraction))
        return false;
    while (ret->whole.len && ret->whole.data[0] == '0')
        ret->whole = slice_of(ret->whole.data + 1, ret->whole.len - 1);
    while (ret->fraction.len && ret->fraction.data[ret->fraction.len - 1] == '0')
        ret->fraction.len--;
    return true;
}

static int decimal_compare(const struct decimal *a, const struct decimal *b)
{
    bool a_zero = a->whole.len + a->fraction.len == 0, b_zero = b->whole.len + b->fraction.len == 0;
    bool a_negative = a->negative && !a_zero, b_negative = b->negative && !b_zero;
    if (a_negative != b_negative)
        return a_negative ? -1 : 1;
    int order = (a->whole.len > b->whole.len) - (a->whole.len < b->whole.len);
    if (order == 0)
        order = slice_cmp(a->whole, b->whole);
    if (order == 0)
        order = slice_cmp(a->fraction, b->fraction);
    return a_negative ? -order : order;
}

static bool order_holds(enum event_op op, int order)
{
    switch (op) {
    case EVENT_LT:
        return order < 0;
    case EVENT_LE:
        return order <= 0;
    case EVENT_GT:
        return order > 0;
    case EVENT_GE:
        return order >= 0;
    case EVENT_EQ:
        return order == 0;
    case EVENT_CONTAINS:
    case EVENT_EXISTS:
        return false;
    }
    return false;
}

static bool range_holds(const struct event_condition *c, struct slice value)
{
    if (c->operand == EVENT_TIME) {
        int64_t time_ns;
        return rfc3339_parse_ns(value, &time_ns) == 0 &&
               order_holds(c->op, (time_ns > c->time_ns) - (time_ns < c->time_ns));
    }
    struct decimal a, b;
    return decimal_of(value, &a) && decimal_of(c->text, &b) &&
           order_holds(c->op, decimal_compare(&a, &b));
}

static bool value_holds(const struct event_condition *c, struct slice value)
{
    switch (c->op) {
    case EVENT_EQ:
        return slice_eq(value, c->text);
    case EVENT_EXISTS:
        return true;
    case EVENT_CONTAINS:
        return c->text.len == 0 ||
               (value.len && memmem(value.data, value.len, c->text.data, c->text.len));
    case EVENT_LT:
    case EVENT_LE:
    case EVENT_GT:
    case EVENT_GE:
        return range_holds(c, value);
    }
    return false;
}

static bool key_is(struct slice composite, struct slice type, struct slice key)
{
    return composite.len == type.len + 1 + key.len && composite.data[type.len] == '.' &&
           slice_has_prefix(composite, type) &&
           slice_eq(slice_of(composite.data + type.len + 1, key.len), key);
}

static bool event_has(const Tendermint__Abci__Event *event, const struct event_condition *c)
{
    struct slice type = slice_str(event->type);
    for (size_t a = 0; a < event->n_attributes; a++) {
        const Tendermint__Abci__EventAttribute *attribute = event->attributes[a];
        struct slice key = slice_str(attribute->key);
        if (attribute->index && type.len && key.len && key_is(c->key, type, key) &&
            value_holds(c, slice_str(attribute->value)))
            return true;
    }
    return false;
}

// All conditions within one event: what CometBFT's indexer means since 0.38.
static bool events_match(Tendermint__Abci__Event *const *events, size_t count,
                         const struct scope *s)
{
    for (size_t i = 0; i < count; i++) {
        size_t held = 0;
        while (held < s->event_count && event_has(events[i], s->events[held]))
            held++;
        if (held == s->event_count)
            return true;
    }
    return s->event_count == 0;
}

// ---- search

struct search {
    struct store_snapshot *snap;
    struct scope scope;
    bool blocks;
    size_t limit;
    int64_t deadline_ns;
    unsigned steps;
    struct arena *arena; // the caller's
    struct arena temp;   // of one candidate
    struct chain_cursor cursor;
    struct event_place *places; // owned until the end
    size_t count, cap;
    struct err *error;
};

static int check_time(struct search *s)
{
    if (s->deadline_ns && s->steps++ % 64 == 0 && clock_monotonic_ns() > s->deadline_ns)
        return EVENT_TIMEOUT;
    return 0;
}

static int found(struct search *s, int64_t height, uint32_t index)
{
    if (s->count == s->limit)
        return EVENT_TOO_MANY;
    if (s->count == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 64;
        s->places = mem_realloc_array(s->places, s->cap, sizeof *s->places);
    }
    s->places[s->count++] = (struct event_place){height, index};
    return 0;
}

static int try_tx(struct search *s, int64_t height, uint32_t index)
{
    struct slice tx, bytes;
    Tendermint__Abci__ExecTxResult *result;
    int outcome = check_time(s);
    if (outcome == 0)
        outcome = chain_cursor_tx(&s->cursor, height, index, &tx, &bytes, s->error);
    else
        return outcome;
    if (outcome != 0)
        return outcome < 0 ? outcome : 0; // the index is ahead of what is kept
    arena_clear(&s->temp);
    outcome = chain_tx_result(bytes, &s->temp, &result, s->error);
    if (outcome < 0)
        return outcome;
    return events_match(result->events, result->n_events, &s->scope) ? found(s, height, index) : 0;
}

static int try_block(struct search *s, int64_t height)
{
    Tendermint__Abci__ResponseFinalizeBlock *results;
    int outcome = check_time(s);
    if (outcome != 0)
        return outcome;
    arena_clear(&s->temp);
    outcome = chain_results(s->snap, height, &s->temp, &results, s->error);
    if (outcome != 0)
        return outcome < 0 ? outcome : 0;
    return events_match(results->events, results->n_events, &s->scope) ? found(s, height, 0) : 0;
}

static int try_all_txs(struct search *s, int64_t height)
{
    CLEANUP_ARENA struct arena arena = {0};
    Tendermint__Types__BlockMeta *meta;
    int outcome = chain_meta(s->snap, height, &arena, &meta, s->error);
    if (outcome == 0 && s->scope.event_count == 0)
        for (int64_t i = 0; i < meta->num_txs && outcome == 0; i++)
            outcome = found(s, height, (uint32_t)i);
    else if (outcome == 0)
        for (int64_t i = 0; i < meta->num_txs && outcome == 0; i++)
            outcome = try_tx(s, height, (uint32_t)i);
    else if (outcome > 0)
        outcome = 0;
    return outcome;
}

// Without a condition on events: every block, or every transaction, of the range.
static int search_heights(struct search *s)
{
    int outcome = 0;
    int64_t base = chain_base(s->snap);
    int64_t low = s->scope.low > base ? s->scope.low : base;
    for (int64_t h = low; h > 0 && h <= s->scope.high && outcome == 0; h++) {
        outcome = check_time(s);
        if (outcome == 0)
            outcome = s->blocks ? found(s, h, 0) : try_all_txs(s, h);
    }
    return outcome;
}

struct run {
    size_t begin, end;
};

static size_t lower_bound(const struct view *v, uint64_t fingerprint, size_t low)
{
    size_t high = v->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (view_entry(v, middle).fingerprint < fingerprint)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct run find_run(const struct view *v, uint64_t fingerprint)
{
    struct run run = {lower_bound(v, fingerprint, 0), 0};
    run.end = fingerprint == UINT64_MAX ? v->count : lower_bound(v, fingerprint + 1, run.begin);
    return run;
}

static uint64_t fingerprint_of(const struct event_condition *c, bool *ret_exact)
{
    struct slice type, key;
    split_composite(c->key, &type, &key);
    uint64_t of_key = fingerprint_key(type, key);
    *ret_exact = c->op == EVENT_EQ;
    return *ret_exact ? fingerprint_pair(of_key, c->text) : of_key;
}

// The condition that leaves the least to look at in this segment: an exact one if there is any.
static struct run best_run(const struct scope *s, const struct view *v)
{
    struct run best = {0, 0};
    bool best_exact = false;
    for (size_t i = 0; i < s->event_count; i++) {
        bool exact;
        uint64_t fingerprint = fingerprint_of(s->events[i], &exact);
        struct run run = find_run(v, fingerprint);
        if (run.begin == run.end)
            return run;
        bool better = exact != best_exact ? exact : run.end - run.begin < best.end - best.begin;
        if (i == 0 || better) {
            best = run;
            best_exact = exact;
        }
    }
    return best;
}

static int search_segment(struct search *s, const struct view *v)
{
    struct run run = best_run(&s->scope, v);
    int outcome = 0;
    for (size_t i = run.begin; i < run.end && outcome == 0; i++) {
        struct entry entry = view_entry(v, i);
        int64_t height = v->first + entry.height;
        if (height < s->scope.low || height > s->scope.high ||
            (entry.place == PLACE_BLOCK) != s->blocks)
            continue;
        if (s->blocks)
            outcome = try_block(s, height);
        else if (entry.place == PLACE_SOME_TX)
            outcome = try_all_txs(s, height);
        else
            outcome = try_tx(s, height, entry.place);
    }
    return outcome;
}

static int search_events(struct search *s)
{
    struct kv *table = store_snapshot_table(s->snap, STORE_EVENT);
    struct kv_iter *it = kv_iter_new(table, SLICE_NULL, SLICE_NULL, false);
    struct slice key, value;
    struct view v;
    int outcome = 0;
    while (outcome == 0 && kv_iter_next(it, &key, &value)) {
        if (!view_of(key, value, &v))
            outcome = err_set(s->error, -EBADMSG, "the event index is broken");
        else if (v.first > s->scope.high)
            break;
        else if (v.last >= s->scope.low)
            outcome = search_segment(s, &v);
        if (outcome == 0)
            outcome = check_time(s);
    }
    kv_iter_free(it);
    if (table->error.code && outcome == 0) {
        *s->error = table->error;
        outcome = table->error.code;
    }
    return outcome;
}

static int search_hash(struct search *s)
{
    uint8_t hash[CHAIN_HASH_BYTES];
    int64_t height;
    uint32_t index;
    struct slice text = s->scope.hash->text;
    if (enc_hex_decode((const char *)text.data, text.len, hash, sizeof hash) != sizeof hash)
        return 0;
    if (!chain_find_tx(s->snap, hash, &height, &index) || height < s->scope.low ||
        height > s->scope.high)
        return 0;
    return try_tx(s, height, index);
}

static int run_search(struct search *s, const struct event_condition *conditions, size_t count,
                      int64_t max_height, struct event_matches *ret)
{
    s->scope.low = 1;
    s->scope.high = max_height;
    s->cursor.snap = s->snap;
    int outcome = scope_of(conditions, count, &s->scope, s->error);
    if (outcome == 0 && s->scope.hash && !s->blocks)
        outcome = search_hash(s);
    else if (outcome == 0 && s->scope.event_count == 0)
        outcome = search_heights(s);
    else if (outcome == 0)
        outcome = search_events(s);
    if (outcome == 0) {
        ret->places = arena_dup(s->arena, s->places, s->count * sizeof *s->places);
        ret->count = s->count;
    }
    free(s->places);
    arena_deinit(&s->temp);
    return outcome;
}

int event_search_txs(struct store_snapshot *snap, const struct event_condition *conditions,
                     size_t count, int64_t max_height, size_t limit, int64_t deadline_ns,
                     struct arena *arena, struct event_matches *ret, struct err *e)
{
    struct search s = {
        .snap = snap, .limit = limit, .deadline_ns = deadline_ns, .arena = arena, .error = e};
    return run_search(&s, conditions, count, max_height, ret);
}

int event_search_blocks(struct store_snapshot *snap, const struct event_condition *conditions,
                        size_t count, int64_t max_height, size_t limit, int64_t deadline_ns,
                        struct arena *arena, struct event_matches *ret, struct err *e)
{
    struct search s = {.snap = snap,
                       .limit = limit,
                       .deadline_ns = deadline_ns,
                       .arena = arena,
                       .error = e,
                       .blocks = true};
    return run_search(&s, conditions, count, max_height, ret);
}
