// jsonw: writes JSON onto a buffer, compact, in one pass, byte for byte as Go's encoding/json does.
//
// Commas are placed by looking at the last byte written, so a writer has no state to keep in step.
// Misuse (a value without a key in an object) is not detected. Not for two threads at once.
#ifndef WIRE_JSONW_H
#define WIRE_JSONW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct jsonw {
    struct buf *out; // borrowed
    size_t start;    // where this document begins in `out`
};

static inline struct jsonw jsonw_on(struct buf *out)
{
    return (struct jsonw){out, out->len};
}

void jsonw_object(struct jsonw *w);
void jsonw_object_end(struct jsonw *w);
void jsonw_array(struct jsonw *w);
void jsonw_array_end(struct jsonw *w);
// `name` is written as it is: a literal without characters that need escapes.
void jsonw_key(struct jsonw *w, const char *name);

// Invalid UTF-8 becomes U+FFFD; <, >, & and U+2028, U+2029 are escaped.
void jsonw_string(struct jsonw *w, struct slice text);
void jsonw_cstr(struct jsonw *w, const char *text); // null is written as ""
void jsonw_bool(struct jsonw *w, bool value);
void jsonw_null(struct jsonw *w);
void jsonw_int(struct jsonw *w, int64_t value);        // 5
void jsonw_int_string(struct jsonw *w, int64_t value); // "5"
void jsonw_uint_string(struct jsonw *w, uint64_t value);
void jsonw_base64(struct jsonw *w, struct slice bytes); // "" when empty
void jsonw_base64_or_null(struct jsonw *w, struct slice bytes);
void jsonw_hex(struct jsonw *w, struct slice bytes); // upper case
// A complete JSON value made elsewhere.
void jsonw_raw(struct jsonw *w, struct slice json);

#endif
