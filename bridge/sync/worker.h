/* The worker: what a thread per route does, without the thread. Tests call it by hand. */
#pragma once
#include "bridge/sync/route.h"

/* worker_step claims a batch of due jobs and syncs it. *worked tells whether there was one; *wake when it wants to be
 * called next (ms; WHEN_NEVER: when something is marked). A stopped, waiting or paused route does nothing. False: the store
 * failed. */
bool worker_step(struct route *r, bool *worked, int64_t *wake, struct err *err) MUST_CHECK;

/* worker_quiet steps until no job is due (jobs that wait for later are left), or the route stops. progress may be NULL. */
bool worker_quiet(struct route *r, void (*progress)(void *self, const struct tally *t, int64_t left), void *self, struct err *err) MUST_CHECK;
