// A daemon that only says when it began: appends CLOCK_MONOTONIC in nanoseconds to the file named
// by BENCH_STAMP, then waits to be ended.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const char *path = getenv("BENCH_STAMP");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (!file)
        return 1;
    fprintf(file, "%lld\n", (long long)now.tv_sec * 1000000000 + now.tv_nsec);
    fclose(file);
    pause();
    return 0;
}
