// limits: everything in the RPC servers that could grow, in one place. What an operator sets
// (bodies, connections, batches) is in config.toml.
#ifndef SEID_RPC_LIMITS_H
#define SEID_RPC_LIMITS_H

enum {
    RPC_THREADS = 4,                  // of the pool of one address
    RPC_IDLE_TIMEOUT_S = 30,          // a keep-alive connection without a request
    RPC_BODY_TIMEOUT_S = 10,          // from the request line to the end of the body
    RPC_CONNECTION_BYTES_MAX = 65536, // rpc.max_header_bytes counts up to here
    RPC_MAX_WAITING = 100,            // requests that wait for a block
    RPC_WAITING_STACK_BYTES = 1 << 20,
};

#endif
