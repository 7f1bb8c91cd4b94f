// The decision table: one named row a situation, with every text that is shown for it.
#include "policy/policy.h"

#define BOTH(text)                                                                                 \
    {                                                                                              \
        text, text                                                                                 \
    }

static const struct policy_row_info rows[POLICY_ROW_COUNT] = {
    [POLICY_ROW_START] =
        {
            .name = "start",
            .when = "nothing was started yet, and nothing is known against it",
            .reason = BOTH("Starting"),
            .happened = "Nothing runs yet, and no halt is on record for this target.",
            .will = "It is started.",
            .advice = BOTH("Nothing to do."),
        },
    [POLICY_ROW_STOPPING] =
        {
            .name = "stopping",
            .when = "asked to end, the process still lives",
            .reason = BOTH("Stopping"),
            .happened = "A stop was asked for.",
            .will = "The process is given its time to end.",
            .advice = BOTH("Nothing to do."),
        },
    [POLICY_ROW_RESUMED] =
        {
            .name = "resumed",
            .when = "a person asked to go on after this very halt",
            .reason = BOTH("Resumed"),
            .happened = "A person asked to go on after the halt that is on record.",
            .will = "The halt is released and the same target is started once more.",
            .advice = BOTH("Nothing to do; the next halt is judged anew."),
        },
    [POLICY_ROW_UPGRADE] =
        {
            .name = "upgrade",
            .when = "70, mapping for the plan exists and differs from what halted",
            .reason = BOTH("Upgrading"),
            .upgrading = POLICY_TRUE,
            .happened = "The chain reached the height of an upgrade that this target has no "
                        "handler for, and the target for the plan is there.",
            .will = "The node is stopped if it still lives, the mapped target takes its place and "
                    "is started.",
            .advice = BOTH("Nothing to do."),
        },
    [POLICY_ROW_UPGRADE_GRACE] =
        {
            .name = "upgrade-grace",
            .when = "70 live on /status, mapping exists, inside the grace window",
            .reason = BOTH("Upgrading"),
            .upgrading = POLICY_TRUE,
            .happened = "The node halted for an upgrade and stays alive so that it can be read.",
            .will = "It is left alone until the grace window ends, then stopped and replaced by "
                    "the mapped target.",
            .advice = BOTH("Nothing to do."),
        },
    [POLICY_ROW_UPGRADE_FILE] =
        {
            .name = "upgrade-file",
            .when = "a fresh upgrade-info.json for a height that was reached, and no halt said by "
                    "the process itself",
            .reason = BOTH("Upgrading"),
            .upgrading = POLICY_TRUE,
            .happened = "The process wrote upgrade-info.json for a height that it reached: it "
                        "needs the upgrade, though it does not say so by an exit code.",
            .will = "It gets SIGTERM and its grace if it still lives, then the mapped target takes "
                    "its place and is started.",
            .advice = BOTH("Nothing to do."),
        },
    [POLICY_ROW_MAPPING_MISSING] =
        {
            .name = "mapping-missing",
            .when = "70, no mapping",
            .reason = {"BinaryMissing", "ImageMappingMissing"},
            .upgrading = POLICY_UNKNOWN,
            .severity = POLICY_ERROR,
            .happened = "The node halted for an upgrade, and nothing is mapped to the plan.",
            .will = "Nothing is restarted: this target would halt again at the same height.",
            .advice = {"Put the binary in place: seivisor add-upgrade PLAN BINARY. It is swapped "
                       "in and started at once.",
                       "Add the plan and its image to spec.upgrades[]. It is rolled out at once."},
        },
    [POLICY_ROW_PLAN_UNKNOWN] =
        {
            .name = "plan-unknown",
            .when = "70, and neither the intent nor upgrade-info.json names the plan",
            .reason = {"BinaryMissing", "ImageMappingMissing"},
            .upgrading = POLICY_UNKNOWN,
            .severity = POLICY_ERROR,
            .happened = "The node ended with 70, but no intent was read and no fresh "
                        "upgrade-info.json is there, so that the plan has no name.",
            .will = "Nothing is restarted, and no plan is guessed.",
            .advice = {"Look at the node's last log lines for the plan (and for why the file could "
                       "not be written: a full disk?), then resume, or switch the binary by hand.",
                       "Look at the node's last log lines for the plan (and for why the file could "
                       "not be written: a full disk?), then set the image by hand."},
        },
    [POLICY_ROW_MAPPED_TARGET_HALTED] =
        {
            .name = "mapped-target-halted",
            .when = "70 again from the mapped target for the same plan",
            .reason = BOTH("MappedTargetHalted"),
            .upgrading = POLICY_FALSE,
            .severity = POLICY_ERROR,
            .happened =
                "The target that is mapped to the plan halted itself: the mapping is wrong.",
            .will = "Nothing is restarted: neither target can go on.",
            .advice = {"Put a binary that has the plan's handler in place: seivisor add-upgrade "
                       "--force PLAN BINARY.",
                       "Correct the image of the plan in spec.upgrades[]."},
        },
    [POLICY_ROW_ROLL_BACK] =
        {
            .name = "roll-back",
            .when = "71",
            .reason = BOTH("RolledBack"),
            .upgrading = POLICY_FALSE,
            .severity = POLICY_ERROR,
            .happened = "The target is too new: it has the handler of a plan whose height has not "
                        "come.",
            .will = "People are paged, and the last target that ran this chain well takes its "
                    "place. Nothing advances by itself after that.",
            .advice = {"Keep the new binary under the plan's name (seivisor add-upgrade) instead "
                       "of running it now; it is swapped in at the plan's height.",
                       "Set spec.image back, and map the new image to the plan in spec.upgrades[]; "
                       "it is rolled out at the plan's height."},
        },
    [POLICY_ROW_NO_ROLLBACK_TARGET] =
        {
            .name = "no-rollback-target",
            .when = "71, nothing recorded to go back to",
            .reason = BOTH("NoRollbackTarget"),
            .upgrading = POLICY_FALSE,
            .severity = POLICY_ERROR,
            .happened = "The target is too new for the chain, and no earlier one that ran it well "
                        "is on record, or that one halted too.",
            .will = "Nothing is restarted, and no target is guessed.",
            .advice = {"Make the binary that ran before the current one again, then resume.",
                       "Set spec.image to the image that ran before."},
        },
    [POLICY_ROW_HUMAN_REQUIRED] =
        {
            .name = "human-required",
            .when = "72",
            .reason = BOTH("HumanRequired"),
            .upgrading = POLICY_FALSE,
            .severity = POLICY_CRITICAL,
            .happened = "The target is older than the state: the last plan that was applied has no "
                        "handler in it. Running it could write wrong state.",
            .will = "Nothing is restarted, and no other target is picked.",
            .advice = {"Find out who put the old binary there. Make the one that applied the last "
                       "plan current, then resume.",
                       "Find out who set the old image. Set the one that applied the last plan."},
        },
    [POLICY_ROW_UNKNOWN_REASON] =
        {
            .name = "unknown-reason",
            .when = "reserved or unknown reason",
            .reason = BOTH("UnknownHaltReason"),
            .upgrading = POLICY_UNKNOWN,
            .severity = POLICY_ERROR,
            .happened = "The node halted on purpose, for a reason that this supervisor does not "
                        "know: it is from a later version of the contract.",
            .will = "Nothing is restarted.",
            .advice = {"Read the node's log and halt_intent; update seivisor; then resume.",
                       "Read the node's log and halt_intent; update the controller; then resume."},
        },
    [POLICY_ROW_EVIDENCE_DISAGREES] =
        {
            .name = "evidence-disagrees",
            .when = "two pieces of evidence name different things",
            .reason = BOTH("EvidenceDisagrees"),
            .upgrading = POLICY_UNKNOWN,
            .severity = POLICY_ERROR,
            .happened = "What the node said about itself, its exit code and upgrade-info.json do "
                        "not fit together.",
            .will = "None of it is acted on, and nothing is restarted.",
            .advice =
                BOTH("Compare halt_intent, the exit code and data/upgrade-info.json, find out "
                     "which one is wrong, then resume or set the right target by hand."),
        },
    [POLICY_ROW_FILE_PENDING] =
        {
            .name = "file-pending",
            .when = "a daemon that speaks the contract wrote upgrade-info.json and still lives",
            .reason = BOTH("Halting"),
            .upgrading = POLICY_UNKNOWN,
            .happened = "The node wrote upgrade-info.json and has not said yet that it halted.",
            .will = "Its intent or its exit code is waited for, for the grace window.",
            .advice = BOTH("Nothing to do."),
        },
    [POLICY_ROW_STOPPED] =
        {
            .name = "stopped",
            .when = "exit 0",
            .reason = BOTH("Stopped"),
            .happened = "The process ended with 0: an ordinary stop.",
            .will = "On one machine the supervisor ends with 0; on Kubernetes the node is started "
                    "again.",
            .advice = BOTH("Nothing to do."),
        },
    [POLICY_ROW_CRASH] =
        {
            .name = "crash",
            .when = "crash, signal, OOM",
            .reason = BOTH("Crashed"),
            .happened = "The process ended by a signal or with a code that is no halt.",
            .will = "It is started again after a pause that doubles with each crash in a row.",
            .advice = BOTH("Read the node's last log lines."),
        },
    [POLICY_ROW_CRASH_UNCORROBORATED] =
        {
            .name = "crash-uncorroborated",
            .when = "a contract number from a daemon that is not known to speak the contract",
            .reason = BOTH("Crashed"),
            .happened = "The process ended with a number of the contract, but it is not known to "
                        "speak it and nothing corroborates the code: the same numbers are in "
                        "sysexits.h.",
            .will = "It counts as a crash: started again after a pause.",
            .advice = {"If the daemon does speak the contract, say so in seivisor's configuration.",
                       "If the daemon does speak the contract, declare it in the SeiNode."},
        },
    [POLICY_ROW_CRASH_LOOP] =
        {
            .name = "crash-loop",
            .when = "crashes in a row, over the budget",
            .reason = BOTH("CrashLoop"),
            .severity = POLICY_ERROR,
            .happened = "The process crashed more often in a row than the budget allows.",
            .will = "Nothing is restarted.",
            .advice = BOTH("Read the node's last log lines, mend the cause, then resume."),
        },
    [POLICY_ROW_HEALTHY] =
        {
            .name = "healthy",
            .when = "alive, field absent",
            .reason = BOTH("Healthy"),
            .happened = "The node answers and says nothing of a halt.",
            .will = "Nothing.",
            .advice = BOTH("Nothing to do."),
        },
    [POLICY_ROW_UPGRADED] =
        {
            .name = "upgraded",
            .when = "alive, field absent, after a swap",
            .reason = BOTH("Upgraded"),
            .happened = "The mapped target runs and says nothing of a halt: the upgrade is done.",
            .will = "Nothing.",
            .advice = BOTH("Nothing to do."),
        },
    [POLICY_ROW_ROLLED_BACK] =
        {
            .name = "rolled-back",
            .when = "alive, field absent, after a rollback",
            .reason = BOTH("RolledBack"),
            .happened = "The earlier target runs again, because the newer one was too new.",
            .will = "Nothing: the page stays open until a person acts or the plan's height comes.",
            .advice = BOTH("Keep the newer target for the plan's height, then resume to close the "
                           "page."),
        },
    [POLICY_ROW_NO_SIGNAL] =
        {
            .name = "no-signal",
            .when = "alive, halt_intent is null",
            .reason = BOTH("NoSignal"),
            .happened = "The node answers, but could not fill in halt_intent. That is no halt, and "
                        "it is not a sign of health either.",
            .will = "Nothing; the exit code speaks later.",
            .advice = BOTH("Look for an error about halt_intent in the node's log."),
        },
    [POLICY_ROW_UNREACHABLE] =
        {
            .name = "unreachable",
            .when = "cannot reach /status",
            .reason = BOTH("Unreachable"),
            .happened = "The process lives, but its /status does not answer.",
            .will = "Nothing: unreachable is no halt.",
            .advice = BOTH("Right after a start this is normal. Else check the node's address and "
                           "its load."),
        },
};

const struct policy_row_info *policy_row_info(enum policy_row row)
{
    return &rows[row];
}

const char *policy_act_string(enum policy_act act)
{
    switch (act) {
    case POLICY_LATCH:
        return "latch";
    case POLICY_RELEASE:
        return "release";
    case POLICY_PAGE:
        return "page";
    case POLICY_RESOLVE:
        return "resolve";
    case POLICY_EVENT:
        return "event";
    case POLICY_STOP:
        return "stop";
    case POLICY_SWAP:
        return "swap";
    case POLICY_ROLL_BACK:
        return "roll_back";
    case POLICY_START:
        return "start";
    case POLICY_WAIT:
        return "wait";
    case POLICY_HOLD:
        return "hold";
    case POLICY_EXIT:
        return "exit";
    }
    return "invalid";
}

const char *policy_severity_string(enum policy_severity severity)
{
    switch (severity) {
    case POLICY_SEVERITY_NONE:
        return "none";
    case POLICY_WARNING:
        return "warning";
    case POLICY_ERROR:
        return "error";
    case POLICY_CRITICAL:
        return "critical";
    }
    return "invalid";
}

const char *policy_condition_string(enum policy_condition status)
{
    switch (status) {
    case POLICY_FALSE:
        return "False";
    case POLICY_TRUE:
        return "True";
    case POLICY_UNKNOWN:
        return "Unknown";
    }
    return "invalid";
}
