/* The frame: faults, calls, clock, queries, control surface. */
#include "tests/sandbox/asking.h"

static int setup(void **state)
{
    return open_place(state, 6);
}

static int64_t calls(struct place *p, const char *path)
{
    AUTO_JSON json_t *all = sandbox_calls_json(p->box, p->inbox);
    return json_integer_value(path_get(all, path));
}

static void a_rule_is_used_up_after_its_times(void **state)
{
    struct place *p = *state;
    assert_true(sandbox_fault(
        p->box, "{\"match\":{\"method\":\"GET\",\"path\":\"/te\"},\"do\":\"status\",\"status\":503,\"times\":2}"));
    assert_int_equal(ask(p, "GET", "/team", NULL), 503);
    assert_int_equal(ask(p, "GET", "/tags", NULL), 200);
    assert_int_equal(ask(p, "GET", "/team", NULL), 503);
    assert_int_equal(ask(p, "GET", "/team", NULL), 200);
}

static void every_third_and_wildcards(void **state)
{
    struct place *p = *state;
    assert_true(sandbox_fault(p->box, "{\"match\":{\"path\":\"*/t*s\"},\"do\":\"html\",\"every\":3}"));
    assert_int_equal(ask(p, "GET", "/tags", NULL), 200);
    assert_int_equal(ask(p, "GET", "/team", NULL), 200);
    assert_int_equal(ask(p, "GET", "/threads", NULL), 200);
    assert_int_equal(ask(p, "GET", "/tags", NULL), 502);
    assert_string_equal(http_headers_get(&p->answer.headers, "Content-Type"), "text/html");
}

static void chance_strikes_about_as_often_as_said(void **state)
{
    struct place *p = *state;
    int struck = 0;
    p->box->no_limits = true;
    assert_true(sandbox_fault(p->box, "[{\"do\":\"status\",\"chance\":0.25}]"));
    for (int i = 0; i < 400; i++)
        struck += ask(p, "GET", "/team", NULL) == 500;
    assert_in_range(struck, 70, 130);
}

static void a_reset_before_changes_nothing_and_one_after_does(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = person_id(p, 1);
    sandbox_fault(p->box, "{\"match\":{\"method\":\"PATCH\"},\"do\":\"reset_before\",\"times\":1}");
    sandbox_fault(p->box, "{\"match\":{\"method\":\"PATCH\"},\"do\":\"reset_after\",\"times\":1}");
    ask(p, "PATCH", "/prospects/%s/context", "{'notes':'one'}", id);
    assert_int_equal(p->answer.fate, HTTP_NOT_SENT);
    assert_int_equal(p->answer.err.kind, ERR_TEMP);
    ask(p, "PATCH", "/prospects/%s/context", "{'notes':'two'}", id);
    assert_int_equal(p->answer.fate, HTTP_LOST);
    assert_int_equal(p->answer.err.kind, ERR_UNSURE);
    ask(p, "GET", "/prospects/%s", NULL, id);
    assert_string_equal(text_at(p, "context.notes"), "two");
    assert_int_equal(calls(p, "writes"), 1);
}

static void stale_shows_what_was_before_the_last_change(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = person_id(p, 1);
    edit(p, "{'object':'prospect','id':'%s','set':{'context.notes':'old','context.status':'New'}}", id);
    edit(p, "{'object':'prospect','id':'%s','set':{'context.notes':'new'}}", id);
    sandbox_fault(p->box, "{\"do\":\"stale\",\"times\":1}");
    ask(p, "GET", "/prospects/%s", NULL, id);
    assert_string_equal(text_at(p, "context.notes"), "old");
    ask(p, "GET", "/prospects/%s", NULL, id);
    assert_string_equal(text_at(p, "context.notes"), "new");
}

static void bodies_can_be_empty_or_cut(void **state)
{
    struct place *p = *state;
    sandbox_fault(p->box, "[{\"do\":\"empty\",\"times\":1},{\"do\":\"truncate\",\"times\":1}]");
    assert_int_equal(ask(p, "GET", "/team", NULL), 200);
    assert_int_equal(p->answer.body_n, 0);
    assert_int_equal(ask(p, "GET", "/team", NULL), 200);
    assert_null(p->json);
    assert_true(p->answer.body_n > 10);
}

static void a_delay_moves_the_fake_clock_and_a_long_one_loses_the_answer(void **state)
{
    struct place *p = *state;
    int64_t before = sandbox_now(p->box);
    sandbox_fault(p->box, "[{\"do\":\"delay\",\"ms\":700,\"times\":1},{\"do\":\"delay\",\"ms\":90000,\"times\":1}]");
    assert_int_equal(ask(p, "GET", "/team", NULL), 200);
    assert_int_equal(sandbox_now(p->box) - before, 700);
    ask(p, "GET", "/team", NULL);
    assert_int_equal(p->answer.fate, HTTP_LOST);
    assert_int_equal(sandbox_now(p->box) - before, 30700);
}

static void refusals_carry_retry_after(void **state)
{
    struct place *p = *state;
    sandbox_fault(p->box, "{\"do\":\"status\",\"status\":429,\"retry_after\":30}");
    assert_int_equal(ask(p, "GET", "/team", NULL), 429);
    assert_string_equal(http_headers_get(&p->answer.headers, "Retry-After"), "30");
    assert_string_equal(text_at(p, "error.code"), "RATE_LIMITED");
    sandbox_faults_clear(p->box);
    assert_int_equal(ask(p, "GET", "/team", NULL), 200);
}

static void nonsense_is_refused_with_the_nearest_word(void **state)
{
    struct place *p = *state;
    assert_false(sandbox_fault(p->box, "{\"do\":\"explode\"}"));
    assert_false(sandbox_fault(p->box, "{\"do\""));
    assert_int_equal(ask(p, "POST", "/_sandbox/faults", "{'do':'reset_befor'}"), 400);
    assert_non_null(strstr(p->answer.body, "reset_before"));
    assert_int_equal(ask(p, "POST", "/_sandbox/edit", "[{'object':'prospect','id':'nobody','set':{}}]"), 400);
    assert_int_equal(ask(p, "POST", "/_sandbox/edit", "{'object':'ship'}"), 400);
}

static void faults_over_a_port_are_shown_with_their_counts_and_taken_back(void **state)
{
    struct place *p = *state;
    assert_int_equal(ask(p, "POST", "/_sandbox/faults", "[{'match':{'path':'/team'},'do':'status','status':500}]"),
                     200);
    assert_int_equal(ask(p, "GET", "/team", NULL), 500);
    ask(p, "GET", "/_sandbox/faults", NULL);
    assert_int_equal(number_at(p, "[0].met"), 1);
    ask(p, "DELETE", "/_sandbox/faults", NULL);
    assert_int_equal(json_array_size(p->json), 0);
    assert_int_equal(ask(p, "GET", "/team", NULL), 200);
}

static void calls_are_counted_by_route_and_writes_only_when_something_changed(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = person_id(p, 1);
    ask(p, "PATCH", "/prospects/%s/context", "{'notes':'same'}", id);
    ask(p, "PATCH", "/prospects/%s/context", "{'notes':'same'}", id);
    ask(p, "GET", "/threads", NULL);
    ask(p, "GET", "/nowhere", NULL);
    assert_int_equal(calls(p, "total"), 4);
    assert_int_equal(calls(p, "writes"), 1);
    assert_int_equal(calls(p, "routes['PATCH /prospects/{prospectId}/context']"), 2);
    assert_int_equal(calls(p, "last[3].status"), 404);
    ask(p, "DELETE", "/_sandbox/calls", NULL);
    assert_int_equal(calls(p, "total"), 0);
}

static void the_last_thousand_calls_are_kept(void **state)
{
    struct place *p = *state;
    p->box->no_limits = true;
    for (int i = 0; i < 1010; i++)
        ask(p, "GET", "/team?n=%d", NULL, i);
    AUTO_JSON json_t *all = sandbox_calls_json(p->box, p->inbox);
    const json_t *last = json_object_get(all, "last");
    assert_int_equal(json_array_size(last), 1000);
    assert_non_null(strstr(js_str(json_array_get(last, 0), "url"), "n=10"));
    assert_non_null(strstr(js_str(json_array_get(last, 999), "url"), "n=1009"));
}

static void the_clock_is_moved_by_hand_and_shown_in_every_answer(void **state)
{
    struct place *p = *state;
    int64_t before = sandbox_now(p->box);
    ask(p, "POST", "/_sandbox/clock", "{'advance_ms':86400000}");
    assert_int_equal(number_at(p, "now") - before, 86400000);
    assert_int_equal(ask(p, "POST", "/_sandbox/clock", "{'advance_ms':-1}"), 400);
    ask(p, "GET", "/team", NULL);
    assert_string_equal(http_headers_get(&p->answer.headers, "Date"), "Tue, 27 Oct 2026 07:33:20 GMT");
}

static void the_same_seed_makes_the_same_world(void **state)
{
    struct place *p = *state;
    struct sandbox *box = sandbox_new(5), *other = sandbox_new(6);
    AUTO_JSON json_t *one = sandbox_state(p->box, p->inbox), *two = sandbox_state(box, sandbox_inbox_new(box, 6));
    AUTO_JSON json_t *three = sandbox_state(other, sandbox_inbox_new(other, 6));
    assert_true(js_equal(one, two));
    assert_false(js_equal(one, three));
    sandbox_free(box);
    sandbox_free(other);
}

static void arrays_are_read_in_three_spellings(void **state)
{
    (void)state;
    static const char *const spellings[] = {"a=1&a=2", "a[]=1&a%5B%5D=2", "a[0]=1&a[7]=2"};
    for (size_t i = 0; i < COUNT(spellings); i++) {
        AUTO_JSON json_t *q = sandbox_query_json(spellings[i]), *want = json_pack("{s:[s,s]}", "a", "1", "2");
        assert_true(json_equal(q, want));
    }
    AUTO_JSON json_t *deep = sandbox_query_json("f[t][ids][0]=x%20y&f[t][none]=true&plain=a+b");
    assert_string_equal(json_string_value(path_get(deep, "f.t.ids[0]")), "x y");
    assert_string_equal(json_string_value(path_get(deep, "f.t.none")), "true");
    assert_string_equal(js_str(deep, "plain"), "a b");
}

static void no_host_of_ours_is_not_sent(void **state)
{
    struct place *p = *state;
    struct http_request r = {0};
    http_request_init(&r, "GET", "http://inboxes.example/team");
    forget(p);
    p->transport->perform(p->transport, &r, &p->answer, 1, 1);
    http_request_done(&r);
    assert_int_equal(p->answer.fate, HTTP_NOT_SENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, close_place)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_rule_is_used_up_after_its_times),
        TEST(every_third_and_wildcards),
        TEST(chance_strikes_about_as_often_as_said),
        TEST(a_reset_before_changes_nothing_and_one_after_does),
        TEST(stale_shows_what_was_before_the_last_change),
        TEST(bodies_can_be_empty_or_cut),
        TEST(a_delay_moves_the_fake_clock_and_a_long_one_loses_the_answer),
        TEST(refusals_carry_retry_after),
        TEST(nonsense_is_refused_with_the_nearest_word),
        TEST(faults_over_a_port_are_shown_with_their_counts_and_taken_back),
        TEST(calls_are_counted_by_route_and_writes_only_when_something_changed),
        TEST(the_last_thousand_calls_are_kept),
        TEST(the_clock_is_moved_by_hand_and_shown_in_every_answer),
        TEST(the_same_seed_makes_the_same_world),
        TEST(arrays_are_read_in_three_spellings),
        TEST(no_host_of_ours_is_not_sent),
    };
    return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
