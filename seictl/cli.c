#include "seictl/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/godur.h"

int cli_fail(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("seictl: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    return 1;
}

bool cli_print(struct buf *text)
{
    size_t written = fwrite(text->data, 1, text->len, stdout);
    return written == text->len && fflush(stdout) == 0;
}

int cli_duration(const char *text, int64_t *ret_ms, struct err *e)
{
    int64_t ns = 0;
    if (godur_parse(text, &ns) < 0)
        return err_set(e, -EINVAL, "\"%s\" is no duration; write 30s, 500ms or 1m30s", text);
    *ret_ms = ns / 1000000;
    return 0;
}
