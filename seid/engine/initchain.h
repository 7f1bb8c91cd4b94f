// initchain: the first write of a chain: the state of its genesis, and the facts about it that
// later starts need (chain.h), in one batch.
#ifndef SEID_ENGINE_INITCHAIN_H
#define SEID_ENGINE_INITCHAIN_H

#include "base/err.h"
#include "seid/app/app.h"
#include "seid/config/genesis.h"
#include "seid/store/store.h"

// Whether the store holds a chain already.
int chain_is_initialised(struct store *s, bool *ret, struct err *e);

// Runs InitChain of the state machine on the empty store. Nothing is kept after a failure.
int chain_init(struct store *s, struct app *app, const struct genesis *genesis, struct err *e);

#endif
