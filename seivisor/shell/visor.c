#include "seivisor/shell/visor.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "seivisor/core/json.h"

enum { LOOK_MS = 1000 };

static const int signal_numbers[VISOR_SIGNALS] = {SIGTERM, SIGINT,  SIGQUIT,
                                                  SIGHUP,  SIGUSR1, SIGUSR2};

// ---- memory and history -------------------------------------------------------------------------

void visor_flush(struct visor *v)
{
    struct err e = {0};
    if (v->memory_dirty && store_save_memory(&v->store, &e) < 0)
        log_error(v->log, "what is remembered cannot be stored", LOG_STR("why", e.text));
    v->memory_dirty = false;
    report_write_history(v);
    if (v->page_soon && v->net.program && v->state != LIFE_ENDED)
        paging_pump(v);
}

void visor_refresh(struct visor *v)
{
    char target[LAYOUT_TARGET_MAX], identity[HOME_IDENTITY_MAX];
    struct err e = {0};
    if (home_current(&v->home, target, &e) != 0) // gone or broken: what was known stays
        return;
    home_identity(&v->home, target, identity);
    if (strcmp(target, v->current) == 0 && strcmp(identity, v->identity) == 0)
        return;
    log_info(v->log, "a person has changed what is current", LOG_STR("from", v->current),
             LOG_STR("to", target));
    snprintf(v->current, sizeof v->current, "%s", target);
    snprintf(v->identity, sizeof v->identity, "%s", identity);
    v->start.life = POLICY_NOT_STARTED;
    evidence_reset(v);
}

// ---- the state's timer --------------------------------------------------------------------------

static void on_timer(uv_timer_t *timer)
{
    visor_feed(timer->data, LIFE_EV_TIMER);
}

void visor_arm(struct visor *v, int64_t ms)
{
    uv_update_time(&v->loop);
    uv_timer_start(&v->timer, on_timer, ms > 0 ? (uint64_t)ms : 0, 0);
}

void visor_fail(struct visor *v, const char *state, const struct err *e)
{
    snprintf(v->failure_state, sizeof v->failure_state, "%s", state);
    snprintf(v->failure, sizeof v->failure, "%.250s", e->text);
    v->abandon = true;
    visor_feed(v, LIFE_EV_FAILED);
}

// ---- effects ------------------------------------------------------------------------------------

static void leave(struct visor *v)
{
    visor_flush(v);
    if (!paging_busy(v)) {
        visor_feed(v, LIFE_EV_PAGED);
        return;
    }
    log_info(v->log, "waiting for the pages to be delivered",
             LOG_INT("at_most_ms", v->settings->page_wait_ms));
    visor_arm(v, v->settings->page_wait_ms);
}

static void forward(struct visor *v)
{
    if (proc_alive(&v->child))
        daemon_signal(v, v->quit_signal);
    else
        swap_end_job(v, SIGTERM);
}

static void kill_all(struct visor *v)
{
    daemon_kill(v);
    swap_end_job(v, SIGKILL);
}

static void note_started(struct visor *v)
{
    swap_note(v, SWAP_STARTED);
    visor_flush(v);
}

static void delay(struct visor *v)
{
    if (v->settings->restart_delay_ms > 0)
        visor_arm(v, v->settings->restart_delay_ms);
    else
        visor_feed(v, LIFE_EV_TIMER);
}

static void rest(struct visor *v)
{
    if (v->config.exit_on_hold)
        visor_feed(v, LIFE_EV_QUIT);
}

static void perform(struct visor *v, enum life_effect effect)
{
    switch (effect) {
    case LIFE_DO_NOTHING:
        return;
    case LIFE_DO_DECIDE:
        visor_decide(v);
        return;
    case LIFE_DO_SPAWN:
        daemon_spawn(v);
        return;
    case LIFE_DO_TERM:
        daemon_signal(v, SIGTERM);
        return;
    case LIFE_DO_KILL:
        kill_all(v);
        return;
    case LIFE_DO_FORWARD:
        forward(v);
        return;
    case LIFE_DO_END_JOB:
        swap_end_job(v, SIGTERM);
        return;
    case LIFE_DO_ARM_WAIT:
        visor_arm(v, v->wait_ms);
        return;
    case LIFE_DO_ARM_GRACE:
        visor_arm(v, v->settings->shutdown_grace_ms);
        return;
    case LIFE_DO_ARM_DELAY:
        delay(v);
        return;
    case LIFE_DO_ARM_LOOK:
        visor_arm(v, LOOK_MS);
        return;
    case LIFE_DO_DISARM:
        uv_timer_stop(&v->timer);
        return;
    case LIFE_DO_BACKUP:
        swap_backup(v);
        return;
    case LIFE_DO_SCRIPT:
        swap_script(v);
        return;
    case LIFE_DO_HOOK:
        v->job_tries = 0;
        swap_hook(v);
        return;
    case LIFE_DO_LINK:
        swap_link(v);
        return;
    case LIFE_DO_NOTE_STOPPED:
        swap_note_stopped(v);
        return;
    case LIFE_DO_NOTE_BACKUP:
        swap_note(v, SWAP_BACKED_UP);
        return;
    case LIFE_DO_NOTE_HOOKS:
        swap_note(v, SWAP_PRE_UPGRADED);
        return;
    case LIFE_DO_NOTE_SWAPPED:
        swap_note(v, SWAP_SWAPPED);
        swap_arrived(v);
        return;
    case LIFE_DO_GO:
        swap_go(v);
        return;
    case LIFE_DO_NOTE_STARTED:
        note_started(v);
        return;
    case LIFE_DO_CLEAR:
        swap_clear(v);
        return;
    case LIFE_DO_HOLD:
        visor_hold_own(v);
        return;
    case LIFE_DO_REST:
        rest(v);
        return;
    case LIFE_DO_LEAVE:
        leave(v);
        return;
    case LIFE_DO_EXIT:
        uv_stop(&v->loop);
        return;
    }
}

static void step(struct visor *v, enum life_event event)
{
    const struct life_cell *cell = life_cell(v->state, event);
    log_debug(v->log, "life", LOG_STR("state", life_state_name(v->state)),
              LOG_STR("event", life_event_name(event)),
              LOG_STR("next", life_state_name(cell->next)));
    bool moved = v->state != cell->next;
    v->state = cell->next;
    v->abandon = false;
    for (int i = 0; i < LIFE_EFFECTS_MAX && cell->effects[i] != LIFE_DO_NOTHING; i++) {
        perform(v, cell->effects[i]);
        if (v->abandon) // the rest of the list rests on what has failed
            break;
    }
    if (moved)
        publish_now(v);
}

void visor_feed(struct visor *v, enum life_event event)
{
    assert(v->event_count < VISOR_EVENTS_MAX);
    v->events[(v->event_first + v->event_count++) % VISOR_EVENTS_MAX] = event;
    if (v->pumping)
        return;
    v->pumping = true;
    while (v->event_count > 0) {
        enum life_event next = v->events[v->event_first];
        v->event_first = (v->event_first + 1) % VISOR_EVENTS_MAX;
        v->event_count--;
        step(v, next);
    }
    v->pumping = false;
}

// ---- signals ------------------------------------------------------------------------------------

static void on_signal(uv_signal_t *handle, int signo)
{
    struct visor *v = handle->data;
    if (signo == SIGHUP || signo == SIGUSR1 || signo == SIGUSR2) {
        daemon_signal(v, signo);
        return;
    }
    log_info(v->log, "asked to end", LOG_STR("signal", strsignal(signo)));
    v->quit = true;
    v->quit_signal = signo;
    visor_feed(v, LIFE_EV_QUIT);
}

static int begin_signals(struct visor *v, struct err *e)
{
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < VISOR_SIGNALS; i++) {
        uv_signal_init(&v->loop, &v->signals[i]);
        v->signals[i].data = v;
        int result = uv_signal_start(&v->signals[i], on_signal, signal_numbers[i]);
        if (result < 0)
            return err_set(e, result, "cannot watch signals: %s", uv_strerror(result));
    }
    return 0;
}

// ---- the local socket ---------------------------------------------------------------------------

static json_t *answer_resume(struct visor *v, const json_t *request)
{
    struct memory *m = &v->store.memory;
    const char *key = json_string_value(json_object_get(request, "key"));
    bool rolled_back = v->decided && v->start.life == POLICY_ALIVE && paging_is_open(v);
    if (!m->hold.active && !rolled_back)
        return json_pack("{s:b, s:s}", "ok", 0, "error", "nothing is held");
    if (key && strcmp(key, m->hold.key) != 0)
        return json_pack("{s:b, s:s}", "ok", 0, "error", "another halt is held");
    if (!m->hold.active) { // the node runs again, and a person has seen why
        paging_resolve(v);
        report_history(v, "resume", json_pack("{s:s}", "released", "pages"), false);
        visor_flush(v);
        return json_pack("{s:b, s:s}", "ok", 1, "released", "pages");
    }
    snprintf(m->resume, sizeof m->resume, "%s", m->hold.key);
    v->memory_dirty = true;
    json_t *ret = json_pack("{s:b, s:s}", "ok", 1, "released", m->hold.key);
    log_info(v->log, "resume: a person releases the hold", LOG_STR("state", m->hold.state));
    report_history(v, "resume", json_pack("{s:s}", "released", m->hold.key), false);
    visor_flush(v);
    visor_feed(v, LIFE_EV_NEWS);
    return ret;
}

static json_t *answer(const json_t *request, void *context)
{
    struct visor *v = context;
    const char *op = json_string_value(json_object_get(request, "op"));
    if (strcmp(op, "status") == 0)
        return json_pack("{s:b, s:o}", "ok", 1, "status", report_status(v));
    if (strcmp(op, "metrics") == 0) {
        CLEANUP_BUF struct buf text = {0};
        report_metrics(v, &text);
        return json_pack("{s:b, s:s}", "ok", 1, "metrics", buf_cstr(&text));
    }
    if (strcmp(op, "look") == 0) { // something was staged
        visor_feed(v, LIFE_EV_NEWS);
        return json_pack("{s:b}", "ok", 1);
    }
    if (strcmp(op, "resume") == 0)
        return answer_resume(v, request);
    return json_pack("{s:b, s:s}", "ok", 0, "error", "unknown op");
}

// ---- life ---------------------------------------------------------------------------------------

static void init_timers(struct visor *v)
{
    uv_timer_t *const timers[] = {&v->timer, &v->confirm,   &v->probe,      &v->settle,
                                  &v->page,  &v->plan_poll, &v->serve_again};
    for (size_t i = 0; i < sizeof timers / sizeof timers[0]; i++) {
        uv_timer_init(&v->loop, timers[i]);
        timers[i]->data = v;
    }
}

// `current`, made to point at genesis when there is none yet, as cosmovisor does.
static int find_current(struct visor *v, struct err *e)
{
    int result = home_current(&v->home, v->current, e);
    if (result == HOME_NO_LINK) {
        snprintf(v->current, sizeof v->current, "%s", LAYOUT_GENESIS);
        result = home_check_binary(&v->home, v->current, e);
        if (result == 0)
            result = home_set_current(&v->home, v->current, true, e);
    }
    if (result == 0)
        result = home_check_binary(&v->home, v->current, e);
    if (result == 0)
        home_identity(&v->home, v->current, v->identity);
    return result;
}

static int begin(struct visor *v, struct err *e)
{
    pid_t other = 0;
    int result = uv_loop_init(&v->loop);
    if (result < 0)
        return err_set(e, result, "cannot make a loop: %s", uv_strerror(result));
    init_timers(v);
    result = procs_init(&v->procs, &v->loop, e);
    if (result == 0)
        result = begin_signals(v, e);
    if (result == 0)
        result = find_current(v, e);
    if (result == 0)
        result = store_open(&v->store, &v->home, &other, e);
    if (result == STORE_LOCKED)
        return err_set(e, -EBUSY, "another seivisor runs on %s (pid %d)", v->home.home, (int)other);
    return result < 0 ? result : paging_init(v, e);
}

// What the first start does not wait for.
static void begin_rest(struct visor *v)
{
    struct err e = {0};
    if (store_settle(&v->store, &e) < 0)
        log_error(v->log, e.text);
    if (server_open(&v->server, &v->loop, v->home.state, answer, v, &e) < 0)
        log_warn(v->log, e.text);
    paging_begin(v);
    publish_begin(v);
    evidence_probe_plan(v);
}

static void close_handle(uv_handle_t *handle, void *context)
{
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

// The network helper gets its end of input; that it ends is not waited for.
static void finish(struct visor *v)
{
    visor_flush(v);
    evidence_close(v);
    if (v->net.program)
        netlink_close(&v->net);
    server_close(&v->server);
    uv_walk(&v->loop, close_handle, NULL);
    enum { CLOSING_TURNS = 100 }; // two or three are enough
    for (int i = 0; i < CLOSING_TURNS && uv_loop_close(&v->loop) == UV_EBUSY; i++)
        uv_run(&v->loop, UV_RUN_NOWAIT);
    netlink_deinit(&v->net);
    paging_deinit(v);
    json_decref(v->history_pending);
}

int visor_run(const struct settings *settings, struct log *log, char *const *args)
{
    CLEANUP_FREE struct visor *v = mem_zalloc(sizeof *v);
    struct err e = {0};
    v->settings = settings;
    v->log = log;
    v->args = args;
    v->server.folder_fd = -1;
    v->store.lock_fd = v->store.journal_fd = v->store.history_fd = -1;
    v->boot_ns = clock_realtime_ns();
    v->history_pending = json_array();
    home_init(&v->home, settings);
    visor_configure_policy(v);
    if (begin(v, &e) < 0) {
        log_error(log, e.text);
        v->exit_code = 1;
    } else {
        evidence_begin(v);
        if (!daemon_wait_for_elder(v))
            visor_feed(v, swap_recovery_event(v));
        begin_rest(v);
        if (v->state != LIFE_ENDED)
            uv_run(&v->loop, UV_RUN_DEFAULT);
    }
    finish(v);
    store_close(&v->store);
    home_deinit(&v->home);
    return v->exit_code;
}
