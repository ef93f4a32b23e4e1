/* Scheduled reconciliation: when a full comparison of a route is due, and where the one under way stands. Kept in the store,
 * so that a restart goes on where it was. */
#pragma once
#include "bridge/app/app.h"

/* An interval ("24h", jittered by up to a tenth) or a time of day in UTC ("03:30"); NULL or "off": never. */
bool sweep_when_parse(const char *text, struct sweep_when *out, struct err *err) MUST_CHECK;

/* sweep_next: when the next one is due after one that was begun at `last` (0: none yet; then `now` counts). luck spreads
 * routes and installations. Pure. */
int64_t sweep_next(const struct sweep_when *when, int64_t last, int64_t now, uint64_t luck);

/* sweep_due: a comparison has to begin, or one was cut off while it was being marked. *next is when to ask again. */
bool sweep_due(struct app *app, struct app_route *ar, int64_t *next);

/* sweep_start marks everything in LANE_RECONCILE, from the checkpoint if there is one, and lets Inbox be enumerated. On the
 * thread that polls the route's Inbox endpoint, so that no page of it is under way. */
bool sweep_start(struct app *app, struct app_route *ar, struct err *err) MUST_CHECK;

/* sweep_round: the one place to call from: starts what is due, notes what is through, lowers *wake. Faults are told. */
void sweep_round(struct app *app, int64_t *wake);
