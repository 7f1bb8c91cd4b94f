// Messages as JSON: tables of both directions, the SDK's forms, and every refusal with its path.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/pb_arena.h"
#include "wire/pbjson.h"
#include "wire/pbjson_special.h"
#include "wire/proto/all.pb-c.h"
#include "wire/proto/registry.h"
#include "wire/typereg.h"

// Type, JSON that reads to a message, and what it writes as (null: the same).
static const struct {
    const char *type, *json, *out;
} rows[] = {
    {"cosmos.base.v1beta1.Coin", "{\"denom\":\"usei\",\"amount\":\"1\"}", NULL},
    {"cosmos.base.v1beta1.Coin", "{}", "{\"denom\":\"\",\"amount\":\"0\"}"},
    {"cosmos.base.v1beta1.Coin", "{\"denom\":null}", "{\"denom\":\"\",\"amount\":\"0\"}"},
    {"cosmos.base.v1beta1.DecCoin", "{\"denom\":\"usei\",\"amount\":\"0.020000000000000000\"}",
     NULL},
    {"cosmos.bank.v1beta1.MsgSend",
     "{\"fromAddress\":\"a\",\"to_address\":\"<b>\",\"amount\":[{\"amount\":\"1\",\"denom\":"
     "\"usei\"}]}",
     "{\"from_address\":\"a\",\"to_address\":\"\\u003cb\\u003e\",\"amount\":[{\"denom\":\"usei\","
     "\"amount\":\"1\"}]}"},
    {"cosmos.base.query.v1beta1.PageResponse", "{}", "{\"next_key\":null,\"total\":\"0\"}"},
    {"cosmos.base.query.v1beta1.PageRequest",
     "{\"key\":\"AQI=\",\"offset\":7,\"limit\":\"18446744073709551615\",\"count_total\":true,"
     "\"reverse\":false}",
     "{\"key\":\"AQI=\",\"offset\":\"7\",\"limit\":\"18446744073709551615\",\"count_total\":true,"
     "\"reverse\":false}"},
    {"cosmos.upgrade.v1beta1.QueryCurrentPlanResponse", "{}", "{\"plan\":null}"},
    {"cosmos.upgrade.v1beta1.QueryCurrentPlanResponse",
     "{\"plan\":{\"name\":\"v2\",\"time\":\"0001-01-01T00:00:00Z\",\"height\":\"120\",\"info\":"
     "\"\",\"upgraded_client_"
     "state\":null}}",
     NULL},
    {"cosmos.upgrade.v1beta1.QueryCurrentPlanResponse", "{\"plan\":{\"name\":\"v2\"}}",
     "{\"plan\":{\"name\":\"v2\",\"time\":\"0001-01-01T00:00:00Z\",\"height\":\"0\",\"info\":\"\","
     "\"upgraded_client_state\":null}}"},
    {"cosmos.gov.v1.VotingParams", "{\"voting_period\":\"172800s\"}", NULL},
    {"cosmos.gov.v1.VotingParams", "{\"voting_period\":\"-1.5s\"}",
     "{\"voting_period\":\"-1.500s\"}"},
    {"cosmos.gov.v1.VotingParams", "{\"voting_period\":\"0.000001s\"}", NULL},
    {"cosmos.gov.v1.VotingParams", "{\"voting_period\":\"0.000000001s\"}", NULL},
    {"cosmos.gov.v1.MsgVote",
     "{\"proposal_id\":\"1\",\"voter\":\"v\",\"option\":\"VOTE_OPTION_YES\",\"metadata\":\"\"}",
     NULL},
    {"cosmos.gov.v1.MsgVote", "{\"proposal_id\":1,\"voter\":\"v\",\"option\":4}",
     "{\"proposal_id\":\"1\",\"voter\":\"v\",\"option\":\"VOTE_OPTION_NO_WITH_VETO\",\"metadata\":"
     "\"\"}"},
    {"cosmos.gov.v1.MsgVote", "{\"option\":77}",
     "{\"proposal_id\":\"0\",\"voter\":\"\",\"option\":77,\"metadata\":\"\"}"},
    {"cosmos.gov.v1.TallyParams",
     "{\"quorum\":\"0.334000000000000000\",\"threshold\":\"0.5\",\"veto_threshold\":\"\"}", NULL},
    {"cosmos.gov.v1beta1.TallyParams", "{\"quorum\":\"0.334\",\"threshold\":\"0.5\"}",
     "{\"quorum\":\"0.334000000000000000\",\"threshold\":\"0.500000000000000000\",\"veto_"
     "threshold\":\"0\"}"},
    {"cosmos.gov.v1beta1.WeightedVoteOption",
     "{\"option\":\"VOTE_OPTION_NO\",\"weight\":\"1.000000000000000000\"}", NULL},
    {"cosmos.tx.v1beta1.ModeInfo", "{\"single\":{\"mode\":\"SIGN_MODE_DIRECT\"}}", NULL},
    {"cosmos.tx.v1beta1.ModeInfo",
     "{\"multi\":{\"bitarray\":null,\"mode_infos\":[{},{\"single\":{}}]}}",
     "{\"multi\":{\"bitarray\":null,\"mode_infos\":[{},{\"single\":{\"mode\":\"SIGN_MODE_"
     "UNSPECIFIED\"}}]}}"},
    {"tendermint.crypto.PublicKey", "{\"ed25519\":\"AA==\"}", NULL},
    {"tendermint.crypto.PublicKey", "{\"ed25519\":null,\"secp256k1\":\"AA==\"}",
     "{\"secp256k1\":\"AA==\"}"},
    {"tendermint.abci.EventAttribute", "{\"key\":\"k\",\"value\":\"v\",\"index\":true}", NULL},
    {"tendermint.abci.ResponseApplySnapshotChunk",
     "{\"result\":\"RETRY\",\"refetch_chunks\":[1,4294967295],\"reject_senders\":[\"a\",\"b\"]}",
     NULL},
    {"tendermint.types.Commit", "{\"height\":\"-9223372036854775808\",\"round\":-2147483648}",
     "{\"height\":\"-9223372036854775808\",\"round\":-2147483648,\"block_id\":{\"hash\":null,"
     "\"part_set_header\":{\"total\":0,\"hash\":null}},\"signatures\":["
     "]}"},
    {"google.protobuf.Any", "{\"@type\":\"/cosmos.crypto.ed25519.PubKey\",\"key\":\"AAAA\"}", NULL},
    {"google.protobuf.Any", "{\"@type\":\"/google.protobuf.Duration\",\"value\":\"1s\"}", NULL},
    {"google.protobuf.Any",
     "{\"value\":\"1970-01-01T00:00:00.5Z\",\"@type\":\"/google.protobuf.Timestamp\"}",
     "{\"@type\":\"/google.protobuf.Timestamp\",\"value\":\"1970-01-01T00:00:00.500Z\"}"},
    {"google.protobuf.Any",
     "{\"@type\":\"/google.protobuf.Any\",\"value\":{\"@type\":\"/cosmos.base.v1beta1.Coin\"}}",
     "{\"@type\":\"/google.protobuf.Any\",\"value\":{\"@type\":\"/"
     "cosmos.base.v1beta1.Coin\",\"denom\":\"\",\"amount\":\"0\"}}"},
    {"cosmos.gov.v1.MsgSubmitProposal",
     "{\"messages\":[{\"@type\":\"/"
     "cosmos.upgrade.v1beta1.MsgSoftwareUpgrade\",\"authority\":\"gov\",\"plan\":{\"name\":"
     "\"v2\",\"time\":\"0001-01-01T00:00:00Z\",\"height\":\"120\",\"info\":\"\",\"upgraded_client_"
     "state\":null}}],"
     "\"initial_deposit\":[],"
     "\"proposer\":\"p\",\"metadata\":\"\",\"title\":\"t\",\"summary\":\"s\",\"expedited\":false}",
     NULL},
};

static void test_both_directions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena a CLEANUP_ARENA = {0};
        struct buf out CLEANUP_BUF = {0};
        struct err e = {0};
        void *message;
        const ProtobufCMessageDescriptor *type = typereg_find(slice_str(rows[i].type));
        if (pbjson_read(type, slice_str(rows[i].json), &a, &message, &e) != 0)
            fail_msg("%s: %s", rows[i].json, e.text);
        // Through the wire too: what was built must be a message that packs and unpacks.
        void *again = pb_unpack(type, pb_pack(message, &a), &a);
        assert_non_null(again);
        assert_int_equal(pbjson_append(again, &out, &e), 0);
        assert_string_equal(buf_cstr(&out), rows[i].out ? rows[i].out : rows[i].json);
    }
}

static const struct {
    const char *type, *json, *error;
} refused[] = {
    {"cosmos.base.v1beta1.Coin", "", "byte 0: '[' or '{' expected near end of file"},
    {"cosmos.base.v1beta1.Coin", "[]", "expected an object"},
    {"cosmos.base.v1beta1.Coin", "{\"denom\":\"a\",\"denom\":\"b\"}",
     "byte 20: duplicate object key near '\"denom\"'"},
    {"cosmos.base.v1beta1.Coin", "{\"denom\":1}", "denom: expected a string"},
    {"cosmos.base.v1beta1.Coin", "{\"denoms\":\"\"}",
     "denoms: unknown field in cosmos.base.v1beta1.Coin"},
    {"cosmos.base.v1beta1.Coin", "{\"@type\":\"\"}",
     "@type: unknown field in cosmos.base.v1beta1.Coin"},
    {"cosmos.base.v1beta1.DecCoin", "{\"amount\":\"x\"}", "amount: invalid decimal string: x"},
    {"cosmos.bank.v1beta1.MsgSend", "{\"amount\":[{},{\"denom\":\"a\",\"x\":1}]}",
     "amount[1].x: unknown field in cosmos.base.v1beta1.Coin"},
    {"cosmos.bank.v1beta1.MsgSend", "{\"amount\":{}}", "amount: expected a list"},
    {"cosmos.bank.v1beta1.MsgSend", "{\"amount\":[null]}", "amount[0]: expected an object"},
    {"cosmos.bank.v1beta1.MsgSend", "{\"fromAddress\":\"a\",\"from_address\":\"b\"}",
     "fromAddress: given twice"},
    {"cosmos.base.query.v1beta1.PageRequest", "{\"offset\":-1}", "offset: integer out of range"},
    {"cosmos.base.query.v1beta1.PageRequest", "{\"offset\":\"18446744073709551616\"}",
     "offset: expected an integer"},
    {"cosmos.base.query.v1beta1.PageRequest", "{\"offset\":1.5}", "offset: expected an integer"},
    {"cosmos.base.query.v1beta1.PageRequest", "{\"offset\":\"01\"}", "offset: expected an integer"},
    {"cosmos.base.query.v1beta1.PageRequest", "{\"reverse\":\"true\"}",
     "reverse: expected true or false"},
    {"cosmos.base.query.v1beta1.PageRequest", "{\"key\":\"A\"}", "key: expected base64"},
    {"tendermint.types.Commit", "{\"round\":2147483648}", "round: integer out of range"},
    {"tendermint.types.Commit", "{\"round\":-2147483649}", "round: integer out of range"},
    {"tendermint.types.Commit", "{\"height\":\"9223372036854775808\"}",
     "height: integer out of range"},
    {"tendermint.abci.ResponseApplySnapshotChunk", "{\"refetch_chunks\":[4294967296]}",
     "refetch_chunks[0]: integer out of range"},
    {"cosmos.gov.v1.MsgVote", "{\"option\":\"YES\"}",
     "option: \"YES\" is no cosmos.gov.v1.VoteOption"},
    {"cosmos.gov.v1.VotingParams", "{\"voting_period\":\"2 days\"}",
     "voting_period: expected a duration such as 172800s"},
    {"cosmos.gov.v1.VotingParams", "{\"voting_period\":\"1.s\"}",
     "voting_period: expected a duration such as 172800s"},
    {"cosmos.gov.v1.VotingParams", "{\"voting_period\":\"315576000001s\"}",
     "voting_period: expected a duration such as 172800s"},
    {"cosmos.upgrade.v1beta1.Plan", "{\"time\":\"yesterday\"}",
     "time: expected a time such as 2006-01-02T15:04:05Z"},
    {"cosmos.upgrade.v1beta1.Plan", "{\"upgraded_client_state\":{}}",
     "upgraded_client_state: expected an object with \"@type\""},
    {"cosmos.upgrade.v1beta1.Plan", "{\"upgraded_client_state\":{\"@type\":\"/a.B\"}}",
     "upgraded_client_state: unable to resolve type URL /a.B"},
    {"google.protobuf.Any", "{\"@type\":\"/google.protobuf.Duration\"}",
     "google.protobuf.Duration in an Any has exactly one member, \"value\""},
    {"google.protobuf.Any", "{\"@type\":\"/google.protobuf.Duration\",\"value\":5}",
     "value: expected a string"},
    {"tendermint.crypto.PublicKey", "{\"ed25519\":\"AA==\",\"secp256k1\":\"AA==\"}",
     "secp256k1: another member of the same choice is set"},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct arena a CLEANUP_ARENA = {0};
        struct err e = {0};
        void *message = NULL;
        const ProtobufCMessageDescriptor *type = typereg_find(slice_str(refused[i].type));
        assert_int_equal(pbjson_read(type, slice_str(refused[i].json), &a, &message, &e), -EINVAL);
        assert_string_equal(e.text, refused[i].error);
        assert_null(message);
    }
}

static void test_where(void **state)
{
    (void)state;
    struct arena a CLEANUP_ARENA = {0};
    struct err e = {0};
    void *message;
    json_t *value = json_pack("{s:[{s:i}]}", "amount", "denom", 5);
    assert_int_equal(pbjson_read_value(&cosmos__bank__v1beta1__msg_send__descriptor, value,
                                       "app_state.x", &a, &message, &e),
                     -EINVAL);
    assert_string_equal(e.text, "app_state.x.amount[0].denom: expected a string");
    json_decref(value);
}

static void test_write_refusals(void **state)
{
    (void)state;
    struct buf out CLEANUP_BUF = {0};
    struct err e = {0};
    buf_append_str(&out, "before");
    Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT;
    any.type_url = pb_str("/a.B");
    assert_int_equal(pbjson_append(&any, &out, &e), -ENOENT);
    assert_string_equal(e.text, "unable to resolve type URL /a.B");
    any.type_url = pb_str("/cosmos.base.v1beta1.Coin");
    any.value = pb_bytes(SLICE_LIT("\x0a"));
    assert_int_equal(pbjson_append(&any, &out, &e), -EBADMSG);
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    time.nanos = -1;
    assert_int_equal(pbjson_append(&time, &out, &e), -EBADMSG);
    time.nanos = 0;
    time.seconds = 253402300800;
    assert_int_equal(pbjson_append(&time, &out, &e), -EBADMSG);
    Google__Protobuf__Duration duration = GOOGLE__PROTOBUF__DURATION__INIT;
    duration.seconds = 1;
    duration.nanos = -1;
    assert_int_equal(pbjson_append(&duration, &out, &e), -EBADMSG);
    assert_int_equal(out.len, 6);
}

// A message of every type there is, all fields empty: what it writes reads back and writes the
// same.
static void test_every_type(void **state)
{
    (void)state;
    unsigned never_null = 0;
    for (size_t i = 0; i < wire_proto_message_count; i++) {
        struct arena a CLEANUP_ARENA = {0};
        struct buf out CLEANUP_BUF = {0};
        struct buf second CLEANUP_BUF = {0};
        struct err e = {0};
        const ProtobufCMessageDescriptor *type = wire_proto_messages[i];
        void *message = pb_unpack(type, SLICE_NULL, &a), *again = NULL;
        for (unsigned k = 0; k < type->n_fields; k++)
            never_null += pbjson_is_never_null(type, &type->fields[k]);
        assert_int_equal(pbjson_append(message, &out, &e), 0);
        if (type == &google__protobuf__any__descriptor || out.data[0] == '"')
            continue;
        if (pbjson_read(type, buf_slice(&out), &a, &again, &e) != 0)
            fail_msg("%s: %s", type->name, e.text);
        assert_int_equal(pbjson_append(again, &second, &e), 0);
        // A decimal that was not set is "0" at first and has its digits afterwards.
        if (!strstr(buf_cstr(&second), "0.000000000000000000"))
            assert_string_equal(buf_cstr(&out), buf_cstr(&second));
    }
    // Every row of the table names a field that exists.
    assert_int_equal(never_null, 48);
}

static void test_depth(void **state)
{
    (void)state;
    struct arena a CLEANUP_ARENA = {0};
    struct buf json CLEANUP_BUF = {0};
    struct err e = {0};
    void *message;
    for (unsigned i = 0; i < 40; i++)
        buf_append_str(&json, "{\"multi\":{\"mode_infos\":[");
    buf_append_str(&json, "{}");
    for (unsigned i = 0; i < 40; i++)
        buf_append_str(&json, "]}}");
    assert_int_equal(pbjson_read(&cosmos__tx__v1beta1__mode_info__descriptor, buf_slice(&json), &a,
                                 &message, &e),
                     -EINVAL);
    assert_non_null(strstr(e.text, "nested too deep"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_directions), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_where),           cmocka_unit_test(test_write_refusals),
        cmocka_unit_test(test_every_type),      cmocka_unit_test(test_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
