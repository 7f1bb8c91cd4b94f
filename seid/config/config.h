// config: the node's settings, typed: flags over environment over config.toml and app.toml over
// defaults. Every setting is one row of keys.def.
//
// Reading files is the only input here. Memory: everything a load returns lives in the arena.
#ifndef SEID_CONFIG_CONFIG_H
#define SEID_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/slice.h"

struct config_list {
    const char *const *items;
    size_t count;
};

enum { CONFIG_LADDR_MAX = 8 };

struct node_config {
    const char *home; // absolute

    // config.toml
    const char *moniker;
    const char *log_level;  // one that log_level_parse knows
    const char *log_format; // "plain" or "json"
    const char *db_dir;     // paths: as written; the absolute ones are in `path`
    const char *genesis_file;
    const char *priv_validator_key_file;
    const char *priv_validator_state_file;
    const char *node_key_file;
    struct {
        const char *laddr;
        struct config_list cors_allowed_origins;
        bool unsafe;
        uint64_t max_open_connections;
        uint64_t max_subscription_clients;
        uint64_t max_subscriptions_per_client;
        int64_t timeout_broadcast_tx_commit_ns;
        uint64_t max_request_batch_size; // 0: no limit
        uint64_t max_body_bytes;
        uint64_t max_header_bytes;
    } rpc;
    struct {
        bool recheck;
        uint64_t size;
        uint64_t max_txs_bytes;
        uint64_t cache_size;
        bool keep_invalid_txs_in_cache;
        uint64_t max_tx_bytes;
    } mempool;
    struct {
        int64_t timeout_commit_ns; // already 0 when skip_timeout_commit is set
        bool skip_timeout_commit;
        bool create_empty_blocks;                // false too when an interval is given
        int64_t create_empty_blocks_interval_ns; // 0: none
    } consensus;
    const char *tx_index_indexer; // "kv" or "null"

    // app.toml
    const char *minimum_gas_prices; // "0.01usei,0.1uother" or ""; checked
    const char *pruning;
    uint64_t pruning_keep_recent;
    uint64_t halt_height; // 0: none
    uint64_t halt_time;   // seconds since 1970; 0: none
    bool halt_stay_alive;
    const char *engine;       // "solo"
    uint64_t store_map_bytes; // 0: the store's default

    // Flags only.
    const int64_t *skip_heights; // --unsafe-skip-upgrades
    size_t skip_count;

    // Worked out from the above.
    int64_t history_blocks; // heights whose state is kept; INT64_MAX: all
    struct node_config_laddr {
        char text[108]; // as written, for messages: "tcp://127.0.0.1:26657"
        char host[64];  // "" stands for every address
        uint16_t port;  // 0: the system chooses one
        bool is_unix;   // then `path` is the socket's
        char path[108];
    } rpc_listen[CONFIG_LADDR_MAX];
    size_t rpc_listen_count;
    struct {              // absolute
        const char *data; // folder of the database
        const char *genesis;
        const char *priv_validator_key;
        const char *priv_validator_state;
        const char *node_key;
    } path;

    // What an operator should know, one line each: settings that have no effect here.
    const char *const *notes;
    size_t note_count;
};

// The flags of `seid start` that come from keys.def, and those that exist as flags only
// (--unsafe-skip-upgrades). --home is a flag of the program.
extern const struct cli_flag config_flags[];
extern const struct cli_flag config_start_flags[];

// The --home of a command, made absolute; a leading "~/" is the user's home folder.
int config_home(const struct cli *cli, struct arena *arena, const char **ret, struct err *e);

// `cli`: a parsed command that has the two tables above and --home. Reads <home>/config/config.toml
// and app.toml, each optional; refuses what it does not understand with file:line:column.
int config_load(struct cli *cli, struct arena *arena, struct node_config *ret, struct err *e);

// As above from the texts of the two files (null data: no such file), without input. `home` is
// absolute and lives as long as the result.
int config_read(struct cli *cli, const char *home, struct slice config_toml, struct slice app_toml,
                struct arena *arena, struct node_config *ret, struct err *e);

// ---- writing, for init and localnet

struct config_setting { // instead of the default
    const char *name;   // as in keys.def
    const char *text;   // lists: comma-separated
};
enum config_file { CONFIG_FILE_CONFIG, CONFIG_FILE_APP };
// The whole file with a comment a setting; appended.
void config_write(enum config_file file, const struct config_setting *settings, size_t count,
                  struct buf *ret);

// ---- client.toml

struct client_config {
    const char *chain_id;
    const char *keyring_backend;
    const char *output;
    const char *node;
    const char *broadcast_mode;
};
// Offers what <home>/config/client.toml says to those flags that the command has. A missing file
// is fine.
int client_config_offer(struct cli *cli, const char *home, struct arena *arena, struct err *e);
void client_config_write(const struct client_config *config, struct buf *ret);

// From the text of the file; `name` stands in front of errors.
int client_config_read(struct cli *cli, const char *name, struct slice text, struct arena *arena,
                       struct err *e);

// "0.01usei,1uother": decimal amounts with up to 18 places, denoms in order or not, none twice.
int config_check_prices(const char *text, struct err *e);

#endif
