#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BLOCK_MIN_BYTES = 16384, BLOCK_MAX_BYTES = 1 << 20, ALIGNMENT = 16 };

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t cap;
    size_t padding; // keeps `bytes` aligned
    unsigned char bytes[];
};

void arena_deinit(struct arena *a)
{
    while (a->head) {
        struct arena_block *next = a->head->next;
        free(a->head);
        a->head = next;
    }
}

void arena_clear(struct arena *a)
{
    if (!a->head)
        return;
    struct arena_block *kept = a->head;
    if (kept->cap > BLOCK_MAX_BYTES) {
        arena_deinit(a);
        return;
    }
    a->head = kept->next;
    arena_deinit(a);
    kept->next = NULL;
    kept->used = 0;
    a->head = kept;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (!a->head || a->head->cap - a->head->used < size) {
        // Each block is twice the last, so that large uses cost few allocations.
        size_t cap = a->head ? 2 * a->head->cap : BLOCK_MIN_BYTES;
        if (cap > BLOCK_MAX_BYTES)
            cap = BLOCK_MAX_BYTES;
        if (cap < size)
            cap = size;
        struct arena_block *block = mem_alloc(sizeof *block + cap);
        block->next = a->head;
        block->used = 0;
        block->cap = cap;
        a->head = block;
    }
    void *memory = a->head->bytes + a->head->used;
    a->head->used += size;
    return memory;
}

void *arena_zalloc(struct arena *a, size_t size)
{
    return memset(arena_alloc(a, size), 0, size);
}

void *arena_dup(struct arena *a, const void *data, size_t len)
{
    void *copy = arena_alloc(a, len);
    if (len)
        memcpy(copy, data, len);
    return copy;
}

struct slice arena_slice(struct arena *a, struct slice s)
{
    return slice_of(arena_dup(a, s.data, s.len), s.len);
}

char *arena_strndup(struct arena *a, const char *text, size_t len)
{
    char *copy = arena_alloc(a, len + 1);
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0)
        abort(); // an invalid format: a programmer's error
    char *text = arena_alloc(a, (size_t)len + 1);
    va_start(args, fmt);
    vsnprintf(text, (size_t)len + 1, fmt, args);
    va_end(args);
    return text;
}
