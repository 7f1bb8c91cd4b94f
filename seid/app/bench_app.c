// bench_app: what the state machine costs by itself, in memory. Prints JSON lines.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "seid/app/app.h"
#include "seid/app/handlers.h"
#include "seid/store/kv_mem.h"
#include "seid/store/kv_overlay.h"
#include "wire/addr.h"
#include "wire/cosmostx.h"
#include "wire/crypto/secp.h"
#include "wire/pb_arena.h"
#include "wire/proto/all.pb-c.h"
#include "wire/typereg.h"

enum { ACCOUNTS = 1000, BLOCK_TXS = 1000 };
static const struct app_handler_table no_handlers = {"bench", NULL, 0};

struct bench {
    struct secp *secp;
    uint8_t secrets[ACCOUNTS][32];
    char addresses[ACCOUNTS][ADDR_TEXT_MAX];
    struct arena arena;
    struct slice *txs;
    size_t count;
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_app: %s: %s\n", what, why);
    exit(1);
}

static void emit(const char *name, double value, const char *unit)
{
    printf("{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"}\n", name, value, unit);
}

static void make_accounts(struct bench *b)
{
    b->secp = secp_new(NULL);
    for (int i = 0; i < ACCOUNTS; i++) {
        uint8_t pub[33], address[20];
        memset(b->secrets[i], 1, 32);
        b->secrets[i][0] = (uint8_t)(i >> 8);
        b->secrets[i][1] = (uint8_t)i;
        if (secp_pubkey_of(b->secp, b->secrets[i], pub) != 0)
            die("key", "not good");
        addr_of_secp_pubkey(pub, address);
        addr_text(ADDR_HRP_ACC, slice_of(address, 20), b->addresses[i]);
    }
}

static struct slice make_tx(struct bench *b, size_t i)
{
    CLEANUP_BUF struct buf bytes = {0};
    size_t from = i % ACCOUNTS, to = (i * 7 + 1) % ACCOUNTS;
    Cosmos__Base__V1beta1__Coin amount = COSMOS__BASE__V1BETA1__COIN__INIT, *amounts[] = {&amount};
    Cosmos__Base__V1beta1__Coin fee = COSMOS__BASE__V1BETA1__COIN__INIT, *fees[] = {&fee};
    Cosmos__Bank__V1beta1__MsgSend send = COSMOS__BANK__V1BETA1__MSG_SEND__INIT;
    amount.denom = fee.denom = pb_str("usei");
    amount.amount = pb_str("1");
    fee.amount = pb_str("2000");
    send.from_address = b->addresses[from];
    send.to_address = b->addresses[to];
    send.amount = amounts;
    send.n_amount = 1;
    Google__Protobuf__Any *any = typereg_pack(&send, &b->arena);
    struct cosmostx_request request = {.chain_id = "bench",
                                       .account_number = from,
                                       .sequence = i / ACCOUNTS,
                                       .messages = &any,
                                       .message_count = 1,
                                       .fee = fees,
                                       .fee_count = 1,
                                       .gas_limit = 200000};
    if (cosmostx_build(&request, b->secp, b->secrets[from], &bytes) != 0)
        die("transaction", "cannot sign");
    return arena_slice(&b->arena, buf_slice(&bytes));
}

static void genesis(struct bench *b, struct app *app, struct kv *state)
{
    CLEANUP_BUF struct buf json = {0};
    struct err e;
    buf_append_str(&json, "{\"auth\":{\"accounts\":[");
    for (int i = 0; i < ACCOUNTS; i++)
        buf_printf(&json,
                   "%s{\"@type\":\"/cosmos.auth.v1beta1.BaseAccount\",\"address\":\"%s\","
                   "\"account_number\":\"%d\"}",
                   i ? "," : "", b->addresses[i], i);
    buf_append_str(&json, "]},\"bank\":{\"balances\":[");
    for (int i = 0; i < ACCOUNTS; i++)
        buf_printf(&json,
                   "%s{\"address\":\"%s\",\"coins\":[{\"denom\":\"usei\",\"amount\":"
                   "\"1000000000000\"}]}",
                   i ? "," : "", b->addresses[i]);
    buf_append_str(&json, "]}}");
    struct app_genesis g = {
        .chain_id = "bench", .initial_height = 1, .app_state_json = buf_slice(&json)};
    if (app_init_chain(app, state, &g, &e) < 0)
        die("genesis", e.text);
}

static void deliver_block(struct bench *b, struct app *app, struct kv_mem *state, size_t first,
                          int64_t height)
{
    CLEANUP_KV_OVERLAY struct kv_overlay overlay = {0};
    CLEANUP_ARENA struct arena arena = {0};
    struct app_block_result result;
    const struct kv_change *changes;
    struct err e;
    size_t left = b->count - first;
    struct app_block block = {.height = height,
                              .time_ns = height * 1000000000,
                              .txs = b->txs + first,
                              .tx_count = left < BLOCK_TXS ? left : BLOCK_TXS};
    kv_overlay_init(&overlay, &state->kv);
    if (app_finalize_block(app, &overlay.kv, &block, height == 1, &arena, &result, &e) != 0)
        die("block", e.text);
    for (size_t i = 0; i < block.tx_count; i++)
        if (result.tx_results[i]->code)
            die("transfer", result.tx_results[i]->log);
    size_t count = kv_overlay_changes(&overlay, &changes);
    kv_mem_apply(state, changes, count);
}

static double deliver_all(struct bench *b, struct app *app)
{
    struct kv_mem state;
    kv_mem_init(&state);
    genesis(b, app, &state.kv);
    int64_t start = clock_thread_cpu_ns(), height = 0;
    for (size_t i = 0; i < b->count; i += BLOCK_TXS)
        deliver_block(b, app, &state, i, ++height);
    double ns = (double)(clock_thread_cpu_ns() - start);
    kv_mem_deinit(&state);
    return ns / (double)b->count;
}

static struct app *new_app(size_t cache)
{
    struct app *app;
    struct err e;
    struct app_config config = {
        .chain_id = "bench", .handlers = &no_handlers, .sig_cache_entries = cache};
    if (app_new(&config, &app, &e) < 0)
        die("app", e.text);
    return app;
}

// Verifies everything ahead, as the threads of the HTTP servers do.
static double verify_all(struct bench *b, struct app *app)
{
    struct kv_mem state;
    CLEANUP_ARENA struct arena arena = {0};
    kv_mem_init(&state);
    genesis(b, app, &state.kv);
    int64_t start = clock_thread_cpu_ns();
    for (size_t i = 0; i < b->count; i++) {
        arena_clear(&arena);
        app_verify_tx(app, &state.kv, b->txs[i], &arena);
    }
    double ns = (double)(clock_thread_cpu_ns() - start);
    kv_mem_deinit(&state);
    return ns / (double)b->count;
}

static double check_all(struct bench *b, struct app *app)
{
    struct kv_mem state;
    CLEANUP_KV_OVERLAY struct kv_overlay check = {0};
    CLEANUP_ARENA struct arena arena = {0};
    struct app_block next = {.height = 1};
    kv_mem_init(&state);
    genesis(b, app, &state.kv);
    kv_overlay_init(&check, &state.kv);
    int64_t start = clock_thread_cpu_ns();
    for (size_t i = 0; i < b->count; i++) {
        struct app_check_result result;
        arena_clear(&arena);
        app_check_tx(app, &check.kv, &next, b->txs[i], NULL, APP_CHECK_NEW, &arena, &result);
        if (result.code)
            die("check", result.log);
    }
    double ns = (double)(clock_thread_cpu_ns() - start);
    kv_overlay_deinit(&check);
    kv_mem_deinit(&state);
    return ns / (double)b->count;
}

// A genesis of many accounts: what reading it costs, and an export of it.
static void bench_genesis(size_t accounts)
{
    CLEANUP_BUF struct buf json = {0};
    CLEANUP_KV_OVERLAY struct kv_overlay state = {0};
    struct kv_mem empty;
    struct app *app = new_app(0);
    struct err e;
    char *exported;
    for (int part = 0; part < 2; part++) {
        buf_append_str(&json, part ? "]},\"bank\":{\"balances\":[" : "{\"auth\":{\"accounts\":[");
        for (size_t i = 0; i < accounts; i++) {
            uint8_t address[20] = {0};
            char text[ADDR_TEXT_MAX];
            memcpy(address, &i, sizeof i);
            addr_text(ADDR_HRP_ACC, slice_of(address, 20), text);
            if (part)
                buf_printf(&json,
                           "%s{\"address\":\"%s\",\"coins\":[{\"denom\":\"usei\","
                           "\"amount\":\"1000000000000\"}]}",
                           i ? "," : "", text);
            else
                buf_printf(&json,
                           "%s{\"@type\":\"/cosmos.auth.v1beta1.BaseAccount\",\"address\":"
                           "\"%s\",\"pub_key\":null,\"account_number\":\"0\",\"sequence\":"
                           "\"0\"}",
                           i ? "," : "", text);
        }
    }
    buf_append_str(&json, "]}}");
    kv_mem_init(&empty);
    kv_overlay_init(&state, &empty.kv);
    struct app_genesis g = {
        .chain_id = "bench", .initial_height = 1, .app_state_json = buf_slice(&json)};
    int64_t start = clock_thread_cpu_ns();
    if (app_init_chain(app, &state.kv, &g, &e) < 0)
        die("genesis", e.text);
    int64_t read = clock_thread_cpu_ns();
    if (app_export(app, &state.kv, 1, &exported, &e) < 0)
        die("export", e.text);
    emit("app_genesis", (double)(read - start) / 1000 / (double)accounts, "us/account");
    emit("app_export", (double)(clock_thread_cpu_ns() - read) / 1000 / (double)accounts,
         "us/account");
    free(exported);
    kv_mem_deinit(&empty);
    app_free(app);
}

int main(int argc, char **argv)
{
    static struct bench b;
    b.count = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000;
    make_accounts(&b);
    b.txs = mem_calloc(b.count, sizeof *b.txs);
    for (size_t i = 0; i < b.count; i++)
        b.txs[i] = make_tx(&b, i);

    struct app *plain = new_app(0), *cached = new_app(2 * b.count);
    double without = deliver_all(&b, plain);
    double ahead = verify_all(&b, cached);
    double check = check_all(&b, cached);
    double with = deliver_all(&b, cached);
    emit("app_deliver_without_cache", without / 1000, "us/transfer");
    emit("app_verify_ahead", ahead / 1000, "us/transfer");
    emit("app_check_verified", check / 1000, "us/transfer");
    emit("app_deliver_verified", with / 1000, "us/transfer");
    emit("app_transfers_without_cache", 1e9 / without, "1/s");
    emit("app_transfers_verified", 1e9 / with, "1/s");
    app_free(plain);
    app_free(cached);
    bench_genesis(argc > 2 ? strtoul(argv[2], NULL, 10) : 50000);
    secp_free(b.secp);
    free(b.txs);
    arena_deinit(&b.arena);
    return 0;
}
