#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/slice.h"

static void test_err_context_and_truncation(void **state)
{
    struct err e = {0};
    assert_int_equal(err_errno(&e, ENOENT, "cannot open %s", "x"), -ENOENT);
    assert_string_equal(e.text, "cannot open x: No such file or directory");
    assert_int_equal(err_context(&e, "genesis"), -ENOENT);
    assert_string_equal(e.text, "genesis: cannot open x: No such file or directory");
    for (int i = 0; i < 100; i++)
        err_context(&e, "again and again");
    assert_true(strlen(e.text) < sizeof e.text);
    assert_int_equal(err_set(NULL, -EINVAL, "nobody listens"), -EINVAL);
}

static void test_hex_round_trip_all_bytes(void **state)
{
    uint8_t in[256], out[256];
    char text[513];
    for (int i = 0; i < 256; i++)
        in[i] = (uint8_t)i;
    enc_hex_upper(in, sizeof in, text);
    assert_int_equal(enc_hex_decode(text, 512, out, sizeof out), 256);
    assert_memory_equal(in, out, 256);
    assert_int_equal(enc_hex_decode("0g", 2, out, sizeof out), -EINVAL);
    assert_int_equal(enc_hex_decode("abc", 3, out, sizeof out), -EINVAL);
    assert_int_equal(enc_hex_decode("abcd", 4, out, 1), -EINVAL);
}

static void test_base64_vectors(void **state)
{
    // RFC 4648 section 10.
    static const char *const vectors[][2] = {{"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        CLEANUP_BUF struct buf text = {0}, back = {0};
        enc_base64_append(&text, vectors[i][0], strlen(vectors[i][0]));
        assert_string_equal(buf_cstr(&text), vectors[i][1]);
        assert_int_equal(enc_base64_decode(vectors[i][1], strlen(vectors[i][1]), &back),
                         strlen(vectors[i][0]));
        assert_memory_equal(buf_cstr(&back), vectors[i][0], strlen(vectors[i][0]));
    }
    static const char *const bad[] = {
        "Zg", "Zg=", "Z===", "====", "Zh==", "Zm9=", "Zg==Zg==", "Z!=="};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CLEANUP_BUF struct buf back = {0};
        assert_int_equal(enc_base64_decode(bad[i], strlen(bad[i]), &back), -EINVAL);
        assert_int_equal(back.len, 0);
    }
}

static void test_buf_printf_grows(void **state)
{
    CLEANUP_BUF struct buf b = {0};
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, "%0*d", i, 7);
    assert_int_equal(b.len, 1 + 999 * 1000 / 2);
}

static void test_arena_alignment_and_reuse(void **state)
{
    CLEANUP_ARENA struct arena a = {0};
    for (size_t size = 0; size < 40000; size += 777) {
        void *p = arena_alloc(&a, size);
        assert_int_equal((uintptr_t)p % 16, 0);
        memset(p, 0xa5, size);
    }
    arena_clear(&a);
    assert_string_equal(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
}

static void test_slice_order(void **state)
{
    assert_true(slice_cmp(SLICE_LIT("a"), SLICE_LIT("ab")) < 0);
    assert_true(slice_cmp(SLICE_LIT("b"), SLICE_LIT("ab")) > 0);
    assert_int_equal(slice_cmp(SLICE_NULL, SLICE_LIT("")), 0);
    assert_true(slice_has_prefix(SLICE_LIT("abc"), SLICE_LIT("ab")));
    assert_false(slice_has_prefix(SLICE_LIT("a"), SLICE_LIT("ab")));
}

static void test_write_atomic_replaces_and_cleans(void **state)
{
    char dir[] = "/tmp/test_base.XXXXXX", path[64], bad[64];
    struct err e = {0};
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/f", dir);
    assert_int_equal(fs_write_atomic(path, "one", 3, 0600, &e), 0);
    assert_int_equal(fs_write_atomic(path, "second", 6, 0644, &e), 0);
    CLEANUP_BUF struct buf b = {0};
    assert_int_equal(fs_read(path, 6, &b, &e), 0);
    assert_string_equal(buf_cstr(&b), "second");
    assert_int_equal(fs_read(path, 5, &b, &e), -EFBIG);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    // A folder in the way: the rename fails, and nothing is left behind.
    snprintf(bad, sizeof bad, "%s/d", dir);
    assert_int_equal(mkdir(bad, 0700), 0);
    assert_true(fs_write_atomic(bad, "x", 1, 0600, &e) < 0);
    assert_int_equal(rmdir(bad), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void test_lock_names_the_holder(void **state)
{
    char path[] = "/tmp/test_lock.XXXXXX";
    struct err e = {0};
    close(mkstemp(path));
    int fd;
    pid_t pid;
    assert_int_equal(fs_lock_pidfile(path, &fd, &pid, &e), 0);
    pid_t child = fork();
    if (child == 0) {
        int other;
        pid_t holder = 0;
        _exit(fs_lock_pidfile(path, &other, &holder, &e) == FS_LOCKED && holder == getppid() ? 0
                                                                                             : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    close(fd);
    unlink(path);
}

static void test_log_line_is_escaped(void **state)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct log log = {.fd = fds[1], .level = LOG_INFO, .format = LOG_PLAIN};
    log_debug(&log, "not seen");
    log_info(&log, "hello", LOG_STR("s", "a b\n"), LOG_INT("n", -5), LOG_STR("t", "x"));
    log_info(&log, "no fields");
    char text[256];
    ssize_t n = read(fds[0], text, sizeof text - 1);
    assert_true(n > 0);
    text[n] = '\0';
    assert_non_null(strstr(text, " INF hello s=\"a b\\n\" n=-5 t=x\n"));
    assert_non_null(strstr(text, " INF no fields\n"));
    assert_null(strstr(text, "not seen"));
    close(fds[0]);
    close(fds[1]);
}

static void test_log_line_is_json_whatever_it_says(void **state)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct log log = {.fd = fds[1], .level = LOG_INFO, .format = LOG_JSON};
    log_info(&log, "m\t\"", LOG_STR("s", "\xc3\xa9 \xff \xc3"), LOG_FLAG("b", true),
             LOG_UINT("u", UINT64_MAX), LOG_STR("none", NULL));
    char text[256];
    ssize_t n = read(fds[0], text, sizeof text - 1);
    assert_true(n > 0);
    text[n] = '\0';
    assert_memory_equal(text, "{\"level\":\"info\",\"time\":\"2", 25);
    const char *rest = strstr(text, "Z\"");
    assert_non_null(rest);
    assert_string_equal(rest,
                        "Z\",\"message\":\"m\\u0009\\\"\",\"s\":\"\xc3\xa9 \xef\xbf\xbd "
                        "\xef\xbf\xbd\",\"b\":true,\"u\":18446744073709551615,\"none\":\"\"}\n");
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_err_context_and_truncation),
        cmocka_unit_test(test_hex_round_trip_all_bytes),
        cmocka_unit_test(test_base64_vectors),
        cmocka_unit_test(test_buf_printf_grows),
        cmocka_unit_test(test_arena_alignment_and_reuse),
        cmocka_unit_test(test_slice_order),
        cmocka_unit_test(test_write_atomic_replaces_and_cleans),
        cmocka_unit_test(test_lock_names_the_holder),
        cmocka_unit_test(test_log_line_is_escaped),
        cmocka_unit_test(test_log_line_is_json_whatever_it_says),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
