// Asks the policy: fills in what was seen, does the immediate actions, feeds the answer.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "seivisor/core/json.h"
#include "seivisor/shell/visor.h"

enum { NS_PER_MS = 1000000 };

void visor_configure_policy(struct visor *v)
{
    const struct settings *s = v->settings;
    bool restarts =
        s->restart == SETTINGS_RESTART_ALWAYS ||
        (s->restart == SETTINGS_RESTART_START && v->args[0] && strcmp(v->args[0], "start") == 0);
    policy_config_init(&v->config);
    v->config.speaks = s->contract == SETTINGS_CONTRACT_YES;
    v->config.halt_grace_ms = s->halt_grace_ms;
    v->config.stop_grace_ms = s->shutdown_grace_ms;
    v->config.backoff_first_ms = s->backoff_ms;
    v->config.backoff_max_ms = s->backoff_max_ms;
    v->config.crash_budget = restarts ? (uint32_t)s->restart_budget : 0;
    v->config.healthy_after_ms = s->restart_window_ms;
    v->config.exit_on_hold = s->hold == SETTINGS_HOLD_EXIT;
    v->config.stay_after_upgrade = !s->restart_after_upgrade;
}

static struct sei_halt_text text_of(const char *text)
{
    return (struct sei_halt_text){text, strlen(text)};
}

// What is latched on the current target stands in for a daemon that has said nothing.
static bool recall(struct visor *v, struct visor_intent *ret)
{
    const struct memory_halt *halt = memory_latched(&v->store.memory, v->current, v->identity);
    if (!halt || v->start.life != POLICY_NOT_STARTED)
        return false;
    *ret = (struct visor_intent){.reason = halt->reason, .height = halt->height, .recorded = true};
    snprintf(ret->plan, sizeof ret->plan, "%s", halt->plan);
    return true;
}

static enum policy_target mapping_of(struct visor *v, const struct policy_observation *seen)
{
    char target[LAYOUT_TARGET_MAX], identity[HOME_IDENTITY_MAX], plan[PLAN_NAME_MAX + 1];
    struct sei_halt_text name = policy_plan(seen);
    if (name.len == 0 || name.len > PLAN_NAME_MAX)
        return POLICY_TARGET_NONE;
    snprintf(plan, sizeof plan, "%.*s", (int)name.len, name.data);
    if (home_plan_target(&v->home, plan, target, NULL) != 0)
        return POLICY_TARGET_NONE;
    home_identity(&v->home, target, identity);
    // The same folder with another file in it is another binary: a person put it there.
    if (strcmp(target, v->current) == 0 && strcmp(identity, v->identity) == 0)
        return POLICY_TARGET_SAME;
    const struct memory_halt *halt = memory_latched(&v->store.memory, target, identity);
    snprintf(v->goal, sizeof v->goal, "%s", target);
    if (halt && halt->reason != SEI_HALT_BINARY_TOO_NEW && strcmp(halt->plan, plan) == 0)
        return POLICY_TARGET_HALTED;
    return POLICY_TARGET_OTHER;
}

static enum policy_target rollback_of(struct visor *v, char ret[LAYOUT_TARGET_MAX])
{
    char identity[HOME_IDENTITY_MAX];
    const struct memory_good *good = memory_previous(&v->store.memory, v->current);
    if (!good || home_check_binary(&v->home, good->target, NULL) < 0)
        return POLICY_TARGET_NONE;
    home_identity(&v->home, good->target, identity);
    if (strcmp(identity, good->identity) != 0) // its file was replaced: not what ran well
        return POLICY_TARGET_NONE;
    snprintf(ret, LAYOUT_TARGET_MAX, "%s", good->target);
    return memory_latched(&v->store.memory, good->target, identity) ? POLICY_TARGET_HALTED
                                                                    : POLICY_TARGET_OTHER;
}

static void observe_signal(struct visor *v, struct policy_observation *seen,
                           struct sei_halt_intent *ret_intent)
{
    const struct visor_start *start = &v->start;
    struct visor_intent recorded;
    seen->signal = start->signal;
    const struct visor_intent *intent = &start->intent;
    if (recall(v, &recorded)) {
        seen->signal = POLICY_SIGNAL_INTENT;
        snprintf(v->start.intent.plan, sizeof v->start.intent.plan, "%s", recorded.plan);
        v->start.intent.reason = recorded.reason;
        v->start.intent.height = recorded.height;
        v->start.intent.recorded = true;
    } else if (start->life == POLICY_ALIVE && !start->asked && start->good) {
        // Nobody asks it, and it has run for as long as it takes: it says nothing of a halt.
        seen->signal = POLICY_SIGNAL_ABSENT;
    }
    if (seen->signal != POLICY_SIGNAL_INTENT)
        return;
    *ret_intent = (struct sei_halt_intent)SEI_HALT_INTENT_INIT;
    ret_intent->reason = intent->reason;
    ret_intent->height = intent->height;
    ret_intent->plan_name = text_of(intent->plan);
    seen->intent = ret_intent;
    seen->intent_recorded = intent->recorded;
}

// The height counts only where a file might have been put there ahead of its time; a daemon that
// wrote it, and has ended or cannot be asked, wrote it at its height.
static void observe_file(struct visor *v, struct policy_observation *seen)
{
    const struct visor_start *start = &v->start;
    seen->file_present = seen->file_since_start = start->file_present;
    if (!start->file_present)
        return;
    seen->file_name = text_of(start->file.name);
    seen->file_height = start->file.height;
    if (start->file_staged) {
        seen->height = start->height;
        if (start->height == 0)
            seen->file_present = false;
    } else if (start->life == POLICY_ALIVE) {
        bool answers = start->signal != POLICY_SIGNAL_UNREACHABLE;
        seen->height = start->asked && !answers ? start->file.height : start->height;
    }
}

void visor_observe(struct visor *v, struct policy_observation *ret,
                   struct sei_halt_intent *ret_intent)
{
    const struct visor_start *start = &v->start;
    *ret = (struct policy_observation){.platform = POLICY_MACHINE, .life = start->life};
    if (start->life == POLICY_ENDED) {
        ret->exit_class = sei_halt_classify_wait_status(start->wait_status, &ret->exit_detail);
        ret->exit_own = true;
    }
    observe_signal(v, ret, ret_intent);
    observe_file(v, ret);
    if (start->signal_ns)
        ret->signal_age_ms = (clock_monotonic_ns() - start->signal_ns) / NS_PER_MS;
    ret->stop_requested = v->quit;
    ret->mapping = mapping_of(v, ret);
    char back[LAYOUT_TARGET_MAX];
    ret->rollback = rollback_of(v, back);
}

static bool arrived_by(const struct visor *v, enum memory_arrival how)
{
    const struct memory *m = &v->store.memory;
    return m->arrival == (int)how && strcmp(m->arrived, v->current) == 0;
}

void visor_history_of(struct visor *v, struct policy_history *ret)
{
    const struct memory *m = &v->store.memory;
    bool same =
        strcmp(m->crashed, v->current) == 0 && strcmp(m->crashed_identity, v->identity) == 0;
    int64_t ended_ms = m->ended_ns ? (clock_realtime_ns() - m->ended_ns) / NS_PER_MS : 0;
    *ret = (struct policy_history){
        .seen_speaking = m->speaks_contract && v->settings->contract != SETTINGS_CONTRACT_NO,
        .crashes = same ? (uint32_t)m->crashes : 0,
        .ended_ms = v->start.life == POLICY_ENDED
                        ? (clock_monotonic_ns() - v->start.ended_ns) / NS_PER_MS
                        : ended_ms,
        .last_exit_code = m->last_exit_code,
        .page_open = paging_is_open(v),
        .rolled_back = arrived_by(v, MEMORY_BY_ROLLBACK),
        .upgraded = arrived_by(v, MEMORY_BY_UPGRADE),
    };
}

static void node_name(const struct visor *v, char *ret, size_t cap)
{
    char host[65] = "";
    if (gethostname(host, sizeof host - 1) < 0)
        host[0] = '\0';
    snprintf(ret, cap, "%s.%s", host, v->settings->home);
}

// ---- telling ------------------------------------------------------------------------------------

static bool is_crash(enum policy_row row)
{
    return row == POLICY_ROW_CRASH || row == POLICY_ROW_CRASH_UNCORROBORATED;
}

static const char *target_label(const char *target)
{
    return strncmp(target, "upgrades/", 9) == 0 ? target + 9 : target;
}

// "after 1000 ms: " when the policy waits before it acts on a halt; else nothing.
static size_t say_when(const struct policy_decision *d, char *ret, size_t cap)
{
    ret[0] = '\0';
    const struct policy_action *last = d->now ? &d->actions[d->now - 1] : NULL;
    if (!last || last->act != POLICY_WAIT || is_crash(d->row))
        return 0;
    return (size_t)snprintf(ret, cap, "after %lld ms: ", (long long)last->ms);
}

// What is being done, for the one line.
static void say_what(const struct visor *v, char *ret, size_t cap)
{
    const struct policy_decision *d = &v->decision;
    size_t skip = say_when(d, ret, cap);
    ret += skip;
    cap -= skip;
    for (size_t i = 0; i < d->count; i++) {
        const struct policy_action *a = &d->actions[i];
        const char *from = target_label(v->current), *to = target_label(v->goal);
        if (a->act == POLICY_SWAP)
            snprintf(ret, cap, "swapping %s -> %s", from, to);
        else if (a->act == POLICY_ROLL_BACK)
            snprintf(ret, cap, "rolling back %s -> %s", from, to);
        else if (a->act == POLICY_HOLD)
            snprintf(ret, cap, "held (%s), nothing is started until a person acts", d->state);
        else if (a->act == POLICY_WAIT && is_crash(d->row))
            snprintf(ret, cap, "starting %s again in %lld ms (%u in a row, %u allowed)", from,
                     (long long)a->ms, v->start.crashes, v->config.crash_budget);
        else if (a->act == POLICY_START)
            snprintf(ret, cap, "starting %s", from);
        else
            continue;
        return;
    }
    snprintf(ret, cap, "%s", policy_row_info(d->row)->name);
}

static void say_why(const struct visor *v, const struct policy_observation *seen, char *ret,
                    size_t cap)
{
    const struct policy_decision *d = &v->decision;
    struct sei_halt_text plan = policy_plan(seen);
    int64_t height = seen->intent ? seen->intent->height : seen->file_height;
    int at = 0;
    if (d->reason)
        at = snprintf(ret, cap, "halt: %s", sei_halt_reason_string(d->reason));
    else if (seen->life == POLICY_ENDED && seen->exit_class == SEI_HALT_CLASS_SIGNAL)
        at = snprintf(ret, cap, "%s: signal %d", policy_row_info(d->row)->name, seen->exit_detail);
    else if (seen->life == POLICY_ENDED)
        at = snprintf(ret, cap, "%s: exit code %d", policy_row_info(d->row)->name,
                      seen->exit_detail);
    else
        at = snprintf(ret, cap, "%s", policy_row_info(d->row)->name);
    if (d->reason && !sei_halt_parse_exit_code((int)d->reason, NULL))
        at += snprintf(ret + at, cap - (size_t)at, " (%lld)", (long long)d->reason);
    if (plan.len)
        at += snprintf(ret + at, cap - (size_t)at, " \"%.*s\"", (int)plan.len, plan.data);
    if (plan.len && height)
        snprintf(ret + at, cap - (size_t)at, " at height %lld", (long long)height);
}

static json_t *evidence_json(const struct visor *v, const struct policy_observation *seen)
{
    static const char *const signals[] = {"unreachable", "absent", "null", "intent"};
    json_t *ret = json_object();
    if (seen->life == POLICY_ENDED)
        json_object_set_new(ret, "exit",
                            json_pack("{s:s, s:i}", "class",
                                      sei_halt_class_string(seen->exit_class), "detail",
                                      seen->exit_detail));
    json_object_set_new(ret, "status", json_string(signals[seen->signal]));
    if (seen->intent)
        json_object_set_new(
            ret, "intent",
            json_pack("{s:I, s:o, s:I, s:b}", "reason", (json_int_t)seen->intent->reason,
                      "plan_name", json_safe_string(v->start.intent.plan), "height",
                      (json_int_t)seen->intent->height, "recorded", seen->intent_recorded));
    if (seen->file_present)
        json_object_set_new(ret, "upgrade_info",
                            json_pack("{s:o, s:I}", "name", json_safe_string(v->start.file.name),
                                      "height", (json_int_t)seen->file_height));
    if (v->start.height)
        json_object_set_new(ret, "height", json_integer(v->start.height));
    return ret;
}

static void record(struct visor *v, const struct policy_observation *seen, const char *line,
                   const char *key, bool later)
{
    const struct policy_decision *d = &v->decision;
    json_t *actions = json_array();
    for (size_t i = 0; i < d->count; i++)
        json_array_append_new(actions, json_string(policy_act_string(d->actions[i].act)));
    json_t *entry =
        json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:o, s:o, s:o}", "row",
                  policy_row_info(d->row)->name, "state", d->state, "source", d->source, "reason",
                  (json_int_t)d->reason, "target", v->current, "key", key, "line",
                  json_safe_string(line), "evidence", evidence_json(v, seen), "actions", actions);
    json_object_set_new(entry, "actions_now", json_integer((json_int_t)d->now));
    if (v->goal[0])
        json_object_set_new(entry, "goal", json_string(v->goal));
    report_history(v, "decision", entry, later);
}

static void log_line(struct visor *v, const char *line)
{
    const struct policy_decision *d = &v->decision;
    const struct policy_row_info *info = policy_row_info(d->row);
    enum log_level level = d->held ? LOG_ERROR
                           : d->reason || info->severity != POLICY_SEVERITY_NONE ||
                                   d->row == POLICY_ROW_CRASH ||
                                   d->row == POLICY_ROW_CRASH_UNCORROBORATED
                               ? LOG_WARN
                               : LOG_INFO;
    bool told = strncmp(v->last_line, line, sizeof v->last_line - 1) == 0;
    snprintf(v->last_line, sizeof v->last_line, "%.255s", line);
    if (level < v->log->level || told)
        return;
    log_write(v->log, level, line,
              (const struct log_field[]){LOG_STR("row", info->name), LOG_STR("source", d->source)},
              2);
    if (d->held)
        log_error(v->log, info->advice[POLICY_MACHINE]);
}

// ---- doing --------------------------------------------------------------------------------------

static void latch(struct visor *v, const struct policy_observation *seen)
{
    struct memory_halt halt = {.reason = v->decision.reason, .at_ns = clock_realtime_ns()};
    struct sei_halt_text plan = policy_plan(seen);
    int64_t height = seen->intent ? seen->intent->height : seen->file_height;
    snprintf(halt.plan, sizeof halt.plan, "%.*s", (int)plan.len, plan.len ? plan.data : "");
    snprintf(halt.target, sizeof halt.target, "%s", v->current);
    snprintf(halt.identity, sizeof halt.identity, "%s", v->identity);
    halt.height = plan.len ? height : 0;
    const struct memory_halt *known = memory_latched(&v->store.memory, v->current, v->identity);
    if (known && known->reason == halt.reason && known->height == halt.height &&
        strcmp(known->plan, halt.plan) == 0)
        return;
    memory_latch(&v->store.memory, &halt);
    v->memory_dirty = true;
}

static int hold_exit_code(const struct policy_decision *d, int fallback)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->actions[i].act == POLICY_EXIT)
            return d->actions[i].code;
    return fallback;
}

static void remember_hold(struct visor *v, const struct policy_observation *seen, const char *key,
                          const char *line)
{
    const struct policy_decision *d = &v->decision;
    struct memory_hold hold = {.active = true,
                               .own = d->row == POLICY_ROW_EVIDENCE_DISAGREES,
                               .exit_code = hold_exit_code(d, d->reason ? (int)d->reason : 1),
                               .at_ns = clock_realtime_ns()};
    struct memory_hold *known = &v->store.memory.hold;
    if (known->active && strcmp(known->key, key) == 0)
        return;
    struct sei_halt_text plan = policy_plan(seen);
    snprintf(hold.key, sizeof hold.key, "%s", key);
    snprintf(hold.state, sizeof hold.state, "%s", d->state);
    snprintf(hold.why, sizeof hold.why, "%.255s", line);
    snprintf(hold.plan, sizeof hold.plan, "%.*s", (int)plan.len, plan.len ? plan.data : "");
    snprintf(hold.target, sizeof hold.target, "%s", v->current);
    snprintf(hold.identity, sizeof hold.identity, "%s", v->identity);
    hold.height = seen->intent ? seen->intent->height : seen->file_height;
    *known = hold;
    v->memory_dirty = true;
}

static void page(struct visor *v, const struct policy_observation *seen, const char *key,
                 const char *line, enum policy_severity severity)
{
    const struct policy_decision *d = &v->decision;
    char summary[MEMORY_TEXT_MAX], plan[PLAN_NAME_MAX + 1];
    struct sei_halt_text name = policy_plan(seen);
    const char *token =
        d->reason ? sei_halt_reason_string(d->reason) : policy_row_info(d->row)->name;
    snprintf(plan, sizeof plan, "%.*s", (int)name.len, name.len ? name.data : "");
    snprintf(summary, sizeof summary, "%.50s: %.200s", v->settings->name, line);
    paging_open(v, key, severity, token, summary, plan,
                seen->intent ? seen->intent->height : seen->file_height);
}

// The event that an action is to the life cycle; false for those that are done at once.
static bool answer_of(enum policy_act act, enum life_event *ret)
{
    switch (act) {
    case POLICY_STOP:
        *ret = LIFE_EV_STOP;
        return true;
    case POLICY_SWAP:
        *ret = LIFE_EV_SWAP;
        return true;
    case POLICY_ROLL_BACK:
        *ret = LIFE_EV_BACK;
        return true;
    case POLICY_START:
        *ret = LIFE_EV_START;
        return true;
    case POLICY_WAIT:
        *ret = LIFE_EV_WAIT;
        return true;
    case POLICY_HOLD:
        *ret = LIFE_EV_HOLD;
        return true;
    case POLICY_EXIT:
        *ret = LIFE_EV_EXIT;
        return true;
    case POLICY_LATCH:
    case POLICY_RELEASE:
    case POLICY_PAGE:
    case POLICY_RESOLVE:
    case POLICY_EVENT:
        break;
    }
    return false;
}

static void act(struct visor *v, const struct policy_observation *seen,
                const struct policy_action *action, const char *key, const char *line)
{
    switch (action->act) {
    case POLICY_LATCH:
        latch(v, seen);
        return;
    case POLICY_RELEASE:
        memory_release(&v->store.memory, v->current);
        v->memory_dirty = true;
        return;
    case POLICY_PAGE:
        page(v, seen, key, line, action->severity);
        return;
    case POLICY_RESOLVE:
        paging_resolve(v);
        return;
    case POLICY_WAIT:
        v->wait_ms = action->ms;
        return;
    case POLICY_EXIT:
        v->exit_code = action->code;
        return;
    case POLICY_HOLD:
        remember_hold(v, seen, key, line);
        return;
    case POLICY_EVENT:
    case POLICY_STOP:
    case POLICY_SWAP:
    case POLICY_ROLL_BACK:
    case POLICY_START:
        return;
    }
}

// Does the immediate actions; what decides about the life cycle is the first of the others, except
// that a hold may end the supervisor.
static enum life_event act_all(struct visor *v, const struct policy_observation *seen,
                               const char *key, const char *line)
{
    enum life_event answer = LIFE_EV_REST;
    for (size_t i = 0; i < v->decision.now; i++) {
        const struct policy_action *action = &v->decision.actions[i];
        enum life_event event = LIFE_EV_REST;
        bool moves = answer_of(action->act, &event);
        bool exits = event == LIFE_EV_EXIT && answer == LIFE_EV_HOLD;
        if (moves && answer != LIFE_EV_REST && !exits)
            continue;
        act(v, seen, action, key, line);
        if (moves)
            answer = event;
    }
    return answer;
}

static void count_crash(struct visor *v)
{
    struct memory *m = &v->store.memory;
    bool crash = is_crash(v->decision.row) || v->decision.row == POLICY_ROW_CRASH_LOOP;
    if (v->start.life != POLICY_ENDED || v->start.counted || v->quit)
        return;
    v->start.counted = true;
    m->crashes = crash ? (int)v->start.crashes : 0;
    snprintf(m->crashed, sizeof m->crashed, "%s", v->current);
    snprintf(m->crashed_identity, sizeof m->crashed_identity, "%s", v->identity);
    v->memory_dirty = true;
}

static void decide_with(struct visor *v, const struct policy_observation *seen,
                        char key[POLICY_KEY_SIZE])
{
    struct policy_history history;
    char node[1200];
    visor_history_of(v, &history);
    if (v->start.life == POLICY_ENDED && !v->start.counted)
        history.crashes = v->start.crashes;
    policy_decide(seen, &v->config, &history, &v->decision);
    node_name(v, node, sizeof node);
    policy_key(node, v->current, seen, &v->decision, key);
    if (!v->store.memory.resume[0] || strcmp(v->store.memory.resume, key) != 0)
        return;
    history.resume = true;
    policy_decide(seen, &v->config, &history, &v->decision);
}

// Where the decision leads: mapping_of left its target in `goal`, unless it is another one.
static void find_goal(struct visor *v)
{
    for (size_t i = 0; i < v->decision.count; i++) {
        if (v->decision.actions[i].act == POLICY_SWAP)
            return;
        if (v->decision.actions[i].act == POLICY_ROLL_BACK) {
            rollback_of(v, v->goal);
            return;
        }
    }
    v->goal[0] = '\0';
}

// A hold that is not decided anew still holds: the same binary, and nobody has released it.
static bool own_hold_stands(struct visor *v)
{
    struct memory *m = &v->store.memory;
    if (!m->hold.active || !m->hold.own)
        return false;
    bool same =
        strcmp(m->hold.target, v->current) == 0 && strcmp(m->hold.identity, v->identity) == 0;
    if (same && strcmp(m->resume, m->hold.key) != 0)
        return true;
    if (strcmp(m->hold.state, policy_row_info(POLICY_ROW_EVIDENCE_DISAGREES)->reason[0]) == 0) {
        memory_release(m, v->current);
        evidence_reset(v);
        v->start.life = POLICY_NOT_STARTED;
    }
    m->hold = (struct memory_hold){0};
    m->resume[0] = '\0';
    v->memory_dirty = true;
    report_history(v, "released", json_pack("{s:s}", "target", v->current), false);
    paging_resolve(v);
    return false;
}

static void feed_own_hold(struct visor *v)
{
    v->exit_code = v->store.memory.hold.exit_code;
    if (!v->own_hold_told)
        log_error(v->log, v->store.memory.hold.why, LOG_STR("state", v->store.memory.hold.state),
                  LOG_STR("release", "seivisor resume"));
    v->own_hold_told = true;
    visor_feed(v, v->config.exit_on_hold || v->quit ? LIFE_EV_EXIT : LIFE_EV_HOLD);
}

void visor_decide(struct visor *v)
{
    struct policy_observation seen;
    struct sei_halt_intent intent;
    char key[POLICY_KEY_SIZE], why[512], what[700], line[1300];
    if (v->elder_pid != 0) // nothing is started beside it
        return;
    if (v->start.life != POLICY_ALIVE)
        visor_refresh(v);
    if (v->start.life != POLICY_ALIVE && own_hold_stands(v)) {
        feed_own_hold(v);
        visor_flush(v);
        return;
    }
    v->own_hold_told = false;
    enum policy_row before = v->row;
    bool first = !v->decided;
    visor_observe(v, &seen, &intent);
    decide_with(v, &seen, key);
    find_goal(v);
    say_why(v, &seen, why, sizeof why);
    say_what(v, what, sizeof what);
    snprintf(line, sizeof line, "%s: %s", why, what);
    v->row = v->decision.row;
    v->decided = true;
    count_crash(v);
    enum life_event answer = act_all(v, &seen, key, line);
    if (!v->decision.held && v->store.memory.hold.active && !v->quit) {
        v->store.memory.hold = (struct memory_hold){0};
        v->memory_dirty = true;
    }
    // Before a swap only the journal is written, which carries the same facts; but a page that is
    // due must be stored first: a kill must not lose it.
    bool urgent = (answer == LIFE_EV_SWAP || answer == LIFE_EV_START) && !v->page_soon;
    bool quiet = answer == LIFE_EV_REST || (answer == LIFE_EV_START && v->row == POLICY_ROW_START);
    // These are looked at now and then, and a crash was told when it happened.
    bool again = answer == LIFE_EV_WAIT || answer == LIFE_EV_HOLD || is_crash(v->row);
    bool ordinary = v->row == POLICY_ROW_UNREACHABLE || v->row == POLICY_ROW_HEALTHY;
    if (!ordinary && (first || before != v->row || v->row_of_start || (!quiet && !again))) {
        v->row_of_start = false;
        if (!quiet)
            log_line(v, line);
        record(v, &seen, line, key, urgent);
    }
    if (!urgent)
        visor_flush(v);
    visor_feed(v, answer);
}

// A step of ours failed: recorded like a halt, so that it survives a restart and can be released.
void visor_hold_own(struct visor *v)
{
    struct memory *m = &v->store.memory;
    struct memory_hold hold = {.active = true, .own = true, .at_ns = clock_realtime_ns()};
    const struct journal *j = &v->store.journal;
    char node[1200], line[MEMORY_TEXT_MAX];
    struct policy_observation none = {0};
    struct policy_decision decision = {.row = POLICY_ROW_EVIDENCE_DISAGREES, .reason = 0};
    node_name(v, node, sizeof node);
    policy_key(node, v->failure_state, &none, &decision, hold.key);
    snprintf(line, sizeof line, "%s: %.200s", v->failure_state, v->failure);
    snprintf(hold.state, sizeof hold.state, "%s", v->failure_state);
    snprintf(hold.why, sizeof hold.why, "%s", line);
    snprintf(hold.plan, sizeof hold.plan, "%s", j->plan);
    snprintf(hold.target, sizeof hold.target, "%s", v->current);
    snprintf(hold.identity, sizeof hold.identity, "%s", v->identity);
    hold.height = j->height;
    // The daemon's code, of before the swap; never 0, which would be taken for success.
    int code = j->step != SWAP_NONE ? j->exit_code : m->last_exit_code;
    hold.exit_code = code > 0 ? code : 1;
    m->hold = hold;
    m->resume[0] = '\0';
    v->memory_dirty = true;
    v->exit_code = hold.exit_code;
    v->own_hold_told = true;
    log_error(v->log, line, LOG_STR("plan", j->plan), LOG_STR("release", "seivisor resume"));
    char summary[MEMORY_TEXT_MAX];
    snprintf(summary, sizeof summary, "%.60s: %.190s", v->settings->name, line);
    paging_open(v, hold.key, POLICY_ERROR, hold.state, summary, j->plan, j->height);
    report_history(v, "held",
                   json_pack("{s:s, s:o, s:s, s:s}", "state", hold.state, "line",
                             json_safe_string(line), "target", v->current, "key", hold.key),
                   false);
    visor_flush(v);
}
