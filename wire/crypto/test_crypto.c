// Digests, signatures and addresses against published vectors.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/enc.h"
#include "wire/addr.h"
#include "wire/bech32.h"
#include "wire/crypto/ed25519.h"
#include "wire/crypto/hash.h"
#include "wire/crypto/secp.h"

static void assert_hex(const uint8_t *data, size_t len, const char *hex)
{
    char text[2 * 64 + 1];
    enc_hex_lower(data, len, text);
    assert_string_equal(text, hex);
}

static void unhex(const char *hex, uint8_t *ret, size_t len)
{
    assert_int_equal(enc_hex_decode(hex, strlen(hex), ret, len), len);
}

static void test_hashes(void **state)
{
    (void)state;
    uint8_t out[64];
    hash_sha256("", 0, out);
    assert_hex(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_sha256("abc", 3, out);
    assert_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    struct slice parts[] = {SLICE_LIT("a"), SLICE_NULL, SLICE_LIT("bc")};
    hash_sha256_parts(parts, 3, out);
    assert_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_ripemd160("abc", 3, out);
    assert_hex(out, 20, "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc");
    hash_sha512("abc", 3, out);
    assert_hex(out, 64,
               "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
               "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

static void test_hmac_sha512(void **state)
{
    (void)state;
    uint8_t out[64];
    // RFC 4231, test cases 2 and 6 (a key longer than the block).
    hash_hmac_sha512(SLICE_LIT("Jefe"), SLICE_LIT("what do ya want for nothing?"), out);
    assert_hex(out, 64,
               "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
               "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
    uint8_t key[131];
    memset(key, 0xaa, sizeof key);
    hash_hmac_sha512(slice_of(key, sizeof key),
                     SLICE_LIT("Test Using Larger Than Block-Size Key - Hash Key First"), out);
    assert_hex(out, 64,
               "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
               "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598");
}

// Made with cosmjs: secret 32 x 07.
static void test_secp_vector(void **state)
{
    (void)state;
    uint8_t seed[32] = {1};
    struct secp *s CLEANUP_SECP = secp_new(seed);
    uint8_t secret[32], key[33], digest[32], sig[64];
    memset(secret, 7, sizeof secret);
    assert_int_equal(secp_pubkey_of(s, secret, key), 0);
    assert_hex(key, 33, "02989c0b76cb563971fdc9bef31ec06c3560f3249d6ee9e5d83c57625596e05f6f");
    unhex("84ba06e0fc9700853fa312d3208258055599555f68e0367a56be8dbb10d3d44a", digest, 32);
    assert_int_equal(secp_sign(s, secret, digest, sig), 0);
    assert_hex(sig, 64,
               "b43ee976cfd13f15165b43a449b50be45765380a09abfef3f9d2c7c2163e6c02"
               "5ef2d719b8bb9f04e7157ee32991823c40fb90dab0ddd65c4869949bed97915f");
    assert_int_equal(secp_verify(s, key, digest, sig), 0);
    for (unsigned bit = 0; bit < 64 * 8; bit++) {
        sig[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(secp_verify(s, key, digest, sig), SECP_BAD_SIGNATURE);
        sig[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void test_secp_refusals(void **state)
{
    (void)state;
    struct secp *s CLEANUP_SECP = secp_new(NULL);
    uint8_t order[32], secret[32] = {0}, key[33], digest[32] = {0}, sig[64];
    unhex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", order, 32);
    assert_int_equal(secp_pubkey_of(s, secret, key), SECP_BAD_SECRET);
    assert_int_equal(secp_pubkey_of(s, order, key), SECP_BAD_SECRET);
    assert_int_equal(secp_sign(s, order, digest, sig), SECP_BAD_SECRET);
    secret[31] = 1;
    assert_int_equal(secp_secret_add(s, secret, order), SECP_BAD_SECRET);
    assert_int_equal(secret[31], 1);
    assert_int_equal(secp_pubkey_of(s, secret, key), 0);
    assert_int_equal(secp_sign(s, secret, digest, sig), 0);
    // The same signature with s := n - s is as true, and malleable: refused.
    unsigned borrow = 0;
    for (int i = 31; i >= 0; i--) {
        unsigned digit = 0x100U + order[i] - sig[32 + i] - borrow;
        borrow = digit < 0x100;
        sig[32 + i] = (uint8_t)digit;
    }
    assert_int_equal(secp_verify(s, key, digest, sig), SECP_BAD_SIGNATURE);
    memset(sig, 0, sizeof sig);
    assert_int_equal(secp_verify(s, key, digest, sig), SECP_BAD_SIGNATURE);
    key[0] = 4;
    assert_int_equal(secp_verify(s, key, digest, sig), SECP_BAD_PUBKEY);
    memset(key, 0xff, sizeof key);
    key[0] = 2;
    assert_int_equal(secp_verify(s, key, digest, sig), SECP_BAD_PUBKEY);
}

// RFC 8032, 7.1, test 2.
static void test_ed25519(void **state)
{
    (void)state;
    uint8_t seed[32], sig[64], message = 0x72;
    unhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", seed, 32);
    struct ed25519 *key CLEANUP_ED25519 = ed25519_from_seed(seed);
    assert_hex(ed25519_public(key), 32,
               "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    ed25519_sign(key, &message, 1, sig);
    assert_hex(sig, 64,
               "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
               "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
    struct ed25519 *public CLEANUP_ED25519 = ed25519_from_public(ed25519_public(key));
    assert_int_equal(ed25519_verify(public, &message, 1, sig), 0);
    sig[40] ^= 1;
    assert_int_equal(ed25519_verify(public, &message, 1, sig), ED25519_BAD_SIGNATURE);
    assert_int_equal(ed25519_verify(public, "", 0, sig), ED25519_BAD_SIGNATURE);
}

static void test_addresses(void **state)
{
    (void)state;
    uint8_t key[33], raw[ADDR_LEN], back[ADDR_LEN];
    char text[ADDR_TEXT_MAX];
    unhex("02989c0b76cb563971fdc9bef31ec06c3560f3249d6ee9e5d83c57625596e05f6f", key, 33);
    addr_of_secp_pubkey(key, raw);
    addr_text(ADDR_HRP_ACC, slice_of(raw, sizeof raw), text);
    assert_string_equal(text, "sei150rtrmj2f8vl9tem8qpfw36ylw5jg9j270mllc");
    assert_int_equal(addr_parse20(ADDR_HRP_ACC, slice_str(text), back, NULL), 0);
    assert_memory_equal(raw, back, ADDR_LEN);
    addr_of_module("gov", raw);
    assert_hex(raw, 20, "7b5fe22b5446f7c62ea27b8bd71cef94e03f3df2");
    addr_text(ADDR_HRP_ACC, slice_of(raw, sizeof raw), text);
    assert_string_equal(text, "sei10d07y265gmmuvt4z0w9aw880jnsr700jhwznsj");
    addr_of_module("fee_collector", raw);
    addr_text(ADDR_HRP_ACC, slice_of(raw, sizeof raw), text);
    assert_string_equal(text, "sei17xpfvakm2amg962yls6f84z3kell8c5la4jkdu");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hashes),      cmocka_unit_test(test_hmac_sha512),
        cmocka_unit_test(test_secp_vector), cmocka_unit_test(test_secp_refusals),
        cmocka_unit_test(test_ed25519),     cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
