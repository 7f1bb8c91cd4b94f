// rollback, export: work on the database of a node that does not run.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "base/fs.h"
#include "seid/app/app.h"
#include "seid/app/handlers.h"
#include "seid/cmd/cmd.h"
#include "seid/config/config.h"
#include "seid/config/genesis.h"
#include "seid/engine/chain.h"
#include "seid/engine/privval.h"
#include "seid/engine/rollback.h"
#include "seid/store/store.h"

const struct cli_flag cmd_rollback_flags[] = {
    {.name = "hard",
     .type = CLI_BOOL,
     .help = "remove the block too; a new one is made in its place"},
    {0}};

const struct cli_flag cmd_export_flags[] = {
    {.name = "height",
     .type = CLI_INT64,
     .fallback = "-1",
     .help = "state after the block of this height; -1: the newest"},
    {.name = "output-document",
     .type = CLI_STRING,
     .value = "file",
     .help = "write there instead of printing"},
    {0}};

struct offline {
    const char *home;
    struct node_config config;
    struct store *store;
    struct store_snapshot *snap;
};

static int offline_open(struct offline *o, struct cli *cli, bool read_only, struct err *e)
{
    pid_t pid = 0;
    *o = (struct offline){0};
    int r = config_home(cli, cli->arena, &o->home, e);
    if (r == 0)
        r = cmd_load_config(o->home, cli->arena, &o->config, e);
    if (r < 0)
        return r;
    const struct store_config config = {
        .path = o->config.path.data,
        .map_bytes = o->config.store_map_bytes,
        .history_blocks = o->config.history_blocks,
        .read_only = read_only,
    };
    if (!fs_exists(config.path))
        return err_set(e, -ENOENT, "there is no database in %s", config.path);
    r = store_open(&config, &o->store, &pid, e);
    if (r == STORE_LOCKED)
        return err_set(e, -EBUSY, "a node (pid %d) uses %s: stop it first", (int)pid, config.path);
    return r;
}

static void offline_close(struct offline *o)
{
    store_snapshot_close(o->snap);
    store_close(o->store);
}
#define CLEANUP_OFFLINE CLEANUP(offline_close)

int cmd_rollback(struct cli *cli, void *context)
{
    struct err e = {0};
    struct offline o CLEANUP_OFFLINE = {0};
    struct privval_state signed_last;
    struct rollback_result result;
    int r = offline_open(&o, cli, false, &e);
    if (r == 0)
        r = privval_state_load(o.config.path.priv_validator_state, &signed_last, &e);
    if (r == 0)
        r = chain_rollback(o.store, cli_bool(cli, "hard"), &signed_last, &result, &e);
    if (r < 0)
        return cmd_fail(&e);
    char hash[2 * STORE_HASH_BYTES + 1];
    enc_hex_upper(result.app_hash, sizeof result.app_hash, hash);
    (void)printf("Rolled back state to height %lld and hash %s\n", (long long)result.height, hash);
    return 0;
}

// ---- export ------------------------------------------------------------------------------------

static int state_at(const struct offline *o, int64_t height, struct kv **ret, struct err *e)
{
    int64_t newest = store_snapshot_height(o->snap);
    if (height < 0 || height == newest) {
        *ret = store_snapshot_state(o->snap);
        return 0;
    }
    int r = store_snapshot_state_at(o->snap, height, ret);
    if (r == STORE_FUTURE)
        return err_set(e, -EINVAL, "the newest height is %lld", (long long)newest);
    if (r == STORE_PRUNED)
        return err_set(e, -EINVAL, "the state of height %lld is pruned", (long long)height);
    return r < 0 ? err_set(e, r, "the database is broken") : 0;
}

static int export_state(const struct offline *o, const struct chain_genesis *chain,
                        struct kv *state, int64_t height, char **ret, struct err *e)
{
    struct app *app = NULL;
    const struct app_config config = {
        .chain_id = chain->chain_id,
        .handlers = &app_handlers,
        .min_gas_prices = "",
        .sig_cache_entries = 1,
    };
    int r = app_new(&config, &app, e);
    if (r == 0)
        r = app_export(app, state, height, ret, e);
    app_free(app);
    return r;
}

static int export_genesis(struct offline *o, struct cli *cli, struct buf *ret, struct err *e)
{
    struct genesis g = {0};
    struct kv *state = NULL;
    char *json CLEANUP_FREE = NULL;
    int64_t height = cli_int64(cli, "height");
    int r = store_snapshot_open(o->store, &o->snap, e);
    if (r == 0)
        r = chain_genesis(o->snap, cli->arena, &g.chain, e);
    if (r == CHAIN_NOT_FOUND)
        return err_set(e, -ENOENT, "there is no chain in %s", o->config.path.data);
    if (r == 0)
        r = state_at(o, height, &state, e);
    if (height < 0)
        height = store_snapshot_height(o->snap);
    if (r == 0)
        r = export_state(o, &g.chain, state, height, &json, e);
    if (r < 0)
        return r;
    g.chain.initial_height = height + 1;
    g.app_state = slice_str(json);
    return genesis_write(&g, ret, e);
}

int cmd_export(struct cli *cli, void *context)
{
    struct err e = {0};
    struct offline o CLEANUP_OFFLINE = {0};
    struct buf text CLEANUP_BUF = {0};
    const char *path = cli_str(cli, "output-document");
    int r = offline_open(&o, cli, true, &e);
    if (r == 0)
        r = export_genesis(&o, cli, &text, &e);
    if (r == 0 && path && *path)
        r = fs_write_atomic(path, text.data, text.len, 0644, &e);
    else if (r == 0)
        (void)fwrite(text.data, 1, text.len, stdout);
    return r < 0 ? cmd_fail(&e) : 0;
}
