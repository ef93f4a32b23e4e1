/* check and setup: everything that can be wrong before the first write, and what the CRM must have. */
#include "bridge/app/deed.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "mappings/digest.h"

#define PATIENCE_MS (60 * 1000)

/* ---- check ---- */

static void check_endpoint(struct app *app, struct endpoint *ep, json_t *rows)
{
    struct organisation org __attribute__((cleanup(organisation_done))) = {0};
    struct err err = {0};
    json_t *row = json_pack("{s:s,s:s}", "endpoint", ep->name, "connector", ep->kind->name);
    if (ep->kind->probe(ep, &org, &err)) {
        js_set(row, "organisation", js_text(org.id));
        js_set(row, "label", js_text(org.label));
    } else {
        AUTO_FREE char *what = mem_printf("endpoint %s", ep->name);
        app_fail(app, what, &err);
        js_set(row, "fault", json_string(err.text));
    }
    js_add(rows, row);
}

static void check_route(struct app *app, struct route *r, json_t *rows)
{
    struct opt_faults faults __attribute__((cleanup(opt_faults_done))) = {0};
    struct err err = {0};
    json_t *row = json_pack("{s:s,s:s}", "route", r->name, "mapping", r->mapping->file), *list = json_array();
    bool ok = route_pin(r, &err) && route_learn(r, &faults, &err);
    for (size_t i = 0; i < faults.n; i++)
        js_add(list, json_string(faults.lines[i]));
    if (!ok && !faults.n)
        js_add(list, json_string(err.text));
    if (!ok) {
        if (faults.n)
            app_faults(app, &faults);
        else
            app_fail(app, r->name, &err);
    }
    js_set(row, "faults", list);
    js_add(rows, row);
}

static void print_check(const json_t *out)
{
    size_t i;
    json_t *row;
    json_array_foreach (json_object_get(out, "endpoints"), i, row)
        printf("endpoint %s: %s%s%s\n", js_str(row, "endpoint"), js_str(row, "fault") ? "not reached" : "organisation ",
               js_str_or(row, "organisation", ""), js_str(row, "fault") ? "" : ", credentials work");
    json_array_foreach (json_object_get(out, "routes"), i, row) {
        size_t n = json_array_size(json_object_get(row, "faults"));
        printf("route %s: mapping %s %s", js_str(row, "route"), js_str(row, "mapping"), n ? "has " : "fits both schemas\n");
        if (n)
            printf("%zu fault%s\n", n, n == 1 ? "" : "s");
    }
}

int cmd_check(struct app *app, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    if (!app_load(app) || !app_look(app, true))
        return app->exit_code;
    AUTO_JSON json_t *out = json_object();
    json_t *endpoints = json_array(), *routes = json_array();
    js_set(out, "endpoints", endpoints);
    js_set(out, "routes", routes);
    for (size_t i = 0; i < app->n_endpoints; i++)
        check_endpoint(app, app->endpoints[i].ep, endpoints);
    for (size_t i = 0; i < app->n_routes && app->exit_code != EXIT_UNREACHABLE; i++)
        check_route(app, &app->routes[i].route, routes);
    if (app->json)
        print_json(out);
    else
        print_check(out);
    return app->exit_code;
}

/* ---- setup ---- */

static bool setup_object(struct app *app, struct route *r, struct map_object *o, bool apply, json_t *rows)
{
    struct schema source = {0}, wanted = {0};
    struct err err = {0};
    json_t *missing = NULL;
    struct endpoint *s = r->ep[SIDE_S], *t = r->ep[SIDE_T];
    bool ok = s->kind->describe(s, o->type[SIDE_S], &source, &err);
    if (ok && o->digest)
        digest_describe(&source);
    if (ok) {
        mapping_wanted(o, &source, &wanted);
        ok = t->kind->setup(t, &wanted, apply, &missing, &err);
    }
    if (!ok)
        app_fail(app, r->name, &err);
    size_t i;
    json_t *row;
    json_array_foreach (missing, i, row) {
        js_set(row, "route", json_string(r->name));
        js_set(row, "object", json_string(o->type[SIDE_T]));
        json_array_append(rows, row);
        if (!js_bool_or(row, "done", false))
            app_worse(app, EXIT_PARTLY);
    }
    json_decref(missing);
    schema_done(&source);
    schema_done(&wanted);
    return ok;
}

static void print_setup(const json_t *rows, bool apply)
{
    size_t i;
    json_t *row;
    json_array_foreach ((json_t *)rows, i, row)
        printf("%-8s %s.%s: %s%s%s\n", js_bool_or(row, "done", false) ? "created" : "missing", js_str(row, "object"),
               js_str_or(row, "field", "?"), js_str_or(row, "what", ""), js_str(row, "manual") ? "\n         by hand: " : "",
               js_str_or(row, "manual", ""));
    if (!json_array_size(rows))
        printf("nothing is missing\n");
    else if (!apply)
        printf("setup --apply creates what is missing\n");
}

/* What was created makes schemas new: routes that run learn them again, and one that stopped for want of them goes on. */
static void learn_again(struct app *app, const json_t *rows)
{
    size_t i;
    json_t *row;
    json_array_foreach ((json_t *)rows, i, row) {
        struct route *r = js_bool_or(row, "done", false) ? who_route(app, js_str(row, "route")) : NULL;
        if (!r)
            continue;
        r->learnt = false;
        r->wait_until = 0;
    }
}

json_t *deed_setup(struct app *app, int argc, char **argv)
{
    bool apply = argc > 1;
    json_t *rows = json_array();
    (void)argv;
    for (size_t i = 0; i < app->n_routes; i++) {
        struct route *r = &app->routes[i].route;
        for (int side = 0; side < 2; side++) {
            r->ep[side]->lane = LANE_LIVE;
            r->ep[side]->patience = PATIENCE_MS;
        }
        for (size_t k = 0; k < r->mapping->n; k++)
            setup_object(app, r, &r->mapping->objects[k], apply, rows);
    }
    learn_again(app, rows);
    return rows;
}

int cmd_setup(struct app *app, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!str_eq(argv[i], "--apply")) {
            fprintf(stderr, "inbox-bridge: setup: unknown argument %s\n", argv[i]);
            return EXIT_USAGE;
        }
    AUTO_JSON json_t *rows = deed_do(app, argc, argv);
    if (rows && app->json)
        print_json(rows);
    else if (rows)
        print_setup(rows, argc > 1);
    return app->exit_code;
}
