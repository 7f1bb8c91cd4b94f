// The small parts: folders, upgrade-info.json, skip heights, settings, memory, requests.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "seivisor/core/json.h"
#include "seivisor/core/layout.h"
#include "seivisor/core/memory.h"
#include "seivisor/core/plan_info.h"
#include "seivisor/core/request.h"
#include "seivisor/core/settings.h"
#include "seivisor/core/status_url.h"

// ---- layout -------------------------------------------------------------------------------------

static void test_plan_folders(void **unused)
{
    static const struct {
        const char *plan;
        bool recase;
        const char *folder; // null: refused
    } rows[] = {
        {"v2", true, "v2"},
        {"V2.1-Beta", true, "v2.1-beta"},
        {"V2.1-Beta", false, "V2.1-Beta"},
        {"a b", true, "a%20b"},
        {"a/b", true, "a%2Fb"},
        {"../x", true, "..%2Fx"},
        {"%41", true, "%2541"},
        {"a&b=c+d:e@f$g~h_i", true, "a&b=c+d:e@f$g~h_i"},
        {"\xc3\x89", true, "%C3%89"},
        {"...", true, "..."},
        {"", true, NULL},
        {".", true, NULL},
        {"..", true, NULL},
        {"..", false, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char got[LAYOUT_FOLDER_MAX + 1] = "untouched";
        int result = layout_plan_folder(rows[i].plan, rows[i].recase, got, NULL);
        assert_int_equal(result < 0, rows[i].folder == NULL);
        assert_string_equal(got, rows[i].folder ? rows[i].folder : "untouched");
    }
    char longest[LAYOUT_FOLDER_MAX + 2], folder[LAYOUT_FOLDER_MAX + 1], target[LAYOUT_TARGET_MAX];
    memset(longest, 'x', sizeof longest);
    longest[LAYOUT_FOLDER_MAX + 1] = '\0';
    assert_true(layout_plan_folder(longest, true, folder, NULL) < 0);
    longest[LAYOUT_FOLDER_MAX] = '\0';
    assert_int_equal(layout_plan_target(longest, true, target, NULL), 0);
    assert_int_equal(strlen(target), LAYOUT_FOLDER_MAX + strlen("upgrades/"));
}

// Every byte gives a folder that is one path component and is read back as a target.
static void test_every_byte_in_a_plan_name(void **unused)
{
    for (int c = 1; c < 256; c++) {
        char plan[3] = {'a', (char)c, 0}, target[LAYOUT_TARGET_MAX], again[LAYOUT_TARGET_MAX];
        assert_int_equal(layout_plan_target(plan, false, target, NULL), 0);
        assert_null(strchr(target + strlen("upgrades/"), '/'));
        assert_true(layout_parse_target(target, "/r", again));
        assert_string_equal(target, again);
    }
}

static void test_links(void **unused)
{
    static const struct {
        const char *link, *target;
    } rows[] = {
        {"genesis", "genesis"},
        {"./genesis", "genesis"},
        {"genesis/", "genesis"},
        {"upgrades/v2", "upgrades/v2"},
        {"upgrades/v2/", "upgrades/v2"},
        {"/r/upgrades/v2", "upgrades/v2"},
        {"/r/genesis", "genesis"},
        {"/rr/genesis", NULL},
        {"/r", NULL},
        {"", NULL},
        {"upgrades", NULL},
        {"upgrades/", NULL},
        {"upgrades/.", NULL},
        {"upgrades/..", NULL},
        {"upgrades/a/b", NULL},
        {"../genesis", NULL},
        {"other", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char got[LAYOUT_TARGET_MAX] = "untouched";
        assert_int_equal(layout_parse_target(rows[i].link, "/r", got), rows[i].target != NULL);
        assert_string_equal(got, rows[i].target ? rows[i].target : "untouched");
    }
}

// ---- upgrade-info.json --------------------------------------------------------------------------

static void test_plans(void **unused)
{
    static const struct {
        const char *text;
        const char *name; // null: refused
        int64_t height;
        const char *reason; // in the error's text
    } rows[] = {
        {"{\"name\":\"v2\",\"height\":120,\"info\":\"\"}", "v2", 120, NULL},
        {"{\"name\":\"v2\",\"time\":\"0001-01-01T00:00:00Z\",\"height\":39}", "v2", 39, NULL},
        {" {\"height\":1,\"name\":\"\\u00e9\"}\n", "\xc3\xa9", 1, NULL},
        {"{\"name\":\"v\",\"height\":9223372036854775807}", "v", INT64_MAX, NULL},
        {"", NULL, 0, "empty"},
        {"{", NULL, 0, "byte"},
        {"null", NULL, 0, "byte"},
        {"[]", NULL, 0, "not a JSON object"},
        {"{\"name\":\"v2\"}", NULL, 0, "height"},
        {"{\"height\":2}", NULL, 0, "name"},
        {"{\"name\":\"\",\"height\":2}", NULL, 0, "name cannot be empty"},
        {"{\"name\":\"v\",\"height\":0}", NULL, 0, "greater than 0"},
        {"{\"name\":\"v\",\"height\":-4}", NULL, 0, "greater than 0"},
        {"{\"name\":\"v\",\"height\":\"4\"}", NULL, 0, "height"},
        {"{\"name\":\"v\",\"height\":4.0}", NULL, 0, "height"},
        {"{\"name\":\"v\",\"height\":9223372036854775808}", NULL, 0, "byte"},
        {"{\"name\":\"v\\n\",\"height\":4}", NULL, 0, "control character"},
        {"{\"name\":\"v\",\"name\":\"w\",\"height\":4}", NULL, 0, "byte"},
        {"{\"name\":\"\xff\",\"height\":4}", NULL, 0, "byte"},
        {"{\"name\":\"v\",\"height\":4}x", NULL, 0, "byte"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct plan_info plan = {.height = -7};
        struct err e = {0};
        int result = plan_info_parse(rows[i].text, strlen(rows[i].text), &plan, &e);
        assert_int_equal(result < 0, rows[i].name == NULL);
        if (rows[i].name) {
            assert_string_equal(plan.name, rows[i].name);
            assert_true(plan.height == rows[i].height);
        } else {
            assert_true(plan.height == -7);
            if (!strstr(e.text, rows[i].reason))
                fail_msg("%s: %s", rows[i].text, e.text);
        }
    }
}

static void test_every_cut_of_a_plan_is_refused(void **unused)
{
    static const char text[] = "{\"name\":\"v2\",\"height\":120,\"info\":\"x\"}";
    struct plan_info plan;
    for (size_t len = 0; len < sizeof text - 1; len++)
        assert_true(plan_info_parse(text, len, &plan, NULL) < 0);
    assert_int_equal(plan_info_parse(text, sizeof text - 1, &plan, NULL), 0);
}

static void test_skip_heights(void **unused)
{
    static const struct {
        const char *args; // split at blanks
        int64_t height;
        bool skipped;
    } rows[] = {
        {"start", 5, false},
        {"start --unsafe-skip-upgrades 5", 5, true},
        {"start --unsafe-skip-upgrades 55", 5, false},
        {"start --unsafe-skip-upgrades=5", 5, true},
        {"start -unsafe-skip-upgrades=5", 5, true},
        {"start --unsafe-skip-upgrades 4,5,6", 5, true},
        {"start --unsafe-skip-upgrades=4,5,6", 6, true},
        {"start --unsafe-skip-upgrades=[4,5,6]", 6, true},
        {"start --unsafe-skip-upgrades 4 5 6", 6, true},
        {"start --unsafe-skip-upgrades 4 --unsafe-skip-upgrades 5", 5, true},
        {"start --unsafe-skip-upgrades 4 --unsafe-skip-upgrades 5", 4, true},
        {"start --unsafe-skip-upgrades 4 --height 5", 5, false},
        {"start --unsafe-skip-upgrades", 5, false},
        {"start --unsafe-skip-upgrades x", 5, false},
        {"start --unsafe-skip-upgrades-not 5", 5, false},
        {"start --unsafe-skip-upgrades 99999999999999999999", 5, false},
        {"start 5", 5, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256], *args[16] = {0}, *rest = text;
        size_t count = 0;
        snprintf(text, sizeof text, "%s", rows[i].args);
        while (rest)
            args[count++] = strsep(&rest, " ");
        if (plan_is_skipped(args, rows[i].height) != rows[i].skipped)
            fail_msg("%s", rows[i].args);
    }
}

// ---- settings -----------------------------------------------------------------------------------

struct given {
    const char *env, *value;
};

static const char *lookup(void *context, const struct settings_row *row, const char **ret_source)
{
    *ret_source = "a test";
    for (const struct given *g = context; g->env; g++)
        if (strcmp(g->env, row->env) == 0)
            return g->value;
    return NULL;
}

static void test_defaults(void **unused)
{
    struct given given[] = {{"DAEMON_HOME", "/h/"}, {"DAEMON_NAME", "d"}, {NULL, NULL}};
    CLEANUP_BUF struct buf problems = {0};
    struct settings s;
    assert_int_equal(settings_load(lookup, given, &s, &problems), 0);
    assert_string_equal(s.home, "/h");
    assert_true(s.restart_after_upgrade && !s.skip_backup && !s.allow_download);
    assert_int_equal(s.shutdown_grace_ms, 90000);
    assert_int_equal(s.poll_interval_ms, 300);
    assert_int_equal(s.halt_grace_ms, 30000);
    assert_int_equal(s.hold, SETTINGS_HOLD_EXIT);
    assert_string_equal(s.backup_dir, "");
    settings_deinit(&s);
    settings_deinit(&s);
}

static void test_every_row_takes_its_own_default(void **unused)
{
    struct given given[] = {
        {"DAEMON_HOME", "/h"}, {"DAEMON_NAME", "d"}, {NULL, NULL}, {NULL, NULL}};
    for (size_t i = 0; i < settings_count; i++) {
        CLEANUP_BUF struct buf problems = {0}, shown = {0};
        struct settings s;
        given[2] = (struct given){settings_table[i].env, settings_table[i].fallback};
        assert_int_equal(settings_load(lookup, given, &s, &problems), 0);
        settings_print(&s, &settings_table[i], &shown);
        if (i > 1 && settings_table[i].type != SETTINGS_DURATION)
            assert_string_equal(buf_cstr(&shown), settings_table[i].fallback);
        assert_true(strlen(settings_table[i].help) > 10);
        settings_deinit(&s);
    }
}

static void test_values(void **unused)
{
    static const struct {
        const char *env, *value;
        int problems;
    } rows[] = {
        {"UNSAFE_SKIP_BACKUP", "true", 0},
        {"UNSAFE_SKIP_BACKUP", "TRUE", 0},
        {"UNSAFE_SKIP_BACKUP", "false", 0},
        {"UNSAFE_SKIP_BACKUP", "", 0},
        {"UNSAFE_SKIP_BACKUP", "1", 1},
        {"UNSAFE_SKIP_BACKUP", "yes", 1},
        {"DAEMON_RESTART_DELAY", "1h2m3.5s", 0},
        {"DAEMON_RESTART_DELAY", "5", 1},
        {"DAEMON_RESTART_DELAY", "-5s", 1},
        {"DAEMON_RESTART_DELAY", "5 s", 1},
        {"DAEMON_PREUPGRADE_MAX_RETRIES", "3", 0},
        {"DAEMON_PREUPGRADE_MAX_RETRIES", "3x", 1},
        {"DAEMON_PREUPGRADE_MAX_RETRIES", "-1", 1},
        {"DAEMON_PREUPGRADE_MAX_RETRIES", "99999999", 1},
        {"DAEMON_DATA_BACKUP_DIR", "/b", 0},
        {"DAEMON_DATA_BACKUP_DIR", "b", 1},
        {"DAEMON_DATA_BACKUP_DIR", "/h/data", 1},
        {"DAEMON_DATA_BACKUP_DIR", "/h/data/x", 1},
        {"DAEMON_DATA_BACKUP_DIR", "/h/data-backups", 0},
        {"DAEMON_NAME", "a/b", 1},
        {"DAEMON_NAME", "..", 1},
        {"DAEMON_HOME", "h", 2},
        {"DAEMON_HOME", "/\xff", 1},
        {"COSMOVISOR_CUSTOM_PREUPGRADE", "../x", 1},
        {"DAEMON_ALLOW_DOWNLOAD_BINARIES", "true", 1},
        {"SEIVISOR_HOLD", "wait", 0},
        {"SEIVISOR_HOLD", "Wait", 1},
        {"COSMOVISOR_TIMEFORMAT_LOGS", "rfc3339nano", 0},
        {"COSMOVISOR_TIMEFORMAT_LOGS", "", 0},
        {"COSMOVISOR_TIMEFORMAT_LOGS", "noon", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct given given[] = {{rows[i].env, rows[i].value},
                                {"DAEMON_HOME", "/h"},
                                {"DAEMON_NAME", "d"},
                                {NULL, NULL}};
        CLEANUP_BUF struct buf problems = {0};
        struct settings s;
        int count = settings_load(lookup, given, &s, &problems);
        if (count != rows[i].problems)
            fail_msg("%s=%s: %d: %s", rows[i].env, rows[i].value, count, buf_cstr(&problems));
        if (count > 0)
            assert_non_null(strstr(buf_cstr(&problems), rows[i].env));
        settings_deinit(&s);
    }
}

// A grace of 0 is cosmovisor's "SIGKILL at once", which is never done.
static void test_no_grace_is_the_default_grace(void **unused)
{
    struct given given[] = {
        {"DAEMON_HOME", "/h"}, {"DAEMON_NAME", "d"}, {"DAEMON_SHUTDOWN_GRACE", "0s"}, {NULL, NULL}};
    CLEANUP_BUF struct buf problems = {0};
    struct settings s;
    assert_int_equal(settings_load(lookup, given, &s, &problems), 0);
    assert_int_equal(s.shutdown_grace_ms, 90000);
    settings_deinit(&s);
}

static void test_status_urls(void **unused)
{
    static const struct {
        const char *laddr, *url;
    } rows[] = {
        {"tcp://127.0.0.1:26657", "http://127.0.0.1:26657/status"},
        {"tcp://0.0.0.0:36657", "http://127.0.0.1:36657/status"},
        {"tcp://[::]:36657", "http://127.0.0.1:36657/status"},
        {"tcp://:36657", "http://127.0.0.1:36657/status"},
        {"[::1]:1", "http://[::1]:1/status"},
        {"node.example:80", "http://node.example:80/status"},
        {"tcp://127.0.0.1:0", NULL},
        {"unix:///var/run/x", NULL},
        {"tcp://127.0.0.1", NULL},
        {"tcp://127.0.0.1:x", NULL},
        {"tcp://evil/path?:80", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char url[STATUS_URL_MAX] = "untouched";
        bool good = status_url_from_laddr(rows[i].laddr, url);
        assert_int_equal(good, rows[i].url != NULL);
        assert_string_equal(url, rows[i].url ? rows[i].url : "untouched");
    }
    char a[] = "start", b[] = "--rpc.laddr", c[] = "tcp://x:1", d[] = "--rpc.laddr=tcp://y:2";
    char *const both[] = {a, b, c, d, NULL}, *const first[] = {a, b, c, NULL};
    char *const none[] = {a, b, NULL};
    assert_string_equal(status_url_flag(both, "rpc.laddr"), "tcp://y:2");
    assert_string_equal(status_url_flag(first, "rpc.laddr"), "tcp://x:1");
    assert_null(status_url_flag(none, "rpc.laddr"));
}

// ---- memory -------------------------------------------------------------------------------------

static struct memory_halt halt_of(const char *target, const char *identity, int64_t reason)
{
    struct memory_halt halt = {.reason = reason};
    snprintf(halt.target, sizeof halt.target, "%s", target);
    snprintf(halt.identity, sizeof halt.identity, "%s", identity);
    return halt;
}

static void fill(struct memory *m)
{
    char name[32];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "upgrades/v%d", i);
        memory_record_good(m, name, "id", i, (int64_t)i * 10);
        struct memory_halt halt = halt_of(name, "id", 70 + i);
        memory_latch(m, &halt);
    }
    m->hold.active = true;
    snprintf(m->hold.why, sizeof m->hold.why, "%s", "because \"x\" \xc3\xa9");
    m->speaks_contract = true;
    m->crashes = 7;
    m->swaps = 1;
}

static void test_memory_is_read_again(void **unused)
{
    struct memory *m = calloc(1, sizeof *m), *again = calloc(1, sizeof *again);
    assert_true(m && again);
    fill(m);
    json_t *pages = json_pack("{s:[s, i]}", "as", "they are", 1), *pages_again;
    json_t *object = memory_encode(m, pages);
    char *text = json_text(object);
    assert_int_equal(memory_decode(text, strlen(text), again, &pages_again, NULL), 0);
    assert_memory_equal(m, again, sizeof *m);
    assert_true(json_equal(pages, pages_again));
    json_decref(pages_again);
    json_decref(pages);
    pages = NULL;
    // Every cut is refused, and nothing is touched.
    struct memory *kept = calloc(1, sizeof *kept);
    assert_non_null(kept);
    for (size_t len = 0; len < strlen(text); len += 7)
        assert_true(memory_decode(text, len, kept, &pages, NULL) < 0);
    assert_null(pages);
    free(text);
    free(kept);
    json_decref(object);
    free(m);
    free(again);
}

static void test_memory_of_others(void **unused)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"{}", true},
        {"{\"future\":[1,{}],\"crashes\":3}", true},
        {"{\"hold\":{\"active\":true}}", true},
        {"[]", false},
        {"{\"crashes\":\"3\"}", false},
        {"{\"crashes\":3000000000}", false},
        {"{\"swaps\":-1}", false},
        {"{\"hold\":3}", false},
        {"{\"hold\":{\"active\":1}}", false},
        {"{\"good\":[3]}", false},
        {"{\"good\":[{},{},{},{},{},{},{},{},{}]}", false},
        {"{\"arrived\":\"upgrades/"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxxx\"}",
         false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct memory *m = calloc(1, sizeof *m);
        assert_non_null(m);
        json_t *pages = NULL;
        int result = memory_decode(rows[i].text, strlen(rows[i].text), m, &pages, NULL);
        assert_null(pages);
        if ((result == 0) != rows[i].good)
            fail_msg("%s", rows[i].text);
        free(m);
    }
}

static void test_what_ran_well(void **unused)
{
    struct memory *m = calloc(1, sizeof *m);
    assert_non_null(m);
    assert_null(memory_previous(m, "genesis"));
    memory_record_good(m, "genesis", "1", 1, 0);
    assert_null(memory_previous(m, "genesis"));
    memory_record_good(m, "upgrades/v2", "1", 2, 0);
    assert_string_equal(memory_previous(m, "upgrades/v2")->target, "genesis");
    assert_string_equal(memory_previous(m, "upgrades/v3")->target, "upgrades/v2");
    memory_record_good(m, "genesis", "2", 3, 0);
    assert_int_equal(m->good_count, 2);
    assert_string_equal(memory_previous(m, "upgrades/v2")->identity, "2");
    for (int i = 0; i < 50; i++) {
        char name[32];
        snprintf(name, sizeof name, "upgrades/w%d", i);
        memory_record_good(m, name, "1", i, 0);
    }
    assert_int_equal(m->good_count, MEMORY_GOOD_MAX);
    assert_string_equal(m->good[0].target, "upgrades/w49");
    assert_string_equal(m->good[MEMORY_GOOD_MAX - 1].target, "upgrades/w42");
    free(m);
}

static void test_latches(void **unused)
{
    struct memory *m = calloc(1, sizeof *m);
    assert_non_null(m);
    struct memory_halt a = halt_of("genesis", "1", 70), b = halt_of("upgrades/v2", "1", 71);
    memory_latch(m, &a);
    memory_latch(m, &b);
    assert_true(memory_latched(m, "genesis", "1")->reason == 70);
    assert_null(memory_latched(m, "genesis", "2")); // another file is another binary
    assert_null(memory_latched(m, "upgrades/v3", "1"));
    a.reason = 72;
    memory_latch(m, &a);
    assert_int_equal(m->halt_count, 2);
    assert_true(memory_latched(m, "genesis", "1")->reason == 72);
    m->hold.active = true;
    m->crashes = 4;
    snprintf(m->crashed, sizeof m->crashed, "genesis");
    memory_release(m, "genesis");
    assert_null(memory_latched(m, "genesis", "1"));
    assert_non_null(memory_latched(m, "upgrades/v2", "1"));
    assert_false(m->hold.active);
    assert_int_equal(m->crashes, 0);
    free(m);
}

static void test_requests(void **unused)
{
    static const struct {
        const char *line;
        bool good;
    } rows[] = {
        {"{\"op\":\"status\"}", true},
        {"{\"op\":\"x\",\"y\":[]}", true},
        {"", false},
        {"{}", false},
        {"{\"op\":1}", false},
        {"[]", false},
        {"\xff", false},
        {"{\"op\":\"a\"} x", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *request = request_parse(rows[i].line, strlen(rows[i].line), NULL);
        assert_int_equal(request != NULL, rows[i].good);
        json_decref(request);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_folders),
        cmocka_unit_test(test_every_byte_in_a_plan_name),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_every_cut_of_a_plan_is_refused),
        cmocka_unit_test(test_skip_heights),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_every_row_takes_its_own_default),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_no_grace_is_the_default_grace),
        cmocka_unit_test(test_status_urls),
        cmocka_unit_test(test_memory_is_read_again),
        cmocka_unit_test(test_memory_of_others),
        cmocka_unit_test(test_what_ran_well),
        cmocka_unit_test(test_latches),
        cmocka_unit_test(test_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
