// proc: child processes of the one loop: start, signal, reap.
//
// Every child leads a process group of its own, so that a Ctrl-C on the terminal reaches it once
// (through seivisor) and not twice, and so that what it left behind can be found. seivisor is also
// the reaper of orphans, as PID 1 is by nature. A proc is gone when its leader was reaped and its
// group is empty: only then is it safe to touch its data.
#ifndef SEIVISOR_SHELL_PROC_H
#define SEIVISOR_SHELL_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "base/err.h"

struct proc;
typedef void proc_gone(struct proc *proc, int wait_status, void *context);

struct proc {
    pid_t pid;         // 0: not running
    bool exited;       // the leader was reaped, its group may live on
    int wait_status;   // valid once `exited`
    proc_gone *gone;   // called from the loop, once
    proc_gone *leader; // optional: called when the leader was reaped and its group lives on
    void *context;
    struct proc *next;
};

struct procs {
    uv_signal_t sigchld;
    struct proc *list; // borrowed
    uint64_t orphans;  // reaped
};

struct proc_spec {
    const char *path;
    char *const *argv;
    const char *cwd;  // null: inherited
    int fd_in;        // -1: inherited
    int fd_out;       // -1: inherited
    int death_signal; // what it gets when seivisor dies; 0: nothing
    // Called with the pid before the exec, which waits for it: what is noted here is noted of
    // every child that ever ran. Null: nothing.
    void (*born)(pid_t pid, void *context);
    void *context;
};

int procs_init(struct procs *p, uv_loop_t *loop, struct err *e);

// Starts a child; -ENOENT, -EACCES, -ENOEXEC… of exec come back as errors of this call. `proc`
// stays at its place until it is gone. 0 or negative.
int proc_start(struct procs *p, struct proc *proc, const struct proc_spec *spec, struct err *e);

// To the leader; when that has exited, to what is left of its group. No effect once gone.
void proc_signal(const struct proc *proc, int signo);
void proc_signal_group(const struct proc *proc, int signo);

static inline bool proc_alive(const struct proc *proc)
{
    return proc->pid != 0;
}

// The start time of a process in clock ticks since boot (/proc/<pid>/stat), which with its pid
// names it for as long as the machine runs; 0 when there is none such.
uint64_t proc_birth(pid_t pid);

#endif
