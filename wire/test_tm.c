// Hashes, encodings and sign bytes against what CometBFT's own packages make of the same inputs.
// The inputs follow the rules of tests/peers/wirevectors/main.go.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/enc.h"
#include "base/mem.h"
#include "wire/addr.h"
#include "wire/crypto/hash.h"
#include "wire/test_tm_vectors.h"
#include "wire/tm.h"

static const char *lookup(const char *name)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        if (strcmp(vectors[i].name, name) == 0)
            return vectors[i].hex;
    return NULL;
}

__attribute__((format(printf, 3, 4))) static void check(const void *data, size_t len,
                                                        const char *fmt, ...)
{
    char name[64];
    va_list args;
    va_start(args, fmt);
    vsnprintf(name, sizeof name, fmt, args);
    va_end(args);
    const char *want = lookup(name);
    if (!want)
        fail_msg("no vector %s", name);
    char *got = mem_alloc(2 * len + 1);
    enc_hex_lower(data, len, got);
    if (strcmp(got, want) != 0)
        print_error("%s differs\n", name);
    assert_string_equal(got, want);
    free(got);
}

static void check_buf(struct buf *b, const char *kind, unsigned i)
{
    check(b->data, b->len, "%s %u", kind, i);
    buf_clear(b);
}

static void fill(unsigned seed, uint8_t *ret, size_t len)
{
    for (size_t j = 0; j < len; j++)
        ret[j] = (uint8_t)((size_t)seed * 31 + j * 7);
}

static struct slice filled(struct arena *a, unsigned seed, size_t len)
{
    uint8_t *bytes = (uint8_t *)arena_alloc(a, len);
    fill(seed, bytes, len);
    return slice_of(bytes, len);
}

static struct slice *items(struct arena *a, size_t n)
{
    struct slice *list = (struct slice *)arena_alloc(a, (n + 1) * sizeof *list);
    for (unsigned j = 0; j < n; j++)
        list[j] = filled(a, j, j % 40);
    return list;
}

static int64_t time_of(unsigned i)
{
    const int64_t second = 1000000000;
    switch (i % 4) {
    case 0:
        return (1700000000 + (int64_t)i) * second;
    case 1:
        return 1700000000 * second + i;
    case 2:
        return -(int64_t)i * second + 999999999;
    default:
        return TM_TIME_ZERO;
    }
}

static struct tm_block_id block_id(unsigned i)
{
    struct tm_block_id id = {0};
    if (i % 5 == 0)
        return id;
    id.present = true;
    id.parts_total = i * 50;
    fill(i, id.hash, sizeof id.hash);
    fill(i + 1, id.parts_hash, sizeof id.parts_hash);
    return id;
}

static struct tm_header header(struct arena *a, unsigned i)
{
    struct tm_header h = {.block_version = TM_BLOCK_VERSION,
                          .app_version = i,
                          .chain_id = arena_printf(a, "chain-%u", i),
                          .height = (int64_t)i * 1000003 + 1,
                          .time_ns = time_of(i),
                          .last_block_id = block_id(i)};
    uint8_t *hashes[] = {h.last_commit_hash,     h.data_hash,      h.validators_hash,
                         h.next_validators_hash, h.consensus_hash, h.app_hash,
                         h.last_results_hash,    h.evidence_hash};
    for (unsigned k = 0; k < 8; k++)
        fill(i + 2 + k, hashes[k], TM_HASH_LEN);
    fill(i + 10, h.proposer_address, TM_ADDRESS_LEN);
    return h;
}

static struct tm_commit commit(struct arena *a, unsigned i)
{
    struct tm_commit_sig *list = (struct tm_commit_sig *)arena_zalloc(a, (i + 1) * sizeof *list);
    static const enum tm_block_id_flag flags[] = {TM_FLAG_COMMIT, TM_FLAG_ABSENT, TM_FLAG_NIL};
    for (unsigned j = 0; j < i; j++) {
        list[j].flag = flags[j % 3];
        list[j].time_ns = time_of(j);
        fill(j, list[j].validator_address, TM_ADDRESS_LEN);
        fill(j + 1, list[j].signature, TM_SIGNATURE_LEN);
    }
    return (struct tm_commit){.height = (int64_t)i * 7,
                              .round = (int32_t)(i % 3),
                              .block_id = block_id(i),
                              .signatures = list,
                              .signature_count = i};
}

static void test_merkle(void **state)
{
    (void)state;
    struct arena a CLEANUP_ARENA = {0};
    uint8_t root[TM_HASH_LEN];
    for (unsigned n = 0; n <= 40; n++) {
        tm_merkle_root_of(items(&a, n), n, root);
        check(root, sizeof root, "merkle %u", n);
    }
    for (unsigned n = 1; n <= 13; n++) {
        struct slice *list = items(&a, n);
        tm_merkle_root_of(list, n, root);
        for (unsigned i = 0; i < n; i++) {
            struct tm_proof proof;
            struct buf flat CLEANUP_BUF = {0};
            tm_merkle_prove(list, n, i, &a, &proof);
            buf_append(&flat, proof.leaf_hash, TM_HASH_LEN);
            buf_append(&flat, proof.aunts, proof.aunt_count * TM_HASH_LEN);
            check(flat.data, flat.len, "proof %u %u", n, i);
            assert_int_equal(tm_proof_verify(&proof, root, list[i]), 0);
        }
    }
}

static void test_proof_refusals(void **state)
{
    (void)state;
    struct arena a CLEANUP_ARENA = {0};
    uint8_t root[TM_HASH_LEN];
    for (unsigned n = 1; n <= 13; n++) {
        struct slice *list = items(&a, n);
        tm_merkle_root_of(list, n, root);
        for (unsigned i = 0; i < n; i++) {
            struct tm_proof proof;
            tm_merkle_prove(list, n, i, &a, &proof);
            assert_int_equal(tm_proof_verify(&proof, root, SLICE_LIT("other")), TM_PROOF_WRONG);
            for (unsigned other = 0; other < n; other++) {
                proof.index = other;
                if (other != i)
                    assert_int_equal(tm_proof_verify(&proof, root, list[i]), TM_PROOF_WRONG);
            }
            proof.index = i;
            proof.total = 0;
            assert_int_equal(tm_proof_verify(&proof, root, list[i]), TM_PROOF_WRONG);
            proof.total = (int64_t)n * 2;
            assert_int_equal(tm_proof_verify(&proof, root, list[i]), TM_PROOF_WRONG);
            proof.total = n;
            for (size_t k = 0; k < proof.aunt_count; k++) {
                proof.aunts[k][k] ^= 1;
                assert_int_equal(tm_proof_verify(&proof, root, list[i]), TM_PROOF_WRONG);
                proof.aunts[k][k] ^= 1;
            }
            root[0] ^= 1;
            assert_int_equal(tm_proof_verify(&proof, root, list[i]), TM_PROOF_WRONG);
            root[0] ^= 1;
        }
    }
}

static void test_headers(void **state)
{
    (void)state;
    struct arena a CLEANUP_ARENA = {0};
    struct buf out CLEANUP_BUF = {0};
    for (unsigned i = 0; i < 12; i++) {
        struct tm_header h = header(&a, i), back;
        uint8_t hash[TM_HASH_LEN];
        tm_header_hash(&h, hash);
        check(hash, sizeof hash, "header hash %u", i);
        tm_header_encode(&h, &out);
        assert_int_equal(tm_header_decode(buf_slice(&out), &a, &back, NULL), 0);
        assert_string_equal(back.chain_id, h.chain_id);
        back.chain_id = h.chain_id;
        check_buf(&out, "header", i);
        tm_header_encode(&back, &out);
        check_buf(&out, "header", i);
    }
}

static void test_commits(void **state)
{
    (void)state;
    struct arena a CLEANUP_ARENA = {0};
    struct buf out CLEANUP_BUF = {0};
    for (unsigned i = 0; i < 12; i++) {
        struct tm_commit c = commit(&a, i), back;
        uint8_t hash[TM_HASH_LEN];
        tm_commit_hash(&c, hash);
        check(hash, sizeof hash, "commit hash %u", i);
        tm_commit_encode(&c, &out);
        assert_int_equal(tm_commit_decode(buf_slice(&out), &a, &back, NULL), 0);
        check_buf(&out, "commit", i);
        tm_commit_encode(&back, &out);
        check_buf(&out, "commit", i);
        for (unsigned j = 0; j < i; j++) {
            if (c.signatures[j].flag == TM_FLAG_ABSENT)
                continue;
            tm_commit_sign_bytes(arena_printf(&a, "chain-%u", i), &c, j, &out);
            check(out.data, out.len, "commit sign bytes %u %u", i, j);
            buf_clear(&out);
        }
    }
}

static void test_votes(void **state)
{
    (void)state;
    struct arena a CLEANUP_ARENA = {0};
    struct buf out CLEANUP_BUF = {0};
    for (unsigned i = 0; i < 12; i++) {
        struct tm_block_id id = block_id(i);
        const char *chain = arena_printf(&a, "chain-%u", i);
        int64_t height = (int64_t)i * 1000003;
        tm_vote_sign_bytes(chain, i % 2 ? TM_PRECOMMIT : TM_PREVOTE, height, (int32_t)(i % 4), &id,
                           time_of(i), &out);
        check_buf(&out, "vote", i);
        tm_proposal_sign_bytes(chain, height, (int32_t)(i % 4), (int32_t)i - 1, &id, time_of(i),
                               &out);
        check_buf(&out, "proposal", i);
    }
}

static void check_block(const struct tm_block *b, unsigned i)
{
    struct arena a CLEANUP_ARENA = {0};
    struct buf out CLEANUP_BUF = {0};
    struct buf small CLEANUP_BUF = {0};
    struct tm_block_id id;
    struct tm_block back;
    uint8_t digest[32];
    tm_block_encode(b, &out);
    hash_sha256(out.data, out.len, digest);
    check(digest, sizeof digest, "block %u", i);
    tm_block_id_of(&b->header, buf_slice(&out), &id);
    tm_block_id_encode(&id, &small);
    check_buf(&small, "block id", i);
    tm_block_meta_encode(&id, out.len, &b->header, b->tx_count, &small);
    check_buf(&small, "meta", i);
    assert_int_equal(tm_block_decode(buf_slice(&out), &a, &back, NULL), 0);
    assert_int_equal(back.tx_count, b->tx_count);
    tm_block_encode(&back, &small);
    assert_true(slice_eq(buf_slice(&small), buf_slice(&out)));
    // Every cut within the small members is refused.
    for (size_t len = 0; len < out.len && len < 600; len++)
        assert_int_equal(tm_block_decode(slice_of(out.data, len), &a, &back, NULL), -EBADMSG);
}

static void test_blocks(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 100, 65536, 30000, 200};
    for (unsigned i = 0; i < 6; i++) {
        struct arena a CLEANUP_ARENA = {0};
        unsigned count = i * 3;
        struct slice *txs = (struct slice *)arena_alloc(&a, (count + 1) * sizeof *txs);
        uint8_t(*digests)[TM_HASH_LEN] =
            (uint8_t(*)[TM_HASH_LEN])arena_alloc(&a, ((size_t)count + 1) * TM_HASH_LEN);
        for (unsigned j = 0; j < count; j++) {
            txs[j] = filled(&a, j, sizes[i] + j);
            hash_sha256(txs[j].data, txs[j].len, digests[j]);
        }
        struct tm_block b = {
            .header = header(&a, i), .txs = txs, .tx_count = count, .last_commit = commit(&a, i)};
        uint8_t hash[TM_HASH_LEN];
        tm_data_hash_of((const uint8_t(*)[TM_HASH_LEN])digests, count, hash);
        check(hash, sizeof hash, "data hash %u", i);
        tm_data_hash(txs, count, b.header.data_hash);
        check(b.header.data_hash, TM_HASH_LEN, "data hash %u", i);
        tm_commit_hash(&b.last_commit, b.header.last_commit_hash);
        tm_empty_hash(b.header.evidence_hash);
        check_block(&b, i);
    }
}

static void test_validators(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 12; n++) {
        struct tm_validator list[12];
        for (unsigned j = 0; j < n; j++) {
            fill(j * 3 + 1, list[j].pub_key, TM_PUBKEY_LEN);
            addr_of_ed25519_pubkey(list[j].pub_key, list[j].address);
            list[j].power = (int64_t)(j % 3 * (j % 3)) * 100000 + 1;
        }
        tm_validators_sort(list, n);
        struct buf order CLEANUP_BUF = {0};
        for (unsigned j = 0; j < n; j++)
            buf_append(&order, list[j].address, TM_ADDRESS_LEN);
        check_buf(&order, "validators", n);
        uint8_t hash[TM_HASH_LEN];
        tm_validators_hash(list, n, hash);
        check(hash, sizeof hash, "validators hash %u", n);
    }
}

static void test_params_and_results(void **state)
{
    (void)state;
    struct arena a CLEANUP_ARENA = {0};
    static const int64_t pairs[][2] = {
        {22020096, -1}, {1, 0}, {0, 1LL << 40}, {1048576, 100000000}};
    uint8_t hash[TM_HASH_LEN];
    for (unsigned i = 0; i < 4; i++) {
        tm_params_hash(pairs[i][0], pairs[i][1], hash);
        check(hash, sizeof hash, "params %u", i);
    }
    struct tm_merkle m = {0};
    for (unsigned n = 0; n <= 9; n++) {
        tm_merkle_root(&m, hash);
        check(hash, sizeof hash, "results %u", n);
        tm_results_add(&m, n % 3, filled(&a, n, (size_t)n * 5), (int64_t)n * 70000,
                       (int64_t)n * 60000 - 1);
    }
}

static void test_evidence_is_refused(void **state)
{
    (void)state;
    struct arena a CLEANUP_ARENA = {0};
    struct buf out CLEANUP_BUF = {0};
    struct tm_block b = {.header = header(&a, 1)}, back;
    struct err e = {0};
    tm_block_encode(&b, &out);
    assert_int_equal(tm_block_decode(buf_slice(&out), &a, &back, &e), 0);
    // "evidence, empty" and "last commit" stand at the end: 1a 00 22 04 1a 02 12 00.
    uint8_t tail[] = {0x1a, 0x02, 0x0a, 0x00, 0x22, 0x04, 0x1a, 0x02, 0x12, 0x00};
    out.len -= 8;
    buf_append(&out, tail, sizeof tail);
    assert_int_equal(tm_block_decode(buf_slice(&out), &a, &back, &e), -ENOTSUP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merkle),
        cmocka_unit_test(test_proof_refusals),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_commits),
        cmocka_unit_test(test_votes),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_validators),
        cmocka_unit_test(test_params_and_results),
        cmocka_unit_test(test_evidence_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
