// A strict reader of one JSON object. No recursion and no allocation: nesting inside skipped
// members is one bit a level, names are compared where they stand.
#include <seihalt.h>
#include <string.h>

#include "utf8.h"

struct reader {
    const char *json;
    size_t len;
    size_t at; // of the next byte
};

// The inside of a string that was scanned and found good: escapes are still in it.
struct raw {
    size_t start;
    size_t end;
};

enum member { REASON, REASON_STRING, PLAN_NAME, HEIGHT, INFO, ANNOUNCED_AT, MEMBER_COUNT };

static const char *const member_names[MEMBER_COUNT] = {
    [REASON] = "reason",       [REASON_STRING] = "reason_string",
    [PLAN_NAME] = "plan_name", [HEIGHT] = "height",
    [INFO] = "info",           [ANNOUNCED_AT] = "announced_at",
};

// What was read so far. Strings stay where they are until the whole object is known to be good.
struct found {
    struct raw names[SEI_HALT_MEMBERS_MAX];
    size_t count;
    bool have[MEMBER_COUNT];
    struct raw strings[MEMBER_COUNT];
    int64_t numbers[MEMBER_COUNT];
    int64_t seconds;
    int32_t ns;
};

static bool at_end(const struct reader *r)
{
    return r->at >= r->len;
}

// The next byte, -1 at the end.
static int peek(const struct reader *r)
{
    return at_end(r) ? -1 : (unsigned char)r->json[r->at];
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static int hex_value(int c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// What is wrong at the next byte, when it is not what the grammar wants there.
static int unexpected(const struct reader *r)
{
    return at_end(r) ? SEI_HALT_E_TRUNCATED : SEI_HALT_E_SYNTAX;
}

static void skip_space(struct reader *r)
{
    for (int c = peek(r); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(r))
        r->at++;
}

static int expect(struct reader *r, char wanted)
{
    skip_space(r);
    if (peek(r) != wanted)
        return unexpected(r);
    r->at++;
    return 0;
}

static int scan_literal(struct reader *r, const char *text)
{
    for (; *text; text++, r->at++)
        if (peek(r) != *text)
            return unexpected(r);
    return 0;
}

// Four hex digits, the cursor behind the "\u".
static int scan_hex4(struct reader *r, uint32_t *ret_unit)
{
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        int value = hex_value(peek(r));
        if (value < 0)
            return unexpected(r);
        unit = unit << 4 | (uint32_t)value;
    }
    *ret_unit = unit;
    return 0;
}

// An escape, the cursor on its backslash. Half a surrogate pair is no character; its position is
// that of the backslash.
static int scan_escape(struct reader *r, uint32_t *ret_point)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    size_t start = r->at++;
    int c = peek(r);
    const char *simple = c > 0 ? strchr(from, c) : NULL;
    if (simple) {
        r->at++;
        *ret_point = (unsigned char)to[simple - from];
        return 0;
    }
    if (c != 'u')
        return unexpected(r);
    r->at++;
    uint32_t unit = 0, low = 0;
    int error = scan_hex4(r, &unit);
    if (error)
        return error;
    if (unit < 0xd800 || unit > 0xdfff) {
        *ret_point = unit;
        return 0;
    }
    bool pair = unit < 0xdc00 && r->len - r->at >= 2 && memcmp(r->json + r->at, "\\u", 2) == 0;
    if (pair) {
        r->at += 2;
        error = scan_hex4(r, &low);
        if (error)
            return error;
    }
    if (low < 0xdc00 || low > 0xdfff) {
        r->at = start;
        return SEI_HALT_E_UTF8;
    }
    *ret_point = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    return 0;
}

// One character of a string, escaped or not; the cursor inside the quotes and not on the closing
// one.
static int scan_char(struct reader *r, unsigned char utf8[4], size_t *ret_len)
{
    if (at_end(r))
        return SEI_HALT_E_TRUNCATED;
    const unsigned char *s = (const unsigned char *)r->json + r->at;
    if (*s == '\\') {
        uint32_t point = 0;
        int error = scan_escape(r, &point);
        if (error == 0)
            *ret_len = utf8_put(point, utf8);
        return error;
    }
    if (*s < 0x20)
        return SEI_HALT_E_SYNTAX;
    size_t n = utf8_length(s, r->len - r->at);
    if (n == 0)
        return SEI_HALT_E_UTF8;
    memcpy(utf8, s, n);
    r->at += n;
    *ret_len = n;
    return 0;
}

// A whole string, the cursor on its opening quote.
static int scan_string(struct reader *r, struct raw *ret_raw)
{
    unsigned char utf8[4];
    size_t n;
    size_t start = ++r->at;
    while (peek(r) != '"') {
        int error = scan_char(r, utf8, &n);
        if (error)
            return error;
    }
    *ret_raw = (struct raw){start, r->at++};
    return 0;
}

// A number by JSON's grammar; *ret_integer tells whether it has neither fraction nor exponent.
static int scan_number(struct reader *r, bool *ret_integer)
{
    bool integer = true;
    if (peek(r) == '-')
        r->at++;
    if (!is_digit(peek(r)))
        return unexpected(r);
    if (peek(r) == '0')
        r->at++;
    else
        while (is_digit(peek(r)))
            r->at++;
    if (peek(r) == '.') {
        integer = false;
        r->at++;
        if (!is_digit(peek(r)))
            return unexpected(r);
        while (is_digit(peek(r)))
            r->at++;
    }
    if (peek(r) == 'e' || peek(r) == 'E') {
        integer = false;
        r->at++;
        if (peek(r) == '+' || peek(r) == '-')
            r->at++;
        if (!is_digit(peek(r)))
            return unexpected(r);
        while (is_digit(peek(r)))
            r->at++;
    }
    *ret_integer = integer;
    return 0;
}

static int scan_scalar(struct reader *r)
{
    struct raw raw;
    bool integer;
    int c = peek(r);
    if (c == '"')
        return scan_string(r, &raw);
    if (c == '-' || is_digit(c))
        return scan_number(r, &integer);
    if (c == 't')
        return scan_literal(r, "true");
    if (c == 'f')
        return scan_literal(r, "false");
    return c == 'n' ? scan_literal(r, "null") : unexpected(r);
}

static int scan_name(struct reader *r)
{
    struct raw raw;
    skip_space(r);
    if (peek(r) != '"')
        return unexpected(r);
    int error = scan_string(r, &raw);
    return error ? error : expect(r, ':');
}

// The open arrays and objects around the cursor, the innermost one in the lowest bit.
struct nesting {
    uint64_t objects;
    unsigned depth;
};
_Static_assert(SEI_HALT_DEPTH_MAX <= 64, "one bit a level");

static int nesting_push(struct nesting *open, bool object)
{
    if (open->depth == SEI_HALT_DEPTH_MAX)
        return SEI_HALT_E_DEPTH;
    open->objects = open->objects << 1 | object;
    open->depth++;
    return 0;
}

static void nesting_pop(struct nesting *open)
{
    open->objects >>= 1;
    open->depth--;
}

// Behind a value: closes what ends here, and stands before the next value or at depth 0.
static int skip_after_value(struct reader *r, struct nesting *open)
{
    while (open->depth > 0) {
        bool object = open->objects & 1;
        skip_space(r);
        int c = peek(r);
        if (c == ',') {
            r->at++;
            return object ? scan_name(r) : 0;
        }
        if (c != (object ? '}' : ']'))
            return unexpected(r);
        r->at++;
        nesting_pop(open);
    }
    return 0;
}

// Skips a value of any kind.
static int skip_value(struct reader *r)
{
    struct nesting open = {0};
    do {
        skip_space(r);
        int c = peek(r);
        int error;
        if (c == '{' || c == '[') {
            error = nesting_push(&open, c == '{');
            if (error)
                return error;
            r->at++;
            skip_space(r);
            if (peek(r) != (c == '{' ? '}' : ']')) {
                error = c == '{' ? scan_name(r) : 0;
                if (error)
                    return error;
                continue;
            }
            r->at++;
            nesting_pop(&open);
        } else {
            error = scan_scalar(r);
            if (error)
                return error;
        }
        error = skip_after_value(r, &open);
        if (error)
            return error;
    } while (open.depth > 0);
    return 0;
}

static bool raw_equal(const struct reader *r, struct raw a, struct raw b)
{
    struct reader left = {r->json, a.end, a.start};
    struct reader right = {r->json, b.end, b.start};
    while (!at_end(&left) && !at_end(&right)) {
        unsigned char l[4], m[4];
        size_t nl = 0, nm = 0;
        if (scan_char(&left, l, &nl) || scan_char(&right, m, &nm) || nl != nm ||
            memcmp(l, m, nl) != 0)
            return false;
    }
    return at_end(&left) && at_end(&right);
}

// Copies a good string without its escapes. Returns its length, which is never more than that of
// the raw one, or SIZE_MAX when it needs more than `cap`.
static size_t raw_copy(const struct reader *r, struct raw raw, char *out, size_t cap)
{
    struct reader in = {r->json, raw.end, raw.start};
    size_t len = 0;
    while (!at_end(&in)) {
        unsigned char utf8[4];
        size_t n = 0;
        if (scan_char(&in, utf8, &n) || n > cap - len)
            return SIZE_MAX;
        memcpy(out + len, utf8, n);
        len += n;
    }
    return len;
}

static enum member member_of(const struct reader *r, struct raw name)
{
    enum { LONGEST = 16 };
    char text[LONGEST];
    size_t len = raw_copy(r, name, text, sizeof text);
    for (int i = 0; i < MEMBER_COUNT; i++)
        if (len == strlen(member_names[i]) && memcmp(text, member_names[i], len) == 0)
            return (enum member)i;
    return MEMBER_COUNT;
}

static int read_int64(struct reader *r, int64_t *ret_value)
{
    size_t start = r->at;
    bool integer = false;
    int error = peek(r) == '-' || is_digit(peek(r)) ? scan_number(r, &integer) : SEI_HALT_E_TYPE;
    if (error)
        return error;
    size_t end = r->at;
    bool negative = r->json[start] == '-';
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t value = 0;
    r->at = start; // where an error of the value as a whole is
    if (!integer)
        return SEI_HALT_E_TYPE;
    for (size_t i = start + negative; i < end; i++) {
        uint64_t digit = (uint64_t)(r->json[i] - '0');
        if (value > (limit - digit) / 10)
            return SEI_HALT_E_RANGE;
        value = value * 10 + digit;
    }
    r->at = end;
    *ret_value = negative ? (int64_t)(0 - value) : (int64_t)value;
    return 0;
}

// `width` digits, and the separator behind them unless it is 0.
static bool read_digits(const char **p, const char *end, int width, char separator, int *ret_value)
{
    int value = 0;
    for (int i = 0; i < width; i++, (*p)++) {
        if (*p == end || !is_digit(**p))
            return false;
        value = value * 10 + (**p - '0');
    }
    *ret_value = value;
    return separator == 0 || (*p < end && *(*p)++ == separator);
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_since_epoch(int year, int month, int day)
{
    static const int before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int past = year - 1; // whole years since year 1; -1 for year 0, a leap year
    int64_t leaps = past < 0 ? -1 : past / 4 - past / 100 + past / 400;
    return (int64_t)past * 365 + leaps + before[month - 1] + (month > 2 && is_leap(year)) + day -
           1 - 719162;
}

// Fraction of a second behind its point: one to nine digits.
static bool read_fraction(const char **p, const char *end, int32_t *ret_ns)
{
    int32_t ns = 0;
    int digits = 0;
    for (; *p < end && is_digit(**p) && digits < 9; (*p)++, digits++)
        ns = ns * 10 + (**p - '0');
    for (int i = digits; i < 9; i++)
        ns *= 10;
    *ret_ns = ns;
    return digits > 0;
}

// RFC 3339 in the contract's profile: upper-case T and Z, no other offset, no leap second.
static bool parse_time(const char *p, const char *end, int64_t *ret_seconds, int32_t *ret_ns)
{
    static const int month_days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day, hour, minute, second;
    int32_t ns = 0;
    if (!read_digits(&p, end, 4, '-', &year) || !read_digits(&p, end, 2, '-', &month) ||
        !read_digits(&p, end, 2, 'T', &day) || !read_digits(&p, end, 2, ':', &hour) ||
        !read_digits(&p, end, 2, ':', &minute) || !read_digits(&p, end, 2, 0, &second))
        return false;
    if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59)
        return false;
    if (day > month_days[month - 1] + (month == 2 && is_leap(year)))
        return false;
    if (p < end && *p == '.') {
        p++;
        if (!read_fraction(&p, end, &ns))
            return false;
    }
    if (end - p != 1 || *p != 'Z')
        return false;
    int of_day = (hour * 60 + minute) * 60 + second;
    *ret_seconds = days_since_epoch(year, month, day) * 86400 + of_day;
    *ret_ns = ns;
    return true;
}

static int read_string(struct reader *r, struct raw *ret_raw)
{
    return peek(r) == '"' ? scan_string(r, ret_raw) : SEI_HALT_E_TYPE;
}

static int read_time(struct reader *r, struct found *found)
{
    char text[40];
    size_t start = r->at;
    int error = read_string(r, &found->strings[ANNOUNCED_AT]);
    if (error)
        return error;
    size_t len = raw_copy(r, found->strings[ANNOUNCED_AT], text, sizeof text);
    if (len == SIZE_MAX || !parse_time(text, text + len, &found->seconds, &found->ns)) {
        r->at = start;
        return SEI_HALT_E_TIME;
    }
    return 0;
}

static int read_member_value(struct reader *r, enum member member, struct found *found)
{
    skip_space(r);
    if (at_end(r))
        return SEI_HALT_E_TRUNCATED;
    switch (member) {
    case REASON:
    case HEIGHT:
        return read_int64(r, &found->numbers[member]);
    case REASON_STRING:
    case PLAN_NAME:
    case INFO:
        return read_string(r, &found->strings[member]);
    case ANNOUNCED_AT:
        return read_time(r, found);
    case MEMBER_COUNT:
        return skip_value(r);
    }
    return SEI_HALT_E_SYNTAX;
}

static int read_member(struct reader *r, struct found *found)
{
    struct raw name;
    skip_space(r);
    size_t start = r->at;
    if (peek(r) != '"')
        return unexpected(r);
    if (found->count == SEI_HALT_MEMBERS_MAX)
        return SEI_HALT_E_MEMBERS;
    int error = scan_string(r, &name);
    if (error)
        return error;
    for (size_t i = 0; i < found->count; i++) {
        if (raw_equal(r, name, found->names[i])) {
            r->at = start;
            return SEI_HALT_E_DUPLICATE;
        }
    }
    found->names[found->count++] = name;
    error = expect(r, ':');
    if (error)
        return error;
    enum member member = member_of(r, name);
    if (member != MEMBER_COUNT)
        found->have[member] = true;
    return read_member_value(r, member, found);
}

static int read_object(struct reader *r, struct found *found)
{
    r->at++;
    skip_space(r);
    bool more = peek(r) != '}';
    while (more) {
        int error = read_member(r, found);
        if (error)
            return error;
        skip_space(r);
        more = peek(r) == ',';
        if (more)
            r->at++;
    }
    if (peek(r) != '}')
        return unexpected(r);
    if (!found->have[REASON] || !found->have[ANNOUNCED_AT])
        return SEI_HALT_E_MISSING;
    r->at++;
    return 0;
}

// An object, or null: SEI_HALT_NONE.
static int read_document(struct reader *r, struct found *found)
{
    skip_space(r);
    int c = peek(r);
    int result;
    if (c == '{') {
        result = read_object(r, found);
    } else if (c == 'n') {
        result = scan_literal(r, "null");
        if (result == 0)
            result = SEI_HALT_NONE;
    } else {
        bool value = c == '"' || c == '[' || c == '-' || c == 't' || c == 'f' || is_digit(c);
        result = value ? SEI_HALT_E_TYPE : unexpected(r);
    }
    if (result < 0)
        return result;
    skip_space(r);
    return at_end(r) ? result : SEI_HALT_E_TRAILING;
}

// Takes the strings over into the caller's memory, one behind the other.
static int take_strings(const struct reader *r, const struct found *found, char *text, size_t cap,
                        struct sei_halt_intent *intent)
{
    const struct {
        enum member member;
        struct sei_halt_text *to;
    } strings[] = {
        {REASON_STRING, &intent->reason_string},
        {PLAN_NAME, &intent->plan_name},
        {INFO, &intent->info},
    };
    size_t used = 0;
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        if (!found->have[strings[i].member])
            continue;
        char *to = text ? text + used : NULL;
        size_t len = raw_copy(r, found->strings[strings[i].member], to, cap - used);
        if (len == SIZE_MAX)
            return SEI_HALT_NO_SPACE;
        // Present and empty is not absent: the data is never null.
        *strings[i].to = (struct sei_halt_text){len ? to : "", len};
        used += len;
    }
    return 0;
}

int sei_halt_intent_decode(const char *json, size_t len, struct sei_halt_intent *ret_intent,
                           char *text, size_t text_cap, size_t *ret_at)
{
    struct reader r = {json, len, 0};
    struct found found = {0};
    struct sei_halt_intent intent = SEI_HALT_INTENT_INIT;
    int result;
    if (ret_intent->size < sizeof intent) {
        result = SEI_HALT_E_STRUCT;
    } else if (len > SEI_HALT_JSON_MAX) {
        r.at = SEI_HALT_JSON_MAX;
        result = SEI_HALT_E_TOO_LONG;
    } else {
        result = read_document(&r, &found);
    }
    if (result < 0 && ret_at)
        *ret_at = r.at;
    if (result)
        return result;
    result = take_strings(&r, &found, text, text_cap, &intent);
    if (result)
        return result;
    intent.reason = found.numbers[REASON];
    intent.height = found.numbers[HEIGHT];
    intent.announced_s = found.seconds;
    intent.announced_ns = found.ns;
    // A caller compiled against a newer header has fields that this version does not know.
    size_t caller_size = ret_intent->size;
    memset(ret_intent, 0, caller_size);
    memcpy(ret_intent, &intent, sizeof intent);
    ret_intent->size = caller_size;
    return 0;
}
