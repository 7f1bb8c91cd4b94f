// tm: blocks as CometBFT 0.38 hashes, signs and encodes them, so that its light client accepts
// ours.
//
// Times are nanoseconds since 1970 (UTC); TM_TIME_ZERO is Go's zero time, 0001-01-01T00:00:00Z.
// Hashes of a header are always 32 bytes here; a block id can be absent. Encoders append to a
// buffer and cannot fail. Pure; any thread.
#ifndef WIRE_TM_H
#define WIRE_TM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "wire/tm_merkle.h"

enum {
    TM_ADDRESS_LEN = 20,
    TM_PUBKEY_LEN = 32, // ed25519, the only kind
    TM_SIGNATURE_LEN = 64,
    TM_PART_LEN = 65536,
    TM_CHAIN_ID_MAX = 50,
    TM_BLOCK_VERSION = 11,
};
#define TM_TIME_ZERO INT64_MIN

struct tm_block_id {
    bool present; // false: an empty block id; nothing else counts
    uint8_t hash[TM_HASH_LEN];
    uint32_t parts_total;
    uint8_t parts_hash[TM_HASH_LEN];
};

struct tm_header {
    uint64_t block_version; // TM_BLOCK_VERSION
    uint64_t app_version;
    const char *chain_id; // borrowed
    int64_t height;
    int64_t time_ns;
    struct tm_block_id last_block_id; // of the block before; absent at the first height
    uint8_t last_commit_hash[TM_HASH_LEN];
    uint8_t data_hash[TM_HASH_LEN];
    uint8_t validators_hash[TM_HASH_LEN];
    uint8_t next_validators_hash[TM_HASH_LEN];
    uint8_t consensus_hash[TM_HASH_LEN];
    uint8_t app_hash[TM_HASH_LEN];          // after the block before
    uint8_t last_results_hash[TM_HASH_LEN]; // of the block before; of nothing at the first height
    uint8_t evidence_hash[TM_HASH_LEN];     // of nothing, always
    uint8_t proposer_address[TM_ADDRESS_LEN];
};

enum tm_block_id_flag { TM_FLAG_ABSENT = 1, TM_FLAG_COMMIT = 2, TM_FLAG_NIL = 3 };

struct tm_commit_sig {
    enum tm_block_id_flag flag; // with ABSENT nothing else counts
    uint8_t validator_address[TM_ADDRESS_LEN];
    int64_t time_ns;
    uint8_t signature[TM_SIGNATURE_LEN];
};

// Zero-initialised is the empty last commit of the first block.
struct tm_commit {
    int64_t height;
    int32_t round;
    struct tm_block_id block_id;
    const struct tm_commit_sig *signatures; // borrowed; in the order of the validator set
    size_t signature_count;
};

struct tm_block {
    struct tm_header header;
    const struct slice *txs; // borrowed
    size_t tx_count;
    struct tm_commit last_commit;
};

struct tm_validator {
    uint8_t pub_key[TM_PUBKEY_LEN];
    uint8_t address[TM_ADDRESS_LEN];
    int64_t power;
};

// ---- hashes

void tm_header_hash(const struct tm_header *h, uint8_t ret[TM_HASH_LEN]);
void tm_commit_hash(const struct tm_commit *c, uint8_t ret[TM_HASH_LEN]); // last_commit_hash
// data_hash: over sha256 of each transaction. The second form takes those digests, and is also what
// proofs of inclusion are made from (tm_merkle_prove over them).
void tm_data_hash(const struct slice *txs, size_t count, uint8_t ret[TM_HASH_LEN]);
void tm_data_hash_of(const uint8_t (*digests)[TM_HASH_LEN], size_t count, uint8_t ret[TM_HASH_LEN]);
void tm_empty_hash(uint8_t ret[TM_HASH_LEN]); // of nothing: evidence_hash and so on

// Puts validators into CometBFT's order: power descending, then address ascending.
void tm_validators_sort(struct tm_validator *validators, size_t count);
// Of validators in that order.
void tm_validators_hash(const struct tm_validator *validators, size_t count,
                        uint8_t ret[TM_HASH_LEN]);
// consensus_hash: only these two parameters count.
void tm_params_hash(int64_t block_max_bytes, int64_t block_max_gas, uint8_t ret[TM_HASH_LEN]);
// last_results_hash: add every result in order, then tm_merkle_root. Only these members count.
void tm_results_add(struct tm_merkle *m, uint32_t code, struct slice data, int64_t gas_wanted,
                    int64_t gas_used);
// How an encoded block is cut into parts.
void tm_parts(struct slice block, uint32_t *ret_total, uint8_t ret_hash[TM_HASH_LEN]);
// The id of a block from its header and its encoding.
void tm_block_id_of(const struct tm_header *h, struct slice block, struct tm_block_id *ret);

// ---- encodings

void tm_header_encode(const struct tm_header *h, struct buf *ret);      // tendermint.types.Header
void tm_block_id_encode(const struct tm_block_id *id, struct buf *ret); // tendermint.types.BlockID
void tm_commit_encode(const struct tm_commit *c, struct buf *ret);      // tendermint.types.Commit
void tm_block_encode(const struct tm_block *b, struct buf *ret);        // tendermint.types.Block
// tendermint.types.BlockMeta
void tm_block_meta_encode(const struct tm_block_id *id, size_t block_size,
                          const struct tm_header *h, size_t tx_count, struct buf *ret);

// The reverse. Transactions borrow `bytes`; the rest lives in the arena. -EBADMSG: malformed, or a
// hash of another length; -ENOTSUP: with evidence, which we neither make nor store.
int tm_block_decode(struct slice bytes, struct arena *a, struct tm_block *ret, struct err *e);
int tm_commit_decode(struct slice bytes, struct arena *a, struct tm_commit *ret, struct err *e);
int tm_header_decode(struct slice bytes, struct arena *a, struct tm_header *ret, struct err *e);

// ---- what validators sign: length-prefixed canonical messages

enum tm_vote_type { TM_PREVOTE = 1, TM_PRECOMMIT = 2 };

// An absent block id is a vote for nil.
void tm_vote_sign_bytes(const char *chain_id, enum tm_vote_type type, int64_t height, int32_t round,
                        const struct tm_block_id *id, int64_t time_ns, struct buf *ret);
// pol_round is -1 without a proof of lock.
void tm_proposal_sign_bytes(const char *chain_id, int64_t height, int32_t round, int32_t pol_round,
                            const struct tm_block_id *id, int64_t time_ns, struct buf *ret);
// What the i-th validator of a commit signed; its flag must not be ABSENT.
void tm_commit_sign_bytes(const char *chain_id, const struct tm_commit *c, size_t i,
                          struct buf *ret);

#endif
