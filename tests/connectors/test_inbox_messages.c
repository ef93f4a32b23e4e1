/* Conversations: who said what, in which order, however Inbox pages it; and which events say that something was said. */
#include "connectors/inbox/inbox.h"
#include "connectors/inbox/inbox_inner.h"
#include "tests/connectors/recorded.h"

#define MEMBERS "[{\"id\":\"m1\",\"userId\":\"u1\",\"name\":\"Ben Ode\",\"email\":\"ben@team.example\"},{\"id\":\"m2\",\"userId\":\"u2\",\"name\":null,\"email\":\"cy@team.example\"}]"
#define LINKS "[{\"id\":\"l1\",\"name\":\"Greta Holm\",\"username\":\"gretaholm\"}]"
#define SAID(id, at, author, more) "{\"id\":\"" id "\",\"createdAt\":\"2026-03-02T09:" at "Z\",\"authorId\":\"" author "\",\"content\":\"" id "\"" more "}"
#define PAGE(list, next, syncing) "{\"teamId\":\"k\",\"threadId\":\"t1\",\"messages\":[" list "],\"nextCursor\":" next ",\"isSyncing\":" syncing "}"

static struct record fetch(struct recorded *world, const char *id)
{
    struct record r = {0};
    struct err err = {0};
    recorded_add(world, "/members", 200, MEMBERS);
    recorded_add(world, "/account-links", 200, LINKS);
    if (!inbox_connector.fetch(world->ep, "message", &id, 1, NULL, FETCH_FRESH, &r, &err))
        fail_msg("%s", err.text);
    return r;
}

static const json_t *message(const struct record *r, size_t i)
{
    return json_array_get(json_object_get(r->fields, "messages"), i);
}

static void messages_come_oldest_first_over_all_pages_each_once(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "cursorId=b&cursorTimestamp=2026-03-02T09%3A01%3A00.000Z", 200, PAGE(SAID("b", "01:00.000", "e1", "") "," SAID("a", "00:00.000", "l1", ""), "null", "false"));
    recorded_add(world, "/threads/t1/messages?limit=100 ", 200,
                 PAGE(SAID("c", "02:00.000", "e1", "") "," SAID("b", "01:00.000", "e1", ""), "{\"id\":\"b\",\"timestamp\":\"2026-03-02T09:01:00.000Z\"}", "false"));
    AUTO(record_done) struct record r = fetch(world, "t1");
    assert_int_equal(json_array_size(json_object_get(r.fields, "messages")), 3);
    assert_string_equal(js_str(message(&r, 0), "text"), "a");
    assert_string_equal(js_str(message(&r, 1), "text"), "b");
    assert_string_equal(js_str(message(&r, 2), "text"), "c");
    assert_false(js_bool_or(r.fields, "syncing", true));
}

static void of_one_moment_the_smaller_number_of_x_comes_first(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "/messages", 200,
                 PAGE(SAID("b", "00:00.000", "e1", ",\"platformId\":\"1000\"") "," SAID("a", "00:00.000", "e1", ",\"platformId\":\"999\""), "null", "true"));
    AUTO(record_done) struct record r = fetch(world, "t1");
    assert_string_equal(js_str(message(&r, 0), "text"), "a");
    assert_true(js_bool_or(r.fields, "syncing", false));
}

static void what_an_account_or_a_member_wrote_is_ours_and_has_a_name(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "/messages", 200,
                 PAGE(SAID("a", "00:00.000", "l1", "") "," SAID("b", "01:00.000", "l1", ",\"userId\":\"u1\"") "," SAID("c", "02:00.000", "e1", "") "," SAID(
                          "d", "03:00.000", "1502239944556677889", "") "," SAID("e", "04:00.000", "l9", ",\"origin\":\"api\",\"userId\":\"u2\""),
                      "null", "false"));
    AUTO(record_done) struct record r = fetch(world, "t1");
    static const char *const names[] = {"Greta Holm", "Ben Ode", NULL, NULL, "cy@team.example"};
    static const bool ours[] = {true, true, false, false, true};
    for (size_t i = 0; i < 5; i++) {
        assert_true(str_eq(js_str(message(&r, i), "by"), names[i]));
        assert_int_equal(js_bool_or(message(&r, i), "sent", false), ours[i]);
    }
}

static void deleted_edited_encrypted_and_attached_are_told(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "/messages", 200,
                 PAGE(SAID("a", "00:00.000", "e1", ",\"deletedAt\":null,\"platformDeletedAt\":\"2026-03-02T10:00:00.000Z\"") "," SAID(
                          "b", "01:00.000", "e1", ",\"isEdited\":true,\"isEncrypted\":true,\"attachment\":{\"type\":\"image\"}"),
                      "null", "false"));
    AUTO(record_done) struct record r = fetch(world, "t1");
    assert_true(js_bool_or(message(&r, 0), "deleted", false));
    assert_true(js_bool_or(message(&r, 1), "edited", false) && js_bool_or(message(&r, 1), "encrypted", false));
    assert_string_equal(json_string_value(json_array_get(json_object_get(message(&r, 1), "attachments"), 0)), "image");
}

static void a_conversation_that_is_gone_is_told_apart_from_one_that_failed(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "/threads/t1/messages", 404, "{}");
    AUTO(record_done) struct record gone = fetch(world, "t1");
    assert_int_equal(gone.state, RECORD_GONE);
    recorded_add(world, "/threads/t2/messages", 500, "{}");
    AUTO(record_done) struct record failed = fetch(world, "t2");
    assert_int_equal(failed.err.kind, ERR_TEMP);
    recorded_add(world, "/threads/t3/messages", 200, "{\"threads\":[]}");
    AUTO(record_done) struct record nonsense = fetch(world, "t3");
    assert_int_equal(nonsense.err.kind, ERR_TEMP);
}

static struct inbox_harvest harvest(const char *events)
{
    AUTO_JSON json_t *list = recorded_json(events);
    struct inbox_harvest h = {0};
    for (size_t i = 0; i < json_array_size(list); i++)
        inbox_harvest_event(&h, json_array_get(list, i), INBOX_SAID);
    return h;
}

#define EVENT(id, type, data) "{\"id\":\"" id "\",\"type\":\"" type "\",\"timestamp\":\"2026-03-02T09:15:30.250Z\",\"data\":" data "}"
#define THREAD "{\"id\":\"t1\",\"accountLinkId\":\"l1\",\"prospect\":{\"platformId\":\"7\",\"externalId\":\"e7\",\"username\":\"ada\"}}"

static void whatever_was_said_marks_its_conversation_once(void **state)
{
    (void)state;
    AUTO(inbox_harvest_done) struct inbox_harvest h = harvest("[" EVENT("v1", "message.edited", "{\"message\":{\"id\":\"a\"},\"threadId\":\"t1\"}") "," EVENT(
        "v2", "message.created", "{\"message\":{\"id\":\"b\"},\"thread\":" THREAD "}") "," EVENT("v3", "message.deleted", "{\"messageId\":\"a\",\"threadId\":\"t1\"}") "," EVENT(
        "v4", "message.reactionAdded", "{\"messageId\":\"a\",\"threadId\":\"t2\"}") "," EVENT("v5", "prospect.statusChanged", "{\"prospect\":{}}") "]");
    assert_int_equal(h.n, 1);
    assert_string_equal(h.items[0].id, "t1");
    assert_string_equal(h.items[0].key, "x:7/t1");
    assert_string_equal(js_str(h.items[0].fields, "parent"), "x:7");
    assert_string_equal(js_str(h.items[0].fields, "touched"), "v2");
    assert_false(h.gap);
}

static void events_that_name_no_conversation_are_a_gap_or_looked_up(void **state)
{
    (void)state;
    AUTO(inbox_harvest_done) struct inbox_harvest lost = harvest("[{\"id\":\"v1\",\"type\":\"message.created\"}]");
    assert_true(lost.gap);
    AUTO(inbox_harvest_done) struct inbox_harvest open = harvest("[" EVENT("v1", "message.created", "{\"thread\":{\"id\":\"t9\"}}") "]");
    assert_int_equal(open.n, 0);
    assert_int_equal(open.n_threads, 1);
}

RECORDED_WORLD(inbox_connector)

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(messages_come_oldest_first_over_all_pages_each_once),
        TEST(of_one_moment_the_smaller_number_of_x_comes_first),
        TEST(what_an_account_or_a_member_wrote_is_ours_and_has_a_name),
        TEST(deleted_edited_encrypted_and_attached_are_told),
        TEST(a_conversation_that_is_gone_is_told_apart_from_one_that_failed),
        cmocka_unit_test(whatever_was_said_marks_its_conversation_once),
        cmocka_unit_test(events_that_name_no_conversation_are_a_gap_or_looked_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
