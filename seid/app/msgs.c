#include "seid/app/msgs.h"

#include <string.h>

#include "wire/proto/cosmos_bank_v1beta1_tx.pb-c.h"
#include "wire/proto/cosmos_gov_v1_tx.pb-c.h"
#include "wire/proto/cosmos_gov_v1beta1_tx.pb-c.h"
#include "wire/proto/cosmos_upgrade_v1beta1_tx.pb-c.h"

#define SIGNER(name, Type, member)                                                                 \
    static const char *signer_##name(const void *message)                                          \
    {                                                                                              \
        return ((const Type *)message)->member;                                                    \
    }
SIGNER(bank_send, Cosmos__Bank__V1beta1__MsgSend, from_address)
SIGNER(gov_v1_submit_proposal, Cosmos__Gov__V1__MsgSubmitProposal, proposer)
SIGNER(gov_v1_exec_legacy_content, Cosmos__Gov__V1__MsgExecLegacyContent, authority)
SIGNER(gov_v1_vote, Cosmos__Gov__V1__MsgVote, voter)
SIGNER(gov_v1_vote_weighted, Cosmos__Gov__V1__MsgVoteWeighted, voter)
SIGNER(gov_v1_deposit, Cosmos__Gov__V1__MsgDeposit, depositor)
SIGNER(gov_v1_cancel_proposal, Cosmos__Gov__V1__MsgCancelProposal, proposer)
SIGNER(gov_v1beta1_submit_proposal, Cosmos__Gov__V1beta1__MsgSubmitProposal, proposer)
SIGNER(gov_v1beta1_vote, Cosmos__Gov__V1beta1__MsgVote, voter)
SIGNER(gov_v1beta1_vote_weighted, Cosmos__Gov__V1beta1__MsgVoteWeighted, voter)
SIGNER(gov_v1beta1_deposit, Cosmos__Gov__V1beta1__MsgDeposit, depositor)
SIGNER(upgrade_software_upgrade, Cosmos__Upgrade__V1beta1__MsgSoftwareUpgrade, authority)
SIGNER(upgrade_cancel_upgrade, Cosmos__Upgrade__V1beta1__MsgCancelUpgrade, authority)

static const char *signer_bank_multi_send(const void *message)
{
    const Cosmos__Bank__V1beta1__MsgMultiSend *m = message;
    return m->n_inputs ? m->inputs[0]->address : "";
}

#define MSG_ROW(descriptor, url, module, function, by_gov)                                         \
    {                                                                                              \
        &(descriptor), (url), (module), (by_gov), signer_##function, msg_##function##_check,       \
            msg_##function##_run                                                                   \
    }
#define MSG(descriptor, url, module, function) MSG_ROW(descriptor, url, module, function, false)
#define GOV_MSG(descriptor, url, module, function) MSG_ROW(descriptor, url, module, function, true)

// In the order of how often they are sent.
static const struct msg_type types[] = {
    MSG(cosmos__bank__v1beta1__msg_send__descriptor, "/cosmos.bank.v1beta1.MsgSend", "bank",
        bank_send),
    MSG(cosmos__bank__v1beta1__msg_multi_send__descriptor, "/cosmos.bank.v1beta1.MsgMultiSend",
        "bank", bank_multi_send),
    MSG(cosmos__gov__v1__msg_vote__descriptor, "/cosmos.gov.v1.MsgVote", "gov", gov_v1_vote),
    MSG(cosmos__gov__v1beta1__msg_vote__descriptor, "/cosmos.gov.v1beta1.MsgVote", "gov",
        gov_v1beta1_vote),
    MSG(cosmos__gov__v1__msg_vote_weighted__descriptor, "/cosmos.gov.v1.MsgVoteWeighted", "gov",
        gov_v1_vote_weighted),
    MSG(cosmos__gov__v1beta1__msg_vote_weighted__descriptor, "/cosmos.gov.v1beta1.MsgVoteWeighted",
        "gov", gov_v1beta1_vote_weighted),
    MSG(cosmos__gov__v1__msg_deposit__descriptor, "/cosmos.gov.v1.MsgDeposit", "gov",
        gov_v1_deposit),
    MSG(cosmos__gov__v1beta1__msg_deposit__descriptor, "/cosmos.gov.v1beta1.MsgDeposit", "gov",
        gov_v1beta1_deposit),
    MSG(cosmos__gov__v1__msg_submit_proposal__descriptor, "/cosmos.gov.v1.MsgSubmitProposal", "gov",
        gov_v1_submit_proposal),
    MSG(cosmos__gov__v1beta1__msg_submit_proposal__descriptor,
        "/cosmos.gov.v1beta1.MsgSubmitProposal", "gov", gov_v1beta1_submit_proposal),
    MSG(cosmos__gov__v1__msg_cancel_proposal__descriptor, "/cosmos.gov.v1.MsgCancelProposal", "gov",
        gov_v1_cancel_proposal),
    GOV_MSG(cosmos__gov__v1__msg_exec_legacy_content__descriptor,
            "/cosmos.gov.v1.MsgExecLegacyContent", "gov", gov_v1_exec_legacy_content),
    GOV_MSG(cosmos__upgrade__v1beta1__msg_software_upgrade__descriptor,
            "/cosmos.upgrade.v1beta1.MsgSoftwareUpgrade", "upgrade", upgrade_software_upgrade),
    GOV_MSG(cosmos__upgrade__v1beta1__msg_cancel_upgrade__descriptor,
            "/cosmos.upgrade.v1beta1.MsgCancelUpgrade", "upgrade", upgrade_cancel_upgrade),
};

const struct msg_type *msg_find(const char *url)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].url, url) == 0)
            return &types[i];
    return NULL;
}

const struct msg_type *msg_unpack(const Google__Protobuf__Any *any, struct arena *arena,
                                  void **ret_message)
{
    const struct msg_type *type = msg_find(any->type_url);
    void *message = type ? pb_unpack(type->descriptor, pb_slice(any->value), arena) : NULL;
    if (!message)
        return NULL;
    *ret_message = message;
    return type;
}
