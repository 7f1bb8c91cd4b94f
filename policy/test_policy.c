// The decision: one golden line a row of the table for both platforms, the rules of evidence one by
// one, and a walk over the whole domain, shrunk to classes, that checks what must never happen.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy/policy.h"

#define TEXT(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static const struct sei_halt_intent intent_70 = {
    sizeof intent_70, 70, TEXT("upgrade_required"), TEXT("v2"), 42, {0}, 1700000000, 0, 0};
static const struct sei_halt_intent intent_70_no_plan = {.size = sizeof intent_70, .reason = 70};
static const struct sei_halt_intent intent_71 = {
    .size = sizeof intent_71, .reason = 71, .plan_name = TEXT("v2"), .height = 42};
static const struct sei_halt_intent intent_72 = {
    .size = sizeof intent_72, .reason = 72, .plan_name = TEXT("v1"), .height = 42};
static const struct sei_halt_intent intent_75 = {
    .size = sizeof intent_75, .reason = 75, .reason_string = TEXT("quantum_halt")};
static const struct sei_halt_intent intent_wrong_token = {.size = sizeof intent_70,
                                                          .reason = 70,
                                                          .reason_string = TEXT("binary_too_new"),
                                                          .plan_name = TEXT("v2")};

struct input {
    struct policy_observation seen;
    struct policy_config config;
    struct policy_history history;
};

static struct input input_of(enum policy_platform platform)
{
    struct input in = {.seen = {.platform = platform, .exit_own = true}};
    policy_config_init(&in.config);
    in.config.speaks = true;
    in.config.exit_on_hold = true;
    in.history.ended_ms = 3600000;
    return in;
}

static void ended(struct input *in, int code)
{
    in->seen.life = POLICY_ENDED;
    in->seen.exit_class = sei_halt_classify_exit_code(code);
    in->seen.exit_detail = code;
}

static void killed(struct input *in, int signal)
{
    in->seen.life = POLICY_ENDED;
    in->seen.exit_class = SEI_HALT_CLASS_SIGNAL;
    in->seen.exit_detail = signal;
}

static void alive(struct input *in, enum policy_signal signal)
{
    in->seen.life = POLICY_ALIVE;
    in->seen.signal = signal;
}

static void said(struct input *in, const struct sei_halt_intent *intent, int64_t age_ms)
{
    in->seen.signal = POLICY_SIGNAL_INTENT;
    in->seen.intent = intent;
    in->seen.signal_age_ms = age_ms;
}

static void wrote_file(struct input *in)
{
    in->seen.file_present = in->seen.file_since_start = true;
    in->seen.file_name = (struct sei_halt_text)TEXT("v2");
    in->seen.file_height = 42;
    in->seen.height = 42;
}

static struct policy_decision decide(const struct input *in)
{
    struct policy_decision decision;
    memset(&decision, 0xa5, sizeof decision);
    policy_decide(&in->seen, &in->config, &in->history, &decision);
    return decision;
}

// "latch page:error | hold": what follows the bar is done later.
static const char *render(const struct policy_decision *d)
{
    static char text[512];
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < d->count; i++) {
        const struct policy_action *a = &d->actions[i];
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s%s", i ? " " : "",
                                i == d->now ? "| " : "", policy_act_string(a->act));
        if (a->act == POLICY_STOP || a->act == POLICY_WAIT)
            len += (size_t)snprintf(text + len, sizeof text - len, ":%lld", (long long)a->ms);
        if (a->act == POLICY_EXIT)
            len += (size_t)snprintf(text + len, sizeof text - len, ":%d", a->code);
        if (a->act == POLICY_PAGE)
            len += (size_t)snprintf(text + len, sizeof text - len, ":%s",
                                    policy_severity_string(a->severity));
    }
    return text;
}

#define EXPECT(in, row_, state_, actions_)                                                         \
    do {                                                                                           \
        struct policy_decision got_ = decide(in);                                                  \
        assert_string_equal(policy_row_info(got_.row)->name, policy_row_info(row_)->name);         \
        assert_string_equal(got_.state, state_);                                                   \
        assert_string_equal(render(&got_), actions_);                                              \
    } while (0)

#define ON_MACHINE POLICY_MACHINE
#define ON_KUBE POLICY_KUBERNETES

static void test_70_mapped(void **state)
{
    for (int p = 0; p < 2; p++) {
        struct input in = input_of((enum policy_platform)p);
        wrote_file(&in);
        in.seen.mapping = POLICY_TARGET_OTHER;
        ended(&in, 70);
        EXPECT(&in, POLICY_ROW_UPGRADE, "Upgrading", "latch event swap start");
        assert_int_equal(policy_row_info(POLICY_ROW_UPGRADE)->upgrading, POLICY_TRUE);
        // A page that was sent while the mapping was missing ends with the swap.
        in.history.page_open = true;
        EXPECT(&in, POLICY_ROW_UPGRADE, "Upgrading", "latch event resolve swap start");
        // Done: the new target answers.
        struct input after = input_of((enum policy_platform)p);
        after.history.upgraded = true;
        alive(&after, POLICY_SIGNAL_ABSENT);
        EXPECT(&after, POLICY_ROW_UPGRADED, "Upgraded", "");
    }
    struct input in = input_of(ON_MACHINE);
    wrote_file(&in);
    in.seen.mapping = POLICY_TARGET_OTHER;
    in.config.stay_after_upgrade = true;
    ended(&in, 70);
    EXPECT(&in, POLICY_ROW_UPGRADE, "Upgrading", "latch event swap exit:0");
}

static void test_70_no_mapping(void **state)
{
    struct input in = input_of(ON_MACHINE);
    wrote_file(&in);
    ended(&in, 70);
    EXPECT(&in, POLICY_ROW_MAPPING_MISSING, "BinaryMissing", "latch page:error event hold exit:70");
    in.config.exit_on_hold = false;
    EXPECT(&in, POLICY_ROW_MAPPING_MISSING, "BinaryMissing", "latch page:error event hold");
    in.seen.platform = ON_KUBE;
    in.config.exit_on_hold = true;
    EXPECT(&in, POLICY_ROW_MAPPING_MISSING, "ImageMappingMissing", "latch page:error event hold");
    assert_int_equal(policy_row_info(POLICY_ROW_MAPPING_MISSING)->upgrading, POLICY_UNKNOWN);
    // The mapping comes: released by the table.
    in.seen.mapping = POLICY_TARGET_OTHER;
    in.history.page_open = true;
    EXPECT(&in, POLICY_ROW_UPGRADE, "Upgrading", "latch event resolve swap start");
}

static void test_70_of_an_unknown_plan(void **state)
{
    struct input in = input_of(ON_MACHINE);
    in.seen.mapping = POLICY_TARGET_OTHER; // of whatever: no plan, no mapping
    ended(&in, 70);
    EXPECT(&in, POLICY_ROW_PLAN_UNKNOWN, "BinaryMissing", "latch page:error event hold exit:70");
    in.seen.platform = ON_KUBE;
    EXPECT(&in, POLICY_ROW_PLAN_UNKNOWN, "ImageMappingMissing", "latch page:error event hold");
}

static void test_70_from_the_mapped_target(void **state)
{
    for (int halted = 0; halted < 2; halted++) {
        struct input in = input_of(ON_MACHINE);
        said(&in, &intent_70, 0);
        ended(&in, 70);
        in.seen.mapping = halted ? POLICY_TARGET_HALTED : POLICY_TARGET_SAME;
        EXPECT(&in, POLICY_ROW_MAPPED_TARGET_HALTED, "MappedTargetHalted",
               "latch page:error event hold exit:70");
        in.seen.platform = ON_KUBE;
        EXPECT(&in, POLICY_ROW_MAPPED_TARGET_HALTED, "MappedTargetHalted",
               "latch page:error event hold");
        assert_int_equal(policy_row_info(POLICY_ROW_MAPPED_TARGET_HALTED)->upgrading, POLICY_FALSE);
    }
}

static void test_71(void **state)
{
    struct input in = input_of(ON_MACHINE);
    ended(&in, 71);
    in.seen.mapping = POLICY_TARGET_OTHER; // never advances by itself
    in.seen.rollback = POLICY_TARGET_OTHER;
    EXPECT(&in, POLICY_ROW_ROLL_BACK, "RolledBack", "latch page:error event roll_back start");
    in.seen.platform = ON_KUBE;
    EXPECT(&in, POLICY_ROW_ROLL_BACK, "RolledBack", "latch page:error event roll_back start");
    // Afterwards: the earlier target runs, and the page stays open.
    struct input after = input_of(ON_MACHINE);
    after.history.rolled_back = after.history.page_open = true;
    alive(&after, POLICY_SIGNAL_ABSENT);
    EXPECT(&after, POLICY_ROW_ROLLED_BACK, "RolledBack", "");
}

static void test_71_nothing_to_go_back_to(void **state)
{
    const enum policy_target targets[] = {POLICY_TARGET_NONE, POLICY_TARGET_SAME,
                                          POLICY_TARGET_HALTED};
    for (size_t i = 0; i < 3; i++) {
        struct input in = input_of(ON_MACHINE);
        ended(&in, 71);
        in.seen.rollback = targets[i];
        EXPECT(&in, POLICY_ROW_NO_ROLLBACK_TARGET, "NoRollbackTarget",
               "latch page:error event hold exit:71");
        in.seen.platform = ON_KUBE;
        EXPECT(&in, POLICY_ROW_NO_ROLLBACK_TARGET, "NoRollbackTarget",
               "latch page:error event hold");
    }
}

static void test_72(void **state)
{
    struct input in = input_of(ON_MACHINE);
    ended(&in, 72);
    in.seen.mapping = in.seen.rollback = POLICY_TARGET_OTHER; // never picks another
    EXPECT(&in, POLICY_ROW_HUMAN_REQUIRED, "HumanRequired",
           "latch page:critical event hold exit:72");
    in.seen.platform = ON_KUBE;
    EXPECT(&in, POLICY_ROW_HUMAN_REQUIRED, "HumanRequired", "latch page:critical event hold");
    // The supervisor comes up again: still held, by the record.
    struct input again = input_of(ON_MACHINE);
    said(&again, &intent_72, 0);
    again.seen.intent_recorded = true;
    EXPECT(&again, POLICY_ROW_HUMAN_REQUIRED, "HumanRequired",
           "latch page:critical event hold exit:72");
    assert_string_equal(decide(&again).source, "record");
    // Until a person says so.
    again.history.resume = again.history.page_open = true;
    EXPECT(&again, POLICY_ROW_RESUMED, "Resumed", "event release resolve start");
}

static void test_reserved_and_unknown_reasons(void **state)
{
    for (int code = 73; code <= 89; code++) {
        struct input in = input_of(ON_KUBE);
        ended(&in, code);
        EXPECT(&in, POLICY_ROW_UNKNOWN_REASON, "UnknownHaltReason", "latch page:error event hold");
    }
    struct input in = input_of(ON_MACHINE);
    ended(&in, 75);
    said(&in, &intent_75, 0);
    EXPECT(&in, POLICY_ROW_UNKNOWN_REASON, "UnknownHaltReason",
           "latch page:error event hold exit:75");
}

static void test_a_daemon_that_only_writes_the_file(void **state)
{
    for (int p = 0; p < 2; p++) {
        struct input in = input_of((enum policy_platform)p);
        in.config.speaks = false;
        wrote_file(&in);
        in.seen.mapping = POLICY_TARGET_OTHER;
        alive(&in, POLICY_SIGNAL_ABSENT);
        EXPECT(&in, POLICY_ROW_UPGRADE_FILE, "Upgrading", "latch event stop:90000 | swap start");
        // The same when it ended by itself or by that signal, whatever it made of it.
        for (int code = 0; code < 3; code++) {
            ended(&in, code);
            EXPECT(&in, POLICY_ROW_UPGRADE_FILE, "Upgrading", "latch event swap start");
        }
        killed(&in, 15);
        EXPECT(&in, POLICY_ROW_UPGRADE_FILE, "Upgrading", "latch event swap start");
        ended(&in, 70);
        EXPECT(&in, POLICY_ROW_UPGRADE, "Upgrading", "latch event swap start");
        in.seen.mapping = POLICY_TARGET_NONE;
        ended(&in, 1);
        assert_int_equal(decide(&in).row, POLICY_ROW_MAPPING_MISSING);
    }
}

static void test_exit_0(void **state)
{
    struct input in = input_of(ON_MACHINE);
    ended(&in, 0);
    EXPECT(&in, POLICY_ROW_STOPPED, "Stopped", "exit:0");
    in.seen.platform = ON_KUBE;
    EXPECT(&in, POLICY_ROW_STOPPED, "Stopped", "start");
    in.history.ended_ms = 400;
    EXPECT(&in, POLICY_ROW_STOPPED, "Stopped", "wait:600 | start");
    in.history.ended_ms = 1000;
    EXPECT(&in, POLICY_ROW_STOPPED, "Stopped", "start");
}

static void test_crashes(void **state)
{
    for (int p = 0; p < 2; p++) {
        struct input in = input_of((enum policy_platform)p);
        killed(&in, 9);
        in.history.crashes = 1;
        EXPECT(&in, POLICY_ROW_CRASH, "Crashed", "event start");
        in.history.ended_ms = 0;
        EXPECT(&in, POLICY_ROW_CRASH, "Crashed", "event wait:1000 | start");
        in.history.crashes = 4;
        in.history.ended_ms = 1;
        EXPECT(&in, POLICY_ROW_CRASH, "Crashed", "event wait:7999 | start");
        in.history.crashes = 6;
        EXPECT(&in, POLICY_ROW_CRASH_LOOP, "CrashLoop",
               p == 0 ? "page:error event hold exit:137" : "page:error event hold");
        ended(&in, 2);
        EXPECT(&in, POLICY_ROW_CRASH_LOOP, "CrashLoop",
               p == 0 ? "page:error event hold exit:2" : "page:error event hold");
        // It survives a restart of the supervisor.
        in.seen.life = POLICY_NOT_STARTED;
        in.history.last_exit_code = 2;
        EXPECT(&in, POLICY_ROW_CRASH_LOOP, "CrashLoop",
               p == 0 ? "page:error event hold exit:2" : "page:error event hold");
        in.history.resume = true;
        EXPECT(&in, POLICY_ROW_RESUMED, "Resumed", "event release start");
    }
}

static void test_backoff_doubles_to_its_limit(void **state)
{
    struct input in = input_of(ON_MACHINE);
    ended(&in, 1);
    in.history.ended_ms = 0;
    in.config.crash_budget = UINT32_MAX - 1;
    int64_t want = 1000;
    for (uint32_t crashes = 1; crashes < 100; crashes++) {
        in.history.crashes = crashes;
        assert_int_equal(decide(&in).actions[1].ms, want < 300000 ? want : 300000);
        want = want < 300000 ? want * 2 : want;
    }
    in.history.crashes = UINT32_MAX - 1;
    assert_int_equal(decide(&in).actions[1].ms, 300000);
}

static void test_count_of_crashes(void **state)
{
    struct policy_config config;
    policy_config_init(&config);
    assert_int_equal(policy_count_crash(0, 0, &config), 1);
    assert_int_equal(policy_count_crash(4, config.healthy_after_ms - 1, &config), 5);
    assert_int_equal(policy_count_crash(4, config.healthy_after_ms, &config), 1);
    assert_int_equal(policy_count_crash(UINT32_MAX, 0, &config), UINT32_MAX);
}

static void test_alive_with_a_live_intent(void **state)
{
    for (int p = 0; p < 2; p++) {
        struct input in = input_of((enum policy_platform)p);
        in.config.speaks = false; // a live field speaks for itself
        in.config.exit_on_hold = false;
        in.seen.mapping = in.seen.rollback = POLICY_TARGET_OTHER;
        alive(&in, POLICY_SIGNAL_INTENT);
        said(&in, &intent_70, 10000);
        EXPECT(&in, POLICY_ROW_UPGRADE_GRACE, "Upgrading",
               "latch event wait:20000 | stop:90000 swap start");
        said(&in, &intent_70, 30000);
        EXPECT(&in, POLICY_ROW_UPGRADE, "Upgrading", "latch event stop:90000 | swap start");
        // People are paged at once, the process keeps its window.
        said(&in, &intent_71, 0);
        EXPECT(&in, POLICY_ROW_ROLL_BACK, "RolledBack",
               "latch page:error event wait:30000 | stop:90000 roll_back start");
        said(&in, &intent_72, 29999);
        EXPECT(&in, POLICY_ROW_HUMAN_REQUIRED, "HumanRequired",
               "latch page:critical event wait:1 | stop:90000 hold");
        said(&in, &intent_72, 30000);
        EXPECT(&in, POLICY_ROW_HUMAN_REQUIRED, "HumanRequired",
               "latch page:critical event stop:90000 | hold");
        // Resumed while it still lives: stopped first.
        in.history.resume = true;
        EXPECT(&in, POLICY_ROW_RESUMED, "Resumed", "event stop:90000 | release start");
    }
}

static void test_alive_and_nothing_said(void **state)
{
    for (int p = 0; p < 2; p++) {
        struct input in = input_of((enum policy_platform)p);
        alive(&in, POLICY_SIGNAL_ABSENT);
        EXPECT(&in, POLICY_ROW_HEALTHY, "Healthy", "");
        in.history.page_open = true;
        EXPECT(&in, POLICY_ROW_HEALTHY, "Healthy", "resolve");
        alive(&in, POLICY_SIGNAL_NULL);
        EXPECT(&in, POLICY_ROW_NO_SIGNAL, "NoSignal", "");
        alive(&in, POLICY_SIGNAL_UNREACHABLE);
        EXPECT(&in, POLICY_ROW_UNREACHABLE, "Unreachable", "");
        // A record is no sign of life, and no halt of a process that lives.
        said(&in, &intent_72, 0);
        in.seen.intent_recorded = true;
        EXPECT(&in, POLICY_ROW_UNREACHABLE, "Unreachable", "");
    }
}

static void test_first_start(void **state)
{
    struct input in = input_of(ON_MACHINE);
    EXPECT(&in, POLICY_ROW_START, "Starting", "start");
    // upgrade-info.json of an earlier life says nothing about a start that was not made.
    wrote_file(&in);
    EXPECT(&in, POLICY_ROW_START, "Starting", "start");
}

static void test_a_code_alone_needs_a_known_speaker(void **state)
{
    for (int code = 70; code <= 89; code++) {
        struct input in = input_of(ON_MACHINE);
        in.config.speaks = false;
        in.seen.mapping = in.seen.rollback = POLICY_TARGET_OTHER;
        ended(&in, code);
        in.history.crashes = 1;
        EXPECT(&in, POLICY_ROW_CRASH_UNCORROBORATED, "Crashed", "event start");
        in.history.crashes = 6;
        assert_int_equal(decide(&in).row, POLICY_ROW_CRASH_LOOP);
        in.history.seen_speaking = true;
        assert_true(decide(&in).reason == code);
    }
}

static void test_only_the_nodes_own_code_counts(void **state)
{
    struct input in = input_of(ON_MACHINE);
    ended(&in, 72);
    in.seen.exit_own = false;
    assert_int_equal(decide(&in).row, POLICY_ROW_CRASH);
    // Killed by a signal whose number looks like a code.
    killed(&in, 70);
    in.seen.exit_own = true;
    assert_int_equal(decide(&in).row, POLICY_ROW_CRASH);
    // 128+n, as a container shows a signal.
    ended(&in, 128 + 9);
    assert_int_equal(decide(&in).row, POLICY_ROW_CRASH);
    // Stopped is not ended.
    ended(&in, 0);
    in.seen.exit_class = SEI_HALT_CLASS_NOT_ENDED;
    assert_int_equal(decide(&in).row, POLICY_ROW_UNREACHABLE);
}

static void test_disagreement_is_never_acted_on(void **state)
{
    const struct {
        const char *what;
        const struct sei_halt_intent *intent;
        int code; // -1: alive
        bool file;
        bool speaks;
    } cases[] = {
        {"live 70, code 71", &intent_70, 71, false, true},
        {"live 71, code 70", &intent_71, 70, false, true},
        {"live 70, code 75", &intent_70, 75, false, true},
        {"live 75, code 70", &intent_75, 70, false, true},
        {"live 75, code 76", &intent_75, 76, false, true},
        {"live 71, and the file", &intent_71, 71, true, true},
        {"live 72, and the file", &intent_72, -1, true, true},
        {"token of another reason", &intent_wrong_token, 70, false, true},
        {"token of another reason, alive", &intent_wrong_token, -1, false, true},
        {"code 71, and the file", NULL, 71, true, true},
        {"code 72 of an unknown daemon, and the file", NULL, 72, true, false},
        {"code 75, and the file", NULL, 75, true, false},
        {"a speaker that wrote the file and ended with 0", NULL, 0, true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct input in = input_of(ON_KUBE);
        in.seen.mapping = in.seen.rollback = POLICY_TARGET_OTHER;
        in.config.speaks = cases[i].speaks;
        alive(&in, POLICY_SIGNAL_ABSENT);
        if (cases[i].code >= 0)
            ended(&in, cases[i].code);
        if (cases[i].intent)
            said(&in, cases[i].intent, INT64_MAX);
        if (cases[i].file)
            wrote_file(&in);
        struct policy_decision got = decide(&in);
        if (got.row != POLICY_ROW_EVIDENCE_DISAGREES)
            fail_msg("%s: %s", cases[i].what, policy_row_info(got.row)->name);
        assert_string_equal(render(&got), "latch page:error event hold");
    }
}

// The supervisor comes up again: the record of a disagreement is no better than the evidence was.
static void test_disagreement_survives_a_restart(void **state)
{
    struct input in = input_of(ON_MACHINE);
    said(&in, &intent_70, 0);
    in.seen.intent_recorded = true;
    in.seen.mapping = POLICY_TARGET_OTHER;
    assert_int_equal(decide(&in).row, POLICY_ROW_UPGRADE);
    in.history.disagreed = true;
    EXPECT(&in, POLICY_ROW_EVIDENCE_DISAGREES, "EvidenceDisagrees",
           "latch page:error event hold exit:70");
    in.history.resume = true;
    EXPECT(&in, POLICY_ROW_RESUMED, "Resumed", "event release start");
}

static void test_an_empty_token_says_nothing(void **state)
{
    struct input in = input_of(ON_MACHINE);
    struct sei_halt_intent intent = intent_72;
    intent.reason_string = (struct sei_halt_text)TEXT("");
    said(&in, &intent, 0);
    ended(&in, 72);
    assert_int_equal(decide(&in).row, POLICY_ROW_HUMAN_REQUIRED);
}

static void test_file_of_another_plan_disagrees(void **state)
{
    struct input in = input_of(ON_MACHINE);
    said(&in, &intent_70, 0);
    ended(&in, 70);
    wrote_file(&in);
    in.seen.mapping = POLICY_TARGET_OTHER;
    assert_int_equal(decide(&in).row, POLICY_ROW_UPGRADE);
    in.seen.file_name = (struct sei_halt_text)TEXT("v3");
    assert_int_equal(decide(&in).row, POLICY_ROW_EVIDENCE_DISAGREES);
    in.seen.file_since_start = false; // an old file is no evidence
    assert_int_equal(decide(&in).row, POLICY_ROW_UPGRADE);
}

static void test_a_live_intent_outlives_a_bad_end(void **state)
{
    struct input in = input_of(ON_MACHINE);
    said(&in, &intent_70, 0);
    in.seen.mapping = POLICY_TARGET_OTHER;
    killed(&in, 9);
    EXPECT(&in, POLICY_ROW_UPGRADE, "Upgrading", "latch event swap start");
    ended(&in, 1);
    EXPECT(&in, POLICY_ROW_UPGRADE, "Upgrading", "latch event swap start");
    ended(&in, 0);
    EXPECT(&in, POLICY_ROW_UPGRADE, "Upgrading", "latch event swap start");
    in.seen.mapping = POLICY_TARGET_NONE;
    EXPECT(&in, POLICY_ROW_MAPPING_MISSING, "BinaryMissing", "latch page:error event hold exit:70");
}

static void test_when_the_file_is_fresh(void **state)
{
    struct input in = input_of(ON_MACHINE);
    wrote_file(&in);
    alive(&in, POLICY_SIGNAL_ABSENT);
    const struct {
        int64_t height;
        bool fresh;
    } heights[] = {{42, true}, {41, true}, {40, false}, {43, true}, {1, false}, {0, false}};
    for (size_t i = 0; i < sizeof heights / sizeof *heights; i++) {
        in.seen.height = heights[i].height;
        assert_int_equal(policy_file_is_fresh(&in.seen), heights[i].fresh);
    }
    ended(&in, 1); // its RPC never opened: a cold start at the height
    assert_true(policy_file_is_fresh(&in.seen));
    in.seen.file_since_start = false;
    assert_false(policy_file_is_fresh(&in.seen));
    wrote_file(&in);
    in.seen.file_name.len = 0;
    assert_false(policy_file_is_fresh(&in.seen));
    wrote_file(&in);
    in.seen.file_height = INT64_MIN;
    assert_false(policy_file_is_fresh(&in.seen));
    in.seen.file_height = 0;
    assert_false(policy_file_is_fresh(&in.seen));
    wrote_file(&in);
    in.seen.file_present = false;
    assert_false(policy_file_is_fresh(&in.seen));
}

static void test_a_speaker_says_it_itself(void **state)
{
    struct input in = input_of(ON_MACHINE);
    wrote_file(&in);
    in.seen.mapping = POLICY_TARGET_OTHER;
    alive(&in, POLICY_SIGNAL_ABSENT);
    in.seen.signal_age_ms = 500;
    EXPECT(&in, POLICY_ROW_FILE_PENDING, "Halting", "wait:29500");
    // It never did: stay-alive, and its field is null, say.
    alive(&in, POLICY_SIGNAL_NULL);
    in.seen.signal_age_ms = 30000;
    EXPECT(&in, POLICY_ROW_UPGRADE_FILE, "Upgrading", "latch event stop:90000 | swap start");
}

static void test_the_supervisor_is_told_to_end(void **state)
{
    struct input in = input_of(ON_MACHINE);
    in.seen.stop_requested = true;
    alive(&in, POLICY_SIGNAL_ABSENT);
    EXPECT(&in, POLICY_ROW_STOPPING, "Stopping", "");
    ended(&in, 0);
    EXPECT(&in, POLICY_ROW_STOPPED, "Stopped", "exit:0");
    ended(&in, 70);
    wrote_file(&in);
    in.seen.mapping = POLICY_TARGET_OTHER;
    EXPECT(&in, POLICY_ROW_UPGRADE, "Upgrading", "latch event exit:70");
    killed(&in, 15);
    in.seen.file_present = false;
    EXPECT(&in, POLICY_ROW_CRASH, "Crashed", "event exit:143");
    in.seen.platform = ON_KUBE;
    EXPECT(&in, POLICY_ROW_CRASH, "Crashed", "event");
}

// ---- the whole domain ---------------------------------------------------------------------------

static const struct {
    enum sei_halt_class class_;
    int detail;
} ends[] = {
    {SEI_HALT_CLASS_SUCCESS, 0},   {SEI_HALT_CLASS_CONTRACT, 70},  {SEI_HALT_CLASS_CONTRACT, 71},
    {SEI_HALT_CLASS_CONTRACT, 72}, {SEI_HALT_CLASS_RESERVED, 75},  {SEI_HALT_CLASS_CRASH, 1},
    {SEI_HALT_CLASS_SIGNAL, 9},    {SEI_HALT_CLASS_NOT_ENDED, 19},
};
static const struct {
    enum policy_signal signal;
    const struct sei_halt_intent *intent;
} signals[] = {
    {POLICY_SIGNAL_UNREACHABLE, NULL},
    {POLICY_SIGNAL_ABSENT, NULL},
    {POLICY_SIGNAL_NULL, NULL},
    {POLICY_SIGNAL_INTENT, &intent_70},
    {POLICY_SIGNAL_INTENT, &intent_71},
    {POLICY_SIGNAL_INTENT, &intent_72},
    {POLICY_SIGNAL_INTENT, &intent_75},
    {POLICY_SIGNAL_INTENT, &intent_70_no_plan},
    {POLICY_SIGNAL_INTENT, &intent_wrong_token},
};
enum { ENDS = sizeof ends / sizeof *ends, SIGNALS = sizeof signals / sizeof *signals };

// One axis of the domain: takes its value off the number.
static unsigned axis(unsigned *rest, unsigned size)
{
    unsigned value = *rest % size;
    *rest /= size;
    return value;
}

static void set_life(struct input *in, unsigned value)
{
    // 0: not started, 1: alive, then every end, own and not.
    in->seen.life = value == 0 ? POLICY_NOT_STARTED : value == 1 ? POLICY_ALIVE : POLICY_ENDED;
    if (value >= 2) {
        in->seen.exit_class = ends[(value - 2) % ENDS].class_;
        in->seen.exit_detail = ends[(value - 2) % ENDS].detail;
        in->seen.exit_own = (value - 2) / ENDS == 0;
    }
}

static void set_file(struct input *in, unsigned value)
{
    if (value == 0)
        return;
    wrote_file(in);
    in->seen.file_since_start = value != 1;
    if (value == 3)
        in->seen.file_name = (struct sei_halt_text)TEXT("v3");
    if (value == 4)
        in->seen.height = 7;
    if (value == 5)
        in->seen.height = 0;
}

enum {
    LIVES = 2 + 2 * ENDS,
    DOMAIN = LIVES * (2 * SIGNALS - 3) * 2 * 6 * 4 * 4 * 2 * 2 * 2 * 3 * 2 * 4 * 2,
};

static struct input input_at(unsigned n)
{
    struct input in = {0};
    policy_config_init(&in.config);
    in.seen.platform = (enum policy_platform)axis(&n, 2);
    set_life(&in, axis(&n, LIVES));
    unsigned signal = axis(&n, 2 * SIGNALS - 3); // intents twice: live and from the record
    in.seen.intent_recorded = signal >= SIGNALS;
    signal = signal < SIGNALS ? signal : signal - SIGNALS + 3;
    in.seen.signal = signals[signal].signal;
    in.seen.intent = signals[signal].intent;
    in.seen.signal_age_ms = axis(&n, 2) ? in.config.halt_grace_ms : 0;
    set_file(&in, axis(&n, 6));
    in.seen.mapping = (enum policy_target)axis(&n, 4);
    in.seen.rollback = (enum policy_target)axis(&n, 4);
    in.seen.stop_requested = axis(&n, 2);
    in.config.speaks = axis(&n, 2);
    static const uint32_t crashes[] = {0, 1, 6};
    in.history.crashes = crashes[axis(&n, 3)];
    in.history.resume = axis(&n, 2);
    unsigned before = axis(&n, 4);
    in.history.page_open = before & 1;
    in.history.rolled_back = before == 2;
    in.history.upgraded = before == 3;
    unsigned variant = axis(&n, 2);
    in.config.exit_on_hold = variant;
    in.config.stay_after_upgrade = variant;
    in.history.ended_ms = variant ? 3600000 : 0;
    return in;
}

// Where each kind of action stands in a decision; -1: nowhere.
struct shape {
    int at[POLICY_EXIT + 1];
};

static struct shape shape_of(const struct policy_decision *d)
{
    struct shape s;
    memset(&s, 0xff, sizeof s);
    for (int i = 0; i < (int)d->count; i++)
        s.at[d->actions[i].act] = i;
    return s;
}

static bool has(const struct shape *s, enum policy_act act)
{
    return s->at[act] >= 0;
}

#define NEVER(condition)                                                                           \
    do {                                                                                           \
        if (condition)                                                                             \
            return #condition;                                                                     \
    } while (0)

static const char *check_form(const struct input *in, const struct policy_decision *d,
                              const struct shape *s)
{
    int last = (int)d->count - 1;
    NEVER(d->count > POLICY_ACTIONS_MAX || d->now > d->count || d->row >= POLICY_ROW_COUNT);
    NEVER(d->count > 0 && d->now == 0);
    NEVER(has(s, POLICY_START) && has(s, POLICY_EXIT));
    NEVER(has(s, POLICY_SWAP) && has(s, POLICY_ROLL_BACK));
    NEVER(has(s, POLICY_START) && s->at[POLICY_START] != last);
    NEVER(has(s, POLICY_EXIT) && s->at[POLICY_EXIT] != last);
    NEVER(has(s, POLICY_HOLD) != d->held);
    NEVER(d->held && (has(s, POLICY_START) || has(s, POLICY_SWAP) || has(s, POLICY_ROLL_BACK)));
    NEVER(has(s, POLICY_EXIT) && in->seen.platform == POLICY_KUBERNETES);
    const enum policy_severity severity = policy_row_info(d->row)->severity;
    NEVER(has(s, POLICY_PAGE) != (severity != POLICY_SEVERITY_NONE));
    NEVER(has(s, POLICY_PAGE) && d->actions[s->at[POLICY_PAGE]].severity != severity);
    NEVER(has(s, POLICY_PAGE) &&
          (!has(s, POLICY_EVENT) || d->actions[s->at[POLICY_EVENT]].severity != severity));
    NEVER(has(s, POLICY_LATCH) && s->at[POLICY_LATCH] != 0);
    NEVER(has(s, POLICY_RELEASE) && d->row != POLICY_ROW_RESUMED);
    for (int i = 0; i <= last; i++)
        NEVER((d->actions[i].act == POLICY_WAIT || d->actions[i].act == POLICY_STOP) &&
              d->actions[i].ms <= 0);
    return NULL;
}

static const char *check_safety(const struct input *in, const struct policy_decision *d,
                                const struct shape *s)
{
    bool lives = in->seen.life == POLICY_ALIVE ||
                 (in->seen.life == POLICY_ENDED && in->seen.exit_class == SEI_HALT_CLASS_NOT_ENDED);
    bool resumed = d->row == POLICY_ROW_RESUMED;
    bool other = has(s, POLICY_SWAP) || has(s, POLICY_ROLL_BACK);
    NEVER(resumed && !in->history.resume);
    // After any halt the same target never starts again by itself.
    NEVER(d->reason != 0 && has(s, POLICY_START) && !other && !resumed);
    NEVER(d->reason == 72 && (other || (has(s, POLICY_START) && !resumed)));
    NEVER(d->reason == 71 && has(s, POLICY_SWAP));
    NEVER(has(s, POLICY_SWAP) && (d->reason != 70 || in->seen.mapping != POLICY_TARGET_OTHER ||
                                  policy_plan(&in->seen).len == 0));
    NEVER(has(s, POLICY_ROLL_BACK) &&
          (d->reason != 71 || in->seen.rollback != POLICY_TARGET_OTHER));
    NEVER(other && !has(s, POLICY_LATCH));
    // A process that lives is never passed over: nothing is swapped or started beside it.
    NEVER(lives && (other || has(s, POLICY_START)) &&
          (!has(s, POLICY_STOP) || (size_t)s->at[POLICY_STOP] + 1 < d->now));
    NEVER(has(s, POLICY_STOP) && !lives);
    NEVER(has(s, POLICY_STOP) && has(s, POLICY_START) && d->now > (size_t)s->at[POLICY_STOP] + 1);
    // Unreachable, null and absent are no halt.
    bool silent = in->seen.signal != POLICY_SIGNAL_INTENT || in->seen.intent_recorded;
    NEVER(lives && silent && !policy_file_is_fresh(&in->seen) &&
          (has(s, POLICY_STOP) || has(s, POLICY_PAGE) || d->reason != 0));
    NEVER(in->seen.stop_requested && (has(s, POLICY_START) || other));
    // Success is reported upwards only for an ordinary stop or a finished swap.
    NEVER(has(s, POLICY_EXIT) && d->actions[s->at[POLICY_EXIT]].code == 0 && d->held);
    // sysexits: a code alone of an unknown daemon is a crash.
    bool unknown = !in->config.speaks && silent && in->seen.signal != POLICY_SIGNAL_INTENT;
    NEVER(unknown && !policy_file_is_fresh(&in->seen) && d->reason != 0);
    return NULL;
}

// What is shown to follow a STOP is what the next decision says when the process ends as it should.
static const char *check_plan(const struct input *in, const struct policy_decision *d,
                              const struct shape *s)
{
    bool own = in->seen.life == POLICY_ALIVE && in->seen.signal == POLICY_SIGNAL_INTENT;
    // The file may become evidence only by the end: policy_file_is_fresh.
    if (!own || !has(s, POLICY_STOP) || in->seen.file_present)
        return NULL;
    struct input next = *in;
    int code = (int)in->seen.intent->reason;
    ended(&next, code);
    next.seen.exit_own = true;
    struct policy_decision then = decide(&next);
    size_t planned = (size_t)s->at[POLICY_STOP] + 1;
    NEVER(then.count < d->count - planned);
    NEVER(memcmp(d->actions + planned, then.actions + then.count - (d->count - planned),
                 (d->count - planned) * sizeof *d->actions) != 0);
    return NULL;
}

static void test_the_whole_domain(void **state)
{
    static unsigned seen[POLICY_ROW_COUNT];
    for (unsigned n = 0; n < DOMAIN; n++) {
        struct input in = input_at(n);
        struct policy_decision d = decide(&in);
        struct shape s = shape_of(&d);
        const char *wrong = check_form(&in, &d, &s);
        if (!wrong)
            wrong = check_safety(&in, &d, &s);
        if (!wrong)
            wrong = check_plan(&in, &d, &s);
        if (wrong)
            fail_msg("case %u, row %s: %s; does %s", n, policy_row_info(d.row)->name, wrong,
                     render(&d));
        seen[d.row]++;
        if (n % 64 == 0) {
            struct policy_decision again = decide(&in);
            assert_memory_equal(&d, &again, sizeof d);
        }
    }
    for (int row = 0; row < POLICY_ROW_COUNT; row++)
        if (seen[row] == 0)
            fail_msg("row %s is never reached", policy_row_info((enum policy_row)row)->name);
}

static void test_every_row_has_its_texts(void **state)
{
    for (int a = 0; a < POLICY_ROW_COUNT; a++) {
        const struct policy_row_info *info = policy_row_info((enum policy_row)a);
        assert_non_null(info->name);
        assert_true(strlen(info->when) > 0 && strlen(info->happened) > 10);
        assert_true(strlen(info->will) > 5);
        for (int p = 0; p < 2; p++)
            assert_true(strlen(info->reason[p]) > 0 && strlen(info->advice[p]) > 10);
        for (int b = 0; b < a; b++)
            assert_string_not_equal(info->name, policy_row_info((enum policy_row)b)->name);
    }
    for (int act = 0; act <= POLICY_EXIT; act++)
        assert_string_not_equal(policy_act_string((enum policy_act)act), "invalid");
    assert_string_equal(policy_condition_string(POLICY_UNKNOWN), "Unknown");
}

static void test_keys(void **state)
{
    char key[POLICY_KEY_SIZE], other[POLICY_KEY_SIZE];
    struct input in = input_of(ON_MACHINE);
    said(&in, &intent_72, 0);
    ended(&in, 72);
    struct policy_decision d = decide(&in);
    policy_key("node/0", "/opt/v2", &in.seen, &d, key);
    assert_true(strncmp(key, "node_0/human-required/v1/", 25) == 0);
    // The same halt from the record has the same key.
    in.seen.life = POLICY_NOT_STARTED;
    in.seen.intent_recorded = true;
    d = decide(&in);
    policy_key("node/0", "/opt/v2", &in.seen, &d, other);
    assert_string_equal(key, other);
    policy_key("node/0", "/opt/v3", &in.seen, &d, other);
    assert_string_not_equal(key, other);
    policy_key("node_0", "/opt/v2", &in.seen, &d, other);
    assert_string_not_equal(key, other);
    // Letters, digits and -._ stay as they are; the longest part has its limit.
    policy_key("AZaz09-._", "", &in.seen, &d, other);
    assert_true(strncmp(other, "AZaz09-._/human-required/v1/", 28) == 0);
    policy_key("@[`{/:,+", "", &in.seen, &d, other);
    assert_true(strncmp(other, "________/", 9) == 0);
    policy_key("0123456789012345678901234567890123456789x", "", &in.seen, &d, other);
    assert_true(strncmp(other, "0123456789012345678901234567890123456789/", 41) == 0);
    // Long and hostile texts stay within the size.
    char text[3000];
    memset(text, 0xff, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct sei_halt_intent wild = intent_72;
    wild.plan_name = (struct sei_halt_text){text, sizeof text};
    wild.height = INT64_MIN;
    in.seen.intent = &wild;
    policy_key(text, text, &in.seen, &d, other);
    assert_true(strlen(other) < POLICY_KEY_SIZE && strlen(other) > 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_70_mapped),
        cmocka_unit_test(test_70_no_mapping),
        cmocka_unit_test(test_70_of_an_unknown_plan),
        cmocka_unit_test(test_70_from_the_mapped_target),
        cmocka_unit_test(test_71),
        cmocka_unit_test(test_71_nothing_to_go_back_to),
        cmocka_unit_test(test_72),
        cmocka_unit_test(test_reserved_and_unknown_reasons),
        cmocka_unit_test(test_a_daemon_that_only_writes_the_file),
        cmocka_unit_test(test_exit_0),
        cmocka_unit_test(test_crashes),
        cmocka_unit_test(test_backoff_doubles_to_its_limit),
        cmocka_unit_test(test_count_of_crashes),
        cmocka_unit_test(test_alive_with_a_live_intent),
        cmocka_unit_test(test_alive_and_nothing_said),
        cmocka_unit_test(test_first_start),
        cmocka_unit_test(test_a_code_alone_needs_a_known_speaker),
        cmocka_unit_test(test_only_the_nodes_own_code_counts),
        cmocka_unit_test(test_disagreement_is_never_acted_on),
        cmocka_unit_test(test_disagreement_survives_a_restart),
        cmocka_unit_test(test_an_empty_token_says_nothing),
        cmocka_unit_test(test_file_of_another_plan_disagrees),
        cmocka_unit_test(test_a_live_intent_outlives_a_bad_end),
        cmocka_unit_test(test_when_the_file_is_fresh),
        cmocka_unit_test(test_a_speaker_says_it_itself),
        cmocka_unit_test(test_the_supervisor_is_told_to_end),
        cmocka_unit_test(test_the_whole_domain),
        cmocka_unit_test(test_every_row_has_its_texts),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
