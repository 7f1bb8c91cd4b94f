// ed25519: validator and node keys, over libcrypto. Keys are objects made once and used often.
//
// Threads: a key is read-only after it was made and may be shared.
// Verification is RFC 8032's without cofactor: what we and CometBFT sign passes both; signatures
// made on purpose to pass only CometBFT's cofactored rule (ZIP-215) are refused here.
#ifndef WIRE_CRYPTO_ED25519_H
#define WIRE_CRYPTO_ED25519_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

enum { ED25519_SEED_LEN = 32, ED25519_PUBKEY_LEN = 32, ED25519_SIGNATURE_LEN = 64 };
enum { ED25519_BAD_SIGNATURE = 1 };

struct ed25519; // a private key, or a public one that only verifies

// The caller frees the result.
struct ed25519 *ed25519_from_seed(const uint8_t seed[ED25519_SEED_LEN]);
struct ed25519 *ed25519_from_public(const uint8_t public_key[ED25519_PUBKEY_LEN]);
void ed25519_free(struct ed25519 *key); // null is fine
static inline void ed25519_freep(struct ed25519 **key)
{
    ed25519_free(*key);
}
#define CLEANUP_ED25519 CLEANUP(ed25519_freep)

const uint8_t *ed25519_public(const struct ed25519 *key); // ED25519_PUBKEY_LEN bytes, of the key

// Only for a key made from its seed.
void ed25519_sign(const struct ed25519 *key, const void *message, size_t len,
                  uint8_t ret[ED25519_SIGNATURE_LEN]);

// 0 or ED25519_BAD_SIGNATURE.
int ed25519_verify(const struct ed25519 *key, const void *message, size_t len,
                   const uint8_t signature[ED25519_SIGNATURE_LEN]);

#endif
