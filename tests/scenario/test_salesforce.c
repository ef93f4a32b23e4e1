/* Stories with Salesforce as the CRM: the same engine, a service with other manners. Leads are born with fillers, converted and
 * merged; rows are locked, transactions commit late, sessions end, the power goes. */
#include "bridge/base/str.h"
#include "tests/kit/leads.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

#define PEOPLE 12

/* ---- stories ---- */

static void everybody_becomes_a_lead_once(void **state)
{
    (void)state;
    struct world *w = leads_begin(3, 60, LEADS_STATIC, NULL);
    world_edit_inbox(w, 0, "'displayName':'Ada'"); /* no last name */
    world_settle(w);
    assert_int_equal(leads_count(w, "Lead"), 60);
    leads_assert(w, 0, "FirstName", "Ada");
    leads_assert(w, 0, "LastName", "[not provided]");
    leads_assert(w, 0, "Company", "[not provided]");
    leads_finish(w);
}

static void edits_flow_both_ways(void **state)
{
    (void)state;
    struct world *w = leads_begin(4, PEOPLE, LEADS_STATIC, NULL);
    world_settle(w);
    world_edit_inbox(w, 1, "'context.notes':'from Inbox','context.valuation':1200");
    leads_edit(w, 2, "'set':{'inbox_notes__c':'from Salesforce'}");
    leads_edit(w, 3, "'set':{'Status':'Working - Contacted','LastName':'Lovelace'}");
    world_settle(w);
    leads_assert(w, 1, "inbox_notes__c", "from Inbox");
    leads_assert_context(w, 2, "notes", "from Salesforce");
    leads_assert(w, 3, "LastName", "Lovelace"); /* the profile flows one way; a change there is left alone */
    leads_finish(w);
}

static void a_real_name_goes_over_a_filler_and_a_filler_over_nothing(void **state)
{
    (void)state;
    struct world *w = leads_begin(5, PEOPLE, LEADS_STATIC, NULL);
    world_edit_inbox(w, 0, "'displayName':'Ada'");
    world_edit_inbox(w, 1, "'displayName':'Bob'");
    world_settle(w);
    leads_edit(w, 1, "'set':{'LastName':'Babbage','Company':'Engines Ltd'}");
    world_edit_inbox(w, 0, "'displayName':'Ada Lovelace'");
    world_settle(w);
    world_edit_inbox(w, 1, "'displayName':'Bobby'");
    world_settle(w);
    leads_assert(w, 0, "LastName", "Lovelace");
    leads_assert(w, 1, "FirstName", "Bobby");
    leads_assert(w, 1, "LastName", "Babbage");
    leads_assert(w, 1, "Company", "Engines Ltd");
    leads_finish(w);
}

static void a_converted_lead_is_followed_to_its_contact(void **state)
{
    (void)state;
    struct world *w = leads_begin(6, PEOPLE, LEADS_STATIC, NULL);
    world_settle(w);
    world_edit_inbox(w, 0, "'context.notes':'important','displayName':'Ada Lovelace'");
    world_settle(w);
    size_t leads = leads_count(w, "Lead");
    leads_edit(w, 0, "'convert':{}");
    world_settle(w);
    leads_assert_context(w, 0, "notes", "important"); /* the contact knows no notes: nobody cleared them */
    world_edit_inbox(w, 0, "'displayName':'Ada King'");
    world_settle(w);
    AUTO_JSON json_t *l = leads_of(w, 0);
    AUTO_JSON json_t *contact = leads_row(w, "Contact", js_str(l, "ConvertedContactId"));
    AUTO_FREE char *key = world_key(w, 0);
    assert_string_equal(js_str(contact, "LastName"), "King");
    assert_string_equal(js_str(contact, "inbox_prospect_key__c"), key);
    assert_int_equal(leads_count(w, "Lead"), leads);
    leads_finish(w);
}

static void a_merged_lead_is_followed_to_its_winner(void **state)
{
    (void)state;
    struct world *w = leads_begin(7, PEOPLE, LEADS_STATIC, NULL);
    world_settle(w);
    json_decref(
        world_edit(w, 1, "{'object':'Lead','create':{'LastName':'Winner','Company':'W','inbox_notes__c':'kept'}}"));
    AUTO_JSON json_t *state_now = world_state(w, 1);
    const json_t *rows = json_object_get(state_now, "Lead");
    AUTO_FREE char *winner = mem_dup(js_str(json_array_get(rows, json_array_size(rows) - 1), "Id"));
    AUTO_FREE char *into = mem_printf("'merge_into':'%s'", winner);
    leads_edit(w, 0, into);
    world_settle(w);
    world_edit_inbox(w, 0, "'context.notes':'after the merge'");
    world_settle(w);
    AUTO_JSON json_t *l = leads_row(w, "Lead", winner);
    AUTO_FREE char *key = world_key(w, 0);
    assert_string_equal(js_str(l, "inbox_notes__c"), "after the merge");
    assert_string_equal(js_str(l, "inbox_prospect_key__c"), key);
    leads_finish(w);
}

static void a_deleted_lead_is_let_go(void **state)
{
    (void)state;
    struct world *w = leads_begin(8, PEOPLE, LEADS_STATIC, NULL);
    world_settle(w);
    size_t before = leads_count(w, "Lead");
    leads_edit(w, 0, "'delete':true");
    world_settle(w);
    world_edit_inbox(w, 0, "'context.notes':'nobody listens'");
    world_settle(w);
    assert_int_equal(leads_count(w, "Lead"), before - 1);
    leads_finish(w);
}

/* Somebody like the prospect is there already, without our key. */
static struct world *with_a_double(const char *policy, const char *rule)
{
    AUTO_FREE char *options = mem_printf(LEADS_STATIC " duplicates = \"%s\";", policy);
    AUTO_FREE char *manners = mem_printf("{\"duplicate_rule\":\"%s\"}", rule);
    struct world *w = leads_begin(9, 3, options, manners);
    world_edit_inbox(w, 0, "'displayName':'Ada Lovelace','context.notes':'known to Inbox'");
    json_decref(world_edit(
        w, 1, "{'object':'Lead','create':{'FirstName':'Ada','LastName':'Lovelace','Company':'[not provided]'}}"));
    world_settle(w);
    return w;
}

static void a_duplicate_is_linked_held_or_allowed(void **state)
{
    (void)state;
    struct world *linked = with_a_double("link", "block");
    assert_int_equal(leads_count(linked, "Lead"), 3);
    leads_assert(linked, 0, "inbox_notes__c", "known to Inbox");
    leads_finish(linked);
    struct world *held = with_a_double("hold", "block");
    assert_int_equal(leads_count(held, "Lead"), 3);
    assert_null(leads_of(held, 0));
    leads_finish(held);
    struct world *allowed = with_a_double("allow", "alert");
    assert_int_equal(leads_count(allowed, "Lead"), 4);
    leads_finish(allowed);
}

/* ---- bad days ---- */

/* Somebody edits every prospect every day, on one side or the other, while the bridge is at work. */
static void a_few_days(struct world *w)
{
    for (int i = 0; i < 20 && leads_count(w, "Lead") < PEOPLE; i++)
        world_settle(w); /* a service that answers nothing looks like one with no news */
    for (int day = 0; day < 5; day++) {
        for (size_t i = 0; i < PEOPLE; i++) {
            AUTO_FREE char *mine = mem_printf("'context.notes':'day %d'", day),
                           *theirs = mem_printf("'set':{'inbox_notes__c':'their day %d'}", day);
            if (i % 2)
                world_edit_inbox(w, i, mine);
            else
                leads_edit(w, i, theirs);
            sandbox_advance(w->box, 3000);
            if (i % 4 == 0)
                (void)!world_pass(w, 1000);
        }
        world_settle(w);
    }
}

static void assert_all_in_step(struct world *w)
{
    for (size_t i = 0; i < PEOPLE; i++) {
        leads_assert(w, i, "inbox_notes__c", i % 2 ? "day 4" : "their day 4");
        leads_assert_context(w, i, "notes", i % 2 ? "day 4" : "their day 4");
    }
    assert_int_equal(leads_count(w, "Lead"), PEOPLE);
    leads_finish(w);
}

static void a_week(struct world *w)
{
    a_few_days(w);
    assert_all_in_step(w);
}

/* A flow of the organisation sets a field whenever ours is written: its stamp is not our echo, and it comes to Inbox. */
static void automation_that_our_write_sets_off_is_heard(void **state)
{
    (void)state;
    struct world *w = leads_begin(17, PEOPLE, LEADS_STATIC, NULL);
    world_settle(w);
    json_decref(world_edit(w, 1,
                           "{'object':'rule','create':{'type':'Lead','field':'inbox_valuation__c','set':{'inbox_notes__"
                           "c':'set by a flow'}}}"));
    world_edit_inbox(w, 0, "'context.valuation':777");
    world_settle(w);
    leads_assert_context(w, 0, "notes", "set by a flow");
    leads_finish(w);
}

/* The third read is the one behind the write. */
static void what_a_write_went_over_is_on_record_when_it_cannot_be_read_back(void **state)
{
    (void)state;
    struct world *w = leads_begin(19, 1, LEADS_STATIC, NULL);
    struct log_row *log = NULL;
    struct err err = {0};
    size_t n = 0;
    bool told = false;
    world_settle(w);
    world_edit_inbox(w, 0, "'context.valuation':111");
    leads_edit(w, 0, "'set':{'inbox_valuation__c':222}");
    assert_true(sandbox_fault(w->box, "{\"match\":{\"method\":\"POST\",\"path\":\"*composite/sobjects/Lead\"},\"do\":\"status\",\"status\":503,"
                                      "\"every\":3,\"times\":1}"));
    world_settle(w);
    struct link link __attribute__((cleanup(link_done))) = world_link(w, "r", 0);
    assert_true(store_log_of(w->store, link.id, 0, 1000, &log, &n, &err));
    for (size_t i = 0; i < n; i++)
        told |= json_integer_value(json_object_get(json_object_get(log[i].cells, "valuation"), "lost")) == 222;
    log_rows_free(log, n);
    assert_true(told);
    leads_finish(w);
}

static void rows_that_are_locked_are_tried_again(void **state)
{
    (void)state;
    a_week(leads_begin(10, PEOPLE, LEADS_STATIC, "{\"lock_share\":0.3}"));
}

static void transactions_that_commit_late_are_not_missed(void **state)
{
    (void)state;
    a_week(leads_begin(11, PEOPLE, LEADS_STATIC, "{\"late_commit_ms\":40000}"));
}

static void short_pages_and_a_service_that_is_behind(void **state)
{
    (void)state;
    a_week(leads_begin(12, PEOPLE, LEADS_STATIC,
                 "{\"short_pages\":true,\"page_size\":3,\"covered_lag_minutes\":5,\"limit_info\":\"per_app\"}"));
}

static void sessions_end_and_nobody_notices(void **state)
{
    (void)state;
    static const char options[] = "client_id = \"sandbox-client\"; client_secret = \"env:WORLD_SECRET\"; login_url = "
                                  "\"http://salesforce.sandbox\";";
    setenv("WORLD_SECRET", "sandbox-secret", 1);
    a_week(leads_begin(13, PEOPLE, options, "{\"session_minutes\":1,\"static_token\":false}"));
}

/* Each refresh token is good for one login; the next one is on disk before the session that came with it is used. (An answer
 * lost with a new token in it is the end of that grant: nobody can know the token. Assertions have no such thing to lose.) */
static void refresh_tokens_that_rotate_survive_restarts(void **state)
{
    static const char options[] =
        "client_id = \"sandbox-client\"; client_secret = \"env:WORLD_SECRET\"; refresh_token = "
        "\"env:WORLD_REFRESH\"; login_url = \"http://salesforce.sandbox\";";
    (void)state;
    setenv("WORLD_SECRET", "sandbox-secret", 1);
    setenv("WORLD_REFRESH", "sandbox-refresh", 1);
    struct world *w = leads_begin(18, PEOPLE, options, "{\"session_minutes\":1}");
    world_settle(w);
    world_manners(w, 1, "{\"session_minutes\":1,\"rotation\":true,\"static_token\":false}");
    for (size_t i = 0; i < 10; i++) {
        AUTO_FREE char *note = mem_printf("restart %zu", i), *set = mem_printf("'context.notes':'%s'", note);
        world_edit_inbox(w, i, set);
        world_settle(w);
        leads_assert(w, i, "inbox_notes__c", note);
        world_stop(w);
    }
    world_settle(w);
    leads_finish(w);
}

static void a_service_in_a_bad_mood_is_outlasted(void **state)
{
    static const char *const moods[] = {
        "{\"match\":{\"path\":\"/services/data\"},\"do\":\"reset_after\",\"chance\":0.05}",
        "{\"match\":{\"path\":\"/services/data\"},\"do\":\"truncate\",\"chance\":0.05}",
        "{\"match\":{\"path\":\"/services/data\"},\"do\":\"status\",\"status\":503,\"chance\":0.05}",
        "{\"match\":{\"path\":\"/services/data\"},\"do\":\"empty\",\"chance\":0.03}",
        "{\"match\":{\"path\":\"/services/data\"},\"do\":\"html\",\"chance\":0.03}",
        "{\"match\":{\"path\":\"/services/data\"},\"do\":\"reset_before\",\"chance\":0.03}"};
    (void)state;
    for (uint64_t seed = 20; seed < 23; seed++) {
        struct world *w = leads_begin(seed, PEOPLE, LEADS_STATIC, "{\"lock_share\":0.1,\"short_pages\":true,\"page_size\":5}");
        for (size_t i = 0; i < COUNT(moods); i++)
            assert_true(sandbox_fault(w->box, moods[i]));
        a_few_days(w);
        sandbox_faults_clear(w->box);
        world_settle(w);
        assert_all_in_step(w);
    }
}

/* The power goes at touch k of the first sync; afterwards all is as if it had not. */
static void a_first_sync_survives_the_power_at_every_touch(void **state)
{
    (void)state;
    int64_t n = 1;
    for (int64_t k = 0; k <= n; k += k < 40 ? 1 : 7) {
        struct world *w = leads_begin(14, 4, LEADS_STATIC, NULL);
        world_edit_inbox(w, 0, "'displayName':'Ada'");
        world_watch(w, k);
        world_settle(w);
        if (!k)
            n = w->touches;
        assert_int_equal(leads_count(w, "Lead"), 4);
        leads_finish(w);
    }
}

/* A value an organisation refuses stays what it is in Inbox, wherever the power goes while the rest of the record is written. */
static void a_refused_value_survives_the_power_at_every_touch(void **state)
{
    (void)state;
    int64_t n = 1;
    for (int64_t k = 0; k <= n; k++) {
        struct world *w = leads_begin(19, 2, LEADS_STATIC, NULL);
        json_decref(world_edit(w, 1, "{'object':'rule','create':{'type':'Lead','field':'inbox_notes__c','value':'forbidden'}}"));
        world_edit_inbox(w, 0, "'context.notes':'forbidden'");
        world_watch(w, k);
        world_settle(w);
        if (!k)
            n = w->touches;
        int64_t open = 0, dead = 0;
        assert_true(store_ops_counts(w->store, "r", &open, &dead, &(struct err){0}));
        leads_assert_context(w, 0, "notes", "forbidden");
        assert_int_equal(leads_count(w, "Lead"), 2);
        assert_int_equal(dead, 1);
        world_free(w);
    }
}

/* The same for a conversion and an edit that meets it. (For duplicates: test_leads.c.) */
static void a_conversion_survives_the_power_at_every_touch(void **state)
{
    (void)state;
    int64_t n = 1;
    for (int64_t k = 0; k <= n; k++) {
        struct world *w = leads_begin(16, 2, LEADS_STATIC, NULL);
        world_settle(w);
        leads_edit(w, 0, "'convert':{}");
        world_edit_inbox(w, 0, "'displayName':'Ada King'");
        world_watch(w, k);
        world_settle(w);
        if (!k)
            n = w->touches;
        AUTO_JSON json_t *l = leads_of(w, 0);
        AUTO_JSON json_t *contact = leads_row(w, "Contact", js_str(l, "ConvertedContactId"));
        assert_string_equal(js_str(contact, "LastName"), "King");
        assert_int_equal(leads_count(w, "Lead"), 2);
        assert_int_equal(leads_count(w, "Contact"), 1);
        leads_finish(w);
    }
}

/* ---- races ---- */

struct colleague {
    int64_t reads; /* of leads by id, before the story */
    bool edited;
    const char *set;
};

static int64_t reads_of_leads(struct world *w)
{
    AUTO_JSON json_t *calls = sandbox_calls_json(w->box, w->service[1]);
    const char *route;
    json_t *n;
    int64_t all = 0;
    json_object_foreach (json_object_get(calls, "routes"), route, n)
        all += strstr(route, "/composite/sobjects/Lead") ? json_integer_value(n) : 0;
    return all;
}

/* Two looks and then the write: a colleague is faster than that. */
static void between_look_and_write(struct world *w, void *self)
{
    struct colleague *c = self;
    if (c->edited || reads_of_leads(w) < c->reads + 2)
        return;
    c->edited = true;
    leads_edit(w, 1, c->set);
}

static void an_edit_between_our_look_and_our_write_is_not_lost(void **state)
{
    (void)state;
    struct world *w = leads_begin(6, PEOPLE, LEADS_STATIC, NULL);
    world_settle(w);
    sandbox_advance(w->box, 60000);
    struct colleague c = {.reads = reads_of_leads(w), .set = "'set':{'inbox_notes__c':'from a colleague','inbox_valuation__c':77}"};
    world_edit_inbox(w, 1, "'context.notes':'from Inbox','context.valuation':1200");
    w->meddle = between_look_and_write;
    w->meddler = &c;
    world_settle(w);
    w->meddle = NULL;
    assert_true(c.edited);
    leads_assert_context(w, 1, "notes", "from a colleague"); /* the CRM wins here … */
    leads_assert(w, 1, "inbox_notes__c", "from a colleague");
    AUTO_JSON json_t *lead = leads_of(w, 1);
    assert_int_equal(json_number_value(json_object_get(lead, "inbox_valuation__c")), 1200); /* … and Inbox there */
    AUTO_JSON json_t *seen = world_state(w, 1);
    assert_int_equal(json_array_size(json_object_get(seen, "_unheard")), 0);
    leads_finish(w);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_becomes_a_lead_once),
        cmocka_unit_test(edits_flow_both_ways),
        cmocka_unit_test(a_real_name_goes_over_a_filler_and_a_filler_over_nothing),
        cmocka_unit_test(a_converted_lead_is_followed_to_its_contact),
        cmocka_unit_test(a_merged_lead_is_followed_to_its_winner),
        cmocka_unit_test(a_deleted_lead_is_let_go),
        cmocka_unit_test(a_duplicate_is_linked_held_or_allowed),
        cmocka_unit_test(what_a_write_went_over_is_on_record_when_it_cannot_be_read_back),
        cmocka_unit_test(an_edit_between_our_look_and_our_write_is_not_lost),
        cmocka_unit_test(rows_that_are_locked_are_tried_again),
        cmocka_unit_test(transactions_that_commit_late_are_not_missed),
        cmocka_unit_test(short_pages_and_a_service_that_is_behind),
        cmocka_unit_test(sessions_end_and_nobody_notices),
        cmocka_unit_test(automation_that_our_write_sets_off_is_heard),
        cmocka_unit_test(refresh_tokens_that_rotate_survive_restarts),
        cmocka_unit_test(a_service_in_a_bad_mood_is_outlasted),
        cmocka_unit_test(a_first_sync_survives_the_power_at_every_touch),
        cmocka_unit_test(a_refused_value_survives_the_power_at_every_touch),
        cmocka_unit_test(a_conversion_survives_the_power_at_every_touch),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
