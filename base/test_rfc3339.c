#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/rfc3339.h"

static void test_vectors(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
        const char *back; // null: the same
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0, NULL},
        {"1969-12-31T23:59:59.999999999Z", -1, NULL},
        {"2026-11-21T14:45:06.5Z", 1795272306500000000, NULL},
        {"2024-02-29T23:59:59Z", 1709251199000000000, NULL},
        {"2026-11-21T16:45:06.500+02:00", 1795272306500000000, "2026-11-21T14:45:06.5Z"},
        {"2026-11-21T13:15:06.5-01:30", 1795272306500000000, "2026-11-21T14:45:06.5Z"},
        {"2000-01-01T00:00:00.000000001Z", 946684800000000001, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t ns;
        char text[RFC3339_MAX];
        assert_int_equal(rfc3339_to_ns(slice_str(rows[i].text), &ns), 0);
        assert_int_equal(ns, rows[i].ns);
        size_t len = rfc3339_of_ns(ns, text);
        assert_int_equal(len, strlen(text));
        assert_string_equal(text, rows[i].back ? rows[i].back : rows[i].text);
    }
}

static void test_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "2026-11-21",
        "2026-11-21T14:45:06",
        "2026-11-21T14:45:06z",
        "2026-11-21 14:45:06Z",
        "2026-11-21T14:45:06.Z",
        "2026-11-21T14:45:06.1234567890Z",
        "2026-11-21T14:45:06ZZ",
        "2026-11-21T14:45:60Z",
        "2026-11-21T14:60:06Z",
        "2026-11-21T24:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-01-01T00:00:00Z",
        "2026-11-21T14:45:06+2:00",
        "2026-11-21T14:45:06+24:00",
        "-026-11-21T14:45:06Z",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t ns = 7;
        assert_int_equal(rfc3339_to_ns(slice_str(texts[i]), &ns), -EINVAL);
        assert_int_equal(ns, 7);
    }
}

// Every day that the range holds, against libc.
static void test_every_day(void **state)
{
    for (int64_t day = -106000; day <= 106000; day++) {
        time_t at = (time_t)(day * 86400 + 3661);
        struct tm tm;
        char want[RFC3339_MAX], got[RFC3339_MAX];
        int64_t back;
        gmtime_r(&at, &tm);
        strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%SZ", &tm);
        rfc3339_of_ns((int64_t)at * 1000000000, got);
        assert_string_equal(got, want);
        assert_int_equal(rfc3339_to_ns(slice_str(got), &back), 0);
        assert_int_equal(back, (int64_t)at * 1000000000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_every_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
