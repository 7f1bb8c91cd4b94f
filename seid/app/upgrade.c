#include "seid/app/upgrade.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "seid/app/app_impl.h"
#include "seid/app/keys.h"
#include "seid/app/msgs.h"
#include "wire/proto/cosmos_upgrade_v1beta1_tx.pb-c.h"
#include "wire/proto/cosmos_upgrade_v1beta1_upgrade.pb-c.h"

// Go's zero time, which the SDK's encoder always writes.
#define ZERO_TIME_SECONDS INT64_C(-62135596800)

static void plan_key(struct key *k)
{
    key_begin(k, SPACE_UPGRADE, UPGRADE_PLAN);
}

Cosmos__Upgrade__V1beta1__Plan *upgrade_plan_get(struct kv *kv, struct arena *arena)
{
    struct key k;
    struct slice value;
    plan_key(&k);
    if (!kv_get(kv, key_slice(&k), &value))
        return NULL;
    return pb_unpack(&cosmos__upgrade__v1beta1__plan__descriptor, value, arena);
}

int64_t app_plan_height(struct kv *state, struct arena *arena)
{
    const Cosmos__Upgrade__V1beta1__Plan *plan = upgrade_plan_get(state, arena);
    return plan ? plan->height : 0;
}

static bool time_is_set(const Google__Protobuf__Timestamp *time)
{
    return time && (time->seconds != ZERO_TIME_SECONDS || time->nanos != 0);
}

int upgrade_plan_validate(struct app_ctx *ctx, const Cosmos__Upgrade__V1beta1__Plan *plan)
{
    const struct app_code *code = &CODE_INVALID_REQUEST;
    if (time_is_set(plan->time))
        return ctx_fail(ctx, code, "time-based upgrades have been deprecated in the SDK");
    if (plan->upgraded_client_state)
        return ctx_fail(ctx, code, "upgrade logic for IBC has been moved to the IBC module");
    if (!*plan->name)
        return ctx_fail(ctx, code, "name cannot be empty");
    if (plan->height <= 0)
        return ctx_fail(ctx, code, "height must be greater than 0");
    if (strlen(plan->name) > UPGRADE_NAME_MAX)
        return ctx_fail(ctx, code, "name is longer than %d bytes", UPGRADE_NAME_MAX);
    if (strlen(plan->info) > UPGRADE_INFO_MAX)
        return ctx_fail(ctx, code, "info is longer than %d bytes", UPGRADE_INFO_MAX);
    return 0;
}

int upgrade_schedule(struct app_ctx *ctx, const Cosmos__Upgrade__V1beta1__Plan *plan)
{
    int r = upgrade_plan_validate(ctx, plan);
    if (r)
        return r;
    if (plan->height < ctx->height)
        return ctx_fail(ctx, &CODE_INVALID_REQUEST, "upgrade cannot be scheduled in the past");
    if (upgrade_done_height(ctx->kv, slice_str(plan->name)) != 0)
        return ctx_fail(ctx, &CODE_INVALID_REQUEST,
                        "upgrade with name %s has already been completed", plan->name);

    Google__Protobuf__Timestamp zero = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Cosmos__Upgrade__V1beta1__Plan stored = COSMOS__UPGRADE__V1BETA1__PLAN__INIT;
    struct key k;
    zero.seconds = ZERO_TIME_SECONDS;
    stored.name = plan->name;
    stored.time = &zero;
    stored.height = plan->height;
    stored.info = plan->info;
    plan_key(&k);
    kv_set(ctx->kv, key_slice(&k), pb_pack(&stored, ctx->arena));
    return 0;
}

void upgrade_clear(struct app_ctx *ctx)
{
    struct key k;
    plan_key(&k);
    kv_del(ctx->kv, key_slice(&k));
}

static void named_key(struct key *k, uint8_t what, struct slice name)
{
    key_begin(k, SPACE_UPGRADE, what);
    key_add(k, name);
}

int64_t upgrade_done_height(struct kv *kv, struct slice name)
{
    struct key k;
    if (name.len > UPGRADE_NAME_MAX)
        return 0;
    named_key(&k, UPGRADE_DONE, name);
    return (int64_t)kv_get_u64(kv, &k);
}

void upgrade_set_done(struct kv *kv, struct slice name, int64_t height)
{
    struct key k;
    named_key(&k, UPGRADE_DONE, name);
    kv_set_u64(kv, &k, (uint64_t)height);
}

const char *upgrade_last_applied(struct kv *kv, struct arena *arena, int64_t *ret_height)
{
    struct key prefix;
    struct kv_prefix_room room;
    struct slice key, value, best = SLICE_NULL;
    int64_t height = 0;

    named_key(&prefix, UPGRADE_DONE, SLICE_NULL);
    struct kv_iter *it = kv_iter_prefix(kv, key_slice(&prefix), false, &room);
    while (kv_iter_next(it, &key, &value)) {
        if (value.len != 8 || (int64_t)be64_read(value.data) <= height)
            continue;
        height = (int64_t)be64_read(value.data);
        best = slice_of(key.data + 2, key.len - 2);
    }
    kv_iter_free(it);
    if (ret_height)
        *ret_height = height;
    return height ? arena_strndup(arena, (const char *)best.data, best.len) : NULL;
}

uint64_t upgrade_module_version(struct kv *kv, struct slice module)
{
    struct key k;
    if (module.len > UPGRADE_NAME_MAX)
        return 0;
    named_key(&k, UPGRADE_MODULE, module);
    return kv_get_u64(kv, &k);
}

void upgrade_set_module_version(struct kv *kv, struct slice module, uint64_t version)
{
    struct key k;
    named_key(&k, UPGRADE_MODULE, module);
    kv_set_u64(kv, &k, version);
}

void upgrade_delete_module_version(struct kv *kv, struct slice module)
{
    struct key k;
    named_key(&k, UPGRADE_MODULE, module);
    kv_del(kv, key_slice(&k));
}

uint64_t upgrade_protocol_version(struct kv *kv)
{
    struct key k;
    key_begin(&k, SPACE_UPGRADE, UPGRADE_PROTOCOL);
    return kv_get_u64(kv, &k);
}

static const struct app_handler *find_handler(const struct app *app, const char *name)
{
    for (size_t i = 0; i < app->handlers->count; i++)
        if (strcmp(app->handlers->handlers[i].name, name) == 0)
            return &app->handlers->handlers[i];
    return NULL;
}

int upgrade_apply(struct app_ctx *ctx, const struct upgrade_plan *plan, struct err *e)
{
    struct key k;
    const struct app_handler *handler = find_handler(ctx->app, plan->name);
    assert(handler && "upgrade_apply should never be called without first checking for a handler");

    int r = handler->migrate(ctx, e);
    if (r < 0) {
        err_context(e, "upgrade \"%s\"", plan->name);
        return r;
    }
    key_begin(&k, SPACE_UPGRADE, UPGRADE_PROTOCOL);
    kv_set_u64(ctx->kv, &k, kv_get_u64(ctx->kv, &k) + 1);
    upgrade_clear(ctx);
    upgrade_set_done(ctx->kv, slice_str(plan->name), ctx->height);
    return 0;
}

static int halt(struct app_ctx *ctx, struct app_block_result *result, int reason, const char *name,
                const char *info, const char *text)
{
    struct upgrade_halt *h = &result->halt;
    h->reason = reason;
    memcpy(h->plan_name, name, strlen(name) + 1); // bounded when the plan was scheduled
    h->height = ctx->height;
    h->info = info;
    h->log_text = text;
    return APP_HALT;
}

static int halt_for(struct app_ctx *ctx, struct app_block_result *result,
                    const struct upgrade_facts *f, int reason)
{
    struct arena *arena = ctx->arena;
    if (reason == UPGRADE_HALT_DOWNGRADE)
        return halt(ctx, result, reason, f->last_applied, "",
                    upgrade_text_downgrade(arena, APP_CONSENSUS_VERSION, f->last_applied));
    const char *text = reason == UPGRADE_HALT_REQUIRED ? upgrade_text_needed(arena, f->plan)
                                                       : upgrade_text_too_new(arena, f->plan);
    return halt(ctx, result, reason, f->plan->name, f->plan->info, text);
}

int upgrade_begin_block(struct app_ctx *ctx, bool first_block, struct app_block_result *result,
                        struct err *e)
{
    struct arena *arena = ctx->arena;
    struct upgrade_plan plan = {0};
    struct upgrade_facts f = {
        .height = ctx->height,
        .skip_heights = ctx->app->skip_heights,
        .skip_count = ctx->app->skip_count,
        .handlers = ctx->app->handler_names,
        .handler_count = ctx->app->handlers->count,
        .first_block = first_block,
    };
    Cosmos__Upgrade__V1beta1__Plan *stored = upgrade_plan_get(ctx->kv, arena);
    if (stored) {
        plan = (struct upgrade_plan){stored->name, stored->height, stored->info};
        f.plan = &plan;
    }
    if (first_block)
        f.last_applied = upgrade_last_applied(ctx->kv, arena, NULL);

    struct upgrade_decision decision = upgrade_decide(&f);
    if (decision.bad_info)
        app_note(result, arena, LOG_ERROR,
                 arena_printf(arena, "failed to parse upgrade details of \"%s\"", plan.name));
    switch (decision.action) {
    case UPGRADE_GO_ON:
        return 0;
    case UPGRADE_LOG_SCHEDULED:
        app_note(result, arena, LOG_INFO, upgrade_text_scheduled(arena, &plan));
        return 0;
    case UPGRADE_SKIP:
        app_note(result, arena, LOG_INFO, upgrade_text_skipped(arena, &plan));
        upgrade_clear(ctx);
        return 0;
    case UPGRADE_APPLY:
        app_note(result, arena, LOG_INFO,
                 arena_printf(arena, "applying upgrade \"%s\" at height: %lld", plan.name,
                              (long long)plan.height));
        return upgrade_apply(ctx, &plan, e);
    case UPGRADE_HALT:
        return halt_for(ctx, result, &f, decision.reason);
    }
    return err_set(e, -EINVAL, "no such upgrade action");
}

// ---- messages

static int check_authority(struct app_ctx *ctx, const char *authority)
{
    if (strcmp(authority, ctx->app->gov_address) != 0)
        return ctx_fail(ctx, &CODE_INVALID_SIGNER, "invalid authority; expected %s, got %s",
                        ctx->app->gov_address, authority);
    return 0;
}

static int check_authority_text(struct app_ctx *ctx, const char *authority)
{
    struct addr address;
    struct err e;
    if (addr_parse(ADDR_HRP_ACC, slice_str(authority), &address, &e) < 0)
        return ctx_fail(ctx, &CODE_INVALID_ADDRESS, "authority: %s", e.text);
    return 0;
}

int msg_upgrade_software_upgrade_check(struct app_ctx *ctx, const void *message)
{
    const Cosmos__Upgrade__V1beta1__MsgSoftwareUpgrade *m = message;
    return check_authority_text(ctx, m->authority);
}

int msg_upgrade_software_upgrade_run(struct app_ctx *ctx, const void *message, void **ret_response)
{
    const Cosmos__Upgrade__V1beta1__MsgSoftwareUpgrade *m = message;
    static const Cosmos__Upgrade__V1beta1__Plan no_plan = COSMOS__UPGRADE__V1BETA1__PLAN__INIT;
    int r = check_authority(ctx, m->authority);
    if (r == 0)
        r = upgrade_schedule(ctx, m->plan ? m->plan : &no_plan);
    if (r)
        return r;
    Cosmos__Upgrade__V1beta1__MsgSoftwareUpgradeResponse *response =
        arena_alloc(ctx->arena, sizeof *response);
    cosmos__upgrade__v1beta1__msg_software_upgrade_response__init(response);
    *ret_response = response;
    return 0;
}

int msg_upgrade_cancel_upgrade_check(struct app_ctx *ctx, const void *message)
{
    const Cosmos__Upgrade__V1beta1__MsgCancelUpgrade *m = message;
    return check_authority_text(ctx, m->authority);
}

int msg_upgrade_cancel_upgrade_run(struct app_ctx *ctx, const void *message, void **ret_response)
{
    const Cosmos__Upgrade__V1beta1__MsgCancelUpgrade *m = message;
    int r = check_authority(ctx, m->authority);
    if (r)
        return r;
    upgrade_clear(ctx);
    Cosmos__Upgrade__V1beta1__MsgCancelUpgradeResponse *response =
        arena_alloc(ctx->arena, sizeof *response);
    cosmos__upgrade__v1beta1__msg_cancel_upgrade_response__init(response);
    *ret_response = response;
    return 0;
}
