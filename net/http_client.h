// http_client: HTTP/1.1 requests without surprises, over libcurl.
//
// One request gives one named outcome. TLS certificates are always verified; redirects are answers
// like any other and are not followed; no cookies, no .netrc, no compression; only http and https.
// The usual environment variables (http_proxy, https_proxy, no_proxy) name a proxy; loopback
// addresses never go through one. Texts about failures name the host and never the path, the query
// or a header, because those can hold secrets.
//
// A client belongs to one thread. With a libuv loop it is asynchronous (http_start); without one it
// is for a simple blocking call (http_call). Connections are reused within a client.
// Times are in milliseconds. Programs must ignore SIGPIPE.
#ifndef NET_HTTP_CLIENT_H
#define NET_HTTP_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

// How a request ended. Only HTTP_ANSWERED has a status and a body.
enum http_outcome {
    HTTP_ANSWERED = 0,    // a whole answer came, whatever its status
    HTTP_BAD_REQUEST = 1, // the request itself: URL, method, header, a limit; nothing was sent
    HTTP_UNRESOLVED = 2,  // the host's name, or the proxy's, has no address
    HTTP_UNREACHABLE = 3, // no connection
    HTTP_TLS_FAILED = 4,  // no TLS: certificate not trusted, wrong name, no common version
    HTTP_TIMED_OUT = 5,   // not all of it within the time; the request may have been acted on
    HTTP_TOO_LARGE = 6,   // the body passes response_max, or the headers pass their limit
    HTTP_CUT_SHORT = 7,   // the peer closed in the middle, or before its answer
    HTTP_NOT_HTTP = 8,    // the peer's answer is not HTTP
    HTTP_CANCELLED = 9,   // by the caller
    HTTP_FAILED = 10,     // anything else; the text says what libcurl said
};

// A short name for people and log lines ("timed out"). Static.
const char *http_outcome_text(enum http_outcome outcome);

struct http_header {
    const char *name;
    const char *value;
};

// All pointers are borrowed: for the call (http_call), or until http_start returns.
struct http_request {
    const char *method; // null: GET, or POST when there is a body
    const char *url;
    const struct http_header *headers;
    size_t header_count;
    struct slice body; // sent when content_type is set, even when empty
    const char *content_type;
    uint32_t connect_timeout_ms; // 0: NET_CONNECT_TIMEOUT_MS
    uint32_t total_timeout_ms;   // 0: NET_TOTAL_TIMEOUT_MS
    size_t response_max;         // 0: NET_RESPONSE_MAX
    const char *ca_file;         // PEM; null: the system's
    int cancel_fd;               // http_call only: readable means cancel; <= 0: none
};

struct http_response {
    enum http_outcome outcome;
    int status;             // 0 unless answered
    int64_t retry_after_ms; // of the answer's Retry-After; -1 when there is none
    struct buf body;        // owned; empty unless answered
    char content_type[128]; // "" when there is none
    char detail[256];       // why there is no answer ("connect: Connection refused"), else ""
};

void http_response_deinit(struct http_response *r); // idempotent
#define CLEANUP_HTTP_RESPONSE CLEANUP(http_response_deinit)

struct uv_loop_s;
struct http_client;

// `loop` is borrowed and may be null: then only http_call works. Never null.
struct http_client *http_client_new(struct uv_loop_s *loop);
// What is open is called back with HTTP_CANCELLED, from within: start nothing more then. On a loop
// the memory is released by its next turns: run it until it has no more to do. NULL is fine.
void http_client_free(struct http_client *client);

// One request, waiting for its end. Returns ret->outcome; *ret is overwritten, the caller deinits.
enum http_outcome http_call(struct http_client *client, const struct http_request *request,
                            struct http_response *ret);

// The transfer is over when this is called, once, from the loop or http_client_free, never from
// within http_start.
// `response` is the callee's to move from (its body) and released after.
typedef void http_done_fn(void *arg, struct http_response *response);

struct http_transfer; // valid until its callback is called or it is cancelled
struct http_transfer *http_start(struct http_client *client, const struct http_request *request,
                                 http_done_fn *done, void *arg);
// Ends a transfer; its callback will not be called. Not from within a callback for the transfer
// that it is about; for any other it is fine.
void http_cancel(struct http_transfer *transfer);

#endif
