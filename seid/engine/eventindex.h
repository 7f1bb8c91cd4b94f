// eventindex: finds transactions and blocks by the attributes of their events (`index` true), with
// the meaning of CometBFT 0.38's kv indexer: all conditions on events must hold within one event;
// conditions on tx.height, block.height and tx.hash hold for the whole.
//
// Layout: STORE_EVENT holds segments, sorted arrays of 16-byte entries (fingerprint of "key=value"
// or of the key alone, height, place) for one or more blocks; small segments are merged as the
// chain grows. A search narrows with them and then checks the stored events, so that equal
// fingerprints never give a wrong answer. Writing costs one put a block and about 16 bytes an
// attribute.
//
// Threads: searches work on a snapshot, from any thread. Writing is the consensus thread's.
#ifndef SEID_ENGINE_EVENTINDEX_H
#define SEID_ENGINE_EVENTINDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "seid/store/store.h"

enum event_op { EVENT_EQ, EVENT_LT, EVENT_LE, EVENT_GT, EVENT_GE, EVENT_CONTAINS, EVENT_EXISTS };

// What stands on the right of a condition (WIRE: 'string', number, DATE, TIME).
enum event_operand { EVENT_NONE, EVENT_STRING, EVENT_NUMBER, EVENT_TIME };

struct event_condition {
    struct slice key; // "tx.height", "tx.hash", "block.height" or "<type>.<attribute>"
    enum event_op op;
    enum event_operand operand;
    struct slice text; // the string, or the number or time as it was written ("12", "1.5")
    int64_t time_ns;   // EVENT_TIME
};

enum { EVENT_CONDITIONS_MAX = 32 };

struct event_place {
    int64_t height;
    uint32_t index; // of the transaction; 0 for a block
};

struct event_matches {
    struct event_place *places; // in the arena, ascending by height, then index
    size_t count;
};

// All matches, at most `limit`. 0, or EVENT_TOO_MANY when there are more, or EVENT_TIMEOUT when
// `deadline_ns` (monotonic; 0: none) passes first, or < 0 for a condition that makes no sense
// (-EINVAL: CONTAINS on a number, more than EVENT_CONDITIONS_MAX) or a broken store.
// Only blocks up to max_height are looked at (the published tip).
enum { EVENT_TOO_MANY = 1, EVENT_TIMEOUT = 2 };
int event_search_txs(struct store_snapshot *snap, const struct event_condition *conditions,
                     size_t count, int64_t max_height, size_t limit, int64_t deadline_ns,
                     struct arena *arena, struct event_matches *ret, struct err *e);
int event_search_blocks(struct store_snapshot *snap, const struct event_condition *conditions,
                        size_t count, int64_t max_height, size_t limit, int64_t deadline_ns,
                        struct arena *arena, struct event_matches *ret, struct err *e);

// ---- writing: the consensus thread, in the batch of the block

struct Tendermint__Abci__ResponseFinalizeBlock;
struct eventindex; // the segments that can still be merged

struct eventindex *eventindex_new(void);
void eventindex_free(struct eventindex *x); // null is fine
// After a start, and after a batch that was not committed.
int eventindex_load(struct eventindex *x, struct store_snapshot *snap, struct err *e);
void eventindex_add(struct eventindex *x, struct store_batch *batch, int64_t height,
                    const struct Tendermint__Abci__ResponseFinalizeBlock *results);
// For rollback: forgets all of `height` and above.
int eventindex_truncate(struct store_snapshot *snap, struct store_batch *batch, int64_t height,
                        struct err *e);

#endif
