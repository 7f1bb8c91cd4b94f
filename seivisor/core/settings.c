#include "seivisor/core/settings.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "seivisor/core/journal.h"
#include "wire/godur.h"

static const char *const hold_names[] = {"exit", "wait", NULL};
static const char *const contract_names[] = {"auto", "yes", "no", NULL};
static const char *const restart_names[] = {"start", "always", "never", NULL};
static const char *const level_names[] = {"debug", "info", "warn", "error", NULL};
static const char *const log_names[] = {"plain", "json", NULL};
static const char *const time_names[] = {"kitchen", "layout",      "ansic",  "unixdate", "rubydate",
                                         "rfc822",  "rfc822z",     "rfc850", "rfc1123",  "rfc1123z",
                                         "rfc3339", "rfc3339nano", NULL};

enum { SHUTDOWN_GRACE_MS = 90000 };

#define AT(member) offsetof(struct settings, member)

// clang-format off
const struct settings_row settings_table[] = {
    {"DAEMON_HOME", "", SETTINGS_PATH, AT(home), NULL, "the daemon's home folder; required"},
    {"DAEMON_NAME", "", SETTINGS_TEXT, AT(name), NULL, "the binary's file name; required"},
    {"DAEMON_ALLOW_DOWNLOAD_BINARIES", "false", SETTINGS_BOOL, AT(allow_download), NULL, "not supported: true is refused; stage binaries with add-upgrade"},
    {"DAEMON_DOWNLOAD_MUST_HAVE_CHECKSUM", "false", SETTINGS_BOOL, AT(must_have_checksum), NULL, "accepted, without effect: nothing is downloaded"},
    {"DAEMON_RESTART_AFTER_UPGRADE", "true", SETTINGS_BOOL, AT(restart_after_upgrade), NULL, "start the new binary after a swap; else exit 0"},
    {"DAEMON_RESTART_DELAY", "0s", SETTINGS_DURATION, AT(restart_delay_ms), NULL, "pause between the daemon's end and the backup"},
    {"DAEMON_SHUTDOWN_GRACE", "90s", SETTINGS_DURATION, AT(shutdown_grace_ms), NULL, "SIGTERM to SIGKILL; no SIGKILL is sent before, and 0 stands for the default"},
    {"DAEMON_POLL_INTERVAL", "300ms", SETTINGS_DURATION, AT(poll_interval_ms), NULL, "how often upgrade-info.json is read where inotify is not available; else without effect"},
    {"UNSAFE_SKIP_BACKUP", "false", SETTINGS_BOOL, AT(skip_backup), NULL, "do not back up the data folder before a swap"},
    {"DAEMON_DATA_BACKUP_DIR", "", SETTINGS_PATH, AT(backup_dir), NULL, "where backups go; the home when empty"},
    {"DAEMON_PREUPGRADE_MAX_RETRIES", "0", SETTINGS_UINT, AT(preupgrade_retries), NULL, "how often a pre-upgrade that exits 31 is tried again"},
    {"DAEMON_GRPC_ADDRESS", "localhost:9090", SETTINGS_TEXT, AT(grpc_address), NULL, "accepted, without effect: batch upgrades are not supported"},
    {"COSMOVISOR_CUSTOM_PREUPGRADE", "", SETTINGS_TEXT, AT(custom_preupgrade), NULL, "a script in <home>/cosmovisor to run before a swap"},
    {"COSMOVISOR_DISABLE_RECASE", "false", SETTINGS_BOOL, AT(disable_recase), NULL, "keep the letter case of plan names in folder names"},
    {"COSMOVISOR_DISABLE_LOGS", "false", SETTINGS_BOOL, AT(disable_logs), NULL, "log errors only"},
    {"COSMOVISOR_COLOR_LOGS", "true", SETTINGS_BOOL, AT(color_logs), NULL, "accepted, without effect: lines have no colours"},
    {"COSMOVISOR_TIMEFORMAT_LOGS", "kitchen", SETTINGS_CHOICE, AT(timeformat_logs), time_names, "accepted, without effect: times are RFC 3339 in UTC"},
    {"SEIVISOR_HOLD", "exit", SETTINGS_CHOICE, AT(hold), hold_names, "a hold ends seivisor with the daemon's code (exit), or it stays and waits for a person (wait)"},
    {"SEIVISOR_CONTRACT", "auto", SETTINGS_CHOICE, AT(contract), contract_names, "the daemon speaks the exit code contract: yes, no, or auto: once it was seen to"},
    {"SEIVISOR_RESTART", "start", SETTINGS_CHOICE, AT(restart), restart_names, "restart after a crash: when the daemon's first argument is \"start\", always, or never"},
    {"SEIVISOR_RESTART_BUDGET", "5", SETTINGS_UINT, AT(restart_budget), NULL, "crashes within the window that are answered with a restart"},
    {"SEIVISOR_RESTART_WINDOW", "10m", SETTINGS_DURATION, AT(restart_window_ms), NULL, "the window of the budget"},
    {"SEIVISOR_BACKOFF", "1s", SETTINGS_DURATION, AT(backoff_ms), NULL, "pause before the first restart; it doubles with each"},
    {"SEIVISOR_BACKOFF_MAX", "1m", SETTINGS_DURATION, AT(backoff_max_ms), NULL, "the longest pause"},
    {"SEIVISOR_CONFIRM_AFTER", "30s", SETTINGS_DURATION, AT(confirm_after_ms), NULL, "a binary that ran this long is recorded as one to go back to"},
    {"SEIVISOR_HALT_GRACE", "30s", SETTINGS_DURATION, AT(halt_grace_ms), NULL, "how long a node that halted and stays alive is left alone"},
    {"SEIVISOR_STATUS_URL", "", SETTINGS_TEXT, AT(status_url), NULL, "the daemon's /status; when empty by its --rpc.laddr, else by config/config.toml, else http://127.0.0.1:26657/status"},
    {"SEIVISOR_STATUS_POLL", "0s", SETTINGS_DURATION, AT(status_poll_ms), NULL, "how often /status is read; 0: only where it matters (with --halt-stay-alive each 2s)"},
    {"SEIVISOR_WEBHOOKS", "", SETTINGS_TEXT, AT(webhooks), NULL, "pages are posted to these URLs (comma-separated)"},
    {"SEIVISOR_WEBHOOK_TOKEN_FILE", "", SETTINGS_PATH, AT(webhook_token_file), NULL, "a file with the bearer token for the webhooks"},
    {"SEIVISOR_ALERTMANAGERS", "", SETTINGS_TEXT, AT(alertmanagers), NULL, "Alertmanager servers for pages (comma-separated URLs)"},
    {"SEIVISOR_PAGERDUTY_KEY_FILE", "", SETTINGS_PATH, AT(pagerduty_key_file), NULL, "a file with the PagerDuty routing key"},
    {"SEIVISOR_PAGERDUTY_URL", "", SETTINGS_TEXT, AT(pagerduty_url), NULL, "another Events v2 endpoint"},
    {"SEIVISOR_CA_FILE", "", SETTINGS_PATH, AT(ca_file), NULL, "certificate authorities for HTTPS, instead of the system's"},
    {"SEIVISOR_PAGE_WAIT", "10s", SETTINGS_DURATION, AT(page_wait_ms), NULL, "how long an exit waits for its page; the rest is delivered by the next run"},
    {"SEIVISOR_PAGE_REFRESH", "4m", SETTINGS_DURATION, AT(page_refresh_ms), NULL, "how often Alertmanager, which forgets when it restarts, is told again of an open page; 0: never"},
    {"SEIVISOR_METRICS_LISTEN", "", SETTINGS_TEXT, AT(metrics_listen), NULL, "address:port to serve /metrics, /status and /healthz on; none when empty"},
    {"SEIVISOR_LOG_LEVEL", "info", SETTINGS_CHOICE, AT(log_level), level_names, "what is logged"},
    {"SEIVISOR_LOG_FORMAT", "plain", SETTINGS_CHOICE, AT(log_format), log_names, "plain or json"},
    {"SEIVISOR_NET", "", SETTINGS_PATH, AT(net_program), NULL, "the network helper; beside seivisor when empty"},
};
// clang-format on
const size_t settings_count = sizeof settings_table / sizeof settings_table[0];

static int parse_duration(const char *text, int64_t *ret_ms)
{
    int64_t ns;
    if (godur_parse(text, &ns) < 0 || ns < 0)
        return -EINVAL;
    *ret_ms = ns > 0 && ns < 1000000 ? 1 : ns / 1000000;
    return 0;
}

static int parse_bool(const char *text, bool *ret)
{
    if (!*text || strcasecmp(text, "false") == 0)
        *ret = false;
    else if (strcasecmp(text, "true") == 0)
        *ret = true;
    else
        return -EINVAL;
    return 0;
}

static int parse_uint(const char *text, int64_t *ret)
{
    int64_t value = 0;
    if (!*text)
        return -EINVAL;
    for (; *text; text++)
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *text - '0', &value) || value > 1000000)
            return -EINVAL;
    *ret = value;
    return 0;
}

static int parse_choice(const struct settings_row *row, const char *text, int *ret)
{
    for (int i = 0; row->choice[i]; i++)
        if (strcmp(text, row->choice[i]) == 0) {
            *ret = i;
            return 0;
        }
    return -EINVAL;
}

static void *member(struct settings *s, const struct settings_row *row)
{
    return (char *)s + row->offset;
}

static const void *member_const(const struct settings *s, const struct settings_row *row)
{
    return (const char *)s + row->offset;
}

static void problem(struct buf *problems, int *count, const struct settings_row *row,
                    const char *text, const char *source, const char *wanted)
{
    (*count)++;
    buf_printf(problems, "%s must be %s", row->env, wanted);
    for (int i = 0; row->choice && row->choice[i]; i++)
        buf_printf(problems, "%s %s", i ? "," : "", row->choice[i]);
    buf_printf(problems, ", not \"%s\"", text);
    if (source)
        buf_printf(problems, " (from %s)", source);
    buf_append_byte(problems, '\n');
}

// Parses one text into its member. Returns what was wanted when the text is not that, else null.
static const char *parse_row(struct settings *s, const struct settings_row *row, const char *text)
{
    void *at = member(s, row);
    switch (row->type) {
    case SETTINGS_BOOL:
        return parse_bool(text, at) < 0 ? "true, false or empty" : NULL;
    case SETTINGS_DURATION:
        return parse_duration(text, at) < 0 ? "a duration such as 300ms or 1h30m" : NULL;
    case SETTINGS_UINT:
        return parse_uint(text, at) < 0 ? "a number from 0 to 1000000" : NULL;
    case SETTINGS_CHOICE:
        return parse_choice(row, text, at) < 0 ? "one of" : NULL;
    case SETTINGS_PATH:
        if (*text && *text != '/')
            return "an absolute path";
        *(char **)at = mem_strdup(text);
        return NULL;
    case SETTINGS_TEXT:
        *(char **)at = mem_strdup(text);
        return NULL;
    }
    return NULL;
}

static void load_row(settings_lookup *lookup, void *context, const struct settings_row *row,
                     struct settings *ret, struct buf *problems, int *count)
{
    const char *source = NULL;
    const char *text = lookup(context, row, &source);
    if (text && *text) { // an empty text is "not given"
        const char *wanted = parse_row(ret, row, text);
        if (!wanted)
            return;
        problem(problems, count, row, text, source, wanted);
    }
    parse_row(ret, row, row->fallback);
}

static void require(const char *value, const char *env, struct buf *problems, int *count)
{
    if (*value)
        return;
    (*count)++;
    buf_printf(problems, "%s is not set\n", env);
}

static bool is_utf8(const char *text)
{
    json_t *value = json_string(text);
    json_decref(value);
    return value != NULL;
}

static void check_folders(const struct settings *s, struct buf *problems, int *count)
{
    size_t home = strlen(s->home);
    if (!is_utf8(s->home) || !is_utf8(s->backup_dir) || !is_utf8(s->name)) {
        (*count)++;
        buf_append_str(problems,
                       "DAEMON_HOME, DAEMON_NAME and DAEMON_DATA_BACKUP_DIR must be UTF-8\n");
    }
    if (home + 512 > JOURNAL_PATH_MAX || strlen(s->backup_dir) + 512 > JOURNAL_PATH_MAX) {
        (*count)++;
        buf_append_str(problems, "DAEMON_HOME or DAEMON_DATA_BACKUP_DIR is too long\n");
    }
    if (strncmp(s->backup_dir, s->home, home) == 0 &&
        strncmp(s->backup_dir + home, "/data", 5) == 0 &&
        (s->backup_dir[home + 5] == '\0' || s->backup_dir[home + 5] == '/')) {
        (*count)++;
        buf_append_str(problems, "DAEMON_DATA_BACKUP_DIR must not be in the data folder itself\n");
    }
}

static void check_whole(struct settings *s, struct buf *problems, int *count)
{
    size_t len = strlen(s->home);
    while (len > 1 && s->home[len - 1] == '/')
        s->home[--len] = '\0';
    require(s->home, "DAEMON_HOME", problems, count);
    require(s->name, "DAEMON_NAME", problems, count);
    if (strchr(s->name, '/') || strcmp(s->name, ".") == 0 || strcmp(s->name, "..") == 0) {
        (*count)++;
        buf_printf(problems, "DAEMON_NAME must be a file name, not \"%s\"\n", s->name);
    }
    if (strchr(s->custom_preupgrade, '/')) {
        (*count)++;
        buf_printf(problems, "COSMOVISOR_CUSTOM_PREUPGRADE must be a file name, not \"%s\"\n",
                   s->custom_preupgrade);
    }
    if (s->allow_download) {
        (*count)++;
        buf_append_str(problems, "DAEMON_ALLOW_DOWNLOAD_BINARIES: seivisor downloads nothing; "
                                 "set it to false and stage binaries with add-upgrade\n");
    }
    if (s->shutdown_grace_ms == 0)
        s->shutdown_grace_ms = SHUTDOWN_GRACE_MS;
    check_folders(s, problems, count);
}

int settings_load(settings_lookup *lookup, void *context, struct settings *ret,
                  struct buf *ret_problems)
{
    int count = 0;
    *ret = (struct settings){0};
    for (size_t i = 0; i < settings_count; i++)
        load_row(lookup, context, &settings_table[i], ret, ret_problems, &count);
    check_whole(ret, ret_problems, &count);
    return count;
}

void settings_deinit(struct settings *s)
{
    for (size_t i = 0; i < settings_count; i++) {
        const struct settings_row *row = &settings_table[i];
        if (row->type == SETTINGS_TEXT || row->type == SETTINGS_PATH) {
            char **at = member(s, row);
            free(*at);
            *at = NULL;
        }
    }
}

void settings_print(const struct settings *s, const struct settings_row *row, struct buf *ret)
{
    const void *at = member_const(s, row);
    switch (row->type) {
    case SETTINGS_BOOL:
        buf_append_str(ret, *(const bool *)at ? "true" : "false");
        return;
    case SETTINGS_DURATION:
        godur_append(ret, *(const int64_t *)at * 1000000);
        return;
    case SETTINGS_UINT:
        buf_printf(ret, "%lld", (long long)*(const int64_t *)at);
        return;
    case SETTINGS_CHOICE:
        buf_append_str(ret, row->choice[*(const int *)at]);
        return;
    case SETTINGS_PATH:
    case SETTINGS_TEXT:
        buf_append_str(ret, *(char *const *)at);
        return;
    }
}
