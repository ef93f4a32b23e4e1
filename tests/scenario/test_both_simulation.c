/* Seeded simulation of two routes: one Inbox, HubSpot and Salesforce, people editing all three at random, and a world that
 * misbehaves in one chosen way or in all. When all is quiet both CRMs must be in step with Inbox, and nobody's edit lost.
 *
 *   SIM_…                                         as tests/kit/seeds.h says */
#include "tests/kit/crowd.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* after the standard headers */
#include <cmocka.h>

#define PEOPLE 3
#define SIDES 3
#define SEEDS 12

enum { VALUATION, NOTES, STATUS, TAGS, KINDS };

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

/* ---- people ---- */

static char *set_text(int side, unsigned what, const char *one, const char *two)
{
    const struct cell_name *c = &names[side][what];
    return mem_printf("'%s':%s%s%s%s%s", c->field, c->before, one, c->between, two, c->after);
}

/* What somebody writes there. Valuations and notes are written once only, so that they can be looked for. */
static char *written(struct crowd *c, size_t person, unsigned what, int side)
{
    AUTO_FREE char *n = mem_printf("%zu", 1000 + c->edits.n), *mark = mem_printf("note %03zu of side %d", c->edits.n, side);
    AUTO_FREE char *text = mem_printf("%s, at length ", mark);
    if (what == STATUS)
        return set_text(side, what, stages[side][crowd_roll(c, 6)], "");
    if (what == TAGS) {
        const char *first = tags[crowd_roll(c, 2)];
        return set_text(side, what, first, tags[2 + crowd_roll(c, 2)]);
    }
    seeds_note(&c->edits, person, what == VALUATION ? "valuation" : "notes", side, what == VALUATION ? n : mark);
    return set_text(side, what, what == VALUATION ? n : text, "");
}

static void edit(struct crowd *c, size_t i, unsigned what, int side)
{
    static const char *const objects[SIDES] = {"prospect", "contact", "Lead"}, *const ids[SIDES] = {"platformId", "id", "Id"};
    AUTO_FREE char *key = world_key(c->w, i);
    size_t n = 1;
    AUTO_JSON json_t *record = side ? world_person(c->w, side, key, &n) : world_prospect(c->w, i);
    if (!record)
        return; /* not there yet */
    AUTO_FREE char *set = written(c, i, what, side);
    json_decref(world_edit(c->w, side, "{'object':'%s','id':'%s','set':{%s}}", objects[side], js_str(record, ids[side]), set));
}

/* ---- one run ---- */

static void show(struct crowd *c, const char *key)
{
    size_t n = 0;
    AUTO_JSON json_t *contact = world_person(c->w, 1, key, &n), *lead = world_person(c->w, 2, key, &n);
    AUTO_FREE char *hub = js_print(json_object_get(contact, "properties")), *sales = js_print(lead);
    fprintf(stderr, "  hubspot %s\n  salesforce %s\n", hub, sales);
}

static char *simulate(enum set set, uint64_t seed, unsigned without)
{
    struct crowd c = {.people = PEOPLE, .kinds = KINDS, .edit = edit, .show = show, .tidy = seed % 2}; /* HubSpot is tidy */
    crowd_begin(&c, world_new_both(seed + 1, PEOPLE, NULL, NULL), set, seed, without);
    crowd_live(&c);
    char *broken = crowd_lost(&c);
    if (!broken)
        broken = crowd_flapping(&c, "valuation");
    if (!broken)
        broken = world_broken(c.w);
    return crowd_end(&c, broken);
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
