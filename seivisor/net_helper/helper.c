#include "seivisor/net_helper/helper.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/http_client.h"
#include "net/limits.h"
#include "net/metrics_server.h"
#include "net/page_send.h"
#include "net/status_probe.h"
#include "seivisor/net_helper/line_reader.h"
#include "seivisor/net_protocol.h"
#include "wire/jsonw.h"
#include "wire/promtext.h"

enum { OUTPUT_QUEUE_MAX = 1 << 20 }; // bytes of unread answers before no more requests are read

// A descriptor on the loop, whatever it is.
union channel {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_pipe_t pipe;
    uv_tty_t tty;
};

struct helper {
    uv_loop_t loop;
    union channel in, out;
    bool paused, closing;
    struct line_reader lines;
    char chunk[65536];
    struct arena memory; // of the settings
    struct settings settings;
    bool configured;
    struct http_client *client;
    struct metrics_server *server;
    char *listen; // of the server
    int port;
    unsigned in_flight;
    bool published, healthy;
    struct buf metrics, status;
};

// --- answers

struct answer {
    uv_write_t write;
    struct helper *helper;
    struct buf line; // owned
    struct jsonw json;
};

static void shut_down(struct helper *h);
static void resume_input(struct helper *h);

static void on_written(uv_write_t *write, int status)
{
    struct answer *a = write->data;
    struct helper *h = a->helper;
    buf_deinit(&a->line);
    free(a);
    if (status < 0)
        shut_down(h); // nobody listens any more
    else
        resume_input(h);
}

static struct answer *answer_begin(struct helper *h, uint64_t id, bool ok)
{
    struct answer *a = mem_zalloc(sizeof *a);
    a->helper = h;
    a->json = jsonw_on(&a->line);
    jsonw_object(&a->json);
    jsonw_key(&a->json, "id");
    jsonw_int(&a->json, (int64_t)id);
    jsonw_key(&a->json, "ok");
    jsonw_bool(&a->json, ok);
    return a;
}

static void answer_end(struct answer *a)
{
    struct helper *h = a->helper;
    jsonw_object_end(&a->json);
    buf_append_byte(&a->line, '\n');
    uv_buf_t bytes = {.base = (char *)a->line.data, .len = a->line.len};
    a->write.data = a;
    if (h->closing || uv_write(&a->write, &h->out.stream, &bytes, 1, on_written) < 0) {
        buf_deinit(&a->line);
        free(a);
        shut_down(h);
    }
}

static void answer_ok(struct helper *h, uint64_t id)
{
    answer_end(answer_begin(h, id, true));
}

static void answer_error(struct helper *h, uint64_t id, const char *code, const char *text)
{
    struct answer *a = answer_begin(h, id, false);
    jsonw_key(&a->json, "code");
    jsonw_cstr(&a->json, code);
    jsonw_key(&a->json, "error");
    jsonw_cstr(&a->json, text);
    answer_end(a);
}

// --- probe

struct probe_job {
    struct helper *helper;
    uint64_t id;
};

static void write_intent(struct jsonw *json, const struct sei_halt_intent *intent)
{
    size_t len = 0;
    sei_halt_intent_encode(intent, NULL, 0, &len);
    CLEANUP_BUF struct buf text = {0};
    char *out = (char *)buf_reserve(&text, len + 1);
    if (sei_halt_intent_encode(intent, out, len + 1, &len) == 0)
        jsonw_raw(json, slice_of(out, len));
    else
        jsonw_null(json);
}

static void write_status(struct jsonw *json, const struct node_status *s)
{
    if (s->height >= 0) {
        jsonw_key(json, "height");
        jsonw_int(json, s->height);
    }
    if (s->catching_up >= 0) {
        jsonw_key(json, "catching_up");
        jsonw_bool(json, s->catching_up == 1);
    }
    jsonw_key(json, "network");
    jsonw_cstr(json, s->network);
    if (s->intent_state == STATUS_INTENT_ABSENT)
        return;
    jsonw_key(json, "intent");
    if (s->intent_state == STATUS_INTENT_VALID)
        write_intent(json, &s->intent);
    else
        jsonw_null(json);
}

static void on_probed(void *arg, struct probe_result *result)
{
    struct probe_job *job = arg;
    struct helper *h = job->helper;
    bool invalid = result->status.intent_state == STATUS_INTENT_INVALID;
    bool reachable = result->outcome == PROBE_OK && !invalid;
    struct answer *a = answer_begin(h, job->id, true);
    free(job);
    h->in_flight--;
    jsonw_key(&a->json, "reachable");
    jsonw_bool(&a->json, reachable);
    if (reachable) {
        write_status(&a->json, &result->status);
    } else {
        jsonw_key(&a->json, "detail");
        jsonw_cstr(&a->json, invalid ? result->status.intent_error : result->detail);
    }
    answer_end(a);
}

static void do_probe(struct helper *h, const struct request *r)
{
    struct probe_job *job = mem_zalloc(sizeof *job);
    struct probe_request probe = {
        .url = r->url, .timeout_ms = r->timeout_ms, .ca_file = h->settings.ca_file};
    job->helper = h;
    job->id = r->id;
    h->in_flight++;
    status_probe_start(h->client, &probe, on_probed, job);
}

// --- page

struct page_job {
    struct helper *helper;
    uint64_t id;
    unsigned open; // deliveries, and one for do_page itself
    size_t count;
    struct delivery {
        struct page_job *job;
        char *name;
        struct page_verdict verdict;
    } deliveries[NET_PAGE_TARGETS_MAX];
};

static void write_retry_after(struct jsonw *json, const struct page_job *job)
{
    bool any = false;
    for (size_t i = 0; i < job->count; i++) {
        if (job->deliveries[i].verdict.retry_after_ms < 0)
            continue;
        if (!any) {
            jsonw_key(json, "retry_after_ms");
            jsonw_object(json);
            any = true;
        }
        CLEANUP_BUF struct buf key = {0};
        buf_append_str(&key, job->deliveries[i].name);
        jsonw_key(json, buf_cstr(&key));
        jsonw_int(json, job->deliveries[i].verdict.retry_after_ms);
    }
    if (any)
        jsonw_object_end(json);
}

static void page_job_step(struct page_job *job)
{
    if (--job->open > 0)
        return;
    struct answer *a = answer_begin(job->helper, job->id, true);
    jsonw_key(&a->json, "results");
    jsonw_object(&a->json);
    for (size_t i = 0; i < job->count; i++) {
        jsonw_key(&a->json, job->deliveries[i].name);
        jsonw_cstr(&a->json, job->deliveries[i].verdict.text);
    }
    jsonw_object_end(&a->json);
    write_retry_after(&a->json, job);
    for (size_t i = 0; i < job->count; i++)
        free(job->deliveries[i].name);
    job->helper->in_flight--;
    free(job);
    answer_end(a);
}

static void on_sent(void *arg, const struct page_verdict *verdict)
{
    struct delivery *d = arg;
    d->verdict = *verdict;
    page_job_step(d->job);
}

static const struct page_target *find_target(const struct helper *h, const char *name)
{
    for (size_t i = 0; i < h->settings.target_count; i++)
        if (strcmp(h->settings.targets[i].name, name) == 0)
            return &h->settings.targets[i];
    return NULL;
}

static void do_page(struct helper *h, struct request *r)
{
    struct page_job *job = mem_zalloc(sizeof *job);
    int64_t now_s = clock_realtime_ns() / 1000000000;
    if (!*r->page.source)
        r->page.source = h->settings.source;
    job->helper = h;
    job->id = r->id;
    job->open = 1;
    job->count = r->target_count;
    h->in_flight++;
    for (size_t i = 0; i < r->target_count; i++) {
        const struct page_target *target = find_target(h, r->targets[i]);
        struct delivery *d = &job->deliveries[i];
        d->job = job;
        d->name = mem_strdup(r->targets[i]);
        if (!target) {
            d->verdict = (struct page_verdict){PAGER_REFUSED, -1, "refused: no such target"};
            continue;
        }
        job->open++;
        page_send_start(h->client, target, &r->page, r->action, now_s, h->settings.timeout_ms,
                        h->settings.ca_file, on_sent, d);
    }
    page_job_step(job);
}

// --- serve and publish

static void reply_with(struct metrics_reply *ret, const struct buf *body, const char *content_type)
{
    ret->status = 200;
    ret->content_type = content_type;
    buf_append_slice(&ret->body, buf_slice(body));
}

static void on_request(void *arg, const char *path, struct metrics_reply *ret)
{
    struct helper *h = arg;
    bool metrics = strcmp(path, "/metrics") == 0, status = strcmp(path, "/status") == 0;
    bool health = strcmp(path, "/healthz") == 0;
    if (!metrics && !status && !health)
        return;
    if (!h->published) {
        ret->status = 503;
        buf_append_str(&ret->body, "nothing published yet\n");
    } else if (metrics) {
        reply_with(ret, &h->metrics, PROMTEXT_CONTENT_TYPE);
    } else if (status) {
        reply_with(ret, &h->status, "application/json");
    } else {
        ret->status = h->healthy ? 200 : 503;
        buf_append_str(&ret->body, h->healthy ? "ok\n" : "not healthy\n");
    }
}

// Another address: the new server stands before the old one goes.
static int open_server(struct helper *h, const char *listen, struct err *e)
{
    struct metrics_server *server;
    struct metrics_server_config config = {.listen = listen, .serve = on_request, .arg = h};
    if (h->server && strcmp(h->listen, listen) == 0)
        return 0;
    int result = metrics_server_start(&h->loop, &config, &server, &h->port, e);
    if (result < 0)
        return result;
    metrics_server_stop(h->server);
    h->server = server;
    free(h->listen);
    h->listen = mem_strdup(listen);
    return 0;
}

static void do_serve(struct helper *h, const struct request *r)
{
    struct err e = {0};
    if (open_server(h, r->listen, &e) < 0) {
        answer_error(h, r->id, NET_CODE_FAILED, e.text);
        return;
    }
    struct answer *a = answer_begin(h, r->id, true);
    jsonw_key(&a->json, "port");
    jsonw_int(&a->json, h->port);
    answer_end(a);
}

static void do_publish(struct helper *h, const struct request *r)
{
    buf_clear(&h->metrics);
    buf_append_str(&h->metrics, r->metrics);
    buf_clear(&h->status);
    buf_append_slice(&h->status, buf_slice(&r->status));
    h->healthy = r->healthy;
    h->published = true;
    answer_ok(h, r->id);
}

// --- requests

static void do_configure(struct helper *h, struct request *r)
{
    if (h->configured) {
        answer_error(h, r->id, NET_CODE_BAD_REQUEST, "configured already");
        return;
    }
    h->memory = r->memory; // the settings live in it
    r->memory = (struct arena){0};
    h->settings = r->settings;
    h->configured = true;
    struct answer *a = answer_begin(h, r->id, true);
    jsonw_key(&a->json, "version");
    jsonw_int(&a->json, NET_PROTOCOL_VERSION);
    answer_end(a);
}

static void do_request(struct helper *h, struct request *r)
{
    if (!h->configured && r->op != OP_CONFIGURE) {
        answer_error(h, r->id, NET_CODE_BAD_REQUEST, "not configured yet");
        return;
    }
    if (h->in_flight >= NET_PROTOCOL_IN_FLIGHT) {
        answer_error(h, r->id, NET_CODE_BUSY, "too many open requests");
        return;
    }
    switch (r->op) {
    case OP_CONFIGURE:
        do_configure(h, r);
        return;
    case OP_PROBE:
        do_probe(h, r);
        return;
    case OP_PAGE:
        do_page(h, r);
        return;
    case OP_SERVE:
        do_serve(h, r);
        return;
    case OP_PUBLISH:
        do_publish(h, r);
        return;
    }
}

static void on_line(void *arg, struct slice line)
{
    struct helper *h = arg;
    struct request request;
    struct err e = {0};
    if (h->closing)
        return;
    if (!line.data) {
        answer_error(h, 0, NET_CODE_BAD_REQUEST, "the line is too long");
        return;
    }
    int result = request_read(line, &request, &e);
    if (result == 0)
        do_request(h, &request);
    else
        answer_error(h, request.id,
                     result == REQUEST_UNKNOWN_OP ? NET_CODE_UNKNOWN_OP : NET_CODE_BAD_REQUEST,
                     e.text);
    request_deinit(&request);
}

// --- the loop

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *ret)
{
    struct helper *h = handle->data;
    *ret = (uv_buf_t){.base = h->chunk, .len = sizeof h->chunk};
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct helper *h = stream->data;
    if (n < 0) {
        shut_down(h);
        return;
    }
    line_reader_feed(&h->lines, slice_of(bytes->base, (size_t)n), on_line, h);
    if (!h->closing && uv_stream_get_write_queue_size(&h->out.stream) > OUTPUT_QUEUE_MAX) {
        uv_read_stop(&h->in.stream);
        h->paused = true;
    }
}

static void resume_input(struct helper *h)
{
    if (!h->paused || h->closing ||
        uv_stream_get_write_queue_size(&h->out.stream) > OUTPUT_QUEUE_MAX)
        return;
    h->paused = false;
    uv_read_start(&h->in.stream, on_alloc, on_read);
}

// What is open is dropped; the loop ends when its handles are closed.
static void shut_down(struct helper *h)
{
    if (h->closing)
        return;
    h->closing = true;
    uv_close(&h->in.handle, NULL);
    uv_close(&h->out.handle, NULL);
    http_client_free(TAKE_PTR(h->client));
    metrics_server_stop(TAKE_PTR(h->server));
}

static int open_channel(struct helper *h, int fd, union channel *ret, struct err *e)
{
    int result = -EINVAL;
    uv_handle_type type = uv_guess_handle(fd);
    if (type == UV_TTY) {
        result = uv_tty_init(&h->loop, &ret->tty, fd, 0);
    } else if (type == UV_NAMED_PIPE || type == UV_TCP) {
        uv_pipe_init(&h->loop, &ret->pipe, 0);
        if ((result = uv_pipe_open(&ret->pipe, fd)) < 0)
            uv_close(&ret->handle, NULL);
    }
    ret->handle.data = h;
    if (result < 0)
        return err_set(e, -EINVAL, "descriptor %d is no pipe, socket or terminal", fd);
    return 0;
}

static void helper_free(struct helper *h)
{
    line_reader_deinit(&h->lines);
    buf_deinit(&h->metrics);
    buf_deinit(&h->status);
    arena_deinit(&h->memory);
    free(h->listen);
    free(h);
}

int helper_run(int in_fd, int out_fd, const struct settings *settings, struct err *e)
{
    struct helper *h = mem_zalloc(sizeof *h);
    h->lines.limit = NET_PROTOCOL_LINE_MAX;
    if (settings) {
        h->settings = *settings;
        h->configured = true;
    }
    if (uv_loop_init(&h->loop) < 0)
        abort();
    int result = open_channel(h, in_fd, &h->in, e);
    if (result == 0 && (result = open_channel(h, out_fd, &h->out, e)) < 0)
        uv_close(&h->in.handle, NULL);
    if (result == 0) {
        h->client = http_client_new(&h->loop);
        uv_read_start(&h->in.stream, on_alloc, on_read);
    }
    uv_run(&h->loop, UV_RUN_DEFAULT);
    uv_loop_close(&h->loop);
    helper_free(h);
    return result;
}
