// methods: the methods of the Tendermint RPC, as one table. A method reads its parameters and
// writes its result as one JSON value; it knows nothing of HTTP.
#ifndef SEID_RPC_METHODS_H
#define SEID_RPC_METHODS_H

#include "base/arena.h"
#include "seid/query/query.h"
#include "seid/rpc/jsonrpc.h"
#include "seid/rpc/rpc.h"
#include "seid/rpc/rpc_params.h"

// One call. The arena and everything in it end with the request.
struct rpc_call {
    const struct rpc_node *node;
    struct arena *arena;
    struct rpc_value value[RPC_MAX_PARAMS]; // in the order that the method declares
    struct jsonw out;
    struct jsonrpc_error *error;
    struct store_snapshot *snapshot; // opened by rpc_snapshot, closed by the dispatcher
    const struct engine_tip *tip;    // taken by rpc_tip, given back by the dispatcher
};

enum rpc_method_flag {
    RPC_WAITS = 1,      // for a block: not to be run on a thread of the pool
    RPC_CACHEABLE = 2,  // the answer of a call with a height (or a hash) never changes
    RPC_UNSAFE = 4,     // only with rpc.unsafe
    RPC_FIXED = 8,      // the answer never changes
    RPC_WEBSOCKET = 16, // of the WebSocket only, which this server does not have
};

struct rpc_method {
    const char *name;
    int (*run)(struct rpc_call *call); // 0, or -1 with call->error filled
    struct rpc_param params[RPC_MAX_PARAMS + 1];
    unsigned flags; // enum rpc_method_flag
};

const struct rpc_method *rpc_method_find(const char *name);
// In the order of the list that GET / shows.
const struct rpc_method *rpc_method_at(size_t index); // null behind the last one

// Runs a method whose parameters are read: writes the result behind call->out.
int rpc_method_run(const struct rpc_method *method, struct rpc_call *call);

// ---- for the methods

struct store_snapshot *rpc_snapshot(struct rpc_call *call); // null: call->error is filled
const struct engine_tip *rpc_tip(struct rpc_call *call);    // never null
// The height parameter `index`, or the tip when absent; checked against what is stored.
int rpc_height(struct rpc_call *call, unsigned index, int64_t *ret);
// Pages as CometBFT counts them: 1-based, 30 by default, at most 100.
int rpc_page(struct rpc_call *call, const struct rpc_value *page, const struct rpc_value *per_page,
             size_t total, size_t *ret_first, size_t *ret_count);
int rpc_internal(struct rpc_call *call, const struct err *e);

// query_chain over a snapshot; `call` must outlive it.
struct rpc_query_chain {
    struct query_chain base;
    struct rpc_call *call;
};
void rpc_query_chain_init(struct rpc_query_chain *c, struct rpc_call *call);

int rpc_health(struct rpc_call *call);
int rpc_status(struct rpc_call *call);
int rpc_lag_status(struct rpc_call *call);
int rpc_net_info(struct rpc_call *call);
int rpc_genesis(struct rpc_call *call);
int rpc_genesis_chunked(struct rpc_call *call);
int rpc_consensus_params(struct rpc_call *call);
int rpc_consensus_state(struct rpc_call *call);
int rpc_dump_consensus_state(struct rpc_call *call);
int rpc_validators(struct rpc_call *call);

int rpc_block(struct rpc_call *call);
int rpc_block_by_hash(struct rpc_call *call);
int rpc_header(struct rpc_call *call);
int rpc_header_by_hash(struct rpc_call *call);
int rpc_block_results(struct rpc_call *call);
int rpc_blockchain(struct rpc_call *call);
int rpc_commit(struct rpc_call *call);
int rpc_block_search(struct rpc_call *call);

int rpc_tx(struct rpc_call *call);
int rpc_tx_search(struct rpc_call *call);
int rpc_broadcast_tx_sync(struct rpc_call *call);
int rpc_broadcast_tx_async(struct rpc_call *call);
int rpc_broadcast_tx_commit(struct rpc_call *call);
int rpc_check_tx(struct rpc_call *call);
int rpc_unconfirmed_txs(struct rpc_call *call);
int rpc_num_unconfirmed_txs(struct rpc_call *call);
int rpc_unsafe_flush_mempool(struct rpc_call *call);
int rpc_broadcast_evidence(struct rpc_call *call);

int rpc_abci_info(struct rpc_call *call);
int rpc_abci_query(struct rpc_call *call);

#endif
