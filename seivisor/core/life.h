// life: the supervisor's life cycle as one table, (state, event) -> (next state, effects). Pure.
//
// The shell feeds what happened and performs the effects in their order. What is to be done about
// it is the policy's word: the effect DECIDE asks it, and its answer comes back as one of the first
// eight events. The table says what may follow what, and the order of a swap.
#ifndef SEIVISOR_CORE_LIFE_H
#define SEIVISOR_CORE_LIFE_H

#include <stdbool.h>

enum life_state {
    LIFE_IDLE,     // nothing runs, and the policy is to say what follows
    LIFE_RUNNING,  // the daemon runs
    LIFE_WINDOW,   // it runs, and the policy is to be asked again at a time
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
    // The policy's answer.
    LIFE_EV_START, // start what `current` points at
    LIFE_EV_WAIT,  // ask again in a while
    LIFE_EV_STOP,  // the daemon lives and has to end
    LIFE_EV_SWAP,  // to the mapped target
    LIFE_EV_BACK,  // to the recorded target
    LIFE_EV_HOLD,
    LIFE_EV_EXIT,
    LIFE_EV_REST, // nothing is to be done
    // What happened.
    LIFE_EV_REDO_STOP,   // recovery: the journal's swap, from "stopped"
    LIFE_EV_REDO_BACKUP, // … with the backup next
    LIFE_EV_REDO_HOOKS,  // … with the hooks next
    LIFE_EV_REDO_LINK,   // … with the link next
    LIFE_EV_REDO_START,  // … the link is in place
    LIFE_EV_GONE,        // the daemon and all that it left behind have ended
    LIFE_EV_NEWS,        // something to decide on: a file, an answer, a change by a person
    LIFE_EV_TIMER,       // the state's timer
    LIFE_EV_JOB_OK,      // the backup, script or hook ended well
    LIFE_EV_JOB_FAILED,  // … or not
    LIFE_EV_FAILED,      // a start, the link or the journal failed
    LIFE_EV_QUIT,        // SIGTERM, SIGINT or SIGQUIT
    LIFE_EV_PAGED,       // every page was delivered
};
enum { LIFE_EVENTS = LIFE_EV_PAGED + 1 };

enum life_effect {
    LIFE_DO_NOTHING, // ends the list
    LIFE_DO_DECIDE,  // ask the policy, do its immediate actions, feed its answer
    LIFE_DO_SPAWN,
    LIFE_DO_TERM,      // SIGTERM to the daemon
    LIFE_DO_KILL,      // SIGKILL to the group of the daemon or the job
    LIFE_DO_FORWARD,   // the signal that asked us to end, to the daemon
    LIFE_DO_END_JOB,   // SIGTERM to the job
    LIFE_DO_ARM_WAIT,  // the state's timer: as long as the policy said
    LIFE_DO_ARM_GRACE, // … the shutdown grace
    LIFE_DO_ARM_DELAY, // … the pause before the backup
    LIFE_DO_ARM_LOOK,  // … until a hold is looked at again
    LIFE_DO_DISARM,
    LIFE_DO_BACKUP,       // start it, or feed JOB_OK when none is wanted
    LIFE_DO_SCRIPT,       // likewise
    LIFE_DO_HOOK,         // likewise
    LIFE_DO_LINK,         // `current` to the journal's target
    LIFE_DO_NOTE_STOPPED, // journal: begin if need be, then this step, durable
    LIFE_DO_NOTE_BACKUP,
    LIFE_DO_NOTE_HOOKS,
    LIFE_DO_NOTE_SWAPPED,
    LIFE_DO_GO,           // feed START, or EXIT when the setting says not to restart
    LIFE_DO_NOTE_STARTED, // only when a swap is open
    LIFE_DO_CLEAR,        // journal: drop the swap
    LIFE_DO_HOLD,         // record a hold for what has failed, and page
    LIFE_DO_REST,         // stay, or feed QUIT when the setting says that a hold exits
    LIFE_DO_LEAVE,        // arm the timer for the pages; feed PAGED when there are none
    LIFE_DO_EXIT,
};
enum { LIFE_EFFECTS = LIFE_DO_EXIT + 1 };
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
