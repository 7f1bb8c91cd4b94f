#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/limits.h"
#include "net/pager.h"

#define AT "2026-01-02T03:04:05Z"

static const struct pager_policy plain = {1000, 60000, 0, 0};
static const struct pager_target one_target[] = {{"a", 0}};
static const struct pager_target two_targets[] = {{"a", 0}, {"am", 30000}};

static struct page page_of(const char *key)
{
    return (struct page){.dedup_key = key,
                         .summary = "seid halted",
                         .source = "seivisor@host",
                         .component = "seid",
                         .group = "",
                         .class_name = "downgrade_detected",
                         .at = AT,
                         .severity = PAGE_CRITICAL};
}

static void trigger(struct pager *p, const char *key, int64_t now_ms)
{
    struct page page = page_of(key);
    assert_int_equal(pager_trigger(p, &page, now_ms, NULL), 0);
}

static struct pager_request expect_due(struct pager *p, int64_t now_ms, enum page_action action,
                                       size_t target, unsigned attempt)
{
    struct pager_request r;
    assert_int_equal(pager_next_ms(p), now_ms);
    assert_false(pager_due(p, now_ms - 1, &r));
    assert_true(pager_due(p, now_ms, &r));
    assert_int_equal(r.action, action);
    assert_int_equal(r.target, target);
    assert_int_equal(r.attempt, attempt);
    return r;
}

static void expect_nothing(struct pager *p)
{
    struct pager_request r;
    assert_false(pager_due(p, INT64_MAX, &r));
    assert_int_equal(pager_next_ms(p), INT64_MAX);
}

static void answer(struct pager *p, struct pager_request r, enum pager_result result,
                   int64_t now_ms)
{
    assert_int_equal(pager_answer(p, r.id, result, -1, now_ms, 0), 0);
    assert_int_equal(pager_answer(p, r.id, result, -1, now_ms, 0), PAGER_UNKNOWN);
}

static void test_told_once_then_resolved(void **state)
{
    struct pager *p = pager_new(&plain, one_target, 1);
    struct page page = page_of("k");
    expect_nothing(p);
    trigger(p, "k", 5);
    assert_int_equal(pager_trigger(p, &page, 6, NULL), PAGER_KNOWN);
    struct pager_request r = expect_due(p, 5, PAGE_TRIGGER, 0, 1);
    assert_string_equal(r.page->summary, "seid halted");
    expect_nothing(p); // in flight
    assert_int_equal(pager_counts(p).in_flight, 1);
    answer(p, r, PAGER_TAKEN, 10);
    expect_nothing(p);
    assert_int_equal(pager_counts(p).undelivered, 0);
    assert_int_equal(pager_trigger(p, &page, 11, NULL), PAGER_KNOWN);
    assert_int_equal(pager_resolve(p, "other", 20), PAGER_UNKNOWN);
    assert_int_equal(pager_resolve(p, "k", 20), 0);
    assert_int_equal(pager_resolve(p, "k", 20), PAGER_UNKNOWN);
    answer(p, expect_due(p, 20, PAGE_RESOLVE, 0, 1), PAGER_TAKEN, 30);
    assert_int_equal(pager_counts(p).incidents, 0);
    trigger(p, "k", 40); // a new incident
    pager_free(p);
}

static void test_backoff_doubles_up_to_its_limit(void **state)
{
    struct pager *p = pager_new(&plain, one_target, 1);
    int64_t now_ms = 0;
    trigger(p, "k", now_ms);
    static const int64_t delays_ms[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000};
    for (unsigned i = 0; i < sizeof delays_ms / sizeof *delays_ms; i++) {
        answer(p, expect_due(p, now_ms, PAGE_TRIGGER, 0, i + 1), PAGER_RETRY, now_ms);
        now_ms += delays_ms[i];
    }
    answer(p, expect_due(p, now_ms, PAGE_TRIGGER, 0, 10), PAGER_TAKEN, now_ms);
    expect_nothing(p);
    pager_free(p);
}

static void test_jitter_and_retry_after(void **state)
{
    struct pager_policy jittered = {1000, 60000, 20, 0};
    static const struct {
        uint32_t random;
        int64_t retry_after_ms, delay_ms;
    } rows[] = {{0, -1, 1000},  {UINT32_MAX, -1, 1199}, {0x80000000, -1, 1100},
                {0, 500, 1000}, {0, 7000, 7000},        {UINT32_MAX, 100000, 100000}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pager *p = pager_new(&jittered, one_target, 1);
        struct pager_request r;
        trigger(p, "k", 0);
        assert_true(pager_due(p, 0, &r));
        pager_answer(p, r.id, PAGER_RETRY, rows[i].retry_after_ms, 0, rows[i].random);
        assert_int_equal(pager_next_ms(p), rows[i].delay_ms);
        pager_free(p);
    }
}

static void test_refusal_and_used_up_attempts_end_it(void **state)
{
    struct pager_policy three = {1000, 1000, 0, 3};
    struct pager *p = pager_new(&three, one_target, 1);
    trigger(p, "refused", 0);
    answer(p, expect_due(p, 0, PAGE_TRIGGER, 0, 1), PAGER_REFUSED, 0);
    expect_nothing(p);
    assert_int_equal(pager_counts(p).incidents, 1);
    assert_int_equal(pager_counts(p).undelivered, 0);
    // It never heard of it, so there is nothing to resolve.
    assert_int_equal(pager_resolve(p, "refused", 1), 0);
    assert_int_equal(pager_counts(p).incidents, 0);

    trigger(p, "lost", 10);
    for (unsigned i = 0; i < 3; i++)
        answer(p, expect_due(p, 10 + i * 1000, PAGE_TRIGGER, 0, i + 1), PAGER_RETRY, 10 + i * 1000);
    expect_nothing(p);
    assert_int_equal(pager_counts(p).given_up, 1);
    // It may have heard of it: an answer can be lost too.
    assert_int_equal(pager_resolve(p, "lost", 5000), 0);
    answer(p, expect_due(p, 5000, PAGE_RESOLVE, 0, 1), PAGER_TAKEN, 5000);
    assert_int_equal(pager_counts(p).incidents, 0);
    pager_free(p);
}

static void test_refresh_while_alive(void **state)
{
    struct pager *p = pager_new(&plain, two_targets, 2);
    trigger(p, "k", 0);
    answer(p, expect_due(p, 0, PAGE_TRIGGER, 0, 1), PAGER_TAKEN, 0);
    answer(p, expect_due(p, 0, PAGE_TRIGGER, 1, 1), PAGER_TAKEN, 0);
    assert_int_equal(pager_counts(p).undelivered, 0);
    answer(p, expect_due(p, 30000, PAGE_TRIGGER, 1, 1), PAGER_RETRY, 30000);
    assert_int_equal(pager_counts(p).undelivered, 0);
    answer(p, expect_due(p, 31000, PAGE_TRIGGER, 1, 2), PAGER_TAKEN, 31000);
    answer(p, expect_due(p, 61000, PAGE_TRIGGER, 1, 1), PAGER_TAKEN, 61000);
    // One that fails again and again is not put off beyond the next.
    int64_t now_ms = 91000;
    static const int64_t delays_ms[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
    for (unsigned i = 0; i < sizeof delays_ms / sizeof *delays_ms; i++) {
        answer(p, expect_due(p, now_ms, PAGE_TRIGGER, 1, i + 1), PAGER_RETRY, now_ms);
        now_ms += delays_ms[i];
    }
    assert_int_equal(pager_resolve(p, "k", now_ms), 0);
    answer(p, expect_due(p, now_ms, PAGE_RESOLVE, 0, 1), PAGER_TAKEN, now_ms);
    answer(p, expect_due(p, now_ms, PAGE_RESOLVE, 1, 1), PAGER_TAKEN, now_ms);
    assert_int_equal(pager_counts(p).incidents, 0);
    pager_free(p);
}

// Orders that overtake what is in flight: every answer, both ways.
static void test_orders_overtake(void **state)
{
    for (int result = PAGER_TAKEN; result <= PAGER_REFUSED; result++) {
        struct pager *p = pager_new(&plain, one_target, 1);
        struct page again = page_of("k");
        again.summary = "again";
        trigger(p, "k", 0);
        struct pager_request r = expect_due(p, 0, PAGE_TRIGGER, 0, 1);
        assert_int_equal(pager_resolve(p, "k", 1), 0);
        expect_nothing(p);
        assert_int_equal(pager_counts(p).undelivered, 1);
        if (result == PAGER_TAKEN) { // opened again with another text, the first still in flight
            assert_int_equal(pager_trigger(p, &again, 2, NULL), 0);
            answer(p, r, PAGER_TAKEN, 3);
            r = expect_due(p, 3, PAGE_TRIGGER, 0, 1);
            assert_string_equal(r.page->summary, "again");
            assert_int_equal(pager_resolve(p, "k", 4), 0);
        }
        answer(p, r, (enum pager_result)result, 5);
        if (result == PAGER_REFUSED) {
            assert_int_equal(pager_counts(p).incidents, 0);
        } else {
            r = expect_due(p, 5, PAGE_RESOLVE, 0, 1);
            assert_int_equal(pager_trigger(p, &again, 6, NULL), 0);
            answer(p, r, (enum pager_result)result, 7);
            expect_due(p, 7, PAGE_TRIGGER, 0, 1);
        }
        pager_free(p);
    }
}

static void test_not_told_is_not_resolved(void **state)
{
    struct pager *p = pager_new(&plain, two_targets, 2);
    trigger(p, "k", 0);
    answer(p, expect_due(p, 0, PAGE_TRIGGER, 0, 1), PAGER_TAKEN, 0);
    assert_int_equal(pager_resolve(p, "k", 1), 0); // before the second target's turn
    answer(p, expect_due(p, 1, PAGE_RESOLVE, 0, 1), PAGER_TAKEN, 1);
    expect_nothing(p);
    assert_int_equal(pager_counts(p).incidents, 0);
    pager_free(p);
}

static void test_queue_is_bounded(void **state)
{
    struct pager *p = pager_new(&plain, one_target, 1);
    char key[32];
    for (int i = 0; i < NET_PAGE_INCIDENTS_MAX; i++) {
        snprintf(key, sizeof key, "k%d", i);
        trigger(p, key, 0);
    }
    struct page more = page_of("more");
    assert_int_equal(pager_trigger(p, &more, 0, NULL), PAGER_FULL);
    assert_int_equal(pager_resolve(p, "k7", 0), 0);
    assert_int_equal(pager_trigger(p, &more, 0, NULL), 0);
    pager_free(p);
}

// Where the newest counts most the oldest makes room, one that is ending first.
static void test_room_is_made(void **state)
{
    struct pager *p = pager_new(&plain, one_target, 1);
    struct pager_view view;
    pager_make_room(p); // nothing to forget
    trigger(p, "first", 0);
    struct pager_request r = expect_due(p, 0, PAGE_TRIGGER, 0, 1);
    trigger(p, "ending", 1);
    answer(p, expect_due(p, 1, PAGE_TRIGGER, 0, 1), PAGER_TAKEN, 1);
    trigger(p, "last", 2);
    assert_int_equal(pager_resolve(p, "ending", 3), 0);
    pager_make_room(p);
    assert_int_equal(pager_counts(p).incidents, 2);
    assert_true(pager_at(p, 0, &view));
    assert_string_equal(view.page->dedup_key, "first");
    pager_make_room(p);
    assert_true(pager_at(p, 0, &view));
    assert_string_equal(view.page->dedup_key, "last");
    assert_int_equal(pager_answer(p, r.id, PAGER_TAKEN, -1, 4, 0), PAGER_UNKNOWN);
    pager_free(p);
}

static void test_view_tells_what_each_target_has(void **state)
{
    struct pager *p = pager_new(&plain, two_targets, 2);
    struct pager_view view;
    assert_false(pager_at(p, 0, &view));
    trigger(p, "k", 0);
    struct pager_request first = expect_due(p, 0, PAGE_TRIGGER, 0, 1);
    assert_false(first.refresh);
    answer(p, first, PAGER_RETRY, 0);
    answer(p, expect_due(p, 0, PAGE_TRIGGER, 1, 1), PAGER_TAKEN, 0);
    assert_true(pager_at(p, 0, &view));
    assert_int_equal(view.want, PAGE_TRIGGER);
    assert_int_equal(view.attempts, 1);
    assert_int_equal(view.told, 2);
    assert_int_equal(view.left, 1); // not the refresh of the second
    answer(p, expect_due(p, 1000, PAGE_TRIGGER, 0, 2), PAGER_TAKEN, 1000);
    assert_true(expect_due(p, 30000, PAGE_TRIGGER, 1, 1).refresh);
    trigger(p, "other", 40000);
    assert_int_equal(pager_counts(p).open, 2);
    assert_int_equal(pager_resolve_all(p, 50000), 2);
    assert_int_equal(pager_resolve_all(p, 50000), 0);
    // Nobody heard of the other one.
    assert_int_equal(pager_counts(p).incidents, 1);
    assert_int_equal(pager_counts(p).open, 0);
    assert_true(pager_at(p, 0, &view));
    assert_int_equal(view.want, PAGE_RESOLVE);
    assert_int_equal(view.left, 3);
    assert_false(pager_at(p, 1, &view));
    pager_free(p);
}

// A kill between the save and the answer: the page may have arrived, so its end is told.
static void test_what_waited_when_saved_may_have_been_sent(void **state)
{
    struct pager *p = pager_new(&plain, one_target, 1);
    struct err e = {0};
    trigger(p, "k", 0);
    json_t *saved = pager_to_json(p);
    pager_free(p);
    p = pager_new(&plain, one_target, 1);
    assert_int_equal(pager_from_json(p, saved, 0, &e), 0);
    json_decref(saved);
    assert_int_equal(pager_resolve_all(p, 5), 1);
    answer(p, expect_due(p, 5, PAGE_RESOLVE, 0, 1), PAGER_TAKEN, 5);
    assert_int_equal(pager_counts(p).incidents, 0);
    pager_free(p);
}

static void test_pages_that_are_none(void **state)
{
    struct pager *p = pager_new(&plain, one_target, 1);
    char long_key[NET_PAGE_KEY_MAX + 2];
    memset(long_key, 'k', sizeof long_key);
    long_key[sizeof long_key - 1] = '\0';
    struct page rows[5];
    for (size_t i = 0; i < 5; i++)
        rows[i] = page_of("k");
    rows[0].dedup_key = "";
    rows[1].dedup_key = long_key;
    rows[2].summary = "";
    rows[3].at = "2026-01-02 03:04:05";
    rows[4].detail_count = NET_PAGE_DETAILS_MAX + 1;
    for (size_t i = 0; i < 5; i++) {
        struct err e = {0};
        assert_int_equal(pager_trigger(p, &rows[i], 0, &e), -EINVAL);
        assert_int_equal(e.code, -EINVAL);
    }
    assert_int_equal(pager_counts(p).incidents, 0);
    pager_free(p);
}

static void test_texts_become_utf8_and_short(void **state)
{
    CLEANUP_ARENA struct arena arena = {0};
    struct page page = page_of("k"), copy;
    char *long_text = malloc(3000);
    assert_non_null(long_text);
    memset(long_text, 'x', 2999);
    memcpy(long_text + NET_PAGE_SUMMARY_MAX - 1, "\xc3\xa9", 2); // the limit is inside
    long_text[2999] = '\0';
    struct page_detail detail = {"plan", "a\xff\xc3(\xed\xa0\x80\xf0\x9f\x98\x80"};
    page.summary = long_text;
    page.details = &detail;
    page.detail_count = 1;
    page_copy(&arena, &page, &copy);
    assert_int_equal(strlen(copy.summary), NET_PAGE_SUMMARY_MAX - 1);
#define FFFD "\xef\xbf\xbd"
    assert_string_equal(copy.details[0].value, "a" FFFD FFFD "(" FFFD FFFD FFFD "\xf0\x9f\x98\x80");
    json_t *json = page_to_json(&copy);
    assert_non_null(json);
    json_decref(json);
    free(long_text);
}

static void test_state_survives(void **state)
{
    struct pager *p = pager_new(&plain, two_targets, 2);
    CLEANUP_BUF struct buf saved = {0}, again = {0};
    struct err e = {0};
    trigger(p, "told", 0);
    answer(p, expect_due(p, 0, PAGE_TRIGGER, 0, 1), PAGER_TAKEN, 0);
    answer(p, expect_due(p, 0, PAGE_TRIGGER, 1, 1), PAGER_TAKEN, 0);
    trigger(p, "in flight", 1);
    expect_due(p, 1, PAGE_TRIGGER, 0, 1);
    trigger(p, "ending", 2);
    struct pager_request r;
    assert_true(pager_due(p, 2, &r) && pager_due(p, 2, &r)); // the other of 1, and one of 2
    assert_int_equal(pager_resolve(p, "ending", 3), 0);
    pager_save(p, &saved);
    pager_free(p);

    p = pager_new(&plain, two_targets, 2);
    assert_int_equal(pager_load(p, buf_slice(&saved), 100, &e), 0);
    assert_int_equal(pager_counts(p).incidents, 3);
    pager_save(p, &again);
    assert_string_equal(buf_cstr(&again), buf_cstr(&saved));
    // told: only a refresh for the one that forgets; in flight: both again; ending: the resolve.
    assert_true(pager_due(p, 100, &r));
    assert_string_equal(r.page->dedup_key, "told");
    assert_int_equal(r.target, 1);
    for (size_t target = 0; target < 2; target++) {
        assert_true(pager_due(p, 100, &r));
        assert_string_equal(r.page->dedup_key, "in flight");
        assert_int_equal(r.target, target);
        assert_int_equal(r.attempt, 2);
    }
    assert_true(pager_due(p, 100, &r));
    assert_string_equal(r.page->dedup_key, "ending");
    assert_int_equal(r.action, PAGE_RESOLVE);
    assert_int_equal(r.target, 0);
    assert_false(pager_due(p, 100, &r));
    pager_free(p);

    // Other targets: the new one hears of what is open, the one that is gone is forgotten.
    static const struct pager_target others[] = {{"new", 0}};
    p = pager_new(&plain, others, 1);
    assert_int_equal(pager_load(p, buf_slice(&saved), 100, &e), 0);
    assert_int_equal(pager_counts(p).incidents, 2);
    assert_int_equal(pager_counts(p).undelivered, 2);
    pager_free(p);
}

static void test_broken_states_are_refused(void **state)
{
    static const char page[] =
        "\"page\":{\"dedup_key\":\"k\",\"severity\":\"info\",\"summary\":\"s\",\"at\":\"" AT "\"}";
    static const char *const rows[] = {
        "", "[]", "{}", "{\"version\":2,\"incidents\":[]}", "{\"version\":1,\"incidents\":{}}",
        "{\"version\":1,\"incidents\":[1]}", "{\"version\":1,\"incidents\":[{}]}",
        "{\"version\":1,\"incidents\":[{\"want\":\"x\",%s,\"targets\":{}}]}",
        "{\"version\":1,\"incidents\":[{\"want\":\"trigger\",%s}]}",
        "{\"version\":1,\"incidents\":[{\"want\":\"trigger\",\"targets\":{}}]}",
        "{\"version\":1,\"incidents\":[{\"want\":\"trigger\",%s,\"targets\":{\"a\":{}}}]}",
        // clang-format off
        "{\"version\":1,\"incidents\":[{\"want\":\"trigger\",%s,\"targets\":{\"a\":{\"knows\":\"told\",\"waiting\":true,\"gave_up\":false,\"attempts\":-1}}}]}",
        // clang-format on
        "{\"version\":1,\"incidents\":[],\"incidents\":[]}"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pager *p = pager_new(&plain, one_target, 1);
        struct err e = {0};
        CLEANUP_BUF struct buf json = {0};
        const char *gap = strstr(rows[i], "%s");
        buf_append(&json, rows[i], gap ? (size_t)(gap - rows[i]) : strlen(rows[i]));
        if (gap)
            buf_printf(&json, "%s%s", page, gap + 2);
        if (pager_load(p, buf_slice(&json), 0, &e) != -EINVAL || !e.text[0])
            fail_msg("taken: %s", buf_cstr(&json));
        assert_int_equal(pager_counts(p).incidents, 0);
        pager_free(p);
    }
}

// --- random walk: receivers that fail, orders that come at any time, restarts in between

enum { KEYS = 4, TARGETS = 3 };

struct world {
    uint64_t seed;
    bool want[KEYS];               // what was ordered last
    bool knows[KEYS][TARGETS];     // what the receiver believes
    bool in_flight[KEYS][TARGETS]; // never two at once
    struct {
        struct pager_request r;
        unsigned key;
    } open[KEYS * TARGETS];
    unsigned open_count;
};

static uint32_t roll(struct world *w, uint32_t n)
{
    w->seed = w->seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(w->seed >> 33) % n;
}

static void receive(struct world *w, struct pager *p, unsigned i, int64_t now_ms, bool reliable)
{
    struct pager_request r = w->open[i].r;
    unsigned key = w->open[i].key;
    uint32_t fate = reliable ? 0 : roll(w, 3);
    if (fate < 2) // taken, or taken and the answer lost
        w->knows[key][r.target] = r.action == PAGE_TRIGGER;
    w->in_flight[key][r.target] = false;
    w->open[i] = w->open[--w->open_count];
    pager_answer(p, r.id, fate == 0 ? PAGER_TAKEN : PAGER_RETRY, -1, now_ms, roll(w, UINT32_MAX));
}

static void send_due(struct world *w, struct pager *p, int64_t now_ms)
{
    struct pager_request r;
    while (pager_due(p, now_ms, &r)) {
        unsigned key = (unsigned)(r.page->dedup_key[0] - '0');
        assert_false(w->in_flight[key][r.target]);
        assert_int_equal(r.action == PAGE_TRIGGER, w->want[key]);
        w->in_flight[key][r.target] = true;
        w->open[w->open_count].r = r;
        w->open[w->open_count++].key = key;
    }
}

static struct pager *restart(struct world *w, struct pager *p, const struct pager_target *targets,
                             int64_t now_ms)
{
    CLEANUP_BUF struct buf saved = {0};
    struct err e = {0};
    for (unsigned i = 0; i < w->open_count; i++) // lost on the way, or not
        if (roll(w, 2))
            w->knows[w->open[i].key][w->open[i].r.target] = w->open[i].r.action == PAGE_TRIGGER;
    w->open_count = 0;
    memset(w->in_flight, 0, sizeof w->in_flight);
    pager_save(p, &saved);
    pager_free(p);
    p = pager_new(&PAGER_POLICY_DEFAULT, targets, TARGETS);
    assert_int_equal(pager_load(p, buf_slice(&saved), now_ms, &e), 0);
    return p;
}

static void walk(uint64_t seed)
{
    static const struct pager_target targets[TARGETS] = {{"x", 0}, {"y", 0}, {"z", 5000}};
    struct world w = {.seed = seed};
    struct pager *p = pager_new(&PAGER_POLICY_DEFAULT, targets, TARGETS);
    int64_t now_ms = 0;
    for (int step = 0; step < 300; step++) {
        char key[2] = {(char)('0' + roll(&w, KEYS)), '\0'};
        unsigned k = (unsigned)(key[0] - '0');
        struct page page = page_of(key);
        now_ms += roll(&w, 2000);
        switch (roll(&w, 8)) {
        case 0:
            assert_int_equal(pager_trigger(p, &page, now_ms, NULL), w.want[k] ? PAGER_KNOWN : 0);
            w.want[k] = true;
            break;
        case 1:
            assert_int_equal(pager_resolve(p, key, now_ms), w.want[k] ? 0 : PAGER_UNKNOWN);
            w.want[k] = false;
            break;
        case 2:
            p = restart(&w, p, targets, now_ms);
            break;
        default:
            send_due(&w, p, now_ms);
            if (w.open_count)
                receive(&w, p, roll(&w, w.open_count), now_ms, false);
        }
    }
    // The receivers come to themselves: all must end up knowing what was ordered last.
    for (int i = 0; i < 1000 && (w.open_count || pager_counts(p).undelivered); i++) {
        now_ms += 400000;
        send_due(&w, p, now_ms);
        while (w.open_count)
            receive(&w, p, 0, now_ms, true);
    }
    for (unsigned k = 0; k < KEYS; k++)
        for (unsigned t = 0; t < TARGETS; t++)
            if (w.knows[k][t] != w.want[k])
                fail_msg("seed %llu: key %u, target %u", (unsigned long long)seed, k, t);
    pager_free(p);
}

static void test_random_walks_converge(void **state)
{
    for (uint64_t seed = 1; seed <= 100; seed++)
        walk(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_told_once_then_resolved),
        cmocka_unit_test(test_backoff_doubles_up_to_its_limit),
        cmocka_unit_test(test_jitter_and_retry_after),
        cmocka_unit_test(test_refusal_and_used_up_attempts_end_it),
        cmocka_unit_test(test_refresh_while_alive),
        cmocka_unit_test(test_orders_overtake),
        cmocka_unit_test(test_not_told_is_not_resolved),
        cmocka_unit_test(test_queue_is_bounded),
        cmocka_unit_test(test_room_is_made),
        cmocka_unit_test(test_view_tells_what_each_target_has),
        cmocka_unit_test(test_what_waited_when_saved_may_have_been_sent),
        cmocka_unit_test(test_pages_that_are_none),
        cmocka_unit_test(test_texts_become_utf8_and_short),
        cmocka_unit_test(test_state_survives),
        cmocka_unit_test(test_broken_states_are_refused),
        cmocka_unit_test(test_random_walks_converge),
    };
    return cmocka_run_group_tests_name("pager", tests, NULL, NULL);
}
