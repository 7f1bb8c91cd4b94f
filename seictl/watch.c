#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "seictl/cmd.h"
#include "seictl/view.h"

const struct cli_flag cmd_watch_flags[] = {
    {.name = "interval",
     .type = CLI_DURATION,
     .fallback = "1s",
     .check = cmd_check_interval,
     .help = "between two looks"},
    {.name = "json", .type = CLI_BOOL, .help = "each line is a JSON object"},
    {0},
};

struct watch_options {
    const char *address;
    int64_t interval_ms;
    bool json;
};

// A line of what is seen now, without its time, so that two looks can be compared.
static void look(struct http_client *client, const char *url, const struct watch_options *o,
                 struct buf *ret_line, struct buf *ret_same)
{
    struct probe_result seen CLEANUP_PROBE_RESULT = {0};
    struct buf at CLEANUP_BUF = {0};
    struct probe_request request = {.url = url};
    status_probe(client, &request, &seen);
    rfc3339_append_ns(&at, clock_realtime_ns() / 1000000 * 1000000);
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

int cmd_watch(struct cli *cli, void *context)
{
    struct watch_options o = {
        .address = cmd_address(cli),
        .interval_ms = cmd_duration_ms(cli, "interval"),
        .json = cli_bool(cli, "json"),
    };
    char *url CLEANUP_FREE = status_url(o.address);
    struct buf before CLEANUP_BUF = {0};
    struct http_client *client = http_client_new(NULL);
    for (;;) {
        struct buf line CLEANUP_BUF = {0};
        struct buf now CLEANUP_BUF = {0};
        look(client, url, &o, &line, &now);
        if (!slice_eq(buf_slice(&before), buf_slice(&now)) && !cmd_print(&line))
            break; // nobody reads any more
        buf_clear(&before);
        buf_append_slice(&before, buf_slice(&now));
        struct timespec pause = {o.interval_ms / 1000, o.interval_ms % 1000 * 1000000};
        nanosleep(&pause, NULL);
    }
    http_client_free(client);
    return 1;
}
