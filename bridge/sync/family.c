/* Objects of a parent: a prospect's deal. Both are fed by one subject. The parent comes first and, whenever it is settled, asks
 * whether its children have to look: whether one is due, whether Inbox holds what the newest one has not heard of, whether
 * the parent came or went. A child that learnt something about the subject makes its parent look. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"
#include "mappings/value.h"
#include <stdlib.h>
#include <string.h>

#define WAIT_MS (60 * 60 * 1000)

void kin_done(struct kin *k)
{
    free(k->key);
    link_done(&k->link);
    *k = (struct kin){0};
}

/* ---- keys ---- */

static char *key_of(const struct map_object *o, const char *subject, long n)
{
    return mem_printf("%s#%s-%ld", subject, o->name, n);
}

static char *subject_of(const char *key)
{
    const char *hash = strrchr(key, '#');
    return hash ? mem_dup_n(key, (size_t)(hash - key)) : mem_dup(key);
}

static long number_of(const char *key)
{
    const char *dash = strrchr(key, '-');
    return dash ? strtol(dash + 1, NULL, 10) : 1;
}

bool family_newest(struct route *r, const struct map_object *o, const char *subject, struct kin *out, struct err *err)
{
    bool found = false;
    if (!map_shares(o)) {
        out->key = mem_dup(subject);
        return store_link_get(r->store, r->name, o->name, subject, &out->link, &out->found, err);
    }
    for (long n = 1; n == 1 || found; n++) {
        AUTO_FREE char *key = key_of(o, subject, n);
        struct link link = {0};
        if (!store_link_get(r->store, r->name, o->name, key, &link, &found, err))
            return false;
        if (!found && n > 1)
            break;
        kin_done(out);
        *out = (struct kin){.key = mem_dup(key), .link = link, .found = found};
    }
    return true;
}

/* ---- gathering ---- */

bool family_gather(struct batch *b, struct item *it, char **key, struct err *err)
{
    const struct map_object *o = it->b->o;
    struct route *r = b->r;
    bool parent = false;
    it->who = map_shares(o) ? subject_of(it->job->key) : mem_dup(it->job->key);
    if (!map_shares(o)) {
        *key = mem_dup(it->job->key);
        return !o->digest || unfold_gather(b, it, err);
    }
    struct kin kin __attribute__((cleanup(kin_done))) = {0};
    if (!family_newest(r, o, it->who, &kin, err) || !store_link_get(r->store, r->name, o->of, it->who, &it->parent, &parent, err))
        return false;
    bool whole = strchr(it->job->key, '#') != NULL;
    *key = mem_dup(whole ? it->job->key : kin.key);
    it->followed = kin.found && number_of(*key) < number_of(kin.key);
    /* another one is only made when the one before is over */
    if (number_of(*key) > number_of(kin.key) && !closed_reason(&kin.link))
        item_off(it, NEXT_FINISH, "the one before is still open");
    return true;
}

void family_parent(struct item *it)
{
    if (!it->parent.id || it->link.parent == it->parent.id)
        return;
    it->link.parent = it->parent.id;
    tie_doubt(&it->link);
    it->link_dirty |= it->link.id != 0;
}

static bool goes_first(const struct batch *b, size_t k, size_t i)
{
    const struct item *it = &b->items[i], *other = &b->items[k];
    bool parent = other->b && !other->b->o->of;
    return k != i && !other->off && (parent || k < i) && str_eq(it->who, other->who);
}

/* Each item has a copy of its subject; two of one subject in a batch would overwrite what the other learnt. */
void family_turns(struct batch *b)
{
    bool any = false;
    for (size_t k = 0; k < b->r->n; k++)
        any |= map_shares(b->r->objects[k].o);
    for (size_t i = 0; any && !b->dry && i < b->n; i++)
        for (size_t k = 0; k < b->n && !b->items[i].off && b->items[i].b->o->of; k++)
            if (goes_first(b, k, i)) {
                b->items[i].due = b->r->env->now(b->r->env);
                item_off(&b->items[i], NEXT_LATER, b->items[i].job->why);
            }
}

/* ---- admitting ---- */

static bool there(const struct link *parent)
{
    return parent->id && parent->t_id && parent->state == LINK_LINKED;
}

static void set_reason(struct link *link, char *stolen)
{
    free(link->reason);
    link->reason = stolen;
}

static bool by_parent(const struct link *link)
{
    return link->state == LINK_PAUSED && str_starts(link->reason ? link->reason : "", "parent");
}

/* A record whose parent is away rests; when the parent is back, so is the record. */
static void follow_parent(struct item *it)
{
    if (there(&it->parent) && by_parent(&it->link)) {
        it->link.state = LINK_LINKED;
        tie_doubt(&it->link);
        it->link_dirty = true;
    } else if (!there(&it->parent)) {
        if (it->link.state == LINK_LINKED) {
            it->link.state = LINK_PAUSED;
            set_reason(&it->link, mem_printf("parent: %s", it->parent.id ? link_state_name(it->parent.state) : "not linked"));
            it->link_dirty = true;
            it->event = "paused";
        }
        item_off(it, NEXT_FINISH, "its parent is not linked");
    }
}

/* In a plan the parent may be one that would be made. */
static bool parent_planned(const struct batch *b, const struct item *it)
{
    const struct bound *p = route_object(b->r, it->b->o->of);
    return b->dry && p && (it->parent.id ? it->parent.state == LINK_CREATING : p->o->mode == MODE_CREATE) &&
           !map_filter(p->o, it->subject.fields, b->r->vocab[SIDE_S]);
}

/* Some parents have no children yet: a lead has no deals, the contact it becomes has. The CRM says so. */
static bool takes(const struct bound *child, const char *parent_type)
{
    const char *const *may = child->schema[SIDE_T].parents;
    bool takes = !may;
    for (; may && *may; may++)
        takes |= str_eq(*may, parent_type);
    return takes;
}

/* The type the parent has, or will have. */
static const char *parent_type(const struct batch *b, const struct item *it)
{
    const struct bound *p = route_object(b->r, it->b->o->of);
    return it->parent.t_type ? it->parent.t_type : p ? p->o->type[SIDE_T] : NULL;
}

static bool being_made(const struct item *it)
{
    for (size_t i = 0; i < it->n_ops; i++)
        if (it->ops[i].state == OP_OPEN)
            return true;
    return false;
}

void family_admit(struct batch *b, struct item *it)
{
    const struct map_object *o = it->b->o;
    if (!map_shares(o))
        return;
    if (it->followed) {
        item_off(it, NEXT_FINISH, "another one has taken its place");
        return;
    }
    if (it->link.t_id || being_made(it)) {
        follow_parent(it);
        return;
    }
    const char *lacks = map_lacks(o, it->subject.fields, b->r->vocab[SIDE_S]);
    bool early = !takes(it->b, parent_type(b, it));
    if (!lacks && !early && (there(&it->parent) || parent_planned(b, it)))
        return;
    it->due = b->r->env->now(b->r->env) + WAIT_MS;
    b->r->tally.excluded++;
    item_off(it, number_of(it->link.key) > 1 && !lacks ? NEXT_LATER : NEXT_FINISH,
             lacks ? lacks : early ? "its parent is of a kind that has none yet" : "its parent is not linked yet");
}

/* ---- settling ---- */

/* Does Inbox hold what this record has not heard of? */
static bool unheard(const struct batch *b, const struct item *it, const struct map_object *o, const struct link *link)
{
    for (size_t i = 0; i < o->n_fields; i++) {
        const struct map_field *f = &o->fields[i];
        bool unknown = false;
        if (f->flow != FLOW_BOTH && f->flow != FLOW_TO_CRM)
            continue;
        AUTO_JSON json_t *now = map_read(f, SIDE_S, it->subject.fields, b->r->vocab[SIDE_S], &unknown);
        const json_t *base = plan_base(link->cells, f->name, SIDE_S);
        if (now && (!base || !value_same(now, base)))
            return true;
    }
    return false;
}

static bool must_look(const struct batch *b, const struct item *it, const struct map_object *o, const struct kin *kin)
{
    bool parent = there(&it->link) && takes(route_object(b->r, o->name), it->link.t_type);
    if (!kin->found)
        return parent && !map_lacks(o, it->subject.fields, b->r->vocab[SIDE_S]) && !map_filter(o, it->subject.fields, b->r->vocab[SIDE_S]);
    bool loose = tie_in_doubt(&kin->link);
    if (kin->link.state == LINK_LINKED)
        return !parent || loose || unheard(b, it, o, &kin->link);
    return parent && (by_parent(&kin->link) || kin->link.state == LINK_CREATING);
}

static bool settle_child(struct batch *b, struct item *it, const struct map_object *o, struct err *err)
{
    struct kin kin __attribute__((cleanup(kin_done))) = {0};
    struct route *r = b->r;
    if (!family_newest(r, o, it->who, &kin, err))
        return false;
    if (kin.found && str_eq(it->event, "remapped")) { /* its parent is another record now */
        tie_doubt(&kin.link);
        if (!store_link_put(r->store, &kin.link, err))
            return false;
    }
    return !must_look(b, it, o, &kin) ||
           store_job_mark(r->store, r->name, o->name, kin.key, it->job->lane, r->env->now(r->env), "parent", err);
}

static bool settle_as_child(struct batch *b, struct item *it, struct err *err)
{
    struct route *r = b->r;
    int64_t now = r->env->now(r->env);
    const struct map_object *o = it->b->o;
    AUTO_FREE char *next = key_of(o, it->who, number_of(it->link.key) + 1);
    if (it->again && !store_job_mark(r->store, r->name, o->name, next, it->job->lane, now, "reopened", err))
        return false;
    return !it->moved || store_job_mark(r->store, r->name, o->of, it->who, it->job->lane, now, "event", err);
}

bool family_settle(struct batch *b, struct item *it, struct err *err)
{
    struct route *r = b->r;
    if (!it->b || it->b->o->digest)
        return true;
    if (it->b->o->of)
        return settle_as_child(b, it, err);
    for (size_t k = 0; it->link.id && it->known && it->subject.fields && k < r->n; k++)
        if (map_shares(r->objects[k].o) && str_eq(r->objects[k].o->of, it->b->o->name) && !settle_child(b, it, r->objects[k].o, err))
            return false;
    return true;
}

/* ---- planning ---- */

static bool due_of(struct batch *b, const struct item *it, const struct map_object *o, struct job **jobs, size_t *n, struct err *err)
{
    struct kin kin __attribute__((cleanup(kin_done))) = {0};
    struct route *r = b->r;
    if (!family_newest(r, o, it->who, &kin, err))
        return false;
    if (kin.found || map_lacks(o, it->subject.fields, r->vocab[SIDE_S]))
        return true;
    *jobs = mem_grow(*jobs, *n + 1, sizeof **jobs);
    (*jobs)[(*n)++] = (struct job){.object = mem_dup(o->name), .key = mem_dup(kin.key), .lane = it->job->lane, .why = mem_dup("parent")};
    return true;
}

bool family_due(struct batch *b, struct job **jobs, size_t *n, struct err *err)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct item *it = &b->items[i];
        for (size_t k = 0; it->planned && !it->off && !it->b->o->of && k < b->r->n; k++)
            if (map_shares(b->r->objects[k].o) && str_eq(b->r->objects[k].o->of, it->b->o->name) && !due_of(b, it, b->r->objects[k].o, jobs, n, err))
                return false;
    }
    return true;
}
