#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fs.h"
#include "seid/engine/test_node.h"
#include "wire/crypto/hash.h"

static void test_blocks_hash_and_sign_as_a_chain(void **state)
{
    struct test_node n;
    test_node_init(&n);
    test_node_start(&n);
    char tx[32];
    for (int i = 0; i < 200; i++) {
        snprintf(tx, sizeof tx, "key%d=value%d", i % 50, i);
        assert_int_equal(
            test_node_send(&n, i % 20 == 7 ? (snprintf(tx, sizeof tx, "fail%d", i), tx) : tx), 0);
        if (i % 25 == 0)
            test_node_wait_height(&n, test_node_height(&n) + 1);
    }
    test_node_wait_height(&n, test_node_height(&n) + 3);
    test_node_verify_chain(&n);
    char value[32];
    assert_true(test_node_get(&n, "key49", value, sizeof value));
    assert_string_equal(value, "value199");
    assert_int_equal(n.app.first_blocks, 1);
    test_node_deinit(&n);
}

static void test_initial_height(void **state)
{
    struct test_node n;
    test_node_init(&n);
    n.initial_height = 100;
    test_node_start(&n);
    test_node_wait_height(&n, 103);
    test_node_verify_chain(&n);
    test_node_stop(&n);
    test_node_start(&n);
    test_node_wait_height(&n, 105);
    test_node_verify_chain(&n);
    test_node_deinit(&n);
}

static void test_restart_signs_the_tip_again(void **state)
{
    struct test_node n;
    test_node_init(&n);
    n.config.timeout_commit_ns = 1000000;
    test_node_start(&n);
    test_node_wait_height(&n, 5);
    for (int i = 0; i < 5; i++) {
        struct err e;
        test_node_stop(&n);
        n.config.timeout_commit_ns = 3600000000000; // no further block
        assert_int_equal(test_node_open(&n, &e), 0);
        int64_t height = test_node_height(&n);
        assert_int_equal(store_height(n.store), height);
        struct privval_state before = *privval_last(n.privval);
        assert_int_equal(before.height, height);
        const struct engine_tip *tip = engine_tip(n.engine);
        assert_true(memmem(tip->seen_commit.data, tip->seen_commit.len, before.signature, 64));
        engine_tip_put(tip);
        test_node_verify_chain(&n);
        test_node_stop(&n);
        n.config.timeout_commit_ns = 0;
        test_node_start(&n);
        test_node_wait_height(&n, height + 3);
        test_node_verify_chain(&n);
    }
    test_node_deinit(&n);
}

// The crash between the batch and the signature: the file of the block before is still there.
static void test_crash_before_the_signature(void **state)
{
    struct test_node n;
    struct err e = {0};
    struct privval_state last;
    test_node_init(&n);
    test_node_start(&n);
    test_node_wait_height(&n, 4);
    test_node_stop(&n);
    assert_int_equal(privval_state_load(n.state_path, &last, NULL), 0);
    int64_t height = last.height;
    last.height--;
    last.sign_bytes[4] ^= 1; // whatever was signed before
    assert_int_equal(privval_state_save(n.state_path, &last, NULL), 0);
    test_node_start(&n);
    test_node_wait_height(&n, height + 2);
    test_node_verify_chain(&n);
    test_node_stop(&n);

    // A validator that is ahead of its chain (an old copy of the store) must not sign.
    assert_int_equal(privval_state_load(n.state_path, &last, NULL), 0);
    last.height += 5;
    assert_int_equal(privval_state_save(n.state_path, &last, NULL), 0);
    assert_int_equal(test_node_open(&n, &e), -EPERM);
    assert_non_null(strstr(e.text, "height regression"));
    // Neither for another block at the same height.
    last.height -= 5;
    last.sign_bytes[20] ^= 1;
    assert_int_equal(privval_state_save(n.state_path, &last, NULL), 0);
    assert_int_equal(test_node_open(&n, &e), -EPERM);
    assert_non_null(strstr(e.text, "conflicting data"));
    test_node_deinit(&n);
}

// ---- halts

static void assert_halted_at(struct test_node *n, int64_t height)
{
    CLEANUP_ARENA struct arena arena = {0};
    struct engine_broadcast result;
    struct engine_consensus consensus;
    struct store_snapshot *snap;
    struct slice bytes;
    test_node_wait_end(n);
    assert_int_equal(n->halted, 1);
    assert_int_equal(n->failed, 0);
    assert_int_equal(n->halt.reason, 70);
    assert_int_equal(n->halt.height, height);
    assert_int_equal(test_node_height(n), height - 1);
    assert_int_equal(store_height(n->store), height - 1);
    assert_int_equal(privval_last(n->privval)->height, height - 1);
    engine_consensus(n->engine, &consensus);
    assert_int_equal(consensus.phase, ENGINE_PHASE_HALTED);
    assert_int_equal(consensus.height, height);
    assert_int_equal(store_snapshot_open(n->store, &snap, NULL), 0);
    assert_false(chain_block_bytes(snap, height, &bytes));
    assert_false(chain_results_bytes(snap, height, &bytes));
    store_snapshot_close(snap);
    assert_int_equal(engine_broadcast_tx(n->engine, SLICE_LIT("a=b"), ENGINE_BROADCAST_SYNC, &arena,
                                         &result, NULL),
                     ENGINE_HALTED);
    assert_non_null(strstr(result.refusal, "halted before block"));
    assert_non_null(strstr(result.refusal, "NEEDED at height"));
    assert_int_equal(
        engine_broadcast_tx_commit(n->engine, SLICE_LIT("a=b"), 1000000000, &arena, &result, NULL),
        ENGINE_HALTED);
}

static void test_halt_hot_and_cold_and_on(void **state)
{
    struct test_node n;
    test_node_init(&n);
    n.config.timeout_commit_ns = 2000000;
    test_node_start(&n);
    test_node_wait_height(&n, 2);
    int64_t height = test_node_height(&n) + 10;
    char tx[32];
    snprintf(tx, sizeof tx, "plan=%lld", (long long)height);
    assert_int_equal(test_node_send(&n, tx), 0);
    assert_halted_at(&n, height);
    test_node_verify_chain(&n);
    for (int i = 0; i < 3; i++) { // cold, as often as one likes
        test_node_stop(&n);
        test_node_start(&n);
        assert_halted_at(&n, height);
    }
    test_node_stop(&n);
    n.app.has_handler = true;
    test_node_start(&n);
    test_node_wait_height(&n, height + 5);
    assert_int_equal(n.halted, 0);
    test_node_verify_chain(&n);
    test_node_deinit(&n);
}

static void test_waiters_come_back_at_a_halt(void **state)
{
    struct test_node n;
    test_node_init(&n);
    test_node_start(&n);
    test_node_wait_height(&n, 1);
    CLEANUP_ARENA struct arena arena = {0};
    struct engine_broadcast result;
    int64_t before = clock_monotonic_ns();
    // The halt comes with the block after the one that holds this.
    int outcome = engine_broadcast_tx_commit(n.engine, SLICE_LIT("plan=1"), 10000000000, &arena,
                                             &result, NULL);
    assert_int_equal(outcome, 0);
    assert_int_equal(result.check.code, 0);
    assert_true(result.height > 0);
    test_node_wait_end(&n);
    assert_true(clock_monotonic_ns() - before < 5000000000);
    test_node_deinit(&n);
}

// ---- transactions

static void test_broadcast_commit(void **state)
{
    struct test_node n;
    test_node_init(&n);
    test_node_start(&n);
    CLEANUP_ARENA struct arena arena = {0};
    struct engine_broadcast result;
    assert_int_equal(
        engine_broadcast_tx_commit(n.engine, SLICE_LIT("a=1"), 5000000000, &arena, &result, NULL),
        0);
    struct store_snapshot *snap;
    struct slice tx, bytes;
    assert_int_equal(store_snapshot_open(n.store, &snap, NULL), 0);
    assert_int_equal(chain_tx(snap, result.height, result.index, &tx, &bytes, NULL), 0);
    assert_true(slice_eq(tx, SLICE_LIT("a=1")));
    store_snapshot_close(snap);
    // Refused by CheckTx: no wait.
    assert_int_equal(engine_broadcast_tx_commit(n.engine, SLICE_LIT("nonsense"), 5000000000, &arena,
                                                &result, NULL),
                     0);
    assert_int_equal(result.check.code, 2);
    assert_int_equal(result.height, 0);
    assert_int_equal(
        engine_broadcast_tx_commit(n.engine, SLICE_LIT("a=1"), 5000000000, &arena, &result, NULL),
        ENGINE_TX_IN_CACHE);
    test_node_stop(&n);

    n.config.timeout_commit_ns = 3600000000000;
    n.config.max_waiters = 0;
    test_node_start(&n);
    assert_int_equal(
        engine_broadcast_tx_commit(n.engine, SLICE_LIT("b=1"), 5000000000, &arena, &result, NULL),
        ENGINE_TOO_MANY_WAITERS);
    test_node_stop(&n);
    n.config.max_waiters = 1;
    test_node_start(&n);
    assert_int_equal(
        engine_broadcast_tx_commit(n.engine, SLICE_LIT("b=1"), 30000000, &arena, &result, NULL),
        ENGINE_TIMEOUT);
    assert_string_equal(result.refusal, "timed out waiting for tx to be included in a block");
    struct engine_unconfirmed waiting;
    engine_unconfirmed(n.engine, 10, &arena, &waiting);
    assert_int_equal(waiting.count, 1);
    assert_int_equal(waiting.total_bytes, 3);
    engine_request_stop(n.engine);
    assert_int_equal(test_node_send(&n, "c=1"), ENGINE_STOPPING);
    test_node_deinit(&n);
}

// ---- when blocks are made

static void test_no_empty_blocks(void **state)
{
    struct test_node n;
    test_node_init(&n);
    n.config.create_empty_blocks = false;
    test_node_start(&n);
    test_node_wait_height(&n, 1);
    usleep(50000);
    int64_t idle = test_node_height(&n);
    assert_true(idle <= 2); // block 1, perhaps one that proves its state
    usleep(100000);
    assert_int_equal(test_node_height(&n), idle);
    assert_int_equal(test_node_send(&n, "a=1"), 0);
    test_node_wait_height(&n, idle + 2); // the transaction, and the proof of the state after it
    usleep(100000);
    assert_int_equal(test_node_height(&n), idle + 2);
    test_node_stop(&n);

    n.config.create_empty_blocks_interval_ns = 20000000;
    test_node_start(&n);
    int64_t before = clock_monotonic_ns();
    test_node_wait_height(&n, idle + 7);
    int64_t took = clock_monotonic_ns() - before;
    assert_true(took > 60000000);
    test_node_verify_chain(&n);
    test_node_deinit(&n);
}

static void test_timeout_commit(void **state)
{
    struct test_node n;
    test_node_init(&n);
    n.config.timeout_commit_ns = 30000000;
    test_node_start(&n);
    int64_t before = clock_monotonic_ns();
    test_node_wait_height(&n, 5);
    int64_t took = clock_monotonic_ns() - before;
    assert_true(took >= 112000000);
    test_node_verify_chain(&n);
    test_node_deinit(&n);
}

static void test_stop_does_not_wait_for_the_timeout(void **state)
{
    struct test_node n;
    test_node_init(&n);
    n.config.timeout_commit_ns = 3600000000000;
    test_node_start(&n);
    test_node_wait_height(&n, 1);
    int64_t before = clock_monotonic_ns();
    test_node_stop(&n);
    assert_true(clock_monotonic_ns() - before < 20000000000);
    // A genesis in the future neither makes a block nor keeps the node from stopping.
    struct test_node m;
    test_node_init(&m);
    m.genesis_time_ns = clock_realtime_ns() + 3600000000000;
    test_node_start(&m);
    usleep(20000);
    assert_int_equal(test_node_height(&m), 0);
    before = clock_monotonic_ns();
    test_node_stop(&m);
    assert_true(clock_monotonic_ns() - before < 20000000000);
    test_node_deinit(&m);
    test_node_deinit(&n);
}

static void test_halt_height_and_time(void **state)
{
    struct test_node n;
    test_node_init(&n);
    n.config.halt_height = 4;
    for (int i = 0; i < 2; i++) { // the second start makes no block
        test_node_start(&n);
        test_node_wait_end(&n);
        assert_int_equal(n.stop_wanted, 1);
        assert_int_equal(n.halted, 0);
        assert_int_equal(test_node_height(&n), 4);
        assert_int_equal(test_node_send(&n, "a=1"), ENGINE_STOPPING);
        test_node_stop(&n);
    }
    n.config.halt_height = 0;
    n.config.timeout_commit_ns = 50000000;
    n.config.halt_time_s = clock_realtime_ns() / 1000000000 + 1;
    test_node_start(&n);
    test_node_wait_end(&n);
    assert_int_equal(n.stop_wanted, 1);
    const struct engine_tip *tip = engine_tip(n.engine);
    assert_true(tip->time_ns / 1000000000 >= n.config.halt_time_s);
    assert_true(tip->height > 4);
    engine_tip_put(tip);
    test_node_verify_chain(&n);
    test_node_deinit(&n);
}

// ---- rollback and replay

static int64_t run_to(struct test_node *n, int64_t height, uint8_t ret_app_hash[32])
{
    test_node_start(n);
    char tx[32];
    for (int i = 0; i < 20; i++) {
        snprintf(tx, sizeof tx, "k%d=%d", i, i);
        test_node_send(n, tx);
        test_node_wait_height(n, test_node_height(n) + 1);
    }
    test_node_wait_height(n, height);
    test_node_stop(n);
    struct err e;
    assert_int_equal(test_node_open(n, &e), 0);
    const struct engine_tip *tip = engine_tip(n->engine);
    int64_t reached = tip->height;
    memcpy(ret_app_hash, tip->app_hash, 32);
    engine_tip_put(tip);
    test_node_stop(n);
    return reached;
}

static int roll_back(struct test_node *n, bool hard, struct rollback_result *ret, struct err *e)
{
    struct store_config config = {
        .path = n->store_path, .map_bytes = n->map_bytes, .history_blocks = 1000};
    pid_t pid;
    struct privval_state last;
    assert_int_equal(store_open(&config, &n->store, &pid, e), 0);
    assert_int_equal(privval_state_load(n->state_path, &last, NULL), 0);
    int result = chain_rollback(n->store, hard, &last, ret, e);
    store_close(n->store);
    n->store = NULL;
    return result;
}

static void test_rollback_replays_to_the_same_hash(void **state)
{
    struct test_node n;
    struct rollback_result r;
    struct err e = {0};
    uint8_t want[32];
    test_node_init(&n);
    int64_t top = run_to(&n, 10, want);
    for (int i = 1; i <= 6; i++) {
        assert_int_equal(roll_back(&n, false, &r, &e), 0);
        assert_int_equal(r.height, top - i);
        assert_int_equal(r.stored_height, top);
    }
    n.config.timeout_commit_ns = 3600000000000;
    n.app.blocks = n.app.first_blocks = 0;
    test_node_start(&n);
    test_node_wait_height(&n, top);
    const struct engine_tip *tip = engine_tip(n.engine);
    assert_memory_equal(tip->app_hash, want, 32);
    assert_false(tip->catching_up);
    engine_tip_put(tip);
    assert_int_equal(n.app.blocks, 6);
    assert_int_equal(n.app.first_blocks, 1);
    test_node_verify_chain(&n);
    test_node_stop(&n);
    n.config.timeout_commit_ns = 0;
    test_node_start(&n);
    test_node_wait_height(&n, top + 3);
    test_node_verify_chain(&n);
    test_node_deinit(&n);
}

// The plan's block was executed with a handler; the node is rolled back and started without it.
static void test_halt_during_replay(void **state)
{
    struct test_node n;
    struct rollback_result r;
    struct err e = {0};
    test_node_init(&n);
    n.app.has_handler = true;
    test_node_start(&n);
    assert_int_equal(test_node_send(&n, "plan=8"), 0);
    test_node_wait_height(&n, 12);
    test_node_stop(&n);
    int64_t top = 0;
    do
        assert_int_equal(roll_back(&n, false, &r, &e), 0);
    while (top = r.stored_height, r.height > 5);
    assert_true(top >= 12);
    n.app.has_handler = false;
    for (int i = 0; i < 2; i++) {
        test_node_start(&n);
        test_node_wait_end(&n);
        assert_int_equal(n.halted, 1);
        assert_int_equal(n.halt.height, 8);
        assert_int_equal(test_node_height(&n), 7);
        assert_int_equal(store_height(n.store), 7);
        test_node_stop(&n);
    }
    n.app.has_handler = true;
    test_node_start(&n);
    test_node_wait_height(&n, top + 2);
    test_node_verify_chain(&n);
    test_node_deinit(&n);
}

static void test_rollback_hard_decides_in_the_next_round(void **state)
{
    struct test_node n;
    struct rollback_result r;
    struct err e = {0};
    uint8_t hash[32];
    test_node_init(&n);
    int64_t top = run_to(&n, 5, hash);
    assert_int_equal(roll_back(&n, true, &r, &e), 0);
    assert_int_equal(r.height, top - 1);
    assert_int_equal(r.stored_height, top - 1);
    // More would be a second signature for a height below the last one.
    assert_int_equal(roll_back(&n, true, &r, &e), -EPERM);
    assert_non_null(strstr(e.text, "refuse to sign"));
    for (int i = 0; i < 2; i++) {
        test_node_start(&n);
        assert_int_equal(test_node_send(&n, i ? "other=2" : "other=1"), 0);
        test_node_wait_height(&n, top + (i ? 7 : 2));
        test_node_verify_chain(&n);
        test_node_stop(&n);
    }
    test_node_deinit(&n);
}

// ---- failures

static void test_state_machine_fails(void **state)
{
    struct test_node n;
    test_node_init(&n);
    n.app.fail_at = 4;
    test_node_start(&n);
    test_node_wait_end(&n);
    assert_int_equal(n.failed, 1);
    assert_string_equal(n.failure.text, "the state machine broke");
    assert_int_equal(test_node_height(&n), 3);
    assert_int_equal(test_node_send(&n, "a=1"), ENGINE_STOPPING);
    test_node_stop(&n);
    n.app.fail_at = 0;
    test_node_start(&n);
    test_node_wait_height(&n, 6);
    test_node_verify_chain(&n);
    test_node_deinit(&n);
}

static void test_full_store_stops_and_keeps_the_last_block(void **state)
{
    struct test_node n;
    test_node_init(&n);
    n.map_bytes = (size_t)4 << 20;
    test_node_start(&n);
    CLEANUP_FREE char *tx = malloc(200001);
    for (int i = 0; i < 500 && !n.failed; i++) {
        memset(tx, 'v', 200000);
        tx[200000] = '\0';
        tx[snprintf(tx, 30, "key%d", i)] = '=';
        test_node_send(&n, tx);
        pthread_mutex_lock(&n.lock);
        bool failed = n.failed;
        pthread_mutex_unlock(&n.lock);
        if (failed)
            break;
        test_node_wait_height(&n, test_node_height(&n) + 1);
    }
    test_node_wait_end(&n);
    assert_int_equal(n.failed, 1);
    assert_int_equal(n.failure.code, -ENOSPC);
    int64_t height = test_node_height(&n);
    test_node_stop(&n);
    n.map_bytes = (size_t)64 << 20;
    test_node_start(&n);
    assert_true(test_node_height(&n) >= height);
    test_node_wait_height(&n, height + 3);
    test_node_verify_chain(&n);
    test_node_deinit(&n);
}

static void test_another_validator_is_refused(void **state)
{
    struct test_node n;
    struct err e = {0};
    struct privval_key key;
    test_node_init(&n);
    test_node_start(&n);
    test_node_wait_height(&n, 1);
    test_node_stop(&n);
    assert_int_equal(privval_key_generate(&key, NULL), 0);
    assert_int_equal(privval_key_save(n.key_path, &key, NULL), 0);
    assert_int_equal(test_node_open(&n, &e), -EINVAL);
    assert_non_null(strstr(e.text, "priv_validator_key.json"));
    test_node_deinit(&n);
}

// A child makes blocks with transactions and is killed at some instant; what it said was committed
// must be there, the chain must be whole, and nothing signed twice (the signer would refuse).
static void test_kill_9(void **state)
{
    struct test_node n;
    test_node_init(&n);
    for (int round = 0; round < 12; round++) {
        int fd[2];
        assert_int_equal(pipe(fd), 0);
        pid_t child = fork();
        if (child == 0) {
            test_node_start(&n);
            for (int i = 0;; i++) {
                CLEANUP_ARENA struct arena arena = {0};
                struct engine_broadcast result;
                char tx[32];
                snprintf(tx, sizeof tx, "r%d.%d=%d", round, i, i);
                if (engine_broadcast_tx_commit(n.engine, slice_str(tx), 5000000000, &arena, &result,
                                               NULL) != 0 ||
                    write(fd[1], tx, sizeof tx) != sizeof tx)
                    _exit(1);
            }
        }
        close(fd[1]);
        char said[32], last[32] = "";
        for (int i = 0; i < 2 + round % 5; i++)
            if (read(fd[0], said, sizeof said) == sizeof said)
                memcpy(last, said, sizeof last);
        usleep((useconds_t)(round * 211));
        kill(child, SIGKILL);
        while (read(fd[0], said, sizeof said) == sizeof said)
            memcpy(last, said, sizeof last);
        close(fd[0]);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        char value[32];
        *strchr(last, '=') = '\0';
        struct err e;
        assert_int_equal(test_node_open(&n, &e), 0);
        assert_true(test_node_get(&n, last, value, sizeof value));
        test_node_verify_chain(&n);
        test_node_stop(&n);
    }
    test_node_deinit(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_hash_and_sign_as_a_chain),
        cmocka_unit_test(test_initial_height),
        cmocka_unit_test(test_restart_signs_the_tip_again),
        cmocka_unit_test(test_crash_before_the_signature),
        cmocka_unit_test(test_halt_hot_and_cold_and_on),
        cmocka_unit_test(test_waiters_come_back_at_a_halt),
        cmocka_unit_test(test_broadcast_commit),
        cmocka_unit_test(test_no_empty_blocks),
        cmocka_unit_test(test_timeout_commit),
        cmocka_unit_test(test_stop_does_not_wait_for_the_timeout),
        cmocka_unit_test(test_halt_height_and_time),
        cmocka_unit_test(test_rollback_replays_to_the_same_hash),
        cmocka_unit_test(test_halt_during_replay),
        cmocka_unit_test(test_rollback_hard_decides_in_the_next_round),
        cmocka_unit_test(test_state_machine_fails),
        cmocka_unit_test(test_full_store_stops_and_keeps_the_last_block),
        cmocka_unit_test(test_another_validator_is_refused),
        cmocka_unit_test(test_kill_9),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
