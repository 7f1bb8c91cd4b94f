// buf: a growable byte buffer, embedded in its owner. Zero-initialised is empty and valid.
// Growth aborts on exhaustion (mem.h). Not for two threads at once.
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/slice.h"

struct buf {
    uint8_t *data; // owned
    size_t len;
    size_t cap;
};

void buf_deinit(struct buf *b); // idempotent
void buf_clear(struct buf *b);  // keeps the memory

// Makes room for `more` bytes and returns where they go; the length does not change.
uint8_t *buf_reserve(struct buf *b, size_t more);
void buf_append(struct buf *b, const void *data, size_t len);
void buf_append_slice(struct buf *b, struct slice s);
void buf_append_str(struct buf *b, const char *text);
void buf_append_byte(struct buf *b, uint8_t byte);
void buf_append_be64(struct buf *b, uint64_t value);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// Terminates with a NUL that does not count as content and returns the text; owned by the buffer.
char *buf_cstr(struct buf *b);
// Hands the memory (from buf_cstr) to the caller, who frees it; the buffer is empty after.
char *buf_take_cstr(struct buf *b);

static inline struct slice buf_slice(const struct buf *b)
{
    return slice_of(b->data, b->len);
}

#define CLEANUP_BUF CLEANUP(buf_deinit)

#endif
