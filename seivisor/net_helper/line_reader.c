#include "seivisor/net_helper/line_reader.h"

#include <string.h>

void line_reader_deinit(struct line_reader *r)
{
    buf_deinit(&r->partial);
}

static void end_line(struct line_reader *r, struct slice rest, line_fn *on_line, void *arg)
{
    if (r->partial.len == 0) {
        on_line(arg, rest.data ? rest : SLICE_LIT(""));
        return;
    }
    buf_append_slice(&r->partial, rest);
    on_line(arg, buf_slice(&r->partial));
    buf_clear(&r->partial);
}

void line_reader_feed(struct line_reader *r, struct slice bytes, line_fn *on_line, void *arg)
{
    while (bytes.len > 0) {
        const uint8_t *newline = memchr(bytes.data, '\n', bytes.len);
        size_t len = newline ? (size_t)(newline - bytes.data) : bytes.len;
        bool too_long = r->partial.len + len >= r->limit; // no room for its '\n'
        if (too_long && !r->skipping) {
            on_line(arg, SLICE_NULL);
            buf_clear(&r->partial);
            r->skipping = true;
        }
        if (!r->skipping && newline)
            end_line(r, slice_of(bytes.data, len), on_line, arg);
        else if (!r->skipping)
            buf_append(&r->partial, bytes.data, len);
        if (newline)
            r->skipping = false;
        size_t used = len + (newline ? 1 : 0);
        bytes = slice_of(bytes.data + used, bytes.len - used);
    }
}
