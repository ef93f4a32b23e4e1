/* Stories of deals in two CRMs that share an Inbox: what is done to a deal in one of them must come of the deal in the other. A
 * table says how many writes one edit is worth; the stories are also told with the power cut. */
#include "bridge/base/str.h"
#include "tests/kit/deals.h"
#include "tests/kit/story.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* after the standard headers */
#include <cmocka.h>

enum side { INBOX, HUBSPOT, SALESFORCE, SIDES };

struct story {
    const char *name;
    void (*act)(struct world *w);
    void (*check)(struct world *w);
};

/* ---- people and what they see ---- */

static void edit_inbox(struct world *w, const char *set)
{
    AUTO_JSON json_t *p = world_prospect(w, 0);
    json_decref(world_edit(w, INBOX, "{'object':'prospect','id':'%s','set':{%s}}", js_str(p, "platformId"), set));
}

static json_t *newest(struct world *w, enum side side)
{
    AUTO_FREE char *key = world_key(w, 0);
    return deal_newest(w, side, key);
}

static void edit_deal(struct world *w, enum side side, const char *field, const char *value)
{
    const struct deal_crm *c = deal_crm_of(w, side);
    AUTO_JSON json_t *deal = newest(w, side);
    assert_non_null(deal);
    json_decref(world_edit(w, side, "{'object':'%s','id':'%s','set':{'%s':'%s'}}", c->object, js_str(deal, c->id), field, value));
}

static void price(struct world *w, enum side side, const char *amount)
{
    AUTO_FREE char *set = mem_printf("'context.valuation':%s", amount);
    if (side == INBOX)
        edit_inbox(w, set);
    else
        edit_deal(w, side, deal_crm_of(w, side)->amount, amount);
}

static void move(struct world *w, enum side side, enum deal_stage stage)
{
    static const char *const names[DEAL_STAGES] = {"New", "Contacted", "Qualified", "Negotiation", "Won", "Lost"};
    AUTO_FREE char *set = mem_printf("'context.status':'%s'", names[stage]);
    if (side == INBOX)
        edit_inbox(w, set);
    else
        edit_deal(w, side, deal_crm_of(w, side)->stage, deal_crm_of(w, side)->stages[stage]);
}

static void assert_deals(struct world *w, const char *amount, enum deal_stage stage)
{
    for (enum side side = HUBSPOT; side < SIDES; side++) {
        const struct deal_crm *c = deal_crm_of(w, side);
        AUTO_JSON json_t *deal = newest(w, side);
        AUTO_FREE char *have = deal_text(deal, c->amount), *at = deal_text(deal, c->stage);
        assert_string_equal(have, amount);
        assert_string_equal(at, c->stages[stage]);
    }
}

static void assert_inbox(struct world *w, int valuation)
{
    AUTO_JSON json_t *p = world_prospect(w, 0);
    assert_int_equal(json_number_value(json_object_get(json_object_get(p, "context"), "valuation")), valuation);
}

static size_t deals(struct world *w, enum side side)
{
    AUTO_FREE char *key = world_key(w, 0);
    size_t n = 0;
    for (bool there = true; there; n += there) {
        AUTO_FREE char *child = mem_printf("%s#deal-%zu", key, n + 1);
        AUTO_JSON json_t *deal = deal_at(w, side, child);
        there = deal != NULL;
    }
    return n;
}

static struct world *open_deals(void)
{
    struct world *w = deal_both(42, 2, deal_hubspot.mapping, deal_salesforce.mapping);
    price(w, INBOX, "100");
    move(w, INBOX, DEAL_CONTACTED);
    world_settle(w);
    assert_deals(w, "100", DEAL_CONTACTED);
    return w;
}

/* ---- the stories ---- */

static void win_and_ask_again(struct world *w)
{
    move(w, HUBSPOT, DEAL_WON);
    world_settle(w);
    assert_deals(w, "100", DEAL_WON);
    price(w, INBOX, "300");
    move(w, INBOX, DEAL_NEW);
}

static void another_one_in_both(struct world *w)
{
    assert_int_equal(deals(w, HUBSPOT), 2);
    assert_int_equal(deals(w, SALESFORCE), 2);
    assert_deals(w, "300", DEAL_NEW);
}

static void price_in_both(struct world *w)
{
    price(w, HUBSPOT, "210");
    price(w, SALESFORCE, "220");
    move(w, SALESFORCE, DEAL_NEGOTIATION);
}

static void one_price_stands(struct world *w)
{
    AUTO_JSON json_t *deal = newest(w, HUBSPOT);
    AUTO_FREE char *amount = deal_text(deal, deal_hubspot.amount);
    assert_true(str_eq(amount, "210") || str_eq(amount, "220"));
    assert_deals(w, amount, DEAL_NEGOTIATION);
    assert_inbox(w, str_eq(amount, "210") ? 210 : 220);
    assert_int_equal(deals(w, HUBSPOT), 1);
    assert_int_equal(deals(w, SALESFORCE), 1);
}

static void lose_in_both(struct world *w)
{
    move(w, HUBSPOT, DEAL_LOST);
    move(w, SALESFORCE, DEAL_LOST);
    price(w, SALESFORCE, "90");
}

static void both_are_lost(struct world *w)
{
    assert_inbox(w, 90);
    assert_int_equal(deals(w, HUBSPOT), 1);
    assert_int_equal(deals(w, SALESFORCE), 1);
    AUTO_JSON json_t *hubspot = newest(w, HUBSPOT), *salesforce = newest(w, SALESFORCE);
    assert_false(deal_open(hubspot) || deal_open(salesforce));
}

static const struct story stories[] = {
    {"won in one, asked again", win_and_ask_again, another_one_in_both},
    {"priced in both", price_in_both, one_price_stands},
    {"lost in both", lose_in_both, both_are_lost},
};

static struct world *begin(const void *story, const char *mapping)
{
    struct world *w = open_deals();
    (void)mapping;
    ((const struct story *)story)->act(w);
    return w;
}

static void check(struct world *w, const void *story)
{
    ((const struct story *)story)->check(w);
}

static void tell(const struct story *s)
{
    story_tell(&(struct telling){.name = s->name, .story = s, .begin = begin, .check = check, .every = 13});
}

STORY(a_deal_won_in_one_crm_is_won_in_the_other_and_the_next_one_is_made_in_both, 0)
STORY(a_deal_priced_in_both_crms_has_one_price, 1)
STORY(a_deal_lost_in_both_crms_stays_lost, 2)

/* ---- how many writes one edit is worth ---- */

static const struct cost {
    enum side side;
    const char *amount;   /* NULL: it is moved */
    enum deal_stage stage;
    int64_t writes[SIDES]; /* requests that changed something: of a CRM the deal and what its contact shows of Inbox */
} costs[] = {
    {INBOX, "101", 0, {0, 2, 2}},
    {HUBSPOT, "102", 0, {1, 1, 2}},
    {SALESFORCE, "103", 0, {1, 2, 1}},
    {INBOX, NULL, DEAL_QUALIFIED, {0, 2, 2}},
    {HUBSPOT, NULL, DEAL_NEGOTIATION, {1, 1, 2}},
    {SALESFORCE, NULL, DEAL_WON, {1, 2, 1}},
};

static void one_edit_of_a_deal_is_one_write_of_each_record_that_shows_it(void **state)
{
    static const char *const names[SIDES] = {"Inbox", "HubSpot", "Salesforce"};
    struct world *w = open_deals();
    (void)state;
    print_message("%-11s %-7s  %5s %8s %11s\n", "edited in", "what", "Inbox", "HubSpot", "Salesforce");
    for (size_t k = 0; k < COUNT(costs); k++) {
        const struct cost *c = &costs[k];
        int64_t before[SIDES], made[SIDES];
        for (int side = 0; side < SIDES; side++)
            before[side] = world_writes(w, side);
        if (c->amount)
            price(w, c->side, c->amount);
        else
            move(w, c->side, c->stage);
        world_settle(w);
        for (int side = 0; side < SIDES; side++)
            made[side] = world_writes(w, side) - before[side];
        print_message("%-11s %-7s  %5lld %8lld %11lld\n", names[c->side], c->amount ? "amount" : "stage", (long long)made[0],
                      (long long)made[1], (long long)made[2]);
        assert_deals(w, c->amount ? c->amount : "103", c->amount ? DEAL_CONTACTED : c->stage);
        assert_memory_equal(made, c->writes, sizeof made);
    }
    world_free(w);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_edit_of_a_deal_is_one_write_of_each_record_that_shows_it),
        cmocka_unit_test(a_deal_won_in_one_crm_is_won_in_the_other_and_the_next_one_is_made_in_both),
        cmocka_unit_test(a_deal_priced_in_both_crms_has_one_price),
        cmocka_unit_test(a_deal_lost_in_both_crms_stays_lost),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
