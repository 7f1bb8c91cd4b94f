// cli_table: walking the tables of cli.h, and what their flags were given. Private to base/cli*.c.
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

struct cli_given { // a flag as it stood on the command line
    const struct cli_flag *flag;
    const char *text;
};
// Fills the values of cli's command from its tables, `envp` (may be null) and what was given; the
// texts are borrowed. 0, or CLI_USAGE with the text.
int cli_build_values(struct cli *cli, const char *const *envp, const struct cli_given *given,
                     size_t given_count, struct err *e);

#endif
