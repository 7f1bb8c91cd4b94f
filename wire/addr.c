#include "wire/addr.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "wire/bech32.h"
#include "wire/crypto/hash.h"

void addr_of_secp_pubkey(const uint8_t key[33], uint8_t ret[ADDR_LEN])
{
    hash_hash160(key, 33, ret);
}

static void truncated_sha256(const void *data, size_t len, uint8_t ret[ADDR_LEN])
{
    uint8_t digest[SHA256_LEN];
    hash_sha256(data, len, digest);
    memcpy(ret, digest, ADDR_LEN);
}

void addr_of_ed25519_pubkey(const uint8_t key[32], uint8_t ret[ADDR_LEN])
{
    truncated_sha256(key, 32, ret);
}

void addr_of_module(const char *name, uint8_t ret[ADDR_LEN])
{
    truncated_sha256(name, strlen(name), ret);
}

void addr_text(const char *hrp, struct slice bytes, char ret[ADDR_TEXT_MAX])
{
    int r = bech32_encode(hrp, bytes, ret, ADDR_TEXT_MAX, NULL);
    assert(r == 0);
    (void)r;
}

static bool is_blank(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!strchr(" \t\r\n\v\f", text.data[i]) || text.data[i] == '\0')
            return false;
    return true;
}

int addr_parse(const char *hrp, struct slice text, struct addr *ret, struct err *e)
{
    if (is_blank(text))
        return err_set(e, -EINVAL, "empty address string is not allowed");
    char got[BECH32_HRP_MAX + 1];
    uint8_t bytes[BECH32_DATA_MAX];
    size_t len = 0;
    int r = bech32_decode(text, got, bytes, sizeof bytes, &len, e);
    if (r < 0)
        return r;
    if (strcmp(got, hrp) != 0)
        return err_set(e, -EINVAL, "invalid Bech32 prefix; expected %s, got %s", hrp, got);
    if (len == 0)
        return err_set(e, -EINVAL, "addresses cannot be empty: unknown address");
    if (len > ADDR_MAX)
        return err_set(e, -EINVAL, "address max length is 255, got %zu: unknown address", len);
    ret->len = (uint8_t)len;
    memcpy(ret->bytes, bytes, len);
    return 0;
}

int addr_parse20(const char *hrp, struct slice text, uint8_t ret[ADDR_LEN], struct err *e)
{
    struct addr parsed;
    int r = addr_parse(hrp, text, &parsed, e);
    if (r < 0)
        return r;
    if (parsed.len != ADDR_LEN)
        return err_set(e, -EINVAL, "address must be %d bytes long, got %d", ADDR_LEN, parsed.len);
    memcpy(ret, parsed.bytes, ADDR_LEN);
    return 0;
}
