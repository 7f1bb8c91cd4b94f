#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "seid/cmd/cmd.h"

extern char **environ;

static void print(int fd, const char *text)
{
    (void)fputs(text, fd == 2 ? stderr : stdout);
}

int main(int argc, char **argv)
{
    // A peer or a pager that went away is an error of that write, not the end of the process.
    (void)signal(SIGPIPE, SIG_IGN);
    int status = cli_main(&cmd_program, argc, (const char *const *)argv,
                          (const char *const *)environ, NULL, print);
    if (fflush(stdout) != 0 && status == 0) {
        if (errno != EPIPE)
            perror("Error: standard output");
        return 1;
    }
    return status;
}
