// Durations from outside, Go's and protobuf's: what parses prints to a text that parses to the
// same.
#include <stdlib.h>

#include "base/arena.h"
#include "wire/godur.h"
#include "wire/pbjson.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a CLEANUP_ARENA = {0};
    struct buf text CLEANUP_BUF = {0};
    int64_t ns, again, seconds;
    int32_t nanos, again_nanos;
    if (godur_parse(arena_strndup(&a, (const char *)data, size), &ns) == 0) {
        godur_append(&text, ns);
        require(godur_parse(buf_cstr(&text), &again) == 0 && again == ns);
    }
    buf_clear(&text);
    if (pbjson_parse_duration(slice_of(data, size), &seconds, &nanos) == 0) {
        pbjson_append_duration(&text, seconds, nanos);
        require(pbjson_parse_duration(buf_slice(&text), &again, &again_nanos) == 0);
        require(again == seconds && again_nanos == nanos);
    }
    return 0;
}
