// test_random: seeded numbers for the tests of the store. The seed is printed, and
// SEIHALT_TEST_SEED repeats a run.
#ifndef SEID_STORE_TEST_RANDOM_H
#define SEID_STORE_TEST_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct test_random {
    uint64_t state;
};

// splitmix64 (public domain, Sebastiano Vigna).
static inline uint64_t test_random_next(struct test_random *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline uint32_t test_random_below(struct test_random *r, uint32_t limit)
{
    return (uint32_t)(test_random_next(r) % limit);
}

static inline struct test_random test_random_init(uint64_t fallback)
{
    const char *text = getenv("SEIHALT_TEST_SEED");
    struct test_random r = {text ? strtoull(text, NULL, 0) : fallback};
    printf("# SEIHALT_TEST_SEED=%llu\n", (unsigned long long)r.state);
    return r;
}

#endif
