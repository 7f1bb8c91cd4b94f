// rollback: takes the newest block's effects back, offline.
#ifndef SEID_ENGINE_ROLLBACK_H
#define SEID_ENGINE_ROLLBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "seid/engine/privval.h"
#include "seid/store/store.h"

struct rollback_result {
    int64_t height; // of the state now
    uint8_t app_hash[STORE_HASH_BYTES];
    int64_t stored_height; // of the newest stored block: above `height`, it is executed again
};

// Undoes the state, results and index entries of the newest block. The block itself stays and is
// executed again at the next start; with `hard` it goes too, and a new one is made in its place, in
// the next round of consensus, because this validator has signed the old one (`signed_last`, what
// priv_validator_state.json says). -EPERM: more than that block would go, and the validator would
// rightly refuse to sign again. -ENOENT: nothing to undo, or its history is pruned.
int chain_rollback(struct store *s, bool hard, const struct privval_state *signed_last,
                   struct rollback_result *ret, struct err *e);

#endif
