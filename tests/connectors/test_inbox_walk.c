/* The full enumeration of prospects by way of threads. */
#include "connectors/inbox/inbox.h"
#include "connectors/inbox/inbox_inner.h"
#include "tests/connectors/recorded.h"

#define THREAD(id) "{\"id\":\"t" #id "\",\"prospect\":{\"platformId\":\"" #id "\",\"externalId\":\"e" #id "\"}}"
#define PAGE(list, next) "{\"threads\":[" list "],\"nextCursor\":" next "}"
#define NEXT(id) "{\"timestamp\":\"2026-03-01T17:40:11.020Z\",\"id\":\"" id "\"}"
#define DONE "{\"done\":true}"
#define AT(at) "{\"pages\":1,\"at\":" at "}"
#define WALK(views) "{\"v\":2,\"stage\":\"walk\",\"seq\":9,\"polled\":5,\"recent\":[],\"views\":[" views "]}"
#define UNNAMED "asc "
#define ONLY_UNNAMED(at) WALK(AT(at) "," DONE "," DONE "," DONE "," DONE)
#define ONLY_REQUESTS(at) WALK(DONE "," DONE "," AT(at) "," DONE "," DONE)

static struct page changes(struct recorded *world, const char *cursor)
{
    struct page page = {0};
    struct err err = {0};
    if (!inbox_connector.changes(world->ep, "prospect", NULL, cursor, &page, &err))
        fail_msg("%s", err.text);
    return page;
}

static void a_page_of_every_view_is_read_at_a_time_and_then_the_feed_goes_on(void **state)
{
    struct recorded *world = *state;
    AUTO(inbox_cursor_done) struct inbox_cursor at;
    recorded_add(world, "inbox=requests&cursorId=t2", 200, PAGE(THREAD(3), "null"));
    recorded_add(world, UNNAMED, 200, PAGE(THREAD(1), "null"));
    recorded_add(world, "inbox=default", 200, PAGE(THREAD(1), "null"));
    recorded_add(world, "inbox=requests", 200, PAGE(THREAD(2), NEXT("t2")));
    recorded_add(world, "inbox=archived", 200, PAGE("", "null"));
    recorded_add(world, "inbox=no-reply", 200, PAGE(THREAD(1), "null"));
    AUTO(page_done) struct page one = changes(world, WALK(""));
    assert_int_equal(one.n, 4);
    assert_true(one.walk && one.more);
    assert_int_equal(one.items[0].as_of, RECORDED_NOW + 1000);
    AUTO(page_done) struct page two = changes(world, one.next);
    assert_int_equal(two.n, 1); /* only the view that is not done */
    assert_false(two.more);
    inbox_cursor_read(two.next, &at);
    assert_int_equal(at.stage, INBOX_FEED);
    assert_int_equal(at.seq, 9);
    assert_int_equal(at.polled, 5);
}

static void pages_follow_the_cursor_byte_for_byte(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "/threads?limit=100&filters%5BsortOrder%5D=asc ", 200, PAGE(THREAD(1), NEXT("t1")));
    recorded_add(world, "cursorId=t1&cursorTimestamp=2026-03-01T17%3A40%3A11.020Z", 200, PAGE(THREAD(2), "null"));
    AUTO(page_done) struct page one = changes(world, ONLY_UNNAMED("null"));
    AUTO(page_done) struct page two = changes(world, one.next);
    assert_string_equal(two.items[0].id, "e2");
}

static void a_cursor_that_repeats_ends_the_view(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "/threads", 200, PAGE(THREAD(1), NEXT("t1")));
    AUTO(page_done) struct page page = changes(world, ONLY_REQUESTS(NEXT("t1")));
    assert_false(page.more);
}

static void a_longer_circle_ends_too(void **state)
{
    struct inbox_cursor at = {0};
    struct inbox_place *place = &at.views[0];
    int pages = 0;
    (void)state;
    for (; !place->done && pages < 100; pages++) {
        AUTO_FREE char *text = mem_printf("{\"timestamp\":\"x\",\"id\":\"%d\"}", pages % 7);
        AUTO_JSON json_t *next = recorded_json(text);
        inbox_walk_move(place, next);
    }
    assert_in_range(pages, 8, 39);
    inbox_cursor_done(&at);
}

static void a_refused_page_cursor_starts_the_view_again(void **state)
{
    struct recorded *world = *state;
    AUTO(inbox_cursor_done) struct inbox_cursor at;
    recorded_add(world, "/threads", 400, "{\"error\":{\"code\":\"INVALID_CURSOR\"}}");
    AUTO(page_done) struct page page = changes(world, ONLY_REQUESTS(NEXT("t1")));
    assert_true(page.more);
    assert_int_equal(page.n, 0);
    inbox_cursor_read(page.next, &at);
    assert_false(at.views[2].done);
    assert_null(at.views[2].at);
    assert_int_equal(at.views[2].restarts, 1);
}

static void a_view_that_is_refused_for_ever_is_an_error(void **state)
{
    struct recorded *world = *state;
    struct err err = {0};
    struct page page = {0};
    recorded_add(world, "/threads", 400, "");
    assert_false(inbox_connector.changes(world->ep, "prospect", NULL,
                                         WALK(DONE "," DONE ",{\"restarts\":5,\"at\":" NEXT("t1") "}," DONE "," DONE), &page, &err));
    assert_int_equal(err.kind, ERR_REJECT);
}

static void one_views_trouble_does_not_hold_up_the_others(void **state)
{
    struct recorded *world = *state;
    struct page page = {0};
    struct err err = {0};
    AUTO(inbox_cursor_done) struct inbox_cursor at;
    recorded_add(world, UNNAMED, 200, PAGE(THREAD(1), NEXT("t1")));
    recorded_add(world, "inbox=requests", 503, "");
    AUTO(page_done) struct page one = changes(world, WALK("{},{\"done\":true},{},{\"done\":true},{\"done\":true}"));
    assert_int_equal(one.n, 1);
    inbox_cursor_read(one.next, &at);
    assert_int_equal(at.views[0].pages, 1);
    assert_int_equal(at.views[2].pages, 0);
    recorded_add(world, "/threads", 503, "");
    recorded_add(world, "/threads", 503, "");
    assert_false(inbox_connector.changes(world->ep, "prospect", NULL, one.next, &page, &err));
    assert_int_equal(err.kind, ERR_TEMP);
}

static void a_page_that_does_not_say_how_it_goes_on_is_tried_again(void **state)
{
    struct recorded *world = *state;
    static const char *const bodies[] = {"{}", "null", "[]", PAGE("", "{\"id\":\"x\"}"), PAGE("", "\"opaque\"")};
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct err err = {0};
        struct page page = {0};
        recorded_add(world, "/threads", 200, bodies[i]);
        assert_false(inbox_connector.changes(world->ep, "prospect", NULL, ONLY_UNNAMED("null"), &page, &err));
        assert_int_equal(err.kind, ERR_TEMP);
    }
}

static void the_no_reply_view_says_that_the_prospect_wrote(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "inbox=no-reply", 200, PAGE(THREAD(1), "null"));
    AUTO(page_done) struct page page = changes(world, WALK(DONE "," DONE "," DONE "," DONE ",{}"));
    assert_member(page.items[0].fields, "replied", "true");
}

static void text_that_is_no_cursor_starts_over(void **state)
{
    (void)state;
    static const char *const texts[] = {NULL,        "",   "x", "{}", "{\"v\":1,\"stage\":\"feed\",\"seq\":1}",
                                        "{\"v\":2}", "[1]"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        AUTO(inbox_cursor_done) struct inbox_cursor at;
        inbox_cursor_read(texts[i], &at);
        assert_int_equal(at.stage, INBOX_LEARN);
        assert_int_equal(at.seq, -1);
    }
}

static void a_cursor_survives_being_kept_as_text(void **state)
{
    (void)state;
    AUTO(inbox_cursor_done) struct inbox_cursor at, again;
    inbox_cursor_read(
        "{\"v\":2,\"stage\":\"walk\",\"seq\":12,\"polled\":34,\"recent\":[\"x\"],\"views\":[{},{\"done\":true},{\"pages\":17,\"restarts\":2,"
        "\"at\":{\"id\":\"a\",\"timestamp\":\"b\"},\"mark\":{\"id\":\"m\"}}]}",
        &at);
    AUTO_FREE char *text = inbox_cursor_print(&at);
    inbox_cursor_read(text, &again);
    AUTO_FREE char *same = inbox_cursor_print(&again);
    assert_string_equal(text, same);
    assert_true(again.views[1].done);
    assert_int_equal(again.views[2].pages, 17);
    assert_int_equal(again.views[2].restarts, 2);
    assert_non_null(again.views[2].mark);
}

RECORDED_WORLD(inbox_connector)

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_page_of_every_view_is_read_at_a_time_and_then_the_feed_goes_on),
        TEST(pages_follow_the_cursor_byte_for_byte),
        TEST(a_cursor_that_repeats_ends_the_view),
        TEST(a_longer_circle_ends_too),
        TEST(a_refused_page_cursor_starts_the_view_again),
        TEST(a_view_that_is_refused_for_ever_is_an_error),
        TEST(one_views_trouble_does_not_hold_up_the_others),
        TEST(a_page_that_does_not_say_how_it_goes_on_is_tried_again),
        TEST(the_no_reply_view_says_that_the_prospect_wrote),
        TEST(text_that_is_no_cursor_starts_over),
        TEST(a_cursor_survives_being_kept_as_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
