#include "seivisor/shell/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"

enum { CHUNK = 8 * 1024 * 1024, SPARE_BYTES = 16 * 1024 * 1024 };

struct copier {
    const char *source;
    const char *target; // the partial folder
    bool can_share;     // until a reflink was refused
    bool counted;       // the sizes were added up and the space was found to do
    uint64_t total;
    copy_progress *progress;
    void *context;
    struct copy_result result;
};

// Copies [from, to) of one file. copy_file_range shares or copies inside the kernel where it can.
static int copy_range(struct copier *c, int in, int out, off_t from, off_t to)
{
    while (from < to) {
        off_t in_at = from, out_at = from;
        size_t want = to - from < CHUNK ? (size_t)(to - from) : CHUNK;
        ssize_t n = copy_file_range(in, &in_at, out, &out_at, want, 0);
        if (n < 0 &&
            (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS)) {
            char space[65536];
            n = pread(in, space, want < sizeof space ? want : sizeof space, from);
            if (n > 0)
                n = pwrite(out, space, (size_t)n, from);
        }
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0) // it shrank meanwhile
            return 0;
        from += n;
        c->result.bytes += (uint64_t)n;
        if (c->progress)
            c->progress(c->result.bytes, c->total, c->context);
    }
    return 0;
}

// The data of one file, holes left as holes.
static int copy_data(struct copier *c, int in, int out, off_t size)
{
    if (ftruncate(out, size) < 0)
        return -errno;
    for (off_t at = 0; at < size;) {
        off_t data = lseek(in, at, SEEK_DATA);
        if (data < 0 && errno == ENXIO)
            return 0;
        if (data < 0)
            data = at;
        off_t hole = lseek(in, data, SEEK_HOLE);
        if (hole < 0)
            hole = size;
        int result = copy_range(c, in, out, data, hole);
        if (result < 0)
            return result;
        at = hole;
    }
    return 0;
}

static int count_total(struct copier *c, struct err *e)
{
    char *const roots[] = {mem_strdup(c->source), NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *at; walk && (at = fts_read(walk));)
        if (at->fts_info == FTS_F)
            c->total += (uint64_t)at->fts_statp->st_blocks * 512;
    if (walk)
        fts_close(walk);
    free(roots[0]);
    struct statvfs fs;
    if (statvfs(c->target, &fs) < 0)
        return err_errno(e, errno, "cannot read the free space of %s", c->target);
    uint64_t available = (uint64_t)fs.f_bavail * fs.f_frsize;
    // A little more than the data: folders, and what the node itself needs to go on.
    uint64_t wanted = c->total + c->total / 20 + SPARE_BYTES;
    if (available < wanted)
        return err_set(
            e, -ENOSPC,
            "not enough space for a backup in %s: %llu MiB are needed, %llu MiB are free",
            c->target, (unsigned long long)(wanted >> 20), (unsigned long long)(available >> 20));
    c->counted = true;
    return 0;
}

static int fill_file(struct copier *c, int in, int out, const struct stat *st, const char *target,
                     struct err *e)
{
    if (c->can_share && ioctl(out, FICLONE, in) == 0) {
        c->result.shared = 1;
        return 0;
    }
    c->can_share = false;
    int result = c->counted ? 0 : count_total(c, e);
    if (result < 0)
        return result;
    result = copy_data(c, in, out, st->st_size);
    return result < 0 ? err_errno(e, -result, "cannot write %s", target) : 0;
}

static void keep_attributes(int fd, const struct stat *st)
{
    const struct timespec times[2] = {st->st_atim, st->st_mtim};
    // Owners can be given away by root only; a backup of another's file is a backup all the same.
    int ignored = fchown(fd, st->st_uid, st->st_gid);
    ignored |= fchmod(fd, st->st_mode & 07777);
    ignored |= futimens(fd, times);
    (void)ignored;
}

static int copy_regular(struct copier *c, const char *source, const char *target,
                        const struct stat *st, struct err *e)
{
    CLEANUP_CLOSE int in = open(source, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (in < 0)
        return err_errno(e, errno, "cannot open %s", source);
    CLEANUP_CLOSE int out = open(target, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0)
        return err_errno(e, errno, "cannot create %s", target);
    int result = fill_file(c, in, out, st, target, e);
    if (result < 0)
        return result;
    keep_attributes(out, st);
    c->result.files++;
    return fsync(out) < 0 ? err_errno(e, errno, "cannot sync %s", target) : 0;
}

static int copy_symlink(const char *source, const char *target, struct err *e)
{
    char link[4096];
    ssize_t n = readlink(source, link, sizeof link - 1);
    if (n < 0)
        return err_errno(e, errno, "cannot read %s", source);
    link[n] = '\0';
    return symlink(link, target) < 0 ? err_errno(e, errno, "cannot create %s", target) : 0;
}

static int close_folder(const char *target, const struct stat *st, struct err *e)
{
    CLEANUP_CLOSE int fd = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, errno, "cannot open %s", target);
    keep_attributes(fd, st);
    return fsync(fd) < 0 ? err_errno(e, errno, "cannot sync %s", target) : 0;
}

static int copy_entry(struct copier *c, const FTSENT *at, struct err *e)
{
    CLEANUP_FREE char *target = mem_printf("%s%s", c->target, at->fts_path + strlen(c->source));
    switch (at->fts_info) {
    case FTS_D:
        if (at->fts_level > 0 && mkdir(target, 0700) < 0)
            return err_errno(e, errno, "cannot create %s", target);
        return 0;
    case FTS_DP:
        return close_folder(target, at->fts_statp, e);
    case FTS_F:
        return copy_regular(c, at->fts_path, target, at->fts_statp, e);
    case FTS_SL:
    case FTS_SLNONE:
        return copy_symlink(at->fts_path, target, e);
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        return err_errno(e, at->fts_errno, "cannot read %s", at->fts_path);
    default:
        return 0; // sockets, pipes
    }
}

static int copy_entries(struct copier *c, struct err *e)
{
    char *const roots[] = {mem_strdup(c->source), NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    int result = walk ? 0 : err_errno(e, errno, "cannot read %s", c->source);
    while (result == 0) {
        errno = 0;
        const FTSENT *at = fts_read(walk);
        if (!at) {
            result = errno ? err_errno(e, errno, "cannot read %s", c->source) : 0;
            break;
        }
        result = copy_entry(c, at, e);
    }
    if (walk)
        fts_close(walk);
    free(roots[0]);
    return result;
}

static int sync_parent(const char *path, struct err *e)
{
    CLEANUP_FREE char *parent = mem_strdup(path);
    char *slash = strrchr(parent, '/');
    if (!slash)
        return fs_fsync_dir(".", e);
    *slash = '\0';
    return fs_fsync_dir(*parent ? parent : "/", e);
}

int copy_tree(const char *source, const char *target, copy_progress *progress, void *context,
              struct copy_result *ret, struct err *e)
{
    CLEANUP_FREE char *partial = mem_printf("%s.partial", target);
    // A data folder that is a link to another disk is followed, links below it are not.
    CLEANUP_FREE char *real = realpath(source, NULL);
    if (!real)
        return err_errno(e, errno, "%s", source);
    struct copier c = {.source = real, .target = partial, .can_share = true, .progress = progress};
    c.context = context;
    if (fs_exists(target))
        return err_set(e, -EEXIST, "%s exists", target);
    int result = copy_remove(partial, e);
    if (result < 0)
        return result;
    if (mkdir(partial, 0700) < 0)
        return err_errno(e, errno, "cannot create %s", partial);
    result = copy_entries(&c, e);
    if (result == 0 && rename(partial, target) < 0)
        result = err_errno(e, errno, "cannot rename %s", partial);
    if (result == 0)
        result = sync_parent(target, e);
    else
        copy_remove(partial, NULL);
    if (result == 0)
        *ret = c.result;
    return result;
}

int copy_remove(const char *path, struct err *e)
{
    char *const roots[] = {mem_strdup(path), NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    int errnum = walk ? 0 : errno;
    for (FTSENT *at; errnum == 0 && walk && (at = fts_read(walk));) {
        if (at->fts_info == FTS_NS && at->fts_errno == ENOENT)
            continue;
        if (at->fts_info == FTS_D)
            continue;
        if ((at->fts_info == FTS_DP ? rmdir(at->fts_path) : unlink(at->fts_path)) < 0 &&
            errno != ENOENT)
            errnum = errno;
    }
    if (walk)
        fts_close(walk);
    free(roots[0]);
    return errnum ? err_errno(e, errnum, "cannot remove %s", path) : 0;
}

int copy_file(const char *source, const char *target, mode_t mode, struct err *e)
{
    struct copier c = {.source = source, .target = target, .can_share = true, .counted = true};
    struct stat st;
    if (unlink(target) < 0 && errno != ENOENT)
        return err_errno(e, errno, "cannot replace %s", target);
    CLEANUP_CLOSE int in = open(source, O_RDONLY | O_CLOEXEC);
    if (in < 0 || fstat(in, &st) < 0)
        return err_errno(e, errno, "cannot open %s", source);
    CLEANUP_CLOSE int out = open(target, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (out < 0)
        return err_errno(e, errno, "cannot create %s", target);
    int result = fill_file(&c, in, out, &st, target, e);
    if (result == 0 && (fchmod(out, mode) < 0 || fsync(out) < 0))
        result = err_errno(e, errno, "cannot write %s", target);
    return result;
}
