// Words and keys: the vectors of BIP-39 (its reference list, passphrase TREZOR) and BIP-32.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/enc.h"
#include "wire/addr.h"
#include "wire/bip39.h"
#include "wire/bip39_words.h"
#include "wire/crypto/hash.h"
#include "wire/test_bip39_vectors.h"

static void assert_hex(const uint8_t *data, size_t len, const char *hex)
{
    char text[129];
    enc_hex_lower(data, len, text);
    assert_string_equal(text, hex);
}

static void test_word_list(void **state)
{
    (void)state;
    struct buf all CLEANUP_BUF = {0};
    for (unsigned i = 0; i < BIP39_WORD_COUNT; i++) {
        assert_true(strlen(bip39_words[i]) <= BIP39_WORD_MAX);
        assert_true(i == 0 || strcmp(bip39_words[i - 1], bip39_words[i]) < 0);
        buf_append_str(&all, bip39_words[i]);
        buf_append_str(&all, "\n");
    }
    uint8_t digest[32];
    hash_sha256(all.data, all.len, digest);
    // Of english.txt beside BIP-39.
    assert_hex(digest, 32, "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda");
}

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint8_t entropy[BIP39_ENTROPY_MAX], back[BIP39_ENTROPY_MAX], seed[BIP39_SEED_LEN];
        char text[BIP39_TEXT_MAX];
        size_t len = strlen(vectors[i].entropy) / 2, back_len;
        assert_int_equal(enc_hex_decode(vectors[i].entropy, 2 * len, entropy, sizeof entropy), len);
        assert_int_equal(bip39_from_entropy(slice_of(entropy, len), text, NULL), 0);
        assert_string_equal(text, vectors[i].words);
        assert_int_equal(bip39_to_entropy(slice_str(text), back, &back_len, NULL), 0);
        assert_int_equal(back_len, len);
        assert_memory_equal(entropy, back, len);
        assert_int_equal(bip39_seed(text, "TREZOR", seed, NULL), 0);
        assert_hex(seed, sizeof seed, vectors[i].seed);
    }
}

static const struct {
    const char *words, *error;
} refused[] = {
    {"", "a mnemonic has 12, 15, 18, 21 or 24 words, not 0"},
    {"abandon abandon abandon", "a mnemonic has 12, 15, 18, 21 or 24 words, not 3"},
    {"abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
     "abandon about",
     "a mnemonic has 12, 15, 18, 21 or 24 words, not 13"},
    {"abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
     "abandon",
     "the checksum of the mnemonic is wrong"},
    {"abandon abandonx", "word 2 of the mnemonic is not in the English word list"},
    {"abandon abandonabandonabandon", "word 2 of the mnemonic is not in the English word list"},
    {"a a a a a a a a a a a a a a a a a a a a a a a a a",
     "word 1 of the mnemonic is not in the English word list"},
    {"zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo "
     "zoo zoo",
     "a mnemonic has at most 24 words"},
};

static void test_refusals(void **state)
{
    (void)state;
    char text[BIP39_TEXT_MAX];
    uint8_t seed[64] = {0};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct err e = {0};
        assert_int_equal(bip39_normalize(slice_str(refused[i].words), text, &e), -EINVAL);
        assert_string_equal(e.text, refused[i].error);
    }
    assert_int_equal(
        bip39_normalize(SLICE_LIT(" Abandon\tABANDON abandon abandon abandon abandon abandon "
                                  "abandon abandon abandon abandon\n about  "),
                        text, NULL),
        0);
    assert_string_equal(text,
                        "abandon abandon abandon abandon abandon abandon abandon abandon abandon "
                        "abandon abandon about");
    for (size_t len = 0; len < 64; len++)
        assert_int_equal(bip39_from_entropy(slice_of(seed, len), text, NULL) == 0,
                         len == 16 || len == 20 || len == 24 || len == 28 || len == 32);
    assert_int_equal(bip39_seed("x", "p\xc3\xa4ss", seed, NULL), -EINVAL);
}

// BIP-32, test vectors 1 to 3: seed, path, private key and chain code.
static const struct {
    const char *seed, *path, *secret, *chain_code;
} derived[] = {
    {"000102030405060708090a0b0c0d0e0f", "m",
     "e8f32e723decf4051aefac8e2c93c9c5b214313817cdb01a1494b917c8436b35",
     "873dff81c02f525623fd1fe5167eac3a55a049de3d314bb42ee227ffed37d508"},
    {"000102030405060708090a0b0c0d0e0f", "m/0'",
     "edb2e14f9ee77d26dd93b4ecede8d16ed408ce149b6cd80b0715a2d911a0afea",
     "47fdacbd0f1097043b78c63c20c34ef4ed9a111d980047ad16282c7ae6236141"},
    {"000102030405060708090a0b0c0d0e0f", "m/0h/1",
     "3c6cb8d0f6a264c91ea8b5030fadaa8e538b020f0a387421a12de9319dc93368",
     "2a7857631386ba23dacac34180dd1983734e444fdbf774041578e9b6adb37c19"},
    {"000102030405060708090a0b0c0d0e0f", "m/0H/1/2'/2/1000000000",
     "471b76e389e528d6de6d816857e012c5455051cad6660850e58372a6c3e6e7c8",
     "c783e67b921d2beb8f6b389cc646d7263b4145701dadd2161548a8b078e65e9e"},
    {"fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a29f9c999693908d8a8784817e7b787"
     "5726f6c69"
     "6663605d5a5754514e4b484542",
     "m/0/2147483647'/1/2147483646'/2",
     "bb7d39bdb83ecf58f2fd82b6d918341cbef428661ef01ab97c28a4842125ac23",
     "9452b549be8cea3ecb7a84bec10dcfd94afe4d129ebfd3b3cb58eedf394ed271"},
};

static void test_bip32(void **state)
{
    (void)state;
    struct secp *s CLEANUP_SECP = secp_new(NULL);
    for (size_t i = 0; i < sizeof derived / sizeof derived[0]; i++) {
        uint8_t seed[64];
        struct bip32_key key;
        ssize_t len = enc_hex_decode(derived[i].seed, strlen(derived[i].seed), seed, sizeof seed);
        assert_int_equal(bip32_derive(s, slice_of(seed, (size_t)len), derived[i].path, &key, NULL),
                         0);
        assert_hex(key.secret, 32, derived[i].secret);
        assert_hex(key.chain_code, 32, derived[i].chain_code);
    }
    static const char *const bad[] = {"",      "44",     "m/", "m//0", "m/x", "m/2147483648",
                                      "m/0''", "m/0/ 1", "/0", "m/-1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t seed[64] = {0};
        struct bip32_key key;
        assert_int_equal(bip32_derive(s, slice_of(seed, 64), bad[i], &key, NULL), -EINVAL);
    }
}

// What a Cosmos wallet makes of a mnemonic.
static void test_cosmos_account(void **state)
{
    (void)state;
    struct secp *s CLEANUP_SECP = secp_new(NULL);
    uint8_t seed[BIP39_SEED_LEN], key[SECP_PUBKEY_LEN], raw[ADDR_LEN];
    char text[ADDR_TEXT_MAX];
    struct bip32_key account;
    assert_int_equal(bip39_seed(cosmos_mnemonic, "", seed, NULL), 0);
    assert_int_equal(
        bip32_derive(s, slice_of(seed, sizeof seed), BIP32_COSMOS_PATH, &account, NULL), 0);
    assert_int_equal(secp_pubkey_of(s, account.secret, key), 0);
    addr_of_secp_pubkey(key, raw);
    addr_text("cosmos", slice_of(raw, sizeof raw), text);
    assert_string_equal(text, cosmos_address);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_word_list),      cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_refusals),       cmocka_unit_test(test_bip32),
        cmocka_unit_test(test_cosmos_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
