// chain: blocks and what belongs to them, in the plain tables of the store.
//
// Stored encodings are CometBFT 0.38's protobuf messages:
//   STORE_BLOCK   height be64                tendermint.types.Block
//   STORE_META    height be64                tendermint.types.BlockMeta (block id, size, header)
//   STORE_COMMIT  height be64                tendermint.types.Commit for that height; the one of
//   the
//                                            newest block is in the published tip (engine.h)
//   STORE_RESULT  height be64                tendermint.abci.ResponseFinalizeBlock
//   STORE_HASH    block hash                 height be64
//   STORE_TX      sha256 of the transaction  height be64, index be32
//   STORE_EVENT   see eventindex.h
//   STORE_SYS     "chain/..."                base and newest stored height, genesis facts
// After `rollback` the newest stored block can be above the state's height (store_snapshot_height).
//
// Reads work on a snapshot, from any thread; what is borrowed lives as long as the snapshot.
// Decoded messages live in the arena, never freed one by one.
#ifndef SEID_ENGINE_CHAIN_H
#define SEID_ENGINE_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "seid/store/store.h"

struct Tendermint__Types__Block;
struct Tendermint__Types__BlockMeta;
struct Tendermint__Types__Commit;
struct Tendermint__Abci__ResponseFinalizeBlock;
struct Tendermint__Abci__ExecTxResult;

enum { CHAIN_HASH_BYTES = 32 };

// The newest and the oldest stored height; 0 when there is no block yet.
int64_t chain_height(struct store_snapshot *snap);
int64_t chain_base(struct store_snapshot *snap);

// The stored bytes. False when there are none.
bool chain_block_bytes(struct store_snapshot *snap, int64_t height, struct slice *ret);
bool chain_meta_bytes(struct store_snapshot *snap, int64_t height, struct slice *ret);
bool chain_commit_bytes(struct store_snapshot *snap, int64_t height, struct slice *ret);
bool chain_results_bytes(struct store_snapshot *snap, int64_t height, struct slice *ret);

// The same decoded into the arena: 0, CHAIN_NOT_FOUND, or < 0 when the stored bytes are broken.
enum { CHAIN_NOT_FOUND = 1 };
int chain_block(struct store_snapshot *snap, int64_t height, struct arena *arena,
                struct Tendermint__Types__Block **ret, struct err *e);
int chain_meta(struct store_snapshot *snap, int64_t height, struct arena *arena,
               struct Tendermint__Types__BlockMeta **ret, struct err *e);
int chain_commit(struct store_snapshot *snap, int64_t height, struct arena *arena,
                 struct Tendermint__Types__Commit **ret, struct err *e);
int chain_results(struct store_snapshot *snap, int64_t height, struct arena *arena,
                  struct Tendermint__Abci__ResponseFinalizeBlock **ret, struct err *e);

bool chain_find_block(struct store_snapshot *snap, const uint8_t hash[CHAIN_HASH_BYTES],
                      int64_t *ret_height);
bool chain_find_tx(struct store_snapshot *snap, const uint8_t hash[CHAIN_HASH_BYTES],
                   int64_t *ret_height, uint32_t *ret_index);

// One transaction of a block and its result, found without decoding the others. Both are borrowed
// from the snapshot. CHAIN_NOT_FOUND when there is no such block or index, or no results yet.
int chain_tx(struct store_snapshot *snap, int64_t height, uint32_t index, struct slice *ret_tx,
             struct slice *ret_result, struct err *e);
// Decodes a result from chain_tx.
int chain_tx_result(struct slice result, struct arena *arena,
                    struct Tendermint__Abci__ExecTxResult **ret, struct err *e);

// What the chain began with, kept since InitChain so that a start need not read the genesis file
// again. Texts are borrowed from the snapshot or live in the arena.
struct chain_params {
    int64_t block_max_bytes;
    int64_t block_max_gas; // -1: no limit
    int64_t evidence_max_age_blocks;
    int64_t evidence_max_age_ns;
    int64_t evidence_max_bytes;
    uint64_t app_version;
    int64_t vote_extensions_enable_height;
};
struct chain_validator {
    uint8_t address[20];
    uint8_t pub_key[32]; // ed25519
    int64_t power;
    const char *name;
};
struct chain_genesis {
    const char *chain_id;
    int64_t time_ns;
    int64_t initial_height;
    struct chain_params params;
    struct chain_validator *validators; // power descending, address ascending
    size_t validator_count;
};
// CHAIN_NOT_FOUND before InitChain.
int chain_genesis(struct store_snapshot *snap, struct arena *arena, struct chain_genesis *ret,
                  struct err *e);

// Walks transactions of blocks in ascending order without starting over at each. Zero-initialised
// is ready; chain_cursor_tx has the outcomes of chain_tx.
struct chain_cursor {
    struct store_snapshot *snap;
    int64_t height;
    uint32_t next; // index of the transaction that both rests begin with
    struct slice txs_rest, results_rest;
};
int chain_cursor_tx(struct chain_cursor *c, int64_t height, uint32_t index, struct slice *ret_tx,
                    struct slice *ret_result, struct err *e);

// last_results_hash of the block after `height`: over the stored results. CHAIN_NOT_FOUND without
// them.
int chain_results_hash(struct store_snapshot *snap, int64_t height, uint8_t ret[CHAIN_HASH_BYTES],
                       struct err *e);

// The consensus round in which `height` is decided: 0, but for the height that `rollback --hard`
// opened again, which has been signed for before.
int32_t chain_round(struct store_snapshot *snap, int64_t height);

// ---- writing: the consensus thread, in the batch of the block

struct chain_record {
    int64_t height;
    bool first; // the chain's first block: the base
    const uint8_t *hash;
    struct slice block;
    struct slice meta;
    struct slice last_commit; // for height - 1; empty at the first block
    const uint8_t (*tx_hashes)[CHAIN_HASH_BYTES];
    size_t tx_count;
};
void chain_put_block(struct store_batch *batch, const struct chain_record *record);
void chain_put_results(struct store_batch *batch, int64_t height, struct slice results);
void chain_put_round(struct store_batch *batch, int64_t height, int32_t round);
void chain_put_genesis(struct store_batch *batch, const struct chain_genesis *genesis);

// For rollback: forgets the results of a block, or the block as a whole (the newest stored one).
void chain_del_results(struct store_batch *batch, int64_t height);
int chain_del_block(struct store_snapshot *snap, struct store_batch *batch, int64_t height,
                    struct err *e);

#endif
