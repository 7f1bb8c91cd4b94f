#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/enc.h"
#include "seid/app/test_kit.h"
#include "seid/app/upgrade.h"
#include "seid/query/query.h"
#include "wire/crypto/hash.h"
#include "wire/pbjson.h"

// ---- a chain of two facts

struct fake_chain {
    struct query_chain base;
    struct kit *kit;
    struct slice tx;
    const Tendermint__Abci__ExecTxResult *result;
};

static enum query_code fake_block(struct query_chain *c, int64_t height, struct arena *arena,
                                  Tendermint__Types__BlockID **ret_id,
                                  Tendermint__Types__Block **ret_block, const char **ret_text)
{
    struct fake_chain *f = (struct fake_chain *)c;
    if (height < 1 || height > f->kit->height) {
        *ret_text = "no such block";
        return QUERY_NOT_FOUND;
    }
    Tendermint__Types__Block *b = arena_alloc(arena, sizeof *b);
    tendermint__types__block__init(b);
    b->header = arena_alloc(arena, sizeof *b->header);
    tendermint__types__header__init(b->header);
    b->header->height = height;
    b->header->proposer_address = pb_bytes(SLICE_LIT("AAAAAAAAAAAAAAAAAAAA"));
    b->data = arena_alloc(arena, sizeof *b->data);
    tendermint__types__data__init(b->data);
    b->data->n_txs = 1;
    b->data->txs = arena_alloc(arena, sizeof *b->data->txs);
    b->data->txs[0] = pb_bytes(f->tx);
    *ret_id = arena_alloc(arena, sizeof **ret_id);
    tendermint__types__block_id__init(*ret_id);
    *ret_block = b;
    return QUERY_OK;
}

static void fill_tx(struct fake_chain *f, struct query_tx *ret)
{
    hash_sha256(f->tx.data, f->tx.len, ret->hash);
    ret->height = 1;
    ret->time_ns = KIT_TIME;
    ret->bytes = f->tx;
    ret->result = (Tendermint__Abci__ExecTxResult *)(uintptr_t)f->result;
}

static enum query_code fake_tx(struct query_chain *c, const uint8_t hash[32], struct arena *arena,
                               struct query_tx *ret, const char **ret_text)
{
    struct query_tx tx = {0};
    fill_tx((struct fake_chain *)c, &tx);
    if (memcmp(tx.hash, hash, 32) != 0)
        return QUERY_NOT_FOUND;
    *ret = tx;
    return QUERY_OK;
}

static enum query_code fake_search(struct query_chain *c, const char *query, bool descending,
                                   uint64_t page, uint64_t limit, struct arena *arena,
                                   struct query_tx **ret, size_t *ret_count, uint64_t *ret_total,
                                   const char **ret_text)
{
    assert_string_equal(query, "message.action='x' AND tx.height=1");
    assert_true(descending);
    assert_int_equal(page, 1);
    *ret = arena_zalloc(arena, sizeof **ret);
    fill_tx((struct fake_chain *)c, *ret);
    *ret_count = 1;
    *ret_total = 1;
    return QUERY_OK;
}

static enum query_code fake_validators(struct query_chain *c, int64_t height, struct arena *arena,
                                       struct query_validator **ret, size_t *ret_count,
                                       const char **ret_text)
{
    *ret = arena_zalloc(arena, sizeof **ret);
    (*ret)->power = 7;
    *ret_count = 1;
    return QUERY_OK;
}

static void fake_node(struct query_chain *c, struct arena *arena, struct query_node *ret)
{
    *ret = (struct query_node){.id = "00",
                               .listen_addr = "tcp://0.0.0.0:26656",
                               .network = KIT_CHAIN,
                               .version = "0.38.26",
                               .moniker = "m",
                               .rpc_address = "r",
                               .app_name = "sei",
                               .app_program = "seid",
                               .app_release = "1",
                               .git_commit = "c",
                               .build_tags = "",
                               .minimum_gas_price = "0.01usei",
                               .pruning_keep_recent = "5",
                               .pruning_interval = "0"};
}

static enum query_code fake_broadcast(struct query_chain *c, struct slice tx, bool async,
                                      struct arena *arena, struct query_broadcast *ret,
                                      const char **ret_text)
{
    hash_sha256(tx.data, tx.len, ret->hash);
    ret->code = 32;
    ret->codespace = "sdk";
    ret->log = "bad";
    return QUERY_OK;
}

static const struct query_chain_ops fake_ops = {fake_block,      fake_tx,   fake_search,
                                                fake_validators, fake_node, fake_broadcast};

struct fixture {
    struct kit kit;
    struct fake_chain chain;
    struct query_ctx ctx;
};

static void refresh(struct fixture *f)
{
    f->ctx.app = f->kit.app;
    f->ctx.state = &f->kit.state.kv;
    f->ctx.height = f->ctx.latest_height = f->kit.height;
    f->ctx.time_ns = f->ctx.latest_time_ns = f->kit.time_ns;
    f->ctx.chain = &f->chain.base;
}

static void fixture_init(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    kit_init(&f->kit, NULL);
    f->chain = (struct fake_chain){{&fake_ops}, &f->kit, SLICE_NULL, NULL};
    f->chain.tx =
        kit_tx1(&f->kit, NULL, kit_send(&f->kit, &f->kit.keys[0], f->kit.keys[1].text, "5usei"));
    f->chain.result = kit_deliver(&f->kit, f->chain.tx);
    assert_int_equal(f->chain.result->code, 0);
    refresh(f);
}

// Asks with JSON, gives the answer as JSON ("CODE text" when it is an error), so that a case is one
// line.
static const char *ask(struct fixture *f, const char *path, const char *request)
{
    CLEANUP_BUF struct buf out = {0};
    struct arena *arena = &f->kit.arena;
    struct query_error error;
    struct err e = {0};
    ProtobufCMessage *response;
    void *message;
    const struct query_method *method = query_method_find(slice_str(path));
    if (!method)
        fail_msg("no method %s", path);
    if (pbjson_read(method->request, slice_str(request), arena, &message, &e) < 0)
        fail_msg("%s: %s", path, e.text);
    enum query_code code = query_run(&f->ctx, method, message, arena, &response, &error);
    if (code != QUERY_OK)
        return arena_printf(arena, "%d %s", code, error.text);
    if (pbjson_append(response, &out, &e) < 0)
        fail_msg("%s: %s", path, e.text);
    return arena_strndup(arena, buf_cstr(&out), out.len);
}

static void expect(struct fixture *f, const char *path, const char *request, const char *want)
{
    const char *got = ask(f, path, request);
    if (strcmp(got, want) != 0)
        fail_msg("%s %s\n want %s\n got  %s", path, request, want, got);
}

static void expect_has(struct fixture *f, const char *path, const char *request, const char *want)
{
    const char *got = ask(f, path, request);
    if (!strstr(got, want))
        fail_msg("%s %s\n want %s\n got  %s", path, request, want, got);
}

#define K0 "sei150rtrmj2f8vl9tem8qpfw36ylw5jg9j270mllc"
#define NOBODY "sei1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq703fpu"

// ---- the table

static void test_table_is_sorted_and_found(void **state)
{
    assert_true(query_method_count > 45);
    for (size_t i = 0; i < query_method_count; i++) {
        const struct query_method *m = &query_methods[i];
        if (i)
            assert_true(strcmp(query_methods[i - 1].path, m->path) < 0);
        assert_ptr_equal(query_method_find(slice_str(m->path)), m);
        assert_non_null(m->request);
        assert_non_null(m->response);
    }
    assert_null(query_method_find(SLICE_LIT("/cosmos.bank.v1beta1.Query/Nope")));
    assert_null(query_method_find(SLICE_LIT("/cosmos.bank.v1beta1.Msg/Send")));
    assert_null(query_method_find(SLICE_NULL));
}

// Every method answers an empty request with something: a response or a clear error.
static void test_every_method_with_nothing(void **state)
{
    struct fixture f;
    fixture_init(&f);
    for (size_t i = 0; i < query_method_count; i++) {
        struct query_reply reply;
        if (strstr(query_methods[i].path, "GetTxsEvent"))
            continue;
        query_call(&f.ctx, &query_methods[i], SLICE_NULL, &f.kit.arena, &reply);
        if (reply.code != QUERY_OK && !*reply.text)
            fail_msg("%s fails without a text", query_methods[i].path);
        if (reply.code == QUERY_UNIMPLEMENTED)
            assert_string_equal(query_methods[i].path,
                                "/cosmos.upgrade.v1beta1.Query/UpgradedConsensusState");
    }
    kit_deinit(&f.kit);
}

// ---- methods

static void test_auth(void **state)
{
    struct fixture f;
    fixture_init(&f);
    expect(&f, "/cosmos.auth.v1beta1.Query/Account", "{\"address\":\"" K0 "\"}",
           "{\"account\":{\"@type\":\"/cosmos.auth.v1beta1.BaseAccount\",\"address\":\"" K0
           "\",\"pub_key\":{\"@type\":\"/cosmos.crypto.secp256k1.PubKey\",\"key\":"
           "\"ApicC3bLVjlx/cm+8x7AbDVg8ySdbunl2DxXYlWW4F9v\"},\"account_number\":\"0\","
           "\"sequence\":\"1\"}}");
    expect(&f, "/cosmos.auth.v1beta1.Query/Account", "{\"address\":\"" NOBODY "\"}",
           "5 account " NOBODY " not found");
    expect(&f, "/cosmos.auth.v1beta1.Query/Account", "{}", "3 Address cannot be empty");
    expect_has(&f, "/cosmos.auth.v1beta1.Query/Account", "{\"address\":\"cosmos1\"}",
               "3 invalid address: ");
    expect_has(&f, "/cosmos.auth.v1beta1.Query/AccountInfo", "{\"address\":\"" K0 "\"}",
               "{\"info\":{\"address\":\"" K0 "\"");
    expect(&f, "/cosmos.auth.v1beta1.Query/Bech32Prefix", "{}", "{\"bech32_prefix\":\"sei\"}");
    expect_has(&f, "/cosmos.auth.v1beta1.Query/ModuleAccountByName", "{\"name\":\"gov\"}",
               "\"name\":\"gov\",\"permissions\":[\"burner\"]");
    expect(&f, "/cosmos.auth.v1beta1.Query/ModuleAccountByName", "{\"name\":\"mint\"}",
           "5 account mint not found");
    expect(&f, "/cosmos.auth.v1beta1.Query/Params", "{}",
           "{\"params\":{\"max_memo_characters\":\"256\",\"tx_sig_limit\":\"7\","
           "\"tx_size_cost_per_byte\":\"10\",\"sig_verify_cost_ed25519\":\"590\","
           "\"sig_verify_cost_secp256k1\":\"1000\"}}");
    kit_deinit(&f.kit);
}

static void test_bank(void **state)
{
    struct fixture f;
    fixture_init(&f);
    expect(&f, "/cosmos.bank.v1beta1.Query/Balance", "{\"address\":\"" K0 "\",\"denom\":\"usei\"}",
           "{\"balance\":{\"denom\":\"usei\",\"amount\":\"999999997995\"}}");
    expect(&f, "/cosmos.bank.v1beta1.Query/Balance",
           "{\"address\":\"" NOBODY "\",\"denom\":\"usei\"}",
           "{\"balance\":{\"denom\":\"usei\",\"amount\":\"0\"}}");
    expect(&f, "/cosmos.bank.v1beta1.Query/Balance", "{\"address\":\"" K0 "\",\"denom\":\"!\"}",
           "3 invalid denom: !");
    expect(&f, "/cosmos.bank.v1beta1.Query/AllBalances", "{\"address\":\"" K0 "\"}",
           "{\"balances\":[{\"denom\":\"uatom\",\"amount\":\"77\"},{\"denom\":\"usei\","
           "\"amount\":\"999999997995\"}],\"pagination\":{\"next_key\":null,\"total\":\"2\"}}");
    expect(&f, "/cosmos.bank.v1beta1.Query/TotalSupply", "{}",
           "{\"supply\":[{\"denom\":\"uatom\",\"amount\":\"616\"},{\"denom\":\"usei\","
           "\"amount\":\"8000000000000\"}],\"pagination\":{\"next_key\":null,\"total\":\"2\"}}");
    expect(&f, "/cosmos.bank.v1beta1.Query/SupplyOf", "{\"denom\":\"usei\"}",
           "{\"amount\":{\"denom\":\"usei\",\"amount\":\"8000000000000\"}}");
    expect(&f, "/cosmos.bank.v1beta1.Query/DenomMetadata", "{\"denom\":\"usei\"}",
           "5 client metadata for denom usei");
    expect(&f, "/cosmos.bank.v1beta1.Query/Params", "{}",
           "{\"params\":{\"send_enabled\":[],\"default_send_enabled\":true}}");
    kit_deinit(&f.kit);
}

// The rules of the SDK's pages, over the eight accounts (and two module accounts).
static void test_pages(void **state)
{
    struct fixture f;
    fixture_init(&f);
    static const char path[] = "/cosmos.bank.v1beta1.Query/AllBalances";
    static const char address[] = "{\"address\":\"" K0 "\",\"pagination\":";
    static const struct {
        const char *page, *want;
    } cases[] = {
        {"{\"limit\":\"1\"}}", "{\"balances\":[{\"denom\":\"uatom\",\"amount\":\"77\"}],"
                               "\"pagination\":{\"next_key\":\"dXNlaQ==\",\"total\":\"0\"}}"},
        {"{\"limit\":\"1\",\"count_total\":true}}",
         "{\"balances\":[{\"denom\":\"uatom\",\"amount\":\"77\"}],"
         "\"pagination\":{\"next_key\":\"dXNlaQ==\",\"total\":\"2\"}}"},
        {"{\"key\":\"dXNlaQ==\",\"limit\":\"1\"}}",
         "{\"balances\":[{\"denom\":\"usei\",\"amount\":\"999999997995\"}],"
         "\"pagination\":{\"next_key\":null,\"total\":\"0\"}}"},
        {"{\"offset\":\"1\"}}", "{\"balances\":[{\"denom\":\"usei\",\"amount\":\"999999997995\"}],"
                                "\"pagination\":{\"next_key\":null,\"total\":\"2\"}}"},
        {"{\"offset\":\"9\"}}",
         "{\"balances\":[],\"pagination\":{\"next_key\":null,\"total\":\"2\"}}"},
        {"{\"limit\":\"1\",\"reverse\":true}}",
         "{\"balances\":[{\"denom\":\"usei\",\"amount\":\"999999997995\"}],"
         "\"pagination\":{\"next_key\":\"dWF0b20=\",\"total\":\"0\"}}"},
        {"{\"key\":\"dWF0b20=\",\"limit\":\"5\",\"reverse\":true}}",
         "{\"balances\":[{\"denom\":\"uatom\",\"amount\":\"77\"}],"
         "\"pagination\":{\"next_key\":null,\"total\":\"0\"}}"},
        {"{\"key\":\"dWF0b20=\",\"offset\":\"1\"}}",
         "3 invalid request, either offset or key is expected, got both"},
        {"{\"limit\":\"10001\"}}", "3 pagination.limit must be at most 10000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(&f, path, arena_printf(&f.kit.arena, "%s%s", address, cases[i].page), cases[i].want);
    kit_deinit(&f.kit);
}

static void test_upgrade(void **state)
{
    struct fixture f;
    fixture_init(&f);
    struct kit *k = &f.kit;
    expect(&f, "/cosmos.upgrade.v1beta1.Query/CurrentPlan", "{}", "{\"plan\":null}");
    expect(&f, "/cosmos.upgrade.v1beta1.Query/AppliedPlan", "{\"name\":\"v2\"}",
           "{\"height\":\"0\"}");
    expect(&f, "/cosmos.upgrade.v1beta1.Query/ModuleVersions", "{\"module_name\":\"bank\"}",
           "{\"module_versions\":[{\"name\":\"bank\",\"version\":\"1\"}]}");
    expect(&f, "/cosmos.upgrade.v1beta1.Query/ModuleVersions", "{\"module_name\":\"ibc\"}",
           "5 x/upgrade: QueryModuleVersions module ibc not found");
    expect(&f, "/cosmos.upgrade.v1beta1.Query/ModuleVersions", "{}",
           "{\"module_versions\":[{\"name\":\"auth\",\"version\":\"1\"},{\"name\":\"bank\","
           "\"version\":\"1\"},{\"name\":\"gov\",\"version\":\"1\"},{\"name\":\"staking\","
           "\"version\":\"1\"},{\"name\":\"upgrade\",\"version\":\"1\"}]}");
    expect(&f, "/cosmos.upgrade.v1beta1.Query/Authority", "{}",
           "{\"address\":\"sei10d07y265gmmuvt4z0w9aw880jnsr700jhwznsj\"}");
    expect(&f, "/cosmos.upgrade.v1beta1.Query/UpgradedConsensusState", "{}",
           "12 this node does not support the method");

    kit_deliver_ok(k, kit_tx1(k, &(struct kit_tx){.gas = 400000},
                              kit_upgrade_v1(k, &k->keys[0], "v2", 50, "x", "10000000usei")));
    kit_deliver_ok(k, kit_tx1(k, NULL, kit_vote(k, &k->keys[0], 1, 1)));
    kit_blocks(k, 14);
    refresh(&f);
    expect(&f, "/cosmos.upgrade.v1beta1.Query/CurrentPlan", "{}",
           "{\"plan\":{\"name\":\"v2\",\"time\":\"0001-01-01T00:00:00Z\",\"height\":\"50\","
           "\"info\":\"x\",\"upgraded_client_state\":null}}");
    upgrade_set_done(&k->state.kv, SLICE_LIT("v1"), 7);
    expect(&f, "/cosmos.upgrade.v1beta1.Query/AppliedPlan", "{\"name\":\"v1\"}",
           "{\"height\":\"7\"}");
    kit_deinit(k);
}

static void test_gov(void **state)
{
    struct fixture f;
    fixture_init(&f);
    struct kit *k = &f.kit;
    kit_deliver_ok(k, kit_tx1(k, &(struct kit_tx){.gas = 400000},
                              kit_upgrade_legacy(k, &k->keys[0], "v2", 50, "", "10000000usei")));
    kit_deliver_ok(k, kit_tx1(k, &(struct kit_tx){.signer = &k->keys[1]},
                              kit_text_proposal(k, &k->keys[1], "5usei")));
    kit_deliver_ok(k, kit_tx1(k, NULL, kit_vote(k, &k->keys[0], 1, 1)));
    refresh(&f);
    expect(&f, "/cosmos.gov.v1.Query/TallyResult", "{\"proposal_id\":\"1\"}",
           "{\"tally\":{\"yes_count\":\"7000000\",\"abstain_count\":\"0\",\"no_count\":\"0\","
           "\"no_with_veto_count\":\"0\"}}");
    expect(&f, "/cosmos.gov.v1beta1.Query/TallyResult", "{\"proposal_id\":\"2\"}",
           "{\"tally\":{\"yes\":\"0\",\"abstain\":\"0\",\"no\":\"0\",\"no_with_veto\":\"0\"}}");
    expect_has(&f, "/cosmos.gov.v1beta1.Query/Proposal", "{\"proposal_id\":\"1\"}",
               "\"content\":{\"@type\":\"/cosmos.upgrade.v1beta1.SoftwareUpgradeProposal\","
               "\"title\":\"title\",\"description\":\"description\",\"plan\":{\"name\":\"v2\"");
    expect_has(&f, "/cosmos.gov.v1beta1.Query/Proposal", "{\"proposal_id\":\"2\"}",
               "\"content\":{\"@type\":\"/cosmos.gov.v1beta1.TextProposal\"");
    expect_has(&f, "/cosmos.gov.v1.Query/Proposal", "{\"proposal_id\":\"1\"}",
               "\"messages\":[{\"@type\":\"/cosmos.gov.v1.MsgExecLegacyContent\",\"content\":{"
               "\"@type\":\"/cosmos.upgrade.v1beta1.SoftwareUpgradeProposal\"");
    expect(&f, "/cosmos.gov.v1.Query/Proposal", "{\"proposal_id\":\"9\"}",
           "5 proposal 9 doesn't exist");
    expect(&f, "/cosmos.gov.v1.Query/Proposal", "{}", "3 proposal id can not be 0");
    expect(&f, "/cosmos.gov.v1.Query/Vote", "{\"proposal_id\":\"1\",\"voter\":\"" K0 "\"}",
           "{\"vote\":{\"proposal_id\":\"1\",\"voter\":\"" K0
           "\",\"options\":[{\"option\":\"VOTE_OPTION_YES\","
           "\"weight\":\"1.000000000000000000\"}],\"metadata\":\"\"}}");
    expect_has(&f, "/cosmos.gov.v1beta1.Query/Votes", "{\"proposal_id\":\"1\"}",
               "\"option\":\"VOTE_OPTION_YES\",\"options\":[");
    expect(&f, "/cosmos.gov.v1.Query/Vote", "{\"proposal_id\":\"1\",\"voter\":\"" NOBODY "\"}",
           "3 voter: " NOBODY " not found for proposal: 1");
    expect(&f, "/cosmos.gov.v1.Query/Deposits", "{\"proposal_id\":\"1\"}",
           "{\"deposits\":[{\"proposal_id\":\"1\",\"depositor\":\"" K0
           "\",\"amount\":[{\"denom\":\"usei\",\"amount\":\"10000000\"}]}],"
           "\"pagination\":{\"next_key\":null,\"total\":\"1\"}}");
    expect_has(&f, "/cosmos.gov.v1.Query/Proposals",
               "{\"proposal_status\":\"PROPOSAL_STATUS_DEPOSIT_PERIOD\"}",
               "{\"proposals\":[{\"id\":\"2\"");
    expect_has(&f, "/cosmos.gov.v1.Query/Proposals", "{\"voter\":\"" K0 "\"}",
               "\"pagination\":{\"next_key\":null,\"total\":\"1\"}");
    expect_has(&f, "/cosmos.gov.v1beta1.Query/Proposals", "{\"pagination\":{\"reverse\":true}}",
               "{\"proposals\":[{\"proposal_id\":\"2\"");
    expect(&f, "/cosmos.gov.v1.Query/Params", "{\"params_type\":\"x\"}",
           "3 unknown params type: x");
    expect_has(&f, "/cosmos.gov.v1.Query/Params", "{\"params_type\":\"voting\"}",
               "{\"voting_params\":{\"voting_period\":\"10s\"},\"deposit_params\":null,");
    expect_has(&f, "/cosmos.gov.v1beta1.Query/Params", "{\"params_type\":\"tallying\"}",
               "\"tally_params\":{\"quorum\":\"0.334000000000000000\"");
    expect(&f, "/cosmos.gov.v1.Query/Constitution", "{}", "{\"constitution\":\"\"}");
    kit_deinit(k);
}

static void test_tx_service(void **state)
{
    struct fixture f;
    fixture_init(&f);
    struct kit *k = &f.kit;
    uint8_t hash[32];
    char hex[65];
    hash_sha256(f.chain.tx.data, f.chain.tx.len, hash);
    enc_hex_upper(hash, 32, hex);
    const char *by_hash = arena_printf(&k->arena, "{\"hash\":\"%s\"}", hex);
    expect_has(&f, "/cosmos.tx.v1beta1.Service/GetTx", by_hash,
               arena_printf(&k->arena, "\"tx_response\":{\"height\":\"1\",\"txhash\":\"%s\"", hex));
    expect_has(&f, "/cosmos.tx.v1beta1.Service/GetTx", by_hash,
               "\"tx\":{\"@type\":\"/cosmos.tx.v1beta1.Tx\",\"body\":{\"messages\":[{\"@type\":"
               "\"/cosmos.bank.v1beta1.MsgSend\"");
    expect_has(&f, "/cosmos.tx.v1beta1.Service/GetTx", by_hash,
               "\"timestamp\":\"2023-11-14T22:13:20Z\"");
    hex[0] = hex[0] == '0' ? '1' : '0';
    expect(&f, "/cosmos.tx.v1beta1.Service/GetTx",
           arena_printf(&k->arena, "{\"hash\":\"%s\"}", hex),
           arena_printf(&k->arena, "5 tx not found: %s", hex));
    expect(&f, "/cosmos.tx.v1beta1.Service/GetTx", "{}", "3 tx hash cannot be empty");
    expect(&f, "/cosmos.tx.v1beta1.Service/GetTx", "{\"hash\":\"xx\"}",
           "3 tx hash must be 64 hexadecimal digits");
    expect_has(&f, "/cosmos.tx.v1beta1.Service/GetTxsEvent",
               "{\"events\":[\"message.action='x'\",\"tx.height=1\"],\"order_by\":"
               "\"ORDER_BY_DESC\"}",
               "\"total\":\"1\"}");
    expect_has(&f, "/cosmos.tx.v1beta1.Service/GetBlockWithTxs", "{\"height\":\"1\"}",
               "{\"txs\":[{\"body\":");
    expect_has(&f, "/cosmos.tx.v1beta1.Service/GetBlockWithTxs", "{\"height\":\"2\"}",
               "3 requested height 2");
    expect_has(&f, "/cosmos.tx.v1beta1.Service/BroadcastTx",
               "{\"tx_bytes\":\"AAAA\",\"mode\":\"BROADCAST_MODE_SYNC\"}",
               "\"codespace\":\"sdk\",\"code\":32,");
    expect_has(&f, "/cosmos.tx.v1beta1.Service/BroadcastTx",
               "{\"tx_bytes\":\"AAAA\",\"mode\":\"BROADCAST_MODE_BLOCK\"}",
               "3 unsupported broadcast mode 1");
    kit_deinit(k);
}

static const char *simulate(struct fixture *f, const struct kit_tx *options, const char *amount)
{
    CLEANUP_BUF struct buf b64 = {0};
    struct kit *k = &f->kit;
    struct slice tx = kit_tx1(k, options, kit_send(k, &k->keys[0], k->keys[1].text, amount));
    enc_base64_append(&b64, tx.data, tx.len);
    return ask(f, "/cosmos.tx.v1beta1.Service/Simulate",
               arena_printf(&k->arena, "{\"tx_bytes\":\"%s\"}", buf_cstr(&b64)));
}

static void test_simulate(void **state)
{
    struct fixture f;
    uint8_t before[32], after[32];
    fixture_init(&f);
    kit_state_hash(&f.kit, before);
    const char *good = simulate(&f, NULL, "5usei");
    if (!strstr(good, "\"gas_info\":{\"gas_wanted\":\"200000\",\"gas_used\":\"") ||
        !strstr(good, "\"msg_responses\":[{\"@type\":\"/cosmos.bank.v1beta1.MsgSendResponse\"}]"))
        fail_msg("%s", good);
    const char *poor = simulate(&f, NULL, "5000000000000000usei");
    if (strncmp(poor, "2 failed to execute message; message index: 0: spendable balance ", 65) !=
            0 ||
        !strstr(poor, ": insufficient funds with gas used: '"))
        fail_msg("%s", poor);
    const char *late =
        simulate(&f, &(struct kit_tx){.numbers_given = true, .sequence = 7}, "5usei");
    assert_non_null(strstr(late, "account sequence mismatch, expected 1, got 7: incorrect account "
                                 "sequence with gas used"));
    kit_state_hash(&f.kit, after);
    assert_memory_equal(before, after, 32);
    kit_deinit(&f.kit);
}

static void test_base(void **state)
{
    struct fixture f;
    fixture_init(&f);
    expect_has(&f, "/cosmos.base.tendermint.v1beta1.Service/GetNodeInfo", "{}",
               "\"network\":\"sei-test-1\",\"version\":\"0.38.26\"");
    expect(&f, "/cosmos.base.tendermint.v1beta1.Service/GetSyncing", "{}", "{\"syncing\":false}");
    expect_has(&f, "/cosmos.base.tendermint.v1beta1.Service/GetLatestBlock", "{}",
               "\"proposer_address\":\"seivalcons1");
    expect(&f, "/cosmos.base.tendermint.v1beta1.Service/GetBlockByHeight", "{\"height\":\"2\"}",
           "3 requested block height is bigger then the chain length");
    expect_has(&f, "/cosmos.base.tendermint.v1beta1.Service/GetLatestValidatorSet", "{}",
               "\"voting_power\":\"7\"");
    expect_has(&f, "/cosmos.base.tendermint.v1beta1.Service/ABCIQuery", "{\"path\":\"/nope\"}",
               "\"log\":\"unknown query path: unknown request\"");
    expect(&f, "/cosmos.base.node.v1beta1.Service/Config", "{}",
           "{\"minimum_gas_price\":\"0.01usei\",\"pruning_keep_recent\":\"5\","
           "\"pruning_interval\":\"0\",\"halt_height\":\"0\"}");
    expect_has(&f, "/cosmos.base.node.v1beta1.Service/Status", "{}", "\"height\":\"1\"");
    kit_deinit(&f.kit);
}

// ---- abci_query

static void test_abci(void **state)
{
    struct fixture f;
    fixture_init(&f);
    struct arena *a = &f.kit.arena;
    static const struct {
        const char *path;
        struct slice data;
        uint32_t code;
        const char *log;
    } cases[] = {
        {"/nope", {NULL, 0}, 6, "unknown query path: unknown request"},
        {"", {NULL, 0}, 6, "unknown query path: unknown request"},
        {"/cosmos.auth.v1beta1.Query/Account", SLICE_LIT("\x0a\x2a" NOBODY), 22,
         "rpc error: code = NotFound desc = account " NOBODY " not found: key not found"},
        {"/cosmos.auth.v1beta1.Query/Account",
         {NULL, 0},
         18,
         "rpc error: code = InvalidArgument desc = Address cannot be empty: invalid request"},
        {"/cosmos.upgrade.v1beta1.Query/UpgradedConsensusState",
         {NULL, 0},
         6,
         "rpc error: code = Unimplemented desc = this node does not support the method: unknown "
         "request"},
        {"/store/acc/key", {NULL, 0}, 18, "a key has 1 to 499 bytes: invalid request"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct query_abci r;
        query_dispatch(&f.ctx, cases[i].path, cases[i].data, a, &r);
        if (r.code != cases[i].code || strcmp(r.log, cases[i].log) != 0)
            fail_msg("%s: %u %s", cases[i].path, r.code, r.log);
        assert_string_equal(r.codespace, "sdk");
        assert_int_equal(r.height, 1);
    }
    struct query_abci r;
    // Malformed, and a field that the request does not have.
    query_dispatch(&f.ctx, "/cosmos.auth.v1beta1.Query/Account", SLICE_LIT("\x0a\xff"), a, &r);
    assert_int_equal(r.code, 18);
    query_dispatch(&f.ctx, "/cosmos.auth.v1beta1.Query/Account", SLICE_LIT("\x48\x01"), a, &r);
    assert_int_equal(r.code, 18);
    query_dispatch(&f.ctx, "/cosmos.auth.v1beta1.Query/Bech32Prefix", SLICE_NULL, a, &r);
    assert_int_equal(r.code, 0);
    assert_string_equal(r.codespace, "");
    assert_memory_equal(r.value.data, "\x0a\x03sei", 5);
    query_dispatch(&f.ctx, "/app/version", SLICE_NULL, a, &r);
    assert_int_equal(r.code, 0);
    query_dispatch(&f.ctx, "/store/upgrade/key",
                   SLICE_LIT("\x02"
                             "bank"),
                   a, &r);
    assert_int_equal(r.value.len, 8);
    query_dispatch(&f.ctx, "/app/simulate", f.chain.tx, a, &r);
    assert_int_equal(r.code, 32); // its sequence was used
    query_abci_future(&r, 9);
    assert_int_equal(r.code, 26);
    query_abci_pruned(&r, 1, 9, a);
    assert_int_equal(r.code, 18);
    kit_deinit(&f.kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_sorted_and_found),
        cmocka_unit_test(test_every_method_with_nothing),
        cmocka_unit_test(test_auth),
        cmocka_unit_test(test_bank),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_upgrade),
        cmocka_unit_test(test_gov),
        cmocka_unit_test(test_tx_service),
        cmocka_unit_test(test_simulate),
        cmocka_unit_test(test_base),
        cmocka_unit_test(test_abci),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
