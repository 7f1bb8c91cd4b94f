#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>
#include <seihalt.h>

static void test_every_exit_code(void **state)
{
    for (int code = -1000; code < 70000; code++) {
        enum sei_halt_reason reason = SEI_HALT_DOWNGRADE_DETECTED;
        bool known = code == 70 || code == 71 || code == 72;
        assert_int_equal(sei_halt_parse_exit_code(code, &reason), known);
        assert_int_equal(reason, known ? code : 0);
        assert_int_equal(sei_halt_parse_exit_code(code, NULL), known);
        enum sei_halt_class want = code == 0                  ? SEI_HALT_CLASS_SUCCESS
                                   : known                    ? SEI_HALT_CLASS_CONTRACT
                                   : code >= 73 && code <= 89 ? SEI_HALT_CLASS_RESERVED
                                                              : SEI_HALT_CLASS_CRASH;
        assert_int_equal(sei_halt_classify_exit_code(code), want);
    }
}

static void test_tokens(void **state)
{
    assert_string_equal(sei_halt_reason_string(70), "upgrade_required");
    assert_string_equal(sei_halt_reason_string(71), "binary_too_new");
    assert_string_equal(sei_halt_reason_string(72), "downgrade_detected");
    for (int64_t number = -300; number < 300; number++)
        if (number < 70 || number > 72)
            assert_string_equal(sei_halt_reason_string(number), "unknown");
    assert_string_equal(sei_halt_reason_string(INT64_MIN), "unknown");
    assert_string_equal(sei_halt_reason_string((INT64_C(1) << 32) + 70), "unknown");
}

// The numbers are the project's promise to processes that were built years ago.
static void test_constants_and_sysexits(void **state)
{
    assert_int_equal(SEI_HALT_EXIT_UPGRADE_REQUIRED, 70);
    assert_int_equal(SEI_HALT_EXIT_BINARY_TOO_NEW, 71);
    assert_int_equal(SEI_HALT_EXIT_DOWNGRADE_DETECTED, 72);
    assert_int_equal(SEI_HALT_UPGRADE_REQUIRED, EX_SOFTWARE);
    assert_int_equal(SEI_HALT_BINARY_TOO_NEW, EX_OSERR);
    assert_int_equal(SEI_HALT_DOWNGRADE_DETECTED, EX_OSFILE);
    assert_int_equal(SEI_HALT_EXIT_RESERVED_FIRST, 73);
    assert_int_equal(SEI_HALT_EXIT_RESERVED_LAST, 89);
}

static enum sei_halt_class expected_class(int status, int *detail)
{
    // By the kernel's layout, not by the macros that the library uses.
    int low = status & 0x7f, high = status >> 8 & 0xff;
    *detail = high;
    if (low == 0)
        return sei_halt_classify_exit_code(high);
    if (low == 0x7f) {
        if ((status & 0xffff) == 0xffff)
            *detail = 0;
        return SEI_HALT_CLASS_NOT_ENDED;
    }
    *detail = low;
    return SEI_HALT_CLASS_SIGNAL;
}

static void test_every_wait_status(void **state)
{
    unsigned count[6] = {0};
    for (int status = 0; status < 65536; status++) {
        int want_detail, detail = -1;
        enum sei_halt_class want = expected_class(status, &want_detail);
        enum sei_halt_class got = sei_halt_classify_wait_status(status, &detail);
        // 0x..ff below 0xffff: no kernel makes them, but the answer must be one that is harmless.
        if ((status & 0xff) == 0xff && status != 0xffff) {
            assert_true(got == SEI_HALT_CLASS_NOT_ENDED);
            count[got]++;
            continue;
        }
        assert_int_equal(got, want);
        assert_int_equal(detail, want_detail);
        assert_int_equal(sei_halt_classify_wait_status(status, NULL), want);
        count[got]++;
    }
    assert_int_equal(count[SEI_HALT_CLASS_SUCCESS], 2); // with and without the core bit
    assert_int_equal(count[SEI_HALT_CLASS_CONTRACT], 6);
    assert_int_equal(count[SEI_HALT_CLASS_RESERVED], 2 * 17);
    assert_int_equal(count[SEI_HALT_CLASS_CRASH], 2 * 235);
    assert_int_equal(count[SEI_HALT_CLASS_SIGNAL], 65536 - 512 - 512);
    assert_int_equal(count[SEI_HALT_CLASS_NOT_ENDED], 512);
    int extremes[] = {-1, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < 3; i++)
        assert_in_range(sei_halt_classify_wait_status(extremes[i], NULL), 0, 5);
}

static void test_a_real_child(void **state)
{
    for (int code = 69; code <= 73; code++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(code);
        int status, detail;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(sei_halt_classify_wait_status(status, &detail),
                         sei_halt_classify_exit_code(code));
        assert_int_equal(detail, code);
    }
    pid_t pid = fork();
    if (pid == 0) {
        raise(SIGKILL);
        _exit(70);
    }
    int status, detail;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(sei_halt_classify_wait_status(status, &detail), SEI_HALT_CLASS_SIGNAL);
    assert_int_equal(detail, SIGKILL);
}

static struct sei_halt_text text_of(const char *s)
{
    return (struct sei_halt_text){s, strlen(s)};
}

static struct sei_halt_intent sample(void)
{
    struct sei_halt_intent intent = SEI_HALT_INTENT_INIT;
    intent.reason = SEI_HALT_UPGRADE_REQUIRED;
    intent.plan_name = text_of("v2");
    intent.height = 42;
    intent.info = text_of("a<b");
    intent.announced_s = 1795264496;
    intent.announced_ns = 789000000;
    return intent;
}

static const char sample_json[] =
    "{\"reason\":70,\"reason_string\":\"upgrade_required\",\"plan_name\":\"v2\",\"height\":42,"
    "\"info\":\"a\\u003cb\",\"announced_at\":\"2026-11-21T12:34:56.789Z\"}";

static void test_encode_into_every_size(void **state)
{
    struct sei_halt_intent intent = sample();
    size_t need = sizeof sample_json - 1;
    for (size_t cap = 0; cap < need + 3; cap++) {
        char *out = malloc(cap ? cap : 1); // exact, so that a sanitizer sees a write past it
        size_t len = 0;
        int result = sei_halt_intent_encode(&intent, cap ? out : NULL, cap, &len);
        assert_int_equal(result, cap > need ? 0 : SEI_HALT_NO_SPACE);
        assert_int_equal(len, need);
        if (result == 0)
            assert_string_equal(out, sample_json);
        free(out);
    }
}

static void test_decode_into_every_size(void **state)
{
    size_t need = strlen("upgrade_required") + strlen("v2") + strlen("a<b");
    for (size_t cap = 0; cap < need + 3; cap++) {
        struct sei_halt_intent intent = SEI_HALT_INTENT_INIT;
        char *text = malloc(cap ? cap : 1);
        size_t at = 999;
        intent.height = 7;
        int result = sei_halt_intent_decode(sample_json, sizeof sample_json - 1, &intent,
                                            cap ? text : NULL, cap, &at);
        assert_int_equal(result, cap >= need ? 0 : SEI_HALT_NO_SPACE);
        assert_int_equal(intent.height, result ? 7 : 42);
        assert_int_equal(at, 999);
        free(text);
    }
}

// Every prefix of a good text ends too early, at its end; nothing is written.
static void test_decode_every_prefix(void **state)
{
    for (size_t len = 0; len < sizeof sample_json - 1; len++) {
        struct sei_halt_intent intent = SEI_HALT_INTENT_INIT, before = intent;
        char text[256], *exact = malloc(len ? len : 1);
        size_t at = 999;
        memcpy(exact, sample_json, len);
        assert_int_equal(sei_halt_intent_decode(exact, len, &intent, text, sizeof text, &at),
                         SEI_HALT_E_TRUNCATED);
        assert_int_equal(at, len);
        assert_memory_equal(&intent, &before, sizeof intent);
        free(exact);
    }
}

// Every byte of a good text replaced by every other byte: never a crash, and an error names a byte
// that is there.
static void test_decode_every_flip(void **state)
{
    char json[sizeof sample_json], text[256];
    for (size_t i = 0; i < sizeof sample_json - 1; i++) {
        for (int byte = 0; byte < 256; byte++) {
            struct sei_halt_intent intent = SEI_HALT_INTENT_INIT;
            size_t at = 999;
            memcpy(json, sample_json, sizeof json);
            json[i] = (char)byte;
            int result = sei_halt_intent_decode(json, sizeof json - 1, &intent, text, 256, &at);
            assert_true(result <= 0);
            assert_true(result == 0 || at <= sizeof json - 1);
        }
    }
}

// The size of a struct is how library and caller may differ in version.
static void test_struct_sizes(void **state)
{
    struct {
        struct sei_halt_intent intent;
        char later[16];
    } newer = {.intent = sample()};
    char out[512], text[512];
    size_t len, at = 999;
    newer.intent.size = sizeof newer;
    memset(newer.later, 'x', sizeof newer.later);
    assert_int_equal(sei_halt_intent_encode(&newer.intent, out, sizeof out, &len), 0);
    assert_int_equal(sei_halt_intent_decode(out, len, &newer.intent, text, sizeof text, &at), 0);
    assert_int_equal(newer.intent.size, sizeof newer);
    char zero[16] = {0};
    assert_memory_equal(newer.later, zero, sizeof zero);
    for (size_t size = 0; size < sizeof(struct sei_halt_intent); size++) {
        struct sei_halt_intent old = sample();
        old.size = size;
        assert_int_equal(sei_halt_intent_encode(&old, out, sizeof out, &len), SEI_HALT_E_STRUCT);
        assert_int_equal(sei_halt_intent_decode(out, len, &old, text, sizeof text, &at),
                         SEI_HALT_E_STRUCT);
        assert_int_equal(at, 0);
    }
}

static void test_the_length_limit_both_ways(void **state)
{
    char *big = malloc(SEI_HALT_JSON_MAX + 2), *out = malloc(SEI_HALT_JSON_MAX + 1);
    char *text = malloc(SEI_HALT_JSON_MAX);
    struct sei_halt_intent intent = sample(), back = SEI_HALT_INTENT_INIT;
    size_t len, at;
    assert_int_equal(sei_halt_intent_encode(&intent, NULL, 0, &len), SEI_HALT_NO_SPACE);
    memset(big, 'a', SEI_HALT_JSON_MAX + 2);
    intent.info = (struct sei_halt_text){big, SEI_HALT_JSON_MAX - len + strlen("a\\u003cb")};
    assert_int_equal(sei_halt_intent_encode(&intent, out, SEI_HALT_JSON_MAX + 1, &len), 0);
    assert_int_equal(len, SEI_HALT_JSON_MAX);
    assert_int_equal(sei_halt_intent_decode(out, len, &back, text, SEI_HALT_JSON_MAX, &at), 0);
    assert_int_equal(back.info.len, intent.info.len);
    intent.info.len++;
    assert_int_equal(sei_halt_intent_encode(&intent, out, SEI_HALT_JSON_MAX + 1, &len),
                     SEI_HALT_E_TOO_LONG);
    // A length that cannot be is refused before anything is read.
    struct sei_halt_text *const texts[] = {&intent.info, &intent.plan_name, &intent.reason_string};
    for (size_t i = 0; i < 3; i++) {
        intent.info = intent.plan_name = intent.reason_string = (struct sei_halt_text){0};
        *texts[i] = (struct sei_halt_text){"x", SIZE_MAX};
        assert_int_equal(sei_halt_intent_encode(&intent, out, 10, &len), SEI_HALT_E_TOO_LONG);
    }
    memset(big, ' ', SEI_HALT_JSON_MAX + 1);
    big[0] = 'n';
    big[1] = 'u';
    big[2] = big[3] = 'l';
    assert_int_equal(sei_halt_intent_decode(big, SEI_HALT_JSON_MAX, &back, text, 1, &at),
                     SEI_HALT_NONE);
    assert_int_equal(sei_halt_intent_decode(big, SEI_HALT_JSON_MAX + 1, &back, text, 1, &at),
                     SEI_HALT_E_TOO_LONG);
    assert_int_equal(at, SEI_HALT_JSON_MAX);
    free(big);
    free(out);
    free(text);
}

// Every day of the years 0 to 800 (the calendar repeats after 400), then every 97th to year 9999,
// each at another second of the day, there and back.
static void test_every_day_round_trip(void **state)
{
    char out[256], text[256];
    for (int64_t day = -719528; day <= 2932896; day += day < -427332 ? 1 : 97) {
        struct sei_halt_intent intent = SEI_HALT_INTENT_INIT, back = SEI_HALT_INTENT_INIT;
        size_t len, at;
        intent.announced_s = day * 86400 + (day + 719528) * 7919 % 86400;
        assert_int_equal(sei_halt_intent_encode(&intent, out, sizeof out, &len), 0);
        assert_int_equal(sei_halt_intent_decode(out, len, &back, text, sizeof text, &at), 0);
        assert_true(back.announced_s == intent.announced_s);
    }
}

static void test_every_error_has_a_text(void **state)
{
    for (int error = SEI_HALT_E_TRAILING; error <= SEI_HALT_NO_SPACE; error++)
        assert_string_not_equal(sei_halt_error_string(error), "unknown error");
    assert_string_equal(sei_halt_error_string(SEI_HALT_E_TRAILING - 1), "unknown error");
    assert_string_equal(sei_halt_error_string(SEI_HALT_NO_SPACE + 1), "unknown error");
    assert_string_equal(sei_halt_class_string(SEI_HALT_CLASS_SIGNAL), "signal");
    assert_string_equal(sei_halt_version(), "1.0.0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_exit_code),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_constants_and_sysexits),
        cmocka_unit_test(test_every_wait_status),
        cmocka_unit_test(test_a_real_child),
        cmocka_unit_test(test_encode_into_every_size),
        cmocka_unit_test(test_decode_into_every_size),
        cmocka_unit_test(test_decode_every_prefix),
        cmocka_unit_test(test_decode_every_flip),
        cmocka_unit_test(test_struct_sizes),
        cmocka_unit_test(test_the_length_limit_both_ways),
        cmocka_unit_test(test_every_day_round_trip),
        cmocka_unit_test(test_every_error_has_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
