#include "seid/config/genesis.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/enc.h"
#include "base/fs.h"
#include "base/rfc3339.h"
#include "net/json_span.h"
#include "wire/addr.h"

static const char pubkey_type[] = "tendermint/PubKeyEd25519";

struct reader {
    const char *name;
    struct arena *arena;
    struct err *e;
};

static int refuse(const struct reader *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static int refuse(const struct reader *r, const char *fmt, ...)
{
    char text[400];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return err_set(r->e, -EINVAL, "%s: %s", r->name, text);
}

static void json_cleanup(json_t **json)
{
    json_decref(*json);
}
#define CLEANUP_JSON CLEANUP(json_cleanup)

// ---- members -----------------------------------------------------------------------------------

// `json` must be an object whose members are all in the null-terminated list.
static int check_members(const struct reader *r, json_t *json, const char *path,
                         const char *const *names)
{
    const char *key;
    json_t *value;
    if (!json_is_object(json))
        return refuse(r, "%s: expected an object", path);
    json_object_foreach(json, key, value)
    {
        size_t i = 0;
        while (names[i] && strcmp(names[i], key) != 0)
            i++;
        if (!names[i])
            return refuse(r, "%s%sunknown member \"%.64s\"", path, *path ? ": " : "", key);
    }
    return 0;
}

// A 64-bit integer in a string. An absent member leaves *ret.
static int get_int64(const struct reader *r, json_t *json, const char *path, const char *key,
                     int64_t *ret)
{
    json_t *v = json_object_get(json, key);
    if (!v)
        return 0;
    const char *text = json_is_string(v) ? json_string_value(v) : "";
    const char *digits = text + (*text == '-');
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (*digits < '0' || *digits > '9' || *end || errno)
        return refuse(r, "%s%s%s: expected an integer in a string", path, *path ? "." : "", key);
    *ret = (int64_t)value;
    return 0;
}

static int get_string(const struct reader *r, json_t *json, const char *path, const char *key,
                      const char **ret)
{
    json_t *v = json_object_get(json, key);
    if (!json_is_string(v))
        return refuse(r, "%s%s%s: expected a string", path, *path ? "." : "", key);
    *ret = arena_strndup(r->arena, json_string_value(v), json_string_length(v));
    return 0;
}

// ---- consensus parameters ----------------------------------------------------------------------

void genesis_default_params(struct chain_params *ret)
{
    *ret = (struct chain_params){
        .block_max_bytes = 22020096,
        .block_max_gas = -1,
        .evidence_max_age_blocks = 100000,
        .evidence_max_age_ns = INT64_C(172800000000000),
        .evidence_max_bytes = 1048576,
    };
}

static int check_params(const struct reader *r, const struct chain_params *p)
{
    static const int64_t most = 104857600; // CometBFT's MaxBlockSizeBytes
    if (p->block_max_bytes < 1 || p->block_max_bytes > most)
        return refuse(r, "consensus_params.block.max_bytes: must be between 1 and 104857600");
    if (p->block_max_gas < -1)
        return refuse(r, "consensus_params.block.max_gas: must be at least -1");
    if (p->evidence_max_age_blocks < 1 || p->evidence_max_age_ns < 1)
        return refuse(r, "consensus_params.evidence: ages must be positive");
    if (p->evidence_max_bytes < 0 || p->evidence_max_bytes > p->block_max_bytes)
        return refuse(r, "consensus_params.evidence.max_bytes: must not pass block.max_bytes");
    if (p->vote_extensions_enable_height != 0)
        return refuse(r, "consensus_params.abci.vote_extensions_enable_height: vote extensions are "
                         "not supported");
    return 0;
}

static int read_key_types(const struct reader *r, json_t *validator)
{
    static const char *const names[] = {"pub_key_types", NULL};
    int bad = check_members(r, validator, "consensus_params.validator", names);
    json_t *types = json_object_get(validator, "pub_key_types");
    if (bad < 0 || !types)
        return bad;
    const char *only = json_string_value(json_array_get(types, 0));
    if (json_array_size(types) != 1 || !only || strcmp(only, "ed25519") != 0)
        return refuse(r, "consensus_params.validator.pub_key_types: only [\"ed25519\"] is "
                         "supported");
    return 0;
}

static int read_params(const struct reader *r, json_t *json, struct chain_params *ret)
{
    static const char *const groups[] = {"block", "evidence", "validator", "version", "abci", NULL};
    static const char *const block[] = {"max_bytes", "max_gas", NULL};
    static const char *const evidence[] = {"max_age_num_blocks", "max_age_duration", "max_bytes",
                                           NULL};
    static const char *const version[] = {"app", NULL};
    static const char *const abci[] = {"vote_extensions_enable_height", NULL};
    static const struct group {
        const char *name;
        const char *const *members;
    } known[] = {{"block", block}, {"evidence", evidence}, {"version", version}, {"abci", abci}};
    genesis_default_params(ret);
    if (!json || json_is_null(json))
        return 0;
    int64_t app_version = 0;
    int64_t *slots[4][3] = {
        {&ret->block_max_bytes, &ret->block_max_gas},
        {&ret->evidence_max_age_blocks, &ret->evidence_max_age_ns, &ret->evidence_max_bytes},
        {&app_version},
        {&ret->vote_extensions_enable_height},
    };
    int bad = check_members(r, json, "consensus_params", groups);
    for (size_t g = 0; g < 4 && bad == 0; g++) {
        json_t *group = json_object_get(json, known[g].name);
        const char *path = arena_printf(r->arena, "consensus_params.%s", known[g].name);
        if (!group)
            continue;
        bad = check_members(r, group, path, known[g].members);
        for (size_t m = 0; known[g].members[m] && bad == 0; m++)
            bad = get_int64(r, group, path, known[g].members[m], slots[g][m]);
    }
    if (bad == 0 && json_object_get(json, "validator"))
        bad = read_key_types(r, json_object_get(json, "validator"));
    if (bad == 0 && app_version < 0)
        bad = refuse(r, "consensus_params.version.app: must not be negative");
    ret->app_version = (uint64_t)app_version;
    return bad < 0 ? bad : check_params(r, ret);
}

// ---- validators --------------------------------------------------------------------------------

static int read_pub_key(const struct reader *r, json_t *json, const char *path,
                        uint8_t ret[static 32])
{
    static const char *const names[] = {"type", "value", NULL};
    const char *type, *value;
    const char *at = arena_printf(r->arena, "%s.pub_key", path);
    int bad = check_members(r, json, at, names);
    if (bad == 0)
        bad = get_string(r, json, at, "type", &type);
    if (bad == 0)
        bad = get_string(r, json, at, "value", &value);
    if (bad < 0)
        return bad;
    if (strcmp(type, pubkey_type) != 0)
        return refuse(r, "%s.type: only %s is supported", at, pubkey_type);
    struct buf key CLEANUP_BUF = {0};
    if (enc_base64_decode(value, strlen(value), &key) != 32)
        return refuse(r, "%s.value: expected 32 bytes in base64", at);
    memcpy(ret, key.data, 32);
    return 0;
}

static int check_address(const struct reader *r, json_t *json, const char *path,
                         const uint8_t *address)
{
    json_t *v = json_object_get(json, "address");
    if (!v)
        return 0;
    uint8_t bytes[20];
    if (!json_is_string(v) ||
        enc_hex_decode(json_string_value(v), json_string_length(v), bytes, 20) != 20)
        return refuse(r, "%s.address: expected 20 bytes in hexadecimal", path);
    if (memcmp(bytes, address, 20) != 0)
        return refuse(r, "%s.address: is not the address of its pub_key", path);
    return 0;
}

static int read_validator(const struct reader *r, json_t *json, const char *path,
                          struct chain_validator *ret)
{
    static const char *const names[] = {"address", "pub_key", "power", "name", NULL};
    int bad = check_members(r, json, path, names);
    if (bad == 0)
        bad = read_pub_key(r, json_object_get(json, "pub_key"), path, ret->pub_key);
    if (bad < 0)
        return bad;
    addr_of_ed25519_pubkey(ret->pub_key, ret->address);
    bad = check_address(r, json, path, ret->address);
    ret->power = 0;
    if (bad == 0)
        bad = get_int64(r, json, path, "power", &ret->power);
    ret->name = "";
    if (bad == 0 && json_object_get(json, "name"))
        bad = get_string(r, json, path, "name", &ret->name);
    if (bad < 0)
        return bad;
    if (ret->power < 1)
        return refuse(r, "%s.power: must be positive", path);
    return 0;
}

static int by_power(const void *a, const void *b)
{
    const struct chain_validator *x = (const struct chain_validator *)a;
    const struct chain_validator *y = (const struct chain_validator *)b;
    if (x->power != y->power)
        return x->power < y->power ? 1 : -1;
    return memcmp(x->address, y->address, sizeof x->address);
}

static int by_address(const void *a, const void *b)
{
    return memcmp(*(const uint8_t *const *)a, *(const uint8_t *const *)b, 20);
}

static int check_set(const struct reader *r, const struct chain_validator *v, size_t count)
{
    int64_t total = 0;
    const uint8_t **addresses = arena_alloc(r->arena, (count + 1) * sizeof *addresses);
    for (size_t i = 0; i < count; i++) {
        addresses[i] = v[i].address;
        // CometBFT's MaxTotalVotingPower
        if (__builtin_add_overflow(total, v[i].power, &total) || total > INT64_MAX / 8)
            return refuse(r, "validators: the total power passes 2^60");
    }
    qsort(addresses, count, sizeof *addresses, by_address);
    for (size_t i = 1; i < count; i++)
        if (memcmp(addresses[i - 1], addresses[i], 20) == 0)
            return refuse(r, "validators: one stands there twice");
    return 0;
}

static int read_validators(const struct reader *r, json_t *json, struct chain_genesis *ret)
{
    if (!json || json_is_null(json))
        return 0;
    size_t count = json_array_size(json);
    if (!json_is_array(json))
        return refuse(r, "validators: expected a list");
    if (count > GENESIS_MAX_VALIDATORS)
        return refuse(r, "validators: more than %d", GENESIS_MAX_VALIDATORS);
    struct chain_validator *v = arena_zalloc(r->arena, (count + 1) * sizeof *v);
    for (size_t i = 0; i < count; i++) {
        const char *path = arena_printf(r->arena, "validators[%zu]", i);
        int bad = read_validator(r, json_array_get(json, i), path, &v[i]);
        if (bad < 0)
            return bad;
    }
    int bad = check_set(r, v, count);
    if (bad < 0)
        return bad;
    qsort(v, count, sizeof *v, by_power);
    ret->validators = v;
    ret->validator_count = count;
    return 0;
}

// ---- the document ------------------------------------------------------------------------------

static int read_head(const struct reader *r, json_t *json, struct chain_genesis *c)
{
    const char *time;
    int bad = get_string(r, json, "", "chain_id", &c->chain_id);
    if (bad == 0)
        bad = get_string(r, json, "", "genesis_time", &time);
    c->initial_height = 1;
    if (bad == 0)
        bad = get_int64(r, json, "", "initial_height", &c->initial_height);
    if (bad < 0)
        return bad;
    if (!*c->chain_id || strlen(c->chain_id) > GENESIS_MAX_CHAIN_ID)
        return refuse(r, "chain_id: must have 1 to %d characters", GENESIS_MAX_CHAIN_ID);
    if (rfc3339_parse_ns(slice_str(time), &c->time_ns) < 0)
        return refuse(r, "genesis_time: expected a time such as 2026-01-02T03:04:05Z");
    if (c->initial_height < 0)
        return refuse(r, "initial_height: must not be negative");
    if (c->initial_height == 0)
        c->initial_height = 1;
    json_t *hash = json_object_get(json, "app_hash");
    if (hash && (!json_is_string(hash) || json_string_length(hash)))
        return refuse(r, "app_hash: must be empty");
    return 0;
}

// The text without app_state, which may be large: `{}` takes its place, and blanks that of its line
// ends, so that positions of errors stay true.
static int cut_app_state(const struct reader *r, struct slice text, struct slice *ret_state,
                         struct buf *ret_rest)
{
    unsigned times = json_span_member(text, "app_state", ret_state);
    if (times > 1)
        return refuse(r, "app_state: stands there twice");
    if (times == 0) {
        buf_append_slice(ret_rest, text);
        return 0;
    }
    size_t before = (size_t)(ret_state->data - text.data);
    buf_append(ret_rest, text.data, before);
    buf_append_str(ret_rest, "{");
    for (size_t i = 0; i < ret_state->len; i++)
        if (ret_state->data[i] == '\n')
            buf_append_str(ret_rest, "\n");
    buf_append_str(ret_rest, "}");
    buf_append(ret_rest, ret_state->data + ret_state->len, text.len - before - ret_state->len);
    return 0;
}

int genesis_parse(const char *name, struct slice text, struct arena *arena, struct genesis *ret,
                  struct err *e)
{
    static const char *const names[] = {"genesis_time",     "chain_id",   "initial_height",
                                        "consensus_params", "validators", "app_hash",
                                        "app_state",        NULL};
    struct reader r = {name, arena, e};
    struct genesis g = {0};
    struct buf rest CLEANUP_BUF = {0};
    int bad = cut_app_state(&r, text, &g.app_state, &rest);
    if (bad < 0)
        return bad;
    json_error_t why;
    json_t *json CLEANUP_JSON =
        json_loadb((const char *)rest.data, rest.len, JSON_REJECT_DUPLICATES, &why);
    if (!json)
        return err_set(e, -EINVAL, "%s:%d:%d: %s", name, why.line, why.column, why.text);
    bad = check_members(&r, json, "", names);
    if (bad == 0)
        bad = read_head(&r, json, &g.chain);
    if (bad == 0)
        bad = read_params(&r, json_object_get(json, "consensus_params"), &g.chain.params);
    if (bad == 0)
        bad = read_validators(&r, json_object_get(json, "validators"), &g.chain);
    if (bad == 0 && (g.app_state.len < 2 || g.app_state.data[0] != '{' ||
                     g.app_state.data[g.app_state.len - 1] != '}'))
        bad = refuse(&r, "app_state: expected an object");
    if (bad == 0)
        *ret = g;
    return bad;
}

int genesis_load(const char *path, struct buf *ret_text, struct arena *arena, struct genesis *ret,
                 struct err *e)
{
    int r = fs_read(path, GENESIS_MAX_BYTES, ret_text, e);
    return r < 0 ? r : genesis_parse(path, buf_slice(ret_text), arena, ret, e);
}

// ---- writing -----------------------------------------------------------------------------------

static json_t *int_string(int64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%lld", (long long)value);
    return json_string(text);
}

static json_t *params_json(const struct chain_params *p)
{
    return json_pack("{s:{s:o,s:o},s:{s:o,s:o,s:o},s:{s:[s]},s:{s:o},s:{s:o}}", "block",
                     "max_bytes", int_string(p->block_max_bytes), "max_gas",
                     int_string(p->block_max_gas), "evidence", "max_age_num_blocks",
                     int_string(p->evidence_max_age_blocks), "max_age_duration",
                     int_string(p->evidence_max_age_ns), "max_bytes",
                     int_string(p->evidence_max_bytes), "validator", "pub_key_types", "ed25519",
                     "version", "app", int_string((int64_t)p->app_version), "abci",
                     "vote_extensions_enable_height", int_string(p->vote_extensions_enable_height));
}

static json_t *validator_json(const struct chain_validator *v)
{
    char address[41];
    enc_hex_upper(v->address, 20, address);
    struct buf key CLEANUP_BUF = {0};
    enc_base64_append(&key, v->pub_key, 32);
    return json_pack("{s:s,s:{s:s,s:s},s:o,s:s}", "address", address, "pub_key", "type",
                     pubkey_type, "value", buf_cstr(&key), "power", int_string(v->power), "name",
                     v->name);
}

int genesis_write(const struct genesis *genesis, struct buf *ret, struct err *e)
{
    const struct chain_genesis *c = &genesis->chain;
    struct buf time CLEANUP_BUF = {0};
    rfc3339_append_ns(&time, c->time_ns);
    json_error_t why;
    json_t *state = json_loadb((const char *)genesis->app_state.data, genesis->app_state.len,
                               JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(state)) {
        json_decref(state);
        return err_set(e, -EINVAL, "app_state: expected an object");
    }
    json_t *validators = json_array();
    for (size_t i = 0; i < c->validator_count; i++)
        json_array_append_new(validators, validator_json(&c->validators[i]));
    json_t *json CLEANUP_JSON = json_pack(
        "{s:s,s:s,s:o,s:o,s:o,s:s,s:o}", "genesis_time", buf_cstr(&time), "chain_id", c->chain_id,
        "initial_height", int_string(c->initial_height), "consensus_params",
        params_json(&c->params), "validators", validators, "app_hash", "", "app_state", state);
    char *text CLEANUP_FREE = json ? json_dumps(json, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
    if (!text)
        return err_set(e, -EINVAL, "the genesis holds text that is not UTF-8");
    buf_append_str(ret, text);
    buf_append_str(ret, "\n");
    return 0;
}
