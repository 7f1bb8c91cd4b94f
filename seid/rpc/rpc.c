#include "seid/rpc/rpc.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "seid/rpc/http.h"
#include "seid/rpc/limits.h"
#include "seid/rpc/methods.h"

struct rpc_server {
    struct rpc_node node;
    struct http_server *http[CONFIG_LADDR_MAX]; // owned
    size_t http_count;
    pthread_mutex_t lock;
    pthread_cond_t idle;
    unsigned waiting; // threads that wait for a block
};

// An answer that was made on a thread of its own.
struct waiting_answer {
    struct rpc_server *server;
    struct http_request *request;
    struct http_response response;
};

static void set_text(struct http_response *response, unsigned status, const char *text)
{
    response->status = status;
    response->content_type = "text/plain; charset=utf-8";
    buf_append_str(&response->body, text);
}

// ---- POST

static bool is_cacheable(const struct rpc_method *method, const struct rpc_call *call)
{
    return (method->flags & RPC_FIXED) ||
           ((method->flags & RPC_CACHEABLE) && call->value[0].present);
}

// Null when there is no such method, or the operator has not allowed it.
static const struct rpc_method *find_method(const struct rpc_server *s, const char *name)
{
    const struct rpc_method *method = rpc_method_find(name);
    bool forbidden = method && (method->flags & RPC_UNSAFE) && !s->node.config->rpc.unsafe;
    return forbidden ? NULL : method;
}

// Appends the response to one request of a batch. True when the answer never changes.
static bool answer_request(struct rpc_server *s, const struct jsonrpc_request *request,
                           struct buf *body, size_t start, struct arena *arena)
{
    struct jsonrpc_error error = {0};
    struct rpc_call call = {
        .node = &s->node, .arena = arena, .out = {body, start}, .error = &error};
    const struct rpc_method *method = find_method(s, request->method);
    size_t before = body->len;
    int result;
    if (!method || !method->run) {
        result = jsonrpc_fail(&error, JSONRPC_METHOD_NOT_FOUND, "%s", "");
    } else {
        result = rpc_params_json(method->params, request->params, arena, call.value, &error);
        if (result == 0) {
            jsonrpc_result(&call.out, request->id);
            result = rpc_method_run(method, &call);
        }
    }
    if (result < 0) {
        body->len = before;
        jsonrpc_error(&call.out, request->id, &error);
        return false;
    }
    jsonrpc_end(&call.out);
    return is_cacheable(method, &call);
}

static bool must_wait(const struct jsonrpc_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct rpc_method *method = rpc_method_find(batch->requests[i].method);
        if (method && (method->flags & RPC_WAITS))
            return true;
    }
    return false;
}

// One response is an object, several are an array; notifications get none.
static void answer_batch(struct rpc_server *s, const struct jsonrpc_batch *batch,
                         struct http_response *response)
{
    size_t calls = 0;
    for (size_t i = 0; i < batch->count; i++)
        calls += batch->requests[i].id != NULL;
    if (calls == 0) {
        response->content_type = NULL;
        return;
    }
    CLEANUP_ARENA struct arena arena = {0};
    struct buf *body = &response->body;
    response->cacheable = true;
    if (calls > 1)
        buf_append_byte(body, '[');
    for (size_t i = 0; i < batch->count; i++) {
        if (!batch->requests[i].id)
            continue;
        if (!answer_request(s, &batch->requests[i], body, 0, &arena))
            response->cacheable = false;
        arena_clear(&arena);
    }
    if (calls > 1)
        buf_append_byte(body, ']');
}

static void refuse_body(struct http_response *response, unsigned status,
                        const struct jsonrpc_error *error)
{
    struct jsonw w = jsonw_on(&response->body);
    response->status = status;
    jsonrpc_error(&w, NULL, error);
}

// ---- GET

static bool query_member(void *ctx, const char *name, struct slice *ret)
{
    return http_query(ctx, name, ret);
}

static void answer_get(struct rpc_server *s, const struct rpc_method *method,
                       struct http_request *request, struct http_response *response)
{
    CLEANUP_ARENA struct arena arena = {0};
    struct jsonrpc_error error = {0};
    struct rpc_call call = {
        .node = &s->node, .arena = &arena, .out = jsonw_on(&response->body), .error = &error};
    int result =
        rpc_params_query(method->params, query_member, request, &arena, call.value, &error);
    if (result == 0) {
        jsonrpc_result_get(&call.out);
        result = rpc_method_run(method, &call);
    }
    if (result < 0) {
        response->body.len = 0;
        response->status = 500;
        jsonrpc_error_get(&call.out, &error);
        return;
    }
    jsonrpc_end(&call.out);
    response->cacheable = is_cacheable(method, &call);
}

static void refuse_get(struct http_response *response, unsigned status, enum jsonrpc_code code)
{
    struct jsonrpc_error error = {.code = code};
    struct jsonw w = jsonw_on(&response->body);
    response->status = status;
    jsonrpc_error_get(&w, &error);
}

static void answer_index(struct http_request *request, struct http_response *response)
{
    const char *host = http_header(request, "Host");
    response->content_type = "text/html";
    buf_append_str(&response->body, "<html><body><br>Available endpoints:<br>");
    const struct rpc_method *method;
    for (size_t i = 0; (method = rpc_method_at(i)); i++) {
        if (!method->run || (method->flags & RPC_UNSAFE))
            continue;
        CLEANUP_BUF struct buf link = {0};
        buf_printf(&link, "//%s/%s", host && !strpbrk(host, "<>\"&'") ? host : "", method->name);
        for (size_t k = 0; k < RPC_MAX_PARAMS && method->params[k].name; k++)
            buf_printf(&link, "%s%s=_", k ? "&amp;" : "?", method->params[k].name);
        const char *text = buf_cstr(&link);
        buf_printf(&response->body, "<a href=\"%s\">%s</a></br>", text, text);
    }
    buf_append_str(&response->body, "</body></html>");
}

// ---- requests that wait for a block

static void *wait_and_answer(void *arg);

// Runs the request again on a thread of its own. There are few: each holds a client that waits.
static int hand_over(struct rpc_server *s, struct http_request *request,
                     struct http_response *response)
{
    pthread_mutex_lock(&s->lock);
    bool free_slot = s->waiting < RPC_MAX_WAITING;
    s->waiting += free_slot;
    pthread_mutex_unlock(&s->lock);
    if (!free_slot) {
        struct jsonrpc_error error;
        jsonrpc_fail(&error, JSONRPC_INTERNAL_ERROR,
                     "more than %d requests wait for a block already: use broadcast_tx_sync",
                     RPC_MAX_WAITING);
        refuse_body(response, 503, &error);
        return HTTP_NOW;
    }
    struct waiting_answer *answer = mem_zalloc(sizeof *answer);
    answer->server = s;
    answer->request = request;
    answer->response.content_type = "application/json";
    *http_slot(request) = answer;
    http_suspend(request);
    pthread_t thread;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, RPC_WAITING_STACK_BYTES);
    if (pthread_create(&thread, &attr, wait_and_answer, answer) != 0)
        wait_and_answer(answer); // no thread to be had: this client waits on a thread of the pool
    pthread_attr_destroy(&attr);
    return HTTP_LATER;
}

// ---- a request

// `may_wait`: whether this thread may wait for a block.
static int answer(struct rpc_server *s, struct http_request *request, bool may_wait,
                  struct http_response *response)
{
    const char *path = http_path(request);
    struct jsonrpc_error error = {0};
    if (strcmp(path, "/") != 0) {
        const struct rpc_method *method = find_method(s, path + 1);
        if (!method) {
            set_text(response, 404, "404 page not found\n");
            return HTTP_NOW;
        }
        if (!method->run) {
            refuse_get(response, 404, JSONRPC_METHOD_NOT_FOUND);
            return HTTP_NOW;
        }
        if ((method->flags & RPC_WAITS) && !may_wait)
            return hand_over(s, request, response);
        answer_get(s, method, request, response);
        return HTTP_NOW;
    }
    if (http_body_too_large(request)) {
        jsonrpc_fail(&error, JSONRPC_INVALID_REQUEST,
                     "error reading request body: http: request body too large");
        refuse_body(response, 400, &error);
        return HTTP_NOW;
    }
    struct slice body = http_body(request);
    if (body.len == 0) {
        answer_index(request, response);
        return HTTP_NOW;
    }
    uint64_t limit = s->node.config->rpc.max_request_batch_size;
    struct jsonrpc_batch batch;
    if (jsonrpc_parse(body, limit ? limit : SIZE_MAX, &batch, &error) < 0) {
        refuse_body(response, error.code == JSONRPC_PARSE_ERROR ? 500 : 200, &error);
        return HTTP_NOW;
    }
    int when = HTTP_NOW;
    if (!may_wait && must_wait(&batch))
        when = hand_over(s, request, response);
    else
        answer_batch(s, &batch, response);
    jsonrpc_batch_deinit(&batch);
    return when;
}

static void *wait_and_answer(void *arg)
{
    struct waiting_answer *waiting = arg;
    struct rpc_server *s = waiting->server;
    answer(s, waiting->request, true, &waiting->response);
    http_resume(waiting->request);
    // The last thing that touches the server: rpc_server_stop waits for it.
    pthread_mutex_lock(&s->lock);
    s->waiting--;
    pthread_cond_signal(&s->idle);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

// The configured origin that a browser's page may be of; null when it may not.
static const char *allowed_origin(const struct rpc_server *s, const char *origin)
{
    const struct config_list *allowed = &s->node.config->rpc.cors_allowed_origins;
    for (size_t i = 0; origin && i < allowed->count; i++)
        if (strcmp(allowed->items[i], "*") == 0 || strcmp(allowed->items[i], origin) == 0)
            return allowed->items[i];
    return NULL;
}

static int handle(void *ctx, struct http_request *request, struct http_response *response)
{
    struct rpc_server *s = ctx;
    struct waiting_answer *ready = *http_slot(request);
    int when = HTTP_NOW;
    const char *origin = allowed_origin(s, http_header(request, "Origin"));
    if (origin && strcmp(http_method(request), "OPTIONS") == 0) {
        response->status = 204;
        response->content_type = NULL;
        response->preflight = true;
    } else if (!ready) {
        when = answer(s, request, false, response);
    } else {
        *response = ready->response;
        ready->response.body = (struct buf){0};
    }
    response->allow_origin = origin;
    return when;
}

static void free_answer(void *ctx, void *slot)
{
    struct waiting_answer *answer = slot;
    buf_deinit(&answer->response.body);
    free(answer);
}

// ---- life cycle

// CometBFT's default of 1 MB would be allocated for every connection here.
static size_t header_bytes(const struct node_config *config)
{
    uint64_t wanted = config->rpc.max_header_bytes;
    return wanted < RPC_CONNECTION_BYTES_MAX ? (size_t)wanted : RPC_CONNECTION_BYTES_MAX;
}

int rpc_server_start(const struct rpc_node *node, struct rpc_server **ret, struct err *e)
{
    struct rpc_server *s = mem_zalloc(sizeof *s);
    s->node = *node;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->idle, NULL);
    for (size_t i = 0; i < node->config->rpc_listen_count; i++) {
        struct http_config config = {
            .address = node->config->rpc_listen[i].text,
            .host = node->config->rpc_listen[i].host,
            .port = node->config->rpc_listen[i].port,
            .unix_path =
                node->config->rpc_listen[i].is_unix ? node->config->rpc_listen[i].path : NULL,
            .threads = RPC_THREADS,
            .max_connections = (unsigned)node->config->rpc.max_open_connections,
            .idle_timeout_s = RPC_IDLE_TIMEOUT_S,
            .body_timeout_s = RPC_BODY_TIMEOUT_S,
            .max_header_bytes = header_bytes(node->config),
            .max_body_bytes = node->config->rpc.max_body_bytes,
            .handler = handle,
            .on_end = free_answer,
            .ctx = s,
        };
        int result = http_server_start(&config, &s->http[i], e);
        if (result < 0) {
            rpc_server_stop(s);
            return result;
        }
        s->http_count++;
    }
    *ret = s;
    return 0;
}

void rpc_server_stop(struct rpc_server *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->http_count; i++)
        http_server_quiesce(s->http[i]);
    pthread_mutex_lock(&s->lock);
    while (s->waiting > 0)
        pthread_cond_wait(&s->idle, &s->lock);
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < s->http_count; i++)
        http_server_stop(s->http[i]);
    pthread_cond_destroy(&s->idle);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
