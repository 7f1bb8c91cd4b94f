#include "seid/rpc/jsonrpc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "seid/rpc/json_plain.h"

int jsonrpc_fail(struct jsonrpc_error *e, enum jsonrpc_code code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(e->data, sizeof e->data, fmt, args);
    va_end(args);
    e->code = code;
    return -1;
}

static const char *message_of(enum jsonrpc_code code)
{
    switch (code) {
    case JSONRPC_PARSE_ERROR:
        return "Parse error. Invalid JSON";
    case JSONRPC_INVALID_REQUEST:
        return "Invalid Request";
    case JSONRPC_METHOD_NOT_FOUND:
        return "Method not found";
    case JSONRPC_INVALID_PARAMS:
        return "Invalid params";
    case JSONRPC_INTERNAL_ERROR:
        return "Internal error";
    case JSONRPC_SERVER_ERROR:
        return "Server error";
    }
    return "Internal error";
}

static int read_request(json_t *object, struct jsonrpc_request *ret, struct jsonrpc_error *e)
{
    if (!json_is_object(object))
        return jsonrpc_fail(e, JSONRPC_PARSE_ERROR,
                            "error unmarshaling request: a request must be an object");
    json_t *id = json_object_get(object, "id");
    json_t *method = json_object_get(object, "method");
    if (json_is_null(id))
        id = NULL;
    if (id && !json_is_string(id) && !json_is_number(id))
        return jsonrpc_fail(e, JSONRPC_PARSE_ERROR,
                            "error unmarshaling request: json-rpc ID must be a string or a number");
    if (method && !json_is_string(method))
        return jsonrpc_fail(e, JSONRPC_PARSE_ERROR,
                            "error unmarshaling request: method must be a string");
    json_t *params = json_object_get(object, "params");
    *ret = (struct jsonrpc_request){id, method ? json_string_value(method) : "",
                                    json_is_null(params) ? NULL : params};
    return 0;
}

static int read_array(json_t *array, size_t limit, struct jsonrpc_batch *ret,
                      struct jsonrpc_error *e)
{
    size_t count = json_array_size(array);
    if (count > limit)
        return jsonrpc_fail(e, JSONRPC_INVALID_REQUEST,
                            "batch request exceeds maximum (%zu) allowed number of requests",
                            limit);
    ret->requests = mem_calloc(count, sizeof *ret->requests);
    for (size_t i = 0; i < count; i++) {
        if (read_request(json_array_get(array, i), &ret->requests[i], e) < 0)
            return -1;
    }
    ret->count = count;
    return 0;
}

int jsonrpc_parse(struct slice body, size_t limit, struct jsonrpc_batch *ret,
                  struct jsonrpc_error *e)
{
    json_error_t at;
    struct jsonrpc_batch batch = {0};
    batch.root = json_plain_load(body);
    if (!batch.root)
        batch.root = json_loadb((const char *)body.data, body.len, JSON_ALLOW_NUL, &at);
    if (!batch.root)
        return jsonrpc_fail(e, JSONRPC_PARSE_ERROR, "error unmarshaling request: %s (byte %d)",
                            at.text, at.position);
    int result;
    if (json_is_array(batch.root)) {
        result = read_array(batch.root, limit, &batch, e);
    } else {
        batch.requests = mem_calloc(1, sizeof *batch.requests);
        batch.count = 1;
        result = read_request(batch.root, batch.requests, e);
    }
    if (result < 0) {
        jsonrpc_batch_deinit(&batch);
        return -1;
    }
    *ret = batch;
    return 0;
}

void jsonrpc_batch_deinit(struct jsonrpc_batch *b)
{
    json_decref(b->root);
    free(b->requests);
    *b = (struct jsonrpc_batch){0};
}

static void write_id(struct jsonw *w, const json_t *id)
{
    if (!id)
        return;
    jsonw_key(w, "id");
    if (json_is_string(id))
        jsonw_string(w, slice_of(json_string_value(id), json_string_length(id)));
    else if (json_is_integer(id))
        jsonw_int(w, json_integer_value(id));
    else
        jsonw_int(w, (int64_t)json_real_value(id)); // as CometBFT: the fraction is cut off
}

static void begin(struct jsonw *w)
{
    jsonw_object(w);
    jsonw_key(w, "jsonrpc");
    jsonw_cstr(w, "2.0");
}

void jsonrpc_result(struct jsonw *w, const json_t *id)
{
    begin(w);
    write_id(w, id);
    jsonw_key(w, "result");
}

static void get_id(struct jsonw *w)
{
    jsonw_key(w, "id");
    jsonw_int(w, -1);
}

void jsonrpc_result_get(struct jsonw *w)
{
    begin(w);
    get_id(w);
    jsonw_key(w, "result");
}

void jsonrpc_end(struct jsonw *w)
{
    jsonw_object_end(w);
}

static void write_error(struct jsonw *w, const struct jsonrpc_error *e)
{
    jsonw_key(w, "error");
    jsonw_object(w);
    jsonw_key(w, "code");
    jsonw_int(w, e->code);
    jsonw_key(w, "message");
    jsonw_cstr(w, message_of(e->code));
    if (e->data[0]) {
        jsonw_key(w, "data");
        jsonw_cstr(w, e->data);
    }
    jsonw_object_end(w);
    jsonw_object_end(w);
}

void jsonrpc_error(struct jsonw *w, const json_t *id, const struct jsonrpc_error *e)
{
    begin(w);
    write_id(w, id);
    write_error(w, e);
}

void jsonrpc_error_get(struct jsonw *w, const struct jsonrpc_error *e)
{
    begin(w);
    get_id(w);
    write_error(w, e);
}
