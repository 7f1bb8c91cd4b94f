// JSON from outside: a line with the name of a type, then JSON. What reads packs, unpacks and
// writes to JSON that reads to the same bytes.
#include <stdlib.h>

#include "wire/pb_arena.h"
#include "wire/pb_check.h"
#include "wire/pbjson.h"
#include "wire/typereg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a CLEANUP_ARENA = {0};
    struct buf json CLEANUP_BUF = {0};
    struct err e = {0};
    void *message, *again;
    const uint8_t *line = size ? (const uint8_t *)memchr(data, '\n', size) : NULL;
    size_t name_len = line ? (size_t)(line - data) : 0;
    const ProtobufCMessageDescriptor *type = typereg_find(slice_of(data, name_len));
    if (!type)
        return 0;
    struct slice input = slice_of(line + 1, size - name_len - 1);
    if (pbjson_read(type, input, &a, &message, &e) < 0) {
        require(e.text[0] != '\0');
        return 0;
    }
    struct slice packed = pb_pack(message, &a);
    require(pb_check(type, packed, PB_CHECK_OPEN_ANY, NULL) == 0);
    // A bare Timestamp, Duration or Any has no document of its own to read back.
    if (pbjson_append(message, &json, NULL) < 0 || json.data[0] != '{')
        return 0;
    require(pbjson_read(type, buf_slice(&json), &a, &again, NULL) == 0);
    // Decimals gain digits on the first way; from then on nothing changes.
    struct slice second = pb_pack(again, &a);
    buf_clear(&json);
    require(pbjson_append(again, &json, NULL) == 0);
    require(pbjson_read(type, buf_slice(&json), &a, &again, NULL) == 0);
    require(slice_eq(second, pb_pack(again, &a)));
    return 0;
}
