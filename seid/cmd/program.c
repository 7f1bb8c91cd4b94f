// The tree of commands.
#include "seid/cmd/cmd.h"
#include "seid/config/config.h"

static const struct cli_flag home_flags[] = {{.name = "home",
                                              .type = CLI_STRING,
                                              .fallback = "~/.sei",
                                              .value = "folder",
                                              .help = "configuration, keys and data of the node"},
                                             {0}};

static const struct cli_flag *const start_tables[] = {config_start_flags, config_flags, NULL};
static const struct cli_flag *const keys_tables[] = {cmd_keyring_flags, cmd_output_flags, NULL};
static const struct cli_flag *const account_tables[] = {cmd_keyring_flags, NULL};
static const struct cli_flag *const validator_tables[] = {cmd_add_validator_flags,
                                                          cmd_keyring_flags, NULL};
static const struct cli_flag *const asking_tables[] = {cmd_node_flags, cmd_output_flags, NULL};
static const struct cli_flag *const tx_tables[] = {cmd_keyring_flags, cmd_node_flags,
                                                   cmd_output_flags, NULL};
static const struct cli_flag *const version_tables[] = {cmd_version_flags, cmd_output_flags, NULL};

static const struct cli_command commands[] = {
    {.name = "init",
     .args = "MONIKER",
     .min_args = 1,
     .max_args = 1,
     .help = "Write configuration, keys and a genesis file",
     .flags = cmd_init_flags,
     .run = cmd_init},
    {.name = "localnet",
     .help = "Prepare a funded one-validator chain, ready to start",
     .flags = cmd_localnet_flags,
     .run = cmd_localnet},
    {.name = "add-genesis-account",
     .args = "ADDRESS|KEY COINS",
     .min_args = 2,
     .max_args = 2,
     .help = "Give an account coins in the genesis file",
     .shared = account_tables,
     .run = cmd_add_genesis_account},
    {.name = "add-genesis-validator",
     .args = "ADDRESS|KEY",
     .min_args = 1,
     .max_args = 1,
     .help = "Make an account the operator of a validator in the genesis file",
     .shared = validator_tables,
     .run = cmd_add_genesis_validator},
    {.name = "validate-genesis",
     .args = "[FILE]",
     .max_args = 1,
     .help = "Check a genesis file",
     .run = cmd_validate_genesis},
    {.name = "start",
     .help = "Run the node",
     .details = "Exit status: 0 after an ordinary stop; 70, 71 or 72 after an upgrade halt: the "
                "chain has reached an upgrade that this binary lacks, the binary is ahead of the "
                "chain, or it is older than the state.",
     .shared = start_tables,
     .run = cmd_start},
    {.name = "pre-upgrade",
     .help = "Check that this binary can take over, for a supervisor that is about to swap",
     .details = "Reads the configuration and the plan of data/upgrade-info.json (--home, else "
                "DAEMON_HOME). Exit status: 0 when it can, 30 when it cannot.",
     .run = cmd_pre_upgrade},
    {.name = "status",
     .help = "Print what a running node says of itself",
     .shared = asking_tables,
     .run = cmd_status},
    {.name = "keys", .help = "Manage keys", .shared = keys_tables, .children = cmd_keys_commands},
    {.name = "tx",
     .help = "Make, sign and send transactions",
     .flags = cmd_tx_flags,
     .shared = tx_tables,
     .children = cmd_tx_commands},
    {.name = "query",
     .aliases = "q",
     .help = "Ask a running node",
     .flags = cmd_query_flags,
     .shared = asking_tables,
     .children = cmd_query_commands},
    {.name = "rollback",
     .help = "Undo the newest block's state, so that it is executed again at the next start",
     .flags = cmd_rollback_flags,
     .run = cmd_rollback},
    {.name = "export",
     .help = "Print the state as a genesis file",
     .flags = cmd_export_flags,
     .run = cmd_export},
    {.name = "version",
     .help = "Print the version of this binary",
     .shared = version_tables,
     .run = cmd_version},
    {0}};

const struct cli_program cmd_program = {
    .name = "seid",
    .version = SEI_VERSION,
    .env_prefix = "SEID",
    .root = {.help = "A chain node that says why it stops",
             .flags = home_flags,
             .children = commands},
};
