/* Where the CRM record went. Merges and conversions move the link; archived and missing records detach it, unless there are too
 * many of them (guard.c); what a replica tells that is behind is not believed. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"
#include "mappings/value.h"

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

#define ARCHIVED "archived in the CRM"
#define DELETED "deleted in the CRM"

void place_detach(struct batch *b, struct item *it)
{
    it->link.state = it->buries ? LINK_TOMBSTONE : LINK_DETACHED;
    set_text(&it->link.reason, it->buries ? WHY_SOURCE_GONE : it->t.state == RECORD_ARCHIVED ? ARCHIVED : DELETED);
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
        place_detach(b, it);
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

/* A service that was taken back to an older state, or whose clock was ahead for a while, would tell it for ever. */
static int64_t behind_for(const struct item *it, int64_t now)
{
    return it->link.behind && it->link.behind <= now ? now - it->link.behind : 0;
}

static void set_behind(struct item *it, int64_t since)
{
    it->link_dirty |= it->link.behind != since;
    it->link.behind = since;
}

static void look_later(struct batch *b, struct item *it)
{
    int64_t now = b->r->env->now(b->r->env), lasts = behind_for(it, now);
    set_behind(it, now - lasts);
    it->due = now + (lasts > STALE_SELDOM_MS ? STALE_SELDOM_MS : lasts > STALE_AGAIN_MS ? lasts : STALE_AGAIN_MS);
    item_off(it, NEXT_LATER, "the CRM told an older state than it had told before");
}

/* Is it behind? After long enough it is believed all the same. */
static bool is_behind(const struct batch *b, struct item *it)
{
    bool stale = place_stale(b, it);
    if (stale && behind_for(it, b->r->env->now(b->r->env)) < STALE_MOST_MS)
        return true;
    it->link.touched = stale ? 0 : it->link.touched;
    set_behind(it, 0);
    return false;
}

/* The very record it was: nothing is made anew, and what was edited while it was away is compared like anything else. */
static void take_back(struct item *it)
{
    const char *reason = it->link.reason ? it->link.reason : "";
    bool there = it->has_t && it->t.state == RECORD_LIVE && it->t.fields;
    if (it->link.state != LINK_DETACHED)
        return;
    it->has_t = there;
    if (!there || (!str_eq(reason, ARCHIVED) && !str_eq(reason, DELETED)))
        return;
    it->link.state = LINK_LINKED;
    set_text(&it->link.reason, NULL);
    it->link_dirty = true;
    it->event = "record back";
}

void place_targets(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        struct item *it = &b->items[i];
        if (it->off)
            continue;
        take_back(it);
        if (it->link.state == LINK_DETACHED || it->link.state == LINK_TOMBSTONE || it->link.state == LINK_AMBIGUOUS)
            item_off(it, NEXT_FINISH, it->link.reason ? it->link.reason : link_state_name(it->link.state));
        else if (is_behind(b, it))
            look_later(b, it);
        else if (it->has_t && (it->t.state == RECORD_MERGED || it->t.state == RECORD_CONVERTED) && it->t.moved_to)
            remap(b, it);
        else if (it->has_t && it->t.state != RECORD_LIVE)
            detach(b, it);
        else if (it->has_t && it->t.fields && str_eq(it->link.reason, MOVED))
            forget_blanks(b, it);
    }
}
