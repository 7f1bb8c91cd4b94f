#include "wire/cosmostx.h"

#include <errno.h>
#include <string.h>

#include "wire/crypto/hash.h"
#include "wire/pb_arena.h"
#include "wire/pb_check.h"
#include "wire/pbwire.h"
#include "wire/proto/cosmos_crypto_secp256k1_keys.pb-c.h"
#include "wire/typereg.h"

// ---- decoding ----

static int check_raw_field(const struct pbwire_field *f, uint32_t previous, struct err *e)
{
    if (f->type != PBWIRE_BYTES)
        return err_set(e, -EBADMSG, "expected %d wire type, got %d", PBWIRE_BYTES, f->type);
    if (f->number < previous)
        return err_set(e, -EBADMSG, "txRaw must follow ADR-027, got tagNum %u after tagNum %u",
                       f->number, previous);
    size_t need = pbwire_varint_len(f->value);
    if (f->length_prefix_len != need)
        return err_set(
            e, -EBADMSG,
            "length prefix varint for tagNum %u is not as short as possible, read %u, only "
            "need %zu",
            f->number, f->length_prefix_len, need);
    if (f->number > 3)
        return err_set(e, -EBADMSG, "errUnknownField \"%s\": {TagNum: %u, WireType:\"bytes\"}",
                       cosmos__tx__v1beta1__tx_raw__descriptor.name, f->number);
    return 0;
}

// Counts the signatures and finds the two documents; the last of a repeated one counts, as in Go.
static int scan_raw(struct slice bytes, struct cosmostx *ret, struct err *e)
{
    uint32_t previous = 0;
    struct pbwire_field f;
    for (int r; (r = pbwire_next(&bytes, &f)) != 0; previous = f.number) {
        if (r < 0)
            return err_set(e, -EBADMSG, "invalid length; unexpected EOF");
        r = check_raw_field(&f, previous, e);
        if (r < 0)
            return r;
        if (f.number == 1)
            ret->body_bytes = f.bytes;
        else if (f.number == 2)
            ret->auth_bytes = f.bytes;
        else
            ret->signature_count++;
    }
    return 0;
}

static void collect_signatures(struct arena *a, struct cosmostx *tx)
{
    tx->signatures =
        (struct slice *)arena_alloc(a, (tx->signature_count + 1) * sizeof *tx->signatures);
    struct slice at = tx->bytes;
    struct pbwire_field f;
    for (size_t i = 0; pbwire_next(&at, &f) > 0;)
        if (f.number == 3)
            tx->signatures[i++] = f.bytes;
}

int cosmostx_decode(struct slice bytes, struct arena *a, struct cosmostx *ret, struct err *e)
{
    struct cosmostx tx = {.bytes = bytes};
    int r = scan_raw(bytes, &tx, e);
    if (r == 0)
        r = pb_check(&cosmos__tx__v1beta1__tx_body__descriptor, tx.body_bytes,
                     PB_CHECK_OPEN_ANY | PB_CHECK_ALLOW_NON_CRITICAL, e);
    if (r == 0)
        r = pb_check(&cosmos__tx__v1beta1__auth_info__descriptor, tx.auth_bytes, PB_CHECK_OPEN_ANY,
                     e);
    if (r < 0)
        return r;
    tx.body = (Cosmos__Tx__V1beta1__TxBody *)pb_unpack(&cosmos__tx__v1beta1__tx_body__descriptor,
                                                       tx.body_bytes, a);
    tx.auth = (Cosmos__Tx__V1beta1__AuthInfo *)pb_unpack(
        &cosmos__tx__v1beta1__auth_info__descriptor, tx.auth_bytes, a);
    if (!tx.body || !tx.auth)
        return err_set(e, -EBADMSG, "malformed transaction");
    collect_signatures(a, &tx);
    *ret = tx;
    return 0;
}

void cosmostx_hash(struct slice bytes, uint8_t ret[32])
{
    hash_sha256(bytes.data, bytes.len, ret);
}

// ---- sign bytes ----

// SignDoc as parts: prefix and content of body, auth and chain id, then the account number.
struct sign_doc {
    uint8_t prefix[4][1 + PBWIRE_VARINT_MAX];
    struct slice parts[7];
    size_t count;
};

static void add_bytes(struct sign_doc *doc, unsigned number, struct slice content)
{
    if (content.len == 0)
        return;
    uint8_t *prefix = doc->prefix[number - 1];
    prefix[0] = (uint8_t)(number << 3 | PBWIRE_BYTES);
    size_t len = 1 + pbwire_put_varint(prefix + 1, content.len);
    doc->parts[doc->count++] = slice_of(prefix, len);
    doc->parts[doc->count++] = content;
}

static void sign_doc_init(struct sign_doc *doc, struct slice body, struct slice auth,
                          const char *chain_id, uint64_t account_number)
{
    doc->count = 0;
    add_bytes(doc, 1, body);
    add_bytes(doc, 2, auth);
    add_bytes(doc, 3, slice_str(chain_id));
    if (account_number == 0)
        return;
    uint8_t *last = doc->prefix[3];
    last[0] = 4 << 3 | PBWIRE_VARINT;
    size_t len = 1 + pbwire_put_varint(last + 1, account_number);
    doc->parts[doc->count++] = slice_of(last, len);
}

void cosmostx_sign_bytes(struct slice body, struct slice auth, const char *chain_id,
                         uint64_t account_number, struct buf *ret)
{
    struct sign_doc doc;
    sign_doc_init(&doc, body, auth, chain_id, account_number);
    for (size_t i = 0; i < doc.count; i++)
        buf_append_slice(ret, doc.parts[i]);
}

void cosmostx_sign_digest(struct slice body, struct slice auth, const char *chain_id,
                          uint64_t account_number, uint8_t ret[32])
{
    struct sign_doc doc;
    sign_doc_init(&doc, body, auth, chain_id, account_number);
    hash_sha256_parts(doc.parts, doc.count, ret);
}

// ---- building ----

static struct slice pack_body(const struct cosmostx_request *request, struct arena *a)
{
    Cosmos__Tx__V1beta1__TxBody body = COSMOS__TX__V1BETA1__TX_BODY__INIT;
    body.n_messages = request->message_count;
    body.messages = request->messages;
    if (request->memo)
        body.memo = pb_str(request->memo);
    body.timeout_height = request->timeout_height;
    return pb_pack(&body, a);
}

static struct slice pack_auth(const struct cosmostx_request *request,
                              const uint8_t key[SECP_PUBKEY_LEN], struct arena *a)
{
    Cosmos__Crypto__Secp256k1__PubKey pubkey = COSMOS__CRYPTO__SECP256K1__PUB_KEY__INIT;
    pubkey.key = pb_bytes(slice_of(key, SECP_PUBKEY_LEN));
    Cosmos__Tx__V1beta1__ModeInfo__Single single = COSMOS__TX__V1BETA1__MODE_INFO__SINGLE__INIT;
    single.mode = COSMOS__TX__SIGNING__V1BETA1__SIGN_MODE__SIGN_MODE_DIRECT;
    Cosmos__Tx__V1beta1__ModeInfo mode = COSMOS__TX__V1BETA1__MODE_INFO__INIT;
    mode.sum_case = COSMOS__TX__V1BETA1__MODE_INFO__SUM_SINGLE;
    mode.single = &single;
    Cosmos__Tx__V1beta1__SignerInfo signer = COSMOS__TX__V1BETA1__SIGNER_INFO__INIT;
    signer.public_key = typereg_pack(&pubkey, a);
    signer.mode_info = &mode;
    signer.sequence = request->sequence;
    Cosmos__Tx__V1beta1__SignerInfo *signers[] = {&signer};
    Cosmos__Tx__V1beta1__Fee fee = COSMOS__TX__V1BETA1__FEE__INIT;
    fee.n_amount = request->fee_count;
    fee.amount = request->fee;
    fee.gas_limit = request->gas_limit;
    if (request->fee_payer)
        fee.payer = pb_str(request->fee_payer);
    if (request->fee_granter)
        fee.granter = pb_str(request->fee_granter);
    Cosmos__Tx__V1beta1__AuthInfo auth = COSMOS__TX__V1BETA1__AUTH_INFO__INIT;
    auth.n_signer_infos = 1;
    auth.signer_infos = signers;
    auth.fee = &fee;
    return pb_pack(&auth, a);
}

static void append_raw(struct slice body, struct slice auth, struct slice signature,
                       struct buf *ret)
{
    struct slice parts[] = {body, auth, signature};
    for (unsigned i = 0; i < 3; i++) {
        // Empty documents are left out; an empty signature is still one.
        if (parts[i].len == 0 && i < 2)
            continue;
        uint8_t prefix[1 + PBWIRE_VARINT_MAX];
        prefix[0] = (uint8_t)((i + 1) << 3 | PBWIRE_BYTES);
        buf_append(ret, prefix, 1 + pbwire_put_varint(prefix + 1, parts[i].len));
        buf_append_slice(ret, parts[i]);
    }
}

int cosmostx_build(const struct cosmostx_request *request, const struct secp *s,
                   const uint8_t secret[SECP_SECRET_LEN], struct buf *ret)
{
    struct arena a CLEANUP_ARENA = {0};
    uint8_t key[SECP_PUBKEY_LEN];
    uint8_t digest[SECP_DIGEST_LEN];
    uint8_t signature[SECP_SIGNATURE_LEN];
    int r = secp_pubkey_of(s, secret, key);
    if (r != 0)
        return r;
    struct slice body = pack_body(request, &a);
    struct slice auth = pack_auth(request, key, &a);
    cosmostx_sign_digest(body, auth, request->chain_id, request->account_number, digest);
    r = secp_sign(s, secret, digest, signature);
    if (r != 0)
        return r;
    append_raw(body, auth, slice_of(signature, sizeof signature), ret);
    return 0;
}

void cosmostx_build_unsigned(const struct cosmostx_request *request,
                             const uint8_t key[SECP_PUBKEY_LEN], struct buf *ret)
{
    struct arena a CLEANUP_ARENA = {0};
    append_raw(pack_body(request, &a), pack_auth(request, key, &a), SLICE_NULL, ret);
}
