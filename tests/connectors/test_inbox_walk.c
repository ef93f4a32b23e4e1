/* The full enumeration of prospects by way of threads. */
#include "connectors/inbox/inbox.h"
#include "connectors/inbox/inbox_inner.h"
#include "tests/connectors/recorded.h"

#define THREAD(id) "{\"id\":\"t" #id "\",\"prospect\":{\"platformId\":\"" #id "\",\"externalId\":\"e" #id "\"}}"
#define PAGE(list, next) "{\"threads\":[" list "],\"nextCursor\":" next "}"
#define NEXT(id) "{\"timestamp\":\"2026-03-01T17:40:11.020Z\",\"id\":\"" id "\"}"
#define WALK(view, at)                                                                                                 \
    "{\"v\":1,\"stage\":\"walk\",\"seq\":9,\"polled\":5,\"view\":" #view ",\"pages\":1,\"at\":" at ",\"recent\":[]}"

static struct page changes(struct recorded *world, const char *cursor)
{
    struct page page = {0};
    struct err err = {0};
    if (!inbox_connector.changes(world->ep, "prospect", NULL, cursor, &page, &err))
        fail_msg("%s", err.text);
    return page;
}

static void every_view_is_walked_and_then_the_feed_goes_on(void **state)
{
    struct recorded *world = *state;
    static const char *const asked[] = {"asc ", "inbox=default", "inbox=requests", "inbox=archived", "inbox=no-reply"};
    AUTO_FREE char *cursor = mem_dup(WALK(0, "null"));
    for (size_t i = 0; i < COUNT(asked); i++) {
        recorded_add(world, asked[i], 200, PAGE(THREAD(1), "null"));
        AUTO(page_done) struct page page = changes(world, cursor);
        assert_int_equal(page.n, 1);
        assert_true(page.walk);
        assert_int_equal(page.more, i + 1 < COUNT(asked));
        assert_int_equal(page.items[0].as_of, RECORDED_NOW + 1000);
        free(cursor);
        cursor = mem_dup(page.next);
    }
    AUTO(inbox_cursor_done) struct inbox_cursor at;
    inbox_cursor_read(cursor, &at);
    assert_int_equal(at.stage, INBOX_FEED);
    assert_int_equal(at.seq, 9);
    assert_int_equal(at.polled, 5);
}

static void pages_follow_the_cursor_byte_for_byte(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "/threads?limit=100&filters%5BsortOrder%5D=asc ", 200, PAGE(THREAD(1), NEXT("t1")));
    recorded_add(world, "cursorId=t1&cursorTimestamp=2026-03-01T17%3A40%3A11.020Z", 200, PAGE(THREAD(2), "null"));
    AUTO(page_done) struct page one = changes(world, WALK(0, "null"));
    AUTO(page_done) struct page two = changes(world, one.next);
    assert_string_equal(two.items[0].id, "e2");
}

static void a_cursor_that_repeats_ends_the_view(void **state)
{
    struct recorded *world = *state;
    AUTO(inbox_cursor_done) struct inbox_cursor at;
    recorded_add(world, "/threads", 200, PAGE(THREAD(1), NEXT("t1")));
    AUTO(page_done) struct page page = changes(world, WALK(1, NEXT("t1")));
    inbox_cursor_read(page.next, &at);
    assert_int_equal(at.view, 2);
    assert_null(at.at);
}

static void a_longer_circle_ends_too(void **state)
{
    (void)state;
    AUTO(inbox_cursor_done) struct inbox_cursor at;
    inbox_cursor_read(WALK(0, "null"), &at);
    bool done = false;
    int pages = 0;
    for (; !done && pages < 100; pages++) {
        AUTO_FREE char *text = mem_printf("{\"timestamp\":\"x\",\"id\":\"%d\"}", pages % 7);
        AUTO_JSON json_t *next = recorded_json(text);
        done = inbox_walk_done_view(&at, next);
    }
    assert_true(done);
    assert_true(pages < 40);
}

static void a_refused_page_cursor_starts_the_view_again(void **state)
{
    struct recorded *world = *state;
    AUTO(inbox_cursor_done) struct inbox_cursor at;
    recorded_add(world, "/threads", 400, "{\"error\":{\"code\":\"INVALID_CURSOR\"}}");
    AUTO(page_done) struct page page = changes(world, WALK(2, NEXT("t1")));
    assert_true(page.more);
    assert_int_equal(page.n, 0);
    inbox_cursor_read(page.next, &at);
    assert_int_equal(at.view, 2);
    assert_null(at.at);
    assert_int_equal(at.restarts, 1);
}

static void a_view_that_is_refused_for_ever_is_an_error(void **state)
{
    struct recorded *world = *state;
    struct err err = {0};
    struct page page = {0};
    recorded_add(world, "/threads", 400, "");
    assert_false(inbox_connector.changes(
        world->ep, "prospect", NULL,
        "{\"v\":1,\"stage\":\"walk\",\"seq\":9,\"view\":2,\"restarts\":5,\"at\":" NEXT("t1") "}", &page, &err));
    assert_int_equal(err.kind, ERR_REJECT);
}

static void a_page_that_does_not_say_how_it_goes_on_is_tried_again(void **state)
{
    struct recorded *world = *state;
    static const char *const bodies[] = {"{}", "null", "[]", PAGE("", "{\"id\":\"x\"}"), PAGE("", "\"opaque\"")};
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct err err = {0};
        struct page page = {0};
        recorded_add(world, "/threads", 200, bodies[i]);
        assert_false(inbox_connector.changes(world->ep, "prospect", NULL, WALK(0, "null"), &page, &err));
        assert_int_equal(err.kind, ERR_TEMP);
    }
}

static void the_no_reply_view_says_that_the_prospect_wrote(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "inbox=no-reply", 200, PAGE(THREAD(1), "null"));
    AUTO(page_done) struct page page = changes(world, WALK(4, "null"));
    assert_member(page.items[0].fields, "replied", "true");
}

static void text_that_is_no_cursor_starts_over(void **state)
{
    (void)state;
    static const char *const texts[] = {NULL,        "",   "x", "{}", "{\"v\":2,\"stage\":\"feed\",\"seq\":1}",
                                        "{\"v\":1}", "[1]"};
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
        "{\"v\":1,\"stage\":\"walk\",\"seq\":12,\"polled\":34,\"view\":3,\"pages\":17,\"restarts\":2,\"at\":"
        "{\"id\":\"a\",\"timestamp\":\"b\"},\"mark\":{\"id\":\"m\"},\"recent\":[\"x\"]}",
        &at);
    AUTO_FREE char *text = inbox_cursor_print(&at);
    inbox_cursor_read(text, &again);
    AUTO_FREE char *same = inbox_cursor_print(&again);
    assert_string_equal(text, same);
    assert_int_equal(again.pages, 17);
    assert_int_equal(again.restarts, 2);
    assert_non_null(again.mark);
}

static int setup(void **state)
{
    static struct recorded world;
    recorded_open(&world, &inbox_connector);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    recorded_close(*state);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_view_is_walked_and_then_the_feed_goes_on),
        TEST(pages_follow_the_cursor_byte_for_byte),
        TEST(a_cursor_that_repeats_ends_the_view),
        TEST(a_longer_circle_ends_too),
        TEST(a_refused_page_cursor_starts_the_view_again),
        TEST(a_view_that_is_refused_for_ever_is_an_error),
        TEST(a_page_that_does_not_say_how_it_goes_on_is_tried_again),
        TEST(the_no_reply_view_says_that_the_prospect_wrote),
        TEST(text_that_is_no_cursor_starts_over),
        TEST(a_cursor_survives_being_kept_as_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
