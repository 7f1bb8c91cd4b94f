#include "seivisor/shell/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/mem.h"

#define FOLDER_EVENTS (IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define PARENT_EVENTS (IN_CREATE | IN_MOVED_TO | IN_ONLYDIR)

// Returns whether the folder has just come under watch.
static bool look_for_folder(struct watch *w)
{
    if (w->folder_wd >= 0)
        return false;
    w->folder_wd = inotify_add_watch(w->fd, w->folder, FOLDER_EVENTS);
    return w->folder_wd >= 0;
}

static void lose_folder(struct watch *w)
{
    if (w->folder_wd >= 0)
        inotify_rm_watch(w->fd, w->folder_wd);
    w->folder_wd = -1;
}

static void handle(struct watch *w, const struct inotify_event *event)
{
    const char *name = event->len ? event->name : "";
    if (event->mask & IN_Q_OVERFLOW) {
        w->changed("", w->context);
        return;
    }
    if (event->wd == w->folder_wd) {
        if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) {
            lose_folder(w);
            if (look_for_folder(w)) // another one may have taken its place
                w->changed("", w->context);
        } else if (!w->file || strcmp(name, w->file) == 0) {
            w->changed(name, w->context);
        }
        return;
    }
    if (event->wd == w->parent_wd && strcmp(name, w->leaf) == 0 && look_for_folder(w))
        w->changed("", w->context);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    char space[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t n;
    while ((n = read(w->fd, space, sizeof space)) > 0) {
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *event = (const void *)(space + at);
            at += (ssize_t)(sizeof *event + event->len);
            handle(w, event);
        }
    }
}

int watch_init(struct watch *w, uv_loop_t *loop, const char *parent, const char *leaf,
               const char *file, watch_changed *changed, void *context, struct err *e)
{
    *w = (struct watch){.folder_wd = -1, .leaf = leaf, .file = file};
    w->changed = changed;
    w->context = context;
    w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (w->fd < 0)
        return err_errno(e, errno, "cannot watch folders");
    w->folder = mem_printf("%s/%s", parent, leaf);
    w->parent = mem_strdup(parent);
    w->parent_wd = inotify_add_watch(w->fd, parent, PARENT_EVENTS);
    look_for_folder(w);
    int result = w->parent_wd < 0 && w->folder_wd < 0 ? -errno : 0;
    if (result < 0) {
        err_errno(e, -result, "cannot watch %s", w->folder);
        goto fail;
    }
    result = uv_poll_init(loop, &w->poll, w->fd);
    if (result < 0) {
        err_set(e, result, "cannot watch %s: %s", w->folder, uv_strerror(result));
        goto fail;
    }
    w->poll.data = w;
    uv_poll_start(&w->poll, UV_READABLE, on_readable);
    return 0;
fail:
    close(w->fd);
    free(w->folder);
    free(w->parent);
    return result;
}

static void on_closed(uv_handle_t *handle)
{
    struct watch *w = handle->data;
    close(w->fd);
    free(w->folder);
    free(w->parent);
}

void watch_close(struct watch *w)
{
    uv_handle_t *handle = (uv_handle_t *)&w->poll;
    if (handle->data && !uv_is_closing(handle))
        uv_close(handle, on_closed);
}
