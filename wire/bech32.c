#include "wire/bech32.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum { CHECKSUM_LEN = 6, TEXT_MIN = 8 };

static const char charset[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

// What BIP-173's five generators give together, for each value of the top five bits.
#define GENERATORS(top)                                                                            \
    (((top)&1 ? 0x3b6a57b2U : 0) ^ ((top)&2 ? 0x26508e6dU : 0) ^ ((top)&4 ? 0x1ea119faU : 0) ^     \
     ((top)&8 ? 0x3d4233ddU : 0) ^ ((top)&16 ? 0x2a1462b3U : 0))
#define GENERATORS_4(top)                                                                          \
    GENERATORS(top), GENERATORS((top) + 1), GENERATORS((top) + 2), GENERATORS((top) + 3)
static const uint32_t generators[32] = {
    GENERATORS_4(0),  GENERATORS_4(4),  GENERATORS_4(8),  GENERATORS_4(12),
    GENERATORS_4(16), GENERATORS_4(20), GENERATORS_4(24), GENERATORS_4(28),
};

// One step of its BCH code over a 5-bit value.
static uint32_t polymod_step(uint32_t chk, uint8_t value)
{
    return ((chk & 0x1ffffff) << 5 ^ value) ^ generators[chk >> 25];
}

static uint32_t polymod_hrp(const char *hrp, size_t len)
{
    uint32_t chk = 1;
    for (size_t i = 0; i < len; i++)
        chk = polymod_step(chk, (uint8_t)hrp[i] >> 5);
    chk = polymod_step(chk, 0);
    for (size_t i = 0; i < len; i++)
        chk = polymod_step(chk, (uint8_t)hrp[i] & 31);
    return chk;
}

static void checksum_text(uint32_t chk, char ret[CHECKSUM_LEN])
{
    for (unsigned i = 0; i < CHECKSUM_LEN; i++)
        chk = polymod_step(chk, 0);
    chk ^= 1;
    for (unsigned i = 0; i < CHECKSUM_LEN; i++)
        ret[i] = charset[chk >> (5 * (CHECKSUM_LEN - 1 - i)) & 31];
}

int bech32_encode(const char *hrp, struct slice data, char *ret, size_t cap, struct err *e)
{
    struct slice prefix = slice_str(hrp);
    size_t hrp_len = prefix.len;
    size_t groups = (data.len * 8 + 4) / 5;
    if (hrp_len + 1 + groups + CHECKSUM_LEN + 1 > cap)
        return err_set(e, -ENOBUFS, "bech32 text does not fit");
    memcpy(ret, prefix.data, prefix.len);
    char *out = ret + hrp_len;
    *out++ = '1';
    uint32_t chk = polymod_hrp(hrp, hrp_len);
    uint32_t acc = 0;
    unsigned bits = 0;
    for (size_t i = 0, byte = 0; i < groups; i++) {
        if (bits < 5) {
            acc = acc << 8 | (byte < data.len ? data.data[byte] : 0);
            byte++;
            bits += 8;
        }
        bits -= 5;
        uint8_t value = acc >> bits & 31;
        chk = polymod_step(chk, value);
        *out++ = charset[value];
    }
    checksum_text(chk, out);
    out[CHECKSUM_LEN] = '\0';
    return 0;
}

static int fail(struct err *e, const char *why)
{
    return err_set(e, -EINVAL, "decoding bech32 failed: %s", why);
}

// Printable and of one case.
static int check_characters(struct slice text, struct err *e)
{
    bool lower = false;
    bool upper = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c < 33 || c > 126) {
            // Go prints the byte as a code point.
            if (c < 0x80)
                return err_set(e, -EINVAL,
                               "decoding bech32 failed: invalid character in string: '%c'", c);
            return err_set(e, -EINVAL,
                           "decoding bech32 failed: invalid character in string: '%c%c'",
                           0xc0 | c >> 6, 0x80 | (c & 0x3f));
        }
        lower |= c >= 'a' && c <= 'z';
        upper |= c >= 'A' && c <= 'Z';
    }
    if (lower && upper)
        return fail(e, "string not all lowercase or all uppercase");
    return 0;
}

static char to_lower(uint8_t c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

// Position in the charset plus 1; 0: not in it.
static const uint8_t positions[128] = {
    ['q'] = 1,  ['p'] = 2,  ['z'] = 3,  ['r'] = 4,  ['y'] = 5,  ['9'] = 6,  ['x'] = 7,  ['8'] = 8,
    ['g'] = 9,  ['f'] = 10, ['2'] = 11, ['t'] = 12, ['v'] = 13, ['d'] = 14, ['w'] = 15, ['0'] = 16,
    ['s'] = 17, ['3'] = 18, ['j'] = 19, ['n'] = 20, ['5'] = 21, ['4'] = 22, ['k'] = 23, ['h'] = 24,
    ['c'] = 25, ['e'] = 26, ['6'] = 27, ['m'] = 28, ['u'] = 29, ['a'] = 30, ['7'] = 31, ['l'] = 32,
};

static int value_of(char c)
{
    return (uint8_t)c < 128 ? positions[(uint8_t)c] - 1 : -1;
}

static size_t find_separator(struct slice text)
{
    for (size_t i = text.len; i > 0; i--)
        if (text.data[i - 1] == '1')
            return i - 1;
    return SIZE_MAX;
}

// The text's checksum must be what the values ask for; `chk` is the state before the checksum.
static int check_checksum(uint32_t chk, struct slice text, struct err *e)
{
    char expected[CHECKSUM_LEN];
    char got[CHECKSUM_LEN];
    checksum_text(chk, expected);
    for (size_t i = 0; i < CHECKSUM_LEN; i++)
        got[i] = to_lower(text.data[text.len - CHECKSUM_LEN + i]);
    if (memcmp(expected, got, CHECKSUM_LEN) == 0)
        return 0;
    return err_set(e, -EINVAL, "decoding bech32 failed: invalid checksum (expected %.6s got %.6s)",
                   expected, got);
}

// 5-bit groups to bytes; the bits that are left over must be fewer than 5 and zero.
static int regroup(struct slice groups, uint8_t *ret, size_t cap, size_t *ret_len, struct err *e)
{
    uint32_t acc = 0;
    unsigned bits = 0;
    size_t len = 0;
    for (size_t i = 0; i < groups.len; i++) {
        acc = (acc << 5 | (uint32_t)value_of(to_lower(groups.data[i]))) & 0xfff;
        bits += 5;
        if (bits < 8)
            continue;
        bits -= 8;
        if (len == cap)
            return fail(e, "too many bytes");
        ret[len++] = (uint8_t)(acc >> bits);
    }
    if (bits >= 5 || (acc & ((1U << bits) - 1)) != 0)
        return fail(e, "invalid incomplete group");
    *ret_len = len;
    return 0;
}

int bech32_decode(struct slice text, char *ret_hrp, uint8_t *ret_data, size_t cap, size_t *ret_len,
                  struct err *e)
{
    if (text.len < TEXT_MIN || text.len > BECH32_TEXT_MAX)
        return err_set(e, -EINVAL, "decoding bech32 failed: invalid bech32 string length %zu",
                       text.len);
    int r = check_characters(text, e);
    if (r < 0)
        return r;
    size_t one = find_separator(text);
    if (one == SIZE_MAX || one < 1 || one + CHECKSUM_LEN + 1 > text.len)
        return err_set(e, -EINVAL, "decoding bech32 failed: invalid separator index %d",
                       one == SIZE_MAX ? -1 : (int)one);
    if (one > BECH32_HRP_MAX)
        return fail(e, "prefix too long");
    char hrp[BECH32_HRP_MAX + 1] = {0};
    for (size_t i = 0; i < one; i++)
        hrp[i] = to_lower(text.data[i]);
    struct slice groups = slice_of(text.data + one + 1, text.len - one - 1 - CHECKSUM_LEN);
    uint32_t chk = polymod_hrp(hrp, one);
    for (size_t i = 0; i < groups.len + CHECKSUM_LEN; i++) {
        int value = value_of(to_lower(groups.data[i]));
        if (value < 0)
            return err_set(e, -EINVAL,
                           "decoding bech32 failed: invalid character not part of charset: %d",
                           to_lower(groups.data[i]));
        if (i < groups.len)
            chk = polymod_step(chk, (uint8_t)value);
    }
    r = check_checksum(chk, text, e);
    if (r == 0)
        r = regroup(groups, ret_data, cap, ret_len, e);
    if (r == 0)
        memcpy(ret_hrp, hrp, one + 1);
    return r;
}
