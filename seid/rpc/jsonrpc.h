// jsonrpc: JSON-RPC 2.0 as CometBFT speaks it, without I/O: requests in, responses out.
#ifndef SEID_RPC_JSONRPC_H
#define SEID_RPC_JSONRPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/slice.h"
#include "wire/jsonw.h"

// The codes and messages of CometBFT's RPC; the cause goes into `data`.
enum jsonrpc_code {
    JSONRPC_PARSE_ERROR = -32700,
    JSONRPC_INVALID_REQUEST = -32600,
    JSONRPC_METHOD_NOT_FOUND = -32601,
    JSONRPC_INVALID_PARAMS = -32602,
    JSONRPC_INTERNAL_ERROR = -32603,
    JSONRPC_SERVER_ERROR = -32000,
};

struct jsonrpc_error {
    enum jsonrpc_code code;
    char data[400]; // "" leaves the member out
};

// Sets both and returns -1, so that a method writes `return jsonrpc_fail(...)`.
int jsonrpc_fail(struct jsonrpc_error *e, enum jsonrpc_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

struct jsonrpc_request {
    json_t *id;         // an integer or a string; null for a notification, which gets no answer
    const char *method; // "" when missing
    json_t *params;     // object or array; null when missing
};

struct jsonrpc_batch {
    json_t *root;                     // owned; everything else points into it
    struct jsonrpc_request *requests; // owned
    size_t count;
};

// One request or an array of at most `limit`. 0, or -1 with *e filled (the whole body is refused).
int jsonrpc_parse(struct slice body, size_t limit, struct jsonrpc_batch *ret,
                  struct jsonrpc_error *e);
void jsonrpc_batch_deinit(struct jsonrpc_batch *b);

// A response is begun, its result written by the caller as one JSON value, and ended. `id` null
// leaves the member out (an error before any id was read); the _get forms write id -1.
void jsonrpc_result(struct jsonw *w, const json_t *id);
void jsonrpc_result_get(struct jsonw *w);
void jsonrpc_end(struct jsonw *w);
void jsonrpc_error(struct jsonw *w, const json_t *id, const struct jsonrpc_error *e);
void jsonrpc_error_get(struct jsonw *w, const struct jsonrpc_error *e);

#endif
