/* Changing what the team knows about a person, by the API and by people alike: one event per changed aspect, told after
 * the whole change; assignee and done go to every thread. The state before is kept for stale reads. */
#include "bridge/base/str.h"
#include "tests/sandbox/inbox_inner.h"
#include <string.h>

struct told { /* what there is to tell */
    bool status, tags, value, notes, profile;
};

static bool same_tags(const struct card *c, const struct change *with)
{
    if (c->n_tags != with->n_tags)
        return false;
    for (size_t i = 0; i < c->n_tags; i++) {
        bool found = false;
        for (size_t k = 0; k < with->n_tags && !found; k++)
            found = c->tags[i] == with->tags[k];
        if (!found)
            return false;
    }
    return true;
}

static void set_tags(struct card *c, const struct change *with)
{
    free(c->tags);
    c->tags = with->n_tags ? mem_alloc(with->n_tags * sizeof(struct label *)) : NULL;
    c->n_tags = with->n_tags;
    if (with->n_tags)
        memcpy(c->tags, with->tags, with->n_tags * sizeof(struct label *));
}

static bool set_text(char **at, const char *text)
{
    if (str_eq(*at, text))
        return false;
    char *copy = mem_dup(text);
    free(*at);
    *at = copy;
    return true;
}

static bool set_value(struct card *c, bool null, double value)
{
    if (c->has_value == !null && (null || (c->value >= value && c->value <= value)))
        return false;
    c->has_value = !null;
    c->value = null ? 0 : value;
    return true;
}

/* True when something changed; *told names also what was only written again, when the manners want it told. */
static bool apply(struct card *c, const struct change *with, struct told *told, bool unchanged_too)
{
    struct told new = {0};
    if (with->has_status && c->status != with->status) {
        c->status = with->status;
        new.status = true;
    }
    if (with->has_tags && !same_tags(c, with)) {
        set_tags(c, with);
        new.tags = true;
    }
    if (with->has_value)
        new.value = set_value(c, with->value_is_null, with->value);
    if (with->has_notes)
        new.notes = set_text(&c->notes, with->notes);
    if (with->has_name)
        new.profile = set_text(&c->name, with->name);
    if (with->has_bio)
        new.profile |= set_text(&c->bio, with->bio);
    *told = new;
    if (unchanged_too)
        *told = (struct told){with->has_status, with->has_tags, with->has_value, with->has_notes, new.profile};
    return new.status || new.tags || new.value || new.notes || new.profile;
}

static void keep_was(struct prospect *p, struct card *stolen)
{
    if (p->was)
        card_done(p->was);
    else
        p->was = mem_alloc(sizeof *p->was);
    *p->was = *stolen;
}

static bool change_card(struct inbox *x, struct prospect *p, const struct change *c, struct told *told)
{
    struct card before;
    card_copy(&before, &p->now);
    if (!apply(&p->now, c, told, x->manners.unchanged_event)) {
        card_done(&before);
        return false;
    }
    keep_was(p, &before);
    if (x->manners.bump_last_updated || told->profile)
        p->now.updated = inbox_now(x);
    if (told->profile)
        p->enriched = inbox_now(x);
    return true;
}

bool change_prospect(struct inbox *x, struct prospect *p, const struct change *c)
{
    struct told told = {0};
    bool card = c->has_status || c->has_tags || c->has_value || c->has_notes || c->has_name || c->has_bio;
    bool wrote = card && change_card(x, p, c, &told);
    if (told.status)
        tell_prospect(x, "prospect.statusChanged", p);
    if (told.tags)
        tell_prospect(x, "prospect.tagsChanged", p);
    if (told.value)
        tell_prospect(x, "prospect.valuationChanged", p);
    if (told.notes)
        tell_prospect(x, "prospect.notesChanged", p);
    if (told.profile)
        tell_prospect(x, "prospect.enriched", p);
    bool moved = false;
    for (size_t i = 0; i < p->n_threads && (c->has_assignee || c->has_done); i++) {
        moved |= c->has_assignee && p->threads[i]->assignee != c->assignee;
        wrote |= change_thread(x, p->threads[i], c);
    }
    if (moved && x->manners.context_assignee)
        tell_prospect(x, "prospect.assigneeChanged", p);
    return wrote;
}

bool change_thread(struct inbox *x, struct thread *t, const struct change *c)
{
    bool assign = c->has_assignee && t->assignee != c->assignee, move = c->has_done && t->done != c->done;
    if (assign || move) {
        t->was_assignee = t->assignee;
        t->was_done = t->done;
        t->has_was = true;
    }
    if (assign) {
        t->assignee = c->assignee;
        tell_thread(x, c->assignee ? "thread.assigned" : "thread.unassigned", t);
    }
    if (move) {
        views_out(x, t);
        t->done = c->done;
        views_in(x, t);
        tell_thread(x, c->done ? "thread.archived" : "thread.unarchived", t);
    }
    return assign || move;
}
