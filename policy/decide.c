#include <string.h>

#include "policy/evidence.h"
#include "policy/policy.h"

void policy_config_init(struct policy_config *ret_config)
{
    const int64_t second = 1000, minute = 60 * second;
    *ret_config = (struct policy_config){
        .halt_grace_ms = 30 * second,
        .stop_grace_ms = 90 * second,
        .backoff_first_ms = second,
        .backoff_max_ms = 5 * minute,
        .crash_budget = 5,
        .healthy_after_ms = 10 * minute,
    };
}

uint32_t policy_count_crash(uint32_t before, int64_t ran_ms, const struct policy_config *config)
{
    if (ran_ms >= config->healthy_after_ms)
        before = 0;
    return before == UINT32_MAX ? before : before + 1;
}

// What one decision is made of.
struct context {
    const struct policy_observation *seen;
    const struct policy_config *config;
    const struct policy_history *history;
    struct conclusion found;
    bool alive;
    struct policy_decision *out;
};

// ---- which row ----------------------------------------------------------------------------------

static int64_t grace_left(const struct context *c)
{
    // The window is for a node that said that it halted, so that people and tools can read it.
    if (!c->alive || evidence_signal(c->seen) != POLICY_SIGNAL_INTENT)
        return 0;
    int64_t age = c->seen->signal_age_ms < 0 ? 0 : c->seen->signal_age_ms;
    return age < c->config->halt_grace_ms ? c->config->halt_grace_ms - age : 0;
}

static enum policy_row upgrade_row(const struct context *c)
{
    if (policy_plan(c->seen).len == 0)
        return POLICY_ROW_PLAN_UNKNOWN;
    switch (c->seen->mapping) {
    case POLICY_TARGET_NONE:
        return POLICY_ROW_MAPPING_MISSING;
    case POLICY_TARGET_SAME:
    case POLICY_TARGET_HALTED:
        return POLICY_ROW_MAPPED_TARGET_HALTED;
    case POLICY_TARGET_OTHER:
        break;
    }
    if (grace_left(c) > 0)
        return POLICY_ROW_UPGRADE_GRACE;
    bool by_file = strcmp(c->found.source, "upgrade-info.json") == 0;
    return by_file ? POLICY_ROW_UPGRADE_FILE : POLICY_ROW_UPGRADE;
}

static enum policy_row alive_row(const struct context *c)
{
    switch (evidence_signal(c->seen)) {
    case POLICY_SIGNAL_NULL:
        return POLICY_ROW_NO_SIGNAL;
    case POLICY_SIGNAL_ABSENT:
        return c->history->rolled_back ? POLICY_ROW_ROLLED_BACK
               : c->history->upgraded  ? POLICY_ROW_UPGRADED
                                       : POLICY_ROW_HEALTHY;
    case POLICY_SIGNAL_UNREACHABLE:
    case POLICY_SIGNAL_INTENT: // would be a conclusion of its own
        break;
    }
    return POLICY_ROW_UNREACHABLE;
}

static bool over_budget(const struct context *c)
{
    return c->history->crashes > c->config->crash_budget;
}

// No halt.
static enum policy_row ordinary_row(const struct context *c)
{
    if (c->alive)
        return alive_row(c);
    if (c->seen->life == POLICY_ENDED && c->seen->exit_class == SEI_HALT_CLASS_SUCCESS)
        return POLICY_ROW_STOPPED;
    if (over_budget(c))
        return POLICY_ROW_CRASH_LOOP;
    return c->seen->life == POLICY_ENDED ? POLICY_ROW_CRASH : POLICY_ROW_START;
}

static enum policy_row verdict_row(const struct context *c)
{
    switch (c->found.verdict) {
    case VERDICT_UPGRADE:
        return upgrade_row(c);
    case VERDICT_TOO_NEW:
        return c->seen->rollback == POLICY_TARGET_OTHER ? POLICY_ROW_ROLL_BACK
                                                        : POLICY_ROW_NO_ROLLBACK_TARGET;
    case VERDICT_DOWNGRADE:
        return POLICY_ROW_HUMAN_REQUIRED;
    case VERDICT_OTHER:
        return POLICY_ROW_UNKNOWN_REASON;
    case VERDICT_PENDING:
        return POLICY_ROW_FILE_PENDING;
    case VERDICT_DISAGREES:
        return POLICY_ROW_EVIDENCE_DISAGREES;
    case VERDICT_UNCORROBORATED:
        return over_budget(c) ? POLICY_ROW_CRASH_LOOP : POLICY_ROW_CRASH_UNCORROBORATED;
    case VERDICT_NOTHING:
        break;
    }
    return ordinary_row(c);
}

// Rows that start nothing until a person changes something.
static bool is_hold(enum policy_row row)
{
    return row == POLICY_ROW_MAPPING_MISSING || row == POLICY_ROW_PLAN_UNKNOWN ||
           row == POLICY_ROW_MAPPED_TARGET_HALTED || row == POLICY_ROW_NO_ROLLBACK_TARGET ||
           row == POLICY_ROW_HUMAN_REQUIRED || row == POLICY_ROW_UNKNOWN_REASON ||
           row == POLICY_ROW_EVIDENCE_DISAGREES || row == POLICY_ROW_CRASH_LOOP;
}

static enum policy_row choose_row(const struct context *c)
{
    if (c->seen->stop_requested && c->alive)
        return POLICY_ROW_STOPPING;
    enum policy_row row = verdict_row(c);
    // A rollback that a person asks to undo is a hold as well: nothing else would leave it.
    bool resumable = is_hold(row) || row == POLICY_ROW_ROLL_BACK;
    return c->history->resume && resumable && !c->seen->stop_requested ? POLICY_ROW_RESUMED : row;
}

// ---- what is done -------------------------------------------------------------------------------

static struct policy_action *add(struct context *c, enum policy_act act)
{
    struct policy_action *action = &c->out->actions[c->out->count++];
    *action = (struct policy_action){.act = act};
    return action;
}

// What follows is done later, after another decision.
static void later(struct context *c)
{
    if (c->out->now == 0)
        c->out->now = c->out->count;
}

static void add_wait(struct context *c, int64_t ms)
{
    add(c, POLICY_WAIT)->ms = ms;
    later(c);
}

static void add_stop(struct context *c)
{
    add(c, POLICY_STOP)->ms = c->config->stop_grace_ms;
    later(c);
}

// People and the log: by the row's severity.
static void add_told(struct context *c)
{
    enum policy_severity severity = policy_row_info(c->out->row)->severity;
    if (severity != POLICY_SEVERITY_NONE)
        add(c, POLICY_PAGE)->severity = severity;
    add(c, POLICY_EVENT)->severity = severity;
}

// As a shell shows it.
static int child_code(const struct context *c)
{
    if (c->seen->life != POLICY_ENDED)
        return c->history->last_exit_code;
    if (c->seen->exit_class == SEI_HALT_CLASS_SIGNAL)
        return 128 + c->seen->exit_detail;
    return c->seen->exit_class == SEI_HALT_CLASS_SUCCESS ? 0 : c->seen->exit_detail;
}

// A hold never ends with 0: the layer above must not take it for success.
static int hold_code(const struct context *c)
{
    int code = c->alive ? 0 : child_code(c);
    if (code != 0)
        return code;
    bool halt = c->found.reason > 0 && c->found.reason < 126;
    return halt ? (int)c->found.reason : 1;
}

static bool on_machine(const struct context *c)
{
    return c->seen->platform == POLICY_MACHINE;
}

static void add_exit(struct context *c, int code)
{
    add(c, POLICY_EXIT)->code = code;
}

// A start, unless the supervisor itself was told to end.
static void add_start(struct context *c)
{
    if (!c->seen->stop_requested)
        add(c, POLICY_START);
    else if (on_machine(c))
        add_exit(c, child_code(c));
}

static void add_resolve(struct context *c)
{
    if (c->history->page_open)
        add(c, POLICY_RESOLVE);
}

// Ends a process that lives: when its window is over.
static void add_end_of_process(struct context *c)
{
    if (!c->alive)
        return;
    if (grace_left(c) > 0)
        add_wait(c, grace_left(c));
    add_stop(c);
}

static void act_upgrade(struct context *c)
{
    add(c, POLICY_LATCH);
    add_told(c);
    add_end_of_process(c);
    if (c->seen->stop_requested) {
        add_start(c);
        return;
    }
    add_resolve(c);
    add(c, POLICY_SWAP);
    if (on_machine(c) && c->config->stay_after_upgrade)
        add_exit(c, 0);
    else
        add_start(c);
}

static void act_roll_back(struct context *c)
{
    add(c, POLICY_LATCH);
    add_told(c);
    add_end_of_process(c);
    if (!c->seen->stop_requested)
        add(c, POLICY_ROLL_BACK);
    add_start(c);
}

static void act_hold(struct context *c)
{
    // A crash loop is on record as its count, and disagreement is not to be acted on.
    bool disagrees = c->out->row == POLICY_ROW_EVIDENCE_DISAGREES;
    if (c->out->row != POLICY_ROW_CRASH_LOOP)
        add(c, POLICY_LATCH);
    add_told(c);
    if (!disagrees)
        add_end_of_process(c);
    add(c, POLICY_HOLD);
    bool ends = c->config->exit_on_hold || c->seen->stop_requested;
    if (on_machine(c) && ends && !(disagrees && c->alive))
        add_exit(c, hold_code(c));
}

static void act_resume(struct context *c)
{
    add(c, POLICY_EVENT);
    if (c->alive)
        add_stop(c);
    add(c, POLICY_RELEASE);
    add_resolve(c);
    add_start(c);
}

static int64_t backoff_ms(const struct context *c)
{
    int64_t pause = c->config->backoff_first_ms;
    for (uint32_t i = 1; i < c->history->crashes && pause < c->config->backoff_max_ms; i++)
        pause *= 2;
    return pause < c->config->backoff_max_ms ? pause : c->config->backoff_max_ms;
}

static void add_start_after_pause(struct context *c, int64_t pause)
{
    int64_t ago = c->history->ended_ms < 0 ? 0 : c->history->ended_ms;
    if (!c->seen->stop_requested && ago < pause)
        add_wait(c, pause - ago);
    add_start(c);
}

static void act_crash(struct context *c)
{
    add(c, POLICY_EVENT)->severity = POLICY_WARNING;
    add_start_after_pause(c, backoff_ms(c));
}

static void act_stopped(struct context *c)
{
    if (on_machine(c))
        add_exit(c, 0);
    else
        add_start_after_pause(c, c->config->backoff_first_ms);
}

static void act(struct context *c)
{
    switch (c->out->row) {
    case POLICY_ROW_UPGRADE:
    case POLICY_ROW_UPGRADE_GRACE:
    case POLICY_ROW_UPGRADE_FILE:
        act_upgrade(c);
        break;
    case POLICY_ROW_ROLL_BACK:
        act_roll_back(c);
        break;
    case POLICY_ROW_MAPPING_MISSING:
    case POLICY_ROW_PLAN_UNKNOWN:
    case POLICY_ROW_MAPPED_TARGET_HALTED:
    case POLICY_ROW_NO_ROLLBACK_TARGET:
    case POLICY_ROW_HUMAN_REQUIRED:
    case POLICY_ROW_UNKNOWN_REASON:
    case POLICY_ROW_EVIDENCE_DISAGREES:
    case POLICY_ROW_CRASH_LOOP:
        act_hold(c);
        break;
    case POLICY_ROW_START:
        add_start(c);
        break;
    case POLICY_ROW_RESUMED:
        act_resume(c);
        break;
    case POLICY_ROW_STOPPED:
        act_stopped(c);
        break;
    case POLICY_ROW_CRASH:
    case POLICY_ROW_CRASH_UNCORROBORATED:
        act_crash(c);
        break;
    case POLICY_ROW_FILE_PENDING:
        add_wait(c, c->config->halt_grace_ms -
                        (c->seen->signal_age_ms < 0 ? 0 : c->seen->signal_age_ms));
        break;
    case POLICY_ROW_HEALTHY:
    case POLICY_ROW_UPGRADED:
        add_resolve(c);
        break;
    case POLICY_ROW_STOPPING:
    case POLICY_ROW_ROLLED_BACK:
    case POLICY_ROW_NO_SIGNAL:
    case POLICY_ROW_UNREACHABLE:
    case POLICY_ROW_COUNT:
        break;
    }
}

void policy_decide(const struct policy_observation *seen, const struct policy_config *config,
                   const struct policy_history *history, struct policy_decision *ret_decision)
{
    struct context c = {
        .seen = seen,
        .config = config,
        .history = history,
        .found = evidence_conclude(seen, config, history),
        .alive = evidence_life(seen) == POLICY_ALIVE,
        .out = ret_decision,
    };
    *ret_decision = (struct policy_decision){.reason = c.found.reason, .source = c.found.source};
    ret_decision->row = choose_row(&c);
    ret_decision->held = is_hold(ret_decision->row);
    ret_decision->state = policy_row_info(ret_decision->row)->reason[seen->platform];
    act(&c);
    if (ret_decision->now == 0)
        ret_decision->now = ret_decision->count;
}
