// tm_merkle: CometBFT's Merkle trees (crypto/merkle; the shape of RFC 6962): a leaf is
// sha256(0x00 || item), an inner node sha256(0x01 || left || right), a list splits at the largest
// power of two below its length, an empty list is sha256(""). Pure; any thread.
#ifndef WIRE_TM_MERKLE_H
#define WIRE_TM_MERKLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

enum { TM_HASH_LEN = 32 };

// Takes items one by one in constant memory. Zero-initialised is empty.
struct tm_merkle {
    uint64_t count;
    uint8_t peaks[64]
                 [TM_HASH_LEN]; // roots of complete subtrees, largest first, one a set bit of count
    unsigned height;            // how many
};

void tm_merkle_add(struct tm_merkle *m, struct slice item);
// The accumulator can go on afterwards.
void tm_merkle_root(const struct tm_merkle *m, uint8_t ret[TM_HASH_LEN]);

// Of a whole list.
void tm_merkle_root_of(const struct slice *items, size_t count, uint8_t ret[TM_HASH_LEN]);

struct tm_proof {
    int64_t total;
    int64_t index;
    uint8_t leaf_hash[TM_HASH_LEN];
    uint8_t (*aunts)[TM_HASH_LEN]; // in the arena, from the leaf's sibling up to the root's child
    size_t aunt_count;
};

// `index` must be below `count`.
void tm_merkle_prove(const struct slice *items, size_t count, size_t index, struct arena *a,
                     struct tm_proof *ret);

// 0, or TM_PROOF_WRONG: the proof does not lead from `item` to `root`, or its shape is impossible.
enum { TM_PROOF_WRONG = 1 };
int tm_proof_verify(const struct tm_proof *proof, const uint8_t root[TM_HASH_LEN],
                    struct slice item);

#endif
