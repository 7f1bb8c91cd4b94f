#include "wire/dec.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

typedef unsigned __int128 u128;

static const uint64_t scale = 1000000000000000000u;
#define RAW_MAX ((u128)1 << 127)

// ---- 256 bits, for what lies between a product and its division ----

struct wide {
    uint64_t word[4]; // least first
};

static struct wide wide_mul(u128 a, u128 b)
{
    uint64_t x[2] = {(uint64_t)a, (uint64_t)(a >> 64)};
    uint64_t y[2] = {(uint64_t)b, (uint64_t)(b >> 64)};
    struct wide r = {{0}};
    for (unsigned i = 0; i < 2; i++) {
        uint64_t carry = 0;
        for (unsigned j = 0; j < 2; j++) {
            u128 t = (u128)x[i] * y[j] + r.word[i + j] + carry;
            r.word[i + j] = (uint64_t)t;
            carry = (uint64_t)(t >> 64);
        }
        r.word[i + 2] = carry;
    }
    return r;
}

// In place; the remainder is returned. Bit by bit: only governance and fees come here.
static u128 wide_divide(struct wide *n, u128 divisor)
{
    u128 rest = 0;
    for (unsigned i = 256; i-- > 0;) {
        bool top = rest >> 127;
        uint64_t *word = &n->word[i / 64];
        rest = rest << 1 | (*word >> i % 64 & 1);
        bool fits = top || rest >= divisor;
        if (fits)
            rest -= divisor;
        *word = (*word & ~(1ULL << i % 64)) | (uint64_t)fits << i % 64;
    }
    return rest;
}

static bool wide_narrow(const struct wide *w, u128 *ret)
{
    if (w->word[2] || w->word[3])
        return false;
    *ret = (u128)w->word[1] << 64 | w->word[0];
    return true;
}

static bool add_one(u128 *value)
{
    return !__builtin_add_overflow(*value, 1, value);
}

// value / 10^18, half to even.
static bool chop(struct wide *value, u128 *ret)
{
    u128 rest = wide_divide(value, scale);
    u128 quotient;
    if (!wide_narrow(value, &quotient))
        return false;
    bool up = rest > scale / 2 || (rest == scale / 2 && (quotient & 1));
    if (up && !add_one(&quotient))
        return false;
    *ret = quotient;
    return true;
}

static u128 magnitude(struct dec d)
{
    return d.raw < 0 ? -(u128)d.raw : (u128)d.raw;
}

static int of_magnitude(u128 value, bool negative, struct dec *ret)
{
    if (value >= RAW_MAX)
        return DEC_OVERFLOW;
    ret->raw = negative ? -(__int128)value : (__int128)value;
    return 0;
}

// ---- text ----

static bool all_digits(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return true;
}

// Appends the digits to *value; false when it does not fit.
static bool take_digits(struct slice digits, u128 *value)
{
    for (size_t i = 0; i < digits.len; i++)
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, (u128)(digits.data[i] - '0'), value))
            return false;
    return true;
}

// How much of a text an error shows.
static int shown(struct slice text)
{
    return text.len < 80 ? (int)text.len : 80;
}

int amount_parse(struct slice text, amount_t *ret, struct err *e)
{
    bool leading_zero = text.len > 1 && text.data[0] == '0';
    if (text.len == 0 || leading_zero || !all_digits(text))
        return err_set(e, -EINVAL, "invalid amount: \"%.*s\"", shown(text),
                       text.len ? (const char *)text.data : "");
    amount_t value = 0;
    if (!take_digits(text, &value))
        return err_set(e, -ERANGE, "amount %.*s is out of range: this node counts up to 2^128-1",
                       shown(text), (const char *)text.data);
    *ret = value;
    return 0;
}

unsigned amount_format(amount_t value, char ret[AMOUNT_TEXT_MAX])
{
    char digits[AMOUNT_TEXT_MAX];
    unsigned at = sizeof digits;
    do
        digits[--at] = (char)('0' + (unsigned)(value % 10));
    while (value /= 10);
    unsigned len = (unsigned)sizeof digits - at;
    memcpy(ret, digits + at, len);
    ret[len] = '\0';
    return len;
}

void amount_append(struct buf *ret, amount_t value)
{
    char text[AMOUNT_TEXT_MAX];
    buf_append(ret, text, amount_format(value, text));
}

static int parse_unsigned(struct slice text, u128 *ret, struct err *e)
{
    const uint8_t *dot = text.len ? (const uint8_t *)memchr(text.data, '.', text.len) : NULL;
    struct slice whole = slice_of(text.data, dot ? (size_t)(dot - text.data) : text.len);
    struct slice part = dot ? slice_of(dot + 1, text.len - whole.len - 1) : SLICE_NULL;
    if (text.len == 0)
        return err_set(e, -EINVAL, "decimal string cannot be empty");
    if (dot && (whole.len == 0 || part.len == 0))
        return err_set(e, -EINVAL, "invalid decimal length");
    if (!all_digits(whole) || !all_digits(part))
        return err_set(e, -EINVAL, "invalid decimal string: %.*s", shown(text),
                       (const char *)text.data);
    if (part.len > DEC_PRECISION)
        return err_set(e, -EINVAL, "value '%.*s' exceeds max precision %d", shown(text),
                       (const char *)text.data, DEC_PRECISION);
    static const char zeros[] = "000000000000000000";
    u128 value = 0;
    if (!take_digits(whole, &value) || !take_digits(part, &value) ||
        !take_digits(slice_of(zeros, DEC_PRECISION - part.len), &value) || value >= RAW_MAX)
        return err_set(e, -ERANGE, "decimal %.*s is out of range", shown(text),
                       (const char *)text.data);
    *ret = value;
    return 0;
}

static bool take_minus(struct slice *text)
{
    if (text->len == 0 || text->data[0] != '-')
        return false;
    *text = slice_of(text->data + 1, text->len - 1);
    return true;
}

int dec_parse(struct slice text, struct dec *ret, struct err *e)
{
    bool negative = take_minus(&text);
    u128 value;
    int r = parse_unsigned(text, &value, e);
    return r ? r : of_magnitude(value, negative, ret);
}

int dec_parse_raw(struct slice text, struct dec *ret, struct err *e)
{
    bool negative = take_minus(&text);
    u128 value = 0;
    if (text.len == 0 || !all_digits(text))
        return err_set(e, -EINVAL, "invalid decimal string: %.*s", shown(text),
                       text.len ? (const char *)text.data : "");
    if (!take_digits(text, &value) || value >= RAW_MAX)
        return err_set(e, -ERANGE, "decimal %.*s is out of range", shown(text),
                       (const char *)text.data);
    return of_magnitude(value, negative, ret);
}

unsigned dec_format(struct dec d, char ret[DEC_TEXT_MAX])
{
    char *at = ret;
    if (d.raw < 0)
        *at++ = '-';
    u128 value = magnitude(d);
    at += amount_format(value / scale, at);
    *at++ = '.';
    uint64_t part = (uint64_t)(value % scale);
    for (unsigned i = DEC_PRECISION; i-- > 0; part /= 10)
        at[i] = (char)('0' + part % 10);
    at[DEC_PRECISION] = '\0';
    return (unsigned)(at - ret) + DEC_PRECISION;
}

unsigned dec_format_raw(struct dec d, char ret[DEC_TEXT_MAX])
{
    unsigned sign = d.raw < 0;
    if (sign)
        ret[0] = '-';
    return sign + amount_format(magnitude(d), ret + sign);
}

void dec_append(struct buf *ret, struct dec d)
{
    char text[DEC_TEXT_MAX];
    buf_append(ret, text, dec_format(d, text));
}

// ---- arithmetic ----

struct dec dec_of_int(int64_t value)
{
    return (struct dec){(__int128)value * (__int128)scale};
}

int dec_of_amount(amount_t value, struct dec *ret)
{
    u128 raw;
    if (__builtin_mul_overflow(value, (u128)scale, &raw))
        return DEC_OVERFLOW;
    return of_magnitude(raw, false, ret);
}

static bool in_range(__int128 raw)
{
    return raw > -(__int128)(RAW_MAX - 1) - 1;
}

int dec_add(struct dec a, struct dec b, struct dec *ret)
{
    __int128 raw;
    if (__builtin_add_overflow(a.raw, b.raw, &raw) || !in_range(raw))
        return DEC_OVERFLOW;
    ret->raw = raw;
    return 0;
}

int dec_sub(struct dec a, struct dec b, struct dec *ret)
{
    __int128 raw;
    if (__builtin_sub_overflow(a.raw, b.raw, &raw) || !in_range(raw))
        return DEC_OVERFLOW;
    ret->raw = raw;
    return 0;
}

int dec_mul(struct dec a, struct dec b, struct dec *ret)
{
    struct wide product = wide_mul(magnitude(a), magnitude(b));
    u128 value;
    if (!chop(&product, &value))
        return DEC_OVERFLOW;
    return of_magnitude(value, (a.raw < 0) != (b.raw < 0), ret);
}

// The SDK divides a * 10^36 toward zero and rounds the last 18 digits away.
int dec_quo(struct dec a, struct dec b, struct dec *ret)
{
    if (b.raw == 0)
        return DEC_OVERFLOW;
    struct wide quotient = wide_mul(magnitude(a), (u128)scale * scale);
    wide_divide(&quotient, magnitude(b));
    u128 value;
    if (!chop(&quotient, &value))
        return DEC_OVERFLOW;
    return of_magnitude(value, (a.raw < 0) != (b.raw < 0), ret);
}

static int mul_integer(struct dec d, u128 n, bool up, amount_t *ret)
{
    assert(d.raw >= 0);
    struct wide product = wide_mul((u128)d.raw, n);
    u128 rest = wide_divide(&product, scale);
    u128 value;
    if (!wide_narrow(&product, &value) || (up && rest > 0 && !add_one(&value)))
        return DEC_OVERFLOW;
    *ret = value;
    return 0;
}

int dec_mul_ceil(struct dec d, uint64_t n, amount_t *ret)
{
    return mul_integer(d, n, true, ret);
}

int dec_mul_amount_floor(struct dec d, amount_t n, amount_t *ret)
{
    return mul_integer(d, n, false, ret);
}
