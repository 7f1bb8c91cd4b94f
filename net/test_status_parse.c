#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/json_span.h"
#include "net/status_parse.h"

// As CometBFT 0.38 prints it.
#define NODE                                                                                       \
    "\"node_info\":{\"protocol_version\":{\"p2p\":\"8\",\"block\":\"11\",\"app\":\"0\"},"          \
    "\"id\":\"5576458aef205977e18fd50b274e9b5d9014525a\",\"network\":\"sei-1\","                   \
    "\"version\":\"0.38.25\",\"moniker\":\"node-é\",\"other\":{\"tx_index\":\"on\"}}"
#define SYNC(height)                                                                               \
    "\"sync_info\":{\"latest_block_hash\":\"AB\",\"latest_app_hash\":\"CD\","                      \
    "\"latest_block_height\":" height ",\"latest_block_time\":\"2026-01-02T03:04:05.6Z\","         \
    "\"earliest_block_height\":\"1\",\"catching_up\":false}"
#define INTENT                                                                                     \
    "{\"reason\":70,\"reason_string\":\"upgrade_required\",\"plan_name\":\"v2\",\"height\":120,"   \
    "\"announced_at\":\"2026-01-02T03:04:05Z\"}"
#define WRAP(status) "{\"jsonrpc\":\"2.0\",\"id\":-1,\"result\":" status "}"

static int parse(const char *json, struct node_status *ret, char text[256])
{
    text[0] = '\0';
    return status_parse(slice_str(json), ret, text, 256);
}

static void test_healthy_bare_and_wrapped(void **state)
{
    static const char *const shapes[] = {
        "{" NODE "," SYNC("\"120\"") "}",
        WRAP("{" NODE "," SYNC("\"120\"") "}"),
        " {" NODE " , " SYNC("120") "}\n",
        "{\"jsonrpc\":\"2.0\",\"result\":{" SYNC("120") "," NODE "},\"id\":\"x\"}",
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct node_status s;
        char text[256];
        assert_int_equal(parse(shapes[i], &s, text), 0);
        assert_int_equal(s.wrapped, i % 2);
        assert_int_equal(s.intent_state, STATUS_INTENT_ABSENT);
        assert_int_equal(s.height, 120);
        assert_int_equal(s.earliest_height, 1);
        assert_int_equal(s.catching_up, 0);
        assert_string_equal(s.network, "sei-1");
        assert_string_equal(s.moniker, "node-é");
        assert_string_equal(s.version, "0.38.25");
        assert_string_equal(s.node_id, "5576458aef205977e18fd50b274e9b5d9014525a");
        assert_string_equal(s.block_time, "2026-01-02T03:04:05.6Z");
        assert_string_equal(s.app_hash, "CD");
        assert_string_equal(s.note, "");
        node_status_deinit(&s);
    }
}

// Absent, null, valid, invalid: four different things, wrapped or not.
static void test_four_kinds_of_intent(void **state)
{
    static const struct {
        const char *member; // with its comma
        enum status_intent kind;
        int64_t reason;
    } rows[] = {
        {"", STATUS_INTENT_ABSENT, 0},
        {",\"halt_intents\":" INTENT, STATUS_INTENT_ABSENT, 0},
        {",\"other\":{\"halt_intent\":" INTENT "}", STATUS_INTENT_ABSENT, 0},
        {",\"x\":\"\\\",\\\"halt_intent\\\":\"", STATUS_INTENT_ABSENT, 0},
        {",\"halt_intent\":null", STATUS_INTENT_NULL, 0},
        {",\"halt_intent\" : null ", STATUS_INTENT_NULL, 0},
        {",\"halt_intent\":" INTENT, STATUS_INTENT_VALID, 70},
        {",\"halt_intent\": " INTENT " ", STATUS_INTENT_VALID, 70},
        {",\"halt\\u005fintent\":" INTENT, STATUS_INTENT_VALID, 70},
        {",\"halt_intent\":{\"reason\":79,\"announced_at\":\"2026-01-02T03:04:05Z\"}",
         STATUS_INTENT_VALID, 79},
        {",\"halt_intent\":{\"reason\":123456789012,\"announced_at\":\"2026-01-02T03:04:05Z\","
         "\"new\":[{}]}",
         STATUS_INTENT_VALID, 123456789012},
        {",\"halt_intent\":{}", STATUS_INTENT_INVALID, 0},
        {",\"halt_intent\":[]", STATUS_INTENT_INVALID, 0},
        {",\"halt_intent\":70", STATUS_INTENT_INVALID, 0},
        {",\"halt_intent\":\"null\"", STATUS_INTENT_INVALID, 0},
        {",\"halt_intent\":false", STATUS_INTENT_INVALID, 0},
        {",\"halt_intent\":{\"reason\":\"70\",\"announced_at\":\"2026-01-02T03:04:05Z\"}",
         STATUS_INTENT_INVALID, 0},
        {",\"halt_intent\":{\"reason\":70,\"reason\":71,\"announced_at\":\"2026-01-02T03:04:05Z\"}",
         STATUS_INTENT_INVALID, 0},
        {",\"halt_intent\":{\"reason\":70,\"announced_at\":\"yesterday\"}", STATUS_INTENT_INVALID,
         0},
        {",\"halt_intent\":" INTENT ",\"halt_intent\":" INTENT, STATUS_INTENT_INVALID, 0},
        {",\"halt_intent\":null,\"halt_intent\":" INTENT, STATUS_INTENT_INVALID, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t shape = 0; shape < 2; shape++) {
            char json[2048], text[256];
            struct node_status s;
            int len = shape
                          ? snprintf(json, sizeof json, "{\"result\":{%s%s},\"id\":1}",
                                     SYNC("\"120\""), rows[i].member)
                          : snprintf(json, sizeof json, "{%s%s}", SYNC("\"120\""), rows[i].member);
            assert_true(len > 0 && (size_t)len < sizeof json);
            assert_int_equal(parse(json, &s, text), 0);
            if (s.intent_state != rows[i].kind || s.height != 120)
                fail_msg("%s: %d %s", json, (int)s.intent_state, s.intent_error);
            if (s.intent_state == STATUS_INTENT_VALID)
                assert_int_equal(s.intent.reason, rows[i].reason);
            assert_int_equal(s.intent_error[0] != '\0', s.intent_state == STATUS_INTENT_INVALID);
            node_status_deinit(&s);
        }
    }
}

static void test_intent_is_read_whole(void **state)
{
    struct node_status s;
    char text[256];
    assert_int_equal(parse("{" SYNC("119") ",\"halt_intent\":" INTENT "}", &s, text), 0);
    assert_int_equal(s.intent.height, 120);
    assert_int_equal(s.intent.plan_name.len, 2);
    assert_memory_equal(s.intent.plan_name.data, "v2", 2);
    assert_int_equal(s.intent.announced_s, 1767323045);
    node_status_deinit(&s);
}

// A halt is not lost because a neighbour looks strange.
static void test_strange_neighbours(void **state)
{
    static const struct {
        const char *json;
        const char *note;
    } rows[] = {
        {"{\"halt_intent\":" INTENT "}", ""},
        {"{\"sync_info\":{},\"node_info\":{},\"halt_intent\":" INTENT "}", ""},
        {"{\"sync_info\":null,\"halt_intent\":" INTENT "}", "sync_info is not an object"},
        {"{\"node_info\":[],\"halt_intent\":" INTENT "}", "node_info is not an object"},
        {"{" SYNC("\"-1\"") ",\"halt_intent\":" INTENT "}", "latest_block_height is not a height"},
        {"{" SYNC("-1") ",\"halt_intent\":" INTENT "}", "latest_block_height is not a height"},
        {"{" SYNC("\"12x\"") ",\"halt_intent\":" INTENT "}", "latest_block_height is not a height"},
        {"{" SYNC("\"\"") ",\"halt_intent\":" INTENT "}", "latest_block_height is not a height"},
        {"{" SYNC("\" 1\"") ",\"halt_intent\":" INTENT "}", "latest_block_height is not a height"},
        {"{" SYNC("1.5") ",\"halt_intent\":" INTENT "}", "latest_block_height is not a height"},
        {"{" SYNC("[]") ",\"halt_intent\":" INTENT "}", "latest_block_height is not a height"},
        {"{" SYNC("\"9223372036854775808\"") ",\"halt_intent\":" INTENT "}",
         "latest_block_height is not a height"},
        {"{\"sync_info\":{\"catching_up\":\"no\"},\"halt_intent\":" INTENT "}",
         "catching_up is not a boolean"},
        {"{\"node_info\":{\"network\":1},\"halt_intent\":" INTENT "}", "network is not a string"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct node_status s;
        char text[256];
        assert_int_equal(parse(rows[i].json, &s, text), 0);
        assert_int_equal(s.intent_state, STATUS_INTENT_VALID);
        assert_int_equal(s.intent.reason, 70);
        assert_int_equal(s.height, -1);
        assert_int_equal(s.catching_up, rows[i].note[0] == 'l' ? 0 : -1);
        assert_string_equal(s.note, rows[i].note);
        node_status_deinit(&s);
    }
}

static void test_what_is_no_status(void **state)
{
    static const struct {
        const char *json;
        int result;
        const char *text; // in it
    } rows[] = {
        {"", STATUS_NOT_JSON, "not JSON"},
        {"<html>", STATUS_NOT_JSON, "not JSON"},
        {"{" SYNC("1"), STATUS_NOT_JSON, "not JSON"},
        {"{" SYNC("1") "}x", STATUS_NOT_JSON, "not JSON"},
        {"{" SYNC("1") ",\"x\":\"\xff\"}", STATUS_NOT_JSON, "not JSON"},
        {"{" SYNC("99999999999999999999") "}", STATUS_NOT_JSON, "too big integer"},
        {"[]", STATUS_NOT_STATUS, "no /status"},
        {"\"x\"", STATUS_NOT_JSON, "not JSON"},
        {"{}", STATUS_NOT_STATUS, "no /status"},
        {"{\"result\":null}", STATUS_NOT_STATUS, "no /status"},
        {"{\"result\":{\"result\":{" SYNC("1") "}}}", STATUS_NOT_STATUS, "no /status"},
        {"{\"result\":{},\"result\":{" SYNC("1") "}}", STATUS_NOT_STATUS, "more than one result"},
        {"{\"jsonrpc\":\"2.0\",\"id\":-1,\"error\":{\"code\":-32603,\"message\":\"Internal error\","
         "\"data\":\"locked\"}}",
         STATUS_RPC_ERROR, "Internal error: locked"},
        {"{\"code\":-32601,\"message\":\"Method not found\"}", STATUS_RPC_ERROR,
         "Method not found"},
        {"{\"error\":{}}", STATUS_RPC_ERROR, "no message"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct node_status s;
        char text[256];
        int result = parse(rows[i].json, &s, text);
        if (result != rows[i].result || !strstr(text, rows[i].text))
            fail_msg("%s: %d %s", rows[i].json, result, text);
        assert_int_equal(s.height, -1);
        node_status_deinit(&s);
    }
}

static void test_limits(void **state)
{
    CLEANUP_BUF struct buf deep = {0}, large = {0};
    struct node_status s;
    char text[256];
    // As deep as is allowed, then one more.
    for (unsigned extra = 0; extra < 2; extra++) {
        buf_clear(&deep);
        buf_append_str(&deep, "{\"sync_info\":");
        for (unsigned i = 0; i < NET_STATUS_DEPTH_MAX - 1 + extra; i++)
            buf_append_byte(&deep, '[');
        for (unsigned i = 0; i < NET_STATUS_DEPTH_MAX - 1 + extra; i++)
            buf_append_byte(&deep, ']');
        buf_append_byte(&deep, '}');
        assert_int_equal(status_parse(buf_slice(&deep), &s, text, sizeof text),
                         extra ? STATUS_NOT_JSON : 0);
        node_status_deinit(&s);
    }
    assert_string_equal(text, "the answer nests deeper than 256");
    buf_clear(&deep);
    for (int i = 0; i < 1000000; i++)
        buf_append_byte(&deep, '[');
    assert_int_equal(status_parse(buf_slice(&deep), &s, NULL, 0), STATUS_NOT_JSON);

    buf_append_str(&large, "{" SYNC("7") "}");
    while (large.len < NET_STATUS_MAX)
        buf_append_byte(&large, ' ');
    assert_int_equal(status_parse(buf_slice(&large), &s, text, sizeof text), 0);
    assert_int_equal(s.height, 7);
    buf_append_byte(&large, ' ');
    assert_int_equal(status_parse(buf_slice(&large), &s, text, sizeof text), STATUS_NOT_JSON);
    assert_string_equal(text, "the answer is larger than 1310720 bytes");
}

static void test_long_texts_are_cut_between_characters(void **state)
{
    CLEANUP_BUF struct buf json = {0};
    struct node_status s;
    buf_append_str(&json, "{\"node_info\":{\"moniker\":\"x");
    for (int i = 0; i < 300; i++)
        buf_append_str(&json, "é");
    buf_append_str(&json, "\",\"network\":\"a\\u0000b\"}}");
    assert_int_equal(status_parse(buf_slice(&json), &s, NULL, 0), 0);
    assert_int_equal(strlen(s.moniker), NET_STATUS_TEXT_MAX - 1);
    assert_string_equal(s.moniker + NET_STATUS_TEXT_MAX - 3, "é");
    assert_string_equal(s.network, "a");
    node_status_deinit(&s);
}

// Any beginning of an answer is no status, and reads nothing behind its end.
static void test_every_prefix(void **state)
{
    static const char whole[] = WRAP("{" NODE "," SYNC("\"1\"") ",\"halt_intent\":" INTENT "}");
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        CLEANUP_BUF struct buf exact = {0};
        struct node_status s;
        buf_append(&exact, whole, len);
        assert_int_equal(status_parse(buf_slice(&exact), &s, NULL, 0), STATUS_NOT_JSON);
        struct slice value;
        json_span_member(buf_slice(&exact), "result", &value); // stays inside
    }
}

static void test_span_of_a_member(void **state)
{
    static const struct {
        const char *json, *key;
        unsigned found;
        const char *value;
    } rows[] = {
        {"{}", "a", 0, NULL},
        {"[]", "a", 0, NULL},
        {"{\"a\":1}", "a", 1, "1"},
        {" { \"b\" : [1,{\"a\":2}] , \"a\" : { \"x\":\"}\" } } ", "a", 1, "{ \"x\":\"}\" }"},
        {"{\"a\":1,\"a\":\"two\"}", "a", 2, "\"two\""},
        {"{\"\\u0061\\u0062\":-1.5e3 }", "ab", 1, "-1.5e3"},
        {"{\"\\n\":1,\"a\\\"b\":2}", "a\"b", 1, "2"},
        {"{\"ab\":1,\"\":2}", "a", 0, NULL},
        {"{\"a\":1,\"\":2}", "", 1, "2"},
        {"{\"\\u00e9\":1}", "e", 0, NULL},
        {"{\"s\":\"\\\\\",\"a\":[\"]\"]}", "a", 1, "[\"]\"]"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice value = SLICE_NULL;
        assert_int_equal(json_span_member(slice_str(rows[i].json), rows[i].key, &value),
                         rows[i].found);
        if (rows[i].found)
            assert_true(slice_eq(value, slice_str(rows[i].value)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_healthy_bare_and_wrapped),
        cmocka_unit_test(test_four_kinds_of_intent),
        cmocka_unit_test(test_intent_is_read_whole),
        cmocka_unit_test(test_strange_neighbours),
        cmocka_unit_test(test_what_is_no_status),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_long_texts_are_cut_between_characters),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_span_of_a_member),
    };
    return cmocka_run_group_tests_name("status_parse", tests, NULL, NULL);
}
