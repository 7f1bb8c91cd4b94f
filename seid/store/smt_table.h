// smt_table: the changed pages of a tree in memory.
#ifndef SEID_STORE_SMT_TABLE_H
#define SEID_STORE_SMT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct smt_page_table;

struct smt_page_table *smt_table_new(void);
void smt_table_free(struct smt_page_table *t); // null is fine
void smt_table_clear(struct smt_page_table *t);
size_t smt_table_bytes(const struct smt_page_table *t);

// A page's number, which it keeps until the table is cleared; SMT_UNKNOWN when it is not there.
enum { SMT_UNKNOWN = -1 };
int32_t smt_table_find(const struct smt_page_table *t, struct slice key);
int32_t smt_table_add(struct smt_page_table *t, struct slice key); // an unknown one
// Null for a deleted page. Valid until the page is set again.
struct slice smt_table_data(const struct smt_page_table *t, int32_t page);
// Copies. Null data: the page is deleted.
void smt_table_set(struct smt_page_table *t, int32_t page, struct slice data);

// The pages in descending order of their keys (the deepest first), then the deleted ones. Stops at
// and returns the first result that is not 0.
int smt_table_each(const struct smt_page_table *t,
                   int (*fn)(void *ctx, struct slice key, struct slice data), void *ctx);

#endif
