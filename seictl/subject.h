// subject: what `seictl explain` is asked about: an exit code, a token, a halt intent, an
// upgrade-info.json, a /status answer, a node. Reading bytes is pure.
#ifndef SEICTL_SUBJECT_H
#define SEICTL_SUBJECT_H

#include <seihalt.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/status_parse.h"

enum subject_kind {
    SUBJECT_CODE,         // `code`
    SUBJECT_INTENT,       // `status.intent`
    SUBJECT_NULL,         // no signal
    SUBJECT_UPGRADE_INFO, // `plan`, `height`, `info`
    SUBJECT_STATUS,       // `status`
    SUBJECT_NODE,         // an address; nothing was asked yet
};

struct subject {
    enum subject_kind kind;
    int code;
    struct node_status status; // owned
    char *plan;                // owned
    char *info;                // owned
    int64_t height;
};

void subject_init(struct subject *s);
void subject_deinit(struct subject *s); // idempotent
#define CLEANUP_SUBJECT CLEANUP(subject_deinit)

enum { SUBJECT_BYTES_MAX = 1 << 20 };

// From the contents of a file: the first four kinds but CODE. `s` is initialised by the caller.
// -EINVAL: none of them, with the position of the first wrong byte where there is one.
int subject_read(struct subject *s, struct slice bytes, struct err *e);

// From an argument that is no file: a number from 0 to 255, a token, JSON, an address. -EINVAL.
int subject_argument(struct subject *s, const char *text, struct err *e);

// A row of the contract's table; null when the number has none.
struct subject_reason {
    int number;
    const char *token;
    const char *sysexit; // the name of the same number in sysexits.h, "" when there is none
    const char *meaning;
};
const struct subject_reason *subject_reason(int64_t number);
// What a reserved number is kept for; null when it is not reserved.
const char *subject_reserved(int64_t number);

#endif
