// The parts of app_state that are protobuf messages: gov, upgrade, metadata of denoms.
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "seid/app/app_impl.h"
#include "seid/app/bank.h"
#include "seid/app/genesis.h"
#include "seid/app/gov.h"
#include "seid/app/keys.h"
#include "seid/app/upgrade.h"
#include "wire/pbjson.h"
#include "wire/proto/cosmos_bank_v1beta1_bank.pb-c.h"
#include "wire/proto/cosmos_base_v1beta1_coin.pb-c.h"
#include "wire/proto/cosmos_gov_v1_gov.pb-c.h"
#include "wire/proto/cosmos_upgrade_v1beta1_upgrade.pb-c.h"
#include "wire/proto/google_protobuf_duration.pb-c.h"
#include "wire/proto/google_protobuf_timestamp.pb-c.h"

#define STATUS(name) COSMOS__GOV__V1__PROPOSAL_STATUS__PROPOSAL_STATUS_##name

// A hundred years: what is added to block times must stay far from the end of 64 bits of
// nanoseconds.
enum { PERIOD_MAX_S = 100 * 365 };
#define PERIOD_MAX_SECONDS (INT64_C(86400) * PERIOD_MAX_S)
#define TIME_MAX_SECONDS INT64_C(5000000000)

static bool is_null(struct slice text)
{
    return slice_eq(text, SLICE_LIT("null"));
}

static int read_message(struct gen *g, const ProtobufCMessageDescriptor *type, struct slice text,
                        void **ret)
{
    struct err why;
    if (pbjson_read(type, text, g->ctx.arena, ret, &why) < 0)
        return gen_fail(g, "", "%s", why.text);
    return 0;
}

static int read_value(struct gen *g, const ProtobufCMessageDescriptor *type, const json_t *json,
                      void **ret)
{
    struct err why;
    if (pbjson_read_value(type, json, "", g->ctx.arena, ret, &why) < 0)
        return gen_fail(g, "", "%s", why.text);
    return 0;
}

static int check_coins(struct gen *g, const char *member, Cosmos__Base__V1beta1__Coin **list,
                       size_t count)
{
    struct coins coins;
    struct err why;
    if (count && coins_from_pb(list, count, g->ctx.arena, &coins, &why) < 0)
        return gen_fail(g, member, "%s", why.text);
    return 0;
}

static int check_period(struct gen *g, const char *member, const Google__Protobuf__Duration *d)
{
    if (!d || gov_duration_ns(d) <= 0 || d->seconds > PERIOD_MAX_SECONDS)
        return gen_fail(g, member, "must be positive and at most 100 years");
    return 0;
}

// Stored in one form, so that an export reads back as the same state.
static int check_share(struct gen *g, const char *member, char **text, bool may_be_empty)
{
    char canonical[DEC_TEXT_MAX];
    struct dec value = dec_zero();
    if ((**text || !may_be_empty) && (dec_parse(slice_str(*text), &value, NULL) < 0 ||
                                      value.raw < 0 || dec_cmp(value, dec_of_int(1)) > 0))
        return gen_fail(g, member, "must be a decimal from 0 to 1");
    unsigned len = dec_format(value, canonical);
    *text = arena_strndup(g->ctx.arena, canonical, len);
    return 0;
}

static int check_time(struct gen *g, const char *member, const Google__Protobuf__Timestamp *t)
{
    if (t && (t->seconds < 0 || t->seconds > TIME_MAX_SECONDS))
        return gen_fail(g, member, "out of range");
    return 0;
}

// ---- gov

static int check_gov_params(struct gen *g, Cosmos__Gov__V1__Params *p)
{
    struct addr dest;
    if (!p->n_min_deposit) // else everybody's proposals would be voted on at once
        return gen_fail(g, "min_deposit", "must not be empty");
    int r = check_coins(g, "min_deposit", p->min_deposit, p->n_min_deposit);
    if (r == 0)
        r = check_coins(g, "expedited_min_deposit", p->expedited_min_deposit,
                        p->n_expedited_min_deposit);
    if (r == 0)
        r = check_period(g, "max_deposit_period", p->max_deposit_period);
    if (r == 0)
        r = check_period(g, "voting_period", p->voting_period);
    if (r == 0)
        r = check_period(g, "expedited_voting_period", p->expedited_voting_period);
    if (r == 0)
        r = check_share(g, "quorum", &p->quorum, false);
    if (r == 0)
        r = check_share(g, "threshold", &p->threshold, false);
    if (r == 0)
        r = check_share(g, "veto_threshold", &p->veto_threshold, false);
    if (r == 0)
        r = check_share(g, "expedited_threshold", &p->expedited_threshold, false);
    if (r == 0)
        r = check_share(g, "min_initial_deposit_ratio", &p->min_initial_deposit_ratio, true);
    if (r == 0)
        r = check_share(g, "min_deposit_ratio", &p->min_deposit_ratio, true);
    if (r == 0)
        r = check_share(g, "proposal_cancel_ratio", &p->proposal_cancel_ratio, true);
    if (r == 0 && *p->proposal_cancel_dest &&
        addr_parse(ADDR_HRP_ACC, slice_str(p->proposal_cancel_dest), &dest, NULL) < 0)
        r = gen_fail(g, "proposal_cancel_dest", "no address");
    return r;
}

// What older genesis files do not say gets its default; the expedited period must be the shorter.
static void default_gov_params(struct gen *g, Cosmos__Gov__V1__Params *p)
{
    const Cosmos__Gov__V1__Params *d = gov_params_default(g->ctx.arena, "usei");
    if (!p->expedited_voting_period)
        p->expedited_voting_period =
            gov_duration(g->ctx.arena, gov_duration_ns(p->voting_period) / 2);
    if (!*p->expedited_threshold)
        p->expedited_threshold = d->expedited_threshold;
    if (!p->n_expedited_min_deposit) {
        p->n_expedited_min_deposit = p->n_min_deposit;
        p->expedited_min_deposit = p->min_deposit;
    }
}

static int import_gov_params(struct gen *g, struct slice value)
{
    Cosmos__Gov__V1__Params *p;
    if (is_null(value))
        return 0;
    int r = read_message(g, &cosmos__gov__v1__params__descriptor, value, (void **)&p);
    if (r < 0)
        return r;
    default_gov_params(g, p);
    r = check_gov_params(g, p);
    if (r == 0)
        gov_params_set(g->ctx.kv, g->ctx.arena, p);
    return r;
}

// The three lists of parameters of older files, each over what is already known.
static int import_legacy_params(struct gen *g, struct slice name, struct slice value)
{
    Cosmos__Gov__V1__Params *p = gov_params(g->ctx.kv, g->ctx.arena);
    int r;
    if (is_null(value))
        return 0;
    if (slice_eq(name, SLICE_LIT("deposit_params"))) {
        Cosmos__Gov__V1__DepositParams *d;
        r = read_message(g, &cosmos__gov__v1__deposit_params__descriptor, value, (void **)&d);
        if (r < 0)
            return r;
        p->min_deposit = d->min_deposit;
        p->n_min_deposit = d->n_min_deposit;
        p->max_deposit_period = d->max_deposit_period;
    } else if (slice_eq(name, SLICE_LIT("voting_params"))) {
        Cosmos__Gov__V1__VotingParams *v;
        r = read_message(g, &cosmos__gov__v1__voting_params__descriptor, value, (void **)&v);
        if (r < 0)
            return r;
        p->voting_period = v->voting_period;
        p->expedited_voting_period =
            gov_duration(g->ctx.arena, gov_duration_ns(p->voting_period) / 2);
    } else {
        Cosmos__Gov__V1__TallyParams *t;
        r = read_message(g, &cosmos__gov__v1__tally_params__descriptor, value, (void **)&t);
        if (r < 0)
            return r;
        p->quorum = t->quorum;
        p->threshold = t->threshold;
        p->veto_threshold = t->veto_threshold;
    }
    r = check_gov_params(g, p);
    if (r == 0)
        gov_params_set(g->ctx.kv, g->ctx.arena, p);
    return r;
}

static int queue_proposal(struct gen *g, const Cosmos__Gov__V1__Proposal *p)
{
    if (p->status == STATUS(DEPOSIT_PERIOD)) {
        if (!p->deposit_end_time)
            return gen_fail(g, "deposit_end_time", "missing");
        gov_queue_add(g->ctx.kv, GOV_QUEUE_INACTIVE, gov_time_ns(p->deposit_end_time), p->id);
    } else if (p->status == STATUS(VOTING_PERIOD)) {
        if (!p->voting_start_time || !p->voting_end_time)
            return gen_fail(g, "voting_end_time", "missing");
        gov_queue_add(g->ctx.kv, GOV_QUEUE_ACTIVE, gov_time_ns(p->voting_end_time), p->id);
    } else if (p->status < STATUS(DEPOSIT_PERIOD) || p->status > STATUS(FAILED)) {
        return gen_fail(g, "status", "unknown");
    }
    return 0;
}

static int import_proposal(struct gen *g, size_t index, const json_t *json, void *arg)
{
    Cosmos__Gov__V1__Proposal *p;
    int r = read_value(g, &cosmos__gov__v1__proposal__descriptor, json, (void **)&p);
    if (r == 0)
        r = check_coins(g, "total_deposit", p->total_deposit, p->n_total_deposit);
    if (r == 0)
        r = check_time(g, "submit_time", p->submit_time);
    if (r == 0)
        r = check_time(g, "deposit_end_time", p->deposit_end_time);
    if (r == 0)
        r = check_time(g, "voting_start_time", p->voting_start_time);
    if (r == 0)
        r = check_time(g, "voting_end_time", p->voting_end_time);
    if (r < 0)
        return r;
    if (p->id == 0 || gov_proposal(g->ctx.kv, g->ctx.arena, p->id))
        return gen_fail(g, "id", "must be positive and used once");
    r = queue_proposal(g, p);
    if (r < 0)
        return r;
    gov_proposal_set(g->ctx.kv, g->ctx.arena, p);
    return 0;
}

static int import_deposit(struct gen *g, size_t index, const json_t *json, void *arg)
{
    Cosmos__Gov__V1__Deposit *d;
    struct addr depositor;
    int r = read_value(g, &cosmos__gov__v1__deposit__descriptor, json, (void **)&d);
    if (r == 0)
        r = check_coins(g, "amount", d->amount, d->n_amount);
    if (r < 0)
        return r;
    if (addr_parse(ADDR_HRP_ACC, slice_str(d->depositor), &depositor, NULL) < 0)
        return gen_fail(g, "depositor", "no address");
    gov_deposit_set(g->ctx.kv, g->ctx.arena, addr_slice(&depositor), d);
    return 0;
}

static int import_vote(struct gen *g, size_t index, const json_t *json, void *arg)
{
    Cosmos__Gov__V1__Vote *v;
    struct addr voter;
    int r = read_value(g, &cosmos__gov__v1__vote__descriptor, json, (void **)&v);
    if (r < 0)
        return r;
    if (addr_parse(ADDR_HRP_ACC, slice_str(v->voter), &voter, NULL) < 0)
        return gen_fail(g, "voter", "no address");
    for (size_t i = 0; i < v->n_options; i++)
        if ((r = check_share(g, "options.weight", &v->options[i]->weight, false)) < 0)
            return r;
    gov_vote_set(g->ctx.kv, g->ctx.arena, addr_slice(&voter), v);
    return 0;
}

static int import_starting_id(struct gen *g, struct slice value)
{
    json_t *object = json_object();
    json_t *json = json_loadb((const char *)value.data, value.len, JSON_DECODE_ANY, NULL);
    uint64_t id = 0;
    int r = json ? json_object_set_new(object, "id", json) : -1;
    r = r < 0 ? gen_fail(g, "", "malformed JSON") : gen_u64(g, object, "id", &id);
    json_decref(object);
    if (r == 0 && id)
        gov_set_next_id(g->ctx.kv, id);
    return r;
}

static int import_constitution(struct gen *g, struct slice value)
{
    struct key k;
    json_t *json = json_loadb((const char *)value.data, value.len, JSON_DECODE_ANY, NULL);
    key_begin(&k, SPACE_GOV, GOV_CONSTITUTION);
    int r = 0;
    if (!json_is_string(json))
        r = gen_fail(g, "", "must be a string");
    else if (json_string_length(json))
        kv_set(g->ctx.kv, key_slice(&k),
               slice_of(json_string_value(json), json_string_length(json)));
    json_decref(json);
    return r;
}

int gen_import_gov(struct gen *g, struct slice name, struct slice value)
{
    if (slice_eq(name, SLICE_LIT("starting_proposal_id")))
        return import_starting_id(g, value);
    if (slice_eq(name, SLICE_LIT("params")))
        return import_gov_params(g, value);
    if (slice_eq(name, SLICE_LIT("deposit_params")) || slice_eq(name, SLICE_LIT("voting_params")) ||
        slice_eq(name, SLICE_LIT("tally_params")))
        return import_legacy_params(g, name, value);
    if (slice_eq(name, SLICE_LIT("proposals")))
        return gen_each(g, "gov.proposals", value, import_proposal, NULL);
    if (slice_eq(name, SLICE_LIT("deposits")))
        return gen_each(g, "gov.deposits", value, import_deposit, NULL);
    if (slice_eq(name, SLICE_LIT("votes")))
        return gen_each(g, "gov.votes", value, import_vote, NULL);
    if (slice_eq(name, SLICE_LIT("constitution")))
        return import_constitution(g, value);
    return gen_fail(g, "", "unknown member");
}

// All proposals' ids are below the next one, and the gov account holds the deposits.
int gen_finish_gov(struct gen *g)
{
    struct key prefix;
    struct kv_prefix_room room;
    struct slice key, value;
    struct coins sum = {0};
    uint64_t next = gov_next_id(g->ctx.kv), newest = 0;
    int r = 0;

    gov_key_proposals(&prefix);
    struct kv_iter *it = kv_iter_prefix(g->ctx.kv, key_slice(&prefix), true, &room);
    if (kv_iter_next(it, &key, &value) && key.len == 10)
        newest = be64_read(key.data + 2);
    kv_iter_free(it);
    gen_at(g, "gov");
    if (newest >= next)
        return gen_fail(g, "starting_proposal_id", "must be above the id of every proposal");

    key_begin(&prefix, SPACE_GOV, GOV_DEPOSIT);
    it = kv_iter_prefix(g->ctx.kv, key_slice(&prefix), false, &room);
    while (r == 0 && kv_iter_next(it, &key, &value)) {
        struct coins coins = {0};
        Cosmos__Gov__V1__Deposit *d =
            pb_unpack(&cosmos__gov__v1__deposit__descriptor, value, &g->arena);
        if (d && d->n_amount)
            coins_from_pb(d->amount, d->n_amount, &g->arena, &coins, NULL);
        if (coins_add(sum, coins, &g->arena, &sum) != 0)
            r = gen_fail(g, "deposits", "the sum does not fit into 128 bits");
    }
    kv_iter_free(it);
    struct slice account = auth_module_address(g->ctx.app, AUTH_GOV);
    for (size_t i = 0; r == 0 && i < sum.count; i++)
        if (bank_balance(g->ctx.kv, account, sum.items[i].denom) < sum.items[i].amount)
            r = gen_fail(g, "deposits", "the gov account holds less than %s",
                         coins_text(sum, &g->arena));
    return r;
}

// ---- upgrade

static int import_plan(struct gen *g, struct slice value)
{
    Cosmos__Upgrade__V1beta1__Plan *plan;
    if (is_null(value))
        return 0;
    int r = read_message(g, &cosmos__upgrade__v1beta1__plan__descriptor, value, (void **)&plan);
    if (r < 0)
        return r;
    if (upgrade_schedule(&g->ctx, plan))
        return gen_fail(g, "", "%s", g->ctx.fail_log);
    return 0;
}

static int import_applied(struct gen *g, size_t index, const json_t *json, void *arg)
{
    const char *name;
    uint64_t height;
    int r = gen_string(g, json, "name", &name);
    if (r == 0)
        r = gen_u64(g, json, "height", &height);
    if (r < 0)
        return r;
    if (!*name || strlen(name) > UPGRADE_NAME_MAX || height == 0 || height > INT64_MAX)
        return gen_fail(g, "", "needs a name and a positive height");
    upgrade_set_done(g->ctx.kv, slice_str(name), (int64_t)height);
    return 0;
}

static int import_module_version(struct gen *g, size_t index, const json_t *json, void *arg)
{
    const char *name;
    uint64_t version;
    int r = gen_string(g, json, "name", &name);
    if (r == 0)
        r = gen_u64(g, json, "version", &version);
    if (r < 0)
        return r;
    if (!*name || strlen(name) > UPGRADE_NAME_MAX || version == 0)
        return gen_fail(g, "", "needs a name and a positive version");
    upgrade_set_module_version(g->ctx.kv, slice_str(name), version);
    return 0;
}

static int import_protocol_version(struct gen *g, struct slice value)
{
    struct key k;
    uint64_t version = 0;
    json_t *object = json_object();
    json_t *json = json_loadb((const char *)value.data, value.len, JSON_DECODE_ANY, NULL);
    int r = json ? json_object_set_new(object, "v", json) : -1;
    r = r < 0 ? gen_fail(g, "", "malformed JSON") : gen_u64(g, object, "v", &version);
    json_decref(object);
    key_begin(&k, SPACE_UPGRADE, UPGRADE_PROTOCOL);
    if (r == 0 && version)
        kv_set_u64(g->ctx.kv, &k, version);
    return r;
}

// The SDK's genesis has nothing here; an export of ours says what was planned and applied.
int gen_import_upgrade(struct gen *g, struct slice name, struct slice value)
{
    if (slice_eq(name, SLICE_LIT("plan")))
        return import_plan(g, value);
    if (slice_eq(name, SLICE_LIT("applied_plans")))
        return gen_each(g, "upgrade.applied_plans", value, import_applied, NULL);
    if (slice_eq(name, SLICE_LIT("module_versions")))
        return gen_each(g, "upgrade.module_versions", value, import_module_version, NULL);
    if (slice_eq(name, SLICE_LIT("protocol_version")))
        return import_protocol_version(g, value);
    return gen_fail(g, "", "unknown member");
}

// ---- bank

static int import_one_metadata(struct gen *g, size_t index, const json_t *json, void *arg)
{
    Cosmos__Bank__V1beta1__Metadata *m;
    struct key k;
    int r = read_value(g, &cosmos__bank__v1beta1__metadata__descriptor, json, (void **)&m);
    if (r < 0)
        return r;
    if (!coins_denom_valid(m->base_))
        return gen_fail(g, "base", "no denom");
    bank_key_metadata(&k, m->base_);
    kv_set(g->ctx.kv, key_slice(&k), pb_pack(m, g->ctx.arena));
    return 0;
}

int gen_import_metadata(struct gen *g, struct slice value)
{
    return gen_each(g, "bank.denom_metadata", value, import_one_metadata, NULL);
}
