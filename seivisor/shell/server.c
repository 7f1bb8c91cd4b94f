#include "seivisor/shell/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "seivisor/core/json.h"
#include "seivisor/core/request.h"

#define SOCKET_NAME "status.sock"
enum { ANSWER_MAX = 4 * 1024 * 1024, ASK_TIMEOUT_S = 5 };

struct server_connection {
    uv_pipe_t pipe;
    uv_timer_t idle;
    struct server *server;
    struct server_connection **slot; // where the server keeps it
    unsigned handles;                // open ones of the two
    size_t len;
    char line[SERVER_LINE_MAX];
};

struct answer {
    uv_write_t req;
    char *text;
};

// A path of any length: through the folder's descriptor, for sun_path takes 107 bytes.
static void address_of(int folder, struct sockaddr_un *ret)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d/" SOCKET_NAME, folder);
}

static void on_closed(uv_handle_t *handle)
{
    struct server_connection *c = handle->data;
    if (--c->handles > 0)
        return;
    *c->slot = NULL;
    free(c);
}

static void drop(struct server_connection *c)
{
    if (uv_is_closing((uv_handle_t *)&c->pipe))
        return;
    uv_close((uv_handle_t *)&c->pipe, on_closed);
    uv_close((uv_handle_t *)&c->idle, on_closed);
}

static void on_idle(uv_timer_t *timer)
{
    drop(timer->data);
}

static void on_written(uv_write_t *req, int status)
{
    struct answer *a = (struct answer *)req;
    if (status < 0)
        drop(req->handle->data);
    free(a->text);
    free(a);
}

static void send_answer(struct server_connection *c, json_t *answer)
{
    struct answer *a = mem_zalloc(sizeof *a);
    a->text = json_text(answer);
    json_decref(answer);
    size_t len = strlen(a->text);
    a->text[len] = '\n'; // over the NUL: from here on it is bytes
    uv_buf_t buf = uv_buf_init(a->text, (unsigned)len + 1);
    if (uv_write(&a->req, (uv_stream_t *)&c->pipe, &buf, 1, on_written) < 0) {
        free(a->text);
        free(a);
        drop(c);
    }
}

static void take_line(struct server_connection *c, size_t len)
{
    struct err e = {0};
    json_t *request = request_parse(c->line, len, &e);
    if (request)
        send_answer(c, c->server->answer(request, c->server->context));
    else
        send_answer(c, json_pack("{s:b, s:o}", "ok", 0, "error", json_safe_string(e.text)));
    json_decref(request);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    struct server_connection *c = handle->data;
    *ret = uv_buf_init(c->line + c->len, (unsigned)(sizeof c->line - c->len));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct server_connection *c = stream->data;
    if (n < 0) {
        drop(c);
        return;
    }
    c->len += (size_t)n;
    uv_timer_again(&c->idle);
    const char *end;
    while ((end = memchr(c->line, '\n', c->len)) && !uv_is_closing((uv_handle_t *)&c->pipe)) {
        size_t len = (size_t)(end - c->line);
        take_line(c, len);
        c->len -= len + 1;
        memmove(c->line, c->line + len + 1, c->len);
    }
    if (c->len < sizeof c->line || uv_is_closing((uv_handle_t *)&c->pipe))
        return;
    send_answer(c, json_pack("{s:b, s:s}", "ok", 0, "error", "the request is too long"));
    c->len = 0;
    uv_read_stop((uv_stream_t *)&c->pipe); // the idle timer ends it, once it was told
}

static void refuse(uv_stream_t *listener)
{
    uv_pipe_t *pipe = mem_zalloc(sizeof *pipe);
    uv_pipe_init(listener->loop, pipe, 0);
    uv_accept(listener, (uv_stream_t *)pipe);
    uv_close((uv_handle_t *)pipe, (uv_close_cb)free);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct server *s = listener->data;
    if (status < 0)
        return;
    size_t at = 0;
    while (at < SERVER_CONNECTIONS && s->open[at])
        at++;
    if (at == SERVER_CONNECTIONS) {
        refuse(listener);
        return;
    }
    struct server_connection *c = mem_zalloc(sizeof *c);
    c->server = s;
    c->handles = 2;
    c->slot = &s->open[at];
    *c->slot = c;
    c->pipe.data = c->idle.data = c;
    uv_pipe_init(listener->loop, &c->pipe, 0);
    uv_timer_init(listener->loop, &c->idle);
    uv_timer_start(&c->idle, on_idle, SERVER_IDLE_MS, SERVER_IDLE_MS);
    if (uv_accept(listener, (uv_stream_t *)&c->pipe) < 0 ||
        uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read) < 0)
        drop(c);
}

// A bound and listening descriptor, or negative.
static int listen_at(int folder, struct err *e)
{
    struct sockaddr_un address;
    address_of(folder, &address);
    CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(e, errno, "cannot open the status socket");
    unlinkat(folder, SOCKET_NAME, 0); // of an earlier run: the lock says that it has gone
    mode_t before = umask(0177);
    int result = bind(fd, (const struct sockaddr *)&address, sizeof address);
    int errnum = errno;
    umask(before);
    if (result < 0)
        return err_errno(e, errnum, "cannot open the status socket");
    return take_fd(&fd);
}

int server_open(struct server *s, uv_loop_t *loop, const char *folder, server_answer *answer,
                void *context, struct err *e)
{
    *s = (struct server){.folder_fd = -1, .answer = answer, .context = context};
    CLEANUP_CLOSE int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return err_errno(e, errno, "cannot open %s", folder);
    int fd = listen_at(dir, e);
    if (fd < 0)
        return fd;
    uv_pipe_init(loop, &s->listener, 0);
    s->listener.data = s;
    s->folder_fd = take_fd(&dir);
    int result = uv_pipe_open(&s->listener, fd);
    if (result == 0)
        result = uv_listen((uv_stream_t *)&s->listener, SERVER_BACKLOG, on_connection);
    if (result < 0) {
        server_close(s);
        return err_set(e, result, "cannot open the status socket: %s", uv_strerror(result));
    }
    return 0;
}

void server_close(struct server *s)
{
    if (s->folder_fd < 0)
        return;
    unlinkat(s->folder_fd, SOCKET_NAME, 0);
    close(s->folder_fd);
    s->folder_fd = -1;
    uv_close((uv_handle_t *)&s->listener, NULL);
    for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
        if (s->open[i])
            drop(s->open[i]);
}

static int exchange(int fd, const char *text, struct buf *ret, struct err *e)
{
    size_t len = strlen(text);
    if (send(fd, text, len, MSG_NOSIGNAL) != (ssize_t)len || send(fd, "\n", 1, MSG_NOSIGNAL) != 1)
        return err_errno(e, errno, "cannot ask the supervisor");
    while (ret->len < ANSWER_MAX) {
        ssize_t n = read(fd, buf_reserve(ret, 65536), 65536);
        if (n <= 0)
            return err_errno(e, n < 0 ? errno : ECONNRESET, "the supervisor does not answer");
        ret->len += (size_t)n;
        if (ret->data[ret->len - 1] == '\n')
            return 0;
    }
    return err_set(e, -EMSGSIZE, "the supervisor's answer is too long");
}

json_t *server_ask(const char *folder, const json_t *request, struct err *e)
{
    struct sockaddr_un address;
    const struct timeval timeout = {.tv_sec = ASK_TIMEOUT_S};
    CLEANUP_CLOSE int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (dir < 0) {
        err_errno(e, errno, "no supervisor runs here: %s", folder);
        return NULL;
    }
    address_of(dir, &address);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        err_errno(e, errno, "no supervisor runs here: %s", folder);
        return NULL;
    }
    CLEANUP_FREE char *text = json_text(request);
    CLEANUP_BUF struct buf answer = {0};
    if (exchange(fd, text, &answer, e) < 0)
        return NULL;
    json_t *object = json_loadb((const char *)answer.data, answer.len, 0, NULL);
    if (!object)
        err_set(e, -EINVAL, "the supervisor's answer makes no sense");
    return object;
}
