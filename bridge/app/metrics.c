/* One family after another, each with its samples. What the store knows is counted when it is asked for; what the engine
 * knows comes from its vitals. */
#include "bridge/app/metrics.h"
#include "bridge/app/look.h"
#include "bridge/base/buf.h"
#include "bridge/base/js.h"
#include "bridge/base/when.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const lanes[LANES] = {"live", "retry", "backfill", "reconcile"};
static const char *const hook_results[HOOK_RESULTS] = {"taken", "unsigned", "refused", "overloaded", "unset"};

struct page_of_numbers {
    struct buf text;
    struct app *app;
    struct vitals *vitals;
    int64_t now;
};

/* ---- text ---- */

static void family(struct page_of_numbers *p, const char *name, const char *type, const char *help)
{
    buf_printf(&p->text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_label(struct buf *b, const char *name, const char *value, bool first)
{
    buf_printf(b, "%s%s=\"", first ? "" : ",", name);
    for (const char *c = value; *c; c++)
        if (*c == '\\' || *c == '"')
            buf_printf(b, "\\%c", *c);
        else if (*c == '\n')
            buf_puts(b, "\\n");
        else
            buf_putc(b, *c);
    buf_putc(b, '"');
}

/* labels: name, value, name, value, …, NULL */
static void sample(struct page_of_numbers *p, const char *name, int64_t value, const char *const *labels)
{
    buf_puts(&p->text, name);
    if (labels)
        buf_putc(&p->text, '{');
    for (size_t i = 0; labels && labels[i]; i += 2)
        put_label(&p->text, labels[i], labels[i + 1], i == 0);
    buf_printf(&p->text, "%s %lld\n", labels ? "}" : "", (long long)value);
}
#define LABELS(...) (const char *const[]){__VA_ARGS__, NULL}

static void single(struct page_of_numbers *p, const char *name, const char *type, const char *help, int64_t value)
{
    family(p, name, type, help);
    sample(p, name, value, NULL);
}

/* ---- routes, from the store ---- */

static bool jobs(struct page_of_numbers *p, struct err *err)
{
    family(p, "inbox_bridge_jobs", "gauge", "Records that wait to be looked at.");
    for (size_t i = 0; i < p->app->n_routes; i++) {
        int64_t by_lane[LANES];
        const char *route = p->app->routes[i].route.name;
        if (!store_jobs_lanes(p->app->store, route, by_lane, err))
            return false;
        for (int lane = 0; lane < LANES; lane++)
            sample(p, "inbox_bridge_jobs", by_lane[lane], LABELS("route", route, "lane", lanes[lane]));
    }
    return true;
}

static bool lags(struct page_of_numbers *p, struct err *err)
{
    family(p, "inbox_bridge_queue_lag_seconds", "gauge", "How long the record that waits longest is due; 0 = none is.");
    for (size_t i = 0; i < p->app->n_routes; i++) {
        int64_t total = 0, next = WHEN_NEVER;
        const char *route = p->app->routes[i].route.name;
        if (!store_jobs_count(p->app->store, route, &total, &next, err))
            return false;
        sample(p, "inbox_bridge_queue_lag_seconds", next < p->now ? (p->now - next) / 1000 : 0, LABELS("route", route));
    }
    return true;
}

static bool ops(struct page_of_numbers *p, struct err *err)
{
    family(p, "inbox_bridge_ops", "gauge", "Writes under way or in doubt (open), and refused for good (dead).");
    for (size_t i = 0; i < p->app->n_routes; i++) {
        int64_t open = 0, dead = 0;
        const char *route = p->app->routes[i].route.name;
        if (!store_ops_counts(p->app->store, route, &open, &dead, err))
            return false;
        sample(p, "inbox_bridge_ops", open, LABELS("route", route, "state", "open"));
        sample(p, "inbox_bridge_ops", dead, LABELS("route", route, "state", "dead"));
    }
    family(p, "inbox_bridge_dead", "gauge", "Writes a service refused for good.");
    for (size_t i = 0; i < p->app->n_routes; i++) {
        int64_t open = 0, dead = 0;
        const char *route = p->app->routes[i].route.name;
        if (!store_ops_counts(p->app->store, route, &open, &dead, err))
            return false;
        sample(p, "inbox_bridge_dead", dead, LABELS("route", route));
    }
    return true;
}

/* Jobs of one kind that a service is at, or is about to be: all their rows, or the age of the oldest in s; 0 without any. */
static int64_t at_it(const struct page_of_numbers *p, const struct bulk *list, size_t n, enum bulk_kind kind, bool rows)
{
    int64_t all = 0, oldest = 0;
    for (size_t i = 0; i < n; i++) {
        if (list[i].kind != kind || list[i].over || list[i].error)
            continue;
        int64_t age = list[i].begun && list[i].begun < p->now ? (p->now - list[i].begun) / 1000 : 0;
        all += list[i].rows;
        oldest = age > oldest ? age : oldest;
    }
    return rows ? all : oldest;
}

static bool bulk_jobs(struct page_of_numbers *p, bool rows, struct err *err)
{
    const char *name = rows ? "inbox_bridge_bulk_rows" : "inbox_bridge_bulk_age_seconds";
    family(p, name, "gauge", rows ? "Records in bulk jobs under way: handed over, or read so far." : "How long ago the oldest bulk job under way was begun.");
    for (size_t i = 0; i < p->app->n_routes; i++) {
        struct bulk *list = NULL;
        size_t n = 0;
        const char *route = p->app->routes[i].route.name;
        if (!store_bulks(p->app->store, route, &list, &n, err))
            return false;
        sample(p, name, at_it(p, list, n, BULK_INGEST, rows), LABELS("route", route, "kind", "ingest"));
        sample(p, name, at_it(p, list, n, BULK_QUERY, rows), LABELS("route", route, "kind", "query"));
        bulks_free(list, n);
    }
    return true;
}

static bool holds(struct page_of_numbers *p, struct err *err)
{
    family(p, "inbox_bridge_holds", "gauge", "Cells that wait for a person.");
    for (size_t i = 0; i < p->app->n_routes; i++) {
        int64_t n = 0;
        const char *route = p->app->routes[i].route.name;
        if (!store_holds_count(p->app->store, route, &n, err))
            return false;
        sample(p, "inbox_bridge_holds", n, LABELS("route", route));
    }
    return true;
}

/* drift_of: what the last full comparison of the route found; NULL without err: there was none. New reference. */
static bool drift_of(struct page_of_numbers *p, const char *route, json_t **out, struct err *err)
{
    AUTO_FREE char *name = mem_printf("drift:%s", route), *text = NULL;
    if (!store_meta_get(p->app->store, name, &text, err))
        return false;
    *out = text ? js_parse(text, strlen(text), NULL) : NULL;
    return true;
}

static bool drifts(struct page_of_numbers *p, struct err *err)
{
    const char *class;
    json_t *n;
    family(p, "inbox_bridge_drift", "gauge", "Records the last full comparison found, by what was wrong with them.");
    for (size_t i = 0; i < p->app->n_routes; i++) {
        const char *route = p->app->routes[i].route.name;
        AUTO_JSON json_t *report = NULL;
        if (!drift_of(p, route, &report, err))
            return false;
        json_object_foreach (json_object_get(report, "records"), class, n)
            sample(p, "inbox_bridge_drift", json_integer_value(n), LABELS("route", route, "class", class));
    }
    return true;
}

static bool sweeps(struct page_of_numbers *p, struct err *err)
{
    family(p, "inbox_bridge_last_sweep_timestamp_seconds", "gauge", "When everything was last compared; 0 = never.");
    for (size_t i = 0; i < p->app->n_routes; i++) {
        const char *route = p->app->routes[i].route.name;
        AUTO_JSON json_t *report = NULL;
        int64_t at = 0;
        if (!drift_of(p, route, &report, err))
            return false;
        bool told = js_str(report, "at") && when_parse(js_str(report, "at"), &at);
        sample(p, "inbox_bridge_last_sweep_timestamp_seconds", told ? at / 1000 : 0, LABELS("route", route));
    }
    return true;
}

/* ---- routes, from the engine ---- */

static void writes(struct page_of_numbers *p)
{
    family(p, "inbox_bridge_writes_total", "counter", "Records written since the start.");
    for (size_t i = 0; i < p->app->n_routes; i++) {
        const struct vitals_route v = vitals_route(p->vitals, i);
        const char *route = p->app->routes[i].route.name;
        sample(p, "inbox_bridge_writes_total", v.tally.updated_s, LABELS("route", route, "side", "inbox"));
        sample(p, "inbox_bridge_writes_total", v.tally.created + v.tally.updated_t, LABELS("route", route, "side", "crm"));
    }
    family(p, "inbox_bridge_conflicts_total", "counter", "Cells both sides had changed.");
    for (size_t i = 0; i < p->app->n_routes; i++)
        sample(p, "inbox_bridge_conflicts_total", vitals_route(p->vitals, i).tally.conflicts,
               LABELS("route", p->app->routes[i].route.name));
    family(p, "inbox_bridge_near_misses_total", "counter",
           "Edits of somebody that met a write of ours: spared (seen before it, not written), raced (seen after it, settled by the policy).");
    for (size_t i = 0; i < p->app->n_routes; i++) {
        const struct vitals_route v = vitals_route(p->vitals, i);
        const char *route = p->app->routes[i].route.name;
        sample(p, "inbox_bridge_near_misses_total", v.tally.spared, LABELS("route", route, "seen", "before"));
        sample(p, "inbox_bridge_near_misses_total", v.tally.raced, LABELS("route", route, "seen", "after"));
    }
    family(p, "inbox_bridge_route_stopped", "gauge", "1 while a route stands still.");
    for (size_t i = 0; i < p->app->n_routes; i++)
        sample(p, "inbox_bridge_route_stopped", vitals_route(p->vitals, i).kind != ERR_NONE,
               LABELS("route", p->app->routes[i].route.name));
}

/* ---- endpoints ---- */

static void answers(struct page_of_numbers *p)
{
    static const char *const classes[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
    family(p, "inbox_bridge_answers_total", "counter", "What became of the calls, by class of status; none: no answer came.");
    for (size_t i = 0; i < p->app->n_endpoints; i++) {
        const struct vitals_endpoint v = vitals_endpoint(p->vitals, i);
        for (size_t k = 0; k < COUNT(classes); k++)
            sample(p, "inbox_bridge_answers_total", (int64_t)v.answers[k],
                   LABELS("endpoint", p->app->endpoints[i].ep->name, "status", classes[k]));
    }
}

static void endpoints(struct page_of_numbers *p)
{
    const struct app *app = p->app;
    family(p, "inbox_bridge_endpoint_up", "gauge", "1 when the last poll was answered.");
    for (size_t i = 0; i < app->n_endpoints; i++)
        sample(p, "inbox_bridge_endpoint_up", vitals_endpoint(p->vitals, i).up, LABELS("endpoint", app->endpoints[i].ep->name));
    family(p, "inbox_bridge_calls_total", "counter", "Calls made since the start.");
    for (size_t i = 0; i < app->n_endpoints; i++)
        sample(p, "inbox_bridge_calls_total", (int64_t)vitals_endpoint(p->vitals, i).calls, LABELS("endpoint", app->endpoints[i].ep->name));
    answers(p);
    family(p, "inbox_bridge_echoes_total", "counter", "Changes told that said nothing new: our own writes coming back, mostly.");
    for (size_t i = 0; i < app->n_endpoints; i++)
        sample(p, "inbox_bridge_echoes_total", vitals_endpoint(p->vitals, i).echoes, LABELS("endpoint", app->endpoints[i].ep->name));
    family(p, "inbox_bridge_last_poll_timestamp_seconds", "gauge", "When all changes were last taken in; 0 = not yet.");
    for (size_t i = 0; i < app->n_endpoints; i++)
        sample(p, "inbox_bridge_last_poll_timestamp_seconds", vitals_endpoint(p->vitals, i).polled / 1000,
               LABELS("endpoint", app->endpoints[i].ep->name));
    family(p, "inbox_bridge_hook_deliveries_total", "counter", "Deliveries of webhooks since the start, by what became of them.");
    for (size_t i = 0; i < app->n_endpoints; i++)
        for (int k = 0; k < HOOK_RESULTS; k++)
            sample(p, "inbox_bridge_hook_deliveries_total", app->endpoints[i].hooks[k],
                   LABELS("endpoint", app->endpoints[i].ep->name, "result", hook_results[k]));
}

static void gauge(struct page_of_numbers *p, const char *endpoint, const struct limiter_gauge *g, bool used)
{
    char window[24];
    snprintf(window, sizeof window, "%llds", (long long)g->span_ms / 1000);
    sample(p, used ? "inbox_bridge_limiter_used" : "inbox_bridge_limiter_limit", used ? g->used : g->limit,
           LABELS("endpoint", endpoint, "bucket", g->bucket, "window", window));
}

static void limiters(struct page_of_numbers *p, bool used)
{
    if (used)
        family(p, "inbox_bridge_limiter_used", "gauge", "Calls counted in the sliding window.");
    else
        family(p, "inbox_bridge_limiter_limit", "gauge", "Calls the service allows in the window.");
    for (size_t i = 0; i < p->app->n_endpoints; i++) {
        struct endpoint *ep = p->app->endpoints[i].ep;
        struct limiter_gauge g[LIMITER_GAUGES];
        size_t n = ep->limiter ? limiter_gauges(ep->limiter, p->now, g) : 0;
        for (size_t k = 0; k < n; k++)
            gauge(p, ep->name, &g[k], used);
    }
}

/* ---- alarms ---- */

static void alarms(struct page_of_numbers *p)
{
    struct vitals_alarm raised[VITALS_ALARMS];
    size_t n = vitals_raised(p->vitals, raised);
    family(p, "inbox_bridge_alarm", "gauge", "1 for every alarm that is raised.");
    for (size_t i = 0; i < n; i++)
        sample(p, "inbox_bridge_alarm", 1, LABELS("alarm", raised[i].kind, "subject", raised[i].subject));
    family(p, "inbox_bridge_last_delivery_timestamp_seconds", "gauge", "When a webhook last delivered, since the start; 0 = not yet.");
    for (size_t i = 0; i < p->app->n_endpoints; i++)
        sample(p, "inbox_bridge_last_delivery_timestamp_seconds", p->app->endpoints[i].heard / 1000,
               LABELS("endpoint", p->app->endpoints[i].ep->name));
}

/* ---- the process ---- */

static int64_t memory_bytes(void)
{
    long long all = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f)
        return 0;
    int n = fscanf(f, "%lld %lld", &all, &resident);
    fclose(f);
    return n == 2 ? resident * sysconf(_SC_PAGESIZE) : 0;
}

static void process(struct page_of_numbers *p, struct intray *tray)
{
    single(p, "inbox_bridge_up", "gauge", "1 while the process answers.", 1);
    single(p, "inbox_bridge_last_turn_timestamp_seconds", "gauge", "When the engine's loop last came round.",
           vitals_turned(p->vitals) / 1000);
    single(p, "inbox_bridge_memory_bytes", "gauge", "Resident memory.", memory_bytes());
    single(p, "inbox_bridge_deliveries_waiting", "gauge", "Deliveries taken and not yet made into jobs.", intray_waiting(tray));
    family(p, "inbox_bridge_build_info", "gauge", "Which program this is.");
    sample(p, "inbox_bridge_build_info", 1, LABELS("version", INBOX_BRIDGE_VERSION));
}

char *metrics_text(struct app *app, struct vitals *vitals, struct intray *tray, struct err *err)
{
    struct page_of_numbers p = {.text = BUF_INIT(4u << 20), .app = app, .vitals = vitals, .now = app->env.now(&app->env)};
    process(&p, tray);
    if (!jobs(&p, err) || !lags(&p, err) || !ops(&p, err) || !bulk_jobs(&p, true, err) || !bulk_jobs(&p, false, err) || !holds(&p, err) || !sweeps(&p, err) || !drifts(&p, err)) {
        buf_done(&p.text);
        return NULL;
    }
    writes(&p);
    endpoints(&p);
    limiters(&p, true);
    limiters(&p, false);
    alarms(&p);
    return buf_take(&p.text);
}
