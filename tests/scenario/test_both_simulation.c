/* Seeded simulation of two routes: one Inbox, HubSpot and Salesforce, people editing all three at random, and a world that
 * misbehaves in one chosen way or in all. When all is quiet both CRMs must be in step with Inbox, and nobody's edit lost.
 *
 *   SIM_…                                         as tests/kit/seeds.h says */
#include "bridge/base/str.h"
#include "tests/kit/seeds.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

#define PEOPLE 3
#define EDITS 14
#define SIDES 3
#define SEEDS 12

enum what { VALUATION, NOTES, STATUS, TAGS, KINDS };

/* The same cell in the terms of each side: its name, and what stands before, between and after its values. */
static const struct cell_name {
    const char *field, *before, *between, *after;
} names[SIDES][KINDS] = {
    {{"context.valuation", "", "", ""}, {"context.notes", "'", "", "'"}, {"context.status", "'", "", "'"}, {"context.tags", "['", "','", "']"}},
    {{"inbox_valuation", "'", "", "'"}, {"inbox_notes", "'", "", "'"}, {"inbox_stage", "'", "", "'"}, {"inbox_tags", "'", ";", "'"}},
    {{"inbox_valuation__c", "", "", ""}, {"inbox_notes__c", "'", "", "'"}, {"Status", "'", "", "'"}, {"inbox_tags__c", "'", ";", "'"}}};
static const char *const stages[SIDES][6] = {
    {"New", "Contacted", "Lost", "Qualified", "Negotiation", "Won"},
    {"new", "contacted", "lost", "qualified", "negotiation", "won"},
    {"Open - Not Contacted", "Working - Contacted", "Closed - Not Converted", "Open - Not Contacted", "Working - Contacted", "Closed - Not Converted"}};
static const char *const tags[] = {"Lead", "VIP", "Partner", "Press"};

struct edit {
    size_t person;
    enum what what;
    int side;
    char value[48];
};

struct simulation {
    struct world *w;
    enum set set;
    uint64_t dice;
    struct edit edits[EDITS + 200];
    size_t n;
    bool tidy;  /* HubSpot trims and truncates what it is given */
    bool fewer; /* no more edits by meddlers */
    size_t last_person; /* people like to edit what was just edited, on another side */
    enum what last_what;
    int last_side;
};

static uint64_t roll(struct simulation *s, uint64_t sides)
{
    return seeds_roll(&s->dice, sides);
}

/* ---- people ---- */

static void note(struct simulation *s, size_t person, enum what what, int side, const char *value)
{
    if (s->n == COUNT(s->edits))
        return;
    struct edit *e = &s->edits[s->n++];
    *e = (struct edit){.person = person, .what = what, .side = side};
    str_copy(e->value, sizeof e->value, value);
}

static char *set_text(int side, enum what what, const char *one, const char *two)
{
    const struct cell_name *c = &names[side][what];
    return mem_printf("'%s':%s%s%s%s%s", c->field, c->before, one, c->between, two, c->after);
}

/* What somebody writes there. Valuations and notes are written once only, so that they can be looked for. */
static char *written(struct simulation *s, size_t person, enum what what, int side)
{
    AUTO_FREE char *n = mem_printf("%zu", 1000 + s->n), *mark = mem_printf("note %03zu of side %d", s->n, side);
    AUTO_FREE char *text = mem_printf("%s, at length ", mark);
    if (what == STATUS)
        return set_text(side, what, stages[side][roll(s, 6)], "");
    if (what == TAGS) {
        const char *first = tags[roll(s, 2)];
        return set_text(side, what, first, tags[2 + roll(s, 2)]);
    }
    note(s, person, what, side, what == VALUATION ? n : mark);
    return set_text(side, what, what == VALUATION ? n : text, "");
}

static void edit(struct simulation *s, size_t i, enum what what, int side)
{
    static const char *const objects[SIDES] = {"prospect", "contact", "Lead"}, *const ids[SIDES] = {"platformId", "id", "Id"};
    AUTO_FREE char *key = world_key(s->w, i);
    size_t n = 1;
    AUTO_JSON json_t *record = side ? world_person(s->w, side, key, &n) : world_prospect(s->w, i);
    if (!record)
        return; /* not there yet */
    AUTO_FREE char *set = written(s, i, what, side);
    json_decref(world_edit(s->w, side, "{'object':'%s','id':'%s','set':{%s}}", objects[side], js_str(record, ids[side]), set));
}

static void somebody_edits(struct simulation *s)
{
    bool again = roll(s, 2);
    size_t person = roll(s, PEOPLE);
    enum what what = (enum what)roll(s, KINDS);
    int side = (int)roll(s, SIDES), other = 1 + (int)roll(s, SIDES - 1);
    if (again) {
        person = s->last_person;
        what = s->last_what;
        side = (s->last_side + other) % SIDES;
    }
    s->last_person = person;
    s->last_what = what;
    s->last_side = side;
    edit(s, person, what, side);
}

static void meddle(struct world *w, void *self)
{
    struct simulation *s = self;
    (void)w;
    if (!s->fewer && roll(s, 8) == 0)
        somebody_edits(s);
}

/* ---- nothing is lost in silence ---- */

/* Where nobody edits while the bridge writes, an edit that was written over unseen has no excuse: the policy must have
 * decided about it, so its "overtaken" row does not count. */
static bool excuses(const struct simulation *s, const struct log_row *row)
{
    return seeds_has(s->set, RACES) || seeds_has(s->set, DISORDER) || !str_eq(row->event, "overtaken");
}

static void link_log(struct simulation *s, const char *route, const char *key, json_t *all)
{
    struct link link __attribute__((cleanup(link_done))) = {0};
    struct log_row *rows = NULL;
    struct hold *holds = NULL;
    size_t n = 0;
    bool found = false;
    struct err err = {0};
    assert_true(store_link_get(s->w->store, route, "prospect", key, &link, &found, &err));
    if (!found)
        return;
    assert_true(store_holds_of(s->w->store, link.id, &holds, &n, &err));
    for (size_t i = 0; i < n; i++)
        json_array_append(all, holds[i].about);
    holds_free(holds, n);
    assert_true(store_log_of(s->w->store, link.id, 0, 100000, &rows, &n, &err));
    for (size_t i = 0; i < n; i++)
        if (excuses(s, &rows[i]))
            json_array_append(all, rows[i].cells);
    log_rows_free(rows, n);
}

static char *log_text(struct simulation *s, const char *key)
{
    AUTO_JSON json_t *all = json_array();
    link_log(s, "r", key, all);
    link_log(s, "s", key, all);
    return js_print(all);
}

static bool superseded(const struct simulation *s, size_t at)
{
    const struct edit *e = &s->edits[at];
    for (size_t i = at + 1; i < s->n; i++)
        if (s->edits[i].person == e->person && s->edits[i].side == e->side && s->edits[i].what == e->what)
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
        if (!superseded(s, i) && !strstr(now, e->value) && !strstr(log, e->value) && !seeds_unheard(s->w, e->side, e->value))
            return mem_printf("I4: %s's %s, written on side %d, is neither there nor in the log", key, e->value, e->side);
    }
    return NULL;
}

/* ---- two routes do not play ball ---- */

/* Valuations and notes are written once only: one that comes back again and again was brought by the bridge itself. */
static char *flapping(struct simulation *s)
{
    for (size_t k = 0; k < s->w->n; k++)
        for (size_t i = 0; i < PEOPLE; i++) {
            struct link link __attribute__((cleanup(link_done))) = {0};
            struct hold *holds = NULL;
            size_t n = 0;
            bool found = false, flaps = false;
            struct err err = {0};
            AUTO_FREE char *key = world_key(s->w, i);
            assert_true(store_link_get(s->w->store, s->w->route[k].name, "prospect", key, &link, &found, &err));
            assert_true(!found || store_holds_of(s->w->store, link.id, &holds, &n, &err));
            for (size_t h = 0; h < n; h++)
                flaps |= str_eq(holds[h].why, "flapping") && (str_eq(holds[h].field, "notes") || str_eq(holds[h].field, "valuation"));
            holds_free(holds, n);
            if (flaps)
                return mem_printf("flapping: %s in route %s", key, s->w->route[k].name);
        }
    return NULL;
}

/* ---- one run ---- */

static void show(struct simulation *s)
{
    for (size_t i = 0; i < PEOPLE; i++) {
        size_t n = 0;
        AUTO_FREE char *key = world_key(s->w, i);
        AUTO_FREE char *log = log_text(s, key);
        AUTO_JSON json_t *contact = world_person(s->w, 1, key, &n), *lead = world_person(s->w, 2, key, &n), *prospect = world_prospect(s->w, i);
        AUTO_FREE char *hub = js_print(json_object_get(contact, "properties")), *sales = js_print(lead);
        AUTO_FREE char *inbox = js_print(json_object_get(prospect, "context"));
        fprintf(stderr, "%s: %s\n  hubspot %s\n  salesforce %s\n  inbox %s\n", key, log, hub, sales, inbox);
    }
}

static void people_and_bridge(struct simulation *s)
{
    seeds_pass(s->w, s->set, &s->dice);
    for (int i = 0; i < EDITS; i++) {
        somebody_edits(s);
        sandbox_advance(s->w->box, (int64_t)roll(s, 40000));
        if (roll(s, 3) == 0)
            seeds_pass(s->w, s->set, &s->dice);
    }
    seeds_pass(s->w, s->set, &s->dice);
    seeds_behave(s->w);
    s->fewer = true;
    sandbox_advance(s->w->box, 5000); /* replicas catch up long before the change window leaves them behind */
    seeds_pass(s->w, s->set, &s->dice);
    world_settle(s->w);
}

static char *simulate(enum set set, uint64_t seed, unsigned without)
{
    struct simulation *s = mem_alloc(sizeof *s);
    s->set = set;
    s->tidy = seed % 2;
    s->dice = seed * 2654435761u + 12345;
    s->w = world_new_both(seed + 1, PEOPLE, NULL, NULL);
    s->w->without = without;
    seeds_misbehave(s->w, set);
    if (seeds_has(set, RACES)) {
        s->w->meddle = meddle;
        s->w->meddler = s;
    }
    if (s->tidy)
        world_manners(s->w, 1, "{\"trim\":true,\"truncate\":24}");
    people_and_bridge(s);
    char *broken = lost_edit(s);
    if (!broken)
        broken = flapping(s);
    if (!broken)
        broken = world_broken(s->w);
    if (broken && getenv("SIM_LOG"))
        show(s);
    world_free(s->w);
    free(s);
    return broken;
}

SEEDS_SET(two_routes_converge_in_a_calm_world, CALM, SEEDS, simulate)
SEEDS_SET(lost_answers_lose_nothing, LOST, SEEDS, simulate)
SEEDS_SET(crashes_lose_nothing, CRASHES, SEEDS, simulate)
SEEDS_SET(stale_reads_and_late_commits_lose_nothing, STALE, SEEDS, simulate)
SEEDS_SET(races_lose_nothing, RACES, SEEDS, simulate)
SEEDS_SET(disordered_events_lose_nothing, DISORDER, SEEDS, simulate)
SEEDS_SET(everything_at_once_loses_nothing, EVERYTHING, SEEDS, simulate)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_routes_converge_in_a_calm_world),
        cmocka_unit_test(lost_answers_lose_nothing),
        cmocka_unit_test(crashes_lose_nothing),
        cmocka_unit_test(stale_reads_and_late_commits_lose_nothing),
        cmocka_unit_test(races_lose_nothing),
        cmocka_unit_test(disordered_events_lose_nothing),
        cmocka_unit_test(everything_at_once_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
