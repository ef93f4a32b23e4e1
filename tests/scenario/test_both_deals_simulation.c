/* Seeded simulation of deals in two CRMs: one Inbox, HubSpot and Salesforce, people who move and price deals in both, and status
 * and valuation in Inbox, while the world misbehaves. What was done to a deal in one CRM reaches the other's through Inbox.
 *
 *   SIM_…                                         as tests/kit/seeds.h says */
#include "bridge/base/str.h"
#include "tests/kit/crowd.h"
#include "tests/kit/deals.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* after the standard headers */
#include <cmocka.h>

#define PEOPLE 2
#define SIDES 3
#define SEEDS 5

static int crossed; /* edits seen to go from one CRM to the other, of all runs */

enum { AMOUNT, STAGE, NOTES, KINDS };

/* ---- people ---- */

static void edit_inbox(struct crowd *c, size_t i, unsigned what)
{
    static const char *const statuses[] = {"New", "Contacted", "Qualified", "Negotiation", "Won", "Lost"};
    AUTO_JSON json_t *p = world_prospect(c->w, i);
    AUTO_FREE char *n = mem_printf("%zu", 1000 + c->edits.n), *mark = mem_printf("note %03zu of Inbox", c->edits.n), *set = NULL;
    if (what == AMOUNT)
        set = mem_printf("'context.valuation':%s", n);
    else if (what == NOTES)
        set = mem_printf("'context.notes':'%s'", mark);
    else
        set = mem_printf("'context.status':'%s'", statuses[crowd_roll(c, COUNT(statuses))]);
    if (what != STAGE)
        seeds_note(&c->edits, i, what == AMOUNT ? "amount" : "notes", 0, what == AMOUNT ? n : mark);
    json_decref(world_edit(c->w, 0, "{'object':'prospect','id':'%s','set':{%s}}", js_str(p, "platformId"), set));
}

static void edit_contact(struct crowd *c, size_t i, int side, const char *key)
{
    const struct deal_crm *crm = deal_crm_of(c->w, side);
    size_t n = 0;
    AUTO_JSON json_t *contact = world_person(c->w, side, key, &n);
    AUTO_FREE char *mark = mem_printf("note %03zu of side %d", c->edits.n, side);
    if (!contact)
        return; /* not there yet */
    json_decref(world_edit(c->w, side, "{'object':'%s','id':'%s','set':{'%s':'%s'}}", crm->person, js_str(contact, crm->id), crm->notes, mark));
    seeds_note(&c->edits, i, "notes", side, mark);
}

static void edit_deal(struct crowd *c, size_t i, int side, const char *key, bool amount)
{
    const struct deal_crm *crm = deal_crm_of(c->w, side);
    AUTO_JSON json_t *deal = deal_newest(c->w, side, key);
    AUTO_FREE char *n = mem_printf("%zu", 1000 + c->edits.n);
    const char *id = js_str(deal, crm->id);
    uint64_t stage = amount ? 0 : crowd_roll(c, DEAL_STAGES + 1);
    if (!id)
        return;
    json_decref(world_edit(c->w, side, "{'object':'%s','id':'%s','set':{'%s':'%s'}}", crm->object, id, amount ? crm->amount : crm->stage,
                           amount ? n : stage < DEAL_STAGES ? crm->stages[stage] : crm->aside));
    if (amount)
        seeds_note(&c->edits, i, "amount", side, n);
}

static void edit(struct crowd *c, size_t i, unsigned what, int side)
{
    AUTO_FREE char *key = world_key(c->w, i);
    if (side == 0)
        edit_inbox(c, i, what);
    else if (what == NOTES)
        edit_contact(c, i, side, key);
    else
        edit_deal(c, i, side, key, what == AMOUNT);
}

/* ---- one more edit ---- */

/* Is the amount of this person's newest deal one that follows Inbox? The person must have an open one, and nothing held. */
static bool follows(struct crowd *c, int side, const char *key)
{
    struct link link __attribute__((cleanup(link_done))) = {0};
    struct hold *holds = NULL;
    size_t n = 0;
    bool found = false;
    struct err err = {0};
    AUTO_JSON json_t *deal = deal_newest(c->w, side, key);
    AUTO_FREE char *child = deal_text(deal, deal_crm_of(c->w, side)->key);
    if (!deal || !deal_open(deal))
        return false;
    assert_true(store_link_get(c->w->store, c->w->route[side - 1].name, "deal", child, &link, &found, &err));
    assert_true(!found || store_holds_of(c->w->store, link.id, &holds, &n, &err));
    holds_free(holds, n);
    return found && !n && link.state == LINK_LINKED;
}

static char *not_there(struct crowd *c, int side, const char *key, const char *amount)
{
    AUTO_JSON json_t *deal = deal_newest(c->w, side, key);
    AUTO_FREE char *have = deal_text(deal, deal_crm_of(c->w, side)->amount);
    return str_eq(have, amount) ? NULL : mem_printf("C1: the amount %s of %s did not reach side %d, where %s stands", amount, key, side, have);
}

/* When all is quiet one edit of a deal is on all sides as soon as everything has been looked at. */
static char *crossing(struct crowd *c)
{
    for (size_t i = 0; i < PEOPLE; i++) {
        AUTO_FREE char *key = world_key(c->w, i);
        int side = 1 + (int)crowd_roll(c, 2);
        if (!follows(c, 1, key) || !follows(c, 2, key))
            continue;
        AUTO_FREE char *amount = mem_printf("%zu", 1000 + c->edits.n);
        edit_deal(c, i, side, key, true);
        world_settle(c->w);
        for (int k = 1; k < SIDES; k++) {
            char *broken = not_there(c, k, key, amount);
            if (broken)
                return broken;
        }
        crossed++;
    }
    return NULL;
}

/* ---- one run ---- */

static void show(struct crowd *c, const char *key)
{
    for (int side = 1; side < SIDES; side++) {
        AUTO_JSON json_t *deal = deal_newest(c->w, side, key);
        AUTO_FREE char *text = js_print(deal ? deal : json_null());
        fprintf(stderr, "  side %d %s\n", side, text);
    }
}

static char *simulate(enum set set, uint64_t seed, unsigned without)
{
    static const char *const reopens[] = {"new", "reuse", "never"};
    AUTO_FREE char *hubspot = deal_mapping(&deal_hubspot, reopens[seed % 3]), *salesforce = deal_mapping(&deal_salesforce, reopens[seed / 3 % 3]);
    struct crowd c = {.people = PEOPLE, .kinds = KINDS, .edit = edit, .show = show, .deals = true, .tidy = seed % 2};
    crowd_begin(&c, deal_both(seed + 1, PEOPLE, hubspot, salesforce), set, seed, without);
    crowd_live(&c);
    char *broken = crowd_lost(&c);
    if (!broken)
        broken = crowd_flapping(&c, "amount");
    if (!broken)
        broken = world_broken(c.w);
    if (!broken)
        broken = crossing(&c);
    return crowd_end(&c, broken);
}

SEEDS_SET(deals_of_two_crms_converge_in_a_calm_world, CALM, SEEDS, simulate)
SEEDS_SET(lost_answers_lose_nothing, LOST, SEEDS, simulate)
SEEDS_SET(crashes_lose_nothing, CRASHES, SEEDS, simulate)
SEEDS_SET(stale_reads_and_late_commits_lose_nothing, STALE, SEEDS, simulate)
SEEDS_SET(races_lose_nothing, RACES, SEEDS, simulate)
SEEDS_SET(disordered_events_lose_nothing, DISORDER, SEEDS, simulate)
SEEDS_SET(everything_at_once_loses_nothing, EVERYTHING, SEEDS, simulate)

/* The edits at the end were made, not all excused. */
static void edits_of_deals_crossed(void **state)
{
    (void)state;
    print_message("%d edits of deals crossed from one CRM to the other\n", crossed);
    assert_true(crossed > 0 || getenv("SIM_SET"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deals_of_two_crms_converge_in_a_calm_world),
        cmocka_unit_test(lost_answers_lose_nothing),
        cmocka_unit_test(crashes_lose_nothing),
        cmocka_unit_test(stale_reads_and_late_commits_lose_nothing),
        cmocka_unit_test(races_lose_nothing),
        cmocka_unit_test(disordered_events_lose_nothing),
        cmocka_unit_test(everything_at_once_loses_nothing),
        cmocka_unit_test(edits_of_deals_crossed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
