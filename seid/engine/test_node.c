#include "seid/engine/test_node.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fs.h"
#include "seid/engine/chain.h"
#include "wire/crypto/ed25519.h"
#include "wire/crypto/hash.h"
#include "wire/pb_arena.h"
#include "wire/proto/tendermint_abci_types.pb-c.h"
#include "wire/tm.h"

#define CHAIN_ID "test-chain"
static const uint8_t seed[32] = {1, 2, 3};

// ---- the state machine

int app_init_chain(struct app *a, struct kv *state, const struct app_genesis *genesis,
                   struct err *e)
{
    kv_set(state, SLICE_LIT("genesis"), genesis->app_state_json);
    return 0;
}

static bool split(struct slice tx, struct slice *key, struct slice *value)
{
    const uint8_t *at = tx.len ? memchr(tx.data, '=', tx.len) : NULL;
    if (!at || at == tx.data)
        return false;
    *key = slice_of(tx.data, (size_t)(at - tx.data));
    *value = slice_of(at + 1, tx.len - key->len - 1);
    return true;
}

static Tendermint__Abci__Event *make_event(struct arena *arena, const char *type, struct slice key,
                                           struct slice value)
{
    Tendermint__Abci__Event *event = arena_alloc(arena, sizeof *event);
    Tendermint__Abci__EventAttribute **list = arena_alloc(arena, 3 * sizeof(void *));
    const char *names[] = {"key", "value", "hidden"};
    struct slice values[] = {key, value, SLICE_LIT("x")};
    tendermint__abci__event__init(event);
    for (int i = 0; i < 3; i++) {
        list[i] = arena_alloc(arena, sizeof *list[i]);
        tendermint__abci__event_attribute__init(list[i]);
        list[i]->key = pb_str(names[i]);
        list[i]->value = arena_strndup(arena, (const char *)values[i].data, values[i].len);
        list[i]->index = i < 2;
    }
    event->type = pb_str(type);
    event->attributes = list;
    event->n_attributes = 3;
    return event;
}

static Tendermint__Abci__ExecTxResult *run_tx(struct kv *state, struct slice tx,
                                              struct arena *arena)
{
    Tendermint__Abci__ExecTxResult *r = arena_alloc(arena, sizeof *r);
    struct slice key, value;
    tendermint__abci__exec_tx_result__init(r);
    r->gas_wanted = 10;
    r->gas_used = (int64_t)tx.len;
    if (!split(tx, &key, &value)) {
        r->code = 5;
        r->log = pb_str("failed");
        return r;
    }
    kv_set(state, key, value);
    r->data = pb_bytes(value);
    r->events = arena_alloc(arena, 2 * sizeof(void *));
    r->events[0] = make_event(arena, "set", key, value);
    r->events[1] = make_event(arena, "also", value, key);
    r->n_events = 2;
    return r;
}

static bool halts(const struct app *a, struct kv *state, int64_t height)
{
    struct slice plan;
    char text[32] = "";
    if (a->has_handler || !kv_get(state, SLICE_LIT("plan"), &plan) || plan.len > 20)
        return false;
    memcpy(text, plan.data, plan.len);
    return height >= strtoll(text, NULL, 10);
}

int64_t app_plan_height(struct kv *state, struct arena *arena)
{
    struct slice plan;
    return kv_get(state, SLICE_LIT("plan"), &plan)
               ? strtoll(arena_strndup(arena, (const char *)plan.data, plan.len), NULL, 10)
               : 0;
}

int app_finalize_block(struct app *a, struct kv *state, const struct app_block *block,
                       bool first_block, struct arena *arena, struct app_block_result *ret,
                       struct err *e)
{
    a->first_blocks += first_block;
    if (a->slow_us)
        usleep(a->slow_us);
    if (block->height == a->fail_at)
        return err_set(e, -EIO, "the state machine broke");
    if (halts(a, state, block->height)) {
        ret->halt = (struct upgrade_halt){.reason = 70, .height = block->height, .info = "i"};
        snprintf(ret->halt.plan_name, sizeof ret->halt.plan_name, "plan");
        ret->halt.log_text = arena_printf(arena, "UPGRADE \"plan\" NEEDED at height: %lld: i",
                                          (long long)block->height);
        return APP_HALT;
    }
    a->blocks++;
    ret->tx_results = arena_alloc(arena, (block->tx_count + 1) * sizeof(void *));
    for (size_t i = 0; i < block->tx_count; i++)
        ret->tx_results[i] = run_tx(state, block->txs[i], arena);
    ret->events = arena_alloc(arena, sizeof(void *));
    if (block->height % 3 == 0) {
        char *text = arena_printf(arena, "%lld", (long long)block->height);
        ret->events[0] = make_event(arena, "third", slice_str(text), SLICE_LIT("yes"));
        ret->event_count = 1;
    }
    return 0;
}

const struct app_decoded *app_verify_tx(struct app *a, struct kv *snapshot, struct slice tx,
                                        struct arena *arena)
{
    return NULL;
}

void app_check_tx(struct app *a, struct kv *check_state, const struct app_block *next,
                  struct slice tx, const struct app_decoded *decoded, enum app_check_mode mode,
                  struct arena *arena, struct app_check_result *ret)
{
    struct slice key, value;
    *ret = (struct app_check_result){.gas_wanted = 10, .codespace = "t", .log = ""};
    if (!split(tx, &key, &value) && !slice_has_prefix(tx, SLICE_LIT("fail")))
        ret->code = 2;
}

// ---- the node

static void remove_tree(const char *dir)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
}

static void on_block(void *ctx, const struct engine_tip *tip)
{
    struct test_node *n = ctx;
    pthread_mutex_lock(&n->lock);
    n->height = tip->height;
    pthread_cond_broadcast(&n->told);
    pthread_mutex_unlock(&n->lock);
}

static void on_halted(void *ctx, const struct upgrade_halt *halt, int64_t began_ns)
{
    struct test_node *n = ctx;
    pthread_mutex_lock(&n->lock);
    n->halted++;
    n->halt = *halt;
    snprintf(n->halt_text, sizeof n->halt_text, "%s", halt->log_text);
    pthread_cond_broadcast(&n->told);
    pthread_mutex_unlock(&n->lock);
}

static void on_stop_wanted(void *ctx, const char *why)
{
    struct test_node *n = ctx;
    pthread_mutex_lock(&n->lock);
    n->stop_wanted++;
    pthread_cond_broadcast(&n->told);
    pthread_mutex_unlock(&n->lock);
}

static void on_failed(void *ctx, const struct err *err)
{
    struct test_node *n = ctx;
    pthread_mutex_lock(&n->lock);
    n->failed++;
    n->failure = *err;
    pthread_cond_broadcast(&n->told);
    pthread_mutex_unlock(&n->lock);
}

void test_node_init(struct test_node *n)
{
    struct privval_key key;
    struct privval_state state = {0};
    memset(n, 0, sizeof *n);
    snprintf(n->dir, sizeof n->dir, "/tmp/test_solo.XXXXXX");
    assert_non_null(mkdtemp(n->dir));
    snprintf(n->store_path, sizeof n->store_path, "%s/store", n->dir);
    snprintf(n->key_path, sizeof n->key_path, "%s/key.json", n->dir);
    snprintf(n->state_path, sizeof n->state_path, "%s/state.json", n->dir);
    assert_int_equal(privval_key_from_seed(seed, &key, NULL), 0);
    assert_int_equal(privval_key_save(n->key_path, &key, NULL), 0);
    assert_int_equal(privval_state_save(n->state_path, &state, NULL), 0);
    pthread_mutex_init(&n->lock, NULL);
    pthread_cond_init(&n->told, NULL);
    n->map_bytes = (size_t)256 << 20;
    n->genesis_time_ns = clock_realtime_ns() - 5000000000;
    n->initial_height = 1;
    n->config = (struct solo_config){
        .mempool = {.size = 5000,
                    .max_txs_bytes = 1 << 26,
                    .max_tx_bytes = 1 << 20,
                    .cache_size = 10000,
                    .recheck = true},
        .create_empty_blocks = true,
        .index_events = true,
        .max_waiters = 4,
        .callbacks = {n, on_block, on_halted, on_stop_wanted, on_failed},
    };
}

static void fill_genesis(const struct test_node *n, struct genesis *g, struct arena *arena)
{
    struct privval_key key;
    struct chain_validator *v = arena_zalloc(arena, sizeof *v);
    memset(g, 0, sizeof *g);
    assert_int_equal(privval_key_from_seed(seed, &key, NULL), 0);
    memcpy(v->pub_key, key.pub, sizeof v->pub_key);
    memcpy(v->address, key.address, sizeof v->address);
    v->power = 10;
    v->name = "";
    g->chain = (struct chain_genesis){
        .chain_id = CHAIN_ID,
        .time_ns = n->genesis_time_ns,
        .initial_height = n->initial_height,
        .params = {.block_max_bytes = 22020096, .block_max_gas = -1, .app_version = 3},
        .validators = v,
        .validator_count = 1,
    };
    g->app_state = SLICE_LIT("{}");
}

static int open_chain(struct test_node *n, struct err *e)
{
    CLEANUP_ARENA struct arena arena = {0};
    struct genesis genesis;
    bool there;
    int result = chain_is_initialised(n->store, &there, e);
    if (result < 0 || there)
        return result;
    fill_genesis(n, &genesis, &arena);
    return chain_init(n->store, &n->app, &genesis, e);
}

int test_node_open(struct test_node *n, struct err *e)
{
    struct store_config store = {
        .path = n->store_path, .map_bytes = n->map_bytes, .history_blocks = 1000};
    pid_t pid;
    int result = store_open(&store, &n->store, &pid, e);
    if (result == 0)
        result = open_chain(n, e);
    if (result == 0)
        result = privval_open(n->key_path, n->state_path, &n->privval, e);
    n->config.store = n->store;
    n->config.app = &n->app;
    n->config.privval = n->privval;
    if (result == 0)
        result = engine_solo_new(&n->config, &n->engine, e);
    if (result < 0)
        test_node_stop(n);
    return result;
}

void test_node_start(struct test_node *n)
{
    struct err e = {0};
    n->height = n->halted = n->stop_wanted = n->failed = 0;
    if (test_node_open(n, &e) != 0)
        fail_msg("%s", e.text);
    assert_int_equal(engine_start(n->engine, &e), 0);
}

void test_node_stop(struct test_node *n)
{
    if (n->engine) {
        engine_request_stop(n->engine);
        engine_join(n->engine);
    }
    engine_free(n->engine);
    privval_free(n->privval);
    store_close(n->store);
    n->engine = NULL;
    n->privval = NULL;
    n->store = NULL;
}

void test_node_deinit(struct test_node *n)
{
    test_node_stop(n);
    remove_tree(n->dir);
}

static void wait_until(struct test_node *n, int64_t height)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 60;
    int late = 0;
    pthread_mutex_lock(&n->lock);
    while (n->height < height && !n->halted && !n->stop_wanted && !n->failed && late == 0)
        late = pthread_cond_timedwait(&n->told, &n->lock, &until);
    pthread_mutex_unlock(&n->lock);
    assert_int_equal(late, 0);
}

void test_node_wait_height(struct test_node *n, int64_t height)
{
    wait_until(n, height);
}

void test_node_wait_end(struct test_node *n)
{
    wait_until(n, INT64_MAX);
}

int64_t test_node_height(struct test_node *n)
{
    const struct engine_tip *tip = engine_tip(n->engine);
    int64_t height = tip->height;
    engine_tip_put(tip);
    return height;
}

int test_node_send(struct test_node *n, const char *tx)
{
    CLEANUP_ARENA struct arena arena = {0};
    struct engine_broadcast result;
    struct err e = {0};
    int outcome =
        engine_broadcast_tx(n->engine, slice_str(tx), ENGINE_BROADCAST_SYNC, &arena, &result, &e);
    return outcome == 0 && result.check.code ? 1000 + (int)result.check.code : outcome;
}

bool test_node_get(struct test_node *n, const char *key, char *ret, size_t size)
{
    struct store_snapshot *snap;
    struct slice value;
    assert_int_equal(store_snapshot_open(n->store, &snap, NULL), 0);
    bool found = kv_get(store_snapshot_state(snap), slice_str(key), &value);
    if (found)
        snprintf(ret, size, "%.*s", (int)value.len, (const char *)value.data);
    store_snapshot_close(snap);
    return found;
}

// ---- the chain as a light client would look at it, and more

struct verify {
    struct store_snapshot *snap;
    struct arena arena;
    struct ed25519 *key;
    struct tm_block_id id; // of the block before
    int64_t time_ns;
    uint8_t results_hash[32], app_hash[32];
    const struct engine_tip *tip;
};

static void verify_commit(struct verify *v, const struct tm_commit *commit, int64_t height)
{
    CLEANUP_BUF struct buf bytes = {0};
    assert_int_equal(commit->height, height);
    assert_int_equal(commit->signature_count, 1);
    assert_true(commit->block_id.present);
    assert_memory_equal(commit->block_id.hash, v->id.hash, 32);
    assert_memory_equal(commit->block_id.parts_hash, v->id.parts_hash, 32);
    assert_int_equal(commit->block_id.parts_total, v->id.parts_total);
    tm_commit_sign_bytes(CHAIN_ID, commit, 0, &bytes);
    assert_int_equal(ed25519_verify(v->key, bytes.data, bytes.len, commit->signatures[0].signature),
                     0);
    assert_true(commit->signatures[0].time_ns > v->time_ns);
    v->time_ns = commit->signatures[0].time_ns;
}

static void verify_results(struct verify *v, const struct tm_block *block)
{
    Tendermint__Abci__ResponseFinalizeBlock *results;
    struct tm_merkle tree = {0};
    int64_t height = block->header.height;
    assert_int_equal(chain_results(v->snap, height, &v->arena, &results, NULL), 0);
    assert_int_equal(results->n_tx_results, block->tx_count);
    for (size_t i = 0; i < block->tx_count; i++) {
        const Tendermint__Abci__ExecTxResult *r = results->tx_results[i];
        struct slice tx, bytes;
        uint8_t hash[32];
        int64_t found_height;
        uint32_t found_index;
        tm_results_add(&tree, r->code, pb_slice(r->data), r->gas_wanted, r->gas_used);
        hash_sha256(block->txs[i].data, block->txs[i].len, hash);
        assert_true(chain_find_tx(v->snap, hash, &found_height, &found_index));
        assert_int_equal(chain_tx(v->snap, found_height, found_index, &tx, &bytes, NULL), 0);
        assert_true(slice_eq(tx, block->txs[i]));
    }
    tm_merkle_root(&tree, v->results_hash);
    assert_int_equal(results->app_hash.len, 32);
    memcpy(v->app_hash, results->app_hash.data, 32);
}

static void verify_block(struct verify *v, int64_t height, bool first)
{
    struct slice bytes, commit_bytes;
    struct tm_block block;
    struct tm_commit commit;
    uint8_t hash[32];
    int64_t found;
    assert_true(chain_block_bytes(v->snap, height, &bytes));
    assert_int_equal(tm_block_decode(bytes, &v->arena, &block, NULL), 0);
    assert_int_equal(block.header.height, height);
    assert_int_equal(block.header.app_version, 3);
    assert_int_equal(block.header.last_block_id.present, !first);
    if (!first) {
        assert_memory_equal(block.header.last_block_id.hash, v->id.hash, 32);
        verify_commit(v, &block.last_commit, height - 1);
        assert_true(chain_commit_bytes(v->snap, height - 1, &commit_bytes));
        assert_int_equal(tm_commit_decode(commit_bytes, &v->arena, &commit, NULL), 0);
        assert_memory_equal(commit.signatures[0].signature,
                            block.last_commit.signatures[0].signature, 64);
        assert_memory_equal(block.header.app_hash, v->app_hash, 32);
        assert_memory_equal(block.header.last_results_hash, v->results_hash, 32);
        assert_int_equal(block.header.time_ns, v->time_ns);
    } else {
        assert_int_equal(block.last_commit.signature_count, 0);
        v->time_ns = block.header.time_ns;
    }
    tm_commit_hash(&block.last_commit, hash);
    assert_memory_equal(block.header.last_commit_hash, hash, 32);
    tm_data_hash(block.txs, block.tx_count, hash);
    assert_memory_equal(block.header.data_hash, hash, 32);
    tm_block_id_of(&block.header, bytes, &v->id);
    assert_true(chain_find_block(v->snap, v->id.hash, &found));
    assert_int_equal(found, height);
    verify_results(v, &block);
}

void test_node_verify_chain(struct test_node *n)
{
    struct verify v = {.tip = engine_tip(n->engine)};
    struct tm_commit seen;
    assert_int_equal(store_snapshot_open(n->store, &v.snap, NULL), 0);
    v.key = ed25519_from_public(privval_key(n->privval)->pub);
    for (int64_t h = n->initial_height; h <= v.tip->height; h++) {
        verify_block(&v, h, h == n->initial_height);
        arena_clear(&v.arena);
    }
    assert_memory_equal(v.tip->hash, v.id.hash, 32);
    assert_memory_equal(v.tip->app_hash, v.app_hash, 32);
    assert_memory_equal(v.tip->last_results_hash, v.results_hash, 32);
    assert_int_equal(tm_commit_decode(v.tip->seen_commit, &v.arena, &seen, NULL), 0);
    verify_commit(&v, &seen, v.tip->height);
    assert_int_equal(v.tip->commit_time_ns, seen.signatures[0].time_ns);
    assert_int_equal(v.tip->earliest_height, n->initial_height);
    ed25519_free(v.key);
    arena_deinit(&v.arena);
    store_snapshot_close(v.snap);
    engine_tip_put(v.tip);
}
