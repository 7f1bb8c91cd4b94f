#include "seictl/subject.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SEI_REASON(number, name, token, sysexit, meaning) {number, token, sysexit, meaning},
#define SEI_RESERVED(first, last, meaning)
static const struct subject_reason reasons[] = {
#include "contract/src/reasons.def"
};
#undef SEI_REASON
#undef SEI_RESERVED

static const struct reserved {
    int first;
    int last;
    const char *meaning;
} reserved[] = {
#define SEI_REASON(number, name, token, sysexit, meaning)
#define SEI_RESERVED(first, last, meaning) {first, last, meaning},
#include "contract/src/reasons.def"
};
#undef SEI_REASON
#undef SEI_RESERVED

const struct subject_reason *subject_reason(int64_t number)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].number == number)
            return &reasons[i];
    return NULL;
}

const char *subject_reserved(int64_t number)
{
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (number >= reserved[i].first && number <= reserved[i].last)
            return reserved[i].meaning;
    return NULL;
}

void subject_init(struct subject *s)
{
    *s = (struct subject){.status = NODE_STATUS_INIT};
}

void subject_deinit(struct subject *s)
{
    node_status_deinit(&s->status);
    free(s->plan);
    free(s->info);
    s->plan = s->info = NULL;
}

static int read_intent(struct subject *s, struct slice bytes, struct err *e)
{
    struct sei_halt_intent intent = SEI_HALT_INTENT_INIT;
    size_t at = 0;
    buf_clear(&s->status.intent_memory);
    char *text = (char *)buf_reserve(&s->status.intent_memory, bytes.len + 1);
    int result =
        sei_halt_intent_decode((const char *)bytes.data, bytes.len, &intent, text, bytes.len, &at);
    if (result < 0)
        return err_set(e, -EINVAL, "not a halt intent: byte %zu: %s", at,
                       sei_halt_error_string(result));
    s->kind = SUBJECT_INTENT;
    s->status.intent_state = STATUS_INTENT_VALID;
    s->status.intent = intent;
    return 0;
}

// A height is a number in upgrade-info.json, but tools quote it.
static bool read_height(const json_t *value, int64_t *ret_height)
{
    if (json_is_integer(value)) {
        *ret_height = json_integer_value(value);
        return true;
    }
    if (!json_is_string(value) || json_string_length(value) == 0)
        return false;
    char *end = NULL;
    errno = 0;
    *ret_height = strtoll(json_string_value(value), &end, 10);
    return errno == 0 && *end == '\0';
}

static int read_upgrade_info(struct subject *s, const json_t *root, struct err *e)
{
    const json_t *name = json_object_get(root, "name");
    const json_t *info = json_object_get(root, "info");
    int64_t height = 0;
    if (!json_is_string(name) || json_string_length(name) == 0)
        return err_set(e, -EINVAL, "upgrade-info.json: \"name\" is no text, or empty");
    if (!read_height(json_object_get(root, "height"), &height) || height <= 0)
        return err_set(e, -EINVAL, "upgrade-info.json: \"height\" is no number above 0");
    if (info && !json_is_string(info))
        return err_set(e, -EINVAL, "upgrade-info.json: \"info\" is no text");
    s->kind = SUBJECT_UPGRADE_INFO;
    s->plan = mem_strdup(json_string_value(name));
    s->info = mem_strdup(info ? json_string_value(info) : "");
    s->height = height;
    return 0;
}

static int read_status(struct subject *s, struct slice bytes, struct err *e)
{
    char text[256];
    node_status_deinit(&s->status);
    if (status_parse(bytes, &s->status, text, sizeof text) != 0)
        return err_set(e, -EINVAL,
                       "neither a halt intent, nor upgrade-info.json, nor a /status answer (%s)",
                       text);
    s->kind = SUBJECT_STATUS;
    return 0;
}

static int read_object(struct subject *s, const json_t *root, struct slice bytes, struct err *e)
{
    if (json_object_get(root, "reason") || json_object_get(root, "announced_at"))
        return read_intent(s, bytes, e);
    if (json_object_get(root, "name") && json_object_get(root, "height"))
        return read_upgrade_info(s, root, e);
    return read_status(s, bytes, e);
}

int subject_read(struct subject *s, struct slice bytes, struct err *e)
{
    json_error_t wrong;
    if (bytes.len > SUBJECT_BYTES_MAX)
        return err_set(e, -EINVAL, "longer than %d bytes", SUBJECT_BYTES_MAX);
    json_t *root =
        json_loadb((const char *)bytes.data, bytes.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &wrong);
    if (!root)
        return err_set(e, -EINVAL, "not JSON: line %d, column %d: %s", wrong.line, wrong.column,
                       wrong.text);
    int result = 0;
    if (json_is_object(root))
        result = read_object(s, root, bytes, e);
    else if (json_is_null(root))
        s->kind = SUBJECT_NULL;
    else
        result = err_set(e, -EINVAL, "JSON, but neither an object nor null");
    json_decref(root);
    return result;
}

static bool is_number(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

int subject_argument(struct subject *s, const char *text, struct err *e)
{
    if (is_number(text)) {
        unsigned long code = strtoul(text, NULL, 10); // ULONG_MAX when it is beyond
        if (code > 255)
            return err_set(e, -EINVAL, "%s is no exit code: they go from 0 to 255", text);
        s->kind = SUBJECT_CODE;
        s->code = (int)code;
        return 0;
    }
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].number && strcmp(reasons[i].token, text) == 0) {
            s->kind = SUBJECT_CODE;
            s->code = reasons[i].number;
            return 0;
        }
    }
    if (text[strspn(text, " \t\r\n")] == '{' || strcmp(text, "null") == 0)
        return subject_read(s, slice_str(text), e);
    if (strchr(text, ':') || strcmp(text, "localhost") == 0) {
        s->kind = SUBJECT_NODE;
        return 0;
    }
    return err_set(e, -EINVAL,
                   "\"%s\" is neither an exit code, nor a token, nor JSON, nor a file, nor an "
                   "address (host:port)",
                   text);
}
