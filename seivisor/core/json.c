#include "seivisor/core/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

char *json_text(const json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    return text ? text : mem_strdup("null");
}

json_t *json_safe_string(const char *text)
{
    json_t *value = json_string(text);
    if (value)
        return value;
    char *copy = mem_strdup(text);
    for (char *at = copy; *at; at++)
        if ((unsigned char)*at >= 0x80)
            *at = '?';
    value = json_string(copy);
    free(copy);
    return value ? value : json_string("");
}

bool json_copy_text(const json_t *object, const char *key, char *ret, size_t cap)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value) || json_string_length(value) >= cap)
        return false;
    memcpy(ret, json_string_value(value), json_string_length(value) + 1);
    return true;
}

int64_t json_number(const json_t *object, const char *key, int64_t fallback)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? json_integer_value(value) : fallback;
}
