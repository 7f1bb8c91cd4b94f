// keys add | list | show | delete | export | import-hex | parse | mnemonic
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/enc.h"
#include "seid/cmd/cmd.h"
#include "seid/cmd/mnemonic.h"
#include "seid/cmd/prompt.h"
#include "wire/addr.h"
#include "wire/bech32.h"

enum { MNEMONIC_INPUT_MAX = 512 };

static const char *const bech_kinds[] = {"acc", "val", "cons", NULL};
static const char *const key_types[] = {"secp256k1", NULL};

static const struct cli_flag add_flags[] = {
    {.name = "recover", .type = CLI_BOOL, .help = "take the words from standard input"},
    {.name = "account", .type = CLI_UINT64, .fallback = "0", .help = "account number of the path"},
    {.name = "index", .type = CLI_UINT64, .fallback = "0", .help = "address index of the path"},
    {.name = "hd-path",
     .type = CLI_STRING,
     .value = "path",
     .help = "whole path instead, such as m/44'/118'/0'/0/0"},
    {.name = "key-type",
     .type = CLI_STRING,
     .fallback = "secp256k1",
     .words = key_types,
     .help = "signature scheme"},
    {.name = "no-backup", .type = CLI_BOOL, .help = "do not print the words"},
    {.name = "dry-run", .type = CLI_BOOL, .help = "keep nothing"},
    {0}};
static const struct cli_flag list_flags[] = {
    {.name = "list-names", .letter = 'n', .type = CLI_BOOL, .help = "names only"}, {0}};
static const struct cli_flag show_flags[] = {
    {.name = "address", .letter = 'a', .type = CLI_BOOL, .help = "the address only"},
    {.name = "pubkey", .letter = 'p', .type = CLI_BOOL, .help = "the public key only"},
    {.name = "bech",
     .type = CLI_STRING,
     .fallback = "acc",
     .words = bech_kinds,
     .help = "prefix of the address"},
    {0}};
static const struct cli_flag yes_flags[] = {
    {.name = "yes", .letter = 'y', .type = CLI_BOOL, .help = "do not ask"}, {0}};
static const struct cli_flag export_flags[] = {
    {.name = "unarmored-hex", .type = CLI_BOOL, .help = "print the secret in hexadecimal"},
    {.name = "unsafe", .type = CLI_BOOL, .help = "must stand beside --unarmored-hex"},
    {.name = "yes", .letter = 'y', .type = CLI_BOOL, .help = "do not ask"},
    {0}};

static int open_keyring(struct cli *cli, struct keyring *ret, struct err *e)
{
    const char *home;
    int r = cmd_home(cli, &home, e);
    return r < 0 ? r : cmd_keyring(cli, home, ret, e);
}

static const char *pubkey_text(const struct keyring_key *key, struct arena *arena)
{
    struct buf text CLEANUP_BUF = {0};
    enc_base64_append(&text, key->pubkey, sizeof key->pubkey);
    return arena_printf(arena, "{\"@type\":\"/cosmos.crypto.secp256k1.PubKey\",\"key\":\"%s\"}",
                        buf_cstr(&text));
}

static const char *hrp_of(const char *bech)
{
    return *bech == 'v' ? ADDR_HRP_VAL : *bech == 'c' ? ADDR_HRP_CONS : ADDR_HRP_ACC;
}

static json_t *key_json(const struct keyring_key *key, const char *hrp, struct arena *arena)
{
    return json_pack("{s:s,s:s,s:s,s:s}", "name", key->name, "type", "local", "address",
                     cmd_bech32(hrp, key->address, arena), "pubkey", pubkey_text(key, arena));
}

// ---- add ---------------------------------------------------------------------------------------

static int read_mnemonic(struct cli *cli, char *ret, struct err *e)
{
    if (!cli_bool(cli, "recover"))
        return mnemonic_new(256, ret, e);
    return prompt_line("> Enter your bip39 mnemonic\n", false, ret, MNEMONIC_INPUT_MAX, e);
}

static int path_of(struct cli *cli, const char **ret, struct err *e)
{
    const char *path = cli_str(cli, "hd-path");
    uint64_t account = cli_uint64(cli, "account"), index = cli_uint64(cli, "index");
    if (account > INT32_MAX || index > INT32_MAX)
        return err_set(e, -EINVAL, "--account and --index must be below 2^31");
    *ret = path && *path ? path : mnemonic_path((uint32_t)account, (uint32_t)index, cli->arena);
    return 0;
}

static int add(struct cli *cli, const char *mnemonic, struct keyring_key *ret, struct err *e)
{
    struct keyring k CLEANUP_KEYRING = {0};
    uint8_t secret[32];
    const char *path;
    int r = open_keyring(cli, &k, e);
    if (r == 0)
        r = path_of(cli, &path, e);
    if (r == 0)
        r = mnemonic_secret(mnemonic, "", path, secret, e);
    if (r == 0)
        r = cli_bool(cli, "dry-run") ? keyring_key_of(cli->args[0], secret, ret, e)
                                     : keyring_add(&k, cli->args[0], secret, ret, e);
    explicit_bzero(secret, sizeof secret);
    return r;
}

static int print_added(struct cli *cli, const struct keyring_key *key, const char *mnemonic)
{
    json_t *json = key_json(key, ADDR_HRP_ACC, cli->arena);
    bool show = !cli_bool(cli, "recover") && !cli_bool(cli, "no-backup");
    if (cmd_wants_json(cli)) {
        if (show)
            json_object_set_new(json, "mnemonic", json_string(mnemonic));
        return cmd_print_json(json);
    }
    json_t *list = json_array();
    json_array_append_new(list, json);
    int status = cmd_print(cli, list);
    (void)fflush(stdout);
    if (show)
        (void)fprintf(stderr,
                      "\n\n**Important** write this mnemonic phrase in a safe place.\n"
                      "It is the only way to recover your account if you ever forget your "
                      "password.\n\n%s\n",
                      mnemonic);
    return status;
}

static int keys_add(struct cli *cli, void *context)
{
    struct err e = {0};
    char mnemonic[MNEMONIC_INPUT_MAX] = "";
    struct keyring_key key;
    int r = keyring_check_name(cli->args[0], &e);
    if (r == 0)
        r = read_mnemonic(cli, mnemonic, &e);
    if (r == 0)
        r = add(cli, mnemonic, &key, &e);
    int status = r == 0 ? print_added(cli, &key, mnemonic) : cmd_fail(&e);
    explicit_bzero(mnemonic, sizeof mnemonic);
    return status;
}

static int keys_import_hex(struct cli *cli, void *context)
{
    struct err e = {0};
    struct keyring k CLEANUP_KEYRING = {0};
    struct keyring_key key;
    uint8_t secret[32];
    char line[80] = "";
    const char *hex = cli->arg_count > 1 ? cli->args[1] : line;
    int r = open_keyring(cli, &k, &e);
    if (r == 0 && hex == line)
        r = prompt_line("Enter the private key in hexadecimal: ", true, line, sizeof line, &e);
    if (r == 0 && enc_hex_decode(hex, strlen(hex), secret, sizeof secret) != sizeof secret)
        r = err_set(&e, -EINVAL, "expected a private key of 64 hexadecimal digits");
    if (r == 0)
        r = keyring_add(&k, cli->args[0], secret, &key, &e);
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(line, sizeof line);
    return r ? cmd_fail(&e) : cmd_print(cli, key_json(&key, ADDR_HRP_ACC, cli->arena));
}

// ---- list, show --------------------------------------------------------------------------------

static int keys_list(struct cli *cli, void *context)
{
    struct err e = {0};
    struct keyring k CLEANUP_KEYRING = {0};
    struct keyring_key *keys = NULL;
    size_t count = 0;
    int r = open_keyring(cli, &k, &e);
    if (r == 0)
        r = keyring_list(&k, cli->arena, &keys, &count, &e);
    if (r < 0)
        return cmd_fail(&e);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, cli_bool(cli, "list-names")
                                        ? json_string(keys[i].name)
                                        : key_json(&keys[i], ADDR_HRP_ACC, cli->arena));
    if (!cli_bool(cli, "list-names") || cmd_wants_json(cli))
        return cmd_print(cli, list);
    json_decref(list);
    for (size_t i = 0; i < count; i++)
        (void)printf("%s\n", keys[i].name);
    return 0;
}

static int keys_show(struct cli *cli, void *context)
{
    struct err e = {0};
    struct keyring k CLEANUP_KEYRING = {0};
    struct keyring_key key;
    const char *hrp = hrp_of(cli_str(cli, "bech"));
    bool address = cli_bool(cli, "address"), pubkey = cli_bool(cli, "pubkey");
    int r = open_keyring(cli, &k, &e);
    if (r == 0 && address && pubkey)
        r = err_set(&e, -EINVAL, "cannot use both --address and --pubkey at once");
    if (r == 0)
        r = keyring_find(&k, cli->args[0], cli->arena, &key, &e);
    if (r)
        return cmd_fail(&e);
    if (address || pubkey) {
        (void)printf("%s\n", address ? cmd_bech32(hrp, key.address, cli->arena)
                                     : pubkey_text(&key, cli->arena));
        return 0;
    }
    json_t *json = key_json(&key, hrp, cli->arena);
    if (cmd_wants_json(cli))
        return cmd_print_json(json);
    json_t *list = json_array();
    json_array_append_new(list, json);
    return cmd_print(cli, list);
}

// ---- delete, export ----------------------------------------------------------------------------

static int keys_delete(struct cli *cli, void *context)
{
    struct err e = {0};
    struct keyring k CLEANUP_KEYRING = {0};
    int r = open_keyring(cli, &k, &e);
    for (size_t i = 0; i < cli->arg_count && r == 0; i++) {
        struct keyring_key key;
        r = keyring_find(&k, cli->args[i], cli->arena, &key, &e);
        if (r)
            break;
        const char *question =
            arena_printf(cli->arena, "Key %s will be deleted. Continue?", key.name);
        if (!cli_bool(cli, "yes") && !prompt_yes(question)) {
            (void)fprintf(stderr, "Not deleted: %s\n", key.name);
            continue;
        }
        r = keyring_delete(&k, &key, &e);
        if (r == 0)
            (void)fprintf(stderr, "Key deleted forever (uh oh!)\n");
    }
    return r ? cmd_fail(&e) : 0;
}

static int keys_export(struct cli *cli, void *context)
{
    struct err e = {0};
    struct keyring k CLEANUP_KEYRING = {0};
    struct keyring_key key;
    uint8_t secret[32];
    bool hex_wanted = cli_bool(cli, "unarmored-hex"), unsafe = cli_bool(cli, "unsafe");
    int r = open_keyring(cli, &k, &e);
    if (r == 0 && (!hex_wanted || !unsafe))
        r = err_set(&e, -ENOTSUP,
                    hex_wanted || unsafe
                        ? "the flags --unsafe and --unarmored-hex must be used together"
                        : "armored export is not supported; use --unarmored-hex --unsafe");
    if (r == 0)
        r = keyring_find(&k, cli->args[0], cli->arena, &key, &e);
    if (r)
        return cmd_fail(&e);
    if (!cli_bool(cli, "yes") &&
        !prompt_yes("WARNING: The private key will be exported as an unarmored hexadecimal string. "
                    "USE AT YOUR OWN RISK. Continue?")) {
        err_set(&e, -ECANCELED, "not exported");
        return cmd_fail(&e);
    }
    r = keyring_secret(&k, &key, secret, &e);
    if (r)
        return cmd_fail(&e);
    char hex[65];
    enc_hex_lower(secret, sizeof secret, hex);
    (void)printf("%s\n", hex);
    explicit_bzero(hex, sizeof hex);
    explicit_bzero(secret, sizeof secret);
    return 0;
}

// ---- parse, mnemonic ---------------------------------------------------------------------------

static int keys_parse(struct cli *cli, void *context)
{
    struct err e = {0};
    const char *text = cli->args[0];
    uint8_t bytes[64];
    char hrp[BECH32_HRP_MAX + 1], hex[2 * sizeof bytes + 1];
    size_t len = 0;
    ssize_t n = enc_hex_decode(text, strlen(text), bytes, 32);
    if (n > 0) {
        static const char *const prefixes[] = {"sei",           "seipub",     "seivaloper",
                                               "seivaloperpub", "seivalcons", "seivalconspub"};
        json_t *formats = json_array();
        for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
            char one[ADDR_TEXT_MAX];
            addr_text(prefixes[i], slice_of(bytes, (size_t)n), one);
            json_array_append_new(formats, json_string(one));
        }
        return cmd_print(cli, json_pack("{s:o}", "formats", formats));
    }
    if (bech32_decode(slice_str(text), hrp, bytes, sizeof bytes, &len, &e) < 0) {
        err_context(&e, "%.80s is neither hexadecimal nor bech32", text);
        return cmd_fail(&e);
    }
    enc_hex_upper(bytes, len, hex);
    return cmd_print(cli, json_pack("{s:s,s:s}", "human", hrp, "bytes", hex));
}

static int keys_mnemonic(struct cli *cli, void *context)
{
    struct err e = {0};
    char words[MNEMONIC_TEXT_MAX];
    if (mnemonic_new(256, words, &e) < 0)
        return cmd_fail(&e);
    (void)printf("%s\n", words);
    explicit_bzero(words, sizeof words);
    return 0;
}

const struct cli_command cmd_keys_commands[] = {
    {.name = "add",
     .args = "NAME",
     .min_args = 1,
     .max_args = 1,
     .flags = add_flags,
     .help = "Make a key, or recover one from its words",
     .run = keys_add},
    {.name = "list", .flags = list_flags, .help = "List all keys", .run = keys_list},
    {.name = "show",
     .args = "NAME|ADDRESS",
     .min_args = 1,
     .max_args = 1,
     .flags = show_flags,
     .help = "Print a key's address and public key",
     .run = keys_show},
    {.name = "delete",
     .args = "NAME...",
     .min_args = 1,
     .max_args = -1,
     .flags = yes_flags,
     .help = "Delete keys",
     .run = keys_delete},
    {.name = "export",
     .args = "NAME",
     .min_args = 1,
     .max_args = 1,
     .flags = export_flags,
     .help = "Print a key's secret",
     .run = keys_export},
    {.name = "import-hex",
     .args = "NAME [HEX]",
     .min_args = 1,
     .max_args = 2,
     .help = "Add a key from its secret; without HEX it is read from standard input",
     .run = keys_import_hex},
    {.name = "parse",
     .args = "HEX|BECH32",
     .min_args = 1,
     .max_args = 1,
     .help = "Convert an address between hexadecimal and bech32",
     .run = keys_parse},
    {.name = "mnemonic", .help = "Print new words", .run = keys_mnemonic},
    {0}};
