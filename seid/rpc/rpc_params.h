// rpc_params: a method's declared parameters, read from JSON-RPC params or from a GET query.
// Pure: the query comes through a function. The rules are CometBFT's; besides them, a bare JSON
// number is taken where CometBFT insists on a quoted one.
#ifndef SEID_RPC_RPC_PARAMS_H
#define SEID_RPC_RPC_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "seid/rpc/jsonrpc.h"

enum rpc_type {
    RPC_INT,    // POST "5" or 5; GET 5 or "5"
    RPC_BOOL,   // true, false
    RPC_STRING, // GET "quoted", or 0x… for the bytes
    RPC_BYTES,  // POST base64; GET 0x… or "raw"
    RPC_HEX,    // POST hex without 0x; GET as RPC_BYTES
};

enum { RPC_MAX_PARAMS = 5 };

struct rpc_param {
    const char *name; // null ends the list
    enum rpc_type type;
};

struct rpc_value {
    bool present;
    bool flag;
    int64_t number;
    struct slice bytes; // in the arena or in the request
};

// 0, or -1 with *e filled. Absent and null parameters are not present; unknown names are ignored.
int rpc_params_json(const struct rpc_param *declared, const json_t *params, struct arena *arena,
                    struct rpc_value values[RPC_MAX_PARAMS], struct jsonrpc_error *e);

typedef bool rpc_query_fn(void *ctx, const char *name, struct slice *ret);
int rpc_params_query(const struct rpc_param *declared, rpc_query_fn *query, void *ctx,
                     struct arena *arena, struct rpc_value values[RPC_MAX_PARAMS],
                     struct jsonrpc_error *e);

#endif
