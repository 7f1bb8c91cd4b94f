#include "seivisor/core/status_url.h"

#include <stdio.h>
#include <string.h>

static bool is_port(const char *text)
{
    size_t len = strspn(text, "0123456789");
    return len > 0 && len <= 5 && text[len] == '\0' && strcmp(text, "0") != 0;
}

bool status_url_from_laddr(const char *laddr, char ret[STATUS_URL_MAX])
{
    if (strncmp(laddr, "tcp://", 6) == 0)
        laddr += 6;
    const char *colon = strrchr(laddr, ':');
    if (strstr(laddr, "//") || !colon || !is_port(colon + 1))
        return false;
    size_t len = (size_t)(colon - laddr);
    if (len > 253 || strcspn(laddr, " /?#@\"\\") != strlen(laddr))
        return false;
    bool wildcard = len == 0 || (len == 7 && memcmp(laddr, "0.0.0.0", 7) == 0) ||
                    (len == 4 && memcmp(laddr, "[::]", 4) == 0);
    const char *host = wildcard ? "127.0.0.1" : laddr;
    snprintf(ret, STATUS_URL_MAX, "http://%.*s%s/status", wildcard ? 9 : (int)len, host, colon);
    return true;
}

const char *status_url_flag(char *const *args, const char *name)
{
    const char *value = NULL;
    size_t len = strlen(name);
    for (; *args; args++) {
        if (strncmp(*args, "--", 2) != 0 || strncmp(*args + 2, name, len) != 0)
            continue;
        if ((*args)[2 + len] == '=')
            value = *args + 3 + len;
        else if ((*args)[2 + len] == '\0' && args[1])
            value = args[1];
    }
    return value;
}
