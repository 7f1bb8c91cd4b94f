#include "net/http_client.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <uv.h>

#include "base/mem.h"
#include "net/http_request.h"
#include "net/limits.h"

struct http_transfer {
    struct http_client *client;
    struct http_transfer *prev, *next;
    CURL *easy;    // null when the request was refused before it was made
    uint64_t turn; // of its start
    struct curl_slist *headers;
    struct buf body; // of the request
    char *ca_file;
    size_t response_max;
    size_t header_bytes;
    bool headers_ended; // those of the last answer, interim ones included
    bool body_too_large, headers_too_large;
    http_done_fn *done;
    void *arg;
    struct http_response response;
    char curl_text[CURL_ERROR_SIZE];
};

struct http_client {
    CURLM *multi;
    uv_loop_t *loop;                 // borrowed, null for a blocking client
    uv_timer_t timer;                // libcurl's
    uv_timer_t refusal;              // tells of the transfers that were not sent
    struct http_transfer *transfers; // owned
    uint64_t turn;                   // of the refusals
    unsigned open_handles;           // of libuv, while closing
    bool closing;
};

// One socket of libcurl on the loop; released by libuv's close.
struct watched_socket {
    uv_poll_t poll;
    struct http_client *client;
    curl_socket_t fd;
};

const char *http_outcome_text(enum http_outcome outcome)
{
    switch (outcome) {
    case HTTP_ANSWERED:
        return "answered";
    case HTTP_BAD_REQUEST:
        return "bad request";
    case HTTP_UNRESOLVED:
        return "resolve";
    case HTTP_UNREACHABLE:
        return "connect";
    case HTTP_TLS_FAILED:
        return "tls";
    case HTTP_TIMED_OUT:
        return "timed out";
    case HTTP_TOO_LARGE:
        return "answer too large";
    case HTTP_CUT_SHORT:
        return "connection closed early";
    case HTTP_NOT_HTTP:
        return "answer is not HTTP";
    case HTTP_CANCELLED:
        return "cancelled";
    case HTTP_FAILED:
        return "failed";
    }
    return "failed";
}

void http_response_deinit(struct http_response *r)
{
    buf_deinit(&r->body);
}

// --- one transfer

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct http_transfer *t = arg;
    size_t len = size * count;
    if (len > t->response_max - t->response.body.len) {
        t->body_too_large = true;
        return 0;
    }
    buf_append(&t->response.body, data, len);
    return len;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
    struct http_transfer *t = arg;
    size_t len = size * count;
    t->header_bytes += len;
    if (t->header_bytes > NET_RESPONSE_HEADER_BYTES_MAX) {
        t->headers_too_large = true;
        return 0;
    }
    if (len > 5 && memcmp(data, "HTTP/", 5) == 0)
        t->headers_ended = false;
    else if (data[0] == '\n' || data[0] == '\r')
        t->headers_ended = true;
    return len;
}

static void append_header(struct http_transfer *t, const char *text)
{
    struct curl_slist *longer = curl_slist_append(t->headers, text);
    if (!longer)
        abort();
    t->headers = longer;
}

static void set_headers(struct http_transfer *t, const struct http_request *request)
{
    CLEANUP_BUF struct buf line = {0};
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        buf_clear(&line);
        // libcurl drops a header with nothing behind the colon unless it ends in a semicolon.
        if (*header->value)
            buf_printf(&line, "%s: %s", header->name, header->value);
        else
            buf_printf(&line, "%s;", header->name);
        append_header(t, buf_cstr(&line));
    }
    if (request->content_type) {
        buf_clear(&line);
        buf_printf(&line, "Content-Type: %s", request->content_type);
        append_header(t, buf_cstr(&line));
    }
    append_header(t, "Expect:"); // never wait for "100 Continue"
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
}

static void set_method_and_body(struct http_transfer *t, const struct http_request *request)
{
    if (request->content_type) {
        buf_append_slice(&t->body, request->body);
        curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.len);
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, buf_cstr(&t->body));
    } else if (request->method && strcmp(request->method, "HEAD") == 0) {
        curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
    }
    if (request->method)
        curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_policy(struct http_transfer *t, const struct http_request *request, bool loopback)
{
    uint32_t connect_ms = request->connect_timeout_ms, total_ms = request->total_timeout_ms;
    CURL *easy = t->easy;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); // a cancel does not wait for the resolver
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(connect_ms ? connect_ms : NET_CONNECT_TIMEOUT_MS));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(total_ms ? total_ms : NET_TOTAL_TIMEOUT_MS));
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "seihalt/" SEI_VERSION);
    if (loopback)
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    if (request->ca_file) {
        t->ca_file = mem_strdup(request->ca_file);
        curl_easy_setopt(easy, CURLOPT_CAINFO, t->ca_file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
}

static void refuse(struct http_transfer *t, const char *fault)
{
    t->response.outcome = HTTP_BAD_REQUEST;
    snprintf(t->response.detail, sizeof t->response.detail, "%s", fault);
}

// Always gives a transfer; one that cannot be sent has no easy handle and its outcome set.
static struct http_transfer *transfer_new(struct http_client *client,
                                          const struct http_request *request)
{
    struct http_transfer *t = mem_zalloc(sizeof *t);
    bool loopback = false;
    t->client = client;
    t->response.retry_after_ms = -1;
    t->response_max = request->response_max ? request->response_max : NET_RESPONSE_MAX;
    const char *fault = http_request_fault(request, &loopback);
    if (fault) {
        refuse(t, fault);
        return t;
    }
    t->easy = curl_easy_init();
    if (!t->easy)
        abort();
    curl_easy_setopt(t->easy, CURLOPT_URL, request->url);
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->curl_text);
    curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
    set_policy(t, request, loopback);
    set_method_and_body(t, request);
    set_headers(t, request);
    return t;
}

static void transfer_link(struct http_transfer *t)
{
    t->next = t->client->transfers;
    if (t->next)
        t->next->prev = t;
    t->client->transfers = t;
}

static void transfer_free(struct http_transfer *t)
{
    if (t->easy) {
        curl_multi_remove_handle(t->client->multi, t->easy);
        curl_easy_cleanup(t->easy);
    }
    if (t->prev)
        t->prev->next = t->next;
    else if (t->client->transfers == t)
        t->client->transfers = t->next;
    if (t->next)
        t->next->prev = t->prev;
    curl_slist_free_all(t->headers);
    buf_deinit(&t->body);
    free(t->ca_file);
    http_response_deinit(&t->response);
    free(t);
}

// --- the outcome

static enum http_outcome outcome_of(const struct http_transfer *t, CURLcode code)
{
    // libcurl names more than we tell apart; what is not listed is HTTP_FAILED with its text.
    switch ((int)code) {
    case CURLE_OK: // for libcurl an answer may end within its headers
        return t->headers_ended ? HTTP_ANSWERED : HTTP_CUT_SHORT;
    case CURLE_URL_MALFORMAT:
        return HTTP_BAD_REQUEST;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return HTTP_UNRESOLVED;
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
        return HTTP_UNREACHABLE;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
        return HTTP_TLS_FAILED;
    case CURLE_OPERATION_TIMEDOUT:
        return HTTP_TIMED_OUT;
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        return HTTP_CUT_SHORT;
    case CURLE_UNSUPPORTED_PROTOCOL: // the URL's was checked before: this is an answer as HTTP/0.9
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
        return HTTP_NOT_HTTP;
    case CURLE_WRITE_ERROR:
        return t->body_too_large || t->headers_too_large ? HTTP_TOO_LARGE : HTTP_FAILED;
    default:
        return HTTP_FAILED;
    }
}

static void describe(struct http_transfer *t, CURLcode code)
{
    struct http_response *r = &t->response;
    const char *what = http_outcome_text(r->outcome);
    long os_errno = 0;
    curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os_errno);
    if (t->headers_too_large) {
        snprintf(r->detail, sizeof r->detail, "%s: more than %d bytes of headers", what,
                 NET_RESPONSE_HEADER_BYTES_MAX);
    } else if (t->body_too_large) {
        snprintf(r->detail, sizeof r->detail, "%s: more than %zu bytes", what, t->response_max);
    } else if (r->outcome == HTTP_UNREACHABLE && os_errno != 0) {
        char text[128];
        snprintf(r->detail, sizeof r->detail, "%s: %s", what,
                 strerror_r((int)os_errno, text, sizeof text));
    } else {
        snprintf(r->detail, sizeof r->detail, "%s: %.*s", what, (int)sizeof r->detail - 40,
                 t->curl_text[0]    ? t->curl_text
                 : code != CURLE_OK ? curl_easy_strerror(code)
                                    : "within the headers");
    }
}

static void transfer_end(struct http_transfer *t, CURLcode code)
{
    struct http_response *r = &t->response;
    r->outcome = outcome_of(t, code);
    if (r->outcome != HTTP_ANSWERED) {
        describe(t, code);
        buf_deinit(&r->body);
        return;
    }
    long status = 0;
    curl_off_t retry_after_s = 0;
    const char *type = NULL;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
    curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    r->status = (int)status;
    // libcurl says 0 for "none" and for "at once": both are no reason to wait.
    if (retry_after_s > 0)
        r->retry_after_ms = (retry_after_s > 86400 ? 86400 : (int64_t)retry_after_s) * 1000;
    snprintf(r->content_type, sizeof r->content_type, "%s", type ? type : "");
}

static void set_cancelled(struct http_transfer *t)
{
    t->response.outcome = HTTP_CANCELLED;
    buf_deinit(&t->response.body);
    snprintf(t->response.detail, sizeof t->response.detail, "cancelled");
}

// --- the loop

// Ends the transfer's life first: the callback may free the client or start others.
static void tell(struct http_transfer *t)
{
    http_done_fn *done = t->done;
    void *arg = t->arg;
    struct http_response response = t->response;
    t->response = (struct http_response){0};
    transfer_free(t);
    done(arg, &response);
    http_response_deinit(&response);
}

static void collect_finished(struct http_client *client)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(client->multi, &left));) {
        struct http_transfer *t = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        transfer_end(t, message->data.result);
        if (client->loop)
            tell(t);
        if (client->closing)
            return;
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct http_client *client = timer->data;
    int running;
    curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect_finished(client);
}

// Only those of earlier turns: a callback that starts another bad request waits for the next.
static struct http_transfer *find_refused(const struct http_client *client)
{
    for (struct http_transfer *t = client->transfers; t; t = t->next)
        if (!t->easy && t->turn < client->turn)
            return t;
    return NULL;
}

static void on_refusal(uv_timer_t *timer)
{
    struct http_client *client = timer->data;
    client->turn++;
    for (struct http_transfer *t; !client->closing && (t = find_refused(client));)
        tell(t);
}

static int on_timeout_change(CURLM *multi, long timeout_ms, void *arg)
{
    struct http_client *client = arg;
    if (client->closing)
        return 0;
    if (timeout_ms < 0)
        uv_timer_stop(&client->timer);
    else
        uv_timer_start(&client->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watched_socket *s = poll->data;
    struct http_client *client = s->client;
    int flags = 0, running;
    if (status < 0)
        flags = CURL_CSELECT_ERR;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    curl_multi_socket_action(client->multi, s->fd, flags, &running);
    collect_finished(client);
}

static void release_when_closed(struct http_client *client)
{
    if (--client->open_handles == 0)
        free(client);
}

static void after_socket_close(uv_handle_t *handle)
{
    struct watched_socket *s = handle->data;
    struct http_client *client = s->client;
    free(s);
    // The timers are closed last, so this cannot be the last handle of a client that lives.
    release_when_closed(client);
}

static struct watched_socket *watch_socket(struct http_client *client, curl_socket_t fd)
{
    struct watched_socket *s = mem_zalloc(sizeof *s);
    s->client = client;
    s->fd = fd;
    if (uv_poll_init_socket(client->loop, &s->poll, fd) < 0) {
        free(s);
        return NULL;
    }
    s->poll.data = s;
    client->open_handles++;
    curl_multi_assign(client->multi, fd, s);
    return s;
}

static int on_socket_change(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct http_client *client = arg;
    struct watched_socket *s = socket_arg;
    if (what == CURL_POLL_REMOVE) {
        if (s) {
            curl_multi_assign(client->multi, fd, NULL);
            uv_poll_stop(&s->poll);
            uv_close((uv_handle_t *)&s->poll, after_socket_close);
        }
        return 0;
    }
    if (!s && !(s = watch_socket(client, fd)))
        return -1;
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return uv_poll_start(&s->poll, events, on_ready) < 0 ? -1 : 0;
}

struct http_transfer *http_start(struct http_client *client, const struct http_request *request,
                                 http_done_fn *done, void *arg)
{
    assert(client->loop && !client->closing);
    struct http_transfer *t = transfer_new(client, request);
    t->done = done;
    t->arg = arg;
    transfer_link(t);
    t->turn = client->turn;
    if (!t->easy) // told from the loop, as every other outcome
        uv_timer_start(&client->refusal, on_refusal, 0, 0);
    else if (curl_multi_add_handle(client->multi, t->easy) != CURLM_OK)
        abort();
    return t;
}

void http_cancel(struct http_transfer *transfer)
{
    transfer_free(transfer);
}

// --- the blocking call

static CURLMcode wait_for_it(struct http_client *client, int cancel_fd, bool *ret_cancelled)
{
    struct curl_waitfd extra = {.fd = cancel_fd, .events = CURL_WAIT_POLLIN};
    int running = 1;
    CURLMcode code;
    while ((code = curl_multi_perform(client->multi, &running)) == CURLM_OK && running > 0) {
        code = curl_multi_poll(client->multi, &extra, cancel_fd > 0 ? 1 : 0, 1000, NULL);
        if (code != CURLM_OK)
            return code;
        if (extra.revents) {
            *ret_cancelled = true;
            return CURLM_OK;
        }
    }
    return code;
}

enum http_outcome http_call(struct http_client *client, const struct http_request *request,
                            struct http_response *ret)
{
    assert(!client->loop);
    struct http_transfer *t = transfer_new(client, request);
    bool cancelled = false;
    transfer_link(t);
    if (t->easy) {
        t->response.outcome = HTTP_FAILED;
        CURLMcode code = curl_multi_add_handle(client->multi, t->easy);
        if (code == CURLM_OK)
            code = wait_for_it(client, request->cancel_fd, &cancelled);
        if (code != CURLM_OK)
            snprintf(t->response.detail, sizeof t->response.detail, "failed: %s",
                     curl_multi_strerror(code));
        collect_finished(client);
        if (cancelled && t->response.status == 0) {
            set_cancelled(t);
        }
    }
    *ret = t->response;
    t->response = (struct http_response){0};
    transfer_free(t);
    return ret->outcome;
}

// --- life cycle

struct http_client *http_client_new(struct uv_loop_s *loop)
{
    struct http_client *client = mem_zalloc(sizeof *client);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
    client->multi = curl_multi_init();
    if (!client->multi)
        abort();
    client->loop = loop;
    curl_multi_setopt(client->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)NET_CONNECTIONS_MAX);
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)NET_CONNECTIONS_IDLE_MAX);
    if (!loop)
        return client;
    uv_timer_init(loop, &client->timer);
    uv_timer_init(loop, &client->refusal);
    client->timer.data = client->refusal.data = client;
    client->open_handles = 2;
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket_change);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timeout_change);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    return client;
}

static void after_timer_close(uv_handle_t *handle)
{
    release_when_closed(handle->data);
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    client->closing = true;
    while (client->transfers) {
        set_cancelled(client->transfers);
        tell(client->transfers);
    }
    curl_multi_cleanup(client->multi);
    curl_global_cleanup();
    if (!client->loop) {
        free(client);
        return;
    }
    uv_close((uv_handle_t *)&client->timer, after_timer_close);
    uv_close((uv_handle_t *)&client->refusal, after_timer_close);
}
