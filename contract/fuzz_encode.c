// Bytes make an intent, any intent; its JSON must decode to the same, but for bytes that are not
// UTF-8: those become U+FFFD, and from there on the bytes stay the same.
#include <seihalt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

struct input {
    const uint8_t *data;
    size_t len;
};

static void take(struct input *in, void *out, size_t len)
{
    size_t n = len < in->len ? len : in->len;
    memset(out, 0, len);
    memcpy(out, in->data, n);
    in->data += n;
    in->len -= n;
}

static struct sei_halt_text take_text(struct input *in)
{
    uint8_t len;
    take(in, &len, 1);
    struct sei_halt_text text = {(const char *)in->data, len < in->len ? len : in->len};
    in->data += text.len;
    in->len -= text.len;
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { OUT = 6 * 3 * 256 + 256 };
    static char out[OUT], again[OUT], text[OUT];
    struct sei_halt_intent intent = SEI_HALT_INTENT_INIT, back = SEI_HALT_INTENT_INIT;
    struct input in = {data, size};
    size_t len, again_len, at;
    if (size == 0)
        return 0;
    take(&in, &intent.reason, 8);
    take(&in, &intent.height, 8);
    take(&in, &intent.announced_s, 8);
    take(&in, &intent.announced_ns, 4);
    intent.reason_string = take_text(&in);
    intent.plan_name = take_text(&in);
    intent.info = take_text(&in);
    int result = sei_halt_intent_encode(&intent, out, sizeof out, &len);
    CHECK(result == 0 || result == SEI_HALT_E_RANGE);
    if (result)
        return 0;
    CHECK(sei_halt_intent_decode(out, len, &back, text, sizeof text, &at) == 0);
    CHECK(back.reason == intent.reason && back.height == intent.height);
    CHECK(back.announced_s == intent.announced_s && back.announced_ns == intent.announced_ns);
    CHECK(sei_halt_intent_encode(&back, again, sizeof again, &again_len) == 0);
    CHECK(again_len <= len);
    CHECK(sei_halt_intent_decode(again, again_len, &back, text, sizeof text, &at) == 0);
    CHECK(sei_halt_intent_encode(&back, out, sizeof out, &len) == 0);
    CHECK(again_len == len && memcmp(out, again, len) == 0);
    return 0;
}
