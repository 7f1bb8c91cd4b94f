#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "net/limits.h"
#include "net/page_send.h"
#include "net/test_peer.h"

static const struct page_detail details[] = {{"plan", "v2"}, {"block-height", "120"}, {"9", ""}};
static const struct page sample = {.dedup_key = "host/v2/120",
                                   .summary = "seid halted: downgrade_detected",
                                   .source = "seivisor@host",
                                   .component = "seid",
                                   .group = "",
                                   .class_name = "downgrade_detected",
                                   .at = "2026-01-02T03:04:05Z",
                                   .ttl_s = 3600,
                                   .severity = PAGE_CRITICAL,
                                   .details = details,
                                   .detail_count = 3};
enum { NOW_S = 1767323100 }; // 03:05:00

static void test_bodies(void **state)
{
    static const struct {
        enum page_target_kind kind;
        enum page_action action;
        const char *json;
    } rows[] = {
        {PAGE_WEBHOOK, PAGE_TRIGGER,
         "{\"action\":\"trigger\",\"dedup_key\":\"host/v2/120\",\"severity\":\"critical\","
         "\"summary\":\"seid halted: downgrade_detected\",\"source\":\"seivisor@host\","
         "\"component\":\"seid\",\"group\":\"\",\"class\":\"downgrade_detected\","
         "\"at\":\"2026-01-02T03:04:05Z\",\"details\":{\"plan\":\"v2\",\"block-height\":\"120\","
         "\"9\":\"\"}}"},
        {PAGE_ALERTMANAGER, PAGE_TRIGGER,
         "[{\"labels\":{\"alertname\":\"SeiHalt\",\"dedup_key\":\"host/v2/120\","
         "\"severity\":\"critical\",\"component\":\"seid\",\"class\":\"downgrade_detected\"},"
         "\"annotations\":{\"plan\":\"v2\",\"block_height\":\"120\","
         "\"summary\":\"seid halted: downgrade_detected\",\"source\":\"seivisor@host\"},"
         "\"startsAt\":\"2026-01-02T03:04:05Z\",\"endsAt\":\"2026-01-02T04:05:00Z\"}]"},
        {PAGE_ALERTMANAGER, PAGE_RESOLVE,
         "[{\"labels\":{\"alertname\":\"SeiHalt\",\"dedup_key\":\"host/v2/120\","
         "\"severity\":\"critical\",\"component\":\"seid\",\"class\":\"downgrade_detected\"},"
         "\"annotations\":{\"plan\":\"v2\",\"block_height\":\"120\","
         "\"summary\":\"seid halted: downgrade_detected\",\"source\":\"seivisor@host\"},"
         "\"startsAt\":\"2026-01-02T03:04:05Z\",\"endsAt\":\"2026-01-02T03:05:00Z\"}]"},
        {PAGE_PAGERDUTY, PAGE_TRIGGER,
         "{\"routing_key\":\"s3cret\",\"event_action\":\"trigger\",\"dedup_key\":\"host/v2/120\","
         "\"payload\":{\"summary\":\"seid halted: downgrade_detected\","
         "\"source\":\"seivisor@host\",\"severity\":\"critical\","
         "\"timestamp\":\"2026-01-02T03:04:05Z\",\"component\":\"seid\","
         "\"class\":\"downgrade_detected\",\"custom_details\":{\"plan\":\"v2\","
         "\"block-height\":\"120\",\"9\":\"\"}}}"},
        {PAGE_PAGERDUTY, PAGE_RESOLVE,
         "{\"routing_key\":\"s3cret\",\"event_action\":\"resolve\",\"dedup_key\":\"host/v2/120\"}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CLEANUP_BUF struct buf body = {0};
        struct page_target target = {.kind = rows[i].kind, .routing_key = "s3cret"};
        page_body(&target, &sample, rows[i].action, NOW_S, &body);
        assert_string_equal(buf_cstr(&body), rows[i].json);
    }
    struct page forever = sample;
    struct page_target target = {.kind = PAGE_ALERTMANAGER};
    CLEANUP_BUF struct buf body = {0};
    forever.ttl_s = 0;
    page_body(&target, &forever, PAGE_TRIGGER, NOW_S, &body);
    assert_null(strstr(buf_cstr(&body), "endsAt"));
}

// A resolve in the second of its trigger: the start must not lie behind the end.
static void test_a_quick_end(void **state)
{
    struct page page = sample;
    struct page_target target = {.kind = PAGE_ALERTMANAGER};
    CLEANUP_BUF struct buf quick = {0}, later = {0};
    page.at = "2026-01-02T03:05:00.5Z";
    page_body(&target, &page, PAGE_RESOLVE, NOW_S, &quick);
    assert_non_null(
        strstr(buf_cstr(&quick),
               "\"startsAt\":\"2026-01-02T03:05:00Z\",\"endsAt\":\"2026-01-02T03:05:00Z\""));
    page_body(&target, &page, PAGE_RESOLVE, NOW_S + 1, &later);
    assert_non_null(
        strstr(buf_cstr(&later),
               "\"startsAt\":\"2026-01-02T03:05:00.5Z\",\"endsAt\":\"2026-01-02T03:05:01Z\""));
}

// Every status and every outcome means exactly one thing.
static void test_judgement_of_all_answers(void **state)
{
    for (int status = 100; status < 600; status++) {
        struct page_verdict v;
        struct http_response r = {.status = status, .retry_after_ms = 7};
        bool retry = status >= 500 || status == 408 || status == 425 || status == 429;
        bool taken = status >= 200 && status < 300;
        page_judge(&r, &v);
        assert_int_equal(v.result, taken ? PAGER_TAKEN : retry ? PAGER_RETRY : PAGER_REFUSED);
        assert_int_equal(v.retry_after_ms, 7);
    }
    for (int outcome = HTTP_BAD_REQUEST; outcome <= HTTP_FAILED; outcome++) {
        struct page_verdict v;
        struct http_response r = {.outcome = (enum http_outcome)outcome, .detail = "why"};
        page_judge(&r, &v);
        bool refused = outcome == HTTP_BAD_REQUEST;
        assert_int_equal(v.result, refused ? PAGER_REFUSED : PAGER_RETRY);
        assert_string_equal(v.text, refused ? "refused: why" : "retry: why");
    }
}

static void test_text_of_a_refusal_is_one_line(void **state)
{
    struct page_verdict v;
    CLEANUP_HTTP_RESPONSE struct http_response r = {.status = 400};
    page_judge(&r, &v);
    assert_string_equal(v.text, "refused: HTTP 400");
    buf_append_str(&r.body, "bad\nkey\x1b[31m \xff\n\n");
    page_judge(&r, &v);
    assert_string_equal(v.text, "refused: HTTP 400 bad key [31m");
    for (int i = 0; i < 1000; i++)
        buf_append_str(&r.body, "x");
    page_judge(&r, &v);
    assert_true(strlen(v.text) < 200);
}

static int read_targets(const char *json, struct arena *arena, struct page_target **ret,
                        size_t *ret_count, struct err *e)
{
    json_t *array = json_loads(json, JSON_DECODE_ANY, NULL);
    assert_non_null(array);
    int result = page_targets_read(array, arena, ret, ret_count, e);
    json_decref(array);
    return result;
}

static void test_targets(void **state)
{
    CLEANUP_ARENA struct arena arena = {0};
    struct page_target *t;
    size_t count;
    struct err e = {0};
    char path[] = "/tmp/test_page_send.XXXXXX", json[1024];
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "filekey \n", 9), 9);
    close(fd);
    setenv("TEST_ROUTING_KEY", "envkey", 1);
    snprintf(json, sizeof json,
             "[{\"name\":\"w\",\"kind\":\"webhook\",\"url\":\"https://h/x?y=z\","
             "\"headers\":{\"X-A\":\"1\"},\"authorization_file\":\"%s\",\"new\":1},"
             "{\"name\":\"a\",\"kind\":\"alertmanager\",\"url\":\"http://am:9093/\"},"
             "{\"name\":\"b\",\"kind\":\"alertmanager\",\"url\":\"http://am/x/api/v2/alerts\"},"
             "{\"name\":\"p\",\"kind\":\"pagerduty\",\"routing_key\":\"k\"},"
             "{\"name\":\"q\",\"kind\":\"pagerduty\",\"routing_key_file\":\"%s\","
             "\"url\":\"http://pd\"},"
             "{\"name\":\"r\",\"kind\":\"pagerduty\",\"routing_key_env\":\"TEST_ROUTING_KEY\"}]",
             path, path);
    assert_int_equal(read_targets(json, &arena, &t, &count, &e), 0);
    assert_int_equal(count, 6);
    assert_string_equal(t[0].url, "https://h/x?y=z");
    assert_int_equal(t[0].header_count, 2);
    assert_string_equal(t[0].headers[1].name, "Authorization");
    assert_string_equal(t[0].headers[1].value, "filekey");
    assert_string_equal(t[1].url, "http://am:9093/api/v2/alerts");
    assert_string_equal(t[2].url, "http://am/x/api/v2/alerts");
    assert_string_equal(t[3].url, PAGE_PAGERDUTY_URL);
    assert_string_equal(t[3].routing_key, "k");
    assert_string_equal(t[4].routing_key, "filekey");
    assert_string_equal(t[5].routing_key, "envkey");
    unlink(path);
    unsetenv("TEST_ROUTING_KEY");
}

static void test_targets_that_are_none(void **state)
{
    static const char *const rows[][2] = {
        {"{}", "the targets are no array"},
        {"[1]", "a target has no name"},
        {"[{\"kind\":\"webhook\"}]", "a target has no name"},
        {"[{\"name\":\"a b\"}]", "a target's name is not 1 to 64 letters, digits, . _ or -"},
        {"[{\"name\":7}]", "\"name\" is not a string"},
        {"[{\"name\":\"x\",\"kind\":\"pigeon\"}]",
         "target x: \"kind\" is not webhook, alertmanager or pagerduty"},
        {"[{\"name\":\"x\",\"kind\":\"webhook\"}]",
         "target x: \"url\" is no http:// or https:// URL"},
        {"[{\"name\":\"x\",\"kind\":\"webhook\",\"url\":\"ftp://secret\"}]",
         "target x: \"url\" is no http:// or https:// URL"},
        {"[{\"name\":\"x\",\"kind\":\"webhook\",\"url\":\"http://h\",\"headers\":[]}]",
         "target x: \"headers\" is not an object"},
        {"[{\"name\":\"x\",\"kind\":\"webhook\",\"url\":\"http://h\",\"headers\":{\"A\":1}}]",
         "target x: the header A is not a string"},
        {"[{\"name\":\"x\",\"kind\":\"pagerduty\"}]",
         "target x: pagerduty needs routing_key, routing_key_file or routing_key_env"},
        {"[{\"name\":\"x\",\"kind\":\"pagerduty\",\"routing_key_env\":\"TEST_NOT_SET\"}]",
         "target x: the variable TEST_NOT_SET is not set"},
        {"[{\"name\":\"x\",\"kind\":\"pagerduty\",\"routing_key_file\":\"/no/such\"}]",
         "target x: cannot open /no/such: No such file or directory"},
        {"[{\"name\":\"x\",\"kind\":\"pagerduty\",\"routing_key_file\":\"/dev/zero\"}]",
         "target x: /dev/zero is larger than 4096 bytes"},
        {"[{\"name\":\"x\",\"kind\":\"pagerduty\",\"routing_key_file\":\"/dev/null\"}]",
         "target x: /dev/null holds no secret"},
        {"[{\"name\":\"x\",\"kind\":\"webhook\",\"url\":\"http://h\"},"
         "{\"name\":\"x\",\"kind\":\"webhook\",\"url\":\"http://h\"}]",
         "two targets are named x"},
        {"[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "more than 16 targets"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CLEANUP_ARENA struct arena arena = {0};
        struct page_target *targets;
        size_t count;
        struct err e = {0};
        assert_true(read_targets(rows[i][0], &arena, &targets, &count, &e) < 0);
        assert_string_equal(e.text, rows[i][1]);
    }
}

static void on_sent(void *arg, const struct page_verdict *verdict)
{
    *(struct page_verdict *)arg = *verdict;
}

static void test_sending(void **state)
{
    struct test_peer peer;
    char url[64];
    uv_loop_t loop;
    struct page_verdict verdict = {0};
    struct http_header header = {"Authorization", "Bearer s3cret"};
    test_peer_start(&peer, PEER_ANSWERS,
                    "HTTP/1.1 429 Slow down\r\nRetry-After: 3\r\nConnection: close\r\n\r\nslow");
    snprintf(url, sizeof url, "http://127.0.0.1:%d/hook", peer.port);
    struct page_target target = {
        .kind = PAGE_WEBHOOK, .url = url, .headers = &header, .header_count = 1};
    assert_int_equal(uv_loop_init(&loop), 0);
    struct http_client *client = http_client_new(&loop);
    page_send_start(client, &target, &sample, PAGE_TRIGGER, NOW_S, 2000, NULL, on_sent, &verdict);
    page_send_cancel(
        page_send_start(client, &target, &sample, PAGE_RESOLVE, NOW_S, 2000, NULL, on_sent, NULL));
    uv_run(&loop, UV_RUN_DEFAULT);
    http_client_free(client);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    test_peer_stop(&peer);
    assert_int_equal(verdict.result, PAGER_RETRY);
    assert_int_equal(verdict.retry_after_ms, 3000);
    assert_string_equal(verdict.text, "retry: HTTP 429 slow");
    assert_non_null(strstr(peer.request, "POST /hook HTTP/1.1\r\n"));
    assert_non_null(strstr(peer.request, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(peer.request, "Authorization: Bearer s3cret\r\n"));
    assert_non_null(strstr(peer.request, "\r\n\r\n{\"action\":\"trigger\","));
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_a_quick_end),
        cmocka_unit_test(test_judgement_of_all_answers),
        cmocka_unit_test(test_text_of_a_refusal_is_one_line),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_targets_that_are_none),
        cmocka_unit_test(test_sending),
    };
    return cmocka_run_group_tests_name("page_send", tests, NULL, NULL);
}
