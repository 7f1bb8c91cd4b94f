// arena: memory that ends all at once: with a request, a transaction or a block.
// Zero-initialised is empty and valid. Not for two threads at once. Aborts on exhaustion (mem.h).
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/cleanup.h"
#include "base/slice.h"

struct arena_block;
struct arena {
    struct arena_block *head; // owned, newest first
};

void arena_deinit(struct arena *a); // idempotent
// Frees all but one block (1 MiB at most), so that a loop allocates from warm memory.
void arena_clear(struct arena *a);

// All results live until arena_clear or arena_deinit. Aligned for any type.
void *arena_alloc(struct arena *a, size_t size) __attribute__((returns_nonnull)); // uninitialised
void *arena_zalloc(struct arena *a, size_t size) __attribute__((returns_nonnull));
void *arena_dup(struct arena *a, const void *data, size_t len) __attribute__((returns_nonnull));
struct slice arena_slice(struct arena *a, struct slice s);
char *arena_strndup(struct arena *a, const char *text, size_t len) __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));

#define CLEANUP_ARENA CLEANUP(arena_deinit)

#endif
