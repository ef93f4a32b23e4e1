/* Where the CRM record went, and what must not happen by the hundred. Merges and conversions move the link; archived and
 * missing records detach it; creates beyond max_creates wait for a plan; detaches and clears come last in a pass, when
 * their number is known, and stop before the first one when there are too many. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"
#include "mappings/value.h"

#define REPLICAS_MS (60 * 1000) /* a record just written may be unknown elsewhere for so long */
#define STALE_AGAIN_MS (5 * 1000)

static void set_text(char **slot, const char *text)
{
    char *copy = mem_dup(text);
    free(*slot);
    *slot = copy;
}

/* The younger may be of this very batch, and decided already to be the only one. */
static void demote_item(struct batch *b, int64_t link)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->items[i].link.id == link)
            b->items[i].link.secondary = true;
}

/* Two links on one record after a merge: the older one keeps the fields. */
static bool demote(struct batch *b, struct item *it, struct err *err)
{
    struct link other = {0};
    bool taken = false;
    if (!store_link_by_target(b->r->store, b->r->name, it->link.t_type, it->link.t_id, &other, &taken, err))
        return false;
    if (taken && other.id != it->link.id && !other.secondary) {
        if (other.id < it->link.id) {
            it->link.secondary = true;
        } else {
            other.secondary = true;
            taken = store_link_put(b->r->store, &other, err);
            demote_item(b, other.id);
        }
    }
    link_done(&other);
    return taken || err->kind == ERR_NONE;
}

#define MOVED "moved" /* reason of a link whose new record nobody has read yet */

/* The shadows tell of another record. What this one is blank in nobody has cleared: that is forgotten, and filled as at a
 * first contact. */
static void forget_blanks(const struct batch *b, struct item *it)
{
    for (size_t i = 0; i < it->b->o->n_fields; i++) {
        const struct map_field *f = &it->b->o->fields[i];
        bool unknown = false;
        AUTO_JSON json_t *now = map_read(f, SIDE_T, it->t.fields, b->r->vocab[SIDE_T], &unknown);
        if (now && value_blank(now))
            json_object_del(it->link.cells, f->name);
    }
    set_text(&it->link.reason, NULL);
    it->link_dirty = true;
}

static void remap(struct batch *b, struct item *it)
{
    struct err err = {0};
    set_text(&it->link.reason, MOVED);
    if (it->t.fields)
        forget_blanks(b, it);
    if (it->t.state == RECORD_CONVERTED && it->t.moved_type)
        set_text(&it->link.t_type, it->t.moved_type);
    set_text(&it->link.t_id, it->t.moved_to);
    it->link.touched = 0; /* another record, another past */
    /* On disk at once: the next one of this batch that was merged into the same record must see who owns it. */
    if (!b->dry && (!demote(b, it, &err) || !store_link_put(b->r->store, &it->link, &err))) {
        item_fail(b, it, &err);
        return;
    }
    it->link_dirty = true;
    it->event = "remapped";
    b->r->tally.remapped++;
    it->t.state = RECORD_LIVE;
    if (!it->t.fields)
        item_off(it, NEXT_AGAIN, "remapped");
}

static void detach_now(struct batch *b, struct item *it)
{
    it->link.state = it->buries ? LINK_TOMBSTONE : LINK_DETACHED;
    set_text(&it->link.reason, it->buries ? WHY_SOURCE_GONE : it->t.state == RECORD_ARCHIVED ? "archived in the CRM" : "deleted in the CRM");
    it->link_dirty = true;
    it->event = it->buries ? "source gone" : "detached";
    it->detaches = false;
    b->r->tally.detached++;
    item_off(it, NEXT_FINISH, it->link.reason);
}

/* Nothing more happens to it, but the link stays as it is until the guard has let it through. */
static void detach(struct batch *b, struct item *it)
{
    it->detaches = it->final && !b->dry;
    if (b->dry)
        detach_now(b, it);
    else
        item_off(it, NEXT_AGAIN, "risky");
}

void place_gone(struct batch *b, struct item *it)
{
    it->buries = true;
    detach(b, it);
}

/* A replica that has not heard of what we know already: our own write, or what we read before. Believing it would undo
 * somebody's work. */
bool place_stale(const struct batch *b, const struct item *it)
{
    if (!it->has_t || !it->link.touched)
        return false;
    if (it->t.state == RECORD_LIVE)
        return it->t.modified && it->t.modified < it->link.touched;
    return it->t.state == RECORD_GONE && b->r->env->now(b->r->env) - it->link.touched < REPLICAS_MS;
}

static void look_later(struct batch *b, struct item *it)
{
    it->due = b->r->env->now(b->r->env) + STALE_AGAIN_MS;
    item_off(it, NEXT_LATER, "the CRM told an older state than it had told before");
}

void place_targets(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        struct item *it = &b->items[i];
        if (it->off)
            continue;
        if (it->link.state == LINK_DETACHED || it->link.state == LINK_TOMBSTONE || it->link.state == LINK_AMBIGUOUS)
            item_off(it, NEXT_FINISH, it->link.reason ? it->link.reason : link_state_name(it->link.state));
        else if (place_stale(b, it))
            look_later(b, it);
        else if (it->has_t && (it->t.state == RECORD_MERGED || it->t.state == RECORD_CONVERTED) && it->t.moved_to)
            remap(b, it);
        else if (it->has_t && it->t.state != RECORD_LIVE)
            detach(b, it);
        else if (it->has_t && it->t.fields && str_eq(it->link.reason, MOVED))
            forget_blanks(b, it);
    }
}

/* ---- guards ---- */

static bool risky_allowed(struct batch *b, int64_t *count, struct err *err)
{
    int64_t states[8] = {0}, links = 0;
    struct route *r = b->r;
    if (!store_jobs_why(r->store, r->name, "risky", count, err) || !store_link_counts(r->store, r->name, states, err))
        return false;
    for (size_t i = 0; i < COUNT(states); i++)
        links += states[i];
    int64_t most = links * r->mass_percent / 100;
    if (most < r->mass_least)
        most = r->mass_least;
    if (*count <= most || r->accept_mass)
        *count = 0;
    return true;
}

/* What was risky when it was last looked at may have mended itself since. */
static bool risky(const struct item *it)
{
    return it->final && (it->detaches || (!it->off && it->planned && it->plan.clears));
}

/* The risky jobs come last; their number is what this pass would detach or clear. */
static bool guard_mass(struct batch *b, struct err *err)
{
    bool any = false;
    for (size_t i = 0; i < b->n; i++)
        any |= risky(&b->items[i]);
    int64_t too_many = 0;
    if (any && !b->dry && !risky_allowed(b, &too_many, err))
        return false;
    for (size_t i = 0; i < b->n; i++) {
        struct item *it = &b->items[i];
        if (b->dry || !risky(it))
            continue;
        if (too_many) {
            it->due = b->r->env->now(b->r->env) + 60 * 60 * 1000;
            item_off(it, NEXT_LATER, "risky");
            b->r->tally.guarded++;
        } else if (it->detaches) {
            detach_now(b, it);
        }
    }
    return true;
}

static void guard_clears(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        struct item *it = &b->items[i];
        if (!it->off && it->planned && it->plan.clears && !it->final && !b->dry && !it->create)
            item_off(it, NEXT_AGAIN, "risky");
    }
}

/* Creates beyond max_creates wait until a plan was applied or the operator said yes. */
static bool guard_creates(struct batch *b, struct err *err)
{
    struct route *r = b->r;
    AUTO_FREE char *name = mem_printf("approved:%s", r->name), *approved = NULL;
    AUTO_FREE char *counter = mem_printf("creates:%s", r->name), *text = NULL;
    if (b->dry || r->yes)
        return true;
    if (!store_meta_get(r->store, name, &approved, err) || !store_meta_get(r->store, counter, &text, err))
        return false;
    int64_t before = 0;
    if (approved || (text && !str_to_int(text, 0, INT64_MAX, &before)))
        return true;
    for (size_t k = 0; k < r->n; k++) {
        int64_t wanted = 0;
        for (size_t i = 0; i < b->n; i++)
            wanted += !b->items[i].off && b->items[i].create && b->items[i].b == &r->objects[k];
        if (before + wanted + r->tally.withheld <= r->objects[k].o->max_creates)
            continue;
        for (size_t i = 0; i < b->n; i++)
            if (!b->items[i].off && b->items[i].create && b->items[i].b == &r->objects[k]) {
                b->items[i].due = r->env->now(r->env) + 60 * 60 * 1000;
                item_off(&b->items[i], NEXT_LATER, "withheld");
                r->tally.withheld++;
            }
    }
    return true;
}

bool place_guards(struct batch *b, struct err *err)
{
    guard_clears(b);
    return guard_mass(b, err) && guard_creates(b, err);
}
