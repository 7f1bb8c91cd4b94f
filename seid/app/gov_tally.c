#include <string.h>

#include "seid/app/gov.h"
#include "seid/app/staking.h"
#include "wire/dec.h"
#include "wire/proto/cosmos_gov_v1_gov.pb-c.h"

// Sums by option, as decimals of tokens. Genesis bounds tokens so that no sum overflows a decimal;
// should one, the vote does not count.
struct sums {
    struct dec by_option[5]; // index: enum VoteOption
    struct dec voted;
    struct dec bonded;
};

static void count_vote(struct sums *s, const Cosmos__Gov__V1__Vote *vote, struct dec tokens)
{
    for (size_t i = 0; i < vote->n_options; i++) {
        const Cosmos__Gov__V1__WeightedVoteOption *o = vote->options[i];
        struct dec weight, part, sum;
        if (o->option < 1 || o->option > 4 || dec_parse(slice_str(o->weight), &weight, NULL) < 0)
            continue;
        if (dec_mul(tokens, weight, &part) == 0 &&
            dec_add(s->by_option[o->option], part, &sum) == 0)
            s->by_option[o->option] = sum;
    }
    dec_add(s->voted, tokens, &s->voted);
}

static void count_all(struct app_ctx *ctx, uint64_t id, struct sums *s)
{
    struct staking_validator *validators;
    size_t count = staking_all(ctx->kv, ctx->arena, &validators);
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < count; i++) {
        struct dec tokens;
        if (!validators[i].bonded || dec_of_amount(validators[i].tokens, &tokens) != 0)
            continue;
        dec_add(s->bonded, tokens, &s->bonded);
        // The operator's account is the one with the same bytes.
        const Cosmos__Gov__V1__Vote *vote =
            gov_vote(ctx->kv, ctx->arena, id, slice_of(validators[i].operator_address, ADDR_LEN));
        if (vote)
            count_vote(s, vote, tokens);
    }
}

static char *whole(struct arena *arena, struct dec value)
{
    char text[AMOUNT_TEXT_MAX];
    unsigned len = amount_format(dec_truncate(value), text);
    return arena_strndup(arena, text, len);
}

static Cosmos__Gov__V1__TallyResult *result_message(struct arena *arena, const struct sums *s)
{
    Cosmos__Gov__V1__TallyResult *m = arena_alloc(arena, sizeof *m);
    cosmos__gov__v1__tally_result__init(m);
    m->yes_count = whole(arena, s->by_option[COSMOS__GOV__V1__VOTE_OPTION__VOTE_OPTION_YES]);
    m->abstain_count =
        whole(arena, s->by_option[COSMOS__GOV__V1__VOTE_OPTION__VOTE_OPTION_ABSTAIN]);
    m->no_count = whole(arena, s->by_option[COSMOS__GOV__V1__VOTE_OPTION__VOTE_OPTION_NO]);
    m->no_with_veto_count =
        whole(arena, s->by_option[COSMOS__GOV__V1__VOTE_OPTION__VOTE_OPTION_NO_WITH_VETO]);
    return m;
}

static struct dec parameter(const char *text)
{
    struct dec value = dec_zero();
    dec_parse(slice_str(text), &value, NULL);
    return value;
}

static struct dec share(struct dec part, struct dec of)
{
    struct dec quotient = dec_zero();
    dec_quo(part, of, &quotient);
    return quotient;
}

void gov_tally(struct app_ctx *ctx, const Cosmos__Gov__V1__Proposal *proposal,
               struct gov_tally *ret)
{
    const Cosmos__Gov__V1__Params *p = gov_params(ctx->kv, ctx->arena);
    struct sums s;
    count_all(ctx, proposal->id, &s);
    *ret = (struct gov_tally){.result = result_message(ctx->arena, &s)};

    struct dec abstain = s.by_option[COSMOS__GOV__V1__VOTE_OPTION__VOTE_OPTION_ABSTAIN];
    struct dec veto = s.by_option[COSMOS__GOV__V1__VOTE_OPTION__VOTE_OPTION_NO_WITH_VETO];
    struct dec yes = s.by_option[COSMOS__GOV__V1__VOTE_OPTION__VOTE_OPTION_YES];
    struct dec decided;
    if (s.bonded.raw == 0)
        return;
    if (dec_cmp(share(s.voted, s.bonded), parameter(p->quorum)) < 0) {
        ret->burn = p->burn_vote_quorum;
        return;
    }
    if (s.voted.raw == 0 || dec_sub(s.voted, abstain, &decided) != 0 || decided.raw == 0)
        return;
    if (dec_cmp(share(veto, s.voted), parameter(p->veto_threshold)) > 0) {
        ret->burn = p->burn_vote_veto;
        return;
    }
    struct dec threshold = parameter(proposal->expedited ? p->expedited_threshold : p->threshold);
    ret->passed = dec_cmp(share(yes, decided), threshold) > 0;
}
