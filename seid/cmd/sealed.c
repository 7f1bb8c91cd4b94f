#include "seid/cmd/sealed.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/cleanup.h"

enum { SCRYPT_N = 32768, SCRYPT_R = 8, SCRYPT_P = 1, MEMORY_MAX = 256 << 20 };

static void context_cleanup(EVP_CIPHER_CTX **context)
{
    EVP_CIPHER_CTX_free(*context);
}

static int derive(const struct sealed *s, const char *passphrase, uint8_t ret[32], struct err *e)
{
    uint64_t memory = UINT64_C(128) * s->n * s->r;
    if (s->n < 1024 || (s->n & (s->n - 1)) || s->r < 1 || s->r > 64 || s->p < 1 || s->p > 16 ||
        memory > MEMORY_MAX)
        return err_set(e, -EINVAL, "scrypt parameters %u, %u, %u are not acceptable", s->n, s->r,
                       s->p);
    if (EVP_PBE_scrypt(passphrase, strlen(passphrase), s->salt, sizeof s->salt, s->n, s->r, s->p,
                       2 * (uint64_t)MEMORY_MAX, ret, 32) != 1)
        return err_set(e, -ENOMEM, "scrypt failed");
    return 0;
}

// One pass of AES-256-GCM. False when the tag does not match, or libcrypto fails.
static bool gcm(bool encrypt, const uint8_t key[32], struct sealed *s, struct slice additional,
                const uint8_t *in, uint8_t *out)
{
    EVP_CIPHER_CTX *c CLEANUP(context_cleanup) = EVP_CIPHER_CTX_new();
    int len = 0, last = 0;
    uint8_t *tag = s->bytes + SEALED_SECRET;
    bool good = c && EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, key, s->nonce, encrypt) == 1 &&
                EVP_CipherUpdate(c, NULL, &len, additional.data, (int)additional.len) == 1 &&
                EVP_CipherUpdate(c, out, &len, in, SEALED_SECRET) == 1;
    if (good && !encrypt)
        good = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, SEALED_TAG, tag) == 1;
    good = good && EVP_CipherFinal_ex(c, out + len, &last) == 1;
    if (good && encrypt)
        good = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, SEALED_TAG, tag) == 1;
    return good;
}

int sealed_make(const char *passphrase, struct slice additional, const uint8_t secret[32],
                struct sealed *ret, struct err *e)
{
    struct sealed s = {.n = SCRYPT_N, .r = SCRYPT_R, .p = SCRYPT_P};
    uint8_t key[32];
    if (RAND_bytes(s.salt, sizeof s.salt) != 1 || RAND_bytes(s.nonce, sizeof s.nonce) != 1)
        return err_set(e, -EIO, "no random bytes");
    int r = derive(&s, passphrase, key, e);
    if (r == 0 && !gcm(true, key, &s, additional, secret, s.bytes))
        r = err_set(e, -EIO, "cannot encrypt");
    explicit_bzero(key, sizeof key);
    if (r == 0)
        *ret = s;
    return r;
}

int sealed_open(const struct sealed *s, const char *passphrase, struct slice additional,
                uint8_t ret[32], struct err *e)
{
    uint8_t key[32], secret[32];
    struct sealed copy = *s;
    int r = derive(s, passphrase, key, e);
    if (r == 0 && !gcm(false, key, &copy, additional, s->bytes, secret))
        r = SEALED_WRONG;
    if (r == 0)
        memcpy(ret, secret, sizeof secret);
    explicit_bzero(key, sizeof key);
    explicit_bzero(secret, sizeof secret);
    return r;
}
