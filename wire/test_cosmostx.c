// Transactions: the vector of an independent client, and what the SDK's decoder refuses.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/enc.h"
#include "wire/cosmostx.h"
#include "wire/pb_arena.h"
#include "wire/pb_check.h"
#include "wire/pbwire.h"
#include "wire/proto/all.pb-c.h"
#include "wire/typereg.h"

// Made with cosmjs: secret 32 x 07, MsgSend to self 1usei, fee 2000usei, gas 200000, chain
// sei-test-1, account 3, sequence 5.
static const char tx_hex[] =
    "0a86010a83010a1c2f636f736d6f732e62616e6b2e763162657461312e4d736753656e6412630a2a73656931353072"
    "74726d6a326638766c3974656d38717066773336796c77356a67396a3237306d6c6c63122a7365693135307274726d"
    "6a326638766c3974656d38717066773336796c77356a67396a3237306d6c6c631a090a047573656912013112660a50"
    "0a460a1f2f636f736d6f732e63727970746f2e736563703235366b312e5075624b657912230a2102989c0b76cb5639"
    "71fdc9bef31ec06c3560f3249d6ee9e5d83c57625596e05f6f12040a020801180512120a0c0a047573656912043230"
    "303010c09a0c1a40b43ee976cfd13f15165b43a449b50be45765380a09abfef3f9d2c7c2163e6c025ef2d719b8bb9f"
    "04e7157ee32991823c40fb90dab0ddd65c4869949bed97915f";

static struct slice unhex(struct arena *a, const char *hex)
{
    size_t len = strlen(hex) / 2;
    uint8_t *bytes = (uint8_t *)arena_alloc(a, len);
    assert_int_equal(enc_hex_decode(hex, strlen(hex), bytes, len), len);
    return slice_of(bytes, len);
}

static void assert_hex(const uint8_t *data, size_t len, const char *hex)
{
    char text[65];
    enc_hex_lower(data, len, text);
    assert_string_equal(text, hex);
}

static void test_decode_vector(void **state)
{
    (void)state;
    struct arena a CLEANUP_ARENA = {0};
    struct cosmostx tx;
    struct err e = {0};
    struct slice bytes = unhex(&a, tx_hex);
    assert_int_equal(cosmostx_decode(bytes, &a, &tx, &e), 0);
    uint8_t digest[32];
    cosmostx_hash(bytes, digest);
    assert_hex(digest, 32, "af6ace32c75aa7dcb097d3ae3cbda2e0899be397f5508343a8f30691e15a7471");
    cosmostx_sign_digest(tx.body_bytes, tx.auth_bytes, "sei-test-1", 3, digest);
    assert_hex(digest, 32, "84ba06e0fc9700853fa312d3208258055599555f68e0367a56be8dbb10d3d44a");
    assert_int_equal(tx.signature_count, 1);
    assert_int_equal(tx.signatures[0].len, 64);
    assert_int_equal(tx.auth->fee->gas_limit, 200000);
    const ProtobufCMessageDescriptor *type;
    void *message;
    assert_int_equal(typereg_unpack(tx.body->messages[0], &a, &type, &message, &e), 0);
    assert_ptr_equal(type, &cosmos__bank__v1beta1__msg_send__descriptor);
    Cosmos__Bank__V1beta1__MsgSend *send = (Cosmos__Bank__V1beta1__MsgSend *)message;
    assert_string_equal(send->to_address, "sei150rtrmj2f8vl9tem8qpfw36ylw5jg9j270mllc");
    assert_string_equal(send->amount[0]->amount, "1");
}

static struct cosmostx_request vector_request(struct arena *a)
{
    Cosmos__Base__V1beta1__Coin *coins =
        (Cosmos__Base__V1beta1__Coin *)arena_alloc(a, 2 * sizeof *coins);
    Cosmos__Base__V1beta1__Coin **list =
        (Cosmos__Base__V1beta1__Coin **)arena_alloc(a, 2 * sizeof(void *));
    const char *amounts[] = {"1", "2000"};
    for (unsigned i = 0; i < 2; i++) {
        cosmos__base__v1beta1__coin__init(&coins[i]);
        coins[i].denom = pb_str("usei");
        coins[i].amount = pb_str(amounts[i]);
        list[i] = &coins[i];
    }
    Cosmos__Bank__V1beta1__MsgSend send = COSMOS__BANK__V1BETA1__MSG_SEND__INIT;
    send.from_address = send.to_address = pb_str("sei150rtrmj2f8vl9tem8qpfw36ylw5jg9j270mllc");
    send.n_amount = 1;
    send.amount = list;
    Google__Protobuf__Any **messages = (Google__Protobuf__Any **)arena_alloc(a, sizeof(void *));
    messages[0] = typereg_pack(&send, a);
    return (struct cosmostx_request){.chain_id = "sei-test-1",
                                     .account_number = 3,
                                     .sequence = 5,
                                     .messages = messages,
                                     .message_count = 1,
                                     .fee = list + 1,
                                     .fee_count = 1,
                                     .gas_limit = 200000};
}

static void test_build_vector(void **state)
{
    (void)state;
    struct arena a CLEANUP_ARENA = {0};
    struct secp *s CLEANUP_SECP = secp_new(NULL);
    struct buf tx CLEANUP_BUF = {0};
    uint8_t secret[32];
    memset(secret, 7, sizeof secret);
    struct cosmostx_request request = vector_request(&a);
    assert_int_equal(cosmostx_build(&request, s, secret, &tx), 0);
    assert_true(slice_eq(buf_slice(&tx), unhex(&a, tx_hex)));
    uint8_t zero[32] = {0};
    assert_int_equal(cosmostx_build(&request, s, zero, &tx), SECP_BAD_SECRET);
}

static void test_build_unsigned(void **state)
{
    (void)state;
    struct arena a CLEANUP_ARENA = {0};
    struct buf bytes CLEANUP_BUF = {0};
    uint8_t key[33] = {2};
    struct cosmostx_request request = vector_request(&a);
    request.memo = "m";
    request.fee_payer = "p";
    request.fee_granter = "g";
    request.timeout_height = 9;
    cosmostx_build_unsigned(&request, key, &bytes);
    struct cosmostx tx;
    assert_int_equal(cosmostx_decode(buf_slice(&bytes), &a, &tx, NULL), 0);
    assert_int_equal(tx.signature_count, 1);
    assert_int_equal(tx.signatures[0].len, 0);
    assert_string_equal(tx.body->memo, "m");
    assert_int_equal(tx.body->timeout_height, 9);
    assert_string_equal(tx.auth->fee->payer, "p");
    assert_string_equal(tx.auth->fee->granter, "g");
}

static void test_sign_bytes_are_what_is_hashed(void **state)
{
    (void)state;
    struct buf bytes CLEANUP_BUF = {0};
    cosmostx_sign_bytes(SLICE_LIT("b"), SLICE_LIT("aa"), "c", 300, &bytes);
    assert_true(slice_eq(buf_slice(&bytes), SLICE_LIT("\x0a\x01"
                                                      "b"
                                                      "\x12\x02"
                                                      "aa"
                                                      "\x1a\x01"
                                                      "c"
                                                      "\x20\xac\x02")));
    buf_clear(&bytes);
    // proto3 leaves out what is zero.
    cosmostx_sign_bytes(SLICE_NULL, SLICE_NULL, "", 0, &bytes);
    assert_int_equal(bytes.len, 0);
}

// Every cut of a transaction is refused or is a shorter valid one; never a crash.
static void test_every_prefix(void **state)
{
    (void)state;
    struct arena a CLEANUP_ARENA = {0};
    struct slice bytes = unhex(&a, tx_hex);
    unsigned accepted = 0;
    for (size_t len = 0; len < bytes.len; len++) {
        struct cosmostx tx;
        accepted += cosmostx_decode(slice_of(bytes.data, len), &a, &tx, NULL) == 0;
    }
    // Nothing at all, the body alone, body and auth info.
    assert_int_equal(accepted, 3);
}

static const struct {
    const char *hex;
    const char *text;
} refused[] = {
    {"08", "invalid length; unexpected EOF"},
    {"0801", "expected 2 wire type, got 0"},
    {"0a01", "invalid length; unexpected EOF"},
    {"12000a00", "txRaw must follow ADR-027, got tagNum 1 after tagNum 2"},
    {"0a8000",
     "length prefix varint for tagNum 1 is not as short as possible, read 2, only need 1"},
    {"2200", "errUnknownField \"cosmos.tx.v1beta1.TxRaw\": {TagNum: 4, WireType:\"bytes\"}"},
    {"0a029806", "malformed cosmos.tx.v1beta1.TxBody"},
    {"0a03980601",
     "errUnknownField \"cosmos.tx.v1beta1.TxBody\": {TagNum: 99, WireType:\"varint\"}"},
    {"0a021801", NULL},
    {"0a021a00", "Mismatched \"cosmos.tx.v1beta1.TxBody\": {TagNum: 3, GotWireType: \"bytes\" != "
                 "WantWireType: \"varint\"}"},
    // 1023 is critical by its own number but known; 1999 is non-critical and unknown.
    {"0a03f87c00", NULL},
    {"1203f87c00",
     "errUnknownField \"cosmos.tx.v1beta1.AuthInfo\": {TagNum: 1999, WireType:\"varint\"}"},
    {"0a020a00", "unable to resolve type URL "},
    {"0a080a060a042f612e62", "unable to resolve type URL /a.b"},
    {"0a03120100", "string field cosmos.tx.v1beta1.TxBody.memo contains a NUL"},
    {"0a031201ff", "string field cosmos.tx.v1beta1.TxBody.memo contains invalid UTF-8"},
    {"0a010b", "malformed cosmos.tx.v1beta1.TxBody"},
    {"0a0100", "malformed cosmos.tx.v1beta1.TxBody"},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct arena a CLEANUP_ARENA = {0};
        struct cosmostx tx;
        struct err e = {0};
        int r = cosmostx_decode(unhex(&a, refused[i].hex), &a, &tx, &e);
        if (refused[i].text)
            assert_string_equal(e.text, refused[i].text);
        assert_int_equal(r, refused[i].text ? -EBADMSG : 0);
    }
}

// An unknown field inside the message of an Any is found too.
static void test_unknown_field_in_any(void **state)
{
    (void)state;
    struct arena a CLEANUP_ARENA = {0};
    struct err e = {0};
    Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT;
    any.type_url = pb_str("/cosmos.bank.v1beta1.MsgSend");
    any.value = pb_bytes(SLICE_LIT("\x22\x00"));
    struct slice bytes = pb_pack(&any, &a);
    assert_int_equal(pb_check(&google__protobuf__any__descriptor, bytes, PB_CHECK_OPEN_ANY, &e), 0);
    Google__Protobuf__Any *list[] = {&any};
    Cosmos__Tx__V1beta1__TxBody body = COSMOS__TX__V1BETA1__TX_BODY__INIT;
    body.n_messages = 1;
    body.messages = list;
    bytes = pb_pack(&body, &a);
    const ProtobufCMessageDescriptor *type = &cosmos__tx__v1beta1__tx_body__descriptor;
    assert_int_equal(pb_check(type, bytes, 0, &e), 0);
    assert_int_equal(pb_check(type, bytes, PB_CHECK_OPEN_ANY, &e), -EBADMSG);
    assert_string_equal(
        e.text, "errUnknownField \"cosmos.bank.v1beta1.MsgSend\": {TagNum: 4, WireType:\"bytes\"}");
}

// ModeInfo nests in itself: depth is the only limit.
static void test_depth(void **state)
{
    (void)state;
    struct arena a CLEANUP_ARENA = {0};
    const ProtobufCMessageDescriptor *type = &cosmos__tx__v1beta1__mode_info__descriptor;
    struct slice bytes = SLICE_NULL;
    unsigned accepted = 0;
    for (unsigned depth = 0; depth < 200; depth++) {
        uint8_t *outer = (uint8_t *)arena_alloc(&a, bytes.len + 2 + (size_t)2 * PBWIRE_VARINT_MAX);
        uint8_t inner[PBWIRE_VARINT_MAX];
        size_t inner_len = pbwire_put_varint(inner, bytes.len);
        size_t len = 0;
        outer[len++] = 0x12;
        len += pbwire_put_varint(outer + len, 1 + inner_len + bytes.len);
        outer[len++] = 0x12;
        memcpy(outer + len, inner, inner_len);
        len += inner_len;
        if (bytes.len)
            memcpy(outer + len, bytes.data, bytes.len);
        bytes = slice_of(outer, len + bytes.len);
        struct err e = {0};
        if (pb_check(type, bytes, 0, &e) == 0)
            accepted++;
        else
            assert_string_equal(e.text, "recursion limit reached");
    }
    assert_int_equal(accepted, PB_CHECK_DEPTH_MAX / 2);
}

static void test_varints(void **state)
{
    (void)state;
    const uint64_t values[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX, INT64_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint8_t bytes[PBWIRE_VARINT_MAX];
        uint64_t back = 42;
        size_t len = pbwire_put_varint(bytes, values[i]);
        assert_int_equal(len, pbwire_varint_len(values[i]));
        assert_int_equal(pbwire_get_varint(slice_of(bytes, len), &back), len);
        assert_true(back == values[i]);
        assert_int_equal(pbwire_get_varint(slice_of(bytes, len - 1), &back), 0);
    }
    uint64_t value;
    assert_int_equal(
        pbwire_get_varint(SLICE_LIT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), &value), -1);
    assert_int_equal(
        pbwire_get_varint(SLICE_LIT("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), &value), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode_vector),
        cmocka_unit_test(test_build_vector),
        cmocka_unit_test(test_build_unsigned),
        cmocka_unit_test(test_sign_bytes_are_what_is_hashed),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_unknown_field_in_any),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_varints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
