// line_reader: cuts a stream of bytes into lines of a limited length. Pure; any split of the stream
// gives the same lines.
#ifndef SEIVISOR_NET_HELPER_LINE_READER_H
#define SEIVISOR_NET_HELPER_LINE_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/slice.h"

struct line_reader {
    size_t limit; // bytes of a line with its '\n'; set by the owner
    struct buf partial;
    bool skipping; // the rest of a line that was too long
};

void line_reader_deinit(struct line_reader *r); // idempotent

// Called for each whole line, without its '\n', and once for a line beyond the limit, then with
// null data.
typedef void line_fn(void *arg, struct slice line);
void line_reader_feed(struct line_reader *r, struct slice bytes, line_fn *on_line, void *arg);

#endif
