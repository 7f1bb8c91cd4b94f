// status_url: where a daemon's /status is, from what its operator told the daemon itself. Pure.
#ifndef SEIVISOR_CORE_STATUS_URL_H
#define SEIVISOR_CORE_STATUS_URL_H

#include <stdbool.h>
#include <stddef.h>

enum { STATUS_URL_MAX = 300 };

// From a listen address as CometBFT writes it: "tcp://0.0.0.0:26657", "127.0.0.1:26657",
// "tcp://[::]:26657". A wildcard host becomes the loopback address. False for what has no TCP port.
bool status_url_from_laddr(const char *laddr, char ret[STATUS_URL_MAX]);

// The value of a daemon's flag, "--name value" or "--name=value"; the last one counts. Null: none.
const char *status_url_flag(char *const *args, const char *name);

#endif
