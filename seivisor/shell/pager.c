// Pages and what is served over HTTP, through the network helper. What is to be delivered stands in
// the memory first, so that a kill loses no page; its key de-duplicates what is sent twice.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "seivisor/core/json.h"
#include "seivisor/shell/visor.h"

enum {
    DELIVERY_TIMEOUT_MS = 5000,
    RETRY_FIRST_MS = 1000,
    RETRY_MAX_MS = 60000,
    TTL_S = 7 * 24 * 3600,
    SECRET_MAX = 4096,
};

static void refresh_later(struct visor *v);

// The first line of a file; null when it cannot be read or is empty. The caller frees.
static char *read_secret(const struct visor *v, const char *path)
{
    CLEANUP_BUF struct buf text = {0};
    struct err e = {0};
    if (!path[0])
        return NULL;
    if (fs_read(path, SECRET_MAX, &text, &e) < 0) {
        log_error(v->log, e.text);
        return NULL;
    }
    char *line = buf_take_cstr(&text);
    line[strcspn(line, "\r\n")] = '\0';
    if (line[0])
        return line;
    log_error(v->log, "a secret's file is empty", LOG_STR("file", path));
    free(line);
    return NULL;
}

static void add_target(json_t *targets, const char *kind, unsigned number, json_t *target)
{
    char name[32];
    snprintf(name, sizeof name, "%s-%u", kind, number);
    json_object_set_new(target, "name", json_string(name));
    json_object_set_new(target, "kind", json_string(kind));
    json_array_append_new(targets, target);
}

// One target for each URL of a comma-separated list.
static void add_list(json_t *targets, const char *kind, const char *urls, const char *token)
{
    unsigned number = 0;
    for (const char *at = urls; *at;) {
        size_t len = strcspn(at, ",");
        const char *url = at;
        at += len;
        at += *at == ',';
        for (; len > 0 && *url == ' '; len--)
            url++;
        if (len == 0 || json_array_size(targets) == NET_PROTOCOL_TARGETS_MAX)
            continue;
        CLEANUP_FREE char *text = mem_strndup(url, len);
        json_t *target = json_pack("{s:o}", "url", json_safe_string(text));
        if (token) {
            CLEANUP_FREE char *bearer = mem_printf("Bearer %s", token);
            json_object_set_new(target, "headers",
                                json_pack("{s:o}", "Authorization", json_safe_string(bearer)));
        }
        add_target(targets, kind, number++, target);
    }
}

static json_t *build_targets(const struct visor *v)
{
    const struct settings *s = v->settings;
    json_t *targets = json_array();
    CLEANUP_FREE char *token = read_secret(v, s->webhook_token_file);
    CLEANUP_FREE char *key = read_secret(v, s->pagerduty_key_file);
    add_list(targets, "webhook", s->webhooks, token);
    add_list(targets, "alertmanager", s->alertmanagers, NULL);
    if (key && json_array_size(targets) < NET_PROTOCOL_TARGETS_MAX) {
        json_t *target = json_pack("{s:o}", "routing_key", json_safe_string(key));
        if (s->pagerduty_url[0])
            json_object_set_new(target, "url", json_safe_string(s->pagerduty_url));
        add_target(targets, "pagerduty", 0, target);
    }
    return targets;
}

static void name_targets(struct visor *v, const json_t *targets)
{
    size_t at = 0;
    v->target_names[0] = '\0';
    for (size_t i = 0; i < json_array_size(targets); i++) {
        const char *name = json_string_value(json_object_get(json_array_get(targets, i), "name"));
        at += (size_t)snprintf(v->target_names + at, sizeof v->target_names - at, "%s%s",
                               i ? "," : "", name);
    }
}

// Beside the program itself, or in the bin folder next to its own.
static char *helper_path(const struct visor *v)
{
    char self[4096];
    if (v->settings->net_program[0])
        return mem_strdup(v->settings->net_program);
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(self, '/');
    if (slash)
        *slash = '\0';
    char *beside = mem_printf("%s/" NET_PROGRAM, self);
    char *near = mem_printf("%s/../bin/" NET_PROGRAM, self);
    bool use_near = !fs_exists(beside) && fs_exists(near);
    free(use_near ? beside : near);
    return use_near ? near : beside;
}

static void on_served(const json_t *answer, void *context)
{
    struct visor *v = context;
    const char *error = json_string_value(json_object_get(answer, "error"));
    if (answer && !json_is_true(json_object_get(answer, "ok")))
        log_error(v->log, "metrics are not served", LOG_STR("why", error ? error : ""));
}

static void serve(struct visor *v)
{
    struct err e = {0};
    if (!v->settings->metrics_listen[0])
        return;
    json_t *request = json_pack("{s:s, s:o}", "op", "serve", "listen",
                                json_safe_string(v->settings->metrics_listen));
    int result = netlink_ask(&v->net, request, on_served, v, &e);
    if (result < 0)
        log_error(v->log, e.text);
    v->serving = result == 0;
}

static void on_serve_again(uv_timer_t *timer)
{
    pager_publish(timer->data);
}

static void serve_again_later(struct visor *v)
{
    uint64_t wait = netlink_wait_ms(&v->net);
    uv_timer_start(&v->serve_again, on_serve_again, wait ? wait : RETRY_FIRST_MS, 0);
}

static void on_restarted(void *context)
{
    struct visor *v = context;
    v->serving = false;
    if (v->settings->metrics_listen[0] && v->state != LIFE_ENDED)
        serve_again_later(v);
}

void pager_begin(struct visor *v)
{
    json_t *targets = build_targets(v);
    CLEANUP_FREE char *program = helper_path(v);
    char host[65] = "", source[96];
    if (gethostname(host, sizeof host - 1) < 0)
        host[0] = '\0';
    snprintf(source, sizeof source, "seivisor@%s", host);
    name_targets(v, targets);
    memory_keep_targets(&v->store.memory, v->target_names);
    json_t *configuration = json_pack("{s:o, s:o, s:i}", "source", json_safe_string(source),
                                      "targets", targets, "timeout_ms", DELIVERY_TIMEOUT_MS);
    if (v->settings->ca_file[0])
        json_object_set_new(configuration, "ca_file", json_safe_string(v->settings->ca_file));
    netlink_init(&v->net, &v->loop, &v->procs, v->log, program, configuration);
    v->net.restarted = on_restarted;
    v->net.context = v;
    pager_publish(v);
    refresh_later(v); // of an earlier run
    pager_pump(v);
}

void pager_close(struct visor *v)
{
    if (v->net.program)
        netlink_close(&v->net);
}

// New contents for the metrics server, when there is one.
void pager_publish(struct visor *v)
{
    struct err e = {0};
    if (!v->net.program || !v->settings->metrics_listen[0] || v->state == LIFE_ENDED)
        return;
    if (!v->serving)
        serve(v);
    if (!v->serving) {
        serve_again_later(v);
        return;
    }
    CLEANUP_BUF struct buf text = {0};
    report_metrics(v, &text);
    bool healthy = life_has_child(v->state) && !v->store.memory.hold.active;
    json_t *request = json_pack("{s:s, s:s, s:o, s:b}", "op", "publish", "metrics", buf_cstr(&text),
                                "status", report_status(v), "healthy", healthy);
    netlink_ask(&v->net, request, NULL, NULL, &e);
}

void pager_open(struct visor *v, const char *key, enum policy_severity severity, const char *token,
                const char *summary, const char *plan, int64_t height)
{
    struct memory_page page = {.height = height, .at_ns = clock_realtime_ns()};
    snprintf(page.key, sizeof page.key, "%s", key);
    snprintf(page.severity, sizeof page.severity, "%s", policy_severity_string(severity));
    snprintf(page.token, sizeof page.token, "%s", token);
    snprintf(page.summary, sizeof page.summary, "%s", summary);
    snprintf(page.plan, sizeof page.plan, "%s", plan);
    snprintf(page.target, sizeof page.target, "%s", v->current);
    if (!memory_open_page(&v->store.memory, &page, v->target_names))
        return;
    v->memory_dirty = true;
    if (!v->target_names[0])
        log_warn(v->log, "nobody is paged: no target for pages is configured", LOG_STR("key", key));
    else
        log_warn(v->log, "paging", LOG_STR("severity", page.severity), LOG_STR("key", key),
                 LOG_STR("targets", v->target_names));
    report_history(v, "page",
                   json_pack("{s:s, s:s, s:s, s:o}", "action", "trigger", "key", key, "severity",
                             page.severity, "summary", json_safe_string(summary)),
                   true);
    v->page_soon = true;
}

void pager_resolve(struct visor *v)
{
    unsigned count = memory_resolve_pages(&v->store.memory);
    if (count == 0)
        return;
    v->memory_dirty = true;
    log_info(v->log, "the pages are resolved", LOG_UINT("count", count));
    report_history(v, "page", json_pack("{s:s, s:i}", "action", "resolve", "count", (int)count),
                   true);
    v->page_soon = true;
}

bool pager_busy(const struct visor *v)
{
    return v->paging || memory_next_page(&((struct visor *)(uintptr_t)v)->store.memory) != NULL;
}

static void on_page_timer(uv_timer_t *timer)
{
    pager_pump(timer->data);
}

// `asked_ms` is what a target asked for (Retry-After), 0 when none did.
static void retry_later(struct visor *v, int attempts, int64_t asked_ms)
{
    int64_t ms = RETRY_FIRST_MS;
    for (int i = 1; i < attempts && ms < RETRY_MAX_MS; i++)
        ms *= 2;
    ms = ms > asked_ms ? ms : asked_ms;
    int64_t wait = (int64_t)netlink_wait_ms(&v->net);
    ms = ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
    uv_timer_start(&v->page, on_page_timer, (uint64_t)(ms > wait ? ms : wait), 0);
}

// The longest that a target asked for.
static int64_t asked_ms(const json_t *answer)
{
    json_t *all = json_object_get(answer, "retry_after_ms"), *value;
    const char *name;
    int64_t longest_ms = 0;
    json_object_foreach(all, name, value)
    {
        if (json_integer_value(value) > longest_ms)
            longest_ms = json_integer_value(value);
    }
    return longest_ms;
}

// What is in flight is remembered by value: the page itself may be resolved meanwhile.
static bool take_results(struct visor *v, const json_t *results)
{
    const char *name;
    json_t *value;
    bool again = false;
    json_object_foreach((json_t *)(uintptr_t)results, name, value)
    {
        const char *text = json_string_value(value);
        if (!text || strncmp(text, "retry", 5) == 0) {
            again = true;
            log_warn(v->log, "a page could not be delivered yet", LOG_STR("target", name),
                     LOG_STR("why", text ? text : ""));
            continue;
        }
        bool delivered = strcmp(text, "ok") == 0;
        if (!delivered)
            log_error(v->log, "a page was refused", LOG_STR("target", name), LOG_STR("why", text));
        else
            log_info(v->log, v->page_resolve ? "resolved" : "paged", LOG_STR("target", name),
                     LOG_STR("key", v->page_key));
        memory_page_done(&v->store.memory, v->page_key, v->page_resolve, name);
        v->memory_dirty = true;
    }
    return again;
}

static json_t *page_request(const struct visor *v, const struct memory_page *page, json_t *targets);
static json_t *names_of(const char *list, const char *kind);

// The helper is kept for what comes back again and again.
static void rest_if_done(struct visor *v)
{
    if (!v->settings->metrics_listen[0] && v->settings->status_poll_ms == 0 && !pager_busy(v))
        netlink_rest(&v->net);
}

// ---- targets that forget: Alertmanager keeps alerts in memory only
// --------------------------------

static void on_refreshed(const json_t *answer, void *context)
{
    struct visor *v = context;
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(answer, "results"), name, value)
    {
        const char *text = json_string_value(value);
        if (!text || strcmp(text, "ok") != 0)
            log_warn(v->log, "a page could not be refreshed", LOG_STR("target", name),
                     LOG_STR("why", text ? text : ""));
    }
    rest_if_done(v);
}

static void on_refresh(uv_timer_t *timer)
{
    struct visor *v = timer->data;
    struct memory *m = &v->store.memory;
    struct err e = {0};
    for (unsigned i = 0; i < m->page_count; i++) {
        json_t *targets = names_of(m->pages[i].sent, "alertmanager-");
        if (!m->pages[i].resolve && json_array_size(targets) > 0)
            netlink_ask(&v->net, page_request(v, &m->pages[i], targets), on_refreshed, v, &e);
        else
            json_decref(targets);
    }
    refresh_later(v);
}

// Nothing wakes up while no page is open.
static void refresh_later(struct visor *v)
{
    bool any = false;
    for (unsigned i = 0; i < v->store.memory.page_count; i++)
        any |= !v->store.memory.pages[i].resolve &&
               strstr(v->store.memory.pages[i].sent, "alertmanager-");
    uint64_t every_ms = (uint64_t)v->settings->page_refresh_ms;
    if (!any || every_ms == 0 || v->state == LIFE_ENDED)
        uv_timer_stop(&v->refresh);
    else if (!uv_is_active((uv_handle_t *)&v->refresh))
        uv_timer_start(&v->refresh, on_refresh, every_ms, 0);
}

// ---- deliveries
// -----------------------------------------------------------------------------------

static void on_paged(const json_t *answer, void *context)
{
    struct visor *v = context;
    v->paging = false;
    const json_t *results = json_object_get(answer, "results");
    const char *error = json_string_value(json_object_get(answer, "error"));
    if (answer && !json_is_object(results))
        log_error(v->log, "the network helper cannot page", LOG_STR("why", error ? error : ""));
    bool again = !json_is_object(results) || take_results(v, results);
    visor_flush(v);
    const struct memory_page *next = memory_next_page(&v->store.memory);
    refresh_later(v);
    if (!next) {
        rest_if_done(v);
        visor_feed(v, LIFE_EV_PAGED);
    } else if (again) {
        retry_later(v, next->attempts, asked_ms(answer));
    } else {
        pager_pump(v);
    }
}

// The names of a comma-separated list that begin with `kind`.
static json_t *names_of(const char *list, const char *kind)
{
    json_t *names = json_array();
    for (const char *name = list; *name;) {
        size_t len = strcspn(name, ",");
        if (strncmp(name, kind, strlen(kind)) == 0)
            json_array_append_new(names, json_stringn(name, len));
        name += len;
        name += *name == ',';
    }
    return names;
}

static json_t *page_request(const struct visor *v, const struct memory_page *page, json_t *targets)
{
    char at[40], height[24];
    report_time(page->at_ns, at);
    snprintf(height, sizeof height, "%lld", (long long)page->height);
    json_t *details =
        json_pack("{s:s, s:o, s:o}", "target", page->target, "plan", json_safe_string(page->plan),
                  "home", json_safe_string(v->settings->home));
    if (page->height)
        json_object_set_new(details, "height", json_string(height));
    return json_pack(
        "{s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:s, s:s, s:i, s:o}", "op", "page", "action",
        page->resolve ? "resolve" : "trigger", "dedup_key", page->key, "targets", targets,
        "severity", page->severity, "summary", json_safe_string(page->summary), "component",
        json_safe_string(v->settings->name), "group", json_safe_string(v->settings->home), "class",
        page->token, "at", at, "ttl_s", TTL_S, "details", details);
}

void pager_pump(struct visor *v)
{
    struct err e = {0};
    struct memory_page *page = memory_next_page(&v->store.memory);
    uv_timer_stop(&v->page);
    v->page_soon = false;
    if (!page || v->paging)
        return;
    snprintf(v->page_key, sizeof v->page_key, "%s", page->key);
    v->page_resolve = page->resolve;
    page->attempts++;
    int result =
        netlink_ask(&v->net, page_request(v, page, names_of(page->left, "")), on_paged, v, &e);
    v->paging = result == 0;
    if (result == 0)
        return;
    if (result < 0)
        log_error(v->log, e.text);
    retry_later(v, page->attempts, 0);
}
