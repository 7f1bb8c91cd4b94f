// cmd: the commands of seictl and what they share. Exit codes are those of kubectl: 0 done or met,
// 1 the time is over or something went wrong. One thread.
#ifndef SEICTL_CMD_H
#define SEICTL_CMD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cli.h"

extern const struct cli_program cmd_program;

extern const struct cli_flag cmd_explain_flags[];
extern const struct cli_flag cmd_watch_flags[];
extern const struct cli_flag cmd_wait_flags[];

int cmd_explain(struct cli *cli, void *context);
int cmd_watch(struct cli *cli, void *context);
int cmd_wait(struct cli *cli, void *context);

// "Error: TEXT" on stderr; returns 1.
int cmd_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
// Writes the text to stdout and flushes. False when nobody reads it any more.
bool cmd_print(const struct buf *text);
// The node that is asked: the first argument, or the local one. Borrowed.
const char *cmd_address(const struct cli *cli);

// Checks of flags. A duration as Go writes it; one that is an interval is 10 ms or more.
int cmd_check_duration(const char *text, struct err *e);
int cmd_check_interval(const char *text, struct err *e);
// The value of a flag that was checked so, in milliseconds.
int64_t cmd_duration_ms(const struct cli *cli, const char *name);

#endif
