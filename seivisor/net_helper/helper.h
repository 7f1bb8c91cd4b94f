// helper: seivisor's side of the network: what is asked on the input is done and answered on the
// output (net_protocol.h). One thread, one libuv loop.
#ifndef SEIVISOR_NET_HELPER_HELPER_H
#define SEIVISOR_NET_HELPER_HELPER_H

#include "base/arena.h"
#include "base/err.h"
#include "seivisor/net_helper/request.h"

// Answers until `in_fd` ends, or until nobody reads `out_fd` any more; both are pipes, sockets or
// terminals, and the helper's from now on. `settings` is null when they will come as a request.
// 0 at the ordinary end; < 0 when the descriptors cannot be used.
int helper_run(int in_fd, int out_fd, const struct settings *settings, struct err *e);

#endif
