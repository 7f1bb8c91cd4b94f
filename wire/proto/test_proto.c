// The generated codecs: a transaction made by an independent client decodes and encodes to the same
// bytes, and the registry is complete and in order.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/enc.h"
#include "wire/proto/all.pb-c.h"
#include "wire/proto/registry.h"

// Signed by cosmjs: MsgSend 1usei to self, fee 2000usei, gas 200000, sequence 5.
static const char tx_hex[] =
    "0a86010a83010a1c2f636f736d6f732e62616e6b2e763162657461312e4d736753656e6412630a2a73656931353072"
    "74726d6a326638766c3974656d38717066773336796c77356a67396a3237306d6c6c63122a7365693135307274726d"
    "6a326638766c3974656d38717066773336796c77356a67396a3237306d6c6c631a090a047573656912013112660a50"
    "0a460a1f2f636f736d6f732e63727970746f2e736563703235366b312e5075624b657912230a2102989c0b76cb5639"
    "71fdc9bef31ec06c3560f3249d6ee9e5d83c57625596e05f6f12040a020801180512120a0c0a047573656912043230"
    "303010c09a0c1a40b43ee976cfd13f15165b43a449b50be45765380a09abfef3f9d2c7c2163e6c025ef2d719b8bb9f"
    "04e7157ee32991823c40fb90dab0ddd65c4869949bed97915f";

static void test_roundtrip(void **state)
{
    (void)state;
    uint8_t tx[512];
    ssize_t len = enc_hex_decode(tx_hex, strlen(tx_hex), tx, sizeof tx);
    assert_true(len > 0);
    Cosmos__Tx__V1beta1__Tx *decoded = cosmos__tx__v1beta1__tx__unpack(NULL, (size_t)len, tx);
    assert_non_null(decoded);
    assert_int_equal(decoded->body->n_messages, 1);
    assert_string_equal(decoded->body->messages[0]->type_url, "/cosmos.bank.v1beta1.MsgSend");
    assert_int_equal(decoded->auth_info->fee->gas_limit, 200000);
    assert_int_equal(decoded->auth_info->signer_infos[0]->sequence, 5);
    uint8_t again[512];
    assert_int_equal(cosmos__tx__v1beta1__tx__get_packed_size(decoded), len);
    cosmos__tx__v1beta1__tx__pack(decoded, again);
    assert_memory_equal(tx, again, (size_t)len);
    cosmos__tx__v1beta1__tx__free_unpacked(decoded, NULL);
}

static void test_init_macro(void **state)
{
    (void)state;
    Cosmos__Bank__V1beta1__Metadata metadata = COSMOS__BANK__V1BETA1__METADATA__INIT;
    assert_string_equal(metadata.base_, "");
    assert_int_equal(cosmos__bank__v1beta1__metadata__get_packed_size(&metadata), 0);
    char base_denom[] = "usei";
    metadata.base_ = base_denom;
    uint8_t out[16];
    assert_int_equal(cosmos__bank__v1beta1__metadata__pack(&metadata, out), 6);
    assert_memory_equal(out, "\x1a\x04usei", 6);
}

static void test_registry(void **state)
{
    (void)state;
    assert_true(wire_proto_message_count > 150);
    for (size_t i = 1; i < wire_proto_message_count; i++)
        assert_true(strcmp(wire_proto_messages[i - 1]->name, wire_proto_messages[i]->name) < 0);
    assert_true(wire_proto_service_count >= 8);
    for (size_t i = 0; i < wire_proto_service_count; i++)
        assert_true(wire_proto_services[i]->n_methods > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roundtrip),
        cmocka_unit_test(test_init_macro),
        cmocka_unit_test(test_registry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
