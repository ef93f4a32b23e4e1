/* Events → records. */
#include "connectors/inbox/inbox_inner.h"
#include "tests/connectors/recorded.h"

#define CONTEXT(tags) "\"context\":{\"tags\":[" tags "],\"statusId\":\"s1\",\"valuation\":null,\"notes\":null}"
#define PERSON "\"platformId\":\"7\",\"externalId\":\"e7\",\"username\":\"ada\""
#define EVENT(type, at, data)                                                                                          \
    "{\"id\":\"i" at "\",\"seq\":" at ",\"type\":\"" type "\",\"timestamp\":\"2026-03-02T09:00:" at                    \
    ".000Z\",\"version\":\"1.0\",\"data\":" data "}"
#define AT(seconds) (INT64_C(1772442000000) + (seconds)*1000)

static struct inbox_harvest harvest(const char *const *events)
{
    struct inbox_harvest h = {0};
    for (; *events; events++) {
        AUTO_JSON json_t *event = recorded_json(*events);
        inbox_harvest_event(&h, event, inbox_wants(NULL));
    }
    return h;
}
#define HARVEST(name, ...)                                                                                             \
    AUTO(inbox_harvest_done) struct inbox_harvest name = harvest((const char *const[]){__VA_ARGS__, NULL})

static void a_prospect_event_with_context_is_content_of_its_time(void **state)
{
    (void)state;
    HARVEST(h, EVENT("prospect.tagsChanged", "10", "{\"prospect\":{" PERSON "," CONTEXT("\"a\"") "}}"));
    assert_int_equal(h.n, 1);
    assert_string_equal(h.items[0].id, "e7");
    assert_string_equal(h.items[0].key, "x:7");
    assert_int_equal(h.items[0].as_of, AT(10));
    assert_int_equal(h.items[0].modified, AT(10));
    assert_member(h.items[0].fields, "context.tags", "['a']");
    assert_member(h.items[0].fields, "bio", NULL);
}

static void without_the_whole_context_it_only_says_look(void **state)
{
    (void)state;
    HARVEST(h, EVENT("prospect.enriched", "10", "{\"prospect\":{" PERSON "}}"),
            EVENT("prospect.notesChanged", "11", "{\"prospect\":{\"platformId\":\"8\",\"context\":{\"notes\":\"x\"}}}"),
            EVENT("prospect.created", "12", "{\"prospectId\":\"e9\"}"));
    assert_int_equal(h.n, 3);
    for (int i = 0; i < 3; i++)
        assert_null(h.items[i].fields);
    assert_string_equal(h.items[2].id, "e9");
    assert_null(h.items[2].key);
}

static void content_without_a_time_is_not_believed(void **state)
{
    (void)state;
    HARVEST(h, "{\"type\":\"prospect.tagsChanged\",\"data\":{\"prospect\":{" PERSON "," CONTEXT("") "}}}");
    assert_int_equal(h.n, 1);
    assert_null(h.items[0].fields);
}

static void an_edit_that_the_next_event_went_over_is_still_told(void **state)
{
    (void)state;
    HARVEST(h, EVENT("prospect.tagsChanged", "12", "{\"prospect\":{" PERSON ",\"bio\":\"new\"," CONTEXT("\"b\"") "}}"),
            EVENT("prospect.tagsChanged", "11",
                  "{\"prospect\":{" PERSON ",\"location\":\"Oslo\",\"bio\":\"old\"," CONTEXT("\"a\"") "}}"));
    assert_int_equal(h.n, 2);
    assert_int_equal(h.items[0].as_of, AT(12));
    assert_member(h.items[0].fields, "context.tags", "['b']");
    assert_member(h.items[0].fields, "bio", "'new'");
    assert_int_equal(h.items[1].as_of, AT(11));
    assert_member(h.items[1].fields, "context.tags", "['a']");
    assert_member(h.items[1].fields, "bio", "'old'");
}

static void one_look_among_several_remains_a_look(void **state)
{
    (void)state;
    HARVEST(h, EVENT("thread.assigned", "10", "{\"thread\":{\"id\":\"t\",\"prospect\":{" PERSON "}}}"),
            EVENT("prospect.tagsChanged", "11", "{\"prospect\":{" PERSON "," CONTEXT("") "}}"));
    assert_int_equal(h.n, 2);
    assert_null(h.items[0].fields);
    assert_int_equal(h.items[1].as_of, AT(11));
    assert_non_null(h.items[1].fields);
}

static void a_message_tells_that_the_prospect_wrote(void **state)
{
    (void)state;
    HARVEST(h,
            EVENT("message.created", "10",
                  "{\"message\":{\"authorId\":\"7\",\"threadId\":\"t\"},\"thread\":{\"id\":\"t\",\"accountLinkId\":"
                  "\"l1\",\"assigneeId\":\"m1\",\"lastMessageTimestamp\":\"2026-03-02T09:00:09Z\",\"prospect\":{" PERSON
                  "," CONTEXT("") "}}}"));
    assert_int_equal(h.n, 1);
    assert_member(h.items[0].fields, "replied", "true");
    assert_member(h.items[0].fields, "lastMessageAt", "'2026-03-02T09:00:09.000Z'");
    assert_member(h.items[0].fields, "context.assignee", "'m1'");
    assert_member(h.items[0].fields, "accountLinks", NULL);
    assert_int_equal(h.items[0].modified, 0);
}

static void our_own_message_does_not_say_that_nobody_answered(void **state)
{
    (void)state;
    HARVEST(h, EVENT("message.created", "10",
                     "{\"message\":{\"authorId\":\"l1\"},\"thread\":{\"accountLinkId\":\"l1\",\"lastMessage\":null},"
                     "\"prospect\":{" PERSON "," CONTEXT("") "}}"));
    assert_member(h.items[0].fields, "replied", NULL);
}

static void an_import_of_old_messages_does_not_move_time_back(void **state)
{
    (void)state;
    HARVEST(h, EVENT("message.created", "10",
                     "{\"thread\":{\"lastMessageTimestamp\":\"2024-01-01T00:00:00Z\"},\"prospect\":{" PERSON
                     "," CONTEXT("") "}}"));
    assert_member(h.items[0].fields, "lastMessageAt", NULL);
}

static void the_newer_shape_names_the_prospect_by_id(void **state)
{
    (void)state;
    HARVEST(h, EVENT("message.created", "10",
                     "{\"content\":\"hi\",\"authorId\":\"zz\",\"accountLink\":{\"id\":\"l1\"},\"prospect\":{\"id\":"
                     "\"e7\",\"username\":\"ada\"," CONTEXT("") "}}"));
    assert_int_equal(h.n, 1);
    assert_string_equal(h.items[0].id, "e7");
    assert_member(h.items[0].fields, "replied", "true");
}

static void the_external_id_is_preferred_to_another_mention(void **state)
{
    (void)state;
    HARVEST(h, EVENT("thread.created", "10",
                     "{\"prospect\":{\"id\":\"p1\",\"platformId\":\"7\"},\"thread\":{\"prospect\":{" PERSON "}}}"));
    assert_string_equal(h.items[0].id, "e7");
}

static void a_conversation_nobody_is_named_in_is_looked_up(void **state)
{
    (void)state;
    HARVEST(h, EVENT("thread.archived", "10", "{\"thread\":{\"id\":\"t1\"}}"),
            EVENT("message.created", "11", "{\"message\":{\"threadId\":\"t1\"}}"),
            EVENT("message.created", "12", "{\"threadId\":\"t2\"}"));
    assert_int_equal(h.n, 0);
    assert_false(h.gap);
    assert_int_equal(h.n_threads, 2);
    assert_string_equal(h.threads[0], "t1");
    assert_string_equal(h.threads[1], "t2");
}

static void a_change_that_names_nobody_at_all_is_a_gap(void **state)
{
    (void)state;
    HARVEST(h, "{\"id\":\"i\",\"seq\":4,\"type\":\"prospect.tagsChanged\",\"timestamp\":\"2026-03-02T09:00:00Z\"}");
    assert_true(h.gap);
    HARVEST(g, "{\"id\":\"i\",\"seq\":4,\"type\":\"message.created\",\"data\":null}");
    assert_true(g.gap);
}

static void noise_and_strangers_are_ignored(void **state)
{
    (void)state;
    HARVEST(h, EVENT("thread.typing", "10", "{\"threadId\":\"t\"}"),
            EVENT("thread.deleted", "11", "{\"threadId\":\"t\"}"),
            EVENT("message.edited", "12", "{\"threadId\":\"t\"}"), EVENT("campaign.started", "13", "{}"),
            EVENT("starship.launched", "14", "{\"prospect\":{" PERSON "}}"), "{}", "[]", "null", "{\"type\":7}");
    assert_int_equal(h.n, 0);
    assert_int_equal(h.n_threads, 0);
    assert_false(h.gap);
    assert_false(h.relearn);
}

static void a_deleted_thread_is_a_look_when_it_says_whose(void **state)
{
    (void)state;
    HARVEST(h, EVENT("thread.deleted", "11", "{\"threadId\":\"t\",\"prospect\":{" PERSON "," CONTEXT("") "}}"));
    assert_int_equal(h.n, 1);
    assert_null(h.items[0].fields);
}

static void tags_and_statuses_are_learnt_again(void **state)
{
    (void)state;
    HARVEST(h, EVENT("tag.created", "10", "{\"tag\":{\"id\":\"a\"}}"), EVENT("status.updated", "11", "{}"));
    assert_true(h.relearn);
    assert_false(h.gap);
}

static void a_deleted_tag_left_every_prospect_without_a_word(void **state)
{
    (void)state;
    HARVEST(h, EVENT("tag.deleted", "10", "{\"tagId\":\"a\"}"));
    assert_true(h.relearn);
    assert_true(h.gap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prospect_event_with_context_is_content_of_its_time),
        cmocka_unit_test(without_the_whole_context_it_only_says_look),
        cmocka_unit_test(content_without_a_time_is_not_believed),
        cmocka_unit_test(an_edit_that_the_next_event_went_over_is_still_told),
        cmocka_unit_test(one_look_among_several_remains_a_look),
        cmocka_unit_test(a_message_tells_that_the_prospect_wrote),
        cmocka_unit_test(our_own_message_does_not_say_that_nobody_answered),
        cmocka_unit_test(an_import_of_old_messages_does_not_move_time_back),
        cmocka_unit_test(the_newer_shape_names_the_prospect_by_id),
        cmocka_unit_test(the_external_id_is_preferred_to_another_mention),
        cmocka_unit_test(a_conversation_nobody_is_named_in_is_looked_up),
        cmocka_unit_test(a_change_that_names_nobody_at_all_is_a_gap),
        cmocka_unit_test(noise_and_strangers_are_ignored),
        cmocka_unit_test(a_deleted_thread_is_a_look_when_it_says_whose),
        cmocka_unit_test(tags_and_statuses_are_learnt_again),
        cmocka_unit_test(a_deleted_tag_left_every_prospect_without_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
