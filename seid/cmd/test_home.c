#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/fs.h"
#include "seid/cmd/appstate.h"
#include "seid/cmd/cmd.h"
#include "seid/cmd/home.h"
#include "seid/cmd/keyring.h"
#include "seid/cmd/mnemonic.h"
#include "seid/cmd/sealed.h"
#include "wire/addr.h"

struct place {
    char path[64];
    struct arena arena;
};

static void place_init(struct place *p)
{
    *p = (struct place){.path = "/tmp/seid-test-XXXXXX"};
    assert_non_null(mkdtemp(p->path));
}

static void place_deinit(struct place *p)
{
    char command[96];
    (void)snprintf(command, sizeof command, "rm -rf %s", p->path);
    assert_int_equal(system(command), 0);
    arena_deinit(&p->arena);
}

static int give_passphrase(void *context, bool is_new, char *ret, struct err *e)
{
    const char *text = *(const char **)context;
    memcpy(ret, text, strlen(text) + 1);
    return 0;
}

// ---- mnemonics ---------------------------------------------------------------------------------

static void test_words_give_the_address_that_cosmos_wallets_give(void **state)
{
    static const char words[] = "abandon abandon abandon abandon abandon abandon abandon abandon "
                                "abandon abandon abandon about";
    static const struct {
        const char *path, *address;
    } rows[] = {
        {"m/44'/118'/0'/0/0", "sei19rl4cm2hmr8afy4kldpxz3fka4jguq0a3vute5"},
    };
    struct err e = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t secret[32];
        struct keyring_key key;
        char address[ADDR_TEXT_MAX];
        assert_int_equal(mnemonic_secret(words, "", rows[i].path, secret, &e), 0);
        assert_int_equal(keyring_key_of("a", secret, &key, &e), 0);
        addr_text(ADDR_HRP_ACC, slice_of(key.address, 20), address);
        assert_string_equal(address, rows[i].address);
    }
    struct arena arena CLEANUP_ARENA = {0};
    assert_string_equal(mnemonic_path(2, 7, &arena), "m/44'/118'/2'/0/7");
    uint8_t secret[32];
    assert_true(mnemonic_secret("abandon abandon", "", "m", secret, &e) < 0);
    assert_true(mnemonic_secret(words, "", "m/44'/x", secret, &e) < 0);
}

static void test_new_words_differ_and_are_valid(void **state)
{
    struct err e = {0};
    char a[MNEMONIC_TEXT_MAX], b[MNEMONIC_TEXT_MAX];
    uint8_t secret[32];
    assert_int_equal(mnemonic_new(256, a, &e), 0);
    assert_int_equal(mnemonic_new(256, b, &e), 0);
    assert_string_not_equal(a, b);
    assert_int_equal(mnemonic_secret(a, "", "m/44'/118'/0'/0/0", secret, &e), 0);
}

// ---- sealed ------------------------------------------------------------------------------------

static void test_sealed_opens_only_with_all_that_made_it(void **state)
{
    uint8_t secret[32], again[32];
    memset(secret, 7, sizeof secret);
    struct sealed s;
    struct err e = {0};
    assert_int_equal(sealed_make("passphrase", SLICE_LIT("a:b"), secret, &s, &e), 0);
    assert_int_equal(sealed_open(&s, "passphrase", SLICE_LIT("a:b"), again, &e), 0);
    assert_memory_equal(again, secret, sizeof secret);
    assert_int_equal(sealed_open(&s, "Passphrase", SLICE_LIT("a:b"), again, &e), SEALED_WRONG);
    assert_int_equal(sealed_open(&s, "passphrase", SLICE_LIT("a:c"), again, &e), SEALED_WRONG);
    static const size_t flips[] = {0, 31, 32, 47};
    for (size_t i = 0; i < 4; i++) {
        struct sealed changed = s;
        changed.bytes[flips[i]] ^= 1;
        assert_int_equal(sealed_open(&changed, "passphrase", SLICE_LIT("a:b"), again, &e),
                         SEALED_WRONG);
    }
    static const uint32_t bad[][3] = {{0, 8, 1},     {1000, 8, 1},  {512, 8, 1},   {1u << 31, 8, 1},
                                      {32768, 0, 1}, {32768, 8, 0}, {32768, 65, 1}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sealed changed = s;
        changed.n = bad[i][0];
        changed.r = bad[i][1];
        changed.p = bad[i][2];
        assert_true(sealed_open(&changed, "passphrase", SLICE_LIT("a:b"), again, &e) < 0);
    }
}

// ---- keyring -----------------------------------------------------------------------------------

static void check_keyring(const char *backend)
{
    struct place p;
    place_init(&p);
    const char *passphrase = "correct horse";
    struct keyring k;
    struct err e = {0};
    assert_int_equal(keyring_init(&k, p.path, backend, give_passphrase, &passphrase, &p.arena, &e),
                     0);
    struct keyring_key *keys, key, found;
    size_t count = 9;
    assert_int_equal(keyring_list(&k, &p.arena, &keys, &count, &e), 0);
    assert_int_equal(count, 0);
    uint8_t one[32], two[32], secret[32];
    memset(one, 1, sizeof one);
    memset(two, 2, sizeof two);
    assert_int_equal(keyring_add(&k, "zoe", one, &key, &e), 0);
    assert_int_equal(keyring_add(&k, "al.ice-1", two, &key, &e), 0);
    assert_int_equal(keyring_add(&k, "zoe", two, &key, &e), KEYRING_EXISTS);
    assert_int_equal(keyring_list(&k, &p.arena, &keys, &count, &e), 0);
    assert_int_equal(count, 2);
    assert_string_equal(keys[0].name, "al.ice-1");
    char address[ADDR_TEXT_MAX];
    addr_text(ADDR_HRP_ACC, slice_of(keys[1].address, 20), address);
    assert_int_equal(keyring_find(&k, address, &p.arena, &found, &e), 0);
    assert_string_equal(found.name, "zoe");
    addr_text(ADDR_HRP_VAL, slice_of(keys[1].address, 20), address);
    assert_int_equal(keyring_find(&k, address, &p.arena, &found, &e), 0);
    assert_int_equal(keyring_secret(&k, &found, secret, &e), 0);
    assert_memory_equal(secret, one, 32);
    assert_int_equal(keyring_find(&k, "nobody", &p.arena, &found, &e), KEYRING_NOT_FOUND);
    assert_int_equal(keyring_find(&k, "../zoe", &p.arena, &found, &e), KEYRING_NOT_FOUND);

    struct stat st;
    const char *path = arena_printf(&p.arena, "%s/zoe.json", k.folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(k.folder, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(keyring_delete(&k, &found, &e), 0);
    assert_int_equal(keyring_delete(&k, &found, &e), -ENOENT);
    keyring_deinit(&k);
    place_deinit(&p);
}

static void test_keyring_test(void **state)
{
    check_keyring("test");
}

static void test_keyring_file(void **state)
{
    check_keyring("file");
}

static void test_keyring_passphrase(void **state)
{
    struct place p;
    place_init(&p);
    const char *passphrase = "correct horse";
    struct keyring k;
    struct err e = {0};
    struct keyring_key key;
    uint8_t secret[32] = {1};
    assert_int_equal(keyring_init(&k, p.path, "file", give_passphrase, &passphrase, &p.arena, &e),
                     0);
    assert_int_equal(keyring_add(&k, "a", secret, &key, &e), 0);
    keyring_deinit(&k);
    assert_int_equal(k.passphrase[0], 0);
    passphrase = "other horse";
    assert_int_equal(keyring_secret(&k, &key, secret, &e), -EACCES);
    assert_string_equal(e.text, "wrong keyring passphrase");
    assert_int_equal(keyring_add(&k, "b", secret, &key, &e), -EACCES); // one for all keys
    passphrase = "short";
    assert_true(keyring_secret(&k, &key, secret, &e) < 0);
    assert_string_equal(e.text, "the passphrase must have at least 8 characters");
    place_deinit(&p);
}

static void write_key(const struct keyring *k, const char *name, const char *text)
{
    struct err e = {0};
    char path[128];
    assert_int_equal(fs_mkdir_p(k->folder, &e), 0);
    (void)snprintf(path, sizeof path, "%s/%s.json", k->folder, name);
    assert_int_equal(fs_write_atomic(path, text, strlen(text), 0600, &e), 0);
}

static void test_keyring_refuses_broken_files(void **state)
{
    // Another name, a wrong address, a short secret.
    static const char other_name[] =
        "{\"version\":1,\"name\":\"b\",\"algo\":\"secp256k1\",\"pubkey\":\"AphsC3bLVjlx/cm+8x7Ab"
        "DVg8ySdbundXoPFdiVZbgX28=\",\"address\":\"sei1\",\"secret\":\"00\"}";
    static const char *const broken[] = {
        "", "{}", "[]", "{\"version\":2}", other_name,
    };
    struct place p;
    place_init(&p);
    struct keyring k;
    struct err e = {0};
    struct keyring_key key;
    uint8_t secret[32];
    assert_int_equal(keyring_init(&k, p.path, "test", NULL, NULL, &p.arena, &e), 0);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        write_key(&k, "a", broken[i]);
        assert_true(keyring_find(&k, "a", &p.arena, &key, &e) < 0);
        assert_non_null(strstr(e.text, "not a key of this keyring"));
    }
    memset(secret, 3, sizeof secret);
    assert_int_equal(keyring_add(&k, "c", secret, &key, &e), 0);
    struct buf text CLEANUP_BUF = {0};
    assert_int_equal(fs_read(arena_printf(&p.arena, "%s/c.json", k.folder), 4096, &text, &e), 0);
    char *hit = strstr(buf_cstr(&text), "0303");
    assert_non_null(hit);
    hit[1] = '4';
    write_key(&k, "c", buf_cstr(&text));
    assert_true(keyring_secret(&k, &key, secret, &e) < 0);
    assert_non_null(strstr(e.text, "do not belong together"));
    assert_true(keyring_init(&k, p.path, "os", NULL, NULL, &p.arena, &e) < 0);
    place_deinit(&p);
}

static void test_names_of_keys(void **state)
{
    static const char *const good[] = {"a", "A.b_c-1", "0"};
    static const char *const bad[] = {
        "",    ".",      "..",
        ".a",  "-a",     "a/b",
        "a b", "\u00e9", "12345678901234567890123456789012345678901234567890123456789012345"};
    struct err e;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(keyring_check_name(good[i], &e), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_true(keyring_check_name(bad[i], &e) < 0);
}

// ---- app_state ---------------------------------------------------------------------------------

static const char addr_a[] = "sei150rtrmj2f8vl9tem8qpfw36ylw5jg9j270mllc";
static const char addr_b[] = "sei19rl4cm2hmr8afy4kldpxz3fka4jguq0a3vute5";

static json_t *new_state(void)
{
    struct appstate_options o;
    appstate_default_options(&o);
    json_t *state = appstate_new(&o);
    assert_non_null(state);
    return state;
}

static int add(json_t *state, const char *address, const char *text, struct arena *a, struct err *e)
{
    struct coins coins;
    assert_int_equal(coins_parse(text, a, &coins, e), 0);
    return appstate_add_account(state, address, &coins, a, e);
}

static void test_accounts_and_supply(void **state)
{
    struct arena a CLEANUP_ARENA = {0};
    struct err e = {0};
    json_t *s CLEANUP_JSON = new_state();
    assert_int_equal(add(s, addr_a, "5usei,7uabc", &a, &e), 0);
    assert_int_equal(add(s, addr_b, "10usei,1uzzz", &a, &e), 0);
    assert_int_equal(add(s, addr_b, "1usei", &a, &e), APPSTATE_EXISTS);
    char *supply CLEANUP_FREE = json_dumps(json_object_get(json_object_get(s, "bank"), "supply"),
                                           JSON_COMPACT | JSON_PRESERVE_ORDER);
    assert_string_equal(supply, "[{\"denom\":\"uabc\",\"amount\":\"7\"},{\"denom\":\"usei\","
                                "\"amount\":\"15\"},{\"denom\":\"uzzz\",\"amount\":\"1\"}]");
    assert_int_equal(appstate_check(s, NULL, 0, &a, &e), 0);
    assert_true(add(s, "sei1other", "340282366920938463463374607431768211455usei", &a, &e) < 0);
}

// Each row breaks a sound state at one place.
static void test_check_finds_what_is_wrong(void **state)
{
    static const struct {
        const char *module, *list;
        const char *member, *value; // of its first element; null value: the element goes away
        const char *text;
    } rows[] = {
        {"auth", "accounts", "address", "sei1x", "app_state.auth.accounts"},
        {"auth", "accounts", "address", "sei19rl4cm2hmr8afy4kldpxz3fka4jguq0a3vute5",
         "stands there twice"},
        {"bank", "balances", "address", "cosmos1x", "app_state.bank.balances"},
        {"bank", "supply", "amount", "6", "6 of usei, but the balances hold 15"},
        {"bank", "supply", "amount", "x", "invalid coin \"xusei\""},
        {"bank", "supply", "denom", "uxxx", "15 of uxxx, but the balances hold 0"},
        {"staking", "validators", "tokens", "2000000", "a power of 2, but validators says 10"},
        {"staking", "validators", "operator_address", "sei1x", "app_state.staking.validators"},
        {"staking", "validators", "status", "BOND_STATUS_UNBONDED",
         "validators has 1 entries, app_state.staking.validators 0 bonded ones"},
        {"staking", "validators", NULL, NULL, "0 bonded ones"},
        {"auth", NULL, NULL, NULL, "app_state.auth.accounts: expected a list"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena a CLEANUP_ARENA = {0};
        struct err e = {0};
        json_t *s CLEANUP_JSON = new_state();
        const struct appstate_power power = {"KEY", 10};
        char valoper[ADDR_TEXT_MAX];
        uint8_t bytes[20];
        assert_int_equal(addr_parse20(ADDR_HRP_ACC, slice_str(addr_a), bytes, &e), 0);
        addr_text(ADDR_HRP_VAL, slice_of(bytes, 20), valoper);
        const struct appstate_validator mine = {valoper, "KEY", "m", "10000000"};
        assert_int_equal(add(s, addr_a, "5usei", &a, &e), 0);
        assert_int_equal(add(s, addr_b, "10usei", &a, &e), 0);
        assert_int_equal(appstate_add_validator(s, &mine, &e), 0);
        assert_int_equal(appstate_add_validator(s, &mine, &e), APPSTATE_EXISTS);
        assert_int_equal(appstate_check(s, &power, 1, &a, &e), 0);
        json_t *module = json_object_get(s, rows[i].module);
        json_t *list = rows[i].list ? json_object_get(module, rows[i].list) : NULL;
        if (!list)
            json_object_clear(module);
        else if (!rows[i].member)
            json_array_remove(list, 0);
        else
            json_object_set_new(json_array_get(list, 0), rows[i].member,
                                json_string(rows[i].value));
        if (appstate_check(s, &power, 1, &a, &e) >= 0)
            fail_msg("row %zu is taken", i);
        if (!strstr(e.text, rows[i].text))
            fail_msg("row %zu: %s", i, e.text);
    }
}

// ---- home --------------------------------------------------------------------------------------

static void plan_init(struct home_plan *plan, const char *path)
{
    *plan = (struct home_plan){.home = path,
                               .moniker = "m",
                               .chain_id = "c-1",
                               .genesis_time_ns = 1,
                               .client_node = "tcp://127.0.0.1:1"};
    appstate_default_options(&plan->options);
}

static void test_home_is_made_once_and_keys_stay(void **state)
{
    struct place p;
    place_init(&p);
    struct err e = {0};
    struct home_keys first, second;
    struct home_plan plan;
    plan_init(&plan, p.path);
    assert_int_equal(home_create(&plan, &p.arena, &first, &e), 0);
    assert_int_equal(home_create(&plan, &p.arena, &second, &e), -EEXIST);
    assert_non_null(strstr(e.text, "genesis.json file already exists: "));
    plan.overwrite = true;
    plan.chain_id = "c-2";
    assert_int_equal(home_create(&plan, &p.arena, &second, &e), 0);
    assert_memory_equal(&first.validator, &second.validator, sizeof first.validator);
    assert_string_equal(first.node_id, second.node_id);

    struct home_genesis g CLEANUP_HOME_GENESIS = {0};
    const char *path = arena_printf(&p.arena, "%s/config/genesis.json", p.path);
    assert_int_equal(home_genesis_load(path, &p.arena, &g, &e), 0);
    assert_string_equal(g.genesis.chain.chain_id, "c-2");
    uint8_t operator_address[20] = {1};
    assert_true(home_add_validator(&g, operator_address, &first.validator, "999999", "v", &p.arena,
                                   &e) < 0);
    assert_int_equal(
        home_add_validator(&g, operator_address, &first.validator, "5000000", "v", &p.arena, &e),
        0);
    assert_true(home_add_validator(&g, operator_address, &first.validator, "5000000", "v", &p.arena,
                                   &e) < 0);
    assert_int_equal(home_genesis_save(&g, &p.arena, &e), 0);
    struct home_genesis again CLEANUP_HOME_GENESIS = {0};
    assert_int_equal(home_genesis_load(path, &p.arena, &again, &e), 0);
    assert_int_equal(again.genesis.chain.validator_count, 1);
    assert_int_equal(again.genesis.chain.validators[0].power, 5);
    place_deinit(&p);
}

static void test_what_was_signed_is_never_reset(void **state)
{
    struct place p;
    place_init(&p);
    struct err e = {0};
    struct home_keys keys;
    struct home_plan plan;
    plan_init(&plan, p.path);
    assert_int_equal(home_create(&plan, &p.arena, &keys, &e), 0);
    const char *path = arena_printf(&p.arena, "%s/data/priv_validator_state.json", p.path);
    struct privval_state signed_last = {.height = 7, .step = PRIVVAL_STEP_PRECOMMIT}, read;
    assert_int_equal(privval_state_save(path, &signed_last, &e), 0);
    plan.overwrite = true;
    assert_int_equal(home_create(&plan, &p.arena, &keys, &e), 0);
    assert_int_equal(privval_state_load(path, &read, &e), 0);
    assert_int_equal(read.height, 7);
    place_deinit(&p);
}

// ---- YAML --------------------------------------------------------------------------------------

static void test_yaml(void **state)
{
    static const struct {
        const char *json, *yaml;
    } rows[] = {
        {"{\"b\":1,\"a\":\"x\"}", "a: x\nb: 1\n"},
        {"{}", "{}\n"},
        {"[]", "[]\n"},
        {"\"x\"", "x\n"},
        {"null", "null\n"},
        {"[\"a\",{\"y\":\"2\",\"x\":[]}]", "- a\n- x: []\n  \"y\": \"2\"\n"},
        {"{\"l\":[{\"a\":{\"b\":true}},{\"a\":{}}],\"n\":null}",
         "l:\n- a:\n    b: true\n- a: {}\n\"n\": null\n"},
        {"{\"l\":[[1],[2,3]]}", "l:\n-\n  - 1\n-\n  - 2\n  - 3\n"},
        {"[\"\",\"0\",\"1.5\",\"-7\",\"0x1f\",\"true\",\"No\",\"~\"]",
         "- \"\"\n- \"0\"\n- \"1.5\"\n- \"-7\"\n- \"0x1f\"\n- \"true\"\n- \"No\"\n- \"~\"\n"},
        {"[\"a: b\",\"a #b\",\"- a\",\"{\",\"it's\",\"'\",\"a:\",\"*x\"]",
         "- 'a: b'\n- 'a #b'\n- '- a'\n- '{'\n- it's\n- ''''\n- 'a:'\n- '*x'\n"},
        {"[\"a\\nb\",\"\\u0001\\\"\\\\\\n\"]", "- \"a\\nb\"\n- \"\\x01\\\"\\\\\\n\"\n"},
        {"[\"2026-11-21T14:00:00Z\"]", "- \"2026-11-21T14:00:00Z\"\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *json CLEANUP_JSON = json_loads(rows[i].json, JSON_DECODE_ANY, NULL);
        assert_non_null(json);
        struct buf text CLEANUP_BUF = {0};
        cmd_yaml_append(&text, json);
        assert_string_equal(buf_cstr(&text), rows[i].yaml);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_give_the_address_that_cosmos_wallets_give),
        cmocka_unit_test(test_new_words_differ_and_are_valid),
        cmocka_unit_test(test_sealed_opens_only_with_all_that_made_it),
        cmocka_unit_test(test_keyring_test),
        cmocka_unit_test(test_keyring_file),
        cmocka_unit_test(test_keyring_passphrase),
        cmocka_unit_test(test_keyring_refuses_broken_files),
        cmocka_unit_test(test_names_of_keys),
        cmocka_unit_test(test_accounts_and_supply),
        cmocka_unit_test(test_check_finds_what_is_wrong),
        cmocka_unit_test(test_home_is_made_once_and_keys_stay),
        cmocka_unit_test(test_what_was_signed_is_never_reset),
        cmocka_unit_test(test_yaml),
    };
    return cmocka_run_group_tests_name("home", tests, NULL, NULL);
}
