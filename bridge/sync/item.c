/* One item's ends: how it leaves the batch and what that means for its job. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"
#include "bridge/sync/verdict.h"
#include <stdio.h>

#define BELIEVED_STALE 6 /* tries: who is told each time that what was just read has changed since, is not told the truth */

void item_done(struct item *it)
{
    free(it->who);
    link_done(&it->parent);
    subject_done(&it->subject);
    link_done(&it->link);
    record_done(&it->t);
    holds_free(it->holds, it->n_holds);
    ops_free(it->ops, it->n_ops);
    if (it->planned)
        plan_done(&it->plan);
    for (int side = 0; side < 2; side++) {
        op_done(&it->out[side].op);
        result_done(&it->out[side].result);
        json_decref(it->out[side].set);
        json_decref(it->out[side].seen);
        json_decref(it->out[side].refused);
    }
    json_decref(it->log);
}

/* Amounts of another currency are neither compared nor converted. Where records do not tell theirs, they are in the
 * organisation's one currency, as far as that is known. */
static void compare_currencies(const struct route *r, struct item *it)
{
    const char *field = it->b->o->currency, *ours = r->currency[SIDE_S];
    const char *theirs = field && it->t.fields ? js_str(it->t.fields, field) : NULL;
    theirs = theirs && *theirs ? theirs : r->currency[SIDE_T];
    bool told = field ? !it->create : map_shares(it->b->o) && ours && theirs;
    *it->foreign = '\0';
    if (!told)
        return;
    if (!ours)
        str_copy(it->foreign, sizeof it->foreign, "currency: Inbox does not tell the team's");
    else if (theirs && !str_eq_nocase(ours, theirs))
        snprintf(it->foreign, sizeof it->foreign, "currency differs: %.12s in Inbox, %.12s in the CRM", ours, theirs);
}

struct sides item_sides(const struct batch *b, struct item *it)
{
    compare_currencies(b->r, it);
    return (struct sides){.fields = {it->subject.fields, it->create ? NULL : it->t.fields},
                          .vocab = {b->r->vocab[0], b->r->vocab[1]},
                          .history = it->t.history,
                          .s_changed = it->subject.changed,
                          .foreign = *it->foreign ? it->foreign : NULL,
                          .as_of = {it->subject.as_of, it->t.as_of},
                          .t_modified = it->t.modified};
}

struct patch item_patch(const struct item *it, int side)
{
    const struct outgoing *o = &it->out[side];
    struct patch p = {.object = it->b->o->type[side], .trace = o->op.trace, .set = o->set, .seen = o->seen};
    if (side == SIDE_S) {
        p.id = it->subject.id;
    } else if (it->create) {
        p.key_field = it->b->o->key;
        p.key = it->link.key;
        p.tell = it->b->needed[SIDE_T];
        p.parent_type = it->parent.id ? it->parent.t_type : NULL;
        p.parent_id = it->parent.id ? it->parent.t_id : NULL;
    } else {
        p.object = it->link.t_type;
        p.id = it->link.t_id;
        p.key = it->link.key;
        p.known = it->t.fields;
        p.unchanged_since = it->job->attempts < BELIEVED_STALE ? it->t.modified : 0;
    }
    return p;
}

bool item_unsaid(const struct cell_plan *c)
{
    return c->f->flow == FLOW_BOTH && !c->f->fence && !c->write[SIDE_T] && c->now[SIDE_S] && c->act != ACT_HOLD;
}

bool item_sent(const struct item *it, int side)
{
    return it->out[side].wanted && !(side == SIDE_T && it->bulk);
}

bool item_landed(const struct item *it, const char *field, int side)
{
    const struct outgoing *o = &it->out[side];
    return item_sent(it, side) && o->result.err.kind == ERR_NONE && !json_object_get(o->refused, field);
}

void item_off(struct item *it, enum next next, const char *why)
{
    it->off = true;
    it->next = next;
    it->why = why;
}

void route_stop(struct route *r, const struct err *err)
{
    if (r->stop.kind == ERR_NONE)
        r->stop = *err;
}

bool item_fail_side(struct batch *b, struct item *it, int side, const struct err *err)
{
    struct route *r = b->r;
    if (side != SIDE_S || verdict_of(err->kind)->then != THEN_WAIT)
        return item_fail(b, it, err);
    it->err = *err;
    item_off(it, NEXT_LATER, WHY_SOURCE_WAITS);
    it->due = err->retry_at;
    if (err->retry_at > r->source_wait)
        r->source_wait = err->retry_at;
    return false;
}

bool item_fail(struct batch *b, struct item *it, const struct err *err)
{
    struct route *r = b->r;
    const struct verdict *v = verdict_of(err->kind);
    it->err = *err;
    it->off = true;
    it->why = err_name(err->kind);
    it->next = NEXT_RETRY;
    it->due = verdict_due(err, it->job->attempts, r->env);
    switch (v->then) {
    case THEN_WAIT:
        it->next = NEXT_LATER;
        it->due = err->retry_at;
        if (err->retry_at > r->wait_until)
            r->wait_until = err->retry_at;
        return true;
    case THEN_PAUSE:
        it->next = NEXT_LATER;
        it->due = r->env->now(r->env);
        route_stop(r, err);
        return true;
    case THEN_AGAIN:
        it->next = it->job->attempts < 3 ? NEXT_AGAIN : NEXT_RETRY;
        return false;
    default:
        return false;
    }
}
