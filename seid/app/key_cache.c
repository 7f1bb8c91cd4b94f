#include "seid/app/key_cache.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { LOCKS = 16 };

struct entry {
    uint8_t key[SECP_PUBKEY_LEN]; // begins with 0: free
    struct secp_pubkey parsed;
};

struct key_cache {
    pthread_mutex_t locks[LOCKS];
    size_t mask;
    struct entry *entries; // null: remembers nothing
};

struct key_cache *key_cache_new(size_t entries)
{
    struct key_cache *c = mem_zalloc(sizeof *c);
    size_t size = 1;
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_init(&c->locks[i], NULL);
    if (entries == 0)
        return c;
    while (size < entries)
        size *= 2;
    c->mask = size - 1;
    c->entries = mem_calloc(size, sizeof *c->entries);
    return c;
}

void key_cache_free(struct key_cache *c)
{
    if (!c)
        return;
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&c->locks[i]);
    free(c->entries);
    free(c);
}

int key_cache_parse(struct key_cache *c, const struct secp *s, const uint8_t key[SECP_PUBKEY_LEN],
                    struct secp_pubkey *ret)
{
    // The x coordinate is as good as random; who grinds collisions only pays for parsing.
    size_t index;
    memcpy(&index, key + 1, sizeof index);
    if (!c->entries)
        return secp_pubkey_parse(s, key, ret);
    index &= c->mask;
    struct entry *entry = &c->entries[index];
    pthread_mutex_t *lock = &c->locks[index % LOCKS];
    pthread_mutex_lock(lock);
    bool found = entry->key[0] && memcmp(entry->key, key, SECP_PUBKEY_LEN) == 0;
    if (found)
        *ret = entry->parsed;
    pthread_mutex_unlock(lock);
    if (found)
        return 0;
    int r = secp_pubkey_parse(s, key, ret);
    if (r != 0)
        return r;
    pthread_mutex_lock(lock);
    memcpy(entry->key, key, SECP_PUBKEY_LEN);
    entry->parsed = *ret;
    pthread_mutex_unlock(lock);
    return 0;
}
