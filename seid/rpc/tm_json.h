// tm_json: CometBFT's types as its RPC prints them: 64-bit integers quoted, hashes in upper-case
// hex, bytes in base64, times in RFC 3339. Pure: each function writes one JSON value.
#ifndef SEID_RPC_TM_JSON_H
#define SEID_RPC_TM_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "wire/jsonw.h"

struct Google__Protobuf__Timestamp;
struct Tendermint__Types__BlockID;
struct Tendermint__Types__Header;
struct Tendermint__Types__Commit;
struct Tendermint__Types__Block;
struct Tendermint__Types__BlockMeta;
struct Tendermint__Abci__Event;
struct Tendermint__Abci__ExecTxResult;

void tm_json_time(struct jsonw *w, const struct Google__Protobuf__Timestamp *time);
void tm_json_time_ns(struct jsonw *w, int64_t unix_ns);
void tm_json_pub_key(struct jsonw *w, const uint8_t ed25519[32]);
// Null is the empty block id.
void tm_json_block_id(struct jsonw *w, const struct Tendermint__Types__BlockID *id);
void tm_json_header(struct jsonw *w, const struct Tendermint__Types__Header *header);
void tm_json_commit(struct jsonw *w, const struct Tendermint__Types__Commit *commit);
void tm_json_block(struct jsonw *w, const struct Tendermint__Types__Block *block);
void tm_json_block_meta(struct jsonw *w, const struct Tendermint__Types__BlockMeta *meta);
void tm_json_events(struct jsonw *w, struct Tendermint__Abci__Event *const *events, size_t count);
void tm_json_tx_result(struct jsonw *w, const struct Tendermint__Abci__ExecTxResult *result);

#endif
