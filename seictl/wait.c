#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "seictl/cli.h"
#include "seictl/view.h"
#include "wire/gotime.h"

const char cli_wait_help[] =
    "Waits until a node is as asked for.\n"
    "\n"
    "Usage: seictl wait [ADDRESS] --for=CONDITION [--timeout=30s] [--interval=500ms] [--json]\n"
    "\n"
    "Conditions:\n"
    "  halt              /status carries a halt_intent\n"
    "  halt=REASON       the same, of this reason: 70 or upgrade_required\n"
    "  height=N          the latest block is N or later\n"
    "  version=VERSION   the application (abci_info) is of this version\n"
    "  healthy           it answers, caught up, without a halt_intent\n"
    "\n"
    "A node that does not answer is waited for. A halted node answers only when it was started\n"
    "with --halt-stay-alive; else its exit code speaks.\n"
    "\n"
    "ADDRESS is host:port or a URL; 127.0.0.1:26657 when left out. --timeout=0 looks once, a\n"
    "negative one waits for a week.\n"
    "Exit code: 0 when met, 1 when the time is over or for an error.\n";

struct wait_options {
    const char *address;
    struct cond cond;
    const char *cond_text;
    int64_t timeout_ms;
    int64_t interval_ms;
    bool json;
};

enum { WEEK_MS = 7 * 24 * 3600 * 1000 };

static int parse_options(int argc, char **argv, struct wait_options *o, struct err *e)
{
    static const struct option longs[] = {
        {"for", required_argument, NULL, 'f'},      {"timeout", required_argument, NULL, 't'},
        {"interval", required_argument, NULL, 'i'}, {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},           {0},
    };
    int c, result = 0;
    while (result == 0 && (c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
        if (c == 'f') {
            o->cond_text = optarg;
            result = cond_parse(optarg, &o->cond, e);
        } else if (c == 't') {
            result = cli_duration(optarg, &o->timeout_ms, e);
        } else if (c == 'i') {
            result = cli_duration(optarg, &o->interval_ms, e);
        } else if (c == 'j') {
            o->json = true;
        } else if (c == 'h') {
            fputs(cli_wait_help, stdout);
            return 1;
        } else {
            return err_set(e, -EINVAL, "see seictl wait --help");
        }
    }
    if (result)
        return result;
    if (!o->cond_text)
        return err_set(e, -EINVAL, "--for=CONDITION is missing");
    if (argc - optind > 1)
        return err_set(e, -EINVAL, "one address at a time");
    if (o->interval_ms < 10)
        return err_set(e, -EINVAL, "--interval is less than 10ms");
    if (argc > optind)
        o->address = argv[optind];
    if (o->timeout_ms < 0)
        o->timeout_ms = WEEK_MS;
    return 0;
}

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
        gotime_append_ns(&at, clock_realtime_ns());
        view_json(&out, seen, o->address, buf_cstr(&at));
    } else {
        buf_printf(&out, "%s: %s met: ", o->address, o->cond_text);
        view_text(&out, seen);
    }
    buf_append_byte(&out, '\n');
    return cli_print(&out) ? 0 : 1;
}

static int report_timeout(const struct wait_options *o, const struct probe_result *seen,
                          const char *version)
{
    struct buf last CLEANUP_BUF = {0};
    view_text(&last, seen);
    if (version)
        buf_printf(&last, ", version %s", version);
    return cli_fail("timed out waiting for %s on %s; last seen: %s", o->cond_text, o->address,
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

int cmd_wait(int argc, char **argv)
{
    struct wait_options o = {.address = "127.0.0.1:26657", .timeout_ms = 30000, .interval_ms = 500};
    struct err e = {0};
    int result = parse_options(argc, argv, &o, &e);
    if (result)
        return result < 0 ? cli_fail("%s", e.text) : 0;
    char *url CLEANUP_FREE = status_url(o.address);
    struct http_client *client = http_client_new(NULL);
    result = wait_for(&o, client, url);
    http_client_free(client);
    return result;
}
