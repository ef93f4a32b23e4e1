/* Claim, sync, say when next. Straight-line code; the threads are in bridge/app. */
#include "bridge/sync/worker.h"
#include "bridge/base/mem.h"
#include "bridge/base/when.h"
#include "bridge/sync/batch.h"
#include "bridge/sync/bulk.h"
#include "bridge/sync/pause.h"
#include "bridge/sync/survey.h"
#include "bridge/sync/sync.h"

#define QUIET_MOST_STEPS 1000000
#define CLOCK_STEP_MS (60 * 1000)                   /* a clock that goes back by more was wrong before */
#define AHEAD_MOST_MS (8 * 24 * INT64_C(3600000)) /* nothing is put off for longer */

/* The lane of the most urgent job is the lane the endpoints are called in. */
static void set_lane(struct route *r, const struct job *jobs, size_t n)
{
    int lane = LANES - 1;
    for (size_t i = 0; i < n; i++)
        lane = jobs[i].lane < lane ? jobs[i].lane : lane;
    for (int side = 0; side < 2; side++)
        r->ep[side]->lane = (enum lane)lane;
}

/* Somebody waits for a live edit, so nothing of a backfill rides with it: the batch is small, and the live lane's share of
 * the call budget is not spent on others. What is left out was only read, not claimed. */
static size_t live_first(const struct job *jobs, size_t n)
{
    size_t live = 0;
    while (live < n && jobs[live].lane < LANE_BACKFILL)
        live++;
    return jobs[0].lane == LANE_LIVE ? live : n;
}

/* Nothing is written to a CRM before its changes are being followed: an edit made between a first write and a first cursor
 * would be seen by nobody. */
static bool followed(struct route *r, bool *yes, struct err *err)
{
    *yes = true;
    bool feeds = r->ep[SIDE_T]->caps & CAP_FEED; /* without a feed there is nothing to be behind of */
    for (size_t i = 0; feeds && *yes && i < r->n; i++) {
        AUTO_FREE char *cursor = NULL;
        if (r->objects[i].o->digest) /* only ever written */
            continue;
        if (!store_cursor_get(r->store, r->ep[SIDE_T]->name, r->objects[i].o->type[SIDE_T], &cursor, err))
            return false;
        *yes = cursor && *cursor;
    }
    return true;
}

/* What was put off by a clock that was ahead would wait until that moment came again. */
static bool mind_the_clock(struct route *r, int64_t now, struct err *err)
{
    bool first = !r->stepped_at, back = r->stepped_at > now + CLOCK_STEP_MS;
    r->stepped_at = now;
    if (!first && !back)
        return true;
    r->wait_until = back ? 0 : r->wait_until;
    r->source_wait = back ? 0 : r->source_wait;
    return store_jobs_hasten(r->store, r->name, back ? now : now + AHEAD_MOST_MS, err);
}

bool worker_step(struct route *r, bool *worked, int64_t *wake, struct err *err)
{
    int64_t now = r->env->now(r->env), total = 0;
    *worked = false;
    *wake = WHEN_NEVER;
    int64_t paused = 0;
    if (r->stop.kind != ERR_NONE)
        return true;
    if (!mind_the_clock(r, now, err) || !pause_since(r->store, r->name, &paused, err))
        return false;
    r->paused = paused != 0;
    if (paused)
        return true;
    if (r->wait_until > now || !r->learnt) {
        *wake = r->wait_until > now ? r->wait_until : now + 1000;
        return true;
    }
    bool ready = false;
    if (!followed(r, &ready, err))
        return false;
    if (!ready) {
        *wake = now + 1000;
        return true;
    }
    struct job *jobs = NULL;
    size_t n = 0;
    bool short_of = r->source_wait > now;
    int64_t survey = 0; /* who is only compared waits for it */
    if (!survey_due(r, &survey, err))
        return false;
    const char *const but[2] = {short_of ? WHY_SOURCE_WAITS : NULL, r->hearing ? "risky" : NULL};
    if (!store_jobs_due(r->store, r->name, now, survey ? LANE_RECONCILE : LANES, but, r->batch, &jobs, &n, err))
        return false;
    bool ok = true;
    if (n) {
        size_t now_done = live_first(jobs, n);
        set_lane(r, jobs, now_done);
        ok = sync_batch(r, jobs, now_done, err);
        *worked = true;
    }
    jobs_free(jobs, n);
    if (!ok || !bulk_step(r, !n, worked, err) || !store_jobs_count(r->store, r->name, &total, wake, err))
        return false;
    if (!n && (short_of || r->hearing) && *wake <= now) /* only what was left out is due */
        *wake = short_of && r->source_wait < now + 1000 ? r->source_wait : now + 1000;
    return true;
}

bool worker_quiet(struct route *r, void (*progress)(void *, const struct tally *, int64_t), void *self, struct err *err)
{
    for (int i = 0; i < QUIET_MOST_STEPS; i++) {
        bool worked = false;
        int64_t wake = 0, left = 0, next = 0;
        if (!worker_step(r, &worked, &wake, err))
            return false;
        if (!worked)
            return true;
        if (progress && store_jobs_count(r->store, r->name, &left, &next, err))
            progress(self, &r->tally, left);
    }
    return err_set(err, ERR_BUG, "a pass did not come to an end after %d batches", QUIET_MOST_STEPS);
}
