#include <seihalt.h>
#include <string.h>

#include "utf8.h"

// Counts what does not fit any more, so that the caller learns the size that would.
struct writer {
    char *out;
    size_t cap;
    size_t len;
};

static void put(struct writer *w, const char *bytes, size_t n)
{
    if (w->len < w->cap) {
        size_t room = w->cap - w->len;
        memcpy(w->out + w->len, bytes, n < room ? n : room);
    }
    w->len += n;
}

static void put_text(struct writer *w, const char *text)
{
    put(w, text, strlen(text));
}

static void put_int(struct writer *w, int64_t value)
{
    char digits[20];
    size_t n = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--n] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        put(w, "-", 1);
    put(w, digits + n, sizeof digits - n);
}

// At least `width` digits.
static void put_padded(struct writer *w, uint32_t value, size_t width)
{
    char digits[10];
    for (size_t i = width; i-- > 0; value /= 10)
        digits[i] = (char)('0' + value % 10);
    put(w, digits, width);
}

static void put_ascii(struct writer *w, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    const char *short_form = c == '"'    ? "\\\""
                             : c == '\\' ? "\\\\"
                             : c == '\b' ? "\\b"
                             : c == '\f' ? "\\f"
                             : c == '\n' ? "\\n"
                             : c == '\r' ? "\\r"
                             : c == '\t' ? "\\t"
                                         : NULL;
    if (short_form) {
        put_text(w, short_form);
    } else if (c < 0x20 || c == '<' || c == '>' || c == '&') {
        char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        put(w, escape, sizeof escape);
    } else {
        put(w, (const char *)&c, 1);
    }
}

// A JSON string as Go's encoding/json writes it with HTML escaping on, its default. (\b and \f
// have short forms since Go 1.22.)
static void put_string(struct writer *w, struct sei_halt_text text)
{
    put(w, "\"", 1);
    for (size_t i = 0; i < text.len;) {
        const unsigned char *s = (const unsigned char *)text.data + i;
        size_t n = utf8_length(s, text.len - i);
        if (n == 0) {
            put_text(w, "\\ufffd");
            n = 1;
        } else if (n == 1) {
            put_ascii(w, *s);
        } else if (n == 3 && s[0] == 0xe2 && s[1] == 0x80 && (s[2] & 0xfe) == 0xa8) {
            put_text(w, s[2] == 0xa8 ? "\\u2028" : "\\u2029");
        } else {
            put(w, (const char *)s, n);
        }
        i += n;
    }
    put(w, "\"", 1);
}

enum { DAY_S = 86400, ERA_DAYS = 146097, FROM_MARCH = ERA_DAYS - 60 };
static const int64_t first_second = -62167219200; // 0000-01-01T00:00:00Z
static const int64_t last_second = 253402300799;  // 9999-12-31T23:59:59Z

// A date, given as days since -0400-03-01. In a year that begins in March the leap day is the last
// one, so that the months before a day number follow a straight line, (153 m + 2) / 5; an era is
// the 400 years after which the calendar repeats.
static void put_date(struct writer *w, uint32_t days)
{
    uint32_t era = days / ERA_DAYS;
    uint32_t in_era = days % ERA_DAYS;
    uint32_t year_of_era =
        (in_era - in_era / 1460 + in_era / 36524 - in_era / (ERA_DAYS - 1)) / 365;
    uint32_t in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t march_month = (5 * in_year + 2) / 153;
    uint32_t month = march_month < 10 ? march_month + 3 : march_month - 9;
    put_padded(w, era * 400 + year_of_era + (month <= 2) - 400, 4);
    put(w, "-", 1);
    put_padded(w, month, 2);
    put(w, "-", 1);
    put_padded(w, in_year - (153 * march_month + 2) / 5 + 1, 2);
}

static void put_time(struct writer *w, int64_t seconds, uint32_t ns)
{
    uint64_t since = (uint64_t)(seconds - first_second);
    uint32_t second = (uint32_t)(since % DAY_S);
    put(w, "\"", 1);
    put_date(w, (uint32_t)(since / DAY_S) + FROM_MARCH);
    put(w, "T", 1);
    put_padded(w, second / 3600, 2);
    put(w, ":", 1);
    put_padded(w, second / 60 % 60, 2);
    put(w, ":", 1);
    put_padded(w, second % 60, 2);
    if (ns) {
        size_t width = 9;
        for (; ns % 10 == 0; ns /= 10)
            width--;
        put(w, ".", 1);
        put_padded(w, ns, width);
    }
    put(w, "Z\"", 2);
}

static struct sei_halt_text token_of(const struct sei_halt_intent *intent)
{
    if (intent->reason_string.data)
        return intent->reason_string;
    const char *token = sei_halt_reason_string(intent->reason);
    return (struct sei_halt_text){token, strlen(token)};
}

static void put_intent(struct writer *w, const struct sei_halt_intent *intent)
{
    put_text(w, "{\"reason\":");
    put_int(w, intent->reason);
    put_text(w, ",\"reason_string\":");
    put_string(w, token_of(intent));
    if (intent->plan_name.len) {
        put_text(w, ",\"plan_name\":");
        put_string(w, intent->plan_name);
    }
    if (intent->height) {
        put_text(w, ",\"height\":");
        put_int(w, intent->height);
    }
    if (intent->info.len) {
        put_text(w, ",\"info\":");
        put_string(w, intent->info);
    }
    put_text(w, ",\"announced_at\":");
    put_time(w, intent->announced_s, (uint32_t)intent->announced_ns);
    put_text(w, "}");
}

int sei_halt_intent_encode(const struct sei_halt_intent *intent, char *out, size_t cap,
                           size_t *ret_len)
{
    struct writer w = {.out = out, .cap = cap};
    if (intent->size < sizeof *intent)
        return SEI_HALT_E_STRUCT;
    if (intent->announced_s < first_second || intent->announced_s > last_second ||
        intent->announced_ns < 0 || intent->announced_ns > 999999999)
        return SEI_HALT_E_RANGE;
    // No text grows shorter, so that this also bounds the work.
    if (intent->reason_string.len > SEI_HALT_JSON_MAX ||
        intent->plan_name.len > SEI_HALT_JSON_MAX || intent->info.len > SEI_HALT_JSON_MAX)
        return SEI_HALT_E_TOO_LONG;
    put_intent(&w, intent);
    if (w.len > SEI_HALT_JSON_MAX)
        return SEI_HALT_E_TOO_LONG;
    *ret_len = w.len;
    if (w.len >= cap)
        return SEI_HALT_NO_SPACE;
    out[w.len] = '\0';
    return 0;
}
