#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/enc.h"
#include "base/rfc3339.h"
#include "wire/dec.h"
#include "wire/pb_arena.h"
#include "wire/pbjson.h"
#include "wire/pbjson_special.h"
#include "wire/proto/google_protobuf_any.pb-c.h"
#include "wire/proto/google_protobuf_duration.pb-c.h"
#include "wire/proto/google_protobuf_timestamp.pb-c.h"
#include "wire/typereg.h"

enum { PATH_SHOWN = 200 };

// Where in the input: a list on the stack, from the value outwards.
struct path {
    const struct path *parent;
    const char *name; // null: an index
    size_t index;
};

struct reader {
    struct arena *a;
    struct err *e;
    const char *where;
    unsigned depth;
};

static void append_path(struct buf *text, const struct path *p)
{
    if (!p)
        return;
    append_path(text, p->parent);
    if (!p->name)
        buf_printf(text, "[%zu]", p->index);
    else
        buf_printf(text, "%s%.80s", text->len ? "." : "", p->name);
}

__attribute__((format(printf, 3, 4))) static int bad(struct reader *c, const struct path *p,
                                                     const char *fmt, ...)
{
    struct buf where CLEANUP_BUF = {0};
    buf_append_str(&where, c->where);
    append_path(&where, p);
    va_list args;
    va_start(args, fmt);
    char text[256];
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    // The end of a long path says more than its beginning.
    bool cut = where.len > PATH_SHOWN;
    const char *shown = buf_cstr(&where) + (cut ? where.len - PATH_SHOWN : 0);
    return err_set(c->e, -EINVAL, "%s%s%s%s", cut ? "..." : "", shown, where.len ? ": " : "", text);
}

// ---- numbers ----

// What a number or a string of digits says. False: neither, or out of 64 bits.
static bool number_of(const json_t *value, bool *ret_negative, uint64_t *ret_magnitude)
{
    if (json_is_integer(value)) {
        json_int_t n = json_integer_value(value);
        *ret_negative = n < 0;
        *ret_magnitude = n < 0 ? -(uint64_t)n : (uint64_t)n;
        return true;
    }
    if (!json_is_string(value))
        return false;
    struct slice text = slice_of(json_string_value(value), json_string_length(value));
    bool negative = text.len > 0 && text.data[0] == '-';
    if (negative)
        text = slice_of(text.data + 1, text.len - 1);
    amount_t magnitude;
    if (amount_parse(text, &magnitude, NULL) < 0 || magnitude > UINT64_MAX)
        return false;
    *ret_negative = negative;
    *ret_magnitude = (uint64_t)magnitude;
    return true;
}

static int read_signed(struct reader *c, const struct path *p, const json_t *value, int64_t max,
                       int64_t *ret)
{
    bool negative;
    uint64_t magnitude;
    if (!number_of(value, &negative, &magnitude))
        return bad(c, p, "expected an integer");
    if (magnitude > (uint64_t)max + negative)
        return bad(c, p, "integer out of range");
    *ret = negative ? (int64_t)(-magnitude) : (int64_t)magnitude;
    return 0;
}

static int read_unsigned(struct reader *c, const struct path *p, const json_t *value, uint64_t max,
                         uint64_t *ret)
{
    bool negative;
    uint64_t magnitude;
    if (!number_of(value, &negative, &magnitude))
        return bad(c, p, "expected an integer");
    if (magnitude > max || (negative && magnitude > 0))
        return bad(c, p, "integer out of range");
    *ret = magnitude;
    return 0;
}

static int read_enum(struct reader *c, const struct path *p, const ProtobufCEnumDescriptor *type,
                     const json_t *value, int *ret)
{
    if (json_is_string(value)) {
        const char *name = json_string_value(value);
        const ProtobufCEnumValue *named = protobuf_c_enum_descriptor_get_value_by_name(type, name);
        if (!named)
            return bad(c, p, "\"%.80s\" is no %s", name, type->name);
        *ret = named->value;
        return 0;
    }
    int64_t number = 0;
    int r = read_signed(c, p, value, INT32_MAX, &number);
    if (r == 0)
        *ret = (int)number;
    return r;
}

// ---- strings ----

static int read_text(struct reader *c, const struct path *p, const json_t *value, struct slice *ret)
{
    if (!json_is_string(value))
        return bad(c, p, "expected a string");
    *ret = slice_of(json_string_value(value), json_string_length(value));
    return 0;
}

// A decimal as text to the scaled integer as text.
static int read_dec(struct reader *c, const struct path *p, const json_t *value, struct slice *ret)
{
    struct slice text = SLICE_NULL;
    struct dec d;
    struct err why = {0};
    int r = read_text(c, p, value, &text);
    if (r < 0)
        return r;
    if (dec_parse(text, &d, &why) != 0)
        return bad(c, p, "%.200s", why.text);
    char *raw = (char *)arena_alloc(c->a, DEC_TEXT_MAX);
    *ret = slice_of(raw, dec_format_raw(d, raw));
    return 0;
}

static int read_bytes(struct reader *c, const struct path *p, const json_t *value,
                      struct slice *ret)
{
    struct slice text = SLICE_NULL;
    struct buf bytes CLEANUP_BUF = {0};
    int r = read_text(c, p, value, &text);
    if (r < 0)
        return r;
    if (enc_base64_decode((const char *)text.data, text.len, &bytes) < 0)
        return bad(c, p, "expected base64");
    *ret = arena_slice(c->a, buf_slice(&bytes));
    return 0;
}

static bool take_digits(struct slice *s, unsigned max, uint64_t *ret, unsigned *ret_count)
{
    uint64_t value = 0;
    unsigned count = 0;
    for (; s->len > 0 && s->data[0] >= '0' && s->data[0] <= '9'; count++) {
        if (count == max)
            return false;
        value = value * 10 + (uint64_t)(s->data[0] - '0');
        *s = slice_of(s->data + 1, s->len - 1);
    }
    *ret = value;
    *ret_count = count;
    return count > 0;
}

int pbjson_parse_duration(struct slice text, int64_t *ret_seconds, int32_t *ret_nanos)
{
    bool negative = text.len > 0 && text.data[0] == '-';
    if (negative)
        text = slice_of(text.data + 1, text.len - 1);
    uint64_t seconds, nanos = 0;
    unsigned digits = 0;
    if (!take_digits(&text, 12, &seconds, &digits) || seconds > 315576000000)
        return -EINVAL;
    digits = 9;
    if (text.len > 0 && text.data[0] == '.') {
        text = slice_of(text.data + 1, text.len - 1);
        if (!take_digits(&text, 9, &nanos, &digits))
            return -EINVAL;
    }
    for (; digits < 9; digits++)
        nanos *= 10;
    if (!slice_eq(text, SLICE_LIT("s")) || (seconds == 315576000000 && nanos > 0))
        return -EINVAL;
    *ret_seconds = negative ? -(int64_t)seconds : (int64_t)seconds;
    *ret_nanos = negative ? -(int32_t)nanos : (int32_t)nanos;
    return 0;
}

// ---- messages ----

static int read_message(struct reader *c, const struct path *p,
                        const ProtobufCMessageDescriptor *type, const json_t *value, void **ret);
static int read_object(struct reader *c, const struct path *p,
                       const ProtobufCMessageDescriptor *type, const json_t *object, bool in_any,
                       void *message);

static void *new_message(struct reader *c, const ProtobufCMessageDescriptor *type)
{
    void *message = arena_alloc(c->a, type->sizeof_message);
    type->message_init((ProtobufCMessage *)message);
    return message;
}

static int read_timestamp(struct reader *c, const struct path *p, const json_t *value,
                          void *message)
{
    Google__Protobuf__Timestamp *t = (Google__Protobuf__Timestamp *)message;
    struct slice text = SLICE_NULL;
    int r = read_text(c, p, value, &text);
    if (r < 0)
        return r;
    if (rfc3339_parse(text, &t->seconds, &t->nanos) < 0)
        return bad(c, p, "expected a time such as 2006-01-02T15:04:05Z");
    return 0;
}

static int read_duration(struct reader *c, const struct path *p, const json_t *value, void *message)
{
    Google__Protobuf__Duration *d = (Google__Protobuf__Duration *)message;
    struct slice text = SLICE_NULL;
    int r = read_text(c, p, value, &text);
    if (r < 0)
        return r;
    if (pbjson_parse_duration(text, &d->seconds, &d->nanos) < 0)
        return bad(c, p, "expected a duration such as 172800s");
    return 0;
}

// The content of an Any of a type that has a JSON form of its own: {"@type": …, "value": …}.
static int read_any_special(struct reader *c, const struct path *p,
                            const ProtobufCMessageDescriptor *type, const json_t *object,
                            void **ret)
{
    struct path at = {p, "value", 0};
    const json_t *value = json_object_get(object, "value");
    if (!value || json_object_size(object) != 2)
        return bad(c, p, "%s in an Any has exactly one member, \"value\"", type->name);
    return read_message(c, &at, type, value, ret);
}

static int read_any(struct reader *c, const struct path *p, const json_t *value, void *message)
{
    Google__Protobuf__Any *any = (Google__Protobuf__Any *)message;
    const json_t *url = json_is_object(value) ? json_object_get(value, "@type") : NULL;
    if (!json_is_string(url))
        return bad(c, p, "expected an object with \"@type\"");
    const ProtobufCMessageDescriptor *type = typereg_find_url(slice_str(json_string_value(url)));
    if (!type)
        return bad(c, p, "unable to resolve type URL %.128s", json_string_value(url));
    void *content = NULL;
    int r;
    if (c->depth == PBJSON_DEPTH_MAX)
        return bad(c, p, "nested too deep");
    c->depth++; // the content is a message of its own
    if (pbjson_special_of(type) != PBJSON_PLAIN) {
        r = read_any_special(c, p, type, value, &content);
    } else {
        content = new_message(c, type);
        r = read_object(c, p, type, value, true, content);
    }
    c->depth--;
    if (r < 0)
        return r;
    any->type_url = arena_printf(c->a, "/%s", type->name);
    any->value = pb_bytes(pb_pack(content, c->a));
    return 0;
}

static int read_message(struct reader *c, const struct path *p,
                        const ProtobufCMessageDescriptor *type, const json_t *value, void **ret)
{
    if (c->depth == PBJSON_DEPTH_MAX)
        return bad(c, p, "nested too deep");
    c->depth++;
    void *message = new_message(c, type);
    int r = 0;
    switch (pbjson_special_of(type)) {
    case PBJSON_ANY:
        r = read_any(c, p, value, message);
        break;
    case PBJSON_TIMESTAMP:
        r = read_timestamp(c, p, value, message);
        break;
    case PBJSON_DURATION:
        r = read_duration(c, p, value, message);
        break;
    case PBJSON_PLAIN:
        r = json_is_object(value) ? read_object(c, p, type, value, false, message)
                                  : bad(c, p, "expected an object");
        break;
    }
    c->depth--;
    if (r == 0)
        *ret = message;
    return r;
}

// ---- values ----

static int store_string(struct reader *c, const struct path *p,
                        const ProtobufCMessageDescriptor *type,
                        const ProtobufCFieldDescriptor *field, const json_t *value, void *at)
{
    struct slice text = SLICE_NULL;
    int r =
        pbjson_is_dec(type, field) ? read_dec(c, p, value, &text) : read_text(c, p, value, &text);
    if (r == 0)
        *(char **)at = arena_strndup(c->a, (const char *)text.data, text.len);
    return r;
}

static int store_bytes(struct reader *c, const struct path *p,
                       const ProtobufCMessageDescriptor *type,
                       const ProtobufCFieldDescriptor *field, const json_t *value, void *at)
{
    struct slice bytes = SLICE_NULL;
    int r = pbjson_is_dec(type, field) ? read_dec(c, p, value, &bytes)
                                       : read_bytes(c, p, value, &bytes);
    if (r == 0)
        *(ProtobufCBinaryData *)at = pb_bytes(bytes);
    return r;
}

static int store_signed(struct reader *c, const struct path *p, bool wide, const json_t *value,
                        void *at)
{
    int64_t number = 0;
    int r = read_signed(c, p, value, wide ? INT64_MAX : INT32_MAX, &number);
    if (r == 0 && wide)
        *(int64_t *)at = number;
    else if (r == 0)
        *(int32_t *)at = (int32_t)number;
    return r;
}

static int store_unsigned(struct reader *c, const struct path *p, bool wide, const json_t *value,
                          void *at)
{
    uint64_t number = 0;
    int r = read_unsigned(c, p, value, wide ? UINT64_MAX : UINT32_MAX, &number);
    if (r == 0 && wide)
        *(uint64_t *)at = number;
    else if (r == 0)
        *(uint32_t *)at = (uint32_t)number;
    return r;
}

static int store_value(struct reader *c, const struct path *p,
                       const ProtobufCMessageDescriptor *type,
                       const ProtobufCFieldDescriptor *field, const json_t *value, void *at)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return store_signed(c, p, false, value, at);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return store_signed(c, p, true, value, at);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return store_unsigned(c, p, false, value, at);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return store_unsigned(c, p, true, value, at);
    case PROTOBUF_C_TYPE_BOOL:
        if (!json_is_boolean(value))
            return bad(c, p, "expected true or false");
        *(protobuf_c_boolean *)at = json_is_true(value);
        return 0;
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(c, p, (const ProtobufCEnumDescriptor *)field->descriptor, value,
                         (int *)at);
    case PROTOBUF_C_TYPE_STRING:
        return store_string(c, p, type, field, value, at);
    case PROTOBUF_C_TYPE_BYTES:
        return store_bytes(c, p, type, field, value, at);
    case PROTOBUF_C_TYPE_MESSAGE:
        return read_message(c, p, (const ProtobufCMessageDescriptor *)field->descriptor, value,
                            (void **)at);
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        break;
    }
    return bad(c, p, "floating point fields are not supported");
}

static int store_list(struct reader *c, const struct path *p,
                      const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field,
                      const json_t *value, uint8_t *base)
{
    if (!json_is_array(value))
        return bad(c, p, "expected a list");
    size_t count = json_array_size(value);
    size_t size = pbjson_element_size(field->type);
    uint8_t *items = (uint8_t *)arena_zalloc(c->a, (count + 1) * size);
    for (size_t i = 0; i < count; i++) {
        struct path at = {p, NULL, i};
        int r = store_value(c, &at, type, field, json_array_get(value, i), items + i * size);
        if (r < 0)
            return r;
    }
    *(size_t *)(void *)(base + field->quantifier_offset) = count;
    *(void **)(void *)(base + field->offset) = count ? items : NULL;
    return 0;
}

static int store_field(struct reader *c, const struct path *p,
                       const ProtobufCMessageDescriptor *type,
                       const ProtobufCFieldDescriptor *field, const json_t *value, uint8_t *base)
{
    if (json_is_null(value))
        return 0;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return store_list(c, p, type, field, value, base);
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        uint32_t *which = (uint32_t *)(void *)(base + field->quantifier_offset);
        if (*which != 0 && *which != field->id)
            return bad(c, p, "another member of the same choice is set");
        *which = field->id;
    }
    return store_value(c, p, type, field, value, base + field->offset);
}

// "gasLimit" is gas_limit too.
static bool is_camel_of(const char *camel, const char *snake)
{
    for (; *snake; snake++, camel++) {
        bool upper = *snake == '_' && snake[1] >= 'a' && snake[1] <= 'z';
        snake += upper;
        if (*camel != *snake - (upper ? 'a' - 'A' : 0))
            return false;
    }
    return *camel == '\0';
}

static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *type,
                                                  const char *key)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(type, key);
    for (unsigned i = 0; !field && i < type->n_fields; i++)
        if (is_camel_of(key, type->fields[i].name))
            field = &type->fields[i];
    return field;
}

// Both spellings at once would be a duplicate that the parser cannot see.
static bool is_doubled(const json_t *object, const char *key, const ProtobufCFieldDescriptor *field)
{
    return strcmp(key, field->name) != 0 && json_object_get(object, field->name);
}

static int read_object(struct reader *c, const struct path *p,
                       const ProtobufCMessageDescriptor *type, const json_t *object, bool in_any,
                       void *message)
{
    const char *key;
    json_t *value;
    json_t *members = (json_t *)(uintptr_t)object; // iterating takes no const
    json_object_foreach(members, key, value)
    {
        struct path at = {p, key, 0};
        if (in_any && strcmp(key, "@type") == 0)
            continue;
        const ProtobufCFieldDescriptor *field = find_field(type, key);
        if (!field)
            return bad(c, &at, "unknown field in %s", type->name);
        if (is_doubled(object, key, field))
            return bad(c, &at, "given twice");
        int r = store_field(c, &at, type, field, value, (uint8_t *)message);
        if (r < 0)
            return r;
    }
    return 0;
}

int pbjson_read_value(const ProtobufCMessageDescriptor *type, const json_t *value,
                      const char *where, struct arena *a, void **ret, struct err *e)
{
    struct reader c = {a, e, where, 0};
    return read_message(&c, NULL, type, value, ret);
}

int pbjson_read(const ProtobufCMessageDescriptor *type, struct slice json, struct arena *a,
                void **ret, struct err *e)
{
    if (json.len > PBJSON_BYTES_MAX)
        return err_set(e, -EINVAL, "more than %d bytes of JSON", PBJSON_BYTES_MAX);
    json_error_t why;
    json_t *value = json_loadb((const char *)json.data, json.len, JSON_REJECT_DUPLICATES, &why);
    if (!value)
        return err_set(e, -EINVAL, "byte %d: %s", why.position, why.text);
    int r = pbjson_read_value(type, value, "", a, ret, e);
    json_decref(value);
    return r;
}
