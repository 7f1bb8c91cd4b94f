// pb_arena: lets protobuf-c unpack into an arena, so that a decoded message ends with its request
// and is never freed piece by piece.
#ifndef WIRE_PB_ARENA_H
#define WIRE_PB_ARENA_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/slice.h"

// Pass its address to an __unpack function while `a` lives; never call __free_unpacked after.
static inline void *pb_arena_alloc_(void *arena, size_t size)
{
    return arena_alloc((struct arena *)arena, size);
}

static inline void pb_arena_free_(void *arena, void *pointer)
{
    (void)arena;
    (void)pointer;
}

static inline ProtobufCAllocator pb_arena(struct arena *a)
{
    return (ProtobufCAllocator){pb_arena_alloc_, pb_arena_free_, a};
}

// Unpacks into the arena; null when the bytes are malformed. The result is a pointer to the
// generated struct of `type`. For bytes from outside run pb_check (pb_check.h) first: protobuf-c
// has no limit on nesting and cuts strings at a NUL.
static inline void *pb_unpack(const ProtobufCMessageDescriptor *type, struct slice bytes,
                              struct arena *a)
{
    ProtobufCAllocator allocator = pb_arena(a);
    return protobuf_c_message_unpack(type, &allocator, bytes.len, bytes.data);
}

// Packs into memory of the arena. `message` is any generated struct.
static inline struct slice pb_pack(const void *message, struct arena *a)
{
    const ProtobufCMessage *m = (const ProtobufCMessage *)message;
    size_t len = protobuf_c_message_get_packed_size(m);
    uint8_t *bytes = (uint8_t *)arena_alloc(a, len);
    protobuf_c_message_pack(m, bytes);
    return slice_of(bytes, len);
}

// A bytes member that borrows. protobuf-c's struct is not const, but packing does not write.
static inline ProtobufCBinaryData pb_bytes(struct slice s)
{
    return (ProtobufCBinaryData){s.len, (uint8_t *)(uintptr_t)s.data};
}

static inline struct slice pb_slice(ProtobufCBinaryData b)
{
    return slice_of(b.data, b.len);
}

// A string member that borrows.
static inline char *pb_str(const char *text)
{
    return (char *)(uintptr_t)text;
}

#endif
