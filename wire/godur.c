#include "wire/godur.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

static const struct unit {
    const char *name;
    uint64_t ns;
} units[] = {
    {"ns", 1},         {"us", 1000},      {"\u00b5s", 1000}, // micro sign
    {"\u03bcs", 1000},                                       // Greek mu
    {"ms", 1000000},   {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000},
};

static const struct unit *find_unit(const char *text, size_t len)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strlen(units[i].name) == len && memcmp(units[i].name, text, len) == 0)
            return &units[i];
    return NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Digits after the point in nanoseconds, rounded down as Go does; what goes beyond is dropped.
static uint64_t fraction_ns(const char *digits, size_t len, uint64_t unit_ns)
{
    unsigned __int128 value = 0, scale = 1;
    for (size_t i = 0; i < len && i < 18; i++) {
        value = value * 10 + (unsigned)(digits[i] - '0');
        scale *= 10;
    }
    return (uint64_t)(value * unit_ns / scale);
}

// One "12.5ms"; advances *text.
static int parse_part(const char **text, uint64_t *ret_ns)
{
    const char *p = *text;
    uint64_t whole = 0;
    const char *start = p;
    for (; is_digit(*p); p++)
        if (__builtin_mul_overflow(whole, 10, &whole) ||
            __builtin_add_overflow(whole, (uint64_t)(*p - '0'), &whole))
            return -EINVAL;
    bool digits = p > start;
    const char *fraction = p;
    if (*p == '.') {
        fraction = ++p;
        while (is_digit(*p))
            p++;
        digits = digits || p > fraction;
    }
    size_t fraction_len = (size_t)(p - fraction);
    size_t unit_len = strcspn(p, ".0123456789");
    const struct unit *unit = find_unit(p, unit_len);
    if (!digits || !unit)
        return -EINVAL;
    uint64_t ns;
    if (__builtin_mul_overflow(whole, unit->ns, &ns) ||
        __builtin_add_overflow(ns, fraction_ns(fraction, fraction_len, unit->ns), &ns))
        return -EINVAL;
    *ret_ns = ns;
    *text = p + unit_len;
    return 0;
}

int godur_parse(const char *text, int64_t *ret_ns)
{
    bool negative = *text == '-';
    text += *text == '-' || *text == '+';
    if (strcmp(text, "0") == 0) {
        *ret_ns = 0;
        return 0;
    }
    if (!*text)
        return -EINVAL;
    uint64_t total = 0;
    while (*text) {
        uint64_t part;
        if (parse_part(&text, &part) < 0 || __builtin_add_overflow(total, part, &total))
            return -EINVAL;
    }
    if (total > (uint64_t)INT64_MAX + negative)
        return -EINVAL;
    *ret_ns = (int64_t)(negative ? 0 - total : total);
    return 0;
}

// `value` units of which `scale` make one of `name`, without trailing zeros: 1500, 1000 -> "1.5".
static void append_decimal(struct buf *ret, uint64_t value, uint64_t scale, const char *name)
{
    buf_printf(ret, "%" PRIu64, value / scale);
    uint64_t rest = value % scale;
    if (rest) {
        buf_append_str(ret, ".");
        for (; rest; rest = rest * 10 % scale)
            buf_append_byte(ret, (uint8_t)('0' + rest * 10 / scale));
    }
    buf_append_str(ret, name);
}

void godur_append(struct buf *ret, int64_t ns)
{
    uint64_t v = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    if (ns < 0)
        buf_append_str(ret, "-");
    if (v == 0) {
        buf_append_str(ret, "0s");
    } else if (v < 1000) {
        buf_printf(ret, "%" PRIu64 "ns", v);
    } else if (v < 1000000) {
        append_decimal(ret, v, 1000, "\u00b5s");
    } else if (v < 1000000000) {
        append_decimal(ret, v, 1000000, "ms");
    } else {
        uint64_t minutes = v / 60000000000;
        if (minutes >= 60)
            buf_printf(ret, "%" PRIu64 "h", minutes / 60);
        if (minutes)
            buf_printf(ret, "%" PRIu64 "m", minutes % 60);
        append_decimal(ret, v % 60000000000, 1000000000, "s");
    }
}
