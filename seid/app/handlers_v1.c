#include "seid/app/handlers.h"

const struct app_handler_table app_handlers = {"v1", NULL, 0};
