// registry: every message and service of our .proto files, generated, in byte order of their names.
#ifndef WIRE_PROTO_REGISTRY_H
#define WIRE_PROTO_REGISTRY_H

#include <protobuf-c/protobuf-c.h>

extern const ProtobufCMessageDescriptor *const wire_proto_messages[];
extern const size_t wire_proto_message_count;
extern const ProtobufCServiceDescriptor *const wire_proto_services[];
extern const size_t wire_proto_service_count;

#endif
