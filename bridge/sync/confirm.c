/* A second look at the cells about to be written, just before: where they differ from what was decided on, somebody is editing
 * right now, and the item is decided anew. */
#include "bridge/base/js.h"
#include "bridge/sync/batch.h"

static bool writes_t(const struct item *it)
{
    return it->planned && !it->create && it->plan.writes[SIDE_T];
}

static bool writes_s(const struct item *it)
{
    return it->planned && it->plan.writes[SIDE_S];
}

static bool moved(const struct batch *b, const struct item *it, int side, const json_t *fields)
{
    for (size_t i = 0; i < it->plan.n; i++) {
        const struct cell_plan *c = &it->plan.cells[i];
        bool unknown = false;
        if (!c->write[0] && !c->write[1])
            continue;
        AUTO_JSON json_t *now = map_read(c->f, side, fields, b->r->vocab[side], &unknown);
        if (now && !js_equal(now, c->now[side]))
            return true;
    }
    return false;
}

static void spare(struct batch *b, struct item *it)
{
    b->r->tally.spared++;
    item_off(it, NEXT_AGAIN, "changed while we looked");
}

static bool confirm_target(struct batch *b, struct bound *bound, pick *wanted, struct err *err)
{
    for (size_t i = 0; i < b->n; i++)
        b->items[i].has_t &= !(b->items[i].b == bound && !b->items[i].off && wanted(&b->items[i]));
    if (!gather_fetch_target(b, bound, wanted, FETCH_FRESH, err))
        return false;
    for (size_t i = 0; i < b->n; i++) {
        struct item *it = &b->items[i];
        if (it->b != bound || it->off || !wanted(it))
            continue;
        if (it->t.state != RECORD_LIVE || place_stale(b, it) || moved(b, it, SIDE_T, it->t.fields))
            spare(b, it);
    }
    return true;
}

/* A look that leaves no call for the write is wasted, and the next time again: as many go on as may do both. */
static void as_many_as_may(struct batch *b)
{
    int64_t next = 0;
    size_t turns = endpoint_turns(b->r->ep[SIDE_S], 2, &next);
    struct err wait = {0};
    err_set(&wait, ERR_RATE, "%s: its call quota is used up for now", b->r->ep[SIDE_S]->name);
    wait.retry_at = next;
    for (size_t i = 0; i < b->n; i++) {
        struct item *it = &b->items[i];
        if (it->off || !writes_s(it))
            continue;
        if (turns)
            turns--;
        else
            item_fail_side(b, it, SIDE_S, &wait);
    }
}

static bool confirm_source(struct batch *b, struct bound *bound, pick *wanted, struct err *err)
{
    if (!gather_fetch_source(b, bound, wanted, err))
        return false;
    for (size_t i = 0; i < b->n; i++) {
        struct item *it = &b->items[i];
        if (it->b == bound && !it->off && wanted(it) && moved(b, it, SIDE_S, it->subject.fields))
            spare(b, it);
    }
    return true;
}

void confirm_writes(struct batch *b)
{
    if (b->r->without & WITHOUT_CONFIRM)
        return;
    as_many_as_may(b);
    gather_each(b, writes_s, confirm_source);
    gather_each(b, writes_t, confirm_target);
}
