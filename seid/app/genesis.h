// genesis: what the parts of the genesis reader share.
#ifndef SEID_APP_GENESIS_H
#define SEID_APP_GENESIS_H

#include <stdint.h>

#include <jansson.h>

#include "seid/app/ctx.h"
#include "wire/coins.h"

// Tokens of one validator, so that the tally stays within the decimals that it counts with.
#define GEN_TOKENS_MAX UINT64_C(999999999999999999)

struct gen {
    struct app_ctx ctx; // its arena is emptied from one element to the next
    struct arena arena; // lives to the end
    struct err *e;
    char path[200];      // where the reader is, for errors
    struct coin *totals; // of the balances, by denom in the order of appearance
    size_t total_count;
    struct coins supply; // as declared
};

// "app_state.<path>.<member>: ..."; returns -EINVAL.
int gen_fail(struct gen *g, const char *member, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void gen_at(struct gen *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// Parses one value; duplicate members are refused.
int gen_parse(struct gen *g, struct slice text, json_t **ret);
void gen_decref(json_t **json);
#define CLEANUP_JSON CLEANUP(gen_decref)

int gen_string(struct gen *g, const json_t *object, const char *name, const char **ret);
int gen_u64(struct gen *g, const json_t *object, const char *name, uint64_t *ret);
int gen_coins(struct gen *g, const json_t *object, const char *name, struct coins *ret);

// Calls `each` for the elements of a list in the text; they must be objects.
// An address under a bech32 prefix.
int gen_address(struct gen *g, const json_t *object, const char *name, const char *hrp,
                struct addr *ret);
// The key of {"@type": ..., "key": base64}, at most `cap` bytes.
int gen_key(struct gen *g, const json_t *object, const char *name, const char **ret_type,
            uint8_t *ret, size_t cap, size_t *ret_len);
// What this chain has nothing to do with must be null or empty.
int gen_must_be_empty(struct gen *g, const char *name, struct slice value);

// Calls `each` for the elements of a list in the text: as they stand there, or parsed (then they
// must be objects).
typedef int (*gen_raw_fn)(struct gen *g, size_t index, struct slice text, void *arg);
int gen_each_raw(struct gen *g, const char *name, struct slice list, gen_raw_fn each, void *arg);
typedef int (*gen_element_fn)(struct gen *g, size_t index, const json_t *element, void *arg);
int gen_each(struct gen *g, const char *name, struct slice list, gen_element_fn each, void *arg);

// A gen_raw_fn that parses and goes on with `arg`, a struct gen_parsed.
struct gen_parsed {
    gen_element_fn each;
    void *arg;
};
int gen_parse_element(struct gen *g, size_t index, struct slice text, void *arg);
// The text inside of a string that has no escapes; false for anything else.
bool gen_plain_string(struct slice value, struct slice *ret);

// One function a module: takes a member of its state. `finish` runs when all are read.
int gen_import_auth(struct gen *g, struct slice name, struct slice value);
int gen_import_bank(struct gen *g, struct slice name, struct slice value);
int gen_finish_bank(struct gen *g);
int gen_import_staking(struct gen *g, struct slice name, struct slice value);
int gen_finish_staking(struct gen *g, const struct app_genesis *genesis);

// genesis_gov.c: members of the modules whose state is protobuf messages.
int gen_import_gov(struct gen *g, struct slice name, struct slice value);
int gen_finish_gov(struct gen *g);
int gen_import_upgrade(struct gen *g, struct slice name, struct slice value);
int gen_import_metadata(struct gen *g, struct slice value);

#endif
