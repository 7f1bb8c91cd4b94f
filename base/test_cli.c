#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/cli.h"

static int run_ok(struct cli *cli, void *context)
{
    *(const char **)context = cli_command(cli)->name;
    return 7;
}

static int check_even(const char *text, struct err *e)
{
    return strlen(text) % 2 ? err_set(e, -EINVAL, "odd length") : 0;
}

static const char *const modes[] = {"sync", "async", NULL};
static const struct cli_flag root_flags[] = {
    {.name = "home", .type = CLI_STRING, .fallback = "/root/.x", .help = "folder of the node"},
    {.name = "log_level", .type = CLI_STRING, .fallback = "info", .help = "level"},
    {0}};
static const struct cli_flag tx_flags[] = {
    {.name = "broadcast-mode",
     .letter = 'b',
     .type = CLI_STRING,
     .fallback = "sync",
     .words = modes,
     .help = "how to send"},
    {.name = "yes", .letter = 'y', .type = CLI_BOOL, .help = "do not ask"},
    {.name = "again", .letter = 'a', .type = CLI_BOOL, .help = "twice"},
    {.name = "secret", .type = CLI_STRING, .hidden = true, .env = "", .help = "not shown"},
    {0}};
static const struct cli_flag more_flags[] = {
    {.name = "gas", .type = CLI_UINT64, .fallback = "200000", .help = "gas limit"},
    {.name = "offset", .type = CLI_INT64, .help = "signed"},
    {.name = "wait", .type = CLI_DURATION, .check = check_even, .help = "for how long"},
    {.name = "skip", .type = CLI_LIST, .fallback = "1,2", .value = "HEIGHTS", .help = "heights"},
    {.name = "laddr", .type = CLI_STRING, .env = "OTHER_NAME", .help = "address"},
    {0}};
static const struct cli_flag *const shared[] = {more_flags, NULL};
static const struct cli_command bank[] = {
    {.name = "send",
     .args = "FROM TO COINS",
     .min_args = 3,
     .max_args = 3,
     .help = "Send coins",
     .shared = shared,
     .run = run_ok},
    {.name = "any", .min_args = 1, .max_args = -1, .help = "Any number", .run = run_ok},
    {.name = "some", .max_args = 2, .help = "Up to two", .run = run_ok},
    {0}};
static const struct cli_command commands[] = {
    {.name = "tx",
     .aliases = "transaction,t",
     .help = "Transactions",
     .flags = tx_flags,
     .children = bank},
    {.name = "run",
     .args = "ARGS...",
     .max_args = -1,
     .passthrough = true,
     .help = "Run it",
     .run = run_ok},
    {.name = "ghost", .hidden = true, .help = "Not shown", .run = run_ok},
    {0}};
static const struct cli_program program = {
    .name = "prog-x",
    .version = "1.2.3",
    .env_prefix = "X",
    .root = {.help = "A program", .flags = root_flags, .children = commands}};

struct parsed {
    struct arena arena;
    struct cli cli;
    struct err e;
};

// `line` is cut at blanks; '_' alone stands for an empty word.
static int parse_env(struct parsed *p, const char *const *envp, const char *line)
{
    *p = (struct parsed){0};
    const char *argv[32] = {"prog-x"};
    int argc = 1;
    char *copy = arena_strndup(&p->arena, line, strlen(line));
    char *rest = copy;
    for (char *word = strsep(&rest, " "); word; word = strsep(&rest, " "))
        if (*word)
            argv[argc++] = strcmp(word, "_") == 0 ? "" : word;
    return cli_parse(&program, argc, argv, envp, &p->arena, &p->cli, &p->e);
}

static int parse(struct parsed *p, const char *line)
{
    return parse_env(p, NULL, line);
}

static void done(struct parsed *p)
{
    arena_deinit(&p->arena);
}

static void test_values_of_every_form(void **state)
{
    static const struct {
        const char *line, *flag, *want;
    } rows[] = {
        {"tx bank", NULL, NULL},
        {"--home /h tx send a b c", "home", "/h"},
        {"tx --home=/h send a b c", "home", "/h"},
        {"tx send a b c --home= ", "home", ""},
        {"t send a b c", "home", "/root/.x"},
        {"transaction send a b c", "broadcast-mode", "sync"},
        {"tx send a b c -b async", "broadcast-mode", "async"},
        {"tx send a b c -basync", "broadcast-mode", "async"},
        {"tx send a b c -b=async", "broadcast-mode", "async"},
        {"tx send a -yb async b c", "broadcast-mode", "async"},
        {"tx send a b c --broadcast_mode async", "broadcast-mode", "async"},
        {"tx send a b c --log-level debug", "log_level", "debug"},
        {"tx send a b c --yes", "yes", "true"},
        {"tx send a b c --yes=0", "yes", "false"},
        {"tx send a b c --yes=T", "yes", "true"},
        {"tx send a b c -y=false", "yes", "false"},
        {"tx send a b c -ya", "again", "true"},
        {"tx send a b c --gas 1 --gas 18446744073709551615", "gas", "18446744073709551615"},
        {"tx send a b c --offset -9223372036854775808", "offset", "-9223372036854775808"},
        {"tx send a b c --wait 1s", "wait", "1s"},
        {"tx send a b c --home -- ", "home", "--"},
        {"tx send -- --home b c", "home", "/root/.x"},
    };
    for (size_t i = 1; i < sizeof rows / sizeof *rows; i++) {
        struct parsed p;
        if (parse(&p, rows[i].line) != 0)
            fail_msg("%s: %s", rows[i].line, p.e.text);
        const char *got = cli_str(&p.cli, rows[i].flag);
        if (!got || strcmp(got, rows[i].want) != 0)
            fail_msg("%s: --%s is %s", rows[i].line, rows[i].flag, got ? got : "null");
        assert_int_equal(p.cli.arg_count, 3);
        assert_null(p.cli.args[3]);
        done(&p);
    }
}

static void test_errors_say_what_is_wrong(void **state)
{
    static const struct {
        const char *line, *text;
    } rows[] = {
        {"tx bnak", "unknown command \"bnak\" for \"prog-x tx\""},
        {"tx sned", "unknown command \"sned\" for \"prog-x tx\"; did you mean \"send\"?"},
        {"tx zzzzz", "unknown command \"zzzzz\" for \"prog-x tx\""},
        {"ghots", "unknown command \"ghots\" for \"prog-x\""},
        {"--gas 1 tx send a b c", "unknown flag: --gas"},
        {"tx send a b c --gsa 1", "unknown flag: --gsa; did you mean --gas?"},
        {"tx send a b c --broadcast async",
         "unknown flag: --broadcast; did you mean --broadcast-mode?"},
        {"tx send a b c --gas", "flag needs an argument: --gas"},
        {"tx send a b c -b", "flag needs an argument: 'b' in -b"},
        {"tx send a b c -yz", "unknown shorthand flag: 'z' in -yz"},
        {"tx send a b c --gas -1",
         "invalid argument \"-1\" for --gas: expected an unsigned 64-bit integer"},
        {"tx send a b c --gas 18446744073709551616",
         "invalid argument \"18446744073709551616\" for --gas: expected an unsigned 64-bit "
         "integer"},
        {"tx send a b c --gas= ",
         "invalid argument \"\" for --gas: expected an unsigned 64-bit integer"},
        {"tx send a b c --offset 0x5",
         "invalid argument \"0x5\" for --offset: expected a 64-bit integer"},
        {"tx send a b c --yes=maybe",
         "invalid argument \"maybe\" for --yes: expected true or false"},
        {"tx send a b c -b block",
         "invalid argument \"block\" for --broadcast-mode: expected one of sync, async"},
        {"tx send a b c --wait 1ms", "invalid argument \"1ms\" for --wait: odd length"},
        {"tx send a b", "accepts 3 arguments, received 2: prog-x tx send FROM TO COINS"},
        {"tx any", "requires at least 1 argument, received 0: prog-x tx any"},
        {"tx some 1 2 3", "accepts between 0 and 2 arguments, received 3: prog-x tx some"},
        {"help tx sned", "unknown command \"sned\" for \"prog-x tx\"; did you mean \"send\"?"},
        {"completion zsh", "completion knows one shell: prog-x completion bash"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parsed p;
        int r = parse(&p, rows[i].line);
        if (r != CLI_USAGE || strcmp(p.e.text, rows[i].text) != 0)
            fail_msg("%s: %d \"%s\"", rows[i].line, r, p.e.text);
        done(&p);
    }
}

static void test_lists(void **state)
{
    static const struct {
        const char *line;
        size_t count;
        const char *last;
    } rows[] = {
        {"tx send a b c", 2, "2"},
        {"tx send a b c --skip 5", 1, "5"},
        {"tx send a b c --skip 5,6 --skip=7", 3, "7"},
        {"tx send a b c --skip=", 0, NULL},
        {"tx send a b c --skip 5,,6,", 2, "6"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parsed p;
        assert_int_equal(parse(&p, rows[i].line), 0);
        size_t count = 99;
        const char *const *items = cli_list(&p.cli, "skip", &count);
        assert_int_equal(count, rows[i].count);
        if (count)
            assert_string_equal(items[count - 1], rows[i].last);
        done(&p);
    }
}

static void test_precedence_flag_env_file_default(void **state)
{
    const char *const env[] = {"X_GAS=3",     "X_LOG_LEVEL=warn", "X_SKIP=8,9", "OTHER_NAME=env",
                               "X_SECRET=no", "X_WAIT=",          NULL};
    struct parsed p;
    assert_int_equal(parse_env(&p, env, "tx send a b c --gas 4"), 0);
    struct err e = {0};
    assert_int_equal(cli_uint64(&p.cli, "gas"), 4);
    assert_int_equal(cli_value(&p.cli, "gas")->source, CLI_FROM_FLAG);
    assert_string_equal(cli_str(&p.cli, "log_level"), "warn");
    assert_string_equal(cli_str(&p.cli, "laddr"), "env");
    assert_null(cli_str(&p.cli, "secret")); // .env = "" keeps the environment out
    assert_null(cli_str(&p.cli, "wait"));   // empty is unset
    size_t count;
    assert_string_equal(cli_list(&p.cli, "skip", &count)[1], "9");
    assert_int_equal(count, 2);
    assert_false(cli_is_set(&p.cli, "offset"));
    assert_int_equal(cli_offer(&p.cli, "gas", "5", &e), 0);
    assert_int_equal(cli_offer(&p.cli, "log_level", "debug", &e), 0);
    assert_int_equal(cli_offer(&p.cli, "offset", "-5", &e), 0);
    assert_int_equal(cli_uint64(&p.cli, "gas"), 4);
    assert_string_equal(cli_str(&p.cli, "log_level"), "warn");
    assert_int_equal(cli_int64(&p.cli, "offset"), -5);
    assert_true(cli_is_set(&p.cli, "offset"));
    assert_int_equal(cli_offer(&p.cli, "offset", "x", &e), -EINVAL);
    assert_int_equal(cli_int64(&p.cli, "offset"), -5);
    done(&p);

    const char *const bad[] = {"X_GAS=many", NULL};
    assert_int_equal(parse_env(&p, bad, "tx send a b c"), CLI_USAGE);
    assert_string_equal(p.e.text, "invalid argument \"many\" for X_GAS: expected an unsigned "
                                  "64-bit integer");
    done(&p);
    assert_int_equal(parse_env(&p, bad, "tx send a b c --help"), CLI_TEXT);
    done(&p);
}

static void test_passthrough_and_run(void **state)
{
    struct parsed p;
    assert_int_equal(parse(&p, "--home /h run start --home /x -y -- --help"), 0);
    assert_string_equal(cli_str(&p.cli, "home"), "/h");
    assert_int_equal(p.cli.arg_count, 6);
    assert_string_equal(p.cli.args[1], "--home");
    assert_string_equal(p.cli.args[5], "--help");
    const char *ran = NULL;
    assert_int_equal(cli_command(&p.cli)->run(&p.cli, &ran), 7);
    assert_string_equal(ran, "run");
    assert_string_equal(cli_path(&p.cli), "prog-x run");
    done(&p);
}

static void test_help_names_what_is_there(void **state)
{
    struct parsed p;
    assert_int_equal(parse(&p, "tx send --help"), CLI_TEXT);
    assert_non_null(strstr(p.cli.out, "  prog-x tx send FROM TO COINS [flags]\n"));
    assert_non_null(strstr(p.cli.out, "      --gas uint        gas limit (default 200000)\n"));
    assert_non_null(strstr(p.cli.out, "  -b, --broadcast-mode string   how to send (sync|async) "
                                      "(default \"sync\")\n"));
    assert_null(strstr(p.cli.out, "secret"));
    done(&p);
    assert_int_equal(parse(&p, "help tx send"), CLI_TEXT);
    assert_non_null(strstr(p.cli.out, "prog-x tx send FROM"));
    done(&p);
    assert_int_equal(parse(&p, ""), CLI_TEXT); // a group alone explains itself
    assert_non_null(strstr(p.cli.out, "\n  tx           Transactions\n"));
    assert_null(strstr(p.cli.out, "ghost"));
    done(&p);
    assert_int_equal(parse(&p, "tx -h nonsense"), CLI_TEXT);
    done(&p);
    assert_int_equal(parse(&p, "--version"), CLI_TEXT);
    assert_string_equal(p.cli.out, "prog-x 1.2.3\n");
    done(&p);
}

static void test_completion(void **state)
{
    static const struct {
        const char *line, *want;
    } rows[] = {
        {"__complete _", "tx\nrun\n"},
        {"__complete t", "tx\n"},
        {"__complete tx s", "send\nsome\n"},
        {"__complete --home x tx s", "send\nsome\n"},
        {"__complete --home _", ""},
        {"__complete tx send --broadcast-mode a", "async\n"},
        {"__complete tx send -b _", "sync\nasync\n"},
        {"__complete tx send --broadcast-mode = a", "async\n"},
        {"__complete tx send --broadcast-mode =", "sync\nasync\n"},
        {"__complete tx --ye", "--yes\n"},
        {"__complete tx send --l", "--laddr\n--log_level\n"},
        {"__complete tx send -", "--gas\n--offset\n--wait\n--skip\n--laddr\n--broadcast-mode\n"
                                 "--yes\n--again\n--home\n--log_level\n"},
        {"__complete run _", ""},
        {"__complete tx send a s", ""},
        {"__complete", "tx\nrun\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parsed p;
        assert_int_equal(parse(&p, rows[i].line), CLI_TEXT);
        if (strcmp(p.cli.out, rows[i].want) != 0)
            fail_msg("%s: \"%s\"", rows[i].line, p.cli.out);
        done(&p);
    }
    struct parsed p;
    assert_int_equal(parse(&p, "completion bash"), CLI_TEXT);
    assert_non_null(strstr(p.cli.out, "complete -o default -F _prog_x prog-x\n"));
    done(&p);
}

static void test_man_sections(void **state)
{
    struct parsed p;
    assert_int_equal(parse(&p, "__man"), CLI_TEXT);
    assert_non_null(strstr(p.cli.out, ".SS \"prog\\-x tx send FROM TO COINS\"\nSend coins.\n"));
    assert_non_null(strstr(p.cli.out,
                           ".TP\n\\fB\\-b\\fR, \\fB\\-\\-broadcast\\-mode\\fR "
                           "\\fIstring\\fR\nhow to send (sync|async) (default sync).\n"));
    assert_non_null(strstr(p.cli.out, ".SH \"GLOBAL OPTIONS\"\n.TP\n\\fB\\-\\-home"));
    assert_null(strstr(p.cli.out, "secret"));
    done(&p);
}

static char printed[512];
static int printed_fd;

static void keep_print(int fd, const char *text)
{
    printed_fd = fd;
    snprintf(printed, sizeof printed, "%s", text);
}

static void test_main_exit_status(void **state)
{
    const char *ran = NULL;
    const char *const good[] = {"prog-x", "tx", "some"};
    assert_int_equal(cli_main(&program, 3, good, NULL, &ran, keep_print), 7);
    const char *const bad[] = {"prog-x", "tx", "some", "--nope"};
    assert_int_equal(cli_main(&program, 4, bad, NULL, &ran, keep_print), CLI_EXIT_USAGE);
    assert_int_equal(printed_fd, 2);
    assert_string_equal(printed, "Error: unknown flag: --nope\nRun 'prog-x tx some --help' for "
                                 "usage.\n");
    const char *const version[] = {"prog-x", "--version"};
    assert_int_equal(cli_main(&program, 2, version, NULL, &ran, keep_print), 0);
    assert_int_equal(printed_fd, 1);
    assert_int_equal(cli_main(&program, 0, NULL, NULL, &ran, keep_print), 0);
}

// Any two or three words from this pool end in one of the three outcomes, with a text where due.
static void test_every_short_line_has_an_outcome(void **state)
{
    static const char *const pool[] = {"prog-x", "tx",   "send", "run", "help",   "completion",
                                       "--",     "-",    "",     "--=", "--gas",  "--gas=1",
                                       "-b",     "-y=",  "-=",   "-h",  "--help", "__complete",
                                       "__man",  "bash", "a",    "---", "--home"};
    enum { POOL = sizeof pool / sizeof *pool };
    for (size_t a = 0; a < POOL; a++)
        for (size_t b = 0; b < POOL; b++)
            for (size_t c = 0; c < POOL; c++) {
                const char *const argv[] = {"prog-x", pool[a], pool[b], pool[c]};
                struct parsed p = {0};
                int r = cli_parse(&program, 4, argv, NULL, &p.arena, &p.cli, &p.e);
                assert_true(r == 0 || (r == CLI_TEXT && p.cli.out) ||
                            (r == CLI_USAGE && p.e.text[0]));
                if (r == 0)
                    assert_non_null(cli_command(&p.cli)->run);
                done(&p);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_of_every_form),
        cmocka_unit_test(test_errors_say_what_is_wrong),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_precedence_flag_env_file_default),
        cmocka_unit_test(test_passthrough_and_run),
        cmocka_unit_test(test_help_names_what_is_there),
        cmocka_unit_test(test_completion),
        cmocka_unit_test(test_man_sections),
        cmocka_unit_test(test_main_exit_status),
        cmocka_unit_test(test_every_short_line_has_an_outcome),
    };
    return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
