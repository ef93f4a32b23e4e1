/* What must not happen by the hundred. Creates beyond max_creates wait for a plan; detaches and clears come last in a pass, when
 * their number is known, and stop before the first one when there are too many. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"
#include <string.h>

/* ---- detaches and clears ---- */

static bool risky_allowed(struct batch *b, int64_t *count, struct err *err)
{
    int64_t states[8] = {0}, links = 0;
    struct route *r = b->r;
    if (!store_jobs_why(r->store, r->name, "risky", count, err) || !store_link_counts(r->store, r->name, states, err))
        return false;
    for (size_t i = 0; i < COUNT(states); i++)
        links += states[i];
    int64_t most = links * r->mass_percent / 100;
    if (most < r->mass_least)
        most = r->mass_least;
    if (*count <= most || r->accept_mass)
        *count = 0;
    return true;
}

/* What was risky when it was last looked at may have mended itself since. */
static bool risky(const struct item *it)
{
    return it->final && (it->detaches || (!it->off && it->planned && it->plan.clears));
}

/* The risky jobs come last; their number is what this pass would detach or clear. */
static bool guard_mass(struct batch *b, struct err *err)
{
    bool any = false;
    for (size_t i = 0; i < b->n; i++)
        any |= risky(&b->items[i]);
    int64_t too_many = 0;
    if (any && !b->dry && !risky_allowed(b, &too_many, err))
        return false;
    for (size_t i = 0; i < b->n; i++) {
        struct item *it = &b->items[i];
        if (b->dry || !risky(it))
            continue;
        if (too_many) {
            it->due = b->r->env->now(b->r->env) + 60 * 60 * 1000;
            item_off(it, NEXT_LATER, "risky");
            b->r->tally.guarded++;
        } else if (it->detaches) {
            place_detach(b, it);
        }
    }
    return true;
}

static void guard_clears(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        struct item *it = &b->items[i];
        if (!it->off && it->planned && it->plan.clears && !it->final && !b->dry && !it->create)
            item_off(it, NEXT_AGAIN, "risky");
    }
}

/* ---- creates ---- */

#define A_DAY_MS (24 * 60 * 60 * INT64_C(1000))

static char *created_name(const struct route *r, const struct map_object *o)
{
    return mem_printf("creates:%s:%s", r->name, o->name);
}

/* How many were made without approval within a day: [since, n] in the store, so that neither small batches nor restarts are a way
 * around the guard. */
static bool created_lately(struct route *r, const struct map_object *o, int64_t *since, int64_t *n, struct err *err)
{
    AUTO_FREE char *name = created_name(r, o), *text = NULL;
    int64_t now = r->env->now(r->env);
    if (!store_meta_get(r->store, name, &text, err))
        return false;
    AUTO_JSON json_t *kept = text ? js_parse(text, strlen(text), NULL) : NULL;
    *since = json_integer_value(json_array_get(kept, 0));
    *n = json_integer_value(json_array_get(kept, 1));
    if (*since > now || now - *since >= A_DAY_MS) {
        *since = now;
        *n = 0;
    }
    return true;
}

/* Nobody has to ask: a plan was applied, or somebody said yes. */
static bool approved(const struct batch *b, bool *yes, struct err *err)
{
    AUTO_FREE char *name = mem_printf("approved:%s", b->r->name), *text = NULL;
    bool ok = b->r->yes || store_meta_get(b->r->store, name, &text, err);
    *yes = b->r->yes || text;
    return ok;
}

bool guard_count(struct batch *b, struct err *err)
{
    bool yes = false;
    if (!approved(b, &yes, err))
        return false;
    if (yes)
        return true;
    for (size_t k = 0; k < b->r->n; k++) {
        int64_t made = 0, since = 0, n = 0;
        for (size_t i = 0; i < b->n; i++)
            made += b->items[i].b == &b->r->objects[k] && b->items[i].create && b->items[i].out[SIDE_T].wanted &&
                    b->items[i].out[SIDE_T].result.err.kind == ERR_NONE;
        if (!made)
            continue;
        if (!created_lately(b->r, b->r->objects[k].o, &since, &n, err))
            return false;
        AUTO_FREE char *name = created_name(b->r, b->r->objects[k].o), *text = mem_printf("[%lld,%lld]", (long long)since, (long long)(n + made));
        if (!store_meta_set(b->r->store, name, text, err))
            return false;
    }
    return true;
}

static bool to_be_made(const struct batch *b, const struct item *it, size_t object)
{
    return !it->off && it->create && it->b == &b->r->objects[object];
}

static void withhold(struct batch *b, size_t object)
{
    for (size_t i = 0; i < b->n; i++)
        if (to_be_made(b, &b->items[i], object)) {
            b->items[i].due = b->r->env->now(b->r->env) + 60 * 60 * 1000;
            item_off(&b->items[i], NEXT_LATER, WHY_WITHHELD);
            b->r->tally.withheld++;
        }
}

/* Creates beyond max_creates wait until a plan was applied or the operator said yes; once some wait, all do. */
static bool guard_creates(struct batch *b, struct err *err)
{
    struct route *r = b->r;
    bool yes = false;
    if (b->dry)
        return true;
    if (!approved(b, &yes, err))
        return false;
    if (yes)
        return true;
    for (size_t k = 0; k < r->n; k++) {
        int64_t wanted = 0, waiting = 0, since = 0, n = 0;
        for (size_t i = 0; i < b->n; i++)
            wanted += to_be_made(b, &b->items[i], k);
        if (!wanted)
            continue;
        if (!store_jobs_why(r->store, r->name, WHY_WITHHELD, &waiting, err) || !created_lately(r, r->objects[k].o, &since, &n, err))
            return false;
        if (waiting || n + wanted > r->objects[k].o->max_creates)
            withhold(b, k);
    }
    return true;
}

bool guard_batch(struct batch *b, struct err *err)
{
    guard_clears(b);
    return guard_mass(b, err) && guard_creates(b, err);
}
