#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/rfc3339.h"
#include "base/utf8.h"

static const char *const plain_levels[] = {"DBG", "INF", "WRN", "ERR"};
static const char *const json_levels[] = {"debug", "info", "warn", "error"};

// A line of JSON stays one whatever bytes a text has: those that are no UTF-8 become U+FFFD.
static void append_quoted(struct buf *line, const char *text)
{
    buf_append_byte(line, '"');
    for (struct slice left = slice_str(text); left.len > 0;) {
        size_t len = utf8_next(left);
        uint8_t c = left.data[0];
        if (len == 0)
            buf_append_str(line, "\xef\xbf\xbd");
        else if (c == '"' || c == '\\')
            buf_printf(line, "\\%c", c);
        else if (c == '\n')
            buf_append_str(line, "\\n");
        else if (c < 0x20)
            buf_printf(line, "\\u%04x", c);
        else
            buf_append(line, left.data, len);
        size_t took = len ? len : 1;
        left = slice_of(left.data + took, left.len - took);
    }
    buf_append_byte(line, '"');
}

static bool needs_quotes(const char *text)
{
    if (!*text)
        return true;
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at <= ' ' || *at == '"' || *at == '=' || *at == '\\')
            return true;
    return false;
}

static void append_value(struct buf *line, const struct log_field *field, bool json)
{
    if (field->type == LOG_FIELD_INT)
        buf_printf(line, "%" PRId64, field->number);
    else if (field->type == LOG_FIELD_UINT)
        buf_printf(line, "%" PRIu64, (uint64_t)field->number);
    else if (field->type == LOG_FIELD_BOOL)
        buf_append_str(line, field->number ? "true" : "false");
    else if (json || needs_quotes(field->text ? field->text : ""))
        append_quoted(line, field->text ? field->text : "");
    else
        buf_append_str(line, field->text);
}

void log_write(const struct log *log, enum log_level level, const char *message,
               const struct log_field *fields, unsigned count)
{
    if (!log || level < log->level)
        return;
    bool json = log->format == LOG_JSON;
    int64_t now_ns = clock_realtime_ns();
    CLEANUP_BUF struct buf line = {0};
    if (json) {
        buf_printf(&line, "{\"level\":\"%s\",\"time\":\"", json_levels[level]);
        rfc3339_append_ms(&line, now_ns);
        buf_append_str(&line, "\",\"message\":");
        append_quoted(&line, message);
    } else {
        rfc3339_append_ms(&line, now_ns);
        buf_printf(&line, " %s %s", plain_levels[level], message);
    }
    for (unsigned i = 0; i < count; i++) {
        if (json) {
            buf_append_byte(&line, ',');
            append_quoted(&line, fields[i].key);
            buf_append_byte(&line, ':');
        } else {
            buf_printf(&line, " %s=", fields[i].key);
        }
        append_value(&line, &fields[i], json);
    }
    buf_append_str(&line, json ? "}\n" : "\n");
    ssize_t written = write(log->fd, line.data, line.len);
    (void)written;
}

bool log_level_parse(const char *text, enum log_level *ret)
{
    static const struct {
        const char *name;
        enum log_level level;
    } names[] = {{"trace", LOG_DEBUG}, {"debug", LOG_DEBUG}, {"info", LOG_INFO},
                 {"warn", LOG_WARN},   {"error", LOG_ERROR}, {"fatal", LOG_ERROR},
                 {"panic", LOG_ERROR}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i].name, text) == 0) {
            *ret = names[i].level;
            return true;
        }
    }
    return false;
}
