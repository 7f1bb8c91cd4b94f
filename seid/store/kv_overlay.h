// kv_overlay: collects changes over a parent, so that they can be kept as a whole or forgotten.
//
// Overlays stack: message over transaction over block over a snapshot. The parent must not be
// written to, but through kv_overlay_commit, while the overlay holds changes. Point reads and
// writes cost one hash look-up; order is only made when somebody iterates or asks for the list of
// changes. Memory is kept from one use to the next. Not for two threads at once.
#ifndef SEID_STORE_KV_OVERLAY_H
#define SEID_STORE_KV_OVERLAY_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "seid/store/kv.h"

struct kv_overlay {
    struct kv kv; // first: pass &o->kv around
    struct kv *parent;
    struct arena arena; // keys and values, old values included
    // Changed keys in the order of their first write.
    struct kv_overlay_entry {
        struct slice key;
        struct slice value;
        uint64_t hash;
        bool deleted;
    } * entries;
    uint32_t count, cap;
    uint32_t *slots; // hash table: index of an entry + 1, or 0
    uint32_t slot_mask;
    uint32_t *order;        // indexes of entries by key; the first `sorted` entries are in it
    struct kv_change *list; // of kv_overlay_changes
    uint32_t sorted;
    uint32_t order_cap, list_cap;
    uint64_t generation; // of `order`
    uint64_t seed;       // of the hash: random, so that no sender can choose collisions
};

// Embedded in its owner, who must not move it while it is in use. `parent` must outlive it.
void kv_overlay_init(struct kv_overlay *o, struct kv *parent);
void kv_overlay_deinit(struct kv_overlay *o); // idempotent; forgets the changes

// Forgets all changes, keeps the memory. An error of the overlay goes to the parent.
void kv_overlay_discard(struct kv_overlay *o);
// As discard, and works over another parent from now on.
void kv_overlay_reset(struct kv_overlay *o, struct kv *parent);
// Writes all changes into the parent and starts anew. After an error nothing is written, and the
// parent has the error.
void kv_overlay_commit(struct kv_overlay *o);

// The changes sorted by key, each key once; a deletion is listed even if the parent never had the
// key. Valid until the next write or clear.
size_t kv_overlay_changes(struct kv_overlay *o, const struct kv_change **ret);
static inline size_t kv_overlay_count(const struct kv_overlay *o)
{
    return o->count;
}

#define CLEANUP_KV_OVERLAY CLEANUP(kv_overlay_deinit)

#endif
