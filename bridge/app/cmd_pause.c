/* pause and resume: a route that takes changes in but works nothing, until somebody says so. */
#include "bridge/app/app.h"
#include "bridge/base/js.h"
#include "bridge/base/when.h"
#include "bridge/sync/pause.h"
#include <string.h>

static bool flip(struct app *app, const struct route *r, bool paused, json_t *out)
{
    struct err err = {0};
    int64_t before = 0;
    if (!pause_since(app->store, r->name, &before, &err) ||
        !pause_set(app->store, r->name, paused, app->env.now(&app->env), &err)) {
        app_fail(app, r->name, &err);
        return false;
    }
    bool news = paused == (before == 0);
    js_add(out, json_pack("{s:s,s:b,s:b}", "route", r->name, "paused", paused, "changed", news));
    if (!app->json)
        printf("route %s %s%s\n", r->name, news ? "" : "was already ",
               paused ? "paused: changes are taken in, nothing is worked on" : "going");
    return true;
}

static int set_all(struct app *app, int argc, char **argv, bool paused)
{
    const char *name = argc == 2 ? argv[1] : NULL;
    if (!name || (name[0] == '-' && strcmp(name, "--all") != 0)) {
        fprintf(stderr, "inbox-bridge: %s: say %s ROUTE, or %s --all\n", argv[0], argv[0], argv[0]);
        return EXIT_USAGE;
    }
    if (!app_load(app) || !app_open(app))
        return app->exit_code;
    bool all = !strcmp(name, "--all");
    if (!all && !who_route(app, name))
        return who_no_route(app, argv[0], name);
    AUTO_JSON json_t *out = json_array();
    for (size_t i = 0; i < app->n_routes; i++)
        if (all || !strcmp(app->routes[i].route.name, name))
            flip(app, &app->routes[i].route, paused, out);
    if (app->json)
        print_json(out);
    return app->exit_code;
}

int cmd_pause(struct app *app, int argc, char **argv)
{
    return set_all(app, argc, argv, true);
}

int cmd_resume(struct app *app, int argc, char **argv)
{
    return set_all(app, argc, argv, false);
}
