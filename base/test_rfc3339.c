// Times as text: tables, every day of the calendar, and libc as the second opinion.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/rfc3339.h"

static void test_rows(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
        int32_t nanos;
        const char *go, *proto;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0, 0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
        {"0001-01-01T00:00:00Z", -62135596800, 0, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
        {"9999-12-31T23:59:59.999999999Z", 253402300799, 999999999,
         "9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"},
        {"1969-12-31T23:59:59.999999999Z", -1, 999999999, "1969-12-31T23:59:59.999999999Z",
         "1969-12-31T23:59:59.999999999Z"},
        {"2000-01-01T00:00:00.000000001Z", 946684800, 1, "2000-01-01T00:00:00.000000001Z",
         "2000-01-01T00:00:00.000000001Z"},
        {"2000-02-29T12:00:00.5Z", 951825600, 500000000, "2000-02-29T12:00:00.5Z",
         "2000-02-29T12:00:00.500Z"},
        {"2024-02-29T23:59:59Z", 1709251199, 0, "2024-02-29T23:59:59Z", "2024-02-29T23:59:59Z"},
        {"2024-02-29T12:00:00.5+02:00", 1709200800, 500000000, "2024-02-29T10:00:00.5Z",
         "2024-02-29T10:00:00.500Z"},
        {"2026-11-21T16:00:00.0001+02:00", 1795269600, 100000, "2026-11-21T14:00:00.0001Z",
         "2026-11-21T14:00:00.000100Z"},
        {"2026-11-21T16:45:06.500+02:00", 1795272306, 500000000, "2026-11-21T14:45:06.5Z",
         "2026-11-21T14:45:06.500Z"},
        {"2026-11-21T13:15:06.5-01:30", 1795272306, 500000000, "2026-11-21T14:45:06.5Z",
         "2026-11-21T14:45:06.500Z"},
        {"1969-12-31T23:59:59-00:30", 1799, 0, "1970-01-01T00:29:59Z", "1970-01-01T00:29:59Z"},
        {"2026-01-02T03:04:05.1234567899Z", 1767323045, 123456789, "2026-01-02T03:04:05.123456789Z",
         "2026-01-02T03:04:05.123456789Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t seconds = 1;
        int32_t nanos = 1;
        if (rfc3339_parse(slice_str(rows[i].text), &seconds, &nanos) != 0)
            fail_msg("%s", rows[i].text);
        assert_true(seconds == rows[i].seconds);
        assert_int_equal(nanos, rows[i].nanos);
        struct buf go CLEANUP_BUF = {0};
        struct buf proto CLEANUP_BUF = {0};
        rfc3339_append(&go, seconds, nanos);
        rfc3339_append_proto(&proto, seconds, nanos);
        assert_string_equal(buf_cstr(&go), rows[i].go);
        assert_string_equal(buf_cstr(&proto), rows[i].proto);
    }
}

static void test_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-01-02 03:04:05Z",
        "2026-01-02t03:04:05z",
        "2026-01-02T03:04:05z",
        "2026-1-02T03:04:05Z",
        "2026-13-02T03:04:05Z",
        "2026-00-02T03:04:05Z",
        "2026-01-00T03:04:05Z",
        "2026-01-32T03:04:05Z",
        "2026-04-31T03:04:05Z",
        "2026-02-29T03:04:05Z",
        "1900-02-29T00:00:00Z",
        "2026-01-02T24:04:05Z",
        "2026-01-02T03:60:05Z",
        "2026-01-02T03:04:60Z",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05+2:00",
        "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05ZZ",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "+026-01-01T00:00:00Z",
        "-026-01-01T00:00:00Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t seconds = 7, ns = 7;
        int32_t nanos = 7;
        if (rfc3339_parse(slice_str(bad[i]), &seconds, &nanos) != -EINVAL)
            fail_msg("\"%s\" is taken", bad[i]);
        assert_int_equal(rfc3339_parse_ns(slice_str(bad[i]), &ns), -EINVAL);
        assert_true(seconds == 7 && nanos == 7 && ns == 7);
    }
}

static void test_nanoseconds(void **state)
{
    static const struct {
        int64_t ns;
        const char *text, *ms;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999Z"},
        {-500000000, "1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z"},
        {1795272306500000000, "2026-11-21T14:45:06.5Z", "2026-11-21T14:45:06.500Z"},
        {1795272306000999999, "2026-11-21T14:45:06.000999999Z", "2026-11-21T14:45:06.000Z"},
        {INT64_MAX, "2262-04-11T23:47:16.854775807Z", "2262-04-11T23:47:16.854Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t ns = 7;
        struct buf text CLEANUP_BUF = {0};
        struct buf ms CLEANUP_BUF = {0};
        assert_int_equal(rfc3339_parse_ns(slice_str(rows[i].text), &ns), 0);
        assert_true(ns == rows[i].ns);
        rfc3339_append_ns(&text, ns);
        rfc3339_append_ms(&ms, ns);
        assert_string_equal(buf_cstr(&text), rows[i].text);
        assert_string_equal(buf_cstr(&ms), rows[i].ms);
    }
    static const char *const beyond[] = {"0001-01-01T00:00:00Z", "1677-01-01T00:00:00Z",
                                         "2262-04-11T23:47:16.854775808Z", "9999-01-01T00:00:00Z"};
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
        int64_t ns = 7;
        assert_int_equal(rfc3339_parse_ns(slice_str(beyond[i]), &ns), -ERANGE);
        assert_true(ns == 7);
    }
}

// The whole calendar, there and back, in order, and as libc counts.
static void test_every_day(void **state)
{
    struct buf text CLEANUP_BUF = {0};
    char previous[32] = "";
    for (int64_t s = -62135596800; s <= 253402300799; s += 86400) {
        time_t at = (time_t)s;
        int64_t back;
        int32_t nanos;
        struct tm tm;
        char want[64];
        buf_clear(&text);
        rfc3339_append(&text, s, 0);
        gmtime_r(&at, &tm);
        snprintf(want, sizeof want, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
                 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        assert_string_equal(buf_cstr(&text), want);
        assert_true(strcmp(previous, buf_cstr(&text)) < 0);
        assert_int_equal(rfc3339_parse(buf_slice(&text), &back, &nanos), 0);
        assert_true(back == s && nanos == 0);
        memcpy(previous, text.data, text.len + 1);
    }
    assert_string_equal(previous, "9999-12-31T00:00:00Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_nanoseconds),
        cmocka_unit_test(test_every_day),
    };
    return cmocka_run_group_tests_name("rfc3339", tests, NULL, NULL);
}
