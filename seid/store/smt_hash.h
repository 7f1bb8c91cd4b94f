// smt_hash: the four hashes of the tree.
#ifndef SEID_STORE_SMT_HASH_H
#define SEID_STORE_SMT_HASH_H

#include <stdint.h>

#include "base/slice.h"

void smt_hash_bytes(struct slice s, uint8_t ret[32]);
void smt_hash_leaf(const uint8_t path[32], const uint8_t value_hash[32], uint8_t ret[32]);
void smt_hash_inner(const uint8_t left[32], const uint8_t right[32], uint8_t ret[32]);

#endif
