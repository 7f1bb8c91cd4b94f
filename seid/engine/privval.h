// privval: the validator's key, what it signed last, and the node's own key, in CometBFT's files:
// priv_validator_key.json, priv_validator_state.json, node_key.json.
//
// The rule that keeps a validator from signing twice is CometBFT's (privval/file.go): height, round
// and step never go back; at the same height, round and step the same bytes give the same
// signature, bytes that differ only in the timestamp give the stored signature and timestamp, and
// anything else is refused. The state is on disk (fsync) before a signature leaves.
//
// Threads: a privval is used by one thread at a time.
#ifndef SEID_ENGINE_PRIVVAL_H
#define SEID_ENGINE_PRIVVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "wire/tm.h"

enum {
    PRIVVAL_PUB_BYTES = 32,
    PRIVVAL_PRIV_BYTES = 64, // seed || public key
    PRIVVAL_SIG_BYTES = 64,
    PRIVVAL_ADDRESS_BYTES = 20,
    NODE_ID_CHARS = 40,
    PRIVVAL_SIGN_BYTES_MAX = 1024,
    PRIVVAL_FILE_MAX = 16384,
};

// ---- keys

struct privval_key {
    uint8_t priv[PRIVVAL_PRIV_BYTES];
    uint8_t pub[PRIVVAL_PUB_BYTES];
    uint8_t address[PRIVVAL_ADDRESS_BYTES]; // sha256(pub)[0:20]
};

int privval_key_generate(struct privval_key *ret, struct err *e);
// From a 32-byte seed: for tests and for keys that are recovered.
int privval_key_from_seed(const uint8_t seed[32], struct privval_key *ret, struct err *e);
// Strict: members must agree with each other. -ENOENT when the file is missing.
int privval_key_load(const char *path, struct privval_key *ret, struct err *e);
int privval_key_parse(const char *json, size_t len, struct privval_key *ret, struct err *e);
// Written atomically, mode 0600.
int privval_key_save(const char *path, const struct privval_key *key, struct err *e);

// node_key.json: {"priv_key":{...}}; the id is the lower-case hex of the address of its key.
int node_key_load(const char *path, struct privval_key *ret, struct err *e);
int node_key_parse(const char *json, size_t len, struct privval_key *ret, struct err *e);
int node_key_save(const char *path, const struct privval_key *key, struct err *e);
void node_key_id(const struct privval_key *key, char ret[NODE_ID_CHARS + 1]);

// ---- what was signed last

enum privval_step {
    PRIVVAL_STEP_NONE,
    PRIVVAL_STEP_PROPOSE,
    PRIVVAL_STEP_PREVOTE,
    PRIVVAL_STEP_PRECOMMIT
};

struct privval_state {
    int64_t height;
    int32_t round;
    int8_t step;
    bool has_signature; // signature and sign bytes are there together or not at all
    uint8_t signature[PRIVVAL_SIG_BYTES];
    size_t sign_bytes_len;
    uint8_t sign_bytes[PRIVVAL_SIGN_BYTES_MAX];
};

// A file that is empty, cut or does not hold these members is refused with a text that says so; it
// is never reset by itself.
int privval_state_parse(const char *json, size_t len, struct privval_state *ret, struct err *e);
void privval_state_encode(const struct privval_state *state, struct buf *ret);
int privval_state_load(const char *path, struct privval_state *ret, struct err *e);
int privval_state_save(const char *path, const struct privval_state *state, struct err *e);

struct privval_vote {
    enum privval_step step; // PREVOTE or PRECOMMIT
    int64_t height;
    int32_t round;
    struct tm_block_id block_id; // absent: a vote for no block
    int64_t time_ns;
};

// The decision, without a file or a key. PRIVVAL_SIGN: new, sign it and save the state first.
// PRIVVAL_REUSE: give *ret_sig and *ret_time_ns of what was signed before. The others are refusals.
enum privval_verdict {
    PRIVVAL_SIGN,
    PRIVVAL_REUSE,
    PRIVVAL_HEIGHT_REGRESSION,
    PRIVVAL_ROUND_REGRESSION,
    PRIVVAL_STEP_REGRESSION,
    PRIVVAL_NO_SIGN_BYTES, // the state has the same height, round and step but no signature
    PRIVVAL_CONFLICTING_DATA,
};
enum privval_verdict privval_decide(const struct privval_state *last,
                                    const struct privval_vote *vote, const char *chain_id,
                                    int64_t *ret_time_ns);
const char *privval_verdict_text(enum privval_verdict verdict); // CometBFT's words

// ---- the signer

struct privval;
// Loads both files. A missing state file is refused too: `seid init` writes it.
int privval_open(const char *key_path, const char *state_path, struct privval **ret, struct err *e);
void privval_free(struct privval *p); // null is fine; the key is wiped
const struct privval_key *privval_key(const struct privval *p);
const struct privval_state *privval_last(const struct privval *p);

// Signs; *ret_time_ns is the timestamp that the signature covers, which is not vote->time_ns when
// an earlier signature was used again. 0, or -EPERM when the rule refuses, or the error of the file
// (nothing has left then).
int privval_sign_vote(struct privval *p, const char *chain_id, const struct privval_vote *vote,
                      uint8_t ret_sig[PRIVVAL_SIG_BYTES], int64_t *ret_time_ns, struct err *e);

#endif
