/* reconcile: everything compared by hand. Inbox is walked beside its feed, the CRM read by linked ids, the drift told; then what
 * an ordinary sync can mend is marked and synced, and what was touched is compared once more. Killed, it goes on where it was. */
#include "bridge/app/comparison.h"
#include "bridge/app/deed.h"
#include "bridge/app/pass.h"
#include "bridge/app/recheck.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "bridge/sync/drift.h"
#include "bridge/sync/shape.h"
#include "bridge/sync/verdict.h"
#include <string.h>

#define SHOWN_MOST 40
#define TOUCH_PAGES 32
#define TRIES_MOST 5
#define PATIENCE_MS (60 * 1000)

struct reconcile {
    struct app *app;
    bool report, accept;
    const char *only; /* NULL: all routes */
    const char *plan; /* what may be detached and cleared; NULL: what the guard allows */
    bool plan_found;
    json_t *drift;    /* reports, without rows */
    json_t *verified; /* {"route":{"class":n}} */
};

/* ---- the snapshot of Inbox ---- */

static bool touch(struct comparison *all, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++)
        if (comparison_in(&all[i], "walk") && !comparison_turn_to(&all[i], "walk", err))
            return false;
    return true;
}

/* A page; what passes by itself is waited for. */
static bool walk_page(struct app *app, struct intake *in, bool *more, struct err *err)
{
    for (int tries = 0; tries < TRIES_MOST; tries++) {
        *err = (struct err){0};
        in->ep->lane = LANE_RECONCILE;
        in->ep->patience = PATIENCE_MS;
        if (intake_walk(in, NULL, more, err))
            return true;
        enum then then = verdict_of(err->kind)->then;
        int64_t now = app->env.now(&app->env), due = verdict_due(err, tries, &app->env);
        if ((then != THEN_WAIT && then != THEN_RETRY) || due - now > PATIENCE_MS)
            return false;
        app->env.sleep(&app->env, due - now);
    }
    return false;
}

static bool walk(struct app *app, struct intake *in, struct comparison *all, size_t n, struct err *err)
{
    struct progress bar;
    bool more = true, ok = true;
    int64_t before = in->items;
    AUTO_FREE char *what = mem_printf("walking %s", in->ep->name);
    progress_start(&bar, app, what);
    for (int page = 1; ok && more; page++) {
        ok = walk_page(app, in, &more, err) && (page % TOUCH_PAGES || touch(all, n, err));
        progress_show(&bar, in->items - before, -1);
        app_keep_limits(app, false);
    }
    progress_end(&bar);
    return ok;
}

/* Every Inbox that some comparison still has to see; from its beginning when one of them is new. */
static bool snapshot(struct app *app, struct comparison *all, size_t n, struct err *err)
{
    for (size_t e = 0; e < app->n_endpoints; e++) {
        struct intake *in = &app->endpoints[e].intake;
        bool wanted = false, again = false;
        for (size_t i = 0; i < n; i++)
            if (all[i].route->ep[SIDE_S] == in->ep && comparison_in(&all[i], "walk")) {
                wanted = true;
                again |= !all[i].resumed;
            }
        if (wanted && ((again && !intake_walk_again(in, err)) || !walk(app, in, all, n, err)))
            return false;
    }
    for (size_t i = 0; i < n; i++)
        if (comparison_in(&all[i], "walk") && !comparison_turn_to(&all[i], "compare", err))
            return false;
    return true;
}

/* ---- telling ---- */

static bool print_row(void *self, const json_t *row, struct err *err)
{
    bool *first = self;
    AUTO_FREE char *line = js_print(row);
    (void)err;
    printf("%s\n%s", *first ? "" : ",", line);
    *first = false;
    return true;
}

/* Row by row: there may be as many as there are records. */
static bool print_report(struct reconcile *all, struct comparison *c, const json_t *report, struct err *err)
{
    AUTO_FREE char *text = js_print(report);
    bool first = true;
    text[strlen(text) - 1] = '\0';
    printf("%s%s,\"rows\":[", json_array_size(all->drift) ? "," : "", text);
    bool ok = comparison_each(c, print_row, &first, err);
    printf("]}\n");
    return ok;
}

struct shown {
    struct table_out table;
    bool more;
};

static bool show_row(void *self, const json_t *row, struct err *err)
{
    struct shown *shown = self;
    struct table_out *table = &shown->table;
    const char *who = js_str_or(row, "label", js_str(row, "key")), *class = js_str(row, "class");
    size_t k;
    json_t *cell;
    (void)err;
    if (table->n > SHOWN_MOST) {
        shown->more = true;
        return true;
    }
    if (!json_array_size(json_object_get(row, "cells")))
        table_row(table, 6, who, class, "(record)", "", js_str_or(row, "t_id", ""), js_str_or(row, "why", ""));
    json_array_foreach (json_object_get(row, "cells"), k, cell) {
        AUTO_FREE char *s = show_value(json_object_get(cell, "inbox"), 24), *t = show_value(json_object_get(cell, "crm"), 24);
        table_row(table, 6, who, js_str(cell, "class"), js_str(cell, "field"), s, t, js_str_or(cell, "why", ""));
    }
    return true;
}

static void begin_rows(struct shown *shown)
{
    table_row(&shown->table, 6, "PROSPECT", "CLASS", "FIELD", "INBOX", "CRM", "WHY");
}

static void end_rows(struct shown *shown)
{
    if (shown->table.n > 1)
        table_print(&shown->table);
    else
        table_drop(&shown->table);
    if (shown->more)
        printf("… and more; --json has every row\n");
}

static bool show_rows(struct comparison *c, struct err *err)
{
    struct shown shown = {0};
    begin_rows(&shown);
    bool ok = comparison_each(c, show_row, &shown, err);
    end_rows(&shown);
    return ok;
}

static void show_head(const json_t *report, const char *more)
{
    const json_t *calls = json_object_get(report, "calls");
    printf("route %s: %lld records compared, %lld calls to Inbox, %lld to the CRM%s\n", js_str(report, "route"),
           (long long)js_int_or(report, "compared", 0), (long long)js_int_or(calls, "inbox", 0), (long long)js_int_or(calls, "crm", 0), more);
}

static void show_counts(const json_t *report)
{
    const json_t *records = json_object_get(report, "records"), *cells = json_object_get(report, "cells");
    const char *reason;
    size_t k;
    json_t *n;
    for (size_t i = 0; i < DRIFT_CLASSES; i++) {
        int64_t in_records = js_int_or(records, drift_classes[i], 0), in_cells = js_int_or(cells, drift_classes[i], 0);
        if (in_cells)
            printf("  %-15s %8lld records, %lld cells\n", drift_classes[i], (long long)in_records, (long long)in_cells);
        else if (in_records)
            printf("  %-15s %8lld records\n", drift_classes[i], (long long)in_records);
    }
    json_object_foreach (json_object_get(report, "excluded"), reason, n)
        printf("    excluded %lld: %s\n", (long long)json_integer_value(n), reason);
    json_array_foreach (json_object_get(report, "schema"), k, n)
        printf("  schema: %s\n", json_string_value(n));
    json_array_foreach (json_object_get(report, "bulk"), k, n)
        if (js_str(n, "error"))
            printf("  read by id, for the bulk query of %s was given up: %s\n", js_str(n, "object"), js_str(n, "error"));
    if (js_str(report, "plan"))
        printf("  %lld of them would be detached or cleared: plan %s\n", (long long)js_int_or(report, "risky", 0), js_str(report, "plan"));
}

static bool show(struct comparison *c, const json_t *report, struct err *err)
{
    if (!show_rows(c, err))
        return false;
    show_head(report, c->resumed ? ", after an earlier start" : "");
    show_counts(report);
    return true;
}

static bool tell(struct reconcile *all, struct comparison *c, struct err *err)
{
    json_t *report = comparison_report(c, err);
    bool ok = report && (all->app->json ? print_report(all, c, report, err) : show(c, report, err));
    if (js_int_or(json_object_get(c->state, "records"), "unread", 0))
        app_worse(all->app, EXIT_PARTLY);
    if (report)
        js_add(all->drift, report);
    return ok;
}

/* ---- mending ---- */

static bool verify(struct reconcile *all, struct comparison *c, struct err *err)
{
    struct route *r = c->route;
    json_t *counts = json_object();
    struct recheck *k = recheck_new(c, counts);
    int64_t wait = 0;
    bool ok = true, more = true;
    while (ok && more) {
        if (wait)
            r->env->sleep(r->env, wait - r->env->now(r->env));
        ok = recheck_step(k, &more, &wait, err);
    }
    recheck_free(k);
    if (recheck_open(counts))
        app_worse(all->app, EXIT_PARTLY);
    js_set(all->verified, r->name, counts);
    return ok;
}

static bool mend(struct reconcile *all, struct comparison *c, struct err *err)
{
    struct route *r = c->route;
    bool mine = str_eq(all->plan, js_str(c->state, "plan"));
    if (all->plan && !mine)
        return true; /* another route's, or nobody's any more */
    all->plan_found |= mine;
    r->accept_mass = all->accept || (all->plan && mine);
    return store_run_start(r->store, r->name, "reconcile", &r->run, err) && (comparison_in(c, "mend") || comparison_mark(c, err)) &&
           app_sync_route(all->app, r) && store_run_end(r->store, r->run, json_object_get(c->state, "records"), err) &&
           verify(all, c, err);
}

/* ---- the command ---- */

static bool reconcile_route(struct reconcile *all, struct comparison *c)
{
    struct err err = {0};
    struct route *r = c->route;
    bool ok = (comparison_in(c, "mend") || comparison_run(c, &err)) && tell(all, c, &err) && (all->report || mend(all, c, &err));
    if (!ok && err.kind != ERR_NONE)
        app_fail(all->app, r->name, &err);
    else if (r->stop.kind != ERR_NONE)
        app_fail(all->app, r->name, &r->stop);
    return ok && r->stop.kind == ERR_NONE;
}

static void show_verified(const struct reconcile *all)
{
    const char *route, *class;
    json_t *counts, *n;
    json_object_foreach (all->verified, route, counts) {
        if (!json_object_size(counts))
            continue;
        printf("  looked at again:");
        json_object_foreach (counts, class, n)
            printf(" %s %lld", class, (long long)json_integer_value(n));
        printf("\n");
    }
    for (size_t i = 0; i < json_array_size(all->drift); i++)
        if (!all->accept && !all->plan && js_str(json_array_get(all->drift, i), "plan"))
            printf("  where the mass-change guard stopped: look, then reconcile --accept %s\n", js_str(json_array_get(all->drift, i), "plan"));
}

static void finish(struct reconcile *all)
{
    AUTO_JSON json_t *after = all->report ? NULL : app_report(all->app);
    if (all->app->json) {
        AUTO_FREE char *applied = after ? js_print(after) : mem_dup("null"), *verified = js_print(all->verified);
        printf("],\"applied\":%s,\"verified\":%s}\n", applied, verified);
    } else if (after) {
        app_print_report(all->app, after);
        show_verified(all);
    }
    if (!all->plan || all->plan_found)
        return;
    fprintf(stderr, "inbox-bridge: reconcile: what would be detached or cleared is not what plan %s saw; nothing was mended\n", all->plan);
    app_worse(all->app, EXIT_STALE);
}

/* A route whose schemas fit no more cannot be compared, but what became of them can be told. */
static void tell_schema(struct reconcile *all, const struct route *r)
{
    struct err err = {0};
    AUTO_JSON json_t *changes = NULL;
    size_t i;
    json_t *text;
    if (!shape_changes(r, &changes, &err))
        return;
    json_array_foreach (changes, i, text)
        fprintf(stderr, "inbox-bridge: %s: since the last comparison: %s\n", r->name, json_string_value(text));
    if (!all->app->json)
        return;
    AUTO_JSON json_t *report = json_pack("{s:s,s:s,s:O}", "route", r->name, "stopped", r->stop.text, "schema", changes);
    AUTO_FREE char *line = js_print(report);
    printf("%s%s\n", json_array_size(all->drift) ? "," : "", line);
    json_array_append(all->drift, report);
}

static void reconcile_all(struct reconcile *all)
{
    struct app *app = all->app;
    struct err err = {0};
    struct comparison *c = mem_grow(NULL, app->n_routes + 1, sizeof *c);
    size_t n = 0;
    bool ok = true;
    if (app->json)
        printf("{\"drift\":[");
    for (size_t i = 0; ok && i < app->n_routes; i++) {
        struct route *r = &app->routes[i].route;
        if (all->only && !str_eq(all->only, r->name))
            continue;
        if (!r->learnt)
            tell_schema(all, r);
        else
            ok = comparison_open(&c[n++], app, r, &err);
    }
    ok = ok && snapshot(app, c, n, &err);
    if (!ok)
        app_fail(app, "reconcile", &err);
    for (size_t i = 0; i < n; i++)
        comparison_close(&c[i], ok && reconcile_route(all, &c[i]));
    free(c);
    finish(all);
}

static bool options(struct reconcile *all, int argc, char **argv)
{
    struct pass_wish wish;
    const char *odd = pass_wish(argc, argv, &wish);
    if (odd)
        fprintf(stderr, "inbox-bridge: reconcile: unknown argument %s\n", odd);
    else if (wish.plan && wish.report)
        fprintf(stderr, "inbox-bridge: reconcile: --report mends nothing, so there is nothing to --accept\n");
    all->report = wish.report;
    all->accept = wish.accept;
    all->plan = wish.plan;
    all->only = wish.only;
    return !odd && (!wish.plan || !wish.report);
}

/* What the service found: it tells all at once. */
static int tell_asked(struct reconcile *all, const json_t *out)
{
    struct app *app = all->app;
    size_t i;
    json_t *report, *row;
    struct err err = {0};
    if (out && app->json) {
        print_json(out);
        return app->exit_code;
    }
    json_array_foreach (json_object_get(out, "drift"), i, report) {
        struct shown shown = {0};
        size_t k;
        begin_rows(&shown);
        json_array_foreach (json_object_get(report, "rows"), k, row)
            if (!show_row(&shown, row, &err))
                break;
        end_rows(&shown);
        show_head(report, "");
        show_counts(report);
    }
    if (json_is_object(json_object_get(out, "applied"))) {
        app_print_report(app, json_object_get(out, "applied"));
        all->drift = json_object_get(out, "drift");
        all->verified = json_object_get(out, "verified");
        show_verified(all);
    }
    return app->exit_code;
}

int cmd_reconcile(struct app *app, int argc, char **argv)
{
    struct reconcile all = {.app = app};
    if (!options(&all, argc, argv))
        return EXIT_USAGE;
    AUTO_JSON json_t *out = NULL;
    if (!app_load(app))
        return app->exit_code;
    if (deed_asked(app, argc, argv, &out))
        return tell_asked(&all, out);
    if (!app_open(app))
        return app->exit_code;
    if (all.only && !who_route(app, all.only))
        return who_no_route(app, "reconcile", all.only);
    bool any = app_learn(app);
    if (any && !app_intake(app))
        return app->exit_code;
    AUTO_JSON json_t *drift = json_array(), *verified = json_object();
    all.drift = drift;
    all.verified = verified;
    reconcile_all(&all);
    return app->exit_code;
}
