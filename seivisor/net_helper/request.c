#include "seivisor/net_helper/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/limits.h"
#include "seivisor/net_protocol.h"

enum { TIMEOUT_MS_MAX = 60000, TIMEOUT_MS_DEFAULT = 5000 };

void request_deinit(struct request *r)
{
    arena_deinit(&r->memory);
    buf_deinit(&r->status);
    json_decref(r->json);
    r->json = NULL;
}

// *ret is null when the member is absent and may be.
static int read_text(const json_t *json, const char *member, bool required, const char **ret,
                     struct err *e)
{
    const json_t *value = json_object_get(json, member);
    *ret = NULL;
    if (!value && !required)
        return 0;
    if (!value)
        return err_set(e, -EINVAL, "no \"%s\"", member);
    if (!json_is_string(value))
        return err_set(e, -EINVAL, "\"%s\" is not a string", member);
    *ret = json_string_value(value);
    return 0;
}

// 0 when absent.
static int read_timeout(const json_t *json, uint32_t *ret, struct err *e)
{
    const json_t *value = json_object_get(json, "timeout_ms");
    *ret = 0;
    if (!value)
        return 0;
    json_int_t timeout_ms = json_integer_value(value);
    if (!json_is_integer(value) || timeout_ms < 1 || timeout_ms > TIMEOUT_MS_MAX)
        return err_set(e, -EINVAL, "\"timeout_ms\" is not a number from 1 to %d", TIMEOUT_MS_MAX);
    *ret = (uint32_t)timeout_ms;
    return 0;
}

int settings_read(const json_t *json, struct arena *arena, struct settings *ret, struct err *e)
{
    const char *source, *ca_file;
    struct settings s = {.source = "seivisor"};
    int result;
    if ((result = read_text(json, "source", false, &source, e)) < 0 ||
        (result = read_text(json, "ca_file", false, &ca_file, e)) < 0 ||
        (result = read_timeout(json, &s.timeout_ms, e)) < 0)
        return result;
    const json_t *targets = json_object_get(json, "targets");
    if (targets && (result = page_targets_read(targets, arena, &s.targets, &s.target_count, e)) < 0)
        return result;
    if (source && *source)
        s.source = arena_strndup(arena, source, strlen(source));
    if (ca_file && *ca_file)
        s.ca_file = arena_strndup(arena, ca_file, strlen(ca_file));
    if (s.timeout_ms == 0)
        s.timeout_ms = TIMEOUT_MS_DEFAULT;
    *ret = s;
    return 0;
}

static int read_configure(struct request *r, struct err *e)
{
    const json_t *version = json_object_get(r->json, "version");
    if (!json_is_integer(version) || json_integer_value(version) != NET_PROTOCOL_VERSION)
        return err_set(e, -EINVAL, "\"version\" is not %d, the one spoken here",
                       NET_PROTOCOL_VERSION);
    return settings_read(r->json, &r->memory, &r->settings, e);
}

static int read_probe(struct request *r, struct err *e)
{
    int result = read_text(r->json, "url", true, &r->url, e);
    return result < 0 ? result : read_timeout(r->json, &r->timeout_ms, e);
}

static int read_page_targets(struct request *r, struct err *e)
{
    const json_t *targets = json_object_get(r->json, "targets");
    size_t count = json_array_size(targets);
    if (!json_is_array(targets) || count > NET_PAGE_TARGETS_MAX)
        return err_set(e, -EINVAL, "\"targets\" is not an array of at most %d names",
                       NET_PAGE_TARGETS_MAX);
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(targets, i));
        if (!name || !page_target_name_ok(name))
            return err_set(e, -EINVAL, "\"targets\" holds something that is not a name");
        for (size_t j = 0; j < i; j++)
            if (strcmp(name, r->targets[j]) == 0)
                return err_set(e, -EINVAL, "\"targets\" holds a name twice");
        r->targets[r->target_count++] = name;
    }
    return 0;
}

static int read_page(struct request *r, struct err *e)
{
    const char *action;
    int result = read_text(r->json, "action", true, &action, e);
    if (result < 0)
        return result;
    if (strcmp(action, "resolve") != 0 && strcmp(action, "trigger") != 0)
        return err_set(e, -EINVAL, "\"action\" is not trigger or resolve");
    r->action = strcmp(action, "resolve") == 0 ? PAGE_RESOLVE : PAGE_TRIGGER;
    result = read_page_targets(r, e);
    return result < 0 ? result : page_from_json(r->json, &r->memory, &r->page, e);
}

static int read_serve(struct request *r, struct err *e)
{
    return read_text(r->json, "listen", true, &r->listen, e);
}

static int read_publish(struct request *r, struct err *e)
{
    const json_t *status = json_object_get(r->json, "status");
    const json_t *healthy = json_object_get(r->json, "healthy");
    int result = read_text(r->json, "metrics", true, &r->metrics, e);
    if (result < 0)
        return result;
    if (!json_is_object(status))
        return err_set(e, -EINVAL, "\"status\" is not an object");
    if (!json_is_boolean(healthy))
        return err_set(e, -EINVAL, "\"healthy\" is not a boolean");
    r->healthy = json_is_true(healthy);
    char *text = json_dumps(status, JSON_COMPACT);
    if (!text)
        abort();
    buf_append_str(&r->status, text);
    buf_append_byte(&r->status, '\n');
    free(text);
    return 0;
}

static const struct {
    const char *name;
    int (*read)(struct request *r, struct err *e);
} ops[] = {
    [OP_CONFIGURE] = {"configure", read_configure},
    [OP_PROBE] = {"probe", read_probe},
    [OP_PAGE] = {"page", read_page},
    [OP_SERVE] = {"serve", read_serve},
    [OP_PUBLISH] = {"publish", read_publish},
};

static void read_id(struct request *r)
{
    json_int_t id = json_integer_value(json_object_get(r->json, "id"));
    r->id = id > 0 ? (uint64_t)id : 0;
}

int request_read(struct slice line, struct request *ret, struct err *e)
{
    json_error_t where;
    const char *op;
    *ret = (struct request){0};
    ret->json = json_loadb((const char *)line.data, line.len, JSON_REJECT_DUPLICATES, &where);
    if (!ret->json) {
        err_set(e, -EINVAL, "not JSON: %.200s at byte %d", where.text, where.position);
        return REQUEST_BAD;
    }
    read_id(ret);
    if (!json_is_object(ret->json) || ret->id == 0) {
        err_set(e, -EINVAL, "not an object with an \"id\", a number above 0");
        return REQUEST_BAD;
    }
    if (read_text(ret->json, "op", true, &op, e) < 0)
        return REQUEST_BAD;
    for (unsigned i = 0; i < sizeof ops / sizeof *ops; i++) {
        if (strcmp(ops[i].name, op) == 0) {
            ret->op = (enum request_op)i;
            return ops[i].read(ret, e) < 0 ? REQUEST_BAD : 0;
        }
    }
    err_set(e, -EINVAL, "no such op: %.64s", op);
    return REQUEST_UNKNOWN_OP;
}
