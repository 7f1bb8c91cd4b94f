#include "wire/typereg.h"

#include <errno.h>

#include "wire/pb_arena.h"
#include "wire/proto/registry.h"

static int compare(struct slice name, const char *other)
{
    return slice_cmp(name, slice_str(other));
}

const ProtobufCMessageDescriptor *typereg_find(struct slice name)
{
    size_t low = 0;
    size_t high = wire_proto_message_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = compare(name, wire_proto_messages[mid]->name);
        if (order == 0)
            return wire_proto_messages[mid];
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

const ProtobufCMessageDescriptor *typereg_find_url(struct slice type_url)
{
    if (type_url.len < 2 || type_url.data[0] != '/')
        return NULL;
    return typereg_find(slice_of(type_url.data + 1, type_url.len - 1));
}

const ProtobufCServiceDescriptor *typereg_find_service(struct slice name)
{
    for (size_t i = 0; i < wire_proto_service_count; i++)
        if (compare(name, wire_proto_services[i]->name) == 0)
            return wire_proto_services[i];
    return NULL;
}

int typereg_unpack(const Google__Protobuf__Any *any, struct arena *a,
                   const ProtobufCMessageDescriptor **ret_type, void **ret_message, struct err *e)
{
    const ProtobufCMessageDescriptor *type = typereg_find_url(slice_str(any->type_url));
    if (!type)
        return err_set(e, -ENOENT, "unable to resolve type URL %.*s", TYPEREG_URL_MAX,
                       any->type_url);
    void *message = pb_unpack(type, pb_slice(any->value), a);
    if (!message)
        return err_set(e, -EBADMSG, "malformed %s", type->name);
    *ret_type = type;
    *ret_message = message;
    return 0;
}

Google__Protobuf__Any *typereg_pack(const void *message, struct arena *a)
{
    const ProtobufCMessage *m = (const ProtobufCMessage *)message;
    Google__Protobuf__Any *any = (Google__Protobuf__Any *)arena_alloc(a, sizeof *any);
    google__protobuf__any__init(any);
    any->type_url = arena_printf(a, "/%s", m->descriptor->name);
    any->value = pb_bytes(pb_pack(message, a));
    return any;
}

bool typereg_is(const Google__Protobuf__Any *any, const ProtobufCMessageDescriptor *type)
{
    return any->type_url[0] == '/' && strcmp(any->type_url + 1, type->name) == 0;
}
