/* One list in the order in which they began to keep us waiting, and a count for each source, so that a newcomer costs one walk at
 * most. What was hung up on stays in the list until the server notices, but takes no room. */
#include "bridge/io/guests.h"
#include "bridge/base/mem.h"
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

struct source {
    sa_family_t family;
    uint8_t address[8];
    size_t here, waiting; /* waiting: without those in our hands and those hung up on */
    struct source *next;
};

struct guest {
    int fd;
    struct source *source;
    int64_t until; /* of its patience; INT64_MAX: ours to answer */
    bool waiting, out;
    struct guest *before, *after;
};

struct guests {
    struct guests_rules rules;
    pthread_mutex_t lock;
    struct guest *first, *last;
    struct source *sources;
    size_t here; /* without those hung up on */
};

struct guests *guests_new(const struct guests_rules *rules)
{
    struct guests *all = mem_alloc(sizeof *all);
    all->rules = *rules;
    pthread_mutex_init(&all->lock, NULL);
    return all;
}

void guests_free(struct guests *all)
{
    if (!all)
        return;
    while (all->first)
        guests_leave(all, all->first);
    pthread_mutex_destroy(&all->lock);
    free(all);
}

/* ---- sources, with the lock held ---- */

/* One network is one source: whoever has an IPv6 address has 2^64 of them. */
static void name_source(struct source *s, const struct sockaddr *from)
{
    *s = (struct source){.family = from ? from->sa_family : AF_UNSPEC};
    if (s->family == AF_INET)
        memcpy(s->address, &((const struct sockaddr_in *)from)->sin_addr, 4);
    else if (s->family == AF_INET6)
        memcpy(s->address, &((const struct sockaddr_in6 *)from)->sin6_addr, 8);
}

static struct source *source_of(struct guests *all, const struct sockaddr *from)
{
    struct source wanted, *s = all->sources;
    name_source(&wanted, from);
    while (s && (s->family != wanted.family || memcmp(s->address, wanted.address, sizeof s->address) != 0))
        s = s->next;
    if (s)
        return s;
    s = mem_alloc(sizeof *s);
    *s = wanted;
    s->next = all->sources;
    return all->sources = s;
}

static void forget_source(struct guests *all, struct source *s)
{
    struct source **at = &all->sources;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    free(s);
}

static const struct source *crowd(const struct guests *all)
{
    const struct source *most = all->sources;
    for (const struct source *s = most; s; s = s->next)
        if (s->waiting > most->waiting)
            most = s;
    return most;
}

/* ---- the list, with the lock held ---- */

static void take_out(struct guests *all, struct guest *g)
{
    *(g->before ? &g->before->after : &all->first) = g->after;
    *(g->after ? &g->after->before : &all->last) = g->before;
}

static void put_last(struct guests *all, struct guest *g)
{
    g->before = all->last;
    g->after = NULL;
    *(all->last ? &all->last->after : &all->first) = g;
    all->last = g;
}

static void set_waiting(struct guest *g, bool waiting)
{
    if (g->waiting != waiting)
        g->source->waiting += waiting ? 1 : (size_t)-1;
    g->waiting = waiting;
}

static void hang_up(struct guests *all, struct guest *g)
{
    set_waiting(g, false);
    g->out = true;
    all->here--;
    shutdown(g->fd, SHUT_RDWR);
}

static void make_room(struct guests *all)
{
    const struct source *s = crowd(all);
    for (struct guest *g = all->first; g; g = g->after)
        if (g->waiting && g->source == s) {
            hang_up(all, g);
            return;
        }
}

/* ---- coming and going ---- */

struct guest *guests_enter(struct guests *all, int fd, const struct sockaddr *from, int64_t now)
{
    struct guest *g = mem_alloc(sizeof *g);
    pthread_mutex_lock(&all->lock);
    if (all->here >= all->rules.most)
        make_room(all);
    *g = (struct guest){.fd = fd, .source = source_of(all, from), .until = now + all->rules.request_ms};
    g->source->here++;
    all->here++;
    set_waiting(g, true);
    put_last(all, g);
    pthread_mutex_unlock(&all->lock);
    return g;
}

void guests_leave(struct guests *all, struct guest *g)
{
    if (!g)
        return;
    pthread_mutex_lock(&all->lock);
    take_out(all, g);
    set_waiting(g, false);
    all->here -= !g->out;
    if (!--g->source->here)
        forget_source(all, g->source);
    pthread_mutex_unlock(&all->lock);
    free(g);
}

void guests_speaks(struct guests *all, struct guest *g, int64_t now)
{
    if (!g)
        return;
    pthread_mutex_lock(&all->lock);
    g->until = now + all->rules.request_ms;
    pthread_mutex_unlock(&all->lock);
}

void guests_heard(struct guests *all, struct guest *g)
{
    if (!g)
        return;
    pthread_mutex_lock(&all->lock);
    set_waiting(g, false);
    g->until = INT64_MAX;
    pthread_mutex_unlock(&all->lock);
}

void guests_waits(struct guests *all, struct guest *g, int64_t now)
{
    if (!g)
        return;
    pthread_mutex_lock(&all->lock);
    if (!g->out) {
        take_out(all, g);
        put_last(all, g);
        set_waiting(g, true);
        g->until = now + all->rules.idle_ms;
    }
    pthread_mutex_unlock(&all->lock);
}

void guests_look(struct guests *all, int64_t now)
{
    pthread_mutex_lock(&all->lock);
    for (struct guest *g = all->first; g; g = g->after)
        if (!g->out && g->until <= now)
            hang_up(all, g);
    pthread_mutex_unlock(&all->lock);
}
