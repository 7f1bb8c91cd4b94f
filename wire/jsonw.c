#include "wire/jsonw.h"

#include <string.h>

#include "base/enc.h"
#include "base/utf8.h"

static void separate(struct jsonw *w)
{
    struct buf *out = w->out;
    if (out->len == w->start)
        return;
    uint8_t last = out->data[out->len - 1];
    // No complete value ends in one of these.
    if (last != '{' && last != '[' && last != ':')
        buf_append_byte(out, ',');
}

void jsonw_object(struct jsonw *w)
{
    separate(w);
    buf_append_byte(w->out, '{');
}

void jsonw_object_end(struct jsonw *w)
{
    buf_append_byte(w->out, '}');
}

void jsonw_array(struct jsonw *w)
{
    separate(w);
    buf_append_byte(w->out, '[');
}

void jsonw_array_end(struct jsonw *w)
{
    buf_append_byte(w->out, ']');
}

void jsonw_key(struct jsonw *w, const char *name)
{
    separate(w);
    size_t len = strlen(name);
    uint8_t *at = buf_reserve(w->out, len + 3);
    at[0] = '"';
    memcpy(at + 1, name, len); // NOLINT(bugprone-not-null-terminated-result)
    at[len + 1] = '"';
    at[len + 2] = ':';
    w->out->len += len + 3;
}

static void append_escape(struct buf *out, uint8_t c)
{
    static const char names[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; i + 1 < sizeof names; i += 2) {
        if (names[i] == (char)c) {
            const char text[] = {'\\', names[i + 1]};
            buf_append(out, text, 2);
            return;
        }
    }
    buf_printf(out, "\\u%04x", c);
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c <= 0x7f && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

// Writes one character that is not plain and returns how many bytes of the input it took.
static size_t append_special(struct buf *out, const uint8_t *s, size_t left)
{
    if (s[0] < 0x80) {
        append_escape(out, s[0]);
        return 1;
    }
    size_t len = utf8_next(slice_of(s, left));
    if (len == 0) {
        buf_append_str(out, "\\ufffd");
        return 1;
    }
    if (len == 3 && s[0] == 0xe2 && s[1] == 0x80 && (s[2] & 0xfe) == 0xa8)
        buf_append_str(out, s[2] == 0xa8 ? "\\u2028" : "\\u2029");
    else
        buf_append(out, s, len);
    return len;
}

void jsonw_string(struct jsonw *w, struct slice text)
{
    separate(w);
    struct buf *out = w->out;
    buf_append_byte(out, '"');
    for (size_t i = 0; i < text.len;) {
        size_t run = i;
        while (run < text.len && is_plain(text.data[run]))
            run++;
        buf_append(out, text.data + i, run - i);
        i = run;
        if (i < text.len)
            i += append_special(out, text.data + i, text.len - i);
    }
    buf_append_byte(out, '"');
}

void jsonw_cstr(struct jsonw *w, const char *text)
{
    jsonw_string(w, slice_str(text));
}

void jsonw_bool(struct jsonw *w, bool value)
{
    separate(w);
    buf_append_str(w->out, value ? "true" : "false");
}

void jsonw_null(struct jsonw *w)
{
    separate(w);
    buf_append(w->out, "null", 4);
}

static void append_decimal(struct buf *out, uint64_t value, bool negative)
{
    char text[24];
    size_t at = sizeof text;
    do
        text[--at] = (char)('0' + value % 10);
    while (value /= 10);
    if (negative)
        text[--at] = '-';
    buf_append(out, text + at, sizeof text - at);
}

static void append_int(struct buf *out, int64_t value)
{
    append_decimal(out, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0);
}

void jsonw_int(struct jsonw *w, int64_t value)
{
    separate(w);
    append_int(w->out, value);
}

void jsonw_int_string(struct jsonw *w, int64_t value)
{
    separate(w);
    buf_append_byte(w->out, '"');
    append_int(w->out, value);
    buf_append_byte(w->out, '"');
}

void jsonw_uint_string(struct jsonw *w, uint64_t value)
{
    separate(w);
    buf_append_byte(w->out, '"');
    append_decimal(w->out, value, false);
    buf_append_byte(w->out, '"');
}

void jsonw_base64(struct jsonw *w, struct slice bytes)
{
    separate(w);
    buf_append_byte(w->out, '"');
    enc_base64_append(w->out, bytes.data, bytes.len);
    buf_append_byte(w->out, '"');
}

void jsonw_base64_or_null(struct jsonw *w, struct slice bytes)
{
    if (bytes.len == 0)
        jsonw_null(w);
    else
        jsonw_base64(w, bytes);
}

void jsonw_hex(struct jsonw *w, struct slice bytes)
{
    separate(w);
    buf_append_byte(w->out, '"');
    enc_hex_upper_append(w->out, bytes.data, bytes.len);
    buf_append_byte(w->out, '"');
}

void jsonw_raw(struct jsonw *w, struct slice json)
{
    separate(w);
    buf_append_slice(w->out, json);
}
