/* First loads that go as a job of the service: many leads at once, some of them bad, and the power going at every moment of
 * it. The end is the same as on the ordinary road. */
#include "bridge/base/str.h"
#include "tests/kit/leads.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

#define FROM_FIVE LEADS_STATIC " bulk = 5;"
#define NEVER LEADS_STATIC " bulk = 0;"

static const char mapping[] =
    "prospect = {\n"
    "  crm = \"Lead\"; key = \"inbox_prospect_key__c\"; match = ( \"inbox_prospect_key__c\" ); create = true; "
    "max_creates = 1000000;\n"
    "  fields = (\n"
    "    { name = \"first\"; inbox = \"displayName\"; crm = \"FirstName\"; flow = \"to_crm\"; transform = ( "
    "\"first_word\", \"truncate:40\" ); },\n"
    "    { name = \"last\"; inbox = \"displayName\"; crm = \"LastName\"; flow = \"to_crm\"; transform = ( \"rest\", "
    "\"truncate:80\" ); on_blank = \"keep\"; },\n"
    "    { name = \"title\"; inbox = \"bio\"; crm = \"Title\"; flow = \"to_crm\"; on_blank = \"keep\"; },\n"
    "    { name = \"valuation\"; inbox = \"context.valuation\"; crm = \"inbox_valuation__c\"; conflict = "
    "\"source_unless_blank\"; initial = \"source\"; },\n"
    "    { name = \"tags\"; inbox = \"context.tags\"; crm = \"inbox_tags__c\"; conflict = \"union\"; },\n"
    "    { name = \"notes\"; inbox = \"context.notes\"; crm = \"inbox_notes__c\"; conflict = \"crm\"; initial = "
    "\"source\"; }\n"
    "  );\n"
    "};\n";

/* ---- the place ---- */

static void ops(struct world *w, int64_t *open, int64_t *dead)
{
    struct err err = {0};
    assert_true(store_ops_counts(w->store, "r", open, dead, &err));
}

/* ---- stories ---- */

static void many_new_leads_go_as_one_job(void **state)
{
    (void)state;
    struct world *w = world_new_salesforce(31, 40, mapping, FROM_FIVE);
    world_edit_inbox(w, 0, "'displayName':'Ada','context.notes':'says \\\"yes, and\\nno\\\"'");
    world_edit_inbox(w, 1, "'displayName':'Bob Babbage','context.notes':'#N/A'");
    world_settle(w);
    int64_t open = 0, dead = 0;
    ops(w, &open, &dead);
    assert_int_equal(leads_count(w, "Lead"), 40);
    assert_int_equal(open, 0);
    assert_int_equal(dead, 0);
    assert_int_equal(world_asked(w, 1, "POST /jobs/ingest"), 1);
    assert_int_equal(w->route->tally.created, 40);
    leads_assert(w, 0, "LastName", "[not provided]");
    leads_assert(w, 0, "Company", "[not provided]");
    leads_assert(w, 0, "inbox_notes__c", "says \"yes, and\nno\"");
    leads_assert(w, 1, "inbox_notes__c", "#N/A"); /* what CSV cannot say goes by itself */
    leads_finish(w);
}

/* Restricted values, texts that are too long and a rule of the house are refused for a few; the rest of them is there. */
static void plant(struct world *w, size_t people, size_t every)
{
    static const char rule[] = "{'object':'rule','create':{'type':'Lead','field':'inbox_notes__c','value':'forbidden','code':"
                               "'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST','message':'bad value for restricted picklist field: forbidden'}}";
    json_decref(world_edit(w, 1, rule));
    for (size_t i = 0; i < people; i += every) {
        AUTO_FREE char *bio = mem_printf("'bio':'%0300d'", 7);
        world_edit_inbox(w, i, i / every % 2 ? bio : "'context.notes':'forbidden'");
    }
}

static void assert_planted(struct world *w, size_t people, size_t every)
{
    int64_t open = 0, dead = 0;
    ops(w, &open, &dead);
    assert_int_equal(open, 0);
    assert_int_equal(dead, people / every);
    assert_int_equal(leads_count(w, "Lead"), people);
    struct op *list = NULL;
    size_t n = 0;
    struct err err = {0};
    assert_true(store_ops_dead(w->store, "r", 0, people, &list, &n, &err));
    for (size_t i = 0; i < n; i++)
        if (!strstr(list[i].error, "STRING_TOO_LONG") && !strstr(list[i].error, "RESTRICTED_PICKLIST"))
            fail_msg("dead for: %s", list[i].error);
    ops_free(list, n);
    for (size_t i = 0; i < people; i++) {
        AUTO_JSON json_t *p = world_prospect(w, i);
        AUTO_JSON json_t *l = leads_of(w, i);
        const char *notes = js_str(json_object_get(p, "context"), "notes"), *title = js_str(l, "Title");
        assert_non_null(l);
        if (i % every)
            assert_string_equal(notes ? notes : "", js_str_or(l, "inbox_notes__c", ""));
        else
            assert_true(i / every % 2 ? !title : !js_str(l, "inbox_notes__c"));
    }
}

/* The second full run writes nothing. */
static void assert_quiet(struct world *w)
{
    struct err err = {0};
    w->cut_at = 0;
    int64_t before = world_writes(w, 0) + world_writes(w, 1);
    assert_true(intake_mark_all(w->route, LANE_RECONCILE, &err) && intake_restart(&w->intake[0], &err));
    world_settle(w);
    assert_int_equal(world_writes(w, 0) + world_writes(w, 1), before);
}

/* When people mend what was refused, all of it arrives. */
static void finish_planted(struct world *w, size_t people, size_t every)
{
    assert_quiet(w);
    for (size_t i = 0; i < people; i += every)
        world_edit_inbox(w, i, "'bio':'short','context.notes':'allowed'");
    world_settle(w);
    leads_assert(w, 0, "inbox_notes__c", "allowed");
    leads_finish(w);
}

static void bad_rows_are_dead_with_their_reasons_and_the_rest_is_there(void **state)
{
    (void)state;
    struct world *w = world_new_salesforce(32, 60, mapping, FROM_FIVE);
    plant(w, 60, 10);
    world_settle(w);
    assert_int_equal(world_asked(w, 1, "POST /jobs/ingest"), 1);
    assert_planted(w, 60, 10);
    finish_planted(w, 60, 10);
    struct world *plain = world_new_salesforce(32, 60, mapping, NEVER);
    plant(plain, 60, 10);
    world_settle(plain);
    assert_int_equal(world_asked(plain, 1, "POST /jobs/ingest"), 0);
    assert_planted(plain, 60, 10); /* the ordinary road ends the same */
    finish_planted(plain, 60, 10);
}

static void few_or_urgent_creates_go_at_once(void **state)
{
    (void)state;
    struct world *w = world_new_salesforce(33, 4, mapping, FROM_FIVE);
    world_settle(w);
    assert_int_equal(leads_count(w, "Lead"), 4);
    assert_int_equal(world_asked(w, 1, "POST /jobs/ingest"), 0);
    leads_finish(w);
}

/* Too many locks, and a job that gives up half way: what it did not do is done all the same, once. */
static void what_a_job_does_not_process_goes_by_itself(void **state)
{
    (void)state;
    struct world *w = world_new_salesforce(34, 30, mapping, FROM_FIVE);
    world_manners(w, 1, "{\"bulk_unprocessed\":11,\"lock_share\":0.2}");
    world_settle(w);
    assert_int_equal(leads_count(w, "Lead"), 30);
    assert_int_equal(world_asked(w, 1, "POST /jobs/ingest"), 1);
    leads_finish(w);
}

static void a_service_in_a_bad_mood_is_outlasted(void **state)
{
    static const char *const moods[] = {
        "{\"match\":{\"path\":\"/jobs/ingest\"},\"do\":\"reset_after\",\"chance\":0.15}",
        "{\"match\":{\"path\":\"/jobs/ingest\"},\"do\":\"truncate\",\"chance\":0.15}",
        "{\"match\":{\"path\":\"/jobs/ingest\"},\"do\":\"status\",\"status\":503,\"chance\":0.1}",
        "{\"match\":{\"path\":\"/jobs/ingest\"},\"do\":\"html\",\"chance\":0.1}",
        "{\"match\":{\"path\":\"/jobs/ingest\"},\"do\":\"empty\",\"chance\":0.1}"};
    (void)state;
    for (uint64_t seed = 40; seed < 42; seed++) {
        struct world *w = world_new_salesforce(seed, 20, mapping, FROM_FIVE);
        plant(w, 20, 5);
        for (size_t i = 0; i < COUNT(moods); i++)
            assert_true(sandbox_fault(w->box, moods[i]));
        for (int i = 0; i < 20 && leads_count(w, "Lead") < 20; i++)
            world_settle(w);
        sandbox_faults_clear(w->box);
        world_settle(w);
        assert_planted(w, 20, 5);
        finish_planted(w, 20, 5);
    }
}

/* People go on working while the job does: edits on both sides meanwhile are edits. */
static void edits_during_the_job_are_not_lost(void **state)
{
    (void)state;
    struct world *w = world_new_salesforce(35, 10, mapping, FROM_FIVE);
    world_manners(w, 1, "{\"bulk_ms\":600000}");
    assert_true(world_pass(w, 60 * 1000));
    assert_int_equal(leads_count(w, "Lead"), 0);
    world_edit_inbox(w, 3, "'context.notes':'while it ran'");
    assert_true(world_pass(w, 60 * 1000));
    assert_int_equal(leads_count(w, "Lead"), 0);
    sandbox_advance(w->box, 600000);
    world_settle(w);
    leads_assert(w, 3, "inbox_notes__c", "while it ran");
    leads_finish(w);
}

/* An administrator may abort a job; and a bridge that was off for more than a week finds it forgotten. */
static void a_job_that_was_aborted_or_forgotten_is_done_by_itself(void **state)
{
    (void)state;
    for (int forgotten = 0; forgotten < 2; forgotten++) {
        struct world *w = world_new_salesforce(37, 8, mapping, FROM_FIVE);
        world_manners(w, 1, "{\"bulk_ms\":600000}");
        assert_true(world_pass(w, 10 * 1000));
        if (forgotten)
            world_stop(w);
        else
            leads_abort_job(w, "ingest");
        sandbox_advance(w->box, forgotten ? 8 * 24 * INT64_C(3600000) : 0);
        world_settle(w);
        assert_int_equal(leads_count(w, "Lead"), 8);
        assert_int_equal(world_asked(w, 1, "POST /jobs/ingest"), 1);
        leads_finish(w);
    }
}

/* The power goes at touch k of a first load; afterwards all is as if it had not. */
static void cut_everywhere(const char *options, int64_t step)
{
    int64_t n = 1;
    for (int64_t k = 0; k <= n; k += k ? step : 1) {
        struct world *w = world_new_salesforce(36, 8, mapping, options);
        plant(w, 8, 4);
        world_manners(w, 1, "{\"bulk_unprocessed\":2}");
        world_watch(w, k);
        world_settle(w);
        if (!k)
            n = w->touches;
        assert_planted(w, 8, 4);
        assert_quiet(w);
        if (k % 10)
            world_free(w);
        else
            finish_planted(w, 8, 4);
    }
    print_message("a load of 8: %lld touches\n", (long long)n);
}

static void a_load_survives_the_power_at_every_touch(void **state)
{
    (void)state;
    cut_everywhere(FROM_FIVE, 1);
}

static void so_does_the_ordinary_road(void **state)
{
    (void)state;
    cut_everywhere(NEVER, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_new_leads_go_as_one_job),
        cmocka_unit_test(bad_rows_are_dead_with_their_reasons_and_the_rest_is_there),
        cmocka_unit_test(few_or_urgent_creates_go_at_once),
        cmocka_unit_test(what_a_job_does_not_process_goes_by_itself),
        cmocka_unit_test(a_service_in_a_bad_mood_is_outlasted),
        cmocka_unit_test(edits_during_the_job_are_not_lost),
        cmocka_unit_test(a_job_that_was_aborted_or_forgotten_is_done_by_itself),
        cmocka_unit_test(a_load_survives_the_power_at_every_touch),
        cmocka_unit_test(so_does_the_ordinary_road),
    };
    return cmocka_run_group_tests_name("scenario.bulk", tests, NULL, NULL);
}
