#include <errno.h>
#include <inttypes.h>

#include "base/rfc3339.h"
#include "wire/dec.h"
#include "wire/pb_arena.h"
#include "wire/pb_check.h"
#include "wire/pbjson.h"
#include "wire/pbjson_special.h"
#include "wire/proto/google_protobuf_any.pb-c.h"
#include "wire/proto/google_protobuf_duration.pb-c.h"
#include "wire/proto/google_protobuf_timestamp.pb-c.h"
#include "wire/typereg.h"

struct writer {
    struct jsonw *w;
    struct err *e;
    unsigned depth;
};

static int write_message(struct writer *c, const ProtobufCMessage *m);

static bool nanos_in_range(int64_t seconds, int32_t nanos, bool is_signed)
{
    if (nanos > 999999999 || nanos < (is_signed ? -999999999 : 0))
        return false;
    return !is_signed || seconds == 0 || nanos == 0 || (seconds < 0) == (nanos < 0);
}

static int write_text(struct writer *c, struct buf *text)
{
    jsonw_string(c->w, buf_slice(text));
    return 0;
}

static int write_timestamp(struct writer *c, const Google__Protobuf__Timestamp *t)
{
    if (t->seconds < -62135596800 || t->seconds > 253402300799 ||
        !nanos_in_range(t->seconds, t->nanos, false))
        return err_set(c->e, -EBADMSG, "timestamp out of range");
    struct buf text CLEANUP_BUF = {0};
    rfc3339_append_proto(&text, t->seconds, t->nanos);
    return write_text(c, &text);
}

static int write_duration(struct writer *c, const Google__Protobuf__Duration *d)
{
    if (d->seconds < -315576000000 || d->seconds > 315576000000 ||
        !nanos_in_range(d->seconds, d->nanos, true))
        return err_set(c->e, -EBADMSG, "duration out of range");
    struct buf text CLEANUP_BUF = {0};
    pbjson_append_duration(&text, d->seconds, d->nanos);
    return write_text(c, &text);
}

void pbjson_append_duration(struct buf *ret, int64_t seconds, int32_t nanos)
{
    bool negative = seconds < 0 || nanos < 0;
    uint64_t whole = seconds < 0 ? -(uint64_t)seconds : (uint64_t)seconds;
    unsigned part = (unsigned)(nanos < 0 ? -(int64_t)nanos : nanos);
    buf_printf(ret, "%s%" PRIu64, negative ? "-" : "", whole);
    if (part != 0) {
        int digits = part % 1000000 == 0 ? 3 : part % 1000 == 0 ? 6 : 9;
        for (int i = digits; i < 9; i += 3)
            part /= 1000;
        buf_printf(ret, ".%0*u", digits, part);
    }
    buf_append_byte(ret, 's');
}

static int write_special(struct writer *c, enum pbjson_special special, const ProtobufCMessage *m);
static int write_fields(struct writer *c, const ProtobufCMessage *m);

static int write_any(struct writer *c, const Google__Protobuf__Any *any)
{
    struct arena a CLEANUP_ARENA = {0};
    if (any->type_url[0] == '\0' && any->value.len == 0) {
        jsonw_null(c->w);
        return 0;
    }
    const ProtobufCMessageDescriptor *type = typereg_find_url(slice_str(any->type_url));
    if (type && pb_check(type, pb_slice(any->value), 0, c->e) < 0)
        return -EBADMSG;
    void *message;
    int r = typereg_unpack(any, &a, &type, &message, c->e);
    if (r < 0)
        return r;
    if (c->depth == PBJSON_DEPTH_MAX)
        return err_set(c->e, -EBADMSG, "nested too deep");
    c->depth++; // the content is a message of its own
    jsonw_object(c->w);
    jsonw_key(c->w, "@type");
    jsonw_cstr(c->w, any->type_url);
    enum pbjson_special special = pbjson_special_of(type);
    if (special == PBJSON_PLAIN) {
        r = write_fields(c, (const ProtobufCMessage *)message);
    } else {
        jsonw_key(c->w, "value");
        r = write_special(c, special, (const ProtobufCMessage *)message);
    }
    jsonw_object_end(c->w);
    c->depth--;
    return r;
}

static int write_special(struct writer *c, enum pbjson_special special, const ProtobufCMessage *m)
{
    switch (special) {
    case PBJSON_ANY:
        return write_any(c, (const Google__Protobuf__Any *)m);
    case PBJSON_TIMESTAMP:
        return write_timestamp(c, (const Google__Protobuf__Timestamp *)m);
    case PBJSON_DURATION:
        return write_duration(c, (const Google__Protobuf__Duration *)m);
    case PBJSON_PLAIN:
        break;
    }
    return 0;
}

// A Dec that was never set is "0" in Go.
static int write_dec(struct writer *c, struct slice raw)
{
    struct dec d;
    char text[DEC_TEXT_MAX] = "0";
    unsigned len = 1;
    if (raw.len > 0) {
        if (dec_parse_raw(raw, &d, c->e) != 0)
            return -EBADMSG;
        len = dec_format(d, text);
    }
    jsonw_string(c->w, slice_of(text, len));
    return 0;
}

static void write_enum(struct writer *c, const ProtobufCFieldDescriptor *field, int value)
{
    const ProtobufCEnumDescriptor *type = (const ProtobufCEnumDescriptor *)field->descriptor;
    const ProtobufCEnumValue *named = protobuf_c_enum_descriptor_get_value(type, value);
    if (named)
        jsonw_cstr(c->w, named->name);
    else
        jsonw_int(c->w, value);
}

static int write_absent(struct writer *c, const ProtobufCMessageDescriptor *type,
                        const ProtobufCFieldDescriptor *field)
{
    const ProtobufCMessageDescriptor *child = (const ProtobufCMessageDescriptor *)field->descriptor;
    if (!pbjson_is_never_null(type, field)) {
        jsonw_null(c->w);
        return 0;
    }
    if (pbjson_special_of(child) == PBJSON_TIMESTAMP) {
        jsonw_cstr(c->w, "0001-01-01T00:00:00Z"); // Go's zero time
        return 0;
    }
    struct arena a CLEANUP_ARENA = {0};
    void *zero = arena_alloc(&a, child->sizeof_message);
    child->message_init((ProtobufCMessage *)zero);
    return write_message(c, (const ProtobufCMessage *)zero);
}

// `at` points to the value itself.
static int write_value(struct writer *c, const ProtobufCMessageDescriptor *type,
                       const ProtobufCFieldDescriptor *field, const void *at)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        jsonw_int(c->w, *(const int32_t *)at);
        return 0;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        jsonw_int(c->w, *(const uint32_t *)at);
        return 0;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        jsonw_int_string(c->w, *(const int64_t *)at);
        return 0;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        jsonw_uint_string(c->w, *(const uint64_t *)at);
        return 0;
    case PROTOBUF_C_TYPE_BOOL:
        jsonw_bool(c->w, *(const protobuf_c_boolean *)at);
        return 0;
    case PROTOBUF_C_TYPE_ENUM:
        write_enum(c, field, *(const int *)at);
        return 0;
    case PROTOBUF_C_TYPE_STRING: {
        struct slice text = slice_str(*(const char *const *)at);
        if (pbjson_is_dec(type, field))
            return write_dec(c, text);
        jsonw_string(c->w, text.len == 0 && pbjson_is_int(type, field) ? SLICE_LIT("0") : text);
        return 0;
    }
    case PROTOBUF_C_TYPE_BYTES: {
        struct slice bytes = pb_slice(*(const ProtobufCBinaryData *)at);
        if (pbjson_is_dec(type, field))
            return write_dec(c, bytes);
        jsonw_base64_or_null(c->w, bytes);
        return 0;
    }
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessage *m = *(const ProtobufCMessage *const *)at;
        return m ? write_message(c, m) : write_absent(c, type, field);
    }
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        break;
    }
    return err_set(c->e, -ENOTSUP, "%s.%s is a floating point field", type->name, field->name);
}

static int write_list(struct writer *c, const ProtobufCMessageDescriptor *type,
                      const ProtobufCFieldDescriptor *field, const uint8_t *base)
{
    size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
    const uint8_t *items = *(const uint8_t *const *)(const void *)(base + field->offset);
    jsonw_array(c->w);
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = write_value(c, type, field, items + i * pbjson_element_size(field->type));
    jsonw_array_end(c->w);
    return r;
}

static bool is_unset_member(const ProtobufCFieldDescriptor *field, const uint8_t *base)
{
    if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
        return false;
    return *(const uint32_t *)(const void *)(base + field->quantifier_offset) != field->id;
}

static int write_fields(struct writer *c, const ProtobufCMessage *m)
{
    const ProtobufCMessageDescriptor *type = m->descriptor;
    const uint8_t *base = (const uint8_t *)m;
    int r = 0;
    for (unsigned i = 0; r == 0 && i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        if (is_unset_member(field, base))
            continue;
        jsonw_key(c->w, field->name);
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            r = write_list(c, type, field, base);
        else
            r = write_value(c, type, field, base + field->offset);
    }
    return r;
}

static int write_message(struct writer *c, const ProtobufCMessage *m)
{
    if (c->depth == PBJSON_DEPTH_MAX)
        return err_set(c->e, -EBADMSG, "nested too deep");
    c->depth++;
    enum pbjson_special special = pbjson_special_of(m->descriptor);
    int r;
    if (special != PBJSON_PLAIN) {
        r = write_special(c, special, m);
    } else {
        jsonw_object(c->w);
        r = write_fields(c, m);
        jsonw_object_end(c->w);
    }
    c->depth--;
    return r;
}

int pbjson_write(const void *message, struct jsonw *w, struct err *e)
{
    struct writer c = {w, e, 0};
    return write_message(&c, (const ProtobufCMessage *)message);
}

int pbjson_append(const void *message, struct buf *ret, struct err *e)
{
    size_t before = ret->len;
    struct jsonw w = jsonw_on(ret);
    int r = pbjson_write(message, &w, e);
    if (r < 0)
        ret->len = before;
    return r;
}
