// json_plain: a quick reader for the JSON that programs send: ASCII, no escapes, whole numbers.
//
// Clients send transactions by the thousand, and jansson looks at each character through several
// layers. What is out of the ordinary is left to jansson, which also says what is wrong with it.
#ifndef SEID_RPC_JSON_PLAIN_H
#define SEID_RPC_JSON_PLAIN_H

#include <jansson.h>

#include "base/slice.h"

// The value that json_loadb gives for the same bytes (the caller's to release), or null when they
// are not plain or not JSON: ask jansson then.
json_t *json_plain_load(struct slice text);

#endif
