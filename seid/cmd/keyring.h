// keyring: the user's keys under <home>, one small JSON file a key, mode 0600, written atomically.
//
// Backend `test` keeps them readable, for tests and throw-away networks:
//   keyring-test/NAME.json
//   {"version":1,"name":NAME,"algo":"secp256k1","pubkey":B64,"address":"sei1…","secret":HEX}
// Backend `file` encrypts the secret with a key that scrypt derives from a passphrase, the same for
// all keys of the ring; AES-256-GCM's additional data is "NAME:ADDRESS", so that files cannot be
// swapped:
//   keyring-file/NAME.json
//   {"version":1,"name":NAME,"algo":"secp256k1","pubkey":B64,"address":"sei1…",
//    "kdf":"scrypt","n":32768,"r":8,"p":1,"salt":HEX,"cipher":"aes-256-gcm","nonce":HEX,
//    "sealed":HEX}           sealed: ciphertext and tag
//
// Secrets are wiped from memory as soon as they were used. Not for two threads at once.
#ifndef SEID_CMD_KEYRING_H
#define SEID_CMD_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "seid/cmd/sealed.h"

enum { KEYRING_NAME_MAX = 64, KEYRING_PASSPHRASE_MIN = 8, KEYRING_PASSPHRASE_MAX = 1024 };

struct keyring_key {
    char name[KEYRING_NAME_MAX + 1];
    uint8_t pubkey[33];
    uint8_t address[20];
};

// What a file holds. Wipe it after use.
struct keyring_file {
    struct keyring_key key;
    uint8_t secret[32];   // backend test
    struct sealed sealed; // backend file
};
// The file of key `name`; false when it is none. Pure.
bool keyring_parse(struct slice text, const char *name, bool encrypted, struct keyring_file *ret);

// Gives the passphrase of the ring; `is_new` when the ring is empty and one is chosen. < 0 with
// `e` filled when there is none. `ret` has room for KEYRING_PASSPHRASE_MAX + 1.
typedef int keyring_ask_fn(void *context, bool is_new, char *ret, struct err *e);

struct keyring {
    const char *folder; // in the arena
    bool encrypted;
    keyring_ask_fn *ask;
    void *ask_context;
    char passphrase[KEYRING_PASSPHRASE_MAX + 1]; // "" until asked for
};

// `backend`: "test" or "file"; the SDK's others ("os", "kwallet", "pass", "memory") are refused.
// Nothing is read or made yet.
int keyring_init(struct keyring *ret, const char *home, const char *backend, keyring_ask_fn *ask,
                 void *ask_context, struct arena *arena, struct err *e);
void keyring_deinit(struct keyring *k); // wipes

enum { KEYRING_NOT_FOUND = 1, KEYRING_EXISTS = 2 };

// In byte order of the names.
int keyring_list(const struct keyring *k, struct arena *arena, struct keyring_key **ret,
                 size_t *ret_count, struct err *e);
// By name or by sei address. KEYRING_NOT_FOUND fills `e` too.
int keyring_find(const struct keyring *k, const char *name_or_address, struct arena *arena,
                 struct keyring_key *ret, struct err *e);
int keyring_secret(struct keyring *k, const struct keyring_key *key, uint8_t ret[32],
                   struct err *e);
// KEYRING_EXISTS fills `e` too; nothing is overwritten.
int keyring_add(struct keyring *k, const char *name, const uint8_t secret[32],
                struct keyring_key *ret, struct err *e);
int keyring_delete(const struct keyring *k, const struct keyring_key *key, struct err *e);

// Letters, digits, '.', '_' and '-', not first a '.' or '-'; 1 to 64 of them.
int keyring_check_name(const char *name, struct err *e);
// Name, public key and address of a secret.
int keyring_key_of(const char *name, const uint8_t secret[32], struct keyring_key *ret,
                   struct err *e);

#endif
