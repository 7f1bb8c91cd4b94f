// The pure parts of the RPC: requests, parameters, the query language.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "seid/rpc/event_query.h"
#include "seid/rpc/json_plain.h"
#include "seid/rpc/jsonrpc.h"
#include "seid/rpc/rpc_params.h"

// Answers every request with {} so that a row shows what a client gets.
static void answer(const char *body, struct buf *ret)
{
    struct jsonrpc_batch batch;
    struct jsonrpc_error error = {0};
    struct jsonw w = jsonw_on(ret);
    if (jsonrpc_parse(slice_str(body), 3, &batch, &error) < 0) {
        jsonrpc_error(&w, NULL, &error);
        return;
    }
    for (size_t i = 0; i < batch.count; i++) {
        if (!batch.requests[i].id)
            continue;
        w.start = ret->len;
        jsonrpc_result(&w, batch.requests[i].id);
        jsonw_cstr(&w, batch.requests[i].method);
        jsonrpc_end(&w);
    }
    jsonrpc_batch_deinit(&batch);
}

// Shapes and codes as a real CometBFT 0.38.26 gave them for the same bodies.
static void test_requests(void **state)
{
    static const struct {
        const char *body, *want;
    } rows[] = {
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"health\"}",
         "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"health\"}"},
        {"{\"id\":\"x\\n\",\"method\":\"a\"}",
         "{\"jsonrpc\":\"2.0\",\"id\":\"x\\n\",\"result\":\"a\"}"},
        {"{\"id\":123456789012345}",
         "{\"jsonrpc\":\"2.0\",\"id\":123456789012345,\"result\":\"\"}"},
        {"{\"id\":1.5,\"method\":\"a\"}", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"a\"}"},
        {"{\"id\":-1,\"method\":\"a\"}", "{\"jsonrpc\":\"2.0\",\"id\":-1,\"result\":\"a\"}"},
        {"{\"method\":\"a\"}", ""},
        {"{\"id\":null,\"method\":\"a\"}", ""},
        {"[]", ""},
        {"[{\"id\":1,\"method\":\"a\"},{\"method\":\"b\"},{\"id\":2,\"method\":\"c\"}]",
         "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"a\"}{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":"
         "\"c\"}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CLEANUP_BUF struct buf got = {0};
        answer(rows[i].body, &got);
        assert_string_equal(buf_cstr(&got), rows[i].want);
    }
}

static void test_bodies_that_are_refused(void **state)
{
    static const struct {
        const char *body;
        enum jsonrpc_code code;
    } rows[] = {
        {"{", JSONRPC_PARSE_ERROR},
        {"5", JSONRPC_PARSE_ERROR},
        {"\"a\"", JSONRPC_PARSE_ERROR},
        {"[5]", JSONRPC_PARSE_ERROR},
        {"{\"id\":{}}", JSONRPC_PARSE_ERROR},
        {"{\"id\":true}", JSONRPC_PARSE_ERROR},
        {"{\"id\":1,\"method\":5}", JSONRPC_PARSE_ERROR},
        {"{\"id\":1}x", JSONRPC_PARSE_ERROR},
        {"{\"id\":\"\xff\"}", JSONRPC_PARSE_ERROR},
        {"[{},{},{},{}]", JSONRPC_INVALID_REQUEST},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct jsonrpc_batch batch;
        struct jsonrpc_error error = {0};
        assert_int_equal(jsonrpc_parse(slice_str(rows[i].body), 3, &batch, &error), -1);
        assert_int_equal(error.code, rows[i].code);
        assert_true(error.data[0]);
    }
    // Nesting is limited by the parser: an error, not a stack that overflows.
    CLEANUP_BUF struct buf deep = {0};
    for (int i = 0; i < 100000; i++)
        buf_append_byte(&deep, '[');
    struct jsonrpc_batch batch;
    struct jsonrpc_error error = {0};
    assert_int_equal(jsonrpc_parse(buf_slice(&deep), 3, &batch, &error), -1);
    assert_int_equal(error.code, JSONRPC_PARSE_ERROR);
}

static const struct rpc_param declared[RPC_MAX_PARAMS + 1] = {
    {"n", RPC_INT}, {"b", RPC_BOOL}, {"s", RPC_STRING}, {"y", RPC_BYTES}, {"h", RPC_HEX}};

// Writes what was read as "n=5 b=1 s=.. y=.. h=..", present ones only, bytes as they are.
static void show(const struct rpc_value *v, struct buf *ret)
{
    if (v[0].present)
        buf_printf(ret, "n=%lld ", (long long)v[0].number);
    if (v[1].present)
        buf_printf(ret, "b=%d ", v[1].flag);
    for (int i = 2; i < RPC_MAX_PARAMS; i++)
        if (v[i].present)
            buf_printf(ret, "%s=%.*s ", declared[i].name, (int)v[i].bytes.len, v[i].bytes.data);
}

static void test_json_params(void **state)
{
    static const struct {
        const char *params, *want; // null: refused
    } rows[] = {
        {"{}", ""},
        {"{\"n\":\"5\"}", "n=5 "},
        {"{\"n\":5}", "n=5 "},
        {"{\"n\":\"-9223372036854775808\"}", "n=-9223372036854775808 "},
        {"{\"n\":\"9223372036854775807\"}", "n=9223372036854775807 "},
        {"{\"n\":null,\"unknown\":[]}", ""},
        {"{\"b\":true,\"s\":\"x\",\"y\":\"YWI=\",\"h\":\"6162\"}", "b=1 s=x y=ab h=ab "},
        {"[\"7\",false,\"\",\"\",\"\"]", "n=7 b=0 s= y= h= "},
        {"[\"7\"]", NULL},
        {"5", NULL},
        {"{\"n\":\"x\"}", NULL},
        {"{\"n\":\"9223372036854775808\"}", NULL},
        {"{\"n\":\"-\"}", NULL},
        {"{\"n\":\"\"}", NULL},
        {"{\"n\":1.5}", NULL},
        {"{\"n\":99999999999999999999}", NULL},
        {"{\"b\":\"true\"}", NULL},
        {"{\"s\":5}", NULL},
        {"{\"y\":\"not base64!\"}", NULL},
        {"{\"h\":\"zz\"}", NULL},
        {"{\"h\":\"0x61\"}", NULL},
        {"{\"h\":\"abc\"}", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CLEANUP_ARENA struct arena arena = {0};
        CLEANUP_BUF struct buf got = {0};
        struct rpc_value v[RPC_MAX_PARAMS];
        struct jsonrpc_error error = {0};
        json_t *params = json_loads(rows[i].params, JSON_DECODE_ANY, NULL);
        int result = params ? rpc_params_json(declared, params, &arena, v, &error) : -1;
        if (result == 0)
            show(v, &got);
        json_decref(params);
        assert_int_equal(result, rows[i].want ? 0 : -1);
        if (rows[i].want)
            assert_string_equal(buf_cstr(&got), rows[i].want);
    }
}

static bool one_member(void *ctx, const char *name, struct slice *ret)
{
    const char *const *member = ctx;
    if (strcmp(member[0], name) != 0)
        return false;
    *ret = slice_str(member[1]);
    return true;
}

static void test_query_params(void **state)
{
    static const char *const rows[][3] = {
        {"n", "5", "n=5 "},
        {"n", "\"5\"", "n=5 "},
        {"n", "", ""},
        {"n", "abc", NULL},
        {"n", "0x5", NULL},
        {"b", "true", "b=1 "},
        {"b", "1", NULL},
        {"s", "\"a\\u0062\"", "s=ab "},
        {"s", "0x6162", "s=ab "},
        {"s", "bare", NULL},
        {"y", "\"raw\"", "y=raw "},
        {"y", "0x616263", "y=abc "},
        {"y", "YWI=", NULL},
        {"h", "0X6162", "h=ab "},
        {"h", "0xabc", NULL},
        {"y", "\"unclosed", NULL},
        {"s", "\"bad\\q\"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CLEANUP_ARENA struct arena arena = {0};
        CLEANUP_BUF struct buf got = {0};
        struct rpc_value v[RPC_MAX_PARAMS];
        struct jsonrpc_error error = {0};
        int result =
            rpc_params_query(declared, one_member, (void *)(uintptr_t)rows[i], &arena, v, &error);
        assert_int_equal(result, rows[i][2] ? 0 : -1);
        if (rows[i][2]) {
            show(v, &got);
            assert_string_equal(buf_cstr(&got), rows[i][2]);
        } else {
            assert_int_equal(error.code, JSONRPC_INVALID_PARAMS);
        }
    }
}

static void test_queries(void **state)
{
    static const struct {
        const char *text, *want; // null: refused
    } rows[] = {
        {"tx.height=5", "tx.height = n:5;"},
        {" tx.height >= 5 AND tx.height<10 ", "tx.height >= n:5;tx.height < n:10;"},
        {"message.sender='a b' AND tx.height=8", "message.sender = s:a b;tx.height = n:8;"},
        {"tx.hash='ABCD'", "tx.hash = s:ABCD;"},
        {"a.b CONTAINS 'x'", "a.b contains s:x;"},
        {"a.b EXISTS AND c.d>1.5", "a.b exists;c.d > n:1.5;"},
        {"a.b <= TIME 1970-01-01T00:00:01Z", "a.b <= t:1000000000;"},
        {"a.b > DATE 1970-01-02", "a.b > t:86400000000000;"},
        {"a.b=''", "a.b = s:;"},
        {"a.b=-3", "a.b = n:-3;"},
        {"", NULL},
        {"tx.height", NULL},
        {"tx.height=", NULL},
        {"tx.height=x", NULL},
        {"=5", NULL},
        {"a='unclosed", NULL},
        {"a=5 OR b=6", NULL},
        {"a=5 AND", NULL},
        {"a=5 b=6", NULL},
        {"a>'x'", NULL},
        {"a CONTAINS 5", NULL},
        {"a=TIME yesterday", NULL},
        {"a=DATE 2020-13-01", NULL},
        {"a=1.2.3", NULL},
        {"a=-", NULL},
    };
    static const char *const ops[] = {"=", "<", "<=", ">", ">=", "contains", "exists"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CLEANUP_ARENA struct arena arena = {0};
        CLEANUP_BUF struct buf got = {0};
        struct event_condition *c;
        size_t count = 0;
        struct err e = {0};
        int result = event_query_parse(slice_str(rows[i].text), &arena, &c, &count, &e);
        for (size_t k = 0; k < count; k++) {
            buf_printf(&got, "%.*s %s", (int)c[k].key.len, c[k].key.data, ops[c[k].op]);
            if (c[k].operand == EVENT_TIME)
                buf_printf(&got, " t:%lld", (long long)c[k].time_ns);
            else if (c[k].operand != EVENT_NONE)
                buf_printf(&got, " %c:%.*s", c[k].operand == EVENT_STRING ? 's' : 'n',
                           (int)c[k].text.len, c[k].text.data);
            buf_append_byte(&got, ';');
        }
        assert_int_equal(result, rows[i].want ? 0 : -EINVAL);
        if (rows[i].want)
            assert_string_equal(buf_cstr(&got), rows[i].want);
        else
            assert_non_null(strstr(e.text, "offset "));
    }
    char longest[EVENT_QUERY_MAX_BYTES + 2];
    memset(longest, ' ', sizeof longest);
    CLEANUP_ARENA struct arena arena = {0};
    struct event_condition *c;
    size_t count;
    struct err e;
    assert_int_equal(
        event_query_parse(slice_of(longest, EVENT_QUERY_MAX_BYTES + 1), &arena, &c, &count, &e),
        -EINVAL);
}

static void test_plain_json_is_json(void **state)
{
    static const char *const plain[] = {
        "{}",
        " [ ] ",
        "[1,-2,0]",
        "{\"a\":\"b\",\"c\":[{\"d\":123456789012345678}]}",
        "{\"a\":1,\"a\":2}",
        "\n{ \"a\" : [ \"\" , 1 ] }\t",
        "[[[[[[[]]]]]]]",
    };
    // Left to jansson: not plain, not JSON, or no object or array.
    static const char *const others[] = {
        "",
        " ",
        "1",
        "\"a\"",
        "[1.0]",
        "[1e3]",
        "[01]",
        "[-]",
        "[-01]",
        "[1234567890123456789]",
        "[true]",
        "[null]",
        "[1,]",
        "[,1]",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "{\"a\":1,}",
        "[1",
        "{\"a\":1",
        "[1]x",
        "[\"\\n\"]",
        "[\"\x01\"]",
        "[\"\xc3\xa4\"]",
        "[\"a]",
        "[1 2]",
        "[[[[[[[[[]]]]]]]]]",
    };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        json_t *got = json_plain_load(slice_str(plain[i]));
        json_t *want = json_loads(plain[i], 0, NULL);
        assert_non_null(got);
        assert_true(json_equal(got, want));
        json_decref(got);
        json_decref(want);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_null(json_plain_load(slice_str(others[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_json_is_json),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_bodies_that_are_refused),
        cmocka_unit_test(test_json_params),
        cmocka_unit_test(test_query_params),
        cmocka_unit_test(test_queries),
    };
    return cmocka_run_group_tests_name("rpc", tests, NULL, NULL);
}
