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

// What the policy says of an end, in every state in which the daemon may end by itself or by us.
#define ENDS                                                                                       \
    ON(GONE_END) = GO(LEAVING, DO(DISARM), DO(CLEAR), DO(LEAVE)),                                  \
    ON(GONE_RESTART) = GO(BACKOFF, DO(DISARM), DO(ARM_BACKOFF)),                                   \
    ON(GONE_SWAP) = GO(DELAY, DO(DISARM), DO(NOTE_STOPPED), DO(ARM_DELAY)),                        \
    ON(GONE_BACK) = GO(LINKED, DO(DISARM), DO(NOTE_STOPPED), DO(LINK), DO(NOTE_SWAPPED), DO(GO)),  \
    ON(GONE_HOLD) = GO(HELD, DO(DISARM), DO(HOLD), DO(CLEAR), DO(REST)),                           \
    ON(HOLD) = GO(HELD, DO(DISARM), DO(HOLD), DO(CLEAR), DO(REST))

// Events that need a daemon or a job which this state does not have.
#define NO_DAEMON(in)                                                                              \
    ON(GONE_END) = STAY(in), ON(GONE_RESTART) = STAY(in), ON(GONE_SWAP) = STAY(in),                \
    ON(GONE_BACK) = STAY(in), ON(GONE_HOLD) = STAY(in), ON(SEEN_HALT) = STAY(in),                  \
    ON(SEEN_CLEAR) = STAY(in)
#define NO_JOB(in) ON(JOB_OK) = STAY(in), ON(JOB_FAILED) = STAY(in)
#define NO_START(in)                                                                               \
    ON(START) = STAY(in), ON(REDO_STOP) = STAY(in), ON(REDO_BACKUP) = STAY(in),                    \
    ON(REDO_HOOKS) = STAY(in), ON(REDO_LINK) = STAY(in)
#define FAILS                                                                                      \
    ON(JOB_FAILED) = GO(HELD, DO(HOLD), DO(CLEAR), DO(REST)),                                      \
    ON(HOLD) = GO(HELD, DO(HOLD), DO(CLEAR), DO(REST))
#define ENDS_JOB ON(STOP) = GO(ENDING, DO(END_JOB), DO(ARM_GRACE))

static const struct life_cell table[LIFE_STATES][LIFE_EVENTS] =
    {
        [LIFE_IDLE] =
            {
                ON(START) = GO(RUNNING, DO(SPAWN), DO(NOTE_STARTED)),
                ON(REDO_STOP) = GO(DELAY, DO(NOTE_STOPPED), DO(ARM_DELAY)),
                ON(REDO_BACKUP) = GO(BACKUP, DO(BACKUP)),
                ON(REDO_HOOKS) = GO(SCRIPT, DO(SCRIPT)),
                ON(REDO_LINK) = GO(LINKED, DO(LINK), DO(NOTE_SWAPPED), DO(GO)),
                ON(HOLD) = GO(HELD, DO(HOLD), DO(CLEAR), DO(REST)),
                NO_DAEMON(IDLE),
                NO_JOB(IDLE),
                ON(TIMER) = STAY(IDLE),
                ON(STOP) = GO(LEAVING, DO(LEAVE)),
                ON(RELEASE) = STAY(IDLE),
                ON(PAGED) = STAY(IDLE),
            },
        [LIFE_RUNNING] =
            {
                ENDS,
                NO_START(RUNNING),
                NO_JOB(RUNNING),
                ON(SEEN_HALT) = GO(WINDOW, DO(ARM_WINDOW)),
                ON(SEEN_CLEAR) = STAY(RUNNING),
                ON(TIMER) = STAY(RUNNING),
                ON(STOP) = GO(ENDING, DO(FORWARD), DO(ARM_GRACE)),
                ON(RELEASE) = STAY(RUNNING),
                ON(PAGED) = STAY(RUNNING),
            },
        [LIFE_WINDOW] =
            {
                ENDS,
                NO_START(WINDOW),
                NO_JOB(WINDOW),
                ON(SEEN_HALT) = STAY(WINDOW),
                ON(SEEN_CLEAR) = GO(RUNNING, DO(DISARM)),
                ON(TIMER) = GO(STOPPING, DO(TERM), DO(ARM_GRACE)),
                ON(STOP) = GO(ENDING, DO(FORWARD), DO(ARM_GRACE)),
                ON(RELEASE) = STAY(WINDOW),
                ON(PAGED) = STAY(WINDOW),
            },
        [LIFE_STOPPING] =
            {
                ENDS,
                NO_START(STOPPING),
                NO_JOB(STOPPING),
                ON(SEEN_HALT) = STAY(STOPPING),
                ON(SEEN_CLEAR) = STAY(STOPPING),
                ON(TIMER) = GO(STOPPING, DO(KILL)),
                ON(STOP) = GO(ENDING, DO(FORWARD)), // the grace that runs is the one that counts
                ON(RELEASE) = STAY(STOPPING),
                ON(PAGED) = STAY(STOPPING),
            },
        [LIFE_DELAY] =
            {
                NO_START(DELAY),
                NO_DAEMON(DELAY),
                NO_JOB(DELAY),
                ON(HOLD) = GO(HELD, DO(DISARM), DO(HOLD), DO(CLEAR), DO(REST)),
                ON(TIMER) = GO(BACKUP, DO(BACKUP)),
                ON(STOP) = GO(LEAVING, DO(DISARM), DO(LEAVE)),
                ON(RELEASE) = STAY(DELAY),
                ON(PAGED) = STAY(DELAY),
            },
        [LIFE_BACKUP] =
            {
                NO_START(BACKUP),
                NO_DAEMON(BACKUP),
                FAILS,
                ENDS_JOB,
                ON(JOB_OK) = GO(SCRIPT, DO(NOTE_BACKUP), DO(SCRIPT)),
                ON(TIMER) = STAY(BACKUP),
                ON(RELEASE) = STAY(BACKUP),
                ON(PAGED) = STAY(BACKUP),
            },
        [LIFE_SCRIPT] =
            {
                NO_START(SCRIPT),
                NO_DAEMON(SCRIPT),
                FAILS,
                ENDS_JOB,
                ON(JOB_OK) = GO(HOOK, DO(HOOK)),
                ON(TIMER) = STAY(SCRIPT),
                ON(RELEASE) = STAY(SCRIPT),
                ON(PAGED) = STAY(SCRIPT),
            },
        [LIFE_HOOK] =
            {
                NO_START(HOOK),
                NO_DAEMON(HOOK),
                FAILS,
                ENDS_JOB,
                ON(JOB_OK) = GO(LINKED, DO(NOTE_HOOKS), DO(LINK), DO(NOTE_SWAPPED), DO(GO)),
                ON(TIMER) = STAY(HOOK),
                ON(RELEASE) = STAY(HOOK),
                ON(PAGED) = STAY(HOOK),
            },
        [LIFE_LINKED] =
            {
                ON(START) = GO(RUNNING, DO(SPAWN), DO(NOTE_STARTED)),
                ON(REDO_STOP) = STAY(LINKED),
                ON(REDO_BACKUP) = STAY(LINKED),
                ON(REDO_HOOKS) = STAY(LINKED),
                ON(REDO_LINK) = STAY(LINKED),
                ON(GONE_END) = GO(LEAVING, DO(LEAVE)), // swapped, and told not to restart
                ON(GONE_RESTART) = STAY(LINKED),
                ON(GONE_SWAP) = STAY(LINKED),
                ON(GONE_BACK) = STAY(LINKED),
                ON(GONE_HOLD) = STAY(LINKED),
                ON(SEEN_HALT) = STAY(LINKED),
                ON(SEEN_CLEAR) = STAY(LINKED),
                NO_JOB(LINKED),
                ON(HOLD) = GO(HELD, DO(HOLD), DO(CLEAR), DO(REST)),
                ON(TIMER) = STAY(LINKED),
                ON(STOP) = GO(LEAVING, DO(LEAVE)),
                ON(RELEASE) = STAY(LINKED),
                ON(PAGED) = STAY(LINKED),
            },
        [LIFE_BACKOFF] =
            {
                NO_START(BACKOFF),
                NO_DAEMON(BACKOFF),
                NO_JOB(BACKOFF),
                ON(HOLD) = GO(HELD, DO(DISARM), DO(HOLD), DO(CLEAR), DO(REST)),
                ON(TIMER) = GO(RUNNING, DO(SPAWN), DO(NOTE_STARTED)),
                ON(STOP) = GO(LEAVING, DO(DISARM), DO(LEAVE)),
                ON(RELEASE) = GO(RUNNING, DO(DISARM), DO(SPAWN), DO(NOTE_STARTED)),
                ON(PAGED) = STAY(BACKOFF),
            },
        [LIFE_HELD] =
            {
                NO_START(HELD),
                NO_DAEMON(HELD),
                NO_JOB(HELD),
                ON(HOLD) = STAY(HELD),
                ON(TIMER) = STAY(HELD),
                ON(STOP) = GO(LEAVING, DO(LEAVE)),
                ON(RELEASE) = GO(RUNNING, DO(RELEASE), DO(SPAWN)),
                ON(PAGED) = STAY(HELD),
            },
        [LIFE_ENDING] =
            {
                NO_START(ENDING),
                ON(HOLD) = STAY(ENDING),
                ON(GONE_END) = GO(LEAVING, DO(DISARM), DO(LEAVE)),
                ON(GONE_RESTART) = GO(LEAVING, DO(DISARM), DO(LEAVE)),
                ON(GONE_SWAP) = GO(LEAVING, DO(DISARM), DO(LEAVE)),
                ON(GONE_BACK) = GO(LEAVING, DO(DISARM), DO(LEAVE)),
                ON(GONE_HOLD) = GO(LEAVING, DO(DISARM), DO(HOLD), DO(CLEAR), DO(LEAVE)),
                ON(SEEN_HALT) = STAY(ENDING),
                ON(SEEN_CLEAR) = STAY(ENDING),
                ON(TIMER) = GO(ENDING, DO(KILL)),
                ON(JOB_OK) =
                    GO(LEAVING, DO(DISARM), DO(LEAVE)), // the next run does that step again
                ON(JOB_FAILED) = GO(LEAVING, DO(DISARM), DO(LEAVE)),
                ON(STOP) = GO(ENDING, DO(FORWARD)),
                ON(RELEASE) = STAY(ENDING),
                ON(PAGED) = STAY(ENDING),
            },
        [LIFE_LEAVING] =
            {
                NO_START(LEAVING),
                NO_DAEMON(LEAVING),
                NO_JOB(LEAVING),
                ON(HOLD) = STAY(LEAVING),
                ON(TIMER) = GO(ENDED, DO(EXIT)),
                ON(STOP) =
                    GO(ENDED, DO(DISARM), DO(EXIT)), // the pages are stored: the next run goes on
                ON(RELEASE) = STAY(LEAVING),
                ON(PAGED) = GO(ENDED, DO(DISARM), DO(EXIT)),
            },
        [LIFE_ENDED] =
            {
                NO_START(ENDED),
                NO_DAEMON(ENDED),
                NO_JOB(ENDED),
                ON(HOLD) = STAY(ENDED),
                ON(TIMER) = STAY(ENDED),
                ON(STOP) = STAY(ENDED),
                ON(RELEASE) = STAY(ENDED),
                ON(PAGED) = STAY(ENDED),
            },
};

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
        [LIFE_EV_REDO_STOP] = "redo-stop",
        [LIFE_EV_REDO_BACKUP] = "redo-backup",
        [LIFE_EV_REDO_HOOKS] = "redo-hooks",
        [LIFE_EV_REDO_LINK] = "redo-link",
        [LIFE_EV_HOLD] = "hold",
        [LIFE_EV_GONE_END] = "gone-end",
        [LIFE_EV_GONE_RESTART] = "gone-restart",
        [LIFE_EV_GONE_SWAP] = "gone-swap",
        [LIFE_EV_GONE_BACK] = "gone-back",
        [LIFE_EV_GONE_HOLD] = "gone-hold",
        [LIFE_EV_SEEN_HALT] = "seen-halt",
        [LIFE_EV_SEEN_CLEAR] = "seen-clear",
        [LIFE_EV_TIMER] = "timer",
        [LIFE_EV_JOB_OK] = "job-ok",
        [LIFE_EV_JOB_FAILED] = "job-failed",
        [LIFE_EV_STOP] = "stop",
        [LIFE_EV_RELEASE] = "release",
        [LIFE_EV_PAGED] = "paged",
    };
    return names[event];
}

const char *life_effect_name(enum life_effect effect)
{
    static const char *const names[] = {
        [LIFE_DO_NOTHING] = "nothing",
        [LIFE_DO_SPAWN] = "spawn",
        [LIFE_DO_TERM] = "term",
        [LIFE_DO_KILL] = "kill",
        [LIFE_DO_FORWARD] = "forward",
        [LIFE_DO_END_JOB] = "end-job",
        [LIFE_DO_ARM_GRACE] = "arm-grace",
        [LIFE_DO_ARM_WINDOW] = "arm-window",
        [LIFE_DO_ARM_DELAY] = "arm-delay",
        [LIFE_DO_ARM_BACKOFF] = "arm-backoff",
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
        [LIFE_DO_RELEASE] = "release",
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
