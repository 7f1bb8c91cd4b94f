#include <stdio.h>
#include <string.h>

#include "policy/policy.h"

struct key {
    char *text;
    size_t len;
    uint64_t digest; // FNV-1a over the exact texts
};

static void mix(struct key *k, const char *data, size_t len)
{
    for (size_t i = 0; i <= len; i++) {
        // One more byte than there is, so that "a","b" and "ab","" differ.
        k->digest ^= i < len ? (unsigned char)data[i] : 0x100;
        k->digest *= UINT64_C(1099511628211);
    }
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

// A part of at most `max` characters, so that the digest always has its place.
static void add_part(struct key *k, const char *data, size_t len, size_t max)
{
    mix(k, data, len);
    for (size_t i = 0; i < len && i < max; i++)
        k->text[k->len++] = (char)(is_plain(data[i]) ? data[i] : '_');
    k->text[k->len++] = '/';
}

void policy_key(const char *node, const char *target, const struct policy_observation *seen,
                const struct policy_decision *decision, char ret_key[POLICY_KEY_SIZE])
{
    struct key k = {.text = ret_key, .digest = UINT64_C(14695981039346656037)};
    const char *row = policy_row_info(decision->row)->name;
    struct sei_halt_text plan = policy_plan(seen);
    int64_t height = policy_file_is_fresh(seen) ? seen->file_height : 0;
    if (seen->signal == POLICY_SIGNAL_INTENT && seen->intent)
        height = seen->intent->height;
    char number[24];
    add_part(&k, node, strlen(node), 40);
    add_part(&k, row, strlen(row), 24);
    add_part(&k, plan.data ? plan.data : "", plan.len, 24);
    mix(&k, target, strlen(target));
    snprintf(number, sizeof number, "%lld", (long long)decision->reason);
    mix(&k, number, strlen(number));
    snprintf(number, sizeof number, "%lld", (long long)height);
    mix(&k, number, strlen(number));
    snprintf(ret_key + k.len, POLICY_KEY_SIZE - k.len, "%016llx", (unsigned long long)k.digest);
}
