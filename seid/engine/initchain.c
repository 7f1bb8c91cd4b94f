#include "seid/engine/initchain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "seid/engine/chain.h"
#include "seid/store/kv_overlay.h"

int chain_is_initialised(struct store *s, bool *ret, struct err *e)
{
    CLEANUP_ARENA struct arena arena = {0};
    struct store_snapshot *snap;
    struct chain_genesis genesis;
    int result = store_snapshot_open(s, &snap, e);
    if (result < 0)
        return result;
    result = chain_genesis(snap, &arena, &genesis, e);
    store_snapshot_close(snap);
    *ret = result == 0;
    return result < 0 ? result : 0;
}

static int run_app(struct app *app, struct kv *state, const struct genesis *genesis, struct err *e)
{
    const struct chain_genesis *chain = &genesis->chain;
    struct app_genesis g = {
        .chain_id = chain->chain_id,
        .time_ns = chain->time_ns,
        .initial_height = chain->initial_height,
        .app_state_json = genesis->app_state,
        .validator_count = chain->validator_count,
    };
    CLEANUP_FREE struct app_genesis_validator *validators =
        mem_calloc(chain->validator_count + 1, sizeof *validators);
    for (size_t i = 0; i < chain->validator_count; i++) {
        memcpy(validators[i].pub_key, chain->validators[i].pub_key, sizeof validators[i].pub_key);
        validators[i].power = chain->validators[i].power;
    }
    g.validators = validators;
    int result = app_init_chain(app, state, &g, e);
    if (result == 0 && state->error.code) {
        *e = state->error;
        result = e->code;
    }
    return result;
}

static int write_genesis(struct store *s, const struct chain_genesis *chain,
                         struct kv_overlay *state, struct err *e)
{
    struct store_batch *batch;
    const struct kv_change *changes;
    uint8_t app_hash[STORE_HASH_BYTES];
    int result = store_batch_begin(s, &batch, e);
    if (result < 0)
        return result;
    size_t count = kv_overlay_changes(state, &changes);
    result = store_batch_state(batch, chain->initial_height - 1, changes, count, app_hash, e);
    if (result < 0) {
        store_batch_abort(batch);
        return result;
    }
    chain_put_genesis(batch, chain);
    return store_batch_commit(batch, e);
}

int chain_init(struct store *s, struct app *app, const struct genesis *genesis, struct err *e)
{
    struct store_snapshot *snap;
    int result = store_snapshot_open(s, &snap, e);
    if (result < 0)
        return result;
    struct kv_overlay state;
    kv_overlay_init(&state, store_snapshot_state(snap));
    result = run_app(app, &state.kv, genesis, e);
    if (result < 0)
        err_context(e, "genesis");
    else
        result = write_genesis(s, &genesis->chain, &state, e);
    kv_overlay_deinit(&state);
    store_snapshot_close(snap);
    return result;
}
