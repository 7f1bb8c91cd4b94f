#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "wire/godur.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_refusals_name_the_place),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_durations),
    };
    return cmocka_run_group_tests_name("toml", tests, NULL, NULL);
}
