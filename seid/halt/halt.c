#include "seid/halt/halt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "seihalt.h"
#include "wire/jsonw.h"

_Static_assert(UPGRADE_HALT_REQUIRED == SEI_HALT_EXIT_UPGRADE_REQUIRED, "the contract's number");
_Static_assert(UPGRADE_HALT_TOO_NEW == SEI_HALT_EXIT_BINARY_TOO_NEW, "the contract's number");
_Static_assert(UPGRADE_HALT_DOWNGRADE == SEI_HALT_EXIT_DOWNGRADE_DETECTED, "the contract's number");

void halt_holder_init(struct halt_holder *h)
{
    memset(h, 0, sizeof *h);
    pthread_rwlock_init(&h->lock, NULL);
}

void halt_holder_deinit(struct halt_holder *h)
{
    pthread_rwlock_destroy(&h->lock);
}

bool halt_latch(struct halt_holder *h, const struct halt_intent *intent)
{
    pthread_rwlock_wrlock(&h->lock);
    bool first = !h->set;
    if (first) {
        h->intent = *intent;
        h->set = true;
    }
    pthread_rwlock_unlock(&h->lock);
    return first;
}

bool halt_read(struct halt_holder *h, struct halt_intent *ret)
{
    pthread_rwlock_rdlock(&h->lock);
    bool set = h->set;
    if (set)
        *ret = h->intent;
    pthread_rwlock_unlock(&h->lock);
    return set;
}

int halt_reason(struct halt_holder *h)
{
    pthread_rwlock_rdlock(&h->lock);
    int reason = h->set ? h->intent.reason : 0;
    pthread_rwlock_unlock(&h->lock);
    return reason;
}

int halt_exit_code(struct halt_holder *h)
{
    // Reasons and exit codes are the same numbers: that is the contract.
    return halt_reason(h);
}

void halt_upgrade_info(const char *name, int64_t height, const char *info, struct buf *ret)
{
    struct jsonw w = jsonw_on(ret);
    jsonw_object(&w);
    if (*name) {
        jsonw_key(&w, "name");
        jsonw_cstr(&w, name);
    }
    if (height) {
        jsonw_key(&w, "height");
        jsonw_int(&w, height);
    }
    if (*info) {
        jsonw_key(&w, "info");
        jsonw_cstr(&w, info);
    }
    jsonw_object_end(&w);
}

static int write_upgrade_info(const struct halt_shell *shell, const struct upgrade_halt *halt,
                              struct err *e)
{
    CLEANUP_BUF struct buf json = {0};
    CLEANUP_FREE char *path = mem_printf("%s/upgrade-info.json", shell->data_dir);
    halt_upgrade_info(halt->plan_name, halt->height, halt->info ? halt->info : "", &json);
    return fs_write_atomic(path, json.data, json.len, 0600, e);
}

// Text that the limits of a plan should never let through is cut between characters.
static void copy_text(char *ret, size_t size, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    if (len >= size) {
        len = size - 1;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
            len--;
    }
    if (len)
        memcpy(ret, text, len);
    ret[len] = '\0';
}

static void write_raw(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; // nobody listens any more: the file and the exit code still speak
        text += n;
        len -= (size_t)n;
    }
}

// Never escaped: scanners of the line want it as it always was.
static void write_needed_line(const struct halt_shell *shell, const struct upgrade_halt *halt)
{
    CLEANUP_BUF struct buf line = {0};
    if (halt->log_text)
        buf_append_str(&line, halt->log_text);
    else
        buf_printf(&line, "UPGRADE \"%s\" NEEDED at height: %lld: %s", halt->plan_name,
                   (long long)halt->height, halt->info ? halt->info : "");
    buf_append_byte(&line, '\n');
    write_raw(shell->raw_fd, (const char *)line.data, line.len);
}

static void announce(const struct halt_shell *shell, const struct upgrade_halt *halt,
                     int64_t began_ns, int64_t announced_ns, bool file_in_place)
{
    int64_t took_us = began_ns ? (announced_ns - began_ns) / 1000 : 0;
    log_error(shell->log, halt->log_text ? halt->log_text : "halting",
              LOG_STR("reason", sei_halt_reason_string(halt->reason)),
              LOG_INT("exit_code", halt->reason), LOG_STR("plan", halt->plan_name),
              LOG_INT("height", halt->height), LOG_INT("halted_at_ns", announced_ns),
              LOG_INT("begin_to_intent_us", took_us));
    if (file_in_place)
        write_needed_line(shell, halt);
}

int halt_graceful(const struct halt_shell *shell, const struct upgrade_halt *halt, int64_t began_ns,
                  struct err *e)
{
    if (halt_reason(shell->holder) != 0)
        return 0;
    struct err file_error = {0};
    bool wants_file = halt->reason == SEI_HALT_UPGRADE_REQUIRED;
    int result = wants_file ? write_upgrade_info(shell, halt, &file_error) : 0;
    if (result < 0)
        log_error(shell->log, "cannot write upgrade-info.json", LOG_STR("error", file_error.text));

    CLEANUP_FREE struct halt_intent *intent = mem_zalloc(sizeof *intent);
    intent->reason = halt->reason;
    intent->height = halt->height;
    copy_text(intent->plan_name, sizeof intent->plan_name, halt->plan_name);
    copy_text(intent->info, sizeof intent->info, halt->info);
    intent->announced_ns = shell->now_ns();
    if (!halt_latch(shell->holder, intent))
        return 0;

    announce(shell, halt, began_ns, intent->announced_ns, wants_file && result == 0);
    if (!shell->stay_alive)
        shell->ask_shutdown(shell->ask_shutdown_ctx);
    if (result < 0 && e)
        *e = file_error;
    return result;
}
