#include "seid/app/sig_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

// Buckets of eight digests; a digest belongs to one bucket. SHA-256 output is uniform, so its
// first bytes are as good a hash as any.
enum { WAYS = 8, LOCKS = 16 };

struct bucket {
    uint8_t digests[WAYS][SIG_CACHE_DIGEST];
    uint8_t used;
    uint8_t next; // the oldest
};

struct sig_cache {
    pthread_mutex_t locks[LOCKS];
    size_t mask;            // buckets - 1; buckets is a power of two
    struct bucket *buckets; // null: remembers nothing
};

struct sig_cache *sig_cache_new(size_t entries)
{
    struct sig_cache *c = mem_zalloc(sizeof *c);
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_init(&c->locks[i], NULL);
    if (entries == 0)
        return c;
    // Half more than asked for, because buckets fill unevenly.
    size_t buckets = 1;
    while (buckets * WAYS < entries + entries / 2)
        buckets *= 2;
    c->mask = buckets - 1;
    c->buckets = mem_calloc(buckets, sizeof *c->buckets);
    return c;
}

void sig_cache_free(struct sig_cache *c)
{
    if (!c)
        return;
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&c->locks[i]);
    free(c->buckets);
    free(c);
}

static struct bucket *bucket_of(struct sig_cache *c, const uint8_t *digest, pthread_mutex_t **lock)
{
    size_t index;
    memcpy(&index, digest, sizeof index);
    index &= c->mask;
    *lock = &c->locks[index % LOCKS];
    return &c->buckets[index];
}

static bool bucket_has(const struct bucket *b, const uint8_t *digest)
{
    for (int i = 0; i < b->used; i++)
        if (memcmp(b->digests[i], digest, SIG_CACHE_DIGEST) == 0)
            return true;
    return false;
}

void sig_cache_add(struct sig_cache *c, const uint8_t digest[SIG_CACHE_DIGEST])
{
    pthread_mutex_t *lock;
    if (!c->buckets)
        return;
    struct bucket *b = bucket_of(c, digest, &lock);
    pthread_mutex_lock(lock);
    if (!bucket_has(b, digest)) {
        memcpy(b->digests[b->next], digest, SIG_CACHE_DIGEST);
        b->next = (uint8_t)((b->next + 1) % WAYS);
        if (b->used < WAYS)
            b->used++;
    }
    pthread_mutex_unlock(lock);
}

bool sig_cache_has(struct sig_cache *c, const uint8_t digest[SIG_CACHE_DIGEST])
{
    pthread_mutex_t *lock;
    if (!c->buckets)
        return false;
    struct bucket *b = bucket_of(c, digest, &lock);
    pthread_mutex_lock(lock);
    bool found = bucket_has(b, digest);
    pthread_mutex_unlock(lock);
    return found;
}
