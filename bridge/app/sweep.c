/* A full comparison goes through three phases: Inbox is walked beside its feed, so that live edits are not kept waiting; then
 * everything known is marked, in the last lane; then the marks are worked off like any other, counted by class as they are
 * settled. The meta text "sweep:<route>" holds {"begun","ended","phase","place","schema","runs"}; without a phase none is under
 * way. Each step is one transaction and a restart goes on behind the last one. The finished report stays as "drift:<route>",
 * like that of reconcile. */
#include "bridge/app/sweep.h"
#include "bridge/app/preflight.h"
#include "bridge/base/hash.h"
#include "bridge/base/js.h"
#include "bridge/base/log.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "bridge/sync/drift.h"
#include "bridge/sync/everything.h"
#include "bridge/sync/shape.h"
#include "bridge/sync/survey.h"
#include "bridge/sync/verdict.h"
#include <string.h>

#define DAY_MS (24 * 3600 * 1000LL)
#define LEAST_MS (60 * 1000)
#define STEP 500
#define LOOK_MS (10 * 1000)
#define PUT_OFF_MS (60 * 60 * 1000)
#define PATIENCE_MS 2000

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

static bool in_phase(const json_t *state, const char *phase)
{
    return str_eq(js_str(state, "phase"), phase);
}

/* The same for a route from start to start, another for each route. */
static uint64_t luck_of(const struct app_route *ar, int64_t last)
{
    return hash_fast(ar->route.name, strlen(ar->route.name), (uint64_t)last);
}

/* ---- beginning ---- */

/* A fresh store has just compared everything, or is about to. */
static bool begin_counting(struct app *app, const char *route, json_t *state, struct err *err)
{
    int64_t now = app->env.now(&app->env);
    if (js_int_or(state, "begun", 0))
        return true;
    js_set(state, "begun", json_integer(now));
    js_set(state, "ended", json_integer(now));
    return write_state(app, route, state, err);
}

/* Walks of one Inbox follow one another: they share the place where they stand. */
static bool walk_is_free(struct app *app, const struct app_route *ar, bool *is_free, struct err *err)
{
    *is_free = true;
    for (size_t i = 0; i < app->n_routes; i++) {
        const struct route *other = &app->routes[i].route;
        if (&app->routes[i] == ar || other->ep[SIDE_S] != ar->route.ep[SIDE_S] || !app->routes[i].sweep.every)
            continue;
        AUTO_JSON json_t *state = read_state(app, other->name, err);
        if (!state)
            return false;
        *is_free &= !in_phase(state, "walk");
    }
    return true;
}

static bool suffices(struct app *app, struct app_route *ar, struct err *err)
{
    int64_t cost[2] = {0, 0};
    if (!ar->route.ep[SIDE_S])
        return true;
    return preflight_cost(&ar->route, cost, err) && preflight_quota(app, &ar->route, cost, err);
}

static struct intake *inbox_of(struct app *app, const struct route *r)
{
    for (size_t i = 0; i < app->n_endpoints; i++)
        if (app->endpoints[i].ep == r->ep[SIDE_S])
            return &app->endpoints[i].intake;
    return NULL;
}

/* Learning anew asks for the organisation, the rights and the schemas again before anything is compared. */
static bool begin(struct app *app, struct app_route *ar, json_t *state, struct err *err)
{
    struct intake *in = inbox_of(app, &ar->route);
    AUTO_JSON json_t *nothing = json_object();
    STORE_TX(tx, app->store);
    js_set(state, "begun", json_integer(app->env.now(&app->env)));
    js_set(state, "phase", json_string("walk"));
    js_set(state, "place", json_object());
    if (!store_begin(app->store, err) || (in && !intake_walk_again(in, err)) || !drift_count_from(&ar->route, nothing, err) ||
        !write_state(app, ar->route.name, state, err) || !store_commit(app->store, err))
        return false;
    ar->route.learnt = false;
    log_info("sweep.start", "route", ar->route.name, NULL);
    return true;
}

static bool begin_when_due(struct app *app, struct app_route *ar, json_t *state, int64_t *next, struct err *err)
{
    int64_t now = app->env.now(&app->env), begun = js_int_or(state, "begun", 0);
    struct err short_of = {0};
    bool is_free = true;
    *next = begun > now + LOOK_MS ? now : sweep_next(&ar->sweep, begun, now, luck_of(ar, begun)); /* the clock was set back */
    if (*next > now)
        return true;
    if (!walk_is_free(app, ar, &is_free, err))
        return false;
    *next = now + LOOK_MS;
    if (!is_free)
        return true;
    if (!suffices(app, ar, &short_of)) {
        log_warn("sweep.put_off", "route", ar->route.name, "why", short_of.text, NULL);
        *next = now + PUT_OFF_MS;
        return true;
    }
    *next = now;
    return begin(app, ar, state, err);
}

/* ---- walking ---- */

static bool turn_to(struct app *app, struct route *r, json_t *state, const char *phase, struct err *err)
{
    js_set(state, "phase", json_string(phase));
    return write_state(app, r->name, state, err);
}

/* One page; what the service refuses or is slow with is tried again later and is no fault of the route. */
static bool walk(struct app *app, struct app_route *ar, json_t *state, int64_t *next, struct err *err)
{
    struct route *r = &ar->route;
    struct intake *in = inbox_of(app, r);
    struct err why = {0};
    int64_t now = app->env.now(&app->env);
    bool more = false;
    *next = now + 1000;
    if (in && !intake_ready(in))
        return true;
    if (in) {
        in->ep->lane = LANE_RECONCILE;
        in->ep->patience = PATIENCE_MS;
    }
    if (in && !intake_walk(in, r, &more, &why)) {
        if (why.kind == ERR_STORE) {
            *err = why;
            return false;
        }
        if (why.kind != ERR_RATE)
            log_warn("sweep.failed", "route", r->name, "kind", err_name(why.kind), "error", why.text, NULL);
        *next = verdict_due(&why, 4, &app->env);
        return true;
    }
    *next = now;
    return more || turn_to(app, r, state, "mark", err);
}

/* ---- marking ---- */

/* One step of marks and its checkpoint, in one transaction. */
static bool mark(struct app *app, struct app_route *ar, json_t *state, struct err *err)
{
    struct route *r = &ar->route;
    struct job *jobs = NULL;
    size_t n = 0;
    json_t *place = json_object_get(state, "place");
    if (!json_object_size(place) && !survey_begin(r, err))
        return false;
    if (!everything_next(r, place, STEP, &jobs, &n, err))
        return false;
    STORE_TX(tx, app->store);
    bool ok = store_begin(app->store, err);
    for (size_t i = 0; ok && i < n; i++)
        ok = store_job_mark(app->store, r->name, jobs[i].object, jobs[i].key, LANE_RECONCILE, app->env.now(&app->env),
                            "compare", err);
    jobs_free(jobs, n);
    if (js_bool_or(place, "through", false))
        js_set(state, "phase", json_string("work"));
    return ok && write_state(app, r->name, state, err) && store_commit(app->store, err);
}

/* ---- the end ---- */

static bool keep_report(struct app *app, struct route *r, const json_t *counts, struct err *err)
{
    char at[WHEN_TEXT];
    const char *class;
    json_t *n, *changes = NULL;
    int64_t compared = 0;
    when_print(app->env.now(&app->env), at);
    json_object_foreach ((json_t *)counts, class, n)
        compared += json_integer_value(n);
    if (!shape_changes(r, &changes, err))
        return false;
    AUTO_JSON json_t *report = json_pack("{s:s,s:s,s:I,s:O?,s:o}", "route", r->name, "at", at, "compared", compared, "records",
                                         counts, "schema", changes);
    AUTO_FREE char *name = mem_printf("drift:%s", r->name), *text = js_print(report);
    return store_meta_set(app->store, name, text, err) && shape_keep(r, err);
}

/* Worked off: no mark of it is left but those that wait for a later try, which are no comparison any more. */
static bool end_when_through(struct app *app, struct app_route *ar, json_t *state, int64_t *next, struct err *err)
{
    struct route *r = &ar->route;
    int64_t left = 0, now = app->env.now(&app->env);
    AUTO_JSON json_t *counts = NULL;
    *next = now + LOOK_MS;
    if (!store_jobs_why(app->store, r->name, "compare", &left, err))
        return false;
    if (left)
        return true;
    STORE_TX(tx, app->store);
    json_object_del(state, "phase");
    json_object_del(state, "place");
    js_set(state, "ended", json_integer(now));
    js_set(state, "runs", json_integer(js_int_or(state, "runs", 0) + 1));
    if (!store_begin(app->store, err) || !drift_counts(r, &counts, err) || !keep_report(app, r, counts, err) ||
        !drift_count_from(r, NULL, err) || !write_state(app, r->name, state, err) || !store_commit(app->store, err))
        return false;
    log_info("sweep.done", "route", r->name, NULL);
    return true;
}

static bool advance(struct app *app, struct app_route *ar, int64_t *next, struct err *err)
{
    AUTO_JSON json_t *state = read_state(app, ar->route.name, err);
    if (!state || !begin_counting(app, ar->route.name, state, err))
        return false;
    *next = app->env.now(&app->env);
    if (in_phase(state, "walk"))
        return walk(app, ar, state, next, err);
    if (in_phase(state, "mark"))
        return mark(app, ar, state, err);
    if (in_phase(state, "work"))
        return end_when_through(app, ar, state, next, err);
    return begin_when_due(app, ar, state, next, err);
}

void sweep_round(struct app *app, int64_t *wake)
{
    for (size_t i = 0; i < app->n_routes; i++) {
        struct app_route *ar = &app->routes[i];
        struct err err = {0};
        int64_t now = app->env.now(&app->env);
        if (!ar->sweep.every)
            continue;
        if (now >= ar->sweep_look && !advance(app, ar, &ar->sweep_look, &err)) {
            app_fail(app, "sweep", &err);
            ar->sweep_look = now + LOOK_MS;
        }
        *wake = ar->sweep_look < *wake ? ar->sweep_look : *wake;
    }
}
