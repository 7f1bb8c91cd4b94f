// query_gov: what both generations of gov queries need.
#ifndef SEID_QUERY_QUERY_GOV_H
#define SEID_QUERY_QUERY_GOV_H

#include "seid/app/gov.h"
#include "seid/query/query_impl.h"
#include "wire/proto/cosmos_gov_v1_gov.pb-c.h"

// NotFound with the SDK's text when there is no such proposal.
enum query_code query_gov_proposal(const struct query_ctx *ctx, uint64_t id, struct arena *arena,
                                   Cosmos__Gov__V1__Proposal **ret, struct query_error *error);
enum query_code query_gov_vote(const struct query_ctx *ctx, uint64_t id, const char *voter,
                               struct arena *arena, Cosmos__Gov__V1__Vote **ret,
                               struct query_error *error);
enum query_code query_gov_deposit(const struct query_ctx *ctx, uint64_t id, const char *depositor,
                                  struct arena *arena, Cosmos__Gov__V1__Deposit **ret,
                                  struct query_error *error);
// As it stands now: of a proposal that is being voted on, counted.
enum query_code query_gov_tally(const struct query_ctx *ctx, uint64_t id, struct arena *arena,
                                Cosmos__Gov__V1__TallyResult **ret, struct query_error *error);

// Pages of proposals that match the filter; `convert` makes what is listed and may refuse.
struct query_gov_filter {
    const struct query_ctx *ctx;
    int status;                   // 0: any
    struct addr voter, depositor; // len 0: any
    void *(*convert)(Cosmos__Gov__V1__Proposal *proposal, struct arena *arena);
    struct query_list list;
};
enum query_code query_gov_filter_init(struct query_gov_filter *filter, int status,
                                      const char *voter, const char *depositor, struct arena *arena,
                                      struct query_error *error);
bool query_gov_filter_entry(void *filter, struct slice key, struct slice value, bool take);

// A page of the entries of one proposal (below `key`), unpacked as `type`, made what is listed by
// `convert` (null: as they are). They are in entries->list, whose arena the caller sets.
struct query_gov_entries {
    const ProtobufCMessageDescriptor *type;
    void (*key)(struct key *ret, uint64_t proposal_id);
    void *(*convert)(void *message, struct arena *arena);
    struct query_list list;
};
enum query_code query_gov_list(const struct query_ctx *ctx, uint64_t id,
                               struct query_gov_entries *entries,
                               const struct Cosmos__Base__Query__V1beta1__PageRequest *page,
                               struct Cosmos__Base__Query__V1beta1__PageResponse **ret_page,
                               struct query_error *error);

#endif
