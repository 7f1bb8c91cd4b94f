#include "seid/engine/mempool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/mem.h"
#include "seid/store/kv_overlay.h"

// ---- a table of hashes, chained; nodes are embedded in what they find

struct hash_node {
    struct hash_node *chain;
    uint8_t hash[32];
};

struct hash_table {
    struct hash_node **buckets;
    unsigned shift; // 64 - log2(buckets)
    uint64_t seed;  // random, so that no sender can choose collisions
};

static void table_init(struct hash_table *t, size_t capacity)
{
    unsigned bits = 4;
    while (bits < 24 && ((size_t)1 << bits) < capacity * 2)
        bits++;
    t->buckets = mem_calloc((size_t)1 << bits, sizeof(void *));
    t->shift = 64 - bits;
    if (getrandom(&t->seed, sizeof t->seed, 0) != (ssize_t)sizeof t->seed)
        t->seed = 0x9e3779b97f4a7c15;
    t->seed |= 1;
}

static struct hash_node **table_slot(const struct hash_table *t, const uint8_t hash[32])
{
    uint64_t word;
    memcpy(&word, hash, sizeof word);
    struct hash_node **slot = &t->buckets[(word * t->seed) >> t->shift];
    while (*slot && memcmp((*slot)->hash, hash, 32) != 0)
        slot = &(*slot)->chain;
    return slot;
}

static void table_insert(struct hash_table *t, struct hash_node *node)
{
    struct hash_node **slot = table_slot(t, node->hash);
    node->chain = *slot;
    *slot = node;
}

static struct hash_node *table_remove(struct hash_table *t, const uint8_t hash[32])
{
    struct hash_node **slot = table_slot(t, hash);
    struct hash_node *node = *slot;
    if (node)
        *slot = node->chain;
    return node;
}

// ---- the cache of seen hashes: the least recently seen goes first

struct seen {
    struct hash_node node; // first
    struct seen *newer, *older;
};

struct cache {
    struct hash_table table;
    struct seen *newest, *oldest;
    size_t count, capacity;
};

static void cache_unlink(struct cache *c, struct seen *s)
{
    *(s->newer ? &s->newer->older : &c->newest) = s->older;
    *(s->older ? &s->older->newer : &c->oldest) = s->newer;
    s->newer = s->older = NULL;
}

static void cache_link(struct cache *c, struct seen *s)
{
    s->older = c->newest;
    *(c->newest ? &c->newest->newer : &c->oldest) = s;
    c->newest = s;
}

static void cache_remove(struct cache *c, const uint8_t hash[32])
{
    struct seen *s = (struct seen *)table_remove(&c->table, hash);
    if (!s)
        return;
    cache_unlink(c, s);
    c->count--;
    free(s);
}

// False when it was there already; it is the newest now in either case.
static bool cache_push(struct cache *c, const uint8_t hash[32])
{
    if (c->capacity == 0)
        return true;
    struct seen *s = (struct seen *)*table_slot(&c->table, hash);
    if (s) {
        cache_unlink(c, s);
        cache_link(c, s);
        return false;
    }
    if (c->count == c->capacity)
        cache_remove(c, c->oldest->node.hash);
    s = mem_zalloc(sizeof *s);
    memcpy(s->node.hash, hash, 32);
    table_insert(&c->table, &s->node);
    cache_link(c, s);
    c->count++;
    return true;
}

static void cache_clear(struct cache *c)
{
    while (c->oldest)
        cache_remove(c, c->oldest->node.hash);
}

// ---- the mempool

struct pending {
    struct hash_node node; // first
    struct pending *next, *prev;
    int64_t gas_wanted;
    size_t len;
    uint8_t tx[];
};

struct mempool {
    struct mempool_config config;
    struct mempool_app app;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool woken;
    char *closed; // text of the refusal; null while open

    struct pending *first, *last;
    size_t count;
    int64_t bytes;
    struct hash_table table;
    struct cache cache;

    struct kv_overlay check_state;
    bool has_base;
    struct app_block next;
};

struct mempool *mempool_new(const struct mempool_config *config, const struct mempool_app *app)
{
    struct mempool *m = mem_zalloc(sizeof *m);
    m->config = *config;
    m->app = *app;
    pthread_mutex_init(&m->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&m->changed, &attr);
    pthread_condattr_destroy(&attr);
    table_init(&m->table, config->size);
    table_init(&m->cache.table, config->cache_size);
    m->cache.capacity = config->cache_size;
    return m;
}

static void unlink_pending(struct mempool *m, struct pending *p)
{
    *(p->prev ? &p->prev->next : &m->first) = p->next;
    *(p->next ? &p->next->prev : &m->last) = p->prev;
    m->count--;
    m->bytes -= (int64_t)p->len;
}

static void drop(struct mempool *m, struct pending *p)
{
    table_remove(&m->table, p->node.hash);
    unlink_pending(m, p);
    free(p);
}

void mempool_free(struct mempool *m)
{
    if (!m)
        return;
    while (m->first)
        drop(m, m->first);
    cache_clear(&m->cache);
    free(m->table.buckets);
    free(m->cache.table.buckets);
    if (m->has_base)
        kv_overlay_deinit(&m->check_state);
    pthread_cond_destroy(&m->changed);
    pthread_mutex_destroy(&m->lock);
    free(m->closed);
    free(m);
}

static void append(struct mempool *m, struct slice tx, const uint8_t hash[32], int64_t gas_wanted)
{
    struct pending *p = mem_alloc(sizeof *p + tx.len);
    memset(p, 0, sizeof *p);
    memcpy(p->node.hash, hash, 32);
    memcpy(p->tx, tx.data, tx.len);
    p->len = tx.len;
    p->gas_wanted = gas_wanted;
    p->prev = m->last;
    *(m->last ? &m->last->next : &m->first) = p;
    m->last = p;
    table_insert(&m->table, &p->node);
    m->count++;
    m->bytes += (int64_t)tx.len;
    pthread_cond_signal(&m->changed);
}

// The refusals that need no check, in CometBFT's order.
static int admit(struct mempool *m, struct slice tx, const uint8_t hash[32], struct arena *arena,
                 const char **ret_text)
{
    if (m->closed || !m->has_base) {
        *ret_text =
            m->closed ? arena_strndup(arena, m->closed, strlen(m->closed)) : "the node is starting";
        return MEMPOOL_CLOSED;
    }
    if (m->count >= m->config.size || m->bytes + (int64_t)tx.len > m->config.max_txs_bytes) {
        *ret_text = arena_printf(arena,
                                 "mempool is full: number of txs %zu (max: %zu), total txs bytes "
                                 "%lld (max: %lld)",
                                 m->count, m->config.size, (long long)m->bytes,
                                 (long long)m->config.max_txs_bytes);
        return MEMPOOL_FULL;
    }
    if (tx.len > m->config.max_tx_bytes) {
        *ret_text = arena_printf(arena, "Tx too large. Max size is %zu, but got %zu",
                                 m->config.max_tx_bytes, tx.len);
        return MEMPOOL_TOO_LARGE;
    }
    // A transaction can leave the cache while it still waits: that is a duplicate all the same.
    if (!cache_push(&m->cache, hash) || *table_slot(&m->table, hash)) {
        *ret_text = "tx already exists in cache";
        return MEMPOOL_IN_CACHE;
    }
    return 0;
}

static void run_check(struct mempool *m, struct kv *state, struct slice tx,
                      const struct app_decoded *decoded, enum app_check_mode mode,
                      struct arena *arena, struct app_check_result *ret)
{
    memset(ret, 0, sizeof *ret);
    m->app.check(m->app.ctx, state, &m->next, tx, decoded, mode, arena, ret);
    if (ret->code == 0 && m->config.max_block_gas >= 0 &&
        ret->gas_wanted > m->config.max_block_gas) {
        ret->code = 41;
        ret->codespace = "sdk";
        ret->log =
            arena_printf(arena, "tx gas limit %lld exceeds block max gas %lld: invalid gas limit",
                         (long long)ret->gas_wanted, (long long)m->config.max_block_gas);
    }
}

int mempool_check(struct mempool *m, struct slice tx, const uint8_t hash[32],
                  const struct app_decoded *decoded, struct arena *arena,
                  struct app_check_result *ret, const char **ret_text)
{
    pthread_mutex_lock(&m->lock);
    int refusal = admit(m, tx, hash, arena, ret_text);
    if (refusal == 0) {
        run_check(m, &m->check_state.kv, tx, decoded, APP_CHECK_NEW, arena, ret);
        if (ret->code == 0)
            append(m, tx, hash, ret->gas_wanted);
        else if (!m->config.keep_invalid_txs_in_cache)
            cache_remove(&m->cache, hash);
    }
    pthread_mutex_unlock(&m->lock);
    return refusal;
}

void mempool_probe(struct mempool *m, struct slice tx, struct arena *arena,
                   struct app_check_result *ret)
{
    pthread_mutex_lock(&m->lock);
    if (m->has_base) {
        struct kv_overlay probe;
        kv_overlay_init(&probe, &m->check_state.kv);
        run_check(m, &probe.kv, tx, NULL, APP_CHECK_NEW, arena, ret);
        kv_overlay_deinit(&probe);
    } else {
        *ret =
            (struct app_check_result){.code = 1, .codespace = "sdk", .log = "the node is starting"};
    }
    pthread_mutex_unlock(&m->lock);
}

void mempool_close(struct mempool *m, const char *text)
{
    pthread_mutex_lock(&m->lock);
    free(m->closed);
    m->closed = mem_strdup(text);
    m->woken = true;
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->lock);
}

static size_t varint_len(size_t value)
{
    size_t n = 1;
    for (; value >= 128; value >>= 7)
        n++;
    return n;
}

static size_t count_fitting(const struct mempool *m, int64_t max_bytes, int64_t max_gas)
{
    size_t count = 0;
    int64_t bytes = 0, gas = 0;
    for (const struct pending *p = m->first; p; p = p->next) {
        bytes += (int64_t)(1 + varint_len(p->len) + p->len);
        if (bytes > max_bytes || (max_gas >= 0 && p->gas_wanted > max_gas - gas))
            break;
        gas += p->gas_wanted;
        count++;
    }
    return count;
}

void mempool_reap(struct mempool *m, int64_t max_bytes, int64_t max_gas, struct arena *arena,
                  struct slice **ret_txs, uint8_t (**ret_hashes)[32], size_t *ret_count)
{
    pthread_mutex_lock(&m->lock);
    size_t count = count_fitting(m, max_bytes, max_gas);
    struct slice *txs = arena_alloc(arena, (count + 1) * sizeof *txs);
    uint8_t(*hashes)[32] = arena_alloc(arena, (count + 1) * sizeof *hashes);
    const struct pending *p = m->first;
    for (size_t i = 0; i < count; i++, p = p->next) {
        txs[i] = slice_of(arena_dup(arena, p->tx, p->len), p->len);
        memcpy(hashes[i], p->node.hash, 32);
    }
    pthread_mutex_unlock(&m->lock);
    *ret_txs = txs;
    *ret_hashes = hashes;
    *ret_count = count;
}

static void remove_delivered(struct mempool *m, const struct mempool_delivered *delivered)
{
    for (size_t i = 0; i < delivered->count; i++) {
        const uint8_t *hash = delivered->hashes[i];
        if (delivered->codes[i] == 0)
            cache_push(&m->cache, hash);
        else if (!m->config.keep_invalid_txs_in_cache)
            cache_remove(&m->cache, hash);
        struct pending *p = (struct pending *)*table_slot(&m->table, hash);
        if (p)
            drop(m, p);
    }
}

static void recheck(struct mempool *m)
{
    CLEANUP_ARENA struct arena arena = {0};
    struct pending *next;
    for (struct pending *p = m->first; p; p = next) {
        next = p->next;
        struct app_check_result result;
        run_check(m, &m->check_state.kv, slice_of(p->tx, p->len), NULL, APP_CHECK_RECHECK, &arena,
                  &result);
        if (result.code != 0) {
            if (!m->config.keep_invalid_txs_in_cache)
                cache_remove(&m->cache, p->node.hash);
            drop(m, p);
        }
        arena_clear(&arena);
    }
}

void mempool_update(struct mempool *m, struct kv *base, const struct app_block *next,
                    const struct mempool_delivered *delivered)
{
    pthread_mutex_lock(&m->lock);
    if (m->has_base)
        kv_overlay_reset(&m->check_state, base);
    else
        kv_overlay_init(&m->check_state, base);
    m->has_base = true;
    m->next = *next;
    m->next.txs = NULL;
    m->next.tx_count = 0;
    remove_delivered(m, delivered);
    if (m->config.recheck && m->first && !m->closed)
        recheck(m);
    pthread_mutex_unlock(&m->lock);
}

bool mempool_wait(struct mempool *m, int64_t deadline_ns)
{
    struct timespec until = {deadline_ns / 1000000000, deadline_ns % 1000000000};
    int timed_out = 0;
    pthread_mutex_lock(&m->lock);
    while (m->count == 0 && !m->woken && timed_out == 0) {
        if (deadline_ns == 0)
            pthread_cond_wait(&m->changed, &m->lock);
        else
            timed_out = pthread_cond_timedwait(&m->changed, &m->lock, &until);
    }
    m->woken = false;
    bool any = m->count > 0;
    pthread_mutex_unlock(&m->lock);
    return any;
}

void mempool_wake(struct mempool *m)
{
    pthread_mutex_lock(&m->lock);
    m->woken = true;
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->lock);
}

void mempool_stats(struct mempool *m, struct mempool_stats *ret)
{
    pthread_mutex_lock(&m->lock);
    *ret = (struct mempool_stats){m->count, m->bytes};
    pthread_mutex_unlock(&m->lock);
}

void mempool_list(struct mempool *m, size_t limit, struct arena *arena, struct slice **ret_txs,
                  size_t *ret_count, struct mempool_stats *ret_stats)
{
    pthread_mutex_lock(&m->lock);
    size_t count = m->count < limit ? m->count : limit;
    struct slice *txs = arena_alloc(arena, (count + 1) * sizeof *txs);
    const struct pending *p = m->first;
    for (size_t i = 0; i < count; i++, p = p->next)
        txs[i] = slice_of(arena_dup(arena, p->tx, p->len), p->len);
    *ret_stats = (struct mempool_stats){m->count, m->bytes};
    pthread_mutex_unlock(&m->lock);
    *ret_txs = txs;
    *ret_count = count;
}

void mempool_flush(struct mempool *m)
{
    pthread_mutex_lock(&m->lock);
    while (m->first)
        drop(m, m->first);
    cache_clear(&m->cache);
    pthread_mutex_unlock(&m->lock);
}
