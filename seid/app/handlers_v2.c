#include "seid/app/handlers.h"

static const struct app_handler handlers[] = {
    {"v2", app_migrate_v2},
};
const struct app_handler_table app_handlers = {"v2", handlers, sizeof handlers / sizeof *handlers};
