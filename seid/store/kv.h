// kv: an ordered key-value space: what the state machine sees of the store.
//
// Three kinds implement it: a snapshot of the LMDB store (read-only), the in-memory model
// (kv_mem.h) and an overlay (kv_overlay.h) that collects changes over a parent.
//
// Errors are sticky: after one, reads find nothing, writes do nothing, and kv_error() tells. An
// overlay takes the error of its parent when it meets it, and hands its own down when it commits
// or discards, so that the owner of the block looks once, before anything is kept. A key of a
// length that is not allowed is such an error. Not for two threads at once.
//
// Lifetime: a slice that kv_get or an iterator returned stays valid until the kv that was asked
// (or, for an overlay, one of its parents) is cleared or ends; later writes do not touch it.
#ifndef SEID_STORE_KV_H
#define SEID_STORE_KV_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

struct kv;
struct kv_iter;

enum { KV_KEY_MAX = 500 }; // LMDB allows 511

// One changed key: its new value, or its end.
struct kv_change {
    struct slice key;
    struct slice value; // empty when deleted
    bool deleted;
};

struct kv_ops {
    bool (*get)(struct kv *kv, struct slice key, struct slice *ret);
    void (*set)(struct kv *kv, struct slice key, struct slice value);
    void (*del)(struct kv *kv, struct slice key);
    struct kv_iter *(*iter_new)(struct kv *kv, struct slice start, struct slice end, bool reverse);
    bool (*iter_next)(struct kv_iter *it, struct slice *ret_key, struct slice *ret_value);
    void (*iter_free)(struct kv_iter *it);
};

// Embedded as the first member of each kind.
struct kv {
    const struct kv_ops *ops;
    struct err error;
};

// Each kind of iterator embeds this first.
struct kv_iter {
    struct kv *kv;
};

// Null when all is well.
static inline const struct err *kv_error(const struct kv *kv)
{
    return kv->error.code ? &kv->error : NULL;
}

// True when the key is there; an empty value is a value.
static inline bool kv_get(struct kv *kv, struct slice key, struct slice *ret)
{
    return kv->error.code == 0 && kv->ops->get(kv, key, ret);
}

// Key and value are copied. Keys are 1 to KV_KEY_MAX bytes.
static inline void kv_set(struct kv *kv, struct slice key, struct slice value)
{
    if (kv->error.code == 0)
        kv->ops->set(kv, key, value);
}

// Nothing happens when the key is absent.
static inline void kv_del(struct kv *kv, struct slice key)
{
    if (kv->error.code == 0)
        kv->ops->del(kv, key);
}

static inline bool kv_has(struct kv *kv, struct slice key)
{
    struct slice ignored;
    return kv_get(kv, key, &ignored);
}

// Walks start <= key < end in byte order (an empty `end` means no end), or backwards. `start` and
// `end` are borrowed for the iterator's life. The range must not be written to while it lives:
// collect first, then write; writes elsewhere are fine. Free with kv_iter_free; null is fine.
static inline struct kv_iter *kv_iter_new(struct kv *kv, struct slice start, struct slice end,
                                          bool reverse)
{
    return kv->error.code ? NULL : kv->ops->iter_new(kv, start, end, reverse);
}

static inline bool kv_iter_next(struct kv_iter *it, struct slice *ret_key, struct slice *ret_value)
{
    return it && it->kv->error.code == 0 && it->kv->ops->iter_next(it, ret_key, ret_value);
}

static inline void kv_iter_free(struct kv_iter *it)
{
    if (it)
        it->kv->ops->iter_free(it);
}

static inline void kv_iter_cleanup(struct kv_iter **it)
{
    kv_iter_free(*it);
}

// Walks every key with the prefix (at most KV_KEY_MAX bytes; empty: every key). `room` holds the
// end of the range for the iterator's life, as `prefix` does its start.
struct kv_prefix_room {
    unsigned char end[512];
};
struct kv_iter *kv_iter_prefix(struct kv *kv, struct slice prefix, bool reverse,
                               struct kv_prefix_room *room);

// For the kinds: false, with a sticky error, when the key's length is not allowed.
bool kv_key_ok(struct kv *kv, struct slice key);

#endif
