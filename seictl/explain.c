#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "policy/policy.h"
#include "seictl/cmd.h"
#include "seictl/subject.h"
#include "seictl/view.h"
#include "wire/jsonw.h"

static const char *const platforms[] = {"machine", "kubernetes", NULL};
static const char *const targets[] = {"none", "same", "other", "halted", NULL};

const struct cli_flag cmd_explain_flags[] = {
    {.name = "platform",
     .type = CLI_STRING,
     .fallback = "machine",
     .words = platforms,
     .help = "who decides: seivisor or the Kubernetes controller"},
    {.name = "mapping",
     .type = CLI_STRING,
     .words = targets,
     .help = "the target that is mapped to the plan"},
    {.name = "rollback",
     .type = CLI_STRING,
     .words = targets,
     .help = "the last target that ran this chain well"},
    {.name = "unknown-daemon",
     .type = CLI_BOOL,
     .help = "it is not known to speak the contract: its exit code alone is no evidence"},
    {.name = "ended",
     .type = CLI_BOOL,
     .help = "what lives in this picture has ended by now, as it said"},
    {.name = "age",
     .type = CLI_DURATION,
     .fallback = "0s",
     .check = cmd_check_duration,
     .help = "since the halt was first seen: the grace window runs from there"},
    {.name = "json", .type = CLI_BOOL, .help = "one JSON object"},
    {0},
};

struct explain_options {
    enum policy_platform platform;
    int mapping;  // enum policy_target, -1: every one that matters
    int rollback; // the same
    bool unknown_daemon;
    bool ended;
    int64_t age_ms;
    bool json;
    const char *what;
};

// The place of the flag's word in its list, -1 when it is not set.
static int word_of(const struct cli *cli, const char *name, const char *const *words)
{
    const char *text = cli_str(cli, name);
    for (int i = 0; text && words[i]; i++)
        if (strcmp(words[i], text) == 0)
            return i;
    return -1;
}

static struct explain_options options_of(const struct cli *cli)
{
    bool machine = word_of(cli, "platform", platforms) == 0;
    return (struct explain_options){
        .platform = machine ? POLICY_MACHINE : POLICY_KUBERNETES,
        .mapping = word_of(cli, "mapping", targets),
        .rollback = word_of(cli, "rollback", targets),
        .unknown_daemon = cli_bool(cli, "unknown-daemon"),
        .ended = cli_bool(cli, "ended"),
        .age_ms = cmd_duration_ms(cli, "age"),
        .json = cli_bool(cli, "json"),
        .what = cli->args[0],
    };
}

// ---- reading ------------------------------------------------------------------------------------

static int read_stdin(struct buf *bytes, struct err *e)
{
    for (;;) {
        uint8_t *room = buf_reserve(bytes, 65536);
        ssize_t n = read(STDIN_FILENO, room, 65536);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(e, errno, "cannot read stdin");
        bytes->len += (size_t)n;
        if (n == 0)
            return 0;
        if (bytes->len > SUBJECT_BYTES_MAX)
            return err_set(e, -EFBIG, "stdin: longer than %d bytes", SUBJECT_BYTES_MAX);
    }
}

static int read_subject(const char *what, struct subject *s, struct err *e)
{
    struct buf bytes CLEANUP_BUF = {0};
    struct stat st;
    bool is_stdin = strcmp(what, "-") == 0;
    bool is_file = !is_stdin && stat(what, &st) == 0 && !S_ISDIR(st.st_mode);
    if (!is_stdin && !is_file)
        return subject_argument(s, what, e);
    int result = is_stdin ? read_stdin(&bytes, e) : fs_read(what, SUBJECT_BYTES_MAX, &bytes, e);
    if (result == 0)
        result = subject_read(s, buf_slice(&bytes), e);
    return result < 0 && is_file ? err_context(e, "%s", what) : result;
}

// ---- what a supervisor would see ----------------------------------------------------------------

static void see_status(struct policy_observation *seen, const struct node_status *status)
{
    seen->height = status->height > 0 ? status->height : 0;
    switch (status->intent_state) {
    case STATUS_INTENT_ABSENT:
        seen->signal = POLICY_SIGNAL_ABSENT;
        break;
    case STATUS_INTENT_NULL:
        seen->signal = POLICY_SIGNAL_NULL;
        break;
    case STATUS_INTENT_VALID:
        seen->signal = POLICY_SIGNAL_INTENT;
        seen->intent = &status->intent;
        break;
    case STATUS_INTENT_INVALID:
        seen->signal = POLICY_SIGNAL_UNREACHABLE;
        break;
    }
}

static void see_file(struct policy_observation *seen, const char *plan, int64_t height)
{
    seen->file_present = seen->file_since_start = true;
    seen->file_name = (struct sei_halt_text){plan, strlen(plan)};
    seen->file_height = height;
    seen->height = height;
}

static struct policy_observation observe(const struct subject *s, const struct explain_options *o,
                                         const struct probe_result *probed)
{
    struct policy_observation seen = {.platform = o->platform,
                                      .life = o->ended ? POLICY_ENDED : POLICY_ALIVE,
                                      .exit_class = SEI_HALT_CLASS_CRASH,
                                      .exit_detail = 1,
                                      .exit_own = true,
                                      .signal_age_ms = o->age_ms};
    switch (s->kind) {
    case SUBJECT_CODE:
        seen.life = POLICY_ENDED;
        seen.exit_class = sei_halt_classify_exit_code(s->code);
        seen.exit_detail = s->code;
        break;
    case SUBJECT_INTENT:
        see_status(&seen, &s->status);
        break;
    case SUBJECT_NULL:
        seen.signal = POLICY_SIGNAL_NULL;
        break;
    case SUBJECT_UPGRADE_INFO:
        seen.signal = POLICY_SIGNAL_ABSENT;
        see_file(&seen, s->plan, s->height);
        break;
    case SUBJECT_STATUS:
    case SUBJECT_NODE:
        if (probed->outcome == PROBE_OK)
            see_status(&seen, &probed->status);
        break;
    }
    // With a live intent, an end in the picture is the one that fits it.
    bool code = seen.life == POLICY_ENDED && s->kind != SUBJECT_CODE && seen.intent;
    if (code && seen.intent->reason > 0 && seen.intent->reason < 256) {
        seen.exit_detail = (int)seen.intent->reason;
        seen.exit_class = sei_halt_classify_exit_code(seen.exit_detail);
    }
    return seen;
}

struct answers {
    struct policy_decision list[POLICY_ROW_COUNT];
    size_t count;
};

static void add_answer(struct answers *answers, const struct policy_observation *seen,
                       const struct policy_config *config)
{
    struct policy_history history = {.crashes = 1, .ended_ms = 0};
    struct policy_decision decision;
    policy_decide(seen, config, &history, &decision);
    for (size_t i = 0; i < answers->count; i++)
        if (answers->list[i].row == decision.row)
            return;
    answers->list[answers->count++] = decision;
}

// Decides for every value of what is not known, and keeps the rows that come out.
static void decide_all(const struct subject *s, const struct explain_options *o,
                       struct policy_observation seen, struct answers *ret_answers)
{
    static const enum policy_target cases[] = {POLICY_TARGET_OTHER, POLICY_TARGET_NONE,
                                               POLICY_TARGET_SAME};
    struct policy_config config;
    policy_config_init(&config);
    config.exit_on_hold = true;
    config.speaks = !o->unknown_daemon && s->kind != SUBJECT_UPGRADE_INFO;
    // 70 comes with the file, but for a disk that is full.
    bool try_file = s->kind == SUBJECT_CODE && s->code == SEI_HALT_EXIT_UPGRADE_REQUIRED;
    for (int file = try_file; file >= 0; file--) {
        seen.file_present = file || s->kind == SUBJECT_UPGRADE_INFO;
        if (file)
            see_file(&seen, "PLAN", 1);
        for (int m = 0; m < 3; m++) {
            for (int r = 0; r < 3; r++) {
                seen.mapping = o->mapping >= 0 ? (enum policy_target)o->mapping : cases[m];
                seen.rollback = o->rollback >= 0 ? (enum policy_target)o->rollback : cases[r];
                add_answer(ret_answers, &seen, &config);
            }
        }
    }
}

// ---- text ---------------------------------------------------------------------------------------

static void number_text(struct buf *out, int64_t number)
{
    const struct subject_reason *reason = subject_reason(number);
    const char *reserved = subject_reserved(number);
    if (reason && number)
        buf_printf(out, "%lld %s: %s.\n", (long long)number, reason->token, reason->meaning);
    else if (reserved)
        buf_printf(out, "%lld: reserved for %s.\n", (long long)number, reserved);
    else
        buf_printf(out, "%lld: no number of the contract.\n", (long long)number);
    if (reason && reason->sysexit[0])
        buf_printf(out,
                   "The same number is %s of sysexits.h: the code alone proves nothing about a "
                   "daemon\nthat is not known to speak the contract.\n",
                   reason->sysexit);
}

static void code_text(struct buf *out, int code)
{
    if (code == 0)
        buf_append_str(out, "0: success.\n");
    else
        number_text(out, code);
    if (code > 128 && code <= 128 + 64)
        buf_printf(out, "Shells and containers show a death by signal %d so.\n", code - 128);
}

static void field_text(struct buf *out, const char *name, struct sei_halt_text text)
{
    if (!text.len)
        return;
    buf_printf(out, "%s ", name);
    struct jsonw w = {.out = out, .start = out->len};
    jsonw_string(&w, slice_of(text.data, text.len));
    buf_append_byte(out, '\n');
}

static void intent_text(struct buf *out, const struct sei_halt_intent *intent)
{
    number_text(out, intent->reason);
    field_text(out, "plan  ", intent->plan_name);
    if (intent->height)
        buf_printf(out, "height %lld\n", (long long)intent->height);
    field_text(out, "info  ", intent->info);
}

static void subject_text(struct buf *out, const struct subject *s,
                         const struct probe_result *probed)
{
    switch (s->kind) {
    case SUBJECT_CODE:
        code_text(out, s->code);
        break;
    case SUBJECT_INTENT:
        intent_text(out, &s->status.intent);
        break;
    case SUBJECT_NULL:
        buf_append_str(out, "null: no signal. That is not the same as healthy.\n");
        break;
    case SUBJECT_UPGRADE_INFO:
        buf_append_str(out, "upgrade-info.json: the upgrade that a node needs, or needed.\n");
        field_text(out, "plan  ", (struct sei_halt_text){s->plan, strlen(s->plan)});
        buf_printf(out, "height %lld\n", (long long)s->height);
        field_text(out, "info  ", (struct sei_halt_text){s->info, strlen(s->info)});
        break;
    case SUBJECT_STATUS:
    case SUBJECT_NODE:
        view_text(out, probed);
        buf_append_byte(out, '\n');
        if (probed->outcome == PROBE_OK && probed->status.intent_state == STATUS_INTENT_VALID)
            intent_text(out, &probed->status.intent);
        break;
    }
}

static void action_text(struct buf *out, const struct policy_action *a)
{
    buf_append_str(out, policy_act_string(a->act));
    if (a->act == POLICY_PAGE)
        buf_printf(out, " (%s)", policy_severity_string(a->severity));
    if (a->act == POLICY_STOP)
        buf_printf(out, " (SIGTERM, up to %lld s)", (long long)a->ms / 1000);
    if (a->act == POLICY_WAIT)
        buf_printf(out, " (%lld ms)", (long long)a->ms);
    if (a->act == POLICY_EXIT)
        buf_printf(out, " (%d)", a->code);
}

static void decision_text(struct buf *out, const struct policy_decision *d,
                          enum policy_platform platform)
{
    const struct policy_row_info *info = policy_row_info(d->row);
    buf_printf(out, "\n%s:\n", info->when);
    buf_printf(out, "  state    %s (Upgrading=%s), row %s\n", d->state,
               policy_condition_string(info->upgrading), info->name);
    buf_printf(out, "  what     %s\n", info->happened);
    buf_printf(out, "  then     %s\n", info->will);
    buf_printf(out, "  you      %s\n", info->advice[platform]);
    if (d->count == 0)
        return;
    buf_append_str(out, "  actions  ");
    for (size_t i = 0; i < d->count; i++) {
        buf_append_str(out, i == 0 ? "" : i == d->now ? "; later: " : ", ");
        action_text(out, &d->actions[i]);
    }
    buf_append_byte(out, '\n');
}

// ---- JSON ---------------------------------------------------------------------------------------

static void put(struct jsonw *w, const char *key, const char *value)
{
    jsonw_key(w, key);
    jsonw_cstr(w, value);
}

static void action_json(struct jsonw *w, const struct policy_action *a, bool now)
{
    jsonw_object(w);
    put(w, "act", policy_act_string(a->act));
    jsonw_key(w, "now");
    jsonw_bool(w, now);
    if (a->act == POLICY_PAGE)
        put(w, "severity", policy_severity_string(a->severity));
    if (a->act == POLICY_STOP || a->act == POLICY_WAIT) {
        jsonw_key(w, "ms");
        jsonw_int(w, a->ms);
    }
    if (a->act == POLICY_EXIT) {
        jsonw_key(w, "code");
        jsonw_int(w, a->code);
    }
    jsonw_object_end(w);
}

static void decision_json(struct jsonw *w, const struct policy_decision *d,
                          enum policy_platform platform)
{
    const struct policy_row_info *info = policy_row_info(d->row);
    jsonw_object(w);
    put(w, "row", info->name);
    put(w, "when", info->when);
    put(w, "state", d->state);
    put(w, "upgrading", policy_condition_string(info->upgrading));
    put(w, "page", policy_severity_string(info->severity));
    put(w, "evidence", d->source);
    jsonw_key(w, "held");
    jsonw_bool(w, d->held);
    put(w, "what", info->happened);
    put(w, "then", info->will);
    put(w, "you", info->advice[platform]);
    jsonw_key(w, "actions");
    jsonw_array(w);
    for (size_t i = 0; i < d->count; i++)
        action_json(w, &d->actions[i], i < d->now);
    jsonw_array_end(w);
    jsonw_object_end(w);
}

static const char *kind_string(enum subject_kind kind)
{
    static const char *const names[] = {
        [SUBJECT_CODE] = "exit_code", [SUBJECT_INTENT] = "halt_intent",
        [SUBJECT_NULL] = "null",      [SUBJECT_UPGRADE_INFO] = "upgrade_info",
        [SUBJECT_STATUS] = "status",  [SUBJECT_NODE] = "node",
    };
    return names[kind];
}

static void number_json(struct jsonw *w, int64_t number)
{
    const struct subject_reason *reason = subject_reason(number);
    jsonw_key(w, "reason");
    jsonw_int(w, number);
    put(w, "reason_string", sei_halt_reason_string(number));
    if (reason && reason->sysexit[0])
        put(w, "sysexits", reason->sysexit);
}

static void subject_json(struct jsonw *w, const struct subject *s, const char *address,
                         const struct policy_observation *seen, const struct probe_result *probed)
{
    put(w, "kind", kind_string(s->kind));
    if (s->kind == SUBJECT_CODE) {
        jsonw_key(w, "code");
        jsonw_int(w, s->code);
        put(w, "class", sei_halt_class_string(sei_halt_classify_exit_code(s->code)));
        enum sei_halt_reason reason;
        sei_halt_parse_exit_code(s->code, &reason);
        number_json(w, reason);
    }
    if (seen->intent)
        number_json(w, seen->intent->reason);
    if (s->kind == SUBJECT_UPGRADE_INFO) {
        put(w, "plan_name", s->plan);
        jsonw_key(w, "height");
        jsonw_int(w, s->height);
        put(w, "info", s->info);
    }
    if (s->kind == SUBJECT_NODE || s->kind == SUBJECT_STATUS) {
        struct buf view CLEANUP_BUF = {0};
        view_json(&view, probed, s->kind == SUBJECT_NODE ? address : "", "");
        jsonw_key(w, "node");
        jsonw_raw(w, buf_slice(&view));
    }
}

// ---- the command --------------------------------------------------------------------------------

static void probe_node(const char *address, struct probe_result *ret)
{
    char *url CLEANUP_FREE = status_url(address);
    struct http_client *client = http_client_new(NULL);
    struct probe_request request = {.url = url};
    status_probe(client, &request, ret);
    http_client_free(client);
}

static void write_out(struct buf *out, const struct subject *s, const struct explain_options *o,
                      const struct policy_observation *seen, const struct probe_result *probed,
                      const struct answers *answers)
{
    if (!o->json) {
        subject_text(out, s, probed);
        for (size_t i = 0; i < answers->count; i++)
            decision_text(out, &answers->list[i], o->platform);
        return;
    }
    struct jsonw w = jsonw_on(out);
    jsonw_object(&w);
    subject_json(&w, s, o->what, seen, probed);
    jsonw_key(&w, "decisions");
    jsonw_array(&w);
    for (size_t i = 0; i < answers->count; i++)
        decision_json(&w, &answers->list[i], o->platform);
    jsonw_array_end(&w);
    jsonw_object_end(&w);
    buf_append_byte(out, '\n');
}

static int explain(const struct explain_options *o, const struct subject *s,
                   const struct probe_result *probed)
{
    struct answers answers = {0};
    struct buf out CLEANUP_BUF = {0};
    struct policy_observation seen = observe(s, o, probed);
    decide_all(s, o, seen, &answers);
    write_out(&out, s, o, &seen, probed, &answers);
    if (!cmd_print(&out))
        return 1;
    return s->kind == SUBJECT_NODE && probed->outcome != PROBE_OK ? 1 : 0;
}

int cmd_explain(struct cli *cli, void *context)
{
    struct explain_options o = options_of(cli);
    struct subject s CLEANUP_SUBJECT;
    struct probe_result probed CLEANUP_PROBE_RESULT = {.status = NODE_STATUS_INIT};
    struct err e = {0};
    subject_init(&s);
    if (read_subject(o.what, &s, &e) < 0)
        return cmd_fail("%s", e.text);
    if (s.kind == SUBJECT_NODE)
        probe_node(o.what, &probed);
    if (s.kind == SUBJECT_STATUS) {
        // Read from a file: shown like one that a node just gave.
        probed.outcome = PROBE_OK;
        probed.status = s.status;
        s.status = (struct node_status)NODE_STATUS_INIT;
    }
    return explain(&o, &s, &probed);
}
