/* What the live schema of the CRM says about records that come to an end: the pipeline new ones belong to, the field whose
 * options close them, and the currency of their amounts. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "mappings/parts.h"
#include "mappings/value.h"

struct staging {
    struct mapping *m;
    struct map_object *o;
    const struct schema *const *schema;
    const struct schema_field *f; /* the field whose labels are looked up */
    struct opt_faults *faults;
};

bool stage_option(const struct map_object *o, const struct schema_field *f, const struct schema_option *option)
{
    return !f->within || !o->pipeline || !option->group || str_eq(option->group, o->pipeline);
}

static const struct schema_field *stage_field(const struct schema *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->fields[i].within)
            return &t->fields[i];
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < t->fields[i].n_options; k++)
            if (t->fields[i].options[k].closed)
                return &t->fields[i];
    return NULL;
}

/* The pipeline by id or label; from here on by id. */
static void bind_pipeline(struct staging *s)
{
    struct map_object *o = s->o;
    const struct schema_field *f = o->stage && o->stage->within ? schema_find(s->schema[SIDE_T], o->stage->within) : NULL;
    if (!o->pipeline)
        return;
    if (!f) {
        opt_fault(s->faults, s->m->file, o->line, "%s: the CRM's %s know no pipelines", o->name, s->schema[SIDE_T]->object);
        return;
    }
    const struct schema_option *by_id = schema_option_by_id(f, o->pipeline), *found = by_id ? by_id : schema_option_by_label(f, o->pipeline);
    AUTO_FREE const char **names = mem_grow(NULL, f->n_options + 1, sizeof *names);
    for (size_t i = 0; i < f->n_options; i++)
        names[i] = f->options[i].id;
    const char *nearest = found ? NULL : str_nearest(o->pipeline, names, f->n_options);
    if (!found) {
        opt_fault(s->faults, s->m->file, o->line, "%s: the CRM has no pipeline \"%s\"%s%s%s", o->name, o->pipeline,
                  nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
        return;
    }
    char *id = mem_dup(found->id);
    free(o->pipeline);
    o->pipeline = id;
}

/* People know stages by their labels, the service by ids. One label in two pipelines names nothing. */
static const char *id_of_label(const void *self, const char *text)
{
    const struct staging *s = self;
    const char *id = NULL;
    for (size_t i = 0; i < s->f->n_options; i++) {
        const struct schema_option *option = &s->f->options[i];
        if (!stage_option(s->o, s->f, option))
            continue;
        if (str_eq(option->id, text) || (id && str_eq(option->label, text)))
            return NULL;
        id = str_eq(option->label, text) ? option->id : id;
    }
    return id;
}

static void bind_labels(struct staging *s)
{
    for (size_t i = 0; i < s->o->n_fields; i++) {
        struct map_field *f = &s->o->fields[i];
        s->f = schema_find(s->schema[SIDE_T], f->path[SIDE_T]);
        if (f->table && s->f && s->f == s->o->stage && table_resolve(f->table, SIDE_T, id_of_label, s))
            table_laws(f->table, s->m->file, s->faults);
    }
}

static void bind_currency(struct staging *s)
{
    const struct schema *t = s->schema[SIDE_T];
    if (!s->o->currency)
        return;
    AUTO_FREE const char **names = mem_grow(NULL, t->n + 1, sizeof *names);
    for (size_t i = 0; i < t->n; i++)
        names[i] = t->fields[i].name;
    const char *nearest = str_nearest(s->o->currency, names, t->n);
    if (!schema_find(t, s->o->currency) && !t->open)
        opt_fault(s->faults, s->m->file, s->o->line, "%s: the CRM has no \"%s\" on %s (where there is one currency only, leave it out)%s%s%s",
                  s->o->name, s->o->currency, t->object, nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
}

static bool number(const struct schema *schema, const char *path)
{
    const struct schema_field *f = schema_find(schema, path);
    return f && f->type == SCHEMA_NUMBER;
}

/* Which fields are amounts, and which changes are about the deal rather than the person. */
static void bind_roles(struct staging *s)
{
    bool moves = !s->o->stage;
    for (size_t i = 0; i < s->o->n_fields; i++) {
        struct map_field *f = &s->o->fields[i];
        bool out = f->flow == FLOW_BOTH || f->flow == FLOW_TO_CRM, stage = s->o->stage && str_eq(f->path[SIDE_T], s->o->stage->name);
        f->money = s->o->currency && number(s->schema[SIDE_S], f->path[SIDE_S]) && number(s->schema[SIDE_T], f->path[SIDE_T]);
        f->stirs = out && (stage || filter_asks(s->o->when, f->path[SIDE_S]));
        moves |= out && stage;
    }
    if (s->o->reopen == REOPEN_REUSE && !moves)
        opt_fault(s->faults, s->m->file, s->o->line, "%s: reopen = \"reuse\" needs a field that writes %s, for nothing else opens a closed one",
                  s->o->name, s->o->stage->name);
}

static void bind_when(struct staging *s)
{
    const struct opt_list *set = filter_set(s->o->when);
    const struct schema *from = s->schema[SIDE_S];
    AUTO_FREE const char **names = mem_grow(NULL, from->n + 1, sizeof *names);
    for (size_t i = 0; i < from->n; i++)
        names[i] = from->fields[i].name;
    for (size_t i = 0; set && i < set->n; i++) {
        const char *nearest = schema_find(from, set->items[i]) ? NULL : str_nearest(set->items[i], names, from->n);
        if (!schema_find(from, set->items[i]))
            opt_fault(s->faults, s->m->file, s->o->line, "%s: create_when: Inbox has no \"%s\" on %s%s%s%s", s->o->name, set->items[i],
                      from->object, nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
    }
}

void stage_bind(struct mapping *m, struct map_object *o, const struct schema *const schema[2], struct opt_faults *faults)
{
    struct staging s = {.m = m, .o = o, .schema = schema, .faults = faults};
    if (!o->of)
        return;
    o->stage = stage_field(schema[SIDE_T]);
    bind_pipeline(&s);
    bind_labels(&s);
    bind_currency(&s);
    bind_roles(&s);
    bind_when(&s);
}

/* ---- in use ---- */

bool map_closed(const struct map_object *o, const json_t *stage)
{
    const struct schema_option *option = o->stage && json_is_string(stage) ? schema_option_by_id(o->stage, json_string_value(stage)) : NULL;
    return option && option->closed;
}

const char *map_first_stage(const struct map_object *o)
{
    for (size_t i = 0; o->stage && i < o->stage->n_options; i++)
        if (stage_option(o, o->stage, &o->stage->options[i]) && !o->stage->options[i].closed)
            return o->stage->options[i].id;
    return NULL;
}

void map_first(const struct map_object *o, const char *currency, json_t *set)
{
    if (o->pipeline && o->stage && o->stage->within && !json_object_get(set, o->stage->within))
        js_set(set, o->stage->within, json_string(o->pipeline));
    if (o->currency && currency && !json_object_get(set, o->currency))
        js_set(set, o->currency, json_string(currency));
    if (map_first_stage(o) && value_blank(json_object_get(set, o->stage->name)))
        js_set(set, o->stage->name, json_string(map_first_stage(o)));
}
