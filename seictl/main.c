// seictl: for people and scripts: explains a halt, watches a node, waits for it.
#include <seihalt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "seictl/cli.h"

static const char help[] =
    "Explains halts of a chain node, watches a node, waits for it.\n"
    "\n"
    "Usage: seictl COMMAND [ARGUMENTS]\n"
    "\n"
    "Commands:\n"
    "  explain   what an exit code, an intent, a file or a node's state means and what follows\n"
    "  watch     a node's /status, one line a change\n"
    "  wait      until a node halts, reaches a height, runs a version, is healthy\n"
    "  version   of seictl and of the contract\n"
    "  help      this text, or that of a command: seictl help wait\n";

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"explain", cmd_explain, cli_explain_help},
    {"watch", cmd_watch, cli_watch_help},
    {"wait", cmd_wait, cli_wait_help},
};

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static bool is_help(const char *text)
{
    return strcmp(text, "help") == 0 || strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        fputs(help, stderr);
        return 1;
    }
    if (is_help(argv[1])) {
        const struct command *about = argc > 2 ? find(argv[2]) : NULL;
        fputs(about ? about->help : help, stdout);
        return argc > 2 && !about ? cli_fail("there is no command \"%s\"", argv[2]) : 0;
    }
    if (strcmp(argv[1], "version") == 0 || strcmp(argv[1], "--version") == 0) {
        printf("seictl %s, contract %s\n", SEI_VERSION, sei_halt_version());
        return 0;
    }
    const struct command *command = find(argv[1]);
    if (!command)
        return cli_fail("there is no command \"%s\"; see seictl help", argv[1]);
    return command->run(argc - 1, argv + 1);
}
