// json_span: where a member's value stands in the bytes of a JSON text. Pure.
//
// For values that go to another decoder as they came. The text must be valid JSON (parsed before):
// this walks it and does not judge it, but stays inside it whatever it holds.
#ifndef NET_JSON_SPAN_H
#define NET_JSON_SPAN_H

#include "base/slice.h"

// The number of members of the object `text` whose key, escapes resolved, is `key` (ASCII); 0 when
// it is no object. *ret_value is the last one's value without white space around it, untouched
// when there is none.
unsigned json_span_member(struct slice text, const char *key, struct slice *ret_value);

// Whether arrays and objects nest deeper than `limit`.
bool json_span_too_deep(struct slice text, unsigned limit);

#endif
