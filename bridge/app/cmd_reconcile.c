/* reconcile: everything compared by hand. Inbox is enumerated, the CRM read by linked ids, the drift told; then what an
 * ordinary sync can mend is marked and synced. */
#include "bridge/app/app.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "bridge/sync/drift.h"
#include <string.h>

#define CHUNK 500
#define SHOWN_MOST 40

struct reconcile {
    struct app *app;
    struct route *route;
    bool report, accept;
    const char *only; /* NULL: all routes */
    struct progress bar;
    int64_t total;
    json_t *counts, *cells, *excluded, *rows;
    uint64_t calls[2]; /* calls of its two endpoints so far */
};

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

/* ---- comparing ---- */

static bool compare(struct reconcile *c, struct job *jobs, size_t n, struct err *err)
{
    struct route *r = c->route;
    int64_t wait = 0;
    for (int tries = 0; n && r->stop.kind == ERR_NONE && (!tries || wait); tries++) {
        if (wait)
            c->app->env.sleep(&c->app->env, wait - c->app->env.now(&c->app->env));
        for (int side = 0; side < 2; side++)
            r->ep[side]->lane = LANE_RECONCILE;
        if (!sync_drift(r, jobs, n, take_row, c, &wait, err))
            return false;
    }
    c->total += (int64_t)n;
    progress_show(&c->bar, c->total, -1);
    return true;
}

static bool compare_subjects(struct reconcile *c, const struct bound *b, struct err *err)
{
    AUTO_FREE char *after = NULL;
    for (size_t n = CHUNK; n == CHUNK;) {
        struct subject *all = NULL;
        struct job jobs[CHUNK];
        if (!store_subjects_after(c->app->store, c->route->ep[SIDE_S]->name, b->o->type[SIDE_S], after, CHUNK, &all, &n,
                                  err))
            return false;
        for (size_t i = 0; i < n; i++)
            jobs[i] = (struct job){.object = b->o->name, .key = all[i].key, .why = (char *)"compare"};
        bool ok = compare(c, jobs, n, err);
        free(after);
        after = n ? mem_dup(all[n - 1].key) : NULL;
        subjects_free(all, n);
        if (!ok)
            return false;
    }
    return true;
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

static bool compare_links(struct reconcile *c, struct err *err)
{
    int64_t after = 0;
    for (size_t n = CHUNK; n == CHUNK;) {
        struct link *links = NULL;
        struct job jobs[CHUNK];
        size_t due = 0;
        if (!store_links_after(c->app->store, c->route->name, after, CHUNK, &links, &n, err))
            return false;
        bool ok = true;
        for (size_t i = 0; ok && i < n; i++) {
            bool yes = false;
            after = links[i].id;
            ok = wanted(c, &links[i], &yes, err);
            jobs[due] = (struct job){.object = links[i].object, .key = links[i].key, .why = (char *)"compare"};
            due += yes;
        }
        ok = ok && compare(c, jobs, due, err);
        links_free(links, n);
        if (!ok)
            return false;
    }
    return true;
}

static bool compare_route(struct reconcile *c, struct err *err)
{
    struct route *r = c->route;
    progress_start(&c->bar, c->app, "comparing");
    bool ok = true;
    for (size_t i = 0; ok && i < r->n; i++)
        if (!r->objects[i].o->of)
            ok = compare_subjects(c, &r->objects[i], err);
    ok = ok && compare_links(c, err);
    progress_end(&c->bar);
    return ok;
}

/* ---- telling ---- */

static json_t *report_of(const struct reconcile *c)
{
    char at[WHEN_TEXT];
    when_print(c->app->env.now(&c->app->env), at);
    return json_pack("{s:s,s:s,s:I,s:O,s:O,s:O,s:{s:I,s:I}}", "route", c->route->name, "at", at, "compared", c->total,
                     "records", c->counts, "cells", c->cells, "excluded", c->excluded, "calls", "inbox",
                     (json_int_t)c->calls[0], "crm", (json_int_t)c->calls[1]);
}

/* The last report stays in the store, for status and metrics. */
static bool keep_report(const struct reconcile *c, const json_t *report, struct err *err)
{
    AUTO_FREE char *name = mem_printf("drift:%s", c->route->name), *text = js_print(report);
    return store_meta_set(c->app->store, name, text, err);
}

static void show_rows(const struct reconcile *c)
{
    struct table_out table = {0};
    size_t i, k;
    json_t *row, *cell;
    table_row(&table, 6, "PROSPECT", "CLASS", "FIELD", "INBOX", "CRM", "WHY");
    json_array_foreach (c->rows, i, row) {
        const char *who = js_str_or(row, "label", js_str(row, "key")), *class = js_str(row, "class");
        if (table.n > SHOWN_MOST)
            break;
        if (!json_array_size(json_object_get(row, "cells")))
            table_row(&table, 6, who, class, "(record)", "", js_str_or(row, "t_id", ""), js_str_or(row, "why", ""));
        json_array_foreach (json_object_get(row, "cells"), k, cell) {
            AUTO_FREE char *s = show_value(json_object_get(cell, "inbox"), 24),
                           *t = show_value(json_object_get(cell, "crm"), 24);
            table_row(&table, 6, who, js_str(cell, "class"), js_str(cell, "field"), s, t, js_str_or(cell, "why", ""));
        }
    }
    if (table.n > 1)
        table_print(&table);
    else
        table_drop(&table);
    if (json_array_size(c->rows) > SHOWN_MOST)
        printf("… and more; --json has every row\n");
}

static void show(const struct reconcile *c)
{
    const char *reason;
    json_t *n;
    show_rows(c);
    printf("route %s: %lld records compared, %llu calls to Inbox, %llu to the CRM\n", c->route->name,
           (long long)c->total, (unsigned long long)c->calls[0], (unsigned long long)c->calls[1]);
    for (size_t i = 0; i < DRIFT_CLASSES; i++) {
        int64_t records = js_int_or(c->counts, drift_classes[i], 0), cells = js_int_or(c->cells, drift_classes[i], 0);
        if (cells)
            printf("  %-15s %8lld records, %lld cells\n", drift_classes[i], (long long)records, (long long)cells);
        else if (records)
            printf("  %-15s %8lld records\n", drift_classes[i], (long long)records);
    }
    json_object_foreach (c->excluded, reason, n)
        printf("    excluded %lld: %s\n", (long long)json_integer_value(n), reason);
}

/* ---- mending ---- */

static bool mark_drift(struct reconcile *c, struct err *err)
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
    return (!c->accept || store_jobs_wake(r->store, r->name, "risky", err)) && store_commit(r->store, err);
}

static bool mend(struct reconcile *c, struct err *err)
{
    struct route *r = c->route;
    r->accept_mass = c->accept;
    return store_run_start(c->app->store, r->name, "reconcile", &r->run, err) && mark_drift(c, err) &&
           app_sync_route(c->app, r) && store_run_end(c->app->store, r->run, c->counts, err);
}

static void reconcile_route(struct reconcile *c, json_t *out)
{
    struct err err = {0};
    struct route *r = c->route;
    bool ok = compare_route(c, &err);
    for (int side = 0; side < 2; side++)
        c->calls[side] = r->ep[side]->calls;
    json_t *report = report_of(c);
    ok = ok && keep_report(c, report, &err);
    js_set(report, "rows", json_incref(c->rows));
    js_add(out, report);
    if (!c->app->json)
        show(c);
    if (ok && !c->report)
        ok = mend(c, &err);
    if (!ok && err.kind != ERR_NONE)
        app_fail(c->app, r->name, &err);
    if (r->stop.kind != ERR_NONE)
        app_fail(c->app, r->name, &r->stop);
    if (js_int_or(c->counts, "unread", 0))
        app_worse(c->app, EXIT_PARTLY);
}

static bool options(struct reconcile *c, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--report"))
            c->report = true;
        else if (!strcmp(argv[i], "--accept-mass-change"))
            c->accept = true;
        else if (!strcmp(argv[i], "--route") && i + 1 < argc)
            c->only = argv[++i];
        else {
            fprintf(stderr, "inbox-bridge: reconcile: unknown argument %s\n", argv[i]);
            return false;
        }
    }
    return true;
}

/* Inbox from its beginning, so that what no event told is seen. */
static bool enumerate(struct app *app)
{
    struct err err = {0};
    for (size_t i = 0; i < app->n_endpoints; i++)
        if (intake_is_source(&app->endpoints[i].intake) && !intake_restart(&app->endpoints[i].intake, &err)) {
            app_fail(app, "reconcile", &err);
            return false;
        }
    return app_intake(app);
}

int cmd_reconcile(struct app *app, int argc, char **argv)
{
    struct reconcile wish = {.app = app};
    if (!options(&wish, argc, argv))
        return EXIT_USAGE;
    if (!app_load(app) || !app_open(app))
        return app->exit_code;
    if (wish.only && !who_route(app, wish.only))
        return who_no_route(app, "reconcile", wish.only);
    if (!app_learn(app) || !enumerate(app))
        return app->exit_code;
    AUTO_JSON json_t *out = json_array(), *after = NULL;
    for (size_t i = 0; i < app->n_routes; i++) {
        AUTO_JSON json_t *counts = json_object(), *cells = json_object(), *excluded = json_object(),
                         *rows = json_array();
        struct reconcile c = {.app = app,
                              .route = &app->routes[i].route,
                              .report = wish.report,
                              .accept = wish.accept,
                              .counts = counts,
                              .cells = cells,
                              .excluded = excluded,
                              .rows = rows};
        if (!wish.only || str_eq(wish.only, c.route->name))
            reconcile_route(&c, out);
    }
    after = wish.report ? NULL : app_report(app);
    AUTO_JSON json_t *all = json_pack("{s:O,s:O?}", "drift", out, "applied", after);
    if (app->json)
        print_json(all);
    else if (after)
        app_print_report(app, after);
    return app->exit_code;
}
