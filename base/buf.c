#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void buf_deinit(struct buf *b)
{
    free(b->data);
    *b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
    b->len = 0;
}

uint8_t *buf_reserve(struct buf *b, size_t more)
{
    if (!b->data || b->cap - b->len < more) {
        size_t cap = b->cap ? b->cap : 64;
        while (cap - b->len < more)
            cap *= 2;
        b->data = mem_realloc(b->data, cap);
        b->cap = cap;
    }
    return b->data + b->len;
}

void buf_append(struct buf *b, const void *data, size_t len)
{
    if (len == 0)
        return;
    memcpy(buf_reserve(b, len), data, len);
    b->len += len;
}

void buf_append_slice(struct buf *b, struct slice s)
{
    buf_append(b, s.data, s.len);
}

void buf_append_str(struct buf *b, const char *text)
{
    buf_append(b, text, strlen(text));
}

void buf_append_byte(struct buf *b, uint8_t byte)
{
    *buf_reserve(b, 1) = byte;
    b->len++;
}

void buf_append_be64(struct buf *b, uint64_t value)
{
    uint64_t be = __builtin_bswap64(value);
    buf_append(b, &be, sizeof be);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args;
    for (size_t room = 128;;) {
        char *at = (char *)buf_reserve(b, room);
        va_start(args, fmt);
        int len = vsnprintf(at, room, fmt, args);
        va_end(args);
        if (len < 0)
            abort(); // an invalid format: a programmer's error
        if ((size_t)len < room) {
            b->len += (size_t)len;
            return;
        }
        room = (size_t)len + 1;
    }
}

char *buf_cstr(struct buf *b)
{
    *buf_reserve(b, 1) = '\0';
    return (char *)b->data;
}

char *buf_take_cstr(struct buf *b)
{
    char *text = buf_cstr(b);
    *b = (struct buf){0};
    return text;
}
