// The messages of gov, both generations. Those of the first are turned into those of the second.
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "seid/app/app_impl.h"
#include "seid/app/bank.h"
#include "seid/app/gov.h"
#include "seid/app/keys.h"
#include "seid/app/msgs.h"
#include "seid/app/upgrade.h"
#include "wire/proto/cosmos_base_v1beta1_coin.pb-c.h"
#include "wire/proto/cosmos_gov_v1_gov.pb-c.h"
#include "wire/proto/cosmos_gov_v1_tx.pb-c.h"
#include "wire/proto/cosmos_gov_v1beta1_gov.pb-c.h"
#include "wire/proto/cosmos_gov_v1beta1_tx.pb-c.h"
#include "wire/proto/cosmos_upgrade_v1beta1_upgrade.pb-c.h"

#define STATUS(name) COSMOS__GOV__V1__PROPOSAL_STATUS__PROPOSAL_STATUS_##name

enum {
    METADATA_MAX = 255,
    SUMMARY_MAX = 40 * METADATA_MAX,
    LEGACY_TITLE_MAX = 140,
    LEGACY_DESCRIPTION_MAX = 10000,
};

#define URL_TEXT "/cosmos.gov.v1beta1.TextProposal"
#define URL_SOFTWARE_UPGRADE "/cosmos.upgrade.v1beta1.SoftwareUpgradeProposal"
#define URL_CANCEL_UPGRADE "/cosmos.upgrade.v1beta1.CancelSoftwareUpgradeProposal"
#define URL_EXEC_LEGACY "/cosmos.gov.v1.MsgExecLegacyContent"

static const char *id_text(struct app_ctx *ctx, uint64_t id)
{
    return arena_printf(ctx->arena, "%" PRIu64, id);
}

static int check_address(struct app_ctx *ctx, const char *what, const char *text, struct addr *ret)
{
    struct err e;
    if (ctx_addr_parse(ctx, text, ret, &e) < 0)
        return ctx_fail(ctx, &CODE_INVALID_ADDRESS, "invalid %s address: %s", what, e.text);
    return 0;
}

static int check_metadata(struct app_ctx *ctx, const char *metadata)
{
    if (strlen(metadata) > METADATA_MAX)
        return ctx_fail(ctx, &CODE_METADATA_TOO_LONG, "got metadata with length %zu",
                        strlen(metadata));
    return 0;
}

static int check_authority(struct app_ctx *ctx, const char *authority)
{
    if (strcmp(authority, ctx->app->gov_address) != 0)
        return ctx_fail(ctx, &CODE_INVALID_SIGNER, "invalid authority; expected %s, got %s",
                        ctx->app->gov_address, authority);
    return 0;
}

// ---- content of the first generation

struct content {
    const char *title;
    const char *description;
    const Cosmos__Upgrade__V1beta1__Plan *plan; // of a software upgrade
    bool cancel;
};

// Type URLs were resolved by the decoder, so what fails here is no content at all.
static int open_content(struct app_ctx *ctx, const Google__Protobuf__Any *any, struct content *ret)
{
    if (!any)
        return ctx_fail(ctx, &CODE_INVALID_CONTENT, "missing content");
    *ret = (struct content){0};
    struct slice bytes = pb_slice(any->value);
    if (strcmp(any->type_url, URL_TEXT) == 0 || strcmp(any->type_url, URL_CANCEL_UPGRADE) == 0) {
        // Both are {title, description}.
        const Cosmos__Gov__V1beta1__TextProposal *m =
            pb_unpack(&cosmos__gov__v1beta1__text_proposal__descriptor, bytes, ctx->arena);
        if (!m)
            return ctx_fail(ctx, &CODE_INVALID_CONTENT, "malformed content");
        ret->title = m->title;
        ret->description = m->description;
        ret->cancel = strcmp(any->type_url, URL_CANCEL_UPGRADE) == 0;
        return 0;
    }
    if (strcmp(any->type_url, URL_SOFTWARE_UPGRADE) != 0)
        return ctx_fail(ctx, &CODE_NO_PROPOSAL_HANDLER, "%s", any->type_url);
    const Cosmos__Upgrade__V1beta1__SoftwareUpgradeProposal *m = pb_unpack(
        &cosmos__upgrade__v1beta1__software_upgrade_proposal__descriptor, bytes, ctx->arena);
    static const Cosmos__Upgrade__V1beta1__Plan no_plan = COSMOS__UPGRADE__V1BETA1__PLAN__INIT;
    if (!m)
        return ctx_fail(ctx, &CODE_INVALID_CONTENT, "malformed content");
    ret->title = m->title;
    ret->description = m->description;
    ret->plan = m->plan ? m->plan : &no_plan;
    return 0;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n\v\f")] == 0;
}

static int check_content(struct app_ctx *ctx, const struct content *c)
{
    const struct app_code *code = &CODE_INVALID_CONTENT;
    if (c->plan) {
        int r = upgrade_plan_validate(ctx, c->plan);
        if (r)
            return r;
    }
    if (is_blank(c->title))
        return ctx_fail(ctx, code, "proposal title cannot be blank");
    if (strlen(c->title) > LEGACY_TITLE_MAX)
        return ctx_fail(ctx, code, "proposal title is longer than max length of %d",
                        LEGACY_TITLE_MAX);
    if (is_blank(c->description))
        return ctx_fail(ctx, code, "proposal description cannot be blank");
    if (strlen(c->description) > LEGACY_DESCRIPTION_MAX)
        return ctx_fail(ctx, code, "proposal description is longer than max length of %d",
                        LEGACY_DESCRIPTION_MAX);
    return 0;
}

int msg_gov_v1_exec_legacy_content_check(struct app_ctx *ctx, const void *message)
{
    const Cosmos__Gov__V1__MsgExecLegacyContent *m = message;
    struct addr authority;
    return check_address(ctx, "authority", m->authority, &authority);
}

int msg_gov_v1_exec_legacy_content_run(struct app_ctx *ctx, const void *message,
                                       void **ret_response)
{
    const Cosmos__Gov__V1__MsgExecLegacyContent *m = message;
    struct content content;
    int r = check_authority(ctx, m->authority);
    if (r == 0)
        r = open_content(ctx, m->content, &content);
    if (r)
        return r;
    if (content.cancel)
        upgrade_clear(ctx);
    else if (content.plan && (r = upgrade_schedule(ctx, content.plan)) != 0)
        return r;
    Cosmos__Gov__V1__MsgExecLegacyContentResponse *response =
        arena_alloc(ctx->arena, sizeof *response);
    cosmos__gov__v1__msg_exec_legacy_content_response__init(response);
    *ret_response = response;
    return 0;
}

// ---- submission

struct submission {
    Google__Protobuf__Any **messages;
    size_t message_count;
    const char *metadata, *title, *summary, *proposer;
    Cosmos__Base__V1beta1__Coin **deposit;
    size_t deposit_count;
    bool expedited;
};

static int check_lengths(struct app_ctx *ctx, const struct submission *s)
{
    int r = check_metadata(ctx, s->metadata);
    if (r == 0)
        r = check_metadata(ctx, s->title);
    if (r)
        return r;
    if (strlen(s->summary) > SUMMARY_MAX)
        return ctx_fail(ctx, &CODE_SUMMARY_TOO_LONG, "got summary with length %zu",
                        strlen(s->summary));
    return 0;
}

static int check_message(struct app_ctx *ctx, const Google__Protobuf__Any *any)
{
    void *message;
    const struct msg_type *type = msg_unpack(any, ctx->arena, &message);
    if (!type || !type->by_gov)
        return ctx_fail(ctx, &CODE_UNROUTABLE_PROPOSAL, "%s", any->type_url);
    if (type->check(ctx, message))
        return ctx_fail(ctx, &CODE_INVALID_PROPOSAL_MSG, "%s", ctx->fail_log);
    const char *signer = type->signer(message);
    if (strcmp(signer, ctx->app->gov_address) != 0)
        return ctx_fail(ctx, &CODE_INVALID_SIGNER, "%s", signer);
    return 0;
}

// A message that would fail now is refused now. What passes may still fail when it is executed.
static int dry_run(struct app_ctx *ctx, const struct submission *s)
{
    struct app_events ignored = {0};
    if (gov_run_messages(ctx, s->messages, s->message_count, false, &ignored) == 0)
        return 0;
    bool legacy = s->message_count == 1 && strcmp(s->messages[0]->type_url, URL_EXEC_LEGACY) == 0;
    if (legacy && ctx->fail_code == &CODE_NO_PROPOSAL_HANDLER)
        return APP_FAILED;
    return ctx_fail(ctx, legacy ? &CODE_INVALID_CONTENT : &CODE_INVALID_PROPOSAL_MSG, "%s",
                    ctx->fail_log);
}

static void keep_proposal(struct app_ctx *ctx, const struct submission *s,
                          const Cosmos__Gov__V1__Params *p, uint64_t id)
{
    Cosmos__Gov__V1__Proposal proposal = COSMOS__GOV__V1__PROPOSAL__INIT;
    Cosmos__Gov__V1__TallyResult nothing = COSMOS__GOV__V1__TALLY_RESULT__INIT;
    int64_t end = ctx->time_ns + gov_duration_ns(p->max_deposit_period);
    nothing.yes_count = nothing.no_count = nothing.abstain_count = nothing.no_with_veto_count =
        pb_str("0");
    proposal.id = id;
    proposal.messages = s->messages;
    proposal.n_messages = s->message_count;
    proposal.status = STATUS(DEPOSIT_PERIOD);
    proposal.final_tally_result = &nothing;
    proposal.submit_time = gov_timestamp(ctx->arena, ctx->time_ns);
    proposal.deposit_end_time = gov_timestamp(ctx->arena, end);
    proposal.metadata = pb_str(s->metadata);
    proposal.title = pb_str(s->title);
    proposal.summary = pb_str(s->summary);
    proposal.proposer = pb_str(s->proposer);
    proposal.expedited = s->expedited;
    gov_proposal_set(ctx->kv, ctx->arena, &proposal);
    gov_queue_add(ctx->kv, GOV_QUEUE_INACTIVE, end, id);
    gov_set_next_id(ctx->kv, id + 1);
    // As the SDK: submissions cost by their size, on top of being written.
    gas_consume(ctx->gas,
                (uint64_t)(3 * GAS_WRITE_BYTE) *
                    cosmos__gov__v1__proposal__get_packed_size(&proposal),
                "submit proposal");
}

static void emit_submitted(struct app_ctx *ctx, const struct submission *s, uint64_t id)
{
    CLEANUP_BUF struct buf urls = {0};
    for (size_t i = 0; i < s->message_count; i++)
        buf_printf(&urls, ",%s", s->messages[i]->type_url);
    ctx_emit(ctx, "submit_proposal", "proposal_id", id_text(ctx, id), "proposal_proposer",
             s->proposer, "proposal_messages", arena_strndup(ctx->arena, buf_cstr(&urls), urls.len),
             NULL);
}

static int submit(struct app_ctx *ctx, struct submission *s, uint64_t *ret_id)
{
    const Cosmos__Gov__V1__Params *p = gov_params(ctx->kv, ctx->arena);
    struct addr proposer;
    bool voting;
    int r = check_address(ctx, "proposer", s->proposer, &proposer);
    if (r)
        return r;
    s->proposer = ctx_addr_text(ctx, addr_slice(&proposer));
    r = gov_check_initial_deposit(ctx, p, s->deposit, s->deposit_count, s->expedited);
    if (r == 0)
        r = check_lengths(ctx, s);
    for (size_t i = 0; i < s->message_count && r == 0; i++)
        r = check_message(ctx, s->messages[i]);
    if (r == 0)
        r = dry_run(ctx, s);
    if (r)
        return r;
    uint64_t id = gov_next_id(ctx->kv);
    auth_ensure_module(ctx, AUTH_GOV);
    keep_proposal(ctx, s, p, id);
    emit_submitted(ctx, s, id);
    r = gov_add_deposit(ctx, id, addr_slice(&proposer), s->deposit, s->deposit_count, &voting);
    if (r)
        return r;
    if (voting)
        ctx_emit(ctx, "submit_proposal", "voting_period_start", id_text(ctx, id), NULL);
    *ret_id = id;
    return 0;
}

int msg_gov_v1_submit_proposal_check(struct app_ctx *ctx, const void *message)
{
    const Cosmos__Gov__V1__MsgSubmitProposal *m = message;
    struct addr proposer;
    if (!*m->title)
        return ctx_fail(ctx, &CODE_INVALID_REQUEST, "proposal title cannot be empty");
    if (!*m->summary)
        return ctx_fail(ctx, &CODE_INVALID_REQUEST, "proposal summary cannot be empty");
    if (m->n_messages == 0 && !*m->metadata)
        return ctx_fail(ctx, &CODE_NO_PROPOSAL_MSGS,
                        "either metadata or Msgs length must be non-nil");
    return check_address(ctx, "proposer", m->proposer, &proposer);
}

int msg_gov_v1_submit_proposal_run(struct app_ctx *ctx, const void *message, void **ret_response)
{
    const Cosmos__Gov__V1__MsgSubmitProposal *m = message;
    struct submission s = {
        .messages = m->messages,
        .message_count = m->n_messages,
        .metadata = m->metadata,
        .title = m->title,
        .summary = m->summary,
        .proposer = m->proposer,
        .deposit = m->initial_deposit,
        .deposit_count = m->n_initial_deposit,
        .expedited = m->expedited,
    };
    Cosmos__Gov__V1__MsgSubmitProposalResponse *response =
        arena_alloc(ctx->arena, sizeof *response);
    cosmos__gov__v1__msg_submit_proposal_response__init(response);
    *ret_response = response;
    return submit(ctx, &s, &response->proposal_id);
}

int msg_gov_v1beta1_submit_proposal_check(struct app_ctx *ctx, const void *message)
{
    const Cosmos__Gov__V1beta1__MsgSubmitProposal *m = message;
    struct addr proposer;
    struct content content;
    int r = check_address(ctx, "proposer", m->proposer, &proposer);
    if (r == 0)
        r = open_content(ctx, m->content, &content);
    return r ? r : check_content(ctx, &content);
}

int msg_gov_v1beta1_submit_proposal_run(struct app_ctx *ctx, const void *message,
                                        void **ret_response)
{
    const Cosmos__Gov__V1beta1__MsgSubmitProposal *m = message;
    Cosmos__Gov__V1__MsgExecLegacyContent exec = COSMOS__GOV__V1__MSG_EXEC_LEGACY_CONTENT__INIT;
    Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT, *messages[1] = {&any};
    struct content content;
    int r = open_content(ctx, m->content, &content);
    if (r)
        return r;
    exec.content = m->content;
    exec.authority = ctx->app->gov_address;
    any.type_url = pb_str(URL_EXEC_LEGACY);
    any.value = pb_bytes(pb_pack(&exec, ctx->arena));
    struct submission s = {
        .messages = messages,
        .message_count = 1,
        .metadata = "",
        .title = content.title,
        .summary = content.description,
        .proposer = m->proposer,
        .deposit = m->initial_deposit,
        .deposit_count = m->n_initial_deposit,
        .expedited = m->is_expedited,
    };
    Cosmos__Gov__V1beta1__MsgSubmitProposalResponse *response =
        arena_alloc(ctx->arena, sizeof *response);
    cosmos__gov__v1beta1__msg_submit_proposal_response__init(response);
    *ret_response = response;
    return submit(ctx, &s, &response->proposal_id);
}

// ---- deposit

static int check_deposit(struct app_ctx *ctx, const char *depositor,
                         Cosmos__Base__V1beta1__Coin **amount, size_t count)
{
    struct addr address;
    struct coins coins;
    int r = check_address(ctx, "depositor", depositor, &address);
    if (r)
        return r;
    if (count == 0 || coins_from_pb(amount, count, ctx->arena, &coins, NULL) < 0)
        return ctx_fail(ctx, &CODE_INVALID_COINS, "%s", bank_raw_text(amount, count, ctx->arena));
    return 0;
}

static int deposit(struct app_ctx *ctx, uint64_t id, const char *depositor,
                   Cosmos__Base__V1beta1__Coin **amount, size_t count)
{
    struct addr address;
    bool voting;
    int r = check_address(ctx, "depositor", depositor, &address);
    if (r == 0)
        r = gov_add_deposit(ctx, id, addr_slice(&address), amount, count, &voting);
    if (r == 0 && voting)
        ctx_emit(ctx, "proposal_deposit", "voting_period_start", id_text(ctx, id), NULL);
    return r;
}

int msg_gov_v1_deposit_check(struct app_ctx *ctx, const void *message)
{
    const Cosmos__Gov__V1__MsgDeposit *m = message;
    return check_deposit(ctx, m->depositor, m->amount, m->n_amount);
}

int msg_gov_v1_deposit_run(struct app_ctx *ctx, const void *message, void **ret_response)
{
    const Cosmos__Gov__V1__MsgDeposit *m = message;
    Cosmos__Gov__V1__MsgDepositResponse *response = arena_alloc(ctx->arena, sizeof *response);
    cosmos__gov__v1__msg_deposit_response__init(response);
    *ret_response = response;
    return deposit(ctx, m->proposal_id, m->depositor, m->amount, m->n_amount);
}

int msg_gov_v1beta1_deposit_check(struct app_ctx *ctx, const void *message)
{
    const Cosmos__Gov__V1beta1__MsgDeposit *m = message;
    return check_deposit(ctx, m->depositor, m->amount, m->n_amount);
}

int msg_gov_v1beta1_deposit_run(struct app_ctx *ctx, const void *message, void **ret_response)
{
    const Cosmos__Gov__V1beta1__MsgDeposit *m = message;
    Cosmos__Gov__V1beta1__MsgDepositResponse *response = arena_alloc(ctx->arena, sizeof *response);
    cosmos__gov__v1beta1__msg_deposit_response__init(response);
    *ret_response = response;
    return deposit(ctx, m->proposal_id, m->depositor, m->amount, m->n_amount);
}

// ---- vote

// One option of a vote, in a form common to both generations.
struct choice {
    int option;
    const char *weight;
};

static int check_choices(struct app_ctx *ctx, const struct choice *choices, size_t count)
{
    struct dec total = dec_zero(), one = dec_of_int(1);
    bool used[5] = {false};
    if (count == 0)
        return ctx_fail(ctx, &CODE_INVALID_REQUEST, "a vote needs at least one option");
    for (size_t i = 0; i < count; i++) {
        struct dec weight;
        int option = choices[i].option;
        if (option < 1 || option > 4)
            return ctx_fail(ctx, &CODE_INVALID_VOTE, "%d", option);
        if (dec_parse(slice_str(choices[i].weight), &weight, NULL) < 0 || weight.raw <= 0 ||
            dec_cmp(weight, one) > 0)
            return ctx_fail(ctx, &CODE_INVALID_VOTE, "option:%d weight:\"%s\"", option,
                            choices[i].weight);
        if (used[option])
            return ctx_fail(ctx, &CODE_INVALID_VOTE, "duplicated vote option");
        used[option] = true;
        dec_add(total, weight, &total); // at most four times one
    }
    if (dec_cmp(total, one) > 0)
        return ctx_fail(ctx, &CODE_INVALID_VOTE, "total weight overflow 1.00");
    if (dec_cmp(total, one) < 0)
        return ctx_fail(ctx, &CODE_INVALID_VOTE, "total weight lower than 1.00");
    return 0;
}

static int check_vote(struct app_ctx *ctx, const char *voter, const char *metadata,
                      const struct choice *choices, size_t count)
{
    struct addr address;
    int r = check_address(ctx, "voter", voter, &address);
    if (r == 0)
        r = check_choices(ctx, choices, count);
    return r ? r : check_metadata(ctx, metadata);
}

static const char *choices_text(struct app_ctx *ctx, Cosmos__Gov__V1__Vote *vote)
{
    CLEANUP_BUF struct buf text = {0};
    buf_append_str(&text, "[");
    for (size_t i = 0; i < vote->n_options; i++)
        buf_printf(&text, "%s{\"option\":%d,\"weight\":\"%s\"}", i ? "," : "",
                   (int)vote->options[i]->option, vote->options[i]->weight);
    buf_append_str(&text, "]");
    return arena_strndup(ctx->arena, buf_cstr(&text), text.len);
}

static void fill_vote(struct app_ctx *ctx, Cosmos__Gov__V1__Vote *vote,
                      const struct choice *choices, size_t count)
{
    vote->options = arena_alloc(ctx->arena, (count + 1) * sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        Cosmos__Gov__V1__WeightedVoteOption *o = arena_alloc(ctx->arena, sizeof *o);
        char text[DEC_TEXT_MAX];
        struct dec weight = dec_zero();
        cosmos__gov__v1__weighted_vote_option__init(o);
        dec_parse(slice_str(choices[i].weight), &weight, NULL);
        unsigned len = dec_format(weight, text);
        o->option = (Cosmos__Gov__V1__VoteOption)choices[i].option;
        o->weight = arena_strndup(ctx->arena, text, len);
        vote->options[vote->n_options++] = o;
    }
}

static int vote(struct app_ctx *ctx, uint64_t id, const char *voter, const char *metadata,
                const struct choice *choices, size_t count)
{
    Cosmos__Gov__V1__Vote made = COSMOS__GOV__V1__VOTE__INIT;
    struct addr address;
    int r = check_address(ctx, "voter", voter, &address);
    if (r)
        return r;
    const Cosmos__Gov__V1__Proposal *proposal = gov_proposal(ctx->kv, ctx->arena, id);
    if (!proposal)
        return ctx_fail(ctx, &CODE_UNKNOWN_PROPOSAL, "%" PRIu64, id);
    if (proposal->status != STATUS(VOTING_PERIOD))
        return ctx_fail(ctx, &CODE_INACTIVE_PROPOSAL, "%" PRIu64, id);
    made.proposal_id = id;
    made.voter = pb_str(ctx_addr_text(ctx, addr_slice(&address)));
    made.metadata = pb_str(metadata);
    fill_vote(ctx, &made, choices, count);
    gov_vote_set(ctx->kv, ctx->arena, addr_slice(&address), &made);
    ctx_emit(ctx, "proposal_vote", "voter", made.voter, "option", choices_text(ctx, &made),
             "proposal_id", id_text(ctx, id), NULL);
    return 0;
}

// A whole vote, which both generations give without a weight.
#define CHOICE_OF(m) ((struct choice){(int)(m)->option, "1"})

static struct choice *choices_of_v1(struct app_ctx *ctx, const Cosmos__Gov__V1__MsgVoteWeighted *m)
{
    struct choice *choices = arena_alloc(ctx->arena, (m->n_options + 1) * sizeof *choices);
    for (size_t i = 0; i < m->n_options; i++)
        choices[i] = (struct choice){(int)m->options[i]->option, m->options[i]->weight};
    return choices;
}

// Weights of the first generation are the digits of the number times 10^18.
static struct choice *choices_of_v1beta1(struct app_ctx *ctx,
                                         const Cosmos__Gov__V1beta1__MsgVoteWeighted *m)
{
    struct choice *choices = arena_alloc(ctx->arena, (m->n_options + 1) * sizeof *choices);
    for (size_t i = 0; i < m->n_options; i++) {
        char text[DEC_TEXT_MAX] = "invalid";
        struct dec weight;
        if (dec_parse_raw(slice_str(m->options[i]->weight), &weight, NULL) == 0)
            dec_format(weight, text);
        choices[i] = (struct choice){(int)m->options[i]->option,
                                     arena_strndup(ctx->arena, text, strlen(text))};
    }
    return choices;
}

int msg_gov_v1_vote_check(struct app_ctx *ctx, const void *message)
{
    const Cosmos__Gov__V1__MsgVote *m = message;
    return check_vote(ctx, m->voter, m->metadata, &CHOICE_OF(m), 1);
}

int msg_gov_v1_vote_run(struct app_ctx *ctx, const void *message, void **ret_response)
{
    const Cosmos__Gov__V1__MsgVote *m = message;
    Cosmos__Gov__V1__MsgVoteResponse *response = arena_alloc(ctx->arena, sizeof *response);
    cosmos__gov__v1__msg_vote_response__init(response);
    *ret_response = response;
    return vote(ctx, m->proposal_id, m->voter, m->metadata, &CHOICE_OF(m), 1);
}

int msg_gov_v1_vote_weighted_check(struct app_ctx *ctx, const void *message)
{
    const Cosmos__Gov__V1__MsgVoteWeighted *m = message;
    const struct choice *choices = choices_of_v1(ctx, m);
    return check_vote(ctx, m->voter, m->metadata, choices, m->n_options);
}

int msg_gov_v1_vote_weighted_run(struct app_ctx *ctx, const void *message, void **ret_response)
{
    const Cosmos__Gov__V1__MsgVoteWeighted *m = message;
    const struct choice *choices = choices_of_v1(ctx, m);
    Cosmos__Gov__V1__MsgVoteWeightedResponse *response = arena_alloc(ctx->arena, sizeof *response);
    cosmos__gov__v1__msg_vote_weighted_response__init(response);
    *ret_response = response;
    return vote(ctx, m->proposal_id, m->voter, m->metadata, choices, m->n_options);
}

int msg_gov_v1beta1_vote_check(struct app_ctx *ctx, const void *message)
{
    const Cosmos__Gov__V1beta1__MsgVote *m = message;
    return check_vote(ctx, m->voter, "", &CHOICE_OF(m), 1);
}

int msg_gov_v1beta1_vote_run(struct app_ctx *ctx, const void *message, void **ret_response)
{
    const Cosmos__Gov__V1beta1__MsgVote *m = message;
    Cosmos__Gov__V1beta1__MsgVoteResponse *response = arena_alloc(ctx->arena, sizeof *response);
    cosmos__gov__v1beta1__msg_vote_response__init(response);
    *ret_response = response;
    return vote(ctx, m->proposal_id, m->voter, "", &CHOICE_OF(m), 1);
}

int msg_gov_v1beta1_vote_weighted_check(struct app_ctx *ctx, const void *message)
{
    const Cosmos__Gov__V1beta1__MsgVoteWeighted *m = message;
    const struct choice *choices = choices_of_v1beta1(ctx, m);
    return check_vote(ctx, m->voter, "", choices, m->n_options);
}

int msg_gov_v1beta1_vote_weighted_run(struct app_ctx *ctx, const void *message, void **ret_response)
{
    const Cosmos__Gov__V1beta1__MsgVoteWeighted *m = message;
    const struct choice *choices = choices_of_v1beta1(ctx, m);
    Cosmos__Gov__V1beta1__MsgVoteWeightedResponse *response =
        arena_alloc(ctx->arena, sizeof *response);
    cosmos__gov__v1beta1__msg_vote_weighted_response__init(response);
    *ret_response = response;
    return vote(ctx, m->proposal_id, m->voter, "", choices, m->n_options);
}

// ---- cancel

int msg_gov_v1_cancel_proposal_check(struct app_ctx *ctx, const void *message)
{
    const Cosmos__Gov__V1__MsgCancelProposal *m = message;
    struct addr proposer;
    return check_address(ctx, "proposer", m->proposer, &proposer);
}

static int cancel(struct app_ctx *ctx, uint64_t id, const char *proposer)
{
    struct addr address;
    const Cosmos__Gov__V1__Params *p = gov_params(ctx->kv, ctx->arena);
    const Cosmos__Gov__V1__Proposal *proposal = gov_proposal(ctx->kv, ctx->arena, id);
    if (!proposal)
        return ctx_fail(ctx, &CODE_UNKNOWN_PROPOSAL, "%" PRIu64, id);
    if (ctx_addr_parse(ctx, proposer, &address, NULL) == 0)
        proposer = ctx_addr_text(ctx, addr_slice(&address));
    if (!*proposal->proposer || strcmp(proposal->proposer, proposer) != 0)
        return ctx_fail(ctx, &CODE_INVALID_PROPOSER, "expected %s, got %s", proposal->proposer,
                        proposer);
    bool voting = proposal->status == STATUS(VOTING_PERIOD);
    if (!voting && proposal->status != STATUS(DEPOSIT_PERIOD))
        return ctx_fail(ctx, &CODE_INVALID_PROPOSAL,
                        "proposal should be in the deposit or voting period");
    int64_t end = gov_time_ns(voting ? proposal->voting_end_time : proposal->deposit_end_time);
    if (voting && end < ctx->time_ns)
        return ctx_fail(ctx, &CODE_VOTING_ENDED,
                        "voting period is already ended for this proposal %" PRIu64, id);
    int r = gov_charge_deposits(ctx, id, p);
    if (r)
        return r;
    gov_queue_remove(ctx->kv, voting ? GOV_QUEUE_ACTIVE : GOV_QUEUE_INACTIVE, end, id);
    gov_votes_delete(ctx->kv, ctx->arena, id);
    gov_proposal_delete(ctx->kv, id);
    ctx_emit(ctx, "cancel_proposal", "sender", proposer, "proposal_id", id_text(ctx, id), NULL);
    return 0;
}

int msg_gov_v1_cancel_proposal_run(struct app_ctx *ctx, const void *message, void **ret_response)
{
    const Cosmos__Gov__V1__MsgCancelProposal *m = message;
    Cosmos__Gov__V1__MsgCancelProposalResponse *response =
        arena_alloc(ctx->arena, sizeof *response);
    cosmos__gov__v1__msg_cancel_proposal_response__init(response);
    response->proposal_id = m->proposal_id;
    response->canceled_time = gov_timestamp(ctx->arena, ctx->time_ns);
    response->canceled_height = (uint64_t)ctx->height;
    *ret_response = response;
    return cancel(ctx, m->proposal_id, m->proposer);
}
