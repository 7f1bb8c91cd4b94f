#include <errno.h>
#include <inttypes.h>

#include "seid/app/gov.h"
#include "seid/app/msgs.h"
#include "wire/proto/cosmos_gov_v1_gov.pb-c.h"

#define STATUS(name) COSMOS__GOV__V1__PROPOSAL_STATUS__PROPOSAL_STATUS_##name

int gov_run_messages(struct app_ctx *ctx, Google__Protobuf__Any **messages, size_t count, bool keep,
                     struct app_events *events)
{
    CLEANUP_KV_OVERLAY struct kv_overlay overlay = {0};
    struct app_ctx sub;
    int r = 0;
    kv_overlay_init(&overlay, ctx->raw);
    ctx_derive(&sub, ctx, &overlay.kv, ctx->gas, events);
    for (size_t i = 0; i < count && r == 0; i++) {
        void *message, *response;
        const struct msg_type *type = msg_unpack(messages[i], ctx->arena, &message);
        if (!type || !type->by_gov)
            r = ctx_fail(&sub, &CODE_UNROUTABLE_PROPOSAL, "%s", messages[i]->type_url);
        else
            r = type->run(&sub, message, &response);
    }
    if (r) {
        ctx->fail_code = sub.fail_code;
        ctx->fail_log = sub.fail_log;
    }
    if (r == 0 && keep)
        kv_overlay_commit(&overlay);
    return r;
}

static const char *id_text(struct app_ctx *ctx, uint64_t id)
{
    return arena_printf(ctx->arena, "%" PRIu64, id);
}

// The deposit period ended before enough was deposited.
static int drop(struct app_ctx *ctx, uint64_t id, struct err *e)
{
    Cosmos__Gov__V1__Proposal *proposal = gov_proposal(ctx->kv, ctx->arena, id);
    const Cosmos__Gov__V1__Params *p = gov_params(ctx->kv, ctx->arena);
    if (!proposal)
        return err_set(e, -EINVAL, "gov: proposal %" PRIu64 " is queued and missing", id);
    gov_queue_remove(ctx->kv, GOV_QUEUE_INACTIVE, gov_time_ns(proposal->deposit_end_time), id);
    gov_proposal_delete(ctx->kv, id);
    if (p->burn_proposal_deposit_prevote)
        gov_burn_deposits(ctx, id);
    else
        gov_refund_deposits(ctx, id);
    ctx_emit(ctx, "inactive_proposal", "proposal_id", id_text(ctx, id), "proposal_result",
             "proposal_dropped", NULL);
    return 0;
}

static const char *execute(struct app_ctx *ctx, Cosmos__Gov__V1__Proposal *proposal)
{
    struct app_events events = {0};
    if (gov_run_messages(ctx, proposal->messages, proposal->n_messages, true, &events)) {
        proposal->status = STATUS(FAILED);
        proposal->failed_reason = pb_str(ctx->fail_log);
        return "proposal_failed";
    }
    proposal->status = STATUS(PASSED);
    app_events_append(ctx->events, &events, ctx->arena);
    return "proposal_passed";
}

// An expedited proposal that did not pass goes on as a regular one, with the longer period.
static const char *make_regular(struct app_ctx *ctx, Cosmos__Gov__V1__Proposal *proposal)
{
    const Cosmos__Gov__V1__Params *p = gov_params(ctx->kv, ctx->arena);
    int64_t end = gov_time_ns(proposal->voting_start_time) + gov_duration_ns(p->voting_period);
    proposal->expedited = 0;
    proposal->voting_end_time = gov_timestamp(ctx->arena, end);
    gov_queue_add(ctx->kv, GOV_QUEUE_ACTIVE, end, proposal->id);
    return "expedited_proposal_rejected";
}

static const char *reject(Cosmos__Gov__V1__Proposal *proposal)
{
    proposal->status = STATUS(REJECTED);
    proposal->failed_reason = pb_str("proposal did not get enough votes to pass");
    return "proposal_rejected";
}

// The voting period ended.
static int decide(struct app_ctx *ctx, uint64_t id, struct err *e)
{
    Cosmos__Gov__V1__Proposal *proposal = gov_proposal(ctx->kv, ctx->arena, id);
    struct gov_tally tally;
    const char *outcome;
    if (!proposal)
        return err_set(e, -EINVAL, "gov: proposal %" PRIu64 " is queued and missing", id);
    gov_tally(ctx, proposal, &tally);
    gov_votes_delete(ctx->kv, ctx->arena, id);
    if (tally.passed || !proposal->expedited) {
        if (tally.burn)
            gov_burn_deposits(ctx, id);
        else
            gov_refund_deposits(ctx, id);
    }
    gov_queue_remove(ctx->kv, GOV_QUEUE_ACTIVE, gov_time_ns(proposal->voting_end_time), id);
    if (tally.passed)
        outcome = execute(ctx, proposal);
    else if (proposal->expedited)
        outcome = make_regular(ctx, proposal);
    else
        outcome = reject(proposal);
    proposal->final_tally_result = tally.result;
    gov_proposal_set(ctx->kv, ctx->arena, proposal);
    ctx_emit(ctx, "active_proposal", "proposal_id", id_text(ctx, id), "proposal_result", outcome,
             NULL);
    return 0;
}

int gov_end_block(struct app_ctx *ctx, struct err *e)
{
    uint64_t *ids;
    int r = 0;
    size_t count = gov_queue_due(ctx->kv, ctx->arena, GOV_QUEUE_INACTIVE, ctx->time_ns, &ids);
    for (size_t i = 0; i < count && r == 0; i++)
        r = drop(ctx, ids[i], e);
    if (r < 0)
        return r;
    count = gov_queue_due(ctx->kv, ctx->arena, GOV_QUEUE_ACTIVE, ctx->time_ns, &ids);
    for (size_t i = 0; i < count && r == 0; i++)
        r = decide(ctx, ids[i], e);
    return r;
}
