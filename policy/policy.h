// policy: what a supervisor does about what it sees. One pure, total function that seivisor (one
// machine) and the Kubernetes controller share: (observation, configuration, history) to an ordered
// list of actions. No I/O, no clock, no allocation, no state: times come in as ages in
// milliseconds, and the same input always gives the same decision. Any thread.
//
// How a consumer uses it: whenever something changed (the process ended, a probe answered,
// upgrade-info.json was written, a wait is over, a person changed something) it fills in the three
// structs, calls policy_decide() and does the first `now` actions in order. It never remembers a
// decision in order to go on with it: after each step it decides again, so that new evidence (the
// exit code of a process that was told to stop) counts. The decision is level-triggered: asked
// again in the same situation it says the same, so PAGE is de-duplicated by its key, an event by
// the row, and LATCH and RELEASE change nothing the second time.
//
// A "target" is what runs: a binary on one machine, an image on Kubernetes.
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include <seihalt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum policy_platform { POLICY_MACHINE, POLICY_KUBERNETES };

// The process (or the node's own container) of the current target.
enum policy_life {
    POLICY_NOT_STARTED, // nothing was started since the supervisor came up
    POLICY_ALIVE,       // from before it was started until it ended
    POLICY_ENDED,
};

// What /status said last. For a process that has ended: what it said last while it lived. When
// nothing was started yet, or the process said nothing: the intent that is latched on this target
// in the history, if there is one (POLICY_SIGNAL_INTENT with intent_recorded set).
enum policy_signal {
    POLICY_SIGNAL_UNREACHABLE, // never asked, no answer, or an answer that does not decode
    POLICY_SIGNAL_ABSENT,      // an answer without halt_intent
    POLICY_SIGNAL_NULL,        // "halt_intent": null. No signal; not the same as healthy
    POLICY_SIGNAL_INTENT,
};

// Where a target stands that the decision may go to.
enum policy_target {
    POLICY_TARGET_NONE,   // there is none
    POLICY_TARGET_SAME,   // it is the current one
    POLICY_TARGET_OTHER,  // it is another one
    POLICY_TARGET_HALTED, // another one, and a halt is latched on it that rules it out: for the
                          // mapping any halt of the same plan but 71 (when 70 says that the height
                          // has come, too new is over); for the rollback target any halt at all
};

struct policy_observation {
    enum policy_platform platform;
    enum policy_life life;

    // How it ended; only for POLICY_ENDED.
    enum sei_halt_class exit_class; // from the direct child's wait status or the container's code
    int exit_detail;                // exit code, or the number of the signal
    bool exit_own; // the code is the node's own: direct child, or the node's own container

    // What it said about itself; `intent` only for POLICY_SIGNAL_INTENT, borrowed for the call.
    enum policy_signal signal;
    const struct sei_halt_intent *intent;
    bool intent_recorded;  // from the history, not from /status
    int64_t signal_age_ms; // since the intent was first seen (or upgrade-info.json, without one)

    // <home>/data/upgrade-info.json. Not read, stale or broken: file_present false.
    bool file_present;
    bool file_since_start;          // it was written after this process was started
    struct sei_halt_text file_name; // the plan
    int64_t file_height;
    int64_t height; // the node's latest one, as far as it was ever seen; 0: never

    // What there is to go to. The plan is that of policy_plan().
    enum policy_target mapping;  // the target that is mapped to the plan
    enum policy_target rollback; // the last target that ran this chain well

    bool stop_requested; // the supervisor was told to end, or the node is to be deleted or paused
};

struct policy_config {
    bool speaks;              // the producer is declared to speak the contract
    int64_t halt_grace_ms;    // how long a node that halted and stays alive is left alone
    int64_t stop_grace_ms;    // from SIGTERM to giving up; the STOP action carries it
    int64_t backoff_first_ms; // before the first restart after a crash; doubles each time
    int64_t backoff_max_ms;   // the longest one
    uint32_t crash_budget;    // restarts after crashes in a row before holding
    int64_t healthy_after_ms; // a run this long ends a row of crashes
    bool exit_on_hold;        // one machine: a hold ends the supervisor with the child's code
    bool stay_after_upgrade;  // one machine: after the swap end with 0 instead of starting
};

// The defaults: 30 s of halt grace, 90 s of stop grace, back-off from 1 s to 5 min, 5 crashes, 10
// min.
void policy_config_init(struct policy_config *ret_config);

struct policy_history {
    bool seen_speaking; // a live halt_intent was seen from this producer, in any start
    uint32_t crashes;   // in a row, this end included: policy_count_crash()
    int64_t ended_ms;   // since the process ended
    int last_exit_code; // of the last start, as a shell would show it; 0: none
    bool resume;        // a person asked to go on, and named this halt by its key: policy_key() of
                        // the decision that is made with resume false. Until RELEASE is done
    bool page_open;     // a page was sent for this node and is not resolved
    bool rolled_back;   // the current target is where 71 sent us
    bool upgraded;      // the current target is where 70 sent us
    bool disagreed;     // what is latched on the target is evidence that disagreed: a record of it
                        // alone (intent_recorded) must not be acted on either
};

enum policy_severity { POLICY_SEVERITY_NONE, POLICY_WARNING, POLICY_ERROR, POLICY_CRITICAL };

enum policy_act {
    POLICY_LATCH,     // record the halt on (target, intent), durably, before what follows
    POLICY_RELEASE,   // drop the latch and the crash count of this target
    POLICY_PAGE,      // people are needed; `severity`; key: policy_key()
    POLICY_RESOLVE,   // resolve every open page of this node
    POLICY_EVENT,     // tell in the log and as an event, once a row; `severity` NONE is information
    POLICY_STOP,      // SIGTERM to the process; `ms` of grace
    POLICY_SWAP,      // make the mapped target the current one; drops a latch on it (71 is over)
    POLICY_ROLL_BACK, // make the recorded target the current one
    POLICY_START,     // start the current target
    POLICY_WAIT,      // decide again in `ms`, or when something changes
    POLICY_HOLD,      // start nothing until a person changes something
    POLICY_EXIT,      // one machine: end the supervisor with `code`
};

struct policy_action {
    enum policy_act act;
    enum policy_severity severity;
    int64_t ms;
    int code;
};

// Every row of the decision table, by name (policy_row_info). Append only: the numbers stand in
// recorded decisions.
enum policy_row {
    POLICY_ROW_START,                // nothing is known against it
    POLICY_ROW_STOPPING,             // told to end, and it still lives
    POLICY_ROW_RESUMED,              // a person said: go on
    POLICY_ROW_UPGRADE,              // 70, mapped to another target
    POLICY_ROW_UPGRADE_GRACE,        // the same, alive, inside the grace window
    POLICY_ROW_UPGRADE_FILE,         // the same by upgrade-info.json of a daemon without a contract
    POLICY_ROW_MAPPING_MISSING,      // 70, nothing mapped
    POLICY_ROW_PLAN_UNKNOWN,         // 70, and nobody says which plan
    POLICY_ROW_MAPPED_TARGET_HALTED, // 70 from the very target that is mapped
    POLICY_ROW_ROLL_BACK,            // 71
    POLICY_ROW_NO_ROLLBACK_TARGET,   // 71, nothing recorded to go back to
    POLICY_ROW_HUMAN_REQUIRED,       // 72
    POLICY_ROW_UNKNOWN_REASON,       // a reserved code or a reason of a later version
    POLICY_ROW_EVIDENCE_DISAGREES,   // two pieces of evidence name different things
    POLICY_ROW_FILE_PENDING,         // alive, the file is there, the halt itself not yet
    POLICY_ROW_STOPPED,              // exit 0
    POLICY_ROW_CRASH,                // crash or signal, within the budget
    POLICY_ROW_CRASH_UNCORROBORATED, // a contract number from a daemon that is not known to mean it
    POLICY_ROW_CRASH_LOOP,           // over the budget
    POLICY_ROW_HEALTHY,              // alive, nothing to do
    POLICY_ROW_UPGRADED,             // the same, after an upgrade
    POLICY_ROW_ROLLED_BACK,          // the same, after a rollback: the page stays open
    POLICY_ROW_NO_SIGNAL,            // alive, null
    POLICY_ROW_UNREACHABLE,          // alive, /status does not answer
    POLICY_ROW_COUNT,
};

// The status of the Upgrading condition.
enum policy_condition { POLICY_FALSE, POLICY_TRUE, POLICY_UNKNOWN };

// What stands in the table for a row: static, valid for ever. Texts are for people, one or two
// sentences, without the plan's name or height.
struct policy_row_info {
    const char *name;                // "mapping-missing", stable, for logs and records
    const char *when;                // the left column of the table
    const char *reason[2];           // CamelCase state by platform: "BinaryMissing"
    enum policy_condition upgrading; // the condition's status
    enum policy_severity severity;   // of the page; NONE: no page
    const char *happened;            // what happened
    const char *will;                // what is done about it
    const char *advice[2];           // what the operator should do, by platform
};

const struct policy_row_info *policy_row_info(enum policy_row row);
const char *policy_act_string(enum policy_act act);                // "roll_back"
const char *policy_severity_string(enum policy_severity severity); // "critical"
const char *policy_condition_string(enum policy_condition status); // "Unknown"

enum { POLICY_ACTIONS_MAX = 10 };

struct policy_decision {
    enum policy_row row;
    int64_t reason;     // the halt that was concluded; 0 when none was
    bool held;          // a person is needed
    const char *state;  // policy_row_info.reason of the platform
    const char *source; // the evidence that decided: "halt_intent", "record", "exit code",
                        // "upgrade-info.json", "none"
    size_t count;
    size_t now; // how many of them to do now; the others show what is meant to follow
    struct policy_action actions[POLICY_ACTIONS_MAX];
};

// Decides. Total: every combination gives exactly one row. Never fails.
void policy_decide(const struct policy_observation *seen, const struct policy_config *config,
                   const struct policy_history *history, struct policy_decision *ret_decision);

// The plan that the evidence names: the intent's, else that of a fresh upgrade-info.json; empty
// when nothing names one. The caller looks its mapping up before it decides.
struct sei_halt_text policy_plan(const struct policy_observation *seen);

// Whether upgrade-info.json counts as evidence for 70: written since this start and for a height
// that the node reached. Nodes sit at H or at H-1. While the process lives its height must be
// known; an operator may have staged the file ahead.
bool policy_file_is_fresh(const struct policy_observation *seen);

// The number of crashes in a row after one more end: `before`, and how long the process ran.
uint32_t policy_count_crash(uint32_t before, int64_t ran_ms, const struct policy_config *config);

// The caller drops the latches of a target when a person changes something about it: that is what
// releases a halt, beside POLICY_RELEASE and POLICY_SWAP.

// The key of a halt, for de-duplication of pages and to name it in a resume: the same for the same
// (node, target, row, reason, plan, height). Letters, digits and -._ of the texts stay, others
// become '_'; a digest of the exact texts follows. Always terminated.
enum { POLICY_KEY_SIZE = 128 };
void policy_key(const char *node, const char *target, const struct policy_observation *seen,
                const struct policy_decision *decision, char ret_key[POLICY_KEY_SIZE]);

#endif
