// Any two files are taken or refused with a text; what is taken keeps its promises.
#include <stdlib.h>
#include <string.h>

#include "seid/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_nothing(struct cli *cli, void *context)
{
    return 0;
}

static const struct cli_flag *const tables[] = {config_flags, config_start_flags, NULL};
static const struct cli_program program = {.name = "seid",
                                           .root = {.shared = tables, .run = run_nothing}};

static void check(bool holds)
{
    if (!holds)
        abort();
}

// The input is config.toml, and behind a line of "====" app.toml.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena CLEANUP_ARENA = {0};
    struct cli cli;
    struct err e = {0};
    const char *const argv[] = {"seid"};
    check(cli_parse(&program, 1, argv, NULL, &arena, &cli, &e) == 0);
    const uint8_t *cut = size ? memmem(data, size, "====", 4) : NULL;
    size_t first = cut ? (size_t)(cut - data) : size;
    struct slice app = cut ? slice_of(cut + 4, size - first - 4) : SLICE_NULL;
    struct node_config c = {0};
    if (config_read(&cli, "/h", slice_of(data, first), app, &arena, &c, &e) < 0) {
        check(e.text[0] != 0);
        return 0;
    }
    check(c.history_blocks >= 2 && c.mempool.size >= 1 && c.consensus.timeout_commit_ns >= 0);
    check(c.rpc_listen_count <= CONFIG_LADDR_MAX && c.path.genesis[0] == '/');
    return 0;
}
