// test_node: an engine over a real store in a folder of its own, with a state machine made for
// tests. A transaction is "key=value" (sets it, code 0, one event "set" with key and value) or
// "fail..." (code 5). The key "plan" halts at the height that its value names, unless the state
// machine has its handler.
#ifndef SEID_ENGINE_TEST_NODE_H
#define SEID_ENGINE_TEST_NODE_H

#include <pthread.h>
#include <stdbool.h>

#include "base/arena.h"
#include "seid/engine/initchain.h"
#include "seid/engine/rollback.h"
#include "seid/engine/solo.h"

struct app {
    bool has_handler;
    _Atomic int first_blocks; // how often first_block was true
    _Atomic int blocks;       // executed
    int64_t fail_at;          // app_finalize_block fails at this height
    unsigned slow_us;         // a block takes at least so long
};

struct test_node {
    char dir[64];
    char store_path[96], key_path[96], state_path[96];
    struct solo_config config; // to be changed before test_node_start
    size_t map_bytes;
    int64_t genesis_time_ns;
    int64_t initial_height;
    struct app app;
    struct store *store;
    struct privval *privval;
    struct engine *engine;

    pthread_mutex_t lock;
    pthread_cond_t told;
    int64_t height; // published last
    int halted, stop_wanted, failed;
    struct upgrade_halt halt;
    char halt_text[256];
    struct err failure;
};

void test_node_init(struct test_node *n);
void test_node_deinit(struct test_node *n); // removes the folder

int test_node_open(struct test_node *n, struct err *e); // up to engine_solo_new
void test_node_start(struct test_node *n);              // open and start, which must work
void test_node_stop(struct test_node *n);

// Waits (60 s at most) until the height is published, or the engine has ended by itself.
void test_node_wait_height(struct test_node *n, int64_t height);
void test_node_wait_end(struct test_node *n);
int64_t test_node_height(struct test_node *n);

// Broadcasts; the outcome of engine_broadcast_tx, or 1000 + code when CheckTx refused.
int test_node_send(struct test_node *n, const char *tx);
// Reads the state after the newest block.
bool test_node_get(struct test_node *n, const char *key, char *ret, size_t size);

// Walks the whole stored chain and asserts that everything agrees: hashes, parts, commits and
// signatures, results, indexes, times.
void test_node_verify_chain(struct test_node *n);

#endif
