// A proof and its parts from outside: no input may crash the verifier, and none may prove something
// that is not so about a known tree.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "seid/store/kv_mem.h"
#include "seid/store/smt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEYS = 40 };

static struct {
    bool made;
    uint8_t root[SMT_HASH_BYTES];
    struct buf proofs[2 * KEYS];
} known;

static int load_mem(void *ctx, struct slice key, struct slice *ret, struct err *e)
{
    return kv_get(ctx, key, ret);
}

static int store_mem(void *ctx, struct slice key, struct slice data, struct err *e)
{
    kv_set(ctx, key, data);
    return 0;
}

// Keys 0 to KEYS-1, each with its own number as value, and the proofs of twice as many.
static void make_known(void)
{
    struct kv_mem pages;
    struct smt t;
    struct smt_change changes[KEYS];
    struct err e;
    kv_mem_init(&pages);
    smt_init(&t, &(struct smt_pages){load_mem, store_mem, &pages.kv});
    for (unsigned i = 0; i < KEYS; i++) {
        uint8_t key = (uint8_t)i;
        smt_change_set(&changes[i], slice_of(&key, 1), slice_of(&key, 1));
    }
    if (smt_update(&t, changes, KEYS, known.root, &e) < 0)
        abort();
    for (unsigned i = 0; i < 2 * KEYS; i++) {
        uint8_t key = (uint8_t)i;
        if (smt_prove(&t, slice_of(&key, 1), &known.proofs[i], &e) < 0)
            abort();
    }
    smt_deinit(&t);
    kv_mem_deinit(&pages);
    known.made = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!known.made)
        make_known();
    if (size < 2)
        return 0;
    struct slice key = slice_of(data, 1), value = slice_of(data + 1, 1);
    struct slice proof = slice_of(data + 2, size - 2);
    enum smt_verdict verdict = smt_verify(known.root, key, value, proof);
    if (verdict == SMT_PRESENT && (data[0] >= KEYS || data[0] != data[1]))
        abort();
    if (verdict == SMT_ABSENT && data[0] < KEYS)
        abort();
    // A sound proof with the input laid over it holds only when nothing changed.
    const struct buf *sound = &known.proofs[data[0] % (2 * KEYS)];
    uint8_t number = (uint8_t)(data[0] % (2 * KEYS));
    uint8_t *mixed = mem_dup(sound->data, sound->len);
    for (size_t i = 0; i < proof.len && i < sound->len; i++)
        mixed[i] ^= proof.data[i];
    bool same = memcmp(mixed, sound->data, sound->len) == 0;
    verdict = smt_verify(known.root, slice_of(&number, 1), slice_of(&number, 1),
                         slice_of(mixed, sound->len));
    if (same != (verdict != SMT_BAD_PROOF))
        abort();
    free(mixed);
    return 0;
}
