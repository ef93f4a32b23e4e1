/* One of three, each of which goes in steps by itself. A step may wait for its calls as long as alone. */
#include "bridge/app/errand.h"
#include "bridge/app/applying.h"
#include "bridge/app/planning.h"
#include "bridge/app/takeback.h"
#include "bridge/base/js.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS (60 * 1000)

struct errand {
    struct app *app;
    char *name;  /* of what is applied, for faults */
    FILE *file;
    struct takeback *undo;
    struct planning *plan;
    struct applying *apply;
    struct tally *before; /* of each route */
};

bool errand_is(const struct pass_wish *wish)
{
    return wish->undo || wish->plan_to || wish->apply;
}

static FILE *open_file(struct app *app, const char *path, bool writes)
{
    int fd = open(path, (writes ? O_WRONLY : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC);
    FILE *f = fd >= 0 ? fdopen(fd, writes ? "w" : "r") : NULL;
    if (f)
        return f;
    app_say(app, "%s: %s", path, strerror(errno));
    app_worse(app, EXIT_STORE);
    if (fd >= 0)
        close(fd);
    return NULL;
}

struct errand *errand_new(struct app *app, const struct pass_wish *wish)
{
    struct errand *e = mem_alloc(sizeof *e);
    *e = (struct errand){.app = app, .name = mem_dup(wish->name), .before = mem_alloc((app->n_routes + 1) * sizeof *e->before)};
    for (size_t i = 0; i < app->n_routes; i++)
        e->before[i] = app->routes[i].route.tally;
    if (wish->undo)
        e->undo = takeback_new(app, wish->undo, wish->dry);
    else
        e->file = open_file(app, wish->plan_to ? wish->plan_to : wish->apply, wish->plan_to != NULL);
    if (e->file && wish->plan_to)
        e->plan = planning_new(app, e->file);
    else if (e->file)
        e->apply = applying_new(app, e->file);
    if (e->undo || e->file)
        return e;
    errand_free(e);
    return NULL;
}

void errand_free(struct errand *e)
{
    if (!e)
        return;
    takeback_free(e->undo);
    planning_free(e->plan);
    applying_free(e->apply);
    if (e->file)
        fclose(e->file);
    free(e->before);
    free(e->name);
    free(e);
}

bool errand_reads(const struct errand *e)
{
    return !e->apply;
}

const char *errand_route(const struct errand *e)
{
    return e->undo ? takeback_route(e->undo)->name : NULL;
}

void errand_stand(const struct errand *e, int64_t *done, int64_t *left)
{
    if (e->plan)
        planning_stand(e->plan, done, left);
}

/* ---- a step ---- */

static json_t *take_back(struct errand *e)
{
    struct err err = {0};
    bool more = false;
    if (!takeback_step(e->undo, &more, &err)) {
        app_fail(e->app, "undo", &err);
        return json_null();
    }
    return more ? NULL : takeback_report(e->undo);
}

static json_t *plan(struct errand *e)
{
    if (planning_step(e->plan))
        return NULL;
    if (!fflush(e->file) && !ferror(e->file))
        return planning_told(e->plan);
    app_say(e->app, "plan: %s", strerror(errno));
    app_worse(e->app, EXIT_PARTLY);
    return json_null();
}

static json_t *apply(struct errand *e)
{
    struct err err = {0};
    struct app *app = e->app;
    bool more = false, ok = applying_step(e->apply, &more, &err);
    if (ok && more)
        return NULL;
    if (err.kind != ERR_NONE)
        app_fail(app, e->name, &err);
    json_t *rows = json_array();
    for (size_t i = 0; i < app->n_routes; i++) {
        const struct app_route *ar = &app->routes[i];
        struct tally did = tally_since(&ar->route.tally, &e->before[i]);
        js_add(rows, app_report_route(app, &ar->route, &did, ar->route.stop.kind != ERR_NONE ? &ar->route.stop : &ar->why));
    }
    return json_pack("{s:o}", "routes", rows);
}

json_t *errand_step(struct errand *e)
{
    for (size_t i = 0; i < e->app->n_routes; i++)
        for (int side = 0; side < 2; side++) {
            e->app->routes[i].route.ep[side]->lane = LANE_LIVE;
            e->app->routes[i].route.ep[side]->patience = PATIENCE_MS;
        }
    return e->undo ? take_back(e) : e->plan ? plan(e) : apply(e);
}
