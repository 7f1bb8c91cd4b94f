#include "wire/crypto/secp.h"

#include <assert.h>
#include <secp256k1.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct secp {
    secp256k1_context *ctx; // owned
};

struct secp *secp_new(const uint8_t *seed)
{
    struct secp *s = mem_zalloc(sizeof *s);
    s->ctx = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    assert(s->ctx);
    if (seed) {
        int ok = secp256k1_context_randomize(s->ctx, seed);
        assert(ok);
        (void)ok;
    }
    return s;
}

void secp_free(struct secp *s)
{
    if (!s)
        return;
    secp256k1_context_destroy(s->ctx);
    free(s);
}

int secp_pubkey_parse(const struct secp *s, const uint8_t key[SECP_PUBKEY_LEN],
                      struct secp_pubkey *ret)
{
    secp256k1_pubkey parsed;
    _Static_assert(sizeof parsed == sizeof ret->opaque, "the opaque copy must fit");
    if (!secp256k1_ec_pubkey_parse(s->ctx, &parsed, key, SECP_PUBKEY_LEN))
        return SECP_BAD_PUBKEY;
    memcpy(ret->opaque, &parsed, sizeof parsed);
    return 0;
}

int secp_verify_parsed(const struct secp *s, const struct secp_pubkey *key,
                       const uint8_t digest[SECP_DIGEST_LEN],
                       const uint8_t signature[SECP_SIGNATURE_LEN])
{
    secp256k1_pubkey parsed;
    secp256k1_ecdsa_signature sig;
    memcpy(&parsed, key->opaque, sizeof parsed);
    // The library itself refuses a high s.
    if (!secp256k1_ecdsa_signature_parse_compact(s->ctx, &sig, signature) ||
        !secp256k1_ecdsa_verify(s->ctx, &sig, digest, &parsed))
        return SECP_BAD_SIGNATURE;
    return 0;
}

int secp_verify(const struct secp *s, const uint8_t key[SECP_PUBKEY_LEN],
                const uint8_t digest[SECP_DIGEST_LEN], const uint8_t signature[SECP_SIGNATURE_LEN])
{
    struct secp_pubkey parsed;
    int r = secp_pubkey_parse(s, key, &parsed);
    return r ? r : secp_verify_parsed(s, &parsed, digest, signature);
}

int secp_pubkey_of(const struct secp *s, const uint8_t secret[SECP_SECRET_LEN],
                   uint8_t ret[SECP_PUBKEY_LEN])
{
    secp256k1_pubkey key;
    if (!secp256k1_ec_pubkey_create(s->ctx, &key, secret))
        return SECP_BAD_SECRET;
    size_t len = SECP_PUBKEY_LEN;
    secp256k1_ec_pubkey_serialize(s->ctx, ret, &len, &key, SECP256K1_EC_COMPRESSED);
    return 0;
}

int secp_sign(const struct secp *s, const uint8_t secret[SECP_SECRET_LEN],
              const uint8_t digest[SECP_DIGEST_LEN], uint8_t ret[SECP_SIGNATURE_LEN])
{
    secp256k1_ecdsa_signature sig;
    if (!secp256k1_ecdsa_sign(s->ctx, &sig, digest, secret, secp256k1_nonce_function_rfc6979, NULL))
        return SECP_BAD_SECRET;
    secp256k1_ecdsa_signature_serialize_compact(s->ctx, ret, &sig);
    return 0;
}

int secp_secret_add(const struct secp *s, uint8_t secret[SECP_SECRET_LEN],
                    const uint8_t tweak[SECP_SECRET_LEN])
{
    uint8_t sum[SECP_SECRET_LEN];
    memcpy(sum, secret, sizeof sum);
    if (!secp256k1_ec_seckey_tweak_add(s->ctx, sum, tweak))
        return SECP_BAD_SECRET;
    memcpy(secret, sum, sizeof sum);
    return 0;
}
