// cmd: what the commands of seid share. A command is a function (cli, context) -> exit status; it
// prints its answer on stdout and, when it fails, one line "Error: …" on stderr and returns 1.
#ifndef SEID_CMD_CMD_H
#define SEID_CMD_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/slice.h"
#include "seid/cmd/keyring.h"

// The git commit the program was built from; "" when its sources came without git.
extern const char cmd_commit[];

extern const struct cli_program cmd_program;

// Prints the error and gives the exit status: always 1.
int cmd_fail(const struct err *e);

static inline void cmd_json_cleanup(json_t **json)
{
    json_decref(*json);
}
#define CLEANUP_JSON CLEANUP(cmd_json_cleanup)

// On stdout. `--output json`: one line of JSON in the order it was built; else YAML with sorted
// keys, as Cosmos programs print it. Takes the reference. Returns the exit status.
int cmd_print(const struct cli *cli, json_t *value);
// Always one line of JSON. Takes the reference.
int cmd_print_json(json_t *value);
bool cmd_wants_json(const struct cli *cli);
// JSON as YAML with sorted keys, appended; strings that would read as something else are quoted.
void cmd_yaml_append(struct buf *ret, const json_t *value);

// The home folder, absolute, and client.toml offered to the flags of the command.
int cmd_home(struct cli *cli, const char **ret, struct err *e);
// The node's settings as `start` without flags would have them: environment, files, defaults.
struct node_config;
int cmd_load_config(const char *home, struct arena *arena, struct node_config *ret, struct err *e);
// The keyring of --keyring-backend.
int cmd_keyring(const struct cli *cli, const char *home, struct keyring *ret, struct err *e);
#define CLEANUP_KEYRING CLEANUP(keyring_deinit)

// The address that `text` gives: a sei or seivaloper address, or the name of a key.
int cmd_address(const struct keyring *k, const char *text, struct arena *arena, uint8_t ret[20],
                struct err *e);
const char *cmd_bech32(const char *hrp, const uint8_t address[20], struct arena *arena);

// Tables that several commands use.
extern const struct cli_flag cmd_output_flags[];  // --output
extern const struct cli_flag cmd_keyring_flags[]; // --keyring-backend
extern const struct cli_flag cmd_node_flags[];    // --node

// The commands. Those with a table of children give the table.
extern const struct cli_command cmd_keys_commands[];
extern const struct cli_command cmd_tx_commands[];
extern const struct cli_command cmd_query_commands[];
extern const struct cli_flag cmd_tx_flags[];
extern const struct cli_flag cmd_query_flags[];
extern const struct cli_flag cmd_init_flags[];
extern const struct cli_flag cmd_add_validator_flags[];
extern const struct cli_flag cmd_localnet_flags[];
extern const struct cli_flag cmd_version_flags[];
extern const struct cli_flag cmd_rollback_flags[];
extern const struct cli_flag cmd_export_flags[];

int cmd_start(struct cli *cli, void *context); // start.c
int cmd_init(struct cli *cli, void *context);
int cmd_add_genesis_account(struct cli *cli, void *context);
int cmd_add_genesis_validator(struct cli *cli, void *context);
int cmd_validate_genesis(struct cli *cli, void *context);
int cmd_localnet(struct cli *cli, void *context);
int cmd_status(struct cli *cli, void *context);
int cmd_pre_upgrade(struct cli *cli, void *context);
int cmd_version(struct cli *cli, void *context);
int cmd_rollback(struct cli *cli, void *context);
int cmd_export(struct cli *cli, void *context);

#endif
