#include "seivisor/shell/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "seivisor/core/json.h"
#include "seivisor/shell/fault.h"
#include "seivisor/shell/proc.h"

static char *state_path(const struct store *s, const char *name)
{
    return mem_printf("%s/%s", s->home->state, name);
}

static int read_memory(struct store *s, struct err *e)
{
    CLEANUP_FREE char *path = state_path(s, "memory.json");
    CLEANUP_BUF struct buf text = {0};
    int result = fs_read(path, MEMORY_FILE_MAX, &text, e);
    if (result == -ENOENT)
        return 0;
    if (result == 0)
        result = memory_decode(text.data, text.len, &s->memory, &s->pages, e);
    return result < 0 ? err_context(e, "%s cannot be used (move it away to forget it)", path) : 0;
}

static int read_journal(struct store *s, struct err *e)
{
    CLEANUP_FREE char *path = state_path(s, "journal");
    CLEANUP_BUF struct buf text = {0};
    int result = fs_read(path, JOURNAL_FILE_MAX, &text, e);
    if (result == -ENOENT)
        return 0;
    if (result == 0)
        journal_decode(text.data, text.len, &s->journal, &s->journal_ignored);
    return result;
}

static int open_appending(const struct store *s, const char *name, int *ret, struct err *e)
{
    CLEANUP_FREE char *path = state_path(s, name);
    *ret = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return *ret < 0 ? err_errno(e, errno, "cannot open %s", path) : 0;
}

// Cuts a torn last step off, so that what is appended next follows a whole line.
static int trim_journal(struct store *s, struct err *e)
{
    struct stat st;
    if (s->journal_ignored == 0)
        return 0;
    if (fstat(s->journal_fd, &st) < 0 ||
        ftruncate(s->journal_fd, st.st_size - (off_t)s->journal_ignored) < 0)
        return err_errno(e, errno, "cannot mend the journal");
    return 0;
}

// A kill in the middle of a line must not spoil the next one.
static int mend_history(const struct store *s, struct err *e)
{
    struct stat st;
    char last = '\n';
    if (fstat(s->history_fd, &st) == 0 && st.st_size > 0)
        (void)!pread(s->history_fd, &last, 1, st.st_size - 1);
    if (last != '\n' && write(s->history_fd, "\n", 1) != 1)
        return err_errno(e, errno, "cannot write the history");
    return 0;
}

static void store_zero(struct store *s, const struct home *home)
{
    memset(s, 0, sizeof *s);
    s->home = home;
    s->lock_fd = s->journal_fd = s->history_fd = -1;
}

// A killed supervisor leaves its lock for an instant longer with a child that was not yet at its
// exec: that child ends by itself.
static int take_lock(struct store *s, const char *path, pid_t *ret_pid, struct err *e)
{
    enum { TRIES = 200 };
    const struct timespec pause = {.tv_nsec = 5000000};
    int result = fs_lock_pidfile(path, &s->lock_fd, ret_pid, e);
    for (int i = 0; i < TRIES && result == FS_LOCKED; i++) {
        if (*ret_pid <= 0 || kill(*ret_pid, 0) == 0 || errno != ESRCH)
            break;
        nanosleep(&pause, NULL);
        result = fs_lock_pidfile(path, &s->lock_fd, ret_pid, e);
    }
    return result;
}

int store_open(struct store *s, const struct home *home, pid_t *ret_pid, struct err *e)
{
    store_zero(s, home);
    int result = fs_mkdir_p(home->state, e);
    if (result < 0)
        return result;
    CLEANUP_FREE char *lock = state_path(s, "lock");
    CLEANUP_FREE char *journal = state_path(s, "journal");
    bool seen_before = fs_exists(journal);
    result = take_lock(s, lock, ret_pid, e);
    if (result != 0)
        return result == FS_LOCKED ? STORE_LOCKED : result;
    result = read_memory(s, e);
    if (result == 0)
        result = read_journal(s, e);
    if (result == 0)
        result = open_appending(s, "journal", &s->journal_fd, e);
    if (result == 0)
        result = trim_journal(s, e);
    if (result == 0)
        result = open_appending(s, "history.jsonl", &s->history_fd, e);
    if (result == 0)
        result = mend_history(s, e);
    s->folder_unsynced = !seen_before;
    return result;
}

int store_settle(struct store *s, struct err *e)
{
    if (!s->folder_unsynced)
        return 0;
    s->folder_unsynced = false;
    return fs_fsync_dir(s->home->state, e);
}

int store_peek(struct store *s, const struct home *home, struct err *e)
{
    store_zero(s, home);
    int result = read_memory(s, e);
    return result == 0 ? read_journal(s, e) : result;
}

void store_close(struct store *s)
{
    json_decref(s->pages);
    s->pages = NULL;
    cleanup_close(&s->journal_fd);
    cleanup_close(&s->history_fd);
    cleanup_close(&s->lock_fd);
    s->lock_fd = s->journal_fd = s->history_fd = -1;
}

int store_save_memory(struct store *s, struct err *e)
{
    CLEANUP_FREE char *path = state_path(s, "memory.json");
    json_t *object = memory_encode(&s->memory, s->pages);
    CLEANUP_FREE char *text = json_text(object);
    json_decref(object);
    int result = fs_write_atomic(path, text, strlen(text), 0600, e);
    fault_point("memory-saved");
    return result;
}

static int append(const struct store *s, const struct buf *lines, bool sync, struct err *e)
{
    if (write(s->journal_fd, lines->data, lines->len) != (ssize_t)lines->len)
        return err_errno(e, errno ? errno : EIO, "cannot write the journal");
    if (sync && fdatasync(s->journal_fd) < 0)
        return err_errno(e, errno, "cannot sync the journal");
    return 0;
}

static void fault_at(const char *when, enum swap_step step)
{
    char name[64];
    snprintf(name, sizeof name, "%s-%s", when, swap_step_name(step));
    fault_point(name);
}

int store_begin_swap(struct store *s, const struct journal *j, enum swap_step step, int64_t now_ns,
                     struct err *e)
{
    CLEANUP_BUF struct buf lines = {0};
    journal_append(j, SWAP_INTENT, now_ns, &lines);
    if (step > SWAP_INTENT)
        journal_append(j, step, now_ns, &lines);
    fault_at("before", step);
    if (ftruncate(s->journal_fd, 0) < 0)
        return err_errno(e, errno, "cannot empty the journal");
    int result = append(s, &lines, true, e);
    if (result < 0)
        return result;
    s->journal = *j;
    s->journal.step = step;
    fault_at("after", step);
    return 0;
}

int store_note(struct store *s, enum swap_step step, int64_t now_ns, bool sync, struct err *e)
{
    CLEANUP_BUF struct buf line = {0};
    if (s->journal.step == SWAP_NONE || s->journal.step >= step)
        return 0;
    journal_append(&s->journal, step, now_ns, &line);
    fault_at("before", step);
    int result = append(s, &line, sync, e);
    if (result < 0)
        return result;
    s->journal.step = step;
    fault_at("after", step);
    return 0;
}

int store_clear_swap(struct store *s, struct err *e)
{
    if (s->journal.step == SWAP_NONE)
        return 0;
    fault_point("before-cleared");
    if (ftruncate(s->journal_fd, 0) < 0 || fdatasync(s->journal_fd) < 0)
        return err_errno(e, errno, "cannot empty the journal");
    s->journal = (struct journal){0};
    fault_point("after-cleared");
    return 0;
}

// history.jsonl becomes history.1.jsonl, and so on; the oldest is dropped.
static int rotate_history(struct store *s, struct err *e)
{
    struct stat st;
    if (fstat(s->history_fd, &st) < 0 || st.st_size < HISTORY_FILE_MAX)
        return 0;
    for (int i = HISTORY_FILES - 1; i > 0; i--) {
        CLEANUP_FREE char *newer = i > 1 ? mem_printf("%s/history.%d.jsonl", s->home->state, i - 1)
                                         : state_path(s, "history.jsonl");
        CLEANUP_FREE char *older = mem_printf("%s/history.%d.jsonl", s->home->state, i);
        if (rename(newer, older) < 0 && errno != ENOENT)
            return err_errno(e, errno, "cannot rename %s", newer);
    }
    close(s->history_fd);
    return open_appending(s, "history.jsonl", &s->history_fd, e);
}

int store_history(struct store *s, json_t *entry, bool sync, struct err *e)
{
    CLEANUP_FREE char *text = json_text(entry);
    CLEANUP_FREE char *line = mem_printf("%s\n", text);
    json_decref(entry);
    int result = rotate_history(s, e);
    if (result < 0)
        return result;
    size_t len = strlen(line);
    if (write(s->history_fd, line, len) != (ssize_t)len)
        return err_errno(e, errno ? errno : EIO, "cannot write the history");
    if (sync && fdatasync(s->history_fd) < 0)
        return err_errno(e, errno, "cannot sync the history");
    return 0;
}

// Names this boot of the machine, so that a number from before it is not taken for a process of
// now.
static void read_boot_id(char ret[64])
{
    ret[0] = '\0';
    CLEANUP_CLOSE int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, ret, 63);
    ret[n > 0 ? n : 0] = '\0';
    ret[strcspn(ret, "\n")] = '\0';
}

int store_write_child(const struct store *s, pid_t pid, uint64_t birth, struct err *e)
{
    CLEANUP_FREE char *path = state_path(s, "child");
    CLEANUP_FREE char *temp = state_path(s, "child.new");
    char boot[64], text[160];
    read_boot_id(boot);
    int len =
        snprintf(text, sizeof text, "%d %llu %s\n", (int)pid, (unsigned long long)birth, boot);
    CLEANUP_CLOSE int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, (size_t)len) != len || rename(temp, path) < 0)
        return err_errno(e, errno ? errno : EIO, "cannot write %s", path);
    return 0;
}

pid_t store_living_child(const struct store *s)
{
    CLEANUP_FREE char *path = state_path(s, "child");
    CLEANUP_BUF struct buf text = {0};
    if (fs_read(path, 4096, &text, NULL) < 0)
        return 0;
    char *end, boot[64];
    long pid = strtol(buf_cstr(&text), &end, 10);
    unsigned long long birth = strtoull(end, &end, 10);
    read_boot_id(boot);
    end += *end == ' ';
    end[strcspn(end, "\n")] = '\0';
    if (pid <= 1 || birth == 0 || strcmp(end, boot) != 0 || proc_birth((pid_t)pid) != birth)
        return 0;
    return (pid_t)pid;
}
