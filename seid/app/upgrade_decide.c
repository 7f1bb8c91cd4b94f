#include "seid/app/upgrade_decide.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

bool upgrade_plan_due(const struct upgrade_plan *plan, int64_t height)
{
    return plan->height > 0 && plan->height <= height;
}

static bool is_skip_height(const struct upgrade_facts *f, int64_t height)
{
    for (size_t i = 0; i < f->skip_count; i++)
        if (f->skip_heights[i] == height)
            return true;
    return false;
}

static bool has_handler(const struct upgrade_facts *f, const char *name)
{
    for (size_t i = 0; i < f->handler_count; i++)
        if (strcmp(f->handlers[i], name) == 0)
            return true;
    return false;
}

static bool is_downgrade(const struct upgrade_facts *f, bool due)
{
    if (!f->first_block || !f->last_applied || !*f->last_applied)
        return false;
    // A plan that is due and not skipped is the business of the rules below: its own handler
    // decides.
    if (due && !is_skip_height(f, f->height))
        return false;
    return !has_handler(f, f->last_applied);
}

static struct upgrade_decision halt(int reason, bool bad_info)
{
    return (struct upgrade_decision){UPGRADE_HALT, reason, bad_info};
}

static struct upgrade_decision decide_due(const struct upgrade_facts *f)
{
    if (is_skip_height(f, f->height))
        return (struct upgrade_decision){UPGRADE_SKIP, 0, false};
    if (!has_handler(f, f->plan->name))
        return halt(UPGRADE_HALT_REQUIRED, false);
    return (struct upgrade_decision){UPGRADE_APPLY, 0, false};
}

static struct upgrade_decision decide_ahead(const struct upgrade_facts *f)
{
    enum upgrade_info kind = upgrade_info_parse(f->plan->info);
    bool bad = kind == UPGRADE_INFO_BAD;
    bool handler = has_handler(f, f->plan->name);

    if (kind == UPGRADE_INFO_MINOR) {
        bool note = !handler && !is_skip_height(f, f->plan->height) && f->height % 100 == 0;
        return (struct upgrade_decision){note ? UPGRADE_LOG_SCHEDULED : UPGRADE_GO_ON, 0, bad};
    }
    // The skip set is not consulted: a binary that is too new is too new for every block.
    if (handler)
        return halt(UPGRADE_HALT_TOO_NEW, bad);
    return (struct upgrade_decision){UPGRADE_GO_ON, 0, bad};
}

struct upgrade_decision upgrade_decide(const struct upgrade_facts *f)
{
    bool due = f->plan && upgrade_plan_due(f->plan, f->height);

    if (is_downgrade(f, due))
        return halt(UPGRADE_HALT_DOWNGRADE, false);
    if (!f->plan)
        return (struct upgrade_decision){UPGRADE_GO_ON, 0, false};
    return due ? decide_due(f) : decide_ahead(f);
}

static enum upgrade_info info_of_object(json_t *object)
{
    enum upgrade_info kind = UPGRADE_INFO_MAJOR;
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        if (strcasecmp(key, "upgradeType") != 0 || json_is_null(value))
            continue;
        if (!json_is_string(value))
            return UPGRADE_INFO_BAD;
        bool minor = strcasecmp(json_string_value(value), "minor") == 0;
        kind = minor ? UPGRADE_INFO_MINOR : UPGRADE_INFO_MAJOR;
    }
    return kind;
}

enum upgrade_info upgrade_info_parse(const char *info)
{
    if (!info || !*info)
        return UPGRADE_INFO_MAJOR;
    json_t *root = json_loadb(info, strlen(info), JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    enum upgrade_info kind = UPGRADE_INFO_BAD;
    if (json_is_object(root))
        kind = info_of_object(root);
    else if (json_is_null(root))
        kind = UPGRADE_INFO_MAJOR;
    json_decref(root);
    return kind;
}

const char *upgrade_text_needed(struct arena *arena, const struct upgrade_plan *plan)
{
    return arena_printf(arena, "UPGRADE \"%s\" NEEDED at height: %" PRId64 ": %s", plan->name,
                        plan->height, plan->info);
}

const char *upgrade_text_too_new(struct arena *arena, const struct upgrade_plan *plan)
{
    return arena_printf(
        arena,
        "BINARY UPDATED BEFORE TRIGGER! UPGRADE \"%s\" - in binary but not executed on chain",
        plan->name);
}

const char *upgrade_text_downgrade(struct arena *arena, uint64_t app_version, const char *name)
{
    return arena_printf(
        arena, "Wrong app version %" PRIu64 ", upgrade handler is missing for %s upgrade plan",
        app_version, name);
}

const char *upgrade_text_skipped(struct arena *arena, const struct upgrade_plan *plan)
{
    return arena_printf(arena, "UPGRADE \"%s\" SKIPPED at %" PRId64 ": %s", plan->name,
                        plan->height, plan->info);
}

const char *upgrade_text_scheduled(struct arena *arena, const struct upgrade_plan *plan)
{
    return arena_printf(arena, "UPGRADE \"%s\" SCHEDULED at height: %" PRId64 ": %s", plan->name,
                        plan->height, plan->info);
}

const char *upgrade_text_plan(struct arena *arena, const struct upgrade_plan *plan)
{
    return arena_printf(arena, "Upgrade Plan\n  Name: %s\n  height: %" PRId64 "\n  Info: %s.",
                        plan->name, plan->height, plan->info);
}
