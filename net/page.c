#include "net/page.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/rfc3339.h"
#include "base/utf8.h"
#include "net/limits.h"

static const char *const severities[] = {"critical", "error", "warning", "info"};

const char *page_severity_text(enum page_severity severity)
{
    return severities[severity];
}

const char *page_action_text(enum page_action action)
{
    return action == PAGE_TRIGGER ? "trigger" : "resolve";
}

int page_check(const struct page *page, struct err *e)
{
    int64_t ignored_ns;
    size_t key_len = strlen(page->dedup_key);
    if (key_len == 0 || key_len > NET_PAGE_KEY_MAX)
        return err_set(e, -EINVAL, "a page's dedup_key has 1 to %d bytes, not %zu",
                       NET_PAGE_KEY_MAX, key_len);
    if (!*page->summary)
        return err_set(e, -EINVAL, "a page needs a summary");
    if (rfc3339_parse_ns(slice_str(page->at), &ignored_ns) < 0)
        return err_set(e, -EINVAL, "a page's \"at\" is no RFC 3339 time");
    if (page->ttl_s < 0 || page->ttl_s > INT32_MAX)
        return err_set(e, -EINVAL, "a page's ttl_s is out of range");
    if (page->detail_count > NET_PAGE_DETAILS_MAX)
        return err_set(e, -EINVAL, "a page has at most %d details, not %zu", NET_PAGE_DETAILS_MAX,
                       page->detail_count);
    return 0;
}

static const char *copy_text(struct arena *arena, const char *text, size_t limit)
{
    CLEANUP_BUF struct buf out = {0};
    for (struct slice left = slice_str(text); left.len > 0;) {
        size_t len = utf8_next(left);
        if (out.len + (len ? len : 3) > limit)
            break;
        if (len)
            buf_append(&out, left.data, len);
        else
            buf_append_str(&out, "\xef\xbf\xbd");
        left = slice_of(left.data + (len ? len : 1), left.len - (len ? len : 1));
    }
    return arena_strndup(arena, buf_cstr(&out), out.len);
}

void page_copy(struct arena *arena, const struct page *page, struct page *ret)
{
    struct page_detail *details = arena_alloc(arena, sizeof *details * (page->detail_count + 1));
    for (size_t i = 0; i < page->detail_count; i++) {
        details[i].name = copy_text(arena, page->details[i].name, NET_PAGE_KEY_MAX);
        details[i].value = copy_text(arena, page->details[i].value, NET_PAGE_TEXT_MAX);
    }
    struct page copy = {
        .dedup_key = copy_text(arena, page->dedup_key, NET_PAGE_KEY_MAX),
        .summary = copy_text(arena, page->summary, NET_PAGE_SUMMARY_MAX),
        .source = copy_text(arena, page->source, NET_PAGE_TEXT_MAX),
        .component = copy_text(arena, page->component, NET_PAGE_TEXT_MAX),
        .group = copy_text(arena, page->group, NET_PAGE_TEXT_MAX),
        .class_name = copy_text(arena, page->class_name, NET_PAGE_TEXT_MAX),
        .at = copy_text(arena, page->at, NET_PAGE_TEXT_MAX),
        .ttl_s = page->ttl_s,
        .severity = page->severity,
        .details = details,
        .detail_count = page->detail_count,
    };
    *ret = copy;
}

json_t *page_to_json(const struct page *page)
{
    json_t *details = json_object();
    for (size_t i = 0; i < page->detail_count; i++)
        json_object_set_new(details, page->details[i].name, json_string(page->details[i].value));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:o}", "dedup_key",
                     page->dedup_key, "severity", page_severity_text(page->severity), "summary",
                     page->summary, "source", page->source, "component", page->component, "group",
                     page->group, "class", page->class_name, "at", page->at, "ttl_s",
                     (json_int_t)page->ttl_s, "details", details);
}

// "" when absent.
static int read_text(const json_t *json, const char *member, const char **ret, struct err *e)
{
    const json_t *value = json_object_get(json, member);
    *ret = "";
    if (!value)
        return 0;
    if (!json_is_string(value))
        return err_set(e, -EINVAL, "\"%s\" is not a string", member);
    *ret = json_string_value(value);
    return 0;
}

static int read_severity(const json_t *json, enum page_severity *ret, struct err *e)
{
    const char *text;
    int result = read_text(json, "severity", &text, e);
    if (result < 0)
        return result;
    for (unsigned i = 0; i < sizeof severities / sizeof *severities; i++) {
        if (strcmp(severities[i], text) == 0) {
            *ret = (enum page_severity)i;
            return 0;
        }
    }
    return err_set(e, -EINVAL, "\"severity\" is not critical, error, warning or info");
}

static int read_details(const json_t *json, struct page_detail *ret, size_t *ret_count,
                        struct err *e)
{
    json_t *details = json_object_get(json, "details"), *value;
    const char *name;
    *ret_count = 0;
    if (!details)
        return 0;
    if (!json_is_object(details))
        return err_set(e, -EINVAL, "\"details\" is not an object");
    if (json_object_size(details) > NET_PAGE_DETAILS_MAX)
        return err_set(e, -EINVAL, "\"details\" has more than %d members", NET_PAGE_DETAILS_MAX);
    json_object_foreach(details, name, value)
    {
        if (!json_is_string(value))
            return err_set(e, -EINVAL, "\"details\" has a member that is not a string");
        ret[(*ret_count)++] = (struct page_detail){name, json_string_value(value)};
    }
    return 0;
}

int page_from_json(const json_t *json, struct arena *arena, struct page *ret, struct err *e)
{
    struct page_detail details[NET_PAGE_DETAILS_MAX];
    struct page page = {.details = details};
    const struct {
        const char *member;
        const char **text;
    } texts[] = {{"dedup_key", &page.dedup_key},
                 {"summary", &page.summary},
                 {"source", &page.source},
                 {"component", &page.component},
                 {"group", &page.group},
                 {"class", &page.class_name},
                 {"at", &page.at}};
    int result;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if ((result = read_text(json, texts[i].member, texts[i].text, e)) < 0)
            return result;
    const json_t *ttl = json_object_get(json, "ttl_s");
    if (ttl && !json_is_integer(ttl))
        return err_set(e, -EINVAL, "\"ttl_s\" is not an integer");
    page.ttl_s = json_integer_value(ttl);
    if ((result = read_severity(json, &page.severity, e)) < 0 ||
        (result = read_details(json, details, &page.detail_count, e)) < 0 ||
        (result = page_check(&page, e)) < 0)
        return result;
    page_copy(arena, &page, ret);
    return 0;
}
