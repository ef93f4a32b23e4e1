/* sync: one pass to quiet. */
#include "bridge/app/app.h"
#include "bridge/base/js.h"
#include <string.h>

static bool sync_options(struct app *app, int argc, char **argv, bool *full, bool *yes, bool *accept)
{
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--yes"))
            *yes = true;
        else if (!strcmp(argv[i], "--full"))
            *full = true;
        else if (!strcmp(argv[i], "--accept-mass-change"))
            *accept = true;
        else {
            fprintf(stderr, "inbox-bridge: sync: unknown argument %s\n", argv[i]);
            app_worse(app, EXIT_USAGE);
            return false;
        }
    }
    return true;
}

static bool start_runs(struct app *app, bool full, bool yes, bool accept)
{
    struct err err = {0};
    for (size_t i = 0; i < app->n_routes; i++) {
        struct route *r = &app->routes[i].route;
        r->yes = yes;
        r->accept_mass = accept;
        if (!store_run_start(app->store, r->name, full ? "full" : "sync", &r->run, &err) ||
            (yes && !store_jobs_wake(app->store, r->name, "withheld", &err)) ||
            (accept && !store_jobs_wake(app->store, r->name, "risky", &err)) ||
            (full && !intake_mark_all(r, LANE_RECONCILE, &err))) {
            app_fail(app, r->name, &err);
            return false;
        }
    }
    for (size_t i = 0; full && i < app->n_endpoints; i++)
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
        if (!store_run_end(app->store, app->routes[i].route.run,
                           json_object_get(json_array_get(json_object_get(report, "routes"), i), "counts"), &err))
            app_fail(app, app->routes[i].route.name, &err);
}

int cmd_sync(struct app *app, int argc, char **argv)
{
    bool full = false, yes = false, accept = false;
    if (!sync_options(app, argc, argv, &full, &yes, &accept) || !app_load(app) || !app_open(app) || !app_learn(app) ||
        !start_runs(app, full, yes, accept))
        return app->exit_code;
    app_sync(app);
    AUTO_JSON json_t *report = app_report(app);
    end_runs(app, report);
    app_print_report(app, report);
    return app->exit_code;
}
