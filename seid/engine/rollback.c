#include "seid/engine/rollback.h"

#include <errno.h>

#include "seid/engine/chain.h"
#include "seid/engine/eventindex.h"

struct rollback {
    struct store_snapshot *snap;
    struct store_batch *batch;
    int64_t height; // that is undone
    int64_t stored;
};

static int drop_blocks(struct rollback *r, const struct privval_state *signed_last, struct err *e)
{
    if (r->stored > r->height)
        return err_set(e, -EPERM,
                       "blocks up to %lld are stored above the state; start the node, which "
                       "executes them again, before one is removed",
                       (long long)r->stored);
    if (signed_last->height > r->height)
        return err_set(e, -EPERM,
                       "this validator has signed height %lld already and would refuse to sign "
                       "height %lld again",
                       (long long)signed_last->height, (long long)r->height);
    bool was_signed = signed_last->height == r->height;
    chain_put_round(r->batch, r->height, was_signed ? signed_last->round + 1 : 0);
    return chain_del_block(r->snap, r->batch, r->height, e);
}

static int undo(struct rollback *r, bool hard, const struct privval_state *signed_last,
                struct rollback_result *ret, struct err *e)
{
    int result = store_batch_undo(r->batch, ret->app_hash, e);
    if (result == STORE_PRUNED)
        return err_set(e, -ENOENT, "the history of height %lld is no longer kept",
                       (long long)r->height);
    if (result < 0)
        return result;
    chain_del_results(r->batch, r->height);
    result = eventindex_truncate(r->snap, r->batch, r->height, e);
    return result == 0 && hard ? drop_blocks(r, signed_last, e) : result;
}

static int with_snapshot(struct store *s, struct rollback *r, bool hard,
                         const struct privval_state *signed_last, struct rollback_result *ret,
                         struct err *e)
{
    r->height = store_snapshot_height(r->snap);
    r->stored = chain_height(r->snap);
    if (chain_base(r->snap) == 0 || r->height < chain_base(r->snap))
        return err_set(e, -ENOENT, "there is no block to roll back");
    int result = store_batch_begin(s, &r->batch, e);
    if (result < 0)
        return result;
    result = undo(r, hard, signed_last, ret, e);
    if (result < 0) {
        store_batch_abort(r->batch);
        return result;
    }
    ret->height = r->height - 1;
    ret->stored_height = hard ? r->height - 1 : r->stored;
    return store_batch_commit(r->batch, e);
}

int chain_rollback(struct store *s, bool hard, const struct privval_state *signed_last,
                   struct rollback_result *ret, struct err *e)
{
    struct rollback r = {0};
    int result = store_snapshot_open(s, &r.snap, e);
    if (result < 0)
        return result;
    result = with_snapshot(s, &r, hard, signed_last, ret, e);
    store_snapshot_close(r.snap);
    return result;
}
