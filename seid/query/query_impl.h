// query_impl: what the query functions share.
#ifndef SEID_QUERY_QUERY_IMPL_H
#define SEID_QUERY_QUERY_IMPL_H

#include "query_methods.h"
#include "seid/app/keys.h"
#include "seid/query/query.h"
#include "wire/addr.h"
#include "wire/pb_arena.h"

// Sets the text and returns the code.
enum query_code query_fail(struct query_error *error, struct arena *arena, enum query_code code,
                           const char *fmt, ...) __attribute__((format(printf, 4, 5)));

// An address of an account.
enum query_code query_address(const char *text, struct addr *ret, struct arena *arena,
                              struct query_error *error);

// The head of a query's function, as the generated header declares it.
#define QUERY_FUNCTION_BODY(name)                                                                  \
    enum query_code name(const struct query_ctx *ctx, const ProtobufCMessage *request,             \
                         struct arena *arena, ProtobufCMessage **ret, struct query_error *error)

// A new message of a type, in the arena, as the last statement of a function needs it.
#define QUERY_NEW(arena, name, Type, init)                                                         \
    Type *name = arena_alloc((arena), sizeof *(name));                                             \
    init(name)
#define QUERY_RETURN(message)                                                                      \
    do {                                                                                           \
        *ret = &(message)->base;                                                                   \
        return QUERY_OK;                                                                           \
    } while (0)

// ---- pages (query_page.c)

struct Cosmos__Base__Query__V1beta1__PageRequest;
struct Cosmos__Base__Query__V1beta1__PageResponse;

enum { QUERY_PAGE_DEFAULT = 100, QUERY_PAGE_MAX = 10000 };

// Sees an entry (key relative to the prefix). Returns whether it belongs to the answer; puts it
// there when `take`.
typedef bool (*query_entry_fn)(void *arg, struct slice key, struct slice value, bool take);

// Walks the entries under a prefix by the rules of the SDK's Paginate: offset or key, limit,
// reverse, total. `request` may be null.
enum query_code query_paginate(struct kv *kv, const struct key *prefix,
                               const struct Cosmos__Base__Query__V1beta1__PageRequest *request,
                               query_entry_fn fn, void *arg, struct arena *arena,
                               struct Cosmos__Base__Query__V1beta1__PageResponse **ret,
                               struct query_error *error);

// The same for a list that is there already: which part of `count` elements to show.
enum query_code query_paginate_list(size_t count,
                                    const struct Cosmos__Base__Query__V1beta1__PageRequest *request,
                                    struct arena *arena, size_t *ret_first, size_t *ret_count,
                                    struct Cosmos__Base__Query__V1beta1__PageResponse **ret,
                                    struct query_error *error);

// A list of pointers that grows in the arena.
struct query_list {
    void **items;
    size_t count;
    size_t cap;
    struct arena *arena;
};
void query_list_add(struct query_list *list, void *item);

#endif
