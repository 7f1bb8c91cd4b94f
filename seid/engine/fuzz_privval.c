// The files of the validator: no input may crash a parser, and what a parser accepts must come out
// of the encoder as it went in.
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "seid/engine/privval.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct err e;
    struct privval_key key;
    static struct privval_state state, again;
    if (privval_key_parse(text, size, &key, &e) == 0)
        assert(memcmp(key.priv + 32, key.pub, PRIVVAL_PUB_BYTES) == 0);
    (void)node_key_parse(text, size, &key, &e);
    memset(&state, 0, sizeof state);
    if (privval_state_parse(text, size, &state, &e) != 0)
        return 0;
    struct buf out = {0};
    privval_state_encode(&state, &out);
    memset(&again, 0, sizeof again);
    assert(privval_state_parse((const char *)out.data, out.len, &again, &e) == 0);
    struct buf twice = {0};
    privval_state_encode(&again, &twice);
    assert(twice.len == out.len && memcmp(twice.data, out.data, out.len) == 0);
    buf_deinit(&twice);
    buf_deinit(&out);
    return 0;
}
