/* The road up to the decision, and a name for what was decided. A record has one class: what is wrong with the record comes
 * before what is wrong with its cells. */
#include "bridge/sync/drift.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"
#include <stdatomic.h>

const char *const drift_classes[DRIFT_CLASSES] = {
    "in_sync", "s_ahead",        "t_ahead",       "conflict",     "held",     "missing_in_crm", "detached",
    "merged",  "unlinked_match", "duplicate_key", "schema_drift", "excluded", "unread"};

bool drift_mendable(const char *class)
{
    static const char *const mended[] = {"s_ahead",        "t_ahead", "conflict",
                                         "missing_in_crm", "merged",  "unlinked_match"};
    for (size_t i = 0; i < COUNT(mended); i++)
        if (str_eq(class, mended[i]))
            return true;
    return false;
}

/* ---- cells ---- */

static const char *class_of_cell(const struct cell_plan *c)
{
    if (c->act == ACT_HOLD)
        return c->held ? "held" : "conflict";
    if (!c->write[0] && !c->write[1])
        return NULL;
    return c->conflict || c->merged ? "conflict" : c->write[SIDE_T] ? "s_ahead" : "t_ahead";
}

static json_t *cells_of(const struct item *it)
{
    json_t *cells = json_array();
    for (size_t i = 0; it->planned && i < it->plan.n; i++) {
        const struct cell_plan *c = &it->plan.cells[i];
        const char *class = class_of_cell(c);
        if (class && !it->create)
            js_add(cells, json_pack("{s:s,s:s,s:O?,s:O?,s:s?}", "field", c->f->name, "class", class, "inbox",
                                    c->now[SIDE_S], "crm", c->now[SIDE_T], "why", c->why));
    }
    return cells;
}

static bool any(const json_t *cells, const char *class)
{
    size_t i;
    json_t *cell;
    json_array_foreach ((json_t *)cells, i, cell)
        if (str_eq(js_str(cell, "class"), class))
            return true;
    return false;
}

/* ---- records ---- */

/* Where the record is not where the link says, or there is no link. NULL: it is. */
static const char *class_of_place(const struct item *it, const char **why)
{
    *why = it->why;
    if (it->err.kind != ERR_NONE || (it->off && it->next == NEXT_LATER)) {
        *why = it->err.kind ? it->err.text : it->why;
        return "unread";
    }
    if (it->link.state == LINK_AMBIGUOUS)
        return "duplicate_key";
    if (it->has_t && (it->t.state == RECORD_ARCHIVED || it->t.state == RECORD_GONE))
        return "missing_in_crm";
    if (str_eq(it->event, "remapped") || it->link.secondary)
        return "merged";
    if (it->link.state == LINK_DETACHED)
        return "detached";
    if (it->off)
        return "excluded";
    if (it->create) {
        *why = it->link.state == LINK_CREATING ? "its create has not been confirmed" : "not created yet";
        return "missing_in_crm";
    }
    return it->event ? "unlinked_match" : NULL;
}

static const char *class_of_cells(const struct item *it, const json_t *cells)
{
    static const char *const order[] = {"conflict", "held", "s_ahead", "t_ahead"};
    if (it->plan.unknown)
        return "schema_drift";
    for (size_t i = 0; i < COUNT(order); i++)
        if (any(cells, order[i]))
            return order[i];
    return "in_sync";
}

static json_t *row_of(const struct item *it)
{
    const char *why = NULL, *class = class_of_place(it, &why);
    json_t *cells = cells_of(it), *row = json_object();
    js_set(row, "object", json_string(it->job->object));
    js_set(row, "key", json_string(it->job->key));
    js_set(row, "label", js_text(it->subject.label));
    js_set(row, "t_id", js_text(it->link.t_id));
    js_set(row, "class", json_string(class ? class : class_of_cells(it, cells)));
    js_set(row, "why", js_text(why));
    js_set(row, "cells", cells);
    return row;
}

/* ---- comparisons on schedule ---- */

static void note_class(struct route *r, const char *class)
{
    for (size_t i = 0; i < DRIFT_CLASSES; i++)
        if (str_eq(class, drift_classes[i]))
            atomic_fetch_add(&r->drift[i], 1);
}

void drift_note(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct item *it = &b->items[i];
        if (!str_eq(it->job->why, "compare"))
            continue;
        AUTO_JSON json_t *cells = cells_of(it);
        const char *why = NULL, *class = class_of_place(it, &why);
        note_class(b->r, class ? class : class_of_cells(it, cells));
    }
}

void drift_take(struct route *r, json_t *counts)
{
    for (size_t i = 0; i < DRIFT_CLASSES; i++) {
        int64_t n = atomic_exchange(&r->drift[i], 0);
        if (n)
            js_set(counts, drift_classes[i], json_integer(js_int_or(counts, drift_classes[i], 0) + n));
    }
}

/* ---- comparisons by hand ---- */

struct comparison {
    drift_emit *emit;
    void *self;
    int64_t wait;
};

static void done(const struct batch *b, void *self)
{
    struct comparison *c = self;
    if (route_waits(b->r) > b->r->env->now(b->r->env)) {
        c->wait = route_waits(b->r);
        return;
    }
    for (size_t i = 0; i < b->n; i++) {
        AUTO_JSON json_t *row = row_of(&b->items[i]);
        c->emit(c->self, row);
    }
}

bool sync_drift(struct route *r, const struct job *jobs, size_t n, drift_emit *emit, void *self, int64_t *wait,
                struct err *err)
{
    struct comparison c = {.emit = emit, .self = self};
    struct tally before = r->tally;
    bool ok = sync_detour(r, jobs, n, &(struct detour){.dry = true, .done = done, .self = &c}, err);
    r->tally = before; /* nothing was done */
    *wait = c.wait;
    return ok;
}
