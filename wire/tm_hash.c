#include <stdlib.h>
#include <string.h>

#include "wire/crypto/hash.h"
#include "wire/pbwire.h"
#include "wire/tm.h"

void tm_empty_hash(uint8_t ret[TM_HASH_LEN])
{
    hash_sha256("", 0, ret);
}

void tm_data_hash(const struct slice *txs, size_t count, uint8_t ret[TM_HASH_LEN])
{
    struct tm_merkle m = {0};
    for (size_t i = 0; i < count; i++) {
        uint8_t digest[SHA256_LEN];
        hash_sha256(txs[i].data, txs[i].len, digest);
        tm_merkle_add(&m, slice_of(digest, sizeof digest));
    }
    tm_merkle_root(&m, ret);
}

void tm_data_hash_of(const uint8_t (*digests)[TM_HASH_LEN], size_t count, uint8_t ret[TM_HASH_LEN])
{
    struct tm_merkle m = {0};
    for (size_t i = 0; i < count; i++)
        tm_merkle_add(&m, slice_of(digests[i], TM_HASH_LEN));
    tm_merkle_root(&m, ret);
}

static int compare_validators(const void *left, const void *right)
{
    const struct tm_validator *a = (const struct tm_validator *)left;
    const struct tm_validator *b = (const struct tm_validator *)right;
    if (a->power != b->power)
        return a->power > b->power ? -1 : 1;
    return memcmp(a->address, b->address, TM_ADDRESS_LEN);
}

void tm_validators_sort(struct tm_validator *validators, size_t count)
{
    if (count > 1)
        qsort(validators, count, sizeof *validators, compare_validators);
}

void tm_validators_hash(const struct tm_validator *validators, size_t count,
                        uint8_t ret[TM_HASH_LEN])
{
    struct tm_merkle m = {0};
    struct buf key CLEANUP_BUF = {0};
    struct buf simple CLEANUP_BUF = {0}; // tendermint.types.SimpleValidator
    for (size_t i = 0; i < count; i++) {
        buf_clear(&key);
        buf_clear(&simple);
        pbwire_append_bytes(&key, 1, slice_of(validators[i].pub_key, TM_PUBKEY_LEN));
        pbwire_append_message(&simple, 1, buf_slice(&key));
        pbwire_append_varint(&simple, 2, (uint64_t)validators[i].power);
        tm_merkle_add(&m, buf_slice(&simple));
    }
    tm_merkle_root(&m, ret);
}

void tm_params_hash(int64_t block_max_bytes, int64_t block_max_gas, uint8_t ret[TM_HASH_LEN])
{
    struct buf params CLEANUP_BUF = {0}; // tendermint.types.HashedParams
    pbwire_append_varint(&params, 1, (uint64_t)block_max_bytes);
    pbwire_append_varint(&params, 2, (uint64_t)block_max_gas);
    hash_sha256(params.data, params.len, ret);
}

void tm_results_add(struct tm_merkle *m, uint32_t code, struct slice data, int64_t gas_wanted,
                    int64_t gas_used)
{
    struct buf result CLEANUP_BUF = {0}; // tendermint.abci.ExecTxResult
    pbwire_append_varint(&result, 1, code);
    pbwire_append_bytes(&result, 2, data);
    pbwire_append_varint(&result, 5, (uint64_t)gas_wanted);
    pbwire_append_varint(&result, 6, (uint64_t)gas_used);
    tm_merkle_add(m, buf_slice(&result));
}

void tm_parts(struct slice block, uint32_t *ret_total, uint8_t ret_hash[TM_HASH_LEN])
{
    struct tm_merkle m = {0};
    for (size_t at = 0; at < block.len; at += TM_PART_LEN) {
        size_t len = block.len - at < TM_PART_LEN ? block.len - at : TM_PART_LEN;
        tm_merkle_add(&m, slice_of(block.data + at, len));
    }
    *ret_total = (uint32_t)m.count;
    tm_merkle_root(&m, ret_hash);
}

void tm_block_id_of(const struct tm_header *h, struct slice block, struct tm_block_id *ret)
{
    struct tm_block_id id = {.present = true};
    tm_header_hash(h, id.hash);
    tm_parts(block, &id.parts_total, id.parts_hash);
    *ret = id;
}
