// Transactions from outside: whatever passes the decoder can be hashed, read and packed again.
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "wire/cosmostx.h"
#include "wire/crypto/hash.h"
#include "wire/pb_arena.h"
#include "wire/pb_check.h"
#include "wire/typereg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

// What was decoded packs to bytes that pass the same check.
static void check_repack(const void *message, struct arena *a)
{
    const ProtobufCMessage *m = (const ProtobufCMessage *)message;
    struct slice packed = pb_pack(message, a);
    require(pb_check(m->descriptor, packed, PB_CHECK_OPEN_ANY | PB_CHECK_ALLOW_NON_CRITICAL,
                     NULL) == 0);
    require(pb_unpack(m->descriptor, packed, a) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a CLEANUP_ARENA = {0};
    struct buf sign_bytes CLEANUP_BUF = {0};
    struct cosmostx tx;
    struct err e = {0};
    if (cosmostx_decode(slice_of(data, size), &a, &tx, &e) < 0) {
        require(e.text[0] != '\0');
        return 0;
    }
    for (size_t i = 0; i < tx.body->n_messages; i++) {
        const ProtobufCMessageDescriptor *type;
        void *message;
        if (typereg_unpack(tx.body->messages[i], &a, &type, &message, NULL) == 0)
            check_repack(message, &a);
    }
    check_repack(tx.body, &a);
    check_repack(tx.auth, &a);
    uint8_t one[32], two[32];
    cosmostx_sign_digest(tx.body_bytes, tx.auth_bytes, "chain", size, one);
    cosmostx_sign_bytes(tx.body_bytes, tx.auth_bytes, "chain", size, &sign_bytes);
    hash_sha256(sign_bytes.data, sign_bytes.len, two);
    require(memcmp(one, two, sizeof one) == 0);
    return 0;
}
