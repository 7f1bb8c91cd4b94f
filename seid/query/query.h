// query: what can be asked of the chain. One method table, generated from the services of our
// .proto files; abci_query is a door to it, gRPC and REST will be two more. A new query is one
// method in a .proto file and one function.
//
// Functions are pure: (snapshot, facts about blocks through a small vtable, request) -> response.
// No clock, no I/O of their own, no locks. Any thread, each with its own snapshot and arena.
#ifndef SEID_QUERY_QUERY_H
#define SEID_QUERY_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/slice.h"
#include "seid/app/app.h"
#include "seid/store/kv.h"

// gRPC status codes.
enum query_code {
    QUERY_OK = 0,
    QUERY_CANCELLED = 1,
    QUERY_UNKNOWN = 2,
    QUERY_INVALID_ARGUMENT = 3,
    QUERY_DEADLINE_EXCEEDED = 4,
    QUERY_NOT_FOUND = 5,
    QUERY_ALREADY_EXISTS = 6,
    QUERY_PERMISSION_DENIED = 7,
    QUERY_RESOURCE_EXHAUSTED = 8,
    QUERY_FAILED_PRECONDITION = 9,
    QUERY_ABORTED = 10,
    QUERY_OUT_OF_RANGE = 11,
    QUERY_UNIMPLEMENTED = 12,
    QUERY_INTERNAL = 13,
    QUERY_UNAVAILABLE = 14,
    QUERY_DATA_LOSS = 15,
    QUERY_UNAUTHENTICATED = 16
};

// ---- facts about blocks and the node: implemented by the engine and rpc layers

struct Tendermint__Types__Block;
struct Tendermint__Types__BlockID;
struct Tendermint__Abci__ExecTxResult;

// A committed transaction. Everything in the arena of the call.
struct query_tx {
    uint8_t hash[32];
    int64_t height;
    uint32_t index;
    int64_t time_ns; // of its block
    struct slice bytes;
    struct Tendermint__Abci__ExecTxResult *result;
};

struct query_validator {
    uint8_t address[20];
    uint8_t pub_key[32]; // ed25519
    int64_t power;
    int64_t proposer_priority;
};

// Texts are never null.
struct query_node {
    const char *id;          // 40 lower-case hex digits
    const char *listen_addr; // "tcp://0.0.0.0:26656"
    const char *network;     // chain id
    const char *version;     // of the consensus engine that it speaks as
    const char *moniker;
    const char *rpc_address;
    uint64_t p2p_version, block_version, app_version;
    const char *app_name, *app_program, *app_release, *git_commit, *build_tags;
    bool syncing;
    const char *minimum_gas_price;
    const char *pruning_keep_recent; // decimal
    const char *pruning_interval;
    uint64_t halt_height;
    int64_t earliest_height;
};

// The answer of a broadcast: CheckTx's, which is not an error of the query.
struct query_broadcast {
    uint8_t hash[32];
    uint32_t code;
    const char *codespace;
    const char *log;
};

// Embedded as the first member by who implements it.
struct query_chain {
    const struct query_chain_ops *ops;
};

// Each returns QUERY_OK, or a code with *ret_text (in `arena` or static) saying why. Nothing but
// the return values is touched on failure.
struct query_chain_ops {
    // QUERY_NOT_FOUND when there is no such block (future, pruned, or not known to this node).
    enum query_code (*block)(struct query_chain *c, int64_t height, struct arena *arena,
                             struct Tendermint__Types__BlockID **ret_id,
                             struct Tendermint__Types__Block **ret_block, const char **ret_text);
    enum query_code (*tx)(struct query_chain *c, const uint8_t hash[32], struct arena *arena,
                          struct query_tx *ret, const char **ret_text);
    // `query` in the language of tx_search. `page` from 1. *ret_total counts all matches.
    enum query_code (*tx_search)(struct query_chain *c, const char *query, bool descending,
                                 uint64_t page, uint64_t limit, struct arena *arena,
                                 struct query_tx **ret, size_t *ret_count, uint64_t *ret_total,
                                 const char **ret_text);
    // In CometBFT's order: power descending, then address.
    enum query_code (*validators)(struct query_chain *c, int64_t height, struct arena *arena,
                                  struct query_validator **ret, size_t *ret_count,
                                  const char **ret_text);
    void (*node)(struct query_chain *c, struct arena *arena, struct query_node *ret);
    // A refused transaction is QUERY_OK with a code in `ret`; a full mempool, a halted node and
    // the like are errors.
    enum query_code (*broadcast)(struct query_chain *c, struct slice tx, bool async,
                                 struct arena *arena, struct query_broadcast *ret,
                                 const char **ret_text);
};

struct query_ctx {
    struct app *app;
    struct kv *state;       // as it was after block `height`; only read
    int64_t height;         // never 0 for a chain that has a block
    int64_t time_ns;        // of that block
    uint8_t app_hash[32];   // after that block
    int64_t latest_height;  // of the chain
    int64_t latest_time_ns; // of that block
    struct query_chain *chain;
};

// ---- the table

struct query_error {
    const char *text; // in the arena or static
};

// Returns QUERY_OK with *ret set (in `arena`), or a code with error->text.
typedef enum query_code (*query_fn)(const struct query_ctx *ctx, const ProtobufCMessage *request,
                                    struct arena *arena, ProtobufCMessage **ret,
                                    struct query_error *error);

struct query_method {
    const char *path; // "/cosmos.bank.v1beta1.Query/Balance"
    const ProtobufCMessageDescriptor *request;
    const ProtobufCMessageDescriptor *response;
    query_fn run;   // query_unsupported for what this node does not do
    bool simulates; // executes a transaction: costs more than a read
};

// Sorted by path.
extern const struct query_method query_methods[];
extern const size_t query_method_count;

const struct query_method *query_method_find(struct slice path); // null when there is none

// ---- doors

// For gRPC and REST: decodes, runs, encodes.
struct query_reply {
    enum query_code code;
    const char *text;  // "" when QUERY_OK
    struct slice body; // encoded response
};
void query_call(const struct query_ctx *ctx, const struct query_method *method,
                struct slice request, struct arena *arena, struct query_reply *ret);

// The same without encoding, for a door that speaks JSON. *ret is null unless QUERY_OK.
enum query_code query_run(const struct query_ctx *ctx, const struct query_method *method,
                          const ProtobufCMessage *request, struct arena *arena,
                          ProtobufCMessage **ret, struct query_error *error);

// For abci_query: any path, with the SDK's mapping of errors to codes and texts. Beside the methods
// of the table: "/app/version", "/app/simulate" and "/store/<name>/key".
struct query_abci {
    uint32_t code;
    const char *codespace; // "" when code is 0
    const char *log;
    struct slice key; // of "/store/<name>/key"
    struct slice value;
    int64_t height;
};
void query_dispatch(const struct query_ctx *ctx, const char *path, struct slice data,
                    struct arena *arena, struct query_abci *ret);

// The answers to a height for which there is no state to ask: after the latest one, and before the
// oldest that is kept.
void query_abci_future(struct query_abci *ret, int64_t height);
void query_abci_pruned(struct query_abci *ret, int64_t height, int64_t latest, struct arena *arena);

#endif
