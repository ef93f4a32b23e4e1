/* pause and resume: a route that takes changes in but works nothing, until somebody says so. */
#include "bridge/app/deed.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/pause.h"

static void flip(struct app *app, const struct route *r, bool paused, json_t *out)
{
    struct err err = {0};
    int64_t before = 0;
    if (!pause_since(app->store, r->name, &before, &err) ||
        !pause_set(app->store, r->name, paused, app->env.now(&app->env), &err)) {
        app_fail(app, r->name, &err);
        return;
    }
    js_add(out, json_pack("{s:s,s:b,s:b}", "route", r->name, "paused", paused, "changed", paused == (before == 0)));
}

json_t *deed_pause(struct app *app, int argc, char **argv)
{
    bool all = str_eq(argv[argc - 1], "--all");
    if (!all && !who_route(app, argv[1])) {
        who_no_route(app, argv[0], argv[1]);
        return NULL;
    }
    json_t *out = json_array();
    for (size_t i = 0; i < app->n_routes; i++)
        if (all || str_eq(app->routes[i].route.name, argv[1]))
            flip(app, &app->routes[i].route, str_eq(argv[0], "pause"), out);
    return out;
}

static int set_all(struct app *app, int argc, char **argv)
{
    size_t i;
    json_t *row;
    AUTO_JSON json_t *out = deed_do(app, argc, argv);
    if (out && app->json)
        print_json(out);
    json_array_foreach (app->json ? NULL : out, i, row)
        printf("route %s %s%s\n", js_str(row, "route"), js_bool_or(row, "changed", true) ? "" : "was already ",
               js_bool_or(row, "paused", false) ? "paused: changes are taken in, nothing is worked on" : "going");
    return app->exit_code;
}

int cmd_pause(struct app *app, int argc, char **argv)
{
    return set_all(app, argc, argv);
}

int cmd_resume(struct app *app, int argc, char **argv)
{
    return set_all(app, argc, argv);
}
