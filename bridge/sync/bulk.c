/* Which creates are left to a bulk job. It is worth it only for many, so the due ones without a record are counted; and only
 * for those nobody waits for. Whoever rides in a job is left alone until the job has told; what it did not do goes by itself,
 * on the ordinary road, which is also where refusals are split field by field. */
#include "bridge/sync/bulk.h"
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"

#define GATHER_MS (10 * 60 * 1000) /* a service that is never idle does not put it off for ever */
#define FEW_MS (60 * 1000)

/* ---- who waits ---- */

static struct op *riding(const struct item *it)
{
    for (size_t i = 0; !it->off && !it->link.t_id && i < it->n_ops; i++)
        if (it->ops[i].state == OP_OPEN && it->ops[i].side == SIDE_T && it->ops[i].bulk)
            return &it->ops[i];
    return NULL;
}

static bool under_way(const struct bulk *list, size_t n, int64_t id)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].id == id)
            return true;
    return false;
}

bool bulk_wait(struct batch *b, struct err *err)
{
    struct bulk *list = NULL;
    size_t n = 0;
    bool any = false, ok = true;
    for (size_t i = 0; i < b->n && !any; i++)
        any = riding(&b->items[i]) != NULL;
    if (!any)
        return true;
    if (!store_bulks(b->r->store, b->r->name, &list, &n, err))
        return false;
    for (size_t i = 0; ok && i < b->n; i++) {
        struct op *op = riding(&b->items[i]);
        if (op && under_way(list, n, op->bulk)) {
            b->items[i].due = b->r->env->now(b->r->env) + BULK_LIFE_MS;
            item_off(&b->items[i], NEXT_LATER, "bulk");
        } else if (op) { /* a job nobody knows: a write in doubt like any other */
            op->bulk = 0;
            ok = b->dry || store_op_put(b->r->store, op, err);
        }
    }
    bulks_free(list, n);
    return ok;
}

/* ---- who rides ---- */

static bool able(const struct batch *b)
{
    const struct endpoint *ep = b->r->ep[SIDE_T];
    unsigned needs = CAP_BULK | CAP_FETCH | CAP_FIND; /* what came of it is read back, or looked for */
    return b->bulk && !b->dry && ep->bulk_from > 0 && (ep->caps & needs) == needs && !(b->r->without & WITHOUT_INTENTS);
}

static bool fit(const struct item *it, const struct bound *bound)
{
    return it->b == bound && !it->off && it->planned && it->create && !it->direct && !it->parent.id &&
           it->job->lane >= LANE_BACKFILL;
}

/* The job that is being gathered; NULL: none. */
static struct bulk *gathered(struct bulk *list, size_t n, const char *object)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].kind == BULK_INGEST && !list[i].ticket && list[i].rows < BULK_ROWS && str_eq(list[i].object, object))
            return &list[i];
    return NULL;
}

static bool many(const struct batch *b, struct bound *bound, bool *yes, struct err *err)
{
    struct route *r = b->r;
    int64_t now = r->env->now(r->env), most = r->ep[SIDE_T]->bulk_from, count = 0;
    *yes = false;
    if (now < bound->few_until)
        return true;
    if (!store_bulk_due(r->store, r->name, bound->o->name, LANE_BACKFILL, now, most, &count, err))
        return false;
    *yes = count >= most;
    bound->few_until = *yes ? 0 : now + FEW_MS;
    return true;
}

/* Does another part of a load just begun wait? Then the rest of it rides too, however few they are. */
static bool begun(const struct bulk *list, size_t n, const char *object)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].kind == BULK_INGEST && !list[i].ticket && str_eq(list[i].object, object))
            return true;
    return false;
}

static bool stage_object(struct batch *b, struct bound *bound, struct bulk *list, size_t n, struct err *err)
{
    struct bulk fresh = {.route = (char *)b->r->name, .object = bound->o->name, .due = b->r->env->now(b->r->env) + GATHER_MS,
                         .begun = b->r->env->now(b->r->env)};
    struct bulk *into = gathered(list, n, bound->o->name);
    int64_t riders = 0;
    for (size_t i = 0; i < b->n; i++)
        riders += fit(&b->items[i], bound);
    bool yes = into || begun(list, n, bound->o->name);
    if (!riders)
        return true;
    if (!yes && !many(b, bound, &yes, err))
        return false;
    if (!yes)
        return true;
    into = into ? into : &fresh;
    into->rows += riders;
    if (!store_bulk_put(b->r->store, into, err))
        return false;
    for (size_t i = 0; i < b->n; i++)
        if (fit(&b->items[i], bound))
            b->items[i].bulk = into->id;
    return true;
}

bool bulk_stage(struct batch *b, struct err *err)
{
    struct bulk *list = NULL;
    size_t n = 0;
    bool ok = true;
    if (!able(b))
        return true;
    if (!store_bulks(b->r->store, b->r->name, &list, &n, err))
        return false;
    for (size_t k = 0; ok && k < b->r->n; k++) {
        struct bound *bound = &b->r->objects[k];
        if (!bound->o->of && !bound->o->digest)
            ok = stage_object(b, bound, list, n, err);
    }
    bulks_free(list, n);
    return ok;
}
