// The index against the plainest search there is: look at everything.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rfc3339.h"
#include "seid/engine/chain.h"
#include "seid/engine/eventindex.h"
#include "seid/engine/test_node.h"
#include "wire/proto/tendermint_abci_types.pb-c.h"

static uint64_t random_state = 88172645463325252;

static unsigned pick(unsigned below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 33) % below;
}

// ---- the model

static bool model_holds(const struct event_condition *c, const char *value)
{
    char text[64];
    snprintf(text, sizeof text, "%.*s", (int)c->text.len, (const char *)c->text.data);
    if (c->op == EVENT_EXISTS)
        return true;
    if (c->op == EVENT_EQ)
        return strcmp(value, text) == 0;
    if (c->op == EVENT_CONTAINS)
        return strstr(value, text) != NULL;
    int64_t time_ns;
    double order;
    if (c->operand == EVENT_TIME) {
        if (rfc3339_parse_ns(slice_str(value), &time_ns) < 0)
            return false;
        order = (double)(time_ns - c->time_ns);
    } else {
        char *end;
        double number = strtod(value, &end);
        if (!*value || *end || strspn(value, "-0123456789.") != strlen(value))
            return false;
        order = number - strtod(text, NULL);
    }
    return c->op == EVENT_LT   ? order < 0
           : c->op == EVENT_LE ? order <= 0
           : c->op == EVENT_GT ? order > 0
                               : order >= 0;
}

static bool model_height(const struct event_condition *c, int64_t height)
{
    char value[32];
    snprintf(value, sizeof value, "%lld", (long long)height);
    return model_holds(c, value);
}

static bool is_height(const struct event_condition *c)
{
    return slice_eq(c->key, SLICE_LIT("tx.height")) || slice_eq(c->key, SLICE_LIT("block.height"));
}

static bool model_event(const Tendermint__Abci__Event *event, const struct event_condition *c)
{
    for (size_t a = 0; a < event->n_attributes; a++) {
        char key[64];
        snprintf(key, sizeof key, "%s.%s", event->type, event->attributes[a]->key);
        if (event->attributes[a]->index && slice_eq(slice_str(key), c->key) &&
            model_holds(c, event->attributes[a]->value))
            return true;
    }
    return false;
}

static bool model_matches(Tendermint__Abci__Event *const *events, size_t event_count,
                          int64_t height, const struct event_condition *list, size_t count)
{
    bool wants_event = false, one_event = false;
    for (size_t i = 0; i < count; i++) {
        if (is_height(&list[i]) && !model_height(&list[i], height))
            return false;
        wants_event |= !is_height(&list[i]);
    }
    for (size_t e = 0; e < event_count; e++) {
        bool all = true;
        for (size_t i = 0; i < count && all; i++)
            all = is_height(&list[i]) || model_event(events[e], &list[i]);
        one_event |= all;
    }
    return !wants_event || one_event;
}

struct model {
    struct arena arena;
    Tendermint__Abci__ResponseFinalizeBlock **blocks; // [height - 1]
    int64_t height;
};

static void model_load(struct model *m, struct store_snapshot *snap)
{
    m->height = store_snapshot_height(snap);
    m->blocks = mem_calloc((size_t)m->height, sizeof(void *));
    for (int64_t h = 1; h <= m->height; h++)
        assert_int_equal(chain_results(snap, h, &m->arena, &m->blocks[h - 1], NULL), 0);
}

static void model_deinit(struct model *m)
{
    free(m->blocks);
    arena_deinit(&m->arena);
    memset(m, 0, sizeof *m);
}

static size_t matches; // so that the tests know that they compared something

static void compare_with_model(const struct model *m, struct store_snapshot *snap,
                               const struct event_condition *list, size_t count)
{
    CLEANUP_ARENA struct arena arena = {0};
    struct event_matches txs = {0}, blocks = {0};
    size_t t = 0, b = 0;
    assert_int_equal(
        event_search_txs(snap, list, count, m->height, SIZE_MAX, 0, &arena, &txs, NULL), 0);
    assert_int_equal(
        event_search_blocks(snap, list, count, m->height, SIZE_MAX, 0, &arena, &blocks, NULL), 0);
    for (int64_t h = 1; h <= m->height; h++) {
        const Tendermint__Abci__ResponseFinalizeBlock *r = m->blocks[h - 1];
        if (model_matches(r->events, r->n_events, h, list, count)) {
            assert_true(b < blocks.count);
            assert_int_equal(blocks.places[b++].height, h);
        }
        for (size_t i = 0; i < r->n_tx_results; i++)
            if (model_matches(r->tx_results[i]->events, r->tx_results[i]->n_events, h, list,
                              count)) {
                assert_true(t < txs.count);
                assert_int_equal(txs.places[t].height, h);
                assert_int_equal(txs.places[t++].index, i);
            }
    }
    matches += t + b;
    assert_int_equal(t, txs.count);
    assert_int_equal(b, blocks.count);
}

// ---- random conditions

static struct event_condition random_condition(struct arena *arena, int64_t height)
{
    static const char *const keys[] = {"set.key",   "set.value",   "also.key", "also.value",
                                       "third.key", "set.hidden",  "none.at",  "third.value",
                                       "tx.height", "block.height"};
    struct event_condition c = {.key = slice_str(keys[pick(10)])};
    c.op = (enum event_op)pick(7);
    c.operand = EVENT_NUMBER;
    if (is_height(&c)) {
        c.op = (enum event_op)pick(EVENT_CONTAINS);
        c.text = slice_str(arena_printf(arena, "%u", pick((unsigned)height + 2)));
        return c;
    }
    if (c.op == EVENT_CONTAINS) {
        c.operand = EVENT_STRING;
        c.text = slice_str(arena_printf(arena, "%u", pick(10)));
    } else if (c.op != EVENT_EXISTS && pick(6) == 0) {
        c.operand = EVENT_TIME;
        c.text = SLICE_LIT("2026-01-05T00:00:00Z");
        rfc3339_parse_ns(c.text, &c.time_ns);
    } else if (c.op == EVENT_EQ && pick(2)) {
        c.operand = EVENT_STRING;
        c.text = slice_str(arena_printf(arena, "k%u", pick(40)));
    } else {
        c.text = slice_str(arena_printf(arena, pick(3) ? "%u" : "%u.5", pick(60)));
    }
    return c;
}

static void random_queries(struct test_node *n, int count)
{
    struct store_snapshot *snap;
    struct model m = {0};
    assert_int_equal(store_snapshot_open(n->store, &snap, NULL), 0);
    model_load(&m, snap);
    for (int i = 0; i < count; i++) {
        CLEANUP_ARENA struct arena arena = {0};
        struct event_condition list[3];
        size_t size = 1 + pick(3);
        for (size_t c = 0; c < size; c++)
            list[c] = random_condition(&arena, m.height);
        compare_with_model(&m, snap, list, size);
    }
    model_deinit(&m);
    store_snapshot_close(snap);
}

static void random_transactions(struct test_node *n, int count)
{
    for (int i = 0; i < count; i++) {
        char tx[64];
        switch (pick(6)) {
        case 0:
            snprintf(tx, sizeof tx, "k%u=2026-01-%02uT00:00:00Z", pick(40), 1 + pick(9));
            break;
        case 1:
            snprintf(tx, sizeof tx, "k%u=-%u.%u", pick(40), pick(30), pick(100));
            break;
        case 2:
            snprintf(tx, sizeof tx, "k%u=%uusei", pick(40), pick(60));
            break;
        default:
            snprintf(tx, sizeof tx, "k%u=%u", pick(40), pick(60));
        }
        test_node_send(n, tx);
        if (pick(12) == 0)
            test_node_wait_height(n, test_node_height(n) + 1);
    }
    test_node_wait_height(n, test_node_height(n) + 2);
}

static size_t segments(struct test_node *n)
{
    struct store_snapshot *snap;
    struct slice key, value;
    size_t count = 0;
    assert_int_equal(store_snapshot_open(n->store, &snap, NULL), 0);
    struct kv_iter *it =
        kv_iter_new(store_snapshot_table(snap, STORE_EVENT), SLICE_NULL, SLICE_NULL, false);
    while (kv_iter_next(it, &key, &value))
        count++;
    kv_iter_free(it);
    store_snapshot_close(snap);
    return count;
}

static void test_against_the_model(void **state)
{
    struct test_node n;
    struct err e;
    test_node_init(&n);
    n.config.mempool.cache_size = 10;
    for (int round = 0; round < 4; round++) {
        test_node_start(&n);
        random_transactions(&n, 400);
        test_node_stop(&n);
        assert_int_equal(test_node_open(&n, &e), 0);
        random_queries(&n, 150);
        assert_true(segments(&n) < 30);
        test_node_stop(&n);
    }
    assert_true(matches > 1000);
    test_node_deinit(&n);
}

static void wait_for_empty_mempool(struct test_node *n)
{
    struct engine_unconfirmed waiting = {.total = 1};
    while (waiting.total) {
        CLEANUP_ARENA struct arena arena = {0};
        engine_unconfirmed(n->engine, 0, &arena, &waiting);
    }
}

// Segments that reach their size are left alone; later ones begin anew.
static void test_closed_segments(void **state)
{
    struct test_node n;
    struct err e;
    test_node_init(&n);
    n.config.create_empty_blocks = false;
    test_node_start(&n);
    test_node_wait_height(&n, 1);
    for (int i = 0; i < 9000; i++) {
        char tx[64];
        snprintf(tx, sizeof tx, "x%d=%d", i, i * 7);
        if (i % 4500 == 0)
            wait_for_empty_mempool(&n);
        assert_int_equal(test_node_send(&n, tx), 0);
    }
    wait_for_empty_mempool(&n);
    test_node_stop(&n);
    assert_int_equal(test_node_open(&n, &e), 0);
    assert_true(segments(&n) >= 2);
    struct store_snapshot *snap;
    assert_int_equal(store_snapshot_open(n.store, &snap, NULL), 0);
    for (int i = 0; i < 9000; i += 97) {
        CLEANUP_ARENA struct arena arena = {0};
        struct event_matches found = {0};
        char text[16];
        snprintf(text, sizeof text, "x%d", i);
        struct event_condition c = {.key = SLICE_LIT("set.key"), .operand = EVENT_STRING};
        c.text = slice_str(text);
        assert_int_equal(event_search_txs(snap, &c, 1, INT64_MAX - 1, 10, 0, &arena, &found, NULL),
                         0);
        assert_int_equal(found.count, 1);
    }
    store_snapshot_close(snap);
    test_node_deinit(&n);
}

static void test_rollback_forgets(void **state)
{
    struct test_node n;
    struct err e;
    struct rollback_result r;
    struct privval_state last;
    test_node_init(&n);
    test_node_start(&n);
    random_transactions(&n, 100);
    test_node_stop(&n);
    for (int i = 0; i < 7; i++) {
        struct store_config config = {
            .path = n.store_path, .map_bytes = n.map_bytes, .history_blocks = 1000};
        pid_t pid;
        assert_int_equal(store_open(&config, &n.store, &pid, &e), 0);
        assert_int_equal(privval_state_load(n.state_path, &last, NULL), 0);
        assert_int_equal(chain_rollback(n.store, false, &last, &r, &e), 0);
        random_queries(&n, 20);
        store_close(n.store);
    }
    n.store = NULL;
    test_node_start(&n);
    test_node_wait_height(&n, r.stored_height + 2);
    test_node_stop(&n);
    assert_int_equal(test_node_open(&n, &e), 0);
    random_queries(&n, 100);
    test_node_deinit(&n);
}

static void test_limits_and_refusals(void **state)
{
    struct test_node n;
    struct err e = {0};
    CLEANUP_ARENA struct arena arena = {0};
    struct event_matches found = {0};
    struct store_snapshot *snap;
    test_node_init(&n);
    test_node_start(&n);
    random_transactions(&n, 60);
    assert_int_equal(store_snapshot_open(n.store, &snap, NULL), 0);
    struct event_condition all = {.key = SLICE_LIT("set.key"), .op = EVENT_EXISTS};
    assert_int_equal(event_search_txs(snap, &all, 1, 1000, 5, 0, &arena, &found, &e),
                     EVENT_TOO_MANY);
    assert_int_equal(event_search_txs(snap, &all, 1, 1000, SIZE_MAX, 1, &arena, &found, &e),
                     EVENT_TIMEOUT);
    static const struct {
        const char *key;
        enum event_op op;
        enum event_operand operand;
        const char *text;
    } rows[] = {
        {"set.key", EVENT_CONTAINS, EVENT_NUMBER, "1"},
        {"set.key", EVENT_LT, EVENT_STRING, "1"},
        {"tx.height", EVENT_EQ, EVENT_STRING, "1"},
        {"tx.height", EVENT_EQ, EVENT_NUMBER, "1.5"},
        {"tx.height", EVENT_GT, EVENT_NUMBER, "-1"},
        {"tx.height", EVENT_GT, EVENT_NUMBER, "99999999999999999999"},
        {"block.height", EVENT_EXISTS, EVENT_NONE, ""},
        {"block.height", EVENT_CONTAINS, EVENT_NUMBER, "1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct event_condition c = {slice_str(rows[i].key), rows[i].op, rows[i].operand,
                                    slice_str(rows[i].text), 0};
        assert_int_equal(event_search_txs(snap, &c, 1, 1000, 5, 0, &arena, &found, &e), -EINVAL);
    }
    struct event_condition many[EVENT_CONDITIONS_MAX + 1];
    for (int i = 0; i <= EVENT_CONDITIONS_MAX; i++)
        many[i] = all;
    assert_int_equal(
        event_search_txs(snap, many, EVENT_CONDITIONS_MAX + 1, 1000, 5, 0, &arena, &found, &e),
        -EINVAL);
    store_snapshot_close(snap);
    test_node_deinit(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_the_model),
        cmocka_unit_test(test_closed_segments),
        cmocka_unit_test(test_rollback_forgets),
        cmocka_unit_test(test_limits_and_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
