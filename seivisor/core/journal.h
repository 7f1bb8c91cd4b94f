// journal: the record of one swap, a line a step, appended as the steps are done. Pure.
//
// A line is a JSON object, a tab, and eight hex digits of the CRC-32 of the object's bytes. Reading
// ends at the first line that is not whole, so a torn write counts as a step that was not done.
// The order is fixed (enum swap_step) and every step can be done again.
#ifndef SEIVISOR_CORE_JOURNAL_H
#define SEIVISOR_CORE_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "seivisor/core/layout.h"
#include "seivisor/core/plan_info.h"

enum swap_step {
    SWAP_NONE,
    SWAP_INTENT,       // decided; the old binary may still run
    SWAP_STOPPED,      // it is gone
    SWAP_BACKED_UP,    // the data was copied, or no copy is wanted
    SWAP_PRE_UPGRADED, // both hooks have agreed, or there are none
    SWAP_SWAPPED,      // `current` points at the new target
    SWAP_STARTED,      // the new binary runs
    SWAP_CONFIRMED,    // and runs well: nothing is left to do
};
enum { SWAP_STEPS = SWAP_CONFIRMED + 1 };

enum swap_kind { SWAP_UPGRADE, SWAP_ROLLBACK };

enum { JOURNAL_PATH_MAX = 1024, JOURNAL_FILE_MAX = 64 * 1024 };

struct journal {
    enum swap_step step; // the last one that was done; SWAP_NONE: no swap
    enum swap_kind kind;
    char plan[PLAN_NAME_MAX + 1]; // "" when not known
    int64_t height;               // 0 when not known
    char from[LAYOUT_TARGET_MAX]; // what `current` pointed at; "" when at nothing
    char to[LAYOUT_TARGET_MAX];
    char backup[JOURNAL_PATH_MAX]; // where the copy of the data goes; "": none is made
    int64_t at_ns;                 // when it was decided
    int exit_code;                 // the daemon's, for the day the supervisor gives up; -1: unknown
};

const char *swap_step_name(enum swap_step step);
const char *swap_kind_name(enum swap_kind kind);

// Appends the line of `step`. The intent's carries everything else of `j`; later ones the step and
// its time.
void journal_append(const struct journal *j, enum swap_step step, int64_t now_ns, struct buf *ret);

// What a file's bytes say; SWAP_NONE for none. Never fails: what is torn or unknown ends the
// reading. *ret_ignored (may be null): how many bytes at the end were not used.
void journal_decode(const void *data, size_t len, struct journal *ret, size_t *ret_ignored);

// What is found on disk when a supervisor starts over a swap.
enum swap_link { SWAP_LINK_FROM, SWAP_LINK_TO, SWAP_LINK_OTHER }; // OTHER: elsewhere, or nowhere
enum { SWAP_LINKS = SWAP_LINK_OTHER + 1 };

enum swap_recovery {
    SWAP_RECOVER_NOTHING,    // no swap was under way
    SWAP_RECOVER_FROM_STOP,  // make sure that the old daemon is gone, then go on from there
    SWAP_RECOVER_BACKUP,     // remove a partial copy, go on with the backup
    SWAP_RECOVER_HOOKS,      // go on with the hooks
    SWAP_RECOVER_LINK,       // go on with the link
    SWAP_RECOVER_START,      // the link is right: start the new binary
    SWAP_RECOVER_FORGET,     // it was complete: only the journal is left to clear
    SWAP_RECOVER_SUPERSEDED, // a person has changed `current` meanwhile: their choice holds
    SWAP_RECOVER_LOST,       // the target has gone and the link is not there yet: hold
};
enum { SWAP_RECOVERIES = SWAP_RECOVER_LOST + 1 };

// Total over its domain.
enum swap_recovery swap_recover(enum swap_step step, enum swap_link link, bool target_runs);
const char *swap_recovery_text(enum swap_recovery recovery);

#endif
