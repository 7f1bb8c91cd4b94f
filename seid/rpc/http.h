// http: one HTTP/1.1 server (libmicrohttpd) on one address: limits, time-outs, keep-alive.
//
// The handler runs on a thread of the server's pool and must not wait for consensus. When the
// answer needs time it calls http_suspend, tells whoever will wake it, and returns HTTP_LATER: the
// connection sleeps, without a thread, until http_resume, and then the handler runs again.
#ifndef SEID_RPC_HTTP_H
#define SEID_RPC_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

struct http_server;
struct http_request;

struct http_response {
    unsigned status;          // 200 unless set
    const char *content_type; // a literal
    struct buf body;          // handed over to the server
    bool cacheable;           // Cache-Control: public, max-age=86400
    const char *allow_origin; // null: no CORS headers; else valid while the handler's ctx lives
    bool preflight;           // with allow_origin: what a browser asked by OPTIONS
};

enum { HTTP_NOW = 0, HTTP_LATER = 1 };
typedef int http_handler(void *ctx, struct http_request *request, struct http_response *ret);

// Called with the slot's value when the request ends in any way and the slot is not null.
typedef void http_slot_free(void *ctx, void *slot);

struct http_config {
    const char *address;   // as the operator wrote it, for messages
    const char *host;      // "" for all of them
    uint16_t port;         // 0: any free one
    const char *unix_path; // of a socket file instead of host and port; null: none
    unsigned threads;
    unsigned max_connections;
    unsigned idle_timeout_s; // a connection without traffic for that long is closed
    unsigned body_timeout_s; // from the request's first line to the end of its body
    size_t max_header_bytes;
    size_t max_body_bytes; // more: the handler is called with http_body_too_large() true
    http_handler *handler;
    http_slot_free *on_end; // or null
    void *ctx;
};

// Binds and serves until http_server_stop. -EADDRINUSE and the like name the address.
int http_server_start(const struct http_config *config, struct http_server **ret, struct err *e);
// No new connection is taken from here on; those that exist are still served.
void http_server_quiesce(struct http_server *s);
// Waits for the handlers that run; every sleeping request must have been resumed. Null is fine.
void http_server_stop(struct http_server *s);

// ---- the request, valid while the handler runs (and while it sleeps)
const char *http_method(const struct http_request *r);
const char *http_path(const struct http_request *r); // percent-decoded, without the query
struct slice http_body(const struct http_request *r);
bool http_body_too_large(const struct http_request *r);
// The value of a query member, percent-decoded; false when absent.
bool http_query(struct http_request *r, const char *name, struct slice *ret);
const char *http_header(struct http_request *r, const char *name); // null when absent
// A slot for the handler's own state between HTTP_LATER and the second call; *ret is null first.
void **http_slot(struct http_request *r);
void http_suspend(struct http_request *r); // in the handler, before anybody can call http_resume
// From any thread, once for each http_suspend.
void http_resume(struct http_request *r);

#endif
