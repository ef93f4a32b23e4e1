/* Users and queues of Salesforce: all pages of them, however short they come. */
#include "tests/connectors/salesforce_kit.h"
#include <stdio.h>

#define OWNED "{\"fields\":[{\"name\":\"Id\",\"type\":\"id\"}," FIELD("OwnerId", "reference") "]}"
#define NEXT "/services/data/v62.0/query/01gxx0000000001-"

/* Users number `from` to `to`, and where the rest is. */
static char *users(int from, int to, bool done)
{
    struct buf b = {0};
    buf_printf(&b, "{\"totalSize\":2601,\"done\":%s,", done ? "true" : "false");
    if (!done)
        buf_printf(&b, "\"nextRecordsUrl\":\"" NEXT "%d\",", to);
    buf_puts(&b, "\"records\":[");
    for (int i = from; i < to; i++)
        buf_printf(&b, "%s{\"Id\":\"005000000%06dAAA\",\"Email\":\"u%d@team.example\",\"IsActive\":%s}", i > from ? "," : "", i, i,
                   i % 100 ? "true" : "false");
    buf_puts(&b, "]}");
    return buf_take(&b);
}

static void described(struct recorded *w, const char *object, struct schema *out)
{
    struct err err = {0};
    if (!salesforce_connector.describe(w->ep, object, out, &err))
        fail_msg("%s", err.text);
}

static void more_users_than_a_page_are_all_known(void **state)
{
    struct recorded *w = *state;
    AUTO(schema_done) struct schema schema = {0};
    AUTO_FREE char *first = users(0, 2000, false), *second = users(2000, 2600, false), *last = users(2600, 2601, true);
    w->recordings[1].body = OWNED; /* of contacts, in place of the usual description */
    recorded_add(w, "GET https://service.example/services/data/v62.0/query?q=SELECT", 200, first);
    recorded_add(w, "GET https://service.example" NEXT "2000", 200, second);
    recorded_add(w, "GET https://service.example" NEXT "2600", 200, last);
    described(w, "Contact", &schema);
    const struct schema_field *f = schema_find(&schema, "OwnerId");
    assert_int_equal(f->n_options, 2601);
    assert_string_equal(schema_option_by_id(f, "005000000002600AAA")->label, "u2600@team.example");
    assert_true(schema_option_by_id(f, "005000000002600AAA")->gone && !schema_option_by_id(f, "005000000001999AAA")->gone);
    assert_int_equal(recorded_count(w, "SELECT"), 1); /* the rest is the rest of that answer */
}

static void a_page_is_not_the_last_because_it_is_short(void **state)
{
    struct recorded *w = *state;
    AUTO(schema_done) struct schema schema = {0};
    AUTO_FREE char *first = users(0, 2, false), *last = users(2, 3, true);
    recorded_add(w, "/sobjects/Task/describe", 200, OWNED);
    recorded_add(w, "FROM%20User", 200, first);
    recorded_add(w, NEXT "2", 200, last);
    recorded_add(w, "FROM%20Group", 200, "{\"done\":false,\"nextRecordsUrl\":\"" NEXT "q\",\"records\":[{\"Id\":\"00G000000000001AAA\",\"Name\":\"Hot\"}]}");
    recorded_add(w, NEXT "q", 200, "{\"done\":true,\"records\":[{\"Id\":\"00G000000000002AAA\",\"Name\":\"Cold\"}]}");
    described(w, "Task", &schema);
    const struct schema_field *f = schema_find(&schema, "OwnerId");
    assert_int_equal(f->n_options, 5);
    assert_string_equal(schema_option_by_id(f, "00G000000000002AAA")->label, "Cold");
}

static void a_list_that_breaks_off_is_no_short_one(void **state)
{
    struct recorded *w = *state;
    AUTO(schema_done) struct schema schema = {0};
    AUTO_FREE char *first = users(0, 2, false);
    struct err err = {0};
    recorded_add(w, "/sobjects/Task/describe", 200, OWNED);
    recorded_add(w, "FROM%20User", 200, first);
    recorded_add(w, NEXT "2", 503, "");
    assert_false(salesforce_connector.describe(w->ep, "Task", &schema, &err));
    assert_int_equal(err.kind, ERR_TEMP);
    AUTO(schema_done) struct schema again = {0};
    err = (struct err){0};
    recorded_add(w, "/sobjects/Task/describe", 200, OWNED);
    recorded_add(w, "FROM%20User", 200, "{\"done\":false,\"records\":[]}"); /* more, and nobody says where */
    assert_false(salesforce_connector.describe(w->ep, "Task", &again, &err));
    assert_int_equal(err.kind, ERR_TEMP);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, salesforce_begin, salesforce_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(more_users_than_a_page_are_all_known),
        TEST(a_page_is_not_the_last_because_it_is_short),
        TEST(a_list_that_breaks_off_is_no_short_one),
    };
    return cmocka_run_group_tests_name("connectors.salesforce_owner", tests, NULL, NULL);
}
