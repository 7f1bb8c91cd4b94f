#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "seivisor/shell/fault.h"

// SEIVISOR_FAULT is a point's name, or name:N for the N-th time that it is reached.
void fault_point(const char *name)
{
    static long reached; // a test program of one thread, which has this one purpose
    const char *wanted = getenv("SEIVISOR_FAULT");
    size_t len = wanted ? strcspn(wanted, ":") : 0;
    if (!wanted || strlen(name) != len || strncmp(wanted, name, len) != 0)
        return;
    long when = wanted[len] == ':' ? strtol(wanted + len + 1, NULL, 10) : 1;
    if (++reached == when)
        raise(SIGKILL);
}
