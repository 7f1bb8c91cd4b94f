// What is accepted is written and read again to the same content.
#include <stdlib.h>
#include <string.h>

#include "seid/config/genesis.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena CLEANUP_ARENA = {0};
    struct genesis g, again;
    struct err e = {0};
    if (genesis_parse("g", slice_of(data, size), &arena, &g, &e) < 0) {
        check(strncmp(e.text, "g:", 2) == 0);
        return 0;
    }
    struct buf text CLEANUP_BUF = {0};
    if (genesis_write(&g, &text, &e) < 0) // app_state is not judged when read
        return 0;
    check(genesis_parse("g", buf_slice(&text), &arena, &again, &e) == 0);
    check(strcmp(g.chain.chain_id, again.chain.chain_id) == 0);
    check(g.chain.time_ns == again.chain.time_ns);
    check(g.chain.validator_count == again.chain.validator_count);
    for (size_t i = 0; i < g.chain.validator_count; i++)
        check(g.chain.validators[i].power == again.chain.validators[i].power);
    return 0;
}
