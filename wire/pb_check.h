// pb_check: judges protobuf bytes from outside before they are unpacked. No allocation, any thread.
//
// It refuses what the Cosmos SDK refuses: fields the message does not have, wire types that do not
// fit, types inside Any that nobody knows; and what protobuf-c would not survive or would silently
// change: nesting beyond a limit, strings with a NUL or invalid UTF-8, groups.
#ifndef WIRE_PB_CHECK_H
#define WIRE_PB_CHECK_H

#include <protobuf-c/protobuf-c.h>

#include "base/err.h"
#include "base/slice.h"

enum { PB_CHECK_DEPTH_MAX = 64 };

// Flags. With ALLOW_NON_CRITICAL unknown fields whose number has bit 11 set (1024 to 2047, 3072 to
// 4095, …) pass. With OPEN_ANY the content of every Any is checked too, by its type.
enum { PB_CHECK_ALLOW_NON_CRITICAL = 1, PB_CHECK_OPEN_ANY = 2 };

// 0, or -EBADMSG with the SDK's text but for the type's name, which is protobuf's and not Go's:
// `errUnknownField "cosmos.tx.v1beta1.TxBody": {TagNum: 99, WireType:"varint"}`.
int pb_check(const ProtobufCMessageDescriptor *type, struct slice bytes, unsigned flags,
             struct err *e);

#endif
