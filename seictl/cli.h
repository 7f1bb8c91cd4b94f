// cli: what the commands of seictl share. Exit codes are those of kubectl: 0 done or met, 1
// anything else. One thread.
#ifndef SEICTL_CLI_H
#define SEICTL_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/status_probe.h"

// Each gets its own arguments, argv[0] being the command's name, and returns the exit code.
int cmd_explain(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_wait(int argc, char **argv);

extern const char cli_explain_help[];
extern const char cli_watch_help[];
extern const char cli_wait_help[];

// "seictl: TEXT" on stderr; returns 1.
int cli_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
// Writes the text to stdout and flushes. False when nobody reads it any more.
bool cli_print(struct buf *text);

// A duration > 0 as Go writes it ("1.5s"), or plain seconds as kubectl takes 0. -EINVAL, *e filled.
int cli_duration(const char *text, int64_t *ret_ms, struct err *e);

#endif
