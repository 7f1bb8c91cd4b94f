#include "seid/cmd/home.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "base/fs.h"
#include "wire/addr.h"

enum { POWER_REDUCTION = 1000000, SETTINGS_MAX = 32 };

static int write_new(const char *path, const struct buf *text, bool overwrite, struct err *e)
{
    if (fs_exists(path) && !overwrite)
        return 0;
    return fs_write_atomic(path, text->data, text->len, 0644, e);
}

static int write_config(const struct home_plan *plan, enum config_file file, const char *path,
                        struct err *e)
{
    struct config_setting settings[SETTINGS_MAX] = {{"moniker", plan->moniker}};
    size_t count = 1;
    for (size_t i = 0; i < plan->setting_count && count < SETTINGS_MAX; i++)
        settings[count++] = plan->settings[i];
    struct buf text CLEANUP_BUF = {0};
    config_write(file, settings, count, &text);
    return write_new(path, &text, plan->overwrite, e);
}

static int write_client(const struct home_plan *plan, const char *path, struct err *e)
{
    const struct client_config client = {plan->chain_id, "test", "text", plan->client_node, "sync"};
    struct buf text CLEANUP_BUF = {0};
    client_config_write(&client, &text);
    return write_new(path, &text, plan->overwrite, e);
}

static int make_keys(const char *config, const char *data, struct arena *arena,
                     struct home_keys *ret, struct err *e)
{
    const char *node_path = arena_printf(arena, "%s/node_key.json", config);
    const char *key_path = arena_printf(arena, "%s/priv_validator_key.json", config);
    const char *state_path = arena_printf(arena, "%s/priv_validator_state.json", data);
    struct privval_key node;
    int r = 0;
    if (fs_exists(node_path)) {
        r = node_key_load(node_path, &node, e);
    } else {
        r = privval_key_generate(&node, e);
        if (r == 0)
            r = node_key_save(node_path, &node, e);
    }
    if (r == 0)
        node_key_id(&node, ret->node_id);
    explicit_bzero(&node, sizeof node);
    if (r < 0)
        return r;
    if (fs_exists(key_path)) {
        r = privval_key_load(key_path, &ret->validator, e);
    } else {
        r = privval_key_generate(&ret->validator, e);
        if (r == 0)
            r = privval_key_save(key_path, &ret->validator, e);
    }
    const struct privval_state nothing = {0};
    if (r == 0 && !fs_exists(state_path))
        r = privval_state_save(state_path, &nothing, e);
    return r;
}

static int write_genesis(const struct home_plan *plan, const char *path, struct arena *arena,
                         struct err *e)
{
    struct home_genesis g = {.path = path, .state = appstate_new(&plan->options)};
    g.genesis.chain.chain_id = plan->chain_id;
    g.genesis.chain.time_ns = plan->genesis_time_ns;
    g.genesis.chain.initial_height = 1;
    genesis_default_params(&g.genesis.chain.params);
    int r =
        g.state ? home_genesis_save(&g, arena, e) : err_set(e, -EINVAL, "the denom is not UTF-8");
    home_genesis_deinit(&g);
    return r;
}

int home_create(const struct home_plan *plan, struct arena *arena, struct home_keys *ret,
                struct err *e)
{
    const char *config = arena_printf(arena, "%s/config", plan->home);
    const char *data = arena_printf(arena, "%s/data", plan->home);
    const char *genesis = arena_printf(arena, "%s/genesis.json", config);
    if (fs_exists(genesis) && !plan->overwrite)
        return err_set(e, -EEXIST, "genesis.json file already exists: %s", genesis);
    int r = fs_mkdir_p(config, e);
    if (r == 0)
        r = fs_mkdir_p(data, e);
    if (r == 0)
        r = make_keys(config, data, arena, ret, e);
    if (r == 0)
        r = write_config(plan, CONFIG_FILE_CONFIG, arena_printf(arena, "%s/config.toml", config),
                         e);
    if (r == 0)
        r = write_config(plan, CONFIG_FILE_APP, arena_printf(arena, "%s/app.toml", config), e);
    if (r == 0)
        r = write_client(plan, arena_printf(arena, "%s/client.toml", config), e);
    return r ? r : write_genesis(plan, genesis, arena, e);
}

// ---- an existing genesis file ------------------------------------------------------------------

int home_genesis_load(const char *path, struct arena *arena, struct home_genesis *ret,
                      struct err *e)
{
    json_error_t why;
    *ret = (struct home_genesis){.path = path};
    int r = genesis_load(path, &ret->text, arena, &ret->genesis, e);
    if (r < 0)
        return r;
    struct slice state = ret->genesis.app_state;
    ret->state = json_loadb((const char *)state.data, state.len, JSON_REJECT_DUPLICATES, &why);
    if (!ret->state)
        return err_set(e, -EINVAL, "%s: app_state: line %d, column %d: %s", path, why.line,
                       why.column, why.text);
    return 0;
}

int home_genesis_save(struct home_genesis *g, struct arena *arena, struct err *e)
{
    char *state CLEANUP_FREE = json_dumps(g->state, JSON_COMPACT | JSON_PRESERVE_ORDER);
    if (!state)
        return err_set(e, -EINVAL, "app_state is not UTF-8");
    struct buf text CLEANUP_BUF = {0};
    struct genesis copy = g->genesis;
    copy.app_state = slice_str(state);
    int r = genesis_write(&copy, &text, e);
    return r < 0 ? r : fs_write_atomic(g->path, text.data, text.len, 0644, e);
}

void home_genesis_deinit(struct home_genesis *g)
{
    json_decref(g->state);
    g->state = NULL;
    buf_deinit(&g->text);
}

int home_add_validator(struct home_genesis *g, const uint8_t operator_address[20],
                       const struct privval_key *key, const char *tokens, const char *moniker,
                       struct arena *arena, struct err *e)
{
    char text[ADDR_TEXT_MAX];
    struct buf pubkey CLEANUP_BUF = {0};
    char *end = NULL;
    errno = 0;
    long long power = strtoll(tokens, &end, 10) / POWER_REDUCTION;
    if (errno || *end || power < 1)
        return err_set(e, -EINVAL, "--tokens must be at least %d: that is a voting power of 1",
                       POWER_REDUCTION);
    addr_text(ADDR_HRP_VAL, slice_of(operator_address, 20), text);
    enc_base64_append(&pubkey, key->pub, sizeof key->pub);
    const struct appstate_validator v = {text, buf_cstr(&pubkey), moniker, tokens};
    int r = appstate_add_validator(g->state, &v, e);
    if (r != 0)
        return r < 0 ? r : -EEXIST;

    struct chain_genesis *c = &g->genesis.chain;
    struct chain_validator *grown = arena_zalloc(arena, (c->validator_count + 1) * sizeof *grown);
    if (c->validator_count)
        memcpy(grown, c->validators, c->validator_count * sizeof *grown);
    struct chain_validator *mine = &grown[c->validator_count++];
    memcpy(mine->address, key->address, sizeof mine->address);
    memcpy(mine->pub_key, key->pub, sizeof mine->pub_key);
    mine->power = power;
    mine->name = moniker;
    c->validators = grown;
    return 0;
}
