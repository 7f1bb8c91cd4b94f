#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "seivisor/net_helper/helper.h"
#include "seivisor/net_helper/line_reader.h"
#include "seivisor/net_protocol.h"

static void collect(void *arg, struct slice line)
{
    struct buf *seen = arg;
    buf_append_byte(seen, line.data ? '[' : '!');
    buf_append_slice(seen, line);
    buf_append_byte(seen, ']');
}

static void test_lines_of_any_split(void **state)
{
    static const char stream[] = "one\n\n12345678\n123456789\nxxxxxxxxxxxxxxxxxxxxxxxx\nlast\ncut";
    for (size_t a = 0; a < sizeof stream - 1; a++) {
        for (size_t b = a; b < sizeof stream - 1; b++) {
            struct line_reader r = {.limit = 9};
            CLEANUP_BUF struct buf seen = {0};
            line_reader_feed(&r, slice_of(stream, a), collect, &seen);
            line_reader_feed(&r, slice_of(stream + a, b - a), collect, &seen);
            line_reader_feed(&r, slice_of(stream + b, sizeof stream - 1 - b), collect, &seen);
            assert_string_equal(buf_cstr(&seen), "[one][][12345678]!]!][last]");
            line_reader_deinit(&r);
        }
    }
}

static void test_requests_that_are_refused(void **state)
{
    static const struct {
        const char *line;
        int result;
        uint64_t id;
        const char *text;
    } rows[] = {
        {"", REQUEST_BAD, 0, "not JSON"},
        {"{", REQUEST_BAD, 0, "not JSON"},
        {"[]", REQUEST_BAD, 0, "not an object with an \"id\""},
        {"{}", REQUEST_BAD, 0, "not an object with an \"id\""},
        {"{\"id\":0,\"op\":\"serve\"}", REQUEST_BAD, 0, "not an object with an \"id\""},
        {"{\"id\":\"1\"}", REQUEST_BAD, 0, "not an object with an \"id\""},
        {"{\"id\":1,\"id\":2}", REQUEST_BAD, 0, "duplicate"},
        {"{\"id\":1}", REQUEST_BAD, 1, "no \"op\""},
        {"{\"id\":1,\"op\":7}", REQUEST_BAD, 1, "\"op\" is not a string"},
        {"{\"id\":9007199254740993,\"op\":\"dance\"}", REQUEST_UNKNOWN_OP, 9007199254740993,
         "no such op: dance"},
        {"{\"id\":1,\"op\":\"configure\"}", REQUEST_BAD, 1, "\"version\" is not 1"},
        {"{\"id\":1,\"op\":\"configure\",\"version\":2}", REQUEST_BAD, 1, "\"version\" is not 1"},
        {"{\"id\":1,\"op\":\"configure\",\"version\":1,\"targets\":{}}", REQUEST_BAD, 1,
         "the targets are no array"},
        {"{\"id\":1,\"op\":\"configure\",\"version\":1,\"timeout_ms\":0}", REQUEST_BAD, 1,
         "\"timeout_ms\" is not a number from 1 to 60000"},
        {"{\"id\":1,\"op\":\"configure\",\"version\":1,\"ca_file\":1}", REQUEST_BAD, 1,
         "\"ca_file\" is not a string"},
        {"{\"id\":1,\"op\":\"probe\"}", REQUEST_BAD, 1, "no \"url\""},
        {"{\"id\":1,\"op\":\"probe\",\"url\":\"x\",\"timeout_ms\":60001}", REQUEST_BAD, 1,
         "\"timeout_ms\" is not a number"},
        {"{\"id\":1,\"op\":\"page\"}", REQUEST_BAD, 1, "no \"action\""},
        {"{\"id\":1,\"op\":\"page\",\"action\":\"ack\"}", REQUEST_BAD, 1,
         "\"action\" is not trigger or resolve"},
        {"{\"id\":1,\"op\":\"page\",\"action\":\"trigger\"}", REQUEST_BAD, 1,
         "\"targets\" is not an array"},
        {"{\"id\":1,\"op\":\"page\",\"action\":\"trigger\",\"targets\":[1]}", REQUEST_BAD, 1,
         "something that is not a name"},
        {"{\"id\":1,\"op\":\"page\",\"action\":\"trigger\",\"targets\":[\"\\\"\"]}", REQUEST_BAD, 1,
         "something that is not a name"},
        {"{\"id\":1,\"op\":\"page\",\"action\":\"trigger\",\"targets\":[\"a\",\"a\"]}", REQUEST_BAD,
         1, "a name twice"},
        {"{\"id\":1,\"op\":\"page\",\"action\":\"trigger\",\"targets\":[\"a\"]}", REQUEST_BAD, 1,
         "\"severity\" is not"},
        {"{\"id\":1,\"op\":\"page\",\"action\":\"trigger\",\"targets\":[],\"severity\":\"info\","
         "\"summary\":\"s\",\"dedup_key\":\"k\",\"at\":\"now\"}",
         REQUEST_BAD, 1, "\"at\" is no RFC 3339 time"},
        {"{\"id\":1,\"op\":\"serve\"}", REQUEST_BAD, 1, "no \"listen\""},
        {"{\"id\":1,\"op\":\"publish\",\"metrics\":1}", REQUEST_BAD, 1,
         "\"metrics\" is not a string"},
        {"{\"id\":1,\"op\":\"publish\",\"metrics\":\"\"}", REQUEST_BAD, 1,
         "\"status\" is not an object"},
        {"{\"id\":1,\"op\":\"publish\",\"metrics\":\"\",\"status\":{}}", REQUEST_BAD, 1,
         "\"healthy\" is not a boolean"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request r;
        struct err e = {0};
        int result = request_read(slice_str(rows[i].line), &r, &e);
        if (result != rows[i].result || r.id != rows[i].id || !strstr(e.text, rows[i].text))
            fail_msg("%s: %d %llu %s", rows[i].line, result, (unsigned long long)r.id, e.text);
        request_deinit(&r);
    }
}

// Everything on the input at once, then its end: what can be answered at once is, in order.
static void test_a_conversation_without_network(void **state)
{
    static const char input[] =
        "{\"id\":7,\"op\":\"serve\",\"listen\":\"127.0.0.1:0\"}\n"
        "{\"id\":1,\"op\":\"configure\",\"version\":1,\"targets\":[]}\n"
        "{\"id\":2,\"op\":\"configure\",\"version\":1}\n"
        "{\"id\":3,\"op\":\"page\",\"action\":\"trigger\",\"targets\":[\"nobody\"],\"severity\":"
        "\"info\",\"summary\":\"s\",\"dedup_key\":\"k\",\"at\":\"2026-01-02T03:04:05Z\"}\n"
        "{\"id\":4,\"op\":\"publish\",\"metrics\":\"\",\"status\":{},\"healthy\":true}\n"
        "{\"id\":5,\"op\":\"serve\",\"listen\":\"nowhere\"}\n"
        "\n"
        "{\"id\":6,\"op\":\"dance\"}\n"
        "{\"id\":8,\"op\":\"probe\",\"url\":\"http://127.0.0.1:1/status\"}\n"
        "{\"id\":9,\"op\":\"publish\"";
    int in[2], out[2];
    struct err e = {0};
    char got[4096];
    assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
    assert_int_equal(write(in[1], input, sizeof input - 1), sizeof input - 1);
    close(in[1]);
    assert_int_equal(helper_run(in[0], out[1], NULL, &e), 0);
    ssize_t n = read(out[0], got, sizeof got - 1);
    assert_true(n > 0);
    got[n] = '\0';
    close(out[0]);
    // The probe was open at the end: dropped without an answer.
    assert_string_equal(
        got, "{\"id\":7,\"ok\":false,\"code\":\"bad_request\",\"error\":\"not configured yet\"}\n"
             "{\"id\":1,\"ok\":true,\"version\":1}\n"
             "{\"id\":2,\"ok\":false,\"code\":\"bad_request\",\"error\":\"configured already\"}\n"
             "{\"id\":3,\"ok\":true,\"results\":{\"nobody\":\"refused: no such target\"}}\n"
             "{\"id\":4,\"ok\":true}\n"
             "{\"id\":5,\"ok\":false,\"code\":\"failed\",\"error\":"
             "\"\\\"nowhere\\\" is no address:port\"}\n"
             "{\"id\":0,\"ok\":false,\"code\":\"bad_request\",\"error\":"
             "\"not JSON: '[' or '{' expected near end of file at byte 0\"}\n"
             "{\"id\":6,\"ok\":false,\"code\":\"unknown_op\",\"error\":\"no such op: dance\"}\n");
}

static void test_descriptors_that_cannot_be_used(void **state)
{
    int in[2];
    struct err e = {0};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_true(helper_run(null, in[1], NULL, &e) < 0);
    assert_non_null(strstr(e.text, "is no pipe, socket or terminal"));
    assert_true(helper_run(in[0], null, NULL, &e) < 0);
    close(null);
    close(in[1]);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_of_any_split),
        cmocka_unit_test(test_requests_that_are_refused),
        cmocka_unit_test(test_a_conversation_without_network),
        cmocka_unit_test(test_descriptors_that_cannot_be_used),
    };
    return cmocka_run_group_tests_name("net_helper", tests, NULL, NULL);
}
