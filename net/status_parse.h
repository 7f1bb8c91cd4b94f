// status_parse: what a node's /status answer says, read from its bytes. Pure: no I/O, no clock.
//
// Accepted are the bare result (as the Sei fork answers a GET) and the same in {"result":…} (as
// CometBFT does). Integers may be numbers or strings. Fields of a newer or older node are no
// reason to lose a halt: of the neighbours, what is absent or of a wrong type is "not known", and
// the first of a wrong type is named in `note`. The intent itself is read by the contract's
// decoder, from the very bytes the node sent.
#ifndef NET_STATUS_PARSE_H
#define NET_STATUS_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include <seihalt.h>

#include "base/buf.h"
#include "base/slice.h"
#include "net/limits.h"

// Neither absent nor null means that the node is healthy: both say that there is no signal.
enum status_intent {
    STATUS_INTENT_ABSENT,  // an older node, or one that has not halted
    STATUS_INTENT_NULL,    // the node wanted to say something and could not
    STATUS_INTENT_VALID,   // halted, the reason known or not
    STATUS_INTENT_INVALID, // there is something, and it is no intent: `intent_error` says why
};

struct node_status {
    bool wrapped; // in {"result":…}
    enum status_intent intent_state;
    struct sei_halt_intent intent; // when valid; its texts live in `intent_memory`
    struct buf intent_memory;      // owned
    char intent_error[160];        // when invalid
    int64_t height;                // sync_info.latest_block_height; -1: not known
    int64_t earliest_height;       // sync_info.earliest_block_height; -1: not known
    int catching_up;               // 1, 0; -1: not known
    // Cut to their space, "" when not known.
    char network[NET_STATUS_TEXT_MAX];
    char moniker[NET_STATUS_TEXT_MAX];
    char version[NET_STATUS_TEXT_MAX];
    char node_id[NET_STATUS_TEXT_MAX];
    char block_time[NET_STATUS_TEXT_MAX]; // RFC 3339 as the node wrote it
    char app_hash[NET_STATUS_TEXT_MAX];
    char note[160]; // the first member of a wrong type, "" when there is none
};

// Nothing known.
#define NODE_STATUS_INIT                                                                           \
    {                                                                                              \
        .height = -1, .earliest_height = -1, .catching_up = -1                                     \
    }

enum {
    STATUS_NOT_JSON = 1,   // or too large or too deep
    STATUS_NOT_STATUS = 2, // JSON that has no node_info, sync_info or halt_intent
    STATUS_RPC_ERROR = 3,  // the node answered with a JSON-RPC error
};

// *ret is overwritten whole and always may be given to node_status_deinit. 0, or one of the above
// with the reason in `text` of `text_size` bytes (may be null when text_size is 0).
int status_parse(struct slice answer, struct node_status *ret, char *text, size_t text_size);

void node_status_deinit(struct node_status *s); // idempotent
#define CLEANUP_NODE_STATUS CLEANUP(node_status_deinit)

#endif
