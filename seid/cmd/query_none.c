// Stands in for the table of queries until it is linked: every query is refused.
#include "seid/query/query.h"

const struct query_method query_methods[1];
const size_t query_method_count = 0;

const struct query_method *query_method_find(struct slice path)
{
    return NULL;
}

static void refuse(struct query_abci *ret, int64_t height)
{
    *ret = (struct query_abci){.code = 6,
                               .codespace = "sdk",
                               .log = "this binary is built without queries: unknown request",
                               .height = height};
}

void query_dispatch(const struct query_ctx *ctx, const char *path, struct slice data,
                    struct arena *arena, struct query_abci *ret)
{
    refuse(ret, ctx->height);
}

void query_abci_future(struct query_abci *ret, int64_t height)
{
    refuse(ret, height);
}

void query_abci_pruned(struct query_abci *ret, int64_t height, int64_t latest, struct arena *arena)
{
    refuse(ret, height);
}
