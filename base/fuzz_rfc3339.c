// Times from outside: what parses prints to a text that parses to the same time.
#include <stdbool.h>
#include <stdlib.h>

#include "base/rfc3339.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t seconds, again;
    int32_t nanos, again_nanos;
    if (rfc3339_parse(slice_of(data, size), &seconds, &nanos) < 0)
        return 0;
    for (int proto = 0; proto < 2; proto++) {
        struct buf text CLEANUP_BUF = {0};
        if (proto)
            rfc3339_append_proto(&text, seconds, nanos);
        else
            rfc3339_append(&text, seconds, nanos);
        require(rfc3339_parse(buf_slice(&text), &again, &again_nanos) == 0);
        require(again == seconds && again_nanos == nanos);
    }
    return 0;
}
