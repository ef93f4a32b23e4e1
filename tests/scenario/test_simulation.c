/* Seeded simulation: a small team and a CRM, people editing both sides at random, and a world that misbehaves in one chosen
 * way or in all. When all is quiet the invariants must hold. A seed reproduces its run exactly.
 *
 *   SIM_…                                         as tests/kit/seeds.h says
 *   SIM_DEALS=0|1                                 no deals, or deals for every seed (default: for every third) */
#include "bridge/base/str.h"
#include "mappings/value.h"
#include "tests/kit/seeds.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

#define PEOPLE 3
#define EDITS 14
#define SEEDS 150

struct edit {
    size_t person;
    const char *field;
    int side;
    char value[48];
};

struct simulation {
    struct world *w;
    enum set set;
    uint64_t dice; /* the people's own, so that the bridge's calls do not change what people do */
    struct edit edits[EDITS + 200];
    size_t n;
    bool deals; /* prospects have deals, which carry status and valuation in the CRM */
    bool tidy;  /* the CRM trims and truncates what it is given */
    bool fewer; /* no more edits by meddlers */
    size_t last_person; /* people like to edit what was just edited, on the other side */
    unsigned last_what;
    int last_side;
};

static uint64_t roll(struct simulation *s, uint64_t sides)
{
    return seeds_roll(&s->dice, sides);
}

static void note(struct simulation *s, size_t person, const char *field, int side, const char *value)
{
    if (s->n == COUNT(s->edits))
        return;
    struct edit *e = &s->edits[s->n++];
    *e = (struct edit){.person = person, .field = field, .side = side};
    str_copy(e->value, sizeof e->value, value);
}

/* ---- people ---- */

static void edit_inbox(struct simulation *s, size_t i, unsigned what)
{
    static const char *const statuses[] = {"New", "Contacted", "Qualified", "Negotiation", "Won", "Lost"};
    static const char *const tags[] = {"Lead", "VIP", "Partner", "Press"};
    AUTO_JSON json_t *p = world_prospect(s->w, i);
    const char *id = js_str(p, "platformId");
    AUTO_FREE char *n = mem_printf("%zu", 1000 + s->n), *mark = mem_printf("inbox note %03zu", s->n);
    AUTO_FREE char *note_text = mem_printf("%s, written at length ", mark);
    json_t *done = NULL;
    if (what == 0) {
        done = world_edit(s->w, 0, "{'object':'prospect','id':'%s','set':{'context.valuation':%s}}", id, n);
        note(s, i, "valuation", 0, n);
    } else if (what == 1) {
        done = world_edit(s->w, 0, "{'object':'prospect','id':'%s','set':{'context.notes':'%s'}}", id, note_text);
        note(s, i, "notes", 0, mark);
    } else if (what == 2) {
        done = world_edit(s->w, 0, "{'object':'prospect','id':'%s','set':{'context.status':'%s'}}", id, statuses[roll(s, 6)]);
    } else {
        done = world_edit(s->w, 0, "{'object':'prospect','id':'%s','set':{'context.tags':['%s','%s']}}", id, tags[roll(s, 2)], tags[2 + roll(s, 2)]);
    }
    json_decref(done);
}

/* The person's newest deal; NULL when there is none. */
static json_t *newest_deal(struct simulation *s, size_t i)
{
    AUTO_FREE char *who = world_key(s->w, i);
    json_t *newest = NULL, *deal = NULL;
    for (int n = 1; n == 1 || deal; n++) {
        AUTO_FREE char *key = mem_printf("%s#deal-%d", who, n);
        deal = world_deal(s->w, key);
        if (deal)
            json_decref(newest);
        newest = deal ? deal : newest;
    }
    return newest;
}

static void edit_deal(struct simulation *s, size_t i, bool amount)
{
    static const char *const stages[] = {"appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "decisionmakerboughtin", "contractsent",
                                         "closedwon", "closedlost"};
    AUTO_JSON json_t *deal = newest_deal(s, i);
    AUTO_FREE char *n = mem_printf("%zu", 1000 + s->n);
    const char *id = js_str(deal, "id");
    if (!id)
        return;
    if (amount) {
        json_decref(world_edit(s->w, 1, "{'object':'deal','id':'%s','set':{'amount':'%s'}}", id, n));
        note(s, i, "valuation", 1, n);
    } else {
        json_decref(world_edit(s->w, 1, "{'object':'deal','id':'%s','set':{'dealstage':'%s'}}", id, stages[roll(s, 7)]));
    }
}

static void edit_crm(struct simulation *s, size_t i, unsigned what)
{
    static const char *const stages[] = {"new", "contacted", "qualified", "negotiation", "won", "lost"};
    static const char *const tags[] = {"Lead", "VIP", "Partner", "Press"};
    AUTO_FREE char *key = world_key(s->w, i);
    AUTO_JSON json_t *c = world_contact(s->w, key);
    const char *id = js_str(c, "id");
    AUTO_FREE char *n = mem_printf("%zu", 1000 + s->n), *mark = mem_printf("crm note %03zu", s->n);
    AUTO_FREE char *note_text = mem_printf("%s, at length ", mark);
    json_t *done = NULL;
    if (!id)
        return; /* not there yet */
    if (s->deals && (what == 0 || what == 2)) {
        edit_deal(s, i, what == 0);
        return;
    }
    if (what == 0) {
        done = world_edit(s->w, 1, "{'object':'contact','id':'%s','set':{'inbox_valuation':'%s'}}", id, n);
        note(s, i, "valuation", 1, n);
    } else if (what == 1) {
        done = world_edit(s->w, 1, "{'object':'contact','id':'%s','set':{'inbox_notes':'%s'}}", id, note_text);
        note(s, i, "notes", 1, mark);
    } else if (what == 2) {
        done = world_edit(s->w, 1, "{'object':'contact','id':'%s','set':{'inbox_stage':'%s'}}", id, stages[roll(s, 6)]);
    } else {
        done = world_edit(s->w, 1, "{'object':'contact','id':'%s','set':{'inbox_tags':'%s;%s'}}", id, tags[roll(s, 2)], tags[2 + roll(s, 2)]);
    }
    json_decref(done);
}

static void somebody_edits(struct simulation *s)
{
    bool again = roll(s, 2);
    size_t person = roll(s, PEOPLE);
    unsigned what = (unsigned)roll(s, 4);
    int side = (int)roll(s, 2);
    if (again) {
        person = s->last_person;
        what = s->last_what;
        side = 1 - s->last_side;
    }
    s->last_person = person;
    s->last_what = what;
    s->last_side = side;
    if (side == 0)
        edit_inbox(s, person, what);
    else
        edit_crm(s, person, what);
}

static void meddle(struct world *w, void *self)
{
    struct simulation *s = self;
    (void)w;
    if (!s->fewer && roll(s, 8) == 0)
        somebody_edits(s);
}

/* ---- the world ---- */

static void misbehave(struct simulation *s)
{
    seeds_misbehave(s->w, s->set);
    if (seeds_has(s->set, RACES)) {
        s->w->meddle = meddle;
        s->w->meddler = s;
    }
    if (s->tidy)
        world_manners(s->w, 1, "{\"trim\":true,\"truncate\":24}");
}

static void behave(struct simulation *s)
{
    seeds_behave(s->w);
    s->fewer = true;
}

/* ---- nothing is lost in silence ---- */

/* Where nobody edits while the bridge writes, an edit that was written over unseen has no excuse: the policy must have
 * decided about it, so its "overtaken" row does not count. */
static bool excuses(const struct simulation *s, const struct log_row *row)
{
    return s->set == RACES || s->set == DISORDER || s->set == EVERYTHING || !str_eq(row->event, "overtaken");
}

static bool link_log(struct simulation *s, const char *object, const char *key, json_t *all)
{
    struct world *w = s->w;
    struct link link __attribute__((cleanup(link_done))) = {0};
    struct log_row *rows = NULL;
    size_t n = 0;
    bool found = false;
    struct err err = {0};
    if (!store_link_get(w->store, "r", object, key, &link, &found, &err) || !found)
        return false;
    struct hold *holds = NULL;
    size_t n_holds = 0;
    if (store_holds_of(w->store, link.id, &holds, &n_holds, &err))
        for (size_t i = 0; i < n_holds; i++)
            json_array_append(all, holds[i].about);
    holds_free(holds, n_holds);
    if (store_log_of(w->store, link.id, 0, 100000, &rows, &n, &err))
        for (size_t i = 0; i < n; i++)
            if (excuses(s, &rows[i]))
                json_array_append(all, rows[i].cells);
    log_rows_free(rows, n);
    return true;
}

/* What the log says of a person and their deals, and what stands in those that are over, which are left alone. */
static char *log_text(struct simulation *s, const char *key)
{
    AUTO_JSON json_t *all = json_array();
    bool found = link_log(s, "prospect", key, all);
    for (int n = 1; s->deals && found; n++) {
        AUTO_FREE char *child = mem_printf("%s#deal-%d", key, n);
        AUTO_JSON json_t *deal = world_deal(s->w, child);
        found = link_log(s, "deal", child, all);
        const json_t *props = json_object_get(deal, "properties");
        if (str_eq(js_str(props, "hs_is_closed"), "true"))
            json_array_append(all, json_object_get(props, "amount"));
    }
    return js_print(all);
}

static bool superseded(const struct simulation *s, size_t at)
{
    const struct edit *e = &s->edits[at];
    for (size_t i = at + 1; i < s->n; i++)
        if (s->edits[i].person == e->person && s->edits[i].side == e->side && str_eq(s->edits[i].field, e->field))
            return true;
    return false;
}

static char *lost_edit(struct simulation *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct edit *e = &s->edits[i];
        AUTO_FREE char *key = world_key(s->w, e->person);
        AUTO_FREE char *log = log_text(s, key);
        AUTO_JSON json_t *p = world_prospect(s->w, e->person);
        AUTO_FREE char *now = js_print(json_object_get(p, "context"));
        if (!superseded(s, i) && !strstr(now, e->value) && !strstr(log, e->value))
            return mem_printf("I4: %s's %s %s, written on side %d, is neither there nor in the log", key, e->field, e->value, e->side);
    }
    return NULL;
}

/* What stands in Inbox is what somebody wrote: never a CRM's tidied echo of it. */
static char *invented(struct simulation *s)
{
    for (size_t i = 0; i < PEOPLE; i++) {
        AUTO_JSON json_t *p = world_prospect(s->w, i);
        const char *notes = js_str(json_object_get(p, "context"), "notes");
        if (notes && str_starts(notes, "inbox note") && !strstr(notes, ", written at length "))
            return mem_printf("I4: Inbox's note became \"%s\", which nobody wrote", notes);
    }
    return NULL;
}

/* ---- one run ---- */

static char *simulate(enum set set, uint64_t seed, unsigned without)
{
    struct simulation *s = mem_alloc(sizeof *s);
    s->set = set;
    s->tidy = seed % 2;
    s->dice = seed * 2654435761u + 12345;
    static const char *const reopens[] = {"new", "reuse", "never"};
    AUTO_FREE char *deals = world_deals_reopening(reopens[seed / 3 % 3]);
    s->deals = seeds_number("SIM_DEALS", seed % 3 == 0);
    s->w = world_new(seed + 1, PEOPLE, s->deals ? deals : NULL);
    s->w->without = without;
    misbehave(s);
    seeds_pass(s->w, s->set, &s->dice);
    for (int i = 0; i < EDITS; i++) {
        somebody_edits(s);
        sandbox_advance(s->w->box, (int64_t)roll(s, 40000));
        if (roll(s, 3) == 0)
            seeds_pass(s->w, s->set, &s->dice);
    }
    seeds_pass(s->w, s->set, &s->dice);
    behave(s);
    sandbox_advance(s->w->box, 5000); /* replicas catch up long before the change window leaves them behind */
    seeds_pass(s->w, s->set, &s->dice);
    world_settle(s->w);
    char *broken = lost_edit(s);
    if (!broken)
        broken = invented(s);
    if (!broken)
        broken = world_broken(s->w);
    if (broken && getenv("SIM_LOG"))
        for (size_t i = 0; i < PEOPLE; i++) {
            AUTO_FREE char *key = world_key(s->w, i);
            AUTO_FREE char *log = log_text(s, key);
            AUTO_JSON json_t *contact = world_contact(s->w, key), *prospect = world_prospect(s->w, i);
            AUTO_FREE char *crm = js_print(json_object_get(contact, "properties")), *inbox = js_print(json_object_get(prospect, "context"));
            AUTO_FREE char *past = js_print(json_object_get(json_object_get(contact, "history"), getenv("SIM_PAST") ? getenv("SIM_PAST") : "inbox_notes"));
            fprintf(stderr, "%s: %s\n  crm %s\n  notes %s\n  inbox %s\n", key, log, crm, past, inbox);
        }
    world_free(s->w);
    free(s);
    return broken;
}

SEEDS_SET(a_calm_world_converges, CALM, SEEDS, simulate)
SEEDS_SET(lost_answers_lose_nothing, LOST, SEEDS, simulate)
SEEDS_SET(crashes_lose_nothing, CRASHES, SEEDS, simulate)
SEEDS_SET(stale_reads_lose_nothing, STALE, SEEDS, simulate)
SEEDS_SET(races_lose_nothing, RACES, SEEDS, simulate)
SEEDS_SET(disordered_events_lose_nothing, DISORDER, SEEDS, simulate)
SEEDS_SET(everything_at_once_loses_nothing, EVERYTHING, SEEDS, simulate)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_calm_world_converges),      cmocka_unit_test(lost_answers_lose_nothing),
        cmocka_unit_test(crashes_lose_nothing),        cmocka_unit_test(stale_reads_lose_nothing),
        cmocka_unit_test(races_lose_nothing),          cmocka_unit_test(disordered_events_lose_nothing),
        cmocka_unit_test(everything_at_once_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
