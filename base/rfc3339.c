#include "base/rfc3339.h"

#include <errno.h>
#include <stdbool.h>

// Days since 1970-01-01 of a date of the proleptic Gregorian calendar, by counting in years that
// begin in March, so that the leap day is the last one.
static int64_t days_of(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t in_era = y - era * 400;
    int64_t in_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

static void date_of(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t in_era = z - era * 146097;
    int64_t y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * y + y / 4 - y / 100);
    int64_t m = (5 * in_year + 2) / 153;
    *ret_day = (int)(in_year - (153 * m + 2) / 5 + 1);
    *ret_month = (int)(m < 10 ? m + 3 : m - 9);
    *ret_year = y + era * 400 + (*ret_month <= 2);
}

static int days_in_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

struct cursor {
    const uint8_t *at, *end;
    bool bad;
};

static int number(struct cursor *c, int digits)
{
    int value = 0;
    for (int i = 0; i < digits; i++) {
        if (c->at == c->end || *c->at < '0' || *c->at > '9') {
            c->bad = true;
            return 0;
        }
        value = value * 10 + (*c->at++ - '0');
    }
    return value;
}

static void expect(struct cursor *c, char what)
{
    if (c->at == c->end || *c->at != (uint8_t)what)
        c->bad = true;
    else
        c->at++;
}

static int32_t fraction(struct cursor *c)
{
    if (c->at == c->end || *c->at != '.')
        return 0;
    c->at++;
    int32_t value = 0, scale = 100000000;
    const uint8_t *first = c->at;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++, scale /= 10)
        value += scale * (*c->at - '0');
    c->bad = c->bad || c->at == first;
    return value;
}

static int64_t offset_seconds(struct cursor *c)
{
    if (c->at < c->end && *c->at == 'Z') {
        c->at++;
        return 0;
    }
    bool minus = c->at < c->end && *c->at == '-';
    if (!minus)
        expect(c, '+');
    else
        c->at++;
    int hours = number(c, 2);
    expect(c, ':');
    int minutes = number(c, 2);
    c->bad = c->bad || hours > 23 || minutes > 59;
    int64_t seconds = (int64_t)hours * 3600 + (int64_t)minutes * 60;
    return minus ? -seconds : seconds;
}

int rfc3339_parse(struct slice text, int64_t *ret_seconds, int32_t *ret_nanos)
{
    struct cursor c = {text.data, text.len ? text.data + text.len : text.data, false};
    int year = number(&c, 4);
    expect(&c, '-');
    int month = number(&c, 2);
    expect(&c, '-');
    int day = number(&c, 2);
    expect(&c, 'T');
    int hour = number(&c, 2);
    expect(&c, ':');
    int minute = number(&c, 2);
    expect(&c, ':');
    int second = number(&c, 2);
    int32_t nanos = fraction(&c);
    int64_t offset = offset_seconds(&c);
    if (c.bad || c.at != c.end || year < 1 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month) || hour > 23 || minute > 59 || second > 59)
        return -EINVAL;
    int64_t seconds = days_of(year, month, day) * 86400 + (int64_t)hour * 3600 +
                      (int64_t)minute * 60 + second - offset;
    // An offset can lead out of the years that can be written again.
    if (seconds < -62135596800 || seconds > 253402300799)
        return -EINVAL;
    *ret_seconds = seconds;
    *ret_nanos = nanos;
    return 0;
}

int rfc3339_parse_ns(struct slice text, int64_t *ret_ns)
{
    int64_t seconds, ns;
    int32_t nanos;
    int r = rfc3339_parse(text, &seconds, &nanos);
    if (r < 0)
        return r;
    if (__builtin_mul_overflow(seconds, INT64_C(1000000000), &ns) ||
        __builtin_add_overflow(ns, nanos, &ns))
        return -ERANGE;
    *ret_ns = ns;
    return 0;
}

static void append_second(struct buf *ret, int64_t seconds)
{
    int64_t days = seconds / 86400, rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    int64_t year;
    int month, day;
    date_of(days, &year, &month, &day);
    buf_printf(ret, "%04lld-%02d-%02dT%02d:%02d:%02d", (long long)year, month, day,
               (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
}

static void append_fraction(struct buf *ret, int32_t nanos, int digits)
{
    for (int i = digits; i < 9; i++)
        nanos /= 10;
    buf_printf(ret, ".%0*d", digits, nanos);
}

void rfc3339_append(struct buf *ret, int64_t seconds, int32_t nanos)
{
    append_second(ret, seconds);
    if (nanos) {
        int digits = 9;
        for (int32_t rest = nanos; rest % 10 == 0; rest /= 10)
            digits--;
        append_fraction(ret, nanos, digits);
    }
    buf_append_str(ret, "Z");
}

static int64_t split(int64_t ns, int32_t *ret_nanos)
{
    int64_t seconds = ns / 1000000000;
    *ret_nanos = (int32_t)(ns % 1000000000);
    if (*ret_nanos < 0) {
        *ret_nanos += 1000000000;
        seconds--;
    }
    return seconds;
}

void rfc3339_append_ns(struct buf *ret, int64_t ns)
{
    int32_t nanos;
    int64_t seconds = split(ns, &nanos);
    rfc3339_append(ret, seconds, nanos);
}

void rfc3339_append_ms(struct buf *ret, int64_t ns)
{
    int32_t nanos;
    append_second(ret, split(ns, &nanos));
    append_fraction(ret, nanos, 3);
    buf_append_str(ret, "Z");
}

void rfc3339_append_proto(struct buf *ret, int64_t seconds, int32_t nanos)
{
    append_second(ret, seconds);
    if (nanos)
        append_fraction(ret, nanos, nanos % 1000000 == 0 ? 3 : nanos % 1000 == 0 ? 6 : 9);
    buf_append_str(ret, "Z");
}
