#include "seivisor/shell/fault.h"

void fault_point(const char *name)
{
    (void)name;
}
