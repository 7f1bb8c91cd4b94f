// page_send: one attempt to tell one receiver of one page. The bodies are pure functions; the
// sending is asynchronous on a client's loop. Who retries is pager.h or the caller.
#ifndef NET_PAGE_SEND_H
#define NET_PAGE_SEND_H

#include <stdint.h>

#include "base/buf.h"
#include "net/http_client.h"
#include "net/page.h"
#include "net/page_target.h"
#include "net/pager.h"

// The JSON that a target of this kind gets. `now_s` is the time of sending.
//   webhook       {"action":…,"dedup_key":…,"severity":…,"summary":…,"source":…,"component":…,
//                  "group":…,"class":…,"at":…,"details":{…}}
//   alertmanager  one alert; its labels (alertname "SeiHalt", dedup_key, severity, component,
//                 class; empty ones left out) are the same for trigger and resolve, the rest is
//                 annotations. startsAt is `at`; endsAt is now for a resolve, now + ttl_s for a
//                 trigger, or left out without a ttl_s (Alertmanager's resolve_timeout then).
//   pagerduty     event_action trigger or resolve, with the payload on a trigger only.
void page_body(const struct page_target *target, const struct page *page, enum page_action action,
               int64_t now_s, struct buf *ret);

struct page_verdict {
    enum pager_result result;
    int64_t retry_after_ms; // -1: not named
    char text[300];         // "ok", "retry: HTTP 503", "refused: HTTP 400 …"
};

// What an answer, or none, means: 2xx taken; network trouble, 408, 425, 429 and 5xx retry; a
// request that cannot be sent and every other status refused.
void page_judge(const struct http_response *response, struct page_verdict *ret);

typedef void page_sent_fn(void *arg, const struct page_verdict *verdict);
struct page_sending; // valid until the callback is called or it is cancelled
// Everything is borrowed for the call. `timeout_ms` and `ca_file` as http_request's.
struct page_sending *page_send_start(struct http_client *client, const struct page_target *target,
                                     const struct page *page, enum page_action action,
                                     int64_t now_s, uint32_t timeout_ms, const char *ca_file,
                                     page_sent_fn *done, void *arg);
void page_send_cancel(struct page_sending *sending);

#endif
