// The ante chain and what messages answer: every code with its exact text.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/enc.h"
#include "seid/app/test_kit.h"
#include "wire/cosmostx.h"

static void expect_result(const Tendermint__Abci__ExecTxResult *r, const char *codespace,
                          uint32_t code, const char *log)
{
    if (r->code != code || strcmp(r->codespace, codespace) != 0 || strcmp(r->log, log) != 0)
        fail_msg("want %s/%u %s\ngot  %s/%u %s", codespace, code, log, r->codespace, r->code,
                 r->log);
}

static void refused(struct kit *k, struct slice tx, const char *codespace, uint32_t code,
                    const char *log)
{
    struct app_check_result r = kit_check(k, tx, APP_CHECK_NEW);
    if (r.code != code || strcmp(r.codespace, codespace) != 0 || strcmp(r.log, log) != 0)
        fail_msg("want %s/%u %s\ngot  %s/%u %s", codespace, code, log, r.codespace, r.code, r.log);
}

static struct slice transfer(struct kit *k, const struct kit_tx *o, const char *amount)
{
    return kit_tx1(k, o,
                   kit_send(k, o && o->signer ? o->signer : &k->keys[0], k->keys[1].text, amount));
}

// ---- the vector that cosmjs made

static void test_cosmjs_vector(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    struct slice tx = kit_tx1(&k,
                              &(struct kit_tx){.numbers_given = true,
                                               .account_number = 3,
                                               .sequence = 5,
                                               .fee = "2000usei",
                                               .gas = 200000},
                              kit_send(&k, &k.keys[0], k.keys[0].text, "1usei"));
    uint8_t hash[32];
    char text[65];
    cosmostx_hash(tx, hash);
    enc_hex_upper(hash, 32, text);
    assert_string_equal(text, "AF6ACE32C75AA7DCB097D3AE3CBDA2E0899BE397F5508343A8F30691E15A7471");
    // Made for another account number and sequence: the sequence is looked at first.
    refused(&k, tx, "sdk", 32,
            "account sequence mismatch, expected 0, got 5: incorrect account sequence");
    kit_deinit(&k);
}

// ---- one row a way to fail before messages run

struct ante_case {
    const char *name;
    struct kit_tx options;
    const char *amount;
    const char *codespace;
    uint32_t code;
    const char *log;
};

static void test_ante_codes(void **state)
{
    static char memo257[258];
    memset(memo257, 'm', 257);
    static const struct ante_case cases[] = {
        {"good", {0}, "5usei", "", 0, ""},
        {"sequence too high",
         {.numbers_given = true, .sequence = 4},
         "5usei",
         "sdk",
         32,
         "account sequence mismatch, expected 0, got 4: incorrect account sequence"},
        {"another account number",
         {.numbers_given = true, .account_number = 3},
         "5usei",
         "sdk",
         4,
         "signature verification failed; please verify account number (0) and chain-id "
         "(sei-test-1): unauthorized"},
        {"another chain",
         {.chain_id = "sei-test-2"},
         "5usei",
         "sdk",
         4,
         "signature verification failed; please verify account number (0) and chain-id "
         "(sei-test-1): unauthorized"},
        {"memo",
         {.memo = memo257},
         "5usei",
         "sdk",
         12,
         "maximum number of characters is 256 but received 257 characters: memo too large"},
        {"timed out",
         {.timeout_height = 1},
         "5usei",
         "sdk",
         30,
         "block height: 2, timeout height: 1: tx timeout height"},
        {"not yet timed out", {.timeout_height = 2}, "5usei", "", 0, ""},
        {"fee larger than the balance",
         {.fee = "1000000000001usei"},
         "5usei",
         "sdk",
         5,
         "spendable balance 1000000000000usei is smaller than 1000000000001usei: insufficient "
         "funds: insufficient funds"},
        {"fee in a denom that is not there",
         {.fee = "5nope"},
         "5usei",
         "sdk",
         5,
         "spendable balance 0nope is smaller than 5nope: insufficient funds: insufficient funds"},
        {"granter",
         {.granter = "sei17xpfvakm2amg962yls6f84z3kell8c5la4jkdu"},
         "5usei",
         "sdk",
         18,
         "fee grants are not enabled: invalid request"},
        {"payer who did not sign",
         {.payer = "sei17xpfvakm2amg962yls6f84z3kell8c5la4jkdu"},
         "5usei",
         "sdk",
         4,
         "wrong number of signers; expected 2, got 1: unauthorized"},
        {"payer that is no address", {.payer = "cosmos1"}, "5usei", "sdk", 7, NULL},
        {"gas for the size only", {.gas = 100}, "5usei", "sdk", 11, NULL},
    };
    struct kit k;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct ante_case *c = &cases[i];
        uint8_t before[32], after[32];
        kit_init(&k, NULL);
        kit_blocks(&k, 1);
        struct slice tx = transfer(&k, &c->options, c->amount);
        kit_state_hash(&k, before);
        struct app_check_result check = kit_check(&k, tx, APP_CHECK_NEW);
        const Tendermint__Abci__ExecTxResult *r = kit_deliver(&k, tx);
        if (check.code != c->code || r->code != c->code ||
            strcmp(r->codespace, c->codespace) != 0 || (c->log && strcmp(r->log, c->log) != 0) ||
            strcmp(check.log, r->log) != 0)
            fail_msg("%s: %s/%u %s; check %u %s", c->name, r->codespace, r->code, r->log,
                     check.code, check.log);
        // What fails here leaves no trace: no fee, no sequence.
        kit_state_hash(&k, after);
        if (c->code && memcmp(before, after, 32) != 0)
            fail_msg("%s: the state has changed", c->name);
        kit_deinit(&k);
    }
}

static void test_out_of_gas_texts(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    struct slice tx = transfer(&k, &(struct kit_tx){.gas = 500}, "5usei");
    const Tendermint__Abci__ExecTxResult *r = kit_deliver(&k, tx);
    assert_int_equal(r->code, 11);
    assert_string_equal(r->codespace, "sdk");
    assert_int_equal(r->gas_wanted, 500);
    assert_true(r->gas_used > 500);
    assert_string_equal(r->log, arena_printf(&k.arena,
                                             "out of gas in location: ReadFlat; gasWanted: 500, "
                                             "gasUsed: %lld: out of gas",
                                             (long long)r->gas_used));
    assert_int_equal(r->n_events, 0);

    // Enough for the ante chain but not for the message: the fee is gone, the sequence rises.
    r = kit_deliver(&k, transfer(&k, &(struct kit_tx){.gas = 31000}, "5usei"));
    assert_int_equal(r->code, 11);
    assert_non_null(strstr(r->log, "gasWanted: 31000, gasUsed: 3"));
    assert_true(r->n_events > 0);
    assert_int_equal(kit_balance(&k, k.keys[0].text, "usei"), KIT_BALANCE - 2000);
    assert_int_equal(kit_balance(&k, k.keys[1].text, "usei"), KIT_BALANCE);
    struct account account;
    assert_true(auth_get(&k.state.kv, slice_of(k.keys[0].address, 20), &account));
    assert_int_equal(account.sequence, 1);
    kit_deinit(&k);
}

// Whatever the gas limit: out of gas below some amount, good from there on.
static void test_gas_limit_is_monotonic(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    // Accounts have their keys, and no balance changes its number of digits from here on.
    for (int i = 0; i < 6; i++)
        kit_deliver_ok(&k, transfer(&k, NULL, "5usei"));
    uint64_t need = (uint64_t)kit_deliver(&k, transfer(&k, NULL, "5usei"))->gas_used;
    for (uint64_t gas = need - 5; gas <= need + 5; gas++) {
        const Tendermint__Abci__ExecTxResult *r =
            kit_deliver(&k, transfer(&k, &(struct kit_tx){.gas = gas}, "5usei"));
        // The gas itself is part of the transaction; its varint has one length here.
        if ((r->code == 0) != (gas >= need))
            fail_msg("gas %llu of %llu: %s", (unsigned long long)gas, (unsigned long long)need,
                     r->log);
    }
    kit_deinit(&k);
}

static void test_min_gas_prices_in_check_only(void **state)
{
    struct kit k;
    kit_init(&k, &(struct kit_options){.min_gas_prices = "0.02uatom,0.01usei"});
    struct slice poor = transfer(&k, &(struct kit_tx){.fee = "1999usei", .gas = 200000}, "5usei");
    refused(&k, poor, "sdk", 13,
            "insufficient fees; got: 1999usei required: 4000uatom,2000usei: insufficient fee");
    refused(&k, transfer(&k, &(struct kit_tx){.fee = "2000usei", .gas = 200001}, "5usei"), "sdk",
            13, "insufficient fees; got: 2000usei required: 4001uatom,2001usei: insufficient fee");
    refused(&k, transfer(&k, &(struct kit_tx){.fee = "2000usei", .gas = 200000}, "5usei"), "", 0,
            "");
    // In a block, and on recheck, the price is nobody's business any more.
    assert_int_equal(kit_check(&k, poor, APP_CHECK_RECHECK).code, 0);
    kit_deliver_ok(&k, poor);
    kit_deinit(&k);
}

// ---- decoding

static void test_decode_failures(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {{"", 0}, {"\x0a", 1}, {"\x00", 1}, {"\x12\x00\x0a\x00", 4}, {"\xff\xff\xff", 3}};
    struct kit k;
    kit_init(&k, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct app_check_result r =
            kit_check(&k, slice_of(cases[i].bytes, cases[i].len), APP_CHECK_NEW);
        // Nothing at all decodes, as an empty message, and has no messages.
        uint32_t want = cases[i].len ? 2 : 18;
        if (r.code != want)
            fail_msg("case %zu: %u %s", i, r.code, r.log);
        if (want == 2)
            assert_non_null(strstr(r.log, ": tx parse error"));
    }
    refused(&k, SLICE_LIT("\x0a\x00\x12\x00"), "sdk", 18,
            "must contain at least one message: invalid request");
    kit_deinit(&k);
}

// Every way to cut a good transaction short, and every flipped byte, is refused without a trace.
static void test_every_truncation_and_flip(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    struct slice good = transfer(&k, NULL, "5usei");
    uint8_t copy[1024];
    assert_true(good.len < sizeof copy);
    for (size_t len = 0; len < good.len; len++)
        assert_int_not_equal(kit_check(&k, slice_of(good.data, len), APP_CHECK_NEW).code, 0);
    for (size_t i = 0; i < good.len; i++) {
        memcpy(copy, good.data, good.len);
        copy[i] ^= 1;
        if (kit_check(&k, slice_of(copy, good.len), APP_CHECK_NEW).code == 0)
            fail_msg("accepted with byte %zu flipped", i);
    }
    assert_int_equal(kit_check(&k, good, APP_CHECK_NEW).code, 0);
    kit_deinit(&k);
}

static void test_message_that_is_none(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    Cosmos__Gov__V1beta1__TextProposal text = COSMOS__GOV__V1BETA1__TEXT_PROPOSAL__INIT;
    refused(&k, kit_tx1(&k, NULL, &text), "sdk", 6,
            "no message handler found for /cosmos.gov.v1beta1.TextProposal: unknown request");
    kit_deinit(&k);
}

// ---- signers

static void test_several_signers_needed(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    const void *both[] = {kit_send(&k, &k.keys[0], k.keys[2].text, "1usei"),
                          kit_send(&k, &k.keys[1], k.keys[2].text, "1usei")};
    refused(&k, kit_tx(&k, NULL, both, 2), "sdk", 4,
            "wrong number of signers; expected 2, got 1: unauthorized");
    kit_deinit(&k);
}

// Two senders and a third who pays: all sign, all sequences rise, only one pays.
static void test_three_signers(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    const struct kit_key *signers[] = {&k.keys[0], &k.keys[1], &k.keys[2]};
    const void *both[] = {kit_send(&k, &k.keys[0], k.keys[3].text, "1usei"),
                          kit_send(&k, &k.keys[1], k.keys[3].text, "2usei")};
    struct slice good = kit_tx_by(&k, signers, 3, k.keys[2].text, both, 2);
    // In another order the keys are not those of the signers.
    const struct kit_key *turned[] = {&k.keys[1], &k.keys[0], &k.keys[2]};
    assert_int_equal(
        kit_check(&k, kit_tx_by(&k, turned, 3, k.keys[2].text, both, 2), APP_CHECK_NEW).code, 8);
    refused(&k, kit_tx_by(&k, signers, 2, k.keys[2].text, both, 2), "sdk", 4,
            "wrong number of signers; expected 3, got 2: unauthorized");
    // The middle signature flipped.
    uint8_t *copy = arena_dup(&k.arena, good.data, good.len);
    copy[good.len - 67] ^= 1;
    assert_int_equal(kit_check(&k, slice_of(copy, good.len), APP_CHECK_NEW).code, 4);

    kit_deliver_ok(&k, good);
    assert_int_equal(kit_balance(&k, k.keys[0].text, "usei"), KIT_BALANCE - 1);
    assert_int_equal(kit_balance(&k, k.keys[1].text, "usei"), KIT_BALANCE - 2);
    assert_int_equal(kit_balance(&k, k.keys[2].text, "usei"), KIT_BALANCE - 2000);
    assert_int_equal(kit_balance(&k, k.keys[3].text, "usei"), KIT_BALANCE + 3);
    for (int i = 0; i < 3; i++) {
        struct account account;
        assert_true(auth_get(&k.state.kv, slice_of(k.keys[i].address, 20), &account));
        assert_int_equal(account.sequence, 1);
    }
    kit_deinit(&k);
}

static void test_signature_limit_parameter(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    const struct kit_key *signers[KIT_KEYS];
    const void *messages[KIT_KEYS];
    for (int i = 0; i < KIT_KEYS; i++) {
        signers[i] = &k.keys[i];
        messages[i] = kit_send(&k, &k.keys[i], k.keys[0].text, "1usei");
    }
    refused(&k, kit_tx_by(&k, signers, KIT_KEYS, "", messages, KIT_KEYS), "sdk", 14,
            "signatures: 8, limit: 7: maximum number of signatures exceeded");
    assert_int_equal(kit_check(&k, kit_tx_by(&k, signers, 7, "", messages, 7), APP_CHECK_NEW).code,
                     0);
    kit_deinit(&k);
}

static void test_too_many_signers(void **state)
{
    enum { MESSAGES = 500 };
    struct kit k;
    kit_init(&k, NULL);
    const void *many[MESSAGES];
    for (size_t i = 0; i < MESSAGES; i++) {
        uint8_t address[20] = {(uint8_t)i, (uint8_t)(i >> 8), 1};
        struct kit_key *from = arena_zalloc(&k.arena, sizeof *from);
        addr_text(ADDR_HRP_ACC, slice_of(address, 20), from->text);
        many[i] = kit_send(&k, from, k.keys[1].text, "1usei");
    }
    refused(&k, kit_tx(&k, NULL, many, MESSAGES), "sdk", 14,
            "signatures: 101, limit: 100: maximum number of signatures exceeded");
    kit_deinit(&k);
}

static void test_foreign_key(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    // Signed by another one than the sender.
    struct slice tx = kit_tx1(&k, &(struct kit_tx){.signer = &k.keys[1]},
                              kit_send(&k, &k.keys[0], k.keys[2].text, "1usei"));
    refused(&k, tx, "sdk", 8,
            arena_printf(&k.arena,
                         "pubKey does not match signer address %s with signer index: 0: "
                         "invalid pubkey",
                         k.keys[0].text));
    kit_deinit(&k);
}

static void test_unknown_account(void **state)
{
    struct kit k;
    struct kit_key stranger = {0};
    kit_init(&k, NULL);
    memset(stranger.secret, 99, 32);
    assert_int_equal(secp_pubkey_of(k.secp, stranger.secret, stranger.pub), 0);
    addr_of_secp_pubkey(stranger.pub, stranger.address);
    addr_text(ADDR_HRP_ACC, slice_of(stranger.address, 20), stranger.text);
    refused(&k,
            kit_tx1(&k, &(struct kit_tx){.signer = &stranger},
                    kit_send(&k, &stranger, k.keys[0].text, "1usei")),
            "sdk", 9,
            arena_printf(&k.arena, "fee payer address: %s does not exist: unknown address",
                         stranger.text));
    // A transfer makes the account, and then it can speak.
    kit_deliver_ok(&k, kit_tx1(&k, NULL, kit_send(&k, &k.keys[0], stranger.text, "5000usei")));
    kit_deliver_ok(&k, kit_tx1(&k, &(struct kit_tx){.signer = &stranger},
                               kit_send(&k, &stranger, k.keys[0].text, "1usei")));
    assert_int_equal(kit_balance(&k, stranger.text, "usei"), 2999);
    kit_deinit(&k);
}

// ---- messages

struct message_case {
    const char *to, *amount;
    uint32_t code;
    const char *log;
};

static void test_send_codes(void **state)
{
    static const struct message_case cases[] = {
        {"sei150rtrmj2f8vl9tem8qpfw36ylw5jg9j270mllc", "1000000000001usei", 5,
         "failed to execute message; message index: 0: spendable balance 999999998000usei is "
         "smaller than 1000000000001usei: insufficient funds"},
        {"sei10d07y265gmmuvt4z0w9aw880jnsr700jhwznsj", "1usei", 4,
         "failed to execute message; message index: 0: "
         "sei10d07y265gmmuvt4z0w9aw880jnsr700jhwznsj is not allowed to receive funds: "
         "unauthorized"},
        {"cosmos10d07y265gmmuvt4z0w9aw880jnsr700j6zn9kn", "1usei", 7,
         "invalid to address: invalid Bech32 prefix; expected sei, got cosmos: invalid address"},
        {"", "1usei", 7,
         "invalid to address: empty address string is not allowed: invalid address"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct kit k;
        kit_init(&k, NULL);
        const Tendermint__Abci__ExecTxResult *r = kit_deliver(
            &k, kit_tx1(&k, NULL, kit_send(&k, &k.keys[0], cases[i].to, cases[i].amount)));
        expect_result(r, "sdk", cases[i].code, cases[i].log);
        kit_deinit(&k);
    }
}

// bech32 may be written in capitals; what is kept and shown is not.
static void test_capital_addresses(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    Cosmos__Bank__V1beta1__MsgSend *m = kit_send(&k, &k.keys[0], k.keys[1].text, "5usei");
    for (int side = 0; side < 2; side++) {
        char *text = arena_strndup(&k.arena, k.keys[side].text, strlen(k.keys[side].text));
        for (char *p = text; *p; p++)
            if (*p >= 'a' && *p <= 'z')
                *p = (char)(*p - 'a' + 'A');
        *(side ? &m->to_address : &m->from_address) = text;
    }
    const Tendermint__Abci__ExecTxResult *r = kit_deliver(&k, kit_tx1(&k, NULL, m));
    if (r->code)
        fail_msg("%s", r->log);
    assert_int_equal(kit_balance(&k, k.keys[1].text, "usei"), KIT_BALANCE + 5);
    for (size_t i = 0; i < r->n_events; i++)
        for (size_t j = 0; j < r->events[i]->n_attributes; j++)
            assert_null(strstr(r->events[i]->attributes[j]->value, "SEI1"));
    kit_deinit(&k);
}

static void test_bad_coins(void **state)
{
    static const struct {
        const char *denom1, *amount1, *denom2, *amount2, *log;
    } cases[] = {
        {"usei", "0", NULL, NULL, "0usei: invalid coins"},
        {"usei", "-5", NULL, NULL, "-5usei: invalid coins"},
        {"usei", "", NULL, NULL, "usei: invalid coins"},
        {"usei", "1.5", NULL, NULL, "1.5usei: invalid coins"},
        {"u", "1", NULL, NULL, "1u: invalid coins"},
        {"usei", "1", "uatom", "1", "1usei,1uatom: invalid coins"},
        {"usei", "1", "usei", "1", "1usei,1usei: invalid coins"},
        {"usei", "340282366920938463463374607431768211456", NULL, NULL,
         "340282366920938463463374607431768211456usei: invalid coins"},
        {NULL, NULL, NULL, NULL, ": invalid coins"},
    };
    struct kit k;
    kit_init(&k, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Cosmos__Bank__V1beta1__MsgSend *m = kit_send(&k, &k.keys[0], k.keys[1].text, "1usei");
        Cosmos__Base__V1beta1__Coin *coins[2];
        m->n_amount = 0;
        m->amount = coins;
        if (cases[i].denom1)
            coins[m->n_amount++] = kit_coin(&k, cases[i].denom1, cases[i].amount1);
        if (cases[i].denom2)
            coins[m->n_amount++] = kit_coin(&k, cases[i].denom2, cases[i].amount2);
        refused(&k, kit_tx1(&k, NULL, m), "sdk", 10, cases[i].log);
    }
    kit_deinit(&k);
}

static Cosmos__Bank__V1beta1__MsgMultiSend *multi(struct kit *k, const char *in, const char *out1,
                                                  const char *out2)
{
    Cosmos__Bank__V1beta1__MsgMultiSend *m = arena_alloc(&k->arena, sizeof *m);
    Cosmos__Bank__V1beta1__Input *input = arena_alloc(&k->arena, sizeof *input);
    cosmos__bank__v1beta1__msg_multi_send__init(m);
    cosmos__bank__v1beta1__input__init(input);
    input->address = k->keys[0].text;
    input->coins = arena_alloc(&k->arena, sizeof(void *));
    input->coins[0] = kit_coin(k, "usei", in);
    input->n_coins = 1;
    m->inputs = arena_dup(&k->arena, &input, sizeof(void *));
    m->n_inputs = 1;
    m->outputs = arena_alloc(&k->arena, 2 * sizeof(void *));
    const char *amounts[] = {out1, out2};
    for (int i = 0; i < 2 && amounts[i]; i++) {
        Cosmos__Bank__V1beta1__Output *o = arena_alloc(&k->arena, sizeof *o);
        cosmos__bank__v1beta1__output__init(o);
        o->address = k->keys[1 + i].text;
        o->coins = arena_alloc(&k->arena, sizeof(void *));
        o->coins[0] = kit_coin(k, "usei", amounts[i]);
        o->n_coins = 1;
        m->outputs[m->n_outputs++] = o;
    }
    return m;
}

static void test_multi_send(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    kit_deliver_ok(&k, kit_tx1(&k, NULL, multi(&k, "10", "3", "7")));
    assert_int_equal(kit_balance(&k, k.keys[0].text, "usei"), KIT_BALANCE - 2010);
    assert_int_equal(kit_balance(&k, k.keys[1].text, "usei"), KIT_BALANCE + 3);
    assert_int_equal(kit_balance(&k, k.keys[2].text, "usei"), KIT_BALANCE + 7);
    refused(&k, kit_tx1(&k, NULL, multi(&k, "10", "3", "8")), "bank", 4,
            "sum inputs != sum outputs");
    refused(&k, kit_tx1(&k, NULL, multi(&k, "10", NULL, NULL)), "bank", 3,
            "no outputs to send transaction");
    Cosmos__Bank__V1beta1__MsgMultiSend *m = multi(&k, "10", "3", "7");
    m->n_inputs = 0;
    refused(&k, kit_tx1(&k, NULL, m), "bank", 2, "no inputs to send transaction");
    Cosmos__Bank__V1beta1__Input *two[] = {m->inputs[0], m->inputs[0]};
    m->inputs = two;
    m->n_inputs = 2;
    refused(&k, kit_tx1(&k, NULL, m), "bank", 9, "multiple senders not allowed");
    kit_deinit(&k);
}

// The second message fails: nothing of the first remains, the fee does.
static void test_messages_are_atomic(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    const void *two[] = {kit_send(&k, &k.keys[0], k.keys[1].text, "5usei"),
                         kit_send(&k, &k.keys[0], k.keys[1].text, "5000000000000usei")};
    const Tendermint__Abci__ExecTxResult *r = kit_deliver(&k, kit_tx(&k, NULL, two, 2));
    assert_int_equal(r->code, 5);
    assert_non_null(strstr(r->log, "message index: 1: "));
    assert_int_equal(kit_balance(&k, k.keys[0].text, "usei"), KIT_BALANCE - 2000);
    assert_int_equal(kit_balance(&k, k.keys[1].text, "usei"), KIT_BALANCE);
    // Only the events of the ante chain.
    assert_null(kit_attribute(r->events, r->n_events, "message", "action"));
    assert_string_equal(kit_attribute(r->events, r->n_events, "tx", "fee"), "2000usei");
    assert_int_equal(r->data.len, 0);
    kit_deinit(&k);
}

static void test_same_transaction_twice(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    struct slice tx = transfer(&k, NULL, "5usei");
    kit_add(&k, tx);
    kit_add(&k, tx);
    kit_add(&k, transfer(&k, NULL, "5usei"));
    assert_int_equal(kit_block(&k), 0);
    assert_int_equal(k.result.tx_results[0]->code, 0);
    expect_result(k.result.tx_results[1], "sdk", 32,
                  "account sequence mismatch, expected 1, got 0: incorrect account sequence");
    kit_deinit(&k);
}

// ---- the mempool's view

static void test_check_state_takes_effects(void **state)
{
    struct kit k;
    CLEANUP_KV_OVERLAY struct kv_overlay check = {0};
    struct app_check_result r;
    struct app_block next = {.height = 1, .time_ns = KIT_TIME};
    kit_init(&k, NULL);
    kv_overlay_init(&check, &k.state.kv);
    for (uint64_t i = 0; i < 3; i++) {
        struct slice tx =
            transfer(&k, &(struct kit_tx){.numbers_given = true, .sequence = i}, "5usei");
        app_check_tx(k.app, &check.kv, &next, tx, NULL, APP_CHECK_NEW, &k.arena, &r);
        if (r.code)
            fail_msg("%s", r.log);
        app_check_tx(k.app, &check.kv, &next, tx, NULL, APP_CHECK_NEW, &k.arena, &r);
        assert_int_equal(r.code, 32);
    }
    kit_deinit(&k);
}

// A head start counts only when it was for the same key, account number and bytes.
static void test_signature_cache(void **state)
{
    struct kit k;
    kit_init(&k, &(struct kit_options){.sig_cache_entries = 100});
    struct slice good = transfer(&k, NULL, "5usei");
    app_verify_tx(k.app, &k.state.kv, good, &k.arena);
    assert_int_equal(kit_check(&k, good, APP_CHECK_NEW).code, 0);
    uint8_t copy[1024];
    memcpy(copy, good.data, good.len);
    copy[good.len - 1] ^= 1;
    app_verify_tx(k.app, &k.state.kv, slice_of(copy, good.len), &k.arena);
    assert_int_equal(kit_check(&k, slice_of(copy, good.len), APP_CHECK_NEW).code, 4);
    // The account changes under the verified transaction.
    struct account account;
    assert_true(auth_get(&k.state.kv, slice_of(k.keys[0].address, 20), &account));
    account.number = 42;
    auth_set(&k.state.kv, &account);
    refused(&k, good, "sdk", 4,
            "signature verification failed; please verify account number (42) and chain-id "
            "(sei-test-1): unauthorized");
    kit_deinit(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cosmjs_vector),
        cmocka_unit_test(test_ante_codes),
        cmocka_unit_test(test_out_of_gas_texts),
        cmocka_unit_test(test_gas_limit_is_monotonic),
        cmocka_unit_test(test_min_gas_prices_in_check_only),
        cmocka_unit_test(test_decode_failures),
        cmocka_unit_test(test_every_truncation_and_flip),
        cmocka_unit_test(test_message_that_is_none),
        cmocka_unit_test(test_several_signers_needed),
        cmocka_unit_test(test_three_signers),
        cmocka_unit_test(test_signature_limit_parameter),
        cmocka_unit_test(test_too_many_signers),
        cmocka_unit_test(test_foreign_key),
        cmocka_unit_test(test_unknown_account),
        cmocka_unit_test(test_send_codes),
        cmocka_unit_test(test_capital_addresses),
        cmocka_unit_test(test_bad_coins),
        cmocka_unit_test(test_multi_send),
        cmocka_unit_test(test_messages_are_atomic),
        cmocka_unit_test(test_same_transaction_twice),
        cmocka_unit_test(test_check_state_takes_effects),
        cmocka_unit_test(test_signature_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
