#include "seid/config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "seid/config/rows.h"
#include "wire/godur.h"
#include "wire/toml.h"

struct loader {
    struct cli *cli;
    struct arena *arena;
    const char *paths[2]; // of config.toml and app.toml, for messages
    const char **notes;
    size_t note_count, note_cap;
    struct err *e;
};

static const char *const file_names[] = {"config.toml", "app.toml"};

// ---- one entry of a file -----------------------------------------------------------------------

static int refuse(const struct loader *l, const char *file, unsigned line, unsigned column,
                  const char *what)
{
    return err_set(l->e, -EINVAL, "%s:%u:%u: %s", file, line, column, what);
}

static const struct config_row *find_row(enum config_file file, const char *name)
{
    for (const struct config_row *row = config_rows; row->what != ROW_END; row++)
        if (row->what != ROW_SECTION && row->file == file && strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

static int refuse_unknown(const struct loader *l, enum config_file file,
                          const struct toml_entry *entry)
{
    const char *names[256];
    size_t count = 0;
    for (const struct config_row *row = config_rows; row->what != ROW_END; row++) {
        if (row->what != ROW_KEY)
            continue;
        if (strcmp(row->name, entry->key) == 0)
            return refuse(
                l, l->paths[file], entry->line, entry->column,
                arena_printf(l->arena, "%s belongs into %s", entry->key, file_names[row->file]));
        if (row->file == file && count < sizeof names / sizeof *names)
            names[count++] = row->name;
    }
    const char *near = cli_nearest(entry->key, names, count);
    return refuse(l, l->paths[file], entry->line, entry->column,
                  arena_printf(l->arena, "unknown setting %s%s%s%s", entry->key,
                               near ? "; did you mean " : "", near ? near : "", near ? "?" : ""));
}

static const char *scalar_text(const struct toml_value *v, struct arena *arena)
{
    if (v->type == TOML_INTEGER)
        return arena_printf(arena, "%lld", (long long)v->integer);
    return v->text;
}

static const char *value_text(const struct toml_value *v, struct arena *arena)
{
    if (v->type != TOML_ARRAY)
        return scalar_text(v, arena);
    const char *all = "";
    for (size_t i = 0; i < v->count; i++)
        all = arena_printf(arena, "%s%s%s", all, i ? "," : "", scalar_text(&v->items[i], arena));
    return all;
}

// Why a value of that type does not fit, or null.
static const char *type_problem(enum config_kind kind, const struct toml_value *v)
{
    switch (kind) {
    case KIND_STRING:
    case KIND_PRICES:
        return v->type == TOML_STRING ? NULL : "expected a string";
    case KIND_DURATION:
        return v->type == TOML_STRING ? NULL : "expected a duration in quotes, such as \"1s\"";
    case KIND_BOOL:
        return v->type == TOML_BOOL ? NULL : "expected true or false";
    case KIND_UINT: // the SDK writes some numbers as strings
        return v->type == TOML_INTEGER || v->type == TOML_STRING ? NULL : "expected an integer";
    case KIND_LIST:
        for (size_t i = 0; v->type == TOML_ARRAY && i < v->count; i++)
            if (v->items[i].type != TOML_STRING || strchr(v->items[i].text, ','))
                return "expected strings without commas";
        return v->type == TOML_ARRAY || v->type == TOML_STRING ? NULL : "expected a list";
    }
    return NULL;
}

static void add_note(struct loader *l, const char *note)
{
    if (l->note_count == l->note_cap) {
        size_t cap = l->note_cap ? 2 * l->note_cap : 16;
        const char **grown = arena_alloc(l->arena, cap * sizeof *grown);
        if (l->note_count)
            memcpy(grown, l->notes, l->note_count * sizeof *grown);
        l->notes = grown;
        l->note_cap = cap;
    }
    l->notes[l->note_count++] = note;
}

static int take_entry(struct loader *l, enum config_file file, const struct toml_entry *entry)
{
    const char *name = l->paths[file];
    const struct config_row *row = find_row(file, entry->key);
    const struct toml_value *v = &entry->value;
    if (!row)
        return refuse_unknown(l, file, entry);
    const char *text = value_text(v, l->arena);
    if (row->what == ROW_KEY) {
        const char *problem = type_problem(row->kind, v);
        if (problem)
            return refuse(l, name, v->line, v->column,
                          arena_printf(l->arena, "%s: %s", row->name, problem));
        if (cli_offer(l->cli, row->name, text, l->e) < 0)
            return err_context(l->e, "%s:%u:%u", name, v->line, v->column);
        return 0;
    }
    if (!row->fallback || strcmp(row->fallback, text) == 0)
        return 0;
    if (row->what == ROW_REFUSED)
        return refuse(l, name, v->line, v->column,
                      arena_printf(l->arena, "%s: %s", row->name, row->text));
    add_note(l, arena_printf(l->arena, "%s:%u:%u: %s has no effect here", name, entry->line,
                             entry->column, row->name));
    return 0;
}

static int take_file(struct loader *l, enum config_file file, struct slice text)
{
    struct toml toml;
    if (!text.data)
        return 0;
    int r = toml_parse(l->paths[file], text, l->arena, &toml, l->e);
    if (r < 0)
        return r;
    for (size_t i = 0; i < toml.count; i++) {
        r = take_entry(l, file, &toml.entries[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

// ---- typed members -----------------------------------------------------------------------------

static void fill_member(const struct loader *l, const struct config_row *row,
                        struct node_config *config)
{
    void *member = (char *)config + row->offset;
    const char *text = cli_str(l->cli, row->name);
    struct config_list list;
    switch (row->kind) {
    case KIND_STRING:
    case KIND_PRICES:
        *(const char **)member = text ? text : "";
        return;
    case KIND_BOOL:
        *(bool *)member = cli_bool(l->cli, row->name);
        return;
    case KIND_UINT:
        *(uint64_t *)member = cli_uint64(l->cli, row->name);
        return;
    case KIND_DURATION:
        *(int64_t *)member = 0;
        (void)godur_parse(text ? text : "0", (int64_t *)member); // checked when it was given
        return;
    case KIND_LIST:
        list.items = cli_list(l->cli, row->name, &list.count);
        *(struct config_list *)member = list;
        return;
    }
}

static void fill_skip_heights(const struct loader *l, struct node_config *config)
{
    size_t count;
    const char *const *items = cli_list(l->cli, "unsafe-skip-upgrades", &count);
    int64_t *heights = arena_alloc(l->arena, (count + 1) * sizeof *heights);
    for (size_t i = 0; i < count; i++)
        heights[i] = (int64_t)strtoll(items[i], NULL, 10);
    config->skip_heights = heights;
    config->skip_count = count;
}

static const char *under_home(const struct loader *l, const char *home, const char *path)
{
    return *path == '/' ? path : arena_printf(l->arena, "%s/%s", home, path);
}

static void fill_paths(const struct loader *l, struct node_config *c)
{
    c->path.data = under_home(l, c->home, c->db_dir);
    c->path.genesis = under_home(l, c->home, c->genesis_file);
    c->path.priv_validator_key = under_home(l, c->home, c->priv_validator_key_file);
    c->path.priv_validator_state = under_home(l, c->home, c->priv_validator_state_file);
    c->path.node_key = under_home(l, c->home, c->node_key_file);
}

enum { HISTORY_DEFAULT = 362880, HISTORY_LEAST = 2 };

static int fill_history(const struct loader *l, struct node_config *c)
{
    if (strcmp(c->pruning, "nothing") == 0)
        c->history_blocks = INT64_MAX;
    else if (strcmp(c->pruning, "everything") == 0)
        c->history_blocks = HISTORY_LEAST;
    else if (strcmp(c->pruning, "custom") != 0)
        c->history_blocks = HISTORY_DEFAULT;
    else if (c->pruning_keep_recent < HISTORY_LEAST || c->pruning_keep_recent > INT64_MAX)
        return err_set(l->e, -EINVAL, "pruning = custom needs a pruning-keep-recent of at least %d",
                       HISTORY_LEAST);
    else
        c->history_blocks = (int64_t)c->pruning_keep_recent;
    return 0;
}

// ---- listening addresses -----------------------------------------------------------------------

// host:port, [v6]:port or :port
static bool parse_host_port(const char *text, struct node_config_laddr *ret)
{
    const char *colon = strrchr(text, ':');
    if (!colon)
        return false;
    size_t len = (size_t)(colon - text);
    bool bracketed = len >= 2 && text[0] == '[' && text[len - 1] == ']';
    if (bracketed) {
        text++;
        len -= 2;
    }
    if (len >= sizeof ret->host || (!bracketed && memchr(text, ':', len)))
        return false;
    size_t digits = strspn(colon + 1, "0123456789");
    unsigned long port = strtoul(colon + 1, NULL, 10);
    if (digits == 0 || digits > 5 || colon[1 + digits] || port > 65535)
        return false;
    memcpy(ret->host, text, len);
    ret->host[len] = 0;
    ret->port = (uint16_t)port;
    return true;
}

static bool parse_laddr(const char *text, struct node_config_laddr *ret)
{
    if (strlen(text) >= sizeof ret->text)
        return false;
    memcpy(ret->text, text, strlen(text) + 1);
    if (strncmp(text, "unix://", 7) == 0) {
        ret->is_unix = true;
        memcpy(ret->path, text + 7, strlen(text + 7) + 1);
        return text[7] != 0;
    }
    if (strncmp(text, "tcp://", 6) == 0)
        text += 6;
    return parse_host_port(text, ret);
}

static int fill_listeners(const struct loader *l, struct node_config *c)
{
    for (const char *p = c->rpc.laddr; *p;) {
        size_t n = strcspn(p, ",");
        const char *one = arena_strndup(l->arena, p, n);
        if (c->rpc_listen_count == CONFIG_LADDR_MAX)
            return err_set(l->e, -EINVAL, "rpc.laddr: more than %d addresses", CONFIG_LADDR_MAX);
        if (!parse_laddr(one, &c->rpc_listen[c->rpc_listen_count++]))
            return err_set(l->e, -EINVAL,
                           "rpc.laddr: \"%s\" is not an address such as tcp://127.0.0.1:26657 or "
                           "unix:///run/seid.rpc",
                           one);
        p += n + (p[n] == ',');
    }
    return 0;
}

// ---- the whole ---------------------------------------------------------------------------------

static int check_limits(const struct loader *l, const struct node_config *c)
{
    const struct {
        const char *name;
        uint64_t value, least, most;
    } rows[] = {
        {"rpc.max_open_connections", c->rpc.max_open_connections, 1, 65535},
        {"rpc.max_subscription_clients", c->rpc.max_subscription_clients, 0, 65535},
        {"rpc.max_subscriptions_per_client", c->rpc.max_subscriptions_per_client, 0, 65535},
        {"rpc.max_request_batch_size", c->rpc.max_request_batch_size, 0, 1000000},
        {"rpc.max_body_bytes", c->rpc.max_body_bytes, 1, 1u << 30},
        {"rpc.max_header_bytes", c->rpc.max_header_bytes, 1024, 1u << 26},
        {"mempool.size", c->mempool.size, 1, 10000000},
        {"mempool.max_txs_bytes", c->mempool.max_txs_bytes, 1, UINT64_C(1) << 40},
        {"mempool.cache_size", c->mempool.cache_size, 0, 100000000},
        {"mempool.max_tx_bytes", c->mempool.max_tx_bytes, 1, 100u << 20},
        {"halt-height", c->halt_height, 0, INT64_MAX},
        {"halt-time", c->halt_time, 0, INT64_MAX / 1000000000},
        {"store.map-size", c->store_map_bytes, 0, UINT64_C(1) << 46},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].value < rows[i].least || rows[i].value > rows[i].most)
            return err_set(l->e, -EINVAL, "%s: %llu is not between %llu and %llu", rows[i].name,
                           (unsigned long long)rows[i].value, (unsigned long long)rows[i].least,
                           (unsigned long long)rows[i].most);
    return 0;
}

static void fill_consensus(struct node_config *c)
{
    if (c->consensus.skip_timeout_commit)
        c->consensus.timeout_commit_ns = 0;
    if (c->consensus.create_empty_blocks_interval_ns > 0)
        c->consensus.create_empty_blocks = false;
}

int config_read(struct cli *cli, const char *home, struct slice config_toml, struct slice app_toml,
                struct arena *arena, struct node_config *ret, struct err *e)
{
    struct loader l = {.cli = cli, .arena = arena, .e = e};
    for (int i = 0; i < 2; i++)
        l.paths[i] = arena_printf(arena, "%s/config/%s", home, file_names[i]);
    int r = take_file(&l, CONFIG_FILE_CONFIG, config_toml);
    if (r == 0)
        r = take_file(&l, CONFIG_FILE_APP, app_toml);
    if (r < 0)
        return r;
    struct node_config *c = arena_zalloc(arena, sizeof *c);
    c->home = home;
    for (const struct config_row *row = config_rows; row->what != ROW_END; row++)
        if (row->what == ROW_KEY)
            fill_member(&l, row, c);
    fill_skip_heights(&l, c);
    fill_paths(&l, c);
    fill_consensus(c);
    c->notes = l.notes;
    c->note_count = l.note_count;
    r = check_limits(&l, c);
    if (r == 0)
        r = fill_history(&l, c);
    if (r == 0)
        r = fill_listeners(&l, c);
    if (r == 0)
        *ret = *c;
    return r;
}

int config_home(const struct cli *cli, struct arena *arena, const char **ret, struct err *e)
{
    const char *home = cli_str(cli, "home");
    if (!home || !*home)
        return err_set(e, -EINVAL, "--home is empty");
    if (home[0] == '~' && (home[1] == '/' || !home[1])) {
        const char *user = getenv("HOME");
        if (!user || !*user)
            return err_set(e, -EINVAL, "HOME is not set: give --home");
        home = arena_printf(arena, "%s%s", user, home + 1);
    }
    if (*home != '/') {
        char *here CLEANUP_FREE = getcwd(NULL, 0);
        if (!here)
            return err_errno(e, errno, "cannot find the current folder");
        home = arena_printf(arena, "%s/%s", here, home);
    }
    *ret = home;
    return 0;
}

// A missing file is an empty slice with null data.
static int read_optional(struct arena *arena, const char *path, struct slice *ret, struct err *e)
{
    struct buf text CLEANUP_BUF = {0};
    *ret = SLICE_NULL;
    if (!fs_exists(path))
        return 0;
    int r = fs_read(path, TOML_MAX_BYTES, &text, e);
    if (r < 0)
        return r;
    *ret = slice_of(arena_dup(arena, text.data ? (const void *)text.data : "", text.len), text.len);
    return 0;
}

int config_load(struct cli *cli, struct arena *arena, struct node_config *ret, struct err *e)
{
    const char *home;
    struct slice texts[2];
    int r = config_home(cli, arena, &home, e);
    for (int i = 0; i < 2 && r == 0; i++)
        r = read_optional(arena, arena_printf(arena, "%s/config/%s", home, file_names[i]),
                          &texts[i], e);
    if (r < 0)
        return r;
    return config_read(cli, home, texts[0], texts[1], arena, ret, e);
}

// ---- client.toml -------------------------------------------------------------------------------

int client_config_read(struct cli *cli, const char *name, struct slice text, struct arena *arena,
                       struct err *e)
{
    static const char *const keys[] = {"chain-id", "keyring-backend", "output", "node",
                                       "broadcast-mode"};
    enum { KEYS = sizeof keys / sizeof *keys };
    struct loader l = {.cli = cli, .arena = arena, .e = e};
    struct toml toml;
    int r = toml_parse(name, text, arena, &toml, e);
    for (size_t i = 0; r == 0 && i < toml.count; i++) {
        const struct toml_entry *entry = &toml.entries[i];
        size_t k = 0;
        while (k < KEYS && strcmp(keys[k], entry->key) != 0)
            k++;
        if (k == KEYS) {
            const char *near = cli_nearest(entry->key, keys, KEYS);
            return refuse(&l, name, entry->line, entry->column,
                          arena_printf(arena, "unknown setting %s%s%s%s", entry->key,
                                       near ? "; did you mean " : "", near ? near : "",
                                       near ? "?" : ""));
        }
        if (entry->value.type != TOML_STRING)
            return refuse(&l, name, entry->value.line, entry->value.column, "expected a string");
        if (cli_has(cli, entry->key) && *entry->value.text &&
            cli_offer(cli, entry->key, entry->value.text, e) < 0)
            return err_context(e, "%s:%u:%u", name, entry->value.line, entry->value.column);
    }
    return r;
}

int client_config_offer(struct cli *cli, const char *home, struct arena *arena, struct err *e)
{
    const char *path = arena_printf(arena, "%s/config/client.toml", home);
    struct slice text;
    int r = read_optional(arena, path, &text, e);
    if (r < 0 || !text.data)
        return r;
    return client_config_read(cli, path, text, arena, e);
}
