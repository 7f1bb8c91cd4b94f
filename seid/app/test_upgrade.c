// x/upgrade, case by case: each test has the name that the SDK's or Sei's own suite gives it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "seid/app/keys.h"
#include "seid/app/test_kit.h"
#include "seid/app/upgrade.h"

// ---- a keeper on the kit's state

struct keeper {
    struct kit kit;
    struct app_ctx ctx;
    struct gas_meter gas;
    struct app_events events;
};

static void at_height(struct keeper *t, int64_t height)
{
    t->kit.height = height - 1;
    ctx_init(&t->ctx, t->kit.app, &t->kit.state.kv, &t->kit.arena, &t->gas, &t->events, height,
             KIT_TIME);
}

static void keeper_init(struct keeper *t, const struct kit_options *o)
{
    memset(t, 0, sizeof *t);
    kit_init(&t->kit, o);
    at_height(t, 10);
}

static int schedule(struct keeper *t, const char *name, int64_t height, const char *info)
{
    Cosmos__Upgrade__V1beta1__Plan plan = COSMOS__UPGRADE__V1BETA1__PLAN__INIT;
    plan.name = pb_str(name);
    plan.height = height;
    plan.info = pb_str(info);
    return upgrade_schedule(&t->ctx, &plan);
}

static void must_schedule(struct keeper *t, const char *name, int64_t height, const char *info)
{
    if (schedule(t, name, height, info))
        fail_msg("%s", t->ctx.fail_log);
}

static const char *plan_name(struct keeper *t)
{
    const Cosmos__Upgrade__V1beta1__Plan *plan = upgrade_plan_get(&t->kit.state.kv, &t->kit.arena);
    return plan ? plan->name : NULL;
}

static int migration_runs;

static int nothing(struct app_ctx *ctx, struct err *e)
{
    migration_runs++;
    return 0;
}

static const struct app_handler test_handlers[] = {{"test", nothing}};
static const struct app_handler_table with_test = {"t", test_handlers, 1};
static const struct app_handler v2_handlers[] = {{"v2", app_migrate_v2}};
static const struct app_handler_table v2 = {"v2", v2_handlers, 1};
static const struct app_handler v3_handlers[] = {{"v2", app_migrate_v2}, {"v3", app_migrate_v3}};
static const struct app_handler_table v3 = {"v3", v3_handlers, 2};
static const struct app_handler three[] = {
    {"test", nothing}, {"test2", nothing}, {"test3", nothing}};
static const struct app_handler_table with_three = {"3", three, 3};

static bool noted(struct keeper *t, const char *text)
{
    for (size_t i = 0; i < t->kit.result.note_count; i++)
        if (strstr(t->kit.result.notes[i].text, text))
            return true;
    return false;
}

static void expect_halt(struct keeper *t, int reason, const char *text)
{
    const struct upgrade_halt *h = &t->kit.result.halt;
    assert_int_equal(kit_block(&t->kit), APP_HALT);
    assert_int_equal(h->reason, reason);
    assert_string_equal(h->log_text, text);
    assert_int_equal(h->height, t->kit.height + 1);
}

// ---- Sei's abci_test.go

static void test_require_name(void **state)
{
    struct keeper t;
    keeper_init(&t, NULL);
    assert_int_equal(schedule(&t, "", 20, ""), APP_FAILED);
    assert_string_equal(t.ctx.fail_log, "name cannot be empty: invalid request");
    assert_int_equal(t.ctx.fail_code->number, 18);
    kit_deinit(&t.kit);
}

static void test_require_future_block(void **state)
{
    struct keeper t;
    keeper_init(&t, NULL);
    assert_int_equal(schedule(&t, "test", 9, ""), APP_FAILED);
    assert_string_equal(t.ctx.fail_log, "upgrade cannot be scheduled in the past: invalid request");
    assert_int_equal(schedule(&t, "test", 10, ""), 0); // the same height is allowed
    kit_deinit(&t.kit);
}

static void test_do_height_upgrade(void **state)
{
    struct keeper t;
    keeper_init(&t, NULL);
    must_schedule(&t, "test", 11, "");
    kit_blocks(&t.kit, 10);
    expect_halt(&t, 70, "UPGRADE \"test\" NEEDED at height: 11: ");
    kit_restart(&t.kit, &(struct kit_options){.handlers = &with_test});
    assert_int_equal(kit_block(&t.kit), 0);
    assert_true(noted(&t, "applying upgrade \"test\" at height: 11"));
    assert_null(plan_name(&t));
    assert_int_equal(upgrade_done_height(&t.kit.state.kv, SLICE_LIT("test")), 11);
    kit_deinit(&t.kit);
}

static void test_can_overwrite_schedule_upgrade(void **state)
{
    struct keeper t;
    keeper_init(&t, NULL);
    must_schedule(&t, "bad_test", 20, "");
    must_schedule(&t, "test", 11, "");
    assert_string_equal(plan_name(&t), "test");
    kit_blocks(&t.kit, 10);
    expect_halt(&t, 70, "UPGRADE \"test\" NEEDED at height: 11: ");
    kit_deinit(&t.kit);
}

static void test_can_clear(void **state)
{
    struct keeper t;
    keeper_init(&t, NULL);
    must_schedule(&t, "test", 100, "");
    upgrade_clear(&t.ctx);
    assert_null(plan_name(&t));
    upgrade_clear(&t.ctx); // without a plan nothing happens
    kit_deinit(&t.kit);
}

static void test_cant_apply_same_upgrade_twice(void **state)
{
    struct keeper t;
    keeper_init(&t, &(struct kit_options){.handlers = &with_test});
    must_schedule(&t, "test", 10, "");
    kit_blocks(&t.kit, 10);
    at_height(&t, 12);
    assert_int_equal(schedule(&t, "test", 20, ""), APP_FAILED);
    assert_string_equal(t.ctx.fail_log,
                        "upgrade with name test has already been completed: invalid request");
    kit_deinit(&t.kit);
}

static void test_no_spurious_upgrades(void **state)
{
    struct keeper t;
    keeper_init(&t, NULL);
    kit_blocks(&t.kit, 15);
    assert_int_equal(t.kit.result.note_count, 0);
    kit_deinit(&t.kit);
}

// TestBinaryVersion: 1 no plan and nothing applied.
static void test_binary_version_no_plan(void **state)
{
    struct keeper t;
    keeper_init(&t, NULL);
    assert_int_equal(kit_block(&t.kit), 0);
    kit_deinit(&t.kit);
}

// 2 the handler of the last applied plan is there.
static void test_binary_version_handler_of_last_applied(void **state)
{
    struct keeper t;
    keeper_init(&t, &(struct kit_options){.handlers = &with_test});
    upgrade_set_done(&t.kit.state.kv, SLICE_LIT("test"), 5);
    assert_int_equal(kit_block(&t.kit), 0);
    kit_deinit(&t.kit);
}

// 3 needed and not there.
static void test_binary_version_upgrade_needed(void **state)
{
    struct keeper t;
    keeper_init(&t, NULL);
    must_schedule(&t, "test", 10, "some <info> & \"more\"");
    expect_halt(&t, 70, "UPGRADE \"test\" NEEDED at height: 10: some <info> & \"more\"");
    assert_string_equal(t.kit.result.halt.plan_name, "test");
    assert_string_equal(t.kit.result.halt.info, "some <info> & \"more\"");
    kit_deinit(&t.kit);
}

#define MINOR "{\"upgradeType\":\"minor\"}"

// 4 a minor release in the future, not in the binary.
static void test_binary_version_minor_in_future(void **state)
{
    struct keeper t;
    keeper_init(&t, NULL);
    must_schedule(&t, "test", 250, MINOR);
    kit_blocks(&t.kit, 99);
    assert_int_equal(t.kit.result.note_count, 0);
    kit_blocks(&t.kit, 100);
    assert_true(noted(&t, "UPGRADE \"test\" SCHEDULED at height: 250: " MINOR));
    assert_int_equal(t.kit.result.notes[0].level, LOG_INFO);
    kit_blocks(&t.kit, 101);
    assert_int_equal(t.kit.result.note_count, 0);
    kit_deinit(&t.kit);
}

// 5 a minor release is mandatory at its height.
static void test_binary_version_minor_due_without_handler(void **state)
{
    struct keeper t;
    keeper_init(&t, NULL);
    must_schedule(&t, "test", 12, MINOR);
    kit_blocks(&t.kit, 11);
    expect_halt(&t, 70, "UPGRADE \"test\" NEEDED at height: 12: " MINOR);
    kit_deinit(&t.kit);
}

// 6 a minor release may be in the binary early.
static void test_binary_version_minor_already_in_binary(void **state)
{
    struct keeper t;
    keeper_init(&t, &(struct kit_options){.handlers = &with_test});
    must_schedule(&t, "test", 120, MINOR);
    kit_blocks(&t.kit, 101);
    assert_int_equal(t.kit.result.note_count, 0); // silent, block 100 too
    kit_deinit(&t.kit);
}

// 7 and it is applied at its height.
static void test_binary_version_minor_applied_at_height(void **state)
{
    struct keeper t;
    keeper_init(&t, &(struct kit_options){.handlers = &with_test});
    must_schedule(&t, "test", 12, MINOR);
    kit_blocks(&t.kit, 11);
    migration_runs = 0;
    assert_int_equal(kit_block(&t.kit), 0);
    assert_int_equal(migration_runs, 1);
    assert_null(plan_name(&t));
    kit_blocks(&t.kit, 20);
    assert_int_equal(migration_runs, 1);
    kit_deinit(&t.kit);
}

// abci_halt_default_test.go
static void test_halt_if_too_new(void **state)
{
    struct keeper t;
    keeper_init(&t, &(struct kit_options){.handlers = &with_test});
    assert_int_equal(kit_block(&t.kit), 0); // no plan: a handler that waits is fine
    must_schedule(&t, "test", 13, "");
    expect_halt(&t, 71,
                "BINARY UPDATED BEFORE TRIGGER! UPGRADE \"test\" - in binary but not executed on "
                "chain");
    kit_restart(&t.kit, &(struct kit_options){0});
    kit_blocks(&t.kit, 12);
    kit_restart(&t.kit, &(struct kit_options){.handlers = &with_test});
    migration_runs = 0;
    assert_int_equal(kit_block(&t.kit), 0);
    assert_int_equal(migration_runs, 1);
    assert_null(plan_name(&t));
    kit_deinit(&t.kit);
}

// ---- types: TestPlanValid, in the order of the checks

static void test_plan_valid(void **state)
{
    struct keeper t;
    keeper_init(&t, NULL);
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT;
    Cosmos__Upgrade__V1beta1__Plan plan = COSMOS__UPGRADE__V1BETA1__PLAN__INIT;
    // All wrong: the first rule speaks; mend one after the other.
    plan.time = &time;
    plan.upgraded_client_state = &any;
    plan.height = -1;
    assert_int_equal(upgrade_plan_validate(&t.ctx, &plan), APP_FAILED);
    assert_string_equal(t.ctx.fail_log,
                        "time-based upgrades have been deprecated in the SDK: invalid request");
    time.seconds = INT64_C(-62135596800);
    assert_int_equal(upgrade_plan_validate(&t.ctx, &plan), APP_FAILED);
    assert_string_equal(t.ctx.fail_log,
                        "upgrade logic for IBC has been moved to the IBC module: invalid request");
    plan.upgraded_client_state = NULL;
    assert_int_equal(upgrade_plan_validate(&t.ctx, &plan), APP_FAILED);
    assert_string_equal(t.ctx.fail_log, "name cannot be empty: invalid request");
    plan.name = pb_str("all-good");
    assert_int_equal(upgrade_plan_validate(&t.ctx, &plan), APP_FAILED);
    assert_string_equal(t.ctx.fail_log, "height must be greater than 0: invalid request");
    plan.height = 0;
    assert_int_equal(upgrade_plan_validate(&t.ctx, &plan), APP_FAILED);
    plan.height = 1;
    assert_int_equal(upgrade_plan_validate(&t.ctx, &plan), 0);
    plan.time = NULL;
    assert_int_equal(upgrade_plan_validate(&t.ctx, &plan), 0);
    char *name = arena_alloc(&t.kit.arena, UPGRADE_NAME_MAX + 2);
    memset(name, 'x', UPGRADE_NAME_MAX + 1);
    name[UPGRADE_NAME_MAX + 1] = 0;
    plan.name = name;
    assert_int_equal(upgrade_plan_validate(&t.ctx, &plan), APP_FAILED);
    name[UPGRADE_NAME_MAX] = 0;
    assert_int_equal(upgrade_plan_validate(&t.ctx, &plan), 0);
    kit_deinit(&t.kit);
}

// ---- keeper

static void test_schedule_upgrade(void **state)
{
    struct keeper t;
    keeper_init(&t, NULL);
    must_schedule(&t, "all-good", 123450000, "some text here");
    must_schedule(&t, "all-good", 123450001, "overwritten");
    assert_int_equal(schedule(&t, "", 123450000, ""), APP_FAILED);
    assert_int_equal(schedule(&t, "all-good", 1, ""), APP_FAILED);
    upgrade_set_done(&t.kit.state.kv, SLICE_LIT("done"), 4);
    assert_int_equal(schedule(&t, "done", 123450000, ""), APP_FAILED);
    assert_string_equal(plan_name(&t), "all-good");
    kit_deinit(&t.kit);
}

static void test_increment_protocol_version(void **state)
{
    struct keeper t;
    keeper_init(&t, &(struct kit_options){.handlers = &v3});
    assert_int_equal(upgrade_protocol_version(&t.kit.state.kv), 0);
    must_schedule(&t, "v2", 10, "");
    kit_blocks(&t.kit, 10);
    assert_int_equal(upgrade_protocol_version(&t.kit.state.kv), 1);
    at_height(&t, 11);
    must_schedule(&t, "v3", 11, "");
    kit_blocks(&t.kit, 11);
    assert_int_equal(upgrade_protocol_version(&t.kit.state.kv), 2);
    kit_deinit(&t.kit);
}

// A migration changes what it is for, and the version of its module.
static void test_migrations(void **state)
{
    struct keeper t;
    struct auth_params params;
    keeper_init(&t, &(struct kit_options){.handlers = &v2});
    assert_int_equal(upgrade_module_version(&t.kit.state.kv, SLICE_LIT("auth")), 1);
    must_schedule(&t, "v2", 10, "");
    kit_blocks(&t.kit, 10);
    assert_int_equal(upgrade_module_version(&t.kit.state.kv, SLICE_LIT("auth")), 2);
    assert_int_equal(upgrade_module_version(&t.kit.state.kv, SLICE_LIT("bank")), 1);
    auth_get_params(&t.kit.state.kv, &params);
    assert_int_equal(params.max_memo_characters, 512);
    kit_deinit(&t.kit);
}

static void test_delete_module_version(void **state)
{
    struct keeper t;
    keeper_init(&t, NULL);
    upgrade_set_module_version(&t.kit.state.kv, SLICE_LIT("foo"), 3);
    assert_int_equal(upgrade_module_version(&t.kit.state.kv, SLICE_LIT("foo")), 3);
    upgrade_delete_module_version(&t.kit.state.kv, SLICE_LIT("foo"));
    assert_int_equal(upgrade_module_version(&t.kit.state.kv, SLICE_LIT("foo")), 0);
    kit_deinit(&t.kit);
}

// The highest height; on equal heights the smallest name.
static void test_last_completed_upgrade(void **state)
{
    struct keeper t;
    int64_t height;
    struct kv *kv;
    keeper_init(&t, NULL);
    kv = &t.kit.state.kv;
    assert_null(upgrade_last_applied(kv, &t.kit.arena, &height));
    assert_int_equal(height, 0);
    upgrade_set_done(kv, SLICE_LIT("test0"), 10);
    assert_string_equal(upgrade_last_applied(kv, &t.kit.arena, &height), "test0");
    upgrade_set_done(kv, SLICE_LIT("aaa"), 15);
    assert_string_equal(upgrade_last_applied(kv, &t.kit.arena, &height), "aaa");
    assert_int_equal(height, 15);
    upgrade_set_done(kv, SLICE_LIT("zzz"), 15);
    upgrade_set_done(kv, SLICE_LIT("mmm"), 15);
    assert_string_equal(upgrade_last_applied(kv, &t.kit.arena, &height), "aaa");
    upgrade_set_done(kv, SLICE_LIT("b"), 15);
    upgrade_set_done(kv, SLICE_LIT("a"), 14);
    assert_string_equal(upgrade_last_applied(kv, &t.kit.arena, &height), "aaa");
    kit_deinit(&t.kit);
}

// ---- upstream's skip tests

static void skip_setup(struct keeper *t, const int64_t *skips, size_t count, bool handlers)
{
    keeper_init(t, &(struct kit_options){.handlers = handlers ? &with_three : NULL,
                                         .skip_heights = skips,
                                         .skip_count = count});
}

static void test_skip_upgrade_skipping_all(void **state)
{
    static const int64_t skips[] = {11, 21};
    struct keeper t;
    skip_setup(&t, skips, 2, false);
    must_schedule(&t, "test", 11, "one");
    kit_blocks(&t.kit, 11);
    assert_true(noted(&t, "UPGRADE \"test\" SKIPPED at 11: one"));
    assert_null(plan_name(&t));
    at_height(&t, 12);
    must_schedule(&t, "test2", 21, "");
    kit_blocks(&t.kit, 21);
    assert_true(noted(&t, "UPGRADE \"test2\" SKIPPED at 21: "));
    assert_int_equal(upgrade_done_height(&t.kit.state.kv, SLICE_LIT("test")), 0);
    kit_deinit(&t.kit);
}

static void test_upgrade_skipping_one(void **state)
{
    static const int64_t skips[] = {11};
    struct keeper t;
    skip_setup(&t, skips, 1, false);
    must_schedule(&t, "test", 11, "");
    kit_blocks(&t.kit, 11);
    at_height(&t, 12);
    must_schedule(&t, "test2", 21, "");
    kit_blocks(&t.kit, 20);
    expect_halt(&t, 70, "UPGRADE \"test2\" NEEDED at height: 21: ");
    kit_deinit(&t.kit);
}

static void test_upgrade_skipping_only_two(void **state)
{
    static const int64_t skips[] = {11, 13};
    struct keeper t;
    skip_setup(&t, skips, 2, false);
    must_schedule(&t, "test", 11, "");
    kit_blocks(&t.kit, 11);
    at_height(&t, 12);
    must_schedule(&t, "test2", 13, "");
    kit_blocks(&t.kit, 13);
    at_height(&t, 14);
    must_schedule(&t, "test3", 15, "");
    kit_blocks(&t.kit, 14);
    kit_restart(&t.kit, &(struct kit_options){.handlers = &with_three});
    assert_int_equal(kit_block(&t.kit), 0);
    assert_int_equal(upgrade_done_height(&t.kit.state.kv, SLICE_LIT("test3")), 15);
    kit_deinit(&t.kit);
}

static void test_upgrade_without_skip(void **state)
{
    struct keeper t;
    skip_setup(&t, NULL, 0, false);
    must_schedule(&t, "test", 11, "");
    kit_blocks(&t.kit, 10);
    expect_halt(&t, 70, "UPGRADE \"test\" NEEDED at height: 11: ");
    kit_deinit(&t.kit);
}

// A skipped plan is cleared even when the binary has the handler, which does not run.
static void test_skip_with_handler(void **state)
{
    static const int64_t skips[] = {11};
    struct keeper t;
    skip_setup(&t, skips, 1, true);
    must_schedule(&t, "test", 11, MINOR);
    migration_runs = 0;
    kit_blocks(&t.kit, 11);
    assert_int_equal(migration_runs, 0);
    assert_null(plan_name(&t));
    kit_deinit(&t.kit);
}

// ---- TestDowngradeVerification

static void test_downgrade_valid_binary(void **state)
{
    struct keeper t;
    keeper_init(&t, &(struct kit_options){.handlers = &v2});
    upgrade_set_done(&t.kit.state.kv, SLICE_LIT("v2"), 5);
    must_schedule(&t, "v3", 50, "");
    assert_int_equal(kit_block(&t.kit), 0);
    kit_deinit(&t.kit);
}

static void test_downgrade_with_active_plan(void **state)
{
    struct keeper t;
    keeper_init(&t, NULL);
    upgrade_set_done(&t.kit.state.kv, SLICE_LIT("v2"), 5);
    must_schedule(&t, "v3", 50, "the info of v3");
    expect_halt(&t, 72, "Wrong app version 0, upgrade handler is missing for v2 upgrade plan");
    assert_string_equal(t.kit.result.halt.plan_name, "v2");
    assert_string_equal(t.kit.result.halt.info, "");
    kit_deinit(&t.kit);
}

static void test_downgrade_without_plan(void **state)
{
    struct keeper t;
    keeper_init(&t, NULL);
    upgrade_set_done(&t.kit.state.kv, SLICE_LIT("v2"), 5);
    expect_halt(&t, 72, "Wrong app version 0, upgrade handler is missing for v2 upgrade plan");
    kit_deinit(&t.kit);
}

// Only the first block of a process asks.
static void test_downgrade_first_block_only(void **state)
{
    struct keeper t;
    keeper_init(&t, NULL);
    assert_int_equal(kit_block(&t.kit), 0);
    upgrade_set_done(&t.kit.state.kv, SLICE_LIT("v2"), 5);
    assert_int_equal(kit_block(&t.kit), 0);
    kit_restart(&t.kit, &(struct kit_options){0});
    expect_halt(&t, 72, "Wrong app version 0, upgrade handler is missing for v2 upgrade plan");
    kit_deinit(&t.kit);
}

// ---- more

// Row 3: a skip does not hide a downgrade. Row 6: a plan that is due comes before one.
static void test_downgrade_against_skip_and_due(void **state)
{
    static const int64_t skips[] = {10};
    struct keeper t;
    skip_setup(&t, skips, 1, false);
    upgrade_set_done(&t.kit.state.kv, SLICE_LIT("gone"), 5);
    must_schedule(&t, "test", 10, "");
    expect_halt(&t, 72, "Wrong app version 0, upgrade handler is missing for gone upgrade plan");
    kit_restart(&t.kit, &(struct kit_options){0});
    expect_halt(&t, 70, "UPGRADE \"test\" NEEDED at height: 10: ");
    kit_deinit(&t.kit);
}

// 71 stands though the plan's height will be skipped; a broken info counts as a major release.
static void test_too_new_variants(void **state)
{
    static const int64_t skips[] = {30};
    struct keeper t;
    skip_setup(&t, skips, 1, true);
    must_schedule(&t, "test", 30, "{\"upgradeType\":\"minor\"");
    assert_int_equal(kit_block(&t.kit), APP_HALT);
    assert_int_equal(t.kit.result.halt.reason, 71);
    assert_true(noted(&t, "failed to parse upgrade details"));
    assert_int_equal(t.kit.result.notes[0].level, LOG_ERROR);
    kit_deinit(&t.kit);
}

// Info that is no JSON is noted in every block.
static void test_bad_info_noted_every_block(void **state)
{
    struct keeper t;
    keeper_init(&t, NULL);
    must_schedule(&t, "test", 30, "https://example.org/binaries.json");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(kit_block(&t.kit), 0);
        assert_int_equal(t.kit.result.note_count, 1);
    }
    kit_deinit(&t.kit);
}

// A height that was passed without the block being executed (a skip that ended): the text has the
// plan's height, the halt the block's.
static void test_late_height(void **state)
{
    struct keeper t;
    keeper_init(&t, NULL);
    must_schedule(&t, "test", 10, "x");
    at_height(&t, 13);
    expect_halt(&t, 70, "UPGRADE \"test\" NEEDED at height: 10: x");
    assert_int_equal(t.kit.result.halt.height, 13);
    kit_deinit(&t.kit);
}

// A halt leaves nothing: the same block again, with the right binary, is as if nothing was.
static void test_halt_keeps_nothing(void **state)
{
    struct keeper t;
    uint8_t before[32], after[32];
    keeper_init(&t, NULL);
    must_schedule(&t, "v2", 10, "");
    kit_state_hash(&t.kit, before);
    kit_add(&t.kit,
            kit_tx1(&t.kit, NULL, kit_send(&t.kit, &t.kit.keys[0], t.kit.keys[1].text, "5usei")));
    assert_int_equal(kit_block(&t.kit), APP_HALT);
    kit_state_hash(&t.kit, after);
    assert_memory_equal(before, after, 32);
    kit_deinit(&t.kit);
}

static int broken_migration(struct app_ctx *ctx, struct err *e)
{
    return err_set(e, -5, "cannot");
}

static void test_failing_migration_stops(void **state)
{
    static const struct app_handler handlers[] = {{"test", broken_migration}};
    static const struct app_handler_table table = {"b", handlers, 1};
    struct keeper t;
    keeper_init(&t, &(struct kit_options){.handlers = &table});
    must_schedule(&t, "test", 10, "");
    struct kv_overlay overlay;
    struct app_block block = {.height = 10, .time_ns = KIT_TIME};
    struct err e = {0};
    kv_overlay_init(&overlay, &t.kit.state.kv);
    assert_int_equal(
        app_finalize_block(t.kit.app, &overlay.kv, &block, true, &t.kit.arena, &t.kit.result, &e),
        -5);
    assert_string_equal(e.text, "upgrade \"test\": cannot");
    kv_overlay_deinit(&overlay);
    kit_deinit(&t.kit);
}

// Several upgrades in one history, each with the binary that has them.
static void test_two_upgrades_in_a_row(void **state)
{
    struct keeper t;
    keeper_init(&t, NULL);
    must_schedule(&t, "v2", 10, "");
    expect_halt(&t, 70, "UPGRADE \"v2\" NEEDED at height: 10: ");
    kit_restart(&t.kit, &(struct kit_options){.handlers = &v2});
    kit_blocks(&t.kit, 12);
    at_height(&t, 13);
    must_schedule(&t, "v3", 15, "");
    kit_blocks(&t.kit, 14);
    expect_halt(&t, 70, "UPGRADE \"v3\" NEEDED at height: 15: ");
    kit_restart(&t.kit, &(struct kit_options){.handlers = &v3});
    kit_blocks(&t.kit, 16);
    kit_restart(&t.kit, &(struct kit_options){.handlers = &v2});
    expect_halt(&t, 72, "Wrong app version 0, upgrade handler is missing for v3 upgrade plan");
    kit_deinit(&t.kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_require_name),
        cmocka_unit_test(test_require_future_block),
        cmocka_unit_test(test_do_height_upgrade),
        cmocka_unit_test(test_can_overwrite_schedule_upgrade),
        cmocka_unit_test(test_can_clear),
        cmocka_unit_test(test_cant_apply_same_upgrade_twice),
        cmocka_unit_test(test_no_spurious_upgrades),
        cmocka_unit_test(test_binary_version_no_plan),
        cmocka_unit_test(test_binary_version_handler_of_last_applied),
        cmocka_unit_test(test_binary_version_upgrade_needed),
        cmocka_unit_test(test_binary_version_minor_in_future),
        cmocka_unit_test(test_binary_version_minor_due_without_handler),
        cmocka_unit_test(test_binary_version_minor_already_in_binary),
        cmocka_unit_test(test_binary_version_minor_applied_at_height),
        cmocka_unit_test(test_halt_if_too_new),
        cmocka_unit_test(test_plan_valid),
        cmocka_unit_test(test_schedule_upgrade),
        cmocka_unit_test(test_increment_protocol_version),
        cmocka_unit_test(test_migrations),
        cmocka_unit_test(test_delete_module_version),
        cmocka_unit_test(test_last_completed_upgrade),
        cmocka_unit_test(test_skip_upgrade_skipping_all),
        cmocka_unit_test(test_upgrade_skipping_one),
        cmocka_unit_test(test_upgrade_skipping_only_two),
        cmocka_unit_test(test_upgrade_without_skip),
        cmocka_unit_test(test_skip_with_handler),
        cmocka_unit_test(test_downgrade_valid_binary),
        cmocka_unit_test(test_downgrade_with_active_plan),
        cmocka_unit_test(test_downgrade_without_plan),
        cmocka_unit_test(test_downgrade_first_block_only),
        cmocka_unit_test(test_downgrade_against_skip_and_due),
        cmocka_unit_test(test_too_new_variants),
        cmocka_unit_test(test_bad_info_noted_every_block),
        cmocka_unit_test(test_late_height),
        cmocka_unit_test(test_halt_keeps_nothing),
        cmocka_unit_test(test_failing_migration_stops),
        cmocka_unit_test(test_two_upgrades_in_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
