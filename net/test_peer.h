// test_peer: a scripted HTTP peer on loopback for unit tests: one thread, one behaviour.
#ifndef NET_TEST_PEER_H
#define NET_TEST_PEER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

enum test_peer_behaviour {
    PEER_ANSWERS, // reads a request, sends the bytes, closes
    PEER_SLOW,    // likewise, one byte every 20 ms
    PEER_ENDLESS, // sends the bytes, then their last 64 again and again
    PEER_SILENT,  // accepts, reads, never answers
    PEER_CLOSES,  // closes after the request
};

struct test_peer {
    enum test_peer_behaviour behaviour;
    const char *bytes; // borrowed
    size_t len;
    int port;
    atomic_int connections;
    char request[16384]; // the last request, terminated
    int listen_fd, stop_fd[2];
    pthread_t thread;
};

void test_peer_start(struct test_peer *peer, enum test_peer_behaviour behaviour, const char *bytes);
void test_peer_stop(struct test_peer *peer);

#endif
