// Any bytes on the helper's input: every split gives the same lines, every line is read or refused
// with a text.
#include <assert.h>
#include <string.h>

#include "seivisor/net_helper/line_reader.h"
#include "seivisor/net_helper/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_line(void *arg, struct slice line)
{
    struct buf *seen = arg;
    buf_append_str(seen, line.data ? "line:" : "too long");
    buf_append_slice(seen, line);
    buf_append_byte(seen, '\n');
    if (!line.data)
        return;
    struct request request;
    struct err e = {0};
    int result = request_read(line, &request, &e);
    assert((result == 0) == (e.text[0] == '\0'));
    assert(result != 0 || request.id > 0);
    if (result == 0 && request.op == OP_PAGE)
        assert(page_check(&request.page, &e) == 0);
    request_deinit(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct line_reader whole = {.limit = 4096}, split = {.limit = 4096};
    CLEANUP_BUF struct buf seen = {0}, seen_split = {0};
    size_t step = size ? data[0] % 7 + 1 : 1;
    line_reader_feed(&whole, slice_of(data, size), on_line, &seen);
    for (size_t at = 0; at < size; at += step)
        line_reader_feed(&split, slice_of(data + at, size - at < step ? size - at : step), on_line,
                         &seen_split);
    assert(slice_eq(buf_slice(&seen), buf_slice(&seen_split)));
    line_reader_deinit(&whole);
    line_reader_deinit(&split);
    return 0;
}
