// tx: a transaction: decoding, the ante chain (who pays, who signed, in which order), and its
// messages.
#ifndef SEID_APP_TX_H
#define SEID_APP_TX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seid/app/auth.h"
#include "seid/app/ctx.h"
#include "seid/app/msgs.h"
#include "wire/cosmostx.h"

enum tx_mode {
    TX_CHECK,    // into the mempool: minimum gas prices count
    TX_RECHECK,  // still good after a block: signatures are not verified again
    TX_DELIVER,  // in a block
    TX_SIMULATE, // signatures and fees may be missing; gas has no limit
};

// More signers than this are not even counted, whatever the parameters say.
enum { TX_SIGNERS_MAX = 100 };

struct app_tx {
    struct cosmostx raw;
    struct tx_msg {
        const struct msg_type *type;
        void *message;
    } * msgs;
    size_t msg_count;
    // Who has to sign: the signers of the messages in order, each once, then the fee payer.
    struct addr *signers;
    size_t signer_count;
    const struct addr *fee_payer; // one of them
    uint64_t gas_limit;
};

// Decodes and does what needs no state: at least one message, each message's own checks, signers.
// Everything in ctx->arena; `bytes` must outlive the result. 0 or APP_FAILED; gas_limit is set as
// soon as it is known.
int tx_decode(struct app_ctx *ctx, struct slice bytes, struct app_tx *ret);

// The SDK's ante chain. Writes fees, keys and sequences through ctx->kv, which the caller drops
// when it fails.
int tx_ante(struct app_ctx *ctx, struct app_tx *tx, enum tx_mode mode);

// Runs all messages. *ret_data is the encoded TxMsgData. What was written must be dropped when it
// fails.
int tx_messages(struct app_ctx *ctx, const struct app_tx *tx, struct slice *ret_data);

// When the gas ran out, that is the failure, whatever else was found. Returns `outcome` otherwise.
int tx_gas_outcome(struct app_ctx *ctx, const struct app_tx *tx, int outcome);

// Verifies the signatures and remembers a success; no state is written. For the threads that
// prepare CheckTx.
void tx_verify_ahead(struct app_ctx *ctx, const struct app_tx *tx);

// fees.c: the fee of the transaction, checked against the minimum prices in TX_CHECK and moved to
// the fee collector.
int tx_deduct_fee(struct app_ctx *ctx, const struct app_tx *tx, enum tx_mode mode);
// The part of the SDK's Tx.ValidateBasic that concerns fees.
int tx_check_fee(struct app_ctx *ctx, const struct app_tx *tx);

#endif
