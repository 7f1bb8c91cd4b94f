// The journal: what is written is read, what is torn is not, and recovery over its whole domain.
#include "seivisor/core/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct journal example = {.kind = SWAP_UPGRADE,
                                       .plan = "v2 \"quoted\" \xc3\xa9",
                                       .height = INT64_MAX,
                                       .from = "genesis",
                                       .to = "upgrades/v2",
                                       .backup = "/home/data-backup-v2-9",
                                       .at_ns = 1234567890123456789,
                                       .exit_code = 70};

static void write_steps(struct buf *ret, enum swap_step last)
{
    for (int step = SWAP_INTENT; step <= (int)last; step++)
        journal_append(&example, (enum swap_step)step, example.at_ns, ret);
}

static void assert_example(const struct journal *j, enum swap_step step)
{
    assert_int_equal(j->step, step);
    if (step == SWAP_NONE)
        return;
    assert_int_equal(j->kind, example.kind);
    assert_string_equal(j->plan, example.plan);
    assert_true(j->height == example.height && j->at_ns == example.at_ns);
    assert_string_equal(j->from, example.from);
    assert_string_equal(j->to, example.to);
    assert_string_equal(j->backup, example.backup);
    assert_int_equal(j->exit_code, example.exit_code);
}

static void test_each_step_is_read_again(void **unused)
{
    for (int step = SWAP_INTENT; step < SWAP_STEPS; step++) {
        CLEANUP_BUF struct buf text = {0};
        struct journal j;
        size_t ignored = 99;
        write_steps(&text, (enum swap_step)step);
        journal_decode(text.data, text.len, &j, &ignored);
        assert_example(&j, (enum swap_step)step);
        assert_int_equal(ignored, 0);
    }
}

static void test_every_prefix_is_an_earlier_step(void **unused)
{
    CLEANUP_BUF struct buf text = {0};
    size_t ends[SWAP_STEPS] = {0};
    for (int step = SWAP_INTENT; step < SWAP_STEPS; step++) {
        journal_append(&example, (enum swap_step)step, example.at_ns, &text);
        ends[step] = text.len;
    }
    int whole = SWAP_NONE;
    for (size_t len = 0; len <= text.len; len++) {
        struct journal j;
        size_t ignored;
        while (whole < SWAP_CONFIRMED && len >= ends[whole + 1])
            whole++;
        journal_decode(text.data, len, &j, &ignored);
        assert_example(&j, (enum swap_step)whole);
        assert_int_equal(ignored, len - (whole ? ends[whole] : 0));
    }
}

static void test_a_changed_byte_never_advances_a_swap(void **unused)
{
    CLEANUP_BUF struct buf text = {0};
    write_steps(&text, SWAP_BACKED_UP);
    for (size_t i = 0; i < text.len; i++)
        for (int bit = 0; bit < 8; bit++) {
            struct journal j;
            text.data[i] ^= (uint8_t)(1 << bit);
            journal_decode(text.data, text.len, &j, NULL);
            text.data[i] ^= (uint8_t)(1 << bit);
            assert_true(j.step < SWAP_BACKED_UP);
        }
}

static void test_what_makes_no_sense_is_not_read(void **unused)
{
    static const struct {
        const char *name;
        struct journal first;
        enum swap_step step;
    } rows[] = {
        {"no intent", {.to = "genesis"}, SWAP_STOPPED},
        {"target outside", {.to = "../evil"}, SWAP_INTENT},
        {"target deeper", {.to = "upgrades/a/b"}, SWAP_INTENT},
        {"target empty", {.to = ""}, SWAP_INTENT},
        {"origin outside", {.to = "genesis", .from = "/etc"}, SWAP_INTENT},
        {"target dots", {.to = "upgrades/.."}, SWAP_INTENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CLEANUP_BUF struct buf text = {0};
        struct journal j;
        journal_append(&rows[i].first, rows[i].step, 1, &text);
        journal_decode(text.data, text.len, &j, NULL);
        assert_int_equal(j.step, SWAP_NONE);
    }
}

static void test_steps_do_not_go_back(void **unused)
{
    CLEANUP_BUF struct buf text = {0};
    struct journal j;
    write_steps(&text, SWAP_SWAPPED);
    journal_append(&example, SWAP_STOPPED, 1, &text);
    journal_append(&example, SWAP_STARTED, 1, &text);
    journal_decode(text.data, text.len, &j, NULL);
    assert_int_equal(j.step, SWAP_SWAPPED);
}

// The table, over all of its 8 x 3 x 2 inputs.
static void test_recovery(void **unused)
{
    for (int step = 0; step < SWAP_STEPS; step++)
        for (int link = 0; link < SWAP_LINKS; link++)
            for (int runs = 0; runs < 2; runs++) {
                enum swap_recovery r =
                    swap_recover((enum swap_step)step, (enum swap_link)link, runs);
                assert_non_null(swap_recovery_text(r));
                bool open = step != SWAP_NONE && step != SWAP_CONFIRMED;
                assert_int_equal(r == SWAP_RECOVER_NOTHING, step == SWAP_NONE);
                assert_int_equal(r == SWAP_RECOVER_FORGET, step == SWAP_CONFIRMED);
                // A link that is neither is a person's.
                if (open && link == SWAP_LINK_OTHER)
                    assert_int_equal(r, SWAP_RECOVER_SUPERSEDED);
                // Where the link is in place, the new one is started, and no earlier step is
                // redone.
                if (open && link == SWAP_LINK_TO)
                    assert_int_equal(r, runs ? SWAP_RECOVER_START : SWAP_RECOVER_LOST);
                // Nothing is started or linked that cannot run.
                if (!runs)
                    assert_true(r != SWAP_RECOVER_START && r != SWAP_RECOVER_LINK &&
                                r != SWAP_RECOVER_HOOKS && r != SWAP_RECOVER_BACKUP);
                // Before the link, exactly the next step is done.
                static const enum swap_recovery next[] = {[SWAP_INTENT] = SWAP_RECOVER_FROM_STOP,
                                                          [SWAP_STOPPED] = SWAP_RECOVER_BACKUP,
                                                          [SWAP_BACKED_UP] = SWAP_RECOVER_HOOKS,
                                                          [SWAP_PRE_UPGRADED] = SWAP_RECOVER_LINK};
                if (step >= SWAP_INTENT && step <= SWAP_PRE_UPGRADED && link == SWAP_LINK_FROM &&
                    runs)
                    assert_int_equal(r, next[step]);
                // Behind it, a link at the old one is a person's as well.
                if (open && step >= SWAP_SWAPPED && link == SWAP_LINK_FROM)
                    assert_int_equal(r, SWAP_RECOVER_SUPERSEDED);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_step_is_read_again),
        cmocka_unit_test(test_every_prefix_is_an_earlier_step),
        cmocka_unit_test(test_a_changed_byte_never_advances_a_swap),
        cmocka_unit_test(test_what_makes_no_sense_is_not_read),
        cmocka_unit_test(test_steps_do_not_go_back),
        cmocka_unit_test(test_recovery),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
