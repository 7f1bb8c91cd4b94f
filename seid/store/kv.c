#include "seid/store/kv.h"

#include <errno.h>

struct kv_iter *kv_iter_prefix(struct kv *kv, struct slice prefix, bool reverse,
                               struct kv_prefix_room *room)
{
    if (prefix.len > KV_KEY_MAX) {
        err_set(&kv->error, -EINVAL, "a prefix of %zu bytes is longer than a key", prefix.len);
        return NULL;
    }
    // The end is the first key behind the prefix: its last byte that can grow, plus one.
    size_t len = prefix.len;
    while (len > 0 && prefix.data[len - 1] == 0xff)
        len--;
    if (len > 0) {
        memcpy(room->end, prefix.data, len);
        room->end[len - 1]++;
    }
    return kv_iter_new(kv, prefix, slice_of(room->end, len), reverse);
}

bool kv_key_ok(struct kv *kv, struct slice key)
{
    if (key.len >= 1 && key.len <= KV_KEY_MAX)
        return true;
    err_set(&kv->error, -EINVAL, "a key of %zu bytes: 1 to %d are allowed", key.len, KV_KEY_MAX);
    return false;
}
