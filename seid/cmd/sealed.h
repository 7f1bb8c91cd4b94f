// sealed: a secret under a passphrase: scrypt and AES-256-GCM, over libcrypto. No I/O; any thread.
#ifndef SEID_CMD_SEALED_H
#define SEID_CMD_SEALED_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum { SEALED_SALT = 16, SEALED_NONCE = 12, SEALED_TAG = 16, SEALED_SECRET = 32 };

struct sealed {
    uint32_t n, r, p; // of scrypt
    uint8_t salt[SEALED_SALT];
    uint8_t nonce[SEALED_NONCE];
    uint8_t bytes[SEALED_SECRET + SEALED_TAG];
};

// Salt and nonce are drawn from the system's random source.
int sealed_make(const char *passphrase, struct slice additional, const uint8_t secret[32],
                struct sealed *ret, struct err *e);
// 0; SEALED_WRONG: another passphrase, or the bytes were changed; < 0: parameters that are not
// acceptable (too weak, or more memory than 256 MiB).
enum { SEALED_WRONG = 1 };
int sealed_open(const struct sealed *s, const char *passphrase, struct slice additional,
                uint8_t ret[32], struct err *e);

#endif
