// tx bank send | multi-send
#include <errno.h>
#include <string.h>

#include "seid/cmd/tx.h"
#include "seid/cmd/tx_commands.h"
#include "wire/addr.h"
#include "wire/coins.h"
#include "wire/pbjson.h"

// The address of a receiver, which may be the name of a key.
static int receiver(struct tx *t, const char *text, const char **ret, struct err *e)
{
    uint8_t address[20];
    int r = cmd_address(&t->keyring, text, t->cli->arena, address, e);
    if (r == 0)
        *ret = cmd_bech32(ADDR_HRP_ACC, address, t->cli->arena);
    return r;
}

static int send(struct cli *cli, void *context)
{
    struct err e = {0};
    struct tx t CLEANUP_TX = {0};
    const char *to = NULL;
    json_t *coins = NULL;
    int r = tx_open(&t, cli, cli->args[0], &e);
    if (r == 0)
        r = receiver(&t, cli->args[1], &to, &e);
    if (r == 0 && !(coins = tx_coins(cli->args[2], cli->arena, &e)))
        r = -EINVAL;
    if (r == 0)
        r = tx_add(&t,
                   json_pack("{s:s,s:s,s:s,s:o}", "@type", "/cosmos.bank.v1beta1.MsgSend",
                             "from_address", t.from, "to_address", to, "amount", coins),
                   &e);
    return r < 0 ? cmd_fail(&e) : tx_finish(&t);
}

// What all receivers together get.
static int total_of(const struct coins *each, size_t receivers, struct arena *arena,
                    struct coins *ret, struct err *e)
{
    struct coins total = {0};
    for (size_t i = 0; i < receivers; i++)
        if (coins_add(total, *each, arena, &total) != 0)
            return err_set(e, -ERANGE, "the sum does not fit");
    *ret = total;
    return 0;
}

// --split: what each of the receivers gets; the rest stays with the sender.
static struct coins divide(struct coins all, size_t receivers, struct arena *arena)
{
    struct coins each = {0};
    for (size_t i = 0; i < all.count; i++)
        (void)coins_add(each, coins_of(all.items[i].denom, all.items[i].amount / receivers, arena),
                        arena, &each);
    return each;
}

static int multi_send(struct cli *cli, void *context)
{
    struct err e = {0};
    struct tx t CLEANUP_TX = {0};
    size_t receivers = cli->arg_count - 2;
    struct coins each, total;
    json_t *outputs = json_array();
    int r = tx_open(&t, cli, cli->args[0], &e);
    if (r == 0)
        r = coins_parse(cli->args[cli->arg_count - 1], cli->arena, &each, &e);
    if (r == 0 && cli_bool(cli, "split"))
        each = divide(each, receivers, cli->arena);
    if (r == 0)
        r = total_of(&each, receivers, cli->arena, &total, &e);
    const char *amount = r == 0 ? coins_text(each, cli->arena) : "";
    for (size_t i = 0; i < receivers && r == 0; i++) {
        const char *to = NULL;
        json_t *coins = NULL;
        r = receiver(&t, cli->args[1 + i], &to, &e);
        if (r == 0 && !(coins = tx_coins(amount, cli->arena, &e)))
            r = -EINVAL;
        if (r == 0)
            json_array_append_new(outputs, json_pack("{s:s,s:o}", "address", to, "coins", coins));
    }
    json_t *paid = r == 0 ? tx_coins(coins_text(total, cli->arena), cli->arena, &e) : NULL;
    if (!paid) {
        json_decref(outputs);
        return cmd_fail(&e);
    }
    r = tx_add(&t,
               json_pack("{s:s,s:[{s:s,s:o}],s:o}", "@type", "/cosmos.bank.v1beta1.MsgMultiSend",
                         "inputs", "address", t.from, "coins", paid, "outputs", outputs),
               &e);
    return r < 0 ? cmd_fail(&e) : tx_finish(&t);
}

static const struct cli_flag multi_flags[] = {
    {.name = "split", .type = CLI_BOOL, .help = "divide the coins among the receivers"}, {0}};

const struct cli_command tx_bank_commands[] = {
    {.name = "send",
     .args = "FROM TO COINS",
     .min_args = 3,
     .max_args = 3,
     .help = "Send coins; FROM and TO are keys or addresses",
     .run = send},
    {.name = "multi-send",
     .args = "FROM TO... COINS",
     .min_args = 3,
     .max_args = -1,
     .help = "Send the same coins to each of several receivers",
     .flags = multi_flags,
     .run = multi_send},
    {0}};
