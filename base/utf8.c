#include "base/utf8.h"

static size_t length_of(uint8_t lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >> 5 == 6)
        return 2;
    if (lead >> 4 == 14)
        return 3;
    return lead >> 3 == 30 ? 4 : 0;
}

size_t utf8_next(struct slice s)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (s.len == 0)
        return 0;
    size_t len = length_of(s.data[0]);
    if (len <= 1 || len > s.len)
        return len == 1 ? 1 : 0;
    uint32_t rune = s.data[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if (s.data[i] >> 6 != 2)
            return 0;
        rune = rune << 6 | (s.data[i] & 0x3fu);
    }
    bool surrogate = rune >= 0xd800 && rune <= 0xdfff;
    return rune < smallest[len] || rune > 0x10ffff || surrogate ? 0 : len;
}

bool utf8_valid(struct slice s)
{
    while (s.len > 0) {
        size_t len = s.data[0] < 0x80 ? 1 : utf8_next(s);
        if (len == 0)
            return false;
        s.data += len;
        s.len -= len;
    }
    return true;
}
