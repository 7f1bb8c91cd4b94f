#include "net/page_send.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rfc3339.h"
#include "net/limits.h"

struct page_sending {
    struct http_transfer *transfer;
    page_sent_fn *done;
    void *arg;
};

static void dump(json_t *json, struct buf *ret)
{
    char *text = json_dumps(json, JSON_COMPACT);
    if (!text)
        abort(); // a page is UTF-8, so only memory can be missing
    buf_append_str(ret, text);
    free(text);
    json_decref(json);
}

static json_t *webhook_json(const struct page *page, enum page_action action)
{
    json_t *body = json_pack("{s:s}", "action", page_action_text(action));
    json_t *members = page_to_json(page);
    json_object_del(members, "ttl_s");
    json_object_update(body, members);
    json_decref(members);
    return body;
}

static void set_if_any(json_t *object, const char *name, const char *value)
{
    if (*value)
        json_object_set_new(object, name, json_string(value));
}

static json_t *alert_labels(const struct page *page)
{
    json_t *labels = json_pack("{s:s, s:s, s:s}", "alertname", "SeiHalt", "dedup_key",
                               page->dedup_key, "severity", page_severity_text(page->severity));
    set_if_any(labels, "component", page->component);
    set_if_any(labels, "class", page->class_name);
    return labels;
}

// Names of annotations are those of labels: [a-zA-Z_][a-zA-Z0-9_]*.
static void set_annotation(json_t *annotations, const char *name, const char *value)
{
    CLEANUP_BUF struct buf safe = {0};
    if (*name >= '0' && *name <= '9')
        buf_append_byte(&safe, '_');
    for (; *name; name++) {
        bool fine = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
                    (*name >= '0' && *name <= '9');
        buf_append_byte(&safe, fine ? (uint8_t)*name : '_');
    }
    if (safe.len > 0)
        set_if_any(annotations, buf_cstr(&safe), value);
}

// An end in the whole second in which the alert began lies before its start, which Alertmanager
// refuses; and an end in the future would not count as one. The start gives way.
static bool ends_before_it_begins(const struct page *page, int64_t ends_s)
{
    int64_t begun_s = 0;
    int32_t nanos = 0;
    return rfc3339_parse(slice_str(page->at), &begun_s, &nanos) == 0 &&
           (begun_s > ends_s || (begun_s == ends_s && nanos > 0));
}

static json_t *alertmanager_json(const struct page *page, enum page_action action, int64_t now_s)
{
    json_t *annotations = json_object(), *alert;
    CLEANUP_BUF struct buf ends_at = {0};
    for (size_t i = 0; i < page->detail_count; i++)
        set_annotation(annotations, page->details[i].name, page->details[i].value);
    set_if_any(annotations, "summary", page->summary);
    set_if_any(annotations, "source", page->source);
    set_if_any(annotations, "group", page->group);
    alert = json_pack("{s:o, s:o, s:s}", "labels", alert_labels(page), "annotations", annotations,
                      "startsAt", page->at);
    if (action == PAGE_RESOLVE || page->ttl_s > 0) {
        int64_t ends_s = action == PAGE_RESOLVE ? now_s : now_s + page->ttl_s;
        rfc3339_append(&ends_at, ends_s, 0);
        json_object_set_new(alert, "endsAt", json_string(buf_cstr(&ends_at)));
        if (ends_before_it_begins(page, ends_s))
            json_object_set_new(alert, "startsAt", json_string(buf_cstr(&ends_at)));
    }
    return json_pack("[o]", alert);
}

static json_t *pagerduty_json(const struct page_target *target, const struct page *page,
                              enum page_action action)
{
    json_t *event = json_pack("{s:s, s:s, s:s}", "routing_key", target->routing_key, "event_action",
                              page_action_text(action), "dedup_key", page->dedup_key);
    if (action == PAGE_RESOLVE)
        return event;
    json_t *details = json_object();
    for (size_t i = 0; i < page->detail_count; i++)
        json_object_set_new(details, page->details[i].name, json_string(page->details[i].value));
    json_t *payload = json_pack("{s:s, s:s, s:s, s:s}", "summary", page->summary, "source",
                                *page->source ? page->source : "unknown", "severity",
                                page_severity_text(page->severity), "timestamp", page->at);
    set_if_any(payload, "component", page->component);
    set_if_any(payload, "group", page->group);
    set_if_any(payload, "class", page->class_name);
    json_object_set_new(payload, "custom_details", details);
    json_object_set_new(event, "payload", payload);
    return event;
}

void page_body(const struct page_target *target, const struct page *page, enum page_action action,
               int64_t now_s, struct buf *ret)
{
    switch (target->kind) {
    case PAGE_WEBHOOK:
        dump(webhook_json(page, action), ret);
        return;
    case PAGE_ALERTMANAGER:
        dump(alertmanager_json(page, action, now_s), ret);
        return;
    case PAGE_PAGERDUTY:
        dump(pagerduty_json(target, page, action), ret);
        return;
    }
}

static enum pager_result result_of(const struct http_response *r)
{
    if (r->outcome == HTTP_BAD_REQUEST)
        return PAGER_REFUSED;
    // Too large an answer: what it says cannot be known, so it counts as none.
    if (r->outcome != HTTP_ANSWERED || r->status >= 500 || r->status == 408 || r->status == 425 ||
        r->status == 429)
        return PAGER_RETRY;
    return r->status >= 200 && r->status < 300 ? PAGER_TAKEN : PAGER_REFUSED;
}

// One line of what a receiver said, without control characters.
static void quote(const struct buf *body, char *ret, size_t size)
{
    size_t len = body->len < size - 1 ? body->len : size - 1;
    memcpy(ret, body->data ? (const char *)body->data : "", len);
    for (size_t i = 0; i < len; i++)
        if (ret[i] < 0x20 || ret[i] > 0x7e)
            ret[i] = ' ';
    while (len > 0 && ret[len - 1] == ' ')
        len--;
    ret[len] = '\0';
}

void page_judge(const struct http_response *response, struct page_verdict *ret)
{
    char said[160];
    ret->result = result_of(response);
    ret->retry_after_ms = response->retry_after_ms;
    if (ret->result == PAGER_TAKEN) {
        snprintf(ret->text, sizeof ret->text, "ok");
        return;
    }
    const char *word = ret->result == PAGER_RETRY ? "retry" : "refused";
    quote(&response->body, said, sizeof said);
    if (response->outcome == HTTP_ANSWERED)
        snprintf(ret->text, sizeof ret->text, "%s: HTTP %d%s%s", word, response->status,
                 said[0] ? " " : "", said);
    else
        snprintf(ret->text, sizeof ret->text, "%s: %s", word, response->detail);
}

static void on_answer(void *arg, struct http_response *response)
{
    struct page_sending *sending = arg;
    struct page_verdict verdict;
    page_sent_fn *done = sending->done;
    void *done_arg = sending->arg;
    free(sending);
    page_judge(response, &verdict);
    done(done_arg, &verdict);
}

struct page_sending *page_send_start(struct http_client *client, const struct page_target *target,
                                     const struct page *page, enum page_action action,
                                     int64_t now_s, uint32_t timeout_ms, const char *ca_file,
                                     page_sent_fn *done, void *arg)
{
    CLEANUP_BUF struct buf body = {0};
    page_body(target, page, action, now_s, &body);
    struct http_request request = {.url = target->url,
                                   .headers = target->headers,
                                   .header_count = target->header_count,
                                   .body = buf_slice(&body),
                                   .content_type = "application/json",
                                   .connect_timeout_ms = timeout_ms,
                                   .total_timeout_ms = timeout_ms,
                                   .response_max = NET_PAGE_ANSWER_MAX,
                                   .ca_file = ca_file};
    struct page_sending *sending = mem_zalloc(sizeof *sending);
    sending->done = done;
    sending->arg = arg;
    sending->transfer = http_start(client, &request, on_answer, sending);
    return sending;
}

void page_send_cancel(struct page_sending *sending)
{
    http_cancel(sending->transfer);
    free(sending);
}
