// copy: files and folders, by reflink where the file system can, else by copying what is not a
// hole. Blocking: the backup runs in a process of its own.
#ifndef SEIVISOR_SHELL_COPY_H
#define SEIVISOR_SHELL_COPY_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

// Copies one file, durable when it returns. An existing `target` is replaced. `mode` counts in
// full.
int copy_file(const char *source, const char *target, mode_t mode, struct err *e);

// Called now and then; `total` is 0 as long as blocks are shared and nothing needs counting.
typedef void copy_progress(uint64_t done, uint64_t total, void *context);

struct copy_result {
    uint64_t bytes; // copied; 0 where all was shared
    uint64_t files;
    int shared; // by reflink
};

// Copies a folder with its modes, owners (as far as allowed), times, links and holes into `target`,
// which must not exist. Sockets and pipes are left out. Free space is checked before the first
// byte is copied: -ENOSPC says how much is missing. Built as <target>.partial, synced, then
// renamed. On failure nothing is left behind but what a kill leaves: <target>.partial.
int copy_tree(const char *source, const char *target, copy_progress *progress, void *context,
              struct copy_result *ret, struct err *e);

// Removes a folder and all below it; a missing one is fine.
int copy_remove(const char *path, struct err *e);

#endif
