// prompt: questions to the person at the terminal, or lines of standard input in scripts.
#ifndef SEID_CMD_PROMPT_H
#define SEID_CMD_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

// Prints `question` on stderr and reads one line of stdin without its end; nothing beyond the line
// is read. `hidden`: not echoed when stdin is a terminal. < 0: end of input, or longer than `cap`.
int prompt_line(const char *question, bool hidden, char *ret, size_t cap, struct err *e);

// "<question> [y/N]: "; true for y or yes. The end of input is a no.
bool prompt_yes(const char *question);

// A keyring_ask_fn: the passphrase of the keyring; a new one is asked for twice on a terminal.
int prompt_passphrase(void *context, bool is_new, char *ret, struct err *e);

#endif
