// page: what is told to a person: one incident, opened by a trigger and closed by a resolve. Pure.
// Texts are UTF-8; a `struct page` borrows them, page_copy gives one that lives in an arena.
#ifndef NET_PAGE_H
#define NET_PAGE_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"

// In PagerDuty's words.
enum page_severity { PAGE_CRITICAL, PAGE_ERROR, PAGE_WARNING, PAGE_INFO };
enum page_action { PAGE_TRIGGER, PAGE_RESOLVE };

const char *page_severity_text(enum page_severity severity);
const char *page_action_text(enum page_action action);

struct page_detail {
    const char *name;
    const char *value;
};

struct page {
    const char *dedup_key; // names the incident: all its triggers and its resolve carry the same
    const char *summary;   // one line
    const char *source;    // "seivisor@host"
    const char *component; // "seid"; this and the next two may be ""
    const char *group;
    const char *class_name; // "downgrade_detected"
    const char *at;         // when it began, RFC 3339
    int64_t ttl_s;          // a trigger holds this long unless it is sent again; 0: not said
    enum page_severity severity;
    const struct page_detail *details;
    size_t detail_count;
};

// -EINVAL with the text when a page breaks a limit of net/limits.h, lacks its key, summary or time,
// or the time is none.
int page_check(const struct page *page, struct err *e);

// A deep copy; everything of *ret lives in `arena`. Over-long texts are cut between characters, and
// each byte that is not UTF-8 becomes U+FFFD (a plan's name may hold any byte).
void page_copy(struct arena *arena, const struct page *page, struct page *ret);

// The members dedup_key, severity, summary, source, component, group, class, at, ttl_s, details,
// of a page that page_copy or page_from_json made.
json_t *page_to_json(const struct page *page); // a new reference
// Unknown members are skipped; -EINVAL names the one that is wrong. *ret lives in `arena`.
int page_from_json(const json_t *json, struct arena *arena, struct page *ret, struct err *e);

#endif
