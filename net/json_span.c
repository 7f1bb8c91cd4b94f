#include "net/json_span.h"

struct walk {
    const uint8_t *at, *end;
};

static void skip_space(struct walk *w)
{
    while (w->at < w->end && (*w->at == ' ' || *w->at == '\t' || *w->at == '\n' || *w->at == '\r'))
        w->at++;
}

// Behind the closing quote of the string that starts here.
static void skip_string(struct walk *w)
{
    for (w->at++; w->at < w->end && *w->at != '"'; w->at++)
        if (*w->at == '\\' && w->at + 1 < w->end)
            w->at++;
    if (w->at < w->end)
        w->at++;
}

// Behind the value that starts here.
static void skip_value(struct walk *w)
{
    unsigned depth = 0;
    while (w->at < w->end) {
        uint8_t c = *w->at;
        if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            return;
        if (c == '"') {
            skip_string(w);
        } else {
            depth += (c == '{' || c == '[');
            depth -= (c == '}' || c == ']');
            w->at++;
        }
        if (depth == 0 && (c == '"' || c == '}' || c == ']'))
            return;
    }
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The character behind a backslash, which *at stands on; -1 when it is not ASCII.
static int unescape(const uint8_t **at, const uint8_t *end)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    uint8_t c = **at;
    (*at)++;
    if (c != 'u') {
        const char *found = memchr(from, c, sizeof from - 1);
        return found ? to[found - from] : c;
    }
    int value = 0;
    for (int i = 0; i < 4; i++, (*at)++) {
        int digit = *at < end ? hex_digit(**at) : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value < 0x80 ? value : -1;
}

// `quoted` with its quotes.
static bool key_is(struct slice quoted, const char *key)
{
    if (quoted.len < 2)
        return false;
    const uint8_t *at = quoted.data + 1, *end = quoted.data + quoted.len - 1;
    while (at < end) {
        int c = *at++;
        if (c == '\\')
            c = at < end ? unescape(&at, end) : -1;
        if (!*key || c != (unsigned char)*key++)
            return false;
    }
    return !*key;
}

static struct slice trimmed(const uint8_t *from, const uint8_t *to)
{
    while (to > from && (to[-1] == ' ' || to[-1] == '\t' || to[-1] == '\n' || to[-1] == '\r'))
        to--;
    return slice_of(from, (size_t)(to - from));
}

unsigned json_span_member(struct slice text, const char *key, struct slice *ret_value)
{
    if (text.len == 0)
        return 0;
    struct walk w = {text.data, text.data + text.len};
    unsigned found = 0;
    skip_space(&w);
    if (w.at == w.end || *w.at != '{')
        return 0;
    w.at++;
    for (;;) {
        skip_space(&w);
        if (w.at == w.end || *w.at != '"')
            return found;
        const uint8_t *key_at = w.at;
        skip_string(&w);
        bool same = key_is(slice_of(key_at, (size_t)(w.at - key_at)), key);
        skip_space(&w);
        if (w.at == w.end || *w.at != ':')
            return found;
        w.at++;
        skip_space(&w);
        const uint8_t *value_at = w.at;
        skip_value(&w);
        if (same) {
            found++;
            *ret_value = trimmed(value_at, w.at);
        }
        skip_space(&w);
        if (w.at == w.end || *w.at != ',')
            return found;
        w.at++;
    }
}

bool json_span_too_deep(struct slice text, unsigned limit)
{
    if (text.len == 0)
        return false;
    struct walk w = {text.data, text.data + text.len};
    unsigned depth = 0;
    while (w.at < w.end) {
        uint8_t c = *w.at;
        if (c == '"') {
            skip_string(&w);
            continue;
        }
        if ((c == '{' || c == '[') && ++depth > limit)
            return true;
        if ((c == '}' || c == ']') && depth > 0)
            depth--;
        w.at++;
    }
    return false;
}
