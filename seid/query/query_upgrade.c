#include <string.h>

#include "seid/app/app_impl.h"
#include "seid/app/upgrade.h"
#include "seid/query/query_impl.h"
#include "wire/proto/cosmos_upgrade_v1beta1_query.pb-c.h"

QUERY_FUNCTION_BODY(query_cosmos_upgrade_v1beta1_query_current_plan)
{
    QUERY_NEW(arena, m, Cosmos__Upgrade__V1beta1__QueryCurrentPlanResponse,
              cosmos__upgrade__v1beta1__query_current_plan_response__init);
    m->plan = upgrade_plan_get(ctx->state, arena);
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_upgrade_v1beta1_query_applied_plan)
{
    const Cosmos__Upgrade__V1beta1__QueryAppliedPlanRequest *q = (const void *)request;
    QUERY_NEW(arena, m, Cosmos__Upgrade__V1beta1__QueryAppliedPlanResponse,
              cosmos__upgrade__v1beta1__query_applied_plan_response__init);
    m->height = upgrade_done_height(ctx->state, slice_str(q->name));
    QUERY_RETURN(m);
}

static Cosmos__Upgrade__V1beta1__ModuleVersion *version_of(struct arena *arena, struct slice name,
                                                           uint64_t version)
{
    QUERY_NEW(arena, m, Cosmos__Upgrade__V1beta1__ModuleVersion,
              cosmos__upgrade__v1beta1__module_version__init);
    m->name = arena_strndup(arena, (const char *)name.data, name.len);
    m->version = version;
    return m;
}

static void all_versions(const struct query_ctx *ctx, struct query_list *list)
{
    struct key prefix;
    struct kv_prefix_room room;
    struct slice key, value;
    key_begin(&prefix, SPACE_UPGRADE, UPGRADE_MODULE);
    struct kv_iter *it = kv_iter_prefix(ctx->state, key_slice(&prefix), false, &room);
    while (kv_iter_next(it, &key, &value))
        if (value.len == 8)
            query_list_add(list, version_of(list->arena, slice_of(key.data + 2, key.len - 2),
                                            be64_read(value.data)));
    kv_iter_free(it);
}

QUERY_FUNCTION_BODY(query_cosmos_upgrade_v1beta1_query_module_versions)
{
    const Cosmos__Upgrade__V1beta1__QueryModuleVersionsRequest *q = (const void *)request;
    struct query_list list = {.arena = arena};
    struct slice name = slice_str(q->module_name);
    if (name.len) {
        uint64_t version = upgrade_module_version(ctx->state, name);
        if (version == 0)
            return query_fail(error, arena, QUERY_NOT_FOUND,
                              "x/upgrade: QueryModuleVersions module %s not found", q->module_name);
        query_list_add(&list, version_of(arena, name, version));
    } else {
        all_versions(ctx, &list);
    }
    QUERY_NEW(arena, m, Cosmos__Upgrade__V1beta1__QueryModuleVersionsResponse,
              cosmos__upgrade__v1beta1__query_module_versions_response__init);
    m->module_versions = (Cosmos__Upgrade__V1beta1__ModuleVersion **)list.items;
    m->n_module_versions = list.count;
    QUERY_RETURN(m);
}

QUERY_FUNCTION_BODY(query_cosmos_upgrade_v1beta1_query_authority)
{
    QUERY_NEW(arena, m, Cosmos__Upgrade__V1beta1__QueryAuthorityResponse,
              cosmos__upgrade__v1beta1__query_authority_response__init);
    m->address = ctx->app->gov_address;
    QUERY_RETURN(m);
}
