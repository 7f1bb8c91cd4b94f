#include "base/enc.h"

#include <errno.h>
#include <stdbool.h>

static void hex(const void *data, size_t len, char *ret, const char *digits)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++) {
        ret[2 * i] = digits[bytes[i] >> 4];
        ret[2 * i + 1] = digits[bytes[i] & 15];
    }
}

void enc_hex_lower(const void *data, size_t len, char *ret)
{
    hex(data, len, ret, "0123456789abcdef");
    ret[2 * len] = '\0';
}

void enc_hex_upper(const void *data, size_t len, char *ret)
{
    hex(data, len, ret, "0123456789ABCDEF");
    ret[2 * len] = '\0';
}

void enc_hex_upper_append(struct buf *ret, const void *data, size_t len)
{
    hex(data, len, (char *)buf_reserve(ret, 2 * len), "0123456789ABCDEF");
    ret->len += 2 * len;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

ssize_t enc_hex_decode(const char *text, size_t len, uint8_t *ret, size_t cap)
{
    if (len % 2 != 0 || len / 2 > cap)
        return -EINVAL;
    for (size_t i = 0; i < len / 2; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return -EINVAL;
        ret[i] = (uint8_t)(high << 4 | low);
    }
    return (ssize_t)(len / 2);
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void enc_base64_append(struct buf *ret, const void *data, size_t len)
{
    const uint8_t *in = data;
    char *out = (char *)buf_reserve(ret, (len + 2) / 3 * 4);
    size_t i = 0;
    for (; i + 3 <= len; i += 3) {
        uint32_t v = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];
        *out++ = base64_digits[v >> 18];
        *out++ = base64_digits[v >> 12 & 63];
        *out++ = base64_digits[v >> 6 & 63];
        *out++ = base64_digits[v & 63];
    }
    if (i < len) {
        uint32_t v = (uint32_t)in[i] << 16 | (i + 1 < len ? (uint32_t)in[i + 1] << 8 : 0);
        *out++ = base64_digits[v >> 18];
        *out++ = base64_digits[v >> 12 & 63];
        *out++ = '=';
        *out++ = '=';
        if (i + 1 < len)
            out[-2] = base64_digits[v >> 6 & 63];
    }
    ret->len += (len + 2) / 3 * 4;
}

// The value of a digit plus 1; 0 is no digit.
static const uint8_t base64_values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64};

static int base64_digit(char c)
{
    return base64_values[(uint8_t)c] - 1;
}

// Three bytes of four digits; false when one of them is none.
static bool base64_group(const char *text, uint8_t *out)
{
    int a = base64_digit(text[0]), b = base64_digit(text[1]);
    int c = base64_digit(text[2]), d = base64_digit(text[3]);
    if ((a | b | c | d) < 0)
        return false;
    uint32_t v = (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)c << 6 | (uint32_t)d;
    out[0] = (uint8_t)(v >> 16);
    out[1] = (uint8_t)(v >> 8);
    out[2] = (uint8_t)v;
    return true;
}

ssize_t enc_base64_decode(const char *text, size_t len, struct buf *ret)
{
    if (len % 4 != 0)
        return -EINVAL;
    size_t pad = len && text[len - 1] == '=' ? 1u + (text[len - 2] == '=') : 0;
    uint8_t *out = buf_reserve(ret, len / 4 * 3);
    size_t produced = 0, i = 0;
    for (; i + 4 < len; i += 4, produced += 3)
        if (!base64_group(text + i, out + produced))
            return -EINVAL;
    for (; i < len; i += 4) {
        size_t digits = i + 4 == len ? 4 - pad : 4;
        uint32_t v = 0;
        for (size_t k = 0; k < 4; k++) {
            int d = k < digits ? base64_digit(text[i + k]) : 0;
            if (d < 0)
                return -EINVAL;
            v = v << 6 | (uint32_t)d;
        }
        // Bits that no byte takes must be 0, else two texts would mean the same bytes.
        if ((digits == 3 && (v & 0xff)) || (digits == 2 && (v & 0xffff)))
            return -EINVAL;
        for (size_t k = 0; k + 1 < digits; k++)
            out[produced++] = (uint8_t)(v >> (16 - 8 * k));
    }
    ret->len += produced;
    return (ssize_t)produced;
}
