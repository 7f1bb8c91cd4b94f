#include "wire/coins.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire/proto/cosmos_base_v1beta1_coin.pb-c.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_denom_char(char c)
{
    return is_letter(c) || is_digit(c) || (c != '\0' && strchr("/:._-", c));
}

static bool denom_slice_valid(struct slice denom)
{
    if (denom.len < 3 || denom.len > COIN_DENOM_MAX || !is_letter((char)denom.data[0]))
        return false;
    for (size_t i = 1; i < denom.len; i++)
        if (!is_denom_char((char)denom.data[i]))
            return false;
    return true;
}

bool coins_denom_valid(const char *denom)
{
    return denom_slice_valid(slice_str(denom));
}

// ---- texts of people ----

static struct slice trim(struct slice s)
{
    while (s.len > 0 && is_space((char)s.data[0]))
        s = slice_of(s.data + 1, s.len - 1);
    while (s.len > 0 && is_space((char)s.data[s.len - 1]))
        s.len--;
    return s;
}

struct expression {
    struct slice whole; // digits before the point
    struct slice amount;
    struct slice denom;
};

static size_t count_digits(struct slice s, size_t from)
{
    size_t at = from;
    while (at < s.len && is_digit((char)s.data[at]))
        at++;
    return at - from;
}

// digits [. digits] spaces denom
static bool split_expression(struct slice s, struct expression *ret)
{
    size_t whole = count_digits(s, 0);
    size_t at = whole;
    if (at < s.len && s.data[at] == '.') {
        size_t part = count_digits(s, at + 1);
        at += part ? 1 + part : 0;
    }
    ret->whole = slice_of(s.data, whole);
    ret->amount = slice_of(s.data, at);
    while (at < s.len && is_space((char)s.data[at]))
        at++;
    ret->denom = slice_of(s.data + at, s.len - at);
    return whole > 0 && denom_slice_valid(ret->denom);
}

// Cuts the next piece up to a comma off the front.
static struct slice next_piece(struct slice *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->data[len] != ',')
        len++;
    struct slice piece = slice_of(rest->data, len);
    size_t skip = len < rest->len ? len + 1 : len;
    *rest = slice_of(rest->data + skip, rest->len - skip);
    return trim(piece);
}

// A list of expressions; at least one, for a text that is not blank.
static int split_list(const char *text, struct arena *a, struct expression **ret, size_t *ret_count,
                      struct err *e)
{
    struct slice rest = trim(slice_str(text));
    *ret = NULL;
    *ret_count = 0;
    if (rest.len == 0)
        return 0;
    size_t count = 1;
    for (size_t i = 0; i < rest.len; i++)
        count += rest.data[i] == ',';
    if (count > COINS_MAX)
        return err_set(e, -EINVAL, "more than %d coins", COINS_MAX);
    struct expression *list = (struct expression *)arena_zalloc(a, count * sizeof *list);
    for (size_t i = 0; i < count; i++) {
        struct slice piece = next_piece(&rest);
        if (!split_expression(piece, &list[i]))
            return err_set(e, -EINVAL, "invalid decimal coin expression: %.*s",
                           piece.len < 160 ? (int)piece.len : 160,
                           piece.len ? (const char *)piece.data : "");
    }
    *ret = list;
    *ret_count = count;
    return 0;
}

static int compare_coins(const void *left, const void *right)
{
    return strcmp(((const struct coin *)left)->denom, ((const struct coin *)right)->denom);
}

static int compare_dec_coins(const void *left, const void *right)
{
    return strcmp(((const struct dec_coin *)left)->denom, ((const struct dec_coin *)right)->denom);
}

static int duplicate(const char *denom, struct err *e)
{
    return err_set(e, -EINVAL, "duplicate denomination %s", denom);
}

int coins_parse(const char *text, struct arena *a, struct coins *ret, struct err *e)
{
    struct expression *list;
    size_t count;
    int r = split_list(text, a, &list, &count, e);
    if (r < 0)
        return r;
    struct coin *coins = (struct coin *)arena_alloc(a, (count + 1) * sizeof *coins);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct coin coin = {
            .denom = arena_strndup(a, (const char *)list[i].denom.data, list[i].denom.len)};
        r = amount_parse(list[i].whole, &coin.amount, e);
        if (r < 0)
            return r;
        if (coin.amount > 0)
            coins[kept++] = coin;
    }
    if (kept > 1)
        qsort(coins, kept, sizeof *coins, compare_coins);
    for (size_t i = 1; i < kept; i++)
        if (strcmp(coins[i - 1].denom, coins[i].denom) == 0)
            return duplicate(coins[i].denom, e);
    *ret = (struct coins){coins, kept};
    return 0;
}

int dec_coins_parse(const char *text, struct arena *a, struct dec_coins *ret, struct err *e)
{
    struct expression *list;
    size_t count;
    int r = split_list(text, a, &list, &count, e);
    if (r < 0)
        return r;
    struct dec_coin *coins = (struct dec_coin *)arena_alloc(a, (count + 1) * sizeof *coins);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct dec_coin coin = {
            .denom = arena_strndup(a, (const char *)list[i].denom.data, list[i].denom.len)};
        r = dec_parse(list[i].amount, &coin.amount, e);
        if (r < 0)
            return r;
        if (coin.amount.raw > 0)
            coins[kept++] = coin;
    }
    if (kept > 1)
        qsort(coins, kept, sizeof *coins, compare_dec_coins);
    for (size_t i = 1; i < kept; i++)
        if (strcmp(coins[i - 1].denom, coins[i].denom) == 0)
            return duplicate(coins[i].denom, e);
    *ret = (struct dec_coins){coins, kept};
    return 0;
}

// ---- messages ----

static int read_amount(const Cosmos__Base__V1beta1__Coin *coin, bool first, amount_t *ret,
                       struct err *e)
{
    // The SDK prints the first coin whole and of the others the denomination.
    const char *prefix = first ? coin->amount : "";
    if (coin->amount[0] == '-' && is_digit(coin->amount[1]))
        return err_set(e, -EINVAL, "coin %.80s%s amount is not positive", prefix, coin->denom);
    int r = amount_parse(slice_str(coin->amount), ret, e);
    if (r == 0 && *ret == 0)
        return err_set(e, -EINVAL, "coin %s%s amount is not positive", prefix, coin->denom);
    return r;
}

static int read_coin(const Cosmos__Base__V1beta1__Coin *coin, const char *previous,
                     struct coin *ret, struct err *e)
{
    if (!coins_denom_valid(coin->denom))
        return err_set(e, -EINVAL, "invalid denom: %.160s", coin->denom);
    int order = previous ? strcmp(coin->denom, previous) : 1;
    if (order < 0)
        return err_set(e, -EINVAL, "denomination %s is not sorted", coin->denom);
    if (order == 0)
        return duplicate(coin->denom, e);
    ret->denom = coin->denom;
    return read_amount(coin, previous == NULL, &ret->amount, e);
}

int coins_from_pb(Cosmos__Base__V1beta1__Coin *const *list, size_t count, struct arena *a,
                  struct coins *ret, struct err *e)
{
    if (count > COINS_MAX)
        return err_set(e, -EINVAL, "more than %d coins", COINS_MAX);
    struct coin *coins = (struct coin *)arena_alloc(a, (count + 1) * sizeof *coins);
    for (size_t i = 0; i < count; i++) {
        int r = read_coin(list[i], i ? list[i - 1]->denom : NULL, &coins[i], e);
        if (r < 0)
            return r;
    }
    *ret = (struct coins){coins, count};
    return 0;
}

Cosmos__Base__V1beta1__Coin **coins_to_pb(struct coins c, struct arena *a)
{
    if (c.count == 0)
        return NULL;
    Cosmos__Base__V1beta1__Coin **list =
        (Cosmos__Base__V1beta1__Coin **)arena_alloc(a, c.count * sizeof(void *));
    for (size_t i = 0; i < c.count; i++) {
        char text[AMOUNT_TEXT_MAX];
        unsigned len = amount_format(c.items[i].amount, text);
        list[i] = (Cosmos__Base__V1beta1__Coin *)arena_alloc(a, sizeof *list[i]);
        cosmos__base__v1beta1__coin__init(list[i]);
        list[i]->denom = (char *)(uintptr_t)c.items[i].denom;
        list[i]->amount = arena_strndup(a, text, len);
    }
    return list;
}

struct coins coins_of(const char *denom, amount_t amount, struct arena *a)
{
    struct coin coin = {denom, amount};
    return amount == 0 ? (struct coins){0} : (struct coins){arena_dup(a, &coin, sizeof coin), 1};
}

// ---- text ----

void coins_append(struct buf *ret, struct coins c)
{
    for (size_t i = 0; i < c.count; i++) {
        if (i > 0)
            buf_append_byte(ret, ',');
        amount_append(ret, c.items[i].amount);
        buf_append_str(ret, c.items[i].denom);
    }
}

static const char *move_text(struct buf *b, struct arena *a)
{
    return arena_strndup(a, b->len ? (const char *)b->data : "", b->len);
}

const char *coins_text(struct coins c, struct arena *a)
{
    struct buf text CLEANUP_BUF = {0};
    coins_append(&text, c);
    return move_text(&text, a);
}

const char *dec_coins_text(struct dec_coins c, struct arena *a)
{
    struct buf text CLEANUP_BUF = {0};
    for (size_t i = 0; i < c.count; i++) {
        if (i > 0)
            buf_append_byte(&text, ',');
        dec_append(&text, c.items[i].amount);
        buf_append_str(&text, c.items[i].denom);
    }
    return move_text(&text, a);
}

// ---- sets ----

amount_t coins_amount_of(struct coins c, const char *denom)
{
    for (size_t i = 0; i < c.count; i++)
        if (strcmp(c.items[i].denom, denom) == 0)
            return c.items[i].amount;
    return 0;
}

bool coins_equal(struct coins a, struct coins b)
{
    if (a.count != b.count)
        return false;
    for (size_t i = 0; i < a.count; i++)
        if (a.items[i].amount != b.items[i].amount ||
            strcmp(a.items[i].denom, b.items[i].denom) != 0)
            return false;
    return true;
}

bool coins_all_gte(struct coins a, struct coins b)
{
    for (size_t i = 0; i < b.count; i++)
        if (coins_amount_of(a, b.items[i].denom) < b.items[i].amount)
            return false;
    return true;
}

// Walks both sorted sets at once: which of the two stands at the front (negative: a, positive: b).
static int front_order(struct coins a, size_t i, struct coins b, size_t j)
{
    if (i == a.count)
        return 1;
    if (j == b.count)
        return -1;
    return strcmp(a.items[i].denom, b.items[j].denom);
}

int coins_add(struct coins a, struct coins b, struct arena *arena, struct coins *ret)
{
    struct coin *sum = (struct coin *)arena_alloc(arena, (a.count + b.count + 1) * sizeof *sum);
    size_t count = 0;
    for (size_t i = 0, j = 0; i < a.count || j < b.count; count++) {
        int order = front_order(a, i, b, j);
        sum[count] = order <= 0 ? a.items[i] : b.items[j];
        if (order == 0 && !amount_add(a.items[i].amount, b.items[j].amount, &sum[count].amount))
            return COINS_OVERFLOW;
        i += order <= 0;
        j += order >= 0;
    }
    *ret = (struct coins){sum, count};
    return 0;
}

int coins_sub(struct coins a, struct coins b, struct arena *arena, struct coins *ret)
{
    struct coin *rest = (struct coin *)arena_alloc(arena, (a.count + 1) * sizeof *rest);
    size_t count = 0;
    for (size_t i = 0, j = 0; i < a.count || j < b.count;) {
        int order = front_order(a, i, b, j);
        if (order > 0 || (order == 0 && a.items[i].amount < b.items[j].amount))
            return COINS_NEGATIVE;
        struct coin left = a.items[i];
        if (order == 0)
            left.amount -= b.items[j++].amount;
        if (left.amount > 0)
            rest[count++] = left;
        i++;
    }
    *ret = (struct coins){rest, count};
    return 0;
}
