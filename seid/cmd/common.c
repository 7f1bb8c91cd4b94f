#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "seid/cmd/cmd.h"
#include "seid/cmd/prompt.h"
#include "seid/config/config.h"
#include "wire/addr.h"

static const char *const outputs[] = {"text", "json", NULL};
const struct cli_flag cmd_output_flags[] = {{.name = "output",
                                             .letter = 'o',
                                             .type = CLI_STRING,
                                             .fallback = "text",
                                             .words = outputs,
                                             .help = "form of the answer"},
                                            {0}};

// Not a list of words: the SDK's other backends get an answer of their own.
const struct cli_flag cmd_keyring_flags[] = {
    {.name = "keyring-backend",
     .type = CLI_STRING,
     .fallback = "test",
     .help = "where keys are kept: test (plain files) or file (encrypted)"},
    {0}};

const struct cli_flag cmd_node_flags[] = {{.name = "node",
                                           .type = CLI_STRING,
                                           .fallback = "tcp://127.0.0.1:26657",
                                           .value = "url",
                                           .help = "Tendermint RPC of the node"},
                                          {0}};

int cmd_fail(const struct err *e)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "Error: %s\n", e->text);
    return 1;
}

bool cmd_wants_json(const struct cli *cli)
{
    return cli_has(cli, "output") && strcmp(cli_str(cli, "output"), "json") == 0;
}

int cmd_print_json(json_t *value)
{
    json_t *owned CLEANUP_JSON = value;
    char *json CLEANUP_FREE =
        json_dumps(owned, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY);
    if (!json)
        return cmd_fail(&(struct err){.code = -EINVAL, .text = "the answer is not UTF-8"});
    (void)printf("%s\n", json);
    return 0;
}

int cmd_print(const struct cli *cli, json_t *value)
{
    if (cmd_wants_json(cli))
        return cmd_print_json(value);
    json_t *owned CLEANUP_JSON = value;
    struct buf text CLEANUP_BUF = {0};
    cmd_yaml_append(&text, owned);
    (void)fputs(buf_cstr(&text), stdout);
    return 0;
}

int cmd_home(struct cli *cli, const char **ret, struct err *e)
{
    int r = config_home(cli, cli->arena, ret, e);
    return r < 0 ? r : client_config_offer(cli, *ret, cli->arena, e);
}

static int run_nothing(struct cli *cli, void *context)
{
    return 0;
}

int cmd_load_config(const char *home, struct arena *arena, struct node_config *ret, struct err *e)
{
    static const struct cli_flag home_flag[] = {{.name = "home", .type = CLI_STRING, .help = ""},
                                                {0}};
    static const struct cli_flag *const tables[] = {home_flag, config_start_flags, config_flags,
                                                    NULL};
    static const struct cli_program settings = {
        .name = "seid", .env_prefix = "SEID", .root = {.shared = tables, .run = run_nothing}};
    const char *const argv[] = {"seid", "--home", home};
    struct cli cli;
    if (cli_parse(&settings, 3, argv, (const char *const *)environ, arena, &cli, e) != 0)
        return -EINVAL;
    return config_load(&cli, arena, ret, e);
}

int cmd_keyring(const struct cli *cli, const char *home, struct keyring *ret, struct err *e)
{
    return keyring_init(ret, home, cli_str(cli, "keyring-backend"), prompt_passphrase, NULL,
                        cli->arena, e);
}

const char *cmd_bech32(const char *hrp, const uint8_t address[20], struct arena *arena)
{
    char *text = arena_alloc(arena, ADDR_TEXT_MAX);
    addr_text(hrp, slice_of(address, 20), text);
    return text;
}

int cmd_address(const struct keyring *k, const char *text, struct arena *arena, uint8_t ret[20],
                struct err *e)
{
    if (addr_parse20(ADDR_HRP_ACC, slice_str(text), ret, NULL) == 0 ||
        addr_parse20(ADDR_HRP_VAL, slice_str(text), ret, NULL) == 0)
        return 0;
    // What looks like an address gets the reason why it is none.
    if (strchr(text, '1') && strlen(text) >= 38)
        return addr_parse20(ADDR_HRP_ACC, slice_str(text), ret, e);
    struct keyring_key key;
    int r = keyring_find(k, text, arena, &key, e);
    if (r != 0)
        return r < 0 ? r : -ENOENT;
    memcpy(ret, key.address, sizeof key.address);
    return 0;
}
