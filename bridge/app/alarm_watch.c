/* The conditions themselves, each a question to the store, the limiters or the last poll. */
#include "bridge/app/alarm.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include <string.h>

#define DAY_MS 86400000LL
#define SILENCE_MS (60 * 60 * 1000)
#define DRIFT_LEAST 20
#define FEED_AHEAD_MS (5 * 60 * 1000) /* a delivery and the poll that tells the same are so far apart at most */

__attribute__((format(printf, 5, 6))) static void hold_true(json_t *causes, const char *kind, const char *subject, int64_t wait,
                                                            const char *fmt, ...)
{
    AUTO_FREE char *key = mem_printf("%s:%s", kind, subject);
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        abort();
    va_end(ap);
    js_set(causes, key, json_pack("{s:s,s:I}", "text", text, "wait", (json_int_t)wait));
    free(text);
}

/* ---- endpoints ---- */

static void watch_answers(const struct alarm *a, const struct app_endpoint *e, json_t *causes)
{
    if (e->fault.kind == ERR_AUTH)
        hold_true(causes, "authorisation_lost", e->ep->name, 0, "%s", e->fault.text);
    else if (e->fault.kind != ERR_NONE && e->fault.kind != ERR_RATE)
        hold_true(causes, "endpoint_down", e->ep->name, a->app->alarms.after, "%s", e->fault.text);
}

static void watch_budget(const struct alarm *a, const struct app_endpoint *e, json_t *causes)
{
    struct limiter_gauge g[LIMITER_GAUGES];
    size_t n = e->ep->limiter ? limiter_gauges(e->ep->limiter, a->app->env.now(&a->app->env), g) : 0;
    for (size_t i = 0; i < n; i++)
        if (g[i].span_ms >= DAY_MS && (double)g[i].used * 100 >= (double)g[i].limit * (double)a->app->alarms.budget)
            hold_true(causes, "budget_low", e->ep->name, 0, "%u of %u calls a day are used (%s)", g[i].used, g[i].limit, g[i].bucket);
}

/* Hooks that were in use say nothing for an hour although the feed had news: a webhook was deleted, or cannot get through. */
static void watch_silence(const struct alarm *a, const struct app_endpoint *e, json_t *causes)
{
    int64_t now = a->app->env.now(&a->app->env), before = js_int_or(a->heard, e->ep->name, 0), last = e->heard;
    if (last > before)
        js_set(a->heard, e->ep->name, json_integer(last));
    last = last > before ? last : before;
    if (last && now - last > SILENCE_MS && e->news > last + FEED_AHEAD_MS)
        hold_true(causes, "hooks_silent", e->ep->name, 0, "no delivery for %lld minutes although the feed had news",
                  (long long)(now - last) / 60000);
}

/* ---- routes ---- */

static void watch_stop(const struct alarm *a, const struct app_route *ar, json_t *causes)
{
    if (ar->why.kind == ERR_AUTH)
        hold_true(causes, "authorisation_lost", ar->route.name, 0, "%s", ar->why.text);
    else if (ar->why.kind != ERR_NONE && ar->why.kind != ERR_RATE)
        hold_true(causes, "route_stopped", ar->route.name, a->app->alarms.after, "%s", ar->why.text);
}

static void watch_dead(const struct alarm *a, const char *route, json_t *causes)
{
    struct err err = {0};
    int64_t open = 0, dead = 0;
    if (store_ops_counts(a->app->store, route, &open, &dead, &err) && dead > a->app->alarms.dead)
        hold_true(causes, "dead_writes", route, 0, "%lld writes were refused for good", (long long)dead);
}

static void watch_holds(const struct alarm *a, const char *route, json_t *causes)
{
    struct err err = {0};
    struct hold *holds = NULL;
    size_t n = 0;
    int64_t now = a->app->env.now(&a->app->env);
    if (!store_holds(a->app->store, route, 0, 1, &holds, &n, &err))
        return;
    if (n && !holds[0].choice && now - holds[0].opened > a->app->alarms.hold_age) {
        char opened[WHEN_TEXT];
        when_print(holds[0].opened, opened);
        hold_true(causes, "holds_aging", route, 0, "a cell waits for a person since %s", opened);
    }
    holds_free(holds, n);
}

/* What a guard stopped goes on only when a person has looked. */
static void watch_guards(const struct alarm *a, const char *route, json_t *causes)
{
    struct err err = {0};
    int64_t withheld = 0, risky = 0;
    if (!store_jobs_why(a->app->store, route, "withheld", &withheld, &err) || !store_jobs_why(a->app->store, route, "risky", &risky, &err))
        return;
    if (withheld)
        hold_true(causes, "creates_withheld", route, a->app->alarms.after, "%lld records are not created before a plan was applied, or sync --yes",
                  (long long)withheld);
    if (risky)
        hold_true(causes, "guard_stopped", route, a->app->alarms.after,
                  "%lld records wait to be detached or cleared: reconcile --report lists them", (long long)risky);
}

/* Out of step: what people were told of already (held, detached) and what is left out on purpose is not. */
static int64_t out_of_step(const json_t *records)
{
    static const char *const known[] = {"in_sync", "held", "detached", "excluded"};
    const char *class;
    json_t *n;
    int64_t all = 0;
    json_object_foreach ((json_t *)records, class, n) {
        bool is_known = false;
        for (size_t i = 0; i < COUNT(known); i++)
            is_known |= str_eq(class, known[i]);
        all += is_known ? 0 : json_integer_value(n);
    }
    return all;
}

/* The report of the last full comparison, by hand or on schedule; the next one replaces it. */
static void watch_drift(const struct alarm *a, const char *route, json_t *causes)
{
    struct err err = {0};
    AUTO_FREE char *name = mem_printf("drift:%s", route), *text = NULL;
    if (!store_meta_get(a->app->store, name, &text, &err) || !text)
        return;
    AUTO_JSON json_t *report = js_parse(text, strlen(text), NULL);
    int64_t compared = js_int_or(report, "compared", 0), found = out_of_step(json_object_get(report, "records"));
    if (found > DRIFT_LEAST && found * 100 > compared * a->app->alarms.drift)
        hold_true(causes, "drift_high", route, a->app->alarms.after, "%lld of %lld records were out of step when they were compared at %s",
                  (long long)found, (long long)compared, js_str_or(report, "at", "some time"));
}

json_t *alarm_watch(struct alarm *a)
{
    json_t *causes = json_object();
    for (size_t i = 0; i < a->app->n_endpoints; i++) {
        watch_answers(a, &a->app->endpoints[i], causes);
        watch_budget(a, &a->app->endpoints[i], causes);
        watch_silence(a, &a->app->endpoints[i], causes);
    }
    for (size_t i = 0; i < a->app->n_routes; i++) {
        watch_stop(a, &a->app->routes[i], causes);
        watch_dead(a, a->app->routes[i].route.name, causes);
        watch_holds(a, a->app->routes[i].route.name, causes);
        watch_guards(a, a->app->routes[i].route.name, causes);
        watch_drift(a, a->app->routes[i].route.name, causes);
    }
    return causes;
}
