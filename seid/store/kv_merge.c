#include "seid/store/kv_merge.h"

#include <stdlib.h>

#include "base/mem.h"

static bool fill(struct kv_merge_side *side)
{
    if (!side->ready && side->walk) {
        side->ready = side->walk->next(side->walk, &side->next);
        if (!side->ready) {
            kv_walk_free(side->walk);
            side->walk = NULL;
        }
    }
    return side->ready;
}

static bool merge_next(struct kv_walk *w, struct kv_change *ret)
{
    struct kv_merge *m = (struct kv_merge *)w;
    bool upper = fill(&m->upper), lower = fill(&m->lower);
    if (!upper && !lower)
        return false;
    int order = !upper ? 1 : !lower ? -1 : slice_cmp(m->upper.next.key, m->lower.next.key);
    if (upper && lower && m->reverse)
        order = -order;
    struct kv_merge_side *first = order <= 0 ? &m->upper : &m->lower;
    *ret = first->next;
    first->ready = false;
    if (order == 0)
        m->lower.ready = false;
    return true;
}

static void merge_end(struct kv_walk *w)
{
    struct kv_merge *m = (struct kv_merge *)w;
    kv_walk_free(m->upper.walk);
    kv_walk_free(m->lower.walk);
}

static void merge_free(struct kv_walk *w)
{
    merge_end(w);
    free(w);
}

void kv_merge_init(struct kv_merge *m, struct kv_walk *upper, struct kv_walk *lower, bool reverse)
{
    *m = (struct kv_merge){.walk = {.next = merge_next, .free = merge_end},
                           .upper.walk = upper,
                           .lower.walk = lower,
                           .reverse = reverse};
}

struct kv_walk *kv_merge_new(struct kv_walk *upper, struct kv_walk *lower, bool reverse)
{
    struct kv_merge *m = mem_alloc(sizeof *m);
    kv_merge_init(m, upper, lower, reverse);
    m->walk.free = merge_free;
    return &m->walk;
}

struct walk_iter {
    struct kv_iter iter;
    struct kv_walk *walk;
};

struct kv_iter *kv_walk_iter(struct kv *kv, struct kv_walk *walk)
{
    struct walk_iter *it = mem_alloc(sizeof *it);
    *it = (struct walk_iter){.iter.kv = kv, .walk = walk};
    return &it->iter;
}

bool kv_walk_iter_next(struct kv_iter *iter, struct slice *ret_key, struct slice *ret_value)
{
    struct walk_iter *it = (struct walk_iter *)iter;
    struct kv_change change;
    while (it->walk && it->walk->next(it->walk, &change)) {
        if (iter->kv->error.code)
            return false;
        if (change.deleted)
            continue;
        *ret_key = change.key;
        *ret_value = change.value;
        return true;
    }
    return false;
}

void kv_walk_iter_free(struct kv_iter *iter)
{
    kv_walk_free(((struct walk_iter *)iter)->walk);
    free(iter);
}
