// mem: allocation for programs.
//
// Running out of memory ends the process with a line on stderr and abort(): state is crash-safe by
// design, every input has a limit, and a half-tested path behind each allocation would be the
// less safe choice. The contract library does not use this: it allocates nothing.
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#define MEM_RETURNS __attribute__((malloc, returns_nonnull, warn_unused_result))

// The caller owns the result and frees it with free(). A size of 0 gives a valid pointer.
void *mem_alloc(size_t size) MEM_RETURNS; // uninitialised
void *mem_zalloc(size_t size) MEM_RETURNS;
void *mem_calloc(size_t count, size_t size) MEM_RETURNS;
void *mem_realloc(void *old, size_t size) __attribute__((returns_nonnull, warn_unused_result));
// `count` elements of `size`; aborts when the product overflows.
void *mem_realloc_array(void *old, size_t count, size_t size)
    __attribute__((returns_nonnull, warn_unused_result));
void *mem_dup(const void *data, size_t len) MEM_RETURNS;
char *mem_strdup(const char *text) MEM_RETURNS;
char *mem_strndup(const char *text, size_t len) MEM_RETURNS;
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2))) MEM_RETURNS;

#endif
