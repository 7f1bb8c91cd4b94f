// addr: account, module and validator addresses: how they are derived and how they read as text.
// No allocation, no state, any thread.
#ifndef WIRE_ADDR_H
#define WIRE_ADDR_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

#define ADDR_HRP_ACC "sei"
#define ADDR_HRP_VAL "seivaloper"
#define ADDR_HRP_CONS "seivalcons"

enum {
    ADDR_LEN = 20,      // every address derived here
    ADDR_MAX = 255,     // what the SDK accepts
    ADDR_TEXT_MAX = 96, // room for any 20- or 32-byte address as text, NUL included
};

// Bytes with their length: the SDK accepts 1 to 255.
struct addr {
    uint8_t len;
    uint8_t bytes[ADDR_MAX];
};

static inline struct slice addr_slice(const struct addr *a)
{
    return slice_of(a->bytes, a->len);
}

// ripemd160(sha256(compressed key))
void addr_of_secp_pubkey(const uint8_t key[33], uint8_t ret[ADDR_LEN]);
// sha256(key), first 20 bytes: a validator's consensus address; as lower hex, a node id.
void addr_of_ed25519_pubkey(const uint8_t key[32], uint8_t ret[ADDR_LEN]);
// sha256(name), first 20 bytes.
void addr_of_module(const char *name, uint8_t ret[ADDR_LEN]);

// Text under a prefix; `ret` has room for ADDR_TEXT_MAX. `bytes` must be at most 32 long.
void addr_text(const char *hrp, struct slice bytes, char ret[ADDR_TEXT_MAX]);

// Parses text under `hrp` with the SDK's texts: "empty address string is not allowed", "decoding
// bech32 failed: …", "invalid Bech32 prefix; expected sei, got cosmos". -EINVAL.
int addr_parse(const char *hrp, struct slice text, struct addr *ret, struct err *e);
// As addr_parse, and the address must be 20 bytes long.
int addr_parse20(const char *hrp, struct slice text, uint8_t ret[ADDR_LEN], struct err *e);

#endif
