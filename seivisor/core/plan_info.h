// plan_info: data/upgrade-info.json, {"name":…,"height":…,"info":…}. Pure.
//
// Today's daemons write it with no care for a reader (truncate, then write), so a reader may meet
// an empty or a cut file; the shell reads again when the file changes.
#ifndef SEIVISOR_CORE_PLAN_INFO_H
#define SEIVISOR_CORE_PLAN_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    PLAN_NAME_MAX = 255,
    PLAN_INFO_FILE_MAX = 1024 * 1024, // bytes; plan.info may carry a whole manifest
};

struct plan_info {
    char name[PLAN_NAME_MAX + 1];
    int64_t height; // > 0
};

// Strict about what matters: one JSON object, no duplicate member, "name" a text of 1 to
// PLAN_NAME_MAX bytes without control characters, "height" a positive number. Other members
// ("info", "time") are skipped. -EINVAL with a text that names what is wrong; `ret` untouched then.
int plan_info_parse(const void *data, size_t len, struct plan_info *ret, struct err *e);

// The heights that the daemon was told to skip, from its arguments: --unsafe-skip-upgrades in each
// form that daemons take: "--flag 1,2", "--flag=1,2", "--flag 1 2", repeated, and with one dash.
bool plan_is_skipped(char *const *args, int64_t height);

#endif
