// tm_search: what tx_search and block_search share.
#ifndef SEID_RPC_TM_SEARCH_H
#define SEID_RPC_TM_SEARCH_H

#include "seid/engine/eventindex.h"
#include "seid/rpc/methods.h"

enum tm_search_kind { TM_SEARCH_TXS, TM_SEARCH_BLOCKS };

enum {
    TM_SEARCH_MAX_MATCHES = 100000, // more is refused: the query must be narrower
    TM_SEARCH_SECONDS = 8,          // below the write time-out of the server
};

// Parses the query and searches up to the published tip. 0, or -1 with call->error filled.
int tm_search(struct rpc_call *call, enum tm_search_kind kind, struct slice query,
              struct event_matches *ret);

// A method that answers with matches: which of its parameters are what (0 is the query), and how
// one match is written.
struct tm_search_method {
    enum tm_search_kind kind;
    const char *list;                  // the member that holds them: "txs"
    unsigned page, per_page, order_by; // parameters
    bool newest_first;                 // when no order is asked for
    int (*write)(struct rpc_call *call, struct event_place place);
};
// Searches and writes the page that was asked for. 0, or -1 with call->error filled.
int tm_search_answer(struct rpc_call *call, const struct tm_search_method *method);

#endif
