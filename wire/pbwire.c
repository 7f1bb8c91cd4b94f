#include "wire/pbwire.h"

#include <errno.h>

int pbwire_get_varint(struct slice s, uint64_t *ret)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < PBWIRE_VARINT_MAX; i++) {
        if (i == s.len)
            return 0;
        uint8_t byte = s.data[i];
        // The tenth byte holds the last bit only.
        if (i == PBWIRE_VARINT_MAX - 1 && byte > 1)
            return -1;
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *ret = value;
            return (int)i + 1;
        }
    }
    return -1;
}

static void advance(struct slice *at, size_t n)
{
    at->data += n;
    at->len -= n;
}

static int take_varint(struct slice *at, uint64_t *ret)
{
    int n = pbwire_get_varint(*at, ret);
    if (n <= 0)
        return -EBADMSG;
    advance(at, (size_t)n);
    return n;
}

static int take_fixed(struct slice *at, unsigned width, uint64_t *ret)
{
    if (at->len < width)
        return -EBADMSG;
    uint64_t value = 0;
    for (unsigned i = 0; i < width; i++)
        value |= (uint64_t)at->data[i] << (8 * i);
    advance(at, width);
    *ret = value;
    return 1;
}

static int take_bytes(struct slice *at, struct pbwire_field *ret)
{
    int n = take_varint(at, &ret->value);
    if (n < 0 || ret->value > at->len)
        return -EBADMSG;
    ret->length_prefix_len = (unsigned)n;
    ret->bytes = slice_of(at->data, (size_t)ret->value);
    advance(at, ret->bytes.len);
    return 1;
}

static int take_value(struct slice *at, struct pbwire_field *ret)
{
    switch (ret->type) {
    case PBWIRE_VARINT:
        return take_varint(at, &ret->value);
    case PBWIRE_FIXED64:
        return take_fixed(at, 8, &ret->value);
    case PBWIRE_FIXED32:
        return take_fixed(at, 4, &ret->value);
    case PBWIRE_BYTES:
        return take_bytes(at, ret);
    case PBWIRE_GROUP:
    case PBWIRE_GROUP_END:
        return -EBADMSG;
    }
    return -EBADMSG; // types 6 and 7 do not exist
}

int pbwire_next(struct slice *at, struct pbwire_field *ret)
{
    if (at->len == 0)
        return 0;
    uint64_t tag;
    if (take_varint(at, &tag) < 0 || tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
        return -EBADMSG;
    *ret =
        (struct pbwire_field){.number = (uint32_t)(tag >> 3), .type = (enum pbwire_type)(tag & 7)};
    return take_value(at, ret) < 0 ? -EBADMSG : 1;
}

static void append_tag(struct buf *b, uint32_t number, enum pbwire_type type, uint64_t after)
{
    uint8_t *at = buf_reserve(b, (size_t)2 * PBWIRE_VARINT_MAX);
    size_t len = pbwire_put_varint(at, (uint64_t)number << 3 | type);
    b->len += len + pbwire_put_varint(at + len, after);
}

void pbwire_append_varint(struct buf *b, uint32_t number, uint64_t value)
{
    if (value != 0)
        append_tag(b, number, PBWIRE_VARINT, value);
}

void pbwire_append_fixed64(struct buf *b, uint32_t number, uint64_t value)
{
    if (value == 0)
        return;
    uint8_t *at = buf_reserve(b, PBWIRE_VARINT_MAX + 8);
    size_t len = pbwire_put_varint(at, (uint64_t)number << 3 | PBWIRE_FIXED64);
    for (unsigned i = 0; i < 8; i++)
        at[len++] = (uint8_t)(value >> (8 * i));
    b->len += len;
}

void pbwire_append_message(struct buf *b, uint32_t number, struct slice encoded)
{
    append_tag(b, number, PBWIRE_BYTES, encoded.len);
    buf_append_slice(b, encoded);
}

void pbwire_append_bytes(struct buf *b, uint32_t number, struct slice bytes)
{
    if (bytes.len > 0)
        pbwire_append_message(b, number, bytes);
}

const char *pbwire_type_name(enum pbwire_type type)
{
    static const char *const names[] = {"varint",      "fixed64",   "bytes",
                                        "start_group", "end_group", "fixed32"};
    return (unsigned)type < sizeof names / sizeof names[0] ? names[type] : "unknown type";
}
