#include "wire/pbjson_special.h"

#include <string.h>

#include "wire/proto/cosmos_base_v1beta1_coin.pb-c.h"
#include "wire/proto/cosmos_gov_v1beta1_gov.pb-c.h"
#include "wire/proto/google_protobuf_any.pb-c.h"
#include "wire/proto/google_protobuf_duration.pb-c.h"
#include "wire/proto/google_protobuf_timestamp.pb-c.h"

enum pbjson_special pbjson_special_of(const ProtobufCMessageDescriptor *type)
{
    if (type == &google__protobuf__any__descriptor)
        return PBJSON_ANY;
    if (type == &google__protobuf__timestamp__descriptor)
        return PBJSON_TIMESTAMP;
    if (type == &google__protobuf__duration__descriptor)
        return PBJSON_DURATION;
    return PBJSON_PLAIN;
}

bool pbjson_is_dec(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field)
{
    static const struct {
        const ProtobufCMessageDescriptor *type;
        const char *field; // null: all
    } rows[] = {
        {&cosmos__gov__v1beta1__tally_params__descriptor, NULL},
        {&cosmos__gov__v1beta1__weighted_vote_option__descriptor, "weight"},
        {&cosmos__base__v1beta1__dec_coin__descriptor, "amount"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].type == type && (!rows[i].field || strcmp(rows[i].field, field->name) == 0))
            return true;
    return false;
}

size_t pbjson_element_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return sizeof(uint32_t);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_ENUM:
        return sizeof(int);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    }
    return 0;
}

bool pbjson_is_never_null(const ProtobufCMessageDescriptor *type,
                          const ProtobufCFieldDescriptor *field)
{
    static const struct {
        const char *type, *field;
    } rows[] = {
        {"cosmos.auth.v1beta1.QueryParamsResponse", "params"},
        {"cosmos.bank.v1beta1.QueryDenomMetadataResponse", "metadata"},
        {"cosmos.bank.v1beta1.QueryParamsResponse", "params"},
        {"cosmos.bank.v1beta1.QuerySupplyOfResponse", "amount"},
        {"cosmos.base.abci.v1beta1.SimulationResponse", "gas_info"},
        {"cosmos.base.tendermint.v1beta1.Block", "data"},
        {"cosmos.base.tendermint.v1beta1.Block", "evidence"},
        {"cosmos.base.tendermint.v1beta1.Block", "header"},
        {"cosmos.base.tendermint.v1beta1.Header", "last_block_id"},
        {"cosmos.base.tendermint.v1beta1.Header", "time"},
        {"cosmos.base.tendermint.v1beta1.Header", "version"},
        {"cosmos.gov.v1.MsgCancelProposalResponse", "canceled_time"},
        {"cosmos.gov.v1beta1.DepositParams", "max_deposit_period"},
        {"cosmos.gov.v1beta1.Proposal", "deposit_end_time"},
        {"cosmos.gov.v1beta1.Proposal", "final_tally_result"},
        {"cosmos.gov.v1beta1.Proposal", "submit_time"},
        {"cosmos.gov.v1beta1.Proposal", "voting_end_time"},
        {"cosmos.gov.v1beta1.Proposal", "voting_start_time"},
        {"cosmos.gov.v1beta1.QueryDepositResponse", "deposit"},
        {"cosmos.gov.v1beta1.QueryParamsResponse", "deposit_params"},
        {"cosmos.gov.v1beta1.QueryParamsResponse", "tally_params"},
        {"cosmos.gov.v1beta1.QueryParamsResponse", "voting_params"},
        {"cosmos.gov.v1beta1.QueryProposalResponse", "proposal"},
        {"cosmos.gov.v1beta1.QueryTallyResultResponse", "tally"},
        {"cosmos.gov.v1beta1.QueryVoteResponse", "vote"},
        {"cosmos.gov.v1beta1.VotingParams", "voting_period"},
        {"cosmos.upgrade.v1beta1.MsgSoftwareUpgrade", "plan"},
        {"cosmos.upgrade.v1beta1.Plan", "time"},
        {"cosmos.upgrade.v1beta1.SoftwareUpgradeProposal", "plan"},
        {"tendermint.p2p.DefaultNodeInfo", "other"},
        {"tendermint.p2p.DefaultNodeInfo", "protocol_version"},
        {"tendermint.types.Block", "data"},
        {"tendermint.types.Block", "evidence"},
        {"tendermint.types.Block", "header"},
        {"tendermint.types.BlockID", "part_set_header"},
        {"tendermint.types.BlockMeta", "block_id"},
        {"tendermint.types.BlockMeta", "header"},
        {"tendermint.types.Commit", "block_id"},
        {"tendermint.types.CommitSig", "timestamp"},
        {"tendermint.types.DuplicateVoteEvidence", "timestamp"},
        {"tendermint.types.EvidenceParams", "max_age_duration"},
        {"tendermint.types.Header", "last_block_id"},
        {"tendermint.types.Header", "time"},
        {"tendermint.types.Header", "version"},
        {"tendermint.types.LightClientAttackEvidence", "timestamp"},
        {"tendermint.types.Validator", "pub_key"},
        {"tendermint.types.Vote", "block_id"},
        {"tendermint.types.Vote", "timestamp"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].field, field->name) == 0 && strcmp(rows[i].type, type->name) == 0)
            return true;
    return false;
}

bool pbjson_is_int(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field)
{
    if (type == &cosmos__base__v1beta1__coin__descriptor)
        return strcmp(field->name, "amount") == 0;
    return type == &cosmos__gov__v1beta1__tally_result__descriptor;
}
