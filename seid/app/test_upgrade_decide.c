#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "seid/app/upgrade_decide.h"

// The rules once more, written down as the numbered rows of the table and not as code: the first
// row whose condition holds. '1' must hold, '0' must not, '-' does not matter. Columns: first
// block, P plan, D due, Sn block in the skip set, Sp plan's height in the skip set, H handler for
// the plan, L last applied plan has no handler, M minor, C height divides by 100, B info
// unreadable.
struct row {
    const char *name;
    const char *cond; // FPDnpHLMCB
    enum upgrade_action action;
    int reason;
    const char *bad; // "0", or "B": as the column
};
static const struct row rows[] = {
    {"1 downgrade, no plan", "10----1---", UPGRADE_HALT, 72, "0"},
    {"2 downgrade, plan ahead", "110---1---", UPGRADE_HALT, 72, "0"},
    {"3 downgrade, skipped", "1111--1---", UPGRADE_HALT, 72, "0"},
    {"4 no plan", "-0--------", UPGRADE_GO_ON, 0, "0"},
    {"5 skip", "-111------", UPGRADE_SKIP, 0, "0"},
    {"6 needed", "-110-0----", UPGRADE_HALT, 70, "0"},
    {"7 apply", "-110-1----", UPGRADE_APPLY, 0, "0"},
    {"8 minor, early handler", "-10--1-1-0", UPGRADE_GO_ON, 0, "0"},
    {"9 minor, missing, each 100", "-10-00-110", UPGRADE_LOG_SCHEDULED, 0, "0"},
    {"10 minor, otherwise", "-10----1-0", UPGRADE_GO_ON, 0, "0"},
    {"11 too new", "-10--1----", UPGRADE_HALT, 71, "B"},
    {"12 major ahead", "-10--0----", UPGRADE_GO_ON, 0, "B"},
};
enum { ROWS = sizeof rows / sizeof *rows, COLUMNS = 10 };

static bool row_holds(const struct row *row, const bool facts[COLUMNS])
{
    for (int i = 0; i < COLUMNS; i++)
        if (row->cond[i] != '-' && (row->cond[i] == '1') != facts[i])
            return false;
    return true;
}

enum { F, P, D, SN, SP, H, L, M, C, B };

// Builds real inputs for a combination; false when it cannot exist.
static bool build(const bool v[COLUMNS], struct upgrade_facts *f, struct upgrade_plan *plan,
                  int64_t skips[2], const char *handlers[2], int64_t shift)
{
    if (!v[P] && (v[D] || v[SP] || v[H] || v[M] || v[B]))
        return false;
    if (v[M] && v[B])
        return false;
    *f = (struct upgrade_facts){0};
    f->height = v[C] ? 300 : 301;
    *plan = (struct upgrade_plan){"next", f->height + shift, ""};
    if (v[D] != upgrade_plan_due(plan, f->height) && v[P])
        return false;
    if (shift == 0 && v[P] && v[SN] != v[SP])
        return false; // the same height is in the set or not
    plan->info = v[M] ? "{\"upgradeType\":\"Minor\"}" : v[B] ? "https://x/y" : "";
    f->plan = v[P] ? plan : NULL;
    if (v[SN])
        skips[f->skip_count++] = f->height;
    if (v[SP] && shift != 0)
        skips[f->skip_count++] = plan->height;
    f->skip_heights = skips;
    if (v[H])
        handlers[f->handler_count++] = "next";
    if (!v[L])
        handlers[f->handler_count++] = "last";
    f->handlers = handlers;
    f->last_applied = "last";
    f->first_block = v[F];
    return true;
}

static void check_combination(unsigned bits, int64_t shift, unsigned hits[ROWS], unsigned *count)
{
    bool v[COLUMNS];
    struct upgrade_facts f;
    struct upgrade_plan plan;
    int64_t skips[2];
    const char *handlers[2];

    for (int i = 0; i < COLUMNS; i++)
        v[i] = bits >> i & 1;
    if (!build(v, &f, &plan, skips, handlers, shift))
        return;
    unsigned r = 0;
    while (r < ROWS && !row_holds(&rows[r], v))
        r++;
    if (r == ROWS)
        fail_msg("no row for combination %x", bits);
    struct upgrade_decision got = upgrade_decide(&f);
    bool bad = rows[r].bad[0] == 'B' && v[B];
    if (got.action != rows[r].action || got.reason != rows[r].reason || got.bad_info != bad)
        fail_msg("combination %x, shift %d: want row %s, got action %d reason %d bad %d", bits,
                 (int)shift, rows[r].name, got.action, got.reason, got.bad_info);
    hits[r]++;
    (*count)++;
}

static void test_every_combination(void **state)
{
    unsigned hits[ROWS] = {0}, count = 0;

    for (unsigned bits = 0; bits < 1u << COLUMNS; bits++)
        for (int64_t shift = -7; shift <= 7; shift += 7)
            check_combination(bits, shift, hits, &count);
    for (unsigned r = 0; r < ROWS; r++)
        if (!hits[r])
            fail_msg("row %s was never reached", rows[r].name);
    // 48 without a plan, 288 due, 192 ahead.
    assert_int_equal(count, 528);
}

// Without a last applied plan there is nothing to be older than.
static void test_no_downgrade_without_history(void **state)
{
    static const char *const none[] = {NULL, ""};
    for (int i = 0; i < 2; i++) {
        struct upgrade_facts f = {.height = 5, .last_applied = none[i], .first_block = true};
        assert_int_equal(upgrade_decide(&f).action, UPGRADE_GO_ON);
    }
}

// TestShouldExecute: past, at, future; a height of 0 or less is never due.
static void test_should_execute(void **state)
{
    struct upgrade_plan plan = {"x", 10, ""};
    assert_false(upgrade_plan_due(&plan, 9));
    assert_true(upgrade_plan_due(&plan, 10));
    assert_true(upgrade_plan_due(&plan, 11));
    plan.height = 0;
    assert_false(upgrade_plan_due(&plan, 1));
    plan.height = -1;
    assert_false(upgrade_plan_due(&plan, 1));
    plan.height = INT64_MAX;
    assert_false(upgrade_plan_due(&plan, INT64_MAX - 1));
    assert_true(upgrade_plan_due(&plan, INT64_MAX));
}

// TestUpgradeDetails and TestIsMinorRelease.
static void test_is_minor_release(void **state)
{
    static const struct {
        const char *info;
        enum upgrade_info want;
    } cases[] = {
        {"", UPGRADE_INFO_MAJOR},
        {"{}", UPGRADE_INFO_MAJOR},
        {"null", UPGRADE_INFO_MAJOR},
        {"{\"upgradeType\":\"minor\"}", UPGRADE_INFO_MINOR},
        {"{\"upgradeType\":\"MINOR\"}", UPGRADE_INFO_MINOR},
        {" { \"upgradetype\" : \"mInOr\", \"x\": [1] } ", UPGRADE_INFO_MINOR},
        {"{\"upgradeType\":\"major\"}", UPGRADE_INFO_MAJOR},
        {"{\"upgradeType\":\"minor \"}", UPGRADE_INFO_MAJOR},
        {"{\"upgradeType\":\"\"}", UPGRADE_INFO_MAJOR},
        {"{\"upgradeType\":null}", UPGRADE_INFO_MAJOR},
        {"{\"binaries\":{\"any\":\"https://x\"}}", UPGRADE_INFO_MAJOR},
        {"{\"upgradeType\":1}", UPGRADE_INFO_BAD},
        {"{\"upgradeType\":[\"minor\"]}", UPGRADE_INFO_BAD},
        {"{upgradeType:minor}", UPGRADE_INFO_BAD},
        {"{\"upgradeType\":\"minor\"", UPGRADE_INFO_BAD},
        {"{\"upgradeType\":\"minor\"} x", UPGRADE_INFO_BAD},
        {"minor", UPGRADE_INFO_BAD},
        {"\"minor\"", UPGRADE_INFO_BAD},
        {"[]", UPGRADE_INFO_BAD},
        {"7", UPGRADE_INFO_BAD},
        {" ", UPGRADE_INFO_BAD},
        {"https://x/y.json", UPGRADE_INFO_BAD},
        {"\xff", UPGRADE_INFO_BAD},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (upgrade_info_parse(cases[i].info) != cases[i].want)
            fail_msg("info %s", cases[i].info);
}

static void test_texts(void **state)
{
    CLEANUP_ARENA struct arena a = {0};
    struct upgrade_plan plan = {"v2", 120, "some <info> & more"}, empty = {"v2", 120, ""};

    assert_string_equal(upgrade_text_needed(&a, &plan),
                        "UPGRADE \"v2\" NEEDED at height: 120: some <info> & more");
    assert_string_equal(upgrade_text_needed(&a, &empty), "UPGRADE \"v2\" NEEDED at height: 120: ");
    assert_string_equal(
        upgrade_text_too_new(&a, &plan),
        "BINARY UPDATED BEFORE TRIGGER! UPGRADE \"v2\" - in binary but not executed on chain");
    assert_string_equal(upgrade_text_downgrade(&a, 0, "v1"),
                        "Wrong app version 0, upgrade handler is missing for v1 upgrade plan");
    assert_string_equal(upgrade_text_skipped(&a, &empty), "UPGRADE \"v2\" SKIPPED at 120: ");
    assert_string_equal(upgrade_text_scheduled(&a, &empty),
                        "UPGRADE \"v2\" SCHEDULED at height: 120: ");
}

// TestPlanStringer, TestPlanString.
static void test_plan_stringer(void **state)
{
    CLEANUP_ARENA struct arena a = {0};
    assert_string_equal(upgrade_text_plan(&a, &(struct upgrade_plan){"test", 100, ""}),
                        "Upgrade Plan\n  Name: test\n  height: 100\n  Info: .");
    assert_string_equal(
        upgrade_text_plan(&a, &(struct upgrade_plan){"by height", 7890, "https://foo.bar/baz"}),
        "Upgrade Plan\n  Name: by height\n  height: 7890\n  Info: https://foo.bar/baz.");
}

// TestContains.
static void test_contains(void **state)
{
    static const int64_t skips[] = {1, 2, 9};
    struct upgrade_plan plan = {"p", 1, ""};
    for (int64_t h = 1; h <= 10; h++) {
        struct upgrade_facts f = {
            .plan = &plan, .height = h, .skip_heights = skips, .skip_count = 3};
        bool want = h == 1 || h == 2 || h == 9;
        assert_int_equal(upgrade_decide(&f).action, want ? UPGRADE_SKIP : UPGRADE_HALT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_combination),
        cmocka_unit_test(test_no_downgrade_without_history),
        cmocka_unit_test(test_should_execute),
        cmocka_unit_test(test_is_minor_release),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_plan_stringer),
        cmocka_unit_test(test_contains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
