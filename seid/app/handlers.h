// handlers: the upgrade handlers that a binary has compiled in. One table in one file; a test
// binary is the same objects linked with another table (handlers_v1.c, handlers_v2.c, ...).
#ifndef SEID_APP_HANDLERS_H
#define SEID_APP_HANDLERS_H

#include <stddef.h>

#include "base/err.h"

struct app_ctx;

// A migration changes the state of the block that it runs in, before any transaction. It must be
// deterministic. < 0 with `e` filled ends the node: a half-migrated state is never kept.
typedef int (*app_migration)(struct app_ctx *ctx, struct err *e);

struct app_handler {
    const char *name; // the plan's name, exactly
    app_migration migrate;
};

struct app_handler_table {
    const char *version; // what the binary calls itself, e.g. "v1"
    const struct app_handler *handlers;
    size_t count;
};

// The table of the binary that this is linked into.
extern const struct app_handler_table app_handlers;

// Migrations, shared by the tables (migrations.c).
int app_migrate_v2(struct app_ctx *ctx, struct err *e);
int app_migrate_v3(struct app_ctx *ctx, struct err *e);

#endif
