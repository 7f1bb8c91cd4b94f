// init, add-genesis-account, add-genesis-validator, validate-genesis
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/enc.h"
#include "seid/cmd/cmd.h"
#include "seid/cmd/home.h"
#include "wire/addr.h"

const struct cli_flag cmd_init_flags[] = {
    {.name = "chain-id", .type = CLI_STRING, .help = "id of the chain; left out: a random one"},
    {.name = "default-denom",
     .type = CLI_STRING,
     .fallback = "usei",
     .help = "denom of staking and governance deposits"},
    {.name = "overwrite",
     .type = CLI_BOOL,
     .letter = 'o',
     .help = "replace genesis.json and the .toml files; keys are kept"},
    {0}};

const struct cli_flag cmd_add_validator_flags[] = {
    {.name = "tokens",
     .type = CLI_STRING,
     .fallback = "10000000",
     .help = "bonded tokens; 1000000 are a voting power of 1"},
    {.name = "moniker", .type = CLI_STRING, .help = "name of the validator; left out: the key's"},
    {.name = "pubkey",
     .type = CLI_STRING,
     .value = "base64",
     .help = "ed25519 consensus key; left out: that of this home"},
    {0}};

static int random_chain_id(struct arena *arena, const char **ret, struct err *e)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    unsigned char bytes[6];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return err_errno(e, errno, "no random bytes");
    char *id = arena_printf(arena, "test-chain-......");
    for (size_t i = 0; i < sizeof bytes; i++)
        id[11 + i] = letters[bytes[i] % (sizeof letters - 1)];
    *ret = id;
    return 0;
}

int cmd_init(struct cli *cli, void *context)
{
    struct err e = {0};
    const char *home, *chain_id = cli_str(cli, "chain-id");
    const char *denom = cli_str(cli, "default-denom");
    int r = config_home(cli, cli->arena, &home, &e);
    if (r == 0 && !(chain_id && *chain_id))
        r = random_chain_id(cli->arena, &chain_id, &e);
    if (r < 0)
        return cmd_fail(&e);
    if (!coins_denom_valid(denom) || strlen(cli->args[0]) > 70) {
        err_set(&e, -EINVAL, "%s",
                strlen(cli->args[0]) > 70 ? "the moniker passes 70 bytes" : "invalid denom");
        return cmd_fail(&e);
    }
    struct home_plan plan = {
        .home = home,
        .moniker = cli->args[0],
        .chain_id = chain_id,
        .genesis_time_ns = clock_realtime_ns(),
        .overwrite = cli_bool(cli, "overwrite"),
        .client_node = "tcp://127.0.0.1:26657",
    };
    appstate_default_options(&plan.options);
    plan.options.denom = denom;
    if (strlen(plan.chain_id) > GENESIS_MAX_CHAIN_ID) {
        err_set(&e, -EINVAL, "the chain id passes %d bytes", GENESIS_MAX_CHAIN_ID);
        return cmd_fail(&e);
    }
    struct home_keys keys;
    if (home_create(&plan, cli->arena, &keys, &e) < 0)
        return cmd_fail(&e);
    explicit_bzero(&keys.validator.priv, sizeof keys.validator.priv);
    return cmd_print_json(json_pack("{s:s,s:s,s:s,s:s}", "moniker", plan.moniker, "chain_id",
                                    plan.chain_id, "node_id", keys.node_id, "home", home));
}

// Home, the keyring and the genesis file of a command. `path` may be null: the home's own.
static int open_genesis(struct cli *cli, const char **ret_home, const char *path,
                        struct home_genesis *ret, struct err *e)
{
    int r = cmd_home(cli, ret_home, e);
    if (r == 0 && !path)
        path = arena_printf(cli->arena, "%s/config/genesis.json", *ret_home);
    return r < 0 ? r : home_genesis_load(path, cli->arena, ret, e);
}

int cmd_add_genesis_account(struct cli *cli, void *context)
{
    struct err e = {0};
    const char *home;
    struct home_genesis g CLEANUP_HOME_GENESIS = {0};
    struct keyring k CLEANUP_KEYRING = {0};
    struct coins coins;
    uint8_t address[20];
    int r = open_genesis(cli, &home, NULL, &g, &e);
    if (r == 0)
        r = cmd_keyring(cli, home, &k, &e);
    if (r == 0)
        r = cmd_address(&k, cli->args[0], cli->arena, address, &e);
    if (r == 0)
        r = coins_parse(cli->args[1], cli->arena, &coins, &e);
    if (r == 0)
        r = appstate_add_account(g.state, cmd_bech32(ADDR_HRP_ACC, address, cli->arena), &coins,
                                 cli->arena, &e);
    if (r == 0)
        r = home_genesis_save(&g, cli->arena, &e);
    return r ? cmd_fail(&e) : 0;
}

static int consensus_key(struct cli *cli, const char *home, struct privval_key *ret, struct err *e)
{
    const char *text = cli_str(cli, "pubkey");
    if (!text || !*text) {
        int r = privval_key_load(
            arena_printf(cli->arena, "%s/config/priv_validator_key.json", home), ret, e);
        explicit_bzero(ret->priv, sizeof ret->priv);
        return r;
    }
    struct buf key CLEANUP_BUF = {0};
    if (enc_base64_decode(text, strlen(text), &key) != PRIVVAL_PUB_BYTES)
        return err_set(e, -EINVAL, "--pubkey: expected 32 bytes in base64");
    memcpy(ret->pub, key.data, PRIVVAL_PUB_BYTES);
    addr_of_ed25519_pubkey(ret->pub, ret->address);
    return 0;
}

int cmd_add_genesis_validator(struct cli *cli, void *context)
{
    struct err e = {0};
    const char *home, *moniker = cli_str(cli, "moniker");
    struct home_genesis g CLEANUP_HOME_GENESIS = {0};
    struct keyring k CLEANUP_KEYRING = {0};
    struct privval_key key = {0};
    uint8_t address[20];
    int r = open_genesis(cli, &home, NULL, &g, &e);
    if (r == 0)
        r = cmd_keyring(cli, home, &k, &e);
    if (r == 0)
        r = cmd_address(&k, cli->args[0], cli->arena, address, &e);
    if (r == 0)
        r = consensus_key(cli, home, &key, &e);
    if (r == 0)
        r = home_add_validator(&g, address, &key, cli_str(cli, "tokens"),
                               moniker && *moniker ? moniker : cli->args[0], cli->arena, &e);
    if (r == 0)
        r = home_genesis_save(&g, cli->arena, &e);
    return r ? cmd_fail(&e) : 0;
}

static int check_genesis(const struct home_genesis *g, struct arena *arena, struct err *e)
{
    const struct chain_genesis *c = &g->genesis.chain;
    struct appstate_power *powers = arena_alloc(arena, (c->validator_count + 1) * sizeof *powers);
    for (size_t i = 0; i < c->validator_count; i++) {
        struct buf text CLEANUP_BUF = {0};
        enc_base64_append(&text, c->validators[i].pub_key, sizeof c->validators[i].pub_key);
        powers[i].pubkey = arena_strndup(arena, buf_cstr(&text), text.len);
        powers[i].power = c->validators[i].power;
    }
    int r = appstate_check(g->state, powers, c->validator_count, arena, e);
    if (r == 0 && c->validator_count == 0)
        r = err_set(e, -EINVAL, "there is no validator; add one with add-genesis-validator");
    return r;
}

int cmd_validate_genesis(struct cli *cli, void *context)
{
    struct err e = {0};
    const char *home;
    struct home_genesis g CLEANUP_HOME_GENESIS = {0};
    int r = open_genesis(cli, &home, cli->arg_count ? cli->args[0] : NULL, &g, &e);
    if (r == 0) {
        r = check_genesis(&g, cli->arena, &e);
        if (r < 0)
            err_context(&e, "%s", g.path);
    }
    if (r)
        return cmd_fail(&e);
    (void)printf("File at %s is a valid genesis file\n", g.path);
    return 0;
}
