// upgrade_decide: the decision that x/upgrade takes at the beginning of each block (SDK and Sei
// rules), as a pure and total function. No I/O, no clock, no state; only the two functions that
// say so allocate.
#ifndef SEID_APP_UPGRADE_DECIDE_H
#define SEID_APP_UPGRADE_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

// The longest plan that can be scheduled. Upstream has no limit of its own; a name is part of a
// store key here.
enum { UPGRADE_NAME_MAX = 140, UPGRADE_INFO_MAX = 10240 };

// Numbers of the contract (contract/include/seihalt.h), which the shell compares with its own.
enum { UPGRADE_HALT_REQUIRED = 70, UPGRADE_HALT_TOO_NEW = 71, UPGRADE_HALT_DOWNGRADE = 72 };

// A halt, as data: the reason (the contract's number), and what the intent will carry.
struct upgrade_halt {
    int reason; // 70, 71 or 72 of the contract; 0: no halt
    // The scheduled plan; for 72 the last applied one, whose handler is missing.
    char plan_name[UPGRADE_NAME_MAX + 1];
    int64_t height;       // the block being processed
    const char *info;     // the plan's, "" for 72; in the block's arena
    const char *log_text; // the exact text of the rule's log line or panic
};

// A scheduled plan as the rules see it. Borrowed.
struct upgrade_plan {
    const char *name;
    int64_t height;
    const char *info;
};

struct upgrade_facts {
    const struct upgrade_plan *plan; // null: none is scheduled
    int64_t height;                  // the block being processed
    const int64_t *skip_heights;     // --unsafe-skip-upgrades, any order
    size_t skip_count;
    const char *const *handlers; // names of the handlers compiled into this binary
    size_t handler_count;
    const char *last_applied; // the plan with the highest done height; null or "": none
    bool first_block;         // the first since the process started: the downgrade rule runs
};

enum upgrade_action {
    UPGRADE_GO_ON,         // nothing to do
    UPGRADE_APPLY,         // run the handler, then the block
    UPGRADE_SKIP,          // clear the plan, note SKIPPED, then the block
    UPGRADE_LOG_SCHEDULED, // note SCHEDULED, then the block
    UPGRADE_HALT           // the block must not be executed
};

struct upgrade_decision {
    enum upgrade_action action;
    int reason;    // of the halt; 0 otherwise
    bool bad_info; // also note that the plan's info cannot be parsed
};

// Evaluates the rules top to bottom; each combination of facts has one answer.
struct upgrade_decision upgrade_decide(const struct upgrade_facts *facts);

// What a plan's info says about the kind of release. As Go's encoding/json reads
// {"upgradeType":"minor"}: keys and the value in any case, other members ignored, null or no text
// at all is a major release; what cannot be read is UPGRADE_INFO_BAD and counts as major.
// Allocates and frees while it parses.
enum upgrade_info { UPGRADE_INFO_MAJOR, UPGRADE_INFO_MINOR, UPGRADE_INFO_BAD };
enum upgrade_info upgrade_info_parse(const char *info);

// Whether a plan's time has come: a height of 0 or less never does.
bool upgrade_plan_due(const struct upgrade_plan *plan, int64_t height);

// The texts of the rules, byte for byte as x/upgrade's, in `arena`. With an empty info they end
// in ": ", which scanners of the NEEDED line rely on. The heights are the plan's.
const char *upgrade_text_needed(struct arena *arena, const struct upgrade_plan *plan);
const char *upgrade_text_too_new(struct arena *arena, const struct upgrade_plan *plan);
const char *upgrade_text_downgrade(struct arena *arena, uint64_t app_version, const char *name);
const char *upgrade_text_skipped(struct arena *arena, const struct upgrade_plan *plan);
const char *upgrade_text_scheduled(struct arena *arena, const struct upgrade_plan *plan);
// "Upgrade Plan\n  Name: N\n  height: H\n  Info: I."
const char *upgrade_text_plan(struct arena *arena, const struct upgrade_plan *plan);

#endif
