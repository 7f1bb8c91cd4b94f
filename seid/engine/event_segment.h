// event_segment: how the event index lies in the store (STORE_EVENT): sorted arrays of entries for
// one or more blocks. The format is fixed: fingerprints and layout never change. Pure.
#ifndef SEID_ENGINE_EVENT_SEGMENT_H
#define SEID_ENGINE_EVENT_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

// Places that are no transaction: the block as a whole, and "some transaction of the block has an
// event with this key", which is what ranges, CONTAINS and EXISTS start from.
#define EVENT_PLACE_BLOCK UINT32_MAX
#define EVENT_PLACE_SOME_TX (UINT32_MAX - 1)

enum { EVENT_ENTRY_BYTES = 16, EVENT_SEGMENT_HEADER = 16 };

// (fingerprint, height, place), in this order of sorting, in memory as in the store.
struct event_entry {
    uint64_t fingerprint;
    uint32_t height; // above the segment's first height
    uint32_t place;  // index of a transaction, or EVENT_PLACE_...
};
int event_entry_compare(const void *a, const void *b); // as qsort wants it

// Of an attribute's key, by its event's type and its own name; of the key with a value.
uint64_t event_fingerprint_key(struct slice type, struct slice key);
uint64_t event_fingerprint_composite(struct slice composite); // "<type>.<key>"
uint64_t event_fingerprint_pair(uint64_t of_key, struct slice value);

// A stored segment, borrowed. The key is its first height; the value begins with its last height
// and the number of entries.
struct event_view {
    int64_t first, last;
    const uint8_t *entries;
    size_t count;
};
void event_segment_key(int64_t first, uint8_t ret[8]);
void event_segment_header(int64_t last, size_t count, uint8_t ret[EVENT_SEGMENT_HEADER]);
// False when it is broken.
bool event_view_of(struct slice key, struct slice value, struct event_view *ret);
struct event_entry event_view_entry(const struct event_view *v, size_t i);

#endif
