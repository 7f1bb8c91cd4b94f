// evidence: what may be concluded from what was seen. Internal to policy/.
//
// The rules: a live halt_intent is the best evidence; else the exit code of the node's own process,
// of a producer that is known to speak the contract; for 70 a fresh upgrade-info.json. 70, 71 and
// 72 are also sysexits, so a code alone from an unknown daemon is a crash. Evidence that disagrees
// is never acted on.
#ifndef POLICY_EVIDENCE_H
#define POLICY_EVIDENCE_H

#include "policy/policy.h"

enum verdict {
    VERDICT_NOTHING,        // no halt
    VERDICT_UPGRADE,        // 70
    VERDICT_TOO_NEW,        // 71
    VERDICT_DOWNGRADE,      // 72
    VERDICT_OTHER,          // on purpose, for a reason that is not known here
    VERDICT_PENDING,        // upgrade-info.json is there, the halt itself not yet
    VERDICT_DISAGREES,      // the pieces do not fit together
    VERDICT_UNCORROBORATED, // a contract code that proves nothing
};

struct conclusion {
    enum verdict verdict;
    int64_t reason; // 0: none
    const char *source;
};

// A stopped or continued process has not ended, whatever the caller says.
enum policy_life evidence_life(const struct policy_observation *seen);
// The signal that counts: a record says nothing about a process that lives.
enum policy_signal evidence_signal(const struct policy_observation *seen);
struct conclusion evidence_conclude(const struct policy_observation *seen,
                                    const struct policy_config *config,
                                    const struct policy_history *history);

#endif
