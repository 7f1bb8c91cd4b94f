#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/enc.h"
#include "base/fs.h"
#include "seid/engine/privval.h"
#include "wire/crypto/ed25519.h"

#define CHAIN "sei-test-1"

static const uint8_t seed[32] = {7, 7, 7};

static struct privval_vote vote_of(int64_t height, int32_t round, enum privval_step step,
                                   uint8_t block, int64_t time_ns)
{
    struct privval_vote vote = {.step = step, .height = height, .round = round, .time_ns = time_ns};
    vote.block_id.present = block != 0;
    vote.block_id.parts_total = 1;
    memset(vote.block_id.hash, block, 32);
    memset(vote.block_id.parts_hash, block, 32);
    return vote;
}

struct home {
    char dir[64], key[96], state[96];
};

static void home_init(struct home *h)
{
    struct privval_key key;
    struct privval_state state = {0};
    snprintf(h->dir, sizeof h->dir, "/tmp/test_privval.XXXXXX");
    assert_non_null(mkdtemp(h->dir));
    snprintf(h->key, sizeof h->key, "%s/key.json", h->dir);
    snprintf(h->state, sizeof h->state, "%s/state.json", h->dir);
    assert_int_equal(privval_key_from_seed(seed, &key, NULL), 0);
    assert_int_equal(privval_key_save(h->key, &key, NULL), 0);
    assert_int_equal(privval_state_save(h->state, &state, NULL), 0);
}

static void home_deinit(struct home *h)
{
    unlink(h->key);
    unlink(h->state);
    assert_int_equal(rmdir(h->dir), 0); // nothing else was left behind
}

static void write_text(const char *path, const char *text)
{
    assert_int_equal(fs_write_atomic(path, text, strlen(text), 0600, NULL), 0);
}

static void test_key_files_round_trip(void **state)
{
    struct home h;
    home_init(&h);
    struct privval_key made, loaded;
    assert_int_equal(privval_key_generate(&made, NULL), 0);
    assert_int_equal(privval_key_save(h.key, &made, NULL), 0);
    assert_int_equal(privval_key_load(h.key, &loaded, NULL), 0);
    assert_memory_equal(&made, &loaded, sizeof made);
    struct stat st;
    assert_int_equal(stat(h.key, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(node_key_save(h.key, &made, NULL), 0);
    assert_int_equal(node_key_load(h.key, &loaded, NULL), 0);
    assert_memory_equal(&made, &loaded, sizeof made);
    char id[NODE_ID_CHARS + 1];
    node_key_id(&made, id);
    assert_int_equal(strlen(id), 40);
    home_deinit(&h);
}

// The shape CometBFT writes and reads.
static void test_key_file_bytes(void **state)
{
    struct home h;
    home_init(&h);
    CLEANUP_BUF struct buf text = {0};
    assert_int_equal(fs_read(h.key, 4096, &text, NULL), 0);
    assert_non_null(strstr(buf_cstr(&text), "{\n  \"address\": \""));
    assert_non_null(strstr(buf_cstr(&text), "\n  \"pub_key\": {\n    \"type\": "
                                            "\"tendermint/PubKeyEd25519\",\n    \"value\": \""));
    assert_non_null(strstr(buf_cstr(&text), "\n  \"priv_key\": {\n    \"type\": "
                                            "\"tendermint/PrivKeyEd25519\",\n    \"value\": \""));
    home_deinit(&h);
}

static void test_broken_key_files(void **state)
{
    struct home h;
    home_init(&h);
    CLEANUP_BUF struct buf good = {0};
    assert_int_equal(fs_read(h.key, 4096, &good, NULL), 0);
    struct privval_key key;
    struct err e;
    // Every prefix is refused.
    for (size_t len = 0; len < good.len; len++)
        assert_int_equal(privval_key_parse((const char *)good.data, len, &key, &e), -EINVAL);
    // A changed character anywhere never gives another key.
    struct privval_key want;
    assert_int_equal(privval_key_parse((const char *)good.data, good.len, &want, &e), 0);
    for (size_t i = 0; i < good.len; i++) {
        uint8_t kept = good.data[i];
        good.data[i] = kept == 'A' ? 'B' : 'A';
        memset(&key, 0, sizeof key);
        if (privval_key_parse((const char *)good.data, good.len, &key, &e) == 0)
            assert_memory_equal(key.address, want.address, sizeof key.address);
        good.data[i] = kept;
    }
    assert_int_equal(privval_key_load("/nonexistent", &key, &e), -ENOENT);
    home_deinit(&h);
}

static void test_state_file_bytes(void **state)
{
    struct privval_state s = {.height = 12, .round = 1, .step = 3, .has_signature = true};
    memset(s.signature, 0xff, sizeof s.signature);
    s.sign_bytes_len = 2;
    s.sign_bytes[0] = 0xab;
    CLEANUP_BUF struct buf text = {0};
    privval_state_encode(&s, &text);
    assert_string_equal(buf_cstr(&text),
                        "{\n  \"height\": \"12\",\n  \"round\": 1,\n  \"step\": 3,\n"
                        "  \"signature\": \"/////////////////////////////////////////////////////"
                        "////////////////////////////////w==\",\n  \"signbytes\": \"AB00\"\n}");
    struct privval_state back;
    assert_int_equal(privval_state_parse((const char *)text.data, text.len, &back, NULL), 0);
    assert_memory_equal(&s, &back, sizeof s);
}

static void test_broken_state_files_are_refused_and_kept(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "{",
        "[]",
        "null",
        "{}",
        "{\"height\":\"1\",\"round\":0}",
        "{\"height\":1,\"round\":0,\"step\":0}",
        "{\"height\":\"-1\",\"round\":0,\"step\":0}",
        "{\"height\":\"9223372036854775808\",\"round\":0,\"step\":0}",
        "{\"height\":\" 1\",\"round\":0,\"step\":0}",
        "{\"height\":\"+1\",\"round\":0,\"step\":0}",
        "{\"height\":\"1x\",\"round\":0,\"step\":0}",
        "{\"height\":\"\",\"round\":0,\"step\":0}",
        "{\"height\":\"1\",\"round\":\"0\",\"step\":0}",
        "{\"height\":\"1\",\"round\":-1,\"step\":0}",
        "{\"height\":\"1\",\"round\":2147483648,\"step\":0}",
        "{\"height\":\"1\",\"round\":0.5,\"step\":0}",
        "{\"height\":\"1\",\"round\":0,\"step\":4}",
        "{\"height\":\"1\",\"round\":0,\"step\":-1}",
        "{\"height\":\"1\",\"height\":\"2\",\"round\":0,\"step\":0}",
        "{\"height\":\"1\",\"round\":0,\"step\":3,\"signature\":\"AAAA\"}",
        "{\"height\":\"1\",\"round\":0,\"step\":3,\"signbytes\":\"AA\"}",
        "{\"height\":\"1\",\"round\":0,\"step\":3,\"signature\":\"AAAA\",\"signbytes\":\"AA\"}",
        "{\"height\":\"1\",\"round\":0,\"step\":0} trailing",
    };
    struct home h;
    home_init(&h);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct err e = {0};
        struct privval *p = NULL;
        write_text(h.state, texts[i]);
        assert_int_equal(privval_open(h.key, h.state, &p, &e), -EINVAL);
        assert_non_null(strstr(e.text, "cannot be trusted"));
        CLEANUP_BUF struct buf kept = {0};
        assert_int_equal(fs_read(h.state, 4096, &kept, NULL), 0);
        assert_string_equal(buf_cstr(&kept), texts[i]);
    }
    unlink(h.state);
    struct privval *p = NULL;
    assert_int_equal(privval_open(h.key, h.state, &p, NULL), -ENOENT);
    home_deinit(&h);
}

// ---- the rule, over the whole of a small domain, against a second way of saying it

struct case_vote {
    int64_t height;
    int32_t round;
    enum privval_step step;
    uint8_t block;
    int64_t time_ns;
};

static enum privval_verdict oracle(const struct case_vote *last, bool has_signature,
                                   const struct case_vote *next)
{
    if (next->height != last->height)
        return next->height > last->height ? PRIVVAL_SIGN : PRIVVAL_HEIGHT_REGRESSION;
    if (next->round != last->round)
        return next->round > last->round ? PRIVVAL_SIGN : PRIVVAL_ROUND_REGRESSION;
    if (next->step != last->step)
        return next->step > last->step ? PRIVVAL_SIGN : PRIVVAL_STEP_REGRESSION;
    if (!has_signature)
        return PRIVVAL_NO_SIGN_BYTES;
    return next->block == last->block ? PRIVVAL_REUSE : PRIVVAL_CONFLICTING_DATA;
}

static void for_each_vote(void (*fn)(const struct case_vote *v, void *ctx), void *ctx)
{
    for (int64_t height = 4; height <= 6; height++)
        for (int32_t round = 0; round <= 2; round++)
            for (int step = PRIVVAL_STEP_PREVOTE; step <= PRIVVAL_STEP_PRECOMMIT; step++)
                for (uint8_t block = 0; block <= 2; block++)
                    for (int64_t time = 0; time <= 2; time++) {
                        struct case_vote v = {height, round, (enum privval_step)step, block,
                                              time * 1500000000};
                        fn(&v, ctx);
                    }
}

struct walk {
    struct privval_state state;
    struct case_vote last;
    size_t seen;
};

static void check_pair(const struct case_vote *v, void *ctx)
{
    struct walk *w = ctx;
    struct privval_vote vote = vote_of(v->height, v->round, v->step, v->block, v->time_ns);
    int64_t time_ns = -1;
    enum privval_verdict want = oracle(&w->last, w->state.has_signature, v);
    assert_int_equal(privval_decide(&w->state, &vote, CHAIN, &time_ns), want);
    if (want == PRIVVAL_SIGN)
        assert_int_equal(time_ns, v->time_ns);
    else if (want == PRIVVAL_REUSE)
        assert_int_equal(time_ns, w->last.time_ns);
    else
        assert_int_equal(time_ns, -1);
    if (want == PRIVVAL_REUSE) // the same block on another chain is other data
        assert_int_equal(privval_decide(&w->state, &vote, "other", &time_ns),
                         PRIVVAL_CONFLICTING_DATA);
    w->seen++;
}

static void check_from(const struct case_vote *v, void *ctx)
{
    struct home *h = ctx;
    struct privval_state zero = {0};
    struct privval *p = NULL;
    uint8_t sig[PRIVVAL_SIG_BYTES];
    int64_t time_ns;
    assert_int_equal(privval_state_save(h->state, &zero, NULL), 0);
    assert_int_equal(privval_open(h->key, h->state, &p, NULL), 0);
    struct privval_vote vote = vote_of(v->height, v->round, v->step, v->block, v->time_ns);
    assert_int_equal(privval_sign_vote(p, CHAIN, &vote, sig, &time_ns, NULL), 0);
    struct walk w = {.state = *privval_last(p), .last = *v};
    for_each_vote(check_pair, &w);
    w.state.has_signature = false;
    for_each_vote(check_pair, &w);
    assert_int_equal(w.seen, 2 * 3 * 3 * 2 * 3 * 3);
    privval_free(p);
}

static void test_rule_exhaustively(void **state)
{
    struct home h;
    home_init(&h);
    for_each_vote(check_from, &h);
    home_deinit(&h);
}

static void test_signature_verifies_and_survives_a_restart(void **state)
{
    struct home h;
    home_init(&h);
    struct privval *p = NULL;
    uint8_t first[PRIVVAL_SIG_BYTES], again[PRIVVAL_SIG_BYTES];
    int64_t time_ns;
    assert_int_equal(privval_open(h.key, h.state, &p, NULL), 0);
    struct privval_vote vote = vote_of(5, 0, PRIVVAL_STEP_PRECOMMIT, 9, 1767323045678000000);
    assert_int_equal(privval_sign_vote(p, CHAIN, &vote, first, &time_ns, NULL), 0);
    assert_int_equal(time_ns, vote.time_ns);
    CLEANUP_ED25519 struct ed25519 *pub = ed25519_from_public(privval_key(p)->pub);
    const struct privval_state *last = privval_last(p);
    assert_int_equal(ed25519_verify(pub, last->sign_bytes, last->sign_bytes_len, first), 0);
    privval_free(p);

    // After a restart, at a later time: the same signature, the same timestamp.
    assert_int_equal(privval_open(h.key, h.state, &p, NULL), 0);
    vote.time_ns += 12345;
    assert_int_equal(privval_sign_vote(p, CHAIN, &vote, again, &time_ns, NULL), 0);
    assert_memory_equal(first, again, sizeof first);
    assert_int_equal(time_ns, 1767323045678000000);
    // Another block at this height is refused and nothing is written.
    struct privval_vote other = vote_of(5, 0, PRIVVAL_STEP_PRECOMMIT, 8, vote.time_ns);
    struct err e = {0};
    assert_int_equal(privval_sign_vote(p, CHAIN, &other, again, &time_ns, &e), -EPERM);
    assert_non_null(strstr(e.text, "conflicting data"));
    privval_free(p);
    home_deinit(&h);
}

// Canonical precommit, written out by hand from the message's definition.
static void test_sign_bytes_vector(void **state)
{
    struct home h;
    home_init(&h);
    struct privval *p = NULL;
    uint8_t sig[PRIVVAL_SIG_BYTES];
    int64_t time_ns;
    assert_int_equal(privval_open(h.key, h.state, &p, NULL), 0);
    struct privval_vote vote = vote_of(3, 0, PRIVVAL_STEP_PRECOMMIT, 0, 5000000007);
    assert_int_equal(privval_sign_vote(p, "c", &vote, sig, &time_ns, NULL), 0);
    // 08 02 type, 11 height, 2a timestamp {5 s, 7 ns}, 32 chain id; round 0 is left out
    static const char want[] = "140802110300000000000000"
                               "2a0408051007"
                               "320163";
    char got[2 * PRIVVAL_SIGN_BYTES_MAX + 1];
    enc_hex_lower(privval_last(p)->sign_bytes, privval_last(p)->sign_bytes_len, got);
    assert_string_equal(got, want);
    privval_free(p);
    home_deinit(&h);
}

static void test_no_signature_leaves_when_the_state_cannot_be_written(void **state)
{
    struct home h;
    home_init(&h);
    struct privval *p = NULL;
    assert_int_equal(privval_open(h.key, h.state, &p, NULL), 0);
    unlink(h.key);
    unlink(h.state);
    assert_int_equal(rmdir(h.dir), 0);
    uint8_t sig[PRIVVAL_SIG_BYTES] = {0}, zero[PRIVVAL_SIG_BYTES] = {0};
    int64_t time_ns;
    struct privval_vote vote = vote_of(5, 0, PRIVVAL_STEP_PRECOMMIT, 9, 1);
    struct err e = {0};
    assert_true(privval_sign_vote(p, CHAIN, &vote, sig, &time_ns, &e) < 0);
    assert_memory_equal(sig, zero, sizeof sig);
    assert_int_equal(privval_last(p)->height, 0);
    privval_free(p);
}

// A child signs heights as fast as it can and says which it signed; it is killed at some instant.
// Whatever it said must be in the file, and the file must be whole.
static void test_kill_9(void **state)
{
    struct home h;
    home_init(&h);
    int64_t said = 0;
    for (int round = 0; round < 15; round++) {
        int pipe_fd[2];
        assert_int_equal(pipe(pipe_fd), 0);
        pid_t child = fork();
        if (child == 0) {
            struct privval *p = NULL;
            if (privval_open(h.key, h.state, &p, NULL) < 0)
                _exit(1);
            for (int64_t height = privval_last(p)->height + 1;; height++) {
                uint8_t sig[PRIVVAL_SIG_BYTES];
                int64_t time_ns;
                struct privval_vote vote = vote_of(height, 0, PRIVVAL_STEP_PRECOMMIT, 1, height);
                if (privval_sign_vote(p, CHAIN, &vote, sig, &time_ns, NULL) < 0 ||
                    write(pipe_fd[1], &height, sizeof height) != sizeof height)
                    _exit(1);
            }
        }
        close(pipe_fd[1]);
        int64_t height;
        for (int i = 0; i < 3 + round; i++) {
            assert_int_equal(read(pipe_fd[0], &height, sizeof height), sizeof height);
            said = height;
        }
        usleep((useconds_t)(round * 137));
        kill(child, SIGKILL);
        while (read(pipe_fd[0], &height, sizeof height) == sizeof height)
            said = height;
        close(pipe_fd[0]);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        struct privval_state last;
        assert_int_equal(privval_state_load(h.state, &last, NULL), 0);
        assert_true(last.height >= said);
        assert_true(last.height <= said + 1);
    }
    char command[128];
    snprintf(command, sizeof command, "rm -f %s/*.tmp.*", h.dir);
    assert_int_equal(system(command), 0);
    home_deinit(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_files_round_trip),
        cmocka_unit_test(test_key_file_bytes),
        cmocka_unit_test(test_broken_key_files),
        cmocka_unit_test(test_state_file_bytes),
        cmocka_unit_test(test_broken_state_files_are_refused_and_kept),
        cmocka_unit_test(test_rule_exhaustively),
        cmocka_unit_test(test_signature_verifies_and_survives_a_restart),
        cmocka_unit_test(test_sign_bytes_vector),
        cmocka_unit_test(test_no_signature_leaves_when_the_state_cannot_be_written),
        cmocka_unit_test(test_kill_9),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
