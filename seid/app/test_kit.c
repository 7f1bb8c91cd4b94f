#include "seid/app/test_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/enc.h"
#include "base/log.h"
#include "seid/app/bank.h"
#include "wire/cosmostx.h"
#include "wire/crypto/hash.h"
#include "wire/typereg.h"

static const struct app_handler_table no_handlers = {"v1", NULL, 0};

#define GOV_PARAMS                                                                                 \
    "{\"min_deposit\":[{\"denom\":\"usei\",\"amount\":\"10000000\"}],"                             \
    "\"max_deposit_period\":\"20s\",\"voting_period\":\"10s\",\"quorum\":\"0.334\","               \
    "\"threshold\":\"0.5\",\"veto_threshold\":\"0.334\",\"expedited_voting_period\":\"5s\","       \
    "\"expedited_threshold\":\"0.667\",\"expedited_min_deposit\":[{\"denom\":\"usei\","            \
    "\"amount\":\"20000000\"}],\"proposal_cancel_ratio\":\"0.5\",\"burn_vote_veto\":true}"

// ---- life

static void make_key(struct kit *k, struct kit_key *key, uint8_t seed)
{
    memset(key->secret, seed, sizeof key->secret);
    assert_int_equal(secp_pubkey_of(k->secp, key->secret, key->pub), 0);
    addr_of_secp_pubkey(key->pub, key->address);
    addr_text(ADDR_HRP_ACC, slice_of(key->address, 20), key->text);
}

const char *kit_genesis(struct kit *k, const char *gov_params)
{
    CLEANUP_BUF struct buf b = {0};
    char oper[ADDR_TEXT_MAX];
    buf_append_str(&b, "{\"auth\":{\"accounts\":[");
    for (int i = 0; i < KIT_KEYS; i++)
        buf_printf(&b,
                   "%s{\"@type\":\"/cosmos.auth.v1beta1.BaseAccount\",\"address\":\"%s\","
                   "\"pub_key\":null,\"account_number\":\"0\",\"sequence\":\"0\"}",
                   i ? "," : "", k->keys[i].text);
    buf_append_str(&b, "]},\"bank\":{\"balances\":[");
    for (int i = 0; i < KIT_KEYS; i++)
        buf_printf(&b,
                   "%s{\"address\":\"%s\",\"coins\":[{\"denom\":\"uatom\",\"amount\":\"77\"},"
                   "{\"denom\":\"usei\",\"amount\":\"%llu\"}]}",
                   i ? "," : "", k->keys[i].text, (unsigned long long)KIT_BALANCE);
    buf_append_str(&b, "]},\"staking\":{\"params\":{\"bond_denom\":\"usei\"},\"validators\":[{");
    addr_text(ADDR_HRP_VAL, slice_of(k->keys[0].address, 20), oper);
    buf_printf(&b,
               "\"operator_address\":\"%s\",\"consensus_pubkey\":{\"@type\":"
               "\"/cosmos.crypto.ed25519.PubKey\",\"key\":\"",
               oper);
    enc_base64_append(&b, k->val_pub, 32);
    buf_printf(&b,
               "\"},\"tokens\":\"7000000\",\"status\":\"BOND_STATUS_BONDED\","
               "\"description\":{\"moniker\":\"one\"}}]},\"gov\":{\"params\":%s},\"upgrade\":{}}",
               gov_params ? gov_params : GOV_PARAMS);
    return arena_strndup(&k->arena, buf_cstr(&b), b.len);
}

int kit_init_chain(struct kit *k, const char *app_state, struct err *e)
{
    struct app_genesis_validator validator = {.power = 7};
    memcpy(validator.pub_key, k->val_pub, 32);
    struct app_genesis genesis = {.chain_id = KIT_CHAIN,
                                  .time_ns = KIT_TIME,
                                  .initial_height = 1,
                                  .app_state_json = slice_str(app_state),
                                  .validators = &validator,
                                  .validator_count = 1};
    return app_init_chain(k->app, &k->state.kv, &genesis, e);
}

void kit_restart(struct kit *k, const struct kit_options *o)
{
    struct err e = {0};
    struct app_config config = {
        .chain_id = KIT_CHAIN,
        .handlers = o->handlers ? o->handlers : &no_handlers,
        .min_gas_prices = o->min_gas_prices,
        .skip_heights = o->skip_heights,
        .skip_count = o->skip_count,
        .sig_cache_entries = o->sig_cache_entries,
    };
    app_free(k->app);
    k->app = NULL;
    if (app_new(&config, &k->app, &e) < 0)
        fail_msg("app_new: %s", e.text);
    k->started = false;
}

void kit_init(struct kit *k, const struct kit_options *o)
{
    static const struct kit_options defaults;
    struct err e = {0};
    memset(k, 0, sizeof *k);
    o = o ? o : &defaults;
    k->secp = secp_new(NULL);
    for (int i = 0; i < KIT_KEYS; i++)
        make_key(k, &k->keys[i], (uint8_t)(7 + i));
    memset(k->val_pub, 9, sizeof k->val_pub);
    kv_mem_init(&k->state);
    kit_restart(k, o);
    if (kit_init_chain(k, kit_genesis(k, o->gov_params), &e) < 0)
        fail_msg("genesis: %s", e.text);
    k->time_ns = KIT_TIME;
}

void kit_deinit(struct kit *k)
{
    app_free(k->app);
    secp_free(k->secp);
    kv_mem_deinit(&k->state);
    arena_deinit(&k->arena);
    memset(k, 0, sizeof *k);
}

// ---- transactions

static Cosmos__Base__V1beta1__Coin **parse_coins(struct kit *k, const char *text, size_t *ret_count)
{
    struct coins coins;
    struct err e;
    if (coins_parse(text, &k->arena, &coins, &e) < 0)
        fail_msg("coins %s: %s", text, e.text);
    *ret_count = coins.count;
    return coins_to_pb(coins, &k->arena);
}

static uint64_t pending_of(struct kit *k, const struct kit_key *signer)
{
    uint64_t pending = 0;
    for (size_t i = 0; i < k->tx_count; i++)
        for (size_t j = 0; j + 33 <= k->txs[i].len; j++)
            if (memcmp(k->txs[i].data + j, signer->pub, 33) == 0) {
                pending++;
                break;
            }
    return pending;
}

struct slice kit_tx(struct kit *k, const struct kit_tx *o, const void *const *messages,
                    size_t count)
{
    static const struct kit_tx defaults;
    CLEANUP_BUF struct buf bytes = {0};
    struct account account = {0};
    o = o ? o : &defaults;
    const struct kit_key *signer = o->signer ? o->signer : &k->keys[0];
    Google__Protobuf__Any **anys = arena_alloc(&k->arena, (count + 1) * sizeof(void *));
    for (size_t i = 0; i < count; i++)
        anys[i] = typereg_pack(messages[i], &k->arena);
    auth_get(&k->state.kv, slice_of(signer->address, 20), &account);
    struct cosmostx_request request = {
        .chain_id = o->chain_id ? o->chain_id : KIT_CHAIN,
        .account_number = o->numbers_given ? o->account_number : account.number,
        .sequence = o->numbers_given ? o->sequence : account.sequence + pending_of(k, signer),
        .messages = anys,
        .message_count = count,
        .memo = o->memo,
        .timeout_height = o->timeout_height,
        .gas_limit = o->gas ? o->gas : 200000,
        .fee_payer = o->payer,
        .fee_granter = o->granter,
    };
    request.fee = parse_coins(k, o->fee ? o->fee : "2000usei", &request.fee_count);
    assert_int_equal(cosmostx_build(&request, k->secp, signer->secret, &bytes), 0);
    return arena_slice(&k->arena, buf_slice(&bytes));
}

static Cosmos__Tx__V1beta1__SignerInfo *signer_info(struct kit *k, const struct kit_key *signer,
                                                    uint64_t sequence)
{
    Cosmos__Crypto__Secp256k1__PubKey key = COSMOS__CRYPTO__SECP256K1__PUB_KEY__INIT;
    Cosmos__Tx__V1beta1__SignerInfo *info = arena_alloc(&k->arena, sizeof *info);
    Cosmos__Tx__V1beta1__ModeInfo *mode = arena_alloc(&k->arena, sizeof *mode);
    Cosmos__Tx__V1beta1__ModeInfo__Single *single = arena_alloc(&k->arena, sizeof *single);
    cosmos__tx__v1beta1__signer_info__init(info);
    cosmos__tx__v1beta1__mode_info__init(mode);
    cosmos__tx__v1beta1__mode_info__single__init(single);
    single->mode = COSMOS__TX__SIGNING__V1BETA1__SIGN_MODE__SIGN_MODE_DIRECT;
    mode->sum_case = COSMOS__TX__V1BETA1__MODE_INFO__SUM_SINGLE;
    mode->single = single;
    key.key = pb_bytes(slice_of(signer->pub, sizeof signer->pub));
    info->public_key = typereg_pack(&key, &k->arena);
    info->mode_info = mode;
    info->sequence = sequence;
    return info;
}

struct slice kit_tx_by(struct kit *k, const struct kit_key *const *signers, size_t signer_count,
                       const char *payer, const void *const *messages, size_t count)
{
    Cosmos__Tx__V1beta1__TxBody body = COSMOS__TX__V1BETA1__TX_BODY__INIT;
    Cosmos__Tx__V1beta1__AuthInfo auth = COSMOS__TX__V1BETA1__AUTH_INFO__INIT;
    Cosmos__Tx__V1beta1__Fee fee = COSMOS__TX__V1BETA1__FEE__INIT;
    Cosmos__Tx__V1beta1__TxRaw raw = COSMOS__TX__V1BETA1__TX_RAW__INIT;
    uint64_t numbers[KIT_KEYS];
    body.messages = arena_alloc(&k->arena, count * sizeof(void *));
    for (size_t i = 0; i < count; i++)
        body.messages[body.n_messages++] = typereg_pack(messages[i], &k->arena);
    auth.signer_infos = arena_alloc(&k->arena, signer_count * sizeof(void *));
    for (size_t i = 0; i < signer_count; i++) {
        struct account account = {0};
        auth_get(&k->state.kv, slice_of(signers[i]->address, 20), &account);
        numbers[i] = account.number;
        auth.signer_infos[auth.n_signer_infos++] = signer_info(k, signers[i], account.sequence);
    }
    fee.amount = parse_coins(k, "2000usei", &fee.n_amount);
    fee.gas_limit = 300000;
    fee.payer = pb_str(payer);
    auth.fee = &fee;
    raw.body_bytes = pb_bytes(pb_pack(&body, &k->arena));
    raw.auth_info_bytes = pb_bytes(pb_pack(&auth, &k->arena));
    raw.signatures = arena_alloc(&k->arena, signer_count * sizeof *raw.signatures);
    for (size_t i = 0; i < signer_count; i++) {
        uint8_t digest[32], *signature = arena_alloc(&k->arena, SECP_SIGNATURE_LEN);
        cosmostx_sign_digest(pb_slice(raw.body_bytes), pb_slice(raw.auth_info_bytes), KIT_CHAIN,
                             numbers[i], digest);
        assert_int_equal(secp_sign(k->secp, signers[i]->secret, digest, signature), 0);
        raw.signatures[raw.n_signatures++] = pb_bytes(slice_of(signature, SECP_SIGNATURE_LEN));
    }
    return pb_pack(&raw, &k->arena);
}

struct slice kit_tx1(struct kit *k, const struct kit_tx *options, const void *message)
{
    return kit_tx(k, options, &message, 1);
}

Cosmos__Base__V1beta1__Coin *kit_coin(struct kit *k, const char *denom, const char *amount)
{
    Cosmos__Base__V1beta1__Coin *c = arena_alloc(&k->arena, sizeof *c);
    cosmos__base__v1beta1__coin__init(c);
    c->denom = pb_str(denom);
    c->amount = pb_str(amount);
    return c;
}

void *kit_send(struct kit *k, const struct kit_key *from, const char *to, const char *amount)
{
    Cosmos__Bank__V1beta1__MsgSend *m = arena_alloc(&k->arena, sizeof *m);
    cosmos__bank__v1beta1__msg_send__init(m);
    m->from_address = pb_str(from->text);
    m->to_address = pb_str(to);
    m->amount = parse_coins(k, amount, &m->n_amount);
    return m;
}

static void *submit_v1(struct kit *k, const struct kit_key *from, const char *deposit,
                       const void *message)
{
    Cosmos__Gov__V1__MsgSubmitProposal *m = arena_alloc(&k->arena, sizeof *m);
    cosmos__gov__v1__msg_submit_proposal__init(m);
    if (message) {
        m->messages = arena_alloc(&k->arena, sizeof(void *));
        m->messages[0] = typereg_pack(message, &k->arena);
        m->n_messages = 1;
    }
    m->proposer = pb_str(from->text);
    m->title = pb_str("title");
    m->summary = pb_str("summary");
    m->metadata = pb_str(message ? "" : "meta");
    m->initial_deposit = parse_coins(k, deposit, &m->n_initial_deposit);
    return m;
}

void *kit_text_proposal(struct kit *k, const struct kit_key *from, const char *deposit)
{
    return submit_v1(k, from, deposit, NULL);
}

static Cosmos__Upgrade__V1beta1__Plan *plan_of(struct kit *k, const char *name, int64_t height,
                                               const char *info)
{
    Cosmos__Upgrade__V1beta1__Plan *plan = arena_alloc(&k->arena, sizeof *plan);
    cosmos__upgrade__v1beta1__plan__init(plan);
    plan->name = pb_str(name);
    // As Go's encoder sends it.
    plan->time = arena_alloc(&k->arena, sizeof *plan->time);
    google__protobuf__timestamp__init(plan->time);
    plan->time->seconds = INT64_C(-62135596800);
    plan->height = height;
    plan->info = pb_str(info);
    return plan;
}

void *kit_upgrade_v1(struct kit *k, const struct kit_key *from, const char *name, int64_t height,
                     const char *info, const char *deposit)
{
    Cosmos__Upgrade__V1beta1__MsgSoftwareUpgrade m =
        COSMOS__UPGRADE__V1BETA1__MSG_SOFTWARE_UPGRADE__INIT;
    m.authority = k->app->gov_address;
    m.plan = plan_of(k, name, height, info);
    return submit_v1(k, from, deposit, &m);
}

void *kit_cancel_v1(struct kit *k, const struct kit_key *from, const char *deposit)
{
    Cosmos__Upgrade__V1beta1__MsgCancelUpgrade m =
        COSMOS__UPGRADE__V1BETA1__MSG_CANCEL_UPGRADE__INIT;
    m.authority = k->app->gov_address;
    return submit_v1(k, from, deposit, &m);
}

void *kit_upgrade_legacy(struct kit *k, const struct kit_key *from, const char *name,
                         int64_t height, const char *info, const char *deposit)
{
    Cosmos__Upgrade__V1beta1__SoftwareUpgradeProposal content =
        COSMOS__UPGRADE__V1BETA1__SOFTWARE_UPGRADE_PROPOSAL__INIT;
    Cosmos__Gov__V1beta1__MsgSubmitProposal *m = arena_alloc(&k->arena, sizeof *m);
    cosmos__gov__v1beta1__msg_submit_proposal__init(m);
    content.title = pb_str("title");
    content.description = pb_str("description");
    content.plan = plan_of(k, name, height, info);
    m->content = typereg_pack(&content, &k->arena);
    m->proposer = pb_str(from->text);
    m->initial_deposit = parse_coins(k, deposit, &m->n_initial_deposit);
    return m;
}

void *kit_vote(struct kit *k, const struct kit_key *from, uint64_t id, int option)
{
    Cosmos__Gov__V1__MsgVote *m = arena_alloc(&k->arena, sizeof *m);
    cosmos__gov__v1__msg_vote__init(m);
    m->proposal_id = id;
    m->voter = pb_str(from->text);
    m->option = (Cosmos__Gov__V1__VoteOption)option;
    return m;
}

// ---- blocks

void kit_add(struct kit *k, struct slice tx)
{
    assert_true(k->tx_count < KIT_TXS_MAX);
    k->txs[k->tx_count++] = tx;
}

int kit_block_after(struct kit *k, int64_t seconds)
{
    CLEANUP_KV_OVERLAY struct kv_overlay overlay = {0};
    struct err e = {0};
    const struct kv_change *changes;
    struct app_block block = {.height = k->height + 1,
                              .time_ns = k->time_ns + seconds * KIT_SECOND,
                              .txs = k->txs,
                              .tx_count = k->tx_count};
    kv_overlay_init(&overlay, &k->state.kv);
    int r = app_finalize_block(k->app, &overlay.kv, &block, !k->started, &k->arena, &k->result, &e);
    if (r < 0)
        fail_msg("block %lld: %s", (long long)block.height, e.text);
    k->tx_count = 0;
    if (r == APP_HALT)
        return r;
    size_t count = kv_overlay_changes(&overlay, &changes);
    kv_mem_apply(&k->state, changes, count);
    k->height = block.height;
    k->time_ns = block.time_ns;
    k->started = true;
    return 0;
}

int kit_block(struct kit *k)
{
    return kit_block_after(k, 1);
}

void kit_blocks(struct kit *k, int64_t to_height)
{
    while (k->height < to_height)
        if (kit_block(k))
            fail_msg("halt at %lld: %s", (long long)k->height + 1, k->result.halt.log_text);
}

const Tendermint__Abci__ExecTxResult *kit_deliver(struct kit *k, struct slice tx)
{
    kit_add(k, tx);
    if (kit_block(k))
        fail_msg("halt: %s", k->result.halt.log_text);
    return k->result.tx_results[0];
}

void kit_deliver_ok(struct kit *k, struct slice tx)
{
    const Tendermint__Abci__ExecTxResult *r = kit_deliver(k, tx);
    if (r->code)
        fail_msg("transaction failed with %s/%u: %s", r->codespace, r->code, r->log);
}

struct app_check_result kit_check(struct kit *k, struct slice tx, enum app_check_mode mode)
{
    CLEANUP_KV_OVERLAY struct kv_overlay overlay = {0};
    struct app_check_result result;
    struct app_block next = {.height = k->height + 1, .time_ns = k->time_ns + KIT_SECOND};
    kv_overlay_init(&overlay, &k->state.kv);
    app_check_tx(k->app, &overlay.kv, &next, tx, NULL, mode, &k->arena, &result);
    return result;
}

uint64_t kit_balance(struct kit *k, const char *address, const char *denom)
{
    struct addr a;
    assert_int_equal(addr_parse(ADDR_HRP_ACC, slice_str(address), &a, NULL), 0);
    return (uint64_t)bank_balance(&k->state.kv, addr_slice(&a), denom);
}

const char *kit_attribute(Tendermint__Abci__Event **events, size_t count, const char *type,
                          const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(events[i]->type, type) != 0)
            continue;
        for (size_t j = 0; j < events[i]->n_attributes; j++)
            if (strcmp(events[i]->attributes[j]->key, key) == 0)
                return events[i]->attributes[j]->value;
    }
    return NULL;
}

void kit_state_hash(struct kit *k, uint8_t ret[32])
{
    CLEANUP_BUF struct buf all = {0};
    struct slice key, value;
    struct kv_iter *it = kv_iter_new(&k->state.kv, SLICE_NULL, SLICE_NULL, false);
    while (kv_iter_next(it, &key, &value)) {
        buf_append_be64(&all, key.len);
        buf_append_slice(&all, key);
        buf_append_be64(&all, value.len);
        buf_append_slice(&all, value);
    }
    kv_iter_free(it);
    hash_sha256(all.data, all.len, ret);
}
