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
