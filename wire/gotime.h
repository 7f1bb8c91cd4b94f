// gotime: times as Go's encoding/json writes and reads them (RFC 3339 with up to 9 digits of a
// second). Pure; years 0001 to 9999.
#ifndef WIRE_GOTIME_H
#define WIRE_GOTIME_H

#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

// Seconds since 1970-01-01 UTC and 0 to 999999999 ns beyond. Offsets such as +02:00 are understood.
// More than 9 digits of a second are cut, as Go does. 0 or -EINVAL.
int gotime_parse(struct slice text, int64_t *ret_seconds, int32_t *ret_nanos);
// As above in nanoseconds since 1970; -ERANGE before 1678 and after 2261.
int gotime_parse_ns(struct slice text, int64_t *ret_ns);

// "2026-01-02T03:04:05.678Z": UTC, trailing zeros of the second trimmed.
void gotime_append(struct buf *ret, int64_t seconds, int32_t nanos);
void gotime_append_ns(struct buf *ret, int64_t ns);

// As protobuf's JSON mapping writes a Timestamp: 0, 3, 6 or 9 digits of a second.
void gotime_append_proto(struct buf *ret, int64_t seconds, int32_t nanos);

#endif
