#include "seid/store/record.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "seid/store/lm.h"

enum { PIECE_BYTES = 1600, ENTRY_HEAD = 11, HAD_BEFORE = 1, HAS_AFTER = 2 };

// LMDB's key for a height, or for a place within it.
struct record_key {
    uint8_t bytes[8 + KV_KEY_MAX];
    size_t len;
};

static struct record_key key_for(int64_t height, struct slice key)
{
    struct record_key k;
    for (int i = 0; i < 8; i++)
        k.bytes[i] = (uint8_t)((uint64_t)height >> (56 - 8 * i));
    size_t len = key.len < KV_KEY_MAX ? key.len : KV_KEY_MAX;
    if (len)
        memcpy(k.bytes + 8, key.data, len);
    k.len = 8 + len;
    return k;
}

static MDB_val val_of(struct record_key *k)
{
    return (MDB_val){.mv_size = k->len, .mv_data = k->bytes};
}

static bool at_height(MDB_val k, const struct record_key *height)
{
    return k.mv_size >= 8 && memcmp(k.mv_data, height->bytes, 8) == 0;
}

// ---- writing

static void put(struct record_writer *w, MDB_val k, MDB_val v)
{
    int rc = w->error->code ? 0 : mdb_put(w->txn, w->dbi, &k, &v, MDB_APPEND);
    if (rc)
        lm_error(w->error, rc, "cannot write the block's changes");
}

void record_begin(struct record_writer *w, MDB_txn *txn, MDB_dbi dbi, int64_t height,
                  const uint8_t hash_before[RECORD_HASH_BYTES], struct err *error)
{
    *w = (struct record_writer){.txn = txn, .dbi = dbi, .height = height, .error = error};
    struct record_key k = key_for(height, SLICE_NULL);
    put(w, val_of(&k), lm_val(slice_of(hash_before, RECORD_HASH_BYTES)));
}

static void flush(struct record_writer *w)
{
    if (w->piece.len == 0)
        return;
    struct record_key k = key_for(w->height, buf_slice(&w->piece_key));
    put(w, val_of(&k), lm_val(buf_slice(&w->piece)));
    buf_clear(&w->piece);
}

static void append_le(struct buf *b, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        buf_append_byte(b, (uint8_t)(value >> (8 * i)));
}

void record_add(struct record_writer *w, const struct record_entry *entry)
{
    size_t bytes = ENTRY_HEAD + entry->key.len + entry->before.len + entry->after.len;
    if (w->piece.len + bytes > PIECE_BYTES)
        flush(w);
    if (w->piece.len == 0) {
        buf_clear(&w->piece_key);
        buf_append_slice(&w->piece_key, entry->key);
    }
    append_le(&w->piece, entry->key.len, 2);
    buf_append_byte(&w->piece, (uint8_t)((entry->had_before ? HAD_BEFORE : 0) |
                                         (entry->has_after ? HAS_AFTER : 0)));
    append_le(&w->piece, entry->before.len, 4);
    append_le(&w->piece, entry->after.len, 4);
    buf_append_slice(&w->piece, entry->key);
    buf_append_slice(&w->piece, entry->before);
    buf_append_slice(&w->piece, entry->after);
}

void record_end(struct record_writer *w)
{
    flush(w);
    buf_deinit(&w->piece);
    buf_deinit(&w->piece_key);
}

// ---- reading

static uint64_t read_le(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

// Takes one entry off the front of a piece; false when the piece is damaged.
static bool parse(struct slice *piece, struct record_entry *ret)
{
    if (piece->len < ENTRY_HEAD)
        return false;
    size_t key_len = read_le(piece->data, 2);
    uint8_t flags = piece->data[2];
    size_t before_len = read_le(piece->data + 3, 4), after_len = read_le(piece->data + 7, 4);
    if (piece->len - ENTRY_HEAD < key_len + before_len + after_len)
        return false;
    const uint8_t *at = piece->data + ENTRY_HEAD;
    *ret = (struct record_entry){.key = slice_of(at, key_len),
                                 .before = slice_of(at + key_len, before_len),
                                 .after = slice_of(at + key_len + before_len, after_len),
                                 .had_before = flags & HAD_BEFORE,
                                 .has_after = flags & HAS_AFTER};
    size_t taken = ENTRY_HEAD + key_len + before_len + after_len;
    *piece = slice_of(piece->data + taken, piece->len - taken);
    return true;
}

static int damaged(struct err *e, int64_t height)
{
    return err_set(e, -EUCLEAN, "the record of changes of height %lld is damaged",
                   (long long)height);
}

int record_hash_before(MDB_txn *txn, MDB_dbi dbi, int64_t height, uint8_t ret[RECORD_HASH_BYTES],
                       struct err *e)
{
    struct record_key k = key_for(height, SLICE_NULL);
    struct slice value;
    int found = lm_get(txn, dbi, slice_of(k.bytes, k.len), &value, e);
    if (found <= 0)
        return found;
    if (value.len != RECORD_HASH_BYTES)
        return damaged(e, height);
    memcpy(ret, value.data, RECORD_HASH_BYTES);
    return 1;
}

// Puts the cursor on the last piece (or the head) of the height that begins at or before `key`
// (`inclusive`) or before it.
static int seek_at_or_before(MDB_cursor *cursor, const struct record_key *key, bool inclusive,
                             MDB_val *k, MDB_val *v)
{
    struct record_key wanted = *key;
    *k = val_of(&wanted);
    int rc = mdb_cursor_get(cursor, k, v, MDB_SET_RANGE);
    if (rc == MDB_NOTFOUND)
        rc = mdb_cursor_get(cursor, k, v, MDB_LAST);
    else if (rc == 0 && !(inclusive && slice_eq(lm_slice(*k), slice_of(key->bytes, key->len))))
        rc = mdb_cursor_get(cursor, k, v, MDB_PREV);
    return rc;
}

int record_find(MDB_txn *txn, MDB_dbi dbi, int64_t height, struct slice key,
                struct record_entry *ret, struct err *e)
{
    struct record_key wanted = key_for(height, key);
    MDB_cursor *cursor;
    MDB_val k, v;
    int rc = mdb_cursor_open(txn, dbi, &cursor);
    if (rc)
        return lm_error(e, rc, "cannot read the history");
    rc = seek_at_or_before(cursor, &wanted, true, &k, &v);
    mdb_cursor_close(cursor);
    if (rc && rc != MDB_NOTFOUND)
        return lm_error(e, rc, "cannot read the history");
    if (rc || !at_height(k, &wanted) || k.mv_size == 8)
        return 0;
    for (struct slice piece = lm_slice(v); piece.len;) {
        if (!parse(&piece, ret))
            return damaged(e, height);
        int order = slice_cmp(ret->key, key);
        if (order >= 0)
            return order == 0;
    }
    return 0;
}

int record_lowest(MDB_txn *txn, MDB_dbi dbi, int64_t *ret, struct err *e)
{
    MDB_cursor *cursor;
    MDB_val k, v;
    int rc = mdb_cursor_open(txn, dbi, &cursor);
    if (rc)
        return lm_error(e, rc, "cannot read the history");
    rc = mdb_cursor_get(cursor, &k, &v, MDB_FIRST);
    mdb_cursor_close(cursor);
    if (rc == MDB_NOTFOUND)
        return 0;
    if (rc || k.mv_size < 8)
        return lm_error(e, rc ? rc : MDB_CORRUPTED, "cannot read the history");
    uint64_t height = 0;
    for (int i = 0; i < 8; i++)
        height = height << 8 | ((const uint8_t *)k.mv_data)[i];
    *ret = (int64_t)height;
    return 1;
}

int record_delete(MDB_txn *txn, MDB_dbi dbi, int64_t height, struct err *e)
{
    struct record_key head = key_for(height, SLICE_NULL);
    MDB_cursor *cursor;
    MDB_val k = val_of(&head), v;
    int rc = mdb_cursor_open(txn, dbi, &cursor);
    if (rc)
        return lm_error(e, rc, "cannot prune the history");
    rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
    while (rc == 0 && at_height(k, &head)) {
        rc = mdb_cursor_del(cursor, 0);
        if (rc == 0) // stands before what follows the deleted one
            rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return rc && rc != MDB_NOTFOUND ? lm_error(e, rc, "cannot prune the history") : 0;
}

// ---- walking

struct record_walk {
    struct kv_walk walk;
    MDB_cursor *cursor; // null at the end
    struct record_key height;
    int64_t height_number;
    enum record_side side;
    struct slice start, end;
    bool reverse;
    struct record_entry *entries; // of the piece the cursor is on; owned
    size_t count, cap, taken;
    struct err *error;
};

static void finish(struct record_walk *w)
{
    if (w->cursor)
        mdb_cursor_close(w->cursor);
    w->cursor = NULL;
    w->count = w->taken = 0;
}

static void unpack(struct record_walk *w, struct slice piece)
{
    w->count = w->taken = 0;
    while (piece.len) {
        if (w->count == w->cap) {
            w->cap = w->cap ? 2 * w->cap : 32;
            w->entries = mem_realloc_array(w->entries, w->cap, sizeof *w->entries);
        }
        if (!parse(&piece, &w->entries[w->count])) {
            damaged(w->error, w->height_number);
            finish(w);
            return;
        }
        w->count++;
    }
}

// Takes what a cursor operation found: a piece of our height, or the end.
static void arrive(struct record_walk *w, int rc, MDB_val k, MDB_val v)
{
    if (rc && rc != MDB_NOTFOUND)
        lm_error(w->error, rc, "cannot walk the history");
    if (rc || !at_height(k, &w->height) || (w->reverse && k.mv_size == 8))
        finish(w);
    else if (k.mv_size == 8)
        w->count = w->taken = 0; // the head: no entries
    else
        unpack(w, lm_slice(v));
}

static void advance(struct record_walk *w)
{
    MDB_val k, v;
    int rc = mdb_cursor_get(w->cursor, &k, &v, w->reverse ? MDB_PREV : MDB_NEXT);
    arrive(w, rc, k, v);
}

static bool record_walk_next(struct kv_walk *walk, struct kv_change *ret)
{
    struct record_walk *w = (struct record_walk *)walk;
    while (w->cursor) {
        if (w->taken == w->count) {
            advance(w);
            continue;
        }
        size_t at = w->reverse ? w->count - 1 - w->taken : w->taken;
        const struct record_entry *entry = &w->entries[at];
        w->taken++;
        bool below = slice_cmp(entry->key, w->start) < 0;
        bool above = w->end.len && slice_cmp(entry->key, w->end) >= 0;
        if (w->reverse ? below : above) {
            finish(w);
            return false;
        }
        if (below || above)
            continue;
        bool before = w->side == RECORD_BEFORE;
        *ret = (struct kv_change){entry->key, before ? entry->before : entry->after,
                                  before ? !entry->had_before : !entry->has_after};
        return true;
    }
    return false;
}

static void record_walk_free(struct kv_walk *walk)
{
    struct record_walk *w = (struct record_walk *)walk;
    finish(w);
    free(w->entries);
    free(w);
}

struct kv_walk *record_walk(MDB_txn *txn, MDB_dbi dbi, int64_t height, enum record_side side,
                            struct slice start, struct slice end, bool reverse, struct err *error)
{
    struct record_walk *w = mem_alloc(sizeof *w);
    *w = (struct record_walk){.walk = {.next = record_walk_next, .free = record_walk_free},
                              .height = key_for(height, SLICE_NULL),
                              .height_number = height,
                              .side = side,
                              .start = start,
                              .end = end,
                              .reverse = reverse,
                              .error = error};
    MDB_val k, v;
    int rc = mdb_cursor_open(txn, dbi, &w->cursor);
    if (rc) {
        w->cursor = NULL;
        lm_error(error, rc, "cannot walk the history");
        return &w->walk;
    }
    struct record_key to = reverse
                               ? end.len ? key_for(height, end) : key_for(height + 1, SLICE_NULL)
                               : key_for(height, start);
    rc = seek_at_or_before(w->cursor, &to, !reverse, &k, &v);
    // Without a head there is no such record.
    arrive(w, rc, k, v);
    return &w->walk;
}
