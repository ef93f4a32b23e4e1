/* sync and run: one pass to quiet, and the daemon in its simplest form. */
#include "bridge/app/sweep.h"
#include "bridge/base/js.h"
#include "bridge/base/log.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "bridge/sync/verdict.h"
#include "bridge/sync/worker.h"
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* ---- sync ---- */

static bool sync_options(struct app *app, int argc, char **argv, bool *full, bool *yes, bool *accept)
{
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--yes"))
            *yes = true;
        else if (!strcmp(argv[i], "--full"))
            *full = true;
        else if (!strcmp(argv[i], "--accept-mass-change"))
            *accept = true;
        else {
            fprintf(stderr, "inbox-bridge: sync: unknown argument %s\n", argv[i]);
            app_worse(app, EXIT_USAGE);
            return false;
        }
    }
    return true;
}

static bool start_runs(struct app *app, bool full, bool yes, bool accept)
{
    struct err err = {0};
    for (size_t i = 0; i < app->n_routes; i++) {
        struct route *r = &app->routes[i].route;
        r->yes = yes;
        r->accept_mass = accept;
        if (!store_run_start(app->store, r->name, full ? "full" : "sync", &r->run, &err) ||
            (yes && !store_jobs_wake(app->store, r->name, "withheld", &err)) ||
            (accept && !store_jobs_wake(app->store, r->name, "risky", &err)) ||
            (full && !intake_mark_all(r, LANE_RECONCILE, &err))) {
            app_fail(app, r->name, &err);
            return false;
        }
    }
    for (size_t i = 0; full && i < app->n_endpoints; i++)
        if (!intake_restart(&app->endpoints[i].intake, &err)) {
            app_fail(app, "sync", &err);
            return false;
        }
    return true;
}

static void end_runs(struct app *app, const json_t *report)
{
    struct err err = {0};
    for (size_t i = 0; i < app->n_routes; i++)
        if (!store_run_end(app->store, app->routes[i].route.run,
                           json_object_get(json_array_get(json_object_get(report, "routes"), i), "counts"), &err))
            app_fail(app, app->routes[i].route.name, &err);
}

int cmd_sync(struct app *app, int argc, char **argv)
{
    bool full = false, yes = false, accept = false;
    if (!sync_options(app, argc, argv, &full, &yes, &accept) || !app_load(app) || !app_open(app) || !app_learn(app) ||
        !start_runs(app, full, yes, accept))
        return app->exit_code;
    app_sync(app);
    AUTO_JSON json_t *report = app_report(app);
    end_runs(app, report);
    app_print_report(app, report);
    return app->exit_code;
}

/* ---- run ---- */

static volatile sig_atomic_t stop_asked, reload_asked;

static void on_signal(int sig)
{
    if (sig == SIGHUP)
        reload_asked = 1;
    else
        stop_asked = 1;
}

static void catch_signals(void)
{
    struct sigaction act = {.sa_handler = on_signal}; /* no SA_RESTART: a sleep ends early */
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGHUP, &act, NULL);
}

/* A route that stopped looks again after a while: tokens get renewed, services come back. */
static void unstop(struct app *app, struct route *r)
{
    int64_t now = app->env.now(&app->env);
    if (!r->learnt && r->stop.kind == ERR_NONE && now >= r->wait_until)
        app_learn_route(app, r); /* where it fails, r->stop says why */
    if (r->stop.kind == ERR_NONE)
        return;
    log_warn("route.stopped", "route", r->name, "kind", err_name(r->stop.kind), "error", r->stop.text, NULL);
    r->wait_until = now + (verdict_of(r->stop.kind)->then == THEN_PAUSE ? 60 : 5) * 1000;
    r->stop = (struct err){0};
}

static void poll_due(struct app *app, int64_t *wake)
{
    int64_t now = app->env.now(&app->env);
    for (size_t i = 0; i < app->n_endpoints && !stop_asked; i++) {
        struct app_endpoint *e = &app->endpoints[i];
        struct err err = {0};
        if (e->next_poll <= now) {
            e->ep->patience = 2000;
            e->ep->lane = LANE_LIVE;
            bool ok = intake_all(&e->intake, NULL, NULL, &err);
            if (!ok)
                log_warn("intake.failed", "endpoint", e->ep->name, "kind", err_name(err.kind), "error", err.text, NULL);
            e->next_poll = now + e->poll;
            if (!ok && err.retry_at > e->next_poll)
                e->next_poll = err.retry_at;
        }
        if (e->intake.relearn) {
            e->intake.relearn = false;
            for (size_t k = 0; k < e->intake.n; k++)
                e->intake.routes[k]->learnt = false; /* the next round learns it again, or waits */
        }
        *wake = e->next_poll < *wake ? e->next_poll : *wake;
    }
}

static bool work_due(struct app *app, int64_t *wake)
{
    for (size_t i = 0; i < app->n_routes; i++) {
        struct route *r = &app->routes[i].route;
        struct tally before = r->tally;
        bool worked = true;
        int64_t next = WHEN_NEVER;
        struct err err = {0};
        unstop(app, r);
        live_run(app, &app->routes[i]);
        while (worked && !stop_asked) {
            if (!worker_step(r, &worked, &next, &err)) {
                log_error("worker.failed", "route", r->name, "error", err.text, NULL);
                app_worse(app, EXIT_STORE);
                return false;
            }
        }
        if (r->tally.seen != before.seen)
            log_info("batch.done", "route", r->name, "seen", log_int(r->tally.seen - before.seen), "created",
                     log_int(r->tally.created - before.created), "crm", log_int(r->tally.updated_t - before.updated_t),
                     "inbox", log_int(r->tally.updated_s - before.updated_s), "held", log_int(r->tally.held - before.held),
                     "dead", log_int(r->tally.dead - before.dead), NULL);
        *wake = next < *wake ? next : *wake;
    }
    return true;
}

/* A new configuration is loaded beside the old one and takes over only when it is without fault. Answers the one to go on
 * with; endpoints point into their app, so it is never copied. */
static struct app *reload(struct app *app)
{
    struct app *fresh = mem_alloc(sizeof *fresh);
    *fresh = (struct app){.config_path = app->config_path, .json = app->json, .quiet = true, .logs = true};
    reload_asked = 0;
    bool ok = app_load(fresh);
    if (ok) { /* one process per store: the old one lets go first */
        app_release(app);
        ok = app_open(fresh) && app_learn(fresh);
    }
    if (!ok) {
        log_error("config.refused", "file", app->config_path, NULL);
        app_close(fresh);
        free(fresh);
        if (app->store || app_open(app))
            return app;
        app_close(app);
        return NULL;
    }
    app_close(app);
    log_info("config.loaded", "file", fresh->config_path, NULL);
    return fresh;
}

/* Nobody is there to start an unattended bridge again: what passes by itself is waited for. */
static bool may_pass(const struct app *app)
{
    for (size_t i = 0; i < app->n_routes; i++)
        if (verdict_of(app->routes[i].route.stop.kind)->then == THEN_PAUSE)
            return false;
    return true;
}

/* Poll, work, sleep until the next of either. */
static void run_round(struct app *app)
{
    int64_t wake = app->env.now(&app->env) + 60 * 1000;
    sweep_round(app, &wake);
    poll_due(app, &wake);
    if (!work_due(app, &wake)) {
        stop_asked = 1;
        return;
    }
    int64_t now = app->env.now(&app->env);
    app_keep_limits(app, false);
    if (!stop_asked && !reload_asked && wake > now)
        app->env.sleep(&app->env, wake - now);
}

int cmd_run(struct app *first, int argc, char **argv)
{
    struct app *app = first;
    if (argc > 1) {
        fprintf(stderr, "inbox-bridge: run: unknown argument %s\n", argv[1]);
        return EXIT_USAGE;
    }
    if (!app_load(app))
        return app->exit_code;
    log_open(STDERR_FILENO, (enum log_level)app->settings.log_level);
    app->logs = true;
    catch_signals();
    if (!app_open(app) || (!app_learn(app) && !may_pass(app)))
        return app->exit_code;
    app->exit_code = EXIT_IN_STEP; /* a service that is down now is no reason to end with an error later */
    log_info("run.start", "store", app->settings.store, "routes", log_int((int64_t)app->n_routes), NULL);
    while (app && !stop_asked) {
        struct app *next = reload_asked ? reload(app) : app;
        if (next != app && app != first)
            free(app);
        app = next;
        if (app)
            run_round(app);
    }
    int code = app ? app->exit_code : EXIT_STORE;
    if (app && app != first) {
        app_close(app);
        free(app);
    }
    log_info("run.stop", NULL);
    return code;
}
