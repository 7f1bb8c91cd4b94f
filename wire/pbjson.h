// pbjson: protobuf messages as JSON and back, over their descriptors, as the Cosmos SDK does it
// (gogo's jsonpb with original names and defaults): snake_case names in the order of the field
// numbers, 64-bit integers as strings, enums as names, bytes as base64 (null when empty), absent
// messages null, empty lists [], Any as {"@type": …, fields}, Timestamp and Duration as strings,
// the SDK's Dec fields as decimals ("0.334000000000000000") whatever they are on the wire. Of a
// oneof only the member that is set is written.
//
// A message that the SDK declares non-nullable is written as its zero value when it is absent (a
// Plan's time as 0001-01-01T00:00:00Z), and reads back as set. Pure; any thread.
#ifndef WIRE_PBJSON_H
#define WIRE_PBJSON_H

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "wire/jsonw.h"

enum { PBJSON_DEPTH_MAX = 64, PBJSON_BYTES_MAX = 16 << 20 };

// Writes one value. `message` is any generated struct. -ENOENT: an Any of an unknown type ("unable
// to resolve type URL …"); -EBADMSG: an Any with malformed content, a time out of range, nesting
// too deep. What was written before a failure stays in the buffer: the caller cuts it off.
int pbjson_write(const void *message, struct jsonw *w, struct err *e);
// The same, appended to a buffer, which is as before on failure.
int pbjson_append(const void *message, struct buf *ret, struct err *e);

// Reads strictly: names as in the .proto or in lowerCamelCase, no others, no duplicates; numbers in
// range; null is the default. -EINVAL, and the text names the path: "messages[0].amount[1].denom:
// expected a string". The result is a generated struct in the arena.
int pbjson_read(const ProtobufCMessageDescriptor *type, struct slice json, struct arena *a,
                void **ret, struct err *e);
// The same from parsed JSON; `where` begins the path of errors ("" for none). `value` is borrowed
// for the call.
int pbjson_read_value(const ProtobufCMessageDescriptor *type, const json_t *value,
                      const char *where, struct arena *a, void **ret, struct err *e);

// "172800s", "1.500s", "-0.000000001s".
void pbjson_append_duration(struct buf *ret, int64_t seconds, int32_t nanos);
// 0 or -EINVAL: malformed, beyond 315576000000 seconds, or more than nine digits after the point.
int pbjson_parse_duration(struct slice text, int64_t *ret_seconds, int32_t *ret_nanos);

#endif
