// ctx: what a piece of the state machine gets to work with: state, gas, events, the block's facts.
// Lives on the stack of one block, transaction or message. Not for two threads at once.
#ifndef SEID_APP_CTX_H
#define SEID_APP_CTX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "seid/app/app.h"
#include "seid/app/codes.h"
#include "seid/app/gas.h"
#include "seid/store/kv.h"
#include "seid/store/kv_overlay.h"
#include "wire/addr.h"
#include "wire/pb_arena.h"

// Events in the order in which they happened; in the arena of the context.
struct app_events {
    struct Tendermint__Abci__Event **list;
    size_t count;
    size_t cap;
};

// Addresses that were parsed or printed lately: a transaction names few, and each many times.
struct app_addr_memo {
    struct app_addr_memo_entry {
        const char *text; // canonical, in the arena
        struct addr address;
    } entries[4];
    unsigned count; // ever added
};

struct app_ctx {
    struct app *app;
    struct kv *kv;        // charges `gas`
    struct kv *raw;       // the same state, free of charge
    struct gas_kv gas_kv; // what `kv` points to
    struct gas_meter *gas;
    struct arena *arena;
    struct app_events *events;
    struct app_addr_memo *memo; // null: none
    int64_t height;
    int64_t time_ns;
    // Why the last call returned APP_FAILED.
    const struct app_code *fail_code;
    const char *fail_log; // the SDK's wrapping: "<detail>: <root text>"
};

// Outcome of everything that a transaction may legitimately fail at.
enum { APP_FAILED = 1 };

// `gas` and `events` are borrowed; `raw` is the state to work on.
void ctx_init(struct app_ctx *ctx, struct app *app, struct kv *raw, struct arena *arena,
              struct gas_meter *gas, struct app_events *events, int64_t height, int64_t time_ns);
// A copy that works on another state, or charges another meter, or collects events elsewhere.
void ctx_derive(struct app_ctx *ret, const struct app_ctx *from, struct kv *raw,
                struct gas_meter *gas, struct app_events *events);

// Both return APP_FAILED. The first with "<detail>: <root text>", the second with the root alone.
int ctx_fail(struct app_ctx *ctx, const struct app_code *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int ctx_fail_root(struct app_ctx *ctx, const struct app_code *code);
// Puts "<context>: " in front of the log.
int ctx_fail_wrap(struct app_ctx *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// key, value, ..., NULL. Texts are borrowed for the life of the arena.
void ctx_emit(struct app_ctx *ctx, const char *type, ...) __attribute__((sentinel));
void app_events_append(struct app_events *to, const struct app_events *from, struct arena *arena);

// As addr_parse for an account.
int ctx_addr_parse(struct app_ctx *ctx, const char *text, struct addr *ret, struct err *e);
// Text of an account address, in the arena.
const char *ctx_addr_text(struct app_ctx *ctx, struct slice address);

#endif
