/* What ties a record to its parent is made with it. Where that is not known for sure (it was found after a lost answer, its
 * parent was merged) and in every full compare, the service is asked to see to it; that may be done any number of times. */
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"
#include "bridge/sync/verdict.h"

static const char doubt[] = "not known to be associated with its parent";

static void set_reason(struct link *link, const char *reason)
{
    free(link->reason);
    link->reason = mem_dup(reason);
}

void tie_doubt(struct link *link)
{
    if (!closed_reason(link))
        set_reason(link, doubt);
}

bool tie_in_doubt(const struct link *link)
{
    return link->reason && str_starts(link->reason, doubt);
}

static bool created(const struct item *it)
{
    const struct outgoing *o = &it->out[SIDE_T];
    return it->create && o->wanted && o->result.err.kind == ERR_NONE;
}

static bool wanted(const struct item *it)
{
    bool known = !tie_in_doubt(&it->link) && !str_eq(it->job->why, "compare");
    return it->b && it->b->o->of && it->planned && !it->off && !it->create && it->link.t_id && it->parent.t_id && !known &&
           !it->link.secondary && !closed_reason(&it->link);
}

static void take(struct batch *b, struct item *it, const struct result *res)
{
    bool known = !tie_in_doubt(&it->link);
    if (res->err.kind == ERR_NONE) {
        if (!known)
            set_reason(&it->link, NULL);
        it->link_dirty |= !known;
        it->event = res->tied && !it->event ? "tied" : it->event;
    } else if (!known && verdict_of(res->err.kind)->then != THEN_DEAD && it->next == NEXT_FINISH) {
        item_fail(b, it, &res->err); /* what was only to be looked at again waits for the next compare */
    }
}

void tie_batch(struct batch *b)
{
    AUTO_FREE struct patch *patches = mem_grow(NULL, b->n + 1, sizeof *patches);
    AUTO_FREE struct result *results = mem_grow(NULL, b->n + 1, sizeof *results);
    AUTO_FREE struct item **who = mem_grow(NULL, b->n + 1, sizeof *who);
    struct endpoint *ep = b->r->ep[SIDE_T];
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++) {
        struct item *it = &b->items[i];
        if (created(it) && tie_in_doubt(&it->link))
            set_reason(&it->link, NULL);
        if (!wanted(it))
            continue;
        results[n] = (struct result){0};
        who[n] = it;
        patches[n++] = (struct patch){.object = it->link.t_type, .id = it->link.t_id, .key = it->link.key, .trace = it->link.key,
                                      .parent_type = it->parent.t_type, .parent_id = it->parent.t_id, .set = json_object()};
    }
    struct err err = {0};
    bool ok = !n || ep->kind->put(ep, patches, n, results, &err);
    for (size_t i = 0; i < n; i++) {
        if (!ok && results[i].err.kind == ERR_NONE)
            results[i].err = err;
        take(b, who[i], &results[i]);
        result_done(&results[i]);
        json_decref(patches[i].set);
    }
}
