// The verifier of proofs: pure, and apart from the tree that makes them.
#include <string.h>

#include "seid/store/smt.h"
#include "seid/store/smt_hash.h"

enum { AT_EMPTY, AT_OTHER_LEAF, AT_OWN_LEAF };

struct proof {
    unsigned kind;
    unsigned depth;
    struct slice other; // path and value hash of the other leaf
    struct slice bits;
    struct slice siblings;
};

static bool take(struct slice *from, size_t len, struct slice *ret)
{
    if (from->len < len)
        return false;
    *ret = slice_of(from->data, len);
    *from = slice_of(from->data + len, from->len - len);
    return true;
}

static bool bit_of(const uint8_t *bytes, unsigned i)
{
    return bytes[i / 8] >> (7 - i % 8) & 1;
}

static bool parse(struct slice bytes, struct proof *ret)
{
    struct slice head;
    if (!take(&bytes, 3, &head))
        return false;
    ret->kind = head.data[0];
    ret->depth = (unsigned)head.data[1] << 8 | head.data[2];
    if (ret->kind > AT_OWN_LEAF || ret->depth > 256)
        return false;
    size_t bit_bytes = (ret->depth + 7) / 8, kept = 0;
    if (!take(&bytes, ret->kind == AT_OTHER_LEAF ? 64 : 0, &ret->other) ||
        !take(&bytes, bit_bytes, &ret->bits))
        return false;
    for (unsigned i = 0; i < 8 * bit_bytes; i++) {
        bool set = bit_of(ret->bits.data, i);
        kept += set;
        if (set && i >= ret->depth)
            return false;
    }
    ret->siblings = bytes;
    // The tree is compact: beside the place where a path ends there is always something.
    if (ret->depth > 0 && !bit_of(ret->bits.data, ret->depth - 1))
        return false;
    return bytes.len == kept * SMT_HASH_BYTES;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (bit_of(a, i) != bit_of(b, i))
            return false;
    return true;
}

// The hash of the node where the path ends; false when it cannot be there.
static bool end_hash(const struct proof *p, const uint8_t path[32], struct slice value,
                     uint8_t ret[SMT_HASH_BYTES])
{
    uint8_t value_hash[SMT_HASH_BYTES];
    switch (p->kind) {
    case AT_EMPTY:
        memset(ret, 0, SMT_HASH_BYTES);
        return true;
    case AT_OTHER_LEAF:
        if (memcmp(p->other.data, path, 32) == 0 || !same_bits(p->other.data, path, p->depth))
            return false;
        smt_hash_leaf(p->other.data, p->other.data + 32, ret);
        return true;
    default:
        smt_hash_bytes(value, value_hash);
        smt_hash_leaf(path, value_hash, ret);
        return true;
    }
}

enum smt_verdict smt_verify(const uint8_t root[SMT_HASH_BYTES], struct slice key,
                            struct slice value, struct slice proof)
{
    static const uint8_t empty[SMT_HASH_BYTES];
    struct proof p;
    uint8_t path[SMT_HASH_BYTES], hash[SMT_HASH_BYTES];
    smt_hash_bytes(key, path);
    if (!parse(proof, &p) || !end_hash(&p, path, value, hash))
        return SMT_BAD_PROOF;
    const uint8_t *sibling = p.siblings.data + p.siblings.len;
    for (unsigned level = p.depth; level-- > 0;) {
        bool present = bit_of(p.bits.data, level);
        if (present)
            sibling -= SMT_HASH_BYTES;
        const uint8_t *other = present ? sibling : empty;
        if (bit_of(path, level))
            smt_hash_inner(other, hash, hash);
        else
            smt_hash_inner(hash, other, hash);
    }
    if (memcmp(hash, root, SMT_HASH_BYTES) != 0)
        return SMT_BAD_PROOF;
    return p.kind == AT_OWN_LEAF ? SMT_PRESENT : SMT_ABSENT;
}
