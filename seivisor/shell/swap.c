// The journalled steps of a swap, each of which can be done again, and the recovery.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "seivisor/core/json.h"
#include "seivisor/shell/copy.h"
#include "seivisor/shell/fault.h"
#include "seivisor/shell/visor.h"

// Exit codes of `<binary> pre-upgrade`, as the SDK documents them.
enum { HOOK_OK = 0, HOOK_ABSENT = 1, HOOK_FAILED = 30, HOOK_RETRY = 31 };

// ---- journal ------------------------------------------------------------------------------------

// A name that is not taken: by plan and height, and a number where that was backed up before.
static void choose_backup(const struct visor *v, const struct journal *j, char *ret)
{
    const char *folder = v->settings->backup_dir[0] ? v->settings->backup_dir : v->settings->home;
    char plan[LAYOUT_FOLDER_MAX + 1];
    if (layout_plan_folder(j->plan, v->home.recase, plan, NULL) < 0)
        snprintf(plan, sizeof plan, "unknown");
    for (int i = 1; i < 1000; i++) {
        char suffix[16] = "";
        if (i > 1)
            snprintf(suffix, sizeof suffix, "-%d", i);
        snprintf(ret, JOURNAL_PATH_MAX, "%s/data-backup-%.200s-%lld%s", folder, plan,
                 (long long)j->height, suffix);
        if (!fs_exists(ret))
            return;
    }
}

static void fill_journal(struct visor *v, struct journal *j)
{
    *j =
        (struct journal){.at_ns = clock_realtime_ns(), .exit_code = v->store.memory.last_exit_code};
    bool back = true;
    for (size_t i = 0; i < v->decision.count; i++)
        if (v->decision.actions[i].act == POLICY_SWAP)
            back = false;
    j->kind = back ? SWAP_ROLLBACK : SWAP_UPGRADE;
    struct policy_observation seen;
    struct sei_halt_intent intent;
    char goal[LAYOUT_TARGET_MAX];
    snprintf(goal, sizeof goal, "%s", v->goal);
    visor_observe(v, &seen, &intent);
    snprintf(v->goal, sizeof v->goal, "%s", goal);
    struct sei_halt_text plan = policy_plan(&seen);
    snprintf(j->plan, sizeof j->plan, "%.*s", (int)plan.len, plan.len ? plan.data : "");
    j->height = seen.intent ? seen.intent->height : seen.file_height;
    snprintf(j->from, sizeof j->from, "%s", v->current);
    snprintf(j->to, sizeof j->to, "%s", v->goal);
    if (!back && !v->settings->skip_backup && fs_exists(v->home.data))
        choose_backup(v, j, j->backup);
}

void swap_note_stopped(struct visor *v)
{
    struct err e = {0};
    struct journal j;
    int64_t now = clock_realtime_ns();
    int result;
    if (v->store.journal.step == SWAP_INTENT) {
        result = store_note(&v->store, SWAP_STOPPED, now, true, &e);
    } else {
        fill_journal(v, &j);
        result = store_begin_swap(&v->store, &j, SWAP_STOPPED, now, &e);
    }
    if (result < 0)
        visor_fail(v, "JournalFailed", &e);
}

void swap_note(struct visor *v, enum swap_step step)
{
    struct err e = {0};
    // The old binary must never be started again once the new one was: what led there is durable
    // since "stopped", and a step that is lost is done again.
    bool sync = step == SWAP_BACKED_UP || step == SWAP_STARTED || step == SWAP_CONFIRMED;
    if (step == SWAP_BACKED_UP && !v->store.journal.backup[0])
        sync = false;
    if (store_note(&v->store, step, clock_realtime_ns(), sync, &e) < 0)
        visor_fail(v, "JournalFailed", &e);
    if (step == SWAP_STARTED && home_sync_link(&v->home, &e) < 0)
        log_error(v->log, e.text);
}

void swap_clear(struct visor *v)
{
    struct err e = {0};
    visor_flush(v); // first the hold, then the journal: a kill in between leaves both
    if (store_clear_swap(&v->store, &e) < 0)
        log_error(v->log, e.text);
}

// ---- jobs ---------------------------------------------------------------------------------------

static void on_job_gone(struct proc *proc, int status, void *context);

static bool start_job(struct visor *v, enum visor_job kind, const struct proc_spec *spec,
                      struct err *e)
{
    v->job = (struct proc){.gone = on_job_gone, .context = v};
    v->job_kind = kind;
    return proc_start(&v->procs, &v->job, spec, e) == 0;
}

static void describe(int status, char *ret, size_t cap)
{
    if (WIFSIGNALED(status))
        snprintf(ret, cap, "was ended by signal %d", WTERMSIG(status));
    else
        snprintf(ret, cap, "ended with exit code %d", WEXITSTATUS(status));
}

static void job_failed(struct visor *v, const char *state, const char *what, int status)
{
    char how[64];
    describe(status, how, sizeof how);
    snprintf(v->failure_state, sizeof v->failure_state, "%s", state);
    snprintf(v->failure, sizeof v->failure, "%.80s %s; `current` still points at %.80s", what, how,
             v->current);
    visor_feed(v, LIFE_EV_JOB_FAILED);
}

static void hook_ended(struct visor *v, int status)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (code == HOOK_OK || code == HOOK_ABSENT) {
        if (code == HOOK_OK)
            log_info(v->log, "pre-upgrade of the new binary succeeded");
        visor_feed(v, LIFE_EV_JOB_OK);
    } else if (code == HOOK_RETRY && v->job_tries <= v->settings->preupgrade_retries) {
        log_warn(v->log, "pre-upgrade asks to be tried again", LOG_INT("try", v->job_tries));
        swap_hook(v);
    } else {
        job_failed(v, "PreUpgradeFailed", "the new binary's pre-upgrade", status);
    }
}

static void on_job_gone(struct proc *proc, int status, void *context)
{
    struct visor *v = context;
    enum visor_job kind = v->job_kind;
    v->job_kind = VISOR_NO_JOB;
    if (v->quit) { // it was told to end: the next run does this step again
        visor_feed(v, LIFE_EV_JOB_FAILED);
        return;
    }
    switch (kind) {
    case VISOR_BACKUP:
        if (status == 0)
            visor_feed(v, LIFE_EV_JOB_OK);
        else
            job_failed(v, "BackupFailed", "the backup of the data folder", status);
        return;
    case VISOR_SCRIPT:
        if (status == 0)
            visor_feed(v, LIFE_EV_JOB_OK);
        else
            job_failed(v, "PreUpgradeFailed", v->settings->custom_preupgrade, status);
        return;
    case VISOR_HOOK:
        hook_ended(v, status);
        return;
    case VISOR_NO_JOB:
        return;
    }
}

void swap_end_job(struct visor *v, int signo)
{
    proc_signal_group(&v->job, signo);
}

void swap_backup(struct visor *v)
{
    struct err e = {0};
    struct journal *j = &v->store.journal;
    CLEANUP_FREE char *partial = mem_printf("%s.partial", j->backup);
    // One that is whole is from this very swap: the name was free when it began.
    if (!j->backup[0] || j->kind == SWAP_ROLLBACK || fs_exists(j->backup)) {
        visor_feed(v, LIFE_EV_JOB_OK);
        return;
    }
    char program[] = "seivisor", command[] = "internal-backup";
    char *const argv[] = {program, command, v->home.data, j->backup, NULL};
    const struct proc_spec spec = {.path = "/proc/self/exe",
                                   .argv = argv,
                                   .cwd = "/",
                                   .fd_in = -1,
                                   .fd_out = -1,
                                   .death_signal = SIGKILL};
    if (copy_remove(partial, &e) < 0 || !start_job(v, VISOR_BACKUP, &spec, &e)) {
        visor_fail(v, "BackupFailed", &e);
        return;
    }
    log_info(v->log, "backing up the data folder", LOG_STR("to", j->backup));
    visor_flush(v);
}

void swap_script(struct visor *v)
{
    struct err e = {0};
    const struct journal *j = &v->store.journal;
    if (!v->settings->custom_preupgrade[0] || j->kind == SWAP_ROLLBACK) {
        visor_feed(v, LIFE_EV_JOB_OK);
        return;
    }
    CLEANUP_FREE char *path = mem_printf("%s/%s", v->home.root, v->settings->custom_preupgrade);
    char plan[PLAN_NAME_MAX + 1], height[24];
    snprintf(plan, sizeof plan, "%s", j->plan);
    snprintf(height, sizeof height, "%lld", (long long)j->height);
    char *const argv[] = {path, plan, height, NULL};
    const struct proc_spec spec = {.path = path,
                                   .argv = argv,
                                   .cwd = v->home.home,
                                   .fd_in = -1,
                                   .fd_out = -1,
                                   .death_signal = SIGKILL};
    struct stat st;
    if (stat(path, &st) == 0 && !(st.st_mode & S_IXUSR))
        (void)!chmod(path, st.st_mode | S_IXUSR); // as cosmovisor does
    if (!start_job(v, VISOR_SCRIPT, &spec, &e)) {
        visor_fail(v, "PreUpgradeFailed", &e);
        return;
    }
    log_info(v->log, "running the pre-upgrade script", LOG_STR("script", path));
    visor_flush(v);
}

void swap_hook(struct visor *v)
{
    struct err e = {0};
    if (v->store.journal.kind == SWAP_ROLLBACK) {
        visor_feed(v, LIFE_EV_JOB_OK);
        return;
    }
    CLEANUP_FREE char *path = home_binary(&v->home, v->store.journal.to);
    char command[] = "pre-upgrade";
    char *const argv[] = {path, command, NULL};
    const struct proc_spec spec = {
        .path = path, .argv = argv, .fd_in = -1, .fd_out = -1, .death_signal = SIGKILL};
    v->job_tries++;
    if (!start_job(v, VISOR_HOOK, &spec, &e))
        visor_fail(v, "PreUpgradeFailed", &e);
}

// ---- the link -----------------------------------------------------------------------------------

void swap_link(struct visor *v)
{
    struct err e = {0};
    fault_point("before-link");
    if (home_set_current(&v->home, v->store.journal.to, false, &e) < 0) {
        visor_fail(v, "SwapFailed", &e);
        return;
    }
    fault_point("after-link");
}

// `current` is at the journal's target. Also done by a recovery, and twice does no harm.
void swap_arrived(struct visor *v)
{
    struct memory *m = &v->store.memory;
    const struct journal *j = &v->store.journal;
    bool back = j->kind == SWAP_ROLLBACK;
    snprintf(v->current, sizeof v->current, "%s", j->to);
    home_identity(&v->home, v->current, v->identity);
    evidence_reset(v);
    v->start.life = POLICY_NOT_STARTED;
    memory_release(m, j->to); // a halt from before its time ("too new") is over
    m->arrival = back ? MEMORY_BY_ROLLBACK : MEMORY_BY_UPGRADE;
    snprintf(m->arrived, sizeof m->arrived, "%s", j->to);
    if (back)
        m->rollbacks++;
    else
        m->swaps++;
    v->memory_dirty = true;
    report_history(v, back ? "rolled_back" : "swapped",
                   json_pack("{s:s, s:s, s:o, s:I}", "from", j->from, "to", j->to, "plan",
                             json_safe_string(j->plan), "height", (json_int_t)j->height),
                   true);
}

void swap_go(struct visor *v)
{
    bool leave = v->store.journal.kind == SWAP_UPGRADE && !v->settings->restart_after_upgrade;
    if (leave) {
        log_info(v->log, "swapped; DAEMON_RESTART_AFTER_UPGRADE is false: not starting it");
        struct err e = {0};
        if (home_sync_link(&v->home, &e) < 0)
            log_error(v->log, e.text);
        v->exit_code = 0;
        visor_flush(v);
    }
    visor_feed(v, leave ? LIFE_EV_EXIT : LIFE_EV_START);
}

// ---- recovery -----------------------------------------------------------------------------------

static enum swap_link link_now(const struct visor *v)
{
    if (strcmp(v->current, v->store.journal.to) == 0)
        return SWAP_LINK_TO;
    return strcmp(v->current, v->store.journal.from) == 0 ? SWAP_LINK_FROM : SWAP_LINK_OTHER;
}

// The journal may be ahead of the memory: what was put off until the start is put right here.
static void relatch(struct visor *v)
{
    const struct journal *j = &v->store.journal;
    struct memory_halt halt = {.height = j->height, .at_ns = j->at_ns};
    halt.reason = j->kind == SWAP_ROLLBACK ? SEI_HALT_BINARY_TOO_NEW : SEI_HALT_UPGRADE_REQUIRED;
    snprintf(halt.plan, sizeof halt.plan, "%s", j->plan);
    snprintf(halt.target, sizeof halt.target, "%s", j->from);
    home_identity(&v->home, j->from, halt.identity);
    if (!j->from[0] || memory_latched(&v->store.memory, j->from, halt.identity))
        return;
    memory_latch(&v->store.memory, &halt);
    v->memory_dirty = true;
}

enum life_event swap_recovery_event(struct visor *v)
{
    static const enum life_event events[SWAP_RECOVERIES] = {
        [SWAP_RECOVER_NOTHING] = LIFE_EV_NEWS,       [SWAP_RECOVER_FROM_STOP] = LIFE_EV_REDO_STOP,
        [SWAP_RECOVER_BACKUP] = LIFE_EV_REDO_BACKUP, [SWAP_RECOVER_HOOKS] = LIFE_EV_REDO_HOOKS,
        [SWAP_RECOVER_LINK] = LIFE_EV_REDO_LINK,     [SWAP_RECOVER_START] = LIFE_EV_REDO_START,
        [SWAP_RECOVER_FORGET] = LIFE_EV_NEWS,        [SWAP_RECOVER_SUPERSEDED] = LIFE_EV_NEWS,
        [SWAP_RECOVER_LOST] = LIFE_EV_FAILED,
    };
    struct err e = {0};
    const struct journal *j = &v->store.journal;
    bool target_runs = j->step != SWAP_NONE && home_check_binary(&v->home, j->to, &e) == 0;
    enum swap_recovery recovery = swap_recover(j->step, link_now(v), target_runs);
    if (recovery == SWAP_RECOVER_NOTHING)
        return LIFE_EV_NEWS;
    log_warn(v->log, "a swap was under way when the last supervisor ended",
             LOG_STR("from", j->from), LOG_STR("to", j->to), LOG_STR("plan", j->plan),
             LOG_STR("step", swap_step_name(j->step)),
             LOG_STR("now", swap_recovery_text(recovery)));
    report_history(v, "recovered",
                   json_pack("{s:s, s:s, s:s, s:s, s:o, s:I}", "step", swap_step_name(j->step),
                             "recovery", swap_recovery_text(recovery), "from", j->from, "to", j->to,
                             "plan", json_safe_string(j->plan), "height", (json_int_t)j->height),
                   true);
    if (recovery != SWAP_RECOVER_FORGET && recovery != SWAP_RECOVER_SUPERSEDED)
        relatch(v);
    if (recovery == SWAP_RECOVER_FORGET || recovery == SWAP_RECOVER_SUPERSEDED)
        swap_clear(v);
    if (recovery == SWAP_RECOVER_LOST) {
        snprintf(v->failure_state, sizeof v->failure_state, "BinaryMissing");
        snprintf(v->failure, sizeof v->failure, "%.200s", e.text);
    }
    snprintf(v->goal, sizeof v->goal, "%s", j->to);
    return events[recovery];
}
