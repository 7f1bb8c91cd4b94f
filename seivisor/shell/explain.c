// `explain`: the decision for a given input, by the same code that decides in earnest.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "seivisor/cmd.h"
#include "seivisor/core/json.h"
#include "seivisor/shell/visor.h"

// The intent's JSON into the observation's place; the contract's decoder says what is wrong.
static int take_intent(struct visor *v, const char *json, size_t len, struct err *e)
{
    struct sei_halt_intent intent = SEI_HALT_INTENT_INIT;
    CLEANUP_FREE char *text = mem_alloc(len + 1);
    size_t at = 0;
    int result = sei_halt_intent_decode(json, len, &intent, text, len + 1, &at);
    if (result == SEI_HALT_NONE) {
        v->start.signal = POLICY_SIGNAL_NULL;
        return 0;
    }
    if (result != 0)
        return err_set(e, -1, "the intent is wrong at byte %zu: %s", at,
                       sei_halt_error_string(result));
    v->start.signal = POLICY_SIGNAL_INTENT;
    v->start.intent.reason = intent.reason;
    v->start.intent.height = intent.height;
    snprintf(v->start.intent.plan, sizeof v->start.intent.plan, "%.*s", (int)intent.plan_name.len,
             intent.plan_name.len ? intent.plan_name.data : "");
    return 0;
}

static int read_intent(struct visor *v, const char *text, struct err *e)
{
    CLEANUP_BUF struct buf in = {0};
    if (strcmp(text, "-") != 0)
        return take_intent(v, text, strlen(text), e);
    ssize_t n;
    while (in.len <= SEI_HALT_JSON_MAX &&
           (n = read(STDIN_FILENO, buf_reserve(&in, 4096), 4096)) > 0)
        in.len += (size_t)n;
    return take_intent(v, (const char *)in.data, in.len, e);
}

static int take_input(struct visor *v, const struct cli *cli, struct err *e)
{
    struct visor_start *start = &v->start;
    const char *plan = cli_str(cli, "plan"), *intent = cli_str(cli, "intent");
    if (cli_is_set(cli, "code") || cli_is_set(cli, "signal")) {
        start->life = POLICY_ENDED;
        start->wait_status = cli_is_set(cli, "signal") ? (int)(cli_int64(cli, "signal") & 0x7f)
                                                       : (int)(cli_int64(cli, "code") & 0xff) << 8;
        start->ended_ns = clock_monotonic_ns();
        start->crashes = (uint32_t)v->store.memory.crashes + 1;
    } else if (cli_bool(cli, "alive") || intent) {
        start->life = POLICY_ALIVE;
        start->signal = POLICY_SIGNAL_ABSENT;
        start->asked = true;
    }
    if (plan) {
        start->file_present = true;
        snprintf(start->file.name, sizeof start->file.name, "%s", plan);
        start->file.height = cli_is_set(cli, "height") ? cli_int64(cli, "height") : 1;
        start->height = start->file.height;
    }
    start->signal_ns = clock_monotonic_ns();
    return intent ? read_intent(v, intent, e) : 0;
}

static json_t *actions_json(const struct policy_decision *d)
{
    json_t *ret = json_array();
    for (size_t i = 0; i < d->count; i++) {
        const struct policy_action *a = &d->actions[i];
        json_t *action =
            json_pack("{s:s, s:b}", "do", policy_act_string(a->act), "now", i < d->now);
        if (a->severity != POLICY_SEVERITY_NONE)
            json_object_set_new(action, "severity",
                                json_string(policy_severity_string(a->severity)));
        if (a->ms)
            json_object_set_new(action, "ms", json_integer(a->ms));
        if (a->act == POLICY_EXIT)
            json_object_set_new(action, "code", json_integer(a->code));
        json_array_append_new(ret, action);
    }
    return ret;
}

static void print_json(const struct visor *v, const char *goal)
{
    const struct policy_decision *d = &v->decision;
    const struct policy_row_info *info = policy_row_info(d->row);
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:s, s:b, s:s, s:s, s:s, s:s, s:o}", "row", info->name, "state",
        d->state, "source", d->source, "reason_string", sei_halt_reason_string(d->reason), "reason",
        (json_int_t)d->reason, "when", info->when, "held", d->held, "happened", info->happened,
        "will", info->will, "advice", info->advice[POLICY_MACHINE], "current", v->current,
        "actions", actions_json(d));
    if (goal[0])
        json_object_set_new(object, "goal", json_string(goal));
    CLEANUP_FREE char *text = json_text(object);
    json_decref(object);
    printf("%s\n", text);
}

static void print_text(const struct visor *v, const char *goal)
{
    const struct policy_decision *d = &v->decision;
    const struct policy_row_info *info = policy_row_info(d->row);
    printf("row:       %s (%s)\n", info->name, info->when);
    printf("state:     %s\n", d->state);
    printf("evidence:  %s", d->source);
    if (d->reason)
        printf(", reason %lld %s", (long long)d->reason, sei_halt_reason_string(d->reason));
    printf("\nhappened:  %s\nwill:      %s\nadvice:    %s\n", info->happened, info->will,
           info->advice[POLICY_MACHINE]);
    printf("current:   %s\n", v->current);
    if (goal[0])
        printf("goes to:   %s\n", goal);
    printf("actions:   ");
    for (size_t i = 0; i < d->count; i++) {
        const struct policy_action *a = &d->actions[i];
        printf("%s%s", i ? (i == d->now ? "; later: " : ", ") : "", policy_act_string(a->act));
        if (a->ms)
            printf(" %lld ms", (long long)a->ms);
        if (a->act == POLICY_EXIT)
            printf(" %d", a->code);
        if (a->severity != POLICY_SEVERITY_NONE)
            printf(" (%s)", policy_severity_string(a->severity));
    }
    printf("\n");
}

static void decide(struct visor *v, char goal[LAYOUT_TARGET_MAX])
{
    struct policy_observation seen;
    struct sei_halt_intent intent;
    struct policy_history history;
    visor_observe(v, &seen, &intent);
    visor_history_of(v, &history);
    if (v->start.life == POLICY_ENDED)
        history.crashes = v->start.crashes;
    policy_decide(&seen, &v->config, &history, &v->decision);
    goal[0] = '\0';
    for (size_t i = 0; i < v->decision.count; i++)
        if (v->decision.actions[i].act == POLICY_SWAP)
            snprintf(goal, LAYOUT_TARGET_MAX, "%s", v->goal);
}

int cmd_explain(struct cli *cli, void *context)
{
    struct cmd *cmd = context;
    struct err e = {0};
    char start_word[] = "start", goal[LAYOUT_TARGET_MAX];
    char *const args[] = {start_word, NULL};
    if (cmd_load(cli, cmd) != 0)
        return 1;
    CLEANUP_FREE struct visor *v = mem_zalloc(sizeof *v);
    v->settings = &cmd->config->settings;
    v->args = args;
    v->log = cmd->log;
    home_init(&v->home, v->settings);
    visor_configure_policy(v);
    int result = store_peek(&v->store, &v->home, &e);
    if (result == 0)
        result = paging_init(v, &e);
    if (result == 0)
        result = home_current(&v->home, v->current, &e);
    if (result == HOME_NO_LINK)
        snprintf(v->current, sizeof v->current, "%s", LAYOUT_GENESIS);
    if (result >= 0) {
        home_identity(&v->home, v->current, v->identity);
        result = take_input(v, cli, &e);
    }
    if (result >= 0) {
        decide(v, goal);
        if (cli_bool(cli, "json"))
            print_json(v, goal);
        else
            print_text(v, goal);
    } else {
        fprintf(stderr, "seivisor: %s\n", e.text);
    }
    paging_deinit(v);
    store_close(&v->store);
    home_deinit(&v->home);
    return result < 0 ? 1 : 0;
}
