// The first generation's view of what is stored in the second's messages.
#include <string.h>

#include "seid/query/query_gov.h"
#include "wire/dec.h"
#include "wire/proto/cosmos_gov_v1_tx.pb-c.h"
#include "wire/proto/cosmos_gov_v1beta1_query.pb-c.h"
#include "wire/proto/cosmos_upgrade_v1beta1_tx.pb-c.h"
#include "wire/proto/google_protobuf_timestamp.pb-c.h"
#include "wire/typereg.h"

static Google__Protobuf__Timestamp *time_or_zero(Google__Protobuf__Timestamp *t,
                                                 struct arena *arena)
{
    if (t)
        return t;
    // Go's zero time, which this generation writes for what has not happened.
    QUERY_NEW(arena, zero, Google__Protobuf__Timestamp, google__protobuf__timestamp__init);
    zero->seconds = INT64_C(-62135596800);
    return zero;
}

static Cosmos__Gov__V1beta1__TallyResult *tally_of(const Cosmos__Gov__V1__TallyResult *t,
                                                   struct arena *arena)
{
    QUERY_NEW(arena, m, Cosmos__Gov__V1beta1__TallyResult,
              cosmos__gov__v1beta1__tally_result__init);
    m->yes = t ? t->yes_count : pb_str("0");
    m->abstain = t ? t->abstain_count : pb_str("0");
    m->no = t ? t->no_count : pb_str("0");
    m->no_with_veto = t ? t->no_with_veto_count : pb_str("0");
    return m;
}

static Google__Protobuf__Any *text_content(const Cosmos__Gov__V1__Proposal *p, struct arena *arena)
{
    Cosmos__Gov__V1beta1__TextProposal m = COSMOS__GOV__V1BETA1__TEXT_PROPOSAL__INIT;
    m.title = p->title;
    m.description = p->summary;
    return typereg_pack(&m, arena);
}

static Google__Protobuf__Any *upgrade_content(const Cosmos__Gov__V1__Proposal *p,
                                              struct arena *arena)
{
    Cosmos__Upgrade__V1beta1__SoftwareUpgradeProposal m =
        COSMOS__UPGRADE__V1BETA1__SOFTWARE_UPGRADE_PROPOSAL__INIT;
    const Cosmos__Upgrade__V1beta1__MsgSoftwareUpgrade *msg =
        pb_unpack(&cosmos__upgrade__v1beta1__msg_software_upgrade__descriptor,
                  pb_slice(p->messages[0]->value), arena);
    m.title = p->title;
    m.description = p->summary;
    m.plan = msg ? msg->plan : NULL;
    return typereg_pack(&m, arena);
}

static Google__Protobuf__Any *cancel_content(const Cosmos__Gov__V1__Proposal *p,
                                             struct arena *arena)
{
    Cosmos__Upgrade__V1beta1__CancelSoftwareUpgradeProposal m =
        COSMOS__UPGRADE__V1BETA1__CANCEL_SOFTWARE_UPGRADE_PROPOSAL__INIT;
    m.title = p->title;
    m.description = p->summary;
    return typereg_pack(&m, arena);
}

// Content of this generation as it was given; of the other, what says the same. What cannot be said
// (several messages) is shown as its title and summary.
static Google__Protobuf__Any *content_of(const Cosmos__Gov__V1__Proposal *p, struct arena *arena)
{
    if (p->n_messages == 1) {
        const Google__Protobuf__Any *any = p->messages[0];
        if (typereg_is(any, &cosmos__upgrade__v1beta1__msg_software_upgrade__descriptor))
            return upgrade_content(p, arena);
        if (typereg_is(any, &cosmos__upgrade__v1beta1__msg_cancel_upgrade__descriptor))
            return cancel_content(p, arena);
        if (typereg_is(any, &cosmos__gov__v1__msg_exec_legacy_content__descriptor)) {
            const Cosmos__Gov__V1__MsgExecLegacyContent *exec = pb_unpack(
                &cosmos__gov__v1__msg_exec_legacy_content__descriptor, pb_slice(any->value), arena);
            if (exec && exec->content)
                return exec->content;
        }
    }
    return text_content(p, arena);
}

static void *convert_proposal(Cosmos__Gov__V1__Proposal *p, struct arena *arena)
{
    QUERY_NEW(arena, m, Cosmos__Gov__V1beta1__Proposal, cosmos__gov__v1beta1__proposal__init);
    m->proposal_id = p->id;
    m->content = content_of(p, arena);
    m->status = (Cosmos__Gov__V1beta1__ProposalStatus)p->status;
    m->final_tally_result = tally_of(p->final_tally_result, arena);
    m->submit_time = time_or_zero(p->submit_time, arena);
    m->deposit_end_time = time_or_zero(p->deposit_end_time, arena);
    m->total_deposit = p->total_deposit;
    m->n_total_deposit = p->n_total_deposit;
    m->voting_start_time = time_or_zero(p->voting_start_time, arena);
    m->voting_end_time = time_or_zero(p->voting_end_time, arena);
    m->is_expedited = p->expedited;
    return m;
}

QUERY_FUNCTION_BODY(query_cosmos_gov_v1beta1_query_proposal)
{
    const Cosmos__Gov__V1beta1__QueryProposalRequest *q = (const void *)request;
    Cosmos__Gov__V1__Proposal *p;
    enum query_code code = query_gov_proposal(ctx, q->proposal_id, arena, &p, error);
    if (code != QUERY_OK)
        return code;
    QUERY_NEW(arena, m, Cosmos__Gov__V1beta1__QueryProposalResponse,
              cosmos__gov__v1beta1__query_proposal_response__init);
    m->proposal = convert_proposal(p, arena);
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_gov_v1beta1_query_proposals)
{
    const Cosmos__Gov__V1beta1__QueryProposalsRequest *q = (const void *)request;
    struct query_gov_filter filter = {.ctx = ctx, .convert = convert_proposal};
    struct key prefix;
    QUERY_NEW(arena, m, Cosmos__Gov__V1beta1__QueryProposalsResponse,
              cosmos__gov__v1beta1__query_proposals_response__init);
    enum query_code code = query_gov_filter_init(&filter, (int)q->proposal_status, q->voter,
                                                 q->depositor, arena, error);
    gov_key_proposals(&prefix);
    if (code == QUERY_OK)
        code = query_paginate(ctx->state, &prefix, q->pagination, query_gov_filter_entry, &filter,
                              arena, &m->pagination, error);
    if (code != QUERY_OK)
        return code;
    m->proposals = (Cosmos__Gov__V1beta1__Proposal **)filter.list.items;
    m->n_proposals = filter.list.count;
    QUERY_RETURN(m);
}

// Decimals of this generation are the digits of the number times 10^18.
static char *raw_text(const char *text, struct arena *arena)
{
    char digits[DEC_TEXT_MAX];
    struct dec value = dec_zero();
    dec_parse(slice_str(text), &value, NULL);
    unsigned len = dec_format_raw(value, digits);
    return arena_strndup(arena, digits, len);
}

static void *convert_vote(void *message, struct arena *arena)
{
    const Cosmos__Gov__V1__Vote *v = message;
    QUERY_NEW(arena, m, Cosmos__Gov__V1beta1__Vote, cosmos__gov__v1beta1__vote__init);
    m->proposal_id = v->proposal_id;
    m->voter = v->voter;
    m->options = arena_alloc(arena, (v->n_options + 1) * sizeof(void *));
    m->n_options = v->n_options;
    for (size_t i = 0; i < v->n_options; i++) {
        QUERY_NEW(arena, o, Cosmos__Gov__V1beta1__WeightedVoteOption,
                  cosmos__gov__v1beta1__weighted_vote_option__init);
        o->option = (Cosmos__Gov__V1beta1__VoteOption)v->options[i]->option;
        o->weight = raw_text(v->options[i]->weight, arena);
        m->options[i] = o;
    }
    // The deprecated member says a whole vote.
    if (m->n_options == 1)
        m->option = m->options[0]->option;
    return m;
}

QUERY_FUNCTION_BODY(query_cosmos_gov_v1beta1_query_vote)
{
    const Cosmos__Gov__V1beta1__QueryVoteRequest *q = (const void *)request;
    Cosmos__Gov__V1__Vote *vote;
    enum query_code code = query_gov_vote(ctx, q->proposal_id, q->voter, arena, &vote, error);
    if (code != QUERY_OK)
        return code;
    QUERY_NEW(arena, m, Cosmos__Gov__V1beta1__QueryVoteResponse,
              cosmos__gov__v1beta1__query_vote_response__init);
    m->vote = convert_vote(vote, arena);
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_gov_v1beta1_query_votes)
{
    const Cosmos__Gov__V1beta1__QueryVotesRequest *q = (const void *)request;
    struct query_gov_entries entries = {
        &cosmos__gov__v1__vote__descriptor, gov_key_votes, convert_vote, {.arena = arena}};
    QUERY_NEW(arena, m, Cosmos__Gov__V1beta1__QueryVotesResponse,
              cosmos__gov__v1beta1__query_votes_response__init);
    enum query_code code =
        query_gov_list(ctx, q->proposal_id, &entries, q->pagination, &m->pagination, error);
    if (code != QUERY_OK)
        return code;
    m->votes = (Cosmos__Gov__V1beta1__Vote **)entries.list.items;
    m->n_votes = entries.list.count;
    QUERY_RETURN(m);
}

static void *convert_deposit(void *message, struct arena *arena)
{
    const Cosmos__Gov__V1__Deposit *d = message;
    QUERY_NEW(arena, m, Cosmos__Gov__V1beta1__Deposit, cosmos__gov__v1beta1__deposit__init);
    m->proposal_id = d->proposal_id;
    m->depositor = d->depositor;
    m->amount = d->amount;
    m->n_amount = d->n_amount;
    return m;
}

QUERY_FUNCTION_BODY(query_cosmos_gov_v1beta1_query_deposit)
{
    const Cosmos__Gov__V1beta1__QueryDepositRequest *q = (const void *)request;
    Cosmos__Gov__V1__Deposit *deposit;
    enum query_code code =
        query_gov_deposit(ctx, q->proposal_id, q->depositor, arena, &deposit, error);
    if (code != QUERY_OK)
        return code;
    QUERY_NEW(arena, m, Cosmos__Gov__V1beta1__QueryDepositResponse,
              cosmos__gov__v1beta1__query_deposit_response__init);
    m->deposit = convert_deposit(deposit, arena);
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_gov_v1beta1_query_deposits)
{
    const Cosmos__Gov__V1beta1__QueryDepositsRequest *q = (const void *)request;
    struct query_gov_entries entries = {
        &cosmos__gov__v1__deposit__descriptor, gov_key_deposits, convert_deposit, {.arena = arena}};
    QUERY_NEW(arena, m, Cosmos__Gov__V1beta1__QueryDepositsResponse,
              cosmos__gov__v1beta1__query_deposits_response__init);
    enum query_code code =
        query_gov_list(ctx, q->proposal_id, &entries, q->pagination, &m->pagination, error);
    if (code != QUERY_OK)
        return code;
    m->deposits = (Cosmos__Gov__V1beta1__Deposit **)entries.list.items;
    m->n_deposits = entries.list.count;
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_gov_v1beta1_query_tally_result)
{
    const Cosmos__Gov__V1beta1__QueryTallyResultRequest *q = (const void *)request;
    Cosmos__Gov__V1__TallyResult *tally;
    enum query_code code = query_gov_tally(ctx, q->proposal_id, arena, &tally, error);
    if (code != QUERY_OK)
        return code;
    QUERY_NEW(arena, m, Cosmos__Gov__V1beta1__QueryTallyResultResponse,
              cosmos__gov__v1beta1__query_tally_result_response__init);
    m->tally = tally_of(tally, arena);
    QUERY_RETURN(m);
}

static ProtobufCBinaryData raw_decimal(const char *text, struct arena *arena)
{
    return pb_bytes(slice_str(raw_text(text, arena)));
}

// The parts that were not asked for are empty, not absent, as gogo writes them.
QUERY_FUNCTION_BODY(query_cosmos_gov_v1beta1_query_params)
{
    const Cosmos__Gov__V1beta1__QueryParamsRequest *q = (const void *)request;
    const Cosmos__Gov__V1__Params *p = gov_params(ctx->state, arena);
    QUERY_NEW(arena, v, Cosmos__Gov__V1beta1__VotingParams,
              cosmos__gov__v1beta1__voting_params__init);
    QUERY_NEW(arena, d, Cosmos__Gov__V1beta1__DepositParams,
              cosmos__gov__v1beta1__deposit_params__init);
    QUERY_NEW(arena, t, Cosmos__Gov__V1beta1__TallyParams,
              cosmos__gov__v1beta1__tally_params__init);
    QUERY_NEW(arena, m, Cosmos__Gov__V1beta1__QueryParamsResponse,
              cosmos__gov__v1beta1__query_params_response__init);
    v->voting_period = gov_duration(arena, 0);
    d->max_deposit_period = gov_duration(arena, 0);
    t->quorum = t->threshold = t->veto_threshold = pb_bytes(SLICE_LIT("0"));
    if (strcmp(q->params_type, "voting") == 0) {
        v->voting_period = p->voting_period;
    } else if (strcmp(q->params_type, "deposit") == 0) {
        d->min_deposit = p->min_deposit;
        d->n_min_deposit = p->n_min_deposit;
        d->max_deposit_period = p->max_deposit_period;
    } else if (strcmp(q->params_type, "tallying") == 0) {
        t->quorum = raw_decimal(p->quorum, arena);
        t->threshold = raw_decimal(p->threshold, arena);
        t->veto_threshold = raw_decimal(p->veto_threshold, arena);
    } else {
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "%s is not a valid parameter type",
                          q->params_type);
    }
    m->voting_params = v;
    m->deposit_params = d;
    m->tally_params = t;
    QUERY_RETURN(m);
}
