/* status, explain, holds, resolve, dead, retry: what is, why, and the few things a person decides. */
#include "bridge/app/app.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "bridge/sync/sync.h"
#include <string.h>

#define LIST_MOST 1000

static bool start(struct app *app)
{
    return app_load(app) && app_open(app);
}

/* ---- status ---- */

static json_t *links_of(struct app *app, const char *route)
{
    int64_t by_state[8] = {0};
    struct err err = {0};
    json_t *out = json_object();
    if (!store_link_counts(app->store, route, by_state, &err))
        app_fail(app, route, &err);
    for (int s = LINK_LINKED; s <= LINK_TOMBSTONE; s++)
        if (by_state[s])
            js_set(out, link_state_name((enum link_state)s), json_integer(by_state[s]));
    return out;
}

/* What the last full comparison found: by hand, or on schedule. JSON null: there was none yet. */
static json_t *drift_of(struct app *app, const char *route)
{
    AUTO_FREE char *name = mem_printf("drift:%s", route), *text = NULL;
    struct err err = {0};
    if (!store_meta_get(app->store, name, &text, &err))
        app_fail(app, route, &err);
    json_t *report = text ? js_parse(text, strlen(text), NULL) : NULL;
    return report ? report : json_null();
}

static void print_drift(const json_t *drift)
{
    const char *class;
    json_t *n;
    printf("  last compared %s:", js_str(drift, "at"));
    json_object_foreach (json_object_get(drift, "records"), class, n)
        printf(" %s %lld", class, (long long)json_integer_value(n));
    printf("\n");
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
        if (js_str(json_object_get(row, "drift"), "at"))
            print_drift(json_object_get(row, "drift"));
        if (js_str(row, "paused"))
            printf("  paused since %s\n", js_str(row, "paused"));
    }
}

int cmd_status(struct app *app, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    if (!start(app))
        return app->exit_code;
    AUTO_JSON json_t *report = app_report(app);
    for (size_t i = 0; i < app->n_routes; i++) {
        json_t *row = json_array_get(json_object_get(report, "routes"), i);
        js_set(row, "links", links_of(app, app->routes[i].route.name));
        js_set(row, "drift", drift_of(app, app->routes[i].route.name));
        json_object_del(row, "counts");
    }
    if (app->json)
        print_json(report);
    else
        print_status(report);
    return app->exit_code;
}

/* ---- explain ---- */

static void print_explained(const struct route *r, const json_t *out)
{
    size_t i;
    json_t *cell;
    struct table_out table = {0};
    printf("%s (%s) on route %s: %s%s%s\n", js_str_or(out, "label", "?"), js_str(out, "key"), r->name, js_str(out, "state"),
           js_str(out, "t_id") ? ", CRM record " : "", js_str_or(out, "t_id", ""));
    if (js_str(out, "excluded") || js_str(out, "error"))
        printf("  %s\n", js_str(out, "excluded") ? js_str(out, "excluded") : js_str(out, "error"));
    table_row(&table, 7, "FIELD", "INBOX", "CRM", "AGREED INBOX", "AGREED CRM", "NEXT", "WHY");
    json_array_foreach (json_object_get(out, "cells"), i, cell) {
        static const char *const names[] = {"inbox", "crm", "base_inbox", "base_crm"};
        char *shown[4];
        for (int k = 0; k < 4; k++)
            shown[k] = show_value(json_object_get(cell, names[k]), 20);
        AUTO_FREE char *why = mem_printf("%s [%s, %s:%lld]", js_str(cell, "why"), js_str(cell, "policy"), r->mapping->file,
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
        if (!app->json)
            print_explained(r, out);
        js_add(all, out);
    }
}

int cmd_explain(struct app *app, int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "inbox-bridge: explain: say explain PROSPECT (@handle, key, id)\n");
        return EXIT_USAGE;
    }
    struct err err = {0};
    if (!start(app) || !app_learn(app))
        return app->exit_code;
    AUTO_JSON json_t *all = json_array();
    bool any = false;
    for (size_t i = 0; i < app->n_routes; i++) {
        struct route *r = &app->routes[i].route;
        struct subject s __attribute__((cleanup(subject_done))) = {0};
        bool found = false;
        if (!store_subject_find(app->store, r->ep[SIDE_S]->name, argv[1], &s, &found, &err))
            app_fail(app, r->name, &err);
        any |= found;
        if (found)
            explain_on(app, r, s.key, all);
    }
    if (app->json)
        print_json(all);
    if (!any) {
        fprintf(stderr, "inbox-bridge: explain: nobody called \"%s\" was seen yet\n", argv[1]);
        return EXIT_USAGE;
    }
    return app->exit_code;
}

/* ---- holds ---- */

static char *label_of(struct app *app, struct route *r, int64_t link_id, struct link *link)
{
    struct err err = {0};
    bool found = false;
    struct subject s __attribute__((cleanup(subject_done))) = {0};
    if (!store_link_by_id(app->store, link_id, link, &found, &err) || !found)
        return mem_dup("?");
    if (!store_subject_find(app->store, r->ep[SIDE_S]->name, link->key, &s, &found, &err) || !found || !s.label)
        return mem_dup(link->key);
    return mem_dup(s.label);
}

static void hold_row(struct app *app, struct route *r, const struct hold *h, json_t *out, struct table_out *table)
{
    struct link link __attribute__((cleanup(link_done))) = {0};
    AUTO_FREE char *who = label_of(app, r, h->link, &link);
    AUTO_FREE char *s = show_value(json_object_get(h->about, "s"), 24), *t = show_value(json_object_get(h->about, "t"), 24);
    AUTO_FREE char *id = mem_printf("%lld", (long long)h->id);
    char opened[WHEN_TEXT];
    when_print(h->opened, opened);
    table_row(table, 7, id, who, h->field ? h->field : "(link)", s, t, h->why, opened);
    js_add(out, json_pack("{s:I,s:s,s:s,s:s?,s:s,s:O?,s:s,s:s?}", "id", h->id, "route", r->name, "prospect", who, "field", h->field,
                          "why", h->why, "about", h->about, "opened", opened, "choice", h->choice));
}

int cmd_holds(struct app *app, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    if (!start(app))
        return app->exit_code;
    AUTO_JSON json_t *out = json_array();
    struct table_out table = {0};
    table_row(&table, 7, "ID", "PROSPECT", "FIELD", "INBOX", "CRM", "WHY", "SINCE");
    for (size_t i = 0; i < app->n_routes; i++) {
        struct route *r = &app->routes[i].route;
        struct hold *holds = NULL;
        size_t n = 0;
        struct err err = {0};
        if (!store_holds(app->store, r->name, 0, LIST_MOST, &holds, &n, &err))
            app_fail(app, r->name, &err);
        for (size_t k = 0; k < n; k++)
            hold_row(app, r, &holds[k], out, &table);
        holds_free(holds, n);
    }
    if (app->json) {
        print_json(out);
        return app->exit_code;
    }
    if (json_array_size(out))
        table_print(&table);
    else
        printf("nothing is held\n");
    return app->exit_code;
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

int cmd_resolve(struct app *app, int argc, char **argv)
{
    struct err err = {0};
    if (argc < 3) {
        fprintf(stderr, "inbox-bridge: resolve: say resolve ID inbox|crm|value VALUE|RECORD\n");
        return EXIT_USAGE;
    }
    if (!start(app))
        return app->exit_code;
    if (!resolve_hold(app, argc, argv, &err)) {
        app_fail(app, "resolve", &err);
        return err.kind == ERR_CONFIG ? EXIT_USAGE : app->exit_code;
    }
    printf("noted: the next sync carries it out\n");
    return app->exit_code;
}

/* ---- dead and retry ---- */

static void dead_row(struct app *app, struct route *r, const struct op *op, json_t *out, struct table_out *table)
{
    struct link link __attribute__((cleanup(link_done))) = {0};
    AUTO_FREE char *who = label_of(app, r, op->link, &link);
    AUTO_FREE char *id = mem_printf("%lld", (long long)op->id);
    table_row(table, 5, id, who, op->side == SIDE_T ? "crm" : "inbox", op->kind, op->error ? op->error : "");
    js_add(out, json_pack("{s:I,s:s,s:s,s:s,s:s,s:s?,s:O?}", "id", op->id, "route", r->name, "prospect", who, "side",
                          op->side == SIDE_T ? "crm" : "inbox", "kind", op->kind, "error", op->error, "payload", op->payload));
}

int cmd_dead(struct app *app, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    if (!start(app))
        return app->exit_code;
    AUTO_JSON json_t *out = json_array();
    struct table_out table = {0};
    table_row(&table, 5, "ID", "PROSPECT", "SIDE", "KIND", "THE SERVICE SAID");
    for (size_t i = 0; i < app->n_routes; i++) {
        struct op *ops = NULL;
        size_t n = 0;
        struct err err = {0};
        if (!store_ops_dead(app->store, app->routes[i].route.name, 0, LIST_MOST, &ops, &n, &err))
            app_fail(app, "dead", &err);
        for (size_t k = 0; k < n; k++)
            dead_row(app, &app->routes[i].route, &ops[k], out, &table);
        ops_free(ops, n);
    }
    if (app->json) {
        print_json(out);
        return app->exit_code;
    }
    if (json_array_size(out))
        table_print(&table);
    else
        printf("nothing is dead\n");
    return app->exit_code;
}

static bool retry_op(struct app *app, const struct op *op, struct err *err)
{
    struct link link __attribute__((cleanup(link_done))) = {0};
    bool found = false;
    return store_op_delete(app->store, op->id, err) && store_link_by_id(app->store, op->link, &link, &found, err) &&
           (!found || store_job_mark(app->store, link.route, link.object, link.key, LANE_RETRY,
                                     app->env.now(&app->env), "retry", err));
}

int cmd_retry(struct app *app, int argc, char **argv)
{
    struct err err = {0};
    int64_t id = 0, done = 0;
    bool all = argc == 2 && !strcmp(argv[1], "--all");
    if (argc != 2 || (!all && !str_to_int(argv[1], 1, INT64_MAX, &id))) {
        fprintf(stderr, "inbox-bridge: retry: say retry ID, or retry --all\n");
        return EXIT_USAGE;
    }
    if (!start(app))
        return app->exit_code;
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
    printf("%lld write%s will be tried again with the next sync\n", (long long)done, done == 1 ? "" : "s");
    return app->exit_code;
}
