#include "seid/app/json_scan.h"

static void skip_space(struct slice *s)
{
    while (s->len &&
           (*s->data == ' ' || *s->data == '\n' || *s->data == '\t' || *s->data == '\r')) {
        s->data++;
        s->len--;
    }
}

static bool eat(struct slice *s, char c)
{
    if (!s->len || *s->data != (uint8_t)c)
        return false;
    s->data++;
    s->len--;
    return true;
}

// Length of the string that starts at `at`, quotes included; 0 when it does not end.
static size_t string_len(const uint8_t *at, size_t left)
{
    for (size_t i = 1; i < left; i++) {
        if (at[i] == '\\')
            i++;
        else if (at[i] == '"')
            return i + 1;
    }
    return 0;
}

// Length of a bracketed value; 0 when it does not end or the brackets do not match.
static size_t nested_len(const uint8_t *at, size_t left)
{
    char close[JSON_SCAN_DEPTH_MAX];
    int depth = 0;
    for (size_t i = 0; i < left; i++) {
        char c = (char)at[i];
        if (c == '"') {
            size_t len = string_len(at + i, left - i);
            if (len == 0)
                return 0;
            i += len - 1;
        } else if (c == '{' || c == '[') {
            if (depth == JSON_SCAN_DEPTH_MAX)
                return 0;
            close[depth++] = c == '{' ? '}' : ']';
        } else if (c == '}' || c == ']') {
            if (close[--depth] != c)
                return 0;
            if (depth == 0)
                return i + 1;
        }
    }
    return 0;
}

static size_t scalar_len(const uint8_t *at, size_t left)
{
    size_t i = 0;
    while (i < left && at[i] != ',' && at[i] != '}' && at[i] != ']' && at[i] != ' ' &&
           at[i] != '\n' && at[i] != '\t' && at[i] != '\r')
        i++;
    return i;
}

static bool take_value(struct slice *s, struct slice *ret)
{
    size_t len;
    skip_space(s);
    if (s->len == 0)
        return false;
    if (*s->data == '"')
        len = string_len(s->data, s->len);
    else if (*s->data == '{' || *s->data == '[')
        len = nested_len(s->data, s->len);
    else
        len = scalar_len(s->data, s->len);
    if (len == 0)
        return false;
    *ret = slice_of(s->data, len);
    s->data += len;
    s->len -= len;
    return true;
}

bool json_scan_begin(struct json_scan *s, struct slice text)
{
    *s = (struct json_scan){.left = text, .first = true};
    skip_space(&s->left);
    if (eat(&s->left, '{'))
        s->close = '}';
    else if (eat(&s->left, '['))
        s->close = ']';
    return s->close != 0;
}

static int at_end(struct json_scan *s)
{
    skip_space(&s->left);
    return s->left.len == 0 ? 0 : -1;
}

static bool take_key(struct json_scan *s, struct slice *ret)
{
    struct slice text;
    skip_space(&s->left);
    if (!s->left.len || *s->left.data != '"' || !take_value(&s->left, &text))
        return false;
    *ret = slice_of(text.data + 1, text.len - 2);
    skip_space(&s->left);
    return eat(&s->left, ':');
}

int json_scan_next(struct json_scan *s, struct slice *ret_key, struct slice *ret_value)
{
    skip_space(&s->left);
    if (eat(&s->left, s->close))
        return at_end(s);
    if (!s->first && !eat(&s->left, ','))
        return -1;
    s->first = false;
    *ret_key = SLICE_NULL;
    if (s->close == '}' && !take_key(s, ret_key))
        return -1;
    return take_value(&s->left, ret_value) ? 1 : -1;
}
