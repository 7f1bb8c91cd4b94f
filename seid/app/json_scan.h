// json_scan: walks JSON text one level at a time and hands out the pieces as they stand there, so
// that a large genesis file is never held twice. Whoever wants a piece parses it; here only
// brackets, strings and commas are looked at. No allocation. Not for two threads at once.
#ifndef SEID_APP_JSON_SCAN_H
#define SEID_APP_JSON_SCAN_H

#include <stdbool.h>

#include "base/slice.h"

struct json_scan {
    struct slice left;
    char close; // '}' or ']'
    bool first;
};

enum { JSON_SCAN_DEPTH_MAX = 64 };

// False when `text` is not an object or array at all.
bool json_scan_begin(struct json_scan *s, struct slice text);

// 1: the next member (key without its quotes, not unescaped) or element (key empty); 0: the end,
// with nothing but white space behind it; -1: malformed. The value has no white space around it.
int json_scan_next(struct json_scan *s, struct slice *ret_key, struct slice *ret_value);

#endif
