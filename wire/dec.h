// dec: the SDK's numbers: amounts (integers) and decimals with 18 digits after the point.
//
// Limits, smaller than the SDK's 2^256 and 2^315: an amount is below 2^128, a decimal's magnitude
// below 2^127 / 10^18 (about 1.7 * 10^20). What is larger is refused, never wrapped. Supplies of
// real chains are far below. No allocation, any thread.
#ifndef WIRE_DEC_H
#define WIRE_DEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

typedef unsigned __int128 amount_t;
#define AMOUNT_MAX (~(amount_t)0)
enum { AMOUNT_TEXT_MAX = 40, DEC_TEXT_MAX = 44, DEC_PRECISION = 18 };

// The named outcome of arithmetic: the result is outside of the limits (or a division by zero).
enum { DEC_OVERFLOW = 1 };

// ---- amounts

// Decimal digits only; no sign, no leading zeros. -EINVAL ("invalid amount: …"), or -ERANGE when it
// does not fit.
int amount_parse(struct slice text, amount_t *ret, struct err *e);
// Writes the digits and a NUL; returns how many digits.
unsigned amount_format(amount_t value, char ret[AMOUNT_TEXT_MAX]);
void amount_append(struct buf *ret, amount_t value);
static inline bool amount_add(amount_t a, amount_t b, amount_t *ret) // false: overflow
{
    return !__builtin_add_overflow(a, b, ret);
}

// ---- decimals

struct dec {
    __int128 raw; // the value times 10^18
};

static inline struct dec dec_of_raw(__int128 raw)
{
    return (struct dec){raw};
}
static inline struct dec dec_zero(void)
{
    return (struct dec){0};
}
struct dec dec_of_int(int64_t value);
static inline int dec_cmp(struct dec a, struct dec b)
{
    return (a.raw > b.raw) - (a.raw < b.raw);
}

// "0.334", "-1", "12". The SDK's texts: "decimal string cannot be empty", "invalid decimal length",
// … . -EINVAL or -ERANGE.
int dec_parse(struct slice text, struct dec *ret, struct err *e);
// The form on the wire of v1beta1 types: the raw integer, "334000000000000000".
int dec_parse_raw(struct slice text, struct dec *ret, struct err *e);
// Always 18 digits after the point, "0.334000000000000000", and a NUL; returns the length.
unsigned dec_format(struct dec d, char ret[DEC_TEXT_MAX]);
unsigned dec_format_raw(struct dec d, char ret[DEC_TEXT_MAX]);
void dec_append(struct buf *ret, struct dec d);

// 0 or DEC_OVERFLOW with *ret untouched. Rounding is the SDK's: products and quotients half to
// even.
int dec_of_amount(amount_t value, struct dec *ret);
int dec_add(struct dec a, struct dec b, struct dec *ret);
int dec_sub(struct dec a, struct dec b, struct dec *ret);
int dec_mul(struct dec a, struct dec b, struct dec *ret);
int dec_quo(struct dec a, struct dec b, struct dec *ret);
// ceil(d * n): what a price asks for an amount of gas. `d` must not be negative.
int dec_mul_ceil(struct dec d, uint64_t n, amount_t *ret);
// floor(d * n), of an amount. `d` must not be negative.
int dec_mul_amount_floor(struct dec d, amount_t n, amount_t *ret);
// Toward zero. `d` must not be negative.
static inline amount_t dec_truncate(struct dec d)
{
    return (amount_t)d.raw / 1000000000000000000u;
}

#endif
