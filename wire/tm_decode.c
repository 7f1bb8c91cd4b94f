#include <errno.h>
#include <string.h>

#include "wire/pb_arena.h"
#include "wire/pb_check.h"
#include "wire/pbwire.h"
#include "wire/proto/tendermint_types_types.pb-c.h"
#include "wire/tm.h"

// Seconds that fit an int64 of nanoseconds with room for the fraction.
static const int64_t seconds_max = INT64_MAX / 1000000000 - 1;
static const int64_t zero_time_seconds = -62135596800;

static int bad(struct err *e, const char *what)
{
    return err_set(e, -EBADMSG, "malformed %s", what);
}

static int read_time(const Google__Protobuf__Timestamp *t, int64_t *ret, struct err *e)
{
    if (!t)
        return bad(e, "time");
    if (t->seconds == zero_time_seconds && t->nanos == 0) {
        *ret = TM_TIME_ZERO;
        return 0;
    }
    if (t->seconds > seconds_max || t->seconds < -seconds_max || t->nanos < 0 ||
        t->nanos > 999999999)
        return bad(e, "time");
    *ret = t->seconds * 1000000000 + t->nanos;
    return 0;
}

static int read_fixed(ProtobufCBinaryData b, uint8_t *ret, size_t len, const char *what,
                      struct err *e)
{
    if (b.len != len)
        return bad(e, what);
    memcpy(ret, b.data, len);
    return 0;
}

static int read_block_id(const Tendermint__Types__BlockID *id, struct tm_block_id *ret,
                         struct err *e)
{
    memset(ret, 0, sizeof *ret);
    if (!id || (id->hash.len == 0 && (!id->part_set_header || id->part_set_header->hash.len == 0)))
        return 0;
    if (!id->part_set_header)
        return bad(e, "block id");
    ret->present = true;
    ret->parts_total = id->part_set_header->total;
    int r = read_fixed(id->hash, ret->hash, TM_HASH_LEN, "block id", e);
    return r ? r
             : read_fixed(id->part_set_header->hash, ret->parts_hash, TM_HASH_LEN, "block id", e);
}

static int read_header(const Tendermint__Types__Header *from, struct tm_header *ret, struct err *e)
{
    struct tm_header h = {.chain_id = from->chain_id, .height = from->height};
    if (from->version) {
        h.block_version = from->version->block;
        h.app_version = from->version->app;
    }
    const struct {
        ProtobufCBinaryData from;
        uint8_t *to;
        const char *what;
    } hashes[] = {
        {from->last_commit_hash, h.last_commit_hash, "last_commit_hash"},
        {from->data_hash, h.data_hash, "data_hash"},
        {from->validators_hash, h.validators_hash, "validators_hash"},
        {from->next_validators_hash, h.next_validators_hash, "next_validators_hash"},
        {from->consensus_hash, h.consensus_hash, "consensus_hash"},
        {from->app_hash, h.app_hash, "app_hash"},
        {from->last_results_hash, h.last_results_hash, "last_results_hash"},
        {from->evidence_hash, h.evidence_hash, "evidence_hash"},
    };
    int r = read_time(from->time, &h.time_ns, e);
    if (r == 0)
        r = read_block_id(from->last_block_id, &h.last_block_id, e);
    for (size_t i = 0; r == 0 && i < sizeof hashes / sizeof hashes[0]; i++)
        r = read_fixed(hashes[i].from, hashes[i].to, TM_HASH_LEN, hashes[i].what, e);
    if (r == 0)
        r = read_fixed(from->proposer_address, h.proposer_address, TM_ADDRESS_LEN,
                       "proposer_address", e);
    if (r == 0)
        *ret = h;
    return r;
}

static int read_commit_sig(const Tendermint__Types__CommitSig *from, struct tm_commit_sig *ret,
                           struct err *e)
{
    memset(ret, 0, sizeof *ret);
    ret->flag = (enum tm_block_id_flag)from->block_id_flag;
    switch (ret->flag) {
    case TM_FLAG_ABSENT:
        ret->time_ns = TM_TIME_ZERO;
        return 0;
    case TM_FLAG_COMMIT:
    case TM_FLAG_NIL:
        break;
    }
    if (ret->flag != TM_FLAG_COMMIT && ret->flag != TM_FLAG_NIL)
        return bad(e, "block_id_flag");
    int r = read_time(from->timestamp, &ret->time_ns, e);
    if (r == 0)
        r = read_fixed(from->validator_address, ret->validator_address, TM_ADDRESS_LEN,
                       "validator_address", e);
    return r ? r : read_fixed(from->signature, ret->signature, TM_SIGNATURE_LEN, "signature", e);
}

static int read_commit(const Tendermint__Types__Commit *from, struct arena *a,
                       struct tm_commit *ret, struct err *e)
{
    struct tm_commit c = {.height = from->height, .round = from->round};
    struct tm_commit_sig *signatures =
        (struct tm_commit_sig *)arena_alloc(a, (from->n_signatures + 1) * sizeof *signatures);
    int r = read_block_id(from->block_id, &c.block_id, e);
    for (size_t i = 0; r == 0 && i < from->n_signatures; i++)
        r = read_commit_sig(from->signatures[i], &signatures[i], e);
    if (r < 0)
        return r;
    c.signatures = signatures;
    c.signature_count = from->n_signatures;
    *ret = c;
    return 0;
}

static void *check_and_unpack(const ProtobufCMessageDescriptor *type, struct slice bytes,
                              struct arena *a, struct err *e)
{
    if (pb_check(type, bytes, 0, e) < 0)
        return NULL;
    void *message = pb_unpack(type, bytes, a);
    if (!message)
        bad(e, type->name);
    return message;
}

int tm_header_decode(struct slice bytes, struct arena *a, struct tm_header *ret, struct err *e)
{
    const void *h = check_and_unpack(&tendermint__types__header__descriptor, bytes, a, e);
    return h ? read_header((const Tendermint__Types__Header *)h, ret, e) : -EBADMSG;
}

int tm_commit_decode(struct slice bytes, struct arena *a, struct tm_commit *ret, struct err *e)
{
    const void *c = check_and_unpack(&tendermint__types__commit__descriptor, bytes, a, e);
    return c ? read_commit((const Tendermint__Types__Commit *)c, a, ret, e) : -EBADMSG;
}

// Transactions stay where they are.
static int read_data(struct slice bytes, struct arena *a, struct tm_block *ret, struct err *e)
{
    struct pbwire_field f;
    size_t count = 0;
    int r;
    for (struct slice at = bytes; (r = pbwire_next(&at, &f)) > 0; count++)
        if (f.number != 1 || f.type != PBWIRE_BYTES)
            return bad(e, "data");
    if (r < 0)
        return bad(e, "data");
    struct slice *txs = (struct slice *)arena_alloc(a, (count + 1) * sizeof *txs);
    for (size_t i = 0; pbwire_next(&bytes, &f) > 0; i++)
        txs[i] = f.bytes;
    ret->txs = txs;
    ret->tx_count = count;
    return 0;
}

int tm_block_decode(struct slice bytes, struct arena *a, struct tm_block *ret, struct err *e)
{
    struct slice members[4] = {{0}};
    unsigned seen = 0;
    struct pbwire_field f;
    int r;
    while ((r = pbwire_next(&bytes, &f)) > 0) {
        if (f.type != PBWIRE_BYTES || f.number > 4 || (seen & 1U << f.number))
            return bad(e, "block");
        seen |= 1U << f.number;
        members[f.number - 1] = f.bytes;
    }
    if (r < 0 || !(seen & 1U << 1) || !(seen & 1U << 4))
        return bad(e, "block");
    if (members[2].len > 0)
        return err_set(e, -ENOTSUP, "blocks with evidence are not supported");
    struct tm_block b = {0};
    r = tm_header_decode(members[0], a, &b.header, e);
    if (r == 0)
        r = read_data(members[1], a, &b, e);
    if (r == 0)
        r = tm_commit_decode(members[3], a, &b.last_commit, e);
    if (r == 0)
        *ret = b;
    return r;
}
