// solo_impl: what solo.c (life cycle, waiting, transactions) and solo_block.c (one block) share.
#ifndef SEID_ENGINE_SOLO_IMPL_H
#define SEID_ENGINE_SOLO_IMPL_H

#include <pthread.h>
#include <stdbool.h>

#include "base/arena.h"
#include "seid/engine/eventindex.h"
#include "seid/engine/solo.h"
#include "seid/store/kv_overlay.h"
#include "wire/tm.h"

// What the next header is made from: about the newest block that is executed and signed.
struct solo_last {
    int64_t height; // initial_height - 1 before the first block
    struct tm_block_id id;
    uint8_t app_hash[TM_HASH_LEN];        // after it
    uint8_t header_app_hash[TM_HASH_LEN]; // in it
    uint8_t results_hash[TM_HASH_LEN];
    int64_t time_ns; // of its header
    struct tm_commit commit;
    struct tm_commit_sig commit_sig;
};

struct solo {
    struct engine engine; // first
    struct solo_config config;
    struct arena arena; // of the engine's life: genesis facts
    struct chain_genesis genesis;
    uint8_t validators_hash[TM_HASH_LEN];
    uint8_t consensus_hash[TM_HASH_LEN];
    int64_t max_data_bytes; // of a block's transactions

    struct mempool *mempool;
    pthread_t thread;
    bool started, joined;

    // Of the consensus thread (and of engine_solo_new before it runs).
    struct solo_last last;
    int64_t stored_height; // of the newest stored block: above last.height while replaying
    bool first_block;      // none was executed since the process started
    struct eventindex *index;
    struct store_snapshot *check_snapshot; // under the mempool's check state
    struct kv_overlay state;
    struct arena block_arena;

    pthread_mutex_t lock; // of all below
    pthread_cond_t changed;
    const struct engine_tip *tip;
    enum engine_phase phase;
    int64_t phase_since_ns;
    bool stop;
    size_t waiters;
    char refusal[512]; // why transactions are refused, once `ended`
    int ended;         // 0, ENGINE_HALTED or ENGINE_STOPPING
};

// Fills s->last from the store and signs the newest block (again).
int solo_load(struct solo *s, struct err *e);
// Executes, stores and signs the next block: the stored one when there is one (replay), else a new
// one. 0; APP_HALT with *ret_halt (texts in s->block_arena) and nothing kept; < 0.
int solo_next_block(struct solo *s, struct upgrade_halt *ret_halt, struct err *e);

// Tells everybody (solo.c).
void solo_publish(struct solo *s);
void solo_set_phase(struct solo *s, enum engine_phase phase);

#endif
