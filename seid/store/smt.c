#include "seid/store/smt.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "seid/store/smt_hash.h"
#include "seid/store/smt_page.h"
#include "seid/store/smt_table.h"

// The build fills locals with zeros; for those that are large and filled at once that is half the
// cost of a page.
#define UNINITIALIZED __attribute__((uninitialized))

void smt_init(struct smt *t, const struct smt_pages *pages)
{
    *t = (struct smt){.pages = *pages, .changed = smt_table_new()};
}

void smt_deinit(struct smt *t)
{
    smt_table_free(t->changed);
    arena_deinit(&t->scratch);
    *t = (struct smt){0};
}

void smt_change_set(struct smt_change *c, struct slice key, struct slice value)
{
    smt_hash_bytes(key, c->path);
    smt_hash_bytes(value, c->value_hash);
    c->deleted = false;
}

void smt_change_del(struct smt_change *c, struct slice key)
{
    smt_hash_bytes(key, c->path);
    memset(c->value_hash, 0, sizeof c->value_hash);
    c->deleted = true;
}

// ---- pages

// Where a page is: among the changed ones, or in the source.
struct place {
    struct smt_page_key key;
    int32_t changed; // its number there, or SMT_UNKNOWN
};

static struct slice key_of(const struct place *place)
{
    return slice_of(place->key.bytes, place->key.len);
}

static struct place place_of(const struct smt *t, unsigned depth, const uint8_t *path)
{
    struct place place = {.key = smt_page_key(depth, path)};
    place.changed = smt_table_find(t->changed, key_of(&place));
    return place;
}

// A page that is not there is an empty one.
static int load_page(struct smt *t, const struct place *place, struct smt_page *ret, struct err *e)
{
    struct slice bytes = SLICE_NULL;
    if (place->changed != SMT_UNKNOWN) {
        bytes = smt_table_data(t->changed, place->changed);
    } else {
        int found = t->pages.load(t->pages.ctx, key_of(place), &bytes, e);
        if (found < 0)
            return found;
    }
    if (!bytes.data) {
        smt_page_clear(ret);
        return 0;
    }
    if (!smt_page_decode(ret, bytes))
        return err_set(e, -EUCLEAN, "a page of the state tree at depth %u is damaged",
                       place->key.bytes[0]);
    return 0;
}

static int put_page(struct smt *t, struct place *place, struct slice bytes, struct err *e)
{
    if (t->direct)
        return t->pages.store(t->pages.ctx, key_of(place), bytes, e);
    if (place->changed == SMT_UNKNOWN)
        place->changed = smt_table_add(t->changed, key_of(place));
    smt_table_set(t->changed, place->changed, bytes);
    return 0;
}

static int store_page(struct smt *t, struct place *place, const struct smt_page *p, struct err *e)
{
    UNINITIALIZED uint8_t bytes[SMT_PAGE_MAX_BYTES];
    uint32_t len = smt_page_encode(p, bytes);
    return put_page(t, place, slice_of(bytes, len), e);
}

// ---- update

static int update_page(struct smt *t, unsigned depth, bool fresh, struct smt_change *changes,
                       size_t count, struct smt_node *ret, struct err *e);

static void leaf_node(const struct smt_change *c, struct smt_node *ret)
{
    ret->kind = SMT_LEAF;
    memcpy(ret->leaf.path, c->path, sizeof c->path);
    memcpy(ret->leaf.value_hash, c->value_hash, sizeof c->value_hash);
}

static size_t without_deletions(struct smt_change *changes, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!changes[i].deleted)
            changes[kept++] = changes[i];
    return kept;
}

// The changes together with the leaf that was there, unless one of them is about it.
static struct smt_change *with_leaf(struct smt *t, const struct smt_leaf *leaf,
                                    struct smt_change *changes, size_t *count)
{
    size_t before = 0;
    int order = -1;
    while (before < *count && (order = memcmp(changes[before].path, leaf->path, 32)) < 0)
        before++;
    if (before < *count && order == 0)
        return changes;
    struct smt_change *all = arena_alloc(&t->scratch, (*count + 1) * sizeof *all);
    memcpy(all, changes, before * sizeof *all);
    memcpy(all[before].path, leaf->path, sizeof leaf->path);
    memcpy(all[before].value_hash, leaf->value_hash, sizeof leaf->value_hash);
    all[before].deleted = false;
    memcpy(all + before + 1, changes + before, (*count - before) * sizeof *all);
    ++*count;
    return all;
}

// Changes to a slot without a page below it.
static int update_leaves(struct smt *t, const struct smt_page *p, unsigned slot, unsigned depth,
                         struct smt_change *changes, size_t count, struct smt_node *ret,
                         struct err *e)
{
    if (p->kind[SMT_SLOTS + slot] == SMT_LEAF)
        changes = with_leaf(t, &p->leaf[slot], changes, &count);
    count = without_deletions(changes, count);
    if (count > 1)
        return update_page(t, depth + SMT_PAGE_LEVELS, true, changes, count, ret, e);
    ret->kind = SMT_EMPTY;
    if (count == 1)
        leaf_node(changes, ret);
    return 0;
}

static int update_slot(struct smt *t, struct smt_page *p, unsigned slot, unsigned depth,
                       struct smt_change *changes, size_t count, struct err *e)
{
    struct smt_node node;
    int result;
    if (p->kind[SMT_SLOTS + slot] == SMT_INNER) {
        result = update_page(t, depth + SMT_PAGE_LEVELS, false, changes, count, &node, e);
    } else {
        result = update_leaves(t, p, slot, depth, changes, count, &node, e);
    }
    if (result == 0)
        smt_page_set(p, slot, &node);
    return result;
}

// `changes` are all below this page and sorted by path. A page that does not end as an inner node
// is no page any more, unless it is the root's; a fresh one was none.
static int update_page(struct smt *t, unsigned depth, bool fresh, struct smt_change *changes,
                       size_t count, struct smt_node *ret, struct err *e)
{
    assert(depth < 256); // sha256 collides before that
    UNINITIALIZED struct smt_page page;
    struct place place = place_of(t, depth, changes->path);
    int result = 0;
    if (fresh)
        smt_page_clear(&page);
    else
        result = load_page(t, &place, &page, e);
    uint16_t touched = 0;
    for (size_t from = 0, to; from < count && result == 0; from = to) {
        unsigned slot = smt_slot(depth, changes[from].path);
        for (to = from + 1; to < count && smt_slot(depth, changes[to].path) == slot;)
            to++;
        touched = (uint16_t)(touched | 1u << slot);
        result = update_slot(t, &page, slot, depth, changes + from, to - from, e);
    }
    if (result < 0)
        return result;
    smt_page_fold(&page, touched, &t->hashes);
    smt_page_root(&page, ret);
    if (ret->kind == SMT_INNER || (depth == 0 && ret->kind == SMT_LEAF))
        return store_page(t, &place, &page, e);
    return fresh ? 0 : put_page(t, &place, SLICE_NULL, e);
}

struct sort_item {
    uint64_t prefix; // the first 8 bytes of the path, so that few comparisons look further
    const struct smt_change *change;
};

static int compare_items(const void *a, const void *b)
{
    const struct sort_item *x = a, *y = b;
    if (x->prefix != y->prefix)
        return x->prefix < y->prefix ? -1 : 1;
    return memcmp(x->change->path, y->change->path, SMT_HASH_BYTES);
}

static void sort_changes(struct smt_change *changes, size_t count)
{
    struct sort_item *items = mem_calloc(count, sizeof *items);
    struct smt_change *sorted = mem_calloc(count, sizeof *sorted);
    for (size_t i = 0; i < count; i++) {
        memcpy(&items[i].prefix, changes[i].path, sizeof items[i].prefix);
        items[i].prefix = __builtin_bswap64(items[i].prefix);
        items[i].change = &changes[i];
    }
    qsort(items, count, sizeof *items, compare_items);
    for (size_t i = 0; i < count; i++)
        sorted[i] = *items[i].change;
    memcpy(changes, sorted, count * sizeof *sorted);
    free(sorted);
    free(items);
}

static void root_hash(struct smt *t, const struct smt_node *root, uint8_t ret[SMT_HASH_BYTES])
{
    memset(ret, 0, SMT_HASH_BYTES);
    if (root->kind == SMT_LEAF) {
        smt_hash_leaf(root->leaf.path, root->leaf.value_hash, ret);
        t->hashes++;
    } else if (root->kind == SMT_INNER) {
        memcpy(ret, root->hash, SMT_HASH_BYTES);
    }
}

int smt_update(struct smt *t, struct smt_change *changes, size_t count,
               uint8_t ret_root[SMT_HASH_BYTES], struct err *e)
{
    if (count == 0)
        return smt_root(t, ret_root, e);
    sort_changes(changes, count);
    struct smt_node root;
    int result = update_page(t, 0, false, changes, count, &root, e);
    arena_clear(&t->scratch);
    if (result == 0)
        root_hash(t, &root, ret_root);
    return result;
}

int smt_root(struct smt *t, uint8_t ret_root[SMT_HASH_BYTES], struct err *e)
{
    static const uint8_t nowhere[SMT_HASH_BYTES];
    struct smt_page page;
    struct smt_node root;
    struct place place = place_of(t, 0, nowhere);
    int result = load_page(t, &place, &page, e);
    if (result < 0)
        return result;
    smt_page_fold(&page, 0, &t->hashes);
    smt_page_root(&page, &root);
    root_hash(t, &root, ret_root);
    return 0;
}

// ---- changed pages

struct flush {
    struct smt *tree;
    struct err *e;
};

static int flush_page(void *ctx, struct slice key, struct slice data)
{
    struct flush *f = ctx;
    return f->tree->pages.store(f->tree->pages.ctx, key, data, f->e);
}

int smt_flush(struct smt *t, struct err *e)
{
    struct flush f = {t, e};
    int result = smt_table_each(t->changed, flush_page, &f);
    if (result == 0)
        smt_table_clear(t->changed);
    return result;
}

void smt_forget(struct smt *t)
{
    smt_table_clear(t->changed);
}

size_t smt_changed_bytes(const struct smt *t)
{
    return smt_table_bytes(t->changed);
}

// ---- proofs

static void proof_end(const struct smt_page *p, unsigned node, struct slice key_path,
                      struct buf *ret, uint8_t *ret_kind)
{
    *ret_kind = 0;
    if (p->kind[node] != SMT_LEAF)
        return;
    const struct smt_leaf *leaf = &p->leaf[p->leaf_slot[node]];
    *ret_kind = memcmp(leaf->path, key_path.data, SMT_HASH_BYTES) == 0 ? 2 : 1;
    if (*ret_kind == 1)
        buf_append(ret, leaf, sizeof *leaf);
}

int smt_prove(struct smt *t, struct slice key, struct buf *ret_proof, struct err *e)
{
    uint8_t path[SMT_HASH_BYTES], bits[32] = {0}, siblings[256][SMT_HASH_BYTES];
    unsigned depth = 0, kept = 0, node = 1;
    struct smt_page page;
    smt_hash_bytes(key, path);
    struct place place = place_of(t, 0, path);
    int result = load_page(t, &place, &page, e);
    while (result == 0 && page.kind[node] == SMT_INNER) {
        if (node >= SMT_SLOTS) {
            place = place_of(t, depth, path);
            result = load_page(t, &place, &page, e);
            node = 1;
            continue;
        }
        assert(depth < 256);
        node = 2 * node + (path[depth / 8] >> (7 - depth % 8) & 1);
        if (page.kind[node ^ 1] != SMT_EMPTY) {
            bits[depth / 8] = (uint8_t)(bits[depth / 8] | 128u >> depth % 8);
            memcpy(siblings[kept++], smt_page_hash(&page, node ^ 1, &t->hashes), SMT_HASH_BYTES);
        }
        depth++;
    }
    if (result < 0)
        return result;
    uint8_t kind;
    CLEANUP_BUF struct buf other = {0};
    proof_end(&page, node, slice_of(path, sizeof path), &other, &kind);
    buf_append_byte(ret_proof, kind);
    buf_append_byte(ret_proof, (uint8_t)(depth >> 8));
    buf_append_byte(ret_proof, (uint8_t)depth);
    buf_append_slice(ret_proof, buf_slice(&other));
    buf_append(ret_proof, bits, (depth + 7) / 8);
    buf_append(ret_proof, siblings, (size_t)kept * SMT_HASH_BYTES);
    return 0;
}
