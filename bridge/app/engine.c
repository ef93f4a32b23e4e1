/* One thing at a time, the urgent first: what webhooks brought, then a page of each feed that is due, then one batch of each
 * route. A backfill of any size comes back here after every page and every batch, so a live edit waits for one of them at
 * most. All of it runs on one thread: endpoints are shared by routes, and correctness is worth more than a second core. */
#include "bridge/app/engine.h"
#include "bridge/app/sweep.h"
#include "bridge/base/log.h"
#include "bridge/base/when.h"
#include "bridge/sync/verdict.h"
#include "bridge/sync/worker.h"

#define PATIENCE_MS 2000
#define IDLE_MOST_MS (60 * 1000)
#define NOT_READY_MS 1000
#define CLOCK_STEP_MS (60 * 1000) /* a clock that goes back by more was wrong before */

static void sooner(struct turn *t, int64_t when)
{
    t->wake = when < t->wake ? when : t->wake;
}

/* ---- deliveries ---- */

static void take_deliveries(struct app *app, struct intray *tray, struct turn *t)
{
    for (size_t i = 0; i < app->n_endpoints; i++) {
        struct err err = {0};
        int64_t taken = 0;
        if (!intray_take(tray, &app->endpoints[i].intake, &taken, &err)) {
            log_error("delivery.failed", "endpoint", app->endpoints[i].ep->name, "kind", err_name(err.kind), "error", err.text, NULL);
            t->failed |= err.kind == ERR_STORE;
        }
        t->busy |= taken > 0;
    }
}

/* ---- polls ---- */

static void poll_endpoint(struct app *app, struct app_endpoint *e)
{
    struct err err = {0};
    int64_t now = app->env.now(&app->env);
    if (!intake_ready(&e->intake)) { /* the route says why, and it is no fault of this endpoint */
        e->next_poll = now + NOT_READY_MS;
        return;
    }
    e->ep->patience = PATIENCE_MS;
    e->ep->lane = e->more ? LANE_BACKFILL : LANE_LIVE; /* page after page is a walk, and a walk is nobody's hurry */
    int64_t items = e->intake.items;
    e->more = false;
    bool ok = intake_some(&e->intake, &e->more, &err);
    bool waits = !ok && err.kind == ERR_RATE; /* our own budget is no fault of the service; what is too late says /readyz */
    if (!ok)
        log_event(waits ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, waits ? "intake.waits" : "intake.failed", "endpoint", e->ep->name, "kind", err_name(err.kind), "error", err.text, NULL);
    e->fault = waits ? (struct err){0} : err;
    e->more = ok && e->more;
    e->polled = ok ? now : e->polled;
    e->waits = waits ? err.retry_at : 0;
    e->tries++;
    e->fails = ok ? 0 : e->fails + 1;
    e->reads += ok && !e->more;
    e->news = e->intake.items > items ? now : e->news;
    e->next_poll = e->more ? now : now + e->poll;
    if (!ok && err.retry_at > e->next_poll)
        e->next_poll = err.retry_at;
}

static void poll_due(struct app *app, struct turn *t)
{
    for (size_t i = 0; i < app->n_endpoints; i++) {
        struct app_endpoint *e = &app->endpoints[i];
        if (e->next_poll <= app->env.now(&app->env))
            poll_endpoint(app, e);
        for (size_t k = 0; k < e->intake.n; k++)
            e->intake.routes[k]->learnt &= !e->intake.relearn && !e->intake.routes[k]->relearn; /* the next turn learns it again, or waits */
        e->intake.relearn = false;
        t->busy |= e->more;
        sooner(t, e->next_poll);
    }
}

/* ---- routes ---- */

/* A route that stopped looks again after a while: tokens get renewed, services come back. */
static void unstop(struct app *app, struct app_route *ar)
{
    struct route *r = &ar->route;
    int64_t now = app->env.now(&app->env);
    if (!r->learnt && r->stop.kind == ERR_NONE && now >= r->wait_until)
        app_learn_route(app, r); /* where it fails, r->stop says why */
    if (r->stop.kind == ERR_NONE) {
        if (now >= r->wait_until)
            ar->why = (struct err){0};
        return;
    }
    log_warn("route.stopped", "route", r->name, "kind", err_name(r->stop.kind), "error", r->stop.text, NULL);
    r->wait_until = now + (verdict_of(r->stop.kind)->then == THEN_PAUSE ? 60 : 5) * 1000;
    ar->why = r->stop;
    r->stop = (struct err){0};
}

static void log_batch(const struct route *r, const struct tally *before)
{
    if (r->tally.seen != before->seen)
        log_info("batch.done", "route", r->name, "seen", log_int(r->tally.seen - before->seen), "created",
                 log_int(r->tally.created - before->created), "crm", log_int(r->tally.updated_t - before->updated_t),
                 "inbox", log_int(r->tally.updated_s - before->updated_s), "held", log_int(r->tally.held - before->held),
                 "dead", log_int(r->tally.dead - before->dead), NULL);
}

/* Everything a route does ends at its CRM, so it may wait there for a moment. Nobody waits for calls of the source: what needs
 * one that is not to be had is put off, and the other direction goes on. */
static void set_patience(struct route *r)
{
    r->ep[SIDE_T]->patience = PATIENCE_MS;
    r->ep[SIDE_S]->patience = 0;
}

/* The fuller the CRM's windows are, the more edits share a batch: many small ones would use up ten seconds' calls in two, and
 * the next edit would wait for eight. */
static void pace(struct app *app, struct app_route *ar, uint64_t calls_before)
{
    struct endpoint *crm = ar->route.ep[SIDE_T];
    int64_t now = app->env.now(&app->env);
    ar->paced = crm->limiter ? now + limiter_pace(crm->limiter, now, 0, crm->lane, (unsigned)(crm->calls - calls_before)) : 0;
}

static void work_on(struct app *app, struct app_route *ar, struct turn *t)
{
    struct route *r = &ar->route;
    struct tally before = r->tally;
    struct err err = {0};
    bool worked = false;
    int64_t next = WHEN_NEVER;
    uint64_t calls = r->ep[SIDE_T]->calls;
    unstop(app, ar);
    live_run(app, ar);
    if (ar->paced > app->env.now(&app->env)) {
        sooner(t, ar->paced);
        return;
    }
    set_patience(r);
    if (!worker_step(r, &worked, &next, &err)) {
        log_error("worker.failed", "route", r->name, "error", err.text, NULL);
        t->failed = true;
        return;
    }
    log_batch(r, &before);
    if (worked)
        pace(app, ar, calls);
    t->busy |= worked;
    sooner(t, next);
}

/* Set back, a clock leaves every "not before" in a future that nobody waits for. */
static void mind_the_clock(struct app *app)
{
    int64_t now = app->env.now(&app->env), back = app->turned - now;
    app->turned = now;
    if (back <= CLOCK_STEP_MS)
        return;
    log_warn("clock.back", "ms", log_int(back), NULL);
    for (size_t i = 0; i < app->n_endpoints; i++)
        app->endpoints[i].next_poll = app->endpoints[i].waits = 0;
    for (size_t i = 0; i < app->n_routes; i++) {
        struct app_route *ar = &app->routes[i];
        ar->paced = ar->sweep_look = 0;
        ar->run_begun = ar->run_begun < now ? ar->run_begun : now;
    }
}

void engine_turn(struct app *app, struct intray *tray, struct turn *out)
{
    mind_the_clock(app);
    *out = (struct turn){.wake = app->env.now(&app->env) + IDLE_MOST_MS};
    take_deliveries(app, tray, out);
    sweep_round(app, &out->wake);
    poll_due(app, out);
    for (size_t i = 0; i < app->n_routes && !out->failed; i++)
        work_on(app, &app->routes[i], out);
    app_keep_limits(app, false);
}
