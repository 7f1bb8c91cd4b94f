#include "seid/cmd/tx.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/enc.h"
#include "seid/cmd/prompt.h"
#include "wire/addr.h"
#include "wire/coins.h"
#include "wire/pb_arena.h"
#include "wire/pbjson.h"

static const char *const broadcast_modes[] = {"sync", "async", NULL};
static const char *const sign_modes[] = {"direct", NULL};

enum { GAS_DEFAULT = 200000 };

static int check_gas(const char *text, struct err *e)
{
    char *end = NULL;
    if (strcmp(text, "auto") == 0)
        return 0;
    errno = 0;
    unsigned long long gas = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || gas == 0)
        return err_set(e, -EINVAL, "expected an amount of gas, or auto");
    return 0;
}

static int check_adjustment(const char *text, struct err *e)
{
    struct dec d;
    if (dec_parse(slice_str(text), &d, NULL) < 0 || dec_cmp(d, dec_of_int(1)) < 0 ||
        dec_cmp(d, dec_of_int(100)) > 0)
        return err_set(e, -EINVAL, "expected a factor between 1 and 100");
    return 0;
}

const struct cli_flag cmd_tx_flags[] = {
    {.name = "from", .type = CLI_STRING, .value = "key", .help = "key that signs"},
    {.name = "fees", .type = CLI_STRING, .value = "coins", .help = "fee, such as 2000usei"},
    {.name = "gas",
     .type = CLI_STRING,
     .fallback = "200000",
     .check = check_gas,
     .help = "limit of gas; auto: by simulation"},
    {.name = "gas-prices",
     .type = CLI_STRING,
     .value = "prices",
     .help = "price of a unit of gas instead of --fees, such as 0.01usei"},
    {.name = "gas-adjustment",
     .type = CLI_STRING,
     .fallback = "1.3",
     .check = check_adjustment,
     .help = "factor on the simulated gas"},
    {.name = "note", .type = CLI_STRING, .help = "memo of the transaction"},
    {.name = "memo", .type = CLI_STRING, .hidden = true, .help = "older name of --note"},
    {.name = "broadcast-mode",
     .letter = 'b',
     .type = CLI_STRING,
     .fallback = "sync",
     .words = broadcast_modes,
     .help = "what to wait for: the node's check, or nothing"},
    {.name = "yes", .letter = 'y', .type = CLI_BOOL, .help = "do not ask before sending"},
    {.name = "chain-id", .type = CLI_STRING, .help = "id of the chain; left out: the node's"},
    {.name = "account-number",
     .letter = 'a',
     .type = CLI_UINT64,
     .help = "number of the account; left out: asked for"},
    {.name = "sequence",
     .letter = 's',
     .type = CLI_UINT64,
     .help = "sequence of the account; left out: asked for"},
    {.name = "timeout-height",
     .type = CLI_UINT64,
     .fallback = "0",
     .help = "last block that may hold the transaction; 0: any"},
    {.name = "fee-payer", .type = CLI_STRING, .value = "address", .help = "who pays the fee"},
    {.name = "fee-granter",
     .type = CLI_STRING,
     .value = "address",
     .help = "whose grant pays the fee"},
    {.name = "sign-mode",
     .type = CLI_STRING,
     .fallback = "direct",
     .words = sign_modes,
     .help = "how to sign"},
    {.name = "generate-only", .type = CLI_BOOL, .help = "print the unsigned transaction only"},
    {.name = "offline",
     .type = CLI_BOOL,
     .help = "ask no node; needs --account-number, --sequence and --chain-id"},
    {.name = "dry-run", .type = CLI_BOOL, .help = "estimate the gas only"},
    {0}};

// ---- opening -----------------------------------------------------------------------------------

static int find_from(struct tx *t, const char *from, struct err *e)
{
    struct arena *arena = t->cli->arena;
    uint8_t address[20];
    if (!from || !*from)
        return err_set(e, -EINVAL, "required flag \"from\" not set");
    int r = keyring_find(&t->keyring, from, arena, &t->key, e);
    if (r < 0)
        return r;
    t->has_key = r == 0;
    if (t->has_key) {
        t->from = cmd_bech32(ADDR_HRP_ACC, t->key.address, arena);
        return 0;
    }
    if (addr_parse20(ADDR_HRP_ACC, slice_str(from), address, NULL) < 0)
        return -ENOENT; // the keyring's text
    t->from = from;
    return 0;
}

int tx_open(struct tx *t, struct cli *cli, const char *from, struct err *e)
{
    memset(t, 0, sizeof *t);
    t->cli = cli;
    int r = cmd_home(cli, &t->home, e);
    if (r == 0)
        r = cmd_keyring(cli, t->home, &t->keyring, e);
    if (r == 0)
        r = node_init(&t->node, cli_str(cli, "node"), cli->arena, e);
    if (r == 0)
        r = find_from(t, from ? from : cli_str(cli, "from"), e);
    t->messages = arena_zalloc(cli->arena, TX_MESSAGES_MAX * sizeof(Google__Protobuf__Any *));
    return r;
}

void tx_deinit(struct tx *t)
{
    keyring_deinit(&t->keyring);
    node_deinit(&t->node);
}

int tx_add(struct tx *t, json_t *message, struct err *e)
{
    json_t *owned CLEANUP_JSON = message;
    void *any = NULL;
    if (!owned)
        return err_set(e, -EINVAL, "an argument is not UTF-8");
    if (t->message_count == TX_MESSAGES_MAX)
        return err_set(e, -E2BIG, "more than %d messages", TX_MESSAGES_MAX);
    int r = pbjson_read_value(&google__protobuf__any__descriptor, owned, "message", t->cli->arena,
                              &any, e);
    if (r == 0)
        t->messages[t->message_count++] = any;
    return r;
}

json_t *tx_coins(const char *text, struct arena *arena, struct err *e)
{
    struct coins coins;
    if (coins_parse(text ? text : "", arena, &coins, e) < 0)
        return NULL;
    if (coins.count == 0) {
        err_set(e, -EINVAL, "invalid coins: \"%.80s\" is no positive amount", text ? text : "");
        return NULL;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < coins.count; i++) {
        char amount[AMOUNT_TEXT_MAX];
        amount_format(coins.items[i].amount, amount);
        json_array_append_new(
            list, json_pack("{s:s,s:s}", "denom", coins.items[i].denom, "amount", amount));
    }
    return list;
}

// ---- account -----------------------------------------------------------------------------------

static uint64_t number_of(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text ? (uint64_t)strtoull(text, NULL, 10) : 0;
}

static int ask_account(struct tx *t, struct err *e)
{
    json_t *answer CLEANUP_JSON = NULL;
    int r = node_query(&t->node, "/cosmos.auth.v1beta1.Query/Account",
                       json_pack("{s:s}", "address", t->from), 0, t->cli->arena, &answer, e);
    if (r == NODE_NOT_FOUND)
        return err_set(e, -ENOENT,
                       "account %s does not exist on chain; send some tokens there first", t->from);
    if (r < 0)
        return r;
    const json_t *account = json_object_get(answer, "account");
    const json_t *base = json_object_get(account, "base_account");
    account = base ? base : account;
    if (!cli_is_set(t->cli, "account-number"))
        t->account_number = number_of(account, "account_number");
    if (!cli_is_set(t->cli, "sequence"))
        t->sequence = number_of(account, "sequence");
    return 0;
}

int tx_find_account(struct tx *t, struct err *e)
{
    struct cli *cli = t->cli;
    bool offline = cli_bool(cli, "offline");
    bool known = cli_is_set(cli, "account-number") && cli_is_set(cli, "sequence");
    t->account_number = cli_uint64(cli, "account-number");
    t->sequence = cli_uint64(cli, "sequence");
    t->chain_id = cli_str(cli, "chain-id");
    bool has_chain = t->chain_id && *t->chain_id;
    if (offline && (!known || !has_chain))
        return err_set(e, -EINVAL,
                       "account-number, sequence and chain-id must be set in offline mode");
    if (!has_chain) {
        int r = node_chain_id(&t->node, cli->arena, &t->chain_id, e);
        if (r < 0)
            return r;
    }
    return known ? 0 : ask_account(t, e);
}

// ---- fee and gas -------------------------------------------------------------------------------

static const char *text_or_null(const struct cli *cli, const char *name)
{
    const char *text = cli_str(cli, name);
    return text && *text ? text : NULL;
}

static void fill_request(const struct tx *t, struct cosmostx_request *ret)
{
    const struct cli *cli = t->cli;
    const char *note = text_or_null(cli, "note");
    *ret = (struct cosmostx_request){
        .chain_id = t->chain_id,
        .account_number = t->account_number,
        .sequence = t->sequence,
        .messages = t->messages,
        .message_count = t->message_count,
        .memo = note ? note : text_or_null(cli, "memo"),
        .timeout_height = cli_uint64(cli, "timeout-height"),
        .gas_limit = strtoull(cli_str(cli, "gas"), NULL, 10),
        .fee_payer = text_or_null(cli, "fee-payer"),
        .fee_granter = text_or_null(cli, "fee-granter"),
    };
}

static int simulate(struct tx *t, const struct cosmostx_request *request, uint64_t *ret,
                    struct err *e)
{
    struct buf bytes CLEANUP_BUF = {0};
    struct buf text CLEANUP_BUF = {0};
    json_t *answer CLEANUP_JSON = NULL;
    cosmostx_build_unsigned(request, t->key.pubkey, &bytes);
    enc_base64_append(&text, bytes.data, bytes.len);
    int r =
        node_query(&t->node, "/cosmos.tx.v1beta1.Service/Simulate",
                   json_pack("{s:s}", "tx_bytes", buf_cstr(&text)), 0, t->cli->arena, &answer, e);
    if (r != 0)
        return r < 0 ? r : -ENOENT;
    struct dec factor;
    amount_t gas;
    uint64_t used = number_of(json_object_get(answer, "gas_info"), "gas_used");
    if (dec_parse(slice_str(cli_str(t->cli, "gas-adjustment")), &factor, e) < 0 ||
        dec_mul_ceil(factor, used, &gas) != 0 || gas > UINT64_MAX)
        return err_set(e, -ERANGE, "the simulated gas does not fit");
    *ret = (uint64_t)gas;
    return 0;
}

static int prices_fee(const char *text, uint64_t gas, struct arena *arena, struct coins *ret,
                      struct err *e)
{
    struct dec_coins prices;
    struct coins fee = {0};
    int r = dec_coins_parse(text, arena, &prices, e);
    for (size_t i = 0; i < prices.count && r == 0; i++) {
        amount_t amount;
        if (dec_mul_ceil(prices.items[i].amount, gas, &amount) != 0 ||
            coins_add(fee, coins_of(prices.items[i].denom, amount, arena), arena, &fee) != 0)
            r = err_set(e, -ERANGE, "the fee does not fit");
    }
    if (r == 0)
        *ret = fee;
    return r;
}

static int settle_fee(struct tx *t, struct cosmostx_request *request, struct err *e)
{
    struct cli *cli = t->cli;
    const char *fees = text_or_null(cli, "fees"), *prices = text_or_null(cli, "gas-prices");
    struct coins fee = {0};
    int r = 0;
    if (fees && prices)
        return err_set(e, -EINVAL, "cannot provide both fees and gas prices");
    if (fees)
        r = coins_parse(fees, cli->arena, &fee, e);
    else if (prices)
        r = prices_fee(prices, request->gas_limit, cli->arena, &fee, e);
    request->fee = r == 0 ? coins_to_pb(fee, cli->arena) : NULL;
    request->fee_count = fee.count;
    return r;
}

// With --gas auto, or --dry-run, the gas of a simulation, which pays a fee too: taking it costs
// gas.
static int settle_gas(struct tx *t, struct cosmostx_request *request, struct err *e)
{
    bool dry = cli_bool(t->cli, "dry-run");
    if (!dry && strcmp(cli_str(t->cli, "gas"), "auto") != 0)
        return 0;
    if (cli_bool(t->cli, "offline"))
        return err_set(e, -EINVAL, "cannot estimate gas in offline mode");
    if (!t->has_key)
        return err_set(e, -EINVAL, "estimating gas needs the key of %s", t->from);
    if (request->gas_limit == 0)
        request->gas_limit = GAS_DEFAULT;
    int r = settle_fee(t, request, e);
    if (r == 0)
        r = simulate(t, request, &request->gas_limit, e);
    if (r == 0)
        (void)fprintf(stderr, "gas estimate: %llu\n", (unsigned long long)request->gas_limit);
    return r;
}

// ---- output ------------------------------------------------------------------------------------

static int message_json(const void *message, json_t **ret, struct err *e)
{
    struct buf text CLEANUP_BUF = {0};
    int r = pbjson_append(message, &text, e);
    if (r < 0)
        return r;
    *ret = json_loadb((const char *)text.data, text.len, 0, NULL);
    return *ret ? 0 : err_set(e, -EINVAL, "the transaction holds text that is not UTF-8");
}

int tx_json(struct slice bytes, struct arena *arena, json_t **ret, struct err *e)
{
    // TxRaw and Tx are the same on the wire.
    void *tx = pb_unpack(&cosmos__tx__v1beta1__tx__descriptor, bytes, arena);
    return tx ? message_json(tx, ret, e) : err_set(e, -EBADMSG, "not a transaction");
}

static int unsigned_json(const struct cosmostx_request *request, json_t **ret, struct err *e)
{
    Cosmos__Tx__V1beta1__TxBody body = COSMOS__TX__V1BETA1__TX_BODY__INIT;
    Cosmos__Tx__V1beta1__Fee fee = COSMOS__TX__V1BETA1__FEE__INIT;
    Cosmos__Tx__V1beta1__AuthInfo auth = COSMOS__TX__V1BETA1__AUTH_INFO__INIT;
    Cosmos__Tx__V1beta1__Tx tx = COSMOS__TX__V1BETA1__TX__INIT;
    body.messages = request->messages;
    body.n_messages = request->message_count;
    body.memo = pb_str(request->memo ? request->memo : "");
    body.timeout_height = request->timeout_height;
    fee.amount = request->fee;
    fee.n_amount = request->fee_count;
    fee.gas_limit = request->gas_limit;
    fee.payer = pb_str(request->fee_payer ? request->fee_payer : "");
    fee.granter = pb_str(request->fee_granter ? request->fee_granter : "");
    auth.fee = &fee;
    tx.body = &body;
    tx.auth_info = &auth;
    return message_json(&tx, ret, e);
}

// TxResponse, as Cosmos programs print it.
static json_t *response_json(const json_t *answer, const char *log)
{
    const char *data = json_string_value(json_object_get(answer, "data"));
    const char *codespace = json_string_value(json_object_get(answer, "codespace"));
    const char *hash = json_string_value(json_object_get(answer, "hash"));
    return json_pack("{s:s,s:s,s:s,s:I,s:s,s:s,s:[],s:s,s:s,s:s,s:n,s:s,s:[]}", "height", "0",
                     "txhash", hash ? hash : "", "codespace", codespace ? codespace : "", "code",
                     json_integer_value(json_object_get(answer, "code")), "data", data ? data : "",
                     "raw_log", log, "logs", "info", "", "gas_wanted", "0", "gas_used", "0", "tx",
                     "timestamp", "", "events");
}

int tx_broadcast(struct tx *t, struct slice bytes)
{
    struct err e = {0};
    struct cli *cli = t->cli;
    struct buf text CLEANUP_BUF = {0};
    json_t *answer CLEANUP_JSON = NULL;
    const char *method =
        arena_printf(cli->arena, "broadcast_tx_%s", cli_str(cli, "broadcast-mode"));
    enc_base64_append(&text, bytes.data, bytes.len);
    if (node_call(&t->node, method, json_pack("{s:s}", "tx", buf_cstr(&text)), &answer, &e) < 0)
        return cmd_fail(&e);
    const char *log = json_string_value(json_object_get(answer, "log"));
    return cmd_print(cli, response_json(answer, log ? log : ""));
}

// ---- finishing ---------------------------------------------------------------------------------

static int print_unsigned(struct tx *t, struct cosmostx_request *request, struct err *e)
{
    json_t *json = NULL;
    if (settle_gas(t, request, e) < 0 || settle_fee(t, request, e) < 0 ||
        unsigned_json(request, &json, e) < 0)
        return cmd_fail(e);
    return cmd_print_json(json);
}

int tx_sign(struct tx *t, const struct cosmostx_request *request, struct buf *ret, struct err *e)
{
    uint8_t secret[32], seed[32];
    if (!t->has_key)
        return err_set(e, -ENOENT, "%s: key not found", t->from);
    int r = keyring_secret(&t->keyring, &t->key, secret, e);
    if (r == 0 && getrandom(seed, sizeof seed, 0) != sizeof seed)
        r = err_errno(e, errno, "no random bytes");
    if (r == 0) {
        struct secp *s CLEANUP_SECP = secp_new(seed);
        if (cosmostx_build(request, s, secret, ret) != 0)
            r = err_set(e, -EINVAL, "the key is not valid");
    }
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(seed, sizeof seed);
    return r;
}

static bool confirmed(struct tx *t, struct slice bytes)
{
    struct err e = {0};
    json_t *json CLEANUP_JSON = NULL;
    if (cli_bool(t->cli, "yes"))
        return true;
    if (tx_json(bytes, t->cli->arena, &json, &e) == 0) {
        char *text CLEANUP_FREE = json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER);
        (void)fprintf(stderr, "%s\n\n", text ? text : "");
    }
    return prompt_yes("confirm transaction before signing and broadcasting");
}

int tx_finish(struct tx *t)
{
    struct err e = {0};
    struct cosmostx_request request;
    bool generate = cli_bool(t->cli, "generate-only");
    bool simulates = strcmp(cli_str(t->cli, "gas"), "auto") == 0;
    int r = 0;
    if (!generate && cli_bool(t->cli, "offline"))
        r = err_set(&e, -EINVAL,
                    "cannot broadcast tx during offline mode; use --generate-only and "
                    "tx sign");
    else if (!generate || simulates)
        r = tx_find_account(t, &e);
    if (r < 0)
        return cmd_fail(&e);
    fill_request(t, &request);
    if (generate)
        return print_unsigned(t, &request, &e);
    if (settle_gas(t, &request, &e) < 0)
        return cmd_fail(&e);
    if (cli_bool(t->cli, "dry-run"))
        return 0;
    struct buf bytes CLEANUP_BUF = {0};
    if (settle_fee(t, &request, &e) < 0 || tx_sign(t, &request, &bytes, &e) < 0)
        return cmd_fail(&e);
    if (!confirmed(t, buf_slice(&bytes))) {
        (void)fprintf(stderr, "cancelled transaction\n");
        return 1;
    }
    return tx_broadcast(t, buf_slice(&bytes));
}
