#include "net/status_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/limits.h"

struct probe {
    struct http_transfer *transfer;
    probe_done_fn *done;
    void *arg;
};

void probe_result_deinit(struct probe_result *r)
{
    node_status_deinit(&r->status);
}

char *status_url(const char *address)
{
    const char *scheme = "http://", *rest = address;
    if (strncmp(address, "https://", 8) == 0) {
        scheme = "https://";
        rest += 8;
    } else if (strncmp(address, "http://", 7) == 0) {
        rest += 7;
    } else if (strncmp(address, "tcp://", 6) == 0) {
        rest += 6;
    }
    const char *path = strchr(rest, '/');
    if (path && path[1])
        return mem_printf("%s%s", scheme, rest);
    int host_len = path ? (int)(path - rest) : (int)strlen(rest);
    return mem_printf("%s%.*s/status", scheme, host_len, rest);
}

static struct http_request http_request_of(const struct probe_request *request)
{
    uint32_t timeout_ms = request->timeout_ms ? request->timeout_ms : NET_STATUS_PROBE_TIMEOUT_MS;
    return (struct http_request){.url = request->url,
                                 .connect_timeout_ms = timeout_ms,
                                 .total_timeout_ms = timeout_ms,
                                 .response_max = NET_STATUS_MAX,
                                 .ca_file = request->ca_file,
                                 .cancel_fd = request->cancel_fd};
}

static void judge(const struct http_response *response, struct probe_result *ret)
{
    *ret = (struct probe_result){
        .http = response->outcome, .http_status = response->status, .status = NODE_STATUS_INIT};
    if (response->outcome != HTTP_ANSWERED) {
        ret->outcome = PROBE_UNREACHABLE;
        snprintf(ret->detail, sizeof ret->detail, "%s", response->detail);
        return;
    }
    int result =
        status_parse(buf_slice(&response->body), &ret->status, ret->detail, sizeof ret->detail);
    bool fine = response->status >= 200 && response->status < 300;
    if (fine && result == 0)
        return;
    ret->outcome = PROBE_NO_STATUS;
    node_status_deinit(&ret->status);
    ret->status = (struct node_status)NODE_STATUS_INIT;
    // An error status comes first, but an error text of the node's tells more.
    if (!fine && result != STATUS_RPC_ERROR)
        snprintf(ret->detail, sizeof ret->detail, "HTTP %d", response->status);
}

enum probe_outcome status_probe(struct http_client *client, const struct probe_request *request,
                                struct probe_result *ret)
{
    struct http_request http = http_request_of(request);
    CLEANUP_HTTP_RESPONSE struct http_response response = {0};
    http_call(client, &http, &response);
    judge(&response, ret);
    return ret->outcome;
}

static void on_answer(void *arg, struct http_response *response)
{
    struct probe *probe = arg;
    CLEANUP_PROBE_RESULT struct probe_result result;
    judge(response, &result);
    probe_done_fn *done = probe->done;
    void *done_arg = probe->arg;
    free(probe);
    done(done_arg, &result);
}

struct probe *status_probe_start(struct http_client *client, const struct probe_request *request,
                                 probe_done_fn *done, void *arg)
{
    struct http_request http = http_request_of(request);
    struct probe *probe = mem_zalloc(sizeof *probe);
    probe->done = done;
    probe->arg = arg;
    probe->transfer = http_start(client, &http, on_answer, probe);
    return probe;
}

void status_probe_cancel(struct probe *probe)
{
    http_cancel(probe->transfer);
    free(probe);
}
