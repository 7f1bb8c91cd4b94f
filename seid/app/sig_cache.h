// sig_cache: which signatures were already found good, so that delivery does not verify what
// CheckTx did. A bounded set of digests; the oldest of a bucket makes room. Only successes are
// remembered, and the digest covers all that a verification depends on.
//
// Threads: any; each part of the table has its lock.
#ifndef SEID_APP_SIG_CACHE_H
#define SEID_APP_SIG_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIG_CACHE_DIGEST = 32 };

struct sig_cache;

// Room for at least `entries` (0: remembers nothing). Its memory never grows.
struct sig_cache *sig_cache_new(size_t entries);
void sig_cache_free(struct sig_cache *c); // null is fine

void sig_cache_add(struct sig_cache *c, const uint8_t digest[SIG_CACHE_DIGEST]);
bool sig_cache_has(struct sig_cache *c, const uint8_t digest[SIG_CACHE_DIGEST]);

#endif
