// Oracles: what decodes, encodes to bytes that decode to the same and encode to the same bytes; an
// error at byte p means that the first p bytes alone are only too short (or, for trailing bytes,
// good); white space around a text changes nothing.
#include <seihalt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static bool same_text(struct sei_halt_text a, struct sei_halt_text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool same(const struct sei_halt_intent *a, const struct sei_halt_intent *b)
{
    return a->reason == b->reason && a->height == b->height && a->announced_s == b->announced_s &&
           a->announced_ns == b->announced_ns && same_text(a->plan_name, b->plan_name) &&
           same_text(a->info, b->info);
}

static void check_round_trip(const struct sei_halt_intent *intent)
{
    size_t len = 0, again_len = 0, at = 0;
    int sized = sei_halt_intent_encode(intent, NULL, 0, &len);
    if (sized == SEI_HALT_E_TOO_LONG)
        return;
    CHECK(sized == SEI_HALT_NO_SPACE);
    char *out = malloc(len + 1), *again = malloc(len + 1), *text = malloc(len);
    struct sei_halt_intent back = SEI_HALT_INTENT_INIT;
    CHECK(out && again && text);
    CHECK(sei_halt_intent_encode(intent, out, len + 1, &again_len) == 0 && again_len == len);
    CHECK(sei_halt_intent_decode(out, len, &back, text, len, &at) == 0 && same(intent, &back));
    CHECK(sei_halt_intent_encode(&back, again, len + 1, &again_len) == 0 && again_len == len);
    CHECK(memcmp(out, again, len) == 0);
    free(out);
    free(again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sei_halt_intent intent = SEI_HALT_INTENT_INIT;
    char *text = malloc(size ? size : 1);
    size_t at = SIZE_MAX;
    CHECK(text);
    int result = sei_halt_intent_decode((const char *)data, size, &intent, text, size, &at);
    CHECK(result <= SEI_HALT_NONE); // `size` bytes of text always suffice
    if (result == 0)
        check_round_trip(&intent);
    if (result < 0) {
        CHECK(at <= size && (result != SEI_HALT_E_TRUNCATED || at == size));
        size_t end = SIZE_MAX;
        int prefix = sei_halt_intent_decode((const char *)data, at, &intent, text, size, &end);
        CHECK(result == SEI_HALT_E_TOO_LONG || prefix == SEI_HALT_E_TRUNCATED ||
              (result == SEI_HALT_E_TRAILING && prefix >= 0));
    }
    free(text);
    return 0;
}
