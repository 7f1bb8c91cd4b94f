// rpc: the node's Tendermint RPC server.
//
// bytes -> http.c -> jsonrpc.c -> a method (methods.h) -> a snapshot of the store or the engine.
// Threads: the pool of the HTTP server; a request that waits for a block waits on a thread of its
// own, of which there are few.
#ifndef SEID_RPC_RPC_H
#define SEID_RPC_RPC_H

#include "base/err.h"
#include "base/log.h"
#include "seid/app/app.h"
#include "seid/config/config.h"
#include "seid/engine/engine.h"
#include "seid/halt/halt.h"
#include "seid/store/store.h"

// What the servers need of the node. All borrowed until rpc_server_stop has returned.
struct rpc_node {
    struct store *store;
    struct app *app;
    struct engine *engine;
    struct halt_holder *halt;
    const struct node_config *config;
    const struct log *log;
    const char *node_id; // 40 lower-case hex digits
    const char *git_commit;
};

// As what version of CometBFT the server speaks: clients choose their decoder by it.
#define RPC_COMETBFT_VERSION "0.38.26"

struct rpc_server;

// Opens every address of config->rpc_listen.
int rpc_server_start(const struct rpc_node *node, struct rpc_server **ret, struct err *e);
// Takes no new connections and, after the requests that run have been answered, ends. The engine
// must have been asked to stop before, so that nobody waits for a block. Null is fine.
void rpc_server_stop(struct rpc_server *s);

#endif
