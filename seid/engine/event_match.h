// event_match: what the conditions of a search mean, without the store. Pure.
#ifndef SEID_ENGINE_EVENT_MATCH_H
#define SEID_ENGINE_EVENT_MATCH_H

#include <stdbool.h>

#include "seid/engine/eventindex.h"

struct Tendermint__Abci__Event;

// What the conditions on the whole say: a range of heights, perhaps one hash; and the others, on
// events. Set the range before.
struct event_scope {
    int64_t low, high; // inclusive
    const struct event_condition *hash;
    const struct event_condition *events[EVENT_CONDITIONS_MAX];
    size_t event_count;
};

// -EINVAL for a condition that makes no sense.
int event_scope_of(const struct event_condition *conditions, size_t count, struct event_scope *s,
                   struct err *e);

// Whether all conditions on events hold within one of these events: what CometBFT's indexer means
// since 0.38. True when there are no such conditions.
bool event_scope_matches(const struct event_scope *s, struct Tendermint__Abci__Event *const *events,
                         size_t count);

#endif
