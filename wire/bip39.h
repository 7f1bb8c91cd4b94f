// bip39: keys from words: BIP-39 mnemonics (English) and BIP-32 derivation over secp256k1. Entropy
// is the caller's; nothing here is random. Pure; any thread. Callers wipe what they are given.
#ifndef WIRE_BIP39_H
#define WIRE_BIP39_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "wire/crypto/secp.h"

enum {
    BIP39_ENTROPY_MAX = 32,
    BIP39_WORDS_MAX = 24,
    BIP39_TEXT_MAX = BIP39_WORDS_MAX * 9, // words, blanks and the NUL
    BIP39_SEED_LEN = 64,
    BIP32_DEPTH_MAX = 32,
};

// The path of Cosmos accounts.
#define BIP32_COSMOS_PATH "m/44'/118'/0'/0/0"

// 16, 20, 24, 28 or 32 bytes to 12, 15, 18, 21 or 24 words. -EINVAL for other lengths.
int bip39_from_entropy(struct slice entropy, char ret[BIP39_TEXT_MAX], struct err *e);

// Checks the number of words, each word and the checksum, and writes the words in lower case with
// single blanks. -EINVAL; the text says what is wrong and never repeats a word, only its place: it
// can be part of a secret.
int bip39_normalize(struct slice text, char ret[BIP39_TEXT_MAX], struct err *e);
// The same, giving the entropy back.
int bip39_to_entropy(struct slice text, uint8_t ret[BIP39_ENTROPY_MAX], size_t *ret_len,
                     struct err *e);

// `mnemonic` is what bip39_normalize or bip39_from_entropy wrote. The passphrase must be ASCII (""
// for none): the NFKD form of others is not computed, so they are -EINVAL.
int bip39_seed(const char *mnemonic, const char *passphrase, uint8_t ret[BIP39_SEED_LEN],
               struct err *e);

struct bip32_key {
    uint8_t secret[SECP_SECRET_LEN];
    uint8_t chain_code[32];
};

// From a seed of 16 to 64 bytes and a path such as "m/44'/118'/0'/0/0" (h or H for '). -EINVAL: a
// malformed path, or a key that BIP-32 declares invalid (one in 2^127).
int bip32_derive(const struct secp *s, struct slice seed, const char *path, struct bip32_key *ret,
                 struct err *e);

#endif
