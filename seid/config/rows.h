// rows: keys.def as a table. Private to seid/config.
#ifndef SEID_CONFIG_ROWS_H
#define SEID_CONFIG_ROWS_H

#include "seid/config/config.h"

enum config_kind {
    KIND_STRING,
    KIND_BOOL,
    KIND_UINT,
    KIND_DURATION,
    KIND_LIST,
    KIND_PRICES,
};

struct config_row {
    enum { ROW_SECTION, ROW_KEY, ROW_INERT, ROW_REFUSED, ROW_END } what;
    enum config_file file;
    const char *name;
    enum config_kind kind;
    size_t offset;        // of the member of struct node_config
    const char *fallback; // INERT: null when any value is fine
    const char *text;     // help, comment of a section, or reason of a refusal
};

extern const struct config_row config_rows[]; // ends with ROW_END

#endif
