#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "seictl/cli.h"
#include "seictl/view.h"
#include "wire/gotime.h"

const char cli_watch_help[] =
    "Shows a node's /status, one line a change, until it is interrupted.\n"
    "\n"
    "Usage: seictl watch [ADDRESS] [--interval=1s] [--json]\n"
    "\n"
    "ADDRESS is host:port or a URL; 127.0.0.1:26657 when left out. With --json each line is an\n"
    "object: at, address, state (healthy, halted, no_signal, no_status, unreachable), height,\n"
    "catching_up, network, halt_intent, detail.\n";

struct watch_options {
    const char *address;
    int64_t interval_ms;
    bool json;
};

static int parse_options(int argc, char **argv, struct watch_options *o, struct err *e)
{
    static const struct option longs[] = {
        {"interval", required_argument, NULL, 'i'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int c, result = 0;
    while (result == 0 && (c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
        if (c == 'i') {
            result = cli_duration(optarg, &o->interval_ms, e);
        } else if (c == 'j') {
            o->json = true;
        } else if (c == 'h') {
            fputs(cli_watch_help, stdout);
            return 1;
        } else {
            return err_set(e, -EINVAL, "see seictl watch --help");
        }
    }
    if (result)
        return result;
    if (argc - optind > 1)
        return err_set(e, -EINVAL, "one address at a time");
    if (o->interval_ms < 10)
        return err_set(e, -EINVAL, "--interval is less than 10ms");
    if (argc > optind)
        o->address = argv[optind];
    return 0;
}

// A line of what is seen now, without its time, so that two looks can be compared.
static void look(struct http_client *client, const char *url, const struct watch_options *o,
                 struct buf *ret_line, struct buf *ret_same)
{
    struct probe_result seen CLEANUP_PROBE_RESULT = {0};
    struct buf at CLEANUP_BUF = {0};
    struct probe_request request = {.url = url};
    status_probe(client, &request, &seen);
    gotime_append_ns(&at, clock_realtime_ns() / 1000000 * 1000000);
    view_text(ret_same, &seen);
    if (o->json) {
        view_json(ret_line, &seen, o->address, buf_cstr(&at));
    } else {
        buf_append_str(ret_line, buf_cstr(&at));
        buf_append_byte(ret_line, ' ');
        buf_append_slice(ret_line, buf_slice(ret_same));
    }
    buf_append_byte(ret_line, '\n');
}

int cmd_watch(int argc, char **argv)
{
    struct watch_options o = {.address = "127.0.0.1:26657", .interval_ms = 1000};
    struct err e = {0};
    int result = parse_options(argc, argv, &o, &e);
    if (result)
        return result < 0 ? cli_fail("%s", e.text) : 0;
    char *url CLEANUP_FREE = status_url(o.address);
    struct buf before CLEANUP_BUF = {0};
    struct http_client *client = http_client_new(NULL);
    for (;;) {
        struct buf line CLEANUP_BUF = {0};
        struct buf now CLEANUP_BUF = {0};
        look(client, url, &o, &line, &now);
        if (!slice_eq(buf_slice(&before), buf_slice(&now)) && !cli_print(&line))
            break; // nobody reads any more
        buf_clear(&before);
        buf_append_slice(&before, buf_slice(&now));
        struct timespec pause = {o.interval_ms / 1000, o.interval_ms % 1000 * 1000000};
        nanosleep(&pause, NULL);
    }
    http_client_free(client);
    return 1;
}
