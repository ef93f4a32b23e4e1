/* What a route must know before it works: whose accounts these are, what their fields look like, and which label stood
 * for which id when it was first seen. A renamed status keeps the label the mapping file knows it by. */
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "bridge/sync/aim.h"
#include "bridge/sync/people.h"
#include "mappings/digest.h"

void route_init(struct route *r)
{
    *r = (struct route){.batch = 200, .mass_least = 20, .mass_percent = 2};
}

static void forget(struct route *r)
{
    for (size_t i = 0; i < r->n; i++)
        for (int side = 0; side < 2; side++) {
            schema_done(&r->objects[i].schema[side]);
            free(r->objects[i].needed[side]);
        }
    free(r->objects);
    r->objects = NULL;
    r->n = 0;
    r->learnt = false;
    for (int side = 0; side < 2; side++) {
        vocabulary_free(r->vocab[side]);
        r->vocab[side] = NULL;
    }
}

void route_done(struct route *r)
{
    forget(r);
    for (int side = 0; side < 2; side++) {
        free(r->currency[side]);
        r->currency[side] = NULL;
    }
}

struct bound *route_object(struct route *r, const char *name)
{
    for (size_t i = 0; i < r->n; i++)
        if (str_eq(r->objects[i].o->name, name))
            return &r->objects[i];
    return NULL;
}

struct bound *route_object_of(struct route *r, int side, const char *native)
{
    for (size_t i = 0; i < r->n; i++)
        if (str_eq(r->objects[i].o->type[side], native))
            return &r->objects[i];
    return NULL;
}

/* ---- organisations ---- */

static bool pin_as(struct route *r, const char *name, const char *whose, const struct endpoint *ep, const struct organisation *org,
                   struct err *err)
{
    AUTO_FREE char *pinned = NULL;
    if (!store_meta_get(r->store, name, &pinned, err))
        return false;
    if (!pinned)
        return store_meta_set(r->store, name, org->id, err);
    if (str_eq(pinned, org->id))
        return true;
    return err_set(err, ERR_CONFIG,
                   "endpoint %s: the token belongs to organisation %s (%s), but %s is linked to organisation %s; "
                   "use the right token, or another store file",
                   ep->name, org->id, org->label ? org->label : "no name", whose, pinned);
}

/* Under the endpoint's name, and under the route's: an endpoint that goes by another name is no other account to its links. */
static bool pin(struct route *r, int side, struct err *err)
{
    struct endpoint *ep = r->ep[side];
    struct organisation org __attribute__((cleanup(organisation_done))) = {0};
    if (!ep->kind->probe(ep, &org, err))
        return err_wrap(err, "endpoint %s", ep->name);
    free(r->currency[side]);
    r->currency[side] = mem_dup(org.currency);
    AUTO_FREE char *here = mem_printf("organisation:%s", ep->name), *there = mem_printf("organisation of %s:%s", side == SIDE_S ? "inbox" : "crm", r->name);
    return pin_as(r, here, "this store", ep, &org, err) && pin_as(r, there, "this route of the store", ep, &org, err);
}

bool route_pin(struct route *r, struct err *err)
{
    return pin(r, SIDE_S, err) && pin(r, SIDE_T, err);
}

/* ---- labels ---- */

static struct term *term_find(struct term *terms, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(terms[i].id, id))
            return &terms[i];
    return NULL;
}

/* The operator renamed it in the mapping file too: then the file's word is the label from now on. */
bool learn_file_says(struct route *r, int side, const char *field, const char *label)
{
    for (size_t i = 0; i < r->mapping->n; i++)
        for (size_t j = 0; j < r->mapping->objects[i].n_fields; j++) {
            struct map_field *f = &r->mapping->objects[i].fields[j];
            if (f->table && str_eq(f->path[side], field) && map_managed(f, side, label, NULL))
                return true;
        }
    return false;
}

static bool pin_option(struct route *r, int side, struct schema_field *f, struct schema_option *o, struct term *known,
                       struct err *err)
{
    const char *label = known ? known->label : o->label;
    if (known && !str_eq(known->label, o->label) && learn_file_says(r, side, f->name, o->label) &&
        !learn_file_says(r, side, f->name, known->label))
        label = o->label;
    bool same = known && str_eq(known->label, label) && str_eq(known->now, o->label) && !known->gone;
    struct term term = {.id = o->id, .label = (char *)label, .now = o->label};
    if (!same && !store_term_put(r->store, r->ep[side]->name, f->name, &term, err))
        return false;
    vocabulary_add(r->vocab[side], f->name, o->id, label);
    if (!str_eq(o->label, label)) { /* the mapping is bound to the pinned labels */
        char *pinned = mem_dup(label);
        free(o->label);
        o->label = pinned;
    }
    return true;
}

static bool pin_field(struct route *r, int side, struct schema_field *f, struct err *err)
{
    struct term *terms = NULL;
    size_t n = 0;
    if (!store_terms(r->store, r->ep[side]->name, f->name, &terms, &n, err))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < f->n_options; i++)
        ok = pin_option(r, side, f, &f->options[i], term_find(terms, n, f->options[i].id), err);
    terms_free(terms, n);
    return ok;
}

/* Statuses and tags; stages and pipelines too, which mappings name by label though the service stores their ids. */
static bool named_by_label(const struct schema *schema, const struct schema_field *f)
{
    bool grouped = f->within != NULL;
    for (size_t i = 0; i < schema->n; i++)
        grouped |= str_eq(schema->fields[i].within, f->name);
    return (f->by_label && !f->people) || grouped;
}

static bool pin_labels(struct route *r, int side, struct schema *schema, struct err *err)
{
    STORE_TX(tx, r->store);
    if (!store_begin(r->store, err))
        return false;
    for (size_t i = 0; i < schema->n; i++)
        if (named_by_label(schema, &schema->fields[i]) && !pin_field(r, side, &schema->fields[i], err))
            return false;
    return store_commit(r->store, err);
}

static bool pin_people(struct route *r, struct bound *b, struct err *err)
{
    STORE_TX(tx, r->store);
    return store_begin(r->store, err) && people_name(r, b, err) && store_commit(r->store, err);
}

/* ---- schemas ---- */

static bool learn_object(struct route *r, struct bound *b, struct opt_faults *faults, struct err *err)
{
    for (int side = 0; side < 2; side++) {
        struct endpoint *ep = r->ep[side];
        if (!ep->kind->describe(ep, b->o->type[side], &b->schema[side], err))
            return err_wrap(err, "endpoint %s: describe %s", ep->name, b->o->type[side]);
        if (side == SIDE_S && b->o->digest)
            digest_describe(&b->schema[side]);
        if (!pin_labels(r, side, &b->schema[side], err))
            return false;
    }
    if (!pin_people(r, b, err))
        return false;
    if (b->schema[SIDE_T].open)
        mapping_open(b->o, &b->schema[SIDE_S], &b->schema[SIDE_T]);
    if (!mapping_bind(r->mapping, b->o, &b->schema[SIDE_S], &b->schema[SIDE_T], faults))
        return err_set(err, ERR_CONFIG, "the mapping %s does not fit the live schema", r->mapping->file);
    for (int side = 0; side < 2; side++)
        b->needed[side] = mapping_needed(b->o, side);
    return true;
}

static bool listed(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}

/* One subject feeds all objects made of it, so whoever reads it reads for all. */
static void share_needs(struct route *r, struct bound *b)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++) {
        const char **more = r->objects[i].needed[SIDE_S];
        if (!more || !str_eq(r->objects[i].o->type[SIDE_S], b->o->type[SIDE_S]) || &r->objects[i] == b)
            continue;
        for (n = 0; b->needed[SIDE_S][n];)
            n++;
        for (; *more; more++) {
            if (listed(b->needed[SIDE_S], n, *more))
                continue;
            b->needed[SIDE_S] = mem_grow(b->needed[SIDE_S], n + 2, sizeof *more);
            b->needed[SIDE_S][n++] = *more;
            b->needed[SIDE_S][n] = NULL;
        }
    }
}

bool route_learn(struct route *r, struct opt_faults *faults, struct err *err)
{
    forget(r);
    for (int side = 0; side < 2; side++)
        r->vocab[side] = vocabulary_new();
    r->objects = mem_grow(NULL, r->mapping->n, sizeof *r->objects);
    mapping_tag(r->mapping, r->ep[SIDE_T]->name);
    bool ok = true;
    for (size_t i = 0; i < r->mapping->n; i++) {
        r->objects[r->n] = (struct bound){.o = &r->mapping->objects[i]};
        r->n++;
        struct err one = {0};
        if (!learn_object(r, &r->objects[i], faults, &one)) {
            if (ok)
                *err = one;
            ok = false;
        }
    }
    for (size_t i = 0; ok && i < r->n; i++)
        share_needs(r, &r->objects[i]);
    ok = ok && aim_take(r, err);
    r->learnt = ok;
    r->learnt_at = r->env->now(r->env);
    r->relearn = false;
    return ok;
}
