// The life cycle: every pair of the table, what must hold of all of it, and golden traces.
#include "seivisor/core/life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool has(const struct life_cell *cell, enum life_effect effect)
{
    for (int i = 0; i < LIFE_EFFECTS_MAX && cell->effects[i]; i++)
        if (cell->effects[i] == effect)
            return true;
    return false;
}

static bool is_swap_state(enum life_state state)
{
    return state >= LIFE_DELAY && state <= LIFE_HOOK;
}

// life_cell asserts that the row is there.
static void test_every_pair_is_in_the_table(void **unused)
{
    for (int state = 0; state < LIFE_STATES; state++) {
        assert_non_null(life_state_name((enum life_state)state));
        for (int event = 0; event < LIFE_EVENTS; event++) {
            const struct life_cell *cell =
                life_cell((enum life_state)state, (enum life_event)event);
            assert_true(cell->known);
            assert_non_null(life_event_name((enum life_event)event));
            for (int i = 0; i < LIFE_EFFECTS_MAX; i++)
                assert_non_null(life_effect_name(cell->effects[i]));
        }
    }
}

// What is true of each transition, whatever the state.
static void check_cell(enum life_state state, enum life_event event)
{
    const struct life_cell *cell = life_cell(state, event);
    // A daemon is started only where none runs, and the state says so after.
    if (has(cell, LIFE_DO_SPAWN)) {
        assert_false(life_has_child(state));
        assert_int_equal(cell->next, LIFE_RUNNING);
    }
    // Nothing touches data, link or journal while one runs.
    if (has(cell, LIFE_DO_LINK) || has(cell, LIFE_DO_BACKUP) || has(cell, LIFE_DO_SCRIPT) ||
        has(cell, LIFE_DO_HOOK) || has(cell, LIFE_DO_NOTE_STOPPED))
        assert_false(life_has_child(state));
    // SIGKILL only by the grace timer.
    if (has(cell, LIFE_DO_KILL)) {
        assert_int_equal(event, LIFE_EV_TIMER);
        assert_true(state == LIFE_STOPPING || state == LIFE_ENDING);
    }
    // The link follows a journal that says where it goes, and is noted.
    if (has(cell, LIFE_DO_LINK)) {
        assert_true(has(cell, LIFE_DO_NOTE_STOPPED) || has(cell, LIFE_DO_NOTE_HOOKS) ||
                    event == LIFE_EV_REDO_LINK);
        assert_true(has(cell, LIFE_DO_NOTE_SWAPPED));
    }
    // Only a delivery, its time-out or a second signal ends it all.
    if (cell->next == LIFE_ENDED && state != LIFE_ENDED) {
        assert_int_equal(state, LIFE_LEAVING);
        assert_true(has(cell, LIFE_DO_EXIT));
    }
    // A hold is stored before the journal is dropped.
    if (has(cell, LIFE_DO_HOLD))
        assert_true(has(cell, LIFE_DO_CLEAR) && cell->next == LIFE_HELD);
    // A daemon that runs is never lost sight of.
    if (life_has_child(state) && event != LIFE_EV_GONE && event != LIFE_EV_JOB_OK &&
        event != LIFE_EV_JOB_FAILED && !(state == LIFE_RUNNING && event == LIFE_EV_FAILED))
        assert_true(life_has_child(cell->next));
}

static void test_what_holds_of_every_transition(void **unused)
{
    for (int state = 0; state < LIFE_STATES; state++)
        for (int event = 0; event < LIFE_EVENTS; event++)
            check_cell((enum life_state)state, (enum life_event)event);
}

static void test_the_end_is_final(void **unused)
{
    for (int event = 0; event < LIFE_EVENTS; event++) {
        const struct life_cell *cell = life_cell(LIFE_ENDED, (enum life_event)event);
        assert_int_equal(cell->next, LIFE_ENDED);
        assert_int_equal(cell->effects[0], LIFE_DO_NOTHING);
    }
}

static void test_a_signal_leads_to_the_end_from_everywhere(void **unused)
{
    // After QUIT, the daemon or job ends, the policy says EXIT, and the pages are done.
    const enum life_event path[] = {LIFE_EV_QUIT, LIFE_EV_GONE, LIFE_EV_JOB_FAILED, LIFE_EV_EXIT,
                                    LIFE_EV_PAGED};
    for (int state = 0; state < LIFE_STATES; state++) {
        enum life_state at = (enum life_state)state;
        for (size_t i = 0; i < sizeof path / sizeof path[0]; i++)
            at = life_cell(at, path[i])->next;
        assert_int_equal(at, LIFE_ENDED);
    }
}

// Every state is reached from the start.
static void test_no_state_is_unreachable(void **unused)
{
    bool seen[LIFE_STATES] = {[LIFE_IDLE] = true};
    for (int round = 0; round < LIFE_STATES; round++)
        for (int state = 0; state < LIFE_STATES; state++)
            for (int event = 0; seen[state] && event < LIFE_EVENTS; event++)
                seen[life_cell((enum life_state)state, (enum life_event)event)->next] = true;
    for (int state = 0; state < LIFE_STATES; state++)
        assert_true(seen[state]);
}

static void test_a_swap_goes_one_step_at_a_time(void **unused)
{
    for (int state = LIFE_DELAY; state <= LIFE_HOOK; state++)
        for (int event = 0; event < LIFE_EVENTS; event++) {
            enum life_state next = life_cell((enum life_state)state, (enum life_event)event)->next;
            if (is_swap_state(next) || next == LIFE_LINKED)
                assert_true((int)next == state || (int)next == state + 1);
        }
}

// A trace is a list of words: each event, then the effects and the state that it led to.
static void trace(const enum life_event *events, size_t count, char *ret, size_t cap)
{
    enum life_state state = LIFE_IDLE;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const struct life_cell *cell = life_cell(state, events[i]);
        at += (size_t)snprintf(ret + at, cap - at, "%s:", life_event_name(events[i]));
        for (int k = 0; k < LIFE_EFFECTS_MAX && cell->effects[k]; k++)
            at += (size_t)snprintf(ret + at, cap - at, " %s", life_effect_name(cell->effects[k]));
        state = cell->next;
        at += (size_t)snprintf(ret + at, cap - at, " => %s\n", life_state_name(state));
    }
}

#define TRACE(...)                                                                                 \
    ((const enum life_event[]){__VA_ARGS__}),                                                      \
        sizeof((const enum life_event[]){__VA_ARGS__}) / sizeof(enum life_event)

static void assert_trace(const enum life_event *events, size_t count, const char *want)
{
    char got[4096];
    trace(events, count, got, sizeof got);
    assert_string_equal(got, want);
}

static void test_golden_upgrade(void **unused)
{
    assert_trace(TRACE(LIFE_EV_NEWS, LIFE_EV_START, LIFE_EV_GONE, LIFE_EV_SWAP, LIFE_EV_TIMER,
                       LIFE_EV_JOB_OK, LIFE_EV_JOB_OK, LIFE_EV_JOB_OK, LIFE_EV_START),
                 "news: decide => idle\n"
                 "start: spawn note-started => running\n"
                 "gone: disarm decide => idle\n"
                 "swap: note-stopped arm-delay => delay\n"
                 "timer: backup => backup\n"
                 "job-ok: note-backup script => script\n"
                 "job-ok: hook => pre-upgrade\n"
                 "job-ok: note-hooks link note-swapped go => linked\n"
                 "start: spawn note-started => running\n");
}

static void test_golden_stay_alive_then_rollback(void **unused)
{
    assert_trace(TRACE(LIFE_EV_START, LIFE_EV_NEWS, LIFE_EV_WAIT, LIFE_EV_TIMER, LIFE_EV_STOP,
                       LIFE_EV_TIMER, LIFE_EV_GONE, LIFE_EV_BACK, LIFE_EV_START),
                 "start: spawn note-started => running\n"
                 "news: decide => running\n"
                 "wait: arm-wait => window\n"
                 "timer: decide => window\n"
                 "stop: term arm-grace => stopping\n"
                 "timer: kill => stopping\n"
                 "gone: disarm decide => idle\n"
                 "back: note-stopped link note-swapped go => linked\n"
                 "start: spawn note-started => running\n");
}

static void test_golden_crash_hold_resume(void **unused)
{
    assert_trace(TRACE(LIFE_EV_START, LIFE_EV_GONE, LIFE_EV_WAIT, LIFE_EV_TIMER, LIFE_EV_START,
                       LIFE_EV_GONE, LIFE_EV_HOLD, LIFE_EV_NEWS, LIFE_EV_START, LIFE_EV_QUIT,
                       LIFE_EV_GONE, LIFE_EV_EXIT, LIFE_EV_PAGED),
                 "start: spawn note-started => running\n"
                 "gone: disarm decide => idle\n"
                 "wait: arm-wait => backoff\n"
                 "timer: decide => idle\n"
                 "start: spawn note-started => running\n"
                 "gone: disarm decide => idle\n"
                 "hold: clear arm-look => held\n"
                 "news: disarm decide => idle\n"
                 "start: spawn note-started => running\n"
                 "quit: forward arm-grace => ending\n"
                 "gone: disarm decide => idle\n"
                 "exit: clear leave => leaving\n"
                 "paged: disarm exit => ended\n");
}

static void test_golden_backup_fails(void **unused)
{
    assert_trace(
        TRACE(LIFE_EV_REDO_BACKUP, LIFE_EV_JOB_FAILED, LIFE_EV_QUIT, LIFE_EV_EXIT, LIFE_EV_TIMER),
        "redo-backup: backup => backup\n"
        "job-failed: hold clear arm-look rest => held\n"
        "quit: disarm decide => idle\n"
        "exit: clear leave => leaving\n"
        "timer: exit => ended\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pair_is_in_the_table),
        cmocka_unit_test(test_what_holds_of_every_transition),
        cmocka_unit_test(test_the_end_is_final),
        cmocka_unit_test(test_a_signal_leads_to_the_end_from_everywhere),
        cmocka_unit_test(test_no_state_is_unreachable),
        cmocka_unit_test(test_a_swap_goes_one_step_at_a_time),
        cmocka_unit_test(test_golden_upgrade),
        cmocka_unit_test(test_golden_stay_alive_then_rollback),
        cmocka_unit_test(test_golden_crash_hold_resume),
        cmocka_unit_test(test_golden_backup_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
