/* The engine knows nothing of passes: what has to be looked at is marked, what has to be read is due now, and the turns do the
 * rest. A pass is over when the feeds were read and no route has anything left to do within a minute, and when a last look at
 * Inbox brought nothing new, as in a pass of its own (app_sync). */
#include "bridge/app/comparison.h"
#include "bridge/app/errand.h"
#include "bridge/app/pass.h"
#include "bridge/app/recheck.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/survey.h"
#include "bridge/sync/verdict.h"

#define ROUNDS_MOST 8
#define WAIT_MOST_MS (60 * 1000) /* retries that are due sooner are waited for */
#define TRIES_MOST 5
#define TRY_EVERY_MS 2000

enum phase { READ, COMPARE, WORK, LOOK_AGAIN, VERIFY, ERRAND, DONE };

struct pass {
    struct app *app;
    struct pass_wish wish;
    char *only, *plan;
    enum phase phase;
    int64_t until;            /* of WORK */
    int64_t marked;           /* jobs that came of the feeds when WORK began */
    int rounds;
    struct tally *before;     /* of each route */
    int64_t *runs;            /* of each route; 0: not its pass */
    int64_t (*reads)[2];      /* of each endpoint: how often it was read to its end, and tried, when the phase began */
    struct comparison *compare; /* of each route; open until what it gave to be mended was looked at again */
    size_t at;                /* the route being compared, or verified */
    struct recheck *recheck;  /* of that one */
    bool *walked;             /* of each endpoint: its Inbox was walked for this pass */
    bool plan_found;
    int64_t wait;             /* no step of the comparison before */
    json_t *drift, *verified;
    struct errand *errand;
};

static bool chosen(const struct pass *p, size_t route)
{
    return !p->only || str_eq(p->only, p->app->routes[route].route.name);
}

/* Whose endpoints a pass has to read. */
static bool concerns(const struct pass *p, const struct app_endpoint *e)
{
    for (size_t i = 0; i < p->app->n_routes; i++)
        for (int side = 0; chosen(p, i) && side < 2; side++)
            if (p->app->routes[i].route.ep[side] == e->ep)
                return true;
    return false;
}

/* ---- beginning ---- */

static void read_now(struct pass *p, bool source_only)
{
    struct app *app = p->app;
    for (size_t i = 0; i < app->n_endpoints; i++) {
        struct app_endpoint *e = &app->endpoints[i];
        p->reads[i][0] = e->reads;
        p->reads[i][1] = e->tries;
        if (concerns(p, e) && (!source_only || intake_is_source(&e->intake)))
            e->next_poll = 0;
        else
            p->reads[i][0]--; /* as if it had been read */
    }
}

static bool begin_route(struct pass *p, size_t i, struct err *err)
{
    struct app_route *ar = &p->app->routes[i];
    struct route *r = &ar->route;
    const struct pass_wish *w = &p->wish;
    const char *kind = w->reconcile ? "reconcile" : w->full ? "full" : "sync";
    p->before[i] = r->tally;
    r->relearn = w->reconcile || w->full; /* everything is looked at, and so are the lists of options */
    r->yes = w->yes;
    r->accept_mass = w->accept;
    if ((r->run && !store_run_end(p->app->store, r->run, NULL, err)) || !store_run_start(p->app->store, r->name, kind, &r->run, err))
        return false;
    p->runs[i] = r->run;
    ar->run_begun = p->app->env.now(&p->app->env);
    return (!w->yes || store_jobs_wake(p->app->store, r->name, "withheld", err)) &&
           (!w->accept || w->reconcile || store_jobs_wake(p->app->store, r->name, "risky", err)) &&
           (!w->full || (survey_begin(r, err) && intake_mark_all(r, LANE_RECONCILE, err)));
}

static bool begin(struct pass *p, struct err *err)
{
    if (errand_is(&p->wish) && !(p->errand = errand_new(p->app, &p->wish)))
        return false;
    if (p->errand)
        p->only = mem_dup(errand_route(p->errand));
    for (size_t i = 0; !p->errand && i < p->app->n_routes; i++)
        if (chosen(p, i) && !begin_route(p, i, err))
            return false;
    for (size_t i = 0; p->wish.full && i < p->app->n_endpoints; i++) {
        struct app_endpoint *e = &p->app->endpoints[i];
        if (concerns(p, e) && intake_is_source(&e->intake) && !intake_restart(&e->intake, err))
            return false;
    }
    if (p->errand && !errand_reads(p->errand))
        p->phase = ERRAND;
    else
        read_now(p, false);
    return true;
}

struct pass *pass_begin(struct app *app, const struct pass_wish *wish)
{
    struct err err = {0};
    if (wish->plan && wish->report)
        return NULL; /* the command says so before it asks */
    if (wish->only && !who_route(app, wish->only)) {
        who_no_route(app, wish->reconcile ? "reconcile" : "sync", wish->only);
        return NULL;
    }
    struct pass *p = mem_alloc(sizeof *p);
    *p = (struct pass){.app = app, .wish = *wish, .only = mem_dup(wish->only), .plan = mem_dup(wish->plan), .drift = json_array(), .verified = json_object(),
                       .compare = mem_alloc((app->n_routes + 1) * sizeof *p->compare),
                       .before = mem_alloc((app->n_routes + 1) * sizeof *p->before),
                       .runs = mem_alloc((app->n_routes + 1) * sizeof *p->runs),
                       .reads = mem_alloc((app->n_endpoints + 1) * sizeof *p->reads),
                       .walked = mem_alloc((app->n_endpoints + 1) * sizeof *p->walked)};
    if (begin(p, &err))
        return p;
    if (err.kind != ERR_NONE)
        app_fail(app, wish->reconcile ? "reconcile" : "sync", &err);
    pass_free(p);
    return NULL;
}

static void lift(struct pass *p)
{
    for (size_t i = 0; i < p->app->n_routes; i++)
        if (p->runs[i])
            p->app->routes[i].route.yes = p->app->routes[i].route.accept_mass = false;
}

void pass_free(struct pass *p)
{
    if (!p)
        return;
    lift(p);
    recheck_free(p->recheck);
    errand_free(p->errand);
    for (size_t i = 0; i < p->app->n_routes; i++)
        if (p->compare[i].app)
            comparison_close(&p->compare[i], false);
    free(p->compare);
    json_decref(p->drift);
    json_decref(p->verified);
    free(p->only);
    free(p->plan);
    free(p->walked);
    free(p->before);
    free(p->runs);
    free(p->reads);
    free(p);
}

/* ---- reading ---- */

enum reading { STILL, READ_THROUGH, UNREAD };

/* What passes by itself is tried again a few times before it is a failure. */
static enum reading look_at(struct pass *p, size_t i)
{
    struct app *app = p->app;
    struct app_endpoint *e = &app->endpoints[i];
    int64_t tries = e->tries - p->reads[i][1], now = app->env.now(&app->env);
    enum then then = verdict_of(e->fault.kind)->then;
    if (e->reads > p->reads[i][0])
        return READ_THROUGH;
    if (tries > 0 && e->waits && e->waits <= now + WAIT_MOST_MS)
        e->next_poll = e->waits;
    if (tries > 0 && e->waits > now + WAIT_MOST_MS)
        return UNREAD;
    if (tries <= 0 || e->fault.kind == ERR_NONE)
        return STILL;
    bool passes = (then == THEN_WAIT || then == THEN_RETRY) && e->fault.retry_at - now <= WAIT_MOST_MS;
    if (!passes || e->fails >= TRIES_MOST)
        return UNREAD;
    if (e->fault.retry_at <= now && e->next_poll > now + TRY_EVERY_MS)
        e->next_poll = now + TRY_EVERY_MS;
    return STILL;
}

/* A route that does not know its schemas keeps its endpoints from being read: it says why. */
static bool stuck(struct pass *p)
{
    for (size_t i = 0; i < p->app->n_routes; i++)
        if (chosen(p, i) && !p->app->routes[i].route.learnt && p->app->routes[i].why.kind != ERR_NONE)
            return true;
    return false;
}

static void unread(struct app *app, const struct app_endpoint *e)
{
    struct err quota = {0};
    err_set(&quota, ERR_RATE, "%s: its call quota is used up for now", e->ep->name);
    app_fail(app, "reading changes", e->fault.kind == ERR_NONE ? &quota : &e->fault);
}

static enum reading read_feeds(struct pass *p)
{
    enum reading all = READ_THROUGH;
    if (stuck(p))
        return UNREAD;
    for (size_t i = 0; i < p->app->n_endpoints; i++) {
        enum reading one = look_at(p, i);
        if (one == UNREAD)
            unread(p->app, &p->app->endpoints[i]);
        if (one == UNREAD || all == UNREAD)
            all = UNREAD;
        else if (one == STILL)
            all = STILL;
    }
    return all;
}

/* ---- comparing ---- */

#define ROWS_MOST 20000 /* are told; the file beside the store has them all until the end */
#define PATIENCE_MS 2000

/* Inbox beside its feed, a page a turn, once for all routes that share it. *through: nothing of it is left. */
static bool walk(struct pass *p, const struct route *r, bool *through, struct err *err)
{
    struct app *app = p->app;
    size_t at = 0;
    bool more = false;
    while (at < app->n_endpoints && app->endpoints[at].ep != r->ep[SIDE_S])
        at++;
    struct intake *in = at < app->n_endpoints ? &app->endpoints[at].intake : NULL;
    *through = false;
    r->ep[SIDE_S]->lane = LANE_RECONCILE;
    if (in && !p->walked[at]) {
        if (!intake_walk(in, NULL, &more, err)) {
            enum then then = verdict_of(err->kind)->then;
            if (then != THEN_WAIT && then != THEN_RETRY)
                return false;
            p->wait = verdict_due(err, 1, &app->env);
            *err = (struct err){0};
            return true;
        }
        p->walked[at] = !more;
    }
    *through = !more;
    return more || comparison_turn_to(&p->compare[p->at], "compare", err);
}

static bool add_row(void *self, const json_t *row, struct err *err)
{
    json_t *rows = self;
    (void)err;
    if (json_array_size(rows) < ROWS_MOST)
        json_array_append(rows, (json_t *)row);
    return true;
}

/* All is compared: it is told, and what can be mended is marked. From then on the jobs are all that a kill leaves behind, and who
 * compares again begins anew; the rows are still read, but their file has no name any more. */
static bool conclude(struct pass *p, struct route *r, struct err *err)
{
    struct comparison *c = &p->compare[p->at];
    json_t *report = comparison_report(c, err), *rows = json_array();
    bool ok = report && comparison_each(c, add_row, rows, err);
    if (js_int_or(json_object_get(c->state, "records"), "unread", 0))
        app_worse(p->app, EXIT_PARTLY);
    if (report) {
        js_set(report, "rows", rows);
        js_add(p->drift, report);
    } else {
        json_decref(rows);
    }
    bool mine = str_eq(p->plan, js_str(c->state, "plan"));
    p->plan_found |= mine;
    r->accept_mass = p->wish.accept || (p->plan && mine);
    bool mends = !p->wish.report && (!p->plan || mine);
    if (!ok || (mends && !comparison_mark(c, err)))
        return false;
    comparison_drop(p->app, r);
    if (!mends)
        comparison_close(c, false);
    return true;
}

static bool open_comparison(struct pass *p, struct route *r, struct err *err)
{
    struct comparison fresh;
    if (!comparison_open(&fresh, p->app, r, err))
        return false;
    p->compare[p->at] = fresh;
    for (size_t i = 0; comparison_in(&fresh, "walk") && !fresh.resumed && i < p->app->n_endpoints; i++)
        if (p->app->endpoints[i].ep == r->ep[SIDE_S] && !p->walked[i] && !intake_walk_again(&p->app->endpoints[i].intake, err))
            return false;
    return true;
}

/* Opens, walks, compares: a little of it. *through: this route is done with. */
static bool compare_some(struct pass *p, struct route *r, bool *through, struct err *err)
{
    struct comparison *c = &p->compare[p->at];
    bool more = true;
    *through = false;
    if (!c->app && !open_comparison(p, r, err))
        return false;
    for (int side = 0; side < 2; side++)
        r->ep[side]->patience = PATIENCE_MS;
    if (comparison_in(c, "walk"))
        return walk(p, r, &more, err);
    if (comparison_in(c, "compare") && !comparison_step(c, &more, &p->wait, err))
        return false;
    *through = !more || comparison_in(c, "mend");
    return !*through || conclude(p, r, err);
}

/* A step; true when all chosen routes are through. */
static bool compare(struct pass *p)
{
    struct app *app = p->app;
    struct err err = {0};
    bool through = false;
    while (p->at < app->n_routes && !chosen(p, p->at))
        p->at++;
    if (p->at == app->n_routes)
        return true;
    if (p->wait > app->env.now(&app->env))
        return false;
    struct route *r = &app->routes[p->at].route;
    p->wait = 0;
    bool ok = compare_some(p, r, &through, &err);
    if (!ok)
        app_fail(app, r->name, &err);
    if (ok && !through)
        return false;
    if (!ok && p->compare[p->at].app)
        comparison_close(&p->compare[p->at], false);
    p->at++;
    return false;
}

/* ---- looking once more at what was mended ---- */

static void verified(struct pass *p, const struct route *r)
{
    if (recheck_open(json_object_get(p->verified, r->name)))
        app_worse(p->app, EXIT_PARTLY);
    recheck_free(p->recheck);
    p->recheck = NULL;
    comparison_close(&p->compare[p->at++], false);
}

/* A chunk; true when all routes are through. */
static bool verify(struct pass *p)
{
    struct app *app = p->app;
    struct err err = {0};
    bool more = false;
    while (p->at < app->n_routes && !p->compare[p->at].app)
        p->at++;
    if (p->at == app->n_routes)
        return true;
    if (p->wait > app->env.now(&app->env))
        return false;
    struct route *r = &app->routes[p->at].route;
    if (!p->recheck) {
        json_t *counts = json_object();
        js_set(p->verified, r->name, counts);
        p->recheck = recheck_new(&p->compare[p->at], counts);
    }
    for (int side = 0; side < 2; side++)
        r->ep[side]->patience = PATIENCE_MS;
    bool ok = recheck_step(p->recheck, &more, &p->wait, &err);
    if (!ok || r->stop.kind != ERR_NONE)
        app_fail(app, r->name, ok ? &r->stop : &err);
    if (!ok || !more)
        verified(p, r);
    return false;
}

/* ---- working ---- */

static int64_t marked(const struct pass *p)
{
    int64_t n = 0;
    for (size_t i = 0; i < p->app->n_endpoints; i++)
        n += p->app->endpoints[i].intake.marked;
    return n;
}

static void work_now(struct pass *p)
{
    p->phase = WORK;
    p->marked = marked(p);
    p->until = p->app->env.now(&p->app->env) + WAIT_MOST_MS;
}

static bool quiet(struct pass *p, size_t i)
{
    const struct app_route *ar = &p->app->routes[i];
    int64_t total = 0, next = 0, survey = 0;
    struct err err = {0};
    if (!store_jobs_count(p->app->store, ar->route.name, &total, &next, &err) || !survey_due((struct route *)&ar->route, &survey, &err)) {
        app_fail(p->app, ar->route.name, &err);
        return true;
    }
    int64_t wake = route_waits(&ar->route) > next ? route_waits(&ar->route) : next;
    return ar->why.kind != ERR_NONE || ar->route.paused || !total || (wake > p->until && !survey);
}

static bool all_quiet(struct pass *p)
{
    bool all = true;
    for (size_t i = 0; i < p->app->n_routes; i++)
        if (chosen(p, i))
            all = quiet(p, i) && all;
    return all;
}

/* ---- the end ---- */

static json_t *finish(struct pass *p)
{
    struct err err = {0};
    json_t *rows = json_array();
    for (size_t i = 0; i < p->app->n_routes; i++) {
        struct app_route *ar = &p->app->routes[i];
        if (!chosen(p, i))
            continue;
        struct tally did = tally_since(&ar->route.tally, &p->before[i]);
        json_t *row = p->wish.report ? NULL : app_report_route(p->app, &ar->route, &did, &ar->why); /* a report judges nothing */
        if (row)
            js_add(rows, row);
        if (ar->route.run == p->runs[i]) { /* the next turn begins another */
            if (!store_run_end(p->app->store, ar->route.run, json_object_get(row, "counts"), &err))
                app_fail(p->app, ar->route.name, &err);
            ar->route.run = 0;
        }
    }
    AUTO_JSON json_t *report = json_pack("{s:o}", "routes", rows);
    p->phase = DONE;
    if (p->plan && !p->plan_found) {
        app_say(p->app, "reconcile: what would be detached or cleared is not what plan %s saw; nothing was mended", p->plan);
        app_worse(p->app, EXIT_STALE);
    }
    if (!p->wish.reconcile)
        return json_incref(report);
    return json_pack("{s:O,s:O?,s:O}", "drift", p->drift, "applied", p->wish.report ? NULL : report, "verified", p->verified);
}

json_t *pass_look(struct pass *p)
{
    enum reading got = p->phase == READ || p->phase == LOOK_AGAIN ? read_feeds(p) : STILL;
    if (got == UNREAD)
        return p->errand ? json_null() : finish(p);
    if (p->phase == ERRAND)
        return errand_step(p->errand);
    if (p->phase == READ && got == READ_THROUGH) {
        if (p->errand)
            p->phase = ERRAND;
        else if (p->wish.reconcile)
            p->phase = COMPARE;
        else
            work_now(p);
    } else if (p->phase == COMPARE && compare(p)) {
        if (p->wish.report)
            return finish(p);
        work_now(p);
    } else if (p->phase == WORK && all_quiet(p)) {
        p->at = 0;
        p->phase = p->wish.reconcile ? VERIFY : LOOK_AGAIN;
        if (!p->wish.reconcile)
            read_now(p, true);
    } else if (p->phase == VERIFY && verify(p)) {
        return finish(p);
    } else if (p->phase == LOOK_AGAIN && got == READ_THROUGH) {
        if (marked(p) == p->marked || ++p->rounds >= ROUNDS_MOST)
            return finish(p);
        work_now(p);
    }
    return NULL;
}

void pass_stand(const struct pass *p, int64_t *done, int64_t *left)
{
    *done = *left = 0;
    for (size_t i = 0; i < p->app->n_routes; i++) {
        struct err err = {0};
        int64_t total = 0, next = 0;
        if (!chosen(p, i) || !store_jobs_count(p->app->store, p->app->routes[i].route.name, &total, &next, &err))
            continue;
        *done += p->app->routes[i].route.tally.seen - p->before[i].seen;
        *left += total;
    }
    if (p->phase == ERRAND)
        errand_stand(p->errand, done, left);
    if (p->phase == COMPARE)
        *done += p->at < p->app->n_routes ? js_int_or(p->compare[p->at].state, "compared", 0) : 0;
}
