#include "seivisor/shell/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

static bool group_is_empty(pid_t group)
{
    return kill(-group, 0) < 0 && errno == ESRCH;
}

static void unlink_proc(struct procs *p, const struct proc *proc)
{
    for (struct proc **at = &p->list; *at; at = &(*at)->next)
        if (*at == proc) {
            *at = proc->next;
            return;
        }
}

// Calls back for each proc whose group has become empty. A callback may start other procs.
static void settle(struct procs *p)
{
    for (struct proc *proc = p->list; proc;) {
        if (!proc->exited || !group_is_empty(proc->pid)) {
            proc = proc->next;
            continue;
        }
        unlink_proc(p, proc);
        proc->pid = 0;
        proc->gone(proc, proc->wait_status, proc->context);
        proc = p->list;
    }
}

static struct proc *find(struct procs *p, pid_t pid)
{
    for (struct proc *proc = p->list; proc; proc = proc->next)
        if (proc->pid == pid && !proc->exited)
            return proc;
    return NULL;
}

static void on_sigchld(uv_signal_t *handle, int signo)
{
    struct procs *p = handle->data;
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid <= 0)
            break;
        struct proc *proc = find(p, pid);
        if (!proc) {
            p->orphans++;
            continue;
        }
        proc->exited = true;
        proc->wait_status = status;
        if (proc->leader && !group_is_empty(pid))
            proc->leader(proc, status, proc->context);
    }
    settle(p);
}

int procs_init(struct procs *p, uv_loop_t *loop, struct err *e)
{
    *p = (struct procs){0};
    // Orphans of our children come to us, wherever we run: without it a group could not be waited
    // for.
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        return err_errno(e, errno, "cannot become the reaper of orphans");
    int result = uv_signal_init(loop, &p->sigchld);
    if (result == 0) {
        p->sigchld.data = p;
        result = uv_signal_start(&p->sigchld, on_sigchld, SIGCHLD);
    }
    return result < 0 ? err_set(e, result, "cannot watch SIGCHLD: %s", uv_strerror(result)) : 0;
}

static int use_fd(int fd, int as)
{
    if (fd < 0)
        return 0;
    if (fd == as)
        return fcntl(fd, F_SETFD, 0);
    return dup2(fd, as) < 0 ? -1 : 0;
}

// Only async-signal-safe calls from here: this is the child, before its exec.
static int child_prepare(const struct proc_spec *spec, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    if (setpgid(0, 0) < 0)
        return errno;
    signal(SIGPIPE, SIG_DFL); // the only one we ignore; exec resets those that we handle
    if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
        return errno;
    if (spec->death_signal) {
        if (prctl(PR_SET_PDEATHSIG, spec->death_signal) < 0)
            return errno;
        if (getppid() != parent) // it died before the line above
            return ESRCH;
    }
    if (use_fd(spec->fd_in, STDIN_FILENO) < 0 || use_fd(spec->fd_out, STDOUT_FILENO) < 0)
        return errno;
    if (spec->cwd && chdir(spec->cwd) < 0)
        return errno;
    return 0;
}

// Waits for the parent's word; without it the parent has died.
static int child_wait(int go)
{
    char word;
    ssize_t n;
    do
        n = read(go, &word, 1);
    while (n < 0 && errno == EINTR);
    return n == 1 ? 0 : ESRCH;
}

static void child_run(const struct proc_spec *spec, pid_t parent, int report, int go)
{
    int errnum = child_prepare(spec, parent);
    if (errnum == 0 && spec->born)
        errnum = child_wait(go);
    if (errnum == 0) {
        execv(spec->path, spec->argv);
        errnum = errno;
    }
    ssize_t n = write(report, &errnum, sizeof errnum);
    _exit(n == sizeof errnum ? 127 : 126);
}

// The errno of a failed exec, or 0. Blocks until the child's exec, which closes the pipe.
static int read_report(int fd)
{
    int errnum = 0;
    ssize_t n;
    do
        n = read(fd, &errnum, sizeof errnum);
    while (n < 0 && errno == EINTR);
    return n == sizeof errnum ? errnum : 0;
}

int proc_start(struct procs *p, struct proc *proc, const struct proc_spec *spec, struct err *e)
{
    int report[2], go[2];
    if (pipe2(report, O_CLOEXEC) < 0)
        return err_errno(e, errno, "cannot start %s", spec->path);
    CLEANUP_CLOSE int report_read = report[0];
    CLEANUP_CLOSE int report_write = report[1];
    if (pipe2(go, O_CLOEXEC) < 0)
        return err_errno(e, errno, "cannot start %s", spec->path);
    CLEANUP_CLOSE int go_read = go[0];
    CLEANUP_CLOSE int go_write = go[1];
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0)
        return err_errno(e, errno, "cannot start %s", spec->path);
    if (pid == 0) {
        close(go_write); // or it would wait for its own end of the pipe
        child_run(spec, parent, report_write, go_read);
    }
    close(take_fd(&report_write));
    if (spec->born) {
        spec->born(pid, spec->context);
        (void)!write(go_write, "g", 1);
    }
    int errnum = read_report(report_read);
    if (errnum != 0) {
        waitpid(pid, NULL, 0);
        return err_errno(e, errnum, "cannot start %s", spec->path);
    }
    proc->pid = pid;
    proc->exited = false;
    proc->next = p->list;
    p->list = proc;
    return 0;
}

void proc_signal(const struct proc *proc, int signo)
{
    if (proc->pid != 0)
        kill(proc->exited ? -proc->pid : proc->pid, signo);
}

void proc_signal_group(const struct proc *proc, int signo)
{
    if (proc->pid != 0)
        kill(-proc->pid, signo);
}

uint64_t proc_birth(pid_t pid)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    // The name, in parentheses, may hold anything: count the fields from its end.
    const char *at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at ? strtoull(at + 1, NULL, 10) : 0;
}
