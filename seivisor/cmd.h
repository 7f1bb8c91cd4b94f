// cmd: the commands of seivisor but `run`. Each returns an exit status and prints for itself.
#ifndef SEIVISOR_CMD_H
#define SEIVISOR_CMD_H

#include "base/cli.h"
#include "seivisor/shell/config.h"

// What main() gives to every command.
struct cmd {
    struct config *config;
    struct log *log;
};

int cmd_init(struct cli *cli, void *context);
int cmd_add_upgrade(struct cli *cli, void *context);
int cmd_show_upgrade_info(struct cli *cli, void *context);
int cmd_config(struct cli *cli, void *context);
int cmd_version(struct cli *cli, void *context);
int cmd_status(struct cli *cli, void *context);
int cmd_history(struct cli *cli, void *context);
int cmd_resume(struct cli *cli, void *context);
int cmd_explain(struct cli *cli, void *context);
int cmd_backup(struct cli *cli, void *context); // hidden: the process that copies

// Loads the settings; prints the problems and returns 1 when there are any.
int cmd_load(const struct cli *cli, struct cmd *cmd);

#endif
