/* Arithmetic on what the store and the limiters know; it makes no call. */
#include "bridge/app/preflight.h"
#include "bridge/base/mem.h"
#include "bridge/sync/everything.h"
#include "bridge/sync/survey.h"

#define PAGE 100
#define BULK_PAGE 1000  /* records a call reads at least where a job reads them */
#define BULK_LOOKS 60   /* looks at such a job until it is done, for an hour */
#define DAY_MS (24 * 3600 * 1000LL)
#define SCHEMAS 16      /* calls that learn accounts, rights and schemas, and poll both feeds */
#define VIEWS 3         /* a thread stands in so many of Inbox's lists at most */
#define VIEW_ENDS 5     /* last pages that are not full */
#define CHUNK 500       /* records compared together; what is missing there is asked for once more, in a call or two */
#define BY_ID 2         /* calls for a person who must be read by id: the profile, and a conversation */
#define OTHERS_SHARE 70 /* percent of a day that is not kept for what is urgent; see limiter.h */

/* Who has no link is looked for by each match key, as far as there are any in a chunk. */
static int64_t lookups(const struct route *r, int64_t unlinked, int64_t chunks)
{
    int64_t calls = 0;
    for (size_t i = 0; unlinked > 0 && i < r->n; i++)
        calls += (int64_t)r->objects[i].o->n_match * (unlinked / PAGE + (unlinked < chunks ? unlinked : chunks));
    return calls;
}

bool preflight_cost(struct route *r, int64_t cost[2], struct err *err)
{
    int64_t subjects = 0, stale = 0, all = 0, states[8] = {0}, links = 0;
    const char *inbox = r->ep[SIDE_S]->name;
    if (!store_subject_count(r->store, inbox, &subjects, err) || !store_subjects_stale(r->store, inbox, &stale, err) ||
        !everything_about(r, &all, err) || !store_link_counts(r->store, r->name, states, err))
        return false;
    for (size_t i = 0; i < COUNT(states); i++)
        links += states[i];
    int64_t chunks = all / CHUNK + (int64_t)r->n + 1;
    cost[SIDE_S] = VIEWS * (subjects / PAGE + 1) + VIEW_ENDS + BY_ID * stale + SCHEMAS;
    int64_t in_bulk = 0;
    if (!survey_covers(r, &in_bulk, err))
        return false;
    cost[SIDE_T] = (all - in_bulk) / PAGE + in_bulk / BULK_PAGE + (in_bulk ? BULK_LOOKS : 0) + 2 * chunks + lookups(r, subjects - links, chunks) + SCHEMAS;
    return true;
}

bool preflight_quota(struct app *app, struct route *r, const int64_t cost[2], struct err *err)
{
    int64_t now = app->env.now(&app->env);
    for (int side = 0; side < 2; side++) {
        struct endpoint *ep = r->ep[side];
        struct limiter_gauge g[LIMITER_GAUGES];
        size_t n = ep && ep->limiter ? limiter_gauges(ep->limiter, now, g) : 0;
        for (size_t i = 0; i < n; i++) {
            int64_t may = (int64_t)g[i].limit * OTHERS_SHARE / 100 - g[i].used;
            if (g[i].span_ms >= DAY_MS && may < cost[side])
                return err_set(err, ERR_RATE, "endpoint %s: comparing takes up to %lld calls, and of today's %u (%s) only %lld are left for it",
                               ep->name, (long long)cost[side], g[i].limit, g[i].bucket, (long long)(may > 0 ? may : 0));
        }
    }
    return true;
}
