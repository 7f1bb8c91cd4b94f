// visor: the supervisor of one daemon: one thread, one loop. This header is shared by the files of
// the shell that make it up; each has one concern:
//   visor.c     the loop, events and effects
//   decide.c    asks the policy: observation in, actions out
//   daemon.c    the daemon's process: start, signals, end, "runs well"
//   swap.c      the journalled steps of a swap, and its recovery
//   evidence.c  upgrade-info.json and /status
//   paging.c    pages, through the network helper
//   publish.c   metrics and status over HTTP, through the network helper
//   report.c    status, metrics, history
//   server.c    the local socket
#ifndef SEIVISOR_SHELL_VISOR_H
#define SEIVISOR_SHELL_VISOR_H

#include <jansson.h>
#include <seihalt.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/log.h"
#include "net/pager.h"
#include "policy/policy.h"
#include "seivisor/core/life.h"
#include "seivisor/core/settings.h"
#include "seivisor/core/status_url.h"
#include "seivisor/shell/home.h"
#include "seivisor/shell/netlink.h"
#include "seivisor/shell/proc.h"
#include "seivisor/shell/server.h"
#include "seivisor/shell/store.h"
#include "seivisor/shell/watch.h"

enum { VISOR_EVENTS_MAX = 64, VISOR_SIGNALS = 6, VISOR_INFO_MAX = 4096, VISOR_DELIVERIES = 16 };

enum visor_job { VISOR_NO_JOB, VISOR_BACKUP, VISOR_SCRIPT, VISOR_HOOK };

// The live halt_intent, copied out of an answer.
struct visor_intent {
    int64_t reason;
    char plan[PLAN_NAME_MAX + 1];
    int64_t height;
    bool recorded; // from the memory, not from /status
};

// What is known about the daemon's present (or last) life.
struct visor_start {
    enum policy_life life;
    int wait_status;
    int64_t started_ns; // monotonic
    int64_t ended_ns;
    struct plan_stamp stamp;      // of upgrade-info.json before the start
    struct plan_stamp seen_stamp; // … and of what was read since
    bool file_present;            // and written since the start
    struct plan_info file;
    bool file_staged; // by add-upgrade, not by the daemon
    enum policy_signal signal;
    struct visor_intent intent; // for POLICY_SIGNAL_INTENT
    int64_t signal_ns;          // monotonic: the intent, or the file, was first seen
    int64_t first_height, height;
    bool asked;       // /status was asked and has answered, or has failed to
    bool good;        // it was recorded as one that runs well
    uint32_t crashes; // in a row, if this end was a crash
    bool counted;     // … and it is in the memory
};

// A page on its way to one target. Its key is kept: the page itself may be gone when it arrives.
struct visor_delivery {
    struct visor *visor;
    uint64_t id; // of the pager's request; 0: free
    size_t target;
    bool resolve, refresh;
    char key[MEMORY_KEY_MAX];
};

struct visor {
    uv_loop_t loop;
    struct log *log;                 // borrowed
    const struct settings *settings; // borrowed
    char *const *args;               // the daemon's, borrowed, ended by null
    struct home home;
    struct store store;
    struct procs procs;
    struct policy_config config;

    enum life_state state;
    enum life_event events[VISOR_EVENTS_MAX]; // a ring
    unsigned event_first, event_count;
    bool pumping;
    bool abandon; // an effect has failed: the rest of its list is void

    char current[LAYOUT_TARGET_MAX];
    char identity[HOME_IDENTITY_MAX];
    char goal[LAYOUT_TARGET_MAX]; // where the decision of now leads
    struct visor_start start;
    struct proc child;
    struct proc job;
    enum visor_job job_kind;
    int job_status;
    int64_t job_tries;
    char failure[MEMORY_TEXT_MAX];      // of the step that failed, for the hold
    char failure_state[48];             // "BackupFailed"
    uint64_t backup_done, backup_total; // bytes

    bool quit; // asked to end
    int quit_signal;
    int exit_code;
    bool memory_dirty;
    json_t *history_pending; // an array; written after the daemon was started
    enum policy_row row;     // of the last decision
    struct policy_decision decision;
    bool decided;
    bool row_of_start;  // the row is from before the present start
    bool own_hold_told; // in the log, by this run
    char last_line[256];
    int64_t wait_ms;

    uv_timer_t timer;   // the state's
    uv_timer_t confirm; // the daemon has run long enough
    uv_timer_t probe;   // /status, when it matters
    uv_timer_t settle;  // a file that is not whole yet
    uv_timer_t page;    // the next attempt
    uv_signal_t signals[VISOR_SIGNALS];
    struct watch plan_watch;
    bool watching_plan;
    uv_timer_t serve_again;
    uv_timer_t plan_poll; // where inotify is not to be had
    uv_poll_t elder;      // a daemon that outlived the last supervisor
    int elder_fd;
    pid_t elder_pid;
    struct netlink net;
    bool probing;    // a request is open
    bool probe_soon; // the next one now
    bool page_soon;  // a page was added: send it once it is stored
    bool serving;
    struct pager *pages; // owned
    json_t *targets;     // owned: who is paged, as the helper's configuration names them
    size_t target_count;
    struct visor_delivery deliveries[VISOR_DELIVERIES];
    char status_url[STATUS_URL_MAX];
    int64_t boot_ns; // realtime of this run's start
    struct server server;
};

// Runs to the end and returns the exit status of the program.
int visor_run(const struct settings *settings, struct log *log, char *const *args);

// --- visor.c
void visor_feed(struct visor *v, enum life_event event);
void visor_arm(struct visor *v, int64_t ms);
// A step of ours failed: notes the text and the state's name, and feeds FAILED.
void visor_fail(struct visor *v, const char *state, const struct err *e);
void visor_flush(struct visor *v); // memory and history that were put off
// Reads `current` again; another target or another file in it makes a fresh start of everything.
void visor_refresh(struct visor *v);

// --- decide.c
void visor_configure_policy(struct visor *v);
void visor_decide(struct visor *v);
// What the policy is given; borrows from `v` and from *ret_intent.
void visor_observe(struct visor *v, struct policy_observation *ret,
                   struct sei_halt_intent *ret_intent);
void visor_history_of(struct visor *v, struct policy_history *ret);
void visor_hold_own(struct visor *v);

// --- daemon.c
void daemon_spawn(struct visor *v);
void daemon_signal(struct visor *v, int signo);
void daemon_kill(struct visor *v);
void daemon_seen_well(struct visor *v);      // it made blocks, or has run long enough
bool daemon_wait_for_elder(struct visor *v); // true: one lives, DECIDE comes when it has gone

// --- swap.c
void swap_note_stopped(struct visor *v);
void swap_backup(struct visor *v);
void swap_script(struct visor *v);
void swap_hook(struct visor *v);
void swap_link(struct visor *v);
void swap_note(struct visor *v, enum swap_step step);
void swap_arrived(struct visor *v);
void swap_go(struct visor *v);
void swap_clear(struct visor *v);
void swap_end_job(struct visor *v, int signo);
enum life_event swap_recovery_event(struct visor *v); // LIFE_EV_NEWS: ask the policy

// --- evidence.c
void evidence_begin(struct visor *v); // watches, before the first start
void evidence_close(struct visor *v);
void evidence_reset(struct visor *v); // before a start
void evidence_read_plan(struct visor *v, bool last_word);
void evidence_probe_plan(struct visor *v); // sets the time of the next probe, or none

// --- paging.c
// Who is paged, and what is still to be delivered, before the first decision. Negative: what was
// stored cannot be used.
int paging_init(struct visor *v, struct err *e);
void paging_deinit(struct visor *v); // idempotent
void paging_begin(struct visor *v);  // from now on pages leave
void paging_open(struct visor *v, const char *key, enum policy_severity severity, const char *token,
                 const char *summary, const char *plan, int64_t height);
void paging_resolve(struct visor *v);
void paging_pump(struct visor *v); // sends what is due; what was ordered has to be stored already
bool paging_is_open(const struct visor *v); // a page was triggered and is not resolved
bool paging_busy(const struct visor *v);    // a target is still to be told
// The names of the targets in a mask of pager_at, comma-separated; a new reference.
json_t *paging_names(const struct visor *v, uint32_t mask);

// --- publish.c
void publish_begin(struct visor *v);
void publish_now(struct visor *v); // new contents for the metrics server, when there is one

// --- report.c
json_t *report_status(struct visor *v);
void report_metrics(struct visor *v, struct buf *ret);
// Adds an entry to the history: {"at":…,"event":…} and the members of `more` (taken). Put off until
// visor_flush when `later`.
void report_write_history(struct visor *v); // what was put off
void report_history(struct visor *v, const char *event, json_t *more, bool later);

#endif
