// What the reader accepts can be written down again and read to the same entries.
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "wire/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void write_value(struct buf *out, const struct toml_value *v)
{
    if (v->type == TOML_STRING) {
        toml_string_append(out, v->text);
    } else if (v->type == TOML_ARRAY) {
        buf_append_str(out, "[");
        for (size_t i = 0; i < v->count; i++) {
            write_value(out, &v->items[i]);
            buf_append_str(out, ",\n");
        }
        buf_append_str(out, "]");
    } else {
        buf_append_str(out, v->text);
    }
}

static void same(const struct toml_value *a, const struct toml_value *b)
{
    check(a->type == b->type && a->integer == b->integer && a->boolean == b->boolean);
    check(a->count == b->count && !a->text == !b->text);
    check(!a->text || strcmp(a->text, b->text) == 0);
    for (size_t i = 0; i < a->count; i++)
        same(&a->items[i], &b->items[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena CLEANUP_ARENA = {0};
    struct toml t, again;
    struct err e = {0};
    if (toml_parse("f", slice_of(data, size), &arena, &t, &e) < 0) {
        check(strncmp(e.text, "f:", 2) == 0);
        return 0;
    }
    struct buf out CLEANUP_BUF = {0};
    for (size_t i = 0; i < t.count; i++) {
        buf_printf(&out, "%s = ", t.entries[i].key);
        write_value(&out, &t.entries[i].value);
        buf_append_str(&out, "\n");
    }
    check(toml_parse("f", buf_slice(&out), &arena, &again, &e) == 0);
    check(again.count == t.count);
    for (size_t i = 0; i < t.count; i++) {
        check(strcmp(t.entries[i].key, again.entries[i].key) == 0);
        same(&t.entries[i].value, &again.entries[i].value);
    }
    return 0;
}
