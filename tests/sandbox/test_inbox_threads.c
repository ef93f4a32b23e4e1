/* Inbox: listing threads and messages by page, view and filter; opening, changing, deleting. */
#include "bridge/base/when.h"
#include "tests/sandbox/asking.h"

static int setup(void **state)
{
    return open_place(state, 230);
}

/* Walks a whole listing; ids in order of appearance. */
static json_t *walk(struct place *p, const char *query)
{
    json_t *ids = json_array(), *t;
    char cursor[256] = "";
    size_t i;
    for (int pages = 0; pages < 400; pages++) {
        assert_int_equal(ask(p, "GET", "/threads?%s%s", NULL, query, cursor), 200);
        json_array_foreach ((json_t *)at(p, "threads"), i, t)
            js_add(ids, js_text(js_str(t, "id")));
        if (!text_at(p, "nextCursor.id"))
            return ids;
        snprintf(cursor, sizeof cursor, "&cursorId=%s&cursorTimestamp=%s", text_at(p, "nextCursor.id"),
                 text_at(p, "nextCursor.timestamp"));
        sandbox_advance(p->box, 1000);
    }
    fail_msg("the walk does not end");
    return ids;
}

static bool all_different(const json_t *ids)
{
    AUTO_JSON json_t *seen = json_object();
    for (size_t i = 0; i < json_array_size(ids); i++)
        js_set(seen, json_string_value(json_array_get(ids, i)), json_true());
    return json_object_size(seen) == json_array_size(ids);
}

static void pages_of_any_size_name_every_thread_once(void **state)
{
    struct place *p = *state;
    AUTO_JSON json_t *sevens = walk(p, "limit=7"), *hundreds = walk(p, "limit=100"),
                     *up = walk(p, "limit=13&filters[sortOrder]=asc");
    assert_true(json_array_size(sevens) >= 230);
    assert_true(all_different(sevens));
    assert_true(json_equal(sevens, hundreds));
    size_t n = json_array_size(up);
    assert_int_equal(n, json_array_size(sevens));
    for (size_t i = 0; i < n; i++)
        assert_true(json_equal(json_array_get(up, i), json_array_get(sevens, n - 1 - i)));
}

static void the_default_page_has_twenty_threads_newest_first(void **state)
{
    struct place *p = *state;
    ask(p, "GET", "/threads", NULL);
    assert_int_equal(json_array_size(at(p, "threads")), 20);
    int64_t last = INT64_MAX, t = 0;
    for (size_t i = 0; i < 20; i++) {
        assert_true(when_parse(js_str(json_array_get(at(p, "threads"), i), "computedSortTimestamp"), &t));
        assert_true(t <= last);
        last = t;
    }
    assert_string_equal(text_at(p, "nextCursor.id"), text_at(p, "threads[19].id"));
    assert_string_equal(text_at(p, "nextCursor.timestamp"), text_at(p, "threads[19].computedSortTimestamp"));
}

static void threads_of_one_moment_are_told_apart_by_id(void **state)
{
    struct place *p = *state;
    for (size_t i = 0; i < 40; i++) {
        AUTO_FREE char *id = person_id(p, i);
        edit(p, "{'object':'message','prospect':'%s','content':'same moment'}", id);
    }
    AUTO_JSON json_t *ids = walk(p, "limit=3");
    assert_true(all_different(ids));
    assert_true(json_array_size(ids) >= 230);
}

static void cursors_come_in_pairs(void **state)
{
    struct place *p = *state;
    static const char *const bad[] = {
        "cursorId=abc",
        "cursorTimestamp=2026-01-01T00:00:00.000Z",
        "cursor[id]=abc",
        "cursorId=abc&cursorTimestamp=soon",
        "cursorId=A-B&cursorTimestamp=2026-01-01T00:00:00.000Z",
        "cursor[id]=a&cursor[timestamp]=2026-01-01T00:00:00Z&cursorId=a&cursorTimestamp=2026-01-01T00:00:00Z",
        "limit=0",
        "limit=101",
        "limit=ten",
        "inbox=spam",
        "filters[sortOrder]=up",
        "accountLinkIds=abc",
        "filters[tags][noTags]=maybe",
        "filters[tags]=x"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(ask(p, "GET", "/threads?%s", NULL, bad[i]), 400);
        assert_string_equal(text_at(p, "error.code"), "VALIDATION_ERROR");
    }
    assert_int_equal(
        ask(p, "GET", "/threads?cursor%%5Bid%%5D=a&cursor[timestamp]=2099-01-01T00:00:00Z&accountLinkIds=", NULL), 200);
}

static void a_manner_repeats_the_boundary(void **state)
{
    struct place *p = *state;
    mannered(p, "{'boundary_repeat':true}");
    ask(p, "GET", "/threads?limit=5", NULL);
    AUTO_FREE char *id = keep(p, "nextCursor.id"), *time = keep(p, "nextCursor.timestamp");
    ask(p, "GET", "/threads?limit=5&cursorId=%s&cursorTimestamp=%s", NULL, id, time);
    assert_string_equal(text_at(p, "threads[0].id"), id);
}

static void views_hold_what_they_say(void **state)
{
    struct place *p = *state;
    AUTO_JSON json_t *all = walk(p, "limit=100"), *usual = walk(p, "limit=100&inbox=default"),
                     *requests = walk(p, "limit=100&inbox=requests");
    AUTO_JSON json_t *archived = walk(p, "limit=100&inbox=archived"), *waiting = walk(p, "limit=100&inbox=no-reply");
    assert_int_equal(json_array_size(all),
                     json_array_size(usual) + json_array_size(requests) + json_array_size(archived));
    assert_true(json_array_size(waiting) > 0 && json_array_size(waiting) < json_array_size(usual));
    mannered(p, "{'omitted_inbox':'default'}");
    AUTO_JSON json_t *omitted = walk(p, "limit=100");
    assert_true(json_equal(omitted, usual));
    size_t before = json_array_size(all);
    mannered(p, "{'omitted_inbox':'all','list_idle':true}");
    AUTO_JSON json_t *idle = walk(p, "limit=100");
    assert_true(json_array_size(idle) > before);
}

static void filters_choose_by_tag_status_assignee_and_account(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *vip = id_of(p, "tag", "name", "VIP"), *won = id_of(p, "status", "name", "Won"),
                   *account = id_of(p, "account", "username", "gretaholm");
    AUTO_FREE char *ben = id_of(p, "member", "email", "ben@team.example"), *lead = id_of(p, "tag", "name", "Lead");
    AUTO_FREE char *q = mem_printf("limit=9&filters[tags][selectedIds][0]=%s&filters[statuses][selectedIds][]=%s", vip,
                                   won);
    AUTO_FREE char *either = mem_printf("limit=100&filters[tags][selectedIds][0]=%s&filters[tags][selectedIds][1]=%s",
                                        vip, lead);
    AUTO_FREE char *one = mem_printf("limit=100&filters[tags][selectedIds][0]=%s", vip),
                   *none = mem_printf("limit=100&filters[assignees][noAssignee]=true");
    AUTO_FREE char *his = mem_printf("limit=100&filters[assignees][selectedIds][0]=%s&accountLinkIds[]=%s", ben,
                                     account);
    AUTO_JSON json_t *both = walk(p, q), *vips = walk(p, one), *more = walk(p, either), *his_threads = walk(p, his),
                     *free_ones = walk(p, none);
    assert_true(json_array_size(both) > 0 && json_array_size(both) < json_array_size(vips));
    assert_true(json_array_size(more) > json_array_size(vips));
    assert_true(json_array_size(his_threads) > 0 && json_array_size(free_ones) > 0);
    ask(p, "GET", "/threads?%s", NULL, his);
    assert_string_equal(text_at(p, "threads[0].accountLinkId"), account);
    assert_string_equal(text_at(p, "threads[0].assigneeId"), ben);
}

static void a_message_moves_its_thread_to_the_front(void **state)
{
    struct place *p = *state;
    AUTO_JSON json_t *up = walk(p, "limit=100&filters[sortOrder]=asc&inbox=archived");
    const char *id = json_string_value(json_array_get(up, 0));
    int64_t seq = 0;
    edit(p, "{'object':'message','thread':'%s','content':'still there?'}", id);
    ask(p, "GET", "/threads?limit=1&inbox=default", NULL);
    assert_string_equal(text_at(p, "threads[0].id"), id);
    assert_true(json_is_false(at(p, "threads[0].done")));
    AUTO_FREE char *types = events_after(p, &seq);
    assert_string_equal(types, "message.created,thread.unarchived");
}

static void one_thread_for_each_account_and_prospect(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *one = id_of(p, "account", "username", "quietstartup"),
                   *two = id_of(p, "account", "username", "gretaholm");
    AUTO_FREE char *id = person_id(p, 3), *body1 = mem_printf("{'accountLinkId':'%s','externalId':'%s'}", one, id);
    AUTO_FREE char *body2 = mem_printf("{'accountLinkId':'%s','externalId':'%s'}", two, id);
    assert_int_equal(ask(p, "POST", "/threads", body1), 200);
    AUTO_FREE char *first = keep(p, "id");
    assert_int_equal(ask(p, "POST", "/threads", body2), 200);
    assert_string_not_equal(first, text_at(p, "id"));
    assert_int_equal(ask(p, "POST", "/threads", body1), 200);
    assert_string_equal(first, text_at(p, "id"));
    mannered(p, "{'thread_exists':'409'}");
    assert_int_equal(ask(p, "POST", "/threads", body1), 409);
    assert_int_equal(ask(p, "GET", "/threads/lookup?accountLinkId=%s&externalId=%s", NULL, one, id), 200);
    assert_string_equal(first, text_at(p, "id"));
}

static void lookups_that_find_nobody_answer_null(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *account = id_of(p, "account", "username", "quietstartup"), *user = person(p, 3, "username");
    assert_int_equal(ask(p, "GET", "/threads/lookup?accountLinkId=%s&externalPlatformId=1", NULL, account), 200);
    assert_string_equal(p->answer.body, "null");
    assert_int_equal(ask(p, "GET", "/prospects/lookup?platformId=1", NULL), 200);
    assert_string_equal(p->answer.body, "null");
    assert_int_equal(ask(p, "GET", "/threads/lookup-by-username?username=nobody_at_all", NULL), 200);
    assert_string_equal(p->answer.body, "[]");
    assert_int_equal(ask(p, "GET", "/threads/lookup-by-username?username=%s", NULL, user), 200);
    assert_string_equal(text_at(p, "[0].prospect.username"), user);
    assert_int_equal(ask(p, "GET", "/threads/lookup?externalPlatformId=1", NULL), 400);
    assert_int_equal(ask(p, "GET", "/threads/lookup?accountLinkId=%s", NULL, account), 400);
}

static void a_stranger_written_to_becomes_a_prospect(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *account = id_of(p, "account", "username", "quietstartup");
    AUTO_FREE char *body = mem_printf(
        "{'accountLinkId':'%s','externalPlatformId':'1790000000000000001','content':'Hello'}", account);
    int64_t seq = 0;
    assert_int_equal(ask(p, "POST", "/threads/messages", body), 200);
    assert_string_equal(text_at(p, "message.origin"), "api");
    assert_string_equal(text_at(p, "message.authorId"), account);
    assert_string_equal(text_at(p, "thread.platformId"), "1402239944556677880:1790000000000000001");
    AUTO_FREE char *types = events_after(p, &seq);
    assert_string_equal(types, "prospect.created,thread.created,message.created");
    mannered(p, "{'outbound':false}");
    assert_int_equal(ask(p, "POST", "/threads/messages", body), 403);
}

static void deleting_a_thread_leaves_its_prospect(void **state)
{
    struct place *p = *state;
    ask(p, "GET", "/threads?limit=1", NULL);
    AUTO_FREE char *id = keep(p, "threads[0].id"), *prospect = keep(p, "threads[0].prospect.externalId");
    int64_t seq = 0;
    assert_int_equal(ask(p, "DELETE", "/threads/%s", "{}", id), 200);
    assert_int_equal(p->answer.body_n, 0);
    assert_int_equal(ask(p, "DELETE", "/threads/%s", "{}", id), 404);
    assert_string_equal(text_at(p, "error.code"), "THREAD_NOT_FOUND");
    assert_int_equal(ask(p, "GET", "/prospects/%s", NULL, prospect), 200);
    AUTO_FREE char *types = events_after(p, &seq);
    assert_string_equal(types, "thread.deleted");
    assert_string_equal(text_at(p, "events[0].data.threadId"), id);
}

static void a_thread_is_archived_and_assigned_by_patch(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *ben = id_of(p, "member", "email", "cy@team.example");
    AUTO_FREE char *body = mem_printf("{'done':true,'assigneeId':'%s'}", ben);
    ask(p, "GET", "/threads?limit=1&inbox=default", NULL);
    AUTO_FREE char *id = keep(p, "threads[0].id");
    assert_int_equal(ask(p, "PATCH", "/threads/%s", body, id), 200);
    assert_string_equal(text_at(p, "assigneeId"), ben);
    assert_true(json_is_true(at(p, "done")));
    assert_int_equal(ask(p, "PATCH", "/threads/%s", "{'assigneeId':'nobody'}", id), 404);
    assert_int_equal(ask(p, "PATCH", "/threads/%s", "{'done':'yes'}", id), 400);
    assert_int_equal(ask(p, "PATCH", "/threads/%s", NULL, id), 200);
    assert_int_equal(ask(p, "PATCH", "/threads/%s/settings", "{'typingIndicatorsEnabled':false}", id), 200);
    assert_true(json_is_false(at(p, "typingIndicatorsEnabled")));
    assert_int_equal(ask(p, "POST", "/threads/%s/typing", NULL, id), 200);
    assert_string_equal(text_at(p, "status"), "skipped");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, close_place)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pages_of_any_size_name_every_thread_once),
        TEST(the_default_page_has_twenty_threads_newest_first),
        TEST(threads_of_one_moment_are_told_apart_by_id),
        TEST(cursors_come_in_pairs),
        TEST(a_manner_repeats_the_boundary),
        TEST(views_hold_what_they_say),
        TEST(filters_choose_by_tag_status_assignee_and_account),
        TEST(a_message_moves_its_thread_to_the_front),
        TEST(one_thread_for_each_account_and_prospect),
        TEST(lookups_that_find_nobody_answer_null),
        TEST(a_stranger_written_to_becomes_a_prospect),
        TEST(deleting_a_thread_leaves_its_prospect),
        TEST(a_thread_is_archived_and_assigned_by_patch),
    };
    return cmocka_run_group_tests_name("sandbox.inbox_threads", tests, NULL, NULL);
}
