#include "wire/pb_check.h"

#include <errno.h>

#include "base/utf8.h"
#include "wire/pbwire.h"
#include "wire/proto/google_protobuf_any.pb-c.h"
#include "wire/typereg.h"

enum { NON_CRITICAL_BIT = 1 << 10 };

static enum pbwire_type wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return PBWIRE_FIXED32;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return PBWIRE_FIXED64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return PBWIRE_BYTES;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
        return PBWIRE_VARINT;
    }
    return PBWIRE_VARINT;
}

static int check_unknown(const ProtobufCMessageDescriptor *type, const struct pbwire_field *f,
                         unsigned flags, struct err *e)
{
    if ((f->number & NON_CRITICAL_BIT) && (flags & PB_CHECK_ALLOW_NON_CRITICAL))
        return 0;
    return err_set(e, -EBADMSG, "errUnknownField \"%s\": {TagNum: %u, WireType:\"%s\"}", type->name,
                   f->number, pbwire_type_name(f->type));
}

static int check_wire_type(const ProtobufCMessageDescriptor *type,
                           const ProtobufCFieldDescriptor *field, const struct pbwire_field *f,
                           struct err *e)
{
    enum pbwire_type want = wire_type_of(field->type);
    bool packed = field->label == PROTOBUF_C_LABEL_REPEATED && f->type == PBWIRE_BYTES;
    if (f->type == want || packed)
        return 0;
    return err_set(e, -EBADMSG,
                   "Mismatched \"%s\": {TagNum: %u, GotWireType: \"%s\" != WantWireType: \"%s\"}",
                   type->name, f->number, pbwire_type_name(f->type), pbwire_type_name(want));
}

static int check_string(const ProtobufCMessageDescriptor *type,
                        const ProtobufCFieldDescriptor *field, struct slice text, struct err *e)
{
    if (text.len > 0 && memchr(text.data, 0, text.len))
        return err_set(e, -EBADMSG, "string field %s.%s contains a NUL", type->name, field->name);
    if (!utf8_valid(text))
        return err_set(e, -EBADMSG, "string field %s.%s contains invalid UTF-8", type->name,
                       field->name);
    return 0;
}

static int check_message(const ProtobufCMessageDescriptor *type, struct slice bytes, unsigned flags,
                         unsigned depth, struct err *e);

// The bytes of an Any passed as a message already; the last of a repeated member counts.
static int check_any_content(struct slice any, unsigned flags, unsigned depth, struct err *e)
{
    struct slice url = SLICE_NULL;
    struct slice value = SLICE_NULL;
    struct pbwire_field f;
    while (pbwire_next(&any, &f) > 0) {
        if (f.number == 1)
            url = f.bytes;
        else if (f.number == 2)
            value = f.bytes;
    }
    const ProtobufCMessageDescriptor *type = typereg_find_url(url);
    if (!type)
        return err_set(e, -EBADMSG, "unable to resolve type URL %.*s",
                       url.len < TYPEREG_URL_MAX ? (int)url.len : TYPEREG_URL_MAX,
                       url.len ? (const char *)url.data : "");
    return check_message(type, value, flags, depth + 1, e);
}

static int check_field(const ProtobufCMessageDescriptor *type, const struct pbwire_field *f,
                       unsigned flags, unsigned depth, struct err *e)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(type, f->number);
    if (!field)
        return check_unknown(type, f, flags, e);
    int r = check_wire_type(type, field, f, e);
    if (r < 0)
        return r;
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return check_string(type, field, f->bytes, e);
    if (field->type != PROTOBUF_C_TYPE_MESSAGE)
        return 0;
    const ProtobufCMessageDescriptor *child = (const ProtobufCMessageDescriptor *)field->descriptor;
    r = check_message(child, f->bytes, flags, depth + 1, e);
    if (r == 0 && (flags & PB_CHECK_OPEN_ANY) && child == &google__protobuf__any__descriptor)
        r = check_any_content(f->bytes, flags, depth + 1, e);
    return r;
}

static int check_message(const ProtobufCMessageDescriptor *type, struct slice bytes, unsigned flags,
                         unsigned depth, struct err *e)
{
    if (depth > PB_CHECK_DEPTH_MAX)
        return err_set(e, -EBADMSG, "recursion limit reached");
    for (;;) {
        struct pbwire_field f;
        int r = pbwire_next(&bytes, &f);
        if (r < 0)
            return err_set(e, -EBADMSG, "malformed %s", type->name);
        if (r == 0)
            return 0;
        r = check_field(type, &f, flags, depth, e);
        if (r < 0)
            return r;
    }
}

int pb_check(const ProtobufCMessageDescriptor *type, struct slice bytes, unsigned flags,
             struct err *e)
{
    return check_message(type, bytes, flags, 0, e);
}
