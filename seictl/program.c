// The tree of commands.
#include <seihalt.h>
#include <stdio.h>

#include "seictl/cmd.h"

static int cmd_version(struct cli *cli, void *context)
{
    printf("seictl %s, contract %s\n", SEI_VERSION, sei_halt_version());
    return 0;
}

static const struct cli_command commands[] = {
    {.name = "explain",
     .args = "WHAT",
     .min_args = 1,
     .max_args = 1,
     .help = "Say what something means and what a supervisor does about it",
     .details = "WHAT is one of:\n"
                "  an exit code         70\n"
                "  a token              upgrade_required\n"
                "  JSON, a file or -    a halt intent, upgrade-info.json, an answer of /status\n"
                "  a node's address     127.0.0.1:26657, http://node\n"
                "Every case that makes a difference is shown, unless --mapping and --rollback\n"
                "tell which one it is.\n"
                "Exit status: 0; 1 when WHAT cannot be read or the node does not answer.",
     .flags = cmd_explain_flags,
     .run = cmd_explain},
    {.name = "watch",
     .args = "[ADDRESS]",
     .max_args = 1,
     .help = "Show a node's /status, one line a change, until interrupted",
     .details = "ADDRESS is host:port or a URL; 127.0.0.1:26657 when left out. With --json\n"
                "each line is an object: at, address, state (healthy, halted, no_signal,\n"
                "no_status, unreachable), height, catching_up, network, halt_intent, detail.",
     .flags = cmd_watch_flags,
     .run = cmd_watch},
    {.name = "wait",
     .args = "[ADDRESS]",
     .max_args = 1,
     .help = "Wait until a node halts, reaches a height, runs a version, is healthy",
     .details = "Conditions:\n"
                "  halt              /status carries a halt_intent\n"
                "  halt=REASON       the same, of this reason: 70 or upgrade_required\n"
                "  height=N          the latest block is N or later\n"
                "  version=VERSION   the application (abci_info) is of this version\n"
                "  healthy           it answers, caught up, without a halt_intent\n"
                "A node that does not answer is waited for. A halted node answers only when it\n"
                "was started with --halt-stay-alive; else its exit code speaks.\n"
                "Exit status: 0 when met, 1 when the time is over.",
     .flags = cmd_wait_flags,
     .run = cmd_wait},
    {.name = "version",
     .help = "Print the versions of seictl and of the contract",
     .run = cmd_version},
    {0},
};

const struct cli_program cmd_program = {
    .name = "seictl",
    .version = SEI_VERSION,
    .env_prefix = "SEICTL",
    .root = {.help = "Explain halts of a chain node, watch a node, wait for it",
             .children = commands},
};
