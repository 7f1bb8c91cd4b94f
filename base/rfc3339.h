// rfc3339: times as text, read and written as Go's encoding/json does: UTC, up to nine digits of a
// second. Years 0001 to 9999. Without I/O or a clock, any thread; only `ret` grows.
#ifndef BASE_RFC3339_H
#define BASE_RFC3339_H

#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

// Seconds since 1970-01-01 UTC and 0 to 999999999 ns beyond. Offsets such as +02:00 are understood.
// More than 9 digits of a second are cut, as Go does. 0, or -EINVAL for anything else: a day that
// does not exist, a leap second, trailing bytes.
int rfc3339_parse(struct slice text, int64_t *ret_seconds, int32_t *ret_nanos);
// As above in nanoseconds since 1970; -ERANGE before 1678 and after 2261.
int rfc3339_parse_ns(struct slice text, int64_t *ret_ns);

// "2026-01-02T03:04:05.678Z": UTC, trailing zeros of the second trimmed.
void rfc3339_append(struct buf *ret, int64_t seconds, int32_t nanos);
void rfc3339_append_ns(struct buf *ret, int64_t ns);
// With three digits of the second, always: columns of a log.
void rfc3339_append_ms(struct buf *ret, int64_t ns);
// As protobuf's JSON mapping writes a Timestamp: 0, 3, 6 or 9 digits of a second.
void rfc3339_append_proto(struct buf *ret, int64_t seconds, int32_t nanos);

#endif
