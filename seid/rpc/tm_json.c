#include "seid/rpc/tm_json.h"

#include "base/rfc3339.h"
#include "wire/proto/tendermint_abci_types.pb-c.h"
#include "wire/proto/tendermint_types_block.pb-c.h"
#include "wire/proto/tendermint_types_types.pb-c.h"

// Bytes of a protobuf-c message.
#define BYTES(field) slice_of((field).data, (field).len)

void tm_json_time(struct jsonw *w, const Google__Protobuf__Timestamp *time)
{
    jsonw_raw(w, SLICE_LIT("\""));
    rfc3339_append(w->out, time ? time->seconds : 0, time ? time->nanos : 0);
    buf_append_byte(w->out, '"');
}

void tm_json_time_ns(struct jsonw *w, int64_t unix_ns)
{
    jsonw_raw(w, SLICE_LIT("\""));
    rfc3339_append_ns(w->out, unix_ns);
    buf_append_byte(w->out, '"');
}

void tm_json_pub_key(struct jsonw *w, const uint8_t ed25519[32])
{
    jsonw_object(w);
    jsonw_key(w, "type");
    jsonw_cstr(w, "tendermint/PubKeyEd25519");
    jsonw_key(w, "value");
    jsonw_base64(w, slice_of(ed25519, 32));
    jsonw_object_end(w);
}

void tm_json_block_id(struct jsonw *w, const Tendermint__Types__BlockID *id)
{
    const Tendermint__Types__PartSetHeader *parts = id ? id->part_set_header : NULL;
    jsonw_object(w);
    jsonw_key(w, "hash");
    jsonw_hex(w, id ? BYTES(id->hash) : SLICE_NULL);
    jsonw_key(w, "parts");
    jsonw_object(w);
    jsonw_key(w, "total");
    jsonw_int(w, parts ? parts->total : 0);
    jsonw_key(w, "hash");
    jsonw_hex(w, parts ? BYTES(parts->hash) : SLICE_NULL);
    jsonw_object_end(w);
    jsonw_object_end(w);
}

static void hex_member(struct jsonw *w, const char *name, ProtobufCBinaryData bytes)
{
    jsonw_key(w, name);
    jsonw_hex(w, BYTES(bytes));
}

void tm_json_header(struct jsonw *w, const Tendermint__Types__Header *header)
{
    jsonw_object(w);
    jsonw_key(w, "version");
    jsonw_object(w);
    jsonw_key(w, "block");
    jsonw_uint_string(w, header->version ? header->version->block : 0);
    if (header->version && header->version->app) {
        jsonw_key(w, "app");
        jsonw_uint_string(w, header->version->app);
    }
    jsonw_object_end(w);
    jsonw_key(w, "chain_id");
    jsonw_cstr(w, header->chain_id);
    jsonw_key(w, "height");
    jsonw_int_string(w, header->height);
    jsonw_key(w, "time");
    tm_json_time(w, header->time);
    jsonw_key(w, "last_block_id");
    tm_json_block_id(w, header->last_block_id);
    hex_member(w, "last_commit_hash", header->last_commit_hash);
    hex_member(w, "data_hash", header->data_hash);
    hex_member(w, "validators_hash", header->validators_hash);
    hex_member(w, "next_validators_hash", header->next_validators_hash);
    hex_member(w, "consensus_hash", header->consensus_hash);
    hex_member(w, "app_hash", header->app_hash);
    hex_member(w, "last_results_hash", header->last_results_hash);
    hex_member(w, "evidence_hash", header->evidence_hash);
    hex_member(w, "proposer_address", header->proposer_address);
    jsonw_object_end(w);
}

static void commit_sig(struct jsonw *w, const Tendermint__Types__CommitSig *sig)
{
    jsonw_object(w);
    jsonw_key(w, "block_id_flag");
    jsonw_int(w, sig->block_id_flag);
    hex_member(w, "validator_address", sig->validator_address);
    jsonw_key(w, "timestamp");
    tm_json_time(w, sig->timestamp);
    jsonw_key(w, "signature");
    jsonw_base64_or_null(w, BYTES(sig->signature));
    jsonw_object_end(w);
}

void tm_json_commit(struct jsonw *w, const Tendermint__Types__Commit *commit)
{
    jsonw_object(w);
    jsonw_key(w, "height");
    jsonw_int_string(w, commit ? commit->height : 0);
    jsonw_key(w, "round");
    jsonw_int(w, commit ? commit->round : 0);
    jsonw_key(w, "block_id");
    tm_json_block_id(w, commit ? commit->block_id : NULL);
    jsonw_key(w, "signatures");
    jsonw_array(w);
    for (size_t i = 0; commit && i < commit->n_signatures; i++)
        commit_sig(w, commit->signatures[i]);
    jsonw_array_end(w);
    jsonw_object_end(w);
}

void tm_json_block(struct jsonw *w, const Tendermint__Types__Block *block)
{
    jsonw_object(w);
    jsonw_key(w, "header");
    tm_json_header(w, block->header);
    jsonw_key(w, "data");
    jsonw_object(w);
    jsonw_key(w, "txs");
    jsonw_array(w);
    for (size_t i = 0; block->data && i < block->data->n_txs; i++)
        jsonw_base64(w, BYTES(block->data->txs[i]));
    jsonw_array_end(w);
    jsonw_object_end(w);
    jsonw_key(w, "evidence");
    jsonw_raw(w, SLICE_LIT("{\"evidence\":[]}"));
    jsonw_key(w, "last_commit");
    tm_json_commit(w, block->last_commit);
    jsonw_object_end(w);
}

void tm_json_block_meta(struct jsonw *w, const Tendermint__Types__BlockMeta *meta)
{
    jsonw_object(w);
    jsonw_key(w, "block_id");
    tm_json_block_id(w, meta->block_id);
    jsonw_key(w, "block_size");
    jsonw_int_string(w, meta->block_size);
    jsonw_key(w, "header");
    tm_json_header(w, meta->header);
    jsonw_key(w, "num_txs");
    jsonw_int_string(w, meta->num_txs);
    jsonw_object_end(w);
}

static void event(struct jsonw *w, const Tendermint__Abci__Event *e)
{
    jsonw_object(w);
    jsonw_key(w, "type");
    jsonw_cstr(w, e->type);
    jsonw_key(w, "attributes");
    jsonw_array(w);
    for (size_t i = 0; i < e->n_attributes; i++) {
        jsonw_object(w);
        jsonw_key(w, "key");
        jsonw_cstr(w, e->attributes[i]->key);
        jsonw_key(w, "value");
        jsonw_cstr(w, e->attributes[i]->value);
        jsonw_key(w, "index");
        jsonw_bool(w, e->attributes[i]->index);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
    jsonw_object_end(w);
}

void tm_json_events(struct jsonw *w, Tendermint__Abci__Event *const *events, size_t count)
{
    jsonw_array(w);
    for (size_t i = 0; i < count; i++)
        event(w, events[i]);
    jsonw_array_end(w);
}

void tm_json_tx_result(struct jsonw *w, const Tendermint__Abci__ExecTxResult *result)
{
    jsonw_object(w);
    jsonw_key(w, "code");
    jsonw_int(w, result->code);
    jsonw_key(w, "data");
    jsonw_base64_or_null(w, BYTES(result->data));
    jsonw_key(w, "log");
    jsonw_cstr(w, result->log);
    jsonw_key(w, "info");
    jsonw_cstr(w, result->info);
    jsonw_key(w, "gas_wanted");
    jsonw_int_string(w, result->gas_wanted);
    jsonw_key(w, "gas_used");
    jsonw_int_string(w, result->gas_used);
    jsonw_key(w, "events");
    tm_json_events(w, result->events, result->n_events);
    jsonw_key(w, "codespace");
    jsonw_cstr(w, result->codespace);
    jsonw_object_end(w);
}
