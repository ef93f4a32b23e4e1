/* status, explain, holds, resolve, dead, retry: what is, why, and the few things a person decides. */
#include "bridge/app/deed.h"
#include "bridge/app/look.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "bridge/sync/sync.h"
#include <string.h>

#define LIST_MOST 1000

/* Beside the running service, where there is one. */
static bool start_looking(struct app *app)
{
    return app_load(app) && app_look(app, false);
}

/* ---- status ---- */

static void print_drift(const json_t *drift)
{
    const char *class;
    json_t *n;
    printf("  last compared %s:", js_str(drift, "at"));
    json_object_foreach (json_object_get(drift, "records"), class, n)
        printf(" %s %lld", class, (long long)json_integer_value(n));
    printf("\n");
}

static void print_bulk(const json_t *rows)
{
    struct table_out table = {0};
    size_t i;
    json_t *b;
    if (!json_array_size(rows))
        return;
    table_row(&table, 6, "  BULK", "OBJECT", "ROWS", "STATE", "AGE", "WHY");
    json_array_foreach ((json_t *)rows, i, b) {
        AUTO_FREE char *kind = mem_printf("  %s", js_str(b, "kind")), *n = mem_printf("%lld", (long long)js_int_or(b, "rows", 0));
        AUTO_FREE char *age = js_str(b, "begun") ? mem_printf("%llds", (long long)js_int_or(b, "age", 0)) : mem_dup("");
        table_row(&table, 6, kind, js_str(b, "object"), n, js_str(b, "state"), age, js_str_or(b, "error", ""));
    }
    table_print(&table);
}

static void print_status(const json_t *report)
{
    size_t i;
    json_t *row, *value;
    const char *name;
    json_array_foreach (json_object_get(report, "routes"), i, row) {
        printf("route %s\n  links:", js_str(row, "name"));
        json_object_foreach (json_object_get(row, "links"), name, value)
            printf(" %s %lld", name, (long long)json_integer_value(value));
        printf("\n  jobs waiting %lld, open ops %lld, dead %lld, holds %lld\n", (long long)js_int_or(row, "jobs_waiting", 0),
               (long long)js_int_or(row, "open_ops", 0), (long long)js_int_or(row, "dead", 0),
               (long long)js_int_or(row, "holds", 0));
        print_bulk(json_object_get(row, "bulk"));
        if (js_str(json_object_get(row, "drift"), "at"))
            print_drift(json_object_get(row, "drift"));
        if (js_str(row, "paused"))
            printf("  paused since %s\n", js_str(row, "paused"));
    }
}

int cmd_status(struct app *app, int argc, char **argv)
{
    struct err err = {0};
    size_t i;
    json_t *row;
    (void)argc;
    (void)argv;
    if (!start_looking(app))
        return app->exit_code;
    AUTO_JSON json_t *report = look_status(app, &err);
    if (!report) {
        app_fail(app, "status", &err);
        return app->exit_code;
    }
    json_array_foreach (json_object_get(report, "routes"), i, row)
        if (js_int_or(row, "holds", 0) || js_int_or(row, "dead", 0) || js_int_or(row, "open_ops", 0) || js_int_or(row, "jobs_waiting", 0))
            app_worse(app, EXIT_PARTLY);
    if (app->json)
        print_json(report);
    else
        print_status(report);
    return app->exit_code;
}

/* ---- explain ---- */

static void print_explained(const json_t *out)
{
    size_t i;
    json_t *cell;
    struct table_out table = {0};
    printf("%s (%s) on route %s: %s%s%s\n", js_str_or(out, "label", "?"), js_str(out, "key"), js_str(out, "route"), js_str(out, "state"),
           js_str(out, "t_id") ? ", CRM record " : "", js_str_or(out, "t_id", ""));
    if (js_str(out, "excluded") || js_str(out, "error"))
        printf("  %s\n", js_str(out, "excluded") ? js_str(out, "excluded") : js_str(out, "error"));
    table_row(&table, 7, "FIELD", "INBOX", "CRM", "AGREED INBOX", "AGREED CRM", "NEXT", "WHY");
    json_array_foreach (json_object_get(out, "cells"), i, cell) {
        static const char *const names[] = {"inbox", "crm", "base_inbox", "base_crm"};
        char *shown[4];
        for (int k = 0; k < 4; k++)
            shown[k] = show_value(json_object_get(cell, names[k]), 20);
        AUTO_FREE char *why = mem_printf("%s [%s, %s:%lld]", js_str(cell, "why"), js_str(cell, "policy"), js_str(out, "mapping"),
                                         (long long)js_int_or(cell, "line", 0));
        table_row(&table, 7, js_str(cell, "field"), shown[0], shown[1], shown[2], shown[3], js_str(cell, "act"), why);
        for (int k = 0; k < 4; k++)
            free(shown[k]);
    }
    table_print(&table);
}

static void explain_on(struct app *app, struct route *r, const char *key, json_t *all)
{
    struct err err = {0};
    for (size_t i = 0; i < r->n; i++) {
        struct job job = {.object = r->objects[i].o->name, .key = (char *)key, .why = "explain"};
        json_t *out = NULL;
        if (r->objects[i].o->digest) /* entries have keys of their own */
            continue;
        if (!sync_explain(r, &job, &out, &err)) {
            app_fail(app, r->name, &err);
            return;
        }
        js_set(out, "route", json_string(r->name));
        js_set(out, "mapping", json_string(r->mapping->file));
        js_add(all, out);
    }
}

json_t *deed_explain(struct app *app, int argc, char **argv)
{
    struct err err = {0};
    json_t *all = json_array();
    bool any = false;
    (void)argc;
    for (size_t i = 0; i < app->n_routes; i++) {
        struct route *r = &app->routes[i].route;
        struct subject s __attribute__((cleanup(subject_done))) = {0};
        bool found = false;
        if (!store_subject_find(app->store, r->ep[SIDE_S]->name, argv[1], &s, &found, &err))
            app_fail(app, r->name, &err);
        any |= found;
        if (found && (r->learnt || app_learn_route(app, r)))
            explain_on(app, r, s.key, all);
    }
    if (!any && !app->exit_code)
        who_nobody(app, argv[0], argv[1]);
    return all;
}

int cmd_explain(struct app *app, int argc, char **argv)
{
    size_t i;
    json_t *row;
    AUTO_JSON json_t *all = deed_do(app, argc, argv);
    if (all && app->json)
        print_json(all);
    json_array_foreach (app->json ? NULL : all, i, row)
        print_explained(row);
    return app->exit_code;
}

/* ---- holds ---- */

/* JSON, or that there is nothing; else the caller prints its table. */
static bool print_short(const struct app *app, const json_t *rows, const char *none)
{
    if (app->json)
        print_json(rows);
    else if (!json_array_size(rows))
        printf("%s\n", none);
    return app->json || !json_array_size(rows);
}

/* A list of the store: as JSON, as a line that says there is nothing, or as a table, whose head row(NULL) is. */
static int list(struct app *app, const char *name, const char *none, json_t *(*read)(struct app *, struct err *),
                void (*row)(const json_t *, struct table_out *))
{
    struct err err = {0};
    struct table_out table = {0};
    size_t i;
    json_t *one;
    if (!start_looking(app))
        return app->exit_code;
    AUTO_JSON json_t *rows = read(app, &err);
    if (!rows) {
        app_fail(app, name, &err);
        return app->exit_code;
    }
    if (print_short(app, rows, none))
        return app->exit_code;
    row(NULL, &table);
    json_array_foreach (rows, i, one)
        row(one, &table);
    table_print(&table);
    return app->exit_code;
}

static void hold_row(const json_t *h, struct table_out *table)
{
    const json_t *about = json_object_get(h, "about");
    if (!h) {
        table_row(table, 7, "ID", "PROSPECT", "FIELD", "INBOX", "CRM", "WHY", "SINCE");
        return;
    }
    AUTO_FREE char *s = show_value(json_object_get(about, "s"), 24), *t = show_value(json_object_get(about, "t"), 24);
    AUTO_FREE char *id = mem_printf("%lld", (long long)js_int_or(h, "id", 0));
    table_row(table, 7, id, js_str(h, "prospect"), js_str_or(h, "field", "(link)"), s, t, js_str(h, "why"), js_str(h, "opened"));
}

int cmd_holds(struct app *app, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return list(app, "holds", "nothing is held", look_holds, hold_row);
}

/* ---- resolve ---- */

static bool choose(struct hold *h, int argc, char **argv, struct err *err)
{
    bool side = !strcmp(argv[2], "inbox") || !strcmp(argv[2], "crm");
    if (!h->field && !side && argc == 3) {
        h->choice = mem_dup(argv[2]);
        return true;
    }
    if (h->field && side && argc == 3) {
        h->choice = mem_dup(argv[2]);
        return true;
    }
    if (h->field && !strcmp(argv[2], "value") && argc == 4) {
        h->choice = mem_dup("value");
        h->value = js_parse(argv[3], strlen(argv[3]), NULL);
        if (!h->value)
            h->value = json_string(argv[3]);
        return true;
    }
    return err_set(err, ERR_CONFIG, "say resolve ID inbox, resolve ID crm, resolve ID value VALUE, or, for an ambiguous link, "
                                    "resolve ID RECORD");
}

static bool resolve_hold(struct app *app, int argc, char **argv, struct err *err)
{
    struct hold h __attribute__((cleanup(hold_done))) = {0};
    struct link link __attribute__((cleanup(link_done))) = {0};
    bool found = false;
    int64_t id = 0;
    if (!str_to_int(argv[1], 1, INT64_MAX, &id))
        return err_set(err, ERR_CONFIG, "\"%s\" is no hold's number", argv[1]);
    STORE_TX(tx, app->store);
    if (!store_begin(app->store, err) || !store_hold_by_id(app->store, id, &h, &found, err))
        return false;
    if (!found)
        return err_set(err, ERR_CONFIG, "there is no hold %lld", (long long)id);
    free(h.choice);
    h.choice = NULL;
    if (!choose(&h, argc, argv, err) || !store_hold_put(app->store, &h, err) ||
        !store_link_by_id(app->store, h.link, &link, &found, err))
        return false;
    return store_job_mark(app->store, link.route, link.object, link.key, LANE_LIVE, app->env.now(&app->env), "resolved", err) &&
           store_commit(app->store, err);
}

json_t *deed_resolve(struct app *app, int argc, char **argv)
{
    struct err err = {0};
    if (resolve_hold(app, argc, argv, &err))
        return json_pack("{s:s}", "hold", argv[1]);
    app_fail(app, "resolve", &err);
    if (err.kind == ERR_CONFIG) /* nothing is wrong but what was asked for */
        app_worse(app, EXIT_USAGE);
    return NULL;
}

int cmd_resolve(struct app *app, int argc, char **argv)
{
    AUTO_JSON json_t *out = deed_do(app, argc, argv);
    if (out && app->json)
        print_json(out);
    else if (out)
        printf("noted: the next sync carries it out\n");
    return app->exit_code;
}

/* ---- dead and retry ---- */

static void dead_row(const json_t *op, struct table_out *table)
{
    AUTO_FREE char *id = mem_printf("%lld", (long long)js_int_or(op, "id", 0));
    if (op)
        table_row(table, 5, id, js_str(op, "prospect"), js_str(op, "side"), js_str(op, "kind"), js_str_or(op, "error", ""));
    else
        table_row(table, 5, "ID", "PROSPECT", "SIDE", "KIND", "THE SERVICE SAID");
}

int cmd_dead(struct app *app, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return list(app, "dead", "nothing is dead", look_dead, dead_row);
}

static bool retry_op(struct app *app, const struct op *op, struct err *err)
{
    struct link link __attribute__((cleanup(link_done))) = {0};
    bool found = false;
    return store_op_delete(app->store, op->id, err) && store_link_by_id(app->store, op->link, &link, &found, err) &&
           (!found || store_job_mark(app->store, link.route, link.object, link.key, LANE_RETRY,
                                     app->env.now(&app->env), "retry", err));
}

json_t *deed_retry(struct app *app, int argc, char **argv)
{
    struct err err = {0};
    int64_t id = 0, done = 0;
    bool all = !str_to_int(argv[argc - 1], 1, INT64_MAX, &id);
    for (size_t i = 0; i < app->n_routes; i++) {
        struct op *ops = NULL;
        size_t n = 0;
        bool ok = store_ops_dead(app->store, app->routes[i].route.name, 0, LIST_MOST, &ops, &n, &err);
        for (size_t k = 0; ok && k < n; k++)
            if (all || ops[k].id == id) {
                ok = retry_op(app, &ops[k], &err);
                done++;
            }
        ops_free(ops, n);
        if (!ok)
            app_fail(app, "retry", &err);
    }
    return json_pack("{s:I}", "retried", done);
}

int cmd_retry(struct app *app, int argc, char **argv)
{
    AUTO_JSON json_t *out = deed_do(app, argc, argv);
    int64_t done = js_int_or(out, "retried", 0);
    if (out && app->json)
        print_json(out);
    else if (out)
        printf("%lld write%s will be tried again with the next sync\n", (long long)done, done == 1 ? "" : "s");
    return app->exit_code;
}
