// solo: the embedded engine: one validator, no peers. Its blocks hash, sign and are stored as
// CometBFT's.
//
// One block H: transactions from the mempool; time of the commit before; executed in memory (a halt
// ends here, nothing of H is kept); one durable batch with block, results, state and indexes; the
// precommit of H signed; H published. A crash between any two of these restarts at the last block
// that the batch made durable: its precommit is signed again, which gives the same signature.
#ifndef SEID_ENGINE_SOLO_H
#define SEID_ENGINE_SOLO_H

#include "seid/engine/engine.h"
#include "seid/engine/mempool.h"
#include "seid/engine/privval.h"

struct solo_config {
    // Borrowed for the engine's life.
    struct store *store;
    struct app *app;
    struct privval *privval;
    const struct log *log;

    struct mempool_config mempool; // max_block_gas and a smaller max_tx_bytes come from genesis
    int64_t timeout_commit_ns;     // from one commit to the next block; 0: at once
    bool create_empty_blocks;
    int64_t create_empty_blocks_interval_ns; // when false above: an empty block so often; 0: never
    // An ordinary stop after the block of this height, or the first one at or past this time. A
    // chain that is there already makes no further block. 0: none.
    int64_t halt_height;
    int64_t halt_time_s;
    bool index_events;
    size_t max_waiters; // of broadcast_tx_commit
    struct engine_callbacks callbacks;
};

// The store must have been through chain_init (initchain.h). Needs a genesis with exactly one
// validator, the one of `privval`. Signs the newest block again; refused by the double-sign rule
// (-EPERM) when the validator's state is ahead of the store.
int engine_solo_new(const struct solo_config *config, struct engine **ret, struct err *e);

#endif
