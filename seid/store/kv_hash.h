// kv_hash: a fast keyed hash for tables in memory; its values are never stored. Seed it at random,
// so that no sender of transactions can choose keys that collide.
#ifndef SEID_STORE_KV_HASH_H
#define SEID_STORE_KV_HASH_H

#include <stdint.h>

#include "base/slice.h"

uint64_t kv_hash(uint64_t seed, struct slice key);
uint64_t kv_hash_seed(void);

#endif
