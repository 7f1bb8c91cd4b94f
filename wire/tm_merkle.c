#include "wire/tm_merkle.h"

#include <assert.h>
#include <string.h>

#include "wire/crypto/hash.h"

static void hash_leaf(struct slice item, uint8_t ret[TM_HASH_LEN])
{
    const struct slice parts[] = {SLICE_LIT("\0"), item};
    hash_sha256_parts(parts, 2, ret);
}

// `ret` may be one of the two.
static void hash_inner(const uint8_t left[TM_HASH_LEN], const uint8_t right[TM_HASH_LEN],
                       uint8_t ret[TM_HASH_LEN])
{
    uint8_t node[1 + 2 * TM_HASH_LEN];
    node[0] = 1;
    memcpy(node + 1, left, TM_HASH_LEN);
    memcpy(node + 1 + TM_HASH_LEN, right, TM_HASH_LEN);
    hash_sha256(node, sizeof node, ret);
}

static void add_leaf_hash(struct tm_merkle *m, const uint8_t hash[TM_HASH_LEN])
{
    memcpy(m->peaks[m->height++], hash, TM_HASH_LEN);
    // Each trailing set bit of the old count is a complete subtree that now finds its sibling.
    for (uint64_t bits = m->count++; bits & 1; bits >>= 1) {
        m->height--;
        hash_inner(m->peaks[m->height - 1], m->peaks[m->height], m->peaks[m->height - 1]);
    }
}

void tm_merkle_add(struct tm_merkle *m, struct slice item)
{
    uint8_t hash[TM_HASH_LEN];
    hash_leaf(item, hash);
    add_leaf_hash(m, hash);
}

void tm_merkle_root(const struct tm_merkle *m, uint8_t ret[TM_HASH_LEN])
{
    if (m->count == 0) {
        hash_sha256("", 0, ret);
        return;
    }
    uint8_t root[TM_HASH_LEN];
    memcpy(root, m->peaks[m->height - 1], sizeof root);
    for (unsigned i = m->height - 1; i > 0; i--)
        hash_inner(m->peaks[i - 1], root, root);
    memcpy(ret, root, sizeof root);
}

void tm_merkle_root_of(const struct slice *items, size_t count, uint8_t ret[TM_HASH_LEN])
{
    struct tm_merkle m = {0};
    for (size_t i = 0; i < count; i++)
        tm_merkle_add(&m, items[i]);
    tm_merkle_root(&m, ret);
}

// The largest power of two below `n`, for n > 1.
static uint64_t split_of(uint64_t n)
{
    return 1ULL << (63 - __builtin_clzll(n - 1));
}

void tm_merkle_prove(const struct slice *items, size_t count, size_t index, struct arena *a,
                     struct tm_proof *ret)
{
    assert(index < count);
    struct tm_proof proof = {.total = (int64_t)count, .index = (int64_t)index};
    hash_leaf(items[index], proof.leaf_hash);
    uint8_t aunts[64][TM_HASH_LEN]; // from the root down
    while (count > 1) {
        size_t k = (size_t)split_of(count);
        uint8_t *aunt = aunts[proof.aunt_count++];
        if (index < k) {
            tm_merkle_root_of(items + k, count - k, aunt);
            count = k;
        } else {
            tm_merkle_root_of(items, k, aunt);
            items += k;
            index -= k;
            count -= k;
        }
    }
    proof.aunts = (uint8_t(*)[TM_HASH_LEN])arena_alloc(a, (proof.aunt_count + 1) * TM_HASH_LEN);
    for (size_t i = 0; i < proof.aunt_count; i++)
        memcpy(proof.aunts[i], aunts[proof.aunt_count - 1 - i], TM_HASH_LEN);
    *ret = proof;
}

int tm_proof_verify(const struct tm_proof *proof, const uint8_t root[TM_HASH_LEN],
                    struct slice item)
{
    if (proof->total <= 0 || proof->index < 0 || proof->index >= proof->total)
        return TM_PROOF_WRONG;
    // The way down, to know on which side each aunt stands.
    bool is_right[64];
    size_t depth = 0;
    uint64_t count = (uint64_t)proof->total;
    for (uint64_t index = (uint64_t)proof->index; count > 1; depth++) {
        uint64_t k = split_of(count);
        is_right[depth] = index >= k;
        index -= is_right[depth] ? k : 0;
        count = is_right[depth] ? count - k : k;
    }
    uint8_t hash[TM_HASH_LEN];
    hash_leaf(item, hash);
    if (depth != proof->aunt_count || memcmp(hash, proof->leaf_hash, sizeof hash) != 0)
        return TM_PROOF_WRONG;
    for (size_t i = 0; i < depth; i++) {
        if (is_right[depth - 1 - i])
            hash_inner(proof->aunts[i], hash, hash);
        else
            hash_inner(hash, proof->aunts[i], hash);
    }
    return memcmp(hash, root, sizeof hash) == 0 ? 0 : TM_PROOF_WRONG;
}
