// Measures the store alone: blocks of 1,000 transfers on a small and on a large state. Prints one
// JSON object a line: {"name":...,"value":...,"unit":...}. Usage: bench_store [FOLDER [BLOCKS]]
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "seid/store/kv_overlay.h"
#include "seid/store/smt_hash.h"
#include "seid/store/store.h"
#include "seid/store/store_internal.h"
#include "seid/store/test_random.h"

enum { TRANSFERS = 1000, HOT = 1000, ACCOUNT_BYTES = 96, KEY_BYTES = 32 };

static void report(const char *name, const char *what, double value, const char *unit)
{
    printf("{\"name\":\"store_%s_%s\",\"value\":%.3f,\"unit\":\"%s\"}\n", name, what, value, unit);
    fflush(stdout);
}

static void check(int result, const struct err *e)
{
    if (result == 0)
        return;
    fprintf(stderr, "bench_store: %d %s\n", result, e->text);
    exit(1);
}

static double ms_since(int64_t start)
{
    return (double)(clock_monotonic_ns() - start) / 1e6;
}

static double anonymous_mb(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long kb = 0;
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "RssAnon:", 8) == 0)
            kb = strtol(line + 8, NULL, 10);
    if (file)
        fclose(file);
    return (double)kb / 1024;
}

// 'a' account, 'b' balance; 20 pseudo-random bytes as an address has.
static struct slice key_of(char table, uint32_t account, uint8_t room[KEY_BYTES])
{
    uint8_t hash[32];
    smt_hash_bytes(slice_of(&account, sizeof account), hash);
    room[0] = (uint8_t)table;
    memcpy(room + 1, hash, 20);
    static const uint8_t denom[4] = {'u', 's', 'e', 'i'};
    memcpy(room + 21, denom, sizeof denom);
    return slice_of(room, table == 'b' ? 25 : 21);
}

static struct store *open_store(const char *path)
{
    struct store *s;
    struct err e;
    check(store_open(&(struct store_config){.path = path, .history_blocks = 100}, &s, NULL, &e),
          &e);
    return s;
}

static int compare_changes(const void *a, const void *b)
{
    return slice_cmp(((const struct kv_change *)a)->key, ((const struct kv_change *)b)->key);
}

static void genesis(struct store *s, size_t accounts)
{
    struct arena arena = {0};
    struct kv_change *changes = mem_calloc(2 * accounts, sizeof *changes);
    uint8_t value[ACCOUNT_BYTES] = {1}, room[KEY_BYTES], hash[32];
    for (size_t i = 0; i < accounts; i++) {
        changes[2 * i].key = arena_slice(&arena, key_of('a', (uint32_t)i, room));
        changes[2 * i].value = slice_of(value, ACCOUNT_BYTES);
        changes[2 * i + 1].key = arena_slice(&arena, key_of('b', (uint32_t)i, room));
        changes[2 * i + 1].value = slice_of(value, 8);
    }
    qsort(changes, 2 * accounts, sizeof *changes, compare_changes);
    struct store_batch *b;
    struct err e;
    check(store_batch_begin(s, &b, &e), &e);
    check(store_batch_state(b, 0, changes, 2 * accounts, hash, &e), &e);
    check(store_batch_commit(b, &e), &e);
    free(changes);
    arena_deinit(&arena);
}

static void transfer(struct kv *kv, uint32_t from, uint32_t to, struct test_random *r)
{
    uint8_t room[KEY_BYTES], account[ACCOUNT_BYTES] = {0};
    uint64_t amount = test_random_next(r);
    struct slice value;
    if (!kv_get(kv, key_of('a', from, room), &value))
        exit(1);
    memcpy(account, value.data, ACCOUNT_BYTES);
    memcpy(account, &amount, sizeof amount);
    kv_set(kv, key_of('a', from, room), slice_of(account, sizeof account));
    for (int side = 0; side < 2; side++) {
        struct slice key = key_of('b', side ? to : from, room);
        if (!kv_get(kv, key, &value))
            exit(1);
        amount++;
        kv_set(kv, key, slice_of(&amount, sizeof amount));
    }
}

struct sample {
    double total, execute, state;
};

static int compare_samples(const void *a, const void *b)
{
    double x = ((const struct sample *)a)->total, y = ((const struct sample *)b)->total;
    return (x > y) - (x < y);
}

static size_t block(struct store *s, struct kv_overlay *o, uint32_t accounts, uint32_t hot,
                    struct test_random *r, struct sample *ret)
{
    struct store_snapshot *snap;
    struct store_batch *b;
    struct err e;
    uint8_t hash[32];
    const struct kv_change *changes;
    int64_t start = clock_monotonic_ns();
    check(store_snapshot_open(s, &snap, &e), &e);
    kv_overlay_reset(o, store_snapshot_state(snap));
    for (int i = 0; i < TRANSFERS; i++) {
        uint32_t from = test_random_below(r, hot), to = test_random_below(r, hot);
        transfer(&o->kv, from * (accounts / hot), to * (accounts / hot), r);
    }
    size_t count = kv_overlay_changes(o, &changes);
    ret->execute = ms_since(start);
    check(store_batch_begin(s, &b, &e), &e);
    check(store_batch_state(b, store_height(s) + 1, changes, count, hash, &e), &e);
    ret->state = ms_since(start) - ret->execute;
    check(store_batch_commit(b, &e), &e);
    kv_overlay_discard(o);
    store_snapshot_close(snap);
    ret->total = ms_since(start);
    return count;
}

static void blocks(struct store *s, const char *name, uint32_t accounts, uint32_t hot, int count)
{
    struct kv_overlay o;
    struct store_snapshot *snap;
    struct err e;
    struct test_random r = {42};
    struct sample *samples = mem_calloc((size_t)count, sizeof *samples), sum = {0}, warm;
    uint64_t hashes = s->smt.hashes;
    size_t changes = 0;
    check(store_snapshot_open(s, &snap, &e), &e);
    kv_overlay_init(&o, store_snapshot_state(snap));
    store_snapshot_close(snap);
    for (int i = 0; i < 3; i++)
        block(s, &o, accounts, hot, &r, &warm);
    hashes = s->smt.hashes;
    int64_t cpu = clock_thread_cpu_ns();
    for (int i = 0; i < count; i++) {
        changes += block(s, &o, accounts, hot, &r, &samples[i]);
        sum.total += samples[i].total;
        sum.execute += samples[i].execute;
        sum.state += samples[i].state;
    }
    cpu = clock_thread_cpu_ns() - cpu;
    qsort(samples, (size_t)count, sizeof *samples, compare_samples);
    report(name, "block_mean", sum.total / count, "ms");
    report(name, "block_p50", samples[count / 2].total, "ms");
    report(name, "block_p99", samples[count * 99 / 100].total, "ms");
    report(name, "block_max", samples[count - 1].total, "ms");
    report(name, "block_cpu_mean", (double)cpu / 1e6 / count, "ms");
    report(name, "execute_mean", sum.execute / count, "ms");
    report(name, "state_mean", sum.state / count, "ms");
    report(name, "changes", (double)changes / count, "count");
    report(name, "hashes_per_change", (double)(s->smt.hashes - hashes) / (double)changes, "count");
    report(name, "anonymous", anonymous_mb(), "MB");
    kv_overlay_deinit(&o);
    free(samples);
}

// ---- phases, each in a process of its own, so that its memory is its own

struct phase {
    const char *path, *name;
    uint32_t accounts;
    int blocks;
};

static void phase_genesis(const struct phase *p)
{
    struct store *s = open_store(p->path);
    int64_t start = clock_monotonic_ns();
    genesis(s, p->accounts);
    report(p->name, "genesis", ms_since(start), "ms");
    report(p->name, "genesis_anonymous", anonymous_mb(), "MB");
    store_close(s);
}

// What a node pays that only opens the store.
static void phase_open(const struct phase *p)
{
    double before = anonymous_mb();
    int64_t start = clock_monotonic_ns();
    struct store *s = open_store(p->path);
    report(p->name, "open", ms_since(start), "ms");
    report(p->name, "open_anonymous", anonymous_mb() - before, "MB");
    store_close(s);
}

static void phase_hot(const struct phase *p)
{
    struct store *s = open_store(p->path);
    blocks(s, p->name, p->accounts, HOT, p->blocks);
    store_close(s);
}

static void phase_spread(const struct phase *p)
{
    struct store *s = open_store(p->path);
    blocks(s, p->name, p->accounts, p->accounts, p->blocks);
    store_close(s);
}

static const struct {
    const char *name;
    void (*run)(const struct phase *p);
} phases[] = {
    {"genesis", phase_genesis},
    {"open", phase_open},
    {"hot", phase_hot},
    {"spread", phase_spread},
};

static void in_process(const char *phase, const struct phase *p)
{
    char command[600];
    snprintf(command, sizeof command, "/proc/%d/exe --phase %s '%s' '%s' %u %d", getpid(), phase,
             p->path, p->name, p->accounts, p->blocks);
    if (system(command) != 0)
        exit(1);
}

static int run_phase(char **args)
{
    struct phase p = {.path = args[1],
                      .name = args[2],
                      .accounts = (uint32_t)strtoul(args[3], NULL, 10),
                      .blocks = (int)strtol(args[4], NULL, 10)};
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
        if (strcmp(args[0], phases[i].name) == 0)
            phases[i].run(&p);
    return 0;
}

static void run(const char *folder, uint32_t accounts, int count)
{
    char path[256], name[64], spread[80], after[300];
    struct stat st;
    snprintf(path, sizeof path, "%s/%u", folder, accounts);
    snprintf(name, sizeof name, "%u", accounts);
    snprintf(spread, sizeof spread, "%s_spread", name);
    snprintf(after, sizeof after, "%s_after_blocks", name);
    in_process("genesis", &(struct phase){path, name, accounts, 0});
    in_process("open", &(struct phase){path, name, accounts, 0});
    in_process("hot", &(struct phase){path, name, accounts, count});
    in_process("open", &(struct phase){path, after, accounts, 0});
    if (accounts > HOT)
        in_process("spread", &(struct phase){path, spread, accounts, count / 10 + 1});
    snprintf(after, sizeof after, "%s/data.mdb", path);
    if (stat(after, &st) == 0)
        report(name, "file", (double)st.st_blocks * 512 / 1048576, "MB");
}

int main(int argc, char **argv)
{
    char folder[200] = "/tmp/bench_store.XXXXXX", command[256];
    if (argc == 7 && strcmp(argv[1], "--phase") == 0)
        return run_phase(argv + 2);
    bool own = argc < 2;
    if (own ? !mkdtemp(folder) : strlen(argv[1]) >= sizeof folder)
        return 1;
    if (!own)
        snprintf(folder, sizeof folder, "%s", argv[1]);
    int count = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 300;
    run(folder, 1000, count);
    run(folder, 1000000, count);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return own ? system(command) != 0 : 0;
}
