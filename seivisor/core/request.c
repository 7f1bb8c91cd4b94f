#include "seivisor/core/request.h"

#include <errno.h>

json_t *request_parse(const char *line, size_t len, struct err *e)
{
    json_error_t at;
    json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &at);
    if (!request) {
        err_set(e, -EINVAL, "byte %d: %s", at.position, at.text);
        return NULL;
    }
    if (json_is_object(request) && json_is_string(json_object_get(request, "op")))
        return request;
    json_decref(request);
    err_set(e, -EINVAL, "not an object with an \"op\"");
    return NULL;
}
