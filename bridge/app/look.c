/* Counts and lists, route by route, straight from the store. */
#include "bridge/app/look.h"
#include "bridge/base/js.h"
#include "bridge/base/when.h"
#include "bridge/sync/pause.h"
#include <string.h>

#define LIST_MOST 1000

char *look_label(struct app *app, const struct route *r, int64_t id)
{
    struct err err = {0};
    bool found = false;
    struct link link __attribute__((cleanup(link_done))) = {0};
    struct subject s __attribute__((cleanup(subject_done))) = {0};
    if (!store_link_by_id(app->store, id, &link, &found, &err) || !found)
        return mem_dup("?");
    if (!store_subject_find(app->store, r->ep[SIDE_S]->name, link.key, &s, &found, &err) || !found || !s.label)
        return mem_dup(link.key);
    return mem_dup(s.label);
}

/* ---- status ---- */

static json_t *links_json(const int64_t by_state[8])
{
    json_t *out = json_object();
    for (int s = LINK_LINKED; s <= LINK_TOMBSTONE; s++)
        if (by_state[s])
            js_set(out, link_state_name((enum link_state)s), json_integer(by_state[s]));
    return out;
}

/* What the last full comparison found: by hand, or on schedule. JSON null: there was none yet. */
static bool add_drift(struct app *app, const char *route, json_t *row, struct err *err)
{
    AUTO_FREE char *name = mem_printf("drift:%s", route), *text = NULL;
    if (!store_meta_get(app->store, name, &text, err))
        return false;
    json_t *report = text ? js_parse(text, strlen(text), NULL) : NULL;
    js_set(row, "drift", report ? report : json_null());
    return true;
}

static bool add_pause(struct app *app, const char *route, json_t *row, struct err *err)
{
    int64_t since = 0;
    char at[WHEN_TEXT];
    if (!pause_since(app->store, route, &since, err))
        return false;
    when_print(since, at);
    if (since)
        js_set(row, "paused", json_string(at));
    return true;
}

static const char *bulk_kind(const struct bulk *b)
{
    return b->kind == BULK_QUERY ? "query" : "ingest";
}

static const char *bulk_state(const struct bulk *b)
{
    if (b->kind == BULK_QUERY)
        return b->error ? "given up" : b->over ? "told" : !b->ticket ? "to begin" : b->rows ? "telling" : "running";
    return b->ticket ? "running" : "gathering";
}

static json_t *bulk_row(const struct bulk *b, int64_t now)
{
    char begun[WHEN_TEXT];
    json_t *row = json_pack("{s:s,s:s,s:I,s:s}", "object", b->object, "kind", bulk_kind(b), "rows", (json_int_t)b->rows, "state",
                            bulk_state(b));
    when_print(b->begun, begun);
    if (b->begun) {
        js_set(row, "begun", json_string(begun));
        js_set(row, "age", json_integer(now > b->begun ? (now - b->begun) / 1000 : 0));
    }
    if (b->error)
        js_set(row, "error", json_string(b->error));
    return row;
}

static bool add_bulk(struct app *app, const char *route, json_t *row, struct err *err)
{
    struct bulk *list = NULL;
    size_t n = 0;
    json_t *rows = json_array();
    js_set(row, "bulk", rows);
    if (!store_bulks(app->store, route, &list, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        js_add(rows, bulk_row(&list[i], app->env.now(&app->env)));
    bulks_free(list, n);
    return true;
}

static bool add_status(struct app *app, const struct route *r, json_t *rows, struct err *err)
{
    int64_t open = 0, dead = 0, holds = 0, jobs = 0, next = 0, links[8] = {0};
    if (!store_ops_counts(app->store, r->name, &open, &dead, err) || !store_holds_count(app->store, r->name, &holds, err) ||
        !store_jobs_count(app->store, r->name, &jobs, &next, err) || !store_link_counts(app->store, r->name, links, err))
        return false;
    json_t *row = json_pack("{s:s,s:I,s:I,s:I,s:I,s:o}", "name", r->name, "holds", holds, "dead", dead, "open_ops", open,
                           "jobs_waiting", jobs, "links", links_json(links));
    js_add(rows, row);
    return add_bulk(app, r->name, row, err) && add_drift(app, r->name, row, err) && add_pause(app, r->name, row, err);
}

json_t *look_status(struct app *app, struct err *err)
{
    AUTO_JSON json_t *rows = json_array();
    for (size_t i = 0; i < app->n_routes; i++)
        if (!add_status(app, &app->routes[i].route, rows, err))
            return NULL;
    return json_pack("{s:O}", "routes", rows);
}

/* ---- holds ---- */

static void add_hold(struct app *app, const struct route *r, const struct hold *h, json_t *rows)
{
    AUTO_FREE char *who = look_label(app, r, h->link);
    char opened[WHEN_TEXT];
    when_print(h->opened, opened);
    js_add(rows, json_pack("{s:I,s:s,s:s,s:s?,s:s,s:O?,s:s,s:s?}", "id", h->id, "route", r->name, "prospect", who, "field",
                           h->field, "why", h->why, "about", h->about, "opened", opened, "choice", h->choice));
}

json_t *look_holds(struct app *app, struct err *err)
{
    AUTO_JSON json_t *rows = json_array();
    for (size_t i = 0; i < app->n_routes; i++) {
        const struct route *r = &app->routes[i].route;
        struct hold *holds = NULL;
        size_t n = 0;
        if (!store_holds(app->store, r->name, 0, LIST_MOST, &holds, &n, err))
            return NULL;
        for (size_t k = 0; k < n; k++)
            add_hold(app, r, &holds[k], rows);
        holds_free(holds, n);
    }
    return json_incref(rows);
}

/* ---- dead writes ---- */

static void add_dead(struct app *app, const struct route *r, const struct op *op, json_t *rows)
{
    AUTO_FREE char *who = look_label(app, r, op->link);
    js_add(rows, json_pack("{s:I,s:s,s:s,s:s,s:s,s:s?,s:O?}", "id", op->id, "route", r->name, "prospect", who, "side",
                           op->side == SIDE_T ? "crm" : "inbox", "kind", op->kind, "error", op->error, "payload", op->payload));
}

json_t *look_dead(struct app *app, struct err *err)
{
    AUTO_JSON json_t *rows = json_array();
    for (size_t i = 0; i < app->n_routes; i++) {
        const struct route *r = &app->routes[i].route;
        struct op *ops = NULL;
        size_t n = 0;
        if (!store_ops_dead(app->store, r->name, 0, LIST_MOST, &ops, &n, err))
            return NULL;
        for (size_t k = 0; k < n; k++)
            add_dead(app, r, &ops[k], rows);
        ops_free(ops, n);
    }
    return json_incref(rows);
}
