// memory: what the supervisor knows from one run to the next, apart from a swap under way (which is
// the journal). One JSON file, replaced as a whole; this is its model and codec. Pure.
#ifndef SEIVISOR_CORE_MEMORY_H
#define SEIVISOR_CORE_MEMORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "seivisor/core/layout.h"
#include "seivisor/core/plan_info.h"

enum {
    MEMORY_GOOD_MAX = 8,
    MEMORY_CRASHES_MAX = 64,
    MEMORY_PAGES_MAX = 32,
    MEMORY_IDENTITY_MAX = 96,
    MEMORY_TEXT_MAX = 256,
    MEMORY_KEY_MAX = 192,
    MEMORY_TARGETS_MAX = 256,
    MEMORY_FILE_MAX = 1024 * 1024,
};

// A binary that ran this chain well. Newest first.
struct memory_good {
    char target[LAYOUT_TARGET_MAX];
    char identity[MEMORY_IDENTITY_MAX]; // of the file at that time: a replaced one is another
    int64_t at_ns;
    int64_t height; // seen last; 0 when not known
};

// A halt, or another end that holds, latched on the binary and what it said.
struct memory_halt {
    int reason; // contract number; 0: none
    char plan[PLAN_NAME_MAX + 1];
    int64_t height;
    char target[LAYOUT_TARGET_MAX];
    char identity[MEMORY_IDENTITY_MAX];
    int64_t at_ns;
};

struct memory_hold {
    bool active;
    struct memory_halt halt;       // on what it is latched
    char state[48];                // "HumanRequired"
    char why[MEMORY_TEXT_MAX];     // one line
    int exit_code;                 // what the supervisor ends with
    char page_key[MEMORY_KEY_MAX]; // "" when nobody was paged
};

// A page that is open (triggered and not resolved), or has something left to deliver.
struct memory_page {
    char key[MEMORY_KEY_MAX];
    bool resolve; // the action that is due: trigger or resolve
    char severity[16];
    char summary[MEMORY_TEXT_MAX];
    char token[48]; // class of the page: "downgrade_detected"
    char plan[PLAN_NAME_MAX + 1];
    int64_t height;
    char target[LAYOUT_TARGET_MAX]; // what halted
    int64_t at_ns;
    char left[MEMORY_TARGETS_MAX]; // names of targets to reach, comma-separated
    char sent[MEMORY_TARGETS_MAX]; // … that have its trigger
    int attempts;
};

struct memory {
    bool speaks_contract; // seen once with a live field or a corroborated code
    struct memory_good good[MEMORY_GOOD_MAX];
    unsigned good_count;
    struct memory_halt last; // the halt that was answered last, whatever the answer was
    struct memory_hold hold;
    int64_t crashes[MEMORY_CRASHES_MAX]; // times, oldest first
    unsigned crash_count;
    struct memory_page pages[MEMORY_PAGES_MAX];
    unsigned page_count;
    uint64_t restarts; // ever
    uint64_t swaps;
    uint64_t rollbacks;
};

// New object; the caller decrefs.
json_t *memory_encode(const struct memory *m);
// -EINVAL with the place; `ret` untouched then. Unknown members are skipped.
int memory_decode(const void *data, size_t len, struct memory *ret, struct err *e);

// Puts a target first in the list; one with the same target and identity is moved, not doubled.
void memory_record_good(struct memory *m, const char *target, const char *identity, int64_t at_ns,
                        int64_t height);
// The newest recorded target that is not `halted`; null: none.
const struct memory_good *memory_previous(const struct memory *m, const char *halted);

void memory_record_crash(struct memory *m, int64_t at_ns, int64_t window_ns);
// Crashes within the window before `now_ns`.
unsigned memory_crashes(const struct memory *m, int64_t now_ns, int64_t window_ns);

// Opens a page, or finds the open one with its key (then nothing is sent again). `targets`:
// comma-separated names that are to be reached. Returns whether it is new. With MEMORY_PAGES_MAX
// open ones the oldest resolved, else the oldest, makes room.
bool memory_open_page(struct memory *m, const struct memory_page *page, const char *targets);
// Turns an open page into a resolve for all targets that may have the trigger. An unknown key does
// nothing.
void memory_resolve_page(struct memory *m, const char *key);
// A target answered: it needs no more of this. Drops a resolve that has nothing left.
void memory_page_done(struct memory *m, const char *key, bool resolve, const char *target);
// The next page with something left to deliver; null: none.
struct memory_page *memory_next_page(struct memory *m);
// Drops from every page the targets that are not in `targets` (the configuration has changed).
void memory_keep_targets(struct memory *m, const char *targets);

#endif
