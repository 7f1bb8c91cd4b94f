#include "seid/cmd/prompt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include "seid/cmd/keyring.h"

// Byte by byte, so that what follows the line is left to the next question.
static int read_line(char *ret, size_t cap, struct err *e)
{
    size_t len = 0;
    for (;;) {
        char c;
        ssize_t n = read(STDIN_FILENO, &c, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(e, errno, "cannot read standard input");
        if (n == 0 && len == 0)
            return err_set(e, -ENODATA, "standard input has ended");
        if (n == 0 || c == '\n')
            break;
        if (len + 1 >= cap)
            return err_set(e, -E2BIG, "this line is too long");
        ret[len++] = c;
    }
    if (len && ret[len - 1] == '\r')
        len--;
    ret[len] = 0;
    return 0;
}

int prompt_line(const char *question, bool hidden, char *ret, size_t cap, struct err *e)
{
    struct termios before;
    bool quiet = hidden && isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    (void)fputs(question, stderr);
    (void)fflush(stderr);
    if (quiet) {
        struct termios silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    int r = read_line(ret, cap, e);
    if (quiet) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        (void)fputs("\n", stderr);
    }
    return r;
}

bool prompt_yes(const char *question)
{
    char text[256], answer[16];
    (void)snprintf(text, sizeof text, "%s [y/N]: ", question);
    if (prompt_line(text, false, answer, sizeof answer, NULL) < 0)
        return false;
    return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}

int prompt_passphrase(void *context, bool is_new, char *ret, struct err *e)
{
    if (!is_new)
        return prompt_line("Enter keyring passphrase: ", true, ret, KEYRING_PASSPHRASE_MAX + 1, e);
    int r = prompt_line("Enter a new keyring passphrase (at least 8 characters): ", true, ret,
                        KEYRING_PASSPHRASE_MAX + 1, e);
    if (r < 0 || !isatty(STDIN_FILENO))
        return r;
    char again[KEYRING_PASSPHRASE_MAX + 1];
    r = prompt_line("Re-enter it: ", true, again, sizeof again, e);
    bool same = r == 0 && strcmp(ret, again) == 0;
    explicit_bzero(again, sizeof again);
    if (r == 0 && !same)
        r = err_set(e, -EINVAL, "the passphrases differ");
    if (r < 0)
        explicit_bzero(ret, KEYRING_PASSPHRASE_MAX + 1);
    return r;
}
