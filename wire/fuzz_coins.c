// Amounts, decimals and coin sets from outside: what parses prints to a text that parses to the
// same.
#include <stdlib.h>

#include "wire/coins.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_numbers(struct slice text)
{
    amount_t amount, amount_again;
    struct dec d, d_again;
    char out[DEC_TEXT_MAX];
    if (amount_parse(text, &amount, NULL) == 0) {
        unsigned len = amount_format(amount, out);
        require(slice_eq(slice_of(out, len), text));
        require(amount_parse(slice_of(out, len), &amount_again, NULL) == 0 &&
                amount == amount_again);
    }
    if (dec_parse(text, &d, NULL) == 0) {
        unsigned len = dec_format(d, out);
        require(dec_parse(slice_of(out, len), &d_again, NULL) == 0 && d.raw == d_again.raw);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a CLEANUP_ARENA = {0};
    struct coins coins, again;
    struct dec_coins prices;
    struct err e = {0};
    check_numbers(slice_of(data, size));
    const char *text = arena_strndup(&a, (const char *)data, size);
    if (coins_parse(text, &a, &coins, &e) == 0) {
        require(coins_parse(coins_text(coins, &a), &a, &again, NULL) == 0);
        require(coins_equal(coins, again));
    } else {
        require(e.text[0] != '\0');
    }
    if (dec_coins_parse(text, &a, &prices, NULL) == 0)
        require(dec_coins_parse(dec_coins_text(prices, &a), &a, &prices, NULL) == 0);
    return 0;
}
