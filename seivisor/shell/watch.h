// watch: tells when data/upgrade-info.json may have changed, by inotify on its folder (so that a
// rename into place is seen) and without any polling. While the folder does not exist, its parent
// is watched for it. Also watches the folders of staged binaries, for a held supervisor.
#ifndef SEIVISOR_SHELL_WATCH_H
#define SEIVISOR_SHELL_WATCH_H

#include <stdbool.h>
#include <uv.h>

#include "base/err.h"

// `name` is the file's, or "" when something was lost (queue overflow) or the folder came or went:
// look again at everything.
typedef void watch_changed(const char *name, void *context);

struct watch {
    uv_poll_t poll;
    int fd;
    int folder_wd; // -1: the folder is not there
    int parent_wd;
    char *folder;     // owned
    char *parent;     // owned
    const char *leaf; // the folder's name in its parent
    const char *file; // only this name is reported; null: every name
    watch_changed *changed;
    void *context;
};

// Watches <parent>/<leaf>. `file` and `leaf` are borrowed for the life of the watch. Fails with
// -ENOSYS, -EMFILE… where inotify is not to be had; the caller polls then.
int watch_init(struct watch *w, uv_loop_t *loop, const char *parent, const char *leaf,
               const char *file, watch_changed *changed, void *context, struct err *e);
void watch_close(struct watch *w); // the loop must run on for the close to complete

#endif
