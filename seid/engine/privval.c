#include "seid/engine/privval.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/enc.h"
#include "base/fs.h"
#include "base/mem.h"
#include "wire/crypto/ed25519.h"
#include "wire/crypto/hash.h"
#include "wire/pb_arena.h"
#include "wire/proto/tendermint_types_canonical.pb-c.h"

#define PUB_TYPE "tendermint/PubKeyEd25519"
#define PRIV_TYPE "tendermint/PrivKeyEd25519"

static void json_cleanup(json_t **j)
{
    json_decref(*j);
}
#define CLEANUP_JSON CLEANUP(json_cleanup)

static int parse_object(const char *json, size_t len, const char *what, json_t **ret, struct err *e)
{
    json_error_t at;
    if (len == 0)
        return err_set(e, -EINVAL, "the %s is empty", what);
    json_t *root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &at);
    if (!root)
        return err_set(e, -EINVAL, "the %s is not JSON: byte %d: %s", what, at.position, at.text);
    if (!json_is_object(root)) {
        json_decref(root);
        return err_set(e, -EINVAL, "the %s is not a JSON object", what);
    }
    *ret = root;
    return 0;
}

// ---- keys

int privval_key_from_seed(const uint8_t seed[32], struct privval_key *ret, struct err *e)
{
    CLEANUP_ED25519 struct ed25519 *key = ed25519_from_seed(seed);
    if (!key)
        return err_set(e, -EINVAL, "no ed25519 key from this seed");
    uint8_t digest[SHA256_LEN];
    memcpy(ret->pub, ed25519_public(key), PRIVVAL_PUB_BYTES);
    memcpy(ret->priv, seed, 32);
    memcpy(ret->priv + 32, ret->pub, PRIVVAL_PUB_BYTES);
    hash_sha256(ret->pub, PRIVVAL_PUB_BYTES, digest);
    memcpy(ret->address, digest, PRIVVAL_ADDRESS_BYTES);
    return 0;
}

int privval_key_generate(struct privval_key *ret, struct err *e)
{
    uint8_t seed[32];
    if (getrandom(seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        return err_errno(e, errno, "no random bytes");
    int result = privval_key_from_seed(seed, ret, e);
    explicit_bzero(seed, sizeof seed);
    return result;
}

// The value of {"type":T,"value":B64}, of exactly `size` bytes.
static int parse_typed(const json_t *root, const char *member, const char *type, uint8_t *ret,
                       size_t size, struct err *e)
{
    const json_t *object = json_object_get(root, member);
    if (!json_is_object(object))
        return err_set(e, -EINVAL, "no %s", member);
    const char *got = json_string_value(json_object_get(object, "type"));
    if (!got || strcmp(got, type) != 0)
        return err_set(e, -EINVAL, "%s is not of type %s", member, type);
    const json_t *value = json_object_get(object, "value");
    if (!json_is_string(value))
        return err_set(e, -EINVAL, "%s has no value", member);
    CLEANUP_BUF struct buf bytes = {0};
    ssize_t n = enc_base64_decode(json_string_value(value), json_string_length(value), &bytes);
    if (n != (ssize_t)size) {
        if (bytes.data)
            explicit_bzero(bytes.data, bytes.cap);
        return err_set(e, -EINVAL, "the value of %s is not %zu bytes in base64", member, size);
    }
    memcpy(ret, bytes.data, size);
    explicit_bzero(bytes.data, bytes.cap);
    return 0;
}

static int parse_private(const json_t *root, struct privval_key *ret, struct err *e)
{
    uint8_t priv[PRIVVAL_PRIV_BYTES];
    int result = parse_typed(root, "priv_key", PRIV_TYPE, priv, sizeof priv, e);
    if (result == 0)
        result = privval_key_from_seed(priv, ret, e);
    if (result == 0 && memcmp(priv + 32, ret->pub, PRIVVAL_PUB_BYTES) != 0)
        result = err_set(e, -EINVAL,
                         "priv_key does not agree with itself: its second half is not "
                         "the public key of its first");
    explicit_bzero(priv, sizeof priv);
    return result;
}

int privval_key_parse(const char *json, size_t len, struct privval_key *ret, struct err *e)
{
    CLEANUP_JSON json_t *root = NULL;
    struct privval_key key;
    uint8_t pub[PRIVVAL_PUB_BYTES];
    int result = parse_object(json, len, "validator key", &root, e);
    if (result == 0)
        result = parse_private(root, &key, e);
    if (result == 0)
        result = parse_typed(root, "pub_key", PUB_TYPE, pub, sizeof pub, e);
    if (result < 0)
        return result;
    if (memcmp(pub, key.pub, sizeof pub) != 0)
        return err_set(e, -EINVAL, "pub_key is not the public key of priv_key");
    const char *address = json_string_value(json_object_get(root, "address"));
    uint8_t bytes[PRIVVAL_ADDRESS_BYTES];
    if (!address || enc_hex_decode(address, strlen(address), bytes, sizeof bytes) != sizeof bytes ||
        memcmp(bytes, key.address, sizeof bytes) != 0)
        return err_set(e, -EINVAL, "address is not the address of pub_key");
    *ret = key;
    explicit_bzero(&key, sizeof key);
    return 0;
}

int node_key_parse(const char *json, size_t len, struct privval_key *ret, struct err *e)
{
    CLEANUP_JSON json_t *root = NULL;
    int result = parse_object(json, len, "node key", &root, e);
    return result < 0 ? result : parse_private(root, ret, e);
}

typedef int parse_key(const char *json, size_t len, struct privval_key *ret, struct err *e);

static int load_key(const char *path, parse_key *parse, struct privval_key *ret, struct err *e)
{
    CLEANUP_BUF struct buf text = {0};
    int result = fs_read(path, PRIVVAL_FILE_MAX, &text, e);
    if (result < 0)
        return result;
    result = parse((const char *)text.data, text.len, ret, e);
    if (text.data)
        explicit_bzero(text.data, text.cap);
    if (result < 0)
        err_context(e, "%s", path);
    return result;
}

int privval_key_load(const char *path, struct privval_key *ret, struct err *e)
{
    return load_key(path, privval_key_parse, ret, e);
}

int node_key_load(const char *path, struct privval_key *ret, struct err *e)
{
    return load_key(path, node_key_parse, ret, e);
}

static int save_secret(const char *path, struct buf *text, struct err *e)
{
    int result = fs_write_atomic(path, text->data, text->len, 0600, e);
    explicit_bzero(text->data, text->cap);
    return result;
}

int privval_key_save(const char *path, const struct privval_key *key, struct err *e)
{
    CLEANUP_BUF struct buf text = {0};
    buf_reserve(&text, 1024); // so that no copy of the key stays behind in freed memory
    buf_append_str(&text, "{\n  \"address\": \"");
    enc_hex_upper_append(&text, key->address, sizeof key->address);
    buf_append_str(&text,
                   "\",\n  \"pub_key\": {\n    \"type\": \"" PUB_TYPE "\",\n    \"value\": \"");
    enc_base64_append(&text, key->pub, sizeof key->pub);
    buf_append_str(&text, "\"\n  },\n  \"priv_key\": {\n    \"type\": \"" PRIV_TYPE
                          "\",\n    \"value\": \"");
    enc_base64_append(&text, key->priv, sizeof key->priv);
    buf_append_str(&text, "\"\n  }\n}");
    return save_secret(path, &text, e);
}

int node_key_save(const char *path, const struct privval_key *key, struct err *e)
{
    CLEANUP_BUF struct buf text = {0};
    buf_reserve(&text, 512);
    buf_append_str(&text, "{\"priv_key\":{\"type\":\"" PRIV_TYPE "\",\"value\":\"");
    enc_base64_append(&text, key->priv, sizeof key->priv);
    buf_append_str(&text, "\"}}");
    return save_secret(path, &text, e);
}

void node_key_id(const struct privval_key *key, char ret[NODE_ID_CHARS + 1])
{
    enc_hex_lower(key->address, sizeof key->address, ret);
}

// ---- what was signed last

// A 64-bit integer in a string, as CometBFT's JSON writes it.
static bool parse_int64(const json_t *value, int64_t *ret)
{
    const char *text = json_string_value(value);
    if (!text || !*text || json_string_length(value) != strlen(text))
        return false;
    if (*text != '-' && (*text < '0' || *text > '9'))
        return false;
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || *end)
        return false;
    *ret = number;
    return true;
}

static int parse_signed(const json_t *root, struct privval_state *ret, struct err *e)
{
    const json_t *signature = json_object_get(root, "signature");
    const json_t *bytes = json_object_get(root, "signbytes");
    if (!signature != !bytes)
        return err_set(e, -EINVAL, "signature and signbytes must be there together");
    ret->has_signature = signature != NULL;
    if (!signature)
        return 0;
    CLEANUP_BUF struct buf decoded = {0};
    if (!json_is_string(signature) ||
        enc_base64_decode(json_string_value(signature), json_string_length(signature), &decoded) !=
            PRIVVAL_SIG_BYTES)
        return err_set(e, -EINVAL, "signature is not 64 bytes in base64");
    memcpy(ret->signature, decoded.data, PRIVVAL_SIG_BYTES);
    ssize_t n = json_is_string(bytes)
                    ? enc_hex_decode(json_string_value(bytes), json_string_length(bytes),
                                     ret->sign_bytes, sizeof ret->sign_bytes)
                    : -1;
    if (n <= 0)
        return err_set(e, -EINVAL, "signbytes is not up to %d bytes in hex",
                       PRIVVAL_SIGN_BYTES_MAX);
    ret->sign_bytes_len = (size_t)n;
    return 0;
}

int privval_state_parse(const char *json, size_t len, struct privval_state *ret, struct err *e)
{
    CLEANUP_JSON json_t *root = NULL;
    struct privval_state state = {0};
    int result = parse_object(json, len, "validator state", &root, e);
    if (result < 0)
        return result;
    if (!parse_int64(json_object_get(root, "height"), &state.height) || state.height < 0)
        return err_set(e, -EINVAL, "height is not a string that holds a number of at least 0");
    const json_t *round = json_object_get(root, "round");
    if (!json_is_integer(round) || json_integer_value(round) < 0 ||
        json_integer_value(round) > INT32_MAX)
        return err_set(e, -EINVAL, "round is not a number of at least 0");
    const json_t *step = json_object_get(root, "step");
    if (!json_is_integer(step) || json_integer_value(step) < PRIVVAL_STEP_NONE ||
        json_integer_value(step) > PRIVVAL_STEP_PRECOMMIT)
        return err_set(e, -EINVAL, "step is not a number from 0 to 3");
    state.round = (int32_t)json_integer_value(round);
    state.step = (int8_t)json_integer_value(step);
    result = parse_signed(root, &state, e);
    if (result == 0)
        *ret = state;
    return result;
}

void privval_state_encode(const struct privval_state *state, struct buf *ret)
{
    buf_printf(ret, "{\n  \"height\": \"%lld\",\n  \"round\": %d,\n  \"step\": %d",
               (long long)state->height, (int)state->round, (int)state->step);
    if (state->has_signature) {
        buf_append_str(ret, ",\n  \"signature\": \"");
        enc_base64_append(ret, state->signature, sizeof state->signature);
        buf_append_str(ret, "\",\n  \"signbytes\": \"");
        enc_hex_upper_append(ret, state->sign_bytes, state->sign_bytes_len);
        buf_append_str(ret, "\"");
    }
    buf_append_str(ret, "\n}");
}

int privval_state_load(const char *path, struct privval_state *ret, struct err *e)
{
    CLEANUP_BUF struct buf text = {0};
    int result = fs_read(path, PRIVVAL_FILE_MAX, &text, e);
    if (result == 0)
        result = privval_state_parse((const char *)text.data, text.len, ret, e);
    if (result == -EINVAL)
        err_context(e,
                    "%s cannot be trusted, and it is what keeps this validator from signing twice; "
                    "restore it, or be sure of the last signed height before writing a new one",
                    path);
    return result;
}

int privval_state_save(const char *path, const struct privval_state *state, struct err *e)
{
    CLEANUP_BUF struct buf text = {0};
    privval_state_encode(state, &text);
    return fs_write_atomic(path, text.data, text.len, 0600, e);
}

// ---- the rule

// False when they do not fit (a chain id of absurd length).
static bool sign_bytes(const struct privval_vote *vote, const char *chain_id, int64_t time_ns,
                       uint8_t *ret, size_t *ret_len)
{
    CLEANUP_BUF struct buf bytes = {0};
    tm_vote_sign_bytes(chain_id, vote->step == PRIVVAL_STEP_PRECOMMIT ? TM_PRECOMMIT : TM_PREVOTE,
                       vote->height, vote->round, &vote->block_id, time_ns, &bytes);
    if (bytes.len > PRIVVAL_SIGN_BYTES_MAX)
        return false;
    memcpy(ret, bytes.data, bytes.len);
    *ret_len = bytes.len;
    return true;
}

// The timestamp inside sign bytes. False when they are not a vote.
static bool signed_time(const struct privval_state *last, int64_t *ret)
{
    CLEANUP_ARENA struct arena arena = {0};
    size_t prefix = last->sign_bytes_len > 1 && (last->sign_bytes[0] & 0x80) ? 2 : 1;
    if (last->sign_bytes_len <= prefix)
        return false;
    const Tendermint__Types__CanonicalVote *vote =
        pb_unpack(&tendermint__types__canonical_vote__descriptor,
                  slice_of(last->sign_bytes + prefix, last->sign_bytes_len - prefix), &arena);
    if (!vote || !vote->timestamp || vote->timestamp->seconds > INT64_MAX / 1000000000 - 1 ||
        vote->timestamp->seconds < 0)
        return false;
    *ret = vote->timestamp->seconds * 1000000000 + vote->timestamp->nanos;
    return true;
}

// Whether the vote, given the time that was signed before, is what was signed before.
static enum privval_verdict compare_signed(const struct privval_state *last,
                                           const struct privval_vote *vote, const char *chain_id,
                                           int64_t *ret_time_ns)
{
    uint8_t bytes[PRIVVAL_SIGN_BYTES_MAX];
    size_t len;
    int64_t time_ns;
    if (!signed_time(last, &time_ns) || !sign_bytes(vote, chain_id, time_ns, bytes, &len))
        return PRIVVAL_CONFLICTING_DATA;
    if (!slice_eq(slice_of(bytes, len), slice_of(last->sign_bytes, last->sign_bytes_len)))
        return PRIVVAL_CONFLICTING_DATA;
    *ret_time_ns = time_ns;
    return PRIVVAL_REUSE;
}

enum privval_verdict privval_decide(const struct privval_state *last,
                                    const struct privval_vote *vote, const char *chain_id,
                                    int64_t *ret_time_ns)
{
    if (last->height > vote->height)
        return PRIVVAL_HEIGHT_REGRESSION;
    if (last->height == vote->height) {
        if (last->round > vote->round)
            return PRIVVAL_ROUND_REGRESSION;
        if (last->round == vote->round) {
            if (last->step > (int)vote->step)
                return PRIVVAL_STEP_REGRESSION;
            if (last->step == (int)vote->step)
                return last->has_signature ? compare_signed(last, vote, chain_id, ret_time_ns)
                                           : PRIVVAL_NO_SIGN_BYTES;
        }
    }
    *ret_time_ns = vote->time_ns;
    return PRIVVAL_SIGN;
}

const char *privval_verdict_text(enum privval_verdict verdict)
{
    switch (verdict) {
    case PRIVVAL_SIGN:
        return "sign";
    case PRIVVAL_REUSE:
        return "signed before";
    case PRIVVAL_HEIGHT_REGRESSION:
        return "height regression";
    case PRIVVAL_ROUND_REGRESSION:
        return "round regression";
    case PRIVVAL_STEP_REGRESSION:
        return "step regression";
    case PRIVVAL_NO_SIGN_BYTES:
        return "no SignBytes found";
    case PRIVVAL_CONFLICTING_DATA:
        return "conflicting data";
    }
    return "?";
}

// ---- the signer

struct privval {
    struct privval_key key;
    struct privval_state state;
    struct ed25519 *signer;
    char *state_path;
};

int privval_open(const char *key_path, const char *state_path, struct privval **ret, struct err *e)
{
    struct privval *p = mem_zalloc(sizeof *p);
    int result = privval_key_load(key_path, &p->key, e);
    if (result == 0)
        result = privval_state_load(state_path, &p->state, e);
    if (result < 0) {
        privval_free(p);
        return result;
    }
    p->signer = ed25519_from_seed(p->key.priv);
    p->state_path = mem_strdup(state_path);
    *ret = p;
    return 0;
}

void privval_free(struct privval *p)
{
    if (!p)
        return;
    ed25519_free(p->signer);
    free(p->state_path);
    explicit_bzero(p, sizeof *p);
    free(p);
}

const struct privval_key *privval_key(const struct privval *p)
{
    return &p->key;
}

const struct privval_state *privval_last(const struct privval *p)
{
    return &p->state;
}

static int refuse(const struct privval *p, const struct privval_vote *vote,
                  enum privval_verdict verdict, struct err *e)
{
    return err_set(e, -EPERM,
                   "the validator refuses to sign height %lld round %d step %d: %s (signed last: "
                   "height %lld round %d step %d)",
                   (long long)vote->height, (int)vote->round, (int)vote->step,
                   privval_verdict_text(verdict), (long long)p->state.height, (int)p->state.round,
                   (int)p->state.step);
}

static int sign_new(struct privval *p, const char *chain_id, const struct privval_vote *vote,
                    struct err *e)
{
    struct privval_state next = {
        .height = vote->height,
        .round = vote->round,
        .step = (int8_t)vote->step,
        .has_signature = true,
    };
    if (!sign_bytes(vote, chain_id, vote->time_ns, next.sign_bytes, &next.sign_bytes_len))
        return err_set(e, -EINVAL, "the chain id is too long to sign");
    ed25519_sign(p->signer, next.sign_bytes, next.sign_bytes_len, next.signature);
    int result = privval_state_save(p->state_path, &next, e);
    if (result == 0)
        p->state = next;
    return result;
}

int privval_sign_vote(struct privval *p, const char *chain_id, const struct privval_vote *vote,
                      uint8_t ret_sig[PRIVVAL_SIG_BYTES], int64_t *ret_time_ns, struct err *e)
{
    int64_t time_ns = 0;
    enum privval_verdict verdict = privval_decide(&p->state, vote, chain_id, &time_ns);
    if (verdict != PRIVVAL_SIGN && verdict != PRIVVAL_REUSE)
        return refuse(p, vote, verdict, e);
    int result = verdict == PRIVVAL_SIGN ? sign_new(p, chain_id, vote, e) : 0;
    if (result < 0)
        return result;
    memcpy(ret_sig, p->state.signature, PRIVVAL_SIG_BYTES);
    *ret_time_ns = time_ns;
    return 0;
}
