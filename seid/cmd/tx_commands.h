// tx_commands: the commands of `seid tx`, for its table. Each returns the exit status.
#ifndef SEID_CMD_TX_COMMANDS_H
#define SEID_CMD_TX_COMMANDS_H

#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"

extern const struct cli_flag tx_sign_flags[];
int tx_cmd_sign(struct cli *cli, void *context);
int tx_cmd_broadcast(struct cli *cli, void *context);
int tx_cmd_encode(struct cli *cli, void *context);
int tx_cmd_decode(struct cli *cli, void *context);
// The file's bytes; "-" is standard input.
int tx_read_file(const char *path, struct buf *ret, struct err *e);

extern const struct cli_command tx_bank_commands[];
extern const struct cli_command tx_gov_commands[];
extern const struct cli_command tx_upgrade_commands[];

#endif
