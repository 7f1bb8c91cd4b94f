// Bech32 from outside: what decodes encodes to the same text, in lower case.
#include <stdlib.h>
#include <strings.h>

#include "wire/addr.h"
#include "wire/bech32.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char hrp[BECH32_HRP_MAX + 1], text[BECH32_TEXT_MAX + 1];
    uint8_t bytes[BECH32_DATA_MAX];
    size_t len = 0;
    struct err e = {0};
    struct addr address;
    if (bech32_decode(slice_of(data, size), hrp, bytes, sizeof bytes, &len, &e) == 0) {
        require(bech32_encode(hrp, slice_of(bytes, len), text, sizeof text, NULL) == 0);
        require(strlen(text) == size && strncasecmp(text, (const char *)data, size) == 0);
    } else {
        require(e.text[0] != '\0');
    }
    if (addr_parse(ADDR_HRP_ACC, slice_of(data, size), &address, NULL) == 0)
        require(address.len > 0);
    return 0;
}
