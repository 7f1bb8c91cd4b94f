#include "wire/crypto/ed25519.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct ed25519 {
    EVP_PKEY *pkey; // owned
    bool can_sign;
    uint8_t public_key[ED25519_PUBKEY_LEN];
};

// libcrypto fails here only when memory is out, which ends the process everywhere (base/mem.h).
static void require(bool ok)
{
    if (!ok)
        abort();
}

struct ed25519 *ed25519_from_seed(const uint8_t seed[ED25519_SEED_LEN])
{
    struct ed25519 *key = mem_zalloc(sizeof *key);
    key->pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_SEED_LEN);
    require(key->pkey);
    size_t len = sizeof key->public_key;
    require(EVP_PKEY_get_raw_public_key(key->pkey, key->public_key, &len) == 1);
    key->can_sign = true;
    return key;
}

struct ed25519 *ed25519_from_public(const uint8_t public_key[ED25519_PUBKEY_LEN])
{
    struct ed25519 *key = mem_zalloc(sizeof *key);
    key->pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, ED25519_PUBKEY_LEN);
    require(key->pkey);
    memcpy(key->public_key, public_key, sizeof key->public_key);
    return key;
}

void ed25519_free(struct ed25519 *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    free(key);
}

const uint8_t *ed25519_public(const struct ed25519 *key)
{
    return key->public_key;
}

void ed25519_sign(const struct ed25519 *key, const void *message, size_t len,
                  uint8_t ret[ED25519_SIGNATURE_LEN])
{
    assert(key->can_sign);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    require(ctx);
    size_t out = ED25519_SIGNATURE_LEN;
    require(EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->pkey) == 1);
    require(EVP_DigestSign(ctx, ret, &out, message, len) == 1);
    EVP_MD_CTX_free(ctx);
}

int ed25519_verify(const struct ed25519 *key, const void *message, size_t len,
                   const uint8_t signature[ED25519_SIGNATURE_LEN])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    require(ctx);
    require(EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key->pkey) == 1);
    int ok = EVP_DigestVerify(ctx, signature, ED25519_SIGNATURE_LEN, message, len);
    EVP_MD_CTX_free(ctx);
    return ok == 1 ? 0 : ED25519_BAD_SIGNATURE;
}
