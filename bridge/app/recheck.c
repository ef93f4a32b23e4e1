/* A chunk of the comparison's rows, those an ordinary sync does something about, read from both sides like any other. The rows stay
 * where they are, on disk: only the place moves. */
#include "bridge/app/recheck.h"
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/sync/drift.h"

#define CHUNK 500

struct recheck {
    struct comparison *c;
    long at; /* in the file of rows */
    bool more;
    struct job jobs[CHUNK];
    size_t n;
    json_t *counts;
};

struct recheck *recheck_new(struct comparison *c, json_t *counts)
{
    struct recheck *k = mem_alloc(sizeof *k);
    k->c = c;
    k->counts = counts;
    k->more = true;
    return k;
}

static void forget_jobs(struct recheck *k)
{
    for (size_t i = 0; i < k->n; i++)
        job_done(&k->jobs[i]);
    k->n = 0;
}

void recheck_free(struct recheck *k)
{
    if (k)
        forget_jobs(k);
    free(k);
}

static void count_row(void *self, const json_t *row)
{
    json_t *counts = self;
    const char *class = js_str(row, "class");
    js_set(counts, class, json_integer(js_int_or(counts, class, 0) + 1));
}

static bool take_row(void *self, const json_t *row, struct err *err)
{
    struct recheck *k = self;
    (void)err;
    if (drift_mendable(js_str(row, "class")))
        k->jobs[k->n++] = (struct job){.object = mem_dup(js_str(row, "object")), .key = mem_dup(js_str(row, "key")), .why = mem_dup("compare")};
    return true;
}

bool recheck_step(struct recheck *k, bool *more, int64_t *wait, struct err *err)
{
    struct route *r = k->c->route;
    *wait = 0;
    if (!k->n && k->more && !comparison_some(k->c, &k->at, CHUNK, take_row, k, &k->more, err))
        return false;
    for (int side = 0; side < 2; side++)
        r->ep[side]->lane = LANE_RECONCILE;
    if (k->n && !sync_drift(r, k->jobs, k->n, count_row, k->counts, wait, err))
        return false;
    if (!*wait || r->stop.kind != ERR_NONE) /* else these are asked about again: nothing of them was told */
        forget_jobs(k);
    *more = k->n || (k->more && r->stop.kind == ERR_NONE);
    return true;
}

bool recheck_open(const json_t *counts)
{
    static const char *const open_ends[] = {"s_ahead", "t_ahead", "conflict", "missing_in_crm", "unlinked_match", "unread"};
    for (size_t i = 0; i < COUNT(open_ends); i++)
        if (js_int_or(counts, open_ends[i], 0))
            return true;
    return false;
}
