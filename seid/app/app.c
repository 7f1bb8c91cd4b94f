#include "seid/app/app.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "seid/app/app_impl.h"
#include "seid/app/gov.h"
#include "seid/app/tx.h"
#include "seid/app/upgrade.h"
#include "wire/proto/tendermint_abci_types.pb-c.h"

// ---- life

enum { KEY_CACHE_MAX = 16384 }; // about 1.6 MB once they are all used

static void set_module_addresses(struct app *a)
{
    for (int i = 0; i < AUTH_MODULES; i++)
        addr_of_module(auth_module_name((enum auth_module)i), a->module_addresses[i]);
    addr_text(ADDR_HRP_ACC, auth_module_address(a, AUTH_GOV), a->gov_address);
}

int app_new(const struct app_config *config, struct app **ret, struct err *e)
{
    struct app *a = mem_zalloc(sizeof *a);
    a->chain_id = config->chain_id;
    a->handlers = config->handlers;
    a->skip_heights = config->skip_heights;
    a->skip_count = config->skip_count;
    a->handler_names = mem_calloc(a->handlers->count + 1, sizeof *a->handler_names);
    for (size_t i = 0; i < a->handlers->count; i++)
        a->handler_names[i] = a->handlers->handlers[i].name;
    a->sig_cache = sig_cache_new(config->sig_cache_entries);
    // As many signers as signatures are remembered; a program that verifies nothing ahead has none.
    size_t keys = config->sig_cache_entries;
    a->key_cache = key_cache_new(keys < KEY_CACHE_MAX ? keys : KEY_CACHE_MAX);
    a->secp = secp_new(NULL);
    set_module_addresses(a);
    int r = app_parse_min_gas_prices(a, config->min_gas_prices, e);
    if (r < 0) {
        app_free(a);
        return r;
    }
    *ret = a;
    return 0;
}

void app_free(struct app *a)
{
    if (!a)
        return;
    sig_cache_free(a->sig_cache);
    key_cache_free(a->key_cache);
    secp_free(a->secp);
    free(a->handler_names);
    arena_deinit(&a->arena);
    free(a);
}

void app_note(struct app_block_result *result, struct arena *arena, int level, const char *text)
{
    // Few: the list is simply made anew, one longer.
    struct app_note *notes = arena_alloc(arena, (result->note_count + 1) * sizeof *notes);
    if (result->note_count)
        memcpy(notes, result->notes, result->note_count * sizeof *notes);
    notes[result->note_count] = (struct app_note){level, text};
    result->notes = notes;
    result->note_count++;
}

// ---- one transaction

// What executing a transaction needs, kept from one to the next.
struct exec {
    struct app *app;
    struct kv *state;
    struct kv_overlay overlay; // over `state`
    struct arena *arena;       // for everything of this transaction
    struct app_addr_memo memo; // of this transaction
    int64_t height;
    int64_t time_ns;
    const struct app_decoded *decoded; // of the one transaction; null: not yet
};

// A transaction that is decoded, or why it cannot be.
struct app_decoded {
    struct app_tx tx;
    const struct app_code *fail_code; // null when it is
    const char *fail_log;
};

struct exec_result {
    struct app_ctx ctx; // of the part that failed, or the last one
    struct app_events events;
    struct gas_meter gas;
    struct app_tx tx;
    struct slice data;
    bool ok;
};

static void exec_ctx(struct exec *x, struct exec_result *r, struct app_events *events)
{
    ctx_init(&r->ctx, x->app, &x->overlay.kv, x->arena, &r->gas, events, x->height, x->time_ns);
    r->ctx.memo = &x->memo;
}

static int exec_decode(const struct exec *x, struct slice bytes, struct exec_result *r)
{
    const struct app_decoded *d = x->decoded;
    if (!d)
        return tx_decode(&r->ctx, bytes, &r->tx);
    r->tx = d->tx;
    r->ctx.fail_code = d->fail_code;
    r->ctx.fail_log = d->fail_log;
    return d->fail_code ? APP_FAILED : 0;
}

// The ante chain; its effects are in x->state when it succeeds, and no trace of it otherwise.
static bool exec_ante(struct exec *x, struct slice bytes, enum tx_mode mode, struct exec_result *r)
{
    exec_ctx(x, r, &r->events);
    if (exec_decode(x, bytes, r))
        return false;
    r->gas.limit = r->tx.gas_limit;
    r->gas.limited = mode != TX_SIMULATE;
    if (tx_ante(&r->ctx, &r->tx, mode)) {
        kv_overlay_discard(&x->overlay);
        r->events.count = 0;
        return false;
    }
    kv_overlay_commit(&x->overlay);
    return true;
}

static bool exec_messages(struct exec *x, struct exec_result *r)
{
    struct app_events events = {0};
    exec_ctx(x, r, &events);
    if (tx_messages(&r->ctx, &r->tx, &r->data)) {
        kv_overlay_discard(&x->overlay);
        return false;
    }
    kv_overlay_commit(&x->overlay);
    app_events_append(&r->events, &events, x->arena);
    return true;
}

static void exec_tx(struct exec *x, struct slice bytes, enum tx_mode mode, struct exec_result *r)
{
    memset(r, 0, sizeof *r);
    x->memo.count = 0;
    r->ok = exec_ante(x, bytes, mode, r) &&
            (mode == TX_CHECK || mode == TX_RECHECK || exec_messages(x, r));
}

// Reads that failed looked like an empty state: whatever was found then is not the answer.
static void exec_look_at_store(struct exec *x, struct exec_result *r)
{
    if (!kv_error(x->state))
        return;
    r->ok = false;
    ctx_fail(&r->ctx, &CODE_INTERNAL, "the state cannot be read");
}

static void exec_init(struct exec *x, struct app *app, struct kv *state, struct arena *arena,
                      const struct app_block *block)
{
    *x = (struct exec){.app = app,
                       .state = state,
                       .arena = arena,
                       .height = block->height,
                       .time_ns = block->time_ns};
    kv_overlay_init(&x->overlay, state);
}

static int64_t clamp_gas(uint64_t gas)
{
    return gas > INT64_MAX ? INT64_MAX : (int64_t)gas;
}

// ---- results, copied out of the memory of the transaction

static char *copy_text(char **at, const char *text)
{
    size_t len = strlen(text) + 1;
    char *copy = memcpy(*at, text, len);
    *at += len;
    return copy;
}

static size_t event_text_len(const Tendermint__Abci__Event *ev)
{
    size_t len = strlen(ev->type) + 1;
    for (size_t i = 0; i < ev->n_attributes; i++)
        len += strlen(ev->attributes[i]->key) + strlen(ev->attributes[i]->value) + 2;
    return len;
}

static Tendermint__Abci__Event *copy_event(struct arena *arena, const Tendermint__Abci__Event *ev)
{
    size_t n = ev->n_attributes;
    Tendermint__Abci__Event *copy = arena_alloc(arena, sizeof *copy);
    Tendermint__Abci__EventAttribute *attributes = arena_alloc(arena, (n + 1) * sizeof *attributes);
    char *at = arena_alloc(arena, event_text_len(ev));
    *copy = *ev;
    copy->type = copy_text(&at, ev->type);
    copy->attributes = arena_alloc(arena, (n + 1) * sizeof(void *));
    for (size_t i = 0; i < n; i++) {
        attributes[i] = *ev->attributes[i];
        attributes[i].key = copy_text(&at, ev->attributes[i]->key);
        attributes[i].value = copy_text(&at, ev->attributes[i]->value);
        copy->attributes[i] = &attributes[i];
    }
    return copy;
}

static Tendermint__Abci__ExecTxResult *exec_result_message(const struct exec_result *r,
                                                           struct arena *arena)
{
    Tendermint__Abci__ExecTxResult *m = arena_alloc(arena, sizeof *m);
    tendermint__abci__exec_tx_result__init(m);
    m->gas_wanted = clamp_gas(r->tx.gas_limit);
    m->gas_used = clamp_gas(r->gas.used);
    if (r->ok) {
        m->data = pb_bytes(arena_slice(arena, r->data));
    } else {
        m->code = r->ctx.fail_code->number;
        m->codespace = pb_str(r->ctx.fail_code->codespace);
        m->log = arena_strndup(arena, r->ctx.fail_log, strlen(r->ctx.fail_log));
    }
    m->n_events = r->events.count;
    m->events = arena_alloc(arena, (m->n_events + 1) * sizeof(void *));
    for (size_t i = 0; i < m->n_events; i++)
        m->events[i] = copy_event(arena, r->events.list[i]);
    return m;
}

// ---- blocks

static void deliver_all(struct app *a, struct kv *state, const struct app_block *block,
                        struct arena *arena, struct app_block_result *ret)
{
    CLEANUP_ARENA struct arena scratch = {0};
    struct exec x;
    exec_init(&x, a, state, &scratch, block);
    ret->tx_results = arena_alloc(arena, (block->tx_count + 1) * sizeof(void *));
    for (size_t i = 0; i < block->tx_count; i++) {
        struct exec_result r;
        arena_clear(&scratch);
        exec_tx(&x, block->txs[i], TX_DELIVER, &r);
        ret->tx_results[i] = exec_result_message(&r, arena);
    }
    kv_overlay_deinit(&x.overlay);
}

int app_finalize_block(struct app *a, struct kv *state, const struct app_block *block,
                       bool first_block, struct arena *arena, struct app_block_result *ret,
                       struct err *e)
{
    struct gas_meter free_gas = {0};
    struct app_events events = {0};
    struct app_ctx ctx;
    memset(ret, 0, sizeof *ret);
    ctx_init(&ctx, a, state, arena, &free_gas, &events, block->height, block->time_ns);

    int r = upgrade_begin_block(&ctx, first_block, ret, e);
    if (r)
        return r;
    deliver_all(a, state, block, arena, ret);
    r = gov_end_block(&ctx, e);
    if (r < 0)
        return r;
    if (kv_error(state)) {
        err_set(e, state->error.code, "%s", state->error.text);
        return err_context(e, "state of block %lld", (long long)block->height);
    }
    ret->events = events.list;
    ret->event_count = events.count;
    return 0;
}

// ---- outside of blocks

const struct app_decoded *app_verify_tx(struct app *a, struct kv *snapshot, struct slice tx,
                                        struct arena *arena)
{
    struct gas_meter gas = {0};
    struct app_events events = {0};
    struct app_ctx ctx;
    struct app_decoded *d = arena_zalloc(arena, sizeof *d);
    ctx_init(&ctx, a, snapshot, arena, &gas, &events, 0, 0);
    if (tx_decode(&ctx, tx, &d->tx) == 0) {
        tx_verify_ahead(&ctx, &d->tx);
    } else {
        d->fail_code = ctx.fail_code;
        d->fail_log = ctx.fail_log;
    }
    return d;
}

void app_check_tx(struct app *a, struct kv *check_state, const struct app_block *next,
                  struct slice tx, const struct app_decoded *decoded, enum app_check_mode mode,
                  struct arena *arena, struct app_check_result *ret)
{
    struct exec x;
    struct exec_result r;
    exec_init(&x, a, check_state, arena, next);
    x.decoded = decoded;
    exec_tx(&x, tx, mode == APP_CHECK_NEW ? TX_CHECK : TX_RECHECK, &r);
    kv_overlay_deinit(&x.overlay);
    exec_look_at_store(&x, &r);
    *ret = (struct app_check_result){
        .code = r.ok ? 0 : r.ctx.fail_code->number,
        .codespace = r.ok ? "" : r.ctx.fail_code->codespace,
        .log = r.ok ? "" : r.ctx.fail_log,
        .gas_wanted = clamp_gas(r.tx.gas_limit),
        .gas_used = clamp_gas(r.gas.used),
        .events = r.events.list,
        .event_count = r.events.count,
    };
}

void app_simulate(struct app *a, struct kv *snapshot, const struct app_block *next, struct slice tx,
                  struct arena *arena, struct app_simulate_result *ret)
{
    CLEANUP_KV_OVERLAY struct kv_overlay throw_away = {0};
    struct exec x;
    struct exec_result r;
    kv_overlay_init(&throw_away, snapshot);
    exec_init(&x, a, &throw_away.kv, arena, next);
    exec_tx(&x, tx, TX_SIMULATE, &r);
    kv_overlay_deinit(&x.overlay);
    exec_look_at_store(&x, &r);
    ret->gas_wanted = r.tx.gas_limit;
    ret->gas_used = r.gas.used;
    ret->result = exec_result_message(&r, arena);
}
