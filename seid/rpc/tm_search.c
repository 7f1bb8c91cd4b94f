#include "seid/rpc/tm_search.h"

#include <string.h>

#include "base/clock.h"
#include "seid/rpc/event_query.h"

int tm_search(struct rpc_call *call, enum tm_search_kind kind, struct slice query,
              struct event_matches *ret)
{
    struct err e = {0};
    struct event_condition *conditions;
    size_t count;
    if (strcmp(call->node->config->tx_index_indexer, "null") == 0)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR, "%s indexing is disabled",
                            kind == TM_SEARCH_TXS ? "transaction" : "block");
    if (event_query_parse(query, call->arena, &conditions, &count, &e) < 0)
        return rpc_internal(call, &e);
    // The tip before the snapshot: what is published is in any later snapshot.
    int64_t max_height = rpc_tip(call)->height;
    struct store_snapshot *snap = rpc_snapshot(call);
    if (!snap)
        return -1;
    int64_t deadline_ns = clock_monotonic_ns() + (int64_t)TM_SEARCH_SECONDS * 1000000000;
    int result = (kind == TM_SEARCH_TXS ? event_search_txs : event_search_blocks)(
        snap, conditions, count, max_height, TM_SEARCH_MAX_MATCHES, deadline_ns, call->arena, ret,
        &e);
    if (result == EVENT_TOO_MANY)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR,
                            "more than %d matches: make the query narrower, for example by height",
                            TM_SEARCH_MAX_MATCHES);
    if (result == EVENT_TIMEOUT)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR,
                            "the search took more than %d seconds: make the query narrower",
                            TM_SEARCH_SECONDS);
    return result < 0 ? rpc_internal(call, &e) : 0;
}

// "asc", "desc" or absent (then `fallback`).
static int read_order(struct rpc_call *call, const struct rpc_value *order_by, bool fallback,
                      bool *ret_descending)
{
    struct slice text = order_by->bytes;
    if (text.len == 0)
        *ret_descending = fallback;
    else if (slice_eq(text, SLICE_LIT("asc")))
        *ret_descending = false;
    else if (slice_eq(text, SLICE_LIT("desc")))
        *ret_descending = true;
    else
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR,
                            "expected order_by to be either `asc` or `desc` or empty");
    return 0;
}

int tm_search_answer(struct rpc_call *call, const struct tm_search_method *method)
{
    struct event_matches matches;
    bool descending;
    size_t first, count;
    if (tm_search(call, method->kind, call->value[0].bytes, &matches) < 0 ||
        read_order(call, &call->value[method->order_by], method->newest_first, &descending) < 0 ||
        rpc_page(call, &call->value[method->page], &call->value[method->per_page], matches.count,
                 &first, &count) < 0)
        return -1;
    struct jsonw *w = &call->out;
    jsonw_object(w);
    jsonw_key(w, method->list);
    jsonw_array(w);
    for (size_t i = first; i < first + count; i++) {
        size_t at = descending ? matches.count - 1 - i : i;
        if (method->write(call, matches.places[at]) < 0)
            return -1;
    }
    jsonw_array_end(w);
    jsonw_key(w, "total_count");
    jsonw_int_string(w, (int64_t)matches.count);
    jsonw_object_end(w);
    return 0;
}
