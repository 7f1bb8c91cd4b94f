#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/enc.h"
#include "seid/app/test_kit.h"

// A transfer: balances, fee, sequence, events, data.
static void test_transfer(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    const Tendermint__Abci__ExecTxResult *r =
        kit_deliver(&k, kit_tx1(&k, NULL, kit_send(&k, &k.keys[0], k.keys[1].text, "5usei")));
    if (r->code)
        fail_msg("%s", r->log);
    assert_int_equal(kit_balance(&k, k.keys[0].text, "usei"), KIT_BALANCE - 2005);
    assert_int_equal(kit_balance(&k, k.keys[1].text, "usei"), KIT_BALANCE + 5);
    assert_int_equal(kit_balance(&k, "sei17xpfvakm2amg962yls6f84z3kell8c5la4jkdu", "usei"), 2000);
    assert_int_equal(r->gas_wanted, 200000);
    assert_in_range(r->gas_used, 30000, 90000);
    // TxMsgData{msg_responses: [Any{type_url: "/cosmos.bank.v1beta1.MsgSendResponse"}]}
    static const uint8_t data[] = "\x12\x26\x0a\x24/cosmos.bank.v1beta1.MsgSendResponse";
    assert_int_equal(r->data.len, sizeof data - 1);
    assert_memory_equal(r->data.data, data, r->data.len);

    static const char *const types[] = {
        "coin_spent", "coin_received", "transfer",   "message",       "tx",       "tx",
        "tx",         "message",       "coin_spent", "coin_received", "transfer", "message"};
    assert_int_equal(r->n_events, sizeof types / sizeof *types);
    for (size_t i = 0; i < r->n_events; i++)
        assert_string_equal(r->events[i]->type, types[i]);
    assert_string_equal(kit_attribute(r->events, r->n_events, "tx", "fee"), "2000usei");
    assert_string_equal(kit_attribute(r->events, r->n_events, "tx", "fee_payer"), k.keys[0].text);
    assert_string_equal(kit_attribute(r->events + 8, 4, "transfer", "recipient"), k.keys[1].text);
    assert_string_equal(kit_attribute(r->events + 8, 4, "transfer", "amount"), "5usei");
    assert_string_equal(kit_attribute(r->events, r->n_events, "message", "action"),
                        "/cosmos.bank.v1beta1.MsgSend");

    struct account account;
    assert_true(auth_get(&k.state.kv, slice_of(k.keys[0].address, 20), &account));
    assert_int_equal(account.sequence, 1);
    assert_int_equal(account.key_type, AUTH_KEY_SECP256K1);
    kit_deinit(&k);
}

// import(export(x)) is x, byte for byte.
static void test_export_round_trip(void **state)
{
    struct kit k, again;
    struct err e = {0};
    char *json;
    uint8_t want[32], got[32];
    kit_init(&k, NULL);
    kit_deliver_ok(&k, kit_tx1(&k, NULL, kit_send(&k, &k.keys[0], k.keys[1].text, "5usei")));
    kit_deliver_ok(&k, kit_tx1(&k, &(struct kit_tx){.gas = 400000},
                               kit_upgrade_v1(&k, &k.keys[0], "v2", 50, "i<n>fo", "10000000usei")));
    kit_deliver_ok(&k, kit_tx1(&k, NULL, kit_vote(&k, &k.keys[0], 1, 1)));
    kit_deliver_ok(&k, kit_tx1(&k, NULL, kit_text_proposal(&k, &k.keys[0], "5usei")));
    kit_blocks(&k, 14); // the plan is scheduled, the second proposal still waits for deposits
    kit_deliver_ok(&k, kit_tx1(&k, NULL, kit_text_proposal(&k, &k.keys[0], "10000000usei")));
    kit_deliver_ok(&k, kit_tx1(&k, NULL, kit_vote(&k, &k.keys[0], 3, 3)));
    if (app_export(k.app, &k.state.kv, k.height, &json, &e) < 0)
        fail_msg("%s", e.text);
    kit_state_hash(&k, want);

    kit_init(&again, NULL);
    kv_mem_deinit(&again.state);
    kv_mem_init(&again.state);
    if (kit_init_chain(&again, json, &e) < 0)
        fail_msg("%s\n%s", e.text, json);
    kit_state_hash(&again, got);
    if (memcmp(got, want, 32) != 0) {
        char *second;
        assert_int_equal(app_export(again.app, &again.state.kv, 0, &second, &e), 0);
        size_t at = strspn(json, "{");
        while (json[at] && json[at] == second[at])
            at++;
        for (size_t i = 0; i < k.state.count && i < again.state.count; i++) {
            struct kv_mem_entry *a = &k.state.entries[i], *b = &again.state.entries[i];
            char ha[4096] = "", hb[4096] = "", hk[256] = "";
            if (slice_eq(a->key, b->key) && slice_eq(a->value, b->value))
                continue;
            enc_hex_lower(a->key.data, a->key.len < 100 ? a->key.len : 100, hk);
            enc_hex_lower(a->value.data, a->value.len < 2000 ? a->value.len : 2000, ha);
            enc_hex_lower(b->value.data, b->value.len < 2000 ? b->value.len : 2000, hb);
            fail_msg("key %s\n%s\n%s", hk, ha, hb);
        }
        fail_msg("states differ; exports at %zu:\n%.200s\n%.200s", at, json + at, second + at);
    }
    free(json);
    kit_deinit(&again);
    kit_deinit(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transfer),
        cmocka_unit_test(test_export_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
