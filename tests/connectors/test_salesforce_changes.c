/* What changed: the cursor never passes what may still be under way, pages are keysets, and the bin is asked about. */
#include "tests/connectors/salesforce_kit.h"

#define COVERED(when) "{\"ids\":[],\"latestDateCovered\":\"" when ".000+0000\"}"
#define FROM_NINE "{\"from\":1772442000000,\"deletes\":1772442000000}" /* 09:00:00 */
#define CHANGED(id, stamp)                                                                                             \
    "{\"Id\":\"" id "\",\"IsDeleted\":false,\"MasterRecordId\":null,\"SystemModstamp\":\"2026-03-02T" stamp            \
    ".000+0000\"}"
#define ROWS(list, done) "{\"done\":" done ",\"records\":[" list "]}"

static struct page ask(struct recorded *w, const char *cursor)
{
    struct page page = {0};
    struct err err = {0};
    if (!salesforce_connector.changes(w->ep, "Lead", NULL, cursor, &page, &err))
        fail_msg("%s", err.text);
    return page;
}

static void assert_cursor(const struct page *page, const char *member, const char *expected)
{
    AUTO_JSON json_t *at = recorded_json(page->next);
    assert_member(at, member, expected);
}

static void a_pass_reads_from_the_cursor_and_ends_where_nothing_is_under_way(void **state)
{
    struct recorded *w = *state;
    recorded_add(w, "/sobjects/Lead/updated/?start=2026-03-02T09:05:00%2B00%3A00&end=2026-03-02T09:15:00%2B00%3A00",
                 200, COVERED("2026-03-02T09:12:07"));
    recorded_add(w,
                 "WHERE%20SystemModstamp%20%3E%3D%202026-03-02T09%3A00%3A00.000Z%20ORDER%20BY%20SystemModstamp%2C%20Id",
                 200, ROWS(CHANGED(ONE, "09:01:00") "," CHANGED(TWO, "09:14:59"), "true"));
    AUTO(page_done) struct page page = ask(w, FROM_NINE);
    assert_int_equal(page.n, 2);
    assert_string_equal(page.items[0].id, ONE);
    assert_false(page.more);
    assert_false(page.gap);
    assert_cursor(&page, "from", "1772442727000"); /* 09:12:07, though a later row was told */
    assert_int_equal(recorded_count(w, "/queryAll?"), 1);
}

static void the_cursor_never_goes_backwards(void **state)
{
    struct recorded *w = *state;
    recorded_add(w, "/updated/", 200, COVERED("2026-03-02T08:30:00"));
    recorded_add(w, "/queryAll?", 200, ROWS("", "true"));
    AUTO(page_done) struct page page = ask(w, FROM_NINE);
    assert_cursor(&page, "from", "1772442000000");
}

static void a_horizon_in_the_future_is_not_believed(void **state)
{
    struct recorded *w = *state;
    recorded_add(w, "/updated/", 200, COVERED("2026-03-02T10:30:00"));
    recorded_add(w, "/queryAll?", 200, ROWS("", "true"));
    AUTO(page_done) struct page page = ask(w, FROM_NINE);
    assert_cursor(&page, "from", "1772442330000"); /* ten minutes before the answer's own date */
}

static void an_object_that_is_not_replicated_is_followed_behind_the_longest_transaction(void **state)
{
    struct recorded *w = *state;
    recorded_add(w, "/updated/", 400, ERRORS("INVALID_REPLICATION_DATE", "x"));
    recorded_add(w, "/queryAll?", 200, ROWS("", "true"));
    AUTO(page_done) struct page page = ask(w, FROM_NINE);
    assert_cursor(&page, "from", "1772442330000");
}

static void a_page_goes_on_behind_its_last_row(void **state)
{
    struct recorded *w = *state;
    recorded_add(w, "/updated/", 200, COVERED("2026-03-02T09:12:00"));
    recorded_add(w, "%3E%3D%202026-03-02T09%3A00%3A00.000Z", 200,
                 ROWS(CHANGED(ONE, "09:01:00") "," CHANGED(TWO, "09:01:00"), "false"));
    AUTO(page_done) struct page page = ask(w, FROM_NINE);
    assert_true(page.more); /* however few rows: the service says that it is not done */
    assert_cursor(&page, "from", "1772442000000");
    recorded_add(w,
                 "%28%28SystemModstamp%20%3D%202026-03-02T09%3A01%3A00.000Z%20AND%20Id%20%3E%20%27" TWO
                 "%27%29%20OR%20SystemModstamp%20%3E%202026-03-02T09%3A01%3A00.000Z%29",
                 200, ROWS(CHANGED(THREE, "09:02:00"), "true"));
    AUTO(page_done) struct page last = ask(w, page.next);
    assert_int_equal(last.n, 1);
    assert_false(last.more);
    assert_cursor(&last, "from", "1772442720000"); /* the horizon of the pass's beginning */
    assert_int_equal(recorded_count(w, "/updated/"), 1);
}

static void pages_that_stand_still_are_a_fault(void **state)
{
    struct recorded *w = *state;
    struct page page = {0};
    struct err err = {0};
    recorded_add(w, "/queryAll?", 200, ROWS(CHANGED(ONE, "09:01:00"), "false"));
    assert_false(salesforce_connector.changes(
        w->ep, "Lead", NULL, "{\"from\":1,\"deletes\":1,\"until\":9,\"at\":1772442060000,\"id\":\"" ONE "\"}", &page,
        &err));
    assert_int_equal(err.kind, ERR_TEMP);
    assert_null(page.next);
}

static void a_page_that_says_nothing_moves_no_cursor(void **state)
{
    static const char *const answers[] = {"{}", "{\"records\":[]}", ROWS("", "false"), "[]", ""};
    struct recorded *w = *state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        struct page page = {0};
        struct err err = {0};
        recorded_add(w, "/updated/", 200, COVERED("2026-03-02T09:12:00"));
        recorded_add(w, "/queryAll?", 200, answers[i]);
        assert_false(salesforce_connector.changes(w->ep, "Lead", NULL, FROM_NINE, &page, &err));
        assert_int_equal(err.kind, ERR_TEMP);
    }
}

static void deleted_and_merged_rows_say_so(void **state)
{
    struct recorded *w = *state;
    recorded_add(w, "/updated/", 200, COVERED("2026-03-02T09:12:00"));
    recorded_add(w, "/queryAll?", 200,
                 ROWS("{\"Id\":\"" ONE "\",\"IsDeleted\":true,\"MasterRecordId\":\"" TWO
                      "\",\"SystemModstamp\":\"2026-03-02T09:01:00.000+0000\"},{\"Id\":\"" THREE
                      "\",\"IsDeleted\":true,\"SystemModstamp\":\"2026-03-02T09:02:00.000+0000\"}",
                      "true"));
    AUTO(page_done) struct page page = ask(w, FROM_NINE);
    assert_int_equal(page.items[0].state, RECORD_MERGED);
    assert_string_equal(page.items[0].moved_to, TWO);
    assert_int_equal(page.items[1].state, RECORD_ARCHIVED);
}

static void rows_that_left_the_bin_are_asked_for_once_an_hour(void **state)
{
    struct recorded *w = *state;
    recorded_add(w, "/updated/", 200, COVERED("2026-03-02T09:12:00"));
    recorded_add(w, "/deleted/?start=2026-03-02T08:00:00%2B00%3A00&end=2026-03-02T09:12:00%2B00%3A00", 200,
                 "{\"deletedRecords\":[{\"id\":\"" THREE
                 "\"}],\"earliestDateAvailable\":\"2026-02-20T00:00:00.000+0000\"}");
    recorded_add(w, "/queryAll?", 200, ROWS("", "true"));
    AUTO(page_done) struct page page = ask(w, "{\"from\":1772442000000,\"deletes\":1772438400000}");
    assert_int_equal(page.n, 1);
    assert_string_equal(page.items[0].id, THREE);
    assert_false(page.gap);
    assert_cursor(&page, "deletes", "1772442720000");
}

static void deletes_the_service_has_forgotten_are_a_gap(void **state)
{
    struct recorded *w = *state;
    recorded_add(w, "/updated/", 200, COVERED("2026-03-02T09:12:00"));
    recorded_add(w, "/deleted/", 200,
                 "{\"deletedRecords\":[],\"earliestDateAvailable\":\"2026-03-02T08:30:00.000+0000\"}");
    recorded_add(w, "/queryAll?", 200, ROWS("", "true"));
    AUTO(page_done) struct page page = ask(w, "{\"from\":1772442000000,\"deletes\":1772438400000}");
    assert_true(page.gap);
}

static void an_enumeration_follows_the_ids_and_ends_before_it_began(void **state)
{
    struct recorded *w = *state;
    recorded_add(w, "/updated/", 200, COVERED("2026-03-02T09:12:00"));
    recorded_add(w, "FROM%20Lead%20ORDER%20BY%20Id%20LIMIT%202000", 200, ROWS(CHANGED(ONE, "09:01:00"), "false"));
    AUTO(page_done) struct page page = ask(w, NULL);
    assert_true(page.walk && page.more);
    recorded_add(w, "WHERE%20Id%20%3E%20%27" ONE "%27%20ORDER%20BY%20Id", 200, ROWS(CHANGED(TWO, "08:01:00"), "true"));
    AUTO(page_done) struct page last = ask(w, page.next);
    assert_true(last.walk);
    assert_false(last.more);
    assert_cursor(&last, "from", "1772442720000");
}

static void now_names_nobody(void **state)
{
    struct recorded *w = *state;
    recorded_add(w, "/updated/", 200, COVERED("2026-03-02T09:12:00"));
    AUTO(page_done) struct page page = ask(w, "now");
    assert_int_equal(page.n, 0);
    assert_cursor(&page, "from", "1772442720000");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, salesforce_begin, salesforce_end)
    const struct CMUnitTest tests[] = {
        CASE(a_pass_reads_from_the_cursor_and_ends_where_nothing_is_under_way),
        CASE(the_cursor_never_goes_backwards),
        CASE(a_horizon_in_the_future_is_not_believed),
        CASE(an_object_that_is_not_replicated_is_followed_behind_the_longest_transaction),
        CASE(a_page_goes_on_behind_its_last_row),
        CASE(pages_that_stand_still_are_a_fault),
        CASE(a_page_that_says_nothing_moves_no_cursor),
        CASE(deleted_and_merged_rows_say_so),
        CASE(rows_that_left_the_bin_are_asked_for_once_an_hour),
        CASE(deletes_the_service_has_forgotten_are_a_gap),
        CASE(an_enumeration_follows_the_ids_and_ends_before_it_began),
        CASE(now_names_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
