// hash: the digests of the chain. No allocation, no failure, any thread.
#ifndef WIRE_CRYPTO_HASH_H
#define WIRE_CRYPTO_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum { SHA256_LEN = 32, SHA512_LEN = 64, RIPEMD160_LEN = 20 };

void hash_sha256(const void *data, size_t len, uint8_t ret[SHA256_LEN]);
// The digest of the parts one behind the other.
void hash_sha256_parts(const struct slice *parts, size_t count, uint8_t ret[SHA256_LEN]);
void hash_sha512(const void *data, size_t len, uint8_t ret[SHA512_LEN]);
void hash_ripemd160(const void *data, size_t len, uint8_t ret[RIPEMD160_LEN]);
// ripemd160(sha256(data))
void hash_hash160(const void *data, size_t len, uint8_t ret[RIPEMD160_LEN]);
void hash_hmac_sha512(struct slice key, struct slice data, uint8_t ret[SHA512_LEN]);

#endif
