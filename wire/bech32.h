// bech32: BIP-173 text (not bech32m), with the limits and error texts of the Cosmos SDK.
// No allocation, no state, any thread.
#ifndef WIRE_BECH32_H
#define WIRE_BECH32_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

// The SDK decodes up to 1023 characters (BIP-173 says 90).
enum { BECH32_TEXT_MAX = 1023, BECH32_HRP_MAX = 83, BECH32_DATA_MAX = 633 };

// Writes "<hrp>1<data><checksum>" and a NUL. `cap` is the room at `ret`. The hrp must be lower case
// printable ASCII. -ENOBUFS when it does not fit; nothing useful is in `ret` then.
int bech32_encode(const char *hrp, struct slice data, char *ret, size_t cap, struct err *e);

// Decodes into bytes. -EINVAL with a text as the SDK's "decoding bech32 failed: …". `ret_hrp` has
// room for BECH32_HRP_MAX + 1 (lower case, NUL-terminated; longer prefixes are refused).
// `ret_data` has room for `cap` bytes.
int bech32_decode(struct slice text, char *ret_hrp, uint8_t *ret_data, size_t cap, size_t *ret_len,
                  struct err *e);

#endif
