#include <stdlib.h>
#include <string.h>

#include "seid/app/gov.h"
#include "seid/app/keys.h"
#include "wire/addr.h"
#include "wire/proto/cosmos_gov_v1_gov.pb-c.h"
#include "wire/proto/google_protobuf_duration.pb-c.h"
#include "wire/proto/google_protobuf_timestamp.pb-c.h"

// ---- times

#define NS_PER_S INT64_C(1000000000)

int64_t gov_time_ns(const Google__Protobuf__Timestamp *t)
{
    return t ? t->seconds * NS_PER_S + t->nanos : 0;
}

Google__Protobuf__Timestamp *gov_timestamp(struct arena *arena, int64_t ns)
{
    Google__Protobuf__Timestamp *t = arena_alloc(arena, sizeof *t);
    google__protobuf__timestamp__init(t);
    t->seconds = ns / NS_PER_S;
    t->nanos = (int32_t)(ns % NS_PER_S);
    return t;
}

int64_t gov_duration_ns(const Google__Protobuf__Duration *d)
{
    return d ? d->seconds * NS_PER_S + d->nanos : 0;
}

Google__Protobuf__Duration *gov_duration(struct arena *arena, int64_t ns)
{
    Google__Protobuf__Duration *d = arena_alloc(arena, sizeof *d);
    google__protobuf__duration__init(d);
    d->seconds = ns / NS_PER_S;
    d->nanos = (int32_t)(ns % NS_PER_S);
    return d;
}

// ---- parameters

Cosmos__Gov__V1__Params *gov_params_default(struct arena *arena, const char *denom)
{
    Cosmos__Gov__V1__Params *p = arena_alloc(arena, sizeof *p);
    cosmos__gov__v1__params__init(p);
    Cosmos__Base__V1beta1__Coin *coins[2];
    static const char *const amounts[2] = {"10000000", "20000000"};
    for (int i = 0; i < 2; i++) {
        coins[i] = arena_alloc(arena, sizeof *coins[i]);
        cosmos__base__v1beta1__coin__init(coins[i]);
        coins[i]->denom = arena_strndup(arena, denom, strlen(denom));
        coins[i]->amount = pb_str(amounts[i]);
    }
    p->n_min_deposit = p->n_expedited_min_deposit = 1;
    p->min_deposit = arena_dup(arena, &coins[0], sizeof(void *));
    p->expedited_min_deposit = arena_dup(arena, &coins[1], sizeof(void *));
    p->max_deposit_period = gov_duration(arena, INT64_C(2) * 86400 * NS_PER_S);
    p->voting_period = gov_duration(arena, INT64_C(2) * 86400 * NS_PER_S);
    p->expedited_voting_period = gov_duration(arena, 86400 * NS_PER_S);
    p->quorum = pb_str("0.334000000000000000");
    p->threshold = pb_str("0.500000000000000000");
    p->veto_threshold = pb_str("0.334000000000000000");
    p->expedited_threshold = pb_str("0.667000000000000000");
    p->min_initial_deposit_ratio = pb_str("0.000000000000000000");
    p->proposal_cancel_ratio = pb_str("0.500000000000000000");
    p->min_deposit_ratio = pb_str("0.000000000000000000");
    p->burn_vote_veto = 1;
    return p;
}

Cosmos__Gov__V1__Params *gov_params(struct kv *kv, struct arena *arena)
{
    struct key k;
    struct slice value;
    Cosmos__Gov__V1__Params *p = NULL;
    key_begin(&k, SPACE_GOV, GOV_PARAMS);
    if (kv_get(kv, key_slice(&k), &value))
        p = pb_unpack(&cosmos__gov__v1__params__descriptor, value, arena);
    return p ? p : gov_params_default(arena, "usei");
}

void gov_params_set(struct kv *kv, struct arena *arena, const Cosmos__Gov__V1__Params *p)
{
    struct key k;
    key_begin(&k, SPACE_GOV, GOV_PARAMS);
    kv_set(kv, key_slice(&k), pb_pack(p, arena));
}

// ---- proposals

uint64_t gov_next_id(struct kv *kv)
{
    struct key k;
    key_begin(&k, SPACE_GOV, GOV_NEXT_ID);
    uint64_t id = kv_get_u64(kv, &k);
    return id ? id : 1;
}

void gov_set_next_id(struct kv *kv, uint64_t id)
{
    struct key k;
    key_begin(&k, SPACE_GOV, GOV_NEXT_ID);
    kv_set_u64(kv, &k, id);
}

void gov_key_proposals(struct key *k)
{
    key_begin(k, SPACE_GOV, GOV_PROPOSAL);
}

static void proposal_key(struct key *k, uint64_t id)
{
    gov_key_proposals(k);
    key_add_u64(k, id);
}

Cosmos__Gov__V1__Proposal *gov_proposal(struct kv *kv, struct arena *arena, uint64_t id)
{
    struct key k;
    struct slice value;
    proposal_key(&k, id);
    if (!kv_get(kv, key_slice(&k), &value))
        return NULL;
    return pb_unpack(&cosmos__gov__v1__proposal__descriptor, value, arena);
}

void gov_proposal_set(struct kv *kv, struct arena *arena, const Cosmos__Gov__V1__Proposal *proposal)
{
    struct key k;
    proposal_key(&k, proposal->id);
    kv_set(kv, key_slice(&k), pb_pack(proposal, arena));
}

void gov_proposal_delete(struct kv *kv, uint64_t id)
{
    struct key k;
    proposal_key(&k, id);
    kv_del(kv, key_slice(&k));
}

// ---- queues

static void queue_key(struct key *k, enum gov_queue queue, int64_t end_ns, uint64_t id)
{
    key_begin(k, SPACE_GOV, queue == GOV_QUEUE_ACTIVE ? GOV_ACTIVE : GOV_INACTIVE);
    key_add_time(k, end_ns);
    key_add_u64(k, id);
}

void gov_queue_add(struct kv *kv, enum gov_queue queue, int64_t end_ns, uint64_t id)
{
    struct key k;
    queue_key(&k, queue, end_ns, id);
    kv_set_u64(kv, &k, id);
}

void gov_queue_remove(struct kv *kv, enum gov_queue queue, int64_t end_ns, uint64_t id)
{
    struct key k;
    queue_key(&k, queue, end_ns, id);
    kv_del(kv, key_slice(&k));
}

size_t gov_queue_due(struct kv *kv, struct arena *arena, enum gov_queue queue, int64_t now_ns,
                     uint64_t **ret_ids)
{
    struct key prefix;
    struct kv_prefix_room room;
    struct slice key, value;
    size_t count = 0, cap = 0;
    uint64_t *ids = NULL;

    key_begin(&prefix, SPACE_GOV, queue == GOV_QUEUE_ACTIVE ? GOV_ACTIVE : GOV_INACTIVE);
    struct kv_iter *it = kv_iter_prefix(kv, key_slice(&prefix), false, &room);
    while (kv_iter_next(it, &key, &value) && key.len == 18 && time_read(key.data + 2) <= now_ns) {
        if (count == cap) {
            uint64_t *more = arena_alloc(arena, (2 * cap + 8) * sizeof *more);
            if (count)
                memcpy(more, ids, count * sizeof *ids);
            ids = more;
            cap = 2 * cap + 8;
        }
        ids[count++] = be64_read(key.data + 10);
    }
    kv_iter_free(it);
    *ret_ids = ids;
    return count;
}

// ---- votes and deposits: entries of one proposal by address

static void entry_key(struct key *k, uint8_t what, uint64_t id, struct slice address)
{
    key_begin(k, SPACE_GOV, what);
    key_add_u64(k, id);
    key_add(k, address);
}

void gov_key_votes(struct key *k, uint64_t id)
{
    entry_key(k, GOV_VOTE, id, SLICE_NULL);
}

void gov_key_deposits(struct key *k, uint64_t id)
{
    entry_key(k, GOV_DEPOSIT, id, SLICE_NULL);
}

static void *entry_get(struct kv *kv, struct arena *arena, const struct key *k,
                       const ProtobufCMessageDescriptor *type)
{
    struct slice value;
    return kv_get(kv, key_slice(k), &value) ? pb_unpack(type, value, arena) : NULL;
}

// All entries under a prefix; keys too when `ret_keys`.
static size_t entries(struct kv *kv, struct arena *arena, const struct key *prefix,
                      const ProtobufCMessageDescriptor *type, void ***ret, struct slice **ret_keys)
{
    struct kv_prefix_room room;
    struct slice key, value;
    size_t count = 0, cap = 0;
    void **list = NULL;
    struct slice *keys = NULL;

    struct kv_iter *it = kv_iter_prefix(kv, key_slice(prefix), false, &room);
    while (kv_iter_next(it, &key, &value)) {
        if (count == cap) {
            size_t more = 2 * cap + 8;
            void **new_list = arena_alloc(arena, more * sizeof *new_list);
            struct slice *new_keys = arena_alloc(arena, more * sizeof *new_keys);
            if (count) {
                memcpy(new_list, list, count * sizeof *list);
                memcpy(new_keys, keys, count * sizeof *keys);
            }
            list = new_list;
            keys = new_keys;
            cap = more;
        }
        list[count] = type ? pb_unpack(type, value, arena) : NULL;
        keys[count] = arena_slice(arena, key);
        if (!type || list[count])
            count++;
    }
    kv_iter_free(it);
    if (ret)
        *ret = list;
    if (ret_keys)
        *ret_keys = keys;
    return count;
}

static void entries_delete(struct kv *kv, struct arena *arena, const struct key *prefix)
{
    struct slice *keys;
    size_t count = entries(kv, arena, prefix, NULL, NULL, &keys);
    for (size_t i = 0; i < count; i++)
        kv_del(kv, keys[i]);
}

Cosmos__Gov__V1__Vote *gov_vote(struct kv *kv, struct arena *arena, uint64_t id, struct slice voter)
{
    struct key k;
    entry_key(&k, GOV_VOTE, id, voter);
    return entry_get(kv, arena, &k, &cosmos__gov__v1__vote__descriptor);
}

void gov_vote_set(struct kv *kv, struct arena *arena, struct slice voter,
                  const Cosmos__Gov__V1__Vote *vote)
{
    struct key k;
    entry_key(&k, GOV_VOTE, vote->proposal_id, voter);
    kv_set(kv, key_slice(&k), pb_pack(vote, arena));
}

size_t gov_votes(struct kv *kv, struct arena *arena, uint64_t id, Cosmos__Gov__V1__Vote ***ret)
{
    struct key k;
    gov_key_votes(&k, id);
    return entries(kv, arena, &k, &cosmos__gov__v1__vote__descriptor, (void ***)ret, NULL);
}

void gov_votes_delete(struct kv *kv, struct arena *arena, uint64_t id)
{
    struct key k;
    gov_key_votes(&k, id);
    entries_delete(kv, arena, &k);
}

Cosmos__Gov__V1__Deposit *gov_deposit(struct kv *kv, struct arena *arena, uint64_t id,
                                      struct slice depositor)
{
    struct key k;
    entry_key(&k, GOV_DEPOSIT, id, depositor);
    return entry_get(kv, arena, &k, &cosmos__gov__v1__deposit__descriptor);
}

void gov_deposit_set(struct kv *kv, struct arena *arena, struct slice depositor,
                     const Cosmos__Gov__V1__Deposit *deposit)
{
    struct key k;
    entry_key(&k, GOV_DEPOSIT, deposit->proposal_id, depositor);
    kv_set(kv, key_slice(&k), pb_pack(deposit, arena));
}

size_t gov_deposits(struct kv *kv, struct arena *arena, uint64_t id,
                    Cosmos__Gov__V1__Deposit ***ret)
{
    struct key k;
    gov_key_deposits(&k, id);
    return entries(kv, arena, &k, &cosmos__gov__v1__deposit__descriptor, (void ***)ret, NULL);
}

void gov_deposits_delete(struct kv *kv, struct arena *arena, uint64_t id)
{
    struct key k;
    gov_key_deposits(&k, id);
    entries_delete(kv, arena, &k);
}
