#include "base/rfc3339.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { SECONDS_A_DAY = 86400, NS_A_SECOND = 1000000000 };

// Days since 1970-01-01 of a date in the proleptic Gregorian calendar, counting years from March.
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static bool digits(struct slice *at, int count, int *ret)
{
    if (at->len < (size_t)count)
        return false;
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (at->data[i] < '0' || at->data[i] > '9')
            return false;
        value = value * 10 + (at->data[i] - '0');
    }
    *at = slice_of(at->data + count, at->len - (size_t)count);
    *ret = value;
    return true;
}

static bool one_of(struct slice *at, const char *set, char *ret)
{
    if (at->len == 0 || at->data[0] == 0 || !strchr(set, at->data[0]))
        return false;
    *ret = (char)at->data[0];
    *at = slice_of(at->data + 1, at->len - 1);
    return true;
}

static bool fraction(struct slice *at, int64_t *ret_ns)
{
    char dot;
    *ret_ns = 0;
    if (!one_of(at, ".", &dot))
        return true;
    int64_t unit = NS_A_SECOND;
    int digit, count = 0;
    for (; count < 9 && digits(at, 1, &digit); count++) {
        unit /= 10;
        *ret_ns += digit * unit;
    }
    return count > 0;
}

// Seconds that the offset is ahead of UTC.
static bool offset(struct slice *at, int *ret)
{
    char sign, colon;
    int hours, minutes;
    if (!one_of(at, "Z+-", &sign))
        return false;
    *ret = 0;
    if (sign == 'Z')
        return true;
    if (!digits(at, 2, &hours) || !one_of(at, ":", &colon) || !digits(at, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *ret = (sign == '-' ? -60 : 60) * (hours * 60 + minutes);
    return true;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

int rfc3339_to_ns(struct slice text, int64_t *ret_ns)
{
    int year, month, day, hour, minute, second, ahead;
    int64_t ns;
    char c;
    bool ok = digits(&text, 4, &year) && one_of(&text, "-", &c) && digits(&text, 2, &month) &&
              one_of(&text, "-", &c) && digits(&text, 2, &day) && one_of(&text, "T", &c) &&
              digits(&text, 2, &hour) && one_of(&text, ":", &c) && digits(&text, 2, &minute) &&
              one_of(&text, ":", &c) && digits(&text, 2, &second) && fraction(&text, &ns) &&
              offset(&text, &ahead) && text.len == 0;
    if (!ok || year < 1678 || year > 2261 || month < 1 || month > 12 || day < 1 ||
        day > days_in(year, month) || hour > 23 || minute > 59 || second > 59)
        return -EINVAL;
    int64_t seconds =
        days_of(year, month, day) * SECONDS_A_DAY + hour * 3600 + minute * 60 + second - ahead;
    *ret_ns = seconds * NS_A_SECOND + ns;
    return 0;
}

size_t rfc3339_of_ns(int64_t total_ns, char ret[RFC3339_MAX])
{
    int64_t ns = total_ns % NS_A_SECOND, seconds = total_ns / NS_A_SECOND;
    if (ns < 0) {
        ns += NS_A_SECOND;
        seconds--;
    }
    int64_t day = seconds / SECONDS_A_DAY, rest = seconds % SECONDS_A_DAY;
    if (rest < 0) {
        rest += SECONDS_A_DAY;
        day--;
    }
    int year = 1970 + (int)(day / 366), month = 1;
    while (days_of(year + 1, 1, 1) <= day)
        year++;
    while (days_of(year, 1, 1) > day)
        year--;
    while (month < 12 && days_of(year, month + 1, 1) <= day)
        month++;
    int at = snprintf(ret, RFC3339_MAX, "%04d-%02d-%02dT%02d:%02d:%02d", year, month,
                      (int)(day - days_of(year, month, 1) + 1), (int)(rest / 3600),
                      (int)(rest / 60 % 60), (int)(rest % 60));
    if (ns > 0) {
        at += snprintf(ret + at, RFC3339_MAX - (size_t)at, ".%09d", (int)ns);
        while (ret[at - 1] == '0')
            at--;
    }
    ret[at] = 'Z';
    ret[at + 1] = '\0';
    return (size_t)at + 1;
}
