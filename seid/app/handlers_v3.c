#include "seid/app/handlers.h"

static const struct app_handler handlers[] = {
    {"v2", app_migrate_v2},
    {"v3", app_migrate_v3},
};
const struct app_handler_table app_handlers = {"v3", handlers, sizeof handlers / sizeof *handlers};
