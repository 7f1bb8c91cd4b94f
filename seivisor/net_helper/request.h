// request: one line of seivisor's, read and checked (net_protocol.h). No I/O except the files of
// secrets that a configuration names.
#ifndef SEIVISOR_NET_HELPER_REQUEST_H
#define SEIVISOR_NET_HELPER_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "net/limits.h"
#include "net/page.h"
#include "net/page_target.h"

// What "configure" says; texts live in the arena that it was read into.
struct settings {
    const char *source;
    const char *ca_file; // null: the system's
    uint32_t timeout_ms; // of one delivery
    struct page_target *targets;
    size_t target_count;
};
// 0, or what is wrong. `json` is the object of a configure request or of a configuration file.
int settings_read(const json_t *json, struct arena *arena, struct settings *ret, struct err *e);

enum request_op { OP_CONFIGURE, OP_PROBE, OP_PAGE, OP_SERVE, OP_PUBLISH };

struct request {
    struct arena memory; // owned: of the texts
    json_t *json;        // owned: of the texts that were not copied
    uint64_t id;         // 0 when it could not be read
    enum request_op op;
    struct settings settings; // configure
    const char *url;          // probe
    uint32_t timeout_ms;      // probe; 0: not said
    enum page_action action;  // page
    struct page page;
    const char *targets[NET_PAGE_TARGETS_MAX];
    size_t target_count;
    const char *listen;  // serve
    const char *metrics; // publish
    struct buf status;   // owned: the object as text
    bool healthy;
};

enum { REQUEST_BAD = 1, REQUEST_UNKNOWN_OP = 2 };
// *ret is overwritten and may always be given to request_deinit. 0, or one of the above with the
// reason in e->text; then `id` alone holds, as far as it could be read.
int request_read(struct slice line, struct request *ret, struct err *e);
void request_deinit(struct request *r); // idempotent

#endif
