#include "net/page_target.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "net/limits.h"

static int read_kind(const char *text, enum page_target_kind *ret)
{
    static const char *const kinds[] = {"webhook", "alertmanager", "pagerduty"};
    for (unsigned i = 0; text && i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i], text) == 0) {
            *ret = (enum page_target_kind)i;
            return 0;
        }
    }
    return -EINVAL;
}

// A text that may be absent: *ret is then null.
static int read_text(const json_t *json, const char *member, struct arena *arena, const char **ret,
                     struct err *e)
{
    const json_t *value = json_object_get(json, member);
    *ret = NULL;
    if (!value)
        return 0;
    if (!json_is_string(value))
        return err_set(e, -EINVAL, "\"%s\" is not a string", member);
    *ret = arena_strndup(arena, json_string_value(value), strlen(json_string_value(value)));
    return 0;
}

static int read_secret_file(const char *path, struct arena *arena, const char **ret, struct err *e)
{
    CLEANUP_BUF struct buf content = {0};
    int result = fs_read(path, NET_PAGE_SECRET_MAX, &content, e);
    if (result < 0)
        return result;
    while (content.len > 0 && isspace(content.data[content.len - 1]))
        content.len--;
    *ret = arena_strndup(arena, buf_cstr(&content), content.len);
    bool empty = !**ret;
    explicit_bzero(content.data, content.len);
    if (empty)
        return err_set(e, -EINVAL, "%s holds no secret", path);
    return 0;
}

static int read_routing_key(const json_t *json, struct arena *arena, struct page_target *ret,
                            struct err *e)
{
    const char *value, *path, *variable;
    int result;
    if ((result = read_text(json, "routing_key", arena, &value, e)) < 0 ||
        (result = read_text(json, "routing_key_file", arena, &path, e)) < 0 ||
        (result = read_text(json, "routing_key_env", arena, &variable, e)) < 0)
        return result;
    if (!value && path && (result = read_secret_file(path, arena, &value, e)) < 0)
        return result;
    if (!value && variable) {
        const char *found = getenv(variable);
        if (!found)
            return err_set(e, -EINVAL, "the variable %s is not set", variable);
        value = arena_strndup(arena, found, strlen(found));
    }
    if (!value || !*value)
        return err_set(e, -EINVAL,
                       "pagerduty needs routing_key, routing_key_file or routing_key_env");
    ret->routing_key = value;
    return 0;
}

static int read_headers(const json_t *json, struct arena *arena, struct page_target *ret,
                        struct err *e)
{
    json_t *headers = json_object_get(json, "headers"), *value;
    const char *path, *name;
    size_t count = json_object_size(headers);
    int result = read_text(json, "authorization_file", arena, &path, e);
    if (result < 0)
        return result;
    if (headers && !json_is_object(headers))
        return err_set(e, -EINVAL, "\"headers\" is not an object");
    if (count >= NET_REQUEST_HEADERS_MAX)
        return err_set(e, -EINVAL, "more than %d headers", NET_REQUEST_HEADERS_MAX - 1);
    ret->headers = arena_alloc(arena, (count + 1) * sizeof *ret->headers);
    json_object_foreach(headers, name, value)
    {
        if (!json_is_string(value))
            return err_set(e, -EINVAL, "the header %s is not a string", name);
        ret->headers[ret->header_count++] = (struct http_header){
            arena_strndup(arena, name, strlen(name)),
            arena_strndup(arena, json_string_value(value), strlen(json_string_value(value)))};
    }
    if (path) {
        struct http_header *header = &ret->headers[ret->header_count++];
        header->name = "Authorization";
        return read_secret_file(path, arena, &header->value, e);
    }
    return 0;
}

static int complete_url(const char *url, struct arena *arena, struct page_target *ret,
                        struct err *e)
{
    static const char api[] = "/api/v2/alerts";
    if (!url && ret->kind == PAGE_PAGERDUTY)
        url = PAGE_PAGERDUTY_URL;
    if (!url || (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0))
        return err_set(e, -EINVAL, "\"url\" is no http:// or https:// URL");
    ret->url = url;
    size_t len = strlen(url);
    bool complete = len >= sizeof api - 1 && strcmp(url + len - (sizeof api - 1), api) == 0;
    if (ret->kind != PAGE_ALERTMANAGER || complete)
        return 0;
    while (len > 0 && url[len - 1] == '/')
        len--;
    ret->url = arena_printf(arena, "%.*s%s", (int)len, url, api);
    return 0;
}

bool page_target_name_ok(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= 64 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == len;
}

static int read_target(const json_t *json, struct arena *arena, struct page_target *ret,
                       struct err *e)
{
    const char *url;
    int result;
    *ret = (struct page_target){.routing_key = ""};
    if ((result = read_text(json, "name", arena, &ret->name, e)) < 0)
        return result;
    if (!ret->name || !*ret->name)
        return err_set(e, -EINVAL, "a target has no name");
    if (!page_target_name_ok(ret->name))
        return err_set(e, -EINVAL, "a target's name is not 1 to 64 letters, digits, . _ or -");
    if (read_kind(json_string_value(json_object_get(json, "kind")), &ret->kind) < 0)
        result = err_set(e, -EINVAL, "\"kind\" is not webhook, alertmanager or pagerduty");
    else if ((result = read_text(json, "url", arena, &url, e)) == 0 &&
             (result = complete_url(url, arena, ret, e)) == 0 &&
             (result = read_headers(json, arena, ret, e)) == 0 && ret->kind == PAGE_PAGERDUTY)
        result = read_routing_key(json, arena, ret, e);
    return result < 0 ? err_context(e, "target %.64s", ret->name) : 0;
}

int page_targets_read(const json_t *array, struct arena *arena, struct page_target **ret,
                      size_t *ret_count, struct err *e)
{
    if (!json_is_array(array))
        return err_set(e, -EINVAL, "the targets are no array");
    size_t count = json_array_size(array);
    if (count > NET_PAGE_TARGETS_MAX)
        return err_set(e, -EINVAL, "more than %d targets", NET_PAGE_TARGETS_MAX);
    struct page_target *targets = arena_alloc(arena, (count + 1) * sizeof *targets);
    for (size_t i = 0; i < count; i++) {
        int result = read_target(json_array_get(array, i), arena, &targets[i], e);
        if (result < 0)
            return result;
        for (size_t j = 0; j < i; j++)
            if (strcmp(targets[i].name, targets[j].name) == 0)
                return err_set(e, -EINVAL, "two targets are named %.64s", targets[i].name);
    }
    *ret = targets;
    *ret_count = count;
    return 0;
}
