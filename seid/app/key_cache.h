// key_cache: public keys that were parsed already. Parsing a compressed key takes a square root, an
// eighth of the cost of a verification, and the same accounts sign again and again. A table of
// fixed size; a key that falls on another's place takes it.
//
// Threads: any; each part of the table has its lock.
#ifndef SEID_APP_KEY_CACHE_H
#define SEID_APP_KEY_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "wire/crypto/secp.h"

struct key_cache;

// Room for `entries`, rounded up to a power of two (0: remembers nothing).
struct key_cache *key_cache_new(size_t entries);
void key_cache_free(struct key_cache *c); // null is fine

// As secp_pubkey_parse.
int key_cache_parse(struct key_cache *c, const struct secp *s, const uint8_t key[SECP_PUBKEY_LEN],
                    struct secp_pubkey *ret);

#endif
