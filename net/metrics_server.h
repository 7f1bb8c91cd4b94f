// metrics_server: a small HTTP server for metrics and health, on the program's libuv loop.
//
// GET and HEAD of a path, answered from memory: no bodies, no state between requests. Limits and
// time-outs of net/limits.h hold against slow and greedy clients; idle it wakes nobody.
// One thread, the loop's.
#ifndef NET_METRICS_SERVER_H
#define NET_METRICS_SERVER_H

#include "base/buf.h"
#include "base/err.h"

struct uv_loop_s;
struct metrics_server;

struct metrics_reply {
    int status;               // 404 when the handler sets nothing
    const char *content_type; // static; "text/plain; charset=utf-8" when not set
    struct buf body;
};
// Answers a request for `path` (escapes resolved, without the query). *ret is zeroed before and the
// server's after. More than NET_SERVER_PAGE_MAX bytes become a 500.
typedef void metrics_serve_fn(void *arg, const char *path, struct metrics_reply *ret);

struct metrics_server_config {
    // "127.0.0.1:9101", "[::1]:9101", "localhost:9101" or ":9101" (every address); port 0 takes a
    // free one.
    const char *listen;
    metrics_serve_fn *serve;
    void *arg;
    unsigned idle_timeout_s;     // 0: NET_SERVER_IDLE_TIMEOUT_S
    unsigned request_timeout_ms; // 0: NET_SERVER_REQUEST_TIMEOUT_MS
};
// 0, *ret to be stopped by the caller and *ret_port the port; -EINVAL for an address that is none,
// or what bind gave (-EADDRINUSE, -EACCES).
int metrics_server_start(struct uv_loop_s *loop, const struct metrics_server_config *config,
                         struct metrics_server **ret, int *ret_port, struct err *e);

// Closes the socket and every connection. The memory is released by the loop's next turns. Not from
// within the handler. Null is fine.
void metrics_server_stop(struct metrics_server *s);

#endif
