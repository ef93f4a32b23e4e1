/* sync: one pass to quiet. */
#include "bridge/app/deed.h"
#include "bridge/app/pass.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/survey.h"

static bool start_runs(struct app *app, const struct pass_wish *w)
{
    struct err err = {0};
    for (size_t i = 0; i < app->n_routes; i++) {
        struct route *r = &app->routes[i].route;
        if (w->only && !str_eq(w->only, r->name))
            continue;
        r->yes = w->yes;
        r->accept_mass = w->accept;
        if (!store_run_start(app->store, r->name, w->full ? "full" : "sync", &r->run, &err) ||
            (w->yes && !store_jobs_wake(app->store, r->name, "withheld", &err)) ||
            (w->accept && !store_jobs_wake(app->store, r->name, "risky", &err)) ||
            (w->full && (!survey_begin(r, &err) || !intake_mark_all(r, LANE_RECONCILE, &err)))) {
            app_fail(app, r->name, &err);
            return false;
        }
    }
    for (size_t i = 0; w->full && i < app->n_endpoints; i++)
        if (!intake_restart(&app->endpoints[i].intake, &err)) {
            app_fail(app, "sync", &err);
            return false;
        }
    return true;
}

static void end_runs(struct app *app, const json_t *report)
{
    struct err err = {0};
    for (size_t i = 0; i < app->n_routes; i++)
        if (app->routes[i].route.run && !store_run_end(app->store, app->routes[i].route.run,
                           json_object_get(json_array_get(json_object_get(report, "routes"), i), "counts"), &err))
            app_fail(app, app->routes[i].route.name, &err);
}

json_t *deed_sync(struct app *app, int argc, char **argv)
{
    struct pass_wish wish;
    if (pass_wish(argc, argv, &wish))
        return NULL;
    if (wish.only && !who_route(app, wish.only)) {
        who_no_route(app, argv[0], wish.only);
        return NULL;
    }
    if (!app_learn(app) || !start_runs(app, &wish))
        return NULL;
    app_sync(app, wish.only);
    json_t *report = app_report(app);
    end_runs(app, report);
    return report;
}

int cmd_sync(struct app *app, int argc, char **argv)
{
    struct pass_wish wish;
    const char *odd = pass_wish(argc, argv, &wish);
    if (odd) {
        fprintf(stderr, "inbox-bridge: sync: unknown argument %s\n", odd);
        return EXIT_USAGE;
    }
    AUTO_JSON json_t *report = deed_do(app, argc, argv);
    if (report)
        app_print_report(app, report);
    return app->exit_code;
}
