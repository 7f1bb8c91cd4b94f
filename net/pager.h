// pager: which page goes to which receiver, and when. Pure: time, randomness and what receivers
// answered come in as arguments, what is to be sent goes out as data; somebody else sends it.
//
// A page is told to every target once (de-duplicated by its key), tried again with exponential
// back-off until the target takes it, refuses it or the attempts are used up, told again every
// refresh_ms where a target forgets (Alertmanager), and resolved when the incident is over. What a
// target never heard of is not resolved there; what it may have heard of is.
// The queue is bounded and can be saved and loaded. One thread at a time.
// Times are milliseconds of any clock that does not go back, the same in every call of a life.
#ifndef NET_PAGER_H
#define NET_PAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "net/page.h"

struct pager_policy {
    int64_t backoff_first_ms; // after the first failure; doubles with each
    int64_t backoff_max_ms;
    unsigned jitter_percent; // up to so much of the delay is added
    unsigned attempts_max;   // for one order to one target; 0: no end
};
// 1 s, 2 s, … 5 min, up to 20 % more, without end.
#define PAGER_POLICY_DEFAULT ((struct pager_policy){1000, 300000, 20, 0})

struct pager_target {
    const char *name;   // borrowed for pager_new
    int64_t refresh_ms; // a live page is told again so often; 0: never
};

struct pager;
// At most NET_PAGE_TARGETS_MAX targets with different names. Never null.
struct pager *pager_new(const struct pager_policy *policy, const struct pager_target *targets,
                        size_t count);
void pager_free(struct pager *p); // null is fine

enum {
    PAGER_KNOWN = 1,   // an incident with this key is open: nothing changes
    PAGER_FULL = 2,    // NET_PAGE_INCIDENTS_MAX are open; the page was not taken
    PAGER_UNKNOWN = 3, // no incident has this key
};

// Opens an incident; copies the page. One that is being resolved is opened again with the new page.
// 0, PAGER_KNOWN, PAGER_FULL, or -EINVAL when the page breaks a limit (page_check).
int pager_trigger(struct pager *p, const struct page *page, int64_t now_ms, struct err *e);
// Ends an incident. 0 or PAGER_UNKNOWN.
int pager_resolve(struct pager *p, const char *dedup_key, int64_t now_ms);
// Ends all that are open. Returns how many.
unsigned pager_resolve_all(struct pager *p, int64_t now_ms);
// Forgets the oldest incident that is being resolved, else the oldest: after PAGER_FULL, where the
// newest counts most. What was in flight of it is unknown to pager_answer.
void pager_make_room(struct pager *p);

struct pager_request {
    uint64_t id; // for pager_answer
    enum page_action action;
    size_t target;           // index into those of pager_new
    unsigned attempt;        // from 1
    bool refresh;            // the target has it already
    const struct page *page; // valid until the next call of pager_trigger or pager_answer
};
// Whether something is to be sent now. If so, it is in flight until pager_answer.
bool pager_due(struct pager *p, int64_t now_ms, struct pager_request *ret);
// When pager_due will next say yes if nothing happens; INT64_MAX: never.
int64_t pager_next_ms(const struct pager *p);

enum pager_result {
    PAGER_TAKEN,   // the target has it
    PAGER_RETRY,   // not now
    PAGER_REFUSED, // never
};
// What became of a request. `retry_after_ms` < 0: the target named no time. `random` is any 32
// random bits. 0 or PAGER_UNKNOWN for an id that is not in flight.
int pager_answer(struct pager *p, uint64_t id, enum pager_result result, int64_t retry_after_ms,
                 int64_t now_ms, uint32_t random);

struct pager_counts {
    unsigned incidents;   // known: open, or their end is not told yet
    unsigned open;        // triggered and not resolved
    unsigned undelivered; // orders that are neither taken nor given up; 0: nothing to wait for
    unsigned in_flight;
    uint64_t taken, retried, refused, given_up; // since pager_new
};
struct pager_counts pager_counts(const struct pager *p);

struct pager_view {
    const struct page *page; // valid until the next call that changes the pager
    enum page_action want;   // what was ordered last
    unsigned attempts;       // of the order, at the target where it was tried most
    uint32_t told;           // a bit a target: it has the page
    uint32_t left;           // … it is still to be told what was ordered
};
// The incident at `index`, the oldest first; false beyond the last.
bool pager_at(const struct pager *p, size_t index, struct pager_view *ret);

// The whole queue as JSON. What is in flight, or waits to be sent, counts as tried without an
// answer: when the state is read again it may have been sent.
void pager_save(const struct pager *p, struct buf *ret);
json_t *pager_to_json(const struct pager *p); // the same; a new reference
// Into a pager without incidents. What was waiting is due at once; targets that are gone are
// forgotten, new ones hear of what is open. -EINVAL: not such a state; the pager stays empty.
int pager_load(struct pager *p, struct slice state, int64_t now_ms, struct err *e);
int pager_from_json(struct pager *p, const json_t *state, int64_t now_ms, struct err *e);

#endif
