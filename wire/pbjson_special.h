// pbjson_special: what the two halves of pbjson share: the types and fields that have a JSON form
// of their own.
#ifndef WIRE_PBJSON_SPECIAL_H
#define WIRE_PBJSON_SPECIAL_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

enum pbjson_special { PBJSON_PLAIN, PBJSON_ANY, PBJSON_TIMESTAMP, PBJSON_DURATION };

enum pbjson_special pbjson_special_of(const ProtobufCMessageDescriptor *type);

// A string or bytes field that holds a decimal scaled by 10^18 as an integer (the SDK's custom type
// Dec before gov v1).
bool pbjson_is_dec(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field);

// A message that is no pointer in Go: absent, it is written as its zero value and not as null.
bool pbjson_is_never_null(const ProtobufCMessageDescriptor *type,
                          const ProtobufCFieldDescriptor *field);

// A string field that is the SDK's Int: empty, it is written as "0".
bool pbjson_is_int(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field);

// Room of one element of a repeated field, as protobuf-c lays it out.
size_t pbjson_element_size(ProtobufCType type);

#endif
