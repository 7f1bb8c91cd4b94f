#include "net/test_peer.h"

#include <arpa/inet.h>
#include <assert.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// False when the test is over, or the peer's other side is gone.
static bool wait_for(struct test_peer *peer, int fd, short events, int timeout_ms)
{
    struct pollfd fds[] = {{.fd = peer->stop_fd[0], .events = POLLIN},
                           {.fd = fd, .events = events}};
    poll(fds, 2, timeout_ms);
    return !fds[0].revents && !(fds[1].revents & (POLLERR | POLLNVAL));
}

static bool request_is_whole(const char *text, size_t len)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "content-length:");
    if (!end)
        return false;
    size_t body = length && length < end ? strtoul(length + 15, NULL, 10) : 0;
    return len - (size_t)(end + 4 - text) >= body;
}

static bool read_request(struct test_peer *peer, int fd)
{
    size_t len = 0;
    peer->request[0] = '\0';
    while (len < sizeof peer->request - 1) {
        if (!wait_for(peer, fd, POLLIN, 5000))
            return false;
        ssize_t n = recv(fd, peer->request + len, sizeof peer->request - 1 - len, 0);
        if (n <= 0)
            return false;
        len += (size_t)n;
        peer->request[len] = '\0';
        if (request_is_whole(peer->request, len))
            return true;
    }
    return false;
}

static void answer_slowly(struct test_peer *peer, int fd)
{
    for (size_t i = 0; i < peer->len; i++)
        if (!wait_for(peer, -1, 0, 20) || send(fd, peer->bytes + i, 1, MSG_NOSIGNAL) != 1)
            return;
}

static void answer_without_end(struct test_peer *peer, int fd)
{
    size_t tail = peer->len < 64 ? peer->len : 64;
    send(fd, peer->bytes, peer->len, MSG_NOSIGNAL);
    while (wait_for(peer, fd, POLLOUT, 1000))
        if (send(fd, peer->bytes + peer->len - tail, tail, MSG_NOSIGNAL) < 0)
            return;
}

static void serve(struct test_peer *peer, int fd)
{
    if (!read_request(peer, fd))
        return;
    switch (peer->behaviour) {
    case PEER_ANSWERS:
        send(fd, peer->bytes, peer->len, MSG_NOSIGNAL);
        shutdown(fd, SHUT_WR);
        // Closing with unread bytes would reset the answer.
        while (wait_for(peer, fd, POLLIN, 1000) && recv(fd, (char[512]){0}, 512, 0) > 0)
            ;
        return;
    case PEER_SLOW:
        answer_slowly(peer, fd);
        return;
    case PEER_ENDLESS:
        answer_without_end(peer, fd);
        return;
    case PEER_SILENT:
        while (wait_for(peer, fd, POLLIN, 5000) && recv(fd, (char[512]){0}, 512, 0) > 0)
            ;
        return;
    case PEER_CLOSES:
        return;
    }
}

static void *run(void *arg)
{
    struct test_peer *peer = arg;
    while (wait_for(peer, peer->listen_fd, POLLIN, -1)) {
        int fd = accept4(peer->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        atomic_fetch_add(&peer->connections, 1);
        serve(peer, fd);
        close(fd);
    }
    return NULL;
}

void test_peer_start(struct test_peer *peer, enum test_peer_behaviour behaviour, const char *bytes)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    *peer = (struct test_peer){.behaviour = behaviour, .bytes = bytes, .len = strlen(bytes)};
    peer->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int failed = peer->listen_fd < 0 ||
                 bind(peer->listen_fd, (struct sockaddr *)&address, sizeof address) < 0 ||
                 listen(peer->listen_fd, 16) < 0 ||
                 getsockname(peer->listen_fd, (struct sockaddr *)&address, &len) < 0 ||
                 pipe(peer->stop_fd) < 0;
    assert(!failed);
    peer->port = ntohs(address.sin_port);
    failed = pthread_create(&peer->thread, NULL, run, peer);
    assert(!failed);
}

void test_peer_stop(struct test_peer *peer)
{
    close(peer->stop_fd[1]);
    pthread_join(peer->thread, NULL);
    close(peer->stop_fd[0]);
    close(peer->listen_fd);
}
