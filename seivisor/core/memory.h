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
    MEMORY_HALTS_MAX = 8,
    MEMORY_IDENTITY_MAX = 96,
    MEMORY_TEXT_MAX = 256,
    MEMORY_KEY_MAX = 192,
    MEMORY_FILE_MAX = 4 * 1024 * 1024, // most of it pages, each of which has its limits
};

// A binary that ran this chain well. Newest first.
struct memory_good {
    char target[LAYOUT_TARGET_MAX];
    char identity[MEMORY_IDENTITY_MAX]; // of the file at that time: a replaced one is another
    int64_t at_ns;
    int64_t height; // seen last; 0 when not known
};

// A halt, latched on the binary that said it. A binary that was replaced is another one, and free.
struct memory_halt {
    int64_t reason; // contract number
    char plan[PLAN_NAME_MAX + 1];
    int64_t height;
    char target[LAYOUT_TARGET_MAX];
    char identity[MEMORY_IDENTITY_MAX];
    int64_t at_ns;
};

// Why nothing runs; for people, and for `resume`, which has to name it by its key.
struct memory_hold {
    bool active;
    bool own; // not to be decided anew: only a resume or another binary releases it
    char identity[MEMORY_IDENTITY_MAX]; // of the target's file
    char key[MEMORY_KEY_MAX];
    char state[48];            // "HumanRequired"
    char why[MEMORY_TEXT_MAX]; // one line
    char plan[PLAN_NAME_MAX + 1];
    int64_t height;
    char target[LAYOUT_TARGET_MAX];
    int exit_code; // what the supervisor ends with
    int64_t at_ns;
};

// How the current target came to be current.
enum memory_arrival { MEMORY_BY_HAND, MEMORY_BY_UPGRADE, MEMORY_BY_ROLLBACK };

struct memory {
    bool speaks_contract; // seen once with a live field
    struct memory_good good[MEMORY_GOOD_MAX];
    unsigned good_count;
    struct memory_halt halts[MEMORY_HALTS_MAX]; // newest first
    unsigned halt_count;
    struct memory_hold hold;
    char resume[MEMORY_KEY_MAX]; // the key of the hold that a person released; "" once it is used
    int arrival;                 // enum memory_arrival, of `arrived`
    char arrived[LAYOUT_TARGET_MAX];
    int crashes; // in a row, of `crashed`
    char crashed[LAYOUT_TARGET_MAX];
    char crashed_identity[MEMORY_IDENTITY_MAX];
    int last_exit_code; // of the last start, as a shell shows it
    int64_t ended_ns;   // when that was; 0: never
    uint64_t restarts;  // ever
    uint64_t swaps;
    uint64_t rollbacks;
};

// New object; the caller decrefs. `pages` (of the pager, net/pager.h) becomes a member as it is;
// null: none.
json_t *memory_encode(const struct memory *m, const json_t *pages);
// -EINVAL with the place; nothing is touched then. Unknown members are skipped. *ret_pages: a new
// reference, or null; not looked into.
int memory_decode(const void *data, size_t len, struct memory *ret, json_t **ret_pages,
                  struct err *e);

// Puts a target first in the list; one with the same target and identity is moved, not doubled.
void memory_record_good(struct memory *m, const char *target, const char *identity, int64_t at_ns,
                        int64_t height);
// The newest recorded target that is not `current`; null: none.
const struct memory_good *memory_previous(const struct memory *m, const char *current);

// Latches a halt on its target; one that is latched there is replaced.
void memory_latch(struct memory *m, const struct memory_halt *halt);
// The halt latched on a target whose file is still the same; null: none.
const struct memory_halt *memory_latched(const struct memory *m, const char *target,
                                         const char *identity);
// Drops what is held against a target: latch, crashes, the hold itself and a resume.
void memory_release(struct memory *m, const char *target);

#endif
