// status_probe: one GET of a node's /status. Unreachable is no halt, and says nothing about one.
#ifndef NET_STATUS_PROBE_H
#define NET_STATUS_PROBE_H

#include <stdint.h>

#include "net/http_client.h"
#include "net/status_parse.h"

enum probe_outcome {
    PROBE_OK = 0,          // `status` is filled in; look at its intent_state
    PROBE_UNREACHABLE = 1, // no answer, or none that is whole and in time
    PROBE_NO_STATUS = 2,   // an answer that is no /status: other service, error, broken
};

struct probe_result {
    enum probe_outcome outcome;
    enum http_outcome http; // why there was no answer
    int http_status;        // 0 when there was none
    struct node_status status;
    char detail[320]; // why there is no status ("connect: Connection refused"); else ""
};

void probe_result_deinit(struct probe_result *r); // idempotent
#define CLEANUP_PROBE_RESULT CLEANUP(probe_result_deinit)

struct probe_request {
    const char *url;     // of /status itself; borrowed for the call
    uint32_t timeout_ms; // for all of it; 0: NET_STATUS_PROBE_TIMEOUT_MS
    const char *ca_file; // null: the system's
    int cancel_fd;       // as http_request's
};

// The URL of a node's /status from what people write: "host:port", "tcp://host:port" (as in
// config.toml), "http(s)://host[:port]"; a path that is there already stays. The caller frees.
char *status_url(const char *address);

// Waits for the end. Returns ret->outcome; *ret is overwritten, the caller deinits.
enum probe_outcome status_probe(struct http_client *client, const struct probe_request *request,
                                struct probe_result *ret);

// On the client's loop. `result` is the callee's to move from and released after.
typedef void probe_done_fn(void *arg, struct probe_result *result);
struct probe; // valid until the callback is called or it is cancelled
struct probe *status_probe_start(struct http_client *client, const struct probe_request *request,
                                 probe_done_fn *done, void *arg);
void status_probe_cancel(struct probe *probe);

#endif
