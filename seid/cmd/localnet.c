// localnet: a funded one-validator home in one command.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "seid/cmd/cmd.h"
#include "seid/cmd/home.h"
#include "seid/cmd/mnemonic.h"
#include "wire/addr.h"
#include "wire/godur.h"

enum { ACCOUNTS_MAX = 10000 };

static int check_positive(const char *text, struct err *e)
{
    int64_t ns;
    if (godur_parse(text, &ns) < 0 || ns < 0)
        return err_set(e, -EINVAL, "expected a duration such as 1s or 500ms");
    return 0;
}

const struct cli_flag cmd_localnet_flags[] = {
    {.name = "chain-id", .type = CLI_STRING, .fallback = "sei-local-1", .help = "id of the chain"},
    {.name = "moniker", .type = CLI_STRING, .fallback = "localnet", .help = "name of the node"},
    {.name = "block-time",
     .type = CLI_DURATION,
     .fallback = "1s",
     .check = check_positive,
     .help = "time between blocks (consensus.timeout_commit)"},
    {.name = "voting-period",
     .type = CLI_DURATION,
     .fallback = "10s",
     .check = check_positive,
     .help = "how long a proposal can be voted on"},
    {.name = "accounts",
     .type = CLI_UINT64,
     .fallback = "2",
     .help = "funded keys user1, user2, … beside the validator's"},
    {.name = "balance",
     .type = CLI_STRING,
     .fallback = "1000000000000usei",
     .value = "coins",
     .help = "what each key gets"},
    {.name = "tokens",
     .type = CLI_STRING,
     .fallback = "10000000",
     .help = "bonded tokens of the validator"},
    {.name = "min-deposit",
     .type = CLI_UINT64,
     .fallback = "10000000",
     .help = "deposit that a proposal needs, in the denom of --default-denom"},
    {.name = "default-denom",
     .type = CLI_STRING,
     .fallback = "usei",
     .help = "denom of staking and governance deposits"},
    {.name = "minimum-gas-prices",
     .type = CLI_STRING,
     .fallback = "",
     .value = "prices",
     .check = config_check_prices,
     .help = "least price of a unit of gas"},
    {.name = "upgrade-plan",
     .type = CLI_STRING,
     .value = "name:height",
     .env = "",
     .help = "an upgrade that is scheduled from the start, to see a halt without governance"},
    {.name = "base-port",
     .type = CLI_UINT64,
     .fallback = "26657",
     .help = "port of the Tendermint RPC, on 127.0.0.1"},
    {.name = "mnemonic",
     .type = CLI_STRING,
     .value = "words",
     .env = "",
     .help = "take the keys from this one: validator, user1, … are its accounts 0, 1, …"},
    {.name = "json", .type = CLI_BOOL, .help = "print one line of JSON"},
    {0}};

struct localnet {
    struct cli *cli;
    const char *home;
    struct keyring keyring;
    struct home_genesis genesis;
    struct coins balance;
    const char *plan_name, *plan_height; // null: none
    json_t *accounts;                    // for the answer
};

// protobuf's JSON form of a duration, never 0.
static const char *seconds_text(int64_t ns, struct arena *arena)
{
    if (ns < 1)
        ns = 1;
    if (ns % 1000000000 == 0)
        return arena_printf(arena, "%llds", (long long)(ns / 1000000000));
    return arena_printf(arena, "%lld.%09llds", (long long)(ns / 1000000000),
                        (long long)(ns % 1000000000));
}

static void plan_governance(struct cli *cli, struct appstate_options *o)
{
    int64_t voting = 0;
    (void)godur_parse(cli_str(cli, "voting-period"), &voting);
    appstate_default_options(o);
    o->denom = cli_str(cli, "default-denom");
    o->voting_period = seconds_text(voting, cli->arena);
    o->expedited_period = seconds_text(voting / 2, cli->arena);
    o->deposit_period = o->voting_period;
    o->min_deposit = cli_str(cli, "min-deposit");
    o->expedited_min_deposit =
        arena_printf(cli->arena, "%llu", 2 * (unsigned long long)cli_uint64(cli, "min-deposit"));
}

static int create_home(struct localnet *l, struct home_keys *keys, struct err *e)
{
    struct cli *cli = l->cli;
    const char *rpc = arena_printf(cli->arena, "tcp://127.0.0.1:%llu",
                                   (unsigned long long)cli_uint64(cli, "base-port"));
    const struct config_setting settings[] = {
        {"rpc.laddr", rpc},
        {"consensus.timeout_commit", cli_str(cli, "block-time")},
        {"minimum-gas-prices", cli_str(cli, "minimum-gas-prices")},
    };
    struct home_plan plan = {
        .home = l->home,
        .moniker = cli_str(cli, "moniker"),
        .chain_id = cli_str(cli, "chain-id"),
        .genesis_time_ns = clock_realtime_ns(),
        .settings = settings,
        .setting_count = sizeof settings / sizeof *settings,
        .client_node = rpc,
    };
    plan_governance(cli, &plan.options);
    int r = home_create(&plan, cli->arena, keys, e);
    return r < 0 ? r
                 : home_genesis_load(arena_printf(cli->arena, "%s/config/genesis.json", l->home),
                                     cli->arena, &l->genesis, e);
}

// A funded key; account number `index` of the mnemonic.
static int add_key(struct localnet *l, const char *name, uint32_t index, struct keyring_key *ret,
                   struct err *e)
{
    uint8_t secret[32];
    struct arena *arena = l->cli->arena;
    const char *given = cli_str(l->cli, "mnemonic");
    char words[MNEMONIC_TEXT_MAX];
    int r = 0;
    if (given && *given)
        r = mnemonic_secret(given, "", mnemonic_path(0, index, arena), secret, e);
    else
        r = mnemonic_new(256, words, e);
    if (r == 0 && !(given && *given))
        r = mnemonic_secret(words, "", mnemonic_path(0, 0, arena), secret, e);
    if (r == 0)
        r = keyring_add(&l->keyring, name, secret, ret, e);
    explicit_bzero(secret, sizeof secret);
    if (r == 0) {
        const char *address = cmd_bech32(ADDR_HRP_ACC, ret->address, arena);
        r = appstate_add_account(l->genesis.state, address, &l->balance, arena, e);
        json_array_append_new(l->accounts,
                              json_pack("{s:s,s:s}", "name", name, "address", address));
        if (!(given && *given))
            json_object_set_new(json_array_get(l->accounts, json_array_size(l->accounts) - 1),
                                "mnemonic", json_string(words));
    }
    explicit_bzero(words, sizeof words);
    return r > 0 ? -EEXIST : r;
}

static int add_plan(struct localnet *l, struct err *e)
{
    json_t *plan =
        json_pack("{s:s,s:s,s:s}", "name", l->plan_name, "height", l->plan_height, "info", "");
    json_t *upgrade = json_object_get(l->genesis.state, "upgrade");
    if (!plan || json_object_set_new(upgrade, "plan", plan) < 0)
        return err_set(e, -EINVAL, "--upgrade-plan: the name is not UTF-8");
    return 0;
}

static int fill(struct localnet *l, const struct home_keys *keys, struct err *e)
{
    struct cli *cli = l->cli;
    struct keyring_key key;
    uint64_t users = cli_uint64(cli, "accounts");
    int r = add_key(l, "validator", 0, &key, e);
    if (r == 0)
        r = home_add_validator(&l->genesis, key.address, &keys->validator, cli_str(cli, "tokens"),
                               cli_str(cli, "moniker"), cli->arena, e);
    for (uint64_t i = 1; i <= users && r == 0; i++)
        r = add_key(l, arena_printf(cli->arena, "user%llu", (unsigned long long)i), (uint32_t)i,
                    &key, e);
    if (r == 0 && l->plan_name)
        r = add_plan(l, e);
    return r < 0 ? r : home_genesis_save(&l->genesis, cli->arena, e);
}

// "name:height"; a name may hold colons.
static int check_plan(struct localnet *l, struct err *e)
{
    const char *text = cli_str(l->cli, "upgrade-plan");
    if (!text || !*text)
        return 0;
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    long long height = colon ? strtoll(colon + 1, &end, 10) : 0;
    if (!colon || colon == text || height < 1 || *end)
        return err_set(e, -EINVAL, "--upgrade-plan: expected name:height, as in v2:20");
    l->plan_name = arena_strndup(l->cli->arena, text, (size_t)(colon - text));
    l->plan_height = arena_printf(l->cli->arena, "%lld", height);
    return 0;
}

static int check_arguments(struct localnet *l, struct err *e)
{
    struct cli *cli = l->cli;
    const char *denom = cli_str(cli, "default-denom");
    if (cli_uint64(cli, "accounts") > ACCOUNTS_MAX)
        return err_set(e, -EINVAL, "--accounts: at most %d", ACCOUNTS_MAX);
    if (cli_uint64(cli, "base-port") < 1 || cli_uint64(cli, "base-port") > 65535)
        return err_set(e, -EINVAL, "--base-port: expected a port");
    if (!coins_denom_valid(denom))
        return err_set(e, -EINVAL, "--default-denom: \"%.80s\" is not a denom", denom);
    if (strlen(cli_str(cli, "chain-id")) > GENESIS_MAX_CHAIN_ID || !*cli_str(cli, "chain-id"))
        return err_set(e, -EINVAL, "--chain-id: 1 to %d characters", GENESIS_MAX_CHAIN_ID);
    if (fs_exists(arena_printf(cli->arena, "%s/config/genesis.json", l->home)))
        return err_set(e, -EEXIST, "%s holds a chain already; give another --home or remove it",
                       l->home);
    int r = check_plan(l, e);
    return r < 0 ? r : coins_parse(cli_str(cli, "balance"), cli->arena, &l->balance, e);
}

static int report(struct localnet *l, const struct home_keys *keys)
{
    struct cli *cli = l->cli;
    const char *chain_id = cli_str(cli, "chain-id");
    unsigned long long port = cli_uint64(cli, "base-port");
    if (cli_bool(cli, "json"))
        return cmd_print_json(json_pack("{s:s,s:s,s:s,s:s,s:O}", "home", l->home, "chain_id",
                                        chain_id, "node_id", keys->node_id, "node",
                                        arena_printf(cli->arena, "tcp://127.0.0.1:%llu", port),
                                        "accounts", l->accounts));
    (void)printf("A chain \"%s\" is ready in %s.\n\n", chain_id, l->home);
    for (size_t i = 0; i < json_array_size(l->accounts); i++) {
        const json_t *account = json_array_get(l->accounts, i);
        (void)printf("  %-10s %s\n", json_string_value(json_object_get(account, "name")),
                     json_string_value(json_object_get(account, "address")));
    }
    const char *name = cli->program->name;
    (void)printf(
        "\nStart it:    %s start --home %s\n"
        "Look:        %s status --home %s\n"
        "Send coins:  %s tx bank send validator %s 1000usei --home %s --fees 2000usei -y\n",
        name, l->home, name, l->home, name,
        json_array_size(l->accounts) > 1 ? "user1" : "validator", l->home);
    return 0;
}

int cmd_localnet(struct cli *cli, void *context)
{
    struct err e = {0};
    struct home_keys keys;
    struct localnet l = {.cli = cli};
    int r = config_home(cli, cli->arena, &l.home, &e);
    if (r == 0)
        r = check_arguments(&l, &e);
    if (r == 0)
        r = keyring_init(&l.keyring, l.home, "test", NULL, NULL, cli->arena, &e);
    if (r == 0)
        r = create_home(&l, &keys, &e);
    l.accounts = json_array();
    if (r == 0)
        r = fill(&l, &keys, &e);
    explicit_bzero(keys.validator.priv, sizeof keys.validator.priv);
    int status = r < 0 ? cmd_fail(&e) : report(&l, &keys);
    json_decref(l.accounts);
    home_genesis_deinit(&l.genesis);
    return status;
}
