// page_target: a receiver of pages as the configuration names it. Reads the files and environment
// variables that hold secrets; no text of an error holds one.
#ifndef NET_PAGE_TARGET_H
#define NET_PAGE_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "net/http_client.h"

enum page_target_kind {
    PAGE_WEBHOOK,      // POSTs the page as JSON
    PAGE_ALERTMANAGER, // Prometheus Alertmanager, API v2
    PAGE_PAGERDUTY,    // PagerDuty, Events API v2
};

// All texts live in the arena of page_targets_read.
struct page_target {
    const char *name;
    enum page_target_kind kind;
    const char *url;         // complete, as it is requested
    const char *routing_key; // PagerDuty's secret, else ""
    struct http_header *headers;
    size_t header_count;
};

// Whether a text may be a target's name: 1 to 64 letters, digits and . _ -
bool page_target_name_ok(const char *name);

// The public endpoint of PagerDuty's Events API v2, used when a target has no URL.
#define PAGE_PAGERDUTY_URL "https://events.pagerduty.com/v2/enqueue"

// Reads an array of
//   {"name":…,"kind":"webhook"|"alertmanager"|"pagerduty","url":…,
//    "headers":{name:value,…},                                (any kind)
//    "authorization_file":path,                               (any kind: the header's value)
//    "routing_key":… | "routing_key_file":path | "routing_key_env":variable}   (pagerduty)
// Secrets in files lose the white space at their end. Alertmanager's URL is the server's, with or
// without the path of its API. Unknown members are skipped.
// 0, or -EINVAL (or what reading a file gave) with the target and the member in the text.
int page_targets_read(const json_t *array, struct arena *arena, struct page_target **ret,
                      size_t *ret_count, struct err *e);

#endif
