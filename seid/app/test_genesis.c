#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "seid/app/bank.h"
#include "seid/app/json_scan.h"
#include "seid/app/keys.h"
#include "seid/app/test_kit.h"

// ---- the scanner

static void test_scan(void **state)
{
    static const struct {
        const char *text;
        const char *want; // "key=value;" a piece, "!" malformed, "-" not an object or list
    } cases[] = {
        {"{}", ""},
        {" [ ] ", ""},
        {"[1, \"a,]\\\"\" ,{\"x\":[2]} , null]", "=1;=\"a,]\\\"\";={\"x\":[2]};=null;"},
        {"{\"a\" : 1,\"b\":\"\\\\\" , \"c\":[[],{}]}", "a=1;b=\"\\\\\";c=[[],{}];"},
        {"{\"a\":1} x", "a=1;!"},
        {"{\"a\":1", "a=1;!"},
        {"{\"a\" 1}", "!"},
        {"{a:1}", "!"},
        {"[1 2]", "=1;!"},
        {"[,]", "!"},
        {"[[}]", "!"},
        {"[\"a]", "!"},
        {"7", "-"},
        {"", "-"},
        {"]", "-"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CLEANUP_BUF struct buf got = {0};
        struct json_scan s;
        struct slice key, value;
        int more = 0;
        if (!json_scan_begin(&s, slice_str(cases[i].text))) {
            assert_string_equal(cases[i].want, "-");
            continue;
        }
        while ((more = json_scan_next(&s, &key, &value)) > 0)
            buf_printf(&got, "%.*s=%.*s;", (int)key.len, (const char *)key.data, (int)value.len,
                       (const char *)value.data);
        if (more < 0)
            buf_append_str(&got, "!");
        if (strcmp(buf_cstr(&got), cases[i].want) != 0)
            fail_msg("%s: want %s got %s", cases[i].text, cases[i].want, buf_cstr(&got));
    }
    // Deeper than the limit.
    char deep[2 * JSON_SCAN_DEPTH_MAX + 8];
    memset(deep, '[', sizeof deep);
    struct json_scan s;
    struct slice key, value;
    assert_true(json_scan_begin(&s, slice_of(deep, sizeof deep)));
    assert_int_equal(json_scan_next(&s, &key, &value), -1);
}

// ---- bad input: each with the path of what is wrong

#define ADDR0 "sei150rtrmj2f8vl9tem8qpfw36ylw5jg9j270mllc"
#define BASE "{\"@type\":\"/cosmos.auth.v1beta1.BaseAccount\",\"address\":\"" ADDR0 "\""

static int init_with(struct kit *k, const char *app_state, struct err *e)
{
    kv_mem_deinit(&k->state);
    kv_mem_init(&k->state);
    struct app_genesis genesis = {
        .chain_id = KIT_CHAIN, .initial_height = 1, .app_state_json = slice_str(app_state)};
    return app_init_chain(k->app, &k->state.kv, &genesis, e);
}

static void test_bad_input(void **state)
{
    static const struct {
        const char *json, *want; // start of the error
    } cases[] = {
        {"", "app_state: must be an object"},
        {"[]", "app_state: must be an object"},
        {"{\"auth\":{}", "app_state: malformed JSON"},
        {"{\"auth\":{}} {}", "app_state: malformed JSON"},
        {"{\"auth\":7}", "app_state.auth: must be an object"},
        {"{\"auth\":{},\"auth\":{}}", "app_state.auth: twice"},
        {"{\"auth\":{\"acounts\":[]}}", "app_state.auth.acounts: unknown member"},
        {"{\"mint\":{\"minter\":{}}}",
         "app_state.mint: must be empty: this chain does not have it"},
        {"{\"auth\":{\"accounts\":{}}}", "app_state.auth.accounts: must be a list"},
        {"{\"auth\":{\"accounts\":[7]}}", "app_state.auth.accounts[0]: must be an object"},
        {"{\"auth\":{\"accounts\":[{]}}", "app_state: malformed JSON"},
        {"{\"auth\":{\"accounts\":[{}]}}", "app_state.auth.accounts[0].@type: must be "},
        {"{\"auth\":{\"accounts\":[" BASE "}," BASE "}]}}",
         "app_state.auth.accounts[1].address: a second account with this address"},
        {"{\"auth\":{\"accounts\":[" BASE ",\"sequence\":-1}]}}",
         "app_state.auth.accounts[0].sequence: must be a number from 0 to 2^64-1"},
        {"{\"auth\":{\"accounts\":[" BASE ",\"account_number\":\"18446744073709551615\"}]}}",
         "app_state.auth.accounts[0].account_number: too large"},
        {"{\"auth\":{\"accounts\":[" BASE ",\"account_number\":\"18446744073709551616\"}]}}",
         "app_state.auth.accounts[0].account_number: must be a number from 0 to 2^64-1"},
        {"{\"auth\":{\"accounts\":[" BASE ",\"pub_key\":{\"@type\":\"x\",\"key\":\"!\"}}]}}",
         "app_state.auth.accounts[0].pub_key: no key in base64"},
        {"{\"auth\":{\"accounts\":[" BASE ",\"pub_key\":{\"@type\":"
         "\"/cosmos.crypto.secp256k1.PubKey\",\"key\":\"AAAA\"}}]}}",
         "app_state.auth.accounts[0].pub_key: no key of a type that this chain knows"},
        {"{\"auth\":{\"accounts\":[{\"@type\":\"/cosmos.vesting.v1beta1.BaseVestingAccount\"}]}}",
         "app_state.auth.accounts[0].@type: must be "},
        {"{\"auth\":{\"params\":{\"tx_sig_limit\":\"7\"}}}",
         "app_state.auth.params: every parameter must be positive"},
        {"{\"bank\":{\"balances\":[{\"address\":\"cosmos1\",\"coins\":[]}]}}",
         "app_state.bank.balances[0].address: "},
        {"{\"bank\":{\"balances\":[{\"address\":\"" ADDR0
         "\",\"coins\":[{\"denom\":\"usei\",\"amount\":\"-1\"}]}]}}",
         "app_state.bank.balances[0].coins: "},
        {"{\"bank\":{\"balances\":[{\"address\":\"" ADDR0
         "\",\"coins\":[{\"denom\":\"usei\",\"amount\":5}]}]}}",
         "app_state.bank.balances[0].coins: element 0 is no coin"},
        {"{\"bank\":{\"balances\":[{\"address\":\"" ADDR0
         "\",\"coins\":[{\"denom\":\"usei\",\"amount\":\"1\"},{\"denom\":\"abc\",\"amount\":"
         "\"1\"}]}]}}",
         "app_state.bank.balances[0].coins: "},
        {"{\"bank\":{\"balances\":[{\"address\":\"" ADDR0
         "\",\"coins\":[{\"denom\":\"usei\",\"amount\":\"1\"}]},{\"address\":\"" ADDR0
         "\",\"coins\":[{\"denom\":\"usei\",\"amount\":\"1\"}]}]}}",
         "app_state.bank.balances[1].address: a second balance of this address"},
        {"{\"bank\":{\"supply\":[{\"denom\":\"usei\",\"amount\":\"2\"}],\"balances\":[{\"address\":"
         "\"" ADDR0 "\",\"coins\":[{\"denom\":\"usei\",\"amount\":\"1\"}]}]}}",
         "app_state.bank.supply: genesis supply is incorrect, expected 1usei, got 2usei"},
        {"{\"staking\":{\"delegations\":[{}]}}",
         "app_state.staking.delegations.delegations: must be empty"},
        {"{\"staking\":{\"validators\":[{}]}}",
         "app_state.staking.validators[0].operator_address: missing"},
        {"{\"staking\":{\"params\":{\"bond_denom\":\"!\"}}}",
         "app_state.staking.params.bond_denom: no denom"},
        {"{\"gov\":{\"params\":{\"quorum\":\"2\"}}}",
         "app_state.gov.params.min_deposit: must not be empty"},
        {"{\"gov\":{\"params\":{\"min_deposit\":[{\"denom\":\"usei\",\"amount\":\"1\"}],"
         "\"max_deposit_period\":\"2s\",\"voting_period\":\"-2s\"}}}",
         "app_state.gov.params.voting_period: must be positive and at most 100 years"},
        {"{\"gov\":{\"params\":{\"min_deposit\":[{\"denom\":\"usei\",\"amount\":\"1\"}],"
         "\"max_deposit_period\":\"2s\",\"voting_period\":\"2s\",\"quorum\":\"1.1\"}}}",
         "app_state.gov.params.quorum: must be a decimal from 0 to 1"},
        {"{\"gov\":{\"params\":{\"nope\":1}}}", "app_state.gov.params: "},
        {"{\"gov\":{\"starting_proposal_id\":\"x\"}}", "app_state.gov.starting_proposal_id.id: "},
        {"{\"gov\":{\"starting_proposal_id\":\"1\",\"proposals\":[{\"id\":\"1\",\"status\":"
         "\"PROPOSAL_STATUS_PASSED\"}]}}",
         "app_state.gov.starting_proposal_id: must be above the id of every proposal"},
        {"{\"gov\":{\"starting_proposal_id\":\"2\",\"proposals\":[{\"id\":\"1\",\"status\":"
         "\"PROPOSAL_STATUS_VOTING_PERIOD\"}]}}",
         "app_state.gov.proposals[0].voting_end_time: missing"},
        {"{\"gov\":{\"deposits\":[{\"proposal_id\":\"1\",\"depositor\":\"" ADDR0
         "\",\"amount\":[{\"denom\":\"usei\",\"amount\":\"5\"}]}]}}",
         "app_state.gov.deposits: the gov account holds less than 5usei"},
        {"{\"upgrade\":{\"plan\":{\"name\":\"\",\"height\":\"5\"}}}",
         "app_state.upgrade.plan: name cannot be empty: invalid request"},
        {"{\"upgrade\":{\"applied_plans\":[{\"name\":\"v1\",\"height\":\"0\"}]}}",
         "app_state.upgrade.applied_plans[0]: needs a name and a positive height"},
        {"{\"upgrade\":{\"what\":1}}", "app_state.upgrade.what: unknown member"},
    };
    struct kit k;
    kit_init(&k, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = {0};
        int r = init_with(&k, cases[i].json, &e);
        if (r >= 0 || strncmp(e.text, cases[i].want, strlen(cases[i].want)) != 0)
            fail_msg("%s\n want %s\n got  %d %s", cases[i].json, cases[i].want, r, e.text);
    }
    kit_deinit(&k);
}

// A genesis cut anywhere is refused, never a crash.
static void test_every_truncation(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    const char *good = kit_genesis(&k, NULL);
    size_t len = strlen(good);
    char *copy = arena_strndup(&k.arena, good, len);
    for (size_t cut = len - 1; cut > 0; cut -= cut > 400 ? 37 : 1) {
        struct err e = {0};
        copy[cut] = 0;
        kv_mem_deinit(&k.state);
        kv_mem_init(&k.state);
        if (kit_init_chain(&k, copy, &e) >= 0)
            fail_msg("accepted when cut at %zu of %zu", cut, len);
    }
    kit_deinit(&k);
}

// The validators of the file and those of the state must be the same.
static void test_validators_must_agree(void **state)
{
    struct kit k;
    struct err e = {0};
    kit_init(&k, NULL);
    assert_int_equal(init_with(&k, kit_genesis(&k, NULL), &e), -22);
    assert_string_equal(e.text,
                        "app_state.staking.validators: the one of one is not among the genesis "
                        "file's validators with the power of its tokens divided by 1000000");
    kv_mem_deinit(&k.state);
    kv_mem_init(&k.state);
    assert_int_equal(kit_init_chain(&k, "{}", &e), -22);
    assert_string_equal(e.text, "app_state.staking.validators: 0 are bonded, but the genesis file "
                                "has 1 validators");
    kit_deinit(&k);
}

// What is repeated gets the lowest free number, in order; what is unique stays.
static void test_account_numbers(void **state)
{
    static const struct {
        uint64_t given[KIT_KEYS], want[KIT_KEYS];
    } cases[] = {
        {{0, 0, 0, 0, 0, 0, 0, 0}, {0, 1, 2, 3, 4, 5, 6, 7}},
        {{7, 6, 5, 4, 3, 2, 1, 0}, {7, 6, 5, 4, 3, 2, 1, 0}},
        {{5, 5, 1, 1, 0, 0, 9, 9}, {5, 4, 1, 3, 0, 2, 9, 6}},
        {{1, 1, 1, 2, 2, 3, 0, 100}, {1, 4, 5, 2, 6, 3, 0, 100}},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct kit k;
        CLEANUP_BUF struct buf json = {0};
        struct err e = {0};
        uint64_t next = 0;
        kit_init(&k, NULL);
        buf_append_str(&json, "{\"auth\":{\"accounts\":[");
        for (int i = 0; i < KIT_KEYS; i++)
            buf_printf(&json,
                       "%s{\"@type\":\"/cosmos.auth.v1beta1.BaseAccount\",\"address\":\"%s\","
                       "\"account_number\":%llu}",
                       i ? "," : "", k.keys[i].text, (unsigned long long)cases[c].given[i]);
        buf_append_str(&json, "]}}");
        if (init_with(&k, buf_cstr(&json), &e) < 0)
            fail_msg("%s", e.text);
        bool used[128] = {false};
        for (int i = 0; i < KIT_KEYS; i++) {
            struct account a;
            assert_true(auth_get(&k.state.kv, slice_of(k.keys[i].address, 20), &a));
            if (a.number != cases[c].want[i])
                fail_msg("case %zu account %d: %llu", c, i, (unsigned long long)a.number);
            assert_false(used[a.number]);
            used[a.number] = true;
            if (a.number >= next)
                next = a.number + 1;
        }
        // The module accounts come next.
        struct account fee;
        assert_true(auth_get(&k.state.kv, auth_module_address(k.app, AUTH_FEE_COLLECTOR), &fee));
        assert_int_equal(fee.number, next);
        kit_deinit(&k);
    }
}

// Genesis in the SDK's own shape, with everything that it writes for an empty chain.
static void test_sdk_shape(void **state)
{
    static const char json[] =
        "{\"auth\":{\"params\":{\"max_memo_characters\":\"256\",\"tx_sig_limit\":\"7\","
        "\"tx_size_cost_per_byte\":\"10\",\"sig_verify_cost_ed25519\":\"590\","
        "\"sig_verify_cost_secp256k1\":\"1000\"},\"accounts\":[]},\"bank\":{\"params\":"
        "{\"send_enabled\":[],\"default_send_enabled\":true},\"balances\":[],\"supply\":[],"
        "\"denom_metadata\":[{\"description\":\"d\",\"denom_units\":[{\"denom\":\"usei\","
        "\"exponent\":0,\"aliases\":[]}],\"base\":\"usei\",\"display\":\"sei\",\"name\":\"Sei\","
        "\"symbol\":\"SEI\",\"uri\":\"\",\"uri_hash\":\"\"}],\"send_enabled\":[{\"denom\":"
        "\"ustop\","
        "\"enabled\":false}]},\"genutil\":{\"gen_txs\":[]},\"gov\":{\"starting_proposal_id\":\"1\","
        "\"deposits\":[],\"votes\":[],\"proposals\":[],\"deposit_params\":null,"
        "\"voting_params\":null,\"tally_params\":null,\"params\":{\"min_deposit\":[{\"denom\":"
        "\"usei\",\"amount\":\"10000000\"}],\"max_deposit_period\":\"172800s\","
        "\"voting_period\":\"172800s\",\"quorum\":\"0.334000000000000000\",\"threshold\":"
        "\"0.500000000000000000\",\"veto_threshold\":\"0.334000000000000000\","
        "\"min_initial_deposit_ratio\":\"0.000000000000000000\",\"proposal_cancel_ratio\":"
        "\"0.500000000000000000\",\"proposal_cancel_dest\":\"\",\"expedited_voting_period\":"
        "\"86400s\",\"expedited_threshold\":\"0.667000000000000000\",\"expedited_min_deposit\":"
        "[{\"denom\":\"usei\",\"amount\":\"50000000\"}],\"burn_vote_quorum\":false,"
        "\"burn_proposal_deposit_prevote\":false,\"burn_vote_veto\":true,\"min_deposit_ratio\":"
        "\"0.010000000000000000\"},\"constitution\":\"c\"},\"mint\":{},\"params\":null,"
        "\"runtime\":null,\"staking\":{\"params\":{\"unbonding_time\":\"1814400s\","
        "\"max_validators\":100,\"bond_denom\":\"usei\"},\"last_total_power\":\"0\","
        "\"last_validator_powers\":[],\"validators\":[],\"delegations\":[],"
        "\"unbonding_delegations\":[],\"redelegations\":[],\"exported\":false},\"upgrade\":{}}";
    struct kit k;
    struct err e = {0};
    struct bank_params params;
    kit_init(&k, NULL);
    if (init_with(&k, json, &e) < 0)
        fail_msg("%s", e.text);
    bank_get_params(&k.state.kv, &k.arena, &params);
    assert_int_equal(params.count, 1);
    assert_string_equal(params.list[0].denom, "ustop");
    assert_false(params.list[0].enabled);
    kit_deinit(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_validators_must_agree),
        cmocka_unit_test(test_account_numbers),
        cmocka_unit_test(test_sdk_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
