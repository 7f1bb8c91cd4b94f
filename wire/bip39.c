#include "wire/bip39.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "wire/bip39_words.h"
#include "wire/crypto/hash.h"

// ---- words ----

static bool is_entropy_len(size_t len)
{
    return len >= 16 && len <= BIP39_ENTROPY_MAX && len % 4 == 0;
}

// Entropy with its checksum byte behind it: eleven bits from bit `at`.
static unsigned bits_at(const uint8_t *bytes, size_t at)
{
    unsigned value = 0;
    for (size_t i = at; i < at + 11; i++)
        value = value << 1 | (bytes[i / 8] >> (7 - i % 8) & 1U);
    return value;
}

int bip39_from_entropy(struct slice entropy, char ret[BIP39_TEXT_MAX], struct err *e)
{
    if (!is_entropy_len(entropy.len))
        return err_set(e, -EINVAL, "entropy must have 16, 20, 24, 28 or 32 bytes, not %zu",
                       entropy.len);
    uint8_t bytes[BIP39_ENTROPY_MAX + 1];
    uint8_t digest[SHA256_LEN];
    memcpy(bytes, entropy.data, entropy.len);
    hash_sha256(entropy.data, entropy.len, digest);
    bytes[entropy.len] = digest[0];
    char *out = ret;
    for (size_t i = 0; i < entropy.len / 4 * 3; i++) {
        const char *word = bip39_words[bits_at(bytes, i * 11)];
        size_t len = strlen(word);
        memcpy(out, word, len);
        out += len;
        *out++ = ' ';
    }
    out[-1] = '\0';
    OPENSSL_cleanse(bytes, sizeof bytes);
    OPENSSL_cleanse(digest, sizeof digest);
    return 0;
}

static int compare_word(const void *key, const void *element)
{
    return strcmp((const char *)key, *(const char *const *)element);
}

static int find_word(const char *word)
{
    const void *found =
        bsearch(word, bip39_words, BIP39_WORD_COUNT, sizeof bip39_words[0], compare_word);
    return found ? (int)((const char *const *)found - bip39_words) : -1;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

// Takes one word off the front, in lower case; "" when there is none left. A word that is too long
// is cut to a length that no word has.
static void next_word(struct slice *text, char ret[BIP39_WORD_MAX + 2])
{
    size_t len = 0;
    while (text->len > 0 && is_blank(text->data[0]))
        *text = slice_of(text->data + 1, text->len - 1);
    while (text->len > 0 && !is_blank(text->data[0])) {
        uint8_t c = text->data[0];
        if (len <= BIP39_WORD_MAX)
            ret[len++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        *text = slice_of(text->data + 1, text->len - 1);
    }
    ret[len] = '\0';
}

struct indices {
    uint16_t list[BIP39_WORDS_MAX];
    size_t count;
};

static int read_indices(struct slice text, struct indices *ret, struct err *e)
{
    ret->count = 0;
    for (;;) {
        char word[BIP39_WORD_MAX + 2];
        next_word(&text, word);
        if (word[0] == '\0')
            break;
        int index = find_word(word);
        OPENSSL_cleanse(word, sizeof word);
        if (ret->count == BIP39_WORDS_MAX)
            return err_set(e, -EINVAL, "a mnemonic has at most %d words", BIP39_WORDS_MAX);
        if (index < 0)
            return err_set(e, -EINVAL, "word %zu of the mnemonic is not in the English word list",
                           ret->count + 1);
        ret->list[ret->count++] = (uint16_t)index;
    }
    if (ret->count < 12 || ret->count % 3 != 0)
        return err_set(e, -EINVAL, "a mnemonic has 12, 15, 18, 21 or 24 words, not %zu",
                       ret->count);
    return 0;
}

// Entropy and checksum from the indices.
static int check_entropy(const struct indices *words, uint8_t ret[BIP39_ENTROPY_MAX],
                         size_t *ret_len, struct err *e)
{
    uint8_t bytes[BIP39_ENTROPY_MAX + 1] = {0};
    for (size_t i = 0; i < words->count * 11; i++)
        if (words->list[i / 11] >> (10 - i % 11) & 1)
            bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
    size_t len = words->count / 3 * 4;
    uint8_t digest[SHA256_LEN];
    hash_sha256(bytes, len, digest);
    unsigned checksum_bits = (unsigned)words->count / 3;
    bool same = bytes[len] >> (8 - checksum_bits) == digest[0] >> (8 - checksum_bits);
    if (same) {
        memcpy(ret, bytes, len);
        *ret_len = len;
    }
    OPENSSL_cleanse(bytes, sizeof bytes);
    OPENSSL_cleanse(digest, sizeof digest);
    return same ? 0 : err_set(e, -EINVAL, "the checksum of the mnemonic is wrong");
}

int bip39_to_entropy(struct slice text, uint8_t ret[BIP39_ENTROPY_MAX], size_t *ret_len,
                     struct err *e)
{
    struct indices words;
    int r = read_indices(text, &words, e);
    if (r == 0)
        r = check_entropy(&words, ret, ret_len, e);
    OPENSSL_cleanse(&words, sizeof words);
    return r;
}

int bip39_normalize(struct slice text, char ret[BIP39_TEXT_MAX], struct err *e)
{
    uint8_t entropy[BIP39_ENTROPY_MAX];
    size_t len;
    int r = bip39_to_entropy(text, entropy, &len, e);
    if (r == 0)
        r = bip39_from_entropy(slice_of(entropy, len), ret, e);
    OPENSSL_cleanse(entropy, sizeof entropy);
    return r;
}

int bip39_seed(const char *mnemonic, const char *passphrase, uint8_t ret[BIP39_SEED_LEN],
               struct err *e)
{
    for (const char *c = passphrase; *c; c++)
        if ((uint8_t)*c >= 0x80)
            return err_set(e, -EINVAL, "a passphrase must be ASCII");
    uint8_t salt[8 + 256];
    struct slice prefix = SLICE_LIT("mnemonic");
    struct slice extra = slice_str(passphrase);
    if (extra.len > 256)
        return err_set(e, -EINVAL, "a passphrase has at most 256 characters");
    size_t salt_len = 8 + extra.len;
    memcpy(salt, prefix.data, prefix.len);
    memcpy(salt + 8, extra.data, extra.len);
    int ok = PKCS5_PBKDF2_HMAC(mnemonic, (int)strlen(mnemonic), salt, (int)salt_len, 2048,
                               EVP_sha512(), BIP39_SEED_LEN, ret);
    OPENSSL_cleanse(salt, sizeof salt);
    return ok == 1 ? 0 : err_set(e, -EIO, "PBKDF2 failed");
}

// ---- BIP-32 ----

enum { HARDENED = 0x80000000 };

// One "/44'" of a path. False: malformed.
static bool take_step(const char **at, uint32_t *ret)
{
    const char *p = *at;
    uint64_t value = 0;
    if (*p++ != '/' || *p < '0' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++) {
        value = value * 10 + (uint64_t)(*p - '0');
        if (value >= HARDENED)
            return false;
    }
    bool hardened = *p == '\'' || *p == 'h' || *p == 'H';
    *ret = (uint32_t)value | (hardened ? (uint32_t)HARDENED : 0);
    *at = p + hardened;
    return true;
}

static int parse_path(const char *path, uint32_t ret[BIP32_DEPTH_MAX], size_t *ret_count,
                      struct err *e)
{
    const char *at = path + 1;
    size_t count = 0;
    bool good = path[0] == 'm';
    for (; good && *at; count++)
        good = count < BIP32_DEPTH_MAX && take_step(&at, &ret[count]);
    if (!good)
        return err_set(e, -EINVAL, "malformed derivation path \"%.100s\"", path);
    *ret_count = count;
    return 0;
}

static int invalid_key(struct err *e)
{
    return err_set(e, -EINVAL, "this path leads to an invalid key");
}

static int derive_child(const struct secp *s, struct bip32_key *key, uint32_t index, struct err *e)
{
    uint8_t data[SECP_PUBKEY_LEN + 4] = {0};
    uint8_t out[SHA512_LEN];
    if (index & HARDENED)
        memcpy(data + 1, key->secret, SECP_SECRET_LEN);
    else if (secp_pubkey_of(s, key->secret, data) != 0)
        return invalid_key(e);
    for (unsigned i = 0; i < 4; i++)
        data[SECP_PUBKEY_LEN + i] = (uint8_t)(index >> (24 - 8 * i));
    hash_hmac_sha512(slice_of(key->chain_code, 32), slice_of(data, sizeof data), out);
    int r = secp_secret_add(s, key->secret, out);
    memcpy(key->chain_code, out + 32, 32);
    OPENSSL_cleanse(data, sizeof data);
    OPENSSL_cleanse(out, sizeof out);
    return r == 0 ? 0 : invalid_key(e);
}

int bip32_derive(const struct secp *s, struct slice seed, const char *path, struct bip32_key *ret,
                 struct err *e)
{
    uint32_t steps[BIP32_DEPTH_MAX];
    size_t count;
    if (seed.len < 16 || seed.len > 64)
        return err_set(e, -EINVAL, "a seed has 16 to 64 bytes");
    int r = parse_path(path, steps, &count, e);
    if (r < 0)
        return r;
    uint8_t out[SHA512_LEN];
    uint8_t key[SECP_PUBKEY_LEN];
    struct bip32_key master;
    hash_hmac_sha512(SLICE_LIT("Bitcoin seed"), seed, out);
    memcpy(master.secret, out, 32);
    memcpy(master.chain_code, out + 32, 32);
    OPENSSL_cleanse(out, sizeof out);
    r = secp_pubkey_of(s, master.secret, key) == 0 ? 0 : invalid_key(e);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = derive_child(s, &master, steps[i], e);
    if (r == 0)
        *ret = master;
    OPENSSL_cleanse(&master, sizeof master);
    return r;
}
