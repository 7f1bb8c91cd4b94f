#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "wire/godur.h"
#include "wire/gotime.h"
#include "wire/toml.h"

static void test_values(void **state)
{
    static const char text[] = "# head\r\n"
                               "a = \"x\\t\\u00e9\\\"\" # tail\n"
                               "  b.c = 'C:\\n'\r\n"
                               "\"q\" = 1_000\n"
                               "neg = -5\n"
                               "hex = 0xFf\n"
                               "f = 1.5e3\n"
                               "\n[rpc]\n"
                               "yes = true\n"
                               "list = [ \"a\", # one\n  'b',\n]\n"
                               "none = []\n"
                               "[ p2p . x ]\n"
                               "no=false";
    struct arena arena CLEANUP_ARENA = {0};
    struct toml t;
    struct err e = {0};
    if (toml_parse("f", slice_str(text), &arena, &t, &e) < 0)
        fail_msg("%s", e.text);
    assert_int_equal(t.count, 10);
    assert_string_equal(toml_find(&t, "a")->value.text, "x\t\u00e9\"");
    assert_string_equal(toml_find(&t, "b.c")->value.text, "C:\\n");
    assert_int_equal(toml_find(&t, "b.c")->line, 3);
    assert_int_equal(toml_find(&t, "b.c")->column, 3);
    assert_int_equal(toml_find(&t, "b.c")->value.column, 9);
    assert_int_equal(toml_find(&t, "q")->value.integer, 1000);
    assert_int_equal(toml_find(&t, "neg")->value.integer, -5);
    assert_int_equal(toml_find(&t, "hex")->value.integer, 255);
    assert_int_equal(toml_find(&t, "f")->value.type, TOML_FLOAT);
    assert_string_equal(toml_find(&t, "f")->value.text, "1.5e3");
    assert_true(toml_find(&t, "rpc.yes")->value.boolean);
    assert_int_equal(toml_find(&t, "rpc.list")->value.count, 2);
    assert_string_equal(toml_find(&t, "rpc.list")->value.items[1].text, "b");
    assert_int_equal(toml_find(&t, "rpc.none")->value.count, 0);
    assert_int_equal(toml_find(&t, "p2p.x.no")->value.type, TOML_BOOL);
    assert_null(toml_find(&t, "p2p.x"));
}

static void test_refusals_name_the_place(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"a", "f:1:2: expected '='"},
        {"a =", "f:1:4: expected a value"},
        {"a = \n", "f:1:5: expected a value"},
        {"a = b", "f:1:5: not a value; text needs quotes"},
        {"a = 1 2", "f:1:7: expected the end of the line"},
        {"a = \"x", "f:1:5: this string has no end"},
        {"a = \"x\ny\"", "f:1:5: this string has no end"},
        {"a = 'x\n'", "f:1:5: this string has no end"},
        {"a = \"\"\"x\"\"\"", "f:1:5: multi-line strings are not supported"},
        {"a = '''x'''", "f:1:5: multi-line strings are not supported"},
        {"a = \"\\q\"", "f:1:7: unknown escape"},
        {"a = \"\\u12x4\"", "f:1:10: expected a hexadecimal digit"},
        {"a = \"\\ud800\"", "f:1:12: not a character"},
        {"a = \"\\u0000\"", "f:1:12: not a character"},
        {"a = {b = 1}", "f:1:5: inline tables are not supported"},
        {"a = [[1]]", "f:1:6: nested arrays are not supported"},
        {"a = [1, \"b\"]", "f:1:9: the values of an array must be of one type"},
        {"a = [1 2]", "f:1:8: expected ',' or ']'"},
        {"a = [1,", "f:1:8: expected a value"},
        {"a = [,]", "f:1:6: not a value; text needs quotes"},
        {"[[a]]", "f:1:1: arrays of tables are not supported"},
        {"[a", "f:1:3: expected ']'"},
        {"[]", "f:1:2: expected a key"},
        {"[a]\n[a]", "f:2:1: this table is already there"},
        {"a = 1\na = 2", "f:2:1: this key is already there"},
        {"a = 1\n[a]", "f:2:1: this table has the name of a key"},
        {"a = 1\na.b = 2", "f:2:1: this key is both a value and a table"},
        {"a.b = 1\na = 2", "f:2:1: this key is both a value and a table"},
        {"[a.b]\n[a]\nb = 1", "f:3:1: this key is both a value and a table"},
        {"[t]\na = 1\n a = 2", "f:3:2: this key is already there"},
        {"a = 1979-05-27", "f:1:5: dates and times are not supported"},
        {"a = 07:32:00", "f:1:5: dates and times are not supported"},
        {"a = 012", "f:1:5: not a value; text needs quotes"},
        {"a = 1__0", "f:1:5: not a value; text needs quotes"},
        {"a = _1", "f:1:5: not a value; text needs quotes"},
        {"a = 1.", "f:1:5: not a value; text needs quotes"},
        {"a = .5", "f:1:5: not a value; text needs quotes"},
        {"a = 9223372036854775808", "f:1:5: integer out of range"},
        {"a = True", "f:1:5: not a value; text needs quotes"},
        {"a b = 1", "f:1:3: expected '='"},
        {"= 1", "f:1:1: expected a key"},
        {"\"\" = 1", "f:1:1: a key must not be empty"},
        {"\"a b\" = 1", "f:1:1: this key has characters that are not supported"},
        {"\u00e9 = 1", "f:1:1: expected a key"},
        {"a = \"\u00e9\" x", "f:1:9: expected the end of the line"},
        {"a = \"\x01\"", "f:1:6: control character"},
        {"a = 1\r b", "f:1:6: control character"},
        {"# \x7f", "f:1:3: control character"},
        {"a = \"\xff\"", "f:1:6: invalid UTF-8"},
        {"a = \"\xc0\x80\"", "f:1:6: invalid UTF-8"},
        {"a = \"\xed\xa0\x80\"", "f:1:6: invalid UTF-8"},
        {"a = 1\nb = \"\xe2\x82", "f:2:6: invalid UTF-8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena CLEANUP_ARENA = {0};
        struct toml t;
        struct err e = {0};
        if (toml_parse("f", slice_str(rows[i].text), &arena, &t, &e) >= 0)
            fail_msg("row %zu is taken: %s", i, rows[i].text);
        if (strcmp(e.text, rows[i].error) != 0)
            fail_msg("row %zu (%s): %s", i, rows[i].text, e.text);
    }
    struct arena arena CLEANUP_ARENA = {0};
    struct toml t;
    struct err e = {0};
    assert_true(toml_parse("f", slice_of("a = \"\0\"", 7), &arena, &t, &e) < 0);
    assert_string_equal(e.text, "f:1:6: control character");
}

static void test_limits(void **state)
{
    struct arena arena CLEANUP_ARENA = {0};
    struct toml t;
    struct err e = {0};
    struct buf text CLEANUP_BUF = {0};
    for (int i = 0; i <= TOML_MAX_ENTRIES; i++)
        buf_printf(&text, "k%d = 1\n", i);
    assert_true(toml_parse("f", buf_slice(&text), &arena, &t, &e) < 0);
    assert_string_equal(e.text, "f:4097:1: too many keys");
    buf_clear(&text);
    for (int i = 0; i <= TOML_MAX_KEY; i++)
        buf_append_str(&text, "k");
    buf_append_str(&text, " = 1");
    assert_true(toml_parse("f", buf_slice(&text), &arena, &t, &e) < 0);
    assert_string_equal(e.text, "f:1:257: this key is too long");
    buf_clear(&text);
    memset(buf_reserve(&text, TOML_MAX_BYTES + 1), '\n', TOML_MAX_BYTES + 1);
    text.len = TOML_MAX_BYTES + 1;
    assert_true(toml_parse("f", buf_slice(&text), &arena, &t, &e) < 0);
    assert_string_equal(e.text, "f: longer than 1048576 bytes");
}

static void test_durations(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
        const char *canonical;
    } rows[] = {
        {"0", 0, "0s"},
        {"0s", 0, "0s"},
        {"1s", 1000000000, "1s"},
        {"10s", 10000000000, "10s"},
        {"1m30s", 90000000000, "1m30s"},
        {"1h", 3600000000000, "1h0m0s"},
        {"48h", 172800000000000, "48h0m0s"},
        {"1.5s", 1500000000, "1.5s"},
        {".5s", 500000000, "500ms"},
        {"1.s", 1000000000, "1s"},
        {"300ms", 300000000, "300ms"},
        {"1.5us", 1500, "1.5\u00b5s"},
        {"2\u00b5s", 2000, "2\u00b5s"},
        {"2\u03bcs", 2000, "2\u00b5s"},
        {"7ns", 7, "7ns"},
        {"+5s", 5000000000, "5s"},
        {"-1.5h", -5400000000000, "-1h30m0s"},
        {"0.1ns", 0, "0s"},
        {"1s1s", 2000000000, "2s"},
        {"9223372036854775807ns", INT64_MAX, "2562047h47m16.854775807s"},
        {"-9223372036854775808ns", INT64_MIN, "-2562047h47m16.854775808s"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t ns = 1;
        struct buf text CLEANUP_BUF = {0};
        if (godur_parse(rows[i].text, &ns) != 0 || ns != rows[i].ns)
            fail_msg("%s: %lld", rows[i].text, (long long)ns);
        godur_append(&text, ns);
        assert_string_equal(buf_cstr(&text), rows[i].canonical);
        int64_t again = 1;
        assert_int_equal(godur_parse(buf_cstr(&text), &again), 0);
        assert_true(again == ns);
    }
    static const char *const bad[] = {"",         "-",
                                      "+",        "1",
                                      "s",        ".s",
                                      "1x",       "1 s",
                                      " 1s",      "1s ",
                                      "--1s",     "1d",
                                      "1S",       "1e3s",
                                      "1.2.3s",   "9223372036854775808ns",
                                      "2562048h", "99999999999999999999s"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t ns;
        if (godur_parse(bad[i], &ns) == 0)
            fail_msg("\"%s\" is taken", bad[i]);
    }
}

static void test_times(void **state)
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
        {"2000-02-29T12:00:00.5Z", 951825600, 500000000, "2000-02-29T12:00:00.5Z",
         "2000-02-29T12:00:00.500Z"},
        {"2026-11-21T16:00:00.0001+02:00", 1795269600, 100000, "2026-11-21T14:00:00.0001Z",
         "2026-11-21T14:00:00.000100Z"},
        {"1969-12-31T23:59:59-00:30", 1799, 0, "1970-01-01T00:29:59Z", "1970-01-01T00:29:59Z"},
        {"2026-01-02T03:04:05.1234567899Z", 1767323045, 123456789, "2026-01-02T03:04:05.123456789Z",
         "2026-01-02T03:04:05.123456789Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t seconds = 1;
        int32_t nanos = 1;
        if (gotime_parse(slice_str(rows[i].text), &seconds, &nanos) != 0)
            fail_msg("%s", rows[i].text);
        assert_true(seconds == rows[i].seconds);
        assert_int_equal(nanos, rows[i].nanos);
        struct buf go CLEANUP_BUF = {0};
        struct buf proto CLEANUP_BUF = {0};
        gotime_append(&go, seconds, nanos);
        gotime_append_proto(&proto, seconds, nanos);
        assert_string_equal(buf_cstr(&go), rows[i].go);
        assert_string_equal(buf_cstr(&proto), rows[i].proto);
    }
    static const char *const bad[] = {"",
                                      "2026-01-02",
                                      "2026-01-02T03:04:05",
                                      "2026-01-02 03:04:05Z",
                                      "2026-1-02T03:04:05Z",
                                      "2026-13-02T03:04:05Z",
                                      "2026-00-02T03:04:05Z",
                                      "2026-02-29T03:04:05Z",
                                      "1900-02-29T00:00:00Z",
                                      "2026-01-32T03:04:05Z",
                                      "2026-01-02T24:04:05Z",
                                      "2026-01-02T03:60:05Z",
                                      "2026-01-02T03:04:60Z",
                                      "2026-01-02T03:04:05.Z",
                                      "2026-01-02T03:04:05+2:00",
                                      "2026-01-02T03:04:05+24:00",
                                      "2026-01-02T03:04:05Zx",
                                      "2026-01-02T03:04:05z",
                                      "0000-01-01T00:00:00Z",
                                      "+026-01-01T00:00:00Z"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t seconds;
        int32_t nanos;
        if (gotime_parse(slice_str(bad[i]), &seconds, &nanos) == 0)
            fail_msg("\"%s\" is taken", bad[i]);
    }
    int64_t ns = 0;
    assert_int_equal(gotime_parse_ns(SLICE_LIT("1969-12-31T23:59:59.5Z"), &ns), 0);
    assert_int_equal(ns, -500000000);
    struct buf text CLEANUP_BUF = {0};
    gotime_append_ns(&text, ns);
    assert_string_equal(buf_cstr(&text), "1969-12-31T23:59:59.5Z");
    assert_true(gotime_parse_ns(SLICE_LIT("0001-01-01T00:00:00Z"), &ns) < 0);
}

// Every day of nine centuries, forwards and backwards.
static void test_every_date(void **state)
{
    int64_t first, last;
    int32_t nanos;
    assert_int_equal(gotime_parse(SLICE_LIT("1600-01-01T00:00:00Z"), &first, &nanos), 0);
    assert_int_equal(gotime_parse(SLICE_LIT("2500-01-01T00:00:00Z"), &last, &nanos), 0);
    struct buf text CLEANUP_BUF = {0};
    for (int64_t s = first; s <= last; s += 86400) {
        int64_t again = 0;
        buf_clear(&text);
        gotime_append(&text, s, 0);
        assert_int_equal(gotime_parse(buf_slice(&text), &again, &nanos), 0);
        assert_true(again == s);
    }
    assert_int_equal((last - first) / 86400, 328719);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_refusals_name_the_place),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_durations),
        cmocka_unit_test(test_times),  cmocka_unit_test(test_every_date),
    };
    return cmocka_run_group_tests_name("toml", tests, NULL, NULL);
}
