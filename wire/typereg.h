// typereg: finds the descriptor of a message by its type URL, as google.protobuf.Any names it.
// Immutable; any thread.
#ifndef WIRE_TYPEREG_H
#define WIRE_TYPEREG_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "wire/proto/google_protobuf_any.pb-c.h"

enum { TYPEREG_URL_MAX = 128 };

// "/cosmos.bank.v1beta1.MsgSend". Null when no such message is known. The SDK accepts exactly this
// form, without a host in front.
const ProtobufCMessageDescriptor *typereg_find_url(struct slice type_url);
// "cosmos.bank.v1beta1.MsgSend"
const ProtobufCMessageDescriptor *typereg_find(struct slice name);
const ProtobufCServiceDescriptor *typereg_find_service(struct slice name);

// Unpacks the content of an Any into the arena; the result points to the generated struct that
// (*ret_type) describes. -ENOENT: "unable to resolve type URL …". -EBADMSG: malformed content. The
// content must have passed pb_check (pb_check.h).
int typereg_unpack(const Google__Protobuf__Any *any, struct arena *a,
                   const ProtobufCMessageDescriptor **ret_type, void **ret_message, struct err *e);

// An Any that carries `message` (any generated struct), in the arena.
Google__Protobuf__Any *typereg_pack(const void *message, struct arena *a);

// True when `any` says it holds a message of this type.
bool typereg_is(const Google__Protobuf__Any *any, const ProtobufCMessageDescriptor *type);

#endif
