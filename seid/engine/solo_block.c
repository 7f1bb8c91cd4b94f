#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "seid/engine/solo_impl.h"
#include "wire/crypto/hash.h"
#include "wire/pb_arena.h"
#include "wire/proto/tendermint_abci_types.pb-c.h"

enum { NS_A_MILLISECOND = 1000000 };

// ---- the next block: its header and bytes

struct proposal {
    struct tm_block block;
    struct tm_block_id id;
    struct slice bytes;
    uint8_t (*tx_hashes)[32];
    bool replay;
};

static void fill_header(const struct solo *s, const struct proposal *p, struct tm_header *h)
{
    const struct solo_last *last = &s->last;
    bool first = last->height < s->genesis.initial_height;
    *h = (struct tm_header){
        .block_version = TM_BLOCK_VERSION,
        .app_version = s->genesis.params.app_version,
        .chain_id = s->genesis.chain_id,
        .height = last->height + 1,
        .time_ns = first ? s->genesis.time_ns : last->commit_sig.time_ns,
        .last_block_id = last->id,
    };
    tm_commit_hash(&p->block.last_commit, h->last_commit_hash);
    tm_data_hash_of((const uint8_t(*)[32])p->tx_hashes, p->block.tx_count, h->data_hash);
    memcpy(h->validators_hash, s->validators_hash, TM_HASH_LEN);
    memcpy(h->next_validators_hash, s->validators_hash, TM_HASH_LEN);
    memcpy(h->consensus_hash, s->consensus_hash, TM_HASH_LEN);
    memcpy(h->app_hash, last->app_hash, TM_HASH_LEN);
    memcpy(h->last_results_hash, last->results_hash, TM_HASH_LEN);
    tm_empty_hash(h->evidence_hash);
    memcpy(h->proposer_address, s->genesis.validators[0].address, TM_ADDRESS_LEN);
}

static void make_block(struct solo *s, struct proposal *p)
{
    struct slice *txs;
    mempool_reap(s->mempool, s->max_data_bytes, s->genesis.params.block_max_gas, &s->block_arena,
                 &txs, &p->tx_hashes, &p->block.tx_count);
    p->block.txs = txs;
    if (s->last.height >= s->genesis.initial_height)
        p->block.last_commit = s->last.commit;
    fill_header(s, p, &p->block.header);
    struct buf bytes = {0};
    tm_block_encode(&p->block, &bytes);
    p->bytes = arena_slice(&s->block_arena, buf_slice(&bytes));
    buf_deinit(&bytes);
    tm_block_id_of(&p->block.header, p->bytes, &p->id);
}

// A block that is stored above the state: what it says about the state must hold.
static int stored_block(struct solo *s, struct store_snapshot *snap, struct proposal *p,
                        struct err *e)
{
    int64_t height = s->last.height + 1;
    struct slice bytes;
    if (!chain_block_bytes(snap, height, &bytes))
        return err_set(e, -EBADMSG, "block %lld is missing in the store", (long long)height);
    p->replay = true;
    p->bytes = arena_slice(&s->block_arena, bytes);
    int result = tm_block_decode(p->bytes, &s->block_arena, &p->block, e);
    if (result < 0)
        return err_context(e, "stored block %lld", (long long)height), result;
    tm_block_id_of(&p->block.header, p->bytes, &p->id);
    if (memcmp(p->block.header.app_hash, s->last.app_hash, TM_HASH_LEN) != 0) {
        char has[65], wants[65];
        enc_hex_upper(s->last.app_hash, TM_HASH_LEN, has);
        enc_hex_upper(p->block.header.app_hash, TM_HASH_LEN, wants);
        return err_set(e, -EBADMSG,
                       "stored block %lld cannot be executed again: it follows the app hash %s, "
                       "but the state has %s",
                       (long long)height, wants, has);
    }
    p->tx_hashes = arena_alloc(&s->block_arena, (p->block.tx_count + 1) * 32);
    for (size_t i = 0; i < p->block.tx_count; i++)
        hash_sha256(p->block.txs[i].data, p->block.txs[i].len, p->tx_hashes[i]);
    return 0;
}

// ---- execution

static void log_notes(const struct solo *s, const struct app_block_result *result)
{
    for (size_t i = 0; i < result->note_count; i++)
        log_write(s->config.log, (enum log_level)result->notes[i].level, result->notes[i].text,
                  NULL, 0);
}

static int execute(struct solo *s, struct store_snapshot *snap, const struct proposal *p,
                   struct app_block_result *ret, struct err *e)
{
    struct app_block block = {
        .height = p->block.header.height,
        .time_ns = p->block.header.time_ns,
        .txs = p->block.txs,
        .tx_count = p->block.tx_count,
    };
    memcpy(block.proposer, p->block.header.proposer_address, sizeof block.proposer);
    kv_overlay_reset(&s->state, store_snapshot_state(snap));
    memset(ret, 0, sizeof *ret);
    int result = app_finalize_block(s->config.app, &s->state.kv, &block, s->first_block,
                                    &s->block_arena, ret, e);
    log_notes(s, ret);
    if (result == 0 && s->state.kv.error.code) {
        *e = s->state.kv.error;
        result = e->code;
    }
    return result;
}

// ---- the batch

static void hash_results(const struct app_block_result *result, size_t count,
                         uint8_t ret[TM_HASH_LEN])
{
    struct tm_merkle tree = {0};
    for (size_t i = 0; i < count; i++) {
        const Tendermint__Abci__ExecTxResult *r = result->tx_results[i];
        tm_results_add(&tree, r->code, pb_slice(r->data), r->gas_wanted, r->gas_used);
    }
    tm_merkle_root(&tree, ret);
}

static void put_block(struct solo *s, struct store_batch *batch, const struct proposal *p)
{
    const struct tm_header *h = &p->block.header;
    struct buf meta = {0}, commit = {0};
    tm_block_meta_encode(&p->id, p->bytes.len, h, p->block.tx_count, &meta);
    bool first = h->height == s->genesis.initial_height;
    if (!first)
        tm_commit_encode(&p->block.last_commit, &commit);
    struct chain_record record = {
        .height = h->height,
        .first = first,
        .hash = p->id.hash,
        .block = p->bytes,
        .meta = buf_slice(&meta),
        .last_commit = buf_slice(&commit),
        .tx_hashes = (const uint8_t(*)[32])p->tx_hashes,
        .tx_count = p->block.tx_count,
    };
    chain_put_block(batch, &record);
    buf_deinit(&meta);
    buf_deinit(&commit);
}

static void put_results(struct solo *s, struct store_batch *batch, const struct proposal *p,
                        const struct app_block_result *result, uint8_t app_hash[TM_HASH_LEN])
{
    Tendermint__Abci__ResponseFinalizeBlock message =
        TENDERMINT__ABCI__RESPONSE_FINALIZE_BLOCK__INIT;
    message.events = result->events;
    message.n_events = result->event_count;
    message.tx_results = result->tx_results;
    message.n_tx_results = p->block.tx_count;
    message.app_hash = pb_bytes(slice_of(app_hash, TM_HASH_LEN));
    chain_put_results(batch, p->block.header.height, pb_pack(&message, &s->block_arena));
    if (s->index)
        eventindex_add(s->index, batch, p->block.header.height, &message);
}

// The second block before an upgrade, or the last before a halt height: who starts next finds a
// store that opens at once. Not the last one before an upgrade, where the work would be in the gap.
static bool stop_is_near(struct solo *s, int64_t height)
{
    int64_t plan = app_plan_height(&s->state.kv, &s->block_arena);
    return plan == height + 2 || s->config.halt_height == height + 1;
}

static int store_block(struct solo *s, const struct proposal *p,
                       const struct app_block_result *result, uint8_t ret_app_hash[TM_HASH_LEN],
                       struct err *e)
{
    struct store_batch *batch;
    const struct kv_change *changes;
    int outcome = store_batch_begin(s->config.store, &batch, e);
    if (outcome < 0)
        return outcome;
    if (stop_is_near(s, p->block.header.height))
        store_batch_settle(batch);
    size_t count = kv_overlay_changes(&s->state, &changes);
    outcome = store_batch_state(batch, p->block.header.height, changes, count, ret_app_hash, e);
    if (outcome < 0) {
        store_batch_abort(batch);
        return outcome;
    }
    put_results(s, batch, p, result, ret_app_hash);
    if (!p->replay)
        put_block(s, batch, p);
    return store_batch_commit(batch, e);
}

// ---- signing

// Signs the block of s->last and makes its commit.
static int sign_last(struct solo *s, struct store_snapshot *snap, struct err *e)
{
    struct solo_last *last = &s->last;
    int64_t now = clock_realtime_ns();
    int64_t least = last->time_ns + NS_A_MILLISECOND;
    struct privval_vote vote = {
        .step = PRIVVAL_STEP_PRECOMMIT,
        .height = last->height,
        .round = chain_round(snap, last->height),
        .block_id = last->id,
        .time_ns = now > least ? now : least,
    };
    last->commit_sig = (struct tm_commit_sig){.flag = TM_FLAG_COMMIT};
    memcpy(last->commit_sig.validator_address, privval_key(s->config.privval)->address,
           TM_ADDRESS_LEN);
    int result = privval_sign_vote(s->config.privval, s->genesis.chain_id, &vote,
                                   last->commit_sig.signature, &last->commit_sig.time_ns, e);
    last->commit = (struct tm_commit){
        .height = last->height,
        .round = vote.round,
        .block_id = last->id,
        .signatures = &last->commit_sig,
        .signature_count = 1,
    };
    return result;
}

static int stored_commit(struct solo *s, struct slice bytes, struct err *e)
{
    CLEANUP_ARENA struct arena arena = {0};
    struct tm_commit commit;
    int result = tm_commit_decode(bytes, &arena, &commit, e);
    if (result < 0)
        return result;
    if (commit.signature_count != 1)
        return err_set(e, -EBADMSG, "the stored commit of block %lld has %zu signatures",
                       (long long)s->last.height, commit.signature_count);
    s->last.commit_sig = commit.signatures[0];
    s->last.commit = commit;
    s->last.commit.signatures = &s->last.commit_sig;
    return 0;
}

// A block that has, or had, one above it was signed in its time: its commit is in the store. The
// newest one is signed, which after a restart gives the signature that there was.
static int commit_last(struct solo *s, struct store_snapshot *snap, struct err *e)
{
    struct slice bytes;
    if (chain_commit_bytes(snap, s->last.height, &bytes))
        return stored_commit(s, bytes, e);
    return sign_last(s, snap, e);
}

// ---- the check state follows

static void follow_mempool(struct solo *s, struct store_snapshot *snap,
                           const struct mempool_delivered *delivered)
{
    struct app_block next = {.height = s->last.height + 1,
                             .time_ns = s->last.commit.signature_count ? s->last.commit_sig.time_ns
                                                                       : s->genesis.time_ns};
    memcpy(next.proposer, s->genesis.validators[0].address, sizeof next.proposer);
    struct store_snapshot *old = s->check_snapshot;
    mempool_update(s->mempool, store_snapshot_state(snap), &next, delivered);
    s->check_snapshot = snap;
    store_snapshot_close(old);
}

static void deliver_to_mempool(struct solo *s, struct store_snapshot *snap,
                               const struct proposal *p, const struct app_block_result *result)
{
    uint32_t *codes = arena_alloc(&s->block_arena, (p->block.tx_count + 1) * sizeof *codes);
    for (size_t i = 0; i < p->block.tx_count; i++)
        codes[i] = result->tx_results[i]->code;
    struct mempool_delivered delivered = {(const uint8_t(*)[32])p->tx_hashes, codes,
                                          p->block.tx_count};
    follow_mempool(s, snap, &delivered);
}

// ---- from the store to s->last

static int load_last(struct solo *s, struct store_snapshot *snap, struct err *e)
{
    struct solo_last *last = &s->last;
    CLEANUP_ARENA struct arena arena = {0};
    struct slice bytes;
    struct tm_block block;
    if (!chain_block_bytes(snap, last->height, &bytes))
        return err_set(e, -EBADMSG, "block %lld is missing in the store", (long long)last->height);
    int result = tm_block_decode(bytes, &arena, &block, e);
    if (result < 0)
        return err_context(e, "stored block %lld", (long long)last->height), result;
    tm_block_id_of(&block.header, bytes, &last->id);
    last->time_ns = block.header.time_ns;
    memcpy(last->header_app_hash, block.header.app_hash, TM_HASH_LEN);
    result = chain_results_hash(snap, last->height, last->results_hash, e);
    if (result > 0)
        return err_set(e, -EBADMSG, "the results of block %lld are missing in the store",
                       (long long)last->height);
    return result < 0 ? result : commit_last(s, snap, e);
}

int solo_load(struct solo *s, struct err *e)
{
    struct store_snapshot *snap;
    int result = store_snapshot_open(s->config.store, &snap, e);
    if (result < 0)
        return result;
    s->last.height = store_snapshot_height(snap);
    store_snapshot_app_hash(snap, s->last.app_hash);
    s->stored_height = chain_height(snap);
    if (s->last.height >= s->genesis.initial_height)
        result = load_last(s, snap, e);
    else // an empty list of results, as CometBFT has it before the first block
        tm_empty_hash(s->last.results_hash);
    if (result == 0 && s->index)
        result = eventindex_load(s->index, snap, e);
    if (result < 0) {
        store_snapshot_close(snap);
        return result;
    }
    kv_overlay_init(&s->state, store_snapshot_state(snap));
    struct mempool_delivered none = {0};
    follow_mempool(s, snap, &none);
    return 0;
}

// ---- one block

static void remember(struct solo *s, const struct proposal *p,
                     const struct app_block_result *result, const uint8_t app_hash[TM_HASH_LEN])
{
    struct solo_last *last = &s->last;
    last->height = p->block.header.height;
    last->id = p->id;
    last->time_ns = p->block.header.time_ns;
    memcpy(last->header_app_hash, p->block.header.app_hash, TM_HASH_LEN);
    memcpy(last->app_hash, app_hash, TM_HASH_LEN);
    hash_results(result, p->block.tx_count, last->results_hash);
    if (s->stored_height < last->height)
        s->stored_height = last->height;
    s->first_block = false;
}

static void log_block(const struct solo *s, const struct proposal *p, int64_t began_ns)
{
    char hash[65], app_hash[65];
    enc_hex_upper(p->id.hash, 32, hash);
    enc_hex_upper(s->last.app_hash, 32, app_hash);
    log_info(s->config.log, p->replay ? "replayed block" : "committed block",
             LOG_INT("height", s->last.height), LOG_UINT("txs", p->block.tx_count),
             LOG_STR("hash", hash), LOG_STR("app_hash", app_hash),
             LOG_INT("took_us", (clock_monotonic_ns() - began_ns) / 1000));
}

static int run_block(struct solo *s, struct store_snapshot *snap, struct upgrade_halt *ret_halt,
                     struct err *e)
{
    struct proposal p = {0};
    struct app_block_result result;
    uint8_t app_hash[TM_HASH_LEN];
    int64_t began_ns = clock_monotonic_ns();
    int outcome = 0;
    if (s->last.height < s->stored_height)
        outcome = stored_block(s, snap, &p, e);
    else
        make_block(s, &p);
    if (outcome == 0)
        outcome = execute(s, snap, &p, &result, e);
    if (outcome == APP_HALT)
        *ret_halt = result.halt;
    if (outcome != 0)
        return outcome;
    solo_set_phase(s, ENGINE_PHASE_COMMITTING);
    outcome = store_block(s, &p, &result, app_hash, e);
    if (outcome < 0)
        return outcome;

    struct store_snapshot *after;
    remember(s, &p, &result, app_hash);
    outcome = store_snapshot_open(s->config.store, &after, e);
    if (outcome < 0)
        return outcome;
    outcome = commit_last(s, after, e);
    if (outcome < 0) {
        store_snapshot_close(after);
        return outcome;
    }
    log_block(s, &p, began_ns);
    deliver_to_mempool(s, after, &p, &result);
    solo_publish(s);
    return 0;
}

int solo_next_block(struct solo *s, struct upgrade_halt *ret_halt, struct err *e)
{
    struct store_snapshot *snap;
    solo_set_phase(s, ENGINE_PHASE_EXECUTING);
    arena_clear(&s->block_arena);
    int outcome = store_snapshot_open(s->config.store, &snap, e);
    if (outcome < 0)
        return outcome;
    outcome = run_block(s, snap, ret_halt, e);
    kv_overlay_reset(&s->state, store_snapshot_state(s->check_snapshot));
    store_snapshot_close(snap);
    return outcome;
}
