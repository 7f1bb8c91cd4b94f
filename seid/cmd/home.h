// home: making and reading the files of a node's home folder.
#ifndef SEID_CMD_HOME_H
#define SEID_CMD_HOME_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "seid/cmd/appstate.h"
#include "seid/config/config.h"
#include "seid/config/genesis.h"
#include "seid/engine/privval.h"

struct home_plan {
    const char *home;
    const char *moniker;
    const char *chain_id;
    int64_t genesis_time_ns;
    bool overwrite; // config files and genesis; keys and what was signed are never overwritten
    struct appstate_options options;
    const struct config_setting *settings; // beside the moniker
    size_t setting_count;
    const char *client_node; // of client.toml
};

struct home_keys {
    struct privval_key validator;
    char node_id[NODE_ID_CHARS + 1];
};

// Writes config/{config,app,client}.toml, node_key.json, priv_validator_key.json,
// data/priv_validator_state.json and, last, genesis.json. -EEXIST when there is a genesis file and
// `overwrite` is not set. Keys that are there are kept. A run that was cut short can be repeated.
int home_create(const struct home_plan *plan, struct arena *arena, struct home_keys *ret,
                struct err *e);

// A genesis file with its app_state as JSON, for editing. Deinit it.
struct home_genesis {
    const char *path;
    struct genesis genesis;
    struct buf text;
    json_t *state;
};
int home_genesis_load(const char *path, struct arena *arena, struct home_genesis *ret,
                      struct err *e);
int home_genesis_save(struct home_genesis *g, struct arena *arena, struct err *e);
void home_genesis_deinit(struct home_genesis *g);
#define CLEANUP_HOME_GENESIS CLEANUP(home_genesis_deinit)

// Puts a validator into both of its places in the file.
int home_add_validator(struct home_genesis *g, const uint8_t operator_address[20],
                       const struct privval_key *key, const char *tokens, const char *moniker,
                       struct arena *arena, struct err *e);

#endif
