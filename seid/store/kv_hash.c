#include "seid/store/kv_hash.h"

#include <sys/random.h>

static uint64_t mix(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t load(const uint8_t *at, size_t len)
{
    uint64_t word = 0;
    if (len)
        memcpy(&word, at, len);
    return word;
}

// Multiply and fold, 16 bytes a step; odd constants from the digits of well-known ratios.
uint64_t kv_hash(uint64_t seed, struct slice key)
{
    uint64_t h = seed ^ (key.len * UINT64_C(0x9e3779b97f4a7c15));
    const uint8_t *at = key.data;
    size_t left = key.len;
    for (; left > 16; at += 16, left -= 16)
        h = mix(load(at, 8) ^ h, load(at + 8, 8) ^ UINT64_C(0xe7037ed1a0b428db));
    uint64_t first = load(at, left < 8 ? left : 8);
    uint64_t second = left > 8 ? load(at + 8, left - 8) : 0;
    h = mix(first ^ h, second ^ UINT64_C(0x8ebc6af09c88c6e3));
    return mix(h ^ seed, UINT64_C(0x589965cc75374cc3));
}

uint64_t kv_hash_seed(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed)
        seed = (uint64_t)(uintptr_t)&seed; // the random layout of memory must do
    return seed;
}
