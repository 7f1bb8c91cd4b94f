#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
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
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "seid/halt/halt.h"

// A halt shell in a folder of its own. What was done is read back from the file system; the moment
// of the request for shutdown keeps what was there at that instant.
struct fixture {
    char dir[64];
    char file[96];
    char raw[96];
    char log_path[96];
    struct log log;
    struct halt_holder holder;
    struct halt_shell shell;
    int asked;
    bool file_there_when_asked;
    bool latched_when_asked;
};

static int64_t fixed_now(void)
{
    return 1767323045678000000;
}

static void on_ask(void *ctx)
{
    struct fixture *f = ctx;
    f->asked++;
    f->file_there_when_asked = fs_exists(f->file);
    f->latched_when_asked = halt_reason(&f->holder) != 0;
}

static void fixture_init(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    snprintf(f->dir, sizeof f->dir, "/tmp/test_halt.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->file, sizeof f->file, "%s/upgrade-info.json", f->dir);
    snprintf(f->raw, sizeof f->raw, "%s/stderr", f->dir);
    snprintf(f->log_path, sizeof f->log_path, "%s/log", f->dir);
    f->log =
        (struct log){open(f->log_path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600), LOG_DEBUG, LOG_PLAIN};
    halt_holder_init(&f->holder);
    f->shell = (struct halt_shell){
        .holder = &f->holder,
        .log = &f->log,
        .data_dir = f->dir,
        .raw_fd = open(f->raw, O_CREAT | O_WRONLY | O_CLOEXEC, 0600),
        .now_ns = fixed_now,
        .ask_shutdown = on_ask,
        .ask_shutdown_ctx = f,
    };
}

static void fixture_deinit(struct fixture *f)
{
    close(f->shell.raw_fd);
    close(f->log.fd);
    unlink(f->file);
    unlink(f->raw);
    unlink(f->log_path);
    rmdir(f->dir);
    halt_holder_deinit(&f->holder);
}

static void assert_file(const char *path, const char *want)
{
    CLEANUP_BUF struct buf got = {0};
    struct err e = {0};
    assert_int_equal(fs_read(path, 1 << 20, &got, &e), 0);
    assert_string_equal(buf_cstr(&got), want);
}

static bool file_contains(const char *path, const char *want)
{
    CLEANUP_BUF struct buf got = {0};
    struct err e = {0};
    assert_int_equal(fs_read(path, 1 << 20, &got, &e), 0);
    return strstr(buf_cstr(&got), want) != NULL;
}

static struct upgrade_halt halt_of(int reason, const char *info, const char *text)
{
    struct upgrade_halt halt = {.reason = reason, .height = 120, .info = info, .log_text = text};
    snprintf(halt.plan_name, sizeof halt.plan_name, "v2");
    return halt;
}

static void test_upgrade_info_bytes(void **state)
{
    static const struct {
        const char *name;
        int64_t height;
        const char *info;
        const char *want;
    } rows[] = {
        {"v2", 120, "", "{\"name\":\"v2\",\"height\":120}"},
        {"v2", 120, "a b  c", "{\"name\":\"v2\",\"height\":120,\"info\":\"a b  c\"}"},
        {"", 0, "", "{}"},
        {"", 7, "", "{\"height\":7}"},
        {"v", 0, "i", "{\"name\":\"v\",\"info\":\"i\"}"},
        {"<&>", 1, "<a>&",
         "{\"name\":\"\\u003c\\u0026\\u003e\",\"height\":1,\"info\":"
         "\"\\u003ca\\u003e\\u0026\"}"},
        {"v2", 1, "l1\nl2\tt\r", "{\"name\":\"v2\",\"height\":1,\"info\":\"l1\\nl2\\tt\\r\"}"},
        {"v2", 1, "q\"b\\", "{\"name\":\"v2\",\"height\":1,\"info\":\"q\\\"b\\\\\"}"},
        {"v2", 1, "gr\xc3\xbc\xc3\x9f",
         "{\"name\":\"v2\",\"height\":1,\"info\":\"gr\xc3\xbc\xc3\x9f\"}"},
        {"v2", 1, "\xe2\x80\xa8\xe2\x80\xa9",
         "{\"name\":\"v2\",\"height\":1,\"info\":\"\\u2028\\u2029\"}"},
        {"v2", 1, "bad\xff", "{\"name\":\"v2\",\"height\":1,\"info\":\"bad\\ufffd\"}"},
        {"v2", INT64_MAX, "", "{\"name\":\"v2\",\"height\":9223372036854775807}"},
        {"v2", 1, "{\"upgradeType\":\"minor\"}",
         "{\"name\":\"v2\",\"height\":1,\"info\":\"{\\\"upgradeType\\\":\\\"minor\\\"}\"}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CLEANUP_BUF struct buf got = {0};
        halt_upgrade_info(rows[i].name, rows[i].height, rows[i].info, &got);
        assert_string_equal(buf_cstr(&got), rows[i].want);
    }
}

static void test_required_does_all_steps_in_order(void **state)
{
    struct fixture f;
    fixture_init(&f);
    struct upgrade_halt halt = halt_of(70, "", "UPGRADE \"v2\" NEEDED at height: 120: ");
    struct err e = {0};
    assert_int_equal(halt_graceful(&f.shell, &halt, fixed_now() - 7000, &e), 0);

    assert_file(f.file, "{\"name\":\"v2\",\"height\":120}");
    struct stat st;
    assert_int_equal(stat(f.file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_file(f.raw, "UPGRADE \"v2\" NEEDED at height: 120: \n");
    assert_true(file_contains(f.log_path, "upgrade_required"));
    assert_true(file_contains(f.log_path, "begin_to_intent_us=7"));
    assert_int_equal(f.asked, 1);
    assert_true(f.file_there_when_asked);
    assert_true(f.latched_when_asked);

    struct halt_intent intent;
    assert_true(halt_read(&f.holder, &intent));
    assert_int_equal(intent.reason, 70);
    assert_string_equal(intent.plan_name, "v2");
    assert_int_equal(intent.height, 120);
    assert_string_equal(intent.info, "");
    assert_int_equal(intent.announced_ns, fixed_now());
    assert_int_equal(halt_exit_code(&f.holder), 70);
    fixture_deinit(&f);
}

// The line is raw: nothing in it is escaped, whatever the info holds.
static void test_needed_line_is_raw(void **state)
{
    static const char *const infos[] = {"a b  c",       "<&>\"\\",
                                        "two\nlines",   "gr\xc3\xbc",
                                        "\xe2\x80\xa8", "{\"upgradeType\":\"minor\"}"};
    for (size_t i = 0; i < sizeof infos / sizeof *infos; i++) {
        struct fixture f;
        fixture_init(&f);
        char text[128], want[132];
        snprintf(text, sizeof text, "UPGRADE \"v2\" NEEDED at height: 120: %s", infos[i]);
        snprintf(want, sizeof want, "%s\n", text);
        struct upgrade_halt halt = halt_of(70, infos[i], i % 2 ? text : NULL);
        assert_int_equal(halt_graceful(&f.shell, &halt, fixed_now() - 7000, NULL), 0);
        assert_file(f.raw, want);
        fixture_deinit(&f);
    }
}

static void test_other_reasons_write_no_file_and_no_line(void **state)
{
    for (int reason = 71; reason <= 72; reason++) {
        struct fixture f;
        fixture_init(&f);
        struct upgrade_halt halt = halt_of(reason, "info", "why");
        assert_int_equal(halt_graceful(&f.shell, &halt, fixed_now() - 7000, NULL), 0);
        assert_false(fs_exists(f.file));
        assert_file(f.raw, "");
        assert_true(file_contains(f.log_path, "why"));
        assert_int_equal(halt_exit_code(&f.holder), reason);
        assert_int_equal(f.asked, 1);
        fixture_deinit(&f);
    }
}

static void test_stay_alive_asks_for_nothing(void **state)
{
    struct fixture f;
    fixture_init(&f);
    f.shell.stay_alive = true;
    struct upgrade_halt halt = halt_of(70, "", NULL);
    assert_int_equal(halt_graceful(&f.shell, &halt, fixed_now() - 7000, NULL), 0);
    assert_int_equal(f.asked, 0);
    assert_int_equal(halt_exit_code(&f.holder), 70);
    fixture_deinit(&f);
}

// Every way in which step 1 can fail: the rest happens, but for the NEEDED line.
static void test_file_failure_keeps_intent_and_code(void **state)
{
    for (int way = 0; way < 3; way++) {
        struct fixture f;
        fixture_init(&f);
        char target[128] = "";
        if (way == 0)
            f.shell.data_dir = "/nonexistent/folder";
        if (way == 1) // a folder stands where the file should be
            assert_int_equal(mkdir(f.file, 0700), 0);
        if (way == 2) { // a file stands where the folder should be
            snprintf(target, sizeof target, "%s/stderr", f.dir);
            f.shell.data_dir = target;
        }
        struct upgrade_halt halt = halt_of(70, "", NULL);
        struct err e = {0};
        assert_true(halt_graceful(&f.shell, &halt, fixed_now() - 7000, &e) < 0);
        assert_true(strlen(e.text) > 0);
        assert_file(f.raw, "");
        assert_true(file_contains(f.log_path, "cannot write upgrade-info.json"));
        assert_true(file_contains(f.log_path, "upgrade_required"));
        assert_int_equal(halt_exit_code(&f.holder), 70);
        assert_int_equal(f.asked, 1);
        if (way == 1)
            rmdir(f.file);
        fixture_deinit(&f);
    }
}

static void test_file_of_an_earlier_upgrade_is_replaced(void **state)
{
    struct fixture f;
    fixture_init(&f);
    assert_int_equal(fs_write_atomic(f.file, "{\"name\":\"v1\"}", 13, 0644, NULL), 0);
    struct upgrade_halt halt = halt_of(70, "", NULL);
    assert_int_equal(halt_graceful(&f.shell, &halt, fixed_now() - 7000, NULL), 0);
    assert_file(f.file, "{\"name\":\"v2\",\"height\":120}");
    fixture_deinit(&f);
}

static void test_first_halt_wins(void **state)
{
    for (int first = 70; first <= 72; first++)
        for (int second = 70; second <= 72; second++) {
            struct fixture f;
            fixture_init(&f);
            struct upgrade_halt a = halt_of(first, "one", NULL), b = halt_of(second, "two", NULL);
            assert_int_equal(halt_graceful(&f.shell, &a, fixed_now() - 7000, NULL), 0);
            assert_int_equal(halt_graceful(&f.shell, &b, fixed_now() - 7000, NULL), 0);
            struct halt_intent intent;
            assert_true(halt_read(&f.holder, &intent));
            assert_int_equal(intent.reason, first);
            assert_string_equal(intent.info, "one");
            assert_int_equal(fs_exists(f.file), first == 70);
            assert_int_equal(f.asked, 1);
            fixture_deinit(&f);
        }
}

static void test_unset_holder(void **state)
{
    struct halt_holder h;
    halt_holder_init(&h);
    struct halt_intent intent = {.reason = -1};
    assert_false(halt_read(&h, &intent));
    assert_int_equal(intent.reason, -1);
    assert_int_equal(halt_exit_code(&h), 0);
    halt_holder_deinit(&h);
}

static void test_over_long_texts_are_cut_between_characters(void **state)
{
    struct fixture f;
    fixture_init(&f);
    // Two-byte characters, one byte in front: the limit falls inside a character.
    CLEANUP_BUF struct buf info = {0};
    buf_append_byte(&info, 'x');
    for (int i = 0; i < UPGRADE_INFO_MAX; i++)
        buf_append_str(&info, "\xc3\xbc");
    struct upgrade_halt halt = halt_of(72, buf_cstr(&info), NULL);
    assert_int_equal(halt_graceful(&f.shell, &halt, fixed_now() - 7000, NULL), 0);
    struct halt_intent intent;
    assert_true(halt_read(&f.holder, &intent));
    assert_int_equal(strlen(intent.info), UPGRADE_INFO_MAX - 1);
    fixture_deinit(&f);
}

// Readers see nothing or the whole of one intent, and one writer wins.
struct race {
    struct halt_holder holder;
    int winners;
    pthread_mutex_t lock;
};

static void *race_writer(void *arg)
{
    struct race *r = arg;
    static _Thread_local struct halt_intent intent;
    intent.reason = 70 + (int)(((uintptr_t)pthread_self() >> 12) % 3);
    memset(intent.info, 'a' + intent.reason - 70, UPGRADE_INFO_MAX);
    bool won = halt_latch(&r->holder, &intent);
    pthread_mutex_lock(&r->lock);
    r->winners += won;
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

static void *race_reader(void *arg)
{
    struct race *r = arg;
    static _Thread_local struct halt_intent got;
    while (!halt_read(&r->holder, &got))
        sched_yield();
    for (int i = 0; i < UPGRADE_INFO_MAX; i++)
        if (got.info[i] != 'a' + got.reason - 70)
            return arg;
    return NULL;
}

static void test_race(void **state)
{
    for (int round = 0; round < 20; round++) {
        struct race r = {.lock = PTHREAD_MUTEX_INITIALIZER};
        halt_holder_init(&r.holder);
        pthread_t threads[8];
        for (int i = 0; i < 8; i++)
            pthread_create(&threads[i], NULL, i < 4 ? race_reader : race_writer, &r);
        for (int i = 0; i < 8; i++) {
            void *torn = NULL;
            pthread_join(threads[i], &torn);
            assert_null(torn);
        }
        assert_int_equal(r.winners, 1);
        halt_holder_deinit(&r.holder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_upgrade_info_bytes),
        cmocka_unit_test(test_required_does_all_steps_in_order),
        cmocka_unit_test(test_needed_line_is_raw),
        cmocka_unit_test(test_other_reasons_write_no_file_and_no_line),
        cmocka_unit_test(test_stay_alive_asks_for_nothing),
        cmocka_unit_test(test_file_failure_keeps_intent_and_code),
        cmocka_unit_test(test_file_of_an_earlier_upgrade_is_replaced),
        cmocka_unit_test(test_first_halt_wins),
        cmocka_unit_test(test_unset_holder),
        cmocka_unit_test(test_over_long_texts_are_cut_between_characters),
        cmocka_unit_test(test_race),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
