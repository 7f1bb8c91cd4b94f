// Random histories, seeded: what must hold whatever happens.
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "seid/app/bank.h"
#include "seid/app/gov.h"
#include "seid/app/keys.h"
#include "seid/app/test_kit.h"

static const struct app_handler handlers[] = {{"v2", app_migrate_v2}};
static const struct app_handler_table v2 = {"v2", handlers, 1};

static uint64_t rng_state;

static uint64_t rng(uint64_t below)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    rng_state ^= rng_state << 17;
    return rng_state % below;
}

// ---- invariants

static void check_supply(struct kit *k, uint64_t seed)
{
    struct key prefix;
    struct kv_prefix_room room;
    struct slice key, value;
    amount_t sei = 0, atom = 0;
    key_begin(&prefix, SPACE_BANK, BANK_BALANCE);
    struct kv_iter *it = kv_iter_prefix(&k->state.kv, key_slice(&prefix), false, &room);
    while (kv_iter_next(it, &key, &value)) {
        amount_t amount;
        struct slice denom = slice_of(key.data + 3 + key.data[2], key.len - 3 - key.data[2]);
        assert_int_equal(amount_parse(value, &amount, NULL), 0);
        assert_true(amount > 0); // zero is not stored
        if (slice_eq(denom, SLICE_LIT("usei")))
            sei += amount;
        else if (slice_eq(denom, SLICE_LIT("uatom")))
            atom += amount;
        else
            fail_msg("seed %" PRIu64 ": a denom out of nothing", seed);
    }
    kv_iter_free(it);
    if (sei != bank_supply(&k->state.kv, "usei") || atom != bank_supply(&k->state.kv, "uatom"))
        fail_msg("seed %" PRIu64 " height %" PRId64 ": balances do not sum up to the supply", seed,
                 k->height);
}

static void check_gov(struct kit *k, uint64_t seed)
{
    struct key prefix;
    struct kv_prefix_room room;
    struct slice key, value;
    amount_t deposits = 0;
    key_begin(&prefix, SPACE_GOV, GOV_DEPOSIT);
    struct kv_iter *it = kv_iter_prefix(&k->state.kv, key_slice(&prefix), false, &room);
    while (kv_iter_next(it, &key, &value)) {
        const Cosmos__Gov__V1__Deposit *d =
            pb_unpack(&cosmos__gov__v1__deposit__descriptor, value, &k->arena);
        for (size_t i = 0; i < d->n_amount; i++) {
            amount_t amount;
            assert_int_equal(amount_parse(slice_str(d->amount[i]->amount), &amount, NULL), 0);
            deposits += amount;
        }
        if (!gov_proposal(&k->state.kv, &k->arena, d->proposal_id))
            fail_msg("seed %" PRIu64 ": a deposit without its proposal", seed);
    }
    kv_iter_free(it);
    if (deposits != bank_balance(&k->state.kv, auth_module_address(k->app, AUTH_GOV), "usei"))
        fail_msg("seed %" PRIu64 " height %" PRId64 ": deposits are not what gov holds", seed,
                 k->height);
}

// ---- histories

static const struct kit_key *any_key(struct kit *k)
{
    // Every other one is the validator's operator, so that proposals pass.
    return &k->keys[rng(2) ? 0 : rng(KIT_KEYS)];
}

static const char *any_amount(struct kit *k)
{
    static const char *const amounts[] = {"1usei",        "5usei",       "1uatom",
                                          "77uatom",      "78uatom",     "1000000000000usei",
                                          "10000000usei", "3uatom,9usei"};
    return amounts[rng(8)];
}

static void *any_message(struct kit *k, const struct kit_key *from)
{
    const char *deposits[] = {"5usei", "10000000usei", "20000000usei", "3uatom"};
    uint64_t next = gov_next_id(&k->state.kv);
    switch (rng(9)) {
    case 0:
        return kit_text_proposal(k, from, deposits[rng(4)]);
    case 1:
        return kit_upgrade_v1(k, from, rng(2) ? "v2" : "v9", k->height + 1 + (int64_t)rng(40), "",
                              deposits[rng(4)]);
    case 2:
        return kit_cancel_v1(k, from, deposits[rng(4)]);
    case 3: {
        Cosmos__Gov__V1__MsgDeposit *m = arena_alloc(&k->arena, sizeof *m);
        cosmos__gov__v1__msg_deposit__init(m);
        m->proposal_id = 1 + rng(next);
        m->depositor = pb_str(from->text);
        m->amount = arena_alloc(&k->arena, sizeof(void *));
        m->amount[0] = kit_coin(k, "usei", rng(2) ? "9000000" : "77");
        m->n_amount = 1;
        return m;
    }
    case 4:
        return kit_vote(k, from, 1 + rng(next), rng(2) ? 1 : (int)rng(6));
    case 5: {
        Cosmos__Gov__V1__MsgCancelProposal *m = arena_alloc(&k->arena, sizeof *m);
        cosmos__gov__v1__msg_cancel_proposal__init(m);
        m->proposal_id = 1 + rng(next);
        m->proposer = pb_str(from->text);
        return m;
    }
    default:
        return kit_send(k, from, any_key(k)->text, any_amount(k));
    }
}

static struct slice any_tx(struct kit *k)
{
    const struct kit_key *from = any_key(k);
    const char *fees[] = {"2000usei", "1usei", "999999999999usei", "50uatom"};
    struct kit_tx o = {.signer = from, .gas = rng(8) ? 500000 : rng(60000) + 1};
    if (rng(6) == 0)
        o.fee = fees[rng(4)];
    const void *messages[3];
    size_t count = 1 + (rng(4) == 0 ? rng(3) : 0);
    for (size_t i = 0; i < count; i++)
        messages[i] = any_message(k, from);
    struct slice tx = kit_tx(k, &o, messages, count);
    if (rng(10) == 0) { // something is broken
        uint8_t *copy = arena_dup(&k->arena, tx.data, tx.len);
        copy[rng(tx.len)] ^= (uint8_t)(1 + rng(255));
        tx.data = copy;
    }
    return tx;
}

static void run_history(uint64_t seed, size_t cache, int blocks, uint8_t ret[32])
{
    struct kit k;
    rng_state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    kit_init(&k,
             &(struct kit_options){.handlers = rng(2) ? &v2 : NULL, .sig_cache_entries = cache});
    for (int i = 0; i < blocks; i++) {
        size_t count = rng(6);
        for (size_t j = 0; j < count; j++) {
            struct slice tx = any_tx(&k);
            if (cache)
                app_verify_tx(k.app, &k.state.kv, tx, &k.arena);
            kit_add(&k, tx);
        }
        if (kit_block_after(&k, 1 + (int64_t)rng(4)) == APP_HALT) {
            // Another binary goes on, whichever way round.
            bool needed = k.result.halt.reason == 70;
            static const struct app_handler both[] = {{"v2", app_migrate_v2},
                                                      {"v9", app_migrate_v3}};
            static const struct app_handler_table all = {"all", both, 2};
            kit_restart(&k, &(struct kit_options){.handlers = needed ? &all : NULL,
                                                  .sig_cache_entries = cache});
            if (kit_block(&k) == APP_HALT)
                break; // neither suits: 72 on one side, 71 on the other
        }
        check_supply(&k, seed);
        check_gov(&k, seed);
    }
    kit_state_hash(&k, ret);
    // And what came of it can be exported and read back.
    struct kit again;
    struct err e = {0};
    uint8_t copy[32];
    char *json;
    if (app_export(k.app, &k.state.kv, k.height, &json, &e) < 0)
        fail_msg("seed %" PRIu64 ": %s", seed, e.text);
    kit_init(&again, NULL);
    kv_mem_deinit(&again.state);
    kv_mem_init(&again.state);
    if (kit_init_chain(&again, json, &e) < 0 && !strstr(e.text, "in the past"))
        fail_msg("seed %" PRIu64 ": %s", seed, e.text);
    kit_state_hash(&again, copy);
    if (e.code == 0 && memcmp(copy, ret, 32) != 0)
        fail_msg("seed %" PRIu64 ": the export reads back as another state", seed);
    free(json);
    kit_deinit(&again);
    kit_deinit(&k);
}

static void test_random_histories(void **state)
{
    const char *only = getenv("SEED");
    uint64_t first = only ? strtoull(only, NULL, 10) : 1, last = only ? first : 25;
    for (uint64_t seed = first; seed <= last; seed++) {
        uint8_t plain[32], cached[32];
        run_history(seed, 0, 40, plain);
        // The same history with verification ahead ends in the same state.
        run_history(seed, 64, 40, cached);
        if (memcmp(plain, cached, 32) != 0)
            fail_msg("seed %" PRIu64 ": the signature cache changes the state", seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_histories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
