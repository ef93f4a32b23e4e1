/* Hard days with Salesforce: what it gives new leads of its own, locked rows, sessions that end between two calls, the day's
 * quota used up by others, thousands of transactions that commit late, duplicate rules, and the power. Each tells its figures;
 * LEADS_PEOPLE makes the towns larger. */
#include "tests/kit/leads.h"
#include "bridge/base/str.h"
#include "bridge/io/limiter.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

#define MINUTE_MS INT64_C(60000)
#define OPEN "Open - Not Contacted"

static size_t people(size_t usual)
{
    const char *said = getenv("LEADS_PEOPLE");
    int64_t n = 0;
    return said && str_to_int(said, 1, 1000000, &n) ? (size_t)n : usual;
}

static void assert_each_once(struct world *w, size_t n)
{
    assert_int_equal(leads_count(w, "Lead"), n);
    assert_int_equal(leads_keys(w), n);
}

/* The kit's look at every link takes the square of a large town: there only a full comparison must find nothing to write. */
static void finish(struct world *w, size_t n)
{
    struct err err = {0};
    if (n <= 1000) {
        leads_finish(w);
        return;
    }
    int64_t writes = world_writes(w, 0) + world_writes(w, 1);
    assert_true(intake_mark_all(&w->route[0], LANE_RECONCILE, &err) && intake_restart(&w->intake[0], &err));
    world_settle(w);
    assert_int_equal(world_writes(w, 0) + world_writes(w, 1), writes);
    world_free(w);
}

/* ---- what a new lead is given ---- */

/* 0 has no status, 1 one that the mapping keeps from leads, 2 one that they know. */
static struct world *with_statuses(uint64_t seed, size_t n)
{
    struct world *w = leads_begin(seed, n, LEADS_STATIC, NULL);
    world_edit_inbox(w, 0, "'context.status':null");
    world_edit_inbox(w, 1, "'context.status':'Qualified'");
    if (n > 2)
        world_edit_inbox(w, 2, "'context.status':'Contacted'");
    return w;
}

static void what_a_new_lead_is_given_is_no_news(void **state)
{
    (void)state;
    struct world *w = with_statuses(31, 40);
    world_settle(w);
    assert_int_equal(world_writes(w, 0), 0);
    leads_assert(w, 0, "Status", OPEN);
    leads_assert(w, 1, "Status", OPEN);
    leads_assert_status(w, 0, "");
    leads_assert_status(w, 1, "Qualified");
    leads_finish(w);
}

static void what_somebody_makes_of_it_is_news(void **state)
{
    (void)state;
    struct world *w = with_statuses(32, 4);
    world_settle(w);
    leads_edit(w, 0, "'set':{'Status':'Working - Contacted'}");
    leads_edit(w, 1, "'set':{'Status':'Closed - Not Converted'}");
    world_settle(w);
    leads_assert_status(w, 0, "Contacted");
    leads_assert_status(w, 1, "Lost");
    leads_edit(w, 0, "'set':{'Status':'" OPEN "'}"); /* back to what it was given: an edit like any other */
    world_edit_inbox(w, 1, "'context.status':'Contacted'");
    world_settle(w);
    leads_assert_status(w, 0, "New");
    leads_assert(w, 1, "Status", "Working - Contacted");
    leads_finish(w);
}

/* Somebody was faster than the read-back: what the lead says then is theirs. */
static void edit_behind_the_create(struct world *w, void *self)
{
    bool *over = self;
    AUTO_JSON json_t *made = *over ? NULL : leads_of(w, 0);
    if (!made)
        return;
    *over = true;
    leads_edit(w, 0, "'set':{'Status':'Working - Contacted'}");
}

static void an_edit_right_behind_the_create_is_news(void **state)
{
    (void)state;
    bool over = false;
    struct world *w = with_statuses(33, 2);
    w->meddle = edit_behind_the_create;
    w->meddler = &over;
    world_settle(w);
    assert_true(over);
    leads_assert_status(w, 0, "Contacted");
    leads_finish(w);
}

/* An answer that was lost, or a cut: recovery knows what was left to Salesforce. */
static void it_is_no_news_whatever_the_power_does(void **state)
{
    (void)state;
    int64_t n = 1;
    for (int64_t k = 0; k <= n; k++) {
        struct world *w = with_statuses(34, 2);
        world_watch(w, k);
        world_settle(w);
        n = k ? n : w->touches;
        assert_int_equal(world_writes(w, 0), 0);
        leads_assert_status(w, 0, "");
        leads_assert(w, 0, "Status", OPEN);
        assert_each_once(w, 2);
        leads_finish(w);
    }
    print_message("defaults: %lld touches, each cut once\n", (long long)n);
}

/* The field has two decimals. What was made of a value at birth is no edit either, though the answer that said so is lost. */
static void what_was_rounded_behind_a_lost_answer_is_no_news(void **state)
{
    (void)state;
    struct world *w = leads_begin(40, 3, LEADS_STATIC, NULL);
    world_edit_inbox(w, 0, "'context.valuation':33.333");
    assert_true(sandbox_fault(w->box, "{\"match\":{\"method\":\"POST\",\"path\":\"/services/data/v62.0/composite/sobjects\"},"
                                      "\"do\":\"reset_after\",\"times\":1}"));
    world_settle(w);
    assert_each_once(w, 3);
    AUTO_JSON json_t *l = leads_of(w, 0), *p = world_prospect(w, 0);
    assert_true(json_number_value(json_object_get(l, "inbox_valuation__c")) == 33.33);
    assert_true(json_number_value(json_object_get(json_object_get(p, "context"), "valuation")) == 33.333);
    assert_int_equal(world_writes(w, 0), 0);
    leads_finish(w);
}

/* ---- what it costs ---- */

static void a_first_sync_takes_three_calls_for_two_hundred(void **state)
{
    (void)state;
    size_t n = people(420);
    struct world *w = leads_begin(35, n, LEADS_STATIC, NULL);
    assert_true(world_start(w));
    sandbox_calls_clear(w->box);
    assert_true(world_pass(w, 1000));
    int64_t first = world_calls(w, 1);
    assert_each_once(w, n);
    assert_true(first <= (int64_t)(3 * n / 200 + 30));
    world_settle(w);
    sandbox_calls_clear(w->box);
    finish(w, n);
    print_message("%zu prospects: %lld calls to Salesforce\n", n, (long long)first);
}

/* ---- bad days ---- */

static void every_fifth_row_is_locked(void **state)
{
    (void)state;
    size_t n = people(120);
    struct world *w = leads_begin(36, n, LEADS_STATIC, "{\"lock_share\":0.2}");
    for (int i = 0; i < 20 && leads_count(w, "Lead") < n; i++)
        world_settle(w);
    assert_each_once(w, n);
    print_message("locks 20 %%: %zu leads, each once, in %lld calls\n", n, (long long)world_calls(w, 1));
    finish(w, n);
}

struct intruder {
    int64_t at, seen;
};

static void end_sessions(struct world *w, void *self)
{
    struct intruder *in = self;
    if (++in->seen == in->at)
        json_decref(world_edit(w, 1, "{'object':'session','delete':true}"));
}

/* All sessions end before call k, for every k of the first sync and of an edit each way. */
static void a_session_may_end_between_any_two_calls(void **state)
{
    (void)state;
    int64_t n = 1, most = 0;
    for (int64_t k = 0; k <= n; k++) {
        struct intruder in = {.at = k};
        struct world *w = leads_begin(37, 3, LEADS_LOGIN, "{\"static_token\":false}");
        w->meddle = end_sessions;
        w->meddler = &in;
        world_settle(w);
        world_edit_inbox(w, 0, "'context.notes':'from Inbox'");
        leads_edit(w, 1, "'set':{'inbox_notes__c':'from Salesforce'}");
        world_settle(w);
        n = k ? n : in.seen;
        int64_t logins = world_asked(w, 1, "POST /services/oauth2/token");
        most = logins > most ? logins : most;
        assert_true(logins <= 2 + (k > 0));
        assert_each_once(w, 3);
        leads_assert(w, 0, "inbox_notes__c", "from Inbox");
        leads_assert_context(w, 1, "notes", "from Salesforce");
        w->meddle = NULL;
        leads_finish(w);
    }
    print_message("sessions: ended before each of %lld calls, at most %lld logins\n", (long long)n, (long long)most);
}

/* ---- the quota ---- */

/* Other programs of the organisation make calls until there are none left. */
static void use_up(struct world *w)
{
    for (int i = 0; i < 1000; i++) {
        struct http_request request = {0};
        struct http_answer answer = {0};
        int64_t delay = 0;
        http_request_init(&request, "GET", "http://salesforce.sandbox/services/data/v62.0/limits");
        http_headers_set(&request.headers, "Authorization", "Bearer sandbox-token");
        sandbox_serve(w->box, w->service[1], &request, &answer, &delay);
        bool over = answer.status == 403;
        http_request_done(&request);
        http_answer_done(&answer);
        if (over)
            return;
    }
    fail_msg("the quota has no end");
}

static double share_used(struct world *w)
{
    struct limiter_gauge g[LIMITER_GAUGES];
    size_t n = limiter_gauges(w->ep[1]->limiter, sandbox_now(w->box), g);
    assert_int_equal(n, 1);
    return (double)g[0].used / (double)g[0].limit;
}

static void begin_with_no_calls_left(struct world *w)
{
    world_settle(w);
    use_up(w);
    world_edit_inbox(w, 0, "'context.notes':'while it was shut'");
    leads_edit(w, 1, "'set':{'inbox_notes__c':'there too'}");
    for (int i = 0; i < 4; i++)
        (void)!world_pass(w, 20 * MINUTE_MS);
    leads_assert(w, 0, "inbox_notes__c", NULL);
}

static void assert_resumes(struct world *w, const char *what)
{
    int64_t before = world_calls(w, 1), from = sandbox_now(w->box);
    for (int i = 0; i < 8 && world_calls(w, 1) < before + 4; i++) {
        sandbox_advance(w->box, 5 * MINUTE_MS);
        (void)!world_pass(w, 1000);
    }
    int64_t waited = (sandbox_now(w->box) - from) / MINUTE_MS;
    world_settle(w);
    leads_assert(w, 0, "inbox_notes__c", "while it was shut");
    leads_assert_context(w, 1, "notes", "there too");
    print_message("quota %s: resumed %lld minutes after it was lifted\n", what, (long long)waited);
    assert_true(waited <= 35);
}

/* What the alarm "budget_low" looks at says that all is used; half an hour after the quota is lifted all is as if it had never
 * been reached. */
static void the_days_quota_is_reached_and_lifted(void **state)
{
    static const char *const manners[] = {"{\"daily\":120}", "{\"daily\":120,\"limit_info\":\"missing\"}"};
    static const char *const lifted[] = {"{\"daily\":100000}", "{\"daily\":100000,\"limit_info\":\"plain\"}"};
    (void)state;
    for (size_t i = 0; i < COUNT(manners); i++) {
        struct world *w = leads_begin(38, 5, LEADS_STATIC, manners[i]);
        begin_with_no_calls_left(w);
        if (!i)
            assert_true(share_used(w) > 0.99);
        world_manners(w, 1, lifted[i]);
        assert_resumes(w, i ? "without a word of it" : "told in headers");
        assert_each_once(w, 5);
        leads_finish(w);
    }
}

/* ---- late commits ---- */

/* Everybody's lead is stamped now and committed five minutes later; the bridge looks before, between and after. */
static void thousands_that_commit_late_are_all_heard(void **state)
{
    (void)state;
    size_t n = people(120), i;
    struct world *w = leads_begin(39, n, LEADS_STATIC, NULL);
    world_settle(w);
    AUTO_JSON json_t *before = world_state(w, 1);
    json_t *row;
    json_array_foreach (json_object_get(before, "Lead"), i, row) {
        json_decref(world_edit(w, 1, "{'object':'Lead','id':'%s','late':300000,'set':{'inbox_notes__c':'late %zu'}}",
                               js_str(row, "Id"), i));
        if (i % 100 == 0)
            sandbox_advance(w->box, 1000);
    }
    json_decref(world_edit(w, 1, "{'object':'Lead','create':{'LastName':'Newer','Company':'C'}}")); /* a later stamp, seen now */
    for (int k = 0; k < 4; k++)
        (void)!world_pass(w, MINUTE_MS);
    sandbox_advance(w->box, 6 * MINUTE_MS);
    int64_t writes = world_writes(w, 0);
    world_settle(w);
    AUTO_JSON json_t *inbox = world_state(w, 0), *seen = json_object();
    json_array_foreach (json_object_get(inbox, "prospect"), i, row) {
        const char *notes = js_str_or(json_object_get(row, "context"), "notes", "");
        assert_true(str_starts(notes, "late "));
        js_set(seen, notes, json_true());
    }
    assert_int_equal(json_object_size(seen), n); /* each its own */
    assert_int_equal(world_writes(w, 0) - writes, n);
    print_message("late commits: %zu heard, %lld written, none twice\n", n, (long long)(world_writes(w, 0) - writes));
    finish(w, n);
}

/* ---- somebody is known already ---- */

struct rule {
    const char *policy, *rule;
    size_t leads; /* there are afterwards */
    bool ours;    /* one of them carries the prospect's key */
    int64_t step; /* every so many touches the power is cut */
};

static void meet_a_rule(const struct rule *r)
{
    int64_t n = 1;
    AUTO_FREE char *options = mem_printf(LEADS_STATIC " duplicates = \"%s\";", r->policy);
    AUTO_FREE char *manners = mem_printf("{\"duplicate_rule\":\"%s\"}", r->rule);
    for (int64_t k = 0; k <= n; k += r->step) {
        struct world *w = leads_begin(15, 2, options, manners);
        world_edit_inbox(w, 0, "'displayName':'Ada Lovelace','context.notes':'known to Inbox'");
        json_decref(world_edit(w, 1, "{'object':'Lead','create':{'FirstName':'Ada','LastName':'Lovelace','Company':'[not "
                                     "provided]','inbox_notes__c':'known to Salesforce'}}"));
        world_watch(w, k);
        world_settle(w);
        n = k ? n : w->touches;
        assert_int_equal(leads_count(w, "Lead"), r->leads);
        AUTO_JSON json_t *l = leads_of(w, 0);
        assert_int_equal(l != NULL, r->ours);
        /* Whose notes win is not told after a cut behind the claim: the engine takes the record for the one it meant to make. */
        if (r->ours && (!k || r->leads == 3))
            leads_assert(w, 0, "inbox_notes__c", "known to Inbox");
        leads_finish(w);
    }
    print_message("duplicates = %s: %lld touches, the power cut at every %s\n", r->policy, (long long)n,
                  r->step == 1 ? "one" : "third");
}

static void a_duplicate_is_linked_whatever_the_power_does(void **state)
{
    (void)state;
    meet_a_rule(&(struct rule){"link", "block", 2, true, 1});
}

static void a_duplicate_is_held_whatever_the_power_does(void **state)
{
    (void)state;
    meet_a_rule(&(struct rule){"hold", "block", 2, false, 3});
}

static void a_duplicate_is_allowed_whatever_the_power_does(void **state)
{
    (void)state;
    meet_a_rule(&(struct rule){"allow", "alert", 3, true, 3});
}

/* ---- lists of options that change while the bridge runs ---- */

static int64_t described(struct world *w)
{
    return world_asked(w, 1, "GET /sobjects/Lead/describe");
}

static bool lists(struct world *w, const char *status)
{
    const struct schema_field *f = schema_find(&w->route->objects[0].schema[SIDE_T], "Status");
    return f && schema_option_by_id(f, status) != NULL;
}

static void a_refused_value_makes_the_bridge_ask_for_the_lists_again_at_most_hourly(void **state)
{
    static const char added[] = "{'object':'field','id':'Lead.Status','set':{'values':['Open - Not Contacted*','Working - Contacted',"
                                "'Closed - Not Converted','Closed - Converted','Brand new'],'restricted':true}}";
    static const char rule[] = "{'object':'rule','create':{'type':'Lead','field':'Status','value':'Working - Contacted','code':"
                               "'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST','message':'bad value for restricted picklist field'}}";
    (void)state;
    struct world *w = leads_begin(61, 4, LEADS_STATIC, NULL);
    world_settle(w);
    json_decref(world_edit(w, 1, added));
    json_decref(world_edit(w, 1, rule));
    sandbox_advance(w->box, 2 * 3600000);
    int64_t before = described(w);
    world_edit_inbox(w, 0, "'context.notes':'nothing to do with lists'");
    world_settle(w);
    assert_int_equal(described(w), before);
    assert_false(lists(w, "Brand new"));
    world_edit_inbox(w, 0, "'context.status':'Contacted'");
    assert_true(world_pass(w, 60 * 1000)); /* refused */
    world_edit_inbox(w, 1, "'context.status':'Contacted'");
    assert_true(world_pass(w, 60 * 1000)); /* learnt, and refused again within the hour */
    assert_true(lists(w, "Brand new"));
    assert_int_equal(described(w), before + 1);
    world_edit_inbox(w, 2, "'context.status':'Contacted'");
    assert_true(world_pass(w, 60 * 1000));
    assert_int_equal(described(w), before + 1);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_new_lead_is_given_is_no_news),
        cmocka_unit_test(what_somebody_makes_of_it_is_news),
        cmocka_unit_test(an_edit_right_behind_the_create_is_news),
        cmocka_unit_test(it_is_no_news_whatever_the_power_does),
        cmocka_unit_test(what_was_rounded_behind_a_lost_answer_is_no_news),
        cmocka_unit_test(a_first_sync_takes_three_calls_for_two_hundred),
        cmocka_unit_test(every_fifth_row_is_locked),
        cmocka_unit_test(a_session_may_end_between_any_two_calls),
        cmocka_unit_test(the_days_quota_is_reached_and_lifted),
        cmocka_unit_test(thousands_that_commit_late_are_all_heard),
        cmocka_unit_test(a_duplicate_is_linked_whatever_the_power_does),
        cmocka_unit_test(a_duplicate_is_held_whatever_the_power_does),
        cmocka_unit_test(a_duplicate_is_allowed_whatever_the_power_does),
        cmocka_unit_test(a_refused_value_makes_the_bridge_ask_for_the_lists_again_at_most_hourly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
