// rfc3339: times as text, UTC, without I/O or a clock.
#ifndef BASE_RFC3339_H
#define BASE_RFC3339_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum { RFC3339_MAX = 36 }; // "2026-01-02T03:04:05.123456789Z" and a NUL fit

// "2026-01-02T03:04:05.5Z" or with an offset ("+02:00"), up to nine decimals, years 1678 to 2261.
// 0, or -EINVAL for anything else: a day that does not exist, a leap second, trailing bytes.
int rfc3339_to_ns(struct slice text, int64_t *ret_ns);

// As Go's RFC3339Nano: UTC with Z, up to nine decimals, trailing zeros trimmed. Returns the length
// without the NUL.
size_t rfc3339_of_ns(int64_t ns, char ret[RFC3339_MAX]);

#endif
