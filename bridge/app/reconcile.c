/* Inbox's people by what was last heard of them, the CRM read by linked ids, chunk by chunk: the drift is told, and what an
 * ordinary sync can mend is marked for it. */
#include "bridge/app/reconcile.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "bridge/sync/drift.h"

#define CHUNK 500

void reconcile_init(struct reconcile *c, struct app *app, struct route *route)
{
    *c = (struct reconcile){.app = app, .route = route, .counts = json_object(), .cells = json_object(), .excluded = json_object(),
                            .rows = json_array()};
    for (int side = 0; side < 2; side++)
        c->before[side] = route->ep[side]->calls;
}

void reconcile_done(struct reconcile *c)
{
    json_decref(c->counts);
    json_decref(c->cells);
    json_decref(c->excluded);
    json_decref(c->rows);
    free(c->after);
    *c = (struct reconcile){0};
}

/* ---- comparing ---- */

static void count(json_t *counts, const char *name)
{
    js_set(counts, name, json_integer(js_int_or(counts, name, 0) + 1));
}

static void take_row(void *self, const json_t *row)
{
    struct reconcile *c = self;
    const char *class = js_str(row, "class");
    size_t i;
    json_t *cell;
    count(c->counts, class);
    json_array_foreach (json_object_get(row, "cells"), i, cell)
        count(c->cells, js_str(cell, "class"));
    if (str_eq(class, "excluded"))
        count(c->excluded, js_str_or(row, "why", "no reason"));
    else if (!str_eq(class, "in_sync"))
        json_array_append(c->rows, (json_t *)row);
}

/* *through: these are done. An endpoint that asks to wait is asked again later, about the same ones. */
static bool compare(struct reconcile *c, struct job *jobs, size_t n, bool *through, struct err *err)
{
    struct route *r = c->route;
    *through = true;
    c->wait = 0;
    if (!n)
        return true;
    for (int side = 0; side < 2; side++)
        r->ep[side]->lane = LANE_RECONCILE;
    if (!sync_drift(r, jobs, n, take_row, c, &c->wait, err))
        return false;
    *through = !c->wait;
    c->total += *through ? (int64_t)n : 0;
    return true;
}

static bool compare_subjects(struct reconcile *c, const struct bound *b, struct err *err)
{
    struct subject *all = NULL;
    struct job jobs[CHUNK];
    size_t n = 0;
    bool through = false;
    if (!store_subjects_after(c->app->store, c->route->ep[SIDE_S]->name, b->o->type[SIDE_S], c->after, CHUNK, &all, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        jobs[i] = (struct job){.object = b->o->name, .key = all[i].key, .why = (char *)"compare"};
    bool ok = compare(c, jobs, n, &through, err);
    if (ok && through) {
        free(c->after);
        c->after = n == CHUNK ? mem_dup(all[n - 1].key) : NULL;
        c->object += n < CHUNK;
    }
    subjects_free(all, n);
    return ok;
}

/* Links of children, and of subjects nobody knows any more. */
static bool wanted(struct reconcile *c, const struct link *l, bool *yes, struct err *err)
{
    struct bound *b = route_object(c->route, l->object);
    struct subject s __attribute__((cleanup(subject_done))) = {0};
    bool known = false;
    if (b && !b->o->of &&
        !store_subject_get(c->app->store, c->route->ep[SIDE_S]->name, b->o->type[SIDE_S], l->key, &s, &known, err))
        return false;
    *yes = b && !known;
    return true;
}

static bool compare_links(struct reconcile *c, bool *more, struct err *err)
{
    struct link *links = NULL;
    struct job jobs[CHUNK];
    size_t n = 0, due = 0;
    bool through = false, ok = true;
    if (!store_links_after(c->app->store, c->route->name, c->after_link, CHUNK, &links, &n, err))
        return false;
    for (size_t i = 0; ok && i < n; i++) {
        bool yes = false;
        ok = wanted(c, &links[i], &yes, err);
        jobs[due] = (struct job){.object = links[i].object, .key = links[i].key, .why = (char *)"compare"};
        due += yes;
    }
    ok = ok && compare(c, jobs, due, &through, err);
    if (ok && through && n)
        c->after_link = links[n - 1].id;
    *more = !through || n == CHUNK;
    links_free(links, n);
    return ok;
}

bool reconcile_step(struct reconcile *c, bool *more, struct err *err)
{
    struct route *r = c->route;
    *more = true;
    while (c->object < r->n && r->objects[c->object].o->of)
        c->object++;
    return c->object < r->n ? compare_subjects(c, &r->objects[c->object], err) : compare_links(c, more, err);
}

/* ---- telling ---- */

json_t *reconcile_report(struct reconcile *c, struct err *err)
{
    const struct route *r = c->route;
    char at[WHEN_TEXT];
    when_print(c->app->env.now(&c->app->env), at);
    json_t *out = json_pack("{s:s,s:s,s:I,s:O,s:O,s:O,s:{s:I,s:I}}", "route", r->name, "at", at, "compared", c->total, "records",
                            c->counts, "cells", c->cells, "excluded", c->excluded, "calls", "inbox",
                            (json_int_t)(r->ep[SIDE_S]->calls - c->before[SIDE_S]), "crm",
                            (json_int_t)(r->ep[SIDE_T]->calls - c->before[SIDE_T]));
    AUTO_FREE char *name = mem_printf("drift:%s", r->name), *text = js_print(out);
    if (err->kind == ERR_NONE && !store_meta_set(c->app->store, name, text, err))
        err_wrap(err, "keep the report");
    json_object_set(out, "rows", c->rows);
    return out;
}

/* ---- mending ---- */

bool reconcile_mark(struct reconcile *c, bool accept, struct err *err)
{
    struct route *r = c->route;
    size_t i;
    json_t *row;
    STORE_TX(tx, r->store);
    if (!store_begin(r->store, err))
        return false;
    json_array_foreach (c->rows, i, row)
        if (drift_mendable(js_str(row, "class")) &&
            !store_job_mark(r->store, r->name, js_str(row, "object"), js_str(row, "key"), LANE_RECONCILE,
                            r->env->now(r->env), "compare", err))
            return false;
    return (!accept || store_jobs_wake(r->store, r->name, "risky", err)) && store_commit(r->store, err);
}

bool reconcile_enumerate(struct app *app, const struct route *only, struct err *err)
{
    for (size_t i = 0; i < app->n_endpoints; i++) {
        struct app_endpoint *e = &app->endpoints[i];
        bool wanted_here = !only || only->ep[SIDE_S] == e->ep;
        if (wanted_here && intake_is_source(&e->intake) && !intake_restart(&e->intake, err))
            return false;
    }
    return true;
}
