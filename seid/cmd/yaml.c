// JSON as YAML, in the look of Cosmos programs: block style, sorted keys.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seid/cmd/cmd.h"

static bool reads_as_number(const char *text)
{
    char *end = NULL;
    if (!strchr("+-.0123456789", *text))
        return false;
    (void)strtod(text, &end);
    return *end == 0 || strspn(text, "+-0123456789_:.eExXoOabcdefABCDEF") == strlen(text);
}

// 2026-01-02…
static bool reads_as_time(const char *text)
{
    static const char shape[] = "dddd-dd-dd";
    for (size_t i = 0; shape[i]; i++)
        if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
            return false;
    return true;
}

static bool reads_as_word(const char *text)
{
    static const char *const words[] = {"true", "false", "null", "yes",  "no",   "on", "off",
                                        "~",    "y",     "n",    ".inf", ".nan", "<<", "="};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            return true;
    return false;
}

static bool is_plain(const char *text)
{
    size_t len = strlen(text);
    return !strchr("-?:,[]{}#&*!|>'\"%@` ", *text) && !strstr(text, ": ") && !strstr(text, " #") &&
           text[len - 1] != ' ' && text[len - 1] != ':';
}

static void append_double_quoted(struct buf *ret, const char *text)
{
    buf_append_str(ret, "\"");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            buf_printf(ret, "\\%c", c);
        else if (c == '\n')
            buf_append_str(ret, "\\n");
        else if (c < 0x20 || c == 0x7F)
            buf_printf(ret, "\\x%02x", c);
        else
            buf_append_byte(ret, c);
    }
    buf_append_str(ret, "\"");
}

static void append_string(struct buf *ret, const char *text)
{
    if (!*text || reads_as_number(text) || reads_as_word(text) || reads_as_time(text) ||
        has_control(text)) {
        append_double_quoted(ret, text);
    } else if (is_plain(text)) {
        buf_append_str(ret, text);
    } else {
        buf_append_str(ret, "'");
        for (; *text; text++) {
            if (*text == '\'')
                buf_append_str(ret, "'");
            buf_append_byte(ret, (uint8_t)*text);
        }
        buf_append_str(ret, "'");
    }
}

static void append_value(struct buf *ret, const json_t *value, int indent, bool in_list);

static void append_indent(struct buf *ret, int indent)
{
    buf_printf(ret, "%*s", indent, "");
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void append_object(struct buf *ret, const json_t *object, int indent, bool in_list)
{
    size_t count = json_object_size(object), i = 0;
    const char **keys CLEANUP_FREE = calloc(count, sizeof *keys);
    const char *key;
    json_t *value;
    if (!keys)
        abort();
    json_object_foreach((json_t *)(uintptr_t)object, key, value) keys[i++] = key;
    qsort(keys, count, sizeof *keys, by_text);
    for (i = 0; i < count; i++) {
        if (i || !in_list)
            append_indent(ret, indent);
        append_string(ret, keys[i]);
        buf_append_str(ret, ":");
        append_value(ret, json_object_get(object, keys[i]), indent, false);
    }
}

static void append_list(struct buf *ret, const json_t *list, int indent)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        append_indent(ret, indent);
        buf_append_str(ret, "-");
        append_value(ret, json_array_get(list, i), indent + 2, true);
    }
}

// A scalar with a blank before it and a line end behind, or a block below.
static void append_value(struct buf *ret, const json_t *value, int indent, bool in_list)
{
    if (json_is_object(value) && json_object_size(value)) {
        buf_append_str(ret, in_list ? " " : "\n");
        append_object(ret, value, in_list ? indent : indent + 2, in_list);
        return;
    }
    if (json_is_array(value) && json_array_size(value)) {
        buf_append_str(ret, "\n");
        append_list(ret, value, indent);
        return;
    }
    buf_append_str(ret, " ");
    if (json_is_string(value)) {
        append_string(ret, json_string_value(value));
    } else {
        char *text CLEANUP_FREE = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        buf_append_str(ret, text ? text : "null");
    }
    buf_append_str(ret, "\n");
}

void cmd_yaml_append(struct buf *ret, const json_t *value)
{
    if (json_is_object(value) && json_object_size(value)) {
        append_object(ret, value, 0, false);
    } else if (json_is_array(value) && json_array_size(value)) {
        append_list(ret, value, 0);
    } else if (json_is_string(value)) {
        append_string(ret, json_string_value(value));
        buf_append_str(ret, "\n");
    } else {
        char *text CLEANUP_FREE = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        buf_printf(ret, "%s\n", text ? text : "null");
    }
}
