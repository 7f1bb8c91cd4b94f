// json: the few things that every JSON of seivisor needs, over jansson. Pure.
#ifndef SEIVISOR_CORE_JSON_H
#define SEIVISOR_CORE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One line, members in their order. The caller frees. A null object gives "null".
char *json_text(const json_t *value);

// A text of bytes that may not be UTF-8: what is not becomes '?'. Never null.
json_t *json_safe_string(const char *text);

// Copies a text member; false when it is missing, no text, or does not fit with its NUL.
bool json_copy_text(const json_t *object, const char *key, char *ret, size_t cap);

// A whole number member, or `fallback` when it is missing or none.
int64_t json_number(const json_t *object, const char *key, int64_t fallback);

#endif
