// Numbers and times against Go's, coin sets by tables and, where the domain is small, all of it.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rfc3339.h"
#include "wire/coins.h"
#include "wire/dec.h"
#include "wire/godur.h"
#include "wire/proto/cosmos_base_v1beta1_coin.pb-c.h"
#include "wire/test_dec_vectors.h"

static struct dec raw(const char *text)
{
    struct dec d;
    assert_int_equal(dec_parse_raw(slice_str(text), &d, NULL), 0);
    return d;
}

static void check_result(int r, struct dec got, const char *want)
{
    char text[DEC_TEXT_MAX];
    assert_int_equal(r, want[0] ? 0 : DEC_OVERFLOW);
    if (r != 0)
        return;
    dec_format_raw(got, text);
    assert_string_equal(text, want);
}

static void test_arithmetic(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof arithmetic / sizeof arithmetic[0]; i++) {
        struct dec a = raw(arithmetic[i].a), b = raw(arithmetic[i].b), c = {0};
        check_result(dec_mul(a, b, &c), c, arithmetic[i].product);
        check_result(dec_quo(a, b, &c), c, arithmetic[i].quotient);
    }
}

static const struct {
    const char *text, *formatted, *error;
} decimals[] = {
    {"0", "0.000000000000000000", NULL},
    {"0.334", "0.334000000000000000", NULL},
    {"-1.5", "-1.500000000000000000", NULL},
    {"007", "7.000000000000000000", NULL},
    {"1.000000000000000001", "1.000000000000000001", NULL},
    {"170141183460469231731.687303715884105727", "170141183460469231731.687303715884105727", NULL},
    {"170141183460469231731.687303715884105728", NULL,
     "decimal 170141183460469231731.687303715884105728 is out of range"},
    {"1000000000000000000000", NULL, "decimal 1000000000000000000000 is out of range"},
    {"", NULL, "decimal string cannot be empty"},
    {"-", NULL, "decimal string cannot be empty"},
    {".5", NULL, "invalid decimal length"},
    {"5.", NULL, "invalid decimal length"},
    {"1.2.3", NULL, "invalid decimal string: 1.2.3"},
    {"1e5", NULL, "invalid decimal string: 1e5"},
    {"--1", NULL, "invalid decimal string: -1"},
    {"0.0000000000000000001", NULL, "value '0.0000000000000000001' exceeds max precision 18"},
};

static void test_decimal_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof decimals / sizeof decimals[0]; i++) {
        struct dec d;
        struct err e = {0};
        char text[DEC_TEXT_MAX];
        int r = dec_parse(slice_str(decimals[i].text), &d, &e);
        if (decimals[i].error) {
            assert_true(r < 0);
            assert_string_equal(e.text, decimals[i].error);
            continue;
        }
        assert_int_equal(r, 0);
        assert_int_equal(dec_format(d, text), strlen(decimals[i].formatted));
        assert_string_equal(text, decimals[i].formatted);
    }
}

static void test_dec_limits(void **state)
{
    (void)state;
    struct dec max = raw("170141183460469231731687303715884105727"), one = raw("1"), d = {5};
    struct dec min = raw("-170141183460469231731687303715884105727");
    assert_int_equal(dec_add(max, one, &d), DEC_OVERFLOW);
    assert_int_equal(dec_sub(min, one, &d), DEC_OVERFLOW);
    assert_int_equal(dec_quo(one, dec_zero(), &d), DEC_OVERFLOW);
    assert_int_equal(dec_of_amount(AMOUNT_MAX, &d), DEC_OVERFLOW);
    assert_true(d.raw == 5);
    assert_int_equal(dec_sub(max, one, &d), 0);
    assert_int_equal(dec_cmp(d, max), -1);
    assert_int_equal(dec_cmp(dec_of_int(-2), dec_of_int(-3)), 1);
    assert_int_equal(dec_of_amount(12, &d), 0);
    assert_true(dec_truncate(d) == 12);
}

static void test_fees(void **state)
{
    (void)state;
    static const struct {
        const char *price;
        uint64_t gas;
        uint64_t up, down;
    } rows[] = {
        {"0.02", 200000, 4000, 4000},
        {"0.000000000000000001", 1, 1, 0},
        {"0.1", 11, 2, 1},
        {"0", 5, 0, 0},
        {"1", UINT64_MAX, UINT64_MAX, UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct dec price;
        amount_t amount;
        assert_int_equal(dec_parse(slice_str(rows[i].price), &price, NULL), 0);
        assert_int_equal(dec_mul_ceil(price, rows[i].gas, &amount), 0);
        assert_true(amount == rows[i].up);
        assert_int_equal(dec_mul_amount_floor(price, rows[i].gas, &amount), 0);
        assert_true(amount == rows[i].down);
    }
    amount_t amount;
    assert_int_equal(dec_mul_amount_floor(dec_of_int(2), AMOUNT_MAX, &amount), DEC_OVERFLOW);
}

static void test_amounts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int outcome;
    } rows[] = {
        {"0", 0},
        {"1", 0},
        {"340282366920938463463374607431768211455", 0},
        {"340282366920938463463374607431768211456", -ERANGE},
        {"115792089237316195423570985008687907853269984665640564039457584007913129639935", -ERANGE},
        {"", -EINVAL},
        {"00", -EINVAL},
        {"010", -EINVAL},
        {"-1", -EINVAL},
        {"+1", -EINVAL},
        {"0x1", -EINVAL},
        {"1 ", -EINVAL}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        amount_t amount;
        char text[AMOUNT_TEXT_MAX];
        assert_int_equal(amount_parse(slice_str(rows[i].text), &amount, NULL), rows[i].outcome);
        if (rows[i].outcome == 0) {
            amount_format(amount, text);
            assert_string_equal(text, rows[i].text);
        }
    }
}

static const struct {
    const char *text, *formatted, *error;
} coin_texts[] = {
    {"", "", NULL},
    {"  ", "", NULL},
    {"10usei", "10usei", NULL},
    {" 5foo , 10 usei ", "5foo,10usei", NULL},
    {"10usei,5foo", "5foo,10usei", NULL},
    {"0usei,1foo", "1foo", NULL},
    {"1.9usei", "1usei", NULL},
    {"1ibc/27394FB092D2ECCD56123C74F36E4C1F", "1ibc/27394FB092D2ECCD56123C74F36E4C1F", NULL},
    {"1usei,2usei", NULL, "duplicate denomination usei"},
    {"usei", NULL, "invalid decimal coin expression: usei"},
    {"10", NULL, "invalid decimal coin expression: 10"},
    {"10us", NULL, "invalid decimal coin expression: 10us"},
    {"-1usei", NULL, "invalid decimal coin expression: -1usei"},
    {"1usei,", NULL, "invalid decimal coin expression: "},
    {"1us ei", NULL, "invalid decimal coin expression: 1us ei"},
    {"340282366920938463463374607431768211456usei", NULL,
     "amount 340282366920938463463374607431768211456 is out of range: this node counts up to "
     "2^128-1"},
};

static void test_coin_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof coin_texts / sizeof coin_texts[0]; i++) {
        struct arena a CLEANUP_ARENA = {0};
        struct coins coins;
        struct err e = {0};
        int r = coins_parse(coin_texts[i].text, &a, &coins, &e);
        if (coin_texts[i].error)
            assert_string_equal(e.text, coin_texts[i].error);
        assert_int_equal(r < 0, coin_texts[i].error != NULL);
        if (r == 0)
            assert_string_equal(coins_text(coins, &a), coin_texts[i].formatted);
    }
    struct arena a CLEANUP_ARENA = {0};
    struct dec_coins prices;
    assert_int_equal(dec_coins_parse("0.02usei,1abc", &a, &prices, NULL), 0);
    assert_string_equal(dec_coins_text(prices, &a),
                        "1.000000000000000000abc,0.020000000000000000usei");
    assert_int_equal(dec_coins_parse("1abc,2abc", &a, &prices, NULL), -EINVAL);
}

static void test_denoms(void **state)
{
    (void)state;
    char denom[140];
    memset(denom, 'a', sizeof denom);
    for (size_t len = 0; len < sizeof denom; len++) {
        denom[len] = '\0';
        assert_int_equal(coins_denom_valid(denom), len >= 3 && len <= 128);
        denom[len] = 'a';
    }
    // Every byte, at the front and behind it.
    for (unsigned c = 1; c < 256; c++) {
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool other = (c >= '0' && c <= '9') || strchr("/:._-", (int)c);
        char first[] = {(char)c, 'b', 'c', 0}, second[] = {'a', (char)c, 'c', 0};
        assert_int_equal(coins_denom_valid(first), letter);
        assert_int_equal(coins_denom_valid(second), letter || other);
    }
}

static const struct {
    const char *denoms[3], *amounts[3];
    const char *error;
} messages[] = {
    {{NULL}, {NULL}, NULL},
    {{"usei"}, {"1"}, NULL},
    {{"abc", "usei"}, {"1", "2"}, NULL},
    {{"usei", "abc"}, {"1", "2"}, "denomination abc is not sorted"},
    {{"usei", "usei"}, {"1", "2"}, "duplicate denomination usei"},
    {{"usei"}, {"0"}, "coin 0usei amount is not positive"},
    {{"usei"}, {"-3"}, "coin -3usei amount is not positive"},
    {{"abc", "usei"}, {"1", "0"}, "coin usei amount is not positive"},
    {{"u"}, {"1"}, "invalid denom: u"},
    {{"usei"}, {""}, "invalid amount: \"\""},
    {{"usei"}, {"1.5"}, "invalid amount: \"1.5\""},
};

static void test_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        struct arena a CLEANUP_ARENA = {0};
        Cosmos__Base__V1beta1__Coin coins[3], *list[3];
        size_t count = 0;
        for (; count < 3 && messages[i].denoms[count]; count++) {
            list[count] = &coins[count];
            cosmos__base__v1beta1__coin__init(list[count]);
            list[count]->denom = (char *)(uintptr_t)messages[i].denoms[count];
            list[count]->amount = (char *)(uintptr_t)messages[i].amounts[count];
        }
        struct coins set;
        struct err e = {0};
        int r = coins_from_pb(list, count, &a, &set, &e);
        assert_int_equal(r < 0, messages[i].error != NULL);
        if (r < 0) {
            assert_string_equal(e.text, messages[i].error);
            continue;
        }
        Cosmos__Base__V1beta1__Coin **back = coins_to_pb(set, &a);
        for (size_t k = 0; k < count; k++) {
            assert_string_equal(back[k]->denom, list[k]->denom);
            assert_string_equal(back[k]->amount, list[k]->amount);
        }
    }
}

// All pairs of sets over three denominations with amounts 0, 1 and 2.
static struct coins small_set(unsigned code, struct arena *a)
{
    static const char *const denoms[] = {"aaa", "bbb", "ccc"};
    struct coin *items = (struct coin *)arena_alloc(a, 3 * sizeof *items);
    size_t count = 0;
    for (unsigned d = 0; d < 3; d++, code /= 3)
        if (code % 3)
            items[count++] = (struct coin){denoms[d], code % 3};
    return (struct coins){items, count};
}

static void test_sets_exhaustively(void **state)
{
    (void)state;
    struct arena a CLEANUP_ARENA = {0};
    static const char *const denoms[] = {"aaa", "bbb", "ccc"};
    for (unsigned i = 0; i < 27; i++) {
        for (unsigned j = 0; j < 27; j++) {
            struct coins x = small_set(i, &a), y = small_set(j, &a), sum, rest;
            assert_int_equal(coins_add(x, y, &a, &sum), 0);
            bool enough = true;
            for (unsigned d = 0; d < 3; d++) {
                amount_t p = coins_amount_of(x, denoms[d]), q = coins_amount_of(y, denoms[d]);
                assert_true(coins_amount_of(sum, denoms[d]) == p + q);
                enough = enough && p >= q;
            }
            assert_int_equal(coins_all_gte(x, y), enough);
            assert_int_equal(coins_sub(x, y, &a, &rest), enough ? 0 : COINS_NEGATIVE);
            assert_int_equal(coins_sub(sum, y, &a, &rest), 0);
            assert_true(coins_equal(rest, x));
            assert_int_equal(coins_equal(x, y), i == j);
        }
    }
    struct coins max = coins_of("aaa", AMOUNT_MAX, &a), one = coins_of("aaa", 1, &a), sum;
    assert_int_equal(coins_add(max, one, &a, &sum), COINS_OVERFLOW);
    assert_int_equal(coins_of("aaa", 0, &a).count, 0);
}

static void test_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        struct buf text CLEANUP_BUF = {0};
        int64_t seconds;
        int32_t nanos;
        rfc3339_append(&text, times[i].seconds, times[i].nanos);
        assert_string_equal(buf_cstr(&text), times[i].text);
        assert_int_equal(rfc3339_parse(slice_str(times[i].text), &seconds, &nanos), 0);
        assert_true(seconds == times[i].seconds && nanos == times[i].nanos);
    }
}

static void test_durations(void **state)
{
    (void)state;
    int64_t ns;
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        struct buf text CLEANUP_BUF = {0};
        godur_append(&text, durations[i].ns);
        assert_string_equal(buf_cstr(&text), durations[i].text);
        assert_int_equal(godur_parse(durations[i].text, &ns), 0);
        assert_true(ns == durations[i].ns);
    }
    for (size_t i = 0; i < sizeof duration_texts / sizeof duration_texts[0]; i++) {
        char got[24] = "";
        if (godur_parse(duration_texts[i].text, &ns) == 0)
            snprintf(got, sizeof got, "%lld", (long long)ns);
        if (strcmp(got, duration_texts[i].result) != 0)
            print_error("%s\n", duration_texts[i].text);
        assert_string_equal(got, duration_texts[i].result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arithmetic),
        cmocka_unit_test(test_decimal_texts),
        cmocka_unit_test(test_dec_limits),
        cmocka_unit_test(test_fees),
        cmocka_unit_test(test_amounts),
        cmocka_unit_test(test_coin_texts),
        cmocka_unit_test(test_denoms),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_sets_exhaustively),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
