// server: the local socket, <home>/cosmovisor/.seivisor/status.sock, mode 0600. A line with a JSON
// object in, a line out:
//   {"op":"status"}                -> {"ok":true,"status":{…}}
//   {"op":"metrics"}               -> {"ok":true,"metrics":"…"}
//   {"op":"resume","key":K?}       -> {"ok":true,"released":"…"}; without K: whatever is held
// Else {"ok":false,"error":"…"}. Lines, connections and idle time are limited.
#ifndef SEIVISOR_SHELL_SERVER_H
#define SEIVISOR_SHELL_SERVER_H

#include <jansson.h>
#include <uv.h>

#include "base/err.h"

enum { SERVER_LINE_MAX = 4096, SERVER_CONNECTIONS = 8, SERVER_BACKLOG = 64, SERVER_IDLE_MS = 5000 };

// Answers a request: new object. `request` is borrowed.
typedef json_t *server_answer(const json_t *request, void *context);

struct server_connection;
struct server {
    uv_pipe_t listener;
    int folder_fd; // -1: not open
    struct server_connection *open[SERVER_CONNECTIONS];
    server_answer *answer;
    void *context;
};

int server_open(struct server *s, uv_loop_t *loop, const char *folder, server_answer *answer,
                void *context, struct err *e);
void server_close(struct server *s); // the loop must run on for the closes to complete

// The other side: asks the server of a home. New object, or null with the reason: -ENOENT and
// -ECONNREFUSED when no supervisor runs.
json_t *server_ask(const char *folder, const json_t *request, struct err *e);

#endif
