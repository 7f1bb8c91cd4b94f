// Methods about the node and the chain as a whole.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "contract/include/seihalt.h"
#include "seid/rpc/methods.h"
#include "seid/rpc/tm_json.h"

enum { GENESIS_CHUNK_BYTES = 16 << 20 }; // as CometBFT

int rpc_health(struct rpc_call *call)
{
    jsonw_raw(&call->out, SLICE_LIT("{}"));
    return 0;
}

static void text_member(struct jsonw *w, const char *name, const char *text)
{
    jsonw_key(w, name);
    jsonw_cstr(w, text);
}

static void int_member(struct jsonw *w, const char *name, int64_t value)
{
    jsonw_key(w, name);
    jsonw_int_string(w, value);
}

static void hash_member(struct jsonw *w, const char *name, const uint8_t hash[32], bool present)
{
    jsonw_key(w, name);
    jsonw_hex(w, present ? slice_of(hash, 32) : SLICE_NULL);
}

static void write_node_info(struct rpc_call *call)
{
    struct jsonw *w = &call->out;
    const struct node_config *config = call->node->config;
    const struct chain_genesis *genesis = engine_genesis(call->node->engine);
    jsonw_key(w, "node_info");
    jsonw_object(w);
    jsonw_key(w, "protocol_version");
    jsonw_object(w);
    text_member(w, "p2p", "8");
    text_member(w, "block", "11");
    jsonw_key(w, "app");
    jsonw_uint_string(w, genesis->params.app_version);
    jsonw_object_end(w);
    text_member(w, "id", call->node->node_id);
    // This engine has no peers; clients want a text all the same.
    text_member(w, "listen_addr", "tcp://0.0.0.0:26656");
    text_member(w, "network", genesis->chain_id);
    text_member(w, "version", RPC_COMETBFT_VERSION);
    text_member(w, "channels", "");
    text_member(w, "moniker", config->moniker);
    jsonw_key(w, "other");
    jsonw_object(w);
    bool indexed = strcmp(config->tx_index_indexer, "null") != 0;
    text_member(w, "tx_index", indexed ? "on" : "off");
    text_member(w, "rpc_address",
                config->rpc_listen_count ? config->rpc_listen[0].text : "tcp://127.0.0.1:26657");
    jsonw_object_end(w);
    jsonw_object_end(w);
}

static void write_sync_info(struct rpc_call *call)
{
    struct jsonw *w = &call->out;
    const struct engine_tip *tip = rpc_tip(call);
    bool any = tip->height > 0;
    jsonw_key(w, "sync_info");
    jsonw_object(w);
    hash_member(w, "latest_block_hash", tip->hash, any);
    hash_member(w, "latest_app_hash", tip->header_app_hash, any);
    int_member(w, "latest_block_height", tip->height);
    jsonw_key(w, "latest_block_time");
    tm_json_time_ns(w, any ? tip->time_ns : 0);
    hash_member(w, "earliest_block_hash", tip->earliest_hash, any);
    hash_member(w, "earliest_app_hash", tip->earliest_app_hash, any);
    int_member(w, "earliest_block_height", tip->earliest_height);
    jsonw_key(w, "earliest_block_time");
    tm_json_time_ns(w, any ? tip->earliest_time_ns : 0);
    jsonw_key(w, "catching_up");
    jsonw_bool(w, tip->catching_up);
    jsonw_object_end(w);
}

static void write_validator_info(struct rpc_call *call)
{
    struct jsonw *w = &call->out;
    const struct chain_genesis *genesis = engine_genesis(call->node->engine);
    int index = engine_validator_index(call->node->engine);
    const struct chain_validator *validator = index < 0 ? NULL : &genesis->validators[index];
    jsonw_key(w, "validator_info");
    jsonw_object(w);
    jsonw_key(w, "address");
    jsonw_hex(w, validator ? slice_of(validator->address, 20) : SLICE_NULL);
    jsonw_key(w, "pub_key");
    tm_json_pub_key(w, engine_validator_pub_key(call->node->engine));
    int_member(w, "voting_power", validator ? validator->power : 0);
    jsonw_object_end(w);
}

// The contract's object, or null when it cannot be made: nothing that goes wrong here may fail
// the answer, so the memory is asked for with malloc and not with what ends the process.
static void write_halt_intent(struct rpc_call *call)
{
    struct halt_intent *halt = malloc(sizeof *halt);
    char *json = NULL;
    size_t len = 0;
    if (halt && halt_read(call->node->halt, halt)) {
        struct sei_halt_intent intent = SEI_HALT_INTENT_INIT;
        intent.reason = halt->reason;
        intent.plan_name = (struct sei_halt_text){halt->plan_name, strlen(halt->plan_name)};
        intent.height = halt->height;
        intent.info = (struct sei_halt_text){halt->info, strlen(halt->info)};
        intent.announced_s = halt->announced_ns / 1000000000;
        intent.announced_ns = (int32_t)(halt->announced_ns % 1000000000);
        if (sei_halt_intent_encode(&intent, NULL, 0, &len) == SEI_HALT_NO_SPACE &&
            (json = malloc(len + 1)) && sei_halt_intent_encode(&intent, json, len + 1, &len) != 0) {
            free(json);
            json = NULL;
        }
    }
    jsonw_key(&call->out, "halt_intent");
    if (json)
        jsonw_raw(&call->out, slice_of(json, len));
    else
        jsonw_null(&call->out);
    if (!json)
        log_error(call->node->log, "the halt intent could not be put into /status");
    free(json);
    free(halt);
}

int rpc_status(struct rpc_call *call)
{
    jsonw_object(&call->out);
    write_node_info(call);
    write_sync_info(call);
    write_validator_info(call);
    if (halt_reason(call->node->halt) != 0)
        write_halt_intent(call);
    jsonw_object_end(&call->out);
    return 0;
}

// Sei's readiness probe. This engine has no peers to lag behind.
int rpc_lag_status(struct rpc_call *call)
{
    jsonw_object(&call->out);
    int_member(&call->out, "current_height", rpc_tip(call)->height);
    int_member(&call->out, "max_peer_height", 0);
    int_member(&call->out, "lag", 0);
    jsonw_object_end(&call->out);
    return 0;
}

int rpc_net_info(struct rpc_call *call)
{
    jsonw_raw(&call->out, SLICE_LIT("{\"listening\":false,\"listeners\":[],\"n_peers\":\"0\","
                                    "\"peers\":[]}"));
    return 0;
}

int rpc_genesis(struct rpc_call *call)
{
    struct err e = {0};
    CLEANUP_BUF struct buf file = {0};
    int result = fs_read(call->node->config->path.genesis, GENESIS_CHUNK_BYTES, &file, &e);
    if (result == -EFBIG)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR,
                            "genesis response is large, please use the genesis_chunked API "
                            "instead");
    if (result < 0)
        return rpc_internal(call, &e);
    json_error_t at;
    json_t *json = json_loadb((const char *)file.data, file.len, 0, &at);
    char *compact = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (!compact)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR, "genesis file: %s", at.text);
    jsonw_object(&call->out);
    jsonw_key(&call->out, "genesis");
    jsonw_raw(&call->out, slice_str(compact));
    jsonw_object_end(&call->out);
    free(compact);
    return 0;
}

int rpc_genesis_chunked(struct rpc_call *call)
{
    const char *path = call->node->config->path.genesis;
    if (call->value[0].number < 0)
        return jsonrpc_fail(call->error, JSONRPC_INVALID_PARAMS, "chunk: expected 0 or more");
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR, "cannot read %s", path);
    int64_t total = (st.st_size + GENESIS_CHUNK_BYTES - 1) / GENESIS_CHUNK_BYTES;
    int64_t chunk = call->value[0].number;
    if (chunk >= total)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR,
                            "there are %" PRId64 " chunks, %" PRId64 " is invalid", total - 1,
                            chunk);
    CLEANUP_BUF struct buf bytes = {0};
    ssize_t n = pread(fd, buf_reserve(&bytes, GENESIS_CHUNK_BYTES), GENESIS_CHUNK_BYTES,
                      chunk * GENESIS_CHUNK_BYTES);
    if (n < 0)
        return jsonrpc_fail(call->error, JSONRPC_INTERNAL_ERROR, "cannot read %s", path);
    struct jsonw *w = &call->out;
    jsonw_object(w);
    int_member(w, "chunk", chunk);
    int_member(w, "total", total);
    jsonw_key(w, "data");
    jsonw_base64(w, slice_of(bytes.data, (size_t)n));
    jsonw_object_end(w);
    return 0;
}

int rpc_consensus_params(struct rpc_call *call)
{
    int64_t height;
    if (rpc_height(call, 0, &height) < 0)
        return -1;
    const struct chain_params *params = &engine_genesis(call->node->engine)->params;
    struct jsonw *w = &call->out;
    jsonw_object(w);
    int_member(w, "block_height", height);
    jsonw_key(w, "consensus_params");
    jsonw_object(w);
    jsonw_key(w, "block");
    jsonw_object(w);
    int_member(w, "max_bytes", params->block_max_bytes);
    int_member(w, "max_gas", params->block_max_gas);
    jsonw_object_end(w);
    jsonw_key(w, "evidence");
    jsonw_object(w);
    int_member(w, "max_age_num_blocks", params->evidence_max_age_blocks);
    int_member(w, "max_age_duration", params->evidence_max_age_ns);
    int_member(w, "max_bytes", params->evidence_max_bytes);
    jsonw_object_end(w);
    jsonw_key(w, "validator");
    jsonw_raw(w, SLICE_LIT("{\"pub_key_types\":[\"ed25519\"]}"));
    jsonw_key(w, "version");
    jsonw_object(w);
    jsonw_key(w, "app");
    jsonw_uint_string(w, params->app_version);
    jsonw_object_end(w);
    jsonw_key(w, "abci");
    jsonw_object(w);
    int_member(w, "vote_extensions_enable_height", params->vote_extensions_enable_height);
    jsonw_object_end(w);
    jsonw_object_end(w);
    jsonw_object_end(w);
    return 0;
}

static void write_validator(struct jsonw *w, const struct chain_validator *validator)
{
    jsonw_object(w);
    jsonw_key(w, "address");
    jsonw_hex(w, slice_of(validator->address, 20));
    jsonw_key(w, "pub_key");
    tm_json_pub_key(w, validator->pub_key);
    int_member(w, "voting_power", validator->power);
    int_member(w, "proposer_priority", 0); // one proposer for ever: nothing to rotate
    jsonw_object_end(w);
}

int rpc_validators(struct rpc_call *call)
{
    const struct chain_genesis *genesis = engine_genesis(call->node->engine);
    int64_t height = 0;
    // The set of the next height is known already.
    bool next = call->value[0].present && call->value[0].number == rpc_tip(call)->height + 1;
    if (next)
        height = call->value[0].number;
    else if (rpc_height(call, 0, &height) < 0)
        return -1;
    size_t first, count;
    if (rpc_page(call, &call->value[1], &call->value[2], genesis->validator_count, &first, &count) <
        0)
        return -1;
    struct jsonw *w = &call->out;
    jsonw_object(w);
    int_member(w, "block_height", height);
    jsonw_key(w, "validators");
    jsonw_array(w);
    for (size_t i = first; i < first + count; i++)
        write_validator(w, &genesis->validators[i]);
    jsonw_array_end(w);
    int_member(w, "count", (int64_t)count);
    int_member(w, "total", (int64_t)genesis->validator_count);
    jsonw_object_end(w);
    return 0;
}

static int write_round_state(struct rpc_call *call, bool full)
{
    struct engine_consensus state;
    engine_consensus(call->node->engine, &state);
    const struct chain_genesis *genesis = engine_genesis(call->node->engine);
    struct jsonw *w = &call->out;
    jsonw_object(w);
    jsonw_key(w, "round_state");
    jsonw_object(w);
    int step = state.phase == ENGINE_PHASE_COMMITTING  ? 8
               : state.phase == ENGINE_PHASE_EXECUTING ? 3
                                                       : 1;
    if (full) {
        int_member(w, "height", state.height);
        jsonw_key(w, "round");
        jsonw_int(w, state.round);
        jsonw_key(w, "step");
        jsonw_int(w, step);
    } else {
        text_member(
            w, "height/round/step",
            arena_printf(call->arena, "%" PRId64 "/%d/%d", state.height, state.round, step));
    }
    text_member(w, "phase", engine_phase_string(state.phase));
    jsonw_key(w, "start_time");
    tm_json_time_ns(w, state.since_ns);
    if (full) {
        jsonw_key(w, "validators");
        jsonw_object(w);
        jsonw_key(w, "validators");
        jsonw_array(w);
        for (size_t i = 0; i < genesis->validator_count; i++)
            write_validator(w, &genesis->validators[i]);
        jsonw_array_end(w);
        jsonw_object_end(w);
    }
    if (genesis->validator_count > 0) {
        jsonw_key(w, "proposer");
        jsonw_object(w);
        jsonw_key(w, "address");
        jsonw_hex(w, slice_of(genesis->validators[0].address, 20));
        jsonw_key(w, "index");
        jsonw_int(w, 0);
        jsonw_object_end(w);
    }
    jsonw_object_end(w);
    if (full) {
        jsonw_key(w, "peers");
        jsonw_raw(w, SLICE_LIT("[]"));
    }
    jsonw_object_end(w);
    return 0;
}

int rpc_consensus_state(struct rpc_call *call)
{
    return write_round_state(call, false);
}

int rpc_dump_consensus_state(struct rpc_call *call)
{
    return write_round_state(call, true);
}
