#include "wire/toml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

struct reader {
    const char *name;
    const char *at, *end;
    unsigned line, column;
    struct arena *arena;
    struct err *e;
    char table[TOML_MAX_KEY + 1]; // current table, "" at the top
    struct toml *out;
    size_t cap;
    const char *tables[TOML_MAX_ENTRIES]; // those that had a header
    size_t table_count;
};

static int fail_at(struct reader *r, unsigned line, unsigned column, const char *what)
{
    return err_set(r->e, -EINVAL, "%s:%u:%u: %s", r->name, line, column, what);
}

static int fail(struct reader *r, const char *what)
{
    return fail_at(r, r->line, r->column, what);
}

// ---- characters --------------------------------------------------------------------------------

static size_t utf8_length(const unsigned char *s, size_t left)
{
    static const struct {
        unsigned char first, last, low, high;
        unsigned char len;
    } rows[] = {
        {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
        {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
        {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    if (s[0] < 0x80)
        return 1;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (s[0] < rows[i].first || s[0] > rows[i].last || left < rows[i].len)
            continue;
        bool good = s[1] >= rows[i].low && s[1] <= rows[i].high;
        for (size_t k = 2; k < rows[i].len; k++)
            good = good && s[k] >= 0x80 && s[k] <= 0xBF;
        return good ? rows[i].len : 0;
    }
    return 0;
}

// One pass before parsing, so that the rest may take bytes as they are.
static int check_text(struct reader *r)
{
    const char *at = r->at;
    while (at < r->end) {
        unsigned char c = (unsigned char)*at;
        size_t len = utf8_length((const unsigned char *)at, (size_t)(r->end - at));
        if (len == 0)
            return fail(r, "invalid UTF-8");
        bool line_end = c == '\n' || (c == '\r' && at + 1 < r->end && at[1] == '\n');
        if ((c < 0x20 && c != '\t' && !line_end) || c == 0x7F)
            return fail(r, "control character");
        r->column++;
        if (c == '\n') {
            r->line++;
            r->column = 1;
        }
        at += len;
    }
    r->line = r->column = 1;
    return 0;
}

static int peek(const struct reader *r)
{
    return r->at < r->end ? (unsigned char)*r->at : -1;
}

static void step(struct reader *r)
{
    unsigned char c = (unsigned char)*r->at++;
    if (c == '\n') {
        r->line++;
        r->column = 1;
    } else if ((c & 0xC0) != 0x80) {
        r->column++;
    }
}

static void skip_blank(struct reader *r)
{
    while (peek(r) == ' ' || peek(r) == '\t')
        step(r);
}

static bool at_line_end(const struct reader *r)
{
    int c = peek(r);
    return c == -1 || c == '\n' || c == '\r';
}

static void skip_comment(struct reader *r)
{
    if (peek(r) == '#')
        while (!at_line_end(r))
            step(r);
}

static void skip_line_end(struct reader *r)
{
    if (peek(r) == '\r')
        step(r);
    if (peek(r) == '\n')
        step(r);
}

// Blanks, comments and line ends, as inside an array.
static void skip_space(struct reader *r)
{
    for (;;) {
        skip_blank(r);
        skip_comment(r);
        if (peek(r) == -1 || !at_line_end(r))
            return;
        skip_line_end(r);
    }
}

static bool is_bare(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

// ---- strings -----------------------------------------------------------------------------------

static int hex_digit(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static void append_utf8(struct buf *b, uint32_t c)
{
    if (c < 0x80) {
        buf_append_byte(b, (uint8_t)c);
    } else if (c < 0x800) {
        buf_append_byte(b, (uint8_t)(0xC0 | c >> 6));
        buf_append_byte(b, (uint8_t)(0x80 | (c & 0x3F)));
    } else {
        if (c < 0x10000) {
            buf_append_byte(b, (uint8_t)(0xE0 | c >> 12));
        } else {
            buf_append_byte(b, (uint8_t)(0xF0 | c >> 18));
            buf_append_byte(b, (uint8_t)(0x80 | (c >> 12 & 0x3F)));
        }
        buf_append_byte(b, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
        buf_append_byte(b, (uint8_t)(0x80 | (c & 0x3F)));
    }
}

static int read_unicode(struct reader *r, int digits, struct buf *text)
{
    uint32_t value = 0;
    for (int i = 0; i < digits; i++) {
        int d = hex_digit(peek(r));
        if (d < 0)
            return fail(r, "expected a hexadecimal digit");
        value = value << 4 | (uint32_t)d;
        step(r);
    }
    if (value == 0 || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return fail(r, "not a character");
    append_utf8(text, value);
    return 0;
}

static int read_escape(struct reader *r, struct buf *text)
{
    static const char from[] = "btnfr\"\\", to[] = "\b\t\n\f\r\"\\";
    int c = peek(r);
    const char *hit = c > 0 ? strchr(from, c) : NULL;
    if (hit) {
        buf_append_byte(text, (uint8_t)to[hit - from]);
        step(r);
        return 0;
    }
    if (c != 'u' && c != 'U')
        return fail(r, "unknown escape");
    step(r);
    return read_unicode(r, c == 'u' ? 4 : 8, text);
}

static int read_string(struct reader *r, const char **ret)
{
    unsigned line = r->line, column = r->column;
    int quote = peek(r);
    if (r->end - r->at >= 3 && r->at[1] == quote && r->at[2] == quote)
        return fail(r, "multi-line strings are not supported");
    step(r);
    struct buf text CLEANUP_BUF = {0};
    while (peek(r) != quote) {
        if (at_line_end(r))
            return fail_at(r, line, column, "this string has no end");
        bool escape = quote == '"' && peek(r) == '\\';
        if (!escape)
            buf_append_byte(&text, (uint8_t)*r->at);
        step(r);
        if (escape && read_escape(r, &text) < 0)
            return -EINVAL;
    }
    step(r);
    *ret = arena_strndup(r->arena, buf_cstr(&text), text.len);
    return 0;
}

// ---- numbers -----------------------------------------------------------------------------------

static bool digits_only(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (s[i] < '0' || s[i] > '9')
            return false;
    return len > 0;
}

// Removes underscores, each of which must stand between two digits.
static bool strip_underscores(char *s)
{
    char *to = s;
    for (char *p = s; *p; p++) {
        if (*p != '_') {
            *to++ = *p;
            continue;
        }
        if (p == s || hex_digit(p[-1]) < 0 || hex_digit(p[1]) < 0)
            return false;
    }
    *to = 0;
    return true;
}

static bool parse_based(const char *s, int64_t *ret)
{
    int base = s[1] == 'x' ? 16 : s[1] == 'o' ? 8 : 2;
    char *end = NULL;
    if (hex_digit(s[2]) < 0)
        return false;
    errno = 0;
    *ret = (int64_t)strtoll(s + 2, &end, base);
    return errno == 0 && *end == 0;
}

static bool parse_integer(const char *s, int64_t *ret)
{
    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'o' || s[1] == 'b'))
        return parse_based(s, ret);
    const char *digits = s + (*s == '-' || *s == '+');
    if (!digits_only(digits, strlen(digits)) || (digits[0] == '0' && digits[1]))
        return false;
    errno = 0;
    *ret = (int64_t)strtoll(s, NULL, 10);
    return errno == 0;
}

static bool is_float(const char *s)
{
    s += *s == '-' || *s == '+';
    size_t whole = strspn(s, "0123456789");
    if (whole == 0 || (whole > 1 && *s == '0'))
        return false;
    s += whole;
    if (*s == '.') {
        size_t part = strspn(++s, "0123456789");
        if (part == 0)
            return false;
        s += part;
    }
    if (*s == 'e' || *s == 'E') {
        s++;
        s += *s == '-' || *s == '+';
        return digits_only(s, strlen(s));
    }
    return *s == 0;
}

static int read_word(struct reader *r, struct toml_value *v)
{
    unsigned line = r->line, column = r->column;
    const char *start = r->at;
    while (is_bare(peek(r)) || peek(r) == '.' || peek(r) == '+' || peek(r) == ':')
        step(r);
    char *word = arena_strndup(r->arena, start, (size_t)(r->at - start));
    v->text = word;
    if (!*word)
        return fail(r, at_line_end(r) ? "expected a value" : "not a value; text needs quotes");
    if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0) {
        v->type = TOML_BOOL;
        v->boolean = *word == 't';
        return 0;
    }
    if (strchr(word, ':') || (strlen(word) >= 10 && word[4] == '-' && word[7] == '-'))
        return fail_at(r, line, column, "dates and times are not supported");
    if (!strip_underscores(word))
        return fail_at(r, line, column, "not a value; text needs quotes");
    v->type = TOML_INTEGER;
    if (parse_integer(word, &v->integer))
        return 0;
    v->type = TOML_FLOAT;
    if (is_float(word) && !digits_only(word + (*word == '-' || *word == '+'),
                                       strlen(word) - (*word == '-' || *word == '+')))
        return 0;
    return fail_at(r, line, column,
                   is_float(word) ? "integer out of range" : "not a value; text needs quotes");
}

// ---- values ------------------------------------------------------------------------------------

static int read_scalar(struct reader *r, struct toml_value *v)
{
    v->line = r->line;
    v->column = r->column;
    int c = peek(r);
    if (c == '"' || c == '\'') {
        v->type = TOML_STRING;
        return read_string(r, &v->text);
    }
    if (c == '{')
        return fail(r, "inline tables are not supported");
    return read_word(r, v);
}

struct items {
    struct toml_value *values;
    size_t count, cap;
};

static void items_add(struct reader *r, struct items *list, const struct toml_value *v)
{
    if (list->count == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 8;
        struct toml_value *grown = arena_alloc(r->arena, cap * sizeof *grown);
        if (list->count)
            memcpy(grown, list->values, list->count * sizeof *grown);
        list->values = grown;
        list->cap = cap;
    }
    list->values[list->count++] = *v;
}

static int read_array(struct reader *r, struct toml_value *ret)
{
    struct items list = {0};
    ret->type = TOML_ARRAY;
    ret->line = r->line;
    ret->column = r->column;
    step(r);
    for (;;) {
        skip_space(r);
        if (peek(r) == ']')
            break;
        if (peek(r) == '[')
            return fail(r, "nested arrays are not supported");
        struct toml_value v = {0};
        if (read_scalar(r, &v) < 0)
            return -EINVAL;
        if (list.count && list.values[0].type != v.type)
            return fail_at(r, v.line, v.column, "the values of an array must be of one type");
        if (list.count >= TOML_MAX_ENTRIES)
            return fail(r, "too many values in an array");
        items_add(r, &list, &v);
        skip_space(r);
        if (peek(r) == ',')
            step(r);
        else if (peek(r) != ']')
            return fail(r, "expected ',' or ']'");
    }
    step(r);
    ret->items = list.values;
    ret->count = list.count;
    return 0;
}

// ---- keys and tables ---------------------------------------------------------------------------

static int read_key_part(struct reader *r, struct buf *key)
{
    int c = peek(r);
    if (c == '"' || c == '\'') {
        const char *part;
        unsigned line = r->line, column = r->column;
        if (read_string(r, &part) < 0)
            return -EINVAL;
        for (const char *p = part; *p; p++) // dots join parts here, so none may hold one
            if (!is_bare((unsigned char)*p))
                return fail_at(r, line, column, "this key has characters that are not supported");
        if (!*part)
            return fail_at(r, line, column, "a key must not be empty");
        buf_append_str(key, part);
        return 0;
    }
    if (!is_bare(c))
        return fail(r, "expected a key");
    while (is_bare(peek(r))) {
        buf_append_byte(key, (uint8_t)peek(r));
        step(r);
    }
    return 0;
}

// A dotted key behind what `key` holds.
static int read_key(struct reader *r, struct buf *key)
{
    for (;;) {
        skip_blank(r);
        if (read_key_part(r, key) < 0)
            return -EINVAL;
        if (key->len > TOML_MAX_KEY)
            return fail(r, "this key is too long");
        skip_blank(r);
        if (peek(r) != '.')
            return 0;
        step(r);
        buf_append_str(key, ".");
    }
}

static int read_table(struct reader *r)
{
    unsigned line = r->line, column = r->column;
    step(r);
    if (peek(r) == '[')
        return fail_at(r, line, column, "arrays of tables are not supported");
    struct buf key CLEANUP_BUF = {0};
    if (read_key(r, &key) < 0)
        return -EINVAL;
    if (peek(r) != ']')
        return fail(r, "expected ']'");
    step(r);
    const char *name = buf_cstr(&key);
    for (size_t i = 0; i < r->table_count; i++)
        if (strcmp(r->tables[i], name) == 0)
            return fail_at(r, line, column, "this table is already there");
    if (toml_find(r->out, name))
        return fail_at(r, line, column, "this table has the name of a key");
    if (r->table_count == TOML_MAX_ENTRIES)
        return fail_at(r, line, column, "too many tables");
    r->tables[r->table_count++] = arena_strndup(r->arena, name, key.len);
    memcpy(r->table, name, key.len + 1);
    return 0;
}

// True when one of the two names a value and the other something inside it.
static bool inside(const char *a, const char *b)
{
    size_t n = strlen(a);
    return strncmp(a, b, n) == 0 && b[n] == '.';
}

static const char *clash(const struct reader *r, const char *key)
{
    for (size_t i = 0; i < r->out->count; i++) {
        const char *other = r->out->entries[i].key;
        if (strcmp(other, key) == 0)
            return "this key is already there";
        if (inside(other, key) || inside(key, other))
            return "this key is both a value and a table";
    }
    for (size_t i = 0; i < r->table_count; i++)
        if (strcmp(r->tables[i], key) == 0 || inside(key, r->tables[i]))
            return "this key is both a value and a table";
    return NULL;
}

static int add_entry(struct reader *r, const struct toml_entry *entry)
{
    const char *problem = clash(r, entry->key);
    if (!problem && r->out->count == TOML_MAX_ENTRIES)
        problem = "too many keys";
    if (problem)
        return fail_at(r, entry->line, entry->column, problem);
    if (r->out->count == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 64;
        struct toml_entry *grown = arena_alloc(r->arena, cap * sizeof *grown);
        if (r->out->count)
            memcpy(grown, r->out->entries, r->out->count * sizeof *grown);
        r->out->entries = grown;
        r->cap = cap;
    }
    r->out->entries[r->out->count++] = *entry;
    return 0;
}

static int read_entry(struct reader *r)
{
    struct toml_entry entry = {.line = r->line, .column = r->column};
    struct buf key CLEANUP_BUF = {0};
    if (*r->table)
        buf_printf(&key, "%s.", r->table);
    if (read_key(r, &key) < 0)
        return -EINVAL;
    if (peek(r) != '=')
        return fail(r, "expected '='");
    step(r);
    skip_blank(r);
    int bad = peek(r) == '[' ? read_array(r, &entry.value) : read_scalar(r, &entry.value);
    if (bad < 0)
        return -EINVAL;
    entry.key = arena_strndup(r->arena, buf_cstr(&key), key.len);
    return add_entry(r, &entry);
}

int toml_parse(const char *name, struct slice text, struct arena *arena, struct toml *ret,
               struct err *e)
{
    if (text.len > TOML_MAX_BYTES)
        return err_set(e, -EFBIG, "%s: longer than %d bytes", name, TOML_MAX_BYTES);
    struct toml out = {0};
    struct reader *r = arena_zalloc(arena, sizeof *r);
    const char *start = text.len ? (const char *)text.data : "";
    *r = (struct reader){.name = name,
                         .at = start,
                         .end = start + text.len,
                         .line = 1,
                         .column = 1,
                         .arena = arena,
                         .e = e,
                         .out = &out};
    if (check_text(r) < 0)
        return -EINVAL;
    for (;;) {
        skip_space(r);
        if (peek(r) == -1)
            break;
        if ((peek(r) == '[' ? read_table(r) : read_entry(r)) < 0)
            return -EINVAL;
        skip_blank(r);
        skip_comment(r);
        if (!at_line_end(r))
            return fail(r, "expected the end of the line");
    }
    *ret = out;
    return 0;
}

const struct toml_entry *toml_find(const struct toml *t, const char *key)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->entries[i].key, key) == 0)
            return &t->entries[i];
    return NULL;
}

void toml_string_append(struct buf *ret, const char *text)
{
    buf_append_str(ret, "\"");
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            buf_printf(ret, "\\%c", *c);
        else if ((unsigned char)*c < 0x20 || *c == 0x7F)
            buf_printf(ret, "\\u%04X", (unsigned)(unsigned char)*c);
        else
            buf_append_byte(ret, (uint8_t)*c);
    }
    buf_append_str(ret, "\"");
}
