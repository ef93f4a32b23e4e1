/* Inbox: the bearer, three sliding windows, shapes of errors, the catalogue, and messages. */
#include "tests/sandbox/asking.h"

static int setup(void **state)
{
    return open_place(state, 30);
}

static const char *header(const struct place *p, const char *name)
{
    const char *text = http_headers_get(&p->answer.headers, name);
    return text ? text : "";
}

static void without_the_token_nothing_is_told(void **state)
{
    struct place *p = *state;
    static const char *const bad[] = {NULL, "Bearer wrong", "sandbox-token", "Basic sandbox-token"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct http_request r = {0};
        forget(p);
        http_request_init(&r, "GET", "http://inbox.sandbox/team"); /* the prefix may be left out */
        if (bad[i])
            http_headers_add(&r.headers, "Authorization", bad[i]);
        p->transport->perform(p->transport, &r, &p->answer, 1, 1);
        http_request_done(&r);
        assert_int_equal(p->answer.status, 401);
        assert_string_equal(header(p, "X-RateLimit-Limit"), "300");
    }
}

static void three_hundred_a_minute_and_not_one_more(void **state)
{
    struct place *p = *state;
    for (int i = 0; i < 300; i++) {
        assert_int_equal(ask(p, "GET", "/team", NULL), 200);
        assert_int_equal(strtol(header(p, "X-RateLimit-Remaining"), NULL, 10), 299 - i);
        sandbox_advance(p->box, 100);
    }
    assert_int_equal(ask(p, "GET", "/team", NULL), 429);
    assert_string_equal(header(p, "Retry-After"), "30");
    assert_string_equal(text_at(p, "error.code"), "RATE_LIMITED");
    sandbox_advance(p->box, 29999);
    assert_int_equal(ask(p, "GET", "/team", NULL), 429);
    sandbox_advance(p->box, 1);
    assert_int_equal(ask(p, "GET", "/team", NULL), 200);
    assert_int_equal(ask(p, "GET", "/team", NULL), 429);
    sandbox_advance(p->box, 60000);
    assert_int_equal(ask(p, "GET", "/team", NULL), 200);
    assert_string_equal(header(p, "X-RateLimit-Remaining"), "299");
}

static void the_hour_is_shorter_than_sixty_minutes(void **state)
{
    struct place *p = *state;
    int passed = 0;
    while (passed < 10001 && ask(p, "GET", "/team", NULL) == 200) {
        passed++;
        sandbox_advance(p->box, 200);
    }
    assert_int_equal(passed, 10000);
    assert_string_equal(header(p, "X-RateLimit-Remaining"), "1");
    assert_string_equal(header(p, "Retry-After"), "1600");
    mannered(p, "{'rate_window':'tightest','retry_after':'missing'}");
    ask(p, "GET", "/team", NULL);
    assert_string_equal(header(p, "X-RateLimit-Limit"), "10000");
    assert_string_equal(header(p, "Retry-After"), "");
    mannered(p, "{'retry_after':'date'}");
    ask(p, "GET", "/team", NULL);
    assert_non_null(strstr(header(p, "Retry-After"), "GMT"));
}

static void errors_come_in_five_shapes(void **state)
{
    struct place *p = *state;
    assert_int_equal(ask(p, "GET", "/nowhere", NULL), 404);
    assert_int_equal(number_at(p, "error.status"), 404);
    mannered(p, "{'error_shape':'string'}");
    ask(p, "GET", "/threads/nothread", NULL);
    assert_string_equal(text_at(p, "error"), "THREAD_NOT_FOUND");
    mannered(p, "{'error_shape':'flat'}");
    ask(p, "GET", "/threads/nothread", NULL);
    assert_string_equal(text_at(p, "code"), "THREAD_NOT_FOUND");
    mannered(p, "{'error_shape':'html'}");
    ask(p, "GET", "/threads/nothread", NULL);
    assert_string_equal(header(p, "content-type"), "text/html");
    mannered(p, "{'error_shape':'empty'}");
    assert_int_equal(ask(p, "GET", "/threads/nothread", NULL), 404);
    assert_int_equal(p->answer.body_n, 0);
}

static void manners_are_set_over_the_port_and_checked(void **state)
{
    struct place *p = *state;
    assert_int_equal(ask(p, "POST", "/_sandbox/manners", "{'error_shape':'flat','drop_data':0.1}"), 200);
    assert_string_equal(text_at(p, "error_shape"), "flat");
    assert_int_equal(ask(p, "POST", "/_sandbox/manners", "{'error_shape':'flat','sec_gaps':true}"), 400);
    assert_non_null(strstr(text_at(p, "error"), "seq_gaps"));
    assert_int_equal(ask(p, "POST", "/_sandbox/manners", "{'seq_gaps':'often'}"), 400);
    assert_int_equal(ask(p, "DELETE", "/_sandbox/manners", NULL), 200);
    assert_string_equal(text_at(p, "error_shape"), "nested");
}

static void the_team_is_there(void **state)
{
    struct place *p = *state;
    assert_int_equal(ask(p, "GET", "/team", NULL), 200);
    assert_string_equal(text_at(p, "currency"), "USD");
    ask(p, "GET", "/account-links", NULL);
    assert_int_equal(json_array_size(p->json), 2);
    ask(p, "GET", "/members", NULL);
    assert_int_equal(json_array_size(p->json), 3);
    AUTO_FREE char *id = keep(p, "[1].id");
    assert_int_equal(ask(p, "GET", "/members/%s", NULL, id), 200);
    assert_int_equal(ask(p, "GET", "/members/nobody", NULL), 404);
    static const char *const colors[] = {"/colors", "/tags/colors", "/statuses/colors"};
    for (size_t i = 0; i < COUNT(colors); i++) {
        assert_int_equal(ask(p, "GET", "%s", NULL, colors[i]), 200);
        assert_string_equal(text_at(p, "[0].name"), "red");
    }
}

static void tags_are_made_renamed_and_removed_from_everybody(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *person_1 = person_id(p, 1);
    int64_t seq = 0;
    assert_int_equal(ask(p, "POST", "/tags", "{'name':'Fresh'}"), 200);
    assert_non_null(text_at(p, "color"));
    AUTO_FREE char *id = keep(p, "id"), *add = mem_printf("{'addTags':['%s']}", id);
    assert_int_equal(ask(p, "POST", "/tags", "{'name':'Fresh'}"), 409);
    assert_int_equal(ask(p, "POST", "/tags", "{'name':''}"), 400);
    assert_int_equal(ask(p, "POST", "/tags", NULL), 400);
    assert_int_equal(ask(p, "PATCH", "/tags/%s", "{'name':'VIP'}", id), 409);
    assert_int_equal(ask(p, "PATCH", "/tags/%s", "{'name':'Stale','color':'red'}", id), 200);
    assert_string_equal(text_at(p, "name"), "Stale");
    ask(p, "PATCH", "/prospects/%s/context", add, person_1);
    assert_non_null(strstr(p->answer.body, id));
    assert_int_equal(ask(p, "DELETE", "/tags/%s", "{}", id), 200);
    assert_int_equal(ask(p, "GET", "/tags/%s", NULL, id), 404);
    ask(p, "GET", "/prospects/%s", NULL, person_1);
    assert_null(strstr(p->answer.body, id));
    AUTO_FREE char *types = events_after(p, &seq);
    assert_string_equal(types, "tag.created,tag.updated,prospect.tagsChanged,tag.deleted");
}

static void deleting_a_status_may_tell_each_prospect(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = id_of(p, "status", "name", "Qualified");
    int64_t seq = 0;
    mannered(p, "{'strip_events':true,'delete_body':'object'}");
    assert_int_equal(ask(p, "DELETE", "/statuses/%s", NULL, id), 200);
    assert_string_equal(p->answer.body, "{}");
    AUTO_FREE char *types = events_after(p, &seq);
    assert_true(str_starts(types, "status.deleted,prospect.statusChanged"));
    ask(p, "GET", "/threads?limit=100", NULL);
    assert_null(strstr(p->answer.body, id));
}

/* A thread in which both sides wrote. */
static char *xchat(struct place *p)
{
    AUTO_FREE char *prospect = person_id(p, 2);
    edit(p,
         "[{'object':'message','prospect':'%s','content':'hello'},{'object':'message','prospect':'%s','content':'hi','"
         "from':'us'}]",
         prospect, prospect);
    ask(p, "GET", "/threads?limit=1", NULL);
    assert_string_equal(text_at(p, "threads[0].variant"), "xChat");
    return keep(p, "threads[0].id");
}

static void messages_are_sent_listed_newest_first_and_paged(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *thread = xchat(p);
    for (int i = 0; i < 60; i++) {
        sandbox_advance(p->box, 1000);
        assert_int_equal(ask(p, "POST", "/threads/%s/messages", "{'content':'ping'}", thread), 200);
    }
    assert_string_equal(text_at(p, "origin"), "api");
    AUTO_FREE char *last = keep(p, "id");
    ask(p, "GET", "/threads/%s/messages", NULL, thread);
    assert_int_equal(json_array_size(at(p, "messages")), 50);
    assert_string_equal(text_at(p, "messages[0].id"), last);
    AUTO_FREE char *id = keep(p, "nextCursor.id"), *time = keep(p, "nextCursor.timestamp");
    ask(p, "GET", "/threads/%s/messages?cursorId=%s&cursorTimestamp=%s", NULL, thread, id, time);
    assert_true(json_array_size(at(p, "messages")) >= 12);
    assert_true(json_is_null(at(p, "nextCursor")));
    AUTO_FREE char *long_text = mem_alloc(10020);
    memset(long_text, 'x', 10019);
    memcpy(long_text, "{'content':'", 12);
    memcpy(long_text + 10017, "'}", 2);
    assert_int_equal(ask(p, "POST", "/threads/%s/messages", long_text, thread), 422);
    assert_int_equal(ask(p, "POST", "/threads/%s/messages", "{'content':''}", thread), 400);
}

static void our_messages_are_edited_taken_back_and_remembered(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *thread = xchat(p);
    ask(p, "POST", "/threads/%s/messages", "{'content':'frist'}", thread);
    AUTO_FREE char *id = keep(p, "id");
    assert_int_equal(ask(p, "PATCH", "/threads/%s/messages/%s", "{'content':'first'}", thread, id), 200);
    assert_int_equal(ask(p, "DELETE", "/threads/%s/messages/%s", "{'deleteForAll':false}", thread, id), 200);
    assert_int_equal(ask(p, "PATCH", "/threads/%s/messages/%s", "{'content':'again'}", thread, id), 409);
    assert_int_equal(ask(p, "GET", "/threads/%s/messages/%s/history", NULL, thread, id), 200);
    assert_string_equal(text_at(p, "versions[0].content"), "frist");
    assert_string_equal(text_at(p, "versions[1].content"), "first");
    assert_string_equal(text_at(p, "versions[1].editOrigin"), "api");
    assert_string_equal(text_at(p, "deletion.deletionType"), "self");
    ask(p, "GET", "/threads/%s", NULL, thread);
    assert_string_equal(text_at(p, "lastMessage.content"), "hi");
}

static void reactions_have_a_doubled_path(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *thread = xchat(p);
    ask(p, "GET", "/threads/%s", NULL, thread);
    AUTO_FREE char *id = keep(p, "lastMessage.id");
    int64_t seq = 0;
    free(events_after(p, &seq));
    assert_int_equal(ask(p, "POST", "/threads/%s/messages/%s/reactions/reactions", "{'emoji':'🙌'}", thread, id), 200);
    assert_int_equal(ask(p, "POST", "/threads/%s/messages/%s/reactions", "{'emoji':'🙌'}", thread, id), 404);
    assert_int_equal(ask(p, "DELETE", "/threads/%s/messages/%s/reactions/reactions", "{'emoji':'🙌'}", thread, id), 200);
    mannered(p, "{'single_reactions':true}");
    assert_int_equal(ask(p, "POST", "/threads/%s/messages/%s/reactions", "{'emoji':'🙌'}", thread, id), 200);
    AUTO_FREE char *types = events_after(p, &seq);
    assert_string_equal(types, "message.reactionAdded,message.reactionRemoved,message.reactionAdded");
}

static void seeded_threads_have_a_past(void **state)
{
    struct place *p = *state;
    size_t most = 0;
    for (size_t i = 0; i < 30; i++) {
        AUTO_FREE char *id = person_id(p, i);
        ask(p, "GET", "/prospects/%s", NULL, id);
        AUTO_FREE char *thread = keep(p, "context.threads[0].id"), *last = NULL;
        ask(p, "GET", "/threads/%s", NULL, thread);
        last = keep(p, "lastMessage.id");
        ask(p, "GET", "/threads/%s/messages", NULL, thread);
        assert_string_equal(text_at(p, "messages[0].id"), last);
        most = json_array_size(at(p, "messages")) > most ? json_array_size(at(p, "messages")) : most;
    }
    assert_true(most >= 3);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, close_place)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_the_token_nothing_is_told),
        TEST(three_hundred_a_minute_and_not_one_more),
        TEST(the_hour_is_shorter_than_sixty_minutes),
        TEST(errors_come_in_five_shapes),
        TEST(manners_are_set_over_the_port_and_checked),
        TEST(the_team_is_there),
        TEST(tags_are_made_renamed_and_removed_from_everybody),
        TEST(deleting_a_status_may_tell_each_prospect),
        TEST(messages_are_sent_listed_newest_first_and_paged),
        TEST(our_messages_are_edited_taken_back_and_remembered),
        TEST(reactions_have_a_doubled_path),
        TEST(seeded_threads_have_a_past),
    };
    return cmocka_run_group_tests_name("sandbox.inbox", tests, NULL, NULL);
}
