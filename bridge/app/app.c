/* Opening and closing the program, and the one pass all commands share: intake, then every route to quiet. */
#include "bridge/app/app.h"
#include "bridge/app/beside.h"
#include "bridge/base/js.h"
#include "bridge/base/log.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "bridge/sync/pause.h"
#include "bridge/sync/verdict.h"
#include "bridge/sync/worker.h"
#include <stdarg.h>
#include <string.h>

#define ROUNDS_MOST 8              /* our own echoes come back once; more rounds are other people's edits */
#define WAIT_BULK_MS (60 * 60 * 1000)
#define WAIT_MOST_MS (60 * 1000)   /* a pass waits so long for retries that are due soon */
#define LIMITS_EVERY_MS (10 * 1000) /* a crash forgets at most so much of what was called */

/* ---- exit codes and faults ---- */

static int gravity(int code)
{
    static const int order[] = {[EXIT_IN_STEP] = 0, [EXIT_PARTLY] = 1,  [EXIT_STALE] = 2, [EXIT_UNREACHABLE] = 3,
                                [EXIT_CONFIG] = 4,  [EXIT_STORE] = 5, [EXIT_USAGE] = 6};
    return order[code];
}

void app_worse(struct app *app, int code)
{
    if (gravity(code) > gravity(app->exit_code))
        app->exit_code = code;
}

static void say(struct app *app, const char *who, const char *fmt, va_list ap)
{
    char *text = NULL;
    if (vasprintf(&text, fmt, ap) < 0)
        abort();
    AUTO_FREE char *line = mem_printf("%s%s", who, text);
    free(text);
    if (app->said)
        js_add(app->said, json_string(line));
    else
        fprintf(stderr, "%s\n", line);
}

void app_say(struct app *app, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(app, "inbox-bridge: ", fmt, ap);
    va_end(ap);
}

void app_note(struct app *app, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(app, "", fmt, ap);
    va_end(ap);
}

void app_fail(struct app *app, const char *what, const struct err *err)
{
    if (app->logs)
        log_error("failed", "what", what, "kind", err_name(err->kind), "error", err->text, NULL);
    if (!app->logs || app->said)
        app_say(app, "%s: %s", what, err->text);
    int code = verdict_of(err->kind)->exit_code;
    bool wire = err->kind == ERR_TEMP || err->kind == ERR_UNSURE || err->kind == ERR_RATE;
    app_worse(app, wire ? EXIT_UNREACHABLE : code ? code : EXIT_PARTLY);
}

void app_faults(struct app *app, const struct opt_faults *faults)
{
    for (size_t i = 0; i < faults->n; i++)
        if (app->logs)
            log_error("config.fault", "at", faults->lines[i], NULL);
        else
            fprintf(stderr, "%s\n", faults->lines[i]);
    app_worse(app, EXIT_CONFIG);
}

/* ---- call budgets survive a restart ---- */

static void load_limits(struct app *app)
{
    for (size_t i = 0; i < app->n_endpoints; i++) {
        struct endpoint *ep = app->endpoints[i].ep;
        struct err err = {0};
        AUTO_FREE char *name = mem_printf("limits:%s", ep->name), *text = NULL;
        if (!ep->limiter || !store_meta_get(app->store, name, &text, &err) || !text)
            continue; /* without it the service itself tells when it is too much */
        AUTO_JSON json_t *saved = js_parse(text, strlen(text), NULL);
        limiter_load(ep->limiter, app->env.now(&app->env), saved);
    }
}

void app_keep_limits(struct app *app, bool now)
{
    int64_t at = app->store ? app->env.now(&app->env) : 0;
    bool lately = at >= app->limits_kept && at < app->limits_kept + LIMITS_EVERY_MS;
    if (!app->store || app->looking || (!now && lately))
        return;
    app->limits_kept = at;
    for (size_t i = 0; i < app->n_endpoints; i++) {
        struct endpoint *ep = app->endpoints[i].ep;
        struct err err = {0};
        AUTO_JSON json_t *saved = ep->limiter && ep->calls ? limiter_save(ep->limiter, at) : NULL;
        AUTO_FREE char *name = mem_printf("limits:%s", ep->name), *text = saved ? js_print(saved) : NULL;
        if (text && !store_meta_set(app->store, name, text, &err))
            return; /* worth no alarm: see load_limits */
    }
}

/* ---- open and close ---- */

static void lend_store(struct app *app)
{
    for (size_t i = 0; i < app->n_routes; i++)
        app->routes[i].route.store = app->store;
    for (size_t i = 0; i < app->n_endpoints; i++)
        app->endpoints[i].intake.store = app->store;
}

static bool load_key(struct app *app)
{
    struct err err = {0};
    if (seal_key_file(app->settings.key_file, &app->key, &err))
        return true;
    app_fail(app, "key file", &err);
    app_worse(app, EXIT_CONFIG);
    return false;
}

bool app_open(struct app *app)
{
    struct err err = {0};
    if (!load_key(app))
        return false;
    app->store = store_open(app->settings.store, &app->env, &app->key, &err);
    if (!app->store) {
        app_fail(app, "store", &err);
        app_worse(app, EXIT_STORE);
        return false;
    }
    beside_tidy(app->settings.store);
    lend_store(app);
    load_limits(app);
    return true;
}

bool app_look(struct app *app, bool calls)
{
    struct err err = {0};
    if (!load_key(app))
        return false;
    if (calls)
        app->store = store_open(app->settings.store, &app->env, &app->key, &err);
    if (app->store) {
        lend_store(app);
        load_limits(app);
        return true;
    }
    app->store = store_look(app->settings.store, &app->env, &app->key, &err);
    app->looking = app->store != NULL;
    lend_store(app);
    return app->looking || app_open(app);
}

void app_release(struct app *app)
{
    app_keep_limits(app, true);
    store_close(app->store);
    app->store = NULL;
    lend_store(app);
}

bool app_learn_route(struct app *app, struct route *r)
{
    struct opt_faults faults __attribute__((cleanup(opt_faults_done))) = {0};
    struct err err = {0};
    bool ok = route_pin(r, &err) && route_learn(r, &faults, &err);
    if (faults.n)
        app_faults(app, &faults);
    if (!ok) {
        AUTO_FREE char *what = mem_printf("route %s", r->name);
        app_fail(app, what, &err);
        r->stop = err;
    }
    return ok;
}

bool app_learn(struct app *app)
{
    bool any = false;
    for (size_t i = 0; i < app->n_routes; i++)
        any |= app_learn_route(app, &app->routes[i].route);
    return any;
}

void app_close(struct app *app)
{
    app_keep_limits(app, true);
    for (size_t i = 0; i < app->n_routes; i++) {
        route_done(&app->routes[i].route);
        mapping_free(app->routes[i].route.mapping);
        opt_clear(route_table, &app->routes[i].settings);
    }
    for (size_t i = 0; i < app->n_endpoints; i++) {
        free(app->endpoints[i].intake.routes);
        endpoint_free(app->endpoints[i].ep);
    }
    free(app->routes);
    free(app->endpoints);
    store_close(app->store);
    if (app->env.transport)
        app->env.transport->free(app->env.transport);
    opt_clear(settings_table, &app->settings);
    opt_clear(http_table, &app->http);
    opt_clear(alarm_table, &app->alarms);
    opt_close(app->file);
    mem_wipe(&app->key, sizeof app->key);
    *app = (struct app){.config_path = app->config_path, .exit_code = app->exit_code};
}

/* ---- one pass ---- */

static void show_items(void *self, int64_t items)
{
    struct progress *p = self;
    progress_show(p, items, -1);
    app_keep_limits(p->app, false);
}

/* A quota or a passing fault is waited out a few times before it is a failure. */
static bool patient_intake(struct app *app, struct app_endpoint *e, struct progress *p, struct err *err)
{
    for (int tries = 0; tries < 5; tries++) {
        *err = (struct err){0};
        if (intake_all(&e->intake, show_items, p, err))
            return true;
        enum then then = verdict_of(err->kind)->then;
        int64_t now = app->env.now(&app->env), due = err->retry_at ? err->retry_at : verdict_due(err, tries, &app->env);
        if ((then != THEN_WAIT && then != THEN_RETRY) || due - now > WAIT_MOST_MS)
            return false;
        app->env.sleep(&app->env, due - now);
    }
    return false;
}

static bool intake_endpoint(struct app *app, struct app_endpoint *e)
{
    struct err err = {0};
    struct progress p;
    AUTO_FREE char *what = mem_printf("reading %s", e->ep->name);
    progress_start(&p, app, what);
    e->ep->lane = LANE_LIVE;
    e->ep->patience = WAIT_MOST_MS;
    bool ok = patient_intake(app, e, &p, &err);
    progress_end(&p);
    if (!ok)
        app_fail(app, "reading changes", &err);
    if (ok && e->intake.relearn) {
        e->intake.relearn = false;
        ok = app_learn(app);
    }
    return ok;
}

static bool intake_side(struct app *app, bool source)
{
    bool ok = true;
    for (size_t i = 0; i < app->n_endpoints; i++)
        if (intake_is_source(&app->endpoints[i].intake) == source)
            ok = intake_endpoint(app, &app->endpoints[i]) && ok;
    return ok;
}

/* The CRMs first: nothing is written before their changes are followed. */
bool app_intake(struct app *app)
{
    bool ok = intake_side(app, false);
    return intake_side(app, true) && ok;
}

static void show_tally(void *self, const struct tally *t, int64_t left)
{
    struct progress *p = self;
    progress_show(p, t->seen, left);
    app_keep_limits(p->app, false);
}

/* How long a pass waits for what is due later: a bulk job is worth more patience than a retry. */
static bool worth_waiting(struct app *app, const struct route *r, int64_t started, int64_t wake, bool *yes, struct err *err)
{
    struct bulk *list = NULL;
    size_t n = 0;
    if (!store_bulks(app->store, r->name, &list, &n, err))
        return false;
    bulks_free(list, n);
    *yes = wake <= started + (n ? WAIT_BULK_MS : WAIT_MOST_MS);
    return true;
}

/* Works a route until nothing is due within the wait. */
bool app_sync_route(struct app *app, struct route *r)
{
    struct err err = {0};
    int64_t started = app->env.now(&app->env);
    struct progress p;
    progress_start(&p, app, r->name);
    for (;;) {
        int64_t total = 0, next = 0;
        bool worth = false;
        if (!worker_quiet(r, show_tally, &p, &err) || !store_jobs_count(r->store, r->name, &total, &next, &err))
            break;
        int64_t wake = route_waits(r) > next ? route_waits(r) : next;
        if (r->stop.kind != ERR_NONE || r->paused || !total || !worth_waiting(app, r, started, wake, &worth, &err) || !worth)
            break;
        int64_t now = app->env.now(&app->env);
        if (wake > now)
            app->env.sleep(&app->env, wake - now);
    }
    progress_end(&p);
    if (err.kind != ERR_NONE)
        app_fail(app, r->name, &err);
    return err.kind == ERR_NONE;
}

static int64_t marks_in(const struct app *app)
{
    int64_t n = 0;
    for (size_t i = 0; i < app->n_endpoints; i++)
        n += app->endpoints[i].intake.marked;
    return n;
}

bool app_sync(struct app *app, const char *only)
{
    bool ok = app_intake(app);
    for (int round = 0; ok && round < ROUNDS_MOST; round++) {
        int64_t before = marks_in(app);
        for (size_t i = 0; i < app->n_routes; i++)
            if (!only || str_eq(only, app->routes[i].route.name))
                ok = app_sync_route(app, &app->routes[i].route) && ok;
        /* What a CRM made Inbox say may concern another CRM. The CRMs themselves are not asked again: they would mostly
         * tell what was just written, a page for every hundred records, and the next pass hears the rest. */
        ok = ok && intake_side(app, true);
        if (marks_in(app) == before)
            break;
    }
    return ok;
}

/* ---- the report ---- */

static json_t *counts_of(const struct tally *t)
{
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "seen", t->seen, "created", t->created,
                     "updated_crm", t->updated_t, "updated_inbox", t->updated_s, "adopted", t->adopted, "unchanged",
                     t->unchanged, "excluded", t->excluded, "held", t->held, "dead", t->dead, "retried", t->retried,
                     "detached", t->detached, "remapped", t->remapped, "withheld", t->withheld, "guarded", t->guarded,
                     "conflicts", t->conflicts);
}

static void report_pause(struct app *app, const struct route *r, json_t *row)
{
    struct err err = {0};
    int64_t since = 0;
    char at[WHEN_TEXT];
    if (!pause_since(app->store, r->name, &since, &err))
        app_fail(app, r->name, &err);
    if (!since)
        return;
    when_print(since, at);
    js_set(row, "paused", json_string(at));
}

struct tally tally_since(const struct tally *now, const struct tally *before)
{
    struct tally out;
    int64_t a[sizeof out / sizeof(int64_t)], b[sizeof out / sizeof(int64_t)]; /* a tally is counters and nothing else */
    _Static_assert(sizeof a == sizeof out, "tally");
    memcpy(a, now, sizeof a);
    memcpy(b, before, sizeof b);
    for (size_t i = 0; i < COUNT(a); i++)
        a[i] -= b[i];
    memcpy(&out, a, sizeof out);
    return out;
}

json_t *app_report_route(struct app *app, const struct route *r, const struct tally *did, const struct err *stop)
{
    struct err err = {0};
    int64_t open = 0, dead = 0, holds = 0, jobs = 0, next = 0;
    if (!store_ops_counts(r->store, r->name, &open, &dead, &err) || !store_holds_count(r->store, r->name, &holds, &err) ||
        !store_jobs_count(r->store, r->name, &jobs, &next, &err))
        app_fail(app, r->name, &err);
    json_t *row = json_pack("{s:s,s:o,s:I,s:I,s:I,s:I}", "name", r->name, "counts", counts_of(did), "holds", holds,
                            "dead", dead, "open_ops", open, "jobs_waiting", jobs);
    if (stop->kind != ERR_NONE)
        js_set(row, "stopped", json_string(stop->text));
    report_pause(app, r, row);
    if (stop->kind != ERR_NONE)
        app_worse(app, verdict_of(stop->kind)->exit_code);
    if (holds || dead || open || jobs || did->withheld || did->guarded)
        app_worse(app, EXIT_PARTLY);
    return row;
}

json_t *app_report(struct app *app)
{
    json_t *routes = json_array();
    for (size_t i = 0; i < app->n_routes; i++)
        js_add(routes, app_report_route(app, &app->routes[i].route, &app->routes[i].route.tally, &app->routes[i].route.stop));
    return json_pack("{s:o}", "routes", routes);
}

static void print_route(const json_t *row)
{
    const char *name;
    json_t *value;
    printf("route %s:", js_str(row, "name"));
    json_object_foreach (json_object_get(row, "counts"), name, value)
        if (json_integer_value(value))
            printf(" %s %lld", name, (long long)json_integer_value(value));
    printf("\n");
    static const char *const left[][2] = {{"holds", "held cells wait for a person: inbox-bridge holds"},
                                          {"dead", "writes were refused for good: inbox-bridge dead"},
                                          {"open_ops", "writes with an unknown outcome will be looked up"},
                                          {"jobs_waiting", "records wait for a later try"}};
    for (size_t i = 0; i < COUNT(left); i++)
        if (js_int_or(row, left[i][0], 0))
            printf("  %lld %s\n", (long long)js_int_or(row, left[i][0], 0), left[i][1]);
    const json_t *counts = json_object_get(row, "counts");
    if (js_int_or(counts, "withheld", 0))
        printf("  %lld records were not created: the first contact needs a plan (inbox-bridge plan --out FILE, then apply "
               "FILE) or --yes\n", (long long)js_int_or(counts, "withheld", 0));
    if (js_int_or(counts, "guarded", 0))
        printf("  %lld detaches or clears were stopped by the mass-change guard: look, then --accept-mass-change\n",
               (long long)js_int_or(counts, "guarded", 0));
    if (js_str(row, "paused"))
        printf("  paused since %s: inbox-bridge resume %s\n", js_str(row, "paused"), js_str(row, "name"));
    if (js_str(row, "stopped"))
        printf("  stopped: %s\n", js_str(row, "stopped"));
}

void app_print_report(struct app *app, const json_t *report)
{
    size_t i;
    json_t *row;
    if (app->json) {
        print_json(report);
        return;
    }
    json_array_foreach (json_object_get(report, "routes"), i, row)
        print_route(row);
}
