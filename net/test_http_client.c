#include <pthread.h>
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
#include <uv.h>

#include "base/clock.h"
#include "net/http_client.h"
#include "net/limits.h"
#include "net/test_peer.h"

#define OK_ANSWER                                                                                  \
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n"                         \
    "Content-Length: 5\r\n\r\nhello"

static enum http_outcome call(int port, struct http_request request, struct http_response *ret)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/secret-path?token=secret", port);
    if (!request.url)
        request.url = url;
    struct http_client *client = http_client_new(NULL);
    enum http_outcome outcome = http_call(client, &request, ret);
    http_client_free(client);
    assert_int_equal(outcome, ret->outcome);
    assert_null(strstr(ret->detail, "secret"));
    return outcome;
}

static void test_get_and_post(void **state)
{
    struct test_peer peer;
    CLEANUP_HTTP_RESPONSE struct http_response got = {0}, posted = {0};
    test_peer_start(&peer, PEER_ANSWERS, OK_ANSWER);
    assert_int_equal(call(peer.port, (struct http_request){0}, &got), HTTP_ANSWERED);
    assert_int_equal(got.status, 200);
    assert_string_equal(got.content_type, "text/plain");
    assert_string_equal(buf_cstr(&got.body), "hello");
    assert_int_equal(got.retry_after_ms, -1);
    assert_non_null(strstr(peer.request, "GET /secret-path?token=secret HTTP/1.1\r\n"));

    struct http_header headers[] = {{"X-One", "1"}, {"X-Empty", ""}};
    struct http_request post = {.headers = headers,
                                .header_count = 2,
                                .body = SLICE_LIT("{\"a\":1}"),
                                .content_type = "application/json"};
    assert_int_equal(call(peer.port, post, &posted), HTTP_ANSWERED);
    assert_non_null(strstr(peer.request, "POST /"));
    assert_non_null(strstr(peer.request, "X-One: 1\r\n"));
    assert_non_null(strstr(peer.request, "X-Empty:\r\n"));
    assert_non_null(strstr(peer.request, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(peer.request, "\r\n\r\n{\"a\":1}"));
    assert_null(strstr(peer.request, "Expect"));
    test_peer_stop(&peer);
}

static void test_methods_without_surprises(void **state)
{
    struct test_peer peer;
    CLEANUP_HTTP_RESPONSE struct http_response put = {0}, empty = {0}, removed = {0};
    test_peer_start(&peer, PEER_ANSWERS, OK_ANSWER);
    struct http_request request = {
        .method = "PUT", .body = SLICE_LIT("x"), .content_type = "text/plain"};
    assert_int_equal(call(peer.port, request, &put), HTTP_ANSWERED);
    assert_int_equal(strncmp(peer.request, "PUT /", 5), 0);
    request = (struct http_request){.content_type = "text/plain"};
    assert_int_equal(call(peer.port, request, &empty), HTTP_ANSWERED);
    assert_int_equal(strncmp(peer.request, "POST /", 6), 0);
    assert_non_null(strstr(peer.request, "Content-Length: 0\r\n"));
    request = (struct http_request){.method = "DELETE"};
    assert_int_equal(call(peer.port, request, &removed), HTTP_ANSWERED);
    assert_int_equal(strncmp(peer.request, "DELETE /", 8), 0);
    test_peer_stop(&peer);
}

// Whatever the peer does, the call ends with a name for it, in time.
static void test_every_outcome_has_a_name(void **state)
{
    static const struct {
        const char *what;
        enum test_peer_behaviour behaviour;
        const char *bytes;
        enum http_outcome outcome;
        int status;
        const char *detail;
    } rows[] = {
        {"an error is an answer", PEER_ANSWERS, "HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nbad",
         HTTP_ANSWERED, 500, ""},
        {"a trailer", PEER_ANSWERS,
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 1\r\n\r\n", HTTP_ANSWERED,
         200, ""},
        {"no redirect is followed", PEER_ANSWERS,
         "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
         HTTP_ANSWERED, 302, ""},
        {"declared too large", PEER_ANSWERS, "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
         HTTP_CUT_SHORT, 0, NULL},
        {"endless body", PEER_ENDLESS,
         "HTTP/1.1 200 OK\r\n\r\n"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         HTTP_TOO_LARGE, 0, "answer too large: more than 1000 bytes"},
        {"endless header lines", PEER_ENDLESS,
         "HTTP/1.1 200 OK\r\nX: 34567890123456789012345678901234567890123456789012345678901\r\n",
         HTTP_TOO_LARGE, 0, "answer too large: more than 65536 bytes of headers"},
        {"one endless header", PEER_ENDLESS,
         "HTTP/1.1 200 OK\r\nX: 34567890123456789012345678901234567890123456789012345678901",
         HTTP_TOO_LARGE, 0, NULL},
        {"endless interim answers", PEER_ENDLESS,
         "HTTP/1.1 100 Continue\r\nX: 678901234567890123456789012345678\r\n\r\n", HTTP_TOO_LARGE, 0,
         "answer too large: more than 65536 bytes of headers"},
        {"slow", PEER_SLOW, OK_ANSWER, HTTP_TIMED_OUT, 0, NULL},
        {"silent", PEER_SILENT, "", HTTP_TIMED_OUT, 0, NULL},
        {"closes at once", PEER_CLOSES, "", HTTP_CUT_SHORT, 0, NULL},
        {"closes in the headers", PEER_ANSWERS, "HTTP/1.1 200 OK\r\nContent-", HTTP_CUT_SHORT, 0,
         NULL},
        {"closes in the body", PEER_ANSWERS, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
         HTTP_CUT_SHORT, 0, NULL},
        {"closes in a chunk", PEER_ANSWERS,
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhello", HTTP_CUT_SHORT, 0,
         NULL},
        {"a bad chunk", PEER_ANSWERS,
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello", HTTP_CUT_SHORT, 0,
         NULL},
        {"no HTTP", PEER_ANSWERS, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", HTTP_NOT_HTTP, 0,
         NULL},
        {"a bad length", PEER_ANSWERS, "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
         HTTP_NOT_HTTP, 0, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct test_peer peer;
        CLEANUP_HTTP_RESPONSE struct http_response got = {0};
        test_peer_start(&peer, rows[i].behaviour, rows[i].bytes);
        int64_t start_ns = clock_monotonic_ns();
        // Short only where time must run out: a busy machine is no failure.
        bool must_time_out = rows[i].outcome == HTTP_TIMED_OUT;
        struct http_request request = {.response_max = 1000,
                                       .total_timeout_ms = must_time_out ? 300 : 20000};
        enum http_outcome outcome = call(peer.port, request, &got);
        int64_t took_ms = (clock_monotonic_ns() - start_ns) / 1000000;
        test_peer_stop(&peer);
        if (outcome != rows[i].outcome || got.status != rows[i].status)
            fail_msg("%s: outcome %s, status %d: %s", rows[i].what, http_outcome_text(outcome),
                     got.status, got.detail);
        if (outcome != HTTP_ANSWERED && got.body.len != 0)
            fail_msg("%s: a body without an answer", rows[i].what);
        if (rows[i].detail && strcmp(got.detail, rows[i].detail) != 0)
            fail_msg("%s: %s", rows[i].what, got.detail);
        if (!rows[i].detail && strlen(got.detail) < 5)
            fail_msg("%s: no text", rows[i].what);
        if (must_time_out && took_ms < 299) // libcurl rounds to whole milliseconds
            fail_msg("%s: took %d ms", rows[i].what, (int)took_ms);
    }
}

static void test_nobody_listens(void **state)
{
    struct test_peer peer;
    CLEANUP_HTTP_RESPONSE struct http_response got = {0};
    test_peer_start(&peer, PEER_SILENT, "");
    test_peer_stop(&peer);
    assert_int_equal(call(peer.port, (struct http_request){0}, &got), HTTP_UNREACHABLE);
    assert_string_equal(got.detail, "connect: Connection refused");
    http_response_deinit(&got);
    struct http_request request = {.url = "http://no-such-host.invalid/", .total_timeout_ms = 3000};
    enum http_outcome outcome = call(0, request, &got);
    // A resolver that does not answer at all is a time-out.
    assert_true(outcome == HTTP_UNRESOLVED || outcome == HTTP_TIMED_OUT);
}

static void test_bad_requests_are_not_sent(void **state)
{
    char long_url[NET_URL_MAX + 64], long_value[NET_REQUEST_HEADER_BYTES_MAX + 1];
    memset(long_url, 'a', sizeof long_url);
    memcpy(long_url, "http://127.0.0.1/", 17);
    long_url[sizeof long_url - 1] = '\0';
    memset(long_value, 'v', sizeof long_value);
    long_value[sizeof long_value - 1] = '\0';
    struct http_header header = {"X", "1"};
    struct http_header many[NET_REQUEST_HEADERS_MAX + 1];
    for (size_t i = 0; i < sizeof many / sizeof *many; i++)
        many[i] = header;
    struct http_header injected = {"X", "1\r\nEvil: 1"}, bad_name = {"X Y", "1"},
                       no_name = {"", "1"};
    struct http_header too_long = {"X", long_value};
    const struct http_request rows[] = {
        {.url = ""},
        {.url = "file:///etc/passwd"},
        {.url = "ftp://127.0.0.1/"},
        {.url = "127.0.0.1:26657"},
        {.url = "http://"},
        {.url = "http://a b/"},
        {.url = "http://127.0.0.1/\r\nEvil: 1"},
        {.url = "http://127.0.0.1:99999/"},
        {.url = long_url},
        {.url = "http://127.0.0.1/", .method = "GET /evil"},
        {.url = "http://127.0.0.1/", .headers = &injected, .header_count = 1},
        {.url = "http://127.0.0.1/", .headers = &bad_name, .header_count = 1},
        {.url = "http://127.0.0.1/", .headers = &no_name, .header_count = 1},
        {.url = "http://127.0.0.1/", .headers = &too_long, .header_count = 1},
        {.url = "http://127.0.0.1/", .headers = many, .header_count = NET_REQUEST_HEADERS_MAX + 1},
        {.url = "http://127.0.0.1/", .content_type = "a\nb"},
        {.url = "http://127.0.0.1/", .total_timeout_ms = NET_TIMEOUT_MS_MAX + 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CLEANUP_HTTP_RESPONSE struct http_response got = {0};
        if (call(0, rows[i], &got) != HTTP_BAD_REQUEST || !got.detail[0])
            fail_msg("row %zu: %s %s", i, http_outcome_text(got.outcome), got.detail);
    }
}

static void test_retry_after(void **state)
{
    static const struct {
        const char *bytes;
        int64_t ms;
    } rows[] = {
        {"HTTP/1.1 429 Slow down\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", 7000},
        {"HTTP/1.1 503 No\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n", -1},
        {"HTTP/1.1 503 No\r\nRetry-After: 99999999999\r\nContent-Length: 0\r\n\r\n", 86400000},
        {"HTTP/1.1 503 No\r\nRetry-After: Mon, 01 Jan 1990 00:00:00 GMT\r\nContent-Length: "
         "0\r\n\r\n",
         -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct test_peer peer;
        CLEANUP_HTTP_RESPONSE struct http_response got = {0};
        test_peer_start(&peer, PEER_ANSWERS, rows[i].bytes);
        assert_int_equal(call(peer.port, (struct http_request){0}, &got), HTTP_ANSWERED);
        test_peer_stop(&peer);
        assert_int_equal(got.retry_after_ms, rows[i].ms);
    }
}

static void test_a_blocking_call_is_cancelled(void **state)
{
    struct test_peer peer;
    CLEANUP_HTTP_RESPONSE struct http_response got = {0};
    int fds[2];
    test_peer_start(&peer, PEER_SILENT, "");
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    struct http_request request = {.cancel_fd = fds[0]};
    int64_t start_ns = clock_monotonic_ns();
    assert_int_equal(call(peer.port, request, &got), HTTP_CANCELLED);
    assert_true(clock_monotonic_ns() - start_ns < 1000000000);
    assert_string_equal(got.detail, "cancelled");
    test_peer_stop(&peer);
    close(fds[0]);
    close(fds[1]);
}

static void test_loopback_needs_no_proxy(void **state)
{
    struct test_peer peer;
    CLEANUP_HTTP_RESPONSE struct http_response got = {0}, other = {0};
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    test_peer_start(&peer, PEER_ANSWERS, OK_ANSWER);
    assert_int_equal(call(peer.port, (struct http_request){0}, &got), HTTP_ANSWERED);
    struct http_request request = {.url = "http://192.0.2.1/", .total_timeout_ms = 2000};
    assert_int_equal(call(0, request, &other), HTTP_UNREACHABLE);
    unsetenv("http_proxy");
    test_peer_stop(&peer);
}

// --- on a loop

struct seen {
    int calls;
    enum http_outcome outcome;
    int status;
    size_t len;
    struct http_client *client; // freed by the last callback when set
    struct http_transfer *victim;
    int last;
};

static void on_done(void *arg, struct http_response *response)
{
    struct seen *seen = arg;
    seen->calls++;
    seen->outcome = response->outcome;
    seen->status = response->status;
    seen->len += response->body.len;
    if (seen->victim)
        http_cancel(TAKE_PTR(seen->victim));
    if (seen->calls == seen->last)
        http_client_free(TAKE_PTR(seen->client));
}

static void test_loop_runs_many_and_ends(void **state)
{
    struct test_peer peer;
    char url[64];
    uv_loop_t loop;
    test_peer_start(&peer, PEER_ANSWERS, OK_ANSWER);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", peer.port);
    assert_int_equal(uv_loop_init(&loop), 0);
    struct http_client *client = http_client_new(&loop);
    struct seen seen = {.client = client, .last = 20};
    for (int i = 0; i < 20; i++)
        http_start(client, &(struct http_request){.url = url}, on_done, &seen);
    assert_int_equal(seen.calls, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(seen.calls, 20);
    assert_int_equal(seen.len, 100);
    assert_int_equal(uv_loop_close(&loop), 0);
    test_peer_stop(&peer);
}

static void test_loop_tells_failures_later(void **state)
{
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    struct http_client *client = http_client_new(&loop);
    struct seen bad = {0}, refused = {.client = client, .last = 1};
    http_start(client, &(struct http_request){.url = "nonsense"}, on_done, &bad);
    http_start(client, &(struct http_request){.url = "http://127.0.0.1:1/"}, on_done, &refused);
    assert_int_equal(bad.calls + refused.calls, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(bad.outcome, HTTP_BAD_REQUEST);
    assert_int_equal(refused.outcome, HTTP_UNREACHABLE);
    assert_int_equal(bad.calls, 1);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void test_loop_cancel_is_silent(void **state)
{
    struct test_peer silent, quick;
    char url[64], quick_url[64];
    uv_loop_t loop;
    test_peer_start(&silent, PEER_SILENT, "");
    test_peer_start(&quick, PEER_ANSWERS, OK_ANSWER);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", silent.port);
    snprintf(quick_url, sizeof quick_url, "http://127.0.0.1:%d/", quick.port);
    assert_int_equal(uv_loop_init(&loop), 0);
    struct http_client *client = http_client_new(&loop);
    struct seen cancelled = {0}, left_open = {0};
    struct seen seen = {.client = client, .last = 1};
    seen.victim = http_start(client, &(struct http_request){.url = url}, on_done, &cancelled);
    http_start(client, &(struct http_request){.url = url}, on_done, &left_open);
    http_cancel(http_start(client, &(struct http_request){.url = url}, on_done, &cancelled));
    http_cancel(http_start(client, &(struct http_request){.url = "bad"}, on_done, &cancelled));
    http_start(client, &(struct http_request){.url = quick_url}, on_done, &seen);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(seen.status, 200);
    assert_int_equal(cancelled.calls, 0);
    assert_int_equal(left_open.calls, 1); // the client was freed under it
    assert_int_equal(left_open.outcome, HTTP_CANCELLED);
    assert_int_equal(uv_loop_close(&loop), 0);
    test_peer_stop(&silent);
    test_peer_stop(&quick);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get_and_post),
        cmocka_unit_test(test_methods_without_surprises),
        cmocka_unit_test(test_every_outcome_has_a_name),
        cmocka_unit_test(test_nobody_listens),
        cmocka_unit_test(test_bad_requests_are_not_sent),
        cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_a_blocking_call_is_cancelled),
        cmocka_unit_test(test_loopback_needs_no_proxy),
        cmocka_unit_test(test_loop_runs_many_and_ends),
        cmocka_unit_test(test_loop_tells_failures_later),
        cmocka_unit_test(test_loop_cancel_is_silent),
    };
    return cmocka_run_group_tests_name("http_client", tests, NULL, NULL);
}
