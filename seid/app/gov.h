// gov: proposals, deposits, votes and what happens to them at the end of a block.
//
// A proposal is kept as cosmos.gov.v1.Proposal whatever generation of message brought it; content
// of the first generation rides in a MsgExecLegacyContent, as in the SDK.
#ifndef SEID_APP_GOV_H
#define SEID_APP_GOV_H

#include <stdbool.h>
#include <stdint.h>

#include "seid/app/ctx.h"

struct Cosmos__Gov__V1__Proposal;
struct Cosmos__Gov__V1__Params;
struct Cosmos__Gov__V1__Vote;
struct Cosmos__Gov__V1__Deposit;
struct Cosmos__Gov__V1__TallyResult;
struct Cosmos__Gov__V1__WeightedVoteOption;
struct Cosmos__Base__V1beta1__Coin;
struct Google__Protobuf__Any;

// ---- store (gov_store.c). Results are in the arena; null when there is none.

struct Cosmos__Gov__V1__Params *gov_params(struct kv *kv, struct arena *arena); // never null
void gov_params_set(struct kv *kv, struct arena *arena, const struct Cosmos__Gov__V1__Params *p);
// The SDK's defaults with `denom` for deposits.
struct Cosmos__Gov__V1__Params *gov_params_default(struct arena *arena, const char *denom);

uint64_t gov_next_id(struct kv *kv);
void gov_set_next_id(struct kv *kv, uint64_t id);

struct Cosmos__Gov__V1__Proposal *gov_proposal(struct kv *kv, struct arena *arena, uint64_t id);
void gov_proposal_set(struct kv *kv, struct arena *arena,
                      const struct Cosmos__Gov__V1__Proposal *proposal);
void gov_proposal_delete(struct kv *kv, uint64_t id);

// The two queues, each ordered by the end of its period and then by id.
enum gov_queue { GOV_QUEUE_ACTIVE, GOV_QUEUE_INACTIVE };
void gov_queue_add(struct kv *kv, enum gov_queue queue, int64_t end_ns, uint64_t id);
void gov_queue_remove(struct kv *kv, enum gov_queue queue, int64_t end_ns, uint64_t id);
// Ids whose period has ended at `now_ns`, in the order of the queue.
size_t gov_queue_due(struct kv *kv, struct arena *arena, enum gov_queue queue, int64_t now_ns,
                     uint64_t **ret_ids);

struct Cosmos__Gov__V1__Vote *gov_vote(struct kv *kv, struct arena *arena, uint64_t id,
                                       struct slice voter);
void gov_vote_set(struct kv *kv, struct arena *arena, struct slice voter,
                  const struct Cosmos__Gov__V1__Vote *vote);
size_t gov_votes(struct kv *kv, struct arena *arena, uint64_t id,
                 struct Cosmos__Gov__V1__Vote ***ret);
void gov_votes_delete(struct kv *kv, struct arena *arena, uint64_t id);

struct Cosmos__Gov__V1__Deposit *gov_deposit(struct kv *kv, struct arena *arena, uint64_t id,
                                             struct slice depositor);
void gov_deposit_set(struct kv *kv, struct arena *arena, struct slice depositor,
                     const struct Cosmos__Gov__V1__Deposit *deposit);
size_t gov_deposits(struct kv *kv, struct arena *arena, uint64_t id,
                    struct Cosmos__Gov__V1__Deposit ***ret);
void gov_deposits_delete(struct kv *kv, struct arena *arena, uint64_t id);

// Prefixes for walks over all proposals, or one proposal's votes or deposits.
struct key;
void gov_key_proposals(struct key *k);
void gov_key_votes(struct key *k, uint64_t id);
void gov_key_deposits(struct key *k, uint64_t id);

// ---- times

struct Google__Protobuf__Timestamp;
struct Google__Protobuf__Duration;
int64_t gov_time_ns(const struct Google__Protobuf__Timestamp *t); // 0 when null
struct Google__Protobuf__Timestamp *gov_timestamp(struct arena *arena, int64_t ns);
int64_t gov_duration_ns(const struct Google__Protobuf__Duration *d);
struct Google__Protobuf__Duration *gov_duration(struct arena *arena, int64_t ns);

// ---- deposits (gov_deposit.c)

// Moves the listed coins from the depositor to the gov account, and the proposal to its voting
// period when that is enough. 0 or APP_FAILED.
int gov_add_deposit(struct app_ctx *ctx, uint64_t id, struct slice depositor,
                    struct Cosmos__Base__V1beta1__Coin **list, size_t count,
                    bool *ret_voting_started);
// Give back or destroy all deposits of a proposal, and forget them.
void gov_refund_deposits(struct app_ctx *ctx, uint64_t id);
void gov_burn_deposits(struct app_ctx *ctx, uint64_t id);
// proposal_cancel_ratio of each deposit is burned or sent to `proposal_cancel_dest`, the rest goes
// back. 0 or APP_FAILED.
int gov_charge_deposits(struct app_ctx *ctx, uint64_t id, const struct Cosmos__Gov__V1__Params *p);
// Checks the initial deposit of a submission against min_initial_deposit_ratio.
int gov_check_initial_deposit(struct app_ctx *ctx, const struct Cosmos__Gov__V1__Params *p,
                              struct Cosmos__Base__V1beta1__Coin **list, size_t count,
                              bool expedited);

// ---- tally (gov_tally.c)

struct gov_tally {
    struct Cosmos__Gov__V1__TallyResult *result; // whole tokens, as text
    bool passed;
    bool burn;
};
// Counts the votes by the tokens of bonded validators. Reads only.
void gov_tally(struct app_ctx *ctx, const struct Cosmos__Gov__V1__Proposal *proposal,
               struct gov_tally *ret);

// ---- life (gov_end.c)

// < 0 only for a broken state.
int gov_end_block(struct app_ctx *ctx, struct err *e);

// Runs the messages of a proposal with the authority of gov on an overlay, which is kept when
// `keep` and all went well. 0 or APP_FAILED.
int gov_run_messages(struct app_ctx *ctx, struct Google__Protobuf__Any **messages, size_t count,
                     bool keep, struct app_events *events);

#endif
