#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "seictl/cmd.h"
#include "seictl/subject.h"
#include "seictl/view.h"

#define TIME "\"announced_at\":\"2026-11-21T12:34:56Z\""

static void test_what_can_be_explained(void **state)
{
    static const struct {
        const char *text;
        enum subject_kind kind;
        int code;
    } cases[] = {
        {"70", SUBJECT_CODE, 70},
        {"0", SUBJECT_CODE, 0},
        {"255", SUBJECT_CODE, 255},
        {"upgrade_required", SUBJECT_CODE, 70},
        {"binary_too_new", SUBJECT_CODE, 71},
        {"downgrade_detected", SUBJECT_CODE, 72},
        {"null", SUBJECT_NULL, 0},
        {"{\"reason\":70," TIME "}", SUBJECT_INTENT, 0},
        {" {\"name\":\"v2\",\"height\":42,\"info\":\"\"}", SUBJECT_UPGRADE_INFO, 0},
        {"{\"name\":\"v2\",\"time\":\"0001-01-01T00:00:00Z\",\"height\":\"42\"}",
         SUBJECT_UPGRADE_INFO, 0},
        {"{\"sync_info\":{\"latest_block_height\":\"7\"}}", SUBJECT_STATUS, 0},
        {"{\"jsonrpc\":\"2.0\",\"result\":{\"sync_info\":{}}}", SUBJECT_STATUS, 0},
        {"127.0.0.1:26657", SUBJECT_NODE, 0},
        {"http://node", SUBJECT_NODE, 0},
        {"localhost", SUBJECT_NODE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct subject s CLEANUP_SUBJECT;
        struct err e = {0};
        subject_init(&s);
        if (subject_argument(&s, cases[i].text, &e) != 0)
            fail_msg("%s: %s", cases[i].text, e.text);
        assert_int_equal(s.kind, cases[i].kind);
        assert_int_equal(s.code, cases[i].code);
    }
}

static void test_what_cannot(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"256", "256 is no exit code: they go from 0 to 255"},
        {"4294967366", "4294967366 is no exit code: they go from 0 to 255"},
        {"-1", "\"-1\" is neither an exit code, nor a token, nor JSON, nor a file, nor an address "
               "(host:port)"},
        {"unknown", "\"unknown\" is neither an exit code, nor a token, nor JSON, nor a file, nor "
                    "an address (host:port)"},
        {"", "\"\" is neither an exit code, nor a token, nor JSON, nor a file, nor an address "
             "(host:port)"},
        {"{\"reason\":\"70\"," TIME "}", "not a halt intent: byte 10: of the wrong type"},
        {"{\"reason\":70}", "not a halt intent: byte 12: reason or announced_at is missing"},
        {"{\"reason\":70,", "not JSON: line 1, column 13: "},
        {"{}", "neither a halt intent, nor upgrade-info.json, nor a /status answer ("},
        {"{\"name\":7,\"height\":42}", "upgrade-info.json: \"name\" is no text, or empty"},
        {"{\"name\":\"\",\"height\":42}", "upgrade-info.json: \"name\" is no text, or empty"},
        {"{\"name\":\"a\",\"height\":0}", "upgrade-info.json: \"height\" is no number above 0"},
        {"{\"name\":\"a\",\"height\":\"1x\"}", "upgrade-info.json: \"height\" is no number above "
                                               "0"},
        {"{\"name\":\"a\",\"height\":\"\"}", "upgrade-info.json: \"height\" is no number above 0"},
        {"{\"name\":\"a\",\"height\":1.5}", "upgrade-info.json: \"height\" is no number above 0"},
        {"{\"name\":\"a\",\"height\":1,\"info\":{}}", "upgrade-info.json: \"info\" is no text"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct subject s CLEANUP_SUBJECT;
        struct err e = {0};
        subject_init(&s);
        assert_true(subject_argument(&s, cases[i].text, &e) < 0);
        if (strncmp(e.text, cases[i].says, strlen(cases[i].says)) != 0)
            fail_msg("%s: %s", cases[i].text, e.text);
    }
}

static void test_bytes_of_a_file(void **state)
{
    static const char good_and_more[] = "{\"reason\":70," TIME "}x";
    static const char *const bad[] = {"", "\xff", "7", "[]", "\"70\"", good_and_more};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct subject s CLEANUP_SUBJECT;
        struct err e = {0};
        subject_init(&s);
        assert_true(subject_read(&s, slice_str(bad[i]), &e) < 0);
        assert_true(strlen(e.text) > 0);
    }
    struct subject s CLEANUP_SUBJECT;
    struct err e = {0};
    subject_init(&s);
    char *big = calloc(1, SUBJECT_BYTES_MAX + 1);
    assert_true(subject_read(&s, slice_of(big, SUBJECT_BYTES_MAX + 1), &e) < 0);
    assert_string_equal(e.text, "longer than 1048576 bytes");
    free(big);
}

static void test_reasons_come_from_the_table(void **state)
{
    for (int number = -1; number < 256; number++) {
        bool contract = sei_halt_parse_exit_code(number, NULL);
        const struct subject_reason *reason = subject_reason(number);
        assert_int_equal(reason != NULL, contract || number == 0);
        if (contract)
            assert_string_equal(reason->token, sei_halt_reason_string(number));
        assert_int_equal(subject_reserved(number) != NULL,
                         sei_halt_classify_exit_code(number) == SEI_HALT_CLASS_RESERVED);
    }
}

static void test_conditions_that_are_none(void **state)
{
    static const char *const bad[] = {"",
                                      "halted",
                                      "halt=",
                                      "halt=0",
                                      "halt=-1",
                                      "halt=x",
                                      "height",
                                      "height=",
                                      "height=-1",
                                      "height=1x",
                                      "height=99999999999999999999",
                                      "version",
                                      "version=",
                                      "healthy=1",
                                      "Healthy"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct cond cond;
        struct err e = {0};
        if (cond_parse(bad[i], &cond, &e) == 0)
            fail_msg("\"%s\" is taken", bad[i]);
        assert_true(strlen(e.text) > 0);
    }
}

static struct probe_result answer(enum status_intent intent, int64_t height, int catching_up)
{
    struct probe_result r = {.outcome = PROBE_OK, .status = NODE_STATUS_INIT};
    r.status.intent_state = intent;
    r.status.intent = (struct sei_halt_intent)SEI_HALT_INTENT_INIT;
    r.status.intent.reason = 70;
    r.status.height = height;
    r.status.catching_up = catching_up;
    return r;
}

// Every condition against every kind of look at a node.
static void test_when_conditions_are_met(void **state)
{
    static const char *const conditions[] = {"halt",      "halt=70",   "halt=upgrade_required",
                                             "halt=71",   "height=42", "height=43",
                                             "version=2", "healthy"};
    const struct {
        const char *met; // a letter for each condition: y or n
        struct probe_result seen;
        const char *version;
    } cases[] = {
        {"nnnnynyy", answer(STATUS_INTENT_ABSENT, 42, 0), "2"},
        {"nnnnynny", answer(STATUS_INTENT_ABSENT, 42, 0), "2.1"},
        {"nnnnynnn", answer(STATUS_INTENT_ABSENT, 42, 1), NULL},
        {"nnnnyynn", answer(STATUS_INTENT_ABSENT, 43, -1), NULL},
        {"nnnnnnny", answer(STATUS_INTENT_ABSENT, -1, 0), NULL},
        {"nnnnynnn", answer(STATUS_INTENT_NULL, 42, 0), NULL},
        {"nnnnynnn", answer(STATUS_INTENT_INVALID, 42, 0), NULL},
        {"yyynynnn", answer(STATUS_INTENT_VALID, 42, 0), NULL},
        {"nnnnnnnn", {.outcome = PROBE_UNREACHABLE, .status = NODE_STATUS_INIT}, NULL},
        {"nnnnnnnn", {.outcome = PROBE_NO_STATUS, .status = NODE_STATUS_INIT}, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t j = 0; j < sizeof conditions / sizeof *conditions; j++) {
            struct cond cond;
            assert_int_equal(cond_parse(conditions[j], &cond, NULL), 0);
            if (cond_met(&cond, &cases[i].seen, cases[i].version) != (cases[i].met[j] == 'y'))
                fail_msg("case %zu, %s", i, conditions[j]);
        }
    }
}

static void test_durations(void **state)
{
    struct err e = {0};
    assert_int_equal(cmd_check_duration("-1.5s", &e), 0);
    assert_true(cmd_check_duration("30", &e) < 0);
    assert_string_equal(e.text, "\"30\" is no duration; write 30s, 500ms or 1m30s");
    assert_int_equal(cmd_check_interval("10ms", &e), 0);
    assert_true(cmd_check_interval("9.9ms", &e) < 0);
    assert_string_equal(e.text, "9.9ms is less than 10ms");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_can_be_explained),
        cmocka_unit_test(test_what_cannot),
        cmocka_unit_test(test_bytes_of_a_file),
        cmocka_unit_test(test_reasons_come_from_the_table),
        cmocka_unit_test(test_conditions_that_are_none),
        cmocka_unit_test(test_when_conditions_are_met),
        cmocka_unit_test(test_durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
