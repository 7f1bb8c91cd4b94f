// A key file of either backend is taken or refused; what is taken belongs together.
#include <stdlib.h>
#include <string.h>

#include "seid/cmd/keyring.h"
#include "wire/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int encrypted = 0; encrypted < 2; encrypted++) {
        struct keyring_file file = {0};
        uint8_t address[20];
        if (!keyring_parse(slice_of(data, size), "a", encrypted, &file))
            continue;
        addr_of_secp_pubkey(file.key.pubkey, address);
        if (memcmp(address, file.key.address, sizeof address) != 0 ||
            strcmp(file.key.name, "a") != 0)
            abort();
    }
    return 0;
}
