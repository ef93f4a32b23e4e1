/* How fast one endpoint may be called: several windows at once, several buckets (a search bucket beside the main
 * one), lanes that share them, fed by the service's own headers, and counters that survive a restart.
 * Pure but for the caller's clock; thread-safe. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lane { LANE_LIVE, LANE_RETRY, LANE_BACKFILL, LANE_RECONCILE, LANES };

struct limiter_window {
    int64_t span_ms;   /* span_ms is the length of the sliding window */
    unsigned limit;    /* limit of calls in any span, 0 = no limit */
};
struct limiter_bucket {
    const char *name;                 /* "main", "search"; a call counts in exactly one named bucket and, unless
                                         `alone`, in bucket 0 too */
    bool alone;
    struct limiter_window windows[3]; /* unused ones have limit 0 */
};

struct limiter;
/* fill: the share of each limit to use (0 < fill ≤ 1, e.g. 0.9). day_fill: the share of windows of a day or longer that
 * lanes other than LIVE may use (default 0.7). */
struct limiter *limiter_new(const struct limiter_bucket *buckets, size_t n, double fill, double day_fill);
void limiter_free(struct limiter *l);

/* limiter_take: how long to wait (ms) before `calls` more calls in this bucket and lane may go; 0 = they are counted as
 * taken now. Nothing is taken when it answers > 0. Lanes: the guaranteed shares are 60/15/15/10 %, idle share is lent. */
int64_t limiter_take(struct limiter *l, int64_t now, unsigned bucket, enum lane lane, unsigned calls);
/* limiter_wait: the same question without taking anything. */
int64_t limiter_wait(struct limiter *l, int64_t now, unsigned bucket, enum lane lane, unsigned calls);
/* limiter_pace: who just made so many calls and will make them again: how long (ms) to wait before, so that windows of up to a
 * minute are not used up long before they end; 0 while half of each is left, 1000 at most. */
int64_t limiter_pace(struct limiter *l, int64_t now, unsigned bucket, enum lane lane, unsigned calls);
/* limiter_room: how many calls may go right now (≥ 0). */
unsigned limiter_room(struct limiter *l, int64_t now, unsigned bucket, enum lane lane);
/* limiter_wait_until: Retry-After or a policy said so: nothing goes in this bucket before `until`. */
void limiter_wait_until(struct limiter *l, unsigned bucket, int64_t until);
/* limiter_seen: the service says `remaining` calls are left in the window of span_ms (other clients use the same
 * quota): never believe more than it says. limit 0 = not told; a told limit replaces a smaller or larger configured
 * one of the same span. In windows of a day or longer a single call goes all the same every quarter of an hour, to hear
 * whether the others have become quieter. */
void limiter_seen(struct limiter *l, int64_t now, unsigned bucket, int64_t span_ms, unsigned limit, unsigned remaining);
/* limiter_used: calls counted in the window with that span (for status and metrics). */
unsigned limiter_used(struct limiter *l, int64_t now, unsigned bucket, int64_t span_ms);

/* limiter_gauges: every window that has a limit, with what is counted in it; answers how many. */
#define LIMITER_GAUGES 12
struct limiter_gauge {
    const char *bucket; /* bucket is the limiter's */
    int64_t span_ms;
    unsigned limit, used;
};
size_t limiter_gauges(struct limiter *l, int64_t now, struct limiter_gauge out[LIMITER_GAUGES]);

/* State as JSON for the store and back (counts in at most 120 slices a window, so small). Unknown or stale content is
 * ignored. */
json_t *limiter_save(struct limiter *l, int64_t now);
void limiter_load(struct limiter *l, int64_t now, const json_t *saved);
