#include "policy/evidence.h"

#include <string.h>

enum policy_life evidence_life(const struct policy_observation *seen)
{
    if (seen->life == POLICY_ENDED && seen->exit_class == SEI_HALT_CLASS_NOT_ENDED)
        return POLICY_ALIVE;
    return seen->life;
}

enum policy_signal evidence_signal(const struct policy_observation *seen)
{
    bool intent = seen->signal == POLICY_SIGNAL_INTENT;
    if (intent && (!seen->intent || (seen->intent_recorded && evidence_life(seen) == POLICY_ALIVE)))
        return POLICY_SIGNAL_UNREACHABLE;
    return seen->signal;
}

bool policy_file_is_fresh(const struct policy_observation *seen)
{
    if (!seen->file_present || !seen->file_since_start || seen->file_name.len == 0 ||
        seen->file_height <= 0)
        return false;
    if (seen->height <= 0)
        return evidence_life(seen) == POLICY_ENDED;
    return seen->file_height - 1 <= seen->height;
}

struct sei_halt_text policy_plan(const struct policy_observation *seen)
{
    if (evidence_signal(seen) == POLICY_SIGNAL_INTENT && seen->intent->plan_name.len)
        return seen->intent->plan_name;
    if (policy_file_is_fresh(seen))
        return seen->file_name;
    return (struct sei_halt_text){0};
}

static bool text_equal(struct sei_halt_text a, struct sei_halt_text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static struct conclusion conclude(enum verdict verdict, int64_t reason, const char *source)
{
    return (struct conclusion){verdict, reason, source};
}

static struct conclusion conclude_reason(int64_t reason, const char *source)
{
    enum verdict verdict = reason == SEI_HALT_UPGRADE_REQUIRED     ? VERDICT_UPGRADE
                           : reason == SEI_HALT_BINARY_TOO_NEW     ? VERDICT_TOO_NEW
                           : reason == SEI_HALT_DOWNGRADE_DETECTED ? VERDICT_DOWNGRADE
                                                                   : VERDICT_OTHER;
    return conclude(verdict, reason, source);
}

// The contract's or a reserved code, from the node itself; 0 when it ended with none of these.
static int contract_code(const struct policy_observation *seen)
{
    bool code =
        seen->exit_class == SEI_HALT_CLASS_CONTRACT || seen->exit_class == SEI_HALT_CLASS_RESERVED;
    return evidence_life(seen) == POLICY_ENDED && seen->exit_own && code ? seen->exit_detail : 0;
}

// Only known reasons have a token to be held against; a later version's is its own business. An
// empty one says nothing: a producer that did not fill it in.
static bool token_fits(const struct sei_halt_intent *intent)
{
    struct sei_halt_text got = intent->reason_string;
    if (!got.len || !sei_halt_parse_exit_code((int)intent->reason, NULL) ||
        intent->reason != (int)intent->reason)
        return true;
    const char *token = sei_halt_reason_string(intent->reason);
    return text_equal(got, (struct sei_halt_text){token, strlen(token)});
}

static struct conclusion conclude_intent(const struct policy_observation *seen, bool fresh,
                                         bool disagreed)
{
    const struct sei_halt_intent *intent = seen->intent;
    const char *source = seen->intent_recorded ? "record" : "halt_intent";
    int code = contract_code(seen);
    bool other_code = code != 0 && code != intent->reason;
    bool upgrade = intent->reason == SEI_HALT_UPGRADE_REQUIRED;
    bool other_plan = upgrade && fresh && intent->plan_name.len &&
                      !text_equal(intent->plan_name, seen->file_name);
    // The halts for 71 and 72 write no file.
    bool wrong_file = fresh && (intent->reason == SEI_HALT_BINARY_TOO_NEW ||
                                intent->reason == SEI_HALT_DOWNGRADE_DETECTED);
    bool before = seen->intent_recorded && disagreed;
    if (!token_fits(intent) || other_code || other_plan || wrong_file || before)
        return conclude(VERDICT_DISAGREES, intent->reason, source);
    return conclude_reason(intent->reason, source);
}

static struct conclusion conclude_code(int code, bool fresh, bool speaks)
{
    bool corroborated = fresh && code == SEI_HALT_EXIT_UPGRADE_REQUIRED;
    if (fresh && !corroborated)
        return conclude(VERDICT_DISAGREES, code, "exit code");
    if (!speaks && !corroborated)
        return conclude(VERDICT_UNCORROBORATED, 0, "exit code");
    return conclude_reason(code, "exit code");
}

// Nothing but a fresh file.
static struct conclusion conclude_file(const struct policy_observation *seen, bool speaks,
                                       int64_t grace_ms)
{
    static const char source[] = "upgrade-info.json";
    bool alive = evidence_life(seen) == POLICY_ALIVE;
    // One that speaks will say it itself in a moment, by its intent or its code.
    if (alive && speaks && seen->signal_age_ms < grace_ms)
        return conclude(VERDICT_PENDING, 0, source);
    // It would not have ended with 0.
    if (!alive && speaks && seen->exit_class == SEI_HALT_CLASS_SUCCESS)
        return conclude(VERDICT_DISAGREES, 0, source);
    return conclude(VERDICT_UPGRADE, SEI_HALT_UPGRADE_REQUIRED, source);
}

struct conclusion evidence_conclude(const struct policy_observation *seen,
                                    const struct policy_config *config,
                                    const struct policy_history *history)
{
    bool speaks = config->speaks || history->seen_speaking;
    bool started = seen->life != POLICY_NOT_STARTED;
    bool fresh = started && policy_file_is_fresh(seen);
    int code = contract_code(seen);
    if (evidence_signal(seen) == POLICY_SIGNAL_INTENT)
        return conclude_intent(seen, fresh, history->disagreed);
    if (code != 0)
        return conclude_code(code, fresh, speaks);
    if (fresh)
        return conclude_file(seen, speaks, config->halt_grace_ms);
    return conclude(VERDICT_NOTHING, 0, "none");
}
