// upgrade_decide: the decision that x/upgrade takes at the beginning of each block (SDK and Sei
// rules), as a pure and total function. No I/O, no clock, no allocation.
#ifndef SEID_APP_UPGRADE_DECIDE_H
#define SEID_APP_UPGRADE_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UPGRADE_NAME_MAX = 140, UPGRADE_INFO_MAX = 10240 };

// A halt, as data: the reason (the contract's number), and what the intent will carry.
struct upgrade_halt {
    int reason; // 70, 71 or 72 of the contract; 0: no halt
    char plan_name[UPGRADE_NAME_MAX + 1];
    int64_t height; // the block being processed
    const char *info; // in the block's arena
    const char *log_text; // the exact text of the rule's log line or panic
};

#endif
