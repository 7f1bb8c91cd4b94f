// Writes the state as app_state JSON that app_init_chain reads back to the same state.
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "seid/app/app_impl.h"
#include "seid/app/bank.h"
#include "seid/app/gov.h"
#include "seid/app/keys.h"
#include "seid/app/staking.h"
#include "seid/app/upgrade.h"
#include "wire/bech32.h"
#include "wire/jsonw.h"
#include "wire/pbjson.h"
#include "wire/proto/cosmos_auth_v1beta1_auth.pb-c.h"
#include "wire/proto/cosmos_bank_v1beta1_bank.pb-c.h"
#include "wire/proto/cosmos_gov_v1_gov.pb-c.h"
#include "wire/proto/cosmos_upgrade_v1beta1_upgrade.pb-c.h"
#include "wire/proto/google_protobuf_any.pb-c.h"

struct exporter {
    struct kv *kv;
    struct jsonw w;
    struct arena arena; // emptied from one element to the next
    struct err *e;
};

// Calls `each` for every key under a prefix, inside a JSON list.
typedef int (*export_fn)(struct exporter *x, struct slice key, struct slice value);
static int list_of(struct exporter *x, const char *name, const struct key *prefix, export_fn each)
{
    struct kv_prefix_room room;
    struct slice key, value;
    int r = 0;
    jsonw_key(&x->w, name);
    jsonw_array(&x->w);
    struct kv_iter *it = kv_iter_prefix(x->kv, key_slice(prefix), false, &room);
    while (r == 0 && kv_iter_next(it, &key, &value)) {
        arena_clear(&x->arena);
        r = each(x, key, value);
    }
    kv_iter_free(it);
    jsonw_array_end(&x->w);
    return r;
}

static int broken(struct exporter *x, const char *what)
{
    return err_set(x->e, -EBADMSG, "export: a stored %s is broken", what);
}

static int write_stored(struct exporter *x, const ProtobufCMessageDescriptor *type,
                        struct slice value)
{
    void *message = pb_unpack(type, value, &x->arena);
    return message ? pbjson_write(message, &x->w, x->e) : broken(x, type->name);
}

static void text(struct exporter *x, const char *name, const char *value)
{
    jsonw_key(&x->w, name);
    jsonw_cstr(&x->w, value);
}

static void number(struct exporter *x, const char *name, uint64_t value)
{
    jsonw_key(&x->w, name);
    jsonw_uint_string(&x->w, value);
}

// ---- auth

static int account(struct exporter *x, struct slice key, struct slice value)
{
    struct account a;
    if (!auth_decode(key, value, &a))
        return broken(x, "account");
    return pbjson_write(auth_any(&a, &x->arena), &x->w, x->e);
}

static int export_auth(struct exporter *x)
{
    struct key prefix;
    struct auth_params p;
    auth_get_params(x->kv, &p);
    jsonw_object(&x->w);
    jsonw_key(&x->w, "params");
    jsonw_object(&x->w);
    number(x, "max_memo_characters", p.max_memo_characters);
    number(x, "tx_sig_limit", p.tx_sig_limit);
    number(x, "tx_size_cost_per_byte", p.tx_size_cost_per_byte);
    number(x, "sig_verify_cost_ed25519", p.sig_verify_cost_ed25519);
    number(x, "sig_verify_cost_secp256k1", p.sig_verify_cost_secp256k1);
    jsonw_object_end(&x->w);
    key_begin(&prefix, SPACE_AUTH, ACC_ACCOUNT);
    int r = list_of(x, "accounts", &prefix, account);
    jsonw_object_end(&x->w);
    return r;
}

// ---- bank

static void coin(struct exporter *x, struct slice denom, struct slice amount)
{
    jsonw_object(&x->w);
    jsonw_key(&x->w, "denom");
    jsonw_string(&x->w, denom);
    jsonw_key(&x->w, "amount");
    jsonw_string(&x->w, amount);
    jsonw_object_end(&x->w);
}

// Balances of one address stand together.
static void balances(struct exporter *x)
{
    struct key prefix;
    struct kv_prefix_room room;
    struct slice key, value, current = SLICE_NULL;
    char address[BECH32_TEXT_MAX + 1];

    key_begin(&prefix, SPACE_BANK, BANK_BALANCE);
    jsonw_key(&x->w, "balances");
    jsonw_array(&x->w);
    struct kv_iter *it = kv_iter_prefix(x->kv, key_slice(&prefix), false, &room);
    while (kv_iter_next(it, &key, &value)) {
        struct slice owner = slice_of(key.data + 3, key.data[2]);
        if (!current.len || !slice_eq(owner, current)) {
            if (current.len) {
                jsonw_array_end(&x->w);
                jsonw_object_end(&x->w);
            }
            arena_clear(&x->arena);
            current = arena_slice(&x->arena, owner);
            bech32_encode(ADDR_HRP_ACC, owner, address, sizeof address, NULL);
            jsonw_object(&x->w);
            text(x, "address", address);
            jsonw_key(&x->w, "coins");
            jsonw_array(&x->w);
        }
        coin(x, slice_of(key.data + 3 + owner.len, key.len - 3 - owner.len), value);
    }
    if (current.len) {
        jsonw_array_end(&x->w);
        jsonw_object_end(&x->w);
    }
    kv_iter_free(it);
    jsonw_array_end(&x->w);
}

static int supply(struct exporter *x, struct slice key, struct slice value)
{
    coin(x, slice_of(key.data + 2, key.len - 2), value);
    return 0;
}

static int metadata(struct exporter *x, struct slice key, struct slice value)
{
    return write_stored(x, &cosmos__bank__v1beta1__metadata__descriptor, value);
}

static int export_bank(struct exporter *x)
{
    struct key prefix;
    struct bank_params params;
    bank_get_params(x->kv, &x->arena, &params);
    jsonw_object(&x->w);
    jsonw_key(&x->w, "params");
    int r = pbjson_write(bank_params_message(&params, &x->arena), &x->w, x->e);
    balances(x);
    bank_key_supplies(&prefix);
    if (r == 0)
        r = list_of(x, "supply", &prefix, supply);
    bank_key_metadata(&prefix, "");
    if (r == 0)
        r = list_of(x, "denom_metadata", &prefix, metadata);
    jsonw_object_end(&x->w);
    return r;
}

// ---- gov

static int proposal(struct exporter *x, struct slice key, struct slice value)
{
    return write_stored(x, &cosmos__gov__v1__proposal__descriptor, value);
}

static int deposit(struct exporter *x, struct slice key, struct slice value)
{
    return write_stored(x, &cosmos__gov__v1__deposit__descriptor, value);
}

static int vote(struct exporter *x, struct slice key, struct slice value)
{
    return write_stored(x, &cosmos__gov__v1__vote__descriptor, value);
}

static int export_gov(struct exporter *x)
{
    struct key key;
    struct slice value = SLICE_NULL;
    jsonw_object(&x->w);
    number(x, "starting_proposal_id", gov_next_id(x->kv));
    key_begin(&key, SPACE_GOV, GOV_DEPOSIT);
    int r = list_of(x, "deposits", &key, deposit);
    key_begin(&key, SPACE_GOV, GOV_VOTE);
    if (r == 0)
        r = list_of(x, "votes", &key, vote);
    gov_key_proposals(&key);
    if (r == 0)
        r = list_of(x, "proposals", &key, proposal);
    jsonw_key(&x->w, "params");
    if (r == 0)
        r = pbjson_write(gov_params(x->kv, &x->arena), &x->w, x->e);
    key_begin(&key, SPACE_GOV, GOV_CONSTITUTION);
    kv_get(x->kv, key_slice(&key), &value);
    jsonw_key(&x->w, "constitution");
    jsonw_string(&x->w, value);
    jsonw_object_end(&x->w);
    return r;
}

// ---- staking

static int validator(struct exporter *x, struct slice key, struct slice value)
{
    struct staking_validator v;
    char address[ADDR_TEXT_MAX], tokens[AMOUNT_TEXT_MAX];
    if (!staking_decode(key, value, &v))
        return broken(x, "validator");
    addr_text(ADDR_HRP_VAL, slice_of(v.operator_address, ADDR_LEN), address);
    amount_format(v.tokens, tokens);
    jsonw_object(&x->w);
    text(x, "operator_address", address);
    jsonw_key(&x->w, "consensus_pubkey");
    jsonw_object(&x->w);
    text(x, "@type", AUTH_URL_ED25519);
    jsonw_key(&x->w, "key");
    jsonw_base64(&x->w, slice_of(v.pub_key, sizeof v.pub_key));
    jsonw_object_end(&x->w);
    text(x, "status", v.bonded ? "BOND_STATUS_BONDED" : "BOND_STATUS_UNBONDED");
    text(x, "tokens", tokens);
    jsonw_key(&x->w, "description");
    jsonw_object(&x->w);
    jsonw_key(&x->w, "moniker");
    jsonw_string(&x->w, v.moniker);
    jsonw_object_end(&x->w);
    jsonw_object_end(&x->w);
    return 0;
}

static int export_staking(struct exporter *x)
{
    struct key prefix;
    jsonw_object(&x->w);
    jsonw_key(&x->w, "params");
    jsonw_object(&x->w);
    text(x, "bond_denom", staking_bond_denom(x->kv, &x->arena));
    jsonw_object_end(&x->w);
    staking_key_validators(&prefix);
    int r = list_of(x, "validators", &prefix, validator);
    jsonw_object_end(&x->w);
    return r;
}

// ---- upgrade

static int named_number(struct exporter *x, const char *member, struct slice key,
                        struct slice value)
{
    if (value.len != 8)
        return broken(x, "number");
    jsonw_object(&x->w);
    jsonw_key(&x->w, "name");
    jsonw_string(&x->w, slice_of(key.data + 2, key.len - 2));
    number(x, member, be64_read(value.data));
    jsonw_object_end(&x->w);
    return 0;
}

static int applied(struct exporter *x, struct slice key, struct slice value)
{
    return named_number(x, "height", key, value);
}

static int module_version(struct exporter *x, struct slice key, struct slice value)
{
    return named_number(x, "version", key, value);
}

static int export_upgrade(struct exporter *x)
{
    struct key prefix;
    int r = 0;
    const Cosmos__Upgrade__V1beta1__Plan *plan = upgrade_plan_get(x->kv, &x->arena);
    jsonw_object(&x->w);
    jsonw_key(&x->w, "plan");
    if (plan)
        r = pbjson_write(plan, &x->w, x->e);
    else
        jsonw_null(&x->w);
    key_begin(&prefix, SPACE_UPGRADE, UPGRADE_DONE);
    if (r == 0)
        r = list_of(x, "applied_plans", &prefix, applied);
    key_begin(&prefix, SPACE_UPGRADE, UPGRADE_MODULE);
    if (r == 0)
        r = list_of(x, "module_versions", &prefix, module_version);
    number(x, "protocol_version", upgrade_protocol_version(x->kv));
    jsonw_object_end(&x->w);
    return r;
}

int app_export(struct app *a, struct kv *state, int64_t height, char **ret_json, struct err *e)
{
    static const struct {
        const char *name;
        int (*export)(struct exporter *);
    } parts[] = {
        {"auth", export_auth},       {"bank", export_bank},       {"gov", export_gov},
        {"staking", export_staking}, {"upgrade", export_upgrade},
    };
    CLEANUP_BUF struct buf out = {0};
    struct exporter x = {.kv = state, .w = jsonw_on(&out), .e = e};
    int r = 0;
    jsonw_object(&x.w);
    for (size_t i = 0; i < sizeof parts / sizeof *parts && r == 0; i++) {
        arena_clear(&x.arena);
        jsonw_key(&x.w, parts[i].name);
        r = parts[i].export(&x);
    }
    jsonw_object_end(&x.w);
    arena_deinit(&x.arena);
    if (r == 0 && kv_error(state)) {
        r = err_set(e, state->error.code, "%s", state->error.text);
        err_context(e, "state of height %" PRId64, height);
    }
    if (r < 0)
        return r;
    buf_cstr(&out);
    *ret_json = buf_take_cstr(&out);
    return 0;
}
