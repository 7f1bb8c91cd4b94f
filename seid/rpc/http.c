#include "seid/rpc/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "seid/rpc/listen.h"

struct http_server {
    struct http_config config;
    struct MHD_Daemon *daemon; // owned
    int quiesced_fd;           // owned: the listening socket, once it is out of the daemon's hands
};

struct http_request {
    struct http_server *server;
    struct MHD_Connection *connection;
    const char *method;
    const char *path;
    struct buf body;
    bool body_too_large;
    int64_t started_ns;
    void *slot;
};

// The clock header changes once a second; formatting it for each answer would cost more than it
// says.
static const char *server_time(char text[24])
{
    snprintf(text, 24, "%lld", (long long)time(NULL));
    return text;
}

static void add_cors(struct MHD_Response *mhd, const struct http_response *response)
{
    if (!response->allow_origin)
        return;
    MHD_add_response_header(mhd, "Vary", "Origin");
    MHD_add_response_header(mhd, "Access-Control-Allow-Origin", response->allow_origin);
    if (!response->preflight)
        return;
    MHD_add_response_header(mhd, "Access-Control-Allow-Methods", "HEAD, GET, POST");
    MHD_add_response_header(mhd, "Access-Control-Allow-Headers",
                            "Origin, Accept, Content-Type, X-Requested-With, X-Server-Time");
}

static enum MHD_Result queue(struct http_request *r, struct http_response *response)
{
    size_t len = response->body.len;
    struct MHD_Response *mhd =
        MHD_create_response_from_buffer(len, response->body.data, MHD_RESPMEM_MUST_FREE);
    if (!mhd) {
        buf_deinit(&response->body);
        return MHD_NO;
    }
    char text[24];
    if (response->content_type)
        MHD_add_response_header(mhd, "Content-Type", response->content_type);
    MHD_add_response_header(mhd, "X-Server-Time", server_time(text));
    if (response->cacheable)
        MHD_add_response_header(mhd, "Cache-Control", "public, max-age=86400");
    add_cors(mhd, response);
    enum MHD_Result result =
        MHD_queue_response(r->connection, response->status ? response->status : 200, mhd);
    MHD_destroy_response(mhd);
    return result;
}

static struct http_request *request_new(struct http_server *s, struct MHD_Connection *connection,
                                        const char *url, const char *method)
{
    struct http_request *r = mem_zalloc(sizeof *r);
    r->server = s;
    r->connection = connection;
    r->method = method;
    r->path = url;
    r->started_ns = clock_monotonic_ns();
    return r;
}

// Takes a piece of the body. A client that is too slow is cut: an answer would not be read either.
static enum MHD_Result take_body(struct http_request *r, const char *data, size_t *size)
{
    int64_t limit_ns = (int64_t)r->server->config.body_timeout_s * 1000000000;
    if (clock_monotonic_ns() - r->started_ns > limit_ns)
        return MHD_NO;
    if (r->body.len + *size > r->server->config.max_body_bytes)
        r->body_too_large = true;
    else
        buf_append(&r->body, data, *size);
    *size = 0;
    return MHD_YES;
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *upload_data,
                                 size_t *upload_size, void **slot)
{
    struct http_server *s = cls;
    if (!*slot) {
        *slot = request_new(s, connection, url, method);
        return MHD_YES;
    }
    struct http_request *r = *slot;
    if (*upload_size > 0)
        return take_body(r, upload_data, upload_size);
    struct http_response response = {.content_type = "application/json"};
    if (s->config.handler(s->config.ctx, r, &response) == HTTP_LATER)
        return MHD_YES;
    return queue(r, &response);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode code)
{
    struct http_server *s = cls;
    struct http_request *r = *slot;
    if (!r)
        return;
    if (r->slot && s->config.on_end)
        s->config.on_end(s->config.ctx, r->slot);
    buf_deinit(&r->body);
    free(r);
    *slot = NULL;
}

static void quiet_log(void *cls, const char *fmt, va_list args)
{
}

int http_server_start(const struct http_config *config, struct http_server **ret, struct err *e)
{
    struct http_server *s = mem_zalloc(sizeof *s);
    s->config = *config;
    s->quiesced_fd = MHD_INVALID_SOCKET;
    int fd = -1;
    int result = listen_open(config, &fd, e);
    if (result < 0) {
        free(s);
        return result;
    }
    s->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME |
            MHD_USE_ERROR_LOG,
        0, NULL, NULL, on_access, s, MHD_OPTION_EXTERNAL_LOGGER, quiet_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_THREAD_POOL_SIZE, config->threads,
        MHD_OPTION_CONNECTION_LIMIT, config->max_connections, MHD_OPTION_CONNECTION_TIMEOUT,
        config->idle_timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, config->max_header_bytes,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
        MHD_OPTION_END);
    if (!s->daemon) {
        close(fd);
        free(s);
        return err_set(e, -EIO, "cannot start the server on %s", config->address);
    }
    *ret = s;
    return 0;
}

void http_server_quiesce(struct http_server *s)
{
    s->quiesced_fd = MHD_quiesce_daemon(s->daemon);
}

void http_server_stop(struct http_server *s)
{
    if (!s)
        return;
    MHD_stop_daemon(s->daemon);
    // Not before: a thread of the pool may still be taking it out of its epoll set.
    if (s->quiesced_fd != MHD_INVALID_SOCKET)
        close(s->quiesced_fd);
    if (s->config.unix_path)
        unlink(s->config.unix_path);
    free(s);
}

const char *http_method(const struct http_request *r)
{
    return r->method;
}

const char *http_path(const struct http_request *r)
{
    return r->path;
}

struct slice http_body(const struct http_request *r)
{
    return buf_slice(&r->body);
}

bool http_body_too_large(const struct http_request *r)
{
    return r->body_too_large;
}

bool http_query(struct http_request *r, const char *name, struct slice *ret)
{
    const char *value = NULL;
    size_t len = 0;
    if (MHD_lookup_connection_value_n(r->connection, MHD_GET_ARGUMENT_KIND, name, strlen(name),
                                      &value, &len) != MHD_YES ||
        !value)
        return false;
    *ret = slice_of(value, len);
    return true;
}

const char *http_header(struct http_request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

void **http_slot(struct http_request *r)
{
    return &r->slot;
}

void http_suspend(struct http_request *r)
{
    MHD_suspend_connection(r->connection);
}

void http_resume(struct http_request *r)
{
    MHD_resume_connection(r->connection);
}
