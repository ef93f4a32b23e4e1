/* What the daemon changes belongs to runs too, about an hour each, so that history can name them and undo take one back. */
#include "bridge/app/app.h"

#define HOUR_MS (3600 * 1000LL)

/* Quiet hours make no rows: a run that did nothing goes on. */
void live_run(struct app *app, struct app_route *ar)
{
    struct route *r = &ar->route;
    struct err err = {0};
    int64_t now = app->env.now(&app->env);
    if (r->run && (now < ar->run_begun + HOUR_MS || r->tally.seen == ar->run_seen))
        return;
    if ((r->run && !store_run_end(app->store, r->run, NULL, &err)) ||
        !store_run_start(app->store, r->name, "live", &r->run, &err))
        app_fail(app, r->name, &err);
    ar->run_begun = now;
    ar->run_seen = r->tally.seen;
}
