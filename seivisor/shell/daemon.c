// The daemon's process.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "seivisor/shell/fault.h"
#include "seivisor/shell/visor.h"

enum { NS_PER_MS = 1000000 };

static void on_confirm(uv_timer_t *timer)
{
    daemon_seen_well(timer->data);
}

void daemon_seen_well(struct visor *v)
{
    struct err e = {0};
    uv_timer_stop(&v->confirm);
    if (v->start.good)
        return;
    v->start.good = true;
    memory_record_good(&v->store.memory, v->current, v->identity, clock_realtime_ns(),
                       v->start.height);
    v->memory_dirty = true;
    if (v->store.journal.step != SWAP_NONE) {
        swap_note(v, SWAP_CONFIRMED);
        report_history(v, "confirmed", json_pack("{s:s}", "target", v->current), false);
        log_info(v->log, "the swap is confirmed: the new binary runs well",
                 LOG_STR("target", v->current));
    }
    // A person has released what held, and it runs well. After a rollback the page is about the
    // binary that does not run, and stays open for a person.
    const struct memory *m = &v->store.memory;
    if (m->arrival != MEMORY_BY_ROLLBACK || strcmp(m->arrived, v->current) != 0)
        paging_resolve(v);
    visor_flush(v);
    if (store_clear_swap(&v->store, &e) < 0)
        log_error(v->log, e.text);
    publish_now(v);
    visor_feed(v, LIFE_EV_NEWS);
}

static void on_leader(struct proc *proc, int status, void *context)
{
    const struct visor *v = context;
    log_warn(v->log, "the daemon has ended and left processes behind: they get SIGTERM",
             LOG_INT("group", proc->pid));
    proc_signal_group(proc, SIGTERM);
}

static int shell_code(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void on_gone(struct proc *proc, int status, void *context)
{
    struct visor *v = context;
    struct visor_start *start = &v->start;
    uv_timer_stop(&v->confirm);
    start->life = POLICY_ENDED;
    start->wait_status = status;
    start->ended_ns = clock_monotonic_ns();
    int64_t ran_ms = (start->ended_ns - start->started_ns) / NS_PER_MS;
    struct memory *m = &v->store.memory;
    bool same =
        strcmp(m->crashed, v->current) == 0 && strcmp(m->crashed_identity, v->identity) == 0;
    start->crashes = policy_count_crash(same ? (uint32_t)m->crashes : 0, ran_ms, &v->config);
    m->last_exit_code = shell_code(status);
    m->ended_ns = clock_realtime_ns();
    v->memory_dirty = true;
    evidence_read_plan(v, true);
    report_history(v, "ended",
                   json_pack("{s:s, s:s, s:i, s:I}", "target", v->current, "class",
                             sei_halt_class_string(sei_halt_classify_wait_status(status, NULL)),
                             "code", m->last_exit_code, "ran_ms", (json_int_t)ran_ms),
                   true);
    // A clean end after a while says as much as having run on.
    enum { CLEAN_RUN_MS = 5000 };
    if (status == 0 && ran_ms >= CLEAN_RUN_MS)
        memory_record_good(m, v->current, v->identity, clock_realtime_ns(), start->height);
    visor_feed(v, LIFE_EV_GONE);
}

static char **build_argv(const struct visor *v, char *path)
{
    size_t count = 0;
    while (v->args[count])
        count++;
    char **argv = mem_calloc(count + 2, sizeof *argv);
    argv[0] = path;
    memcpy(argv + 1, v->args, count * sizeof *argv);
    return argv;
}

static void on_born(pid_t pid, void *context)
{
    const struct visor *v = context;
    struct err e = {0};
    fault_point("born");
    if (store_write_child(&v->store, pid, proc_birth(pid), &e) < 0)
        log_warn(v->log, e.text);
}

void daemon_spawn(struct visor *v)
{
    struct err e = {0};
    CLEANUP_FREE char *path = home_binary(&v->home, v->current);
    CLEANUP_FREE char **argv = build_argv(v, path);
    const struct proc_spec spec = {.path = path,
                                   .argv = argv,
                                   .fd_in = -1,
                                   .fd_out = -1,
                                   .death_signal = SIGTERM,
                                   .born = on_born,
                                   .context = v};
    evidence_reset(v);
    home_identity(&v->home, v->current, v->identity);
    v->child = (struct proc){.gone = on_gone, .leader = on_leader, .context = v};
    fault_point("before-spawn");
    if (proc_start(&v->procs, &v->child, &spec, &e) < 0) {
        visor_fail(v, "StartFailed", &e);
        return;
    }
    fault_point("after-spawn");
    v->start.life = POLICY_ALIVE;
    v->row_of_start = true;
    v->start.started_ns = clock_monotonic_ns();
    v->store.memory.restarts++;
    // It runs: what follows is off its path.
    uv_update_time(&v->loop);
    uv_timer_start(&v->confirm, on_confirm, (uint64_t)v->settings->confirm_after_ms, 0);
    log_info(v->log, "started", LOG_STR("target", v->current), LOG_INT("pid", v->child.pid));
    report_history(v, "started",
                   json_pack("{s:s, s:s, s:i}", "target", v->current, "identity", v->identity,
                             "pid", (int)v->child.pid),
                   true);
    evidence_probe_plan(v);
}

void daemon_signal(struct visor *v, int signo)
{
    if (!proc_alive(&v->child))
        return;
    log_info(v->log, "signal to the daemon", LOG_STR("signal", strsignal(signo)),
             LOG_INT("pid", v->child.pid));
    proc_signal(&v->child, signo);
}

void daemon_kill(struct visor *v)
{
    if (!proc_alive(&v->child))
        return;
    log_error(v->log, "the daemon did not end within its grace: SIGKILL",
              LOG_INT("grace_ms", v->settings->shutdown_grace_ms), LOG_INT("pid", v->child.pid));
    report_history(v, "killed", json_pack("{s:i}", "pid", (int)v->child.pid), false);
    proc_signal_group(&v->child, SIGKILL);
}

// ---- one that outlived the last supervisor ------------------------------------------------------

static void on_elder_closed(uv_handle_t *handle)
{
    const struct visor *v = handle->data;
    close(v->elder_fd);
}

static void on_elder_gone(uv_poll_t *poll, int status, int events)
{
    struct visor *v = poll->data;
    log_info(v->log, "the earlier daemon has ended", LOG_INT("pid", v->elder_pid));
    v->elder_pid = 0;
    uv_timer_stop(&v->timer);
    uv_close((uv_handle_t *)&v->elder, on_elder_closed);
    visor_feed(v, swap_recovery_event(v));
}

static void on_elder_grace(uv_timer_t *timer)
{
    const struct visor *v = timer->data;
    log_error(v->log, "the earlier daemon did not end within its grace: SIGKILL",
              LOG_INT("pid", v->elder_pid));
    kill(v->elder_pid, SIGKILL);
}

bool daemon_wait_for_elder(struct visor *v)
{
    v->elder_pid = store_living_child(&v->store);
    if (v->elder_pid == 0)
        return false;
    v->elder_fd = (int)syscall(SYS_pidfd_open, v->elder_pid, 0);
    if (v->elder_fd < 0 || uv_poll_init(&v->loop, &v->elder, v->elder_fd) < 0)
        return false;
    v->elder.data = v;
    log_warn(v->log, "a daemon of an earlier supervisor still runs: it gets SIGTERM and its grace",
             LOG_INT("pid", v->elder_pid));
    kill(v->elder_pid, SIGTERM);
    uv_poll_start(&v->elder, UV_READABLE, on_elder_gone);
    uv_timer_start(&v->timer, on_elder_grace, (uint64_t)v->settings->shutdown_grace_ms, 0);
    return true;
}
