// smt: a compact sparse Merkle tree over the state; its root is the app hash.
//
// In the shape of ICS-23's SmtSpec: path = sha256(key); leaf = sha256(0x00 || path ||
// sha256(value)); inner = sha256(0x01 || left || right); empty = 32 zero bytes. Bit 0 of a path
// (the highest of its first byte) chooses left (0) or right (1) at the root. A subtree with one
// leaf is that leaf, so the depth is about log2 of the number of keys. The root of the empty tree
// is 32 zero bytes.
//
// Kept as pages of four levels: the page at depth 4k with a given path prefix holds the 16 nodes
// four levels below and the inner nodes between, so that an update hashes only what changed. One
// batch descends once, and a node that several changes share is hashed once: the cost follows the
// changes, and with the size of the state only as its logarithm.
//
// Pages come from a source and changed ones collect in memory; smt_flush hands them out. One
// thread.
#ifndef SEID_STORE_SMT_H
#define SEID_STORE_SMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum { SMT_HASH_BYTES = 32, SMT_PAGE_KEY_MAX = 33, SMT_PROOF_MAX_BYTES = 67 + 32 + 256 * 32 };

// Where pages are kept. Keys are 1 to SMT_PAGE_KEY_MAX bytes; their order is by depth, then path.
struct smt_pages {
    // 1: found, *ret valid until the next write to the pages; 0: none; < 0.
    int (*load)(void *ctx, struct slice key, struct slice *ret, struct err *e);
    // A null `data` deletes. 0, or < 0.
    int (*store)(void *ctx, struct slice key, struct slice data, struct err *e);
    void *ctx;
};

struct smt_page_table; // changed pages in memory

struct smt {
    struct smt_pages pages;
    struct smt_page_table *changed;
    struct arena scratch;
    bool direct;     // changed pages go to `pages` at once: for batches too large for memory
    uint64_t hashes; // computed so far, for measurements
};

struct smt_change {
    uint8_t path[SMT_HASH_BYTES];
    uint8_t value_hash[SMT_HASH_BYTES];
    bool deleted; // nothing happens when there is no such leaf
};

void smt_init(struct smt *t, const struct smt_pages *pages);
void smt_deinit(struct smt *t); // idempotent

// Fills a change from a key and its value.
void smt_change_set(struct smt_change *c, struct slice key, struct slice value);
void smt_change_del(struct smt_change *c, struct slice key);

// Applies the changes, of which no two may have the same path, and gives the new root. Sorts
// `changes`. After a failure the changed pages are of no use: smt_forget.
int smt_update(struct smt *t, struct smt_change *changes, size_t count,
               uint8_t ret_root[SMT_HASH_BYTES], struct err *e);
int smt_root(struct smt *t, uint8_t ret_root[SMT_HASH_BYTES], struct err *e);

// Stores the changed pages and forgets them. The deepest come first and deletions last: when this
// ends half-way and for good, what is stored is a mixture of old and new pages in which each leaf
// that did not change is still found from the root, so that smt_update with all the changes again
// gives the new tree. After a failure the changed pages are still there.
int smt_flush(struct smt *t, struct err *e);
void smt_forget(struct smt *t);
size_t smt_changed_bytes(const struct smt *t);

// ---- proofs
//
// A proof is: kind (1 byte: 0 the path ends at an empty place, 1 at the leaf of another key, 2 at
// the key's own leaf), depth (be16, 0 to 256), for kind 1 the other leaf's path and
// sha256(value), one bit for each level from the root down (1: the sibling is not empty; padded
// with zeros to a byte), then the siblings that are not empty, from the root down. It holds what an
// ICS-23 ExistenceProof needs: each level is an InnerOp with prefix 0x01 (and the sibling, where
// the path goes right) and suffix (the sibling, where it goes left).

// Appends the proof that `key` is or is not in the tree.
int smt_prove(struct smt *t, struct slice key, struct buf *ret_proof, struct err *e);

enum smt_verdict { SMT_BAD_PROOF, SMT_PRESENT, SMT_ABSENT };
// Pure. SMT_PRESENT: the tree with this root holds `key` with `value`. SMT_ABSENT: it does not
// hold `key` (`value` is ignored). Any other proof, for another value too, is SMT_BAD_PROOF.
enum smt_verdict smt_verify(const uint8_t root[SMT_HASH_BYTES], struct slice key,
                            struct slice value, struct slice proof);

#endif
