#include "seivisor/shell/home.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "seivisor/shell/copy.h"

void home_init(struct home *h, const struct settings *s)
{
    *h = (struct home){
        .root = mem_printf("%s/cosmovisor", s->home),
        .state = mem_printf("%s/cosmovisor/.seivisor", s->home),
        .data = mem_printf("%s/data", s->home),
        .plan_file = mem_printf("%s/data/upgrade-info.json", s->home),
        .name = s->name,
        .home = s->home,
        .recase = !s->disable_recase,
    };
}

void home_deinit(struct home *h)
{
    free(h->root);
    free(h->state);
    free(h->data);
    free(h->plan_file);
    *h = (struct home){0};
}

char *home_binary(const struct home *h, const char *target)
{
    return mem_printf("%s/%s/bin/%s", h->root, target, h->name);
}

int home_check_binary(const struct home *h, const char *target, struct err *e)
{
    CLEANUP_FREE char *path = home_binary(h, target);
    struct stat st;
    if (stat(path, &st) < 0)
        return err_errno(e, errno, "%s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, -EINVAL, "%s is no file", path);
    if (access(path, X_OK) < 0)
        return err_errno(e, errno, "%s may not be executed", path);
    return 0;
}

int home_current(const struct home *h, char *ret, struct err *e)
{
    CLEANUP_FREE char *path = mem_printf("%s/current", h->root);
    char link[4096];
    ssize_t n = readlink(path, link, sizeof link - 1);
    if (n < 0 && errno == ENOENT) {
        ret[0] = '\0';
        return HOME_NO_LINK;
    }
    if (n < 0 && errno == EINVAL)
        return err_set(e, -EINVAL, "%s is no symbolic link", path);
    if (n < 0)
        return err_errno(e, errno, "cannot read %s", path);
    link[n] = '\0';
    if (!layout_parse_target(link, h->root, ret))
        return err_set(e, -EINVAL, "%s points at %.200s, which is neither genesis nor an upgrade",
                       path, link);
    return 0;
}

int home_sync_link(const struct home *h, struct err *e)
{
    return fs_fsync_dir(h->root, e);
}

int home_set_current(const struct home *h, const char *target, bool sync, struct err *e)
{
    CLEANUP_FREE char *path = mem_printf("%s/current", h->root);
    CLEANUP_FREE char *next = mem_printf("%s/.current.new", h->root);
    if (unlink(next) < 0 && errno != ENOENT)
        return err_errno(e, errno, "cannot remove %s", next);
    if (symlink(target, next) < 0)
        return err_errno(e, errno, "cannot make the link %s", next);
    if (rename(next, path) < 0) {
        int errnum = errno;
        unlink(next);
        return err_errno(e, errnum, "cannot replace %s", path);
    }
    return sync ? home_sync_link(h, e) : 0;
}

void home_identity(const struct home *h, const char *target, char *ret)
{
    CLEANUP_FREE char *path = home_binary(h, target);
    struct stat st;
    ret[0] = '\0';
    if (stat(path, &st) == 0)
        snprintf(ret, HOME_IDENTITY_MAX, "%llu-%lld-%lld.%09ld", (unsigned long long)st.st_ino,
                 (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

int home_plan_target(const struct home *h, const char *plan, char *ret, struct err *e)
{
    int result = layout_plan_target(plan, h->recase, ret, e);
    if (result < 0)
        return result;
    return home_check_binary(h, ret, e) < 0 ? HOME_NOT_STAGED : 0;
}

void home_each_staged(const struct home *h, void (*found)(const char *target, bool runs, void *),
                      void *context)
{
    enum { STAGED_MAX = 256 };
    CLEANUP_FREE char *path = mem_printf("%s/upgrades", h->root);
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char target[LAYOUT_TARGET_MAX];
        snprintf(target, sizeof target, "upgrades/%s", entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && i < STAGED_MAX)
            found(target, home_check_binary(h, target, NULL) == 0, context);
        free(entries[i]);
    }
    free(entries);
}

bool plan_stamp_eq(const struct plan_stamp *a, const struct plan_stamp *b)
{
    return a->inode == b->inode && a->size == b->size && a->mtime_ns == b->mtime_ns;
}

static int64_t nanoseconds(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct plan_stamp stamp_of(const struct stat *st)
{
    return (struct plan_stamp){
        .inode = st->st_ino, .size = (uint64_t)st->st_size, .mtime_ns = nanoseconds(st->st_mtim)};
}

int home_plan_stamp(const struct home *h, struct plan_stamp *ret, struct err *e)
{
    struct stat st;
    if (stat(h->plan_file, &st) < 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            return err_errno(e, errno, "cannot look at %s", h->plan_file);
        *ret = (struct plan_stamp){0};
        return HOME_NO_PLAN;
    }
    *ret = stamp_of(&st);
    return 0;
}

int home_read_plan(const struct home *h, struct plan_info *ret, struct plan_stamp *ret_stamp,
                   struct err *e)
{
    CLEANUP_CLOSE int fd = open(h->plan_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return HOME_NO_PLAN;
    if (fd < 0)
        return err_errno(e, errno, "cannot open %s", h->plan_file);
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_errno(e, errno, "cannot look at %s", h->plan_file);
    if (!S_ISREG(st.st_mode))
        return err_set(e, -EINVAL, "%s is no file", h->plan_file);
    if (st.st_size > PLAN_INFO_FILE_MAX)
        return err_set(e, -EFBIG, "%s is larger than %d bytes", h->plan_file, PLAN_INFO_FILE_MAX);
    size_t size = (size_t)st.st_size;
    CLEANUP_FREE char *text = mem_alloc(size + 1);
    ssize_t n = read(fd, text, size);
    if (n < 0)
        return err_errno(e, errno, "cannot read %s", h->plan_file);
    *ret_stamp = stamp_of(&st);
    int result = plan_info_parse(text, (size_t)n, ret, e);
    return result < 0 ? err_context(e, "%s is malformed", h->plan_file) : 0;
}

int home_write_plan(const struct home *h, const char *text,
                    int (*seen)(const struct home *, const struct plan_stamp *, struct err *),
                    struct err *e)
{
    CLEANUP_FREE char *ahead = mem_printf("%s/.upgrade-info.json.staged", h->data);
    struct stat st;
    int result = fs_mkdir_p(h->data, e);
    if (result == 0)
        result = fs_write_atomic(ahead, text, strlen(text), 0600, e);
    if (result == 0 && stat(ahead, &st) < 0)
        result = err_errno(e, errno, "cannot look at %s", ahead);
    if (result == 0) {
        struct plan_stamp stamp = stamp_of(&st);
        result = seen(h, &stamp, e);
    }
    if (result == 0 && rename(ahead, h->plan_file) < 0)
        result = err_errno(e, errno, "cannot write %s", h->plan_file);
    if (result == 0)
        return fs_fsync_dir(h->data, e);
    unlink(ahead);
    return result;
}

int home_install_binary(const struct home *h, const char *source, const char *target, bool force,
                        struct err *e)
{
    CLEANUP_FREE char *path = home_binary(h, target);
    CLEANUP_FREE char *folder = mem_printf("%s/%s/bin", h->root, target);
    CLEANUP_FREE char *temp = mem_printf("%s/.%s.new", folder, h->name);
    struct stat st;
    if (stat(source, &st) < 0)
        return err_errno(e, errno, "%s", source);
    if (!S_ISREG(st.st_mode))
        return err_set(e, -EINVAL, "%s is no file", source);
    if (!force && fs_exists(path))
        return HOME_EXISTS;
    int result = fs_mkdir_p(folder, e);
    if (result == 0)
        result = copy_file(source, temp, 0755, e);
    if (result == 0 && rename(temp, path) < 0)
        result = err_errno(e, errno, "cannot replace %s", path);
    if (result < 0) {
        unlink(temp);
        return result;
    }
    return fs_fsync_dir(folder, e);
}
