// Gogoproto writes members that are no pointers even when they are empty: those are the messages
// that are appended here without a condition.
#include "wire/pbwire.h"
#include "wire/tm.h"

enum { NS = 1000000000 };
// Seconds of 0001-01-01T00:00:00Z.
static const int64_t zero_time_seconds = -62135596800;

static void encode_time(int64_t time_ns, struct buf *ret)
{
    int64_t seconds = time_ns / NS;
    int64_t nanos = time_ns % NS;
    if (nanos < 0) {
        nanos += NS;
        seconds--;
    }
    if (time_ns == TM_TIME_ZERO) {
        seconds = zero_time_seconds;
        nanos = 0;
    }
    pbwire_append_varint(ret, 1, (uint64_t)seconds);
    pbwire_append_varint(ret, 2, (uint64_t)nanos);
}

static void append_time(struct buf *ret, uint32_t number, int64_t time_ns)
{
    struct buf time CLEANUP_BUF = {0};
    encode_time(time_ns, &time);
    pbwire_append_message(ret, number, buf_slice(&time));
}

static void append_hash(struct buf *ret, uint32_t number, const uint8_t hash[TM_HASH_LEN])
{
    pbwire_append_bytes(ret, number, slice_of(hash, TM_HASH_LEN));
}

void tm_block_id_encode(const struct tm_block_id *id, struct buf *ret)
{
    struct buf parts CLEANUP_BUF = {0};
    if (id->present) {
        append_hash(ret, 1, id->hash);
        pbwire_append_varint(&parts, 1, id->parts_total);
        append_hash(&parts, 2, id->parts_hash);
    }
    pbwire_append_message(ret, 2, buf_slice(&parts));
}

static void append_block_id(struct buf *ret, uint32_t number, const struct tm_block_id *id)
{
    struct buf encoded CLEANUP_BUF = {0};
    tm_block_id_encode(id, &encoded);
    pbwire_append_message(ret, number, buf_slice(&encoded));
}

static void encode_version(const struct tm_header *h, struct buf *ret)
{
    pbwire_append_varint(ret, 1, h->block_version);
    pbwire_append_varint(ret, 2, h->app_version);
}

void tm_header_encode(const struct tm_header *h, struct buf *ret)
{
    struct buf version CLEANUP_BUF = {0};
    encode_version(h, &version);
    pbwire_append_message(ret, 1, buf_slice(&version));
    pbwire_append_bytes(ret, 2, slice_str(h->chain_id));
    pbwire_append_varint(ret, 3, (uint64_t)h->height);
    append_time(ret, 4, h->time_ns);
    append_block_id(ret, 5, &h->last_block_id);
    append_hash(ret, 6, h->last_commit_hash);
    append_hash(ret, 7, h->data_hash);
    append_hash(ret, 8, h->validators_hash);
    append_hash(ret, 9, h->next_validators_hash);
    append_hash(ret, 10, h->consensus_hash);
    append_hash(ret, 11, h->app_hash);
    append_hash(ret, 12, h->last_results_hash);
    append_hash(ret, 13, h->evidence_hash);
    pbwire_append_bytes(ret, 14, slice_of(h->proposer_address, TM_ADDRESS_LEN));
}

static void encode_commit_sig(const struct tm_commit_sig *sig, struct buf *ret)
{
    bool absent = sig->flag == TM_FLAG_ABSENT;
    pbwire_append_varint(ret, 1, sig->flag);
    if (!absent)
        pbwire_append_bytes(ret, 2, slice_of(sig->validator_address, TM_ADDRESS_LEN));
    append_time(ret, 3, absent ? TM_TIME_ZERO : sig->time_ns);
    if (!absent)
        pbwire_append_bytes(ret, 4, slice_of(sig->signature, TM_SIGNATURE_LEN));
}

void tm_commit_encode(const struct tm_commit *c, struct buf *ret)
{
    struct buf sig CLEANUP_BUF = {0};
    pbwire_append_varint(ret, 1, (uint64_t)c->height);
    pbwire_append_varint(ret, 2, (uint64_t)(int64_t)c->round);
    append_block_id(ret, 3, &c->block_id);
    for (size_t i = 0; i < c->signature_count; i++) {
        buf_clear(&sig);
        encode_commit_sig(&c->signatures[i], &sig);
        pbwire_append_message(ret, 4, buf_slice(&sig));
    }
}

static size_t data_len(const struct tm_block *b)
{
    size_t len = 0;
    for (size_t i = 0; i < b->tx_count; i++)
        len += 1 + pbwire_varint_len(b->txs[i].len) + b->txs[i].len;
    return len;
}

// Transactions are written in place: they are most of a block.
static void append_data(struct buf *ret, const struct tm_block *b)
{
    size_t len = data_len(b);
    uint8_t *at = buf_reserve(ret, 1 + PBWIRE_VARINT_MAX + len);
    at[0] = 2 << 3 | PBWIRE_BYTES;
    ret->len += 1 + pbwire_put_varint(at + 1, len);
    for (size_t i = 0; i < b->tx_count; i++)
        pbwire_append_message(ret, 1, b->txs[i]);
}

void tm_block_encode(const struct tm_block *b, struct buf *ret)
{
    struct buf part CLEANUP_BUF = {0};
    tm_header_encode(&b->header, &part);
    pbwire_append_message(ret, 1, buf_slice(&part));
    append_data(ret, b);
    pbwire_append_message(ret, 3, SLICE_NULL); // no evidence
    buf_clear(&part);
    tm_commit_encode(&b->last_commit, &part);
    pbwire_append_message(ret, 4, buf_slice(&part));
}

void tm_block_meta_encode(const struct tm_block_id *id, size_t block_size,
                          const struct tm_header *h, size_t tx_count, struct buf *ret)
{
    struct buf header CLEANUP_BUF = {0};
    tm_header_encode(h, &header);
    append_block_id(ret, 1, id);
    pbwire_append_varint(ret, 2, block_size);
    pbwire_append_message(ret, 3, buf_slice(&header));
    pbwire_append_varint(ret, 4, tx_count);
}

// ---- hashes of encodings ----

static void add_bytes_value(struct tm_merkle *m, struct slice bytes)
{
    struct buf wrapped CLEANUP_BUF = {0};
    pbwire_append_bytes(&wrapped, 1, bytes);
    tm_merkle_add(m, buf_slice(&wrapped));
}

static void add_hash(struct tm_merkle *m, const uint8_t hash[TM_HASH_LEN])
{
    add_bytes_value(m, slice_of(hash, TM_HASH_LEN));
}

static void add_encoded(struct tm_merkle *m, struct buf *encoded)
{
    tm_merkle_add(m, buf_slice(encoded));
    buf_clear(encoded);
}

void tm_header_hash(const struct tm_header *h, uint8_t ret[TM_HASH_LEN])
{
    struct tm_merkle m = {0};
    struct buf field CLEANUP_BUF = {0};
    encode_version(h, &field);
    add_encoded(&m, &field);
    add_bytes_value(&m, slice_str(h->chain_id));
    pbwire_append_varint(&field, 1, (uint64_t)h->height);
    add_encoded(&m, &field);
    encode_time(h->time_ns, &field);
    add_encoded(&m, &field);
    tm_block_id_encode(&h->last_block_id, &field);
    add_encoded(&m, &field);
    add_hash(&m, h->last_commit_hash);
    add_hash(&m, h->data_hash);
    add_hash(&m, h->validators_hash);
    add_hash(&m, h->next_validators_hash);
    add_hash(&m, h->consensus_hash);
    add_hash(&m, h->app_hash);
    add_hash(&m, h->last_results_hash);
    add_hash(&m, h->evidence_hash);
    add_bytes_value(&m, slice_of(h->proposer_address, TM_ADDRESS_LEN));
    tm_merkle_root(&m, ret);
}

void tm_commit_hash(const struct tm_commit *c, uint8_t ret[TM_HASH_LEN])
{
    struct tm_merkle m = {0};
    struct buf sig CLEANUP_BUF = {0};
    for (size_t i = 0; i < c->signature_count; i++) {
        encode_commit_sig(&c->signatures[i], &sig);
        add_encoded(&m, &sig);
    }
    tm_merkle_root(&m, ret);
}

// ---- sign bytes ----

static void append_delimited(struct buf *ret, const struct buf *message)
{
    uint8_t prefix[PBWIRE_VARINT_MAX];
    buf_append(ret, prefix, pbwire_put_varint(prefix, message->len));
    buf_append_slice(ret, buf_slice(message));
}

void tm_vote_sign_bytes(const char *chain_id, enum tm_vote_type type, int64_t height, int32_t round,
                        const struct tm_block_id *id, int64_t time_ns, struct buf *ret)
{
    struct buf vote CLEANUP_BUF = {0};
    pbwire_append_varint(&vote, 1, type);
    pbwire_append_fixed64(&vote, 2, (uint64_t)height);
    pbwire_append_fixed64(&vote, 3, (uint64_t)(int64_t)round);
    if (id->present)
        append_block_id(&vote, 4, id);
    append_time(&vote, 5, time_ns);
    pbwire_append_bytes(&vote, 6, slice_str(chain_id));
    append_delimited(ret, &vote);
}

void tm_proposal_sign_bytes(const char *chain_id, int64_t height, int32_t round, int32_t pol_round,
                            const struct tm_block_id *id, int64_t time_ns, struct buf *ret)
{
    struct buf proposal CLEANUP_BUF = {0};
    pbwire_append_varint(&proposal, 1, 32);
    pbwire_append_fixed64(&proposal, 2, (uint64_t)height);
    pbwire_append_fixed64(&proposal, 3, (uint64_t)(int64_t)round);
    pbwire_append_varint(&proposal, 4, (uint64_t)(int64_t)pol_round);
    if (id->present)
        append_block_id(&proposal, 5, id);
    append_time(&proposal, 6, time_ns);
    pbwire_append_bytes(&proposal, 7, slice_str(chain_id));
    append_delimited(ret, &proposal);
}

void tm_commit_sign_bytes(const char *chain_id, const struct tm_commit *c, size_t i,
                          struct buf *ret)
{
    static const struct tm_block_id nil = {0};
    const struct tm_commit_sig *sig = &c->signatures[i];
    const struct tm_block_id *id = sig->flag == TM_FLAG_COMMIT ? &c->block_id : &nil;
    tm_vote_sign_bytes(chain_id, TM_PRECOMMIT, c->height, c->round, id, sig->time_ns, ret);
}
