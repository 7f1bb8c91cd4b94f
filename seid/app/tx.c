#include "seid/app/tx.h"

#include <inttypes.h>
#include <string.h>

#include "base/enc.h"
#include "seid/app/app_impl.h"
#include "wire/crypto/hash.h"
#include "wire/proto/cosmos_base_abci_v1beta1_abci.pb-c.h"
#include "wire/proto/cosmos_crypto_secp256k1_keys.pb-c.h"

enum { SIG_BYTES = 64 };

// ---- decoding

static bool addr_eq(const struct addr *a, const struct addr *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static const struct addr *add_signer(struct app_tx *tx, const struct addr *signer)
{
    for (size_t i = 0; i < tx->signer_count; i++)
        if (addr_eq(&tx->signers[i], signer))
            return &tx->signers[i];
    struct addr *slot = &tx->signers[tx->signer_count++];
    *slot = *signer;
    return slot;
}

static int decode_message(struct app_ctx *ctx, struct app_tx *tx, const Google__Protobuf__Any *any)
{
    struct addr signer;
    struct tx_msg *msg = &tx->msgs[tx->msg_count++];
    msg->type = msg_unpack(any, ctx->arena, &msg->message);
    if (!msg->type)
        return ctx_fail(ctx, &CODE_UNKNOWN_REQUEST, "no message handler found for %s",
                        any->type_url);
    int r = msg->type->check(ctx, msg->message);
    if (r)
        return r;
    // The check has parsed this address already and gave the better text.
    const char *text = msg->type->signer(msg->message);
    struct err e;
    if (ctx_addr_parse(ctx, text, &signer, &e) < 0)
        return ctx_fail(ctx, &CODE_INVALID_ADDRESS, "%s", e.text);
    add_signer(tx, &signer);
    if (tx->signer_count > TX_SIGNERS_MAX)
        return ctx_fail(ctx, &CODE_TOO_MANY_SIGNATURES, "signatures: %zu, limit: %d",
                        tx->signer_count, TX_SIGNERS_MAX);
    return 0;
}

static int decode_fee_payer(struct app_ctx *ctx, struct app_tx *tx)
{
    const Cosmos__Tx__V1beta1__Fee *fee = tx->raw.auth->fee;
    struct addr payer;
    struct err e;
    tx->fee_payer = &tx->signers[0];
    if (!fee || !*fee->payer)
        return 0;
    if (ctx_addr_parse(ctx, fee->payer, &payer, &e) < 0)
        return ctx_fail(ctx, &CODE_INVALID_ADDRESS, "invalid fee payer address (%s)", e.text);
    tx->fee_payer = add_signer(tx, &payer);
    return 0;
}

int tx_decode(struct app_ctx *ctx, struct slice bytes, struct app_tx *ret)
{
    struct err e;
    memset(ret, 0, sizeof *ret);
    if (cosmostx_decode(bytes, ctx->arena, &ret->raw, &e) < 0)
        return ctx_fail(ctx, &CODE_TX_DECODE, "%s", e.text);
    if (ret->raw.auth->fee)
        ret->gas_limit = ret->raw.auth->fee->gas_limit;

    const Cosmos__Tx__V1beta1__TxBody *body = ret->raw.body;
    if (body->n_messages == 0)
        return ctx_fail(ctx, &CODE_INVALID_REQUEST, "must contain at least one message");
    ret->msgs = arena_zalloc(ctx->arena, body->n_messages * sizeof *ret->msgs);
    ret->signers = arena_alloc(ctx->arena, (body->n_messages + 1) * sizeof *ret->signers);
    for (size_t i = 0; i < body->n_messages; i++) {
        int r = decode_message(ctx, ret, body->messages[i]);
        if (r)
            return r;
    }
    return decode_fee_payer(ctx, ret);
}

// ---- the ante chain: one function a step, in the SDK's order

static int check_extensions(struct app_ctx *ctx, const struct app_tx *tx)
{
    if (tx->raw.body->n_extension_options)
        return ctx_fail_root(ctx, &CODE_UNKNOWN_EXTENSION);
    if (tx->raw.body->unordered)
        return ctx_fail(ctx, &CODE_NOT_SUPPORTED, "unordered transactions are not enabled");
    if (tx->raw.auth->tip)
        return ctx_fail(ctx, &CODE_NOT_SUPPORTED, "tips are not enabled");
    return 0;
}

static int check_basic(struct app_ctx *ctx, const struct app_tx *tx)
{
    if (tx->gas_limit > INT64_MAX)
        return ctx_fail(ctx, &CODE_INVALID_REQUEST, "invalid gas supplied; %" PRIu64 " > %" PRId64,
                        tx->gas_limit, INT64_MAX);
    int r = tx_check_fee(ctx, tx);
    if (r)
        return r;
    if (tx->raw.signature_count == 0)
        return ctx_fail_root(ctx, &CODE_NO_SIGNATURES);
    if (tx->raw.signature_count != tx->signer_count)
        return ctx_fail(ctx, &CODE_UNAUTHORIZED, "wrong number of signers; expected %zu, got %zu",
                        tx->signer_count, tx->raw.signature_count);
    return 0;
}

static int check_timeout(struct app_ctx *ctx, const struct app_tx *tx)
{
    const Cosmos__Tx__V1beta1__TxBody *body = tx->raw.body;
    if (body->timeout_height && (uint64_t)ctx->height > body->timeout_height)
        return ctx_fail(ctx, &CODE_TX_TIMEOUT_HEIGHT,
                        "block height: %" PRId64 ", timeout height: %" PRIu64, ctx->height,
                        body->timeout_height);
    const Google__Protobuf__Timestamp *t = body->timeout_timestamp;
    int64_t now_s = ctx->time_ns / 1000000000;
    if (t && t->seconds &&
        (t->seconds < now_s || (t->seconds == now_s && t->nanos < ctx->time_ns % 1000000000)))
        return ctx_fail(ctx, &CODE_TX_TIMEOUT,
                        "block time: %" PRId64 " s, timeout timestamp: %" PRId64 " s", now_s,
                        t->seconds);
    return 0;
}

// The SDK counts bytes, though it says characters.
static int check_memo(struct app_ctx *ctx, const struct app_tx *tx,
                      const struct auth_params *params)
{
    size_t len = strlen(tx->raw.body->memo);
    if (len > params->max_memo_characters)
        return ctx_fail(ctx, &CODE_MEMO_TOO_LARGE,
                        "maximum number of characters is %" PRIu64 " but received %zu characters",
                        params->max_memo_characters, len);
    return 0;
}

static void charge_size(struct app_ctx *ctx, const struct app_tx *tx,
                        const struct auth_params *params, enum tx_mode mode)
{
    uint64_t bytes = tx->raw.bytes.len;
    // A simulated transaction need not carry its signatures and keys, but will.
    if (mode == TX_SIMULATE) {
        for (size_t i = 0; i < tx->raw.signature_count; i++)
            if (tx->raw.signatures[i].len == 0)
                bytes += SIG_BYTES + 2;
    }
    uint64_t cost;
    if (__builtin_mul_overflow(bytes, params->tx_size_cost_per_byte, &cost))
        cost = UINT64_MAX;
    gas_consume(ctx->gas, cost, "txSize");
}

static const Cosmos__Tx__V1beta1__SignerInfo *signer_info(const struct app_tx *tx, size_t i)
{
    return i < tx->raw.auth->n_signer_infos ? tx->raw.auth->signer_infos[i] : NULL;
}

// The public key that came with the transaction, if one did. APP_FAILED for a kind of key that
// cannot sign here.
static int given_key(struct app_ctx *ctx, const struct app_tx *tx, size_t i, struct slice *ret)
{
    const Cosmos__Tx__V1beta1__SignerInfo *info = signer_info(tx, i);
    *ret = SLICE_NULL;
    if (!info || !info->public_key)
        return 0;
    if (strcmp(info->public_key->type_url, AUTH_URL_ED25519) == 0)
        return ctx_fail(ctx, &CODE_INVALID_PUBKEY, "ED25519 public keys are unsupported");
    if (strcmp(info->public_key->type_url, AUTH_URL_SECP256K1) != 0)
        return ctx_fail(ctx, &CODE_INVALID_PUBKEY, "unrecognized public key type: %s",
                        info->public_key->type_url);
    Cosmos__Crypto__Secp256k1__PubKey *key =
        pb_unpack(&cosmos__crypto__secp256k1__pub_key__descriptor,
                  pb_slice(info->public_key->value), ctx->arena);
    if (!key || key->key.len != SECP_PUBKEY_LEN)
        return ctx_fail(ctx, &CODE_INVALID_PUBKEY, "a secp256k1 public key has 33 bytes");
    *ret = pb_slice(key->key);
    return 0;
}

static int no_account(struct app_ctx *ctx, const struct addr *address)
{
    return ctx_fail(ctx, &CODE_UNKNOWN_ADDRESS, "account %s does not exist",
                    ctx_addr_text(ctx, addr_slice(address)));
}

static int set_pubkey(struct app_ctx *ctx, const struct app_tx *tx, size_t i, enum tx_mode mode)
{
    const struct addr *signer = &tx->signers[i];
    struct slice key;
    uint8_t derived[ADDR_LEN];
    struct account account;
    int r = given_key(ctx, tx, i, &key);
    if (r || key.len == 0)
        return r;
    addr_of_secp_pubkey(key.data, derived);
    if (mode != TX_SIMULATE && !slice_eq(slice_of(derived, ADDR_LEN), addr_slice(signer)))
        return ctx_fail(ctx, &CODE_INVALID_PUBKEY,
                        "pubKey does not match signer address %s with signer index: %zu",
                        ctx_addr_text(ctx, addr_slice(signer)), i);
    if (!auth_get(ctx->kv, addr_slice(signer), &account))
        return no_account(ctx, signer);
    if (account.key_type != AUTH_KEY_NONE)
        return 0;
    account.key_type = AUTH_KEY_SECP256K1;
    memcpy(account.key, key.data, SECP_PUBKEY_LEN);
    auth_set(ctx->kv, &account);
    return 0;
}

static void emit_signatures(struct app_ctx *ctx, const struct app_tx *tx)
{
    for (size_t i = 0; i < tx->signer_count; i++) {
        const Cosmos__Tx__V1beta1__SignerInfo *info = signer_info(tx, i);
        ctx_emit(ctx, "tx", "acc_seq",
                 arena_printf(ctx->arena, "%s/%" PRIu64,
                              ctx_addr_text(ctx, addr_slice(&tx->signers[i])),
                              info ? info->sequence : 0),
                 NULL);
    }
    for (size_t i = 0; i < tx->raw.signature_count; i++) {
        CLEANUP_BUF struct buf text = {0};
        enc_base64_append(&text, tx->raw.signatures[i].data, tx->raw.signatures[i].len);
        ctx_emit(ctx, "tx", "signature",
                 arena_strndup(ctx->arena, (const char *)text.data, text.len), NULL);
    }
}

static int set_pubkeys(struct app_ctx *ctx, const struct app_tx *tx, enum tx_mode mode)
{
    for (size_t i = 0; i < tx->signer_count; i++) {
        int r = set_pubkey(ctx, tx, i, mode);
        if (r)
            return r;
    }
    emit_signatures(ctx, tx);
    return 0;
}

static int check_sig_count(struct app_ctx *ctx, const struct app_tx *tx,
                           const struct auth_params *params)
{
    if (tx->signer_count > params->tx_sig_limit)
        return ctx_fail(ctx, &CODE_TOO_MANY_SIGNATURES, "signatures: %zu, limit: %" PRIu64,
                        tx->signer_count, params->tx_sig_limit);
    return 0;
}

static void charge_signatures(struct app_ctx *ctx, const struct app_tx *tx,
                              const struct auth_params *params)
{
    for (size_t i = 0; i < tx->signer_count; i++)
        gas_consume(ctx->gas, params->sig_verify_cost_secp256k1, "ante verify: secp256k1");
}

static int check_sign_mode(struct app_ctx *ctx, const Cosmos__Tx__V1beta1__SignerInfo *info)
{
    const Cosmos__Tx__V1beta1__ModeInfo *mode = info->mode_info;
    if (mode && mode->sum_case == COSMOS__TX__V1BETA1__MODE_INFO__SUM_MULTI)
        return ctx_fail(ctx, &CODE_NOT_SUPPORTED, "multi-signatures are not enabled");
    if (!mode || mode->sum_case != COSMOS__TX__V1BETA1__MODE_INFO__SUM_SINGLE ||
        mode->single->mode != COSMOS__TX__SIGNING__V1BETA1__SIGN_MODE__SIGN_MODE_DIRECT)
        return ctx_fail(ctx, &CODE_NOT_SUPPORTED,
                        "sign mode %d is not enabled, only SIGN_MODE_DIRECT",
                        mode && mode->sum_case == COSMOS__TX__V1BETA1__MODE_INFO__SUM_SINGLE
                            ? (int)mode->single->mode
                            : 0);
    return 0;
}

// What a verification depends on, as one digest: the transaction (and with it sequence, chain
// documents and signature), the account number and the key.
static void cache_digest(const uint8_t tx_hash[SHA256_LEN], const struct account *account,
                         uint8_t ret[SHA256_LEN])
{
    uint8_t number[8];
    for (int i = 0; i < 8; i++)
        number[i] = (uint8_t)(account->number >> (8 * i));
    struct slice parts[] = {
        slice_of(tx_hash, SHA256_LEN),
        slice_of(number, sizeof number),
        slice_of(account->key, SECP_PUBKEY_LEN),
    };
    hash_sha256_parts(parts, 3, ret);
}

// True when the signature is good; asks and feeds the cache.
static bool signature_good(const struct app *app, const struct app_tx *tx, size_t i,
                           const struct account *account, const uint8_t tx_hash[SHA256_LEN])
{
    uint8_t cached[SHA256_LEN], digest[SHA256_LEN];
    struct secp_pubkey key;
    if (tx->raw.signatures[i].len != SIG_BYTES)
        return false;
    cache_digest(tx_hash, account, cached);
    if (sig_cache_has(app->sig_cache, cached))
        return true;
    cosmostx_sign_digest(tx->raw.body_bytes, tx->raw.auth_bytes, app->chain_id, account->number,
                         digest);
    if (key_cache_parse(app->key_cache, app->secp, account->key, &key) != 0 ||
        secp_verify_parsed(app->secp, &key, digest, tx->raw.signatures[i].data) != 0)
        return false;
    sig_cache_add(app->sig_cache, cached);
    return true;
}

static int check_signature(struct app_ctx *ctx, const struct app_tx *tx, size_t i,
                           enum tx_mode mode, const uint8_t tx_hash[SHA256_LEN])
{
    const Cosmos__Tx__V1beta1__SignerInfo *info = signer_info(tx, i);
    struct account account;
    if (!auth_get(ctx->kv, addr_slice(&tx->signers[i]), &account))
        return no_account(ctx, &tx->signers[i]);
    if (mode != TX_SIMULATE && account.key_type != AUTH_KEY_SECP256K1)
        return ctx_fail(ctx, &CODE_INVALID_PUBKEY, "pubkey on account is not set");
    if (info->sequence != account.sequence)
        return ctx_fail(ctx, &CODE_WRONG_SEQUENCE,
                        "account sequence mismatch, expected %" PRIu64 ", got %" PRIu64,
                        account.sequence, info->sequence);
    if (mode == TX_SIMULATE || mode == TX_RECHECK)
        return 0;
    int r = check_sign_mode(ctx, info);
    if (r)
        return r;
    if (!signature_good(ctx->app, tx, i, &account, tx_hash))
        return ctx_fail(ctx, &CODE_UNAUTHORIZED,
                        "signature verification failed; please verify account number (%" PRIu64
                        ") and chain-id (%s)",
                        account.number, ctx->app->chain_id);
    return 0;
}

static int check_signatures(struct app_ctx *ctx, const struct app_tx *tx, enum tx_mode mode)
{
    uint8_t tx_hash[SHA256_LEN];
    // One signature a signer was checked before, but for simulations; one signer info was not.
    if (tx->raw.auth->n_signer_infos != tx->signer_count)
        return ctx_fail(ctx, &CODE_UNAUTHORIZED,
                        "invalid number of signer;  expected: %zu, got %zu", tx->signer_count,
                        tx->raw.auth->n_signer_infos);
    if (mode == TX_CHECK || mode == TX_DELIVER)
        cosmostx_hash(tx->raw.bytes, tx_hash);
    for (size_t i = 0; i < tx->signer_count; i++) {
        int r = check_signature(ctx, tx, i, mode, tx_hash);
        if (r)
            return r;
    }
    return 0;
}

static int raise_sequences(struct app_ctx *ctx, const struct app_tx *tx)
{
    struct account account;
    for (size_t i = 0; i < tx->signer_count; i++) {
        if (!auth_get(ctx->kv, addr_slice(&tx->signers[i]), &account))
            return no_account(ctx, &tx->signers[i]);
        account.sequence++;
        auth_set(ctx->kv, &account);
    }
    return 0;
}

static int ante_chain(struct app_ctx *ctx, const struct app_tx *tx, enum tx_mode mode)
{
    struct auth_params params;
    auth_get_params(ctx->kv, &params);
    int r = check_extensions(ctx, tx);
    if (r == 0 && mode != TX_RECHECK)
        r = check_basic(ctx, tx);
    if (r == 0)
        r = check_timeout(ctx, tx);
    if (r == 0)
        r = check_memo(ctx, tx, &params);
    if (r)
        return r;
    charge_size(ctx, tx, &params, mode);
    r = tx_deduct_fee(ctx, tx, mode);
    if (r == 0)
        r = set_pubkeys(ctx, tx, mode);
    if (r == 0)
        r = check_sig_count(ctx, tx, &params);
    if (r)
        return r;
    charge_signatures(ctx, tx, &params);
    // Gas that is gone makes the rest pointless, and the signatures are the costly part.
    if (gas_exceeded(ctx->gas))
        return APP_FAILED;
    r = check_signatures(ctx, tx, mode);
    return r ? r : raise_sequences(ctx, tx);
}

int tx_ante(struct app_ctx *ctx, struct app_tx *tx, enum tx_mode mode)
{
    return tx_gas_outcome(ctx, tx, ante_chain(ctx, tx, mode));
}

int tx_gas_outcome(struct app_ctx *ctx, const struct app_tx *tx, int outcome)
{
    if (!gas_exceeded(ctx->gas))
        return outcome;
    return ctx_fail(ctx, &CODE_OUT_OF_GAS,
                    "out of gas in location: %s; gasWanted: %" PRIu64 ", gasUsed: %" PRIu64,
                    ctx->gas->exceeded_at, tx->gas_limit, ctx->gas->used);
}

void tx_verify_ahead(struct app_ctx *ctx, const struct app_tx *tx)
{
    uint8_t tx_hash[SHA256_LEN];
    struct slice key;
    cosmostx_hash(tx->raw.bytes, tx_hash);
    if (tx->raw.signature_count != tx->signer_count ||
        tx->raw.auth->n_signer_infos != tx->signer_count)
        return;
    for (size_t i = 0; i < tx->signer_count; i++) {
        struct account account;
        if (!auth_get(ctx->raw, addr_slice(&tx->signers[i]), &account) ||
            given_key(ctx, tx, i, &key))
            return;
        // A first transaction brings the key that the ante chain will keep.
        if (account.key_type == AUTH_KEY_NONE && key.len == SECP_PUBKEY_LEN) {
            uint8_t derived[ADDR_LEN];
            addr_of_secp_pubkey(key.data, derived);
            if (!slice_eq(slice_of(derived, ADDR_LEN), addr_slice(&tx->signers[i])))
                return;
            account.key_type = AUTH_KEY_SECP256K1;
            memcpy(account.key, key.data, SECP_PUBKEY_LEN);
        }
        if (account.key_type != AUTH_KEY_SECP256K1 ||
            !signature_good(ctx->app, tx, i, &account, tx_hash))
            return;
    }
}

// ---- messages

static Google__Protobuf__Any *response_any(struct arena *arena, const ProtobufCMessage *response)
{
    Google__Protobuf__Any *any = arena_alloc(arena, sizeof *any);
    google__protobuf__any__init(any);
    any->type_url = arena_printf(arena, "/%s", response->descriptor->name);
    any->value = pb_bytes(pb_pack(response, arena));
    return any;
}

// Canonical, however the message wrote it.
static const char *sender_text(struct app_ctx *ctx, const struct tx_msg *msg)
{
    struct addr sender;
    const char *text = msg->type->signer(msg->message);
    if (ctx_addr_parse(ctx, text, &sender, NULL) < 0)
        return text;
    return ctx_addr_text(ctx, addr_slice(&sender));
}

int tx_messages(struct app_ctx *ctx, const struct app_tx *tx, struct slice *ret_data)
{
    Cosmos__Base__Abci__V1beta1__TxMsgData data = COSMOS__BASE__ABCI__V1BETA1__TX_MSG_DATA__INIT;
    Google__Protobuf__Any **responses = arena_alloc(ctx->arena, tx->msg_count * sizeof(void *));
    for (size_t i = 0; i < tx->msg_count; i++) {
        const struct tx_msg *msg = &tx->msgs[i];
        void *response = NULL;
        ctx_emit(ctx, "message", "action", msg->type->url, "sender", sender_text(ctx, msg),
                 "module", msg->type->module, NULL);
        int r = msg->type->run(ctx, msg->message, &response);
        if (tx_gas_outcome(ctx, tx, 0))
            return APP_FAILED;
        if (r)
            return ctx_fail_wrap(ctx, "failed to execute message; message index: %zu", i);
        responses[i] = response_any(ctx->arena, response);
    }
    data.n_msg_responses = tx->msg_count;
    data.msg_responses = responses;
    *ret_data = pb_pack(&data, ctx->arena);
    return 0;
}
