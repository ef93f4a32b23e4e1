/* Handing over: the gathered ops of a bulk job are read from the store a few at a time, so that ten thousand of them never
 * stand in memory as records; the connector turns them into its own form. Until the ticket is on disk nothing has happened. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"
#include "bridge/sync/bulk.h"
#include "bridge/sync/verdict.h"

#define SLICE 200
#define SEND_MOST 5 /* a service that does not take a job after so many attempts gets the records one call at a time */

/* ---- letting go ---- */

bool bulk_let_go(struct route *r, struct op *op, const struct link *link, const struct err *why, struct err *err)
{
    enum then then = verdict_of(why->kind)->then;
    bool waits = then == THEN_RETRY || then == THEN_WAIT;
    int64_t due = waits ? verdict_due(why, 0, r->env) : r->env->now(r->env);
    op->bulk = 0;
    free(op->error);
    op->error = mem_dup(why->text);
    return store_op_put(r->store, op, err) &&
           store_job_mark(r->store, r->name, link->object, link->key, LANE_BACKFILL, due, "bulk", err);
}

static bool release_one(struct route *r, struct op *op, const struct err *why, struct err *err)
{
    struct link link __attribute__((cleanup(link_done))) = {0};
    bool found = false;
    if (!store_link_by_id(r->store, op->link, &link, &found, err))
        return false;
    if (!found)
        return store_op_delete(r->store, op->id, err);
    return link.t_id || bulk_let_go(r, op, &link, why, err); /* with a record: it was done, and waits to be read back */
}

static bool release_slice(struct route *r, struct op *ops, size_t n, const struct err *why, struct err *err)
{
    STORE_TX(tx, r->store);
    if (!store_begin(r->store, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!release_one(r, &ops[i], why, err))
            return false;
    return store_commit(r->store, err);
}

bool bulk_release(struct route *r, const struct bulk *bulk, const struct err *why, struct err *err)
{
    for (int64_t after = 0;;) {
        struct op *ops = NULL;
        size_t n = 0;
        if (!store_ops_bulk(r->store, bulk->id, after, SLICE, &ops, &n, err))
            return false;
        after = n ? ops[n - 1].id : after;
        bool ok = !n || release_slice(r, ops, n, why, err);
        ops_free(ops, n);
        if (!ok || !n)
            return ok && store_bulk_delete(r->store, bulk->id, err);
    }
}

bool bulk_later(struct route *r, struct bulk *bulk, const struct err *why, struct err *err)
{
    enum then then = verdict_of(why->kind)->then;
    bulk->due = verdict_due(why, bulk->attempts, r->env);
    bulk->attempts += then != THEN_WAIT;
    if (then == THEN_WAIT && why->retry_at > r->wait_until)
        r->wait_until = why->retry_at;
    if (then == THEN_PAUSE)
        route_stop(r, why);
    return store_bulk_put(r->store, bulk, err);
}

/* ---- handing over ---- */

struct part {
    struct route *r;
    struct bulk *bulk;
    json_t *names; /* every field some op sets */
    struct load load;
    int64_t last;  /* the last op taken */
    bool full;
};

static void part_done(struct part *p)
{
    json_decref(p->names);
    free((void *)p->load.fields);
    load_done(&p->load);
}

typedef bool slice_step(struct part *p, struct op *ops, size_t n, struct err *err);

static bool for_slices(struct part *p, slice_step *step, struct err *err)
{
    for (int64_t after = 0; !p->full;) {
        struct op *ops = NULL;
        size_t n = 0;
        if (!store_ops_bulk(p->r->store, p->bulk->id, after, SLICE, &ops, &n, err))
            return false;
        after = n ? ops[n - 1].id : after;
        bool ok = !n || step(p, ops, n, err);
        ops_free(ops, n);
        if (!ok || !n)
            return ok;
    }
    return true;
}

static bool note_names(struct part *p, struct op *ops, size_t n, struct err *err)
{
    (void)err;
    const char *name;
    json_t *v;
    for (size_t i = 0; i < n; i++)
        json_object_foreach (json_object_get(ops[i].payload, "set"), name, v)
            js_set(p->names, name, json_true());
    return true;
}

static const char **list_names(json_t *names)
{
    const char **out = mem_grow(NULL, json_object_size(names) + 1, sizeof *out), *name;
    json_t *v;
    size_t n = 0;
    json_object_foreach (names, name, v)
        out[n++] = name;
    out[n] = NULL;
    return out;
}

/* Taken, not taken because the job is full, or not to be said that way. */
static bool sort_out(struct part *p, struct op *op, const struct link *link, const struct result *res, struct err *err)
{
    if (!link->id)
        return store_op_delete(p->r->store, op->id, err);
    if (res->err.kind == ERR_NONE)
        p->last = op->id;
    else if (res->err.kind == ERR_TEMP)
        p->full = true;
    else
        return bulk_let_go(p->r, op, link, &res->err, err);
    return true;
}

static bool load_slice(struct part *p, struct op *ops, size_t n, struct err *err)
{
    struct route *r = p->r;
    struct endpoint *ep = r->ep[SIDE_T];
    struct patch patches[SLICE];
    AUTO_FREE struct result *results = mem_alloc(SLICE * sizeof *results);
    AUTO_FREE struct link *links = mem_alloc(SLICE * sizeof *links);
    bool ok = true, found = false;
    size_t have = 0;
    STORE_TX(tx, r->store);
    if (!store_begin(r->store, err))
        return false;
    for (; ok && have < n; have++) {
        ok = store_link_by_id(r->store, ops[have].link, &links[have], &found, err);
        patches[have] = (struct patch){.object = p->load.object, .key_field = p->load.key_field, .key = links[have].key,
                                       .trace = ops[have].trace, .set = json_object_get(ops[have].payload, "set")};
    }
    ok = ok && ep->kind->load(ep, patches, n, &p->load, results, err);
    for (size_t i = 0; ok && i < n; i++)
        ok = sort_out(p, &ops[i], &links[i], &results[i], err);
    for (size_t i = 0; i < have; i++) {
        link_done(&links[i]);
        result_done(&results[i]);
    }
    return ok && store_commit(r->store, err);
}

/* What did not fit waits for a job of its own. */
static bool keep_ticket(struct part *p, struct err *err)
{
    struct route *r = p->r;
    struct bulk *bulk = p->bulk, rest = {.route = bulk->route, .object = bulk->object, .due = r->env->now(r->env),
                                         .begun = bulk->begun, .rows = bulk->rows - (int64_t)p->load.n};
    STORE_TX(tx, r->store);
    if (!store_begin(r->store, err) ||
        (p->full && (!store_bulk_put(r->store, &rest, err) || !store_bulk_move(r->store, bulk->id, p->last, rest.id, err))))
        return false;
    bulk->ticket = p->load.ticket;
    bulk->due = r->env->now(r->env);
    bulk->attempts = 0;
    bulk->rows = (int64_t)p->load.n;
    p->load.ticket = NULL;
    return store_bulk_put(r->store, bulk, err) && store_commit(r->store, err);
}

static bool not_taken(struct route *r, struct bulk *bulk, const struct err *why, struct err *err)
{
    if (why->kind == ERR_STORE) {
        *err = *why;
        return false;
    }
    bool passes = why->kind == ERR_TEMP || why->kind == ERR_UNSURE || why->kind == ERR_STALE;
    bool waits = why->kind == ERR_RATE || why->kind == ERR_AUTH;
    return waits || (passes && bulk->attempts < SEND_MOST) ? bulk_later(r, bulk, why, err) : bulk_release(r, bulk, why, err);
}

bool bulk_send(struct route *r, struct bulk *bulk, struct err *err)
{
    struct bound *bound = route_object(r, bulk->object);
    struct part p __attribute__((cleanup(part_done))) = {.r = r, .bulk = bulk, .names = json_object()};
    struct endpoint *ep = r->ep[SIDE_T];
    struct err why = {0};
    if (!bound)
        return bulk_release(r, bulk, &(struct err){.kind = ERR_REJECT, .text = "the mapping has no such object"}, err);
    if (!for_slices(&p, note_names, err))
        return false;
    p.load = (struct load){.object = bound->o->type[SIDE_T], .key_field = bound->o->key, .fields = list_names(p.names)};
    if (!for_slices(&p, load_slice, &why) || (p.load.n && !ep->kind->load(ep, NULL, 0, &p.load, NULL, &why)))
        return not_taken(r, bulk, &why, err);
    return p.load.n ? keep_ticket(&p, err) : store_bulk_delete(r->store, bulk->id, err);
}
