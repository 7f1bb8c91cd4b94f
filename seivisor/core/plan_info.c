#include "seivisor/core/plan_info.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define SKIP_FLAG "unsafe-skip-upgrades"

static int take_name(const json_t *root, struct plan_info *ret, struct err *e)
{
    const json_t *name = json_object_get(root, "name");
    if (!json_is_string(name))
        return err_set(e, -EINVAL, "\"name\" is missing or no text");
    const char *text = json_string_value(name);
    size_t len = json_string_length(name);
    if (len == 0)
        return err_set(e, -EINVAL, "name cannot be empty");
    if (len > PLAN_NAME_MAX)
        return err_set(e, -EINVAL, "\"name\" is longer than %d bytes", PLAN_NAME_MAX);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return err_set(e, -EINVAL, "\"name\" has a control character at byte %zu", i);
    memcpy(ret->name, text, len + 1);
    return 0;
}

static int take_height(const json_t *root, struct plan_info *ret, struct err *e)
{
    const json_t *height = json_object_get(root, "height");
    if (!json_is_integer(height))
        return err_set(e, -EINVAL, "\"height\" is missing or no whole number");
    if (json_integer_value(height) <= 0)
        return err_set(e, -EINVAL, "height must be greater than 0");
    ret->height = json_integer_value(height);
    return 0;
}

int plan_info_parse(const void *data, size_t len, struct plan_info *ret, struct err *e)
{
    if (len == 0)
        return err_set(e, -EINVAL, "the file is empty");
    if (len > PLAN_INFO_FILE_MAX)
        return err_set(e, -EINVAL, "the file is larger than %d bytes", PLAN_INFO_FILE_MAX);
    json_error_t at;
    json_t *root = json_loadb(data, len, JSON_REJECT_DUPLICATES, &at);
    if (!root)
        return err_set(e, -EINVAL, "byte %d: %s", at.position, at.text);
    struct plan_info plan = {0};
    int result = json_is_object(root) ? 0 : err_set(e, -EINVAL, "not a JSON object");
    if (result == 0)
        result = take_name(root, &plan, e);
    if (result == 0)
        result = take_height(root, &plan, e);
    json_decref(root);
    if (result == 0)
        *ret = plan;
    return result;
}

// One decimal number, moving `at` behind it; -1 when there is none.
static int64_t take_number(const char **at)
{
    int64_t value = 0;
    const char *start = *at;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, **at - '0', &value))
            return -1;
    }
    return *at == start ? -1 : value;
}

// Whether text is a list of numbers ("1", "1,2", "[1,2]"), and whether `height` is in it.
static bool list_has(const char *text, int64_t height, bool *ret_is_list)
{
    bool found = false;
    *ret_is_list = false;
    if (*text == '[')
        text++;
    for (;;) {
        int64_t value = take_number(&text);
        if (value < 0)
            return false;
        found |= value == height;
        while (*text == ',' || *text == ' ')
            text++;
        if (*text == '\0' || (*text == ']' && text[1] == '\0'))
            break;
    }
    *ret_is_list = true;
    return found;
}

// The value behind the flag's name: null when `arg` is another argument, "" when it has no "=".
static const char *flag_value(const char *arg)
{
    if (arg[0] != '-')
        return NULL;
    arg += arg[1] == '-' ? 2 : 1;
    if (strncmp(arg, SKIP_FLAG, sizeof SKIP_FLAG - 1) != 0)
        return NULL;
    arg += sizeof SKIP_FLAG - 1;
    return *arg == '=' ? arg + 1 : *arg == '\0' ? arg : NULL;
}

bool plan_is_skipped(char *const *args, int64_t height)
{
    bool found = false, is_list;
    for (; *args; args++) {
        const char *value = flag_value(*args);
        if (!value)
            continue;
        if (*value) {
            found |= list_has(value, height, &is_list);
            continue;
        }
        for (is_list = true; is_list && args[1]; args += is_list ? 1 : 0)
            found |= list_has(args[1], height, &is_list);
    }
    return found;
}
