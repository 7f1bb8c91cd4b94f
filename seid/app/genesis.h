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

int gen_string(struct gen *g, const json_t *object, const char *name, const char **ret);
int gen_u64(struct gen *g, const json_t *object, const char *name, uint64_t *ret);
int gen_coins(struct gen *g, const json_t *object, const char *name, struct coins *ret);

// Calls `each` for the elements of a list in the text; they must be objects.
typedef int (*gen_element_fn)(struct gen *g, size_t index, const json_t *element, void *arg);
int gen_each(struct gen *g, const char *name, struct slice list, gen_element_fn each, void *arg);

// genesis_gov.c: members of the modules whose state is protobuf messages.
int gen_import_gov(struct gen *g, struct slice name, struct slice value);
int gen_finish_gov(struct gen *g);
int gen_import_upgrade(struct gen *g, struct slice name, struct slice value);
int gen_import_metadata(struct gen *g, struct slice value);

#endif
