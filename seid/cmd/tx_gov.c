// tx gov … and tx upgrade …
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "seid/cmd/tx.h"
#include "seid/cmd/tx_commands.h"
#include "wire/addr.h"
#include "wire/dec.h"
#include "wire/pbjson.h"

// What Go writes for a plan, whose time is deprecated but not optional.
static const char zero_time[] = "0001-01-01T00:00:00Z";

static const char *flag_text(const struct cli *cli, const char *name)
{
    const char *text = cli_str(cli, name);
    return text ? text : "";
}

static int proposal_id(const char *text, struct err *e)
{
    char *end = NULL;
    errno = 0;
    unsigned long long id = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || id == 0)
        return err_set(e, -EINVAL,
                       "proposal-id %.80s not a valid uint, please input a valid "
                       "proposal-id",
                       text);
    return 0;
}

// The proposer's and voter's commands: opened with --from.
static int open_with_id(struct tx *t, struct cli *cli, struct err *e)
{
    int r = tx_open(t, cli, NULL, e);
    return r < 0 ? r : proposal_id(cli->args[0], e);
}

static int finish(struct tx *t, json_t *message)
{
    struct err e = {0};
    return tx_add(t, message, &e) < 0 ? cmd_fail(&e) : tx_finish(t);
}

// ---- votes and deposits ------------------------------------------------------------------------

static const struct cli_flag metadata_flags[] = {
    {.name = "metadata", .type = CLI_STRING, .help = "metadata of the vote"}, {0}};

// "yes", "VOTE_OPTION_YES" -> "VOTE_OPTION_YES"
static const char *vote_option(const char *text, size_t len)
{
    static const char *const names[][2] = {
        {"yes", "VOTE_OPTION_YES"},
        {"abstain", "VOTE_OPTION_ABSTAIN"},
        {"no", "VOTE_OPTION_NO"},
        {"no_with_veto", "VOTE_OPTION_NO_WITH_VETO"},
        {"no-with-veto", "VOTE_OPTION_NO_WITH_VETO"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t k = 0; k < 2; k++)
            if (strlen(names[i][k]) == len && strncasecmp(names[i][k], text, len) == 0)
                return names[i][1];
    return NULL;
}

static int vote(struct cli *cli, void *context)
{
    struct err e = {0};
    struct tx t CLEANUP_TX = {0};
    const char *option = vote_option(cli->args[1], strlen(cli->args[1]));
    int r = open_with_id(&t, cli, &e);
    if (r == 0 && !option)
        r = err_set(&e, -EINVAL,
                    "'%.80s' is not a valid vote option, available options: "
                    "yes/no/no_with_veto/abstain",
                    cli->args[1]);
    if (r < 0)
        return cmd_fail(&e);
    return finish(&t, json_pack("{s:s,s:s,s:s,s:s,s:s}", "@type", "/cosmos.gov.v1.MsgVote",
                                "proposal_id", cli->args[0], "voter", t.from, "option", option,
                                "metadata", flag_text(cli, "metadata")));
}

// "yes=0.6,no=0.3,abstain=0.1"
static int weighted_options(const char *text, struct arena *arena, json_t *ret, struct err *e)
{
    for (const char *p = text;;) {
        size_t n = strcspn(p, ",");
        size_t name = strcspn(p, "=");
        const char *option = name < n ? vote_option(p, name) : NULL;
        const char *weight = name < n ? arena_strndup(arena, p + name + 1, n - name - 1) : "";
        char decimal[DEC_TEXT_MAX];
        struct dec d;
        if (!option || dec_parse(slice_str(weight), &d, NULL) < 0)
            return err_set(e, -EINVAL,
                           "'%.80s' is no list of weighted options such as yes=0.6,no=0.4", text);
        dec_format(d, decimal);
        json_array_append_new(ret, json_pack("{s:s,s:s}", "option", option, "weight", decimal));
        if (!p[n])
            return 0;
        p += n + 1;
    }
}

static int weighted_vote(struct cli *cli, void *context)
{
    struct err e = {0};
    struct tx t CLEANUP_TX = {0};
    json_t *options CLEANUP_JSON = json_array();
    int r = open_with_id(&t, cli, &e);
    if (r == 0)
        r = weighted_options(cli->args[1], cli->arena, options, &e);
    if (r < 0)
        return cmd_fail(&e);
    return finish(&t, json_pack("{s:s,s:s,s:s,s:O,s:s}", "@type", "/cosmos.gov.v1.MsgVoteWeighted",
                                "proposal_id", cli->args[0], "voter", t.from, "options", options,
                                "metadata", flag_text(cli, "metadata")));
}

static int deposit(struct cli *cli, void *context)
{
    struct err e = {0};
    struct tx t CLEANUP_TX = {0};
    json_t *coins = NULL;
    int r = open_with_id(&t, cli, &e);
    if (r == 0 && !(coins = tx_coins(cli->args[1], cli->arena, &e)))
        r = -EINVAL;
    if (r < 0)
        return cmd_fail(&e);
    return finish(&t, json_pack("{s:s,s:s,s:s,s:o}", "@type", "/cosmos.gov.v1.MsgDeposit",
                                "proposal_id", cli->args[0], "depositor", t.from, "amount", coins));
}

static int cancel_proposal(struct cli *cli, void *context)
{
    struct err e = {0};
    struct tx t CLEANUP_TX = {0};
    if (open_with_id(&t, cli, &e) < 0)
        return cmd_fail(&e);
    return finish(&t, json_pack("{s:s,s:s,s:s}", "@type", "/cosmos.gov.v1.MsgCancelProposal",
                                "proposal_id", cli->args[0], "proposer", t.from));
}

// ---- proposals of the old form, which Sei uses
// ---------------------------------------------------

static const struct cli_flag legacy_flags[] = {
    {.name = "title", .type = CLI_STRING, .help = "title of the proposal"},
    {.name = "description", .type = CLI_STRING, .help = "description of the proposal"},
    {.name = "deposit", .type = CLI_STRING, .value = "coins", .help = "first deposit"},
    {.name = "is-expedited", .type = CLI_BOOL, .help = "vote in the shorter period"},
    {0}};
static const struct cli_flag *const legacy_tables[] = {legacy_flags, NULL};

static const struct cli_flag legacy_upgrade_flags[] = {
    {.name = "upgrade-height", .type = CLI_UINT64, .help = "height of the upgrade"},
    {.name = "upgrade-info",
     .type = CLI_STRING,
     .help = "info of the plan, such as {\"upgradeType\":\"minor\"}"},
    {0}};

// Takes the content. Without --deposit none is made.
static int submit_legacy(struct tx *t, json_t *content)
{
    struct err e = {0};
    struct cli *cli = t->cli;
    const char *text = flag_text(cli, "deposit");
    json_t *coins = *text ? tx_coins(text, cli->arena, &e) : json_array();
    if (!coins || !content) {
        json_decref(content);
        json_decref(coins);
        return cmd_fail(content ? &e : &(struct err){.text = "an argument is not UTF-8"});
    }
    return finish(t, json_pack("{s:s,s:o,s:o,s:s,s:b}", "@type",
                               "/cosmos.gov.v1beta1.MsgSubmitProposal", "content", content,
                               "initial_deposit", coins, "proposer", t->from, "is_expedited",
                               cli_bool(cli, "is-expedited")));
}

static json_t *plan_json(const struct cli *cli)
{
    return json_pack(
        "{s:s,s:s,s:s,s:s}", "name", cli->args[0], "time", zero_time, "height",
        arena_printf(cli->arena, "%llu", (unsigned long long)cli_uint64(cli, "upgrade-height")),
        "info", flag_text(cli, "upgrade-info"));
}

static int check_plan(const struct cli *cli, struct err *e)
{
    uint64_t height = cli_uint64(cli, "upgrade-height");
    if (!*cli->args[0])
        return err_set(e, -EINVAL, "the name of the upgrade is empty");
    if (height == 0 || height > INT64_MAX)
        return err_set(e, -EINVAL, "--upgrade-height must be given and be positive");
    return 0;
}

static int legacy_upgrade(struct cli *cli, void *context)
{
    struct err e = {0};
    struct tx t CLEANUP_TX = {0};
    if (tx_open(&t, cli, NULL, &e) < 0 || check_plan(cli, &e) < 0)
        return cmd_fail(&e);
    return submit_legacy(&t, json_pack("{s:s,s:s,s:s,s:o}", "@type",
                                       "/cosmos.upgrade.v1beta1.SoftwareUpgradeProposal", "title",
                                       flag_text(cli, "title"), "description",
                                       flag_text(cli, "description"), "plan", plan_json(cli)));
}

static int legacy_cancel(struct cli *cli, void *context)
{
    struct err e = {0};
    struct tx t CLEANUP_TX = {0};
    if (tx_open(&t, cli, NULL, &e) < 0)
        return cmd_fail(&e);
    return submit_legacy(&t, json_pack("{s:s,s:s,s:s}", "@type",
                                       "/cosmos.upgrade.v1beta1.CancelSoftwareUpgradeProposal",
                                       "title", flag_text(cli, "title"), "description",
                                       flag_text(cli, "description")));
}

// ---- proposals of messages
// -----------------------------------------------------------------------

struct proposal {
    json_t *messages; // taken
    const char *deposit, *title, *summary, *metadata;
    bool expedited;
};

static int submit(struct tx *t, const struct proposal *p)
{
    struct err e = {0};
    json_t *coins = *p->deposit ? tx_coins(p->deposit, t->cli->arena, &e) : json_array();
    if (!coins) {
        json_decref(p->messages);
        return cmd_fail(&e);
    }
    return finish(t,
                  json_pack("{s:s,s:o,s:o,s:s,s:s,s:s,s:s,s:b}", "@type",
                            "/cosmos.gov.v1.MsgSubmitProposal", "messages", p->messages,
                            "initial_deposit", coins, "proposer", t->from, "metadata", p->metadata,
                            "title", p->title, "summary", p->summary, "expedited", p->expedited));
}

static const char *member(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text ? text : "";
}

static int check_file(const json_t *json, struct err *e)
{
    static const char *const names[] = {"messages", "metadata", "deposit",
                                        "title",    "summary",  "expedited"};
    const char *key;
    json_t *value;
    if (!json_is_object(json))
        return err_set(e, -EINVAL, "expected an object");
    json_object_foreach((json_t *)(uintptr_t)json, key, value)
    {
        const char *near = cli_nearest(key, names, 6);
        bool known = false;
        for (size_t i = 0; i < 6; i++)
            known = known || strcmp(names[i], key) == 0;
        if (!known)
            return err_set(e, -EINVAL, "unknown member \"%.80s\"%s%s%s", key,
                           near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
        bool good = strcmp(key, "messages") == 0    ? json_is_array(value)
                    : strcmp(key, "expedited") == 0 ? json_is_boolean(value)
                                                    : json_is_string(value);
        if (!good)
            return err_set(e, -EINVAL, "%s has the wrong type", key);
    }
    return 0;
}

static int submit_file(struct cli *cli, void *context)
{
    struct err e = {0};
    json_error_t why;
    struct tx t CLEANUP_TX = {0};
    struct buf text CLEANUP_BUF = {0};
    if (tx_open(&t, cli, NULL, &e) < 0 || tx_read_file(cli->args[0], &text, &e) < 0)
        return cmd_fail(&e);
    json_t *json CLEANUP_JSON =
        json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &why);
    if (!json)
        err_set(&e, -EINVAL, "%s:%d:%d: %s", cli->args[0], why.line, why.column, why.text);
    else if (check_file(json, &e) < 0)
        err_context(&e, "%s", cli->args[0]);
    if (e.code)
        return cmd_fail(&e);
    json_t *messages = json_object_get(json, "messages");
    const struct proposal p = {
        .messages = messages ? json_incref(messages) : json_array(),
        .deposit = member(json, "deposit"),
        .title = member(json, "title"),
        .summary = member(json, "summary"),
        .metadata = member(json, "metadata"),
        .expedited = json_is_true(json_object_get(json, "expedited")),
    };
    return submit(&t, &p);
}

// ---- tx upgrade --------------------------------------------------------------------------------

static const struct cli_flag proposal_flags[] = {
    {.name = "title", .type = CLI_STRING, .help = "title of the proposal"},
    {.name = "summary", .type = CLI_STRING, .help = "summary of the proposal"},
    {.name = "metadata", .type = CLI_STRING, .help = "metadata of the proposal"},
    {.name = "deposit", .type = CLI_STRING, .value = "coins", .help = "first deposit"},
    {.name = "expedited", .type = CLI_BOOL, .help = "vote in the shorter period"},
    {.name = "authority",
     .type = CLI_STRING,
     .value = "address",
     .help = "who may do this; left out: the gov module"},
    {0}};
static const struct cli_flag *const proposal_tables[] = {proposal_flags, NULL};

static const struct cli_flag upgrade_flags[] = {
    {.name = "upgrade-height", .type = CLI_UINT64, .help = "height of the upgrade"},
    {.name = "upgrade-info", .type = CLI_STRING, .help = "info of the plan"},
    {.name = "no-validate",
     .type = CLI_BOOL,
     .help = "accepted for compatibility; the info is never checked"},
    {0}};

static const char *authority(const struct cli *cli)
{
    const char *given = cli_str(cli, "authority");
    uint8_t gov[20];
    addr_of_module("gov", gov);
    return given && *given ? given : cmd_bech32(ADDR_HRP_ACC, gov, cli->arena);
}

// Takes the message.
static int submit_upgrade(struct tx *t, json_t *message)
{
    const struct cli *cli = t->cli;
    json_t *messages = json_array();
    json_array_append_new(messages, message);
    const struct proposal p = {
        .messages = messages,
        .deposit = flag_text(cli, "deposit"),
        .title = flag_text(cli, "title"),
        .summary = flag_text(cli, "summary"),
        .metadata = flag_text(cli, "metadata"),
        .expedited = cli_bool(cli, "expedited"),
    };
    return submit(t, &p);
}

static int upgrade(struct cli *cli, void *context)
{
    struct err e = {0};
    struct tx t CLEANUP_TX = {0};
    if (tx_open(&t, cli, NULL, &e) < 0 || check_plan(cli, &e) < 0)
        return cmd_fail(&e);
    return submit_upgrade(&t, json_pack("{s:s,s:s,s:o}", "@type",
                                        "/cosmos.upgrade.v1beta1.MsgSoftwareUpgrade", "authority",
                                        authority(cli), "plan", plan_json(cli)));
}

static int cancel_upgrade(struct cli *cli, void *context)
{
    struct err e = {0};
    struct tx t CLEANUP_TX = {0};
    if (tx_open(&t, cli, NULL, &e) < 0)
        return cmd_fail(&e);
    return submit_upgrade(&t, json_pack("{s:s,s:s}", "@type",
                                        "/cosmos.upgrade.v1beta1.MsgCancelUpgrade", "authority",
                                        authority(cli)));
}

const struct cli_command tx_upgrade_commands[] = {
    {.name = "software-upgrade",
     .args = "NAME",
     .min_args = 1,
     .max_args = 1,
     .help = "Propose an upgrade",
     .flags = upgrade_flags,
     .shared = proposal_tables,
     .run = upgrade},
    {.name = "cancel-software-upgrade",
     .help = "Propose to cancel the scheduled upgrade",
     .shared = proposal_tables,
     .run = cancel_upgrade},
    {0}};

static const struct cli_command submit_commands[] = {
    {.name = "software-upgrade",
     .args = "NAME",
     .min_args = 1,
     .max_args = 1,
     .help = "Propose an upgrade, in the old form",
     .flags = legacy_upgrade_flags,
     .shared = legacy_tables,
     .run = legacy_upgrade},
    {.name = "cancel-software-upgrade",
     .help = "Propose to cancel the scheduled upgrade, in the old form",
     .shared = legacy_tables,
     .run = legacy_cancel},
    {0}};

const struct cli_command tx_gov_commands[] = {
    {.name = "submit-proposal",
     .args = "FILE",
     .min_args = 1,
     .max_args = 1,
     .help = "Propose what a file says: {\"messages\":[…],\"deposit\",\"title\",\"summary\",…}",
     .children = submit_commands,
     .run = submit_file},
    {.name = "deposit",
     .args = "ID COINS",
     .min_args = 2,
     .max_args = 2,
     .help = "Add to the deposit of a proposal",
     .run = deposit},
    {.name = "vote",
     .args = "ID yes|no|no_with_veto|abstain",
     .min_args = 2,
     .max_args = 2,
     .help = "Vote on a proposal",
     .flags = metadata_flags,
     .run = vote},
    {.name = "weighted-vote",
     .args = "ID OPTION=WEIGHT,...",
     .min_args = 2,
     .max_args = 2,
     .help = "Vote with several options",
     .flags = metadata_flags,
     .run = weighted_vote},
    {.name = "cancel-proposal",
     .args = "ID",
     .min_args = 1,
     .max_args = 1,
     .help = "Take back a proposal of one's own",
     .run = cancel_proposal},
    {0}};

const struct cli_command cmd_tx_commands[] = {
    {.name = "bank", .help = "Send coins", .children = tx_bank_commands},
    {.name = "gov", .help = "Propose, deposit, vote", .children = tx_gov_commands},
    {.name = "upgrade", .help = "Propose upgrades", .children = tx_upgrade_commands},
    {.name = "sign",
     .args = "FILE",
     .min_args = 1,
     .max_args = 1,
     .flags = tx_sign_flags,
     .help = "Sign what --generate-only printed; - is standard input",
     .run = tx_cmd_sign},
    {.name = "broadcast",
     .args = "FILE",
     .min_args = 1,
     .max_args = 1,
     .help = "Send a signed transaction",
     .run = tx_cmd_broadcast},
    {.name = "encode",
     .args = "FILE",
     .min_args = 1,
     .max_args = 1,
     .help = "Print a transaction's bytes in base64",
     .run = tx_cmd_encode},
    {.name = "decode",
     .args = "BASE64",
     .min_args = 1,
     .max_args = 1,
     .help = "Print the transaction of such bytes",
     .run = tx_cmd_decode},
    {0}};
