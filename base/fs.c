#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"

static char *parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return mem_strdup(".");
    return slash == path ? mem_strdup("/") : mem_strndup(path, (size_t)(slash - path));
}

static int write_all(int fd, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

int fs_fsync_dir(const char *path, struct err *e)
{
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, errno, "cannot open folder %s", path);
    if (fsync(fd) < 0)
        return err_errno(e, errno, "cannot sync folder %s", path);
    return 0;
}

static int write_synced(int fd, const void *data, size_t len, mode_t mode)
{
    int result = write_all(fd, data, len);
    if (result < 0)
        return result;
    // fchmod, because the umask took bits from the mode at creation.
    return fchmod(fd, mode) < 0 || fsync(fd) < 0 ? -errno : 0;
}

int fs_write_atomic(const char *path, const void *data, size_t len, mode_t mode, struct err *e)
{
    CLEANUP_FREE char *temp = mem_printf("%s.tmp.XXXXXX", path);
    CLEANUP_FREE char *parent = parent_of(path);
    int fd = mkostemp(temp, O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, errno, "cannot create %s", temp);
    int result = write_synced(fd, data, len, mode);
    if (close(fd) < 0 && result == 0)
        result = -errno;
    if (result == 0 && rename(temp, path) < 0)
        result = -errno;
    if (result < 0) {
        unlink(temp);
        return err_errno(e, -result, "cannot write %s", path);
    }
    return fs_fsync_dir(parent, e);
}

int fs_read(const char *path, size_t limit, struct buf *ret, struct err *e)
{
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, errno, "cannot open %s", path);
    size_t before = ret->len;
    for (;;) {
        size_t room = 65536;
        ssize_t n = read(fd, buf_reserve(ret, room), room);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int errnum = errno;
            ret->len = before;
            return err_errno(e, errnum, "cannot read %s", path);
        }
        if (n == 0)
            return 0;
        ret->len += (size_t)n;
        if (ret->len - before > limit) {
            ret->len = before;
            return err_set(e, -EFBIG, "%s is larger than %zu bytes", path, limit);
        }
    }
}

int fs_mkdir_p(const char *path, struct err *e)
{
    CLEANUP_FREE char *partial = mem_strdup(path);
    for (char *at = partial + 1;; at++) {
        if (*at && *at != '/')
            continue;
        char kept = *at;
        *at = '\0';
        if (mkdir(partial, 0700) < 0 && errno != EEXIST)
            return err_errno(e, errno, "cannot create folder %s", partial);
        *at = kept;
        if (!kept)
            return 0;
    }
}

bool fs_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

int fs_lock_pidfile(const char *path, int *ret_fd, pid_t *ret_pid, struct err *e)
{
    CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(e, errno, "cannot open lock %s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK)
            return err_errno(e, errno, "cannot lock %s", path);
        char text[32] = "";
        ssize_t n = pread(fd, text, sizeof text - 1, 0);
        *ret_pid = n > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
        return FS_LOCKED;
    }
    char text[32];
    int len = snprintf(text, sizeof text, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)len, 0) != len)
        return err_errno(e, errno ? errno : EIO, "cannot write lock %s", path);
    *ret_fd = take_fd(&fd);
    return 0;
}
