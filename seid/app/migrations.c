#include "seid/app/auth.h"
#include "seid/app/ctx.h"
#include "seid/app/handlers.h"
#include "seid/app/upgrade.h"

static void bump(struct app_ctx *ctx, struct slice module)
{
    uint64_t version = upgrade_module_version(ctx->kv, module);
    upgrade_set_module_version(ctx->kv, module, version + 1);
}

// Memos may be twice as long.
int app_migrate_v2(struct app_ctx *ctx, struct err *e)
{
    struct auth_params params;
    auth_get_params(ctx->kv, &params);
    params.max_memo_characters = 512;
    auth_set_params(ctx->kv, &params);
    bump(ctx, SLICE_LIT("auth"));
    return 0;
}

// Bytes of a transaction cost less.
int app_migrate_v3(struct app_ctx *ctx, struct err *e)
{
    struct auth_params params;
    auth_get_params(ctx->kv, &params);
    params.tx_size_cost_per_byte = 8;
    auth_set_params(ctx->kv, &params);
    bump(ctx, SLICE_LIT("auth"));
    return 0;
}
