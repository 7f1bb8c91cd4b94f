// godur: durations as Go writes and reads them: "1m30s", "1.5h", "-2ms", "0". Pure.
#ifndef WIRE_GODUR_H
#define WIRE_GODUR_H

#include <stdint.h>

#include "base/buf.h"

// As time.ParseDuration. 0, or -EINVAL: malformed, without a unit, or beyond 64 bits of ns.
int godur_parse(const char *text, int64_t *ret_ns);
// As Duration.String: "1m30s", "1.5s", "0s", "1h0m0s", "300ms", "1.5µs".
void godur_append(struct buf *ret, int64_t ns);

#endif
