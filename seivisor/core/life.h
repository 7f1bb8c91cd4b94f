// life: the supervisor's life cycle as one table, (state, event) -> (next state, effects). Pure.
//
// The shell feeds what happened and performs the effects in their order. What to do about an end or
// a live halt is the policy's word; it arrives here as one of the events GONE_* or SEEN_*.
#ifndef SEIVISOR_CORE_LIFE_H
#define SEIVISOR_CORE_LIFE_H

#include <stdbool.h>

#include "seivisor/core/journal.h"

enum life_state {
    LIFE_IDLE,     // nothing runs, nothing is decided: the start, before and after recovery
    LIFE_RUNNING,  // the daemon runs
    LIFE_WINDOW,   // it runs, is to be stopped, and has its grace window first
    LIFE_STOPPING, // it was told to end so that something can be done
    LIFE_DELAY,    // swap: the pause before the backup
    LIFE_BACKUP,   // swap: the data is copied
    LIFE_SCRIPT,   // swap: the operator's script runs
    LIFE_HOOK,     // swap: the new binary's pre-upgrade runs
    LIFE_LINKED,   // swap: `current` points at the target, which is to be started now
    LIFE_BACKOFF,  // crashed; the pause before the next start
    LIFE_HELD,     // stopped until a person acts
    LIFE_ENDING,   // asked to end: the daemon or a job is being ended
    LIFE_LEAVING,  // nothing runs; pages are on their way
    LIFE_ENDED,
};
enum { LIFE_STATES = LIFE_ENDED + 1 };

enum life_event {
    LIFE_EV_START,        // start what `current` points at
    LIFE_EV_REDO_STOP,    // recovery: the journal's swap, from "stopped"
    LIFE_EV_REDO_BACKUP,  // … with the backup next
    LIFE_EV_REDO_HOOKS,   // … with the hooks next
    LIFE_EV_REDO_LINK,    // … with the link next
    LIFE_EV_HOLD,         // something cannot go on: hold (start failed, recovery lost, latched)
    LIFE_EV_GONE_END,     // the daemon is gone: an ordinary stop
    LIFE_EV_GONE_RESTART, // … a crash with budget left
    LIFE_EV_GONE_SWAP,    // … swap to the target that was chosen
    LIFE_EV_GONE_BACK,    // … go back to the recorded target
    LIFE_EV_GONE_HOLD,    // … hold
    LIFE_EV_SEEN_HALT,    // it lives, and its evidence calls for an action after a window
    LIFE_EV_SEEN_CLEAR,   // that evidence was withdrawn
    LIFE_EV_TIMER,        // the state's timer
    LIFE_EV_JOB_OK,       // the backup, script or hook ended well
    LIFE_EV_JOB_FAILED,   // … or not
    LIFE_EV_STOP,         // SIGTERM, SIGINT or SIGQUIT
    LIFE_EV_RELEASE,      // resume, or a person has changed what the hold was latched on
    LIFE_EV_PAGED,        // every page was delivered, or given up on for this run
};
enum { LIFE_EVENTS = LIFE_EV_PAGED + 1 };

enum life_effect {
    LIFE_DO_NOTHING, // ends the list
    LIFE_DO_SPAWN,
    LIFE_DO_TERM,        // SIGTERM to the daemon
    LIFE_DO_KILL,        // SIGKILL to the daemon's group, or to the job's
    LIFE_DO_FORWARD,     // the signal that asked us to end, to the daemon
    LIFE_DO_END_JOB,     // SIGTERM to the job
    LIFE_DO_ARM_GRACE,   // the state's timer: the shutdown grace
    LIFE_DO_ARM_WINDOW,  // … the window of a live halt
    LIFE_DO_ARM_DELAY,   // … the pause before the backup
    LIFE_DO_ARM_BACKOFF, // … the pause before a restart
    LIFE_DO_ARM_PAGES,   // … how long an exit waits for pages
    LIFE_DO_DISARM,
    LIFE_DO_BACKUP,       // start it, or feed JOB_OK when none is wanted
    LIFE_DO_SCRIPT,       // likewise
    LIFE_DO_HOOK,         // likewise
    LIFE_DO_LINK,         // `current` to the journal's target
    LIFE_DO_NOTE_STOPPED, // journal: begin if need be, then this step, durable
    LIFE_DO_NOTE_BACKUP,
    LIFE_DO_NOTE_HOOKS,
    LIFE_DO_NOTE_SWAPPED,
    LIFE_DO_GO,           // feed START, or GONE_END when the setting says not to restart
    LIFE_DO_NOTE_STARTED, // only when a swap is open
    LIFE_DO_CLEAR,        // journal: drop the swap
    LIFE_DO_HOLD,         // record and tell
    LIFE_DO_RELEASE,      // drop the hold, resolve its pages
    LIFE_DO_REST,         // a hold: stay, or feed STOP, as the setting says
    LIFE_DO_LEAVE,        // arm the timer for the pages; feed PAGED when there are none
    LIFE_DO_EXIT,
};
enum { LIFE_EFFECTS_MAX = 8 };

struct life_cell {
    bool known;
    enum life_state next;
    enum life_effect effects[LIFE_EFFECTS_MAX];
};

// Total: a pair that cannot happen or does not matter keeps the state and has no effects. `known`
// says that the table has the row; the test holds that every pair has one.
const struct life_cell *life_cell(enum life_state state, enum life_event event);

const char *life_state_name(enum life_state state);
const char *life_event_name(enum life_event event);
const char *life_effect_name(enum life_effect effect);

// Whether a daemon process may exist in this state.
bool life_has_child(enum life_state state);

#endif
