#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "seid/app/bank.h"
#include "seid/app/gov.h"
#include "seid/app/keys.h"
#include "seid/app/staking.h"
#include "seid/app/test_kit.h"
#include "seid/app/upgrade.h"
#include "wire/typereg.h"

static const struct app_handler v2_handlers[] = {{"v2", app_migrate_v2}};
static const struct app_handler_table v2 = {"v2", v2_handlers, 1};

// ---- golden traces: what happened, one line a block

static void trace_events(struct buf *out, Tendermint__Abci__Event **events, size_t count,
                         const char *only)
{
    for (size_t i = 0; i < count; i++) {
        if (only && !strstr(only, events[i]->type))
            continue;
        buf_printf(out, " %s{", events[i]->type);
        for (size_t j = 0; j < events[i]->n_attributes; j++)
            buf_printf(out, "%s%s=%.24s", j ? "," : "", events[i]->attributes[j]->key,
                       events[i]->attributes[j]->value);
        buf_append_str(out, "}");
    }
}

static void trace_block(struct kit *k, struct buf *out)
{
    size_t txs = k->tx_count;
    int r = kit_block(k);
    CLEANUP_BUF struct buf line = {0};
    for (size_t i = 0; i < k->result.note_count; i++)
        buf_printf(&line, " [%s]", k->result.notes[i].text);
    if (r == APP_HALT) {
        buf_printf(out, "%lld halt %d %s\n", (long long)k->height + 1, k->result.halt.reason,
                   k->result.halt.log_text);
        return;
    }
    for (size_t i = 0; i < txs; i++) {
        const Tendermint__Abci__ExecTxResult *t = k->result.tx_results[i];
        buf_printf(&line, " tx %u%s%s", t->code, t->code ? " " : "", t->code ? t->log : "");
        trace_events(&line, t->events, t->n_events,
                     "submit_proposal proposal_deposit proposal_vote cancel_proposal");
    }
    trace_events(&line, k->result.events, k->result.event_count, NULL);
    if (line.len)
        buf_printf(out, "%lld%s\n", (long long)k->height, buf_cstr(&line));
}

static void expect_trace(struct buf *got, const char *want)
{
    size_t at = 0;
    while (want[at] && want[at] == buf_cstr(got)[at])
        at++;
    if (want[at] || buf_cstr(got)[at])
        fail_msg("differs at: %s\n%s", buf_cstr(got) + at, want + at);
}

static const struct kit_tx much_gas = {.gas = 500000};

// From submission to the next binary, with messages of the second generation.
static void test_trace_upgrade(void **state)
{
    struct kit k;
    CLEANUP_BUF struct buf trace = {0};
    kit_init(&k, NULL);
    kit_add(&k,
            kit_tx1(&k, &much_gas, kit_upgrade_v1(&k, &k.keys[0], "v2", 16, "", "4000000usei")));
    trace_block(&k, &trace);
    kit_add(&k, kit_tx1(&k, NULL, kit_vote(&k, &k.keys[0], 1, 1))); // too early
    trace_block(&k, &trace);
    Cosmos__Gov__V1__MsgDeposit deposit = COSMOS__GOV__V1__MSG_DEPOSIT__INIT;
    Cosmos__Base__V1beta1__Coin *coins[] = {kit_coin(&k, "usei", "6000000")};
    deposit.proposal_id = 1;
    deposit.depositor = k.keys[1].text;
    deposit.amount = coins;
    deposit.n_amount = 1;
    kit_add(&k, kit_tx1(&k, &(struct kit_tx){.signer = &k.keys[1]}, &deposit));
    trace_block(&k, &trace);
    kit_add(&k, kit_tx1(&k, NULL, kit_vote(&k, &k.keys[0], 1, 1)));
    trace_block(&k, &trace);
    while (k.height < 15)
        trace_block(&k, &trace);
    trace_block(&k, &trace);
    kit_restart(&k, &(struct kit_options){.handlers = &v2});
    trace_block(&k, &trace);
    trace_block(&k, &trace);
    expect_trace(
        &trace,
        "1 tx 0 submit_proposal{proposal_id=1,proposal_proposer=sei150rtrmj2f8vl9tem8qpf,"
        "proposal_messages=,/cosmos.upgrade.v1beta1}"
        " proposal_deposit{depositor=sei150rtrmj2f8vl9tem8qpf,amount=4000000usei,proposal_id=1}\n"
        "2 tx 3 failed to execute message; message index: 0: 1: inactive proposal\n"
        "3 tx 0 proposal_deposit{depositor=sei1rnl0x4c644dlzct5a8fe,amount=6000000usei,"
        "proposal_id=1} proposal_deposit{voting_period_start=1}\n"
        "4 tx 0 proposal_vote{voter=sei150rtrmj2f8vl9tem8qpf,option=[{\"option\":1,\"weight\":\"1,"
        "proposal_id=1}\n"
        "13 coin_spent{spender=sei10d07y265gmmuvt4z0w9a,amount=6000000usei}"
        " coin_received{receiver=sei1rnl0x4c644dlzct5a8fe,amount=6000000usei}"
        " transfer{recipient=sei1rnl0x4c644dlzct5a8fe,sender=sei10d07y265gmmuvt4z0w9a,"
        "amount=6000000usei} message{sender=sei10d07y265gmmuvt4z0w9a}"
        " coin_spent{spender=sei10d07y265gmmuvt4z0w9a,amount=4000000usei}"
        " coin_received{receiver=sei150rtrmj2f8vl9tem8qpf,amount=4000000usei}"
        " transfer{recipient=sei150rtrmj2f8vl9tem8qpf,sender=sei10d07y265gmmuvt4z0w9a,"
        "amount=4000000usei} message{sender=sei10d07y265gmmuvt4z0w9a}"
        " active_proposal{proposal_id=1,proposal_result=proposal_passed}\n"
        "16 halt 70 UPGRADE \"v2\" NEEDED at height: 16: \n"
        "16 [applying upgrade \"v2\" at height: 16]\n");
    assert_int_equal(kit_balance(&k, k.keys[1].text, "usei"), KIT_BALANCE - 2000);
    assert_int_equal(upgrade_done_height(&k.state.kv, SLICE_LIT("v2")), 16);
    kit_deinit(&k);
}

// ---- outcomes

static const Cosmos__Gov__V1__Proposal *proposal(struct kit *k, uint64_t id)
{
    return gov_proposal(&k->state.kv, &k->arena, id);
}

#define STATUS(name) COSMOS__GOV__V1__PROPOSAL_STATUS__PROPOSAL_STATUS_##name

// Submits with the full deposit; the id is 1.
static void submitted(struct kit *k, const void *message)
{
    kit_deliver_ok(k, kit_tx1(k, &much_gas, message));
    assert_int_equal(proposal(k, 1)->status, STATUS(VOTING_PERIOD));
}

static void vote_ok(struct kit *k, int option)
{
    kit_deliver_ok(k, kit_tx1(k, NULL, kit_vote(k, &k->keys[0], 1, option)));
}

static void test_legacy_upgrade_passes(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    submitted(&k, kit_upgrade_legacy(&k, &k.keys[0], "v2", 50, "inf", "10000000usei"));
    vote_ok(&k, 1);
    kit_blocks(&k, 12);
    assert_int_equal(proposal(&k, 1)->status, STATUS(PASSED));
    const Cosmos__Upgrade__V1beta1__Plan *plan = upgrade_plan_get(&k.state.kv, &k.arena);
    assert_string_equal(plan->name, "v2");
    assert_string_equal(plan->info, "inf");
    assert_int_equal(plan->height, 50);
    assert_string_equal(proposal(&k, 1)->final_tally_result->yes_count, "7000000");
    kit_deinit(&k);
}

static void test_cancel_upgrade_by_proposal(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    submitted(&k, kit_upgrade_v1(&k, &k.keys[0], "v2", 50, "", "10000000usei"));
    vote_ok(&k, 1);
    kit_blocks(&k, 12);
    assert_non_null(upgrade_plan_get(&k.state.kv, &k.arena));
    kit_deliver_ok(&k, kit_tx1(&k, &much_gas, kit_cancel_v1(&k, &k.keys[0], "10000000usei")));
    kit_deliver_ok(&k, kit_tx1(&k, NULL, kit_vote(&k, &k.keys[0], 2, 1)));
    kit_blocks(&k, 24);
    assert_int_equal(proposal(&k, 2)->status, STATUS(PASSED));
    assert_null(upgrade_plan_get(&k.state.kv, &k.arena));
    kit_deinit(&k);
}

// Good when it was submitted, in the past when it passes.
static void test_execution_fails(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    submitted(&k, kit_upgrade_v1(&k, &k.keys[0], "v2", 6, "", "10000000usei"));
    vote_ok(&k, 1);
    kit_blocks(&k, 12);
    assert_int_equal(proposal(&k, 1)->status, STATUS(FAILED));
    assert_string_equal(proposal(&k, 1)->failed_reason,
                        "upgrade cannot be scheduled in the past: invalid request");
    assert_null(upgrade_plan_get(&k.state.kv, &k.arena));
    assert_string_equal(
        kit_attribute(k.result.events, k.result.event_count, "active_proposal", "proposal_result")
            ? "x"
            : "none",
        "none"); // the block after
    assert_int_equal(kit_balance(&k, k.keys[0].text, "usei"), KIT_BALANCE - 4000);
    kit_deinit(&k);
}

struct outcome_case {
    int option; // 0: nobody votes
    int status;
    bool burned;
    const char *result;
};

static void test_outcomes(void **state)
{
    static const struct outcome_case cases[] = {
        {0, STATUS(REJECTED), false, "proposal_rejected"}, // no quorum
        {1, STATUS(PASSED), false, "proposal_passed"},
        {2, STATUS(REJECTED), false, "proposal_rejected"}, // all abstain
        {3, STATUS(REJECTED), false, "proposal_rejected"},
        {4, STATUS(REJECTED), true, "proposal_rejected"}, // veto burns
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct kit k;
        kit_init(&k, NULL);
        amount_t supply = bank_supply(&k.state.kv, "usei");
        submitted(&k, kit_text_proposal(&k, &k.keys[0], "10000000usei"));
        if (cases[i].option)
            vote_ok(&k, cases[i].option);
        while (k.height < 11)
            kit_block(&k);
        assert_string_equal(kit_attribute(k.result.events, k.result.event_count, "active_proposal",
                                          "proposal_result"),
                            cases[i].result);
        assert_int_equal(proposal(&k, 1)->status, cases[i].status);
        uint64_t fees = cases[i].option ? 4000 : 2000;
        uint64_t burned = cases[i].burned ? 10000000 : 0;
        assert_int_equal(kit_balance(&k, k.keys[0].text, "usei"), KIT_BALANCE - fees - burned);
        assert_true(bank_supply(&k.state.kv, "usei") == supply - burned);
        Cosmos__Gov__V1__Vote **votes;
        Cosmos__Gov__V1__Deposit **deposits;
        assert_int_equal(gov_votes(&k.state.kv, &k.arena, 1, &votes), 0);
        assert_int_equal(gov_deposits(&k.state.kv, &k.arena, 1, &deposits), 0);
        kit_deinit(&k);
    }
}

// The parameters decide what is burned.
static void test_burn_parameters(void **state)
{
    static const char params[] =
        "{\"min_deposit\":[{\"denom\":\"usei\",\"amount\":\"100\"}],\"max_deposit_period\":\"3s\","
        "\"voting_period\":\"4s\",\"quorum\":\"0.334\",\"threshold\":\"0.5\","
        "\"veto_threshold\":\"0.334\",\"burn_vote_quorum\":true,"
        "\"burn_proposal_deposit_prevote\":true,\"burn_vote_veto\":false}";
    struct kit k;
    kit_init(&k, &(struct kit_options){.gov_params = params});
    kit_deliver_ok(&k, kit_tx1(&k, &much_gas, kit_text_proposal(&k, &k.keys[0], "100usei")));
    kit_deliver_ok(&k, kit_tx1(&k, &much_gas, kit_text_proposal(&k, &k.keys[0], "60usei")));
    kit_deliver_ok(&k, kit_tx1(&k, &much_gas, kit_text_proposal(&k, &k.keys[0], "100usei")));
    kit_deliver_ok(&k, kit_tx1(&k, NULL, kit_vote(&k, &k.keys[0], 3, 4)));
    kit_blocks(&k, 5);
    assert_null(proposal(&k, 2));
    assert_string_equal(kit_attribute(k.result.events, k.result.event_count, "inactive_proposal",
                                      "proposal_result"),
                        "proposal_dropped");
    kit_blocks(&k, 9);
    assert_int_equal(proposal(&k, 1)->status, STATUS(REJECTED));
    assert_int_equal(proposal(&k, 3)->status, STATUS(REJECTED));
    // 100 for the quorum and 60 before the vote are burned; the veto gives back.
    assert_int_equal(kit_balance(&k, k.keys[0].text, "usei"), KIT_BALANCE - 8000 - 160);
    assert_true(bank_supply(&k.state.kv, "usei") == 8 * KIT_BALANCE - 160);
    kit_deinit(&k);
}

static void test_deposit_period_ends(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    kit_deliver_ok(&k, kit_tx1(&k, &much_gas, kit_text_proposal(&k, &k.keys[0], "5usei")));
    kit_blocks(&k, 20);
    assert_non_null(proposal(&k, 1));
    kit_blocks(&k, 21); // 20 s after block 1
    assert_null(proposal(&k, 1));
    assert_int_equal(kit_balance(&k, k.keys[0].text, "usei"), KIT_BALANCE - 2000);
    kit_deinit(&k);
}

static void *expedited(struct kit *k, const char *deposit)
{
    Cosmos__Gov__V1__MsgSubmitProposal *m = kit_text_proposal(k, &k->keys[0], deposit);
    m->expedited = 1;
    return m;
}

static void test_expedited_passes(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    // The deposit of a regular one is not enough.
    kit_deliver_ok(&k, kit_tx1(&k, &much_gas, expedited(&k, "10000000usei")));
    assert_int_equal(proposal(&k, 1)->status, STATUS(DEPOSIT_PERIOD));
    kit_deliver_ok(&k, kit_tx1(&k, &much_gas, expedited(&k, "20000000usei")));
    kit_deliver_ok(&k, kit_tx1(&k, NULL, kit_vote(&k, &k.keys[0], 2, 1)));
    kit_blocks(&k, 7);
    assert_int_equal(proposal(&k, 2)->status, STATUS(PASSED));
    kit_deinit(&k);
}

static void test_expedited_becomes_regular(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    submitted(&k, expedited(&k, "20000000usei"));
    vote_ok(&k, 3);
    while (k.height < 6)
        kit_block(&k);
    assert_string_equal(
        kit_attribute(k.result.events, k.result.event_count, "active_proposal", "proposal_result"),
        "expedited_proposal_rejected");
    assert_int_equal(proposal(&k, 1)->status, STATUS(VOTING_PERIOD));
    assert_false(proposal(&k, 1)->expedited);
    vote_ok(&k, 1);     // votes begin anew
    kit_blocks(&k, 11); // ten seconds from the start of the vote
    assert_int_equal(proposal(&k, 1)->status, STATUS(PASSED));
    assert_int_equal(kit_balance(&k, k.keys[0].text, "usei"), KIT_BALANCE - 6000);
    kit_deinit(&k);
}

// ---- votes

static void test_weighted_votes(void **state)
{
    static const struct {
        const char *yes, *no;
        uint32_t code;
        const char *log;
    } cases[] = {
        {"0.7", "0.3", 0, ""},
        {"0.7", "0.4", 7, "total weight overflow 1.00: invalid vote option"},
        {"0.7", "0.2", 7, "total weight lower than 1.00: invalid vote option"},
        {"1.1", NULL, 7, "option:1 weight:\"1.1\": invalid vote option"},
        {"0", NULL, 7, "option:1 weight:\"0\": invalid vote option"},
        {"x", NULL, 7, "option:1 weight:\"x\": invalid vote option"},
        {"-1", NULL, 7, "option:1 weight:\"-1\": invalid vote option"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct kit k;
        Cosmos__Gov__V1__MsgVoteWeighted m = COSMOS__GOV__V1__MSG_VOTE_WEIGHTED__INIT;
        Cosmos__Gov__V1__WeightedVoteOption yes = COSMOS__GOV__V1__WEIGHTED_VOTE_OPTION__INIT,
                                            no = yes, *options[] = {&yes, &no};
        kit_init(&k, NULL);
        submitted(&k, kit_text_proposal(&k, &k.keys[0], "10000000usei"));
        yes.option = 1;
        yes.weight = pb_str(cases[i].yes);
        no.option = 3;
        m.proposal_id = 1;
        m.voter = k.keys[0].text;
        m.options = options;
        m.n_options = 1;
        if (cases[i].no) {
            no.weight = pb_str(cases[i].no);
            m.n_options = 2;
        }
        const Tendermint__Abci__ExecTxResult *r = kit_deliver(&k, kit_tx1(&k, NULL, &m));
        if (r->code != cases[i].code || strcmp(r->log, cases[i].log) != 0)
            fail_msg("case %zu: %u %s", i, r->code, r->log);
        if (r->code == 0) {
            kit_blocks(&k, 11);
            assert_int_equal(proposal(&k, 1)->status, STATUS(PASSED));
            assert_string_equal(proposal(&k, 1)->final_tally_result->yes_count, "4900000");
            assert_string_equal(proposal(&k, 1)->final_tally_result->no_count, "2100000");
        }
        kit_deinit(&k);
    }
}

static void test_duplicate_and_unknown_options(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    submitted(&k, kit_text_proposal(&k, &k.keys[0], "10000000usei"));
    const Tendermint__Abci__ExecTxResult *r =
        kit_deliver(&k, kit_tx1(&k, NULL, kit_vote(&k, &k.keys[0], 1, 5)));
    assert_int_equal(r->code, 7);
    assert_string_equal(r->codespace, "gov");
    r = kit_deliver(&k, kit_tx1(&k, NULL, kit_vote(&k, &k.keys[0], 1, 0)));
    assert_int_equal(r->code, 7);
    r = kit_deliver(&k, kit_tx1(&k, NULL, kit_vote(&k, &k.keys[0], 9, 1)));
    assert_int_equal(r->code, 2);
    assert_string_equal(r->log, "failed to execute message; message index: 0: 9: unknown proposal");
    // The last vote of an account wins; one without tokens counts nothing.
    vote_ok(&k, 1);
    vote_ok(&k, 3);
    kit_deliver_ok(
        &k, kit_tx1(&k, &(struct kit_tx){.signer = &k.keys[1]}, kit_vote(&k, &k.keys[1], 1, 1)));
    kit_blocks(&k, 11);
    assert_int_equal(proposal(&k, 1)->status, STATUS(REJECTED));
    assert_string_equal(proposal(&k, 1)->final_tally_result->no_count, "7000000");
    assert_string_equal(proposal(&k, 1)->final_tally_result->yes_count, "0");
    kit_deinit(&k);
}

// The raw decimals of the first generation.
static void test_weighted_vote_v1beta1(void **state)
{
    struct kit k;
    Cosmos__Gov__V1beta1__MsgVoteWeighted m = COSMOS__GOV__V1BETA1__MSG_VOTE_WEIGHTED__INIT;
    Cosmos__Gov__V1beta1__WeightedVoteOption yes = COSMOS__GOV__V1BETA1__WEIGHTED_VOTE_OPTION__INIT,
                                             *options[] = {&yes};
    kit_init(&k, NULL);
    submitted(&k, kit_text_proposal(&k, &k.keys[0], "10000000usei"));
    yes.option = 1;
    yes.weight = pb_str("1000000000000000000");
    m.proposal_id = 1;
    m.voter = k.keys[0].text;
    m.options = options;
    m.n_options = 1;
    kit_deliver_ok(&k, kit_tx1(&k, NULL, &m));
    kit_blocks(&k, 11);
    assert_int_equal(proposal(&k, 1)->status, STATUS(PASSED));
    kit_deinit(&k);
}

// The tally against a plain count, for every way that three validators can vote or not.
static void set_validator(struct kit *k, int key, uint64_t tokens)
{
    struct staking_validator v = {.bonded = true, .tokens = tokens};
    memcpy(v.operator_address, k->keys[key].address, 20);
    v.pub_key[0] = (uint8_t)key;
    staking_set(&k->state.kv, &v);
}

static void test_every_tally_of_three(void **state)
{
    static const uint64_t tokens[3] = {5000000, 3000000, 2000000};
    struct kit k;
    kit_init(&k, NULL);
    submitted(&k, kit_text_proposal(&k, &k.keys[0], "10000000usei"));
    for (int i = 0; i < 3; i++)
        set_validator(&k, i, tokens[i]);
    for (int combination = 0; combination < 125; combination++) {
        uint64_t sums[5] = {0}, voted = 0;
        gov_votes_delete(&k.state.kv, &k.arena, 1);
        for (int i = 0, rest = combination; i < 3; i++, rest /= 5) {
            int option = rest % 5; // 0: no vote
            Cosmos__Gov__V1__Vote vote = COSMOS__GOV__V1__VOTE__INIT;
            Cosmos__Gov__V1__WeightedVoteOption o = COSMOS__GOV__V1__WEIGHTED_VOTE_OPTION__INIT,
                                                *list[] = {&o};
            if (!option)
                continue;
            vote.proposal_id = 1;
            vote.voter = k.keys[i].text;
            vote.options = list;
            vote.n_options = 1;
            o.option = (Cosmos__Gov__V1__VoteOption)option;
            o.weight = pb_str("1.000000000000000000");
            gov_vote_set(&k.state.kv, &k.arena, slice_of(k.keys[i].address, 20), &vote);
            sums[option] += tokens[i];
            voted += tokens[i];
        }
        bool quorum = voted * 1000 >= UINT64_C(334) * 10000000;
        bool decided = quorum && voted > sums[2];
        bool veto = decided && sums[4] * 1000 > 334 * voted;
        bool pass = decided && !veto && sums[1] * 2 > voted - sums[2];
        struct gas_meter gas = {0};
        struct app_events events = {0};
        struct app_ctx ctx;
        struct gov_tally got;
        ctx_init(&ctx, k.app, &k.state.kv, &k.arena, &gas, &events, 5, k.time_ns);
        gov_tally(&ctx, proposal(&k, 1), &got);
        if (got.passed != pass || got.burn != veto)
            fail_msg("combination %d: passed %d burn %d", combination, got.passed, got.burn);
    }
    kit_deinit(&k);
}

// ---- refusals of submissions

static void refused(struct kit *k, const void *message, const char *codespace, uint32_t code,
                    const char *log)
{
    const Tendermint__Abci__ExecTxResult *r = kit_deliver(k, kit_tx1(k, &much_gas, message));
    const char *prefix = "failed to execute message; message index: 0: ";
    const char *text =
        strncmp(r->log, prefix, strlen(prefix)) == 0 ? r->log + strlen(prefix) : r->log;
    if (r->code != code || strcmp(r->codespace, codespace) != 0 || strcmp(text, log) != 0)
        fail_msg("want %s/%u %s\ngot  %s/%u %s", codespace, code, log, r->codespace, r->code,
                 r->log);
}

static void test_refused_submissions(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    kit_blocks(&k, 20);
    const struct kit_key *me = &k.keys[0];
    refused(&k, kit_upgrade_v1(&k, me, "v2", 5, "", "10000000usei"), "gov", 12,
            "upgrade cannot be scheduled in the past: invalid request: invalid proposal message");
    refused(&k, kit_upgrade_legacy(&k, me, "v2", 5, "", "10000000usei"), "gov", 5,
            "upgrade cannot be scheduled in the past: invalid request: invalid proposal content");
    refused(&k, kit_upgrade_legacy(&k, me, "", 50, "", "10000000usei"), "sdk", 18,
            "name cannot be empty: invalid request");
    refused(&k, kit_upgrade_legacy(&k, me, "v2", 0, "", "10000000usei"), "sdk", 18,
            "height must be greater than 0: invalid request");
    refused(&k, kit_text_proposal(&k, me, "5uatom"), "gov", 23,
            "deposited 5uatom, but gov accepts only the denominations of 10000000usei: wrong "
            "deposit denom");

    Cosmos__Gov__V1__MsgSubmitProposal *m = kit_text_proposal(&k, me, "5usei");
    m->title = pb_str("");
    refused(&k, m, "sdk", 18, "proposal title cannot be empty: invalid request");
    m = kit_text_proposal(&k, me, "5usei");
    m->summary = pb_str("");
    refused(&k, m, "sdk", 18, "proposal summary cannot be empty: invalid request");
    m = kit_text_proposal(&k, me, "5usei");
    m->metadata = pb_str("");
    refused(&k, m, "gov", 11,
            "either metadata or Msgs length must be non-nil: no messages proposed");
    char *text = arena_zalloc(&k.arena, 10202);
    memset(text, 'x', 10201);
    m = kit_text_proposal(&k, me, "5usei");
    m->summary = text;
    refused(&k, m, "gov", 22, "got summary with length 10201: summary too long");
    m->summary = pb_str("s");
    m->metadata = text + 10201 - 256;
    refused(&k, m, "gov", 15, "got metadata with length 256: metadata too long");
    kit_deinit(&k);
}

// Gov's account holds the deposits: no proposal may move them or deposit them again.
static void test_what_gov_may_not_run(void **state)
{
    struct kit k;
    struct kit_key gov = {.text = "sei10d07y265gmmuvt4z0w9aw880jnsr700jhwznsj"};
    kit_init(&k, NULL);
    const void *inner[] = {kit_send(&k, &gov, k.keys[1].text, "1usei"),
                           kit_text_proposal(&k, &gov, "1usei"), kit_vote(&k, &gov, 1, 1)};
    static const char *const urls[] = {"/cosmos.bank.v1beta1.MsgSend",
                                       "/cosmos.gov.v1.MsgSubmitProposal",
                                       "/cosmos.gov.v1.MsgVote"};
    for (size_t i = 0; i < 3; i++) {
        Cosmos__Gov__V1__MsgSubmitProposal *p = kit_text_proposal(&k, &k.keys[0], "10000000usei");
        Google__Protobuf__Any *any = typereg_pack(inner[i], &k.arena);
        p->messages = &any;
        p->n_messages = 1;
        refused(&k, p, "gov", 10,
                arena_printf(&k.arena, "%s: proposal message not recognized by router", urls[i]));
    }
    kit_deinit(&k);
}

static void test_only_gov_may_schedule(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    Cosmos__Upgrade__V1beta1__MsgSoftwareUpgrade m =
        COSMOS__UPGRADE__V1BETA1__MSG_SOFTWARE_UPGRADE__INIT;
    Cosmos__Upgrade__V1beta1__MsgCancelUpgrade c =
        COSMOS__UPGRADE__V1BETA1__MSG_CANCEL_UPGRADE__INIT;
    m.authority = c.authority = k.keys[0].text;
    const char *text =
        arena_printf(&k.arena,
                     "invalid authority; expected sei10d07y265gmmuvt4z0w9aw880jnsr700jhwznsj, got "
                     "%s: expected gov account as only signer for proposal message",
                     k.keys[0].text);
    refused(&k, &m, "gov", 13, text);
    refused(&k, &c, "gov", 13, text);
    // In a proposal the authority is looked at when it is submitted.
    Cosmos__Gov__V1__MsgSubmitProposal *p =
        kit_upgrade_v1(&k, &k.keys[0], "v2", 50, "", "10000000usei");
    m.plan = NULL;
    p->messages[0]->value = pb_bytes(pb_pack(&m, &k.arena));
    refused(&k, p, "gov", 13,
            arena_printf(&k.arena, "%s: expected gov account as only signer for proposal message",
                         k.keys[0].text));
    // Signed with the name of gov, which has no key.
    m.authority = pb_str("sei10d07y265gmmuvt4z0w9aw880jnsr700jhwznsj");
    const Tendermint__Abci__ExecTxResult *r = kit_deliver(&k, kit_tx1(&k, NULL, &m));
    assert_int_equal(r->code, 5); // not even a fee
    kit_deinit(&k);
}

static void test_initial_deposit_and_ratio(void **state)
{
    static const char params[] =
        "{\"min_deposit\":[{\"denom\":\"usei\",\"amount\":\"1000\"}],\"max_deposit_period\":"
        "\"20s\","
        "\"voting_period\":\"10s\",\"quorum\":\"0.334\",\"threshold\":\"0.5\","
        "\"veto_threshold\":\"0.334\",\"min_initial_deposit_ratio\":\"0.1\","
        "\"min_deposit_ratio\":\"0.05\"}";
    struct kit k;
    kit_init(&k, &(struct kit_options){.gov_params = params});
    refused(&k, kit_text_proposal(&k, &k.keys[0], "99usei"), "gov", 16,
            "was (99usei), need (100usei): minimum deposit is too small");
    kit_deliver_ok(&k, kit_tx1(&k, &much_gas, kit_text_proposal(&k, &k.keys[0], "100usei")));
    Cosmos__Gov__V1__MsgDeposit deposit = COSMOS__GOV__V1__MSG_DEPOSIT__INIT;
    Cosmos__Base__V1beta1__Coin *coins[] = {kit_coin(&k, "usei", "49")};
    deposit.proposal_id = 1;
    deposit.depositor = k.keys[0].text;
    deposit.amount = coins;
    deposit.n_amount = 1;
    refused(&k, &deposit, "gov", 16,
            "received 49usei but need at least one of the following: 50usei: minimum deposit is "
            "too small");
    coins[0] = kit_coin(&k, "usei", "50");
    kit_deliver_ok(&k, kit_tx1(&k, NULL, &deposit));
    deposit.proposal_id = 7;
    refused(&k, &deposit, "gov", 2, "7: unknown proposal");
    deposit.n_amount = 0;
    refused(&k, &deposit, "sdk", 10, ": invalid coins");
    kit_deinit(&k);
}

static void test_cancel_proposal(void **state)
{
    struct kit k;
    Cosmos__Gov__V1__MsgCancelProposal m = COSMOS__GOV__V1__MSG_CANCEL_PROPOSAL__INIT;
    kit_init(&k, NULL);
    submitted(&k, kit_text_proposal(&k, &k.keys[0], "10000001usei"));
    m.proposal_id = 1;
    m.proposer = k.keys[1].text;
    const Tendermint__Abci__ExecTxResult *r =
        kit_deliver(&k, kit_tx1(&k, &(struct kit_tx){.signer = &k.keys[1]}, &m));
    assert_int_equal(r->code, 18);
    assert_string_equal(r->codespace, "gov");
    m.proposer = k.keys[0].text;
    kit_deliver_ok(&k, kit_tx1(&k, NULL, &m));
    assert_null(proposal(&k, 1));
    // Half, rounded down, is burned.
    assert_int_equal(kit_balance(&k, k.keys[0].text, "usei"), KIT_BALANCE - 4000 - 5000000);
    assert_true(bank_supply(&k.state.kv, "usei") == 8 * KIT_BALANCE - 5000000);
    refused(&k, &m, "gov", 2, "1: unknown proposal");
    kit_blocks(&k, 15); // its queue entry is gone too
    kit_deinit(&k);
}

// Proposals that end in the same block are decided in the order of their ends.
static void test_queue_order(void **state)
{
    struct kit k;
    kit_init(&k, NULL);
    for (int i = 0; i < 3; i++)
        kit_add(&k, kit_tx1(&k, &much_gas, kit_text_proposal(&k, &k.keys[0], "10000000usei")));
    assert_int_equal(kit_block(&k), 0);
    assert_int_equal(kit_block_after(&k, 100), 0);
    CLEANUP_BUF struct buf order = {0};
    for (size_t i = 0; i < k.result.event_count; i++)
        if (strcmp(k.result.events[i]->type, "active_proposal") == 0)
            buf_append_str(&order, k.result.events[i]->attributes[0]->value);
    assert_string_equal(buf_cstr(&order), "123");
    kit_deinit(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trace_upgrade),
        cmocka_unit_test(test_legacy_upgrade_passes),
        cmocka_unit_test(test_cancel_upgrade_by_proposal),
        cmocka_unit_test(test_execution_fails),
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_burn_parameters),
        cmocka_unit_test(test_deposit_period_ends),
        cmocka_unit_test(test_expedited_passes),
        cmocka_unit_test(test_expedited_becomes_regular),
        cmocka_unit_test(test_weighted_votes),
        cmocka_unit_test(test_duplicate_and_unknown_options),
        cmocka_unit_test(test_weighted_vote_v1beta1),
        cmocka_unit_test(test_every_tally_of_three),
        cmocka_unit_test(test_refused_submissions),
        cmocka_unit_test(test_what_gov_may_not_run),
        cmocka_unit_test(test_only_gov_may_schedule),
        cmocka_unit_test(test_initial_deposit_and_ratio),
        cmocka_unit_test(test_cancel_proposal),
        cmocka_unit_test(test_queue_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
