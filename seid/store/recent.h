// recent: the state changes of the newest blocks, in memory, over the state in the file.
//
// Writing a block's changes to their random places in the file would dirty one page a key, so the
// file gets them only now and then, many blocks at once (store_internal.h, "settling"). Until then
// they are in the block's change record (record.h) for durability and here for reading.
//
// Keeps every version of a key by height, so that a snapshot sees the height it was opened at while
// the writer goes on. One writer; any number of readers at the same time, without locks: nothing is
// ever changed or taken away, nodes and versions are published with release stores. Reference
// counted: memory ends with the last snapshot that reads it.
#ifndef SEID_STORE_RECENT_H
#define SEID_STORE_RECENT_H

#include <stdint.h>

#include "seid/store/kv.h"
#include "seid/store/kv_merge.h"

struct recent;

// `base`: the height whose state is in the file.
struct recent *recent_new(int64_t base) __attribute__((returns_nonnull));
struct recent *recent_ref(struct recent *r);
void recent_unref(struct recent *r); // null is fine
int64_t recent_base(const struct recent *r);
size_t recent_bytes(const struct recent *r); // used by keys and values, for the writer

// Writer only. Heights never go down.
void recent_put(struct recent *r, int64_t height, const struct kv_change *change);

enum recent_found { RECENT_NONE, RECENT_VALUE, RECENT_DELETED };
// The newest version at or below `height`. Slices live as long as `r`.
enum recent_found recent_get(const struct recent *r, int64_t height, struct slice key,
                             struct slice *ret);
// Changes at or below `height` with start <= key < end, deletions included. Borrows all.
struct kv_walk *recent_walk(const struct recent *r, int64_t height, struct slice start,
                            struct slice end, bool reverse);

#endif
