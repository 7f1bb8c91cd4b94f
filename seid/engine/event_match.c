#include "seid/engine/event_match.h"

#include <errno.h>
#include <string.h>

#include "base/rfc3339.h"
#include "wire/proto/tendermint_abci_types.pb-c.h"

// ---- conditions

static bool is_height_key(struct slice key)
{
    return slice_eq(key, SLICE_LIT("tx.height")) || slice_eq(key, SLICE_LIT("block.height"));
}

// The number of a condition on a height, rounded towards what can match.
static int narrow(struct event_scope *s, const struct event_condition *c, struct err *e)
{
    if (c->operand != EVENT_NUMBER || c->text.len == 0 || c->text.len > 18)
        return err_set(e, -EINVAL, "a height is compared with a number");
    int64_t number = 0;
    for (size_t i = 0; i < c->text.len; i++) {
        if (c->text.data[i] < '0' || c->text.data[i] > '9')
            return err_set(e, -EINVAL, "a height is compared with a whole number");
        number = number * 10 + (c->text.data[i] - '0');
    }
    int64_t low = INT64_MIN, high = INT64_MAX;
    switch (c->op) {
    case EVENT_EQ:
        low = high = number;
        break;
    case EVENT_LT:
        high = number - 1;
        break;
    case EVENT_LE:
        high = number;
        break;
    case EVENT_GT:
        low = number + 1;
        break;
    case EVENT_GE:
        low = number;
        break;
    case EVENT_CONTAINS:
    case EVENT_EXISTS:
        return err_set(e, -EINVAL, "a height is compared with = < <= > >=");
    }
    s->low = low > s->low ? low : s->low;
    s->high = high < s->high ? high : s->high;
    return 0;
}

static int check_event_condition(const struct event_condition *c, struct err *e)
{
    bool ordered = c->op == EVENT_LT || c->op == EVENT_LE || c->op == EVENT_GT || c->op == EVENT_GE;
    if (c->op == EVENT_CONTAINS && c->operand != EVENT_STRING)
        return err_set(e, -EINVAL, "CONTAINS needs a string");
    if (ordered && c->operand != EVENT_NUMBER && c->operand != EVENT_TIME)
        return err_set(e, -EINVAL, "< <= > >= need a number, a date or a time");
    return 0;
}

int event_scope_of(const struct event_condition *conditions, size_t count, struct event_scope *s,
                   struct err *e)
{
    if (count > EVENT_CONDITIONS_MAX)
        return err_set(e, -EINVAL, "more than %d conditions", EVENT_CONDITIONS_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct event_condition *c = &conditions[i];
        int result = 0;
        if (is_height_key(c->key))
            result = narrow(s, c, e);
        else if (slice_eq(c->key, SLICE_LIT("tx.hash")) && c->op == EVENT_EQ)
            s->hash = c;
        else if ((result = check_event_condition(c, e)) == 0)
            s->events[s->event_count++] = c;
        if (result < 0)
            return result;
    }
    return 0;
}

// ---- one attribute against one condition

struct decimal {
    bool negative;
    struct slice whole, fraction; // without leading or trailing zeros
};

static bool all_digits(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
    return true;
}

static bool decimal_of(struct slice text, struct decimal *ret)
{
    ret->negative = text.len && text.data[0] == '-';
    if (ret->negative)
        text = slice_of(text.data + 1, text.len - 1);
    const uint8_t *dot = text.len ? memchr(text.data, '.', text.len) : NULL;
    size_t whole = dot ? (size_t)(dot - text.data) : text.len;
    ret->whole = slice_of(text.data, whole);
    ret->fraction = dot ? slice_of(dot + 1, text.len - whole - 1) : SLICE_NULL;
    if (whole == 0 || (dot && ret->fraction.len == 0) || !all_digits(ret->whole) ||
        !all_digits(ret->fraction))
        return false;
    while (ret->whole.len && ret->whole.data[0] == '0')
        ret->whole = slice_of(ret->whole.data + 1, ret->whole.len - 1);
    while (ret->fraction.len && ret->fraction.data[ret->fraction.len - 1] == '0')
        ret->fraction.len--;
    return true;
}

static int decimal_compare(const struct decimal *a, const struct decimal *b)
{
    bool a_zero = a->whole.len + a->fraction.len == 0, b_zero = b->whole.len + b->fraction.len == 0;
    bool a_negative = a->negative && !a_zero, b_negative = b->negative && !b_zero;
    if (a_negative != b_negative)
        return a_negative ? -1 : 1;
    int order = (a->whole.len > b->whole.len) - (a->whole.len < b->whole.len);
    if (order == 0)
        order = slice_cmp(a->whole, b->whole);
    if (order == 0)
        order = slice_cmp(a->fraction, b->fraction);
    return a_negative ? -order : order;
}

static bool order_holds(enum event_op op, int order)
{
    switch (op) {
    case EVENT_LT:
        return order < 0;
    case EVENT_LE:
        return order <= 0;
    case EVENT_GT:
        return order > 0;
    case EVENT_GE:
        return order >= 0;
    case EVENT_EQ:
        return order == 0;
    case EVENT_CONTAINS:
    case EVENT_EXISTS:
        return false;
    }
    return false;
}

static bool range_holds(const struct event_condition *c, struct slice value)
{
    if (c->operand == EVENT_TIME) {
        int64_t time_ns;
        return rfc3339_parse_ns(value, &time_ns) == 0 &&
               order_holds(c->op, (time_ns > c->time_ns) - (time_ns < c->time_ns));
    }
    struct decimal a, b;
    return decimal_of(value, &a) && decimal_of(c->text, &b) &&
           order_holds(c->op, decimal_compare(&a, &b));
}

static bool value_holds(const struct event_condition *c, struct slice value)
{
    switch (c->op) {
    case EVENT_EQ:
        return slice_eq(value, c->text);
    case EVENT_EXISTS:
        return true;
    case EVENT_CONTAINS:
        return c->text.len == 0 ||
               (value.len && memmem(value.data, value.len, c->text.data, c->text.len));
    case EVENT_LT:
    case EVENT_LE:
    case EVENT_GT:
    case EVENT_GE:
        return range_holds(c, value);
    }
    return false;
}

static bool key_is(struct slice composite, struct slice type, struct slice key)
{
    return composite.len == type.len + 1 + key.len && composite.data[type.len] == '.' &&
           slice_has_prefix(composite, type) &&
           slice_eq(slice_of(composite.data + type.len + 1, key.len), key);
}

static bool event_has(const Tendermint__Abci__Event *event, const struct event_condition *c)
{
    struct slice type = slice_str(event->type);
    for (size_t a = 0; a < event->n_attributes; a++) {
        const Tendermint__Abci__EventAttribute *attribute = event->attributes[a];
        struct slice key = slice_str(attribute->key);
        if (attribute->index && type.len && key.len && key_is(c->key, type, key) &&
            value_holds(c, slice_str(attribute->value)))
            return true;
    }
    return false;
}

bool event_scope_matches(const struct event_scope *s, Tendermint__Abci__Event *const *events,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t held = 0;
        while (held < s->event_count && event_has(events[i], s->events[held]))
            held++;
        if (held == s->event_count)
            return true;
    }
    return s->event_count == 0;
}
