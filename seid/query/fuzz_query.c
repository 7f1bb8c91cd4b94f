// Any bytes as a query: the first byte chooses the method (or a path that is none), the rest is the
// request. Every method answers or says why not; answers decode as what they are.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "seid/app/test_kit.h"
#include "seid/query/query.h"
#include "wire/pb_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static enum query_code no_block(struct query_chain *c, int64_t height, struct arena *arena,
                                struct Tendermint__Types__BlockID **ret_id,
                                struct Tendermint__Types__Block **ret_block, const char **ret_text)
{
    *ret_text = "no blocks";
    return QUERY_NOT_FOUND;
}

static enum query_code no_tx(struct query_chain *c, const uint8_t hash[32], struct arena *arena,
                             struct query_tx *ret, const char **ret_text)
{
    *ret_text = "no transactions";
    return QUERY_NOT_FOUND;
}

static enum query_code no_search(struct query_chain *c, const char *query, bool descending,
                                 uint64_t page, uint64_t limit, struct arena *arena,
                                 struct query_tx **ret, size_t *ret_count, uint64_t *ret_total,
                                 const char **ret_text)
{
    require(page > 0 && limit > 0 && limit <= 100 && *query);
    *ret_count = 0;
    *ret_total = 0;
    return QUERY_OK;
}

static enum query_code no_validators(struct query_chain *c, int64_t height, struct arena *arena,
                                     struct query_validator **ret, size_t *ret_count,
                                     const char **ret_text)
{
    *ret_count = 0;
    return QUERY_OK;
}

static void a_node(struct query_chain *c, struct arena *arena, struct query_node *ret)
{
    *ret = (struct query_node){.id = "",
                               .listen_addr = "",
                               .network = "",
                               .version = "",
                               .moniker = "",
                               .rpc_address = "",
                               .app_name = "",
                               .app_program = "",
                               .app_release = "",
                               .git_commit = "",
                               .build_tags = "",
                               .minimum_gas_price = "",
                               .pruning_keep_recent = "",
                               .pruning_interval = ""};
}

static enum query_code no_broadcast(struct query_chain *c, struct slice tx, bool async,
                                    struct arena *arena, struct query_broadcast *ret,
                                    const char **ret_text)
{
    *ret_text = "halted";
    return QUERY_UNAVAILABLE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct query_chain_ops ops = {no_block,      no_tx,  no_search,
                                               no_validators, a_node, no_broadcast};
    static struct kit k;
    static struct query_chain chain = {&ops};
    if (!k.app) {
        kit_init(&k, NULL);
        kit_deliver_ok(&k,
                       kit_tx1(&k, &(struct kit_tx){.gas = 500000},
                               kit_upgrade_legacy(&k, &k.keys[0], "v2", 9, "", "10000000usei")));
        kit_deliver_ok(&k, kit_tx1(&k, NULL, kit_vote(&k, &k.keys[0], 1, 1)));
    }
    if (size == 0)
        return 0;
    CLEANUP_ARENA struct arena arena = {0};
    struct query_ctx ctx = {.app = k.app,
                            .state = &k.state.kv,
                            .height = k.height,
                            .time_ns = k.time_ns,
                            .latest_height = k.height,
                            .latest_time_ns = k.time_ns,
                            .chain = &chain};
    struct slice request = slice_of(data + 1, size - 1);
    struct query_abci abci;
    if (data[0] >= query_method_count) {
        char *path = arena_strndup(&arena, (const char *)data, size);
        query_dispatch(&ctx, path, request, &arena, &abci);
        require(abci.log && abci.codespace);
        return 0;
    }
    const struct query_method *method = &query_methods[data[0]];
    struct query_reply reply;
    query_call(&ctx, method, request, &arena, &reply);
    query_dispatch(&ctx, method->path, request, &arena, &abci);
    require((reply.code == QUERY_OK) == (abci.code == 0));
    require(reply.code == QUERY_OK || *reply.text);
    if (reply.code == QUERY_OK)
        require(pb_check(method->response, reply.body, 0, NULL) == 0);
    require(k.state.kv.error.code == 0);
    return 0;
}
