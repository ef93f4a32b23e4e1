/* A sweep is marks: once everything is marked in the lane that waits for all others, the worker compares it like anything
 * else. So this file decides when, marks in steps with a checkpoint, and notices when the last mark is worked off. The meta
 * text "sweep:<route>" holds {"begun","ended","after","runs","records"}: after is the last link marked, absent once all are;
 * records is what was found so far, by class. The finished one stays as "drift:<route>", like that of reconcile. */
#include "bridge/app/sweep.h"
#include "bridge/base/hash.h"
#include "bridge/base/js.h"
#include "bridge/base/log.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "bridge/sync/drift.h"
#include <string.h>

#define DAY_MS (24 * 3600 * 1000LL)
#define LEAST_MS (60 * 1000)
#define STEP 500
#define LOOK_MS (10 * 1000)

/* ---- when ---- */

bool sweep_when_parse(const char *text, struct sweep_when *out, struct err *err)
{
    struct sweep_when when = {.at = -1};
    int hour = -1, minute = -1, end = 0;
    if (!text || str_eq(text, "off")) {
        *out = when;
        return true;
    }
    if (sscanf(text, "%2d:%2d%n", &hour, &minute, &end) == 2 && !text[end]) {
        if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
            return err_set(err, ERR_CONFIG, "\"%s\" is no time of day: say \"03:30\"", text);
        *out = (struct sweep_when){.every = DAY_MS, .at = (hour * 60 + minute) * 60 * 1000LL};
        return true;
    }
    if (!when_parse_span(text, &when.every, err))
        return err_wrap(err, "say an interval (\"24h\"), a time of day in UTC (\"03:30\") or \"off\"");
    if (when.every < LEAST_MS)
        return err_set(err, ERR_CONFIG, "\"%s\" is too often: a minute at least", text);
    *out = when;
    return true;
}

int64_t sweep_next(const struct sweep_when *when, int64_t last, int64_t now, uint64_t luck)
{
    if (!when->every)
        return WHEN_NEVER;
    int64_t from = last ? last : now;
    if (when->at < 0)
        return from + when->every + (int64_t)(luck % (uint64_t)(when->every / 10 + 1));
    int64_t today = from - from % DAY_MS + when->at;
    return today > from ? today : today + DAY_MS;
}

/* ---- where it stands ---- */

static json_t *read_state(struct app *app, const char *route, struct err *err)
{
    AUTO_FREE char *name = mem_printf("sweep:%s", route), *text = NULL;
    if (!store_meta_get(app->store, name, &text, err))
        return NULL;
    json_t *state = text ? js_parse(text, strlen(text), NULL) : NULL;
    return state ? state : json_object();
}

static bool write_state(struct app *app, const char *route, const json_t *state, struct err *err)
{
    AUTO_FREE char *name = mem_printf("sweep:%s", route), *text = js_print(state);
    return store_meta_set(app->store, name, text, err);
}

static bool under_way(const json_t *state)
{
    return js_int_or(state, "begun", 0) > js_int_or(state, "ended", 0);
}

/* The same for a route from start to start, another for each route. */
static uint64_t luck_of(const struct app_route *ar, int64_t last)
{
    return hash_fast(ar->route.name, strlen(ar->route.name), (uint64_t)last);
}

bool sweep_due(struct app *app, struct app_route *ar, int64_t *next)
{
    struct err err = {0};
    int64_t now = app->env.now(&app->env);
    AUTO_JSON json_t *state = ar->sweep.every ? read_state(app, ar->route.name, &err) : NULL;
    *next = WHEN_NEVER;
    if (!state)
        return false;
    int64_t begun = js_int_or(state, "begun", 0);
    if (!begun) { /* a fresh store has just compared everything, or is about to */
        js_set(state, "begun", json_integer(now));
        js_set(state, "ended", json_integer(now));
        if (!write_state(app, ar->route.name, state, &err))
            app_fail(app, "sweep", &err);
        begun = now;
    }
    if (under_way(state)) {
        *next = now + LOOK_MS;
        return json_object_get(state, "after") != NULL;
    }
    *next = sweep_next(&ar->sweep, begun, now, luck_of(ar, begun));
    return *next <= now;
}

/* ---- marking ---- */

/* One step of marks and its checkpoint, in one transaction. */
static bool mark_step(struct app *app, struct route *r, json_t *state, bool *more, struct err *err)
{
    struct link *links = NULL;
    size_t n = 0;
    if (!store_links_after(app->store, r->name, js_int_or(state, "after", 0), STEP, &links, &n, err))
        return false;
    STORE_TX(tx, app->store);
    bool ok = store_begin(app->store, err);
    for (size_t i = 0; ok && i < n; i++)
        ok = store_job_mark(app->store, r->name, links[i].object, links[i].key, LANE_RECONCILE, app->env.now(&app->env),
                            "compare", err);
    *more = n == STEP;
    if (*more)
        js_set(state, "after", json_integer(links[n - 1].id));
    else
        json_object_del(state, "after");
    links_free(links, n);
    return ok && write_state(app, r->name, state, err) && store_commit(app->store, err);
}

static bool enumerate(struct app *app, const struct route *r, struct err *err)
{
    for (size_t i = 0; i < app->n_endpoints; i++)
        if (app->endpoints[i].ep == r->ep[SIDE_S] && !intake_restart(&app->endpoints[i].intake, err))
            return false;
    return true;
}

static bool begin(struct app *app, const struct route *r, json_t *state, struct err *err)
{
    STORE_TX(tx, app->store);
    js_set(state, "begun", json_integer(app->env.now(&app->env)));
    js_set(state, "after", json_integer(0));
    js_set(state, "records", json_object());
    return store_begin(app->store, err) && enumerate(app, r, err) && write_state(app, r->name, state, err) &&
           store_commit(app->store, err);
}

bool sweep_start(struct app *app, struct app_route *ar, struct err *err)
{
    struct route *r = &ar->route;
    AUTO_JSON json_t *state = read_state(app, r->name, err);
    bool more = true;
    if (!state || (!under_way(state) && !begin(app, r, state, err)))
        return false;
    while (more)
        if (!mark_step(app, r, state, &more, err))
            return false;
    return true;
}

/* ---- the end ---- */

static bool keep_report(struct app *app, const char *route, const json_t *state, struct err *err)
{
    char at[WHEN_TEXT];
    when_print(js_int_or(state, "ended", 0), at);
    AUTO_JSON json_t *report = json_pack("{s:s,s:s,s:O?}", "route", route, "at", at, "records",
                                         json_object_get(state, "records"));
    AUTO_FREE char *name = mem_printf("drift:%s", route), *text = js_print(report);
    return store_meta_set(app->store, name, text, err);
}

/* Worked off: no mark of it is left but those that wait for a later try, which are no comparison any more. */
static bool look(struct app *app, struct app_route *ar, bool *through, struct err *err)
{
    struct route *r = &ar->route;
    int64_t left = 0, scan = 0;
    AUTO_JSON json_t *state = read_state(app, r->name, err);
    *through = false;
    if (!state)
        return false;
    if (!under_way(state) || json_object_get(state, "after"))
        return true;
    if (!store_jobs_why(app->store, r->name, "compare", &left, err) ||
        !store_jobs_why(app->store, r->name, "scan", &scan, err))
        return false;
    if (!json_object_get(state, "records"))
        js_set(state, "records", json_object());
    drift_take(r, json_object_get(state, "records"));
    if (left + scan)
        return write_state(app, r->name, state, err);
    *through = true;
    js_set(state, "ended", json_integer(app->env.now(&app->env)));
    js_set(state, "runs", json_integer(js_int_or(state, "runs", 0) + 1));
    return keep_report(app, r->name, state, err) && write_state(app, r->name, state, err);
}

void sweep_round(struct app *app, int64_t *wake)
{
    for (size_t i = 0; i < app->n_routes; i++) {
        struct app_route *ar = &app->routes[i];
        struct err err = {0};
        int64_t next = WHEN_NEVER;
        bool through = false, due = ar->sweep.every && sweep_due(app, ar, &next);
        if (due)
            log_info("sweep.start", "route", ar->route.name, NULL);
        if ((due && !sweep_start(app, ar, &err)) || (ar->sweep.every && !look(app, ar, &through, &err)))
            app_fail(app, "sweep", &err);
        if (through)
            log_info("sweep.done", "route", ar->route.name, NULL);
        if (due || through)
            next = app->env.now(&app->env) + (due ? 0 : LOOK_MS);
        *wake = next < *wake ? next : *wake;
    }
}
