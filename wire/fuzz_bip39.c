// Mnemonics and derivation paths from outside: what is accepted comes back the same.
#include <stdlib.h>

#include "base/arena.h"
#include "wire/bip39.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a CLEANUP_ARENA = {0};
    char text[BIP39_TEXT_MAX], again[BIP39_TEXT_MAX];
    uint8_t entropy[BIP39_ENTROPY_MAX];
    size_t len;
    struct err e = {0};
    if (bip39_normalize(slice_of(data, size), text, &e) == 0) {
        require(bip39_to_entropy(slice_str(text), entropy, &len, NULL) == 0);
        require(bip39_from_entropy(slice_of(entropy, len), again, NULL) == 0);
        require(strcmp(text, again) == 0);
    } else {
        require(e.text[0] != '\0');
    }
    static const uint8_t seed[16] = {1};
    struct secp *s CLEANUP_SECP = secp_new(NULL);
    struct bip32_key key;
    // A path has few steps; a long text cannot make this slow.
    bip32_derive(s, slice_of(seed, sizeof seed), arena_strndup(&a, (const char *)data, size), &key,
                 NULL);
    return 0;
}
