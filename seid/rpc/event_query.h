// event_query: the query language of tx_search, block_search and subscriptions, without I/O:
//   key op value (AND key op value)*
// with = < <= > >= CONTAINS EXISTS; values 'string', number, DATE yyyy-mm-dd, TIME rfc3339.
#ifndef SEID_RPC_EVENT_QUERY_H
#define SEID_RPC_EVENT_QUERY_H

#include "base/arena.h"
#include "base/err.h"
#include "seid/engine/eventindex.h"

enum { EVENT_QUERY_MAX_BYTES = 512 }; // as CometBFT

// Conditions point into `text` or the arena. 0, or -EINVAL with a text that names the byte.
int event_query_parse(struct slice text, struct arena *arena, struct event_condition **ret,
                      size_t *ret_count, struct err *e);

#endif
