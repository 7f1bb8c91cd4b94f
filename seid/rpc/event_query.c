#include "seid/rpc/event_query.h"

#include <errno.h>
#include <stdbool.h>

#include "base/rfc3339.h"

struct scanner {
    struct slice text;
    size_t at;
    struct err *e;
};

static int bad(struct scanner *s, const char *want)
{
    if (s->at >= s->text.len)
        return err_set(s->e, -EINVAL, "offset %zu: got EOF, wanted %s", s->at, want);
    return err_set(s->e, -EINVAL, "offset %zu: unexpected '%c', wanted %s", s->at,
                   s->text.data[s->at], want);
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct scanner *s)
{
    while (s->at < s->text.len && is_space(s->text.data[s->at]))
        s->at++;
}

// A key's characters; `word` ones end at a space, an operator or a quote.
static bool is_word(uint8_t c)
{
    return !is_space(c) && c != '=' && c != '<' && c != '>' && c != '\'' && c != '(' && c != ')';
}

static struct slice word(struct scanner *s)
{
    size_t start = s->at;
    while (s->at < s->text.len && is_word(s->text.data[s->at]))
        s->at++;
    return slice_of(s->text.data + start, s->at - start);
}

static bool take(struct scanner *s, char c)
{
    if (s->at >= s->text.len || s->text.data[s->at] != (uint8_t)c)
        return false;
    s->at++;
    return true;
}

static int read_op(struct scanner *s, enum event_op *ret)
{
    size_t start = s->at;
    if (take(s, '='))
        *ret = EVENT_EQ;
    else if (take(s, '<'))
        *ret = take(s, '=') ? EVENT_LE : EVENT_LT;
    else if (take(s, '>'))
        *ret = take(s, '=') ? EVENT_GE : EVENT_GT;
    else {
        struct slice name = word(s);
        if (slice_eq(name, SLICE_LIT("CONTAINS")))
            *ret = EVENT_CONTAINS;
        else if (slice_eq(name, SLICE_LIT("EXISTS")))
            *ret = EVENT_EXISTS;
        else {
            s->at = start;
            return bad(s, "an operator: = < <= > >= CONTAINS EXISTS");
        }
    }
    return 0;
}

static int read_string(struct scanner *s, struct event_condition *ret)
{
    size_t start = s->at;
    while (s->at < s->text.len && s->text.data[s->at] != '\'')
        s->at++;
    ret->text = slice_of(s->text.data + start, s->at - start);
    ret->operand = EVENT_STRING;
    return take(s, '\'') ? 0 : bad(s, "'");
}

static bool is_number(struct slice text)
{
    bool digits = false, dot = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c >= '0' && c <= '9')
            digits = true;
        else if (c == '.' && digits && !dot)
            dot = true;
        else if (c != '-' || i > 0)
            return false;
    }
    return digits;
}

static int read_time(struct scanner *s, bool date, struct arena *arena, struct event_condition *ret)
{
    skip_space(s);
    size_t start = s->at;
    struct slice text = word(s);
    const char *full = date ? arena_printf(arena, "%.*sT00:00:00Z", (int)text.len, text.data)
                            : arena_strndup(arena, (const char *)text.data, text.len);
    if (rfc3339_parse_ns(slice_str(full), &ret->time_ns) < 0) {
        s->at = start;
        return bad(s, date ? "a date: yyyy-mm-dd" : "a time in RFC 3339");
    }
    ret->operand = EVENT_TIME;
    return 0;
}

static int read_operand(struct scanner *s, struct arena *arena, struct event_condition *ret)
{
    skip_space(s);
    if (take(s, '\''))
        return read_string(s, ret);
    size_t start = s->at;
    struct slice text = word(s);
    if (slice_eq(text, SLICE_LIT("DATE")))
        return read_time(s, true, arena, ret);
    if (slice_eq(text, SLICE_LIT("TIME")))
        return read_time(s, false, arena, ret);
    if (!is_number(text)) {
        s->at = start;
        return bad(s, "'string', a number, DATE or TIME");
    }
    ret->operand = EVENT_NUMBER;
    ret->text = text;
    return 0;
}

// What the operator cannot be asked of: order is for numbers and times, CONTAINS for strings.
static int check_operand(struct scanner *s, const struct event_condition *c)
{
    bool ordered = c->op == EVENT_LT || c->op == EVENT_LE || c->op == EVENT_GT || c->op == EVENT_GE;
    if (ordered && c->operand == EVENT_STRING)
        return err_set(s->e, -EINVAL, "offset %zu: < <= > >= need a number, DATE or TIME", s->at);
    if (c->op == EVENT_CONTAINS && c->operand != EVENT_STRING)
        return err_set(s->e, -EINVAL, "offset %zu: CONTAINS needs a 'string'", s->at);
    return 0;
}

static int read_condition(struct scanner *s, struct arena *arena, struct event_condition *ret)
{
    skip_space(s);
    ret->key = word(s);
    if (ret->key.len == 0)
        return bad(s, "a key");
    skip_space(s);
    int result = read_op(s, &ret->op);
    if (result == 0 && ret->op != EVENT_EXISTS)
        result = read_operand(s, arena, ret);
    return result < 0 ? result : check_operand(s, ret);
}

int event_query_parse(struct slice text, struct arena *arena, struct event_condition **ret,
                      size_t *ret_count, struct err *e)
{
    struct scanner s = {.text = text, .e = e};
    if (text.len > EVENT_QUERY_MAX_BYTES)
        return err_set(e, -EINVAL, "maximum query length exceeded: %zu bytes, at most %d", text.len,
                       EVENT_QUERY_MAX_BYTES);
    struct event_condition *list = arena_zalloc(arena, EVENT_CONDITIONS_MAX * sizeof *list);
    for (size_t count = 0;;) {
        if (count == EVENT_CONDITIONS_MAX)
            return err_set(e, -EINVAL, "more than %d conditions", EVENT_CONDITIONS_MAX);
        int result = read_condition(&s, arena, &list[count++]);
        if (result < 0)
            return result;
        skip_space(&s);
        if (s.at == text.len) {
            *ret = list;
            *ret_count = count;
            return 0;
        }
        size_t start = s.at;
        if (!slice_eq(word(&s), SLICE_LIT("AND"))) {
            s.at = start;
            return bad(&s, "AND");
        }
    }
}
