#include "seivisor/shell/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "seivisor/core/json.h"

enum { BACKOFF_FIRST_MS = 200, BACKOFF_MAX_MS = 30000, QUEUED_MAX = 4 * 1024 * 1024 };

// One life of the helper. Freed when its process is gone and its handle is closed.
struct netlink_line {
    struct netlink *net; // null: the link has let go of it
    struct netlink *owner;
    struct netlink_line *next; // in owner->all
    struct proc proc;
    uv_pipe_t pipe; // both directions: one socket is the helper's stdin and stdout
    char *rx;
    size_t rx_len;
    bool closed;
    bool expected; // its end was asked for
};

struct write_request {
    uv_write_t req;
    char *text;
};

void netlink_init(struct netlink *n, uv_loop_t *loop, struct procs *procs, const struct log *log,
                  const char *program, json_t *configuration)
{
    *n = (struct netlink){.loop = loop, .procs = procs, .log = log};
    n->program = mem_strdup(program);
    n->configuration = configuration;
    n->next_id = 1;
}

static void line_free(struct netlink_line *line)
{
    struct netlink_line **at = &line->owner->all;
    while (*at != line)
        at = &(*at)->next;
    *at = line->next;
    free(line->rx);
    free(line);
}

static void line_free_if_done(struct netlink_line *line)
{
    if (line->closed && !proc_alive(&line->proc))
        line_free(line);
}

static void on_closed(uv_handle_t *handle)
{
    struct netlink_line *line = handle->data;
    line->closed = true;
    line_free_if_done(line);
}

// Lets go of the helper: its stdin ends, and with it the helper.
static void line_drop(struct netlink_line *line)
{
    if (line->net)
        line->net->line = NULL;
    line->net = NULL;
    if (!uv_is_closing((uv_handle_t *)&line->pipe))
        uv_close((uv_handle_t *)&line->pipe, on_closed);
}

static void tell_all_failed(struct netlink *n)
{
    for (size_t i = 0; i < NET_PROTOCOL_IN_FLIGHT; i++) {
        struct netlink_request request = n->open[i];
        n->open[i] = (struct netlink_request){0};
        if (request.id && request.done)
            request.done(NULL, request.context);
    }
}

static void line_failed(struct netlink_line *line, const char *why)
{
    struct netlink *n = line->net;
    if (!n)
        return;
    line_drop(line);
    proc_signal(&line->proc, SIGKILL);
    unsigned shift = n->failures < 8 ? n->failures : 8;
    uint64_t wait = (uint64_t)BACKOFF_FIRST_MS << shift;
    n->failures++;
    n->not_before_ms = uv_now(n->loop) + (wait < BACKOFF_MAX_MS ? wait : BACKOFF_MAX_MS);
    log_warn(n->log, "the network helper failed, it is started again when needed",
             LOG_STR("why", why), LOG_UINT("in_a_row", n->failures));
    tell_all_failed(n);
    if (n->restarted)
        n->restarted(n->context);
}

static void on_gone(struct proc *proc, int status, void *context)
{
    struct netlink_line *line = context;
    if (!line->expected)
        line_failed(line, "it has ended");
    else
        line_drop(line);
    line_free_if_done(line);
}

static bool line_answer(struct netlink_line *line, const char *text, size_t len)
{
    struct netlink *n = line->net;
    json_t *answer = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    json_int_t id = json_number(answer, "id", 0);
    bool known = false;
    for (size_t i = 0; answer && id > 0 && i < NET_PROTOCOL_IN_FLIGHT && !known; i++) {
        struct netlink_request request = n->open[i];
        if (request.id != (uint64_t)id)
            continue;
        known = true;
        n->failures = 0;
        n->open[i] = (struct netlink_request){0};
        if (request.done)
            request.done(answer, request.context);
    }
    json_decref(answer);
    return known;
}

static void line_take(struct netlink_line *line)
{
    size_t at = 0;
    while (line->net) {
        const char *end = memchr(line->rx + at, '\n', line->rx_len - at);
        if (!end)
            break;
        size_t len = (size_t)(end - (line->rx + at));
        if (!line_answer(line, line->rx + at, len)) {
            line_failed(line, "its answer makes no sense");
            return;
        }
        at += len + 1;
    }
    memmove(line->rx, line->rx + at, line->rx_len - at);
    line->rx_len -= at;
    if (line->net && line->rx_len == NET_PROTOCOL_LINE_MAX)
        line_failed(line, "its answer is too long");
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    struct netlink_line *line = handle->data;
    *ret = uv_buf_init(line->rx + line->rx_len, (unsigned)(NET_PROTOCOL_LINE_MAX - line->rx_len));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct netlink_line *line = stream->data;
    if (n > 0) {
        line->rx_len += (size_t)n;
        line_take(line);
    } else if (n < 0) {
        line_failed(line, n == UV_EOF ? "it closed the line" : uv_strerror((int)n));
    }
}

static void on_written(uv_write_t *req, int status)
{
    struct write_request *w = (struct write_request *)req;
    free(w->text);
    free(w);
}

static int line_send(struct netlink_line *line, json_t *request, uint64_t id)
{
    json_object_set_new(request, "id", json_integer((json_int_t)id));
    CLEANUP_FREE char *text = json_text(request);
    size_t len = strlen(text);
    if (len + 1 > NET_PROTOCOL_LINE_MAX)
        return -EMSGSIZE;
    struct write_request *w = mem_zalloc(sizeof *w);
    w->text = mem_alloc(len + 1);
    memcpy(w->text, text, len);
    w->text[len] = '\n';
    uv_buf_t buf = uv_buf_init(w->text, (unsigned)len + 1);
    int result = uv_write(&w->req, (uv_stream_t *)&line->pipe, &buf, 1, on_written);
    if (result < 0) {
        free(w->text);
        free(w);
    }
    return result;
}

static uint64_t take_slot(struct netlink *n, netlink_answer *done, void *context)
{
    for (size_t i = 0; i < NET_PROTOCOL_IN_FLIGHT; i++)
        if (n->open[i].id == 0) {
            n->open[i] = (struct netlink_request){n->next_id++, done, context};
            return n->open[i].id;
        }
    return 0;
}

static int line_open(struct netlink *n, struct err *e)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return err_errno(e, errno, "cannot make a line to the network helper");
    CLEANUP_CLOSE int ours = ends[0];
    CLEANUP_CLOSE int theirs = ends[1];
    struct netlink_line *line = mem_zalloc(sizeof *line);
    char name[] = NET_PROGRAM;
    char *const argv[] = {name, NULL};
    const struct proc_spec spec = {.path = n->program,
                                   .argv = argv,
                                   .fd_in = theirs,
                                   .fd_out = theirs,
                                   .death_signal = SIGTERM};
    line->proc.gone = on_gone;
    line->proc.context = line;
    int result = proc_start(n->procs, &line->proc, &spec, e);
    if (result < 0) {
        free(line);
        return result;
    }
    line->rx = mem_alloc(NET_PROTOCOL_LINE_MAX);
    line->net = line->owner = n;
    line->next = n->all;
    n->all = line;
    line->pipe.data = line;
    uv_pipe_init(n->loop, &line->pipe, 0);
    uv_pipe_open(&line->pipe, take_fd(&ours));
    uv_read_start((uv_stream_t *)&line->pipe, on_alloc, on_read);
    n->line = line;
    return 0;
}

static void on_configured(const json_t *answer, void *context)
{
    struct netlink *n = context;
    if (!answer || json_is_true(json_object_get(answer, "ok")))
        return;
    const char *error = json_string_value(json_object_get(answer, "error"));
    log_error(n->log, "the network helper refuses its configuration",
              LOG_STR("why", error ? error : "no reason given"));
}

static int line_ensure(struct netlink *n, struct err *e)
{
    if (n->line)
        return 0;
    if (netlink_wait_ms(n) > 0)
        return NETLINK_LATER;
    int result = line_open(n, e);
    if (result < 0) {
        n->failures++;
        n->not_before_ms = uv_now(n->loop) + BACKOFF_MAX_MS;
        return result;
    }
    json_t *configure = json_deep_copy(n->configuration);
    json_object_set_new(configure, "op", json_string("configure"));
    json_object_set_new(configure, "version", json_integer(NET_PROTOCOL_VERSION));
    line_send(n->line, configure, take_slot(n, on_configured, n));
    json_decref(configure);
    return 0;
}

int netlink_ask(struct netlink *n, json_t *request, netlink_answer *done, void *context,
                struct err *e)
{
    int result = line_ensure(n, e);
    if (result == 0 && uv_stream_get_write_queue_size((uv_stream_t *)&n->line->pipe) > QUEUED_MAX)
        result = NETLINK_LATER;
    uint64_t id = result == 0 ? take_slot(n, done, context) : 0;
    if (result == 0 && id == 0)
        result = NETLINK_LATER;
    if (result == 0 && line_send(n->line, request, id) < 0) {
        for (size_t i = 0; i < NET_PROTOCOL_IN_FLIGHT; i++)
            if (n->open[i].id == id)
                n->open[i] = (struct netlink_request){0};
        result = NETLINK_LATER;
    }
    json_decref(request);
    return result;
}

uint64_t netlink_wait_ms(const struct netlink *n)
{
    uint64_t now = uv_now(n->loop);
    return n->not_before_ms > now ? n->not_before_ms - now : 0;
}

void netlink_rest(struct netlink *n)
{
    if (!n->line)
        return;
    for (size_t i = 0; i < NET_PROTOCOL_IN_FLIGHT; i++)
        if (n->open[i].id)
            return;
    n->line->expected = true;
    line_drop(n->line);
}

void netlink_close(struct netlink *n)
{
    if (n->line) {
        n->line->expected = true;
        line_drop(n->line);
    }
    memset(n->open, 0, sizeof n->open);
    free(n->program);
    n->program = NULL;
    json_decref(n->configuration);
    n->configuration = NULL;
}

void netlink_deinit(struct netlink *n)
{
    while (n->all)
        line_free(n->all);
}
