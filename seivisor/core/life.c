#include "seivisor/core/life.h"

#include <assert.h>

// A row that changes something, and one that is known not to.
#define GO(to, ...)                                                                                \
    {                                                                                              \
        true, LIFE_##to,                                                                           \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define STAY(in)                                                                                   \
    {                                                                                              \
        true, LIFE_##in,                                                                           \
        {                                                                                          \
            LIFE_DO_NOTHING                                                                        \
        }                                                                                          \
    }
#define DO(effect) LIFE_DO_##effect
#define ON(event) [LIFE_EV_##event]

// The policy's answers where it was not asked, or where they do not apply.
#define NO_ANSWER(in)                                                                              \
    ON(START) = STAY(in), ON(WAIT) = STAY(in), ON(STOP) = STAY(in), ON(SWAP) = STAY(in),           \
    ON(BACK) = STAY(in), ON(HOLD) = STAY(in), ON(EXIT) = STAY(in), ON(REST) = STAY(in)
#define NO_REDO(in)                                                                                \
    ON(REDO_STOP) = STAY(in), ON(REDO_BACKUP) = STAY(in), ON(REDO_HOOKS) = STAY(in),               \
    ON(REDO_LINK) = STAY(in), ON(REDO_START) = STAY(in)
#define NO_JOB(in) ON(JOB_OK) = STAY(in), ON(JOB_FAILED) = STAY(in)
// A daemon that lives: answers that only make sense without one.
#define LIVES(in)                                                                                  \
    ON(START) = STAY(in), ON(SWAP) = STAY(in), ON(BACK) = STAY(in), ON(HOLD) = STAY(in),           \
    ON(EXIT) = STAY(in), ON(GONE) = GO(IDLE, DO(DISARM), DO(DECIDE))
// A job of a swap.
#define JOB(in)                                                                                    \
    NO_ANSWER(in), NO_REDO(in),                                                                    \
        ON(GONE) = STAY(in), ON(NEWS) = STAY(in), ON(TIMER) = STAY(in),                            \
        ON(JOB_FAILED) = GO(HELD, DO(HOLD), DO(CLEAR), DO(ARM_LOOK), DO(REST)),                    \
        ON(FAILED) = GO(HELD, DO(HOLD), DO(CLEAR), DO(ARM_LOOK), DO(REST)),                        \
        ON(QUIT) = GO(ENDING, DO(END_JOB), DO(ARM_GRACE)), ON(PAGED) = STAY(in)
#define FAILS ON(FAILED) = GO(HELD, DO(DISARM), DO(HOLD), DO(CLEAR), DO(ARM_LOOK), DO(REST))

// clang-format off
static const struct life_cell table[LIFE_STATES][LIFE_EVENTS] = {
    [LIFE_IDLE] = {
        ON(START) = GO(RUNNING, DO(SPAWN), DO(NOTE_STARTED)),
        ON(WAIT) = GO(BACKOFF, DO(ARM_WAIT)),
        ON(STOP) = STAY(IDLE),
        ON(SWAP) = GO(DELAY, DO(NOTE_STOPPED), DO(ARM_DELAY)),
        ON(BACK) = GO(LINKED, DO(NOTE_STOPPED), DO(LINK), DO(NOTE_SWAPPED), DO(GO)),
        ON(HOLD) = GO(HELD, DO(CLEAR), DO(ARM_LOOK)),
        ON(EXIT) = GO(LEAVING, DO(CLEAR), DO(LEAVE)),
        ON(REST) = STAY(IDLE),
        ON(REDO_STOP) = GO(DELAY, DO(NOTE_STOPPED), DO(ARM_DELAY)),
        ON(REDO_BACKUP) = GO(BACKUP, DO(BACKUP)),
        ON(REDO_HOOKS) = GO(SCRIPT, DO(SCRIPT)),
        ON(REDO_LINK) = GO(LINKED, DO(LINK), DO(NOTE_SWAPPED), DO(GO)),
        ON(REDO_START) = GO(IDLE, DO(NOTE_SWAPPED), DO(DECIDE)),
        ON(GONE) = STAY(IDLE),
        ON(NEWS) = GO(IDLE, DO(DECIDE)),
        ON(TIMER) = STAY(IDLE),
        NO_JOB(IDLE),
        FAILS,
        ON(QUIT) = GO(LEAVING, DO(LEAVE)),
        ON(PAGED) = STAY(IDLE),
    },
    [LIFE_RUNNING] = {
        LIVES(RUNNING),
        ON(WAIT) = GO(WINDOW, DO(ARM_WAIT)),
        ON(STOP) = GO(STOPPING, DO(TERM), DO(ARM_GRACE)),
        ON(REST) = STAY(RUNNING),
        NO_REDO(RUNNING),
        ON(NEWS) = GO(RUNNING, DO(DECIDE)),
        ON(TIMER) = STAY(RUNNING),
        NO_JOB(RUNNING),
        FAILS, // the start itself
        ON(QUIT) = GO(ENDING, DO(FORWARD), DO(ARM_GRACE)),
        ON(PAGED) = STAY(RUNNING),
    },
    [LIFE_WINDOW] = {
        LIVES(WINDOW),
        ON(WAIT) = GO(WINDOW, DO(ARM_WAIT)),
        ON(STOP) = GO(STOPPING, DO(TERM), DO(ARM_GRACE)),
        ON(REST) = GO(RUNNING, DO(DISARM)),
        NO_REDO(WINDOW),
        ON(NEWS) = GO(WINDOW, DO(DECIDE)),
        ON(TIMER) = GO(WINDOW, DO(DECIDE)),
        NO_JOB(WINDOW),
        ON(FAILED) = STAY(WINDOW),
        ON(QUIT) = GO(ENDING, DO(FORWARD), DO(ARM_GRACE)),
        ON(PAGED) = STAY(WINDOW),
    },
    [LIFE_STOPPING] = {
        LIVES(STOPPING),
        ON(WAIT) = STAY(STOPPING),
        ON(STOP) = STAY(STOPPING),
        ON(REST) = STAY(STOPPING),
        NO_REDO(STOPPING),
        ON(NEWS) = STAY(STOPPING), // how it ends is what counts now
        ON(TIMER) = GO(STOPPING, DO(KILL)),
        NO_JOB(STOPPING),
        ON(FAILED) = STAY(STOPPING),
        ON(QUIT) = GO(ENDING, DO(FORWARD)), // the grace that runs is the one that counts
        ON(PAGED) = STAY(STOPPING),
    },
    [LIFE_DELAY] = {
        NO_ANSWER(DELAY),
        NO_REDO(DELAY),
        ON(GONE) = STAY(DELAY),
        ON(NEWS) = STAY(DELAY),
        ON(TIMER) = GO(BACKUP, DO(BACKUP)),
        NO_JOB(DELAY),
        FAILS,
        ON(QUIT) = GO(LEAVING, DO(DISARM), DO(LEAVE)),
        ON(PAGED) = STAY(DELAY),
    },
    [LIFE_BACKUP] = {
        JOB(BACKUP),
        ON(JOB_OK) = GO(SCRIPT, DO(NOTE_BACKUP), DO(SCRIPT)),
    },
    [LIFE_SCRIPT] = {
        JOB(SCRIPT),
        ON(JOB_OK) = GO(HOOK, DO(HOOK)),
    },
    [LIFE_HOOK] = {
        JOB(HOOK),
        ON(JOB_OK) = GO(LINKED, DO(NOTE_HOOKS), DO(LINK), DO(NOTE_SWAPPED), DO(GO)),
    },
    [LIFE_LINKED] = {
        ON(START) = GO(RUNNING, DO(SPAWN), DO(NOTE_STARTED)),
        ON(WAIT) = STAY(LINKED),
        ON(STOP) = STAY(LINKED),
        ON(SWAP) = STAY(LINKED),
        ON(BACK) = STAY(LINKED),
        ON(HOLD) = STAY(LINKED),
        ON(EXIT) = GO(LEAVING, DO(LEAVE)), // swapped, and told not to restart
        ON(REST) = STAY(LINKED),
        NO_REDO(LINKED),
        ON(GONE) = STAY(LINKED),
        ON(NEWS) = STAY(LINKED),
        ON(TIMER) = STAY(LINKED),
        NO_JOB(LINKED),
        FAILS,
        ON(QUIT) = GO(LEAVING, DO(LEAVE)),
        ON(PAGED) = STAY(LINKED),
    },
    [LIFE_BACKOFF] = {
        NO_ANSWER(BACKOFF),
        NO_REDO(BACKOFF),
        ON(GONE) = STAY(BACKOFF),
        ON(NEWS) = GO(IDLE, DO(DISARM), DO(DECIDE)),
        ON(TIMER) = GO(IDLE, DO(DECIDE)),
        NO_JOB(BACKOFF),
        FAILS,
        ON(QUIT) = GO(IDLE, DO(DISARM), DO(DECIDE)),
        ON(PAGED) = STAY(BACKOFF),
    },
    [LIFE_HELD] = {
        NO_ANSWER(HELD),
        NO_REDO(HELD),
        ON(GONE) = STAY(HELD),
        ON(NEWS) = GO(IDLE, DO(DISARM), DO(DECIDE)),
        ON(TIMER) = GO(IDLE, DO(DECIDE)),
        NO_JOB(HELD),
        ON(FAILED) = STAY(HELD),
        ON(QUIT) = GO(IDLE, DO(DISARM), DO(DECIDE)), // which says the code to end with
        ON(PAGED) = STAY(HELD),
    },
    [LIFE_ENDING] = {
        NO_ANSWER(ENDING),
        NO_REDO(ENDING),
        ON(GONE) = GO(IDLE, DO(DISARM), DO(DECIDE)),
        ON(NEWS) = STAY(ENDING),
        ON(TIMER) = GO(ENDING, DO(KILL)),
        ON(JOB_OK) = GO(LEAVING, DO(DISARM), DO(LEAVE)), // the next run does that step again
        ON(JOB_FAILED) = GO(LEAVING, DO(DISARM), DO(LEAVE)),
        ON(FAILED) = STAY(ENDING),
        ON(QUIT) = GO(ENDING, DO(FORWARD)),
        ON(PAGED) = STAY(ENDING),
    },
    [LIFE_LEAVING] = {
        NO_ANSWER(LEAVING),
        NO_REDO(LEAVING),
        ON(GONE) = STAY(LEAVING),
        ON(NEWS) = STAY(LEAVING),
        ON(TIMER) = GO(ENDED, DO(EXIT)),
        NO_JOB(LEAVING),
        ON(FAILED) = STAY(LEAVING),
        ON(QUIT) = GO(ENDED, DO(DISARM), DO(EXIT)), // the pages are stored: the next run goes on
        ON(PAGED) = GO(ENDED, DO(DISARM), DO(EXIT)),
    },
    [LIFE_ENDED] = {
        NO_ANSWER(ENDED),
        NO_REDO(ENDED),
        ON(GONE) = STAY(ENDED),
        ON(NEWS) = STAY(ENDED),
        ON(TIMER) = STAY(ENDED),
        NO_JOB(ENDED),
        ON(FAILED) = STAY(ENDED),
        ON(QUIT) = STAY(ENDED),
        ON(PAGED) = STAY(ENDED),
    },
};
// clang-format on

const struct life_cell *life_cell(enum life_state state, enum life_event event)
{
    const struct life_cell *cell = &table[state][event];
    assert(cell->known);
    return cell;
}

const char *life_state_name(enum life_state state)
{
    static const char *const names[LIFE_STATES] = {
        [LIFE_IDLE] = "idle",         [LIFE_RUNNING] = "running",  [LIFE_WINDOW] = "window",
        [LIFE_STOPPING] = "stopping", [LIFE_DELAY] = "delay",      [LIFE_BACKUP] = "backup",
        [LIFE_SCRIPT] = "script",     [LIFE_HOOK] = "pre-upgrade", [LIFE_LINKED] = "linked",
        [LIFE_BACKOFF] = "backoff",   [LIFE_HELD] = "held",        [LIFE_ENDING] = "ending",
        [LIFE_LEAVING] = "leaving",   [LIFE_ENDED] = "ended",
    };
    return names[state];
}

const char *life_event_name(enum life_event event)
{
    static const char *const names[LIFE_EVENTS] = {
        [LIFE_EV_START] = "start",
        [LIFE_EV_WAIT] = "wait",
        [LIFE_EV_STOP] = "stop",
        [LIFE_EV_SWAP] = "swap",
        [LIFE_EV_BACK] = "back",
        [LIFE_EV_HOLD] = "hold",
        [LIFE_EV_EXIT] = "exit",
        [LIFE_EV_REST] = "rest",
        [LIFE_EV_REDO_STOP] = "redo-stop",
        [LIFE_EV_REDO_BACKUP] = "redo-backup",
        [LIFE_EV_REDO_HOOKS] = "redo-hooks",
        [LIFE_EV_REDO_LINK] = "redo-link",
        [LIFE_EV_REDO_START] = "redo-start",
        [LIFE_EV_GONE] = "gone",
        [LIFE_EV_NEWS] = "news",
        [LIFE_EV_TIMER] = "timer",
        [LIFE_EV_JOB_OK] = "job-ok",
        [LIFE_EV_JOB_FAILED] = "job-failed",
        [LIFE_EV_FAILED] = "failed",
        [LIFE_EV_QUIT] = "quit",
        [LIFE_EV_PAGED] = "paged",
    };
    return names[event];
}

const char *life_effect_name(enum life_effect effect)
{
    static const char *const names[LIFE_EFFECTS] = {
        [LIFE_DO_NOTHING] = "nothing",
        [LIFE_DO_DECIDE] = "decide",
        [LIFE_DO_SPAWN] = "spawn",
        [LIFE_DO_TERM] = "term",
        [LIFE_DO_KILL] = "kill",
        [LIFE_DO_FORWARD] = "forward",
        [LIFE_DO_END_JOB] = "end-job",
        [LIFE_DO_ARM_WAIT] = "arm-wait",
        [LIFE_DO_ARM_GRACE] = "arm-grace",
        [LIFE_DO_ARM_DELAY] = "arm-delay",
        [LIFE_DO_ARM_LOOK] = "arm-look",
        [LIFE_DO_DISARM] = "disarm",
        [LIFE_DO_BACKUP] = "backup",
        [LIFE_DO_SCRIPT] = "script",
        [LIFE_DO_HOOK] = "hook",
        [LIFE_DO_LINK] = "link",
        [LIFE_DO_NOTE_STOPPED] = "note-stopped",
        [LIFE_DO_NOTE_BACKUP] = "note-backup",
        [LIFE_DO_NOTE_HOOKS] = "note-hooks",
        [LIFE_DO_NOTE_SWAPPED] = "note-swapped",
        [LIFE_DO_GO] = "go",
        [LIFE_DO_NOTE_STARTED] = "note-started",
        [LIFE_DO_CLEAR] = "clear",
        [LIFE_DO_HOLD] = "hold",
        [LIFE_DO_REST] = "rest",
        [LIFE_DO_LEAVE] = "leave",
        [LIFE_DO_EXIT] = "exit",
    };
    return names[effect];
}

bool life_has_child(enum life_state state)
{
    return state == LIFE_RUNNING || state == LIFE_WINDOW || state == LIFE_STOPPING ||
           state == LIFE_ENDING;
}
