// cosmostx: Cosmos transactions: strict decoding, sign bytes, building and signing.
//
// Signatures cover body and auth info exactly as received, so a decoded transaction keeps slices of
// the received bytes and nothing is ever encoded again. Pure; any thread.
#ifndef WIRE_COSMOSTX_H
#define WIRE_COSMOSTX_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "wire/crypto/secp.h"
#include "wire/proto/cosmos_tx_v1beta1_tx.pb-c.h"

struct cosmostx {
    struct slice bytes; // all of these borrow what was given to cosmostx_decode
    struct slice body_bytes;
    struct slice auth_bytes;
    struct slice *signatures; // in the arena
    size_t signature_count;
    Cosmos__Tx__V1beta1__TxBody *body; // in the arena, never null; its members may be
    Cosmos__Tx__V1beta1__AuthInfo *auth;
};

// Decodes as the SDK's decoder does: TxRaw by the rules of ADR-027 (fields in order, shortest
// varints), no unknown fields but non-critical ones in the body, every Any of a known type. The
// texts are the SDK's without ": tx parse error". -EBADMSG. `bytes` must live as long as the
// result.
int cosmostx_decode(struct slice bytes, struct arena *a, struct cosmostx *ret, struct err *e);

// sha256 of the transaction.
void cosmostx_hash(struct slice bytes, uint8_t ret[32]);

// The bytes of SignDoc (SIGN_MODE_DIRECT), appended to `ret`.
void cosmostx_sign_bytes(struct slice body, struct slice auth, const char *chain_id,
                         uint64_t account_number, struct buf *ret);
// sha256 of them, without building them.
void cosmostx_sign_digest(struct slice body, struct slice auth, const char *chain_id,
                          uint64_t account_number, uint8_t ret[32]);

// What a transaction with one signer says. Everything is borrowed for the call.
struct cosmostx_request {
    const char *chain_id;
    uint64_t account_number;
    uint64_t sequence;
    Google__Protobuf__Any **messages;
    size_t message_count;
    const char *memo; // null: none
    uint64_t timeout_height;
    Cosmos__Base__V1beta1__Coin **fee;
    size_t fee_count;
    uint64_t gas_limit;
    const char *fee_payer;   // null: none
    const char *fee_granter; // null: none
};

// Appends the signed TxRaw to `ret`. 0, or SECP_BAD_SECRET.
int cosmostx_build(const struct cosmostx_request *request, const struct secp *s,
                   const uint8_t secret[SECP_SECRET_LEN], struct buf *ret);

// As above with an empty signature, for Simulate, which does not look at it.
void cosmostx_build_unsigned(const struct cosmostx_request *request,
                             const uint8_t key[SECP_PUBKEY_LEN], struct buf *ret);

#endif
