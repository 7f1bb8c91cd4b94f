// fs: files, done safely. Every path is the caller's; errors name it.
#ifndef BASE_FS_H
#define BASE_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

// Replaces `path` so that a reader, or a restart after kill -9, sees the old bytes or the new ones:
// temporary file in the same folder, write, fsync, rename, fsync of the folder. On failure the old
// file is untouched and the temporary one is removed.
int fs_write_atomic(const char *path, const void *data, size_t len, mode_t mode, struct err *e);

// Appends the file to `ret`. More than `limit` bytes is -EFBIG; a missing file is -ENOENT.
int fs_read(const char *path, size_t limit, struct buf *ret, struct err *e);

// As mkdir -p with mode 0700 for each folder that is made.
int fs_mkdir_p(const char *path, struct err *e);
int fs_fsync_dir(const char *path, struct err *e);
bool fs_exists(const char *path);

// Takes an exclusive lock on the file, made if missing, and writes the pid into it. 0: held until
// *ret_fd is closed or the process ends. FS_LOCKED: another process holds it, *ret_pid is its pid
// (0 when unreadable).
enum { FS_LOCKED = 1 };
int fs_lock_pidfile(const char *path, int *ret_fd, pid_t *ret_pid, struct err *e);

#endif
