/* What threads add to their prospect, alone and joined by a walk. */
#include "connectors/inbox/inbox_inner.h"
#include "tests/connectors/recorded.h"

#define PROSPECT "\"prospect\":{\"platformId\":\"7\",\"externalId\":\"e7\"}"
#define THREAD(more) "{\"platformId\":\"3:7\",\"accountLinkId\":\"l1\"," PROSPECT more "}"
#define LAST(author) ",\"lastMessage\":{\"id\":\"m\",\"content\":\"x\",\"authorId\":\"" author "\",\"userId\":null}"

static struct record read_thread(const char *text, bool waits, struct inbox_tally *tally)
{
    AUTO_JSON json_t *thread = recorded_json(text);
    struct record r = {0};
    assert_true(inbox_read_thread(thread, waits, inbox_wants(NULL), tally, &r));
    return r;
}

static void replied_is(const char *text, bool waits, const char *expected)
{
    AUTO(record_done) struct record r = read_thread(text, waits, NULL);
    assert_member(r.fields, "replied", expected);
}

static void whoever_is_not_an_account_of_ours_has_written(void **state)
{
    (void)state;
    replied_is(THREAD(LAST("e7")), false, "true");
    replied_is(THREAD(LAST("7")), false, "true");
    replied_is(THREAD(LAST("l1")), false, "false");
    replied_is(THREAD(",\"lastMessage\":{\"authorId\":\"zz\",\"userId\":\"u1\"}"), false, "false");
    replied_is(THREAD(",\"lastMessage\":null"), false, "false");
}

static void an_answered_conversation_shows_in_other_ways_too(void **state)
{
    (void)state;
    replied_is(THREAD(LAST("l1") ",\"variant\":\"xChat\""), false, "true");
    replied_is(THREAD(",\"isRequest\":true"), false, "true");
    replied_is(THREAD(LAST("l1")), true, "true");
}

static void without_a_last_message_it_is_not_told(void **state)
{
    (void)state;
    replied_is(THREAD(""), false, NULL);
    replied_is("{" PROSPECT LAST("l1") "}", false, NULL);
}

static void a_thread_tells_account_assignee_time_and_place(void **state)
{
    (void)state;
    AUTO(record_done)
    struct record r = read_thread(THREAD(",\"assigneeId\":\"m1\",\"lastMessageTimestamp\":\"2026-03-01T10:00:00Z\""),
                                  false, NULL);
    assert_member(r.fields, "accountLinks", "['l1']");
    assert_member(r.fields, "context.assignee", "'m1'");
    assert_member(r.fields, "lastMessageAt", "'2026-03-01T10:00:00.000Z'");
    assert_member(r.fields, "conversationUrl", "'https://x.com/i/chat/3:7'");
}

static void a_thread_without_messages_has_no_last_one(void **state)
{
    (void)state;
    AUTO(record_done)
    struct record r = read_thread(THREAD(",\"assigneeId\":null,\"lastMessageTimestamp\":null"), false, NULL);
    assert_member(r.fields, "context.assignee", "null");
    assert_member(r.fields, "lastMessageAt", "null");
}

static void the_account_link_may_be_nested(void **state)
{
    (void)state;
    AUTO(record_done) struct record r = read_thread("{\"accountLink\":{\"id\":\"l5\"}," PROSPECT "}", false, NULL);
    assert_member(r.fields, "accountLinks", "['l5']");
}

static void threads_of_one_prospect_are_joined_by_the_walk(void **state)
{
    (void)state;
    AUTO(inbox_tally_done) struct inbox_tally tally;
    inbox_tally_init(&tally);
    AUTO(record_done)
    struct record newer = read_thread(
        THREAD(LAST("e7") ",\"assigneeId\":\"m1\",\"lastMessageTimestamp\":\"2026-03-01T10:00:00Z\""), false, &tally);
    AUTO(record_done)
    struct record older = read_thread(
        "{\"accountLinkId\":\"l0\",\"assigneeId\":\"m2\",\"lastMessage\":null,\"lastMessageTimestamp\":"
        "\"2026-02-01T10:00:00Z\"," PROSPECT "}",
        false, &tally);
    assert_member(older.fields, "accountLinks", "['l0','l1']");
    assert_member(older.fields, "lastMessageAt", "'2026-03-01T10:00:00.000Z'");
    assert_member(older.fields, "replied", "true");
    assert_member(older.fields, "context.assignee", NULL);
}

static void more_accounts_than_it_can_tell_apart_means_look(void **state)
{
    (void)state;
    AUTO(inbox_tally_done) struct inbox_tally tally;
    inbox_tally_init(&tally);
    for (int i = 0; i <= INBOX_LINKS_MAX; i++) {
        AUTO_FREE char *text = mem_printf("{\"accountLinkId\":\"l%d\"," PROSPECT "}", i);
        AUTO(record_done) struct record r = read_thread(text, false, &tally);
        assert_true((r.fields == NULL) == (i == INBOX_LINKS_MAX));
    }
    inbox_tally_reset(&tally);
    AUTO(record_done) struct record r = read_thread(THREAD(""), false, &tally);
    assert_member(r.fields, "accountLinks", "['l1']");
}

static void many_prospects_keep_their_own_rows(void **state)
{
    (void)state;
    AUTO(inbox_tally_done) struct inbox_tally tally;
    inbox_tally_init(&tally);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 3000; i++) {
            AUTO_FREE char *key = mem_printf("x:%d", i);
            struct inbox_facts facts = {.links = {i % 2 ? "odd" : "even"}, .n_links = 1, .last = i};
            assert_true(inbox_tally_join(&tally, key, &facts));
            assert_int_equal(facts.n_links, 1);
            assert_string_equal(facts.links[0], i % 2 ? "odd" : "even");
            assert_int_equal(facts.last, i);
        }
    assert_int_equal(tally.used, 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_is_not_an_account_of_ours_has_written),
        cmocka_unit_test(an_answered_conversation_shows_in_other_ways_too),
        cmocka_unit_test(without_a_last_message_it_is_not_told),
        cmocka_unit_test(a_thread_tells_account_assignee_time_and_place),
        cmocka_unit_test(a_thread_without_messages_has_no_last_one),
        cmocka_unit_test(the_account_link_may_be_nested),
        cmocka_unit_test(threads_of_one_prospect_are_joined_by_the_walk),
        cmocka_unit_test(more_accounts_than_it_can_tell_apart_means_look),
        cmocka_unit_test(many_prospects_keep_their_own_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
