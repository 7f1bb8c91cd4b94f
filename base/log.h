// log: one structured line an event, to a file descriptor, through an explicit object.
// Libraries and cores never log. Each call is one write(2), so lines of several threads never mix.
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_PLAIN, LOG_JSON };

struct log {
    int fd;
    enum log_level level; // below it nothing is written
    enum log_format format;
};

// A member of a line. Build with the LOG_* macros; `key` and text are borrowed for the call.
struct log_field {
    const char *key;
    enum { LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_UINT, LOG_FIELD_BOOL } type;
    const char *text;
    int64_t number;
};
#define LOG_STR(key, value) ((struct log_field){(key), LOG_FIELD_TEXT, (value), 0})
#define LOG_INT(key, value) ((struct log_field){(key), LOG_FIELD_INT, NULL, (int64_t)(value)})
#define LOG_UINT(key, value) ((struct log_field){(key), LOG_FIELD_UINT, NULL, (int64_t)(value)})
#define LOG_FLAG(key, value) ((struct log_field){(key), LOG_FIELD_BOOL, NULL, (value) ? 1 : 0})

// "2026-01-02T03:04:05.678Z INF message key=value" or the same as one JSON object. A null `log` is
// silent. A failed write is dropped: there is nowhere to report it.
void log_write(const struct log *log, enum log_level level, const char *message,
               const struct log_field *fields, unsigned count);

#define LOG_AT(log, level, message, ...)                                                           \
    log_write((log), (level), (message), (const struct log_field[]){{0}, ##__VA_ARGS__} + 1,       \
              sizeof((const struct log_field[]){{0}, ##__VA_ARGS__}) / sizeof(struct log_field) -  \
                  1)
#define log_debug(log, message, ...) LOG_AT(log, LOG_DEBUG, message, ##__VA_ARGS__)
#define log_info(log, message, ...) LOG_AT(log, LOG_INFO, message, ##__VA_ARGS__)
#define log_warn(log, message, ...) LOG_AT(log, LOG_WARN, message, ##__VA_ARGS__)
#define log_error(log, message, ...) LOG_AT(log, LOG_ERROR, message, ##__VA_ARGS__)

// "debug", "info", "warn", "error" (and cosmos' "trace", "fatal", "panic" as the nearest). False
// when the text is none of them.
bool log_level_parse(const char *text, enum log_level *ret);

#endif
