#include "net/pager.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/limits.h"

// What a target knows of an incident.
enum known { KNOWS_NOTHING, MAY_KNOW, KNOWS };

// One incident at one target.
struct delivery {
    enum known known;
    bool waiting; // something is to be sent, at due_ms
    bool in_flight;
    bool overtaken; // by another order since it was sent
    bool gave_up;
    enum page_action sent; // of what is in flight
    unsigned attempts;     // of the present order
    uint64_t id;           // of what is in flight
    int64_t due_ms;
};

struct incident {
    struct arena memory;
    struct page page;
    enum page_action want;
    struct delivery at[NET_PAGE_TARGETS_MAX];
};

struct pager {
    struct pager_policy policy;
    struct {
        char *name;
        int64_t refresh_ms;
    } targets[NET_PAGE_TARGETS_MAX];
    size_t target_count;
    struct incident *incidents[NET_PAGE_INCIDENTS_MAX]; // owned, oldest first
    size_t incident_count;
    uint64_t next_id;
    uint64_t taken, retried, refused, given_up;
};

struct pager *pager_new(const struct pager_policy *policy, const struct pager_target *targets,
                        size_t count)
{
    assert(count <= NET_PAGE_TARGETS_MAX);
    assert(policy->backoff_first_ms > 0 && policy->backoff_max_ms >= policy->backoff_first_ms);
    assert(policy->backoff_max_ms <= NET_PAGE_BACKOFF_MS_MAX && policy->jitter_percent <= 100);
    struct pager *p = mem_zalloc(sizeof *p);
    p->policy = *policy;
    p->next_id = 1;
    p->target_count = count;
    for (size_t i = 0; i < count; i++) {
        p->targets[i].name = mem_strdup(targets[i].name);
        p->targets[i].refresh_ms = targets[i].refresh_ms;
    }
    return p;
}

static void incident_free(struct incident *in)
{
    arena_deinit(&in->memory);
    free(in);
}

void pager_free(struct pager *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->incident_count; i++)
        incident_free(p->incidents[i]);
    for (size_t i = 0; i < p->target_count; i++)
        free(p->targets[i].name);
    free(p);
}

static struct incident *find(const struct pager *p, const char *key)
{
    for (size_t i = 0; i < p->incident_count; i++)
        if (strcmp(p->incidents[i]->page.dedup_key, key) == 0)
            return p->incidents[i];
    return NULL;
}

static struct incident *add(struct pager *p, const struct page *page)
{
    struct incident *in = mem_zalloc(sizeof *in);
    page_copy(&in->memory, page, &in->page);
    p->incidents[p->incident_count++] = in;
    return in;
}

static void order(struct delivery *d, int64_t now_ms)
{
    d->waiting = true;
    d->overtaken = d->in_flight;
    d->gave_up = false;
    d->attempts = 0;
    d->due_ms = now_ms;
}

// What a resolve has to do at one target.
static void order_resolve(struct delivery *d, int64_t now_ms)
{
    order(d, now_ms);
    if (d->known == KNOWS_NOTHING && !d->in_flight)
        d->waiting = false;
}

// An incident that wants its end, and that nobody is still to be told of, is over.
static void drop_finished(struct pager *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->incident_count; i++) {
        struct incident *in = p->incidents[i];
        bool over = in->want == PAGE_RESOLVE;
        for (size_t t = 0; over && t < p->target_count; t++)
            over = !in->at[t].waiting && !in->at[t].in_flight;
        if (over)
            incident_free(in);
        else
            p->incidents[kept++] = in;
    }
    p->incident_count = kept;
}

int pager_trigger(struct pager *p, const struct page *page, int64_t now_ms, struct err *e)
{
    int result = page_check(page, e);
    if (result < 0)
        return result;
    struct incident *in = find(p, page->dedup_key);
    if (in && in->want == PAGE_TRIGGER)
        return PAGER_KNOWN;
    if (!in && p->incident_count == NET_PAGE_INCIDENTS_MAX)
        return PAGER_FULL;
    if (in) {
        struct arena memory = {0};
        struct page copy;
        page_copy(&memory, page, &copy);
        arena_deinit(&in->memory);
        in->memory = memory;
        in->page = copy;
    } else {
        in = add(p, page);
    }
    in->want = PAGE_TRIGGER;
    for (size_t i = 0; i < p->target_count; i++) {
        // Of an incident that is opened again it knows the old page, or its end.
        if (in->at[i].known == KNOWS)
            in->at[i].known = MAY_KNOW;
        order(&in->at[i], now_ms);
    }
    return 0;
}

int pager_resolve(struct pager *p, const char *dedup_key, int64_t now_ms)
{
    struct incident *in = find(p, dedup_key);
    if (!in || in->want == PAGE_RESOLVE)
        return PAGER_UNKNOWN;
    in->want = PAGE_RESOLVE;
    for (size_t i = 0; i < p->target_count; i++)
        order_resolve(&in->at[i], now_ms);
    drop_finished(p);
    return 0;
}

unsigned pager_resolve_all(struct pager *p, int64_t now_ms)
{
    unsigned count = 0;
    for (size_t i = 0; i < p->incident_count; i++) {
        struct incident *in = p->incidents[i];
        if (in->want == PAGE_RESOLVE)
            continue;
        in->want = PAGE_RESOLVE;
        for (size_t t = 0; t < p->target_count; t++)
            order_resolve(&in->at[t], now_ms);
        count++;
    }
    drop_finished(p);
    return count;
}

void pager_make_room(struct pager *p)
{
    size_t at = 0;
    while (at < p->incident_count && p->incidents[at]->want == PAGE_TRIGGER)
        at++;
    if (at == p->incident_count)
        at = 0;
    if (p->incident_count == 0)
        return;
    incident_free(p->incidents[at]);
    p->incident_count--;
    memmove(&p->incidents[at], &p->incidents[at + 1],
            (p->incident_count - at) * sizeof(struct incident *));
}

static bool is_ready(const struct delivery *d)
{
    return d->waiting && !d->in_flight;
}

static bool is_refresh(const struct incident *in, const struct delivery *d)
{
    return in->want == PAGE_TRIGGER && d->known == KNOWS;
}

bool pager_due(struct pager *p, int64_t now_ms, struct pager_request *ret)
{
    for (size_t i = 0; i < p->incident_count; i++) {
        struct incident *in = p->incidents[i];
        for (size_t t = 0; t < p->target_count; t++) {
            struct delivery *d = &in->at[t];
            if (!is_ready(d) || d->due_ms > now_ms)
                continue;
            d->in_flight = true;
            d->overtaken = false;
            d->sent = in->want;
            d->id = p->next_id++;
            d->attempts++;
            *ret = (struct pager_request){d->id,       d->sent,           t,
                                          d->attempts, is_refresh(in, d), &in->page};
            return true;
        }
    }
    return false;
}

int64_t pager_next_ms(const struct pager *p)
{
    int64_t next_ms = INT64_MAX;
    for (size_t i = 0; i < p->incident_count; i++)
        for (size_t t = 0; t < p->target_count; t++) {
            const struct delivery *d = &p->incidents[i]->at[t];
            if (is_ready(d) && d->due_ms < next_ms)
                next_ms = d->due_ms;
        }
    return next_ms;
}

static int64_t backoff_ms(const struct pager_policy *policy, unsigned attempts, uint32_t random)
{
    int64_t delay_ms = policy->backoff_first_ms;
    for (unsigned i = 1; i < attempts && delay_ms < policy->backoff_max_ms; i++)
        delay_ms *= 2;
    if (delay_ms > policy->backoff_max_ms)
        delay_ms = policy->backoff_max_ms;
    int64_t most_ms = delay_ms * policy->jitter_percent / 100;
    return delay_ms + (int64_t)(((uint64_t)most_ms * random) >> 32);
}

// A refresh that fails is due again as soon as it would be had it arrived: the target may have
// restarted, and forgotten.
static void try_again(struct pager *p, struct delivery *d, size_t target, int64_t retry_after_ms,
                      int64_t now_ms, uint32_t random)
{
    bool refresh = d->known == KNOWS && d->sent == PAGE_TRIGGER;
    if (p->policy.attempts_max > 0 && d->attempts >= p->policy.attempts_max) {
        d->waiting = false;
        d->gave_up = true;
        p->given_up++;
        return;
    }
    int64_t delay_ms = backoff_ms(&p->policy, d->attempts, random);
    if (refresh && delay_ms > p->targets[target].refresh_ms)
        delay_ms = p->targets[target].refresh_ms;
    if (retry_after_ms > delay_ms)
        delay_ms = retry_after_ms;
    d->due_ms = now_ms + delay_ms;
}

static void taken(const struct pager *p, struct delivery *d, size_t target, int64_t now_ms)
{
    int64_t refresh_ms = p->targets[target].refresh_ms;
    d->attempts = 0;
    d->waiting = d->sent == PAGE_TRIGGER && refresh_ms > 0;
    d->due_ms = now_ms + refresh_ms;
}

static void answered(struct pager *p, struct incident *in, size_t target, enum pager_result result,
                     int64_t retry_after_ms, int64_t now_ms, uint32_t random)
{
    struct delivery *d = &in->at[target];
    d->in_flight = false;
    if (result == PAGER_TAKEN)
        d->known = d->sent == PAGE_TRIGGER ? KNOWS : KNOWS_NOTHING;
    else if (result == PAGER_RETRY && d->known == KNOWS_NOTHING && d->sent == PAGE_TRIGGER)
        d->known = MAY_KNOW;
    if (d->overtaken && in->want == PAGE_RESOLVE)
        order_resolve(d, now_ms);
    else if (d->overtaken)
        order(d, now_ms);
    else if (result == PAGER_TAKEN)
        taken(p, d, target, now_ms);
    else if (result == PAGER_RETRY)
        try_again(p, d, target, retry_after_ms, now_ms, random);
    else {
        d->waiting = false;
        d->gave_up = true;
    }
}

int pager_answer(struct pager *p, uint64_t id, enum pager_result result, int64_t retry_after_ms,
                 int64_t now_ms, uint32_t random)
{
    for (size_t i = 0; i < p->incident_count; i++)
        for (size_t t = 0; t < p->target_count; t++) {
            struct delivery *d = &p->incidents[i]->at[t];
            if (!d->in_flight || d->id != id)
                continue;
            p->taken += result == PAGER_TAKEN;
            p->retried += result == PAGER_RETRY;
            p->refused += result == PAGER_REFUSED;
            answered(p, p->incidents[i], t, result, retry_after_ms, now_ms, random);
            drop_finished(p);
            return 0;
        }
    return PAGER_UNKNOWN;
}

// A refresh of what the target knows is nothing to wait for.
static bool is_undelivered(const struct incident *in, const struct delivery *d)
{
    return (d->waiting || d->in_flight) && !is_refresh(in, d);
}

struct pager_counts pager_counts(const struct pager *p)
{
    struct pager_counts c = {.incidents = (unsigned)p->incident_count,
                             .taken = p->taken,
                             .retried = p->retried,
                             .refused = p->refused,
                             .given_up = p->given_up};
    for (size_t i = 0; i < p->incident_count; i++) {
        c.open += p->incidents[i]->want == PAGE_TRIGGER;
        for (size_t t = 0; t < p->target_count; t++) {
            c.in_flight += p->incidents[i]->at[t].in_flight;
            c.undelivered += is_undelivered(p->incidents[i], &p->incidents[i]->at[t]);
        }
    }
    return c;
}

bool pager_at(const struct pager *p, size_t index, struct pager_view *ret)
{
    if (index >= p->incident_count)
        return false;
    const struct incident *in = p->incidents[index];
    struct pager_view view = {.page = &in->page, .want = in->want};
    // The second bound is known to hold; the compiler with its sanitizers wants to see it.
    for (size_t t = 0; t < p->target_count && t < NET_PAGE_TARGETS_MAX; t++) {
        const struct delivery *d = &in->at[t];
        view.told |= (uint32_t)(d->known == KNOWS) << t;
        view.left |= (uint32_t)is_undelivered(in, d) << t;
        if (d->attempts > view.attempts)
            view.attempts = d->attempts;
    }
    *ret = view;
    return true;
}

// --- saved state

static const char *const known_texts[] = {"nothing", "maybe", "told"};

static json_t *save_incident(const struct pager *p, const struct incident *in)
{
    json_t *targets = json_object();
    for (size_t t = 0; t < p->target_count; t++) {
        const struct delivery *d = &in->at[t];
        bool triggers =
            (d->in_flight && d->sent == PAGE_TRIGGER) || (d->waiting && in->want == PAGE_TRIGGER);
        bool unsure = triggers && d->known == KNOWS_NOTHING;
        json_object_set_new(
            targets, p->targets[t].name,
            json_pack("{s:s, s:b, s:b, s:i}", "knows", known_texts[unsure ? MAY_KNOW : d->known],
                      "waiting", d->waiting, "gave_up", d->gave_up, "attempts", (int)d->attempts));
    }
    return json_pack("{s:s, s:o, s:o}", "want", page_action_text(in->want), "page",
                     page_to_json(&in->page), "targets", targets);
}

json_t *pager_to_json(const struct pager *p)
{
    json_t *incidents = json_array();
    for (size_t i = 0; i < p->incident_count; i++)
        json_array_append_new(incidents, save_incident(p, p->incidents[i]));
    return json_pack("{s:i, s:o}", "version", 1, "incidents", incidents);
}

void pager_save(const struct pager *p, struct buf *ret)
{
    json_t *root = pager_to_json(p);
    char *text = json_dumps(root, JSON_COMPACT);
    if (!text)
        abort();
    buf_append_str(ret, text);
    free(text);
    json_decref(root);
}

static bool read_known(const json_t *value, enum known *ret)
{
    for (unsigned i = 0; json_is_string(value) && i < 3; i++) {
        if (strcmp(known_texts[i], json_string_value(value)) == 0) {
            *ret = (enum known)i;
            return true;
        }
    }
    return false;
}

static int load_delivery(const json_t *json, struct delivery *d, int64_t now_ms, struct err *e)
{
    const json_t *waiting = json_object_get(json, "waiting");
    const json_t *gave_up = json_object_get(json, "gave_up");
    const json_t *attempts = json_object_get(json, "attempts");
    json_int_t tried = json_integer_value(attempts);
    if (!read_known(json_object_get(json, "knows"), &d->known) || !json_is_boolean(waiting) ||
        !json_is_boolean(gave_up) || !json_is_integer(attempts) || tried < 0 || tried > INT32_MAX)
        return err_set(e, -EINVAL, "saved pages: a target's state is broken");
    d->waiting = json_is_true(waiting);
    d->gave_up = json_is_true(gave_up);
    d->attempts = (unsigned)tried;
    d->due_ms = now_ms;
    return 0;
}

static int load_incident(struct pager *p, const json_t *json, int64_t now_ms, struct err *e)
{
    CLEANUP_ARENA struct arena memory = {0};
    struct page page;
    const char *want = json_string_value(json_object_get(json, "want"));
    const json_t *targets = json_object_get(json, "targets");
    bool resolve = want && strcmp(want, "resolve") == 0;
    if (!want || (!resolve && strcmp(want, "trigger") != 0) || !json_is_object(targets))
        return err_set(e, -EINVAL, "saved pages: an incident is broken");
    int result = page_from_json(json_object_get(json, "page"), &memory, &page, e);
    if (result < 0)
        return err_context(e, "saved pages");
    if (find(p, page.dedup_key))
        return err_set(e, -EINVAL, "saved pages: an incident stands there twice");
    struct incident *in = add(p, &page);
    in->want = resolve ? PAGE_RESOLVE : PAGE_TRIGGER;
    for (size_t t = 0; t < p->target_count; t++) {
        const json_t *known = json_object_get(targets, p->targets[t].name);
        if (!known && !resolve)
            order(&in->at[t], now_ms);
        else if (known && (result = load_delivery(known, &in->at[t], now_ms, e)) < 0)
            return result;
        // A live page is told again to a target that forgets.
        if (!resolve && in->at[t].known == KNOWS && p->targets[t].refresh_ms > 0)
            in->at[t].waiting = true;
    }
    return 0;
}

static int load_root(struct pager *p, const json_t *root, int64_t now_ms, struct err *e)
{
    const json_t *incidents = json_object_get(root, "incidents");
    if (json_integer_value(json_object_get(root, "version")) != 1 || !json_is_array(incidents))
        return err_set(e, -EINVAL, "saved pages: not a state of version 1");
    if (json_array_size(incidents) > NET_PAGE_INCIDENTS_MAX)
        return err_set(e, -EINVAL, "saved pages: more than %d incidents", NET_PAGE_INCIDENTS_MAX);
    for (size_t i = 0; i < json_array_size(incidents); i++) {
        int result = load_incident(p, json_array_get(incidents, i), now_ms, e);
        if (result < 0)
            return result;
    }
    return 0;
}

int pager_from_json(struct pager *p, const json_t *state, int64_t now_ms, struct err *e)
{
    assert(p->incident_count == 0);
    int result = load_root(p, state, now_ms, e);
    while (result < 0 && p->incident_count > 0)
        incident_free(p->incidents[--p->incident_count]);
    drop_finished(p);
    return result;
}

int pager_load(struct pager *p, struct slice state, int64_t now_ms, struct err *e)
{
    json_error_t where;
    if (state.len > NET_PAGE_STATE_MAX)
        return err_set(e, -EINVAL, "saved pages: more than %d bytes", NET_PAGE_STATE_MAX);
    const char *bytes = state.len ? (const char *)state.data : "";
    json_t *root = json_loadb(bytes, state.len, JSON_REJECT_DUPLICATES, &where);
    if (!root)
        return err_set(e, -EINVAL, "saved pages: %s at byte %d", where.text, where.position);
    int result = pager_from_json(p, root, now_ms, e);
    json_decref(root);
    return result;
}
