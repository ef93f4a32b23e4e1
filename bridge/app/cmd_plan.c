/* plan and apply. A plan file is JSON lines: one header, one row per record that would change, one footer with the
 * counts. apply reads it in chunks and does exactly that. */
#include "bridge/app/app.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "bridge/sync/pause.h"
#include "bridge/sync/sync.h"
#include "bridge/sync/worker.h"
#include <errno.h>
#include <string.h>

#define CHUNK 500
#define SHOWN_MOST 40

struct plan_out {
    FILE *file;
    struct route *route;
    struct table_out table;
    json_t *counts;   /* {"create":n,…} */
    json_t *excluded; /* reason → n */
    int64_t rows, writes[2], holds;
};

static void count(json_t *counts, const char *name, int64_t by)
{
    js_set(counts, name, json_integer(js_int_or(counts, name, 0) + by));
}

static void show_row(struct plan_out *p, const json_t *row)
{
    size_t i;
    json_t *cell;
    json_array_foreach (json_object_get(row, "cells"), i, cell) {
        if (p->table.n > SHOWN_MOST)
            return;
        AUTO_FREE char *from = show_value(json_object_get(cell, "from"), 24), *to = show_value(json_object_get(cell, "to"), 24);
        AUTO_FREE char *why = mem_printf("%s (%s:%lld)", js_str(cell, "why"), p->route->mapping->file,
                                         (long long)js_int_or(cell, "line", 0));
        table_row(&p->table, 7, js_str_or(row, "label", js_str(row, "key")), js_str(row, "act"), js_str(cell, "field"),
                  js_str(cell, "side"), from, to, why);
    }
}

static void plan_row(void *self, const json_t *row)
{
    struct plan_out *p = self;
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
    show_row(p, row);
    if (!p->file)
        return;
    AUTO_FREE char *line = js_print(row);
    fprintf(p->file, "%s\n", line);
}

static bool plan_jobs(struct app *app, struct plan_out *p, struct err *err)
{
    struct job *jobs = NULL;
    size_t n = 0;
    struct progress bar;
    if (!store_jobs_due(app->store, p->route->name, WHEN_NEVER - 1, LANES, NULL, SIZE_MAX / 2, &jobs, &n, err))
        return false;
    progress_start(&bar, app, "planning");
    bool ok = true;
    for (size_t at = 0; ok && at < n && p->route->stop.kind == ERR_NONE; at += CHUNK) {
        ok = sync_plan(p->route, jobs + at, n - at < CHUNK ? n - at : CHUNK, plan_row, p, err);
        progress_show(&bar, (int64_t)at, (int64_t)(n - at));
    }
    progress_end(&bar);
    jobs_free(jobs, n);
    return ok;
}

/* Calls the writes will cost: one batch read to confirm, one batch write, one look at the history per hundred. */
static int64_t cost(const struct plan_out *p)
{
    int64_t creates = js_int_or(p->counts, "create", 0), records = p->rows;
    return (creates + 99) / 100 * 2 + (records - creates + 99) / 100 * 4 + p->writes[SIDE_S] * 2;
}

static json_t *footer(const struct plan_out *p)
{
    return json_pack("{s:s,s:s,s:O,s:O,s:I,s:I,s:I,s:I}", "end", "inbox-bridge plan", "route", p->route->name, "counts", p->counts,
                     "excluded", p->excluded, "crm_cells", p->writes[SIDE_T], "inbox_cells", p->writes[SIDE_S], "holds",
                     p->holds, "calls", cost(p));
}

static void print_plan(struct plan_out *p)
{
    const char *name;
    json_t *value;
    if (p->table.n)
        table_print(&p->table);
    if (p->writes[0] + p->writes[1] + p->holds > SHOWN_MOST)
        printf("… and more; --out FILE has every row\n");
    printf("route %s:", p->route->name);
    json_object_foreach (p->counts, name, value)
        printf(" %s %lld", name, (long long)json_integer_value(value));
    printf("; cells to write: CRM %lld, Inbox %lld; holds %lld; about %lld calls\n", (long long)p->writes[SIDE_T],
           (long long)p->writes[SIDE_S], (long long)p->holds, (long long)cost(p));
    json_object_foreach (p->excluded, name, value)
        printf("  excluded %lld: %s\n", (long long)json_integer_value(value), name);
}

static bool plan_route(struct app *app, struct route *r, FILE *file, json_t *out)
{
    struct err err = {0};
    struct plan_out p = {.file = file, .route = r, .counts = json_object(), .excluded = json_object()};
    bool ok = plan_jobs(app, &p, &err);
    if (!ok)
        app_fail(app, r->name, &err);
    if (r->stop.kind != ERR_NONE)
        app_fail(app, r->name, &r->stop);
    json_t *end = footer(&p);
    AUTO_FREE char *line = js_print(end);
    if (file)
        fprintf(file, "%s\n", line);
    if (!app->json)
        print_plan(&p);
    js_add(out, end);
    json_decref(p.counts);
    json_decref(p.excluded);
    return ok;
}

int cmd_plan(struct app *app, int argc, char **argv)
{
    const char *path = argc == 3 && !strcmp(argv[1], "--out") ? argv[2] : NULL;
    if (argc > 1 && !path) {
        fprintf(stderr, "inbox-bridge: plan: say plan, or plan --out FILE\n");
        return EXIT_USAGE;
    }
    if (!app_load(app) || !app_open(app) || !app_learn(app) || !app_intake(app))
        return app->exit_code;
    FILE *file = path ? fopen(path, "w") : NULL;
    if (path && !file) {
        fprintf(stderr, "inbox-bridge: plan: %s: %s\n", path, strerror(errno));
        return EXIT_USAGE;
    }
    AUTO_JSON json_t *out = json_array();
    if (file)
        fprintf(file, "{\"plan\":1}\n");
    for (size_t i = 0; i < app->n_routes; i++)
        plan_route(app, &app->routes[i].route, file, out);
    if (file && (fflush(file) || ferror(file) || fclose(file))) {
        fprintf(stderr, "inbox-bridge: plan: %s: %s\n", path, strerror(errno));
        app_worse(app, EXIT_PARTLY);
    }
    if (app->json)
        print_json(out);
    return app->exit_code;
}

/* ---- apply ---- */

struct chunk {
    struct job jobs[CHUNK];
    json_t *rows[CHUNK];
    size_t n;
};

static void chunk_done(struct chunk *c)
{
    for (size_t i = 0; i < c->n; i++) {
        job_done(&c->jobs[i]);
        json_decref(c->rows[i]);
    }
    c->n = 0;
}

static void list_stale(struct app *app, const struct chunk *c)
{
    for (size_t i = 0; i < c->n; i++) {
        json_t *stale = json_object_get(c->rows[i], "stale");
        AUTO_FREE char *fields = stale ? js_print(stale) : NULL;
        if (!stale)
            continue;
        app_worse(app, EXIT_STALE);
        fprintf(stderr, "stale: %s %s: the values moved since the plan was made; left alone\n",
                js_str_or(c->rows[i], "label", js_str(c->rows[i], "key")), fields);
    }
}

static bool apply_chunk(struct app *app, struct route *r, struct chunk *c, struct err *err)
{
    bool ok = !c->n || sync_apply(r, c->jobs, c->rows, c->n, err);
    list_stale(app, c);
    chunk_done(c);
    return ok;
}

/* The row's job: the mark that was there when it was planned, or one made now. */
static bool take_row(struct route *r, struct chunk *c, json_t *stolen_row, struct err *err)
{
    struct job *job = &c->jobs[c->n];
    const char *object = js_str(stolen_row, "object"), *key = js_str(stolen_row, "key");
    bool found = false;
    *job = (struct job){0};
    c->rows[c->n] = stolen_row;
    if (!object || !key) {
        json_decref(stolen_row);
        return err_set(err, ERR_CONFIG, "a row names no object and key: this is not a plan of inbox-bridge");
    }
    c->n++;
    return store_job_mark(r->store, r->name, object, key, LANE_LIVE, r->env->now(r->env), "plan", err) &&
           store_job_get(r->store, r->name, object, key, job, &found, err);
}

static struct route *route_named(struct app *app, const char *name)
{
    for (size_t i = 0; i < app->n_routes; i++)
        if (str_eq(app->routes[i].route.name, name))
            return &app->routes[i].route;
    return NULL;
}

/* The footer ends a route's rows and names the route, so rows wait in the chunk until it is known: a first look at the
 * file finds the footers. */
static bool approve(struct route *r, const json_t *end, struct err *err)
{
    AUTO_FREE char *name = mem_printf("approved:%s", r->name), *text = js_print(end);
    return store_meta_set(r->store, name, text, err) && store_jobs_wake(r->store, r->name, "withheld", err);
}

struct plan_in {
    FILE *file;
    char *line;
    size_t cap;
    int at;
};

static json_t *next_row(struct plan_in *in, struct err *err)
{
    ssize_t n = getline(&in->line, &in->cap, in->file);
    if (n < 0)
        return NULL;
    in->at++;
    json_t *row = js_parse(in->line, (size_t)n, err);
    if (!row)
        err_wrap(err, "line %d", in->at);
    return row;
}

/* Which route do the rows up to the next footer belong to? */
static struct route *route_ahead(struct app *app, struct plan_in *in, struct err *err)
{
    long here = ftell(in->file);
    int at = in->at;
    struct route *r = NULL;
    json_t *row;
    while (!r && (row = next_row(in, err))) {
        if (js_str(row, "end"))
            r = route_named(app, js_str(row, "route"));
        if (js_str(row, "end") && !r)
            err_set(err, ERR_CONFIG, "line %d: no route is called \"%s\" here", in->at, js_str_or(row, "route", ""));
        bool end = js_str(row, "end") != NULL;
        json_decref(row);
        if (end)
            break;
    }
    fseek(in->file, here, SEEK_SET);
    in->at = at;
    if (!r && err->kind == ERR_NONE && at > 1)
        err_set(err, ERR_NONE, "end");
    return r;
}

static bool apply_route(struct app *app, struct route *r, struct plan_in *in, struct chunk *c, struct err *err)
{
    json_t *row;
    int64_t paused = 0;
    if (!pause_since(r->store, r->name, &paused, err))
        return false;
    if (paused)
        return err_set(err, ERR_CONFIG, "route %s is paused: inbox-bridge resume %s", r->name, r->name);
    while ((row = next_row(in, err))) {
        if (js_str(row, "end")) {
            bool ok = apply_chunk(app, r, c, err) && r->stop.kind == ERR_NONE && approve(r, row, err);
            json_decref(row);
            return ok;
        }
        if (!take_row(r, c, row, err) || (c->n == CHUNK && !apply_chunk(app, r, c, err)))
            return false;
    }
    return err->kind == ERR_NONE ? err_set(err, ERR_CONFIG, "the plan has no end: it was cut off") : false;
}

static bool apply_file(struct app *app, struct plan_in *in, struct err *err)
{
    struct chunk *c = mem_alloc(sizeof *c);
    AUTO_JSON json_t *head = next_row(in, err);
    bool ok = err->kind == ERR_NONE && js_int_or(head, "plan", 0) == 1;
    if (!ok && err->kind == ERR_NONE)
        err_set(err, ERR_CONFIG, "line 1: this is not a plan of inbox-bridge");
    struct route *r;
    while (ok && (r = route_ahead(app, in, err)))
        ok = apply_route(app, r, in, c, err);
    chunk_done(c);
    free(c);
    return ok && err->kind == ERR_NONE;
}

int cmd_apply(struct app *app, int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "inbox-bridge: apply: say apply FILE\n");
        return EXIT_USAGE;
    }
    struct plan_in in = {.file = fopen(argv[1], "r")};
    struct err err = {0};
    if (!in.file) {
        fprintf(stderr, "inbox-bridge: apply: %s: %s\n", argv[1], strerror(errno));
        return EXIT_USAGE;
    }
    if (app_load(app) && app_open(app) && app_learn(app) && !apply_file(app, &in, &err))
        app_fail(app, argv[1], &err);
    free(in.line);
    fclose(in.file);
    if (!app->store)
        return app->exit_code;
    AUTO_JSON json_t *report = app_report(app);
    app_print_report(app, report);
    return app->exit_code;
}
