/* A mapping against the live schemas of both sides: what is missing, read-only, of another type, or not an option there. */
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "mappings/parts.h"
#include <string.h>

struct binding {
    struct mapping *m;
    struct map_object *o;
    const struct schema *schema[2];
    struct opt_faults *faults;
};

static const char *const side_names[2] = {"Inbox", "the CRM"};

static void missing(struct binding *b, const struct map_field *f, int side)
{
    const struct schema *s = b->schema[side];
    AUTO_FREE const char **names = mem_grow(NULL, s->n + 1, sizeof *names);
    for (size_t i = 0; i < s->n; i++)
        names[i] = s->fields[i].name;
    const char *nearest = str_nearest(f->path[side], names, s->n);
    bool ours = side == SIDE_T && str_starts(f->path[side], "inbox_");
    opt_fault(b->faults, b->m->file, f->line, "field %s: %s has no \"%s\" on %s%s%s%s%s", f->name, side_names[side], f->path[side], s->object,
              nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "",
              ours ? "; inbox-bridge setup --apply creates it" : "");
}

static bool writes_to(const struct map_field *f, int side)
{
    return f->flow == FLOW_BOTH || f->flow == (side == SIDE_T ? FLOW_TO_CRM : FLOW_TO_INBOX);
}

static void is_option(struct binding *b, const struct map_field *f, int side, const json_t *said, const char *const *names, int line)
{
    const struct schema_field *s = f->schema[side];
    const char *entry = json_string_value(said);
    const struct schema_option *o = s->by_label ? schema_option_by_label(s, entry) : schema_option_by_id(s, entry);
    const char *nearest = str_nearest(entry, names, s->n_options);
    if (!o || !stage_option(b->o, s, o))
        opt_fault(b->faults, b->m->file, line, "table %s: \"%s\" is %s %s in %s%s%s%s", f->table->name, entry,
                  f->people ? "nobody of" : "no option of", f->path[side], side_names[side], nearest ? "; did you mean \"" : "",
                  nearest ? nearest : "", nearest ? "\"?" : "");
}

/* Options of a choice field against the table: every one mapped, ignored or else'd, and no entry that is no option. */
static void options(struct binding *b, const struct map_field *f, int side)
{
    const struct schema_field *s = f->schema[side];
    if (!f->table || s->open || !s->n_options)
        return;
    AUTO_FREE const char **names = mem_grow(NULL, s->n_options + 1, sizeof *names);
    for (size_t i = 0; i < s->n_options; i++) {
        names[i] = s->by_label ? s->options[i].label : s->options[i].id;
        if (!stage_option(b->o, s, &s->options[i]))
            continue;
        bool named = table_has(f->table, side, names[i]) || table_ignores(f->table, side, names[i]) || f->table->otherwise[1 - side] ||
                     table_blank(f->table, side, names[i]);
        bool flows = writes_to(f, 1 - side) && !f->people;
        if (!named && flows && !f->is_set)
            opt_fault(b->faults, b->m->file, f->table->line, "table %s: %s's \"%s\" of %s is neither mapped, ignored nor else'd", f->table->name,
                      side_names[side], names[i], f->path[side]);
    }
    for (size_t i = 0; i < f->table->n; i++)
        is_option(b, f, side, f->table->pairs[i].v[side], names, f->table->pairs[i].line);
    if (f->table->blank[side])
        is_option(b, f, side, f->table->blank[side], names, f->table->line);
}

static void shape(struct binding *b, struct map_field *f)
{
    bool set[2] = {f->schema[0]->type == SCHEMA_SET, f->schema[1]->type == SCHEMA_SET};
    int change = 0;
    for (size_t i = 0; i < f->n_steps; i++)
        change += step_makes_set(f->steps[i]);
    f->is_set = set[SIDE_S] || (set[SIDE_T] && change > 0);
    if (set[SIDE_S] + change != (int)set[SIDE_T])
        opt_fault(b->faults, b->m->file, f->line, "field %s: %s is a set in %s only; say transform = \"%s\"", f->name,
                  f->path[set[SIDE_S] ? SIDE_S : SIDE_T], side_names[set[SIDE_S] ? SIDE_S : SIDE_T], set[SIDE_S] ? "join:;" : "split:;");
    if (f->conflict == POLICY_UNION && !set[SIDE_S])
        opt_fault(b->faults, b->m->file, f->line, "field %s: union is for sets, and %s is none", f->name, f->path[SIDE_S]);
    if (f->conflict == POLICY_APPEND && f->schema[SIDE_S]->type != SCHEMA_TEXT)
        opt_fault(b->faults, b->m->file, f->line, "field %s: append is for text, and %s is none", f->name, f->path[SIDE_S]);
}

/* A text that the CRM would cut comes back shorter; a step that cuts it on the way is honest, silence is not. */
static void length(struct binding *b, const struct map_field *f)
{
    size_t room = f->schema[SIDE_T]->max_len, need = f->schema[SIDE_S]->max_len;
    bool cut = false;
    for (size_t i = 0; i < f->n_steps; i++)
        cut |= str_eq(step_name(f->steps[i]), "truncate");
    if (f->flow == FLOW_BOTH && room && need > room && !cut && !f->table)
        opt_fault(b->faults, b->m->file, f->line, "field %s: %s holds %zu characters, %s only %zu, and the field flows back; say transform = "
                  "\"truncate:%zu\" or flow = \"to_crm\"", f->name, f->path[SIDE_S], need, f->path[SIDE_T], room, room);
}

static const char *label_of_id(const void *self, const char *word)
{
    const struct schema_option *option = schema_option_by_id(self, word);
    return option && !str_eq(option->label, word) ? option->label : NULL;
}

static const char *label_in_any_case(const void *self, const char *word)
{
    const struct schema_option *option = schema_option_by_label(self, word);
    return option && !str_eq(option->label, word) ? option->label : NULL;
}

/* A table of people lists exceptions, by e-mail in any case or by id. */
static void people(struct binding *b, struct map_field *f)
{
    bool any = false;
    f->people = f->schema[SIDE_S]->people && f->schema[SIDE_T]->people;
    for (int side = 0; side < 2 && f->people && f->table; side++) {
        any |= table_resolve(f->table, side, label_of_id, f->schema[side]);
        any |= table_resolve(f->table, side, label_in_any_case, f->schema[side]);
    }
    if (any)
        table_laws(f->table, b->m->file, b->faults);
    for (int side = 0; side < 2; side++)
        if (f->schema[side]->required && writes_to(f, side) && f->blank_to[side] && !(f->table && f->table->blank[side]))
            opt_fault(b->faults, b->m->file, f->line, "field %s: %s is never blank in %s: say on_blank = \"keep\", or in its table %s = who "
                      "stands for nobody", f->name, f->path[side], side_names[side], side == SIDE_T ? "blank_crm" : "blank_inbox");
}

static void bind_field(struct binding *b, struct map_field *f)
{
    bool found = true;
    for (int side = 0; side < 2; side++) {
        f->schema[side] = schema_find(b->schema[side], f->path[side]);
        f->label[side] = f->schema[side] && f->schema[side]->by_label;
        if (!f->schema[side]) {
            missing(b, f, side);
            found = false;
        } else if (f->schema[side]->read_only && writes_to(f, side)) {
            opt_fault(b->faults, b->m->file, f->line, "field %s: %s is read-only in %s, but the field flows there; say flow = \"%s\"", f->name,
                      f->path[side], side_names[side], side == SIDE_T ? "to_inbox" : "to_crm");
        }
    }
    if (!found)
        return;
    people(b, f);
    shape(b, f);
    length(b, f);
    options(b, f, SIDE_S);
    options(b, f, SIDE_T);
}

static void bind_key(struct binding *b)
{
    const struct schema_field *key = schema_find(b->schema[SIDE_T], b->o->key);
    if (!key)
        opt_fault(b->faults, b->m->file, b->o->line, "%s: the CRM has no \"%s\" on %s; inbox-bridge setup --apply creates it", b->o->name,
                  b->o->key, b->schema[SIDE_T]->object);
    else if (!key->unique && !b->o->digest) /* what is logged is written once and never renamed: a search finds it, in time */
        opt_fault(b->faults, b->m->file, b->o->line, "%s: \"%s\" is not unique in the CRM, so it cannot be the bridge key", b->o->name, b->o->key);
}

bool mapping_bind(struct mapping *m, struct map_object *o, const struct schema *s, const struct schema *t, struct opt_faults *faults)
{
    size_t before = faults->all;
    struct binding b = {.m = m, .o = o, .schema = {s, t}, .faults = faults};
    bind_key(&b);
    stage_bind(m, o, b.schema, faults);
    for (size_t i = 0; i < o->n_fields; i++)
        bind_field(&b, &o->fields[i]);
    return faults->all == before;
}

/* ---- what the CRM must have ---- */

/* Transforms whose outcome is a text whatever went in. */
static bool makes_text(const struct step *step)
{
    static const char *const names[] = {"prefix", "url", "boolean", "lower", "upper", "first_word", "rest", "truncate"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (str_eq(step_name(step), names[i]))
            return true;
    return step_makes_set(step) < 0;
}

static enum schema_type wanted_type(const struct map_field *f, const struct schema_field *s)
{
    enum schema_type type = s ? s->type : SCHEMA_TEXT;
    for (size_t i = 0; i < f->n_steps; i++) {
        const char *name = step_name(f->steps[i]);
        if (makes_text(f->steps[i]))
            type = SCHEMA_TEXT;
        else if (step_makes_set(f->steps[i]) > 0)
            type = SCHEMA_SET;
        else if (str_eq(name, "number") || str_eq(name, "integer"))
            type = SCHEMA_NUMBER;
        else if (str_eq(name, "date"))
            type = SCHEMA_DATE;
        else if (str_eq(name, "datetime"))
            type = SCHEMA_DATETIME;
    }
    return f->table && type != SCHEMA_SET ? SCHEMA_CHOICE : type;
}

static void wanted_options(struct schema_field *w, const struct map_field *f, const struct schema_field *s)
{
    for (size_t i = 0; f->table && i < f->table->n; i++) {
        const char *id = json_string_value(f->table->pairs[i].v[SIDE_T]);
        if (!schema_option_by_id(w, id))
            schema_add_option(w, id, json_string_value(f->table->pairs[i].v[SIDE_S]));
    }
    for (size_t i = 0; !f->table && s && i < s->n_options; i++)
        schema_add_option(w, s->by_label ? s->options[i].label : s->options[i].id, s->options[i].label);
}

static void wanted_field(struct schema *wanted, const struct map_field *f, const struct schema *source)
{
    const struct schema_field *s = schema_find(source, f->path[SIDE_S]);
    if (!str_starts(f->path[SIDE_T], "inbox_") || schema_find(wanted, f->path[SIDE_T]))
        return;
    AUTO_FREE char *label = mem_printf("Inbox %s", f->name);
    enum schema_type type = wanted_type(f, s);
    struct schema_field *w = schema_add(wanted, f->path[SIDE_T], label, type);
    w->max_len = s ? s->max_len : 0;
    if (type == SCHEMA_CHOICE || type == SCHEMA_SET)
        wanted_options(w, f, s);
}

void mapping_wanted(const struct map_object *o, const struct schema *source, struct schema *wanted)
{
    if (!wanted->object)
        wanted->object = mem_dup(o->type[SIDE_T]);
    AUTO_FREE char *label = mem_printf("Inbox %s key", o->name);
    schema_add(wanted, o->key, label, SCHEMA_TEXT)->unique = true;
    for (size_t i = 0; i < o->n_fields; i++)
        wanted_field(wanted, &o->fields[i], source);
}

void mapping_open(const struct map_object *o, const struct schema *source, struct schema *target)
{
    if (!schema_find(target, o->key))
        schema_add(target, o->key, "Inbox prospect key", SCHEMA_TEXT)->unique = true;
    for (size_t i = 0; i < o->n_fields; i++) {
        const struct map_field *f = &o->fields[i];
        enum schema_type type = wanted_type(f, schema_find(source, f->path[SIDE_S]));
        if (!schema_find(target, f->path[SIDE_T]))
            schema_add(target, f->path[SIDE_T], f->name, type == SCHEMA_CHOICE ? SCHEMA_TEXT : type)->open = true;
    }
}

/* What a record of a parent is judged by beside its fields. */
static size_t child_needed(const struct map_object *o, int side, const char **names, size_t n)
{
    const char *const *extra = side == SIDE_S ? filter_needs(o->when) : NULL;
    if (side == SIDE_T && o->stage)
        names[n++] = o->stage->name;
    if (side == SIDE_T && o->currency)
        names[n++] = o->currency;
    for (; extra && *extra; extra++) /* some cost Inbox calls of their own: only those it asks for */
        if (filter_asks(o->when, *extra))
            names[n++] = *extra;
    return n;
}

const char **mapping_needed(const struct map_object *o, int side)
{
    const char *const *extra = side == SIDE_S ? filter_needs(o->filter) : NULL;
    const struct opt_list *set = filter_set(o->when), *in = filter_set(o->filter);
    size_t n = 0, most = o->n_fields + 32 + (set ? set->n : 0) + (in ? in->n : 0);
    const char **names = mem_grow(NULL, most + 1, sizeof *names);
    if (side == SIDE_T)
        names[n++] = o->key;
    if (side == SIDE_S && o->tags_asked)
        names[n++] = "context.tags";
    for (size_t i = 0; i < o->n_fields; i++)
        names[n++] = o->fields[i].path[side];
    for (; extra && *extra && n < most; extra++) /* some are told by each thread in part, and cost reads by id */
        if (filter_asks(o->filter, *extra))
            names[n++] = *extra;
    for (size_t i = 0; side == SIDE_S && set && i < set->n; i++)
        names[n++] = set->items[i];
    for (size_t i = 0; side == SIDE_S && in && i < in->n; i++)
        names[n++] = in->items[i];
    if (o->of)
        n = child_needed(o, side, names, n);
    names[n] = NULL;
    return names;
}
