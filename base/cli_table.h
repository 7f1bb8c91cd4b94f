// cli_table: walking the tables of cli.h. Private to base/cli*.c.
#ifndef BASE_CLI_TABLE_H
#define BASE_CLI_TABLE_H

#include "base/cli.h"

// Calls `visit` for each flag that a command adds itself, own table first; stops at true and
// returns the flag it stopped at, else null.
const struct cli_flag *cli_command_flags(const struct cli_command *command,
                                         bool (*visit)(const struct cli_flag *, void *),
                                         void *context);
// The flag by long name, or by letter when `name` is null; the deepest command first. Null: none.
const struct cli_flag *cli_find_flag(const struct cli_command *const *path, size_t depth,
                                     const char *name, size_t name_len, char letter);
// By name or alias; null: none.
const struct cli_command *cli_find_child(const struct cli_command *command, const char *name);

#endif
