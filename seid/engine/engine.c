#include "seid/engine/engine.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct counted_tip {
    struct engine_tip tip; // first
    int references;
    uint8_t commit[];
};

const struct engine_tip *engine_tip_new(const struct engine_tip *content)
{
    struct counted_tip *t = mem_alloc(sizeof *t + content->seen_commit.len);
    t->tip = *content;
    t->references = 1;
    if (content->seen_commit.len)
        memcpy(t->commit, content->seen_commit.data, content->seen_commit.len);
    t->tip.seen_commit.data = t->commit;
    return &t->tip;
}

const struct engine_tip *engine_tip_take(const struct engine_tip *tip)
{
    struct counted_tip *t = (struct counted_tip *)(uintptr_t)tip;
    __atomic_fetch_add(&t->references, 1, __ATOMIC_RELAXED);
    return tip;
}

void engine_tip_put(const struct engine_tip *tip)
{
    struct counted_tip *t = (struct counted_tip *)(uintptr_t)tip;
    if (t && __atomic_sub_fetch(&t->references, 1, __ATOMIC_ACQ_REL) == 0)
        free(t);
}

const struct engine_tip *engine_tip(struct engine *e)
{
    return e->ops->tip(e);
}

const struct chain_genesis *engine_genesis(struct engine *e)
{
    return e->genesis;
}

const uint8_t *engine_validator_pub_key(struct engine *e)
{
    return e->validator_pub_key;
}

int engine_validator_index(struct engine *e)
{
    return e->validator_index;
}

int engine_broadcast_tx(struct engine *e, struct slice tx, enum engine_broadcast_mode mode,
                        struct arena *arena, struct engine_broadcast *ret, struct err *err)
{
    return e->ops->broadcast(e, tx, mode, arena, ret, err);
}

int engine_broadcast_tx_commit(struct engine *e, struct slice tx, int64_t timeout_ns,
                               struct arena *arena, struct engine_broadcast *ret, struct err *err)
{
    return e->ops->broadcast_commit(e, tx, timeout_ns, arena, ret, err);
}

int engine_check_tx(struct engine *e, struct slice tx, struct arena *arena,
                    struct engine_broadcast *ret, struct err *err)
{
    return e->ops->check(e, tx, arena, ret, err);
}

void engine_unconfirmed(struct engine *e, size_t limit, struct arena *arena,
                        struct engine_unconfirmed *ret)
{
    e->ops->unconfirmed(e, limit, arena, ret);
}

void engine_flush_mempool(struct engine *e)
{
    e->ops->flush_mempool(e);
}

void engine_consensus(struct engine *e, struct engine_consensus *ret)
{
    e->ops->consensus(e, ret);
}

const char *engine_phase_string(enum engine_phase phase)
{
    switch (phase) {
    case ENGINE_PHASE_STARTING:
        return "starting";
    case ENGINE_PHASE_REPLAYING:
        return "replaying";
    case ENGINE_PHASE_NEW_HEIGHT:
        return "new_height";
    case ENGINE_PHASE_EXECUTING:
        return "executing";
    case ENGINE_PHASE_COMMITTING:
        return "committing";
    case ENGINE_PHASE_HALTED:
        return "halted";
    case ENGINE_PHASE_STOPPED:
        return "stopped";
    case ENGINE_PHASE_FAILED:
        return "failed";
    }
    return "?";
}

int engine_start(struct engine *e, struct err *err)
{
    return e->ops->start(e, err);
}

void engine_request_stop(struct engine *e)
{
    e->ops->request_stop(e);
}

void engine_join(struct engine *e)
{
    e->ops->join(e);
}

void engine_free(struct engine *e)
{
    if (e)
        e->ops->free(e);
}
