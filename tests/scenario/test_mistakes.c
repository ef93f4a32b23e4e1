/* What operators and admins do to a bridge that holds their customers' data: mappings edited between two runs, accounts
 * exchanged under its feet, records that match twice, choices that cannot be. Nothing may be lost, doubled or stand still. */
#include "bridge/base/str.h"
#include "bridge/sync/worker.h"
#include "tests/kit/must.h"
#include "tests/kit/talk.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

#define MINUTES(n) ((n) * INT64_C(60000))

/* ---- people ---- */

static char *swapped(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    assert_non_null(at);
    return mem_printf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static size_t contacts(struct world *w)
{
    AUTO_JSON json_t *state = world_state(w, 1);
    return json_array_size(json_object_get(state, "contact"));
}

/* ---- records that match twice ---- */

static char *make_twin(struct world *w)
{
    AUTO_JSON json_t *made = world_edit(w, 1, "{'object':'contacts','create':{'firstname':'Twin','email':'twin@x.example'}}");
    sandbox_advance(w->box, MINUTES(3)); /* the search index has heard of it */
    return mem_dup(js_str(json_is_array(made) ? json_array_get(made, 0) : made, "id"));
}

/* Two prospects of one batch find the same contact by a field that is not unique. */
static struct world *begin_twins(char **id)
{
    static char *mapping;
    free(mapping);
    mapping = swapped(world_mapping, "match = ( \"inbox_prospect_key\" )", "match = ( \"inbox_prospect_key\", \"firstname\" )");
    struct world *w = world_new(1, 4, mapping);
    *id = make_twin(w);
    world_edit_inbox(w, 0, "'displayName':'Twin'");
    world_edit_inbox(w, 1, "'displayName':'Twin'");
    world_settle(w);
    return w;
}

static void two_prospects_of_a_batch_never_share_a_record(void **state)
{
    AUTO_FREE char *id = NULL;
    struct world *w = begin_twins(&id);
    struct link a __attribute__((cleanup(link_done))) = world_link(w, "r", 0), b __attribute__((cleanup(link_done))) = world_link(w, "r", 1);
    int64_t holds = 0;
    (void)state;
    must(store_holds_count(w->store, "r", &holds, err));
    assert_int_equal(holds, 1);
    assert_int_equal((a.state == LINK_LINKED) + (b.state == LINK_LINKED), 1);
    assert_int_equal((a.state == LINK_AMBIGUOUS) + (b.state == LINK_AMBIGUOUS), 1);
    for (size_t i = 2; i < 4; i++) { /* nor do they keep the others of the batch waiting */
        struct link c __attribute__((cleanup(link_done))) = world_link(w, "r", i);
        assert_int_equal(c.state, LINK_LINKED);
    }
    assert_null(world_broken(w));
    world_free(w);
}

static void a_chosen_record_that_is_somebody_elses_is_asked_for_again(void **state)
{
    AUTO_FREE char *id = NULL;
    struct world *w = begin_twins(&id);
    struct hold *holds = NULL;
    size_t n = 0;
    (void)state;
    for (int round = 0; round < 2; round++) {
        must(store_holds(w->store, "r", 0, 10, &holds, &n, err));
        assert_int_equal(n, 1);
        if (round)
            assert_non_null(strstr(holds[0].why, "belongs to another prospect"));
        assert_null(holds[0].choice);
        holds[0].choice = mem_dup(id);
        must(store_hold_put(w->store, &holds[0], err));
        holds_free(holds, n);
        must(intake_mark_all(w->route, LANE_LIVE, err));
        world_edit_inbox(w, 2, "'context.valuation':4711");
        world_settle(w);
    }
    AUTO_FREE char *key = world_key(w, 2);
    AUTO_JSON json_t *c = world_contact(w, key);
    assert_string_equal(js_str(json_object_get(c, "properties"), "inbox_valuation"), "4711");
    world_free(w);
}

/* ---- mappings edited between two runs ---- */

static struct world *begin_with_notes(void)
{
    struct world *w = world_new(1, 4, world_mapping);
    for (size_t i = 0; i < 4; i++)
        world_edit_inbox(w, i, "'context.notes':'written by people'");
    world_settle(w);
    return w;
}

static void restart_with(struct world *w, const char *mapping)
{
    world_stop(w);
    w->crm[0].mapping = mapping;
    world_start(w);
    must(intake_mark_all(w->route, LANE_RECONCILE, err));
    world_settle(w);
}

static void assert_notes_are_there(struct world *w)
{
    for (size_t i = 0; i < 4; i++) {
        AUTO_JSON json_t *p = world_prospect(w, i);
        assert_string_equal(js_str_or(json_object_get(p, "context"), "notes", ""), "written by people");
    }
}

static void a_field_pointed_at_another_property_is_a_first_contact(void **state)
{
    struct world *w = begin_with_notes();
    AUTO_FREE char *key = world_key(w, 0), *other = swapped(world_mapping, "crm = \"inbox_notes\"", "crm = \"lastname\"");
    AUTO_JSON json_t *c = world_contact(w, key);
    (void)state;
    json_decref(world_edit(w, 1, "{'object':'contact','id':'%s','set':{'lastname':'Miller'}}", js_str(c, "id")));
    restart_with(w, other);
    assert_notes_are_there(w); /* initial = source; neither the blank ones nor Miller went over them */
    assert_null(world_broken(w));
    restart_with(w, world_mapping); /* and back */
    assert_notes_are_there(w);
    assert_null(world_broken(w));
    world_free(w);
}

/* What was on its way to the old property says nothing about the new one. */
static void an_open_intent_for_the_old_property_is_not_looked_for_in_the_new_one(void **state)
{
    struct world *w = begin_with_notes();
    AUTO_FREE char *other = swapped(world_mapping, "crm = \"inbox_notes\"", "crm = \"lastname\"");
    (void)state;
    world_edit_inbox(w, 1, "'context.notes':'newer'");
    sandbox_fault(w->box, "{\"match\":{\"path\":\"*contacts/batch/up*\"},\"do\":\"reset_after\",\"times\":1}");
    world_watch(w, 0);
    world_pass(w, 0); /* written, and the answer lost */
    restart_with(w, other);
    AUTO_JSON json_t *p = world_prospect(w, 1);
    assert_string_equal(js_str_or(json_object_get(p, "context"), "notes", ""), "newer");
    AUTO_FREE char *key = world_key(w, 1);
    AUTO_JSON json_t *c = world_contact(w, key);
    assert_string_equal(js_str(json_object_get(c, "properties"), "lastname"), "newer");
    assert_null(world_broken(w));
    world_free(w);
}

static void a_field_that_is_away_for_a_while_forgets_nothing(void **state)
{
    static const char line[] = "    { name = \"valuation\"; inbox = \"context.valuation\"; crm = \"inbox_valuation\"; conflict = \"source_unless_blank\"; initial = \"source\"; },\n";
    struct world *w = begin_with_notes();
    AUTO_FREE char *without = swapped(world_mapping, line, ""), *key = world_key(w, 0);
    AUTO_JSON json_t *c = world_contact(w, key);
    (void)state;
    restart_with(w, without);
    json_decref(world_edit(w, 1, "{'object':'contact','id':'%s','set':{'inbox_valuation':'4711'}}", js_str(c, "id")));
    restart_with(w, world_mapping);
    AUTO_JSON json_t *p = world_prospect(w, 0);
    assert_int_equal(js_int_or(json_object_get(p, "context"), "valuation", 0), 4711);
    assert_null(world_broken(w));
    world_free(w);
}

static bool learns(struct world *w, struct err *err)
{
    struct opt_faults faults __attribute__((cleanup(opt_faults_done))) = {0};
    return route_pin(w->route, err) && route_learn(w->route, &faults, err);
}

/* Ids of people may well be ids of companies, too: strangers'. */
static void links_are_not_taken_for_those_of_another_kind_of_record(void **state)
{
    struct world *w = world_new_webhook(1, 3, true);
    AUTO_FREE char *other = swapped(w->crm[0].mapping, "crm = \"people\"", "crm = \"companies\"");
    struct opt_faults faults __attribute__((cleanup(opt_faults_done))) = {0};
    struct err why = {0};
    (void)state;
    world_settle(w);
    mapping_free(w->mapping[0]);
    w->mapping[0] = w->route->mapping = mapping_load_text("world.cfg", other, &faults);
    assert_false(learns(w, &why));
    assert_int_equal(why.kind, ERR_CONFIG);
    assert_non_null(strstr(why.text, "people of the CRM"));
    assert_false(w->route->learnt);
    world_free(w);
}

/* Grouped otherwise, each message would be said a second time under another key. */
static void conversations_logged_by_the_day_are_not_logged_again_by_the_message(void **state)
{
    static const char *const others[] = {"digest = \"none\";", "digest = \"day\"; timezone = \"+02:00\";"};
    AUTO_FREE char *by_day = talk_mapping(&talk_hubspot, "digest = \"day\";");
    struct world *w = talk_hubspot.make(5, 3, by_day);
    (void)state;
    AUTO_JSON json_t *inbox = world_state(w, 0);
    const char *thread = js_str(json_array_get(json_object_get(inbox, "thread"), 0), "id");
    json_decref(world_edit(w, 0, "{'object':'message','thread':'%s','content':'Hello'}", thread));
    world_settle(w);
    for (size_t i = 0; i < COUNT(others); i++) {
        AUTO_FREE char *other = talk_mapping(&talk_hubspot, others[i]);
        struct opt_faults faults __attribute__((cleanup(opt_faults_done))) = {0};
        struct err why = {0};
        mapping_free(w->mapping[0]);
        w->mapping[0] = w->route->mapping = mapping_load_text("world.cfg", other, &faults);
        assert_false(learns(w, &why));
        assert_int_equal(why.kind, ERR_CONFIG);
        assert_non_null(strstr(why.text, "grouped by \"day +00:00\""));
    }
    world_free(w);
}

/* ---- records deleted by mistake ---- */

static void a_record_deleted_by_mistake_and_restored_goes_on_where_it_was(void **state)
{
    struct world *w = begin_with_notes();
    AUTO_FREE char *key = world_key(w, 0);
    AUTO_JSON json_t *c = world_contact(w, key);
    struct link away = {0}, back = {0};
    (void)state;
    json_decref(world_edit(w, 1, "{'object':'contact','id':'%s','delete':true}", js_str(c, "id")));
    must(intake_mark_all(w->route, LANE_RECONCILE, err));
    world_settle(w);
    away = world_link(w, "r", 0);
    assert_int_equal(away.state, LINK_DETACHED);
    world_edit_inbox(w, 0, "'context.valuation':4711"); /* looked at while it is away: nothing is made anew */
    world_settle(w);
    assert_int_equal(contacts(w), 4);
    json_decref(world_edit(w, 1, "{'object':'contact','id':'%s','restore':true}", js_str(c, "id")));
    json_decref(world_edit(w, 1, "{'object':'contact','id':'%s','set':{'inbox_notes':'after all'}}", js_str(c, "id")));
    must(intake_mark_all(w->route, LANE_RECONCILE, err));
    world_settle(w);
    back = world_link(w, "r", 0);
    assert_int_equal(back.state, LINK_LINKED);
    AUTO_JSON json_t *now = world_contact(w, key), *p = world_prospect(w, 0);
    assert_string_equal(js_str(json_object_get(now, "properties"), "inbox_valuation"), "4711");
    assert_string_equal(js_str(json_object_get(p, "context"), "notes"), "after all");
    assert_null(world_broken(w));
    link_done(&away);
    link_done(&back);
    world_free(w);
}

/* ---- a town nobody expected ---- */

/* As the service does it: a page of each feed, a batch of the route, in turn. */
static void turn(struct world *w, int times)
{
    for (int i = 0; i < times; i++) {
        for (int side = 1; side >= 0; side--) {
            bool more = false;
            must(intake_some(&w->intake[side], &more, err));
        }
        bool worked = false;
        int64_t wake = 0;
        must(worker_step(w->route, &worked, &wake, err));
        sandbox_advance(w->box, 1000);
    }
}

static void a_town_that_comes_page_by_page_is_no_way_around_the_first_plan(void **state)
{
    AUTO_FREE char *mapping = swapped(world_mapping, "max_creates = 1000000", "max_creates = 100");
    struct world *w = world_new(1, 400, mapping);
    (void)state;
    world_start(w);
    w->route->batch = 50;
    size_t before = contacts(w);
    turn(w, 40);
    assert_in_range(contacts(w) - before, 0, 100);
    assert_true(w->route->tally.withheld > 0);
    w->route->yes = true; /* sync --yes */
    must(store_jobs_wake(w->store, "r", "withheld", err));
    world_settle(w);
    assert_int_equal(contacts(w) - before, 400);
    world_free(w);
}

/* ---- accounts ---- */

static void an_endpoint_by_another_name_is_no_way_into_another_account(void **state)
{
    struct world *w = begin_with_notes();
    struct err why = {0};
    (void)state;
    for (int side = 0; side < 2; side++) {
        struct endpoint *ep = w->route->ep[side];
        AUTO_FREE char *was = mem_dup(ep->name), *meta = mem_printf("organisation of %s:r", side == SIDE_S ? "inbox" : "crm"), *known = NULL;
        free((char *)ep->name);
        ep->name = mem_dup("renamed");
        assert_true(learns(w, &why)); /* the same account by another name is welcome */
        must(store_meta_get(w->store, meta, &known, err));
        must(store_meta_set(w->store, meta, "somebody else's", err));
        must(store_meta_set(w->store, "organisation:renamed", NULL, err));
        assert_false(learns(w, &why));
        assert_int_equal(why.kind, ERR_CONFIG);
        assert_non_null(strstr(why.text, "somebody else's"));
        must(store_meta_set(w->store, meta, known, err));
        must(store_meta_set(w->store, "organisation:renamed", NULL, err));
        free((char *)ep->name);
        ep->name = mem_dup(was);
        why = (struct err){0};
    }
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_prospects_of_a_batch_never_share_a_record),
        cmocka_unit_test(a_chosen_record_that_is_somebody_elses_is_asked_for_again),
        cmocka_unit_test(a_field_pointed_at_another_property_is_a_first_contact),
        cmocka_unit_test(an_open_intent_for_the_old_property_is_not_looked_for_in_the_new_one),
        cmocka_unit_test(a_field_that_is_away_for_a_while_forgets_nothing),
        cmocka_unit_test(conversations_logged_by_the_day_are_not_logged_again_by_the_message),
        cmocka_unit_test(a_record_deleted_by_mistake_and_restored_goes_on_where_it_was),
        cmocka_unit_test(a_town_that_comes_page_by_page_is_no_way_around_the_first_plan),
        cmocka_unit_test(links_are_not_taken_for_those_of_another_kind_of_record),
        cmocka_unit_test(an_endpoint_by_another_name_is_no_way_into_another_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
