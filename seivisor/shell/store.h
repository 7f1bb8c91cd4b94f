// store: the supervisor's own files, <home>/cosmovisor/.seivisor/: a lock, memory.json, the journal
// of a swap, the history.
#ifndef SEIVISOR_SHELL_STORE_H
#define SEIVISOR_SHELL_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "seivisor/core/journal.h"
#include "seivisor/core/memory.h"
#include "seivisor/shell/home.h"

enum { HISTORY_FILE_MAX = 1024 * 1024, HISTORY_FILES = 4 };

struct store {
    const struct home *home; // borrowed
    int lock_fd;             // -1: not locked
    int journal_fd;
    int history_fd;
    struct memory memory;
    json_t *pages; // owned: the state of the pages (net/pager.h); null: none
    struct journal journal;
    size_t journal_ignored; // bytes of a torn step that the opening has dropped
    bool folder_unsynced;   // files were made that store_settle makes durable
};

// Makes the folder, takes the lock (a second supervisor of the same home is refused: STORE_LOCKED
// with its pid), reads memory and journal. A memory that cannot be read is an error: a hold may
// stand in it. After a failure store_close may be called.
enum { STORE_LOCKED = 1 };
int store_open(struct store *s, const struct home *home, pid_t *ret_pid, struct err *e);
// After the first start, which does not wait for it: makes the files of a new folder durable, so
// that a swap need not sync the folder.
int store_settle(struct store *s, struct err *e);
// The same for reading only: no lock, nothing is made. What does not exist is empty.
int store_peek(struct store *s, const struct home *home, struct err *e);
void store_close(struct store *s); // idempotent

int store_save_memory(struct store *s, struct err *e);

// Begins a swap: *j becomes the journal, with its intent (and `step`, when that is already true
// too) durable.
int store_begin_swap(struct store *s, const struct journal *j, enum swap_step step, int64_t now_ns,
                     struct err *e);
// Notes a step as done; `sync` makes it durable before this returns.
int store_note(struct store *s, enum swap_step step, int64_t now_ns, bool sync, struct err *e);
int store_clear_swap(struct store *s, struct err *e);

// Appends one line (an object; the reference is taken) to the history, durable when `sync`.
int store_history(struct store *s, json_t *entry, bool sync, struct err *e);

// Who runs: written at each start of the daemon, so that the next supervisor can wait for one that
// outlived this one. Survives a kill, not a reboot.
int store_write_child(const struct store *s, pid_t pid, uint64_t birth, struct err *e);
// The recorded daemon when it still lives; 0 when none does.
pid_t store_living_child(const struct store *s);

#endif
