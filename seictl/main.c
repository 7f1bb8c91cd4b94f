// seictl: for people and scripts: explains a halt, watches a node, waits for it.
#include <signal.h>
#include <stdio.h>

#include "seictl/cmd.h"

extern char **environ;

static void print(int fd, const char *text)
{
    (void)fputs(text, fd == 2 ? stderr : stdout);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    int status = cli_main(&cmd_program, argc, (const char *const *)argv,
                          (const char *const *)environ, NULL, print);
    if (fflush(stdout) != 0 && status == 0)
        return 1;
    return status;
}
