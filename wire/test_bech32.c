// Bech32 and addresses: BIP-173's own vectors, and the texts of the SDK.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/addr.h"
#include "wire/bech32.h"

static const struct {
    const char *text, *error; // error null: valid
} rows[] = {
    // BIP-173, valid.
    {"a12uel5l", NULL},
    {"A12UEL5L", NULL},
    {"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", NULL},
    {"split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w", NULL},
    {"an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
     NULL},
    {"11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j",
     NULL},
    {"?1ezyfcl", NULL},
    // Five bits left over, and bits left over that are not zero: no bytes.
    {"sei1q7l3vky", "invalid incomplete group"},
    {"sei1qp4ahj02", "invalid incomplete group"},
    {"sei1ryk0sxqg", NULL},
    // BIP-173, invalid.
    {"\x20"
     "1nwldj5",
     "invalid character in string: ' '"},
    {"\x7f"
     "1axkwrx",
     "invalid character in string: '\x7f'"},
    {"\x80"
     "1eym55h",
     "invalid character in string: '\xc2\x80'"},
    {"pzry9x0s0muk", "invalid separator index -1"},
    {"1pzry9x0s0muk", "invalid separator index 0"},
    {"x1b4n0q5v", "invalid character not part of charset: 98"},
    {"li1dgmt3", "invalid separator index 2"},
    {"A1G7SGD8", "invalid checksum (expected 2uel5l got g7sgd8)"},
    {"10a06t8", "invalid bech32 string length 7"},
    {"1qzzfhee", "invalid separator index 0"},
    {"a12UEL5L", "string not all lowercase or all uppercase"},
    {"", "invalid bech32 string length 0"},
};

static void test_bip173(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char hrp[BECH32_HRP_MAX + 1], text[BECH32_TEXT_MAX + 1], want[300];
        uint8_t data[BECH32_DATA_MAX];
        size_t len;
        struct err e = {0};
        int r = bech32_decode(slice_str(rows[i].text), hrp, data, sizeof data, &len, &e);
        if (rows[i].error) {
            snprintf(want, sizeof want, "decoding bech32 failed: %s", rows[i].error);
            assert_int_equal(r, -EINVAL);
            assert_string_equal(e.text, want);
            continue;
        }
        assert_int_equal(r, 0);
        assert_int_equal(bech32_encode(hrp, slice_of(data, len), text, sizeof text, NULL), 0);
        assert_int_equal(strcasecmp(text, rows[i].text), 0);
    }
}

// Every length there and back; every single wrong character is caught.
static void test_lengths_and_errors(void **state)
{
    (void)state;
    uint8_t data[255], back[255];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 37 + 11);
    for (size_t len = 0; len <= sizeof data; len++) {
        char text[500], hrp[BECH32_HRP_MAX + 1];
        size_t got;
        assert_int_equal(bech32_encode("sei", slice_of(data, len), text, sizeof text, NULL), 0);
        assert_int_equal(bech32_decode(slice_str(text), hrp, back, sizeof back, &got, NULL), 0);
        assert_string_equal(hrp, "sei");
        assert_int_equal(got, len);
        assert_memory_equal(data, back, len);
        if (len > 0)
            assert_int_equal(bech32_decode(slice_str(text), hrp, back, len - 1, &got, NULL),
                             -EINVAL);
    }
    char text[ADDR_TEXT_MAX], hrp[BECH32_HRP_MAX + 1];
    size_t got;
    addr_text("sei", slice_of(data, 20), text);
    for (size_t i = 0; text[i]; i++) {
        char old = text[i];
        for (int c = '0'; c <= 'z'; c++) {
            text[i] = (char)c;
            if (c != old)
                assert_int_equal(bech32_decode(slice_str(text), hrp, back, sizeof back, &got, NULL),
                                 -EINVAL);
        }
        text[i] = old;
    }
    assert_int_equal(bech32_encode("sei", slice_of(data, 20), text, 42, NULL), -ENOBUFS);
    assert_int_equal(bech32_encode("sei", slice_of(data, 20), text, 43, NULL), 0);
}

static const struct {
    const char *text, *error;
} addresses[] = {
    {"sei10d07y265gmmuvt4z0w9aw880jnsr700jhwznsj", NULL},
    {"SEI10D07Y265GMMUVT4Z0W9AW880JNSR700JHWZNSJ", NULL},
    {"", "empty address string is not allowed"},
    {" \t", "empty address string is not allowed"},
    {"cosmos10d07y265gmmuvt4z0w9aw880jnsr700j6zn9kn",
     "invalid Bech32 prefix; expected sei, got cosmos"},
    {"sei10d07y265gmmuvt4z0w9aw880jnsr700jhwznsk",
     "decoding bech32 failed: invalid checksum (expected hwznsj got hwznsk)"},
    {"sei", "decoding bech32 failed: invalid bech32 string length 3"},
};

static void test_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        uint8_t raw[ADDR_LEN];
        struct err e = {0};
        int r = addr_parse20(ADDR_HRP_ACC, slice_str(addresses[i].text), raw, &e);
        assert_int_equal(r, addresses[i].error ? -EINVAL : 0);
        if (addresses[i].error)
            assert_string_equal(e.text, addresses[i].error);
    }
    struct addr a;
    struct err e = {0};
    char text[ADDR_TEXT_MAX];
    addr_text("sei", SLICE_NULL, text);
    assert_int_equal(addr_parse("sei", slice_str(text), &a, &e), -EINVAL);
    assert_string_equal(e.text, "addresses cannot be empty: unknown address");
    uint8_t raw[32] = {1};
    addr_text("sei", slice_of(raw, 32), text);
    assert_int_equal(addr_parse("sei", slice_str(text), &a, NULL), 0);
    assert_int_equal(a.len, 32);
    assert_int_equal(addr_parse20("sei", slice_str(text), raw, &e), -EINVAL);
    assert_string_equal(e.text, "address must be 20 bytes long, got 32");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bip173),
        cmocka_unit_test(test_lengths_and_errors),
        cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
