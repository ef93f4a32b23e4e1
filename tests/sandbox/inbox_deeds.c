/* What happens between people: threads opened and deleted, messages said, edited, taken back, reacted to; tags and
 * statuses renamed and removed; a person met, gone, or found to be another. Each deed raises its events. */
#include "bridge/base/str.h"
#include "tests/sandbox/inbox_inner.h"
#include <string.h>

/* ---- lookups ---- */

struct label *find_label_id(const struct labels *labels, const char *id)
{
    for (size_t i = 0; i < labels->n; i++)
        if (str_eq(labels->items[i]->id, id))
            return labels->items[i];
    return NULL;
}

struct label *find_label(const struct labels *labels, const char *id_or_name)
{
    struct label *found = find_label_id(labels, id_or_name);
    for (size_t i = 0; i < labels->n && !found; i++)
        if (str_eq_nocase(labels->items[i]->name, id_or_name))
            found = labels->items[i];
    return found;
}

struct member *find_member(const struct inbox *x, const char *id, bool by_name_too)
{
    for (size_t i = 0; i < x->n_members && id; i++) {
        struct member *m = x->members[i];
        if (m->left)
            continue;
        if (!strcmp(m->id, id) ||
            (by_name_too && (str_eq(m->name, id) || str_eq(m->email, id) || str_eq(m->user_id, id))))
            return m;
    }
    return NULL;
}

struct account *find_account(struct inbox *x, const char *id_or_username)
{
    for (size_t i = 0; i < COUNT(x->accounts); i++)
        if (str_eq(x->accounts[i].id, id_or_username) || str_eq(x->accounts[i].username, id_or_username))
            return &x->accounts[i];
    return NULL;
}

struct thread *find_thread_of(const struct prospect *p, const struct account *a)
{
    for (size_t i = 0; i < p->n_threads; i++)
        if (p->threads[i]->account == a)
            return p->threads[i];
    return NULL;
}

struct message *find_message(struct inbox *x, struct thread *t, const char *id)
{
    inbox_fill(x, t);
    for (size_t i = t->n_messages; i--;)
        if (str_eq(t->messages[i]->id, id))
            return t->messages[i];
    return NULL;
}

/* ---- people and threads ---- */

struct prospect *meet_prospect(struct inbox *x, const char *platform_id)
{
    struct prospect *p = inbox_add_prospect(x, platform_id);
    tell_prospect(x, "prospect.created", p);
    return p;
}

struct thread *open_thread(struct inbox *x, struct prospect *p, struct account *a)
{
    struct thread *t = find_thread_of(p, a);
    if (t)
        return t;
    t = inbox_add_thread(x, p, a, inbox_now(x));
    views_in(x, t);
    tell_thread(x, "thread.created", t);
    return t;
}

static void take_from(struct prospect *p, const struct thread *t)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->n_threads; i++)
        if (p->threads[i] != t)
            p->threads[kept++] = p->threads[i];
    p->n_threads = kept;
}

void delete_thread(struct inbox *x, struct thread *t)
{
    views_out(x, t);
    table_drop(&x->by_thread, t->id);
    take_from(t->prospect, t);
    tell_thread_gone(x, t);
    inbox_free_thread(t);
}

static void drop_if(struct table *t, const char *key, const struct prospect *p)
{
    if (table_get(t, key) == p)
        table_drop(t, key);
}

void delete_prospect(struct inbox *x, struct prospect *p)
{
    while (p->n_threads)
        delete_thread(x, p->threads[p->n_threads - 1]);
    drop_if(&x->by_external, p->external_id, p);
    drop_if(&x->by_platform, p->platform_id, p);
    drop_if(&x->by_username, p->username, p);
    p->gone = true;
}

/* The loser's ids lead to the winner from now on; its threads go over unless the winner has one on that account. */
void merge_prospect(struct inbox *x, struct prospect *from, struct prospect *into)
{
    while (from->n_threads) {
        struct thread *t = from->threads[from->n_threads - 1];
        if (find_thread_of(into, t->account)) {
            delete_thread(x, t);
            continue;
        }
        take_from(from, t);
        t->prospect = into;
        into->threads = mem_grow(into->threads, into->n_threads + 1, sizeof(struct thread *));
        into->threads[into->n_threads++] = t;
    }
    drop_if(&x->by_username, from->username, from);
    table_put(&x->by_external, from->external_id, into);
    table_put(&x->by_platform, from->platform_id, into);
    from->gone = true;
    into->now.updated = inbox_now(x);
    tell_prospect(x, "prospect.enriched", into);
}

/* ---- messages ---- */

struct message *say(struct inbox *x, struct thread *t, const char *content, bool ours, enum origin origin,
                    const struct member *sender)
{
    bool reopened = t->done;
    inbox_fill(x, t);
    views_out(x, t);
    struct message *m = inbox_add_message(x, t, content, ours, inbox_now(x));
    m->origin = origin;
    m->sender = sender;
    t->done = t->idle = false;
    if (ours)
        t->request = false;
    views_in(x, t);
    tell_message(x, "message.created", t, m);
    if (reopened)
        tell_thread(x, "thread.unarchived", t);
    return m;
}

/* An import brings what was said long ago: in its place among the others, told by no event. */
struct message *say_late(struct inbox *x, struct thread *t, const char *content, bool ours, int64_t at)
{
    inbox_fill(x, t);
    struct message *last = t->last, *m;
    int64_t sort = t->sort, last_at = t->last_at;
    size_t i = t->n_messages;
    m = inbox_add_message(x, t, content, ours, at);
    for (; i && t->messages[i - 1]->created > at; i--)
        t->messages[i] = t->messages[i - 1];
    t->messages[i] = m;
    t->last = last ? last : m;
    t->sort = sort;
    t->last_at = last_at;
    return m;
}

bool edit_message(struct inbox *x, struct thread *t, struct message *m, const char *content, enum origin origin)
{
    if (!strcmp(m->content, content))
        return false;
    m->versions = mem_grow(m->versions, m->n_versions + 1, sizeof *m->versions);
    m->versions[m->n_versions] = (struct version){
        .content = m->content, .at = m->edited ? m->edited : m->created, .origin = m->edit_origin};
    m->n_versions++;
    m->edit_origin = origin;
    m->content = mem_dup(content);
    m->edited = inbox_now(x);
    tell_message(x, "message.edited", t, m);
    return true;
}

bool delete_message(struct inbox *x, struct thread *t, struct message *m, bool for_all)
{
    if (m->deleted)
        return false;
    m->deleted = inbox_now(x);
    m->deleted_for_all = for_all;
    if (t->last == m) {
        views_out(x, t);
        t->last = NULL;
        for (size_t i = t->n_messages; i-- && !t->last;)
            t->last = t->messages[i]->deleted ? NULL : t->messages[i];
        views_in(x, t);
    }
    tell_message(x, "message.deleted", t, m);
    return true;
}

/* One reaction a side: a new one takes the place of the old. */
bool react(struct inbox *x, struct thread *t, struct message *m, const char *emoji, bool ours, bool add)
{
    size_t i = 0;
    while (i < m->n_reactions && (m->reactions[i].ours != ours || (!add && !str_eq(m->reactions[i].emoji, emoji))))
        i++;
    if (add ? i < m->n_reactions && str_eq(m->reactions[i].emoji, emoji) : i == m->n_reactions)
        return false;
    if (!add) {
        struct reaction gone = m->reactions[i];
        m->reactions[i] = m->reactions[--m->n_reactions];
        tell_reaction(x, "message.reactionRemoved", t, m, &gone);
        free(gone.emoji);
        return true;
    }
    if (i == m->n_reactions)
        m->reactions = mem_grow(m->reactions, ++m->n_reactions, sizeof *m->reactions);
    else
        free(m->reactions[i].emoji);
    m->reactions[i] = (struct reaction){.emoji = mem_dup(emoji), .ours = ours, .at = inbox_now(x)};
    tell_reaction(x, "message.reactionAdded", t, m, &m->reactions[i]);
    return true;
}

/* ---- tags and statuses ---- */

static bool strip_card(struct card *c, const struct label *l)
{
    size_t kept = 0, n = c->n_tags;
    bool had = c->status == l;
    for (size_t i = 0; i < n; i++)
        if (c->tags[i] != l)
            c->tags[kept++] = c->tags[i];
    c->n_tags = kept;
    if (had)
        c->status = NULL;
    return had || kept < n;
}

void delete_label(struct inbox *x, struct labels *labels, struct label *l)
{
    bool status = labels == &x->statuses;
    size_t kept = 0;
    for (size_t i = 0; i < labels->n; i++)
        if (labels->items[i] != l)
            labels->items[kept++] = labels->items[i];
    labels->n = kept;
    tell_label_gone(x, l, status);
    for (size_t i = 0; i < x->n_prospects; i++) {
        struct prospect *p = x->prospects[i];
        if (p->was)
            strip_card(p->was, l);
        if (strip_card(&p->now, l) && x->manners.strip_events && !p->gone)
            tell_prospect(x, status ? "prospect.statusChanged" : "prospect.tagsChanged", p);
    }
    inbox_free_label(l);
}

bool rename_label(struct inbox *x, struct labels *labels, struct label *l, const char *name, bool has_color,
                  const char *color)
{
    bool new_name = name && strcmp(name, l->name) != 0, new_color = has_color && !str_eq(color, l->color);
    if (!new_name && !new_color)
        return false;
    if (new_name) {
        free(l->name);
        l->name = mem_dup(name);
    }
    if (new_color) {
        free(l->color);
        l->color = mem_dup(color);
    }
    tell_label(x, labels == &x->statuses ? "status.updated" : "tag.updated", l, labels == &x->statuses);
    return true;
}
