// cli: command lines from tables. A program describes its commands and flags once; parsing, help,
// bash completion and the option lists of the man page all come from that description.
//
// Pure: no input or output, the environment is an argument, and what is to be printed is returned
// as text. Everything a parse returns lives in the caller's arena or in argv, envp and the tables.
// Aborts on exhausted memory (mem.h).
#ifndef BASE_CLI_H
#define BASE_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

// Exit status of a program that was called wrongly.
enum { CLI_EXIT_USAGE = 2 };

enum cli_type {
    CLI_BOOL,     // --x, --x=true, --x=false
    CLI_STRING,   //
    CLI_INT64,    // decimal
    CLI_UINT64,   // decimal
    CLI_DURATION, // text such as 1m30s; give a `check`, for this layer does not know the format
    CLI_LIST,     // repeated and comma-separated; the command line replaces the default as a whole
};

struct cli_flag {
    const char *name;         // without dashes; null ends a table. '-' and '_' match each other
    char letter;              // 0: no short form
    enum cli_type type;       //
    bool hidden;              // left out of help, man page and completion
    const char *fallback;     // default as text, null: none
    const char *value;        // placeholder in help; null: the name of the type
    const char *help;         // one line, no full stop
    const char *const *words; // null-terminated list of the allowed values, or null
    const char *env;          // environment variable; null: from env_prefix; "": none
    // Null, or refuses a value: < 0 with a reason in `e`. Also for the environment and cli_offer.
    int (*check)(const char *text, struct err *e);
};

struct cli;

struct cli_command {
    const char *name;                     // null ends a table
    const char *aliases;                  // "query,qry", or null
    const char *args;                     // positional arguments in help: "NAME [COINS]", or null
    int min_args;                         //
    int max_args;                         // -1: any number
    bool passthrough;                     // all that follows the name is positional, flags too
    bool hidden;                          //
    const char *help;                     // one line
    const char *details;                  // more text for help and the man page, or null
    const struct cli_flag *flags;         // also valid for every command below, or null
    const struct cli_flag *const *shared; // more tables, null-terminated list, or null
    const struct cli_command *children;   // null: this one runs
    int (*run)(struct cli *cli, void *context); // exit status; null with children: prints help
};

struct cli_program {
    const char *name;        // as in usage lines: "seid"
    const char *version;     // for --version, or null
    const char *env_prefix;  // "SEID": --rpc.laddr is SEID_RPC_LADDR. Null: no environment
    struct cli_command root; // root.name is not used
};

enum cli_source { CLI_FROM_DEFAULT, CLI_FROM_FILE, CLI_FROM_ENV, CLI_FROM_FLAG };

struct cli_value {
    const struct cli_flag *flag;
    enum cli_source source;
    const char *text;         // null: not set and no default
    const char *const *items; // CLI_LIST
    size_t item_count;
};

enum { CLI_MAX_DEPTH = 6 };

struct cli {
    const struct cli_program *program;
    const struct cli_command *path[CLI_MAX_DEPTH]; // root first
    size_t depth;                                  // path[depth - 1] is the command to run
    const char *const *args;                       // positional arguments, null-terminated
    size_t arg_count;
    struct cli_value *values; // one a known flag
    size_t value_count;
    struct arena *arena;
    const char *out; // for CLI_TEXT
};

// Outcomes of cli_parse beside 0, which means: call the command's run.
enum {
    CLI_TEXT = 1,  // print ret->out on stdout and exit 0: help, version, completion
    CLI_USAGE = 2, // print e->text on stderr and exit CLI_EXIT_USAGE
};

// `argv` with the program name first, `argc` long; `envp` null-terminated, or null. Understands
// `help [COMMAND...]`, `--help`, `-h`, `--version`, `completion bash`, and the hidden words
// `__complete WORD...` and `__man`. Precedence: flag, environment, cli_offer, default.
int cli_parse(const struct cli_program *program, int argc, const char *const *argv,
              const char *const *envp, struct arena *arena, struct cli *ret, struct err *e);

// parse, print and run, for main(): returns the exit status. `out` and `error` receive what is to
// be printed, one call each at most.
int cli_main(const struct cli_program *program, int argc, const char *const *argv,
             const char *const *envp, void *context, void (*print)(int fd, const char *text));

static inline const struct cli_command *cli_command(const struct cli *cli)
{
    return cli->path[cli->depth - 1];
}

// "seid tx bank send"; lives in the arena.
const char *cli_path(const struct cli *cli);

// Values by the flag's full name. A name that the command does not have is a programmer's error and
// aborts. An unset value without default is null, false, 0 or an empty list.
const struct cli_value *cli_value(const struct cli *cli, const char *name)
    __attribute__((returns_nonnull));
bool cli_has(const struct cli *cli, const char *name); // is the flag known to this command
const char *cli_str(const struct cli *cli, const char *name);
bool cli_bool(const struct cli *cli, const char *name);
int64_t cli_int64(const struct cli *cli, const char *name);
uint64_t cli_uint64(const struct cli *cli, const char *name);
const char *const *cli_list(const struct cli *cli, const char *name, size_t *ret_count);
// Given by flag, environment or file rather than left at its default.
bool cli_is_set(const struct cli *cli, const char *name);

// Offers a value from a configuration file: taken unless flag or environment gave one. `text` is
// copied. < 0: not a value of that type.
int cli_offer(struct cli *cli, const char *name, const char *text, struct err *e);

// Name of the environment variable of a flag, into the arena; null when it has none.
const char *cli_env_name(const struct cli_program *program, const struct cli_flag *flag,
                         struct arena *arena);

// The nearest of `count` words to `word` if it is near enough to be a slip, else null. Borrowed.
const char *cli_nearest(const char *word, const char *const *words, size_t count);

// What help, completion and the man page print; appended to `ret`.
void cli_help_append(const struct cli_program *program, const struct cli_command *const *path,
                     size_t depth, struct buf *ret);
// One candidate a line for the last of `words`, which is being typed and may be "".
void cli_complete_append(const struct cli_program *program, const char *const *words, size_t count,
                         struct buf *ret);
void cli_bash_append(const struct cli_program *program, struct buf *ret);
// The sections COMMANDS, GLOBAL OPTIONS and ENVIRONMENT in man(7) macros.
void cli_man_append(const struct cli_program *program, struct buf *ret);

#endif
