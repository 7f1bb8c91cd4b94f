#include <inttypes.h>
#include <string.h>

#include "seid/query/query_gov.h"
#include "wire/proto/cosmos_gov_v1_query.pb-c.h"

// ---- shared by both generations

enum query_code query_gov_proposal(const struct query_ctx *ctx, uint64_t id, struct arena *arena,
                                   Cosmos__Gov__V1__Proposal **ret, struct query_error *error)
{
    if (id == 0)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "proposal id can not be 0");
    *ret = gov_proposal(ctx->state, arena, id);
    if (!*ret)
        return query_fail(error, arena, QUERY_NOT_FOUND, "proposal %" PRIu64 " doesn't exist", id);
    return QUERY_OK;
}

enum query_code query_gov_vote(const struct query_ctx *ctx, uint64_t id, const char *voter,
                               struct arena *arena, Cosmos__Gov__V1__Vote **ret,
                               struct query_error *error)
{
    struct addr address;
    if (id == 0)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "proposal id can not be 0");
    if (!*voter)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "empty voter address");
    enum query_code code = query_address(voter, &address, arena, error);
    if (code != QUERY_OK)
        return code;
    *ret = gov_vote(ctx->state, arena, id, addr_slice(&address));
    if (!*ret)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT,
                          "voter: %s not found for proposal: %" PRIu64, voter, id);
    return QUERY_OK;
}

enum query_code query_gov_deposit(const struct query_ctx *ctx, uint64_t id, const char *depositor,
                                  struct arena *arena, Cosmos__Gov__V1__Deposit **ret,
                                  struct query_error *error)
{
    struct addr address;
    if (id == 0)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "proposal id can not be 0");
    if (!*depositor)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "empty depositor address");
    enum query_code code = query_address(depositor, &address, arena, error);
    if (code != QUERY_OK)
        return code;
    *ret = gov_deposit(ctx->state, arena, id, addr_slice(&address));
    if (!*ret)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT,
                          "depositer: %s not found for proposal: %" PRIu64, depositor, id);
    return QUERY_OK;
}

static Cosmos__Gov__V1__TallyResult *no_votes(struct arena *arena)
{
    QUERY_NEW(arena, t, Cosmos__Gov__V1__TallyResult, cosmos__gov__v1__tally_result__init);
    t->yes_count = t->no_count = t->abstain_count = t->no_with_veto_count = pb_str("0");
    return t;
}

static Cosmos__Gov__V1__TallyResult *count_now(const struct query_ctx *ctx,
                                               const Cosmos__Gov__V1__Proposal *proposal,
                                               struct arena *arena)
{
    struct gas_meter gas = {0};
    struct app_events events = {0};
    struct app_ctx app_ctx;
    struct gov_tally tally;
    ctx_init(&app_ctx, ctx->app, ctx->state, arena, &gas, &events, ctx->height, ctx->time_ns);
    gov_tally(&app_ctx, proposal, &tally);
    return tally.result;
}

enum query_code query_gov_tally(const struct query_ctx *ctx, uint64_t id, struct arena *arena,
                                Cosmos__Gov__V1__TallyResult **ret, struct query_error *error)
{
    Cosmos__Gov__V1__Proposal *p;
    enum query_code code = query_gov_proposal(ctx, id, arena, &p, error);
    if (code != QUERY_OK)
        return code;
    if (p->status == COSMOS__GOV__V1__PROPOSAL_STATUS__PROPOSAL_STATUS_DEPOSIT_PERIOD)
        *ret = no_votes(arena);
    else if (p->status == COSMOS__GOV__V1__PROPOSAL_STATUS__PROPOSAL_STATUS_VOTING_PERIOD)
        *ret = count_now(ctx, p, arena);
    else
        *ret = p->final_tally_result ? p->final_tally_result : no_votes(arena);
    return QUERY_OK;
}

enum query_code query_gov_filter_init(struct query_gov_filter *filter, int status,
                                      const char *voter, const char *depositor, struct arena *arena,
                                      struct query_error *error)
{
    enum query_code code = QUERY_OK;
    filter->status = status;
    filter->list = (struct query_list){.arena = arena};
    if (*voter)
        code = query_address(voter, &filter->voter, arena, error);
    if (code == QUERY_OK && *depositor)
        code = query_address(depositor, &filter->depositor, arena, error);
    return code;
}

bool query_gov_filter_entry(void *arg, struct slice key, struct slice value, bool take)
{
    struct query_gov_filter *f = arg;
    struct arena *arena = f->list.arena;
    if (!f->status && !f->voter.len && !f->depositor.len && !take)
        return true; // counted without a look
    Cosmos__Gov__V1__Proposal *p = pb_unpack(&cosmos__gov__v1__proposal__descriptor, value, arena);
    if (!p || (f->status && (int)p->status != f->status))
        return false;
    if (f->voter.len && !gov_vote(f->ctx->state, arena, p->id, addr_slice(&f->voter)))
        return false;
    if (f->depositor.len && !gov_deposit(f->ctx->state, arena, p->id, addr_slice(&f->depositor)))
        return false;
    if (take)
        query_list_add(&f->list, f->convert(p, arena));
    return true;
}

static bool add_entry(void *arg, struct slice key, struct slice value, bool take)
{
    struct query_gov_entries *e = arg;
    void *message = take ? pb_unpack(e->type, value, e->list.arena) : NULL;
    if (message)
        query_list_add(&e->list, e->convert ? e->convert(message, e->list.arena) : message);
    return true;
}

enum query_code query_gov_list(const struct query_ctx *ctx, uint64_t id,
                               struct query_gov_entries *entries,
                               const Cosmos__Base__Query__V1beta1__PageRequest *page,
                               Cosmos__Base__Query__V1beta1__PageResponse **ret_page,
                               struct query_error *error)
{
    struct arena *arena = entries->list.arena;
    struct key prefix;
    if (id == 0)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "proposal id can not be 0");
    entries->key(&prefix, id);
    return query_paginate(ctx->state, &prefix, page, add_entry, entries, arena, ret_page, error);
}

// ---- methods

QUERY_FUNCTION_BODY(query_cosmos_gov_v1_query_constitution)
{
    struct key k;
    struct slice value;
    QUERY_NEW(arena, m, Cosmos__Gov__V1__QueryConstitutionResponse,
              cosmos__gov__v1__query_constitution_response__init);
    key_begin(&k, SPACE_GOV, GOV_CONSTITUTION);
    if (kv_get(ctx->state, key_slice(&k), &value))
        m->constitution = arena_strndup(arena, (const char *)value.data, value.len);
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_gov_v1_query_proposal)
{
    const Cosmos__Gov__V1__QueryProposalRequest *q = (const void *)request;
    QUERY_NEW(arena, m, Cosmos__Gov__V1__QueryProposalResponse,
              cosmos__gov__v1__query_proposal_response__init);
    enum query_code code = query_gov_proposal(ctx, q->proposal_id, arena, &m->proposal, error);
    if (code != QUERY_OK)
        return code;
    QUERY_RETURN(m);
}

static void *as_it_is(Cosmos__Gov__V1__Proposal *proposal, struct arena *arena)
{
    return proposal;
}

QUERY_FUNCTION_BODY(query_cosmos_gov_v1_query_proposals)
{
    const Cosmos__Gov__V1__QueryProposalsRequest *q = (const void *)request;
    struct query_gov_filter filter = {.ctx = ctx, .convert = as_it_is};
    struct key prefix;
    QUERY_NEW(arena, m, Cosmos__Gov__V1__QueryProposalsResponse,
              cosmos__gov__v1__query_proposals_response__init);
    enum query_code code = query_gov_filter_init(&filter, (int)q->proposal_status, q->voter,
                                                 q->depositor, arena, error);
    gov_key_proposals(&prefix);
    if (code == QUERY_OK)
        code = query_paginate(ctx->state, &prefix, q->pagination, query_gov_filter_entry, &filter,
                              arena, &m->pagination, error);
    if (code != QUERY_OK)
        return code;
    m->proposals = (Cosmos__Gov__V1__Proposal **)filter.list.items;
    m->n_proposals = filter.list.count;
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_gov_v1_query_vote)
{
    const Cosmos__Gov__V1__QueryVoteRequest *q = (const void *)request;
    QUERY_NEW(arena, m, Cosmos__Gov__V1__QueryVoteResponse,
              cosmos__gov__v1__query_vote_response__init);
    enum query_code code = query_gov_vote(ctx, q->proposal_id, q->voter, arena, &m->vote, error);
    if (code != QUERY_OK)
        return code;
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_gov_v1_query_votes)
{
    const Cosmos__Gov__V1__QueryVotesRequest *q = (const void *)request;
    struct query_gov_entries entries = {
        &cosmos__gov__v1__vote__descriptor, gov_key_votes, NULL, {.arena = arena}};
    QUERY_NEW(arena, m, Cosmos__Gov__V1__QueryVotesResponse,
              cosmos__gov__v1__query_votes_response__init);
    enum query_code code =
        query_gov_list(ctx, q->proposal_id, &entries, q->pagination, &m->pagination, error);
    if (code != QUERY_OK)
        return code;
    m->votes = (Cosmos__Gov__V1__Vote **)entries.list.items;
    m->n_votes = entries.list.count;
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_gov_v1_query_deposit)
{
    const Cosmos__Gov__V1__QueryDepositRequest *q = (const void *)request;
    QUERY_NEW(arena, m, Cosmos__Gov__V1__QueryDepositResponse,
              cosmos__gov__v1__query_deposit_response__init);
    enum query_code code =
        query_gov_deposit(ctx, q->proposal_id, q->depositor, arena, &m->deposit, error);
    if (code != QUERY_OK)
        return code;
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_gov_v1_query_deposits)
{
    const Cosmos__Gov__V1__QueryDepositsRequest *q = (const void *)request;
    struct query_gov_entries entries = {
        &cosmos__gov__v1__deposit__descriptor, gov_key_deposits, NULL, {.arena = arena}};
    QUERY_NEW(arena, m, Cosmos__Gov__V1__QueryDepositsResponse,
              cosmos__gov__v1__query_deposits_response__init);
    enum query_code code =
        query_gov_list(ctx, q->proposal_id, &entries, q->pagination, &m->pagination, error);
    if (code != QUERY_OK)
        return code;
    m->deposits = (Cosmos__Gov__V1__Deposit **)entries.list.items;
    m->n_deposits = entries.list.count;
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_gov_v1_query_tally_result)
{
    const Cosmos__Gov__V1__QueryTallyResultRequest *q = (const void *)request;
    QUERY_NEW(arena, m, Cosmos__Gov__V1__QueryTallyResultResponse,
              cosmos__gov__v1__query_tally_result_response__init);
    enum query_code code = query_gov_tally(ctx, q->proposal_id, arena, &m->tally, error);
    if (code != QUERY_OK)
        return code;
    QUERY_RETURN(m);
}

// All parameters always; the part that was asked for also in its older form.
QUERY_FUNCTION_BODY(query_cosmos_gov_v1_query_params)
{
    const Cosmos__Gov__V1__QueryParamsRequest *q = (const void *)request;
    Cosmos__Gov__V1__Params *p = gov_params(ctx->state, arena);
    QUERY_NEW(arena, m, Cosmos__Gov__V1__QueryParamsResponse,
              cosmos__gov__v1__query_params_response__init);
    m->params = p;
    if (strcmp(q->params_type, "voting") == 0) {
        QUERY_NEW(arena, v, Cosmos__Gov__V1__VotingParams, cosmos__gov__v1__voting_params__init);
        v->voting_period = p->voting_period;
        m->voting_params = v;
    } else if (strcmp(q->params_type, "deposit") == 0) {
        QUERY_NEW(arena, d, Cosmos__Gov__V1__DepositParams, cosmos__gov__v1__deposit_params__init);
        d->min_deposit = p->min_deposit;
        d->n_min_deposit = p->n_min_deposit;
        d->max_deposit_period = p->max_deposit_period;
        m->deposit_params = d;
    } else if (strcmp(q->params_type, "tallying") == 0) {
        QUERY_NEW(arena, t, Cosmos__Gov__V1__TallyParams, cosmos__gov__v1__tally_params__init);
        t->quorum = p->quorum;
        t->threshold = p->threshold;
        t->veto_threshold = p->veto_threshold;
        m->tally_params = t;
    } else if (*q->params_type) {
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "unknown params type: %s",
                          q->params_type);
    }
    QUERY_RETURN(m);
}
