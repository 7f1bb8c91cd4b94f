#include "seid/app/ctx.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/bech32.h"
#include "wire/proto/tendermint_abci_types.pb-c.h"

void ctx_init(struct app_ctx *ctx, struct app *app, struct kv *raw, struct arena *arena,
              struct gas_meter *gas, struct app_events *events, int64_t height, int64_t time_ns)
{
    memset(ctx, 0, sizeof *ctx);
    ctx->app = app;
    ctx->raw = raw;
    gas_kv_init(&ctx->gas_kv, raw, gas);
    ctx->kv = &ctx->gas_kv.kv;
    ctx->gas = gas;
    ctx->arena = arena;
    ctx->events = events;
    ctx->height = height;
    ctx->time_ns = time_ns;
}

void ctx_derive(struct app_ctx *ret, const struct app_ctx *from, struct kv *raw,
                struct gas_meter *gas, struct app_events *events)
{
    ctx_init(ret, from->app, raw, from->arena, gas, events, from->height, from->time_ns);
    ret->memo = from->memo;
}

int ctx_fail_root(struct app_ctx *ctx, const struct app_code *code)
{
    ctx->fail_code = code;
    ctx->fail_log = code->text;
    return APP_FAILED;
}

__attribute__((format(printf, 2, 0))) static char *format(struct arena *arena, const char *fmt,
                                                          va_list args)
{
    char room[1024];
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(room, sizeof room, fmt, args);
    char *text;
    if (len >= 0 && (size_t)len >= sizeof room) {
        text = arena_alloc(arena, (size_t)len + 1);
        vsnprintf(text, (size_t)len + 1, fmt, again);
    } else {
        text = arena_strndup(arena, room, len < 0 ? 0 : (size_t)len);
    }
    va_end(again);
    return text;
}

int ctx_fail(struct app_ctx *ctx, const struct app_code *code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *detail = format(ctx->arena, fmt, args);
    va_end(args);
    ctx->fail_code = code;
    ctx->fail_log = arena_printf(ctx->arena, "%s: %s", detail, code->text);
    return APP_FAILED;
}

int ctx_fail_wrap(struct app_ctx *ctx, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *context = format(ctx->arena, fmt, args);
    va_end(args);
    ctx->fail_log = arena_printf(ctx->arena, "%s: %s", context, ctx->fail_log);
    return APP_FAILED;
}

static void events_push(struct app_events *events, struct arena *arena,
                        Tendermint__Abci__Event *event)
{
    if (events->count == events->cap) {
        size_t cap = events->cap ? 2 * events->cap : 16;
        Tendermint__Abci__Event **list =
            arena_alloc(arena, cap * sizeof(Tendermint__Abci__Event *));
        if (events->count)
            memcpy(list, events->list, events->count * sizeof(Tendermint__Abci__Event *));
        events->list = list;
        events->cap = cap;
    }
    events->list[events->count++] = event;
}

void app_events_append(struct app_events *to, const struct app_events *from, struct arena *arena)
{
    for (size_t i = 0; i < from->count; i++)
        events_push(to, arena, from->list[i]);
}

void ctx_emit(struct app_ctx *ctx, const char *type, ...)
{
    va_list args, count_args;
    size_t count = 0;
    va_start(args, type);
    va_copy(count_args, args);
    while (va_arg(count_args, const char *)) {
        (void)va_arg(count_args, const char *);
        count++;
    }
    va_end(count_args);

    Tendermint__Abci__Event *event = arena_alloc(ctx->arena, sizeof *event);
    tendermint__abci__event__init(event);
    event->type = pb_str(type);
    Tendermint__Abci__EventAttribute *attributes =
        arena_alloc(ctx->arena, (count ? count : 1) * sizeof *attributes);
    event->attributes = arena_alloc(ctx->arena, (count ? count : 1) * sizeof(void *));
    event->n_attributes = count;
    for (size_t i = 0; i < count; i++) {
        tendermint__abci__event_attribute__init(&attributes[i]);
        attributes[i].key = pb_str(va_arg(args, const char *));
        attributes[i].value = pb_str(va_arg(args, const char *));
        attributes[i].index = 1;
        event->attributes[i] = &attributes[i];
    }
    va_end(args);
    events_push(ctx->events, ctx->arena, event);
}

// ---- addresses

static void remember(struct app_addr_memo *memo, const char *text, struct slice address)
{
    struct app_addr_memo_entry *entry = &memo->entries[memo->count++ % 4];
    entry->text = text;
    entry->address.len = (uint8_t)address.len;
    memcpy(entry->address.bytes, address.data, address.len);
}

static unsigned remembered(const struct app_addr_memo *memo)
{
    return memo->count < 4 ? memo->count : 4;
}

// bech32 may be all upper case; what is printed never is.
static bool is_canonical(const char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            return false;
    return true;
}

int ctx_addr_parse(struct app_ctx *ctx, const char *text, struct addr *ret, struct err *e)
{
    for (unsigned i = 0; ctx->memo && i < remembered(ctx->memo); i++) {
        const struct app_addr_memo_entry *entry = &ctx->memo->entries[i];
        if (strcmp(entry->text, text) == 0) {
            *ret = entry->address;
            return 0;
        }
    }
    int r = addr_parse(ADDR_HRP_ACC, slice_str(text), ret, e);
    if (r == 0 && ctx->memo && is_canonical(text))
        remember(ctx->memo, text, addr_slice(ret));
    return r;
}

static const char *encode(struct app_ctx *ctx, struct slice address)
{
    // Long addresses are legal and rare; addr_text has room for the usual ones.
    char text[BECH32_TEXT_MAX + 1];
    if (address.len <= 32)
        addr_text(ADDR_HRP_ACC, address, text);
    else if (bech32_encode(ADDR_HRP_ACC, address, text, sizeof text, NULL) < 0)
        text[0] = 0;
    return arena_strndup(ctx->arena, text, strlen(text));
}

const char *ctx_addr_text(struct app_ctx *ctx, struct slice address)
{
    for (unsigned i = 0; ctx->memo && i < remembered(ctx->memo); i++)
        if (slice_eq(addr_slice(&ctx->memo->entries[i].address), address))
            return ctx->memo->entries[i].text;
    const char *text = encode(ctx, address);
    if (ctx->memo && address.len <= ADDR_MAX)
        remember(ctx->memo, text, address);
    return text;
}
