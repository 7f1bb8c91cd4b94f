#include "seid/engine/solo.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "seid/engine/solo_impl.h"
#include "wire/crypto/hash.h"

// CometBFT's shares of a block that are not transactions (types/block.go): its own framing, the
// largest header, a commit and each of its signatures.
enum {
    BLOCK_OVERHEAD = 11,
    HEADER_MAX = 626,
    COMMIT_OVERHEAD = 94,
    COMMIT_SIG_MAX = 109,
    BLOCK_BYTES_MAX = 104857600, // what max_bytes -1 stands for
};
enum { NS_A_SECOND = 1000000000 };

static struct solo *solo_of(struct engine *e)
{
    return (struct solo *)e;
}

// ---- what the others see

void solo_set_phase(struct solo *s, enum engine_phase phase)
{
    pthread_mutex_lock(&s->lock);
    s->phase = phase;
    s->phase_since_ns = clock_realtime_ns();
    pthread_mutex_unlock(&s->lock);
}

static void fill_earliest(struct solo *s, struct engine_tip *tip)
{
    if (s->tip && s->tip->earliest_height) {
        tip->earliest_height = s->tip->earliest_height;
        memcpy(tip->earliest_hash, s->tip->earliest_hash, sizeof tip->earliest_hash);
        memcpy(tip->earliest_app_hash, s->tip->earliest_app_hash, sizeof tip->earliest_app_hash);
        tip->earliest_time_ns = s->tip->earliest_time_ns;
        return;
    }
    CLEANUP_ARENA struct arena arena = {0};
    struct slice bytes;
    struct tm_block block;
    struct tm_block_id id;
    int64_t base = chain_base(s->check_snapshot);
    if (!chain_block_bytes(s->check_snapshot, base, &bytes) ||
        tm_block_decode(bytes, &arena, &block, NULL) < 0)
        return;
    tm_block_id_of(&block.header, bytes, &id);
    tip->earliest_height = base;
    memcpy(tip->earliest_hash, id.hash, sizeof tip->earliest_hash);
    memcpy(tip->earliest_app_hash, block.header.app_hash, sizeof tip->earliest_app_hash);
    tip->earliest_time_ns = block.header.time_ns;
}

static const struct engine_tip *make_tip(struct solo *s)
{
    const struct solo_last *last = &s->last;
    struct engine_tip tip = {.catching_up = last->height < s->stored_height};
    memcpy(tip.app_hash, last->app_hash, sizeof tip.app_hash);
    if (last->height < s->genesis.initial_height)
        return engine_tip_new(&tip);
    struct buf commit = {0};
    tm_commit_encode(&last->commit, &commit);
    tip.height = last->height;
    memcpy(tip.hash, last->id.hash, sizeof tip.hash);
    tip.parts_total = last->id.parts_total;
    memcpy(tip.parts_hash, last->id.parts_hash, sizeof tip.parts_hash);
    tip.time_ns = last->time_ns;
    memcpy(tip.header_app_hash, last->header_app_hash, sizeof tip.header_app_hash);
    memcpy(tip.last_results_hash, last->results_hash, sizeof tip.last_results_hash);
    tip.seen_commit = buf_slice(&commit);
    tip.commit_time_ns = last->commit_sig.time_ns;
    fill_earliest(s, &tip);
    const struct engine_tip *made = engine_tip_new(&tip);
    buf_deinit(&commit);
    return made;
}

void solo_publish(struct solo *s)
{
    const struct engine_tip *tip = make_tip(s);
    pthread_mutex_lock(&s->lock);
    const struct engine_tip *old = s->tip;
    s->tip = tip;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    engine_tip_put(old);
    if (s->config.callbacks.block && tip->height)
        s->config.callbacks.block(s->config.callbacks.ctx, tip);
}

static const struct engine_tip *op_tip(struct engine *e)
{
    struct solo *s = solo_of(e);
    pthread_mutex_lock(&s->lock);
    const struct engine_tip *tip = engine_tip_take(s->tip);
    pthread_mutex_unlock(&s->lock);
    return tip;
}

static void op_consensus(struct engine *e, struct engine_consensus *ret)
{
    struct solo *s = solo_of(e);
    pthread_mutex_lock(&s->lock);
    *ret = (struct engine_consensus){
        .height = s->tip->height ? s->tip->height + 1 : s->genesis.initial_height,
        .phase = s->phase,
        .since_ns = s->phase_since_ns,
    };
    pthread_mutex_unlock(&s->lock);
}

// From now on transactions are refused with this text; the first reason stays.
static void end_transactions(struct solo *s, int outcome, const char *text)
{
    pthread_mutex_lock(&s->lock);
    bool first = s->ended == 0;
    if (first) {
        s->ended = outcome;
        snprintf(s->refusal, sizeof s->refusal, "%s", text);
    }
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (first)
        mempool_close(s->mempool, text);
}

// ---- transactions

static int ended(struct solo *s, struct arena *arena, const char **ret_text)
{
    pthread_mutex_lock(&s->lock);
    int outcome = s->ended;
    if (outcome)
        *ret_text = arena_strndup(arena, s->refusal, strlen(s->refusal));
    pthread_mutex_unlock(&s->lock);
    return outcome;
}

static int outcome_of(struct solo *s, int mempool_outcome, struct arena *arena,
                      struct engine_broadcast *ret)
{
    switch (mempool_outcome) {
    case MEMPOOL_IN_CACHE:
        return ENGINE_TX_IN_CACHE;
    case MEMPOOL_FULL:
        return ENGINE_MEMPOOL_FULL;
    case MEMPOOL_TOO_LARGE:
        return ENGINE_TX_TOO_LARGE;
    case MEMPOOL_CLOSED:
        mempool_outcome = ended(s, arena, &ret->refusal);
        return mempool_outcome ? mempool_outcome : ENGINE_STOPPING;
    default:
        return 0;
    }
}

// Signatures are the expensive part: checked here, on the caller's thread, without a lock.
static int verify(struct solo *s, struct slice tx, struct arena *arena,
                  const struct app_decoded **ret, struct err *err)
{
    struct store_snapshot *snap;
    int result = store_snapshot_open(s->config.store, &snap, err);
    if (result < 0)
        return result;
    *ret = app_verify_tx(s->config.app, store_snapshot_state(snap), tx, arena);
    store_snapshot_close(snap);
    return 0;
}

static int op_broadcast(struct engine *e, struct slice tx, enum engine_broadcast_mode mode,
                        struct arena *arena, struct engine_broadcast *ret, struct err *err)
{
    struct solo *s = solo_of(e);
    const struct app_decoded *decoded = NULL;
    memset(ret, 0, sizeof *ret);
    hash_sha256(tx.data, tx.len, ret->hash);
    int outcome = ended(s, arena, &ret->refusal);
    if (outcome == 0 && tx.len <= s->config.mempool.max_tx_bytes)
        outcome = verify(s, tx, arena, &decoded, err);
    if (outcome != 0)
        return outcome;
    outcome = mempool_check(s->mempool, tx, ret->hash, decoded, arena, &ret->check, &ret->refusal);
    if (mode == ENGINE_BROADCAST_ASYNC)
        memset(&ret->check, 0, sizeof ret->check);
    return outcome_of(s, outcome, arena, ret);
}

static bool find_committed(struct solo *s, struct engine_broadcast *ret, int64_t published)
{
    struct store_snapshot *snap;
    int64_t height = 0;
    if (store_snapshot_open(s->config.store, &snap, NULL) < 0)
        return false;
    bool found = chain_find_tx(snap, ret->hash, &height, &ret->index) && height <= published;
    store_snapshot_close(snap);
    if (found)
        ret->height = height;
    return found;
}

// Waits for a tip above `seen`. 0, or why there will be none.
static int wait_tip(struct solo *s, int64_t *seen, int64_t deadline_ns, struct arena *arena,
                    struct engine_broadcast *ret)
{
    struct timespec until = {deadline_ns / NS_A_SECOND, deadline_ns % NS_A_SECOND};
    int outcome = 0;
    pthread_mutex_lock(&s->lock);
    while (outcome == 0 && s->tip->height <= *seen) {
        if (s->ended) {
            outcome = s->ended;
            ret->refusal = arena_strndup(arena, s->refusal, strlen(s->refusal));
        } else if (pthread_cond_timedwait(&s->changed, &s->lock, &until) == ETIMEDOUT &&
                   s->tip->height <= *seen && !s->ended) {
            outcome = ENGINE_TIMEOUT;
            ret->refusal = "timed out waiting for tx to be included in a block";
        }
    }
    *seen = s->tip->height;
    pthread_mutex_unlock(&s->lock);
    return outcome;
}

static int wait_committed(struct solo *s, int64_t seen, int64_t deadline_ns, struct arena *arena,
                          struct engine_broadcast *ret)
{
    for (;;) {
        int outcome = wait_tip(s, &seen, deadline_ns, arena, ret);
        if (outcome != 0)
            return outcome;
        if (find_committed(s, ret, seen))
            return 0;
    }
}

static bool enter_waiter(struct solo *s, int64_t *ret_height)
{
    pthread_mutex_lock(&s->lock);
    bool room = s->waiters < s->config.max_waiters;
    s->waiters += room;
    *ret_height = s->tip->height;
    pthread_mutex_unlock(&s->lock);
    return room;
}

static void leave_waiter(struct solo *s)
{
    pthread_mutex_lock(&s->lock);
    s->waiters--;
    pthread_mutex_unlock(&s->lock);
}

static int op_broadcast_commit(struct engine *e, struct slice tx, int64_t timeout_ns,
                               struct arena *arena, struct engine_broadcast *ret, struct err *err)
{
    struct solo *s = solo_of(e);
    int64_t seen, deadline_ns = clock_monotonic_ns() + timeout_ns;
    if (!enter_waiter(s, &seen)) {
        memset(ret, 0, sizeof *ret);
        hash_sha256(tx.data, tx.len, ret->hash);
        ret->refusal = arena_printf(arena, "too many broadcast_tx_commit requests wait (max: %zu)",
                                    s->config.max_waiters);
        return ENGINE_TOO_MANY_WAITERS;
    }
    int outcome = op_broadcast(e, tx, ENGINE_BROADCAST_SYNC, arena, ret, err);
    if (outcome == 0 && ret->check.code == 0)
        outcome = wait_committed(s, seen, deadline_ns, arena, ret);
    leave_waiter(s);
    return outcome;
}

static int op_check(struct engine *e, struct slice tx, struct arena *arena,
                    struct engine_broadcast *ret, struct err *err)
{
    struct solo *s = solo_of(e);
    const struct app_decoded *decoded;
    memset(ret, 0, sizeof *ret);
    hash_sha256(tx.data, tx.len, ret->hash);
    int outcome = ended(s, arena, &ret->refusal);
    if (outcome == 0)
        outcome = verify(s, tx, arena, &decoded, err);
    if (outcome == 0)
        mempool_probe(s->mempool, tx, arena, &ret->check);
    return outcome;
}

static void op_unconfirmed(struct engine *e, size_t limit, struct arena *arena,
                           struct engine_unconfirmed *ret)
{
    struct mempool_stats stats;
    mempool_list(solo_of(e)->mempool, limit, arena, &ret->txs, &ret->count, &stats);
    ret->total = stats.count;
    ret->total_bytes = stats.bytes;
}

static void op_flush_mempool(struct engine *e)
{
    mempool_flush(solo_of(e)->mempool);
}

// ---- the consensus thread: when the next block is made

static bool stopping(struct solo *s)
{
    pthread_mutex_lock(&s->lock);
    bool stop = s->stop;
    pthread_mutex_unlock(&s->lock);
    return stop;
}

// True when it was asked to stop before the (monotonic) time.
static bool sleep_until(struct solo *s, int64_t deadline_ns)
{
    struct timespec until = {deadline_ns / NS_A_SECOND, deadline_ns % NS_A_SECOND};
    int timed_out = 0;
    pthread_mutex_lock(&s->lock);
    while (!s->stop && timed_out == 0)
        timed_out = pthread_cond_timedwait(&s->changed, &s->lock, &until);
    bool stop = s->stop;
    pthread_mutex_unlock(&s->lock);
    return stop;
}

static bool is_first(const struct solo *s)
{
    return s->last.height < s->genesis.initial_height;
}

// timeout_commit counts from the commit, also across a restart; a clock that was set back never
// makes it longer. The first block waits for the time of the genesis.
static int64_t earliest_start(const struct solo *s)
{
    int64_t now = clock_realtime_ns();
    int64_t wait;
    if (is_first(s)) {
        wait = s->genesis.time_ns - now;
    } else {
        wait = s->last.commit_sig.time_ns + s->config.timeout_commit_ns - now;
        if (wait > s->config.timeout_commit_ns)
            wait = s->config.timeout_commit_ns;
    }
    return clock_monotonic_ns() + (wait > 0 ? wait : 0);
}

// CometBFT's needProofBlock: a change of the state is proven by one more block.
static bool needs_block(const struct solo *s)
{
    return s->config.create_empty_blocks || is_first(s) ||
           memcmp(s->last.app_hash, s->last.header_app_hash, TM_HASH_LEN) != 0;
}

// False when it was asked to stop.
static bool wait_for_next(struct solo *s)
{
    if (s->last.height < s->stored_height) {
        solo_set_phase(s, ENGINE_PHASE_REPLAYING);
        return !stopping(s);
    }
    solo_set_phase(s, ENGINE_PHASE_NEW_HEIGHT);
    int64_t start = earliest_start(s);
    if (sleep_until(s, start))
        return false;
    if (needs_block(s))
        return true;
    int64_t interval = s->config.create_empty_blocks_interval_ns;
    int64_t deadline = interval > 0 ? start + interval : 0;
    while (!mempool_wait(s->mempool, deadline)) {
        if (stopping(s))
            return false;
        if (deadline && clock_monotonic_ns() >= deadline)
            return true;
    }
    return !stopping(s);
}

// ---- the consensus thread: how it ends

static void on_halt(struct solo *s, const struct upgrade_halt *halt, int64_t began_ns)
{
    char text[512];
    snprintf(text, sizeof text,
             "the node has halted before block %lld (exit code %d): %s; it takes no transactions",
             (long long)halt->height, halt->reason, halt->log_text ? halt->log_text : "");
    end_transactions(s, ENGINE_HALTED, text);
    solo_set_phase(s, ENGINE_PHASE_HALTED);
    if (s->config.callbacks.halted)
        s->config.callbacks.halted(s->config.callbacks.ctx, halt, began_ns);
}

static void on_failure(struct solo *s, const struct err *err)
{
    end_transactions(s, ENGINE_STOPPING, "the node is stopping after an error");
    solo_set_phase(s, ENGINE_PHASE_FAILED);
    if (s->config.callbacks.failed)
        s->config.callbacks.failed(s->config.callbacks.ctx, err);
}

// --halt-height and --halt-time: true when the chain has reached it.
static bool halt_wanted(const struct solo *s, const char **ret_why)
{
    if (is_first(s))
        return false;
    *ret_why = "halt-height";
    if (s->config.halt_height > 0 && s->last.height >= s->config.halt_height)
        return true;
    *ret_why = "halt-time";
    return s->config.halt_time_s > 0 && s->last.time_ns / NS_A_SECOND >= s->config.halt_time_s;
}

static void on_halt_wanted(struct solo *s, const char *why)
{
    log_info(s->config.log, "halting node per configuration", LOG_STR("setting", why),
             LOG_INT("height", s->last.height));
    end_transactions(s, ENGINE_STOPPING, "the node is stopping");
    solo_set_phase(s, ENGINE_PHASE_STOPPED);
    if (s->config.callbacks.stop_wanted)
        s->config.callbacks.stop_wanted(s->config.callbacks.ctx, why);
}

static void *consensus_thread(void *arg)
{
    struct solo *s = arg;
    for (;;) {
        const char *why;
        struct upgrade_halt halt;
        struct err err = {0};
        if (halt_wanted(s, &why)) {
            on_halt_wanted(s, why);
            return NULL;
        }
        if (!wait_for_next(s))
            break;
        int64_t began_ns = clock_realtime_ns();
        int outcome = solo_next_block(s, &halt, &err);
        if (outcome < 0) {
            on_failure(s, &err);
            return NULL;
        }
        if (outcome == APP_HALT) {
            on_halt(s, &halt, began_ns);
            return NULL;
        }
    }
    solo_set_phase(s, ENGINE_PHASE_STOPPED);
    return NULL;
}

// ---- life cycle

static int op_start(struct engine *e, struct err *err)
{
    struct solo *s = solo_of(e);
    // Signals are the main thread's.
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int result = pthread_create(&s->thread, NULL, consensus_thread, s);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (result != 0)
        return err_errno(err, result, "cannot start the consensus thread");
    pthread_setname_np(s->thread, "consensus");
    s->started = true;
    return 0;
}

static void op_request_stop(struct engine *e)
{
    struct solo *s = solo_of(e);
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    end_transactions(s, ENGINE_STOPPING, "the node is stopping");
    mempool_wake(s->mempool);
}

static void op_join(struct engine *e)
{
    struct solo *s = solo_of(e);
    if (s->started && !s->joined) {
        pthread_join(s->thread, NULL);
        s->joined = true;
    }
}

static void op_free(struct engine *e)
{
    struct solo *s = solo_of(e);
    engine_tip_put(s->tip);
    mempool_free(s->mempool);
    if (s->check_snapshot)
        kv_overlay_deinit(&s->state);
    store_snapshot_close(s->check_snapshot);
    eventindex_free(s->index);
    arena_deinit(&s->block_arena);
    arena_deinit(&s->arena);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static const struct engine_ops solo_ops = {
    .name = "solo",
    .start = op_start,
    .request_stop = op_request_stop,
    .join = op_join,
    .free = op_free,
    .tip = op_tip,
    .broadcast = op_broadcast,
    .broadcast_commit = op_broadcast_commit,
    .check = op_check,
    .unconfirmed = op_unconfirmed,
    .flush_mempool = op_flush_mempool,
    .consensus = op_consensus,
};

static int load_genesis(struct solo *s, struct err *e)
{
    struct store_snapshot *snap;
    int result = store_snapshot_open(s->config.store, &snap, e);
    if (result < 0)
        return result;
    result = chain_genesis(snap, &s->arena, &s->genesis, e);
    store_snapshot_close(snap);
    if (result > 0)
        return err_set(e, -EINVAL, "the store holds no chain");
    if (result < 0)
        return result;
    if (s->genesis.validator_count != 1)
        return err_set(e, -EINVAL,
                       "the solo engine makes blocks for exactly one validator, and the genesis "
                       "has %zu",
                       s->genesis.validator_count);
    if (memcmp(s->genesis.validators[0].pub_key, privval_key(s->config.privval)->pub,
               TM_PUBKEY_LEN) != 0)
        return err_set(e, -EINVAL,
                       "the genesis' validator is another one than that of "
                       "priv_validator_key.json");
    return 0;
}

static void fixed_hashes(struct solo *s)
{
    struct tm_validator validator = {.power = s->genesis.validators[0].power};
    memcpy(validator.pub_key, s->genesis.validators[0].pub_key, TM_PUBKEY_LEN);
    memcpy(validator.address, s->genesis.validators[0].address, TM_ADDRESS_LEN);
    tm_validators_hash(&validator, 1, s->validators_hash);
    tm_params_hash(s->genesis.params.block_max_bytes, s->genesis.params.block_max_gas,
                   s->consensus_hash);
    memcpy(s->engine.validator_pub_key, validator.pub_key, TM_PUBKEY_LEN);
}

static int64_t data_bytes(const struct chain_params *params)
{
    int64_t block = params->block_max_bytes < 0 ? BLOCK_BYTES_MAX : params->block_max_bytes;
    int64_t data = block - BLOCK_OVERHEAD - HEADER_MAX - COMMIT_OVERHEAD - COMMIT_SIG_MAX;
    return data > 0 ? data : 0;
}

static void app_check(void *ctx, struct kv *check_state, const struct app_block *next,
                      struct slice tx, const struct app_decoded *decoded, enum app_check_mode mode,
                      struct arena *arena, struct app_check_result *ret)
{
    app_check_tx(ctx, check_state, next, tx, decoded, mode, arena, ret);
}

static void make_mempool(struct solo *s)
{
    s->max_data_bytes = data_bytes(&s->genesis.params);
    struct mempool_config *config = &s->config.mempool;
    config->max_block_gas = s->genesis.params.block_max_gas;
    // A transaction must fit a block with its tag and length.
    size_t fits = s->max_data_bytes > 11 ? (size_t)s->max_data_bytes - 11 : 0;
    if (config->max_tx_bytes > fits)
        config->max_tx_bytes = fits;
    struct mempool_app app = {s->config.app, app_check};
    s->mempool = mempool_new(config, &app);
}

static void init_locks(struct solo *s)
{
    pthread_condattr_t attr;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &attr);
    pthread_condattr_destroy(&attr);
}

int engine_solo_new(const struct solo_config *config, struct engine **ret, struct err *e)
{
    struct solo *s = mem_zalloc(sizeof *s);
    s->engine.ops = &solo_ops;
    s->engine.genesis = &s->genesis;
    s->config = *config;
    s->first_block = true;
    init_locks(s);
    int result = load_genesis(s, e);
    if (result == 0) {
        fixed_hashes(s);
        make_mempool(s);
        if (config->index_events)
            s->index = eventindex_new();
        result = solo_load(s, e);
    }
    if (result < 0) {
        op_free(&s->engine);
        return result;
    }
    s->tip = make_tip(s);
    solo_set_phase(s, ENGINE_PHASE_STARTING);
    *ret = &s->engine;
    return 0;
}
