#include "net/metrics_server.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <microhttpd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/limits.h"

struct client {
    int fd;           // -1: a free place
    int64_t since_ns; // begin of its present request, or end of its last one
};

struct metrics_server {
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer;
    unsigned open_handles;
    metrics_serve_fn *serve;
    void *arg;
    int64_t request_timeout_ms;
    struct client clients[NET_SERVER_CONNECTIONS_MAX];
    unsigned client_count;
};

// --- clients that take too long

static void on_connection(void *arg, struct MHD_Connection *connection, void **slot,
                          enum MHD_ConnectionNotificationCode code)
{
    struct metrics_server *s = arg;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        struct client *client = *slot;
        client->fd = -1;
        s->client_count--;
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct client *client = s->clients;
    while (client->fd >= 0)
        client++; // libmicrohttpd admits no more than there are places
    client->fd = info->connect_fd;
    client->since_ns = clock_monotonic_ns();
    s->client_count++;
    *slot = client;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode code)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct client *client = info ? info->socket_context : NULL;
    if (client)
        client->since_ns = clock_monotonic_ns();
}

// libmicrohttpd's own time-out begins again with every byte.
static void end_slow_requests(struct metrics_server *s)
{
    int64_t before_ns = clock_monotonic_ns() - s->request_timeout_ms * 1000000;
    for (size_t i = 0; i < NET_SERVER_CONNECTIONS_MAX; i++)
        if (s->clients[i].fd >= 0 && s->clients[i].since_ns < before_ns)
            shutdown(s->clients[i].fd, SHUT_RDWR);
}

// --- the loop

static void on_timer(uv_timer_t *timer);

static void run(struct metrics_server *s)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms = 1000;
    unsigned before;
    // A run that closed connections is followed by one that may listen again.
    do {
        before = s->client_count;
        MHD_run(s->daemon);
    } while (s->client_count < before);
    bool has_timeout = MHD_get_timeout(s->daemon, &timeout_ms) == MHD_YES;
    if (timeout_ms > 1000)
        timeout_ms = 1000;
    if (has_timeout || s->client_count > 0)
        uv_timer_start(&s->timer, on_timer, timeout_ms, 0);
    else
        uv_timer_stop(&s->timer);
}

static void on_timer(uv_timer_t *timer)
{
    struct metrics_server *s = timer->data;
    end_slow_requests(s);
    run(s);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    run(poll->data);
}

// --- one request

static enum MHD_Result send_reply(struct MHD_Connection *connection, int status,
                                  const char *content_type, struct buf *body)
{
    size_t len = body->len;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, buf_take_cstr(body), MHD_RESPMEM_MUST_FREE);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            content_type ? content_type : "text/plain; charset=utf-8");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, int status, const char *text)
{
    struct buf body = {0};
    buf_append_str(&body, text);
    return send_reply(connection, status, NULL, &body);
}

static bool has_body(struct MHD_Connection *connection)
{
    const char *length =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return (length && strcmp(length, "0") != 0) ||
           MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                       MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **request)
{
    struct metrics_server *s = arg;
    struct metrics_reply reply = {.status = MHD_HTTP_NOT_FOUND};
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    if (has_body(connection))
        return refuse(connection, MHD_HTTP_BAD_REQUEST, "a request here has no body\n");
    s->serve(s->arg, path, &reply);
    if (reply.status == MHD_HTTP_NOT_FOUND && reply.body.len == 0)
        buf_append_str(&reply.body, "not found\n");
    if (reply.body.len > NET_SERVER_PAGE_MAX) {
        buf_deinit(&reply.body);
        return refuse(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "the answer is too large\n");
    }
    return send_reply(connection, reply.status, reply.content_type, &reply.body);
}

// --- life cycle

// Splits at the last colon; brackets of an IPv6 address go.
static int split_address(const char *listen, char *ret_host, size_t size, const char **ret_port,
                         struct err *e)
{
    const char *colon = strrchr(listen, ':');
    size_t len = colon ? (size_t)(colon - listen) : 0;
    size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
    if (!colon || len >= size || digits == 0 || digits > 5 || colon[1 + digits])
        return err_set(e, -EINVAL, "\"%.100s\" is no address:port", listen);
    if (len > 2 && listen[0] == '[' && listen[len - 1] == ']') {
        listen++;
        len -= 2;
    } else if (memchr(listen, ':', len)) {
        return err_set(e, -EINVAL, "an IPv6 address stands in brackets, as [::1]:9101");
    }
    memcpy(ret_host, listen, len);
    ret_host[len] = '\0';
    *ret_port = colon + 1;
    return 0;
}

static int bind_socket(const struct addrinfo *address, const char *listen_text, int *ret,
                       struct err *e)
{
    int on = 1;
    CLEANUP_CLOSE int fd =
        socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(e, errno, "cannot open a socket for %s", listen_text);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, 64) < 0)
        return err_errno(e, errno, "cannot listen on %s", listen_text);
    *ret = take_fd(&fd);
    return 0;
}

static int open_socket(const char *listen, int *ret, struct err *e)
{
    char host[256];
    const char *port;
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int result = split_address(listen, host, sizeof host, &port, e);
    if (result < 0)
        return result;
    if (strtoul(port, NULL, 10) > 65535)
        return err_set(e, -EINVAL, "\"%.100s\": no such port", listen);
    const char *numeric = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    if (getaddrinfo(*numeric ? numeric : NULL, port, &hints, &found) != 0)
        return err_set(e, -EINVAL, "\"%.100s\": the address is no number", listen);
    result = bind_socket(found, listen, ret, e);
    freeaddrinfo(found);
    return result;
}

static int port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    char port[16];
    if (getsockname(fd, (struct sockaddr *)&address, &len) < 0 ||
        getnameinfo((struct sockaddr *)&address, len, NULL, 0, port, sizeof port, NI_NUMERICSERV))
        return 0;
    return (int)strtol(port, NULL, 10);
}

static struct MHD_Daemon *start_daemon(struct metrics_server *s, int fd, unsigned idle_s)
{
    return MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, s, MHD_OPTION_LISTEN_SOCKET,
                            fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)NET_SERVER_CONNECTIONS_MAX,
                            MHD_OPTION_CONNECTION_TIMEOUT,
                            idle_s ? idle_s : NET_SERVER_IDLE_TIMEOUT_S,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)NET_SERVER_CONNECTION_BYTES,
                            MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_END);
}

int metrics_server_start(struct uv_loop_s *loop, const struct metrics_server_config *config,
                         struct metrics_server **ret, int *ret_port, struct err *e)
{
    CLEANUP_CLOSE int fd = -1;
    int result = open_socket(config->listen, &fd, e);
    if (result < 0)
        return result;
    struct metrics_server *s = mem_zalloc(sizeof *s);
    s->serve = config->serve;
    s->arg = config->arg;
    s->request_timeout_ms =
        config->request_timeout_ms ? config->request_timeout_ms : NET_SERVER_REQUEST_TIMEOUT_MS;
    for (size_t i = 0; i < NET_SERVER_CONNECTIONS_MAX; i++)
        s->clients[i].fd = -1;
    int port = port_of(fd);
    s->daemon = start_daemon(s, fd, config->idle_timeout_s);
    if (!s->daemon) {
        free(s);
        return err_set(e, -ENOMEM, "cannot start the server on %s", config->listen);
    }
    take_fd(&fd); // the daemon's now
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    uv_timer_init(loop, &s->timer);
    if (uv_poll_init(loop, &s->poll, info->epoll_fd) < 0)
        abort(); // an epoll descriptor can be watched
    s->timer.data = s->poll.data = s;
    s->open_handles = 2;
    uv_poll_start(&s->poll, UV_READABLE, on_ready);
    *ret = s;
    *ret_port = port;
    return 0;
}

static void after_close(uv_handle_t *handle)
{
    struct metrics_server *s = handle->data;
    if (--s->open_handles == 0)
        free(s);
}

void metrics_server_stop(struct metrics_server *s)
{
    if (!s)
        return;
    uv_poll_stop(&s->poll);
    uv_close((uv_handle_t *)&s->poll, after_close);
    uv_close((uv_handle_t *)&s->timer, after_close);
    MHD_stop_daemon(s->daemon);
}
