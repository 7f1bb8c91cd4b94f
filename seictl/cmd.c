#include "seictl/cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "wire/godur.h"

enum { NS_PER_MS = 1000000, INTERVAL_MIN_MS = 10 };

int cmd_fail(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("Error: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    return 1;
}

bool cmd_print(const struct buf *text)
{
    size_t written = fwrite(text->data, 1, text->len, stdout);
    return written == text->len && fflush(stdout) == 0;
}

const char *cmd_address(const struct cli *cli)
{
    return cli->arg_count ? cli->args[0] : "127.0.0.1:26657";
}

int cmd_check_duration(const char *text, struct err *e)
{
    int64_t ns;
    if (godur_parse(text, &ns) < 0)
        return err_set(e, -EINVAL, "\"%s\" is no duration; write 30s, 500ms or 1m30s", text);
    return 0;
}

int cmd_check_interval(const char *text, struct err *e)
{
    int64_t ns = 0;
    int result = cmd_check_duration(text, e);
    if (result == 0 && godur_parse(text, &ns) == 0 && ns / NS_PER_MS < INTERVAL_MIN_MS)
        return err_set(e, -EINVAL, "%s is less than 10ms", text);
    return result;
}

int64_t cmd_duration_ms(const struct cli *cli, const char *name)
{
    int64_t ns = 0;
    godur_parse(cli_str(cli, name), &ns);
    return ns / NS_PER_MS;
}
