#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/enc.h"
#include "seid/config/genesis.h"
#include "wire/addr.h"

static const char good[] =
    "{\n \"genesis_time\": \"2026-01-02T03:04:05.5Z\", \"chain_id\": \"sei-test-1\",\n"
    " \"initial_height\": \"0\",\n"
    " \"app_state\": {\"a\":[{}],\n \"}\": \"\\\"{\"},\n"
    " \"consensus_params\": {\"block\": {\"max_bytes\": \"1000\", \"max_gas\": \"5\"},"
    " \"evidence\": {\"max_bytes\": \"10\"},"
    " \"validator\": {\"pub_key_types\": [\"ed25519\"]}},\n"
    " \"validators\": [{\"pub_key\": {\"type\": \"tendermint/PubKeyEd25519\", \"value\": "
    "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}, \"power\": \"5\"},"
    "{\"pub_key\": {\"type\": \"tendermint/PubKeyEd25519\", \"value\": "
    "\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\"}, \"power\": \"7\", \"name\": \"n\"}],\n"
    " \"app_hash\": \"\"\n}\n";

static void test_reading(void **state)
{
    struct arena arena CLEANUP_ARENA = {0};
    struct genesis g;
    struct err e = {0};
    if (genesis_parse("g", slice_str(good), &arena, &g, &e) < 0)
        fail_msg("%s", e.text);
    assert_string_equal(g.chain.chain_id, "sei-test-1");
    assert_true(g.chain.time_ns == INT64_C(1767323045500000000));
    assert_int_equal(g.chain.initial_height, 1);
    assert_int_equal(g.chain.params.block_max_bytes, 1000);
    assert_int_equal(g.chain.params.block_max_gas, 5);
    assert_int_equal(g.chain.params.evidence_max_age_blocks, 100000);
    assert_int_equal(g.chain.validator_count, 2);
    assert_int_equal(g.chain.validators[0].power, 7);
    assert_string_equal(g.chain.validators[0].name, "n");
    uint8_t address[20];
    addr_of_ed25519_pubkey(g.chain.validators[0].pub_key, address);
    assert_memory_equal(address, g.chain.validators[0].address, 20);
    assert_int_equal(g.app_state.data[0], '{');
    assert_true(slice_has_prefix(g.app_state, SLICE_LIT("{\"a\":[{}],")));
    assert_int_equal(g.app_state.data[g.app_state.len - 1], '}');
}

static void test_what_is_written_reads_the_same(void **state)
{
    struct arena arena CLEANUP_ARENA = {0};
    struct genesis g, again;
    struct err e = {0};
    assert_int_equal(genesis_parse("g", slice_str(good), &arena, &g, &e), 0);
    struct buf text CLEANUP_BUF = {0};
    assert_int_equal(genesis_write(&g, &text, &e), 0);
    if (genesis_parse("g", buf_slice(&text), &arena, &again, &e) < 0)
        fail_msg("%s", e.text);
    assert_string_equal(again.chain.chain_id, g.chain.chain_id);
    assert_true(again.chain.time_ns == g.chain.time_ns);
    assert_memory_equal(&again.chain.params, &g.chain.params, sizeof g.chain.params);
    assert_int_equal(again.chain.validator_count, 2);
    for (size_t i = 0; i < 2; i++)
        assert_memory_equal(again.chain.validators[i].pub_key, g.chain.validators[i].pub_key, 32);
}

// The good text with `from` replaced by `to`.
static int parse_with(const char *from, const char *to, struct err *e)
{
    struct arena arena CLEANUP_ARENA = {0};
    struct buf text CLEANUP_BUF = {0};
    const char *hit = strstr(good, from);
    assert_non_null(hit);
    buf_append(&text, good, (size_t)(hit - good));
    buf_append_str(&text, to);
    buf_append_str(&text, hit + strlen(from));
    struct genesis g;
    return genesis_parse("g", buf_slice(&text), &arena, &g, e);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *from, *to, *text;
    } rows[] = {
        {"\"chain_id\": \"sei-test-1\",", "", "g: chain_id: expected a string"},
        {"sei-test-1", "", "g: chain_id: must have 1 to 50 characters"},
        {"sei-test-1", "123456789012345678901234567890123456789012345678901",
         "g: chain_id: must have 1 to 50 characters"},
        {"2026-01-02T", "2026-13-02T",
         "g: genesis_time: expected a time such as 2026-01-02T03:04:05Z"},
        {"\"initial_height\": \"0\"", "\"initial_height\": 1",
         "g: initial_height: expected an integer in a string"},
        {"\"initial_height\": \"0\"", "\"initial_height\": \"-1\"",
         "g: initial_height: must not be negative"},
        {"\"app_hash\": \"\"", "\"app_hash\": \"00\"", "g: app_hash: must be empty"},
        {"\"app_hash\"", "\"app_hsah\"", "g: unknown member \"app_hsah\""},
        {"\"app_hash\": \"\"", "\"app_state\": {}", "g: app_state: stands there twice"},
        {"\"app_hash\": \"\"", "\"chain_id\": \"x\"",
         "g:8:11: duplicate object key near '\"chain_id\"'"},
        {"\"app_hash\": \"\"", "\"app_hash\": ", "g:9:1: unexpected token near '}'"},
        {"\"1000\"", "\"0\"",
         "g: consensus_params.block.max_bytes: must be between 1 and 104857600"},
        {"\"5\"}", "\"-2\"}", "g: consensus_params.block.max_gas: must be at least -1"},
        {"\"5\"}", "5}", "g: consensus_params.block.max_gas: expected an integer in a string"},
        {"\"max_gas\"", "\"max_gsa\"", "g: consensus_params.block: unknown member \"max_gsa\""},
        {"\"max_bytes\": \"10\"", "\"max_bytes\": \"1001\"",
         "g: consensus_params.evidence.max_bytes: must not pass block.max_bytes"},
        {"[\"ed25519\"]", "[\"secp256k1\"]",
         "g: consensus_params.validator.pub_key_types: only [\"ed25519\"] is supported"},
        {"\"power\": \"5\"", "\"power\": \"0\"", "g: validators[0].power: must be positive"},
        {"\"power\": \"5\"", "\"power\": \"1152921504606846976\"",
         "g: validators: the total power passes 2^60"},
        {"\"power\": \"5\"", "\"address\": \"00\", \"power\": \"5\"",
         "g: validators[0].address: expected 20 bytes in hexadecimal"},
        {"\"power\": \"5\"",
         "\"address\": \"0000000000000000000000000000000000000000\", \"power\": \"5\"",
         "g: validators[0].address: is not the address of its pub_key"},
        {"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "g: validators: one stands there twice"},
        {"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", "AQ==",
         "g: validators[1].pub_key.value: expected 32 bytes in base64"},
        {"PubKeyEd25519", "PubKeySecp256k1",
         "g: validators[0].pub_key.type: only tendermint/PubKeyEd25519 is supported"},
        {"\"validators\": [", "\"validators\": [1, ", "g: validators[0]: expected an object"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        if (parse_with(rows[i].from, rows[i].to, &e) >= 0)
            fail_msg("row %zu is taken", i);
        if (strcmp(e.text, rows[i].text) != 0)
            fail_msg("row %zu: %s", i, e.text);
    }
}

// Every proper prefix is refused.
static void test_cut_short(void **state)
{
    size_t len = strlen(good) - 2;
    for (size_t n = 0; n < len; n++) {
        struct arena arena CLEANUP_ARENA = {0};
        struct genesis g;
        struct err e = {0};
        assert_true(genesis_parse("g", slice_of(good, n), &arena, &g, &e) < 0);
        assert_true(strncmp(e.text, "g:", 2) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_what_is_written_reads_the_same),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_cut_short),
    };
    return cmocka_run_group_tests_name("genesis", tests, NULL, NULL);
}
