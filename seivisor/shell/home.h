// home: cosmovisor's folders on disk: the link, the binaries, what is staged.
#ifndef SEIVISOR_SHELL_HOME_H
#define SEIVISOR_SHELL_HOME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "seivisor/core/layout.h"
#include "seivisor/core/plan_info.h"
#include "seivisor/core/settings.h"

// The paths are owned.
struct home {
    char *root;       // <home>/cosmovisor
    char *state;      // <home>/cosmovisor/.seivisor
    char *data;       // <home>/data
    char *plan_file;  // <home>/data/upgrade-info.json
    const char *name; // of the binary, borrowed from the settings
    const char *home; // borrowed from the settings
    bool recase;
};

void home_init(struct home *h, const struct settings *s);
void home_deinit(struct home *h); // idempotent

// <root>/<target>/bin/<name>; the caller frees.
char *home_binary(const struct home *h, const char *target);

// 0 when the target's binary is a regular file that may be executed; -ENOENT, -EACCES… else.
int home_check_binary(const struct home *h, const char *target, struct err *e);

// What `current` points at, into LAYOUT_TARGET_MAX bytes. HOME_NO_LINK: there is none (`ret` is
// ""). -EINVAL when it points elsewhere or is no link.
enum { HOME_NO_LINK = 1 };
int home_current(const struct home *h, char *ret, struct err *e);

// Points `current` at the target by a rename, so that there is no moment without it. `sync` makes
// it durable; else the caller calls home_sync_link later.
int home_set_current(const struct home *h, const char *target, bool sync, struct err *e);
int home_sync_link(const struct home *h, struct err *e);

// What names a binary's bytes without reading them: inode, size and time of change, as text into
// HOME_IDENTITY_MAX bytes; "" when there is no such file. In-place replacement changes it.
enum { HOME_IDENTITY_MAX = 96 };
void home_identity(const struct home *h, const char *target, char *ret);

// The target that a plan maps to, when its binary is staged; HOME_NOT_STAGED with the target filled
// in when it is not; negative for a name that can have no folder.
enum { HOME_NOT_STAGED = 1 };
int home_plan_target(const struct home *h, const char *plan, char *ret, struct err *e);

// Calls `found` for each folder of upgrades/, in the order of the names.
void home_each_staged(const struct home *h, void (*found)(const char *target, bool runs, void *),
                      void *context);

// data/upgrade-info.json as it is. `stamp` tells one writing from another (inode, size, time).
struct plan_stamp {
    uint64_t inode, size;
    int64_t mtime_ns;
};
enum { HOME_NO_PLAN = 1 };
int home_plan_stamp(const struct home *h, struct plan_stamp *ret, struct err *e);
// HOME_NO_PLAN without a file; -EINVAL when it is malformed (or not yet whole), with the reason.
int home_read_plan(const struct home *h, struct plan_info *ret, struct plan_stamp *ret_stamp,
                   struct err *e);
// Writes the file as a daemon would, except that its stamp is handed out before it can be seen:
// `seen` is called between, and its failure undoes everything.
int home_write_plan(const struct home *h, const char *text,
                    int (*seen)(const struct home *, const struct plan_stamp *, struct err *),
                    struct err *e);
bool plan_stamp_eq(const struct plan_stamp *a, const struct plan_stamp *b);

// Copies a binary into <root>/<target>/bin/<name>, mode 0755, atomically. HOME_EXISTS when it is
// there and `force` is false.
enum { HOME_EXISTS = 1 };
int home_install_binary(const struct home *h, const char *source, const char *target, bool force,
                        struct err *e);

#endif
