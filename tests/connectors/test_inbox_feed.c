/* Following events: the overlap, gaps, and the start of an enumeration. */
#include "connectors/inbox/inbox.h"
#include "connectors/inbox/inbox_inner.h"
#include "tests/connectors/recorded.h"

#define CONTEXT "\"context\":{\"tags\":[],\"statusId\":null,\"valuation\":null,\"notes\":null}"
#define EVENT(seq)                                                                                                     \
    "{\"id\":\"i" #seq "\",\"seq\":" #seq ",\"type\":\"prospect.tagsChanged\",\"timestamp\":\"2026-03-02T09:00:00Z\"," \
    "\"data\":{\"prospect\":{\"platformId\":\"" #seq "\",\"externalId\":\"e" #seq "\"," CONTEXT "}}}"
#define EVENTS(list, more) "{\"events\":[" list "],\"hasMore\":" more ",\"lastSeq\":null}"
#define FEED(seq, polled, recent)                                                                                      \
    "{\"v\":2,\"stage\":\"feed\",\"seq\":" #seq ",\"polled\":" polled ",\"recent\":[" recent "]}"
#define JUST_NOW "1772442900000" /* half a minute before the answers' date */
#define LONG_AGO "1772000000000"

static struct page changes(struct recorded *world, const char *cursor)
{
    struct page page = {0};
    struct err err = {0};
    if (!inbox_connector.changes(world->ep, "prospect", NULL, cursor, &page, &err))
        fail_msg("%s", err.text);
    return page;
}

static int64_t seq_of(const struct page *page)
{
    AUTO(inbox_cursor_done) struct inbox_cursor at;
    inbox_cursor_read(page->next, &at);
    assert_int_equal(at.stage, INBOX_FEED);
    return at.seq;
}

static void the_overlap_is_read_again_and_known_by_id(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "/events?limit=1000&afterSeq=50 ", 200,
                 EVENTS(EVENT(99) "," EVENT(100) "," EVENT(101), "false"));
    AUTO(page_done) struct page page = changes(world, FEED(100, JUST_NOW, "\"i99\",\"i100\""));
    assert_int_equal(page.n, 1);
    assert_string_equal(page.items[0].id, "e101");
    assert_false(page.gap);
    assert_false(page.more);
    assert_false(page.walk);
    assert_int_equal(seq_of(&page), 101);
}

static void an_event_that_becomes_visible_late_is_not_lost(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "/events", 200, EVENTS(EVENT(98) "," EVENT(99) "," EVENT(100), "false"));
    AUTO(page_done) struct page page = changes(world, FEED(100, JUST_NOW, "\"i98\",\"i100\""));
    assert_int_equal(page.n, 1);
    assert_string_equal(page.items[0].id, "e99");
    assert_int_equal(seq_of(&page), 100);
    recorded_add(world, "/events", 200, EVENTS(EVENT(98) "," EVENT(99) "," EVENT(100), "false"));
    AUTO(page_done) struct page again = changes(world, page.next);
    assert_int_equal(again.n, 0);
}

static void more_pages_are_announced_while_numbers_grow(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "/events", 200, EVENTS(EVENT(100) "," EVENT(101), "true"));
    AUTO(page_done) struct page page = changes(world, FEED(100, JUST_NOW, "\"i100\""));
    assert_true(page.more);
    recorded_add(world, "/events", 200, EVENTS(EVENT(100) "," EVENT(101), "true"));
    AUTO(page_done) struct page stuck = changes(world, page.next);
    assert_false(stuck.more);
}

static void a_jump_after_a_long_pause_is_a_gap(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "/events", 200, EVENTS(EVENT(500), "false"));
    AUTO(page_done) struct page page = changes(world, FEED(100, LONG_AGO, "\"i100\""));
    assert_true(page.gap);
    assert_int_equal(seq_of(&page), 500);
}

static void a_jump_between_two_polls_is_none(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "/events", 200, EVENTS(EVENT(500), "false"));
    AUTO(page_done) struct page page = changes(world, FEED(100, JUST_NOW, "\"i100\""));
    assert_false(page.gap);
    assert_int_equal(page.n, 1);
}

static void numbers_without_holes_are_none_however_long_it_took(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "/events", 200, EVENTS(EVENT(101), "false"));
    AUTO(page_done) struct page page = changes(world, FEED(100, LONG_AGO, "\"i100\""));
    assert_false(page.gap);
}

static void numbers_that_went_backwards_are_a_gap(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "/events", 200, EVENTS(EVENT(3), "false"));
    AUTO(page_done) struct page page = changes(world, FEED(30, JUST_NOW, "\"i30\""));
    assert_true(page.gap);
    assert_int_equal(page.n, 1);
    assert_int_equal(seq_of(&page), 3);
}

static void an_empty_page_where_events_were_is_a_gap_once(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "/events?limit=1000&afterSeq=50 ", 200, EVENTS("", "false"));
    recorded_add(world, "/events?limit=1000 ", 200, EVENTS("", "false"));
    AUTO(page_done) struct page page = changes(world, FEED(100, JUST_NOW, "\"i100\""));
    assert_true(page.gap);
    AUTO(page_done) struct page quiet = changes(world, page.next);
    assert_false(quiet.gap);
    assert_int_equal(quiet.n, 0);
}

static void other_events_under_known_numbers_are_a_gap(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "/events", 200, EVENTS(EVENT(100) "," EVENT(101), "false"));
    AUTO(page_done) struct page page = changes(world, FEED(100, JUST_NOW, "\"another\""));
    assert_true(page.gap);
    assert_int_equal(page.n, 2);
}

static void a_refused_number_is_a_gap_and_a_refused_start_an_error(void **state)
{
    struct recorded *world = *state;
    struct err err = {0};
    struct page none = {0};
    recorded_add(world, "/events", 410, "");
    AUTO(page_done) struct page page = changes(world, FEED(100, JUST_NOW, "\"i100\""));
    assert_true(page.gap);
    recorded_add(world, "/events", 400, "");
    assert_false(inbox_connector.changes(world->ep, "prospect", NULL, page.next, &none, &err));
    assert_int_equal(err.kind, ERR_REJECT);
    assert_null(none.next);
}

static void a_page_without_events_is_tried_again(void **state)
{
    struct recorded *world = *state;
    struct err err = {0};
    struct page page = {0};
    recorded_add(world, "/events", 200, "{\"hello\":1}");
    assert_false(inbox_connector.changes(world->ep, "prospect", NULL, FEED(1, JUST_NOW, ""), &page, &err));
    assert_int_equal(err.kind, ERR_TEMP);
}

static void whom_an_event_does_not_name_is_looked_up(void **state)
{
    struct recorded *world = *state;
    recorded_add(
        world, "/events", 200,
        EVENTS("{\"id\":\"a\",\"seq\":5,\"type\":\"message.created\",\"data\":{\"threadId\":\"t1\"}},"
               "{\"id\":\"b\",\"seq\":6,\"type\":\"message.created\",\"data\":{\"threadId\":\"t2\"}},"
               "{\"id\":\"c\",\"seq\":7,\"type\":\"prospect.created\",\"data\":{\"prospect\":{\"id\":\"e9\"}}}",
               "false"));
    recorded_add(world, "/threads/t1 ", 200, "{\"prospect\":{\"platformId\":\"8\",\"externalId\":\"e8\"}}");
    recorded_add(world, "/threads/t2 ", 404, "");
    recorded_add(world, "/prospects/e9 ", 200, "{\"platformId\":\"9\",\"externalId\":\"e9\",\"bio\":\"hi\"}");
    AUTO(page_done) struct page page = changes(world, FEED(4, JUST_NOW, ""));
    assert_int_equal(page.n, 2);
    assert_string_equal(page.items[0].key, "x:9");
    assert_member(page.items[0].fields, "bio", "'hi'");
    assert_string_equal(page.items[1].key, "x:8");
    assert_null(page.items[1].fields);
}

static void a_look_up_that_fails_keeps_the_cursor(void **state)
{
    struct recorded *world = *state;
    struct err err = {0};
    struct page page = {0};
    recorded_add(
        world, "/events", 200,
        EVENTS("{\"id\":\"a\",\"seq\":5,\"type\":\"message.created\",\"data\":{\"threadId\":\"t1\"}}", "false"));
    recorded_add(world, "/threads/t1 ", 503, "");
    assert_false(inbox_connector.changes(world->ep, "prospect", NULL, FEED(4, JUST_NOW, ""), &page, &err));
    assert_int_equal(err.kind, ERR_TEMP);
}

static void an_enumeration_first_learns_the_newest_event(void **state)
{
    struct recorded *world = *state;
    AUTO(inbox_cursor_done) struct inbox_cursor at;
    recorded_add(world, "/events?limit=1000 ", 200, EVENTS(EVENT(7) "," EVENT(8), "true"));
    recorded_add(world, "/events?limit=1000&afterSeq=8 ", 200, EVENTS(EVENT(9), "false"));
    AUTO(page_done) struct page one = changes(world, NULL);
    AUTO(page_done) struct page two = changes(world, one.next);
    assert_true(one.more && two.more && one.walk && two.walk);
    assert_int_equal(one.n + two.n, 0);
    inbox_cursor_read(two.next, &at);
    assert_int_equal(at.stage, INBOX_WALK);
    assert_int_equal(at.seq, 9);
    assert_int_equal(at.polled, RECORDED_NOW);
}

static void nothing_known_is_never_a_gap(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "/events?limit=1000 ", 200, EVENTS(EVENT(700), "false"));
    AUTO(page_done) struct page page = changes(world, FEED(-1, LONG_AGO, ""));
    assert_false(page.gap);
    assert_int_equal(page.n, 1);
}

RECORDED_WORLD(inbox_connector)

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_overlap_is_read_again_and_known_by_id),
        TEST(an_event_that_becomes_visible_late_is_not_lost),
        TEST(more_pages_are_announced_while_numbers_grow),
        TEST(a_jump_after_a_long_pause_is_a_gap),
        TEST(a_jump_between_two_polls_is_none),
        TEST(numbers_without_holes_are_none_however_long_it_took),
        TEST(numbers_that_went_backwards_are_a_gap),
        TEST(an_empty_page_where_events_were_is_a_gap_once),
        TEST(other_events_under_known_numbers_are_a_gap),
        TEST(a_refused_number_is_a_gap_and_a_refused_start_an_error),
        TEST(a_page_without_events_is_tried_again),
        TEST(whom_an_event_does_not_name_is_looked_up),
        TEST(a_look_up_that_fails_keeps_the_cursor),
        TEST(an_enumeration_first_learns_the_newest_event),
        TEST(nothing_known_is_never_a_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
