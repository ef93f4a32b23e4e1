/* Objects in append mode: what is logged below a person's record. Their rules are those of any object, less what makes no
 * sense for something that only ever flows to the CRM, and those of a digest. */
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "mappings/digest.h"
#include "mappings/parts.h"

bool append_is(const struct opt_node *object)
{
    return str_eq(opt_text(opt_member(object, "mode")), "append");
}

const char **append_names(const char *const *a, const char *const *b)
{
    size_t n = 0;
    const char **out = mem_grow(NULL, 1, sizeof *out);
    for (int k = 0; k < 2; k++)
        for (const char *const *name = k ? b : a; *name; name++) {
            out = mem_grow(out, n + 2, sizeof *out);
            out[n++] = *name;
        }
    out[n] = NULL;
    return out;
}

static void law_append(const struct map_object *o, const char *file, struct opt_faults *faults)
{
    bool body = false;
    if (!o->of)
        opt_fault(faults, file, o->line, "%s: what is appended belongs to a record: say of = \"prospect\"", o->name);
    if (o->filter)
        opt_fault(faults, file, o->line, "%s: whose conversations are logged say its parent's filter and never_log", o->name);
    for (size_t i = 0; i < o->n_fields; i++) {
        const struct map_field *f = &o->fields[i];
        body |= str_eq(f->path[SIDE_S], "body");
        if (f->flow != FLOW_TO_CRM)
            opt_fault(faults, file, f->line, "field %s: what is appended only flows to the CRM: say flow = \"to_crm\"", f->name);
    }
    if (!body)
        opt_fault(faults, file, o->line, "%s: no field takes the body: { name = \"text\"; inbox = \"body\"; crm = …; flow = \"to_crm\"; }", o->name);
}

void append_parse(struct map_object *o, const struct opt_node *node, const char *const *others, const char *file, struct opt_faults *faults)
{
    static const char *const labels[] = {"labels", NULL};
    AUTO_FREE const char **not_rules = append_names(others, labels);
    o->digest = digest_parse(node, not_rules, faults);
    if (!opt_member(node, "inbox")) {
        free(o->type[SIDE_S]);
        o->type[SIDE_S] = mem_dup("message");
    }
    if (!opt_member(node, "max_creates"))
        o->max_creates = INT32_MAX; /* the records they hang below are counted already */
    law_append(o, file, faults);
}

void append_parents(struct mapping *m)
{
    for (size_t i = 0; i < m->n; i++)
        for (size_t k = 0; m->objects[i].digest && k < m->n; k++)
            if (str_eq(m->objects[k].name, m->objects[i].of))
                m->objects[k].tags_asked |= digest_asks_tags(m->objects[i].digest);
}
