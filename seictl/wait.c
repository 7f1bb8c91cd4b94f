#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rfc3339.h"
#include "seictl/cmd.h"
#include "seictl/view.h"

static int check_condition(const char *text, struct err *e)
{
    struct cond cond;
    return cond_parse(text, &cond, e);
}

const struct cli_flag cmd_wait_flags[] = {
    {.name = "for",
     .type = CLI_STRING,
     .value = "CONDITION",
     .check = check_condition,
     .help = "halt, halt=REASON, height=N, version=VERSION or healthy"},
    {.name = "timeout",
     .type = CLI_DURATION,
     .fallback = "30s",
     .check = cmd_check_duration,
     .help = "0s looks once, a negative one waits for a week"},
    {.name = "interval",
     .type = CLI_DURATION,
     .fallback = "500ms",
     .check = cmd_check_interval,
     .help = "between two looks"},
    {.name = "json", .type = CLI_BOOL, .help = "what was seen when it was met, as one JSON object"},
    {0},
};

struct wait_options {
    const char *address;
    struct cond cond;
    const char *cond_text;
    int64_t timeout_ms;
    int64_t interval_ms;
    bool json;
};

enum { WEEK_MS = 7 * 24 * 3600 * 1000 };

// The version in an answer of abci_info, bare or wrapped; null when there is none. The caller
// frees.
static char *read_version(const struct buf *body)
{
    json_error_t wrong;
    json_t *root = json_loadb((const char *)body->data, body->len, 0, &wrong);
    const json_t *result = json_object_get(root, "result");
    const json_t *response = json_object_get(result ? result : root, "response");
    const char *version = json_string_value(json_object_get(response, "version"));
    char *copy = version ? mem_strdup(version) : NULL;
    json_decref(root);
    return copy;
}

static char *ask_version(struct http_client *client, const char *url, uint32_t timeout_ms)
{
    struct http_response answer CLEANUP_HTTP_RESPONSE = {0};
    char *abci_info CLEANUP_FREE = NULL;
    size_t len = strlen(url);
    static const char status[] = "/status";
    if (len < sizeof status || strcmp(url + len - (sizeof status - 1), status) != 0)
        return NULL;
    abci_info = mem_printf("%.*s/abci_info", (int)(len - (sizeof status - 1)), url);
    struct http_request request = {.url = abci_info, .total_timeout_ms = timeout_ms};
    if (http_call(client, &request, &answer) != HTTP_ANSWERED || answer.status != 200)
        return NULL;
    return read_version(&answer.body);
}

static void sleep_ms(int64_t ms)
{
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&pause, &pause) < 0 && errno == EINTR)
        continue;
}

static int report_met(const struct wait_options *o, const struct probe_result *seen)
{
    struct buf out CLEANUP_BUF = {0};
    struct buf at CLEANUP_BUF = {0};
    if (o->json) {
        rfc3339_append_ns(&at, clock_realtime_ns());
        view_json(&out, seen, o->address, buf_cstr(&at));
    } else {
        buf_printf(&out, "%s: %s met: ", o->address, o->cond_text);
        view_text(&out, seen);
    }
    buf_append_byte(&out, '\n');
    return cmd_print(&out) ? 0 : 1;
}

static int report_timeout(const struct wait_options *o, const struct probe_result *seen,
                          const char *version)
{
    struct buf last CLEANUP_BUF = {0};
    view_text(&last, seen);
    if (version)
        buf_printf(&last, ", version %s", version);
    return cmd_fail("timed out waiting for %s on %s; last seen: %s", o->cond_text, o->address,
                    buf_cstr(&last));
}

static int wait_for(const struct wait_options *o, struct http_client *client, const char *url)
{
    int64_t end = clock_monotonic_ns() / 1000000 + o->timeout_ms;
    for (;;) {
        struct probe_result seen CLEANUP_PROBE_RESULT = {0};
        char *version CLEANUP_FREE = NULL;
        struct probe_request request = {.url = url};
        status_probe(client, &request, &seen);
        if (o->cond.kind == COND_VERSION && seen.outcome == PROBE_OK)
            version = ask_version(client, url, 0);
        if (cond_met(&o->cond, &seen, version))
            return report_met(o, &seen);
        int64_t left = end - clock_monotonic_ns() / 1000000;
        if (left <= 0)
            return report_timeout(o, &seen, version);
        sleep_ms(left < o->interval_ms ? left : o->interval_ms);
    }
}

int cmd_wait(struct cli *cli, void *context)
{
    struct wait_options o = {
        .address = cmd_address(cli),
        .cond_text = cli_str(cli, "for"),
        .timeout_ms = cmd_duration_ms(cli, "timeout"),
        .interval_ms = cmd_duration_ms(cli, "interval"),
        .json = cli_bool(cli, "json"),
    };
    if (!o.cond_text || cond_parse(o.cond_text, &o.cond, NULL) < 0)
        return cmd_fail("--for=CONDITION is missing");
    if (o.timeout_ms < 0)
        o.timeout_ms = WEEK_MS;
    char *url CLEANUP_FREE = status_url(o.address);
    struct http_client *client = http_client_new(NULL);
    int result = wait_for(&o, client, url);
    http_client_free(client);
    return result;
}
