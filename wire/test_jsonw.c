#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/jsonw.h"

// What Go 1.22 and newer print for json.Marshal of the string.
static void test_strings_as_go_writes_them(void **state)
{
    static const struct {
        struct slice in;
        const char *out;
    } rows[] = {
        {SLICE_LIT(""), "\"\""},
        {SLICE_LIT("plain"), "\"plain\""},
        {SLICE_LIT("a\"b\\c"), "\"a\\\"b\\\\c\""},
        {SLICE_LIT("\b\f\n\r\t\x01\x1f"), "\"\\b\\f\\n\\r\\t\\u0001\\u001f\""},
        {SLICE_LIT("<a&b>"), "\"\\u003ca\\u0026b\\u003e\""},
        {SLICE_LIT("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"), "\"\\u2028\\u2029\xe2\x80\xaa\""},
        {SLICE_LIT("\xff\xc3("), "\"\\ufffd\\ufffd(\""},
        {SLICE_LIT("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\""},
        {SLICE_LIT("\xc0\x80\xe2\x82"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
        {SLICE_LIT("\xf0\x9f\x98\x80\x7f"), "\"\xf0\x9f\x98\x80\x7f\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CLEANUP_BUF struct buf out = {0};
        struct jsonw w = jsonw_on(&out);
        jsonw_string(&w, rows[i].in);
        assert_string_equal(buf_cstr(&out), rows[i].out);
    }
}

static void test_commas_and_numbers(void **state)
{
    CLEANUP_BUF struct buf out = {0};
    buf_append_str(&out, "before");
    struct jsonw w = jsonw_on(&out);
    jsonw_object(&w);
    jsonw_key(&w, "a");
    jsonw_array(&w);
    jsonw_int(&w, INT64_MIN);
    jsonw_int_string(&w, -1);
    jsonw_uint_string(&w, UINT64_MAX);
    jsonw_object(&w);
    jsonw_object_end(&w);
    jsonw_array(&w);
    jsonw_array_end(&w);
    jsonw_array_end(&w);
    jsonw_key(&w, "b");
    jsonw_base64_or_null(&w, SLICE_NULL);
    jsonw_key(&w, "c");
    jsonw_cstr(&w, ":");
    jsonw_key(&w, "d");
    jsonw_hex(&w, SLICE_LIT("\xab"));
    jsonw_object_end(&w);
    assert_string_equal(buf_cstr(&out),
                        "before{\"a\":[-9223372036854775808,\"-1\",\"18446744073709551615\",{},[]],"
                        "\"b\":null,\"c\":\":\",\"d\":\"AB\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings_as_go_writes_them),
        cmocka_unit_test(test_commas_and_numbers),
    };
    return cmocka_run_group_tests_name("jsonw", tests, NULL, NULL);
}
