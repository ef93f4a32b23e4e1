/* What became of a bulk job. A record that was made becomes its link's, and the op stays open: the ordinary recovery reads the
 * record back by id and takes its shadows from what is there. Whatever was not made goes on alone. All of it may be told
 * twice, from the beginning, after a cut at any moment: who was settled rides no more, and is passed over. */
#include "bridge/base/mem.h"
#include "bridge/sync/batch.h"
#include "bridge/sync/bulk.h"
#include "bridge/sync/survey.h"
#include "bridge/sync/verdict.h"

#define LOOK_FIRST_MS 2000
#define LOOK_MOST_MS (60 * 1000)

static struct op *rider(struct op *ops, size_t n, int64_t bulk)
{
    for (size_t i = 0; i < n; i++)
        if (ops[i].bulk == bulk && ops[i].state == OP_OPEN)
            return &ops[i];
    return NULL;
}

/* A record that is another link's already is not believed: the ordinary road finds out. */
static bool made(struct route *r, struct op *op, struct link *link, const struct result *res, struct err *err)
{
    struct link other __attribute__((cleanup(link_done))) = {0};
    bool taken = false;
    if (!store_link_by_target(r->store, r->name, link->t_type, res->record.id, &other, &taken, err))
        return false;
    if (taken) {
        struct err why = {0};
        err_set(&why, ERR_REJECT, "the service names a record that belongs to %s", other.key);
        return bulk_let_go(r, op, link, &why, err);
    }
    link->t_id = mem_dup(res->record.id);
    return store_link_put(r->store, link, err) &&
           store_job_mark(r->store, r->name, link->object, link->key, LANE_BACKFILL, r->env->now(r->env), "bulk", err);
}

static bool take_one(struct route *r, const struct bulk *bulk, const struct result *res, struct err *err)
{
    struct link link __attribute__((cleanup(link_done))) = {0};
    struct op *ops = NULL;
    size_t n = 0;
    bool found = false, ok = true;
    if (!res->record.key)
        return true;
    if (!store_link_get(r->store, r->name, bulk->object, res->record.key, &link, &found, err))
        return false;
    if (!found || link.t_id)
        return true;
    if (!store_ops_of(r->store, link.id, &ops, &n, err))
        return false;
    struct op *op = rider(ops, n, bulk->id);
    if (op)
        ok = res->err.kind == ERR_NONE ? made(r, op, &link, res, err) : bulk_let_go(r, op, &link, &res->err, err);
    ops_free(ops, n);
    return ok;
}

static bool take_items(struct route *r, const struct bulk *bulk, const struct harvest *h, struct err *err)
{
    STORE_TX(tx, r->store);
    if (!h->n)
        return true;
    if (!store_begin(r->store, err))
        return false;
    for (size_t i = 0; i < h->n; i++)
        if (!take_one(r, bulk, &h->items[i], err))
            return false;
    return store_commit(r->store, err);
}

int64_t bulk_patience(const struct bulk *bulk, int64_t now)
{
    int64_t wait = LOOK_FIRST_MS;
    for (int i = 0; i < bulk->attempts && wait < LOOK_MOST_MS; i++)
        wait *= 2;
    return now + (wait < LOOK_MOST_MS ? wait : LOOK_MOST_MS);
}

static bool look_again(struct route *r, struct bulk *bulk, struct err *err)
{
    bulk->due = bulk_patience(bulk, r->env->now(r->env));
    bulk->attempts++;
    return store_bulk_put(r->store, bulk, err);
}

/* Only a job the service does not know is given up: any other may still be at work. */
static bool not_told(struct route *r, struct bulk *bulk, struct err *why, struct err *err)
{
    if (why->kind == ERR_GONE)
        return bulk_release(r, bulk, why, err);
    if (why->kind == ERR_REJECT || why->kind == ERR_LIMIT || why->kind == ERR_BUG)
        why->kind = ERR_TEMP;
    return bulk_later(r, bulk, why, err);
}

bool bulk_collect(struct route *r, struct bulk *bulk, struct err *err)
{
    struct harvest h __attribute__((cleanup(harvest_done))) = {0};
    struct endpoint *ep = r->ep[SIDE_T];
    do {
        struct err why = {0};
        if (!ep->kind->collect(ep, bulk->ticket, &h, &why))
            return not_told(r, bulk, &why, err);
        if (h.running)
            return look_again(r, bulk, err);
        if (!take_items(r, bulk, &h, err))
            return false;
    } while (h.more);
    return bulk_release(r, bulk, &h.rest, err);
}

/* ---- the step ---- */

static bool wants(const struct bulk *bulk, bool idle, int64_t now)
{
    if (bulk->kind == BULK_QUERY)
        return !bulk->over && bulk->due <= now;
    return bulk->due <= now || (!bulk->ticket && (idle || bulk->rows >= BULK_ROWS));
}

static bool do_step(struct route *r, struct bulk *bulk, struct err *err)
{
    if (bulk->kind == BULK_QUERY)
        return survey_step(r, bulk, err);
    r->ep[SIDE_T]->lane = LANE_BACKFILL;
    return bulk->ticket ? bulk_collect(r, bulk, err) : bulk_send(r, bulk, err);
}

static bool any_query(const struct bulk *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].kind == BULK_QUERY)
            return true;
    return false;
}

bool bulk_step(struct route *r, bool idle, bool *worked, struct err *err)
{
    struct bulk *list = NULL;
    size_t n = 0, at = 0;
    if (!store_bulks(r->store, r->name, &list, &n, err))
        return false;
    while (at < n && !wants(&list[at], idle, r->env->now(r->env)))
        at++;
    bool ok = true;
    if (at < n) {
        ok = do_step(r, &list[at], err);
        *worked = true;
    } else if (idle && any_query(list, n)) {
        ok = survey_tidy(r, err);
    }
    bulks_free(list, n);
    return ok;
}
