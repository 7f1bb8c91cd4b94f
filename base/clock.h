// clock: the only place that reads the time. Cores get it as an argument.
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_realtime_ns(void);  // since 1970-01-01 UTC
int64_t clock_monotonic_ns(void); // for intervals
int64_t clock_thread_cpu_ns(void);

#endif
