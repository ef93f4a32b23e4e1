/* Who is who on both sides. Ids are the people; e-mail addresses only say who of one side is who of the other, and that once:
 * the address somebody is first seen with stays the name, so that a changed address is no edit of a thousand records. Two who
 * share an address are known by their ids, for nobody guesses which of them was meant; who left keeps the name to be read by,
 * and is not chosen any more. */
#include "bridge/sync/people.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include <string.h>

struct crowd { /* the people of one field */
    struct route *r;
    int side;
    struct schema_field *f;
    struct term *terms;
    size_t n_terms;
    const struct schema_field *other; /* the same people on the other side; NULL: the field is not mapped to any */
    struct term *other_terms;
    size_t n_other;
    char **names; /* by option; NULL = not decided yet */
};

static const struct term *term_of(const struct term *terms, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(terms[i].id, id))
            return &terms[i];
    return NULL;
}

/* Addresses in lower case; other names as they are. */
static char *folded(const char *label)
{
    char *out = mem_dup(label);
    for (char *c = strchr(label, '@') ? out : (char *)""; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 32);
    return out;
}

/* Who was here and is not told any more can still stand in records. */
static void add_gone(struct crowd *c)
{
    for (size_t i = 0; i < c->n_terms; i++)
        if (!schema_option_by_id(c->f, c->terms[i].id)) {
            schema_add_option(c->f, c->terms[i].id, c->terms[i].label);
            schema_gone_option(c->f);
        }
}

static bool other_knows(const struct crowd *c, const char *name)
{
    for (size_t i = 0; c->other && i < c->other->n_options; i++) {
        const struct schema_option *o = &c->other->options[i];
        const struct term *t = term_of(c->other_terms, c->n_other, o->id);
        if (!o->gone && (str_eq_nocase(o->label, name) || (t && str_eq_nocase(t->label, name))))
            return true;
    }
    return false;
}

/* The name everybody knows them by, unless only the new one means somebody to the file or to the other side. */
static bool keeps(const struct crowd *c, const struct term *known, const char *now)
{
    const char *field = c->f->name;
    if (str_eq(known->label, known->id))
        return str_eq(now, known->id);
    if (str_eq_nocase(known->label, now) || learn_file_says(c->r, c->side, field, known->label))
        return true;
    return !learn_file_says(c->r, c->side, field, now) && (!other_knows(c, now) || other_knows(c, known->label));
}

static bool shared(const struct crowd *c, size_t at, const char *name)
{
    for (size_t i = 0; i < c->f->n_options; i++) {
        const struct schema_option *o = &c->f->options[i];
        if (i != at && !o->gone && str_eq_nocase(c->names[i] ? c->names[i] : o->label, name))
            return true;
    }
    return false;
}

/* Those with a name first, so that a newcomer never takes one over. */
static void choose(struct crowd *c)
{
    size_t n = c->f->n_options;
    AUTO_FREE bool *open = mem_alloc((n + 1) * sizeof *open);
    for (size_t i = 0; i < n; i++) {
        const struct schema_option *o = &c->f->options[i];
        const struct term *known = term_of(c->terms, c->n_terms, o->id);
        open[i] = !o->gone && (!known || !keeps(c, known, o->label));
        c->names[i] = open[i] ? NULL : folded(known ? known->label : o->label);
    }
    for (size_t i = 0; i < n; i++)
        open[i] &= shared(c, i, c->f->options[i].label); /* still open: they need another name than the address */
    for (size_t i = 0; i < n; i++)
        if (!c->names[i]) {
            const struct schema_option *o = &c->f->options[i];
            const struct term *known = term_of(c->terms, c->n_terms, o->id);
            c->names[i] = open[i] ? mem_dup(known ? known->label : o->id) : folded(o->label);
        }
}

static bool pin(struct crowd *c, struct err *err)
{
    for (size_t i = 0; i < c->f->n_options; i++) {
        struct schema_option *o = &c->f->options[i];
        const struct term *known = term_of(c->terms, c->n_terms, o->id);
        struct term now = {.id = o->id, .label = c->names[i], .now = o->label, .gone = o->gone};
        bool same = known && str_eq(known->label, now.label) && str_eq(known->now, now.now) && known->gone == now.gone;
        if (!same && !store_term_put(c->r->store, c->r->ep[c->side]->name, c->f->name, &now, err))
            return false;
        vocabulary_add(c->r->vocab[c->side], c->f->name, o->id, c->names[i]);
        if (o->gone)
            vocabulary_leave(c->r->vocab[c->side]);
        char *label = mem_dup(c->names[i]);
        free(o->label);
        o->label = label;
    }
    return true;
}

static void crowd_done(struct crowd *c)
{
    terms_free(c->terms, c->n_terms);
    terms_free(c->other_terms, c->n_other);
    for (size_t i = 0; c->names && i < c->f->n_options; i++)
        free(c->names[i]);
    free(c->names);
}

static const struct schema_field *counterpart(const struct bound *b, int side, const char *field)
{
    for (size_t i = 0; i < b->o->n_fields; i++) {
        const struct map_field *f = &b->o->fields[i];
        const struct schema_field *other = str_eq(f->path[side], field) ? schema_find(&b->schema[1 - side], f->path[1 - side]) : NULL;
        if (other && other->people)
            return other;
    }
    return NULL;
}

static bool name_field(struct route *r, struct bound *b, int side, struct schema_field *f, struct err *err)
{
    struct crowd c __attribute__((cleanup(crowd_done))) = {.r = r, .side = side, .f = f, .other = counterpart(b, side, f->name)};
    if (!store_terms(r->store, r->ep[side]->name, f->name, &c.terms, &c.n_terms, err))
        return false;
    if (c.other && !store_terms(r->store, r->ep[1 - side]->name, c.other->name, &c.other_terms, &c.n_other, err))
        return false;
    add_gone(&c);
    c.names = mem_alloc((f->n_options + 1) * sizeof *c.names);
    choose(&c);
    return pin(&c, err);
}

bool people_name(struct route *r, struct bound *b, struct err *err)
{
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < b->schema[side].n; i++)
            if (b->schema[side].fields[i].people && !name_field(r, b, side, &b->schema[side].fields[i], err))
                return false;
    return true;
}
