// Signs bank transfers ahead of time and sends them to a node as fast as it takes them.
//
//   bench_transfers addresses COUNT
//       the addresses of COUNT deterministic accounts, one a line, for a genesis file
//   bench_transfers verify-limit SECONDS
//       signature verifications a second, on all cores at once: what no node can beat
//   bench_transfers send PORT CHAIN_ID FIRST_ACCOUNT_NUMBER SENDERS EACH [FIRST_SENDER]
//       every one of SENDERS accounts sends EACH transfers; prints one JSON object
//
// Accounts come from fixed secrets: for measurements on loopback only.
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/mem.h"
#include "wire/addr.h"
#include "wire/cosmostx.h"
#include "wire/crypto/hash.h"
#include "wire/crypto/secp.h"
#include "wire/pb_arena.h"
#include "wire/proto/all.pb-c.h"

enum { BATCH = 10, WINDOW = 8, THREADS_MAX = 64 };

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void secret_of(uint64_t index, uint8_t ret[SECP_SECRET_LEN])
{
    char text[64];
    int len = snprintf(text, sizeof text, "seihalt bench account %" PRIu64, index);
    hash_sha256(text, (size_t)len, ret);
}

static void address_of(const struct secp *s, uint64_t index, char ret[ADDR_TEXT_MAX])
{
    uint8_t secret[SECP_SECRET_LEN], key[SECP_PUBKEY_LEN], account[ADDR_LEN];
    secret_of(index, secret);
    if (secp_pubkey_of(s, secret, key) != 0)
        exit(1);
    addr_of_secp_pubkey(key, account);
    addr_text(ADDR_HRP_ACC, slice_of(account, ADDR_LEN), ret);
}

// ---- verify-limit

struct verifier {
    pthread_t thread;
    int64_t until_ns;
    uint64_t count;
};

static void *verify(void *arg)
{
    struct verifier *v = arg;
    struct secp *s = secp_new(NULL);
    uint8_t secret[SECP_SECRET_LEN], key[SECP_PUBKEY_LEN], digest[SECP_DIGEST_LEN] = {1};
    uint8_t signature[SECP_SIGNATURE_LEN];
    secret_of(0, secret);
    secp_pubkey_of(s, secret, key);
    secp_sign(s, secret, digest, signature);
    while (clock_monotonic_ns() < v->until_ns) {
        for (int i = 0; i < 100; i++)
            if (secp_verify(s, key, digest, signature) != 0)
                exit(1);
        v->count += 100;
    }
    secp_free(s);
    return NULL;
}

static int verify_limit(int seconds)
{
    struct verifier v[THREADS_MAX] = {0};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int64_t began = clock_monotonic_ns();
    for (long i = 0; i < cores && i < THREADS_MAX; i++) {
        v[i].until_ns = began + (int64_t)seconds * 1000000000;
        if (pthread_create(&v[i].thread, NULL, verify, &v[i]) != 0)
            die("pthread_create");
    }
    uint64_t total = 0;
    for (long i = 0; i < cores && i < THREADS_MAX; i++) {
        pthread_join(v[i].thread, NULL);
        total += v[i].count;
    }
    double elapsed = (double)(clock_monotonic_ns() - began) / 1e9;
    printf("{\"verifications_per_second\":%.0f,\"cores\":%ld}\n", (double)total / elapsed, cores);
    return 0;
}

// ---- send

struct sender {
    pthread_t thread;
    const char *chain_id;
    uint64_t first_number; // account number of sender 0
    uint64_t first, last;  // senders of this thread
    uint64_t each;
    uint16_t port;
    struct buf requests; // HTTP requests, one after the other
    size_t *ends;        // where each ends
    size_t count;
    uint64_t accepted, refused;
};

static void sign_transfer(const struct sender *t, const struct secp *s, uint64_t sender,
                          uint64_t sequence, struct arena *arena, struct buf *ret)
{
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
    uint8_t secret[SECP_SECRET_LEN];
    secret_of(sender, secret);
    address_of(s, sender, from);
    address_of(s, sender + 1, to);
    Cosmos__Base__V1beta1__Coin amount = COSMOS__BASE__V1BETA1__COIN__INIT;
    Cosmos__Base__V1beta1__Coin fee = COSMOS__BASE__V1BETA1__COIN__INIT;
    amount.denom = fee.denom = pb_str("usei");
    amount.amount = pb_str("1");
    fee.amount = pb_str("2000");
    Cosmos__Base__V1beta1__Coin *amounts[] = {&amount}, *fees[] = {&fee};
    Cosmos__Bank__V1beta1__MsgSend send = COSMOS__BANK__V1BETA1__MSG_SEND__INIT;
    send.from_address = from;
    send.to_address = to;
    send.amount = amounts;
    send.n_amount = 1;
    Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT;
    any.type_url = pb_str("/cosmos.bank.v1beta1.MsgSend");
    any.value = pb_bytes(pb_pack(&send, arena));
    Google__Protobuf__Any *messages[] = {&any};
    struct cosmostx_request request = {
        .chain_id = t->chain_id,
        .account_number = t->first_number + sender,
        .sequence = sequence,
        .messages = messages,
        .message_count = 1,
        .fee = fees,
        .fee_count = 1,
        .gas_limit = 200000,
    };
    if (cosmostx_build(&request, s, secret, ret) != 0)
        exit(1);
}

// Builds the thread's requests: batches of broadcast_tx_sync. Sequences rise in the outer loop, so
// that a sender's transactions arrive in order.
static void *prepare(void *arg)
{
    struct sender *t = arg;
    struct secp *s = secp_new(NULL);
    struct arena arena = {0};
    struct buf body = {0}, tx = {0};
    uint64_t total = (t->last - t->first) * t->each;
    t->ends = mem_calloc(total / BATCH + 1, sizeof *t->ends);
    for (uint64_t i = 0; i < total; i++) {
        buf_clear(&tx);
        sign_transfer(t, s, t->first + i % (t->last - t->first), i / (t->last - t->first), &arena,
                      &tx);
        arena_clear(&arena);
        buf_append_str(&body, i % BATCH == 0 ? "[" : ",");
        buf_printf(
            &body,
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"broadcast_tx_sync\",\"params\":{\"tx\":\"");
        enc_base64_append(&body, tx.data, tx.len);
        buf_append_str(&body, "\"}}");
        if (i % BATCH == BATCH - 1 || i == total - 1) {
            buf_append_byte(&body, ']');
            buf_printf(&t->requests, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n",
                       body.len);
            buf_append(&t->requests, body.data, body.len);
            t->ends[t->count++] = t->requests.len;
            buf_clear(&body);
        }
    }
    buf_deinit(&body);
    buf_deinit(&tx);
    arena_deinit(&arena);
    secp_free(s);
    return NULL;
}

static int dial(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static size_t count_text(const char *text, size_t len, const char *what)
{
    size_t count = 0, n = strlen(what);
    for (const char *at = text; (at = memmem(at, len - (size_t)(at - text), what, n)); at += n)
        count++;
    return count;
}

// Reads one HTTP response from `fd` through `in`, and counts what was accepted.
static void read_response(struct sender *t, int fd, struct buf *in)
{
    for (;;) {
        char *head = memmem(in->data, in->len, "\r\n\r\n", 4);
        char *length =
            head ? memmem(in->data, (size_t)(head - (char *)in->data), "Content-Length: ", 16)
                 : NULL;
        if (length) {
            size_t body = strtoul(length + 16, NULL, 10);
            size_t begin = (size_t)(head - (char *)in->data) + 4;
            if (in->len >= begin + body) {
                const char *text = (const char *)in->data + begin;
                t->accepted += count_text(text, body, "\"result\":{\"code\":0,");
                t->refused += count_text(text, body, "\"error\":") +
                              count_text(text, body, "\"result\":{") -
                              count_text(text, body, "\"result\":{\"code\":0,");
                memmove(in->data, in->data + begin + body, in->len - begin - body);
                in->len -= begin + body;
                return;
            }
        }
        ssize_t n = read(fd, buf_reserve(in, 65536), 65536);
        if (n <= 0)
            die("read");
        in->len += (size_t)n;
    }
}

static void *send_all(void *arg)
{
    struct sender *t = arg;
    struct buf in = {0};
    int fd = dial(t->port);
    size_t answered = 0;
    for (size_t i = 0; i < t->count; i++) {
        size_t begin = i ? t->ends[i - 1] : 0;
        for (size_t at = begin; at < t->ends[i];) {
            ssize_t n = write(fd, t->requests.data + at, t->ends[i] - at);
            if (n <= 0)
                die("write");
            at += (size_t)n;
        }
        if (i + 1 - answered >= WINDOW) {
            read_response(t, fd, &in);
            answered++;
        }
    }
    for (; answered < t->count; answered++)
        read_response(t, fd, &in);
    close(fd);
    buf_deinit(&in);
    return NULL;
}

static void run_threads(struct sender *threads, unsigned count, void *(*fn)(void *))
{
    for (unsigned i = 0; i < count; i++)
        if (pthread_create(&threads[i].thread, NULL, fn, &threads[i]) != 0)
            die("pthread_create");
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i].thread, NULL);
}

static int send_transfers(char **argv)
{
    enum { THREADS = 16 }; // as many connections: a server may put several on one thread
    struct sender threads[THREADS] = {0};
    uint64_t senders = strtoull(argv[3], NULL, 10);
    uint64_t skipped = argv[5] ? strtoull(argv[5], NULL, 10) : 0;
    for (unsigned i = 0; i < THREADS; i++)
        threads[i] = (struct sender){
            .chain_id = argv[1],
            .first_number = strtoull(argv[2], NULL, 10),
            .first = skipped + senders * i / THREADS,
            .last = skipped + senders * (i + 1) / THREADS,
            .each = strtoull(argv[4], NULL, 10),
            .port = (uint16_t)strtoul(argv[0], NULL, 10),
        };
    run_threads(threads, THREADS, prepare);
    fprintf(stderr, "signed\n");
    int64_t began = clock_realtime_ns();
    run_threads(threads, THREADS, send_all);
    int64_t ended = clock_realtime_ns();
    uint64_t accepted = 0, refused = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        accepted += threads[i].accepted;
        refused += threads[i].refused;
        buf_deinit(&threads[i].requests);
        free(threads[i].ends);
    }
    printf("{\"began_ns\":%" PRId64 ",\"ended_ns\":%" PRId64 ",\"accepted\":%" PRIu64
           ",\"refused\":%" PRIu64 "}\n",
           began, ended, accepted, refused);
    return refused ? 3 : 0;
}

static int addresses(uint64_t count)
{
    struct secp *s = secp_new(NULL);
    char text[ADDR_TEXT_MAX];
    for (uint64_t i = 0; i < count; i++) {
        address_of(s, i, text);
        puts(text);
    }
    secp_free(s);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "addresses") == 0)
        return addresses(strtoull(argv[2], NULL, 10));
    if (argc == 3 && strcmp(argv[1], "verify-limit") == 0)
        return verify_limit((int)strtol(argv[2], NULL, 10));
    if ((argc == 7 || argc == 8) && strcmp(argv[1], "send") == 0)
        return send_transfers(argv + 2);
    fprintf(stderr,
            "usage: bench_transfers addresses N | verify-limit SECONDS | send PORT CHAIN_ID "
            "FIRST_ACCOUNT_NUMBER SENDERS EACH [FIRST_SENDER]\n");
    return 2;
}
