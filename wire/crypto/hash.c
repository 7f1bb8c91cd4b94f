// OpenSSL 3 calls the plain digest functions deprecated and offers the EVP ones, which fetch,
// allocate and take a lock for each short message. The plain ones run the same assembly, and
// RIPEMD-160 needs no legacy provider there.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "wire/crypto/hash.h"

#include <openssl/crypto.h>
#include <openssl/ripemd.h>
#include <openssl/sha.h>

void hash_sha256(const void *data, size_t len, uint8_t ret[SHA256_LEN])
{
    SHA256_CTX ctx;
    SHA256_Init(&ctx);
    SHA256_Update(&ctx, data, len);
    SHA256_Final(ret, &ctx);
}

void hash_sha256_parts(const struct slice *parts, size_t count, uint8_t ret[SHA256_LEN])
{
    SHA256_CTX ctx;
    SHA256_Init(&ctx);
    for (size_t i = 0; i < count; i++)
        SHA256_Update(&ctx, parts[i].data, parts[i].len);
    SHA256_Final(ret, &ctx);
}

void hash_sha512(const void *data, size_t len, uint8_t ret[SHA512_LEN])
{
    SHA512_CTX ctx;
    SHA512_Init(&ctx);
    SHA512_Update(&ctx, data, len);
    SHA512_Final(ret, &ctx);
}

void hash_ripemd160(const void *data, size_t len, uint8_t ret[RIPEMD160_LEN])
{
    RIPEMD160_CTX ctx;
    RIPEMD160_Init(&ctx);
    RIPEMD160_Update(&ctx, data, len);
    RIPEMD160_Final(ret, &ctx);
}

void hash_hash160(const void *data, size_t len, uint8_t ret[RIPEMD160_LEN])
{
    uint8_t inner[SHA256_LEN];
    hash_sha256(data, len, inner);
    hash_ripemd160(inner, sizeof inner, ret);
}

// RFC 2104 over SHA-512, whose block is 128 bytes.
void hash_hmac_sha512(struct slice key, struct slice data, uint8_t ret[SHA512_LEN])
{
    uint8_t block[128] = {0};
    if (key.len > sizeof block)
        hash_sha512(key.data, key.len, block);
    else if (key.len > 0)
        memcpy(block, key.data, key.len);
    uint8_t pad[sizeof block];
    SHA512_CTX ctx;
    for (size_t i = 0; i < sizeof block; i++)
        pad[i] = block[i] ^ 0x36;
    SHA512_Init(&ctx);
    SHA512_Update(&ctx, pad, sizeof pad);
    SHA512_Update(&ctx, data.data, data.len);
    SHA512_Final(ret, &ctx);
    for (size_t i = 0; i < sizeof block; i++)
        pad[i] = block[i] ^ 0x5c;
    SHA512_Init(&ctx);
    SHA512_Update(&ctx, pad, sizeof pad);
    SHA512_Update(&ctx, ret, SHA512_LEN);
    SHA512_Final(ret, &ctx);
    OPENSSL_cleanse(block, sizeof block);
    OPENSSL_cleanse(pad, sizeof pad);
    OPENSSL_cleanse(&ctx, sizeof ctx);
}
