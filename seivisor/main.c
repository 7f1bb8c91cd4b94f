// seivisor: runs a chain's daemon, swaps its binary at an upgrade, and says why.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cli.h"
#include "base/log.h"
#include "base/mem.h"
#include "seivisor/cmd.h"
#include "seivisor/shell/visor.h"

#define CONFIG_FLAG "cosmovisor-config"

static const struct cli_flag global_flags[] = {
    {.name = CONFIG_FLAG,
     .type = CLI_STRING,
     .value = "FILE",
     .help = "settings as TOML; the environment wins over it"},
    {0},
};
static const struct cli_flag add_upgrade_flags[] = {
    {.name = "force", .type = CLI_BOOL, .help = "replace a binary or plan that is there"},
    {.name = "upgrade-height",
     .type = CLI_INT64,
     .value = "HEIGHT",
     .help = "also schedule it: write data/upgrade-info.json for this height now"},
    {0},
};
static const struct cli_flag version_flags[] = {
    {.name = "cosmovisor-only", .type = CLI_BOOL, .help = "leave the daemon's version out"},
    {.name = "output",
     .letter = 'o',
     .type = CLI_STRING,
     .fallback = "text",
     .help = "text or json"},
    {0},
};
static const struct cli_flag status_flags[] = {
    {.name = "json", .type = CLI_BOOL, .help = "as one JSON object"},
    {.name = "metrics", .type = CLI_BOOL, .help = "as Prometheus text"},
    {0},
};
static const struct cli_flag history_flags[] = {
    {.name = "json", .type = CLI_BOOL, .help = "the stored lines as they are"},
    {.name = "limit",
     .letter = 'n',
     .type = CLI_INT64,
     .fallback = "50",
     .help = "how many of the last entries"},
    {0},
};
static const struct cli_flag resume_flags[] = {
    {.name = "key", .type = CLI_STRING, .help = "release this halt only (its key in `status`)"},
    {0},
};
static const struct cli_flag explain_flags[] = {
    {.name = "code", .type = CLI_INT64, .help = "the daemon exited with this code"},
    {.name = "signal", .type = CLI_INT64, .help = "the daemon was ended by this signal"},
    {.name = "intent",
     .type = CLI_STRING,
     .value = "JSON",
     .help = "halt_intent as its /status shows it; - reads it from stdin"},
    {.name = "alive", .type = CLI_BOOL, .help = "the daemon still runs"},
    {.name = "plan", .type = CLI_STRING, .help = "upgrade-info.json was written for this plan"},
    {.name = "height", .type = CLI_INT64, .help = "… and this height"},
    {.name = "json", .type = CLI_BOOL, .help = "as one JSON object"},
    {0},
};

// `--cosmovisor-config FILE` may stand among the daemon's arguments too; it is not the daemon's.
static const char *take_config_flag(char **args)
{
    static const char flag[] = "--" CONFIG_FLAG;
    size_t len = sizeof flag - 1;
    for (char **at = args; *at; at++) {
        size_t used = 0;
        const char *value = NULL;
        if (strncmp(*at, flag, len) == 0 && (*at)[len] == '=') {
            value = *at + len + 1;
            used = 1;
        } else if (strcmp(*at, flag) == 0 && at[1]) {
            value = at[1];
            used = 2;
        }
        if (!used)
            continue;
        for (char **to = at; (to[0] = to[used]); to++)
            continue;
        return value;
    }
    return NULL;
}

static int cmd_run(struct cli *cli, void *context)
{
    struct cmd *cmd = context;
    char **args = mem_calloc(cli->arg_count + 1, sizeof *args);
    for (size_t i = 0; i < cli->arg_count; i++)
        args[i] = mem_strdup(cli->args[i]);
    char **owned = mem_dup(args, (cli->arg_count + 1) * sizeof *args);
    const char *file = take_config_flag(args);
    int status = 1;
    if (!file)
        file = cli_str(cli, CONFIG_FLAG);
    if (config_load(cmd->config, file) == 0) {
        cmd->log->level = cmd->config->settings.disable_logs
                              ? LOG_ERROR
                              : (enum log_level)cmd->config->settings.log_level;
        if (cmd->config->settings.log_format == SETTINGS_LOG_JSON)
            cmd->log->format = LOG_JSON;
        status = visor_run(&cmd->config->settings, cmd->log, args);
    } else {
        fprintf(stderr, "seivisor: the settings cannot be used:\n%s",
                buf_cstr(&cmd->config->problems));
    }
    for (size_t i = 0; i < cli->arg_count; i++)
        free(owned[i]);
    free(owned);
    free(args);
    return status;
}

static int cmd_unsupported(struct cli *cli, void *context)
{
    fprintf(stderr, "seivisor: %s is not supported: stage each binary with add-upgrade\n",
            cli_command(cli)->name);
    return 1;
}

static const struct cli_command commands[] = {
    {.name = "run",
     .args = "[DAEMON ARGUMENTS]",
     .max_args = -1,
     .passthrough = true,
     .help = "run the daemon with these arguments and supervise it",
     .run = cmd_run},
    {.name = "init",
     .args = "BINARY",
     .min_args = 1,
     .max_args = 1,
     .help = "make the folders, with BINARY as the first one",
     .run = cmd_init},
    {.name = "add-upgrade",
     .args = "PLAN BINARY",
     .min_args = 2,
     .max_args = 2,
     .flags = add_upgrade_flags,
     .help = "stage BINARY for an upgrade plan",
     .run = cmd_add_upgrade},
    {.name = "show-upgrade-info",
     .help = "print data/upgrade-info.json",
     .run = cmd_show_upgrade_info},
    {.name = "config", .help = "print the settings in force", .run = cmd_config},
    {.name = "version",
     .flags = version_flags,
     .help = "print the versions of seivisor and the daemon",
     .run = cmd_version},
    {.name = "status",
     .flags = status_flags,
     .help = "how the running supervisor and its daemon are",
     .run = cmd_status},
    {.name = "explain",
     .flags = explain_flags,
     .help = "what would be done, for a given end or halt of the daemon",
     .run = cmd_explain},
    {.name = "history",
     .flags = history_flags,
     .help = "the decisions so far, each with its evidence",
     .run = cmd_history},
    {.name = "resume",
     .flags = resume_flags,
     .help = "release what is held, and go on",
     .run = cmd_resume},
    {.name = "add-batch-upgrade",
     .max_args = -1,
     .passthrough = true,
     .hidden = true,
     .help = "not supported",
     .run = cmd_unsupported},
    {.name = "prepare-upgrade",
     .max_args = -1,
     .passthrough = true,
     .hidden = true,
     .help = "not supported",
     .run = cmd_unsupported},
    {.name = "internal-backup",
     .args = "SOURCE TARGET",
     .min_args = 2,
     .max_args = 2,
     .hidden = true,
     .help = "copy a folder",
     .run = cmd_backup},
    {0},
};

static const struct cli_program program = {
    .name = "seivisor",
    .version = SEI_VERSION,
    .root = {.flags = global_flags,
             .children = commands,
             .help = "runs a chain's daemon, swaps its binary at an upgrade, and says why"},
};

static void print(int fd, const char *text)
{
    fputs(text, fd == STDOUT_FILENO ? stdout : stderr);
    fflush(fd == STDOUT_FILENO ? stdout : stderr);
}

// For the man page, behind what cli_man_append prints: the settings, from their table.
static void print_settings_man(void)
{
    printf(".SH SETTINGS\nFrom the environment; in a file for \\fB\\-\\-cosmovisor\\-config\\fR "
           "the same "
           "names in lower case.\n");
    for (size_t i = 0; i < settings_count; i++) {
        const struct settings_row *row = &settings_table[i];
        printf(".TP\n.B %s\n%s", row->env, row->help);
        for (int k = 0; row->choice && row->choice[k]; k++)
            printf("%s%s", k ? ", " : " (", row->choice[k]);
        printf("%s.", row->choice ? ")" : "");
        if (row->fallback[0])
            printf(" Default: %s.", row->fallback);
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    struct log log = {.fd = STDERR_FILENO, .level = LOG_INFO};
    struct config config = {0};
    struct cmd cmd = {.config = &config, .log = &log};
    int status = cli_main(&program, argc, (const char *const *)argv, NULL, &cmd, print);
    config_deinit(&config);
    if (argc == 2 && strcmp(argv[1], "__man") == 0)
        print_settings_man();
    return status;
}
