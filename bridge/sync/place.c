/* Where the CRM record went, and what must not happen by the hundred. Merges and conversions move the link; archived and
 * missing records detach it; creates beyond max_creates wait for a plan; detaches and clears come last in a pass, when
 * their number is known, and stop before the first one when there are too many. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "bridge/sync/batch.h"
#include "mappings/value.h"
#include <string.h>

#define REPLICAS_MS (60 * 1000) /* a record just written may be unknown elsewhere for so long */
#define STALE_AGAIN_MS (5 * 1000)
#define STALE_SELDOM_MS (10 * 60 * 1000)
#define STALE_MOST_MS (60 * 60 * 1000) /* no replica lags for so long: what is told is how it is */

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

#define OLDER "the CRM tells an older state than before, since " /* behind the reason of such a link; then the moment */

/* How long it has been so; -1: it is new. A service that was taken back to an older state, or whose clock was ahead for a while,
 * would tell it for ever. */
static int64_t older_for(const struct item *it, int64_t now)
{
    const char *noted = it->link.reason ? strstr(it->link.reason, OLDER) : NULL;
    int64_t since = now;
    return noted && when_parse(noted + sizeof OLDER - 1, &since) && since <= now ? now - since : -1;
}

static void forget_older(struct item *it)
{
    char *noted = it->link.reason ? strstr(it->link.reason, OLDER) : NULL;
    if (!noted)
        return;
    noted[noted - it->link.reason >= 2 ? -2 : 0] = '\0'; /* with the "; " between the two */
    if (!*it->link.reason)
        set_text(&it->link.reason, NULL);
    it->link_dirty = true;
}

static void look_later(struct batch *b, struct item *it)
{
    int64_t now = b->r->env->now(b->r->env), lasts = older_for(it, now);
    char at[WHEN_TEXT];
    when_print(now, at);
    if (lasts < 0) {
        forget_older(it);
        const char *reason = it->link.reason;
        AUTO_FREE char *both = mem_printf("%s%s" OLDER "%s", reason ? reason : "", reason ? "; " : "", at);
        set_text(&it->link.reason, both);
        it->link_dirty = true;
    }
    it->due = now + (lasts > STALE_SELDOM_MS ? STALE_SELDOM_MS : lasts > STALE_AGAIN_MS ? lasts : STALE_AGAIN_MS);
    item_off(it, NEXT_LATER, "the CRM told an older state than it had told before");
}

/* Is it stale? After long enough it is believed all the same. */
static bool older(const struct batch *b, struct item *it)
{
    bool stale = place_stale(b, it);
    if (stale && older_for(it, b->r->env->now(b->r->env)) < STALE_MOST_MS)
        return true;
    it->link.touched = stale ? 0 : it->link.touched;
    forget_older(it);
    return false;
}

void place_targets(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        struct item *it = &b->items[i];
        if (it->off)
            continue;
        if (it->link.state == LINK_DETACHED || it->link.state == LINK_TOMBSTONE || it->link.state == LINK_AMBIGUOUS)
            item_off(it, NEXT_FINISH, it->link.reason ? it->link.reason : link_state_name(it->link.state));
        else if (older(b, it))
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

/* ---- creates ---- */

#define A_DAY_MS (24 * 60 * 60 * INT64_C(1000))

static char *created_name(const struct route *r, const struct map_object *o)
{
    return mem_printf("creates:%s:%s", r->name, o->name);
}

/* How many were made without approval within a day: [since, n] in the store, so that neither small batches nor restarts are a way
 * around the guard. */
static bool created_lately(struct route *r, const struct map_object *o, int64_t *since, int64_t *n, struct err *err)
{
    AUTO_FREE char *name = created_name(r, o), *text = NULL;
    int64_t now = r->env->now(r->env);
    if (!store_meta_get(r->store, name, &text, err))
        return false;
    AUTO_JSON json_t *kept = text ? js_parse(text, strlen(text), NULL) : NULL;
    *since = json_integer_value(json_array_get(kept, 0));
    *n = json_integer_value(json_array_get(kept, 1));
    if (*since > now || now - *since >= A_DAY_MS) {
        *since = now;
        *n = 0;
    }
    return true;
}

/* Nobody has to ask: a plan was applied, or somebody said yes. */
static bool approved(const struct batch *b, bool *yes, struct err *err)
{
    AUTO_FREE char *name = mem_printf("approved:%s", b->r->name), *text = NULL;
    bool ok = b->r->yes || store_meta_get(b->r->store, name, &text, err);
    *yes = b->r->yes || text;
    return ok;
}

bool place_created(struct batch *b, struct err *err)
{
    bool yes = false;
    if (!approved(b, &yes, err) || yes)
        return err->kind == ERR_NONE;
    for (size_t k = 0; k < b->r->n; k++) {
        int64_t made = 0, since = 0, n = 0;
        for (size_t i = 0; i < b->n; i++)
            made += b->items[i].b == &b->r->objects[k] && b->items[i].create && b->items[i].out[SIDE_T].wanted &&
                    b->items[i].out[SIDE_T].result.err.kind == ERR_NONE;
        if (!made)
            continue;
        if (!created_lately(b->r, b->r->objects[k].o, &since, &n, err))
            return false;
        AUTO_FREE char *name = created_name(b->r, b->r->objects[k].o), *text = mem_printf("[%lld,%lld]", (long long)since, (long long)(n + made));
        if (!store_meta_set(b->r->store, name, text, err))
            return false;
    }
    return true;
}

static bool to_be_made(const struct batch *b, const struct item *it, size_t object)
{
    return !it->off && it->create && it->b == &b->r->objects[object];
}

static void withhold(struct batch *b, size_t object)
{
    for (size_t i = 0; i < b->n; i++)
        if (to_be_made(b, &b->items[i], object)) {
            b->items[i].due = b->r->env->now(b->r->env) + 60 * 60 * 1000;
            item_off(&b->items[i], NEXT_LATER, WHY_WITHHELD);
            b->r->tally.withheld++;
        }
}

/* Creates beyond max_creates wait until a plan was applied or the operator said yes; once some wait, all do. */
static bool guard_creates(struct batch *b, struct err *err)
{
    struct route *r = b->r;
    bool yes = false;
    if (b->dry)
        return true;
    if (!approved(b, &yes, err) || yes)
        return err->kind == ERR_NONE;
    for (size_t k = 0; k < r->n; k++) {
        int64_t wanted = 0, waiting = 0, since = 0, n = 0;
        for (size_t i = 0; i < b->n; i++)
            wanted += to_be_made(b, &b->items[i], k);
        if (!wanted)
            continue;
        if (!store_jobs_why(r->store, r->name, WHY_WITHHELD, &waiting, err) || !created_lately(r, r->objects[k].o, &since, &n, err))
            return false;
        if (waiting || n + wanted > r->objects[k].o->max_creates)
            withhold(b, k);
    }
    return true;
}

bool place_guards(struct batch *b, struct err *err)
{
    guard_clears(b);
    return guard_mass(b, err) && guard_creates(b, err);
}
