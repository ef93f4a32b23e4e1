/* Scheduled reconciliation: when a full comparison of a route is due, and where the one under way stands. Kept in the store,
 * so that a restart goes on where it was. */
#pragma once
#include "bridge/app/app.h"

/* An interval ("24h", jittered by up to a tenth) or a time of day in UTC ("03:30"); NULL or "off": never. */
bool sweep_when_parse(const char *text, struct sweep_when *out, struct err *err) MUST_CHECK;

/* sweep_next: when the next one is due after one that was begun at `last` (0: none yet; then `now` counts). luck spreads
 * routes and installations. Pure. */
int64_t sweep_next(const struct sweep_when *when, int64_t last, int64_t now, uint64_t luck);

/* sweep_round: the one place to call from, in every turn: one step of what is under way (a page of Inbox, a few hundred marks),
 * begins what is due, notes what is through, lowers *wake. Faults are told. On the engine's thread. */
void sweep_round(struct app *app, int64_t *wake);
