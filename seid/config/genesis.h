// genesis: the genesis file, in CometBFT's format, with the SDK's app_state inside.
//
// Reading is strict about the CometBFT part: unknown or repeated members, wrong types and values
// out of range are refused with the member's path, broken JSON with line and column. app_state is
// the application's matter and is handed on as the bytes of the file.
#ifndef SEID_CONFIG_GENESIS_H
#define SEID_CONFIG_GENESIS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "seid/engine/chain.h"

enum { GENESIS_MAX_BYTES = 1 << 30, GENESIS_MAX_CHAIN_ID = 50, GENESIS_MAX_VALIDATORS = 10000 };

struct genesis {
    struct chain_genesis chain; // validators in CometBFT's order: power descending, address
                                // ascending
    struct slice app_state;     // an object; borrowed from the text
};

// `name` stands in front of errors. Results live in the arena or in `text`. 0 or -EINVAL.
int genesis_parse(const char *name, struct slice text, struct arena *arena, struct genesis *ret,
                  struct err *e);
// Reads the file into `ret_text`, which must live as long as the result.
int genesis_load(const char *path, struct buf *ret_text, struct arena *arena, struct genesis *ret,
                 struct err *e);

// CometBFT's defaults for the consensus parameters.
void genesis_default_params(struct chain_params *ret);

// The file's text, indented, appended. `app_state` must be a JSON object.
int genesis_write(const struct genesis *genesis, struct buf *ret, struct err *e);

#endif
