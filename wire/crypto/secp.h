// secp: ECDSA over secp256k1 as Cosmos uses it: compressed public keys, 64-byte r||s with low s,
// nonces by RFC 6979. Over libsecp256k1.
//
// Threads: a struct secp is read-only after secp_new and may be shared.
#ifndef WIRE_CRYPTO_SECP_H
#define WIRE_CRYPTO_SECP_H

#include <stdint.h>

#include "base/cleanup.h"

enum { SECP_SECRET_LEN = 32, SECP_PUBKEY_LEN = 33, SECP_SIGNATURE_LEN = 64, SECP_DIGEST_LEN = 32 };

// Outcomes.
enum { SECP_BAD_PUBKEY = 1, SECP_BAD_SIGNATURE = 2, SECP_BAD_SECRET = 3 };

struct secp;

// `seed` is 32 random bytes that blind the signing against side channels, or null where nothing is
// signed. The caller frees the result.
struct secp *secp_new(const uint8_t *seed);
void secp_free(struct secp *s); // null is fine
static inline void secp_freep(struct secp **s)
{
    secp_free(*s);
}
#define CLEANUP_SECP CLEANUP(secp_freep)

// A parsed key, for those who verify against one key many times (parsing takes a square root).
struct secp_pubkey {
    uint8_t opaque[64];
};

// 0, or SECP_BAD_PUBKEY: not a compressed point of the curve.
int secp_pubkey_parse(const struct secp *s, const uint8_t key[SECP_PUBKEY_LEN],
                      struct secp_pubkey *ret);

// 0, or SECP_BAD_SIGNATURE: r or s out of range, high s, or not over this digest by this key.
int secp_verify_parsed(const struct secp *s, const struct secp_pubkey *key,
                       const uint8_t digest[SECP_DIGEST_LEN],
                       const uint8_t signature[SECP_SIGNATURE_LEN]);

// 0, SECP_BAD_PUBKEY or SECP_BAD_SIGNATURE.
int secp_verify(const struct secp *s, const uint8_t key[SECP_PUBKEY_LEN],
                const uint8_t digest[SECP_DIGEST_LEN], const uint8_t signature[SECP_SIGNATURE_LEN]);

// 0, or SECP_BAD_SECRET: zero or not below the group order; `ret` is then untouched.
int secp_pubkey_of(const struct secp *s, const uint8_t secret[SECP_SECRET_LEN],
                   uint8_t ret[SECP_PUBKEY_LEN]);
int secp_sign(const struct secp *s, const uint8_t secret[SECP_SECRET_LEN],
              const uint8_t digest[SECP_DIGEST_LEN], uint8_t ret[SECP_SIGNATURE_LEN]);

// secret + tweak modulo the group order, in place (BIP-32). SECP_BAD_SECRET: the tweak is out of
// range or the sum is zero.
int secp_secret_add(const struct secp *s, uint8_t secret[SECP_SECRET_LEN],
                    const uint8_t tweak[SECP_SECRET_LEN]);

#endif
