#include "seid/engine/chain.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/enc.h"
#include "base/mem.h"
#include "wire/crypto/hash.h"
#include "wire/pb_arena.h"
#include "wire/pbwire.h"
#include "wire/proto/tendermint_abci_types.pb-c.h"
#include "wire/proto/tendermint_types_block.pb-c.h"
#include "wire/tm.h"

#define KEY_HEIGHT SLICE_LIT("chain/height")
#define KEY_BASE SLICE_LIT("chain/base")
#define KEY_ROUND SLICE_LIT("chain/round")
#define KEY_GENESIS SLICE_LIT("chain/genesis")

// ---- keys

struct height_key {
    uint8_t bytes[8];
};

static void put_be64(uint8_t *ret, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        ret[i] = (uint8_t)(value >> (56 - 8 * i));
}

static uint64_t get_be(const uint8_t *at, int len)
{
    uint64_t value = 0;
    for (int i = 0; i < len; i++)
        value = value << 8 | at[i];
    return value;
}

static struct slice height_key(int64_t height, struct height_key *room)
{
    put_be64(room->bytes, (uint64_t)height);
    return slice_of(room->bytes, sizeof room->bytes);
}

// ---- raw reads

static int64_t sys_height(struct store_snapshot *snap, struct slice key)
{
    struct slice value;
    if (!store_snapshot_get(snap, STORE_SYS, key, &value) || value.len != 8)
        return 0;
    return (int64_t)get_be(value.data, 8);
}

int64_t chain_height(struct store_snapshot *snap)
{
    return sys_height(snap, KEY_HEIGHT);
}

int64_t chain_base(struct store_snapshot *snap)
{
    return sys_height(snap, KEY_BASE);
}

static bool at_height(struct store_snapshot *snap, enum store_table table, int64_t height,
                      struct slice *ret)
{
    struct height_key room;
    return height > 0 && store_snapshot_get(snap, table, height_key(height, &room), ret);
}

bool chain_block_bytes(struct store_snapshot *snap, int64_t height, struct slice *ret)
{
    return at_height(snap, STORE_BLOCK, height, ret);
}

bool chain_meta_bytes(struct store_snapshot *snap, int64_t height, struct slice *ret)
{
    return at_height(snap, STORE_META, height, ret);
}

bool chain_commit_bytes(struct store_snapshot *snap, int64_t height, struct slice *ret)
{
    return at_height(snap, STORE_COMMIT, height, ret);
}

bool chain_results_bytes(struct store_snapshot *snap, int64_t height, struct slice *ret)
{
    return at_height(snap, STORE_RESULT, height, ret);
}

// ---- decoded reads

static int decode(const ProtobufCMessageDescriptor *type, bool found, struct slice bytes,
                  int64_t height, struct arena *arena, void **ret, struct err *e)
{
    if (!found)
        return CHAIN_NOT_FOUND;
    void *message = pb_unpack(type, bytes, arena);
    if (!message)
        return err_set(e, -EBADMSG, "the stored %s of height %lld is broken", type->name,
                       (long long)height);
    *ret = message;
    return 0;
}

int chain_block(struct store_snapshot *snap, int64_t height, struct arena *arena,
                struct Tendermint__Types__Block **ret, struct err *e)
{
    struct slice bytes;
    bool found = chain_block_bytes(snap, height, &bytes);
    return decode(&tendermint__types__block__descriptor, found, bytes, height, arena, (void **)ret,
                  e);
}

int chain_meta(struct store_snapshot *snap, int64_t height, struct arena *arena,
               struct Tendermint__Types__BlockMeta **ret, struct err *e)
{
    struct slice bytes;
    bool found = chain_meta_bytes(snap, height, &bytes);
    return decode(&tendermint__types__block_meta__descriptor, found, bytes, height, arena,
                  (void **)ret, e);
}

int chain_commit(struct store_snapshot *snap, int64_t height, struct arena *arena,
                 struct Tendermint__Types__Commit **ret, struct err *e)
{
    struct slice bytes;
    bool found = chain_commit_bytes(snap, height, &bytes);
    return decode(&tendermint__types__commit__descriptor, found, bytes, height, arena, (void **)ret,
                  e);
}

int chain_results(struct store_snapshot *snap, int64_t height, struct arena *arena,
                  struct Tendermint__Abci__ResponseFinalizeBlock **ret, struct err *e)
{
    struct slice bytes;
    bool found = chain_results_bytes(snap, height, &bytes);
    return decode(&tendermint__abci__response_finalize_block__descriptor, found, bytes, height,
                  arena, (void **)ret, e);
}

bool chain_find_block(struct store_snapshot *snap, const uint8_t hash[CHAIN_HASH_BYTES],
                      int64_t *ret_height)
{
    struct slice value;
    if (!store_snapshot_get(snap, STORE_HASH, slice_of(hash, CHAIN_HASH_BYTES), &value) ||
        value.len != 8)
        return false;
    *ret_height = (int64_t)get_be(value.data, 8);
    return true;
}

bool chain_find_tx(struct store_snapshot *snap, const uint8_t hash[CHAIN_HASH_BYTES],
                   int64_t *ret_height, uint32_t *ret_index)
{
    struct slice value;
    if (!store_snapshot_get(snap, STORE_TX, slice_of(hash, CHAIN_HASH_BYTES), &value) ||
        value.len != 12)
        return false;
    *ret_height = (int64_t)get_be(value.data, 8);
    *ret_index = (uint32_t)get_be(value.data + 8, 4);
    return true;
}

// ---- one transaction, by walking the fields of the stored messages

// Moves to the next field with this number. 1: found; 0: no more; < 0: broken.
static int next_field(struct slice *rest, uint32_t number, struct slice *ret)
{
    struct pbwire_field field;
    int more;
    while ((more = pbwire_next(rest, &field)) > 0)
        if (field.number == number && field.type == PBWIRE_BYTES) {
            *ret = field.bytes;
            return 1;
        }
    return more;
}

enum { BLOCK_DATA = 2, DATA_TXS = 1, RESULTS_TX_RESULTS = 2 };

static int cursor_open(struct chain_cursor *c, int64_t height)
{
    struct slice block, data;
    c->height = 0;
    if (!chain_block_bytes(c->snap, height, &block) ||
        !chain_results_bytes(c->snap, height, &c->results_rest))
        return CHAIN_NOT_FOUND;
    int found = next_field(&block, BLOCK_DATA, &data);
    if (found <= 0)
        return found < 0 ? found : CHAIN_NOT_FOUND;
    c->height = height;
    c->next = 0;
    c->txs_rest = data;
    return 0;
}

int chain_cursor_tx(struct chain_cursor *c, int64_t height, uint32_t index, struct slice *ret_tx,
                    struct slice *ret_result, struct err *e)
{
    int result = c->height == height && c->next <= index ? 0 : cursor_open(c, height);
    int found = 1;
    struct slice tx = SLICE_NULL, tx_result = SLICE_NULL;
    while (result == 0 && found > 0 && c->next <= index) {
        found = next_field(&c->txs_rest, DATA_TXS, &tx);
        if (found > 0)
            found = next_field(&c->results_rest, RESULTS_TX_RESULTS, &tx_result);
        c->next++;
    }
    if (result < 0 || found < 0)
        return err_set(e, -EBADMSG, "the stored block or results of height %lld are broken",
                       (long long)height);
    if (result > 0 || found == 0) {
        c->height = 0;
        return CHAIN_NOT_FOUND;
    }
    *ret_tx = tx;
    *ret_result = tx_result;
    return 0;
}

int chain_tx(struct store_snapshot *snap, int64_t height, uint32_t index, struct slice *ret_tx,
             struct slice *ret_result, struct err *e)
{
    struct chain_cursor cursor = {.snap = snap};
    return chain_cursor_tx(&cursor, height, index, ret_tx, ret_result, e);
}

int chain_tx_result(struct slice result, struct arena *arena,
                    struct Tendermint__Abci__ExecTxResult **ret, struct err *e)
{
    *ret = pb_unpack(&tendermint__abci__exec_tx_result__descriptor, result, arena);
    return *ret ? 0 : err_set(e, -EBADMSG, "the stored result of a transaction is broken");
}

// ---- what the next header needs

enum { RESULT_CODE = 1, RESULT_DATA = 2, RESULT_GAS_WANTED = 5, RESULT_GAS_USED = 6 };

static int add_result(struct tm_merkle *tree, struct slice rest)
{
    struct pbwire_field field;
    struct slice data = SLICE_NULL;
    uint64_t numbers[RESULT_GAS_USED + 1] = {0};
    int more;
    while ((more = pbwire_next(&rest, &field)) > 0) {
        if (field.number == RESULT_DATA)
            data = field.bytes;
        else if (field.number <= RESULT_GAS_USED)
            numbers[field.number] = field.value;
    }
    tm_results_add(tree, (uint32_t)numbers[RESULT_CODE], data, (int64_t)numbers[RESULT_GAS_WANTED],
                   (int64_t)numbers[RESULT_GAS_USED]);
    return more;
}

int chain_results_hash(struct store_snapshot *snap, int64_t height, uint8_t ret[CHAIN_HASH_BYTES],
                       struct err *e)
{
    struct tm_merkle tree = {0};
    struct slice rest, result;
    if (!chain_results_bytes(snap, height, &rest))
        return CHAIN_NOT_FOUND;
    int more;
    while ((more = next_field(&rest, RESULTS_TX_RESULTS, &result)) > 0)
        if ((more = add_result(&tree, result)) < 0)
            break;
    if (more < 0)
        return err_set(e, -EBADMSG, "the stored results of height %lld are broken",
                       (long long)height);
    tm_merkle_root(&tree, ret);
    return 0;
}

int32_t chain_round(struct store_snapshot *snap, int64_t height)
{
    struct slice value;
    if (!store_snapshot_get(snap, STORE_SYS, KEY_ROUND, &value) || value.len != 12 ||
        (int64_t)get_be(value.data, 8) != height)
        return 0;
    return (int32_t)get_be(value.data + 8, 4);
}

// ---- genesis facts

static json_t *hex_json(const void *bytes, size_t len)
{
    CLEANUP_FREE char *text = mem_alloc(2 * len + 1);
    enc_hex_upper(bytes, len, text);
    return json_string(text);
}

static json_t *validators_json(const struct chain_genesis *g)
{
    json_t *list = json_array();
    for (size_t i = 0; i < g->validator_count; i++) {
        const struct chain_validator *v = &g->validators[i];
        json_array_append_new(list, json_pack("{s:o,s:I,s:s}", "pub_key",
                                              hex_json(v->pub_key, sizeof v->pub_key), "power",
                                              (json_int_t)v->power, "name", v->name));
    }
    return list;
}

void chain_put_genesis(struct store_batch *batch, const struct chain_genesis *g)
{
    const struct chain_params *p = &g->params;
    json_t *json = json_pack(
        "{s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "chain_id", g->chain_id, "time_ns",
        (json_int_t)g->time_ns, "initial_height", (json_int_t)g->initial_height, "block_max_bytes",
        (json_int_t)p->block_max_bytes, "block_max_gas", (json_int_t)p->block_max_gas,
        "evidence_max_age_blocks", (json_int_t)p->evidence_max_age_blocks, "evidence_max_age_ns",
        (json_int_t)p->evidence_max_age_ns, "evidence_max_bytes", (json_int_t)p->evidence_max_bytes,
        "app_version", (json_int_t)p->app_version, "vote_extensions_enable_height",
        (json_int_t)p->vote_extensions_enable_height, "validators", validators_json(g));
    CLEANUP_FREE char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    store_batch_put(batch, STORE_SYS, KEY_GENESIS, slice_str(text));
}

static int read_validators(const json_t *list, struct arena *arena, struct chain_genesis *g)
{
    size_t count = json_array_size(list);
    g->validators = arena_zalloc(arena, (count + 1) * sizeof *g->validators);
    g->validator_count = count;
    for (size_t i = 0; i < count; i++) {
        struct chain_validator *v = &g->validators[i];
        const char *pub_key, *name;
        json_int_t power;
        if (json_unpack(json_array_get(list, i), "{s:s,s:I,s:s}", "pub_key", &pub_key, "power",
                        &power, "name", &name) < 0 ||
            enc_hex_decode(pub_key, strlen(pub_key), v->pub_key, sizeof v->pub_key) !=
                sizeof v->pub_key)
            return -EBADMSG;
        uint8_t digest[SHA256_LEN];
        hash_sha256(v->pub_key, sizeof v->pub_key, digest);
        memcpy(v->address, digest, sizeof v->address);
        v->power = power;
        v->name = arena_strndup(arena, name, strlen(name));
    }
    return 0;
}

static int read_genesis(json_t *json, struct arena *arena, struct chain_genesis *g)
{
    const char *chain_id;
    json_int_t time_ns, initial, n[7];
    json_t *validators;
    if (json_unpack(json, "{s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "chain_id", &chain_id,
                    "time_ns", &time_ns, "initial_height", &initial, "block_max_bytes", &n[0],
                    "block_max_gas", &n[1], "evidence_max_age_blocks", &n[2], "evidence_max_age_ns",
                    &n[3], "evidence_max_bytes", &n[4], "app_version", &n[5],
                    "vote_extensions_enable_height", &n[6], "validators", &validators) < 0)
        return -EBADMSG;
    g->chain_id = arena_strndup(arena, chain_id, strlen(chain_id));
    g->time_ns = time_ns;
    g->initial_height = initial;
    g->params = (struct chain_params){n[0], n[1], n[2], n[3], n[4], (uint64_t)n[5], n[6]};
    return read_validators(validators, arena, g);
}

int chain_genesis(struct store_snapshot *snap, struct arena *arena, struct chain_genesis *ret,
                  struct err *e)
{
    struct slice text;
    if (!store_snapshot_get(snap, STORE_SYS, KEY_GENESIS, &text))
        return CHAIN_NOT_FOUND;
    struct chain_genesis g = {0};
    json_t *json = json_loadb((const char *)text.data, text.len, 0, NULL);
    int result = json ? read_genesis(json, arena, &g) : -EBADMSG;
    json_decref(json);
    if (result < 0)
        return err_set(e, result, "the stored facts of the genesis are broken");
    *ret = g;
    return 0;
}

// ---- writing

static void put_height_and_32(uint8_t ret[12], int64_t height, uint32_t number)
{
    put_be64(ret, (uint64_t)height);
    for (int i = 0; i < 4; i++)
        ret[8 + i] = (uint8_t)(number >> (24 - 8 * i));
}

void chain_put_round(struct store_batch *batch, int64_t height, int32_t round)
{
    uint8_t value[12];
    put_height_and_32(value, height, (uint32_t)round);
    store_batch_put(batch, STORE_SYS, KEY_ROUND, slice_of(value, sizeof value));
}

struct tx_entry {
    const uint8_t *hash;
    uint32_t index;
};

static int compare_entries(const void *a, const void *b)
{
    const struct tx_entry *x = a, *y = b;
    int order = memcmp(x->hash, y->hash, CHAIN_HASH_BYTES);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

// In the order of the keys: neighbours share pages of the tree.
static void put_tx_hashes(struct store_batch *batch, const struct chain_record *r)
{
    CLEANUP_FREE struct tx_entry *entries = mem_calloc(r->tx_count + 1, sizeof *entries);
    for (size_t i = 0; i < r->tx_count; i++)
        entries[i] = (struct tx_entry){r->tx_hashes[i], (uint32_t)i};
    qsort(entries, r->tx_count, sizeof *entries, compare_entries);
    for (size_t i = 0; i < r->tx_count; i++) {
        uint8_t value[12];
        put_height_and_32(value, r->height, entries[i].index);
        store_batch_put(batch, STORE_TX, slice_of(entries[i].hash, CHAIN_HASH_BYTES),
                        slice_of(value, sizeof value));
    }
}

void chain_put_block(struct store_batch *batch, const struct chain_record *r)
{
    struct height_key room, before;
    struct slice key = height_key(r->height, &room);
    store_batch_put(batch, STORE_BLOCK, key, r->block);
    store_batch_put(batch, STORE_META, key, r->meta);
    store_batch_put(batch, STORE_HASH, slice_of(r->hash, CHAIN_HASH_BYTES), key);
    if (r->last_commit.len)
        store_batch_put(batch, STORE_COMMIT, height_key(r->height - 1, &before), r->last_commit);
    store_batch_put(batch, STORE_SYS, KEY_HEIGHT, key);
    if (r->first)
        store_batch_put(batch, STORE_SYS, KEY_BASE, key);
    put_tx_hashes(batch, r);
}

void chain_put_results(struct store_batch *batch, int64_t height, struct slice results)
{
    struct height_key room;
    store_batch_put(batch, STORE_RESULT, height_key(height, &room), results);
}

void chain_del_results(struct store_batch *batch, int64_t height)
{
    struct height_key room;
    store_batch_del(batch, STORE_RESULT, height_key(height, &room));
}

// A hash that was stored again by a later block, or not at all, stays as it is.
static void del_tx_hash(struct store_snapshot *snap, struct store_batch *batch, struct slice tx,
                        int64_t height)
{
    uint8_t hash[SHA256_LEN];
    int64_t stored;
    uint32_t index;
    hash_sha256(tx.data, tx.len, hash);
    if (chain_find_tx(snap, hash, &stored, &index) && stored == height)
        store_batch_del(batch, STORE_TX, slice_of(hash, sizeof hash));
}

int chain_del_block(struct store_snapshot *snap, struct store_batch *batch, int64_t height,
                    struct err *e)
{
    CLEANUP_ARENA struct arena arena = {0};
    Tendermint__Types__BlockMeta *meta;
    struct slice block, data, tx;
    int result = chain_meta(snap, height, &arena, &meta, e);
    if (result != 0 || !chain_block_bytes(snap, height, &block))
        return result < 0 ? result
                          : err_set(e, -ENOENT, "there is no block %lld", (long long)height);
    if (next_field(&block, BLOCK_DATA, &data) > 0)
        while (next_field(&data, DATA_TXS, &tx) > 0)
            del_tx_hash(snap, batch, tx, height);
    struct height_key room, before;
    struct slice key = height_key(height, &room);
    height_key(height - 1, &before);
    store_batch_del(batch, STORE_BLOCK, key);
    store_batch_del(batch, STORE_META, key);
    store_batch_del(batch, STORE_RESULT, key);
    store_batch_del(batch, STORE_HASH, pb_slice(meta->block_id->hash));
    // The commit of the block before stays: its validator has gone on and could not sign it again.
    bool last = height == chain_base(snap);
    store_batch_put(batch, STORE_SYS, KEY_HEIGHT,
                    last ? height_key(0, &before) : slice_of(before.bytes, sizeof before.bytes));
    if (last)
        store_batch_del(batch, STORE_SYS, KEY_BASE);
    return 0;
}
