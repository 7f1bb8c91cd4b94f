// view: one look at a node, and the conditions that `seictl wait` knows. Conditions are pure.
#ifndef SEICTL_VIEW_H
#define SEICTL_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/status_probe.h"

enum view_state {
    VIEW_UNREACHABLE, // no answer: no halt, and no health either
    VIEW_NO_STATUS,   // an answer that is no /status
    VIEW_HEALTHY,     // no halt_intent
    VIEW_NO_SIGNAL,   // null, or an intent that cannot be read
    VIEW_HALTED,
};

const char *view_state_string(enum view_state state); // "no_signal"
enum view_state view_state_of(const struct probe_result *seen);

// "height 42, halted: upgrade_required, plan \"v2\"" for people.
void view_text(struct buf *out, const struct probe_result *seen);
// {"state":…,"height":…,"catching_up":…,"network":…,"halt_intent":…,"detail":…} without a line end.
void view_json(struct buf *out, const struct probe_result *seen, const char *address,
               const char *at);

enum cond_kind { COND_HALT, COND_HEIGHT, COND_VERSION, COND_HEALTHY };

struct cond {
    enum cond_kind kind;
    int64_t number;   // HALT: the reason, 0 for any; HEIGHT: at least
    const char *text; // VERSION: of the application; borrowed from what was parsed
};

// "halt", "halt=70", "halt=upgrade_required", "height=N", "version=V", "healthy". -EINVAL.
int cond_parse(const char *text, struct cond *ret_cond, struct err *e);
// `version` is the application's, null when it is not known.
bool cond_met(const struct cond *cond, const struct probe_result *seen, const char *version);

#endif
