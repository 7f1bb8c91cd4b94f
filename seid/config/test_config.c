#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "seid/config/config.h"

static int run_nothing(struct cli *cli, void *context)
{
    return 0;
}

static const struct cli_flag home_flags[] = {
    {.name = "home", .type = CLI_STRING, .fallback = "/h", .help = "home"}, {0}};
static const struct cli_flag *const tables[] = {config_flags, config_start_flags, NULL};
static const struct cli_flag client[] = {
    {.name = "node", .type = CLI_STRING, .fallback = "tcp://d:1", .help = "node"},
    {.name = "output", .type = CLI_STRING, .fallback = "text", .help = "form"},
    {0}};
static const struct cli_command commands[] = {
    {.name = "start", .shared = tables, .run = run_nothing},
    {.name = "q", .flags = client, .run = run_nothing},
    {0}};
static const struct cli_program program = {
    .name = "seid", .env_prefix = "SEID", .root = {.flags = home_flags, .children = commands}};

struct loaded {
    struct arena arena;
    struct cli cli;
    struct node_config config;
    struct err e;
};

static const char *const no_words[] = {NULL};

static int load_all(struct loaded *l, const char *const *words, const char *const *envp,
                    const char *config_toml, const char *app_toml)
{
    *l = (struct loaded){0};
    const char *argv[16] = {"seid", "start"};
    int argc = 2;
    for (; words[argc - 2]; argc++)
        argv[argc] = words[argc - 2];
    if (cli_parse(&program, argc, argv, envp, &l->arena, &l->cli, &l->e) != 0)
        return -1;
    return config_read(&l->cli, "/h", slice_str(config_toml), slice_str(app_toml), &l->arena,
                       &l->config, &l->e);
}

static int load(struct loaded *l, const char *config_toml, const char *app_toml)
{
    return load_all(l, no_words, NULL, config_toml, app_toml);
}

static void unload(struct loaded *l)
{
    arena_deinit(&l->arena);
}

static void check_defaults(const struct node_config *c)
{
    assert_string_equal(c->home, "/h");
    assert_string_equal(c->rpc.laddr, "tcp://127.0.0.1:26657");
    assert_int_equal(c->rpc_listen_count, 1);
    assert_string_equal(c->rpc_listen[0].host, "127.0.0.1");
    assert_int_equal(c->rpc_listen[0].port, 26657);
    assert_int_equal(c->rpc.timeout_broadcast_tx_commit_ns, 10000000000);
    assert_int_equal(c->rpc.max_body_bytes, 1000000);
    assert_int_equal(c->mempool.size, 5000);
    assert_true(c->mempool.recheck);
    assert_int_equal(c->consensus.timeout_commit_ns, 1000000000);
    assert_true(c->consensus.create_empty_blocks);
    assert_int_equal(c->history_blocks, 362880);
    assert_string_equal(c->minimum_gas_prices, "");
    assert_string_equal(c->path.genesis, "/h/config/genesis.json");
    assert_string_equal(c->path.data, "/h/data");
    assert_int_equal(c->skip_count, 0);
    assert_int_equal(c->note_count, 0);
}

static void test_defaults_and_written_files_agree(void **state)
{
    struct loaded l;
    assert_int_equal(load(&l, NULL, NULL), 0);
    check_defaults(&l.config);
    unload(&l);
    struct buf config CLEANUP_BUF = {0};
    struct buf app CLEANUP_BUF = {0};
    config_write(CONFIG_FILE_CONFIG, NULL, 0, &config);
    config_write(CONFIG_FILE_APP, NULL, 0, &app);
    if (load(&l, buf_cstr(&config), buf_cstr(&app)) != 0)
        fail_msg("%s", l.e.text);
    check_defaults(&l.config);
    unload(&l);
}

static void test_written_settings_are_read_back(void **state)
{
    static const struct config_setting settings[] = {
        {"moniker", "a \"b\" \\ c"},
        {"consensus.timeout_commit", "200ms"},
        {"rpc.cors_allowed_origins", "http://a,http://b"},
        {"minimum-gas-prices", "0.01usei"},
        {"rpc.laddr", "tcp://[::1]:1,unix:///run/x,:7"},
    };
    struct buf config CLEANUP_BUF = {0};
    struct buf app CLEANUP_BUF = {0};
    config_write(CONFIG_FILE_CONFIG, settings, 5, &config);
    config_write(CONFIG_FILE_APP, settings, 5, &app);
    struct loaded l;
    if (load(&l, buf_cstr(&config), buf_cstr(&app)) != 0)
        fail_msg("%s", l.e.text);
    assert_string_equal(l.config.moniker, "a \"b\" \\ c");
    assert_int_equal(l.config.consensus.timeout_commit_ns, 200000000);
    assert_int_equal(l.config.rpc.cors_allowed_origins.count, 2);
    assert_string_equal(l.config.rpc.cors_allowed_origins.items[1], "http://b");
    assert_string_equal(l.config.minimum_gas_prices, "0.01usei");
    assert_int_equal(l.config.rpc_listen_count, 3);
    assert_string_equal(l.config.rpc_listen[0].host, "::1");
    assert_true(l.config.rpc_listen[1].is_unix);
    assert_string_equal(l.config.rpc_listen[1].path, "/run/x");
    assert_string_equal(l.config.rpc_listen[2].host, "");
    assert_int_equal(l.config.rpc_listen[2].port, 7);
    unload(&l);
}

static void test_flag_over_environment_over_file(void **state)
{
    static const char file[] = "[rpc]\nladdr = \"tcp://f:1\"\nmax_body_bytes = 3\n"
                               "[mempool]\nsize = 3\n";
    const char *const env[] = {"SEID_RPC_LADDR=tcp://e:1", "SEID_RPC_MAX_BODY_BYTES=2",
                               "SEID_HALT_HEIGHT=5", NULL};
    const char *const words[] = {"--rpc.laddr",
                                 "tcp://g:1",
                                 "--unsafe-skip-upgrades",
                                 "7,8",
                                 "--unsafe-skip-upgrades=9",
                                 "--halt-stay-alive",
                                 NULL};
    struct loaded l;
    if (load_all(&l, words, env, file, NULL) != 0)
        fail_msg("%s", l.e.text);
    assert_string_equal(l.config.rpc_listen[0].host, "g");
    assert_int_equal(l.config.rpc.max_body_bytes, 2);
    assert_int_equal(l.config.mempool.size, 3);
    assert_int_equal(l.config.halt_height, 5);
    assert_true(l.config.halt_stay_alive);
    assert_int_equal(l.config.skip_count, 3);
    assert_int_equal(l.config.skip_heights[2], 9);
    unload(&l);
}

static void test_worked_out_values(void **state)
{
    struct loaded l;
    assert_int_equal(load(&l,
                          "[consensus]\nskip_timeout_commit = true\n"
                          "create_empty_blocks_interval = \"5s\"\n",
                          "pruning = \"custom\"\npruning-keep-recent = \"100\"\n"),
                     0);
    assert_int_equal(l.config.consensus.timeout_commit_ns, 0);
    assert_false(l.config.consensus.create_empty_blocks);
    assert_int_equal(l.config.consensus.create_empty_blocks_interval_ns, 5000000000);
    assert_int_equal(l.config.history_blocks, 100);
    unload(&l);
    assert_int_equal(load(&l, "genesis_file = \"/etc/g.json\"\n", "pruning = \"nothing\"\n"), 0);
    assert_true(l.config.history_blocks == INT64_MAX);
    assert_string_equal(l.config.path.genesis, "/etc/g.json");
    unload(&l);
}

static void test_foreign_settings(void **state)
{
    struct loaded l;
    assert_int_equal(load(&l,
                          "db_backend = \"goleveldb\"\n[p2p]\npersistent_peers = \"\"\n"
                          "seed_mode = true\n[instrumentation]\nprometheus = false\n",
                          "[api]\nenable = false\naddress = \"tcp://x:1\"\n"),
                     0);
    assert_int_equal(l.config.note_count, 1);
    assert_string_equal(l.config.notes[0],
                        "/h/config/config.toml:4:1: p2p.seed_mode has no effect here");
    unload(&l);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *config, *app, *text;
    } rows[] = {
        {"monicker = \"x\"", NULL,
         "/h/config/config.toml:1:1: unknown setting monicker; did you mean moniker?"},
        {"[rpc]\nladdr = 1", NULL, "/h/config/config.toml:2:9: rpc.laddr: expected a string"},
        {"[rpc]\n  lader = \"\"", NULL,
         "/h/config/config.toml:2:3: unknown setting rpc.lader; did you mean rpc.laddr?"},
        {"xyzzy = 1", NULL, "/h/config/config.toml:1:1: unknown setting xyzzy"},
        {"halt-height = 1", NULL, "/h/config/config.toml:1:1: halt-height belongs into app.toml"},
        {NULL, "moniker = \"\"", "/h/config/app.toml:1:1: moniker belongs into config.toml"},
        {"[consensus]\ntimeout_commit = \"1x\"", NULL,
         "/h/config/config.toml:2:18: invalid argument \"1x\" for consensus.timeout_commit: "
         "expected a duration such as 1s or 500ms"},
        {"[consensus]\ntimeout_commit = 1", NULL,
         "/h/config/config.toml:2:18: consensus.timeout_commit: expected a duration in quotes, "
         "such as \"1s\""},
        {"[consensus]\ntimeout_commit = \"-1s\"", NULL,
         "/h/config/config.toml:2:18: invalid argument \"-1s\" for consensus.timeout_commit: must "
         "not be negative"},
        {"[mempool]\nsize = -1", NULL,
         "/h/config/config.toml:2:8: invalid argument \"-1\" for mempool.size: expected an "
         "unsigned 64-bit integer"},
        {"[mempool]\nrecheck = \"yes\"", NULL,
         "/h/config/config.toml:2:11: mempool.recheck: expected true or false"},
        {"[mempool]\nsize = 0", NULL, "mempool.size: 0 is not between 1 and 10000000"},
        {"[rpc]\ncors_allowed_origins = [1]", NULL,
         "/h/config/config.toml:2:24: rpc.cors_allowed_origins: expected strings without commas"},
        {"log_level = \"loud\"", NULL,
         "/h/config/config.toml:1:13: invalid argument \"loud\" for log_level: expected one of "
         "trace, debug, info, warn, error, fatal, panic"},
        {"[statesync]\nenable = true", NULL,
         "/h/config/config.toml:2:10: statesync.enable: state sync is not supported"},
        {"[p2p]\npersistent_peers = \"a@b:1\"", NULL,
         "/h/config/config.toml:2:20: p2p.persistent_peers: the solo engine has no peers"},
        {NULL, "[api]\nenable = true",
         "/h/config/app.toml:2:10: api.enable: there is no REST server yet"},
        {NULL, "minimum-gas-prices = \"usei\"",
         "/h/config/app.toml:1:22: invalid argument \"usei\" for minimum-gas-prices: expected "
         "prices such as 0.01usei"},
        {NULL, "minimum-gas-prices = \"1usei,2usei\"",
         "/h/config/app.toml:1:22: invalid argument \"1usei,2usei\" for minimum-gas-prices: usei "
         "stands there twice"},
        {NULL, "pruning = \"custom\"",
         "pruning = custom needs a pruning-keep-recent of at least 2"},
        {"[rpc]\nladdr = \"localhost\"", NULL,
         "rpc.laddr: \"localhost\" is not an address such as tcp://127.0.0.1:26657 or "
         "unix:///run/seid.rpc"},
        {"[rpc]\nladdr = \"tcp://::1:80\"", NULL,
         "rpc.laddr: \"tcp://::1:80\" is not an address such as tcp://127.0.0.1:26657 or "
         "unix:///run/seid.rpc"},
        {"[rpc]\nladdr = \"tcp://a:65536\"", NULL,
         "rpc.laddr: \"tcp://a:65536\" is not an address such as tcp://127.0.0.1:26657 or "
         "unix:///run/seid.rpc"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct loaded l;
        if (load(&l, rows[i].config, rows[i].app) >= 0)
            fail_msg("row %zu is taken", i);
        if (strcmp(l.e.text, rows[i].text) != 0)
            fail_msg("row %zu: %s", i, l.e.text);
        unload(&l);
    }
}

static void test_prices(void **state)
{
    static const char *const good[] = {"", "0usei", "0.01usei", "1usei,2uother",
                                       "0.000000000000000001usei"};
    static const char *const bad[] = {
        "usei",        "1",      "1us",       ".1usei", "1.usei",     "1usei,",
        ",1usei",      "-1usei", "1usei;2ua", "1 usei", "1usei 2abc", "0.0000000000000000001usei",
        "1usei,1usei", "1Xé$"};
    struct err e;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(config_check_prices(good[i], &e), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (config_check_prices(bad[i], &e) >= 0)
            fail_msg("\"%s\" is taken", bad[i]);
}

static void test_client_config(void **state)
{
    struct arena arena CLEANUP_ARENA = {0};
    struct cli cli;
    struct err e = {0};
    const char *const argv[] = {"seid", "q", "--output", "json"};
    assert_int_equal(cli_parse(&program, 4, argv, NULL, &arena, &cli, &e), 0);
    const struct client_config c = {"chain-1", "test", "text", "tcp://n:2", "sync"};
    struct buf text CLEANUP_BUF = {0};
    client_config_write(&c, &text);
    assert_int_equal(client_config_read(&cli, "c", buf_slice(&text), &arena, &e), 0);
    assert_string_equal(cli_str(&cli, "node"), "tcp://n:2");
    assert_string_equal(cli_str(&cli, "output"), "json");
    assert_true(client_config_read(&cli, "c", SLICE_LIT("nodes = \"x\""), &arena, &e) < 0);
    assert_string_equal(e.text, "c:1:1: unknown setting nodes; did you mean node?");
    assert_true(client_config_read(&cli, "c", SLICE_LIT("node = 1"), &arena, &e) < 0);
    assert_string_equal(e.text, "c:1:8: expected a string");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_and_written_files_agree),
        cmocka_unit_test(test_written_settings_are_read_back),
        cmocka_unit_test(test_flag_over_environment_over_file),
        cmocka_unit_test(test_worked_out_values),
        cmocka_unit_test(test_foreign_settings),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_prices),
        cmocka_unit_test(test_client_config),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
