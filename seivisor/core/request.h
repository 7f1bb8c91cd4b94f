// request: one line of the local status socket. Pure.
#ifndef SEIVISOR_CORE_REQUEST_H
#define SEIVISOR_CORE_REQUEST_H

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"

// Parses one line, without its newline, into an object with a text "op"; null with the reason when
// it is no such thing. The caller decrefs.
json_t *request_parse(const char *line, size_t len, struct err *e);

#endif
