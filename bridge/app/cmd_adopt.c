/* adopt: after the store was lost. Inbox is enumerated, the CRM's records are found by the key they carry, and what fits is
 * linked; then the CRM's own list tells which keys nobody in Inbox has, and which are there twice. */
#include "bridge/app/app.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "bridge/sync/adopt.h"
#include <string.h>

#define CHUNK 500
#define SHOWN_MOST 40
#define TRIES 5
#define PAUSE_MS 2000
#define PAGES_MOST 100000

struct adopt {
    struct app *app;
    struct route *route;
    bool dry;
    json_t *counts, *rows; /* rows: what a person should look at */
    json_t *ids;           /* key → the CRM's id, of the CRM's list */
    bool again[CHUNK];     /* of this chunk: failed in passing */
    size_t at;
    bool last; /* what fails now has failed */
};

static void count(struct adopt *a, const char *name)
{
    js_set(a->counts, name, json_integer(js_int_or(a->counts, name, 0) + 1));
}

static void take_row(void *self, const json_t *row)
{
    struct adopt *a = self;
    const char *act = js_str(row, "act");
    bool differs = json_array_size(json_object_get(row, "differs")) > 0;
    bool again = js_bool_or(row, "again", false) && !a->last;
    a->again[a->at++] = again;
    if (again)
        return;
    count(a, act);
    if (differs)
        count(a, "differing");
    if (differs || str_eq(act, "unmatched") || str_eq(act, "ambiguous") || str_eq(act, "failed"))
        json_array_append(a->rows, (json_t *)row);
    if (str_eq(act, "ambiguous") || str_eq(act, "failed"))
        app_worse(a->app, EXIT_PARTLY);
}

/* ---- the links ---- */

/* What failed in passing is asked again after a pause, a few times; its jobs move to the front. */
static bool adopt_chunk(struct adopt *a, struct job *jobs, size_t n, struct err *err)
{
    struct env *env = &a->app->env;
    for (int tries = 1; n && a->route->stop.kind == ERR_NONE; tries++) {
        size_t left = 0;
        a->at = 0;
        a->last = tries == TRIES;
        if (!sync_adopt(a->route, jobs, n, a->dry, take_row, a, err))
            return false;
        for (size_t i = 0; i < n; i++)
            if (a->again[i]) {
                struct job later = jobs[i];
                jobs[i] = jobs[left];
                jobs[left++] = later;
            }
        n = left;
        int64_t now = env->now(env), until = route_waits(a->route) > now ? route_waits(a->route) : now + PAUSE_MS;
        if (n)
            env->sleep(env, until - now);
    }
    return true;
}

static bool adopt_jobs(struct adopt *a, struct err *err)
{
    struct job *jobs = NULL;
    struct progress bar;
    size_t n = 0;
    if (!store_jobs_due(a->app->store, a->route->name, WHEN_NEVER - 1, LANES, NULL, SIZE_MAX / 2, &jobs, &n, err))
        return false;
    progress_start(&bar, a->app, "adopting");
    bool ok = true;
    for (size_t at = 0; ok && at < n && a->route->stop.kind == ERR_NONE; at += CHUNK) {
        ok = adopt_chunk(a, jobs + at, n - at < CHUNK ? n - at : CHUNK, err);
        progress_show(&bar, (int64_t)at, (int64_t)(n - at));
    }
    progress_end(&bar);
    jobs_free(jobs, n);
    return ok;
}

/* ---- the CRM's own list ---- */

static void stray(struct adopt *a, const char *act, const char *key, const char *id, const char *why)
{
    count(a, act);
    js_add(a->rows, json_pack("{s:s,s:s,s:s,s:s}", "act", act, "key", key, "t_id", id, "why", why));
}

static bool look_at(struct adopt *a, const struct bound *b, const struct record *rec, struct err *err)
{
    const char *key = rec->key ? rec->key : js_str(rec->fields, b->o->key);
    struct subject s __attribute__((cleanup(subject_done))) = {0};
    bool found = false;
    if (rec->state != RECORD_LIVE || str_blank(key))
        return true;
    if (js_str(a->ids, key) && !str_eq(js_str(a->ids, key), rec->id))
        stray(a, "duplicate_key", key, rec->id, "another record carries the same key");
    js_set(a->ids, key, json_string(rec->id));
    if (!store_subject_get(a->app->store, a->route->ep[SIDE_S]->name, b->o->type[SIDE_S], key, &s, &found, err))
        return false;
    if (!found)
        stray(a, "unknown_key", key, rec->id, "nobody in Inbox has this key");
    return true;
}

static bool list_crm(struct adopt *a, const struct bound *b, struct err *err)
{
    struct endpoint *ep = a->route->ep[SIDE_T];
    const char *fields[] = {b->o->key, NULL};
    AUTO_FREE char *cursor = NULL;
    bool more = true;
    for (int i = 0; more && i < PAGES_MOST; i++) {
        struct page page __attribute__((cleanup(page_done))) = {0};
        if (!ep->kind->changes(ep, b->o->type[SIDE_T], fields, cursor, &page, err))
            return false;
        for (size_t k = 0; k < page.n; k++)
            if (!look_at(a, b, &page.items[k], err))
                return false;
        free(cursor);
        cursor = mem_dup(page.next);
        more = page.more && cursor;
    }
    return true;
}

/* ---- telling ---- */

static void show(struct adopt *a)
{
    struct table_out table = {0};
    size_t i;
    json_t *row, *value;
    const char *name;
    table_row(&table, 4, "PROSPECT", "RESULT", "CRM RECORD", "WHY");
    json_array_foreach (a->rows, i, row) {
        AUTO_FREE char *differs = json_array_size(json_object_get(row, "differs"))
                                      ? show_value(json_object_get(row, "differs"), 60)
                                      : NULL;
        AUTO_FREE char *why = differs ? mem_printf("differs: %s", differs) : mem_dup(js_str_or(row, "why", ""));
        if (i < SHOWN_MOST)
            table_row(&table, 4, js_str_or(row, "label", js_str(row, "key")), js_str(row, "act"),
                      js_str_or(row, "t_id", ""), why);
    }
    if (table.n > 1)
        table_print(&table);
    else
        table_drop(&table);
    if (json_array_size(a->rows) > SHOWN_MOST)
        printf("… and %zu more; --json has every row\n", json_array_size(a->rows) - SHOWN_MOST);
    printf("route %s:", a->route->name);
    json_object_foreach (a->counts, name, value)
        printf(" %s %lld", name, (long long)json_integer_value(value));
    printf("; %s\n", a->dry ? "nothing was linked" : "nothing was created or written");
}

static void adopt_route(struct adopt *a, json_t *out)
{
    struct err err = {0};
    struct route *r = a->route;
    bool ok = a->dry || store_run_start(a->app->store, r->name, "adopt", &r->run, &err);
    ok = ok && adopt_jobs(a, &err);
    for (size_t i = 0; ok && i < r->n && (r->ep[SIDE_T]->caps & CAP_FEED); i++)
        if (!r->objects[i].o->of)
            ok = list_crm(a, &r->objects[i], &err);
    if (ok && !a->dry)
        ok = store_run_end(a->app->store, r->run, a->counts, &err);
    if (!ok)
        app_fail(a->app, r->name, &err);
    if (r->stop.kind != ERR_NONE)
        app_fail(a->app, r->name, &r->stop);
    if (!a->app->json)
        show(a);
    js_add(out, json_pack("{s:s,s:b,s:O,s:O}", "route", r->name, "plan", a->dry, "counts", a->counts, "rows", a->rows));
}

int cmd_adopt(struct app *app, int argc, char **argv)
{
    bool dry = argc == 2 && !strcmp(argv[1], "--plan");
    if (argc > 1 && !dry) {
        fprintf(stderr, "inbox-bridge: adopt: say adopt, or adopt --plan\n");
        return EXIT_USAGE;
    }
    if (!app_load(app) || !app_open(app) || !app_learn(app) || !app_intake(app))
        return app->exit_code;
    AUTO_JSON json_t *out = json_array();
    for (size_t i = 0; i < app->n_routes; i++) {
        AUTO_JSON json_t *counts = json_object(), *rows = json_array(), *ids = json_object();
        struct adopt a = {
            .app = app, .route = &app->routes[i].route, .dry = dry, .counts = counts, .rows = rows, .ids = ids};
        adopt_route(&a, out);
    }
    if (app->json)
        print_json(out);
    return app->exit_code;
}
