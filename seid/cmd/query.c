// query …: the answers of a running node.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seid/cmd/cmd.h"
#include "seid/cmd/node.h"
#include "wire/addr.h"

const struct cli_flag cmd_query_flags[] = {
    {.name = "height",
     .type = CLI_INT64,
     .fallback = "0",
     .help = "ask the state after this height; 0: the newest"},
    {.name = "chain-id", .type = CLI_STRING, .hidden = true, .help = "accepted and not needed"},
    {.name = "keyring-backend",
     .type = CLI_STRING,
     .fallback = "test",
     .hidden = true,
     .help = "where the keys are whose names may stand for addresses"},
    {0}};

static const struct cli_flag page_flags[] = {
    {.name = "limit", .type = CLI_UINT64, .fallback = "100", .help = "most entries of an answer"},
    {.name = "offset", .type = CLI_UINT64, .fallback = "0", .help = "entries to leave out first"},
    {.name = "page-key",
     .type = CLI_STRING,
     .value = "base64",
     .help = "next_key of the page before"},
    {.name = "count-total", .type = CLI_BOOL, .help = "count all entries"},
    {.name = "reverse", .type = CLI_BOOL, .help = "from the last to the first"},
    {0}};

struct query {
    struct cli *cli;
    const char *home;
    struct node node;
};

static int query_open(struct query *q, struct cli *cli, struct err *e)
{
    *q = (struct query){.cli = cli};
    int r = cmd_home(cli, &q->home, e);
    return r < 0 ? r : node_init(&q->node, cli_str(cli, "node"), cli->arena, e);
}

static void query_close(struct query *q)
{
    node_deinit(&q->node);
}
#define CLEANUP_QUERY CLEANUP(query_close)

// An argument that names an account may be the name of a key.
static int account_of(const struct query *q, const char *text, const char **ret, struct err *e)
{
    struct keyring k CLEANUP_KEYRING = {0};
    uint8_t address[20];
    int r = cmd_keyring(q->cli, q->home, &k, e);
    if (r == 0)
        r = cmd_address(&k, text, q->cli->arena, address, e);
    if (r == 0)
        *ret = cmd_bech32(ADDR_HRP_ACC, address, q->cli->arena);
    return r;
}

static json_t *pagination(const struct cli *cli)
{
    const char *key = cli_str(cli, "page-key");
    json_t *page = json_pack(
        "{s:s,s:s,s:b,s:b}", "offset",
        arena_printf(cli->arena, "%llu", (unsigned long long)cli_uint64(cli, "offset")), "limit",
        arena_printf(cli->arena, "%llu", (unsigned long long)cli_uint64(cli, "limit")),
        "count_total", cli_bool(cli, "count-total"), "reverse", cli_bool(cli, "reverse"));
    if (key && *key)
        json_object_set_new(page, "key", json_string(key));
    return page;
}

static int ask(const struct query *q, const char *path, json_t *request, json_t **ret,
               struct err *e)
{
    return node_query(&q->node, path, request, cli_int64(q->cli, "height"), q->cli->arena, ret, e);
}

// Prints a member of the answer, or all of it; takes the reference.
static int print_part(const struct cli *cli, json_t *answer, const char *member)
{
    json_t *owned CLEANUP_JSON = answer;
    json_t *part = member ? json_object_get(owned, member) : owned;
    return cmd_print(cli, part ? json_incref(part) : json_null());
}

// ---- the table ---------------------------------------------------------------------------------

struct query_row {
    const char *path;
    const char *fields[2];
    const char *member;
    bool pages;
};

static bool names_account(const char *field)
{
    return strcmp(field, "address") == 0 || strcmp(field, "voter") == 0 ||
           strcmp(field, "depositor") == 0;
}

static int run_row(struct cli *cli, const struct query_row *row)
{
    struct err e = {0};
    struct query q CLEANUP_QUERY = {0};
    json_t *answer = NULL;
    int r = query_open(&q, cli, &e);
    json_t *request = json_object();
    for (size_t i = 0; i < cli->arg_count && i < 2 && r == 0; i++) {
        const char *text = cli->args[i];
        if (names_account(row->fields[i]))
            r = account_of(&q, text, &text, &e);
        if (r == 0 && json_object_set_new(request, row->fields[i], json_string(text)) < 0)
            r = err_set(&e, -EINVAL, "an argument is not UTF-8");
    }
    if (row->pages)
        json_object_set_new(request, "pagination", pagination(cli));
    if (r == 0)
        r = ask(&q, row->path, request, &answer, &e);
    else
        json_decref(request);
    return r ? cmd_fail(&e) : print_part(cli, answer, row->member);
}

#define QUERY(group_, name_, aliases_, args_, least_, most_, help_, path_, field0_, field1_,       \
              member_, pages_)                                                                     \
    {(path_), {(field0_), (field1_)}, (member_), (pages_)},
static const struct query_row rows[] = {
#include "seid/cmd/queries.def"
};
#undef QUERY

// The row of a command: the one whose method ends like its path, found by position in the table.
#define QUERY(group_, name_, aliases_, args_, least_, most_, help_, path_, field0_, field1_,       \
              member_, pages_)                                                                     \
    {#group_, (name_)},
static const char *const row_names[][2] = {
#include "seid/cmd/queries.def"
};
#undef QUERY

static int run_table(struct cli *cli, void *context)
{
    const char *group = cli->path[cli->depth - 2]->name, *name = cli_command(cli)->name;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(row_names[i][0], group) == 0 && strcmp(row_names[i][1], name) == 0)
            return run_row(cli, &rows[i]);
    abort(); // the commands are made from the same table
}

// ---- bank --------------------------------------------------------------------------------------

static const struct cli_flag denom_flags[] = {
    {.name = "denom", .type = CLI_STRING, .help = "this denom only"}, {0}};

static int balances(struct cli *cli, void *context)
{
    struct err e = {0};
    struct query q CLEANUP_QUERY = {0};
    json_t *answer = NULL;
    const char *address = NULL, *denom = cli_str(cli, "denom");
    bool one = denom && *denom;
    int r = query_open(&q, cli, &e);
    if (r == 0)
        r = account_of(&q, cli->args[0], &address, &e);
    if (r == 0 && one)
        r = ask(&q, "/cosmos.bank.v1beta1.Query/Balance",
                json_pack("{s:s,s:s}", "address", address, "denom", denom), &answer, &e);
    else if (r == 0)
        r = ask(&q, "/cosmos.bank.v1beta1.Query/AllBalances",
                json_pack("{s:s,s:o}", "address", address, "pagination", pagination(cli)), &answer,
                &e);
    return r ? cmd_fail(&e) : print_part(cli, answer, one ? "balance" : NULL);
}

static int total(struct cli *cli, void *context)
{
    struct err e = {0};
    struct query q CLEANUP_QUERY = {0};
    json_t *answer = NULL;
    const char *denom = cli_str(cli, "denom");
    bool one = denom && *denom;
    int r = query_open(&q, cli, &e);
    if (r == 0 && one)
        r = ask(&q, "/cosmos.bank.v1beta1.Query/SupplyOf", json_pack("{s:s}", "denom", denom),
                &answer, &e);
    else if (r == 0)
        r = ask(&q, "/cosmos.bank.v1beta1.Query/TotalSupply",
                json_pack("{s:o}", "pagination", pagination(cli)), &answer, &e);
    return r ? cmd_fail(&e) : print_part(cli, answer, one ? "amount" : NULL);
}

// ---- gov ---------------------------------------------------------------------------------------

static const struct cli_flag proposals_flags[] = {
    {.name = "status",
     .type = CLI_STRING,
     .help = "deposit_period, voting_period, passed, rejected or failed"},
    {.name = "voter", .type = CLI_STRING, .value = "address", .help = "voted on by"},
    {.name = "depositor", .type = CLI_STRING, .value = "address", .help = "with a deposit of"},
    {0}};

// "voting_period", "VotingPeriod", "PROPOSAL_STATUS_VOTING_PERIOD" -> the last
static const char *proposal_status(const char *text, struct err *e)
{
    static const char *const names[][3] = {
        {"deposit_period", "DepositPeriod", "PROPOSAL_STATUS_DEPOSIT_PERIOD"},
        {"voting_period", "VotingPeriod", "PROPOSAL_STATUS_VOTING_PERIOD"},
        {"passed", "Passed", "PROPOSAL_STATUS_PASSED"},
        {"rejected", "Rejected", "PROPOSAL_STATUS_REJECTED"},
        {"failed", "Failed", "PROPOSAL_STATUS_FAILED"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t k = 0; k < 3; k++)
            if (strcmp(names[i][k], text) == 0)
                return names[i][2];
    err_set(e, -EINVAL,
            "--status %.40s: expected deposit_period, voting_period, passed, rejected "
            "or failed",
            text);
    return NULL;
}

static int add_filter(const struct query *q, json_t *request, const char *name, struct err *e)
{
    const char *text = cli_str(q->cli, name);
    if (!text || !*text)
        return 0;
    int r = account_of(q, text, &text, e);
    if (r == 0)
        json_object_set_new(request, name, json_string(text));
    return r;
}

static int proposals(struct cli *cli, void *context)
{
    struct err e = {0};
    struct query q CLEANUP_QUERY = {0};
    json_t *answer = NULL;
    json_t *request CLEANUP_JSON = json_pack("{s:o}", "pagination", pagination(cli));
    const char *status = cli_str(cli, "status");
    int r = query_open(&q, cli, &e);
    if (r == 0 && status && *status) {
        status = proposal_status(status, &e);
        r = status ? json_object_set_new(request, "proposal_status", json_string(status)) : -EINVAL;
    }
    if (r == 0)
        r = add_filter(&q, request, "voter", &e);
    if (r == 0)
        r = add_filter(&q, request, "depositor", &e);
    if (r == 0)
        r = ask(&q, "/cosmos.gov.v1.Query/Proposals", json_incref(request), &answer, &e);
    return r ? cmd_fail(&e) : print_part(cli, answer, NULL);
}

// Each type of parameters fills its own member; Cosmos programs print them together.
static int gov_params(struct cli *cli, void *context)
{
    static const char *const types[][2] = {
        {"voting", "voting_params"}, {"deposit", "deposit_params"}, {"tallying", "tally_params"}};
    struct err e = {0};
    struct query q CLEANUP_QUERY = {0};
    json_t *all = json_object();
    int r = query_open(&q, cli, &e);
    for (size_t i = 0; i < 3 && r == 0; i++) {
        json_t *answer CLEANUP_JSON = NULL;
        r = ask(&q, "/cosmos.gov.v1.Query/Params", json_pack("{s:s}", "params_type", types[i][0]),
                &answer, &e);
        json_t *part = json_object_get(answer, types[i][1]);
        json_t *params = json_object_get(answer, "params");
        if (part)
            json_object_set(all, types[i][1], part);
        if (params)
            json_object_set(all, "params", params);
    }
    if (r == 0)
        return cmd_print(cli, all);
    json_decref(all);
    return cmd_fail(&e);
}

// ---- upgrade -----------------------------------------------------------------------------------

static int upgrade_plan(struct cli *cli, void *context)
{
    struct err e = {0};
    struct query q CLEANUP_QUERY = {0};
    json_t *answer CLEANUP_JSON = NULL;
    int r = query_open(&q, cli, &e);
    if (r == 0)
        r = ask(&q, "/cosmos.upgrade.v1beta1.Query/CurrentPlan", NULL, &answer, &e);
    json_t *plan = json_object_get(answer, "plan");
    if (r == 0 && !json_is_object(plan))
        r = err_set(&e, -ENOENT, "no upgrade scheduled");
    return r ? cmd_fail(&e) : cmd_print(cli, json_incref(plan));
}

// The block at the height of the upgrade, as the node gives its head.
static int print_meta(const struct query *q, const char *height, struct err *e)
{
    json_t *answer CLEANUP_JSON = NULL;
    int r = node_call(&q->node, "blockchain",
                      json_pack("{s:s,s:s}", "minHeight", height, "maxHeight", height), &answer, e);
    json_t *meta = json_array_get(json_object_get(answer, "block_metas"), 0);
    if (r == 0 && !meta)
        r = err_set(e, -ENOENT, "no headers returned for height %s", height);
    return r < 0 ? cmd_fail(e) : cmd_print(q->cli, json_incref(meta));
}

static int upgrade_applied(struct cli *cli, void *context)
{
    struct err e = {0};
    struct query q CLEANUP_QUERY = {0};
    json_t *answer CLEANUP_JSON = NULL;
    int r = query_open(&q, cli, &e);
    if (r == 0)
        r = ask(&q, "/cosmos.upgrade.v1beta1.Query/AppliedPlan",
                json_pack("{s:s}", "name", cli->args[0]), &answer, &e);
    const char *height = json_string_value(json_object_get(answer, "height"));
    if (r == 0 && (!height || strcmp(height, "0") == 0))
        r = err_set(&e, -ENOENT, "no upgrade found");
    return r ? cmd_fail(&e) : print_meta(&q, height, &e);
}

// ---- transactions and blocks -------------------------------------------------------------------

static int tx_by_hash(struct cli *cli, void *context)
{
    struct err e = {0};
    struct query q CLEANUP_QUERY = {0};
    json_t *answer = NULL;
    int r = query_open(&q, cli, &e);
    if (r == 0)
        r = ask(&q, "/cosmos.tx.v1beta1.Service/GetTx", json_pack("{s:s}", "hash", cli->args[0]),
                &answer, &e);
    return r ? cmd_fail(&e) : print_part(cli, answer, "tx_response");
}

static const char *const orders[] = {"asc", "desc", "", NULL};
static const struct cli_flag txs_flags[] = {
    {.name = "query",
     .type = CLI_STRING,
     .help = "conditions, such as message.action='/cosmos.bank.v1beta1.MsgSend' AND tx.height>5"},
    {.name = "events",
     .type = CLI_STRING,
     .help = "older form: message.action=/cosmos.bank.v1beta1.MsgSend&transfer.sender=sei1..."},
    {.name = "page", .type = CLI_UINT64, .fallback = "1", .help = "which page"},
    {.name = "limit", .type = CLI_UINT64, .fallback = "100", .help = "entries of a page"},
    {.name = "order_by",
     .type = CLI_STRING,
     .fallback = "asc",
     .words = orders,
     .help = "by height"},
    {0}};

// "a=b&c=d" -> "a='b' AND c='d'"; what is quoted already, and numbers of tx.height, stay.
static const char *events_query(const char *text, struct arena *arena)
{
    const char *all = "";
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "&");
        size_t key = strcspn(p, "=");
        key = key > n ? n : key;
        const char *value = key < n ? p + key + 1 : p + n;
        int len = (int)(n - (size_t)(value - p));
        bool bare = *value == '\'' || (key == 9 && memcmp(p, "tx.height", 9) == 0);
        all = arena_printf(arena, "%s%s%.*s=%s%.*s%s", all, *all ? " AND " : "", (int)key, p,
                           bare ? "" : "'", len, value, bare ? "" : "'");
        p += n + (p[n] == '&');
    }
    return all;
}

static uint64_t number_of(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text ? (uint64_t)strtoull(text, NULL, 10) : 0;
}

static json_t *search_result(const struct cli *cli, const json_t *answer)
{
    json_t *txs = json_object_get(answer, "tx_responses");
    uint64_t total_count = number_of(answer, "total"), limit = cli_uint64(cli, "limit");
    uint64_t pages = limit ? (total_count + limit - 1) / limit : 1;
    struct arena *a = cli->arena;
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:O}", "total_count",
                     arena_printf(a, "%llu", (unsigned long long)total_count), "count",
                     arena_printf(a, "%zu", json_array_size(txs)), "page_number",
                     arena_printf(a, "%llu", (unsigned long long)cli_uint64(cli, "page")),
                     "page_total", arena_printf(a, "%llu", (unsigned long long)pages), "limit",
                     arena_printf(a, "%llu", (unsigned long long)limit), "txs", txs);
}

static int txs(struct cli *cli, void *context)
{
    struct err e = {0};
    struct query q CLEANUP_QUERY = {0};
    json_t *answer CLEANUP_JSON = NULL;
    const char *text = cli_str(cli, "query"), *events = cli_str(cli, "events");
    int r = query_open(&q, cli, &e);
    if (r == 0 && !(text && *text) && !(events && *events))
        r = err_set(&e, -EINVAL, "give --query");
    if (r == 0 && !(text && *text))
        text = events_query(events, cli->arena);
    const char *order = *cli_str(cli, "order_by") == 'd' ? "ORDER_BY_DESC" : "ORDER_BY_ASC";
    if (r == 0)
        r = ask(&q, "/cosmos.tx.v1beta1.Service/GetTxsEvent",
                json_pack(
                    "{s:s,s:s,s:s,s:s}", "query", text, "order_by", order, "page",
                    arena_printf(cli->arena, "%llu", (unsigned long long)cli_uint64(cli, "page")),
                    "limit",
                    arena_printf(cli->arena, "%llu", (unsigned long long)cli_uint64(cli, "limit"))),
                &answer, &e);
    return r ? cmd_fail(&e) : cmd_print(cli, search_result(cli, answer));
}

// A method of the Tendermint RPC with an optional height.
static int by_height(struct cli *cli, const char *method)
{
    struct err e = {0};
    struct query q CLEANUP_QUERY = {0};
    json_t *answer = NULL;
    const char *height = cli->arg_count ? cli->args[0] : cli_str(cli, "height");
    json_t *params =
        strcmp(height, "0") == 0 ? json_object() : json_pack("{s:s}", "height", height);
    int r = query_open(&q, cli, &e);
    if (r == 0)
        r = node_call(&q.node, method, params, &answer, &e);
    else
        json_decref(params);
    return r ? cmd_fail(&e) : cmd_print(cli, answer);
}

static int block(struct cli *cli, void *context)
{
    return by_height(cli, "block");
}

static int block_results(struct cli *cli, void *context)
{
    return by_height(cli, "block_results");
}

// ---- commands ----------------------------------------------------------------------------------

static const struct cli_flag *const page_tables[] = {page_flags, NULL};
static const struct cli_flag *const no_tables[] = {NULL};

#define COMMAND(name_, aliases_, args_, least_, most_, help_, pages_)                              \
    {.name = (name_),                                                                              \
     .aliases = (aliases_),                                                                        \
     .args = (args_),                                                                              \
     .min_args = (least_),                                                                         \
     .max_args = (most_),                                                                          \
     .help = (help_),                                                                              \
     .shared = (pages_) ? page_tables : no_tables,                                                 \
     .run = run_table},
#define OF_auth(...)
#define OF_bank(...)
#define OF_gov(...)
#define OF_upgrade(...)
#define QUERY(group_, name_, aliases_, args_, least_, most_, help_, path_, field0_, field1_,       \
              member_, pages_)                                                                     \
    OF_##group_(name_, aliases_, args_, least_, most_, help_, pages_)

#undef OF_auth
#define OF_auth COMMAND
static const struct cli_command auth_commands[] = {
#include "seid/cmd/queries.def"
    {0}};
#undef OF_auth
#define OF_auth(...)

#undef OF_bank
#define OF_bank COMMAND
static const struct cli_command bank_commands[] = {{.name = "balances",
                                                    .args = "ADDRESS",
                                                    .min_args = 1,
                                                    .max_args = 1,
                                                    .help = "Print an account's balances",
                                                    .flags = denom_flags,
                                                    .shared = page_tables,
                                                    .run = balances},
                                                   {.name = "total",
                                                    .help = "Print the supply",
                                                    .flags = denom_flags,
                                                    .shared = page_tables,
                                                    .run = total},
#include "seid/cmd/queries.def"
                                                   {0}};
#undef OF_bank
#define OF_bank(...)

#undef OF_gov
#define OF_gov COMMAND
static const struct cli_command gov_commands[] = {
    {.name = "proposals",
     .help = "List proposals",
     .flags = proposals_flags,
     .shared = page_tables,
     .run = proposals},
    {.name = "params", .help = "Print the parameters", .run = gov_params},
#include "seid/cmd/queries.def"
    {0}};
#undef OF_gov
#define OF_gov(...)

#undef OF_upgrade
#define OF_upgrade COMMAND
static const struct cli_command upgrade_commands[] = {
    {.name = "plan", .help = "Print the scheduled upgrade", .run = upgrade_plan},
    {.name = "applied",
     .args = "NAME",
     .min_args = 1,
     .max_args = 1,
     .help = "Print the head of the block at which an upgrade was applied",
     .run = upgrade_applied},
#include "seid/cmd/queries.def"
    {0}};
#undef OF_upgrade
#undef QUERY

const struct cli_command cmd_query_commands[] = {
    {.name = "auth", .help = "Accounts", .children = auth_commands},
    {.name = "bank", .help = "Balances and supply", .children = bank_commands},
    {.name = "gov", .help = "Proposals and votes", .children = gov_commands},
    {.name = "upgrade", .help = "Upgrades", .children = upgrade_commands},
    {.name = "tx",
     .args = "HASH",
     .min_args = 1,
     .max_args = 1,
     .help = "Print a transaction and its result",
     .run = tx_by_hash},
    {.name = "txs", .help = "Search for transactions", .flags = txs_flags, .run = txs},
    {.name = "block", .args = "[HEIGHT]", .max_args = 1, .help = "Print a block", .run = block},
    {.name = "block-results",
     .aliases = "block_results",
     .args = "[HEIGHT]",
     .max_args = 1,
     .help = "Print the results of a block",
     .run = block_results},
    {0}};
