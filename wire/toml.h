// toml: a strict reader of the part of TOML 1.0 that node configuration uses.
//
// Understood: comments, [tables], bare, quoted and dotted keys, basic and literal strings,
// integers, floats (kept as text), booleans, arrays of these (also over several lines, not nested).
// Refused, with the place: dates, multi-line strings, inline tables, arrays of tables, duplicate
// keys and tables, control characters, invalid UTF-8. Pure; results live in the arena or the text.
#ifndef WIRE_TOML_H
#define WIRE_TOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

enum { TOML_MAX_BYTES = 1 << 20, TOML_MAX_ENTRIES = 4096, TOML_MAX_KEY = 255 };

enum toml_type { TOML_STRING, TOML_INTEGER, TOML_FLOAT, TOML_BOOL, TOML_ARRAY };

struct toml_value {
    enum toml_type type;
    const char *text; // of a string: its content, free of NULs; else as written. Arrays: null
    int64_t integer;  // TOML_INTEGER
    bool boolean;     // TOML_BOOL
    const struct toml_value *items; // TOML_ARRAY, all of one type
    size_t count;
    unsigned line;   // from 1; where the value begins
    unsigned column; // from 1, in characters
};

struct toml_entry {
    const char *key;       // the table's name and the key, joined by dots: "rpc.laddr"
    unsigned line, column; // of the key
    struct toml_value value;
};

struct toml {
    struct toml_entry *entries; // in the order of the file
    size_t count;
};

// `name` stands in front of each error: "config.toml:3:7: ...". 0 or -EINVAL (-EFBIG when too
// long).
int toml_parse(const char *name, struct slice text, struct arena *arena, struct toml *ret,
               struct err *e);
const struct toml_entry *toml_find(const struct toml *t, const char *key); // null: absent

// Writes `text` as a basic string with its quotes.
struct buf;
void toml_string_append(struct buf *ret, const char *text);

#endif
