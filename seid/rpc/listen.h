// listen: a bound, listening socket: TCP, or a socket file.
#ifndef SEID_RPC_LISTEN_H
#define SEID_RPC_LISTEN_H

#include "base/err.h"

struct http_config;

// The caller owns *ret_fd. A socket file that nobody serves any more is replaced; one that somebody
// serves is -EADDRINUSE.
int listen_open(const struct http_config *config, int *ret_fd, struct err *e);

#endif
