/* The end of things. */
#include "tests/sandbox/inbox_inner.h"
#include <string.h>

void card_done(struct card *c)
{
    free(c->name);
    free(c->bio);
    free(c->notes);
    free(c->tags);
}

void card_copy(struct card *to, const struct card *from)
{
    *to = *from;
    to->name = mem_dup(from->name);
    to->bio = mem_dup(from->bio);
    to->notes = mem_dup(from->notes);
    to->tags = from->n_tags ? mem_alloc(from->n_tags * sizeof(struct label *)) : NULL;
    if (from->n_tags)
        memcpy(to->tags, from->tags, from->n_tags * sizeof(struct label *));
}

void inbox_free_label(struct label *l)
{
    free(l->name);
    free(l->color);
    free(l);
}

static void free_message(struct message *m)
{
    for (size_t i = 0; i < m->n_versions; i++)
        free(m->versions[i].content);
    for (size_t i = 0; i < m->n_reactions; i++)
        free(m->reactions[i].emoji);
    free(m->versions);
    free(m->reactions);
    free(m->content);
    free(m);
}

void inbox_free_thread(struct thread *t)
{
    for (size_t i = 0; i < t->n_messages; i++)
        free_message(t->messages[i]);
    free(t->messages);
    free(t);
}

static void free_prospect(struct prospect *p)
{
    for (size_t i = 0; i < p->n_threads; i++)
        inbox_free_thread(p->threads[i]);
    if (p->was)
        card_done(p->was);
    card_done(&p->now);
    free(p->was);
    free(p->threads);
    free(p->username);
    free(p->place);
    free(p);
}

static void free_labels(struct labels *labels)
{
    for (size_t i = 0; i < labels->n; i++)
        inbox_free_label(labels->items[i]);
    free(labels->items);
}

static void free_events(struct inbox *x)
{
    for (size_t i = 0; i < x->n_events; i++) {
        struct event *e = &x->events[(x->first_event + i) % x->cap_events];
        free(e->data);
        free(e->own_type);
    }
    free(x->events);
}

void inbox_free(struct sandbox_service *s)
{
    struct inbox *x = (struct inbox *)(void *)s;
    for (size_t i = 0; i < x->n_prospects; i++)
        free_prospect(x->prospects[i]);
    for (size_t i = 0; i < x->n_members; i++) {
        free(x->members[i]->name);
        free(x->members[i]->email);
        free(x->members[i]);
    }
    free_labels(&x->tags);
    free_labels(&x->statuses);
    free_events(x);
    for (int v = 0; v < VIEWS; v++)
        free(x->order[v].items);
    table_done(&x->by_external);
    table_done(&x->by_platform);
    table_done(&x->by_username);
    table_done(&x->by_thread);
    free(x->windows.at);
    free(x->members);
    free(x->prospects);
    free(x);
}
