#include "seid/rpc/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "seid/rpc/http.h"

enum { BACKLOG = 1024, SOCKET_FLAGS = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK };

// Ours and not libmicrohttpd's, which would hide which error bind() gave.
static int bind_and_listen(int family, const struct sockaddr *address, socklen_t len, int *ret_fd)
{
    CLEANUP_CLOSE int fd = socket(family, SOCKET_FLAGS, 0);
    int on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, address, len) < 0 || listen(fd, BACKLOG) < 0)
        return -errno;
    *ret_fd = take_fd(&fd);
    return 0;
}

static int open_tcp(const struct http_config *config, int *ret_fd, struct err *e)
{
    char service[8];
    snprintf(service, sizeof service, "%u", config->port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list = NULL;
    int failure = getaddrinfo(*config->host ? config->host : NULL, service, &hints, &list);
    if (failure)
        return err_set(e, -EINVAL, "listen address %s: %s", config->address, gai_strerror(failure));
    int result = bind_and_listen(list->ai_family, list->ai_addr, list->ai_addrlen, ret_fd);
    freeaddrinfo(list);
    if (result < 0)
        return err_errno(e, -result, "cannot listen on %s", config->address);
    return 0;
}

// A socket file that a node left behind after kill -9: nobody answers on it.
static bool is_stale(const struct sockaddr_un *address)
{
    struct stat st;
    if (lstat(address->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
        return false;
    CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCKET_FLAGS, 0);
    return fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 &&
           errno == ECONNREFUSED;
}

static int open_unix(const struct http_config *config, int *ret_fd, struct err *e)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(config->unix_path) >= sizeof address.sun_path)
        return err_set(e, -ENAMETOOLONG, "listen address %s: at most %zu bytes of path",
                       config->address, sizeof address.sun_path - 1);
    memcpy(address.sun_path, config->unix_path, strlen(config->unix_path));
    if (is_stale(&address))
        unlink(address.sun_path);
    int result =
        bind_and_listen(AF_UNIX, (const struct sockaddr *)&address, sizeof address, ret_fd);
    return result < 0 ? err_errno(e, -result, "cannot listen on %s", config->address) : 0;
}

int listen_open(const struct http_config *config, int *ret_fd, struct err *e)
{
    return config->unix_path ? open_unix(config, ret_fd, e) : open_tcp(config, ret_fd, e);
}
