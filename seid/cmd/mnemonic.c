#include "seid/cmd/mnemonic.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "wire/bip39.h"

_Static_assert((int)MNEMONIC_TEXT_MAX >= (int)BIP39_TEXT_MAX, "room for 24 words");

int mnemonic_new(int bits, char *ret, struct err *e)
{
    uint8_t entropy[BIP39_ENTROPY_MAX];
    size_t len = (size_t)bits / 8;
    if (len > sizeof entropy)
        return err_set(e, -EINVAL, "too many bits");
    if (getrandom(entropy, len, 0) != (ssize_t)len)
        return err_errno(e, errno, "no random bytes");
    int r = bip39_from_entropy(slice_of(entropy, len), ret, e);
    explicit_bzero(entropy, sizeof entropy);
    return r;
}

int mnemonic_secret(const char *words, const char *passphrase, const char *path, uint8_t ret[32],
                    struct err *e)
{
    char text[BIP39_TEXT_MAX];
    uint8_t seed[BIP39_SEED_LEN];
    struct bip32_key key;
    struct secp *s CLEANUP_SECP = secp_new(NULL);
    int r = bip39_normalize(slice_str(words), text, e);
    if (r == 0)
        r = bip39_seed(text, passphrase, seed, e);
    if (r == 0)
        r = bip32_derive(s, slice_of(seed, sizeof seed), path, &key, e);
    if (r == 0)
        memcpy(ret, key.secret, sizeof key.secret);
    explicit_bzero(text, sizeof text);
    explicit_bzero(seed, sizeof seed);
    explicit_bzero(&key, sizeof key);
    return r;
}

const char *mnemonic_path(uint32_t account, uint32_t index, struct arena *arena)
{
    return arena_printf(arena, "m/44'/118'/%u'/0/%u", account, index);
}
