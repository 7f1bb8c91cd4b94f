#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/mem.h"
#include "seid/engine/chain.h"
#include "seid/engine/event_match.h"
#include "seid/engine/event_segment.h"
#include "seid/engine/eventindex.h"
#include "wire/proto/tendermint_abci_types.pb-c.h"
#include "wire/proto/tendermint_types_types.pb-c.h"

struct search {
    struct store_snapshot *snap;
    struct event_scope scope;
    bool blocks;
    size_t limit;
    int64_t deadline_ns;
    unsigned steps;
    struct arena *arena; // the caller's
    struct arena temp;   // of one candidate
    struct chain_cursor cursor;
    struct event_place *places; // owned until the end
    size_t count, cap;
    struct err *error;
};

static int check_time(struct search *s)
{
    if (s->deadline_ns && s->steps++ % 64 == 0 && clock_monotonic_ns() > s->deadline_ns)
        return EVENT_TIMEOUT;
    return 0;
}

static int found(struct search *s, int64_t height, uint32_t index)
{
    if (s->count == s->limit)
        return EVENT_TOO_MANY;
    if (s->count == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 64;
        s->places = mem_realloc_array(s->places, s->cap, sizeof *s->places);
    }
    s->places[s->count++] = (struct event_place){height, index};
    return 0;
}

static int try_tx(struct search *s, int64_t height, uint32_t index)
{
    struct slice tx, bytes;
    Tendermint__Abci__ExecTxResult *result;
    int outcome = check_time(s);
    if (outcome == 0)
        outcome = chain_cursor_tx(&s->cursor, height, index, &tx, &bytes, s->error);
    else
        return outcome;
    if (outcome != 0)
        return outcome < 0 ? outcome : 0; // the index is ahead of what is kept
    arena_clear(&s->temp);
    outcome = chain_tx_result(bytes, &s->temp, &result, s->error);
    if (outcome < 0)
        return outcome;
    return event_scope_matches(&s->scope, result->events, result->n_events)
               ? found(s, height, index)
               : 0;
}

static int try_block(struct search *s, int64_t height)
{
    Tendermint__Abci__ResponseFinalizeBlock *results;
    int outcome = check_time(s);
    if (outcome != 0)
        return outcome;
    arena_clear(&s->temp);
    outcome = chain_results(s->snap, height, &s->temp, &results, s->error);
    if (outcome != 0)
        return outcome < 0 ? outcome : 0;
    return event_scope_matches(&s->scope, results->events, results->n_events) ? found(s, height, 0)
                                                                              : 0;
}

static int try_all_txs(struct search *s, int64_t height)
{
    CLEANUP_ARENA struct arena arena = {0};
    Tendermint__Types__BlockMeta *meta;
    int outcome = chain_meta(s->snap, height, &arena, &meta, s->error);
    if (outcome == 0 && s->scope.event_count == 0)
        for (int64_t i = 0; i < meta->num_txs && outcome == 0; i++)
            outcome = found(s, height, (uint32_t)i);
    else if (outcome == 0)
        for (int64_t i = 0; i < meta->num_txs && outcome == 0; i++)
            outcome = try_tx(s, height, (uint32_t)i);
    else if (outcome > 0)
        outcome = 0;
    return outcome;
}

// Without a condition on events: every block, or every transaction, of the range.
static int search_heights(struct search *s)
{
    int outcome = 0;
    int64_t base = chain_base(s->snap);
    int64_t low = s->scope.low > base ? s->scope.low : base;
    for (int64_t h = low; h > 0 && h <= s->scope.high && outcome == 0; h++) {
        outcome = check_time(s);
        if (outcome == 0)
            outcome = s->blocks ? found(s, h, 0) : try_all_txs(s, h);
    }
    return outcome;
}

struct run {
    size_t begin, end;
};

static size_t lower_bound(const struct event_view *v, uint64_t fingerprint, size_t low)
{
    size_t high = v->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (event_view_entry(v, middle).fingerprint < fingerprint)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct run find_run(const struct event_view *v, uint64_t fingerprint)
{
    struct run run = {lower_bound(v, fingerprint, 0), 0};
    run.end = fingerprint == UINT64_MAX ? v->count : lower_bound(v, fingerprint + 1, run.begin);
    return run;
}

static uint64_t fingerprint_of(const struct event_condition *c, bool *ret_exact)
{
    uint64_t of_key = event_fingerprint_composite(c->key);
    *ret_exact = c->op == EVENT_EQ;
    return *ret_exact ? event_fingerprint_pair(of_key, c->text) : of_key;
}

// The condition that leaves the least to look at in this segment: an exact one if there is any.
static struct run best_run(const struct event_scope *s, const struct event_view *v)
{
    struct run best = {0, 0};
    bool best_exact = false;
    for (size_t i = 0; i < s->event_count; i++) {
        bool exact;
        uint64_t fingerprint = fingerprint_of(s->events[i], &exact);
        struct run run = find_run(v, fingerprint);
        if (run.begin == run.end)
            return run;
        bool better = exact != best_exact ? exact : run.end - run.begin < best.end - best.begin;
        if (i == 0 || better) {
            best = run;
            best_exact = exact;
        }
    }
    return best;
}

static int search_segment(struct search *s, const struct event_view *v)
{
    struct run run = best_run(&s->scope, v);
    int outcome = 0;
    for (size_t i = run.begin; i < run.end && outcome == 0; i++) {
        struct event_entry entry = event_view_entry(v, i);
        int64_t height = v->first + entry.height;
        if (height < s->scope.low || height > s->scope.high ||
            (entry.place == EVENT_PLACE_BLOCK) != s->blocks)
            continue;
        if (s->blocks)
            outcome = try_block(s, height);
        else if (entry.place == EVENT_PLACE_SOME_TX)
            outcome = try_all_txs(s, height);
        else
            outcome = try_tx(s, height, entry.place);
    }
    return outcome;
}

static int search_events(struct search *s)
{
    struct kv *table = store_snapshot_table(s->snap, STORE_EVENT);
    struct kv_iter *it = kv_iter_new(table, SLICE_NULL, SLICE_NULL, false);
    struct slice key, value;
    struct event_view v;
    int outcome = 0;
    while (outcome == 0 && kv_iter_next(it, &key, &value)) {
        if (!event_view_of(key, value, &v))
            outcome = err_set(s->error, -EBADMSG, "the event index is broken");
        else if (v.first > s->scope.high)
            break;
        else if (v.last >= s->scope.low)
            outcome = search_segment(s, &v);
        if (outcome == 0)
            outcome = check_time(s);
    }
    kv_iter_free(it);
    if (table->error.code && outcome == 0) {
        *s->error = table->error;
        outcome = table->error.code;
    }
    return outcome;
}

static int search_hash(struct search *s)
{
    uint8_t hash[CHAIN_HASH_BYTES];
    int64_t height;
    uint32_t index;
    struct slice text = s->scope.hash->text;
    if (enc_hex_decode((const char *)text.data, text.len, hash, sizeof hash) != sizeof hash)
        return 0;
    if (!chain_find_tx(s->snap, hash, &height, &index) || height < s->scope.low ||
        height > s->scope.high)
        return 0;
    return try_tx(s, height, index);
}

static int run_search(struct search *s, const struct event_condition *conditions, size_t count,
                      int64_t max_height, struct event_matches *ret)
{
    s->scope.low = 1;
    s->scope.high = max_height;
    s->cursor.snap = s->snap;
    int outcome = event_scope_of(conditions, count, &s->scope, s->error);
    if (outcome == 0 && s->scope.hash && !s->blocks)
        outcome = search_hash(s);
    else if (outcome == 0 && s->scope.event_count == 0)
        outcome = search_heights(s);
    else if (outcome == 0)
        outcome = search_events(s);
    if (outcome == 0) {
        ret->places = arena_dup(s->arena, s->places, s->count * sizeof *s->places);
        ret->count = s->count;
    }
    free(s->places);
    arena_deinit(&s->temp);
    return outcome;
}

int event_search_txs(struct store_snapshot *snap, const struct event_condition *conditions,
                     size_t count, int64_t max_height, size_t limit, int64_t deadline_ns,
                     struct arena *arena, struct event_matches *ret, struct err *e)
{
    struct search s = {
        .snap = snap, .limit = limit, .deadline_ns = deadline_ns, .arena = arena, .error = e};
    return run_search(&s, conditions, count, max_height, ret);
}

int event_search_blocks(struct store_snapshot *snap, const struct event_condition *conditions,
                        size_t count, int64_t max_height, size_t limit, int64_t deadline_ns,
                        struct arena *arena, struct event_matches *ret, struct err *e)
{
    struct search s = {.snap = snap,
                       .limit = limit,
                       .deadline_ns = deadline_ns,
                       .arena = arena,
                       .error = e,
                       .blocks = true};
    return run_search(&s, conditions, count, max_height, ret);
}
