#include "seid/rpc/json_plain.h"

#include <stdbool.h>
#include <string.h>

enum {
    DEPTH_MAX = 8,
    DIGITS_MAX = 18, // always fit a json_int_t
};

struct reader {
    const uint8_t *at, *end;
};

// Printable ASCII but for the quote and the backslash.
static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void skip_blank(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
        r->at++;
}

static bool take(struct reader *r, uint8_t c)
{
    skip_blank(r);
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

// Between the quotes, the first of which is taken already.
static bool read_text(struct reader *r, struct slice *ret)
{
    const uint8_t *begin = r->at;
    while (r->at < r->end && is_plain(*r->at))
        r->at++;
    *ret = slice_of(begin, (size_t)(r->at - begin));
    return r->at < r->end && *r->at++ == '"';
}

static json_t *read_string(struct reader *r)
{
    struct slice text;
    return read_text(r, &text) ? json_stringn_nocheck((const char *)text.data, text.len) : NULL;
}

static json_t *read_number(struct reader *r)
{
    bool negative = *r->at == '-';
    const uint8_t *begin = r->at += negative;
    json_int_t value = 0;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
        if (r->at - begin == DIGITS_MAX)
            return NULL;
        value = 10 * value + (*r->at - '0');
    }
    bool fraction = r->at < r->end && (*r->at == '.' || (*r->at | 0x20) == 'e');
    if (r->at == begin || fraction || (*begin == '0' && r->at - begin > 1))
        return NULL;
    return json_integer(negative ? -value : value);
}

static json_t *read_value(struct reader *r, unsigned depth);

static json_t *read_array(struct reader *r, unsigned depth)
{
    json_t *array = json_array();
    if (take(r, ']'))
        return array;
    do {
        // A null value is refused here, which makes the whole fail.
        if (json_array_append_new(array, read_value(r, depth)) < 0)
            goto fail;
    } while (take(r, ','));
    if (take(r, ']'))
        return array;
fail:
    json_decref(array);
    return NULL;
}

static bool read_member(struct reader *r, unsigned depth, json_t *object)
{
    struct slice name;
    if (!take(r, '"') || !read_text(r, &name) || !take(r, ':'))
        return false;
    return json_object_setn_new_nocheck(object, (const char *)name.data, name.len,
                                        read_value(r, depth)) == 0;
}

static json_t *read_object(struct reader *r, unsigned depth)
{
    json_t *object = json_object();
    if (take(r, '}'))
        return object;
    do {
        if (!read_member(r, depth, object))
            goto fail;
    } while (take(r, ','));
    if (take(r, '}'))
        return object;
fail:
    json_decref(object);
    return NULL;
}

static json_t *read_value(struct reader *r, unsigned depth)
{
    skip_blank(r);
    if (r->at == r->end || depth == DEPTH_MAX)
        return NULL;
    switch (*r->at) {
    case '{':
        r->at++;
        return read_object(r, depth + 1);
    case '[':
        r->at++;
        return read_array(r, depth + 1);
    case '"':
        r->at++;
        return read_string(r);
    default:
        return *r->at == '-' || (*r->at >= '0' && *r->at <= '9') ? read_number(r) : NULL;
    }
}

json_t *json_plain_load(struct slice text)
{
    struct reader r = {text.data, text.data + text.len};
    skip_blank(&r);
    if (r.at == r.end || (*r.at != '{' && *r.at != '['))
        return NULL;
    json_t *value = read_value(&r, 0);
    skip_blank(&r);
    if (value && r.at == r.end)
        return value;
    json_decref(value);
    return NULL;
}
