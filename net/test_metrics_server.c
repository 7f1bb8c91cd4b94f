#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "net/http_client.h"
#include "net/limits.h"
#include "net/metrics_server.h"

struct world {
    uv_loop_t loop;
    struct metrics_server *server;
    int port;
    unsigned served;
};

static void serve(void *arg, const char *path, struct metrics_reply *ret)
{
    struct world *w = arg;
    w->served++;
    if (strcmp(path, "/metrics") == 0) {
        ret->status = 200;
        ret->content_type = "text/plain; version=0.0.4";
        buf_append_str(&ret->body, "up 1\n");
    } else if (strcmp(path, "/largest") == 0 || strcmp(path, "/too large") == 0) {
        ret->status = 200;
        ret->body.len = NET_SERVER_PAGE_MAX + (path[1] == 't' ? 1 : 0);
        ret->body.cap = ret->body.len;
        ret->body.data = calloc(1, ret->body.len + 1);
    }
}

static void open_world(struct world *w, unsigned request_timeout_ms)
{
    struct err e = {0};
    *w = (struct world){0};
    assert_int_equal(uv_loop_init(&w->loop), 0);
    struct metrics_server_config config = {.listen = "127.0.0.1:0",
                                           .serve = serve,
                                           .arg = w,
                                           .idle_timeout_s = 1,
                                           .request_timeout_ms = request_timeout_ms};
    assert_int_equal(metrics_server_start(&w->loop, &config, &w->server, &w->port, &e), 0);
    assert_in_range(w->port, 1, 65535);
}

static void close_world(struct world *w)
{
    metrics_server_stop(w->server);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
}

static int dial(const struct world *w)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)w->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void turn(struct world *w, int64_t for_ms)
{
    int64_t end_ns = clock_monotonic_ns() + for_ms * 1000000;
    do {
        uv_run(&w->loop, UV_RUN_NOWAIT);
        usleep(1000);
    } while (clock_monotonic_ns() < end_ns);
}

// What comes until the server closes or `limit_ms` are over; terminated.
static size_t receive(struct world *w, int fd, char *ret, size_t size, int64_t limit_ms,
                      bool *ret_closed)
{
    int64_t end_ns = clock_monotonic_ns() + limit_ms * 1000000;
    size_t len = 0;
    *ret_closed = false;
    while (clock_monotonic_ns() < end_ns && !*ret_closed) {
        turn(w, 0);
        ssize_t n = recv(fd, ret + len, size - 1 - len, MSG_DONTWAIT);
        if (n > 0)
            len += (size_t)n;
        *ret_closed = n == 0 || (n < 0 && errno != EAGAIN);
    }
    ret[len] = '\0';
    return len;
}

static void test_requests(void **state)
{
    static const struct {
        const char *request, *status, *holds;
    } rows[] = {
        {"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ", "\r\n\r\nup 1\n"},
        {"GET /metrics?a=b HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ",
         "Content-Type: text/plain; version=0.0.4\r\n"},
        {"GET /%6detrics HTTP/1.0\r\n\r\n", "HTTP/1.1 200 ", "Cache-Control: no-store\r\n"},
        {"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ", "Content-Length: 5\r\n"},
        {"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 ", "\r\n\r\nnot found\n"},
        {"GET /too%20large HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 500 ",
         "the answer is too large\n"},
        {"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 405 ",
         "Allow: GET, HEAD\r\n"},
        {"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 400 ",
         "has no body"},
        {"GET /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 400 ",
         "has no body"},
        {"GET /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 200 ", ""},
        {"nonsense\r\n\r\n", "", ""},
    };
    struct world w;
    open_world(&w, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char got[4096];
        bool closed;
        CLEANUP_CLOSE int fd = dial(&w);
        assert_true(send(fd, rows[i].request, strlen(rows[i].request), MSG_NOSIGNAL) > 0);
        receive(&w, fd, got, sizeof got, 100, &closed);
        if (strncmp(got, rows[i].status, strlen(rows[i].status)) != 0 ||
            !strstr(got, rows[i].holds))
            fail_msg("%s\n%s", rows[i].request, got);
    }
    close_world(&w);
}

static void test_any_split_of_a_request(void **state)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    struct world w;
    open_world(&w, 0);
    for (size_t cut = 1; cut < sizeof request - 1; cut++) {
        char got[1024];
        bool closed;
        CLEANUP_CLOSE int fd = dial(&w);
        send(fd, request, cut, MSG_NOSIGNAL);
        turn(&w, 1);
        send(fd, request + cut, sizeof request - 1 - cut, MSG_NOSIGNAL);
        receive(&w, fd, got, sizeof got, 500, &closed);
        assert_true(closed);
        assert_non_null(strstr(got, "\r\n\r\nup 1\n"));
    }
    close_world(&w);
}

static void test_slow_and_greedy_clients_end(void **state)
{
    struct world w;
    char got[4096];
    bool closed;
    open_world(&w, 300);
    // Silent: the idle time-out of 1 s. A byte now and then: the request's time-out.
    CLEANUP_CLOSE int silent = dial(&w), slow = dial(&w), endless = dial(&w);
    int64_t start_ns = clock_monotonic_ns();
    bool slow_ended = false;
    for (int i = 0; i < 400 && !slow_ended; i++) {
        turn(&w, 10);
        slow_ended = send(slow, "G", 1, MSG_NOSIGNAL) < 0;
    }
    assert_true(slow_ended);
    assert_true(clock_monotonic_ns() - start_ns < 3000000000);
    receive(&w, silent, got, sizeof got, 2500, &closed);
    assert_true(closed);

    const char line[] = "X: 345678901234567890123456789012345678901234567890\r\n";
    send(endless, "GET / HTTP/1.1\r\n", 16, MSG_NOSIGNAL);
    size_t sent = 0;
    while (send(endless, line, sizeof line - 1, MSG_NOSIGNAL) > 0 && sent < 10000000) {
        sent += sizeof line - 1;
        turn(&w, 0);
    }
    assert_true(sent < 1000000);
    assert_int_equal(w.served, 0);
    close_world(&w);
}

static void test_connections_are_limited_and_come_back(void **state)
{
    struct world w;
    char got[1024];
    bool closed;
    int fds[NET_SERVER_CONNECTIONS_MAX + 8];
    open_world(&w, 300);
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        fds[i] = dial(&w);
        turn(&w, 0);
    }
    turn(&w, 2600); // the silent ones are closed, so there is room again
    CLEANUP_CLOSE int fd = dial(&w);
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    send(fd, request, sizeof request - 1, MSG_NOSIGNAL);
    receive(&w, fd, got, sizeof got, 3000, &closed);
    assert_non_null(strstr(got, "up 1\n"));
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        close(fds[i]);
    close_world(&w);
}

static void on_done(void *arg, struct http_response *response)
{
    assert_int_equal(response->status, 200);
    *(size_t *)arg += response->body.len;
}

static void test_with_our_client(void **state)
{
    struct world w;
    char url[64];
    size_t received = 0;
    open_world(&w, 0);
    struct http_client *client = http_client_new(&w.loop);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/metrics", w.port);
    for (int i = 0; i < 50; i++)
        http_start(client, &(struct http_request){.url = url}, on_done, &received);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/largest", w.port);
    struct http_request large = {.url = url, .response_max = NET_SERVER_PAGE_MAX};
    http_start(client, &large, on_done, &received);
    for (int i = 0; i < 5000 && received < NET_SERVER_PAGE_MAX + 250; i++)
        turn(&w, 1);
    assert_int_equal(received, NET_SERVER_PAGE_MAX + 250);
    http_client_free(client);
    close_world(&w);
}

static void test_addresses(void **state)
{
    static const struct {
        const char *listen;
        int code;
    } rows[] = {
        {"127.0.0.1:0", 0},
        {"localhost:0", 0},
        {":0", 0},
        {"", -EINVAL},
        {"127.0.0.1", -EINVAL},
        {"127.0.0.1:", -EINVAL},
        {"127.0.0.1:x", -EINVAL},
        {"127.0.0.1:70000", -EINVAL},
        {"127.0.0.1:999999", -EINVAL},
        {"::1:80", -EINVAL},
        {"example.com:80", -EINVAL},
        {"300.0.0.1:0", -EINVAL},
        {"192.0.2.1:0", -EADDRNOTAVAIL},
    };
    struct world w;
    open_world(&w, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct metrics_server *server = NULL;
        struct err e = {0};
        int port;
        struct metrics_server_config config = {.listen = rows[i].listen, .serve = serve, .arg = &w};
        int result = metrics_server_start(&w.loop, &config, &server, &port, &e);
        if (result != rows[i].code)
            fail_msg("%s: %d %s", rows[i].listen, result, e.text);
        metrics_server_stop(server);
    }
    char taken[32];
    struct metrics_server *server = NULL;
    struct err e = {0};
    int port;
    snprintf(taken, sizeof taken, "127.0.0.1:%d", w.port);
    struct metrics_server_config config = {.listen = taken, .serve = serve, .arg = &w};
    assert_int_equal(metrics_server_start(&w.loop, &config, &server, &port, &e), -EADDRINUSE);
    assert_non_null(strstr(e.text, taken));
    close_world(&w);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_any_split_of_a_request),
        cmocka_unit_test(test_slow_and_greedy_clients_end),
        cmocka_unit_test(test_connections_are_limited_and_come_back),
        cmocka_unit_test(test_with_our_client),
        cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests_name("metrics_server", tests, NULL, NULL);
}
