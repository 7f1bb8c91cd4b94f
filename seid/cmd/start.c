// start: the node's life, from its settings to its one exit status.
//
// Signals: SIGINT and SIGTERM are blocked in every thread before any state is opened, and for good;
// they are read from a descriptor on the main loop. So none of them can end the process by itself,
// whenever it comes, and the halt's own SIGINT takes the same path as an operator's.
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <uv.h>

#include "base/cli.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "seid/app/app.h"
#include "seid/app/handlers.h"
#include "seid/cmd/cmd.h"
#include "seid/config/config.h"
#include "seid/config/genesis.h"
#include "seid/engine/initchain.h"
#include "seid/engine/solo.h"
#include "seid/halt/halt.h"
#include "seid/rpc/rpc.h"
#include "seid/store/store.h"

enum {
    EXIT_FAULT = 1, // no code of the contract
    MAX_WAITERS = 128,
    SIG_CACHE_SPARE = 1024,
    FIRST_BLOCK_WAIT_MS = 1000,
};

struct node {
    struct arena arena;
    struct node_config config;
    struct log log;
    struct halt_holder halt;
    struct halt_shell shell;
    struct app *app;
    struct store *store;
    struct privval *privval;
    struct engine *engine;
    struct rpc_server *rpc;
    char node_id[NODE_ID_CHARS + 1];
    const char *chain_id;

    uv_loop_t loop;
    uv_poll_t signals;
    uv_async_t wake;
    bool loop_open;
    int signal_fd;

    int told_fd;          // an eventfd: a block, a halt or a failure came
    pthread_mutex_t lock; // of what the consensus thread tells
    bool failed;
    struct err failure;
};

// ---- signals

static int block_signals(struct node *n, struct err *e)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    // A closed terminal ends nothing, and a reader that went away is an error of that write.
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    n->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    n->told_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return n->signal_fd < 0 || n->told_fd < 0 ? err_errno(e, errno, "cannot receive signals") : 0;
}

static void on_signal(uv_poll_t *handle, int status, int events)
{
    struct node *n = handle->data;
    struct signalfd_siginfo info;
    if (read(n->signal_fd, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    bool own = info.ssi_pid == (uint32_t)getpid();
    log_info(&n->log, "stopping",
             LOG_STR("signal", info.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM"),
             LOG_STR("from", own ? "self" : "outside"));
    uv_stop(&n->loop);
}

static void on_wake(uv_async_t *handle)
{
    struct node *n = handle->data;
    pthread_mutex_lock(&n->lock);
    bool failed = n->failed;
    pthread_mutex_unlock(&n->lock);
    if (failed)
        uv_stop(&n->loop);
}

// ---- what the consensus thread tells

static void tell(struct node *n, const struct err *failure)
{
    if (failure) {
        pthread_mutex_lock(&n->lock);
        n->failed = true;
        n->failure = *failure;
        pthread_mutex_unlock(&n->lock);
    }
    eventfd_write(n->told_fd, 1);
}

static void on_block(void *ctx, const struct engine_tip *tip)
{
    tell(ctx, NULL);
}

static void on_halted(void *ctx, const struct upgrade_halt *halt, int64_t began_ns)
{
    struct node *n = ctx;
    halt_graceful(&n->shell, halt, began_ns, NULL);
    tell(n, NULL);
}

static void ask_shutdown(void *ctx)
{
    kill(getpid(), SIGINT);
}

static void on_stop_wanted(void *ctx, const char *why)
{
    ask_shutdown(ctx);
    tell(ctx, NULL);
}

static void on_failed(void *ctx, const struct err *err)
{
    struct node *n = ctx;
    log_error(&n->log, "consensus failure", LOG_STR("error", err->text));
    tell(n, err);
    uv_async_send(&n->wake);
}

// ---- start

static int open_loop(struct node *n, struct err *e)
{
    int result = uv_loop_init(&n->loop);
    if (result == 0)
        result = uv_poll_init(&n->loop, &n->signals, n->signal_fd);
    if (result == 0)
        result = uv_async_init(&n->loop, &n->wake, on_wake);
    n->loop_open = result == 0;
    n->signals.data = n->wake.data = n;
    if (result == 0)
        result = uv_poll_start(&n->signals, UV_READABLE, on_signal);
    return result < 0 ? err_errno(e, -result, "cannot start the main loop") : 0;
}

static int open_store(struct node *n, struct err *e)
{
    const char *data = arena_printf(&n->arena, "%s/data", n->config.home);
    struct store_config config = {
        .path = n->config.path.data,
        .map_bytes = n->config.store_map_bytes,
        .history_blocks = n->config.history_blocks,
    };
    pid_t pid = 0;
    int result = fs_mkdir_p(data, e);
    if (result == 0)
        result = fs_mkdir_p(n->config.path.data, e);
    if (result == 0)
        result = store_open(&config, &n->store, &pid, e);
    if (result == STORE_LOCKED)
        return err_set(e, -EBUSY, "another node (pid %d) uses %s", (int)pid, n->config.path.data);
    n->shell.data_dir = data;
    return result;
}

static int open_app(struct node *n, const char *chain_id, struct err *e)
{
    struct app_config config = {
        .chain_id = n->chain_id = arena_strndup(&n->arena, chain_id, strlen(chain_id)),
        .handlers = &app_handlers,
        .min_gas_prices = n->config.minimum_gas_prices,
        .skip_heights = n->config.skip_heights,
        .skip_count = n->config.skip_count,
        .sig_cache_entries = n->config.mempool.size + SIG_CACHE_SPARE,
    };
    return app_new(&config, &n->app, e);
}

static int begin_chain(struct node *n, struct err *e)
{
    CLEANUP_ARENA struct arena arena = {0};
    CLEANUP_BUF struct buf text = {0};
    struct genesis genesis;
    int result = genesis_load(n->config.path.genesis, &text, &arena, &genesis, e);
    if (result == 0)
        result = open_app(n, genesis.chain.chain_id, e);
    if (result == 0)
        result = chain_init(n->store, n->app, &genesis, e);
    return result;
}

static int open_chain(struct node *n, struct err *e)
{
    CLEANUP_ARENA struct arena arena = {0};
    struct store_snapshot *snap;
    struct chain_genesis genesis;
    int result = store_snapshot_open(n->store, &snap, e);
    if (result < 0)
        return result;
    result = chain_genesis(snap, &arena, &genesis, e);
    store_snapshot_close(snap);
    if (result < 0)
        return result;
    if (result == 0)
        return open_app(n, genesis.chain_id, e);
    result = begin_chain(n, e);
    malloc_trim(0); // a genesis can be large, and is never looked at again
    return result;
}

static int open_keys(struct node *n, struct err *e)
{
    struct privval_key node_key;
    int result = node_key_load(n->config.path.node_key, &node_key, e);
    if (result < 0)
        return result;
    node_key_id(&node_key, n->node_id);
    explicit_bzero(&node_key, sizeof node_key);
    return privval_open(n->config.path.priv_validator_key, n->config.path.priv_validator_state,
                        &n->privval, e);
}

static int open_engine(struct node *n, struct err *e)
{
    const struct node_config *c = &n->config;
    struct solo_config config = {
        .store = n->store,
        .app = n->app,
        .privval = n->privval,
        .log = &n->log,
        .mempool =
            {
                .size = c->mempool.size,
                .max_txs_bytes = (int64_t)c->mempool.max_txs_bytes,
                .max_tx_bytes = c->mempool.max_tx_bytes,
                .cache_size = c->mempool.cache_size,
                .recheck = c->mempool.recheck,
                .keep_invalid_txs_in_cache = c->mempool.keep_invalid_txs_in_cache,
            },
        .timeout_commit_ns = c->consensus.timeout_commit_ns,
        .create_empty_blocks = c->consensus.create_empty_blocks,
        .create_empty_blocks_interval_ns = c->consensus.create_empty_blocks_interval_ns,
        .halt_height = (int64_t)c->halt_height,
        .halt_time_s = (int64_t)c->halt_time,
        .index_events = strcmp(c->tx_index_indexer, "kv") == 0,
        .max_waiters = MAX_WAITERS,
        .callbacks = {n, on_block, on_halted, on_stop_wanted, on_failed},
    };
    return engine_solo_new(&config, &n->engine, e);
}

static void log_start(const struct node *n)
{
    const struct engine_tip *tip = engine_tip(n->engine);
    char app_hash[2 * CHAIN_HASH_BYTES + 1];
    enc_hex_upper(tip->app_hash, CHAIN_HASH_BYTES, app_hash);
    log_info(&n->log, "starting node", LOG_STR("version", SEI_VERSION),
             LOG_STR("handlers", app_handlers.version), LOG_STR("home", n->config.home),
             LOG_STR("chain_id", n->chain_id), LOG_STR("node_id", n->node_id),
             LOG_INT("height", tip->height), LOG_STR("app_hash", app_hash));
    engine_tip_put(tip);
    for (size_t i = 0; i < n->config.note_count; i++)
        log_warn(&n->log, n->config.notes[i]);
}

// On a new chain clients should find block 1: many of them cannot read a status without one.
static void wait_for_first_block(struct node *n)
{
    const struct engine_tip *tip = engine_tip(n->engine);
    bool is_new = tip->height == 0;
    engine_tip_put(tip);
    if (!is_new)
        return;
    struct pollfd fds[] = {{.fd = n->told_fd, .events = POLLIN},
                           {.fd = n->signal_fd, .events = POLLIN}};
    poll(fds, 2, FIRST_BLOCK_WAIT_MS);
}

static int open_servers(struct node *n, struct err *e)
{
    struct rpc_node rpc = {
        .store = n->store,
        .app = n->app,
        .engine = n->engine,
        .halt = &n->halt,
        .config = &n->config,
        .log = &n->log,
        .node_id = n->node_id,
        .git_commit = cmd_commit,
    };
    if (n->config.rpc_listen_count == 0)
        return 0;
    wait_for_first_block(n);
    return rpc_server_start(&rpc, &n->rpc, e);
}

static int open_all(struct node *n, struct err *e)
{
    int result = open_loop(n, e);
    if (result == 0)
        result = open_store(n, e);
    if (result == 0)
        result = open_chain(n, e);
    if (result == 0)
        result = open_keys(n, e);
    if (result == 0)
        result = open_engine(n, e);
    if (result < 0)
        return result;
    log_start(n);
    result = engine_start(n->engine, e);
    return result < 0 ? result : open_servers(n, e);
}

// ---- the end

// Consensus first, then the servers that read what it left, then what both stand on. Also after a
// start that failed half-way.
static void close_all(struct node *n)
{
    if (n->engine) {
        engine_request_stop(n->engine);
        engine_join(n->engine);
    }
    rpc_server_stop(n->rpc);
    engine_free(n->engine);
    privval_free(n->privval);
    app_free(n->app);
    store_close(n->store);
}

static void free_node(struct node *n)
{
    if (n->loop_open) {
        uv_close((uv_handle_t *)&n->signals, NULL);
        uv_close((uv_handle_t *)&n->wake, NULL);
        uv_run(&n->loop, UV_RUN_DEFAULT);
        uv_loop_close(&n->loop);
    }
    close(n->signal_fd);
    close(n->told_fd);
    pthread_mutex_destroy(&n->lock);
    halt_holder_deinit(&n->halt);
    arena_deinit(&n->arena);
    free(n);
}

// The one decision about the exit status: a halt wins over everything that came after it.
static int exit_status(struct node *n, bool fault)
{
    int code = halt_exit_code(&n->halt);
    return code ? code : fault ? EXIT_FAULT : 0;
}

static int run(struct node *n, struct err *e)
{
    int result = open_all(n, e);
    if (result == 0)
        uv_run(&n->loop, UV_RUN_DEFAULT);
    close_all(n);
    if (result == 0 && n->failed) {
        *e = n->failure;
        result = e->code;
    }
    return exit_status(n, result < 0);
}

static void init_node(struct node *n)
{
    pthread_mutex_init(&n->lock, NULL);
    halt_holder_init(&n->halt);
    n->log = (struct log){STDERR_FILENO, LOG_INFO, LOG_PLAIN};
    log_level_parse(n->config.log_level, &n->log.level);
    n->log.format = strcmp(n->config.log_format, "json") == 0 ? LOG_JSON : LOG_PLAIN;
    n->shell = (struct halt_shell){
        .holder = &n->halt,
        .log = &n->log,
        .raw_fd = STDERR_FILENO,
        .stay_alive = n->config.halt_stay_alive,
        .now_ns = clock_realtime_ns,
        .ask_shutdown = ask_shutdown,
        .ask_shutdown_ctx = n,
    };
}

int cmd_start(struct cli *cli, void *context)
{
    struct err e = {0};
    struct node *n = mem_zalloc(sizeof *n);
    int result = config_load(cli, &n->arena, &n->config, &e);
    if (result == 0)
        result = block_signals(n, &e);
    if (result < 0) {
        arena_deinit(&n->arena);
        free(n);
        return cmd_fail(&e);
    }
    init_node(n);
    int status = run(n, &e);
    if (status == EXIT_FAULT)
        cmd_fail(&e);
    log_info(&n->log, "stopped", LOG_INT("exit_code", status));
    free_node(n);
    return status;
}
