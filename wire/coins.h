// coins: sets of amounts by denomination, with the rules and texts of the SDK's Coins and DecCoins.
//
// A set is sorted by denomination, without zeros and without repeats. Sets are values: functions
// make new ones in the arena and borrow the denominations of their inputs. Amounts: dec.h.
#ifndef WIRE_COINS_H
#define WIRE_COINS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "wire/dec.h"

struct Cosmos__Base__V1beta1__Coin;

enum { COIN_DENOM_MAX = 128, COINS_MAX = 256 };

struct coin {
    const char *denom; // borrowed
    amount_t amount;
};

struct coins {
    const struct coin *items; // in an arena
    size_t count;
};

struct dec_coin {
    const char *denom;
    struct dec amount;
};

struct dec_coins {
    const struct dec_coin *items;
    size_t count;
};

// [a-zA-Z][a-zA-Z0-9/:._-]{2,127}
bool coins_denom_valid(const char *denom);

// "10usei,5foo", as people type it: any order, zeros are dropped, spaces around and a fraction (cut
// off) are allowed, "" is the empty set. -EINVAL or -ERANGE: "invalid decimal coin expression: …",
// "duplicate denomination usei".
int coins_parse(const char *text, struct arena *a, struct coins *ret, struct err *e);
// "0.01usei,0.1foo", the same way: minimum gas prices.
int dec_coins_parse(const char *text, struct arena *a, struct dec_coins *ret, struct err *e);

// From a message, as it stands there: must already be a proper set. Texts of Coins.Validate:
// "denomination a is not sorted", "coin 0usei amount is not positive", "duplicate denomination
// usei", "invalid denom: x". -EINVAL or -ERANGE.
int coins_from_pb(struct Cosmos__Base__V1beta1__Coin *const *list, size_t count, struct arena *a,
                  struct coins *ret, struct err *e);
// The reverse, in the arena; null when empty.
struct Cosmos__Base__V1beta1__Coin **coins_to_pb(struct coins c, struct arena *a);

// One coin; zero gives the empty set. `denom` is borrowed.
struct coins coins_of(const char *denom, amount_t amount, struct arena *a);

// "10usei,5foo"; nothing when empty.
void coins_append(struct buf *ret, struct coins c);
const char *coins_text(struct coins c, struct arena *a);
const char *dec_coins_text(struct dec_coins c, struct arena *a); // 18 digits, as Go prints

amount_t coins_amount_of(struct coins c, const char *denom); // 0 when absent
bool coins_equal(struct coins a, struct coins b);
// Every denomination of `b` is in `a` with at least its amount; true when `b` is empty.
bool coins_all_gte(struct coins a, struct coins b);

// Outcomes; *ret is then untouched.
enum { COINS_OVERFLOW = 1, COINS_NEGATIVE = 2 };
int coins_add(struct coins a, struct coins b, struct arena *arena, struct coins *ret);
// COINS_NEGATIVE: `a` has too little of something.
int coins_sub(struct coins a, struct coins b, struct arena *arena, struct coins *ret);

#endif
