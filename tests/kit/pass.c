/* Running a world: passes until all is quiet. Everything below goes by the fake clock. */
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "bridge/sync/worker.h"
#include "tests/kit/world.h"
#include <string.h>

#define LONG_MS (30 * 60 * 1000)

static json_t *pending(struct world *w)
{
    AUTO_FREE char *url = mem_printf("http://webhook.sandbox/_sandbox/deliveries?after=%zu", w->delivered);
    struct http_request r = {.method = (char *)"GET", .url = url};
    struct http_answer a = {0};
    int64_t delay = 0;
    sandbox_serve(w->box, w->service[1], &r, &a, &delay);
    json_t *out = js_parse(a.body, a.body_n, NULL);
    http_answer_done(&a);
    return out;
}

/* What the other system posts arrives in order; what was not taken is posted again. */
static bool deliver(struct world *w)
{
    bool hooked = str_eq(w->crm[0].kind, "webhook") && !w->undelivered;
    AUTO_JSON json_t *list = hooked ? pending(w) : NULL;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *body = js_str(one, "body");
        struct page page __attribute__((cleanup(page_done))) = {0};
        struct err err = {0};
        world_must(w->ep[1]->kind->hook(w->ep[1], "POST", "/", json_object_get(one, "headers"), body, strlen(body), sandbox_now(w->box), &page, &err), "hook", &err);
        if (!intake_delivery(&w->intake[1], &page, &err))
            return false;
        w->delivered++;
    }
    return true;
}

static bool relearn(struct intake *in)
{
    struct opt_faults faults __attribute__((cleanup(opt_faults_done))) = {0};
    struct err err = {0};
    bool due = in->relearn;
    in->relearn = false;
    for (size_t i = 0; i < in->n; i++)
        if ((due || in->routes[i]->relearn) && !route_learn(in->routes[i], &faults, &err))
            return false;
    return true;
}

static bool take_in(struct world *w)
{
    if (!deliver(w))
        return false;
    for (size_t side = w->n + 1; side-- > 0;) { /* the CRMs first: see followed() in worker.c */
        struct err err = {0};
        if (!intake_all(&w->intake[side], NULL, NULL, &err) || !relearn(&w->intake[side]))
            return false;
    }
    return true;
}

/* Where a page of a long feed was lost the daemon asks again in a moment. */
static bool behind(const struct world *w)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->route[i].behind)
            return true;
    return false;
}

/* A batch of each route in turn, as the daemon does, until none has any that is due. */
static bool work(struct world *w)
{
    for (bool busy = true; busy;) {
        busy = false;
        for (size_t i = 0; i < w->n; i++) {
            struct err err = {0};
            bool worked = false;
            int64_t wake = 0;
            if (!worker_step(&w->route[i], &worked, &wake, &err))
                return false;
            busy |= worked;
        }
    }
    return true;
}

/* When the next of all jobs is due, or with `waits` when it can be done; WHEN_NEVER when there are none. */
static bool next_due(struct world *w, bool waits, int64_t *due)
{
    *due = WHEN_NEVER;
    for (size_t i = 0; i < w->n; i++) {
        struct err err = {0};
        int64_t total = 0, next = 0;
        if (!store_jobs_count(w->store, w->route[i].name, &total, &next, &err))
            return false;
        if (total && waits && route_waits(&w->route[i]) > next)
            next = route_waits(&w->route[i]);
        if (next < *due)
            *due = next;
    }
    return true;
}

bool world_pass(struct world *w, int64_t patience)
{
    int64_t until = sandbox_now(w->box) + patience;
    world_must(!w->still, "a pass while nothing moves", NULL);
    if (!w->up && !world_start(w))
        return false;
    take_in(w);
    for (int i = 0; i < 200 && !w->out; i++) {
        int64_t wake = 0, now = sandbox_now(w->box);
        for (size_t k = 0; k < w->n; k++)
            w->route[k].stop = (struct err){0};
        if (!work(w) || !next_due(w, true, &wake))
            return false;
        if (wake > until)
            break;
        sandbox_advance(w->box, wake > now ? wake - now + 1 : 1);
        if (behind(w))
            take_in(w);
    }
    return !w->out;
}

static int64_t news(const struct world *w)
{
    int64_t n = 0;
    for (size_t side = 0; side <= w->n; side++)
        n += w->intake[side].marked;
    for (size_t i = 0; i < w->n; i++)
        n += w->route[i].tally.seen;
    return n;
}

void world_settle(struct world *w)
{
    for (int i = 0; i < 60; i++) {
        if (w->out) {
            world_stop(w);
            w->out = false;
            w->cut_at = 0;
        }
        if (!w->up && !world_start(w))
            continue;
        int64_t before = news(w), next = 0;
        sandbox_advance(w->box, 130 * 1000); /* past every index lag */
        if (!world_pass(w, LONG_MS))
            continue;
        if (news(w) == before && next_due(w, false, &next) && next > sandbox_now(w->box) + LONG_MS)
            return;
    }
    world_must(false, "settle: it does not come to rest", NULL);
}
