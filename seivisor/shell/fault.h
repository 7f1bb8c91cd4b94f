// fault: named points at which a test kills the supervisor. In seivisor itself this is an empty
// function (fault_none.c); the test program seivisor-faults is linked with one that ends the
// process with SIGKILL at the point named by its environment (fault_kill.c).
#ifndef SEIVISOR_SHELL_FAULT_H
#define SEIVISOR_SHELL_FAULT_H

void fault_point(const char *name);

#endif
