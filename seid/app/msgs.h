// msgs: the messages that this chain executes: one table.
#ifndef SEID_APP_MSGS_H
#define SEID_APP_MSGS_H

#include <protobuf-c/protobuf-c.h>

#include "seid/app/ctx.h"

struct Google__Protobuf__Any;

struct msg_type {
    const ProtobufCMessageDescriptor *descriptor;
    const char *url;    // "/" and the descriptor's name
    const char *module; // as the SDK's event names it
    // Gov may run it. No other message: gov's account holds deposits that are not gov's to spend.
    bool by_gov;
    // The address, as text, of the only account that has to sign.
    const char *(*signer)(const void *message);
    int (*check)(struct app_ctx *ctx, const void *message); // without state; 0 or APP_FAILED
    // *ret_response is a generated struct in the arena.
    int (*run)(struct app_ctx *ctx, const void *message, void **ret_response);
};

// Null when the chain has no such message.
const struct msg_type *msg_find(const char *url);

// Unpacks an Any whose content was checked by the transaction decoder. Null type or message when
// unknown or malformed.
const struct msg_type *msg_unpack(const struct Google__Protobuf__Any *any, struct arena *arena,
                                  void **ret_message);

// Implementations: bank.c, gov_msgs.c, upgrade.c.
#define MSG(name)                                                                                  \
    int msg_##name##_check(struct app_ctx *ctx, const void *message);                              \
    int msg_##name##_run(struct app_ctx *ctx, const void *message, void **ret_response);
MSG(bank_send)
MSG(bank_multi_send)
MSG(gov_v1_submit_proposal)
MSG(gov_v1_exec_legacy_content)
MSG(gov_v1_vote)
MSG(gov_v1_vote_weighted)
MSG(gov_v1_deposit)
MSG(gov_v1_cancel_proposal)
MSG(gov_v1beta1_submit_proposal)
MSG(gov_v1beta1_vote)
MSG(gov_v1beta1_vote_weighted)
MSG(gov_v1beta1_deposit)
MSG(upgrade_software_upgrade)
MSG(upgrade_cancel_upgrade)
#undef MSG

#endif
