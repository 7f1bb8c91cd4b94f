#include <string.h>

#include "seid/query/query_impl.h"
#include "wire/proto/cosmos_base_query_v1beta1_pagination.pb-c.h"

struct page {
    struct slice key;
    uint64_t offset, limit;
    bool count_total, reverse;
};

static enum query_code read_request(const Cosmos__Base__Query__V1beta1__PageRequest *request,
                                    struct page *ret, struct arena *arena,
                                    struct query_error *error)
{
    *ret = (struct page){0};
    if (request) {
        ret->key = pb_slice(request->key);
        ret->offset = request->offset;
        ret->limit = request->limit;
        ret->count_total = request->count_total;
        ret->reverse = request->reverse;
    }
    if (ret->key.len && ret->offset)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT,
                          "invalid request, either offset or key is expected, got both");
    if (ret->key.len > KV_KEY_MAX - 32)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT, "pagination.key is too long");
    if (ret->limit > QUERY_PAGE_MAX)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT,
                          "pagination.limit must be at most %d", QUERY_PAGE_MAX);
    if (ret->limit == 0) {
        ret->limit = QUERY_PAGE_DEFAULT;
        ret->count_total = true;
    }
    return QUERY_OK;
}

// From where to where: the keys under the prefix, beginning at (or, backwards, ending with) the
// given one.
struct range {
    struct key start, end;
    bool open_end;
};

static void prefix_end(const struct key *prefix, struct range *r)
{
    // The spaces' first bytes are letters, so that a prefix always has an end.
    r->end = *prefix;
    while (r->end.len && r->end.data[r->end.len - 1] == 0xff)
        r->end.len--;
    r->open_end = r->end.len == 0;
    if (!r->open_end)
        r->end.data[r->end.len - 1]++;
}

static void make_range(const struct key *prefix, const struct page *page, struct range *r)
{
    r->start = *prefix;
    prefix_end(prefix, r);
    if (!page->key.len)
        return;
    if (!page->reverse) {
        key_add(&r->start, page->key);
    } else {
        r->end = *prefix;
        r->open_end = false;
        key_add(&r->end, page->key);
        key_add(&r->end, slice_of("\0", 1)); // the key itself included
    }
}

static Cosmos__Base__Query__V1beta1__PageResponse *response_of(struct arena *arena,
                                                               struct slice next, uint64_t total)
{
    QUERY_NEW(arena, m, Cosmos__Base__Query__V1beta1__PageResponse,
              cosmos__base__query__v1beta1__page_response__init);
    m->next_key = pb_bytes(arena_slice(arena, next));
    m->total = total;
    return m;
}

enum query_code query_paginate(struct kv *kv, const struct key *prefix,
                               const Cosmos__Base__Query__V1beta1__PageRequest *request,
                               query_entry_fn fn, void *arg, struct arena *arena,
                               Cosmos__Base__Query__V1beta1__PageResponse **ret,
                               struct query_error *error)
{
    struct page page;
    struct range range;
    struct slice key, value, next = SLICE_NULL;
    uint64_t hits = 0;
    enum query_code code = read_request(request, &page, arena, error);
    if (code != QUERY_OK)
        return code;
    // With a key the total is not known, as in the SDK.
    bool count = page.count_total && !page.key.len;
    make_range(prefix, &page, &range);
    struct kv_iter *it =
        kv_iter_new(kv, key_slice(&range.start),
                    range.open_end ? SLICE_NULL : key_slice(&range.end), page.reverse);
    while (kv_iter_next(it, &key, &value)) {
        struct slice relative = slice_of(key.data + prefix->len, key.len - prefix->len);
        bool take = hits >= page.offset && hits - page.offset < page.limit;
        if (!fn(arg, relative, value, take))
            continue;
        if (!take && hits >= page.offset && !next.len) {
            next = arena_slice(arena, relative);
            if (!count)
                break;
        }
        hits++;
    }
    kv_iter_free(it);
    *ret = response_of(arena, next, count ? hits : 0);
    return QUERY_OK;
}

enum query_code query_paginate_list(size_t count,
                                    const Cosmos__Base__Query__V1beta1__PageRequest *request,
                                    struct arena *arena, size_t *ret_first, size_t *ret_count,
                                    Cosmos__Base__Query__V1beta1__PageResponse **ret,
                                    struct query_error *error)
{
    struct page page;
    enum query_code code = read_request(request, &page, arena, error);
    if (code != QUERY_OK)
        return code;
    if (page.key.len)
        return query_fail(error, arena, QUERY_INVALID_ARGUMENT,
                          "pagination.key is not supported here, use offset");
    size_t first = page.offset < count ? (size_t)page.offset : count;
    size_t left = count - first;
    *ret_first = first;
    *ret_count = left < page.limit ? left : (size_t)page.limit;
    *ret = response_of(arena, SLICE_NULL, page.count_total ? count : 0);
    return QUERY_OK;
}
