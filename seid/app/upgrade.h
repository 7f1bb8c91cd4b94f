// upgrade: x/upgrade's keeper: the plan, what was applied, module versions; and what begin-block
// does with the decision of upgrade_decide.h.
#ifndef SEID_APP_UPGRADE_H
#define SEID_APP_UPGRADE_H

#include <stdbool.h>
#include <stdint.h>

#include "seid/app/ctx.h"
#include "seid/app/upgrade_decide.h"

struct Cosmos__Upgrade__V1beta1__Plan;

// The scheduled plan, in the arena; null when there is none.
struct Cosmos__Upgrade__V1beta1__Plan *upgrade_plan_get(struct kv *kv, struct arena *arena);

// The rules of a plan by itself, in the SDK's order and with its texts. 0 or APP_FAILED.
int upgrade_plan_validate(struct app_ctx *ctx, const struct Cosmos__Upgrade__V1beta1__Plan *plan);
// Validates, refuses the past and names that were applied, and replaces a plan that is there.
int upgrade_schedule(struct app_ctx *ctx, const struct Cosmos__Upgrade__V1beta1__Plan *plan);
void upgrade_clear(struct app_ctx *ctx); // nothing happens without a plan

// Height at which a plan was applied; 0 when it never was.
int64_t upgrade_done_height(struct kv *kv, struct slice name);
void upgrade_set_done(struct kv *kv, struct slice name, int64_t height);
// The plan with the highest done height; of several, the smallest name. Null when none; the name is
// in the arena.
const char *upgrade_last_applied(struct kv *kv, struct arena *arena, int64_t *ret_height);

uint64_t upgrade_module_version(struct kv *kv, struct slice module); // 0: unknown
void upgrade_set_module_version(struct kv *kv, struct slice module, uint64_t version);
void upgrade_delete_module_version(struct kv *kv, struct slice module);
uint64_t upgrade_protocol_version(struct kv *kv);

// Runs the handler of `plan`, then does the bookkeeping: protocol version, plan cleared, done. The
// handler must exist (asserted: "should never be called without first checking").
int upgrade_apply(struct app_ctx *ctx, const struct upgrade_plan *plan, struct err *e);

// The begin-block rule. 0, APP_HALT with result->halt filled, or < 0.
int upgrade_begin_block(struct app_ctx *ctx, bool first_block, struct app_block_result *result,
                        struct err *e);

#endif
