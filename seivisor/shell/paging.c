// Pages, through the network helper. What is to be delivered stands in the memory first, so that a
// kill loses no page; its key de-duplicates what is sent twice. What goes where and when is
// net/pager.h; here is who the targets are, and the sending.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/rfc3339.h"
#include "seivisor/core/json.h"
#include "seivisor/shell/visor.h"

enum {
    DELIVERY_TIMEOUT_MS = 5000,
    RETRY_FIRST_MS = 1000,
    RETRY_MAX_MS = 60000, // also of what a target asks for
    JITTER_PERCENT = 20,
    TTL_S = 7 * 24 * 3600,
    SECRET_MAX = 4096,
};

// ---- targets ------------------------------------------------------------------------------------

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

static const char *target_member(const json_t *targets, size_t index, const char *member)
{
    return json_string_value(json_object_get(json_array_get(targets, index), member));
}

int paging_init(struct visor *v, struct err *e)
{
    static const struct pager_policy policy = {RETRY_FIRST_MS, RETRY_MAX_MS, JITTER_PERCENT, 0};
    struct pager_target list[NET_PROTOCOL_TARGETS_MAX];
    v->targets = build_targets(v);
    v->target_count = json_array_size(v->targets);
    for (size_t i = 0; i < v->target_count; i++) {
        bool forgets = strcmp(target_member(v->targets, i, "kind"), "alertmanager") == 0;
        list[i].name = target_member(v->targets, i, "name");
        list[i].refresh_ms = forgets ? v->settings->page_refresh_ms : 0;
    }
    v->pages = pager_new(&policy, list, v->target_count);
    if (!v->store.pages)
        return 0;
    int result = pager_from_json(v->pages, v->store.pages, (int64_t)uv_now(&v->loop), e);
    return result < 0 ? err_context(e, "memory.json cannot be used (move it away to forget it)")
                      : 0;
}

void paging_deinit(struct visor *v)
{
    pager_free(v->pages);
    json_decref(v->targets);
    v->pages = NULL;
    v->targets = NULL;
}

json_t *paging_names(const struct visor *v, uint32_t mask)
{
    CLEANUP_BUF struct buf names = {0};
    for (size_t i = 0; i < v->target_count; i++)
        if (mask >> i & 1)
            buf_printf(&names, "%s%s", names.len ? "," : "", target_member(v->targets, i, "name"));
    return json_string(buf_cstr(&names));
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

void paging_begin(struct visor *v)
{
    CLEANUP_FREE char *program = helper_path(v);
    char host[65] = "", source[96];
    if (gethostname(host, sizeof host - 1) < 0)
        host[0] = '\0';
    snprintf(source, sizeof source, "seivisor@%s", host);
    json_t *configuration = json_pack("{s:o, s:O, s:i}", "source", json_safe_string(source),
                                      "targets", v->targets, "timeout_ms", DELIVERY_TIMEOUT_MS);
    if (v->settings->ca_file[0])
        json_object_set_new(configuration, "ca_file", json_safe_string(v->settings->ca_file));
    netlink_init(&v->net, &v->loop, &v->procs, v->log, program, configuration);
    paging_pump(v);
}

// ---- orders -------------------------------------------------------------------------------------

static int64_t now_ms(struct visor *v)
{
    uv_update_time(&v->loop);
    return (int64_t)uv_now(&v->loop);
}

// The incidents changed: they are stored first, then told.
static void changed(struct visor *v)
{
    json_decref(v->store.pages);
    v->store.pages = pager_to_json(v->pages);
    v->memory_dirty = true;
}

static enum page_severity severity_of(enum policy_severity severity)
{
    switch (severity) {
    case POLICY_CRITICAL:
        return PAGE_CRITICAL;
    case POLICY_ERROR:
        return PAGE_ERROR;
    case POLICY_WARNING:
        return PAGE_WARNING;
    case POLICY_SEVERITY_NONE:
        break;
    }
    return PAGE_INFO;
}

static int trigger(struct visor *v, const struct page *page)
{
    struct err e = {0};
    int result = pager_trigger(v->pages, page, now_ms(v), &e);
    if (result == PAGER_FULL) {
        log_error(v->log, "too many pages are open: the oldest is forgotten");
        pager_make_room(v->pages);
        result = pager_trigger(v->pages, page, now_ms(v), &e);
    }
    if (result < 0)
        log_error(v->log, e.text);
    return result;
}

static void tell_opened(struct visor *v, const struct page *page)
{
    json_t *names = paging_names(v, UINT32_MAX);
    if (v->target_count == 0)
        log_warn(v->log, "nobody is paged: no target for pages is configured",
                 LOG_STR("key", page->dedup_key));
    else
        log_warn(v->log, "paging", LOG_STR("severity", page_severity_text(page->severity)),
                 LOG_STR("key", page->dedup_key), LOG_STR("targets", json_string_value(names)));
    json_decref(names);
    report_history(v, "page",
                   json_pack("{s:s, s:s, s:s, s:o}", "action", "trigger", "key", page->dedup_key,
                             "severity", page_severity_text(page->severity), "summary",
                             json_safe_string(page->summary)),
                   true);
}

void paging_open(struct visor *v, const char *key, enum policy_severity severity, const char *token,
                 const char *summary, const char *plan, int64_t height)
{
    CLEANUP_BUF struct buf at = {0};
    char height_text[24];
    struct page_detail details[] = {{"target", v->current},
                                    {"plan", plan},
                                    {"home", v->settings->home},
                                    {"height", height_text}};
    rfc3339_append_ms(&at, clock_realtime_ns());
    snprintf(height_text, sizeof height_text, "%lld", (long long)height);
    struct page page = {.dedup_key = key,
                        .summary = summary,
                        .source = "",
                        .component = v->settings->name,
                        .group = v->settings->home,
                        .class_name = token,
                        .at = buf_cstr(&at),
                        .ttl_s = TTL_S,
                        .severity = severity_of(severity),
                        .details = details,
                        .detail_count = height ? 4 : 3};
    if (trigger(v, &page) != 0)
        return;
    changed(v);
    tell_opened(v, &page);
    v->page_soon = true;
}

void paging_resolve(struct visor *v)
{
    unsigned count = pager_resolve_all(v->pages, now_ms(v));
    if (count == 0)
        return;
    changed(v);
    log_info(v->log, "the pages are resolved", LOG_UINT("count", count));
    report_history(v, "page", json_pack("{s:s, s:i}", "action", "resolve", "count", (int)count),
                   true);
    v->page_soon = true;
}

bool paging_is_open(const struct visor *v)
{
    return pager_counts(v->pages).open > 0;
}

bool paging_busy(const struct visor *v)
{
    return pager_counts(v->pages).undelivered > 0;
}

// ---- deliveries ---------------------------------------------------------------------------------

// "retry: …" and what is no answer: not now; "refused: …": never.
static enum pager_result judge(const char *text)
{
    if (!text || strncmp(text, "retry", 5) == 0)
        return PAGER_RETRY;
    return strcmp(text, "ok") == 0 ? PAGER_TAKEN : PAGER_REFUSED;
}

static void tell_result(const struct visor *v, const struct visor_delivery *d, const char *name,
                        enum pager_result result, const char *text)
{
    switch (result) {
    case PAGER_RETRY:
        log_warn(v->log,
                 d->refresh ? "a page could not be refreshed" : "a page could not be delivered yet",
                 LOG_STR("target", name),
                 LOG_STR("why", text ? text : "the network helper gave no answer"));
        return;
    case PAGER_REFUSED:
        log_error(v->log, "a page was refused", LOG_STR("target", name), LOG_STR("why", text));
        return;
    case PAGER_TAKEN:
        if (!d->refresh)
            log_info(v->log, d->resolve ? "resolved" : "paged", LOG_STR("target", name),
                     LOG_STR("key", d->key));
        return;
    }
}

// What a target asked for (Retry-After), within our own limit; -1: it named no time.
static int64_t asked_ms(const json_t *answer, const char *name)
{
    int64_t ms = json_number(json_object_get(answer, "retry_after_ms"), name, -1);
    return ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
}

// The helper is kept for what comes back again and again.
static void rest_if_done(struct visor *v)
{
    if (!v->settings->metrics_listen[0] && v->settings->status_poll_ms == 0 && !paging_busy(v))
        netlink_rest(&v->net);
}

static void settle(struct visor *v, struct visor_delivery *d, enum pager_result result,
                   int64_t retry_after_ms)
{
    uint32_t random = 0;
    uv_random(NULL, NULL, &random, sizeof random, 0, NULL);
    pager_answer(v->pages, d->id, result, retry_after_ms, now_ms(v), random);
    d->id = 0;
    // A retry is not worth a write: what waits counts as possibly sent anyhow.
    if (result != PAGER_RETRY && !d->refresh)
        changed(v);
}

static void on_paged(const json_t *answer, void *context)
{
    struct visor_delivery *d = context;
    struct visor *v = d->visor;
    const char *name = target_member(v->targets, d->target, "name");
    const char *text = json_string_value(json_object_get(json_object_get(answer, "results"), name));
    if (!text)
        text = json_string_value(json_object_get(answer, "error"));
    enum pager_result result =
        json_is_true(json_object_get(answer, "ok")) ? judge(text) : PAGER_RETRY;
    tell_result(v, d, name, result, text);
    settle(v, d, result, asked_ms(answer, name));
    visor_flush(v);
    paging_pump(v);
    rest_if_done(v);
    if (!paging_busy(v))
        visor_feed(v, LIFE_EV_PAGED);
}

static void send_page(struct visor *v, struct visor_delivery *d, const struct pager_request *r)
{
    struct err e = {0};
    d->visor = v;
    d->id = r->id;
    d->target = r->target;
    d->resolve = r->action == PAGE_RESOLVE;
    d->refresh = r->refresh;
    snprintf(d->key, sizeof d->key, "%s", r->page->dedup_key);
    json_t *request = page_to_json(r->page);
    json_object_set_new(request, "op", json_string("page"));
    json_object_set_new(request, "action", json_string(page_action_text(r->action)));
    json_object_set_new(request, "targets",
                        json_pack("[s]", target_member(v->targets, r->target, "name")));
    int result = netlink_ask(&v->net, request, on_paged, d, &e);
    if (result < 0)
        log_error(v->log, e.text);
    if (result != 0)
        settle(v, d, PAGER_RETRY, -1);
}

static struct visor_delivery *free_delivery(struct visor *v)
{
    for (size_t i = 0; i < VISOR_DELIVERIES; i++)
        if (v->deliveries[i].id == 0)
            return &v->deliveries[i];
    return NULL;
}

static void on_page_timer(uv_timer_t *timer)
{
    visor_flush(timer->data); // nothing leaves that is not stored
    paging_pump(timer->data);
}

void paging_pump(struct visor *v)
{
    struct visor_delivery *d;
    struct pager_request r;
    v->page_soon = false;
    uv_timer_stop(&v->page);
    if (!v->net.program || v->state == LIFE_ENDED)
        return;
    while ((d = free_delivery(v)) && netlink_wait_ms(&v->net) == 0 &&
           pager_due(v->pages, now_ms(v), &r))
        send_page(v, d, &r);
    int64_t due_ms = pager_next_ms(v->pages), now = now_ms(v);
    int64_t wait_ms = (int64_t)netlink_wait_ms(&v->net);
    if (!d || due_ms == INT64_MAX) // an answer, or an order, comes first
        return;
    if (due_ms - now > wait_ms)
        wait_ms = due_ms - now;
    uv_timer_start(&v->page, on_page_timer, (uint64_t)wait_ms, 0);
}
