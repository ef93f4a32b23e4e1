/* Seeded simulation: a small team and a CRM, people editing both sides at random, and a world that misbehaves in one chosen
 * way or in all. When all is quiet the invariants must hold. A seed reproduces its run exactly.
 *
 *   SIM_…                                         as tests/kit/seeds.h says
 *   SIM_DEALS=0|1                                 no deals, or deals for every seed (default: for every third)
 *
 * With Salesforce every seed has deals. The first argument picks tests: "*salesforce". */
#include "bridge/base/str.h"
#include "tests/kit/crowd.h"
#include "tests/kit/deals.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

#define PEOPLE 3
#define SEEDS 150
#define SALESFORCE_SEEDS 15

static struct tally told; /* what the metrics would say of all runs */

/* ---- people ---- */

static void edit_inbox(struct crowd *c, size_t i, unsigned what)
{
    static const char *const statuses[] = {"New", "Contacted", "Qualified", "Negotiation", "Won", "Lost"};
    static const char *const tags[] = {"Lead", "VIP", "Partner", "Press"};
    AUTO_JSON json_t *p = world_prospect(c->w, i);
    const char *id = js_str(p, "platformId");
    AUTO_FREE char *n = mem_printf("%zu", 1000 + c->edits.n), *mark = mem_printf("inbox note %03zu", c->edits.n);
    AUTO_FREE char *note_text = mem_printf("%s, written at length ", mark);
    json_t *done = NULL;
    if (what == 0) {
        done = world_edit(c->w, 0, "{'object':'prospect','id':'%s','set':{'context.valuation':%s}}", id, n);
        seeds_note(&c->edits, i, "valuation", 0, n);
    } else if (what == 1) {
        done = world_edit(c->w, 0, "{'object':'prospect','id':'%s','set':{'context.notes':'%s'}}", id, note_text);
        seeds_note(&c->edits, i, "notes", 0, mark);
    } else if (what == 2) {
        done = world_edit(c->w, 0, "{'object':'prospect','id':'%s','set':{'context.status':'%s'}}", id, statuses[crowd_roll(c, 6)]);
    } else {
        done = world_edit(c->w, 0, "{'object':'prospect','id':'%s','set':{'context.tags':['%s','%s']}}", id, tags[crowd_roll(c, 2)], tags[2 + crowd_roll(c, 2)]);
    }
    json_decref(done);
}

static void edit_deal(struct crowd *c, size_t i, bool amount)
{
    const struct deal_crm *crm = deal_crm_of(c->w, 1);
    AUTO_FREE char *key = world_key(c->w, i);
    AUTO_JSON json_t *deal = deal_newest(c->w, 1, key);
    AUTO_FREE char *n = mem_printf("%zu", 1000 + c->edits.n);
    const char *id = js_str(deal, crm->id);
    if (!id)
        return;
    if (amount) {
        json_decref(world_edit(c->w, 1, "{'object':'%s','id':'%s','set':{'%s':'%s'}}", crm->object, id, crm->amount, n));
        seeds_note(&c->edits, i, "valuation", 1, n);
    } else {
        uint64_t stage = crowd_roll(c, DEAL_STAGES + 1);
        json_decref(world_edit(c->w, 1, "{'object':'%s','id':'%s','set':{'%s':'%s'}}", crm->object, id, crm->stage,
                               stage < DEAL_STAGES ? crm->stages[stage] : crm->aside));
    }
}

static void edit_crm(struct crowd *c, size_t i, unsigned what)
{
    static const char *const stages[] = {"new", "contacted", "qualified", "negotiation", "won", "lost"};
    static const char *const tags[] = {"Lead", "VIP", "Partner", "Press"};
    AUTO_FREE char *key = world_key(c->w, i);
    AUTO_JSON json_t *contact = world_contact(c->w, key);
    const struct deal_crm *crm = deal_crm_of(c->w, 1);
    const char *id = js_str(contact, crm->id);
    AUTO_FREE char *n = mem_printf("%zu", 1000 + c->edits.n), *mark = mem_printf("crm note %03zu", c->edits.n);
    AUTO_FREE char *note_text = mem_printf("%s, at length ", mark);
    json_t *done = NULL;
    if (!id)
        return; /* not there yet */
    if (c->deals && (what == 0 || what == 2)) {
        edit_deal(c, i, what == 0);
        return;
    }
    if (what == 0) {
        done = world_edit(c->w, 1, "{'object':'%s','id':'%s','set':{'%s':'%s'}}", crm->person, id, crm->valuation, n);
        seeds_note(&c->edits, i, "valuation", 1, n);
    } else if (what == 1) {
        done = world_edit(c->w, 1, "{'object':'%s','id':'%s','set':{'%s':'%s'}}", crm->person, id, crm->notes, note_text);
        seeds_note(&c->edits, i, "notes", 1, mark);
    } else if (what == 2) {
        done = world_edit(c->w, 1, "{'object':'contact','id':'%s','set':{'inbox_stage':'%s'}}", id, stages[crowd_roll(c, 6)]);
    } else {
        done = world_edit(c->w, 1, "{'object':'%s','id':'%s','set':{'%s':'%s;%s'}}", crm->person, id, crm->tags, tags[crowd_roll(c, 2)], tags[2 + crowd_roll(c, 2)]);
    }
    json_decref(done);
}

static void edit(struct crowd *c, size_t person, unsigned what, int side)
{
    if (side == 0)
        edit_inbox(c, person, what);
    else
        edit_crm(c, person, what);
}

/* ---- one run ---- */

/* What stands in Inbox is what somebody wrote: never a CRM's tidied echo of it. */
static char *invented(struct crowd *c)
{
    for (size_t i = 0; i < PEOPLE; i++) {
        AUTO_JSON json_t *p = world_prospect(c->w, i);
        const char *notes = js_str(json_object_get(p, "context"), "notes");
        if (notes && str_starts(notes, "inbox note") && !strstr(notes, ", written at length "))
            return mem_printf("I4: Inbox's note became \"%s\", which nobody wrote", notes);
    }
    return NULL;
}

static void show(struct crowd *c, const char *key)
{
    AUTO_JSON json_t *contact = world_contact(c->w, key);
    const json_t *props = json_object_get(contact, "properties"), *history = json_object_get(contact, "history");
    AUTO_FREE char *theirs = js_print(props ? props : contact);
    AUTO_FREE char *past = js_print(history ? json_object_get(history, getenv("SIM_PAST") ? getenv("SIM_PAST") : "inbox_notes") : json_null());
    fprintf(stderr, "  crm %s\n  notes %s\n", theirs, past);
}

static char *simulate_with(const struct deal_crm *crm, enum set set, uint64_t seed, unsigned without)
{
    static const char *const reopens[] = {"new", "reuse", "never"};
    AUTO_FREE char *deals = deal_mapping(crm, reopens[seed / 3 % 3]);
    struct crowd c = {.people = PEOPLE, .kinds = 4, .edit = edit, .show = show, .tidy = crm == &deal_hubspot && seed % 2};
    c.deals = crm != &deal_hubspot || seeds_number("SIM_DEALS", seed % 3 == 0);
    crowd_begin(&c, crm->make(seed + 1, PEOPLE, c.deals ? deals : NULL), set, seed, without);
    crowd_live(&c);
    told.echo_t += c.w->route->tally.echo_t;
    told.spared += c.w->route->tally.spared;
    told.raced += c.w->route->tally.raced;
    char *broken = crowd_lost(&c);
    if (!broken)
        broken = invented(&c);
    if (!broken)
        broken = world_broken(c.w);
    return crowd_end(&c, broken);
}

static char *simulate(enum set set, uint64_t seed, unsigned without)
{
    return simulate_with(&deal_hubspot, set, seed, without);
}

static char *simulate_salesforce(enum set set, uint64_t seed, unsigned without)
{
    return simulate_with(&deal_salesforce, set, seed, without);
}

SEEDS_SET(a_calm_world_converges, CALM, SEEDS, simulate)
SEEDS_SET(lost_answers_lose_nothing, LOST, SEEDS, simulate)
SEEDS_SET(crashes_lose_nothing, CRASHES, SEEDS, simulate)
SEEDS_SET(stale_reads_lose_nothing, STALE, SEEDS, simulate)
SEEDS_SET(races_lose_nothing, RACES, SEEDS, simulate)
SEEDS_SET(disordered_events_lose_nothing, DISORDER, SEEDS, simulate)
SEEDS_SET(everything_at_once_loses_nothing, EVERYTHING, SEEDS, simulate)
SEEDS_SET(a_calm_world_converges_with_salesforce, CALM, SALESFORCE_SEEDS, simulate_salesforce)
SEEDS_SET(lost_answers_lose_nothing_with_salesforce, LOST, SALESFORCE_SEEDS, simulate_salesforce)
SEEDS_SET(crashes_lose_nothing_with_salesforce, CRASHES, SALESFORCE_SEEDS, simulate_salesforce)
SEEDS_SET(stale_reads_lose_nothing_with_salesforce, STALE, SALESFORCE_SEEDS, simulate_salesforce)
SEEDS_SET(races_lose_nothing_with_salesforce, RACES, SALESFORCE_SEEDS, simulate_salesforce)
SEEDS_SET(everything_at_once_loses_nothing_with_salesforce, EVERYTHING, SALESFORCE_SEEDS, simulate_salesforce)
SEEDS_SET(disordered_events_lose_nothing_with_salesforce, DISORDER, SALESFORCE_SEEDS, simulate_salesforce)

/* What people did to our writes was not only survived, it was counted. */
static void the_metrics_saw_it(void **state)
{
    (void)state;
    if (getenv("SIM_SET") || getenv("SIM_SEEDS") || getenv("SIM_WITHOUT"))
        return;
    print_message("%lld echoes, %lld writes spared, %lld cells raced\n", (long long)told.echo_t, (long long)told.spared, (long long)told.raced);
    assert_true(told.echo_t > 0 && told.spared > 0 && told.raced > 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_calm_world_converges),      cmocka_unit_test(lost_answers_lose_nothing),
        cmocka_unit_test(crashes_lose_nothing),        cmocka_unit_test(stale_reads_lose_nothing),
        cmocka_unit_test(races_lose_nothing),          cmocka_unit_test(disordered_events_lose_nothing),
        cmocka_unit_test(everything_at_once_loses_nothing),
        cmocka_unit_test(a_calm_world_converges_with_salesforce),
        cmocka_unit_test(lost_answers_lose_nothing_with_salesforce),
        cmocka_unit_test(crashes_lose_nothing_with_salesforce),
        cmocka_unit_test(stale_reads_lose_nothing_with_salesforce),
        cmocka_unit_test(races_lose_nothing_with_salesforce),
        cmocka_unit_test(disordered_events_lose_nothing_with_salesforce),
        cmocka_unit_test(everything_at_once_loses_nothing_with_salesforce),
        cmocka_unit_test(the_metrics_saw_it),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
