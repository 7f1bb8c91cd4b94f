// config: the settings from the environment and from an optional TOML file; the environment wins.
#ifndef SEIVISOR_SHELL_CONFIG_H
#define SEIVISOR_SHELL_CONFIG_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "seivisor/core/settings.h"
#include "wire/toml.h"

struct config {
    struct settings settings;
    struct arena arena; // of the file
    struct toml file;
    const char *file_name; // borrowed; null: none
    struct buf problems;   // a line each
};

// Reads the file (when `file_name` is not null) and the environment. Returns the number of
// problems, each a line of `problems`; config_deinit in every case.
int config_load(struct config *c, const char *file_name);
void config_deinit(struct config *c); // idempotent

// Where a row's value is from: "environment", the file's name, or "default".
const char *config_source(const struct config *c, const struct settings_row *row);

#endif
