/* The road up to the decision, and a name for what was decided. A record has one class: what is wrong with the record comes
 * before what is wrong with its cells. */
#include "bridge/sync/drift.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"
#include "bridge/sync/verdict.h"
#include <string.h>

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

static bool listed(const struct schema_field *f, const json_t *value)
{
    if (!json_is_string(value) || !*json_string_value(value))
        return true;
    return schema_option_by_id(f, json_string_value(value)) || schema_option_by_label(f, json_string_value(value));
}

/* A value that is no option (any more) of a field that has a list of them: somebody changed the list under it. */
static bool off_list(const struct item *it, const struct cell_plan *c)
{
    for (int side = 0; side < 2 && (c->f->table || c->f->is_set); side++) {
        const struct schema_field *f = schema_find(&it->b->schema[side], c->f->path[side]);
        size_t i;
        json_t *one;
        if (!f || f->open || !f->n_options || !c->now[side])
            continue;
        if (!json_is_array(c->now[side]) && !listed(f, c->now[side]))
            return true;
        json_array_foreach (c->now[side], i, one)
            if (!listed(f, one))
                return true;
    }
    return false;
}

static const char *class_of_cell(const struct item *it, const struct cell_plan *c)
{
    if (off_list(it, c))
        return "schema_drift";
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
        const char *class = class_of_cell(it, c);
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
    if (it->plan.unknown || any(cells, "schema_drift"))
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

bool drift_waits(const struct item *it)
{
    enum then then = verdict_of(it->err.kind)->then;
    return str_eq(it->job->why, "compare") && !it->compared && it->off && (then == THEN_WAIT || then == THEN_PAUSE);
}

void drift_note(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        struct item *it = &b->items[i];
        if (!str_eq(it->job->why, "compare") || drift_waits(it))
            continue;
        it->compared = true;
        AUTO_JSON json_t *cells = cells_of(it);
        const char *why = NULL, *class = class_of_place(it, &why);
        class = class ? class : class_of_cells(it, cells);
        for (size_t k = 0; k < DRIFT_CLASSES; k++)
            b->drift[k] += str_eq(class, drift_classes[k]);
    }
}

static char *counts_name(const struct route *r)
{
    return mem_printf("compared:%s", r->name);
}

bool drift_counts(struct route *r, json_t **out, struct err *err)
{
    AUTO_FREE char *name = counts_name(r), *text = NULL;
    if (!store_meta_get(r->store, name, &text, err))
        return false;
    *out = text ? js_parse(text, strlen(text), NULL) : NULL;
    return true;
}

bool drift_count_from(struct route *r, const json_t *counts, struct err *err)
{
    AUTO_FREE char *name = counts_name(r), *text = counts ? js_print(counts) : NULL;
    return store_meta_set(r->store, name, text, err);
}

bool drift_keep(struct batch *b, struct err *err)
{
    AUTO_JSON json_t *counts = NULL;
    int64_t found = 0;
    for (size_t i = 0; i < DRIFT_CLASSES; i++)
        found += b->drift[i];
    if (!found)
        return true;
    if (!drift_counts(b->r, &counts, err))
        return false;
    for (size_t i = 0; counts && i < DRIFT_CLASSES; i++)
        if (b->drift[i])
            js_set(counts, drift_classes[i], json_integer(js_int_or(counts, drift_classes[i], 0) + b->drift[i]));
    return !counts || drift_count_from(b->r, counts, err);
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
    if (b->r->stop.kind != ERR_NONE)
        return;
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
