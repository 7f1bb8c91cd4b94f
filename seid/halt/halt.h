// halt: the end of a node that stops on purpose (the contract is contract/include/seihalt.h).
//
// The holder keeps the first halt of the process; halt_graceful() does the steps of a graceful halt
// in their order; halt_exit_code() is the one decision about the exit status.
//
// Threads: the holder may be used from any thread at any time after halt_holder_init.
// Memory: nothing is allocated but for the bytes of upgrade-info.json while they are written.
#ifndef SEID_HALT_HALT_H
#define SEID_HALT_HALT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "seid/app/upgrade_decide.h"

// What is latched: the content of a HaltIntent, by value.
struct halt_intent {
    int reason; // 70, 71 or 72; never 0 once latched
    char plan_name[UPGRADE_NAME_MAX + 1];
    int64_t height;                  // of the block that was not executed
    char info[UPGRADE_INFO_MAX + 1]; // the plan's info, "" when it has none
    int64_t announced_ns;            // when it was latched, UNIX epoch
};

// Write-once. One a process; embedded in the program's struct.
struct halt_holder {
    pthread_rwlock_t lock;
    bool set;
    struct halt_intent intent;
};

void halt_holder_init(struct halt_holder *h);
void halt_holder_deinit(struct halt_holder *h);

// Latches a copy under the write lock. True when this call was the first; a later one changes
// nothing, whatever its reason.
bool halt_latch(struct halt_holder *h, const struct halt_intent *intent);

// Copies the intent under the read lock; serialise the copy outside. False, with *ret untouched,
// while nothing is latched. Never waits for more than one copy of the struct.
bool halt_read(struct halt_holder *h, struct halt_intent *ret);

// The reason that is latched, 0 when none: for those who need no more.
int halt_reason(struct halt_holder *h);

// 0 without a halt, else the code of its reason. A graceful end has no other exit status.
int halt_exit_code(struct halt_holder *h);

// The bytes of upgrade-info.json: {"name":"v2","height":120,"info":"..."}, members that are empty
// or 0 left out, escaped as Go's encoding/json does (<, >, &, U+2028, U+2029, control characters; a
// byte that is not UTF-8 becomes \ufffd), no newline.
void halt_upgrade_info(const char *name, int64_t height, const char *info, struct buf *ret);

struct halt_shell {
    struct halt_holder *holder;
    const struct log *log;
    const char *data_dir; // <home>/data
    int raw_fd;           // where the raw NEEDED line goes: STDERR_FILENO
    bool stay_alive;      // no shutdown is asked for
    int64_t (*now_ns)(void);
    void (*ask_shutdown)(void *ctx); // the process sends itself SIGINT
    void *ask_shutdown_ctx;
};

// Does, in this order: only for 70, upgrade-info.json (mode 0600, atomically); latches the intent;
// logs it, and for 70 writes the raw line `UPGRADE "<name>" NEEDED at height: <H>: <info>`, only
// when the file is in place; asks for shutdown unless stay-alive. When the file cannot be written,
// that is logged as an error, the raw line stays out, and everything else happens all the same.
// Only the first call of a process does anything. 0, or the error of the file (already logged).
// `began_ns`: when the block that halted was begun (UNIX epoch), for the log; 0: unknown.
int halt_graceful(const struct halt_shell *shell, const struct upgrade_halt *halt, int64_t began_ns,
                  struct err *e);

#endif
