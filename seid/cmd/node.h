// node: a running node, asked over the Tendermint RPC with blocking calls. One thread.
#ifndef SEID_CMD_NODE_H
#define SEID_CMD_NODE_H

#include <stdint.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/cli.h"
#include "base/err.h"

struct http_client;

struct node {
    struct http_client *client; // owned
    const char *url;            // "http://127.0.0.1:26657/"
    const char *shown;          // as the user wrote it
};

// From "tcp://host:port", "http(s)://host:port" or "host:port". Connects to nothing yet.
int node_init(struct node *ret, const char *address, struct arena *arena, struct err *e);
void node_deinit(struct node *n); // idempotent
#define CLEANUP_NODE CLEANUP(node_deinit)

// One JSON-RPC call; takes the reference to `params` (null: none). 0 with the result, whose
// reference is the caller's, or < 0: no connection, not a node, or the node's own error text.
int node_call(const struct node *n, const char *method, json_t *params, json_t **ret,
              struct err *e);

// A query of the application by its gRPC path ("/cosmos.bank.v1beta1.Query/Balance"). `request` is
// the request message as JSON (its reference is taken; null: an empty one), *ret the response as
// JSON, the caller's. 0; NODE_NOT_FOUND with the text in `e`; < 0.
enum { NODE_NOT_FOUND = 1 };
int node_query(const struct node *n, const char *path, json_t *request, int64_t height,
               struct arena *arena, json_t **ret, struct err *e);

// The chain id of the node.
int node_chain_id(const struct node *n, struct arena *arena, const char **ret, struct err *e);

#endif
