#include <seihalt.h>
#include <sys/wait.h>

struct reason {
    int number;
    const char *token;
};

struct range {
    int first;
    int last;
};

#define SEI_REASON(number, name, token, sysexit, meaning) {number, token},
#define SEI_RESERVED(first, last, meaning)
static const struct reason reasons[] = {
#include "reasons.def"
};
#undef SEI_REASON
#undef SEI_RESERVED

#define SEI_REASON(number, name, token, sysexit, meaning)
#define SEI_RESERVED(first, last, meaning) {first, last},
static const struct range reserved[] = {
#include "reasons.def"
};
#undef SEI_REASON
#undef SEI_RESERVED

static const struct reason *find_reason(int64_t number)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].number == number)
            return &reasons[i];
    return &reasons[0];
}

static bool is_reserved(int code)
{
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (code >= reserved[i].first && code <= reserved[i].last)
            return true;
    return false;
}

bool sei_halt_parse_exit_code(int code, enum sei_halt_reason *ret_reason)
{
    const struct reason *found = find_reason(code);
    if (ret_reason)
        *ret_reason = (enum sei_halt_reason)found->number;
    return found->number != SEI_HALT_UNKNOWN;
}

const char *sei_halt_reason_string(int64_t reason)
{
    return find_reason(reason)->token;
}

enum sei_halt_class sei_halt_classify_exit_code(int code)
{
    if (code == 0)
        return SEI_HALT_CLASS_SUCCESS;
    if (sei_halt_parse_exit_code(code, NULL))
        return SEI_HALT_CLASS_CONTRACT;
    return is_reserved(code) ? SEI_HALT_CLASS_RESERVED : SEI_HALT_CLASS_CRASH;
}

enum sei_halt_class sei_halt_classify_wait_status(int status, int *ret_detail)
{
    enum sei_halt_class found = SEI_HALT_CLASS_NOT_ENDED;
    int detail = 0;
    if (WIFEXITED(status)) {
        detail = WEXITSTATUS(status);
        found = sei_halt_classify_exit_code(detail);
    } else if (WIFSIGNALED(status)) {
        detail = WTERMSIG(status);
        found = SEI_HALT_CLASS_SIGNAL;
    } else if (WIFSTOPPED(status) && !WIFCONTINUED(status)) {
        detail = WSTOPSIG(status);
    }
    if (ret_detail)
        *ret_detail = detail;
    return found;
}

const char *sei_halt_class_string(enum sei_halt_class classification)
{
    switch (classification) {
    case SEI_HALT_CLASS_SUCCESS:
        return "success";
    case SEI_HALT_CLASS_CONTRACT:
        return "contract";
    case SEI_HALT_CLASS_RESERVED:
        return "reserved";
    case SEI_HALT_CLASS_CRASH:
        return "crash";
    case SEI_HALT_CLASS_SIGNAL:
        return "signal";
    case SEI_HALT_CLASS_NOT_ENDED:
        return "not_ended";
    }
    return "invalid";
}

const char *sei_halt_error_string(int error)
{
    switch (error) {
    case 0:
        return "no error";
    case SEI_HALT_NONE:
        return "no signal (null)";
    case SEI_HALT_NO_SPACE:
        return "the buffer is too small";
    case SEI_HALT_E_STRUCT:
        return "the size of the struct is not set";
    case SEI_HALT_E_RANGE:
        return "out of range";
    case SEI_HALT_E_TOO_LONG:
        return "longer than 1048576 bytes";
    case SEI_HALT_E_TRUNCATED:
        return "ends too early";
    case SEI_HALT_E_SYNTAX:
        return "not JSON";
    case SEI_HALT_E_UTF8:
        return "not UTF-8";
    case SEI_HALT_E_TYPE:
        return "of the wrong type";
    case SEI_HALT_E_TIME:
        return "not an RFC 3339 time in UTC";
    case SEI_HALT_E_DUPLICATE:
        return "a member is there twice";
    case SEI_HALT_E_MISSING:
        return "reason or announced_at is missing";
    case SEI_HALT_E_MEMBERS:
        return "more than 64 members";
    case SEI_HALT_E_DEPTH:
        return "nested deeper than 64";
    case SEI_HALT_E_TRAILING:
        return "something stands behind the value";
    default:
        return "unknown error";
    }
}

#define STRING_OF(x) #x
#define VERSION_OF(major, minor, patch) STRING_OF(major) "." STRING_OF(minor) "." STRING_OF(patch)

const char *sei_halt_version(void)
{
    return VERSION_OF(SEI_HALT_VERSION_MAJOR, SEI_HALT_VERSION_MINOR, SEI_HALT_VERSION_PATCH);
}
