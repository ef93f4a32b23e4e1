/* Laws of objects of a parent, and of filters that ask how far a status has come: what can be said without a live schema. */
#include "bridge/base/str.h"
#include "mappings/parts.h"

/* Parents are written first; a parent has none itself. */
static const struct map_object *parent_of(const struct mapping *m, const struct map_object *o)
{
    for (const struct map_object *p = m->objects; p < o; p++)
        if (str_eq(p->name, o->of))
            return p;
    return NULL;
}

static void law_parent(const struct mapping *m, const struct map_object *o, struct opt_faults *faults)
{
    const struct map_object *p = o->of ? parent_of(m, o) : NULL;
    bool childish = o->when || o->reopen != REOPEN_NEVER || o->pipeline || o->currency;
    if (!o->of && childish)
        opt_fault(faults, m->file, o->line, "%s: create_when, reopen, pipeline and currency are for objects of a parent; say of = \"prospect\"", o->name);
    if (!o->of)
        return;
    if (!p)
        opt_fault(faults, m->file, o->line, "%s: no object above it is called \"%s\"", o->name, o->of);
    else if (p->of)
        opt_fault(faults, m->file, o->line, "%s: its parent %s has a parent itself; one generation is enough", o->name, p->name);
    else if (!o->digest && !str_eq(p->type[SIDE_S], o->type[SIDE_S]))
        opt_fault(faults, m->file, o->line, "%s is made from \"%s\" in Inbox, its parent %s from \"%s\"", o->name, o->type[SIDE_S], p->name,
                  p->type[SIDE_S]);
    else if (str_eq(p->type[SIDE_T], o->type[SIDE_T]))
        opt_fault(faults, m->file, o->line, "%s and its parent %s are both \"%s\" in the CRM", o->name, p->name, o->type[SIDE_T]);
}

static bool to_inbox(const struct map_field *f)
{
    return f->flow == FLOW_BOTH || f->flow == FLOW_TO_INBOX;
}

/* Two records of the CRM that both may write one field of Inbox would take turns for ever. */
static void law_masters(const struct mapping *m, const struct map_object *a, const struct map_object *b, struct opt_faults *faults)
{
    for (size_t i = 0; i < a->n_fields; i++)
        for (size_t k = 0; k < b->n_fields; k++) {
            const struct map_field *f = &a->fields[i], *g = &b->fields[k];
            if (to_inbox(f) && to_inbox(g) && str_eq(f->path[SIDE_S], g->path[SIDE_S]))
                opt_fault(faults, m->file, g->line, "%s of %s (line %d) and %s of %s both write %s in Inbox: two masters; say flow = \"to_crm\" in one",
                          f->name, a->name, f->line, g->name, b->name, g->path[SIDE_S]);
        }
}

/* `reached` needs to know what comes after what: the order of the field that maps the status, here or in the parent. */
static const struct map_field *status_field(const struct map_object *o)
{
    for (size_t i = 0; o && i < o->n_fields; i++)
        if (str_eq(o->fields[i].path[SIDE_S], "context.status") && o->fields[i].n_order)
            return &o->fields[i];
    return NULL;
}

static void law_reached(const struct mapping *m, const struct map_object *o, struct filter *filter, struct opt_faults *faults)
{
    if (!filter_reached(filter))
        return;
    const struct map_field *f = status_field(o);
    f = f || !o->of ? f : status_field(parent_of(m, o));
    if (!f)
        opt_fault(faults, m->file, o->line, "%s: reached needs the order of statuses: a field for context.status with a table or an order", o->name);
    else if (!filter_order(filter, f->order, f->n_order))
        opt_fault(faults, m->file, o->line, "%s: \"%s\" is not in the order of field %s (line %d)", o->name, filter_reached(filter), f->name,
                  f->line);
}

void child_laws(const struct mapping *m, struct opt_faults *faults)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct map_object *o = &m->objects[i];
        law_parent(m, o, faults);
        law_reached(m, o, o->filter, faults);
        law_reached(m, o, o->when, faults);
        for (size_t k = 0; k < i; k++)
            if ((o->of || m->objects[k].of) && str_eq(o->type[SIDE_S], m->objects[k].type[SIDE_S]))
                law_masters(m, &m->objects[k], o, faults);
    }
}
