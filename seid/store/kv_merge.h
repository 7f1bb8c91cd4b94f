// kv_merge: ordered walks over changes, laid over one another: what overlays, recent blocks and
// earlier heights are made of. All walks of a merge go in the same direction.
#ifndef SEID_STORE_KV_MERGE_H
#define SEID_STORE_KV_MERGE_H

#include "seid/store/kv.h"

// Embedded first in each kind of walk.
struct kv_walk {
    // The next change; deletions are part of the walk. False at the end and after it.
    bool (*next)(struct kv_walk *w, struct kv_change *ret);
    void (*free)(struct kv_walk *w); // null when the walk is embedded in something else
};

static inline void kv_walk_free(struct kv_walk *w)
{
    if (w && w->free)
        w->free(w);
}

// Two walks as one; where both have a key, the upper one counts.
struct kv_merge {
    struct kv_walk walk;
    struct kv_merge_side {
        struct kv_walk *walk; // owned; null at its end
        struct kv_change next;
        bool ready;
    } upper, lower;
    bool reverse;
};

// Owns the walks from now on; null is an empty one. End it with kv_walk_free(&m->walk).
void kv_merge_init(struct kv_merge *m, struct kv_walk *upper, struct kv_walk *lower, bool reverse);
struct kv_walk *kv_merge_new(struct kv_walk *upper, struct kv_walk *lower, bool reverse);

// A kv_iter over a walk, which it owns, without the deletions.
struct kv_iter *kv_walk_iter(struct kv *kv, struct kv_walk *walk);
bool kv_walk_iter_next(struct kv_iter *it, struct slice *ret_key, struct slice *ret_value);
void kv_walk_iter_free(struct kv_iter *it);

#endif
