// http_request: is a request one that may be sent? Checked before a connection is made. Pure; any
// thread. Private to net/http_*.c.
#ifndef NET_HTTP_REQUEST_H
#define NET_HTTP_REQUEST_H

#include <stdbool.h>

#include "net/http_client.h"

// Null when it may be sent, else what is wrong with it: a literal, which quotes nothing of the
// request (a URL may hold a secret). *ret_loopback: whether it goes to this machine; untouched when
// something is wrong.
const char *http_request_fault(const struct http_request *request, bool *ret_loopback);

#endif
