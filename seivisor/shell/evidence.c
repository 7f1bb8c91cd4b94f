// What can be known about the daemon: upgrade-info.json and /status.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "seivisor/core/json.h"
#include "seivisor/shell/visor.h"
#include "wire/toml.h"

enum {
    SETTLE_MS = 200,      // how long a file may stay unreadable before that is said
    STAY_ALIVE_MS = 2000, // between probes of a daemon that stays alive when halted
    PENDING_MS = 500,     // … while a file waits for its height
    PROBE_TIMEOUT_MS = 1500,
    // After the file, before /status is asked: most daemons end by themselves at once.
    FIRST_PROBE_MS = 50,
    FIRST_PROBE_SPEAKS_MS = 1000, // one that speaks says it by its code
};

// ---- upgrade-info.json --------------------------------------------------------------------------

// add-upgrade --upgrade-height wrote it ahead of time, and left its stamp.
static bool is_staged(const struct visor *v, const struct plan_stamp *stamp)
{
    CLEANUP_FREE char *path = mem_printf("%s/staged-plan", v->home.state);
    CLEANUP_BUF struct buf text = {0};
    struct plan_stamp staged = {0};
    if (fs_read(path, 4096, &text, NULL) < 0)
        return false;
    json_t *object = json_loadb((const char *)text.data, text.len, 0, NULL);
    staged.inode = (uint64_t)json_number(object, "inode", 0);
    staged.size = (uint64_t)json_number(object, "size", 0);
    staged.mtime_ns = json_number(object, "mtime_ns", 0);
    json_decref(object);
    return plan_stamp_eq(&staged, stamp);
}

static void take_plan(struct visor *v, const struct plan_info *plan, const struct plan_stamp *stamp)
{
    struct visor_start *start = &v->start;
    if (plan_is_skipped(v->args, plan->height)) {
        log_info(v->log, "upgrade-info.json names a height that the daemon was told to skip",
                 LOG_STR("plan", plan->name), LOG_INT("height", plan->height));
        start->file_present = false;
        return;
    }
    start->file_present = true;
    start->file = *plan;
    start->file_staged = is_staged(v, stamp);
    if (start->signal_ns == 0)
        start->signal_ns = clock_monotonic_ns();
    log_info(v->log, "upgrade-info.json was written", LOG_STR("plan", plan->name),
             LOG_INT("height", plan->height), LOG_FLAG("staged", start->file_staged));
    // Whether its height was reached is asked now, not remembered from before.
    start->asked = false;
    v->probe_soon = true;
    evidence_probe_plan(v);
}

static void on_settled(uv_timer_t *timer)
{
    struct visor *v = timer->data;
    evidence_read_plan(v, true);
    visor_feed(v, LIFE_EV_NEWS);
}

// `last_word`: nothing more is expected to be written, so that a broken file is worth a line.
void evidence_read_plan(struct visor *v, bool last_word)
{
    struct plan_info plan;
    struct plan_stamp stamp;
    struct err e = {0};
    uv_timer_stop(&v->settle);
    int result = home_read_plan(&v->home, &plan, &stamp, &e);
    if (result == HOME_NO_PLAN) {
        v->start.file_present = false;
        return;
    }
    if (result == 0 && plan_stamp_eq(&stamp, &v->start.stamp))
        return; // as it was at the start
    if (result == 0 && plan_stamp_eq(&stamp, &v->start.seen_stamp))
        return; // known
    if (result == 0) {
        v->start.seen_stamp = stamp;
        take_plan(v, &plan, &stamp);
        return;
    }
    v->start.file_present = false;
    if (!last_word) {
        uv_timer_start(&v->settle, on_settled, SETTLE_MS, 0);
        return;
    }
    struct plan_stamp now;
    bool known =
        home_plan_stamp(&v->home, &now, NULL) == 0 &&
        (plan_stamp_eq(&now, &v->start.stamp) || plan_stamp_eq(&now, &v->start.seen_stamp));
    if (!known) {
        v->start.seen_stamp = now;
        log_error(v->log, e.text);
    }
}

static void on_plan_changed(const char *name, void *context)
{
    struct visor *v = context;
    bool before = v->start.file_present;
    struct plan_stamp stamp = v->start.seen_stamp;
    evidence_read_plan(v, false);
    if (before != v->start.file_present || !plan_stamp_eq(&stamp, &v->start.seen_stamp))
        visor_feed(v, LIFE_EV_NEWS);
}

static void on_plan_poll(uv_timer_t *timer)
{
    on_plan_changed("", timer->data);
}

// [rpc] laddr of the daemon's own config.toml; false when there is none that can be used.
static bool url_of_file(struct visor *v)
{
    CLEANUP_FREE char *path = mem_printf("%s/config/config.toml", v->home.home);
    CLEANUP_BUF struct buf text = {0};
    CLEANUP_ARENA struct arena arena = {0};
    struct toml file;
    if (fs_read(path, TOML_MAX_BYTES, &text, NULL) < 0 ||
        toml_parse("config.toml", buf_slice(&text), &arena, &file, NULL) < 0)
        return false;
    const struct toml_entry *entry = toml_find(&file, "rpc.laddr");
    return entry && entry->value.type == TOML_STRING &&
           status_url_from_laddr(entry->value.text, v->status_url);
}

// Read anew for each question: the daemon's settings may change while it is down.
static const char *status_url(struct visor *v)
{
    if (v->settings->status_url[0])
        return v->settings->status_url;
    const char *flag = status_url_flag(v->args, "rpc.laddr");
    if ((flag && status_url_from_laddr(flag, v->status_url)) || (!flag && url_of_file(v)))
        return v->status_url;
    return "http://127.0.0.1:26657/status";
}

void evidence_begin(struct visor *v)
{
    struct err e = {0};
    int result = watch_init(&v->plan_watch, &v->loop, v->home.home, "data", "upgrade-info.json",
                            on_plan_changed, v, &e);
    v->watching_plan = result == 0;
    if (result == 0)
        return;
    log_warn(v->log, "upgrade-info.json is read at intervals", LOG_STR("why", e.text),
             LOG_INT("interval_ms", v->settings->poll_interval_ms));
    uint64_t ms = v->settings->poll_interval_ms > 0 ? (uint64_t)v->settings->poll_interval_ms : 300;
    uv_timer_start(&v->plan_poll, on_plan_poll, ms, ms);
}

void evidence_close(struct visor *v)
{
    if (v->watching_plan)
        watch_close(&v->plan_watch);
    v->watching_plan = false;
}

void evidence_reset(struct visor *v)
{
    struct err e = {0};
    v->start = (struct visor_start){.life = v->start.life};
    uv_timer_stop(&v->settle);
    uv_timer_stop(&v->probe);
    if (home_plan_stamp(&v->home, &v->start.stamp, &e) < 0)
        log_warn(v->log, e.text);
}

// ---- /status ------------------------------------------------------------------------------------

static bool stays_alive(const struct visor *v)
{
    for (char *const *arg = v->args; *arg; arg++)
        if (strncmp(*arg, "--halt-stay-alive", 17) == 0 &&
            strcmp(*arg, "--halt-stay-alive=false") != 0)
            return true;
    char name[256];
    snprintf(name, sizeof name, "%.200s_HALT_STAY_ALIVE", v->settings->name);
    for (char *at = name; *at; at++) {
        if (*at == '-')
            *at = '_';
        else if (*at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
    }
    const char *value = getenv(name);
    return value && strcasecmp(value, "true") == 0;
}

static int64_t probe_interval_ms(const struct visor *v)
{
    if (v->settings->status_poll_ms > 0)
        return v->settings->status_poll_ms;
    bool waits = v->start.file_present && v->start.signal != POLICY_SIGNAL_INTENT;
    if (waits)
        return PENDING_MS;
    return stays_alive(v) ? STAY_ALIVE_MS : 0;
}

static void take_intent(struct visor *v, const json_t *intent)
{
    struct visor_start *start = &v->start;
    struct visor_intent seen = {.reason = json_number(intent, "reason", 0),
                                .height = json_number(intent, "height", 0)};
    json_copy_text(intent, "plan_name", seen.plan, sizeof seen.plan);
    if (start->signal != POLICY_SIGNAL_INTENT) {
        start->signal_ns = clock_monotonic_ns();
        log_warn(v->log, "the daemon halted and stays alive",
                 LOG_STR("reason", sei_halt_reason_string(seen.reason)), LOG_STR("plan", seen.plan),
                 LOG_INT("height", seen.height));
    }
    start->signal = POLICY_SIGNAL_INTENT;
    start->intent = seen;
    if (!v->store.memory.speaks_contract) {
        v->store.memory.speaks_contract = true;
        v->memory_dirty = true;
    }
}

static void take_answer(struct visor *v, const json_t *answer)
{
    struct visor_start *start = &v->start;
    const json_t *intent = json_object_get(answer, "intent");
    start->asked = true;
    if (!json_is_true(json_object_get(answer, "reachable"))) {
        // An intent that was seen stays: the node is latched, whether it answers now or not.
        if (start->signal != POLICY_SIGNAL_INTENT)
            start->signal = POLICY_SIGNAL_UNREACHABLE;
        return;
    }
    start->height = json_number(answer, "height", start->height);
    if (start->first_height == 0)
        start->first_height = start->height;
    if (json_is_object(intent))
        take_intent(v, intent);
    else
        start->signal = json_is_null(intent) ? POLICY_SIGNAL_NULL : POLICY_SIGNAL_ABSENT;
    if (start->height > start->first_height && !json_is_object(intent))
        daemon_seen_well(v); // it makes blocks
}

static void on_probed(const json_t *answer, void *context)
{
    struct visor *v = context;
    v->probing = false;
    if (v->start.life != POLICY_ALIVE)
        return;
    if (answer && json_is_true(json_object_get(answer, "ok"))) {
        take_answer(v, answer);
    } else {
        // Without its helper the supervisor knows what it knows about an unreachable node.
        v->start.asked = true;
        const char *error = json_string_value(json_object_get(answer, "error"));
        if (error)
            log_warn(v->log, "cannot ask for /status", LOG_STR("why", error));
    }
    evidence_probe_plan(v);
    publish_now(v);
    visor_feed(v, LIFE_EV_NEWS);
}

static void probe(struct visor *v)
{
    struct err e = {0};
    if (v->probing || v->start.life != POLICY_ALIVE)
        return;
    json_t *request = json_pack("{s:s, s:o, s:i}", "op", "probe", "url",
                                json_safe_string(status_url(v)), "timeout_ms", PROBE_TIMEOUT_MS);
    int result = netlink_ask(&v->net, request, on_probed, v, &e);
    v->probing = result == 0;
    if (result == 0)
        return;
    bool first = !v->start.asked;
    v->start.asked = true; // as good as unreachable
    if (result < 0)
        log_warn(v->log, e.text);
    evidence_probe_plan(v);
    if (first)
        visor_feed(v, LIFE_EV_NEWS);
}

static void on_probe(uv_timer_t *timer)
{
    probe(timer->data);
}

void evidence_probe_plan(struct visor *v)
{
    int64_t ms = v->start.life == POLICY_ALIVE ? probe_interval_ms(v) : 0;
    if (ms == 0) {
        uv_timer_stop(&v->probe);
        v->probe_soon = false;
        return;
    }
    bool speaks = v->config.speaks || v->store.memory.speaks_contract;
    if (v->probe_soon)
        ms = speaks ? FIRST_PROBE_SPEAKS_MS : FIRST_PROBE_MS;
    v->probe_soon = false;
    uv_update_time(&v->loop);
    uv_timer_start(&v->probe, on_probe, (uint64_t)ms, 0);
}
