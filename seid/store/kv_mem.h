// kv_mem: a key-value space in memory: the model that the store is held against, and the state of
// tests. A sorted array, as plain as can be: an insertion costs O(n), meant for some 10,000 keys.
#ifndef SEID_STORE_KV_MEM_H
#define SEID_STORE_KV_MEM_H

#include "base/arena.h"
#include "seid/store/kv.h"

struct kv_mem {
    struct kv kv; // first: pass &m->kv around
    struct arena arena;
    struct kv_mem_entry {
        struct slice key;
        struct slice value;
    } * entries; // sorted by key; owned
    size_t count;
    size_t cap;
};

// Embedded in its owner, who must not move it while it is in use.
void kv_mem_init(struct kv_mem *m);
void kv_mem_deinit(struct kv_mem *m); // idempotent
// Applies a list of changes, as a store does with a block's.
void kv_mem_apply(struct kv_mem *m, const struct kv_change *changes, size_t count);

#endif
