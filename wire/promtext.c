#include "wire/promtext.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static void append_escaped(struct buf *out, const char *text, bool quoted)
{
    for (struct slice left = slice_str(text); left.len > 0;) {
        size_t len = utf8_next(left);
        if (len == 0)
            buf_append_str(out, "\xef\xbf\xbd");
        else if (*left.data == '\\')
            buf_append_str(out, "\\\\");
        else if (*left.data == '\n')
            buf_append_str(out, "\\n");
        else if (*left.data == '"' && quoted)
            buf_append_str(out, "\\\"");
        else
            buf_append(out, left.data, len);
        len = len ? len : 1;
        left = slice_of(left.data + len, left.len - len);
    }
}

void promtext_family(struct buf *out, const char *name, enum promtext_type type, const char *help)
{
    static const char *const types[] = {"counter", "gauge", "histogram", "untyped"};
    buf_printf(out, "# HELP %s ", name);
    append_escaped(out, help, false);
    buf_printf(out, "\n# TYPE %s %s\n", name, types[type]);
}

// `le` is one more label, or null.
static void append_series(struct buf *out, const char *name, const char *suffix,
                          const struct promtext_label *labels, size_t count, const char *le)
{
    buf_printf(out, "%s%s", name, suffix);
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "%c%s=\"", i ? ',' : '{', labels[i].name);
        append_escaped(out, labels[i].value, true);
        buf_append_byte(out, '"');
    }
    if (le)
        buf_printf(out, "%cle=\"%s\"", count ? ',' : '{', le);
    buf_append_str(out, count || le ? "} " : " ");
}

enum { NUMBER_SIZE = 32 };

static const char *number(double value, char ret[NUMBER_SIZE])
{
    if (isnan(value))
        return "NaN";
    if (isinf(value))
        return value > 0 ? "+Inf" : "-Inf";
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(ret, NUMBER_SIZE, "%.*g", digits, value);
        if (strtod(ret, NULL) == value)
            break;
    }
    return ret;
}

void promtext_int(struct buf *out, const char *name, const struct promtext_label *labels,
                  size_t count, int64_t value)
{
    append_series(out, name, "", labels, count, NULL);
    buf_printf(out, "%" PRId64 "\n", value);
}

void promtext_double(struct buf *out, const char *name, const struct promtext_label *labels,
                     size_t count, double value)
{
    char text[NUMBER_SIZE];
    append_series(out, name, "", labels, count, NULL);
    buf_printf(out, "%s\n", number(value, text));
}

void promtext_histogram(struct buf *out, const char *name, const struct promtext_label *labels,
                        size_t count, const struct promtext_histogram *h)
{
    char text[NUMBER_SIZE];
    uint64_t total = 0;
    for (size_t i = 0; i <= h->bound_count; i++) {
        total += h->counts[i];
        append_series(out, name, "_bucket", labels, count,
                      i < h->bound_count ? number(h->bounds[i], text) : "+Inf");
        buf_printf(out, "%" PRIu64 "\n", total);
    }
    append_series(out, name, "_sum", labels, count, NULL);
    buf_printf(out, "%s\n", number(h->sum, text));
    append_series(out, name, "_count", labels, count, NULL);
    buf_printf(out, "%" PRIu64 "\n", total);
}
