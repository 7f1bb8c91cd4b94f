#include "seid/config/rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "wire/godur.h"

static const char *const config_log_levels[] = {"trace", "debug", "info",  "warn",
                                                "error", "fatal", "panic", NULL};
static const char *const config_log_formats[] = {"plain", "json", NULL};
static const char *const config_indexers[] = {"kv", "null", NULL};
static const char *const config_prunings[] = {"default", "nothing", "everything", "custom", NULL};
static const char *const config_engines[] = {"solo", NULL};

static int check_duration(const char *text, struct err *e)
{
    int64_t ns;
    if (godur_parse(text, &ns) < 0)
        return err_set(e, -EINVAL, "expected a duration such as 1s or 500ms");
    if (ns < 0)
        return err_set(e, -EINVAL, "must not be negative");
    return 0;
}

static int check_height(const char *text, struct err *e)
{
    char *end = NULL;
    errno = 0;
    long long height = strtoll(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || height < 1)
        return err_set(e, -EINVAL, "expected a height");
    return 0;
}

// ---- gas prices --------------------------------------------------------------------------------

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// "12", "0.01": the length of the amount, 0 when there is none.
static size_t amount_length(const char *text)
{
    size_t whole = strspn(text, "0123456789");
    if (text[whole] != '.')
        return whole;
    size_t places = strspn(text + whole + 1, "0123456789");
    return whole && places && places <= 18 ? whole + 1 + places : 0;
}

static bool is_denom(const char *text, size_t len)
{
    static const char others[] = "0123456789/:._-";
    if (len < 3 || len > 128 || !is_letter(text[0]))
        return false;
    for (size_t i = 1; i < len; i++)
        if (!is_letter(text[i]) && !strchr(others, text[i]))
            return false;
    return true;
}

static bool denom_before(const char *all, const char *end, const char *denom, size_t len)
{
    for (const char *p = all; p < end;) {
        size_t n = strcspn(p, ",");
        size_t amount = amount_length(p);
        if (n - amount == len && memcmp(p + amount, denom, len) == 0)
            return true;
        p += n + 1;
    }
    return false;
}

int config_check_prices(const char *text, struct err *e)
{
    for (const char *p = text; *text;) {
        size_t n = strcspn(p, ",");
        size_t amount = amount_length(p);
        if (amount == 0 || amount > 60 || !is_denom(p + amount, n - amount))
            return err_set(e, -EINVAL, "expected prices such as 0.01usei");
        if (denom_before(text, p, p + amount, n - amount))
            return err_set(e, -EINVAL, "%.*s stands there twice", (int)(n - amount), p + amount);
        if (!p[n])
            break;
        p += n + 1;
    }
    return 0;
}

// ---- the tables --------------------------------------------------------------------------------

#define CLI_OF_STRING CLI_STRING
#define CLI_OF_BOOL CLI_BOOL
#define CLI_OF_UINT CLI_UINT64
#define CLI_OF_DURATION CLI_DURATION
#define CLI_OF_LIST CLI_LIST
#define CLI_OF_PRICES CLI_STRING
#define CHECK_OF_STRING NULL
#define CHECK_OF_BOOL NULL
#define CHECK_OF_UINT NULL
#define CHECK_OF_DURATION check_duration
#define CHECK_OF_LIST NULL
#define CHECK_OF_PRICES config_check_prices

#define SEC(file_, name_, comment_)
#define INERT(file_, name_, default_)
#define REFUSED(file_, name_, default_, reason_)
#define KEY(file_, name_, kind_, member_, default_, words_, help_)                                 \
    {.name = (name_),                                                                              \
     .type = CLI_OF_##kind_,                                                                       \
     .fallback = (default_),                                                                       \
     .words = (words_),                                                                            \
     .check = CHECK_OF_##kind_,                                                                    \
     .help = (help_)},
const struct cli_flag config_flags[] = {
#include "seid/config/keys.def"
    {0}};
#undef SEC
#undef INERT
#undef REFUSED
#undef KEY

const struct cli_flag config_start_flags[] = {
    {.name = "unsafe-skip-upgrades",
     .type = CLI_LIST,
     .value = "heights",
     .check = check_height,
     .help = "heights at which a due upgrade is skipped and its plan cleared"},
    {0}};

#define SEC(file_, name_, comment_)                                                                \
    {.what = ROW_SECTION, .file = CONFIG_FILE_##file_, .name = (name_), .text = (comment_)},
#define INERT(file_, name_, default_)                                                              \
    {.what = ROW_INERT, .file = CONFIG_FILE_##file_, .name = (name_), .fallback = (default_)},
#define REFUSED(file_, name_, default_, reason_)                                                   \
    {.what = ROW_REFUSED,                                                                          \
     .file = CONFIG_FILE_##file_,                                                                  \
     .name = (name_),                                                                              \
     .fallback = (default_),                                                                       \
     .text = (reason_)},
#define KEY(file_, name_, kind_, member_, default_, words_, help_)                                 \
    {.what = ROW_KEY,                                                                              \
     .file = CONFIG_FILE_##file_,                                                                  \
     .name = (name_),                                                                              \
     .kind = KIND_##kind_,                                                                         \
     .offset = offsetof(struct node_config, member_),                                              \
     .fallback = (default_),                                                                       \
     .text = (help_)},
const struct config_row config_rows[] = {
#include "seid/config/keys.def"
    {.what = ROW_END}};
