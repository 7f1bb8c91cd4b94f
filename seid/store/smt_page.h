// smt_page: four levels of the tree as one unit.
//
// Nodes are numbered as in a heap: 1 is the page's root, 2i and 2i+1 are the children of i, 16 to
// 31 are the slots, chosen by the next four bits of the path. A slot is empty, the only leaf of its
// subtree, or the root of the page below.
//
// Bytes: le32 with two bits a slot (its kind), then for each slot in order that is not empty its
// inner hash (32 bytes), or its leaf's path and value hash (64), then the hashes of those of the
// nodes 2 to 15 that are inner nodes.
#ifndef SEID_STORE_SMT_PAGE_H
#define SEID_STORE_SMT_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "seid/store/smt.h"

enum smt_kind { SMT_EMPTY, SMT_LEAF, SMT_INNER };
enum { SMT_PAGE_LEVELS = 4, SMT_SLOTS = 16, SMT_PAGE_MAX_BYTES = 4 + 16 * 64 + 14 * 32 };

struct smt_leaf {
    uint8_t path[SMT_HASH_BYTES];
    uint8_t value_hash[SMT_HASH_BYTES];
};

// A subtree as its parent sees it.
struct smt_node {
    enum smt_kind kind;
    uint8_t hash[SMT_HASH_BYTES]; // of an inner node
    struct smt_leaf leaf;         // of a leaf
};

struct smt_page {
    uint8_t kind[2 * SMT_SLOTS];
    uint8_t leaf_slot[2 * SMT_SLOTS]; // of a node that is a leaf
    uint8_t hash[2 * SMT_SLOTS][SMT_HASH_BYTES];
    struct smt_leaf leaf[SMT_SLOTS];
    uint16_t leaf_hashed; // slots whose leaf's hash is already in `hash`
};

void smt_page_clear(struct smt_page *p);
// False when the bytes are no page. The root's hash is not part of them.
bool smt_page_decode(struct smt_page *p, struct slice bytes);
uint32_t smt_page_encode(const struct smt_page *p, uint8_t ret[SMT_PAGE_MAX_BYTES]);

void smt_page_set(struct smt_page *p, unsigned slot, const struct smt_node *node);
// Brings the inner nodes above the slots of the mask, and always the root, up to date.
void smt_page_fold(struct smt_page *p, uint16_t changed_slots, uint64_t *hashes);
void smt_page_root(const struct smt_page *p, struct smt_node *ret);
// The hash of a node as its parent needs it.
const uint8_t *smt_page_hash(struct smt_page *p, unsigned node, uint64_t *hashes);

// The page at `depth`, a multiple of four below 256, on the way along `path`.
struct smt_page_key {
    uint8_t bytes[SMT_PAGE_KEY_MAX];
    uint8_t len;
};
struct smt_page_key smt_page_key(unsigned depth, const uint8_t path[SMT_HASH_BYTES]);

static inline unsigned smt_slot(unsigned depth, const uint8_t path[SMT_HASH_BYTES])
{
    return depth % 8 ? path[depth / 8] & 15 : path[depth / 8] >> 4;
}

#endif
