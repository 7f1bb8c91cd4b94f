// Whatever the journal's file holds: no step is read that its intent does not carry, and what was
// read is written and read again the same.
#include <assert.h>
#include <string.h>

#include "seivisor/core/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode(const struct journal *j, struct buf *ret)
{
    journal_append(j, SWAP_INTENT, j->at_ns, ret);
    if (j->step > SWAP_INTENT)
        journal_append(j, j->step, 0, ret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct journal j, again;
    CLEANUP_BUF struct buf text = {0}, text_again = {0};
    size_t ignored = 0;
    journal_decode(data, size, &j, &ignored);
    assert(ignored <= size);
    if (j.step == SWAP_NONE)
        return 0;
    encode(&j, &text);
    journal_decode(text.data, text.len, &again, &ignored);
    assert(ignored == 0 && again.step == j.step);
    encode(&again, &text_again);
    assert(slice_eq(buf_slice(&text), buf_slice(&text_again)));
    return 0;
}
