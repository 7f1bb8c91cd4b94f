// pbwire: the protobuf wire format itself: varints, tags and fields, over borrowed bytes.
// No allocation, no state, any thread.
#ifndef WIRE_PBWIRE_H
#define WIRE_PBWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum { PBWIRE_VARINT_MAX = 10 };
enum pbwire_type {
    PBWIRE_VARINT = 0,
    PBWIRE_FIXED64 = 1,
    PBWIRE_BYTES = 2,
    PBWIRE_GROUP = 3,
    PBWIRE_GROUP_END = 4,
    PBWIRE_FIXED32 = 5,
};

// Bytes a varint takes.
static inline size_t pbwire_varint_len(uint64_t value)
{
    size_t len = 1;
    while (value >>= 7)
        len++;
    return len;
}

// Writes up to PBWIRE_VARINT_MAX bytes and returns how many.
static inline size_t pbwire_put_varint(uint8_t *at, uint64_t value)
{
    size_t len = 0;
    for (; value >= 0x80; value >>= 7)
        at[len++] = (uint8_t)(value | 0x80);
    at[len++] = (uint8_t)value;
    return len;
}

// How many bytes the varint at the start of `s` takes; 0 when it is cut off, -1 when it is longer
// than 64 bits. Also the length prefix of ABCI's frames.
int pbwire_get_varint(struct slice s, uint64_t *ret);

struct pbwire_field {
    uint32_t number; // 1 to 2^29 - 1
    enum pbwire_type type;
    uint64_t value;             // of VARINT, FIXED64 and FIXED32; the length of BYTES
    struct slice bytes;         // of BYTES
    unsigned length_prefix_len; // bytes the length of BYTES was written with
};

// Takes one field off the front of `*at`. 1: *ret is set. 0: `*at` is empty. -EBADMSG: cut off,
// a field number of 0, a varint beyond 64 bits, or a group, which proto3 does not have.
int pbwire_next(struct slice *at, struct pbwire_field *ret);

// Appending fields. As proto3, what is zero or empty is left out; a message is always written.
void pbwire_append_varint(struct buf *b, uint32_t number, uint64_t value);
void pbwire_append_fixed64(struct buf *b, uint32_t number, uint64_t value);
void pbwire_append_bytes(struct buf *b, uint32_t number, struct slice bytes);
void pbwire_append_message(struct buf *b, uint32_t number, struct slice encoded);

// The text of the SDK: "varint", "fixed64", "bytes", "start_group", "end_group", "fixed32".
const char *pbwire_type_name(enum pbwire_type type);

#endif
