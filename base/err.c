#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *e, int code, const char *fmt, ...)
{
    assert(code < 0);
    if (e) {
        va_list args;
        va_start(args, fmt);
        vsnprintf(e->text, sizeof e->text, fmt, args);
        va_end(args);
        e->code = code;
    }
    return code;
}

int err_errno(struct err *e, int errnum, const char *fmt, ...)
{
    assert(errnum > 0);
    if (e) {
        va_list args;
        va_start(args, fmt);
        vsnprintf(e->text, sizeof e->text, fmt, args);
        va_end(args);
        size_t len = strlen(e->text);
        char reason[128];
        snprintf(e->text + len, sizeof e->text - len, ": %s",
                 strerror_r(errnum, reason, sizeof reason));
        e->code = -errnum;
    }
    return -errnum;
}

int err_context(struct err *e, const char *fmt, ...)
{
    if (!e)
        return -1;
    char text[sizeof e->text];
    memcpy(text, e->text, sizeof text);
    va_list args;
    va_start(args, fmt);
    vsnprintf(e->text, sizeof e->text, fmt, args);
    va_end(args);
    size_t len = strlen(e->text);
    snprintf(e->text + len, sizeof e->text - len, ": %.*s", (int)(sizeof text - 1), text);
    return e->code ? e->code : -1;
}
