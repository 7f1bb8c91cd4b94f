// Blocks from outside or from a damaged store: what decodes encodes to bytes that decode to the
// same.
#include <stdlib.h>

#include "wire/tm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a CLEANUP_ARENA = {0};
    struct buf first CLEANUP_BUF = {0};
    struct buf second CLEANUP_BUF = {0};
    struct err e = {0};
    struct tm_block block;
    struct tm_block_id id, again;
    if (tm_block_decode(slice_of(data, size), &a, &block, &e) < 0) {
        require(e.text[0] != '\0');
        return 0;
    }
    tm_block_encode(&block, &first);
    tm_block_id_of(&block.header, buf_slice(&first), &id);
    require(tm_block_decode(buf_slice(&first), &a, &block, NULL) == 0);
    tm_block_encode(&block, &second);
    require(slice_eq(buf_slice(&first), buf_slice(&second)));
    tm_block_id_of(&block.header, buf_slice(&second), &again);
    require(memcmp(id.hash, again.hash, TM_HASH_LEN) == 0);
    for (size_t i = 0; i < block.last_commit.signature_count; i++) {
        buf_clear(&first);
        if (block.last_commit.signatures[i].flag != TM_FLAG_ABSENT)
            tm_commit_sign_bytes("chain", &block.last_commit, i, &first);
    }
    return 0;
}
