#include "seivisor/core/memory.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "seivisor/core/json.h"

// One member of a struct and of its JSON object.
struct field {
    const char *key;
    enum { TEXT, NUMBER, COUNT, FLAG, WHOLE } type; // char[], int64_t, uint64_t, bool, int
    size_t offset;
    size_t size;
};
#define FIELD(type, struct_, member)                                                               \
    {                                                                                              \
#member, type, offsetof(struct struct_, member), sizeof(((struct struct_ *)0)->member)     \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, TEXT, 0, 0                                                                           \
    }

static const struct field good_fields[] = {
    FIELD(TEXT, memory_good, target), FIELD(TEXT, memory_good, identity),
    FIELD(NUMBER, memory_good, at_ns), FIELD(NUMBER, memory_good, height), END};
static const struct field halt_fields[] = {FIELD(WHOLE, memory_halt, reason),
                                           FIELD(TEXT, memory_halt, plan),
                                           FIELD(NUMBER, memory_halt, height),
                                           FIELD(TEXT, memory_halt, target),
                                           FIELD(TEXT, memory_halt, identity),
                                           FIELD(NUMBER, memory_halt, at_ns),
                                           END};
static const struct field hold_fields[] = {
    FIELD(FLAG, memory_hold, active),  FIELD(FLAG, memory_hold, own),
    FIELD(TEXT, memory_hold, key),     FIELD(TEXT, memory_hold, identity),
    FIELD(TEXT, memory_hold, state),   FIELD(TEXT, memory_hold, why),
    FIELD(TEXT, memory_hold, plan),    FIELD(NUMBER, memory_hold, height),
    FIELD(TEXT, memory_hold, target),  FIELD(WHOLE, memory_hold, exit_code),
    FIELD(NUMBER, memory_hold, at_ns), END};
static const struct field whole_fields[] = {FIELD(FLAG, memory, speaks_contract),
                                            FIELD(TEXT, memory, resume),
                                            FIELD(WHOLE, memory, arrival),
                                            FIELD(TEXT, memory, arrived),
                                            FIELD(WHOLE, memory, crashes),
                                            FIELD(TEXT, memory, crashed),
                                            FIELD(TEXT, memory, crashed_identity),
                                            FIELD(WHOLE, memory, last_exit_code),
                                            FIELD(NUMBER, memory, ended_ns),
                                            FIELD(COUNT, memory, restarts),
                                            FIELD(COUNT, memory, swaps),
                                            FIELD(COUNT, memory, rollbacks),
                                            END};

static json_t *encode_field(const struct field *f, const char *at)
{
    switch (f->type) {
    case TEXT:
        return json_safe_string(at);
    case NUMBER:
        return json_integer(*(const int64_t *)(const void *)at);
    case COUNT:
        return json_integer((json_int_t) * (const uint64_t *)(const void *)at);
    case WHOLE:
        return json_integer(*(const int *)(const void *)at);
    case FLAG:
        return json_boolean(*(const bool *)at);
    }
    return NULL;
}

static json_t *encode(const struct field *fields, const void *object)
{
    json_t *ret = json_object();
    for (const struct field *f = fields; f->key; f++)
        json_object_set_new(ret, f->key, encode_field(f, (const char *)object + f->offset));
    return ret;
}

static int decode_field(const struct field *f, const json_t *value, char *at)
{
    if (f->type == FLAG) {
        if (!json_is_boolean(value))
            return -EINVAL;
        *(bool *)at = json_is_true(value);
        return 0;
    }
    if (f->type == TEXT) {
        if (!json_is_string(value) || json_string_length(value) >= f->size)
            return -EINVAL;
        memcpy(at, json_string_value(value), json_string_length(value) + 1);
        return 0;
    }
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || (f->type == COUNT && number < 0) ||
        (f->type == WHOLE && (number < INT32_MIN || number > INT32_MAX)))
        return -EINVAL;
    if (f->type == WHOLE)
        *(int *)(void *)at = (int)number;
    else
        *(int64_t *)(void *)at = number;
    return 0;
}

// Members that are missing keep their zero: an older version has written the file.
static int decode(const struct field *fields, const json_t *object, void *ret, struct err *e)
{
    if (!json_is_object(object))
        return err_set(e, -EINVAL, "not an object");
    for (const struct field *f = fields; f->key; f++) {
        const json_t *value = json_object_get(object, f->key);
        if (value && decode_field(f, value, (char *)ret + f->offset) < 0)
            return err_set(e, -EINVAL, "\"%s\" is wrong", f->key);
    }
    return 0;
}

static json_t *encode_list(const struct field *fields, const void *items, size_t size,
                           unsigned count)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < count; i++)
        json_array_append_new(list, encode(fields, (const char *)items + i * size));
    return list;
}

json_t *memory_encode(const struct memory *m, const json_t *pages)
{
    json_t *ret = encode(whole_fields, m);
    json_object_set_new(ret, "version", json_integer(1));
    json_object_set_new(ret, "hold", encode(hold_fields, &m->hold));
    json_object_set_new(ret, "halts",
                        encode_list(halt_fields, m->halts, sizeof m->halts[0], m->halt_count));
    json_object_set_new(ret, "good",
                        encode_list(good_fields, m->good, sizeof m->good[0], m->good_count));
    if (pages)
        json_object_set_new(ret, "pages", json_deep_copy(pages));
    return ret;
}

static int decode_list(const json_t *root, const char *key, const struct field *fields, void *ret,
                       size_t size, unsigned max, unsigned *ret_count, struct err *e)
{
    const json_t *list = json_object_get(root, key);
    size_t count = json_array_size(list);
    if (count > max)
        return err_set(e, -EINVAL, "\"%s\" is too long", key);
    for (size_t i = 0; i < count; i++) {
        int result = decode(fields, json_array_get(list, i), (char *)ret + i * size, e);
        if (result < 0)
            return err_context(e, "%s[%zu]", key, i);
    }
    *ret_count = (unsigned)count;
    return 0;
}

static int decode_whole(const json_t *root, struct memory *m, struct err *e)
{
    const json_t *hold = json_object_get(root, "hold");
    int result = decode(whole_fields, root, m, e);
    if (result == 0 && hold)
        result = decode(hold_fields, hold, &m->hold, e);
    if (result == 0)
        result = decode_list(root, "halts", halt_fields, m->halts, sizeof m->halts[0],
                             MEMORY_HALTS_MAX, &m->halt_count, e);
    if (result == 0)
        result = decode_list(root, "good", good_fields, m->good, sizeof m->good[0], MEMORY_GOOD_MAX,
                             &m->good_count, e);
    return result;
}

int memory_decode(const void *data, size_t len, struct memory *ret, json_t **ret_pages,
                  struct err *e)
{
    json_error_t at;
    json_t *root = json_loadb(data, len, JSON_REJECT_DUPLICATES, &at);
    if (!root)
        return err_set(e, -EINVAL, "byte %d: %s", at.position, at.text);
    static const struct memory empty;
    struct memory m = empty;
    int result = decode_whole(root, &m, e);
    if (result == 0) {
        *ret = m;
        *ret_pages = json_incref(json_object_get(root, "pages"));
    }
    json_decref(root);
    return result;
}

void memory_record_good(struct memory *m, const char *target, const char *identity, int64_t at_ns,
                        int64_t height)
{
    struct memory_good good = {.at_ns = at_ns, .height = height};
    snprintf(good.target, sizeof good.target, "%s", target);
    snprintf(good.identity, sizeof good.identity, "%s", identity);
    unsigned at = 0; // the place that becomes free: its own old one, else the oldest
    // An earlier file of the same target is gone: it can be no goal any more.
    while (at < m->good_count && strcmp(m->good[at].target, target) != 0)
        at++;
    if (at == MEMORY_GOOD_MAX)
        at--;
    if (at == m->good_count)
        m->good_count++;
    memmove(&m->good[1], &m->good[0], at * sizeof m->good[0]);
    m->good[0] = good;
}

const struct memory_good *memory_previous(const struct memory *m, const char *current)
{
    for (unsigned i = 0; i < m->good_count; i++)
        if (strcmp(m->good[i].target, current) != 0)
            return &m->good[i];
    return NULL;
}

static void drop_halt(struct memory *m, const char *target)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < m->halt_count; i++)
        if (strcmp(m->halts[i].target, target) != 0)
            m->halts[kept++] = m->halts[i];
    m->halt_count = kept;
}

void memory_latch(struct memory *m, const struct memory_halt *halt)
{
    struct memory_halt copy = *halt;
    drop_halt(m, copy.target);
    if (m->halt_count == MEMORY_HALTS_MAX)
        m->halt_count--;
    memmove(&m->halts[1], &m->halts[0], m->halt_count * sizeof m->halts[0]);
    m->halts[0] = copy;
    m->halt_count++;
}

const struct memory_halt *memory_latched(const struct memory *m, const char *target,
                                         const char *identity)
{
    for (unsigned i = 0; i < m->halt_count; i++)
        if (strcmp(m->halts[i].target, target) == 0)
            return strcmp(m->halts[i].identity, identity) == 0 ? &m->halts[i] : NULL;
    return NULL;
}

void memory_release(struct memory *m, const char *target)
{
    drop_halt(m, target);
    if (strcmp(m->crashed, target) == 0)
        m->crashes = 0;
    m->hold = (struct memory_hold){0};
    m->resume[0] = '\0';
}
