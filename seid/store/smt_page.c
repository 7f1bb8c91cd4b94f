#include "seid/store/smt_page.h"

#include <string.h>

#include "seid/store/smt_hash.h"

static const uint8_t empty_hash[SMT_HASH_BYTES];

void smt_page_clear(struct smt_page *p)
{
    memset(p->kind, SMT_EMPTY, sizeof p->kind);
    p->leaf_hashed = 0;
}

// What node i is, from its children; an inner node's hash is another matter.
static void derive(struct smt_page *p, unsigned i)
{
    unsigned left = 2 * i, right = 2 * i + 1;
    unsigned only = p->kind[left] == SMT_EMPTY ? right : left;
    if (p->kind[left] != SMT_EMPTY && p->kind[right] != SMT_EMPTY) {
        p->kind[i] = SMT_INNER;
    } else {
        p->kind[i] = p->kind[only];
        p->leaf_slot[i] = p->leaf_slot[only];
    }
}

bool smt_page_decode(struct smt_page *p, struct slice bytes)
{
    const uint8_t *at = bytes.data, *end = bytes.data + bytes.len;
    if (bytes.len < 4)
        return false;
    uint32_t kinds =
        (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
    at += 4;
    p->leaf_hashed = 0;
    for (unsigned slot = 0; slot < SMT_SLOTS; slot++) {
        unsigned node = SMT_SLOTS + slot, kind = kinds >> (2 * slot) & 3;
        size_t size = kind == SMT_EMPTY ? 0 : kind == SMT_LEAF ? sizeof p->leaf[0] : SMT_HASH_BYTES;
        if (kind > SMT_INNER || (size_t)(end - at) < size)
            return false;
        p->kind[node] = (uint8_t)kind;
        p->leaf_slot[node] = (uint8_t)slot;
        if (kind == SMT_LEAF)
            memcpy(&p->leaf[slot], at, size);
        else if (kind == SMT_INNER)
            memcpy(p->hash[node], at, size);
        at += size;
    }
    for (unsigned i = SMT_SLOTS - 1; i > 0; i--)
        derive(p, i);
    for (unsigned i = 2; i < SMT_SLOTS; i++) {
        if (p->kind[i] != SMT_INNER)
            continue;
        if (end - at < SMT_HASH_BYTES)
            return false;
        memcpy(p->hash[i], at, SMT_HASH_BYTES);
        at += SMT_HASH_BYTES;
    }
    return at == end;
}

uint32_t smt_page_encode(const struct smt_page *p, uint8_t ret[SMT_PAGE_MAX_BYTES])
{
    uint32_t kinds = 0;
    uint8_t *at = ret + 4;
    for (unsigned slot = 0; slot < SMT_SLOTS; slot++) {
        unsigned node = SMT_SLOTS + slot;
        kinds |= (uint32_t)p->kind[node] << (2 * slot);
        if (p->kind[node] == SMT_LEAF) {
            memcpy(at, &p->leaf[slot], sizeof p->leaf[slot]);
            at += sizeof p->leaf[slot];
        } else if (p->kind[node] == SMT_INNER) {
            memcpy(at, p->hash[node], SMT_HASH_BYTES);
            at += SMT_HASH_BYTES;
        }
    }
    for (unsigned i = 2; i < SMT_SLOTS; i++) {
        if (p->kind[i] == SMT_INNER) {
            memcpy(at, p->hash[i], SMT_HASH_BYTES);
            at += SMT_HASH_BYTES;
        }
    }
    for (unsigned i = 0; i < 4; i++)
        ret[i] = (uint8_t)(kinds >> (8 * i));
    return (uint32_t)(at - ret);
}

void smt_page_set(struct smt_page *p, unsigned slot, const struct smt_node *node)
{
    unsigned i = SMT_SLOTS + slot;
    p->kind[i] = (uint8_t)node->kind;
    p->leaf_slot[i] = (uint8_t)slot;
    p->leaf_hashed = (uint16_t)(p->leaf_hashed & ~(1u << slot));
    if (node->kind == SMT_LEAF)
        p->leaf[slot] = node->leaf;
    else if (node->kind == SMT_INNER)
        memcpy(p->hash[i], node->hash, SMT_HASH_BYTES);
}

// Leaves are hashed when their parent needs it: one that is alone in its page never does.
const uint8_t *smt_page_hash(struct smt_page *p, unsigned node, uint64_t *hashes)
{
    if (p->kind[node] == SMT_EMPTY)
        return empty_hash;
    if (p->kind[node] == SMT_INNER)
        return p->hash[node];
    unsigned slot = p->leaf_slot[node];
    uint8_t *hash = p->hash[SMT_SLOTS + slot];
    if (!(p->leaf_hashed & 1u << slot)) {
        smt_hash_leaf(p->leaf[slot].path, p->leaf[slot].value_hash, hash);
        p->leaf_hashed = (uint16_t)(p->leaf_hashed | 1u << slot);
        ++*hashes;
    }
    return hash;
}

void smt_page_fold(struct smt_page *p, uint16_t changed_slots, uint64_t *hashes)
{
    // Bit i: node i changed. A parent's bit is its children's, joined.
    uint32_t changed = (uint32_t)changed_slots << SMT_SLOTS | 2;
    for (unsigned i = SMT_SLOTS - 1; i > 0; i--) {
        if (!(changed >> (2 * i) & 3) && i > 1)
            continue;
        changed |= 1u << i;
        derive(p, i);
        if (p->kind[i] != SMT_INNER)
            continue;
        const uint8_t *left = smt_page_hash(p, 2 * i, hashes);
        const uint8_t *right = smt_page_hash(p, 2 * i + 1, hashes);
        smt_hash_inner(left, right, p->hash[i]);
        ++*hashes;
    }
}

void smt_page_root(const struct smt_page *p, struct smt_node *ret)
{
    ret->kind = p->kind[1];
    if (ret->kind == SMT_INNER)
        memcpy(ret->hash, p->hash[1], SMT_HASH_BYTES);
    else if (ret->kind == SMT_LEAF)
        ret->leaf = p->leaf[p->leaf_slot[1]];
}

struct smt_page_key smt_page_key(unsigned depth, const uint8_t path[SMT_HASH_BYTES])
{
    struct smt_page_key key = {.bytes = {(uint8_t)depth}, .len = (uint8_t)(1 + (depth + 7) / 8)};
    memcpy(key.bytes + 1, path, key.len - 1u);
    if (depth % 8)
        key.bytes[key.len - 1] &= 0xf0;
    return key;
}
