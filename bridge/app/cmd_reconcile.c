/* reconcile: everything compared by hand, the drift told; then what an ordinary sync can mend is marked and synced. */
#include "bridge/app/deed.h"
#include "bridge/app/pass.h"
#include "bridge/app/reconcile.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/drift.h"

#define SHOWN_MOST 40

/* ---- telling ---- */

static void show_rows(const json_t *rows)
{
    struct table_out table = {0};
    size_t i, k;
    json_t *row, *cell;
    table_row(&table, 6, "PROSPECT", "CLASS", "FIELD", "INBOX", "CRM", "WHY");
    json_array_foreach (rows, i, row) {
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
    if (json_array_size(rows) > SHOWN_MOST)
        printf("… and more; --json has every row\n");
}

static void show_classes(const json_t *report)
{
    const char *reason;
    json_t *n;
    for (size_t i = 0; i < DRIFT_CLASSES; i++) {
        int64_t records = js_int_or(json_object_get(report, "records"), drift_classes[i], 0);
        int64_t cells = js_int_or(json_object_get(report, "cells"), drift_classes[i], 0);
        if (cells)
            printf("  %-15s %8lld records, %lld cells\n", drift_classes[i], (long long)records, (long long)cells);
        else if (records)
            printf("  %-15s %8lld records\n", drift_classes[i], (long long)records);
    }
    json_object_foreach (json_object_get(report, "excluded"), reason, n)
        printf("    excluded %lld: %s\n", (long long)json_integer_value(n), reason);
}

static void show(const json_t *report)
{
    const json_t *calls = json_object_get(report, "calls");
    show_rows(json_object_get(report, "rows"));
    printf("route %s: %lld records compared, %lld calls to Inbox, %lld to the CRM\n", js_str(report, "route"),
           (long long)js_int_or(report, "compared", 0), (long long)js_int_or(calls, "inbox", 0), (long long)js_int_or(calls, "crm", 0));
    show_classes(report);
}

/* ---- doing it here ---- */

static bool compare_all(struct reconcile *c, struct err *err)
{
    struct env *env = &c->app->env;
    struct progress bar;
    bool more = true, ok = true;
    progress_start(&bar, c->app, "comparing");
    while (ok && more && c->route->stop.kind == ERR_NONE) {
        if (c->wait)
            env->sleep(env, c->wait - env->now(env));
        ok = reconcile_step(c, &more, err);
        progress_show(&bar, c->total, -1);
    }
    progress_end(&bar);
    return ok;
}

static bool mend(struct reconcile *c, bool accept, struct err *err)
{
    struct route *r = c->route;
    r->accept_mass = accept;
    return store_run_start(c->app->store, r->name, "reconcile", &r->run, err) && reconcile_mark(c, accept, err) &&
           app_sync_route(c->app, r) && store_run_end(c->app->store, r->run, c->counts, err);
}

static void reconcile_route(struct app *app, struct route *r, const struct pass_wish *wish, json_t *out)
{
    struct reconcile c __attribute__((cleanup(reconcile_done)));
    struct err err = {0};
    reconcile_init(&c, app, r);
    c.before[SIDE_S] = c.before[SIDE_T] = 0; /* the enumeration was for this */
    bool ok = compare_all(&c, &err);
    js_add(out, reconcile_report(&c, &err));
    ok = ok && err.kind == ERR_NONE;
    if (ok && !wish->report)
        ok = mend(&c, wish->accept, &err);
    if (!ok && err.kind != ERR_NONE)
        app_fail(app, r->name, &err);
    if (r->stop.kind != ERR_NONE)
        app_fail(app, r->name, &r->stop);
    if (js_int_or(c.counts, "unread", 0))
        app_worse(app, EXIT_PARTLY);
}

json_t *deed_reconcile(struct app *app, int argc, char **argv)
{
    struct pass_wish wish = {0};
    struct err err = {0};
    if (pass_wish(argc, argv, &wish))
        return NULL;
    if (wish.only && !who_route(app, wish.only)) {
        who_no_route(app, argv[0], wish.only);
        return NULL;
    }
    if (!app_learn(app))
        return NULL;
    if (!reconcile_enumerate(app, NULL, &err)) {
        app_fail(app, "reconcile", &err);
        return NULL;
    }
    if (!app_intake(app))
        return NULL;
    json_t *out = json_array();
    for (size_t i = 0; i < app->n_routes; i++)
        if (!wish.only || str_eq(wish.only, app->routes[i].route.name))
            reconcile_route(app, &app->routes[i].route, &wish, out);
    return json_pack("{s:o,s:o?}", "drift", out, "applied", wish.report ? NULL : app_report(app));
}

int cmd_reconcile(struct app *app, int argc, char **argv)
{
    struct pass_wish wish;
    const char *odd = pass_wish(argc, argv, &wish);
    size_t i;
    json_t *report;
    if (odd) {
        fprintf(stderr, "inbox-bridge: reconcile: unknown argument %s\n", odd);
        return EXIT_USAGE;
    }
    AUTO_JSON json_t *out = deed_do(app, argc, argv);
    if (!out)
        return app->exit_code;
    if (app->json) {
        print_json(out);
        return app->exit_code;
    }
    json_array_foreach (json_object_get(out, "drift"), i, report)
        show(report);
    if (json_is_object(json_object_get(out, "applied")))
        app_print_report(app, json_object_get(out, "applied"));
    return app->exit_code;
}
