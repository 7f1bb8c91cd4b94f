#include "seid/engine/event_segment.h"

#include <string.h>

#include "base/buf.h"

_Static_assert(sizeof(struct event_entry) == EVENT_ENTRY_BYTES, "entries are stored as they are");
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the event index is stored in little-endian order"
#endif

// ---- fingerprints

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

static uint64_t of_parts(struct slice type, struct slice key)
{
    return absorb(absorb(1, type), key);
}

uint64_t event_fingerprint_pair(uint64_t of_key, struct slice value)
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

uint64_t event_fingerprint_composite(struct slice composite)
{
    struct slice type, key;
    split_composite(composite, &type, &key);
    return of_parts(type, key);
}

uint64_t event_fingerprint_key(struct slice type, struct slice key)
{
    if (!memchr(key.data, '.', key.len))
        return of_parts(type, key);
    CLEANUP_BUF struct buf whole = {0};
    buf_append_slice(&whole, type);
    buf_append_byte(&whole, '.');
    buf_append_slice(&whole, key);
    return event_fingerprint_composite(buf_slice(&whole));
}

// ---- entries and segments

int event_entry_compare(const void *a, const void *b)
{
    const struct event_entry *x = a, *y = b;
    if (x->fingerprint != y->fingerprint)
        return x->fingerprint < y->fingerprint ? -1 : 1;
    if (x->height != y->height)
        return x->height < y->height ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

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

void event_segment_key(int64_t first, uint8_t ret[8])
{
    be64(ret, first);
}

void event_segment_header(int64_t last, size_t count, uint8_t ret[EVENT_SEGMENT_HEADER])
{
    be64(ret, last);
    be64(ret + 8, (int64_t)count);
}

bool event_view_of(struct slice key, struct slice value, struct event_view *ret)
{
    if (key.len != 8 || value.len < EVENT_SEGMENT_HEADER)
        return false;
    *ret =
        (struct event_view){from_be64(key.data), from_be64(value.data),
                            value.data + EVENT_SEGMENT_HEADER, (size_t)from_be64(value.data + 8)};
    return (value.len - EVENT_SEGMENT_HEADER) / EVENT_ENTRY_BYTES == ret->count &&
           (value.len - EVENT_SEGMENT_HEADER) % EVENT_ENTRY_BYTES == 0 && ret->last >= ret->first;
}

struct event_entry event_view_entry(const struct event_view *v, size_t i)
{
    struct event_entry entry;
    memcpy(&entry, v->entries + i * EVENT_ENTRY_BYTES, sizeof entry);
    return entry;
}
