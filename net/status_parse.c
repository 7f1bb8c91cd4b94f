#include "net/status_parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "net/json_span.h"

void node_status_deinit(struct node_status *s)
{
    buf_deinit(&s->intent_memory);
}

static void note(struct node_status *s, const char *member, const char *wanted)
{
    if (!s->note[0])
        snprintf(s->note, sizeof s->note, "%s is not %s", member, wanted);
}

// Of an object that may be missing: then its members are not known.
static const json_t *section(struct node_status *s, const json_t *status, const char *name)
{
    const json_t *value = json_object_get(status, name);
    if (value && !json_is_object(value)) {
        note(s, name, "an object");
        return NULL;
    }
    return value;
}

static bool parse_decimal(const char *text, int64_t *ret)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || *end)
        return false;
    *ret = value;
    return true;
}

static int64_t read_height(struct node_status *s, const json_t *from, const char *name)
{
    const json_t *value = json_object_get(from, name);
    int64_t height = -1;
    if (!value)
        return -1;
    if (json_is_integer(value))
        height = json_integer_value(value);
    else if (!json_is_string(value) || !parse_decimal(json_string_value(value), &height))
        height = -1;
    if (height < 0) {
        note(s, name, "a height");
        return -1;
    }
    return height;
}

// Cut between characters, so that what is kept is UTF-8.
static void copy_text(const char *from, char *ret, size_t size)
{
    size_t len = strnlen(from, size);
    if (len == size) {
        len = size - 1;
        while (len > 0 && ((unsigned char)from[len] & 0xc0) == 0x80)
            len--;
    }
    memcpy(ret, from, len);
    ret[len] = '\0';
}

static void read_text(struct node_status *s, const json_t *from, const char *name, char *ret)
{
    const json_t *value = json_object_get(from, name);
    if (json_is_string(value))
        copy_text(json_string_value(value), ret, NET_STATUS_TEXT_MAX);
    else if (value)
        note(s, name, "a string");
}

static void read_neighbours(struct node_status *s, const json_t *status)
{
    const json_t *node = section(s, status, "node_info");
    const json_t *sync = section(s, status, "sync_info");
    const json_t *catching_up = json_object_get(sync, "catching_up");
    read_text(s, node, "network", s->network);
    read_text(s, node, "moniker", s->moniker);
    read_text(s, node, "version", s->version);
    read_text(s, node, "id", s->node_id);
    read_text(s, sync, "latest_block_time", s->block_time);
    read_text(s, sync, "latest_app_hash", s->app_hash);
    s->height = read_height(s, sync, "latest_block_height");
    s->earliest_height = read_height(s, sync, "earliest_block_height");
    if (json_is_boolean(catching_up))
        s->catching_up = json_is_true(catching_up);
    else if (catching_up)
        note(s, "catching_up", "a boolean");
}

static void read_intent(struct node_status *s, struct slice bytes)
{
    size_t at = 0;
    struct sei_halt_intent intent = SEI_HALT_INTENT_INIT;
    buf_clear(&s->intent_memory);
    char *memory = (char *)buf_reserve(&s->intent_memory, bytes.len);
    int result = sei_halt_intent_decode((const char *)bytes.data, bytes.len, &intent, memory,
                                        bytes.len, &at);
    if (result == SEI_HALT_NONE) {
        s->intent_state = STATUS_INTENT_NULL;
    } else if (result == 0) {
        s->intent_state = STATUS_INTENT_VALID;
        s->intent = intent;
    } else {
        s->intent_state = STATUS_INTENT_INVALID;
        snprintf(s->intent_error, sizeof s->intent_error, "%s at byte %zu of halt_intent",
                 sei_halt_error_string(result), at);
    }
}

static void find_intent(struct node_status *s, struct slice status)
{
    struct slice bytes = SLICE_NULL;
    unsigned found = json_span_member(status, "halt_intent", &bytes);
    if (found == 1) {
        read_intent(s, bytes);
    } else if (found > 1) {
        s->intent_state = STATUS_INTENT_INVALID;
        snprintf(s->intent_error, sizeof s->intent_error, "halt_intent stands there %u times",
                 found);
    }
}

// The error of JSON-RPC, in its envelope or bare; null when there is none.
static const json_t *rpc_error(const json_t *root)
{
    const json_t *error = json_object_get(root, "error");
    if (json_is_object(error))
        return error;
    bool bare = json_is_integer(json_object_get(root, "code")) &&
                json_is_string(json_object_get(root, "message"));
    return bare ? root : NULL;
}

static void describe_rpc_error(const json_t *error, char *text, size_t size)
{
    const char *message = json_string_value(json_object_get(error, "message"));
    const char *data = json_string_value(json_object_get(error, "data"));
    char line[NET_STATUS_TEXT_MAX];
    copy_text(message ? message : "no message", line, sizeof line);
    snprintf(text, size, "the node answered with an error: %s%s%.100s", line, data ? ": " : "",
             data ? data : "");
}

static bool looks_like_status(const json_t *o)
{
    return json_object_get(o, "node_info") || json_object_get(o, "sync_info") ||
           json_object_get(o, "halt_intent");
}

static int read_root(struct node_status *s, const json_t *root, struct slice answer, char *text,
                     size_t text_size)
{
    const json_t *status = root;
    struct slice bytes = answer;
    if (json_is_object(json_object_get(root, "result"))) {
        s->wrapped = true;
        status = json_object_get(root, "result");
        if (json_span_member(answer, "result", &bytes) != 1) {
            snprintf(text, text_size, "the answer has more than one result");
            return STATUS_NOT_STATUS;
        }
    }
    if (!looks_like_status(status)) {
        const json_t *error = rpc_error(root);
        if (error)
            describe_rpc_error(error, text, text_size);
        else
            snprintf(text, text_size, "the answer is no /status: it has no sync_info");
        return error ? STATUS_RPC_ERROR : STATUS_NOT_STATUS;
    }
    read_neighbours(s, status);
    find_intent(s, bytes);
    return 0;
}

int status_parse(struct slice answer, struct node_status *ret, char *text, size_t text_size)
{
    json_error_t error;
    *ret = (struct node_status)NODE_STATUS_INIT;
    if (answer.len > NET_STATUS_MAX) {
        snprintf(text, text_size, "the answer is larger than %d bytes", NET_STATUS_MAX);
        return STATUS_NOT_JSON;
    }
    if (json_span_too_deep(answer, NET_STATUS_DEPTH_MAX)) {
        snprintf(text, text_size, "the answer nests deeper than %d", NET_STATUS_DEPTH_MAX);
        return STATUS_NOT_JSON;
    }
    const char *bytes = answer.len ? (const char *)answer.data : "";
    json_t *root = json_loadb(bytes, answer.len, JSON_ALLOW_NUL, &error);
    if (!root) {
        snprintf(text, text_size, "the answer is not JSON: %.150s at byte %d", error.text,
                 error.position);
        return STATUS_NOT_JSON;
    }
    int result = read_root(ret, root, answer, text, text_size);
    json_decref(root);
    return result;
}
