// Whatever the journal's file holds: no step is read that its intent does not carry, and what was
// read is written and read again the same.
#include <assert.h>
#include <string.h>

#include "seivisor/core/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct journal j, again;
    size_t ignored = 0;
    journal_decode(data, size, &j, &ignored);
    assert(ignored <= size);
    if (j.step == SWAP_NONE)
        return 0;
    CLEANUP_BUF struct buf text = {0};
    journal_append(&j, SWAP_INTENT, j.at_ns, &text);
    if (j.step > SWAP_INTENT)
        journal_append(&j, j.step, 0, &text);
    journal_decode(text.data, text.len, &again, &ignored);
    assert(ignored == 0);
    assert(memcmp(&j, &again, sizeof j) == 0);
    return 0;
}
