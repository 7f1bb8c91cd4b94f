#include "seid/cmd/node.h"

#include <errno.h>
#include <string.h>

#include "base/enc.h"
#include "net/http_client.h"
#include "seid/cmd/cmd.h"
#include "wire/pb_arena.h"
#include "wire/pb_check.h"
#include "wire/pbjson.h"
#include "wire/typereg.h"

enum { ANSWER_MAX = 64 << 20, TIMEOUT_MS = 30000 };

int node_init(struct node *ret, const char *address, struct arena *arena, struct err *e)
{
    const char *scheme = "http://", *rest = address;
    if (strncmp(address, "https://", 8) == 0)
        scheme = "https://";
    const char *colon = strstr(address, "://");
    if (colon) {
        rest = colon + 3;
        size_t len = (size_t)(colon - address);
        bool known = (len == 3 && memcmp(address, "tcp", 3) == 0) ||
                     (len == 4 && memcmp(address, "http", 4) == 0) || *scheme != 'h' ||
                     strcmp(scheme, "https://") == 0;
        if (!known)
            return err_set(e, -EINVAL, "--node %s: expected tcp://host:port or http://host:port",
                           address);
    }
    if (!*rest)
        return err_set(e, -EINVAL, "--node is empty: expected tcp://host:port");
    size_t len = strlen(rest);
    *ret = (struct node){
        .client = http_client_new(NULL),
        .url = arena_printf(arena, "%s%s%s", scheme, rest, rest[len - 1] == '/' ? "" : "/"),
        .shown = address,
    };
    return 0;
}

void node_deinit(struct node *n)
{
    http_client_free(n->client);
    n->client = NULL;
}

// The result of a JSON-RPC answer, or its error as text.
static int read_answer(const struct node *n, const char *method, const struct buf *body,
                       json_t **ret, struct err *e)
{
    json_error_t why;
    json_t *answer CLEANUP_JSON = json_loadb((const char *)body->data, body->len, 0, &why);
    json_t *result = json_object_get(answer, "result");
    const json_t *error = json_object_get(answer, "error");
    if (result) {
        *ret = json_incref(result);
        return 0;
    }
    if (!json_is_object(error))
        return err_set(e, -EPROTO, "%s: the answer to %s is no JSON-RPC", n->shown, method);
    const char *message = json_string_value(json_object_get(error, "message"));
    const char *data = json_string_value(json_object_get(error, "data"));
    return err_set(e, -EREMOTEIO, "RPC error %lld - %s%s%s",
                   (long long)json_integer_value(json_object_get(error, "code")),
                   message ? message : "", data ? ": " : "", data ? data : "");
}

int node_call(const struct node *n, const char *method, json_t *params, json_t **ret, struct err *e)
{
    json_t *request CLEANUP_JSON =
        json_pack("{s:s,s:i,s:s,s:o}", "jsonrpc", "2.0", "id", 1, "method", method, "params",
                  params ? params : json_object());
    char *text CLEANUP_FREE = request ? json_dumps(request, JSON_COMPACT) : NULL;
    if (!text)
        return err_set(e, -EINVAL, "%s: the parameters are not UTF-8", method);
    struct http_response response CLEANUP_HTTP_RESPONSE = {0};
    const struct http_request call = {
        .url = n->url,
        .body = slice_str(text),
        .content_type = "application/json",
        .total_timeout_ms = TIMEOUT_MS,
        .response_max = ANSWER_MAX,
    };
    enum http_outcome outcome = http_call(n->client, &call, &response);
    if (outcome != HTTP_ANSWERED)
        return err_set(e, -EHOSTUNREACH, "cannot ask %s: %s", n->shown,
                       *response.detail ? response.detail : http_outcome_text(outcome));
    return read_answer(n, method, &response.body, ret, e);
}

static const char *member(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text ? text : "";
}

// The value of an abci_query answer, decoded from base64.
static int read_value(const json_t *response, const char *path, struct buf *ret, struct err *e)
{
    json_int_t code = json_integer_value(json_object_get(response, "code"));
    if (code) {
        const char *log = member(response, "log");
        err_set(e, -EREMOTEIO, "%s", *log ? log : "the query failed");
        // codespace sdk, key not found
        return code == 22 ? NODE_NOT_FOUND : -EREMOTEIO;
    }
    const char *value = member(response, "value");
    if (enc_base64_decode(value, strlen(value), ret) < 0)
        return err_set(e, -EPROTO, "%s: the answer is not base64", path);
    return 0;
}

// "/cosmos.bank.v1beta1.Query/Balance"
static const ProtobufCMethodDescriptor *find_method(const char *path)
{
    const char *slash = strrchr(path, '/');
    const ProtobufCServiceDescriptor *service =
        typereg_find_service(slice_of(path + 1, (size_t)(slash - path - 1)));
    return service ? protobuf_c_service_descriptor_get_method_by_name(service, slash + 1) : NULL;
}

static int write_json(const void *message, json_t **ret, struct err *e)
{
    struct buf text CLEANUP_BUF = {0};
    int r = pbjson_append(message, &text, e);
    if (r < 0)
        return r;
    *ret = json_loadb((const char *)text.data, text.len, JSON_DECODE_ANY, NULL);
    return *ret ? 0 : err_set(e, -EPROTO, "the answer holds text that is not UTF-8");
}

static int ask(const struct node *n, const char *path, struct slice data, int64_t height,
               struct arena *arena, struct buf *ret_value, struct err *e)
{
    char *hex = arena_alloc(arena, 2 * data.len + 1);
    enc_hex_lower(data.data, data.len, hex);
    json_t *result CLEANUP_JSON = NULL;
    json_t *params = json_pack("{s:s,s:s,s:s,s:b}", "path", path, "data", hex, "height",
                               arena_printf(arena, "%lld", (long long)height), "prove", 0);
    int r = node_call(n, "abci_query", params, &result, e);
    return r < 0 ? r : read_value(json_object_get(result, "response"), path, ret_value, e);
}

int node_query(const struct node *n, const char *path, json_t *request, int64_t height,
               struct arena *arena, json_t **ret, struct err *e)
{
    json_t *owned CLEANUP_JSON = request ? request : json_object();
    const ProtobufCMethodDescriptor *method = find_method(path);
    void *message = NULL;
    struct buf value CLEANUP_BUF = {0};
    if (!method)
        return err_set(e, -ENOENT, "unknown query %s", path);
    int r = pbjson_read_value(method->input, owned, "", arena, &message, e);
    if (r == 0)
        r = ask(n, path, pb_pack(message, arena), height, arena, &value, e);
    if (r != 0)
        return r;
    // The slice must live as long as what is unpacked from it.
    struct slice bytes = arena_slice(arena, buf_slice(&value));
    void *response = NULL;
    if (pb_check(method->output, bytes, PB_CHECK_ALLOW_NON_CRITICAL, NULL) == 0)
        response = pb_unpack(method->output, bytes, arena);
    if (!response)
        return err_set(e, -EPROTO, "%s: the answer is malformed", path);
    return write_json(response, ret, e);
}

int node_chain_id(const struct node *n, struct arena *arena, const char **ret, struct err *e)
{
    json_t *status CLEANUP_JSON = NULL;
    int r = node_call(n, "status", NULL, &status, e);
    if (r < 0)
        return r;
    const char *id = member(json_object_get(status, "node_info"), "network");
    if (!*id)
        return err_set(e, -EPROTO, "%s: /status names no network", n->shown);
    *ret = arena_strndup(arena, id, strlen(id));
    return 0;
}
