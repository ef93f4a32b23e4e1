/* A survey is driven by the worker, or by who compares by hand. Whatever of it fails is no fault of the route: what was not told
 * is read by id, as it always was. A job that a cut left behind goes on under its ticket. */
#include "bridge/sync/survey.h"
#include "bridge/base/js.h"
#include "bridge/base/log.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "bridge/sync/batch.h"
#include "bridge/sync/bulk.h"
#include "bridge/sync/verdict.h"

#define SLICE 500
#define TRIES_MOST 6
#define WAIT_MOST_MS (2 * 60 * 60 * 1000)  /* a job that has told nothing by then is not waited for */
#define BELIEVED_MS (24 * 60 * 60 * 1000)

/* ---- begin and end ---- */

static bool able(const struct route *r)
{
    const struct endpoint *ep = r->ep[SIDE_T];
    unsigned needs = CAP_SURVEY | CAP_FETCH; /* what it does not tell is fetched */
    return ep && ep->survey_from > 0 && (ep->caps & needs) == needs;
}

/* What is only ever written is not compared. */
static bool enough(struct route *r, const struct bound *b, int64_t most, int64_t *count, struct err *err)
{
    *count = 0;
    if (!able(r) || b->o->digest || !b->o->key)
        return true;
    return store_links_many(r->store, r->name, b->o->name, b->o->type[SIDE_T], most, count, err);
}

bool survey_covers(struct route *r, int64_t *rows, struct err *err)
{
    *rows = 0;
    for (size_t i = 0; i < r->n; i++) {
        int64_t count = 0;
        if (!enough(r, &r->objects[i], INT64_MAX, &count, err))
            return false;
        *rows += count && count >= r->ep[SIDE_T]->survey_from ? count : 0;
    }
    return true;
}

bool survey_begin(struct route *r, struct err *err)
{
    if (!survey_end(r, err))
        return false;
    for (size_t i = 0; able(r) && i < r->n; i++) {
        int64_t count = 0, now = r->env->now(r->env), from = r->ep[SIDE_T]->survey_from;
        struct bulk fresh = {.route = (char *)r->name, .object = r->objects[i].o->name, .kind = BULK_QUERY, .due = now, .begun = now};
        if (!enough(r, &r->objects[i], from, &count, err))
            return false;
        if (count && count >= from && !store_bulk_put(r->store, &fresh, err))
            return false;
    }
    return true;
}

/* Nobody reads it to its end: the service may stop. Whether it heard that does not matter. */
static void call_off(struct route *r, const struct bulk *bulk)
{
    struct endpoint *ep = r->ep[SIDE_T];
    struct bound *b = route_object(r, bulk->object);
    struct survey s __attribute__((cleanup(survey_done))) = {.drop = true, .ticket = mem_dup(bulk->ticket)};
    struct err ignored = {0};
    if (!b || !bulk->ticket || bulk->over)
        return;
    s.object = b->o->type[SIDE_T];
    s.key_field = b->o->key;
    s.fields = b->needed[SIDE_T];
    if (!ep->kind->survey(ep, &s, &ignored))
        log_debug("survey.left", "route", r->name, "why", ignored.text, NULL);
}

static bool end_one(struct route *r, const struct bulk *bulk, struct err *err)
{
    size_t gone = 1;
    call_off(r, bulk);
    while (gone)
        if (!store_seen_clear(r->store, bulk->id, SLICE, &gone, err))
            return false;
    return store_bulk_delete(r->store, bulk->id, err);
}

bool survey_end(struct route *r, struct err *err)
{
    struct bulk *list = NULL;
    size_t n = 0;
    bool ok = true;
    if (!store_bulks(r->store, r->name, &list, &n, err))
        return false;
    for (size_t i = 0; ok && i < n; i++)
        if (list[i].kind == BULK_QUERY)
            ok = end_one(r, &list[i], err);
    bulks_free(list, n);
    return ok;
}

bool survey_tidy(struct route *r, struct err *err)
{
    int64_t left = 0;
    if (r->comparing)
        return true;
    return store_jobs_why(r->store, r->name, "compare", &left, err) && (left || survey_end(r, err));
}

/* ---- taking in what is told ---- */

/* Only what is linked matters, and only what is where its link says: the fate of all others is found out by id. */
static bool keep_record(struct route *r, const struct bulk *bulk, const char *t_type, const struct record *rec, int64_t *kept,
                        struct err *err)
{
    struct link link __attribute__((cleanup(link_done))) = {0};
    bool found = false;
    if (rec->err.kind != ERR_NONE || rec->state != RECORD_LIVE || !rec->fields)
        return true;
    if (!store_link_by_target(r->store, r->name, t_type, rec->id, &link, &found, err))
        return false;
    if (!found || !str_eq(link.object, bulk->object))
        return true;
    *kept += 1;
    AUTO_JSON json_t *seen = json_pack("{s:s,s:I,s:I,s:O}", "id", rec->id, "modified", (json_int_t)rec->modified, "as_of",
                                       (json_int_t)rec->as_of, "fields", rec->fields);
    return store_seen_put(r->store, link.id, bulk->id, seen, err);
}

static void note_place(struct route *r, struct bulk *bulk, const struct survey *s, int64_t kept)
{
    int64_t now = r->env->now(r->env);
    free(bulk->ticket);
    bulk->ticket = mem_dup(s->ticket);
    bulk->rows += kept;
    bulk->over = s->over;
    bulk->due = s->over ? WHEN_NEVER : s->running ? bulk_patience(bulk, now) : now;
    bulk->attempts = s->running ? bulk->attempts + 1 : 0;
}

/* The records and the place behind them, in one transaction; in the middle of a page the place is the same. */
static bool keep(struct route *r, struct bulk *bulk, const struct survey *s, int64_t *kept, struct err *err)
{
    STORE_TX(tx, r->store);
    if (!store_begin(r->store, err))
        return false;
    for (size_t i = 0; i < s->n; i++)
        if (!keep_record(r, bulk, s->object, &s->items[i], kept, err))
            return false;
    if (!s->more) {
        note_place(r, bulk, s, *kept);
        if (!store_bulk_put(r->store, bulk, err))
            return false;
    }
    return store_commit(r->store, err);
}

static bool give_up(struct route *r, struct bulk *bulk, const struct err *why, struct err *err)
{
    free(bulk->error);
    bulk->error = mem_dup(why->text);
    bulk->over = true;
    bulk->due = WHEN_NEVER;
    log_warn("survey.given_up", "route", r->name, "object", bulk->object, "why", why->text, NULL);
    return store_bulk_put(r->store, bulk, err);
}

static bool not_told(struct route *r, struct bulk *bulk, const struct err *why, struct err *err)
{
    enum then then = verdict_of(why->kind)->then;
    bool passes = then == THEN_RETRY || then == THEN_AGAIN;
    if (then == THEN_WAIT || (passes && bulk->attempts < TRIES_MOST))
        return bulk_later(r, bulk, why, err);
    return give_up(r, bulk, why, err);
}

static bool too_long(struct route *r, const struct bulk *bulk, struct err *why)
{
    bool waiting = !bulk->rows && r->env->now(r->env) - bulk->begun > WAIT_MOST_MS;
    return waiting && !err_set(why, ERR_TEMP, "the service has been at it for two hours and told nothing");
}

bool survey_step(struct route *r, struct bulk *bulk, struct err *err)
{
    struct bound *b = route_object(r, bulk->object);
    struct endpoint *ep = r->ep[SIDE_T];
    struct survey s __attribute__((cleanup(survey_done))) = {.ticket = mem_dup(bulk->ticket)};
    int64_t kept = 0;
    struct err why = {0};
    if (!b || !able(r))
        return give_up(r, bulk, &(struct err){.kind = ERR_CONFIG, .text = "the mapping or the account has changed"}, err);
    if (too_long(r, bulk, &why))
        return give_up(r, bulk, &why, err);
    s.object = b->o->type[SIDE_T];
    s.key_field = b->o->key;
    s.fields = b->needed[SIDE_T];
    ep->lane = LANE_RECONCILE;
    do {
        if (!ep->kind->survey(ep, &s, &why))
            return not_told(r, bulk, &why, err);
        if (!keep(r, bulk, &s, &kept, err))
            return false;
    } while (s.more);
    return true;
}

bool survey_due(struct route *r, int64_t *due, struct err *err)
{
    struct bulk *list = NULL;
    size_t n = 0;
    if (!store_bulks(r->store, r->name, &list, &n, err))
        return false;
    *due = 0;
    for (size_t i = 0; i < n; i++)
        if (list[i].kind == BULK_QUERY && !list[i].over && (!*due || list[i].due < *due))
            *due = list[i].due;
    bulks_free(list, n);
    return true;
}

bool survey_some(struct route *r, int64_t *due, struct err *err)
{
    struct bulk *list = NULL;
    size_t n = 0;
    bool ok = store_bulks(r->store, r->name, &list, &n, err);
    for (size_t i = 0; ok && i < n; i++)
        if (list[i].kind == BULK_QUERY && !list[i].over && list[i].due <= r->env->now(r->env))
            ok = survey_step(r, &list[i], err);
    bulks_free(list, n);
    return ok && survey_due(r, due, err);
}

/* ---- believing it ---- */

/* Nobody but the comparison asks, and nothing about this link is open. */
static bool plain(const struct item *it)
{
    return !it->off && it->b && it->link.id && it->link.t_id && !it->has_t && it->link.state == LINK_LINKED && !it->link.secondary &&
           !it->link.reason && !it->link.behind && !it->n_holds && !it->n_ops && !it->final && !it->whole && it->known && !it->subject.stale &&
           it->subject.fields && it->job->lane == LANE_RECONCILE && !it->job->attempts && str_eq(it->job->why, "compare");
}

static bool nothing_to_do(const struct link_plan *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->cells[i].act != ACT_NONE || p->cells[i].write[SIDE_S] || p->cells[i].write[SIDE_T])
            return false;
    return !p->unknown && !p->adopts && !p->holds && !p->clears;
}

/* As it would be decided; undone unless nothing has to be done. */
static bool in_step(struct batch *b, struct item *it)
{
    struct link_plan plan = {0};
    if (it->t.as_of + BELIEVED_MS < b->r->env->now(b->r->env) || place_stale(b, it))
        return false;
    struct sides in = item_sides(b, it);
    plan_cells(it->b->o, it->link.cells, &in, NULL, 0, &plan);
    bool yes = nothing_to_do(&plan);
    plan_done(&plan);
    return yes;
}

static bool recall(struct batch *b, struct item *it, struct err *err)
{
    AUTO_JSON json_t *seen = NULL;
    if (!store_seen_get(b->r->store, it->link.id, &seen, err))
        return false;
    if (!seen || !str_eq(js_str(seen, "id"), it->link.t_id) || !json_is_object(json_object_get(seen, "fields")))
        return true;
    it->t = (struct record){.id = mem_dup(it->link.t_id),
                            .modified = js_int_or(seen, "modified", 0),
                            .as_of = js_int_or(seen, "as_of", 0),
                            .fields = json_incref(json_object_get(seen, "fields"))};
    it->has_t = true;
    if (in_step(b, it))
        return true;
    record_done(&it->t);
    it->t = (struct record){0};
    it->has_t = false;
    return true;
}

bool survey_recall(struct batch *b, struct err *err)
{
    for (size_t i = 0; able(b->r) && i < b->n; i++)
        if (plain(&b->items[i]) && !recall(b, &b->items[i], err))
            return false;
    return true;
}
