/* Making the town: a team with two accounts, three members, its tags and statuses, and prospects with threads. A
 * prospect's looks come from the seed and its number alone, so the first ten are the same in a town of a thousand. Of the
 * seeded messages only each thread's last is made at once. */
#include "bridge/base/hash.h"
#include "bridge/base/str.h"
#include "tests/sandbox/inbox_inner.h"
#include "tests/sandbox/names.h"
#include <stdio.h>
#include <string.h>

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define LONG_NOTE_AT 11 /* this prospect has a note of 10 000 characters; small towns are spared it */

/* ---- chance and ids ---- */

uint64_t inbox_mix(uint64_t z)
{
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t inbox_random(struct inbox *x)
{
    return inbox_mix(x->random += 0x9e3779b97f4a7c15u);
}

void inbox_id(uint64_t seed, char out[ID_SIZE])
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    uint64_t r = inbox_mix(seed);
    out[0] = (char)('a' + r % 26);
    for (int i = 1; i < ID_SIZE - 1; i++) {
        if (i % 12 == 0)
            r = inbox_mix(~seed);
        r /= 36;
        out[i] = digits[r % 36];
    }
    out[ID_SIZE - 1] = '\0';
}

void inbox_new_id(struct inbox *x, char out[ID_SIZE])
{
    inbox_id(inbox_mix(x->seed ^ 0x1d5) + x->made++, out);
}

/* ---- the catalogue ---- */

struct label *inbox_add_label(struct inbox *x, struct labels *labels, const char *name, const char *color)
{
    struct label *l = mem_alloc(sizeof *l);
    inbox_new_id(x, l->id);
    l->name = mem_dup(name);
    l->color = mem_dup(color);
    l->created = inbox_now(x);
    labels->items = mem_grow(labels->items, labels->n + 1, sizeof(struct label *));
    labels->items[labels->n++] = l;
    return l;
}

struct member *inbox_add_member(struct inbox *x, const char *name, const char *email, const char *role)
{
    struct member *m = mem_alloc(sizeof *m);
    inbox_new_id(x, m->id);
    inbox_new_id(x, m->user_id);
    m->name = mem_dup(name);
    m->email = mem_dup(email);
    m->role = role;
    m->created = x->began - 400 * DAY_MS;
    x->members = mem_grow(x->members, x->n_members + 1, sizeof(struct member *));
    x->members[x->n_members++] = m;
    return m;
}

static void seed_catalogue(struct inbox *x)
{
    static const char *const statuses[][2] = {{"New", "#3b82f6"},       {"Contacted", "#a855f7"},
                                              {"Qualified", "#f59e0b"}, {"Negotiation", "teal"},
                                              {"Won", "#22c55e"},       {"Lost", NULL}};
    static const char *const tags[][2] = {{"Lead", "blue"},   {"VIP", "#ef4444"},     {"Partner", "#22c55e"},
                                          {"Press", "amber"}, {"Investor", "purple"}, {"Spam", "#6b7280"}};
    inbox_id(inbox_mix(x->seed) ^ 0x7ea1, x->team);
    for (size_t i = 0; i < COUNT(statuses); i++)
        inbox_add_label(x, &x->statuses, statuses[i][0], statuses[i][1])->created = x->began - 390 * DAY_MS +
                                                                                    (int64_t)i * 60000;
    for (size_t i = 0; i < COUNT(tags); i++)
        inbox_add_label(x, &x->tags, tags[i][0], tags[i][1]);
    inbox_add_member(x, "Ann Holm", "ann@team.example", "owner");
    inbox_add_member(x, "Ben Adeyemi", "ben@team.example", "admin");
    inbox_add_member(x, NULL, "cy@team.example", "user");
    static const char *const accounts[][3] = {{"Quiet Startup", "quietstartup", "1402239944556677880"},
                                              {"Greta Holm", "gretaholm", "998877665544332211"}};
    for (size_t i = 0; i < COUNT(x->accounts); i++) {
        struct account *a = &x->accounts[i];
        inbox_new_id(x, a->id);
        a->name = accounts[i][0];
        a->username = accounts[i][1];
        str_copy(a->platform_id, sizeof a->platform_id, accounts[i][2]);
        a->status = "active";
        a->created = x->began - 380 * DAY_MS;
    }
}

/* ---- people ---- */

static void set_username(struct inbox *x, struct prospect *p, const char *handle)
{
    uint64_t n = p->seed;
    p->username = mem_printf("%.10s", handle);
    while (table_get(&x->by_username, p->username)) {
        free(p->username);
        p->username = mem_printf("%.9s_%u", handle, (unsigned)((n = inbox_mix(n)) % 100000));
    }
    table_put(&x->by_username, p->username, p);
}

static void append_prospect(struct inbox *x, struct prospect *p)
{
    if (x->n_prospects == x->cap_prospects) {
        x->cap_prospects = x->cap_prospects ? x->cap_prospects * 2 : 16;
        x->prospects = mem_grow(x->prospects, x->cap_prospects, sizeof(struct prospect *));
    }
    x->prospects[x->n_prospects++] = p;
}

struct prospect *inbox_add_prospect(struct inbox *x, const char *platform_id)
{
    struct prospect *p = mem_alloc(sizeof *p);
    struct names_person person;
    int64_t now = inbox_now(x);
    size_t i = x->n_prospects;
    p->seed = inbox_mix(x->seed ^ (0xbeef00000000 + i));
    names_person(inbox_mix(p->seed), &person);
    if (platform_id)
        str_copy(p->platform_id, sizeof p->platform_id, platform_id);
    else
        snprintf(p->platform_id, sizeof p->platform_id, "15%017llu",
                 (unsigned long long)(i * 1000003 + x->seed % 1000003 + 88239944556));
    inbox_id(p->seed, p->external_id);
    set_username(x, p, person.handle);
    p->location = person.location;
    p->domain = person.domain;
    p->followers = -1;
    p->document = 9007199254740993 + (int64_t)i;
    p->joined = (p->seed >> 3) % 15 ? now - (int64_t)(p->seed % 5000) * DAY_MS : 0;
    p->first_seen = p->enriched = now;
    p->now = (struct card){.name = mem_dup(person.name), .bio = mem_dup(person.bio), .updated = now};
    table_put(&x->by_platform, p->platform_id, p);
    table_put(&x->by_external, p->external_id, p);
    append_prospect(x, p);
    return p;
}

struct thread *inbox_add_thread(struct inbox *x, struct prospect *p, struct account *a, int64_t at)
{
    struct thread *t = mem_alloc(sizeof *t);
    inbox_id(inbox_mix(p->seed ^ x->seed) + p->n_threads + 0x1000 * (p->n_threads ? x->made : 0), t->id);
    while (table_get(&x->by_thread, t->id))
        inbox_new_id(x, t->id);
    t->prospect = p;
    t->account = a;
    t->created = t->sort = at;
    t->typing = -1;
    p->threads = mem_grow(p->threads, p->n_threads + 1, sizeof(struct thread *));
    p->threads[p->n_threads++] = t;
    table_put(&x->by_thread, t->id, t);
    return t;
}

static void append_message(struct thread *t, struct message *m)
{
    if (t->n_messages == t->cap_messages) {
        t->cap_messages = t->cap_messages ? t->cap_messages * 2 : 2;
        t->messages = mem_grow(t->messages, t->cap_messages, sizeof(struct message *));
    }
    t->messages[t->n_messages++] = m;
}

static struct message *make_message(struct thread *t, const char *content, bool ours, int64_t at, uint64_t seed)
{
    struct message *m = mem_alloc(sizeof *m);
    inbox_id(seed, m->id);
    snprintf(m->platform_id, sizeof m->platform_id, "19%017llu",
             (unsigned long long)(inbox_mix(seed) % 100000000000000000));
    m->content = mem_dup(content);
    m->ours = ours;
    m->origin = ORIGIN_EXTERNAL;
    m->created = at;
    t->spoke |= ours;
    t->heard |= !ours;
    return m;
}

struct message *inbox_add_message(struct inbox *x, struct thread *t, const char *content, bool ours, int64_t at)
{
    struct message *m = make_message(t, content, ours, at, inbox_mix(x->seed ^ 0x3e55a9e) + x->made++);
    append_message(t, m);
    t->last = m;
    t->last_at = t->sort = at;
    return m;
}

/* Older seeded messages: one speaks after the other, back from the first that is there. */
void inbox_fill(struct inbox *x, struct thread *t)
{
    size_t older = t->older, have = t->n_messages;
    uint64_t seed = hash_fast(t->id, strlen(t->id), x->seed);
    bool ours = have ? t->messages[0]->ours : false, spoke = t->spoke, heard = t->heard;
    int64_t at = have ? t->messages[0]->created : t->created;
    t->older = 0;
    if (!older)
        return;
    t->cap_messages = have + older;
    t->messages = mem_grow(t->messages, t->cap_messages, sizeof(struct message *));
    memmove(t->messages + older, t->messages, have * sizeof(struct message *));
    for (size_t i = older; i--;) {
        uint64_t r = inbox_mix(seed + i);
        ours = spoke && heard ? !ours : spoke;
        at -= (at - t->created) / (int64_t)(i + 2);
        t->messages[i] = make_message(t, ours ? names_answered(r) : names_said(r), ours, at, seed + i);
    }
    t->n_messages = have + older;
}

/* ---- what the team knows and did ---- */

static void seed_card(struct inbox *x, struct prospect *p, uint64_t r)
{
    static const double values[] = {4200, 1250.5, 99.99, 15000, 0, 480, 1250000, 33.333, 7500, 12000};
    struct card *c = &p->now;
    if (r % 100 < 70)
        c->status = x->statuses.items[(r >> 7) % x->statuses.n];
    if ((r >> 10) % 100 < 40) {
        size_t first = (r >> 20) % x->tags.n, n = 1 + (r >> 17) % 3;
        c->tags = mem_alloc(n * sizeof(struct label *));
        for (; c->n_tags < n; c->n_tags++)
            c->tags[c->n_tags] = x->tags.items[(first + c->n_tags * 2) % x->tags.n];
    }
    c->has_value = (r >> 24) % 100 < 30;
    c->value = c->has_value ? values[(r >> 33) % COUNT(values)] : 0;
    if ((r >> 40) % 100 < 30)
        c->notes = mem_dup(names_note(r >> 48));
}

static void seed_thread(struct inbox *x, struct prospect *p, size_t account, uint64_t r)
{
    int64_t at = x->began - (int64_t)(r % (200 * DAY_MS)) - HOUR_MS;
    bool ours = (r >> 3) % 100 < 40;
    struct thread *t = inbox_add_thread(x, p, &x->accounts[account], at - (int64_t)(1 + (r >> 13) % 40) * DAY_MS);
    uint64_t id = hash_fast(t->id, strlen(t->id), x->seed);
    struct message *m = make_message(t, ours ? names_answered(r >> 9) : names_said(r >> 9), ours, at, id + 1000);
    append_message(t, m);
    t->last = m;
    t->last_at = t->sort = at;
    t->older = (unsigned char)((r >> 21) % 5);
    t->request = !ours && (r >> 25) % 100 < 12;
    if (t->request)
        t->older = 0;
    if (t->older && (r >> 28) % 100 < 80)
        t->spoke = t->heard = true;
    t->done = (r >> 31) % 100 < 12;
    if ((r >> 35) % 100 < 40)
        t->assignee = x->members[(r >> 45) % x->n_members];
    m->sender = ours && (r >> 50) % 2 ? x->members[(r >> 51) % x->n_members] : NULL;
    m->origin = m->sender ? ORIGIN_INTERNAL : ORIGIN_EXTERNAL;
    if (p->first_seen > t->created)
        p->first_seen = t->created;
    if (p->now.updated > at && p->n_threads == 1)
        p->now.updated = at;
}

void inbox_seed(struct inbox *x, size_t prospects)
{
    seed_catalogue(x);
    for (size_t i = 0; i < prospects; i++) {
        struct prospect *p = inbox_add_prospect(x, NULL);
        uint64_t r = inbox_mix(p->seed ^ 0xcafe);
        p->joined -= p->joined ? 300 * DAY_MS : 0;
        seed_card(x, p, r);
        seed_thread(x, p, r % 4 == 0, inbox_mix(r));
        p->enriched = p->now.updated;
        if (r % 10 == 7) { /* known to the other account too; some only peeked at */
            seed_thread(x, p, r % 4 != 0, inbox_mix(r + 1));
            p->threads[1]->idle = (r >> 55) % 3 == 0;
            p->threads[1]->done = p->threads[0]->done;
            p->threads[1]->assignee = p->threads[0]->assignee;
        }
        if (i == LONG_NOTE_AT) {
            free(p->now.notes);
            p->now.notes = names_long_note();
        }
    }
    views_sort(x);
}
