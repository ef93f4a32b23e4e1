/* A plan file is JSON lines: one header, for each route a row for each record that would change, and a footer with the counts. The
 * rows go to the file as they come; of a whole first contact nothing but counts is held. */
#include "bridge/app/planning.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "bridge/sync/sync.h"

#define CHUNK 500

struct planning {
    struct app *app;
    FILE *file;
    json_t *all;          /* footers so far */
    size_t next;          /* route */
    struct route *route;  /* the one under way; NULL: between two */
    struct job *jobs;
    size_t n, at;
    json_t *counts;       /* {"create":n,…} */
    json_t *excluded;     /* reason → n */
    int64_t rows, writes[2], holds;
};

struct planning *planning_new(struct app *app, FILE *file)
{
    struct planning *p = mem_alloc(sizeof *p);
    *p = (struct planning){.app = app, .file = file, .all = json_array()};
    fprintf(file, "{\"plan\":1}\n");
    return p;
}

static void end_route(struct planning *p)
{
    jobs_free(p->jobs, p->n);
    json_decref(p->counts);
    json_decref(p->excluded);
    *p = (struct planning){.app = p->app, .file = p->file, .all = p->all, .next = p->next};
}

void planning_free(struct planning *p)
{
    if (!p)
        return;
    end_route(p);
    json_decref(p->all);
    free(p);
}

static void count(json_t *counts, const char *name, int64_t by)
{
    js_set(counts, name, json_integer(js_int_or(counts, name, 0) + by));
}

static void plan_row(void *self, const json_t *row)
{
    struct planning *p = self;
    size_t i;
    json_t *cell;
    if (js_str(row, "excluded") || js_str(row, "error")) {
        count(p->excluded, js_str(row, "excluded") ? js_str(row, "excluded") : js_str(row, "error"), 1);
        return;
    }
    bool moves = !str_eq(js_str(row, "act"), "update");
    if (!moves && !json_array_size(json_object_get(row, "cells"))) {
        count(p->counts, "unchanged", 1);
        return;
    }
    count(p->counts, js_str(row, "act"), 1);
    json_array_foreach (json_object_get(row, "cells"), i, cell) {
        p->writes[str_eq(js_str(cell, "side"), "crm")] += str_eq(js_str(cell, "act"), "write");
        p->holds += str_eq(js_str(cell, "act"), "hold");
    }
    p->rows++;
    AUTO_FREE char *line = js_print(row);
    fprintf(p->file, "%s\n", line);
}

/* Calls the writes will cost: one batch read to confirm, one batch write, one look at the history per hundred. */
static int64_t cost(const struct planning *p)
{
    int64_t creates = js_int_or(p->counts, "create", 0), records = p->rows;
    return (creates + 99) / 100 * 2 + (records - creates + 99) / 100 * 4 + p->writes[SIDE_S] * 2;
}

static json_t *footer(const struct planning *p)
{
    return json_pack("{s:s,s:s,s:O,s:O,s:I,s:I,s:I,s:I}", "end", "inbox-bridge plan", "route", p->route->name, "counts", p->counts,
                     "excluded", p->excluded, "crm_cells", p->writes[SIDE_T], "inbox_cells", p->writes[SIDE_S], "holds",
                     p->holds, "calls", cost(p));
}

static bool begin_route(struct planning *p, struct err *err)
{
    p->route = &p->app->routes[p->next++].route;
    p->counts = json_object();
    p->excluded = json_object();
    return store_jobs_due(p->app->store, p->route->name, WHEN_NEVER - 1, LANES, NULL, SIZE_MAX / 2, &p->jobs, &p->n, err);
}

static bool some(struct planning *p, struct err *err)
{
    size_t n = p->n - p->at < CHUNK ? p->n - p->at : CHUNK;
    bool ok = !n || sync_plan(p->route, p->jobs + p->at, n, plan_row, p, err);
    p->at += n;
    return ok;
}

bool planning_step(struct planning *p)
{
    struct err err = {0};
    bool ok = p->route || p->next == p->app->n_routes || begin_route(p, &err);
    if (!p->route)
        return false;
    ok = ok && some(p, &err);
    if (!ok)
        app_fail(p->app, p->route->name, &err);
    if (p->route->stop.kind != ERR_NONE)
        app_fail(p->app, p->route->name, &p->route->stop);
    if (ok && p->at < p->n && p->route->stop.kind == ERR_NONE)
        return true;
    json_t *end = footer(p);
    AUTO_FREE char *line = js_print(end);
    fprintf(p->file, "%s\n", line);
    js_add(p->all, end);
    end_route(p);
    return p->next < p->app->n_routes;
}

void planning_stand(const struct planning *p, int64_t *done, int64_t *left)
{
    *done = (int64_t)p->at;
    *left = (int64_t)(p->n - p->at);
}

json_t *planning_told(const struct planning *p)
{
    return json_incref(p->all);
}
