// tx sign | broadcast | encode | decode: transactions in files.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/fs.h"
#include "seid/cmd/tx.h"
#include "seid/cmd/tx_commands.h"
#include "wire/pb_arena.h"
#include "wire/pb_check.h"
#include "wire/pbjson.h"

enum { FILE_MAX_BYTES = 4 << 20 };

const struct cli_flag tx_sign_flags[] = {
    {.name = "output-document",
     .type = CLI_STRING,
     .value = "file",
     .help = "write the signed transaction there instead of printing it"},
    {.name = "overwrite", .type = CLI_BOOL, .help = "replace the signature that is there"},
    {0}};

// "-" is standard input.
int tx_read_file(const char *path, struct buf *ret, struct err *e)
{
    if (strcmp(path, "-") != 0)
        return fs_read(path, FILE_MAX_BYTES, ret, e);
    for (;;) {
        uint8_t *to = buf_reserve(ret, 65536);
        ssize_t n = read(STDIN_FILENO, to, 65536);
        if (n == 0)
            return 0;
        if (n < 0)
            return err_errno(e, errno, "cannot read standard input");
        ret->len += (size_t)n;
        if (ret->len > FILE_MAX_BYTES)
            return err_set(e, -EFBIG, "standard input: more than %d bytes", FILE_MAX_BYTES);
    }
}

static int read_tx(const char *path, struct arena *arena, Cosmos__Tx__V1beta1__Tx **ret,
                   struct err *e)
{
    struct buf text CLEANUP_BUF = {0};
    void *tx = NULL;
    int r = tx_read_file(path, &text, e);
    if (r == 0)
        r = pbjson_read(&cosmos__tx__v1beta1__tx__descriptor, arena_slice(arena, buf_slice(&text)),
                        arena, &tx, e);
    if (r < 0)
        return err_context(e, "%s", path);
    *ret = tx;
    if (!(*ret)->body || !(*ret)->auth_info)
        return err_set(e, -EINVAL, "%s: a transaction needs body and auth_info", path);
    return 0;
}

static struct slice pack_raw(const Cosmos__Tx__V1beta1__Tx *tx, struct arena *arena)
{
    Cosmos__Tx__V1beta1__TxRaw raw = COSMOS__TX__V1BETA1__TX_RAW__INIT;
    raw.body_bytes = pb_bytes(pb_pack(tx->body, arena));
    raw.auth_info_bytes = pb_bytes(pb_pack(tx->auth_info, arena));
    raw.signatures = tx->signatures;
    raw.n_signatures = tx->n_signatures;
    return pb_pack(&raw, arena);
}

// ---- sign --------------------------------------------------------------------------------------

static int request_of(const struct tx *t, const Cosmos__Tx__V1beta1__Tx *tx,
                      struct cosmostx_request *ret, struct err *e)
{
    const Cosmos__Tx__V1beta1__TxBody *body = tx->body;
    const Cosmos__Tx__V1beta1__Fee *fee = tx->auth_info->fee;
    if (!fee)
        return err_set(e, -EINVAL, "the transaction has no fee");
    if (body->n_extension_options || body->n_non_critical_extension_options || body->unordered ||
        body->timeout_timestamp || tx->auth_info->tip)
        return err_set(e, -ENOTSUP,
                       "extension options, tips and unordered transactions are not "
                       "supported");
    *ret = (struct cosmostx_request){
        .chain_id = t->chain_id,
        .account_number = t->account_number,
        .sequence = t->sequence,
        .messages = body->messages,
        .message_count = body->n_messages,
        .memo = body->memo,
        .timeout_height = body->timeout_height,
        .fee = fee->amount,
        .fee_count = fee->n_amount,
        .gas_limit = fee->gas_limit,
        .fee_payer = *fee->payer ? fee->payer : NULL,
        .fee_granter = *fee->granter ? fee->granter : NULL,
    };
    return 0;
}

static int write_signed(const struct tx *t, struct slice bytes, struct err *e)
{
    json_t *json = NULL;
    const char *path = cli_str(t->cli, "output-document");
    if (tx_json(bytes, t->cli->arena, &json, e) < 0)
        return cmd_fail(e);
    if (!path || !*path)
        return cmd_print_json(json);
    char *text CLEANUP_FREE = json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(json);
    return text && fs_write_atomic(path, text, strlen(text), 0644, e) == 0 ? 0 : cmd_fail(e);
}

int tx_cmd_sign(struct cli *cli, void *context)
{
    struct err e = {0};
    struct tx t CLEANUP_TX = {0};
    Cosmos__Tx__V1beta1__Tx *tx;
    struct cosmostx_request request;
    struct buf bytes CLEANUP_BUF = {0};
    if (tx_open(&t, cli, NULL, &e) < 0 || read_tx(cli->args[0], cli->arena, &tx, &e) < 0)
        return cmd_fail(&e);
    if (tx->n_signatures && !cli_bool(cli, "overwrite")) {
        err_set(&e, -EEXIST, "the transaction is signed already; use --overwrite");
        return cmd_fail(&e);
    }
    if (tx_find_account(&t, &e) < 0 || request_of(&t, tx, &request, &e) < 0 ||
        tx_sign(&t, &request, &bytes, &e) < 0)
        return cmd_fail(&e);
    return write_signed(&t, buf_slice(&bytes), &e);
}

// ---- broadcast, encode, decode -----------------------------------------------------------------

int tx_cmd_broadcast(struct cli *cli, void *context)
{
    struct err e = {0};
    struct tx t CLEANUP_TX = {.cli = cli};
    Cosmos__Tx__V1beta1__Tx *tx;
    if (cmd_home(cli, &t.home, &e) < 0 ||
        node_init(&t.node, cli_str(cli, "node"), cli->arena, &e) < 0 ||
        read_tx(cli->args[0], cli->arena, &tx, &e) < 0)
        return cmd_fail(&e);
    if (cli_bool(cli, "offline") || tx->n_signatures == 0) {
        err_set(&e, -EINVAL,
                tx->n_signatures ? "cannot broadcast tx during offline mode"
                                 : "the transaction is not signed");
        return cmd_fail(&e);
    }
    return tx_broadcast(&t, pack_raw(tx, cli->arena));
}

int tx_cmd_encode(struct cli *cli, void *context)
{
    struct err e = {0};
    Cosmos__Tx__V1beta1__Tx *tx;
    struct buf text CLEANUP_BUF = {0};
    if (read_tx(cli->args[0], cli->arena, &tx, &e) < 0)
        return cmd_fail(&e);
    struct slice bytes = pack_raw(tx, cli->arena);
    enc_base64_append(&text, bytes.data, bytes.len);
    (void)printf("%s\n", buf_cstr(&text));
    return 0;
}

int tx_cmd_decode(struct cli *cli, void *context)
{
    struct err e = {0};
    struct buf bytes CLEANUP_BUF = {0};
    struct cosmostx tx;
    json_t *json = NULL;
    const char *text = cli->args[0];
    int r = 0;
    if (enc_base64_decode(text, strlen(text), &bytes) < 0)
        r = err_set(&e, -EINVAL, "expected a transaction in base64");
    if (r == 0)
        r = cosmostx_decode(buf_slice(&bytes), cli->arena, &tx, &e);
    if (r == 0)
        r = tx_json(buf_slice(&bytes), cli->arena, &json, &e);
    return r < 0 ? cmd_fail(&e) : cmd_print_json(json);
}
