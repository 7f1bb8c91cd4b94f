// What the supervisor tells about itself: status, metrics, history.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "seivisor/core/json.h"
#include "seivisor/shell/visor.h"
#include "wire/promtext.h"

static json_t *time_json(int64_t realtime_ns)
{
    CLEANUP_BUF struct buf text = {0};
    if (realtime_ns == 0)
        return json_null();
    rfc3339_append_ms(&text, realtime_ns);
    return json_string(buf_cstr(&text));
}

void report_write_history(struct visor *v)
{
    struct err e = {0};
    size_t count = json_array_size(v->history_pending);
    for (size_t i = 0; i < count; i++) {
        json_t *entry = json_incref(json_array_get(v->history_pending, i));
        if (store_history(&v->store, entry, i + 1 == count, &e) < 0)
            log_error(v->log, e.text);
    }
    json_array_clear(v->history_pending);
}

void report_history(struct visor *v, const char *event, json_t *more, bool later)
{
    json_t *entry = json_pack("{s:o, s:s}", "at", time_json(clock_realtime_ns()), "event", event);
    json_object_update(entry, more);
    json_decref(more);
    json_array_append_new(v->history_pending, entry);
    if (!later)
        report_write_history(v);
}

// The state for people: the policy's word, except where it speaks of what nobody asked for.
static const char *shown_state(const struct visor *v)
{
    const struct memory_hold *hold = &v->store.memory.hold;
    if (v->state == LIFE_HELD || (hold->active && v->start.life != POLICY_ALIVE))
        return hold->active ? hold->state : "Held";
    if (v->state >= LIFE_DELAY && v->state <= LIFE_LINKED)
        return v->store.journal.kind == SWAP_ROLLBACK ? "RollingBack" : "Upgrading";
    if (v->state == LIFE_RUNNING && v->row == POLICY_ROW_UNREACHABLE && v->start.asked)
        return "Unreachable";
    // What led to the start is no word about what runs since.
    bool of_now = v->row == POLICY_ROW_HEALTHY || v->row == POLICY_ROW_UPGRADED ||
                  v->row == POLICY_ROW_ROLLED_BACK || v->row == POLICY_ROW_NO_SIGNAL;
    if (v->state == LIFE_RUNNING && !of_now)
        return "Running";
    return v->decided ? v->decision.state : "Starting";
}

static json_t *hold_json(const struct memory_hold *hold)
{
    if (!hold->active)
        return json_null();
    json_t *ret =
        json_pack("{s:s, s:o, s:o, s:I, s:s, s:s, s:i, s:o}", "state", hold->state, "why",
                  json_safe_string(hold->why), "plan_name", json_safe_string(hold->plan), "height",
                  (json_int_t)hold->height, "target", hold->target, "key", hold->key, "exit_code",
                  hold->exit_code, "since", time_json(hold->at_ns));
    return ret;
}

static json_t *swap_json(const struct visor *v)
{
    const struct journal *j = &v->store.journal;
    if (j->step == SWAP_NONE)
        return json_null();
    json_t *ret = json_pack("{s:s, s:s, s:s, s:s, s:o, s:I, s:o}", "kind", swap_kind_name(j->kind),
                            "step", swap_step_name(j->step), "from", j->from, "to", j->to,
                            "plan_name", json_safe_string(j->plan), "height", (json_int_t)j->height,
                            "since", time_json(j->at_ns));
    if (j->backup[0])
        json_object_set_new(ret, "backup", json_safe_string(j->backup));
    return ret;
}

static json_t *good_json(const struct memory *m)
{
    json_t *ret = json_array();
    for (unsigned i = 0; i < m->good_count; i++)
        json_array_append_new(ret, json_pack("{s:s, s:o, s:I}", "target", m->good[i].target, "at",
                                             time_json(m->good[i].at_ns), "height",
                                             (json_int_t)m->good[i].height));
    return ret;
}

static void add_staged(const char *target, bool runs, void *context)
{
    json_t *list = context;
    json_array_append_new(
        list, json_pack("{s:o, s:b}", "target", json_safe_string(target), "runs", runs));
}

static json_t *staged_json(const struct visor *v)
{
    json_t *ret = json_array();
    home_each_staged(&v->home, add_staged, ret);
    return ret;
}

static json_t *pages_json(const struct visor *v)
{
    json_t *ret = json_array();
    struct pager_view p;
    for (size_t i = 0; pager_at(v->pages, i, &p); i++)
        json_array_append_new(
            ret,
            json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:i, s:s}", "key", p.page->dedup_key, "due",
                      page_action_text(p.want), "severity", page_severity_text(p.page->severity),
                      "summary", p.page->summary, "to_reach", paging_names(v, p.left), "reached",
                      paging_names(v, p.told), "attempts", (int)p.attempts, "at", p.page->at));
    return ret;
}

// Monotonic to realtime.
static int64_t realtime_of(int64_t monotonic_ns)
{
    return monotonic_ns ? clock_realtime_ns() - (clock_monotonic_ns() - monotonic_ns) : 0;
}

json_t *report_status(struct visor *v)
{
    const struct memory *m = &v->store.memory;
    json_t *ret =
        json_pack("{s:s, s:s, s:s, s:o, s:o, s:i, s:o, s:I, s:i}", "state", shown_state(v), "life",
                  life_state_name(v->state), "target", v->current, "name",
                  json_safe_string(v->settings->name), "home", json_safe_string(v->settings->home),
                  "pid", (int)v->child.pid, "running_since",
                  time_json(v->start.life == POLICY_ALIVE ? realtime_of(v->start.started_ns) : 0),
                  "height", (json_int_t)v->start.height, "crashes_in_a_row", m->crashes);
    json_object_set_new(ret, "restart_budget", json_integer(v->config.crash_budget));
    json_object_set_new(ret, "supervisor_since", time_json(v->boot_ns));
    json_object_set_new(ret, "supervisor_pid", json_integer(getpid()));
    json_object_set_new(ret, "last_exit_code", json_integer(m->last_exit_code));
    json_object_set_new(ret, "row",
                        json_string(v->decided ? policy_row_info(v->row)->name : "none"));
    json_object_set_new(ret, "hold", hold_json(&m->hold));
    json_object_set_new(ret, "swap", swap_json(v));
    json_object_set_new(ret, "ran_well", good_json(m));
    json_object_set_new(ret, "staged", staged_json(v));
    json_object_set_new(ret, "pages", pages_json(v));
    json_object_set_new(ret, "version", json_string(SEI_VERSION));
    if (v->start.file_present)
        json_object_set_new(
            ret, "upgrade_info",
            json_pack("{s:o, s:I, s:b}", "name", json_safe_string(v->start.file.name), "height",
                      (json_int_t)v->start.file.height, "staged", v->start.file_staged));
    return ret;
}

static void gauge(struct buf *ret, const char *name, const char *help, double value)
{
    promtext_family(ret, name, PROMTEXT_GAUGE, help);
    promtext_double(ret, name, NULL, 0, value);
}

static void counter(struct buf *ret, const char *name, const char *help, uint64_t value)
{
    promtext_family(ret, name, PROMTEXT_COUNTER, help);
    promtext_int(ret, name, NULL, 0, (int64_t)value);
}

static void add_staged_metric(const char *target, bool runs, void *context)
{
    const struct promtext_label label = {"target", target};
    promtext_int(context, "seivisor_staged", &label, 1, runs);
}

static unsigned undelivered_pages(const struct visor *v)
{
    unsigned count = 0;
    struct pager_view p;
    for (size_t i = 0; pager_at(v->pages, i, &p); i++)
        count += p.left != 0;
    return count;
}

void report_metrics(struct visor *v, struct buf *ret)
{
    const struct memory *m = &v->store.memory;
    struct pager_counts pages = pager_counts(v->pages);
    const struct promtext_label info[] = {
        {"version", SEI_VERSION}, {"target", v->current}, {"state", shown_state(v)}};
    promtext_family(ret, "seivisor_info", PROMTEXT_GAUGE, "What runs and how it is; always 1.");
    promtext_int(ret, "seivisor_info", info, sizeof info / sizeof info[0], 1);
    gauge(ret, "seivisor_daemon_up", "1 while the daemon's process lives.",
          life_has_child(v->state));
    gauge(ret, "seivisor_daemon_start_time_seconds", "When the daemon was started, since 1970.",
          v->start.life == POLICY_ALIVE ? (double)realtime_of(v->start.started_ns) / 1e9 : 0);
    gauge(ret, "seivisor_daemon_height", "The daemon's height where it was asked, else 0.",
          (double)v->start.height);
    gauge(ret, "seivisor_held", "1 while a person is needed.", m->hold.active);
    gauge(ret, "seivisor_hold_start_time_seconds", "Since when; 0 without a hold.",
          m->hold.active ? (double)m->hold.at_ns / 1e9 : 0);
    gauge(ret, "seivisor_halt_reason", "The contract's number of the halt that counts; 0: none.",
          (double)(v->decided ? v->decision.reason : 0));
    gauge(ret, "seivisor_swap_step", "The last step of the swap under way; 0: none.",
          (double)v->store.journal.step);
    gauge(ret, "seivisor_plan_height",
          "The height in upgrade-info.json, if written since the start; else 0.",
          v->start.file_present ? (double)v->start.file.height : 0);
    promtext_family(ret, "seivisor_staged", PROMTEXT_GAUGE,
                    "Staged binaries; 1 when it may be executed.");
    home_each_staged(&v->home, add_staged_metric, ret);
    gauge(ret, "seivisor_crashes_in_a_row", "Crashes of the current binary in a row.", m->crashes);
    gauge(ret, "seivisor_restart_budget", "Crashes in a row that are answered with a restart.",
          v->config.crash_budget);
    gauge(ret, "seivisor_pages_open", "Pages that are not resolved.", pages.open);
    gauge(ret, "seivisor_pages_undelivered", "Pages with a target that was not reached yet.",
          undelivered_pages(v));
    counter(ret, "seivisor_starts_total", "Starts of the daemon, over all runs.", m->restarts);
    counter(ret, "seivisor_swaps_total", "Upgrades that were swapped in, over all runs.", m->swaps);
    counter(ret, "seivisor_rollbacks_total", "Rollbacks, over all runs.", m->rollbacks);
    counter(ret, "seivisor_orphans_reaped_total", "Processes that were adopted and reaped.",
            v->procs.orphans);
}
