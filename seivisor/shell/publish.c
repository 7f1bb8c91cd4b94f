// What is served over HTTP, through the network helper: metrics, status, health.
#include "base/buf.h"
#include "seivisor/core/json.h"
#include "seivisor/shell/visor.h"

enum { SERVE_AGAIN_MS = 1000 };

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
    publish_now(timer->data);
}

static void serve_again_later(struct visor *v)
{
    uint64_t wait = netlink_wait_ms(&v->net);
    uv_timer_start(&v->serve_again, on_serve_again, wait ? wait : SERVE_AGAIN_MS, 0);
}

static void on_restarted(void *context)
{
    struct visor *v = context;
    v->serving = false;
    if (v->settings->metrics_listen[0] && v->state != LIFE_ENDED)
        serve_again_later(v);
}

void publish_now(struct visor *v)
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

void publish_begin(struct visor *v)
{
    v->net.restarted = on_restarted;
    v->net.context = v;
    publish_now(v);
}
