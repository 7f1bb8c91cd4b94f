// mnemonic: from BIP-39 words to the secret of a key (BIP-32, BIP-44, coin type 118).
#ifndef SEID_CMD_MNEMONIC_H
#define SEID_CMD_MNEMONIC_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum { MNEMONIC_TEXT_MAX = 24 * 9 + 1 };

// New words from the system's random source; 128 or 256 bits (12 or 24 words). `ret` has room for
// MNEMONIC_TEXT_MAX.
int mnemonic_new(int bits, char *ret, struct err *e);

// The secret at a path ("m/44'/118'/0'/0/0"). -EINVAL: not a mnemonic, or not a path.
int mnemonic_secret(const char *words, const char *passphrase, const char *path, uint8_t ret[32],
                    struct err *e);

// "m/44'/118'/<account>'/0/<index>" in the arena.
const char *mnemonic_path(uint32_t account, uint32_t index, struct arena *arena);

#endif
