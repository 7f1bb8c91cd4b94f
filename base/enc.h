// enc: hex and base64. Decoders are strict and return the decoded length, or -EINVAL.
#ifndef BASE_ENC_H
#define BASE_ENC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

// Text of 2*len characters plus NUL into `ret`.
void enc_hex_lower(const void *data, size_t len, char *ret);
void enc_hex_upper(const void *data, size_t len, char *ret);
void enc_hex_upper_append(struct buf *ret, const void *data, size_t len);
// Any case, no prefix. At most `cap` bytes; a longer input is -EINVAL.
ssize_t enc_hex_decode(const char *text, size_t len, uint8_t *ret, size_t cap);

// Standard alphabet with padding (RFC 4648 section 4).
void enc_base64_append(struct buf *ret, const void *data, size_t len);
// Appends to `ret`. Padding is required and unused bits must be 0, as Go's StdEncoding.Strict.
ssize_t enc_base64_decode(const char *text, size_t len, struct buf *ret);

#endif
