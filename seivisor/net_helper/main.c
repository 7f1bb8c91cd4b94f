#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/fs.h"
#include "seivisor/net_helper/helper.h"
#include "seivisor/net_protocol.h"

static int read_config(const char *path, struct arena *arena, struct settings *ret, struct err *e)
{
    CLEANUP_BUF struct buf text = {0};
    json_error_t where;
    int result = fs_read(path, NET_PROTOCOL_LINE_MAX, &text, e);
    if (result < 0)
        return result;
    json_t *json = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &where);
    if (json_is_object(json))
        result = settings_read(json, arena, ret, e);
    else if (json)
        result = err_set(e, -EINVAL, "not an object");
    else
        result =
            err_set(e, -EINVAL, "line %d, column %d: %s", where.line, where.column, where.text);
    json_decref(json);
    return result < 0 ? err_context(e, "%s", path) : 0;
}

static int run(struct cli *cli, void *context)
{
    const char *path = cli_str(cli, "config");
    struct settings settings;
    struct err e = {0};
    int result = path ? read_config(path, cli->arena, &settings, &e) : 0;
    if (result == 0)
        result = helper_run(STDIN_FILENO, STDOUT_FILENO, path ? &settings : NULL, &e);
    if (result < 0)
        fprintf(stderr, NET_PROGRAM ": %s\n", e.text);
    return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void print(int fd, const char *text)
{
    ssize_t written = write(fd, text, strlen(text));
    (void)written;
}

static const struct cli_flag flags[] = {
    {.name = "config",
     .type = CLI_STRING,
     .value = "FILE",
     .help = "settings as a JSON object, instead of the request \"configure\""},
    {0},
};

static const struct cli_program program = {
    .name = NET_PROGRAM,
    .version = SEI_VERSION,
    .root = {.help = "seivisor's network: pages, probes, metrics over HTTP",
             .details = "Started by seivisor. Reads requests, one JSON object a line, from its "
                        "standard input and writes one answer to each; ends when its input does.",
             .flags = flags,
             .run = run},
};

int main(int argc, char **argv)
{
    // Only the end of the input ends the helper: a Ctrl-C at the terminal, or a service manager's
    // SIGTERM to the whole group, must not stop it before the last page is out.
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    return cli_main(&program, argc, (const char *const *)argv, NULL, NULL, print);
}
