/* Records that begin and end at stages: deals. Those that are over, won or lost, are left alone: what the CRM says still comes to
 * Inbox, nothing goes there, and the shadows are what both sides held meanwhile. What Inbox does after that may ask for another one, or for the same again. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"
#include "mappings/value.h"

static const char reason[] = "closed in the CRM";

bool closed_reason(const struct link *link)
{
    return link->reason && str_starts(link->reason, reason); /* place.c may have put something behind it */
}

/* What Inbox's own stage becomes in the CRM: is that the end too? */
static bool ends_in_inbox(const struct batch *b, const struct item *it)
{
    const struct map_object *o = it->b->o;
    for (size_t i = 0; i < o->n_fields; i++) {
        const struct map_field *f = &o->fields[i];
        struct err err = {0};
        bool unknown = false;
        if (!str_eq(f->path[SIDE_T], o->stage->name) || f->flow == FLOW_NONE || f->flow == FLOW_TO_INBOX)
            continue;
        AUTO_JSON json_t *s = map_read(f, SIDE_S, it->subject.fields, b->r->vocab[SIDE_S], &unknown);
        AUTO_JSON json_t *t = s ? map_translate(f, SIDE_S, s, &err) : NULL;
        return !t || map_closed(o, t);
    }
    return false;
}

/* Somebody moved in Inbox, after the end, what makes a deal. */
static bool stirred(const struct item *it)
{
    for (size_t i = 0; i < it->plan.n; i++) {
        const struct cell_plan *c = &it->plan.cells[i];
        if (c->f->stirs && c->now[SIDE_S] && c->base[SIDE_S] && !value_same(c->now[SIDE_S], c->base[SIDE_S]) && !c->write[SIDE_S])
            return true;
    }
    return false;
}

static bool reopens(const struct batch *b, const struct item *it)
{
    const struct map_object *o = it->b->o;
    return o->reopen != REOPEN_NEVER && closed_reason(&it->link) && stirred(it) && !ends_in_inbox(b, it) &&
           !map_lacks(o, it->subject.fields, b->r->vocab[SIDE_S]);
}

static void leave_alone(struct item *it)
{
    for (size_t i = 0; i < it->plan.n; i++) {
        struct cell_plan *c = &it->plan.cells[i];
        bool first = !c->base[SIDE_S] && !c->base[SIDE_T];
        if (c->now[0] && c->now[1] && (c->write[SIDE_T] || c->act == ACT_HOLD || (first && c->write[SIDE_S])))
            plan_as_is(c, "closed in the CRM: left alone");
    }
    plan_count(&it->plan);
}

static void mark(struct item *it, const char *why)
{
    free(it->link.reason);
    it->link.reason = mem_dup(why);
    it->link_dirty = true;
}

/* A record that Inbox gives no stage begins at the first one. That is agreed with it: Inbox is not told a status nobody set. */
static void begin(struct item *it)
{
    const char *first = map_first_stage(it->b->o);
    for (size_t i = 0; first && i < it->plan.n; i++) {
        struct cell_plan *c = &it->plan.cells[i];
        bool out = c->f->flow == FLOW_BOTH || c->f->flow == FLOW_TO_CRM;
        if (out && c->now[SIDE_S] && value_blank(c->now[SIDE_S]) && !c->write[SIDE_T] && str_eq(c->f->path[SIDE_T], it->b->o->stage->name))
            plan_begin(c, first);
    }
    plan_count(&it->plan);
}

void closed_decide(struct batch *b, struct item *it)
{
    const struct map_object *o = it->b->o;
    if (it->create)
        begin(it);
    bool closed = !it->create && o->stage && map_closed(o, json_object_get(it->t.fields, o->stage->name));
    if (!closed) {
        if (closed_reason(&it->link))
            mark(it, NULL);
        return;
    }
    bool again = reopens(b, it);
    if (again && o->reopen == REOPEN_REUSE)
        return;
    it->again = again;
    leave_alone(it);
    if (!closed_reason(&it->link))
        mark(it, reason);
}
