// netlink: the line to seivisor-net (net_protocol.h): starts it when something is asked, starts it
// again with back-off when it fails, ends it when nothing needs it.
//
// Nothing that the helper does can harm the supervisor: lines and their number are limited, an
// answer that makes no sense ends that helper, and every open request is told.
#ifndef SEIVISOR_SHELL_NETLINK_H
#define SEIVISOR_SHELL_NETLINK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/log.h"
#include "seivisor/net_protocol.h"
#include "seivisor/shell/proc.h"

// `answer` is borrowed; null: the helper failed before it answered.
typedef void netlink_answer(const json_t *answer, void *context);

struct netlink_request {
    uint64_t id; // 0: free
    netlink_answer *done;
    void *context;
};

struct netlink_line;
struct netlink {
    uv_loop_t *loop;
    struct procs *procs;
    const struct log *log;
    char *program;             // owned
    json_t *configuration;     // owned: the members of "configure" but id and op
    struct netlink_line *line; // null: no helper runs
    struct netlink_line *all;  // … and those that are on their way out
    struct netlink_request open[NET_PROTOCOL_IN_FLIGHT];
    uint64_t next_id;
    unsigned failures;                // in a row
    uint64_t not_before_ms;           // back-off, loop time
    void (*restarted)(void *context); // the helper has failed: what it was told is gone
    void *context;
};

// `configuration` is taken over. `program` is copied.
void netlink_init(struct netlink *n, uv_loop_t *loop, struct procs *procs, const struct log *log,
                  const char *program, json_t *configuration);
void netlink_close(struct netlink *n);  // asks the helper to end; the loop must run on
void netlink_deinit(struct netlink *n); // after the loop, whether the helper has ended or not

// Sends a request (the reference is taken; "id" is added). 0, or NETLINK_LATER: back-off or too
// many open ones; `done` is not called then. Negative: the helper cannot be started.
enum { NETLINK_LATER = 1 };
int netlink_ask(struct netlink *n, json_t *request, netlink_answer *done, void *context,
                struct err *e);
// Nothing is needed for now: ends the helper unless something is open.
void netlink_rest(struct netlink *n);
// When netlink_ask may work again: milliseconds from now, 0 for at once.
uint64_t netlink_wait_ms(const struct netlink *n);

#endif
