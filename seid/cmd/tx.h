// tx: from messages to a signed and sent transaction, as the flags of `seid tx` say.
#ifndef SEID_CMD_TX_H
#define SEID_CMD_TX_H

#include "seid/cmd/cmd.h"
#include "seid/cmd/node.h"
#include "wire/cosmostx.h"

enum { TX_MESSAGES_MAX = 1000 };

struct tx {
    struct cli *cli;
    const char *home;
    struct keyring keyring;
    struct node node; // connects only when it is asked
    struct keyring_key key;
    bool has_key;     // false: --from is an address, enough for --generate-only
    const char *from; // sei address
    Google__Protobuf__Any **messages;
    size_t message_count;
    uint64_t account_number;
    uint64_t sequence;
    const char *chain_id;
};

// `from`: a key's name or an address; null: --from.
int tx_open(struct tx *t, struct cli *cli, const char *from, struct err *e);
void tx_deinit(struct tx *t);
#define CLEANUP_TX CLEANUP(tx_deinit)

// Adds a message given as JSON with "@type"; takes the reference (null: out of memory or bad text).
int tx_add(struct tx *t, json_t *message, struct err *e);

// Does what the flags ask: prints the unsigned transaction, or estimates its gas, or signs, asks,
// sends and prints the answer. Returns the exit status.
int tx_finish(struct tx *t);

// The parts of tx_finish that `tx sign` and `tx broadcast` use too.
int tx_find_account(struct tx *t, struct err *e); // chain id, account number, sequence
int tx_sign(struct tx *t, const struct cosmostx_request *request, struct buf *ret, struct err *e);
int tx_broadcast(struct tx *t, struct slice bytes); // prints; returns the exit status
// A signed transaction as the SDK's JSON.
int tx_json(struct slice bytes, struct arena *arena, json_t **ret, struct err *e);

// An amount of coins of a flag or argument as JSON; must not be empty.
json_t *tx_coins(const char *text, struct arena *arena, struct err *e); // null: refused

#endif
