#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <uv.h>

#include "base/cleanup.h"
#include "net/status_probe.h"
#include "net/test_peer.h"

#define ANSWER(status, body) "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body
#define HALTED                                                                                     \
    "{\"result\":{\"sync_info\":{\"latest_block_height\":\"119\"},\"halt_intent\":"                \
    "{\"reason\":71,\"announced_at\":\"2026-01-02T03:04:05Z\"}}}"

static const struct {
    enum test_peer_behaviour behaviour;
    const char *bytes;
    enum probe_outcome outcome;
    const char *detail; // its beginning
} rows[] = {
    {PEER_ANSWERS, ANSWER("200 OK", HALTED), PROBE_OK, ""},
    {PEER_ANSWERS, ANSWER("204 No Content", ""), PROBE_NO_STATUS, "the answer is not JSON"},
    {PEER_ANSWERS, ANSWER("500 Oops", HALTED), PROBE_NO_STATUS, "HTTP 500"},
    {PEER_ANSWERS, ANSWER("404 Not Found", "<html>"), PROBE_NO_STATUS, "HTTP 404"},
    {PEER_ANSWERS, ANSWER("500 Oops", "{\"error\":{\"code\":-32603,\"message\":\"Internal\"}}"),
     PROBE_NO_STATUS, "the node answered with an error: Internal"},
    {PEER_ANSWERS, ANSWER("200 OK", "{\"data\":1}"), PROBE_NO_STATUS, "the answer is no /status"},
    {PEER_SILENT, "", PROBE_UNREACHABLE, "timed out: "},
    {PEER_SLOW, ANSWER("200 OK", HALTED), PROBE_UNREACHABLE, "timed out: "},
    {PEER_CLOSES, "", PROBE_UNREACHABLE, "connection closed early: "},
    {PEER_ENDLESS,
     ANSWER("200 OK", "{\"sync_info\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["),
     PROBE_UNREACHABLE, "answer too large: more than 1310720 bytes"},
};

// Short only where time must run out: a busy machine is no failure.
static unsigned timeout_of(size_t i)
{
    return strncmp(rows[i].detail, "timed out", 9) == 0 ? 400 : 20000;
}

static void check(size_t i, const struct probe_result *result)
{
    if (result->outcome != rows[i].outcome ||
        strncmp(result->detail, rows[i].detail, strlen(rows[i].detail)) != 0)
        fail_msg("row %zu: %d %s", i, (int)result->outcome, result->detail);
    bool ok = result->outcome == PROBE_OK;
    assert_int_equal(result->detail[0] == '\0', ok);
    assert_int_equal(result->status.height, ok ? 119 : -1);
    assert_int_equal(result->status.intent_state, ok ? STATUS_INTENT_VALID : STATUS_INTENT_ABSENT);
}

static void test_blocking(void **state)
{
    struct http_client *client = http_client_new(NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct test_peer peer;
        char url[64];
        CLEANUP_PROBE_RESULT struct probe_result result;
        test_peer_start(&peer, rows[i].behaviour, rows[i].bytes);
        snprintf(url, sizeof url, "http://127.0.0.1:%d/status", peer.port);
        status_probe(client, &(struct probe_request){.url = url, .timeout_ms = timeout_of(i)},
                     &result);
        test_peer_stop(&peer);
        check(i, &result);
    }
    http_client_free(client);
}

struct seen {
    size_t row;
    int calls;
};

static void on_done(void *arg, struct probe_result *result)
{
    struct seen *seen = arg;
    seen->calls++;
    check(seen->row, result);
}

static void test_on_a_loop(void **state)
{
    enum { ROWS = sizeof rows / sizeof *rows };
    struct test_peer peers[ROWS];
    struct seen seen[ROWS];
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    struct http_client *client = http_client_new(&loop);
    for (size_t i = 0; i < ROWS; i++) {
        char url[64];
        test_peer_start(&peers[i], rows[i].behaviour, rows[i].bytes);
        snprintf(url, sizeof url, "http://127.0.0.1:%d/status", peers[i].port);
        seen[i] = (struct seen){.row = i};
        struct probe_request request = {.url = url, .timeout_ms = timeout_of(i)};
        status_probe_start(client, &request, on_done, &seen[i]);
        status_probe_cancel(status_probe_start(client, &request, on_done, NULL));
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < ROWS; i++) {
        assert_int_equal(seen[i].calls, 1);
        test_peer_stop(&peers[i]);
    }
    http_client_free(client);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void test_url_of_an_address(void **state)
{
    static const char *const urls[][2] = {
        {"127.0.0.1:26657", "http://127.0.0.1:26657/status"},
        {"tcp://127.0.0.1:26657", "http://127.0.0.1:26657/status"},
        {"tcp://[::1]:26657/", "http://[::1]:26657/status"},
        {"http://node", "http://node/status"},
        {"http://node/", "http://node/status"},
        {"https://node:443/rpc/status", "https://node:443/rpc/status"},
        {"https://node/status", "https://node/status"},
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        CLEANUP_FREE char *url = status_url(urls[i][0]);
        assert_string_equal(url, urls[i][1]);
    }
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocking),
        cmocka_unit_test(test_on_a_loop),
        cmocka_unit_test(test_url_of_an_address),
    };
    return cmocka_run_group_tests_name("status_probe", tests, NULL, NULL);
}
