// layout: where things are under <home>, in cosmovisor's layout. Pure: paths in, paths out.
//
//   <home>/cosmovisor/genesis/bin/<name>             the first binary
//   <home>/cosmovisor/upgrades/<folder>/bin/<name>   one for each plan
//   <home>/cosmovisor/current -> genesis or upgrades/<folder>
//   <home>/cosmovisor/.seivisor/                     what seivisor remembers
//   <home>/data/upgrade-info.json                    written by the daemon at the plan's height
//
// A "target" is what `current` points at, relative to <home>/cosmovisor: "genesis" or
// "upgrades/<folder>".
#ifndef SEIVISOR_CORE_LAYOUT_H
#define SEIVISOR_CORE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define LAYOUT_GENESIS "genesis"

enum {
    LAYOUT_FOLDER_MAX = 255, // a file name of every Linux file system
    LAYOUT_TARGET_MAX = sizeof "upgrades/" + LAYOUT_FOLDER_MAX,
};

// The folder of a plan: the name in lower case (ASCII; left as it is when `recase` is false), then
// escaped as a URL path segment, as cosmovisor does it. -EINVAL for a name that gives no usable
// folder: empty, "." or "..", or too long. `ret` takes LAYOUT_FOLDER_MAX + 1 bytes.
int layout_plan_folder(const char *plan, bool recase, char *ret, struct err *e);

// The target of a plan, "upgrades/<folder>"; `ret` takes LAYOUT_TARGET_MAX bytes.
int layout_plan_target(const char *plan, bool recase, char *ret, struct err *e);

// Whether text read from a link is a target: "genesis" or "upgrades/<one folder>". Accepts also the
// absolute form below `root` (<home>/cosmovisor) and a trailing slash. `ret` as above.
bool layout_parse_target(const char *link, const char *root, char *ret);

#endif
